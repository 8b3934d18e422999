//! Writing plans: drafts, and the moves of their life.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde_json::json;

use super::read::{self, KeptTarget};
use super::words::{self, Item, Words};
use crate::clock::Instant;
use crate::db::schema::{assignments, plan_items, plan_revisions, plans, progress_sums};
use crate::db::{Conn, Tx};
use crate::error::{Error, Result};
use crate::ids::{AssignmentId, Id, PlanId, TaskId, UnitId};
use crate::indicators;
use crate::indicators::model::{Target, TargetBody};
use crate::journal::{self, Entry};
use crate::plans::model::{NewPlan, Plan, PlanAction, PlanKind, PlanReturn, PlanStatus, Returned, WrittenPlan};
use crate::plans::rules::{self, Relation};
use crate::{text, units};

/// A plan whose row is locked until the end of the transaction.
#[derive(Debug)]
pub struct Locked {
    /// The plan as it stands.
    pub plan: Plan,
    relation: Relation,
}

/// Locks a plan.
///
/// # Errors
/// 404 if there is none that the caller may see.
pub fn lock(tx: &mut Tx<'_>, id: PlanId) -> Result<Locked> {
    if let Conn::Pg(pg) = &mut *tx.conn {
        let _: Option<PlanId> = plans::table.filter(plans::id.eq(id)).select(plans::id).for_no_key_update().first(pg).optional()?;
    }
    let row = read::row(tx, id)?;
    let relation = read::relation(tx, &row);
    let plan = read::filled(tx, vec![row])?.pop().ok_or_else(Error::not_found)?;
    Ok(Locked { plan, relation })
}

impl Locked {
    /// Whether the caller may do this now.
    ///
    /// # Errors
    /// 403 where it stands otherwise to the plan; 412 if `is_meant` refuses the version; 409 with what it may do instead.
    pub fn allows(&self, action: PlanAction, is_meant: impl FnOnce(i64) -> Result<()>) -> Result<()> {
        rules::LIFE.after(self.plan.status, action, self.relation, || is_meant(self.plan.version)).map(drop)
    }
}

