//! Writing plans: drafts with their items and targets, and the moves of their life.

use chrono::{Datelike, NaiveDate};
use diesel::prelude::*;
use serde_json::json;

use super::read::{self, KeptTarget};
use crate::db::schema::{plan_items, plan_revisions, plans};
use crate::db::{Conn, Tx, each};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::{Id, PlanId, PlanItemId, TaskId, UnitId};
use crate::indicators;
use crate::indicators::model::TargetBody;
use crate::indicators::rules::faults_of_target;
use crate::plans::model::{
    NewItem, NewPlan, NewPlanTarget, Plan, PlanAction, PlanKind, PlanReturn, PlanStatus, Returned, Section, WrittenPlan,
};
use crate::plans::rules::{self, Relation};
use crate::tasks;
use crate::text;
use crate::units::model::Unit;
use crate::units::store::{referred_card, referred_unit};

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

/// An item with all that it names looked up.
#[derive(Clone, Debug)]
pub struct Item {
    task: Option<TaskId>,
    title: String,
    lead: UnitId,
    cooperating: Vec<UnitId>,
    due_on: Option<NaiveDate>,
    expected_result: Option<String>,
    money: Option<i64>,
}

/// What a plan says, with all that it names looked up; `None` keeps what is there.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Its title.
    pub title: Option<String>,
    /// Its number.
    pub number: Option<Option<String>>,
    /// Its day.
    pub issued_on: Option<Option<NaiveDate>>,
    /// Its parts.
    pub sections: Option<Vec<Section>>,
    /// Its pieces of work.
    pub items: Option<Vec<Item>>,
    /// The targets that it sets.
    pub targets: Option<Vec<KeptTarget>>,
}

/// Items and targets as they were written, to be looked up.
#[derive(Clone, Copy, Debug)]
pub struct Named<'n> {
    /// Pieces of work.
    pub items: Option<&'n [NewItem]>,
    /// Targets.
    pub targets: Option<&'n [NewPlanTarget]>,
}

impl Words {
    /// Looks up what items and targets name; every fault is told.
    ///
    /// # Errors
    /// Database errors.
    pub fn resolve(mut self, tx: &mut Tx<'_>, unit: &Unit, years: (i32, i32), named: Named<'_>, faults: &mut Vec<Fault>) -> Result<Self> {
        self.items = named.items.map(|items| resolve_items(tx, unit, items, faults)).transpose()?;
        self.targets = named.targets.map(|targets| resolve_targets(tx, unit, years, targets, faults)).transpose()?;
        Ok(self)
    }
}

fn resolve_items(tx: &mut Tx<'_>, unit: &Unit, items: &[NewItem], faults: &mut Vec<Fault>) -> Result<Vec<Item>> {
    let mut resolved = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let unknown = |member: &str| Fault::at(format!("/items/{index}/{member}"), FaultCode::UnknownReference);
        let task = match item.task.as_deref() {
            Some(text) => tasks::store::referred(tx, unknown("task"), text, faults)?.map(|task| task.id),
            None => None,
        };
        let lead = match item.lead.as_deref() {
            Some(text) => referred_unit(tx, unknown("lead"), text, faults)?.map_or(unit.id, |lead| lead.id),
            None => unit.id,
        };
        let mut cooperating = Vec::with_capacity(item.cooperating.len());
        for (place, text) in item.cooperating.iter().enumerate() {
            cooperating.extend(referred_card(tx, unknown(&format!("cooperating/{place}")), text, faults)?);
        }
        resolved.push(Item {
            task,
            title: item.title.clone(),
            lead,
            cooperating,
            due_on: item.due_on,
            expected_result: item.expected_result.clone(),
            money: item.money,
        });
    }
    Ok(resolved)
}

