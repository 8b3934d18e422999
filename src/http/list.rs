//! Lists: `limit`, `cursor`, `sort`, `count`, and keyset pages that neither repeat nor skip under concurrent inserts.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::answers::Paged;
use super::document::Spec;
use super::marks::asker;
use super::parts::{Exchange, Part, from_query};
use crate::access::Access;
use crate::access::policy::Permit;
use crate::clock::Instant;
use crate::db::Db;
use crate::db::page::{Page, PageRequest, SortKey};
use crate::error::{Fault, FaultCode, Result};

/// What a list can be filtered by; the members are its parameters.
pub trait Filters: ToSchema + DeserializeOwned + Serialize {
    /// The words that `sort` takes; the first is the default. Ties are broken by id.
    const SORTS: &'static [&'static str];
    /// Whether the default order is descending.
    const NEWEST_FIRST: bool = false;
    /// Whether `q` searches it.
    const SEARCH: bool = false;
    /// Whether `updated_since` narrows it.
    const UPDATED: bool = false;
    /// Whether it comes in one order only and is never counted.
    const ONE_WAY: bool = false;
    /// Whether the page takes several statements, which must then see one state: where a filter names another object, or rows
    /// are put together from several tables.
    fn several(&self) -> bool {
        false
    }
}

/// The request for a page of a list.
#[derive(Debug)]
pub struct List<F> {
    /// Its filters.
    pub filters: F,
    /// `q`, as typed.
    pub q: Option<String>,
    /// `updated_since`.
    pub updated_since: Option<Instant>,
    /// Which page.
    pub page: PageRequest,
    /// What binds a cursor to this query.
    binding: String,
}

/// Parameters that every list has.
#[derive(Debug, Default, Deserialize)]
struct Common {
    limit: Option<i64>,
    cursor: Option<String>,
    sort: Option<String>,
    count: Option<String>,
    q: Option<String>,
    updated_since: Option<Instant>,
}

const DEFAULT_LIMIT: i64 = 50;
const MAX_LIMIT: i64 = 200;

impl<F: Filters> Part for List<F> {
    fn describe(spec: &mut Spec) {
        spec.query::<F>();
        spec.parameter(
            "limit",
            json!({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}),
            "How many at the most.",
        );
        spec.parameter(
            "cursor",
            json!({"type": "string", "maxLength": 2000}),
            "`page.next` of the page before, with the other parameters unchanged.",
        );
        if !F::ONE_WAY {
            let sorts = F::SORTS.join("`, `");
            spec.parameter(
                "sort",
                json!({"type": "string", "maxLength": 100, "default": F::SORTS.first()}),
                &format!("Comma-separated, `-` for descending: `{sorts}`."),
            );
            spec.parameter("count", json!({"type": "string", "enum": ["exact"]}), "`exact` adds `page.total`.");
        }
        if F::SEARCH {
            spec.parameter(
                "q",
                json!({"type": "string", "minLength": 1, "maxLength": 200}),
                "Text to find; ignores case, tone marks, đ/d and where a tone mark stands: `da bac` finds Đà Bắc.",
            );
        }
        if F::UPDATED {
            spec.parameter(
                "updated_since",
                json!({"type": "string", "format": "date-time"}),
                "Only what changed at or after this instant.",
            );
        }
    }

    fn take(exchange: &mut Exchange<'_>) -> Result<Self> {
        let common: Common = from_query(exchange)?;
        let filters: F = from_query(exchange)?;
        let sort = sort_keys(common.sort.as_deref(), F::SORTS, F::NEWEST_FIRST);
        if sort.is_none() {
            exchange.faults.push(Fault::of("sort", FaultCode::NotInList).with(F::SORTS.join(", ")));
        }
        let binding = binding(exchange, &filters, &common);
        let after = match common.cursor.as_deref().map(|cursor| exchange.signer.open(cursor, &binding)) {
            Some(None) => {
                exchange.faults.push(Fault::of("cursor", FaultCode::InvalidCursor));
                None
            }
            Some(after) => after,
            None => None,
        };
        Ok(Self {
            filters,
            q: common.q,
            updated_since: common.updated_since,
            page: PageRequest {
                limit: common.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT),
                sort: sort.unwrap_or_default(),
                after,
                count: common.count.is_some(),
            },
            binding,
        })
    }
}

impl<F: Filters + Send + 'static> List<F> {
    /// The page that `work` reads, with its cursor bound to this query.
    ///
    /// # Errors
    /// What `work` answers, or 503.
    pub async fn answer<P: Permit, T: Send + 'static>(
        self,
        access: &Access<P>,
        work: impl FnOnce(&mut Db<'_>, &Self) -> Result<Page<T>> + Send + 'static,
    ) -> Result<Paged<T>> {
        let binding = self.binding();
        let several = self.page.count || self.filters.several();
        let page = access.page(several, move |db| work(db, &self)).await?;
        Ok(Paged(page, binding))
    }

    /// What binds the next cursor: taken before the request is moved into database work.
    #[must_use]
    pub fn binding(&self) -> String {
        self.binding.clone()
    }
}

/// Names the columns of `sort`, or `None` if one is not in the list or stands twice.
fn sort_keys(sort: Option<&str>, allowed: &'static [&'static str], newest_first: bool) -> Option<Vec<SortKey>> {
    let Some(sort) = sort else {
        return Some(allowed.first().map(|name| SortKey { name, descending: newest_first }).into_iter().collect());
    };
    let mut keys: Vec<SortKey> = Vec::new();
    for word in sort.split(',') {
        let (word, descending) = word.strip_prefix('-').map_or((word, false), |word| (word, true));
        let name = allowed.iter().find(|name| **name == word)?;
        if keys.iter().any(|key| key.name == *name) {
            return None;
        }
        keys.push(SortKey { name, descending });
    }
    Some(keys)
}

/// A cursor belongs to one caller, path, filter, search and order; `limit`, `fields` and `count` may change between pages.
fn binding<F: Filters>(exchange: &Exchange<'_>, filters: &F, common: &Common) -> String {
    let asker = asker(exchange.req).and_then(|caller| caller.id()).map(|id| id.to_string()).unwrap_or_default();
    let parts = json!([asker, exchange.req.path(), filters, common.sort, common.q, common.updated_since]);
    let digest = digest::digest(&digest::SHA256, parts.to_string().as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_ref().get(..12).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sort_takes_only_the_closed_list() {
        const NAMES: &[&str] = &["name", "updated_at"];
        assert_eq!(sort_keys(Some("name,-updated_at"), NAMES, false).map(|keys| keys.len()), Some(2));
        for sort in ["name;--", "(select 1)", "", "name,name", "-", "password_hash"] {
            assert!(sort_keys(Some(sort), NAMES, false).is_none(), "{sort}");
        }
    }
}
