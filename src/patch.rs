//! JSON Merge Patch (RFC 7396): a member that is absent and one that is null are different things.
//!
//! In a patch a member that can be cleared is `Field<T>` with `#[schema(value_type = Option<T>)]`, one that cannot is `Option<T>` with
//! `#[schema(value_type = T, required = false)]`: the published schema then refuses `null` for it.

use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

/// A member of a patch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// Not named: keep what is there.
    #[default]
    Absent,
    /// `null`: clear it.
    Null,
    /// A new value.
    Value(T),
}

impl<T> Field<T> {
    /// Whether it was not named.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// What the patch gives: `None` keeps what is there, `Some(None)` clears it.
    pub fn given(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(|value| value.map_or(Self::Null, Self::Value))
    }
}

/// The body of a move that needs no words.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct Nothing {}
