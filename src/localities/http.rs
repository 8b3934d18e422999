//! Localities on HTTP.

use super::model::{Locality, LocalityFilters};
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
    api.tag("localities", "Địa bàn: province, districts and communes; territory, apart from the line of management.");
    api.path("/localities").get(list_localities, "List localities", "Those that there were on a day.").done();
    api.path("/localities/{locality}").get(get_locality, "Read a locality", "By id or code.").done();
}

impl Resource for Locality {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/localities/{}", self.id)
    }
}

impl Filters for LocalityFilters {
    const SORTS: &'static [&'static str] = &["name", "code", "updated_at"];
    const SEARCH: bool = true;
    const UPDATED: bool = true;
    fn several(&self) -> bool {
        self.parent.is_some()
    }
}

async fn list_localities(access: Access<ReadCatalogue>, list: List<LocalityFilters>) -> Result<Paged<Locality>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.q.as_deref(), list.updated_since, &list.page)).await
}

async fn get_locality(access: Access<ReadCatalogue>, Path(key): Path<Key>) -> Result<Single<Locality>> {
    access.read(move |db| store::get(db, &key)).await.map(Single)
}
