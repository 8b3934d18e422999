//! Completeness: how many reports a round expects of a node and of all below it, and what became of them, by the role of who owes.
//!
//! The tree is that of the round's day, so a node counts what it was over then.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::lineage::{Lineage, Node, Subject};
use crate::access::policy::Role;
use crate::db::schema::{periods, reporting_rounds, reports, round_sums, unit_closure, unit_spells, units};
use crate::db::{Db, Tx, insert_all};
use crate::error::{Error, Result};
use crate::ids::{AnyId, RoundId, UnitId};
use crate::units::model::{Kind, Level, UnitType};

diesel::alias! {
    const BELOW: Alias<Below> = unit_closure as below;
}

/// Which units owe a report, as far as they themselves tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwedBy {
    /// Of these kinds; of all where none is named.
    pub kinds: Vec<Kind>,
    /// Of these types; of all where none is named.
    pub types: Vec<UnitType>,
    /// That teach one of these levels; any where none is named.
    pub levels: Vec<Level>,
}

impl OwedBy {
    /// Whether a unit owes one.
    #[must_use]
    pub fn takes(&self, kind: Kind, unit_type: UnitType, levels: &[Level]) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&kind))
            && (self.types.is_empty() || self.types.contains(&unit_type))
            && (self.levels.is_empty() || self.levels.iter().any(|level| levels.contains(level)))
    }

    /// As the database keeps it: kinds, types and levels, words between spaces.
    #[must_use]
    pub fn words(&self) -> (String, String, String) {
        fn join<'w>(words: impl Iterator<Item = &'w str>) -> String {
            words.collect::<Vec<_>>().join(" ")
        }
        (
            join(self.kinds.iter().map(|word| word.as_str())),
            join(self.types.iter().map(|word| word.as_str())),
            join(self.levels.iter().map(|word| word.as_str())),
        )
    }

    /// Reads what [`OwedBy::words`] wrote.
    #[must_use]
    pub fn from_words(kinds: &str, types: &str, levels: &str) -> Self {
        Self { kinds: Kind::from_words(kinds), types: UnitType::from_words(types), levels: Level::from_words(levels) }
    }
}

/// Who owes in a round, and the day of the tree that counts.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The round.
    pub round: RoundId,
    /// The `as_of` of its period.
    pub day: NaiveDate,
    /// The unit below which they owe, itself included.
    pub within: UnitId,
    /// Which of them.
    pub by: OwedBy,
}

/// How many reports are expected, and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of so many units.
    pub expected: i64,
    /// Submitted at least once.
    pub received: i64,
    /// Of these, first submitted after the due date.
    pub late: i64,
    /// Waiting for a decision.
    pub submitted: i64,
    /// Sent back.
    pub returned: i64,
    /// Accepted, and neither replaced nor recalled.
    pub accepted: i64,
}

impl Counts {
    /// Adds others, or takes them away with -1.
    pub fn add(&mut self, other: Self, sign: i64) {
        self.expected += sign * other.expected;
        self.received += sign * other.received;
        self.late += sign * other.late;
        self.submitted += sign * other.submitted;
        self.returned += sign * other.returned;
        self.accepted += sign * other.accepted;
    }
}

/// A report as far as it counts: its status in words of the database, and whether it came late; `None` while it never came.
pub type Mark = (String, Option<bool>);

/// What a unit that owes stands for, with its reports in the round: the one in force and the one that is to replace it.
#[must_use]
pub fn counts(reports: &[Mark]) -> Counts {
    let any = |is: &dyn Fn(&Mark) -> bool| i64::from(reports.iter().any(is));
    Counts {
        expected: 1,
        received: any(&|(_, late)| late.is_some()),
        late: any(&|(_, late)| *late == Some(true)),
        submitted: any(&|(status, _)| status == "submitted"),
        returned: any(&|(status, _)| status == "returned"),
        accepted: any(&|(status, _)| status == "accepted" || status == "issued"),
    }
}

/// A round, a node, and a role; with how far below the top the node stands.
type Key = (RoundId, AnyId, Role);

/// Counts by key.
#[derive(Clone, Debug, Default)]
pub struct Totals(HashMap<Key, (i32, Counts)>);

impl Totals {
    /// Adds what a unit stands for at each of these nodes.
    pub fn put(&mut self, nodes: &[Node], round: RoundId, role: Role, counts: Counts, sign: i64) {
        for node in nodes {
            self.0.entry((round, node.id, role)).or_insert((node.depth, Counts::default())).1.add(counts, sign);
        }
    }

