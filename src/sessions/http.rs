//! Sessions on HTTP.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use utoipa::ToSchema;

use super::guesses;
use super::model::{Client, NewSession, Refresh, Session, Tokens};
use super::store::{self, Account, Opening, Refreshed};
use crate::access::Access;
use crate::access::policy::{Anyone, UseAccount};
use crate::access::token::{self, NewToken};
use crate::clock::Instant;
use crate::db::Db;
use crate::error::{Code, Error, Result};
use crate::http::answers::{CreatedSecret, NoContent, Paged, Secret};
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, Path, PathPart, Peer};
use crate::http::registrar::Registrar;
use crate::ids::{Id, SessionId};
use crate::journal::{self, Entry};
use crate::users;
use crate::users::model::Me;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("sessions", "Phiên đăng nhập: signing in, staying in, signing out.");
    api.path("/sessions")
        .get(list_sessions, "List one's own sessions", "Those that have not ended.")
        .post(create_session, "Sign in", "With name and password. What is wrong with them is not told.")
        .refuses(&[Code::InvalidCredentials, Code::TotpRequired, Code::RateLimited])
        .done();
    api.path("/sessions/refresh")
        .post(
            refresh_session,
            "Refresh a session",
            "A refresh token is good for one use. The same one again within ten seconds answers the same successor; later it ends the session.",
        )
        .refuses(&[Code::InvalidRefreshToken])
        .done();
    api.path("/sessions/{session}")
        .delete(delete_session, "Sign out", "Ends one of one's own sessions; `current` is the one that asks.")
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

/// Sessions have no filters.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
struct SessionFilters {}

impl Filters for SessionFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

async fn create_session(access: Access<Anyone>, Body(new): Body<NewSession>, peer: Peer) -> Result<CreatedSecret<Tokens>> {
    let name = new.username.to_lowercase();
    let account = looked_up(&access, &name, peer.ip.clone()).await?;
    let hash = account.as_ref().filter(|account| account.active).and_then(|account| account.password_hash.clone());
    let right = access.passwords().verify(new.password.nfc().collect(), hash).await?;
    let Some(account) = account.filter(|_| right) else {
        if let Some(ip) = peer.ip {
            access.write(move |tx| guesses::was_wrong(tx, &ip)).await?;
        }
        return Err(Error::new(Code::InvalidCredentials));
    };
    let (refresh_token, digest) = token::opaque()?;
    let client = new.client.unwrap_or(Client::Web);
    let opening = Opening { id: Id::new(), user: account.id, client, device: new.device, ip: peer.ip, digest };
    let session = opening.id;
    let (until, me) = access
        .write(move |tx| {
            let until = store::open(tx, &opening)?;
            guesses::forget(tx, &name)?;
            let me = current(tx, opening.id)?;
            journal::append(tx, entry("session.create", opening.id, &me))?;
            Ok((until, me))
        })
        .await?;
    let tokens = issue(&access, session, client, refresh_token, until, me)?;
    Ok(CreatedSecret(tokens, format!("/api/v1/sessions/{session}")))
}

/// The account with a name, after the guess is counted: one of a name that waits is not looked at, and told as a wrong one is.
async fn looked_up(access: &Access<Anyone>, name: &str, ip: Option<String>) -> Result<Option<Account>> {
    let name = name.to_owned();
    access
        .write(move |tx| {
            if let Some(seconds) = ip.as_deref().map(|ip| guesses::is_refused(tx, ip)).transpose()?.flatten() {
                return Err(Error::rate_limited(seconds));
            }
            if guesses::claim(tx, &name)? { store::account(tx, &name) } else { Err(Error::new(Code::InvalidCredentials)) }
        })
        .await
}

async fn refresh_session(access: Access<Anyone>, Body(refresh): Body<Refresh>) -> Result<Secret<Tokens>> {
    let (successor, successor_digest) = successor(&access, &refresh.refresh_token);
    let digest = token::digest(&refresh.refresh_token);
    let refreshed = access
        .write(move |tx| {
            let refreshed = store::refresh(tx, &digest, &successor_digest)?;
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
    let person = access.person()?;
    let (user, unit) = (person.id, Some(person.unit));
    let session = match key {
        SessionKey::Current => person.session,
        SessionKey::Id(id) => id,
    };
    access
        .write(move |tx| {
            if !store::is_own(tx, session, user)? || !store::end(tx, session)? {
                return Err(Error::not_found());
            }
            journal::append(tx, Entry { unit, ..Entry::new("session.delete", None, "session", session.any()) })
        })
        .await?;
    access.forget(session);
    Ok(NoContent)
}

async fn list_sessions(access: Access<UseAccount>, list: List<SessionFilters>) -> Result<Paged<Session>> {
    let (user, session) = access.person().map(|person| (person.id, person.session))?;
    list.answer(&access, move |db, list| store::list(db, user, session, &list.page)).await
}

/// Who the session belongs to.
fn current(db: &mut Db<'_>, session: SessionId) -> Result<Me> {
    let person = store::person(db, session)?.ok_or_else(|| Error::new(Code::InvalidCredentials))?;
    users::store::me(db, &person)
}

fn entry(action: &'static str, session: SessionId, me: &Me) -> Entry {
    let signs = Some((me.id, me.full_name.clone(), me.unit.id));
    Entry { unit: Some(me.unit.id), code: Some(me.username.clone()), signs, ..Entry::new(action, None, "session", session.any()) }
}

fn issue(access: &Access<Anyone>, session: SessionId, client: Client, refresh_token: String, until: Instant, user: Me) -> Result<Tokens> {
    let scope = user.permissions.iter().map(|permission| permission.as_str()).collect::<Vec<_>>().join(" ");
    let new = NewToken {
        user: user.id,
        session,
        client: client.as_str(),
        scope,
        role: user.role,
        unit: user.unit.id,
        duties: user.duties.clone(),
    };
    let access_token = access.keys().sign(&new.claims(access.now()))?;
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

/// The one successor of a refresh token: derived, so that two uses within the grace get the same.
fn successor(access: &Access<Anyone>, token: &str) -> (String, Vec<u8>) {
    use base64::Engine;
    let key = access.keys().secret(format!("refresh {token}").as_bytes());
    let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key);
    let digest = token::digest(&text);
    (text, digest)
}
