//! The types of plans (`shapes.md` 10).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::policy::Role;
use crate::assignments::model::Progress;
use crate::clock::Instant;
use crate::difference::Difference;
use crate::ids::{PlanId, PlanItemId, UnitId};
use crate::indicators::decimal::Decimal;
use crate::indicators::model::Operator;
use crate::patch::Field;
use crate::refs::{CatalogueRef, PersonRef};
use crate::units::model::{Kind, UnitRef};
use crate::vocabulary::text_enum;

text_enum! {
    /// How long a plan runs.
    pub enum PlanKind {
        /// Giai đoạn 2025-2030.
        Horizon = "horizon",
        /// One year.
        Annual = "annual",
    }
}

text_enum! {
    /// Where a plan stands in its life.
    pub enum PlanStatus {
        /// Being written.
        Draft = "draft",
        /// Waiting for a decision.
        Submitted = "submitted",
        /// Sent back with a reason.
        Returned = "returned",
        /// In force.
        Approved = "approved",
        /// Replaced by a later version.
        Amended = "amended",
    }
}

text_enum! {
    /// What may be done with a plan.
    pub enum PlanAction {
        /// Change its words, items and targets.
        Update = "update",
        /// Hand it in.
        Submit = "submit",
        /// Send it back.
        Return = "return",
        /// Put it in force.
        Approve = "approve",
        /// Begin a new version.
        Amend = "amend",
    }
}

/// A part of a plan in its own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"key": "IV", "title_vi": "Tổ chức thực hiện", "body": "Căn cứ Kế hoạch này, các phòng …"}))]
pub struct Section {
    /// `I`, `II`, …
    #[schema(min_length = 1, max_length = 40)]
    pub key: String,
    /// Its title.
    #[schema(max_length = 500)]
    pub title_vi: String,
    /// Its words.
    #[schema(max_length = 200_000)]
    pub body: String,
}

/// Who signed (Decree 30/2020/NĐ-CP, annex I).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"mark": "KT. GIÁM ĐỐC", "position": "PHÓ GIÁM ĐỐC", "name": "Đinh Thị Hường"}))]
pub struct Signatory {
    /// In whose place or name: `KT.`, `TM.`, …
    pub mark: String,
    /// The position.
    pub position: String,
    /// The name.
    pub name: String,
}

/// A piece of work in a plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c81", "task": null, "title": "Mở thêm nhóm trẻ ở điểm trường lẻ",
    "lead": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "MN-DB-001", "name": "Trường Mầm non Tu Lý"}, "cooperating": [], "due_on": "2025-12-31",
    "expected_result": "Thêm 02 nhóm trẻ", "money": 120_000_000}))]
pub struct PlanItem {
    /// Its id.
    pub id: PlanItemId,
    /// The task that it carries out.
    #[schema(required = true)]
    pub task: Option<CatalogueRef>,
    /// Its title.
    pub title: String,
    /// Who leads it.
    pub lead: UnitRef,
    /// Who works with it.
    pub cooperating: Vec<UnitRef>,
    /// Its last day.
    #[schema(required = true)]
    pub due_on: Option<NaiveDate>,
    /// What there should be at the end.
    #[schema(required = true)]
    pub expected_result: Option<String>,
    /// Đồng.
    #[schema(required = true, minimum = 0)]
    pub money: Option<i64>,
}

/// A target that a plan sets.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"indicator": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c40", "code": "MN01", "title_vi": "Tỉ lệ huy động trẻ trong độ tuổi nhà trẻ",
    "title_en": "Nursery-age enrolment rate"}, "year": 2030, "operator": ">=", "value": "50.00", "reason": null}))]
pub struct PlanTarget {
    /// The indicator.
    pub indicator: CatalogueRef,
    /// The year.
    pub year: i32,
    /// How the result is held against it.
    pub operator: Operator,
    /// What must be reached.
    #[schema(required = true, value_type = Option<String>)]
    pub value: Option<Decimal>,
    /// Why it is easier than what would be inherited.
    #[schema(required = true)]
    pub reason: Option<String>,
}

/// What is to be mended in a returned plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pointer": "/items/0/due_on", "text": "Cần hoàn thành trước khai giảng"}))]
pub struct Remark {
    /// Where: a JSON pointer into the plan (RFC 6901).
    #[schema(min_length = 1, max_length = 200, pattern = "^(/[^/]*)+$")]
    pub pointer: String,
    /// What.
    #[schema(min_length = 1, max_length = 2000)]
    pub text: String,
}

/// Why a plan was sent back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"reason": "Chưa có chỉ tiêu năm 2026", "remarks": [], "by": "Bùi Thị Hoà", "at": "2025-02-20T02:30:00.000000Z"}))]
pub struct Returned {
    /// The reason.
    pub reason: String,
    /// What is to be mended.
    pub remarks: Vec<Remark>,
    /// Who sent it back.
    pub by: String,
    /// When.
    pub at: Instant,
}

