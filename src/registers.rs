//! Codes of other registers (GSO, MOET, QĐ 20/2020, tax): dated, because registers give numbers out again.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A code of another register, with the time it held: GSO reuses its numbers, so no code is a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scheme": "moet", "code": "17150201", "valid_from": "2020-01-01", "valid_to": null}))]
pub struct ExternalCode {
    /// The register: `gso`, `moet`, `qd20`, `qcvn102`, `tax`, …
    #[schema(pattern = "^[a-z][a-z0-9_]{0,19}$", example = "moet")]
    pub scheme: String,
    /// The code there.
    #[schema(min_length = 1, max_length = 60)]
    pub code: String,
    /// From this day.
    pub valid_from: NaiveDate,
    /// Until the day before this one; null: until further notice.
    #[serde(default)]
    pub valid_to: Option<NaiveDate>,
}
