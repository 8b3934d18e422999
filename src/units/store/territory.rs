//! Where units lie and stand over time: the territories of offices, whose they are to read and write, and that each lies in the one above.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::NaiveDate;
use diesel::dsl::exists;
use diesel::prelude::*;

use super::read::within;
use crate::access::policy::Role;
use crate::db::Db;
use crate::db::schema::{unit_closure, unit_spells, units};
use crate::error::Result;
use crate::ids::{LocalityId, UnitId};
use crate::localities::store::{around, within as localities_within};
use crate::units::model::Kind;

/// Where a unit lay, from when until the day before when.
pub type Seat = (NaiveDate, NaiveDate, LocalityId);

/// Where one lay on a day.
#[must_use]
pub fn seat_on(seats: &[Seat], day: NaiveDate) -> Option<LocalityId> {
    seats.iter().find(|(from, to, _)| *from <= day && day < *to).map(|(.., place)| *place)
}

/// Where units lay at all times: for those in charge of a locality, the territory that was theirs.
///
/// # Errors
/// Database errors.
pub fn seats(db: &mut Db<'_>, ids: Vec<UnitId>) -> Result<HashMap<UnitId, Vec<Seat>>> {
    let rows: Vec<(UnitId, NaiveDate, NaiveDate, Option<LocalityId>)> = unit_spells::table
        .filter(unit_spells::unit_id.eq_any(ids))
        .select((unit_spells::unit_id, unit_spells::valid_from, unit_spells::valid_to, unit_spells::locality_id))
        .load(db.conn)?;
    let mut seats: HashMap<UnitId, Vec<Seat>> = HashMap::new();
    for (unit, from, to, place) in rows {
        if let Some(place) = place {
            seats.entry(unit).or_default().push((from, to, place));
        }
    }
    Ok(seats)
}

/// The territories in whose charge the caller's own unit was, is and will be; `None` for the department and the system, which are in charge
/// of all. What a unit of the scope was in charge of while it stood elsewhere is another's.
///
/// # Errors
/// Database errors.
pub fn reach(db: &mut Db<'_>) -> Result<Option<Vec<Seat>>> {
    let caller = &db.context.caller;
    let Some(scope) = caller.scope().filter(|_| caller.role() != Some(Role::Department)) else { return Ok(None) };
    Ok(Some(seats(db, vec![scope.root()])?.remove(&scope.root()).unwrap_or_default()))
}

/// Whether an office neither in the caller's subtree nor above it is in charge of a place, or of a part of it, today; `around` is what the
/// place lies in.
///
/// # Errors
/// Database errors; 403 for a caller without a scope.
pub fn is_anothers(db: &mut Db<'_>, place: LocalityId, around: &[LocalityId]) -> Result<bool> {
    let (scope, day) = (db.scope()?, db.today());
    let mut concerned = localities_within(db, &place.to_string())?;
    concerned.extend(around);
    let above = unit_closure::table.filter(unit_closure::descendant.eq(scope.root()));
    let above = above.filter(unit_closure::valid_from.le(day)).filter(unit_closure::valid_to.gt(day)).select(unit_closure::ancestor);
    let offices = unit_spells::table
        .inner_join(units::table)
        .filter(units::kind.eq_any([Kind::DistrictOffice, Kind::CommuneOffice]))
        .filter(unit_spells::locality_id.eq_any(concerned))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .filter(unit_spells::unit_id.ne_all(within(scope.root(), scope.today())))
        .filter(unit_spells::unit_id.ne_all(above));
    Ok(diesel::select(exists(offices)).get_result(db.conn)?)
}

/// From when until before when units stood, stand and will stand in the caller's subtree.
///
/// # Errors
/// Database errors; 403 for a caller without a scope.
pub fn stretches_below(db: &mut Db<'_>, of: Vec<UnitId>) -> Result<HashMap<UnitId, Vec<(NaiveDate, NaiveDate)>>> {
    let rows: Vec<(UnitId, (NaiveDate, NaiveDate))> = unit_closure::table
        .filter(unit_closure::ancestor.eq(db.scope()?.root()))
        .filter(unit_closure::descendant.eq_any(of))
        .order_by(unit_closure::valid_from)
        .select((unit_closure::descendant, (unit_closure::valid_from, unit_closure::valid_to)))
        .load(db.conn)?;
    let mut stretches: HashMap<UnitId, Vec<(NaiveDate, NaiveDate)>> = HashMap::new();
    for (unit, span) in rows {
        stretches.entry(unit).or_default().push(span);
    }
    Ok(stretches)
}

/// Whether an office lies in the territory of the office above it on every day from one on, and those below it in its own: each reads and
/// records whatever is of its territory. The department is in charge of all.
///
/// # Errors
/// Database errors.
pub fn lies_within(db: &mut Db<'_>, unit: UnitId, from: NaiveDate) -> Result<bool> {
    type Row = (NaiveDate, NaiveDate, Option<UnitId>, Option<LocalityId>);
    let offices: Vec<Row> = unit_spells::table
        .inner_join(units::table)
        .filter(unit_spells::unit_id.eq(unit).or(unit_spells::parent_id.eq(unit)))
        .filter(units::kind.eq_any([Kind::DistrictOffice, Kind::CommuneOffice]))
        .filter(unit_spells::valid_to.gt(from))
        .filter(unit_spells::locality_id.is_not_null())
        .select((unit_spells::valid_from, unit_spells::valid_to, unit_spells::parent_id, unit_spells::locality_id))
        .load(db.conn)?;
    let above = territories(db, offices.iter().filter_map(|row| row.2).collect(), from)?;
    let mut lies_in: HashMap<LocalityId, Vec<LocalityId>> = HashMap::new();
    for (start, end, parent, locality) in offices {
        let (Some(parent), Some(locality)) = (parent, locality) else { continue };
        let start = start.max(from);
        let meets = |(unit, since, until, _): &&Territory| *unit == parent && *since < end && start < *until;
        let above: Vec<Option<LocalityId>> = above.iter().filter(meets).map(|(.., own)| *own).collect();
        if above.is_empty() {
            continue;
        }
        let known = match lies_in.entry(locality) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(around(db, locality)?),
        };
        if above.iter().any(|own| own.is_none_or(|own| !known.contains(&own))) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A unit, from when until before when, and the locality that it is in charge of then, if one.
pub type Territory = (UnitId, NaiveDate, NaiveDate, Option<LocalityId>);

/// The localities in whose charge units are from a day on, one for each of their spells; none for the department, which is in charge of all.
///
/// # Errors
/// Database errors.
pub fn territories(db: &mut Db<'_>, of: Vec<UnitId>, from: NaiveDate) -> Result<Vec<Territory>> {
    let spells = unit_spells::table.filter(unit_spells::unit_id.eq_any(of)).filter(unit_spells::valid_to.gt(from));
    let spells = spells.filter(unit_spells::parent_id.is_not_null());
    Ok(spells.select((unit_spells::unit_id, unit_spells::valid_from, unit_spells::valid_to, unit_spells::locality_id)).load(db.conn)?)
}

/// Whether a unit stands in the caller's scope on every day from the one to the other, both among them.
///
/// # Errors
/// Database errors; 403 for a caller without a scope.
pub fn stands_here(db: &mut Db<'_>, unit: UnitId, from: NaiveDate, to: NaiveDate) -> Result<bool> {
    let spans = stretches_below(db, vec![unit])?.remove(&unit).unwrap_or_default();
    let covered = spans.iter().fold(from, |day, (start, end)| if *start <= day && day < *end { *end } else { day });
    Ok(covered > to)
}
