//! Totals that are not kept: in the tree of another day, or of what was known on another day. They are added up when somebody asks.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::lineage::{Lineage, Subject};
use super::values::{Amount, CountsAs, Key, WHOLE};
use crate::clock::Instant;
use crate::db::Db;
use crate::db::schema::{indicator_value_revisions, indicator_values, unit_closure, withdrawn_values};
use crate::error::Result;
use crate::ids::{AnyId, IndicatorId, LocalityId, PeriodId, UnitId};

/// From where totals are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// In the tree of this day instead of each period's.
    pub tree: Option<NaiveDate>,
    /// Of what had been recorded before this moment instead of now.
    pub known: Option<Instant>,
}

impl View {
    /// Whether it is the one that totals are kept for.
    #[must_use]
    pub fn is_kept(self) -> bool {
        self == Self::default()
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// At these units and localities.
    pub nodes: &'a [AnyId],
    /// Of these periods.
    pub periods: &'a [PeriodId],
    /// Of this indicator, or of all.
    pub indicator: Option<IndicatorId>,
    /// Whether there are localities among the nodes.
    pub places: bool,
}

/// A value as it was known.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its period.
    pub period: PeriodId,
    /// Its indicator.
    pub indicator: IndicatorId,
    /// Who recorded it.
    pub unit: UnitId,
    /// The locality that it is of.
    pub locality: Option<LocalityId>,
    /// What stands above the line, what stands below it, and the count, with how they add up.
    pub figures: (CountsAs, Option<i64>, Option<i64>, Option<i64>),
    /// The level.
    pub level: Option<i32>,
    /// The state and its day, in words of the database.
    pub state: (Option<String>, Option<NaiveDate>),
}

impl Known {
    fn subject(&self) -> Subject {
        self.locality.map_or(Subject::Unit(self.unit), Subject::Locality)
    }
}

type Head = (PeriodId, IndicatorId, Option<LocalityId>, CountsAs);
type Said = (UnitId, Option<i64>, Option<i64>, Option<i64>, Option<i32>, Option<String>, Option<NaiveDate>);

fn known_of((period, indicator, locality, counts_as): Head, said: Said) -> Known {
    let (unit, numerator, denominator, tally, level, state, state_on) = said;
    let figures = (counts_as, numerator, denominator, tally);
    Known { period, indicator, unit, locality, figures, level, state: (state, state_on) }
}

/// Values of units below the nodes, and of localities wherever these lie. A macro, because the types have no name.
macro_rules! asked {
    ($query:expr, $of:ident, $unit:path, $asked:expr) => {{
        let asked: Asked<'_> = $asked;
        let below = unit_closure::table.filter(unit_closure::ancestor.eq_any(asked.nodes.to_vec())).select(unit_closure::descendant);
        let query = $query.filter($of::period_id.eq_any(asked.periods.to_vec()));
        let mut query = if asked.places {
            query.filter($of::locality_id.is_not_null().or($unit.eq_any(below))).into_boxed()
        } else {
            query.filter($of::locality_id.is_null()).filter($unit.eq_any(below)).into_boxed()
        };
        if let Some(indicator) = asked.indicator {
            query = query.filter($of::indicator_id.eq(indicator));
        }
        query
    }};
}

/// The columns of a revision.
macro_rules! said {
    ($of:ident) => {
        ($of::unit_id, $of::numerator, $of::denominator, $of::tally, $of::level, $of::state, $of::state_on)
    };
}

/// The states that each value of a table was in before a moment and has left, the last one last.
macro_rules! left_states {
    ($db:expr, $of:ident, $id:ident, $asked:expr, $moment:expr) => {{
        let joined = $of::table
            .inner_join(indicator_value_revisions::table.on(indicator_value_revisions::value_id.eq($of::$id)))
            .filter(indicator_value_revisions::recorded_at.lt($moment));
        let rows: Vec<(AnyId, bool, Head, Said)> = asked!(joined, $of, indicator_value_revisions::unit_id, $asked)
            .order_by((indicator_value_revisions::value_id, indicator_value_revisions::version))
            .select((
                indicator_value_revisions::value_id,
                indicator_value_revisions::withdrawn,
                ($of::period_id, $of::indicator_id, $of::locality_id, $of::counts_as),
                said!(indicator_value_revisions),
            ))
            .load($db.conn)?;
        rows
    }};
}

/// What was known of values.
///
/// # Errors
/// Database errors.
pub fn known(db: &mut Db<'_>, asked: Asked<'_>, before: Option<Instant>) -> Result<Vec<Known>> {
    let head = (indicator_values::period_id, indicator_values::indicator_id, indicator_values::locality_id, indicator_values::counts_as);
    let Some(moment) = before else {
        let query = asked!(indicator_values::table, indicator_values, indicator_values::unit_id, asked);
        let rows: Vec<(Head, Said)> = query.select((head, said!(indicator_values))).load(db.conn)?;
        return Ok(rows.into_iter().map(|(head, said)| known_of(head, said)).collect());
    };
    let mut rows = left_states!(db, indicator_values, id, asked, moment);
    let standing = indicator_values::table.filter(indicator_values::updated_at.lt(moment));
    let standing: Vec<(AnyId, Head, Said)> = asked!(standing, indicator_values, indicator_values::unit_id, asked)
        .select((indicator_values::id, head, said!(indicator_values)))
        .load(db.conn)?;
    rows.extend(standing.into_iter().map(|(id, head, said)| (id, false, head, said)));
    rows.extend(left_states!(db, withdrawn_values, value_id, asked, moment));
    let mut last: HashMap<AnyId, Option<Known>> = HashMap::new();
    for (value, withdrawn, head, said) in rows {
        last.insert(value, (!withdrawn).then(|| known_of(head, said)));
    }
    Ok(last.into_values().flatten().collect())
}

/// What known values add up to at the nodes: each in the tree of the day that `day` says for its period.
///
/// # Errors
/// Database errors.
pub fn added_up(
    db: &mut Db<'_>,
    asked: Asked<'_>,
    known: &[Known],
    day: impl Fn(PeriodId) -> Option<NaiveDate>,
) -> Result<HashMap<Key, Amount>> {
    let nodes: HashSet<AnyId> = asked.nodes.iter().copied().collect();
    let subjects: HashSet<Subject> = known.iter().map(Known::subject).collect();
    let lineage = Lineage::read(db, subjects)?;
    let mut sums: HashMap<Key, Amount> = HashMap::new();
    for value in known {
        let (counts_as, numerator, denominator, count) = value.figures;
        let Some(day) = day(value.period) else { continue };
        for node in lineage.nodes(value.subject(), day).into_iter().filter(|node| nodes.contains(&node.id)) {
            let sum = sums.entry((node.id, value.period, value.indicator, WHOLE)).or_default();
            sum.add(Amount::of(counts_as, numerator, denominator, count), 1);
        }
    }
    Ok(sums)
}
