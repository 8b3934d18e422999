//! How much is let in: quotas, proxies, places, and a database that does not answer.

use std::thread::JoinHandle;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use futures_util::future::{join, join_all};
use serde_json::json;
use tiendo::db::{Conn, Context};
use tiendo::error::Code;

use crate::harness::{Caller, PASSWORD, Reply, TestApp};

/// How many of these passed; each of the others was told when to come back.
fn passed(replies: impl IntoIterator<Item = Reply>) -> usize {
    let passed = |reply: Reply| {
        if reply.status == 429 {
            assert!(reply.header("retry-after").parse::<u32>().expect("seconds") > 0);
            assert!(reply.header("ratelimit").contains(";r=0;t="), "{}", reply.header("ratelimit"));
            let _ = reply.problem(429, "rate_limited");
            return false;
        }
        true
    };
    replies.into_iter().map(passed).filter(|passed| *passed).count()
}

/// RL-02: two instances that each let half of it pass let the whole quota of a person pass, whichever is asked.
#[test]
fn a_person_has_one_quota_on_all_instances() {
    let app = TestApp::start_with(|settings| (settings.load.person_quota, settings.load.instances) = (40, 2));
    let other = app.beside_with(|settings| (settings.load.person_quota, settings.load.instances) = (40, 2));
    let admin = app.admin();
    let (one, another) = (admin.user("nguoi.nay", "SGD", &["viewer"]), admin.user("nguoi.khac", "SGD", &["viewer"]));
    let beside = Caller { app: &other, token: one.token.clone() };
    let first = one.get("/api/v1/me").expect(200);
    assert_eq!(first.header("ratelimit-policy"), "\"person\";q=20;w=60");
    assert_eq!(first.header("ratelimit"), "\"person\";r=19;t=3");
    let ask = |turn: usize| if turn.is_multiple_of(2) { one.get("/api/v1/me") } else { beside.get("/api/v1/me") };
    let passed_in_all = 1 + passed((0..100).map(ask));
    assert!((36..=44).contains(&passed_in_all), "{passed_in_all} of a quota of 40 passed");
    // Another person has his own; and a minute later all is as before.
    another.get("/api/v1/me").expect(200);
    app.clock.advance(60);
    one.get("/api/v1/me").expect(200);
}

/// RL-02, RL-03: nobody has the quota of his network, whatever he says of himself; who is signed in has his own; health has none.
#[test]
fn nobody_has_the_quota_of_his_network() {
    let app = TestApp::start_with(|settings| settings.load.network_quota = 20);
    let admin = app.admin();
    let ask = |number: usize| {
        let (forwarded, other) = (format!("203.0.113.{number}"), format!("for=203.0.113.{number}"));
        app.nobody().send("GET", "/api/v1/units", &[("X-Forwarded-For", &forwarded), ("Forwarded", &other)], None)
    };
    // Two were used to bootstrap and to sign in.
    assert_eq!(passed((0..30).map(ask)), 18);
    app.bearer("nonsense").get("/api/v1/units").problem(429, "rate_limited");
    admin.get("/api/v1/me").expect(200);
    let live = app.nobody().get("/health/live").expect(200);
    assert_eq!(live.header("ratelimit"), "\"network\";r=20;t=0");
}

/// RL-03: behind a trusted proxy the last hop that is none counts, an IPv6 one by its /64, and it is the one that is on record.
#[test]
fn behind_a_trusted_proxy_the_client_counts() {
    let app = TestApp::start_with(|settings| {
        settings.load.network_quota = 10;
        settings.load.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network"), "10.0.0.0/8".parse().expect("a network")];
    });
    let _ = app.admin().user("chuyen.vien", "SGD", &["viewer"]);
    let ask = |forwarded: String| app.nobody().send("GET", "/api/v1/units", &[("X-Forwarded-For", &forwarded)], None);
    assert_eq!(passed((0..20).map(|number| ask(format!("1.1.1.{number}, 2.2.2.2, 3.3.3.{number}, 198.51.100.7, 10.0.0.{number}")))), 10);
    assert_eq!(passed((0..20).map(|number| ask(format!("2001:db8:1:2:{number:x}::{number:x}")))), 10);
    assert_eq!(passed((0..20).map(|number| ask(format!("198.51.101.{number}")))), 20);
    let body = json!({"username": "chuyen.vien", "password": PASSWORD}).to_string();
    let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", "198.51.102.1, 10.0.0.1")];
    let token = app.nobody().send("POST", "/api/v1/sessions", &headers, Some(body.as_bytes())).expect(201).json()["access_token"].clone();
    let sessions = app.bearer(token.as_str().expect("a token")).get("/api/v1/sessions").expect(200).json();
    let ips: Vec<&str> = sessions["data"].as_array().expect("rows").iter().filter_map(|row| row["ip"].as_str()).collect();
    assert!(ips.contains(&"198.51.102.1") && ips.contains(&"127.0.0.1"), "{ips:?}");
}

