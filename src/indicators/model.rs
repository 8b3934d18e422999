//! The types of indicators, their definitions and targets (`shapes.md` 7).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::rules::Decimal;
use crate::clock::Instant;
use crate::ids::{IndicatorId, TargetId};
use crate::localities::model::Rank;
use crate::periods::model::PeriodKind;
use crate::refs::Source;
use crate::units::model::{Kind, Level, UnitRef};
use crate::vocabulary::text_enum;

text_enum! {
    /// How an indicator is measured.
    pub enum IndicatorKind {
        /// Numerator over denominator, shown as a percentage.
        Ratio = "ratio",
        /// A number of things.
        Count = "count",
        /// An ordinal level, reached by a cascade.
        Level = "level",
        /// Maintained or not, or a milestone.
        Status = "status",
    }
}

text_enum! {
    /// What its result is told in.
    #[expect(missing_docs, reason = "the words say it")]
    pub enum Measure {
        Percent = "percent",
        Number = "number",
        Level = "level",
        Status = "status",
    }
}

text_enum! {
    /// Where it should go.
    #[expect(missing_docs, reason = "the words say it")]
    pub enum Direction {
        Up = "up",
        Down = "down",
        Hold = "hold",
    }
}

text_enum! {
    /// How a result is held against its target.
    pub enum Operator {
        /// At least.
        AtLeast = ">=",
        /// Above: `trên 99%`; 99.00 % fails it.
        Above = ">",
        /// At most.
        AtMost = "<=",
        /// Below: `dưới 5%`.
        Below = "<",
        /// Exactly.
        Exactly = "=",
        /// The level or state is kept.
        Maintain = "maintain",
        /// Not above the unit's own baseline.
        Controlled = "controlled",
        /// Strictly above the unit's own baseline.
        Increase = "increase",
        /// Strictly below the unit's own baseline.
        Decrease = "decrease",
        /// Done by its year.
        Milestone = "milestone",
    }
}

impl Operator {
    /// Whether it is held against a value.
    #[must_use]
    pub const fn takes_value(self) -> bool {
        matches!(self, Self::AtLeast | Self::Above | Self::AtMost | Self::Below | Self::Exactly)
    }
}

text_enum! {
    /// What records a side.
    pub enum CollectedBy {
        /// Units of some kinds and levels.
        Unit = "unit",
        /// Localities, through the office in charge of them.
        Locality = "locality",
    }
}

/// One side of an indicator and its collectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"title_vi": "Số trẻ nhà trẻ đến trường", "title_en": "Children enrolled in nursery", "by": "unit", "kinds": ["school"], "levels": ["nursery"]}))]
pub struct Side {
    /// What it counts, in Vietnamese.
    pub title_vi: String,
    /// The same in English.
    pub title_en: String,
    /// What records it.
    pub by: CollectedBy,
    /// The kinds of the units, or the ranks of the localities, that record it.
    pub kinds: Vec<String>,
    /// The levels that a unit must teach, one of them; empty: whatever it teaches.
    pub levels: Vec<Level>,
}

/// The largest number of one unit among many: so far below 2⁵³ that no unit can fill up the totals of all others.
pub const MOST: i64 = 1_000_000_000_000;

impl Side {
    /// The largest number that is taken for it: the department's own, such as money of the budget, may be any that JSON says exactly.
    #[must_use]
    pub fn most(&self) -> i64 {
        if self.kinds == [Kind::Department.as_str()] { (1 << 53) - 1 } else { MOST }
    }

    /// Whether a unit of this kind that teaches these levels records it.
    #[must_use]
    pub fn is_collected_by(&self, kind: Kind, levels: &[Level]) -> bool {
        self.by == CollectedBy::Unit
            && self.kinds.iter().any(|word| word == kind.as_str())
            && (self.levels.is_empty() || self.levels.iter().any(|level| levels.contains(level)))
    }

