//! What a value may say: who collects which side, and what contradicts itself.

use chrono::NaiveDate;
use serde::Serialize;

use super::model::{NewValue, Part, State};
use crate::error::{Fault, FaultCode};
use crate::indicators::decimal::Decimal;
use crate::indicators::model::{Checks, Definition, Dimension, IndicatorKind, MOST, Side};
use crate::indicators::rules::Fraction;
use crate::patch::Field;
use crate::sums::values::{Amount, CountsAs, WHOLE};

/// The figures of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// What stands above the line.
    pub numerator: Option<i64>,
    /// What stands below it.
    pub denominator: Option<i64>,
    /// How many.
    pub count: Option<i64>,
    /// The level reached.
    pub level: Option<i32>,
    /// The state.
    pub state: Option<State>,
    /// The day of the state.
    pub state_on: Option<NaiveDate>,
    /// The same by category, in the order of their slots.
    pub parts: Vec<Part>,
    /// Where they were taken from.
    pub source: Option<String>,
    /// What must be said about them.
    pub note: Option<String>,
}

impl Figures {
    /// What they say after a row: absent keeps, null clears.
    #[must_use]
    pub fn after(&self, row: &NewValue) -> Self {
        fn pick<T: Clone>(field: &Field<T>, stored: Option<&T>) -> Option<T> {
            field.clone().given().unwrap_or(stored.cloned())
        }
        Self {
            numerator: pick(&row.numerator, self.numerator.as_ref()),
            denominator: pick(&row.denominator, self.denominator.as_ref()),
            count: pick(&row.count, self.count.as_ref()),
            level: pick(&row.level, self.level.as_ref()),
            state: pick(&row.state, self.state.as_ref()),
            state_on: pick(&row.state_on, self.state_on.as_ref()),
            parts: match &row.parts {
                Field::Absent => self.parts.clone(),
                Field::Null => Vec::new(),
                Field::Value(parts) => {
                    let mut parts = parts.clone();
                    parts.sort_by_key(|part| part.category.slot());
                    parts
                }
            },
            source: pick(&row.source, self.source.as_ref()),
            note: pick(&row.note, self.note.as_ref()),
        }
    }

    /// What they add to the totals, by slot.
    #[must_use]
    pub fn amounts(&self, counts_as: CountsAs) -> Vec<(i32, Amount)> {
        let part = |part: &Part| (part.category.slot(), Amount::of(counts_as, part.numerator, part.denominator, part.count));
        let whole = (WHOLE, Amount::of(counts_as, self.numerator, self.denominator, self.count));
        std::iter::once(whole).chain(self.parts.iter().map(part)).collect()
    }
}

/// The stored figures that a row leaves as they are. Whoever may not see them must say them again: what becomes of them together with
/// those of the row would tell them.
#[must_use]
pub fn left_out(index: usize, row: &NewValue, stored: &Figures) -> Vec<Fault> {
    let sides = [
        ("numerator", row.numerator.is_absent(), stored.numerator.is_some()),
        ("denominator", row.denominator.is_absent(), stored.denominator.is_some()),
        ("count", row.count.is_absent(), stored.count.is_some()),
        ("level", row.level.is_absent(), stored.level.is_some()),
        ("state", row.state.is_absent(), stored.state.is_some()),
        ("state_on", row.state_on.is_absent(), stored.state_on.is_some()),
        ("parts", row.parts.is_absent(), !stored.parts.is_empty()),
    ];
    let kept = sides.into_iter().filter(|(_, absent, stored)| *absent && *stored);
    kept.map(|(member, ..)| Fault::at(format!("/rows/{index}/{member}"), FaultCode::Required)).collect()
}

/// How values of a definition go into the totals.
#[must_use]
pub fn counts_as(kind: IndicatorKind, definition: &Definition) -> CountsAs {
    match kind {
        IndicatorKind::Ratio if definition.has_one_collector() => CountsAs::One,
        IndicatorKind::Ratio => CountsAs::Two,
        IndicatorKind::Count => CountsAs::Count,
        IndicatorKind::Level | IndicatorKind::Status => CountsAs::None,
    }
}

/// Which sides the subject of a row collects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collects {
    /// What stands above the line.
    pub numerator: bool,
    /// What stands below it.
    pub denominator: bool,
    /// What is counted, levelled or stated.
    pub count: bool,
}

impl Collects {
    /// Whether it collects any side.
    #[must_use]
    pub fn anything(self) -> bool {
        self.numerator || self.denominator || self.count
    }
}

/// What is wrong with a row, and what is odd about it.
#[derive(Debug, Default)]
pub struct Findings {
    /// These refuse it.
    pub faults: Vec<Fault>,
    /// These do not.
    pub warnings: Vec<Fault>,
}

