//! Queries on targets: those in force are read for units in scope, from the nearest unit above that set one.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::clock::Instant;
use crate::db::schema::{target_revisions, targets, unit_closure, unit_spells, units, users};
use crate::db::{Db, Tx, each};
use crate::error::{Error, Result};
use crate::ids::{IndicatorId, TargetId, UnitId};
use crate::indicators::decimal::Decimal;
use crate::indicators::model::{NewTarget, Operator, Target, TargetBody, TargetOrigin, TargetRevision};
use crate::journal::{self, Entry};
use crate::refs::{NamedPerson, PersonRef};
use crate::units::model::{Kind, UnitRef};
use crate::units::store::{hold, within};

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
pub(super) fn of_department(db: &mut Db<'_>, ids: &[IndicatorId]) -> Result<HashMap<IndicatorId, Vec<Target>>> {
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

/// The version of the target that a unit itself set for a year; its row is locked by the unit's.
///
/// # Errors
/// Database errors.
pub fn own_version(tx: &mut Tx<'_>, indicator: IndicatorId, unit: UnitId, year: i32) -> Result<Option<i64>> {
    hold(tx, unit)?;
    let own = targets::table.filter(targets::indicator_id.eq(indicator)).filter(targets::unit_id.eq(unit)).filter(targets::year.eq(year));
    Ok(own.select(targets::version).first(tx.conn).optional()?)
}

/// The target in force for a unit and a year.
///
/// # Errors
/// Database errors.
pub fn target_of(db: &mut Db<'_>, indicator: IndicatorId, unit: &UnitRef, year: i32) -> Result<Option<Target>> {
    let found = in_force(db, std::slice::from_ref(unit), Some(indicator), Some(year))?.remove(&unit.id);
    Ok(found.unwrap_or_default().into_iter().map(|(_, target)| target).find(|target| target.year == year))
}

/// A target by its id, as its unit has it; nothing where that is out of scope.
///
/// # Errors
/// Database errors.
pub fn find_target(db: &mut Db<'_>, id: TargetId) -> Result<Option<Target>> {
    let (scope, day) = (db.scope()?, db.today());
    let row: Option<(TargetRow, Kind, String, String)> = targets::table
        .inner_join(units::table.inner_join(unit_spells::table))
        .filter(targets::id.eq(id))
        .filter(targets::unit_id.eq_any(within(scope.root(), scope.today())))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .select((targets::all_columns, units::kind, units::code, unit_spells::name))
        .first(db.conn)
        .optional()?;
    let told = |(row, kind, code, name): (TargetRow, Kind, String, String)| {
        let unit = UnitRef { id: row.unit, code, name };
        target(&row, &(unit.clone(), kind, 0), &unit)
    };
    row.map(told).transpose()
}

/// Whether a unit's own target for a year was last set by a moment.
///
/// # Errors
/// Database errors.
pub fn is_set_by(tx: &mut Tx<'_>, indicator: IndicatorId, unit: UnitId, year: i32, by: Instant) -> Result<bool> {
    let own = targets::table
        .filter(targets::indicator_id.eq(indicator))
        .filter(targets::unit_id.eq(unit))
        .filter(targets::year.eq(year))
        .filter(targets::updated_at.le(by));
    Ok(diesel::select(diesel::dsl::exists(own)).get_result(tx.conn)?)
}

/// Sets a unit's own target, in the place of the one that is there, and tells it. Answers what was before, and the new one.
///
/// # Errors
/// Database errors.
pub fn set_target(
    tx: &mut Tx<'_>,
    indicator: IndicatorId,
    unit: &UnitRef,
    year: i32,
    new: &TargetBody,
) -> Result<(Option<Target>, Target)> {
    hold(tx, unit.id)?;
    let before = target_of(tx, indicator, unit, year)?.filter(|target| target.inherited_from.is_none());
    write(tx, indicator, unit.id, year, new)?;
    let after = target_of(tx, indicator, unit, year)?.ok_or_else(Error::not_found)?;
    let entry = Entry::new("target.set", Some("target.updated"), "target", after.id.any());
    let entry = entry.told(before.as_ref(), Some(&after), new.reason.as_deref())?;
    journal::append(tx, Entry { unit: Some(unit.id), ..entry })?;
    Ok((before, after))
}

fn write(tx: &mut Tx<'_>, indicator: IndicatorId, unit: UnitId, year: i32, target: &TargetBody) -> Result<()> {
    let now = tx.now();
    let value = target.value.and_then(Decimal::stored);
    // A version is never given twice, or who read a target that ended meanwhile would change the one that came after it.
    let last: Option<i64> = target_revisions::table
        .filter(target_revisions::indicator_id.eq(indicator))
        .filter(target_revisions::unit_id.eq(unit))
        .filter(target_revisions::year.eq(year))
        .select(diesel::dsl::max(target_revisions::version))
        .first(tx.conn)?;
    let row = (
        targets::id.eq(TargetId::new()),
        targets::indicator_id.eq(indicator),
        targets::unit_id.eq(unit),
        targets::year.eq(year),
        targets::operator.eq(target.operator),
        targets::value.eq(value),
        targets::implied.eq(false),
        targets::reason.eq(target.reason.as_deref()),
        targets::version.eq(last.unwrap_or_default() + 1),
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
    let set = targets::table.filter(targets::indicator_id.eq(indicator)).filter(targets::unit_id.eq(unit)).filter(targets::year.eq(year));
    let (id, version) = set.select((targets::id, targets::version)).first(tx.conn)?;
    keep(tx, id, version, false)
}

/// Writes the state that a target is in; `ended` is the last one.
fn keep(tx: &mut Tx<'_>, id: TargetId, version: i64, ended: bool) -> Result<()> {
    let row: TargetRow = targets::table.filter(targets::id.eq(id)).first(tx.conn)?;
    let revision = (
        target_revisions::target_id.eq(id),
        target_revisions::version.eq(version),
        target_revisions::indicator_id.eq(row.indicator),
        target_revisions::unit_id.eq(row.unit),
        target_revisions::year.eq(row.year),
        target_revisions::ended.eq(ended),
        target_revisions::operator.eq(row.operator),
        target_revisions::value.eq(row.value),
        target_revisions::reason.eq(row.reason),
        target_revisions::set_by.eq(tx.context.caller.person().map(|person| person.id)),
        target_revisions::set_at.eq(tx.now()),
    );
    diesel::insert_into(target_revisions::table).values(revision).execute(tx.conn)?;
    Ok(())
}

/// Every state that the targets of a unit for a year were in, the first one first.
///
/// # Errors
/// Database errors.
pub fn target_history(db: &mut Db<'_>, indicator: IndicatorId, unit: UnitId, year: i32) -> Result<Vec<TargetRevision>> {
    type Row = (i64, bool, Operator, Option<i64>, Option<String>, Option<NamedPerson>, Instant);
    let rows: Vec<Row> = target_revisions::table
        .left_join(users::table)
        .filter(target_revisions::indicator_id.eq(indicator))
        .filter(target_revisions::unit_id.eq(unit))
        .filter(target_revisions::year.eq(year))
        .order_by((target_revisions::set_at, target_revisions::target_id, target_revisions::version))
        .select((
            target_revisions::version,
            target_revisions::ended,
            target_revisions::operator,
            target_revisions::value,
            target_revisions::reason,
            (users::id, users::username, users::full_name).nullable(),
            target_revisions::set_at,
        ))
        .load(db.conn)?;
    let told = rows.into_iter().map(|(version, ended, operator, value, reason, by, set_at)| TargetRevision {
        version,
        ended,
        operator,
        value: value.map(Decimal::hundredths),
        reason,
        set_by: by.map(PersonRef::of),
        set_at,
    });
    Ok(told.collect())
}

/// Ends a unit's own target, if it has one: what is inherited holds again.
///
/// # Errors
/// Database errors.
pub fn end_target(tx: &mut Tx<'_>, indicator: IndicatorId, unit: &UnitRef, year: i32) -> Result<()> {
    hold(tx, unit.id)?;
    let own = target_of(tx, indicator, unit, year)?.filter(|target| target.inherited_from.is_none());
    let Some(before) = own else { return Ok(()) };
    keep(tx, before.id, before.version + 1, true)?;
    diesel::delete(targets::table.filter(targets::id.eq(before.id))).execute(tx.conn)?;
    let entry = Entry::new("target.end", Some("target.deleted"), "target", before.id.any()).told(Some(&before), None, None)?;
    journal::append(tx, Entry { unit: Some(unit.id), deleted: true, ..entry })
}

/// Records a target that the plan sets for the department.
pub(super) fn insert_planned(tx: &mut Tx<'_>, indicator: IndicatorId, department: UnitId, target: &NewTarget) -> Result<()> {
    let (id, now) = (TargetId::new(), tx.now());
    let row = (
        targets::id.eq(id),
        targets::indicator_id.eq(indicator),
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
    diesel::insert_into(targets::table).values(&row).execute(tx.conn)?;
    keep(tx, id, 1, false)
}
