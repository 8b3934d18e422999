//! Checking the journal against its seals, and the seals against checkpoints that were kept elsewhere.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::checkpoint::Checkpoint;
use super::seal::{Row, hash};
use crate::db::schema::{journal, seals};
use crate::db::{Conn, Db};
use crate::error::Result;
use crate::ids::EntryId;
use crate::text::hexadecimal;

/// How many entries are in memory at once.
const CHUNK: i64 = 500;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many entries are sealed, in an unbroken chain from the first.
    pub sealed: i64,
    /// How many entries wait for their seal.
    pub unsealed: i64,
    /// The first row that is not as it was.
    pub bad: Option<Bad>,
}

/// A row that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// Its place in the chain; `None` for an entry that was put in beside it.
    pub position: Option<i64>,
    /// The entry, where it is there.
    pub entry: Option<EntryId>,
    /// What is wrong.
    pub what: &'static str,
}

impl std::fmt::Display for Bad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(position) = self.position {
            write!(f, "position {position}, ")?;
        }
        match self.entry {
            Some(entry) => write!(f, "entry {entry}: {}", self.what),
            None => write!(f, "{}", self.what),
        }
    }
}

/// How many entries there are to check.
///
/// # Errors
/// Database errors.
pub fn count(db: &mut Db<'_>) -> Result<i64> {
    Ok(seals::table.count().get_result(db.conn)?)
}

/// Walks the chain in its order, in memory that does not grow with it, and stops at the first row that is not as it was. `advance` is
/// told how many more were checked.
///
/// # Errors
/// Database errors.
pub fn verify(db: &mut Db<'_>, checkpoints: &[Checkpoint], advance: &mut dyn FnMut(usize)) -> Result<Verdict> {
    type Sealed = (i64, Vec<u8>, Vec<u8>, i64, i64);
    let mut marks: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for checkpoint in checkpoints {
        marks.entry(checkpoint.position).or_default().push(&checkpoint.hash);
    }
    let mut verdict = Verdict::default();
    let (mut previous, mut newest) = (vec![0; 32], None);
    loop {
        let rows: Vec<(Sealed, Row)> = seals::table
            .inner_join(journal::table)
            .filter(seals::position.gt(verdict.sealed))
            .order_by(seals::position)
            .limit(CHUNK)
            .select(((seals::position, seals::previous, seals::hash, seals::seq, seals::floor), Row::as_select()))
            .load(db.conn)?;
        if rows.is_empty() {
            break;
        }
        for ((position, before, sealed, seq, floor), row) in &rows {
            let bad = |what| Some(Bad { position: Some(*position), entry: Some(row.id), what });
            if *position != verdict.sealed + 1 {
                verdict.bad = Some(gap(db, verdict.sealed + 1)?);
            } else if *before != previous {
                verdict.bad = bad("its seal does not follow the one before");
            } else if hash(&previous, *position, row) != *sealed {
                verdict.bad = bad("it is not what was sealed here");
            } else if marks.get(position).is_some_and(|hashes| hashes.iter().any(|hash| *hash != hexadecimal(sealed))) {
                verdict.bad = bad("a checkpoint names another seal: the chain was written anew up to here");
            }
            if verdict.bad.is_some() {
                return Ok(verdict);
            }
            verdict.sealed = *position;
            previous.clone_from(sealed);
            newest = Some((*seq, *floor));
        }
        advance(rows.len());
    }
    let last: Option<i64> = seals::table.select(diesel::dsl::max(seals::position)).first(db.conn)?;
    let told = marks.keys().next_back().copied().unwrap_or_default();
    if last.unwrap_or_default() > verdict.sealed {
        verdict.bad = Some(gap(db, verdict.sealed + 1)?);
    } else if told > verdict.sealed {
        let what = "the end is cut off: a checkpoint names an entry that came after";
        verdict.bad = Some(Bad { position: Some(verdict.sealed + 1), entry: None, what });
    } else {
        beside(db, newest, &mut verdict)?;
    }
    Ok(verdict)
}

/// What is missing at a position.
fn gap(db: &mut Db<'_>, position: i64) -> Result<Bad> {
    let there: bool = diesel::select(diesel::dsl::exists(seals::table.filter(seals::position.eq(position)))).get_result(db.conn)?;
    let what = if there { "the entry that was sealed here is gone" } else { "the seal is gone" };
    Ok(Bad { position: Some(position), entry: None, what })
}

/// Entries without a seal. Those that the sealer will come to wait for it; those that it has passed were put in later, by somebody else.
fn beside(db: &mut Db<'_>, newest: Option<(i64, i64)>, verdict: &mut Verdict) -> Result<()> {
    let unsealed = || journal::table.filter(diesel::dsl::not(diesel::dsl::exists(seals::table.filter(seals::seq.eq(journal::seq)))));
    verdict.unsealed = unsealed().count().get_result(db.conn)?;
    let Some((seq, floor)) = newest else { return Ok(()) };
    let passed = match db.conn {
        Conn::Lite(_) => unsealed().filter(journal::seq.lt(seq)).order_by(journal::seq).select(journal::id).first(db.conn),
        Conn::Pg(_) => unsealed().filter(journal::txid.lt(floor)).order_by(journal::seq).select(journal::id).first(db.conn),
    };
    if let Some(entry) = passed.optional()? {
        verdict.bad = Some(Bad { position: None, entry: Some(entry), what: "it was put in behind the sealer's back" });
    }
    Ok(())
}
