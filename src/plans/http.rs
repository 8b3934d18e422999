//! Plans on HTTP.

use super::model::{
    CompareQuery, MissingFilters, Plan, PlanAction, PlanFilters, PlanPatch, PlanReturn, PlanRevision, PlanRevisionContent, PlanlessUnit,
    WrittenPlan,
};
use super::store::{self, Locked, Words, Written};
use crate::access::Access;
use crate::access::policy::{DecidePlans, Permission, Permit, ReadPlans, WritePlans};
use crate::db::Tx;
use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::http::answers::{Created, Paged, Plain, Resource, Rows, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, IfMatch, MayMatch, Path, Query};
use crate::http::registrar::Registrar;
use crate::ids::{Key, PlanId};
use crate::journal::{self, Entry};
use crate::patch::{Field, Nothing};
use crate::plans::model::PlanKind;
use crate::units::store::{get as get_unit, referred_unit};

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("plans", "Kế hoạch: the department's plan 2025-2030 and what each unit plans to do of it.");
    api.path("/plans")
        .get(list_plans, "List plans", "Of the scope, and every approved one.")
        .post(create_plan, "Begin a plan", "Of one's own unit, as a draft; `copy_of` begins with last year's.")
        .refuses(&[Code::Duplicate])
        .done();
    api.path("/plans/missing")
        .get(list_missing_plans, "List the units without an approved plan", "Of the scope, divisions among them.")
        .done();
    api.path("/plans/{plan}")
        .get(get_plan, "Read a plan", "With its sections, items and targets.")
        .patch(update_plan, "Change a plan", "While it is a draft or was returned. Lists are given whole.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/plans/{plan}/submit")
        .post(submit_plan, "Hand a plan in", "What it says is kept as a numbered revision.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/plans/{plan}/return")
        .post(return_plan, "Send a plan back", "With a reason, and remarks that point at what is to be mended.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/plans/{plan}/approve")
        .post(approve_plan, "Approve a plan", "It is in force, its targets hold, and the version before it is replaced.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/plans/{plan}/amend")
        .post(amend_plan, "Begin a new version of a plan", "A draft with its words; the one in force stays until that is approved.")
        .refuses(&[Code::IllegalTransition, Code::Duplicate])
        .done();
    api.path("/plans/{plan}/revisions")
        .get(list_plan_revisions, "List what was submitted", "Of this plan and of the versions that it replaces.")
        .done();
    api.path("/plans/{plan}/revisions/{number}")
        .get(get_plan_revision, "Read what was submitted once", "`compare` tells what differs from another revision.")
        .done();
}

impl Resource for Plan {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/plans/{}", self.id)
    }
}

impl Filters for PlanFilters {
    const SORTS: &'static [&'static str] = &["updated_at"];
    const SEARCH: bool = true;
    const UPDATED: bool = true;
    fn several(&self) -> bool {
        true
    }
}

impl Filters for MissingFilters {
    const SORTS: &'static [&'static str] = &["name", "code"];
    fn several(&self) -> bool {
        self.within.is_some()
    }
}

async fn list_plans(access: Access<ReadPlans>, list: List<PlanFilters>) -> Result<Paged<Plan>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.q.as_deref(), list.updated_since, &list.page)).await
}

async fn list_missing_plans(access: Access<ReadPlans>, list: List<MissingFilters>) -> Result<Paged<PlanlessUnit>> {
    list.answer(&access, move |db, list| store::missing(db, &list.filters, &list.page)).await
}

async fn get_plan(access: Access<ReadPlans>, Path(id): Path<PlanId>) -> Result<Single<Plan>> {
    access.snapshot(move |db| store::get(db, id)).await.map(Single)
}

async fn list_plan_revisions(access: Access<ReadPlans>, Path(id): Path<PlanId>) -> Result<Rows<PlanRevision>> {
    access.snapshot(move |db| store::revisions(db, id)).await.map(Rows)
}

async fn get_plan_revision(
    access: Access<ReadPlans>,
    Path((id, number)): Path<(PlanId, i32)>,
    Query(query): Query<CompareQuery>,
) -> Result<Plain<PlanRevisionContent>> {
    access.snapshot(move |db| store::revision(db, id, number, query.compare)).await.map(Plain)
}

async fn create_plan(access: Access<WritePlans>, Body(new): Body<WrittenPlan>) -> Result<Created<Plan>> {
    let plan = access
        .write(move |tx| {
            tx.hold_tree()?;
            let id = create(tx, &new)?;
            let plan = store::get(tx, id)?;
            journal::append(tx, entry("plan.create", "plan.created", None, &plan, None)?)?;
            Ok(plan)
        })
        .await?;
    Ok(Created(plan))
}

