//! Queries on sessions and refresh tokens.

use diesel::dsl::{InnerJoinQuerySource, exists};
use diesel::prelude::*;
use serde_json::Value;

use super::model::{ClientKind, Lives, Session};
use crate::access::caller::{App, Person};
use crate::access::grant::Grants;
use crate::access::policy::{Duties, Duty};
use crate::clock::Instant;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{
    account_cookies, authorization_codes, clients, refresh_tokens, sessions, totp, unit_closure, unit_spells, units, users,
};
use crate::db::{Conn, Db, Tx, lower};
use crate::error::{Code, Error, Result};
use crate::ids::{ClientId, SessionId, UnitId, UserId};
use crate::units::model::Kind;
use crate::units::rules::scope_of;

/// How long after its use a refresh token still answers the same successor: an answer that a phone never got costs nothing.
const GRACE: i64 = 10;

diesel::alias! {
    const APP_UNITS: Alias<AppUnits> = units as app_units;
    const APP_SPELLS: Alias<AppSpells> = unit_spells as app_spells;
    const OTHERS: Alias<Others> = users as others;
}

/// The person of a session that has not ended, of an account that is active. A front end has sessions only as long as it may be signed in
/// with: neither disabled nor ended, of a unit that stands, by people of this unit and below.
///
/// # Errors
/// Database errors.
pub fn person(db: &mut Db<'_>, session: SessionId) -> Result<Option<Person>> {
    type Of = (UserId, String, String, String, bool, bool, UnitId, Kind, Option<UnitId>);
    type With = (Option<String>, Option<ClientId>, Option<(ClientId, String, String)>);
    let (now, day) = (db.now(), db.today());
    let (app_unit, app_parent) = (APP_SPELLS.field(unit_spells::unit_id), APP_SPELLS.field(unit_spells::parent_id));
    let division = APP_UNITS.field(units::kind).eq(Kind::Division);
    // As `scope_of` says: a division's program is for the whole department.
    let is_for = unit_closure::table
        .filter(unit_closure::descendant.eq(users::unit_id))
        .filter(
            unit_closure::ancestor
                .eq(app_unit)
                .or(division.and(app_parent.is_not_null()).and(unit_closure::ancestor.nullable().eq(app_parent))),
        )
        .filter(unit_closure::valid_from.le(day))
        .filter(unit_closure::valid_to.gt(day));
    let app = clients::disabled
        .eq(false)
        .and(clients::expires_at.is_null().or(clients::expires_at.gt(now)))
        .and(APP_SPELLS.field(unit_spells::valid_from).le(day))
        .and(APP_SPELLS.field(unit_spells::valid_to).gt(day))
        .and(exists(is_for));
    let other = OTHERS.field(users::id);
    let mut rows: Vec<(Of, With, Option<UserId>)> = sessions::table
        .inner_join(users::table)
        .left_join(OTHERS.on(lower(OTHERS.field(users::email)).eq(lower(users::email)).and(other.ne(users::id))))
        .left_join(
            clients::table
                .inner_join(APP_UNITS.on(APP_UNITS.field(units::id).eq(clients::unit_id)))
                .inner_join(APP_SPELLS.on(app_unit.eq(clients::unit_id)))
                .on(sessions::app_id.eq(clients::id.nullable()).and(app)),
        )
        .inner_join(units::table.on(units::id.eq(users::unit_id)))
        .inner_join(unit_spells::table.on(unit_spells::unit_id.eq(users::unit_id)))
        .left_join(totp::table.on(totp::user_id.eq(users::id).and(totp::confirmed_at.is_not_null())))
        .filter(sessions::id.eq(session))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::idle_until.gt(now))
        .filter(users::status.eq("active"))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .select((
            (
                users::id,
                users::username,
                users::full_name,
                users::duties,
                users::must_change_password,
                totp::user_id.nullable().is_not_null(),
                users::unit_id,
                units::kind,
                unit_spells::parent_id,
            ),
            (sessions::scopes, sessions::app_id, (clients::id, clients::name, clients::scopes).nullable()),
            other.nullable(),
        ))
        .load(db.conn)?;
    let others: Vec<UserId> = rows.iter().filter_map(|row| row.2).collect();
    let Some((of, (allowed, app_id, client), _)) = rows.pop() else { return Ok(None) };
    let app = match (app_id, client) {
        (None, _) => None,
        (Some(_), None) => return Ok(None),
        (Some(_), Some((id, name, scopes))) => {
            let grants = Grants::from_words(&allowed.unwrap_or_default()).within(&Grants::from_words(&scopes));
            Some(App { id, name, grants })
        }
    };
    let (id, username, full_name, duties, must_change_password, totp, unit, kind, parent): Of = of;
    let duties = Duties::from_words(&duties);
    let lacks_totp = duties.has(Duty::Admin) && !totp;
    Ok(Some(Person {
        id,
        others,
        session,
        username,
        full_name,
        role: kind.role(),
        duties: if lacks_totp { duties.without(Duty::Admin) } else { duties },
        totp,
        lacks_totp,
        unit,
        scope: scope_of(unit, kind, parent, day),
        must_change_password,
        app,
    }))
}

