//! The door: knows tokens and keeps the database behind it.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::caller::{App, Caller, Client, Person, RequestMarks};
use super::grant::Grants;
use super::once::Running;
use super::password::Passwords;
use super::ring::Ring;
use super::token::{self, Bearer, Claims, Keys, Verified};
use super::vault::Vault;
use crate::clock::{Clock, Instant};
use crate::config::{AccountSettings, ServerSettings};
use crate::db::{Context, Database};
use crate::error::{Code, Error, Result};
use crate::files::Files;
use crate::ids::{AnyId, ClientId, Key, SessionId, UserId};
use crate::journal::refusals::Refusals;
use crate::print::press::Press;
use crate::{clients, journal, sessions};

/// How many verified tokens and how many people are remembered.
const REMEMBERED: usize = 20_000;
/// How old the remembered state of a person may be, in microseconds: ending a session or a duty takes effect within it.
const FRESH: i64 = 900_000;

/// Lets callers in. Cheap to clone.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    database: Database,
    clock: Clock,
    ring: Ring,
    passwords: Passwords,
    vault: Arc<Vault>,
    settings: Arc<AccountSettings>,
    mails: bool,
    files: Files,
    press: Press,
    /// Requests under keys.
    running: Arc<Running>,
    refusals: Refusals,
    /// Tokens whose signature was checked, by digest. Their times and their key are checked again at each use.
    tokens: Cache<[u8; 32], Arc<Verified>>,
    /// People by session, and when they were read.
    people: Cache<SessionId, (Instant, Arc<Person>)>,
    /// Machine accounts by token, for one can be taken back alone, and when they were read.
    clients: Cache<AnyId, (Instant, Arc<Client>)>,
}

impl Door {
    /// A door to this database.
    ///
    /// # Errors
    /// 500 if passwords cannot be hashed or secrets sealed here.
    pub fn new(database: Database, ring: Ring, files: Files, clock: Clock, settings: &ServerSettings) -> Result<Self> {
        let passwords = Passwords::new()?;
        let vault = Arc::new(ring.keys().vault()?);
        Ok(Self(Arc::new(Inner {
            database,
            clock,
            ring,
            passwords,
            vault,
            settings: Arc::new(settings.accounts.clone()),
            mails: settings.mail.smtp_url.is_some(),
            files,
            press: Press::new(&settings.print)?,
            running: Arc::default(),
            refusals: Refusals::default(),
            tokens: Cache::new(REMEMBERED),
            people: Cache::new(REMEMBERED),
            clients: Cache::new(REMEMBERED),
        })))
    }

    pub(super) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(super) fn running(&self) -> &Arc<Running> {
        &self.0.running
    }

    pub(super) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(super) fn vault(&self) -> &Arc<Vault> {
        &self.0.vault
    }

    pub(super) fn settings(&self) -> &Arc<AccountSettings> {
        &self.0.settings
    }

    pub(super) fn mails(&self) -> bool {
        self.0.mails
    }

