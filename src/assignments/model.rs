//! The types of assignments (`shapes.md` 10).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Instant;
use crate::ids::{AssignmentId, ExtensionId, PlanId, UpdateId};
use crate::refs::{CatalogueRef, PersonRef};
use crate::units::model::{Kind, Level, UnitRef, UnitType};
use crate::vocabulary::text_enum;

text_enum! {
    /// Where an assignment stands in its life.
    pub enum AssignmentStatus {
        /// Given, and not begun.
        Assigned = "assigned",
        /// Begun.
        InProgress = "in_progress",
        /// Its unit says that it is done.
        ReportedDone = "reported_done",
        /// It was not: sent back.
        Returned = "returned",
        /// It is done.
        Confirmed = "confirmed",
        /// It rests.
        Paused = "paused",
        /// It is not wanted any more.
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// How an assignment stands to its due date.
    pub enum Timeliness {
        /// Open, and not past it.
        InTime = "in_time",
        /// Open, and past it.
        Late = "late",
        /// Confirmed, and reported by it.
        DoneInTime = "done_in_time",
        /// Confirmed, and reported after it.
        DoneLate = "done_late",
    }
}

text_enum! {
    /// What may be done with an assignment.
    pub enum AssignmentAction {
        /// Begin.
        Start = "start",
        /// Tell progress.
        Update = "update",
        /// Say that it is done.
        ReportDone = "report-done",
        /// Ask for a later due date.
        Extend = "extend",
        /// Agree that it is done.
        Confirm = "confirm",
        /// Send it back.
        Return = "return",
        /// Go on.
        Resume = "resume",
        /// Let it rest.
        Pause = "pause",
        /// Want it no more.
        Cancel = "cancel",
    }
}

/// A task given to a unit.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1ca0",
    "task": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c71", "code": "1.01", "title_vi": "Học tập, quán triệt Kết luận 91-KL/TW", "title_en": "Study Conclusion 91"},
    "plan": null, "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "MN-DB-001", "name": "Trường Mầm non Tu Lý"}, "cooperating": [],
    "assigned_by": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c21", "code": "PGD-DB", "name": "Phòng Giáo dục và Đào tạo huyện Đà Bắc"}, "period": null,
    "title": "Học tập, quán triệt Kết luận 91-KL/TW", "deliverable": "Báo cáo kết quả", "due_on": "2025-06-30", "status": "in_progress", "percent": 40, "overdue": false,
    "timeliness": "in_time", "reported_done_at": null, "confirmed_at": null, "reason": null, "actions": ["update", "report-done", "extend"], "version": 3,
    "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct Assignment {
    /// Its id.
    pub id: AssignmentId,
    /// The task.
    pub task: CatalogueRef,
    /// The plan that it carries out.
    #[schema(required = true)]
    pub plan: Option<PlanId>,
    /// Who leads it.
    pub unit: UnitRef,
    /// Who works with it.
    pub cooperating: Vec<UnitRef>,
    /// Who gave it.
    pub assigned_by: UnitRef,
    /// The period of a recurring task that it is for.
    #[schema(required = true)]
    pub period: Option<CatalogueRef>,
    /// Its title.
    pub title: String,
    /// What there should be at the end.
    #[schema(required = true)]
    pub deliverable: Option<String>,
    /// Its last day.
    #[schema(required = true)]
    pub due_on: Option<NaiveDate>,
    /// Where it stands in its life.
    pub status: AssignmentStatus,
    /// As its unit told last; 100 only once it is confirmed counts as done.
    #[schema(minimum = 0, maximum = 100)]
    pub percent: i32,
    /// Whether it is open and past its due date.
    pub overdue: bool,
    /// How it stands to its due date; of a cancelled one as if it were open.
    pub timeliness: Timeliness,
    /// When its unit said last that it was done.
    #[schema(required = true)]
    pub reported_done_at: Option<Instant>,
    /// When that was confirmed.
    #[schema(required = true)]
    pub confirmed_at: Option<Instant>,
    /// Why it was returned, paused or cancelled last.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// What this caller may do with it now.
    pub actions: Vec<AssignmentAction>,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was given.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// A task to be given to a unit.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"task": "1.01", "unit": "MN-DB-001", "due_on": "2025-06-30", "deliverable": "Báo cáo kết quả học tập, quán triệt"}))]
pub struct NewAssignment {
    /// The task: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub task: String,
    /// Who leads it: one's own unit or one below; id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub unit: String,
    /// Who works with it: ids or codes.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub cooperating: Vec<String>,
    /// Its last day.
    pub due_on: Option<NaiveDate>,
    /// What there should be at the end.
    #[schema(max_length = 2000)]
    pub deliverable: Option<String>,
    /// The plan that it carries out: an approved one of one's own unit.
    pub plan: Option<PlanId>,
    /// The period that it is for: id, code or alias.
    #[schema(max_length = 40)]
    pub period: Option<String>,
}

/// Which units get a task.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"within": "PGD-DB", "kinds": ["school"], "levels": ["nursery"]}))]
pub struct Selector {
    /// Those below this unit: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub within: String,
    /// Only of these kinds.
    #[schema(value_type = Vec<Kind>, required = false, max_items = 7)]
    pub kinds: Option<Vec<Kind>>,
    /// Only of these types.
    #[schema(value_type = Vec<UnitType>, required = false, max_items = 30)]
    pub types: Option<Vec<UnitType>>,
    /// Only those that teach one of these levels.
    #[schema(value_type = Vec<Level>, required = false, max_items = 7)]
    pub levels: Option<Vec<Level>>,
}

/// A task to be given to many units.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"task": "1.01", "selector": {"within": "PGD-DB", "kinds": ["school"]}, "due_on": "2025-06-30", "dry_run": true}))]
pub struct NewAssignments {
    /// The task: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub task: String,
    /// Who gets it: at most 1,000 units.
    pub selector: Selector,
    /// Its last day.
    pub due_on: Option<NaiveDate>,
    /// What there should be at the end.
    #[schema(max_length = 2000)]
    pub deliverable: Option<String>,
    /// The plan that it carries out: an approved one of one's own unit.
    pub plan: Option<PlanId>,
    /// The period that it is for: id, code or alias.
    #[schema(max_length = 40)]
    pub period: Option<String>,
    /// Only say what would happen.
    #[serde(default)]
    #[schema(required = false)]
    pub dry_run: bool,
}

text_enum! {
    /// What became of a unit that a bulk call found.
    pub enum BulkOutcome {
        /// It has the task now.
        Created = "created",
        /// It had it already.
        Exists = "exists",
    }
}

/// What became of one unit.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"index": 0, "outcome": "created", "id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1ca0",
    "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "MN-DB-001", "name": "Trường Mầm non Tu Lý"}, "errors": []}))]
pub struct BulkRow {
    /// Its place, from 0.
    #[schema(minimum = 0)]
    pub index: usize,
    /// What became of it.
    pub outcome: BulkOutcome,
    /// The assignment; null for a new one of a dry run, and for one that somebody else made in the same moment.
    #[schema(required = true)]
    pub id: Option<AssignmentId>,
    /// The unit.
    pub unit: UnitRef,
    /// What is wrong with it: nothing, where the whole call was taken.
    #[schema(value_type = Vec<Object>)]
    pub errors: Vec<serde_json::Value>,
}

/// How many units became what.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[schema(example = json!({"created": 27, "exists": 0}))]
pub struct BulkSummary {
    /// Those that have the task now.
    pub created: usize,
    /// Those that had it already.
    pub exists: usize,
}

/// What became of all of them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"dry_run": true, "summary": {"created": 27, "exists": 0}, "rows": []}))]
pub struct BulkAnswer {
    /// Whether nothing was stored.
    pub dry_run: bool,
    /// How many became what.
    pub summary: BulkSummary,
    /// Each of them.
    pub rows: Vec<BulkRow>,
}

/// Why a move is made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Thiếu danh sách người tham gia"}))]
pub struct MoveReason {
    /// The reason.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

/// A figure in an update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"label": "Số người đã học tập", "value": 31}))]
pub struct UpdateFigure {
    /// What was counted.
    #[schema(min_length = 1, max_length = 200)]
    pub label: String,
    /// How many.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub value: i64,
}

/// What a unit says of its assignment.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"percent": 40, "text": "Đã tổ chức học tập cho 31 cán bộ, giáo viên", "figures": [{"label": "Số người đã học tập", "value": 31}],
    "difficulties": "Thiếu tài liệu", "proposals": null}))]
