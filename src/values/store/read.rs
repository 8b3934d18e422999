//! Reading values of the scope.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::access::scope::Scope;
use crate::clock::Instant;
use crate::db::Db;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{
    indicator_value_parts, indicator_value_revisions, indicator_values, indicators, localities, periods, unit_spells, units, users,
};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::of::{Indicator, Period};
use crate::ids::{IndicatorId, LocalityId, PeriodId, UnitId, ValueId};
use crate::indicators::model::Category;
use crate::indicators::store::{referred as referred_indicator, withheld};
use crate::localities::model::LocalityRef;
use crate::localities::store::referred as referred_locality;
use crate::periods::store::referred as referred_period;
use crate::refs::{CatalogueRef, Named, NamedPerson, PersonRef};
use crate::units::model::UnitRef;
use crate::units::store::{referred_unit, within};
use crate::values::model::{IndicatorValue, Part, State, ValueFilters, ValueRevision};

#[derive(Debug, Queryable)]
struct Row {
    id: ValueId,
    indicator: Named<Indicator>,
    period: Named<Period>,
    unit: (UnitId, String, Option<String>),
    locality: Option<(LocalityId, String, String)>,
    definition: i32,
    numbers: (Option<i64>, Option<i64>, Option<i64>, Option<i32>),
    state: Option<State>,
    state_on: Option<NaiveDate>,
    source: Option<String>,
    note: Option<String>,
    version: i64,
    recorded_by: Option<NamedPerson>,
    created_at: Instant,
    updated_at: Instant,
}

