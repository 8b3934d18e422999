//! Writing reports: beginning them, saying things, and the moves of their life.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::check::Checked;
use super::locked::{Locked, refused, touched};
use super::read;
use super::row::Row;
use super::{consolidate, live};
use crate::access::policy::Permission;
use crate::assignments;
use crate::assignments::model::AssignmentStatus;
use crate::clock::Instant;
use crate::db::schema::{report_amounts, report_levels, report_revisions, report_sources, reports};
use crate::db::{Tx, each, insert_all};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::forms::store::{Asked, asked};
use crate::ids::{Id, ReportId, RoundId, UnitId, UserId};
use crate::journal::{self, Entry};
use crate::reports::model::{NewReport, RecordKind, ReportPatch, ReportRecord, ReportReturn, ReportStatus, Returned, Submission};
use crate::rounds::model::RoundStatus;
use crate::rounds::rules::{day_of, is_over};
use crate::rounds::store as rounds;
use crate::sums::completeness::{self, Totals};
use crate::units::model::Kind;
use crate::units::store::referred_unit;
use crate::values;

#[derive(Insertable)]
#[diesel(table_name = reports, treat_none_as_default_value = false)]
struct NewRow {
    id: ReportId,
    round_id: RoundId,
    unit_id: UnitId,
    slot: Option<i32>,
    previous_id: Option<ReportId>,
    status: ReportStatus,
    revision: i32,
    late: Option<bool>,
    sections: String,
    merged: String,
    records: String,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

fn add(tx: &mut Tx<'_>, row: NewRow) -> Result<()> {
    let conn = &mut *tx.conn;
    let inserted = each!(conn => diesel::insert_into(reports::table).values(row).on_conflict_do_nothing().execute(conn))?;
    if inserted == 0 { Err(Error::duplicate("/unit")) } else { Ok(()) }
}

/// Begins a report of one's own unit, with what its assignments tell.
///
/// # Errors
/// 403 for another unit; 409 `duplicate` where there is one; 423 past the lock; 422 with every fault.
pub fn create(tx: &mut Tx<'_>, new: &NewReport) -> Result<ReportId> {
    let mut faults = Vec::new();
    let round = rounds::referred(tx, Fault::at("/round", FaultCode::UnknownReference), &new.round, &mut faults)?;
    let unit = referred_unit(tx, Fault::at("/unit", FaultCode::UnknownReference), &new.unit, &mut faults)?;
    let (Some(round), Some(unit)) = (round, unit) else { return Err(Error::invalid(faults)) };
    if !tx.scope()?.is_own(unit.id) {
        return Err(Error::forbidden().because("Chỉ lập báo cáo của đơn vị mình.", "A report is written of one's own unit."));
    }
    rounds::hold(tx, round)?;
    let round = rounds::bare(tx, vec![round])?.remove(&round).ok_or_else(Error::not_found)?;
    let place = completeness::place(tx, &round.ask, unit.id)?;
    if round.is_shut(place.role, tx.now()) && rounds::excepted(tx, &[(round.ask.round, unit.id)])?.is_empty() {
        return Err(refused());
    }
    if round.status == RoundStatus::Draft {
        return Err(Error::conflict("Đợt báo cáo chưa mở.", "The round is not open yet."));
    }
    if !place.owes {
        return Err(Error::invalid(vec![Fault::at("/unit", FaultCode::NotOwed)]));
    }
    // After a recall the unit begins anew, and it came when it first did.
    let came: Option<Option<bool>> = reports::table
        .filter(reports::round_id.eq(round.ask.round))
        .filter(reports::unit_id.eq(unit.id))
        .filter(reports::late.is_not_null())
        .order_by(reports::id)
        .select(reports::late)
        .first(tx.conn)
        .optional()?;
    let form = asked(tx, round.form.0, round.form.1)?;
    let sections = begun(tx, unit.id, &form)?;
    let (id, now): (ReportId, Instant) = (Id::new(), tx.now());
    let row = NewRow {
        id,
        round_id: round.ask.round,
        unit_id: unit.id,
        slot: Some(1),
        previous_id: None,
        status: ReportStatus::Draft,
        revision: 0,
        late: came.flatten(),
        sections: serde_json::to_string(&sections)?,
        merged: "{}".to_owned(),
        records: "[]".to_owned(),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    add(tx, row)?;
    Ok(id)
}

/// What the sections of groups begin with: the work of the unit, and what was said of it last.
fn begun(tx: &mut Tx<'_>, unit: UnitId, form: &Asked) -> Result<BTreeMap<String, String>> {
    // A program that may write reports is not told the work of the unit by that.
    if form.sections.iter().all(|section| section.group.is_none()) || !tx.context.caller.may(Permission::ReadAssignments) {
        return Ok(BTreeMap::new());
    }
    let told = assignments::store::told(tx, unit)?;
    let line = |work: &assignments::store::Told| {
        let stands = match work.status {
            AssignmentStatus::Confirmed => "đã hoàn thành".to_owned(),
            AssignmentStatus::ReportedDone => "đã báo cáo hoàn thành".to_owned(),
            AssignmentStatus::Paused => format!("tạm dừng, đạt {}%", work.percent),
            _ => format!("đạt {}%", work.percent),
        };
        let said = work.said.as_deref().map(|said| format!(" {}", said.trim())).unwrap_or_default();
        format!("- {}: {stands}.{said}", work.title)
    };
    let body = |group: &str| told.iter().filter(|work| work.group == group).map(line).collect::<Vec<_>>().join("\n");
    let sections = form.sections.iter().filter_map(|section| Some((section.key.clone(), body(section.group.as_deref()?))));
    Ok(sections.filter(|(_, body)| !body.is_empty()).collect())
}

/// Says sections anew and records values.
///
/// # Errors
/// Those of recording values, with the places of this body; 422 for a section or an indicator that the form does not have.
pub fn say(tx: &mut Tx<'_>, locked: &Locked, patch: &ReportPatch) -> Result<()> {
    let row = &locked.row;
    let question = live::question(tx, row.unit, &locked.round)?;
    let mut faults = Vec::new();
    let mut sections = locked.sections()?;
    let keys: Vec<&str> = question.form.sections.iter().map(|section| section.key.as_str()).collect();
    for (index, section) in patch.sections.iter().enumerate() {
        if patch.sections.iter().take(index).any(|other| other.key == section.key) {
            faults.push(Fault::at(format!("/sections/{index}"), FaultCode::DuplicateRow));
        } else if keys.contains(&section.key.as_str()) {
            sections.insert(section.key.clone(), section.body.clone());
        } else {
            faults.push(Fault::at(format!("/sections/{index}/key"), FaultCode::NotInList).with(keys.join(", ")));
        }
    }
    let unit = row.unit.to_string();
    let mut rows = Vec::with_capacity(patch.values.len());
    for (index, value) in patch.values.iter().enumerate() {
        let asked = question.asked.iter().find(|(_, one, _)| one.code == value.indicator || one.id.to_string() == value.indicator);
        match asked {
            Some((.., period)) => rows.push(value.row(&unit, &period.code)),
            None => faults.push(Fault::at(format!("/values/{index}/indicator"), FaultCode::UnknownReference)),
        }
    }
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    if !rows.is_empty() {
        // The unit and the period of a row are the report's: what is wrong with them is wrong with the row.
        let told = |error: Error| error.moved("/rows", "/values").without(&["/unit", "/period"]);
        values::store::record(tx, &rows, false).map_err(told)?;
    }
    let change = reports::sections.eq(serde_json::to_string(&sections)?);
    diesel::update(reports::table.filter(reports::id.eq(row.id))).set(change).execute(tx.conn)?;
    touched(tx, row.id)
}

fn caller(tx: &Tx<'_>) -> Option<UserId> {
    tx.context.caller.person().map(|person| person.id)
}

/// Hands a report in: what it says is kept as a numbered revision, word for word.
///
/// # Errors
/// 422 with everything that keeps it from being submitted.
pub fn submit(tx: &mut Tx<'_>, locked: &Locked, checked: Checked, submission: &Submission) -> Result<Totals> {
    if !checked.errors.is_empty() {
        return Err(Error::invalid(checked.errors));
    }
    let (row, now) = (&locked.row, tx.now());
    let number = row.revision + 1;
    let late = is_over(day_of(&locked.round.due_on, locked.place.role), now);
    let mut live = checked.live;
    live.content.notes.clone_from(&submission.notes);
    let kept = (
        report_revisions::report_id.eq(row.id),
        report_revisions::number.eq(number),
        report_revisions::submitted_by.eq(caller(tx)),
        report_revisions::submitted_at.eq(now),
        report_revisions::late.eq(late),
        report_revisions::content.eq(serde_json::to_string(&live.content)?),
        report_revisions::sections.eq(serde_json::to_string(&live.content.sections)?),
    );
    diesel::insert_into(report_revisions::table).values(kept).execute(tx.conn)?;
    keep_figures(tx, row.id, number, &live)?;
    let first = row.late.unwrap_or(late);
    let change = (
        reports::status.eq(ReportStatus::Submitted),
        reports::revision.eq(number),
        reports::late.eq(Some(first)),
        reports::submitted_by.eq(caller(tx)),
        reports::submitted_at.eq(Some(now)),
    );
    diesel::update(reports::table.filter(reports::id.eq(row.id))).set(change).execute(tx.conn)?;
    touched(tx, row.id)?;
    Ok(locked.turned(ReportStatus::Submitted, Some(first)))
}

/// Keeps what a revision adds up to, for the report above it.
fn keep_figures(tx: &mut Tx<'_>, id: ReportId, number: i32, live: &live::Live) -> Result<()> {
    let amounts: Vec<_> = live
        .amounts
        .iter()
        .map(|((indicator, period, of_places), amount)| {
            (
                report_amounts::report_id.eq(id),
                report_amounts::revision.eq(number),
                report_amounts::indicator_id.eq(*indicator),
                report_amounts::period_id.eq(*period),
                report_amounts::of_places.eq(*of_places),
                report_amounts::numerator.eq(amount.numerator),
                report_amounts::denominator.eq(amount.denominator),
                report_amounts::numerator_rows.eq(amount.numerator_rows),
                report_amounts::denominator_rows.eq(amount.denominator_rows),
                report_amounts::complete_rows.eq(amount.complete_rows),
            )
        })
        .collect();
    let levels: Vec<_> = live
        .levels
        .iter()
        .map(|(indicator, period, place, level)| {
            (
                report_levels::report_id.eq(id),
                report_levels::revision.eq(number),
                report_levels::indicator_id.eq(*indicator),
                report_levels::period_id.eq(*period),
                report_levels::locality_id.eq(*place),
                report_levels::level.eq(*level),
            )
        })
        .collect();
    insert_all!(&mut *tx.conn, amounts => |row| diesel::insert_into(report_amounts::table).values(row))?;
    // A locality that two reports tell of counts once.
    insert_all!(&mut *tx.conn, levels => |row| diesel::insert_into(report_levels::table).values(row).on_conflict_do_nothing())?;
    let sources: Vec<(ReportId, i32)> = report_sources::table
        .filter(report_sources::report_id.eq(id))
        .filter(report_sources::revision.eq(0))
        .select((report_sources::source_id, report_sources::source_revision))
        .load(tx.conn)?;
    let sources: Vec<_> = sources
        .into_iter()
        .map(|(source, revision)| {
            (
                report_sources::report_id.eq(id),
                report_sources::revision.eq(number),
                report_sources::source_id.eq(source),
                report_sources::source_revision.eq(revision),
            )
        })
        .collect();
    Ok(insert_all!(&mut *tx.conn, sources => |row| diesel::insert_into(report_sources::table).values(row))?)
}

/// Sends a report back.
///
/// # Errors
/// Database errors.
pub fn send_back(tx: &mut Tx<'_>, locked: &Locked, why: &ReportReturn) -> Result<Totals> {
    let returned = Returned { reason: why.reason.clone(), remarks: why.remarks.clone() };
    let change = (reports::status.eq(ReportStatus::Returned), reports::returned.eq(Some(serde_json::to_string(&returned)?)));
    diesel::update(reports::table.filter(reports::id.eq(locked.row.id))).set(change).execute(tx.conn)?;
    touched(tx, locked.row.id)?;
    Ok(locked.turned(ReportStatus::Returned, locked.row.late))
}

/// Takes a report: what was submitted last is what it says from now on. The one that it replaces is superseded, but the department's
/// only when this one is issued.
///
/// # Errors
/// Database errors.
pub fn accept(tx: &mut Tx<'_>, locked: &Locked) -> Result<Totals> {
    let row = &locked.row;
    if let (Some(outdated), _) = consolidate::faults(tx, locked)? {
        return Err(Error::invalid(vec![outdated]));
    }
    let change = (
        reports::status.eq(ReportStatus::Accepted),
        reports::accepted_by.eq(caller(tx)),
        reports::accepted_at.eq(Some(tx.now())),
        reports::accepted_for.eq(Some(tx.scope()?.root())),
    );
    diesel::update(reports::table.filter(reports::id.eq(row.id))).set(change).execute(tx.conn)?;
    touched(tx, row.id)?;
    consolidate::count(tx, row)?;
    if locked.kind != Kind::Department {
        supersede(tx, row)?;
    }
    Ok(locked.turned(ReportStatus::Accepted, row.late))
}

/// Puts a report in the place of the one that it replaces.
pub(super) fn supersede(tx: &mut Tx<'_>, row: &Row) -> Result<()> {
    let Some(previous) = row.previous.filter(|_| row.slot == Some(2)) else { return Ok(()) };
    let before = read::told(tx, previous)?;
    let change = (reports::status.eq(ReportStatus::Superseded), reports::slot.eq(None::<i32>));
    diesel::update(reports::table.filter(reports::id.eq(previous))).set(change).execute(tx.conn)?;
    touched(tx, previous)?;
    diesel::update(reports::table.filter(reports::id.eq(row.id))).set(reports::slot.eq(Some(1))).execute(tx.conn)?;
    let after = read::told(tx, previous)?;
    let entry = Entry::new("report.supersede", Some("report.superseded"), "report", previous.any());
    journal::append(tx, Entry { unit: Some(row.unit), ..entry.told(Some(&before), Some(&after), None)? })
}

/// Begins a report that is to replace one, with its words.
///
/// # Errors
/// 409 `duplicate` where one is being written already.
pub fn replace(tx: &mut Tx<'_>, locked: &Locked, reason: &str) -> Result<ReportId> {
    let (row, now) = (&locked.row, tx.now());
    record(tx, row, RecordKind::Replaced, reason, None)?;
    let id: ReportId = Id::new();
    let draft = NewRow {
        id,
        round_id: row.round,
        unit_id: row.unit,
        slot: Some(2),
        previous_id: Some(row.id),
        status: ReportStatus::Draft,
        revision: 0,
        // It came when the one before it did.
        late: row.late,
        sections: row.sections.clone(),
        merged: row.merged.clone(),
        records: "[]".to_owned(),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    add(tx, draft)?;
    Ok(id)
}

/// Throws a draft away that was never submitted.
///
/// # Errors
/// Database errors.
pub fn delete(tx: &mut Tx<'_>, locked: &Locked) -> Result<()> {
    let id = locked.row.id;
    diesel::delete(report_sources::table.filter(report_sources::report_id.eq(id))).execute(tx.conn)?;
    diesel::delete(report_amounts::table.filter(report_amounts::report_id.eq(id))).execute(tx.conn)?;
    diesel::delete(report_levels::table.filter(report_levels::report_id.eq(id))).execute(tx.conn)?;
    diesel::delete(reports::table.filter(reports::id.eq(id))).execute(tx.conn)?;
    Ok(())
}

/// Puts something on record.
pub(super) fn record(tx: &mut Tx<'_>, row: &Row, kind: RecordKind, reason: &str, text: Option<&str>) -> Result<()> {
    let by = tx.context.caller.person().map(|person| person.full_name.clone()).unwrap_or_default();
    let mut records: Vec<ReportRecord> = serde_json::from_str(&row.records)?;
    records.push(ReportRecord { kind, reason: reason.to_owned(), text: text.map(str::to_owned), by, at: tx.now() });
    let change = reports::records.eq(serde_json::to_string(&records)?);
    diesel::update(reports::table.filter(reports::id.eq(row.id))).set(change).execute(tx.conn)?;
    touched(tx, row.id)
}
