//! What the second wall costs on PostgreSQL: the same service on the same database, once as a role that row-level security binds and once
//! as one that it does not.

use std::time::Duration;

use tiendo::clock::Clock;
use tiendo::db::url::DatabaseUrl;
use tiendo::db::wall::{self, Wall};
use tiendo::db::{Database, Options, grants};
use tiendo::demo;

use super::wire::{Spread, Wire, load, request};
use super::{ROUNDS, TURN, hot_reads, serve_ours};

/// Each place is a URL of the owner and the name of a role that may sign in and owns nothing: `URL,ROLE`.
pub fn run<'a>(places: impl Iterator<Item = &'a str>) {
    println!("| operation | with the wall, of without (median) | spread | requests/s without |");
    println!("|---|---|---|---|");
    for place in places {
        let (owner, role) = place.split_once(',').expect("URL,ROLE");
        let url = DatabaseUrl::parse(owner).expect("a URL");
        let people = demo::fill(&url, &demo::Options { schools: 520, seed: 285 }, &Clock::System).expect("fills");
        let mut conn = Database::maintenance(&url).expect("opens");
        assert!(grants::give(&mut conn, role).expect("gives") && wall::set(&mut conn, Wall::Up).expect("sets"));
        let theirs = DatabaseUrl::parse(&owner.replacen("//tiendo@", &format!("//{role}@"), 1)).expect("a URL");
        let open = |url, wall| {
            Database::open(&Options { url, read_url: None, connections: 8, slow: Duration::from_mins(1), wall }).expect("opens")
        };
        let (without, with) = (serve_ours(&open(url, Wall::Down)), serve_ours(&open(theirs, Wall::Up)));
        let school = people.iter().find(|person| person.unit.code.starts_with("MN-")).expect("a school").unit.code.clone();
        for who in ["sgd", "pgd"] {
            let person = people.iter().find(|person| person.username.starts_with(who) && person.username.ends_with(".viewer"));
            let person = person.expect("a viewer of each");
            let token = Wire::open(without).sign_in(person);
            for (what, path) in hot_reads(&school).into_iter().filter(|(what, _)| !what.starts_with("conditional")) {
                let asked = request(&path, &format!("Authorization: Bearer {token}\r\n"));
                load(without, &asked, TURN / 2);
                load(with, &asked, TURN / 2);
                let (mut ratios, mut rates) = (Vec::new(), Vec::new());
                for _ in 0..ROUNDS {
                    let (plain, walled) = (load(without, &asked, TURN), load(with, &asked, TURN));
                    ratios.push(walled / plain);
                    rates.push(plain);
                }
                let (ratios, rates) = (Spread::of(ratios), Spread::of(rates));
                println!("| {what}, {} | {:.2} | {} | {:.0} |", person.username, ratios.median(), ratios.ends(), rates.median());
            }
        }
    }
}
