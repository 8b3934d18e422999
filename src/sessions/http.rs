//! Sessions on HTTP.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use utoipa::ToSchema;

use super::guesses::{self, Patience};
use super::model::{Client, Lives, NewSession, Refresh, Session, Tokens};
use super::store::{self, Account, Opening, Refreshed};
use crate::access::Access;
use crate::access::caller::Person;
use crate::access::policy::{Anyone, Duties, Duty, UseAccount};
use crate::access::token::{self, NewToken};
use crate::clock::Instant;
use crate::db::{Db, Tx};
use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::http::answers::{CreatedSecret, NoContent, Paged, Secret};
use crate::http::gate::Weight;
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, Path, PathPart, Peer};
use crate::http::registrar::Registrar;
use crate::ids::{Id, SessionId, UserId};
use crate::journal::{self, Entry};
use crate::users::model::{Me, User};
use crate::{totp, users};

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("sessions", "Phiên đăng nhập: signing in, staying in, signing out.");
    api.path("/sessions")
        .get(list_sessions, "List sessions", "One's own that have not ended; an admin's `user` names another of its scope.")
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
            "Ends one of one's own sessions, or as an admin one of a user of the scope; `current` is the one that asks.",
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
    /// Of this user of the scope, for its admins; one's own unless given.
    user: Option<UserId>,
}

impl Filters for SessionFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
    fn several(&self) -> bool {
        self.user.is_some()
    }
}

async fn create_session(access: Access<Anyone>, Body(new): Body<NewSession>, peer: Peer) -> Result<CreatedSecret<Tokens>> {
    let name = new.username.to_lowercase();
    let password: String = new.password.nfc().collect();
    let length = password.chars().count();
    let account = looked_up(&access, &name, peer.ip.clone()).await?;
    let hash = account.as_ref().filter(|account| account.active).and_then(|account| account.password_hash.clone());
    let right = access.passwords().verify(password.clone(), hash.clone()).await?;
    let Some(account) = account.as_ref().filter(|_| right) else { return Err(wrong(&access, peer.ip, account, name).await) };
    let factor = match (&account.totp, new.totp) {
        (None, _) => None,
        (Some(_), None) => return Err(halfway(&access, account, &name).await),
        (Some(sealed), Some(code)) => match Factor::read(&access, account.id, sealed, &code)? {
            Some(factor) => Some(factor),
            None => return Err(wrong(&access, peer.ip, Some(account.clone()), name).await),
        },
    };
    let anew = hashed_anew(&access, password, hash).await;
    let (refresh_token, digest) = token::opaque()?;
    let client = new.client.unwrap_or(Client::Web);
    let lives = Lives::from(&**access.settings());
    let life = (lives.idle(client, account.duties), lives.absolute(client));
    let opening = Opening { id: Id::new(), user: account.id, client, life, device: new.device, ip: peer.ip.clone(), digest };
    let session = opening.id;
    // A password that was long enough beside a second factor may not be without one.
    let short = length < access.settings().shortest_password(account.totp.is_some());
    let (user, signing) = (account.id, name.clone());
    let opened = access
        .write(move |tx| {
            if !factor.as_ref().map_or(Ok(true), |factor| factor.take(tx, user))? {
                return Ok(None);
            }
            if let Some((before, after)) = &anew {
                users::store::hash_anew(tx, user, before, after)?;
            }
            if short {
                users::store::require_change(tx, user)?;
            }
            let until = store::open(tx, &opening)?;
            guesses::forget(tx, &signing)?;
            let me = current(tx, opening.id)?;
            journal::append(tx, entry("session.create", opening.id, &me))?;
            Ok(Some((until, me)))
        })
        .await?;
    let Some((until, me)) = opened else { return Err(wrong(&access, peer.ip, Some(account.clone()), name).await) };
    let tokens = issue(&access, session, client, refresh_token, until, me)?;
    Ok(CreatedSecret(tokens, format!("/api/v1/sessions/{session}")))
}

