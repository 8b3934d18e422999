//! Reading the journal: the audit trail, newest first, and the feed of sealed changes.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};

use diesel::prelude::*;
use serde_json::{Value, json};

use super::model::{Actor, ActorClient, AuditEvent, AuditFilters, AuditOutcome, Change, Changes, ResourceRef};
use crate::access::policy::Permission;
use crate::clock::Instant;
use crate::db::Db;
use crate::db::page::{CursorValue, MOST_BYTES, Page, PageRequest, keyset, octet_length};
use crate::db::schema::{clients, journal, seals, unit_spells, units};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::{AnyId, ClientId, EntryId, Key, UnitId, ValueId};
use crate::units::model::UnitRef;
use crate::units::store::{referred_unit, within};
use crate::{assignments, forms, indicators, periods, plans, reports, rounds, tasks, units as units_resource, users, values};

/// Entries of the scope. A macro, because the type has no name.
macro_rules! visible {
    ($scope:expr) => {{
        let scope: crate::access::scope::Scope = $scope;
        journal::table.filter(journal::unit_id.eq_any(within(scope.root(), scope.today()).nullable()))
    }};
}

/// Code and name today of the unit in a column. Macros, because the types have no names.
macro_rules! code_of {
    ($unit:path) => {
        units::table.filter(units::id.nullable().eq($unit)).select(units::code).single_value()
    };
}
macro_rules! name_of {
    ($unit:path, $day:expr) => {
        unit_spells::table
            .filter(unit_spells::unit_id.nullable().eq($unit))
            .filter(unit_spells::valid_from.le($day))
            .filter(unit_spells::valid_to.gt($day))
            .select(unit_spells::name)
            .single_value()
    };
}

type Named = (Option<UnitId>, Option<String>, Option<String>);

fn named((id, code, name): Named) -> Option<UnitRef> {
    Some(UnitRef { id: id?, code: code?, name: name? })
}

#[derive(Debug, Queryable)]
struct Row {
    id: EntryId,
    at: Instant,
    action: String,
    outcome: AuditOutcome,
    actor: (String, Option<AnyId>, String, Option<String>),
    actor_unit: Named,
    actor_client: (Option<ClientId>, Option<String>),
    resource: (String, Option<AnyId>, Option<String>),
    unit: Named,
    request_id: Option<String>,
    ip: Option<String>,
    before: Option<String>,
    after: Option<String>,
    position: Option<i64>,
    hash: Option<Vec<u8>>,
}

impl TryFrom<Row> for AuditEvent {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let value = |text: Option<String>| text.map(|text| serde_json::from_str::<Value>(&text)).transpose();
        let (kind, id, name, role) = row.actor;
        // One of a unit above may be out of sight behind the second wall: then its id alone is told.
        let (client, name_of_client) = row.actor_client;
        let client = client.map(|id| ActorClient { id, name: name_of_client.unwrap_or_default() });
        let (resource_kind, resource_id, code) = row.resource;
        Ok(Self {
            id: row.id,
            position: row.position,
            at: row.at,
            action: row.action,
            outcome: row.outcome,
            actor: Actor { kind, id, name, role, unit: named(row.actor_unit), client },
            resource: ResourceRef { kind: resource_kind, id: resource_id, code },
            unit: named(row.unit),
            request_id: row.request_id,
            ip: row.ip,
            before: value(row.before)?,
            after: value(row.after)?,
            hash: row.hash.as_deref().map(crate::text::hexadecimal),
        })
    }
}

