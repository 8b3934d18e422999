//! Sessions on two instances: refresh tokens that race, are reused, end and expire.

use diesel::prelude::*;
use serde_json::{Value, json};
use tiendo::db::Context;
use tiendo::db::schema::{invitations, journal, refresh_tokens, sessions};

use crate::harness::{PASSWORD, Reply, TestApp};

fn sign_in(app: &TestApp, client: &str) -> Value {
    let body = json!({"username": "mn.hoa", "password": PASSWORD, "client": client});
    app.nobody().post("/api/v1/sessions", &body).expect(201).json()
}

fn refresh(app: &TestApp, token: &Value) -> Reply {
    app.nobody().post("/api/v1/sessions/refresh", &json!({"refresh_token": token}))
}

fn whoami(app: &TestApp, tokens: &Value) -> u16 {
    app.bearer(tokens["access_token"].as_str().expect("a token")).get("/api/v1/me").status
}

/// How many refresh tokens were made, how many of them are unused, and how often a reuse stands in the journal.
fn db_counts(app: &TestApp) -> [i64; 3] {
    let context = Context::system("test", app.clock.now());
    let count = |tx: &mut tiendo::db::Tx<'_>| {
        let all = refresh_tokens::table.count().get_result(tx.conn)?;
        let unused = refresh_tokens::table.filter(refresh_tokens::used_at.is_null()).count().get_result(tx.conn)?;
        let reuses = journal::table.filter(journal::action.eq("session.reuse")).count().get_result(tx.conn)?;
        Ok([all, unused, reuses])
    };
    app.database.write_here(&context, count).expect("counts")
}

/// SE-01: a refresh token that comes back after the grace ends the whole family, on every instance, and stands in the journal.
#[test]
fn a_token_that_comes_back_ends_the_family() {
    let app = TestApp::start();
    app.admin().user("mn.hoa", "SGD", &["viewer"]);
    let other = app.beside();
    let first = sign_in(&app, "web");
    let second = refresh(&app, &first["refresh_token"]).expect(200).json();
    let third = refresh(&other, &second["refresh_token"]).expect(200).json();
    assert_eq!((whoami(&app, &third), whoami(&other, &third)), (200, 200));
    app.clock.advance(11);
    refresh(&other, &first["refresh_token"]).problem(401, "invalid_refresh_token");
    app.clock.advance(1);
    for instance in [&app, &other] {
        assert_eq!(whoami(instance, &third), 401);
        refresh(instance, &third["refresh_token"]).problem(401, "invalid_refresh_token");
    }
    assert_eq!(db_counts(&app)[2], 1, "one reuse: of a family that has ended nothing more is told");
}

/// SE-01: the grace reaches only the token immediately before: its grandparent ends the family at once.
#[test]
fn the_grace_does_not_reach_a_grandparent() {
    let app = TestApp::start();
    app.admin().user("mn.hoa", "SGD", &["viewer"]);
    let first = sign_in(&app, "web");
    let second = refresh(&app, &first["refresh_token"]).expect(200).json();
    let third = refresh(&app, &second["refresh_token"]).expect(200).json();
    refresh(&app, &first["refresh_token"]).problem(401, "invalid_refresh_token");
    refresh(&app, &third["refresh_token"]).problem(401, "invalid_refresh_token");
}

/// SE-02: fifty refreshes of one token at once over two instances make one successor.
#[test]
fn fifty_refreshes_at_once_make_one_successor() {
    let app = TestApp::start();
    app.admin().user("mn.hoa", "SGD", &["viewer"]);
    let other = app.beside();
    let first = sign_in(&app, "web");
    let before = db_counts(&app);
    let answers: Vec<(u16, Value)> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..50)
            .map(|number| {
                let (instance, token) = (if number % 2 == 0 { &app } else { &other }, &first["refresh_token"]);
                scope.spawn(move || {
                    let reply = refresh(instance, token);
                    (reply.status, reply.json()["refresh_token"].clone())
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().expect("answers")).collect()
    });
    assert!(answers.iter().all(|(status, _)| [200, 503].contains(status)), "{answers:?}");
    let successors: std::collections::BTreeSet<String> =
        answers.iter().filter(|(status, _)| *status == 200).map(|(_, token)| token.to_string()).collect();
    assert_eq!(successors.len(), 1);
    let after = db_counts(&app);
    assert_eq!((after[0] - before[0], after[1], after[2]), (1, before[1], 0), "one more, one of the family unused, no reuse");
}

/// SE-03: an answer that was lost costs nothing: within ten seconds the same token answers the same successor, on another instance too.
#[test]
fn a_lost_answer_is_given_again() {
    let app = TestApp::start();
    app.admin().user("mn.hoa", "SGD", &["viewer"]);
    let other = app.beside();
    let first = sign_in(&app, "mobile");
    let second = refresh(&app, &first["refresh_token"]).expect(200).json();
    app.clock.advance(9);
    let again = refresh(&other, &first["refresh_token"]).expect(200).json();
    assert_eq!(second["refresh_token"], again["refresh_token"]);
    assert_eq!(whoami(&app, &again), 200);
    refresh(&other, &again["refresh_token"]).expect(200);
    assert_eq!(db_counts(&app)[2], 0);
}

