//! Queries on localities: part of the catalogue, readable by whoever is signed in.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::model::{Locality, LocalityFilters, LocalityRef, Rank};
use crate::clock::Instant;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::localities;
use crate::db::{Db, Tx, UNTIL_FURTHER_NOTICE, by_key, open_end};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::{Id, Key, LocalityId};
use crate::sums::collectors;
use crate::{refs, text};

type Source = localities::table;

#[derive(Debug, Queryable)]
struct Row {
    id: LocalityId,
    code: String,
    name: String,
    sort_key: Vec<u8>,
    rank: Rank,
    parent_id: Option<LocalityId>,
    parent_code: Option<String>,
    parent_name: Option<String>,
    external_codes: String,
    valid_from: NaiveDate,
    valid_to: NaiveDate,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

struct Sorted(Vec<u8>, Locality);

impl TryFrom<Row> for Sorted {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let named = |id| Some(LocalityRef { id, code: row.parent_code.clone()?, name: row.parent_name.clone()? });
        let locality = Locality {
            id: row.id,
            rank: row.rank,
            parent: row.parent_id.and_then(named),
            external_codes: serde_json::from_str(&row.external_codes)?,
            valid_from: row.valid_from,
            valid_to: open_end(row.valid_to),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            code: row.code,
            name: row.name,
        };
        Ok(Self(row.sort_key, locality))
    }
}

diesel::alias! {
    const PARENTS: Alias<Parents> = localities as parent_localities;
}

/// What an answer needs. A macro, because the type has no name.
macro_rules! columns {
    () => {
        (
            localities::id,
            localities::code,
            localities::name,
            localities::sort_key,
            localities::rank,
            localities::parent_id,
            PARENTS
                .filter(PARENTS.field(localities::id).nullable().eq(localities::parent_id))
                .select(PARENTS.field(localities::code))
                .single_value(),
            PARENTS
                .filter(PARENTS.field(localities::id).nullable().eq(localities::parent_id))
                .select(PARENTS.field(localities::name))
                .single_value(),
            localities::external_codes,
            localities::valid_from,
            localities::valid_to,
            localities::version,
            localities::created_at,
            localities::updated_at,
        )
    };
}

/// The locality with this key.
///
/// # Errors
/// 404 if there is none.
pub fn get(db: &mut Db<'_>, key: &Key) -> Result<Locality> {
    let query = localities::table.select(columns!()).into_boxed();
    Ok(Sorted::try_from(by_key!(query, key, localities).first::<Row>(db.conn)?)?.1)
}

/// A page of the localities that there were on a day.
///
/// # Errors
/// 422 for a parent that is not there.
pub fn list(
    db: &mut Db<'_>,
    filters: &LocalityFilters,
    q: Option<&str>,
    since: Option<Instant>,
    page: &PageRequest,
) -> Result<Page<Locality>> {
    let day = filters.as_of.unwrap_or(db.today());
    let parent = match filters.parent.as_deref() {
        Some(text) => {
            let found = Key::parse(text).map(|key| find_id(db, &key)).transpose()?.flatten();
            Some(found.ok_or_else(|| Error::invalid(vec![Fault::of("parent", FaultCode::UnknownReference)]))?)
        }
        None => None,
    };
    let narrowed = || {
        let mut query = localities::table.filter(localities::valid_from.le(day)).filter(localities::valid_to.gt(day)).into_boxed();
        if let Some(rank) = filters.rank {
            query = query.filter(localities::rank.eq(rank));
        }
        if let Some(parent) = parent {
            query = query.filter(localities::parent_id.eq(parent));
        }
        if let Some(q) = q {
            query = query.filter(localities::name_key.like(text::like(q)));
        }
        if let Some(since) = since {
            query = query.filter(localities::updated_at.ge(since));
        }
        query
    };
    let total = if page.count { Some(narrowed().count().get_result(db.conn)?) } else { None };
    let query = keyset!(narrowed(), page, Source, {
        "name" => localities::sort_key: Vec<u8>, "code" => localities::code: String, "updated_at" => localities::updated_at: Instant,
    }, localities::id);
    let rows: Vec<Row> = query.select(columns!()).load(db.conn)?;
    let rows = rows.into_iter().map(Sorted::try_from).collect::<Result<Vec<_>>>()?;
    let value = |Sorted(key, locality): &Sorted, name: &str| match name {
        "name" => key.write(),
        "code" => locality.code.write(),
        "updated_at" => locality.updated_at.write(),
        _ => locality.id.write(),
    };
    Ok(Page::cut(rows, page, total, value).map(|Sorted(_, locality)| locality))
}

