//! The second factor: enrolling, signing in with it, recovering, giving it up; and that an admin is none without it.

use serde_json::{Value, json};

use crate::harness::{Caller, PASSWORD, Reply, TestApp};

fn sign_in(app: &TestApp, username: &str, totp: Option<&str>) -> Reply {
    let mut body = json!({"username": username, "password": PASSWORD});
    if let Some(code) = totp {
        body["totp"] = json!(code);
    }
    app.nobody().post("/api/v1/sessions", &body)
}

fn me(caller: &Caller<'_>) -> Value {
    caller.get("/api/v1/me").expect(200).json()
}

#[test]
fn an_admin_without_a_second_factor_is_none() {
    let app = TestApp::start();
    let admin = app.admin();
    let body = json!({"username": "qt.2", "full_name": "Quản trị hai", "unit": "SGD", "duties": ["admin"]});
    let made = admin.post("/api/v1/users", &body).expect(201).json();
    let token = made["invitation"]["token"].clone();
    app.nobody().post("/api/v1/invitations/accept", &json!({"token": token, "password": PASSWORD})).expect(204);
    let other = app.bearer(sign_in(&app, "qt.2", None).expect(201).json()["access_token"].as_str().expect("a token"));
    let before = me(&other);
    assert_eq!(
        (&before["duties"], &before["totp_enabled"], &before["must_enable_totp"]),
        (&json!(["viewer"]), &json!(false), &json!(true))
    );
    other.get("/api/v1/users").expect(200);
    let unit = json!({"username": "mn.moi", "full_name": "Mới", "unit": "SGD", "duties": ["viewer"]});
    let refused = other.post("/api/v1/users", &unit).problem(403, "forbidden");
    assert_eq!(refused["detail"], "Quản trị viên cần bật xác thực hai lớp trước.");
    other.enrol("qt.2");
    let after = me(&other);
    assert_eq!(
        (&after["duties"], &after["totp_enabled"], &after["must_enable_totp"]),
        (&json!(["viewer", "admin"]), &json!(true), &json!(false))
    );
    other.post("/api/v1/users", &unit).expect(201);
}

/// AU-14: a code is good once, on every instance; one of two steps ago is none; wrong ones make the name wait as wrong passwords do; who
/// signed in long ago enrols nothing.
#[test]
fn a_code_is_good_once_and_wrong_ones_count() {
    let app = TestApp::start();
    let other = app.beside();
    let admin = app.admin();
    let user = admin.user("vp.hoa", "SGD", &["editor"]);
    app.clock.advance(301);
    user.send("POST", "/api/v1/me/totp", &[], None).problem(401, "unauthenticated");
    let user = app.sign_in("vp.hoa");
    user.post("/api/v1/me/totp/confirm", &json!({"code": "000000"})).problem(409, "conflict");
    let enrolment = user.send("POST", "/api/v1/me/totp", &[], None).expect(201).json();
    let secret = enrolment["secret"].as_str().expect("a secret");
    let uri = enrolment["otpauth_uri"].as_str().expect("a URI");
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(secret) && uri.contains("vp.hoa"), "{uri}");
    sign_in(&app, "vp.hoa", None).expect(201);
    let wrong = app.code(user.send("POST", "/api/v1/me/totp", &[], None).expect(201).json()["secret"].as_str().expect("a secret"));
    let secret = user.send("POST", "/api/v1/me/totp", &[], None).expect(201).json()["secret"].as_str().expect("a secret").to_owned();
    user.post("/api/v1/me/totp/confirm", &json!({"code": wrong})).problem(401, "invalid_credentials");
    let first = app.code(&secret);
    let codes = user.post("/api/v1/me/totp/confirm", &json!({"code": first})).expect(200).json();
    assert_eq!(codes["recovery_codes"].as_array().expect("codes").len(), 10);
    user.send("POST", "/api/v1/me/totp", &[], None).problem(409, "conflict");

    sign_in(&app, "vp.hoa", None).problem(401, "totp_required");
    sign_in(&app, "vp.hoa", Some(&first)).problem(401, "invalid_credentials");
    app.clock.advance(30);
    let second = app.code(&secret);
    sign_in(&app, "vp.hoa", Some(&second)).expect(201);
    sign_in(&other, "vp.hoa", Some(&second)).problem(401, "invalid_credentials");
    app.clock.advance(60);
    sign_in(&app, "vp.hoa", Some(&second)).problem(401, "invalid_credentials");
    app.clock.advance(30);
    let stale = app.code(&secret);
    app.clock.advance(60);
    sign_in(&app, "vp.hoa", Some(&stale)).problem(401, "invalid_credentials");

    // Three were wrong: the name waits after two more, even for the right code.
    for _ in 0..2 {
        sign_in(&app, "vp.hoa", Some("000000")).problem(401, "invalid_credentials");
    }
    sign_in(&app, "vp.hoa", Some(&app.code(&secret))).problem(401, "invalid_credentials");
    app.clock.advance(31);
    sign_in(&app, "vp.hoa", Some(&app.code(&secret))).expect(201);
}

