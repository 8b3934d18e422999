//! Assignments on HTTP.

use super::model::{
    Assignment, AssignmentAction as Action, AssignmentFilters, AssignmentStatus, BulkAnswer, Decision, Extension, ExtensionStatus,
    MoveReason, NewAssignment, NewAssignments, NewExtension, NewUpdate, ProgressUpdate,
};
use super::rules;
use super::store::{self, Change, Locked};
use crate::access::Access;
use crate::access::policy::{DecideAssignments, Permission, Permit, ReadAssignments, SteerAssignments, WriteAssignments};
use crate::db::Tx;
use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::http::answers::{Created, Paged, Plain, Resource, Rows, Single};
use crate::http::gate::Weight;
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, MayMatch, Path};
use crate::http::registrar::Registrar;
use crate::ids::{AssignmentId, ExtensionId};
use crate::journal::{self, Entry};
use crate::patch::Nothing;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("assignments", "Phân công: tasks given to units, their progress, and what is decided on it.");
    api.path("/assignments")
        .get(list_assignments, "List assignments", "That units of the scope lead, share or gave; `to_decide=true` is one's own desk.")
        .post(create_assignment, "Give a task to a unit", "To one's own unit or one below; one of a task, unit and period is made once. What the unit gave itself, or one that it has left, is given by who stands above it from then on: what was decided on it stays.")
        .refuses(&[Code::Duplicate])
        .done();
    api.path("/assignments/bulk")
        .post(
            create_assignments,
            "Give a task to many units",
            "To those that a selector finds, at most 1,000; `dry_run` only says to whom.",
        )
        .weighs(Weight::Heavy)
        .done();
    api.path("/assignments/{assignment}").get(get_assignment, "Read an assignment", "If one's scope leads, shares or gave it.").done();
    api.path("/assignments/{assignment}/start")
        .post(start_assignment, "Begin", "By an editor of the unit that leads it; the first update does so by itself.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/assignments/{assignment}/report-done")
        .post(report_assignment_done, "Say that it is done", "By an editor of the unit that leads it; who gave it confirms or returns.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/assignments/{assignment}/confirm")
        .post(confirm_assignment, "Agree that it is done", "By an approver of the unit that gave it, or above, who did not report it.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/assignments/{assignment}/return")
        .post(return_assignment, "Send it back", "By an approver of the unit that gave it, or above, with a reason.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/assignments/{assignment}/resume")
        .post(resume_assignment, "Go on", "After a return by the unit that leads it, after a pause by who gave it.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/assignments/{assignment}/pause")
        .post(pause_assignment, "Let it rest", "By who gave it, with a reason.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/assignments/{assignment}/cancel")
        .post(cancel_assignment, "Want it no more", "By who gave it, with a reason; it counts nowhere from then on.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/assignments/{assignment}/updates")
        .get(list_updates, "List what was said of it", "Never changed, only added to.")
        .post(create_update, "Tell its progress", "By an editor of the unit that leads it.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/assignments/{assignment}/extensions")
        .get(list_extensions, "List the later due dates that were asked", "With what was decided.")
        .post(create_extension, "Ask for a later due date", "By an editor of the unit that leads it; one at a time.")
        .refuses(&[Code::IllegalTransition, Code::Duplicate])
        .done();
    api.path("/assignments/{assignment}/extensions/{extension}/grant")
        .post(grant_extension, "Grant a later due date", "By an approver of the unit that gave it, or above, who did not ask.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/assignments/{assignment}/extensions/{extension}/refuse")
        .post(refuse_extension, "Refuse a later due date", "By an approver of the unit that gave it, or above, who did not ask.")
        .refuses(&[Code::IllegalTransition])
        .done();
}

impl Resource for Assignment {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/assignments/{}", self.id)
    }
}

impl Resource for ProgressUpdate {
    fn version(&self) -> Option<i64> {
        None
    }
    fn location(&self) -> String {
        format!("/api/v1/assignments/{}/updates", self.assignment)
    }
}

impl Resource for Extension {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/assignments/{}/extensions", self.assignment)
    }
}

impl Filters for AssignmentFilters {
    const SORTS: &'static [&'static str] = &["due_on", "updated_at"];
    const SEARCH: bool = true;
    const UPDATED: bool = true;
    fn several(&self) -> bool {
        true
    }
}

/// Lists of updates have no filters.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
struct UpdateFilters {}

impl Filters for UpdateFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
    const NEWEST_FIRST: bool = true;
    fn several(&self) -> bool {
        true
    }
}

async fn list_assignments(access: Access<ReadAssignments>, list: List<AssignmentFilters>) -> Result<Paged<Assignment>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.q.as_deref(), list.updated_since, &list.page)).await
}

async fn get_assignment(access: Access<ReadAssignments>, Path(id): Path<AssignmentId>) -> Result<Single<Assignment>> {
    access.snapshot(move |db| store::get(db, id)).await.map(Single)
}

