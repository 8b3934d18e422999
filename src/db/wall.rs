//! The second wall, on PostgreSQL: row-level security, so that a query that forgot its scope finds nothing outside it. Each transaction
//! names the subtree that it may see; the program's own work, and what is asked by nobody, names everything. The first wall is the scope of
//! every query (`within`); this one answers for its mistakes, not instead of it.

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{Array, BigInt, Bool, Text};

use super::{Conn, Context};
use crate::error::{Error, Result};

/// The tables that hold rows of one unit and are read by those above it.
const TABLES: [&str; 9] = [
    "users",
    "clients",
    "indicator_values",
    "indicator_value_revisions",
    "baselines",
    "reports",
    "round_exceptions",
    "assignments",
    "evidence",
];

/// How many they are.
const EACH: i64 = 9;

/// Whether the wall stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wall {
    /// Every transaction names what it may see.
    Up,
    /// There is none, or the connection has named everything.
    Down,
}

/// What names the subtree, behind a BEGIN. Ids and dates write themselves: nothing of it is text from outside.
pub(super) fn named(context: &Context) -> String {
    match context.caller.scope() {
        Some(scope) => {
            format!("; SET LOCAL tiendo.root = '{}'; SET LOCAL tiendo.day = '{}'", scope.root(), scope.today())
        }
        None => "; SET LOCAL tiendo.root = '*'".to_owned(),
    }
}

/// What a connection for commands says once.
pub(super) const EVERYTHING: &str = "SET tiendo.root = '*'";

#[derive(diesel::QueryableByName)]
struct Standing {
    #[diesel(sql_type = BigInt)]
    forced: i64,
    #[diesel(sql_type = BigInt)]
    owned: i64,
    #[diesel(sql_type = Bool)]
    exempt: bool,
}

fn standing(conn: &mut Conn) -> Result<Option<Standing>> {
    let Conn::Pg(pg) = conn else { return Ok(None) };
    let query = "SELECT count(*) FILTER (WHERE c.relrowsecurity AND c.relforcerowsecurity) AS forced, \
                 count(*) FILTER (WHERE pg_has_role(c.relowner, 'MEMBER')) AS owned, \
                 (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS exempt \
                 FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY($1)";
    Ok(Some(diesel::sql_query(query).bind::<Array<Text>, _>(&TABLES[..]).get_result(pg)?))
}

/// Puts the wall up or takes it down, as the owner of the tables; answers whether it stands.
///
/// # Errors
/// Database errors.
pub fn set(conn: &mut Conn, wall: Wall) -> Result<bool> {
    let Some(standing) = standing(conn)? else { return Ok(false) };
    let goal = if wall == Wall::Up { EACH } else { 0 };
    if standing.forced != goal {
        alter(conn, wall)?;
    }
    Ok(wall == Wall::Up)
}

fn alter(conn: &mut Conn, wall: Wall) -> Result<()> {
    let Conn::Pg(pg) = conn else { return Ok(()) };
    let change = match wall {
        Wall::Up => "ENABLE ROW LEVEL SECURITY, FORCE",
        Wall::Down => "DISABLE ROW LEVEL SECURITY, NO FORCE",
    };
    let changes: Vec<String> = TABLES.iter().map(|table| format!("ALTER TABLE {table} {change} ROW LEVEL SECURITY")).collect();
    pg.batch_execute(&format!("BEGIN; {}; COMMIT", changes.join("; "))).map_err(Error::from)
}

/// Refuses to serve where the setting and the database differ: with a wall that nobody names a subtree for every list would be empty, and
/// one that does not bind the role would be none.
///
/// # Errors
/// One line that says what to do.
pub fn check(conn: &mut Conn, wall: Wall) -> Result<(), String> {
    let Some(standing) = standing(conn).map_err(|error| error.to_string())? else {
        return if wall == Wall::Up { Err("--row-security is for PostgreSQL".to_owned()) } else { Ok(()) };
    };
    match wall {
        Wall::Down if standing.forced > 0 && !standing.exempt => {
            Err("the database has row security: serve with --row-security, or `tiendo migrate` without it".to_owned())
        }
        Wall::Up if standing.exempt || standing.owned > 0 => {
            Err("--row-security does not bind this role: serve as one that owns no table, is no superuser and has no BYPASSRLS".to_owned())
        }
        Wall::Up if standing.forced < EACH => Err("the database has no row security yet: `tiendo migrate --row-security` first".to_owned()),
        _ => Ok(()),
    }
}
