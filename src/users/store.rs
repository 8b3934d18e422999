//! Queries on users. Everything but one's own account and signing in starts from [`visible`].

use std::sync::Arc;

use diesel::dsl::{InnerJoinQuerySource, exists};
use diesel::prelude::*;
use serde_json::{Value, json};

use super::model::{HomeUnit, Me, NewUser, Status, User, UserFilters, UserPatch};
use crate::access::caller::{Caller, Person};
use crate::access::policy::{Duties, Duty, Permission, Role};
use crate::clock::Instant;
use crate::config::AccountSettings;
use crate::dashboard::store::owes;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{invitations, password_history, totp, unit_spells, units, users};
use crate::db::{Conn, Context, Db, Tx, each, lower};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::{UnitId, UserId};
use crate::journal::{self, Entry};
use crate::sessions;
use crate::text;
use crate::units::model::{Kind, UnitRef};
use crate::units::rules::scope_of;
use crate::units::store::{referred_unit, within};

type Source = InnerJoinQuerySource<users::table, units::table>;

#[derive(Debug, Queryable)]
struct Row {
    id: UserId,
    username: String,
    full_name: String,
    sort_key: Vec<u8>,
    email: Option<String>,
    position: Option<String>,
    unit_id: UnitId,
    unit_code: String,
    unit_kind: Kind,
    unit_name: Option<String>,
    duties: String,
    status: Status,
    last_seen_at: Option<Instant>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

struct Sorted(Vec<u8>, User);

impl From<Row> for Sorted {
    fn from(row: Row) -> Self {
        let user = User {
            id: row.id,
            username: row.username,
            full_name: row.full_name,
            email: row.email,
            position: row.position,
            unit: UnitRef { id: row.unit_id, code: row.unit_code, name: row.unit_name.unwrap_or_default() },
            role: row.unit_kind.role(),
            duties: Duties::from_words(&row.duties).list(),
            status: row.status,
            last_seen_at: row.last_seen_at,
            invitation: None,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        Self(row.sort_key, user)
    }
}

/// Users of the scope. A macro, because the type has no name.
macro_rules! visible {
    ($scope:expr) => {{
        let scope: crate::access::scope::Scope = $scope;
        users::table.inner_join(units::table).filter(users::unit_id.eq_any(within(scope.root(), scope.today()))).into_boxed()
    }};
}

macro_rules! columns {
    ($day:expr) => {{
        let day: chrono::NaiveDate = $day;
        (
            users::id,
            users::username,
            users::full_name,
            users::sort_key,
            users::email,
            users::position,
            users::unit_id,
            units::code,
            units::kind,
            unit_spells::table
                .filter(unit_spells::unit_id.eq(users::unit_id))
                .filter(unit_spells::valid_from.le(day))
                .filter(unit_spells::valid_to.gt(day))
                .select(unit_spells::name)
                .single_value(),
            users::duties,
            users::status,
            users::last_seen_at,
            users::version,
            users::created_at,
            users::updated_at,
        )
    }};
}

/// The user of the scope with this id.
///
/// # Errors
/// 404 if it is absent or out of scope.
pub fn get(db: &mut Db<'_>, id: UserId) -> Result<User> {
    let day = db.today();
    let row: Row = visible!(db.scope()?).filter(users::id.eq(id)).select(columns!(day)).first(db.conn)?;
    Ok(Sorted::from(row).1)
}

/// The same, or nothing.
///
/// # Errors
/// Database errors.
pub fn find(db: &mut Db<'_>, id: UserId) -> Result<Option<User>> {
    match get(db, id) {
        Err(error) if error.code() == crate::error::Code::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

/// A page of users of the scope.
///
/// # Errors
/// 422 for a filter that names nothing in scope.
pub fn list(db: &mut Db<'_>, filters: &UserFilters, q: Option<&str>, since: Option<Instant>, page: &PageRequest) -> Result<Page<User>> {
    let (day, scope) = (db.today(), db.scope()?);
    let mut faults = Vec::new();
    let unit = filters
        .unit
        .as_deref()
        .map(|text| referred_unit(db, Fault::of("unit", FaultCode::UnknownReference), text, &mut faults))
        .transpose()?;
    let root = filters
        .within
        .as_deref()
        .map(|text| referred_unit(db, Fault::of("within", FaultCode::UnknownReference), text, &mut faults))
        .transpose()?;
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    let narrowed = || {
        let mut query = visible!(scope);
        if let Some(unit) = unit.iter().flatten().next() {
            query = query.filter(users::unit_id.eq(unit.id));
        }
        if let Some(root) = root.iter().flatten().next() {
            query = query.filter(users::unit_id.eq_any(within(root.id, day)));
        }
        if let Some(role) = filters.role {
            query = query.filter(units::kind.eq_any(kinds(role)));
        }
        if let Some(duty) = filters.duty {
            query = query.filter(users::duties.like(format!("%{}%", duty.as_str())));
        }
        if let Some(status) = filters.status {
            query = query.filter(users::status.eq(status));
        }
        if let Some(q) = q {
            query = query.filter(users::name_key.like(text::like(q)));
        }
        if let Some(since) = since {
            query = query.filter(users::updated_at.ge(since));
        }
        query
    };
    let total = if page.count { Some(narrowed().count().get_result(db.conn)?) } else { None };
    let query = keyset!(narrowed(), page, Source, {
        "full_name" => users::sort_key: Vec<u8>, "username" => users::username: String, "updated_at" => users::updated_at: Instant,
    }, users::id);
    let rows: Vec<Row> = query.select(columns!(day)).load(db.conn)?;
    let rows = rows.into_iter().map(Sorted::from).collect();
    let value = |Sorted(key, user): &Sorted, name: &str| -> Value {
        match name {
            "full_name" => key.write(),
            "username" => user.username.write(),
            "updated_at" => user.updated_at.write(),
            _ => user.id.write(),
        }
    };
    Ok(Page::cut(rows, page, total, value).map(|Sorted(_, user)| user))
}

fn kinds(role: Role) -> Vec<Kind> {
    Kind::ALL.iter().copied().filter(|kind| kind.role() == role).collect()
}

/// The caller, from what the door knows and the rest of its account.
///
/// # Errors
/// Database errors.
pub fn me(db: &mut Db<'_>, person: &Person) -> Result<Me> {
    let day = db.today();
    // Its unit is the one that it acts for here, although it may have been moved within the second.
    let (email, position, code, kind, name): (Option<String>, Option<String>, String, Kind, String) = users::table
        .inner_join(units::table.on(units::id.eq(person.unit)))
        .inner_join(unit_spells::table.on(unit_spells::unit_id.eq(units::id)))
        .filter(users::id.eq(person.id))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .select((users::email, users::position, units::code, units::kind, unit_spells::name))
        .first(db.conn)?;
    // As the person sees it, also while it is only signing in.
    let context = Context { caller: Caller::Person(Arc::new(person.clone())), ..db.context.clone() };
    let owes = owes(&mut Db { conn: &mut *db.conn, context }, person.unit, &code)?;
    Ok(Me {
        id: person.id,
        username: person.username.clone(),
        full_name: person.full_name.clone(),
        email,
        position,
        role: person.role,
        duties: person.duties.list(),
        unit: HomeUnit { id: person.unit, code, name, kind },
        permissions: Permission::ALL.iter().copied().filter(|permission| person.may(*permission)).collect(),
        must_change_password: person.must_change_password,
        totp_enabled: person.totp,
        must_enable_totp: person.lacks_totp,
        owes,
    })
}

/// Records an invited user of this unit.
///
/// # Errors
/// 409 `duplicate` for a username that is taken.
pub fn insert(tx: &mut Tx<'_>, id: UserId, unit: UnitId, new: &NewUser) -> Result<()> {
    let now = tx.now();
    let row = (
        users::id.eq(id),
        users::username.eq(&new.username),
        users::full_name.eq(&new.full_name),
        users::name_key.eq(text::fold(&format!("{} {}", new.full_name, new.username))),
        users::sort_key.eq(text::sort_key(&new.full_name)),
        users::email.eq(new.email.as_deref().map(str::to_lowercase)),
        users::position.eq(&new.position),
        users::unit_id.eq(unit),
        users::duties.eq(Duties::of(&new.duties).words()),
        users::status.eq(Status::Invited),
        users::must_change_password.eq(false),
        users::version.eq(1_i64),
        users::created_at.eq(now),
        users::updated_at.eq(now),
    );
    let conn = &mut *tx.conn;
    let inserted = each!(conn => diesel::insert_into(users::table).values(row).on_conflict(users::username).do_nothing().execute(conn))?;
    if inserted == 0 { Err(Error::duplicate("/username")) } else { Ok(()) }
}

/// Records an invitation; earlier ones of the same user end.
///
/// # Errors
/// Database errors.
pub fn invite(tx: &mut Tx<'_>, user: UserId, digest: &[u8], expires_at: Instant) -> Result<()> {
    end_links(tx, user)?;
    let given_by = tx.context.caller.person().map(|person| person.id);
    diesel::insert_into(invitations::table)
        .values((
            invitations::digest.eq(digest),
            invitations::user_id.eq(user),
            invitations::expires_at.eq(expires_at),
            invitations::given_by.eq(given_by),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Ends the links of an account that nobody took up.
///
/// # Errors
/// Database errors.
pub fn end_links(tx: &mut Tx<'_>, user: UserId) -> Result<()> {
    let unused = invitations::table.filter(invitations::user_id.eq(user)).filter(invitations::used_at.is_null());
    diesel::update(unused).set(invitations::used_at.eq(tx.now())).execute(tx.conn)?;
    Ok(())
}

/// Takes away links that were used or ended before a moment, so many at the most. Answers how many.
///
/// # Errors
/// Database errors.
pub fn sweep_links(tx: &mut Tx<'_>, before: Instant, most: i64) -> Result<usize> {
    let over = invitations::expires_at.lt(before).or(invitations::used_at.lt(before).assume_not_null());
    let over: Vec<Vec<u8>> = invitations::table.filter(over).limit(most).select(invitations::digest).load(tx.conn)?;
    Ok(diesel::delete(invitations::table.filter(invitations::digest.eq_any(over))).execute(tx.conn)?)
}

/// Who an invitation lets in.
#[derive(Clone, Debug)]
pub struct Invited {
    /// The account.
    pub id: UserId,
    /// Its name for signing in.
    pub username: String,
    /// The person's name.
    pub full_name: String,
    /// Where the person works.
    pub unit: UnitId,
    /// Whether it has a second factor.
    pub totp: bool,
}

/// The user whom an unused invitation lets in, while who gave it may still let it in.
///
/// # Errors
/// 410 if it was used or has ended, 422 at `/token` if it never was or is forgotten.
pub fn invited(db: &mut Db<'_>, digest: &[u8]) -> Result<Invited> {
    type Row = (UserId, String, String, UnitId, bool, Option<UserId>);
    let row: Option<Row> = invitations::table
        .inner_join(users::table.on(users::id.eq(invitations::user_id)))
        .left_join(totp::table.on(totp::user_id.eq(users::id).and(totp::confirmed_at.is_not_null())))
        .filter(invitations::digest.eq(digest))
        .filter(invitations::used_at.is_null())
        .filter(invitations::expires_at.gt(db.now()))
        .filter(users::status.ne(Status::Disabled))
        .select((
            users::id,
            users::username,
            users::full_name,
            users::unit_id,
            totp::user_id.nullable().is_not_null(),
            invitations::given_by,
        ))
        .first(db.conn)
        .optional()?;
    let Some((id, username, full_name, unit, totp, given_by)) = row else {
        let known: bool = diesel::select(exists(invitations::table.find(digest))).get_result(db.conn)?;
        let unknown = || Error::invalid(vec![Fault::at("/token", FaultCode::UnknownReference)]);
        return Err(if known { Error::new(crate::error::Code::Gone) } else { unknown() });
    };
    if let Some(giver) = given_by
        && !lets_in(db, giver, unit)?
    {
        return Err(Error::new(crate::error::Code::Gone));
    }
    Ok(Invited { id, username, full_name, unit, totp })
}

/// Whether a person is an admin, with the second factor that this takes, of a unit at or above one.
fn lets_in(db: &mut Db<'_>, giver: UserId, unit: UnitId) -> Result<bool> {
    type Row = (String, UnitId, Kind, Option<UnitId>);
    let day = db.today();
    let row: Option<Row> = users::table
        .inner_join(units::table)
        .inner_join(totp::table.on(totp::user_id.eq(users::id).and(totp::confirmed_at.is_not_null())))
        .inner_join(unit_spells::table.on(unit_spells::unit_id.eq(users::unit_id)))
        .filter(users::id.eq(giver))
        .filter(users::status.eq(Status::Active))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .select((users::duties, users::unit_id, units::kind, unit_spells::parent_id))
        .first(db.conn)
        .optional()?;
    let Some((_, home, kind, parent)) = row.filter(|row| Duties::from_words(&row.0).has(Duty::Admin)) else { return Ok(false) };
    let root = scope_of(home, kind, parent, day).root();
    let below = units::table.filter(units::id.eq(unit)).filter(units::id.eq_any(within(root, day)));
    Ok(diesel::select(exists(below)).get_result(db.conn)?)
}

/// Uses an invitation up and sets the password. One of many at once succeeds.
///
/// # Errors
/// As [`invited`].
pub fn accept(tx: &mut Tx<'_>, digest: &[u8], password_hash: &str) -> Result<Invited> {
    let invited = invited(tx, digest)?;
    // First the account and then its links, as where an admin ends them: nobody waits in a circle.
    sessions::store::hold(tx, invited.id)?;
    let now = tx.now();
    let unused = invitations::table.filter(invitations::digest.eq(digest)).filter(invitations::used_at.is_null());
    if diesel::update(unused).set(invitations::used_at.eq(now)).execute(tx.conn)? == 0 {
        return Err(Error::new(crate::error::Code::Gone));
    }
    activate(tx, invited.id, password_hash)?;
    Ok(invited)
}

/// Sets the password of an account and lets it in. What links it had are of no use any more: whoever found one in a mailbox comes too late.
///
/// # Errors
/// 410 if it is disabled by now.
pub fn activate(tx: &mut Tx<'_>, id: UserId, password_hash: &str) -> Result<()> {
    let set = (password_history::user_id.eq(id), password_history::set_at.eq(tx.now()), password_history::hash.eq(password_hash));
    let conn = &mut *tx.conn;
    each!(conn => diesel::insert_into(password_history::table).values(set).on_conflict_do_nothing().execute(conn))?;
    end_links(tx, id)?;
    let changed = diesel::update(users::table.filter(users::id.eq(id)).filter(users::status.ne(Status::Disabled)))
        .set((
            users::password_hash.eq(password_hash),
            users::must_change_password.eq(false),
            users::status.eq(Status::Active),
            users::version.eq(users::version + 1),
            users::updated_at.eq(tx.now()),
        ))
        .execute(tx.conn)?;
    if changed == 0 { Err(Error::new(crate::error::Code::Gone)) } else { Ok(()) }
}

/// Keeps the same password under a better hash, unless it was changed meanwhile.
///
/// # Errors
/// Database errors.
pub fn hash_anew(tx: &mut Tx<'_>, id: UserId, before: &str, after: &str) -> Result<()> {
    let same = users::table.find(id).filter(users::password_hash.eq(before));
    diesel::update(same).set(users::password_hash.eq(after)).execute(tx.conn)?;
    let same = password_history::table.filter(password_history::user_id.eq(id)).filter(password_history::hash.eq(before));
    diesel::update(same).set(password_history::hash.eq(after)).execute(tx.conn)?;
    Ok(())
}

/// The hashes of the passwords that an account had last, so many of them, the present one among them.
///
/// # Errors
/// Database errors.
pub fn past_hashes(db: &mut Db<'_>, id: UserId, remembered: i64) -> Result<Vec<String>> {
    let past = password_history::table.filter(password_history::user_id.eq(id)).order_by(password_history::set_at.desc());
    Ok(past.limit(remembered).select(password_history::hash).load(db.conn)?)
}

/// What anybody knows of the owner of an account, and so nothing to make a password of: names, the address, the unit.
///
/// # Errors
/// Database errors.
pub fn known_of(db: &mut Db<'_>, id: UserId) -> Result<Vec<String>> {
    let day = db.today();
    let unit = unit_spells::table
        .filter(unit_spells::unit_id.eq(users::unit_id))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .select(unit_spells::name)
        .single_value();
    let (username, full_name, code, email, unit): (String, String, String, Option<String>, Option<String>) = users::table
        .inner_join(units::table)
        .filter(users::id.eq(id))
        .select((users::username, users::full_name, units::code, users::email, unit))
        .first(db.conn)?;
    let local = email.and_then(|address| address.split('@').next().map(str::to_owned));
    Ok([username, full_name, code].into_iter().chain(local).chain(unit).collect())
}

/// How many accounts of one address are written to.
pub const SHARED: usize = 5;

/// An account that can be written to.
#[derive(Clone, Debug, Queryable)]
pub struct Reachable {
    /// The account.
    pub id: UserId,
    /// Its name for signing in.
    pub username: String,
    /// The person's name.
    pub full_name: String,
    /// Where the person works.
    pub unit: UnitId,
    /// The address, as it was given to us.
    pub email: String,
}

/// The active accounts with this address, of which letters count without case: those that were there first.
///
/// # Errors
/// Database errors.
pub fn with_email(db: &mut Db<'_>, email: &str) -> Result<Vec<Reachable>> {
    let rows = users::table
        .filter(lower(users::email).eq(email.to_lowercase()))
        .filter(users::status.eq(Status::Active))
        .order_by((users::created_at, users::id))
        .limit(i64::try_from(SHARED).map_err(Error::internal)?)
        .select((users::id, users::username, users::full_name, users::unit_id, users::email.assume_not_null()));
    Ok(rows.load(db.conn)?)
}

/// Lets an account do nothing before it has set a new password.
///
/// # Errors
/// Database errors.
pub fn require_change(tx: &mut Tx<'_>, id: UserId) -> Result<()> {
    diesel::update(users::table.find(id)).set(users::must_change_password.eq(true)).execute(tx.conn)?;
    Ok(())
}

/// How many accounts are disabled in one transaction.
const AT_ONCE: i64 = 500;

/// Disables active accounts that were neither used nor changed for as many days as the settings say, and ends what sessions they have.
/// Answers how many.
///
/// # Errors
/// Database errors.
pub fn disable_idle(tx: &mut Tx<'_>, settings: &AccountSettings) -> Result<usize> {
    let before = |days: i64| tx.now().plus(-days * 86_400);
    let (since, of_schools) = (before(settings.idle_days), before(settings.idle_days_schools));
    let unused =
        |since: Instant| users::updated_at.lt(since).and(users::last_seen_at.is_null().or(users::last_seen_at.lt(since).assume_not_null()));
    let is_school = || units::kind.eq_any(kinds(Role::School));
    let idle: Vec<(UserId, String, UnitId)> = users::table
        .inner_join(units::table)
        .filter(users::status.eq(Status::Active))
        .filter(unused(of_schools).or(diesel::dsl::not(is_school()).and(unused(since))))
        .order_by(users::id)
        .limit(AT_ONCE)
        .select((users::id, users::username, users::unit_id))
        .load(tx.conn)?;
    let mut disabled = 0;
    for (id, username, unit) in &idle {
        // Somebody may have signed in since, or changed it.
        let active = users::table.find(id).filter(users::status.eq(Status::Active)).filter(unused(since.max(of_schools)));
        let change = (users::status.eq(Status::Disabled), users::version.eq(users::version + 1), users::updated_at.eq(tx.now()));
        if diesel::update(active).set(change).execute(tx.conn)? == 0 {
            continue;
        }
        disabled += 1;
        sessions::store::end_all(tx, *id)?;
        let (before, after) = (json!({"status": Status::Active}), json!({"status": Status::Disabled}));
        let entry = Entry::new("user.disable", Some("user.updated"), "user", id.any()).told(Some(&before), Some(&after), Some("idle"))?;
        journal::append(tx, Entry { code: Some(username.clone()), unit: Some(*unit), ..entry })?;
    }
    Ok(disabled)
}

#[derive(AsChangeset)]
#[diesel(table_name = users)]
#[expect(clippy::option_option, reason = "what diesel keeps, clears or sets")]
struct Said {
    full_name: Option<String>,
    name_key: Option<String>,
    sort_key: Option<Vec<u8>>,
    email: Option<Option<String>>,
    position: Option<Option<String>>,
    unit_id: Option<UnitId>,
    duties: Option<String>,
    updated_at: Instant,
}

/// Changes a locked user; `unit` is where it works from now on.
///
/// # Errors
/// Database errors.
pub fn update(tx: &mut Tx<'_>, locked: &Locked, patch: &UserPatch, unit: Option<UnitId>) -> Result<()> {
    let user = &locked.user;
    let said = Said {
        full_name: patch.full_name.clone(),
        name_key: patch.full_name.as_ref().map(|name| text::fold(&format!("{name} {}", user.username))),
        sort_key: patch.full_name.as_ref().map(|name| text::sort_key(name)),
        email: patch.email.clone().given().map(|email| email.as_deref().map(str::to_lowercase)),
        position: patch.position.clone().given(),
        unit_id: unit,
        duties: patch.duties.as_ref().map(|duties| Duties::of(duties).words()),
        updated_at: tx.now(),
    };
    diesel::update(users::table.filter(users::id.eq(user.id))).set(said).execute(tx.conn)?;
    diesel::update(users::table.filter(users::id.eq(user.id))).set(users::version.eq(users::version + 1)).execute(tx.conn)?;
    Ok(())
}

/// Takes the password of a locked user away: only a link lets it in again.
///
/// # Errors
/// Database errors.
pub fn reset(tx: &mut Tx<'_>, locked: &Locked) -> Result<()> {
    let change = (
        users::password_hash.eq(None::<String>),
        users::status.eq(Status::Invited),
        users::version.eq(users::version + 1),
        users::updated_at.eq(tx.now()),
    );
    diesel::update(users::table.filter(users::id.eq(locked.user.id))).set(change).execute(tx.conn)?;
    Ok(())
}

/// A user whose row is locked until the end of the transaction.
#[derive(Debug)]
pub struct Locked {
    /// The user as it stands.
    pub user: User,
}

/// Locks a user of the scope.
///
/// # Errors
/// 404 if it is absent or out of scope.
pub fn lock(tx: &mut Tx<'_>, id: UserId) -> Result<Locked> {
    if let Conn::Pg(pg) = &mut *tx.conn {
        let _: Option<UserId> = users::table.filter(users::id.eq(id)).select(users::id).for_no_key_update().first(pg).optional()?;
    }
    Ok(Locked { user: get(tx, id)? })
}

/// Sets the status of a locked user.
///
/// # Errors
/// Database errors.
pub fn set_status(tx: &mut Tx<'_>, locked: &Locked, status: Status) -> Result<()> {
    diesel::update(users::table.filter(users::id.eq(locked.user.id)))
        .set((users::status.eq(status), users::version.eq(users::version + 1), users::updated_at.eq(tx.now())))
        .execute(tx.conn)?;
    Ok(())
}

/// Whether this account ever had a password.
///
/// # Errors
/// Database errors.
pub fn has_password(db: &mut Db<'_>, id: UserId) -> Result<bool> {
    Ok(users::table.filter(users::id.eq(id)).select(users::password_hash.is_not_null()).first(db.conn)?)
}