    /// [`Side::is_collected_by`] or [`Side::is_collected_for`], with words as the totals keep them: levels between spaces.
    #[must_use]
    pub fn takes(&self, kind: &str, levels: &str) -> bool {
        let taught = |level: &Level| levels.split(' ').any(|word| word == level.as_str());
        self.kinds.iter().any(|word| word == kind) && (self.levels.is_empty() || self.levels.iter().any(taught))
    }

    /// Whether it is recorded for a locality of this rank.
    #[must_use]
    pub fn is_collected_for(&self, rank: Rank) -> bool {
        self.by == CollectedBy::Locality && self.kinds.iter().any(|word| word == rank.as_str())
    }
}

/// What an indicator counts, from a day on.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"version": 1, "valid_from": "2023-01-01", "valid_to": null, "period_kind": "school_year_start",
    "numerator": {"title_vi": "Số trẻ nhà trẻ đến trường", "title_en": "Children enrolled in nursery", "by": "unit", "kinds": ["school"], "levels": ["nursery"]},
    "denominator": {"title_vi": "Số trẻ trong độ tuổi nhà trẻ", "title_en": "Children of nursery age", "by": "locality", "kinds": ["commune"], "levels": []},
    "count": null, "may_exceed": true, "parameters": {}}))]
pub struct Definition {
    /// From 1.
    #[schema(minimum = 1)]
    pub version: i32,
    /// From this day.
    pub valid_from: NaiveDate,
    /// Until the day before this one; null: until further notice.
    #[schema(required = true)]
    pub valid_to: Option<NaiveDate>,
    /// The kind of period that its values are of.
    pub period_kind: PeriodKind,
    /// What stands above the line.
    #[schema(required = true)]
    pub numerator: Option<Side>,
    /// What stands below it.
    #[schema(required = true)]
    pub denominator: Option<Side>,
    /// What is counted, levelled or stated where there is no ratio.
    #[schema(required = true)]
    pub count: Option<Side>,
    /// Whether a numerator above its denominator is a warning and no fault.
    pub may_exceed: bool,
    /// What the plan leaves open, as we read it.
    #[schema(value_type = Object)]
    pub parameters: Value,
}

impl Definition {
    /// Whether both sides have one collector: a row with one of them missing then counts on neither.
    #[must_use]
    pub fn has_one_collector(&self) -> bool {
        match (&self.numerator, &self.denominator) {
            (Some(upper), Some(lower)) => upper.by == lower.by && upper.kinds == lower.kinds && upper.levels == lower.levels,
            _ => true,
        }
    }

    /// The side whose collectors are expected to report: what stands above the line, or what is counted.
    #[must_use]
    pub fn counted(&self) -> Option<&Side> {
        self.numerator.as_ref().or(self.count.as_ref())
    }
}

/// An indicator.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c40", "code": "CSVC02", "title_vi": "Số phòng học tạm", "title_en": "Makeshift classrooms",
    "kind": "count", "measure": "number", "direction": "down", "sensitive": false, "section": "III.6",
    "source": {"line": 101, "text": "xóa phòng học tạm", "corrected": null}, "more_sources": [],
    "definition": {"version": 1, "valid_from": "2023-01-01", "valid_to": null, "period_kind": "school_year_start", "numerator": null, "denominator": null,
        "count": {"title_vi": "Số phòng học tạm", "title_en": "Makeshift classrooms", "by": "unit", "kinds": ["school"], "levels": []},
        "may_exceed": false, "parameters": {}},
    "targets": [], "version": 1, "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct Indicator {
    /// Its id.
    pub id: IndicatorId,
    /// Its code.
    pub code: String,
    /// Its title in Vietnamese.
    pub title_vi: String,
    /// Its title in English.
    pub title_en: String,
    /// How it is measured.
    pub kind: IndicatorKind,
    /// What its result is told in.
    pub measure: Measure,
    /// Where it should go.
    pub direction: Direction,
    /// Whether small counts of it are of persons that could be known by them.
    pub sensitive: bool,
    /// The section of the plan.
    pub section: String,
    /// Where it stands there.
    pub source: Source,
    /// Where else it stands there.
    pub more_sources: Vec<Source>,
    /// What it counts today.
    pub definition: Definition,
    /// The plan's own targets, by year.
    pub targets: Vec<Target>,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was recorded.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

