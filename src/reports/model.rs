//! The types of reports (`shapes.md` 11).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::clock::Instant;
use crate::difference::Difference;
use crate::error::FaultBody;
use crate::ids::{ReportId, ValueId};
use crate::localities::model::LocalityRef;
use crate::patch::Field;
use crate::plans::model::Remark;
use crate::print::Format;
use crate::refs::{CatalogueRef, PersonRef};
use crate::results::model::IndicatorResult;
use crate::units::model::UnitRef;
use crate::values::model::{IndicatorValue, NewValue, Part, State};
use crate::vocabulary::text_enum;

text_enum! {
    /// Where a report stands in its life.
    pub enum ReportStatus {
        /// Being written.
        Draft = "draft",
        /// Waiting for a decision.
        Submitted = "submitted",
        /// Sent back with a reason.
        Returned = "returned",
        /// Taken: what it says is frozen.
        Accepted = "accepted",
        /// A signed document with a number.
        Issued = "issued",
        /// Taken back after it was issued.
        Recalled = "recalled",
        /// Replaced by a later one.
        Superseded = "superseded",
    }
}

text_enum! {
    /// What may be done with a report.
    pub enum ReportAction {
        /// Change its words and values.
        Update = "update",
        /// Put together what units below were accepted for.
        Consolidate = "consolidate",
        /// Hand it in.
        Submit = "submit",
        /// Send it back.
        Return = "return",
        /// Take it.
        Accept = "accept",
        /// Give it a number and a date.
        Issue = "issue",
        /// Begin one that is to replace it.
        Replace = "replace",
        /// Put a correction on record.
        Correct = "correct",
        /// Take it back.
        Recall = "recall",
        /// Throw it away: a draft that was never submitted.
        Delete = "delete",
    }
}

text_enum! {
    /// What is on record about a report.
    pub enum RecordKind {
        /// Its form was wrong, and is corrected by a letter.
        Corrected = "corrected",
        /// It was taken back.
        Recalled = "recalled",
        /// A report was begun that is to replace it.
        Replaced = "replaced",
    }
}

/// What a report says of a part of its form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"key": "difficulties", "title_vi": "Khó khăn, vướng mắc", "title_en": "Difficulties", "required": true,
    "body": "Thiếu giáo viên mầm non ở điểm trường lẻ."}))]
pub struct ReportSection {
    /// The section of the form.
    pub key: String,
    /// Its title in Vietnamese.
    pub title_vi: String,
    /// Its title in English.
    pub title_en: String,
    /// Whether the report is refused without it.
    pub required: bool,
    /// What is said.
    pub body: String,
}

/// A value that the unit itself recorded, or should.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"id": null, "indicator": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c40", "code": "MN03", "title_vi": "Tỉ lệ nhóm, lớp mầm non học 2 buổi/ngày",
    "title_en": "Full-day groups"}, "locality": null, "period": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c50", "code": "2024-2025-START", "title_vi": "Đầu năm học 2024-2025",
    "title_en": "Start of school year 2024-2025"}, "numerator": null, "denominator": null, "count": null, "level": null, "state": null, "state_on": null, "parts": [],
    "source": null, "note": null, "definition_version": 1, "records": ["numerator", "denominator"], "required": true, "version": null}))]
pub struct ReportValue {
    /// The recorded value; null where there is none yet.
    #[schema(required = true)]
    pub id: Option<ValueId>,
    /// What is measured.
    pub indicator: CatalogueRef,
    /// The locality that it is of; null where it is of the unit.
    #[schema(required = true)]
    pub locality: Option<LocalityRef>,
    /// The period: the latest of the indicator's kind that ended by the round's.
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
    /// The version of the definition.
    #[schema(minimum = 1)]
    pub definition_version: i32,
    /// Which of `numerator`, `denominator`, `count`, `level` and `state` the unit records.
    pub records: Vec<String>,
    /// Whether the report is refused without them.
    pub required: bool,
    /// The version of the value; null where there is none yet.
    #[schema(required = true)]
    pub version: Option<i64>,
}

