//! Queries on indicators and their definitions: part of the catalogue, readable by whoever is signed in.

mod targets;

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::dsl::exists;
use diesel::prelude::*;

use super::model::{Definition, Direction, Indicator, IndicatorFilters, IndicatorKind, Measure, NewIndicator, Side};
use crate::clock::Instant;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{indicator_definitions, indicators};
use crate::db::{Db, Tx, UNTIL_FURTHER_NOTICE, by_key};
use crate::error::{Error, Fault, Result};
use crate::ids::{Id, IndicatorId, Key, UnitId};
use crate::periods::model::PeriodKind;
use crate::{refs, text};
pub use targets::{end_target, in_force, own_target, set_target};

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
    let mut plan = targets::of_department(db, &ids)?;
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
    new.targets.iter().try_for_each(|target| targets::insert_planned(tx, id, department, target))?;
    Ok(id)
}
