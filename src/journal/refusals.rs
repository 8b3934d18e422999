//! Refusals of people who are signed in (403), on record beside the refused transaction. Nobody fills the disk with them: a person is told
//! of once a minute for each operation, and what comes more often is counted and told when the minute is over.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use super::Entry;
use crate::access::caller::Person;
use crate::clock::Instant;
use crate::ids::{Key, UserId};

/// For how long a person's refusals of one operation are one entry, in seconds.
const WINDOW: i64 = 60;

/// The refusals of the last minute, of this instance.
#[derive(Default)]
pub struct Refusals(Mutex<HashMap<(UserId, String), Window>>);

struct Window {
    since: Instant,
    person: Arc<Person>,
    untold: u64,
}

impl Refusals {
    /// Counts a refusal; answers the entry to append, if it is one to be told now.
    #[must_use]
    pub fn count(&self, now: Instant, person: &Arc<Person>, operation: &str, about: Option<Key>) -> Option<Entry> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (person.id, operation.to_owned());
        let times = match windows.get_mut(&key) {
            Some(window) if now < window.since.plus(WINDOW) => {
                window.untold += 1;
                return None;
            }
            Some(over) => over.untold + 1,
            None => 1,
        };
        windows.insert(key, Window { since: now, person: person.clone(), untold: 0 });
        Some(entry(person, operation, about, times))
    }

    /// What was counted and not told yet, of minutes that are over or, at the end, of all; forgets them.
    #[must_use]
    pub fn counted(&self, now: Instant, all: bool) -> Vec<(Arc<Person>, Entry)> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = windows.extract_if(|_, window| all || window.since.plus(WINDOW) <= now);
        let told = over.filter(|(_, window)| window.untold > 0);
        told.map(|((_, operation), window)| (window.person.clone(), entry(&window.person, &operation, None, window.untold))).collect()
    }
}

/// Of the person's own unit, whose admins are to see it; nothing of what was sent but the id or code in the path.
fn entry(person: &Person, operation: &str, about: Option<Key>, times: u64) -> Entry {
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
        unit: Some(person.unit),
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
