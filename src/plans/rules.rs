//! The life of a plan as a table.

use super::model::{PlanAction, PlanStatus};
use crate::access::caller::Caller;
use crate::access::policy::Permission;
use crate::ids::{UnitId, UserId};
use crate::life::{Life, Stands};

/// How the caller stands to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Whether it is its unit's, and the caller may write.
    pub writes: bool,
    /// Whether the caller may decide on it: it is above it, or at the department did not hand it in.
    pub decides: bool,
}

impl Relation {
    /// How a caller stands to a plan of this unit, which is in its scope.
    #[must_use]
    pub fn of(caller: &Caller, unit: UnitId, submitted_by: Option<UserId>) -> Self {
        let Some(person) = caller.person() else { return Self { writes: false, decides: false } };
        Self {
            writes: person.scope.is_own(unit) && person.may(Permission::WritePlans),
            decides: person.is_apart(unit, submitted_by) && person.may(Permission::DecidePlans),
        }
    }
}

/// The life of a plan. The version that an approved one replaces is amended by it.
pub const LIFE: Life<PlanStatus, PlanAction, By> = Life(&[
    (PlanStatus::Draft, PlanAction::Update, By::Writer, PlanStatus::Draft),
    (PlanStatus::Draft, PlanAction::Submit, By::Writer, PlanStatus::Submitted),
    (PlanStatus::Submitted, PlanAction::Return, By::Decider, PlanStatus::Returned),
    (PlanStatus::Submitted, PlanAction::Approve, By::Decider, PlanStatus::Approved),
    (PlanStatus::Returned, PlanAction::Update, By::Writer, PlanStatus::Returned),
    (PlanStatus::Returned, PlanAction::Submit, By::Writer, PlanStatus::Submitted),
    (PlanStatus::Approved, PlanAction::Amend, By::Writer, PlanStatus::Approved),
]);

/// Who makes a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// An editor of its unit.
    Writer,
    /// An approver above it.
    Decider,
}

impl Stands<By> for Relation {
    fn is(self, by: By) -> bool {
        match by {
            By::Writer => self.writes,
            By::Decider => self.decides,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_offers_what_the_table_says_to_whom_it_says() {
        let writer = Relation { writes: true, decides: false };
        let decider = Relation { writes: false, decides: true };
        let both = Relation { writes: true, decides: true };
        let table: Vec<String> = PlanStatus::ALL
            .iter()
            .map(|status| {
                let told =
                    |relation: Relation| LIFE.actions(*status, relation).iter().map(|action| action.as_str()).collect::<Vec<_>>().join("+");
                format!("{}: {} | {} | {}", status.as_str(), told(writer), told(decider), told(both))
            })
            .collect();
        let expected = [
            "draft: update+submit |  | update+submit",
            "submitted:  | return+approve | return+approve",
            "returned: update+submit |  | update+submit",
            "approved: amend |  | amend",
            "amended:  |  | ",
        ];
        assert_eq!(table, expected);
    }
}
