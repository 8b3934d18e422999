//! What a result says: from sums to a rate, an attainment and a place on the way to the target. Pure arithmetic.

use chrono::{Datelike, NaiveDate};

use super::model::{Coverage, ResultReason, Trajectory};
use crate::indicators::decimal::Decimal;
use crate::indicators::model::{Definition, Direction, IndicatorKind, Operator, Target};
use crate::indicators::rules::{Cascade, Fraction, attains};
use crate::sums::values::Amount;
use crate::values::model::State;

/// The year before the plan: what its targets start from.
pub const BASE_YEAR: i32 = 2024;

/// Further on nobody plans.
const LAST_YEAR: i32 = 2100;

/// What was added up for a unit and a period, side by side with how many were to give it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Added {
    /// Of values of units.
    pub units: Amount,
    /// Of values of localities.
    pub places: Amount,
    /// How many record what stands above the line, or the count.
    pub expected_above: i64,
    /// How many record what stands below it.
    pub expected_below: i64,
}

/// Communes by the district that they lie in, each with the level that it reached, if that was recorded.
#[derive(Clone, Debug, Default)]
pub struct Communes(pub Vec<Vec<Option<i32>>>);

impl Cascade {
    /// The level that a territory reaches: the highest that enough of its districts reach, a district reaching one that enough of
    /// its communes reach. What nobody recorded does not count as reached.
    #[must_use]
    pub fn level(self, communes: &Communes) -> i32 {
        let most = communes.0.iter().flatten().flatten().copied().max().unwrap_or_default();
        let reaches = |level: i32| {
            let district = |communes: &Vec<Option<i32>>| {
                let reached = communes.iter().flatten().filter(|reached| **reached >= level).count();
                reached * 100 >= communes.len() * usize::from(self.communes_percent)
            };
            communes.0.iter().filter(|communes| district(communes)).count() * 100 >= communes.0.len() * usize::from(self.districts_percent)
        };
        (1..=most).rev().find(|level| reaches(*level)).unwrap_or_default()
    }
}

/// The figures of a level: that of a commune itself, or the one that a cascade reaches.
#[must_use]
pub fn levelled(definition: &Definition, communes: Option<&Communes>) -> Figures {
    let (Some(communes), Some(cascade)) = (communes, Cascade::of(&definition.parameters)) else {
        return Figures { reason: Some(ResultReason::NotCollectedAtThisLevel), ..Figures::default() };
    };
    let all = || communes.0.iter().flatten();
    let (expected, included) = (all().count(), all().flatten().count());
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let coverage = covered(count(expected), count(included));
    if included == 0 {
        let reason = if expected == 0 { ResultReason::NotCollectedAtThisLevel } else { ResultReason::NoValue };
        return Figures { reason: Some(reason), coverage, ..Figures::default() };
    }
    let level = cascade.level(communes);
    Figures {
        level: Some(level),
        number: Some(Fraction::whole(level.into())),
        coverage,
        complete: coverage.missing == 0,
        ..Figures::default()
    }
}

/// How a state stands to its target: a milestone is done by the end of its year, what is maintained is not given up.
#[must_use]
pub fn stated(state: Option<State>, on: Option<NaiveDate>, collects: bool, target: Option<&Target>) -> Standing {
    let known = |attained, reason| Standing { attained, reason, gap: None, trajectory: Trajectory::NoData, projected_year: None };
    let unknown = |reason| known(None, Some(reason));
    let Some(state) = state else {
        return unknown(if collects { ResultReason::NoValue } else { ResultReason::NotCollectedAtThisLevel });
    };
    let Some(target) = target else { return unknown(ResultReason::NoTarget) };
    let attained = match target.operator {
        Operator::Milestone => state == State::Done && on.is_none_or(|day| day.year() <= target.year),
        _ => matches!(state, State::Maintained | State::UnderWay | State::Done),
    };
    known(Some(attained), None)
}

/// The figures of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The sum above the line.
    pub numerator: Option<i64>,
    /// The sum below it.
    pub denominator: Option<i64>,
    /// The count.
    pub count: Option<i64>,
    /// The level.
    pub level: Option<i32>,
    /// The rate, the count or the level, exactly.
    pub number: Option<Fraction>,
    /// Why there is none.
    pub reason: Option<ResultReason>,
    /// How many of those who record what is counted are in it.
    pub coverage: Coverage,
    /// How many of those who record what stands below the line are, where that is others.
    pub below: Option<Coverage>,
    /// Whether anybody who was to give something did not.
    pub complete: bool,
}

