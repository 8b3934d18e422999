//! Arithmetic that cannot lie: rates are fractions of integers until they are shown, and attainment is decided on the integers.

use std::ops::Range;

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;

use super::decimal::Decimal;
use super::model::{BaselineBody, CollectedBy, Definition, Direction, IndicatorKind, NewDefinition, Operator, Side};
use crate::error::{Fault, FaultCode};
use crate::localities::model::Rank;
use crate::units::model::Kind;

/// A number as a fraction: of hundredths of what is shown, so that 46.83 % is 4683 and a count of 3 is 300.
///
/// Numerators and denominators are at most 2⁵³, so products of two of them and 10⁴ stay far below 2¹²⁷.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    above: i128,
    below: i128,
}

impl Fraction {
    /// A percentage; `None` where there is nothing to divide by.
    #[must_use]
    pub fn percent(numerator: i64, denominator: i64) -> Option<Self> {
        (denominator > 0).then(|| Self { above: i128::from(numerator) * 10_000, below: i128::from(denominator) })
    }

    /// A whole number.
    #[must_use]
    pub fn whole(number: i64) -> Self {
        Self { above: i128::from(number) * 100, below: 1 }
    }

    /// A number with two places.
    #[must_use]
    pub fn decimal(value: Decimal) -> Self {
        Self { above: value.0, below: 1 }
    }

    /// Which is larger, exactly.
    #[must_use]
    pub fn compare(self, other: Self) -> Option<std::cmp::Ordering> {
        let left = self.above.checked_mul(other.below)?;
        let right = other.above.checked_mul(self.below)?;
        Some(left.cmp(&right))
    }

    /// The difference, exactly.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        let left = self.above.checked_mul(other.below)?;
        let right = other.above.checked_mul(self.below)?;
        Some(Self { above: left.checked_sub(right)?, below: self.below.checked_mul(other.below)? })
    }

    /// The point `part` of `whole` of the way from this number to another.
    #[must_use]
    pub fn toward(self, other: Self, part: i32, whole: i32) -> Option<Self> {
        let (part, whole) = (i128::from(part), i128::from(whole));
        let left = self.above.checked_mul(other.below)?.checked_mul(whole.checked_sub(part)?)?;
        let right = other.above.checked_mul(self.below)?.checked_mul(part)?;
        Some(Self { above: left.checked_add(right)?, below: self.below.checked_mul(other.below)?.checked_mul(whole)? })
    }

    /// With two places, rounded half away from zero: for showing only.
    #[must_use]
    pub fn shown(self) -> Decimal {
        let half = self.below / 2;
        let rounded = if self.above < 0 { (self.above - half) / self.below } else { (self.above + half) / self.below };
        // An odd denominator has no exact half, so adding its floor rounds as it should.
        Decimal(rounded)
    }

    /// With as many places, from two on, as it takes to tell it from what it is held against: `4.999` and not `5.00` beside a 5
    /// that it stays below.
    #[must_use]
    pub fn told_apart(self, against: Self) -> String {
        if self.shown() != against.shown() || self.compare(against).is_none_or(std::cmp::Ordering::is_eq) {
            return self.shown().to_string();
        }
        let more = (1..=16_u32).find_map(|extra| {
            let scale = 10_i128.checked_pow(extra)?;
            let scaled = |number: Self| Some(Self { above: number.above.checked_mul(scale)?, below: number.below }.shown().0);
            let (told, other) = (scaled(self)?, scaled(against)?);
            (told != other).then(|| {
                let (size, unit) = (told.unsigned_abs(), scale.unsigned_abs() * 100);
                let width = usize::try_from(extra).unwrap_or_default() + 2;
                format!("{}{}.{:0width$}", if told < 0 { "-" } else { "" }, size / unit, size % unit)
            })
        });
        more.unwrap_or_else(|| self.shown().to_string())
    }
}

