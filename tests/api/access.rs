//! Who gets in, what they may do, and how fast that changes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, TestApp, column};

#[test]
fn wrong_unknown_invited_and_disabled_are_told_apart_by_nothing() {
    let app = TestApp::start();
    let admin = app.admin();
    admin
        .post("/api/v1/users", &json!({"username": "moi", "full_name": "Người được mời", "unit": "SGD", "duties": ["viewer"]}))
        .expect(201);
    let viewer = admin.user("nguoi.xem", "SGD", &["viewer"]);
    let id = viewer.get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").to_owned();
    admin.post(&format!("/api/v1/users/{id}/disable"), &json!({"reason": "Chuyển công tác"})).expect(200);
    for (username, password) in [("quan.tri", "sai mật khẩu rồi"), ("khong.co", PASSWORD), ("moi", PASSWORD), ("nguoi.xem", PASSWORD)]
    {
        let mut problem =
            app.nobody().post("/api/v1/sessions", &json!({"username": username, "password": password})).problem(401, "invalid_credentials");
        problem["request_id"] = Value::Null;
        assert_eq!(
            problem.to_string(),
            r#"{"type":"/problems/invalid-credentials","title":"Tên đăng nhập hoặc mật khẩu không đúng","status":401,"detail":"Tên đăng nhập hoặc mật khẩu không đúng","instance":"/api/v1/sessions","code":"invalid_credentials","request_id":null}"#
        );
    }
    // Disabling takes effect within a second; here the clock stands still, so it must be moved by one.
    app.clock.advance(1);
    viewer.get("/api/v1/me").problem(401, "invalid_token");
    admin.post(&format!("/api/v1/users/{id}/disable"), &json!({})).problem(409, "illegal_transition");
    admin.post(&format!("/api/v1/users/{id}/enable"), &json!({})).expect(200);
    let _ = app.sign_in("nguoi.xem");
}

#[test]
fn a_token_must_be_ours_whole_and_of_today() {
    let app = TestApp::start();
    let admin = app.admin();
    let token = admin.token.clone().expect("signed in");
    let parts: Vec<&str> = token.split('.').collect();
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).expect("base64")).expect("json");
    let kid = header["kid"].clone();
    let mut forged = vec![
        String::new(),
        "x".to_owned(),
        format!("{token}="),
        format!("{token}.x"),
        parts[..2].join("."),
        format!("{}.{}.", encode(json!({"alg": "none", "typ": "at+jwt", "kid": kid})), parts[1]),
        "a".repeat(5000),
    ];
    for (name, value) in [
        ("alg", json!("HS256")),
        ("typ", json!("JWT")),
        ("kid", json!("../../dev/null")),
        ("kid", Value::Null),
        ("crit", json!(["x"])),
        ("jku", json!("http://127.0.0.1:1/")),
    ] {
        let mut other = header.clone();
        other[name] = value;
        forged.push(format!("{}.{}.{}", encode(other), parts[1], parts[2]));
    }
    header["kid"] = json!("x");
    for token in &forged {
        app.bearer(token).get("/api/v1/me").problem(401, "invalid_token");
    }
    app.nobody().send("GET", "/api/v1/me", &[("Authorization", "Basic eDp4")], None).problem(401, "invalid_token");
    app.nobody().get(&format!("/api/v1/me?access_token={token}")).problem(401, "unauthenticated");
    app.clock.advance(629);
    admin.get("/api/v1/me").expect(200);
    app.clock.advance(1);
    admin.get("/api/v1/me").problem(401, "token_expired");
}

#[test]
fn a_refresh_token_has_one_successor_and_its_reuse_ends_the_session() {
    let app = TestApp::start();
    app.admin().user("mn.hoa", "SGD", &["viewer"]);
    let first = app.nobody().post("/api/v1/sessions", &json!({"username": "mn.hoa", "password": PASSWORD})).expect(201).json();
    let refresh = |token: &Value| app.nobody().post("/api/v1/sessions/refresh", &json!({"refresh_token": token}));
    let second = refresh(&first["refresh_token"]).expect(200).json();
    let again = refresh(&first["refresh_token"]).expect(200).json();
    assert_eq!(second["refresh_token"], again["refresh_token"], "an answer that was lost costs nothing");
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    let access = app.bearer(second["access_token"].as_str().expect("a token"));
    access.get("/api/v1/me").expect(200);
    app.clock.advance(11);
    refresh(&first["refresh_token"]).problem(401, "invalid_refresh_token");
    refresh(&second["refresh_token"]).problem(401, "invalid_refresh_token");
    access.get("/api/v1/me").problem(401, "invalid_token");
    refresh(&json!("khong-phai-ma")).problem(401, "invalid_refresh_token");
}