fn covered(expected: i64, included: i64) -> Coverage {
    Coverage { expected, included, missing: (expected - included).max(0) }
}

/// The figures of what was added up.
#[must_use]
pub fn figures(kind: IndicatorKind, definition: &Definition, added: &Added) -> Figures {
    match kind {
        IndicatorKind::Ratio => ratio(definition, added),
        IndicatorKind::Count => count(definition, added),
        IndicatorKind::Level | IndicatorKind::Status => Figures { reason: Some(ResultReason::NotDecidable), ..Figures::default() },
    }
}

fn amount(by: Option<crate::indicators::model::CollectedBy>, added: &Added) -> Amount {
    match by {
        Some(crate::indicators::model::CollectedBy::Locality) => added.places,
        _ => added.units,
    }
}

fn count(definition: &Definition, added: &Added) -> Figures {
    let amount = amount(definition.count.as_ref().map(|side| side.by), added);
    let coverage = covered(added.expected_above, amount.complete_rows);
    let found = (amount.complete_rows > 0).then_some(amount.numerator);
    let reason = match found {
        Some(_) => None,
        None if added.expected_above == 0 => Some(ResultReason::NotCollectedAtThisLevel),
        None => Some(ResultReason::NoValue),
    };
    Figures { count: found, number: found.map(Fraction::whole), reason, coverage, complete: coverage.missing == 0, ..Figures::default() }
}

fn ratio(definition: &Definition, added: &Added) -> Figures {
    let above = amount(definition.numerator.as_ref().map(|side| side.by), added);
    let below = amount(definition.denominator.as_ref().map(|side| side.by), added);
    let one = definition.has_one_collector();
    let (rows_above, rows_below) =
        if one { (above.complete_rows, below.complete_rows) } else { (above.numerator_rows, below.denominator_rows) };
    let numerator = (rows_above > 0).then_some(above.numerator);
    let denominator = (rows_below > 0).then_some(below.denominator);
    let coverage = covered(added.expected_above, rows_above);
    let number = numerator.zip(denominator).and_then(|(above, below)| Fraction::percent(above, below));
    let reason = if number.is_some() {
        None
    } else if added.expected_above == 0 || added.expected_below == 0 {
        Some(ResultReason::NotCollectedAtThisLevel)
    } else if above.numerator_rows == 0 && below.denominator_rows == 0 {
        Some(ResultReason::NoValue)
    } else if above.numerator_rows == 0 {
        Some(ResultReason::MissingNumerator)
    } else if denominator.is_none() {
        Some(ResultReason::MissingDenominator)
    } else {
        Some(ResultReason::ZeroDenominator)
    };
    let complete = coverage.missing == 0 && added.expected_below <= rows_below;
    let below = (!one && added.expected_below > 0).then(|| covered(added.expected_below, rows_below));
    Figures { numerator, denominator, number, reason, coverage, below, complete, ..Figures::default() }
}

/// Which of some siblings' numerators are withheld, so that no person can be known by them: those from 1 to 4, and beside them one that
/// is not small, the smallest of these, or a 0; for the sum of all is known, and would tell what only small ones share. Of `unseen` siblings,
/// that are not among these, nothing is known but that sum: they are as small ones.
#[must_use]
pub fn small_cells(numerators: &[Option<i64>], unseen: bool) -> Vec<bool> {
    const SMALL: std::ops::Range<i64> = 1..5;
    let mut withheld: Vec<bool> = numerators.iter().map(|number| number.is_some_and(|number| SMALL.contains(&number))).collect();
    if unseen || withheld.contains(&true) {
        let others = numerators.iter().enumerate().filter_map(|(place, number)| Some((place, (*number)?)));
        let others: Vec<(usize, i64)> = others.filter(|(_, number)| !SMALL.contains(number)).collect();
        let large = others.iter().filter(|(_, number)| *number > 0).min_by_key(|(_, number)| *number);
        if let Some(hidden) = large.or(others.first()).and_then(|(place, _)| withheld.get_mut(*place)) {
            *hidden = true;
        }
    }
    withheld
}

