//! What of OAuth stands in the database.

use diesel::prelude::*;
use serde_json::json;

use super::rules::{self, Credentials};
use crate::access::caller::{App, Person};
use crate::access::grant::Grants;
use crate::access::token::digest;
use crate::clients::model::{ClientType, FrontEnd};
use crate::clients::store::{self, Account};
use crate::clock::Instant;
use crate::db::schema::{authorization_codes as codes, clients, consents};
use crate::db::{Conn, Db, Tx, each};
use crate::error::Result;
use crate::ids::{ClientId, Id, SessionId, UserId};
use crate::journal::{self, Entry};
use crate::sessions;
use crate::sessions::guesses::{self, Guesser, Patience};
use crate::sessions::model::{ClientKind, Lives};
use crate::sessions::store::{Kept, Opening};
use crate::units::store::within;

/// What came of a client that proves itself.
#[derive(Clone, Debug)]
pub enum Proved {
    /// It is who it says.
    Client(Box<Account>),
    /// It is not, or may not call now or from there.
    No,
    /// Too many were not, from this address: come back after so many seconds.
    Waits(i64),
}

/// Looks whether a client is who it says, and keeps what came of it: its last use, or on record that it was refused and why. Secrets have 256
/// bits, so a right one is taken whatever was tried before.
///
/// # Errors
/// Database errors.
pub fn prove(tx: &mut Tx<'_>, patience: Patience, credentials: &Credentials) -> Result<Proved> {
    let id: Option<ClientId> = credentials.id.parse().ok();
    let account = id.map(|id| store::account(tx, id)).transpose()?.flatten();
    let ip = tx.context.marks.ip.clone();
    let secret = digest(&credentials.secret);
    let wrong = match &account {
        None => "inactive",
        Some(account) if !account.digests.contains(&secret) => "secret",
        Some(account) if !account.client.calls_from(ip.as_deref()) => "network",
        Some(account) => {
            store::note_use(tx, account.client.id, &secret)?;
            return Ok(Proved::Client(Box::new(account.clone())));
        }
    };
    if let Some(ip) = ip.as_deref()
        && let Some(seconds) = guesses::strike(tx, patience, Guesser::Client, ip)?
    {
        return Ok(Proved::Waits(seconds));
    }
    let unit = id.map(|id| store::unit_of(tx, id)).transpose()?.flatten();
    let after = Some(json!({ "reason": wrong }).to_string());
    // An id that nobody has is not told: it may be a secret.
    let resource = id.filter(|_| unit.is_some()).map(ClientId::any);
    let entry = Entry { unit, refused: true, after, resource, ..Entry::new("token.create", None, "client", Id::new()) };
    journal::append(tx, entry)?;
    Ok(Proved::No)
}

/// How long a code holds, in seconds.
const CODE_LIFE: i64 = 60;

/// Whether a person may sign in with a front end: one of its unit or below.
///
/// # Errors
/// Database errors.
pub fn is_for(db: &mut Db<'_>, front_end: &FrontEnd, person: &Person) -> Result<bool> {
    use crate::db::schema::units;
    let day = db.today();
    let ours = units::table.filter(units::id.eq(person.unit)).filter(units::id.eq_any(within(front_end.root, day)));
    Ok(diesel::select(diesel::dsl::exists(ours)).get_result(db.conn)?)
}

/// What a person allowed a front end.
///
/// # Errors
/// Database errors.
pub fn allowed(db: &mut Db<'_>, user: UserId, client: ClientId) -> Result<Grants> {
    let words: Option<String> = consents::table.find((user, client)).select(consents::scopes).first(db.conn).optional()?;
    Ok(words.as_deref().map(Grants::from_words).unwrap_or_default())
}

/// Whether a person still allows a front end this. Whoever withdraws it at this moment waits for what is done on it, and undoes it.
///
/// # Errors
/// Database errors.
pub fn still_allows(tx: &mut Tx<'_>, user: UserId, client: ClientId, grants: &Grants) -> Result<bool> {
    if let Conn::Pg(pg) = &mut *tx.conn {
        let row = consents::table.find((user, client)).select(consents::client_id);
        let _: Option<ClientId> = row.for_no_key_update().first(pg).optional()?;
    }
    Ok(grants.within(&allowed(tx, user, client)?) == *grants)
}

/// A front end that a person allowed something.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// The client.
    pub id: ClientId,
    /// What it is, for people.
    pub name: String,
    /// What it was allowed.
    pub grants: Grants,
    /// When.
    pub at: Instant,
}

/// All front ends that a person allowed something, by name.
///
/// # Errors
/// Database errors.
pub fn all_allowed(db: &mut Db<'_>, user: UserId) -> Result<Vec<Allowed>> {
    type Row = (ClientId, String, String, Instant);
    let rows: Vec<Row> = consents::table
        .inner_join(clients::table)
        .filter(consents::user_id.eq(user))
        .order_by((clients::sort_key, clients::id))
        .select((clients::id, clients::name, consents::scopes, consents::granted_at))
        .load(db.conn)?;
    Ok(rows.into_iter().map(|(id, name, scopes, at)| Allowed { id, name, grants: Grants::from_words(&scopes), at }).collect())
}

