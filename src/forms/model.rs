//! The types of report forms (`shapes.md` 11).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Instant;
use crate::ids::{FormId, IndicatorId};
use crate::refs::CatalogueRef;
use crate::units::model::{Kind, Level};

/// A part of a report that is told in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"key": "group_4", "title_vi": "Đổi mới giáo dục mầm non, phổ thông", "title_en": "Renewal of schooling", "required": true, "group": "4"}))]
pub struct FormSection {
    /// By which a report names it.
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-z0-9_]+$")]
    pub key: String,
    /// Its title in Vietnamese.
    #[schema(min_length = 1, max_length = 500)]
    pub title_vi: String,
    /// Its title in English.
    #[schema(min_length = 1, max_length = 500)]
    pub title_en: String,
    /// Whether a report without it is refused.
    #[serde(default)]
    pub required: bool,
    /// The task group (`1` to `7`) whose assignments a draft of it begins with.
    #[serde(default)]
    #[schema(pattern = "^[1-7]$")]
    pub group: Option<String>,
}

/// An indicator that a report tells.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"indicator": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c40", "code": "MN01", "title_vi": "Tỉ lệ huy động trẻ trong độ tuổi nhà trẻ",
    "title_en": "Nursery-age enrolment rate"}, "kinds": [], "levels": [], "required": true}))]
pub struct FormIndicator {
    /// The indicator.
    pub indicator: CatalogueRef,
    /// Of units of these kinds; of all where none is named.
    pub kinds: Vec<Kind>,
    /// Of units that teach one of these levels; of all where none is named.
    pub levels: Vec<Level>,
    /// Whether the report of a unit that records it of itself is refused without it.
    pub required: bool,
}

/// A form.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1ca0", "code": "BC-KH285", "title_vi": "Báo cáo kết quả thực hiện Kế hoạch số 285-KH/TU",
    "title_en": "Report on the implementation of Plan 285-KH/TU", "sections": [{"key": "difficulties", "title_vi": "Khó khăn, vướng mắc", "title_en": "Difficulties",
    "required": true, "group": null}], "indicators": [], "version": 1, "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct ReportForm {
    /// Its id.
    pub id: FormId,
    /// Its code.
    pub code: String,
    /// Its title in Vietnamese: what a report on it is about.
    pub title_vi: String,
    /// Its title in English.
    pub title_en: String,
    /// What is told in words, in this order.
    pub sections: Vec<FormSection>,
    /// What is told in numbers, in this order.
    pub indicators: Vec<FormIndicator>,
    /// From 1, up by one with each change; a round keeps the one that it was made with.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When the form was made.
    pub created_at: Instant,
    /// When this version was.
    pub updated_at: Instant,
}

impl ReportForm {
    /// Named.
    #[must_use]
    pub fn to_ref(&self) -> CatalogueRef {
        CatalogueRef { id: self.id.any(), code: self.code.clone(), title_vi: self.title_vi.clone(), title_en: self.title_en.clone() }
    }
}

/// An indicator that a new form asks for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"indicator": "MN01", "kinds": ["school"], "levels": ["nursery"], "required": true}))]
pub struct NewFormIndicator {
    /// The indicator: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub indicator: String,
    /// Of units of these kinds; of all unless given.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub kinds: Vec<Kind>,
    /// Of units that teach one of these levels; of all unless given.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub levels: Vec<Level>,
    /// Whether the report of a unit that records it is refused without it.
    #[serde(default)]
    pub required: bool,
}

/// A new form.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "BC-QUY", "title_vi": "Báo cáo quý", "title_en": "Quarterly report",
    "sections": [{"key": "results", "title_vi": "Kết quả", "title_en": "Results", "required": true}], "indicators": [{"indicator": "MN01"}]}))]
pub struct NewForm {
    /// Its code.
    #[schema(pattern = "^[A-Z0-9][A-Za-z0-9._-]{0,39}$", format = "code")]
    pub code: String,
    /// Its title in Vietnamese.
    #[schema(min_length = 1, max_length = 300)]
    pub title_vi: String,
    /// Its title in English.
    #[schema(min_length = 1, max_length = 300)]
    pub title_en: String,
    /// What is told in words.
    #[schema(max_items = 40)]
    pub sections: Vec<FormSection>,
    /// What is told in numbers.
    #[schema(max_items = 200)]
    pub indicators: Vec<NewFormIndicator>,
}

/// A change of a form: it makes a new version.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title_vi": "Báo cáo quý (sửa đổi)"}))]
pub struct FormPatch {
    /// Its title in Vietnamese.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 300)]
    pub title_vi: Option<String>,
    /// Its title in English.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 300)]
    pub title_en: Option<String>,
    /// What is told in words, all of it.
    #[schema(value_type = Vec<FormSection>, required = false, max_items = 40)]
    pub sections: Option<Vec<FormSection>>,
    /// What is told in numbers, all of it.
    #[schema(value_type = Vec<NewFormIndicator>, required = false, max_items = 200)]
    pub indicators: Option<Vec<NewFormIndicator>>,
}

/// An indicator as a version of a form keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedIndicator {
    /// The indicator.
    pub indicator: IndicatorId,
    /// Of units of these kinds; of all where none is named.
    pub kinds: Vec<Kind>,
    /// Of units that teach one of these levels; of all where none is named.
    pub levels: Vec<Level>,
    /// Whether the report of a unit that records it is refused without it.
    pub required: bool,
}

impl AskedIndicator {
    /// Whether it is asked of a unit.
    #[must_use]
    pub fn is_asked_of(&self, kind: Kind, levels: &[Level]) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&kind);
        kind && (self.levels.is_empty() || self.levels.iter().any(|level| levels.contains(level)))
    }
}

/// What lists of forms can be filtered by: nothing but words.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct FormFilters {}
