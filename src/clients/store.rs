//! Queries on clients. What admins do starts from `visible`; what a client itself does, from its id and what it proves itself with.

use std::collections::HashMap;

use diesel::dsl::{InnerJoinQuerySource, exists, not};
use diesel::prelude::*;
use ipnet::IpNet;
use serde_json::Value;

use super::model::{Client, ClientFilters, ClientSecret, ClientStatus, ClientType, FrontEnd};
use crate::access::caller;
use crate::access::grant::Grants;
use crate::clock::Instant;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{client_secrets, clients, consents, revoked_tokens, unit_spells, units};
use crate::db::{Conn, Db, Tx, each};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::{AnyId, ClientId, UnitId};
use crate::sessions;
use crate::text;
use crate::units::model::{Kind, UnitRef};
use crate::units::rules::scope_of;
use crate::units::store::{referred_unit, within};

type Source = InnerJoinQuerySource<clients::table, units::table>;

/// How exactly it is told when something was last used, in seconds.
const LAST_USE: i64 = 60;

#[derive(Debug, Queryable)]
struct Row {
    id: ClientId,
    kind: ClientType,
    name: String,
    sort_key: Vec<u8>,
    unit: (UnitId, String, Option<String>),
    scopes: String,
    networks: String,
    redirect_uris: String,
    disabled: bool,
    expires_at: Option<Instant>,
    last_used_at: Option<Instant>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

/// Clients of the scope. A macro, because the type has no name.
macro_rules! visible {
    ($scope:expr) => {{
        let scope: crate::access::scope::Scope = $scope;
        clients::table.inner_join(units::table).filter(clients::unit_id.eq_any(within(scope.root(), scope.today()))).into_boxed()
    }};
}

macro_rules! columns {
    ($day:expr) => {{
        let day: chrono::NaiveDate = $day;
        (
            clients::id,
            clients::type_,
            clients::name,
            clients::sort_key,
            (
                clients::unit_id,
                units::code,
                unit_spells::table
                    .filter(unit_spells::unit_id.eq(clients::unit_id))
                    .filter(unit_spells::valid_from.le(day))
                    .filter(unit_spells::valid_to.gt(day))
                    .select(unit_spells::name)
                    .single_value(),
            ),
            clients::scopes,
            clients::networks,
            clients::redirect_uris,
            clients::disabled,
            clients::expires_at,
            clients::last_used_at,
            clients::version,
            clients::created_at,
            clients::updated_at,
        )
    }};
}

struct Shown {
    sort_key: Vec<u8>,
    disabled: bool,
    client: Client,
}

fn shown(db: &mut Db<'_>, rows: Vec<Row>) -> Result<Vec<Shown>> {
    type Secret = (ClientId, Instant, Option<Instant>);
    let ids: Vec<ClientId> = rows.iter().map(|row| row.id).collect();
    let secrets: Vec<Secret> = client_secrets::table
        .filter(client_secrets::client_id.eq_any(ids))
        .order_by((client_secrets::created_at.desc(), client_secrets::digest))
        .select((client_secrets::client_id, client_secrets::created_at, client_secrets::last_used_at))
        .load(db.conn)?;
    let mut by_client: HashMap<ClientId, Vec<ClientSecret>> = HashMap::new();
    for (client, created_at, last_used_at) in secrets {
        by_client.entry(client).or_default().push(ClientSecret { created_at, last_used_at });
    }
    let now = db.now();
    let shown = |row: Row| {
        let expired = row.expires_at.is_some_and(|at| at <= now);
        let client = Client {
            id: row.id,
            client_id: row.id,
            client_secret: None,
            kind: row.kind,
            name: row.name,
            unit: UnitRef { id: row.unit.0, code: row.unit.1, name: row.unit.2.unwrap_or_default() },
            scopes: Grants::from_words(&row.scopes).list().to_vec(),
            networks: listed(&row.networks),
            redirect_uris: listed(&row.redirect_uris),
            expires_at: row.expires_at,
            secrets: by_client.remove(&row.id).unwrap_or_default(),
            last_used_at: row.last_used_at,
            status: match (row.disabled, expired) {
                (true, _) => ClientStatus::Disabled,
                (false, true) => ClientStatus::Expired,
                (false, false) => ClientStatus::Active,
            },
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        Shown { sort_key: row.sort_key, disabled: row.disabled, client }
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// What stands between spaces: neither networks nor addresses hold any.
fn listed(text: &str) -> Vec<String> {
    text.split(' ').filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

fn found(db: &mut Db<'_>, id: ClientId) -> Result<Shown> {
    let day = db.today();
    let row: Row = visible!(db.scope()?).filter(clients::id.eq(id)).select(columns!(day)).first(db.conn)?;
    shown(db, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// The client of the scope with this id.
///
/// # Errors
/// 404 if it is absent or out of scope.
pub fn get(db: &mut Db<'_>, id: ClientId) -> Result<Client> {
    found(db, id).map(|shown| shown.client)
}

/// A page of clients of the scope.
///
/// # Errors
/// 422 for a filter that names nothing in scope.
pub fn list(db: &mut Db<'_>, filters: &ClientFilters, q: Option<&str>, since: Option<Instant>, page: &PageRequest) -> Result<Page<Client>> {
    let (day, scope, now) = (db.today(), db.scope()?, db.now());
    let mut faults = Vec::new();
    let unit = filters.unit.as_deref().map(|text| referred_unit(db, Fault::of("unit", FaultCode::UnknownReference), text, &mut faults));
    let root = filters.within.as_deref().map(|text| referred_unit(db, Fault::of("within", FaultCode::UnknownReference), text, &mut faults));
    let (unit, root) = (unit.transpose()?.flatten(), root.transpose()?.flatten());
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    let narrowed = || {
        let mut query = visible!(scope);
        if let Some(unit) = &unit {
            query = query.filter(clients::unit_id.eq(unit.id));
        }
        if let Some(root) = &root {
            query = query.filter(clients::unit_id.eq_any(within(root.id, day)));
        }
        if let Some(kind) = filters.kind {
            query = query.filter(clients::type_.eq(kind));
        }
        if let Some(scope) = filters.scope {
            // Words end at a space or with the text.
            let word = scope.as_str();
            query = query.filter(
                clients::scopes
                    .eq(word)
                    .or(clients::scopes.like(format!("{word} %")))
                    .or(clients::scopes.like(format!("% {word} %")))
                    .or(clients::scopes.like(format!("% {word}"))),
            );
        }
        let expired = clients::expires_at.is_not_null().and(clients::expires_at.assume_not_null().le(now));
        query = match filters.status {
            None => query,
            Some(ClientStatus::Disabled) => query.filter(clients::disabled.eq(true)),
            Some(ClientStatus::Expired) => query.filter(clients::disabled.eq(false)).filter(expired),
            Some(ClientStatus::Active) => query.filter(clients::disabled.eq(false)).filter(not(expired)),
        };
        if let Some(q) = q {
            query = query.filter(clients::name_key.like(text::like(q)));
        }
        if let Some(since) = since {
            query = query.filter(clients::updated_at.ge(since));
        }
        query
    };
    let total = if page.count { Some(narrowed().count().get_result(db.conn)?) } else { None };
    let query = keyset!(narrowed(), page, Source, {
        "name" => clients::sort_key: Vec<u8>, "updated_at" => clients::updated_at: Instant,
    }, clients::id);
    let rows: Vec<Row> = query.select(columns!(day)).load(db.conn)?;
    let rows = shown(db, rows)?;
    let value = |shown: &Shown, name: &str| -> Value {
        match name {
            "name" => shown.sort_key.write(),
            "updated_at" => shown.client.updated_at.write(),
            _ => shown.client.id.write(),
        }
    };
    Ok(Page::cut(rows, page, total, value).map(|shown| shown.client))
}

/// What a new client is given.
#[derive(Clone, Copy, Debug)]
pub struct New<'n> {
    /// What it is.
    pub kind: ClientType,
    /// Where a front end takes people back.
    pub redirect_uris: &'n [String],
    /// What it is, for people.
    pub name: &'n str,
    /// What its tokens may be for.
    pub grants: &'n Grants,
    /// From where it may call.
    pub networks: &'n [IpNet],
    /// When it ends.
    pub expires_at: Option<Instant>,
}

fn words(networks: &[IpNet]) -> String {
    networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Records a client of this unit.
///
/// # Errors
/// Database errors.
pub fn insert(tx: &mut Tx<'_>, id: ClientId, unit: UnitId, new: &New<'_>) -> Result<()> {
    let now = tx.now();
    diesel::insert_into(clients::table)
        .values((
            clients::id.eq(id),
            clients::type_.eq(new.kind),
            clients::name.eq(new.name),
            clients::name_key.eq(text::fold(new.name)),
            clients::sort_key.eq(text::sort_key(new.name)),
            clients::unit_id.eq(unit),
            clients::scopes.eq(new.grants.words()),
            clients::networks.eq(words(new.networks)),
            clients::redirect_uris.eq(new.redirect_uris.join(" ")),
            clients::disabled.eq(false),
            clients::expires_at.eq(new.expires_at),
            clients::version.eq(1_i64),
            clients::created_at.eq(now),
            clients::updated_at.eq(now),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Gives a client a secret; of those before, the newest `kept` go on.
///
/// # Errors
/// Database errors.
pub fn add_secret(tx: &mut Tx<'_>, id: ClientId, digest: &[u8], kept: i64) -> Result<()> {
    let of_client = || client_secrets::table.filter(client_secrets::client_id.eq(id));
    // Later than those before, also where its writer waited for the client: the newest is the one that was given last.
    let last: Option<Instant> =
        of_client().order_by(client_secrets::created_at.desc()).select(client_secrets::created_at).first(tx.conn).optional()?;
    let now = tx.after(last);
    let before: Vec<Vec<u8>> = of_client()
        .order_by((client_secrets::created_at.desc(), client_secrets::digest))
        .offset(kept)
        .limit(i64::MAX)
        .select(client_secrets::digest)
        .load(tx.conn)?;
    diesel::delete(client_secrets::table.filter(client_secrets::digest.eq_any(before))).execute(tx.conn)?;
    diesel::insert_into(client_secrets::table)
        .values((client_secrets::digest.eq(digest), client_secrets::client_id.eq(id), client_secrets::created_at.eq(now)))
        .execute(tx.conn)?;
    Ok(())
}

/// A client whose row is locked until the end of the transaction.
#[derive(Debug)]
pub struct Locked {
    /// The client as it stands.
    pub client: Client,
    /// Whether it is disabled, expired or not.
    pub disabled: bool,
}

/// Locks a client of the scope.
///
/// # Errors
/// 404 if it is absent or out of scope.
pub fn lock(tx: &mut Tx<'_>, id: ClientId) -> Result<Locked> {
    if let Conn::Pg(pg) = &mut *tx.conn {
        let _: Option<ClientId> = clients::table.filter(clients::id.eq(id)).select(clients::id).for_no_key_update().first(pg).optional()?;
    }
    found(tx, id).map(|Shown { client, disabled, .. }| Locked { client, disabled })
}

/// What of a client becomes different.
#[derive(Clone, Debug)]
pub struct Change<'c> {
    /// Where a front end takes people back.
    pub redirect_uris: Option<Vec<String>>,
    /// Its name.
    pub name: Option<String>,
    /// What its tokens may be for.
    pub grants: Option<&'c Grants>,
    /// From where it may call.
    pub networks: Option<Vec<IpNet>>,
    /// When it ends.
    pub expires_at: Option<Option<Instant>>,
}

#[derive(AsChangeset)]
#[diesel(table_name = clients)]
#[expect(clippy::option_option, reason = "what diesel keeps, clears or sets")]
struct Said {
    name: Option<String>,
    name_key: Option<String>,
    sort_key: Option<Vec<u8>>,
    scopes: Option<String>,
    networks: Option<String>,
    redirect_uris: Option<String>,
    expires_at: Option<Option<Instant>>,
    updated_at: Instant,
}

/// Changes a locked client.
///
/// # Errors
/// Database errors.
pub fn update(tx: &mut Tx<'_>, locked: &Locked, change: &Change<'_>) -> Result<()> {
    let said = Said {
        name: change.name.clone(),
        name_key: change.name.as_deref().map(text::fold),
        sort_key: change.name.as_deref().map(text::sort_key),
        scopes: change.grants.map(Grants::words),
        networks: change.networks.as_deref().map(words),
        redirect_uris: change.redirect_uris.as_ref().map(|uris| uris.join(" ")),
        expires_at: change.expires_at,
        updated_at: tx.now(),
    };
    diesel::update(clients::table.find(locked.client.id)).set(said).execute(tx.conn)?;
    touch(tx, locked)
}

/// Gives a locked client its next version.
///
/// # Errors
/// Database errors.
pub fn touch(tx: &mut Tx<'_>, locked: &Locked) -> Result<()> {
    let change = (clients::version.eq(clients::version + 1), clients::updated_at.eq(tx.now()));
    diesel::update(clients::table.find(locked.client.id)).set(change).execute(tx.conn)?;
    Ok(())
}

/// Disables or enables a locked client. What it had when it was disabled, tokens and sessions of people, does not come back.
///
/// # Errors
/// Database errors.
pub fn set_disabled(tx: &mut Tx<'_>, locked: &Locked, disabled: bool) -> Result<()> {
    let id = locked.client.id;
    if disabled {
        end_tokens(tx, id)?;
        sessions::store::end_with(tx, id)?;
    }
    diesel::update(clients::table.find(id)).set(clients::disabled.eq(disabled)).execute(tx.conn)?;
    touch(tx, locked)
}

/// Ends the access tokens that a machine account has: each says since when its client's tokens count, as that was when the client proved
/// itself, and is good as long as that is so.
///
/// # Errors
/// Database errors.
pub fn end_tokens(tx: &mut Tx<'_>, id: ClientId) -> Result<()> {
    let before: Option<Instant> = clients::table.find(id).select(clients::tokens_from).first(tx.conn)?;
    let now = tx.after(before);
    diesel::update(clients::table.find(id)).set(clients::tokens_from.eq(now)).execute(tx.conn)?;
    Ok(())
}

/// A client as it may call now, and what it proves itself with.
#[derive(Clone, Debug)]
pub struct Account {
    /// As a caller, with all its scopes.
    pub client: caller::Client,
    /// When it ends.
    pub expires_at: Option<Instant>,
    /// Since when its tokens count.
    pub tokens_from: Option<Instant>,
    /// What is kept of its secrets.
    pub digests: Vec<Vec<u8>>,
}

type CallerRow = (ClientId, String, String, String, (Option<Instant>, Option<Instant>), UnitId, Kind, Option<UnitId>);

/// Machine accounts that may call today: neither disabled nor ended, of a unit that stands.
macro_rules! calling {
    ($db:expr, $id:expr) => {{
        let (day, now) = ($db.today(), $db.now());
        clients::table
            .inner_join(units::table)
            .inner_join(unit_spells::table.on(unit_spells::unit_id.eq(clients::unit_id)))
            .filter(clients::id.eq($id))
            .filter(clients::type_.eq(ClientType::Service))
            .filter(clients::disabled.eq(false))
            .filter(clients::expires_at.is_null().or(clients::expires_at.assume_not_null().gt(now)))
            .filter(unit_spells::valid_from.le(day))
            .filter(unit_spells::valid_to.gt(day))
            .select((
                clients::id,
                clients::name,
                clients::scopes,
                clients::networks,
                (clients::expires_at, clients::tokens_from),
                clients::unit_id,
                units::kind,
                unit_spells::parent_id,
            ))
    }};
}

fn called(db: &Db<'_>, (id, name, scopes, networks, _, unit, kind, parent): CallerRow) -> Result<caller::Client> {
    let networks = networks.split(' ').filter(|text| !text.is_empty()).map(str::parse).collect::<std::result::Result<Vec<IpNet>, _>>();
    Ok(caller::Client {
        id,
        name,
        role: kind.role(),
        grants: Grants::from_words(&scopes),
        unit,
        scope: scope_of(unit, kind, parent, db.today()),
        // What cannot be read must not open the account to the world.
        networks: networks.map_err(Error::internal)?,
    })
}

/// The machine account whose token this is, unless that was taken back, or had before it was disabled or lost a secret.
///
/// # Errors
/// Database errors.
pub fn bearer(db: &mut Db<'_>, id: ClientId, jti: AnyId, since: Option<Instant>) -> Result<Option<caller::Client>> {
    let revoked = revoked_tokens::table.filter(revoked_tokens::jti.eq(jti));
    let row: Option<CallerRow> = calling!(db, id).filter(not(exists(revoked))).first(db.conn).optional()?;
    row.filter(|row| row.4.1 == since).map(|row| called(db, row)).transpose()
}

/// The machine account with this id and what it proves itself with, if it may call.
///
/// # Errors
/// Database errors.
pub fn account(db: &mut Db<'_>, id: ClientId) -> Result<Option<Account>> {
    // What its tokens will say first: who has it and a secret that ends now has a token that ended.
    let row: Option<CallerRow> = calling!(db, id).first(db.conn).optional()?;
    let digests = client_secrets::table.filter(client_secrets::client_id.eq(id)).select(client_secrets::digest).load(db.conn)?;
    row.map(|row| {
        let (expires_at, tokens_from) = row.4;
        Ok(Account { expires_at, tokens_from, client: called(db, row)?, digests })
    })
    .transpose()
}

/// The front end with this id, if people may sign in with it now.
///
/// # Errors
/// Database errors.
pub fn front_end(db: &mut Db<'_>, id: ClientId) -> Result<Option<FrontEnd>> {
    type Row = (ClientId, ClientType, String, (UnitId, Kind, Option<UnitId>, String), String, String);
    let (day, now) = (db.today(), db.now());
    let row: Option<Row> = clients::table
        .inner_join(units::table)
        .inner_join(unit_spells::table.on(unit_spells::unit_id.eq(clients::unit_id)))
        .filter(clients::id.eq(id))
        .filter(clients::type_.ne(ClientType::Service))
        .filter(clients::disabled.eq(false))
        .filter(clients::expires_at.is_null().or(clients::expires_at.assume_not_null().gt(now)))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .select((
            clients::id,
            clients::type_,
            clients::name,
            (clients::unit_id, units::kind, unit_spells::parent_id, unit_spells::name),
            clients::scopes,
            clients::redirect_uris,
        ))
        .first(db.conn)
        .optional()?;
    Ok(row.map(|(id, kind, name, (unit, unit_kind, parent, unit_name), scopes, redirect_uris)| {
        let root = scope_of(unit, unit_kind, parent, day).root();
        FrontEnd { id, kind, name, root, unit_name, grants: Grants::from_words(&scopes), redirect_uris: listed(&redirect_uris) }
    }))
}

/// Whether a front end still stands as it stood before somebody. Whoever changes it at this moment waits for what is done on that, and
/// undoes it.
///
/// # Errors
/// Database errors.
pub fn still_stands(tx: &mut Tx<'_>, shown: &FrontEnd) -> Result<bool> {
    if let Conn::Pg(pg) = &mut *tx.conn {
        let _: Option<ClientId> = clients::table.filter(clients::id.eq(shown.id)).select(clients::id).for_share().first(pg).optional()?;
    }
    Ok(front_end(tx, shown.id)?.as_ref() == Some(shown))
}

/// Forgets what all people allowed a front end: it is not any more what they knew, and each is asked anew. Answers how many.
///
/// # Errors
/// Database errors.
pub fn forget_consents(tx: &mut Tx<'_>, client: ClientId) -> Result<usize> {
    sessions::store::use_up_codes(tx, None, Some(client))?;
    Ok(diesel::delete(consents::table.filter(consents::client_id.eq(client))).execute(tx.conn)?)
}

/// Keeps when a front end was last signed in with, to the minute.
///
/// # Errors
/// Database errors.
pub fn note_sign_in(tx: &mut Tx<'_>, id: ClientId) -> Result<()> {
    let old = clients::last_used_at.is_null().or(clients::last_used_at.assume_not_null().le(tx.now().plus(-LAST_USE)));
    diesel::update(clients::table.filter(clients::id.eq(id)).filter(old)).set(clients::last_used_at.eq(tx.now())).execute(tx.conn)?;
    Ok(())
}

/// The unit of a client, whether it may call or not: whose admins are told.
///
/// # Errors
/// Database errors.
pub fn unit_of(db: &mut Db<'_>, id: ClientId) -> Result<Option<UnitId>> {
    Ok(clients::table.find(id).select(clients::unit_id).first(db.conn).optional()?)
}

/// Keeps when a client and one of its secrets were last used, to the minute.
///
/// # Errors
/// Database errors.
pub fn note_use(tx: &mut Tx<'_>, id: ClientId, digest: &[u8]) -> Result<()> {
    let (now, before) = (tx.now(), tx.now().plus(-LAST_USE));
    note_sign_in(tx, id)?;
    let secret = client_secrets::table.filter(client_secrets::digest.eq(digest));
    let old = client_secrets::last_used_at.is_null().or(client_secrets::last_used_at.assume_not_null().le(before));
    diesel::update(secret.filter(old)).set(client_secrets::last_used_at.eq(now)).execute(tx.conn)?;
    Ok(())
}

/// Takes a token back before it ends.
///
/// # Errors
/// Database errors.
pub fn revoke(tx: &mut Tx<'_>, jti: AnyId, expires_at: Instant) -> Result<bool> {
    let row = (revoked_tokens::jti.eq(jti), revoked_tokens::expires_at.eq(expires_at));
    let conn = &mut *tx.conn;
    Ok(each!(conn => diesel::insert_into(revoked_tokens::table).values(row).on_conflict(revoked_tokens::jti).do_nothing().execute(conn))?
        > 0)
}

/// Whether a token was taken back.
///
/// # Errors
/// Database errors.
pub fn is_revoked(db: &mut Db<'_>, jti: AnyId) -> Result<bool> {
    Ok(diesel::select(exists(revoked_tokens::table.find(jti))).get_result(db.conn)?)
}

/// Takes away what is kept of tokens that have ended. Answers how many.
///
/// # Errors
/// Database errors.
pub fn sweep(tx: &mut Tx<'_>) -> Result<usize> {
    Ok(diesel::delete(revoked_tokens::table.filter(revoked_tokens::expires_at.lt(tx.now()))).execute(tx.conn)?)
}
