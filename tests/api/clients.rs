//! Clients: machine accounts with scopes, a unit and an end; their tokens, and what no token of theirs can do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tiendo::access::grant::{Grant, Holder};

use crate::harness::{Caller, Reply, TestApp, column};
use crate::values::{province, ratio, record};

/// Where the tests come from.
const HERE: &str = "127.0.0.0/8";

/// A client that was just made.
pub struct Made {
    pub id: String,
    pub secret: String,
    pub shown: Value,
}

pub fn make(caller: &Caller<'_>, unit: &str, scopes: &[&str]) -> Made {
    make_with(caller, &json!({"name": format!("Kho dữ liệu {unit}"), "unit": unit, "scopes": scopes}))
}

pub fn make_with(caller: &Caller<'_>, body: &Value) -> Made {
    let shown = caller.post("/api/v1/clients", body).expect(201).json();
    let text = |member: &str| shown[member].as_str().expect("text").to_owned();
    Made { id: text("client_id"), secret: text("client_secret"), shown }
}

/// Sends a form, with credentials in the header if some are given.
pub fn form(app: &TestApp, path: &str, credentials: Option<(&str, &str)>, members: &[(&str, &str)]) -> Reply {
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
    let basic = credentials.map(|(id, secret)| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))));
    let mut headers = vec![("Content-Type", "application/x-www-form-urlencoded")];
    headers.extend(basic.as_deref().map(|basic| ("Authorization", basic)));
    app.nobody().send("POST", path, &headers, Some(body.as_bytes()))
}

pub fn ask(app: &TestApp, made: &Made, members: &[(&str, &str)]) -> Reply {
    let members: Vec<(&str, &str)> = [("grant_type", "client_credentials")].iter().chain(members).copied().collect();
    form(app, "/oauth/token", Some((&made.id, &made.secret)), &members)
}

/// The client itself, with a token for all its scopes.
pub fn calling<'a>(app: &'a TestApp, made: &Made) -> Caller<'a> {
    app.bearer(ask(app, made, &[]).expect(200).json()["access_token"].as_str().expect("a token"))
}

/// A refusal of OAuth: its error, and that nobody keeps it.
#[track_caller]
fn error(reply: Reply, status: u16) -> String {
    let reply = reply.expect(status);
    assert_eq!(reply.header("cache-control"), "no-store");
    let told = reply.json();
    assert!(told["error_description"].as_str().is_some_and(str::is_ascii), "{told}");
    assert_eq!(reply.headers.contains_key("www-authenticate"), status == 401, "{told}");
    told["error"].as_str().expect("an error").to_owned()
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("claims");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("json")
}

