//! Reading assignments.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::dsl::{InnerJoinQuerySource, LeftJoinQuerySource, count_star, exists};
use diesel::prelude::*;

use crate::access::policy::{Permission, Role};
use crate::access::scope::Scope;
use crate::assignments::model::{Assignment, AssignmentFilters, AssignmentStatus, Progress, Timeliness};
use crate::assignments::rules::{self, Owed, Parties, Relation};
use crate::clock::Instant;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{
    assignment_extensions, assignment_units, assignment_updates, assignments, periods, task_groups, tasks, unit_closure,
};
use crate::db::{Db, open_end};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::of::{Period, Task};
use crate::ids::{AssignmentId, GroupId, PlanId, UnitId, UserId};
use crate::refs::{CatalogueRef, Named};
use crate::sums::progress::{self, Work};
use crate::tasks as tasks_resource;
use crate::text;
use crate::units::model::UnitRef;
use crate::units::store::{referred_card, unit_refs, within};

type Source = LeftJoinQuerySource<InnerJoinQuerySource<assignments::table, tasks::table>, periods::table>;

/// Assignments that the scope leads, shares or gave, with their tasks and periods. A macro, because the type has no name.
macro_rules! visible {
    ($scope:expr) => {{
        let scope: Scope = $scope;
        let shared = assignment_units::table
            .filter(assignment_units::unit_id.eq_any(within(scope.root(), scope.today())))
            .select(assignment_units::assignment_id);
        assignments::table.inner_join(tasks::table).left_join(periods::table).filter(
            assignments::unit_id
                .eq_any(within(scope.root(), scope.today()))
                .or(assignments::assigned_by.eq_any(within(scope.root(), scope.today())))
                .or(assignments::id.eq_any(shared)),
        )
    }};
}

/// Whether the unit that gave it is in the scope.
macro_rules! given_below {
    ($scope:expr) => {{
        let scope: Scope = $scope;
        exists(
            unit_closure::table
                .filter(unit_closure::descendant.eq(assignments::assigned_by))
                .filter(unit_closure::ancestor.eq(scope.root()))
                .filter(unit_closure::valid_from.le(scope.today()))
                .filter(unit_closure::valid_to.gt(scope.today())),
        )
    }};
}

#[derive(Debug, Queryable)]
pub(super) struct Row {
    pub(super) id: AssignmentId,
    task: Named<Task>,
    pub(super) group: GroupId,
    pub(super) plan: Option<PlanId>,
    pub(super) unit: UnitId,
    assigned_by: UnitId,
    period: Option<Named<Period>>,
    title: String,
    deliverable: Option<String>,
    pub(super) due_on: NaiveDate,
    pub(super) status: AssignmentStatus,
    pub(super) percent: i32,
    pub(super) reported_by: Option<UserId>,
    pub(super) reported_done_at: Option<Instant>,
    pub(super) done_on: Option<NaiveDate>,
    confirmed_at: Option<Instant>,
    reason: Option<String>,
    version: (i64, Instant, Instant),
    given_below: bool,
}

macro_rules! columns {
    ($scope:expr) => {
        (
            assignments::id,
            (tasks::id, tasks::code, tasks::title_vi, tasks::title_en),
            assignments::group_id,
            assignments::plan_id,
            assignments::unit_id,
            assignments::assigned_by,
            (periods::id, periods::code, periods::title_vi, periods::title_en).nullable(),
            assignments::title,
            assignments::deliverable,
            assignments::due_on,
            assignments::status,
            assignments::percent,
            assignments::reported_by,
            assignments::reported_done_at,
            assignments::done_on,
            assignments::confirmed_at,
            assignments::reason,
            (assignments::version, assignments::created_at, assignments::updated_at),
            given_below!($scope),
        )
    };
}

/// How the caller stands to it.
pub(super) fn relation(db: &Db<'_>, row: &Row) -> Relation {
    let (unit, assigned_by, given_below, reported_by) = (row.unit, row.assigned_by, row.given_below, row.reported_by);
    Relation::of(&db.context.caller, Parties { unit, assigned_by, given_below, reported_by })
}

/// The row with this id.
pub(super) fn row(db: &mut Db<'_>, id: AssignmentId) -> Result<Row> {
    let scope = db.scope()?;
    Ok(visible!(scope).filter(assignments::id.eq(id)).select(columns!(scope)).first(db.conn)?)
}

