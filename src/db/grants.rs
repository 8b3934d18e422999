//! What the service's own role may do on PostgreSQL, where another owns the tables: everything that it does, and of the journal and its
//! seals only to read and to add.

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;

use super::Conn;
use crate::error::{Error, Result};

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The role of this connection; `None` on SQLite, which has none.
///
/// # Errors
/// Database errors.
pub fn role(conn: &mut Conn) -> Result<Option<String>> {
    let Conn::Pg(pg) = conn else { return Ok(None) };
    let role: Line = diesel::sql_query("SELECT current_user::text AS line").get_result(pg)?;
    Ok(Some(role.line))
}

/// Gives a role what the service needs, and takes what it must not have. Answers false for the owner itself, who cannot be kept out but by
/// the triggers.
///
/// # Errors
/// Database errors.
pub fn give(conn: &mut Conn, role: &str) -> Result<bool> {
    // PostgreSQL quotes the name: no grant takes a bound value.
    const LINES: &str = "SELECT format(line, current_schema(), $1) AS line FROM (VALUES \
        (1, 'GRANT USAGE ON SCHEMA %1$I TO %2$I'), \
        (2, 'REVOKE ALL ON ALL TABLES IN SCHEMA %1$I FROM %2$I'), \
        (3, 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %1$I TO %2$I'), \
        (4, 'REVOKE UPDATE, DELETE ON journal, seals FROM %2$I'), \
        (5, 'REVOKE INSERT, UPDATE, DELETE ON __diesel_schema_migrations FROM %2$I'), \
        (6, 'GRANT USAGE ON ALL SEQUENCES IN SCHEMA %1$I TO %2$I')) AS grants (number, line) \
        WHERE $1 <> current_user::text ORDER BY number";
    let Conn::Pg(pg) = conn else { return Ok(false) };
    let lines: Vec<Line> = diesel::sql_query(LINES).bind::<Text, _>(role).load(pg)?;
    if lines.is_empty() {
        return Ok(false);
    }
    let lines: Vec<String> = lines.into_iter().map(|line| line.line).collect();
    pg.batch_execute(&format!("BEGIN; {}; COMMIT", lines.join("; "))).map_err(Error::from)?;
    Ok(true)
}
