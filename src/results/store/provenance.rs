//! Which values made a result: one row for each unit, then one for each locality, that was to give something.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde_json::Value;

use super::territory;
use crate::access::scope::Scope;
use crate::db::Db;
use crate::db::page::{CursorValue, Page, PageRequest};
use crate::db::schema::{indicator_values, localities, unit_closure, unit_spells, units};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::{AnyId, LocalityId, UnitId, ValueId};
use crate::indicators::model::{CollectedBy, Definition, IndicatorKind, Side};
use crate::indicators::store::Defined;
use crate::localities::model::LocalityRef;
use crate::periods::model::Period;
use crate::results::model::{Provenance, ResultReason, ValueMark};
use crate::sums::values::Amount;
use crate::units::model::{Unit, UnitRef};
use crate::units::store::{seats, teaches, unit_refs, within};
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
    let by = |wanted: CollectedBy| sides.into_iter().flatten().find(|side| side.by == wanted);
    let limit = page.limit.saturating_add(1);
    let mut rows: Vec<(String, Provenance)> = Vec::new();
    let start = after(page)?;
    if let (After::Units(code), Some(side)) = (&start, by(CollectedBy::Unit)) {
        rows.extend(of_units(db, unit, indicator, definition, side, (period, day), code.as_deref(), limit)?);
    }
    let left = limit - i64::try_from(rows.len()).unwrap_or(limit);
    if left > 0
        && let Some(side) = by(CollectedBy::Locality)
    {
        let code = match start {
            After::Places(code) => code,
            After::Units(_) => None,
        };
        rows.extend(of_places(db, unit, indicator, definition, side, (period, day), code.as_deref(), left)?);
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
    side: &Side,
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
    let mut query = units::table
        .inner_join(unit_spells::table)
        .filter(units::id.eq_any(below))
        // What counted here and stands elsewhere today is in the sum, and its figures are its own.
        .filter(units::id.eq_any(within(scope.root(), scope.today())))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .filter(units::kind.eq_any(side.kinds.clone()))
        .filter(units::valid_from.le(day))
        .filter(units::valid_to.gt(day))
        .order_by(units::code)
        .limit(limit)
        .select((units::id, units::code, unit_spells::name))
        .into_boxed()
        .filter(teaches(&side.levels));
    if let Some(code) = code {
        query = query.filter(units::code.gt(code.to_owned()));
    }
    let rows: Vec<Row> = query.load(db.conn)?;
    let mut recorded = recorded(db, indicator, period, rows.iter().map(|row| row.0.any()).collect())?;
    let row = |(id, code, name): Row| {
        let value = recorded.remove(&id.any());
        (format!("{UNITS}{code}"), told(UnitRef { id, code, name }, None, value, indicator.kind, definition))
    };
    Ok(rows.into_iter().map(row).collect())
}

fn recorded(db: &mut Db<'_>, indicator: &Defined, period: &Period, subjects: Vec<AnyId>) -> Result<HashMap<AnyId, Recorded>> {
    type Row = (AnyId, Recorded);
    let rows: Vec<Row> = indicator_values::table
        .filter(indicator_values::indicator_id.eq(indicator.id))
        .filter(indicator_values::period_id.eq(period.id))
        .filter(indicator_values::subject_id.eq_any(subjects))
        .select((
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
        ))
        .load(db.conn)?;
    Ok(rows.into_iter().collect())
}

#[expect(clippy::too_many_arguments, reason = "one query, all of whose parts differ")]
fn of_places(
    db: &mut Db<'_>,
    unit: &Unit,
    indicator: &Defined,
    definition: &Definition,
    side: &Side,
    (period, day): (&Period, NaiveDate),
    code: Option<&str>,
    limit: i64,
) -> Result<Vec<(String, Provenance)>> {
    let seats = seats(db, vec![unit.id])?;
    let Some(own) = territory(unit, &seats, day) else { return Ok(Vec::new()) };
    let around = crate::localities::store::within(db, &own.to_string())?;
    let mut query = localities::table
        .filter(localities::id.eq_any(around))
        .filter(localities::rank.eq_any(side.kinds.clone()))
        .filter(localities::valid_from.le(day))
        .filter(localities::valid_to.gt(day))
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
