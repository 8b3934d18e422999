//! Writers that meet: 32 at once on schools of one district, and on one school, against the same writers on schools of all districts.
//! All of them meet at the department's totals.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use serde_json::json;
use tiendo::clock::Clock;
use tiendo::db::schema::{unit_spells, units};
use tiendo::db::{Context, Database};
use tiendo::ids::AnyId;

use crate::wire::{Spread, Wire, posting};

const WRITERS: usize = 32;
const ROUNDS: usize = 5;
const TURN: Duration = Duration::from_secs(3);

/// Values saved a second: each writer saves one after the other, of its own school.
fn saved(ours: SocketAddr, token: &str, schools: &[String]) -> f64 {
    let stop = AtomicBool::new(false);
    let started = Instant::now();
    let saved: u32 = std::thread::scope(|scope| {
        let write = |school: &String| {
            let (school, stop) = (school.clone(), &stop);
            scope.spawn(move || {
                let mut wire = Wire::open(ours);
                let mut saved = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    let row = json!({"indicator": "HT01", "unit": school, "period": "2025", "numerator": saved, "denominator": u32::MAX});
                    let (status, _) = wire.exchange(&posting("/api/v1/indicator-values", &json!({"rows": [row]}).to_string(), token));
                    assert!(status == 200, "answered {status}");
                    saved += 1;
                }
                saved
            })
        };
        let writers: Vec<_> = schools.iter().cycle().take(WRITERS).map(write).collect();
        std::thread::sleep(TURN);
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().map(|writer| writer.join().expect("saves")).sum()
    });
    f64::from(saved) / started.elapsed().as_secs_f64()
}

pub fn rivals(name: &str, database: &Database, ours: SocketAddr, token: &str) {
    let context = Context::system("bench", Clock::System.now());
    let read = |tx: &mut tiendo::db::Tx<'_>| {
        let all: Vec<(String, Option<AnyId>)> = units::table
            .inner_join(unit_spells::table)
            .filter(units::kind.eq("school"))
            .order_by(units::code)
            .select((units::code, unit_spells::parent_id))
            .load(tx.conn)?;
        Ok(all)
    };
    let all = database.write_here(&context, read).expect("reads");
    let mut by_parent: std::collections::BTreeMap<Option<AnyId>, Vec<String>> = std::collections::BTreeMap::new();
    for (code, parent) in all {
        by_parent.entry(parent).or_default().push(code);
    }
    let families: Vec<Vec<String>> = by_parent.into_values().filter(|schools| schools.len() >= WRITERS).collect();
    let district: Vec<String> = families.first().expect("a district").iter().take(WRITERS).cloned().collect();
    let one: Vec<String> = district.iter().take(1).cloned().collect();
    let apart: Vec<String> =
        (0..WRITERS).filter_map(|place| families.get(place % families.len())?.get(place / families.len()).cloned()).collect();
    let (mut near, mut same, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    saved(ours, token, &apart);
    for _ in 0..ROUNDS {
        let free = saved(ours, token, &apart);
        near.push(saved(ours, token, &district) / free);
        same.push(saved(ours, token, &one) / free);
        rates.push(free);
    }
    let rates = Spread::of(rates);
    for (what, ratios) in [("schools of one district", near), ("one school", same)] {
        let ratios = Spread::of(ratios);
        let what = format!("{WRITERS} writers on {what}, against unrelated schools");
        println!("| {what} | {name} | {:.2} | {} | {:.0} |", ratios.median(), ratios.ends(), rates.median());
    }
}