/// A plan of a unit.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c80",
    "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c22", "code": "SGD", "name": "Sở Giáo dục và Đào tạo tỉnh Hòa Bình"}, "kind": "horizon", "from_year": 2025,
    "to_year": 2030, "title": "Kế hoạch triển khai thực hiện Kế hoạch số 285-KH/TU", "status": "approved", "revision": 1, "number": null,
    "symbol": "SGD&ĐT-VP", "issued_on": null, "issued_text": "ngày tháng 02 năm 2025", "place": "Hoà Bình",
    "signatory": {"mark": "KT. GIÁM ĐỐC", "position": "PHÓ GIÁM ĐỐC", "name": "Đinh Thị Hường"}, "recipients": ["UBND tỉnh;"], "sections": [], "items": [],
    "targets": [], "returned": null, "previous": null, "progress": null, "actions": [], "version": 1, "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Whose it is.
    pub unit: UnitRef,
    /// How long it runs.
    pub kind: PlanKind,
    /// Its first year.
    pub from_year: i32,
    /// Its last year.
    pub to_year: i32,
    /// Its title.
    pub title: String,
    /// Where it stands in its life.
    pub status: PlanStatus,
    /// 0 while it was never submitted, then up by one with each submission; a new version goes on counting.
    #[schema(minimum = 0)]
    pub revision: i32,
    /// Its number; null where it has none.
    #[schema(required = true)]
    pub number: Option<String>,
    /// The symbol after the number.
    #[schema(required = true)]
    pub symbol: Option<String>,
    /// Its day; null where the paper leaves it open.
    #[schema(required = true)]
    pub issued_on: Option<NaiveDate>,
    /// What the paper says of its date where that is not a day.
    #[schema(required = true)]
    pub issued_text: Option<String>,
    /// Where it was issued.
    #[schema(required = true)]
    pub place: Option<String>,
    /// Who signed it.
    #[schema(required = true)]
    pub signatory: Option<Signatory>,
    /// Who receives it (`Nơi nhận`).
    pub recipients: Vec<String>,
    /// Its parts in their own words.
    pub sections: Vec<Section>,
    /// Its pieces of work, in their order.
    pub items: Vec<PlanItem>,
    /// The targets that its unit set for its years.
    pub targets: Vec<PlanTarget>,
    /// Why it was sent back last.
    #[schema(required = true)]
    pub returned: Option<Returned>,
    /// The version that it replaces.
    #[schema(required = true)]
    pub previous: Option<PlanId>,
    /// The work on it; null for a plan out of the scope, and for a client that may not read assignments.
    #[schema(required = true)]
    pub progress: Option<Progress>,
    /// What this caller may do with it now.
    pub actions: Vec<PlanAction>,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was recorded.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// A piece of work to be planned.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"task": "4.03", "title": "Mở thêm nhóm trẻ ở điểm trường lẻ", "due_on": "2025-12-31", "expected_result": "Thêm 02 nhóm trẻ", "money": 120_000_000}))]
pub struct NewItem {
    /// The task that it carries out: id or code.
    #[schema(max_length = 40)]
    pub task: Option<String>,
    /// Its title.
    #[schema(min_length = 1, max_length = 500)]
    pub title: String,
    /// Who leads it: the plan's unit unless given; id or code.
    #[schema(max_length = 40)]
    pub lead: Option<String>,
    /// Who works with it: ids or codes.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub cooperating: Vec<String>,
    /// Its last day.
    pub due_on: Option<NaiveDate>,
    /// What there should be at the end.
    #[schema(max_length = 2000)]
    pub expected_result: Option<String>,
    /// Đồng.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub money: Option<i64>,
}

/// A target to be set.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"indicator": "MN01", "year": 2030, "operator": ">=", "value": "55.00"}))]
pub struct NewPlanTarget {
    /// The indicator: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub indicator: String,
    /// The year; one of the plan's.
    #[schema(minimum = 2000, maximum = 2100)]
    pub year: i32,
    /// How the result is held against it.
    pub operator: Operator,
    /// What must be reached, with two places.
    #[schema(value_type = Option<String>, pattern = "^-?[0-9]{1,14}\\.[0-9]{2}$")]
    pub value: Option<Decimal>,
    /// Why it is easier than what would be inherited.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: Option<String>,
}

/// A new plan.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"unit": "MN-DB-001", "kind": "annual", "from_year": 2026, "to_year": 2026, "title": "Kế hoạch năm 2026 của Trường Mầm non Tu Lý",
    "items": [{"task": "4.03", "title": "Mở thêm nhóm trẻ ở điểm trường lẻ", "due_on": "2026-08-31"}],
    "targets": [{"indicator": "MN01", "year": 2026, "operator": ">=", "value": "52.00"}]}))]
