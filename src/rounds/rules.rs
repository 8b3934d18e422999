//! The life of a round, and what is late in it.

use chrono::NaiveDate;

use super::model::{DebtState, LevelCompleteness, RoundAction, RoundStatus};
use crate::access::policy::Role;
use crate::clock::Instant;
use crate::life::{Life, Stands};
use crate::periods::model::DueDates;
use crate::sums::completeness::Counts;

/// Whether the caller prepares rounds: an admin of the department.
#[derive(Clone, Copy, Debug)]
pub struct Prepares(pub bool);

impl Stands<()> for Prepares {
    fn is(self, (): ()) -> bool {
        self.0
    }
}

/// The life of a round.
pub const LIFE: Life<RoundStatus, RoundAction, ()> = Life(&[
    (RoundStatus::Draft, RoundAction::Update, (), RoundStatus::Draft),
    (RoundStatus::Draft, RoundAction::Open, (), RoundStatus::Open),
    (RoundStatus::Open, RoundAction::Update, (), RoundStatus::Open),
    (RoundStatus::Open, RoundAction::Close, (), RoundStatus::Closed),
]);

/// The day of a role.
#[must_use]
pub fn day_of(days: &DueDates, role: Role) -> Option<NaiveDate> {
    match role {
        Role::School => days.school,
        Role::District => days.district,
        Role::Department => days.department,
    }
}

/// Whether a day is over in Asia/Ho_Chi_Minh; no day is never over.
#[must_use]
pub fn is_over(day: Option<NaiveDate>, now: Instant) -> bool {
    day.and_then(|day| day.succ_opt()).is_some_and(|next| now >= Instant::start_of(next))
}

/// How far a round is among units of a role.
#[must_use]
pub fn completeness(level: Role, counts: Counts) -> LevelCompleteness {
    let Counts { expected, received, late, submitted, returned, accepted } = counts;
    let (on_time, missing) = (received - late, expected - received);
    LevelCompleteness { level, expected, received, on_time, late, submitted, returned, accepted, missing }
}

/// What became of a unit's report, in one word.
#[must_use]
pub fn state(counts: Counts) -> DebtState {
    if counts.returned > 0 {
        DebtState::Returned
    } else if counts.accepted > 0 && counts.submitted == 0 {
        DebtState::Accepted
    } else if counts.received > 0 {
        DebtState::Received
    } else {
        DebtState::Missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_over_with_its_last_millisecond_in_hoa_binh() {
        let due = NaiveDate::from_ymd_opt(2025, 6, 20);
        let at = |text: &str| Instant::parse(text).expect("an instant");
        assert!(!is_over(due, at("2025-06-20T16:59:59.999Z")));
        assert!(is_over(due, at("2025-06-20T17:00:00.000Z")));
        assert!(!is_over(None, at("2099-01-01T00:00:00Z")));
    }

    #[test]
    fn rounds_open_and_close_once() {
        let told = |may| {
            RoundStatus::ALL
                .iter()
                .map(|status| LIFE.actions(*status, Prepares(may)).iter().map(|action| action.as_str()).collect::<Vec<_>>().join("+"))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(true), ["update+open", "update+close", ""]);
        assert_eq!(told(false), ["", "", ""]);
    }
}
