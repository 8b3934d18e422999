//! The types of legal documents (`shapes.md` 6).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Instant;
use crate::ids::DocumentId;
use crate::refs::Source;

/// A legal document.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c60", "code": "KH-285", "type_vi": "Kế hoạch", "number": "285-KH/TU", "issued_on": "2024-11-29",
    "issued_text": null, "issuer": "Ban Thường vụ Tỉnh ủy Hòa Bình", "title_vi": "Thực hiện Kết luận số 91-KL/TW của Bộ Chính trị",
    "source": {"line": 8, "text": "Kế hoạch số 285-KH/TU ngày 29/11/2024", "corrected": null}, "version": 1,
    "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Its code.
    pub code: String,
    /// Its type: Luật, Nghị định, Kế hoạch, …
    pub type_vi: String,
    /// Its number and symbol, where the plan gives one.
    #[schema(required = true)]
    pub number: Option<String>,
    /// Its day, where the plan gives one.
    #[schema(required = true)]
    pub issued_on: Option<NaiveDate>,
    /// What the plan says of its date where that is not a day.
    #[schema(required = true)]
    pub issued_text: Option<String>,
    /// Who issued it.
    pub issuer: String,
    /// Its title.
    pub title_vi: String,
    /// Where the plan cites it.
    pub source: Source,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was recorded.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// A legal document as the catalogue has it.
#[derive(Clone, Debug, Deserialize)]
pub struct NewDocument {
    /// Its code.
    pub code: String,
    /// Its type.
    pub type_vi: String,
    /// Its number and symbol.
    pub number: Option<String>,
    /// Its day.
    pub issued_on: Option<NaiveDate>,
    /// What is said of its date.
    pub issued_text: Option<String>,
    /// Who issued it.
    pub issuer: String,
    /// Its title.
    pub title_vi: String,
    /// Where the plan cites it.
    pub source: Source,
}

/// What lists of legal documents can be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct DocumentFilters {
    /// Only of this type.
    #[schema(max_length = 60)]
    pub type_vi: Option<String>,
}
