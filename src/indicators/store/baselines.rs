//! Baselines: what units started from, where that is known from elsewhere.

use diesel::prelude::*;

use super::withheld;
use crate::clock::Instant;
use crate::db::schema::{baselines, unit_spells, units};
use crate::db::{Db, Tx, each};
use crate::error::{Error, Result};
use crate::ids::{BaselineId, IndicatorId, UnitId};
use crate::indicators::decimal::Decimal;
use crate::indicators::model::{Baseline, BaselineBody};
use crate::indicators::rules::Fraction;
use crate::units::model::UnitRef;
use crate::units::store::{hold, within};

type Row =
    ((BaselineId, IndicatorId, UnitId, String, String), (i32, Option<i64>, Option<i64>, Option<i64>, String), (i64, Instant, Instant));

/// A baseline and its number, exactly.
pub type Started = (Baseline, Fraction);

fn started(row: Row) -> Option<Started> {
    let ((id, indicator, unit, code, name), (year, numerator, denominator, value, source), (version, created_at, updated_at)) = row;
    let fraction = numerator.zip(denominator).and_then(|(above, below)| Fraction::percent(above, below));
    let number = fraction.or_else(|| value.map(|value| Fraction::decimal(Decimal::hundredths(value))))?;
    let unit = UnitRef { id: unit, code, name };
    let value = number.shown();
    Some((Baseline { id, indicator, unit, year, numerator, denominator, value, source, version, created_at, updated_at }, number))
}

/// The baselines that were set for units, of one indicator or of all.
///
/// # Errors
/// Database errors.
pub fn baselines(db: &mut Db<'_>, of: &[UnitId], indicator: Option<IndicatorId>) -> Result<Vec<Started>> {
    let day = db.today();
    let mut query = baselines::table
        .inner_join(units::table.inner_join(unit_spells::table))
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .filter(baselines::unit_id.eq_any(of.to_vec()))
        .select((
            (baselines::id, baselines::indicator_id, units::id, units::code, unit_spells::name),
            (baselines::year, baselines::numerator, baselines::denominator, baselines::value, baselines::source),
            (baselines::version, baselines::created_at, baselines::updated_at),
        ))
        .into_boxed();
    if let Some(indicator) = indicator {
        query = query.filter(baselines::indicator_id.eq(indicator));
    }
    Ok(query.load::<Row>(db.conn)?.into_iter().filter_map(started).collect())
}

/// The one baseline of these, unless the caller may not see what a unit recorded of its indicator.
fn told(db: &mut Db<'_>, mut found: Vec<Started>) -> Result<Option<Baseline>> {
    let hidden = withheld(db)?;
    Ok(found.pop().map(|(baseline, _)| baseline).filter(|baseline| !hidden.contains(&baseline.indicator)))
}

/// The baseline with this id, if it is of a unit of the scope and not withheld from the caller.
///
/// # Errors
/// Database errors.
pub fn find_baseline(db: &mut Db<'_>, id: BaselineId) -> Result<Option<Baseline>> {
    let scope = db.scope()?;
    let found: Option<(IndicatorId, UnitId)> = baselines::table
        .filter(baselines::id.eq(id))
        .filter(baselines::unit_id.eq_any(within(scope.root(), scope.today())))
        .select((baselines::indicator_id, baselines::unit_id))
        .first(db.conn)
        .optional()?;
    let Some((indicator, unit)) = found else { return Ok(None) };
    let found = baselines(db, &[unit], Some(indicator))?;
    told(db, found)
}

/// The baseline that was set for a unit.
///
/// # Errors
/// 404 if there is none, or it is withheld from the caller.
pub fn baseline(db: &mut Db<'_>, indicator: IndicatorId, unit: UnitId) -> Result<Baseline> {
    let found = baselines(db, &[unit], Some(indicator))?;
    told(db, found)?.ok_or_else(Error::not_found)
}

/// The baseline that is there, if any; its row is locked by the unit's.
///
/// # Errors
/// Database errors.
pub fn lock_baseline(tx: &mut Tx<'_>, indicator: IndicatorId, unit: UnitId) -> Result<Option<Baseline>> {
    hold(tx, unit)?;
    Ok(baselines(tx, &[unit], Some(indicator))?.pop().map(|(baseline, _)| baseline))
}

/// Sets a baseline, in the place of the one that is there.
///
/// # Errors
/// Database errors.
pub fn set_baseline(tx: &mut Tx<'_>, indicator: IndicatorId, unit: UnitId, new: &BaselineBody) -> Result<()> {
    let now = tx.now();
    let said = (
        baselines::year.eq(new.year),
        baselines::numerator.eq(new.numerator),
        baselines::denominator.eq(new.denominator),
        baselines::value.eq(new.value.and_then(Decimal::stored)),
        baselines::source.eq(&new.source),
        baselines::updated_at.eq(now),
    );
    let row = (
        baselines::id.eq(BaselineId::new()),
        baselines::indicator_id.eq(indicator),
        baselines::unit_id.eq(unit),
        baselines::version.eq(1_i64),
        baselines::created_at.eq(now),
    );
    let conn = &mut *tx.conn;
    each!(conn => diesel::insert_into(baselines::table)
        .values((said, row))
        .on_conflict((baselines::unit_id, baselines::indicator_id))
        .do_update()
        .set((said, baselines::version.eq(baselines::version + 1)))
        .execute(conn))?;
    Ok(())
}

/// Ends a baseline: the unit's own result of the base year holds again. The row stays without its number, for its version goes on: who
/// read a baseline that ended meanwhile must not change the one that comes after it.
///
/// # Errors
/// Database errors.
pub fn end_baseline(tx: &mut Tx<'_>, id: BaselineId) -> Result<()> {
    let none: Option<i64> = None;
    diesel::update(baselines::table.filter(baselines::id.eq(id)))
        .set((
            baselines::numerator.eq(none),
            baselines::denominator.eq(none),
            baselines::value.eq(none),
            baselines::version.eq(baselines::version + 1),
            baselines::updated_at.eq(tx.now()),
        ))
        .execute(tx.conn)?;
    Ok(())
}
