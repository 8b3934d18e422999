//! The types of the dashboard (`shapes.md` 2 and 10).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::assignments::model::Progress;
use crate::refs::CatalogueRef;
use crate::rounds::model::Completeness;
use crate::units::model::UnitRef;

/// A number and the list that it is the number of.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"count": 2, "href": "/api/v1/assignments?unit=MN-DB-001&timeliness=late"}))]
pub struct Owing {
    /// How many.
    #[schema(minimum = 0)]
    pub count: i64,
    /// Which.
    pub href: String,
}

/// The reports of a unit and of all below it, in the rounds that are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"open": 4, "late": 1, "returned": 1, "to_decide": 2}))]
pub struct ReportCounts {
    /// Owed, and never submitted.
    #[schema(minimum = 0)]
    pub open: i64,
    /// First submitted after their due date.
    #[schema(minimum = 0)]
    pub late: i64,
    /// Sent back.
    #[schema(minimum = 0)]
    pub returned: i64,
    /// Waiting for a decision.
    #[schema(minimum = 0)]
    pub to_decide: i64,
}

/// What the caller owes: its unit's own work, and what waits for its own decision.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"assignments_late": {"count": 2, "href": "/api/v1/assignments?unit=MN-DB-001&timeliness=late"},
    "assignments_due_soon": {"count": 1, "href": "/api/v1/assignments?unit=MN-DB-001&timeliness=in_time&due_before=2025-03-07"},
    "assignments_returned": {"count": 0, "href": "/api/v1/assignments?unit=MN-DB-001&status=returned"},
    "to_decide": {"count": 0, "href": "/api/v1/assignments?to_decide=true"},
    "reports_open": {"count": 1, "href": "/api/v1/reporting-rounds?owed=true"},
    "reports_returned": {"count": 0, "href": "/api/v1/reports?unit=MN-DB-001&status=returned"},
    "reports_to_decide": {"count": 0, "href": "/api/v1/reports?to_decide=true"}}))]
pub struct Owes {
    /// Reports of the unit itself that open rounds wait for.
    pub reports_open: Owing,
    /// Reports of the unit itself that were sent back.
    pub reports_returned: Owing,
    /// Reports that wait for the caller's decision.
    pub reports_to_decide: Owing,
    /// Open and past their due date.
    pub assignments_late: Owing,
    /// Open and due within 14 days.
    pub assignments_due_soon: Owing,
    /// Sent back.
    pub assignments_returned: Owing,
    /// Assignments that wait for the caller's decision.
    pub to_decide: Owing,
}

/// How many indicators stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"attained": 9, "not_attained": 16, "undecided": 12}))]
pub struct IndicatorCounts {
    /// Attain their target.
    #[schema(minimum = 0)]
    pub attained: usize,
    /// Do not.
    #[schema(minimum = 0)]
    pub not_attained: usize,
    /// Cannot be said.
    #[schema(minimum = 0)]
    pub undecided: usize,
}

/// The progress of one of the seven groups.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"group": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c70", "code": "1", "title_vi": "Tăng cường sự lãnh đạo", "title_en": "Leadership"},
    "progress": {"assignments": 12, "confirmed": 7, "in_time": 3, "late": 2, "done_in_time": 6, "done_late": 1, "percent": "71.50"}}))]
pub struct GroupProgress {
    /// The group.
    pub group: CatalogueRef,
    /// The work of the unit and of all below it.
    pub progress: Progress,
}

/// The work of a unit and of all below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"late": 2, "due_soon": 3, "returned": 1, "to_decide": 0}))]
pub struct WorkCounts {
    /// Open and past their due date.
    #[schema(minimum = 0)]
    pub late: i64,
    /// Open and due within 14 days.
    #[schema(minimum = 0)]
    pub due_soon: i64,
    /// Sent back.
    #[schema(minimum = 0)]
    pub returned: i64,
    /// Waiting for the caller's decision.
    #[schema(minimum = 0)]
    pub to_decide: i64,
}

/// A front end's first screen.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c21", "code": "PGD-DB", "name": "Phòng Giáo dục và Đào tạo huyện Đà Bắc"}, "year": 2025,
    "indicators": {"attained": 9, "not_attained": 16, "undecided": 12}, "groups": [], "assignments": {"late": 2, "due_soon": 3, "returned": 1, "to_decide": 0},
    "reports": {"open": 4, "late": 1, "returned": 1, "to_decide": 2}, "rounds": []}))]
pub struct Dashboard {
    /// Whose it is.
    pub unit: UnitRef,
    /// The year of the results.
    pub year: i32,
    /// How the indicators stand, each at its own period of the year; all 0 for a client that may not read results.
    pub indicators: IndicatorCounts,
    /// The seven groups.
    pub groups: Vec<GroupProgress>,
    /// The work.
    pub assignments: WorkCounts,
    /// The reports; all 0 for a client that may not read them.
    pub reports: ReportCounts,
    /// How far each open round is; none for a client that may not read reports.
    pub rounds: Vec<Completeness>,
}

/// Whose dashboard is asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct DashboardQuery {
    /// Of this unit and all below it: id or code; the caller's own unless given.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// The year of the results; this year unless given.
    #[schema(minimum = 2000, maximum = 2100)]
    pub year: Option<i32>,
}
