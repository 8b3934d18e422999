//! `Idempotency-Key`: a repeat changes nothing more and is answered as the first time, whatever happened in between.

use std::io::Write;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value, json};
use tiendo::access::once::Claim;
use tiendo::db::schema::{evidence, idempotency, journal, units};
use tiendo::db::{Conn, Context};

use crate::evidence::{given, stored};
use crate::harness::{Caller, Reply, TestApp};
use crate::process::{Served, agent};
use crate::values::province;

fn keyed(caller: &Caller<'_>, path: &str, key: &str, body: &str) -> Reply {
    caller.send("POST", path, &[("Content-Type", "application/json"), ("Idempotency-Key", key)], Some(body.as_bytes()))
}

/// The same answer, byte for byte; a replay says so.
#[track_caller]
fn same(first: &Reply, again: &Reply) {
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    for name in ["content-type", "etag", "location", "cache-control", "content-security-policy"] {
        assert_eq!(first.headers.get(name), again.headers.get(name), "{name}");
    }
    assert!(!first.headers.contains_key("idempotent-replayed"));
    assert_eq!(again.header("idempotent-replayed"), "true");
}

fn office(code: &str) -> Value {
    json!({"code": code, "kind": "district_office", "type": "district_office", "name": "Phòng Giáo dục và Đào tạo huyện Lạc Thủy", "parent": "SGD"})
}

fn db_count(app: &TestApp, action: &str) -> i64 {
    let context = Context::system("test", app.clock.now());
    let count =
        app.database.write_here(&context, |tx| Ok(journal::table.filter(journal::action.eq(action)).count().get_result(tx.conn)?));
    count.expect("counts")
}

fn db_kept(app: &TestApp) -> i64 {
    let context = Context::system("test", app.clock.now());
    app.database.write_here(&context, |tx| Ok(idempotency::table.count().get_result(tx.conn)?)).expect("counts")
}