text_enum! {
    /// Where a target in force comes from.
    pub enum TargetOrigin {
        /// The department's plan.
        Plan = "plan",
        /// The unit's own.
        Own = "own",
        /// A unit above set it.
        Inherited = "inherited",
    }
}

/// A target in force for a unit.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c41", "indicator": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c40",
    "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c22", "code": "SGD", "name": "Sở Giáo dục và Đào tạo tỉnh Hòa Bình"}, "year": 2030, "operator": ">=",
    "value": "50.00", "origin": "plan", "inherited_from": null, "implied": false, "reason": null,
    "source": {"line": 37, "text": "huy động được ít nhất 50% trẻ em trong độ tuổi nhà trẻ", "corrected": null}, "version": 1}))]
pub struct Target {
    /// Its id.
    pub id: TargetId,
    /// The indicator.
    pub indicator: IndicatorId,
    /// The unit that it is in force for.
    pub unit: UnitRef,
    /// Its year.
    pub year: i32,
    /// How the result is held against it.
    pub operator: Operator,
    /// What must be reached, with two places; null where the operator needs none.
    #[schema(required = true, value_type = Option<String>, pattern = "^-?[0-9]+\\.[0-9]{2}$", example = "50.00")]
    pub value: Option<Decimal>,
    /// Where it comes from.
    pub origin: TargetOrigin,
    /// The unit above that set it.
    #[schema(required = true)]
    pub inherited_from: Option<UnitRef>,
    /// Whether the number is our reading of words without one.
    pub implied: bool,
    /// Why it is easier than what would be inherited.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// The words of the plan.
    #[schema(required = true)]
    pub source: Option<Source>,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
}

/// A target to be set.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"operator": ">=", "value": "55.00", "reason": null}))]
pub struct TargetBody {
    /// How the result is held against it.
    pub operator: Operator,
    /// What must be reached, with two places.
    #[schema(value_type = Option<String>, pattern = "^-?[0-9]{1,14}\\.[0-9]{2}$")]
    pub value: Option<Decimal>,
    /// Why it is easier than what would be inherited.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: Option<String>,
}

/// An indicator as the catalogue has it.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as Indicator")]
pub struct NewIndicator {
    pub code: String,
    pub title_vi: String,
    pub title_en: String,
    pub kind: IndicatorKind,
    pub measure: Measure,
    pub direction: Direction,
    pub sensitive: bool,
    pub section: String,
    pub source: Source,
    pub more_sources: Vec<Source>,
    pub definition: NewDefinition,
    pub targets: Vec<NewTarget>,
}

/// A definition as the catalogue has it.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as Definition")]
pub struct NewDefinition {
    pub period_kind: PeriodKind,
    pub numerator: Option<Side>,
    pub denominator: Option<Side>,
    pub count: Option<Side>,
    pub may_exceed: bool,
    pub parameters: Value,
}

/// A target as the catalogue has it.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as Target")]
pub struct NewTarget {
    pub year: i32,
    pub operator: Operator,
    pub value: Option<Decimal>,
    pub implied: bool,
    pub source: Source,
}

/// What lists of indicators can be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct IndicatorFilters {
    /// Only of this kind.
    pub kind: Option<IndicatorKind>,
    /// Only of this section: `II.2`, `III.6`, …
    #[schema(max_length = 10, example = "II.2")]
    pub section: Option<String>,
    /// That units of this level collect.
    pub level: Option<Level>,
    /// Only sensitive ones, or only others.
    pub sensitive: Option<bool>,
}

/// Which targets are asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct TargetFilters {
    /// In force for this unit: id or code; the caller's own unless given.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Only of this year.
    #[schema(minimum = 2000, maximum = 2100)]
    pub year: Option<i32>,
}
