//! Which values made a result: one row for each unit, then one for each locality, that was to give something.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde_json::Value;

use super::territories::{seats_of, territory};
use crate::access::scope::Scope;
use crate::db::Db;
use crate::db::page::{Condition, CursorValue, Page, PageRequest};
use crate::db::schema::{indicator_values, localities, periods, unit_closure, unit_spells, units};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::{AnyId, LocalityId, UnitId, ValueId};
use crate::indicators::model::{CollectedBy, Definition, IndicatorKind, Side};
use crate::indicators::store::Defined;
use crate::localities::model::LocalityRef;
use crate::periods::model::Period;
use crate::results::model::{Provenance, ResultReason, ValueMark};
use crate::sums::values::Amount;
use crate::units::model::{Unit, UnitRef};
use crate::units::store::{Source, teaches, unit_refs, within};
use crate::values::model::State;
use crate::values::rules::counts_as;

/// Id and version, what it says, and the unit that recorded it.
type Recorded = (ValueId, i64, Option<i64>, Option<i64>, Option<i64>, UnitId, Option<i32>, Option<State>);

/// Where a page begins: among the units or among the localities, after this code.
enum After {
    Units(Option<String>),
    Places(Option<String>),
}

const UNITS: &str = "u";
const PLACES: &str = "l";

fn after(page: &PageRequest) -> Result<After> {
    let Some(values) = &page.after else { return Ok(After::Units(None)) };
    let unfit = || Error::invalid(vec![Fault::of("cursor", FaultCode::InvalidCursor)]);
    let text = values.first().and_then(Value::as_str).ok_or_else(unfit)?;
    match text.split_at_checked(1) {
        Some((UNITS, code)) => Ok(After::Units(Some(code.to_owned()))),
        Some((PLACES, code)) => Ok(After::Places(Some(code.to_owned()))),
        _ => Err(unfit()),
    }
}

/// A page of what a unit's result for an indicator and a period was made of, in the tree of a day.
///
/// # Errors
/// Database errors.
pub fn provenance(
    db: &mut Db<'_>,
    unit: &Unit,
    indicator: &Defined,
    period: &Period,
    day: NaiveDate,
    page: &PageRequest,
) -> Result<Page<Provenance>> {
    let definition = indicator.on(period.as_of).ok_or_else(Error::not_found)?;
    let sides = [&definition.numerator, &definition.denominator, &definition.count].map(Option::as_ref);
    let by = |wanted: CollectedBy| -> Vec<&Side> { sides.into_iter().flatten().filter(|side| side.by == wanted).collect() };
    let limit = page.limit.saturating_add(1);
    let mut rows: Vec<(String, Provenance)> = Vec::new();
    let start = after(page)?;
    let (units, places) = (by(CollectedBy::Unit), by(CollectedBy::Locality));
    if let (After::Units(code), false) = (&start, units.is_empty()) {
        rows.extend(of_units(db, unit, indicator, definition, &units, (period, day), code.as_deref(), limit)?);
    }
    let left = limit - i64::try_from(rows.len()).unwrap_or(limit);
    if left > 0 && !places.is_empty() {
        let code = match start {
            After::Places(code) => code,
            After::Units(_) => None,
        };
        rows.extend(of_places(db, unit, indicator, definition, &places, (period, day), code.as_deref(), left)?);
    }
    let cut = Page::cut(rows, page, None, |(place, row): &(String, Provenance), name| match name {
        "id" => row.unit.id.write(),
        _ => place.write(),
    });
    Ok(cut.map(|(_, row)| row))
}

fn told(
    unit: UnitRef,
    locality: Option<LocalityRef>,
    recorded: Option<Recorded>,
    kind: IndicatorKind,
    definition: &Definition,
) -> Provenance {
    let Some((id, version, numerator, denominator, count, _, level, state)) = recorded else {
        let reason = Some(ResultReason::NoValue);
        return Provenance { unit, locality, value: None, numerator: None, denominator: None, included: false, reason };
    };
    let amount = Amount::of(counts_as(kind, definition), numerator, denominator, count);
    let included = level.is_some()
        || state.is_some()
        || amount.complete_rows > 0
        || (!definition.has_one_collector() && amount.numerator_rows + amount.denominator_rows > 0);
    let reason = match (included, numerator, denominator) {
        (true, ..) => None,
        (false, None, Some(_)) => Some(ResultReason::MissingNumerator),
        (false, Some(_), None) => Some(ResultReason::MissingDenominator),
        (false, ..) => Some(ResultReason::NoValue),
    };
    let value = Some(ValueMark { id, version });
    Provenance { unit, locality, value, numerator: numerator.or(count), denominator, included, reason }
}

