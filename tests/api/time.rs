//! Time: machines that do not agree on it, and how moments are written.

use serde_json::{Value, json};
use tiendo::clock::{Clock, Instant};

use crate::harness::{PASSWORD, START, TestApp};

fn shifted(clock: Clock, seconds: i64) -> Clock {
    let clock = Clock::steered(clock);
    assert!(clock.follow(seconds * 1_000_000));
    clock
}

fn token(app: &TestApp) -> String {
    let signed = app.nobody().post("/api/v1/sessions", &json!({"username": "mn.xem", "password": PASSWORD})).expect(201).json();
    signed["access_token"].as_str().expect("a token").to_owned()
}

fn warnings(app: &TestApp) -> Value {
    app.nobody().get("/health/ready").expect(200).json()["warnings"].clone()
}

/// TM-01: clocks that differ by no more than the leeway make tokens for each other; beyond it a token of the future is refused.
#[test]
fn tokens_hold_on_machines_whose_clocks_differ_a_little() {
    let app = TestApp::start();
    app.admin().user("mn.xem", "SGD", &["viewer"]);
    let at = |seconds: i64| Clock::manual(Instant::parse(START).expect("valid").plus(seconds));
    for (seconds, status) in [(25, 200), (-25, 200), (90, 401)] {
        let other = app.beside_at(at(seconds));
        let (ours, theirs) = (token(&app), token(&other));
        assert_eq!(other.bearer(&ours).get("/api/v1/me").status, 200, "at {seconds}");
        assert_eq!(app.bearer(&theirs).get("/api/v1/me").status, status, "at {seconds}");
    }
}

/// TM-01: an instance whose machine is 90 seconds wrong follows the database: its tokens hold elsewhere, a name that waits waits there as
/// well, and its readiness says that the machine wants looking at.
#[test]
fn an_instance_with_a_wrong_clock_follows_the_database() {
    let app = TestApp::start_at(Clock::System, |_| {});
    let admin = app.admin();
    admin.user("mn.xem", "SGD", &["viewer"]);
    assert_eq!(warnings(&app), json!([]));
    for seconds in [90, -90] {
        let other = app.beside_at(Clock::steered(shifted(Clock::System, seconds)));
        assert_eq!(warnings(&other), json!(["clock"]), "at {seconds}");
        let (ours, theirs) = (token(&app), token(&other));
        for instance in [&app, &other] {
            instance.bearer(&ours).get("/api/v1/me").expect(200);
            instance.bearer(&theirs).get("/api/v1/me").expect(200);
        }
        let wrong = json!({"username": format!("khong.co.{seconds}"), "password": "sai hoàn toàn"});
        for _ in 0..5 {
            app.nobody().post("/api/v1/sessions", &wrong).problem(401, "invalid_credentials");
        }
        let name = format!("name khong.co.{seconds}");
        let until = || {
            use diesel::prelude::*;
            use tiendo::db::schema::sign_in_failures as failures;
            let read = |tx: &mut tiendo::db::Tx<'_>| {
                let query = failures::table.filter(failures::key.eq(&name)).select((failures::failures, failures::blocked_until));
                Ok(query.first::<(i32, Option<Instant>)>(tx.conn)?)
            };
            app.database.write_here(&tiendo::db::Context::system("test", Clock::System.now()), read).expect("reads")
        };
        let before = until();
        other.nobody().post("/api/v1/sessions", &wrong).problem(401, "invalid_credentials");
        assert_eq!((before.0, until()), (5, before), "it waits there as well: nothing was looked at");
    }
}

/// Every text that is a moment or a day, with where it stands.
fn moments(value: &Value, place: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| moments(value, &format!("{place}/{name}"), found)),
        Value::Array(items) => items.iter().for_each(|item| moments(item, place, found)),
        Value::String(text) => {
            let member = place.rsplit('/').next().unwrap_or_default();
            let digits = text.bytes().take(10).filter(u8::is_ascii_digit).count();
            if (member.ends_with("_at") && member != "located_at") || (text.len() > 15 && digits == 8 && text.contains('T')) {
                found.push((place.to_owned(), text.clone()));
            }
        }
        _ => {}
    }
}

/// TM-04: a moment in an answer is RFC 3339 in UTC, with `Z`.
#[test]
fn moments_are_told_in_utc() {
    let app = TestApp::start();
    let admin = crate::values::province(&app);
    admin.user("mn.soan", "MN-DB-001", &["editor"]);
    admin.post("/api/v1/assignments", &json!({"task": "1.03", "unit": "MN-DB-001", "due_on": "2025-06-30"})).expect(201);
    app.db_seal();
    let document = tiendo::app::document().expect("a document");
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        if item["get"].is_object() && !path.contains('{') {
            let reply = admin.get(path);
            if reply.status == 200 && reply.header("content-type").starts_with("application/json") {
                moments(&reply.json(), path, &mut found);
            }
        }
    }
    let places: std::collections::BTreeSet<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
    assert!(places.len() > 20, "{places:?}");
    for (place, text) in &found {
        assert!(text.ends_with('Z') && Instant::parse(text).is_some_and(|moment| moment.rfc3339() == *text), "{place}: {text}");
    }
}