#[test]
fn a_client_reads_what_its_scopes_and_its_unit_let_it() {
    let app = TestApp::start();
    let admin = province(&app);
    record(&admin, &[ratio("MN03", "MN-DB-001", "2024-2025-START", 3, 4), ratio("MN03", "MN-MC-001", "2024-2025-START", 5, 6)]);
    let made = make(&admin, "PGD-DB", &["changes:read", "indicators:read"]);
    assert_eq!(made.shown["scopes"], json!(["indicators:read", "changes:read"]));
    assert_eq!(
        (&made.shown["status"], &made.shown["unit"]["code"], &made.shown["networks"]),
        (&json!("active"), &json!("PGD-DB"), &json!([]))
    );
    let place = format!("/api/v1/clients/{}", made.id);
    let read = admin.get(&place).expect(200);
    assert!(!String::from_utf8_lossy(&read.body).contains(&made.secret));
    assert_eq!((&read.json()["client_secret"], &read.json()["last_used_at"]), (&Value::Null, &Value::Null));

    let reply = ask(&app, &made, &[("scope", "")]).expect(200);
    assert_eq!((reply.header("cache-control").as_str(), reply.header("pragma").as_str()), ("no-store", "no-cache"));
    let told = reply.json();
    assert_eq!(
        (&told["token_type"], &told["expires_in"], &told["scope"]),
        (&json!("Bearer"), &json!(600), &json!("indicators:read changes:read"))
    );
    assert_eq!(told.as_object().map(serde_json::Map::len), Some(4), "no refresh token: {told}");
    let said = claims(told["access_token"].as_str().expect("a token"));
    assert_eq!((&said["sub"], &said["client_id"], &said["scope"]), (&json!(made.id), &json!(made.id), &told["scope"]));
    assert!(said.get("sid").is_none() && said.get("duties").is_none(), "{said}");
    let by_form =
        [("grant_type", "client_credentials"), ("client_id", &made.id), ("client_secret", &made.secret), ("scope", "changes:read")];
    let narrow = form(&app, "/oauth/token", None, &by_form).expect(200).json();
    assert_eq!(narrow["scope"], "changes:read");
    let narrow = app.bearer(narrow["access_token"].as_str().expect("a token"));
    let _ = narrow.get("/api/v1/indicators?limit=1").problem(403, "forbidden");
    narrow.get("/api/v1/changes?limit=0").expect(200);

    let client = calling(&app, &made);
    let values = client.get("/api/v1/indicator-values").expect(200).json();
    assert_eq!(values["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(values["data"][0]["unit"]["code"], "MN-DB-001");
    assert_eq!(client.get("/api/v1/results?unit=MN-MC-001&year=2024").faults(), ["unit unknown_reference"]);
    client.get("/api/v1/indicators/MN03/results?unit=PGD-DB&year=2024").expect(200);
    for path in
        ["/api/v1/units", "/api/v1/reports", "/api/v1/me", "/api/v1/sessions", "/api/v1/users", "/api/v1/clients", "/api/v1/audit-events"]
    {
        let _ = client.get(path).problem(403, "forbidden");
    }
    let _ = client
        .post("/api/v1/indicator-values", &json!({"rows": [ratio("MN03", "MN-DB-001", "2024-2025-START", 4, 4)]}))
        .problem(403, "forbidden");
    // The feed tells nothing that its scopes do not let it read.
    app.db_seal();
    let feed = client.get("/api/v1/changes?after=0&limit=200").expect(200).json();
    let told = |kind: &str| {
        feed["data"]
            .as_array()
            .expect("rows")
            .iter()
            .filter(|row| row["resource"]["type"] == kind)
            .map(|row| row["data"].is_object())
            .collect::<Vec<_>>()
    };
    assert!(told("unit").len() > 1 && told("unit").iter().all(|shown| !shown), "{feed}");
    assert!(!told("indicator_value").is_empty() && told("indicator_value").iter().all(|shown| *shown), "{feed}");
    let used = admin.get(&place).expect(200).json();
    assert_eq!(
        (&used["last_used_at"], &used["secrets"][0]["last_used_at"]),
        (&json!("2025-02-20T02:30:00.000000Z"), &used["last_used_at"])
    );
}

#[test]
fn what_a_client_writes_is_on_record_as_its_own_and_stays_in_its_subtree() {
    let app = TestApp::start();
    let admin = province(&app);
    let writer = make(&admin, "PGD-DB", &["indicator-values:write", "indicator-values:read"]);
    let client = calling(&app, &writer);
    let rows = |unit: &str| json!({"rows": [ratio("MN03", unit, "2024-2025-START", 3, 4)]});
    client
        .send(
            "POST",
            "/api/v1/indicator-values",
            &[("Content-Type", "application/json"), ("Idempotency-Key", "mot")],
            Some(rows("MN-DB-001").to_string().as_bytes()),
        )
        .expect(200);
    assert_eq!(client.post("/api/v1/indicator-values", &rows("MN-MC-001")).faults(), ["/rows/0/unit unknown_reference"]);
    let value = client.get("/api/v1/indicator-values?unit=MN-DB-001").expect(200).json();
    assert_eq!(value["data"][0]["recorded_by"], Value::Null);
    let events = admin.get(&format!("/api/v1/audit-events?actor={}", writer.id)).expect(200).json();
    assert_eq!(events["data"].as_array().map(Vec::len), Some(1));
    let actor = &events["data"][0]["actor"];
    assert_eq!((&actor["type"], &actor["id"], &actor["name"]), (&json!("client"), &json!(writer.id), &json!("Kho dữ liệu PGD-DB")));
    assert_eq!(
        (&actor["role"], &actor["unit"]["code"], &events["data"][0]["ip"]),
        (&json!("district"), &json!("PGD-DB"), &json!("127.0.0.1"))
    );
    let lacking = client.get("/api/v1/users");
    assert_eq!(lacking.header("www-authenticate"), "Bearer error=\"insufficient_scope\", scope=\"users:read\"");
    let _ = lacking.problem(403, "forbidden");
    let refused = admin.get(&format!("/api/v1/audit-events?actor={}&outcome=refused", writer.id)).expect(200).json();
    assert_eq!(refused["data"][0]["action"], "user.list");
    app.db_verify();
}

/// SE-10: wrong, unknown, disabled, ended and from elsewhere are told alike; no scope beyond the granted, no other grant, no refresh token.
#[test]
fn the_token_endpoint_refuses_as_rfc_6749_says() {
    let app = TestApp::start();
    let admin = province(&app);
    let good = make(&admin, "PGD-DB", &["indicators:read"]);
    let disabled = make(&admin, "PGD-DB", &["indicators:read"]);
    admin.post(&format!("/api/v1/clients/{}/disable", disabled.id), &json!({"reason": "thử"})).expect(200);
    let ended = make_with(
        &admin,
        &json!({"name": "Ngắn hạn", "unit": "PGD-DB", "scopes": ["indicators:read"], "expires_at": "2025-02-20T02:30:01Z"}),
    );
    let elsewhere =
        make_with(&admin, &json!({"name": "Nơi khác", "unit": "PGD-DB", "scopes": ["indicators:read"], "networks": ["10.17.0.0/16"]}));
    app.clock.advance(2);
    let mut told = BTreeSet::new();
    for (id, secret) in [
        (good.id.as_str(), "sai"),
        (good.id.as_str(), disabled.secret.as_str()),
        (disabled.id.as_str(), disabled.secret.as_str()),
        (ended.id.as_str(), ended.secret.as_str()),
        (elsewhere.id.as_str(), elsewhere.secret.as_str()),
        ("01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", good.secret.as_str()),
        ("khong-co", "khong-co"),
    ] {
        let reply = form(&app, "/oauth/token", Some((id, secret)), &[("grant_type", "client_credentials")]);
        let mut headers: Vec<String> = reply.headers.keys().map(ToString::to_string).collect();
        headers.sort();
        told.insert((reply.status, reply.header("www-authenticate"), headers, String::from_utf8(reply.body.clone()).expect("text")));
        assert_eq!(error(reply, 401), "invalid_client", "{id}");
    }
    assert_eq!(told.len(), 1, "{told:#?}");
    // Its admins see why.
    let why = admin.get("/api/v1/audit-events?action=token.create&outcome=refused&within=PGD-DB").expect(200).json();
    let mut reasons: Vec<&str> =
        why["data"].as_array().expect("rows").iter().map(|row| row["after"]["reason"].as_str().expect("a reason")).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["inactive", "inactive", "network", "secret", "secret"]);

    let grant = ("grant_type", "client_credentials");
    let own = Some((good.id.as_str(), good.secret.as_str()));
    for (credentials, members, status, expected) in [
        (own, vec![grant, ("scope", "reports:read")], 400, "invalid_scope"),
        (own, vec![grant, ("scope", "indicators:read users:write")], 400, "invalid_scope"),
        (own, vec![grant, ("scope", "clients:write")], 400, "invalid_scope"),
        (own, vec![("grant_type", "password"), ("username", "quan.tri"), ("password", "x")], 400, "unsupported_grant_type"),
        (own, vec![("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")], 400, "unsupported_grant_type"),
        (own, vec![], 400, "invalid_request"),
        (own, vec![grant, grant], 400, "invalid_request"),
        (own, vec![grant, ("client_secret", &good.secret)], 400, "invalid_request"),
        (None, vec![grant], 401, "invalid_client"),
        (None, vec![grant, ("client_id", &good.id)], 401, "invalid_client"),
    ] {
        assert_eq!(error(form(&app, "/oauth/token", credentials, &members), status), expected, "{members:?}");
    }
    let refresh = form(&app, "/oauth/token", own, &[("grant_type", "refresh_token"), ("refresh_token", "x")]).expect(400).json();
    assert_eq!(refresh["error"], "unauthorized_client");
    let as_json = app.nobody().post("/oauth/token", &json!({"grant_type": "client_credentials"}));
    assert_eq!(error(as_json, 400), "invalid_request");
    app.nobody().get("/oauth/token").problem(405, "method_not_allowed");
    let long = "x".repeat(20_000);
    assert_eq!(error(form(&app, "/oauth/token", own, &[grant, ("scope", &long)]), 400), "invalid_request");
    ask(&app, &good, &[]).expect(200);
}

/// SE-10: guessing is slowed down, and whoever has the secret is not.
#[test]
fn wrong_secrets_slow_an_address_down_and_no_client() {
    let app = TestApp::start_with(|settings| settings.accounts.network_guesses = 3);
    let admin = app.admin();
    let made = make(&admin, "SGD", &["indicators:read"]);
    let guess = || form(&app, "/oauth/token", Some((&made.id, "sai")), &[("grant_type", "client_credentials")]);
    for _ in 0..3 {
        assert_eq!(error(guess(), 401), "invalid_client");
    }
    let slowed = guess();
    assert!(slowed.header("retry-after").parse::<u32>().is_ok());
    assert_eq!(error(slowed, 429), "temporarily_unavailable");
    ask(&app, &made, &[]).expect(200);
    // A program with an ended secret shuts out nobody who signs in beside it.
    app.nobody().post("/api/v1/sessions", &app.credentials("quan.tri")).expect(201);
}

/// SE-11: a token is told and taken back for its own client alone; of any other there is none.
#[test]
fn introspection_and_revocation_are_for_ones_own_tokens() {
    let app = TestApp::start();
    let beside = app.beside();
    let admin = app.admin();
    let (one, other) = (make(&admin, "SGD", &["indicators:read", "changes:read"]), make(&admin, "SGD", &["indicators:read"]));
    let token = ask(&app, &one, &[("scope", "changes:read")]).expect(200).json()["access_token"].as_str().expect("a token").to_owned();
    let introspect = |made: &Made, token: &str| {
        form(&app, "/oauth/introspect", Some((&made.id, &made.secret)), &[("token", token), ("token_type_hint", "access_token")])
            .expect(200)
            .json()
    };
    let told = introspect(&one, &token);
    assert_eq!(
        (&told["active"], &told["scope"], &told["client_id"], &told["sub"]),
        (&json!(true), &json!("changes:read"), &json!(one.id), &json!(one.id))
    );
    assert_eq!(
        (told["exp"].as_i64().expect("a time") - told["iat"].as_i64().expect("a time"), &told["token_type"]),
        (600, &json!("Bearer"))
    );
    let of_a_person = admin.token.clone().expect("a token");
    for (made, token) in [(&other, token.as_str()), (&one, "rác"), (&one, of_a_person.as_str()), (&one, &token[..token.len() - 4])] {
        assert_eq!(introspect(made, token), json!({"active": false}));
    }
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        assert_eq!(error(form(&app, path, None, &[("token", &token)]), 401), "invalid_client");
        assert_eq!(error(form(&app, path, Some((&one.id, "sai")), &[("token", &token)]), 401), "invalid_client");
        assert_eq!(error(form(&app, path, Some((&one.id, &one.secret)), &[]), 400), "invalid_request");
    }
    let revoke =
        |made: &Made, token: &str| drop(form(&app, "/oauth/revoke", Some((&made.id, &made.secret)), &[("token", token)]).expect(200));
    for (made, token) in [(&other, token.as_str()), (&one, "rác"), (&one, of_a_person.as_str())] {
        revoke(made, token);
    }
    for app in [&app, &beside] {
        app.bearer(&token).get("/api/v1/changes?limit=0").expect(200);
    }
    admin.get("/api/v1/me").expect(200);
    let (another, again) = (calling(&app, &one), token.clone());
    revoke(&one, &again);
    revoke(&one, &again);
    app.clock.advance(1);
    for app in [&app, &beside] {
        app.bearer(&token).get("/api/v1/changes?limit=0").problem(401, "invalid_token");
    }
    another.get("/api/v1/changes?limit=0").expect(200);
    assert_eq!(introspect(&one, &token), json!({"active": false}));
    let events = admin.get("/api/v1/audit-events?action=token.revoke").expect(200).json();
    assert_eq!(events["data"].as_array().map(Vec::len), Some(1));
}

