//! Migrations of both databases, embedded; the two folders hold the same names (a test keeps it).

use diesel::migration::Migration;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::conn::Conn;
use crate::error::{Error, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Applies what is missing and names it. One instance at a time: on PostgreSQL under an advisory lock, on SQLite each
/// migration is a transaction that the others wait for.
///
/// # Errors
/// 500 with the database's words when a migration fails; it and those after it are then not applied.
pub fn apply(conn: &mut Conn) -> Result<Vec<String>> {
    use diesel::RunQueryDsl;
    /// Any number will do, as long as it is ours.
    const LOCK: i64 = 285_2025;
    match conn {
        Conn::Pg(pg) => {
            diesel::sql_query("SELECT pg_advisory_lock($1)").bind::<diesel::sql_types::BigInt, _>(LOCK).execute(pg)?;
            let done = run(pg.run_pending_migrations(POSTGRES).map_err(Error::internal)?.iter());
            diesel::sql_query("SELECT pg_advisory_unlock($1)").bind::<diesel::sql_types::BigInt, _>(LOCK).execute(pg)?;
            Ok(done)
        }
        Conn::Lite(lite) => Ok(run(lite.run_pending_migrations(SQLITE).map_err(Error::internal)?.iter())),
    }
}

fn run<'a>(versions: impl Iterator<Item = &'a diesel::migration::MigrationVersion<'a>>) -> Vec<String> {
    versions.map(ToString::to_string).collect()
}

/// Names of migrations that this program knows and the database lacks.
///
/// # Errors
/// 500 when the database cannot be read.
pub fn pending(conn: &mut Conn) -> Result<Vec<String>> {
    let names = match conn {
        Conn::Pg(pg) => names(&pg.pending_migrations(POSTGRES).map_err(Error::internal)?),
        Conn::Lite(lite) => names(&lite.pending_migrations(SQLITE).map_err(Error::internal)?),
    };
    Ok(names)
}

fn names<DB: diesel::backend::Backend>(migrations: &[Box<dyn Migration<DB>>]) -> Vec<String> {
    migrations.iter().map(|migration| migration.name().to_string()).collect()
}