pub struct NewUpdate {
    /// How far it is.
    #[schema(minimum = 0, maximum = 100)]
    pub percent: i32,
    /// What was done.
    #[schema(min_length = 1, max_length = 5000)]
    pub text: String,
    /// In figures.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub figures: Vec<UpdateFigure>,
    /// What is hard.
    #[schema(max_length = 5000)]
    pub difficulties: Option<String>,
    /// What is proposed.
    #[schema(max_length = 5000)]
    pub proposals: Option<String>,
}

/// What a unit said of its assignment: never edited, only added to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1ca1", "assignment": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1ca0", "percent": 40, "text": "Đã tổ chức học tập cho 31 cán bộ, giáo viên",
    "figures": [{"label": "Số người đã học tập", "value": 31}], "difficulties": null, "proposals": null, "by": null, "created_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct ProgressUpdate {
    /// Its id.
    pub id: UpdateId,
    /// The assignment.
    pub assignment: AssignmentId,
    /// How far it was.
    #[schema(minimum = 0, maximum = 100)]
    pub percent: i32,
    /// What was done.
    pub text: String,
    /// In figures.
    pub figures: Vec<UpdateFigure>,
    /// What was hard.
    #[schema(required = true)]
    pub difficulties: Option<String>,
    /// What was proposed.
    #[schema(required = true)]
    pub proposals: Option<String>,
    /// Who said it.
    #[schema(required = true)]
    pub by: Option<PersonRef>,
    /// When.
    pub created_at: Instant,
}