/// RL-03: guesses of passwords are counted by the same network, on every instance.
#[test]
fn guesses_from_one_network_are_one_guesser() {
    let proxy = vec!["127.0.0.1/32".parse().expect("a network")];
    let app = TestApp::start_with(|settings| settings.load.trusted_proxies.clone_from(&proxy));
    let other = app.beside_with(|settings| settings.load.trusted_proxies.clone_from(&proxy));
    let guess = |number: usize| {
        let body = json!({"username": format!("ten.{number}"), "password": PASSWORD}).to_string();
        let address = format!("2001:db8:7:7::{number:x}");
        let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", address.as_str())];
        let app = if number.is_multiple_of(2) { &app } else { &other };
        app.nobody().send("POST", "/api/v1/sessions", &headers, Some(body.as_bytes()))
    };
    for number in 0..30 {
        let _ = guess(number).problem(401, "invalid_credentials");
    }
    let refused = guess(31);
    assert!(refused.headers.contains_key("retry-after"));
    let _ = refused.problem(429, "rate_limited");
}

/// Every connection to the database is busy for so long.
fn hold(app: &TestApp, time: Duration) -> JoinHandle<()> {
    let (readers, writers) = if std::env::var("TEST_DATABASE_URL").is_ok() { (2, 2) } else { (4, 1) };
    let (database, context) = (app.database.clone(), Context::system("test", app.clock.now()));
    let (send, receive) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let reading = (0..readers).map(|_| {
                let send = send.clone();
                database.read(context.clone(), move |_| {
                    send.send(()).expect("somebody waits");
                    std::thread::sleep(time);
                    Ok(())
                })
            });
            let writing = (0..writers).map(|_| {
                let send = send.clone();
                database.write(context.clone(), move |_| {
                    send.send(()).expect("somebody waits");
                    std::thread::sleep(time);
                    Ok(())
                })
            });
            let (read, written) = join(join_all(reading), join_all(writing)).await;
            assert!(read.iter().chain(&written).all(Result::is_ok));
        });
    });
    for _ in 0..readers + writers {
        receive.recv().expect("holds");
    }
    thread
}

/// RL-04: of fifty heavy requests of one person at once two are at work and the others are turned away; another person gets his.
#[test]
fn heavy_work_of_one_person_leaves_room_for_others() {
    let app = TestApp::start();
    let admin = app.admin();
    let other = admin.user("chuyen.vien", "SGD", &["editor"]);
    let body = json!({"task": "1.01", "selector": {"within": "SGD"}, "due_on": "2025-12-31", "dry_run": true});
    admin.get("/api/v1/me").expect(200);
    other.get("/api/v1/me").expect(200);
    let held = hold(&app, Duration::from_millis(1500));
    let (mut done, mut turned_away) = (0, 0);
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..50).map(|_| scope.spawn(|| admin.post("/api/v1/assignments/bulk", &body))).collect();
        for reply in asked {
            let reply = reply.join().expect("asks");
            match reply.status {
                200 => done += 1,
                429 => {
                    turned_away += 1;
                    assert_eq!(reply.header("retry-after"), "1");
                }
                status => panic!("answered {status}: {}", String::from_utf8_lossy(&reply.body)),
            }
        }
    });
    held.join().expect("let go");
    assert_eq!((done, turned_away), (2, 48));
    let held = hold(&app, Duration::from_millis(1500));
    std::thread::scope(|scope| {
        let own: Vec<_> = (0..10).map(|_| scope.spawn(|| admin.post("/api/v1/assignments/bulk", &body).status)).collect();
        other.post("/api/v1/assignments/bulk", &body).expect(200);
        let statuses: Vec<u16> = own.into_iter().map(|status| status.join().expect("asks")).collect();
        assert!(statuses.iter().all(|status| matches!(status, 200 | 429)), "{statuses:?}");
    });
    held.join().expect("let go");
    admin.post("/api/v1/assignments/bulk", &body).expect(200);
}