impl ReportValue {
    /// A value that is not there yet.
    #[must_use]
    pub fn missing(indicator: CatalogueRef, period: CatalogueRef, definition_version: i32) -> Self {
        Self {
            id: None,
            indicator,
            locality: None,
            period,
            numerator: None,
            denominator: None,
            count: None,
            level: None,
            state: None,
            state_on: None,
            parts: Vec::new(),
            source: None,
            note: None,
            definition_version,
            records: Vec::new(),
            required: false,
            version: None,
        }
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let number = self.numerator.is_some() || self.denominator.is_some() || self.count.is_some();
        !number && self.level.is_none() && self.state.is_none()
    }
}

impl From<IndicatorValue> for ReportValue {
    fn from(value: IndicatorValue) -> Self {
        Self {
            id: Some(value.id),
            indicator: value.indicator,
            locality: value.locality,
            period: value.period,
            numerator: value.numerator,
            denominator: value.denominator,
            count: value.count,
            level: value.level,
            state: value.state,
            state_on: value.state_on,
            parts: value.parts,
            source: value.source,
            note: value.note,
            definition_version: value.definition_version,
            records: Vec::new(),
            required: false,
            version: Some(value.version),
        }
    }
}

/// Who did something, and when.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"by": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c25", "username": "mn.tuly", "full_name": "Bùi Thị Hoà"}, "at": "2025-06-17T02:30:00.000000Z"}))]
pub struct Done {
    /// Who; null for what the program loaded.
    #[schema(required = true)]
    pub by: Option<PersonRef>,
    /// When.
    pub at: Instant,
}

/// A report that another was put together of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "MN-DB-001", "name": "Trường Mầm non Tu Lý"},
    "report": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1cc0", "revision": 2}))]
pub struct Included {
    /// Whose.
    pub unit: UnitRef,
    /// The report.
    pub report: ReportId,
    /// The revision that was accepted.
    #[schema(minimum = 1)]
    pub revision: i32,
}

/// What a report was put together of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"included": [], "missing": [{"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "MN-DB-001", "name": "Trường Mầm non Tu Lý"}], "left": [], "late": [],
    "at": "2025-06-18T02:30:00.000000Z"}))]
pub struct Consolidation {
    /// The accepted reports of the units below.
    pub included: Vec<Included>,
    /// The units below that owe a report and have none accepted.
    pub missing: Vec<UnitRef>,
    /// Those that stand below another unit today and had no report accepted here, and those that an accepted report of another unit holds: what
    /// they write is that one's to read, and not awaited here. Their figures are in the results of the day's tree.
    #[serde(default)]
    pub left: Vec<UnitRef>,
    /// Those whose report first came after its due date, included or not.
    pub late: Vec<UnitRef>,
    /// When it was put together.
    pub at: Instant,
}

/// Who signs an issued document (Decree 30/2020/NĐ-CP, annex I).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"mark": "KT. GIÁM ĐỐC", "position": "PHÓ GIÁM ĐỐC", "name": "Đinh Thị Hường"}))]
pub struct Signer {
    /// In whose place or name: `KT. GIÁM ĐỐC`, `TM. …`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100, pattern = "^[^\\t\\r\\n]+$")]
    pub mark: Option<String>,
    /// The position.
    #[schema(min_length = 1, max_length = 100, pattern = "^[^\\t\\r\\n]+$")]
    pub position: String,
    /// The name.
    #[schema(min_length = 1, max_length = 50, pattern = "^[^\\t\\r\\n]+$")]
    pub name: String,
}

