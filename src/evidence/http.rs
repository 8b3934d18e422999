//! Evidence on HTTP.

use std::marker::PhantomData;

use super::model::Evidence;
use super::store;
use crate::access::Access;
use crate::access::policy::{ReadAssignments, WriteAssignments};
use crate::assignments::model::AssignmentStatus;
use crate::assignments::rules::is_open;
use crate::assignments::store as assignments;
use crate::error::{Code, Error, Result};
use crate::http::answers::{Created, Download, FileTypes, NoContent, Resource, Rows};
use crate::http::parts::{Path, Upload};
use crate::http::registrar::Registrar;
use crate::ids::{AssignmentId, EvidenceId};
use crate::journal::{self, Entry};

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("evidence", "Minh chứng: files on an assignment.");
    api.path("/assignments/{assignment}/evidence")
        .get(list_evidence, "List the files of an assignment", "With their hashes.")
        .post(
            create_evidence,
            "Put a file on an assignment",
            "By an editor of the unit that leads it, while it is open: PDF, JPEG, PNG, Word, Excel or CSV, by content, not by name.",
        )
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/evidence/{evidence}")
        .get(download_evidence, "Download a file", "As an attachment, and on record.")
        .delete(delete_evidence, "Take a file off", "By an editor of the unit that leads the assignment, while it is open.")
        .refuses(&[Code::IllegalTransition])
        .done();
}

impl Resource for Evidence {
    fn version(&self) -> Option<i64> {
        None
    }
    fn location(&self) -> String {
        self.href.clone()
    }
}

async fn list_evidence(access: Access<ReadAssignments>, Path(id): Path<AssignmentId>) -> Result<Rows<Evidence>> {
    access.snapshot(move |db| store::list(db, id)).await.map(Rows)
}

async fn create_evidence(
    access: Access<WriteAssignments>,
    Path(id): Path<AssignmentId>,
    Upload(file): Upload,
) -> Result<Created<Evidence>> {
    let (key, quota) = (file.key.clone(), access.files().quota());
    let written = access
        .write(move |tx| {
            let tree = tx.hold_tree()?;
            let locked = assignments::lock(tx, &tree, id)?;
            may_change(&locked)?;
            assignments::shown_otherwise(tx, &locked)?;
            let made = store::insert(tx, id, locked.assignment.unit.id, &file, quota)?;
            let (evidence, _, unit) = store::get(tx, made)?;
            let entry =
                Entry::new("evidence.create", Some("evidence.created"), "evidence", made.any()).told(None, Some(&evidence), None)?;
            journal::append(tx, Entry { unit: Some(unit), ..entry })?;
            Ok(evidence)
        })
        .await;
    // Refused, so nothing points at it. Where the outcome is unknown, as when the connection broke at the commit,
    // a row may: that file is left to the sweep, which asks.
    if written.as_ref().is_err_and(|refused| refused.code().status() < 500) {
        access.files().remove(&key).await;
    }
    written.map(Created)
}

/// Only an editor of the unit that leads it, and only while it is open.
fn may_change(locked: &assignments::Locked) -> Result<()> {
    if !locked.relation.leads {
        return Err(Error::forbidden());
    }
    if is_open(locked.assignment.status) { Ok(()) } else { Err(Error::illegal_transition(Vec::new())) }
}

/// Nor while somebody is asked to confirm what it shows.
fn may_take_away(locked: &assignments::Locked) -> Result<()> {
    may_change(locked)?;
    if locked.assignment.status == AssignmentStatus::ReportedDone { Err(Error::illegal_transition(Vec::new())) } else { Ok(()) }
}

/// The kinds of files that are kept.
struct Kinds;

impl FileTypes for Kinds {
    const TYPES: &'static [&'static str] = crate::files::TYPES;
}

async fn download_evidence(access: Access<ReadAssignments>, Path(id): Path<EvidenceId>) -> Result<Download<Kinds>> {
    let (file, key) = access
        .write(move |tx| {
            let (file, key, unit) = store::get(tx, id)?;
            let entry = Entry::new("evidence.read", None, "evidence", id.any());
            journal::append(tx, Entry { unit: Some(unit), ..entry })?;
            Ok((file, key))
        })
        .await?;
    let body = access.files().read(&key).await?;
    Ok(Download { types: PhantomData, body, name: file.name, media_type: file.media_type, size: file.size, sha256: file.sha256 })
}

async fn delete_evidence(access: Access<WriteAssignments>, Path(id): Path<EvidenceId>) -> Result<NoContent> {
    let key = access
        .write(move |tx| {
            let tree = tx.hold_tree()?;
            let seen = store::get(tx, id)?.0;
            let locked = assignments::lock(tx, &tree, seen.assignment)?;
            // Who waited for the assignment reads again: somebody else may have taken the file away.
            let (file, key, unit) = store::get(tx, id)?;
            may_take_away(&locked)?;
            assignments::shown_otherwise(tx, &locked)?;
            store::delete(tx, &file, unit)?;
            let entry = Entry::new("evidence.delete", Some("evidence.deleted"), "evidence", id.any()).told(Some(&file), None, None)?;
            journal::append(tx, Entry { unit: Some(unit), deleted: true, ..entry })?;
            Ok(key)
        })
        .await?;
    access.files().remove(&key).await;
    Ok(NoContent)
}
