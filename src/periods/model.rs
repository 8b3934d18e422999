//! The types of periods (`shapes.md` 5).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Instant;
use crate::ids::PeriodId;
use crate::refs::CatalogueRef;
use crate::vocabulary::text_enum;

text_enum! {
    /// What a period is. The first five are of Decree 09/2019/NĐ-CP article 12, the rest of the education calendar.
    pub enum PeriodKind {
        /// Tháng: 15th to 14th.
        Month = "month",
        /// Quý.
        Quarter = "quarter",
        /// 6 tháng.
        Half = "half",
        /// 9 tháng.
        NineMonths = "nine_months",
        /// Năm: 15 December to 14 December.
        Year = "year",
        /// Năm học.
        SchoolYear = "school_year",
        /// Đầu năm học: figures of 30 September.
        SchoolYearStart = "school_year_start",
        /// Học kì.
        Semester = "semester",
        /// Cuối năm học: figures of 31 May.
        SchoolYearEnd = "school_year_end",
        /// Năm phổ cập: figures of 30 September.
        UniversalisationYear = "universalisation_year",
    }
}

text_enum! {
    /// Where a period stands; all but the locked ones take values.
    pub enum PeriodStatus {
        /// Not begun yet.
        Future = "future",
        /// Begun, and not locked.
        Open = "open",
        /// Takes no more values.
        Locked = "locked",
    }
}

text_enum! {
    /// What may be done with a period.
    pub enum PeriodAction {
        /// Take no more values.
        Lock = "lock",
        /// Take values again.
        Unlock = "unlock",
    }
}

/// When a period's figures are due, by the role of who owes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"school": "2025-12-20", "district": null, "department": "2025-12-25"}))]
pub struct DueDates {
    /// Schools, centres and colleges.
    #[schema(required = true)]
    pub school: Option<NaiveDate>,
    /// District and commune offices.
    #[schema(required = true)]
    pub district: Option<NaiveDate>,
    /// The department.
    #[schema(required = true)]
    pub department: Option<NaiveDate>,
}

/// A period.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c50", "code": "2024-2025-START", "kind": "school_year_start", "title_vi": "Đầu năm học 2024-2025",
    "title_en": "Start of school year 2024-2025", "starts_on": "2024-09-05", "ends_on": "2024-09-30", "as_of": "2024-09-30", "year": 2024,
    "due_on": {"school": null, "district": null, "department": "2024-10-31"}, "locked_at": null, "status": "open", "actions": [], "version": 1,
    "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct Period {
    /// Its id.
    pub id: PeriodId,
    /// Its code; aliases such as `202503`, `2025Q1`, `2024-2025-HK1` are read as well.
    pub code: String,
    /// What it is.
    pub kind: PeriodKind,
    /// Its title in Vietnamese.
    pub title_vi: String,
    /// Its title in English.
    pub title_en: String,
    /// The first day of its window.
    pub starts_on: NaiveDate,
    /// The last day of its window.
    pub ends_on: NaiveDate,
    /// The day whose state its figures tell.
    pub as_of: NaiveDate,
    /// The year of `as_of`: a target of this year meets this period.
    pub year: i32,
    /// When its figures are due.
    pub due_on: DueDates,
    /// Since when it takes no more values.
    #[schema(required = true)]
    pub locked_at: Option<Instant>,
    /// Where it stands; it takes values unless it is locked.
    pub status: PeriodStatus,
    /// What this caller may do with it now.
    pub actions: Vec<PeriodAction>,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was recorded.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

impl Period {
    /// Named.
    #[must_use]
    pub fn to_ref(&self) -> CatalogueRef {
        CatalogueRef { id: self.id.any(), code: self.code.clone(), title_vi: self.title_vi.clone(), title_en: self.title_en.clone() }
    }
}

/// What lists of periods can be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct PeriodFilters {
    /// Only of this kind.
    pub kind: Option<PeriodKind>,
    /// Whose `as_of` lies in this year.
    #[schema(minimum = 2000, maximum = 2100)]
    pub year: Option<i32>,
    /// Where they stand.
    pub status: Option<PeriodStatus>,
    /// Whose window holds this day.
    pub covers: Option<NaiveDate>,
}

/// Why a period is locked or unlocked.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Đã tổng hợp và báo cáo Bộ Giáo dục và Đào tạo"}))]
pub struct LockReason {
    /// For the journal.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}
