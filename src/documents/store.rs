//! Queries on legal documents: part of the catalogue, readable by whoever is signed in.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::model::{Document, DocumentFilters, NewDocument};
use crate::clock::Instant;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::documents;
use crate::db::{Db, Tx, by_key};
use crate::error::{Error, Result};
use crate::ids::{DocumentId, Id, Key};
use crate::text;

#[derive(Debug, Queryable)]
struct Row {
    id: DocumentId,
    code: String,
    type_vi: String,
    number: Option<String>,
    issued_on: Option<NaiveDate>,
    issued_text: Option<String>,
    issuer: String,
    title_vi: String,
    _title_key: String,
    source: String,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl TryFrom<Row> for Document {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            code: row.code,
            type_vi: row.type_vi,
            number: row.number,
            issued_on: row.issued_on,
            issued_text: row.issued_text,
            issuer: row.issuer,
            title_vi: row.title_vi,
            source: serde_json::from_str(&row.source)?,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// The document with this key.
///
/// # Errors
/// 404 if there is none.
pub fn get(db: &mut Db<'_>, key: &Key) -> Result<Document> {
    by_key!(documents::table.into_boxed(), key, documents).first::<Row>(db.conn)?.try_into()
}

/// A page of documents.
///
/// # Errors
/// Database errors.
pub fn list(
    db: &mut Db<'_>,
    filters: &DocumentFilters,
    q: Option<&str>,
    since: Option<Instant>,
    page: &PageRequest,
) -> Result<Page<Document>> {
    let narrowed = || {
        let mut query = documents::table.into_boxed();
        if let Some(type_vi) = &filters.type_vi {
            query = query.filter(documents::type_vi.eq(type_vi.clone()));
        }
        if let Some(q) = q {
            query = query.filter(documents::title_key.like(text::like(q)));
        }
        if let Some(since) = since {
            query = query.filter(documents::updated_at.ge(since));
        }
        query
    };
    let total = if page.count { Some(narrowed().count().get_result(db.conn)?) } else { None };
    let query = keyset!(narrowed(), page, documents::table, {
        "code" => documents::code: String, "updated_at" => documents::updated_at: Instant,
    }, documents::id);
    let rows: Vec<Document> = query.load::<Row>(db.conn)?.into_iter().map(Document::try_from).collect::<Result<_>>()?;
    Ok(Page::cut(rows, page, total, |document: &Document, name| match name {
        "code" => document.code.write(),
        "updated_at" => document.updated_at.write(),
        _ => document.id.write(),
    }))
}

/// Records a document.
///
/// # Errors
/// Database errors.
pub fn insert(tx: &mut Tx<'_>, new: &NewDocument) -> Result<()> {
    let id: DocumentId = Id::new();
    // Found by its number as well as by its title.
    let searched = format!("{} {}", new.number.as_deref().unwrap_or_default(), new.title_vi);
    diesel::insert_into(documents::table)
        .values((
            documents::id.eq(id),
            documents::code.eq(&new.code),
            documents::type_vi.eq(&new.type_vi),
            documents::number.eq(&new.number),
            documents::issued_on.eq(new.issued_on),
            documents::issued_text.eq(&new.issued_text),
            documents::issuer.eq(&new.issuer),
            documents::title_vi.eq(&new.title_vi),
            documents::title_key.eq(text::fold(&searched)),
            documents::source.eq(serde_json::to_string(&new.source)?),
            documents::version.eq(1_i64),
            documents::created_at.eq(tx.now()),
            documents::updated_at.eq(tx.now()),
        ))
        .execute(tx.conn)?;
    Ok(())
}
