//! Wrong passwords: how many a name and an address may try, counted in the database so that every instance counts the same.
//!
//! A guess is counted before it is looked at, so twenty at once are twenty. Five wrong ones are free; then each waits twice as long as the
//! one before, from half a minute to a quarter of an hour; a right one, or half a day, begins anew. Whoever has a session keeps it. An
//! address that was wrong for many names is slowed down and no name with it.

use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::query_dsl::methods;
use diesel::sql_types::{Integer, Timestamp};

use crate::clock::Instant;
use crate::config::AccountSettings;
use crate::db::schema::sign_in_failures as failures;
use crate::db::{Tx, each};
use crate::error::Result;
use crate::network::Network;

/// Wrong guesses of an address count for so many seconds, and when they are too many it is refused for as long.
const WINDOW: i64 = 600;

/// How often one may guess.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Wrong guesses of a name before it waits.
    pub free: i32,
    /// The first wait and the longest, in seconds.
    pub waits: (i64, i64),
    /// After so many seconds without a guess a name begins anew.
    pub forgotten: i64,
    /// Wrong guesses of an address within ten minutes before it is refused.
    pub address: i32,
}

impl From<&AccountSettings> for Patience {
    fn from(settings: &AccountSettings) -> Self {
        Self {
            free: settings.guesses,
            waits: (settings.guess_wait_seconds, settings.guess_longest_seconds),
            forgotten: settings.guess_forgotten_hours * 3600,
            address: settings.network_guesses,
        }
    }
}

impl Patience {
    /// How long a name waits after so many wrong guesses, in seconds.
    #[must_use]
    pub fn wait(&self, wrong: i32) -> Option<i64> {
        let doublings = u32::try_from(wrong - self.free).ok()?;
        let (first, longest) = self.waits;
        let factor = 2_i64.checked_pow(doublings).unwrap_or(longest);
        Some(first.saturating_mul(factor).min(longest))
    }
}

/// Counts one more of a key and answers the count, in one statement so that no two count the same; nothing while the key waits.
fn count(tx: &mut Tx<'_>, key: &str, forgotten: i64) -> Result<Option<i32>> {
    let now = tx.now();
    let next = case_when(failures::last_at.le(now.plus(-forgotten)), 1.into_sql::<Integer>()).otherwise(failures::failures + 1);
    let over = failures::blocked_until.is_null().or(failures::blocked_until.le(now));
    let first = (failures::key.eq(key), failures::failures.eq(1), failures::last_at.eq(now));
    let change = (failures::failures.eq(next), failures::last_at.eq(now), failures::blocked_until.eq(None::<Instant>));
    let counted = diesel::insert_into(failures::table).values(first).on_conflict(failures::key).do_update().set(change);
    let counted = methods::FilterDsl::filter(counted, over).returning(failures::failures);
    let conn = &mut *tx.conn;
    Ok(each!(conn => counted.get_result(conn)).optional()?)
}

fn block(tx: &mut Tx<'_>, key: &str, until: Instant) -> Result<()> {
    diesel::update(failures::table.filter(failures::key.eq(key))).set(failures::blocked_until.eq(Some(until))).execute(tx.conn)?;
    Ok(())
}

fn of_name(username: &str) -> String {
    format!("name {username}")
}

/// What is guessed from an address: a program that goes on with an ended secret, or a class that forgot its passwords, shuts out nobody who
/// signs in beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guesser {
    /// Passwords.
    Person,
    /// Secrets of machine accounts.
    Client,
    /// Addresses for a forgotten password.
    Mail,
}

fn of_address(guesser: Guesser, ip: &str) -> String {
    let network = Network::named(ip);
    match guesser {
        Guesser::Person => format!("address {network}"),
        Guesser::Client => format!("client address {network}"),
        Guesser::Mail => format!("mail address {network}"),
    }
}

/// Counts a guess of a name; answers whether it may be looked at.
///
/// # Errors
/// Database errors.
pub fn claim(tx: &mut Tx<'_>, patience: Patience, username: &str) -> Result<bool> {
    let key = of_name(username);
    let Some(wrong) = count(tx, &key, patience.forgotten)? else { return Ok(false) };
    let Some(seconds) = patience.wait(wrong) else { return Ok(true) };
    block(tx, &key, tx.now().plus(seconds))?;
    Ok(true)
}

/// Begins a name anew: its password was right.
///
/// # Errors
/// Database errors.
pub fn forget(tx: &mut Tx<'_>, username: &str) -> Result<()> {
    diesel::delete(failures::table.filter(failures::key.eq(of_name(username)))).execute(tx.conn)?;
    Ok(())
}

