//! Background work, driven by the clock so that tests can call each tick.

use std::time::Duration;

use actix_web::rt::task::JoinHandle;

use crate::clock::Clock;
use crate::db::{Context, Database};
use crate::journal;
use crate::journal::seal::Patience;

/// How often the sealer looks for entries: a position is given well within a second.
const SEAL_EVERY: Duration = Duration::from_millis(250);

/// What runs beside the requests.
pub struct Jobs {
    database: Database,
    clock: Clock,
}

impl Jobs {
    /// For this database.
    #[must_use]
    pub fn new(database: Database, clock: Clock) -> Self {
        Self { database, clock }
    }

    /// Runs until it is aborted.
    #[must_use]
    pub fn run(self) -> JoinHandle<()> {
        actix_web::rt::spawn(async move {
            let mut every = tokio::time::interval(SEAL_EVERY);
            every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                every.tick().await;
                self.seal().await;
            }
        })
    }

    /// Seals until nothing is left.
    async fn seal(&self) {
        loop {
            let context = Context::system("sealer", self.clock.now());
            match self.database.write(context, |tx| journal::seal::seal(tx, Patience::Leave)).await {
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
