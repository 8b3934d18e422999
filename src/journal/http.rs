//! The journal on HTTP.

use super::model::{AuditEvent, AuditFilters, Changes, ChangesQuery};
use super::read;
use crate::access::Access;
use crate::access::policy::{ReadAudit, ReadChanges};
use crate::error::Result;
use crate::http::answers::{Paged, Plain};
use crate::http::list::{Filters, List};
use crate::http::parts::Query;
use crate::http::registrar::Registrar;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("journal", "Nhật ký: who did what, and the ordered feed of changes.");
    api.path("/audit-events")
        .get(
            list_audit_events,
            "Read the audit trail",
            "Of the caller's scope, newest first; `position` is null until the entry is sealed, within a second. A program is told `before` and `after` of what its scopes let it read.",
        )
        .done();
    api.path("/changes")
        .get(
            read_changes,
            "Follow the feed of changes",
            "Of the caller's scope, in one order without gaps. Start with `limit=0`, make a full copy, then go on after `last` as long as it moves: where resources are long a stretch is shorter than asked. Of a unit that moves its own entries tell: what is below it is to be read anew. An assignment is told where its unit is, not to units that cooperate.",
        )
        .done();
}

impl Filters for AuditFilters {
    const SORTS: &'static [&'static str] = &["at"];
    const NEWEST_FIRST: bool = true;
    fn several(&self) -> bool {
        // How long its rows are is asked first.
        true
    }
}

async fn list_audit_events(access: Access<ReadAudit>, list: List<AuditFilters>) -> Result<Paged<AuditEvent>> {
    list.answer(&access, move |db, list| read::audit(db, &list.filters, &list.page)).await
}

async fn read_changes(access: Access<ReadChanges>, Query(query): Query<ChangesQuery>) -> Result<Plain<Changes>> {
    access.snapshot(move |db| read::changes(db, query.after.unwrap_or_default(), query.limit.unwrap_or(50))).await.map(Plain)
}