/// Targets against what the units above set: an easier one needs its reason.
fn resolve_targets(
    tx: &mut Tx<'_>,
    unit: &Unit,
    years: (i32, i32),
    new: &[NewPlanTarget],
    faults: &mut Vec<Fault>,
) -> Result<Vec<KeptTarget>> {
    let inherited = match &unit.parent {
        Some(parent) => indicators::store::in_force(tx, std::slice::from_ref(parent), None, None)?.remove(&parent.id),
        None => None,
    };
    let inherited = inherited.unwrap_or_default();
    let mut resolved: Vec<KeptTarget> = Vec::with_capacity(new.len());
    for (index, target) in new.iter().enumerate() {
        let at = |member: &str, code| Fault::at(format!("/targets/{index}/{member}"), code);
        let unknown = at("indicator", FaultCode::UnknownReference);
        let Some(indicator) = indicators::store::referred(tx, unknown, &target.indicator, faults)? else { continue };
        if !(years.0..=years.1).contains(&target.year) {
            faults.push(at("year", FaultCode::OutOfRange).with(format!("{} – {}", years.0, years.1)));
        }
        if resolved.iter().any(|other| other.indicator == indicator && other.year == target.year) {
            faults.push(Fault::at(format!("/targets/{index}"), FaultCode::DuplicateRow));
        }
        let above =
            inherited.iter().find(|(of, set)| *of == indicator && set.year == target.year).map(|(_, set)| (set.operator, set.value));
        let place = format!("/targets/{index}");
        faults.extend(faults_of_target(&place, (target.operator, target.value), target.reason.as_deref(), above));
        let (year, operator, value, reason) = (target.year, target.operator, target.value, target.reason.clone());
        resolved.push(KeptTarget { indicator, year, operator, value, reason });
    }
    Ok(resolved)
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
    let title = words.title.clone().unwrap_or_default();
    let row = (
        (
            plans::id.eq(id),
            plans::unit_id.eq(unit),
            plans::kind.eq(new.kind),
            plans::from_year.eq(new.from_year),
            plans::to_year.eq(new.to_year),
            plans::title.eq(&title),
            plans::title_key.eq(text::fold(&title)),
            plans::status.eq(PlanStatus::Draft),
            plans::revision.eq(0),
        ),
        (
            plans::recipients.eq("[]"),
            plans::sections.eq("[]"),
            plans::targets.eq("[]"),
            plans::version.eq(1_i64),
            plans::created_at.eq(tx.now()),
            plans::updated_at.eq(tx.now()),
        ),
    );
    diesel::insert_into(plans::table).values(row).execute(tx.conn)?;
    say(tx, id, words)?;
    Ok(id)
}

/// Writes what words give.
fn say(tx: &mut Tx<'_>, id: PlanId, words: &Words) -> Result<()> {
    let target = plans::table.filter(plans::id.eq(id));
    if let Some(title) = &words.title {
        diesel::update(target).set((plans::title.eq(title), plans::title_key.eq(text::fold(title)))).execute(tx.conn)?;
    }
    if let Some(number) = &words.number {
        diesel::update(target).set(plans::number.eq(number)).execute(tx.conn)?;
    }
    if let Some(issued_on) = words.issued_on {
        diesel::update(target).set(plans::issued_on.eq(issued_on)).execute(tx.conn)?;
    }
    if let Some(sections) = &words.sections {
        diesel::update(target).set(plans::sections.eq(serde_json::to_string(sections)?)).execute(tx.conn)?;
    }
    if let Some(set) = &words.targets {
        diesel::update(target).set(plans::targets.eq(serde_json::to_string(set)?)).execute(tx.conn)?;
    }
    if let Some(items) = &words.items {
        diesel::delete(plan_items::table.filter(plan_items::plan_id.eq(id))).execute(tx.conn)?;
        write_items(tx, id, items)?;
    }
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = plan_items, treat_none_as_default_value = false)]
struct ItemRow {
    id: PlanItemId,
    plan_id: PlanId,
    place: i32,
    task_id: Option<TaskId>,
    title: String,
    lead_id: UnitId,
    cooperating: String,
    due_on: Option<NaiveDate>,
    expected_result: Option<String>,
    money: Option<i64>,
}