/// SE-12: with every scope that there is, nothing that makes or changes a credential lets a client in, and nothing changes.
#[test]
fn no_token_of_a_client_becomes_anything_wider() {
    let app = TestApp::start();
    let admin = province(&app);
    let all: Vec<&str> = Grant::ALL.iter().filter(|grant| grant.holder().fits(true)).map(|grant| grant.as_str()).collect();
    let made = make(&admin, "SGD", &all);
    let client = calling(&app, &made);
    let token = client.token.clone().expect("a token");
    let before = admin.get("/api/v1/users?count=exact").expect(200).json()["page"]["total"].clone();
    let mut refused = 0;
    for listing in tiendo::app::api().expect("an api").inventory() {
        let Some(permission) = listing.permission else { continue };
        let machine = Grant::of(permission).any(|grant| grant.holder() == Holder::Any);
        if !machine {
            let path = listing.path.replace("{session}", "current").replace("{client}", &made.id).replace(['{', '}'], "");
            let _ = client.send(&listing.method, &path, &[("Content-Type", "application/json")], Some(b"{}")).problem(403, "forbidden");
            refused += 1;
        }
    }
    assert!(refused > 60, "{refused}");
    let refresh = |token: &str| app.nobody().post("/api/v1/sessions/refresh", &json!({"refresh_token": token}));
    let _ = refresh(&made.secret).problem(401, "invalid_refresh_token");
    assert_eq!(refresh(&token).faults(), ["/refresh_token too_long"]);
    let _ = app
        .nobody()
        .post("/api/v1/invitations/accept", &json!({"token": made.secret, "password": "một mật khẩu đủ dài"}))
        .problem(422, "validation_failed");
    app.bearer(&made.secret).get("/api/v1/me").problem(401, "invalid_token");
    let assertion = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", token.as_str())];
    assert_eq!(error(form(&app, "/oauth/token", Some((&made.id, &made.secret)), &assertion), 400), "unsupported_grant_type");
    assert_eq!(error(form(&app, "/oauth/token", Some((&made.id, &token)), &[("grant_type", "client_credentials")]), 401), "invalid_client");
    assert_eq!(admin.get("/api/v1/users?count=exact").expect(200).json()["page"]["total"], before);
    assert_eq!(column(&admin.get("/api/v1/clients").expect(200).json(), "id"), [made.id]);
}

