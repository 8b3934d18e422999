//! Which nodes a value counts at: its unit and those above it in the tree of the period, or its locality and those around it.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::Db;
use crate::db::schema::{localities, unit_closure};
use crate::error::Result;
use crate::ids::{AnyId, LocalityId, UnitId};

/// A node of the totals and how far below the top it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// 0 at the top.
    pub depth: i32,
    /// A unit or a locality.
    pub id: AnyId,
}

/// What a value is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A unit.
    Unit(UnitId),
    /// A locality.
    Locality(LocalityId),
}

#[derive(Debug)]
struct Link {
    from: NaiveDate,
    to: NaiveDate,
    ancestor: UnitId,
    distance: i32,
}

/// The lines above some subjects.
#[derive(Debug, Default)]
pub struct Lineage {
    units: HashMap<UnitId, Vec<Link>>,
    parents: HashMap<LocalityId, Option<LocalityId>>,
}

impl Lineage {
    /// Reads the lines above these subjects, at all times.
    ///
    /// # Errors
    /// Database errors.
    pub fn read(db: &mut Db<'_>, subjects: impl IntoIterator<Item = Subject>) -> Result<Self> {
        let mut lineage = Self::default();
        let (mut units, mut next): (Vec<UnitId>, Vec<LocalityId>) = (Vec::new(), Vec::new());
        for subject in subjects {
            match subject {
                Subject::Unit(unit) => units.push(unit),
                Subject::Locality(place) => next.push(place),
            }
        }
        for chunk in units.chunks(1000) {
            let rows: Vec<(UnitId, UnitId, NaiveDate, NaiveDate, i32)> =
                unit_closure::table.filter(unit_closure::descendant.eq_any(chunk.to_vec())).load(db.conn)?;
            for (descendant, ancestor, from, to, distance) in rows {
                lineage.units.entry(descendant).or_default().push(Link { from, to, ancestor, distance });
            }
        }
        while !next.is_empty() {
            let rows: Vec<(LocalityId, Option<LocalityId>)> =
                localities::table.filter(localities::id.eq_any(next)).select((localities::id, localities::parent_id)).load(db.conn)?;
            next = rows.iter().filter_map(|(_, parent)| *parent).collect();
            next.sort_unstable();
            next.dedup();
            lineage.parents.extend(rows);
        }
        Ok(lineage)
    }

    /// What a unit stands directly below, and from when until the day before when.
    pub fn parents(&self, unit: UnitId) -> impl Iterator<Item = (NaiveDate, NaiveDate, UnitId)> {
        let direct = self.units.get(&unit).into_iter().flatten().filter(|link| link.distance == 1);
        direct.map(|link| (link.from, link.to, link.ancestor))
    }

    /// The nodes at which a value of this subject counts, in the tree of a day.
    #[must_use]
    pub fn nodes(&self, subject: Subject, day: NaiveDate) -> Vec<Node> {
        match subject {
            Subject::Unit(unit) => {
                let links: Vec<&Link> =
                    self.units.get(&unit).into_iter().flatten().filter(|link| link.from <= day && day < link.to).collect();
                let height = links.iter().map(|link| link.distance).max().unwrap_or_default();
                links.into_iter().map(|link| Node { depth: height - link.distance, id: link.ancestor.any() }).collect()
            }
            Subject::Locality(place) => {
                let mut line = vec![place];
                while let Some(Some(parent)) = line.last().and_then(|last| self.parents.get(last)) {
                    line.push(*parent);
                }
                (0_i32..).zip(line.iter().rev()).map(|(depth, place)| Node { depth, id: place.any() }).collect()
            }
        }
    }
}
