//! Access tokens: forged ones, strange ones, those of another kind, and keys that turn over while two instances serve.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::{Value, json};
use tiendo::access::keys::{self, Turn};
use tiendo::db::Context;

use crate::harness::{Caller, TestApp};
use crate::program::refusal;

/// Makes tokens out of a real one and of the key that signed it.
struct Forge {
    key: EcdsaKeyPair,
    header: Value,
    claims: Value,
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("json")
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn kid_of(token: &str) -> String {
    decode(token.split('.').next().expect("a header"))["kid"].as_str().expect("a kid").to_owned()
}

fn db_key(app: &TestApp, kid: &str) -> EcdsaKeyPair {
    use diesel::prelude::*;
    use tiendo::db::schema::signing_keys;
    let query = |tx: &mut tiendo::db::Tx<'_>| {
        Ok(signing_keys::table.filter(signing_keys::kid.eq(kid)).select(signing_keys::private_key).first::<Vec<u8>>(tx.conn)?)
    };
    let bytes = app.database.write_here(&Context::system("test", app.clock.now()), query).expect("reads");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &bytes).expect("a key")
}

fn db_rotate(app: &TestApp, lead: i64) -> String {
    app.database.write_here(&Context::system("test", app.clock.now()), |tx| keys::rotate(tx, None, Turn::After(lead))).expect("rotates").kid
}

fn strange_key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key")
}

fn sign(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", encode(header), encode(claims));
    let signature = key.sign(&SystemRandom::new(), text.as_bytes()).expect("signs");
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

impl Forge {
    fn of(caller: &Caller<'_>) -> Self {
        let token = caller.token.clone().expect("signed in");
        let parts: Vec<&str> = token.split('.').collect();
        Self { key: db_key(caller.app, &kid_of(&token)), header: decode(parts[0]), claims: decode(parts[1]) }
    }

    /// Signed as ours are.
    fn token(&self, header: &Value, claims: &Value) -> String {
        sign(&self.key, header, claims)
    }

    /// A real one, but for one claim; `None` leaves it out.
    fn claim(&self, name: &str, value: Option<Value>) -> String {
        self.token(&self.header, &changed(&self.claims, name, value))
    }

    /// A real one, but for one member of its header.
    fn header(&self, name: &str, value: Option<Value>) -> String {
        self.token(&changed(&self.header, name, value), &self.claims)
    }
}

fn changed(object: &Value, name: &str, value: Option<Value>) -> Value {
    let mut object = object.clone();
    match value {
        Some(value) => object[name] = value,
        None => drop(object.as_object_mut().expect("an object").remove(name)),
    }
    object
}

#[track_caller]
fn refused(app: &TestApp, token: &str) {
    let reply = app.bearer(token).get("/api/v1/me").expect(401);
    assert!(reply.header("www-authenticate").starts_with("Bearer"), "{token}");
    assert!(["invalid_token", "token_expired"].contains(&reply.json()["code"].as_str().expect("a code")));
}

/// JW-01: no algorithm but ours, whatever is signed with what; a public key is no secret to sign with.
#[test]
fn no_other_algorithm_is_taken() {
    let app = TestApp::start();
    let admin = app.admin();
    let forge = Forge::of(&admin);
    app.bearer(&forge.token(&forge.header, &forge.claims)).get("/api/v1/me").expect(200);
    let jwk = app.nobody().get("/.well-known/jwks.json").expect(200).json()["keys"][0].clone();
    let point = forge.key.public_key().as_ref().to_vec();
    // SubjectPublicKeyInfo of P-256 (RFC 5480): what comes before the point is always the same.
    let mut der = vec![0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08];
    der.extend([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00]);
    der.extend(&point);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&der));
    let secrets = [pem.clone().into_bytes(), pem.trim().as_bytes().to_vec(), der, jwk.to_string().into_bytes(), point, Vec::new()];
    for (name, algorithm) in [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)] {
        let text = format!("{}.{}", encode(&changed(&forge.header, "alg", Some(json!(name)))), encode(&forge.claims));
        for secret in &secrets {
            let tag = hmac::sign(&hmac::Key::new(algorithm, secret), text.as_bytes());
            refused(&app, &format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag)));
        }
    }
    for name in ["none", "None", "nOnE", "NONE", "", "hs256", "es256", "ES256 ", "ES384", "RS256", "PS256", "EdDSA", "Ed25519"] {
        let header = changed(&forge.header, "alg", Some(json!(name)));
        refused(&app, &forge.token(&header, &forge.claims));
        refused(&app, &format!("{}.{}.", encode(&header), encode(&forge.claims)));
    }
    for value in [json!(null), json!(1), json!(["ES256"])] {
        refused(&app, &forge.header("alg", Some(value)));
    }
    refused(&app, &forge.header("alg", None));
}