/// A page of the audit trail of the scope.
///
/// # Errors
/// 422 for a filter that names nothing in scope.
pub fn audit(db: &mut Db<'_>, filters: &AuditFilters, page: &PageRequest) -> Result<Page<AuditEvent>> {
    let (day, scope) = (db.today(), db.scope()?);
    let mut faults = Vec::new();
    let unit = filters.unit.as_deref().map(|text| referred_unit(db, Fault::of("unit", FaultCode::UnknownReference), text, &mut faults));
    let root = filters.within.as_deref().map(|text| referred_unit(db, Fault::of("within", FaultCode::UnknownReference), text, &mut faults));
    let (unit, root) = (unit.transpose()?.flatten(), root.transpose()?.flatten());
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    let narrowed = || {
        let mut query = visible!(scope).into_boxed();
        if let Some(actor) = filters.actor {
            query = query.filter(journal::actor_id.eq(actor));
        }
        if let Some(action) = &filters.action {
            query = query.filter(journal::action.eq(action.clone()));
        }
        if let Some(outcome) = filters.outcome {
            query = query.filter(journal::outcome.eq(outcome));
        }
        if let Some(resource) = filters.resource {
            query = query.filter(journal::resource_id.eq(resource));
        }
        if let Some(unit) = &unit {
            query = query.filter(journal::unit_id.eq(unit.id));
        }
        if let Some(root) = &root {
            query = query.filter(journal::unit_id.eq_any(within(root.id, day).nullable()));
        }
        if let Some(from) = filters.from {
            query = query.filter(journal::at.ge(from));
        }
        if let Some(to) = filters.to {
            query = query.filter(journal::at.lt(to));
        }
        query
    };
    let total = if page.count { Some(narrowed().count().get_result(db.conn)?) } else { None };
    macro_rules! of_page {
        ($page:expr) => {
            keyset!(narrowed(), $page, journal::table, { "at" => journal::at: Instant }, journal::id)
        };
    }
    let lengths: Vec<(Option<i32>, Option<i32>)> =
        of_page!(page).select((octet_length(journal::before), octet_length(journal::after))).load(db.conn)?;
    let lengths = lengths.into_iter().map(|(before, after)| i64::from(before.unwrap_or_default()) + i64::from(after.unwrap_or_default()));
    let (asked, page) = (page.limit, &page.fitting(lengths));
    let rows: Vec<Row> = of_page!(page)
        .select((
            journal::id,
            journal::at,
            journal::action,
            journal::outcome,
            (journal::actor_type, journal::actor_id, journal::actor_name, journal::actor_role),
            (journal::actor_unit_id, code_of!(journal::actor_unit_id), name_of!(journal::actor_unit_id, day)),
            (
                journal::actor_client_id,
                clients::table.filter(clients::id.nullable().eq(journal::actor_client_id)).select(clients::name).single_value(),
            ),
            (journal::resource_type, journal::resource_id, journal::resource_code),
            (journal::unit_id, code_of!(journal::unit_id), name_of!(journal::unit_id, day)),
            journal::request_id,
            journal::ip,
            journal::before,
            journal::after,
            seals::table.filter(seals::seq.eq(journal::seq)).select(seals::position).single_value(),
            seals::table.filter(seals::seq.eq(journal::seq)).select(seals::hash).single_value(),
        ))
        .load(db.conn)?;
    let mut events = rows.into_iter().map(AuditEvent::try_from).collect::<Result<Vec<_>>>()?;
    discreet(db, &mut events);
    let cut = Page::cut(events, page, total, |event, name| if name == "at" { event.at.write() } else { event.id.write() });
    Ok(cut.asked(asked))
}

/// Whether the code of a resource of this kind is the name of an account.
fn names_people(kind: &str) -> bool {
    matches!(kind, "user" | "session")
}

/// Takes out of entries what the caller may not read elsewhere: figures of sensitive indicators are told to no machine without leave, and
/// to a program nothing of what its scopes do not let it read. Who acted the trail tells: that is what it is for.
/// Who is not told every entry whole is told no hash either: what was left out is a small number, and could be tried against it.
fn discreet(db: &Db<'_>, events: &mut [AuditEvent]) {
    let caller = &db.context.caller;
    let (figures, people) = (caller.sees_small_cells(), caller.may(Permission::ReadUsers));
    let by_program = caller.program().is_some();
    if figures && people && !by_program {
        return;
    }
    for event in events {
        let told = match event.resource.kind.as_str() {
            "indicator_value" | "report" | "baseline" if !figures => false,
            kind if names_people(kind) => people,
            kind => !by_program || may_read(db, kind),
        };
        if !told {
            (event.before, event.after) = (None, None);
        }
        event.hash = event.hash.take().filter(|_| told && figures && people);
        event.resource.code = event.resource.code.take().filter(|_| people || !names_people(&event.resource.kind));
    }
}

/// A stretch of the feed: sealed changes of the scope after a position. Where resources are long it is shorter than asked.
///
/// # Errors
/// Database errors.
pub fn changes(db: &mut Db<'_>, after: i64, limit: i64) -> Result<Changes> {
    type Row = (i64, Instant, Option<String>, String, Option<AnyId>, Option<String>, bool, Named, EntryId);
    let (day, scope) = (db.today(), db.scope()?);
    let end: i64 = seals::table.select(diesel::dsl::max(seals::position)).first::<Option<i64>>(db.conn)?.unwrap_or_default();
    if after > end {
        // Whoever went on from there would never hear of anything again.
        return Err(Error::invalid(vec![Fault::of("after", FaultCode::OutOfRange).with(format!("≤ {end}"))]));
    }
    // What everybody may read is everybody's to follow.
    let told = journal::resource_type
        .eq_any(["period", "indicator", "report_form", "reporting_round"])
        .or(journal::unit_id.eq_any(within(scope.root(), scope.today()).nullable()).assume_not_null());
    let rows: Vec<Row> = journal::table
        .filter(told)
        .inner_join(seals::table)
        .filter(journal::event.is_not_null())
        .filter(seals::position.gt(after))
        .order_by(seals::position)
        .limit(limit)
        .select((
            seals::position,
            journal::at,
            journal::event,
            journal::resource_type,
            journal::resource_id,
            journal::resource_code,
            journal::deleted,
            (journal::unit_id, code_of!(journal::unit_id), name_of!(journal::unit_id, day)),
            journal::id,
        ))
        .load(db.conn)?;
    // A full stretch ends at its last row; a short one has seen all there is.
    let full = limit > 0 && i64::try_from(rows.len()).unwrap_or(i64::MAX) >= limit;
    let mut last = if full { rows.last().map_or(end, |row| row.0) } else { end };
    let mut data: Vec<Change> = Vec::with_capacity(rows.len());
    let (mut now, mut bytes) = (HashMap::<(String, AnyId), (Option<Value>, i64)>::new(), 0_i64);
    for (position, at, event, kind, id, code, deleted, unit, entry) in rows {
        let (shown, length) = match id.filter(|_| !deleted).map(|id| now.entry((kind.clone(), id))) {
            None if deleted => (None, 0),
            None => measured(many(db, &kind, entry)?)?,
            Some(Occupied(known)) => known.get().clone(),
            Some(Vacant(new)) => {
                let (kind, id) = new.key();
                let found = measured(shown(db, kind, *id)?)?;
                new.insert(found).clone()
            }
        };
        if bytes.saturating_add(length) > MOST_BYTES
            && let Some(before) = data.last()
        {
            last = before.position;
            break;
        }
        bytes += length;
        let code = code.filter(|_| db.context.caller.may(Permission::ReadUsers) || !names_people(&kind));
        let resource = ResourceRef { kind, id, code };
        data.push(Change { position, at, kind: event.unwrap_or_default(), resource, unit: named(unit), deleted, data: shown });
    }
    Ok(Changes { data, last, page: json!({"next": null, "limit": limit}) })
}

