//! What is done once: a claim of an `Idempotency-Key`, and the transaction that is held open until the answer stands in it beside the
//! change. A stop at any moment leaves both or neither, so a repeat finds the truth.
//!
//! A request without a key knows nothing of this. One with a key claims it as the first piece of its first write; where the key
//! stands already the write is refused, and [`Once::settle`] tells what was answered then, whatever the handler made of the refusal.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::prelude::*;
use tokio::sync::Notify;

use super::Door;
use crate::clock::Instant;
use crate::db::held::Held;
use crate::db::schema::idempotency;
use crate::db::{Context, Database, Db, Tx, each};
use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::ids::AnyId;

/// How long an answer is kept, in seconds.
const KEPT: i64 = 24 * 3600;
/// How long a repeat waits for the first; on PostgreSQL another instance's by `lock_timeout`, which is the same.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many rows one sweep takes away.
const SWEPT: i64 = 5000;

/// Whose key, for what: another's key, and the same key for another operation, are other keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Who calls.
    pub caller: AnyId,
    /// The operation's id.
    pub operation: String,
    /// The key.
    pub key: String,
}

/// An answer as it was given.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// The claims that are at work in this instance.
#[derive(Default)]
pub(super) struct Running {
    claims: Mutex<HashSet<Claim>>,
    left: Notify,
}

impl Running {
    /// Waits for its turn.
    async fn enter(self: &Arc<Self>, claim: Claim) -> Result<Turn> {
        let entering = async {
            loop {
                let left = self.left.notified();
                if self.claims.lock().unwrap_or_else(PoisonError::into_inner).insert(claim.clone()) {
                    return;
                }
                left.await;
            }
        };
        tokio::time::timeout(PATIENCE, entering).await.map_err(|_| Error::in_progress())?;
        Ok(Turn { running: self.clone(), claim })
    }
}

/// The turn of a claim; the next one's when it is dropped.
struct Turn {
    running: Arc<Running>,
    claim: Claim,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.running.claims.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.claim);
        self.running.left.notify_waiters();
    }
}

/// A request that is done once.
#[derive(Clone)]
pub struct Once(Arc<Inner>);

struct Inner {
    turn: Turn,
    fingerprint: Vec<u8>,
    state: tokio::sync::Mutex<State>,
}

enum State {
    /// Nothing was written yet.
    Fresh,
    /// What was written waits for its answer.
    Held(Held),
    /// It was answered before.
    Answered(Kept),
    /// The key could not be claimed.
    Refused(Error),
}

impl Door {
    /// Begins a request under a key, once no other under the same is at work here.
    ///
    /// # Errors
    /// 409 `request_in_progress` where the first is still at work after two seconds.
    pub async fn once(&self, claim: Claim, fingerprint: Vec<u8>) -> Result<Once> {
        let turn = self.running().enter(claim).await?;
        Ok(Once(Arc::new(Inner { turn, fingerprint, state: tokio::sync::Mutex::new(State::Fresh) })))
    }
}

impl Once {
    /// A piece of the one transaction; before the first, the claim.
    pub(super) async fn write<R: Send + 'static>(
        &self,
        database: &Database,
        context: &Context,
        work: impl Fn(&mut Tx<'_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let mut state = self.0.state.lock().await;
        if let State::Fresh = *state {
            *state = self.begin(database, context).await;
        }
        match &mut *state {
            State::Held(held) => held.run(work).await,
            State::Fresh | State::Answered(_) | State::Refused(_) => Err(Error::in_progress()),
        }
    }

    async fn begin(&self, database: &Database, context: &Context) -> State {
        let mut held = database.hold(context.clone());
        let (key, fingerprint) = (self.0.turn.claim.clone(), self.0.fingerprint.clone());
        match held.run(move |tx| claim(tx, &key, &fingerprint)).await {
            Ok(None) => State::Held(held),
            Ok(Some(kept)) => State::Answered(kept),
            Err(error) => State::Refused(error),
        }
    }

    /// Keeps what was written, with its answer; forgets it where there is none, for a refusal changed nothing. Answers what was
    /// answered before where that is so.
    ///
    /// # Errors
    /// Why the key could not be claimed; 503 where it is not known whether the change was kept.
    pub async fn settle(&self, answer: Option<Kept>) -> Result<Option<Kept>> {
        let state = std::mem::replace(&mut *self.0.state.lock().await, State::Fresh);
        match (state, answer) {
            (State::Answered(kept), _) => Ok(Some(kept)),
            (State::Refused(error), _) => Err(error),
            (State::Held(mut held), Some(answer)) => {
                let claim = self.0.turn.claim.clone();
                held.run(move |tx| keep(tx, &claim, &answer)).await?;
                held.keep().await?;
                Ok(None)
            }
            (State::Held(_) | State::Fresh, _) => Ok(None),
        }
    }
}

