//! The types of localities (`shapes.md` 4).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Instant;
use crate::ids::LocalityId;
use crate::registers::ExternalCode;
use crate::vocabulary::text_enum;

/// A locality, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c23", "code": "C04876", "name": "Xã Cao Sơn"}))]
pub struct LocalityRef {
    /// Its id.
    pub id: LocalityId,
    /// Its code: a letter and the GSO code at creation.
    pub code: String,
    /// Its name.
    pub name: String,
}

text_enum! {
    /// What a locality is.
    pub enum Rank {
        /// Tỉnh.
        Province = "province",
        /// Huyện, thành phố thuộc tỉnh: until 30 June 2025.
        District = "district",
        /// Xã, phường, thị trấn.
        Commune = "commune",
    }
}

/// A locality.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c23", "code": "C04876", "name": "Xã Cao Sơn", "rank": "commune",
    "parent": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c26", "code": "D150", "name": "Huyện Đà Bắc"},
    "external_codes": [{"scheme": "gso", "code": "04876", "valid_from": "2004-01-01", "valid_to": null}], "valid_from": "2004-01-01", "valid_to": null,
    "version": 1, "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct Locality {
    /// Its id.
    pub id: LocalityId,
    /// Its code: a letter and the GSO code at creation.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub rank: Rank,
    /// The one above it; null for the province.
    #[schema(required = true)]
    pub parent: Option<LocalityRef>,
    /// Its codes in other registers, with the time each held: GSO gives a number out again.
    pub external_codes: Vec<ExternalCode>,
    /// Its first day, as far as it is recorded.
    pub valid_from: NaiveDate,
    /// The first day on which it is no more.
    #[schema(required = true)]
    pub valid_to: Option<NaiveDate>,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was recorded.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// What lists of localities can be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct LocalityFilters {
    /// Only of this rank.
    pub rank: Option<Rank>,
    /// Directly below this one: id or code.
    #[schema(max_length = 40)]
    pub parent: Option<String>,
    /// Those that there were on this day; today unless given.
    pub as_of: Option<NaiveDate>,
}
