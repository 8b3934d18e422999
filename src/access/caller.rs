//! Who calls: a person with a session, a client with scopes, a task of the system, or nobody.

use std::net::IpAddr;
use std::sync::{Arc, Weak};

use ipnet::IpNet;

use super::grant::{Grant, Grants};
use super::policy::{Duties, Duty, Permission, Role};
use super::scope::Scope;
use crate::error::{Error, Result};
use crate::ids::{AnyId, ClientId, SessionId, UnitId, UserId};

/// A front end that a person signed in with.
#[derive(Clone, Debug)]
pub struct App {
    /// The client.
    pub id: ClientId,
    /// For the journal.
    pub name: String,
    /// What the person allowed it, as far as the client may have it now and this token is for it.
    pub grants: Grants,
}

/// A person as the door found it in the database, at most one second ago.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account.
    pub id: UserId,
    /// Its other accounts: those with the same address, whatever became of them.
    pub others: Vec<UserId>,
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
    /// What it acts with, if that is a program of others: it may then do less.
    pub app: Option<App>,
}

impl Person {
    /// Whether it may ever use the permission: by its duties, and with what it acts with.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        permission.allows(self.role, self.duties) && self.app.as_ref().is_none_or(|app| app.grants.allow(permission))
    }

    /// Its accounts, this one first.
    #[must_use]
    pub fn accounts(&self) -> Vec<UserId> {
        std::iter::once(self.id).chain(self.others.iter().copied()).collect()
    }

    /// Whether it is who did this, under whichever of its accounts.
    #[must_use]
    pub fn is(&self, by: UserId) -> bool {
        by == self.id || self.others.contains(&by)
    }

    /// Whether it may decide on what somebody handed in of this unit: nobody decides on what the same person, or outside the
    /// department the same unit, handed in.
    #[must_use]
    pub fn is_apart(&self, unit: UnitId, by: Option<UserId>) -> bool {
        !by.is_some_and(|by| self.is(by)) && (self.role == Role::Department || !self.scope.is_own(unit))
    }

    /// 403, saying what is missing where the person can mend it.
    #[must_use]
    pub fn refused(&self, permission: Permission) -> Error {
        if self.must_change_password {
            return Error::forbidden().because("Cần đổi mật khẩu trước.", "Set a new password first: PUT /me/password.");
        }
        if self.app.as_ref().is_some_and(|app| !app.grants.allow(permission)) {
            return lacking(permission);
        }
        if self.lacks_totp && permission.allows(self.role, self.duties.with(Duty::Admin)) {
            return Error::forbidden()
                .because("Quản trị viên cần bật xác thực hai lớp trước.", "An admin needs a second factor first: POST /me/totp.");
        }
        Error::forbidden()
    }
}

/// A machine account as the door found it in the database, at most one second ago.
#[derive(Clone, Debug)]
pub struct Client {
    /// The account.
    pub id: ClientId,
    /// For the journal.
    pub name: String,
    /// From the kind of its unit.
    pub role: Role,
    /// What its token and its account both allow.
    pub grants: Grants,
    /// Its unit.
    pub unit: UnitId,
    /// Where.
    pub scope: Scope,
    /// From where it may call; from anywhere if there is none.
    pub networks: Vec<IpNet>,
}

impl Client {
    /// Whether it may call from this address.
    #[must_use]
    pub fn calls_from(&self, ip: Option<&str>) -> bool {
        let address = || ip.and_then(|ip| ip.parse::<IpAddr>().ok()).map(|address| address.to_canonical());
        self.networks.is_empty() || address().is_some_and(|address| self.networks.iter().any(|network| network.contains(&address)))
    }
}

/// Who calls.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Nobody, on a public operation.
    Nobody,
    /// A person.
    Person(Arc<Person>),
    /// A machine account.
    Client(Arc<Client>),
    /// A job or a command of this program; the words say which.
    System(&'static str),
}

impl Caller {
    /// The person, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::Person(person) => Some(person),
            Self::Nobody | Self::Client(_) | Self::System(_) => None,
        }
    }

    /// Its id, if it has an account.
    #[must_use]
    pub fn id(&self) -> Option<AnyId> {
        match self {
            Self::Person(person) => Some(person.id.any()),
            Self::Client(client) => Some(client.id.any()),
            Self::Nobody | Self::System(_) => None,
        }
    }

    /// The client, if it is one.
    #[must_use]
    pub fn client(&self) -> Option<&Client> {
        match self {
            Self::Client(client) => Some(client),
            Self::Nobody | Self::Person(_) | Self::System(_) => None,
        }
    }

    /// The program of others that calls, for itself or for a person.
    #[must_use]
    pub fn program(&self) -> Option<ClientId> {
        match self {
            Self::Person(person) => person.app.as_ref().map(|app| app.id),
            Self::Client(client) => Some(client.id),
            Self::Nobody | Self::System(_) => None,
        }
    }

    /// Its unit, if it has an account.
    #[must_use]
    pub fn unit(&self) -> Option<UnitId> {
        match self {
            Self::Person(person) => Some(person.unit),
            Self::Client(client) => Some(client.unit),
            Self::Nobody | Self::System(_) => None,
        }
    }

    /// Its role, if it has an account.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        match self {
            Self::Person(person) => Some(person.role),
            Self::Client(client) => Some(client.role),
            Self::Nobody | Self::System(_) => None,
        }
    }

    /// Where it may act, if it has an account.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        match self {
            Self::Person(person) => Some(person.scope),
            Self::Client(client) => Some(client.scope),
            Self::Nobody | Self::System(_) => None,
        }
    }

    /// Whether counts that are so small that a person may be known by them are told it: of sensitive indicators, and where it may read
    /// them at all. People are, with whatever they act: what their units record is theirs to know.
    #[must_use]
    pub fn sees_small_cells(&self) -> bool {
        self.client().is_none_or(|client| client.grants.has(Grant::SmallCells))
    }

    /// Whether it is the program itself, which has no scope and needs none.
    #[must_use]
    pub const fn is_program(&self) -> bool {
        matches!(self, Self::System(_))
    }

    /// 403 for what it may not do, saying what is missing where that can be mended.
    #[must_use]
    pub fn refused(&self, permission: Permission) -> Error {
        match self {
            Self::Person(person) => person.refused(permission),
            Self::Client(_) => lacking(permission),
            Self::Nobody | Self::System(_) => Error::forbidden(),
        }
    }

    /// Goes on where it may, for a part of a body that asks for more than its operation.
    ///
    /// # Errors
    /// 403.
    pub fn must(&self, permission: Permission) -> Result<()> {
        if self.may(permission) { Ok(()) } else { Err(self.refused(permission)) }
    }

    /// Whether this caller may ever use the permission.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        match self {
            Self::Nobody => false,
            Self::Person(person) => person.may(permission),
            Self::Client(client) => client.grants.allow(permission),
            Self::System(_) => true,
        }
    }
}

/// A token without the scope that lets this in; what makes credentials has none.
fn lacking(permission: Permission) -> Error {
    let named = Grant::of(permission).find(|grant| grant.as_str() == permission.as_str());
    named.map_or_else(Error::forbidden, |grant| Error::insufficient_scope(grant.as_str()))
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
