//! The types of plans (`shapes.md` 10).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Instant;
use crate::ids::{PlanId, PlanItemId};
use crate::indicators::model::Operator;
use crate::indicators::rules::Decimal;
use crate::refs::CatalogueRef;
use crate::units::model::UnitRef;
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

/// A part of a plan in its own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

/// A plan of a unit.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c80",
    "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c22", "code": "SGD", "name": "Sở Giáo dục và Đào tạo tỉnh Hòa Bình"}, "kind": "horizon", "from_year": 2025,
    "to_year": 2030, "title": "Kế hoạch triển khai thực hiện Kế hoạch số 285-KH/TU", "status": "approved", "revision": 1, "number": null,
    "symbol": "SGD&ĐT-VP", "issued_on": null, "issued_text": "ngày tháng 02 năm 2025", "place": "Hoà Bình",
    "signatory": {"mark": "KT. GIÁM ĐỐC", "position": "PHÓ GIÁM ĐỐC", "name": "Đinh Thị Hường"}, "recipients": ["UBND tỉnh;"], "sections": [], "items": [],
    "targets": [], "previous": null, "version": 1, "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
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
    /// From 1, up by one with each submission.
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
    /// The version that it replaces.
    #[schema(required = true)]
    pub previous: Option<PlanId>,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was recorded.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
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
