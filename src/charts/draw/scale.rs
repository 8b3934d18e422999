//! Axes: steps of 1, 2 or 5 times a power of ten that hold all numbers, and places on them.

use super::Tenths;
use crate::charts::model::Axis;
use crate::indicators::decimal::Decimal;

/// More steps than this are hard to read.
const MOST_STEPS: i128 = 6;

/// An axis from one number to another, in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    low: i128,
    high: i128,
    step: i128,
}

impl Scale {
    /// An axis for bars: their lengths are compared, so it starts at 0.
    #[must_use]
    pub fn from_zero(numbers: &[Decimal], axis: Axis) -> Self {
        let (low, high) = ends(numbers);
        Self::nice(low.min(0), high.max(0), axis)
    }

    /// An axis for a line: as much of it as the numbers need with some room, but never so little that a small change looks like a large one.
    #[must_use]
    pub fn around(numbers: &[Decimal], axis: Axis) -> Self {
        let (low, high) = ends(numbers);
        let room = ((high - low) / 8).max((LEAST_SPAN - (high - low)) / 2);
        let top = if high <= WHOLE { (high + room).min(WHOLE) } else { high + room };
        let found = Self::nice((low - room).min(top - LEAST_SPAN), top, axis);
        // Counts and levels are compared with nothing at all, and so are rates where it costs little.
        if axis != Axis::Percent || found.low <= found.high / 2 { Self::from_zero(numbers, axis) } else { found }
    }

    fn nice(low: i128, high: i128, axis: Axis) -> Self {
        if axis == Axis::Level {
            // All levels that there are.
            let step = step_for(low, high.max(300), 100);
            return Self { low: down(low, step), high: up(high.max(300), step), step };
        }
        let high = high.max(low + LEAST_SPAN);
        let step = step_for(low, high, if axis == Axis::Whole { 100 } else { 10 });
        Self { low: down(low, step), high: up(high, step), step }
    }

    /// The numbers that the axis is labelled with.
    pub fn steps(self) -> impl Iterator<Item = Decimal> {
        let numbers = std::iter::successors(Some(self.low), move |number| Some(number + self.step));
        numbers.take_while(move |number| *number <= self.high).map(Decimal)
    }

    /// Whether what is drawn begins at nothing.
    #[must_use]
    pub fn starts_at_zero(self) -> bool {
        self.low <= 0
    }

    /// How far a number is from the beginning, where the whole axis is `room` long.
    #[must_use]
    pub fn place(self, number: Decimal, room: Tenths) -> Tenths {
        let span = (self.high - self.low).max(1);
        let part = (number.0.clamp(self.low, self.high) - self.low).saturating_mul(room.into());
        // Half up: the last bit of a length is seen by nobody, and must be the same everywhere.
        Tenths::try_from((part + span / 2).div_euclid(span)).unwrap_or(room)
    }
}

/// 100 %.
const WHOLE: i128 = 10_000;
/// An axis is never shorter than five points, or five things.
const LEAST_SPAN: i128 = 500;

fn ends(numbers: &[Decimal]) -> (i128, i128) {
    let all = || numbers.iter().map(|number| number.0);
    (all().min().unwrap_or_default(), all().max().unwrap_or_default())
}

fn down(number: i128, step: i128) -> i128 {
    number.div_euclid(step) * step
}

fn up(number: i128, step: i128) -> i128 {
    -down(-number, step)
}

/// The smallest step of 1, 2 or 5 times a power of ten, from `least` on, that divides all of it into few enough.
fn step_for(low: i128, high: i128, least: i128) -> i128 {
    let fits = |step: &i128| (up(high, *step) - down(low, *step)) / step <= MOST_STEPS;
    let powers = std::iter::successors(Some(least), |power| power.checked_mul(10));
    powers.flat_map(|power| [power, power.saturating_mul(2), power.saturating_mul(5)]).find(fits).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(scale: Scale) -> Vec<String> {
        scale.steps().map(|number| number.to_string().trim_end_matches(".00").to_owned()).collect()
    }

    fn of(hundredths: &[i64]) -> Vec<Decimal> {
        hundredths.iter().map(|number| Decimal::hundredths(*number)).collect()
    }

    #[test]
    fn rates_have_room_and_small_changes_stay_small() {
        for (numbers, steps) in [
            // 46.83 % on the way to 50 %.
            (&[4683, 5000][..], &["45", "46", "47", "48", "49", "50", "51"][..]),
            (&[9920, 9960, 9900], &["95", "96", "97", "98", "99", "100"]),
            (&[10_000, 10_000], &["95", "96", "97", "98", "99", "100"]),
            (&[9000, 11_500], &["80", "90", "100", "110", "120"]),
            (&[7379], &["71", "72", "73", "74", "75", "76", "77"]),
            (&[590, 500], &["0", "1", "2", "3", "4", "5", "6"]),
            (&[3100, 2000], &["0", "10", "20", "30", "40"]),
            (&[400, 500], &["0", "1", "2", "3", "4", "5"]),
            (&[2000, 6000], &["0", "10", "20", "30", "40", "50", "60"]),
            (&[0], &["0", "1", "2", "3", "4", "5"]),
            (&[], &["0", "1", "2", "3", "4", "5"]),
        ] {
            let scale = Scale::around(&of(numbers), Axis::Percent);
            let found = told(scale);
            assert_eq!(found, steps, "{numbers:?}");
            assert_eq!(scale.starts_at_zero(), found[0] == "0");
        }
    }

    #[test]
    fn counts_and_levels_go_in_whole_steps() {
        assert_eq!(told(Scale::around(&of(&[0, 0]), Axis::Whole)), ["0", "1", "2", "3", "4", "5"]);
        assert_eq!(told(Scale::around(&of(&[31_200, 0]), Axis::Whole)), ["0", "100", "200", "300", "400"]);
        assert_eq!(told(Scale::around(&of(&[200]), Axis::Level)), ["0", "1", "2", "3"]);
        assert_eq!(told(Scale::from_zero(&of(&[300, 400]), Axis::Level)), ["0", "1", "2", "3", "4"]);
    }

    #[test]
    fn places_are_exact_and_the_ends_are_the_ends() {
        let scale = Scale::from_zero(&of(&[5000, 4683]), Axis::Percent);
        assert_eq!((scale.place(Decimal(0), 5000), scale.place(Decimal(5000), 5000)), (0, 5000));
        assert_eq!(scale.place(Decimal(4683), 5000), 4683);
        let far = Scale::from_zero(&[Decimal(i128::from(i64::MAX) * 10_000)], Axis::Percent);
        assert!(far.place(Decimal(i128::from(i64::MAX)), 5000) <= 5000);
    }
}
