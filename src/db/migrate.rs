//! Migrations of both databases, embedded; the two folders hold the same names (a test keeps it).

use diesel::QueryableByName;
use diesel::migration::{Migration, MigrationSource};
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

/// Names of migrations that this program knows and the database lacks. Only reads: the service's role may own nothing.
///
/// # Errors
/// 500 when the database cannot be read.
pub fn pending(conn: &mut Conn) -> Result<Vec<String>> {
    use diesel::RunQueryDsl;
    const THERE: &str = "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS there";
    if let Conn::Pg(pg) = conn {
        let there: There = diesel::sql_query(THERE).get_result(pg)?;
        let query = "SELECT version FROM __diesel_schema_migrations";
        let applied: Vec<Applied> = if there.there { diesel::sql_query(query).load(pg)? } else { Vec::new() };
        let known: Vec<Box<dyn Migration<diesel::pg::Pg>>> = POSTGRES.migrations().map_err(Error::internal)?;
        let lacks = known.iter().map(Migration::name).filter(|name| !applied.iter().any(|is| is.version == name.version().to_string()));
        return Ok(lacks.map(ToString::to_string).collect());
    }
    let Conn::Lite(lite) = conn else { return Ok(Vec::new()) };
    let pending = lite.pending_migrations(SQLITE).map_err(Error::internal)?;
    Ok(pending.iter().map(|migration| migration.name().to_string()).collect())
}

#[derive(QueryableByName)]
struct There {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    there: bool,
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}
