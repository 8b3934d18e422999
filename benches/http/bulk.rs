//! Many rows in one call, against a batch of the same rows in one transaction with nothing else: no answer for each, no journal, no
//! totals.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::upsert::excluded;
use serde_json::json;
use tiendo::clock::Clock;
use tiendo::db::schema::{assignments, indicator_values, indicators, periods, tasks as task_table, units as unit_table};
use tiendo::db::{Conn, Context, Database};
use tiendo::ids::{AnyId, Id};

use crate::wire::{Spread, Wire};

/// What a round of writes is given to come to rest.
const SETTLE: Duration = Duration::from_secs(1);

fn told(what: &str, name: &str, ratios: &Spread) {
    println!("| {what} | {name} | {:.2} | {} | |", ratios.median(), ratios.ends());
}

/// A task for every school in one call, against a batch insert of the bare rows in one transaction.
pub fn assignments(name: &str, database: &Database, ours: SocketAddr, token: &str) {
    let context = Context::system("bench", Clock::System.now());
    let read = |tx: &mut tiendo::db::Tx<'_>| {
        let tasks: Vec<(AnyId, AnyId, String, String)> = task_table::table
            .order_by(task_table::code.desc())
            .limit(54)
            .select((task_table::id, task_table::group_id, task_table::code, task_table::title_vi))
            .load(tx.conn)?;
        let schools: Vec<AnyId> = unit_table::table.filter(unit_table::kind.eq("school")).select(unit_table::id).load(tx.conn)?;
        Ok((tasks, schools))
    };
    let (tasks, schools) = database.write_here(&context, read).expect("reads");
    let mut ratios = Vec::new();
    for pair in tasks.chunks_exact(2) {
        let [(task, group, _, title), (_, _, code, _)] = pair else { continue };
        let title_key = tiendo::text::fold(title);
        let rows = || {
            let row = |unit: &AnyId| {
                (
                    (
                        assignments::id.eq(Id::<tiendo::ids::of::Any>::new()),
                        assignments::task_id.eq(*task),
                        assignments::group_id.eq(*group),
                        assignments::unit_id.eq(*unit),
                        assignments::assigned_by.eq(*unit),
                        assignments::title.eq(title),
                        assignments::title_key.eq(&title_key),
                    ),
                    (
                        assignments::due_on.eq(Clock::System.today()),
                        assignments::status.eq("assigned"),
                        assignments::percent.eq(0),
                        assignments::version.eq(1_i64),
                        assignments::created_at.eq(context.now),
                        assignments::updated_at.eq(context.now),
                    ),
                )
            };
            schools.iter().map(row).collect::<Vec<_>>()
        };
        // The last round's entries are being sealed, which needs the one writer of SQLite.
        std::thread::sleep(SETTLE);
        let started = Instant::now();
        let write = |tx: &mut tiendo::db::Tx<'_>| {
            let rows = rows();
            match &mut *tx.conn {
                Conn::Pg(pg) => diesel::insert_into(assignments::table).values(&rows).execute(pg)?,
                Conn::Lite(lite) => diesel::insert_into(assignments::table).values(&rows).execute(lite)?,
            };
            Ok(())
        };
        database.write_here(&context, write).expect("writes");
        let bare = started.elapsed();
        let body = json!({"task": code, "selector": {"within": "SGD", "kinds": ["school"]}, "due_on": Clock::System.today()}).to_string();
        let started = Instant::now();
        Wire::open(ours).post_as("/api/v1/assignments/bulk", &body, token);
        ratios.push(bare.as_secs_f64() / started.elapsed().as_secs_f64());
    }
    told(&format!("bulk assignment of {} units", schools.len()), name, &Spread::of(ratios));
}

