//! Totals of every unit and locality over all below it, kept by the writes themselves, so that reading one costs the same for a
//! school and for a country.
//!
//! - [`values`]: sums of recorded values, by node, period and indicator.
//! - [`collectors`]: how many units and communes there are to collect from, by node, as steps in time.
//!
//! Whoever changes the tree takes the [`Footprint`] of what moves before and after, and the difference is folded in.

pub mod collectors;
pub mod lineage;
pub mod values;

use crate::db::{Db, Tx};
use crate::error::Result;
use crate::ids::UnitId;

/// What some units stand for in every total above them.
#[derive(Clone, Debug, Default)]
pub struct Footprint {
    values: values::Totals,
    collectors: collectors::Steps,
}

/// The footprint of units, as the tree stands now.
///
/// # Errors
/// Database errors.
pub fn footprint(db: &mut Db<'_>, units: &[UnitId]) -> Result<Footprint> {
    Ok(Footprint { values: values::footprint(db, units)?, collectors: collectors::footprint(db, units)? })
}

/// Puts one footprint in the place of another.
///
/// # Errors
/// Database errors.
pub fn replace(tx: &mut Tx<'_>, before: Footprint, after: Footprint) -> Result<()> {
    let mut values = after.values;
    values.take(before.values);
    values::fold(tx, values)?;
    let mut steps = after.collectors;
    for (key, step) in before.collectors {
        *steps.entry(key).or_default() -= step;
    }
    collectors::fold(tx, steps)
}
