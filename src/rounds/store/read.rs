//! Reading rounds.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::dsl::{InnerJoinQuerySource, count_star};
use diesel::prelude::*;

use crate::access::policy::{Permission, Role};
use crate::clock::Instant;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{periods, report_forms, reporting_rounds, reports, round_exceptions, round_reminders, users};
use crate::db::{Db, by_key};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::forms;
use crate::ids::of::Period;
use crate::ids::{ExceptionId, FormId, Key, RoundId, UnitId};
use crate::periods::model::DueDates;
use crate::periods::store::referred as referred_period;
use crate::refs::{self, CatalogueRef, Named, NamedPerson, PersonRef};
use crate::rounds::model::{FormRef, ReportingRound, RoundException, RoundFilters, RoundOwes, RoundStatus};
use crate::rounds::rules::{self, Prepares};
use crate::sums::completeness::{Ask, OwedBy, places};
use crate::text;
use crate::units::model::UnitRef;
use crate::units::store::{unit_refs, within};

type Joined = InnerJoinQuerySource<InnerJoinQuerySource<reporting_rounds::table, periods::table>, report_forms::table>;

/// Rounds that the caller may see, with their periods and forms. A macro, because the type has no name.
macro_rules! visible {
    ($db:expr) => {{
        let prepared = if prepares_or_sees($db) { RoundStatus::ALL.to_vec() } else { vec![RoundStatus::Open, RoundStatus::Closed] };
        reporting_rounds::table.inner_join(periods::table).inner_join(report_forms::table).filter(reporting_rounds::status.eq_any(prepared))
    }};
}

/// The department sees what it prepares, and so does the program itself.
fn prepares_or_sees(db: &Db<'_>) -> bool {
    db.context.caller.role().is_none_or(|role| role == Role::Department)
}

#[derive(Debug, Queryable)]
struct Row {
    id: RoundId,
    code: String,
    titles: (String, String),
    period: Named<Period>,
    form: (FormId, String, i64),
    within: UnitId,
    owed: (String, String, String),
    due: (Option<NaiveDate>, Option<NaiveDate>, Option<NaiveDate>),
    locks: (Option<NaiveDate>, Option<NaiveDate>, Option<NaiveDate>),
    opens_on: Option<NaiveDate>,
    status: RoundStatus,
    opened_at: Option<Instant>,
    closed_at: Option<Instant>,
    version: (i64, Instant, Instant),
}

macro_rules! columns {
    () => {
        (
            reporting_rounds::id,
            reporting_rounds::code,
            (reporting_rounds::title_vi, reporting_rounds::title_en),
            (periods::id, periods::code, periods::title_vi, periods::title_en),
            (report_forms::id, report_forms::code, reporting_rounds::form_version),
            reporting_rounds::within_id,
            (reporting_rounds::kinds, reporting_rounds::types, reporting_rounds::levels),
            (reporting_rounds::due_school, reporting_rounds::due_district, reporting_rounds::due_department),
            (reporting_rounds::locks_school, reporting_rounds::locks_district, reporting_rounds::locks_department),
            reporting_rounds::opens_on,
            reporting_rounds::status,
            reporting_rounds::opened_at,
            reporting_rounds::closed_at,
            (reporting_rounds::version, reporting_rounds::created_at, reporting_rounds::updated_at),
        )
    };
}

fn days((school, district, department): (Option<NaiveDate>, Option<NaiveDate>, Option<NaiveDate>)) -> DueDates {
    DueDates { school, district, department }
}

/// How the caller stands to rounds.
pub(super) fn prepares(db: &Db<'_>) -> Prepares {
    Prepares(db.context.caller.may(Permission::WriteRounds))
}