/// The formal document that a report was issued as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"number": 5, "symbol": "BC-SGDĐT", "issued_on": "2025-06-25", "place": "Hoà Bình", "signatory": {"mark": "KT. GIÁM ĐỐC",
    "position": "PHÓ GIÁM ĐỐC", "name": "Đinh Thị Hường"}, "recipients": ["UBND tỉnh", "Lưu: VT, VP"],
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}))]
pub struct IssuedDocument {
    /// Its number among all that the issuer issued in the year.
    #[schema(minimum = 1)]
    pub number: i32,
    /// The symbol after the number.
    pub symbol: String,
    /// Its day.
    pub issued_on: NaiveDate,
    /// Where it was issued.
    pub place: String,
    /// Who signed it.
    pub signatory: Signer,
    /// Who receives it (`Nơi nhận`).
    pub recipients: Vec<String>,
    /// SHA-256 of its PDF, in hexadecimal.
    pub sha256: String,
}

/// What is on record about a report that was accepted or issued.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"kind": "corrected", "reason": "Sai thể thức", "text": "Ghi lại ngày ban hành", "by": "Bùi Thị Hoà", "at": "2025-07-02T02:30:00.000000Z"}))]
pub struct ReportRecord {
    /// What.
    pub kind: RecordKind,
    /// Why.
    pub reason: String,
    /// The correction.
    #[schema(required = true)]
    pub text: Option<String>,
    /// Who.
    pub by: String,
    /// When.
    pub at: Instant,
}

/// A report without what it says.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = card_example)]
pub struct ReportCard {
    /// Its id.
    pub id: ReportId,
    /// The round.
    pub round: CatalogueRef,
    /// Whose it is.
    pub unit: UnitRef,
    /// Where it stands in its life.
    pub status: ReportStatus,
    /// 0 while it was never submitted, then up by one with each submission.
    #[schema(minimum = 0)]
    pub revision: i32,
    /// Whether it first came after its due date, or has not come yet and is late.
    pub late: bool,
    /// The last day of being in time.
    #[schema(required = true)]
    pub due_on: Option<NaiveDate>,
    /// The last submission.
    #[schema(required = true)]
    pub submitted: Option<Done>,
    /// The acceptance.
    #[schema(required = true)]
    pub accepted: Option<Done>,
    /// Why it was sent back last.
    #[schema(required = true)]
    pub returned_reason: Option<String>,
    /// The report that it is to replace.
    #[schema(required = true)]
    pub previous: Option<ReportId>,
    /// What this caller may do with it now.
    pub actions: Vec<ReportAction>,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was begun.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

fn card_example() -> Value {
    json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1cc0", "round": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1cb0", "code": "2025-H1",
    "title_vi": "Báo cáo 6 tháng đầu năm 2025", "title_en": "First half of 2025"}, "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "MN-DB-001",
    "name": "Trường Mầm non Tu Lý"}, "status": "draft", "revision": 0, "late": false, "due_on": "2025-06-17", "submitted": null, "accepted": null, "returned_reason": null,
    "previous": null, "actions": ["update", "submit", "delete"], "version": 1, "created_at": "2025-06-10T02:30:00.000000Z", "updated_at": "2025-06-10T02:30:00.000000Z"})
}

/// A report.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = example)]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// The round.
    pub round: CatalogueRef,
    /// Whose it is; named as it was named when it was submitted.
    pub unit: UnitRef,
    /// What the unit stood directly below on the day of the round.
    #[schema(required = true)]
    pub parent: Option<UnitRef>,
    /// Where it stands in its life.
    pub status: ReportStatus,
    /// 0 while it was never submitted, then up by one with each submission.
    #[schema(minimum = 0)]
    pub revision: i32,
    /// Whether it first came after its due date, or has not come yet and is late.
    pub late: bool,
    /// The last day of being in time.
    #[schema(required = true)]
    pub due_on: Option<NaiveDate>,
    /// What the unit itself recorded; while it is written as it stands now, then as it was submitted.
    pub values: Vec<ReportValue>,
    /// What its figures say with those of the accepted reports that it was put together of.
    pub results: Vec<IndicatorResult>,
    /// What is told in words.
    pub sections: Vec<ReportSection>,
    /// What was said about odd figures when it was submitted.
    pub notes: Vec<Remark>,
    /// What is to be mended.
    pub remarks: Vec<Remark>,
    /// Why it was sent back last.
    #[schema(required = true)]
    pub returned_reason: Option<String>,
    /// The last submission.
    #[schema(required = true)]
    pub submitted: Option<Done>,
    /// The acceptance.
    #[schema(required = true)]
    pub accepted: Option<Done>,
    /// What it was put together of.
    #[schema(required = true)]
    pub consolidation: Option<Consolidation>,
    /// The document that it was issued as.
    #[schema(required = true)]
    pub document: Option<IssuedDocument>,
    /// What is on record about it.
    pub records: Vec<ReportRecord>,
    /// The report that it is to replace.
    #[schema(required = true)]
    pub previous: Option<ReportId>,
    /// What this caller may do with it now.
    pub actions: Vec<ReportAction>,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was begun.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

