//! Refusals of callers who are known (403), on record beside the refused transaction. Nobody fills the disk with them: a caller is told
//! of once a minute for each operation, and what comes more often is counted and told when the minute is over.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use super::Entry;
use crate::access::caller::Caller;
use crate::clock::Instant;
use crate::ids::{AnyId, Key};

/// For how long a caller's refusals of one operation are one entry, in seconds.
const WINDOW: i64 = 60;

/// The refusals of the last minute, of this instance.
#[derive(Default)]
pub struct Refusals(Mutex<HashMap<(AnyId, String), Window>>);

struct Window {
    since: Instant,
    caller: Caller,
    untold: u64,
}

impl Refusals {
    /// Counts a refusal; answers the entry to append, if it is one to be told now.
    #[must_use]
    pub fn count(&self, now: Instant, caller: &Caller, operation: &str, about: Option<Key>) -> Option<Entry> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (caller.id()?, operation.to_owned());
        let times = match windows.get_mut(&key) {
            Some(window) if now < window.since.plus(WINDOW) => {
                window.untold += 1;
                return None;
            }
            Some(over) => over.untold + 1,
            None => 1,
        };
        windows.insert(key, Window { since: now, caller: caller.clone(), untold: 0 });
        Some(entry(caller, operation, about, times))
    }

    /// What was counted and not told yet, of minutes that are over or, at the end, of all; forgets them.
    #[must_use]
    pub fn counted(&self, now: Instant, all: bool) -> Vec<(Caller, Entry)> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = windows.extract_if(|_, window| all || window.since.plus(WINDOW) <= now);
        let told = over.filter(|(_, window)| window.untold > 0);
        told.map(|((_, operation), window)| (window.caller.clone(), entry(&window.caller, &operation, None, window.untold))).collect()
    }
}

/// Of the caller's own unit, whose admins are to see it; nothing of what was sent but the id or code in the path.
fn entry(caller: &Caller, operation: &str, about: Option<Key>, times: u64) -> Entry {
    let (action, resource) = named(operation);
    let (id, code) = match about {
        Some(Key::Id(id)) => (Some(id.into()), None),
        Some(Key::Code(code)) => (None, Some(code)),
        None => (None, None),
    };
    Entry {
        action: action.into(),
        event: None,
        resource_type: resource.into(),
        resource: id,
        code,
        unit: caller.unit(),
        deleted: false,
        refused: true,
        before: None,
        after: Some(json!({ "times": times }).to_string()),
        signs: None,
    }
}

/// An operation as the journal names it, and the kind of resource: `list_units` is `unit.list`.
fn named(operation: &str) -> (String, String) {
    let (verb, noun) = operation.split_once('_').unwrap_or((operation, "resource"));
    let noun: Cow<'_, str> = match (noun.strip_suffix("ies"), noun.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y").into(),
        (None, Some(stem)) if !stem.ends_with('s') => stem.into(),
        _ => noun.into(),
    };
    (format!("{noun}.{verb}"), noun.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_as_the_journal_names_them() {
        for (operation, action) in
            [("update_unit", "unit.update"), ("list_localities", "locality.list"), ("read_completeness", "completeness.read")]
        {
            assert_eq!(named(operation).0, action);
        }
    }
}
