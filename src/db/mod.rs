//! The database: SQLite or PostgreSQL behind one type, reached by three verbs.
//!
//! - [`Database::read`]: one statement, no transaction.
//! - [`Database::snapshot`]: several statements that see one state.
//! - [`Database::write`]: one transaction, `BEGIN IMMEDIATE` on SQLite, READ COMMITTED on PostgreSQL with the locks that the
//!   store takes as values; tried again on a deadlock, so its closure touches nothing but the database.
//!
//! [`Database::hold`] is a write that waits for its answer before it commits.

mod conn;
pub mod grants;
pub mod held;
pub mod migrate;
pub mod page;
mod pool;
pub mod schema;
mod slow;
mod types;
pub mod url;
pub mod wall;

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use chrono::NaiveDate;
use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, TransactionManager};

pub use conn::{Conn, MultiBackend};
pub(crate) use conn::{by_key, each, in_blocks, insert_all};
pub use pool::Use;
use pool::{Lane, Manager};
use url::DatabaseUrl;
use wall::Wall;

use crate::access::caller::{Caller, RequestMarks};
use crate::access::scope::Scope;
use crate::clock::{Clock, Instant};
use crate::error::{Code, Error, Result};

diesel::define_sql_function! {
    /// A text in lower case.
    fn lower(text: diesel::sql_types::Nullable<diesel::sql_types::Text>) -> diesel::sql_types::Nullable<diesel::sql_types::Text>;
}

/// The end of what has no end yet.
pub const UNTIL_FURTHER_NOTICE: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(date) => date,
    None => NaiveDate::MAX,
};

/// The end, if there is one.
#[must_use]
pub fn open_end(day: NaiveDate) -> Option<NaiveDate> {
    (day != UNTIL_FURTHER_NOTICE).then_some(day)
}

/// Who asks, when, and marks of the request: what every piece of database work carries.
#[derive(Clone, Debug)]
pub struct Context {
    /// Who.
    pub caller: Caller,
    /// When: one moment for the whole work.
    pub now: Instant,
    /// For the journal.
    pub marks: RequestMarks,
}

impl Context {
    /// Work of the program itself.
    #[must_use]
    pub fn system(what: &'static str, now: Instant) -> Self {
        Self { caller: Caller::System(what), now, marks: RequestMarks::default() }
    }
}

/// A connection and the one who uses it. Stores take it whole, so no query is without its scope.
pub struct Db<'c> {
    /// The connection.
    pub conn: &'c mut Conn,
    /// Who asks.
    pub context: Context,
}

impl Db<'_> {
    /// The caller's scope.
    ///
    /// # Errors
    /// 403 for callers without an account: they have no subtree and must say what they read another way.
    pub fn scope(&self) -> Result<Scope> {
        self.context.caller.scope().ok_or_else(Error::forbidden)
    }

    /// The business day.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.context.now.business_day()
    }

    /// Whether anybody still waits for the answer: what takes long asks from time to time.
    ///
    /// # Errors
    /// 503, which nobody reads.
    pub fn is_awaited(&self) -> Result<()> {
        match &self.context.marks.awaited {
            Some(waits) if waits.strong_count() == 0 => Err(Error::unavailable("nobody waits for the answer")),
            _ => Ok(()),
        }
    }

    /// The moment of this work.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.context.now
    }
}

/// A transaction that may write. Only [`Database::write`] makes one.
pub struct Tx<'c> {
    db: Db<'c>,
}

impl<'c> Deref for Tx<'c> {
    type Target = Db<'c>;
    fn deref(&self) -> &Db<'c> {
        &self.db
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.db
    }
}

/// Leave to use the tree of units while it stands still: what hangs on it cannot see it move.
pub struct TreeRead(());

/// Leave to change the tree of units: nobody reads it for a write meanwhile.
pub struct TreeWrite(());

/// One number for the tree among PostgreSQL's advisory locks.
const TREE: i64 = 0x7469_656e_646f;

impl Tx<'_> {
    /// The moment of what is written down after something else, also where its writer came first and waited: the last one counts.
    #[must_use]
    pub fn after(&self, last: Option<Instant>) -> Instant {
        last.map_or(self.now(), |last| self.now().max(last.next()))
    }

    /// Keeps the tree as it is until the end of the transaction. Whoever writes totals of units above, or may do a thing by where a unit stands,
    /// takes it before anything else.
    ///
    /// # Errors
    /// Database errors.
    pub fn hold_tree(&mut self) -> Result<TreeRead> {
        self.lock_tree("SELECT pg_advisory_xact_lock_shared($1)").map(|()| TreeRead(()))
    }

    /// Waits until nobody holds the tree, and keeps it for this transaction alone.
    ///
    /// # Errors
    /// Database errors.
    pub fn take_tree(&mut self) -> Result<TreeWrite> {
        self.lock_tree("SELECT pg_advisory_xact_lock($1)").map(|()| TreeWrite(()))
    }

    /// On SQLite a transaction that may write is alone already.
    fn lock_tree(&mut self, sql: &str) -> Result<()> {
        use diesel::RunQueryDsl;
        if let Conn::Pg(pg) = &mut *self.db.conn {
            diesel::sql_query(sql).bind::<diesel::sql_types::BigInt, _>(TREE).execute(pg)?;
        }
        Ok(())
    }
}