text_enum! {
    /// What became of a later due date that was asked.
    pub enum ExtensionStatus {
        /// Waiting.
        Asked = "asked",
        /// It is the due date now.
        Granted = "granted",
        /// It is not.
        Refused = "refused",
    }
}

/// A later due date that is asked.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"due_on": "2025-07-31", "reason": "Giáo viên đi tập huấn hết tháng 6"}))]
pub struct NewExtension {
    /// The day.
    pub due_on: NaiveDate,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

/// What is said with a decision.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Đồng ý lùi một tháng"}))]
pub struct Decision {
    /// The reason.
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
}

/// A later due date that was asked.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1ca2", "assignment": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1ca0", "due_on": "2025-07-31",
    "reason": "Giáo viên đi tập huấn hết tháng 6", "status": "asked", "asked_by": null, "decided_by": null, "decided_at": null, "decision_reason": null, "version": 1,
    "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct Extension {
    /// Its id.
    pub id: ExtensionId,
    /// The assignment.
    pub assignment: AssignmentId,
    /// The day.
    pub due_on: NaiveDate,
    /// Why.
    pub reason: String,
    /// What became of it.
    pub status: ExtensionStatus,
    /// Who asked.
    #[schema(required = true)]
    pub asked_by: Option<PersonRef>,
    /// Who decided.
    #[schema(required = true)]
    pub decided_by: Option<PersonRef>,
    /// When.
    #[schema(required = true)]
    pub decided_at: Option<Instant>,
    /// What was said with it.
    #[schema(required = true)]
    pub decision_reason: Option<String>,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was asked.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// What lists of assignments can be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct AssignmentFilters {
    /// Led by exactly this unit: id or code.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Led by this unit or one below it: id or code.
    #[schema(max_length = 40)]
    pub within: Option<String>,
    /// Of this task: id or code.
    #[schema(max_length = 40)]
    pub task: Option<String>,
    /// Of a task of this group: id or code.
    #[schema(max_length = 40)]
    pub group: Option<String>,
    /// That carry out this plan.
    pub plan: Option<PlanId>,
    /// Only with this status.
    pub status: Option<AssignmentStatus>,
    /// Only those that stand so to their due date.
    pub timeliness: Option<Timeliness>,
    /// Due before this day.
    pub due_before: Option<NaiveDate>,
    /// Due on this day or after it.
    pub due_after: Option<NaiveDate>,
    /// Given by this unit: id or code.
    #[schema(max_length = 40)]
    pub assigned_by: Option<String>,
    /// Only those that wait for the caller's decision: reported done, or asking for a later due date.
    pub to_decide: Option<bool>,
}

/// How a body of work stands (`shapes.md` 10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"assignments": 12, "confirmed": 7, "in_time": 3, "late": 2, "done_in_time": 6, "done_late": 1, "percent": "71.50"}))]
pub struct Progress {
    /// How many there are, cancelled ones apart.
    #[schema(minimum = 0)]
    pub assignments: i64,
    /// How many are confirmed.
    #[schema(minimum = 0)]
    pub confirmed: i64,
    /// How many are open and not past their due date.
    #[schema(minimum = 0)]
    pub in_time: i64,
    /// How many are open and past it.
    #[schema(minimum = 0)]
    pub late: i64,
    /// How many were done by it.
    #[schema(minimum = 0)]
    pub done_in_time: i64,
    /// How many were done after it.
    #[schema(minimum = 0)]
    pub done_late: i64,
    /// The mean over all of 100 if confirmed, else the last percent told, at most 99; null where there is no work.
    #[schema(required = true, value_type = Option<String>, example = "71.50")]
    pub percent: Option<crate::indicators::decimal::Decimal>,
}
