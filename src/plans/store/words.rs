//! What a plan says: its words, items and targets, looked up, copied and written.

use std::collections::{HashMap, HashSet};

use chrono::{Datelike, NaiveDate};
use diesel::prelude::*;

use super::read::{KeptTarget, ours};
use crate::db::schema::{plan_items, plans};
use crate::db::{Tx, each};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::{Id, IndicatorId, Key, PlanId, PlanItemId, TaskId, UnitId};
use crate::indicators;
use crate::indicators::model::Target;
use crate::indicators::rules::{Measured, faults_of_target};
use crate::patch::Field;
use crate::plans::model::{NewItem, NewPlanTarget, Plan, PlanItem, Section};
use crate::tasks;
use crate::units::model::{Unit, UnitRef};
use crate::units::store::{get as get_unit, referred_card, referred_unit};

/// An item with all that it names looked up.
#[derive(Clone, Debug)]
pub struct Item {
    pub(super) task: Option<TaskId>,
    pub(super) title: String,
    pub(super) lead: UnitId,
    pub(super) cooperating: Vec<UnitId>,
    pub(super) due_on: Option<NaiveDate>,
    pub(super) expected_result: Option<String>,
    pub(super) money: Option<i64>,
}

/// What a plan says, with all that it names looked up; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Its title.
    pub title: Option<String>,
    /// Its number.
    pub number: Field<String>,
    /// Its day.
    pub issued_on: Field<NaiveDate>,
    /// Its parts.
    pub sections: Option<Vec<Section>>,
    /// Its pieces of work.
    pub items: Option<Vec<Item>>,
    /// The targets that it sets.
    pub targets: Option<Vec<KeptTarget>>,
}

