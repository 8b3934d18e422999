//! Accounts: passwords, wrong ones, resets and changes.

use serde_json::json;

use crate::harness::{PASSWORD, TestApp};

const OTHER: &str = "Một mật khẩu khác hẳn, đủ dài";

fn sign_in(app: &TestApp, username: &str, password: &str) -> u16 {
    app.nobody().post("/api/v1/sessions", &json!({"username": username, "password": password})).status
}

/// AU-06: five wrong ones, then even the right one waits, twice as long each time; a right one begins anew. AU-09: who has a session
/// keeps it meanwhile.
#[test]
fn wrong_passwords_make_a_name_wait_and_nobody_who_is_in() {
    let app = TestApp::start();
    let admin = app.admin();
    let user = admin.user("mn.hoa", "SGD", &["viewer"]);
    for _ in 0..5 {
        assert_eq!(sign_in(&app, "mn.hoa", "sai hoàn toàn"), 401);
    }
    let waiting =
        app.nobody().post("/api/v1/sessions", &json!({"username": "mn.hoa", "password": PASSWORD})).problem(401, "invalid_credentials");
    let wrong =
        app.nobody().post("/api/v1/sessions", &json!({"username": "khong.co", "password": PASSWORD})).problem(401, "invalid_credentials");
    let bare = |mut problem: serde_json::Value| {
        problem.as_object_mut().expect("an object").remove("request_id");
        problem
    };
    assert_eq!(bare(waiting), bare(wrong), "nothing tells them apart");
    user.get("/api/v1/me").expect(200);
    app.clock.advance(29);
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 401);
    app.clock.advance(2);
    assert_eq!(sign_in(&app, "mn.hoa", "sai hoàn toàn"), 401);
    app.clock.advance(31);
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 401, "a minute now");
    app.clock.advance(30);
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 201);
    for _ in 0..4 {
        assert_eq!(sign_in(&app, "mn.hoa", "sai hoàn toàn"), 401);
    }
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 201, "it began anew");
}

/// AU-07: a burst is counted exactly: of twenty wrong ones at once no more are looked at than are free.
#[test]
fn a_burst_of_guesses_is_counted_before_they_are_looked_at() {
    let app = TestApp::start();
    app.admin().user("mn.hoa", "SGD", &["viewer"]);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..20).map(|_| scope.spawn(|| sign_in(&app, "mn.hoa", "sai hoàn toàn"))).collect();
        tries.into_iter().map(|one| one.join().expect("answers")).collect()
    });
    assert!(statuses.iter().all(|status| [401, 503].contains(status)), "{statuses:?}");
    let context = tiendo::db::Context::system("test", app.clock.now());
    let counted = app.database.write_here(&context, |tx| {
        use diesel::prelude::*;
        use tiendo::db::schema::sign_in_failures as failures;
        Ok(failures::table.filter(failures::key.eq("name mn.hoa")).select(failures::failures).first::<i32>(tx.conn)?)
    });
    assert_eq!(counted.expect("counted"), 5);
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 401, "it waits");
}

/// AU-08: one address that is wrong for many names is slowed down; the names are not.
#[test]
fn an_address_that_is_wrong_for_many_names_is_slowed_down() {
    let app = TestApp::start();
    let user = app.admin().user("mn.hoa", "SGD", &["viewer"]);
    for number in 0..30 {
        assert_eq!(sign_in(&app, &format!("khong.co.{number}"), "sai hoàn toàn"), 401);
    }
    let reply = app.nobody().post("/api/v1/sessions", &json!({"username": "mn.hoa", "password": PASSWORD}));
    let seconds: i64 = reply.header("retry-after").parse().expect("seconds");
    assert!((1..=601).contains(&seconds), "{seconds}");
    reply.problem(429, "rate_limited");
    user.get("/api/v1/me").expect(200);
    app.clock.advance(601);
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 201);
}