/// JW-02: a key that the token brings, or says where to find, is not looked at, and nothing is fetched.
#[test]
fn a_key_that_a_token_brings_is_not_taken() {
    let app = TestApp::start();
    let forge = Forge::of(&app.admin());
    let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
    listener.set_nonblocking(true).expect("does not wait");
    let place = format!("http://{}/jwks.json", listener.local_addr().expect("an address"));
    let attacker = strange_key();
    let point = attacker.public_key().as_ref();
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "alg": "ES256", "use": "sig", "kid": "ke-tan-cong"});
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!(place)),
        ("x5u", json!(place)),
        ("x5c", json!([STANDARD.encode(point)])),
        ("x5t", json!(URL_SAFE_NO_PAD.encode([0_u8; 20]))),
        ("x5t#S256", json!(URL_SAFE_NO_PAD.encode([0_u8; 32]))),
    ] {
        for kid in [forge.header["kid"].clone(), json!("ke-tan-cong")] {
            let header = changed(&changed(&forge.header, "kid", Some(kid)), name, Some(value.clone()));
            refused(&app, &sign(&attacker, &header, &forge.claims));
        }
        // Not even beside a signature of ours.
        refused(&app, &forge.header(name, Some(value)));
    }
    assert_eq!(listener.accept().expect_err("nobody came").kind(), ErrorKind::WouldBlock);
}

/// JW-03: a key has a name that we gave; made-up ones have the keys read again once in five seconds and not each time.
#[test]
fn a_key_is_known_by_its_name_alone() {
    let app = TestApp::start();
    let forge = Forge::of(&app.admin());
    for kid in [
        json!(null),
        json!(1),
        json!(""),
        json!("khong-co"),
        json!("a".repeat(65)),
        json!("a".repeat(3000)),
        json!("../../dev/null"),
        json!("' OR 1=1--"),
        json!("\u{0}"),
        json!(format!("{}\u{0}", forge.header["kid"].as_str().expect("a kid"))),
        json!(["a"]),
    ] {
        refused(&app, &forge.header("kid", Some(kid)));
    }
    refused(&app, &forge.header("kid", None));
    // The strange names above had the keys read at this moment: not again before five seconds are over.
    let new = db_rotate(&app, 0);
    let newest = Forge { key: db_key(&app, &new), header: changed(&forge.header, "kid", Some(json!(new))), claims: forge.claims.clone() };
    refused(&app, &newest.token(&newest.header, &newest.claims));
    app.clock.advance(5);
    app.bearer(&newest.token(&newest.header, &newest.claims)).get("/api/v1/me").expect(200);
    // The old one verifies until its last token has ended, and is then as unknown as any.
    let at = |forge: &Forge| {
        let now = app.clock.now().unix();
        let claims = changed(&forge.claims, "iat", Some(json!(now)));
        forge.token(&forge.header, &changed(&changed(&claims, "nbf", Some(json!(now))), "exp", Some(json!(now + 600))))
    };
    app.clock.advance(keys::OVERLAP - 6);
    app.bearer(&at(&forge)).get("/api/v1/me").expect(200);
    app.clock.advance(1);
    refused(&app, &at(&forge));
    app.bearer(&at(&newest)).get("/api/v1/me").expect(200);
}

/// JW-04: times are whole numbers of seconds, all there, and not of the future.
#[test]
fn times_are_numbers_and_all_there() {
    let app = TestApp::start();
    let forge = Forge::of(&app.admin());
    let now = app.clock.now().unix();
    let bad = |name: &str, values: Vec<Value>| {
        refused(&app, &forge.claim(name, None));
        for value in values {
            refused(&app, &forge.claim(name, Some(value)));
        }
    };
    let (text, float) = (json!((now + 600).to_string()), json!(1e30));
    bad(
        "exp",
        vec![text.clone(), json!(-1), float.clone(), json!(1_740_000_000.5), json!(0), json!(i64::MAX), json!(i64::MIN), json!(null)],
    );
    bad("exp", vec![json!(now + 601), json!(now - 31), json!([now + 600]), json!(true)]);
    bad("nbf", vec![text.clone(), json!(now + 31), json!(i64::MAX), float.clone(), json!(null)]);
    bad("iat", vec![text, json!(now + 3600), json!(now + 31), float, json!(i64::MIN), json!(null)]);
    app.bearer(&forge.claim("nbf", Some(json!(now + 30)))).get("/api/v1/me").expect(200);
}

