//! What a value may say: who collects which side, and what contradicts itself.

use chrono::NaiveDate;

use super::model::{NewValue, State};
use crate::error::{Fault, FaultCode};
use crate::indicators::model::{Definition, IndicatorKind, MOST, Side};
use crate::patch::Field;
use crate::sums::values::{Amount, CountsAs};

/// The figures of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
            source: pick(&row.source, self.source.as_ref()),
            note: pick(&row.note, self.note.as_ref()),
        }
    }

    /// What they add to the totals.
    #[must_use]
    pub fn amount(&self, counts_as: CountsAs) -> Amount {
        Amount::of(counts_as, self.numerator, self.denominator, self.count)
    }
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
    pub warnings: Vec<FaultCode>,
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
        let limit = side.as_ref().map_or(MOST, Side::most);
        if number.is_some_and(|number| number > limit) {
            findings.faults.push(at(member, FaultCode::OutOfRange).with(format!("≤ {limit}")));
        }
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
    if let (Some(numerator), Some(denominator)) = (figures.numerator, figures.denominator)
        && numerator > denominator
    {
        if definition.has_one_collector() && !definition.may_exceed {
            findings.faults.push(at("numerator", FaultCode::NumeratorAboveDenominator));
        } else {
            findings.warnings.push(FaultCode::NumeratorAboveDenominator);
        }
    }
    findings
}