/// SE-12, AZ-09: nobody makes a client for more than it may do itself, for another's unit, or for what people answer for.
#[test]
fn a_client_is_granted_nothing_beyond_the_granter() {
    let app = TestApp::start();
    let admin = province(&app);
    let clerk = admin.user("quan.tri.pgd", "PGD-DB", &["admin"]);
    let body = |unit: &str, scopes: &[&str]| json!({"name": "Phần mềm", "unit": unit, "scopes": scopes});
    let _ = clerk.post("/api/v1/clients", &body("PGD-DB", &["indicator-values:write"])).problem(403, "forbidden");
    for unit in ["SGD", "PGD-MC", "KHONG-CO"] {
        assert_eq!(clerk.post("/api/v1/clients", &body(unit, &["indicators:read"])).faults(), ["/unit unknown_reference"]);
    }
    for scope in ["units:write", "plans:decide", "account:read"] {
        assert_eq!(admin.post("/api/v1/clients", &body("SGD", &["changes:read", scope])).faults(), ["/scopes/1 not_in_list"]);
    }
    for scope in ["users:write", "clients:write", "account:use", "openid", "*"] {
        assert_eq!(admin.post("/api/v1/clients", &body("SGD", &[scope])).faults(), ["/scopes/0 not_in_list"]);
    }
    let odd = json!({"name": "Phần mềm", "unit": "SGD", "scopes": ["changes:read"], "networks": ["10.17.0.0/33"], "expires_at": "2025-02-20T02:30:00Z"});
    assert_eq!(admin.post("/api/v1/clients", &odd).faults(), ["/expires_at out_of_range", "/networks/0 bad_format"]);
    let wide = make(&admin, "MN-DB-001", &["indicator-values:write"]);
    let place = format!("/api/v1/clients/{}", wide.id);
    let _ = clerk.patch(&place, "*", &json!({"networks": []})).problem(403, "forbidden");
    let _ = clerk.post(&format!("{place}/rotate"), &json!({})).problem(403, "forbidden");
    let mine = make(&clerk, "PGD-DB", &["changes:read"]);
    let _ =
        clerk.patch(&format!("/api/v1/clients/{}", mine.id), "*", &json!({"scopes": ["indicator-values:write"]})).problem(403, "forbidden");
    // Whoever sees that something is wrong may stop it, and not begin it again.
    clerk.post(&format!("{place}/disable"), &json!({})).expect(200);
    let _ = clerk.post(&format!("{place}/enable"), &json!({})).problem(403, "forbidden");
    let _ = clerk.post(&format!("{place}/disable"), &json!({})).problem(409, "illegal_transition");
    let other = make(&admin, "PGD-MC", &["changes:read"]);
    for reply in
        [clerk.get(&format!("/api/v1/clients/{}", other.id)), clerk.post(&format!("/api/v1/clients/{}/disable", other.id), &json!({}))]
    {
        let _ = reply.problem(404, "not_found");
    }
    assert_eq!(clerk.get("/api/v1/clients?count=exact").expect(200).json()["page"]["total"], 2);
    assert_eq!(column(&admin.get("/api/v1/clients?within=PGD-DB&status=active").expect(200).json(), "id"), [mine.id.as_str()]);
    assert_eq!(
        column(&admin.get("/api/v1/clients?scope=changes:read&sort=-name").expect(200).json(), "name"),
        ["Kho dữ liệu PGD-MC", "Kho dữ liệu PGD-DB"]
    );
    let editor = admin.user("soan", "PGD-DB", &["editor"]);
    let _ = editor.get("/api/v1/clients").problem(403, "forbidden");
}