/// Whether a number attains a target; `None` where the operator asks for what is not there.
#[must_use]
pub fn attains(number: Fraction, operator: Operator, value: Option<Fraction>, baseline: Option<Fraction>) -> Option<bool> {
    let against = match operator {
        Operator::Controlled | Operator::Increase | Operator::Decrease => baseline?,
        _ => value?,
    };
    let order = number.compare(against)?;
    Some(match operator {
        Operator::AtLeast | Operator::Maintain | Operator::Milestone => order.is_ge(),
        Operator::Above | Operator::Increase => order.is_gt(),
        Operator::AtMost | Operator::Controlled => order.is_le(),
        Operator::Below | Operator::Decrease => order.is_lt(),
        Operator::Exactly => order.is_eq(),
    })
}

/// What is wrong with a definition: a kind of indicator has its sides, a collector its words, and what was recorded until the beginning
/// of `span` keeps the definition that it was recorded under. Beyond the end of `span` stands what was mistyped.
#[must_use]
pub fn faults_of_definition(kind: IndicatorKind, new: &NewDefinition, last: &Definition, span: &Range<NaiveDate>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if new.valid_from <= span.start || new.valid_from > span.end {
        faults.push(Fault::at("/valid_from", FaultCode::OutOfRange).with(format!("> {}, ≤ {}", span.start, span.end)));
    }
    if new.period_kind != last.period_kind {
        // Figures of two kinds of periods are two indicators.
        faults.push(Fault::at("/period_kind", FaultCode::NotInList).with(last.period_kind.as_str()));
    }
    let is_ratio = kind == IndicatorKind::Ratio;
    for (member, side, wanted) in
        [("numerator", &new.numerator, is_ratio), ("denominator", &new.denominator, is_ratio), ("count", &new.count, !is_ratio)]
    {
        match (side, wanted) {
            (None, true) => faults.push(Fault::at(format!("/{member}"), FaultCode::Required)),
            (Some(_), false) => faults.push(Fault::at(format!("/{member}"), FaultCode::OutOfRange).with("null")),
            (Some(side), true) => faults.extend(faults_of_side(member, side)),
            (None, false) => {}
        }
    }
    match Cascade::of(&new.parameters) {
        None if kind == IndicatorKind::Level => faults.push(Fault::at("/parameters/cascade", FaultCode::Required)),
        Some(cascade) if !cascade.is_possible() => faults.push(Fault::at("/parameters/cascade", FaultCode::OutOfRange).with("1-100")),
        _ => {}
    }
    let added_up = matches!(kind, IndicatorKind::Ratio | IndicatorKind::Count);
    if !added_up && !new.disaggregations.is_empty() {
        faults.push(Fault::at("/disaggregations", FaultCode::OutOfRange).with("[]"));
    }
    for (index, dimension) in new.disaggregations.iter().enumerate() {
        if new.disaggregations.iter().take(index).any(|before| before == dimension) {
            faults.push(Fault::at(format!("/disaggregations/{index}"), FaultCode::DuplicateRow));
        }
    }
    if new.checks.least.zip(new.checks.most).is_some_and(|(least, most)| least > most) {
        faults.push(Fault::at("/checks/most", FaultCode::OutOfRange).with("≥ least"));
    }
    if new.checks.jump.is_some_and(|jump| jump.0 < 0) {
        faults.push(Fault::at("/checks/jump", FaultCode::OutOfRange).with("≥ 0"));
    }
    faults
}

fn faults_of_side(member: &str, side: &Side) -> Vec<Fault> {
    let words: Vec<&str> = match side.by {
        CollectedBy::Unit => Kind::ALL.iter().map(|kind| kind.as_str()).collect(),
        CollectedBy::Locality => Rank::ALL.iter().map(|rank| rank.as_str()).collect(),
    };
    let mut faults = Vec::new();
    if side.kinds.is_empty() {
        faults.push(Fault::at(format!("/{member}/kinds"), FaultCode::Required));
    }
    for (index, kind) in side.kinds.iter().enumerate() {
        if !words.contains(&kind.as_str()) {
            faults.push(Fault::at(format!("/{member}/kinds/{index}"), FaultCode::NotInList).with(words.join(", ")));
        }
    }
    if side.by == CollectedBy::Locality && !side.levels.is_empty() {
        faults.push(Fault::at(format!("/{member}/levels"), FaultCode::OutOfRange).with("[]"));
    }
    faults
}

