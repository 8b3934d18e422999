//! The types of reporting rounds (`shapes.md` 11).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::policy::Role;
use crate::clock::Instant;
use crate::ids::{ExceptionId, FormId, ReportId, RoundId, UnitId};
use crate::patch::Field;
use crate::periods::model::DueDates;
use crate::refs::{CatalogueRef, PersonRef};
use crate::units::model::{Kind, Level, UnitRef, UnitType};
use crate::vocabulary::text_enum;

text_enum! {
    /// Where a round stands in its life.
    pub enum RoundStatus {
        /// Being prepared; only the department sees it.
        Draft = "draft",
        /// Takes reports.
        Open = "open",
        /// Takes no more.
        Closed = "closed",
    }
}

text_enum! {
    /// What may be done with a round.
    pub enum RoundAction {
        /// Change it; once it is open only its titles and dates.
        Update = "update",
        /// Let it take reports.
        Open = "open",
        /// Let it take no more.
        Close = "close",
    }
}

text_enum! {
    /// Units of a round by what became of their reports.
    pub enum DebtState {
        /// Nothing was submitted yet.
        Missing = "missing",
        /// First submitted after its due date.
        Late = "late",
        /// Sent back, and not submitted again.
        Returned = "returned",
        /// Submitted at least once.
        Received = "received",
        /// Accepted.
        Accepted = "accepted",
    }
}

/// The form of a round, by the version that it asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1ca0", "code": "BC-KH285", "version": 1}))]
pub struct FormRef {
    /// Its id.
    pub id: FormId,
    /// Its code.
    pub code: String,
    /// The version.
    #[schema(minimum = 1)]
    pub version: i64,
}

/// Who owes a report: the units that are open on the `as_of` of the period, of the tree of that day.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"within": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c22", "code": "SGD", "name": "Sở Giáo dục và Đào tạo tỉnh Hòa Bình"},
    "kinds": ["department", "district_office", "school"], "types": [], "levels": []}))]
pub struct RoundOwes {
    /// This unit and those below it.
    pub within: UnitRef,
    /// Of these kinds; of all where none is named.
    pub kinds: Vec<Kind>,
    /// Of these types; of all where none is named.
    pub types: Vec<UnitType>,
    /// That teach one of these levels; any where none is named.
    pub levels: Vec<Level>,
}

/// A reporting round.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1cb0", "code": "2025-H1", "title_vi": "Báo cáo 6 tháng đầu năm 2025", "title_en": "First half of 2025",
    "period": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c50", "code": "2025-H1", "title_vi": "6 tháng đầu năm 2025", "title_en": "First half of 2025"},
    "form": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1ca0", "code": "BC-KH285", "version": 1},
    "owes": {"within": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c22", "code": "SGD", "name": "Sở Giáo dục và Đào tạo tỉnh Hòa Bình"}, "kinds": [], "types": [], "levels": []},
    "due_on": {"school": "2025-06-17", "district": "2025-06-20", "department": "2025-06-25"}, "locks_on": {"school": "2025-06-20", "district": null, "department": null},
    "opens_on": "2025-06-01", "remind_on": ["2025-06-15"], "status": "open", "opened_at": "2025-05-31T17:00:00.000000Z", "closed_at": null, "actions": [], "version": 2,
    "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-05-31T17:00:00.000000Z"}))]
pub struct ReportingRound {
    /// Its id.
    pub id: RoundId,
    /// Its code.
    pub code: String,
    /// Its title in Vietnamese.
    pub title_vi: String,
    /// Its title in English.
    pub title_en: String,
    /// What it is about.
    pub period: CatalogueRef,
    /// What it asks.
    pub form: FormRef,
    /// Who owes a report.
    pub owes: RoundOwes,
    /// The last days on which a report is in time (Asia/Ho_Chi_Minh).
    pub due_on: DueDates,
    /// The last days on which a report is taken at all.
    pub locks_on: DueDates,
    /// The day on which it opens by itself.
    #[schema(required = true)]
    pub opens_on: Option<NaiveDate>,
    /// The days on which the feed reminds of it.
    pub remind_on: Vec<NaiveDate>,
    /// Where it stands in its life.
    pub status: RoundStatus,
    /// Since when it takes reports.
    #[schema(required = true)]
    pub opened_at: Option<Instant>,
    /// Since when it takes no more.
    #[schema(required = true)]
    pub closed_at: Option<Instant>,
    /// What this caller may do with it now.
    pub actions: Vec<RoundAction>,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was made.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// Who is to owe a report.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"within": "SGD", "kinds": ["department", "district_office", "school", "centre"]}))]
pub struct NewOwes {
    /// This unit and those below it: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub within: String,
    /// Of these kinds; of all unless given.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub kinds: Vec<Kind>,
    /// Of these types; of all unless given.
    #[serde(default)]
    #[schema(max_items = 30)]
    pub types: Vec<UnitType>,
    /// That teach one of these levels; any unless given.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub levels: Vec<Level>,
}

/// Days by the role of who owes.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"school": "2025-06-17", "district": "2025-06-20", "department": "2025-06-25"}))]
pub struct NewDueDates {
    /// Schools, centres and colleges.
    #[serde(default)]
    pub school: Option<NaiveDate>,
    /// District and commune offices.
    #[serde(default)]
    pub district: Option<NaiveDate>,
    /// The department and its divisions.
    #[serde(default)]
    pub department: Option<NaiveDate>,
}

/// Changes of days by the role of who owes: absent keeps, null takes away (RFC 7396).
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"school": "2025-06-18"}))]
pub struct DueDatesPatch {
    /// Schools, centres and colleges.
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    pub school: Field<NaiveDate>,
    /// District and commune offices.
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    pub district: Field<NaiveDate>,
    /// The department and its divisions.
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    pub department: Field<NaiveDate>,
}