/// The row of a claim. A macro, because the type has no name.
macro_rules! row {
    ($claim:expr) => {
        idempotency::table.find(($claim.caller, &$claim.operation, &$claim.key))
    };
}

/// Claims a key for this transaction, or finds what was answered under it.
fn claim(tx: &mut Tx<'_>, claim: &Claim, fingerprint: &[u8]) -> Result<Option<Kept>> {
    let until = tx.now().plus(KEPT);
    let new = (
        idempotency::caller.eq(claim.caller),
        idempotency::operation.eq(&claim.operation),
        idempotency::key.eq(&claim.key),
        idempotency::fingerprint.eq(fingerprint),
        idempotency::expires_at.eq(until),
    );
    let conn = &mut *tx.conn;
    // Waits for another transaction that claims it.
    let claimed = each!(conn => diesel::insert_into(idempotency::table).values(new).on_conflict_do_nothing().execute(conn));
    if claimed.map_err(busy)? > 0 {
        return Ok(None);
    }
    // What has expired is nobody's.
    let now = tx.now();
    let renewed = (
        idempotency::fingerprint.eq(fingerprint),
        idempotency::status.eq(None::<i32>),
        idempotency::headers.eq(None::<String>),
        idempotency::body.eq(None::<Vec<u8>>),
        idempotency::expires_at.eq(until),
    );
    let expired = row!(claim).filter(idempotency::expires_at.le(now));
    if diesel::update(expired).set(renewed).execute(tx.conn).map_err(busy)? > 0 {
        return Ok(None);
    }
    found(tx, claim, fingerprint, now)
}

fn found(db: &mut Db<'_>, claim: &Claim, fingerprint: &[u8], now: Instant) -> Result<Option<Kept>> {
    type Row = (Vec<u8>, Option<i32>, Option<String>, Option<Vec<u8>>);
    let row: Option<Row> = row!(claim)
        .filter(idempotency::expires_at.gt(now))
        .select((idempotency::fingerprint, idempotency::status, idempotency::headers, idempotency::body))
        .first(db.conn)
        .optional()?;
    // Gone between the two statements: swept, or claimed anew by another.
    let Some((first, status, headers, body)) = row else { return Err(Error::in_progress()) };
    if first != fingerprint {
        return Err(Error::invalid(vec![Fault::of("Idempotency-Key", FaultCode::IdempotencyKeyReused)]));
    }
    let (Some(status), Some(headers), Some(body)) = (status, headers, body) else { return Err(Error::in_progress()) };
    let status = u16::try_from(status).map_err(Error::internal)?;
    Ok(Some(Kept { status, headers: serde_json::from_str(&headers)?, body }))
}

/// A lock that was not given in time is another instance at work under the same key.
#[track_caller]
fn busy(error: diesel::result::Error) -> Error {
    let error = Error::from(error);
    let waited = error.code() == Code::Unavailable && error.cause().is_some_and(|cause| cause.text.contains("lock timeout"));
    if waited { Error::in_progress() } else { error }
}

fn keep(tx: &mut Tx<'_>, claim: &Claim, answer: &Kept) -> Result<()> {
    let set = (
        idempotency::status.eq(i32::from(answer.status)),
        idempotency::headers.eq(serde_json::to_string(&answer.headers)?),
        idempotency::body.eq(&answer.body),
    );
    diesel::update(row!(claim)).set(set).execute(tx.conn)?;
    Ok(())
}

/// Takes away answers that nobody may ask for any more, so many at a time. Answers how many.
///
/// # Errors
/// Database errors.
pub fn sweep(tx: &mut Tx<'_>) -> Result<usize> {
    let now = tx.now();
    let expired = idempotency::table.filter(idempotency::expires_at.le(now)).order_by(idempotency::expires_at).limit(SWEPT);
    let last: Option<Instant> = expired.select(idempotency::expires_at).load::<Instant>(tx.conn)?.pop();
    let Some(last) = last else { return Ok(0) };
    Ok(diesel::delete(idempotency::table.filter(idempotency::expires_at.le(last))).execute(tx.conn)?)
}
