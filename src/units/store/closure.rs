//! The closure of the dated tree: who stood under whom, and when. Kept with the spells, in the same transaction.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::schema::unit_closure;
use crate::db::{Db, Tx, UNTIL_FURTHER_NOTICE, insert_all};
use crate::error::Result;
use crate::ids::UnitId;

#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = unit_closure)]
struct Link {
    descendant: UnitId,
    ancestor: UnitId,
    valid_from: NaiveDate,
    valid_to: NaiveDate,
    depth: i32,
}

/// A half-open stretch of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first day.
    pub from: NaiveDate,
    /// The day after its last.
    pub to: NaiveDate,
}

impl Span {
    fn meet(self, other: Self) -> Option<Self> {
        let met = Self { from: self.from.max(other.from), to: self.to.min(other.to) };
        (met.from < met.to).then_some(met)
    }
}

impl Link {
    fn span(&self) -> Span {
        Span { from: self.valid_from, to: self.valid_to }
    }
}

/// Puts a new unit under its parent.
///
/// # Errors
/// Database errors.
pub fn plant(tx: &mut Tx<'_>, unit: UnitId, parent: Option<UnitId>, from: NaiveDate) -> Result<()> {
    let span = Span { from, to: UNTIL_FURTHER_NOTICE };
    let mut links = vec![Link { descendant: unit, ancestor: unit, valid_from: span.from, valid_to: span.to, depth: 0 }];
    if let Some(parent) = parent {
        let above = above(tx, parent, span)?;
        links.extend(above.iter().filter_map(|link| {
            let met = link.span().meet(span)?;
            Some(Link { descendant: unit, ancestor: link.ancestor, valid_from: met.from, valid_to: met.to, depth: link.depth + 1 })
        }));
    }
    store(tx, &links)
}

/// Moves a unit, and all below it, under another parent during `span`.
///
/// # Errors
/// Database errors.
pub fn replant(tx: &mut Tx<'_>, unit: UnitId, parent: UnitId, span: Span) -> Result<()> {
    let below = below(tx, unit, span)?;
    let old: Vec<UnitId> = above(tx, unit, span)?.iter().map(|link| link.ancestor).filter(|ancestor| *ancestor != unit).collect();
    let moved: Vec<UnitId> = below.iter().map(|link| link.descendant).collect();
    cut(tx, &moved, &old, span)?;
    let above = above(tx, parent, span)?;
    let mut links = Vec::with_capacity(above.len() * below.len());
    for upper in &above {
        for lower in &below {
            let met = upper.span().meet(lower.span()).and_then(|met| met.meet(span));
            links.extend(met.map(|met| Link {
                descendant: lower.descendant,
                ancestor: upper.ancestor,
                valid_from: met.from,
                valid_to: met.to,
                depth: upper.depth + lower.depth + 1,
            }));
        }
    }
    store(tx, &links)
}

/// Whether `parent` stands at or below `unit` at any time in `span`: under it the unit would stand under itself.
///
/// # Errors
/// Database errors.
pub(super) fn cycle_if_moved(db: &mut Db<'_>, unit: UnitId, parent: UnitId, span: Span) -> Result<bool> {
    let query = unit_closure::table
        .filter(unit_closure::ancestor.eq(unit))
        .filter(unit_closure::descendant.eq(parent))
        .filter(unit_closure::valid_from.lt(span.to))
        .filter(unit_closure::valid_to.gt(span.from));
    Ok(diesel::select(diesel::dsl::exists(query)).get_result(db.conn)?)
}

/// The units that stand under this one at any time from `day` on, and itself.
///
/// # Errors
/// Database errors.
pub(super) fn subtree(db: &mut Db<'_>, unit: UnitId, day: NaiveDate) -> Result<Vec<UnitId>> {
    let mut units: Vec<UnitId> =
        below(db, unit, Span { from: day, to: UNTIL_FURTHER_NOTICE })?.into_iter().map(|link| link.descendant).collect();
    units.sort_unstable();
    units.dedup();
    Ok(units)
}

fn above(db: &mut Db<'_>, unit: UnitId, span: Span) -> Result<Vec<Link>> {
    Ok(unit_closure::table
        .filter(unit_closure::descendant.eq(unit))
        .filter(unit_closure::valid_from.lt(span.to))
        .filter(unit_closure::valid_to.gt(span.from))
        .load(db.conn)?)
}

fn below(db: &mut Db<'_>, unit: UnitId, span: Span) -> Result<Vec<Link>> {
    Ok(unit_closure::table
        .filter(unit_closure::ancestor.eq(unit))
        .filter(unit_closure::valid_from.lt(span.to))
        .filter(unit_closure::valid_to.gt(span.from))
        .load(db.conn)?)
}

/// Takes `span` out of the links from `descendants` to `ancestors`; what lies before and after it stays.
fn cut(tx: &mut Tx<'_>, descendants: &[UnitId], ancestors: &[UnitId], span: Span) -> Result<()> {
    for chunk in descendants.chunks(500) {
        let touched = unit_closure::table
            .filter(unit_closure::descendant.eq_any(chunk.to_vec()))
            .filter(unit_closure::ancestor.eq_any(ancestors.to_vec()))
            .filter(unit_closure::valid_from.lt(span.to))
            .filter(unit_closure::valid_to.gt(span.from));
        let links: Vec<Link> = touched.clone().load(tx.conn)?;
        diesel::delete(touched).execute(tx.conn)?;
        let mut left = Vec::new();
        for link in links {
            if link.valid_from < span.from {
                left.push(Link { valid_to: span.from, ..link.clone() });
            }
            if link.valid_to > span.to {
                left.push(Link { valid_from: span.to, ..link });
            }
        }
        store(tx, &left)?;
    }
    Ok(())
}

fn store(tx: &mut Tx<'_>, links: &[Link]) -> Result<()> {
    Ok(insert_all!(&mut *tx.conn, links => |row| diesel::insert_into(unit_closure::table).values(row))?)
}