/// Places of numbers, the best first: equal ones share a place, and as many are left out after it. What is no number has none, last.
/// Answers for each place in the order the index of the number, its rank and whether it is tied.
#[must_use]
pub fn ranking(numbers: &[Option<Fraction>], direction: Direction) -> Vec<(usize, Option<usize>, bool)> {
    let mut order: Vec<(usize, Fraction)> = numbers.iter().enumerate().filter_map(|(index, number)| Some((index, (*number)?))).collect();
    let better = |one: &Fraction, other: &Fraction| {
        let order = one.compare(*other).unwrap_or(std::cmp::Ordering::Equal);
        if direction == Direction::Down { order } else { order.reverse() }
    };
    order.sort_by(|one, other| better(&one.1, &other.1));
    let mut placed = Vec::with_capacity(numbers.len());
    for same in order.chunk_by(|one, other| better(&one.1, &other.1).is_eq()) {
        let rank = placed.len() + 1;
        placed.extend(same.iter().map(|(index, _)| (*index, Some(rank), same.len() > 1)));
    }
    placed.extend(numbers.iter().enumerate().filter(|(_, number)| number.is_none()).map(|(index, _)| (index, None, false)));
    placed
}

/// How a result stands to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether it attains it.
    pub attained: Option<bool>,
    /// Why that is not known.
    pub reason: Option<ResultReason>,
    /// The result less the target.
    pub gap: Option<Decimal>,
    /// Where it stands on the way.
    pub trajectory: Trajectory,
    /// The year in which the target is met at the present pace.
    pub projected_year: Option<i32>,
}

/// Where a unit started: the year, and its number then.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// Of the base year, unless a baseline of another one was set.
    pub year: i32,
    /// The rate, the count or the level.
    pub number: Fraction,
}

/// What a result is held against: targets in force by year, and where the unit started.
#[derive(Clone, Copy, Debug)]
pub struct Way<'t> {
    /// In force for the unit, by year.
    pub targets: &'t [&'t Target],
    /// Where it started.
    pub start: Option<Start>,
}

/// A yearly milestone: a target of the year itself, or what lies on the way to the next one.
#[derive(Clone, Copy, Debug)]
pub struct Waypoint<'t> {
    /// Its number.
    pub number: Fraction,
    /// The target that it is, or leads to.
    pub target: &'t Target,
    /// Whether it is drawn and not typed.
    pub drawn: bool,
}

