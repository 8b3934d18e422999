//! What HTTP itself asks of every path (RFC 9110, RFC 6585): walks over the document, and races for one tag.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Caller, Reply, TestApp};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const ABSENT: &str = "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20";

/// Every path of the document, with what its variable parts may be, and the methods that it has.
fn paths(document: &Value) -> Vec<(String, BTreeSet<String>)> {
    let paths = document["paths"].as_object().expect("paths");
    let filled = |path: &str, item: &Value| {
        let operation = item.as_object().expect("an item").values().next().expect("an operation");
        let parameters = operation["parameters"].as_array().expect("parameters");
        parameters.iter().filter(|parameter| parameter["in"] == "path").fold(path.to_owned(), |path, parameter| {
            let name = parameter["name"].as_str().expect("a name");
            let value = match name {
                "session" => "current",
                "number" | "version" => "1",
                "year" => "2030",
                _ => parameter["schema"]["example"].as_str().unwrap_or(ABSENT),
            };
            path.replace(&format!("{{{name}}}"), value)
        })
    };
    let methods = |item: &Value| item.as_object().expect("an item").keys().map(|method| method.to_uppercase()).collect();
    paths.iter().map(|(path, item)| (filled(path, item), methods(item))).collect()
}

/// HT-08: every path answers a method that it does not have with 405 and those that it has; HT-10: so do methods that nobody knows, and
/// OPTIONS says the same.
#[test]
fn every_path_names_the_methods_that_it_has() {
    let app = TestApp::start();
    let admin = app.admin();
    for (path, mut methods) in paths(&tiendo::app::document().expect("a document")) {
        if methods.contains("GET") {
            methods.insert("HEAD".to_owned());
        }
        methods.insert("OPTIONS".to_owned());
        let allowed = |reply: &Reply| reply.header("allow").split(", ").map(str::to_owned).collect::<BTreeSet<String>>();
        for method in METHODS.into_iter().chain(["TRACE"]).filter(|method| !methods.contains(*method)) {
            let reply = admin.send(method, &path, &[("Content-Type", "application/json")], Some(b"{}"));
            assert_eq!(allowed(&reply), methods, "{method} {path}");
            let _ = reply.problem(405, "method_not_allowed");
        }
        let options = admin.send("OPTIONS", &path, &[], None).expect(204);
        assert_eq!(allowed(&options), methods, "{path}");
    }
    let unknown = b"FOO /api/v1/units HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = app.raw(unknown);
    assert!(answer.starts_with("HTTP/1.1 405") && answer.contains("method_not_allowed"), "{answer}");
}

