//! Recording values: up to a thousand rows, all or none of them, with the totals of every unit above kept in the same transaction.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use serde::Serialize;

use crate::access::grant::Grant;
use crate::access::policy::{Permission, Role};
use crate::db::Tx;
use crate::db::schema::{indicator_values, unit_spells, units};
use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::ids::{Id, IndicatorId, Key, LocalityId, PeriodId, UnitId, ValueId};
use crate::indicators::store::withheld;
use crate::journal::store::{Entry, append_all};
use crate::periods::store as periods;
use crate::sums::lineage::{Lineage, Subject};
use crate::sums::values::{self, CountsAs, Totals};
use crate::units::model::Kind;
use crate::units::store::{hold, seat_on, seats, within};
use crate::values::model::{IndicatorValue, NewValue, Outcome};
use crate::values::rules::{self, Figures};
use crate::values::store::cells::{Cell, Change, Resolved, Stored, resolve, stored, withdrawn};
use crate::values::store::known::{Known, Reach, places_of, units_of};
use crate::values::store::odd::{self, Numbered};
use crate::values::store::{read, rows};

/// What became of a row.
#[derive(Debug)]
pub struct Done {
    /// Created, updated or unchanged.
    pub outcome: Outcome,
    /// The value.
    pub id: Option<ValueId>,
    /// Its version now.
    pub version: i64,
    /// What is odd about it.
    pub warnings: Vec<Fault>,
}

/// Records rows: all of them, or none. With `dry_run` it only says what would become of them. To whoever may not see what is stored, of a
/// sensitive indicator or as a program of any, nothing is told by it: such a row says every stored figure again, updates whatever it says,
/// and has no oddities.
///
/// # Errors
/// 403 for figures of others that the caller may not see; 412 with the rows whose `version` is not the stored one; 423 with the rows of
/// locked periods; 422 with every other fault.
pub fn record(tx: &mut Tx<'_>, rows: &[NewValue], dry_run: bool) -> Result<Vec<Done>> {
    let tree = tx.hold_tree()?;
    let known = Known::read(tx, &tree, rows)?;
    let mut faults = Vec::new();
    let resolved: Vec<Option<Resolved<'_>>> =
        rows.iter().enumerate().map(|(index, row)| resolve(&known, index, row, &mut faults)).collect();
    let mut seen: HashSet<Cell> = HashSet::new();
    for (index, resolved) in resolved.iter().enumerate() {
        if resolved.as_ref().is_some_and(|resolved| !seen.insert(resolved.cell())) {
            faults.push(Fault::at(format!("/rows/{index}"), FaultCode::DuplicateRow));
        }
    }
    let stored = stored(tx, &seen)?;
    seen.retain(|cell| !stored.contains_key(cell));
    let withdrawn = withdrawn(tx, &seen)?;
    let hidden = withheld(tx)?;
    // A program that only records is told nothing of what is stored, of whichever indicator.
    let records_only = !tx.context.caller.may(Permission::ReadValues);
    if resolved
        .iter()
        .flatten()
        .any(|row| hidden.contains(&row.indicator.id) && !is_its_own(tx, row.unit.id, row.unit.kind, row.place.is_some()))
    {
        return Err(blind());
    }
    refuse_stale(rows, &resolved, &stored)?;
    refuse_locked(&resolved, &known.locked)?;

    let mut changes: Vec<Change<'_>> = Vec::with_capacity(rows.len());
    let mut done: Vec<Done> = Vec::with_capacity(rows.len());
    let mut numbers: Vec<Numbered<'_>> = Vec::with_capacity(rows.len());
    for (index, (row, resolved)) in rows.iter().zip(&resolved).enumerate() {
        let Some(resolved) = resolved else { continue };
        let old = stored.get(&resolved.cell());
        let keeper = match old {
            Some(old) if old.unit != resolved.unit.id => {
                let keeper = keeper(tx, old, resolved)?;
                if keeper == Some(old.unit) {
                    // Whoever hands in a report of its figures sees them stand still.
                    hold(tx, old.unit)?;
                }
                keeper
            }
            _ => Some(resolved.unit.id),
        };
        // First of all: what is another's is told by no fault that it would have beside this row.
        let Some(unit) = keeper else {
            faults.push(Fault::at(format!("/rows/{index}/locality"), FaultCode::DuplicateRow));
            continue;
        };
        let blind = records_only || hidden.contains(&resolved.indicator.id);
        let left_out = old.filter(|_| blind).map(|old| rules::left_out(index, row, &old.figures)).unwrap_or_default();
        if !left_out.is_empty() {
            faults.extend(left_out);
            continue;
        }
        let figures = old.map(|old| old.figures.clone()).unwrap_or_default().after(row);
        let findings = rules::check(index, row, &figures, resolved.indicator.kind, resolved.definition, resolved.collects);
        faults.extend(findings.faults);
        let outcome = match old {
            None => Outcome::Created,
            // Whoever may not see what is stored is not told that it guessed it.
            Some(old) if old.figures == figures && old.unit == unit && !blind => Outcome::Unchanged,
            Some(_) => Outcome::Updated,
        };
        let before = withdrawn.get(&resolved.cell()).copied().unwrap_or_default();
        let version = old.map_or(before + 1, |old| old.version + i64::from(outcome == Outcome::Updated));
        let id = old.map_or_else(Id::new, |old| old.id);
        let shown = (!dry_run || old.is_some()).then_some(id);
        // What is odd is told by the numbers that it is odd beside.
        if let Some(number) = rules::number(&figures, resolved.definition).filter(|_| !blind) {
            numbers.push(Numbered { index: done.len(), of: resolved, number });
        }
        done.push(Done { outcome, id: shown, version, warnings: findings.warnings });
        if outcome != Outcome::Unchanged {
            changes.push(Change { of: resolved, old, unit, id, version, outcome, figures });
        }
    }
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    let lineage = Lineage::read(tx, resolved.iter().flatten().map(Resolved::subject).collect::<HashSet<_>>())?;
    for (index, oddities) in odd::oddities(tx, &numbers, &lineage)? {
        if let Some(row) = done.get_mut(index) {
            row.warnings.extend(oddities);
        }
    }
    if !dry_run && !changes.is_empty() {
        let totals = totals(&lineage, &changes);
        rows::write(tx, &changes)?;
        tell(tx, &changes)?;
        // Last, so that the busiest row is locked as briefly as can be.
        values::fold(tx, totals)?;
    }
    Ok(done)
}