/// What is wrong with a baseline: it has a fraction or a number, of a kind that the indicator has, and of a year that has come.
#[must_use]
pub fn faults_of_baseline(kind: IndicatorKind, definition: &Definition, new: &BaselineBody, this_year: i32) -> Vec<Fault> {
    let is_fraction = new.numerator.is_some() && new.denominator.is_some();
    let half = new.numerator.is_some() != new.denominator.is_some();
    let whole = kind != IndicatorKind::Ratio;
    let mut faults = Vec::new();
    if half || (new.numerator.is_some() && (whole || new.value.is_some())) {
        faults.push(Fault::at("/numerator", FaultCode::OutOfRange).with("numerator & denominator | value"));
    } else if new.numerator > new.denominator && !definition.may_exceed {
        faults.push(Fault::at("/numerator", FaultCode::NumeratorAboveDenominator));
    }
    if !is_fraction && !half && new.value.is_none() {
        faults.push(Fault::at("/value", FaultCode::Required));
    }
    if kind == IndicatorKind::Status {
        faults.push(Fault::at("/value", FaultCode::NotCollectedHere));
    } else if new.value.is_some_and(|value| value.0 < 0 || (whole && value.0 % 100 != 0)) {
        faults.push(Fault::at("/value", FaultCode::OutOfRange).with(if whole { "0.00, 1.00, …" } else { "≥ 0" }));
    }
    if new.year > this_year {
        faults.push(Fault::at("/year", FaultCode::OutOfRange).with(format!("≤ {this_year}")));
    }
    faults
}

/// How much of what lies below must reach a level (Decree 20/2014/NĐ-CP): communes of a district, districts of a province.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Cascade {
    /// Of the communes of a district, in percent.
    pub communes_percent: u8,
    /// Of the districts of a province.
    pub districts_percent: u8,
}

impl Cascade {
    /// What a definition's parameters say.
    #[must_use]
    pub fn of(parameters: &Value) -> Option<Self> {
        Self::deserialize(parameters.get("cascade")?).ok()
    }

    /// Whether both are percentages that something can reach.
    #[must_use]
    pub fn is_possible(self) -> bool {
        [self.communes_percent, self.districts_percent].iter().all(|percent| (1..=100).contains(percent))
    }
}

/// An operator and what it is held against.
pub type Demand = (Operator, Option<Decimal>);

/// What a target is held against beside its year: the kind of its indicator, where that should go, and the target that would be
/// inherited.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// The kind.
    pub kind: IndicatorKind,
    /// Where it should go.
    pub direction: Direction,
    /// What would be inherited, if anything.
    pub above: Option<Demand>,
}

/// What is wrong with a target that stands at a place of a body: its operator is none for its indicator, it lacks the value that it is
/// held against, or it is easier than the one that would be inherited, or where none would be it asks for the contrary of what its
/// indicator is for, and does not say why.
#[must_use]
pub fn faults_of_target(place: &str, new: Demand, reason: Option<&str>, by: Measured) -> Vec<Fault> {
    let at = |member: &str, code| Fault::at(format!("{place}/{member}"), code);
    let (operator, value) = new;
    if !operator.fits(by.kind) {
        let fitting: Vec<&str> = Operator::ALL.iter().filter(|other| other.fits(by.kind)).map(|other| other.as_str()).collect();
        return vec![at("operator", FaultCode::NotInList).with(fitting.join(", "))];
    }
    let valueless = operator.takes_value(by.kind) && value.is_none();
    let is_said = reason.is_some_and(|reason| !reason.is_empty());
    let unsaid = !is_said && by.above.map_or_else(|| is_contrary(operator, by.direction), |above| is_easier(new, above));
    let faults = [valueless.then(|| at("value", FaultCode::Required)), unsaid.then(|| at("reason", FaultCode::ReasonRequired))];
    faults.into_iter().flatten().collect()
}

