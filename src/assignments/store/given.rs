//! What is to be given.

use chrono::NaiveDate;

use crate::ids::{AssignmentId, GroupId, PeriodId, PlanId, TaskId, UnitId};

/// An assignment to be recorded.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its id.
    pub id: AssignmentId,
    /// The task.
    pub task: TaskId,
    /// The group of the task.
    pub group: GroupId,
    /// The plan that it carries out.
    pub plan: Option<PlanId>,
    /// Who leads it.
    pub unit: UnitId,
    /// Who gives it.
    pub assigned_by: UnitId,
    /// The period that it is for.
    pub period: Option<PeriodId>,
    /// Its title.
    pub title: String,
    /// What there should be at the end.
    pub deliverable: Option<String>,
    /// Its last day.
    pub due_on: Option<NaiveDate>,
    /// Who works with it.
    pub cooperating: Vec<UnitId>,
}
