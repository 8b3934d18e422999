//! The types of localities (`shapes.md` 4).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::LocalityId;

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