/// The rate or the count that figures of one collector say; a rate of two collectors is no one's to be odd.
#[must_use]
pub fn number(figures: &Figures, definition: &Definition) -> Option<Fraction> {
    match (figures.numerator, figures.denominator, figures.count) {
        (Some(numerator), Some(denominator), _) if definition.has_one_collector() => Fraction::percent(numerator, denominator),
        (_, _, Some(count)) => Some(Fraction::whole(count)),
        _ => None,
    }
}

/// What else is odd about a number: it is stored, and to be explained.
#[must_use]
pub fn oddities(index: usize, number: Fraction, checks: Checks, before: Option<Fraction>, siblings: &[Decimal]) -> Vec<Fault> {
    let shown = number.shown();
    let odd = |code, than: Decimal| Fault::at(format!("/rows/{index}"), code).with(than.to_string());
    let mut found = Vec::new();
    found.extend(checks.least.filter(|least| shown < *least).map(|least| odd(FaultCode::UnusuallyLow, least)));
    found.extend(checks.most.filter(|most| shown > *most).map(|most| odd(FaultCode::UnusuallyHigh, most)));
    let Some(jump) = checks.jump else { return found };
    let before = before.map(Fraction::shown).filter(|before| (shown.0 - before.0).abs() > jump.0);
    found.extend(before.map(|before| odd(FaultCode::UnusualJump, before)));
    found.extend(middle_far_from(shown, siblings, jump).map(|middle| odd(FaultCode::UnlikeSiblings, middle)));
    found
}

/// The middle of the siblings, where a number stands far from it: further than the jump, and than five times as far as siblings usually
/// do (the median of their distances, which no single outlier moves).
fn middle_far_from(number: Decimal, siblings: &[Decimal], jump: Decimal) -> Option<Decimal> {
    /// Fewer say nothing about what is usual.
    const FEW: usize = 5;
    const FAR: i128 = 5;
    if siblings.len() < FEW {
        return None;
    }
    let mut told: Vec<i128> = siblings.iter().map(|sibling| sibling.0).collect();
    let middle = median(&mut told)?;
    let distance = (number.0 - middle).abs();
    if distance <= jump.0 {
        return None;
    }
    for sibling in &mut told {
        *sibling = (*sibling - middle).abs();
    }
    (distance > FAR * median(&mut told)?).then_some(Decimal(middle))
}

/// The middle one, the upper of two; their order is lost.
fn median(numbers: &mut [i128]) -> Option<i128> {
    let middle = numbers.len() / 2;
    (!numbers.is_empty()).then(|| *numbers.select_nth_unstable(middle).1)
}

/// One side of a part.
type PartSide = fn(&Part) -> Option<i64>;

/// What is wrong with the parts of a value: a dimension that the definition does not have, a category told twice, parts that do not add
/// up to the whole, or one of which more is counted than there is.
fn faults_of_parts(index: usize, row: &NewValue, figures: &Figures, definition: &Definition) -> Vec<Fault> {
    let mut faults = Vec::new();
    let at = |place: String, code| Fault::at(format!("/rows/{index}/parts{place}"), code);
    let given: &[Part] = if let Field::Value(parts) = &row.parts { parts } else { &[] };
    let bounded = definition.has_one_collector() && !definition.may_exceed;
    for (place, part) in given.iter().enumerate() {
        if !definition.disaggregations.contains(&part.category.dimension()) {
            faults.push(at(format!("/{place}/category"), FaultCode::NotCollectedHere));
        }
        if given.iter().take(place).any(|before| before.category == part.category) {
            faults.push(at(format!("/{place}/category"), FaultCode::DuplicateRow));
        }
        if bounded && part.numerator.zip(part.denominator).is_some_and(|(numerator, denominator)| numerator > denominator) {
            faults.push(at(format!("/{place}/numerator"), FaultCode::NumeratorAboveDenominator));
        }
    }
    for dimension in Dimension::ALL {
        let parts: Vec<&Part> = figures.parts.iter().filter(|part| part.category.dimension() == *dimension).collect();
        let sides: [(Option<i64>, PartSide); 3] = [
            (figures.numerator, |part| part.numerator),
            (figures.denominator, |part| part.denominator),
            (figures.count, |part| part.count),
        ];
        // Every category says each side that the whole has, and no other.
        let adds_up = |(whole, side): (Option<i64>, PartSide)| {
            let told: Vec<i64> = parts.iter().filter_map(|part| side(part)).collect();
            match whole {
                Some(whole) => {
                    told.len() == dimension.categories().count()
                        && told.iter().try_fold(0_i64, |sum, one| sum.checked_add(*one)) == Some(whole)
                }
                None => told.is_empty(),
            }
        };
        if !parts.is_empty() && !sides.into_iter().all(adds_up) {
            faults.push(at(String::new(), FaultCode::PartsDoNotAddUp).with(dimension.as_str()));
        }
    }
    faults
}

