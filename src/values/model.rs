//! The types of indicator values (`shapes.md` 7).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Instant;
use crate::ids::ValueId;
use crate::indicators::model::Category;
use crate::localities::model::LocalityRef;
use crate::patch::Field;
use crate::refs::{CatalogueRef, PersonRef};
use crate::units::model::UnitRef;
use crate::vocabulary::text_enum;

text_enum! {
    /// The state of a status indicator.
    pub enum State {
        /// What must be kept is kept.
        Maintained = "maintained",
        /// It is not.
        NotMaintained = "not_maintained",
        /// A milestone that is planned.
        Planned = "planned",
        /// A milestone that is under way.
        UnderWay = "under_way",
        /// A milestone that is reached.
        Done = "done",
    }
}

/// What one category adds to a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"category": "female", "numerator": 20, "denominator": 41, "count": null}))]
pub struct Part {
    /// The category; those of one dimension add up to the whole.
    pub category: Category,
    /// What stands above the line.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub numerator: Option<i64>,
    /// What stands below it.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub denominator: Option<i64>,
    /// How many.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub count: Option<i64>,
}

/// A recorded value.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c90",
    "indicator": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c40", "code": "MN03", "title_vi": "Tỉ lệ nhóm, lớp mầm non học 2 buổi/ngày", "title_en": "Full-day groups"},
    "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "MN-DB-001", "name": "Trường Mầm non Tu Lý"}, "locality": null,
    "period": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c50", "code": "2024-2025-START", "title_vi": "Đầu năm học 2024-2025", "title_en": "Start of school year 2024-2025"},
    "numerator": 11, "denominator": 12, "count": null, "level": null, "state": null, "state_on": null, "parts": [], "source": "Báo cáo đầu năm học", "note": null,
    "definition_version": 1, "version": 1, "recorded_by": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c25", "username": "mn.tuly", "full_name": "Bùi Thị Hoà"},
    "recorded_at": "2025-02-20T02:30:00.000000Z", "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct IndicatorValue {
    /// Its id.
    pub id: ValueId,
    /// What is measured.
    pub indicator: CatalogueRef,
    /// Who recorded it, or for whom.
    pub unit: UnitRef,
    /// The locality that it is of; null where it is of the unit.
    #[schema(required = true)]
    pub locality: Option<LocalityRef>,
    /// The period.
    pub period: CatalogueRef,
    /// What stands above the line.
    #[schema(required = true, minimum = 0)]
    pub numerator: Option<i64>,
    /// What stands below it.
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
    /// The day of the state.
    #[schema(required = true)]
    pub state_on: Option<NaiveDate>,
    /// The same by category.
    pub parts: Vec<Part>,
    /// Where it was taken from.
    #[schema(required = true)]
    pub source: Option<String>,
    /// What must be said about it.
    #[schema(required = true)]
    pub note: Option<String>,
    /// The version of the definition that it was recorded under.
    #[schema(minimum = 1)]
    pub definition_version: i32,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// Who recorded this version; null for what the program loaded.
    #[schema(required = true)]
    pub recorded_by: Option<PersonRef>,
    /// When this version was recorded.
    pub recorded_at: Instant,
    /// When the first one was.
    pub created_at: Instant,
    /// When the last one was.
    pub updated_at: Instant,
}

/// A state that a value was in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"version": 1, "withdrawn": false, "numerator": 11, "denominator": 12, "count": null, "level": null, "state": null, "state_on": null,
    "parts": [], "source": null, "note": null, "definition_version": 1, "recorded_by": null, "recorded_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct ValueRevision {
    /// Its version.
    #[schema(minimum = 1)]
    pub version: i64,
    /// Whether the value was withdrawn with it.
    pub withdrawn: bool,
    /// What stood above the line.
    #[schema(required = true)]
    pub numerator: Option<i64>,
    /// What stood below it.
    #[schema(required = true)]
    pub denominator: Option<i64>,
    /// How many.
    #[schema(required = true)]
    pub count: Option<i64>,
    /// The level.
    #[schema(required = true)]
    pub level: Option<i32>,
    /// The state.
    #[schema(required = true)]
    pub state: Option<State>,
    /// The day of the state.
    #[schema(required = true)]
    pub state_on: Option<NaiveDate>,
    /// The same by category.
    pub parts: Vec<Part>,
    /// Where it was taken from.
    #[schema(required = true)]
    pub source: Option<String>,
    /// What was said about it.
    #[schema(required = true)]
    pub note: Option<String>,
    /// The version of the definition.
    #[schema(minimum = 1)]
    pub definition_version: i32,
    /// Who recorded it.
    #[schema(required = true)]
    pub recorded_by: Option<PersonRef>,
    /// When.
    pub recorded_at: Instant,
}

