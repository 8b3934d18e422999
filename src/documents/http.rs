//! Legal documents on HTTP.

use super::model::{Document, DocumentFilters};
use super::store;
use crate::access::Access;
use crate::access::policy::ReadCatalogue;
use crate::error::Result;
use crate::http::answers::{Paged, Resource, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::Path;
use crate::http::registrar::Registrar;
use crate::ids::Key;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("documents", "Văn bản: the legal instruments that the plan cites.");
    api.path("/documents").get(list_documents, "List legal documents", "`q` searches number and title.").done();
    api.path("/documents/{document}").get(get_document, "Read a legal document", "By id or code.").done();
}

impl Resource for Document {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/documents/{}", self.id)
    }
}

impl Filters for DocumentFilters {
    const SORTS: &'static [&'static str] = &["code", "updated_at"];
    const SEARCH: bool = true;
    const UPDATED: bool = true;
}

async fn list_documents(access: Access<ReadCatalogue>, list: List<DocumentFilters>) -> Result<Paged<Document>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.q.as_deref(), list.updated_since, &list.page)).await
}

async fn get_document(access: Access<ReadCatalogue>, Path(key): Path<Key>) -> Result<Single<Document>> {
    access.read(move |db| store::get(db, &key)).await.map(Single)
}
