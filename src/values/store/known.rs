//! What rows name, found and locked: units of the scope, localities, indicators and periods.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::schema::{localities, unit_spells, units};
use crate::db::{Conn, TreeRead, Tx};
use crate::error::Result;
use crate::ids::{Id, Key, LocalityId, PeriodId, UnitId, of};
use crate::indicators::store::{Defined, Which, defined};
use crate::localities::model::Rank;
use crate::periods::model::Period;
use crate::periods::store as periods;
use crate::sums::lineage::{Lineage, Subject};
use crate::units::model::{Kind, Level};
use crate::units::store::{reach, seat_on, within};
use crate::values::model::NewValue;

/// A stretch of what a unit was, as far as collecting goes.
pub(super) struct Spell {
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
    pub(super) levels: Vec<Level>,
    pub(super) locality: Option<LocalityId>,
}

pub(super) struct Unit {
    pub(super) id: UnitId,
    pub(super) code: String,
    pub(super) kind: Kind,
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
    pub(super) spells: Vec<Spell>,
}

impl Unit {
    pub(super) fn on(&self, day: NaiveDate) -> Option<&Spell> {
        let there = self.from <= day && day < self.to;
        self.spells.iter().find(|spell| spell.from <= day && day < spell.to).filter(|_| there)
    }

    /// Whether a place is in its charge on a day.
    pub(super) fn holds(&self, place: &Place, day: NaiveDate) -> bool {
        let own = self.on(day).filter(|_| self.kind.is_in_charge()).and_then(|spell| spell.locality);
        own.is_some_and(|own| place.around.contains(&own))
    }
}

pub(super) struct Place {
    pub(super) id: LocalityId,
    pub(super) code: String,
    pub(super) rank: Rank,
    pub(super) around: Vec<LocalityId>,
}

/// Things that have an id and a code, found by either.
pub(super) struct Register<T> {
    all: Vec<T>,
    places: HashMap<Key, usize>,
}

impl<T> Register<T> {
    fn of<I: 'static>(all: Vec<T>, named: impl Fn(&T) -> (Id<I>, &str)) -> Self {
        let keys = |(place, one): (usize, &T)| {
            let (id, code) = named(one);
            [(Key::from(id), place), (Key::Code(code.to_owned()), place)]
        };
        let places = all.iter().enumerate().flat_map(keys).collect();
        Self { all, places }
    }

    /// The one that a text names.
    pub(super) fn named(&self, text: &str) -> Option<&T> {
        self.all.get(*self.places.get(&Key::parse(text)?)?)
    }
}

/// Everything that rows name.
pub(super) struct Known {
    pub(super) indicators: Register<Defined>,
    pub(super) periods: Register<Period>,
    pub(super) units: Register<Unit>,
    pub(super) places: Register<Place>,
    /// Those that take no more values.
    pub(super) locked: Vec<PeriodId>,
    /// Where the caller may write today.
    pub(super) reach: Reach,
}

fn keys<'r>(texts: impl Iterator<Item = &'r String>) -> Vec<Key> {
    let distinct: HashSet<&String> = texts.collect();
    distinct.into_iter().filter_map(|text| Key::parse(text)).collect()
}

impl Known {
    /// Reads and locks: units first, then localities, each by id; periods are kept from being locked meanwhile.
    pub(super) fn read(tx: &mut Tx<'_>, _: &TreeRead, rows: &[NewValue]) -> Result<Self> {
        let units = units_of(tx, &keys(rows.iter().map(|row| &row.unit)))?;
        let places = places_of(tx, &keys(rows.iter().filter_map(|row| row.locality.as_ref())))?;
        let indicators = defined(tx, Which::Named(&keys(rows.iter().map(|row| &row.indicator))))?;
        let periods = periods::named(tx, &keys(rows.iter().map(|row| &row.period)))?;
        let mut held: Vec<PeriodId> = periods.iter().map(|period| period.id).collect();
        held.sort_unstable();
        let locked = periods::hold(tx, &held)?;
        let reach = if places.is_empty() { Reach::default() } else { Reach::read(tx)? };
        Ok(Self {
            reach,
            indicators: Register::of(indicators, |one| (one.id, &one.code)),
            periods: Register::of(periods, |one| (one.id, &one.code)),
            units: Register::of(units, |one| (one.id, &one.code)),
            places: Register::of(places, |one| (one.id, &one.code)),
            locked,
        })
    }