/// The id of the locality with this key.
///
/// # Errors
/// Database errors.
pub fn find_id(db: &mut Db<'_>, key: &Key) -> Result<Option<LocalityId>> {
    let query = localities::table.select(localities::id).into_boxed();
    Ok(by_key!(query, key, localities).first::<LocalityId>(db.conn).optional()?)
}

/// The locality that this text names and all below it; none if it names nothing.
///
/// # Errors
/// Database errors.
pub fn within(db: &mut Db<'_>, text: &str) -> Result<Vec<LocalityId>> {
    let Some(key) = Key::parse(text) else { return Ok(Vec::new()) };
    let mut level: Vec<LocalityId> = find_id(db, &key)?.into_iter().collect();
    let mut all = level.clone();
    // Province, district, commune: two steps down at the most.
    while !level.is_empty() {
        level = localities::table.filter(localities::parent_id.eq_any(level)).select(localities::id).load(db.conn)?;
        all.extend(&level);
    }
    Ok(all)
}

/// A locality and those that it lies in.
///
/// # Errors
/// Database errors.
pub fn around(db: &mut Db<'_>, id: LocalityId) -> Result<Vec<LocalityId>> {
    let (mut all, mut at) = (Vec::new(), Some(id));
    while let Some(id) = at {
        all.push(id);
        at = localities::table.find(id).select(localities::parent_id).first(db.conn)?;
    }
    Ok(all)
}

/// The locality that a member of a body names.
///
/// # Errors
/// Database errors; a name of nothing is a fault at `pointer`.
pub fn referred(db: &mut Db<'_>, fault: Fault, text: &str, faults: &mut Vec<Fault>) -> Result<Option<LocalityId>> {
    refs::referred(text, fault, faults, |key| find_id(db, key))
}

/// The day from which the list of February 2025 is taken to hold: the restart of the province in 1991 is not recorded in it.
pub const KNOWN_SINCE: NaiveDate = match NaiveDate::from_ymd_opt(2004, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

/// A locality to be recorded.
pub struct NewLocality<'n> {
    /// Its code.
    pub code: &'n str,
    /// Its name.
    pub name: &'n str,
    /// `province`, `district` or `commune`.
    pub rank: &'static str,
    /// Its GSO code on the first day.
    pub gso: &'n str,
    /// The code of the one above it.
    pub parent: Option<&'n str>,
}

/// Records a locality.
///
/// # Errors
/// Database errors.
pub fn insert(tx: &mut Tx<'_>, new: &NewLocality<'_>) -> Result<()> {
    let parent = new.parent.map(|code| find_id(tx, &Key::Code(code.to_owned()))).transpose()?.flatten();
    let codes = serde_json::json!([{"scheme": "gso", "code": new.gso, "valid_from": KNOWN_SINCE, "valid_to": null}]);
    let id: LocalityId = Id::new();
    diesel::insert_into(localities::table)
        .values((
            localities::id.eq(id),
            localities::code.eq(new.code),
            localities::name.eq(new.name),
            localities::name_key.eq(text::fold(new.name)),
            localities::sort_key.eq(text::sort_key(new.name)),
            localities::rank.eq(new.rank),
            localities::parent_id.eq(parent),
            localities::external_codes.eq(codes.to_string()),
            localities::valid_from.eq(KNOWN_SINCE),
            localities::valid_to.eq(UNTIL_FURTHER_NOTICE),
            localities::version.eq(1_i64),
            localities::created_at.eq(tx.now()),
            localities::updated_at.eq(tx.now()),
        ))
        .execute(tx.conn)?;
    collectors::enter_place(tx, id)
}