/// Checks a row and what its value would say after it.
#[must_use]
pub fn check(
    index: usize,
    row: &NewValue,
    figures: &Figures,
    kind: IndicatorKind,
    definition: &Definition,
    collects: Collects,
) -> Findings {
    let mut findings = Findings::default();
    let at = |member: &str, code| Fault::at(format!("/rows/{index}/{member}"), code);
    let tallies = |wanted: IndicatorKind| kind == wanted && collects.count;
    let sides = [
        ("numerator", matches!(row.numerator, Field::Value(_)), collects.numerator),
        ("denominator", matches!(row.denominator, Field::Value(_)), collects.denominator),
        ("count", matches!(row.count, Field::Value(_)), tallies(IndicatorKind::Count)),
        ("level", matches!(row.level, Field::Value(_)), tallies(IndicatorKind::Level)),
        ("state", matches!(row.state, Field::Value(_)), tallies(IndicatorKind::Status)),
        ("state_on", matches!(row.state_on, Field::Value(_)), tallies(IndicatorKind::Status)),
    ];
    for (member, given, collected) in sides {
        if given && !collected {
            findings.faults.push(at(member, FaultCode::NotCollectedHere));
        }
    }
    for (member, number, side) in [
        ("numerator", figures.numerator, &definition.numerator),
        ("denominator", figures.denominator, &definition.denominator),
        ("count", figures.count, &definition.count),
    ] {
        let limit = side.as_ref().map_or(MOST, Side::most).min(definition.most_per_unit().unwrap_or(i64::MAX));
        if number.is_some_and(|number| number > limit) {
            findings.faults.push(at(member, FaultCode::OutOfRange).with(format!("≤ {limit}")));
        }
    }
    if let (Some(level), Some(most)) = (figures.level, definition.level_most())
        && i64::from(level) > most
    {
        findings.faults.push(at("level", FaultCode::OutOfRange).with(format!("≤ {most}")));
    }
    let states = definition.states();
    if figures.state.is_some_and(|state| !states.is_empty() && !states.contains(&state.as_str())) {
        findings.faults.push(at("state", FaultCode::NotInList).with(states.join(", ")));
    }
    let says = figures.numerator.is_some()
        || figures.denominator.is_some()
        || figures.count.is_some()
        || figures.level.is_some()
        || figures.state.is_some();
    if findings.faults.is_empty() && !says {
        let wanted = sides.iter().find(|(_, _, collected)| *collected).map_or("numerator", |(member, ..)| member);
        findings.faults.push(at(wanted, FaultCode::Required));
    }
    findings.faults.extend(faults_of_parts(index, row, figures, definition));
    if let (Some(numerator), Some(denominator)) = (figures.numerator, figures.denominator)
        && numerator > denominator
    {
        if definition.has_one_collector() && !definition.may_exceed {
            findings.faults.push(at("numerator", FaultCode::NumeratorAboveDenominator));
        } else {
            findings.warnings.push(at("numerator", FaultCode::NumeratorAboveDenominator));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_odd_against_its_bounds_its_past_and_its_siblings() {
        let percent = |numerator: i64| Fraction::percent(numerator, 1000).expect("a rate");
        let checks = Checks { least: Some(Decimal(2000)), most: Some(Decimal(10_000)), jump: Some(Decimal(1000)) };
        let codes = |number: i64, before: Option<i64>, siblings: &[i64]| -> Vec<&str> {
            let siblings: Vec<Decimal> = siblings.iter().map(|number| percent(*number).shown()).collect();
            oddities(0, percent(number), checks, before.map(percent), &siblings).into_iter().map(|fault| fault.code.code()).collect()
        };
        let alike = [900, 905, 910, 915, 920];
        let scattered = [300, 500, 700, 900, 1000];
        for (number, before, siblings, odd) in [
            (900, Some(890), &alike[..], vec![]),
            (200, None, &[][..], vec![]),
            (199, None, &[], vec!["unusually_low"]),
            (1001, None, &[], vec!["unusually_high"]),
            // Ten points are no jump, a hair more is one.
            (900, Some(800), &[], vec![]),
            (901, Some(800), &[], vec!["unusual_jump"]),
            (700, Some(801), &[], vec!["unusual_jump"]),
            (800, None, &alike, vec!["unlike_siblings"]),
            (810, None, &alike, vec![]),
            // Where siblings differ much, so may this one.
            (300, None, &scattered, vec![]),
            // Four are too few to say what is usual.
            (300, None, &alike[..4], vec![]),
        ] {
            assert_eq!(codes(number, before, siblings), odd, "{number} after {before:?} beside {siblings:?}");
        }
        assert!(oddities(0, percent(1), Checks::default(), Some(percent(999)), &[percent(999).shown(); 9]).is_empty());
    }
}
