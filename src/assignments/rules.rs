//! The life of an assignment as a table.

use chrono::NaiveDate;

use super::model::{AssignmentAction as Action, AssignmentStatus as Status, Progress, Timeliness};
use crate::indicators::rules::{Decimal, Fraction};
use crate::sums::progress::Work;

/// How the caller stands to an assignment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// An editor of the unit that leads it.
    pub leads: bool,
    /// An approver of the unit that gave it, or above, who did not report it done itself.
    pub decides: bool,
    /// An approver of the unit that gave it, or above, or an editor of that unit.
    pub steers: bool,
}

/// Who makes a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The unit that leads it.
    Lead,
    /// Who decides on it.
    Decider,
    /// Who decides on it, or an editor of the unit that gave it.
    Steerer,
}

/// The table: from which status, what, by whom, to which status.
pub const MOVES: [(Status, Action, By, Status); 19] = [
    (Status::Assigned, Action::Start, By::Lead, Status::InProgress),
    (Status::Assigned, Action::Update, By::Lead, Status::InProgress),
    (Status::Assigned, Action::Extend, By::Lead, Status::Assigned),
    (Status::Assigned, Action::Pause, By::Steerer, Status::Paused),
    (Status::Assigned, Action::Cancel, By::Steerer, Status::Cancelled),
    (Status::InProgress, Action::Update, By::Lead, Status::InProgress),
    (Status::InProgress, Action::ReportDone, By::Lead, Status::ReportedDone),
    (Status::InProgress, Action::Extend, By::Lead, Status::InProgress),
    (Status::InProgress, Action::Pause, By::Steerer, Status::Paused),
    (Status::InProgress, Action::Cancel, By::Steerer, Status::Cancelled),
    (Status::ReportedDone, Action::Confirm, By::Decider, Status::Confirmed),
    (Status::ReportedDone, Action::Return, By::Decider, Status::Returned),
    (Status::ReportedDone, Action::Cancel, By::Steerer, Status::Cancelled),
    (Status::Returned, Action::Resume, By::Lead, Status::InProgress),
    (Status::Returned, Action::Extend, By::Lead, Status::Returned),
    (Status::Returned, Action::Cancel, By::Steerer, Status::Cancelled),
    (Status::Paused, Action::Resume, By::Steerer, Status::InProgress),
    (Status::Paused, Action::Cancel, By::Steerer, Status::Cancelled),
    (Status::Paused, Action::Extend, By::Lead, Status::Paused),
];

fn is(by: By, relation: Relation) -> bool {
    match by {
        By::Lead => relation.leads,
        By::Decider => relation.decides,
        By::Steerer => relation.steers,
    }
}

/// What may be done with an assignment now.
#[must_use]
pub fn actions(status: Status, relation: Relation) -> Vec<Action> {
    MOVES.iter().filter(|(from, _, by, _)| *from == status && is(*by, relation)).map(|(_, action, ..)| *action).collect()
}

/// Whether the relation ever makes this move, whatever the status.
#[must_use]
pub fn may_ever(action: Action, relation: Relation) -> bool {
    MOVES.iter().any(|(_, what, by, _)| *what == action && is(*by, relation))
}

/// The status after a move; `None` where the table has no such move for this relation.
#[must_use]
pub fn after(status: Status, action: Action, relation: Relation) -> Option<Status> {
    MOVES.iter().find(|(from, what, by, _)| *from == status && *what == action && is(*by, relation)).map(|(.., to)| *to)
}

/// Whether an assignment is neither confirmed nor cancelled.
#[must_use]
pub const fn is_open(status: Status) -> bool {
    !matches!(status, Status::Confirmed | Status::Cancelled)
}

/// How an assignment stands to its due date, that day included.
#[must_use]
pub fn timeliness(status: Status, due_on: NaiveDate, done_on: Option<NaiveDate>, today: NaiveDate) -> Timeliness {
    match (status, done_on) {
        (Status::Confirmed, Some(day)) if day > due_on => Timeliness::DoneLate,
        (Status::Confirmed, _) => Timeliness::DoneInTime,
        _ if today > due_on => Timeliness::Late,
        _ => Timeliness::InTime,
    }
}

/// The progress of kept amounts by due date.
#[must_use]
pub fn progress<'a>(works: impl Iterator<Item = &'a Work>, today: NaiveDate) -> Progress {
    let mut told = Progress::default();
    let mut percent = 0;
    for (_, due_on, amount) in works {
        let done = amount.done_in_time + amount.done_late;
        told.assignments += amount.open + done;
        told.confirmed += done;
        told.done_in_time += amount.done_in_time;
        told.done_late += amount.done_late;
        if *due_on < today {
            told.late += amount.open;
        } else {
            told.in_time += amount.open;
        }
        percent += amount.percent + 100 * done;
    }
    // The sum of percents over the number of assignments is a percentage of a hundred times that number.
    let mean: Option<Decimal> = Fraction::percent(percent, told.assignments * 100).map(Fraction::shown);
    told.percent = mean;
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sums::progress::Amount;

    #[test]
    fn every_status_offers_what_the_table_says_to_whom_it_says() {
        let lead = Relation { leads: true, ..Relation::default() };
        let decider = Relation { decides: true, steers: true, ..Relation::default() };
        let steerer = Relation { steers: true, ..Relation::default() };
        let table: Vec<String> = Status::ALL
            .iter()
            .map(|status| {
                let told = |relation| actions(*status, relation).iter().map(|action| action.as_str()).collect::<Vec<_>>().join("+");
                format!("{}: {} | {} | {}", status.as_str(), told(lead), told(decider), told(steerer))
            })
            .collect();
        let expected = [
            "assigned: start+update+extend | pause+cancel | pause+cancel",
            "in_progress: update+report-done+extend | pause+cancel | pause+cancel",
            "reported_done:  | confirm+return+cancel | cancel",
            "returned: resume+extend | cancel | cancel",
            "confirmed:  |  | ",
            "paused: extend | resume+cancel | resume+cancel",
            "cancelled:  |  | ",
        ];
        assert_eq!(table, expected);
    }

    #[test]
    fn progress_is_the_mean_of_what_is_done_and_what_is_told() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let today = day("2025-06-30");
        let group = crate::ids::Id::new();
        let works = [
            (group, day("2025-06-29"), Amount { open: 1, percent: 40, ..Amount::default() }),
            (group, today, Amount { open: 2, percent: 99, done_in_time: 1, ..Amount::default() }),
            (group, day("2025-05-01"), Amount { done_late: 1, ..Amount::default() }),
        ];
        let told = progress(works.iter(), today);
        assert_eq!((told.assignments, told.confirmed, told.in_time, told.late), (5, 2, 2, 1));
        // (40 + 99 + 100 + 100) / 5.
        assert_eq!(told.percent.expect("work").to_string(), "67.80");
        assert_eq!(progress([].iter(), today).percent, None);
    }
}
