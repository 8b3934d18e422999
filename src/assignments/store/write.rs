//! Changing assignments: the row, its totals at every unit above and at its plan, in one transaction.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::read::{self, Row};
use crate::assignments::model::{Assignment, AssignmentAction, AssignmentStatus};
use crate::assignments::rules::{self, Relation};
use crate::clock::Instant;
use crate::db::schema::assignments;
use crate::db::{Conn, TreeRead, Tx};
use crate::error::{Error, Result};
use crate::ids::{AssignmentId, UnitId, UserId};
use crate::sums::progress::{self, Piece};

/// An assignment whose row is locked until the end of the transaction.
#[derive(Debug)]
pub struct Locked {
    /// The assignment as it stands.
    pub assignment: Assignment,
    /// How the caller stands to it.
    pub relation: Relation,
    /// Who reported it done last.
    pub reported_by: Option<UserId>,
    piece: Piece,
    done_on: Option<NaiveDate>,
}

fn piece(row: &Row) -> Piece {
    let amount = progress::amount(row.status.as_str(), row.percent, row.due_on, row.done_on);
    Piece { unit: row.unit, plan: row.plan, group: row.group, due_on: row.due_on, amount }
}

/// Locks an assignment. The tree is held first, in the order of all writers.
///
/// # Errors
/// 404 if the caller has no part in it.
pub fn lock(tx: &mut Tx<'_>, _: &TreeRead, id: AssignmentId) -> Result<Locked> {
    if let Conn::Pg(pg) = &mut *tx.conn {
        let row = assignments::table.filter(assignments::id.eq(id)).select(assignments::id);
        let _: Option<AssignmentId> = row.for_no_key_update().first(pg).optional()?;
    }
    let row = read::row(tx, id)?;
    let (relation, piece, reported_by, done_on) = (read::relation(tx, &row), piece(&row), row.reported_by, row.done_on);
    let assignment = read::filled(tx, vec![row])?.pop().ok_or_else(Error::not_found)?;
    Ok(Locked { assignment, relation, reported_by, piece, done_on })
}

impl Locked {
    /// The status after a move, if the caller may make it now.
    ///
    /// # Errors
    /// 403 where it stands otherwise to the assignment; 412 if `is_meant` refuses the version; 409 with what it may do instead.
    pub fn allows(&self, action: AssignmentAction, is_meant: impl FnOnce(i64) -> Result<()>) -> Result<AssignmentStatus> {
        rules::LIFE.after(self.assignment.status, action, self.relation, || is_meant(self.assignment.version))
    }
}

/// What changes; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The status after it.
    pub status: Option<AssignmentStatus>,
    /// How far it is.
    pub percent: Option<i32>,
    /// A new due date.
    pub due_on: Option<NaiveDate>,
    /// Why.
    pub reason: Option<String>,
}

/// Changes a locked assignment, and its totals with it.
///
/// # Errors
/// Database errors.
pub fn change(tx: &mut Tx<'_>, locked: &Locked, change: &Change) -> Result<()> {
    let (now, before) = (tx.now(), &locked.assignment);
    let status = change.status.unwrap_or(before.status);
    let percent = change.percent.unwrap_or(before.percent);
    let due_on = change.due_on.unwrap_or(locked.piece.due_on);
    let reports = status == AssignmentStatus::ReportedDone && before.status != status;
    let reported_at = if reports { Some(now) } else { before.reported_done_at };
    let reported_by = if reports { tx.context.caller.person().map(|person| person.id) } else { locked.reported_by };
    let (done_on, confirmed_at): (Option<NaiveDate>, Option<Instant>) = match status {
        AssignmentStatus::Confirmed => (reported_at.map(Instant::business_day), Some(now)),
        _ => (locked.done_on, before.confirmed_at),
    };
    let cancels = status == AssignmentStatus::Cancelled && before.status != status;
    let cancelled_by: Option<UnitId> = if cancels { Some(tx.scope()?.root()) } else { None };
    let row = assignments::table.filter(assignments::id.eq(before.id));
    diesel::update(row)
        .set((
            assignments::status.eq(status),
            assignments::cancelled_by.eq(cancelled_by),
            assignments::percent.eq(percent),
            assignments::due_on.eq(due_on),
            assignments::reported_by.eq(reported_by),
            assignments::reported_done_at.eq(reported_at),
            assignments::done_on.eq(done_on),
            assignments::confirmed_at.eq(confirmed_at),
            assignments::reason.eq(change.reason.as_ref().or(before.reason.as_ref())),
            assignments::version.eq(assignments::version + 1),
            assignments::updated_at.eq(now),
        ))
        .execute(tx.conn)?;
    let after = Piece { due_on, amount: progress::amount(status.as_str(), percent, due_on, done_on), ..locked.piece };
    progress::replace(tx, &[locked.piece], &[after])
}

/// Gives an assignment whose unit says that it is done its next version, because what shows it has changed: whoever looked at it before
/// confirms what it saw, or nothing.
///
/// # Errors
/// Database errors.
pub fn shown_otherwise(tx: &mut Tx<'_>, locked: &Locked) -> Result<()> {
    if locked.assignment.status != AssignmentStatus::ReportedDone {
        return Ok(());
    }
    let change = (assignments::version.eq(assignments::version + 1), assignments::updated_at.eq(tx.now()));
    diesel::update(assignments::table.filter(assignments::id.eq(locked.assignment.id))).set(change).execute(tx.conn)?;
    Ok(())
}
