//! Migrations: the same names for both databases, and each undoes itself.

use std::collections::BTreeSet;
use std::path::Path;

use crate::harness::TestApp;

fn names(folder: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    std::fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}

#[test]
fn every_table_of_the_schema_is_in_the_database() {
    use diesel::prelude::*;
    use tiendo::db::schema::*;
    let app = TestApp::start();
    macro_rules! readable {
        ($($table:ident),+) => {
            app.database.write_here(&tiendo::db::Context::system("test", app.clock.now()), |tx| {
                // All columns by name: one that is missing, or of another type, does not load.
                $($table::table.select($table::all_columns).limit(1).execute(tx.conn)?;)+
                Ok(())
            }).expect("reads")
        };
    }
    readable!(
        localities,
        units,
        unit_spells,
        unit_closure,
        journal,
        seals,
        leases,
        idempotency,
        users,
        sessions,
        refresh_tokens,
        invitations,
        signing_keys,
        clients,
        client_secrets,
        revoked_tokens,
        account_cookies,
        consents,
        authorization_codes,
        periods,
        documents,
        task_groups,
        tasks,
        indicators,
        indicator_definitions,
        targets,
        task_indicators,
        plans,
        plan_items,
        indicator_values,
        indicator_value_revisions,
        indicator_value_parts,
        withdrawn_values,
        target_revisions,
        baselines,
        value_sums,
        collector_counts,
        plan_revisions,
        assignments,
        assignment_units,
        assignment_updates,
        assignment_extensions,
        progress_sums,
        evidence,
        file_usage
    );
}

#[test]
fn down_undoes_up() {
    use diesel_migrations::{FileBasedMigrations, MigrationHarness};
    use tiendo::db::Conn;
    let path = std::env::temp_dir().join(format!("tiendo_down_{}.db", std::process::id()));
    let mut conn = crate::harness::open(&format!("sqlite://{}?mode=rwc", path.display()));
    let Conn::Lite(lite) = &mut conn else { panic!("not SQLite") };
    let migrations = FileBasedMigrations::from_path(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite")).expect("reads");
    let up = lite.run_pending_migrations(migrations.clone()).expect("up").len();
    let down = lite.revert_all_migrations(migrations.clone()).expect("down").len();
    assert_eq!(up, down);
    assert_eq!(lite.run_pending_migrations(migrations).expect("up again").len(), up);
    drop(conn);
    let _ = std::fs::remove_file(path);
}
