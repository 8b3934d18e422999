//! Queries on evidence: seen by whoever sees its assignment.

use diesel::prelude::*;

use super::model::Evidence;
use crate::assignments::store as assignments;
use crate::clock::Instant;
use crate::db::schema::{evidence, file_usage, users};
use crate::db::{Conn, Db, Tx, each};
use crate::error::{Code, Error, Result};
use crate::files::Received;
use crate::ids::{AssignmentId, EvidenceId, Id, UnitId};
use crate::refs::{NamedPerson, PersonRef};
use crate::text;

type Row = ((EvidenceId, AssignmentId, String, String, i64, Vec<u8>), Option<NamedPerson>, Instant);

fn told(row: Row) -> Evidence {
    let ((id, assignment, name, media_type, size, sha256), by, created_at) = row;
    let uploaded_by = by.map(PersonRef::of);
    let href = format!("/api/v1/evidence/{id}");
    Evidence { id, assignment, name, media_type, size, sha256: text::hexadecimal(&sha256), href, uploaded_by, created_at }
}

macro_rules! columns {
    () => {
        (
            (evidence::id, evidence::assignment_id, evidence::name, evidence::media_type, evidence::size, evidence::sha256),
            (users::id, users::username, users::full_name).nullable(),
            evidence::created_at,
        )
    };
}

/// The files of an assignment, the first one first.
///
/// # Errors
/// 404 if the caller has no part in the assignment.
pub fn list(db: &mut Db<'_>, assignment: AssignmentId) -> Result<Vec<Evidence>> {
    assignments::get(db, assignment)?;
    let files = evidence::table.left_join(users::table).filter(evidence::assignment_id.eq(assignment)).order_by(evidence::id);
    Ok(files.select(columns!()).load::<Row>(db.conn)?.into_iter().map(told).collect())
}

/// The file with this id, the key that it is stored under, and the unit whose it is.
///
/// # Errors
/// 404 if there is none, or the caller has no part in its assignment.
pub fn get(db: &mut Db<'_>, id: EvidenceId) -> Result<(Evidence, String, UnitId)> {
    let found = evidence::table.left_join(users::table).filter(evidence::id.eq(id));
    let (row, key, unit): (Row, String, UnitId) = found.select((columns!(), evidence::key, evidence::unit_id)).first(db.conn)?;
    let file = told(row);
    assignments::get(db, file.assignment)?;
    Ok((file, key, unit))
}

/// Records a file that is stored, within the unit's quota: uploads of one unit wait for each other on its row.
///
/// # Errors
/// 413 over the quota.
pub fn insert(tx: &mut Tx<'_>, assignment: AssignmentId, unit: UnitId, file: &Received, quota: i64) -> Result<EvidenceId> {
    let (id, now): (EvidenceId, Instant) = (Id::new(), tx.now());
    use_bytes(tx, unit, file.size, quota)?;
    diesel::insert_into(evidence::table)
        .values((
            evidence::id.eq(id),
            evidence::assignment_id.eq(assignment),
            evidence::unit_id.eq(unit),
            evidence::name.eq(&file.name),
            evidence::media_type.eq(file.media_type),
            evidence::size.eq(file.size),
            evidence::sha256.eq(&file.sha256),
            evidence::key.eq(&file.key),
            evidence::uploaded_by.eq(tx.context.caller.person().map(|person| person.id)),
            evidence::created_at.eq(now),
        ))
        .execute(tx.conn)?;
    Ok(id)
}

fn use_bytes(tx: &mut Tx<'_>, unit: UnitId, bytes: i64, quota: i64) -> Result<()> {
    let conn = &mut *tx.conn;
    let row = (file_usage::unit_id.eq(unit), file_usage::bytes.eq(0_i64));
    each!(conn => diesel::insert_into(file_usage::table).values(row).on_conflict(file_usage::unit_id).do_nothing().execute(conn))?;
    let used = file_usage::table.filter(file_usage::unit_id.eq(unit)).select(file_usage::bytes);
    let used: i64 = match &mut *tx.conn {
        Conn::Pg(pg) => used.for_no_key_update().first(pg)?,
        Conn::Lite(lite) => used.first(lite)?,
    };
    if used + bytes > quota {
        return Err(Error::new(Code::TooLarge).because("Đơn vị đã dùng hết dung lượng.", "The unit's quota of files is used up."));
    }
    diesel::update(file_usage::table.filter(file_usage::unit_id.eq(unit))).set(file_usage::bytes.eq(used + bytes)).execute(tx.conn)?;
    Ok(())
}

/// Takes a file off its assignment.
///
/// # Errors
/// Database errors.
pub fn delete(tx: &mut Tx<'_>, file: &Evidence, unit: UnitId) -> Result<()> {
    use_bytes(tx, unit, -file.size, i64::MAX)?;
    diesel::delete(evidence::table.filter(evidence::id.eq(file.id))).execute(tx.conn)?;
    Ok(())
}

/// Those of these keys that no row names.
///
/// # Errors
/// Database errors.
pub fn orphans(db: &mut Db<'_>, keys: Vec<String>) -> Result<Vec<String>> {
    let named: Vec<String> = evidence::table.filter(evidence::key.eq_any(keys.clone())).select(evidence::key).load(db.conn)?;
    Ok(keys.into_iter().filter(|key| !named.contains(key)).collect())
}