/// Remembers what a person allowed, beside what it did before.
///
/// # Errors
/// Database errors.
pub fn allow(tx: &mut Tx<'_>, person: &Person, client: &FrontEnd, grants: &Grants) -> Result<()> {
    let before = allowed(tx, person.id, client.id)?;
    let all = Grants::of(&[before.list(), grants.list()].concat());
    if all == before {
        return Ok(());
    }
    let (words, now) = (all.words(), tx.now());
    let row =
        (consents::user_id.eq(person.id), consents::client_id.eq(client.id), consents::scopes.eq(&words), consents::granted_at.eq(now));
    let change = (consents::scopes.eq(&words), consents::granted_at.eq(now));
    let conn = &mut *tx.conn;
    each!(conn => diesel::insert_into(consents::table).values(row).on_conflict((consents::user_id, consents::client_id)).do_update().set(change).execute(conn))?;
    let after = Some(json!({"user": person.username, "scopes": all.list()}).to_string());
    journal::append(tx, Entry { after, ..by(person, "consent.grant", client.id) })
}

/// Takes back what a person allowed a front end, and ends the sessions that it has.
///
/// # Errors
/// Database errors.
pub fn disallow(tx: &mut Tx<'_>, person: &Person, client: ClientId) -> Result<()> {
    sessions::store::end_of_app(tx, person.id, client)?;
    let known = diesel::delete(consents::table.find((person.id, client))).execute(tx.conn)? > 0;
    if known { journal::append(tx, by(person, "consent.withdraw", client)) } else { Ok(()) }
}

fn by(person: &Person, action: &'static str, client: ClientId) -> Entry {
    let signs = Some((person.id, person.full_name.clone(), person.unit));
    Entry { unit: Some(person.unit), signs, ..Entry::new(action, None, "client", client.any()) }
}

/// A code that is given to a front end through a browser.
#[derive(Clone, Debug)]
pub struct NewCode<'c> {
    /// What is kept of it.
    pub digest: &'c [u8],
    /// To whom.
    pub client: ClientId,
    /// For whom.
    pub user: UserId,
    /// Where it is taken.
    pub redirect_uri: &'c str,
    /// What its user will prove itself with.
    pub challenge: &'c str,
    /// For what.
    pub grants: &'c Grants,
}

