//! Writing rounds: preparing, opening and closing them, and more time for one unit.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::read;
use crate::db::schema::{reporting_rounds, round_exceptions, round_reminders};
use crate::db::{Conn, Tx, each};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::forms;
use crate::ids::{ExceptionId, FormId, Id, Key, PeriodId, RoundId, UnitId};
use crate::patch::Field;
use crate::periods;
use crate::periods::model::DueDates;
use crate::rounds::model::{NewException, NewOwes, NewRound, ReportingRound, RoundAction, RoundException, RoundPatch, RoundStatus};
use crate::rounds::rules;
use crate::sums::completeness::{self, OwedBy};
use crate::text;
use crate::units::store::referred_unit;

/// What a round is to say, with all that it names looked up.
#[derive(Clone, Debug)]
pub struct Words {
    title_vi: String,
    title_en: String,
    form: (FormId, i64),
    within: UnitId,
    by: OwedBy,
    due_on: DueDates,
    locks_on: DueDates,
    opens_on: Option<NaiveDate>,
    remind_on: Vec<NaiveDate>,
}

fn owed(tx: &mut Tx<'_>, new: &NewOwes, faults: &mut Vec<Fault>) -> Result<Option<(UnitId, OwedBy)>> {
    let unknown = Fault::at("/owes/within", FaultCode::UnknownReference);
    let within = referred_unit(tx, unknown, &new.within, faults)?;
    let by = OwedBy { kinds: new.kinds.clone(), types: new.types.clone(), levels: new.levels.clone() };
    Ok(within.map(|unit| (unit.id, by)))
}

/// A report cannot be refused before it is late.
fn faults_of_days(due: &DueDates, locks: &DueDates) -> Vec<Fault> {
    let before = |name: &'static str, due: Option<NaiveDate>, locks: Option<NaiveDate>| {
        let (due, locks) = (due?, locks?);
        (locks < due).then(|| Fault::at(format!("/locks_on/{name}"), FaultCode::OutOfRange).with(format!("≥ {due}")))
    };
    let days = [
        before("school", due.school, locks.school),
        before("district", due.district, locks.district),
        before("department", due.department, locks.department),
    ];
    days.into_iter().flatten().collect()
}

fn sorted(days: &[NaiveDate]) -> Vec<NaiveDate> {
    let mut days = days.to_vec();
    days.sort_unstable();
    days.dedup();
    days
}

impl Words {
    /// What a new round says, and its period.
    ///
    /// # Errors
    /// 422 with every fault.
    pub fn of(tx: &mut Tx<'_>, new: &NewRound) -> Result<(Self, PeriodId)> {
        let mut faults = Vec::new();
        let unknown = |member: &str| Fault::at(format!("/{member}"), FaultCode::UnknownReference);
        let period = periods::store::referred(tx, unknown("period"), &new.period, &mut faults)?;
        let form = forms::store::referred(tx, unknown("form"), &new.form, &mut faults)?;
        let owed = owed(tx, &new.owes, &mut faults)?;
        let (due_on, locks_on) = (DueDates::from(new.due_on), DueDates::from(new.locks_on));
        faults.extend(faults_of_days(&due_on, &locks_on));
        let (Some(period), Some(form), Some((within, by)), true) = (period, form, owed, faults.is_empty()) else {
            return Err(Error::invalid(faults));
        };
        let words = Self {
            title_vi: new.title_vi.clone(),
            title_en: new.title_en.clone(),
            form: (form.id, form.version),
            within,
            by,
            due_on,
            locks_on,
            opens_on: new.opens_on,
            remind_on: sorted(&new.remind_on),
        };
        Ok((words, period.id))
    }

    /// What a round says after a change.
    ///
    /// # Errors
    /// 409 for a change of what an open round asks, or of whom; 422 with every fault.
    pub fn after(tx: &mut Tx<'_>, round: &ReportingRound, patch: &RoundPatch) -> Result<Self> {
        if round.status != RoundStatus::Draft && (patch.form.is_some() || patch.owes.is_some() || patch.opens_on != Field::Absent) {
            return Err(Error::conflict(
                "Đợt báo cáo đã mở: chỉ đổi được tên và ngày hạn.",
                "The round is open: only its titles and dates can change.",
            ));
        }
        let mut faults = Vec::new();
        let form = match patch.form.as_deref() {
            None => Some((round.form.id, round.form.version)),
            Some(text) => {
                let unknown = Fault::at("/form", FaultCode::UnknownReference);
                forms::store::referred(tx, unknown, text, &mut faults)?.map(|form| (form.id, form.version))
            }
        };
        let owed = match &patch.owes {
            None => {
                let owes = &round.owes;
                let by = OwedBy { kinds: owes.kinds.clone(), types: owes.types.clone(), levels: owes.levels.clone() };
                Some((owes.within.id, by))
            }
            Some(new) => owed(tx, new, &mut faults)?,
        };
        let (due_on, locks_on) = (patch.due_on.after(&round.due_on), patch.locks_on.after(&round.locks_on));
        faults.extend(faults_of_days(&due_on, &locks_on));
        let (Some(form), Some((within, by)), true) = (form, owed, faults.is_empty()) else { return Err(Error::invalid(faults)) };
        Ok(Self {
            title_vi: patch.title_vi.clone().unwrap_or_else(|| round.title_vi.clone()),
            title_en: patch.title_en.clone().unwrap_or_else(|| round.title_en.clone()),
            form,
            within,
            by,
            due_on,
            locks_on,
            opens_on: patch.opens_on.clone().given().unwrap_or(round.opens_on),
            remind_on: patch.remind_on.as_deref().map_or_else(|| round.remind_on.clone(), sorted),
        })
    }
}

