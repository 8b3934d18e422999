//! Appending to the journal, in the transaction of the change itself.

use std::borrow::Cow;

use diesel::prelude::*;
use serde::Serialize;
use serde_json::Value;

use super::model::AuditOutcome;
use crate::access::caller::Caller;
use crate::clock::Instant;
use crate::db::schema::journal;
use crate::db::{Context, Tx, insert_all};
use crate::error::Result;
use crate::ids::{AnyId, ClientId, EntryId, Id, UnitId, UserId};

/// What happened to one resource.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `<resource>.<verb>`, as the operation: `unit.update`.
    pub action: Cow<'static, str>,
    /// `<resource>.<past tense>`, as the change feed tells it: `unit.updated`; `None` keeps it out of the feed.
    pub event: Option<&'static str>,
    /// `unit`.
    pub resource_type: Cow<'static, str>,
    /// Its id.
    pub resource: Option<AnyId>,
    /// Its code, if it has one.
    pub code: Option<String>,
    /// The unit whose scope it belongs to; entries without one are in nobody's scope.
    pub unit: Option<UnitId>,
    /// Whether it is gone.
    pub deleted: bool,
    /// Whether it was asked and refused.
    pub refused: bool,
    /// As it was, in JSON.
    pub before: Option<String>,
    /// As it is, in JSON.
    pub after: Option<String>,
    /// Who acted, where nobody is signed in yet: id, name and unit of the person.
    pub signs: Option<(UserId, String, UnitId)>,
}

impl Entry {
    /// An entry about a resource; say what it was and is with the members.
    #[must_use]
    pub fn new(action: &'static str, event: Option<&'static str>, resource_type: &'static str, resource: AnyId) -> Self {
        Self {
            action: action.into(),
            event,
            resource_type: resource_type.into(),
            resource: Some(resource),
            code: None,
            unit: None,
            deleted: false,
            refused: false,
            before: None,
            after: None,
            signs: None,
        }
    }

    /// The same entry, telling what the resource was and is: of a change the members that differ, so that an entry is as long as what was
    /// done and not as the resource; a reason stands with the latter.
    ///
    /// # Errors
    /// 500 if they cannot be written.
    pub fn told<T: serde::Serialize>(mut self, before: Option<&T>, after: Option<&T>, reason: Option<&str>) -> Result<Self> {
        if let (Some(before), Some(after)) = (before, after) {
            let (before, mut after) = different(serde_json::to_value(before)?, serde_json::to_value(after)?);
            if let (Some(reason), Value::Object(members)) = (reason, &mut after) {
                members.insert("reason".to_owned(), reason.into());
            }
            (self.before, self.after) = (Some(before.to_string()), Some(after.to_string()));
            return Ok(self);
        }
        self.before = before.map(serde_json::to_string).transpose()?;
        self.after = match (after, reason) {
            (Some(after), Some(_)) => Some(serde_json::to_string(&Reasoned { after, reason })?),
            (after, _) => after.map(serde_json::to_string).transpose()?,
        };
        Ok(self)
    }
}

/// What a resource is, with why.
#[derive(Serialize)]
struct Reasoned<'a, T: Serialize> {
    #[serde(flatten)]
    after: &'a T,
    reason: Option<&'a str>,
}

/// The members of two objects that differ, and of two lists with the same keys in the same places the items that do. What a member is that
/// only one of them has, the other tells by not having it.
fn different(before: Value, after: Value) -> (Value, Value) {
    match (before, after) {
        (Value::Object(mut before), Value::Object(mut after)) => {
            let same: Vec<String> =
                before.iter().filter(|(name, value)| after.get(*name) == Some(value)).map(|(name, _)| name.clone()).collect();
            for members in [&mut before, &mut after] {
                members.retain(|name, _| !same.contains(name));
            }
            for (name, value) in &mut before {
                if let (Value::Array(old), Some(Value::Array(new))) = (value, after.get_mut(name))
                    && keyed(old, new)
                {
                    let differs: Vec<bool> = old.iter().zip(new.iter()).map(|(old, new)| old != new).collect();
                    for items in [old, new] {
                        let mut differs = differs.iter();
                        items.retain(|_| differs.next().copied().unwrap_or(true));
                    }
                }
            }
            (Value::Object(before), Value::Object(after))
        }
        pair => pair,
    }
}