/// Records a code.
///
/// # Errors
/// Database errors.
pub fn add_code(tx: &mut Tx<'_>, code: &NewCode<'_>) -> Result<()> {
    diesel::insert_into(codes::table)
        .values((
            codes::digest.eq(code.digest),
            codes::client_id.eq(code.client),
            codes::user_id.eq(code.user),
            codes::redirect_uri.eq(code.redirect_uri),
            codes::challenge.eq(code.challenge),
            codes::scopes.eq(code.grants.words()),
            codes::expires_at.eq(tx.now().plus(CODE_LIFE)),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// A code that comes back with what goes with it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Who says it asks.
    pub client: ClientId,
    /// What is kept of the code.
    pub code: Vec<u8>,
    /// Where it says the code was taken.
    pub redirect_uri: String,
    /// What it proves itself with.
    pub verifier: String,
    /// How long sessions last.
    pub lives: Lives,
    /// What is kept of the session's first refresh token.
    pub kept: Vec<u8>,
    /// The address that it comes from.
    pub ip: Option<String>,
}

/// A session of a person with a front end.
#[derive(Clone, Debug)]
pub struct Session {
    /// The person.
    pub person: Person,
    /// The front end.
    pub app: App,
}

impl Session {
    fn of(db: &mut Db<'_>, session: SessionId) -> Result<Option<Self>> {
        let person = sessions::store::person(db, session)?;
        Ok(person.and_then(|person| Some(Self { app: person.app.clone()?, person })))
    }
}

/// Uses a code up. What does not fit uses it up as well, and one that was used ends the session that came of it: one of the two who have it
/// stole it (RFC 6749 section 4.1.2).
///
/// # Errors
/// Database errors.
pub fn exchange(tx: &mut Tx<'_>, asked: &Exchange) -> Result<Option<Session>> {
    type Row = (ClientId, UserId, String, String, String, Instant, Option<Instant>, Option<SessionId>);
    let code = || codes::table.filter(codes::digest.eq(asked.code.clone()));
    let columns = (
        codes::client_id,
        codes::user_id,
        codes::redirect_uri,
        codes::challenge,
        codes::scopes,
        codes::expires_at,
        codes::used_at,
        codes::session_id,
    );
    let row: Option<Row> = match &mut *tx.conn {
        Conn::Pg(pg) => code().select(columns).for_no_key_update().first(pg).optional()?,
        Conn::Lite(lite) => code().select(columns).first(lite).optional()?,
    };
    let Some((client, user, redirect_uri, challenge, scopes, expires_at, used_at, session)) = row else { return Ok(None) };
    if used_at.is_some() {
        // On record once: whoever has a used code writes no journal with it.
        if let Some(session) = session
            && sessions::store::end(tx, session)?
        {
            let unit = sessions::store::unit_of(tx, session)?;
            journal::append(tx, Entry { unit, refused: true, ..Entry::new("code.reuse", None, "session", session.any()) })?;
        }
        return Ok(None);
    }
    let now = tx.now();
    diesel::update(code()).set(codes::used_at.eq(now)).execute(tx.conn)?;
    let holds =
        client == asked.client && now < expires_at && redirect_uri == asked.redirect_uri && rules::fits(&asked.verifier, &challenge);
    let Some(front_end) = store::front_end(tx, client)?.filter(|_| holds) else {
        let (unit, after) = (store::unit_of(tx, client)?, Some(json!({ "reason": "code" }).to_string()));
        journal::append(tx, Entry { unit, refused: true, after, ..Entry::new("token.create", None, "client", client.any()) })?;
        return Ok(None);
    };
    let kind = if front_end.kind == ClientType::Mobile { ClientKind::Mobile } else { ClientKind::Web };
    let Some(duties) = sessions::store::duties(tx, user)? else { return Ok(None) };
    let opening = Opening {
        id: Id::new(),
        user,
        client: kind,
        life: (asked.lives.idle(kind, duties), asked.lives.absolute(kind)),
        device: Some(front_end.name.clone()),
        ip: asked.ip.clone(),
        kept: Kept::Token(asked.kept.clone()),
        app: Some((client, scopes)),
    };
    sessions::store::open(tx, &opening)?;
    diesel::update(code()).set(codes::session_id.eq(opening.id)).execute(tx.conn)?;
    store::note_sign_in(tx, client)?;
    let Some(session) = Session::of(tx, opening.id)? else {
        // Its unit is gone, say: nobody is in.
        sessions::store::end(tx, opening.id)?;
        return Ok(None);
    };
    let person = &session.person;
    let entry = Entry::new("session.create", None, "session", opening.id.any());
    let (code, signs) = (Some(person.username.clone()), Some((person.id, person.full_name.clone(), person.unit)));
    let after = Some(json!({"client": {"id": client, "name": front_end.name}, "scopes": session.app.grants.list()}).to_string());
    journal::append(tx, Entry { code, signs, after, unit: Some(person.unit), ..entry })?;
    Ok(Some(session))
}

/// What came of a refresh token of a front end.
#[derive(Clone, Debug)]
pub enum Refreshed {
    /// The session goes on.
    Goes(Box<Session>),
    /// More was asked than the person allowed.
    Wider,
    /// It does not hold here.
    No,
}

/// Uses a refresh token of this front end up, for a token of no more than the person allowed.
///
/// # Errors
/// Database errors.
pub fn refresh(tx: &mut Tx<'_>, lives: Lives, client: ClientId, asked: Option<&str>, digest: &[u8], successor: &[u8]) -> Result<Refreshed> {
    let Some(session) = sessions::store::of_refresh_token(tx, client, digest)? else { return Ok(Refreshed::No) };
    // While it may not be signed in with, its tokens stay what they are.
    let Some(granted) = Session::of(tx, session)?.map(|session| session.app.grants) else { return Ok(Refreshed::No) };
    if asked.is_some_and(|words| granted.narrowed(words).is_none()) {
        return Ok(Refreshed::Wider);
    }
    match sessions::store::refresh(tx, lives, Some(client), digest, successor)? {
        sessions::store::Refreshed::Goes { session, .. } => {
            store::note_sign_in(tx, client)?;
            Ok(Session::of(tx, session)?.map_or(Refreshed::No, |session| Refreshed::Goes(Box::new(session))))
        }
        sessions::store::Refreshed::Unknown => Ok(Refreshed::No),
        sessions::store::Refreshed::Reused(session) => {
            let unit = sessions::store::unit_of(tx, session)?;
            journal::append(tx, Entry { unit, ..Entry::new("session.reuse", None, "session", session.any()) })?;
            Ok(Refreshed::No)
        }
    }
}

/// Ends a session, on record of the person whose it is.
///
/// # Errors
/// Database errors.
pub fn end_session(tx: &mut Tx<'_>, session: SessionId) -> Result<()> {
    let person = sessions::store::person(tx, session)?;
    if !sessions::store::end(tx, session)? {
        return Ok(());
    }
    let signs = person.as_ref().map(|person| (person.id, person.full_name.clone(), person.unit));
    let app = person.as_ref().and_then(|person| person.app.as_ref());
    let after = app.map(|app| json!({"client": {"id": app.id, "name": app.name}}).to_string());
    let unit = person.map(|person| person.unit);
    journal::append(tx, Entry { unit, after, signs, ..Entry::new("session.delete", None, "session", session.any()) })
}

/// Takes away codes of long ago; those of today stay, so that one that comes back is known. Answers how many.
///
/// # Errors
/// Database errors.
pub fn sweep(tx: &mut Tx<'_>) -> Result<usize> {
    Ok(diesel::delete(codes::table.filter(codes::expires_at.lt(tx.now().plus(-86_400)))).execute(tx.conn)?)
}
