//! Appending to the journal, in the transaction of the change itself.

use diesel::prelude::*;
use serde_json::Value;

use crate::access::caller::Caller;
use crate::db::Tx;
use crate::db::schema::journal;
use crate::error::Result;
use crate::ids::{AnyId, EntryId, Id, UnitId, UserId};

/// What happened to one resource.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `<resource>.<verb>`, as the operation: `unit.update`.
    pub action: &'static str,
    /// `<resource>.<past tense>`, as the change feed tells it: `unit.updated`; `None` keeps it out of the feed.
    pub event: Option<&'static str>,
    /// `unit`.
    pub resource_type: &'static str,
    /// Its id.
    pub resource: Option<AnyId>,
    /// Its code, if it has one.
    pub code: Option<String>,
    /// The unit whose scope it belongs to; entries without one are in nobody's scope.
    pub unit: Option<UnitId>,
    /// Whether it is gone.
    pub deleted: bool,
    /// As it was.
    pub before: Option<Value>,
    /// As it is.
    pub after: Option<Value>,
    /// Who acted, where nobody is signed in yet: id, name and unit of the person.
    pub signs: Option<(UserId, String, UnitId)>,
}

impl Entry {
    /// An entry about a resource; say what it was and is with the members.
    #[must_use]
    pub fn new(action: &'static str, event: Option<&'static str>, resource_type: &'static str, resource: AnyId) -> Self {
        Self {
            action,
            event,
            resource_type,
            resource: Some(resource),
            code: None,
            unit: None,
            deleted: false,
            before: None,
            after: None,
            signs: None,
        }
    }

    /// The same entry, telling what the resource was and is; a reason stands with the latter.
    ///
    /// # Errors
    /// 500 if they cannot be written.
    pub fn told<T: serde::Serialize>(mut self, before: Option<&T>, after: Option<&T>, reason: Option<&str>) -> Result<Self> {
        self.before = before.map(serde_json::to_value).transpose()?;
        self.after = after.map(serde_json::to_value).transpose()?;
        if let (Some(reason), Some(after)) = (reason, self.after.as_mut().and_then(Value::as_object_mut)) {
            after.insert("reason".into(), reason.into());
        }
        Ok(self)
    }
}

/// Appends the entry with who, when and which request.
///
/// # Errors
/// Database errors; the change is then not made either.
pub fn append(tx: &mut Tx<'_>, entry: Entry) -> Result<()> {
    let context = tx.context.clone();
    let (kind, id, name, role, unit) = match &context.caller {
        Caller::Person(person) => ("user", Some(person.id.any()), person.full_name.clone(), Some(person.role.as_str()), Some(person.unit)),
        Caller::System(what) => ("system", None, (*what).to_owned(), None, None),
        Caller::Nobody => match entry.signs {
            Some((id, name, unit)) => ("user", Some(id.any()), name, None, Some(unit)),
            None => ("system", None, "nobody".to_owned(), None, None),
        },
    };
    let entry_id: EntryId = Id::new();
    diesel::insert_into(journal::table)
        .values((
            (
                journal::id.eq(entry_id),
                journal::at.eq(context.now),
                journal::action.eq(entry.action),
                journal::event.eq(entry.event),
                journal::outcome.eq("done"),
                journal::resource_type.eq(entry.resource_type),
                journal::resource_id.eq(entry.resource),
                journal::resource_code.eq(entry.code),
                journal::unit_id.eq(entry.unit),
                journal::deleted.eq(entry.deleted),
            ),
            (
                journal::actor_type.eq(kind),
                journal::actor_id.eq(id),
                journal::actor_name.eq(name),
                journal::actor_role.eq(role),
                journal::actor_unit_id.eq(unit),
                journal::request_id.eq(context.marks.request_id.as_deref()),
                journal::ip.eq(context.marks.ip.as_deref()),
                journal::before.eq(entry.before.map(|value| value.to_string())),
                journal::after.eq(entry.after.map(|value| value.to_string())),
            ),
        ))
        .execute(tx.conn)?;
    Ok(())
}
