//! The types of indicators, their definitions and targets (`shapes.md` 7).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::decimal::Decimal;
use crate::clock::Instant;
use crate::ids::{BaselineId, IndicatorId, TargetId};
use crate::localities::model::Rank;
use crate::periods::model::PeriodKind;
use crate::refs::{PersonRef, Source};
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
    /// Whether a result of this kind can be held against it: numbers are compared, states are kept or reached.
    #[must_use]
    pub const fn fits(self, kind: IndicatorKind) -> bool {
        match kind {
            IndicatorKind::Status => matches!(self, Self::Maintain | Self::Milestone),
            IndicatorKind::Level => !matches!(self, Self::Milestone),
            IndicatorKind::Ratio | IndicatorKind::Count => !matches!(self, Self::Maintain | Self::Milestone),
        }
    }

    /// Whether it holds a result of this kind against a value.
    #[must_use]
    pub const fn takes_value(self, kind: IndicatorKind) -> bool {
        match self {
            Self::AtLeast | Self::Above | Self::AtMost | Self::Below | Self::Exactly => true,
            Self::Maintain => matches!(kind, IndicatorKind::Level),
            Self::Controlled | Self::Increase | Self::Decrease | Self::Milestone => false,
        }
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

text_enum! {
    /// What figures can be broken down by.
    pub enum Dimension {
        /// Female and male.
        Sex = "sex",
        /// Ethnic minorities and Kinh.
        Ethnicity = "ethnicity",
        /// With and without a disability.
        Disability = "disability",
        /// In public and in other institutions.
        Ownership = "ownership",
        /// In areas of extreme hardship and in others.
        Area = "area",
    }
}

text_enum! {
    /// A part of a figure.
    #[expect(missing_docs, reason = "the words say it")]
    pub enum Category {
        Female = "female",
        Male = "male",
        EthnicMinority = "ethnic_minority",
        Kinh = "kinh",
        Disabled = "disabled",
        NotDisabled = "not_disabled",
        Public = "public",
        NonPublic = "non_public",
        ExtremelyHardArea = "extremely_hard_area",
        OtherArea = "other_area",
    }
}

impl Category {
    /// What it is a part by.
    #[must_use]
    pub const fn dimension(self) -> Dimension {
        match self {
            Self::Female | Self::Male => Dimension::Sex,
            Self::EthnicMinority | Self::Kinh => Dimension::Ethnicity,
            Self::Disabled | Self::NotDisabled => Dimension::Disability,
            Self::Public | Self::NonPublic => Dimension::Ownership,
            Self::ExtremelyHardArea | Self::OtherArea => Dimension::Area,
        }
    }

    /// Its place in the totals: 0 is the whole. Kept in the database, so a number never gets another meaning.
    #[must_use]
    pub const fn slot(self) -> i32 {
        match self {
            Self::Female => 1,
            Self::Male => 2,
            Self::EthnicMinority => 3,
            Self::Kinh => 4,
            Self::Disabled => 5,
            Self::NotDisabled => 6,
            Self::Public => 7,
            Self::NonPublic => 8,
            Self::ExtremelyHardArea => 9,
            Self::OtherArea => 10,
        }
    }

    /// The one at this place.
    #[must_use]
    pub fn at(slot: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|category| category.slot() == slot)
    }
}

impl Dimension {
    /// The categories that a whole falls into.
    pub fn categories(self) -> impl Iterator<Item = Category> {
        Category::ALL.iter().copied().filter(move |category| category.dimension() == self)
    }
}

text_enum! {
    /// How near an indicator is to one of another scheme.
    pub enum Nearness {
        /// It measures the same.
        Equivalent = "equivalent",
        /// Nearly: the difference must be said where both stand together.
        Close = "close",
        /// It has a similar name and must not be published as the other.
        Different = "different",
    }
}

/// An indicator of another scheme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scheme": "SDG", "code": "4.1.2", "relation": "different"}))]
pub struct ExternalRef {
    /// The scheme: `SDG`, `UIS`.
    #[schema(min_length = 1, max_length = 20)]
    pub scheme: String,
    /// Its code there.
    #[schema(min_length = 1, max_length = 40)]
    pub code: String,
    /// How near it is.
    pub relation: Nearness,
}

