//! The types of results (`shapes.md` 8).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::ids::ValueId;
use crate::indicators::decimal::Decimal;
use crate::indicators::model::{Category, Dimension, IndicatorKind, Operator, Target};
use crate::localities::model::LocalityRef;
use crate::refs::CatalogueRef;
use crate::units::model::UnitRef;
use crate::values::model::State;
use crate::vocabulary::text_enum;

text_enum! {
    /// Why a rate, or whether a target is attained, is not known.
    pub enum ResultReason {
        /// Nobody recorded anything.
        NoValue = "no_value",
        /// Nobody recorded what stands above the line.
        MissingNumerator = "missing_numerator",
        /// Nobody recorded what stands below it.
        MissingDenominator = "missing_denominator",
        /// There is nothing to divide by.
        ZeroDenominator = "zero_denominator",
        /// A side of it is recorded only further up.
        NotCollectedAtThisLevel = "not_collected_at_this_level",
        /// No target is in force for the year or a later one.
        NoTarget = "no_target",
        /// The target asks for a baseline, and there is none.
        NoBaseline = "no_baseline",
        /// The kind of indicator is not decided by arithmetic.
        NotDecidable = "not_decidable",
        /// Withheld, because persons could be known by it.
        SmallCell = "small_cell",
    }
}

text_enum! {
    /// Where a result stands on the way to its target.
    pub enum Trajectory {
        /// It attains this year's milestone.
        OnTrack = "on_track",
        /// It attains only last year's.
        Behind = "behind",
        /// It attains neither.
        AtRisk = "at_risk",
        /// There is no result or no milestone.
        NoData = "no_data",
    }
}

text_enum! {
    /// In which tree values are added up.
    pub enum Basis {
        /// That of the period.
        AsReported = "as_reported",
        /// That of today: for trends over a reorganisation. A unit that is gone counts nowhere; nothing is shared out.
        CurrentTree = "current_tree",
    }
}

