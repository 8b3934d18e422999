//! What is odd about a number beside what is there already: that of the year before, and those of its siblings.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::cells::{Cell, Resolved, distinct};
use crate::db::schema::{indicator_values, localities, unit_closure, units};
use crate::db::{Db, Tx};
use crate::error::{Fault, Result};
use crate::ids::{AnyId, IndicatorId, PeriodId, UnitId};
use crate::indicators::decimal::Decimal;
use crate::indicators::model::Checks;
use crate::indicators::rules::Fraction;
use crate::periods::store as periods;
use crate::sums::lineage::Lineage;
use crate::units::store::within;
use crate::values::rules::{self, Figures};

/// A row whose figures say a number.
pub(super) struct Numbered<'k> {
    /// Its place among the answers.
    pub(super) index: usize,
    pub(super) of: &'k Resolved<'k>,
    pub(super) number: Fraction,
}

/// What stands beside a row: its parent, period and indicator.
type Family = (AnyId, PeriodId, IndicatorId);
/// The unit or locality that a number is of, with what it says.
type Sides = (AnyId, Option<i64>, Option<i64>, Option<i64>);

/// The oddities of rows, by place.
pub(super) fn oddities(tx: &mut Tx<'_>, rows: &[Numbered<'_>], lineage: &Lineage) -> Result<Vec<(usize, Vec<Fault>)>> {
    if tx.context.caller.is_program() {
        // Nobody would read it.
        return Ok(Vec::new());
    }
    let checked: Vec<&Numbered<'_>> = rows.iter().filter(|row| row.of.definition.checks != Checks::default()).collect();
    let past = before(tx, &checked)?;
    let parents = parents(tx, &checked, lineage)?;
    let days: Vec<NaiveDate> = checked.iter().map(|row| row.of.period.as_of).collect();
    let Some(day) = days.into_iter().max() else { return Ok(Vec::new()) };
    let mut families = families(tx, &checked, &parents, day)?;
    let family = |row: &Numbered<'_>| {
        let (period, indicator, subject) = row.of.cell();
        let parent = parents.get(&subject)?.iter().find(|(from, to, _)| *from <= row.of.period.as_of && row.of.period.as_of < *to)?;
        Some((subject, (parent.2, period, indicator)))
    };
    // What this very call says of siblings goes before what is stored of them.
    for row in &checked {
        if let Some((subject, family)) = family(row) {
            families.entry(family).or_default().insert(subject, row.number.shown());
        }
    }
    let found = checked.iter().map(|row| {
        let siblings = family(row).and_then(|(subject, family)| {
            let all = families.get(&family)?;
            Some(all.iter().filter(|(other, _)| **other != subject).map(|(_, number)| *number).collect::<Vec<_>>())
        });
        let before = past.get(&row.of.cell()).copied();
        (row.index, rules::oddities(row.index, row.number, row.of.definition.checks, before, &siblings.unwrap_or_default()))
    });
    Ok(found.filter(|(_, oddities)| !oddities.is_empty()).collect())
}

