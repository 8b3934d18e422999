//! Identifiers as values: UUIDv7, one type per resource, so that a unit's id cannot stand where a user's is asked.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// `uuid` on PostgreSQL, a BLOB of 16 bytes on SQLite (`db::types` has the conversions).
#[derive(Clone, Copy, Debug, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct Uid;

/// The id of a `T`: a UUIDv7, made here and never by the database, ordered by the time of making.
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = Uid)]
pub struct Id<T: 'static>(Uuid, PhantomData<fn() -> T>);

/// What ids belong to. These types have no values: they only tell ids apart.
pub mod of {
    #![allow(missing_docs, reason = "each is named after its resource")]
    macro_rules! markers { ($($name:ident),+) => { $( #[derive(Debug)] pub enum $name {} )+ } }
    markers!(
        Unit, User, Session, Entry, Locality, Document, Period, Group, Task, Indicator, Target, Baseline, Plan, PlanItem, Value,
        Assignment, Update, Extension, Evidence, Form, Round, Exception, Report, Letter, Client, Any
    );
}

/// A unit of the line of management.
pub type UnitId = Id<of::Unit>;
/// A person's account.
pub type UserId = Id<of::User>;
/// A sign-in and what came of it.
pub type SessionId = Id<of::Session>;
/// A row of the journal.
pub type EntryId = Id<of::Entry>;
/// A legal document.
pub type DocumentId = Id<of::Document>;
/// A territory.
pub type LocalityId = Id<of::Locality>;
/// A stretch of time.
pub type PeriodId = Id<of::Period>;
/// One of the seven groups.
pub type GroupId = Id<of::Group>;
/// A task.
pub type TaskId = Id<of::Task>;
/// An indicator.
pub type IndicatorId = Id<of::Indicator>;
/// A target.
pub type TargetId = Id<of::Target>;
/// The id of a baseline.
pub type BaselineId = Id<of::Baseline>;
/// A plan of a unit.
pub type PlanId = Id<of::Plan>;
/// An item of a plan.
pub type PlanItemId = Id<of::PlanItem>;
/// A recorded value.
pub type ValueId = Id<of::Value>;
/// A task given to a unit.
pub type AssignmentId = Id<of::Assignment>;
/// What a unit says of its assignment.
pub type UpdateId = Id<of::Update>;
/// A later due date that was asked.
pub type ExtensionId = Id<of::Extension>;
/// A file on an assignment.
pub type EvidenceId = Id<of::Evidence>;
/// A form of reports.
pub type FormId = Id<of::Form>;
/// A reporting round.
pub type RoundId = Id<of::Round>;
/// More time for one unit in a round.
pub type ExceptionId = Id<of::Exception>;
/// A unit's answer to a round.
pub type ReportId = Id<of::Report>;
/// A letter that waits to be sent.
pub type LetterId = Id<of::Letter>;
/// A program of others: a machine account or a front end.
pub type ClientId = Id<of::Client>;
/// Any resource, where its kind is said beside it (the journal).
pub type AnyId = Id<of::Any>;

impl<T> Id<T> {
    /// A new id.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    pub fn new() -> Self {
        Self::from(Uuid::now_v7())
    }

    /// The UUID itself.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        self.0
    }

    /// Its sixteen bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The same id, its kind said elsewhere.
    #[must_use]
    pub fn any(self) -> AnyId {
        Id::from(self.0)
    }
}

impl AnyId {
    /// The same id, of the kind that was said elsewhere.
    #[must_use]
    pub fn of<T>(self) -> Id<T> {
        Id::from(self.0)
    }
}

impl<T> From<Uuid> for Id<T> {
    fn from(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }
}

impl<T> Default for Id<T> {
    fn default() -> Self {
        Self::new()
    }
}

// Written out: derives would ask the marker for the same traits.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
impl<T> FromStr for Id<T> {
    type Err = uuid::Error;
    /// Only the hyphenated lower-case form that we write: one id, one spelling.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uuid = Uuid::try_parse(text)?;
        if text.len() == 36 && !text.bytes().any(|b| b.is_ascii_uppercase()) {
            Ok(Self::from(uuid))
        } else {
            Uuid::try_parse("").map(Self::from)
        }
    }
}
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
impl<T> utoipa::PartialSchema for Id<T> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("uuid".to_owned())))
            .examples([serde_json::json!("01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20")])
            .into()
    }
}

impl<T> utoipa::ToSchema for Id<T> {}

/// An id or a code: either names a resource that has both.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// Its id.
    Id(Uuid),
    /// Its code.
    Code(String),
}

impl<T> From<Id<T>> for Key {
    fn from(id: Id<T>) -> Self {
        Self::Id(id.0)
    }
}

impl Key {
    /// Reads one; `None` if it can be neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(id) = text.parse::<AnyId>() {
            return Some(Self::Id(id.uuid()));
        }
        is_code(text).then(|| Self::Code(text.to_owned()))
    }

    /// Ids and codes apart, as a query for many wants them.
    #[must_use]
    pub fn split<T>(keys: &[Self]) -> (Vec<Id<T>>, Vec<String>) {
        let (mut ids, mut codes) = (Vec::new(), Vec::new());
        for key in keys {
            match key {
                Self::Id(id) => ids.push(Id::from(*id)),
                Self::Code(code) => codes.push(code.clone()),
            }
        }
        (ids, codes)
    }
}

/// `^[A-Z0-9][A-Za-z0-9._-]{0,39}$`, and nothing that could be read as an id: the first sign is never lower case, so no code equals a fixed
/// word of a path, and none is taken for another resource, however its id is written.
#[must_use]
pub fn is_code(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 40
        && is_no_id(text)
        && bytes.next().is_some_and(|first| first.is_ascii_uppercase() || first.is_ascii_digit())
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Whether a text cannot be read as an id in any of its spellings.
#[must_use]
pub fn is_no_id(text: &str) -> bool {
    Uuid::try_parse(text).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_an_id_or_a_code() {
        assert_eq!(Key::parse("MN-DB-001"), Some(Key::Code("MN-DB-001".into())));
        assert!(matches!(Key::parse("01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20"), Some(Key::Id(_))));
        for text in ["01951C1E-6A00-7C4E-9D2B-3F5A8E7B1C20", "01951c1e6a007c4e9d2b3f5a8e7b1c20"] {
            assert_eq!(Key::parse(text), None, "neither our spelling of an id nor a code");
        }
        for text in ["tree", "", "-A", "Đà", "A B", &"A".repeat(41), "A/B", "A\0"] {
            assert_eq!(Key::parse(text), None, "{text:?}");
        }
    }
}