/// RL-06: while no connection comes free requests and readiness are told so within the wait, life goes on, and all is well by itself after.
#[test]
fn a_database_without_a_free_connection_is_told_and_gets_over_it() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.get("/api/v1/units").expect(200);
    let held = hold(&app, Duration::from_secs(4));
    std::thread::scope(|scope| {
        let ready = scope.spawn(|| app.nobody().get("/health/ready"));
        let reply = admin.get("/api/v1/units");
        assert!(reply.headers.contains_key("retry-after"));
        let _ = reply.problem(503, "unavailable");
        let _ = ready.join().expect("asks").problem(503, "unavailable");
        app.nobody().get("/health/live").expect(200);
    });
    held.join().expect("let go");
    app.nobody().get("/health/ready").expect(200);
    admin.get("/api/v1/units").expect(200);
}

/// RL-06: requests above the places are turned away at once, and health is not.
#[test]
fn above_its_places_the_service_turns_away_at_once() {
    let app = TestApp::start_with(|settings| settings.load.max_requests = 16);
    let admin = app.admin();
    admin.get("/api/v1/units").expect(200);
    let held = hold(&app, Duration::from_millis(1500));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..40).map(|_| scope.spawn(|| admin.get("/api/v1/units"))).collect();
        app.nobody().get("/health/live").expect(200);
        asked
            .into_iter()
            .map(|reply| {
                let reply = reply.join().expect("asks");
                assert!(reply.status == 200 || reply.headers.contains_key("retry-after"));
                reply.status
            })
            .collect()
    });
    held.join().expect("let go");
    let of = |status: u16| statuses.iter().filter(|given| **given == status).count();
    assert_eq!((of(200), of(503)), (14, 26), "two of the sixteen places are kept for signing in");
}

/// RL-07: a statement that waits or works longer than it may is broken off with 503, and the connection serves the next.
#[test]
fn what_takes_too_long_is_broken_off() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.unit("MN-DB-001", "school", "preschool", "Trường Mầm non Tu Lý", "SGD");
    let rename = || admin.patch("/api/v1/units/MN-DB-001", "*", &json!({"short_name": "MN Tu Lý"}));
    let mut other = app.db_open();
    let lock = if let Conn::Pg(_) = other { "BEGIN; LOCK TABLE units IN ACCESS EXCLUSIVE MODE" } else { "BEGIN IMMEDIATE" };
    other.batch_execute(lock).expect("locks");
    let reply = rename();
    assert!(reply.headers.contains_key("retry-after"));
    let _ = reply.problem(503, "unavailable");
    other.batch_execute("ROLLBACK").expect("lets go");
    rename().expect(200);
    let (database, context) = (app.database.clone(), Context::system("test", app.clock.now()));
    let slow = actix_web::rt::System::new().block_on(database.read(context, |db| match &mut *db.conn {
        Conn::Pg(pg) => Ok(pg.batch_execute("SELECT pg_sleep(8)")?),
        // SQLite breaks nothing off by itself: what loops asks whether anybody waits (`Db::is_awaited`).
        Conn::Lite(_) => Err(tiendo::error::Error::unavailable("no statement here is slow")),
    }));
    assert_eq!(slow.expect_err("too slow").code(), Code::Unavailable);
    for _ in 0..4 {
        admin.get("/api/v1/units").expect(200);
    }
}

/// RL-05: heads that are too large are refused while they are read, bodies before; the connection is closed.
#[test]
fn what_is_too_large_is_not_read() {
    let app = TestApp::start_with(|settings| settings.body_limit = 2000);
    let long = "x".repeat(200 * 1024);
    let many = (0..120).map(|number| format!("X-{number}: 1\r\n")).collect::<Vec<_>>().concat();
    let path = "x".repeat(70 * 1024);
    for (head, status) in [
        (format!("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n"), "431"),
        (format!("GET /health/live HTTP/1.1\r\nHost: x\r\n{many}\r\n"), "431"),
        (format!("GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n"), "400"),
    ] {
        let answer = app.raw(head.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{}", answer.get(..60).unwrap_or(&answer));
    }
    let head = "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n";
    let answer = app.raw(format!("{head}Expect: 100-continue\r\n\r\n").as_bytes());
    let answer = answer.trim_start_matches("HTTP/1.1 100 Continue\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("too_large"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
}
