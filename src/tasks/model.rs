//! The types of task groups and tasks (`shapes.md` 6).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::assignments::model::Progress;
use crate::clock::Instant;
use crate::ids::{GroupId, TaskId};
use crate::patch::Field;
use crate::refs::{CatalogueRef, Source};
use crate::units::model::UnitRef;
use crate::vocabulary::text_enum;

text_enum! {
    /// How a task runs.
    pub enum Nature {
        /// Done once.
        OneOff = "one_off",
        /// Done again each period of its cadence.
        Recurring = "recurring",
        /// Never finished.
        Continuous = "continuous",
    }
}

text_enum! {
    /// How often a recurring task comes back.
    #[expect(missing_docs, reason = "the words say it")]
    pub enum Cadence {
        Month = "month",
        Quarter = "quarter",
        Half = "half",
        Year = "year",
    }
}

text_enum! {
    /// Where a task comes from.
    pub enum Origin {
        /// The department's plan.
        Catalogue = "catalogue",
        /// A unit added it.
        Local = "local",
    }
}

/// One of the seven groups of section III.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c70", "code": "7", "number": 7,
    "title_vi": "Tăng cường hội nhập quốc tế trong giáo dục và đào tạo", "title_en": "International integration",
    "source": {"line": 115, "text": "7. Tăng cường hội nhập quốc tế trong giáo dục và đào tạo", "corrected": null}, "tasks_count": 9, "progress": {"assignments": 12, "confirmed": 7, "in_time": 3, "late": 2, "done_in_time": 6, "done_late": 1, "percent": "71.50"}, "version": 1,
    "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct TaskGroup {
    /// Its id.
    pub id: GroupId,
    /// Its number as text.
    pub code: String,
    /// 1 to 7.
    #[schema(minimum = 1)]
    pub number: i32,
    /// Its title in Vietnamese.
    pub title_vi: String,
    /// Its title in English.
    pub title_en: String,
    /// Where it stands in the plan.
    pub source: Source,
    /// How many tasks of the catalogue, and of the caller's scope, it has.
    #[schema(minimum = 0)]
    pub tasks_count: i64,
    /// The work of the caller's scope on them; all 0 for a client that may not read assignments.
    pub progress: Progress,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was recorded.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// A task.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c71", "code": "1.01", "group": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c70", "code": "1",
        "title_vi": "Tăng cường sự lãnh đạo, chỉ đạo và quản lý", "title_en": "Party and government leadership"},
    "title_vi": "Học tập, quán triệt Kết luận 91-KL/TW đến toàn thể cán bộ, công chức, viên chức, người lao động",
    "title_en": "Study Conclusion 91 with all staff", "nature": "one_off", "cadence": null, "due_on": null,
    "lead_proposed": "Mọi đơn vị, trường học; Văn phòng Sở tổng hợp", "indicators": [], "origin": "catalogue", "unit": null,
    "source": {"line": 23, "text": "tổ chức nghiêm túc việc học tập, quán triệt Kết luận số 91-KL/TW", "corrected": null}, "version": 1,
    "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Its code: `1.01` to `7.09`, or one of a unit.
    pub code: String,
    /// The group that it belongs to.
    pub group: CatalogueRef,
    /// Its title in Vietnamese.
    pub title_vi: String,
    /// Its title in English.
    pub title_en: String,
    /// How it runs.
    pub nature: Nature,
    /// How often it comes back.
    #[schema(required = true)]
    pub cadence: Option<Cadence>,
    /// When it must be done, where the plan says so.
    #[schema(required = true)]
    pub due_on: Option<NaiveDate>,
    /// Who might lead it: our reading, for the plan names nobody.
    #[schema(required = true)]
    pub lead_proposed: Option<String>,
    /// The indicators that it serves.
    pub indicators: Vec<CatalogueRef>,
    /// Where it comes from.
    pub origin: Origin,
    /// The unit that added it.
    #[schema(required = true)]
    pub unit: Option<UnitRef>,
    /// Where it stands in the plan.
    #[schema(required = true)]
    pub source: Option<Source>,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was recorded.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// A task that a unit adds.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"group": "4", "title_vi": "Tổ chức ngày hội đọc sách cấp trường", "nature": "recurring", "cadence": "year", "indicators": []}))]
pub struct NewLocalTask {
    /// Its code; `L-` and 8 characters unless given.
    #[schema(pattern = "^[A-Z0-9][A-Za-z0-9._-]{0,39}$", format = "code")]
    pub code: Option<String>,
    /// The group that it belongs to: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub group: String,
    /// Its title in Vietnamese.
    #[schema(min_length = 1, max_length = 500)]
    pub title_vi: String,
    /// Its title in English; the Vietnamese one unless given.
    #[schema(max_length = 500)]
    pub title_en: Option<String>,
    /// How it runs.
    pub nature: Nature,
    /// How often it comes back: given for recurring tasks and for no other.
    pub cadence: Option<Cadence>,
    /// When it must be done.
    pub due_on: Option<NaiveDate>,
    /// The indicators that it serves: ids or codes.
    #[serde(default)]
    #[schema(max_items = 40)]
    pub indicators: Vec<String>,
}

/// A change of a unit's own task.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title_vi": "Tổ chức ngày hội đọc sách cấp trường và cấp huyện"}))]
pub struct TaskPatch {
    /// Its title in Vietnamese.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 500)]
    pub title_vi: Option<String>,
    /// Its title in English.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 500)]
    pub title_en: Option<String>,
    /// When it must be done.
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    pub due_on: Field<NaiveDate>,
}

/// A group as the catalogue has it.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as TaskGroup")]
pub struct NewGroup {
    pub code: String,
    pub number: i32,
    pub title_vi: String,
    pub title_en: String,
    pub source: Source,
}

/// A task as the catalogue has it.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as Task")]
pub struct NewTask {
    pub code: String,
    pub group: String,
    pub title_vi: String,
    pub title_en: String,
    pub nature: Nature,
    pub cadence: Option<Cadence>,
    pub due_on: Option<NaiveDate>,
    pub lead_proposed: Option<String>,
    pub indicators: Vec<String>,
    pub source: Source,
}

/// Lists of groups have no filters.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct GroupFilters {}

/// What lists of tasks can be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct TaskFilters {
    /// Of this group: id or code.
    #[schema(max_length = 40)]
    pub group: Option<String>,
    /// Only of this nature.
    pub nature: Option<Nature>,
    /// Only from here.
    pub origin: Option<Origin>,
    /// That serve this indicator: id or code.
    #[schema(max_length = 40)]
    pub indicator: Option<String>,
}