/// JW-05: a token holds for its ten minutes and thirty seconds more, to the second.
#[test]
fn a_token_ends_with_its_leeway() {
    let app = TestApp::start();
    let admin = app.admin();
    app.clock.advance(600 + 29);
    admin.get("/api/v1/me").expect(200);
    app.clock.advance(2);
    admin.get("/api/v1/me").problem(401, "token_expired");
}

/// JW-06: issuer, audience and subject are ours, one text each; a subject is the account whose session it is.
#[test]
fn issuer_audience_and_subject_are_ours() {
    let app = TestApp::start();
    let admin = app.admin();
    let other = admin.user("nguoi.khac", "SGD", &["viewer"]).get("/api/v1/me").expect(200).json()["id"].clone();
    let forge = Forge::of(&admin);
    let stranger = json!("01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20");
    // Before and while the person is remembered.
    for _ in 0..2 {
        for (name, values) in [
            ("aud", vec![json!(1), json!([]), json!("khac"), json!(["khac", "tiendo"]), json!("TIENDO"), json!(null)]),
            ("iss", vec![json!({}), json!("khac"), json!("tiendo/"), json!("https://tiendo"), json!(null)]),
            ("sub", vec![stranger.clone(), other.clone(), json!("web"), json!(""), json!(1), json!(null)]),
            ("sid", vec![stranger.clone(), json!("x")]),
        ] {
            refused(&app, &forge.claim(name, None));
            for value in values {
                refused(&app, &forge.claim(name, Some(value)));
            }
        }
        app.bearer(&forge.token(&forge.header, &forge.claims)).get("/api/v1/me").expect(200);
    }
    refused(&app, &forge.claim("vai_tro_moi", Some(json!("department"))));
}

/// JW-07: no secret of another kind is an access token, and an access token is none of them.
#[test]
fn every_secret_has_one_use() {
    let app = TestApp::start();
    let admin = app.admin();
    let forge = Forge::of(&admin);
    let signed = app.nobody().post("/api/v1/sessions", &app.credentials("quan.tri")).expect(201).json();
    let user = json!({"username": "moi.vao", "full_name": "Người mới", "unit": "SGD", "duties": ["viewer"]});
    let invited = admin.post("/api/v1/users", &user).expect(201).json();
    let id = invited["id"].as_str().expect("an id");
    let reset = admin.post(&format!("/api/v1/users/{id}/reset"), &json!({})).expect(200).json();
    let session = signed["id"].clone();
    for secret in [&signed["refresh_token"], &invited["invitation"]["token"], &reset["invitation"]["token"], &session] {
        refused(&app, secret.as_str().expect("a secret"));
    }
    for kind in ["JWT", "jwt", "at", "refresh+jwt", "application/at+jwt", ""] {
        refused(&app, &forge.header("typ", Some(json!(kind))));
    }
    refused(&app, &forge.header("typ", None));
    // Wherever somebody who is not signed in hands over a secret, an access token is none.
    let document = tiendo::app::document().expect("a document");
    let mut places = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        let operation = &item["post"];
        if operation["security"] != json!([]) {
            continue;
        }
        let reference = operation.pointer("/requestBody/content/application~1json/schema/$ref").and_then(Value::as_str).expect("a body");
        let schema = document.pointer(reference.trim_start_matches('#')).expect("a schema");
        for name in schema["properties"].as_object().expect("members").keys().filter(|name| name.ends_with("token")) {
            places += 1;
            let mut body = json!({name: signed["access_token"]});
            for required in schema["required"].as_array().expect("a list").iter().filter_map(Value::as_str).filter(|other| other != name) {
                body[required] = json!("con ngựa đúng pin ghim");
            }
            let reply = app.nobody().post(path, &body);
            // A place may say at once that the text is longer than any of its secrets.
            match reply.status {
                422 => assert_eq!(reply.faults(), [format!("/{name} too_long")], "{path}"),
                status => assert!([401, 410].contains(&status), "{path}: {status}"),
            }
        }
    }
    assert!(places >= 2, "refresh and invitation at least");
}

/// JW-08: an extension that must be understood is one that we do not know; so is any other member of the header.
#[test]
fn extensions_are_not_understood() {
    let app = TestApp::start();
    let forge = Forge::of(&app.admin());
    for critical in [json!(["x"]), json!(["b64"]), json!([]), json!("x")] {
        refused(&app, &forge.token(&changed(&changed(&forge.header, "crit", Some(critical)), "x", Some(json!("1"))), &forge.claims));
    }
    for (name, value) in [
        ("x", json!("1")),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("url", json!("https://x")),
        ("nonce", json!("x")),
    ] {
        refused(&app, &forge.header(name, Some(value)));
    }
}