impl Row {
    fn shown(self, parts: Vec<Part>) -> IndicatorValue {
        let row = self;
        let (numerator, denominator, count, level) = row.numbers;
        let (unit, code, name) = row.unit;
        IndicatorValue {
            id: row.id,
            indicator: CatalogueRef::of(row.indicator),
            unit: UnitRef { id: unit, name: name.unwrap_or_else(|| code.clone()), code },
            locality: row.locality.map(|(id, code, name)| LocalityRef { id, code, name }),
            period: CatalogueRef::of(row.period),
            numerator,
            denominator,
            count,
            level,
            state: row.state,
            state_on: row.state_on,
            parts,
            source: row.source,
            note: row.note,
            definition_version: row.definition,
            version: row.version,
            recorded_by: row.recorded_by.map(PersonRef::of),
            recorded_at: row.updated_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The parts of values, each in the order of their slots.
///
/// # Errors
/// Database errors.
pub(super) fn parts(db: &mut Db<'_>, values: Vec<ValueId>) -> Result<HashMap<ValueId, Vec<Part>>> {
    type Row = (ValueId, i32, Option<i64>, Option<i64>, Option<i64>);
    let mut by_value: HashMap<ValueId, Vec<Part>> = HashMap::new();
    if values.is_empty() {
        return Ok(by_value);
    }
    let rows: Vec<Row> = indicator_value_parts::table
        .filter(indicator_value_parts::value_id.eq_any(values))
        .order_by((indicator_value_parts::value_id, indicator_value_parts::slot))
        .load(db.conn)?;
    for (value, slot, numerator, denominator, count) in rows {
        let part = Category::at(slot).map(|category| Part { category, numerator, denominator, count });
        by_value.entry(value).or_default().extend(part);
    }
    Ok(by_value)
}

fn recorded(db: &mut Db<'_>, rows: Vec<Row>) -> Result<Vec<IndicatorValue>> {
    let mut parts = parts(db, rows.iter().map(|row| row.id).collect())?;
    let value = |row: Row| {
        let own = parts.remove(&row.id).unwrap_or_default();
        row.shown(own)
    };
    Ok(rows.into_iter().map(value).collect())
}

fn filled(db: &mut Db<'_>, rows: Vec<Row>) -> Result<Vec<IndicatorValue>> {
    let mut values = recorded(db, rows)?;
    let hidden = withheld(db)?;
    // Who may not see small figures is told no single one: what is left of many would tell the rest.
    for value in values.iter_mut().filter(|value| hidden.iter().any(|id| id.any() == value.indicator.id)) {
        (value.numerator, value.denominator, value.count, value.note) = (None, None, None, None);
        value.parts.clear();
    }
    Ok(values)
}

/// Values of the scope with all that an answer needs. A macro, because the type has no name.
macro_rules! visible {
    ($scope:expr) => {{
        let scope: Scope = $scope;
        indicator_values::table
            .inner_join(indicators::table)
            .inner_join(periods::table)
            .inner_join(units::table)
            .left_join(localities::table)
            .left_join(users::table)
            .filter(indicator_values::unit_id.eq_any(within(scope.root(), scope.today())))
    }};
}

macro_rules! columns {
    ($day:expr) => {
        (
            indicator_values::id,
            (indicators::id, indicators::code, indicators::title_vi, indicators::title_en),
            (periods::id, periods::code, periods::title_vi, periods::title_en),
            (
                units::id,
                units::code,
                unit_spells::table
                    .filter(unit_spells::unit_id.eq(indicator_values::unit_id))
                    .filter(unit_spells::valid_from.le($day))
                    .filter(unit_spells::valid_to.gt($day))
                    .select(unit_spells::name)
                    .single_value(),
            ),
            (localities::id, localities::code, localities::name).nullable(),
            indicator_values::definition,
            (indicator_values::numerator, indicator_values::denominator, indicator_values::tally, indicator_values::level),
            indicator_values::state,
            indicator_values::state_on,
            indicator_values::source,
            indicator_values::note,
            indicator_values::version,
            (users::id, users::username, users::full_name).nullable(),
            indicator_values::created_at,
            indicator_values::updated_at,
        )
    };
}

fn rows_of(db: &mut Db<'_>, ids: Vec<ValueId>) -> Result<Vec<Row>> {
    let day = db.today();
    let query = visible!(db.scope()?).filter(indicator_values::id.eq_any(ids)).order_by(indicator_values::id).select(columns!(day));
    Ok(query.load(db.conn)?)
}

/// The value with this id, if it is in scope.
///
/// # Errors
/// Database errors.
pub fn find(db: &mut Db<'_>, id: ValueId) -> Result<Option<IndicatorValue>> {
    let rows = rows_of(db, vec![id])?;
    Ok(filled(db, rows)?.pop())
}

/// The same with the figures that were recorded, also where they are withheld from the caller: for what becomes of them, not to be told.
///
/// # Errors
/// 404 if it is absent or out of scope.
pub(super) fn whole(db: &mut Db<'_>, id: ValueId) -> Result<IndicatorValue> {
    let rows = rows_of(db, vec![id])?;
    recorded(db, rows)?.pop().ok_or_else(Error::not_found)
}

/// Those of these values that are in scope.
///
/// # Errors
/// Database errors.
pub fn find_many(db: &mut Db<'_>, ids: Vec<ValueId>) -> Result<Vec<IndicatorValue>> {
    let rows = rows_of(db, ids)?;
    filled(db, rows)
}

/// What a unit of the scope itself recorded for these indicators and periods, of itself first.
///
/// # Errors
/// Database errors.
pub fn own_of(db: &mut Db<'_>, unit: UnitId, indicators: &[IndicatorId], periods: &[PeriodId]) -> Result<Vec<IndicatorValue>> {
    let day = db.today();
    let rows: Vec<Row> = visible!(db.scope()?)
        .filter(indicator_values::unit_id.eq(unit))
        .filter(indicator_values::period_id.eq_any(periods.to_vec()))
        .filter(indicator_values::indicator_id.eq_any(indicators.to_vec()))
        .order_by((localities::code.nullable().is_not_null(), localities::code, indicators::code))
        .select(columns!(day))
        .load(db.conn)?;
    filled(db, rows)
}

/// The value with this id.
///
/// # Errors
/// 404 if it is absent or out of scope.
pub fn get(db: &mut Db<'_>, id: ValueId) -> Result<IndicatorValue> {
    find(db, id)?.ok_or_else(Error::not_found)
}

type Told = (
    (i64, i32, UnitId),
    (Option<i64>, Option<i64>, Option<i64>, Option<i32>),
    (Option<State>, Option<NaiveDate>, Option<String>, Option<String>),
    Option<NamedPerson>,
    Instant,
);

/// The columns of a state, in a table that has them. A macro, because the type has no name.
macro_rules! told {
    ($of:ident, $at:ident) => {
        (
            ($of::version, $of::definition, $of::unit_id),
            ($of::numerator, $of::denominator, $of::tally, $of::level),
            ($of::state, $of::state_on, $of::source, $of::note),
            (users::id, users::username, users::full_name).nullable(),
            $of::$at,
        )
    };
}

fn revision((head, numbers, words, by, recorded_at): Told, withdrawn: bool, parts: Vec<Part>) -> ValueRevision {
    ValueRevision {
        version: head.0,
        withdrawn,
        numerator: numbers.0,
        denominator: numbers.1,
        count: numbers.2,
        level: numbers.3,
        state: words.0,
        state_on: words.1,
        parts,
        source: words.2,
        note: words.3,
        definition_version: head.1,
        recorded_by: by.map(PersonRef::of),
        recorded_at,
    }
}

/// Whether the figures of a value are withheld from the caller; of one that is gone they are where any are.
fn is_withheld(db: &mut Db<'_>, id: ValueId) -> Result<bool> {
    let hidden = withheld(db)?;
    if hidden.is_empty() {
        return Ok(false);
    }
    let indicator: Option<IndicatorId> =
        indicator_values::table.find(id).select(indicator_values::indicator_id).first(db.conn).optional()?;
    Ok(indicator.is_none_or(|indicator| hidden.contains(&indicator)))
}

/// Every state that a value was in, the first one first; of a withdrawn one as well. It is in the scope of whoever kept it last.
///
/// # Errors
/// 404 if there was none, or it is out of scope.
pub fn history(db: &mut Db<'_>, id: ValueId) -> Result<Vec<ValueRevision>> {
    let scope = db.scope()?;
    let stands: Option<Told> = indicator_values::table
        .left_join(users::table.on(users::id.nullable().eq(indicator_values::recorded_by)))
        .filter(indicator_values::id.eq(id))
        .select(told!(indicator_values, updated_at))
        .first(db.conn)
        .optional()?;
    let rows: Vec<(Told, bool, Option<String>)> = indicator_value_revisions::table
        .left_join(users::table)
        .filter(indicator_value_revisions::value_id.eq(id))
        .order_by(indicator_value_revisions::version)
        .select((told!(indicator_value_revisions, recorded_at), indicator_value_revisions::withdrawn, indicator_value_revisions::parts))
        .load(db.conn)?;
    let last = stands.as_ref().or(rows.last().map(|(told, ..)| told)).ok_or_else(Error::not_found)?.0.2;
    let ours = units::table.filter(units::id.eq(last)).filter(units::id.eq_any(within(scope.root(), scope.today())));
    if !diesel::select(diesel::dsl::exists(ours)).get_result::<bool>(db.conn)? {
        return Err(Error::not_found());
    }
    // Histories of before tell the present state too.
    let present = stands.as_ref().map(|told| told.0.0);
    let past = rows.into_iter().filter(|(told, ..)| Some(told.0.0) != present);
    let read = |(told, withdrawn, parts): (Told, bool, Option<String>)| {
        Ok(revision(told, withdrawn, parts.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default()))
    };
    let mut states = past.map(read).collect::<Result<Vec<_>>>()?;
    if let Some(told) = stands {
        let parts = parts(db, vec![id])?.remove(&id).unwrap_or_default();
        states.push(revision(told, false, parts));
    }
    if is_withheld(db, id)? {
        for state in &mut states {
            (state.numerator, state.denominator, state.count, state.note) = (None, None, None, None);
            state.parts.clear();
        }
    }
    Ok(states)
}

/// A page of values.
///
/// # Errors
/// 422 for a filter that names nothing in scope.
pub fn list(db: &mut Db<'_>, filters: &ValueFilters, since: Option<Instant>, page: &PageRequest) -> Result<Page<IndicatorValue>> {
    let (scope, day) = (db.scope()?, db.today());
    let mut faults = Vec::new();
    let unknown = |parameter: &'static str| Fault::of(parameter, FaultCode::UnknownReference);
    let unit = filters.unit.as_deref().map(|text| referred_unit(db, unknown("unit"), text, &mut faults)).transpose()?.flatten();
    let root = filters.within.as_deref().map(|text| referred_unit(db, unknown("within"), text, &mut faults)).transpose()?.flatten();
    let period = filters.period.as_deref().map(|text| referred_period(db, unknown("period"), text, &mut faults)).transpose()?.flatten();
    let indicator = filters.indicator.as_deref().map(|text| referred_indicator(db, unknown("indicator"), text, &mut faults));
    let indicator = indicator.transpose()?.flatten();
    let place =
        filters.locality.as_deref().map(|text| referred_locality(db, unknown("locality"), text, &mut faults)).transpose()?.flatten();
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    let narrowed = || {
        let mut query = visible!(scope).into_boxed();
        if let Some(unit) = &unit {
            query = query.filter(indicator_values::unit_id.eq(unit.id));
        }
        if let Some(root) = &root {
            query = query.filter(indicator_values::unit_id.eq_any(within(root.id, day)));
        }
        if let Some(period) = &period {
            query = query.filter(indicator_values::period_id.eq(period.id));
        }
        if let Some(indicator) = indicator {
            query = query.filter(indicator_values::indicator_id.eq(indicator));
        }
        if let Some(place) = place {
            query = query.filter(indicator_values::locality_id.eq(place));
        }
        if let Some(since) = since {
            query = query.filter(indicator_values::updated_at.ge(since));
        }
        query
    };
    let total = if page.count { Some(narrowed().select(count_star()).first(db.conn)?) } else { None };
    let query = keyset!(narrowed(), page, _, { "updated_at" => indicator_values::updated_at: Instant }, indicator_values::id);
    let rows: Vec<Row> = query.select(columns!(day)).load(db.conn)?;
    let cut = Page::cut(rows, page, total, |row: &Row, name| if name == "updated_at" { row.updated_at.write() } else { row.id.write() });
    let (rows, empty) = cut.split();
    Ok(empty.with(filled(db, rows)?))
}
