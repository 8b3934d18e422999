//! Giving tasks: to one unit, to those that a selector finds, or as they were given already.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::given::Given;
use super::take_over::{decides, keeps, take_over};
use crate::access::policy::Permission;
use crate::assignments::model::{AssignmentStatus, BulkAnswer, BulkOutcome, BulkRow, BulkSummary, NewAssignment, NewAssignments, Selector};
use crate::assignments::rules;
use crate::clock::Instant;
use crate::db::schema::{assignment_units, assignments, unit_closure, unit_spells, units};
use crate::db::{TreeRead, Tx, UNTIL_FURTHER_NOTICE, in_blocks, insert_all};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::{AssignmentId, GroupId, Id, Key, PeriodId, PlanId, TaskId, UnitId};
use crate::journal::{self, Entry};
use crate::sums::progress::{self, Piece};
use crate::tasks::model::Task;
use crate::units::model::UnitRef;
use crate::units::store::{referred_card, referred_unit, teaches, within};
use crate::{periods, plans, tasks, text};

/// More units than this are too many for one call.
const MOST_UNITS: i64 = 1000;

/// What a task is given with, looked up.
struct Named {
    task: Task,
    plan: Option<PlanId>,
    period: Option<PeriodId>,
}

fn resolve(tx: &mut Tx<'_>, task: &str, plan: Option<PlanId>, period: Option<&str>, faults: &mut Vec<Fault>) -> Result<Option<Named>> {
    let unknown = |member: &'static str| Fault::at(member, FaultCode::UnknownReference);
    let task = tasks::store::referred(tx, unknown("/task"), task, faults)?;
    if let Some(id) = plan
        && !plans::store::is_own_in_force(tx, id)?
    {
        faults.push(unknown("/plan"));
    }
    let period = period.map(|text| periods::store::referred(tx, unknown("/period"), text, faults)).transpose()?.flatten();
    Ok(task.map(|task| Named { task, plan, period: period.map(|period| period.id) }))
}

fn given(named: &Named, unit: UnitId, assigned_by: UnitId) -> Given {
    Given {
        id: Id::new(),
        task: named.task.id,
        group: named.task.group.id.of(),
        plan: named.plan,
        unit,
        assigned_by,
        period: named.period,
        title: named.task.title_vi.clone(),
        deliverable: None,
        due_on: None,
        cooperating: Vec::new(),
    }
}

/// Gives a task to a unit, and answers the assignment, and whether it is a new one.
///
/// # Errors
/// 422 with everything that names nothing; 409 `duplicate` where the unit has the task for the period already.
pub fn give_one(tx: &mut Tx<'_>, new: &NewAssignment) -> Result<(AssignmentId, bool)> {
    let tree = tx.hold_tree()?;
    let mut faults = Vec::new();
    let named = resolve(tx, &new.task, new.plan, new.period.as_deref(), &mut faults)?;
    let unit = referred_unit(tx, Fault::at("/unit", FaultCode::UnknownReference), &new.unit, &mut faults)?;
    let mut cooperating = Vec::with_capacity(new.cooperating.len());
    for (index, text) in new.cooperating.iter().enumerate() {
        let fault = Fault::at(format!("/cooperating/{index}"), FaultCode::UnknownReference);
        cooperating.extend(referred_card(tx, fault, text, &mut faults)?);
    }
    cooperating.sort_unstable();
    cooperating.dedup();
    let (Some(named), Some(unit), true) = (named, unit, faults.is_empty()) else { return Err(Error::invalid(faults)) };
    let by = tx.scope()?.root();
    let one = Given { due_on: new.due_on, deliverable: new.deliverable.clone(), cooperating, ..given(&named, unit.id, by) };
    let made = give(tx, &tree, std::slice::from_ref(&one))?;
    let id = made.ids.get(&one.id).copied().ok_or_else(|| Error::duplicate("/period"))?;
    let fresh = made.is_fresh(&one);
    journal::append_all(tx, made.taken)?;
    Ok((id, fresh))
}

