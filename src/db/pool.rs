//! Connections: how they are opened, set up, counted and handed out.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::{Connection, PgConnection, SqliteConnection};
use tokio::sync::Semaphore;

use super::conn::Conn;
use super::url::DatabaseUrl;
use super::{slow, wall};
use crate::error::{Error, Result};

/// How long a request waits for a connection before it is told to come back (503).
const CHECKOUT: Duration = Duration::from_secs(2);

/// What each connection is told when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Serves requests that only read.
    Read,
    /// Serves requests that write.
    Write,
    /// Migrations, demo loads, verification: no statement timeout.
    Maintenance,
}

/// Opens connections of one use.
#[derive(Clone, Debug)]
pub struct Manager {
    url: DatabaseUrl,
    purpose: Use,
    slow: Duration,
}

impl Manager {
    /// Opens `url` for `purpose`; statements longer than `slow` are logged.
    #[must_use]
    pub fn new(url: DatabaseUrl, purpose: Use, slow: Duration) -> Self {
        Self { url, purpose, slow }
    }
}

/// FULL: an acknowledged write survives a power cut. Readers cannot write even by mistake. The log is copied back at 16 MB and not at 4:
/// pages that many calls touch are then copied once.
const SQLITE: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                      PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000; \
                      PRAGMA wal_autocheckpoint = 4000;";
const POSTGRES: &str = "SET application_name = 'tiendo'; SET TimeZone = 'UTC'; SET client_min_messages = 'warning'; \
                        SET lock_timeout = '2s'; SET jit = off; SET idle_in_transaction_session_timeout = '10s';";

impl ManageConnection for Manager {
    type Connection = Conn;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Conn, Self::Error> {
        let mut conn = match &self.url {
            DatabaseUrl::Sqlite { path, .. } => {
                let mut lite = SqliteConnection::establish(&path.to_string_lossy()).map_err(Self::Error::ConnectionError)?;
                lite.batch_execute(SQLITE).map_err(Self::Error::QueryError)?;
                if self.purpose == Use::Read {
                    lite.batch_execute("PRAGMA query_only = ON;").map_err(Self::Error::QueryError)?;
                }
                Conn::Lite(lite)
            }
            DatabaseUrl::Postgres(url) => {
                let mut pg = PgConnection::establish(url).map_err(Self::Error::ConnectionError)?;
                pg.batch_execute(POSTGRES).map_err(Self::Error::QueryError)?;
                let by_use = if self.purpose == Use::Maintenance { wall::EVERYTHING } else { "SET statement_timeout = '5s'" };
                pg.batch_execute(by_use).map_err(Self::Error::QueryError)?;
                Conn::Pg(pg)
            }
        };
        slow::watch(&mut conn, self.slow);
        Ok(conn)
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), Self::Error> {
        conn.ping().map_err(Self::Error::QueryError)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        std::thread::panicking() || conn.is_broken()
    }
}

/// A pool and as many permits as it has connections: whoever waits, waits without holding a thread.
#[derive(Clone)]
pub struct Lane {
    pool: diesel::r2d2::Pool<Manager>,
    permits: Arc<Semaphore>,
}

impl Lane {
    /// A pool of `size`. Opens its first connection, so that a wrong URL is told at once.
    ///
    /// # Errors
    /// What the database said, in one line.
    pub fn open(manager: Manager, size: u32) -> Result<Self, String> {
        // One connection in the foreground: r2d2 would retry in the background and only say "timed out".
        drop(manager.connect().map_err(|error| one_line(&error))?);
        let pool = diesel::r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            // No `SELECT 1` at each check-out; a connection that failed is dropped when it comes back.
            .test_on_check_out(false)
            .connection_timeout(CHECKOUT)
            .build(manager)
            .map_err(|error| one_line(&error))?;
        Ok(Self { pool, permits: Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(1))) })
    }

    /// Runs `work` with a connection on a blocking thread.
    ///
    /// # Errors
    /// 503 when no connection came free in time; what `work` answers; 500 when it panics.
    pub async fn run<R: Send + 'static>(&self, work: impl FnOnce(&mut Conn) -> Result<R> + Send + 'static) -> Result<R> {
        let permit = match self.permits.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => tokio::time::timeout(CHECKOUT, self.permits.clone().acquire_owned())
                .await
                .map_err(|_| Error::unavailable("no database connection came free"))?
                .map_err(Error::unavailable)?,
        };
        let pool = self.pool.clone();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let mut conn = pool.get().map_err(Error::unavailable)?;
            work(&mut conn)
        })
        .await
        .map_err(|error| Error::internal(format!("database work stopped: {error}")))?
    }

    /// Runs `work` here: for commands, which have no other work to do meanwhile.
    ///
    /// # Errors
    /// As [`Lane::run`].
    pub fn run_here<R>(&self, work: impl FnOnce(&mut Conn) -> Result<R>) -> Result<R> {
        let mut conn = self.pool.get().map_err(Error::unavailable)?;
        work(&mut conn)
    }
}

fn one_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
