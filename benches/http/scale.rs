//! Whether a department's results and the completeness of a round cost the same whatever its size, and how much less results cost than
//! adding them up when they are asked.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use tiendo::clock::Clock;
use tiendo::db::url::DatabaseUrl;
use tiendo::db::wall::Wall;
use tiendo::db::{Conn, Context, Database, Options};
use tiendo::demo::{self, Credential};
use tiendo::ids::{AnyId, Uid};

use crate::wire::{Spread, Wire, load, request};
use crate::{reports, serve_ours};

const SIZES: [usize; 3] = [500, 5000, 50_000];
const ROUNDS: usize = 9;
const TURN: Duration = Duration::from_millis(1200);
/// How often the sum is asked of the largest.
const SUMS: usize = 5;

/// `places`: an empty PostgreSQL database for each size, or none.
pub fn run<'u>(folder: &Path, places: impl Iterator<Item = &'u str>) {
    let files: Vec<String> =
        SIZES.iter().map(|size| format!("sqlite://{}?mode=rwc", folder.join(format!("{size}.db")).display())).collect();
    let places: Vec<String> = places.map(str::to_owned).collect();
    println!(
        "| results of the department, all indicators, and completeness of a round | database | ratio (median) | spread | requests/s |"
    );
    println!("|---|---|---|---|---|");
    compare("SQLite", &files);
    if places.len() == SIZES.len() {
        compare("PostgreSQL", &places);
    }
}

/// A province of one size, and who asks at its department.
struct Side {
    size: usize,
    database: Database,
    ours: SocketAddr,
    viewer: Credential,
}

impl Side {
    fn fill(size: usize, url: &str) -> Self {
        let url = DatabaseUrl::parse(url).expect("a URL");
        let people = demo::fill(&url, &demo::Options { schools: size, seed: 285 }, &Clock::System).expect("fills");
        let database = Database::open(&Options { url, read_url: None, connections: 4, slow: Duration::from_mins(1), wall: Wall::Down })
            .expect("opens");
        let ours = serve_ours(&database);
        let person = |username: &str| people.iter().find(|person| person.username == username).expect("somebody");
        reports::open_round(ours, &Wire::open(ours).sign_in(person("sgd.admin")), reports::ROUND);
        let viewer = person("sgd.viewer").clone();
        Self { size, database, ours, viewer }
    }

    /// Signs in anew: filling the largest outlives a token.
    fn asks(&self, path: &str) -> Vec<u8> {
        let token = Wire::open(self.ours).sign_in(&self.viewer);
        request(path, &format!("Authorization: Bearer {token}\r\n"))
    }
}

/// Tells how many times the cost of few schools the same path has with more.
fn times(name: &str, what: &str, sides: &[Side], path: &str) {
    let asked: Vec<Vec<u8>> = sides.iter().map(|side| side.asks(path)).collect();
    let mut rates: Vec<Vec<f64>> = vec![Vec::new(); sides.len()];
    for (side, asked) in sides.iter().zip(&asked) {
        load(side.ours, asked, TURN / 2);
    }
    for _ in 0..ROUNDS {
        for ((side, asked), rates) in sides.iter().zip(&asked).zip(&mut rates) {
            rates.push(load(side.ours, asked, TURN));
        }
    }
    let Some((smallest, others)) = rates.split_first() else { return };
    for (side, rates) in sides.iter().skip(1).zip(others) {
        let slower = Spread::of(smallest.iter().zip(rates).map(|(small, large)| small / large).collect());
        let what = format!("{what} of {} schools: times the cost of {}", side.size, SIZES[0]);
        println!("| {what} | {name} | {:.2} | {} | {:.0} |", slower.median(), slower.ends(), Spread::of(rates.clone()).median());
    }
}

const RESULTS: &str = "/api/v1/results?year=2024";

fn compare(name: &str, urls: &[String]) {
    let sides: Vec<Side> = SIZES.iter().zip(urls).map(|(size, url)| Side::fill(*size, url)).collect();
    times(name, "results", &sides, RESULTS);
    times(name, "completeness", &sides, &format!("/api/v1/reporting-rounds/{}/completeness", reports::ROUND));
    let Some(side) = sides.last() else { return };
    let (schools, database, ours, asked) = (side.size, &side.database, side.ours, side.asks(RESULTS));
    let mut faster = Vec::new();
    let mut sum = summer(database);
    sum();
    for _ in 0..SUMS {
        let started = Instant::now();
        sum();
        let added_up = started.elapsed();
        // The sum takes longer than a connection is kept alive.
        let mut wire = Wire::open(ours);
        let started = Instant::now();
        for _ in 0..10 {
            wire.exchange(&asked);
        }
        faster.push(added_up.as_secs_f64() / (started.elapsed().as_secs_f64() / 10.0));
    }
    let faster = Spread::of(faster);
    println!("| {schools} schools: times faster than the sum over the closure | {name} | {:.0} | {} | |", faster.median(), faster.ends());
}

#[derive(QueryableByName)]
#[expect(dead_code, reason = "read, as an answer would be")]
struct Sum {
    #[diesel(sql_type = Uid)]
    indicator_id: AnyId,
    #[diesel(sql_type = Nullable<BigInt>)]
    numerator: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    denominator: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    tally: Option<i64>,
}

/// Adds up what the same request shows of units, over the closure, with an index that covers the sum.
fn summer(database: &Database) -> impl FnMut() {
    let context = Context::system("bench", Clock::System.now());
    let index = "CREATE INDEX bench_cover ON indicator_values (period_id, indicator_id, unit_id, numerator, denominator, tally); ANALYZE";
    let build = |tx: &mut tiendo::db::Tx<'_>| {
        match &mut *tx.conn {
            Conn::Pg(pg) => pg.batch_execute(index)?,
            Conn::Lite(lite) => lite.batch_execute(index)?,
        }
        Ok(())
    };
    database.write_here(&context, build).expect("builds");
    let database = database.clone();
    move || {
        let sum = "SELECT v.indicator_id, CAST(SUM(v.numerator) AS BIGINT) AS numerator, CAST(SUM(v.denominator) AS BIGINT) AS denominator, \
            CAST(SUM(v.tally) AS BIGINT) AS tally FROM unit_closure c JOIN indicator_values v ON v.unit_id = c.descendant \
            WHERE c.ancestor = (SELECT id FROM units WHERE code = 'SGD') AND c.valid_from <= '2024-12-31' AND c.valid_to > '2024-12-31' \
            AND v.period_id IN (SELECT id FROM periods WHERE year = 2024) GROUP BY v.indicator_id";
        let read = |tx: &mut tiendo::db::Tx<'_>| Ok(diesel::sql_query(sum).load::<Sum>(tx.conn)?.len());
        assert!(database.write_here(&context, read).expect("adds up") > 0);
    }
}