/// HT-05: the same key and body is answered as the first time; another body is 422; another's key, and the same for another operation, are
/// other keys; a refusal is not kept.
#[test]
fn a_repeat_is_answered_as_the_first_time() {
    let app = TestApp::start();
    let admin = app.admin();
    let body = office("PGD-LT");
    let first = keyed(&admin, "/api/v1/units", "lan-1", &body.to_string()).expect(201);
    same(&first, &keyed(&admin, "/api/v1/units", "lan-1", &body.to_string()).expect(201));
    // Clients write members in any order and with any spaces.
    let turned: serde_json::Map<String, Value> = body.as_object().expect("an object").clone().into_iter().rev().collect();
    let turned = serde_json::to_string_pretty(&turned).expect("json");
    same(&first, &keyed(&admin, "/api/v1/units", "lan-1", &turned).expect(201));
    assert_eq!((db_count(&app, "unit.create"), db_kept(&app)), (1, 1));

    assert_eq!(keyed(&admin, "/api/v1/units", "lan-1", &office("PGD-KB").to_string()).faults(), ["Idempotency-Key idempotency_key_reused"]);
    admin.get("/api/v1/units/PGD-KB").problem(404, "not_found");
    let other = admin.user("quan.tri.2", "SGD", &["admin"]);
    keyed(&other, "/api/v1/units", "lan-1", &office("PGD-KB").to_string()).expect(201);
    keyed(&admin, "/api/v1/tasks", "lan-1", &json!({"group": "4", "title_vi": "Ngày hội đọc sách", "nature": "one_off"}).to_string())
        .expect(201);

    // A refusal changed nothing and keeps nobody from saying it right.
    let wrong = json!({"code": "PGD-YT", "kind": "district_office", "type": "district_office", "name": "Yên Thủy", "parent": "KHONG-CO"});
    assert_eq!(keyed(&admin, "/api/v1/units", "lan-2", &wrong.to_string()).faults(), ["/parent unknown_reference"]);
    let right = keyed(&admin, "/api/v1/units", "lan-2", &office("PGD-YT").to_string()).expect(201);
    same(&right, &keyed(&admin, "/api/v1/units", "lan-2", &office("PGD-YT").to_string()));

    // Of one operation, on another object, it is another request.
    for (unit, status) in [("PGD-LT", 201), ("PGD-YT", 201)] {
        let body = json!({"task": "1.01", "unit": unit, "due_on": "2025-06-30"}).to_string();
        let work = keyed(&admin, "/api/v1/assignments", unit, &body).expect(status).json();
        let moved =
            keyed(&admin, &format!("/api/v1/assignments/{}/pause", work["id"].as_str().expect("an id")), "nghi", r#"{"reason":"Mưa lũ"}"#);
        if unit == "PGD-LT" {
            moved.expect(200);
        } else {
            assert_eq!(moved.faults(), ["Idempotency-Key idempotency_key_reused"]);
        }
    }
}

/// HT-05: a key is 1 to 255 signs of visible ASCII, given once; where no key is taken it is refused rather than promised.
#[test]
fn what_is_no_key_is_refused() {
    let app = TestApp::start();
    let admin = app.admin();
    let body = office("PGD-LT").to_string();
    for (key, fault) in [("", "bad_format"), ("a b", "bad_format"), ("\u{e9}", "bad_format"), (&"k".repeat(256), "too_long")] {
        assert_eq!(keyed(&admin, "/api/v1/units", key, &body).faults(), [format!("Idempotency-Key {fault}")], "{key}");
    }
    let twice = [("Content-Type", "application/json"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")];
    assert_eq!(admin.send("POST", "/api/v1/units", &twice, Some(body.as_bytes())).faults(), ["Idempotency-Key bad_format"]);
    keyed(&admin, "/api/v1/units", &"!~".repeat(127), &body).expect(201);

    let user = json!({"username": "moi", "full_name": "Người mới", "unit": "SGD", "duties": ["viewer"]}).to_string();
    let signing = app.credentials("quan.tri").to_string();
    let rows = json!({"rows": []}).to_string();
    for (caller, path, body) in [
        (&app.nobody(), "/api/v1/sessions", &signing),
        (&admin, "/api/v1/users", &user),
        (&admin, "/api/v1/indicator-values/validate", &rows),
    ] {
        let faults = keyed(caller, path, "lan-1", body).faults();
        assert!(faults.contains(&"Idempotency-Key idempotency_not_supported".to_owned()), "{path}: {faults:?}");
    }
    assert_eq!(
        admin.send("GET", "/api/v1/units", &[("Idempotency-Key", "lan-1")], None).faults(),
        ["Idempotency-Key idempotency_not_supported"]
    );
}

/// HT-05: after 24 hours the key is new, swept or not.
#[test]
fn a_key_expires() {
    let app = TestApp::start();
    let admin = province(&app);
    let work = given(&admin, "MN-DB-001");
    admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let path = format!("/api/v1/assignments/{work}/updates");
    let tell = || keyed(&app.sign_in("mn.soan"), &path, "lan-1", r#"{"percent":10,"text":"Đã bắt đầu"}"#).expect(201).json()["id"].clone();
    let first = tell();
    app.clock.advance(24 * 3600 - 1);
    assert_eq!(tell(), first);
    app.clock.advance(1);
    let second = tell();
    assert_ne!(second, first);
    assert_eq!(tell(), second);
    app.run(async |jobs| jobs.forget_answers().await);
    assert_eq!(db_kept(&app), 1);
    app.clock.advance(24 * 3600);
    app.run(async |jobs| jobs.forget_answers().await);
    assert_eq!(db_kept(&app), 0);
    let told = app.sign_in("mn.soan").get(&path).expect(200).json();
    assert_eq!(told["data"].as_array().map(Vec::len), Some(2));
}

/// HT-05: a file under a key is put once; a repeat stores no second, and another file is another request.
#[test]
fn an_upload_is_done_once() {
    let app = TestApp::start();
    let admin = province(&app);
    let school = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let path = format!("/api/v1/assignments/{}/evidence", given(&admin, "MN-DB-001"));
    let put = |bytes: &str, cut: &str| {
        let body =
            format!("--{cut}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"Biên bản.pdf\"\r\n\r\n{bytes}\r\n--{cut}--\r\n");
        let media = format!("multipart/form-data; boundary={cut}");
        school.send("POST", &path, &[("Content-Type", &media), ("Idempotency-Key", "tep-1")], Some(body.as_bytes()))
    };
    let first = put("%PDF-1.7 biên bản", "mot").expect(201);
    same(&first, &put("%PDF-1.7 biên bản", "hai").expect(201));
    assert_eq!(put("%PDF-1.7 khác", "mot").faults(), ["Idempotency-Key idempotency_key_reused"]);
    let context = Context::system("test", app.clock.now());
    let rows: i64 = app.database.write_here(&context, |tx| Ok(evidence::table.count().get_result(tx.conn)?)).expect("counts");
    assert_eq!((rows, stored(&app)), (1, 1));
}

/// HT-05: a call of many transactions is one under a key, and what it refuses row by row leaves nothing.
#[test]
fn a_bulk_decision_is_done_once() {
    let app = TestApp::start();
    let admin = province(&app);
    let form = json!({"code": "F-1", "title_vi": "Mẫu", "title_en": "Form", "sections": [], "indicators": []});
    admin.post("/api/v1/report-forms", &form).expect(201);
    let round = json!({"code": "R-1", "title_vi": "Đợt", "title_en": "Round", "period": "2025-Q1", "form": "F-1", "owes": {"within": "SGD"}, "due_on": {}});
    admin.post("/api/v1/reporting-rounds", &round).expect(201);
    admin.post("/api/v1/reporting-rounds/R-1/open", &json!({})).expect(200);
    let school = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let decider = admin.user("db.duyet", "PGD-DB", &["approver"]);
    let report = school.post("/api/v1/reports", &json!({"round": "R-1", "unit": "MN-DB-001"})).expect(201).json();
    let id = report["id"].as_str().expect("an id");
    school.post(&format!("/api/v1/reports/{id}/submit"), &json!({})).expect(200);
    let absent = "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20";
    let body = json!({"action": "accept", "items": [{"id": absent}, {"id": id}, {"id": id}]}).to_string();
    let first = keyed(&decider, "/api/v1/reports/bulk", "duyet", &body).expect(200);
    assert_eq!(first.json()["summary"], json!({"accepted": 1, "returned": 0, "refused": 2}));
    same(&first, &keyed(&decider, "/api/v1/reports/bulk", "duyet", &body).expect(200));
    assert_eq!(
        keyed(&decider, "/api/v1/reports/bulk", "duyet", &body.replace("accept", "return")).faults(),
        ["Idempotency-Key idempotency_key_reused"]
    );
    assert_eq!(db_count(&app, "report.accept"), 1);
    assert_eq!(decider.get(&format!("/api/v1/reports/{id}")).expect(200).json()["status"], "accepted");
}

/// HT-05: twenty at once, on two instances, are one change; each is answered alike or told that the first is at work.
#[test]
fn many_at_once_are_one() {
    let app = TestApp::start();
    let beside = app.beside();
    let admin = app.admin();
    let token = admin.token.clone().expect("a token");
    let body = office("PGD-LT").to_string();
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..20)
            .map(|number| {
                let (on, token, body) = (if number % 2 == 0 { &app } else { &beside }, &token, &body);
                scope.spawn(move || keyed(&on.bearer(token), "/api/v1/units", "lan-1", body))
            })
            .collect();
        sent.into_iter().map(|sent| sent.join().expect("answers")).collect()
    });
    let made: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert_eq!(made.iter().filter(|reply| !reply.headers.contains_key("idempotent-replayed")).count(), 1);
    assert!(made.iter().all(|reply| reply.body == made[0].body));
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!((reply.status, &reply.json()["code"], reply.header("retry-after").as_str()), (409, &json!("request_in_progress"), "1"));
    }
    assert_eq!(db_count(&app, "unit.create"), 1);
}

