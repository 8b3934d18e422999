//! Queries on periods: part of the catalogue, readable by whoever is signed in.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::model::{DueDates, Period, PeriodFilters, PeriodKind, PeriodStatus};
use super::rules::{self, NewPeriod};
use crate::access::policy::Permission;
use crate::clock::Instant;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::periods;
use crate::db::{Conn, Db, Tx, by_key};
use crate::error::{Error, Fault, Result};
use crate::ids::{Id, Key, PeriodId};

#[derive(Debug, Queryable)]
struct Row {
    id: PeriodId,
    code: String,
    kind: PeriodKind,
    title_vi: String,
    title_en: String,
    starts_on: NaiveDate,
    ends_on: NaiveDate,
    as_of: NaiveDate,
    year: i32,
    due_school: Option<NaiveDate>,
    due_district: Option<NaiveDate>,
    due_department: Option<NaiveDate>,
    locked_at: Option<Instant>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

fn shown(db: &Db<'_>, row: Row) -> Period {
    let locked = row.locked_at.is_some();
    let may = db.context.caller.may(Permission::LockPeriods);
    Period {
        id: row.id,
        code: row.code,
        kind: row.kind,
        title_vi: row.title_vi,
        title_en: row.title_en,
        starts_on: row.starts_on,
        ends_on: row.ends_on,
        as_of: row.as_of,
        year: row.year,
        due_on: DueDates { school: row.due_school, district: row.due_district, department: row.due_department },
        locked_at: row.locked_at,
        status: rules::status(row.starts_on, locked, db.today()),
        actions: if may { rules::actions(locked) } else { Vec::new() },
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

/// The period with this key, an alias of it, or a word such as `this_year`.
///
/// # Errors
/// Database errors.
pub fn find(db: &mut Db<'_>, text: &str) -> Result<Option<Period>> {
    if let Some(kind) = rules::relative(text) {
        let begun = periods::table.filter(periods::kind.eq(kind)).filter(periods::starts_on.le(db.today()));
        let row: Option<Row> = begun.order_by(periods::starts_on.desc()).first(db.conn).optional()?;
        return Ok(row.map(|row| shown(db, row)));
    }
    match Key::parse(text) {
        Some(key) => get_if(db, &key),
        None => Ok(None),
    }
}

fn get_if(db: &mut Db<'_>, key: &Key) -> Result<Option<Period>> {
    let key = canonical(key);
    let row: Option<Row> = by_key!(periods::table.into_boxed(), &key, periods).first(db.conn).optional()?;
    Ok(row.map(|row| shown(db, row)))
}

fn canonical(key: &Key) -> Key {
    match key {
        Key::Code(code) => Key::Code(rules::canonical(code)),
        Key::Id(id) => Key::Id(*id),
    }
}

/// The period with this key.
///
/// # Errors
/// 404 if there is none.
pub fn get(db: &mut Db<'_>, key: &Key) -> Result<Period> {
    get_if(db, key)?.ok_or_else(Error::not_found)
}

/// The period that a text names, as [`find`] reads it.
///
/// # Errors
/// Database errors; a name of nothing is `fault`.
pub fn referred(db: &mut Db<'_>, fault: Fault, text: &str, faults: &mut Vec<Fault>) -> Result<Option<Period>> {
    let found = find(db, text)?;
    if found.is_none() {
        faults.push(fault);
    }
    Ok(found)
}

/// A page of periods.
///
/// # Errors
/// Database errors.
pub fn list(db: &mut Db<'_>, filters: &PeriodFilters, since: Option<Instant>, page: &PageRequest) -> Result<Page<Period>> {
    let today = db.today();
    let narrowed = || {
        let mut query = periods::table.into_boxed();
        if let Some(kind) = filters.kind {
            query = query.filter(periods::kind.eq(kind));
        }
        if let Some(year) = filters.year {
            query = query.filter(periods::year.eq(year));
        }
        if let Some(day) = filters.covers {
            query = query.filter(periods::starts_on.le(day)).filter(periods::ends_on.ge(day));
        }
        if let Some(since) = since {
            query = query.filter(periods::updated_at.ge(since));
        }
        match filters.status {
            Some(PeriodStatus::Locked) => query.filter(periods::locked_at.is_not_null()),
            Some(PeriodStatus::Future) => query.filter(periods::locked_at.is_null()).filter(periods::starts_on.gt(today)),
            Some(PeriodStatus::Open) => query.filter(periods::locked_at.is_null()).filter(periods::starts_on.le(today)),
            None => query,
        }
    };
    let total = if page.count { Some(narrowed().count().get_result(db.conn)?) } else { None };
    let query = keyset!(narrowed(), page, periods::table, {
        "as_of" => periods::as_of: NaiveDate, "code" => periods::code: String, "updated_at" => periods::updated_at: Instant,
    }, periods::id);
    let rows: Vec<Row> = query.load(db.conn)?;
    let rows = rows.into_iter().map(|row| shown(db, row)).collect();
    Ok(Page::cut(rows, page, total, |period: &Period, name| match name {
        "as_of" => period.as_of.write(),
        "code" => period.code.write(),
        "updated_at" => period.updated_at.write(),
        _ => period.id.write(),
    }))
}

/// The periods that texts name (ids, codes, aliases), in no order; what names nothing is left out.
///
/// # Errors
/// Database errors.
pub fn named(db: &mut Db<'_>, keys: &[Key]) -> Result<Vec<Period>> {
    let keys: Vec<Key> = keys.iter().map(canonical).collect();
    let (ids, codes) = Key::split::<crate::ids::of::Period>(&keys);
    let rows: Vec<Row> = periods::table.filter(periods::id.eq_any(ids).or(periods::code.eq_any(codes))).load(db.conn)?;
    Ok(rows.into_iter().map(|row| shown(db, row)).collect())
}

/// The periods of these years, by `as_of`.
///
/// # Errors
/// Database errors.
pub fn of_years(db: &mut Db<'_>, years: &[i32]) -> Result<Vec<Period>> {
    let query = periods::table.filter(periods::year.eq_any(years.to_vec())).order_by((periods::as_of, periods::id));
    let rows: Vec<Row> = query.load(db.conn)?;
    Ok(rows.into_iter().map(|row| shown(db, row)).collect())
}

/// The period of a kind that ended last before a day.
///
/// # Errors
/// Database errors.
pub fn last_ended(db: &mut Db<'_>, kind: PeriodKind, day: NaiveDate) -> Result<Option<Period>> {
    let ended = periods::table.filter(periods::kind.eq(kind)).filter(periods::as_of.lt(day)).order_by(periods::as_of.desc());
    let row: Option<Row> = ended.first(db.conn).optional()?;
    Ok(row.map(|row| shown(db, row)))
}

/// The periods of a kind from one to another, both included, by `as_of`.
///
/// # Errors
/// Database errors.
pub fn between(db: &mut Db<'_>, kind: PeriodKind, from: NaiveDate, to: NaiveDate) -> Result<Vec<Period>> {
    let query = periods::table.filter(periods::kind.eq(kind)).filter(periods::as_of.ge(from)).filter(periods::as_of.le(to));
    let rows: Vec<Row> = query.order_by((periods::as_of, periods::id)).load(db.conn)?;
    Ok(rows.into_iter().map(|row| shown(db, row)).collect())
}

/// A period whose row is locked until the end of the transaction.
pub struct Locked {
    /// The period as it stands.
    pub period: Period,
}

/// Locks the row of the period with this key.
///
/// # Errors
/// 404 if there is none.
pub fn lock(tx: &mut Tx<'_>, key: &Key) -> Result<Locked> {
    let id = get(tx, key)?.id;
    if let Conn::Pg(pg) = &mut *tx.conn {
        let _: PeriodId = periods::table.filter(periods::id.eq(id)).select(periods::id).for_no_key_update().first(pg)?;
    }
    Ok(Locked { period: get(tx, &Key::from(id))? })
}

/// Keeps these periods from being locked until the end of the transaction, and answers those that already are.
///
/// # Errors
/// Database errors.
pub fn hold(tx: &mut Tx<'_>, ids: &[PeriodId]) -> Result<Vec<PeriodId>> {
    let query = periods::table.filter(periods::id.eq_any(ids.to_vec())).order_by(periods::id).select((periods::id, periods::locked_at));
    let rows: Vec<(PeriodId, Option<Instant>)> = match &mut *tx.conn {
        Conn::Pg(pg) => query.for_share().load(pg)?,
        Conn::Lite(lite) => query.load(lite)?,
    };
    Ok(rows.into_iter().filter(|(_, locked)| locked.is_some()).map(|(id, _)| id).collect())
}

/// Lets a period take no more values, or take them again.
///
/// # Errors
/// Database errors.
pub fn set_locked(tx: &mut Tx<'_>, locked: &Locked, at: Option<Instant>) -> Result<()> {
    let change = (periods::locked_at.eq(at), periods::version.eq(periods::version + 1), periods::updated_at.eq(tx.now()));
    diesel::update(periods::table.filter(periods::id.eq(locked.period.id))).set(change).execute(tx.conn)?;
    Ok(())
}

/// Records a period of the calendar.
///
/// # Errors
/// Database errors.
pub fn insert(tx: &mut Tx<'_>, new: &NewPeriod) -> Result<()> {
    use chrono::Datelike;
    let id: PeriodId = Id::new();
    diesel::insert_into(periods::table)
        .values((
            (
                periods::id.eq(id),
                periods::code.eq(&new.code),
                periods::kind.eq(new.kind),
                periods::title_vi.eq(&new.title_vi),
                periods::title_en.eq(&new.title_en),
                periods::starts_on.eq(new.starts_on),
                periods::ends_on.eq(new.ends_on),
                periods::as_of.eq(new.ends_on),
                periods::year.eq(new.ends_on.year()),
            ),
            (
                periods::due_school.eq(new.due_on.school),
                periods::due_district.eq(new.due_on.district),
                periods::due_department.eq(new.due_on.department),
                periods::version.eq(1_i64),
                periods::created_at.eq(tx.now()),
                periods::updated_at.eq(tx.now()),
            ),
        ))
        .execute(tx.conn)?;
    Ok(())
}
