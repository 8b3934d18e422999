//! Later due dates that units ask for.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::read;
use super::write::Locked;
use crate::assignments::model::{Extension, ExtensionStatus, NewExtension};
use crate::clock::Instant;
use crate::db::schema::{assignment_extensions, users};
use crate::db::{Db, Tx};
use crate::error::{Error, Result};
use crate::ids::{AssignmentId, ExtensionId, Id, UserId};
use crate::refs::{NamedPerson, PersonRef};

type Row = (
    (ExtensionId, AssignmentId, NaiveDate, String, ExtensionStatus),
    (Option<UserId>, Option<UserId>, Option<Instant>, Option<String>),
    (i64, Instant, Instant),
);

fn told(db: &mut Db<'_>, rows: Vec<Row>) -> Result<Vec<Extension>> {
    let named: Vec<UserId> = rows.iter().flat_map(|row| [row.1.0, row.1.1]).flatten().collect();
    let people: Vec<NamedPerson> =
        users::table.filter(users::id.eq_any(named)).select((users::id, users::username, users::full_name)).load(db.conn)?;
    let person = |id: Option<UserId>| people.iter().find(|person| Some(person.0) == id).cloned().map(PersonRef::of);
    let extension = |row: Row| {
        let (
            (id, assignment, due_on, reason, status),
            (asked_by, decided_by, decided_at, decision_reason),
            (version, created_at, updated_at),
        ) = row;
        let (asked_by, decided_by) = (person(asked_by), person(decided_by));
        Extension {
            id,
            assignment,
            due_on,
            reason,
            status,
            asked_by,
            decided_by,
            decided_at,
            decision_reason,
            version,
            created_at,
            updated_at,
        }
    };
    Ok(rows.into_iter().map(extension).collect())
}

macro_rules! columns {
    () => {
        (
            (
                assignment_extensions::id,
                assignment_extensions::assignment_id,
                assignment_extensions::due_on,
                assignment_extensions::reason,
                assignment_extensions::status,
            ),
            (
                assignment_extensions::asked_by,
                assignment_extensions::decided_by,
                assignment_extensions::decided_at,
                assignment_extensions::decision_reason,
            ),
            (assignment_extensions::version, assignment_extensions::created_at, assignment_extensions::updated_at),
        )
    };
}

/// The later due dates that were asked for an assignment, the first one first.
///
/// # Errors
/// 404 if the caller has no part in it.
pub fn extensions(db: &mut Db<'_>, assignment: AssignmentId) -> Result<Vec<Extension>> {
    read::row(db, assignment)?;
    let asked = assignment_extensions::table.filter(assignment_extensions::assignment_id.eq(assignment));
    let rows: Vec<Row> = asked.order_by(assignment_extensions::id).select(columns!()).load(db.conn)?;
    told(db, rows)
}

fn get(db: &mut Db<'_>, assignment: AssignmentId, id: ExtensionId) -> Result<Extension> {
    let row = assignment_extensions::table
        .filter(assignment_extensions::assignment_id.eq(assignment))
        .filter(assignment_extensions::id.eq(id))
        .select(columns!())
        .first::<Row>(db.conn)?;
    told(db, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// The request with this id of a locked assignment: the assignment's lock is its lock.
///
/// # Errors
/// 404 if there is none.
pub fn lock_extension(tx: &mut Tx<'_>, locked: &Locked, id: ExtensionId) -> Result<Extension> {
    get(tx, locked.assignment.id, id)
}

/// Asks for a later due date.
///
/// # Errors
/// 409 `duplicate` where one is waiting already.
pub fn ask(tx: &mut Tx<'_>, locked: &Locked, new: &NewExtension) -> Result<Extension> {
    let (id, now): (ExtensionId, Instant) = (Id::new(), tx.now());
    let waiting = assignment_extensions::table
        .filter(assignment_extensions::assignment_id.eq(locked.assignment.id))
        .filter(assignment_extensions::status.eq(ExtensionStatus::Asked));
    if diesel::select(diesel::dsl::exists(waiting)).get_result(tx.conn)? {
        return Err(Error::duplicate(""));
    }
    diesel::insert_into(assignment_extensions::table)
        .values((
            assignment_extensions::id.eq(id),
            assignment_extensions::assignment_id.eq(locked.assignment.id),
            assignment_extensions::due_on.eq(new.due_on),
            assignment_extensions::reason.eq(&new.reason),
            assignment_extensions::status.eq(ExtensionStatus::Asked),
            assignment_extensions::asked_by.eq(tx.context.caller.person().map(|person| person.id)),
            assignment_extensions::version.eq(1_i64),
            assignment_extensions::created_at.eq(now),
            assignment_extensions::updated_at.eq(now),
        ))
        .execute(tx.conn)?;
    get(tx, locked.assignment.id, id)
}

/// Grants or refuses a request.
///
/// # Errors
/// Database errors.
pub fn decide(tx: &mut Tx<'_>, extension: &Extension, status: ExtensionStatus, reason: Option<&str>) -> Result<Extension> {
    let now = tx.now();
    diesel::update(assignment_extensions::table.filter(assignment_extensions::id.eq(extension.id)))
        .set((
            assignment_extensions::status.eq(status),
            assignment_extensions::decided_by.eq(tx.context.caller.person().map(|person| person.id)),
            assignment_extensions::decided_at.eq(now),
            assignment_extensions::decision_reason.eq(reason),
            assignment_extensions::version.eq(assignment_extensions::version + 1),
            assignment_extensions::updated_at.eq(now),
        ))
        .execute(tx.conn)?;
    get(tx, extension.assignment, extension.id)
}
