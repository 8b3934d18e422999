//! What the calendar does: a change that was recorded for a later day takes effect then, and is told then, for no request tells it.

use chrono::{Days, NaiveDate};
use diesel::prelude::*;

use super::read;
use crate::db::Tx;
use crate::db::schema::{unit_spells, units};
use crate::error::Result;
use crate::ids::UnitId;
use crate::units::told;

/// How many are told in one transaction.
const AT_ONCE: i64 = 200;

/// Tells the changes whose day has come, each once. Answers how many.
///
/// # Errors
/// Database errors.
pub fn keep_calendar(tx: &mut Tx<'_>) -> Result<usize> {
    let due: Vec<(UnitId, NaiveDate)> = unit_spells::table
        .filter(unit_spells::tell_on.le(tx.today()))
        .order_by((unit_spells::tell_on, unit_spells::unit_id))
        .select((unit_spells::unit_id, unit_spells::valid_from))
        .limit(AT_ONCE)
        .load(tx.conn)?;
    if due.is_empty() {
        return Ok(0);
    }
    let _tree = tx.hold_tree()?;
    let mut number = 0;
    for (unit, day) in due {
        let spell = unit_spells::table.filter(unit_spells::unit_id.eq(unit)).filter(unit_spells::valid_from.eq(day));
        let untold = spell.filter(unit_spells::tell_on.is_not_null());
        if diesel::update(untold).set(unit_spells::tell_on.eq(None::<NaiveDate>)).execute(tx.conn)? == 0 {
            continue;
        }
        let before = day.checked_sub_days(Days::new(1)).map(|eve| read::on(tx, unit, eve)).transpose()?.flatten();
        // Whoever asks what was changed since finds it too.
        let touched = (units::version.eq(units::version + 1), units::updated_at.eq(tx.now()));
        diesel::update(units::table.filter(units::id.eq(unit))).set(touched).execute(tx.conn)?;
        if let (Some(before), Some(after)) = (before, read::on(tx, unit, day)?) {
            told::changed(tx, &before, &after)?;
            number += 1;
        }
    }
    Ok(number)
}
