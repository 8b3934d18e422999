//! The types of users (`shapes.md` 2 and 3).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::policy::{Duty, Permission, Role};
use crate::clock::Instant;
use crate::dashboard::model::Owes;
use crate::ids::{UnitId, UserId};
use crate::patch::Field;
use crate::units::model::{Kind, UnitRef};
use crate::vocabulary::text_enum;

text_enum! {
    /// Whether an account can be used.
    pub enum Status {
        /// The invitation was not taken up yet.
        Invited = "invited",
        /// In use.
        Active = "active",
        /// Ended by an admin.
        Disabled = "disabled",
        /// Too many wrong passwords.
        Locked = "locked",
    }
}

/// The caller's unit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HomeUnit {
    /// Its id.
    pub id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name today.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// The caller.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c25", "username": "van.phong", "full_name": "Bùi Thị Hoà", "email": null,
    "position": "Chuyên viên Văn phòng Sở", "role": "department", "duties": ["viewer", "editor"],
    "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "SGD-VP", "name": "Văn phòng Sở", "kind": "division"},
    "permissions": ["account:use", "units:read"], "must_change_password": false, "totp_enabled": false, "must_enable_totp": false, "owes": {"reports_open": {"count": 1, "href": "/api/v1/reporting-rounds?owed=true"},
        "reports_returned": {"count": 0, "href": "/api/v1/reports?unit=SGD-VP&status=returned"}, "reports_to_decide": {"count": 0, "href": "/api/v1/reports?to_decide=true"},
        "assignments_late": {"count": 0, "href": "/api/v1/assignments?unit=SGD-VP&timeliness=late"},
        "assignments_due_soon": {"count": 0, "href": "/api/v1/assignments?unit=SGD-VP&timeliness=in_time&due_before=2025-03-07"},
        "assignments_returned": {"count": 0, "href": "/api/v1/assignments?unit=SGD-VP&status=returned"},
        "to_decide": {"count": 0, "href": "/api/v1/assignments?to_decide=true"}}}))]
pub struct Me {
    /// The account.
    pub id: UserId,
    /// Its name for signing in.
    pub username: String,
    /// The person's name.
    pub full_name: String,
    /// Where links are sent.
    #[schema(required = true)]
    pub email: Option<String>,
    /// What the person is there.
    #[schema(required = true)]
    pub position: Option<String>,
    /// From the kind of the unit.
    pub role: Role,
    /// What the person may do there.
    pub duties: Vec<Duty>,
    /// Where the person works.
    pub unit: HomeUnit,
    /// All that follows from role and duties.
    #[schema(value_type = Vec<String>)]
    pub permissions: Vec<Permission>,
    /// Whether a new password must be set before anything else.
    pub must_change_password: bool,
    /// Whether signing in asks for a second factor.
    pub totp_enabled: bool,
    /// Whether one must be enrolled before the duty of an admin counts.
    pub must_enable_totp: bool,
    /// What waits for this person and its unit.
    pub owes: Owes,
}

/// A user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c25", "username": "van.phong", "full_name": "Bùi Thị Hoà", "email": "van.phong@hoabinh.edu.vn",
    "position": "Chuyên viên Văn phòng Sở", "unit": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "SGD-VP", "name": "Văn phòng Sở"},
    "role": "department", "duties": ["viewer", "editor"], "status": "active", "last_seen_at": null, "invitation": null, "version": 1,
    "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct User {
    /// The account.
    pub id: UserId,
    /// Its name for signing in.
    pub username: String,
    /// The person's name.
    pub full_name: String,
    /// Where links are sent.
    #[schema(required = true)]
    pub email: Option<String>,
    /// What the person is there.
    #[schema(required = true)]
    pub position: Option<String>,
    /// Where the person works.
    pub unit: UnitRef,
    /// From the kind of the unit.
    pub role: Role,
    /// What the person may do there.
    pub duties: Vec<Duty>,
    /// Whether the account can be used.
    pub status: Status,
    /// When the person last signed in.
    #[schema(required = true)]
    pub last_seen_at: Option<Instant>,
    /// The link that lets the person in: only in the answer that makes it.
    #[schema(required = true)]
    pub invitation: Option<Invitation>,
    /// From 1, up by one with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When the account was made.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// A link for one use.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"token": "V6mG0c0b8nqk2zq8z5o0m1yQ3kq1m2k5b7d9f1h3j5l", "url": "/api/v1/invitations/accept", "expires_at": "2025-02-21T02:30:00.000000Z"}))]