fn example() -> Value {
    let mut report = card_example();
    let more = json!({"parent": null, "values": [], "results": [], "sections": [], "notes": [], "remarks": [], "consolidation": null, "document": null, "records": []});
    if let (Some(report), Value::Object(more)) = (report.as_object_mut(), more) {
        report.extend(more);
    }
    report
}

/// Where a report stands, as the journal tells it; what it says stands in its revisions.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Told {
    /// Where it stands in its life.
    pub status: ReportStatus,
    /// Its last submission.
    pub revision: i32,
    /// Whether it first came after its due date; null until it came.
    pub late: Option<bool>,
    /// Its version.
    pub version: i64,
}

/// What was submitted: kept word for word.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Content {
    /// The round, as it was named then.
    pub round: CatalogueRef,
    /// Whose it was, as it was named then.
    pub unit: UnitRef,
    /// What the unit stood directly below.
    pub parent: Option<UnitRef>,
    /// What was told in words.
    pub sections: Vec<ReportSection>,
    /// What the unit itself recorded.
    pub values: Vec<ReportValue>,
    /// What the figures said.
    pub results: Vec<IndicatorResult>,
    /// What it was put together of.
    pub consolidation: Option<Consolidation>,
    /// What was said about odd figures.
    pub notes: Vec<Remark>,
}

/// A report to be begun.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"round": "2025-H1", "unit": "MN-DB-001"}))]
pub struct NewReport {
    /// The round: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub round: String,
    /// One's own unit: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub unit: String,
}

/// What is to be said in a section.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"key": "difficulties", "body": "Thiếu giáo viên mầm non ở điểm trường lẻ."}))]
pub struct SectionPatch {
    /// The section of the form.
    #[schema(min_length = 1, max_length = 40)]
    pub key: String,
    /// What is said.
    #[schema(max_length = 100_000)]
    pub body: String,
}

/// A value to be recorded through a report: of its unit, for the period that the report has for the indicator.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"indicator": "MN03", "numerator": 11, "denominator": 12}))]
pub struct ValuePatch {
    /// The indicator: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub indicator: String,
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
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 100)]
    pub level: Field<i32>,
    /// The state.
    #[serde(default)]
    #[schema(value_type = Option<State>)]
    pub state: Field<State>,
    /// The day of the state.
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    pub state_on: Field<NaiveDate>,
    /// The same by category; those of a dimension add up to the whole.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Part>>, max_items = 20)]
    pub parts: Field<Vec<Part>>,
    /// Where it was taken from.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    pub source: Field<String>,
    /// What must be said about it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub note: Field<String>,
    /// The version that is meant; any unless given.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: Option<i64>,
}

impl ValuePatch {
    /// The row that it records.
    #[must_use]
    pub fn row(&self, unit: &str, period: &str) -> NewValue {
        let new = self.clone();
        NewValue {
            indicator: new.indicator,
            unit: unit.to_owned(),
            period: period.to_owned(),
            locality: new.locality,
            numerator: new.numerator,
            denominator: new.denominator,
            count: new.count,
            level: new.level,
            state: new.state,
            state_on: new.state_on,
            parts: new.parts,
            source: new.source,
            note: new.note,
            version: new.version,
        }
    }
}