/// Headers that may differ from one answer to the next.
fn steady(reply: &Reply) -> Vec<(String, String)> {
    let other = ["date", "x-request-id", "ratelimit"];
    let mut headers: Vec<(String, String)> = reply
        .headers
        .iter()
        .filter(|(name, _)| !other.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
        .collect();
    headers.sort();
    headers
}

/// HT-09: HEAD answers what GET does, status and headers, and no body; so do the paths outside the API.
#[test]
fn head_is_get_without_its_body() {
    let app = TestApp::start();
    let admin = app.admin();
    let document = tiendo::app::document().expect("a document");
    let reads = paths(&document).into_iter().filter(|(_, methods)| methods.contains("GET")).map(|(path, _)| path);
    let outside = ["/openapi.json", "/docs/", "/problems/not-found", "/health/live", "/health/ready", "/.well-known/jwks.json"];
    let mut read = 0;
    for path in reads.chain(outside.map(str::to_owned)) {
        let (get, head) = (admin.get(&path), admin.send("HEAD", &path, &[], None));
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        assert_eq!(steady(&head), steady(&get), "{path}");
        read += usize::from(get.status == 200);
    }
    assert!(read > 30, "only {read} paths were there to be read");
}

/// HT-01: every change of something that has a version asks for the version that is meant.
#[test]
fn a_change_without_its_tag_is_428() {
    let app = TestApp::start();
    let admin = app.admin();
    let document = tiendo::app::document().expect("a document");
    let asks = |operation: &Value| {
        let parameters = operation["parameters"].as_array().expect("parameters");
        parameters.iter().any(|parameter| {
            ["#/components/parameters/IfMatch", "#/components/parameters/IfNoneMatch"].iter().any(|name| parameter["$ref"] == *name)
        })
    };
    // Nothing of these has a version: one's own session, password and second factor, and a file, which never changes.
    let bare = ["delete_session", "change_password", "remove_totp", "delete_evidence"];
    let mut asked = 0;
    for (template, item) in document["paths"].as_object().expect("paths") {
        let alone = json!({"paths": {template: item}});
        let path = paths(&alone).pop().expect("a path").0;
        for method in ["put", "patch", "delete"] {
            let operation = &item[method];
            let Some(id) = operation["operationId"].as_str().filter(|id| !bare.contains(id)) else { continue };
            assert!(asks(operation) || bare.contains(&id), "{id} takes a change blindly");
            let reply = admin.send(&method.to_uppercase(), &path, &[("Content-Type", "application/json")], Some(b"{}"));
            let _ = reply.problem(428, "precondition_required");
            asked += 1;
        }
    }
    assert!(asked > 10, "only {asked} operations asked");
}

/// HT-02: a stale tag is 412 and changes nothing; any of a list will do, weak or not (design.md: proxies weaken tags); `*` is whatever is
/// there, and what is not there is 404 whatever is asked of it.
#[test]
fn a_tag_names_the_version_that_is_meant() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.unit("MN-DB-001", "school", "preschool", "Trường Mầm non Tu Lý", "SGD");
    let path = "/api/v1/units/MN-DB-001";
    let before = admin.get(path).expect(200);
    for stale in ["\"0-x\"", "\"2-x\"", "W/\"2-x\"", "\"2\", \"3\"", "nonsense", ""] {
        admin.patch(path, stale, &json!({"name": "Trường Mầm non khác"})).problem(412, "stale_version");
    }
    let after = admin.get(path).expect(200);
    assert_eq!((after.header("etag"), after.body), (before.header("etag"), before.body));
    let rename = |tag: &str, name: &str| admin.patch(path, tag, &json!({"short_name": name})).expect(200).json()["version"].clone();
    assert_eq!(rename("\"7-x\", \"1-y\"", "Tu Lý 1"), 2);
    assert_eq!(rename("W/\"2-z\"", "Tu Lý 2"), 3);
    assert_eq!(rename("*", "Tu Lý 3"), 4);
    admin.patch("/api/v1/units/KHONG-CO", "*", &json!({"short_name": "x"})).problem(404, "not_found");
    let target = format!("/api/v1/indicators/MN01/targets/{}/2030", "MN-DB-001");
    admin.put(&target, ("If-Match", "*"), &json!({"operator": ">=", "value": "60.00"})).problem(412, "stale_version");
}

/// How many of fifty at once were answered 200, and how many 412: no other answer is one.
fn race(change: impl Fn(usize) -> Reply + Sync) -> (usize, usize) {
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let change = &change;
        let tries: Vec<_> = (0..50).map(|number| scope.spawn(move || change(number).status)).collect();
        tries.into_iter().map(|one| one.join().expect("answers")).collect()
    });
    let of = |status: u16| statuses.iter().filter(|given| **given == status).count();
    assert_eq!(of(200) + of(412), 50, "{statuses:?}");
    (of(200), of(412))
}

/// HT-03: of fifty changes of one version at once, on two instances, one is made and 49 are told that they came late.
#[test]
fn one_of_fifty_changes_of_a_version_is_made() {
    let app = TestApp::start();
    let other = app.beside();
    let admin = app.admin();
    let beside = Caller { app: &other, token: admin.token.clone() };
    let by = |number: usize| if number.is_multiple_of(2) { &admin } else { &beside };
    admin.unit("MN-DB-001", "school", "preschool", "Trường Mầm non Tu Lý", "SGD");
    let path = "/api/v1/units/MN-DB-001";
    let tag = admin.get(path).expect(200).header("etag");
    assert_eq!(race(|number| by(number).patch(path, &tag, &json!({"short_name": format!("MN {number}")}))), (1, 49));
    assert_eq!(admin.get(path).expect(200).json()["version"], 2);
    let target = "/api/v1/indicators/MN01/targets/MN-DB-001/2030";
    let tag = admin.put(target, ("If-None-Match", "*"), &json!({"operator": ">=", "value": "60.00"})).expect(201).header("etag");
    let put =
        |number: usize| by(number).put(target, ("If-Match", &tag), &json!({"operator": ">=", "value": format!("{}.00", 61 + number % 39)}));
    assert_eq!(race(put), (1, 49));
}