/// When a figure is odd enough to be asked about: it is stored all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"least": "20.00", "most": "100.00", "jump": "10.00"}))]
pub struct Checks {
    /// A rate, or count, below this is odd.
    #[schema(required = true, value_type = Option<String>, pattern = "^-?[0-9]{1,14}\\.[0-9]{2}$", example = "20.00")]
    pub least: Option<Decimal>,
    /// One above this is.
    #[schema(required = true, value_type = Option<String>, pattern = "^-?[0-9]{1,14}\\.[0-9]{2}$", example = "100.00")]
    pub most: Option<Decimal>,
    /// One that differs by more from the year before is, and one that stands further from the middle of its siblings.
    #[schema(required = true, value_type = Option<String>, pattern = "^-?[0-9]{1,14}\\.[0-9]{2}$", example = "10.00")]
    pub jump: Option<Decimal>,
}

/// One side of an indicator and its collectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title_vi": "Số trẻ nhà trẻ đến trường", "title_en": "Children enrolled in nursery", "by": "unit", "kinds": ["school"], "levels": ["nursery"]}))]
pub struct Side {
    /// What it counts, in Vietnamese.
    #[schema(min_length = 1, max_length = 300)]
    pub title_vi: String,
    /// The same in English.
    #[schema(min_length = 1, max_length = 300)]
    pub title_en: String,
    /// What records it.
    pub by: CollectedBy,
    /// The kinds of the units, or the ranks of the localities, that record it.
    #[schema(min_items = 1, max_items = 10)]
    pub kinds: Vec<String>,
    /// The levels that a unit must teach, one of them; empty: whatever it teaches.
    #[schema(max_items = 10)]
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
#[schema(example = json!({"indicator": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c40", "version": 1, "valid_from": "2023-01-01", "valid_to": null,
    "period_kind": "school_year_start",
    "numerator": {"title_vi": "Số trẻ nhà trẻ đến trường", "title_en": "Children enrolled in nursery", "by": "unit", "kinds": ["school"], "levels": ["nursery"]},
    "denominator": {"title_vi": "Số trẻ trong độ tuổi nhà trẻ", "title_en": "Children of nursery age", "by": "locality", "kinds": ["commune"], "levels": []},
    "count": null, "may_exceed": true, "parameters": {}, "disaggregations": ["sex", "ethnicity"],
    "external_refs": [{"scheme": "UIS", "code": "NER.01", "relation": "close"}], "checks": {"least": "20.00", "most": "120.00", "jump": "10.00"}}))]
pub struct Definition {
    /// The indicator.
    pub indicator: IndicatorId,
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
    /// What its figures can be broken down by.
    pub disaggregations: Vec<Dimension>,
    /// Its counterparts in other schemes.
    pub external_refs: Vec<ExternalRef>,
    /// When a figure of it is odd.
    pub checks: Checks,
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

    /// The highest level that there is, if it is a level that is recorded.
    #[must_use]
    pub fn level_most(&self) -> Option<i64> {
        self.parameters.get("level_most").and_then(Value::as_i64)
    }

    /// The most that one unit may record on a side, where the definition says so: 1 where units themselves are counted.
    #[must_use]
    pub fn most_per_unit(&self) -> Option<i64> {
        self.parameters.get("most_per_unit").and_then(Value::as_i64)
    }