/// A change of a report that is being written.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"sections": [{"key": "difficulties", "body": "Thiếu giáo viên."}], "values": [{"indicator": "MN03", "numerator": 11, "denominator": 12}]}))]
pub struct ReportPatch {
    /// Sections that are said anew; others stay.
    #[serde(default)]
    #[schema(max_items = 40)]
    pub sections: Vec<SectionPatch>,
    /// Values that are recorded, as by `POST /indicator-values`.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub values: Vec<ValuePatch>,
}

/// A submission.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"notes": [{"pointer": "/values/3", "text": "Trường mở thêm 02 lớp"}]}))]
pub struct Submission {
    /// What is to be said about what is odd; each points at what the warning points at.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub notes: Vec<Remark>,
}

/// Why a report is sent back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Số liệu chưa khớp với đầu năm học", "remarks": [{"pointer": "/values/3/numerator", "text": "Kiểm tra lại"}]}))]
pub struct ReportReturn {
    /// The reason.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
    /// What is to be mended, and where.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub remarks: Vec<Remark>,
}

/// A return as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Returned {
    /// The reason.
    pub reason: String,
    /// What is to be mended.
    pub remarks: Vec<Remark>,
}

/// Why something is done.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Số liệu của huyện Đà Bắc đã được điều chỉnh"}))]
pub struct Because {
    /// The reason.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

/// A correction.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Sai thể thức", "text": "Tại mục II, “46,38%” sửa thành “46,83%”."}))]
pub struct Correction {
    /// The reason.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
    /// The correction.
    #[schema(min_length = 1, max_length = 10_000)]
    pub text: String,
}

/// How a report is issued. The number is given by the server.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"symbol": "BC-SGDĐT", "issued_on": "2025-06-25", "place": "Hoà Bình", "signatory": {"mark": "KT. GIÁM ĐỐC", "position": "PHÓ GIÁM ĐỐC",
    "name": "Đinh Thị Hường"}}))]
pub struct Issue {
    /// The symbol after the number.
    #[schema(pattern = "^[A-Za-zĐđ0-9&.-]{1,30}$")]
    pub symbol: String,
    /// Its day: today or earlier, not before it was accepted.
    pub issued_on: NaiveDate,
    /// Where it is issued.
    #[schema(min_length = 1, max_length = 100, pattern = "^[^\\t\\r\\n]+$")]
    pub place: String,
    /// Who signs it.
    pub signatory: Signer,
    /// Who receives it, 1 to 200 characters each; `UBND tỉnh` and the archive unless given.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub recipients: Vec<String>,
}

/// What a submission would say.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"errors": [{"pointer": "/sections/2/body", "code": "required", "detail": "Bắt buộc phải có."}], "warnings": []}))]
pub struct Validation {
    /// These would refuse it.
    pub errors: Vec<FaultBody>,
    /// These are odd, and must have a note.
    pub warnings: Vec<FaultBody>,
}

text_enum! {
    /// What is decided on many reports at once.
    pub enum ReportDecision {
        /// Take them.
        Accept = "accept",
        /// Send them back.
        Return = "return",
    }
}

text_enum! {
    /// What became of one of many.
    pub enum DecisionOutcome {
        /// Taken.
        Accepted = "accepted",
        /// Sent back.
        Returned = "returned",
        /// Neither; `errors` say why.
        Refused = "refused",
    }
}

/// One of the reports to be decided on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1cc0", "version": 3}))]
pub struct DecisionItem {
    /// The report.
    pub id: ReportId,
    /// The version that is meant; any unless given.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: Option<i64>,
    /// Why it is sent back.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: Option<String>,
}

/// Decisions on many reports, each on its own.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"action": "accept", "items": [{"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1cc0"}]}))]
pub struct NewDecisions {
    /// What is decided.
    pub action: ReportDecision,
    /// On which.
    #[schema(min_items = 1, max_items = 500)]
    pub items: Vec<DecisionItem>,
}

/// Why one of many was refused.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"code": "illegal_transition", "detail": "Không thể chuyển trạng thái như vậy"}))]
pub struct DecisionError {
    /// The code of the problem, or of the fault.
    pub code: String,
    /// The same for people.
    pub detail: String,
}