/// HT-05: a repeat while the first is at work waits two seconds for it and is then told 409 with `Retry-After`.
#[test]
fn a_repeat_waits_for_the_first() {
    let app = TestApp::start();
    let admin = app.admin();
    let me = admin.get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").parse().expect("an id");
    let claim = Claim { caller: me, operation: "create_unit".to_owned(), key: "lan-1".to_owned() };
    let body = office("PGD-LT").to_string();
    let mut conn = crate::harness::open(&app.url());
    let refused = std::thread::scope(|scope| {
        match &mut conn {
            // Another instance is at work under the key.
            Conn::Pg(pg) => {
                diesel::sql_query("BEGIN").execute(pg).expect("begins");
                let row = (
                    idempotency::caller.eq(claim.caller),
                    idempotency::operation.eq(&claim.operation),
                    idempotency::key.eq(&claim.key),
                    idempotency::fingerprint.eq(vec![0_u8]),
                    idempotency::expires_at.eq(app.clock.now().plus(60)),
                );
                diesel::insert_into(idempotency::table).values(row).execute(pg).expect("claims");
            }
            // This instance is, kept waiting by somebody who writes.
            Conn::Lite(lite) => {
                diesel::sql_query("BEGIN IMMEDIATE").execute(lite).expect("begins");
                let (admin, body) = (admin.clone(), body.clone());
                scope.spawn(move || keyed(&admin, "/api/v1/units", "lan-1", &body).expect(201));
                std::thread::sleep(Duration::from_millis(300));
            }
        }
        let refused = keyed(&admin, "/api/v1/units", "lan-1", &body);
        match &mut conn {
            Conn::Pg(pg) => diesel::sql_query("ROLLBACK").execute(pg).expect("ends"),
            Conn::Lite(lite) => diesel::sql_query("ROLLBACK").execute(lite).expect("ends"),
        };
        refused
    });
    assert_eq!(refused.header("retry-after"), "1");
    refused.problem(409, "request_in_progress");
    keyed(&admin, "/api/v1/units", "lan-1", &body).expect(201);
    assert_eq!(db_count(&app, "unit.create"), 1);
}

