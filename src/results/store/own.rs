//! What is not added up: the states of units, and the levels of communes that a cascade goes up from.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::Db;
use crate::db::schema::{indicator_values, localities, periods};
use crate::error::Result;
use crate::ids::{IndicatorId, LocalityId, PeriodId, UnitId};
use crate::localities::model::Rank;
use crate::results::rules::Communes;
use crate::sums::recast::Known;
use crate::values::model::State;

/// States by unit, period and indicator, with the day of each.
pub type States = HashMap<(UnitId, PeriodId, IndicatorId), (State, Option<NaiveDate>)>;

/// The first day by whose period each of these units told that a milestone is reached: what is done stays done.
///
/// # Errors
/// Database errors.
pub fn reached(db: &mut Db<'_>, units: &[UnitId]) -> Result<Reached> {
    type Row = (UnitId, IndicatorId, NaiveDate, Option<NaiveDate>);
    let rows: Vec<Row> = indicator_values::table
        .inner_join(periods::table)
        .filter(indicator_values::unit_id.eq_any(units.to_vec()))
        .filter(indicator_values::locality_id.is_null())
        .filter(indicator_values::state.eq(State::Done))
        .order_by(periods::as_of.desc())
        .select((indicator_values::unit_id, indicator_values::indicator_id, periods::as_of, indicator_values::state_on))
        .load(db.conn)?;
    Ok(rows.into_iter().map(|(unit, indicator, by, on)| ((unit, indicator), (by, on))).collect())
}

/// The states that these units recorded of themselves.
///
/// # Errors
/// Database errors.
pub fn states(db: &mut Db<'_>, units: &[UnitId], periods: &[PeriodId], known: Option<&[Known]>) -> Result<States> {
    type Row = (UnitId, PeriodId, IndicatorId, Option<State>, Option<NaiveDate>);
    if let Some(known) = known {
        let units: HashSet<&UnitId> = units.iter().collect();
        let own = known.iter().filter(|value| value.locality.is_none() && units.contains(&value.unit));
        let stated = own.filter_map(|value| {
            let state = State::parse(value.state.0.as_deref()?)?;
            Some(((value.unit, value.period, value.indicator), (state, value.state.1)))
        });
        return Ok(stated.collect());
    }
    let rows: Vec<Row> = indicator_values::table
        .filter(indicator_values::unit_id.eq_any(units.to_vec()))
        .filter(indicator_values::period_id.eq_any(periods.to_vec()))
        .filter(indicator_values::locality_id.is_null())
        .filter(indicator_values::state.is_not_null())
        .select((
            indicator_values::unit_id,
            indicator_values::period_id,
            indicator_values::indicator_id,
            indicator_values::state,
            indicator_values::state_on,
        ))
        .load(db.conn)?;
    Ok(rows.into_iter().filter_map(|(unit, period, indicator, state, on)| Some(((unit, period, indicator), (state?, on)))).collect())
}

/// Milestones reached: by the `as_of` of which period, and on which day.
pub type Reached = HashMap<(UnitId, IndicatorId), (NaiveDate, Option<NaiveDate>)>;

/// A commune: the territory that it was asked for, what it lies in, and from when until the day before when it was one.
struct Commune {
    top: LocalityId,
    parent: LocalityId,
    from: NaiveDate,
    to: NaiveDate,
}

/// Levels of the communes of territories.
#[derive(Default)]
pub struct Recognised {
    communes: HashMap<LocalityId, Commune>,
    levels: HashMap<(PeriodId, IndicatorId), Vec<(LocalityId, i32)>>,
}

/// Reads the levels that the communes of these territories reached by these indicators.
///
/// # Errors
/// Database errors.
pub fn recognised(
    db: &mut Db<'_>,
    territories: &[LocalityId],
    indicators: Vec<IndicatorId>,
    periods: &[PeriodId],
    known: Option<&[Known]>,
) -> Result<Recognised> {
    type Row = (LocalityId, Option<LocalityId>, Rank, NaiveDate, NaiveDate);
    let mut tops: HashMap<LocalityId, LocalityId> = territories.iter().map(|place| (*place, *place)).collect();
    let mut found = Recognised::default();
    if territories.is_empty() || indicators.is_empty() {
        return Ok(found);
    }
    let columns = (localities::id, localities::parent_id, localities::rank, localities::valid_from, localities::valid_to);
    let mut level: Vec<Row> = localities::table.filter(localities::id.eq_any(territories.to_vec())).select(columns).load(db.conn)?;
    while !level.is_empty() {
        for (id, parent, rank, from, to) in &level {
            if *rank == Rank::Commune
                && let Some(top) = tops.get(id)
            {
                found.communes.insert(*id, Commune { top: *top, parent: parent.unwrap_or(*id), from: *from, to: *to });
            }
        }
        let ids: Vec<LocalityId> = level.iter().filter(|row| row.2 != Rank::Commune).map(|row| row.0).collect();
        if ids.is_empty() {
            break;
        }
        level = localities::table.filter(localities::parent_id.eq_any(ids)).select(columns).load(db.conn)?;
        for (id, parent, ..) in &level {
            if let Some(top) = parent.and_then(|parent| tops.get(&parent).copied()) {
                tops.entry(*id).or_insert(top);
            }
        }
    }
    if let Some(known) = known {
        for (place, value) in known.iter().filter_map(|value| Some((value.locality?, value))) {
            found.levels.entry((value.period, value.indicator)).or_default().extend(value.level.map(|level| (place, level)));
        }
        return Ok(found);
    }
    let rows: Vec<(LocalityId, PeriodId, IndicatorId, Option<i32>)> = indicator_values::table
        // By what they are of, not by whose: a province has more communes than such figures have indicators and periods.
        .filter(indicator_values::indicator_id.eq_any(indicators))
        .filter(indicator_values::period_id.eq_any(periods.to_vec()))
        .filter(indicator_values::locality_id.is_not_null())
        .filter(indicator_values::level.is_not_null())
        .select((
            indicator_values::locality_id.assume_not_null(),
            indicator_values::period_id,
            indicator_values::indicator_id,
            indicator_values::level,
        ))
        .load(db.conn)?;
    for (place, period, indicator, level) in rows {
        found.levels.entry((period, indicator)).or_default().extend(level.map(|level| (place, level)));
    }
    Ok(found)
}

impl Recognised {
    /// These, and others of periods that nothing is told of here.
    #[must_use]
    pub fn or(mut self, others: Self) -> Self {
        for (key, levels) in others.levels {
            self.levels.entry(key).or_insert(levels);
        }
        self
    }

    /// The communes of a territory on a day, by what they lie in, with the level that each reached.
    #[must_use]
    pub fn communes(&self, territory: LocalityId, period: PeriodId, indicator: IndicatorId, day: NaiveDate) -> Communes {
        let told: HashMap<LocalityId, i32> = self.levels.get(&(period, indicator)).into_iter().flatten().copied().collect();
        let mut by_parent: BTreeMap<LocalityId, Vec<Option<i32>>> = BTreeMap::new();
        for (id, commune) in &self.communes {
            if commune.top == territory && commune.from <= day && day < commune.to {
                by_parent.entry(commune.parent).or_default().push(told.get(id).copied());
            }
        }
        Communes(by_parent.into_values().collect())
    }
}
