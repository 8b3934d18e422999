//! Queries on second factors: one's own account's only.

use diesel::prelude::*;

use crate::clock::Instant;
use crate::db::schema::{recovery_codes, totp};
use crate::db::{Db, Tx, each};
use crate::error::Result;
use crate::ids::UserId;

/// What the database keeps of a second factor.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// Whether its first code was given.
    pub confirmed: bool,
}

/// The second factor of an account, confirmed or not.
///
/// # Errors
/// Database errors.
pub fn of(db: &mut Db<'_>, user: UserId) -> Result<Option<Kept>> {
    let row: Option<(Vec<u8>, Option<Instant>)> =
        totp::table.find(user).select((totp::secret, totp::confirmed_at)).first(db.conn).optional()?;
    Ok(row.map(|(sealed, confirmed_at)| Kept { sealed, confirmed: confirmed_at.is_some() }))
}

/// Keeps a sealed secret that waits for its first code, in place of one that waits. Answers whether it was kept: not where one is confirmed.
///
/// # Errors
/// Database errors.
pub fn enrol(tx: &mut Tx<'_>, user: UserId, sealed: &[u8]) -> Result<bool> {
    diesel::delete(totp::table.find(user).filter(totp::confirmed_at.is_null())).execute(tx.conn)?;
    let row = (totp::user_id.eq(user), totp::secret.eq(sealed), totp::last_step.eq(0_i64));
    let conn = &mut *tx.conn;
    Ok(each!(conn => diesel::insert_into(totp::table).values(row).on_conflict(totp::user_id).do_nothing().execute(conn))? > 0)
}

/// Confirms the secret that waits, with the step of its first code, and keeps what is recognised of the recovery codes. Answers whether it
/// did: not where another secret waits by now, of which nobody showed a code.
///
/// # Errors
/// Database errors.
pub fn confirm(tx: &mut Tx<'_>, user: UserId, sealed: &[u8], step: i64, codes: &[Vec<u8>]) -> Result<bool> {
    let waits = totp::table.find(user).filter(totp::confirmed_at.is_null()).filter(totp::secret.eq(sealed));
    if diesel::update(waits).set((totp::confirmed_at.eq(tx.now()), totp::last_step.eq(step))).execute(tx.conn)? == 0 {
        return Ok(false);
    }
    let rows: Vec<_> = codes.iter().map(|digest| (recovery_codes::digest.eq(digest), recovery_codes::user_id.eq(user))).collect();
    let conn = &mut *tx.conn;
    each!(conn => diesel::insert_into(recovery_codes::table).values(&rows).execute(conn))?;
    Ok(true)
}

/// Takes the code of a step: `false` if it, or a later one, was taken before, on any instance.
///
/// # Errors
/// Database errors.
pub fn take_step(tx: &mut Tx<'_>, user: UserId, step: i64) -> Result<bool> {
    let fresh = totp::table.find(user).filter(totp::last_step.lt(step));
    Ok(diesel::update(fresh).set(totp::last_step.eq(step)).execute(tx.conn)? > 0)
}

/// Takes a recovery code: `false` if it is none of this account, or was taken before.
///
/// # Errors
/// Database errors.
pub fn take_recovery_code(tx: &mut Tx<'_>, user: UserId, digest: &[u8]) -> Result<bool> {
    let fresh = recovery_codes::table.find(digest).filter(recovery_codes::user_id.eq(user)).filter(recovery_codes::used_at.is_null());
    Ok(diesel::update(fresh).set(recovery_codes::used_at.eq(tx.now())).execute(tx.conn)? > 0)
}

/// Takes the second factor of an account away, with its recovery codes. Answers whether there was one.
///
/// # Errors
/// Database errors.
pub fn remove(tx: &mut Tx<'_>, user: UserId) -> Result<bool> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user))).execute(tx.conn)?;
    Ok(diesel::delete(totp::table.find(user)).execute(tx.conn)? > 0)
}
