//! The types of clients (`shapes.md` 3).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::grant::{Grant, Grants};
use crate::clock::Instant;
use crate::ids::{ClientId, UnitId};
use crate::patch::Field;
use crate::units::model::UnitRef;
use crate::vocabulary::text_enum;

text_enum! {
    /// Whether a client can be used.
    pub enum ClientStatus {
        /// In use.
        Active = "active",
        /// Ended by an admin.
        Disabled = "disabled",
        /// Its time is over; another `expires_at` begins it anew.
        Expired = "expired",
    }
}

text_enum! {
    /// What a client is.
    pub enum ClientType {
        /// A machine account: it calls for itself, with a secret.
        Service = "service",
        /// A front end in browsers: it calls for whoever signs in with it, and has no secret that it could keep.
        Web = "web",
        /// An app on people's devices: the same.
        Mobile = "mobile",
    }
}

/// A secret of a client, without itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"created_at": "2025-02-20T02:30:00.000000Z", "last_used_at": null}))]
pub struct ClientSecret {
    /// When it was made.
    pub created_at: Instant,
    /// When the client last proved itself with it, to the minute.
    #[schema(required = true)]
    pub last_used_at: Option<Instant>,
}

/// A client.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c40", "client_id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c40", "client_secret": null,
    "type": "service", "name": "Kho dữ liệu dùng chung của tỉnh", "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "SGD", "name": "Sở Giáo dục và Đào tạo"},
    "scopes": ["indicators:read", "changes:read"], "networks": ["10.17.0.0/16"], "redirect_uris": [], "expires_at": "2026-02-20T00:00:00.000000Z",
    "secrets": [{"created_at": "2025-02-20T02:30:00.000000Z", "last_used_at": null}], "last_used_at": null, "status": "active", "version": 1,
    "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct Client {
    /// The client.
    pub id: ClientId,
    /// What it is called in OAuth: its id.
    pub client_id: ClientId,
    /// What it proves itself with: only in the answer that makes it.
    #[schema(required = true)]
    pub client_secret: Option<String>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ClientType,
    /// What it is, for people.
    pub name: String,
    /// The unit whose subtree it never leaves; of a division it is the department's, as for its people.
    pub unit: UnitRef,
    /// What its tokens may be for.
    pub scopes: Vec<Grant>,
    /// The networks that it may call from; from anywhere if there is none.
    pub networks: Vec<String>,
    /// Where a front end takes people back, exactly as it asks for it.
    pub redirect_uris: Vec<String>,
    /// When it ends.
    #[schema(required = true)]
    pub expires_at: Option<Instant>,
    /// Its secrets, the newest first: two while one takes the other's place; a front end has none.
    pub secrets: Vec<ClientSecret>,
    /// When it last had a token or asked about one, to the minute.
    #[schema(required = true)]
    pub last_used_at: Option<Instant>,
    /// Whether it can be used.
    pub status: ClientStatus,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was made.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// A new client.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Kho dữ liệu dùng chung của tỉnh", "unit": "SGD", "scopes": ["indicators:read", "changes:read"], "networks": ["10.17.0.0/16"],
    "expires_at": "2099-02-20T00:00:00Z"}))]
pub struct NewClient {
    /// What it is; a machine account unless given.
    #[serde(rename = "type")]
    pub kind: Option<ClientType>,
    /// What it is, for people.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// The unit whose subtree it never leaves, of the caller's own or below: id or code. Of a division it is the department's, as for its
    /// people.
    #[schema(min_length = 1, max_length = 40)]
    pub unit: String,
    /// What its tokens may be for: of a machine account nothing that the caller may not do itself; of a front end nothing that its people may
    /// not.
    #[schema(min_items = 1, max_items = 30)]
    pub scopes: Vec<Grant>,
    /// The networks that it may call from, such as `10.17.0.0/16`, or single addresses; from anywhere if there is none.
    #[schema(max_items = 20)]
    pub networks: Option<Vec<String>>,
    /// Where a front end takes people back: `https`, of an app also a scheme of its own such as `vn.example.app:/back`, and `http` on this very
    /// machine. What it asks for later must be one of them, sign by sign.
    #[schema(max_items = 10)]
    pub redirect_uris: Option<Vec<String>>,
    /// When it ends; never unless given.
    pub expires_at: Option<Instant>,
}

/// A change of a client.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scopes": ["changes:read"], "networks": ["10.17.0.0/16", "10.18.4.7"]}))]
pub struct ClientPatch {
    /// What it is, for people.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// What its tokens may be for: nothing that the caller may not do itself. What is taken away is gone from tokens within a second.
    #[schema(value_type = Vec<Grant>, required = false, min_items = 1, max_items = 30)]
    pub scopes: Option<Vec<Grant>>,
    /// The networks that it may call from; `[]` for anywhere.
    #[schema(value_type = Vec<String>, required = false, max_items = 20)]
    pub networks: Option<Vec<String>>,
    /// Where a front end takes people back.
    #[schema(value_type = Vec<String>, required = false, min_items = 1, max_items = 10)]
    pub redirect_uris: Option<Vec<String>>,
    /// When it ends; null for never.
    #[serde(default)]
    #[schema(value_type = Option<Instant>)]
    pub expires_at: Field<Instant>,
}

/// A new secret.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"keep_previous": true, "reason": "Đổi khóa định kỳ"}))]
pub struct Rotation {
    /// Whether the secret before goes on until the next rotation, so that nothing stops meanwhile; true unless given. False where it is known
    /// to others.
    pub keep_previous: Option<bool>,
    /// For the journal.
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// What lists of clients can be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ClientFilters {
    /// Of exactly this unit: id or code.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Of this unit and those below it: id or code.
    #[schema(max_length = 40)]
    pub within: Option<String>,
    /// Only of this type.
    #[serde(rename = "type")]
    pub kind: Option<ClientType>,
    /// Only with this scope.
    pub scope: Option<Grant>,
    /// Only with this status.
    pub status: Option<ClientStatus>,
}

/// A front end as it stands before people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontEnd {
    /// The client.
    pub id: ClientId,
    /// What it is.
    pub kind: ClientType,
    /// What it is, for people.
    pub name: String,
    /// People of this unit and below sign in with it: of its own, or for a division of its department.
    pub root: UnitId,
    /// The name of its own unit today.
    pub unit_name: String,
    /// What its tokens may be for.
    pub grants: Grants,
    /// Where it takes people back.
    pub redirect_uris: Vec<String>,
}