text_enum! {
    /// What a result is broken down by.
    pub enum Breakdown {
        /// The units directly below.
        Child = "child",
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

impl Breakdown {
    /// The dimension; none for the units below.
    #[must_use]
    pub fn dimension(self) -> Option<Dimension> {
        Dimension::parse(self.as_str())
    }
}

/// How many of those who are to report did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"expected": 222, "included": 222, "missing": 0}))]
pub struct Coverage {
    /// How many units, or localities, record what is counted.
    #[schema(minimum = 0)]
    pub expected: i64,
    /// How many of them are in the result.
    #[schema(minimum = 0)]
    pub included: i64,
    /// How many are not.
    #[schema(minimum = 0)]
    pub missing: i64,
}

fn example() -> Value {
    json!({
    "indicator": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c40", "code": "MN01", "title_vi": "Tỉ lệ huy động trẻ trong độ tuổi nhà trẻ", "title_en": "Nursery-age enrolment rate"},
    "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c22", "code": "SGD", "name": "Sở Giáo dục và Đào tạo tỉnh Hòa Bình"},
    "period": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c50", "code": "2024-2025-START", "title_vi": "Đầu năm học 2024-2025", "title_en": "Start of school year 2024-2025"},
    "year": 2024, "kind": "ratio", "category": null, "numerator": 13573, "denominator": 28983, "count": null, "level": null, "state": null, "rate": "46.83", "baseline": "46.83",
    "target": null, "operator": ">=", "attained": false, "reason": null, "gap": "-3.17", "trajectory": "no_data", "milestone": null, "projected_year": null, "provisional": true, "withheld": false,
    "definition_version": 1, "basis": "as_reported", "as_of": null, "coverage": {"expected": 222, "included": 222, "missing": 0}, "denominator_coverage": {"expected": 151, "included": 151, "missing": 0}, "sentence_vi": null, "sentence_en": null,
    "provenance": "/api/v1/indicators/MN01/provenance?unit=SGD&period=2024-2025-START"})
}

/// A result of a unit for an indicator and a period.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = example)]
pub struct IndicatorResult {
    /// What is measured.
    pub indicator: CatalogueRef,
    /// Whose result it is: of the unit and all below it.
    pub unit: UnitRef,
    /// The period.
    pub period: CatalogueRef,
    /// The year of its `as_of`.
    pub year: i32,
    /// How the indicator is measured.
    pub kind: IndicatorKind,
    /// The part that it is of; null: the whole.
    #[schema(required = true)]
    pub category: Option<Category>,
    /// The sum of what stands above the line.
    #[schema(required = true, minimum = 0)]
    pub numerator: Option<i64>,
    /// The sum of what stands below it.
    #[schema(required = true, minimum = 0)]
    pub denominator: Option<i64>,
    /// How many.
    #[schema(required = true, minimum = 0)]
    pub count: Option<i64>,
    /// The level reached.
    #[schema(required = true, minimum = 0)]
    pub level: Option<i32>,
    /// The state.
    #[schema(required = true)]
    pub state: Option<State>,
    /// The sum of numerators over the sum of denominators, in percent; for showing only.
    #[schema(required = true, value_type = Option<String>, example = "46.83")]
    pub rate: Option<Decimal>,
    /// What the unit started from: the baseline that was set, else its own result of 2024 by the same definition; the rate, or the count.
    #[schema(required = true, value_type = Option<String>, example = "46.83")]
    pub baseline: Option<Decimal>,
    /// The target of the year, else the next later one.
    #[schema(required = true)]
    pub target: Option<Target>,
    /// Its operator.
    #[schema(required = true)]
    pub operator: Option<Operator>,
    /// Whether the result attains it, decided on the integers.
    #[schema(required = true)]
    pub attained: Option<bool>,
    /// Why the rate, or whether it is attained, is not known.
    #[schema(required = true)]
    pub reason: Option<ResultReason>,
    /// The result less the target, in points; the sign as computed.
    #[schema(required = true, value_type = Option<String>, example = "-3.17")]
    pub gap: Option<Decimal>,
    /// Where it stands on the way from the baseline to the target: its milestones are the targets of the years between, else on the
    /// straight line.
    pub trajectory: Trajectory,
    /// What it should have reached by this year.
    #[schema(required = true, value_type = Option<String>, example = "47.36")]
    pub milestone: Option<Decimal>,
    /// The year in which the target will be met at the pace since the baseline; null if that leads nowhere.
    #[schema(required = true)]
    pub projected_year: Option<i32>,
    /// Whether something is missing or the period is not locked.
    pub provisional: bool,
    /// Whether figures are withheld.
    pub withheld: bool,
    /// The version of the definition that it was counted by.
    #[schema(minimum = 1)]
    pub definition_version: i32,
    /// In which tree it was added up.
    pub basis: Basis,
    /// Of the figures as they were known at the end of this day; null: now. Targets, baselines and who was to report are those of now.
    #[schema(required = true)]
    pub as_of: Option<NaiveDate>,
    /// How many of those who record what is counted are in it.
    pub coverage: Coverage,
    /// How many of those who record what stands below the line are, where that is others than those who record what is counted.
    #[schema(required = true)]
    pub denominator_coverage: Option<Coverage>,
    /// The result in a sentence.
    #[schema(required = true)]
    pub sentence_vi: Option<String>,
    /// The same in English.
    #[schema(required = true)]
    pub sentence_en: Option<String>,
    /// Where its values are listed; null for what was known on an earlier day.
    #[schema(required = true)]
    pub provenance: Option<String>,
}

text_enum! {
    /// Where a milestone comes from.
    pub enum MilestoneOrigin {
        /// A target of the year itself.
        Typed = "typed",
        /// On the straight line between the targets, or the baseline, around it.
        Drawn = "drawn",
    }
}

/// What a unit should have reached in a year.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"year": 2027, "operator": ">=", "value": "48.42", "origin": "drawn", "target_year": 2030}))]
pub struct Milestone {
    /// The year.
    pub year: i32,
    /// How a result is held against it.
    pub operator: Operator,
    /// What should be reached, with two places; attainment is decided on the exact number.
    #[schema(value_type = String, example = "48.42")]
    pub value: Decimal,
    /// Whether it was typed.
    pub origin: MilestoneOrigin,
    /// The year of the target that it is, or leads to.
    pub target_year: i32,
}

/// Whose milestones are asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct MilestoneFilters {
    /// Of this unit: id or code; the caller's own unless given.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
}

