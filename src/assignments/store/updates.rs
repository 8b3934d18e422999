//! What units say of their assignments: added to, never changed.

use diesel::prelude::*;

use super::read;
use crate::assignments::model::{NewUpdate, ProgressUpdate};
use crate::clock::Instant;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{assignment_updates, users};
use crate::db::{Db, Tx};
use crate::error::{Error, Result};
use crate::ids::{AssignmentId, Id, UpdateId};
use crate::refs::{NamedPerson, PersonRef};

type Row = (UpdateId, i32, String, String, (Option<String>, Option<String>), Option<NamedPerson>, Instant);

fn told(assignment: AssignmentId, (id, percent, text, figures, (difficulties, proposals), by, created_at): Row) -> Result<ProgressUpdate> {
    let by = by.map(PersonRef::of);
    Ok(ProgressUpdate { id, assignment, percent, text, figures: serde_json::from_str(&figures)?, difficulties, proposals, by, created_at })
}

/// A page of what was said of an assignment.
///
/// # Errors
/// 404 if the caller has no part in it.
pub fn list(db: &mut Db<'_>, assignment: AssignmentId, page: &PageRequest) -> Result<Page<ProgressUpdate>> {
    read::row(db, assignment)?;
    let said = || assignment_updates::table.left_join(users::table).filter(assignment_updates::assignment_id.eq(assignment)).into_boxed();
    let total = if page.count { Some(said().count().get_result(db.conn)?) } else { None };
    let query = keyset!(said(), page, _, { "created_at" => assignment_updates::created_at: Instant }, assignment_updates::id);
    let rows: Vec<Row> = query
        .select((
            assignment_updates::id,
            assignment_updates::percent,
            assignment_updates::body,
            assignment_updates::figures,
            (assignment_updates::difficulties, assignment_updates::proposals),
            (users::id, users::username, users::full_name).nullable(),
            assignment_updates::created_at,
        ))
        .load(db.conn)?;
    let rows = rows.into_iter().map(|row| told(assignment, row)).collect::<Result<Vec<_>>>()?;
    Ok(Page::cut(rows, page, total, |row, name| if name == "created_at" { row.created_at.write() } else { row.id.write() }))
}

/// Adds what is said of a locked assignment, and answers it. It is later than all that was said before, also where its writer waited for
/// the lock: what was told last is what counts.
///
/// # Errors
/// Database errors.
pub fn add(tx: &mut Tx<'_>, assignment: AssignmentId, new: &NewUpdate) -> Result<ProgressUpdate> {
    let said = assignment_updates::table.filter(assignment_updates::assignment_id.eq(assignment));
    let last: Option<Instant> =
        said.order_by(assignment_updates::created_at.desc()).select(assignment_updates::created_at).first(tx.conn).optional()?;
    let now = tx.after(last);
    let id: UpdateId = Id::new();
    let person = tx.context.caller.person().cloned().ok_or_else(Error::forbidden)?;
    diesel::insert_into(assignment_updates::table)
        .values((
            assignment_updates::id.eq(id),
            assignment_updates::assignment_id.eq(assignment),
            assignment_updates::percent.eq(new.percent),
            assignment_updates::body.eq(&new.text),
            assignment_updates::figures.eq(serde_json::to_string(&new.figures)?),
            assignment_updates::difficulties.eq(&new.difficulties),
            assignment_updates::proposals.eq(&new.proposals),
            assignment_updates::written_by.eq(person.id),
            assignment_updates::created_at.eq(now),
        ))
        .execute(tx.conn)?;
    let by = Some(PersonRef::of((person.id, person.username, person.full_name)));
    let NewUpdate { percent, text, figures, difficulties, proposals } = new.clone();
    Ok(ProgressUpdate { id, assignment, percent, text, figures, difficulties, proposals, by, created_at: now })
}