fn filled(db: &mut Db<'_>, rows: Vec<Row>) -> Result<Vec<ReportingRound>> {
    let ids: Vec<RoundId> = rows.iter().map(|row| row.id).collect();
    let units = unit_refs(db, rows.iter().map(|row| row.within).collect())?;
    let reminders: Vec<(RoundId, NaiveDate)> = round_reminders::table
        .filter(round_reminders::round_id.eq_any(ids))
        .order_by((round_reminders::round_id, round_reminders::on_date))
        .select((round_reminders::round_id, round_reminders::on_date))
        .load(db.conn)?;
    let mut by_round: HashMap<RoundId, Vec<NaiveDate>> = HashMap::new();
    for (round, day) in reminders {
        by_round.entry(round).or_default().push(day);
    }
    let prepares = prepares(db);
    rows.into_iter()
        .map(|row| {
            let (kinds, types, levels) = row.owed;
            let OwedBy { kinds, types, levels } = OwedBy::from_words(&kinds, &types, &levels);
            let within = units.get(&row.within).cloned().ok_or_else(|| Error::internal("a round without its unit"))?;
            let (version, created_at, updated_at) = row.version;
            let (id, code, number) = row.form;
            Ok(ReportingRound {
                remind_on: by_round.remove(&row.id).unwrap_or_default(),
                actions: rules::LIFE.actions(row.status, prepares),
                id: row.id,
                code: row.code,
                title_vi: row.titles.0,
                title_en: row.titles.1,
                period: CatalogueRef::of(row.period),
                form: FormRef { id, code, version: number },
                owes: RoundOwes { within, kinds, types, levels },
                due_on: days(row.due),
                locks_on: days(row.locks),
                opens_on: row.opens_on,
                status: row.status,
                opened_at: row.opened_at,
                closed_at: row.closed_at,
                version,
                created_at,
                updated_at,
            })
        })
        .collect()
}

/// The round with this key, if the caller may see it.
///
/// # Errors
/// Database errors.
pub fn find(db: &mut Db<'_>, key: &Key) -> Result<Option<ReportingRound>> {
    let query = visible!(db).select(columns!()).into_boxed();
    let row: Option<Row> = by_key!(query, key, reporting_rounds).first(db.conn).optional()?;
    Ok(filled(db, row.into_iter().collect())?.pop())
}

/// The round with this key.
///
/// # Errors
/// 404 if there is none that the caller may see.
pub fn get(db: &mut Db<'_>, key: &Key) -> Result<ReportingRound> {
    find(db, key)?.ok_or_else(Error::not_found)
}

/// The round that a text names; `fault` is told where it names nothing.
///
/// # Errors
/// Database errors.
pub fn referred(db: &mut Db<'_>, fault: Fault, text: &str, faults: &mut Vec<Fault>) -> Result<Option<RoundId>> {
    refs::referred(text, fault, faults, |key| {
        let query = visible!(db).select(reporting_rounds::id).into_boxed();
        Ok(by_key!(query, key, reporting_rounds).first(db.conn).optional()?)
    })
}

/// A round as reports look at it: named, with what it asks, of whom and until when.
#[derive(Clone, Debug)]
pub struct Bare {
    /// Named.
    pub named: CatalogueRef,
    /// Whom it asks.
    pub ask: Ask,
    /// Its form.
    pub form: (FormId, i64),
    /// The last days of being in time.
    pub due_on: DueDates,
    /// The last days of being taken at all.
    pub locks_on: DueDates,
    /// Where it stands.
    pub status: RoundStatus,
}

impl Bare {
    /// Whether it takes nothing more from units of a role.
    #[must_use]
    pub fn is_shut(&self, role: Role, now: Instant) -> bool {
        self.status == RoundStatus::Closed || rules::is_over(rules::day_of(&self.locks_on, role), now)
    }
}