/// What is odd about values as they are stored, by row; each row names one. Nothing is recorded.
///
/// # Errors
/// Database errors.
pub fn review(tx: &mut Tx<'_>, rows: &[NewValue]) -> Result<Vec<Vec<Fault>>> {
    let tree = tx.hold_tree()?;
    let known = Known::read(tx, &tree, rows)?;
    // What cannot be recorded any more may still be looked at.
    let mut passed = Vec::new();
    let resolved: Vec<Option<Resolved<'_>>> =
        rows.iter().enumerate().map(|(index, row)| resolve(&known, index, row, &mut passed)).collect();
    let stored = stored(tx, &resolved.iter().flatten().map(Resolved::cell).collect())?;
    let mut found: Vec<Vec<Fault>> = Vec::with_capacity(rows.len());
    let mut numbers: Vec<Numbered<'_>> = Vec::with_capacity(rows.len());
    for (index, (row, resolved)) in rows.iter().zip(&resolved).enumerate() {
        let old = resolved.as_ref().and_then(|resolved| Some((resolved, stored.get(&resolved.cell())?)));
        let Some((of, old)) = old else {
            found.push(Vec::new());
            continue;
        };
        numbers.extend(rules::number(&old.figures, of.definition).map(|number| Numbered { index, of, number }));
        found.push(rules::check(index, row, &old.figures, of.indicator.kind, of.definition, of.collects).warnings);
    }
    let lineage = Lineage::read(tx, resolved.iter().flatten().map(Resolved::subject).collect::<HashSet<_>>())?;
    for (index, oddities) in odd::oddities(tx, &numbers, &lineage)? {
        if let Some(row) = found.get_mut(index) {
            row.extend(oddities);
        }
    }
    Ok(found)
}