/// AU-13: the present password is asked, wrong ones count, and every other session ends. The last ten are not taken again.
#[test]
fn a_changed_password_ends_other_sessions_and_old_ones_are_not_taken_again() {
    let app = TestApp::start();
    let admin = app.admin();
    let user = admin.user("mn.hoa", "SGD", &["viewer"]);
    let other = app.sign_in("mn.hoa");
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new}).to_string();
        user.send("PUT", "/api/v1/me/password", &[("Content-Type", "application/json")], Some(body.as_bytes()))
    };
    change("sai hoàn toàn", OTHER).problem(401, "invalid_credentials");
    assert_eq!(change(PASSWORD, "mn.hoa mn.hoa mn.hoa").faults(), ["/new_password password_too_common"]);
    assert_eq!(change(PASSWORD, PASSWORD).faults(), ["/new_password password_reused"]);
    change(PASSWORD, OTHER).expect(204);
    user.get("/api/v1/me").expect(200);
    app.clock.advance(1);
    other.get("/api/v1/me").problem(401, "invalid_token");
    assert_eq!((sign_in(&app, "mn.hoa", PASSWORD), sign_in(&app, "mn.hoa", OTHER)), (401, 201));
    assert_eq!(change(OTHER, PASSWORD).faults(), ["/new_password password_reused"]);
}

/// AU-12: a reset takes the password away, ends every session, and only a link lets in again, once.
#[test]
fn a_reset_is_a_link_and_never_a_password() {
    let app = TestApp::start();
    let admin = app.admin();
    let user = admin.user("mn.hoa", "SGD", &["viewer"]);
    let id = user.get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").to_owned();
    let reset = admin.post(&format!("/api/v1/users/{id}/reset"), &json!({"reason": "Quên mật khẩu"})).expect(200).json();
    assert_eq!(reset["status"], "invited");
    app.clock.advance(1);
    user.get("/api/v1/me").problem(401, "invalid_token");
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 401);
    let body = json!({"token": reset["invitation"]["token"], "password": OTHER});
    app.nobody().post("/api/v1/invitations/accept", &body).expect(204);
    app.nobody().post("/api/v1/invitations/accept", &body).problem(410, "gone");
    assert_eq!(sign_in(&app, "mn.hoa", OTHER), 201);
    let own = admin.get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").to_owned();
    admin.post(&format!("/api/v1/users/{own}/reset"), &json!({})).problem(403, "forbidden");
}

/// SE-07, AZ-09: what a person may do, and where, holds within a second; nobody grants beyond its own, and nobody to itself.
#[test]
fn duties_and_units_change_within_a_second_and_never_upwards() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.unit("PGD-A", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện A", "SGD");
    admin.unit("PGD-B", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện B", "SGD");
    let district = admin.user("pgd.a", "PGD-A", &["admin"]);
    let user = district.user("pgd.a.xem", "PGD-A", &["admin"]);
    let id = user.get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/users/{id}");
    user.patch(&path, "*", &json!({"duties": ["admin", "editor"]})).problem(403, "forbidden");
    district.patch(&path, "*", &json!({"duties": ["editor"]})).problem(403, "forbidden");
    assert_eq!(district.patch(&path, "*", &json!({"unit": "PGD-B"})).faults(), ["/unit unknown_reference"]);
    user.patch(&path, "*", &json!({"position": "Chuyên viên", "email": null})).expect(200);
    let tag = admin.get(&path).expect(200).header("etag");
    let moved = admin.patch(&path, &tag, &json!({"unit": "PGD-B", "duties": ["viewer"]})).expect(200).json();
    assert_eq!((&moved["unit"]["code"], &moved["duties"]), (&json!("PGD-B"), &json!(["viewer"])));
    admin.patch(&path, &tag, &json!({"position": "Khác"})).problem(412, "stale_version");
    app.clock.advance(1);
    user.post("/api/v1/users", &json!({"username": "moi.1", "full_name": "Mới", "unit": "PGD-A", "duties": ["viewer"]}))
        .problem(403, "forbidden");
    assert_eq!(user.get("/api/v1/me").expect(200).json()["unit"]["code"], "PGD-B");
    user.get("/api/v1/units/PGD-A/children").expect(200);
    district.get(&path).problem(404, "not_found");
}
