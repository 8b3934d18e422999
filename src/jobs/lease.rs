//! Leases: which instance does a piece of background work now.

use diesel::prelude::*;

use crate::db::schema::leases;
use crate::db::{Tx, each};
use crate::error::Result;
use crate::ids::AnyId;

/// Whether `holder` has the work of this name for so many seconds: it had it before, nobody has it, or whoever had it is gone.
///
/// # Errors
/// Database errors.
pub fn claim(tx: &mut Tx<'_>, name: &str, holder: AnyId, seconds: i64) -> Result<bool> {
    take(tx, name, holder, seconds, true)
}

/// Whether work that is done once in so many seconds, by whichever instance comes first, is due, and now `holder`'s to do.
///
/// # Errors
/// Database errors.
pub fn due(tx: &mut Tx<'_>, name: &str, holder: AnyId, seconds: i64) -> Result<bool> {
    take(tx, name, holder, seconds, false)
}

/// Says that what was due could not be done: it is due again.
///
/// # Errors
/// Database errors.
pub fn put_back(tx: &mut Tx<'_>, name: &str, holder: AnyId) -> Result<()> {
    let until = tx.now().plus(-1);
    diesel::update(leases::table.find(name).filter(leases::holder.eq(holder))).set(leases::until.eq(until)).execute(tx.conn)?;
    Ok(())
}

fn take(tx: &mut Tx<'_>, name: &str, holder: AnyId, seconds: i64, again: bool) -> Result<bool> {
    let now = tx.now();
    let row = (leases::name.eq(name), leases::holder.eq(holder), leases::until.eq(now.plus(seconds)));
    let change = (leases::holder.eq(holder), leases::until.eq(now.plus(seconds)));
    let conn = &mut *tx.conn;
    let taken = each!(conn => diesel::insert_into(leases::table).values(row).on_conflict(leases::name).do_nothing().execute(conn))?;
    if taken > 0 {
        return Ok(true);
    }
    let mine = leases::holder.eq(holder).and(leases::until.ge(now)).and(again.into_sql::<diesel::sql_types::Bool>());
    let free = leases::table.filter(leases::name.eq(name)).filter(mine.or(leases::until.lt(now)));
    Ok(diesel::update(free).set(change).execute(conn)? > 0)
}