/// For how many more seconds a key waits, if it does.
fn left(tx: &mut Tx<'_>, key: &str) -> Result<Option<i64>> {
    let row = failures::table.filter(failures::key.eq(key)).select(failures::blocked_until);
    let until: Option<Option<Instant>> = row.first(tx.conn).optional()?;
    let left = until.flatten().map(|until| (until.micros() - tx.now().micros() - 1).div_euclid(1_000_000) + 1);
    Ok(left.filter(|seconds| *seconds > 0))
}

/// Counts a guess from an address that is looked at here and now; answers for how many seconds it waits instead, if it does.
///
/// # Errors
/// Database errors.
pub fn strike(tx: &mut Tx<'_>, patience: Patience, guesser: Guesser, ip: &str) -> Result<Option<i64>> {
    let key = of_address(guesser, ip);
    let Some(wrong) = count(tx, &key, WINDOW)? else { return left(tx, &key) };
    if wrong >= patience.address {
        block(tx, &key, tx.now().plus(WINDOW))?;
    }
    Ok(None)
}

/// Lets a password from an address be looked at, which takes a while; answers for how many seconds it waits instead, if it does. No more are
/// looked at together than might still be wrong; each is to be told by [`leave`]. One of which nothing is told counts with those that are
/// looked at until what was wrong is forgotten.
///
/// # Errors
/// Database errors.
pub fn enter(tx: &mut Tx<'_>, patience: Patience, ip: &str) -> Result<Option<i64>> {
    let (key, now) = (of_address(Guesser::Person, ip), tx.now());
    let begun = now.plus(-WINDOW);
    let anew = || failures::last_at.le(begun);
    let wrong = case_when(anew(), 0.into_sql::<Integer>()).otherwise(failures::failures);
    let under_way = case_when(anew(), 1.into_sql::<Integer>()).otherwise(failures::under_way + 1);
    let last_at = case_when(anew(), now.into_sql::<Timestamp>()).otherwise(failures::last_at);
    let free = anew().or((failures::failures + failures::under_way).lt(patience.address));
    let over = failures::blocked_until.is_null().or(failures::blocked_until.le(now));
    let first = (failures::key.eq(&key), failures::failures.eq(0), failures::last_at.eq(now), failures::under_way.eq(1));
    let no_end = failures::blocked_until.eq(None::<Instant>);
    let change = (failures::failures.eq(wrong), failures::under_way.eq(under_way), failures::last_at.eq(last_at), no_end);
    let entered = diesel::insert_into(failures::table).values(first).on_conflict(failures::key).do_update().set(change);
    let entered = methods::FilterDsl::filter(entered, over.and(free)).returning(failures::under_way);
    let conn = &mut *tx.conn;
    let entered: Option<i32> = each!(conn => entered.get_result(conn)).optional()?;
    if entered.is_some() { Ok(None) } else { Ok(left(tx, &key)?.or(Some(1))) }
}

/// Tells what became of a password that was looked at.
///
/// # Errors
/// Database errors.
pub fn leave(tx: &mut Tx<'_>, patience: Patience, ip: &str, wrong: bool) -> Result<()> {
    let (key, now) = (of_address(Guesser::Person, ip), tx.now());
    let row = failures::table.filter(failures::key.eq(&key));
    let fewer = case_when(failures::under_way.gt(0), failures::under_way - 1).otherwise(0.into_sql::<Integer>());
    if !wrong {
        diesel::update(row).set(failures::under_way.eq(fewer)).execute(tx.conn)?;
        return Ok(());
    }
    let change = (failures::under_way.eq(fewer), failures::failures.eq(failures::failures + 1), failures::last_at.eq(now));
    let told = diesel::update(row).set(change).returning(failures::failures);
    let conn = &mut *tx.conn;
    let wrong: Option<i32> = each!(conn => told.get_result(conn)).optional()?;
    if wrong.is_some_and(|wrong| wrong >= patience.address) { block(tx, &key, now.plus(WINDOW)) } else { Ok(()) }
}

/// Takes away what is forgotten after so many seconds. Answers how many.
///
/// # Errors
/// Database errors.
pub fn sweep(tx: &mut Tx<'_>, forgotten: i64) -> Result<usize> {
    let old = failures::table.filter(failures::last_at.lt(tx.now().plus(-forgotten)));
    Ok(diesel::delete(old).execute(tx.conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_are_free_and_then_each_waits_twice_as_long() {
        let patience = Patience { free: 5, waits: (30, 900), forgotten: 12 * 3600, address: 30 };
        let waits: Vec<Option<i64>> = [1, 4, 5, 6, 7, 9, 10, 11, 80].map(|wrong| patience.wait(wrong)).to_vec();
        assert_eq!(waits, [None, None, Some(30), Some(60), Some(120), Some(480), Some(900), Some(900), Some(900)]);
    }
}