/// Gives a task to the units that a selector finds, and says what became of each.
///
/// # Errors
/// 422 with everything that names nothing, and for more units than one call takes.
pub fn give_many(tx: &mut Tx<'_>, new: &NewAssignments) -> Result<BulkAnswer> {
    let tree = tx.hold_tree()?;
    let mut faults = Vec::new();
    let named = resolve(tx, &new.task, new.plan, new.period.as_deref(), &mut faults)?;
    let fault = Fault::at("/selector/within", FaultCode::UnknownReference);
    let root = referred_unit(tx, fault, &new.selector.within, &mut faults)?;
    let (Some(named), Some(root), true) = (named, root, faults.is_empty()) else { return Err(Error::invalid(faults)) };
    // What units have is told to no program that may only give.
    let is_told = tx.context.caller.may(Permission::ReadAssignments);
    if new.dry_run {
        tx.context.caller.must(Permission::ReadAssignments)?;
    }
    if named.period.is_none() {
        // No key keeps two of a task without a period apart: who gives it to many waits for who does so now.
        tasks::store::lock(tx, &Key::from(named.task.id))?;
    }
    let found = select(tx, root.id, &new.selector, named.task.id, named.period, MOST_UNITS + 1)?;
    if i64::try_from(found.len()).unwrap_or(i64::MAX) > MOST_UNITS {
        return Err(Error::invalid(vec![Fault::at("/selector", FaultCode::OutOfRange).with(format!("≤ {MOST_UNITS}"))]));
    }
    let by = tx.scope()?.root();
    let mut rows = Vec::with_capacity(found.len());
    let mut fresh = Vec::new();
    for (index, (unit, existing)) in found.into_iter().enumerate() {
        let one = Given { due_on: new.due_on, deliverable: new.deliverable.clone(), ..given(&named, unit.id, by) };
        let (outcome, id) = match existing {
            Some(id) => (BulkOutcome::Exists, is_told.then_some(id)),
            None => (BulkOutcome::Created, (!new.dry_run).then_some(one.id)),
        };
        if existing.is_none() {
            fresh.push(one);
        }
        rows.push(BulkRow { index, outcome, id, unit, errors: Vec::new() });
    }
    if !new.dry_run {
        let made = give(tx, &tree, &fresh)?;
        // What somebody else made meanwhile is theirs, and not told twice.
        let lost = |row: &&mut BulkRow| row.outcome == BulkOutcome::Created && !row.id.is_some_and(|id| made.ids.contains_key(&id));
        let units: Vec<UnitId> = rows.iter_mut().filter(lost).map(|row| row.unit.id).collect();
        let theirs = having(tx, units, named.task.id, named.period)?;
        for row in rows.iter_mut().filter(lost) {
            (row.outcome, row.id) = (BulkOutcome::Exists, theirs.get(&row.unit.id).copied().filter(|_| is_told));
        }
        for row in rows.iter_mut().filter(|row| row.outcome == BulkOutcome::Created) {
            row.id = row.id.and_then(|id| made.ids.get(&id).copied());
        }
        fresh.retain(|one| made.is_fresh(one));
        let told = |one: &Given| {
            let after = serde_json::json!({"task": named.task.code, "due_on": one.due_on, "deliverable": one.deliverable});
            let entry = Entry::new("assignment.create", Some("assignment.created"), "assignment", one.id.any());
            Ok(Entry { unit: Some(one.unit), ..entry.told(None, Some(&after), None)? })
        };
        journal::append_all(tx, fresh.iter().map(told).collect::<Result<_>>()?)?;
        journal::append_all(tx, made.taken)?;
    }
    let created = rows.iter().filter(|row| row.outcome == BulkOutcome::Created).count();
    let summary = BulkSummary { created, exists: rows.len() - created };
    Ok(BulkAnswer { dry_run: new.dry_run, summary, rows })
}

/// The units of the scope that a selector finds, and those of them that have the task already: for this period, or open where none is
/// asked.
fn select(
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
        query = query.filter(teaches(levels));
    }
    let found: Vec<(UnitId, String, String)> = query.load(tx.conn)?;
    let having = having(tx, found.iter().map(|unit| unit.0).collect(), task, period)?;
    Ok(found.into_iter().map(|(id, code, name)| (UnitRef { id, code, name }, having.get(&id).copied())).collect())
}

