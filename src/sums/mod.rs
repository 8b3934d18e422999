//! Totals of every unit and locality over all below it, kept by the writes themselves, so that reading one costs the same for a
//! school and for a country.
//!
//! - [`values`]: sums of recorded values, by node, period and indicator.
//! - [`recast`]: the same in another tree or as known on another day, not kept but added up when asked.
//! - [`collectors`]: how many units and communes there are to collect from, by node, as steps in time.
//! - [`progress`]: how much work there is, by node, group and due date.
//! - [`completeness`]: how many reports rounds expect and have, by node and role.
//!
//! Whoever changes the tree takes the [`Footprint`] of what moves before and after, and the difference is folded in.

pub mod collectors;
pub mod completeness;
pub mod lineage;
pub mod progress;
pub mod recast;
pub mod values;

use crate::db::{Db, Tx};
use crate::error::Result;
use crate::ids::UnitId;

/// What some units stand for in every total above them.
#[derive(Clone, Debug, Default)]
pub struct Footprint {
    values: values::Totals,
    collectors: collectors::Steps,
    progress: progress::Totals,
    completeness: completeness::Totals,
}

/// The footprint of units, as the tree stands now.
///
/// # Errors
/// Database errors.
pub fn footprint(db: &mut Db<'_>, units: &[UnitId]) -> Result<Footprint> {
    Ok(Footprint {
        values: values::footprint(db, units)?,
        collectors: collectors::footprint(db, units)?,
        progress: progress::footprint(db, units)?,
        completeness: completeness::footprint(db, units)?,
    })
}

/// Puts one footprint in the place of another.
///
/// # Errors
/// Database errors.
pub fn replace(tx: &mut Tx<'_>, before: Footprint, after: Footprint) -> Result<()> {
    let mut values = after.values;
    values.take(before.values);
    values::fold(tx, values)?;
    let mut progress = after.progress;
    progress.take(before.progress);
    progress::fold(tx, progress)?;
    let mut completeness = after.completeness;
    completeness.take(before.completeness);
    completeness::fold(tx, completeness)?;
    let mut steps = after.collectors;
    for (key, step) in before.collectors {
        *steps.entry(key).or_default() -= step;
    }
    collectors::fold(tx, steps)
}

/// How many totals there are, and what is wrong with those that are kept.
#[derive(Debug)]
pub struct Verdict {
    /// How many of each: sums of values, counts of collectors, sums of progress, counts of reports.
    pub totals: [usize; 4],
    /// Sums of values that are kept wrongly.
    pub values: Vec<values::Difference>,
    /// How many counts of collectors are.
    pub collectors: usize,
    /// How many sums of progress are.
    pub progress: usize,
    /// How many counts of reports are.
    pub completeness: usize,
}

impl Verdict {
    /// How many are kept wrongly.
    #[must_use]
    pub fn wrong(&self) -> usize {
        self.values.len() + self.collectors + self.progress + self.completeness
    }
}

/// Computes everything that is kept again and compares.
///
/// # Errors
/// Database errors.
pub fn verify(db: &mut Db<'_>) -> Result<Verdict> {
    let (sums, values) = values::verify(db)?;
    let (counts, collectors) = collectors::verify(db)?;
    let (works, progress) = progress::verify(db)?;
    let (reports, completeness) = completeness::verify(db)?;
    Ok(Verdict { totals: [sums, counts, works, reports], values, collectors, progress, completeness })
}

/// Throws everything that is kept away and writes it again. Answers how many totals there are.
///
/// # Errors
/// Database errors.
pub fn rebuild(tx: &mut Tx<'_>) -> Result<[usize; 4]> {
    // Whoever writes a total holds the tree meanwhile.
    tx.take_tree()?;
    Ok([values::rebuild(tx)?, collectors::rebuild(tx)?, progress::rebuild(tx)?, completeness::rebuild(tx)?])
}