/// AU-14: a recovery code has 120 random bits, is good once, and goes with the factor that it stands for.
#[test]
fn a_recovery_code_lets_in_once_and_a_reset_takes_all_away() {
    let app = TestApp::start();
    let admin = app.admin();
    let user = admin.user("vp.hoa", "SGD", &["editor"]);
    let secret = user.send("POST", "/api/v1/me/totp", &[], None).expect(201).json()["secret"].as_str().expect("a secret").to_owned();
    let other = app.sign_in("vp.hoa");
    let codes = user.post("/api/v1/me/totp/confirm", &json!({"code": app.code(&secret)})).expect(200).json();
    app.clock.advance(1);
    other.get("/api/v1/me").problem(401, "invalid_token");
    let code = codes["recovery_codes"][3].as_str().expect("a code");
    assert_eq!(code.len(), "aaaa-bbbb-cccc-dddd-eeee-ffff".len());
    sign_in(&app, "vp.hoa", Some(code)).expect(201);
    sign_in(&app, "vp.hoa", Some(code)).problem(401, "invalid_credentials");
    sign_in(&app, "vp.hoa", Some("aaaa-bbbb-cccc-dddd-eeee-ffff")).problem(401, "invalid_credentials");
    sign_in(&app, "vp.hoa", codes["recovery_codes"][4].as_str()).expect(201);

    let id = me(&user)["id"].as_str().expect("an id").to_owned();
    let reset = admin.post(&format!("/api/v1/users/{id}/reset"), &json!({"reason": "Mất điện thoại"})).expect(200).json();
    let body = json!({"token": reset["invitation"]["token"], "password": "Một mật khẩu khác hẳn, đủ dài"});
    app.nobody().post("/api/v1/invitations/accept", &body).expect(204);
    let again = json!({"username": "vp.hoa", "password": "Một mật khẩu khác hẳn, đủ dài"});
    app.nobody().post("/api/v1/sessions", &again).expect(201);
}

/// A password of eight characters is enough beside a second factor, and not without one: whoever gives the factor up must set a longer one
/// before anything else.
#[test]
fn a_short_password_holds_only_beside_a_second_factor() {
    const SHORT: &str = "kR8#vq2Z";
    let app = TestApp::start();
    let admin = app.admin();
    let user = admin.user("vp.hoa", "SGD", &["editor"]);
    let change =
        |new: &str| user.put("/api/v1/me/password", ("Accept", "*/*"), &json!({"current_password": PASSWORD, "new_password": new}));
    assert_eq!(change(SHORT).faults(), ["/new_password too_short"]);
    user.enrol("vp.hoa");
    assert_eq!(change("matkhau1").faults(), ["/new_password password_too_common"]);
    change(SHORT).expect(204);
    let body = json!({"password": SHORT});
    let remove = |password: &Value| {
        user.send("DELETE", "/api/v1/me/totp", &[("Content-Type", "application/json")], Some(password.to_string().as_bytes()))
    };
    remove(&json!({"password": "sai hoàn toàn"})).problem(401, "invalid_credentials");
    remove(&body).expect(204);
    let now = me(&user);
    assert_eq!((&now["must_change_password"], &now["totp_enabled"]), (&json!(true), &json!(false)));
    assert_eq!(user.get("/api/v1/units").problem(403, "forbidden")["detail"], "Cần đổi mật khẩu trước.");
    let long = json!({"current_password": SHORT, "new_password": "Một mật khẩu khác hẳn, đủ dài"});
    user.put("/api/v1/me/password", ("Accept", "*/*"), &long).expect(204);
    user.get("/api/v1/units").expect(200);
    remove(&json!({"password": "Một mật khẩu khác hẳn, đủ dài"})).problem(404, "not_found");
}
