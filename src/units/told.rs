//! What the journal tells of units.

use serde_json::json;

use super::model::Unit;
use crate::db::Tx;
use crate::error::Result;
use crate::journal::{self, Entry};

/// A new unit.
///
/// # Errors
/// Database errors.
pub fn created(tx: &mut Tx<'_>, unit: &Unit) -> Result<()> {
    journal::append(tx, entry("unit.create", "unit.created", None, unit)?)
}

/// A change. Whoever follows the changes of the unit that it leaves is told that it is gone; of one that both are below, that it is there, by
/// the entry after that.
///
/// # Errors
/// Database errors.
pub fn changed(tx: &mut Tx<'_>, before: &Unit, after: &Unit) -> Result<()> {
    if let Some(left) = before.parent.as_ref().filter(|parent| after.parent.as_ref().is_none_or(|now| now.id != parent.id)) {
        // What else changed with it is not that one's to know.
        let parent = |unit: &Unit| json!({ "parent": unit.parent });
        let gone = Entry::new("unit.leave", Some("unit.deleted"), "unit", after.id.any());
        let gone = gone.told(Some(&parent(before)), Some(&parent(after)), None)?;
        journal::append(tx, Entry { code: Some(after.code.clone()), unit: Some(left.id), deleted: true, ..gone })?;
    }
    journal::append(tx, entry("unit.update", "unit.updated", Some(before), after)?)
}

fn entry(action: &'static str, event: &'static str, before: Option<&Unit>, after: &Unit) -> Result<Entry> {
    let entry = Entry::new(action, Some(event), "unit", after.id.any()).told(before, Some(after), None)?;
    Ok(Entry { code: Some(after.code.clone()), unit: Some(after.id), ..entry })
}
