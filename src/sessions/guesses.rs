//! Wrong passwords: how many a name and an address may try, counted in the database so that every instance counts the same.
//!
//! A guess is counted before it is looked at, so twenty at once are twenty. Five wrong ones are free; then each waits twice as long as the
//! one before, from half a minute to a quarter of an hour; a right one, or half a day, begins anew. Whoever has a session keeps it. An
//! address that was wrong for many names is slowed down and no name with it.

use diesel::prelude::*;

use crate::clock::Instant;
use crate::config::AccountSettings;
use crate::db::schema::sign_in_failures as failures;
use crate::db::{Conn, Tx, each};
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

struct Held {
    wrong: i32,
    last_at: Instant,
    blocked_until: Option<Instant>,
}

/// The row of a key, made if need be, and locked.
fn hold(tx: &mut Tx<'_>, key: &str) -> Result<Held> {
    let row = (failures::key.eq(key), failures::failures.eq(0), failures::last_at.eq(tx.now()));
    let conn = &mut *tx.conn;
    each!(conn => diesel::insert_into(failures::table).values(row).on_conflict(failures::key).do_nothing().execute(conn))?;
    let query = failures::table.filter(failures::key.eq(key)).select((failures::failures, failures::last_at, failures::blocked_until));
    let (wrong, last_at, blocked_until) = match &mut *tx.conn {
        Conn::Pg(pg) => query.for_no_key_update().first(pg)?,
        Conn::Lite(lite) => query.first(lite)?,
    };
    Ok(Held { wrong, last_at, blocked_until })
}

fn keep(tx: &mut Tx<'_>, key: &str, wrong: i32, blocked_until: Option<Instant>) -> Result<()> {
    let change = (failures::failures.eq(wrong), failures::last_at.eq(tx.now()), failures::blocked_until.eq(blocked_until));
    diesel::update(failures::table.filter(failures::key.eq(key))).set(change).execute(tx.conn)?;
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
    let (key, now) = (of_name(username), tx.now());
    let held = hold(tx, &key)?;
    if held.blocked_until.is_some_and(|until| until > now) {
        return Ok(false);
    }
    let wrong = if held.last_at.plus(patience.forgotten) <= now { 1 } else { held.wrong.saturating_add(1) };
    keep(tx, &key, wrong, patience.wait(wrong).map(|seconds| now.plus(seconds)))?;
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

/// For how many more seconds an address is refused, if it is.
///
/// # Errors
/// Database errors.
pub fn is_refused(tx: &mut Tx<'_>, guesser: Guesser, ip: &str) -> Result<Option<i64>> {
    let row = failures::table.filter(failures::key.eq(of_address(guesser, ip))).select(failures::blocked_until);
    let until: Option<Option<Instant>> = row.first(tx.conn).optional()?;
    let left = until.flatten().map(|until| (until.micros() - tx.now().micros() - 1).div_euclid(1_000_000) + 1);
    Ok(left.filter(|seconds| *seconds > 0))
}

/// Counts a wrong guess of an address.
///
/// # Errors
/// Database errors.
pub fn was_wrong(tx: &mut Tx<'_>, patience: Patience, guesser: Guesser, ip: &str) -> Result<()> {
    let (key, now) = (of_address(guesser, ip), tx.now());
    let held = hold(tx, &key)?;
    let wrong = if held.last_at.plus(WINDOW) <= now { 1 } else { held.wrong.saturating_add(1) };
    keep(tx, &key, wrong, (wrong >= patience.address).then(|| now.plus(WINDOW)))
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