#[derive(AsChangeset, Insertable)]
#[diesel(table_name = reporting_rounds, treat_none_as_null = true, treat_none_as_default_value = false)]
struct Said {
    title_vi: String,
    title_en: String,
    title_key: String,
    form_id: FormId,
    form_version: i64,
    within_id: UnitId,
    kinds: String,
    types: String,
    levels: String,
    due_school: Option<NaiveDate>,
    due_district: Option<NaiveDate>,
    due_department: Option<NaiveDate>,
    locks_school: Option<NaiveDate>,
    locks_district: Option<NaiveDate>,
    locks_department: Option<NaiveDate>,
    opens_on: Option<NaiveDate>,
}

fn said(words: &Words) -> Said {
    let (kinds, types, levels) = words.by.words();
    Said {
        title_vi: words.title_vi.clone(),
        title_en: words.title_en.clone(),
        title_key: text::fold(&words.title_vi),
        form_id: words.form.0,
        form_version: words.form.1,
        within_id: words.within,
        kinds,
        types,
        levels,
        due_school: words.due_on.school,
        due_district: words.due_on.district,
        due_department: words.due_on.department,
        locks_school: words.locks_on.school,
        locks_district: words.locks_on.district,
        locks_department: words.locks_on.department,
        opens_on: words.opens_on,
    }
}

/// Days that were told of already stay told.
fn remind(tx: &mut Tx<'_>, round: RoundId, days: &[NaiveDate]) -> Result<()> {
    let gone = round_reminders::table.filter(round_reminders::round_id.eq(round)).filter(round_reminders::on_date.ne_all(days.to_vec()));
    diesel::delete(gone).execute(tx.conn)?;
    let rows: Vec<_> = days.iter().map(|day| (round_reminders::round_id.eq(round), round_reminders::on_date.eq(*day))).collect();
    let conn = &mut *tx.conn;
    if !rows.is_empty() {
        each!(conn => diesel::insert_into(round_reminders::table).values(&rows).on_conflict_do_nothing().execute(conn))?;
    }
    Ok(())
}

/// Records a round in preparation.
///
/// # Errors
/// 409 `duplicate` for a code that is taken.
pub fn insert(tx: &mut Tx<'_>, code: &str, period: PeriodId, words: &Words) -> Result<RoundId> {
    let (id, now): (RoundId, _) = (Id::new(), tx.now());
    let head = (
        reporting_rounds::id.eq(id),
        reporting_rounds::code.eq(code),
        reporting_rounds::period_id.eq(period),
        reporting_rounds::status.eq(RoundStatus::Draft),
        reporting_rounds::version.eq(1_i64),
        reporting_rounds::created_at.eq(now),
        reporting_rounds::updated_at.eq(now),
    );
    let row = (head, said(words));
    let conn = &mut *tx.conn;
    let inserted = each!(conn => diesel::insert_into(reporting_rounds::table)
        .values(row)
        .on_conflict(reporting_rounds::code)
        .do_nothing()
        .execute(conn))?;
    if inserted == 0 {
        return Err(Error::duplicate("/code"));
    }
    remind(tx, id, &words.remind_on)?;
    Ok(id)
}

/// Keeps a round from being closed or changed until the end of the transaction; who reports holds it together.
///
/// # Errors
/// Database errors.
pub fn hold(tx: &mut Tx<'_>, id: RoundId) -> Result<()> {
    if let Conn::Pg(pg) = &mut *tx.conn {
        let row = reporting_rounds::table.filter(reporting_rounds::id.eq(id)).select(reporting_rounds::id);
        let _: Option<RoundId> = row.for_share().first(pg).optional()?;
    }
    Ok(())
}

/// A round whose row is locked until the end of the transaction.
pub struct Locked {
    /// The round as it stands.
    pub round: ReportingRound,
}

/// Locks a round.
///
/// # Errors
/// 404 if there is none that the caller may see.
pub fn lock(tx: &mut Tx<'_>, key: &Key) -> Result<Locked> {
    // Opening counts units: whoever changes the tree waits, or is counted already.
    tx.hold_tree()?;
    let id = read::get(tx, key)?.id;
    if let Conn::Pg(pg) = &mut *tx.conn {
        let row = reporting_rounds::table.filter(reporting_rounds::id.eq(id)).select(reporting_rounds::id);
        let _: RoundId = row.for_no_key_update().first(pg)?;
    }
    Ok(Locked { round: read::get(tx, &Key::from(id))? })
}

