//! How answers name an object of the catalogue, and the words of the plan that it stands on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Fault, Result};
use crate::ids::{AnyId, Id, Key, UserId};

/// An object of the catalogue (group, task, indicator, period, round), named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c40", "code": "MN01", "title_vi": "Tỉ lệ huy động trẻ trong độ tuổi nhà trẻ",
    "title_en": "Nursery-age enrolment rate"}))]
pub struct CatalogueRef {
    /// Its id.
    pub id: AnyId,
    /// Its code.
    pub code: String,
    /// Its title in Vietnamese.
    pub title_vi: String,
    /// Its title in English.
    pub title_en: String,
}

/// A catalogue object as a query reads it: id, code, both titles.
pub type Named<T> = (Id<T>, String, String, String);

impl CatalogueRef {
    /// From the four columns.
    #[must_use]
    pub fn of<T>((id, code, title_vi, title_en): Named<T>) -> Self {
        Self { id: id.any(), code, title_vi, title_en }
    }
}

/// A person, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c25", "username": "van.phong", "full_name": "Bùi Thị Hoà"}))]
pub struct PersonRef {
    /// The account.
    pub id: UserId,
    /// Its name for signing in.
    pub username: String,
    /// The person's name.
    pub full_name: String,
}

/// A person as a query reads it: id, username, full name.
pub type NamedPerson = (UserId, String, String);

impl PersonRef {
    /// From the three columns.
    #[must_use]
    pub fn of((id, username, full_name): NamedPerson) -> Self {
        Self { id, username, full_name }
    }
}

/// What a text names, by id or code, as `find` finds it; `fault` is told where it names nothing.
///
/// # Errors
/// Those of `find`.
pub fn referred<T>(text: &str, fault: Fault, faults: &mut Vec<Fault>, find: impl FnOnce(&Key) -> Result<Option<T>>) -> Result<Option<T>> {
    let found = Key::parse(text).map(|key| find(&key)).transpose()?.flatten();
    if found.is_none() {
        faults.push(fault);
    }
    Ok(found)
}

/// Where a thing of the catalogue stands in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"line": 37, "text": "huy động được ít nhất 50% trẻ em trong độ tuổi nhà trẻ", "corrected": null}))]
pub struct Source {
    /// The line of the plan's text, from 1.
    #[schema(minimum = 1)]
    pub line: u32,
    /// A verbatim piece of that line.
    pub text: String,
    /// The words as they must have been meant, where the text is damaged.
    #[schema(required = true)]
    pub corrected: Option<String>,
}