/// What signing in needs of an account.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account.
    pub id: UserId,
    /// Its name.
    pub username: String,
    /// Its version.
    pub version: i64,
    /// The PHC string, if a password was ever set.
    pub password_hash: Option<String>,
    /// Whether it may sign in.
    pub active: bool,
    /// What it may do.
    pub duties: Duties,
    /// Where it works.
    pub unit: UnitId,
    /// Its second factor, sealed, if it has one.
    pub totp: Option<Vec<u8>>,
}

impl Account {
    /// Whether what was right of it is right still: it may sign in, with the password and the second factor of then. Looking at a password
    /// takes a while; whoever changes these meanwhile comes before, or after all of this transaction.
    ///
    /// # Errors
    /// Database errors.
    pub fn holds(&self, tx: &mut Tx<'_>) -> Result<bool> {
        hold(tx, self.id)?;
        let now = account(tx, &self.username)?.filter(|now| now.active);
        // A hash made anew is of the same password, and no version of the account.
        let same_password = |now: &Self| now.password_hash == self.password_hash || now.version == self.version;
        Ok(now.is_some_and(|now| now.totp == self.totp && same_password(&now)))
    }
}

/// Whoever lets others in is asked once more, in the transaction that does it: an instance knows the end of a session within a second,
/// and what is given in that second would stay. Whoever takes its right away meanwhile comes before, or after all of it.
///
/// # Errors
/// 401 where the caller's session has ended, or its unit or duties are not those that it was let in with.
pub fn must_stand(tx: &mut Tx<'_>) -> Result<()> {
    let Some(known) = tx.context.caller.person().cloned() else { return Ok(()) };
    hold(tx, known.id)?;
    let now = person(tx, known.session)?;
    let of = |person: &Person| (person.id, person.unit, person.duties, person.scope.root());
    let stands = now.is_some_and(|now| of(&now) == of(&known));
    if stands { Ok(()) } else { Err(Error::new(Code::InvalidToken)) }
}

/// Nobody else opens, goes on with or ends sessions of an account until the end of the transaction.
///
/// # Errors
/// Database errors.
pub fn hold(tx: &mut Tx<'_>, user: UserId) -> Result<()> {
    if let Conn::Pg(pg) = &mut *tx.conn {
        let _: Option<UserId> = users::table.find(user).select(users::id).for_no_key_update().first(pg).optional()?;
    }
    Ok(())
}

/// The account with this name.
///
/// # Errors
/// Database errors.
pub fn account(db: &mut Db<'_>, username: &str) -> Result<Option<Account>> {
    type Row = (UserId, i64, Option<String>, String, String, UnitId, Option<Vec<u8>>);
    let row: Option<Row> = users::table
        .left_join(totp::table.on(totp::user_id.eq(users::id).and(totp::confirmed_at.is_not_null())))
        .filter(users::username.eq(username))
        .select((users::id, users::version, users::password_hash, users::status, users::duties, users::unit_id, totp::secret.nullable()))
        .first(db.conn)
        .optional()?;
    Ok(row.map(|(id, version, password_hash, status, duties, unit, totp)| Account {
        id,
        username: username.to_owned(),
        version,
        password_hash,
        active: status == "active",
        duties: Duties::from_words(&duties),
        unit,
        totp,
    }))
}

/// The duties of an account that is active.
///
/// # Errors
/// Database errors.
pub fn duties(db: &mut Db<'_>, user: UserId) -> Result<Option<Duties>> {
    let active = users::table.filter(users::id.eq(user)).filter(users::status.eq("active")).select(users::duties);
    Ok(active.first::<String>(db.conn).optional()?.as_deref().map(Duties::from_words))
}

/// A session that begins.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// The kind of client.
    pub client: ClientKind,
    /// Seconds without a refresh after which it ends, and after which it ends whatever happens.
    pub life: (i64, i64),
    /// Its name for people.
    pub device: Option<String>,
    /// The address that it is opened from.
    pub ip: Option<String>,
    /// What is kept of what goes on with it.
    pub kept: Kept,
    /// The front end that acts in it, and with which scopes.
    pub app: Option<(ClientId, String)>,
}

