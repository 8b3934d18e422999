//! Background work, driven by the clock so that tests can call each tick.

pub mod lease;

use std::time::Duration;

use actix_web::rt::task::JoinHandle;

use crate::access::{Door, once};
use crate::assignments;
use crate::clients;
use crate::clock::Clock;
use crate::config::AccountSettings;
use crate::db::{Context, Database, Tx};
use crate::error::Result;
use crate::evidence;
use crate::files::Files;
use crate::ids::{AnyId, Id};
use crate::journal;
use crate::journal::checkpoint::{self, Sink};
use crate::journal::seal::Patience;
use crate::mail::postman::Postman;
use crate::oauth;
use crate::rounds;
use crate::sessions;
use crate::units;
use crate::users;

/// How often the sealer looks for entries: a position is given well within a second.
const SEAL_EVERY: Duration = Duration::from_millis(250);

/// How often what recurs is looked at, and for how long an instance has that work to itself.
const RECUR_EVERY: Duration = Duration::from_mins(1);
const RECUR_LEASE: i64 = 90;

/// How often letters are looked at.
const MAIL_EVERY: Duration = Duration::from_secs(2);
/// How often the chain of the journal is signed, by whichever instance comes first, in seconds.
const CHECKPOINT_EVERY: i64 = 3600;
const CHECKPOINT: &str = "checkpoint";

/// How old a file without a row must be before it is taken away, in seconds.
const SWEEP_AFTER: i64 = 3600;

/// How long sessions and links are kept after their end, in seconds, and how many of each are taken away at once.
const KEPT: i64 = 30 * 86_400;
const FORGOTTEN_AT_ONCE: i64 = 200;

/// Takes away files that are older than so many seconds and that no row names. Answers how many.
///
/// # Errors
/// 503 if the store or the database is away.
pub async fn sweep(database: &Database, files: &Files, clock: &Clock, age: i64) -> Result<usize> {
    let before = clock.now().plus(-age);
    let old = files.older_than(before.utc()).await?;
    if old.is_empty() {
        return Ok(0);
    }
    let context = Context::system("file sweep", clock.now());
    let orphans = database.read(context, move |db| evidence::store::orphans(db, old)).await?;
    for key in &orphans {
        files.remove(key).await;
    }
    Ok(orphans.len())
}

/// Sends the letters that are due, beside everything else: a mail server may be slow.
async fn mail(postman: Option<Postman>) {
    let Some(postman) = postman else { return };
    let mut every = tokio::time::interval(MAIL_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if let Err(error) = postman.round().await {
            tracing::warn!(error = %error, "letters could not be looked at and will be tried again");
        }
    }
}

/// Moves a steered clock to the database's time: what all instances share decides who waits and whose turn it is.
///
/// # Errors
/// 503 if the database does not answer.
pub fn keep_time(database: &Database, clock: &Clock) -> Result<()> {
    follow(clock, database.write_here(&Context::system("time", clock.now()), |tx| crate::db::ahead(tx.conn, clock))?);
    Ok(())
}

fn follow(clock: &Clock, ahead: i64) {
    if clock.follow(ahead) {
        tracing::warn!(seconds = ahead / 1_000_000, "this machine's clock is wrong; the database's is followed");
    }
}

/// What runs beside the requests.
#[derive(Clone)]
pub struct Jobs {
    database: Database,
    door: Door,
    files: Files,
    checkpoints: Sink,
    clock: Clock,
    settings: AccountSettings,
    postman: Option<Postman>,
    /// Who this instance is among those that share the database.
    instance: AnyId,
}

impl Jobs {
    /// For this database.
    #[must_use]
    pub fn new(
        database: Database,
        door: Door,
        checkpoints: Sink,
        clock: Clock,
        settings: AccountSettings,
        postman: Option<Postman>,
    ) -> Self {
        let files = door.files().clone();
        Self { database, door, files, checkpoints, clock, settings, postman, instance: Id::new() }
    }

    /// Runs until it is aborted.
    #[must_use]
    pub fn run(self) -> JoinHandle<()> {
        let mails = mail(self.postman.clone());
        actix_web::rt::spawn(async move {
            futures_util::join!(self.keep(), mails);
        })
    }