/// SE-06: who signs out is out within a second on every instance, with both tokens.
#[test]
fn signing_out_holds_on_every_instance() {
    let app = TestApp::start();
    app.admin().user("mn.hoa", "SGD", &["viewer"]);
    let other = app.beside();
    let tokens = sign_in(&app, "web");
    assert_eq!((whoami(&app, &tokens), whoami(&other, &tokens)), (200, 200));
    app.bearer(tokens["access_token"].as_str().expect("a token")).delete("/api/v1/sessions/current").expect(204);
    assert_eq!(whoami(&app, &tokens), 401, "at once where it was ended");
    app.clock.advance(1);
    assert_eq!(whoami(&other, &tokens), 401);
    refresh(&other, &tokens["refresh_token"]).problem(401, "invalid_refresh_token");
}

/// ASVS 14.2.4: a session and a link are gone thirty days after their end, with address and device; those that go on stay, whatever their age, and so
/// does the journal.
#[test]
fn what_ended_long_ago_is_forgotten() {
    const DAY: i64 = 86_400;
    let app = TestApp::start();
    let admin = app.admin();
    admin.user("mn.hoa", "SGD", &["viewer"]);
    let invited = json!({"username": "mn.moi", "full_name": "Người mới", "unit": "SGD", "duties": ["viewer"]});
    admin.post("/api/v1/users", &invited).expect(201);
    // One on our own pages, and a front end's that came of a code.
    crate::front_ends::let_in(&app, &admin, "mn.hoa");
    let kept = || {
        let count = |tx: &mut tiendo::db::Tx<'_>| {
            let sessions = sessions::table.count().get_result::<i64>(tx.conn)?;
            let links = invitations::table.count().get_result::<i64>(tx.conn)?;
            let entries = journal::table.count().get_result::<i64>(tx.conn)?;
            Ok((sessions, refresh_tokens::table.count().get_result::<i64>(tx.conn)?, links, entries))
        };
        app.database.write_here(&Context::system("test", app.clock.now()), count).expect("counts")
    };
    let swept = || {
        let before = kept().3;
        app.run(async |jobs| jobs.forget_ended().await);
        let (sessions, tokens, links, entries) = kept();
        assert_eq!(entries, before);
        (sessions, tokens, links)
    };
    let mut lasting = sign_in(&app, "mobile");
    for _ in 0..3 {
        app.clock.advance(9 * DAY);
        lasting = refresh(&app, &lasting["refresh_token"]).expect(200).json();
    }
    app.clock.advance(3 * DAY - 10);
    assert_eq!(swept(), (5, 3 + 4, 3), "two browsers, one on our pages, the front end, the app with its spent tokens, and all links");
    app.clock.advance(DAY);
    assert_eq!(swept(), (1, 4, 1), "the app's, which ended this very day, and the link that nobody took up");
    refresh(&app, &lasting["refresh_token"]).problem(401, "invalid_refresh_token");
    app.clock.advance(30 * DAY);
    assert_eq!(swept(), (0, 0, 0));
}

/// SE-08: a session ends when nobody comes, and at its absolute end however steadily it is refreshed.
#[test]
fn a_session_ends_idle_and_at_last_whatever_comes() {
    let app = TestApp::start();
    app.admin().user("mn.hoa", "SGD", &["viewer"]);
    // Idle and absolute, in seconds: web 8 h and 24 h, mobile 14 d and 30 d.
    for (client, idle, absolute) in [("web", 8 * 3600_i64, 24 * 3600_i64), ("mobile", 14 * 86_400, 30 * 86_400)] {
        let mut late = sign_in(&app, client);
        app.clock.advance(idle - 1);
        late = refresh(&app, &late["refresh_token"]).expect(200).json();
        app.clock.advance(idle);
        refresh(&app, &late["refresh_token"]).problem(401, "invalid_refresh_token");
        let mut steady = sign_in(&app, client);
        let began = app.clock.now().unix();
        let step = idle / 2;
        while app.clock.now().unix() + step < began + absolute {
            app.clock.advance(step);
            steady = refresh(&app, &steady["refresh_token"]).expect(200).json();
        }
        app.clock.advance(began + absolute - 1 - app.clock.now().unix());
        steady = refresh(&app, &steady["refresh_token"]).expect(200).json();
        assert_eq!(whoami(&app, &steady), 200);
        app.clock.advance(1);
        refresh(&app, &steady["refresh_token"]).problem(401, "invalid_refresh_token");
        assert_eq!(whoami(&app, &steady), 401, "its access token ends with it");
    }
}
