//! What a result says: from sums to a rate, an attainment and a place on the way to the target. Pure arithmetic.

use super::model::{Coverage, ResultReason, Trajectory};
use crate::indicators::model::{Definition, IndicatorKind, Operator, Target};
use crate::indicators::rules::{Decimal, Fraction, attains};
use crate::sums::values::Amount;

/// The year before the plan: what its targets start from.
pub const BASE_YEAR: i32 = 2024;

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

/// The figures of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The sum above the line.
    pub numerator: Option<i64>,
    /// The sum below it.
    pub denominator: Option<i64>,
    /// The count.
    pub count: Option<i64>,
    /// The rate or the count, exactly.
    pub number: Option<Fraction>,
    /// Why there is none.
    pub reason: Option<ResultReason>,
    /// How many of those who record what is counted are in it.
    pub coverage: Coverage,
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
    Figures { numerator, denominator, count: None, number, reason, coverage, complete }
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
}

/// The target that a result of this year is held against: that of the year, else the next later one. `targets` is by year.
#[must_use]
pub fn target_of<'t>(targets: impl Iterator<Item = &'t Target>, year: i32) -> Option<&'t Target> {
    targets.filter(|target| target.year >= year).min_by_key(|target| target.year)
}

/// Holds a number against a target.
#[must_use]
pub fn standing(
    number: Option<Fraction>,
    reason: Option<ResultReason>,
    target: Option<&Target>,
    baseline: Option<Fraction>,
    year: i32,
) -> Standing {
    let unknown = |reason| Standing { attained: None, reason, gap: None, trajectory: Trajectory::NoData };
    let Some(number) = number else { return unknown(reason) };
    let Some(target) = target else { return unknown(Some(ResultReason::NoTarget)) };
    let gap = target.value.and_then(|value| number.minus(Fraction::decimal(value))).map(Fraction::shown);
    let attained = attains(number, target.operator, target.value.map(Fraction::decimal), baseline);
    let reason = match (attained, target.operator) {
        (Some(_), _) => None,
        (None, Operator::Controlled | Operator::Increase | Operator::Decrease) => Some(ResultReason::NoBaseline),
        (None, _) => Some(ResultReason::NotDecidable),
    };
    Standing { attained, reason, gap, trajectory: trajectory(number, target, baseline, year).unwrap_or(Trajectory::NoData) }
}

/// Milestones lie on the straight line from the baseline to the target.
fn trajectory(number: Fraction, target: &Target, baseline: Option<Fraction>, year: i32) -> Option<Trajectory> {
    let (from, to) = (baseline?, Fraction::decimal(target.value?));
    let whole = target.year - BASE_YEAR;
    if whole <= 0 || year <= BASE_YEAR {
        return None;
    }
    // Who began past the target only has to stay past it.
    let past = attains(from, target.operator, Some(to), baseline)?;
    let reaches = |year: i32| {
        let milestone = if past { to } else { from.toward(to, year - BASE_YEAR, whole)? };
        attains(number, target.operator, Some(milestone), baseline)
    };
    Some(if reaches(year)? {
        Trajectory::OnTrack
    } else if reaches(year - 1)? {
        Trajectory::Behind
    } else {
        Trajectory::AtRisk
    })
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
        let targets = [target(2030, Operator::AtLeast, Some(5000)), target(2026, Operator::AtLeast, Some(4800))];
        assert_eq!(target_of(targets.iter(), 2025).map(|target| target.year), Some(2026));
        assert_eq!(target_of(targets.iter(), 2026).map(|target| target.year), Some(2026));
        assert_eq!(target_of(targets.iter(), 2027).map(|target| target.year), Some(2030));
        assert!(target_of(targets.iter(), 2031).is_none());
    }

    #[test]
    fn the_way_to_a_target_is_a_straight_line() {
        let goal = target(2030, Operator::AtLeast, Some(5200));
        let base = Fraction::percent(40, 100);
        // Milestones: 42 in 2025, 44 in 2026, 46 in 2027.
        for (percent, year, expected) in [
            (44, 2026, Trajectory::OnTrack),
            (43, 2026, Trajectory::Behind),
            (42, 2026, Trajectory::Behind),
            (41, 2026, Trajectory::AtRisk),
            (52, 2030, Trajectory::OnTrack),
            (44, 2024, Trajectory::NoData),
        ] {
            let standing = standing(Fraction::percent(percent, 100), None, Some(&goal), base, year);
            assert_eq!(standing.trajectory, expected, "{percent} in {year}");
        }
        assert_eq!(standing(Fraction::percent(44, 100), None, Some(&goal), None, 2026).trajectory, Trajectory::NoData);
        // 99.6 at the beginning and 99.3 now: still above 99.
        let high = target(2030, Operator::Above, Some(9900));
        let stays = standing(Fraction::percent(993, 1000), None, Some(&high), Fraction::percent(996, 1000), 2026);
        assert_eq!((stays.attained, stays.trajectory), (Some(true), Trajectory::OnTrack));
        let grow = target(2030, Operator::Increase, None);
        assert_eq!(standing(Fraction::percent(44, 100), None, Some(&grow), None, 2026).reason, Some(ResultReason::NoBaseline));
    }
}