/// The number of the year before, by the cell of the row that it stands before.
fn before(db: &mut Db<'_>, rows: &[&Numbered<'_>]) -> Result<HashMap<Cell, Fraction>> {
    let years = distinct(rows.iter().filter(|row| row.of.definition.checks.jump.is_some()).map(|row| row.of.period.year - 1));
    if years.is_empty() {
        return Ok(HashMap::new());
    }
    let earlier = periods::of_years(db, &years)?;
    let previous = |row: &Numbered<'_>| {
        let period = row.of.period;
        let before = earlier.iter().rfind(|one| one.kind == period.kind && one.year == period.year - 1)?;
        // What was counted otherwise is no measure of what is counted now.
        row.of.indicator.on(before.as_of).filter(|then| then.version == row.of.definition.version).map(|_| before.id)
    };
    let asked: Vec<(Cell, &Numbered<'_>)> =
        rows.iter().filter_map(|row| Some(((previous(row)?, row.of.cell().1, row.of.cell().2), *row))).collect();
    let periods = distinct(asked.iter().map(|(cell, _)| cell.0));
    let indicators = distinct(asked.iter().map(|(cell, _)| cell.1));
    let stored = stored(db, periods, indicators, distinct(asked.iter().map(|(cell, _)| cell.2)))?;
    let by_cell: HashMap<Cell, Sides> =
        stored.into_iter().map(|(period, indicator, sides)| ((period, indicator, sides.0), sides)).collect();
    let number = |(cell, row): &(Cell, &Numbered<'_>)| Some((row.of.cell(), said(row.of, by_cell.get(cell)?)?));
    Ok(asked.iter().filter_map(number).collect())
}

/// What is stored of subjects.
fn stored(
    db: &mut Db<'_>,
    periods: Vec<PeriodId>,
    indicators: Vec<IndicatorId>,
    subjects: Vec<AnyId>,
) -> Result<Vec<(PeriodId, IndicatorId, Sides)>> {
    /// As many as a statement of SQLite takes, with room for the rest.
    const CHUNK: usize = 10_000;
    let mut rows = Vec::new();
    for chunk in subjects.chunks(CHUNK) {
        let found = indicator_values::table
            .filter(indicator_values::period_id.eq_any(periods.clone()))
            .filter(indicator_values::indicator_id.eq_any(indicators.clone()))
            .filter(indicator_values::subject_id.eq_any(chunk.to_vec()))
            .select((
                indicator_values::period_id,
                indicator_values::indicator_id,
                (indicator_values::subject_id, indicator_values::numerator, indicator_values::denominator, indicator_values::tally),
            ))
            .load::<(PeriodId, IndicatorId, Sides)>(db.conn)?;
        rows.extend(found);
    }
    Ok(rows)
}

fn said(of: &Resolved<'_>, (_, numerator, denominator, count): &Sides) -> Option<Fraction> {
    let figures = Figures { numerator: *numerator, denominator: *denominator, count: *count, ..Figures::default() };
    rules::number(&figures, of.definition)
}

type Parents = HashMap<AnyId, Vec<(NaiveDate, NaiveDate, AnyId)>>;

/// What each subject stands directly below, and when; only what the caller looks down on: nobody is told of siblings beside itself.
fn parents(db: &mut Db<'_>, rows: &[&Numbered<'_>], lineage: &Lineage) -> Result<Parents> {
    let (mut parents, scope) = (Parents::new(), db.scope()?);
    let (places, others): (Vec<&&Numbered<'_>>, Vec<_>) = rows.iter().partition(|row| row.of.place.is_some());
    for (row, place) in places.into_iter().filter_map(|row| Some((row, row.of.place?))) {
        let own = row.of.unit.on(row.of.period.as_of).and_then(|spell| spell.locality);
        // From the unit's own territory down to the place itself: what lies directly around the place must be among them.
        let seat = place.around.iter().position(|around| Some(*around) == own);
        let below = seat.and_then(|seat| place.around.get(seat..)).unwrap_or_default();
        if let Some(parent) = below.iter().rev().nth(1) {
            parents.insert(place.id.any(), vec![(NaiveDate::MIN, NaiveDate::MAX, parent.any())]);
        }
    }
    let children: Vec<UnitId> = distinct(others.into_iter().map(|row| row.of.unit.id));
    let all = distinct(children.iter().flat_map(|unit| lineage.parents(*unit)).map(|(_, _, parent)| parent));
    let above = units::table.filter(units::id.eq_any(all)).filter(units::id.eq_any(within(scope.root(), scope.today())));
    let ours: HashSet<UnitId> = above.select(units::id).load::<UnitId>(db.conn)?.into_iter().collect();
    for unit in children {
        let looked_down_on = lineage.parents(unit).filter(|(.., parent)| ours.contains(parent));
        let links: Vec<_> = looked_down_on.map(|(from, to, parent)| (from, to, parent.any())).collect();
        if !links.is_empty() {
            parents.insert(unit.any(), links);
        }
    }
    Ok(parents)
}

/// The stored numbers, as they are shown, of those that stand below the same parents, by family and subject. Of a large family some are enough to say what
/// is usual, and a save costs the same however large it is.
fn families(
    db: &mut Db<'_>,
    rows: &[&Numbered<'_>],
    parents: &Parents,
    day: NaiveDate,
) -> Result<HashMap<Family, HashMap<AnyId, Decimal>>> {
    let of: HashMap<(PeriodId, IndicatorId), &Resolved<'_>> = rows.iter().map(|row| ((row.of.cell().0, row.of.cell().1), row.of)).collect();
    let mut siblings: HashMap<AnyId, Vec<(NaiveDate, NaiveDate, AnyId)>> = HashMap::new();
    for parent in distinct(parents.values().flatten().map(|(_, _, parent)| *parent)) {
        for (child, from, to) in children(db, parent, day)? {
            siblings.entry(child).or_default().push((from, to, parent));
        }
    }
    let (periods, indicators) = (distinct(of.keys().map(|key| key.0)), distinct(of.keys().map(|key| key.1)));
    let stored = stored(db, periods, indicators, siblings.keys().copied().collect())?;
    let mut families: HashMap<Family, HashMap<AnyId, Decimal>> = HashMap::new();
    for (period, indicator, sides) in stored {
        let Some(of) = of.get(&(period, indicator)) else { continue };
        let day = of.period.as_of;
        let stood = siblings.get(&sides.0).into_iter().flatten().find(|(from, to, _)| *from <= day && day < *to);
        if let (Some((_, _, parent)), Some(number)) = (stood, said(of, &sides)) {
            families.entry((*parent, period, indicator)).or_default().insert(sides.0, number.shown());
        }
    }
    Ok(families)
}

/// Some of those that stand directly below a unit, or lie in a locality, on a day, and from when until when.
fn children(db: &mut Db<'_>, parent: AnyId, day: NaiveDate) -> Result<Vec<(AnyId, NaiveDate, NaiveDate)>> {
    /// More say no better what is usual.
    const ENOUGH: i64 = 100;
    let units: Vec<(AnyId, NaiveDate, NaiveDate)> = unit_closure::table
        .filter(unit_closure::ancestor.eq(parent))
        .filter(unit_closure::depth.eq(1))
        .filter(unit_closure::valid_from.le(day))
        .filter(unit_closure::valid_to.gt(day))
        .order_by(unit_closure::descendant)
        .limit(ENOUGH)
        .select((unit_closure::descendant, unit_closure::valid_from, unit_closure::valid_to))
        .load(db.conn)?;
    if !units.is_empty() {
        return Ok(units);
    }
    let places = localities::table.filter(localities::parent_id.eq(parent)).order_by(localities::id).limit(ENOUGH);
    Ok(places.select((localities::id, localities::valid_from, localities::valid_to)).load(db.conn)?)
}