#[expect(clippy::too_many_arguments, reason = "one query, all of whose parts differ")]
fn of_units(
    db: &mut Db<'_>,
    unit: &Unit,
    indicator: &Defined,
    definition: &Definition,
    sides: &[&Side],
    (period, day): (&Period, NaiveDate),
    code: Option<&str>,
    limit: i64,
) -> Result<Vec<(String, Provenance)>> {
    type Row = (UnitId, String, String);
    let scope: Scope = db.scope()?;
    let below = unit_closure::table
        .filter(unit_closure::ancestor.eq(unit.id))
        .filter(unit_closure::valid_from.le(day))
        .filter(unit_closure::valid_to.gt(day))
        .select(unit_closure::descendant);
    // Who recorded something is in the sum, also one that is not expected to, or not any more.
    let gave = indicator_values::table
        .filter(indicator_values::indicator_id.eq(indicator.id))
        .filter(indicator_values::period_id.eq(period.id))
        .filter(indicator_values::locality_id.is_null())
        .select(indicator_values::unit_id);
    let mut told_of: Condition<Source> = Box::new(units::id.eq_any(gave));
    for side in sides {
        let expected = units::kind.eq_any(side.kinds.clone()).and(units::valid_from.le(day)).and(units::valid_to.gt(day));
        told_of = Box::new(told_of.or(expected.and(teaches(&side.levels))));
    }
    let mut query = units::table
        .inner_join(unit_spells::table)
        .filter(units::id.eq_any(below))
        // What counted here and stands elsewhere today is in the sum, and its figures are its own.
        .filter(units::id.eq_any(within(scope.root(), scope.today())))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .order_by(units::code)
        .limit(limit)
        .select((units::id, units::code, unit_spells::name))
        .into_boxed()
        .filter(told_of);
    if let Some(code) = code {
        query = query.filter(units::code.gt(code.to_owned()));
    }
    // A state is not added up: a unit's own is its result.
    let is_state = indicator.kind == IndicatorKind::Status;
    if is_state {
        query = query.filter(units::id.eq(unit.id));
    }
    let rows: Vec<Row> = query.load(db.conn)?;
    let mut recorded = recorded(db, indicator, period, rows.iter().map(|row| row.0.any()).collect())?;
    if is_state && recorded.is_empty() {
        recorded.extend(reached(db, indicator, period, unit.id)?.map(|done| (unit.id.any(), done)));
    }
    let row = |(id, code, name): Row| {
        let value = recorded.remove(&id.any());
        (format!("{UNITS}{code}"), told(UnitRef { id, code, name }, None, value, indicator.kind, definition))
    };
    Ok(rows.into_iter().map(row).collect())
}

/// What a value is told by. A macro, because the type has no name.
macro_rules! recorded_columns {
    () => {
        (
            indicator_values::subject_id,
            (
                indicator_values::id,
                indicator_values::version,
                indicator_values::numerator,
                indicator_values::denominator,
                indicator_values::tally,
                indicator_values::unit_id,
                indicator_values::level,
                indicator_values::state,
            ),
        )
    };
}

fn recorded(db: &mut Db<'_>, indicator: &Defined, period: &Period, subjects: Vec<AnyId>) -> Result<HashMap<AnyId, Recorded>> {
    let rows: Vec<(AnyId, Recorded)> = indicator_values::table
        .filter(indicator_values::indicator_id.eq(indicator.id))
        .filter(indicator_values::period_id.eq(period.id))
        .filter(indicator_values::subject_id.eq_any(subjects))
        .select(recorded_columns!())
        .load(db.conn)?;
    Ok(rows.into_iter().collect())
}

/// What a unit told of an earlier period when it had reached a milestone: what is done stays done.
fn reached(db: &mut Db<'_>, indicator: &Defined, period: &Period, unit: UnitId) -> Result<Option<Recorded>> {
    let row: Option<(AnyId, Recorded)> = indicator_values::table
        .inner_join(periods::table)
        .filter(indicator_values::indicator_id.eq(indicator.id))
        .filter(indicator_values::subject_id.eq(unit.any()))
        .filter(indicator_values::state.eq(State::Done))
        .filter(periods::as_of.lt(period.as_of))
        .order_by(periods::as_of)
        .select(recorded_columns!())
        .first(db.conn)
        .optional()?;
    Ok(row.map(|(_, recorded)| recorded))
}

#[expect(clippy::too_many_arguments, reason = "one query, all of whose parts differ")]
fn of_places(
    db: &mut Db<'_>,
    unit: &Unit,
    indicator: &Defined,
    definition: &Definition,
    sides: &[&Side],
    (period, day): (&Period, NaiveDate),
    code: Option<&str>,
    limit: i64,
) -> Result<Vec<(String, Provenance)>> {
    let seats = seats_of(db, std::slice::from_ref(unit))?;
    let Some(own) = territory(unit, &seats, day) else { return Ok(Vec::new()) };
    let around = crate::localities::store::within(db, &own.to_string())?;
    let gave = indicator_values::table
        .filter(indicator_values::indicator_id.eq(indicator.id))
        .filter(indicator_values::period_id.eq(period.id))
        .filter(indicator_values::locality_id.is_not_null())
        .select(indicator_values::locality_id.assume_not_null());
    let ranks: Vec<String> = sides.iter().flat_map(|side| side.kinds.iter().cloned()).collect();
    let expected = localities::rank.eq_any(ranks).and(localities::valid_from.le(day)).and(localities::valid_to.gt(day));
    let mut query = localities::table
        .filter(localities::id.eq_any(around))
        .filter(localities::id.eq_any(gave).or(expected))
        .order_by(localities::code)
        .limit(limit)
        .select((localities::id, localities::code, localities::name))
        .into_boxed();
    if let Some(code) = code {
        query = query.filter(localities::code.gt(code.to_owned()));
    }
    let rows: Vec<(LocalityId, String, String)> = query.load(db.conn)?;
    let mut recorded = recorded(db, indicator, period, rows.iter().map(|row| row.0.any()).collect())?;
    let names = unit_refs(db, recorded.values().map(|value| value.5).collect())?;
    let row = |(id, code, name): (LocalityId, String, String)| {
        let value = recorded.remove(&id.any());
        let by = value.and_then(|value| names.get(&value.5).cloned()).unwrap_or_else(|| unit.to_ref());
        let place = LocalityRef { id, code: code.clone(), name };
        (format!("{PLACES}{code}"), told(by, Some(place), value, indicator.kind, definition))
    };
    Ok(rows.into_iter().map(row).collect())
}
