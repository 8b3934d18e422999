//! Recurring tasks: each piece of an approved plan whose task comes back makes its assignment when the period opens, once. The unique
//! key of task, unit and period makes it so, on whichever instance and after any outage.

use diesel::prelude::*;

use super::give::give;
use super::given::Given;
use super::take_over::keeps;
use crate::assignments::rules;
use crate::clock::Instant;
use crate::db::Tx;
use crate::db::schema::{assignments, periods, plan_items, plans, tasks, unit_closure, unit_spells, units};
use crate::error::Result;
use crate::ids::{GroupId, Id, PeriodId, PlanId, TaskId, UnitId};
use crate::journal::{self, Entry};
use crate::periods::model::PeriodKind;
use crate::plans::model::PlanStatus;
use crate::tasks::model::{Cadence, Nature};
use crate::units::model::Kind;

/// The periods in which a task of this cadence comes back.
const fn period_kind(cadence: Cadence) -> PeriodKind {
    match cadence {
        Cadence::Month => PeriodKind::Month,
        Cadence::Quarter => PeriodKind::Quarter,
        Cadence::Half => PeriodKind::Half,
        Cadence::Year => PeriodKind::Year,
    }
}

type Due = (PlanId, UnitId, UnitId, (TaskId, GroupId, String), Option<String>, (PeriodId, chrono::NaiveDate));

/// What has come due and is not given yet: of periods that have begun, and that had not ended when the plan came into force.
fn due(tx: &mut Tx<'_>, cadence: Cadence) -> Result<Vec<Due>> {
    type Row = (Due, Option<Instant>, Instant, chrono::NaiveDate);
    let day = tx.today();
    // Of itself only open work of a time that has not ended goes over from one that does not keep it, and none to the unit that leads it.
    let there = assignments::table
        .filter(assignments::task_id.eq(tasks::id))
        .filter(assignments::unit_id.eq(plan_items::lead_id))
        .filter(assignments::period_id.eq(periods::id.nullable()))
        .filter(
            keeps!(day)
                .or(assignments::status.ne_all(rules::open()))
                .or(periods::ends_on.lt(day))
                .or(plans::unit_id.eq(plan_items::lead_id)),
        );
    // Who left the plan's unit is given its work by nobody there any more; a division's is that of the whole department.
    let below = unit_closure::table
        .filter(unit_closure::ancestor.eq(plans::unit_id))
        .filter(unit_closure::descendant.eq(plan_items::lead_id))
        .filter(unit_closure::valid_from.le(day))
        .filter(unit_closure::valid_to.gt(day));
    let beside = unit_closure::table
        .inner_join(unit_spells::table.on(unit_spells::parent_id.eq(unit_closure::ancestor.nullable())))
        .inner_join(units::table.on(units::id.eq(unit_spells::unit_id)))
        .filter(units::id.eq(plans::unit_id))
        .filter(units::kind.eq(Kind::Division))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .filter(unit_closure::descendant.eq(plan_items::lead_id))
        .filter(unit_closure::valid_from.le(day))
        .filter(unit_closure::valid_to.gt(day));
    let rows: Vec<Row> = plan_items::table
        .inner_join(plans::table)
        .inner_join(tasks::table.on(plan_items::task_id.eq(tasks::id.nullable())))
        .inner_join(periods::table.on(periods::year.ge(plans::from_year).and(periods::year.le(plans::to_year))))
        .filter(plans::status.eq(PlanStatus::Approved))
        .filter(tasks::nature.eq(Nature::Recurring))
        .filter(tasks::cadence.eq(cadence))
        .filter(periods::kind.eq(period_kind(cadence)))
        .filter(periods::starts_on.le(day))
        .filter(diesel::dsl::not(diesel::dsl::exists(there)))
        .filter(diesel::dsl::exists(below).or(diesel::dsl::exists(beside)))
        .select((
            (
                plans::id,
                plans::unit_id,
                plan_items::lead_id,
                (tasks::id, tasks::group_id, plan_items::title),
                plan_items::expected_result,
                (periods::id, periods::ends_on),
            ),
            plans::approved_at,
            plans::created_at,
            periods::ends_on,
        ))
        .load(tx.conn)?;
    let in_force = |row: &Row| row.3 >= row.1.unwrap_or(row.2).business_day();
    Ok(rows.into_iter().filter(in_force).map(|row| row.0).collect())
}

/// Gives what has come due. Answers how many assignments were made.
///
/// # Errors
/// Database errors.
pub fn open_periods(tx: &mut Tx<'_>) -> Result<usize> {
    let tree = tx.hold_tree()?;
    let mut all = Vec::new();
    for cadence in Cadence::ALL {
        all.extend(due(tx, *cadence)?);
    }
    let given: Vec<Given> = all
        .into_iter()
        .map(|(plan, assigned_by, unit, (task, group, title), deliverable, (period, ends_on))| Given {
            id: Id::new(),
            task,
            group,
            plan: Some(plan),
            unit,
            assigned_by,
            period: Some(period),
            title,
            deliverable,
            due_on: Some(ends_on),
            cooperating: Vec::new(),
        })
        .collect();
    let made = give(tx, &tree, &given)?;
    let told = |one: &Given| {
        let entry = Entry::new("assignment.create", Some("assignment.created"), "assignment", one.id.any());
        let after = serde_json::json!({"period": one.period, "due_on": one.due_on});
        Ok(Entry { unit: Some(one.unit), ..entry.told(None, Some(&after), None)? })
    };
    journal::append_all(tx, given.iter().filter(|one| made.is_fresh(one)).map(told).collect::<Result<_>>()?)?;
    journal::append_all(tx, made.taken)?;
    Ok(made.ids.len())
}