/// Which of these units have the task already: open where no period is asked; for a period from one above them, or settled. What they gave
/// themselves, or one that they have left, is taken over.
fn having(tx: &mut Tx<'_>, units: Vec<UnitId>, task: TaskId, period: Option<PeriodId>) -> Result<HashMap<UnitId, AssignmentId>> {
    if units.is_empty() {
        return Ok(HashMap::new());
    }
    let day = tx.today();
    let mut having = assignments::table
        .filter(assignments::task_id.eq(task))
        .filter(assignments::unit_id.eq_any(units))
        .select((assignments::unit_id, assignments::id))
        .into_boxed();
    let decides = decides(tx);
    let settled: Vec<AssignmentStatus> =
        AssignmentStatus::ALL.iter().copied().filter(|status| rules::taken_over(*status, decides).is_none()).collect();
    having = match period {
        Some(period) => having.filter(assignments::period_id.eq(period)).filter(keeps!(day).or(assignments::status.eq_any(settled))),
        None => having.filter(assignments::period_id.is_null()).filter(assignments::status.eq_any(rules::open())),
    };
    Ok(having.load::<(UnitId, AssignmentId)>(tx.conn)?.into_iter().collect())
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

/// What was made of what was to be given.
pub struct Made {
    /// Under which ids it is there now: its own, or that of what was taken over. What another has is left out.
    pub ids: HashMap<AssignmentId, AssignmentId>,
    /// What is to be told of what was taken over, after what was made.
    pub taken: Vec<Entry>,
}

impl Made {
    /// Whether it was there before in no form.
    #[must_use]
    pub fn is_fresh(&self, one: &Given) -> bool {
        self.ids.get(&one.id) == Some(&one.id)
    }
}

/// Records assignments: one of a task, unit and period is made once, whoever else makes it now. One that the unit gave itself, or that one
/// gave which it has left, is taken over; any other is left as it is.
///
/// # Errors
/// Database errors.
pub fn give(tx: &mut Tx<'_>, _: &TreeRead, given: &[Given]) -> Result<Made> {
    let now = tx.now();
    let mut made = HashSet::with_capacity(given.len());
    // Many units are given one task: its title is folded once.
    let keys: HashMap<&str, String> =
        given.iter().map(|one| one.title.as_str()).collect::<HashSet<_>>().into_iter().map(|title| (title, text::fold(title))).collect();
    let rows: Vec<GivenRow> = given
        .iter()
        .map(|one| GivenRow {
            id: one.id,
            task_id: one.task,
            group_id: one.group,
            plan_id: one.plan,
            unit_id: one.unit,
            assigned_by: one.assigned_by,
            period_id: one.period,
            title_key: keys.get(one.title.as_str()).cloned().unwrap_or_default(),
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
    in_blocks!(&mut *tx.conn, rows => |row, conn| diesel::insert_into(assignments::table)
        .values(row)
        .on_conflict((assignments::task_id, assignments::unit_id, assignments::period_id))
        .do_nothing()
        .returning(assignments::id)
        .get_results::<AssignmentId>(conn)
        .map(|there| made.extend(there)))?;
    let new: Vec<&Given> = given.iter().filter(|one| made.contains(&one.id)).collect();
    let shared: Vec<_> = new
        .iter()
        .flat_map(|one| {
            one.cooperating.iter().map(|unit| (assignment_units::assignment_id.eq(one.id), assignment_units::unit_id.eq(*unit)))
        })
        .collect();
    insert_all!(&mut *tx.conn, shared => |row| diesel::insert_into(assignment_units::table).values(row))?;
    let pieces: Vec<Piece> = new
        .iter()
        .map(|one| {
            let due_on = one.due_on.unwrap_or(UNTIL_FURTHER_NOTICE);
            let amount = progress::amount(AssignmentStatus::Assigned.as_str(), 0, due_on, None);
            Piece { unit: one.unit, plan: one.plan, group: one.group, due_on, amount }
        })
        .collect();
    let lost: Vec<&Given> = given.iter().filter(|one| !made.contains(&one.id)).collect();
    let taken = take_over(tx, &lost)?;
    // All at once and last, so that the busiest rows are locked as briefly as can be.
    progress::replace(tx, &taken.before, &[pieces, taken.after].concat())?;
    let ids = made.into_iter().map(|id| (id, id)).chain(taken.ids).collect();
    Ok(Made { ids, taken: taken.entries })
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