/// How the database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it is.
    pub url: DatabaseUrl,
    /// A PostgreSQL replica for reads, if any.
    pub read_url: Option<DatabaseUrl>,
    /// Connections for requests: on PostgreSQL half of them read and half write, on SQLite all read (its writer is one more).
    pub connections: u32,
    /// Statements longer than this are logged.
    pub slow: Duration,
    /// Whether PostgreSQL keeps rows of other subtrees from a query.
    pub wall: Wall,
}

/// Either database, with its pools.
#[derive(Clone)]
pub struct Database {
    readers: Lane,
    writers: Lane,
    wall: Wall,
}

impl Database {
    /// Opens it. SQLite files are created where the URL allows.
    ///
    /// # Errors
    /// One line that says why not.
    pub fn open(options: &Options) -> Result<Self, String> {
        options.url.prepare()?;
        let wall = options.wall;
        let manager = |url: &DatabaseUrl, purpose| Manager::new(url.clone(), purpose, options.slow);
        let say = |text: String| format!("cannot open {}: {}", options.url, options.url.hide(&text));
        let opened = match &options.url {
            DatabaseUrl::Sqlite { .. } => {
                let writers = Lane::open(manager(&options.url, Use::Write), 1).map_err(say)?;
                let readers = Lane::open(manager(&options.url, Use::Read), options.connections).map_err(say)?;
                Self { readers, writers, wall }
            }
            DatabaseUrl::Postgres(_) => {
                // Writers that wait for each other keep no reader waiting: each has half of the connections, or a server of its own.
                let (url, readers) = match &options.read_url {
                    Some(url) => (url, options.connections),
                    None => (&options.url, options.connections.div_ceil(2)),
                };
                let writers = if options.read_url.is_some() { options.connections } else { options.connections - readers };
                let writers = Lane::open(manager(&options.url, Use::Write), writers.max(1)).map_err(say)?;
                let readers = Lane::open(manager(url, Use::Read), readers).map_err(say)?;
                Self { readers, writers, wall }
            }
        };
        opened.writers.run_here(|conn| Ok(wall::check(conn, wall))).map_err(|error| error.to_string())??;
        Ok(opened)
    }

    /// One connection for a command: no statement timeout, nothing shared.
    ///
    /// # Errors
    /// One line that says why not.
    pub fn maintenance(url: &DatabaseUrl) -> Result<Conn, String> {
        use diesel::r2d2::ManageConnection;
        url.prepare()?;
        Manager::new(url.clone(), Use::Maintenance, Duration::MAX)
            .connect()
            .map_err(|error| format!("cannot open {url}: {}", url.hide(&error.to_string()).replace('\n', " ")))
    }

    /// One statement.
    ///
    /// # Errors
    /// What `work` answers, or 503.
    pub async fn read<R: Send + 'static>(
        &self,
        context: Context,
        work: impl FnOnce(&mut Db<'_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        match self.wall {
            Wall::Down => self.readers.run(move |conn| work(&mut Db { conn, context })).await,
            Wall::Up => self.readers.run(move |conn| view(conn, READ, Wall::Up, context, work)).await,
        }
    }

    /// Several statements that see one state.
    ///
    /// # Errors
    /// What `work` answers, or 503.
    pub async fn snapshot<R: Send + 'static>(
        &self,
        context: Context,
        work: impl FnOnce(&mut Db<'_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let wall = self.wall;
        self.readers.run(move |conn| view(conn, SNAPSHOT, wall, context, work)).await
    }

    /// One transaction that may write.
    ///
    /// # Errors
    /// What `work` answers, or 503.
    pub async fn write<R: Send + 'static>(&self, context: Context, work: impl Fn(&mut Tx<'_>) -> Result<R> + Send + 'static) -> Result<R> {
        let wall = self.wall;
        self.writers.run(move |conn| write_with(conn, wall, &context, work)).await
    }

    /// [`Database::write`] for commands: on this thread.
    ///
    /// # Errors
    /// What `work` answers.
    pub fn write_here<R>(&self, context: &Context, work: impl Fn(&mut Tx<'_>) -> Result<R>) -> Result<R> {
        self.writers.run_here(|conn| write_with(conn, self.wall, context, work))
    }
}