pub struct WrittenPlan {
    /// Whose it is: one's own unit; id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub unit: String,
    /// How long it runs.
    pub kind: PlanKind,
    /// Its first year.
    #[schema(minimum = 2000, maximum = 2100)]
    pub from_year: i32,
    /// Its last year.
    #[schema(minimum = 2000, maximum = 2100)]
    pub to_year: i32,
    /// Its title.
    #[schema(min_length = 1, max_length = 500)]
    pub title: String,
    /// Its number.
    #[schema(max_length = 60)]
    pub number: Option<String>,
    /// Its day.
    pub issued_on: Option<NaiveDate>,
    /// Its parts; those of `copy_of` unless given.
    #[schema(value_type = Vec<Section>, required = false, max_items = 40)]
    pub sections: Option<Vec<Section>>,
    /// Its pieces of work; those of `copy_of`, with their dates moved, unless given.
    #[schema(value_type = Vec<NewItem>, required = false, max_items = 500)]
    pub items: Option<Vec<NewItem>>,
    /// The targets that it sets.
    #[schema(value_type = Vec<NewPlanTarget>, required = false, max_items = 500)]
    pub targets: Option<Vec<NewPlanTarget>>,
    /// The plan whose sections and items it begins with, as last year's.
    pub copy_of: Option<PlanId>,
}

/// A change of a plan that is being written.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Kế hoạch năm 2026", "issued_on": "2025-12-20"}))]
pub struct PlanPatch {
    /// Its title.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 500)]
    pub title: Option<String>,
    /// Its number.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 60)]
    pub number: Field<String>,
    /// Its day.
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    pub issued_on: Field<NaiveDate>,
    /// Its parts, all of them.
    #[schema(value_type = Vec<Section>, required = false, max_items = 40)]
    pub sections: Option<Vec<Section>>,
    /// Its pieces of work, all of them.
    #[schema(value_type = Vec<NewItem>, required = false, max_items = 500)]
    pub items: Option<Vec<NewItem>>,
    /// The targets that it sets, all of them.
    #[schema(value_type = Vec<NewPlanTarget>, required = false, max_items = 500)]
    pub targets: Option<Vec<NewPlanTarget>>,
}

/// Why a plan is sent back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Chưa có chỉ tiêu năm 2026", "remarks": [{"pointer": "/targets", "text": "Bổ sung MN01"}]}))]
pub struct PlanReturn {
    /// The reason.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
    /// What is to be mended, and where.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub remarks: Vec<Remark>,
}

/// What was submitted, once.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"number": 1, "plan": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c80", "submitted_by": null, "submitted_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct PlanRevision {
    /// Its number.
    #[schema(minimum = 1)]
    pub number: i32,
    /// The version of the plan that it is of.
    pub plan: PlanId,
    /// Who submitted it.
    #[schema(required = true)]
    pub submitted_by: Option<PersonRef>,
    /// When.
    pub submitted_at: Instant,
}

/// What was submitted, with its words, and what differs from another submission.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"number": 2, "plan": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c80", "submitted_by": null, "submitted_at": "2025-02-20T02:30:00.000000Z",
    "content": {"title": "Kế hoạch năm 2026", "sections": [], "items": [], "targets": []}, "changes": []}))]
pub struct PlanRevisionContent {
    /// Its number.
    #[schema(minimum = 1)]
    pub number: i32,
    /// The version of the plan that it is of.
    pub plan: PlanId,
    /// Who submitted it.
    #[schema(required = true)]
    pub submitted_by: Option<PersonRef>,
    /// When.
    pub submitted_at: Instant,
    /// Title, sections, items and targets as they were.
    #[schema(value_type = Object)]
    pub content: serde_json::Value,
    /// What differs from the revision named by `compare`; null without it.
    #[schema(required = true)]
    pub changes: Option<Vec<Difference>>,
}

/// Which revision a revision is compared with.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct CompareQuery {
    /// Its number.
    #[schema(minimum = 1, maximum = 999_999)]
    pub compare: Option<i32>,
}

/// A unit without an approved plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "SGD-VP", "name": "Văn phòng Sở", "kind": "division", "role": "department"}))]
pub struct PlanlessUnit {
    /// Its id.
    pub id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The role of people who work there: the level that it reports at.
    pub role: Role,
}

/// Whose plans are missed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MissingFilters {
    /// Plans of this kind.
    pub kind: PlanKind,
    /// That run in this year.
    #[schema(minimum = 2000, maximum = 2100, example = 2026)]
    pub year: i32,
    /// Of this unit and those below it: id or code.
    #[schema(max_length = 40)]
    pub within: Option<String>,
    /// Only of this role.
    pub role: Option<Role>,
}

/// The plan as the catalogue has it.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "as Plan")]
pub struct NewPlan {
    pub title: String,
    pub symbol: Option<String>,
    pub number: Option<String>,
    pub issued_on: Option<NaiveDate>,
    pub issued_text: Option<String>,
    pub place: Option<String>,
    pub from_year: i32,
    pub to_year: i32,
    pub signatory: Option<Signatory>,
    pub recipients: Vec<String>,
    pub sections: Vec<Section>,
}

/// What lists of plans can be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct PlanFilters {
    /// Of exactly this unit: id or code.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Of this unit and those below it: id or code.
    #[schema(max_length = 40)]
    pub within: Option<String>,
    /// Only of this kind.
    pub kind: Option<PlanKind>,
    /// That run in this year.
    #[schema(minimum = 2000, maximum = 2100)]
    pub year: Option<i32>,
    /// Only with this status.
    pub status: Option<PlanStatus>,
}