    /// Where files are kept.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.0.files
    }

    pub(super) fn press(&self) -> &Press {
        &self.0.press
    }

    /// What signs tokens.
    #[must_use]
    pub fn keys(&self) -> Arc<Keys> {
        self.0.ring.keys()
    }

    /// The keys are at most a minute old for what follows.
    pub async fn freshen(&self) {
        self.0.ring.keep_fresh(&self.0.database, self.now()).await;
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// Forgets what is remembered of a session that was just ended here: this instance refuses it at once, the others within a second.
    pub(super) fn forget(&self, session: SessionId) {
        self.0.people.remove(&session);
    }

    /// Whether the database answers, and what an operator should look at: `clock` where this machine's differs from the database's by
    /// more than a token's leeway.
    ///
    /// # Errors
    /// 503 if not.
    pub async fn ready(&self) -> Result<Vec<&'static str>> {
        let (context, clock) = (Context::system("health", self.now()), self.0.clock.clone());
        let ahead = self.0.database.read(context, move |db| crate::db::ahead(db.conn, &clock)).await?;
        let wrong = ahead.abs() > token::LEEWAY * 1_000_000;
        if wrong {
            tracing::warn!(seconds = ahead / 1_000_000, "the database is ahead of this machine's clock");
        }
        Ok(if wrong { vec!["clock"] } else { Vec::new() })
    }

    /// Puts a refusal of somebody who is signed in on record, beside the transaction that was refused.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn record_refusal(&self, caller: Caller, marks: RequestMarks, operation: &str, about: Option<Key>) -> Result<()> {
        let now = self.now();
        let Some(entry) = self.0.refusals.count(now, &caller, operation, about) else { return Ok(()) };
        let context = Context { caller, now, marks };
        self.0.database.write(context, move |tx| journal::append(tx, entry.clone())).await
    }

    /// Puts on record how often what was told a minute ago was refused since; at the end, of whatever was told.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn record_counted_refusals(&self, all: bool) -> Result<()> {
        let now = self.now();
        for (caller, entry) in self.0.refusals.counted(now, all) {
            let context = Context { caller, now, marks: RequestMarks::default() };
            self.0.database.write(context, move |tx| journal::append(tx, entry.clone())).await?;
        }
        Ok(())
    }

    /// Whose token this is, as the database knew it at most one second ago; `shown` is when it was shown: what takes long to arrive is not
    /// too late by it.
    ///
    /// # Errors
    /// 401 for a token that is not ours, has ended, or whose session, account or client has; for one of a client that calls from elsewhere
    /// than it may.
    pub async fn identify(&self, token: &str, marks: RequestMarks, shown: Instant) -> Result<Caller> {
        let now = self.now();
        let verified = self.verified(token, shown).await?;
        let claims = &verified.claims;
        match claims.bearer()? {
            Bearer::Session(session, user) => {
                let person = self.person(session, user, now).await?;
                narrowed(person, claims).map(Caller::Person)
            }
            Bearer::Client(client) => self.client(client, claims, marks, now).await.map(Caller::Client),
        }
    }

    async fn person(&self, session: SessionId, user: UserId, now: Instant) -> Result<Arc<Person>> {
        if let Some((read_at, person)) = self.0.people.get(&session)
            && is_fresh(read_at, now)
            && person.id == user
        {
            return Ok(person);
        }
        let context = Context::system("authentication", now);
        let person = self.0.database.read(context, move |db| sessions::store::person(db, session)).await?;
        let person = Arc::new(person.filter(|person| person.id == user).ok_or_else(|| Error::new(Code::InvalidToken))?);
        self.0.people.insert(session, (now, person.clone()));
        Ok(person)
    }

    async fn client(&self, id: ClientId, claims: &Claims, marks: RequestMarks, now: Instant) -> Result<Arc<Client>> {
        let (jti, since) = (claims.jti, claims.since.map(Instant::from_micros));
        let known = self.0.clients.get(&jti).filter(|(read_at, _)| is_fresh(*read_at, now));
        let client = if let Some((_, client)) = known {
            client
        } else {
            let context = Context::system("authentication", now);
            let found = self.0.database.read(context, move |db| clients::store::bearer(db, id, jti, since)).await?;
            let mut client = found.ok_or_else(|| Error::new(Code::InvalidToken))?;
            client.grants = client.grants.within(&Grants::from_words(&claims.scope));
            let client = Arc::new(client);
            self.0.clients.insert(jti, (now, client.clone()));
            client
        };
        if client.calls_from(marks.ip.as_deref()) {
            return Ok(client);
        }
        // A token that is right and comes from elsewhere was taken from its client.
        self.record_refusal(Caller::Client(client), marks, "use_token", None).await?;
        Err(Error::new(Code::InvalidToken))
    }

    /// Checking a signature takes 60 µs, looking a digest up takes none.
    async fn verified(&self, token: &str, now: Instant) -> Result<Arc<Verified>> {
        let digest = <[u8; 32]>::try_from(token::digest(token)).map_err(|_| Error::new(Code::InvalidToken))?;
        let keys = self.keys();
        if let Some(verified) = self.0.tokens.get(&digest) {
            keys.still_holds(&verified, now)?;
            return Ok(verified);
        }
        let verified = if keys.is_strange(token) && self.0.ring.look_again(&self.0.database, now).await {
            self.keys().verify(token, now)
        } else {
            keys.verify(token, now)
        };
        let verified = Arc::new(verified?);
        self.0.tokens.insert(digest, verified.clone());
        Ok(verified)
    }
}

/// The person as this token lets it act: with a program of others, which may ask for a token for less than it was allowed.
fn narrowed(person: Arc<Person>, claims: &Claims) -> Result<Arc<Person>> {
    let Some(app) = &person.app else { return Ok(person) };
    if claims.client_id != app.id.to_string() {
        return Err(Error::new(Code::InvalidToken));
    }
    let grants = app.grants.within(&Grants::from_words(&claims.scope));
    if grants == app.grants {
        return Ok(person);
    }
    let app = Some(App { grants, ..app.clone() });
    Ok(Arc::new(Person { app, ..Person::clone(&person) }))
}

fn is_fresh(read_at: Instant, now: Instant) -> bool {
    (0..FRESH).contains(&(now.micros() - read_at.micros()))
}
