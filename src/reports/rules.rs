//! The life of a report as a table.

use super::model::{ReportAction, ReportStatus};
use crate::access::caller::Caller;
use crate::access::policy::{Permission, Role};
use crate::ids::{UnitId, UserId};
use crate::life::{Life, Stands};
use crate::units::model::Kind;

/// How the caller stands to a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// Whether it is its unit's, and the caller may write.
    pub writes: bool,
    /// Whether units below its unit report to it.
    pub gathers: bool,
    /// Whether the caller may decide on it: it is above it, or at the department did not hand it in.
    pub decides: bool,
    /// Whether it may be issued by the caller.
    pub issues: bool,
}

/// Whose a report is, and who handed it in.
#[derive(Clone, Copy, Debug)]
pub struct Parties {
    /// Its unit.
    pub unit: UnitId,
    /// What that is.
    pub kind: Kind,
    /// Who handed it in.
    pub submitted_by: Option<UserId>,
}

impl Relation {
    /// How a caller stands to a report of the scope.
    #[must_use]
    pub fn of(caller: &Caller, parties: Parties) -> Self {
        let Some(person) = caller.person() else { return Self::default() };
        let approves = person.may(Permission::DecideReports);
        let apart = person.is_apart(parties.unit, parties.submitted_by);
        let decides = approves && apart;
        Self {
            writes: person.scope.is_own(parties.unit) && person.may(Permission::WriteReports),
            gathers: parties.kind.is_in_charge(),
            decides,
            issues: apart && person.may(Permission::IssueReports) && person.role == Role::Department && parties.kind == Kind::Department,
        }
    }
}

/// The life of a report. One that another replaces is superseded when that is accepted, at the department when it is issued.
pub const LIFE: Life<ReportStatus, ReportAction, By> = Life(&[
    (ReportStatus::Draft, ReportAction::Update, By::Writer, ReportStatus::Draft),
    (ReportStatus::Draft, ReportAction::Consolidate, By::Gatherer, ReportStatus::Draft),
    (ReportStatus::Draft, ReportAction::Submit, By::Writer, ReportStatus::Submitted),
    (ReportStatus::Draft, ReportAction::Delete, By::Writer, ReportStatus::Draft),
    (ReportStatus::Submitted, ReportAction::Return, By::Decider, ReportStatus::Returned),
    (ReportStatus::Submitted, ReportAction::Accept, By::Decider, ReportStatus::Accepted),
    (ReportStatus::Returned, ReportAction::Update, By::Writer, ReportStatus::Returned),
    (ReportStatus::Returned, ReportAction::Consolidate, By::Gatherer, ReportStatus::Returned),
    (ReportStatus::Returned, ReportAction::Submit, By::Writer, ReportStatus::Submitted),
    (ReportStatus::Accepted, ReportAction::Issue, By::Issuer, ReportStatus::Issued),
    (ReportStatus::Accepted, ReportAction::Replace, By::Writer, ReportStatus::Accepted),
    (ReportStatus::Issued, ReportAction::Correct, By::Issuer, ReportStatus::Issued),
    (ReportStatus::Issued, ReportAction::Recall, By::Issuer, ReportStatus::Recalled),
    (ReportStatus::Issued, ReportAction::Replace, By::Writer, ReportStatus::Issued),
]);

/// Who makes a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// An editor of its unit.
    Writer,
    /// The same, where units below report to it.
    Gatherer,
    /// An approver above it.
    Decider,
    /// An approver of the department, of its own report.
    Issuer,
}

impl Stands<By> for Relation {
    fn is(self, by: By) -> bool {
        match by {
            By::Writer => self.writes,
            By::Gatherer => self.writes && self.gathers,
            By::Decider => self.decides,
            By::Issuer => self.issues,
        }
    }
}

/// Whether a lock keeps a unit from it; what others decide is not locked.
#[must_use]
pub fn is_locked_away(action: ReportAction) -> bool {
    matches!(action, ReportAction::Update | ReportAction::Consolidate | ReportAction::Submit | ReportAction::Replace)
}

/// Whether what a report says is that of its last submission; else it is being written.
#[must_use]
pub fn is_frozen(status: ReportStatus) -> bool {
    !matches!(status, ReportStatus::Draft | ReportStatus::Returned)
}

/// Whether a note at one place explains what is odd at another: there, or at a member of it. A note on all values explains none.
#[must_use]
pub fn explains(note: &str, odd: &str) -> bool {
    note == odd || (note != "/values" && odd.strip_prefix(note).is_some_and(|rest| rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_explains_what_it_points_at() {
        for (note, odd, is) in [
            ("/values/3", "/values/3", true),
            ("/values/3", "/values/3/numerator", true),
            ("/values/3", "/values/31", false),
            ("/values", "/values/3", false),
            ("/consolidation", "/consolidation/missing", true),
        ] {
            assert_eq!(explains(note, odd), is, "{note} {odd}");
        }
    }

    #[test]
    fn every_status_offers_what_the_table_says_to_whom_it_says() {
        let writer = Relation { writes: true, ..Relation::default() };
        let gatherer = Relation { writes: true, gathers: true, ..Relation::default() };
        let decider = Relation { decides: true, ..Relation::default() };
        let issuer = Relation { decides: true, issues: true, ..Relation::default() };
        let table: Vec<String> = ReportStatus::ALL
            .iter()
            .map(|status| {
                let told =
                    |relation: Relation| LIFE.actions(*status, relation).iter().map(|action| action.as_str()).collect::<Vec<_>>().join("+");
                format!("{}: {} | {} | {} | {}", status.as_str(), told(writer), told(gatherer), told(decider), told(issuer))
            })
            .collect();
        let expected = [
            "draft: update+submit+delete | update+consolidate+submit+delete |  | ",
            "submitted:  |  | return+accept | return+accept",
            "returned: update+submit | update+consolidate+submit |  | ",
            "accepted: replace | replace |  | issue",
            "issued: replace | replace |  | correct+recall",
            "recalled:  |  |  | ",
            "superseded:  |  |  | ",
        ];
        assert_eq!(table, expected);
    }
}
