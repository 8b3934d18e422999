//! The queue of letters.

use diesel::prelude::*;

use super::model::Letter;
use super::rules;
use crate::access::vault::Vault;
use crate::clock::Instant;
use crate::db::Tx;
use crate::db::schema::letters;
use crate::error::Result;
use crate::ids::{Id, LetterId};

/// How many wait at the most: whoever asks for links faster than they can be sent gets none.
const QUEUE: i64 = 10_000;

/// Queues a letter, sealed. Answers whether there was room.
///
/// # Errors
/// Database errors.
pub fn queue(tx: &mut Tx<'_>, vault: &Vault, letter: &Letter) -> Result<bool> {
    if letters::table.count().get_result::<i64>(tx.conn)? >= QUEUE {
        return Ok(false);
    }
    let id: LetterId = Id::new();
    let row = (
        letters::id.eq(id),
        letters::sealed.eq(vault.seal(id.bytes(), &serde_json::to_vec(letter)?)?),
        letters::tries.eq(0),
        letters::due_at.eq(tx.now()),
        letters::expires_at.eq(letter.expires_at),
    );
    diesel::insert_into(letters::table).values(row).execute(tx.conn)?;
    Ok(true)
}

/// A letter that an instance took to send.
pub struct Taken {
    /// Its id.
    pub id: LetterId,
    /// What it says.
    pub letter: Letter,
}

/// Letters that are looked at for one that no other instance takes at the same time.
const DUE: i64 = 20;

/// Takes a letter that is due; no other instance takes it before its next turn. Those whose link has ended go.
///
/// # Errors
/// Database errors; 500 for one that was not sealed here.
pub fn take(tx: &mut Tx<'_>, vault: &Vault) -> Result<Option<Taken>> {
    let now = tx.now();
    diesel::delete(letters::table.filter(letters::expires_at.le(now))).execute(tx.conn)?;
    let due: Vec<(LetterId, Vec<u8>, i32, Instant)> = letters::table
        .filter(letters::due_at.le(now))
        .order_by(letters::due_at)
        .limit(DUE)
        .select((letters::id, letters::sealed, letters::tries, letters::due_at))
        .load(tx.conn)?;
    for (id, sealed, tries, due_at) in due {
        // Whoever changes the row first has it.
        let mine = letters::table.find(id).filter(letters::due_at.eq(due_at));
        let next = (letters::tries.eq(tries + 1), letters::due_at.eq(now.plus(rules::again_after(tries))));
        if diesel::update(mine).set(next).execute(tx.conn)? > 0 {
            return Ok(Some(Taken { id, letter: serde_json::from_slice(&vault.open(id.bytes(), &sealed)?)? }));
        }
    }
    Ok(None)
}

/// Takes a letter that was sent out of the queue.
///
/// # Errors
/// Database errors.
pub fn sent(tx: &mut Tx<'_>, id: LetterId) -> Result<()> {
    diesel::delete(letters::table.find(id)).execute(tx.conn)?;
    Ok(())
}