impl Locked {
    /// Whether the caller may do this now.
    ///
    /// # Errors
    /// 412 if `is_meant` refuses the version; 409 with what it may do instead.
    pub fn allows(&self, tx: &Tx<'_>, action: RoundAction, is_meant: impl FnOnce(i64) -> Result<()>) -> Result<()> {
        rules::LIFE.after(self.round.status, action, read::prepares(tx), || is_meant(self.round.version)).map(drop)
    }
}

fn touched(tx: &mut Tx<'_>, id: RoundId) -> Result<()> {
    let change = (reporting_rounds::version.eq(reporting_rounds::version + 1), reporting_rounds::updated_at.eq(tx.now()));
    diesel::update(reporting_rounds::table.filter(reporting_rounds::id.eq(id))).set(change).execute(tx.conn)?;
    Ok(())
}

/// Changes a round.
///
/// # Errors
/// Database errors.
pub fn update(tx: &mut Tx<'_>, locked: &Locked, words: &Words) -> Result<()> {
    let id = locked.round.id;
    diesel::update(reporting_rounds::table.filter(reporting_rounds::id.eq(id))).set(said(words)).execute(tx.conn)?;
    remind(tx, id, &words.remind_on)?;
    touched(tx, id)
}

/// Lets a round take reports: whom it expects them of is counted now, and kept as units change.
///
/// # Errors
/// Database errors.
pub fn open(tx: &mut Tx<'_>, locked: &Locked) -> Result<()> {
    let id = locked.round.id;
    // Nobody is reminded of what is past.
    let past = round_reminders::table.filter(round_reminders::round_id.eq(id)).filter(round_reminders::on_date.lt(tx.today()));
    diesel::update(past).set(round_reminders::told_at.eq(Some(tx.now()))).execute(tx.conn)?;
    let change = (reporting_rounds::status.eq(RoundStatus::Open), reporting_rounds::opened_at.eq(Some(tx.now())));
    diesel::update(reporting_rounds::table.filter(reporting_rounds::id.eq(id))).set(change).execute(tx.conn)?;
    touched(tx, id)?;
    let bare = read::bare(tx, vec![id])?.remove(&id).ok_or_else(Error::not_found)?;
    completeness::enter(tx, &bare.ask)
}

/// Lets a round take no more reports.
///
/// # Errors
/// Database errors.
pub fn close(tx: &mut Tx<'_>, locked: &Locked) -> Result<()> {
    let id = locked.round.id;
    let change = (reporting_rounds::status.eq(RoundStatus::Closed), reporting_rounds::closed_at.eq(Some(tx.now())));
    diesel::update(reporting_rounds::table.filter(reporting_rounds::id.eq(id))).set(change).execute(tx.conn)?;
    touched(tx, id)
}

/// Gives a unit more time.
///
/// # Errors
/// 403 for a unit that is not below the caller's; 422 with every fault.
pub fn except(tx: &mut Tx<'_>, round: &ReportingRound, new: &NewException) -> Result<RoundException> {
    let mut faults = Vec::new();
    let unit = referred_unit(tx, Fault::at("/unit", FaultCode::UnknownReference), &new.unit, &mut faults)?;
    if new.until < tx.today() {
        faults.push(Fault::at("/until", FaultCode::OutOfRange).with(format!("≥ {}", tx.today())));
    }
    let (Some(unit), true) = (unit, faults.is_empty()) else { return Err(Error::invalid(faults)) };
    let bare = read::bare(tx, vec![round.id])?.remove(&round.id).ok_or_else(Error::not_found)?;
    if tx.context.caller.person().is_none_or(|person| !person.is_apart(unit.id, None)) {
        return Err(Error::forbidden().because("Chỉ gia hạn cho đơn vị cấp dưới.", "More time is given to units below one's own."));
    }
    if round.status == RoundStatus::Draft {
        return Err(Error::conflict("Đợt báo cáo chưa mở.", "The round is not open yet."));
    }
    if !completeness::place(tx, &bare.ask, unit.id)?.owes {
        return Err(Error::invalid(vec![Fault::at("/unit", FaultCode::NotOwed)]));
    }
    let id: ExceptionId = Id::new();
    let row = (
        round_exceptions::id.eq(id),
        round_exceptions::round_id.eq(round.id),
        round_exceptions::unit_id.eq(unit.id),
        round_exceptions::until_on.eq(new.until),
        round_exceptions::reason.eq(&new.reason),
        round_exceptions::granted_by.eq(tx.context.caller.person().map(|person| person.id)),
        round_exceptions::created_at.eq(tx.now()),
    );
    diesel::insert_into(round_exceptions::table).values(row).execute(tx.conn)?;
    read::find_exception(tx, id)?.ok_or_else(|| Error::internal("an exception that is not there"))
}
