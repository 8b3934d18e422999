//! Signed checkpoints: where the chain of seals stood, kept where who owns the database cannot reach. The chain shows what was changed in
//! it; that its end was cut off or all of it written anew only something outside can show.

use std::io::Write;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::access::token::Keys;
use crate::clock::Instant;
use crate::db::Db;
use crate::db::schema::seals;
use crate::error::{Error, Result};
use crate::text::hexadecimal;

/// What tells a checkpoint from every other JWT.
const TYPE: &str = "tiendo-checkpoint+jwt";

/// Where the chain stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The newest position.
    pub position: i64,
    /// The hash of its seal, in hexadecimal.
    pub hash: String,
    /// When.
    pub at: Instant,
}

/// A line of a file of checkpoints: what it says for people to read, and the same signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    checkpoint: Checkpoint,
    kid: String,
    jws: String,
}

/// Where checkpoints go.
#[derive(Clone, Debug)]
pub enum Sink {
    /// A file, one line each.
    File(PathBuf),
    /// The log, under the target `tiendo::checkpoint`.
    Log,
}

/// Where the chain stands; `None` before its first seal.
///
/// # Errors
/// Database errors.
pub fn newest(db: &mut Db<'_>) -> Result<Option<Checkpoint>> {
    let at = db.now();
    let newest: Option<(i64, Vec<u8>)> =
        seals::table.order_by(seals::position.desc()).select((seals::position, seals::hash)).first(db.conn).optional()?;
    Ok(newest.map(|(position, hash)| Checkpoint { position, hash: hexadecimal(&hash), at }))
}

impl Sink {
    /// Signs a checkpoint and adds it.
    ///
    /// # Errors
    /// 500 if it cannot be signed or written.
    pub fn add(&self, keys: &Keys, checkpoint: Checkpoint) -> Result<()> {
        let statement = keys.state(TYPE, &checkpoint, checkpoint.at)?;
        match self {
            Self::Log => {
                let Checkpoint { position, hash, at } = checkpoint;
                let (at, kid, jws) = (at.rfc3339(), statement.kid, statement.jws);
                tracing::info!(target: "tiendo::checkpoint", position, hash, at, kid, jws, "checkpoint");
                Ok(())
            }
            Self::File(path) => {
                let mut line = serde_json::to_vec(&Line { checkpoint, kid: statement.kid, jws: statement.jws })?;
                line.push(b'\n');
                append(path, &line).map_err(|error| Error::internal(format!("{}: {error}", path.display())))
            }
        }
    }
}

/// One write, so that lines of two instances do not mix, and on the disk before it counts.
fn append(path: &Path, line: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(line)?;
    file.sync_data()
}

/// Reads a line of a file of checkpoints.
///
/// # Errors
/// What is wrong with it.
pub fn read(line: &str, keys: &Keys) -> Result<Checkpoint, &'static str> {
    let line: Line = serde_json::from_str(line).map_err(|_| "is no checkpoint")?;
    let signed: Checkpoint = keys.stated(TYPE, &line.jws).ok_or("is signed by no key of this database")?;
    if signed == line.checkpoint { Ok(signed) } else { Err("says another thing than what was signed") }
}