/// SE-09: sessions are listed without a token and ended one by one, by nobody else.
#[test]
fn signing_out_ends_one_session_and_only_ones_own() {
    let app = TestApp::start();
    let admin = app.admin();
    let other = app.sign_in("quan.tri");
    let viewer = admin.user("nguoi.xem", "SGD", &["viewer"]);
    let sessions = admin.get("/api/v1/sessions").expect(200).json();
    assert_eq!(sessions["data"].as_array().map(Vec::len), Some(2));
    let id = sessions["data"][0]["id"].as_str().expect("an id").to_owned();
    viewer.delete(&format!("/api/v1/sessions/{id}")).problem(404, "not_found");
    other.delete("/api/v1/sessions/current").expect(204);
    app.clock.advance(1);
    other.get("/api/v1/me").problem(401, "invalid_token");
    admin.get("/api/v1/me").expect(200);
}

#[test]
fn an_invitation_is_good_for_one_use_and_one_day() {
    let app = TestApp::start();
    let admin = app.admin();
    let invite = |username: &str| {
        let body = json!({"username": username, "full_name": "Đinh Thị Thuỷ", "unit": "SGD", "duties": ["editor"]});
        admin.post("/api/v1/users", &body).expect(201).json()["invitation"]["token"].clone()
    };
    let accept =
        |token: &Value, password: &str| app.nobody().post("/api/v1/invitations/accept", &json!({"token": token, "password": password}));
    let token = invite("mot");
    assert_eq!(accept(&token, "ngắn quá").faults(), ["/password too_short"]);
    assert_eq!(accept(&token, "đinh thị thuỷ 2025").faults(), ["/password password_too_common"]);
    accept(&token, PASSWORD).expect(204);
    accept(&token, PASSWORD).problem(410, "gone");
    let late = invite("hai");
    app.clock.advance(86_401);
    accept(&late, PASSWORD).problem(410, "gone");
    assert_eq!(accept(&json!("khong-co"), PASSWORD).faults(), ["/token unknown_reference"]);
}

#[test]
fn people_are_seen_and_invited_only_within_the_scope_and_ones_duties() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.unit("VP", "division", "division", "Văn phòng Sở", "SGD");
    admin.unit("PGD-DB", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện Đà Bắc", "SGD");
    admin.unit("PGD-MC", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện Mai Châu", "SGD");
    admin.unit("MN-DB-001", "school", "preschool", "Trường Mầm non Tu Lý", "PGD-DB");
    let office = admin.user("van.phong", "VP", &["viewer"]);
    let district = admin.user("pgd.db", "PGD-DB", &["admin"]);
    let school = district.user("mn.tuly", "MN-DB-001", &["admin"]);
    admin.user("pgd.mc", "PGD-MC", &["viewer"]).get("/api/v1/me").expect(200);
    let all = ["mn.tuly", "pgd.db", "pgd.mc", "quan.tri", "van.phong"];
    for (caller, seen) in [(&admin, &all[..]), (&office, &all[..]), (&district, &all[..2]), (&school, &all[..1])] {
        assert_eq!(column(&caller.get("/api/v1/users?sort=username").expect(200).json(), "username"), seen);
    }
    let stranger = admin.get("/api/v1/users?q=pgd.mc").expect(200).json()["data"][0]["id"].as_str().expect("an id").to_owned();
    district.get(&format!("/api/v1/users/{stranger}")).problem(404, "not_found");
    district.post(&format!("/api/v1/users/{stranger}/disable"), &json!({})).problem(404, "not_found");
    let invite = |unit: &str, duty: &str| json!({"username": "thu.nghiem", "full_name": "Thử nghiệm", "unit": unit, "duties": [duty]});
    assert_eq!(district.post("/api/v1/users", &invite("PGD-MC", "viewer")).faults(), ["/unit unknown_reference"]);
    assert_eq!(district.post("/api/v1/users", &invite("SGD", "viewer")).faults(), ["/unit unknown_reference"]);
    district.post("/api/v1/users", &invite("MN-DB-001", "approver")).problem(403, "forbidden");
    office.post("/api/v1/users", &invite("VP", "viewer")).problem(403, "forbidden");
    assert_eq!(school.get("/api/v1/users?within=PGD-DB").faults(), ["within unknown_reference"]);
    // The permission is asked before anything of the body is read.
    office.send("POST", "/api/v1/users", &[("Content-Type", "text/plain")], Some(b"{")).problem(403, "forbidden");
    app.nobody().send("POST", "/api/v1/users", &[("Content-Type", "text/plain")], Some(b"{")).problem(401, "unauthenticated");
}