/// Whose a locality's value is when another office than its keeper changes it: the keeper's, while it was in charge of the place on
/// the day and is below the caller; the caller's once the keeper was not in charge, or has gone elsewhere without the place; nobody's else,
/// and the row is refused.
fn keeper(tx: &mut Tx<'_>, old: &Stored, resolved: &Resolved<'_>) -> Result<Option<UnitId>> {
    let day = resolved.period.as_of;
    let seat: Option<(Kind, Option<LocalityId>)> = units::table
        .inner_join(unit_spells::table)
        .filter(units::id.eq(old.unit))
        .filter(units::valid_to.gt(day))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .select((units::kind, unit_spells::locality_id))
        .first(tx.conn)
        .optional()?;
    let holds = seat
        .is_some_and(|(kind, own)| kind.is_in_charge() && own.zip(resolved.place).is_some_and(|(own, place)| place.around.contains(&own)));
    if !holds {
        return Ok(Some(resolved.unit.id));
    }
    let Some(scope) = tx.context.caller.scope() else { return Ok(Some(old.unit)) };
    let ours = units::table.filter(units::id.eq(old.unit)).filter(units::id.eq_any(within(scope.root(), scope.today())));
    if diesel::select(diesel::dsl::exists(ours)).get_result(tx.conn)? {
        return Ok(Some(old.unit));
    }
    // It stands elsewhere since, and the place is not there: whoever has the place now has its figures.
    let today = tx.today();
    let seats = seats(tx, vec![old.unit])?.remove(&old.unit).unwrap_or_default();
    let lets_go = !seat_on(&seats, today).zip(resolved.place).is_some_and(|(own, place)| place.around.contains(&own));
    Ok(lets_go.then_some(resolved.unit.id))
}

/// Whether a figure is the own one of the school that the caller is for. Whoever may not see a figure of another could tell it by writing
/// another over it, from what becomes of the sums that it may see.
fn is_its_own(tx: &Tx<'_>, unit: UnitId, kind: Kind, of_place: bool) -> bool {
    kind.role() == Role::School && !of_place && tx.context.caller.scope().is_some_and(|scope| scope.is_own(unit))
}

fn blind() -> Error {
    Error::insufficient_scope(Grant::SmallCells.as_str())
}

fn refuse_stale(rows: &[NewValue], resolved: &[Option<Resolved<'_>>], stored: &HashMap<Cell, Stored>) -> Result<()> {
    let stale = rows.iter().zip(resolved).enumerate().filter_map(|(index, (row, resolved))| {
        let current = stored.get(&resolved.as_ref()?.cell()).map(|old| old.version);
        (Some(row.version?) != current).then(|| Fault::at(format!("/rows/{index}/version"), FaultCode::StaleRow))
    });
    let stale: Vec<Fault> = stale.collect();
    if stale.is_empty() { Ok(()) } else { Err(Error::new(Code::StaleVersion).at(stale)) }
}

fn refuse_locked(resolved: &[Option<Resolved<'_>>], locked: &[PeriodId]) -> Result<()> {
    let refused = resolved.iter().enumerate().filter_map(|(index, resolved)| {
        let period = resolved.as_ref()?.period.id;
        locked.contains(&period).then(|| Fault::at(format!("/rows/{index}/period"), FaultCode::PeriodLocked))
    });
    let refused: Vec<Fault> = refused.collect();
    if refused.is_empty() { Ok(()) } else { Err(Error::new(Code::Locked).at(refused)) }
}

/// What the changes add to the totals of every node above: added up before it is written.
fn totals(lineage: &Lineage, changes: &[Change<'_>]) -> Totals {
    let mut totals = Totals::default();
    for change in changes {
        let nodes = lineage.nodes(change.of.subject(), change.of.period.as_of);
        let (period, indicator) = (change.of.period.id, change.of.indicator.id);
        if let Some(old) = change.old {
            totals.subtract(&nodes, period, indicator, &old.figures.amounts(old.counts_as));
        }
        totals.add(&nodes, period, indicator, &change.figures.amounts(change.counts_as()));
    }
    totals
}

/// One entry for each unit that was touched, with the keys of what changed; a single value is told whole.
fn tell(tx: &mut Tx<'_>, changes: &[Change<'_>]) -> Result<()> {
    if tx.context.caller.is_program() {
        // What the program loads is told by one entry of its own.
        return Ok(());
    }
    let mut by_unit: BTreeMap<UnitId, Vec<&Change<'_>>> = BTreeMap::new();
    let mut entries = Vec::new();
    for change in changes {
        by_unit.entry(change.unit).or_default().push(change);
        if let Some(old) = change.old.filter(|old| old.unit != change.unit) {
            // Who kept it until now is told that it is gone.
            let entry = Entry::new("indicator_value.hand_over", Some("indicator_value.deleted"), "indicator_value", change.id.any());
            let entry = entry.told(Some(&change.told_before(old)), None, None)?;
            entries.push(Entry { unit: Some(old.unit), deleted: true, ..entry });
        }
    }
    for (unit, touched) in by_unit {
        let entry = match touched.as_slice() {
            [change] => {
                let (action, event) = match change.outcome {
                    Outcome::Created => ("indicator_value.create", "indicator_value.created"),
                    _ => ("indicator_value.update", "indicator_value.updated"),
                };
                let before = change.old.map(|old| change.told_before(old));
                let entry = Entry::new(action, Some(event), "indicator_value", change.id.any());
                entry.told(before.as_ref(), Some(&Told { key: change.key(), figures: &change.figures }), None)?
            }
            many => {
                let rows: Vec<CellKey<'_>> = many.iter().map(|change| change.key()).collect();
                let entry = Entry::new("indicator_value.record", Some("indicator_value.recorded"), "indicator_value", unit.any());
                Entry { resource: None, ..entry.told(None, Some(&Recorded { rows }), None)? }
            }
        };
        entries.push(Entry { unit: Some(unit), ..entry });
    }
    append_all(tx, entries)
}

/// What the journal tells of a call that touched many values of a unit.
#[derive(Serialize)]
struct Recorded<'a> {
    rows: Vec<CellKey<'a>>,
}

/// What the journal tells of one value.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    key: CellKey<'a>,
    #[serde(flatten)]
    figures: &'a Figures,
}