async fn list_updates(
    access: Access<ReadAssignments>,
    Path(id): Path<AssignmentId>,
    list: List<UpdateFilters>,
) -> Result<Paged<ProgressUpdate>> {
    list.answer(&access, move |db, list| store::updates(db, id, &list.page)).await
}

async fn list_extensions(access: Access<ReadAssignments>, Path(id): Path<AssignmentId>) -> Result<Rows<Extension>> {
    access.snapshot(move |db| store::extensions(db, id)).await.map(Rows)
}

async fn create_assignment(access: Access<WriteAssignments>, Body(new): Body<NewAssignment>) -> Result<Created<Assignment>> {
    let assignment = access
        .write(move |tx| {
            let (id, fresh) = store::give_one(tx, &new)?;
            if !fresh {
                // How far it was with another is told to no program that may only give.
                tx.context.caller.must(Permission::ReadAssignments)?;
            }
            let assignment = store::get(tx, id)?;
            if fresh {
                journal::append(tx, entry("assignment.create", "assignment.created", None, &assignment, None)?)?;
            }
            Ok(assignment)
        })
        .await?;
    Ok(Created(assignment))
}

async fn create_assignments(access: Access<WriteAssignments>, Body(new): Body<NewAssignments>) -> Result<Plain<BulkAnswer>> {
    access.write(move |tx| store::give_many(tx, &new)).await.map(Plain)
}

async fn start_assignment(
    access: Access<WriteAssignments>,
    Path(id): Path<AssignmentId>,
    Body(_): Body<Nothing>,
    may: MayMatch,
) -> Result<Single<Assignment>> {
    turn(access, id, may, Action::Start, None).await
}

async fn report_assignment_done(
    access: Access<WriteAssignments>,
    Path(id): Path<AssignmentId>,
    Body(_): Body<Nothing>,
    may: MayMatch,
) -> Result<Single<Assignment>> {
    turn(access, id, may, Action::ReportDone, None).await
}

async fn confirm_assignment(
    access: Access<DecideAssignments>,
    Path(id): Path<AssignmentId>,
    Body(_): Body<Nothing>,
    may: MayMatch,
) -> Result<Single<Assignment>> {
    turn(access, id, may, Action::Confirm, None).await
}

async fn return_assignment(
    access: Access<DecideAssignments>,
    Path(id): Path<AssignmentId>,
    Body(why): Body<MoveReason>,
    may: MayMatch,
) -> Result<Single<Assignment>> {
    turn(access, id, may, Action::Return, Some(why.reason)).await
}

async fn resume_assignment(
    access: Access<SteerAssignments>,
    Path(id): Path<AssignmentId>,
    Body(_): Body<Nothing>,
    may: MayMatch,
) -> Result<Single<Assignment>> {
    turn(access, id, may, Action::Resume, None).await
}

async fn pause_assignment(
    access: Access<SteerAssignments>,
    Path(id): Path<AssignmentId>,
    Body(why): Body<MoveReason>,
    may: MayMatch,
) -> Result<Single<Assignment>> {
    turn(access, id, may, Action::Pause, Some(why.reason)).await
}

async fn cancel_assignment(
    access: Access<SteerAssignments>,
    Path(id): Path<AssignmentId>,
    Body(why): Body<MoveReason>,
    may: MayMatch,
) -> Result<Single<Assignment>> {
    turn(access, id, may, Action::Cancel, Some(why.reason)).await
}

/// The name of a move in the journal.
const fn named(action: Action) -> &'static str {
    match action {
        Action::Start => "assignment.start",
        Action::Update => "assignment.tell",
        Action::ReportDone => "assignment.report_done",
        Action::Extend => "assignment.extend",
        Action::Confirm => "assignment.confirm",
        Action::Return => "assignment.return",
        Action::Resume => "assignment.resume",
        Action::Pause => "assignment.pause",
        Action::Cancel => "assignment.cancel",
    }
}

async fn turn<P: Permit>(
    access: Access<P>,
    id: AssignmentId,
    may: MayMatch,
    action: Action,
    reason: Option<String>,
) -> Result<Single<Assignment>> {
    let assignment = access
        .write(move |tx| {
            let tree = tx.hold_tree()?;
            let locked = store::lock(tx, &tree, id)?;
            let status = locked.allows(action, |version| may.check(version))?;
            // What is reported done is told as whole; it counts as 99 until it is confirmed.
            let percent = (status == AssignmentStatus::ReportedDone).then_some(100);
            change(tx, &locked, &Change { status: Some(status), percent, reason: reason.clone(), ..Change::default() }, action)
        })
        .await?;
    Ok(Single(assignment))
}