/// A row to be recorded. A figure that is absent keeps what is stored, null clears it.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"indicator": "MN03", "unit": "MN-DB-001", "period": "2024-2025-START", "numerator": 11, "denominator": 12}))]
pub struct NewValue {
    /// The indicator: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub indicator: String,
    /// The unit: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub unit: String,
    /// The period: id, code or alias.
    #[schema(min_length = 1, max_length = 40)]
    pub period: String,
    /// The locality in the unit's charge that it is of: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub locality: Option<String>,
    /// What stands above the line.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub numerator: Field<i64>,
    /// What stands below it.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub denominator: Field<i64>,
    /// How many.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub count: Field<i64>,
    /// The level reached.
    #[serde(default)]
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 9)]
    pub level: Field<i32>,
    /// The state.
    #[serde(default)]
    #[schema(value_type = Option<State>)]
    pub state: Field<State>,
    /// The day of the state.
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    pub state_on: Field<NaiveDate>,
    /// The same by category, as the definition's disaggregations say; categories of one dimension must add up to the whole.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Part>>, max_items = 10)]
    pub parts: Field<Vec<Part>>,
    /// Where it was taken from.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    pub source: Field<String>,
    /// What must be said about it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub note: Field<String>,
    /// The version that this row means to change; another one is 412.
    #[schema(value_type = i64, required = false, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: Option<i64>,
}

/// Rows to be recorded: all, or none of them.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"dry_run": false, "rows": [{"indicator": "MN03", "unit": "MN-DB-001", "period": "2024-2025-START", "numerator": 11, "denominator": 12}]}))]
pub struct NewValues {
    /// Only say what would happen.
    #[serde(default)]
    #[schema(required = false)]
    pub dry_run: bool,
    /// The rows.
    #[schema(min_items = 1, max_items = 1000)]
    pub rows: Vec<NewValue>,
}

text_enum! {
    /// What became of a row.
    pub enum Outcome {
        /// It is new.
        Created = "created",
        /// It changed a stored value.
        Updated = "updated",
        /// It says what is stored.
        Unchanged = "unchanged",
    }
}

/// Something odd about a row that does not refuse it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"code": "numerator_above_denominator", "detail": "Tử số lớn hơn mẫu số."}))]
pub struct Warning {
    /// What; never changes with the language.
    pub code: &'static str,
    /// The same for people.
    pub detail: String,
}

/// What became of a row.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"index": 0, "outcome": "created", "id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c90", "version": 1, "warnings": []}))]
pub struct RecordedRow {
    /// Its place in the request, from 0.
    #[schema(minimum = 0)]
    pub index: usize,
    /// What became of it.
    pub outcome: Outcome,
    /// The value's id; null for a new one of a dry run.
    #[schema(required = true)]
    pub id: Option<ValueId>,
    /// The value's version after it.
    #[schema(required = true)]
    pub version: Option<i64>,
    /// What is odd about it.
    pub warnings: Vec<Warning>,
}

/// How many rows became what.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[schema(example = json!({"created": 1, "updated": 0, "unchanged": 0}))]
pub struct Summary {
    /// New ones.
    pub created: usize,
    /// Changed ones.
    pub updated: usize,
    /// Those that were so already.
    pub unchanged: usize,
}

/// What became of the rows.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"dry_run": false, "summary": {"created": 1, "updated": 0, "unchanged": 0},
    "rows": [{"index": 0, "outcome": "created", "id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c90", "version": 1, "warnings": []}]}))]
pub struct Recorded {
    /// Whether nothing was stored.
    pub dry_run: bool,
    /// How many became what.
    pub summary: Summary,
    /// Each of them.
    pub rows: Vec<RecordedRow>,
}

/// What lists of values can be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ValueFilters {
    /// Of this indicator: id or code.
    #[schema(max_length = 40)]
    pub indicator: Option<String>,
    /// Of exactly this unit: id or code.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Of this unit and those below it: id or code.
    #[schema(max_length = 40)]
    pub within: Option<String>,
    /// Of this period: id, code, alias, `this_year`, `this_quarter` or `this_school_year`.
    #[schema(max_length = 40)]
    pub period: Option<String>,
    /// Of this locality: id or code.
    #[schema(max_length = 40)]
    pub locality: Option<String>,
}
