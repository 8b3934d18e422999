//! How many units and communes there are to collect from below a node: steps in time, so that any day can be asked.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::lineage::{Lineage, Subject};
use crate::db::schema::{collector_counts, localities, unit_closure, unit_spells, units};
use crate::db::{Db, Tx, UNTIL_FURTHER_NOTICE, insert_all};
use crate::error::Result;
use crate::ids::{AnyId, LocalityId, UnitId};

/// A node, what is counted there (a kind of unit or a rank of locality, and the levels that it teaches), and the day of the step.
pub type Step = (AnyId, String, String, NaiveDate);

/// How many more there are from the day of each step on.
pub type Steps = BTreeMap<Step, i64>;

/// Nothing is recorded for days before this one, so what was there then is told as of it: few steps, however old schools are.
const BEGINNING: NaiveDate = match NaiveDate::from_ymd_opt(2023, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

fn step(steps: &mut Steps, node: AnyId, (kind, levels): (&str, &str), from: NaiveDate, to: NaiveDate) {
    let from = from.max(BEGINNING);
    if from < to {
        *steps.entry((node, kind.to_owned(), levels.to_owned(), from)).or_default() += 1;
        if to != UNTIL_FURTHER_NOTICE {
            *steps.entry((node, kind.to_owned(), levels.to_owned(), to)).or_default() -= 1;
        }
    }
}

/// The steps that these units make at all nodes, as the tree stands now.
///
/// # Errors
/// Database errors.
pub fn footprint(db: &mut Db<'_>, of: &[UnitId]) -> Result<Steps> {
    type Row = (UnitId, String, String, (NaiveDate, NaiveDate), (NaiveDate, NaiveDate), (NaiveDate, NaiveDate));
    let mut steps = Steps::new();
    for chunk in of.chunks(1000) {
        let rows: Vec<Row> = units::table
            .inner_join(unit_spells::table)
            .inner_join(unit_closure::table.on(unit_closure::descendant.eq(units::id)))
            .filter(units::id.eq_any(chunk.to_vec()))
            .filter(unit_closure::valid_from.lt(unit_spells::valid_to))
            .filter(unit_closure::valid_to.gt(unit_spells::valid_from))
            .select((
                unit_closure::ancestor,
                units::kind,
                unit_spells::levels,
                (units::valid_from, units::valid_to),
                (unit_spells::valid_from, unit_spells::valid_to),
                (unit_closure::valid_from, unit_closure::valid_to),
            ))
            .load(db.conn)?;
        for (node, kind, levels, unit, spell, link) in rows {
            let from = unit.0.max(spell.0).max(link.0);
            step(&mut steps, node.any(), (&kind, &levels), from, unit.1.min(spell.1).min(link.1));
        }
    }
    Ok(steps)
}

/// The steps that localities make, at themselves and around.
fn footprint_of_places(db: &mut Db<'_>, places: &[LocalityId]) -> Result<Steps> {
    let rows: Vec<(LocalityId, String, NaiveDate, NaiveDate)> = localities::table
        .filter(localities::id.eq_any(places.to_vec()))
        .select((localities::id, localities::rank, localities::valid_from, localities::valid_to))
        .load(db.conn)?;
    let lineage = Lineage::read(db, places.iter().copied().map(Subject::Locality))?;
    let mut steps = Steps::new();
    for (place, rank, from, to) in rows {
        for node in lineage.nodes(Subject::Locality(place), from) {
            step(&mut steps, node.id, (&rank, ""), from, to);
        }
    }
    Ok(steps)
}

/// Counts a locality that was just recorded.
///
/// # Errors
/// Database errors.
pub fn enter_place(tx: &mut Tx<'_>, place: LocalityId) -> Result<()> {
    let steps = footprint_of_places(tx, &[place])?;
    fold(tx, steps)
}

#[derive(Insertable)]
#[diesel(table_name = collector_counts, treat_none_as_default_value = false)]
struct StepRow {
    node_id: AnyId,
    kind: String,
    levels: String,
    on_date: NaiveDate,
    step: i64,
}

/// Adds steps to those that are kept.
///
/// # Errors
/// Database errors.
pub fn fold(tx: &mut Tx<'_>, steps: Steps) -> Result<()> {
    let rows: Vec<StepRow> = steps
        .into_iter()
        .filter(|(_, step)| *step != 0)
        .map(|((node_id, kind, levels, on_date), step)| StepRow { node_id, kind, levels, on_date, step })
        .collect();
    Ok(insert_all!(&mut *tx.conn, rows => |row| diesel::insert_into(collector_counts::table)
        .values(row)
        .on_conflict((collector_counts::node_id, collector_counts::kind, collector_counts::levels, collector_counts::on_date))
        .do_update()
        .set(collector_counts::step.eq(collector_counts::step + excluded(collector_counts::step))))?)
}

/// What there is to collect from at one node.
#[derive(Clone, Debug, Default)]
pub struct Collectors(Vec<(String, String, NaiveDate, i64)>);

impl Collectors {
    /// How many there are on a day whose kind and levels satisfy `is`. Levels are words between spaces.
    #[must_use]
    pub fn on(&self, day: NaiveDate, is: impl Fn(&str, &str) -> bool) -> i64 {
        self.0.iter().filter(|(kind, levels, from, _)| *from <= day && is(kind, levels)).map(|(_, _, _, step)| step).sum()
    }
}

/// What there is to collect from at some nodes.
///
/// # Errors
/// Database errors.
pub fn read(db: &mut Db<'_>, nodes: &[AnyId]) -> Result<HashMap<AnyId, Collectors>> {
    let rows: Vec<(AnyId, String, String, NaiveDate, i64)> =
        collector_counts::table.filter(collector_counts::node_id.eq_any(nodes.to_vec())).load(db.conn)?;
    let mut found: HashMap<AnyId, Collectors> = HashMap::new();
    for (node, kind, levels, from, step) in rows {
        found.entry(node).or_default().0.push((kind, levels, from, step));
    }
    Ok(found)
}

fn computed(db: &mut Db<'_>) -> Result<Steps> {
    let all: Vec<UnitId> = units::table.select(units::id).load(db.conn)?;
    let places: Vec<LocalityId> = localities::table.select(localities::id).load(db.conn)?;
    let mut steps = footprint(db, &all)?;
    for chunk in places.chunks(1000) {
        for (key, step) in footprint_of_places(db, chunk)? {
            *steps.entry(key).or_default() += step;
        }
    }
    steps.retain(|_, step| *step != 0);
    Ok(steps)
}

/// Counts everything again and answers how many steps there are and how many are kept wrongly.
///
/// # Errors
/// Database errors.
pub fn verify(db: &mut Db<'_>) -> Result<(usize, usize)> {
    let computed = computed(db)?;
    let rows: Vec<(AnyId, String, String, NaiveDate, i64)> = collector_counts::table.filter(collector_counts::step.ne(0)).load(db.conn)?;
    let kept: Steps = rows.into_iter().map(|(node, kind, levels, day, step)| ((node, kind, levels, day), step)).collect();
    let lost = computed.iter().filter(|(key, step)| kept.get(*key) != Some(*step)).count();
    let strange = kept.keys().filter(|key| !computed.contains_key(*key)).count();
    Ok((computed.len(), lost + strange))
}

/// Throws the kept steps away and counts everything again. Answers how many.
///
/// # Errors
/// Database errors.
pub fn rebuild(tx: &mut Tx<'_>) -> Result<usize> {
    let steps = computed(tx)?;
    diesel::delete(collector_counts::table).execute(tx.conn)?;
    let count = steps.len();
    fold(tx, steps)?;
    Ok(count)
}
