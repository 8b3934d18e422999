//! The cells that values stand in: what a row names, what is stored there, and what becomes of it.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::known::{Known, Place, Unit};
use super::read;
use crate::clock::Instant;
use crate::db::Tx;
use crate::db::schema::{indicator_value_revisions as revisions, indicator_values, withdrawn_values};
use crate::error::{Fault, FaultCode, Result};
use crate::ids::{AnyId, IndicatorId, PeriodId, UnitId, ValueId};
use crate::indicators::model::Definition;
use crate::indicators::store::Defined;
use crate::periods::model::Period;
use crate::sums::lineage::Subject;
use crate::sums::values::CountsAs;
use crate::values::model::{NewValue, Outcome, Part, State};
use crate::values::rules::{self, Collects, Figures};

/// A stored value.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) id: ValueId,
    pub(super) unit: UnitId,
    pub(super) counts_as: CountsAs,
    pub(super) figures: Figures,
    pub(super) version: i64,
    pub(super) created_at: Instant,
}

impl Stored {
    /// Its version, whose it is, and its parts.
    pub(super) fn state(&self) -> (i64, UnitId, &[Part]) {
        (self.version, self.unit, &self.figures.parts)
    }
}

/// What a value is of.
pub(super) type Cell = (PeriodId, IndicatorId, AnyId);

/// What is stored in these cells.
pub(super) fn stored(tx: &mut Tx<'_>, cells: &HashSet<Cell>) -> Result<HashMap<Cell, Stored>> {
    type Row = (
        (PeriodId, IndicatorId, AnyId),
        (ValueId, UnitId, CountsAs),
        (Option<i64>, Option<i64>, Option<i64>, Option<i32>),
        (Option<State>, Option<NaiveDate>, Option<String>, Option<String>),
        (i64, Instant),
    );
    let rows: Vec<Row> = indicator_values::table
        .filter(indicator_values::period_id.eq_any(distinct(cells.iter().map(|cell| cell.0))))
        .filter(indicator_values::indicator_id.eq_any(distinct(cells.iter().map(|cell| cell.1))))
        .filter(indicator_values::subject_id.eq_any(distinct(cells.iter().map(|cell| cell.2))))
        .select((
            (indicator_values::period_id, indicator_values::indicator_id, indicator_values::subject_id),
            (indicator_values::id, indicator_values::unit_id, indicator_values::counts_as),
            (indicator_values::numerator, indicator_values::denominator, indicator_values::tally, indicator_values::level),
            (indicator_values::state, indicator_values::state_on, indicator_values::source, indicator_values::note),
            (indicator_values::version, indicator_values::created_at),
        ))
        .load(tx.conn)?;
    let keyed = rows.into_iter().map(|(cell, (id, unit, counts_as), numbers, words, (version, created_at))| {
        let (numerator, denominator, count, level) = numbers;
        let (state, state_on, source, note) = words;
        let figures = Figures { numerator, denominator, count, level, state, state_on, parts: Vec::new(), source, note };
        (cell, Stored { id, unit, counts_as, figures, version, created_at })
    });
    // Scattered rows find more than they name.
    let mut stored: HashMap<Cell, Stored> = keyed.filter(|(cell, _)| cells.contains(cell)).collect();
    let mut parts = read::parts(tx, stored.values().map(|value| value.id).collect())?;
    for value in stored.values_mut() {
        value.figures.parts = parts.remove(&value.id).unwrap_or_default();
    }
    Ok(stored)
}

/// The last version of what stood in these cells and was withdrawn. None is given twice, or who read a value that was withdrawn meanwhile would
/// change the one that came after it.
pub(super) fn withdrawn(tx: &mut Tx<'_>, cells: &HashSet<Cell>) -> Result<HashMap<Cell, i64>> {
    if cells.is_empty() {
        return Ok(HashMap::new());
    }
    let cell = (withdrawn_values::period_id, withdrawn_values::indicator_id, withdrawn_values::subject_id);
    let rows: Vec<(Cell, Option<i64>)> = withdrawn_values::table
        .inner_join(revisions::table.on(revisions::value_id.eq(withdrawn_values::value_id)))
        .filter(withdrawn_values::period_id.eq_any(distinct(cells.iter().map(|cell| cell.0))))
        .filter(withdrawn_values::indicator_id.eq_any(distinct(cells.iter().map(|cell| cell.1))))
        .group_by(cell)
        .select((cell, diesel::dsl::max(revisions::version)))
        .load(tx.conn)?;
    Ok(rows.into_iter().filter(|(cell, _)| cells.contains(cell)).filter_map(|(cell, last)| Some((cell, last?))).collect())
}

