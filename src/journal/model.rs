//! The types of the journal's readers (`shapes.md` 9).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::clock::Instant;
use crate::ids::{AnyId, ClientId, EntryId};
use crate::units::model::UnitRef;
use crate::vocabulary::text_enum;

text_enum! {
    /// What became of it.
    pub enum AuditOutcome {
        /// It was done.
        Done = "done",
        /// It was refused (403), or a password or code did not fit (401).
        Refused = "refused",
    }
}

/// Who acted.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"type": "user", "id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c25", "name": "Bùi Thị Hoà", "role": "department", "unit": null, "client": null}))]
pub struct Actor {
    /// `user`, `client` or `system`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    #[schema(required = true)]
    pub id: Option<AnyId>,
    /// Its name then.
    pub name: String,
    /// Its role then.
    #[schema(required = true)]
    pub role: Option<String>,
    /// Its unit, by the name of today.
    #[schema(required = true)]
    pub unit: Option<UnitRef>,
    /// The front end that a person acted with, if that was a client.
    #[schema(required = true)]
    pub client: Option<ActorClient>,
}

/// A client that a person acted with.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c40", "name": "Ứng dụng điều hành"}))]
pub struct ActorClient {
    /// Its id.
    pub id: ClientId,
    /// Its name today.
    pub name: String,
}

/// What it was about.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"type": "unit", "id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "PGD-DB"}))]
pub struct ResourceRef {
    /// The kind of resource.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    #[schema(required = true)]
    pub id: Option<AnyId>,
    /// Its code, or the name of an account; null for a client that may not read users.
    #[schema(required = true)]
    pub code: Option<String>,
}

/// An entry of the audit trail.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c30", "position": 285, "at": "2025-02-20T02:30:00.000000Z", "action": "unit.update", "outcome": "done",
    "actor": {"type": "user", "id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c25", "name": "Bùi Thị Hoà", "role": "department", "unit": null, "client": null},
    "resource": {"type": "unit", "id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "PGD-DB"}, "unit": null, "request_id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c31",
    "ip": "10.17.0.5", "before": {"short_name": null}, "after": {"short_name": "PGD Đà Bắc"}, "hash": null}))]
pub struct AuditEvent {
    /// Its id.
    pub id: EntryId,
    /// Its place in the sealed order; null until it is sealed, within a second.
    #[schema(required = true)]
    pub position: Option<i64>,
    /// When.
    pub at: Instant,
    /// `<resource>.<verb>`.
    pub action: String,
    /// `done` or `refused`. Refusals (403) of a person and operation are one entry a minute; `after.times` counts them.
    pub outcome: AuditOutcome,
    /// Who.
    pub actor: Actor,
    /// What.
    pub resource: ResourceRef,
    /// The unit whose scope it belongs to.
    #[schema(required = true)]
    pub unit: Option<UnitRef>,
    /// The request.
    #[schema(required = true)]
    pub request_id: Option<String>,
    /// From where.
    #[schema(required = true)]
    pub ip: Option<String>,
    /// As it was.
    #[schema(required = true, value_type = Option<Object>)]
    pub before: Option<Value>,
    /// As it is.
    #[schema(required = true, value_type = Option<Object>)]
    pub after: Option<Value>,
    /// The hash of its seal, in hexadecimal; null for whoever is not told every entry whole.
    #[schema(required = true)]
    pub hash: Option<String>,
}

/// What the audit trail can be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct AuditFilters {
    /// Of this actor.
    pub actor: Option<AnyId>,
    /// With this action.
    #[schema(max_length = 60)]
    pub action: Option<String>,
    /// With this outcome.
    pub outcome: Option<AuditOutcome>,
    /// About this resource.
    pub resource: Option<AnyId>,
    /// Of exactly this unit: id or code.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Of this unit and those below it: id or code.
    #[schema(max_length = 40)]
    pub within: Option<String>,
    /// At or after this instant.
    pub from: Option<Instant>,
    /// Before this instant.
    pub to: Option<Instant>,
}

/// Where the feed is taken up.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ChangesQuery {
    /// The position after which to go on; `last` of the answer before.
    #[schema(minimum = 0, default = 0)]
    pub after: Option<i64>,
    /// How many at the most; 0 answers only the last position.
    #[schema(minimum = 0, maximum = 200, default = 50)]
    pub limit: Option<i64>,
}

/// A change.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"position": 285, "at": "2025-02-20T02:30:00.000000Z", "type": "unit.updated",
    "resource": {"type": "unit", "id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "PGD-DB"}, "unit": null, "deleted": false, "data": null}))]
pub struct Change {
    /// Its place in the order.
    pub position: i64,
    /// When.
    pub at: Instant,
    /// `<resource>.<past tense>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What.
    pub resource: ResourceRef,
    /// The unit whose scope it belongs to.
    #[schema(required = true)]
    pub unit: Option<UnitRef>,
    /// Whether it is gone.
    pub deleted: bool,
    /// The resource as its GET shows it now; null where it is gone or the caller may not read it.
    #[schema(required = true, value_type = Option<Object>)]
    pub data: Option<Value>,
}

/// A stretch of the feed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"data": [], "last": 285, "page": {"next": null, "limit": 50}}))]
pub struct Changes {
    /// The changes, in their order.
    pub data: Vec<Change>,
    /// What the next call says as `after`.
    pub last: i64,
    /// How many were asked for; the feed has no cursor, it goes on after `last`.
    #[schema(value_type = Object)]
    pub page: Value,
}
