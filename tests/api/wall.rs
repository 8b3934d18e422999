//! The second wall: row-level security in PostgreSQL, asked as the role that serves and without the first wall.

use std::time::Duration;

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Bool, Text};
use tiendo::clock::Clock;
use tiendo::db::url::DatabaseUrl;
use tiendo::db::wall::Wall;
use tiendo::db::{Conn, Database, Options};
use tiendo::demo;

use crate::harness::{fresh_database, open, served_by};

/// Each table, and the units that a row of it belongs to.
const TABLES: [(&str, &str); 9] = [
    ("users", "t.unit_id"),
    ("clients", "t.unit_id"),
    ("indicator_values", "t.unit_id"),
    ("indicator_value_revisions", "t.unit_id"),
    ("baselines", "t.unit_id"),
    ("reports", "t.unit_id"),
    ("round_exceptions", "t.unit_id"),
    ("assignments", "t.unit_id, t.assigned_by, (SELECT unit_id FROM assignment_units s WHERE s.assignment_id = t.id LIMIT 1)"),
    ("evidence", "t.unit_id, (SELECT assigned_by FROM assignments a WHERE a.id = t.assignment_id)"),
];

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(diesel::QueryableByName)]
struct Unit {
    #[diesel(sql_type = Text)]
    id: String,
}