/// What time the database has. Reads a table that every start fills, so a database that is there and cannot be used answers nothing.
///
/// # Errors
/// 503 if it does not answer.
pub fn time(conn: &mut Conn) -> Result<Instant> {
    use diesel::RunQueryDsl;
    #[derive(diesel::QueryableByName)]
    struct Time {
        #[diesel(sql_type = diesel::sql_types::Timestamp)]
        now: Instant,
    }
    let answer: diesel::QueryResult<Time> = match conn {
        Conn::Pg(pg) => diesel::sql_query("SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now FROM signing_keys LIMIT 1").get_result(pg),
        Conn::Lite(lite) => {
            diesel::sql_query("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now') AS now FROM signing_keys LIMIT 1").get_result(lite)
        }
    };
    answer.map(|time| time.now).map_err(Error::unavailable)
}

/// By how many microseconds the database is ahead of this clock's machine.
///
/// # Errors
/// 503 if the database does not answer.
pub fn ahead(conn: &mut Conn, clock: &Clock) -> Result<i64> {
    let before = clock.machine().micros();
    let time = time(conn)?.micros();
    let after = clock.machine().micros();
    // As if it answered in the middle.
    Ok(time - before.midpoint(after))
}

type Manage = <Conn as Connection>::TransactionManager;

/// How a transaction begins, on PostgreSQL and on SQLite.
type Beginning = (&'static str, &'static str);
const READ: Beginning = ("BEGIN READ ONLY", "BEGIN");
const SNAPSHOT: Beginning = ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "BEGIN");
const WRITE: Beginning = ("BEGIN", "BEGIN IMMEDIATE");

/// Begins, and names in the same round trip what the transaction may see.
fn begin(conn: &mut Conn, (postgres, sqlite): Beginning, wall: Wall, context: &Context) -> Result<()> {
    match conn {
        Conn::Pg(pg) if wall == Wall::Up => {
            AnsiTransactionManager::begin_transaction_sql(pg, &format!("{postgres}{}", wall::named(context)))?;
        }
        Conn::Pg(pg) => AnsiTransactionManager::begin_transaction_sql(pg, postgres)?,
        Conn::Lite(lite) => AnsiTransactionManager::begin_transaction_sql(lite, sqlite)?,
    }
    Ok(())
}

/// Reads in a transaction.
fn view<R>(conn: &mut Conn, beginning: Beginning, wall: Wall, context: Context, work: impl FnOnce(&mut Db<'_>) -> Result<R>) -> Result<R> {
    begin(conn, beginning, wall, &context)?;
    let answer = work(&mut Db { conn: &mut *conn, context });
    Manage::rollback_transaction(conn)?;
    answer
}

/// Runs `work` on a command's connection so that all its statements see one state.
///
/// # Errors
/// What `work` answers.
pub fn snapshot_on<R>(conn: &mut Conn, context: Context, work: impl FnOnce(&mut Db<'_>) -> Result<R>) -> Result<R> {
    view(conn, SNAPSHOT, Wall::Down, context, work)
}

/// Runs `work` in a transaction on a command's connection.
///
/// # Errors
/// What `work` answers, after a rollback.
pub fn write_on<R>(conn: &mut Conn, context: &Context, work: impl Fn(&mut Tx<'_>) -> Result<R>) -> Result<R> {
    write_with(conn, Wall::Down, context, work)
}

/// Again, up to three times, when the database chose it as the victim of a deadlock.
fn write_with<R>(conn: &mut Conn, wall: Wall, context: &Context, work: impl Fn(&mut Tx<'_>) -> Result<R>) -> Result<R> {
    const TRIES: u32 = 3;
    let mut tries = 1;
    loop {
        match write_once(conn, wall, context, &work) {
            Err(error) if tries < TRIES && lost_a_race(&error) => {
                std::thread::sleep(Duration::from_millis(u64::from(tries * 10)));
                tries += 1;
            }
            answer => return answer,
        }
    }
}

fn write_once<R>(conn: &mut Conn, wall: Wall, context: &Context, work: impl FnOnce(&mut Tx<'_>) -> Result<R>) -> Result<R> {
    begin(conn, WRITE, wall, context)?;
    match work(&mut Tx { db: Db { conn: &mut *conn, context: context.clone() } }) {
        Ok(answer) => {
            Manage::commit_transaction(conn)?;
            Ok(answer)
        }
        Err(error) => {
            Manage::rollback_transaction(conn)?;
            Err(error)
        }
    }
}

fn lost_a_race(error: &Error) -> bool {
    error.code() == Code::Unavailable
        && error.cause().is_some_and(|cause| cause.text.contains("deadlock detected") || cause.text.contains("could not serialize"))
}