/// What is kept of what a session goes on with.
#[derive(Clone, Debug)]
pub enum Kept {
    /// The digest of its first refresh token.
    Token(Vec<u8>),
    /// The digest of a browser's cookie on our own pages.
    Cookie(Vec<u8>),
}

/// Opens a session; answers when it ends unless it is refreshed.
///
/// # Errors
/// Database errors.
pub fn open(tx: &mut Tx<'_>, opening: &Opening) -> Result<Instant> {
    let now = tx.now();
    let (idle, end) = (now.plus(opening.life.0), now.plus(opening.life.1));
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(opening.id),
            sessions::user_id.eq(opening.user),
            sessions::client.eq(opening.client),
            sessions::device.eq(&opening.device),
            sessions::ip.eq(&opening.ip),
            sessions::created_at.eq(now),
            sessions::last_seen_at.eq(now),
            sessions::idle_until.eq(idle),
            sessions::expires_at.eq(end),
            sessions::app_id.eq(opening.app.as_ref().map(|(app, _)| *app)),
            sessions::scopes.eq(opening.app.as_ref().map(|(_, scopes)| scopes)),
        ))
        .execute(tx.conn)?;
    match &opening.kept {
        Kept::Token(digest) => diesel::insert_into(refresh_tokens::table)
            .values((refresh_tokens::digest.eq(digest), refresh_tokens::session_id.eq(opening.id), refresh_tokens::generation.eq(0)))
            .execute(tx.conn)?,
        Kept::Cookie(digest) => diesel::insert_into(account_cookies::table)
            .values((account_cookies::digest.eq(digest), account_cookies::session_id.eq(opening.id)))
            .execute(tx.conn)?,
    };
    diesel::update(users::table.filter(users::id.eq(opening.user))).set(users::last_seen_at.eq(now)).execute(tx.conn)?;
    Ok(idle.min(end))
}

/// What came of a refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// The session goes on until then.
    Goes {
        /// The session.
        session: SessionId,
        /// The kind of client.
        client: ClientKind,
        /// When it ends unless it is refreshed again.
        until: Instant,
    },
    /// Unknown, expired or ended.
    Unknown,
    /// Used before: the session was ended, because one of the two who hold the token stole it.
    Reused(SessionId),
}

/// Uses up a refresh token of this front end, or of none, and puts its successor in its place. One token has one successor: `successor` is
/// derived from it.
///
/// # Errors
/// Database errors.
pub fn refresh(tx: &mut Tx<'_>, lives: Lives, app: Option<ClientId>, digest: &[u8], successor: &[u8]) -> Result<Refreshed> {
    let token: Option<(SessionId, i32, UserId, Option<ClientId>)> = refresh_tokens::table
        .inner_join(sessions::table)
        .filter(refresh_tokens::digest.eq(digest))
        .select((refresh_tokens::session_id, refresh_tokens::generation, sessions::user_id, sessions::app_id))
        .first(tx.conn)
        .optional()?;
    // What was given to another is nothing here, and stays what it is there.
    let token = token.filter(|(.., of)| *of == app);
    let Some((session, generation, user, _)) = token else { return Ok(Refreshed::Unknown) };
    hold(tx, user)?;
    let now = tx.now();
    let alive: Option<(ClientKind, Instant, String)> = sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(session))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::idle_until.gt(now))
        .filter(users::status.eq("active"))
        .select((sessions::client, sessions::expires_at, users::duties))
        .first(tx.conn)
        .optional()?;
    let Some((client, expires_at, duties)) = alive else { return Ok(Refreshed::Unknown) };
    let used_at: Option<Instant> =
        refresh_tokens::table.filter(refresh_tokens::digest.eq(digest)).select(refresh_tokens::used_at).first(tx.conn)?;
    let idle = now.plus(lives.idle(client, Duties::from_words(&duties)));
    match used_at {
        None => {
            diesel::update(refresh_tokens::table.filter(refresh_tokens::digest.eq(digest)))
                .set(refresh_tokens::used_at.eq(now))
                .execute(tx.conn)?;
            diesel::insert_into(refresh_tokens::table)
                .values((
                    refresh_tokens::digest.eq(successor),
                    refresh_tokens::session_id.eq(session),
                    refresh_tokens::generation.eq(generation + 1),
                ))
                .execute(tx.conn)?;
            diesel::update(sessions::table.filter(sessions::id.eq(session)))
                .set((sessions::last_seen_at.eq(now), sessions::idle_until.eq(idle)))
                .execute(tx.conn)?;
            diesel::update(users::table.find(user)).set(users::last_seen_at.eq(now)).execute(tx.conn)?;
        }
        Some(used_at) if used_at.plus(GRACE) > now && is_fresh(tx, successor)? => {}
        Some(_) => {
            end(tx, session)?;
            return Ok(Refreshed::Reused(session));
        }
    }
    Ok(Refreshed::Goes { session, client, until: idle.min(expires_at) })
}