/// HT-05: who waits for the first gets its answer.
#[test]
fn a_repeat_that_waited_is_answered_as_the_first() {
    let app = TestApp::start();
    let admin = app.admin();
    let body = office("PGD-LT").to_string();
    let mut conn = crate::harness::open(&app.url());
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        match &mut conn {
            Conn::Pg(pg) => pg.batch_execute("BEGIN; LOCK TABLE units IN EXCLUSIVE MODE"),
            Conn::Lite(lite) => diesel::sql_query("BEGIN IMMEDIATE").execute(lite).map(drop),
        }
        .expect("holds");
        let sent: Vec<_> = (0..3)
            .map(|_| {
                let (admin, body) = (admin.clone(), body.clone());
                scope.spawn(move || keyed(&admin, "/api/v1/units", "lan-1", &body))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(500));
        match &mut conn {
            Conn::Pg(pg) => diesel::sql_query("ROLLBACK").execute(pg).map(drop),
            Conn::Lite(lite) => diesel::sql_query("ROLLBACK").execute(lite).map(drop),
        }
        .expect("lets go");
        sent.into_iter().map(|sent| sent.join().expect("answers").expect(201)).collect()
    });
    assert!(replies.iter().all(|reply| reply.body == replies[0].body));
    assert_eq!(replies.iter().filter(|reply| reply.headers.contains_key("idempotent-replayed")).count(), 2);
}

/// HT-07: the change is committed, the server killed, and nobody has read the answer: the repeat gets it, and there is one row. The window
/// between commit and answer itself is hit by `crash.rs`.
#[test]
fn a_kill_before_the_answer_is_read_loses_nothing() {
    let app = TestApp::start();
    app.admin();
    let files = format!("file:{}", app.files.display());
    let mut served = Served::start(&app.url(), &files);
    let sign_in = app.credentials("quan.tri").to_string();
    let post = |base: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        let mut request = agent().post(format!("{base}{path}")).header("Content-Type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send(body.as_bytes()).expect("answers")
    };
    let signed: Value = post(&served.base, "/api/v1/sessions", &[], &sign_in).body_mut().read_json().expect("json");
    let bearer = format!("Bearer {}", signed["access_token"].as_str().expect("a token"));
    let body = office("PGD-LT").to_string();
    let mut socket = std::net::TcpStream::connect(served.address()).expect("connects");
    write!(
        socket,
        "POST /api/v1/units HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer}\r\nContent-Type: application/json\r\nIdempotency-Key: lan-1\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("sends");
    let context = Context::system("test", app.clock.now());
    let kept = || -> Option<Vec<u8>> {
        let row = app.database.write_here(&context, |tx| Ok(idempotency::table.select(idempotency::body).first(tx.conn).optional()?));
        row.expect("reads").flatten()
    };
    while kept().is_none() {
        std::thread::sleep(Duration::from_millis(5));
    }
    served.kill();
    drop(socket);
    let served = Served::start(&app.url(), &files);
    let mut again = post(&served.base, "/api/v1/units", &[("Authorization", &bearer), ("Idempotency-Key", "lan-1")], &body);
    assert_eq!((again.status().as_u16(), again.headers()["idempotent-replayed"].to_str().ok()), (201, Some("true")));
    assert_eq!(again.body_mut().read_to_vec().ok(), kept());
    let made: i64 = app
        .database
        .write_here(&context, |tx| Ok(units::table.filter(units::code.eq("PGD-LT")).count().get_result(tx.conn)?))
        .expect("counts");
    assert_eq!((made, db_count(&app, "unit.create")), (1, 1));
}
