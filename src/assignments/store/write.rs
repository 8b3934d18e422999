//! Writing assignments: the row, its totals at every unit above and at its plan, in one transaction.

use std::collections::HashSet;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::read::{self, Row};
use crate::assignments::model::{Assignment, AssignmentAction, AssignmentStatus, Selector};
use crate::assignments::rules::{self, Relation};
use crate::clock::Instant;
use crate::db::schema::{assignment_units, assignments, unit_spells, units};
use crate::db::{Conn, TreeRead, Tx, UNTIL_FURTHER_NOTICE, each};
use crate::error::{Error, Result};
use crate::ids::{AssignmentId, GroupId, PeriodId, PlanId, TaskId, UnitId, UserId};
use crate::sums::progress::{self, Piece};
use crate::text;
use crate::units::model::UnitRef;
use crate::units::store::within;

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
    let row = assignments::table.filter(assignments::id.eq(before.id));
    diesel::update(row)
        .set((
            assignments::status.eq(status),
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

/// An assignment to be recorded.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its id.
    pub id: AssignmentId,
    /// The task.
    pub task: TaskId,
    /// The group of the task.
    pub group: GroupId,
    /// The plan that it carries out.
    pub plan: Option<PlanId>,
    /// Who leads it.
    pub unit: UnitId,
    /// Who gives it.
    pub assigned_by: UnitId,
    /// The period that it is for.
    pub period: Option<PeriodId>,
    /// Its title.
    pub title: String,
    /// What there should be at the end.
    pub deliverable: Option<String>,
    /// Its last day.
    pub due_on: Option<NaiveDate>,
    /// Who works with it.
    pub cooperating: Vec<UnitId>,
}

#[derive(Insertable)]
#[diesel(table_name = assignments, treat_none_as_default_value = false)]
struct GivenRow {
    id: AssignmentId,
    task_id: TaskId,
    group_id: GroupId,
    plan_id: Option<PlanId>,
    unit_id: UnitId,
    assigned_by: UnitId,
    period_id: Option<PeriodId>,
    title: String,
    title_key: String,
    deliverable: Option<String>,
    due_on: NaiveDate,
    status: AssignmentStatus,
    percent: i32,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

/// Records assignments and answers those that were not there: one of a task, unit and period is made once, whoever else makes it now.
///
/// # Errors
/// Database errors.
pub fn give(tx: &mut Tx<'_>, _: &TreeRead, given: &[Given]) -> Result<HashSet<AssignmentId>> {
    let now = tx.now();
    let mut made = HashSet::with_capacity(given.len());
    for chunk in given.chunks(1000) {
        let rows: Vec<GivenRow> = chunk
            .iter()
            .map(|one| GivenRow {
                id: one.id,
                task_id: one.task,
                group_id: one.group,
                plan_id: one.plan,
                unit_id: one.unit,
                assigned_by: one.assigned_by,
                period_id: one.period,
                title_key: text::fold(&one.title),
                title: one.title.clone(),
                deliverable: one.deliverable.clone(),
                due_on: one.due_on.unwrap_or(UNTIL_FURTHER_NOTICE),
                status: AssignmentStatus::Assigned,
                percent: 0,
                version: 1,
                created_at: now,
                updated_at: now,
            })
            .collect();
        let conn = &mut *tx.conn;
        let there: Vec<AssignmentId> = each!(conn => diesel::insert_into(assignments::table)
            .values(&rows)
            .on_conflict((assignments::task_id, assignments::unit_id, assignments::period_id))
            .do_nothing()
            .returning(assignments::id)
            .get_results(conn))?;
        made.extend(there);
    }
    let new: Vec<&Given> = given.iter().filter(|one| made.contains(&one.id)).collect();
    let shared: Vec<_> = new
        .iter()
        .flat_map(|one| {
            one.cooperating.iter().map(|unit| (assignment_units::assignment_id.eq(one.id), assignment_units::unit_id.eq(*unit)))
        })
        .collect();
    let conn = &mut *tx.conn;
    each!(conn => diesel::insert_into(assignment_units::table).values(&shared).execute(conn))?;
    let pieces: Vec<Piece> = new
        .iter()
        .map(|one| {
            let due_on = one.due_on.unwrap_or(UNTIL_FURTHER_NOTICE);
            let amount = progress::amount(AssignmentStatus::Assigned.as_str(), 0, due_on, None);
            Piece { unit: one.unit, plan: one.plan, group: one.group, due_on, amount }
        })
        .collect();
    progress::replace(tx, &[], &pieces)?;
    Ok(made)
}

/// Puts an assignment that was just given into a later state: for loads of what was so already.
///
/// # Errors
/// Database errors.
pub fn seat(tx: &mut Tx<'_>, one: &Given, status: AssignmentStatus, percent: i32, done_on: Option<NaiveDate>) -> Result<()> {
    let due_on = one.due_on.unwrap_or(UNTIL_FURTHER_NOTICE);
    let reported = matches!(status, AssignmentStatus::ReportedDone | AssignmentStatus::Confirmed).then_some(tx.now());
    let reason = (status == AssignmentStatus::Returned).then_some("Chưa đủ minh chứng");
    diesel::update(assignments::table.filter(assignments::id.eq(one.id)))
        .set((
            assignments::status.eq(status),
            assignments::percent.eq(percent),
            assignments::done_on.eq(done_on),
            assignments::reported_done_at.eq(reported),
            assignments::confirmed_at.eq(reported.filter(|_| status == AssignmentStatus::Confirmed)),
            assignments::reason.eq(reason),
        ))
        .execute(tx.conn)?;
    let piece = |status: AssignmentStatus, percent: i32, done_on: Option<NaiveDate>| Piece {
        unit: one.unit,
        plan: one.plan,
        group: one.group,
        due_on,
        amount: progress::amount(status.as_str(), percent, due_on, done_on),
    };
    progress::replace(tx, &[piece(AssignmentStatus::Assigned, 0, None)], &[piece(status, percent, done_on)])
}

/// The units of the scope that a selector finds, and those of them that have the task already: for this period, or open where none is
/// asked.
///
/// # Errors
/// Database errors.
pub fn select(
    tx: &mut Tx<'_>,
    root: UnitId,
    selector: &Selector,
    task: TaskId,
    period: Option<PeriodId>,
    most: i64,
) -> Result<Vec<(UnitRef, Option<AssignmentId>)>> {
    let (scope, day) = (tx.scope()?, tx.today());
    let mut query = units::table
        .inner_join(unit_spells::table)
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .filter(units::valid_from.le(day))
        .filter(units::valid_to.gt(day))
        .filter(units::id.eq_any(within(scope.root(), day)))
        .filter(units::id.eq_any(within(root, day)))
        .filter(units::id.ne(root))
        .order_by(units::code)
        .limit(most)
        .select((units::id, units::code, unit_spells::name))
        .into_boxed();
    if let Some(kinds) = &selector.kinds {
        query = query.filter(units::kind.eq_any(kinds.clone()));
    }
    if let Some(types) = &selector.types {
        query = query.filter(units::type_.eq_any(types.clone()));
    }
    if let Some(levels) = &selector.levels {
        query = query.filter(crate::units::store::teaches(levels));
    }
    let found: Vec<(UnitId, String, String)> = query.load(tx.conn)?;
    let mut having = assignments::table
        .filter(assignments::task_id.eq(task))
        .filter(assignments::unit_id.eq_any(found.iter().map(|unit| unit.0).collect::<Vec<_>>()))
        .select((assignments::unit_id, assignments::id))
        .into_boxed();
    having = match period {
        Some(period) => having.filter(assignments::period_id.eq(period)),
        None => having.filter(assignments::period_id.is_null()).filter(assignments::status.eq_any(rules::open())),
    };
    let having: std::collections::HashMap<UnitId, AssignmentId> = having.load::<(UnitId, AssignmentId)>(tx.conn)?.into_iter().collect();
    Ok(found.into_iter().map(|(id, code, name)| (UnitRef { id, code, name }, having.get(&id).copied())).collect())
}