fn create(tx: &mut Tx<'_>, new: &WrittenPlan) -> Result<PlanId> {
    let mut faults = Vec::new();
    if new.from_year > new.to_year || (new.kind == PlanKind::Annual && new.from_year != new.to_year) {
        faults.push(Fault::at("/to_year", FaultCode::OutOfRange).with(if new.kind == PlanKind::Annual {
            "= from_year"
        } else {
            "≥ from_year"
        }));
    }
    let unit = referred_unit(tx, Fault::at("/unit", FaultCode::UnknownReference), &new.unit, &mut faults)?;
    let Some(unit) = unit else { return Err(Error::invalid(faults)) };
    if !tx.scope()?.is_own(unit.id) {
        return Err(Error::forbidden().because("Chỉ lập kế hoạch cho đơn vị mình.", "A plan is written for one's own unit."));
    }
    let number = new.number.clone().map_or(Field::Absent, Field::Value);
    let issued_on = new.issued_on.map_or(Field::Absent, Field::Value);
    let words = Words { title: Some(new.title.clone()), number, issued_on, sections: new.sections.clone(), ..Words::default() };
    let years = (new.from_year, new.to_year);
    let mut words =
        words.resolve(tx, &unit, years, Written { items: new.items.as_deref(), targets: new.targets.as_deref() }, &mut faults)?;
    if let Some(copied) = new.copy_of {
        tx.context.caller.must(Permission::ReadPlans)?;
        match store::get(tx, copied) {
            Ok(plan) => words.copy(tx, &plan, unit.id, new.from_year - plan.from_year)?,
            Err(error) if error.code() == Code::NotFound => faults.push(Fault::at("/copy_of", FaultCode::UnknownReference)),
            Err(error) => return Err(error),
        }
    }
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    store::insert(tx, new, unit.id, &words)
}

async fn update_plan(
    access: Access<WritePlans>,
    Path(id): Path<PlanId>,
    IfMatch(matching): IfMatch,
    Body(patch): Body<PlanPatch>,
) -> Result<Single<Plan>> {
    let plan = access
        .write(move |tx| {
            tx.hold_tree()?;
            let locked = store::lock(tx, id)?;
            locked.allows(PlanAction::Update, |version| matching.check(version))?;
            let unit = get_unit(tx, &Key::from(locked.plan.unit.id), None)?.unit;
            let PlanPatch { title, number, issued_on, sections, items, targets } = patch.clone();
            let words = Words { title, number, issued_on, sections, ..Words::default() };
            let mut faults = Vec::new();
            let years = (locked.plan.from_year, locked.plan.to_year);
            let words = words.resolve(tx, &unit, years, Written { items: items.as_deref(), targets: targets.as_deref() }, &mut faults)?;
            if !faults.is_empty() {
                return Err(Error::invalid(faults));
            }
            store::update(tx, &locked, &words)?;
            let after = store::get(tx, id)?;
            journal::append(tx, entry("plan.update", "plan.updated", Some(&locked.plan), &after, None)?)?;
            Ok(after)
        })
        .await?;
    Ok(Single(plan))
}

async fn submit_plan(access: Access<WritePlans>, Path(id): Path<PlanId>, Body(_): Body<Nothing>, may: MayMatch) -> Result<Single<Plan>> {
    turn(access, id, may, PlanAction::Submit, None, store::submit).await
}

async fn return_plan(
    access: Access<DecidePlans>,
    Path(id): Path<PlanId>,
    Body(why): Body<PlanReturn>,
    may: MayMatch,
) -> Result<Single<Plan>> {
    let reason = why.reason.clone();
    turn(access, id, may, PlanAction::Return, Some(reason), move |tx, locked| store::send_back(tx, locked, &why)).await
}

async fn approve_plan(access: Access<DecidePlans>, Path(id): Path<PlanId>, Body(_): Body<Nothing>, may: MayMatch) -> Result<Single<Plan>> {
    turn(access, id, may, PlanAction::Approve, None, store::approve).await
}

async fn turn<P: Permit>(
    access: Access<P>,
    id: PlanId,
    may: MayMatch,
    action: PlanAction,
    reason: Option<String>,
    change: impl Fn(&mut Tx<'_>, &Locked) -> Result<()> + Send + 'static,
) -> Result<Single<Plan>> {
    let (name, event) = match action {
        PlanAction::Submit => ("plan.submit", "plan.submitted"),
        PlanAction::Return => ("plan.return", "plan.returned"),
        PlanAction::Approve => ("plan.approve", "plan.approved"),
        PlanAction::Update | PlanAction::Amend => ("plan.update", "plan.updated"),
    };
    let plan = access
        .write(move |tx| {
            // The work on the version before goes over to it: nobody gives or moves any meanwhile.
            if action == PlanAction::Approve && store::get(tx, id)?.previous.is_some() {
                tx.take_tree()?;
            } else {
                tx.hold_tree()?;
            }
            let locked = store::lock(tx, id)?;
            locked.allows(action, |version| may.check(version))?;
            change(tx, &locked)?;
            let after = store::get(tx, id)?;
            journal::append(tx, entry(name, event, Some(&locked.plan), &after, reason.as_deref())?)?;
            Ok(after)
        })
        .await?;
    Ok(Single(plan))
}

async fn amend_plan(access: Access<WritePlans>, Path(id): Path<PlanId>, Body(_): Body<Nothing>, may: MayMatch) -> Result<Created<Plan>> {
    let plan = access
        .write(move |tx| {
            tx.hold_tree()?;
            let locked = store::lock(tx, id)?;
            locked.allows(PlanAction::Amend, |version| may.check(version))?;
            let draft = store::amend(tx, &locked)?;
            let plan = store::get(tx, draft)?;
            journal::append(tx, entry("plan.amend", "plan.created", None, &plan, None)?)?;
            Ok(plan)
        })
        .await?;
    Ok(Created(plan))
}

fn entry(action: &'static str, event: &'static str, before: Option<&Plan>, after: &Plan, reason: Option<&str>) -> Result<Entry> {
    let entry = Entry::new(action, Some(event), "plan", after.id.any()).told(before, Some(after), reason)?;
    Ok(Entry { unit: Some(after.unit.id), ..entry })
}
