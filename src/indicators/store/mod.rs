//! Queries on indicators and their definitions: part of the catalogue, readable by whoever is signed in.

mod baselines;
mod definitions;
mod targets;

use std::collections::HashMap;

use diesel::dsl::exists;
use diesel::prelude::*;

use super::model::{Direction, Indicator, IndicatorFilters, IndicatorKind, Measure, NewIndicator};
use crate::clock::Instant;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{indicator_definitions, indicators};
use crate::db::{Db, Tx, by_key};
use crate::error::{Error, Fault, Result};
use crate::ids::{Id, IndicatorId, Key, UnitId};
use crate::{refs, text};
pub use baselines::{Started, baseline, baselines, end_baseline, find_baseline, lock_baseline, set_baseline};
pub use definitions::{Defined, Which, add_definition, defined, definition, definitions};
pub use targets::{end_target, find_target, in_force, is_set_by, own_version, set_target, target_history, target_of};

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

/// Rows with their definitions and the plan's targets.
fn filled(db: &mut Db<'_>, rows: Vec<Row>) -> Result<Vec<Indicator>> {
    let today = db.today();
    let ids: Vec<IndicatorId> = rows.iter().map(|row| row.id).collect();
    let mut definitions = definitions::of(db, &ids)?;
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

/// The indicator with this id.
///
/// # Errors
/// Database errors.
pub fn find(db: &mut Db<'_>, id: IndicatorId) -> Result<Option<Indicator>> {
    let row = indicators::table.filter(indicators::id.eq(id)).first::<Row>(db.conn).optional()?;
    Ok(filled(db, row.into_iter().collect())?.pop())
}

/// The indicators whose recorded figures are withheld from the caller: none, or all that are sensitive.
///
/// # Errors
/// Database errors.
pub fn withheld(db: &mut Db<'_>) -> Result<Vec<IndicatorId>> {
    if db.context.caller.sees_small_cells() {
        return Ok(Vec::new());
    }
    Ok(indicators::table.filter(indicators::sensitive.eq(true)).select(indicators::id).load(db.conn)?)
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

/// What kind indicators are of, and where they should go.
///
/// # Errors
/// Database errors.
pub fn kinds(db: &mut Db<'_>, ids: Vec<IndicatorId>) -> Result<HashMap<IndicatorId, (IndicatorKind, Direction)>> {
    type Row = (IndicatorId, (IndicatorKind, Direction));
    let rows: Vec<Row> = indicators::table
        .filter(indicators::id.eq_any(ids))
        .select((indicators::id, (indicators::kind, indicators::direction)))
        .load(db.conn)?;
    Ok(rows.into_iter().collect())
}

/// Records an indicator of the catalogue with its first definition and the plan's targets.
///
/// # Errors
/// Database errors.
pub fn insert(tx: &mut Tx<'_>, new: &NewIndicator, department: UnitId) -> Result<IndicatorId> {
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
    definitions::insert(tx, id, 1, &new.definition)?;
    new.targets.iter().try_for_each(|target| targets::insert_planned(tx, id, department, target))?;
    Ok(id)
}