/// Rounds by id, whoever asks: for reports, which their own scope guards.
///
/// # Errors
/// Database errors.
pub fn bare(db: &mut Db<'_>, ids: Vec<RoundId>) -> Result<HashMap<RoundId, Bare>> {
    type Row = (
        Named<crate::ids::of::Round>,
        (NaiveDate, UnitId),
        (String, String, String),
        (FormId, i64),
        (Option<NaiveDate>, Option<NaiveDate>, Option<NaiveDate>),
        (Option<NaiveDate>, Option<NaiveDate>, Option<NaiveDate>),
        RoundStatus,
    );
    let rows: Vec<Row> = reporting_rounds::table
        .inner_join(periods::table)
        .filter(reporting_rounds::id.eq_any(ids))
        .select((
            (reporting_rounds::id, reporting_rounds::code, reporting_rounds::title_vi, reporting_rounds::title_en),
            (periods::as_of, reporting_rounds::within_id),
            (reporting_rounds::kinds, reporting_rounds::types, reporting_rounds::levels),
            (reporting_rounds::form_id, reporting_rounds::form_version),
            (reporting_rounds::due_school, reporting_rounds::due_district, reporting_rounds::due_department),
            (reporting_rounds::locks_school, reporting_rounds::locks_district, reporting_rounds::locks_department),
            reporting_rounds::status,
        ))
        .load(db.conn)?;
    let bare = |(named, (day, within), (kinds, types, levels), form, due, locks, status): Row| {
        let round = named.0;
        let ask = Ask { round, day, within, by: OwedBy::from_words(&kinds, &types, &levels) };
        let named = CatalogueRef::of(named);
        (round, Bare { named, ask, form, due_on: days(due), locks_on: days(locks), status })
    };
    Ok(rows.into_iter().map(bare).collect())
}

/// The rounds that take reports now, by code.
///
/// # Errors
/// Database errors.
pub fn open_rounds(db: &mut Db<'_>) -> Result<Vec<Bare>> {
    let open = reporting_rounds::table.filter(reporting_rounds::status.eq(RoundStatus::Open)).select(reporting_rounds::id);
    let ids: Vec<RoundId> = open.load(db.conn)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut found: Vec<Bare> = bare(db, ids)?.into_values().collect();
    found.sort_by(|one, other| one.named.code.cmp(&other.named.code));
    Ok(found)
}

/// The open rounds that wait for a first report of a unit itself.
///
/// # Errors
/// Database errors.
pub fn owed(db: &mut Db<'_>, unit: UnitId) -> Result<Vec<RoundId>> {
    let open = open_rounds(db)?;
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let asks: Vec<&Ask> = open.iter().map(|round| &round.ask).collect();
    let stands = places(db, &asks, unit)?;
    let mut owed: Vec<RoundId> = asks.iter().zip(stands).filter(|(_, place)| place.owes).map(|(ask, _)| ask.round).collect();
    let came: Vec<RoundId> = reports::table
        .filter(reports::round_id.eq_any(owed.clone()))
        .filter(reports::unit_id.eq(unit))
        .filter(reports::late.is_not_null())
        .select(reports::round_id)
        .load(db.conn)?;
    owed.retain(|round| !came.contains(round));
    Ok(owed)
}

/// A page of rounds.
///
/// # Errors
/// 422 for a filter that names nothing.
pub fn list(
    db: &mut Db<'_>,
    filters: &RoundFilters,
    q: Option<&str>,
    since: Option<Instant>,
    page: &PageRequest,
) -> Result<Page<ReportingRound>> {
    let mut faults = Vec::new();
    let unknown = |parameter| Fault::of(parameter, FaultCode::UnknownReference);
    let period = filters.period.as_deref().map(|text| referred_period(db, unknown("period"), text, &mut faults)).transpose()?.flatten();
    let form = filters.form.as_deref().map(|text| forms::store::referred(db, unknown("form"), text, &mut faults)).transpose()?.flatten();
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    if filters.owed.is_some() {
        // What a unit has handed in is told by its reports.
        db.context.caller.must(Permission::ReadReports)?;
    }
    let home = db.scope()?.home();
    let owed = if filters.owed.is_some() { Some(owed(db, home)?) } else { None };
    let narrowed = || {
        let mut query = visible!(db).into_boxed();
        match (&owed, filters.owed) {
            (Some(owed), Some(true)) => query = query.filter(reporting_rounds::id.eq_any(owed.clone())),
            (Some(owed), Some(false)) => query = query.filter(reporting_rounds::id.ne_all(owed.clone())),
            _ => {}
        }
        if let Some(status) = filters.status {
            query = query.filter(reporting_rounds::status.eq(status));
        }
        if let Some(period) = &period {
            query = query.filter(reporting_rounds::period_id.eq(period.id));
        }
        if let Some(form) = &form {
            query = query.filter(reporting_rounds::form_id.eq(form.id));
        }
        if let Some(q) = q {
            query = query.filter(reporting_rounds::title_key.like(text::like(q)));
        }
        if let Some(since) = since {
            query = query.filter(reporting_rounds::updated_at.ge(since));
        }
        query
    };
    let total_of = narrowed().select(count_star());
    let query = keyset!(narrowed().select(columns!()), page, Joined, {
        "code" => reporting_rounds::code: String, "updated_at" => reporting_rounds::updated_at: Instant,
    }, reporting_rounds::id);
    let total = if page.count { Some(total_of.first(db.conn)?) } else { None };
    let rows: Vec<Row> = query.load(db.conn)?;
    let (rows, empty) = Page::cut(rows, page, total, |row: &Row, name| match name {
        "code" => row.code.write(),
        "updated_at" => row.version.2.write(),
        _ => row.id.write(),
    })
    .split();
    Ok(empty.with(filled(db, rows)?))
}