/// The hash that the right password had, and a better one where that was made with less than what is asked today. While too many
/// passwords are being checked it stays as it is until the next time.
async fn hashed_anew(access: &Access<Anyone>, password: String, hash: Option<String>) -> Option<(String, String)> {
    let before = hash.filter(|hash| access.passwords().is_outdated(hash))?;
    let after = access.passwords().hash(password).await.ok()?;
    Some((before, after))
}

/// A second factor that fits, and can be taken once.
enum Factor {
    /// The code of a time step.
    Step(i64),
    /// A recovery code, by its digest.
    Recovery(Vec<u8>),
}

impl Factor {
    /// What a code is, if it can be right at all.
    fn read(access: &Access<Anyone>, user: UserId, sealed: &[u8], code: &str) -> Result<Option<Self>> {
        if code.contains('-') {
            return Ok(Some(Self::Recovery(token::digest(code))));
        }
        let secret = access.vault().open(user.bytes(), sealed)?;
        Ok(totp::rules::step_of(&secret, code, access.now())?.map(Self::Step))
    }

    fn take(&self, tx: &mut Tx<'_>, user: UserId) -> Result<bool> {
        match self {
            Self::Step(step) => totp::store::take_step(tx, user, *step),
            Self::Recovery(digest) => totp::store::take_recovery_code(tx, user, digest),
        }
    }
}

/// 401, after the address is counted and the account that was tried has it on record. A name that nobody has is not: it may be a password.
async fn wrong(access: &Access<Anyone>, ip: Option<String>, account: Option<Account>, name: String) -> Error {
    let patience = Patience::from(&**access.settings());
    let counted = access
        .write(move |tx| {
            if let Some(ip) = &ip {
                guesses::was_wrong(tx, patience, ip)?;
            }
            account.as_ref().map_or(Ok(()), |account| journal::append(tx, not_let_in(account, &name)))
        })
        .await;
    counted.err().unwrap_or_else(|| Error::new(Code::InvalidCredentials))
}

/// 401 `totp_required`: whoever has the password alone is on record, for it may be known to somebody else (ASVS 16.3.1).
async fn halfway(access: &Access<Anyone>, account: &Account, name: &str) -> Error {
    let why = serde_json::json!({"reason": Code::TotpRequired.code()}).to_string();
    let entry = Entry { after: Some(why), ..not_let_in(account, name) };
    let recorded = access.write(move |tx| journal::append(tx, entry.clone())).await;
    recorded.err().unwrap_or_else(|| Error::new(Code::TotpRequired))
}

fn not_let_in(account: &Account, name: &str) -> Entry {
    let entry = Entry::new("session.create", None, "user", account.id.any());
    Entry { code: Some(name.to_owned()), unit: Some(account.unit), refused: true, ..entry }
}

/// The account with a name, after the guess is counted: one of a name that waits is not looked at, and told as a wrong one is.
async fn looked_up(access: &Access<Anyone>, name: &str, ip: Option<String>) -> Result<Option<Account>> {
    let name = name.to_owned();
    let patience = Patience::from(&**access.settings());
    access
        .write(move |tx| {
            if let Some(seconds) = ip.as_deref().map(|ip| guesses::is_refused(tx, ip)).transpose()?.flatten() {
                return Err(Error::rate_limited(seconds));
            }
            if guesses::claim(tx, patience, &name)? { store::account(tx, &name) } else { Err(Error::new(Code::InvalidCredentials)) }
        })
        .await
}

async fn refresh_session(access: Access<Anyone>, Body(refresh): Body<Refresh>) -> Result<Secret<Tokens>> {
    let (successor, successor_digest) = successor(&access, &refresh.refresh_token);
    let digest = token::digest(&refresh.refresh_token);
    let lives = Lives::from(&**access.settings());
    let refreshed = access
        .write(move |tx| {
            let refreshed = store::refresh(tx, lives, &digest, &successor_digest)?;
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
