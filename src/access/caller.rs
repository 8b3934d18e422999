//! Who calls: a person with a session, a task of the system, or nobody.

use std::sync::{Arc, Weak};

use super::policy::{Duties, Duty, Permission, Role};
use super::scope::Scope;
use crate::error::Error;
use crate::ids::{SessionId, UnitId, UserId};

/// A person as the door found it in the database, at most one second ago.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account.
    pub id: UserId,
    /// Its session.
    pub session: SessionId,
    /// For the journal.
    pub username: String,
    /// For the journal.
    pub full_name: String,
    /// From the kind of its unit.
    pub role: Role,
    /// What it may do there: without `admin` as long as it has no second factor.
    pub duties: Duties,
    /// Whether signing in asks for a second factor.
    pub totp: bool,
    /// Whether it would be an admin if it had one.
    pub lacks_totp: bool,
    /// Its unit.
    pub unit: UnitId,
    /// Where.
    pub scope: Scope,
    /// Whether it must set a new password before anything else.
    pub must_change_password: bool,
}

impl Person {
    /// Whether it may decide on what somebody handed in of this unit: nobody decides on what the same person, or outside the
    /// department the same unit, handed in.
    #[must_use]
    pub fn is_apart(&self, unit: UnitId, by: Option<UserId>) -> bool {
        by != Some(self.id) && (self.role == Role::Department || !self.scope.is_own(unit))
    }

    /// 403, saying what is missing where the person can mend it.
    #[must_use]
    pub fn refused(&self, permission: Permission) -> Error {
        if self.must_change_password {
            return Error::forbidden().because("Cần đổi mật khẩu trước.", "Set a new password first: PUT /me/password.");
        }
        if self.lacks_totp && permission.allows(self.role, self.duties.with(Duty::Admin)) {
            return Error::forbidden()
                .because("Quản trị viên cần bật xác thực hai lớp trước.", "An admin needs a second factor first: POST /me/totp.");
        }
        Error::forbidden()
    }
}

/// Who calls.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Nobody, on a public operation.
    Nobody,
    /// A person.
    Person(Arc<Person>),
    /// A job or a command of this program; the words say which.
    System(&'static str),
}

impl Caller {
    /// The person, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::Person(person) => Some(person),
            Self::Nobody | Self::System(_) => None,
        }
    }

    /// Whether this caller may ever use the permission.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        match self {
            Self::Nobody => false,
            Self::Person(person) => permission.allows(person.role, person.duties),
            Self::System(_) => true,
        }
    }
}

/// Marks of the request that the journal keeps.
#[derive(Clone, Debug, Default)]
pub struct RequestMarks {
    /// `X-Request-Id`.
    pub request_id: Option<Arc<str>>,
    /// The client's address.
    pub ip: Option<Arc<str>>,
    /// Lives as long as somebody waits for the answer; `None` where the work is the program's own.
    pub awaited: Option<Weak<()>>,
}