/// What reading a resource of this kind asks: the feed tells no caller what its GET would not.
fn permission(kind: &str) -> Option<Permission> {
    Some(match kind {
        "unit" => Permission::ReadUnits,
        "user" => Permission::ReadUsers,
        "period" | "indicator" | "task" | "report_form" | "reporting_round" => Permission::ReadCatalogue,
        "baseline" | "target" => Permission::ReadResults,
        "assignment" | "extension" | "evidence" => Permission::ReadAssignments,
        "round_exception" | "report" => Permission::ReadReports,
        "plan" => Permission::ReadPlans,
        "indicator_value" => Permission::ReadValues,
        _ => return None,
    })
}

/// With the bytes that it takes in an answer.
fn measured(value: Option<Value>) -> Result<(Option<Value>, i64)> {
    let bytes = value.as_ref().map(serde_json::to_vec).transpose()?.map_or(0, |bytes| bytes.len());
    Ok((value, i64::try_from(bytes).unwrap_or(i64::MAX)))
}

fn may_read(db: &Db<'_>, kind: &str) -> bool {
    permission(kind).is_some_and(|permission| db.context.caller.may(permission))
}

/// The resource as its GET shows it now.
fn shown(db: &mut Db<'_>, kind: &str, id: AnyId) -> Result<Option<Value>> {
    if !may_read(db, kind) {
        return Ok(None);
    }
    let value = match kind {
        "unit" => units_resource::store::find(db, &Key::from(id), None)?.map(|found| serde_json::to_value(found.shown())),
        "user" => users::store::find(db, id.of())?.map(serde_json::to_value),
        "period" => periods::store::find(db, &id.to_string())?.map(serde_json::to_value),
        "baseline" => indicators::store::find_baseline(db, id.of())?.map(serde_json::to_value),
        "target" => indicators::store::find_target(db, id.of())?.map(serde_json::to_value),
        "indicator" => indicators::store::find(db, id.of())?.map(serde_json::to_value),
        "task" => tasks::store::find(db, &Key::from(id))?.map(serde_json::to_value),
        "assignment" => assignments::store::find(db, id.of())?.map(serde_json::to_value),
        "report_form" => forms::store::find(db, &Key::from(id))?.map(serde_json::to_value),
        "reporting_round" => rounds::store::find(db, &Key::from(id))?.map(serde_json::to_value),
        "round_exception" => rounds::store::find_exception(db, id.of())?.map(serde_json::to_value),
        "report" => reports::store::find(db, id.of())?.map(serde_json::to_value),
        "plan" => plans::store::find(db, id.of())?.map(serde_json::to_value),
        "indicator_value" => values::store::find(db, id.of())?.map(serde_json::to_value),
        _ => None,
    };
    Ok(value.transpose()?)
}

/// What an entry about many values is about, by the keys that it lists: `{"data": […]}`.
fn many(db: &mut Db<'_>, kind: &str, entry: EntryId) -> Result<Option<Value>> {
    #[derive(serde::Deserialize)]
    struct Listed {
        rows: Vec<Key>,
    }
    #[derive(serde::Deserialize)]
    struct Key {
        id: ValueId,
    }
    if kind != "indicator_value" || !may_read(db, kind) {
        return Ok(None);
    }
    let after: Option<String> = journal::table.filter(journal::id.eq(entry)).select(journal::after).first(db.conn)?;
    let Some(after) = after else { return Ok(None) };
    let listed: Listed = serde_json::from_str(&after)?;
    let found = values::store::find_many(db, listed.rows.into_iter().map(|key| key.id).collect())?;
    Ok(Some(json!({ "data": found })))
}
