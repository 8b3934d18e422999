//! The types of sessions (`shapes.md` 2).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::policy::{Duties, Duty};
use crate::clock::Instant;
use crate::config::AccountSettings;
use crate::ids::SessionId;
use crate::users::model::Me;
use crate::vocabulary::text_enum;

text_enum! {
    /// What kind of client holds the session: it decides how long it may last.
    pub enum ClientKind {
        /// A browser: 8 hours without a refresh, a day at the most.
        Web = "web",
        /// An app: 14 days without a refresh, 30 at the most.
        Mobile = "mobile",
    }
}

/// How long sessions last, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Lives {
    web: (i64, i64),
    mobile: (i64, i64),
    admin_idle: i64,
}

impl From<&AccountSettings> for Lives {
    fn from(settings: &AccountSettings) -> Self {
        Self {
            web: (settings.web_idle_minutes * 60, settings.web_hours * 3600),
            mobile: (settings.mobile_idle_days * 86_400, settings.mobile_days * 86_400),
            admin_idle: settings.admin_idle_minutes * 60,
        }
    }
}

impl Lives {
    const fn of(&self, client: ClientKind) -> (i64, i64) {
        match client {
            ClientKind::Web => self.web,
            ClientKind::Mobile => self.mobile,
        }
    }

    /// Seconds without a refresh after which the session ends: an admin's sooner.
    #[must_use]
    pub fn idle(&self, client: ClientKind, duties: Duties) -> i64 {
        let idle = self.of(client).0;
        if duties.has(Duty::Admin) { idle.min(self.admin_idle) } else { idle }
    }

    /// Seconds after which it ends whatever happens.
    #[must_use]
    pub const fn absolute(&self, client: ClientKind) -> i64 {
        self.of(client).1
    }
}

/// Credentials of a person.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"username": "van.phong", "password": "một mật khẩu đủ dài", "client": "web", "device": "Firefox, máy văn thư"}))]
pub struct NewSession {
    /// The account's name.
    #[schema(min_length = 1, max_length = 64)]
    pub username: String,
    /// Its password, exactly as it was set.
    #[schema(min_length = 1, max_length = 128, format = Password)]
    pub password: String,
    /// The code of the second factor, where the account has one, or one of its recovery codes.
    #[schema(pattern = "^([0-9]{6}|[a-z2-7]{4}(-[a-z2-7]{4}){5})$")]
    pub totp: Option<String>,
    /// `web` unless given.
    pub client: Option<ClientKind>,
    /// A name for people to tell their sessions apart.
    #[schema(max_length = 100)]
    pub device: Option<String>,
}

/// A refresh token.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "V6mG0c0b8nqk2zq8z5o0m1yQ3kq1m2k5b7d9f1h3j5l"}))]
pub struct Refresh {
    /// The newest one of the session.
    #[schema(min_length = 1, max_length = 200, format = Password)]
    pub refresh_token: String,
}

/// Tokens of a session and who it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c24", "token_type": "Bearer", "access_token": "eyJ…", "expires_in": 600,
    "refresh_token": "V6mG0c0b8nqk2zq8z5o0m1yQ3kq1m2k5b7d9f1h3j5l", "refresh_expires_at": "2025-02-20T10:30:00.000000Z",
    "user": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c25", "username": "van.phong", "full_name": "Bùi Thị Hoà", "email": null, "position": "Chuyên viên Văn phòng Sở",
        "role": "department", "duties": ["viewer", "editor"], "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "SGD-VP", "name": "Văn phòng Sở", "kind": "division"},
        "permissions": ["account:use", "units:read"], "must_change_password": false, "totp_enabled": false}}))]
pub struct Tokens {
    /// The session.
    pub id: SessionId,
    /// How the access token is sent.
    pub token_type: &'static str,
    /// For `Authorization: Bearer …`.
    pub access_token: String,
    /// Seconds that it lives.
    pub expires_in: i64,
    /// For `POST /sessions/refresh`, once.
    pub refresh_token: String,
    /// When the session ends unless it is refreshed.
    pub refresh_expires_at: Instant,
    /// Who it is.
    pub user: Me,
}

/// A session of the caller.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c24", "client": "web", "device": "Firefox, máy văn thư", "ip": "10.17.0.5",
    "created_at": "2025-02-20T02:30:00.000000Z", "last_seen_at": "2025-02-20T02:30:00.000000Z", "expires_at": "2025-02-21T02:30:00.000000Z", "current": true}))]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The kind of client.
    pub client: ClientKind,
    /// Its name for people.
    #[schema(required = true)]
    pub device: Option<String>,
    /// The address that it was opened from.
    #[schema(required = true)]
    pub ip: Option<String>,
    /// When it was opened.
    pub created_at: Instant,
    /// When it was last refreshed.
    pub last_seen_at: Instant,
    /// When it ends at the latest.
    pub expires_at: Instant,
    /// Whether it is the one that asks.
    pub current: bool,
}