impl<'t> Way<'t> {
    /// The target that a result of a year is held against: that of the year, else the next later one.
    #[must_use]
    pub fn target(&self, year: i32) -> Option<&'t Target> {
        self.targets.iter().copied().find(|target| target.year >= year)
    }

    /// The milestone of a year: the target typed for it, else the point on the straight line from the one before, or from the start, to
    /// the next.
    #[must_use]
    pub fn milestone(&self, year: i32) -> Option<Waypoint<'t>> {
        let valued = |target: &&'t Target| target.value.map(|value| (*target, Fraction::decimal(value)));
        let (target, to) = self.targets.iter().filter(|target| target.year >= year).find_map(valued)?;
        if target.year == year {
            return Some(Waypoint { number: to, target, drawn: false });
        }
        let typed = self.targets.iter().rev().filter(|target| target.year < year).find_map(valued);
        let typed = typed.map(|(target, number)| Start { year: target.year, number });
        let from = typed.or(self.start.filter(|start| start.year <= year))?;
        // Who began past the target only has to stay past it.
        let past = attains(from.number, target.operator, Some(to), self.start.map(|start| start.number))?;
        let number = if past { to } else { from.number.toward(to, year - from.year, target.year - from.year)? };
        Some(Waypoint { number, target, drawn: true })
    }

    fn reaches(&self, number: Fraction, year: i32) -> Option<bool> {
        let milestone = self.milestone(year)?;
        attains(number, milestone.target.operator, Some(milestone.number), self.start.map(|start| start.number))
    }

    /// Where a number of a year stands on the way.
    fn trajectory(&self, number: Fraction, year: i32) -> Option<Trajectory> {
        if year <= BASE_YEAR {
            return None;
        }
        Some(if self.reaches(number, year)? {
            Trajectory::OnTrack
        } else if self.reaches(number, year - 1) == Some(true) {
            Trajectory::Behind
        } else {
            Trajectory::AtRisk
        })
    }

    /// The year in which the target is met if every year adds what the years since the start added on average; `None` if never.
    #[must_use]
    pub fn projected_year(&self, number: Fraction, year: i32) -> Option<i32> {
        let (target, start) = (self.target(year)?, self.start.filter(|start| start.year < year)?);
        let met = |later: i32| {
            let there = start.number.toward(number, later - start.year, year - start.year)?;
            attains(there, target.operator, target.value.map(Fraction::decimal), Some(start.number))
        };
        (year..=LAST_YEAR).find(|later| met(*later) == Some(true))
    }

    /// Holds a number of a year against the target.
    #[must_use]
    pub fn standing(&self, number: Option<Fraction>, reason: Option<ResultReason>, year: i32) -> Standing {
        let unknown = |reason| Standing { attained: None, reason, gap: None, trajectory: Trajectory::NoData, projected_year: None };
        let Some(number) = number else { return unknown(reason) };
        let Some(target) = self.target(year) else { return unknown(Some(ResultReason::NoTarget)) };
        let gap = target.value.and_then(|value| number.minus(Fraction::decimal(value))).map(Fraction::shown);
        let attained = attains(number, target.operator, target.value.map(Fraction::decimal), self.start.map(|start| start.number));
        let reason = match (attained, target.operator) {
            (Some(_), _) => None,
            (None, Operator::Controlled | Operator::Increase | Operator::Decrease) => Some(ResultReason::NoBaseline),
            (None, _) => Some(ResultReason::NotDecidable),
        };
        let trajectory = self.trajectory(number, year).unwrap_or(Trajectory::NoData);
        Standing { attained, reason, gap, trajectory, projected_year: self.projected_year(number, year) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;
    use crate::indicators::model::TargetOrigin;
    use crate::units::model::UnitRef;

    fn target(year: i32, operator: Operator, value: Option<i64>) -> Target {
        Target {
            id: Id::new(),
            indicator: Id::new(),
            unit: UnitRef { id: Id::new(), code: "SGD".into(), name: "Sở".into() },
            year,
            operator,
            value: value.map(Decimal::hundredths),
            origin: TargetOrigin::Plan,
            inherited_from: None,
            implied: false,
            reason: None,
            source: None,
            version: 1,
        }
    }

    #[test]
    fn a_result_is_held_against_the_target_of_its_year_or_the_next() {
        let targets = [target(2026, Operator::AtLeast, Some(4800)), target(2030, Operator::AtLeast, Some(5000))];
        let by_year: Vec<&Target> = targets.iter().collect();
        let way = Way { targets: &by_year, start: None };
        assert_eq!(way.target(2025).map(|target| target.year), Some(2026));
        assert_eq!(way.target(2026).map(|target| target.year), Some(2026));
        assert_eq!(way.target(2027).map(|target| target.year), Some(2030));
        assert!(way.target(2031).is_none());
    }

    #[test]
    fn equal_results_share_a_place_and_the_next_is_left_out() {
        let numbers = [(1, 2), (2, 3), (50, 100), (9, 10)].map(|(above, below)| Fraction::percent(above, below));
        let numbers = [numbers.as_slice(), &[None]].concat();
        let places = |direction| ranking(&numbers, direction);
        let up = [(3, Some(1), false), (1, Some(2), false), (0, Some(3), true), (2, Some(3), true), (4, None, false)];
        assert_eq!(places(Direction::Up), up);
        let down = [(0, Some(1), true), (2, Some(1), true), (1, Some(3), false), (3, Some(4), false), (4, None, false)];
        assert_eq!(places(Direction::Down), down);
    }

    #[test]
    fn a_small_cell_takes_the_next_smallest_with_it() {
        let told = |numbers: &[i64]| small_cells(&numbers.iter().map(|number| Some(*number)).collect::<Vec<_>>(), false);
        assert_eq!(told(&[3, 20, 7]), [true, false, true]);
        assert_eq!(told(&[3, 4, 7]), [true, true, true]);
        assert_eq!(told(&[1, 1, 40, 50]), [true, true, true, false]);
        assert_eq!(told(&[0, 0, 3]), [true, false, true]);
        assert_eq!(told(&[0, 5, 7]), [false, false, false]);
        assert_eq!(small_cells(&[None, Some(2)], false), [false, true]);
        assert_eq!(small_cells(&[Some(20), Some(9)], true), [false, true]);
    }

    #[test]
    fn a_level_goes_up_by_recognition_and_not_by_a_mean() {
        let cascade = Cascade { communes_percent: 90, districts_percent: 100 };
        let district = |levels: &[Option<i32>]| levels.to_vec();
        let ten = |threes: usize| (0..10).map(|index| Some(if index < threes { 3 } else { 2 })).collect::<Vec<_>>();
        for (communes, level) in [
            (vec![ten(10), ten(10)], 3),
            (vec![ten(9), ten(10)], 3),
            // One district below nine in ten holds the whole province.
            (vec![ten(8), ten(10)], 2),
            (vec![district(&[Some(1)])], 1),
            (vec![district(&[Some(0)])], 0),
            // What nobody recorded is not reached.
            (vec![district(&[Some(3), None])], 0),
        ] {
            assert_eq!(cascade.level(&Communes(communes.clone())), level, "{communes:?}");
        }
    }

    fn start(year: i32, number: Option<Fraction>) -> Option<Start> {
        number.map(|number| Start { year, number })
    }

    #[test]
    fn the_way_to_a_target_is_a_straight_line() {
        let goal = target(2030, Operator::AtLeast, Some(5200));
        let way = Way { targets: &[&goal], start: start(2024, Fraction::percent(40, 100)) };
        // Milestones: 42 in 2025, 44 in 2026, 46 in 2027.
        for (percent, year, expected) in [
            (44, 2026, Trajectory::OnTrack),
            (43, 2026, Trajectory::Behind),
            (42, 2026, Trajectory::Behind),
            (41, 2026, Trajectory::AtRisk),
            (52, 2030, Trajectory::OnTrack),
            (44, 2024, Trajectory::NoData),
        ] {
            let standing = way.standing(Fraction::percent(percent, 100), None, year);
            assert_eq!(standing.trajectory, expected, "{percent} in {year}");
        }
        let unknown = Way { targets: &[&goal], start: None };
        assert_eq!(unknown.standing(Fraction::percent(44, 100), None, 2026).trajectory, Trajectory::NoData);
        // 99.6 at the beginning and 99.3 now: still above 99.
        let high = target(2030, Operator::Above, Some(9900));
        let kept = Way { targets: &[&high], start: start(2024, Fraction::percent(996, 1000)) };
        let stays = kept.standing(Fraction::percent(993, 1000), None, 2026);
        assert_eq!((stays.attained, stays.trajectory), (Some(true), Trajectory::OnTrack));
        let grow = target(2030, Operator::Increase, None);
        let aimless = Way { targets: &[&grow], start: None };
        assert_eq!(aimless.standing(Fraction::percent(44, 100), None, 2026).reason, Some(ResultReason::NoBaseline));
    }

    #[test]
    fn typed_milestones_bend_the_line() {
        let (near, far) = (target(2026, Operator::AtLeast, Some(4100)), target(2030, Operator::AtLeast, Some(4900)));
        let way = Way { targets: &[&near, &far], start: start(2024, Fraction::percent(40, 100)) };
        let shown = |year: i32| way.milestone(year).map(|point| (point.number.shown().to_string(), point.drawn));
        for (year, number, drawn) in
            [(2025, "40.50", true), (2026, "41.00", false), (2027, "43.00", true), (2029, "47.00", true), (2030, "49.00", false)]
        {
            assert_eq!(shown(year), Some((number.to_owned(), drawn)), "{year}");
        }
        assert_eq!(shown(2031), None);
        // Without a start only what was typed, and what lies between, is known.
        let bare = Way { targets: &[&near, &far], start: None };
        assert!(bare.milestone(2025).is_none());
        assert_eq!(bare.milestone(2028).map(|point| point.number.shown().to_string()), Some("45.00".to_owned()));
        // A baseline of an earlier year makes the line longer.
        let early = Way { targets: &[&far], start: start(2021, Fraction::percent(40, 100)) };
        assert_eq!(early.milestone(2024).map(|point| point.number.shown().to_string()), Some("43.00".to_owned()));
    }

    #[test]
    fn the_present_pace_says_when_a_target_is_met() {
        let goal = target(2030, Operator::AtLeast, Some(5000));
        let way = Way { targets: &[&goal], start: start(2024, Fraction::percent(44, 100)) };
        for (percent, year, met) in [
            // Two points in two years: one a year, four more to go.
            (46, 2026, Some(2030)),
            (45, 2026, Some(2036)),
            (50, 2026, Some(2026)),
            (44, 2026, None),
            (43, 2026, None),
            // The base year has no pace.
            (46, 2024, None),
        ] {
            assert_eq!(way.projected_year(Fraction::percent(percent, 100).expect("a rate"), year), met, "{percent} in {year}");
        }
        let ceiling = target(2030, Operator::Below, Some(500));
        let falling = Way { targets: &[&ceiling], start: start(2024, Fraction::percent(9, 100)) };
        // 9, 8, 7, 6, 5: strictly below only in the year after.
        assert_eq!(falling.projected_year(Fraction::percent(7, 100).expect("a rate"), 2026), Some(2029));
    }
}