/// HT-04: what a client has is not sent again, and a cache keeps nothing for another: what differs by caller differs in its tag.
#[test]
fn what_is_known_is_not_sent_again() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.unit("PGD-DB", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện Đà Bắc", "SGD");
    let district = admin.user("pgd.db", "PGD-DB", &["viewer"]);
    let path = "/api/v1/units/SGD";
    let read = admin.get(path).expect(200);
    let tag = read.header("etag");
    let known = admin.send("GET", path, &[("If-None-Match", &format!("W/\"0-x\", {tag}"))], None).expect(304);
    assert_eq!((known.header("etag"), known.body.len()), (tag.clone(), 0));
    admin.send("GET", path, &[("If-None-Match", "\"0-x\"")], None).expect(200);
    for reply in [&read, &known] {
        assert_eq!(reply.header("cache-control"), "private, no-cache");
        let varies: Vec<&str> = reply.headers.get_all("vary").iter().map(|value| value.to_str().expect("text")).collect();
        assert!(varies.join(", ").contains("Authorization"), "{varies:?}");
    }
    let card = district.send("GET", path, &[("If-None-Match", &tag)], None).expect(200);
    assert_ne!(card.header("etag"), tag, "a card is another body");
}

/// HT-14: no origin that is not listed is let in, whatever it looks like; no answer lets credentials in; none is listed by default.
#[test]
fn only_exact_origins_are_let_in() {
    let app = TestApp::start();
    let bare = app.beside_with(|settings| settings.cors_origins = Vec::new());
    let listed = "https://app.example.vn";
    let foreign = [
        "https://evil.example",
        "null",
        "https://app.example.vn.evil.example",
        "https://evil-app.example.vn",
        "http://app.example.vn",
        "https://app.example.vn:8443",
        "*",
    ];
    let preflight = |app: &TestApp, origin: &str, method: &str| {
        let headers = [("Origin", origin), ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", "authorization")];
        app.nobody().send("OPTIONS", "/api/v1/units", &headers, None)
    };
    for method in METHODS.into_iter().chain(["HEAD"]) {
        let reply = preflight(&app, listed, method);
        assert_eq!(reply.header("access-control-allow-origin"), listed, "{method}");
        assert!(reply.header("access-control-allow-methods").contains(method));
        assert!(!reply.headers.contains_key("access-control-allow-credentials"));
        for origin in foreign {
            assert!(!preflight(&app, origin, method).headers.contains_key("access-control-allow-origin"), "{method} {origin}");
        }
        assert!(!preflight(&bare, listed, method).headers.contains_key("access-control-allow-origin"));
    }
    for origin in foreign.into_iter().chain([listed]) {
        let reply = app.nobody().send("GET", "/api/v1/units", &[("Origin", origin), ("Cookie", "a=b")], None).expect(401);
        assert_eq!(reply.headers.contains_key("access-control-allow-origin"), origin == listed, "{origin}");
        assert!(!reply.headers.contains_key("access-control-allow-credentials"));
        let varies: Vec<&str> = reply.headers.get_all("vary").iter().map(|value| value.to_str().expect("text")).collect();
        assert!(varies.join(", ").to_lowercase().contains("origin"), "{origin}: {varies:?}");
    }
    let exposed =
        app.nobody().send("GET", "/api/v1/units", &[("Origin", listed)], None).header("access-control-expose-headers").to_lowercase();
    for name in ["etag", "ratelimit", "ratelimit-policy", "retry-after"] {
        assert!(exposed.split([',', ' ']).any(|exposed| exposed == name), "{name} in {exposed}");
    }
}

/// HT-11: a body of another type, or of none, is 415 and says which is read; HT-12: what cannot be answered is 406, and nothing that was
/// sent is told back.
#[test]
fn types_of_bodies_are_asked_and_told() {
    let app = TestApp::start();
    let admin = app.admin();
    let body = Some(&b"{}"[..]);
    for headers in [
        &[][..],
        &[("Content-Type", "text/plain")],
        &[("Content-Type", "application/json; charset=latin1")],
        &[("Content-Type", "application/xml")],
    ] {
        let reply = admin.send("POST", "/api/v1/units", headers, body);
        assert_eq!(reply.header("accept"), "application/json");
        let _ = reply.problem(415, "unsupported_media_type");
    }
    for media in ["application/merge-patch+json", "application/json", "application/json; charset=utf-8", "Application/JSON"] {
        admin.send("PATCH", "/api/v1/units/SGD", &[("Content-Type", media), ("If-Match", "*")], body).expect(200);
    }
    for accept in ["text/html", "application/xml", "*/*;q=0", "image/png"] {
        let reply = admin.send("GET", "/api/v1/units", &[("Accept", accept)], None);
        assert!(!String::from_utf8_lossy(&reply.body).contains(accept));
        let _ = reply.problem(406, "not_acceptable");
    }
    for accept in ["application/json", "*/*", "application/*", "text/html, application/json;q=0.5"] {
        admin.send("GET", "/api/v1/units", &[("Accept", accept)], None).expect(200);
    }
    admin.get("/api/v1/units").expect(200);
}
