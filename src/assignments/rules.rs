//! The life of an assignment as a table.

use chrono::{Days, NaiveDate};

use super::model::{AssignmentAction as Action, AssignmentStatus as Status, Progress, Timeliness};
use crate::access::caller::Caller;
use crate::access::policy::{Duty, Permission};
use crate::ids::{UnitId, UserId};
use crate::indicators::decimal::Decimal;
use crate::indicators::rules::Fraction;
use crate::life::{Life, Stands};
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

/// The units of an assignment and who reported it, as far as somebody's standing to it goes.
#[derive(Clone, Copy, Debug)]
pub struct Parties {
    /// Who leads it.
    pub unit: UnitId,
    /// Who gave it.
    pub assigned_by: UnitId,
    /// Whether that is in the caller's scope.
    pub given_below: bool,
    /// Who reported it done last.
    pub reported_by: Option<UserId>,
}

impl Relation {
    /// How a caller stands to it.
    #[must_use]
    pub fn of(caller: &Caller, parties: Parties) -> Self {
        let Some(person) = caller.person() else { return Self::default() };
        let approves = parties.given_below && person.duties.has(Duty::Approver);
        let edits = person.duties.has(Duty::Editor);
        let may = |permission: Permission| person.may(permission);
        Self {
            leads: may(Permission::WriteAssignments) && edits && person.scope.is_own(parties.unit),
            decides: may(Permission::DecideAssignments) && approves && person.is_apart(parties.unit, parties.reported_by),
            steers: may(Permission::SteerAssignments) && (approves || (edits && person.scope.is_own(parties.assigned_by))),
        }
    }
}

/// What becomes of work that another gives from now on, if it may: what is confirmed is done, and what nobody above cancelled begins again
/// only by one who decides; everything else stays as it is.
#[must_use]
pub const fn taken_over(status: Status, decides: bool) -> Option<Status> {
    match status {
        Status::Cancelled if decides => Some(Status::Assigned),
        Status::Cancelled | Status::Confirmed => None,
        Status::Assigned | Status::InProgress | Status::ReportedDone | Status::Returned | Status::Paused => Some(status),
    }
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

/// The life of an assignment.
pub const LIFE: Life<Status, Action, By> = Life(&[
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
]);

impl Stands<By> for Relation {
    fn is(self, by: By) -> bool {
        match by {
            By::Lead => self.leads,
            By::Decider => self.decides,
            By::Steerer => self.steers,
        }
    }
}

/// Whether an assignment is neither confirmed nor cancelled.
#[must_use]
pub const fn is_open(status: Status) -> bool {
    !matches!(status, Status::Confirmed | Status::Cancelled)
}

/// The statuses of open work.
#[must_use]
pub fn open() -> Vec<Status> {
    Status::ALL.iter().copied().filter(|status| is_open(*status)).collect()
}

/// The last day of what is due soon.
#[must_use]
pub fn soon(today: NaiveDate) -> NaiveDate {
    today.checked_add_days(Days::new(14)).unwrap_or(today)
}

/// What a unit owes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owed {
    /// Open and past their due date.
    pub late: i64,
    /// Open and due within a fortnight.
    pub due_soon: i64,
    /// Sent back.
    pub returned: i64,
}

impl Owed {
    /// So much more open work of a due date, so much of it sent back.
    pub fn add(&mut self, due_on: NaiveDate, today: NaiveDate, open: i64, returned: i64) {
        self.late += if due_on < today { open } else { 0 };
        self.due_soon += if today <= due_on && due_on <= soon(today) { open } else { 0 };
        self.returned += returned;
    }
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
                let told =
                    |relation: Relation| LIFE.actions(*status, relation).iter().map(|action| action.as_str()).collect::<Vec<_>>().join("+");
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
