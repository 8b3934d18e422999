//! Whose the figures of places are to read: the territories of the units that results are of.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::db::Db;
use crate::error::Result;
use crate::ids::{LocalityId, UnitId};
use crate::localities::store::around;
use crate::units::model::Unit;
use crate::units::store::{Seat, is_anothers, reach, seat_on, seats, stretches_below};

/// The territory of a unit on a day, if it is in charge of one.
pub(super) fn territory(unit: &Unit, seats: &HashMap<UnitId, Vec<Seat>>, day: NaiveDate) -> Option<LocalityId> {
    seat_on(seats.get(&unit.id)?, day).filter(|_| unit.kind.is_in_charge())
}

/// The territories of units, as far as they are the caller's to read: those that a unit, or the caller's own, is in charge of today, at all
/// times; what one was in charge of before, while it stood here, unless that is another's by now; and none that is only to come.
pub(super) fn seats_of(db: &mut Db<'_>, units: &[Unit]) -> Result<HashMap<UnitId, Vec<Seat>>> {
    let offices: Vec<UnitId> = units.iter().filter(|unit| unit.kind.is_in_charge()).map(|unit| unit.id).collect();
    let (mut seats, today) = (seats(db, offices.clone())?, db.today());
    let stays = |held: &Vec<Seat>| held.iter().all(|(.., place)| seat_on(held, today) == Some(*place));
    if seats.values().all(stays) {
        return Ok(seats);
    }
    let Some(reach) = reach(db)? else { return Ok(seats) };
    let (own, here) = (db.scope()?.root(), seat_on(&reach, today));
    let below = stretches_below(db, offices)?;
    for (unit, held) in seats.iter_mut().filter(|(_, held)| !stays(held)) {
        let spans = if *unit == own { &[(NaiveDate::MIN, today)] } else { below.get(unit).map(Vec::as_slice).unwrap_or_default() };
        let holds = [seat_on(held, today), here];
        let mut ours: Vec<Seat> = Vec::with_capacity(held.len());
        for seat in held.drain(..) {
            let (from, to, place) = seat;
            let around = around(db, place)?;
            if holds.iter().flatten().any(|own| around.contains(own)) {
                ours.push(seat);
            } else if from < today && !is_anothers(db, place, &around)? {
                let within = |(since, until): &(NaiveDate, NaiveDate)| (from.max(*since), to.min(*until).min(today), place);
                ours.extend(spans.iter().map(within).filter(|(from, to, _)| from < to));
            }
        }
        *held = ours;
    }
    Ok(seats)
}