/// SE-12, SE-07: what is taken from a client is gone on every instance within a second, also from the tokens that it has.
#[test]
fn a_change_of_a_client_takes_effect_on_every_instance_within_a_second() {
    let app = TestApp::start();
    let beside = app.beside();
    let admin = app.admin();
    let made = make_with(
        &admin,
        &json!({"name": "Kho dữ liệu", "unit": "SGD", "scopes": ["indicators:read", "changes:read"], "networks": [HERE]}),
    );
    let place = format!("/api/v1/clients/{}", made.id);
    let token = calling(&app, &made).token.expect("a token");
    let both = |path: &str, status: u16| {
        for app in [&app, &beside] {
            app.bearer(&token).get(path).expect(status);
        }
    };
    both("/api/v1/indicators?limit=1", 200);
    let change = |body: Value| {
        let tag = admin.get(&place).expect(200).header("etag");
        admin.patch(&place, &tag, &body).expect(200);
        app.clock.advance(1);
    };
    change(json!({"scopes": ["changes:read"]}));
    both("/api/v1/indicators?limit=1", 403);
    both("/api/v1/changes?limit=0", 200);
    change(json!({"networks": ["10.17.0.0/16", "2001:db8::/32"]}));
    both("/api/v1/changes?limit=0", 401);
    // A token that is right and comes from elsewhere was taken from its client: its admins see it.
    let stolen = admin.get(&format!("/api/v1/audit-events?action=token.use&actor={}", made.id)).expect(200).json();
    assert_eq!(
        (stolen["data"].as_array().map(Vec::len), &stolen["data"][0]["outcome"]),
        (Some(2), &json!("refused")),
        "once of each instance"
    );
    change(json!({"networks": ["127.0.0.1"], "expires_at": "2025-02-20T02:30:10Z"}));
    both("/api/v1/changes?limit=0", 200);
    app.clock.advance(7);
    both("/api/v1/changes?limit=0", 401);
    assert_eq!(admin.get(&place).expect(200).json()["status"], "expired");
    change(json!({"expires_at": null, "scopes": ["indicators:read", "changes:read"]}));
    // What a token was not given it does not get later, and what its client gets back it has again.
    both("/api/v1/indicators?limit=1", 200);
    admin.post(&format!("{place}/disable"), &json!({})).expect(200);
    app.clock.advance(1);
    both("/api/v1/changes?limit=0", 401);
    admin.post(&format!("{place}/enable"), &json!({})).expect(200);
    app.clock.advance(1);
    // What it had may be why it was disabled.
    both("/api/v1/changes?limit=0", 401);
    ask(&app, &made, &[]).expect(200);
    let near = make_with(&admin, &json!({"name": "Ngắn", "unit": "SGD", "scopes": ["changes:read"], "expires_at": "2025-02-20T02:31:00Z"}));
    let left = ask(&app, &near, &[]).expect(200).json()["expires_in"].as_i64().expect("seconds");
    assert!((1..60).contains(&left), "a token does not outlive its client: {left}");
}

