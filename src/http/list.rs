//! Lists: `limit`, `cursor`, `sort`, `count`, and keyset pages that neither repeat nor skip under concurrent inserts.

use aws_lc_rs::digest;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::answers::Paged;
use super::document::Spec;
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
    let asker = super::exchange::asker(exchange.req);
    let parts = json!([asker, exchange.req.path(), filters, common.sort, common.q, common.updated_since]);
    let digest = digest::digest(&digest::SHA256, parts.to_string().as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_ref().get(..12).unwrap_or_default())
}

/// Signs cursors, so that a forged one or one of another query is told from ours.
pub struct CursorSigner(hmac::Key);

impl CursorSigner {
    /// With a secret that all instances share.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    fn seal(&self, after: &[Value], binding: &str) -> Result<String> {
        let payload = serde_json::to_vec(after)?;
        let tag = self.tag(&payload, binding);
        let mut bytes = tag.as_ref().get(..16).unwrap_or_default().to_vec();
        bytes.extend_from_slice(&payload);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    fn open(&self, cursor: &str, binding: &str) -> Option<Vec<Value>> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (given, payload) = bytes.split_at_checked(16)?;
        let tag = self.tag(payload, binding);
        let expected = tag.as_ref().get(..16)?;
        aws_lc_rs::constant_time::verify_slices_are_equal(given, expected).ok()?;
        serde_json::from_slice(payload).ok()
    }

    fn tag(&self, payload: &[u8], binding: &str) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(binding.as_bytes());
        context.update(&[0]);
        context.update(payload);
        context.sign()
    }
}

/// A page as a client reads it.
#[derive(Debug, Serialize)]
pub struct Listed<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Where the next ones are.
    pub page: PageInfo,
}

/// Where the next page is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"next": null, "limit": 50}))]
pub struct PageInfo {
    /// The cursor of the next page; null on the last.
    #[schema(required = true)]
    pub next: Option<String>,
    /// How many at the most.
    #[schema(minimum = 1, maximum = 200)]
    pub limit: i64,
    /// How many there are in all, with `count=exact`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, nullable = false)]
    pub total: Option<i64>,
}

impl<T> Listed<T> {
    /// The page with its cursor sealed.
    ///
    /// # Errors
    /// 500 if the cursor cannot be written.
    pub(super) fn seal(page: Page<T>, signer: &CursorSigner, binding: &str) -> Result<Self> {
        let next = page.next.map(|after| signer.seal(&after, binding)).transpose()?;
        Ok(Self { data: page.rows, page: PageInfo { next, limit: page.limit, total: page.total } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_only_with_its_key_and_its_query() {
        let signer = CursorSigner::new(b"one");
        let cursor = signer.seal(&[json!("Đà Bắc"), json!(3)], "query").expect("seals");
        assert_eq!(signer.open(&cursor, "query"), Some(vec![json!("Đà Bắc"), json!(3)]));
        assert_eq!(signer.open(&cursor, "another"), None);
        assert_eq!(CursorSigner::new(b"two").open(&cursor, "query"), None);
        for forged in ["", "AAAA", &cursor[..cursor.len() - 2], &format!("{cursor}AA"), "không"] {
            assert_eq!(signer.open(forged, "query"), None, "{forged}");
        }
    }

    #[test]
    fn sort_takes_only_the_closed_list() {
        const NAMES: &[&str] = &["name", "updated_at"];
        assert_eq!(sort_keys(Some("name,-updated_at"), NAMES, false).map(|keys| keys.len()), Some(2));
        for sort in ["name;--", "(select 1)", "", "name,name", "-", "password_hash"] {
            assert!(sort_keys(Some(sort), NAMES, false).is_none(), "{sort}");
        }
    }
}
