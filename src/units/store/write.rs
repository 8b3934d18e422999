//! Writing units: each change is a spell from a day on, and what lay before that day stays as it was.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::closure::{self, Span};
use super::read::{self, Found};
use crate::db::schema::{unit_spells, units};
use crate::db::{Conn, TreeWrite, Tx, UNTIL_FURTHER_NOTICE, each};
use crate::error::{Error, Result};
use crate::ids::{Key, LocalityId, UnitId};
use crate::registers::ExternalCode;
use crate::sums::{self, Footprint};
use crate::text;
use crate::units::model::{Kind, Level, Ownership, UnitType};

/// A unit whose row is locked until the end of the transaction (PostgreSQL; on SQLite the whole transaction is alone).
#[derive(Debug)]
pub struct Locked {
    /// The unit as it stands.
    pub found: Found,
}

/// Locks the unit with this key.
///
/// # Errors
/// 404 if there is none.
pub fn lock(tx: &mut Tx<'_>, key: &Key) -> Result<Locked> {
    let id = read::get(tx, key, None)?.unit.id;
    if let Conn::Pg(pg) = &mut *tx.conn {
        let _: UnitId = units::table.filter(units::id.eq(id)).select(units::id).for_no_key_update().first(pg)?;
    }
    // Read again: what was read before the lock may be of yesterday.
    Ok(Locked { found: read::get(tx, &Key::from(id), None)? })
}

/// Everything that may change with a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpellRow {
    /// Its official name.
    pub name: String,
    /// A shorter one.
    pub short_name: Option<String>,
    /// The unit above it.
    pub parent: Option<UnitId>,
    /// Where it lies.
    pub locality: Option<LocalityId>,
    /// The levels that it teaches.
    pub levels: Vec<Level>,
    /// Who owns it.
    pub ownership: Option<Ownership>,
}

/// A new unit with all it names resolved.
#[derive(Clone, Debug)]
pub struct NewRow {
    /// Its id.
    pub id: UnitId,
    /// Its code.
    pub code: String,
    /// What it is.
    pub kind: Kind,
    /// Its type.
    pub unit_type: UnitType,
    /// Its codes in other registers.
    pub external_codes: Vec<ExternalCode>,
    /// Its first day.
    pub valid_from: NaiveDate,
    /// What it is from then on.
    pub spell: SpellRow,
}

fn write_levels(levels: &[Level]) -> String {
    let words: Vec<&str> = Level::ALL.iter().filter(|level| levels.contains(level)).map(|level| level.as_str()).collect();
    format!(" {} ", words.join(" "))
}

/// Records a new unit. Its first spell and its links begin today even when the unit itself begins later, so that who recorded it
/// can see it.
///
/// # Errors
/// 409 `duplicate` for a code that is taken.
pub fn insert(tx: &mut Tx<'_>, _: &TreeWrite, new: &NewRow) -> Result<()> {
    let (now, start) = (tx.now(), new.valid_from.min(tx.today()));
    let codes = serde_json::to_string(&new.external_codes)?;
    let row = (
        units::id.eq(new.id),
        units::code.eq(&new.code),
        units::kind.eq(new.kind),
        units::type_.eq(new.unit_type),
        units::external_codes.eq(codes),
        units::valid_from.eq(new.valid_from),
        units::valid_to.eq(UNTIL_FURTHER_NOTICE),
        units::version.eq(1_i64),
        units::created_at.eq(now),
        units::updated_at.eq(now),
    );
    let conn = &mut *tx.conn;
    let inserted = each!(conn => diesel::insert_into(units::table).values(row).on_conflict(units::code).do_nothing().execute(conn))?;
    if inserted == 0 {
        return Err(Error::duplicate("/code"));
    }
    write_spell(tx, new.id, Span { from: start, to: UNTIL_FURTHER_NOTICE }, &new.spell, None)?;
    closure::plant(tx, new.id, new.spell.parent, start)?;
    let footprint = sums::footprint(tx, &[new.id])?;
    sums::replace(tx, Footprint::default(), footprint)
}

