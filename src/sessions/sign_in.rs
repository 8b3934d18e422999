//! Signing in with name, password and second factor: what the API and our own pages share.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use unicode_normalization::UnicodeNormalization;

use super::guesses::{self, Patience};
use super::model::{ClientKind, Lives};
use super::store::{self, Account, Kept, Opening};
use crate::access::Access;
use crate::access::policy::Anyone;
use crate::access::token::{self, Keys};
use crate::clock::Instant;
use crate::db::{Db, Tx};
use crate::error::{Code, Error, Result};
use crate::ids::{Id, SessionId, UserId};
use crate::journal::{self, Entry};
use crate::users::model::Me;
use crate::{totp, users};

/// Somebody who says who it is.
pub struct Attempt {
    /// The account's name.
    pub username: String,
    /// Its password, exactly as it was set.
    pub password: String,
    /// The code of the second factor, or a recovery code.
    pub totp: Option<String>,
    /// The kind of client.
    pub client: ClientKind,
    /// A name for people to tell their sessions apart.
    pub device: Option<String>,
    /// The address that it comes from.
    pub ip: Option<String>,
    /// What is kept of what the session goes on with.
    pub kept: Kept,
}

/// Somebody who is in.
pub struct SignedIn {
    /// The session.
    pub session: SessionId,
    /// When it ends unless it goes on.
    pub until: Instant,
    /// Who it is.
    pub me: Me,
}

/// Signs in.
///
/// # Errors
/// 401 `invalid_credentials` for what is wrong with name, password or code, and while the name waits; 401 `totp_required` for a right password
/// without its code; 429, 503.
pub async fn sign_in(access: &Access<Anyone>, attempt: Attempt) -> Result<SignedIn> {
    let turn = access.passwords().turn().await?;
    let access = access.beside();
    // What is begun is ended, also when nobody waits for it any more: a guess that was counted is told what it was.
    let work = async move {
        let _turn = turn;
        tried(&access, attempt).await
    };
    tokio::spawn(work).await.map_err(Error::internal)?
}

