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
use crate::ids::{Id, PlanId, TaskId, UnitId};
use crate::indicators;
use crate::indicators::model::TargetBody;
use crate::plans::model::{NewPlan, Plan, PlanAction, PlanKind, PlanReturn, PlanStatus, Returned, WrittenPlan};
use crate::plans::rules::{self, Relation};
use crate::text;

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
/// 409 where the table has no such move.
pub fn submit(tx: &mut Tx<'_>, locked: &Locked) -> Result<()> {
    let plan = &locked.plan;
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
/// Database errors.
pub fn approve(tx: &mut Tx<'_>, locked: &Locked) -> Result<()> {
    let (plan, now) = (&locked.plan, tx.now());
    if let Some(previous) = plan.previous {
        let old = plans::table.filter(plans::id.eq(previous));
        diesel::update(old).set(plans::status.eq(PlanStatus::Amended)).execute(tx.conn)?;
        touched(tx, previous)?;
        end_targets(tx, plan, previous)?;
        hand_on(tx, previous, plan.id)?;
    }
    let by = tx.context.caller.person().map(|person| person.id);
    let change = (plans::status.eq(PlanStatus::Approved), plans::approved_by.eq(by), plans::approved_at.eq(Some(now)));
    diesel::update(plans::table.filter(plans::id.eq(plan.id))).set(change).execute(tx.conn)?;
    touched(tx, plan.id)?;
    set_targets(tx, plan)
}

/// The work on a plan is the work on the version that replaces it.
fn hand_on(tx: &mut Tx<'_>, previous: PlanId, plan: PlanId) -> Result<()> {
    let given = assignments::table.filter(assignments::plan_id.eq(previous));
    let change =
        (assignments::plan_id.eq(Some(plan)), assignments::version.eq(assignments::version + 1), assignments::updated_at.eq(tx.now()));
    diesel::update(given).set(change).execute(tx.conn)?;
    // Nothing was done on this one before: work is given from a plan in force.
    let sums = progress_sums::table.filter(progress_sums::node_id.eq(previous.any()));
    diesel::update(sums).set(progress_sums::node_id.eq(plan.any())).execute(tx.conn)?;
    Ok(())
}

/// Ends what the version before set and this one sets no more.
fn end_targets(tx: &mut Tx<'_>, plan: &Plan, previous: PlanId) -> Result<()> {
    let set: String = plans::table.filter(plans::id.eq(previous)).select(plans::targets).first(tx.conn)?;
    let set: Vec<KeptTarget> = serde_json::from_str(&set)?;
    let still = |old: &&KeptTarget| plan.targets.iter().any(|new| new.indicator.id == old.indicator.any() && new.year == old.year);
    for old in set.iter().filter(|old| !still(old)) {
        if let Some((id, version)) = indicators::store::own_target(tx, old.indicator, plan.unit.id, old.year)? {
            indicators::store::end_target(tx, id, version)?;
        }
    }
    Ok(())
}

fn set_targets(tx: &mut Tx<'_>, plan: &Plan) -> Result<()> {
    for target in &plan.targets {
        let set = TargetBody { operator: target.operator, value: target.value, reason: target.reason.clone() };
        indicators::store::set_target(tx, target.indicator.id.of(), plan.unit.id, target.year, &set)?;
    }
    Ok(())
}

/// Begins a new version with the words of the one in force.
///
/// # Errors
/// 409 `duplicate` where one is being written already.
pub fn amend(tx: &mut Tx<'_>, locked: &Locked) -> Result<PlanId> {
    let plan = &locked.plan;
    let being_written = plans::table.filter(plans::previous_id.eq(plan.id)).filter(plans::status.eq_any([
        PlanStatus::Draft,
        PlanStatus::Submitted,
        PlanStatus::Returned,
    ]));
    if diesel::select(diesel::dsl::exists(being_written)).get_result(tx.conn)? {
        return Err(Error::duplicate(""));
    }
    let id: PlanId = Id::new();
    let kept: (String, Option<String>, Option<String>, String) = plans::table
        .filter(plans::id.eq(plan.id))
        .select((plans::targets, plans::signatory, plans::place, plans::recipients))
        .first(tx.conn)?;
    let (targets, signatory, place, recipients) = kept;
    let years = (plan.from_year, plan.to_year);
    let row = NewRow {
        revision: plan.revision,
        symbol: plan.symbol.clone(),
        place,
        signatory,
        recipients,
        sections: serde_json::to_string(&plan.sections)?,
        targets,
        previous_id: Some(plan.id),
        ..NewRow::new(id, plan.unit.id, plan.kind, years, &plan.title, tx.now())
    };
    add(tx, row)?;
    words::write_items(tx, id, &words::items_of(plan, 0))?;
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
