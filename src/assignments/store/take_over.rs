//! Work for a period that the unit gave itself, or one that it has left: who stands above the unit gives it from now on. How far it is and what
//! was decided on it stays, by whomever: a due date that was decided on, what is confirmed, and what one cancelled who stands above the unit
//! still. What the unit cancelled itself, or one that it has left, begins again where the new one may decide on that.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use super::given::Given;
use crate::access::policy::Permission;
use crate::assignments::model::{AssignmentStatus, ExtensionStatus};
use crate::assignments::rules;
use crate::db::schema::{assignment_extensions, assignment_units, assignments, unit_closure, units};
use crate::db::{Conn, Tx, UNTIL_FURTHER_NOTICE, open_end};
use crate::error::Result;
use crate::ids::{AssignmentId, GroupId, PeriodId, PlanId, TaskId, UnitId};
use crate::journal::Entry;
use crate::sums::progress::{self, Piece};
use crate::text;

/// Whether one of a piece of work stands above the unit that leads it. Macros, because these types have no name.
macro_rules! above {
    ($one:expr, $day:expr) => {
        diesel::dsl::exists(
            unit_closure::table
                .filter(unit_closure::ancestor.nullable().eq($one))
                .filter(unit_closure::descendant.eq(assignments::unit_id))
                .filter(unit_closure::ancestor.ne(unit_closure::descendant))
                .filter(unit_closure::valid_from.le($day))
                .filter(unit_closure::valid_to.gt($day)),
        )
    };
}

/// Whether a piece of work stays as it is, whoever gives it again: one gave it that stands above, or a division, which gives for the
/// department; or it was cancelled for one that stands above, or nobody knows for whom.
macro_rules! keeps {
    ($day:expr) => {{
        let day: chrono::NaiveDate = $day;
        let divisions = units::table.filter(units::kind.eq(crate::units::model::Kind::Division)).select(units::id);
        let given = $crate::assignments::store::take_over::above!(assignments::assigned_by.nullable(), day)
            .or(assignments::assigned_by.eq_any(divisions));
        let stopped = assignments::cancelled_by.is_null().or($crate::assignments::store::take_over::above!(assignments::cancelled_by, day));
        given.or(assignments::status.eq(crate::assignments::model::AssignmentStatus::Cancelled).and(stopped))
    }};
}

pub(super) use {above, keeps};

/// What was taken over.
#[derive(Default)]
pub(super) struct Taken {
    /// What was to be given, and under which id it is there.
    pub(super) ids: HashMap<AssignmentId, AssignmentId>,
    /// What it was in the sums.
    pub(super) before: Vec<Piece>,
    /// What it is.
    pub(super) after: Vec<Piece>,
    /// What is to be told of it.
    pub(super) entries: Vec<Entry>,
}

/// What keeps two pieces of work apart.
type Place = (TaskId, UnitId, Option<PeriodId>);

#[derive(Clone, Queryable)]
struct There {
    id: AssignmentId,
    place: Place,
    giver: UnitId,
    plan: Option<PlanId>,
    group: GroupId,
    status: AssignmentStatus,
    percent: i32,
    due_on: NaiveDate,
    done_on: Option<NaiveDate>,
    reason: Option<String>,
    words: (String, Option<String>),
}

/// What the journal tells of it: all that may become different.
#[derive(Serialize)]
struct Told<'t> {
    assigned_by: UnitId,
    plan: Option<PlanId>,
    title: &'t str,
    deliverable: Option<&'t str>,
    due_on: Option<NaiveDate>,
    status: AssignmentStatus,
    cooperating: Vec<UnitId>,
}

impl There {
    fn told(&self, shared: &[(AssignmentId, UnitId)]) -> Told<'_> {
        Told {
            assigned_by: self.giver,
            plan: self.plan,
            title: &self.words.0,
            deliverable: self.words.1.as_deref(),
            due_on: open_end(self.due_on),
            status: self.status,
            cooperating: shared.iter().filter(|(of, _)| *of == self.id).map(|(_, unit)| *unit).collect(),
        }
    }
}

impl<'t> Told<'t> {
    fn of(one: &'t Given, status: AssignmentStatus, due_on: NaiveDate) -> Self {
        Self {
            assigned_by: one.assigned_by,
            plan: one.plan,
            title: &one.title,
            deliverable: one.deliverable.as_deref(),
            due_on: open_end(due_on),
            status,
            cooperating: one.cooperating.clone(),
        }
    }
}