/// `tell_on`: the day on which it is told what the spell changes, where no request tells it now.
fn write_spell(tx: &mut Tx<'_>, unit: UnitId, span: Span, spell: &SpellRow, tell_on: Option<NaiveDate>) -> Result<()> {
    diesel::insert_into(unit_spells::table)
        .values((
            unit_spells::unit_id.eq(unit),
            unit_spells::valid_from.eq(span.from),
            unit_spells::valid_to.eq(span.to),
            unit_spells::name.eq(&spell.name),
            unit_spells::name_key.eq(text::fold(&spell.name)),
            unit_spells::sort_key.eq(text::sort_key(&spell.name)),
            unit_spells::short_name.eq(&spell.short_name),
            unit_spells::parent_id.eq(spell.parent),
            unit_spells::locality_id.eq(spell.locality),
            unit_spells::levels.eq(write_levels(&spell.levels)),
            unit_spells::ownership.eq(spell.ownership),
            unit_spells::tell_on.eq(tell_on),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// A change from a day on, with all it names resolved: `None` keeps what is there, `Some(None)` clears it.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Its official name.
    pub name: Option<String>,
    /// A shorter one.
    pub short_name: Option<Option<String>>,
    /// The unit above it.
    pub parent: Option<UnitId>,
    /// Where it lies.
    pub locality: Option<Option<LocalityId>>,
    /// The levels that it teaches.
    pub levels: Option<Vec<Level>>,
    /// Who owns it.
    pub ownership: Option<Option<Ownership>>,
    /// Its codes in other registers, with dates of their own.
    pub external_codes: Option<Vec<ExternalCode>>,
}

/// Changes a unit from `day` on. A change planned for later stays: what it changes keeps its later value, the rest takes the new.
///
/// # Errors
/// 409 where the unit would stand under itself.
pub fn update(tx: &mut Tx<'_>, _: &TreeWrite, locked: &Locked, change: &Change, day: NaiveDate) -> Result<()> {
    let unit = locked.found.unit.id;
    let later: Vec<SpellRow> = spells(tx, unit)?.into_iter().filter(|(span, _)| span.to > day).map(|(_, spell)| spell).collect();
    let elsewhere = change.parent.is_some_and(|parent| later.iter().any(|spell| spell.parent != Some(parent)));
    let teaches = change.levels.as_ref().is_some_and(|levels| later.iter().any(|spell| spell.levels != *levels));
    // What else changes leaves every total as it is.
    let moved = match (elsewhere, teaches) {
        (true, _) => closure::subtree(tx, unit, day)?,
        (false, true) => vec![unit],
        (false, false) => Vec::new(),
    };
    let before = sums::footprint(tx, &moved)?;
    respell(tx, unit, change, day)?;
    let after = sums::footprint(tx, &moved)?;
    sums::replace(tx, before, after)?;
    let target = units::table.filter(units::id.eq(unit));
    diesel::update(target).set((units::version.eq(units::version + 1), units::updated_at.eq(tx.now()))).execute(tx.conn)?;
    if let Some(codes) = &change.external_codes {
        diesel::update(target).set(units::external_codes.eq(serde_json::to_string(codes)?)).execute(tx.conn)?;
    }
    Ok(())
}

/// Rewrites the spells from `day` on, and the links where the unit moves.
fn respell(tx: &mut Tx<'_>, unit: UnitId, change: &Change, day: NaiveDate) -> Result<()> {
    let spells = spells(tx, unit)?;
    let mut old: Option<SpellRow> = None;
    let mut moves: Vec<(UnitId, Span)> = Vec::new();
    for (span, spell) in spells {
        if span.to <= day {
            continue;
        }
        // Later spells take a change only where they still say what the spell of the day said.
        let before = old.get_or_insert_with(|| spell.clone());
        let after = merge(&spell, before, change);
        let from = span.from.max(day);
        if after == spell {
            continue;
        }
        if let Some(parent) = after.parent.filter(|parent| spell.parent != Some(*parent)) {
            moves.push((parent, Span { from, to: span.to }));
        }
        rewrite(tx, unit, span, from, &after)?;
    }
    for (parent, span) in moves {
        if closure::cycle_if_moved(tx, unit, parent, span)? {
            return Err(Error::conflict("Đơn vị không thể trực thuộc chính nó.", "A unit cannot stand under itself."));
        }
        closure::replant(tx, unit, parent, span)?;
    }
    Ok(())
}

fn spells(tx: &mut Tx<'_>, unit: UnitId) -> Result<Vec<(Span, SpellRow)>> {
    type Row = (NaiveDate, NaiveDate, String, Option<String>, Option<UnitId>, Option<LocalityId>, String, Option<Ownership>);
    let rows: Vec<Row> = unit_spells::table
        .filter(unit_spells::unit_id.eq(unit))
        .order_by(unit_spells::valid_from)
        .select((
            unit_spells::valid_from,
            unit_spells::valid_to,
            unit_spells::name,
            unit_spells::short_name,
            unit_spells::parent_id,
            unit_spells::locality_id,
            unit_spells::levels,
            unit_spells::ownership,
        ))
        .load(tx.conn)?;
    let spell = |(from, to, name, short_name, parent, locality, levels, ownership): Row| {
        (Span { from, to }, SpellRow { name, short_name, parent, locality, levels: Level::from_words(&levels), ownership })
    };
    Ok(rows.into_iter().map(spell).collect())
}

/// What a spell says after the change, where it still said what `before` says.
fn merge(spell: &SpellRow, before: &SpellRow, change: &Change) -> SpellRow {
    fn pick<T: Clone + PartialEq>(mine: &T, before: &T, new: Option<&T>) -> T {
        new.filter(|_| mine == before).unwrap_or(mine).clone()
    }
    SpellRow {
        name: pick(&spell.name, &before.name, change.name.as_ref()),
        short_name: pick(&spell.short_name, &before.short_name, change.short_name.as_ref()),
        parent: pick(&spell.parent, &before.parent, change.parent.map(Some).as_ref()),
        locality: pick(&spell.locality, &before.locality, change.locality.as_ref()),
        levels: pick(&spell.levels, &before.levels, change.levels.as_ref()),
        ownership: pick(&spell.ownership, &before.ownership, change.ownership.as_ref()),
    }
}

/// Ends a spell on the day before `from` and begins the new one there; a spell that begins that very day is replaced, and still to be told
/// where it was.
fn rewrite(tx: &mut Tx<'_>, unit: UnitId, span: Span, from: NaiveDate, after: &SpellRow) -> Result<()> {
    let target = unit_spells::table.filter(unit_spells::unit_id.eq(unit)).filter(unit_spells::valid_from.eq(span.from));
    let mut tell_on = (from > tx.today()).then_some(from);
    if from == span.from {
        let due: Option<NaiveDate> = target.select(unit_spells::tell_on).first(tx.conn)?;
        tell_on = tell_on.or(due);
        diesel::delete(target).execute(tx.conn)?;
    } else {
        diesel::update(target).set(unit_spells::valid_to.eq(from)).execute(tx.conn)?;
    }
    write_spell(tx, unit, Span { from, to: span.to }, after, tell_on)
}