/// JW-09: one token, of three parts, in the one header that it belongs in.
#[test]
fn a_token_has_one_form_and_one_place() {
    let app = TestApp::start();
    let admin = app.admin();
    let token = admin.token.clone().expect("signed in");
    let parts: Vec<&str> = token.split('.').collect();
    for strange in [
        format!(" {token}"),
        format!("{token}="),
        format!("{token}=="),
        format!("{token}."),
        format!("{token}.x"),
        format!(".{token}"),
        parts[..2].join("."),
        "..".to_owned(),
        format!("{}..{}", parts[0], parts[2]),
        format!("{token},{token}"),
        token.replace('.', ". "),
        "x".repeat(4097),
    ] {
        refused(&app, &strange);
    }
    let with = |headers: &[(&str, &str)]| app.nobody().send("GET", "/api/v1/me", headers, None);
    with(&[("Authorization", &format!("bearer {token}"))]).expect(200);
    with(&[("Authorization", &token)]).problem(401, "invalid_token");
    with(&[("Authorization", "Basic cXVhbi50cmk6eA==")]).problem(401, "invalid_token");
    with(&[("Authorization", &format!("Bearer {token}")), ("Authorization", &format!("Bearer {token}"))]).problem(401, "invalid_token");
    for place in ["access_token", "token", "authorization"] {
        app.nobody().get(&format!("/api/v1/me?{place}={token}")).problem(401, "unauthenticated");
        admin.get(&format!("/api/v1/me?{place}={token}")).problem(422, "validation_failed");
    }
    with(&[("Cookie", &format!("access_token={token}"))]).problem(401, "unauthenticated");
    // A head of a megabyte is cut off while it is read.
    let mut stream = std::net::TcpStream::connect(app.base.trim_start_matches("http://")).expect("connects");
    let head = format!("GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", "x".repeat(1024 * 1024));
    let _ = stream.write_all(head.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 400"), "{answer}");
    admin.get("/api/v1/me").expect(200);
}

fn published(app: &TestApp) -> Vec<String> {
    let set = app.nobody().get("/.well-known/jwks.json").expect(200).json();
    set["keys"].as_array().expect("keys").iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

/// JW-12, CF-04: while a key turns over under two instances no token that is valid is refused by either, nor by somebody who kept the
/// published keys as long as they may be kept; refresh tokens and cursors of before go on.
#[test]
fn a_key_turns_over_without_a_refused_token() {
    const LEAD: i64 = 900;
    let app = TestApp::start();
    let admin = app.admin();
    let other = app.beside();
    for code in ["MN-1", "MN-2"] {
        admin.unit(code, "school", "preschool", "Trường Mầm non", "SGD");
    }
    let cursor = admin.get("/api/v1/units?limit=1").expect(200).json()["page"]["next"].as_str().expect("a next page").to_owned();
    let sign_in = |app: &TestApp| app.nobody().post("/api/v1/sessions", &app.credentials("quan.tri")).expect(201).json();
    let mut sessions = [sign_in(&app), sign_in(&other)];
    let old = kid_of(sessions[0]["access_token"].as_str().expect("a token"));
    let mut alive: Vec<(i64, String)> = Vec::new();
    let mut kept: Vec<(i64, Vec<String>)> = Vec::new();
    let mut numbers = Vec::new();
    let mut signers = Vec::new();
    let mut new = String::new();
    let start = app.clock.now().unix();
    for step in 0..24 {
        if step == 2 {
            new = db_rotate(&app, LEAD);
        }
        let now = app.clock.now().unix();
        let instances = if step % 2 == 0 { [&app, &other] } else { [&other, &app] };
        for (instance, session) in instances.iter().zip(&mut sessions) {
            let body = json!({"refresh_token": session["refresh_token"]});
            *session = instance.nobody().post("/api/v1/sessions/refresh", &body).expect(200).json();
            let token = session["access_token"].as_str().expect("a token").to_owned();
            signers.push(kid_of(&token));
            alive.push((now, token));
        }
        let sets = [published(&app), published(&other)];
        assert_eq!(sets[0], sets[1], "at {}", now - start);
        numbers.push(sets[0].len());
        kept.push((now, sets[0].clone()));
        alive.retain(|(issued, _)| now - issued < 600);
        for (issued, token) in &alive {
            for instance in [&app, &other] {
                assert_eq!(instance.bearer(token).get("/api/v1/me").status, 200, "issued {} s ago, at {}", now - issued, now - start);
            }
            let kid = kid_of(token);
            for (_, set) in kept.iter().filter(|(at, _)| now - at <= 300) {
                assert!(set.contains(&kid), "somebody who kept the keys would refuse {kid} at {}", now - start);
            }
        }
        app.clock.advance(120);
    }
    numbers.dedup();
    assert_eq!(numbers, [1, 2, 1], "the old one, both, the new one");
    assert_eq!(published(&app), [new.clone()]);
    signers.dedup();
    assert_eq!(signers, [old, new], "each in its time, on both instances");
    let signed = app.bearer(sessions[0]["access_token"].as_str().expect("a token"));
    signed.get(&format!("/api/v1/units?limit=1&cursor={cursor}")).expect(200);
}

/// JW-12, CF-04: a key that somebody else may have verifies nothing more: not what that person forges, not what is remembered of tokens that
/// were verified before, and on no instance once its keys are fresh. One that waits for its turn goes with it. Sessions go on with a new token.
#[test]
fn a_stolen_key_is_of_no_use() {
    let app = TestApp::start();
    let admin = app.admin();
    let other = app.beside();
    let session = app.nobody().post("/api/v1/sessions", &app.credentials("quan.tri")).expect(201).json();
    let forge = Forge::of(&admin);
    let (old, next) = (kid_of(admin.token.as_deref().expect("signed in")), db_rotate(&app, 3600));
    app.clock.advance(61);
    for instance in [&app, &other] {
        instance.bearer(admin.token.as_deref().expect("signed in")).get("/api/v1/me").expect(200);
        assert_eq!(published(instance), [old.clone(), next.clone()]);
    }
    let place = app.url();
    assert!(refusal(&["keys", "rotate", "--revoke", "--lead-seconds", "60"], &[("DATABASE_URL", &place)]).contains("--lead-seconds"));
    let revoke = |tx: &mut tiendo::db::Tx<'_>| keys::rotate(tx, None, Turn::AtOnce);
    let new = app.database.write_here(&Context::system("test", app.clock.now()), revoke).expect("revokes").kid;
    app.clock.advance(61);
    let now = app.clock.now().unix();
    let claims = changed(&changed(&forge.claims, "iat", Some(json!(now))), "exp", Some(json!(now + 600)));
    let waiting = changed(&forge.header, "kid", Some(json!(next)));
    for instance in [&app, &other] {
        assert_eq!(published(instance), std::slice::from_ref(&new));
        refused(instance, admin.token.as_deref().expect("signed in"));
        refused(instance, &forge.token(&forge.header, &claims));
        refused(instance, &sign(&db_key(&app, &next), &waiting, &claims));
    }
    let again = other.nobody().post("/api/v1/sessions/refresh", &json!({"refresh_token": session["refresh_token"]})).expect(200).json();
    app.bearer(again["access_token"].as_str().expect("a token")).get("/api/v1/me").expect(200);
}

/// JW-13: the published keys are kept for less than a new one is published before it signs, tell nothing private, and are enough for
/// another implementation of JOSE.
#[test]
fn another_implementation_verifies_with_the_published_keys() {
    let app = TestApp::start();
    let admin = app.admin();
    let reply = app.nobody().get("/.well-known/jwks.json").expect(200);
    assert_eq!(reply.header("cache-control"), "public, max-age=300");
    let tag = reply.header("etag");
    app.nobody().send("GET", "/.well-known/jwks.json", &[("If-None-Match", &tag)], None).expect(304);
    db_rotate(&app, 3600);
    app.clock.advance(61);
    let set = app.nobody().send("GET", "/.well-known/jwks.json", &[("If-None-Match", &tag)], None).expect(200).json();
    let keys = set["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 2);
    for key in keys {
        let mut members: Vec<&str> = key.as_object().expect("a key").keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!((&key["kty"], &key["crv"], &key["alg"], &key["use"]), (&json!("EC"), &json!("P-256"), &json!("ES256"), &json!("sig")));
    }
    let token = admin.token.clone().expect("signed in");
    let (signed, signature) = token.rsplit_once('.').expect("a signature");
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).expect("base64")).expect("r and s");
    let verifies = |key: &Value| {
        let half = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().expect("text")).expect("base64");
        let point = [vec![4], half("x"), half("y")].concat();
        VerifyingKey::from_sec1_bytes(&point).expect("a point on the curve").verify(signed.as_bytes(), &signature).is_ok()
    };
    let kid = kid_of(&token);
    let (ours, others): (Vec<&Value>, Vec<&Value>) = keys.iter().partition(|key| key["kid"] == json!(kid));
    assert!(verifies(ours[0]));
    assert!(!verifies(others[0]), "the next key did not sign it");
}