#[test]
fn a_secret_goes_on_beside_the_next_and_not_beside_the_one_after() {
    let app = TestApp::start();
    let admin = app.admin();
    let made = make(&admin, "SGD", &["changes:read"]);
    let rotate = |body: &Value| {
        app.clock.advance(60);
        let told = admin.post(&format!("/api/v1/clients/{}/rotate", made.id), body).expect(200).json();
        assert!(told["version"].as_i64() > Some(1), "{told}");
        (told["client_secret"].as_str().expect("a secret").to_owned(), told["secrets"].as_array().map(Vec::len))
    };
    let holds = |secret: &str| form(&app, "/oauth/token", Some((&made.id, secret)), &[("grant_type", "client_credentials")]).status == 200;
    let (second, kept) = rotate(&json!({"reason": "Đổi định kỳ"}));
    assert!(kept == Some(2) && holds(&made.secret) && holds(&second));
    let (third, kept) = rotate(&json!({}));
    assert!(kept == Some(2) && !holds(&made.secret) && holds(&second) && holds(&third));
    let token = |secret: &str| {
        let got = form(&app, "/oauth/token", Some((&made.id, secret)), &[("grant_type", "client_credentials")]).expect(200).json();
        got["access_token"].as_str().expect("a token").to_owned()
    };
    let reads = |token: &str| app.bearer(token).get("/api/v1/changes?limit=0").status;
    let before = token(&third);
    assert_eq!(reads(&before), 200);
    let (fourth, kept) = rotate(&json!({"keep_previous": false, "reason": "Lộ khóa"}));
    // Had in the very second in which those before ended, it is good.
    let after = token(&fourth);
    app.clock.advance(1);
    assert_eq!((reads(&before), reads(&after)), (401, 200), "whoever has the secret has tokens too");
    for (token, active) in [(&before, false), (&after, true)] {
        let told = form(&app, "/oauth/introspect", Some((&made.id, &fourth)), &[("token", token)]).expect(200).json();
        assert_eq!(told["active"], active);
    }
    assert!(kept == Some(1) && !holds(&second) && !holds(&third) && holds(&fourth));
    let events = admin.get("/api/v1/audit-events?action=client.rotate").expect(200);
    let told = String::from_utf8(events.body.clone()).expect("text");
    assert!([&made.secret, &second, &third, &fourth].iter().all(|secret| !told.contains(*secret)));
    assert_eq!(events.json()["data"][0]["after"]["reason"], "Lộ khóa");
}