impl DueDatesPatch {
    /// The days after the change.
    #[must_use]
    pub fn after(&self, days: &DueDates) -> DueDates {
        let pick = |field: &Field<NaiveDate>, day: Option<NaiveDate>| field.clone().given().unwrap_or(day);
        DueDates {
            school: pick(&self.school, days.school),
            district: pick(&self.district, days.district),
            department: pick(&self.department, days.department),
        }
    }
}

impl From<NewDueDates> for DueDates {
    fn from(new: NewDueDates) -> Self {
        Self { school: new.school, district: new.district, department: new.department }
    }
}

/// A new round.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "2025-H1", "title_vi": "Báo cáo 6 tháng đầu năm 2025", "title_en": "First half of 2025", "period": "2025-H1", "form": "BC-KH285",
    "owes": {"within": "SGD"}, "due_on": {"school": "2025-06-17", "district": "2025-06-20", "department": "2025-06-25"}, "opens_on": "2025-06-01"}))]
pub struct NewRound {
    /// Its code.
    #[schema(pattern = "^[A-Z0-9][A-Za-z0-9._-]{0,39}$", format = "code")]
    pub code: String,
    /// Its title in Vietnamese.
    #[schema(min_length = 1, max_length = 300)]
    pub title_vi: String,
    /// Its title in English.
    #[schema(min_length = 1, max_length = 300)]
    pub title_en: String,
    /// What it is about: id, code or alias.
    #[schema(min_length = 1, max_length = 40)]
    pub period: String,
    /// What it asks, by its last version: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub form: String,
    /// Who owes a report.
    pub owes: NewOwes,
    /// The last days on which a report is in time.
    pub due_on: NewDueDates,
    /// The last days on which a report is taken at all; none unless given.
    #[serde(default)]
    pub locks_on: NewDueDates,
    /// The day on which it opens by itself.
    pub opens_on: Option<NaiveDate>,
    /// The days on which the feed reminds of it.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub remind_on: Vec<NaiveDate>,
}

/// A change of a round. Once it is open only titles and dates can change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"due_on": {"school": "2025-06-18", "district": "2025-06-20", "department": "2025-06-25"}}))]
pub struct RoundPatch {
    /// Its title in Vietnamese.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 300)]
    pub title_vi: Option<String>,
    /// Its title in English.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 300)]
    pub title_en: Option<String>,
    /// The form, by its last version: id or code.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 40)]
    pub form: Option<String>,
    /// Who owes a report.
    #[schema(value_type = NewOwes, required = false)]
    pub owes: Option<NewOwes>,
    /// The last days on which a report is in time; a role that is absent keeps its day.
    #[serde(default)]
    #[schema(required = false)]
    pub due_on: DueDatesPatch,
    /// The last days on which a report is taken at all; a role that is absent keeps its day.
    #[serde(default)]
    #[schema(required = false)]
    pub locks_on: DueDatesPatch,
    /// The day on which it opens by itself.
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    pub opens_on: Field<NaiveDate>,
    /// The days on which the feed reminds of it, all of them.
    #[schema(value_type = Vec<NaiveDate>, required = false, max_items = 20)]
    pub remind_on: Option<Vec<NaiveDate>>,
}

/// More time for one unit.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1cb1", "round": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1cb0", "code": "2025-H1", "title_vi": "Báo cáo", "title_en": "Report"},
    "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "MN-DB-001", "name": "Trường Mầm non Tu Lý"}, "until": "2025-06-27", "reason": "Mưa lũ, mất điện",
    "granted_by": null, "created_at": "2025-06-20T02:30:00.000000Z"}))]
