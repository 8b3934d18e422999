//! The sealer: gives each entry its position and chains it to the one before, after its transaction has committed.
//!
//! A batch holds what is committed and unsealed, ordered by transaction id and then by number, so no entry stands before one that
//! its transaction could see. Writers never wait for each other's rows: one sealer at a time, under an advisory lock.

use aws_lc_rs::digest::{Context, SHA256};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::clock::Instant;
use crate::db::schema::{journal, seals};
use crate::db::{Conn, Tx, each};
use crate::error::Result;
use crate::ids::{AnyId, ClientId, EntryId, UnitId};

/// How many entries one transaction seals.
const BATCH: i64 = 1000;
/// Any number will do, as long as it is ours and not the migrations'.
const LOCK: i64 = 285_2026;

/// An entry as it is hashed and read.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = journal)]
pub struct Row {
    /// Its number.
    pub seq: i64,
    /// Its id.
    pub id: EntryId,
    /// When.
    pub at: Instant,
    /// `<resource>.<verb>`.
    pub action: String,
    /// `<resource>.<past tense>`.
    pub event: Option<String>,
    /// `done` or `refused`.
    pub outcome: String,
    /// The kind of resource.
    pub resource_type: String,
    /// Which.
    pub resource_id: Option<AnyId>,
    /// Its code.
    pub resource_code: Option<String>,
    /// Whose scope.
    pub unit_id: Option<UnitId>,
    /// Whether it is gone.
    pub deleted: bool,
    /// What acted.
    pub actor_type: String,
    /// Which.
    pub actor_id: Option<AnyId>,
    /// Its name then.
    pub actor_name: String,
    /// Its role then.
    pub actor_role: Option<String>,
    /// Its unit then.
    pub actor_unit_id: Option<UnitId>,
    /// The request.
    pub request_id: Option<String>,
    /// From where.
    pub ip: Option<String>,
    /// As it was.
    pub before: Option<String>,
    /// As it is.
    pub after: Option<String>,
    /// The program of others that a person acted with.
    pub actor_client_id: Option<ClientId>,
}

/// The hash of an entry after another: SHA-256 over the previous hash, the position and every field with its length, so that no two
/// entries are written alike.
#[must_use]
pub fn hash(previous: &[u8], position: i64, row: &Row) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(previous);
    let mut field = |text: Option<&str>| match text {
        Some(text) => {
            context.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(text.as_bytes());
        }
        None => context.update(&u64::MAX.to_be_bytes()),
    };
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string());
    field(Some(&position.to_string()));
    field(Some(&row.id.to_string()));
    field(Some(&row.at.rfc3339()));
    field(Some(&row.action));
    field(row.event.as_deref());
    field(Some(&row.outcome));
    field(Some(&row.resource_type));
    field(id(row.resource_id.map(AnyId::uuid)).as_deref());
    field(row.resource_code.as_deref());
    field(id(row.unit_id.map(UnitId::uuid)).as_deref());
    field(Some(if row.deleted { "deleted" } else { "there" }));
    field(Some(&row.actor_type));
    field(id(row.actor_id.map(AnyId::uuid)).as_deref());
    field(Some(&row.actor_name));
    field(row.actor_role.as_deref());
    field(id(row.actor_unit_id.map(UnitId::uuid)).as_deref());
    field(row.request_id.as_deref());
    field(row.ip.as_deref());
    field(row.before.as_deref());
    field(row.after.as_deref());
    // Entries of before there were any are hashed as they were.
    if let Some(client) = row.actor_client_id {
        field(Some(&client.to_string()));
    }
    context.finish().as_ref().to_vec()
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// What to do while another instance seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Leave it to the other: for the tick, which comes again.
    Leave,
    /// Wait for it: for the end of an instance, for commands and for tests.
    Wait,
}

/// Seals what is committed and unsealed; answers how many entries that were. Less than a full batch means that all is sealed.
///
/// # Errors
/// Database errors.
pub fn seal(tx: &mut Tx<'_>, patience: Patience) -> Result<usize> {
    let Some(floor) = begin(tx, patience)? else { return Ok(0) };
    let last: Option<(i64, i64, Vec<u8>, i64)> = seals::table
        .order_by(seals::position.desc())
        .select((seals::position, seals::seq, seals::hash, seals::floor))
        .first(tx.conn)
        .optional()?;
    let (mut position, last_seq, mut previous, old_floor) = last.unwrap_or((0, 0, vec![0; 32], 0));
    let unsealed = journal::table.select(Row::as_select()).limit(BATCH).into_boxed();
    // SQLite numbers entries in the order of commit; PostgreSQL may commit a lower number later, but none below the floor.
    let unsealed = match tx.conn {
        Conn::Lite(_) => unsealed.order_by(journal::seq).filter(journal::seq.gt(last_seq)),
        Conn::Pg(_) => unsealed
            .order_by((journal::txid, journal::seq))
            .filter(journal::txid.ge(old_floor))
            .filter(diesel::dsl::not(diesel::dsl::exists(seals::table.filter(seals::seq.eq(journal::seq))))),
    };
    let rows: Vec<Row> = unsealed.load(tx.conn)?;
    let complete = rows.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
    let floor = if complete { floor } else { old_floor };
    let mut sealed = Vec::with_capacity(rows.len());
    for row in &rows {
        position += 1;
        let hash = hash(&previous, position, row);
        sealed.push((
            seals::position.eq(position),
            seals::seq.eq(row.seq),
            seals::previous.eq(previous),
            seals::hash.eq(hash.clone()),
            seals::floor.eq(floor),
        ));
        previous = hash;
    }
    let conn = &mut *tx.conn;
    each!(conn => diesel::insert_into(seals::table).values(&sealed).execute(conn))?;
    Ok(rows.len())
}

/// Takes the sealer's lock; `None` if another instance has it and we are not to wait. Answers the transaction id below which none
/// is running.
fn begin(tx: &mut Tx<'_>, patience: Patience) -> Result<Option<i64>> {
    let Conn::Pg(pg) = &mut *tx.conn else { return Ok(Some(0)) };
    if patience == Patience::Wait {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(LOCK).execute(pg)?;
    }
    let query =
        "SELECT CASE WHEN pg_try_advisory_xact_lock($1) THEN pg_snapshot_xmin(pg_current_snapshot())::text::bigint ELSE -1 END AS number";
    let answer: Number = diesel::sql_query(query).bind::<BigInt, _>(LOCK).get_result(pg)?;
    Ok((answer.number >= 0).then_some(answer.number))
}