/// Rows with the units that they name.
pub(super) fn filled(db: &mut Db<'_>, rows: Vec<Row>) -> Result<Vec<Assignment>> {
    let today = db.today();
    let shared: Vec<(AssignmentId, UnitId)> = assignment_units::table
        .filter(assignment_units::assignment_id.eq_any(rows.iter().map(|row| row.id).collect::<Vec<_>>()))
        .load(db.conn)?;
    let mut named: Vec<UnitId> =
        rows.iter().flat_map(|row| [row.unit, row.assigned_by]).chain(shared.iter().map(|(_, unit)| *unit)).collect();
    named.sort_unstable();
    named.dedup();
    let units = unit_refs(db, named)?;
    let unit = |id: UnitId| units.get(&id).cloned().ok_or_else(|| Error::internal("an assignment without its unit"));
    let mut cooperating: HashMap<AssignmentId, Vec<UnitRef>> = HashMap::new();
    for (assignment, id) in &shared {
        cooperating.entry(*assignment).or_default().push(unit(*id)?);
    }
    rows.into_iter()
        .map(|row| {
            let relation = relation(db, &row);
            let (version, created_at, updated_at) = row.version;
            Ok(Assignment {
                cooperating: cooperating.remove(&row.id).unwrap_or_default(),
                unit: unit(row.unit)?,
                assigned_by: unit(row.assigned_by)?,
                overdue: rules::is_open(row.status) && row.due_on < today,
                timeliness: rules::timeliness(row.status, row.due_on, row.done_on, today),
                actions: rules::LIFE.actions(row.status, relation),
                id: row.id,
                task: CatalogueRef::of(row.task),
                plan: row.plan,
                period: row.period.map(CatalogueRef::of),
                title: row.title,
                deliverable: row.deliverable,
                due_on: open_end(row.due_on),
                status: row.status,
                percent: row.percent,
                reported_done_at: row.reported_done_at,
                confirmed_at: row.confirmed_at,
                reason: row.reason,
                version,
                created_at,
                updated_at,
            })
        })
        .collect()
}

/// The assignment with this id.
///
/// # Errors
/// 404 if the caller has no part in it.
pub fn get(db: &mut Db<'_>, id: AssignmentId) -> Result<Assignment> {
    find(db, id)?.ok_or_else(Error::not_found)
}

/// [`get`], where nothing is no fault.
///
/// # Errors
/// Database errors.
pub fn find(db: &mut Db<'_>, id: AssignmentId) -> Result<Option<Assignment>> {
    let scope = db.scope()?;
    let row: Option<Row> = visible!(scope).filter(assignments::id.eq(id)).select(columns!(scope)).first(db.conn).optional()?;
    Ok(filled(db, row.into_iter().collect())?.pop())
}

/// What filters name, looked up.
#[derive(Default)]
struct Wanted {
    unit: Option<UnitId>,
    root: Option<UnitId>,
    assigned_by: Option<UnitId>,
    task: Option<crate::ids::TaskId>,
    group: Option<GroupId>,
}

fn wanted(db: &mut Db<'_>, filters: &AssignmentFilters) -> Result<Wanted> {
    let mut faults = Vec::new();
    let mut unit = |db: &mut Db<'_>, parameter: &'static str, text: &Option<String>| match text {
        Some(text) => referred_card(db, Fault::of(parameter, FaultCode::UnknownReference), text, &mut faults),
        None => Ok(None),
    };
    let mut found = Wanted {
        unit: unit(db, "unit", &filters.unit)?,
        root: unit(db, "within", &filters.within)?,
        assigned_by: unit(db, "assigned_by", &filters.assigned_by)?,
        ..Wanted::default()
    };
    if let Some(text) = &filters.task {
        let fault = Fault::of("task", FaultCode::UnknownReference);
        found.task = tasks_resource::store::referred(db, fault, text, &mut faults)?.map(|task| task.id);
    }
    if let Some(text) = &filters.group {
        found.group = tasks_resource::store::referred_group(db, Fault::of("group", FaultCode::UnknownReference), text, &mut faults)?;
    }
    if faults.is_empty() { Ok(found) } else { Err(Error::invalid(faults)) }
}

type Condition = Box<dyn BoxableExpression<Source, crate::db::MultiBackend, SqlType = diesel::sql_types::Bool>>;