async fn tried(access: &Access<Anyone>, attempt: Attempt) -> Result<SignedIn> {
    let name = attempt.username.to_lowercase();
    let password: String = attempt.password.nfc().collect();
    let length = password.chars().count();
    let account = looked_up(access, &name, attempt.ip.clone()).await?;
    let hash = account.as_ref().filter(|account| account.active).and_then(|account| account.password_hash.clone());
    let right = match access.passwords().verify(password.clone(), hash.clone()).await {
        Ok(right) => right,
        Err(busy) => return Err(given_up(access, attempt.ip, busy).await),
    };
    let Some(account) = account.as_ref().filter(|_| right) else { return Err(wrong(access, attempt.ip, account, name).await) };
    let factor = match (&account.totp, attempt.totp) {
        (None, _) => None,
        (Some(_), None) => return Err(halfway(access, attempt.ip, account, &name).await),
        (Some(sealed), Some(code)) => match Factor::read(access, account.id, sealed, &code)? {
            Some(factor) => Some(factor),
            None => return Err(wrong(access, attempt.ip, Some(account.clone()), name).await),
        },
    };
    let anew = hashed_anew(access, password, hash).await;
    let lives = Lives::from(&**access.settings());
    let life = (lives.idle(attempt.client, account.duties), lives.absolute(attempt.client));
    let (client, device, ip, kept) = (attempt.client, attempt.device, attempt.ip.clone(), attempt.kept);
    let opening = Opening { id: Id::new(), user: account.id, client, life, device, ip, kept, app: None };
    let session = opening.id;
    // A password that was long enough beside a second factor may not be without one.
    let short = length < access.settings().shortest_password(account.totp.is_some());
    let (found, signing, patience, from) = (account.clone(), name.clone(), Patience::from(&**access.settings()), attempt.ip.clone());
    let opened = access
        .write(move |tx| {
            let user = found.id;
            if !found.holds(tx)? || !factor.as_ref().map_or(Ok(true), |factor| factor.take(tx, user))? {
                return Ok(None);
            }
            if let Some((before, after)) = &anew {
                users::store::hash_anew(tx, user, before, after)?;
            }
            if short {
                users::store::require_change(tx, user)?;
            }
            let until = store::open(tx, &opening)?;
            // First the address and then the name, as where the guess was counted: nobody waits in a circle.
            left(tx, patience, from.as_deref(), false)?;
            guesses::forget(tx, &signing)?;
            let me = current(tx, opening.id)?;
            journal::append(tx, entry("session.create", opening.id, &me))?;
            Ok(Some((until, me)))
        })
        .await?;
    let Some((until, me)) = opened else { return Err(wrong(access, attempt.ip, Some(account.clone()), name).await) };
    Ok(SignedIn { session, until, me })
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

/// Tells of an address what became of its password.
fn left(tx: &mut Tx<'_>, patience: Patience, ip: Option<&str>, wrong: bool) -> Result<()> {
    ip.map_or(Ok(()), |ip| guesses::leave(tx, patience, ip, wrong))
}

/// What kept a password from being looked at: its address is as it was.
async fn given_up(access: &Access<Anyone>, ip: Option<String>, busy: Error) -> Error {
    let patience = Patience::from(&**access.settings());
    let told = access.write(move |tx| left(tx, patience, ip.as_deref(), false)).await;
    told.err().unwrap_or(busy)
}

/// 401, after the address is counted and the account that was tried has it on record. A name that nobody has is not: it may be a password.
async fn wrong(access: &Access<Anyone>, ip: Option<String>, account: Option<Account>, name: String) -> Error {
    let patience = Patience::from(&**access.settings());
    let counted = access
        .write(move |tx| {
            left(tx, patience, ip.as_deref(), true)?;
            account.as_ref().map_or(Ok(()), |account| journal::append(tx, not_let_in(account, &name)))
        })
        .await;
    counted.err().unwrap_or_else(|| Error::new(Code::InvalidCredentials))
}

/// 401 `totp_required`: whoever has the password alone is on record, for it may be known to somebody else (ASVS 16.3.1).
async fn halfway(access: &Access<Anyone>, ip: Option<String>, account: &Account, name: &str) -> Error {
    let patience = Patience::from(&**access.settings());
    let why = serde_json::json!({"reason": Code::TotpRequired.code()}).to_string();
    let entry = Entry { after: Some(why), ..not_let_in(account, name) };
    let work = move |tx: &mut Tx<'_>| {
        left(tx, patience, ip.as_deref(), false)?;
        journal::append(tx, entry.clone())
    };
    let recorded = access.write(work).await;
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
            if let Some(ip) = ip.as_deref()
                && let Some(seconds) = guesses::enter(tx, patience, ip)?
            {
                return Err(Error::rate_limited(seconds));
            }
            if guesses::claim(tx, patience, &name)? { store::account(tx, &name) } else { Err(Error::new(Code::InvalidCredentials)) }
        })
        .await
}

/// Who the session belongs to.
pub(super) fn current(db: &mut Db<'_>, session: SessionId) -> Result<Me> {
    let person = store::person(db, session)?.ok_or_else(|| Error::new(Code::InvalidCredentials))?;
    users::store::me(db, &person)
}

fn entry(action: &'static str, session: SessionId, me: &Me) -> Entry {
    let signs = Some((me.id, me.full_name.clone(), me.unit.id));
    Entry { unit: Some(me.unit.id), code: Some(me.username.clone()), signs, ..Entry::new(action, None, "session", session.any()) }
}

/// The one successor of a refresh token, and its digest: derived, so that two uses within the grace get the same.
#[must_use]
pub fn successor(keys: &Keys, token: &str) -> (String, Vec<u8>) {
    let text = URL_SAFE_NO_PAD.encode(keys.secret(format!("refresh {token}").as_bytes()));
    let digest = token::digest(&text);
    (text, digest)
}