fn write_items(tx: &mut Tx<'_>, plan_id: PlanId, items: &[Item]) -> Result<()> {
    let mut rows = Vec::with_capacity(items.len());
    for (place, item) in (1_i32..).zip(items) {
        rows.push(ItemRow {
            id: Id::new(),
            plan_id,
            place,
            task_id: item.task,
            title: item.title.clone(),
            lead_id: item.lead,
            cooperating: serde_json::to_string(&item.cooperating)?,
            due_on: item.due_on,
            expected_result: item.expected_result.clone(),
            money: item.money,
        });
    }
    let conn = &mut *tx.conn;
    each!(conn => diesel::insert_into(plan_items::table).values(&rows).execute(conn))?;
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
    }
    let by = tx.context.caller.person().map(|person| person.id);
    let change = (plans::status.eq(PlanStatus::Approved), plans::approved_by.eq(by), plans::approved_at.eq(Some(now)));
    diesel::update(plans::table.filter(plans::id.eq(plan.id))).set(change).execute(tx.conn)?;
    touched(tx, plan.id)?;
    set_targets(tx, plan)
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
    let row = (
        (
            plans::id.eq(id),
            plans::unit_id.eq(plan.unit.id),
            plans::kind.eq(plan.kind),
            plans::from_year.eq(plan.from_year),
            plans::to_year.eq(plan.to_year),
            plans::title.eq(&plan.title),
            plans::title_key.eq(text::fold(&plan.title)),
            plans::status.eq(PlanStatus::Draft),
            plans::revision.eq(plan.revision),
            plans::symbol.eq(&plan.symbol),
            plans::place.eq(kept.2),
            plans::signatory.eq(kept.1),
        ),
        (
            plans::recipients.eq(kept.3),
            plans::sections.eq(serde_json::to_string(&plan.sections)?),
            plans::targets.eq(kept.0),
            plans::previous_id.eq(plan.id),
            plans::version.eq(1_i64),
            plans::created_at.eq(tx.now()),
            plans::updated_at.eq(tx.now()),
        ),
    );
    diesel::insert_into(plans::table).values(row).execute(tx.conn)?;
    write_items(tx, id, &items_of(plan, 0))?;
    Ok(id)
}

/// The items of a plan, with their dates moved by so many years.
fn items_of(plan: &Plan, years: i32) -> Vec<Item> {
    let moved = |day: NaiveDate| day.with_year(day.year() + years).unwrap_or(day);
    let item = |item: &crate::plans::model::PlanItem| Item {
        task: item.task.as_ref().map(|task| task.id.of()),
        title: item.title.clone(),
        lead: item.lead.id,
        cooperating: item.cooperating.iter().map(|unit| unit.id).collect(),
        due_on: item.due_on.map(moved),
        expected_result: item.expected_result.clone(),
        money: item.money,
    };
    plan.items.iter().map(item).collect()
}

impl Words {
    /// Takes sections and items from a plan where none were given.
    pub fn copy(&mut self, plan: &Plan, years: i32) {
        if self.sections.is_none() {
            self.sections = Some(plan.sections.clone());
        }
        if self.items.is_none() {
            self.items = Some(items_of(plan, years));
        }
    }
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
    let row = (
        (
            plans::id.eq(id),
            plans::unit_id.eq(unit),
            plans::kind.eq(PlanKind::Horizon),
            plans::from_year.eq(new.from_year),
            plans::to_year.eq(new.to_year),
            plans::title.eq(&new.title),
            plans::title_key.eq(text::fold(&new.title)),
            plans::status.eq(PlanStatus::Approved),
            plans::revision.eq(1),
            plans::number.eq(&new.number),
        ),
        (
            plans::symbol.eq(&new.symbol),
            plans::issued_on.eq(new.issued_on),
            plans::issued_text.eq(&new.issued_text),
            plans::place.eq(&new.place),
            plans::signatory.eq(new.signatory.as_ref().map(serde_json::to_string).transpose()?),
            plans::recipients.eq(serde_json::to_string(&new.recipients)?),
            plans::sections.eq(serde_json::to_string(&new.sections)?),
            plans::targets.eq(serde_json::to_string(targets)?),
            plans::version.eq(1_i64),
            plans::created_at.eq(tx.now()),
            plans::updated_at.eq(tx.now()),
        ),
    );
    diesel::insert_into(plans::table).values(row).execute(tx.conn)?;
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
    write_items(tx, id, &work.iter().map(item).collect::<Vec<_>>())?;
    Ok(id)
}