/// The exceptions of a round for units of the scope, the first one first.
///
/// # Errors
/// 404 if there is no such round.
pub fn exceptions(db: &mut Db<'_>, key: &Key) -> Result<Vec<RoundException>> {
    let round = get(db, key)?;
    of_round(db, &round)
}

/// An exception of the scope.
///
/// # Errors
/// Database errors.
pub fn find_exception(db: &mut Db<'_>, id: ExceptionId) -> Result<Option<RoundException>> {
    let row = round_exceptions::table.filter(round_exceptions::id.eq(id)).select(round_exceptions::round_id);
    let Some(round): Option<RoundId> = row.first(db.conn).optional()? else { return Ok(None) };
    let Some(round) = find(db, &Key::from(round))? else { return Ok(None) };
    Ok(of_round(db, &round)?.into_iter().find(|exception| exception.id == id))
}

fn of_round(db: &mut Db<'_>, round: &ReportingRound) -> Result<Vec<RoundException>> {
    type Row = (ExceptionId, UnitId, NaiveDate, String, Option<NamedPerson>, Instant);
    let scope = db.scope()?;
    let rows: Vec<Row> = round_exceptions::table
        .left_join(users::table)
        .filter(round_exceptions::round_id.eq(round.id))
        .filter(round_exceptions::unit_id.eq_any(within(scope.root(), scope.today())))
        .order_by(round_exceptions::id)
        .select((
            round_exceptions::id,
            round_exceptions::unit_id,
            round_exceptions::until_on,
            round_exceptions::reason,
            (users::id, users::username, users::full_name).nullable(),
            round_exceptions::created_at,
        ))
        .load(db.conn)?;
    let units = unit_refs(db, rows.iter().map(|row| row.1).collect())?;
    let named = |unit: UnitId| -> Option<UnitRef> { units.get(&unit).cloned() };
    let shown = |(id, unit, until, reason, by, created_at): Row| {
        let (round, granted_by) = (round.to_ref(), by.map(PersonRef::of));
        Some(RoundException { id, round, unit: named(unit)?, until, reason, granted_by, created_at })
    };
    Ok(rows.into_iter().filter_map(shown).collect())
}

/// Those of these units that have more time in a round today.
///
/// # Errors
/// Database errors.
pub fn excepted(db: &mut Db<'_>, asked: &[(RoundId, UnitId)]) -> Result<Vec<(RoundId, UnitId)>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(RoundId, UnitId)> = round_exceptions::table
        .filter(round_exceptions::round_id.eq_any(asked.iter().map(|one| one.0).collect::<Vec<_>>()))
        .filter(round_exceptions::unit_id.eq_any(asked.iter().map(|one| one.1).collect::<Vec<_>>()))
        .filter(round_exceptions::until_on.ge(db.today()))
        .select((round_exceptions::round_id, round_exceptions::unit_id))
        .load(db.conn)?;
    Ok(rows)
}

impl ReportingRound {
    /// Named.
    #[must_use]
    pub fn to_ref(&self) -> CatalogueRef {
        CatalogueRef { id: self.id.any(), code: self.code.clone(), title_vi: self.title_vi.clone(), title_en: self.title_en.clone() }
    }
}
