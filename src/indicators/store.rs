//! Queries on indicators, their definitions and targets: part of the catalogue; targets in force are read for units in scope.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::dsl::exists;
use diesel::prelude::*;

use super::model::{
    Definition, Direction, Indicator, IndicatorFilters, IndicatorKind, Measure, NewIndicator, Operator, Side, Target, TargetBody,
    TargetOrigin,
};
use super::rules::Decimal;
use crate::clock::Instant;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{indicator_definitions, indicators, targets, unit_closure, unit_spells, units};
use crate::db::{Conn, Db, Tx, UNTIL_FURTHER_NOTICE, by_key, each};
use crate::error::{Error, Fault, Result};
use crate::ids::{Id, IndicatorId, Key, TargetId, UnitId};
use crate::periods::model::PeriodKind;
use crate::units::model::{Kind, UnitRef};
use crate::{refs, text};

#[derive(Debug, Queryable)]
struct Row {
    id: IndicatorId,
    code: String,
    title_vi: String,
    title_en: String,
    _title_key: String,
    kind: IndicatorKind,
    measure: Measure,
    direction: Direction,
    sensitive: bool,
    section: String,
    source: String,
    more_sources: String,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

#[derive(Debug, Queryable)]
struct DefinitionRow {
    indicator: IndicatorId,
    number: i32,
    valid_from: NaiveDate,
    valid_to: NaiveDate,
    period_kind: PeriodKind,
    numerator: Option<String>,
    denominator: Option<String>,
    count: Option<String>,
    may_exceed: bool,
    parameters: String,
    _levels: String,
}

impl TryFrom<DefinitionRow> for Definition {
    type Error = Error;
    fn try_from(row: DefinitionRow) -> Result<Self> {
        let side = |text: Option<String>| text.as_deref().map(serde_json::from_str::<Side>).transpose();
        Ok(Self {
            version: row.number,
            valid_from: row.valid_from,
            valid_to: (row.valid_to != UNTIL_FURTHER_NOTICE).then_some(row.valid_to),
            period_kind: row.period_kind,
            numerator: side(row.numerator)?,
            denominator: side(row.denominator)?,
            count: side(row.count)?,
            may_exceed: row.may_exceed,
            parameters: serde_json::from_str(&row.parameters)?,
        })
    }
}

/// An indicator and all its definitions: what recording and results work with.
#[derive(Clone, Debug)]
pub struct Defined {
    /// Its id.
    pub id: IndicatorId,
    /// Its code.
    pub code: String,
    /// Its title in Vietnamese.
    pub title_vi: String,
    /// Its title in English.
    pub title_en: String,
    /// How it is measured.
    pub kind: IndicatorKind,
    /// Whether small counts of it must be withheld.
    pub sensitive: bool,
    /// By version.
    pub definitions: Vec<Definition>,
}

impl Defined {
    /// The definition that holds on a day; before the first, the first.
    #[must_use]
    pub fn on(&self, day: NaiveDate) -> Option<&Definition> {
        let holding = |definition: &&Definition| definition.valid_from <= day && definition.valid_to.is_none_or(|to| day < to);
        self.definitions.iter().find(holding).or(self.definitions.first())
    }
}

/// Which indicators are asked.
#[derive(Clone, Copy, Debug)]
pub enum Which<'k> {
    /// Every one.
    All,
    /// Those that these keys name.
    Named(&'k [Key]),
}

/// Indicators with their definitions, by code.
///
/// # Errors
/// Database errors.
pub fn defined(db: &mut Db<'_>, which: Which<'_>) -> Result<Vec<Defined>> {
    let mut query = indicators::table
        .order_by(indicators::code)
        .select((indicators::id, indicators::code, indicators::title_vi, indicators::title_en, indicators::kind, indicators::sensitive))
        .into_boxed();
    if let Which::Named(keys) = which {
        let (ids, codes) = Key::split::<crate::ids::of::Indicator>(keys);
        query = query.filter(indicators::id.eq_any(ids).or(indicators::code.eq_any(codes)));
    }
    let rows: Vec<(IndicatorId, String, String, String, IndicatorKind, bool)> = query.load(db.conn)?;
    let ids: Vec<IndicatorId> = rows.iter().map(|row| row.0).collect();
    let mut definitions = definitions_of(db, &ids)?;
    let joined = rows.into_iter().map(|(id, code, title_vi, title_en, kind, sensitive)| {
        let definitions = definitions.remove(&id).unwrap_or_default();
        Defined { id, code, title_vi, title_en, kind, sensitive, definitions }
    });
    Ok(joined.collect())
}

fn definitions_of(db: &mut Db<'_>, ids: &[IndicatorId]) -> Result<HashMap<IndicatorId, Vec<Definition>>> {
    let rows: Vec<DefinitionRow> = indicator_definitions::table
        .filter(indicator_definitions::indicator_id.eq_any(ids.to_vec()))
        .order_by((indicator_definitions::indicator_id, indicator_definitions::number))
        .load(db.conn)?;
    let mut by_indicator: HashMap<IndicatorId, Vec<Definition>> = HashMap::new();
    for row in rows {
        by_indicator.entry(row.indicator).or_default().push(row.try_into()?);
    }
    Ok(by_indicator)
}

/// The definitions of an indicator, by version.
///
/// # Errors
/// 404 if there is no such indicator.
pub fn definitions(db: &mut Db<'_>, key: &Key) -> Result<Vec<Definition>> {
    let id = find_id(db, key)?.ok_or_else(Error::not_found)?;
    Ok(definitions_of(db, &[id])?.remove(&id).unwrap_or_default())
}

/// Rows with their definitions and the plan's targets.
fn filled(db: &mut Db<'_>, rows: Vec<Row>) -> Result<Vec<Indicator>> {
    let today = db.today();
    let ids: Vec<IndicatorId> = rows.iter().map(|row| row.id).collect();
    let mut definitions = definitions_of(db, &ids)?;
    let mut plan = of_department(db, &ids)?;
    rows.into_iter()
        .map(|row| {
            let mut held = definitions.remove(&row.id).unwrap_or_default();
            let index = held.iter().rposition(|definition| definition.valid_from <= today).unwrap_or_default();
            let definition = (index < held.len()).then(|| held.swap_remove(index));
            Ok(Indicator {
                targets: plan.remove(&row.id).unwrap_or_default(),
                definition: definition.ok_or_else(|| Error::internal(format!("{} has no definition", row.code)))?,
                id: row.id,
                code: row.code,
                title_vi: row.title_vi,
                title_en: row.title_en,
                kind: row.kind,
                measure: row.measure,
                direction: row.direction,
                sensitive: row.sensitive,
                section: row.section,
                source: serde_json::from_str(&row.source)?,
                more_sources: serde_json::from_str(&row.more_sources)?,
                version: row.version,
                created_at: row.created_at,
                updated_at: row.updated_at,
            })
        })
        .collect()
}

/// The indicator with this key.
///
/// # Errors
/// 404 if there is none.
pub fn get(db: &mut Db<'_>, key: &Key) -> Result<Indicator> {
    let row = by_key!(indicators::table.into_boxed(), key, indicators).first::<Row>(db.conn)?;
    filled(db, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// A page of indicators.
///
/// # Errors
/// Database errors.
pub fn list(
    db: &mut Db<'_>,
    filters: &IndicatorFilters,
    q: Option<&str>,
    since: Option<Instant>,
    page: &PageRequest,
) -> Result<Page<Indicator>> {
    let narrowed = || {
        let mut query = indicators::table.into_boxed();
        if let Some(kind) = filters.kind {
            query = query.filter(indicators::kind.eq(kind));
        }
        if let Some(section) = &filters.section {
            query = query.filter(indicators::section.eq(section.clone()));
        }
        if let Some(level) = filters.level {
            let collecting = indicator_definitions::table
                .filter(indicator_definitions::indicator_id.eq(indicators::id))
                .filter(indicator_definitions::levels.like(format!("% {} %", level.as_str())));
            query = query.filter(exists(collecting));
        }
        if let Some(sensitive) = filters.sensitive {
            query = query.filter(indicators::sensitive.eq(sensitive));
        }
        if let Some(q) = q {
            query = query.filter(indicators::title_key.like(text::like(q)));
        }
        if let Some(since) = since {
            query = query.filter(indicators::updated_at.ge(since));
        }
        query
    };
    let total = if page.count { Some(narrowed().count().get_result(db.conn)?) } else { None };
    let query = keyset!(narrowed(), page, indicators::table, {
        "code" => indicators::code: String, "updated_at" => indicators::updated_at: Instant,
    }, indicators::id);
    let rows: Vec<Row> = query.load(db.conn)?;
    let cut = Page::cut(rows, page, total, |row: &Row, name| match name {
        "code" => row.code.write(),
        "updated_at" => row.updated_at.write(),
        _ => row.id.write(),
    });
    let (rows, empty) = cut.split();
    Ok(empty.with(filled(db, rows)?))
}

/// The id of the indicator with this key.
///
/// # Errors
/// Database errors.
pub fn find_id(db: &mut Db<'_>, key: &Key) -> Result<Option<IndicatorId>> {
    Ok(by_key!(indicators::table.select(indicators::id).into_boxed(), key, indicators).first(db.conn).optional()?)
}

/// The indicator that a text names.
///
/// # Errors
/// Database errors; a name of nothing is `fault`.
pub fn referred(db: &mut Db<'_>, fault: Fault, text: &str, faults: &mut Vec<Fault>) -> Result<Option<IndicatorId>> {
    refs::referred(text, fault, faults, |key| find_id(db, key))
}

#[derive(Debug, Queryable)]
struct TargetRow {
    id: TargetId,
    indicator: IndicatorId,
    unit: UnitId,
    year: i32,
    operator: Operator,
    value: Option<i64>,
    implied: bool,
    reason: Option<String>,
    source: Option<String>,
    version: i64,
    _created_at: Instant,
    _updated_at: Instant,
}

/// The unit that set a target: its ref, kind, and how far above it stands.
type Setter = (UnitRef, Kind, i32);

fn target(row: &TargetRow, (setter, kind, depth): &Setter, unit: &UnitRef) -> Result<Target> {
    let inherited = *depth > 0;
    let origin = match (kind, inherited) {
        (Kind::Department, _) => TargetOrigin::Plan,
        (_, true) => TargetOrigin::Inherited,
        (_, false) => TargetOrigin::Own,
    };
    Ok(Target {
        id: row.id,
        indicator: row.indicator,
        unit: unit.clone(),
        year: row.year,
        operator: row.operator,
        value: row.value.map(Decimal::hundredths),
        origin,
        inherited_from: inherited.then(|| setter.clone()),
        implied: row.implied,
        reason: row.reason.clone(),
        source: row.source.as_deref().map(serde_json::from_str).transpose()?,
        version: row.version,
    })
}

/// The targets of the department itself, by indicator and year.
fn of_department(db: &mut Db<'_>, ids: &[IndicatorId]) -> Result<HashMap<IndicatorId, Vec<Target>>> {
    let day = db.today();
    let rows: Vec<(TargetRow, String, String)> = targets::table
        .inner_join(units::table.inner_join(unit_spells::table))
        .filter(units::kind.eq(Kind::Department))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .filter(targets::indicator_id.eq_any(ids.to_vec()))
        .order_by(targets::year)
        .select((targets::all_columns, units::code, unit_spells::name))
        .load(db.conn)?;
    let mut by_indicator: HashMap<IndicatorId, Vec<Target>> = HashMap::new();
    for (row, code, name) in rows {
        let unit = UnitRef { id: row.unit, code, name };
        let setter = (unit.clone(), Kind::Department, 0);
        by_indicator.entry(row.indicator).or_default().push(target(&row, &setter, &unit)?);
    }
    Ok(by_indicator)
}

/// The targets in force for units: of each indicator and year the nearest one set at the unit or above it today. For each unit by
/// indicator and year.
///
/// # Errors
/// Database errors.
pub fn in_force(
    db: &mut Db<'_>,
    of: &[UnitRef],
    indicator: Option<IndicatorId>,
    from_year: Option<i32>,
) -> Result<HashMap<UnitId, Vec<(IndicatorId, Target)>>> {
    let lines = lines_above(db, of)?;
    let mut setters: Vec<UnitId> = lines.values().flatten().map(|(setter, ..)| setter.id).collect();
    setters.sort_unstable();
    setters.dedup();
    let mut query = targets::table.filter(targets::unit_id.eq_any(setters)).order_by((targets::indicator_id, targets::year)).into_boxed();
    if let Some(indicator) = indicator {
        query = query.filter(targets::indicator_id.eq(indicator));
    }
    if let Some(year) = from_year {
        query = query.filter(targets::year.ge(year));
    }
    let rows: Vec<TargetRow> = query.load(db.conn)?;
    let mut by_unit: HashMap<UnitId, Vec<(IndicatorId, Target)>> = HashMap::new();
    for unit in of {
        let line = lines.get(&unit.id).map(Vec::as_slice).unwrap_or_default();
        let found = by_unit.entry(unit.id).or_default();
        // Of rows for one indicator and year the nearest setter's is in force.
        for same in rows.chunk_by(|a, b| (a.indicator, a.year) == (b.indicator, b.year)) {
            let nearest = line.iter().find_map(|setter| Some((same.iter().find(|row| row.unit == setter.0.id)?, setter)));
            if let Some((row, setter)) = nearest {
                found.push((row.indicator, target(row, setter, unit)?));
            }
        }
    }
    Ok(by_unit)
}

/// The units above each of these and itself, nearest first.
fn lines_above(db: &mut Db<'_>, of: &[UnitRef]) -> Result<HashMap<UnitId, Vec<Setter>>> {
    let day = db.today();
    let rows: Vec<(UnitId, UnitId, String, Kind, String, i32)> = unit_closure::table
        .inner_join(units::table.on(units::id.eq(unit_closure::ancestor)))
        .inner_join(unit_spells::table.on(unit_spells::unit_id.eq(unit_closure::ancestor)))
        .filter(unit_closure::descendant.eq_any(of.iter().map(|unit| unit.id).collect::<Vec<_>>()))
        .filter(unit_closure::valid_from.le(day))
        .filter(unit_closure::valid_to.gt(day))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .order_by((unit_closure::descendant, unit_closure::depth))
        .select((unit_closure::descendant, unit_closure::ancestor, units::code, units::kind, unit_spells::name, unit_closure::depth))
        .load(db.conn)?;
    let mut lines: HashMap<UnitId, Vec<Setter>> = HashMap::new();
    for (descendant, id, code, kind, name, depth) in rows {
        lines.entry(descendant).or_default().push((UnitRef { id, code, name }, kind, depth));
    }
    Ok(lines)
}

/// The target that a unit itself set for a year, with its version; its row is locked by the unit's.
///
/// # Errors
/// Database errors.
pub fn own_target(tx: &mut Tx<'_>, indicator: IndicatorId, unit: UnitId, year: i32) -> Result<Option<(TargetId, i64)>> {
    if let Conn::Pg(pg) = &mut *tx.conn {
        let _: UnitId = units::table.filter(units::id.eq(unit)).select(units::id).for_no_key_update().first(pg)?;
    }
    let own = targets::table
        .filter(targets::indicator_id.eq(indicator))
        .filter(targets::unit_id.eq(unit))
        .filter(targets::year.eq(year))
        .select((targets::id, targets::version));
    Ok(own.first(tx.conn).optional()?)
}

/// Sets a target, in the place of the one that is there.
///
/// # Errors
/// Database errors.
pub fn set_target(tx: &mut Tx<'_>, indicator: IndicatorId, unit: UnitId, year: i32, target: &TargetBody) -> Result<()> {
    let (id, now): (TargetId, Instant) = (Id::new(), tx.now());
    let value = target.value.and_then(Decimal::stored);
    let row = (
        targets::id.eq(id),
        targets::indicator_id.eq(indicator),
        targets::unit_id.eq(unit),
        targets::year.eq(year),
        targets::operator.eq(target.operator),
        targets::value.eq(value),
        targets::implied.eq(false),
        targets::reason.eq(target.reason.as_deref()),
        targets::version.eq(1_i64),
        targets::created_at.eq(now),
        targets::updated_at.eq(now),
    );
    let change = (
        targets::operator.eq(target.operator),
        targets::value.eq(value),
        targets::implied.eq(false),
        targets::reason.eq(target.reason.as_deref()),
        targets::version.eq(targets::version + 1),
        targets::updated_at.eq(now),
    );
    let conn = &mut *tx.conn;
    each!(conn => diesel::insert_into(targets::table)
        .values(row)
        .on_conflict((targets::unit_id, targets::indicator_id, targets::year))
        .do_update()
        .set(change)
        .execute(conn))?;
    Ok(())
}

/// Ends a unit's own target: what is inherited holds again.
///
/// # Errors
/// Database errors.
pub fn end_target(tx: &mut Tx<'_>, id: TargetId) -> Result<()> {
    diesel::delete(targets::table.filter(targets::id.eq(id))).execute(tx.conn)?;
    Ok(())
}

/// Records an indicator of the catalogue with its first definition and the plan's targets.
///
/// # Errors
/// Database errors.
pub fn insert(tx: &mut Tx<'_>, new: &NewIndicator, valid_from: NaiveDate, department: UnitId) -> Result<IndicatorId> {
    let (id, now): (IndicatorId, _) = (Id::new(), tx.now());
    let row = (
        (
            indicators::id.eq(id),
            indicators::code.eq(&new.code),
            indicators::title_vi.eq(&new.title_vi),
            indicators::title_en.eq(&new.title_en),
            indicators::title_key.eq(text::fold(&new.title_vi)),
            indicators::kind.eq(new.kind),
            indicators::measure.eq(new.measure),
            indicators::direction.eq(new.direction),
            indicators::sensitive.eq(new.sensitive),
        ),
        (
            indicators::section.eq(&new.section),
            indicators::source.eq(serde_json::to_string(&new.source)?),
            indicators::more_sources.eq(serde_json::to_string(&new.more_sources)?),
            indicators::version.eq(1_i64),
            indicators::created_at.eq(now),
            indicators::updated_at.eq(now),
        ),
    );
    diesel::insert_into(indicators::table).values(row).execute(tx.conn)?;
    let definition = &new.definition;
    let side = |side: &Option<Side>| side.as_ref().map(serde_json::to_string).transpose();
    let sides = [&definition.numerator, &definition.denominator, &definition.count];
    let levels: Vec<&str> = sides.into_iter().flatten().flat_map(|side| &side.levels).map(|level| level.as_str()).collect();
    let row = (
        indicator_definitions::indicator_id.eq(id),
        indicator_definitions::number.eq(1),
        indicator_definitions::valid_from.eq(valid_from),
        indicator_definitions::valid_to.eq(UNTIL_FURTHER_NOTICE),
        indicator_definitions::period_kind.eq(definition.period_kind),
        indicator_definitions::numerator.eq(side(&definition.numerator)?),
        indicator_definitions::denominator.eq(side(&definition.denominator)?),
        indicator_definitions::tally.eq(side(&definition.count)?),
        indicator_definitions::may_exceed.eq(definition.may_exceed),
        indicator_definitions::parameters.eq(definition.parameters.to_string()),
        indicator_definitions::levels.eq(format!(" {} ", levels.join(" "))),
    );
    diesel::insert_into(indicator_definitions::table).values(row).execute(tx.conn)?;
    for target in &new.targets {
        let target_id: TargetId = Id::new();
        let row = (
            targets::id.eq(target_id),
            targets::indicator_id.eq(id),
            targets::unit_id.eq(department),
            targets::year.eq(target.year),
            targets::operator.eq(target.operator),
            targets::value.eq(target.value.and_then(Decimal::stored)),
            targets::implied.eq(target.implied),
            targets::source.eq(serde_json::to_string(&target.source)?),
            targets::version.eq(1_i64),
            targets::created_at.eq(now),
            targets::updated_at.eq(now),
        );
        diesel::insert_into(targets::table).values(row).execute(tx.conn)?;
    }
    Ok(id)
}