/// Whether a target is easier than the one that would be inherited: a lower floor, a higher ceiling, or another kind of demand.
#[must_use]
fn is_easier(new: Demand, inherited: Demand) -> bool {
    use Operator::{Above, AtLeast, AtMost, Below};
    let ((operator, value), (above, goal)) = (new, inherited);
    let (Some(value), Some(goal)) = (value, goal) else { return new != inherited };
    match (operator, above) {
        (Above, AtLeast | Above) | (AtLeast, AtLeast) | (Operator::Maintain, Operator::Maintain) => value < goal,
        (AtLeast, Above) => value <= goal,
        (Below, AtMost | Below) | (AtMost, AtMost) => value > goal,
        (AtMost, Below) => value >= goal,
        _ => new != inherited,
    }
}

/// Whether it is met by what goes the other way: a ceiling on what should go up, a floor under what should go down.
#[must_use]
fn is_contrary(operator: Operator, direction: Direction) -> bool {
    use Operator::{Above, AtLeast, AtMost, Below, Controlled, Decrease, Increase};
    match direction {
        Direction::Up => matches!(operator, AtMost | Below | Controlled | Decrease),
        Direction::Down => matches!(operator, AtLeast | Above | Increase),
        Direction::Hold => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(numerator: i64, denominator: i64) -> Fraction {
        Fraction::percent(numerator, denominator).expect("a denominator")
    }

    fn decimal(text: &str) -> Fraction {
        Fraction::decimal(text.parse().expect("a decimal"))
    }

    #[test]
    fn a_number_is_told_with_as_many_places_as_tell_it_from_what_it_is_held_against() {
        for (number, against, told) in [
            (percent(13_573, 28_983), "50.00", "46.83"),
            (percent(4999, 100_000), "5.00", "4.999"),
            (percent(98_996, 100_000), "99.00", "98.996"),
            (percent(4_999_999, 10_000_000), "50.00", "49.99999"),
            (percent(1, 2), "50.00", "50.00"),
            (Fraction::decimal(Decimal(-1)).toward(Fraction::decimal(Decimal(0)), 1, 10).expect("small"), "-0.01", "-0.009"),
        ] {
            assert_eq!(number.told_apart(decimal(against)), told);
        }
    }

    #[test]
    fn boundaries_of_the_plans_operators_are_decided_on_integers() {
        for (numerator, denominator, operator, value, attained) in [
            (9900, 10_000, Operator::Above, "99.00", false),
            (9901, 10_000, Operator::Above, "99.00", true),
            (500, 10_000, Operator::Below, "5.00", false),
            (499, 10_000, Operator::Below, "5.00", true),
            (1, 2, Operator::AtLeast, "50.00", true),
            (4_999_999, 10_000_000, Operator::AtLeast, "50.00", false),
            (98_996, 100_000, Operator::Above, "99.00", false),
            (850, 1000, Operator::Above, "85.00", false),
            (63, 100, Operator::AtLeast, "63.00", true),
            (62_999_999, 100_000_000, Operator::AtLeast, "63.00", false),
            (1, 1, Operator::AtLeast, "100.00", true),
        ] {
            assert_eq!(
                attains(percent(numerator, denominator), operator, Some(decimal(value)), None),
                Some(attained),
                "{numerator}/{denominator}"
            );
        }
        // Shown as 99.00 and not attained.
        assert_eq!(percent(98_996, 100_000).shown().to_string(), "99.00");
        assert_eq!(attains(Fraction::whole(0), Operator::AtMost, Some(decimal("0.00")), None), Some(true));
        assert_eq!(attains(Fraction::whole(1), Operator::AtMost, Some(decimal("0.00")), None), Some(false));
    }

    #[test]
    fn a_baseline_is_passed_strictly_and_controlled_may_stand_still() {
        let base = Some(percent(1, 3));
        for (number, operator, attained) in [
            (percent(2, 6), Operator::Increase, false),
            (percent(3_333_334, 10_000_000), Operator::Increase, true),
            (percent(2, 6), Operator::Decrease, false),
            (percent(2, 6), Operator::Controlled, true),
            (percent(3_333_334, 10_000_000), Operator::Controlled, false),
        ] {
            assert_eq!(attains(number, operator, None, base), Some(attained), "{operator:?}");
        }
        assert_eq!(attains(percent(1, 3), Operator::Increase, None, None), None);
    }

    #[test]
    fn decimals_round_half_away_from_zero_from_the_exact_fraction() {
        assert_eq!(percent(13_573, 28_983).shown().to_string(), "46.83");
        let gap = percent(13_573, 28_983).minus(Fraction::decimal(Decimal(5000))).expect("small");
        assert_eq!(gap.shown().to_string(), "-3.17");
        assert_eq!(percent(1, 800).shown().to_string(), "0.13");
        let minus = Fraction::whole(0).minus(percent(1, 800)).expect("small");
        assert_eq!(minus.shown().to_string(), "-0.13");
        assert_eq!(percent(1, 3).shown().to_string(), "33.33");
        assert_eq!(percent(2, 3).shown().to_string(), "66.67");
        assert_eq!(percent((1 << 53) - 1, 1).shown().to_string(), "900719925474099100.00");
        for text in ["50", "50.0", "50.000", "5O.00", "", ".50", "1e2.00", "+1.00"] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    #[test]
    fn milestones_lie_on_the_straight_line() {
        let (from, to) = (percent(40, 100), Fraction::decimal(Decimal(5000)));
        assert_eq!(from.toward(to, 3, 6).expect("small").shown().to_string(), "45.00");
        assert_eq!(from.toward(to, 0, 6).expect("small").compare(from), Some(std::cmp::Ordering::Equal));
        let wide = percent((1 << 53) - 1, (1 << 53) - 2);
        assert!(wide.toward(to, 1, 6).and_then(|milestone| milestone.compare(wide)).is_some());
    }

    #[test]
    fn an_easier_target_is_known() {
        let (fifty, sixty) = (Some(Decimal(5000)), Some(Decimal(6000)));
        for (new, inherited, easier) in [
            ((Operator::AtLeast, sixty), (Operator::AtLeast, fifty), false),
            ((Operator::AtLeast, fifty), (Operator::AtLeast, fifty), false),
            ((Operator::AtLeast, fifty), (Operator::AtLeast, sixty), true),
            ((Operator::AtLeast, fifty), (Operator::Above, fifty), true),
            ((Operator::Below, sixty), (Operator::Below, fifty), true),
            ((Operator::Below, fifty), (Operator::AtMost, sixty), false),
            ((Operator::Increase, None), (Operator::Increase, None), false),
            ((Operator::Increase, None), (Operator::AtLeast, fifty), true),
        ] {
            assert_eq!(is_easier(new, inherited), easier, "{new:?} against {inherited:?}");
        }
    }

    #[test]
    fn a_target_against_the_direction_of_its_indicator_is_known() {
        for (operator, direction, contrary) in [
            (Operator::AtLeast, Direction::Up, false),
            (Operator::AtMost, Direction::Up, true),
            (Operator::Below, Direction::Down, false),
            (Operator::Above, Direction::Down, true),
            (Operator::Controlled, Direction::Down, false),
            (Operator::Exactly, Direction::Up, false),
            (Operator::Below, Direction::Hold, false),
        ] {
            assert_eq!(is_contrary(operator, direction), contrary, "{operator:?} {direction:?}");
        }
    }
}
