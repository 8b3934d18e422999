//! Sessions on HTTP.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{ClientKind, Lives, NewSession, Refresh, Session, Tokens};
use super::sign_in::{Attempt, SignedIn, current, sign_in, successor};
use super::store::{self, Kept, Refreshed};
use crate::access::Access;
use crate::access::caller::Person;
use crate::access::policy::{Anyone, Duties, Duty, UseAccount};
use crate::access::token::{self, NewToken};
use crate::clock::Instant;
use crate::db::Db;
use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::http::answers::{CreatedSecret, NoContent, Paged, Secret};
use crate::http::gate::Weight;
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, Path, PathPart, Peer};
use crate::http::registrar::Registrar;
use crate::ids::{SessionId, UserId};
use crate::journal::{self, Entry};
use crate::users;
use crate::users::model::{Me, User};

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("sessions", "Phiên đăng nhập: signing in, staying in, signing out.");
    api.path("/sessions")
        .get(
            list_sessions,
            "List sessions",
            "One's own that have not ended; an admin's `user` names another of its scope, with no duty that the admin lacks.",
        )
        .post(create_session, "Sign in", "With name and password. What is wrong with them is not told.")
        .refuses(&[Code::InvalidCredentials, Code::TotpRequired, Code::RateLimited])
        .weighs(Weight::Password)
        .done();
    api.path("/sessions/refresh")
        .post(
            refresh_session,
            "Refresh a session",
            "A refresh token is good for one use. The same one again within ten seconds answers the same successor; later it ends the session.",
        )
        .refuses(&[Code::InvalidRefreshToken])
        .weighs(Weight::Session)
        .done();
    api.path("/sessions/{session}")
        .delete(
            delete_session,
            "Sign out",
            "Ends one of one's own sessions, or as an admin one of a user of the scope with no duty that the admin lacks; `current` is the one that asks.",
        )
        .done();
}

/// A session of the caller, or the one that asks.
#[derive(Clone, Copy, Debug)]
enum SessionKey {
    Current,
    Id(SessionId),
}

impl PathPart for SessionKey {
    fn schema() -> serde_json::Value {
        serde_json::json!({"type": "string", "description": "Id, or `current`.", "maxLength": 36, "example": "current"})
    }
    fn read(text: &str) -> Option<Self> {
        if text == "current" { Some(Self::Current) } else { text.parse().ok().map(Self::Id) }
    }
}

/// Whose sessions.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
struct SessionFilters {
    /// Of this user of the scope, for its admins with every duty that it has; one's own unless given.
    user: Option<UserId>,
}

impl Filters for SessionFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
    fn several(&self) -> bool {
        self.user.is_some()
    }
}

async fn create_session(access: Access<Anyone>, Body(new): Body<NewSession>, peer: Peer) -> Result<CreatedSecret<Tokens>> {
    let (refresh_token, digest) = token::opaque()?;
    let client = new.client.unwrap_or(ClientKind::Web);
    let attempt = Attempt {
        username: new.username,
        password: new.password,
        totp: new.totp,
        client,
        device: new.device,
        ip: peer.ip,
        kept: Kept::Token(digest),
    };
    let SignedIn { session, until, me } = sign_in(&access, attempt).await?;
    let tokens = issue(&access, session, client, refresh_token, until, me)?;
    Ok(CreatedSecret(tokens, format!("/api/v1/sessions/{session}")))
}

async fn refresh_session(access: Access<Anyone>, Body(refresh): Body<Refresh>) -> Result<Secret<Tokens>> {
    let (successor, successor_digest) = successor(&access.keys(), &refresh.refresh_token);
    let digest = token::digest(&refresh.refresh_token);
    let lives = Lives::from(&**access.settings());
    let refreshed = access
        .write(move |tx| {
            let refreshed = store::refresh(tx, lives, None, &digest, &successor_digest)?;
            match refreshed {
                Refreshed::Goes { session, client, until } => {
                    let me = current(tx, session)?;
                    Ok(Some((session, client, until, me)))
                }
                Refreshed::Unknown => Ok(None),
                Refreshed::Reused(session) => {
                    let unit = store::unit_of(tx, session)?;
                    journal::append(tx, Entry { unit, ..Entry::new("session.reuse", None, "session", session.any()) })?;
                    Ok(None)
                }
            }
        })
        .await?;
    let (session, client, until, me) = refreshed.ok_or_else(|| Error::new(Code::InvalidRefreshToken))?;
    Ok(Secret(issue(&access, session, client, successor, until, me)?))
}

async fn delete_session(access: Access<UseAccount>, Path(key): Path<SessionKey>) -> Result<NoContent> {
    let person = access.person()?.clone();
    let session = match key {
        SessionKey::Current => person.session,
        SessionKey::Id(id) => id,
    };
    access
        .write(move |tx| {
            let (owner, _) = store::owner(tx, session)?.ok_or_else(Error::not_found)?;
            let unit = if owner == person.id { person.unit } else { steered(tx, &person, owner)?.unit.id };
            if !store::end(tx, session)? {
                return Err(Error::not_found());
            }
            journal::append(tx, Entry { unit: Some(unit), ..Entry::new("session.delete", None, "session", session.any()) })
        })
        .await?;
    access.forget(session);
    Ok(NoContent)
}

async fn list_sessions(access: Access<UseAccount>, list: List<SessionFilters>) -> Result<Paged<Session>> {
    let person = access.person()?.clone();
    list.answer(&access, move |db, list| {
        let user = list.filters.user.filter(|user| *user != person.id);
        if let Some(user) = user {
            steered(db, &person, user).map_err(|_| Error::invalid(vec![Fault::of("user", FaultCode::UnknownReference)]))?;
        }
        store::list(db, user.unwrap_or(person.id), person.session, &list.page)
    })
    .await
}

/// A user whose sessions this person may see and end: of its scope, as an admin with no duty less.
fn steered(db: &mut Db<'_>, person: &Person, user: UserId) -> Result<User> {
    if !person.duties.has(Duty::Admin) {
        return Err(Error::not_found());
    }
    let user = users::store::get(db, user)?;
    if users::rules::may_grant(person.duties, Duties::of(&user.duties)) { Ok(user) } else { Err(Error::forbidden()) }
}

fn issue(
    access: &Access<Anyone>,
    session: SessionId,
    client: ClientKind,
    refresh_token: String,
    until: Instant,
    user: Me,
) -> Result<Tokens> {
    let scope = user.permissions.iter().map(|permission| permission.as_str()).collect::<Vec<_>>().join(" ");
    let new = NewToken {
        subject: user.id.any(),
        session: Some(session),
        client: client.as_str(),
        seconds: token::LIFETIME,
        since: None,
        scope,
        role: user.role,
        unit: user.unit.id,
        duties: user.duties.clone(),
    };
    let access_token = access.keys().issue(new, access.now())?;
    Ok(Tokens {
        id: session,
        token_type: "Bearer",
        access_token,
        expires_in: token::LIFETIME,
        refresh_token,
        refresh_expires_at: until,
        user,
    })
}