/// What became of one report.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"index": 0, "outcome": "accepted", "id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1cc0", "errors": []}))]
pub struct DecisionRow {
    /// Its place among the items.
    pub index: usize,
    /// What became of it.
    pub outcome: DecisionOutcome,
    /// The report.
    pub id: ReportId,
    /// Why it was refused.
    pub errors: Vec<DecisionError>,
}

/// How many became what.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[schema(example = json!({"accepted": 1, "returned": 0, "refused": 0}))]
pub struct DecisionSummary {
    /// Taken.
    pub accepted: usize,
    /// Sent back.
    pub returned: usize,
    /// Neither.
    pub refused: usize,
}

/// What became of many reports.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"dry_run": false, "summary": {"accepted": 1, "returned": 0, "refused": 0}, "rows": []}))]
pub struct Decisions {
    /// Never: decisions are made.
    pub dry_run: bool,
    /// How many became what.
    pub summary: DecisionSummary,
    /// One by one.
    pub rows: Vec<DecisionRow>,
}

/// A submission on record.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"number": 1, "submitted_by": null, "submitted_at": "2025-06-17T02:30:00.000000Z", "late": false}))]
pub struct ReportRevision {
    /// Its number.
    #[schema(minimum = 1)]
    pub number: i32,
    /// Who submitted it.
    #[schema(required = true)]
    pub submitted_by: Option<PersonRef>,
    /// When.
    pub submitted_at: Instant,
    /// Whether that was after the due date.
    pub late: bool,
}

/// A submission with what it said, and what differs from another one.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"number": 2, "submitted_by": null, "submitted_at": "2025-06-17T02:30:00.000000Z", "late": false,
    "content": {"sections": [], "values": [], "results": []}, "changes": []}))]
pub struct ReportRevisionContent {
    /// Its number.
    #[schema(minimum = 1)]
    pub number: i32,
    /// Who submitted it.
    #[schema(required = true)]
    pub submitted_by: Option<PersonRef>,
    /// When.
    pub submitted_at: Instant,
    /// Whether that was after the due date.
    pub late: bool,
    /// Unit, parent, sections, values, results, consolidation and notes, word for word.
    #[schema(value_type = Object)]
    pub content: Value,
    /// What differs from the revision named by `compare`; null without it.
    #[schema(required = true)]
    pub changes: Option<Vec<Difference>>,
}

/// What a report adds to a figure of the report above it, or of its own.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "MN-DB-001", "name": "Trường Mầm non Tu Lý"},
    "report": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1cc0", "revision": 2, "numerator": 11, "denominator": 12, "count": null}))]
pub struct ReportSource {
    /// Whose.
    pub unit: UnitRef,
    /// The report; this one for what the unit itself recorded.
    pub report: ReportId,
    /// Its revision.
    #[schema(minimum = 0)]
    pub revision: i32,
    /// What it adds above the line.
    #[schema(required = true)]
    pub numerator: Option<i64>,
    /// What it adds below it.
    #[schema(required = true)]
    pub denominator: Option<i64>,
    /// What it adds to a count.
    #[schema(required = true)]
    pub count: Option<i64>,
}

/// Which figure is traced.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SourcesQuery {
    /// The indicator: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub indicator: String,
}

/// What a document is downloaded as.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct DocumentQuery {
    /// `docx` and `pdf` are the formal document, `xlsx` and `csv` every figure of it.
    pub format: Format,
}

/// What lists of reports can be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ReportFilters {
    /// Of this round: id or code.
    #[schema(max_length = 40)]
    pub round: Option<String>,
    /// Of exactly this unit: id or code.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Of this unit and those below it: id or code.
    #[schema(max_length = 40)]
    pub within: Option<String>,
    /// Only with this status.
    pub status: Option<ReportStatus>,
    /// Only what first came after its due date, or in time.
    pub late: Option<bool>,
    /// Only what waits for the caller's decision.
    pub to_decide: Option<bool>,
}