#[derive(Insertable)]
#[diesel(table_name = plans, treat_none_as_default_value = false)]
struct NewRow {
    id: PlanId,
    unit_id: UnitId,
    kind: PlanKind,
    from_year: i32,
    to_year: i32,
    title: String,
    title_key: String,
    status: PlanStatus,
    revision: i32,
    number: Option<String>,
    symbol: Option<String>,
    issued_on: Option<NaiveDate>,
    issued_text: Option<String>,
    place: Option<String>,
    signatory: Option<String>,
    recipients: String,
    sections: String,
    targets: String,
    previous_id: Option<PlanId>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl NewRow {
    /// A draft that says nothing yet.
    fn new(id: PlanId, unit_id: UnitId, kind: PlanKind, years: (i32, i32), title: &str, now: Instant) -> Self {
        Self {
            id,
            unit_id,
            kind,
            from_year: years.0,
            to_year: years.1,
            title: title.to_owned(),
            title_key: text::fold(title),
            status: PlanStatus::Draft,
            revision: 0,
            number: None,
            symbol: None,
            issued_on: None,
            issued_text: None,
            place: None,
            signatory: None,
            recipients: "[]".to_owned(),
            sections: "[]".to_owned(),
            targets: "[]".to_owned(),
            previous_id: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }
}

fn add(tx: &mut Tx<'_>, row: NewRow) -> Result<()> {
    diesel::insert_into(plans::table).values(row).execute(tx.conn)?;
    Ok(())
}

/// Records a draft.
///
/// # Errors
/// 409 `duplicate` where the unit has one in force or is writing one.
pub fn insert(tx: &mut Tx<'_>, new: &WrittenPlan, unit: UnitId, words: &Words) -> Result<PlanId> {
    let taken = plans::table
        .filter(plans::unit_id.eq(unit))
        .filter(plans::kind.eq(new.kind))
        .filter(plans::from_year.eq(new.from_year))
        .filter(plans::status.ne(PlanStatus::Amended));
    if diesel::select(diesel::dsl::exists(taken)).get_result(tx.conn)? {
        return Err(Error::duplicate("/from_year"));
    }
    let id: PlanId = Id::new();
    let title = words.title.as_deref().unwrap_or_default();
    add(tx, NewRow::new(id, unit, new.kind, (new.from_year, new.to_year), title, tx.now()))?;
    say(tx, id, words)?;
    Ok(id)
}

#[derive(AsChangeset)]
#[diesel(table_name = plans)]
#[expect(clippy::option_option, reason = "what diesel keeps, clears or sets")]
struct Said {
    title: Option<String>,
    title_key: Option<String>,
    number: Option<Option<String>>,
    issued_on: Option<Option<NaiveDate>>,
    sections: Option<String>,
    targets: Option<String>,
    updated_at: Instant,
}

/// Writes what words give.
fn say(tx: &mut Tx<'_>, id: PlanId, words: &Words) -> Result<()> {
    let said = Said {
        title: words.title.clone(),
        title_key: words.title.as_deref().map(text::fold),
        number: words.number.clone().given(),
        issued_on: words.issued_on.clone().given(),
        sections: words.sections.as_ref().map(serde_json::to_string).transpose()?,
        targets: words.targets.as_ref().map(serde_json::to_string).transpose()?,
        updated_at: tx.now(),
    };
    diesel::update(plans::table.filter(plans::id.eq(id))).set(said).execute(tx.conn)?;
    if let Some(items) = &words.items {
        diesel::delete(plan_items::table.filter(plan_items::plan_id.eq(id))).execute(tx.conn)?;
        words::write_items(tx, id, items)?;
    }
    Ok(())
}

fn touched(tx: &mut Tx<'_>, id: PlanId) -> Result<()> {
    let change = (plans::version.eq(plans::version + 1), plans::updated_at.eq(tx.now()));
    diesel::update(plans::table.filter(plans::id.eq(id))).set(change).execute(tx.conn)?;
    Ok(())
}

/// Changes a plan that is being written.
///
/// # Errors
/// Database errors.
pub fn update(tx: &mut Tx<'_>, locked: &Locked, words: &Words) -> Result<()> {
    say(tx, locked.plan.id, words)?;
    touched(tx, locked.plan.id)
}

/// What a plan says, as a revision keeps it: by codes and names, not by ids that a copy would not share.
fn content(plan: &Plan) -> Result<String> {
    let items: Vec<_> = plan
        .items
        .iter()
        .map(|item| {
            json!({"task": item.task.as_ref().map(|task| &task.code), "title": item.title, "lead": item.lead.code,
                "cooperating": item.cooperating.iter().map(|unit| &unit.code).collect::<Vec<_>>(), "due_on": item.due_on,
                "expected_result": item.expected_result, "money": item.money})
        })
        .collect();
    let set: Vec<_> = plan
        .targets
        .iter()
        .map(|target| {
            json!({"indicator": target.indicator.code, "year": target.year, "operator": target.operator, "value": target.value, "reason": target.reason})
        })
        .collect();
    let said = json!({"title": plan.title, "number": plan.number, "issued_on": plan.issued_on, "sections": plan.sections, "items": items, "targets": set});
    Ok(serde_json::to_string(&said)?)
}

fn keep_revision(tx: &mut Tx<'_>, plan: &Plan, number: i32) -> Result<()> {
    let row = (
        plan_revisions::plan_id.eq(plan.id),
        plan_revisions::number.eq(number),
        plan_revisions::submitted_by.eq(tx.context.caller.person().map(|person| person.id)),
        plan_revisions::submitted_at.eq(tx.now()),
        plan_revisions::content.eq(content(plan)?),
    );
    diesel::insert_into(plan_revisions::table).values(row).execute(tx.conn)?;
    Ok(())
}

/// Hands a plan in: what it says is kept as a numbered revision.
///
/// # Errors
/// 422 where a target needs a reason by now; database errors.
pub fn submit(tx: &mut Tx<'_>, locked: &Locked) -> Result<()> {
    let plan = &locked.plan;
    words::check_targets(tx, plan)?;
    let number = plan.revision + 1;
    keep_revision(tx, plan, number)?;
    let by = tx.context.caller.person().map(|person| person.id);
    let change = (
        plans::status.eq(PlanStatus::Submitted),
        plans::revision.eq(number),
        plans::submitted_by.eq(by),
        plans::submitted_at.eq(Some(tx.now())),
    );
    diesel::update(plans::table.filter(plans::id.eq(plan.id))).set(change).execute(tx.conn)?;
    touched(tx, plan.id)
}

/// Sends a plan back.
///
/// # Errors
/// Database errors.
pub fn send_back(tx: &mut Tx<'_>, locked: &Locked, why: &PlanReturn) -> Result<()> {
    let by = tx.context.caller.person().map(|person| person.full_name.clone()).unwrap_or_default();
    let returned = Returned { reason: why.reason.clone(), remarks: why.remarks.clone(), by, at: tx.now() };
    let change = (plans::status.eq(PlanStatus::Returned), plans::returned.eq(serde_json::to_string(&returned)?));
    diesel::update(plans::table.filter(plans::id.eq(locked.plan.id))).set(change).execute(tx.conn)?;
    touched(tx, locked.plan.id)
}

/// Puts a plan in force: the version before it is replaced, and its targets hold for its unit and those below.
///
/// # Errors
/// 422 where a target needs a reason by now; database errors.
pub fn approve(tx: &mut Tx<'_>, locked: &Locked) -> Result<()> {
    let (plan, now) = (&locked.plan, tx.now());
    // Nobody sets its unit a target between the check and the end.
    units::store::hold(tx, plan.unit.id)?;
    words::check_targets(tx, plan)?;
    if let Some(previous) = plan.previous {
        replace(tx, plan, previous)?;
    }
    let by = tx.context.caller.person().map(|person| person.id);
    let change = (plans::status.eq(PlanStatus::Approved), plans::approved_by.eq(by), plans::approved_at.eq(Some(now)));
    diesel::update(plans::table.filter(plans::id.eq(plan.id))).set(change).execute(tx.conn)?;
    touched(tx, plan.id)?;
    set_targets(tx, plan)
}

/// Puts a plan in the place of the version before it: that is in force no more, what it set and this one does not ends, and the work on it
/// goes on. Everything that changes is told.
fn replace(tx: &mut Tx<'_>, plan: &Plan, previous: PlanId) -> Result<()> {
    let before = read::get(tx, previous)?;
    diesel::update(plans::table.filter(plans::id.eq(previous))).set(plans::status.eq(PlanStatus::Amended)).execute(tx.conn)?;
    touched(tx, previous)?;
    end_targets(tx, plan, previous)?;
    hand_on(tx, previous, plan.id)?;
    let after = read::get(tx, previous)?;
    let entry = Entry::new("plan.replace", Some("plan.amended"), "plan", previous.any()).told(Some(&before), Some(&after), None)?;
    journal::append(tx, Entry { unit: Some(plan.unit.id), ..entry })
}

/// The work on a plan is the work on the version that replaces it.
fn hand_on(tx: &mut Tx<'_>, previous: PlanId, plan: PlanId) -> Result<()> {
    let on = assignments::table.filter(assignments::plan_id.eq(previous));
    let given: Vec<(AssignmentId, UnitId)> = on.select((assignments::id, assignments::unit_id)).load(tx.conn)?;
    let change =
        (assignments::plan_id.eq(Some(plan)), assignments::version.eq(assignments::version + 1), assignments::updated_at.eq(tx.now()));
    diesel::update(on).set(change).execute(tx.conn)?;
    // Nothing was done on this one before: work is given from a plan in force.
    let sums = progress_sums::table.filter(progress_sums::node_id.eq(previous.any()));
    diesel::update(sums).set(progress_sums::node_id.eq(plan.any())).execute(tx.conn)?;
    let told = |(id, unit): (AssignmentId, UnitId)| {
        let entry = Entry::new("assignment.hand_on", Some("assignment.updated"), "assignment", id.any());
        let entry = entry.told(Some(&json!({"plan": previous})), Some(&json!({"plan": plan})), None)?;
        Ok(Entry { unit: Some(unit), ..entry })
    };
    journal::append_all(tx, given.into_iter().map(told).collect::<Result<_>>()?)
}

/// Ends what the version before set and this one sets no more, but for what was set anew since it was begun.
fn end_targets(tx: &mut Tx<'_>, plan: &Plan, previous: PlanId) -> Result<()> {
    let now = words::kept(tx, plan.id)?;
    let still = |old: &KeptTarget| now.iter().any(|new| (new.indicator, new.year) == (old.indicator, old.year));
    for old in words::kept(tx, previous)?.into_iter().filter(|old| !still(old)) {
        if indicators::store::is_set_by(tx, old.indicator, plan.unit.id, old.year, plan.created_at)? {
            indicators::store::end_target(tx, old.indicator, &plan.unit, old.year)?;
        }
    }
    Ok(())
}

/// Sets what a plan sets and does not hold yet.
fn set_targets(tx: &mut Tx<'_>, plan: &Plan) -> Result<()> {
    let own = words::own(tx, &plan.unit)?;
    for KeptTarget { indicator, year, operator, value, reason, .. } in words::kept(tx, plan.id)? {
        if own.get(&(indicator, year)).is_none_or(|own| (own.operator, own.value, &own.reason) != (operator, value, &reason)) {
            indicators::store::set_target(tx, indicator, &plan.unit, year, &TargetBody { operator, value, reason })?;
        }
    }
    Ok(())
}

/// What a plan sets, as it holds now: those above may have set its unit another target since.
fn held(tx: &mut Tx<'_>, plan: &Plan) -> Result<Vec<KeptTarget>> {
    let (mut held, own) = (words::kept(tx, plan.id)?, words::own(tx, &plan.unit)?);
    for target in &mut held {
        target.replaces = Some(words::version_of(&own, target.indicator, target.year));
        if let Some(Target { operator, value, reason, .. }) = own.get(&(target.indicator, target.year)).cloned() {
            (target.operator, target.value, target.reason) = (operator, value, reason);
        }
    }
    Ok(held)
}

/// Begins a new version with the words of the one in force.
///
/// # Errors
/// 409 `duplicate` where one is being written already.
pub fn amend(tx: &mut Tx<'_>, locked: &Locked) -> Result<PlanId> {
    let plan = &locked.plan;
    if !plan.actions.contains(&PlanAction::Amend) {
        return Err(Error::duplicate(""));
    }
    let id: PlanId = Id::new();
    let kept: (Option<String>, Option<String>, String) =
        plans::table.filter(plans::id.eq(plan.id)).select((plans::signatory, plans::place, plans::recipients)).first(tx.conn)?;
    let (signatory, place, recipients) = kept;
    let years = (plan.from_year, plan.to_year);
    let row = NewRow {
        revision: plan.revision,
        symbol: plan.symbol.clone(),
        place,
        signatory,
        recipients,
        sections: serde_json::to_string(&plan.sections)?,
        targets: serde_json::to_string(&held(tx, plan)?)?,
        previous_id: Some(plan.id),
        ..NewRow::new(id, plan.unit.id, plan.kind, years, &plan.title, tx.now())
    };
    add(tx, row)?;
    let items = words::led_below(tx, plan.unit.id, words::items_of(plan, 0))?;
    words::write_items(tx, id, &items)?;
    Ok(id)
}

/// Records the department's plan, approved, with every task of the catalogue as its work.
///
/// # Errors
/// Database errors.
pub fn insert_department_plan(
    tx: &mut Tx<'_>,
    unit: UnitId,
    new: &NewPlan,
    work: &[(TaskId, String)],
    targets: &[KeptTarget],
) -> Result<PlanId> {
    let id: PlanId = Id::new();
    let row = NewRow {
        status: PlanStatus::Approved,
        revision: 1,
        number: new.number.clone(),
        symbol: new.symbol.clone(),
        issued_on: new.issued_on,
        issued_text: new.issued_text.clone(),
        place: new.place.clone(),
        signatory: new.signatory.as_ref().map(serde_json::to_string).transpose()?,
        recipients: serde_json::to_string(&new.recipients)?,
        sections: serde_json::to_string(&new.sections)?,
        targets: serde_json::to_string(targets)?,
        ..NewRow::new(id, unit, PlanKind::Horizon, (new.from_year, new.to_year), &new.title, tx.now())
    };
    add(tx, row)?;
    // The plan names no leads; until a unit is assigned, what the department planned is its own to do.
    let item = |(task, title): &(TaskId, String)| Item {
        task: Some(*task),
        title: title.clone(),
        lead: unit,
        cooperating: Vec::new(),
        due_on: None,
        expected_result: None,
        money: None,
    };
    words::write_items(tx, id, &work.iter().map(item).collect::<Vec<_>>())?;
    Ok(id)
}