/// Items and targets as they were written, to be looked up.
#[derive(Clone, Copy, Debug)]
pub struct Written<'n> {
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
    pub fn resolve(
        mut self,
        tx: &mut Tx<'_>,
        unit: &Unit,
        years: (i32, i32),
        written: Written<'_>,
        faults: &mut Vec<Fault>,
    ) -> Result<Self> {
        self.items = written.items.map(|items| resolve_items(tx, unit, items, faults)).transpose()?;
        self.targets = written.targets.map(|targets| resolve_targets(tx, unit, years, targets, faults)).transpose()?;
        Ok(self)
    }

    /// Takes sections and items from a plan where none were given; from another unit's, its work as the new unit's own.
    ///
    /// # Errors
    /// Database errors.
    pub fn copy(&mut self, tx: &mut Tx<'_>, plan: &Plan, unit: UnitId, years: i32) -> Result<()> {
        if self.sections.is_none() {
            self.sections = Some(plan.sections.clone());
        }
        if self.items.is_none() {
            let mut items = led_below(tx, unit, items_of(plan, years))?;
            for item in items.iter_mut().filter(|_| plan.unit.id != unit) {
                item.lead = unit;
                // A task of that unit alone is none here.
                item.task = item.task.map(|task| tasks::store::find(tx, &Key::from(task))).transpose()?.flatten().map(|task| task.id);
            }
            self.items = Some(items);
        }
        Ok(())
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

/// Targets as they are written, with the faults that they have today.
fn resolve_targets(
    tx: &mut Tx<'_>,
    unit: &Unit,
    years: (i32, i32),
    new: &[NewPlanTarget],
    faults: &mut Vec<Fault>,
) -> Result<Vec<KeptTarget>> {
    let own = own(tx, &unit.to_ref())?;
    let mut resolved: Vec<(usize, KeptTarget)> = Vec::with_capacity(new.len());
    for (index, target) in new.iter().enumerate() {
        let at = |member: &str, code| Fault::at(format!("/targets/{index}/{member}"), code);
        let unknown = at("indicator", FaultCode::UnknownReference);
        let Some(indicator) = indicators::store::referred(tx, unknown, &target.indicator, faults)? else { continue };
        if !(years.0..=years.1).contains(&target.year) {
            faults.push(at("year", FaultCode::OutOfRange).with(format!("{} – {}", years.0, years.1)));
        }
        if resolved.iter().any(|(_, other)| other.indicator == indicator && other.year == target.year) {
            faults.push(Fault::at(format!("/targets/{index}"), FaultCode::DuplicateRow));
        }
        let replaces = Some(version_of(&own, indicator, target.year));
        let (year, operator, value, reason) = (target.year, target.operator, target.value, target.reason.clone());
        resolved.push((index, KeptTarget { indicator, year, operator, value, reason, replaces }));
    }
    faults.extend(faults_of_targets(tx, unit.parent.as_ref(), &resolved)?);
    Ok(resolved.into_iter().map(|(_, target)| target).collect())
}

/// What is wrong with targets, each with its place among those of its plan, against what the units above set now: an easier one needs
/// its reason.
fn faults_of_targets(tx: &mut Tx<'_>, parent: Option<&UnitRef>, targets: &[(usize, KeptTarget)]) -> Result<Vec<Fault>> {
    let inherited = match parent {
        Some(parent) => indicators::store::in_force(tx, std::slice::from_ref(parent), None, None)?.remove(&parent.id),
        None => None,
    };
    let inherited = inherited.unwrap_or_default();
    let kinds = indicators::store::kinds(tx, targets.iter().map(|(_, target)| target.indicator).collect())?;
    let mut faults = Vec::new();
    for (index, target) in targets {
        let above = inherited.iter().find(|(of, set)| *of == target.indicator && set.year == target.year);
        let above = above.map(|(_, set)| (set.operator, set.value));
        let Some(&(kind, direction)) = kinds.get(&target.indicator) else { continue };
        let (demand, place) = ((target.operator, target.value), format!("/targets/{index}"));
        faults.extend(faults_of_target(&place, demand, target.reason.as_deref(), Measured { kind, direction, above }));
    }
    Ok(faults)
}

/// The targets of a plan as it keeps them.
pub(super) fn kept(tx: &mut Tx<'_>, plan: PlanId) -> Result<Vec<KeptTarget>> {
    let kept: String = plans::table.filter(plans::id.eq(plan)).select(plans::targets).first(tx.conn)?;
    Ok(serde_json::from_str(&kept)?)
}

/// The targets that a unit has of its own.
pub(super) fn own(tx: &mut Tx<'_>, unit: &UnitRef) -> Result<HashMap<(IndicatorId, i32), Target>> {
    let found = indicators::store::in_force(tx, std::slice::from_ref(unit), None, None)?.remove(&unit.id).unwrap_or_default();
    let own = found.into_iter().filter(|(_, target)| target.inherited_from.is_none());
    Ok(own.map(|(indicator, target)| ((indicator, target.year), target)).collect())
}

/// The version of the own target that one would replace; 0 where there is none.
pub(super) fn version_of(own: &HashMap<(IndicatorId, i32), Target>, indicator: IndicatorId, year: i32) -> i64 {
    own.get(&(indicator, year)).map_or(0, |own| own.version)
}

/// Checks the targets of a plan against what the units above set by now, and its unit's own: they may have changed since it was written.
///
/// # Errors
/// 422 with every target that would need a reason, and every one in whose place another was set meanwhile.
pub(super) fn check_targets(tx: &mut Tx<'_>, plan: &Plan) -> Result<()> {
    let unit = get_unit(tx, &Key::from(plan.unit.id), None)?.unit;
    let targets: Vec<(usize, KeptTarget)> = kept(tx, plan.id)?.into_iter().enumerate().collect();
    let mut faults = faults_of_targets(tx, unit.parent.as_ref(), &targets)?;
    let own = own(tx, &plan.unit)?;
    for (index, target) in &targets {
        if target.replaces.is_some_and(|known| known != version_of(&own, target.indicator, target.year)) {
            faults.push(Fault::at(format!("/targets/{index}"), FaultCode::StaleRow));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::invalid(faults)) }
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

/// Records the items of a plan, in their order.
pub(super) fn write_items(tx: &mut Tx<'_>, plan_id: PlanId, items: &[Item]) -> Result<()> {
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

/// Items whose leads are below: what was led by a unit that has left since is the plan's own unit's.
pub(super) fn led_below(tx: &mut Tx<'_>, unit: UnitId, items: Vec<Item>) -> Result<Vec<Item>> {
    let below: HashSet<UnitId> = ours(tx, items.iter().map(|item| item.lead).collect())?.into_iter().collect();
    Ok(items.into_iter().map(|item| if below.contains(&item.lead) { item } else { Item { lead: unit, ..item } }).collect())
}

/// The items of a plan, with their dates moved by so many years.
pub(super) fn items_of(plan: &Plan, years: i32) -> Vec<Item> {
    let moved = |day: NaiveDate| day.with_year(day.year() + years).unwrap_or(day);
    let item = |item: &PlanItem| Item {
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