#[derive(diesel::QueryableByName)]
struct Yes {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

fn pg(conn: &mut Conn) -> &mut diesel::PgConnection {
    match conn {
        Conn::Pg(pg) => pg,
        Conn::Lite(_) => unreachable!("asked on PostgreSQL only"),
    }
}

fn number(conn: &mut Conn, sql: &str) -> i64 {
    diesel::sql_query(sql).get_result::<Number>(pg(conn)).unwrap_or_else(|error| panic!("{sql}: {error}")).number
}

fn yes(conn: &mut Conn, sql: &str) -> bool {
    diesel::sql_query(sql).get_result::<Yes>(pg(conn)).unwrap_or_else(|error| panic!("{sql}: {error}")).yes
}

fn serve(url: DatabaseUrl, wall: Wall) -> Result<(), String> {
    Database::open(&Options { url, read_url: None, connections: 2, slow: Duration::from_mins(1), wall }).map(drop)
}

/// AZ-14: a query that forgets its scope, run as the role that serves, finds nothing where the transaction names nobody, and of another's
/// subtree nothing either; it moves no row out of its own. The role owns nothing, is no superuser, and the wall binds owners too. A server
/// whose setting and database differ does not start.
#[test]
fn a_query_without_a_scope_finds_nothing_outside_it() {
    let (url, _drop_url) = fresh_database();
    let DatabaseUrl::Postgres(owner_url) = &url else {
        // A file has no roles: there the setting is refused, and the scope of every query is the one wall.
        let refused = serve(url, Wall::Up).expect_err("there is none to put up");
        assert!(refused.contains("for PostgreSQL"), "{refused}");
        return;
    };
    demo::fill(&url, &demo::Options { schools: 40, seed: 285 }, &Clock::System).expect("fills");
    let refused = |url: &DatabaseUrl, wall: Wall, words: &str| {
        let said = serve(url.clone(), wall).expect_err(words);
        assert!(said.contains(words), "{said}");
    };
    refused(&url, Wall::Up, "does not bind this role");
    serve(url.clone(), Wall::Down).expect("no wall is asked for and none stands");
    let theirs = served_by(&url, Wall::Up);
    refused(&theirs, Wall::Down, "the database has row security");
    serve(theirs.clone(), Wall::Up).expect("both say so");
    let DatabaseUrl::Postgres(service_url) = &theirs else { unreachable!("as the owner's") };
    let (mut owner, mut service) = (open(owner_url), open(service_url));
    let bound = "SELECT NOT (rolsuper OR rolbypassrls OR rolcreaterole) AS yes FROM pg_roles WHERE rolname = current_user";
    assert!(yes(&mut service, bound), "the role is bound");
    for (table, _) in TABLES {
        let forced = format!("SELECT relrowsecurity AND relforcerowsecurity AS yes FROM pg_class WHERE oid = '{table}'::regclass");
        assert!(yes(&mut service, &forced), "{table}");
        let owns = format!("SELECT pg_has_role(relowner, 'MEMBER') AS yes FROM pg_class WHERE oid = '{table}'::regclass");
        assert!(!yes(&mut service, &owns), "{table}");
    }

    let all = |conn: &mut Conn, table: &str| number(conn, &format!("SELECT count(*) AS number FROM {table}"));
    let mut seen = 0;
    pg(&mut service).batch_execute("RESET tiendo.root").expect("resets");
    for (table, _) in TABLES {
        assert_eq!(all(&mut service, table), 0, "{table}: who names nothing sees nothing");
    }
    // The district that has schools, one of its schools, and another district.
    let units: Vec<Unit> = diesel::sql_query(
        "SELECT u.id::text FROM units u WHERE u.type IN ('district_office', 'department') OR u.id IN (SELECT unit_id FROM reports LIMIT 3) \
         ORDER BY u.code LIMIT 12",
    )
    .load(pg(&mut owner))
    .expect("units");
    assert!(units.len() >= 5, "there are several subtrees");
    let day = "2025-02-20";
    for (number, Unit { id }) in units.iter().enumerate() {
        let client = format!(
            "INSERT INTO clients VALUES ('00000000-0000-7000-8000-{number:012}', 'service', 'Kho dữ liệu', 'kho du lieu', '', '{id}', \
             'units:read', '', '', false, NULL, NULL, 1, now(), now())"
        );
        pg(&mut owner).batch_execute(&client).expect("inserts");
    }
    for Unit { id } in &units {
        let name = format!("BEGIN; SET LOCAL tiendo.root = '{id}'; SET LOCAL tiendo.day = '{day}'");
        for (table, of) in TABLES {
            let own = format!(
                "SELECT count(*) AS number FROM {table} t WHERE EXISTS (SELECT FROM unit_closure c WHERE c.descendant IN ({of}) \
                 AND c.ancestor = '{id}' AND c.valid_from <= '{day}' AND c.valid_to > '{day}')"
            );
            let own = number(&mut owner, &own);
            pg(&mut service).batch_execute(&name).expect("begins");
            assert_eq!(all(&mut service, table), own, "{table} of {id}");
            pg(&mut service).batch_execute("COMMIT").expect("ends");
            seen += own;
            // What was named ends with its transaction.
            assert_eq!(all(&mut service, table), 0, "{table}: a pooled connection remembers nothing");
        }
    }
    assert!(seen > 100, "there was something to see: {seen}");

    // Nothing is moved out of the subtree, and what is outside is not changed.
    let pair: Vec<Unit> = diesel::sql_query(
        "SELECT DISTINCT c.ancestor::text AS id FROM reports r JOIN unit_closure c ON c.descendant = r.unit_id AND c.depth = 1 \
         JOIN units u ON u.id = c.ancestor AND u.type = 'district_office' LIMIT 2",
    )
    .load(pg(&mut owner))
    .expect("two districts");
    let [mine, other] = &pair[..] else { panic!("two units have reports below them") };
    let name = format!("BEGIN; SET LOCAL tiendo.root = '{}'; SET LOCAL tiendo.day = '{day}'", mine.id);
    pg(&mut service).batch_execute(&name).expect("begins");
    let moved = pg(&mut service).batch_execute(&format!("UPDATE reports SET unit_id = '{}'", other.id));
    let said = moved.expect_err("is refused").to_string();
    assert!(said.contains("row-level security"), "{said}");
    pg(&mut service).batch_execute("ROLLBACK").expect("ends");
    pg(&mut service).batch_execute(&name).expect("begins");
    let changed = diesel::sql_query(format!(
        "UPDATE reports SET version = 9 WHERE unit_id IN (SELECT descendant FROM unit_closure WHERE ancestor = '{}')",
        other.id
    ))
    .execute(pg(&mut service));
    assert_eq!(changed.expect("runs"), 0, "another's row is not there to be changed");
    pg(&mut service).batch_execute("ROLLBACK").expect("ends");

    // What was accepted before a unit left stays its former parent's to read, not to change.
    let left = format!(
        "UPDATE unit_closure c SET valid_to = (r.accepted_at + INTERVAL '7 hours')::date + 1 FROM reports r \
         WHERE c.descendant = r.unit_id AND c.ancestor = '{}' AND c.depth > 0 AND r.slot = 1 AND r.status IN ('accepted', 'issued')",
        mine.id
    );
    let left = diesel::sql_query(left).execute(pg(&mut owner)).expect("units leave");
    assert!(left > 0, "reports below it were accepted");
    let name = format!("BEGIN; SET LOCAL tiendo.root = '{}'; SET LOCAL tiendo.day = '2030-01-01'", mine.id);
    let of_leavers = "reports r WHERE NOT EXISTS (SELECT FROM unit_closure c WHERE c.descendant = r.unit_id \
                      AND c.ancestor = current_setting('tiendo.root')::uuid AND c.valid_to > '2030-01-01')";
    pg(&mut service).batch_execute(&name).expect("begins");
    assert_eq!(number(&mut service, &format!("SELECT count(*) AS number FROM {of_leavers}")), i64::try_from(left).expect("few"));
    let changed = diesel::sql_query("UPDATE reports SET version = 9 WHERE slot = 1 AND status IN ('accepted', 'issued')");
    assert_eq!(changed.execute(pg(&mut service)).expect("runs"), 0, "nor is one of a unit that left");
    pg(&mut service).batch_execute("ROLLBACK").expect("ends");
}
