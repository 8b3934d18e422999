//! Queries on localities: part of the catalogue, readable by whoever is signed in.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::schema::localities;
use crate::db::{Db, Tx, UNTIL_FURTHER_NOTICE};
use crate::error::{Fault, FaultCode, Result};
use crate::ids::{Id, Key, LocalityId};
use crate::text;

/// The id of the locality with this key.
///
/// # Errors
/// Database errors.
pub fn find_id(db: &mut Db<'_>, key: &Key) -> Result<Option<LocalityId>> {
    let query = localities::table.select(localities::id).into_boxed();
    let query = match key {
        Key::Id(id) => query.filter(localities::id.eq(LocalityId::from(*id))),
        Key::Code(code) => query.filter(localities::code.eq(code.clone())),
    };
    Ok(query.first::<LocalityId>(db.conn).optional()?)
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

/// The locality that a member of a body names.
///
/// # Errors
/// Database errors; a name of nothing is a fault at `pointer`.
pub fn referred(db: &mut Db<'_>, pointer: &'static str, text: Option<&str>, faults: &mut Vec<Fault>) -> Result<Option<LocalityId>> {
    let Some(text) = text else { return Ok(None) };
    let found = match Key::parse(text) {
        Some(key) => find_id(db, &key)?,
        None => None,
    };
    if found.is_none() {
        faults.push(Fault::at(pointer, FaultCode::UnknownReference));
    }
    Ok(found)
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
    let parent = referred(tx, "", new.parent, &mut Vec::new())?;
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
    Ok(())
}