    /// The words of the states that it takes; all of them where it names none.
    #[must_use]
    pub fn states(&self) -> Vec<&str> {
        let named = self.parameters.get("states").and_then(Value::as_array);
        named.into_iter().flatten().filter_map(Value::as_str).collect()
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
    "definition": {"indicator": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c40", "version": 1, "valid_from": "2023-01-01", "valid_to": null, "period_kind": "school_year_start", "numerator": null, "denominator": null,
        "count": {"title_vi": "Số phòng học tạm", "title_en": "Makeshift classrooms", "by": "unit", "kinds": ["school"], "levels": []},
        "may_exceed": false, "parameters": {}, "disaggregations": ["area"], "external_refs": [], "checks": {"least": null, "most": "60.00", "jump": "10.00"}},
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
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
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

/// A state that a target was in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"version": 1, "ended": false, "operator": ">=", "value": "55.00", "reason": null, "set_by": null, "set_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct TargetRevision {
    /// Its version.
    #[schema(minimum = 1)]
    pub version: i64,
    /// Whether the target ended with it.
    pub ended: bool,
    /// How the result was held against it.
    pub operator: Operator,
    /// What had to be reached.
    #[schema(required = true, value_type = Option<String>, example = "55.00")]
    pub value: Option<Decimal>,
    /// Why it was easier than what would have been inherited.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// Who set it; null for what the plan or the program set.
    #[schema(required = true)]
    pub set_by: Option<PersonRef>,
    /// When.
    pub set_at: Instant,
}

/// What a unit started from, where its own result of the base year is not that.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c42", "indicator": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c40",
    "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c22", "code": "SGD", "name": "Sở Giáo dục và Đào tạo tỉnh Hòa Bình"}, "year": 2023,
    "numerator": 305, "denominator": 516, "value": "59.11", "source": "Báo cáo tổng kết năm học 2022-2023", "version": 1,
    "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct Baseline {
    /// Its id.
    pub id: BaselineId,
    /// The indicator.
    pub indicator: IndicatorId,
    /// The unit.
    pub unit: UnitRef,
    /// The year that it is of.
    pub year: i32,
    /// What stood above the line, if that is known.
    #[schema(required = true)]
    pub numerator: Option<i64>,
    /// What stood below it.
    #[schema(required = true)]
    pub denominator: Option<i64>,
    /// The rate, count or level; of a fraction rounded for showing.
    #[schema(value_type = String, example = "59.11")]
    pub value: Decimal,
    /// Where it was taken from.
    pub source: String,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was recorded.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// A baseline to be set: a fraction, or a number where only that is known.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"year": 2023, "numerator": 305, "denominator": 516, "source": "Báo cáo tổng kết năm học 2022-2023"}))]
pub struct BaselineBody {
    /// The year that it is of.
    #[schema(minimum = 2000, maximum = 2100)]
    pub year: i32,
    /// What stood above the line.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub numerator: Option<i64>,
    /// What stood below it.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub denominator: Option<i64>,
    /// The rate, count or level, where no fraction is known.
    #[schema(value_type = Option<String>, pattern = "^-?[0-9]{1,14}\\.[0-9]{2}$")]
    pub value: Option<Decimal>,
    /// Where it was taken from.
    #[schema(min_length = 1, max_length = 500)]
    pub source: String,
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

/// A definition to be recorded.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"valid_from": "2026-08-01", "period_kind": "school_year_start",
    "numerator": {"title_vi": "Số học sinh tiểu học được học 2 buổi/ngày (từ 8 buổi/tuần)", "title_en": "Pupils taught eight or more sessions a week", "by": "unit", "kinds": ["school"], "levels": ["primary"]},
    "denominator": {"title_vi": "Số học sinh tiểu học", "title_en": "Primary pupils", "by": "unit", "kinds": ["school"], "levels": ["primary"]},
    "count": null, "may_exceed": false, "parameters": {"sessions_per_week_min": 8}, "disaggregations": ["sex"], "external_refs": [],
    "checks": {"least": null, "most": "100.00", "jump": "10.00"}}))]
pub struct NewDefinition {
    /// From this day: after that of the definition before, and after the last day that figures were recorded for.
    pub valid_from: NaiveDate,
    /// The kind of period that its values are of.
    pub period_kind: PeriodKind,
    /// What stands above the line.
    pub numerator: Option<Side>,
    /// What stands below it.
    pub denominator: Option<Side>,
    /// What is counted, levelled or stated where there is no ratio.
    pub count: Option<Side>,
    /// Whether a numerator above its denominator is a warning and no fault.
    pub may_exceed: bool,
    /// What the plan leaves open, as we read it.
    #[schema(value_type = Object)]
    pub parameters: Value,
    /// What its figures can be broken down by.
    #[schema(max_items = 5)]
    pub disaggregations: Vec<Dimension>,
    /// Its counterparts in other schemes.
    #[schema(max_items = 10)]
    pub external_refs: Vec<ExternalRef>,
    /// When a figure of it is odd.
    pub checks: Checks,
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
