//! The types of evidence (`shapes.md` 10).

use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::Instant;
use crate::ids::{AssignmentId, EvidenceId};
use crate::refs::PersonRef;

/// A file on an assignment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1cb0", "assignment": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1ca0", "name": "Biên bản học tập.pdf",
    "media_type": "application/pdf", "size": 48211, "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "href": "/api/v1/evidence/01951c1e-6a00-7c4e-9d2b-3f5a8e7b1cb0", "uploaded_by": null, "created_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct Evidence {
    /// Its id.
    pub id: EvidenceId,
    /// The assignment.
    pub assignment: AssignmentId,
    /// The name that it came with, ending as its type does.
    pub name: String,
    /// What it is, by its content.
    pub media_type: String,
    /// Bytes.
    #[schema(minimum = 1)]
    pub size: i64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Where it is downloaded.
    pub href: String,
    /// Who put it there.
    #[schema(required = true)]
    pub uploaded_by: Option<PersonRef>,
    /// When.
    pub created_at: Instant,
}