/// Those that wait for the caller's decision; `None` where it decides on nothing.
fn to_decide(db: &Db<'_>, scope: Scope) -> Option<Condition> {
    let person = db.context.caller.person().filter(|person| person.may(Permission::DecideAssignments))?;
    let mine = assignments::reported_by.is_null().or(assignments::reported_by.assume_not_null().ne_all(person.accounts()));
    let asked = assignment_extensions::table
        .filter(assignment_extensions::status.eq("asked"))
        .filter(assignment_extensions::asked_by.is_null().or(assignment_extensions::asked_by.assume_not_null().ne_all(person.accounts())))
        .select(assignment_extensions::assignment_id);
    let waits = assignments::status.eq(AssignmentStatus::ReportedDone).and(mine).or(assignments::id.eq_any(asked));
    let below = assignments::assigned_by.eq_any(within(scope.root(), scope.today()));
    if person.role == Role::Department {
        return Some(Box::new(waits.and(below).assume_not_null()));
    }
    let apart = assignments::unit_id.ne(scope.root()).and(assignments::unit_id.ne(scope.home()));
    Some(Box::new(waits.and(below).and(apart).assume_not_null()))
}

/// A page of assignments.
///
/// # Errors
/// 422 for a filter that names nothing.
pub fn list(
    db: &mut Db<'_>,
    filters: &AssignmentFilters,
    q: Option<&str>,
    since: Option<Instant>,
    page: &PageRequest,
) -> Result<Page<Assignment>> {
    let (scope, today) = (db.scope()?, db.today());
    let wanted = wanted(db, filters)?;
    let decides = filters.to_decide == Some(true);
    if decides && to_decide(db, scope).is_none() {
        return Ok(Page { rows: Vec::new(), next: None, limit: page.limit, total: page.count.then_some(0) });
    }
    let narrowed = |db: &Db<'_>| {
        let mut query = visible!(scope).into_boxed();
        if let Some(condition) = to_decide(db, scope).filter(|_| decides) {
            query = query.filter(condition);
        }
        if let Some(unit) = wanted.unit {
            query = query.filter(assignments::unit_id.eq(unit));
        }
        if let Some(root) = wanted.root {
            query = query.filter(assignments::unit_id.eq_any(within(root, today)));
        }
        if let Some(unit) = wanted.assigned_by {
            query = query.filter(assignments::assigned_by.eq(unit));
        }
        if let Some(task) = wanted.task {
            query = query.filter(assignments::task_id.eq(task));
        }
        if let Some(group) = wanted.group {
            query = query.filter(assignments::group_id.eq(group));
        }
        if let Some(plan) = filters.plan {
            query = query.filter(assignments::plan_id.eq(plan));
        }
        if let Some(status) = filters.status {
            query = query.filter(assignments::status.eq(status));
        }
        query = match filters.timeliness {
            Some(Timeliness::InTime) => query.filter(assignments::status.eq_any(rules::open())).filter(assignments::due_on.ge(today)),
            Some(Timeliness::Late) => query.filter(assignments::status.eq_any(rules::open())).filter(assignments::due_on.lt(today)),
            Some(Timeliness::DoneInTime) => query
                .filter(assignments::status.eq(AssignmentStatus::Confirmed))
                .filter(assignments::done_on.le(assignments::due_on.nullable())),
            Some(Timeliness::DoneLate) => query
                .filter(assignments::status.eq(AssignmentStatus::Confirmed))
                .filter(assignments::done_on.gt(assignments::due_on.nullable())),
            None => query,
        };
        if let Some(day) = filters.due_before {
            query = query.filter(assignments::due_on.lt(day));
        }
        if let Some(day) = filters.due_after {
            query = query.filter(assignments::due_on.ge(day));
        }
        if let Some(q) = q {
            query = query.filter(assignments::title_key.like(text::like(q)));
        }
        if let Some(since) = since {
            query = query.filter(assignments::updated_at.ge(since));
        }
        query
    };
    let total = if page.count { Some(narrowed(db).select(count_star()).first(db.conn)?) } else { None };
    let query = keyset!(narrowed(db), page, Source, {
        "due_on" => assignments::due_on: NaiveDate, "updated_at" => assignments::updated_at: Instant,
    }, assignments::id);
    let rows: Vec<Row> = query.select(columns!(scope)).load(db.conn)?;
    let cut = Page::cut(rows, page, total, |row: &Row, name| match name {
        "due_on" => row.due_on.write(),
        "updated_at" => row.version.2.write(),
        _ => row.id.write(),
    });
    let (rows, empty) = cut.split();
    Ok(empty.with(filled(db, rows)?))
}