    /// The period that a text names, by an alias too.
    pub(super) fn period(&self, text: &str) -> Option<&Period> {
        self.periods.named(text).or_else(|| self.periods.named(&crate::periods::rules::canonical(text)))
    }
}

/// The units of the scope that keys name, their rows locked. A task of the system has no scope: it loads what it was given.
pub(super) fn units_of(tx: &mut Tx<'_>, keys: &[Key]) -> Result<Vec<Unit>> {
    type Row = (UnitId, String, Kind, NaiveDate, NaiveDate);
    let (ids, codes) = Key::split::<of::Unit>(keys);
    let mut query = units::table
        .filter(units::id.eq_any(ids).or(units::code.eq_any(codes)))
        .order_by(units::id)
        .select((units::id, units::code, units::kind, units::valid_from, units::valid_to))
        .into_boxed();
    if let Some(scope) = tx.context.caller.scope() {
        query = query.filter(units::id.eq_any(within(scope.root(), scope.today())));
    }
    let rows: Vec<Row> = query.load(tx.conn)?;
    let found: Vec<UnitId> = rows.iter().map(|row| row.0).collect();
    if let Conn::Pg(pg) = &mut *tx.conn {
        let locked = units::table.filter(units::id.eq_any(found.clone())).order_by(units::id).select(units::id);
        let _: Vec<UnitId> = locked.for_no_key_update().load(pg)?;
    }
    let mut spells: HashMap<UnitId, Vec<Spell>> = HashMap::new();
    let told: Vec<(UnitId, NaiveDate, NaiveDate, String, Option<LocalityId>)> = unit_spells::table
        .filter(unit_spells::unit_id.eq_any(found))
        .select((unit_spells::unit_id, unit_spells::valid_from, unit_spells::valid_to, unit_spells::levels, unit_spells::locality_id))
        .load(tx.conn)?;
    for (unit, from, to, levels, locality) in told {
        let levels = Level::from_words(&levels);
        spells.entry(unit).or_default().push(Spell { from, to, levels, locality });
    }
    let unit = |(id, code, kind, from, to): Row| Unit { id, code, kind, from, to, spells: spells.remove(&id).unwrap_or_default() };
    Ok(rows.into_iter().map(unit).collect())
}

/// The places whose figures the caller may write today, whatever was on the day of the period: who was in charge of a place then and is so
/// no more corrects nothing there.
#[derive(Debug, Default)]
pub(super) enum Reach {
    /// All: of the department and the system.
    #[default]
    All,
    /// Those in the territory of the caller's own unit, if it has one, or of a unit of its scope, on this day.
    Own(Option<LocalityId>, NaiveDate),
}

impl Reach {
    pub(super) fn read(tx: &mut Tx<'_>) -> Result<Self> {
        let today = tx.today();
        Ok(reach(tx)?.map_or(Self::All, |held| Self::Own(seat_on(&held, today), today)))
    }

    /// Whether the figures of a place that a unit keeps are in it.
    pub(super) fn takes(&self, place: &Place, unit: &Unit) -> bool {
        match self {
            Self::All => true,
            Self::Own(own, today) => own.is_some_and(|own| place.around.contains(&own)) || unit.holds(place, *today),
        }
    }
}

pub(super) fn places_of(tx: &mut Tx<'_>, keys: &[Key]) -> Result<Vec<Place>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (ids, codes) = Key::split::<of::Locality>(keys);
    let rows: Vec<(LocalityId, String, Rank)> = localities::table
        .filter(localities::id.eq_any(ids).or(localities::code.eq_any(codes)))
        .order_by(localities::id)
        .select((localities::id, localities::code, localities::rank))
        .load(tx.conn)?;
    let found: Vec<LocalityId> = rows.iter().map(|row| row.0).collect();
    if let Conn::Pg(pg) = &mut *tx.conn {
        let locked = localities::table.filter(localities::id.eq_any(found.clone())).order_by(localities::id).select(localities::id);
        let _: Vec<LocalityId> = locked.for_no_key_update().load(pg)?;
    }
    let lineage = Lineage::read(tx, found.into_iter().map(Subject::Locality))?;
    let place = |(id, code, rank): (LocalityId, String, Rank)| {
        let around = lineage.nodes(Subject::Locality(id), NaiveDate::MIN).into_iter().map(|node| node.id.of()).collect();
        Place { id, code, rank, around }
    };
    Ok(rows.into_iter().map(place).collect())
}
