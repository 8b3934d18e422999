//! The life of a plan as a table.

use super::model::{PlanAction, PlanStatus};

/// How the caller stands to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Whether it is its unit's, and the caller may write.
    pub writes: bool,
    /// Whether the caller may decide on it: it is above it, or at the department did not hand it in.
    pub decides: bool,
}

/// The table: from which status, what, by whom, to which status.
pub const MOVES: [(PlanStatus, PlanAction, By, PlanStatus); 7] = [
    (PlanStatus::Draft, PlanAction::Update, By::Writer, PlanStatus::Draft),
    (PlanStatus::Draft, PlanAction::Submit, By::Writer, PlanStatus::Submitted),
    (PlanStatus::Submitted, PlanAction::Return, By::Decider, PlanStatus::Returned),
    (PlanStatus::Submitted, PlanAction::Approve, By::Decider, PlanStatus::Approved),
    (PlanStatus::Returned, PlanAction::Update, By::Writer, PlanStatus::Returned),
    (PlanStatus::Returned, PlanAction::Submit, By::Writer, PlanStatus::Submitted),
    (PlanStatus::Approved, PlanAction::Amend, By::Writer, PlanStatus::Approved),
];

/// Who makes a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// An editor of its unit.
    Writer,
    /// An approver above it.
    Decider,
}

/// Whether the relation makes such moves.
#[must_use]
pub fn is(by: By, relation: Relation) -> bool {
    match by {
        By::Writer => relation.writes,
        By::Decider => relation.decides,
    }
}

/// Whether the relation ever makes this move, whatever the status.
#[must_use]
pub fn may_ever(action: PlanAction, relation: Relation) -> bool {
    MOVES.iter().any(|(_, what, by, _)| *what == action && is(*by, relation))
}

/// What may be done with a plan now.
#[must_use]
pub fn actions(status: PlanStatus, relation: Relation) -> Vec<PlanAction> {
    MOVES.iter().filter(|(from, _, by, _)| *from == status && is(*by, relation)).map(|(_, action, ..)| *action).collect()
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
                let told = |relation| actions(*status, relation).iter().map(|action| action.as_str()).collect::<Vec<_>>().join("+");
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
