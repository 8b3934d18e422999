//! What keeps a report from being submitted, and what is odd about it.

use super::consolidate;
use super::live::{self, Live};
use super::locked::Locked;
use crate::db::Tx;
use crate::error::{Fault, FaultCode, Result};
use crate::reports::model::Submission;
use crate::reports::rules;
use crate::units;
use crate::values;
use crate::values::model::NewValue;

/// A report that was looked through.
pub struct Checked {
    /// These refuse it.
    pub errors: Vec<Fault>,
    /// These are odd, and must have a note.
    pub warnings: Vec<Fault>,
    /// What it says.
    pub(super) live: Live,
}

/// Looks through a report as it stands now.
///
/// # Errors
/// Database errors.
pub fn check(tx: &mut Tx<'_>, locked: &Locked, submission: &Submission) -> Result<Checked> {
    // What the unit records stands still until its report is kept.
    units::store::hold(tx, locked.row.unit)?;
    let live = live::live(tx, &locked.row, &locked.round)?;
    let mut errors = Vec::new();
    for (index, (section, asked)) in live.content.sections.iter().zip(&live.form.sections).enumerate() {
        if asked.required && section.body.trim().is_empty() {
            errors.push(Fault::at(format!("/sections/{index}/body"), FaultCode::Required));
        }
    }
    let values = &live.content.values;
    errors.extend(live.wanting.iter().map(|place| Fault::at(format!("/values/{place}"), FaultCode::Required)));
    let mut warnings = odd_values(tx, &live)?;
    if locked.relation.gathers {
        let (fault, missing) = consolidate::faults(tx, locked)?;
        errors.extend(fault);
        warnings.extend(missing);
    }
    // What is odd must be explained: by a note of the submission, or by that of the value itself.
    let explained = |warning: &Fault| {
        let place = warning.pointer();
        let noted = submission.notes.iter().any(|note| place.is_some_and(|place| rules::explains(&note.pointer, place)));
        let index = place.and_then(|place| place.strip_prefix("/values/")).and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
        noted || index.and_then(|index| values.get(index)).is_some_and(|value| value.note.is_some())
    };
    let bare = warnings.iter().filter(|warning| !explained(warning)).filter_map(|warning| warning.pointer().map(str::to_owned));
    let mut bare: Vec<String> = bare.collect();
    bare.dedup();
    errors.extend(bare.into_iter().map(|place| Fault::at(place, FaultCode::NoteRequired)));
    Ok(Checked { errors, warnings, live })
}

/// What is odd about the values that are there.
fn odd_values(tx: &mut Tx<'_>, live: &Live) -> Result<Vec<Fault>> {
    let unit = live.content.unit.id.to_string();
    let told: Vec<(usize, NewValue)> = live
        .content
        .values
        .iter()
        .enumerate()
        .filter(|(_, value)| value.id.is_some())
        .map(|(index, value)| {
            let row = NewValue {
                indicator: value.indicator.id.to_string(),
                unit: unit.clone(),
                period: value.period.id.to_string(),
                locality: value.locality.as_ref().map(|place| place.id.to_string()),
                ..NewValue::default()
            };
            (index, row)
        })
        .collect();
    let (places, rows): (Vec<usize>, Vec<NewValue>) = told.into_iter().unzip();
    let mut warnings = Vec::new();
    for (row, (place, found)) in places.iter().zip(values::store::review(tx, &rows)?).enumerate() {
        for mut fault in found {
            fault.move_place(&format!("/rows/{row}"), &format!("/values/{place}"));
            warnings.push(fault);
        }
    }
    Ok(warnings)
}