/// A thousand values that every school records of itself, against an upsert of the bare rows.
pub fn values(name: &str, database: &Database, ours: SocketAddr, token: &str) {
    const ROWS: usize = 1000;
    /// How often each year is filled and cleared again.
    const TURNS: usize = 3;
    let context = Context::system("bench", Clock::System.now());
    let read = |tx: &mut tiendo::db::Tx<'_>| {
        let schools: Vec<(AnyId, String)> = unit_table::table
            .filter(unit_table::kind.eq("school"))
            .order_by(unit_table::code)
            .select((unit_table::id, unit_table::code))
            .load(tx.conn)?;
        let both: Vec<(AnyId, String)> =
            indicators::table.filter(indicators::code.eq_any(["TT01", "HT01"])).select((indicators::id, indicators::code)).load(tx.conn)?;
        let years: Vec<(AnyId, String)> = periods::table
            .filter(periods::code.eq_any(["2026", "2027", "2028", "2029", "2030", "2031"]))
            .order_by(periods::code)
            .select((periods::id, periods::code))
            .load(tx.conn)?;
        Ok((schools, both, years))
    };
    let (schools, both, years) = database.write_here(&context, read).expect("reads");
    let cells = || both.iter().flat_map(|indicator| schools.iter().map(move |school| (indicator, school))).take(ROWS);
    let mut ratios = Vec::new();
    for (period, code) in years.iter().cycle().take(TURNS * years.len()) {
        let row = |((indicator, _), (school, _)): (&(AnyId, String), &(AnyId, String))| {
            (
                (
                    indicator_values::id.eq(Id::<tiendo::ids::of::Any>::new()),
                    indicator_values::indicator_id.eq(*indicator),
                    indicator_values::period_id.eq(*period),
                    indicator_values::subject_id.eq(*school),
                    indicator_values::unit_id.eq(*school),
                    indicator_values::definition.eq(1),
                    indicator_values::counts_as.eq("one"),
                ),
                (
                    indicator_values::numerator.eq(40_i64),
                    indicator_values::denominator.eq(50_i64),
                    indicator_values::version.eq(1_i64),
                    indicator_values::created_at.eq(context.now),
                    indicator_values::updated_at.eq(context.now),
                ),
            )
        };
        std::thread::sleep(SETTLE);
        let started = Instant::now();
        let write = |tx: &mut tiendo::db::Tx<'_>| {
            let rows: Vec<_> = cells().map(row).collect();
            macro_rules! upsert {
                ($conn:expr) => {
                    diesel::insert_into(indicator_values::table)
                        .values(&rows)
                        .on_conflict((indicator_values::period_id, indicator_values::indicator_id, indicator_values::subject_id))
                        .do_update()
                        .set((
                            indicator_values::numerator.eq(excluded(indicator_values::numerator)),
                            indicator_values::denominator.eq(excluded(indicator_values::denominator)),
                            indicator_values::version.eq(indicator_values::version + 1),
                            indicator_values::updated_at.eq(excluded(indicator_values::updated_at)),
                        ))
                        .execute($conn)?
                };
            }
            match &mut *tx.conn {
                Conn::Pg(pg) => upsert!(pg),
                Conn::Lite(lite) => upsert!(lite),
            };
            Ok(())
        };
        database.write_here(&context, write).expect("writes");
        let bare = started.elapsed();
        let clear = |tx: &mut tiendo::db::Tx<'_>| {
            Ok(diesel::delete(indicator_values::table.filter(indicator_values::period_id.eq(*period))).execute(tx.conn)?)
        };
        database.write_here(&context, clear).expect("clears");
        std::thread::sleep(SETTLE);
        let rows: Vec<_> = cells()
            .map(|((_, indicator), (_, school))| json!({"indicator": indicator, "unit": school, "period": code, "numerator": 40, "denominator": 50}))
            .collect();
        let body = json!({ "rows": rows }).to_string();
        let started = Instant::now();
        Wire::open(ours).post_as("/api/v1/indicator-values", &body, token);
        ratios.push(bare.as_secs_f64() / started.elapsed().as_secs_f64());
        database.write_here(&context, clear).expect("clears");
    }
    told(&format!("bulk save of {ROWS} values"), name, &Spread::of(ratios));
}