/// How many wait for the caller's decision, among those that a unit or one below it leads.
///
/// # Errors
/// Database errors.
pub fn count_to_decide(db: &mut Db<'_>, root: UnitId) -> Result<i64> {
    let (scope, today) = (db.scope()?, db.today());
    let Some(condition) = to_decide(db, scope) else { return Ok(0) };
    let waiting = visible!(scope).into_boxed().filter(condition).filter(assignments::unit_id.eq_any(within(root, today)));
    Ok(waiting.select(count_star()).first(db.conn)?)
}

/// What a unit did, as a report tells it: the group and the title of each assignment that it leads, where it stands, and what was said
/// of it last.
#[derive(Clone, Debug)]
pub struct Told {
    /// The code of the group.
    pub group: String,
    /// The title.
    pub title: String,
    /// Where it stands.
    pub status: AssignmentStatus,
    /// How far it is.
    pub percent: i32,
    /// What was said of it last.
    pub said: Option<String>,
}

/// What a unit of the scope did, group by group.
///
/// # Errors
/// Database errors.
pub fn told(db: &mut Db<'_>, unit: UnitId) -> Result<Vec<Told>> {
    /// More than a report begins with.
    const MOST: i64 = 300;
    type Row = (AssignmentId, String, String, AssignmentStatus, i32);
    let rows: Vec<Row> = assignments::table
        .inner_join(task_groups::table.on(task_groups::id.eq(assignments::group_id)))
        .filter(assignments::unit_id.eq(unit))
        .filter(assignments::status.ne(AssignmentStatus::Cancelled))
        .order_by((task_groups::number, assignments::due_on, assignments::id))
        .limit(MOST)
        .select((assignments::id, task_groups::code, assignments::title, assignments::status, assignments::percent))
        .load(db.conn)?;
    let updates: Vec<(AssignmentId, String)> = assignment_updates::table
        .filter(assignment_updates::assignment_id.eq_any(rows.iter().map(|row| row.0).collect::<Vec<_>>()))
        .order_by((assignment_updates::created_at, assignment_updates::id))
        .select((assignment_updates::assignment_id, assignment_updates::body))
        .load(db.conn)?;
    let mut last: HashMap<AssignmentId, String> = updates.into_iter().collect();
    let told = rows.into_iter().map(|(id, group, title, status, percent)| Told { group, title, status, percent, said: last.remove(&id) });
    Ok(told.collect())
}

/// What a unit itself owes: the assignments that it leads.
///
/// # Errors
/// Database errors.
pub fn owed(db: &mut Db<'_>, unit: UnitId) -> Result<Owed> {
    let today = db.today();
    let rows: Vec<(AssignmentStatus, NaiveDate)> = assignments::table
        .filter(assignments::unit_id.eq(unit))
        .filter(assignments::status.eq_any(rules::open()))
        .select((assignments::status, assignments::due_on))
        .load(db.conn)?;
    let mut owed = Owed::default();
    for (status, due_on) in rows {
        owed.add(due_on, today, 1, i64::from(status == AssignmentStatus::Returned));
    }
    Ok(owed)
}

/// The progress of a unit with all below it, group by group, and what is owed of it.
///
/// # Errors
/// Database errors.
pub fn progress_by_group(db: &mut Db<'_>, unit: UnitId) -> Result<(Vec<(CatalogueRef, Progress)>, Owed)> {
    let today = db.today();
    let groups: Vec<Named<crate::ids::of::Group>> = task_groups::table
        .order_by(task_groups::number)
        .select((task_groups::id, task_groups::code, task_groups::title_vi, task_groups::title_en))
        .load(db.conn)?;
    let mut by_group: HashMap<GroupId, Vec<Work>> = HashMap::new();
    let mut owed = Owed::default();
    let works = progress::read(db, &[unit.any()])?.remove(&unit.any()).unwrap_or_default();
    for (group, due_on, amount) in works {
        owed.add(due_on, today, amount.open, amount.returned);
        by_group.entry(group).or_default().push((group, due_on, amount));
    }
    let told = groups.into_iter().map(|named| {
        let works = by_group.remove(&named.0).unwrap_or_default();
        (CatalogueRef::of(named), rules::progress(works.iter(), today))
    });
    Ok((told.collect(), owed))
}