/// A client with `changes:read` that made a full copy and follows the feed has what is there, though somebody wrote all the while: no change
/// is missing, none comes twice.
#[test]
fn a_copy_and_the_feed_after_it_have_no_gap_and_no_double() {
    let app = TestApp::start();
    let beside = app.beside();
    let admin = province(&app);
    for number in 0..6 {
        admin.unit(&format!("MN-DB-1{number}"), "school", "preschool", &format!("Trường Mầm non số {number}"), "PGD-DB");
    }
    let units = ["MN-DB-10", "MN-DB-11", "MN-DB-12", "MN-DB-13", "MN-DB-14", "MN-DB-15"];
    let made = make(&admin, "PGD-DB", &["changes:read", "indicators:read", "units:read"]);
    let client = calling(&beside, &made);
    let done = AtomicBool::new(false);
    let mut seen: Vec<i64> = Vec::new();
    let mut copy: BTreeMap<String, Value> = BTreeMap::new();
    let mut start = 0;
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer: i64| {
                let admin = admin.clone();
                scope.spawn(move || {
                    for round in 0..25 {
                        let mine = units.iter().skip(usize::try_from(writer).expect("small")).step_by(2);
                        let rows: Vec<Value> = mine.map(|unit| ratio("MN03", unit, "2024-2025-START", round, 100)).collect();
                        record(&admin, &rows);
                        let renamed = format!("/api/v1/units/MN-DB-1{writer}");
                        admin.patch(&renamed, "*", &json!({"short_name": format!("MN {round}")})).expect(200);
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            for writer in writers {
                writer.join().expect("writes");
            }
            app.db_seal();
            done.store(true, Ordering::SeqCst);
        });
        // First the position, then the copy, then what came after.
        start = client.get("/api/v1/changes?limit=0").expect(200).json()["last"].as_i64().expect("a position");
        for list in ["units", "indicator-values"] {
            let mut path = format!("/api/v1/{list}?limit=2");
            loop {
                let page = client.get(&path).expect(200).json();
                for row in page["data"].as_array().expect("rows") {
                    copy.insert(row["id"].as_str().expect("an id").to_owned(), row.clone());
                }
                let Some(next) = page["page"]["next"].as_str() else { break };
                path = format!("/api/v1/{list}?limit=2&cursor={next}");
            }
        }
        let mut after = start;
        loop {
            let over = done.load(Ordering::SeqCst);
            let stretch = client.get(&format!("/api/v1/changes?after={after}&limit=7")).expect(200).json();
            for change in stretch["data"].as_array().expect("rows") {
                seen.push(change["position"].as_i64().expect("a position"));
                let one = [change["data"].clone()];
                for shown in change["data"]["data"].as_array().map_or(&one[..], Vec::as_slice) {
                    if let Some(id) = shown["id"].as_str() {
                        copy.insert(id.to_owned(), shown.clone());
                    }
                }
            }
            let last = stretch["last"].as_i64().expect("a position");
            if over && last == after {
                break;
            }
            after = last;
        }
    });
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "each once and in order: {seen:?}");
    let mut all = Vec::new();
    let mut after = start;
    loop {
        let stretch = client.get(&format!("/api/v1/changes?after={after}&limit=200")).expect(200).json();
        let rows = stretch["data"].as_array().expect("rows");
        all.extend(rows.iter().map(|row| row["position"].as_i64().expect("a position")));
        after = stretch["last"].as_i64().expect("a position");
        if rows.is_empty() {
            break;
        }
    }
    assert_eq!(seen, all, "none is missing");
    assert!(seen.len() >= 100, "{}", seen.len());
    let mut there = 0;
    for list in ["units", "indicator-values"] {
        for row in client.get(&format!("/api/v1/{list}?limit=200")).expect(200).json()["data"].as_array().expect("rows") {
            there += 1;
            assert_eq!(copy.get(row["id"].as_str().expect("an id")), Some(row), "the copy is what is there");
        }
    }
    assert_eq!(copy.len(), there);
}