/// A row with all that it names.
pub(super) struct Resolved<'k> {
    pub(super) indicator: &'k Defined,
    pub(super) definition: &'k Definition,
    pub(super) period: &'k Period,
    pub(super) unit: &'k Unit,
    pub(super) place: Option<&'k Place>,
    pub(super) collects: Collects,
}

impl Resolved<'_> {
    pub(super) fn subject(&self) -> Subject {
        self.place.map_or(Subject::Unit(self.unit.id), |place| Subject::Locality(place.id))
    }

    pub(super) fn cell(&self) -> Cell {
        let subject = self.place.map_or(self.unit.id.any(), |place| place.id.any());
        (self.period.id, self.indicator.id, subject)
    }
}

/// What a row names, if it is all there and something is collected of it; else what is wrong with it.
pub(super) fn resolve<'k>(known: &'k Known, index: usize, row: &NewValue, faults: &mut Vec<Fault>) -> Option<Resolved<'k>> {
    let before = faults.len();
    let mut unknown = |member: &str, missing: bool| {
        if missing {
            faults.push(Fault::at(format!("/rows/{index}/{member}"), FaultCode::UnknownReference));
        }
    };
    let (indicator, period, unit) = (known.indicators.named(&row.indicator), known.period(&row.period), known.units.named(&row.unit));
    let place = row.locality.as_deref().map(|text| known.places.named(text));
    unknown("indicator", indicator.is_none());
    unknown("period", period.is_none());
    unknown("unit", unit.is_none());
    unknown("locality", place.is_some_and(|place| place.is_none()));
    if faults.len() > before {
        return None;
    }
    let (indicator, period, unit, place) = (indicator?, period?, unit?, place.flatten());
    let definition = indicator.on(period.as_of)?;
    if definition.period_kind != period.kind {
        let fault = Fault::at(format!("/rows/{index}/period"), FaultCode::PeriodKindMismatch);
        faults.push(fault.with(definition.period_kind.as_str()));
        return None;
    }
    let collects = collects(definition, period.as_of, unit, place);
    if !collects.anything() || !place.is_none_or(|place| known.reach.takes(place, unit)) {
        // Nothing more is looked at: whether somebody else recorded it is not this caller's to know.
        let subject = if place.is_some() { "locality" } else { "unit" };
        faults.push(Fault::at(format!("/rows/{index}/{subject}"), FaultCode::NotCollectedHere));
        return None;
    }
    Some(Resolved { indicator, definition, period, unit, place, collects })
}

/// Which sides the unit, or the locality in its charge, collected on the day.
fn collects(definition: &Definition, day: NaiveDate, unit: &Unit, place: Option<&Place>) -> Collects {
    let Some(spell) = unit.on(day) else { return Collects::default() };
    let [numerator, denominator, count] = [&definition.numerator, &definition.denominator, &definition.count].map(|side| {
        side.as_ref().is_some_and(|side| match place {
            None => side.is_collected_by(unit.kind, &spell.levels),
            Some(place) => unit.holds(place, day) && side.is_collected_for(place.rank),
        })
    });
    Collects { numerator, denominator, count }
}

/// What is to be written of one value.
pub(super) struct Change<'k> {
    pub(super) of: &'k Resolved<'k>,
    pub(super) old: Option<&'k Stored>,
    /// Whose it is after the change.
    pub(super) unit: UnitId,
    pub(super) id: ValueId,
    pub(super) version: i64,
    pub(super) outcome: Outcome,
    pub(super) figures: Figures,
}

impl Change<'_> {
    pub(super) fn counts_as(&self) -> CountsAs {
        rules::counts_as(self.of.indicator.kind, self.of.definition)
    }
}

pub(super) fn distinct<T: Ord + Copy>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort_unstable();
    all.dedup();
    all
}