pub struct RoundException {
    /// Its id.
    pub id: ExceptionId,
    /// The round.
    pub round: CatalogueRef,
    /// The unit.
    pub unit: UnitRef,
    /// The last day of it.
    pub until: NaiveDate,
    /// Why.
    pub reason: String,
    /// Who granted it.
    #[schema(required = true)]
    pub granted_by: Option<PersonRef>,
    /// When.
    pub created_at: Instant,
}

/// More time to be given to a unit.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"unit": "MN-DB-001", "until": "2025-06-27", "reason": "Mưa lũ, mất điện"}))]
pub struct NewException {
    /// The unit, below the caller's, at the department its own as well: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub unit: String,
    /// The last day of it; today at the earliest.
    pub until: NaiveDate,
    /// Why.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// How many reports of one role are where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"level": "school", "expected": 30, "received": 29, "on_time": 26, "late": 3, "submitted": 2, "returned": 1, "accepted": 26, "missing": 1}))]
pub struct LevelCompleteness {
    /// The role of who owes.
    pub level: Role,
    /// How many owe a report.
    #[schema(minimum = 0)]
    pub expected: i64,
    /// How many submitted one at least once.
    #[schema(minimum = 0)]
    pub received: i64,
    /// How many of these first did by the due date.
    #[schema(minimum = 0)]
    pub on_time: i64,
    /// How many after it.
    #[schema(minimum = 0)]
    pub late: i64,
    /// How many wait for a decision; a replacement as well, beside the accepted one that it is to replace.
    #[schema(minimum = 0)]
    pub submitted: i64,
    /// How many were sent back and not submitted again; replacements as well.
    #[schema(minimum = 0)]
    pub returned: i64,
    /// How many are accepted, and neither replaced nor recalled.
    #[schema(minimum = 0)]
    pub accepted: i64,
    /// How many never submitted.
    #[schema(minimum = 0)]
    pub missing: i64,
}

/// How far a round is at a unit and all below it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"round": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1cb0", "code": "2025-H1", "title_vi": "Báo cáo 6 tháng đầu năm 2025", "title_en": "First half of 2025"},
    "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c21", "code": "PGD-DB", "name": "Phòng Giáo dục và Đào tạo huyện Đà Bắc"},
    "levels": [{"level": "school", "expected": 3, "received": 2, "on_time": 2, "late": 0, "submitted": 1, "returned": 0, "accepted": 1, "missing": 1}]}))]
pub struct Completeness {
    /// The round.
    pub round: CatalogueRef,
    /// The unit.
    pub unit: UnitRef,
    /// By role, from the schools up; only roles that owe something.
    pub levels: Vec<LevelCompleteness>,
}

/// A unit that owes a report, and what became of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "MN-DB-001", "name": "Trường Mầm non Tu Lý", "kind": "school", "level": "school",
    "state": "missing", "report": null, "late": false, "submitted_at": null}))]
pub struct Debtor {
    /// Its id.
    pub id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name on the day of the round.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its role.
    pub level: Role,
    /// What became of its report; `received` while it waits for a decision.
    pub state: DebtState,
    /// The report.
    #[schema(required = true)]
    pub report: Option<ReportId>,
    /// Whether it first came after its due date, or has not come yet and is late.
    pub late: bool,
    /// When it was submitted last.
    #[schema(required = true)]
    pub submitted_at: Option<Instant>,
}

/// Whose completeness is asked.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct CompletenessQuery {
    /// Of this unit and all below it: id or code; the caller's own unless given.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
}

/// Which rounds' completeness is asked, and whose.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct SeriesFilters {
    /// Of this unit and all below it: id or code; the caller's own unless given.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Only rounds on this form: id or code.
    #[schema(max_length = 40)]
    pub form: Option<String>,
    /// Only rounds whose period ends in this year.
    #[schema(minimum = 2000, maximum = 2100)]
    pub year: Option<i32>,
}

/// Which units of a round are asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct DebtorFilters {
    /// Of this unit and all below it: id or code; the caller's own unless given.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Only these: `missing` never submitted, `received` submitted at least once, `late` first did so after its due date, `returned` and
    /// `accepted` have a report that stands so. A unit may be among several; its row tells where its report stands now.
    pub state: Option<DebtState>,
    /// Only of this role.
    pub level: Option<Role>,
}

/// What lists of rounds can be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct RoundFilters {
    /// Only with this status.
    pub status: Option<RoundStatus>,
    /// Of this period: id, code or alias.
    #[schema(max_length = 40)]
    pub period: Option<String>,
    /// On this form: id or code.
    #[schema(max_length = 40)]
    pub form: Option<String>,
    /// Only open ones that wait for a first report of the caller's own unit.
    pub owed: Option<bool>,
}