/// AZ-08: who may only record is told nothing of what is stored, not by what becomes of it either.
#[test]
fn a_program_that_only_records_finds_out_nothing_by_it() {
    let app = TestApp::start();
    let admin = province(&app);
    record(&admin, &[ratio("MN03", "MN-DB-001", "2024-2025-START", 37, 53)]);
    let rows = |row: Value| json!({ "rows": [row] });
    let side =
        |member: &str, number: i64| rows(json!({"indicator": "MN03", "unit": "MN-DB-001", "period": "2024-2025-START", member: number}));
    let blind = calling(&app, &make(&admin, "PGD-DB", &["indicator-values:write"]));
    let place = "/api/v1/indicator-values/validate";
    for (member, number, missing) in [("denominator", 53, "numerator"), ("denominator", 3, "numerator"), ("numerator", 37, "denominator")] {
        assert_eq!(blind.post(place, &side(member, number)).faults(), [format!("/rows/0/{missing} required")], "{member} {number}");
    }
    let told = blind.post(place, &rows(ratio("MN03", "MN-DB-001", "2024-2025-START", 37, 53))).expect(200).json();
    assert_eq!((&told["rows"][0]["outcome"], &told["rows"][0]["warnings"]), (&json!("updated"), &json!([])), "{told}");
    let seeing = calling(&app, &make(&admin, "PGD-DB", &["indicator-values:write", "indicator-values:read"]));
    assert_eq!(seeing.post(place, &side("numerator", 37)).expect(200).json()["rows"][0]["outcome"], "unchanged");
    blind.post("/api/v1/indicator-values", &rows(ratio("MN03", "MN-DB-001", "2024-2025-START", 38, 53))).expect(200);
}

#[test]
fn the_document_says_which_scopes_let_a_client_in() {
    let app = TestApp::start();
    let document = app.nobody().get("/openapi.json").expect(200).json();
    let flow = &document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"];
    assert_eq!(flow["tokenUrl"], "/oauth/token");
    let machine: BTreeSet<&str> = Grant::ALL.iter().filter(|grant| grant.holder().fits(true)).map(|grant| grant.as_str()).collect();
    assert_eq!(flow["scopes"].as_object().expect("scopes").keys().map(String::as_str).collect::<BTreeSet<_>>(), machine);
    assert_eq!(document["paths"]["/api/v1/changes"]["get"]["security"], json!([{"bearer": []}, {"oauth2": ["changes:read"]}]));
    assert_eq!(
        document["paths"]["/api/v1/indicators"]["get"]["security"],
        json!([{"bearer": []}, {"oauth2": ["indicators:read"]}, {"oauth2": ["catalogue:read"]}])
    );
    assert_eq!(document["paths"]["/api/v1/clients"]["post"]["security"], json!([{"bearer": []}]));
    let told = app.nobody().get("/.well-known/oauth-authorization-server").expect(200).json();
    assert_eq!((&told["issuer"], &told["token_endpoint"]), (&json!(app.base), &json!(format!("{}/oauth/token", app.base))));
    for endpoint in ["introspection_endpoint", "revocation_endpoint", "jwks_uri"] {
        assert!(told[endpoint].as_str().is_some_and(|url| url.starts_with(&app.base)), "{told}");
    }
    let public = TestApp::start_with(|settings| settings.public_url = Some("https://tiendo.example.vn".to_owned()));
    let told = public.nobody().get("/.well-known/oauth-authorization-server").expect(200).json();
    assert_eq!(
        (&told["issuer"], &told["jwks_uri"]),
        (&json!("https://tiendo.example.vn"), &json!("https://tiendo.example.vn/.well-known/jwks.json"))
    );
    let admin = public.admin();
    assert_eq!(claims(admin.token.as_deref().expect("a token"))["iss"], "https://tiendo.example.vn");
}