    /// Takes all of the other totals away.
    pub fn take(&mut self, other: Self) {
        for (key, (depth, counts)) in other.0 {
            self.0.entry(key).or_insert((depth, Counts::default())).1.add(counts, -1);
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = round_sums, treat_none_as_default_value = false)]
struct SumRow {
    round_id: RoundId,
    node_id: AnyId,
    role: Role,
    expected: i64,
    received: i64,
    late: i64,
    submitted: i64,
    returned: i64,
    accepted: i64,
}

fn row((round_id, node_id, role): Key, counts: Counts) -> SumRow {
    let Counts { expected, received, late, submitted, returned, accepted } = counts;
    SumRow { round_id, node_id, role, expected, received, late, submitted, returned, accepted }
}

/// Adds totals to those that are kept, leaf first and the busiest row last, in one order for all.
///
/// # Errors
/// Database errors.
pub fn fold(tx: &mut Tx<'_>, totals: Totals) -> Result<()> {
    let mut changed: Vec<(Key, (i32, Counts))> = totals.0.into_iter().filter(|(_, (_, counts))| *counts != Counts::default()).collect();
    changed.sort_unstable_by_key(|(key, (depth, _))| (-depth, *key));
    let rows: Vec<SumRow> = changed.into_iter().map(|(key, (_, counts))| row(key, counts)).collect();
    Ok(insert_all!(&mut *tx.conn, rows => |row| diesel::insert_into(round_sums::table)
    .values(row)
    .on_conflict((round_sums::round_id, round_sums::node_id, round_sums::role))
    .do_update()
    .set((
        round_sums::expected.eq(round_sums::expected + excluded(round_sums::expected)),
        round_sums::received.eq(round_sums::received + excluded(round_sums::received)),
        round_sums::late.eq(round_sums::late + excluded(round_sums::late)),
        round_sums::submitted.eq(round_sums::submitted + excluded(round_sums::submitted)),
        round_sums::returned.eq(round_sums::returned + excluded(round_sums::returned)),
        round_sums::accepted.eq(round_sums::accepted + excluded(round_sums::accepted)),
    )))?)
}

/// Counts whom a round expects a report of, when it opens.
///
/// # Errors
/// Database errors.
pub fn enter(tx: &mut Tx<'_>, ask: &Ask) -> Result<()> {
    type Row = (UnitId, Kind, UnitType, String, i64);
    let day = ask.day;
    let below = BELOW
        .filter(BELOW.field(unit_closure::ancestor).eq(ask.within))
        .filter(BELOW.field(unit_closure::valid_from).le(day))
        .filter(BELOW.field(unit_closure::valid_to).gt(day))
        .select(BELOW.field(unit_closure::descendant));
    let rows: Vec<Row> = unit_closure::table
        .inner_join(units::table.on(units::id.eq(unit_closure::descendant)))
        .inner_join(unit_spells::table.on(unit_spells::unit_id.eq(unit_closure::descendant)))
        .filter(unit_closure::valid_from.le(day))
        .filter(unit_closure::valid_to.gt(day))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .filter(units::valid_from.le(day))
        .filter(units::valid_to.gt(day))
        .filter(unit_closure::descendant.eq_any(below))
        .group_by((unit_closure::ancestor, units::kind, units::type_, unit_spells::levels))
        .select((unit_closure::ancestor, units::kind, units::type_, unit_spells::levels, count_star()))
        .load(tx.conn)?;
    let mut totals = Totals::default();
    for (node, kind, unit_type, levels, expected) in rows {
        if !ask.by.takes(kind, unit_type, &Level::from_words(&levels)) {
            continue;
        }
        // Nobody waits for these rows yet, so their order does not matter.
        let node = Node { depth: 0, id: node.any() };
        totals.put(&[node], ask.round, kind.role(), Counts { expected, ..Counts::default() }, 1);
    }
    fold(tx, totals)
}

/// The counts of some nodes in some rounds, by role.
///
/// # Errors
/// Database errors.
pub fn read(db: &mut Db<'_>, rounds: &[RoundId], nodes: &[AnyId]) -> Result<HashMap<(RoundId, AnyId), BTreeMap<Role, Counts>>> {
    type Row = (RoundId, AnyId, Role, i64, i64, i64, i64, i64, i64);
    let rows: Vec<Row> = round_sums::table
        .filter(round_sums::round_id.eq_any(rounds.to_vec()))
        .filter(round_sums::node_id.eq_any(nodes.to_vec()))
        .load(db.conn)?;
    let mut found: HashMap<(RoundId, AnyId), BTreeMap<Role, Counts>> = HashMap::new();
    for (round, node, role, expected, received, late, submitted, returned, accepted) in rows {
        let counts = Counts { expected, received, late, submitted, returned, accepted };
        found.entry((round, node)).or_default().insert(role, counts);
    }
    Ok(found)
}

/// What every round that was opened asks.
fn asks(db: &mut Db<'_>) -> Result<Vec<Ask>> {
    type Row = (RoundId, NaiveDate, UnitId, String, String, String);
    let rows: Vec<Row> = reporting_rounds::table
        .inner_join(periods::table)
        .filter(reporting_rounds::status.ne("draft"))
        .select((
            reporting_rounds::id,
            periods::as_of,
            reporting_rounds::within_id,
            reporting_rounds::kinds,
            reporting_rounds::types,
            reporting_rounds::levels,
        ))
        .load(db.conn)?;
    let ask = |(round, day, within, kinds, types, levels): Row| Ask { round, day, within, by: OwedBy::from_words(&kinds, &types, &levels) };
    Ok(rows.into_iter().map(ask).collect())
}

/// What units were on days: kind and type, when they were open, and what they taught when.
struct Known {
    kind: Kind,
    unit_type: UnitType,
    open: (NaiveDate, NaiveDate),
    spells: Vec<(NaiveDate, NaiveDate, Vec<Level>)>,
}

fn known(db: &mut Db<'_>, chunk: &[UnitId]) -> Result<HashMap<UnitId, Known>> {
    type Row = (UnitId, Kind, UnitType, (NaiveDate, NaiveDate), (NaiveDate, NaiveDate, String));
    let rows: Vec<Row> = units::table
        .inner_join(unit_spells::table)
        .filter(units::id.eq_any(chunk.to_vec()))
        .select((
            units::id,
            units::kind,
            units::type_,
            (units::valid_from, units::valid_to),
            (unit_spells::valid_from, unit_spells::valid_to, unit_spells::levels),
        ))
        .load(db.conn)?;
    let mut found: HashMap<UnitId, Known> = HashMap::new();
    for (id, kind, unit_type, open, (from, to, levels)) in rows {
        let unit = found.entry(id).or_insert_with(|| Known { kind, unit_type, open, spells: Vec::new() });
        unit.spells.push((from, to, Level::from_words(&levels)));
    }
    Ok(found)
}

impl Known {
    /// Whether the unit, with these nodes above it, owes what is asked.
    fn owes(&self, ask: &Ask, nodes: &[Node]) -> bool {
        let day = ask.day;
        let spell = self.spells.iter().find(|(from, to, _)| *from <= day && day < *to);
        let open = self.open.0 <= day && day < self.open.1;
        open && nodes.iter().any(|node| node.id == ask.within.any())
            && spell.is_some_and(|(_, _, levels)| ask.by.takes(self.kind, self.unit_type, levels))
    }
}

fn marks(db: &mut Db<'_>, chunk: &[UnitId]) -> Result<HashMap<(RoundId, UnitId), Vec<Mark>>> {
    let rows: Vec<(RoundId, UnitId, String, Option<bool>)> = reports::table
        .filter(reports::unit_id.eq_any(chunk.to_vec()))
        .select((reports::round_id, reports::unit_id, reports::status, reports::late))
        .load(db.conn)?;
    let mut found: HashMap<(RoundId, UnitId), Vec<Mark>> = HashMap::new();
    for (round, unit, status, late) in rows {
        found.entry((round, unit)).or_default().push((status, late));
    }
    Ok(found)
}

/// The totals of what these units owe and of their reports, as the tree stands now.
///
/// # Errors
/// Database errors.
pub fn footprint(db: &mut Db<'_>, of: &[UnitId]) -> Result<Totals> {
    let asks = asks(db)?;
    let mut totals = Totals::default();
    if asks.is_empty() {
        return Ok(totals);
    }
    for chunk in of.chunks(1000) {
        let (known, marks) = (known(db, chunk)?, marks(db, chunk)?);
        let lineage = Lineage::read(db, chunk.iter().copied().map(Subject::Unit))?;
        for ask in &asks {
            for (id, unit) in &known {
                let nodes = lineage.nodes(Subject::Unit(*id), ask.day);
                if unit.owes(ask, &nodes) {
                    let reports = marks.get(&(ask.round, *id)).map(Vec::as_slice).unwrap_or_default();
                    totals.put(&nodes, ask.round, unit.kind.role(), counts(reports), 1);
                }
            }
        }
    }
    Ok(totals)
}

/// A unit in a round: whether it owes, in which role, and the nodes at which it counts.
#[derive(Clone, Debug)]
pub struct Place {
    /// Whether it owes a report.
    pub owes: bool,
    /// Its role.
    pub role: Role,
    /// The nodes, by depth and id.
    pub nodes: Vec<Node>,
}

/// Where a unit stands in a round.
///
/// # Errors
/// 404 if there is no such unit.
pub fn place(db: &mut Db<'_>, ask: &Ask, unit: UnitId) -> Result<Place> {
    places(db, &[ask], unit)?.pop().ok_or_else(Error::not_found)
}

/// Where a unit stands in each of some rounds.
///
/// # Errors
/// 404 if there is no such unit.
pub fn places(db: &mut Db<'_>, asks: &[&Ask], unit: UnitId) -> Result<Vec<Place>> {
    let found = known(db, &[unit])?.remove(&unit).ok_or_else(Error::not_found)?;
    let lineage = Lineage::read(db, [Subject::Unit(unit)])?;
    let place = |ask: &&Ask| {
        let nodes = lineage.nodes(Subject::Unit(unit), ask.day);
        Place { owes: found.owes(ask, &nodes), role: found.kind.role(), nodes }
    };
    Ok(asks.iter().map(place).collect())
}

/// What changes at every node of a unit when its reports in a round become others.
#[must_use]
pub fn turned(ask: &Ask, place: &Place, before: &[Mark], after: &[Mark]) -> Totals {
    let mut totals = Totals::default();
    if place.owes {
        let mut change = counts(after);
        change.add(counts(before), -1);
        totals.put(&place.nodes, ask.round, place.role, change, 1);
    }
    totals
}

fn computed(db: &mut Db<'_>) -> Result<Totals> {
    let all: Vec<UnitId> = units::table.select(units::id).load(db.conn)?;
    footprint(db, &all)
}

/// Computes every total from units and reports and answers how many there are and how many are kept wrongly.
///
/// # Errors
/// Database errors.
pub fn verify(db: &mut Db<'_>) -> Result<(usize, usize)> {
    type Row = (RoundId, AnyId, Role, i64, i64, i64, i64, i64, i64);
    let mut computed = computed(db)?.0;
    let total = computed.len();
    let rows: Vec<Row> = round_sums::table.load(db.conn)?;
    for (round, node, role, expected, received, late, submitted, returned, accepted) in rows {
        let kept = Counts { expected, received, late, submitted, returned, accepted };
        computed.entry((round, node, role)).or_default().1.add(kept, -1);
    }
    Ok((total, computed.values().filter(|(_, left)| *left != Counts::default()).count()))
}

/// Throws the kept totals away and writes those that units and reports say. Answers how many.
///
/// # Errors
/// Database errors.
pub fn rebuild(tx: &mut Tx<'_>) -> Result<usize> {
    let totals = computed(tx)?;
    diesel::delete(round_sums::table).execute(tx.conn)?;
    let count = totals.0.len();
    fold(tx, totals)?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_kinds_types_and_levels_owe() {
        let all = OwedBy::default();
        assert!(all.takes(Kind::Division, UnitType::Division, &[]));
        let some = OwedBy { kinds: vec![Kind::School], types: vec![], levels: vec![Level::Nursery] };
        assert!(some.takes(Kind::School, UnitType::Preschool, &[Level::Nursery, Level::Kindergarten]));
        assert!(!some.takes(Kind::School, UnitType::Primary, &[Level::Primary]));
        assert!(!some.takes(Kind::Centre, UnitType::ContinuingCentre, &[Level::Nursery]));
        let (kinds, types, levels) = some.words();
        assert_eq!(OwedBy::from_words(&kinds, &types, &levels), some);
    }

    #[test]
    fn a_unit_counts_once_whatever_became_of_its_report() {
        let mark = |status: &str, late| (status.to_owned(), late);
        let told = |reports: &[Mark]| {
            let Counts { expected, received, late, submitted, returned, accepted } = counts(reports);
            [expected, received, late, submitted, returned, accepted]
        };
        assert_eq!(told(&[]), [1, 0, 0, 0, 0, 0]);
        assert_eq!(told(&[mark("draft", None)]), [1, 0, 0, 0, 0, 0]);
        assert_eq!(told(&[mark("submitted", Some(false))]), [1, 1, 0, 1, 0, 0]);
        assert_eq!(told(&[mark("returned", Some(true))]), [1, 1, 1, 0, 1, 0]);
        assert_eq!(told(&[mark("accepted", Some(false)), mark("submitted", Some(false))]), [1, 1, 0, 1, 0, 1]);
        assert_eq!(told(&[mark("superseded", Some(false)), mark("accepted", Some(false))]), [1, 1, 0, 0, 0, 1]);
        assert_eq!(told(&[mark("recalled", Some(false))]), [1, 1, 0, 0, 0, 0]);
    }
}