/// Whether the token is there and was never used: grace reaches only the one immediately before it.
fn is_fresh(tx: &mut Tx<'_>, digest: &[u8]) -> Result<bool> {
    let fresh = refresh_tokens::table.filter(refresh_tokens::digest.eq(digest)).filter(refresh_tokens::used_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(fresh)).get_result(tx.conn)?)
}

/// Ends a session that has not ended; answers whether it did.
///
/// # Errors
/// Database errors.
pub fn end(tx: &mut Tx<'_>, session: SessionId) -> Result<bool> {
    let open = sessions::table.filter(sessions::id.eq(session)).filter(sessions::ended_at.is_null());
    Ok(diesel::update(open).set(sessions::ended_at.eq(tx.now())).execute(tx.conn)? > 0)
}

/// The session of a front end that a refresh token belongs to.
///
/// # Errors
/// Database errors.
pub fn of_refresh_token(db: &mut Db<'_>, app: ClientId, digest: &[u8]) -> Result<Option<SessionId>> {
    let of_app =
        refresh_tokens::table.inner_join(sessions::table).filter(refresh_tokens::digest.eq(digest)).filter(sessions::app_id.eq(app));
    Ok(of_app.select(refresh_tokens::session_id).first(db.conn).optional()?)
}

/// The person of a browser's cookie, if its session has not ended.
///
/// # Errors
/// Database errors.
pub fn of_cookie(db: &mut Db<'_>, digest: &[u8]) -> Result<Option<Person>> {
    let session = account_cookies::table.filter(account_cookies::digest.eq(digest)).select(account_cookies::session_id);
    let session: Option<SessionId> = session.first(db.conn).optional()?;
    session.map(|session| person(db, session)).transpose().map(Option::flatten)
}

/// A session goes on for so many seconds more, for its browser was here, unless it was ended meanwhile. What ends it from now on comes after
/// all of this transaction. Answers whether it goes on.
///
/// # Errors
/// Database errors.
pub fn prolong(tx: &mut Tx<'_>, person: &Person, idle: i64) -> Result<bool> {
    hold(tx, person.id)?;
    let now = tx.now();
    let open = sessions::table.filter(sessions::id.eq(person.session)).filter(sessions::ended_at.is_null());
    let change = (sessions::last_seen_at.eq(now), sessions::idle_until.eq(now.plus(idle)));
    Ok(diesel::update(open).set(change).execute(tx.conn)? > 0)
}

/// Uses up the codes that nobody exchanged yet, of an account or of any, to a front end or to any: no session comes of them. Before its
/// sessions end, so that an exchange at this very moment comes before both or after both.
///
/// # Errors
/// Database errors.
pub fn use_up_codes(tx: &mut Tx<'_>, user: Option<UserId>, app: Option<ClientId>) -> Result<()> {
    use authorization_codes as codes;
    let mut open = diesel::update(codes::table.filter(codes::used_at.is_null())).set(codes::used_at.eq(tx.now())).into_boxed();
    if let Some(user) = user {
        open = open.filter(codes::user_id.eq(user));
    }
    if let Some(app) = app {
        open = open.filter(codes::client_id.eq(app));
    }
    open.execute(tx.conn)?;
    Ok(())
}

/// Ends the sessions that a front end has of an account.
///
/// # Errors
/// Database errors.
pub fn end_of_app(tx: &mut Tx<'_>, user: UserId, app: ClientId) -> Result<()> {
    hold(tx, user)?;
    use_up_codes(tx, Some(user), Some(app))?;
    let open = sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::app_id.eq(app)).filter(sessions::ended_at.is_null());
    diesel::update(open).set(sessions::ended_at.eq(tx.now())).execute(tx.conn)?;
    Ok(())
}