/// Which results of one indicator are asked: of one period, of a year, or of all periods from one to another.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ResultFilters {
    /// Of this unit and all below it: id or code; the caller's own unless given.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Of this period: id, code, alias, `this_year`, `this_quarter` or `this_school_year`.
    #[schema(max_length = 40, example = "2024-2025-START")]
    pub period: Option<String>,
    /// Of the period whose `as_of` lies in this year; this year unless something else is asked.
    #[schema(minimum = 2000, maximum = 2100)]
    pub year: Option<i32>,
    /// From this period on.
    #[schema(max_length = 40)]
    pub from: Option<String>,
    /// Up to this period.
    #[schema(max_length = 40)]
    pub to: Option<String>,
    /// Broken down by this.
    pub breakdown: Option<Breakdown>,
    /// In which tree; that of the period unless given.
    pub basis: Option<Basis>,
    /// Of the figures as they were known at the end of this day: two dates compared show what was recorded, changed or withdrawn between
    /// them. Targets, baselines and who was to report are those of now.
    pub as_of: Option<NaiveDate>,
}

/// The units directly below one, ranked by their results: of one period or of a year.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct RankingFilters {
    /// Below this unit: id or code; the caller's own unless given.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Of this period: id, code, alias, `this_year`, `this_quarter` or `this_school_year`.
    #[schema(max_length = 40, example = "2024-2025-START")]
    pub period: Option<String>,
    /// Of the period whose `as_of` lies in this year; this year unless something else is asked.
    #[schema(minimum = 2000, maximum = 2100)]
    pub year: Option<i32>,
    /// In which tree; that of the period unless given.
    pub basis: Option<Basis>,
    /// Of the figures as they were known at the end of this day.
    pub as_of: Option<NaiveDate>,
}

fn ranked_example() -> Value {
    json!({"rank": 1, "tied": false, "result": example()})
}

/// A unit's place among its siblings.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = ranked_example)]
pub struct Ranked {
    /// 1 for the best, decided on the integers; equal results share a place and the next one is left out. Null where there is no number.
    #[schema(required = true, minimum = 1)]
    pub rank: Option<usize>,
    /// Whether another one has the same place.
    pub tied: bool,
    /// Its result.
    pub result: IndicatorResult,
}

/// Which results of one unit are asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct UnitResultFilters {
    /// Of this unit and all below it: id or code; the caller's own unless given.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Each indicator at its own period of this year; this year unless given.
    #[schema(minimum = 2000, maximum = 2100)]
    pub year: Option<i32>,
    /// Only of this indicator: id or code.
    #[schema(max_length = 40)]
    pub indicator: Option<String>,
    /// In which tree; that of the period unless given.
    pub basis: Option<Basis>,
    /// Of the figures as they were known at the end of this day: two dates compared show what was recorded, changed or withdrawn between
    /// them. Targets, baselines and who was to report are those of now.
    pub as_of: Option<NaiveDate>,
}

/// Whose values are asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ProvenanceFilters {
    /// Of this unit and all below it: id or code; the caller's own unless given.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Of this period: id, code, alias, `this_year`, `this_quarter` or `this_school_year`.
    #[schema(max_length = 40, example = "2024-2025-START")]
    pub period: String,
    /// In which tree.
    pub basis: Option<Basis>,
}

/// A value and its version.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c90", "version": 2}))]
pub struct ValueMark {
    /// Its id.
    pub id: ValueId,
    /// Its version.
    pub version: i64,
}

/// What one collector gave to a result.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "MN-DB-001", "name": "Trường Mầm non Tu Lý"}, "locality": null,
    "value": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c90", "version": 2}, "numerator": 41, "denominator": null, "included": true, "reason": null}))]
pub struct Provenance {
    /// The unit that collects, or in whose charge the locality was asked.
    pub unit: UnitRef,
    /// The locality, where it is one's.
    #[schema(required = true)]
    pub locality: Option<LocalityRef>,
    /// The value that was counted.
    #[schema(required = true)]
    pub value: Option<ValueMark>,
    /// What it adds above the line, or to the count.
    #[schema(required = true, minimum = 0)]
    pub numerator: Option<i64>,
    /// What it adds below it.
    #[schema(required = true, minimum = 0)]
    pub denominator: Option<i64>,
    /// Whether it is in the result.
    pub included: bool,
    /// Why not.
    #[schema(required = true)]
    pub reason: Option<ResultReason>,
}