/// A value by what it is of.
#[derive(Serialize)]
struct CellKey<'a> {
    id: ValueId,
    version: i64,
    indicator: &'a str,
    period: &'a str,
    locality: Option<&'a str>,
}

impl Change<'_> {
    fn key(&self) -> CellKey<'_> {
        let (indicator, period) = (self.of.indicator.code.as_str(), self.of.period.code.as_str());
        CellKey { id: self.id, version: self.version, indicator, period, locality: self.of.place.map(|place| place.code.as_str()) }
    }

    fn told_before<'t>(&'t self, old: &'t Stored) -> Told<'t> {
        Told { key: CellKey { id: old.id, version: old.version, ..self.key() }, figures: &old.figures }
    }
}

/// Withdraws a value: it is gone, its history is not. Answers it as it was.
///
/// # Errors
/// 403 for a figure of another that the caller may not see; 404 if it is absent or out of scope; 412 if `is_meant` refuses its version; 423
/// if its period is locked.
pub fn withdraw(tx: &mut Tx<'_>, id: ValueId, is_meant: impl Fn(i64) -> Result<()>) -> Result<IndicatorValue> {
    let seen = read::get(tx, id)?;
    tx.hold_tree()?;
    let units = units_of(tx, &[Key::from(seen.unit.id)])?;
    let places = places_of(tx, &seen.locality.as_ref().map(|place| Key::from(place.id)).into_iter().collect::<Vec<_>>())?;
    let reach = Reach::read(tx)?;
    if units.iter().any(|unit| places.iter().any(|place| !reach.takes(place, unit))) {
        let (vi, en) = ("Địa bàn này không còn thuộc phạm vi phụ trách.", "This locality is not in your charge any more.");
        return Err(Error::forbidden().because(vi, en));
    }
    let before = read::whole(tx, id)?;
    // Another may have it since it was seen: whoever hands in a report of its figures sees them stand still.
    hold(tx, before.unit.id)?;
    let own = units.first().is_some_and(|unit| is_its_own(tx, unit.id, unit.kind, before.locality.is_some()));
    if !own && withheld(tx)?.contains(&before.indicator.id.of()) {
        return Err(blind());
    }
    is_meant(before.version)?;
    let period: PeriodId = before.period.id.of();
    if !periods::hold(tx, &[period])?.is_empty() {
        return Err(Error::new(Code::Locked));
    }
    let row = indicator_values::table.filter(indicator_values::id.eq(id));
    let (counts_as, indicator): (CountsAs, IndicatorId) =
        row.select((indicator_values::counts_as, indicator_values::indicator_id)).first(tx.conn)?;
    let (numerator, denominator, count) = (before.numerator, before.denominator, before.count);
    let figures = Figures { numerator, denominator, count, parts: before.parts.clone(), ..Figures::default() };
    let subject = before.locality.as_ref().map_or(Subject::Unit(before.unit.id), |place| Subject::Locality(place.id));
    let as_of = periods::get(tx, &Key::from(period))?.as_of;
    let nodes = Lineage::read(tx, [subject])?.nodes(subject, as_of);
    let mut totals = Totals::default();
    totals.subtract(&nodes, period, indicator, &figures.amounts(counts_as));
    rows::end(tx, &before)?;
    values::fold(tx, totals)?;
    Ok(before)
}