/// Takes over what of these is there from the unit itself or from one that it has left. A unit takes its own work over from nobody.
///
/// # Errors
/// Database errors.
pub(super) fn take_over(tx: &mut Tx<'_>, lost: &[&Given]) -> Result<Taken> {
    let mut taken = Taken::default();
    let lost: HashMap<Place, &Given> = lost
        .iter()
        .filter(|one| one.period.is_some() && one.assigned_by != one.unit)
        .map(|one| ((one.task, one.unit, one.period), *one))
        .collect();
    if lost.is_empty() {
        return Ok(taken);
    }
    let mut found = theirs(tx, &lost)?;
    if let Conn::Pg(pg) = &mut *tx.conn {
        // In one order, like everybody; who waited reads again.
        let rows = assignments::table.filter(assignments::id.eq_any(found.iter().map(|(there, ..)| there.id).collect::<Vec<_>>()));
        let _: Vec<AssignmentId> = rows.order_by(assignments::id).select(assignments::id).for_no_key_update().load(pg)?;
        found = theirs(tx, &lost)?;
    }
    let shared = assignment_units::assignment_id.eq_any(found.iter().map(|(there, ..)| there.id).collect::<Vec<_>>());
    let shared = assignment_units::table.filter(shared);
    let shared_before: Vec<(AssignmentId, UnitId)> = shared.clone().order_by(assignment_units::unit_id).load(tx.conn)?;
    diesel::delete(shared).execute(tx.conn)?;
    let decided = decided(tx, &found)?;
    for (there, one, after) in found {
        // A date that somebody decided on is the date.
        let due_on = if decided.contains(&there.id) { there.due_on } else { one.due_on.unwrap_or(UNTIL_FURTHER_NOTICE) };
        write(tx, &there, one, (after, due_on))?;
        let amount = progress::amount(there.status.as_str(), there.percent, there.due_on, there.done_on);
        let before = Piece { unit: one.unit, plan: there.plan, group: there.group, due_on: there.due_on, amount };
        let amount = progress::amount(after.as_str(), there.percent, due_on, None);
        taken.before.push(before);
        taken.after.push(Piece { plan: one.plan, due_on, amount, ..before });
        taken.ids.insert(one.id, there.id);
        let entry = |event: &'static str| Entry::new("assignment.take_over", Some(event), "assignment", there.id.any());
        if there.giver != one.unit {
            // The unit has left it: it sees this no more.
            taken.entries.push(Entry { unit: Some(there.giver), deleted: true, ..entry("assignment.deleted") });
        }
        let (was, is) = (there.told(&shared_before), Told::of(one, after, due_on));
        taken.entries.push(Entry { unit: Some(one.unit), ..entry("assignment.updated").told(Some(&was), Some(&is), None)? });
    }
    Ok(taken)
}

/// Whether the caller may begin again what was cancelled. The calendar decides on nothing.
pub(super) fn decides(tx: &Tx<'_>) -> bool {
    tx.context.caller.person().is_some_and(|person| person.may(Permission::DecideAssignments))
}

/// What stands in these places from the units themselves, or from others that they have left, by id, and the status that it goes over with.
fn theirs<'g>(tx: &mut Tx<'_>, lost: &HashMap<Place, &'g Given>) -> Result<Vec<(There, &'g Given, AssignmentStatus)>> {
    let decides = decides(tx);
    let rows: Vec<There> = assignments::table
        .filter(assignments::task_id.eq_any(lost.keys().map(|place| place.0).collect::<HashSet<_>>()))
        .filter(assignments::unit_id.eq_any(lost.keys().map(|place| place.1).collect::<HashSet<_>>()))
        .filter(assignments::period_id.eq_any(lost.keys().filter_map(|place| place.2).collect::<HashSet<_>>()))
        .filter(diesel::dsl::not(keeps!(tx.today())))
        .order_by(assignments::id)
        .select((
            assignments::id,
            (assignments::task_id, assignments::unit_id, assignments::period_id),
            assignments::assigned_by,
            assignments::plan_id,
            assignments::group_id,
            assignments::status,
            assignments::percent,
            assignments::due_on,
            assignments::done_on,
            assignments::reason,
            (assignments::title, assignments::deliverable),
        ))
        .load(tx.conn)?;
    let free = |there: There| {
        let (one, after) = (*lost.get(&there.place)?, rules::taken_over(there.status, decides)?);
        Some((there, one, after))
    };
    Ok(rows.into_iter().filter_map(free).collect())
}

/// Those of these that a later due date was granted for, or refused.
fn decided(tx: &mut Tx<'_>, found: &[(There, &Given, AssignmentStatus)]) -> Result<HashSet<AssignmentId>> {
    let extensions = assignment_extensions::table
        .filter(assignment_extensions::assignment_id.eq_any(found.iter().map(|(there, ..)| there.id).collect::<Vec<_>>()))
        .filter(assignment_extensions::status.ne(ExtensionStatus::Asked));
    Ok(extensions.select(assignment_extensions::assignment_id).load(tx.conn)?.into_iter().collect())
}

fn write(tx: &mut Tx<'_>, there: &There, one: &Given, (after, due_on): (AssignmentStatus, NaiveDate)) -> Result<()> {
    // Why it was cancelled is told of it no more once it begins again.
    let reason = there.reason.as_ref().filter(|_| after == there.status);
    let change = (
        assignments::assigned_by.eq(one.assigned_by),
        assignments::plan_id.eq(one.plan),
        assignments::title.eq(&one.title),
        assignments::title_key.eq(text::fold(&one.title)),
        assignments::deliverable.eq(&one.deliverable),
        assignments::due_on.eq(due_on),
        assignments::status.eq(after),
        assignments::cancelled_by.eq(None::<UnitId>),
        assignments::reason.eq(reason),
        assignments::version.eq(assignments::version + 1),
        assignments::updated_at.eq(tx.now()),
    );
    diesel::update(assignments::table.filter(assignments::id.eq(there.id))).set(change).execute(tx.conn)?;
    for unit in &one.cooperating {
        let shared = (assignment_units::assignment_id.eq(there.id), assignment_units::unit_id.eq(*unit));
        diesel::insert_into(assignment_units::table).values(shared).execute(tx.conn)?;
    }
    Ok(())
}