/// Whether two lists hold the same things, by `key`, in the same places.
fn keyed(old: &[Value], new: &[Value]) -> bool {
    let key = |value: &Value| value.get("key").and_then(Value::as_str).map(str::to_owned);
    old.len() == new.len() && old.iter().zip(new).all(|(old, new)| key(old).is_some() && key(old) == key(new))
}

#[derive(Insertable)]
#[diesel(table_name = journal, treat_none_as_default_value = false)]
struct EntryRow {
    id: EntryId,
    at: Instant,
    action: Cow<'static, str>,
    event: Option<String>,
    outcome: &'static str,
    resource_type: Cow<'static, str>,
    resource_id: Option<AnyId>,
    resource_code: Option<String>,
    unit_id: Option<UnitId>,
    deleted: bool,
    actor_type: &'static str,
    actor_id: Option<AnyId>,
    actor_name: String,
    actor_role: Option<String>,
    actor_unit_id: Option<UnitId>,
    request_id: Option<String>,
    ip: Option<String>,
    before: Option<String>,
    after: Option<String>,
    actor_client_id: Option<ClientId>,
}

fn row(context: &Context, entry: Entry) -> EntryRow {
    let (kind, id, name, role, unit) = match &context.caller {
        Caller::Person(person) => ("user", Some(person.id.any()), person.full_name.clone(), Some(person.role.as_str()), Some(person.unit)),
        Caller::Client(client) => ("client", Some(client.id.any()), client.name.clone(), Some(client.role.as_str()), Some(client.unit)),
        Caller::System(what) => ("system", None, (*what).to_owned(), None, None),
        Caller::Nobody => match entry.signs {
            Some((id, name, unit)) => ("user", Some(id.any()), name, None, Some(unit)),
            None => ("system", None, "nobody".to_owned(), None, None),
        },
    };
    EntryRow {
        id: Id::new(),
        at: context.now,
        action: entry.action,
        event: entry.event.map(str::to_owned),
        outcome: if entry.refused { AuditOutcome::Refused } else { AuditOutcome::Done }.as_str(),
        resource_type: entry.resource_type,
        resource_id: entry.resource,
        resource_code: entry.code,
        unit_id: entry.unit,
        deleted: entry.deleted,
        actor_type: kind,
        actor_id: id,
        actor_name: name,
        actor_role: role.map(str::to_owned),
        actor_unit_id: unit,
        request_id: context.marks.request_id.as_deref().map(str::to_owned),
        ip: context.marks.ip.as_deref().map(str::to_owned),
        before: entry.before,
        after: entry.after,
        actor_client_id: context.caller.person().and(context.caller.program()),
    }
}

/// Appends the entry with who, when and which request.
///
/// # Errors
/// Database errors; the change is then not made either.
pub fn append(tx: &mut Tx<'_>, entry: Entry) -> Result<()> {
    append_all(tx, vec![entry])
}

/// [`append`] for many, in their order.
///
/// # Errors
/// Database errors; the changes are then not made either.
pub fn append_all(tx: &mut Tx<'_>, entries: Vec<Entry>) -> Result<()> {
    let context = tx.context.clone();
    let rows: Vec<EntryRow> = entries.into_iter().map(|entry| row(&context, entry)).collect();
    Ok(insert_all!(&mut *tx.conn, rows => |row| diesel::insert_into(journal::table).values(row))?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_told_by_what_differs() {
        let plan = |title: &str, first: &str| {
            let sections = json!([{"key": "muc_tieu", "body": first}, {"key": "giai_phap", "body": "x".repeat(1000)}]);
            json!({"id": "1", "title": title, "tags": ["a", "b"], "sections": sections, "version": 1})
        };
        assert_eq!(different(plan("Cũ", "a"), plan("Mới", "a")), (json!({"title": "Cũ"}), json!({"title": "Mới"})));
        let section = |body: &str| json!({"sections": [{"key": "muc_tieu", "body": body}]});
        assert_eq!(different(plan("Cũ", "a"), plan("Cũ", "b")), (section("a"), section("b")));
        let grown = json!({"sections": [{"key": "muc_tieu"}], "note": null});
        assert_eq!(different(json!({"sections": []}), grown.clone()), (json!({"sections": []}), grown));
        assert_eq!(
            different(json!({"tags": ["a", "b"]}), json!({"tags": ["a", "c"]})),
            (json!({"tags": ["a", "b"]}), json!({"tags": ["a", "c"]}))
        );
        assert_eq!(different(json!(1), json!(2)), (json!(1), json!(2)));
    }
}