/// Changes a locked assignment and tells it.
fn change(tx: &mut Tx<'_>, locked: &Locked, change: &Change, action: Action) -> Result<Assignment> {
    store::change(tx, locked, change)?;
    let after = store::get(tx, locked.assignment.id)?;
    journal::append(tx, entry(named(action), "assignment.updated", Some(&locked.assignment), &after, change.reason.as_deref())?)?;
    Ok(after)
}

async fn create_update(
    access: Access<WriteAssignments>,
    Path(id): Path<AssignmentId>,
    Body(new): Body<NewUpdate>,
    may: MayMatch,
) -> Result<Created<ProgressUpdate>> {
    let update = access
        .write(move |tx| {
            let tree = tx.hold_tree()?;
            let locked = store::lock(tx, &tree, id)?;
            let status = locked.allows(Action::Update, |version| may.check(version))?;
            let update = store::add_update(tx, id, &new)?;
            change(tx, &locked, &Change { status: Some(status), percent: Some(new.percent), ..Change::default() }, Action::Update)?;
            Ok(update)
        })
        .await?;
    Ok(Created(update))
}

async fn create_extension(
    access: Access<WriteAssignments>,
    Path(id): Path<AssignmentId>,
    Body(new): Body<NewExtension>,
) -> Result<Created<Extension>> {
    let extension = access
        .write(move |tx| {
            let tree = tx.hold_tree()?;
            let locked = store::lock(tx, &tree, id)?;
            locked.allows(Action::Extend, |_| Ok(()))?;
            if locked.assignment.due_on.is_none_or(|due_on| new.due_on <= due_on) || new.due_on < tx.today() {
                return Err(Error::invalid(vec![Fault::at("/due_on", FaultCode::OutOfRange).with("> due_on")]));
            }
            let extension = store::ask(tx, &locked, &new)?;
            tell(tx, "extension.ask", "extension.created", &locked, &extension)?;
            Ok(extension)
        })
        .await?;
    Ok(Created(extension))
}

async fn grant_extension(
    access: Access<DecideAssignments>,
    Path((id, extension)): Path<(AssignmentId, ExtensionId)>,
    Body(decision): Body<Decision>,
    may: MayMatch,
) -> Result<Single<Extension>> {
    decide(access, id, extension, decision, may, ExtensionStatus::Granted).await
}

async fn refuse_extension(
    access: Access<DecideAssignments>,
    Path((id, extension)): Path<(AssignmentId, ExtensionId)>,
    Body(decision): Body<Decision>,
    may: MayMatch,
) -> Result<Single<Extension>> {
    decide(access, id, extension, decision, may, ExtensionStatus::Refused).await
}

async fn decide(
    access: Access<DecideAssignments>,
    id: AssignmentId,
    extension: ExtensionId,
    decision: Decision,
    may: MayMatch,
    status: ExtensionStatus,
) -> Result<Single<Extension>> {
    let me = access.person()?.clone();
    let extension = access
        .write(move |tx| {
            let tree = tx.hold_tree()?;
            let locked = store::lock(tx, &tree, id)?;
            let asked = store::lock_extension(tx, &locked, extension)?;
            if !locked.relation.decides || asked.asked_by.as_ref().is_some_and(|by| me.is(by.id)) {
                return Err(Error::forbidden());
            }
            may.check(asked.version)?;
            // What is confirmed or cancelled has no later due date any more, and who took the work over may have given it one meanwhile.
            let later = locked.assignment.due_on.is_some_and(|due_on| due_on < asked.due_on);
            let over = status == ExtensionStatus::Granted && !(later && rules::is_open(locked.assignment.status));
            if asked.status != ExtensionStatus::Asked || over {
                return Err(Error::illegal_transition(if over { vec!["refuse"] } else { Vec::new() }));
            }
            let decided = store::decide(tx, &asked, status, decision.reason.as_deref())?;
            if status == ExtensionStatus::Granted {
                change(tx, &locked, &Change { due_on: Some(asked.due_on), ..Change::default() }, Action::Extend)?;
            }
            tell(tx, "extension.decide", "extension.updated", &locked, &decided)?;
            Ok(decided)
        })
        .await?;
    Ok(Single(extension))
}

fn tell(tx: &mut Tx<'_>, action: &'static str, event: &'static str, locked: &Locked, extension: &Extension) -> Result<()> {
    let entry = Entry::new(action, Some(event), "extension", extension.id.any()).told(None, Some(extension), None)?;
    journal::append(tx, Entry { unit: Some(locked.assignment.unit.id), ..entry })
}

fn entry(
    action: &'static str,
    event: &'static str,
    before: Option<&Assignment>,
    after: &Assignment,
    reason: Option<&str>,
) -> Result<Entry> {
    let entry = Entry::new(action, Some(event), "assignment", after.id.any()).told(before, Some(after), reason)?;
    Ok(Entry { unit: Some(after.unit.id), ..entry })
}