/// Ends the sessions that a front end has of anybody.
///
/// # Errors
/// Database errors.
pub fn end_with(tx: &mut Tx<'_>, app: ClientId) -> Result<()> {
    use_up_codes(tx, None, Some(app))?;
    let open = sessions::table.filter(sessions::app_id.eq(app)).filter(sessions::ended_at.is_null());
    diesel::update(open).set(sessions::ended_at.eq(tx.now())).execute(tx.conn)?;
    Ok(())
}

/// Ends every session of an account.
///
/// # Errors
/// Database errors.
pub fn end_all(tx: &mut Tx<'_>, user: UserId) -> Result<()> {
    hold(tx, user)?;
    use_up_codes(tx, Some(user), None)?;
    let open = sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::ended_at.is_null());
    diesel::update(open).set(sessions::ended_at.eq(tx.now())).execute(tx.conn)?;
    Ok(())
}

/// Ends every session of an account but one.
///
/// # Errors
/// Database errors.
pub fn end_others(tx: &mut Tx<'_>, user: UserId, kept: SessionId) -> Result<()> {
    hold(tx, user)?;
    use_up_codes(tx, Some(user), None)?;
    let open = sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::ended_at.is_null()).filter(sessions::id.ne(kept));
    diesel::update(open).set(sessions::ended_at.eq(tx.now())).execute(tx.conn)?;
    Ok(())
}

/// Takes away sessions that ended before a moment, by themselves or by somebody, with their refresh tokens; so many at the most. Answers
/// how many.
///
/// # Errors
/// Database errors.
pub fn sweep(tx: &mut Tx<'_>, before: Instant, most: i64) -> Result<usize> {
    let by_itself = sessions::expires_at.lt(before).or(sessions::idle_until.lt(before));
    let over = by_itself.or(sessions::ended_at.lt(before).assume_not_null());
    let over: Vec<SessionId> = sessions::table.filter(over).limit(most).select(sessions::id).load(tx.conn)?;
    diesel::delete(account_cookies::table.filter(account_cookies::session_id.eq_any(&over))).execute(tx.conn)?;
    diesel::delete(authorization_codes::table.filter(authorization_codes::session_id.eq_any(&over))).execute(tx.conn)?;
    diesel::delete(refresh_tokens::table.filter(refresh_tokens::session_id.eq_any(&over))).execute(tx.conn)?;
    Ok(diesel::delete(sessions::table.filter(sessions::id.eq_any(&over))).execute(tx.conn)?)
}

/// Whose session it is and since when, if it has not ended.
///
/// # Errors
/// Database errors.
pub fn owner(db: &mut Db<'_>, session: SessionId) -> Result<Option<(UserId, Instant)>> {
    let open = sessions::table.find(session).filter(sessions::ended_at.is_null());
    Ok(open.select((sessions::user_id, sessions::created_at)).first(db.conn).optional()?)
}

/// The unit of the person whose session it is.
///
/// # Errors
/// Database errors.
pub fn unit_of(db: &mut Db<'_>, session: SessionId) -> Result<Option<UnitId>> {
    let owner = sessions::table.inner_join(users::table).filter(sessions::id.eq(session)).select(users::unit_id);
    Ok(owner.first(db.conn).optional()?)
}

type Source = InnerJoinQuerySource<sessions::table, users::table>;

/// A page of an account's sessions that have not ended.
///
/// # Errors
/// Database errors.
pub fn list(db: &mut Db<'_>, user: UserId, current: SessionId, page: &PageRequest) -> Result<Page<Session>> {
    type Row = (SessionId, ClientKind, Option<String>, Option<String>, Instant, Instant, Instant);
    let now = db.now();
    let own = || {
        sessions::table
            .inner_join(users::table)
            .filter(sessions::user_id.eq(user))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::expires_at.gt(now))
            .filter(sessions::idle_until.gt(now))
    };
    let total = if page.count { Some(own().count().get_result(db.conn)?) } else { None };
    let query = own()
        .select((
            sessions::id,
            sessions::client,
            sessions::device,
            sessions::ip,
            sessions::created_at,
            sessions::last_seen_at,
            sessions::expires_at,
        ))
        .into_boxed();
    let query = keyset!(query, page, Source, { "created_at" => sessions::created_at: Instant }, sessions::id);
    let rows: Vec<Row> = query.load(db.conn)?;
    let rows = rows.into_iter().map(|(id, client, device, ip, created_at, last_seen_at, expires_at)| Session {
        id,
        client,
        device,
        ip,
        created_at,
        last_seen_at,
        expires_at,
        current: id == current,
    });
    Ok(Page::cut(rows.collect(), page, total, |session, name| -> Value {
        if name == "created_at" { session.created_at.write() } else { session.id.write() }
    }))
}