    async fn keep(self) {
        let mut every = tokio::time::interval(SEAL_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut minute = tokio::time::interval_at(tokio::time::Instant::now() + RECUR_EVERY, RECUR_EVERY);
        minute.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = every.tick() => self.seal(Patience::Leave).await,
                _ = minute.tick() => {
                    self.keep_time().await;
                    self.recur().await;
                    self.keep_calendar().await;
                    self.tell_planned().await;
                    self.forget().await;
                    self.forget_ended().await;
                    self.disable_idle().await;
                    self.sweep().await;
                    self.forget_answers().await;
                    self.tell_refusals(false).await;
                    self.checkpoint().await;
                }
            }
        }
    }

    /// Looks whether the machine's clock is still right.
    async fn keep_time(&self) {
        let (context, clock) = (Context::system("time", self.clock.now()), self.clock.clone());
        let ahead = self.database.read(context, move |db| crate::db::ahead(db.conn, &clock)).await;
        match ahead {
            Ok(ahead) => follow(&self.clock, ahead),
            Err(error) => tracing::warn!(error = %error, "the database's time could not be read and will be asked again"),
        }
    }

    /// Gives the recurring tasks whose periods have opened.
    async fn recur(&self) {
        let (context, instance) = (Context::system("recurring tasks", self.clock.now()), self.instance);
        let work = move |tx: &mut Tx<'_>| {
            if lease::claim(tx, "recurring", instance, RECUR_LEASE)? { assignments::store::open_periods(tx) } else { Ok(0) }
        };
        match self.database.write(context, work).await {
            Ok(0) => {}
            Ok(made) => tracing::info!(made, "recurring tasks were given"),
            Err(error) => tracing::warn!(error = %error, "recurring tasks could not be given and will be tried again"),
        }
    }

    /// Takes away what is known of wrong passwords of long ago, and of tokens that were taken back and have ended since.
    async fn forget(&self) {
        let (context, instance) = (Context::system("sign-in sweep", self.clock.now()), self.instance);
        let forgotten = self.settings.guess_forgotten_hours * 3600;
        let work = move |tx: &mut Tx<'_>| {
            if !lease::claim(tx, "guesses", instance, RECUR_LEASE)? {
                return Ok(0);
            }
            Ok(sessions::guesses::sweep(tx, forgotten)? + clients::store::sweep(tx)? + oauth::store::sweep(tx)?)
        };
        if let Err(error) = self.database.write(context, work).await {
            tracing::warn!(error = %error, "wrong passwords of long ago could not be forgotten and will be tried again");
        }
    }

    /// Takes away sessions and links that ended long ago. What they did stays in the journal.
    pub async fn forget_ended(&self) {
        let (context, instance) = (Context::system("session sweep", self.clock.now()), self.instance);
        let work = move |tx: &mut Tx<'_>| {
            if !lease::claim(tx, "ended", instance, RECUR_LEASE)? {
                return Ok(0);
            }
            let before = tx.now().plus(-KEPT);
            Ok(sessions::store::sweep(tx, before, FORGOTTEN_AT_ONCE)? + users::store::sweep_links(tx, before, FORGOTTEN_AT_ONCE)?)
        };
        match self.database.write(context, work).await {
            Ok(0) => {}
            Ok(forgotten) => tracing::info!(forgotten, "sessions and links that ended long ago were taken away"),
            Err(error) => tracing::warn!(error = %error, "ended sessions could not be taken away and will be tried again"),
        }
    }

    /// Disables accounts that nobody used for long.
    async fn disable_idle(&self) {
        let (context, instance) = (Context::system("idle accounts", self.clock.now()), self.instance);
        let settings = self.settings.clone();
        let work = move |tx: &mut Tx<'_>| {
            if lease::claim(tx, "idle", instance, RECUR_LEASE)? { users::store::disable_idle(tx, &settings) } else { Ok(0) }
        };
        match self.database.write(context, work).await {
            Ok(0) => {}
            Ok(disabled) => tracing::info!(disabled, "accounts that nobody used for long were disabled"),
            Err(error) => tracing::warn!(error = %error, "idle accounts could not be disabled and will be looked at again"),
        }
    }

    /// Takes away answers that were kept for repeats.
    pub async fn forget_answers(&self) {
        let (context, instance) = (Context::system("answer sweep", self.clock.now()), self.instance);
        let work = move |tx: &mut Tx<'_>| if lease::claim(tx, "answers", instance, RECUR_LEASE)? { once::sweep(tx) } else { Ok(0) };
        if let Err(error) = self.database.write(context, work).await {
            tracing::warn!(error = %error, "answers of yesterday could not be forgotten and will be tried again");
        }
    }

    /// Puts refusals that were only counted on record.
    pub async fn tell_refusals(&self, all: bool) {
        if let Err(error) = self.door.record_counted_refusals(all).await {
            tracing::error!(error = %error, "counted refusals could not be put on record");
        }
    }

    /// Signs where the journal stands, once an hour over all instances.
    pub async fn checkpoint(&self) {
        let (context, instance) = (Context::system("checkpoint", self.clock.now()), self.instance);
        let work = move |tx: &mut Tx<'_>| {
            if lease::due(tx, CHECKPOINT, instance, CHECKPOINT_EVERY)? { checkpoint::newest(tx) } else { Ok(None) }
        };
        let signed = match self.database.write(context.clone(), work).await {
            Ok(Some(newest)) => self.checkpoints.add(&self.door.keys(), newest),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = signed {
            tracing::error!(error = %error, "the journal could not be signed and will be tried again");
            let _ = self.database.write(context, move |tx| lease::put_back(tx, CHECKPOINT, instance)).await;
        }
    }

    /// What is left to do at the end: puts on record and seals what happened, and signs where that leaves the journal.
    pub async fn finish(&self) {
        self.tell_refusals(true).await;
        self.seal(Patience::Wait).await;
        let context = Context::system("checkpoint", self.clock.now());
        let signed = match self.database.read(context, checkpoint::newest).await {
            Ok(Some(newest)) => self.checkpoints.add(&self.door.keys(), newest),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = signed {
            tracing::error!(error = %error, "the journal could not be signed");
        }
    }

    /// Opens reporting rounds on their day, and reminds of those that are open.
    async fn keep_calendar(&self) {
        let (context, instance) = (Context::system("reporting calendar", self.clock.now()), self.instance);
        let work = move |tx: &mut Tx<'_>| {
            if lease::claim(tx, "rounds", instance, RECUR_LEASE)? { rounds::store::keep_calendar(tx) } else { Ok(0) }
        };
        match self.database.write(context, work).await {
            Ok(0) => {}
            Ok(made) => tracing::info!(made, "reporting rounds were opened or reminded of"),
            Err(error) => tracing::warn!(error = %error, "the reporting calendar could not be kept and will be tried again"),
        }
    }

    /// Tells the changes of units whose day has come.
    pub async fn tell_planned(&self) {
        let (context, instance) = (Context::system("planned changes", self.clock.now()), self.instance);
        let work = move |tx: &mut Tx<'_>| {
            if lease::claim(tx, "units", instance, RECUR_LEASE)? { units::store::keep_calendar(tx) } else { Ok(0) }
        };
        match self.database.write(context, work).await {
            Ok(0) => {}
            Ok(told) => tracing::info!(told, "changes of units took effect"),
            Err(error) => tracing::warn!(error = %error, "changes of units could not be told and will be tried again"),
        }
    }

    /// Takes away files that no row names: what a stop between the file and its row leaves behind. A young one may still get its row.
    async fn sweep(&self) {
        let swept = sweep(&self.database, &self.files, &self.clock, SWEEP_AFTER).await;
        match swept {
            Ok(0) => {}
            Ok(swept) => tracing::info!(swept, "files without a row were taken away"),
            Err(error) => tracing::warn!(error = %error, "files could not be swept and will be tried again"),
        }
    }

    /// Seals until nothing is left.
    async fn seal(&self, patience: Patience) {
        loop {
            let context = Context::system("sealer", self.clock.now());
            match self.database.write(context, move |tx| journal::seal::seal(tx, patience)).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "the sealer could not seal and will try again");
                    return;
                }
            }
        }
    }
}