pub struct Invitation {
    /// The secret in it.
    pub token: String,
    /// Where it is given back, with a password.
    pub url: String,
    /// When it ends.
    pub expires_at: Instant,
}

/// A new user.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"username": "mn.tuly", "full_name": "Đinh Thị Thuỷ", "email": "mn.tuly@hoabinh.edu.vn", "position": "Hiệu trưởng", "unit": "MN-DB-001", "duties": ["editor"]}))]
pub struct NewUser {
    /// Its name for signing in, for good.
    #[schema(pattern = "^[a-z0-9][a-z0-9._-]{2,63}$")]
    pub username: String,
    /// The person's name.
    #[schema(min_length = 1, max_length = 100)]
    pub full_name: String,
    /// Where links are sent; kept in lower case. Accounts of one address are one person's.
    #[schema(max_length = 254, format = Email, pattern = r"^[^\s<>]+@[^\s<>]+$")]
    pub email: Option<String>,
    /// What the person is there.
    #[schema(max_length = 100)]
    pub position: Option<String>,
    /// Where the person works: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub unit: String,
    /// What the person may do there; none beyond the inviter's own.
    #[schema(min_items = 1, max_items = 4)]
    pub duties: Vec<Duty>,
}

/// A change of a user.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"position": "Hiệu trưởng", "duties": ["editor", "approver"]}))]
pub struct UserPatch {
    /// The person's name.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100)]
    pub full_name: Option<String>,
    /// Where links are sent; kept in lower case. Accounts of one address are one person's.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 254, format = Email, pattern = r"^[^\s<>]+@[^\s<>]+$")]
    pub email: Field<String>,
    /// What the person is there.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    pub position: Field<String>,
    /// Where the person works from now on, of the caller's own unit or below: id or code. Nobody moves itself.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 40)]
    pub unit: Option<String>,
    /// What the person may do there; none beyond the caller's own. Nobody changes its own.
    #[schema(value_type = Vec<Duty>, required = false, min_items = 1, max_items = 4)]
    pub duties: Option<Vec<Duty>>,
}

/// A change of one's own password.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current_password": "một mật khẩu đủ dài", "new_password": "một mật khẩu khác đủ dài"}))]
pub struct NewPassword {
    /// The present one: a wrong one counts as a wrong sign-in does.
    #[schema(min_length = 1, max_length = 128, format = Password)]
    pub current_password: String,
    /// The one to be: 15 to 128 characters, from 8 beside a second factor; none that is easily guessed, none of the last ten; else any.
    #[schema(min_length = 8, max_length = 128, format = Password)]
    pub new_password: String,
}

/// Why.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Chuyển công tác"}))]
pub struct Reason {
    /// For the journal.
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// An invitation taken up.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "V6mG0c0b8nqk2zq8z5o0m1yQ3kq1m2k5b7d9f1h3j5l", "password": "một mật khẩu đủ dài"}))]
pub struct Acceptance {
    /// The secret of the link.
    #[schema(min_length = 1, max_length = 200, format = Password)]
    pub token: String,
    /// The password to be: 15 to 128 characters, from 8 beside a second factor; none that is easily guessed, none of the last ten; else any.
    #[schema(min_length = 8, max_length = 128, format = Password)]
    pub password: String,
}

/// Somebody who forgot its password.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "van.phong@hoabinh.edu.vn"}))]
pub struct Forgotten {
    /// The address that the account is known by.
    #[schema(min_length = 3, max_length = 254, format = Email, pattern = r"^[^\s<>]+@[^\s<>]+$")]
    pub email: String,
}

/// What lists of users can be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct UserFilters {
    /// Of exactly this unit: id or code.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Of this unit and those below it: id or code.
    #[schema(max_length = 40)]
    pub within: Option<String>,
    /// Only of this role.
    pub role: Option<Role>,
    /// Only with this duty.
    pub duty: Option<Duty>,
    /// Only with this status.
    pub status: Option<Status>,
}
