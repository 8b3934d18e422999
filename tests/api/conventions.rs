//! What holds for every operation: strictness, negotiation, conditions, headers, limits.

use std::io::{Read, Write};

use serde_json::json;

use crate::evidence;
use crate::harness::{Reply, TestApp};
use crate::values::province;

#[test]
fn parameters_are_known_given_once_and_in_range() {
    let app = TestApp::start();
    let admin = app.admin();
    let faults = admin.get("/api/v1/units?limit=201&sort=name;--&colour=red&kind=castle&as_of=2025-02-30").faults();
    assert_eq!(faults, ["as_of bad_format", "colour unknown_parameter", "kind not_in_list", "limit out_of_range"]);
    assert_eq!(admin.get("/api/v1/units?sort=password_hash").faults(), ["sort not_in_list"]);
    assert_eq!(admin.get("/api/v1/units?fields=name,secret").faults(), ["fields not_in_list"]);
    assert_eq!(admin.get("/api/v1/units?q=%00").faults(), ["q control_character"]);
    for limit in ["0", "-1", "9223372036854775808", "abc", "1.0", "01", ""] {
        assert_eq!(
            admin.get(&format!("/api/v1/units?limit={limit}")).problem(422, "validation_failed")["errors"].as_array().map(Vec::len),
            Some(1),
            "{limit}"
        );
    }
    assert_eq!(admin.get("/api/v1/me?limit=1").faults(), ["limit unknown_parameter"]);
}

#[test]
fn a_read_can_be_conditional_and_compressed() {
    let app = TestApp::start();
    let admin = app.admin();
    let tag = admin.get("/api/v1/units/SGD").expect(200).header("etag");
    assert!(tag.starts_with("\"1-"), "{tag}");
    let unchanged = admin.send("GET", "/api/v1/units/SGD", &[("If-None-Match", &tag)], None).expect(304);
    assert!(unchanged.body.is_empty());
    assert_eq!(unchanged.header("etag"), tag);
    admin.send("GET", "/api/v1/units/SGD", &[("If-None-Match", "\"1-0000000000000000\"")], None).expect(200);
    let head = admin.send("HEAD", "/api/v1/units/SGD", &[], None).expect(200);
    assert_eq!((head.header("etag"), head.body.len()), (tag, 0));
    for number in 0..4 {
        admin.unit(&format!("MN-{number}"), "school", "preschool", "Trường Mầm non", "SGD");
    }
    let zipped = admin.send("GET", "/api/v1/units", &[("Accept-Encoding", "gzip")], None).expect(200);
    assert_eq!(zipped.header("content-encoding"), "gzip");
    assert!(zipped.header("etag").ends_with("-gzip\""));
    assert_eq!(zipped.body.get(..2), Some(&[0x1f, 0x8b][..]));
}

/// RL-11: what is compressed is not read at all, so nothing inflates.
#[test]
fn methods_media_and_languages_are_negotiated() {
    let app = TestApp::start();
    let admin = app.admin();
    let reply = admin.send("PUT", "/api/v1/units/SGD", &[], None);
    assert_eq!(reply.header("allow"), "GET, PATCH, HEAD, OPTIONS");
    let _ = reply.problem(405, "method_not_allowed");
    admin.get("/api/v1/nothing").problem(404, "not_found");
    admin.get("/api/v1/units/%00").problem(404, "not_found");
    admin.send("GET", "/api/v1/units", &[("Accept", "text/html")], None).problem(406, "not_acceptable");
    for media in ["text/plain", "application/json; charset=latin1"] {
        admin.send("POST", "/api/v1/units", &[("Content-Type", media)], Some(b"{}")).problem(415, "unsupported_media_type");
    }
    admin
        .send("POST", "/api/v1/units", &[("Content-Type", "application/json"), ("Content-Encoding", "gzip")], Some(b"{}"))
        .problem(415, "unsupported_media_type");
    for body in ["", "{", "[1,]", "{\"a\":1} x"] {
        admin
            .send("POST", "/api/v1/units", &[("Content-Type", "application/json")], Some(body.as_bytes()))
            .problem(400, "malformed_request");
    }
    let deep = format!("{{\"code\":{}{}}}", "[".repeat(60), "]".repeat(60));
    admin.send("POST", "/api/v1/units", &[("Content-Type", "application/json")], Some(deep.as_bytes())).problem(400, "malformed_request");
    let english = app.nobody().send("GET", "/api/v1/units", &[("Accept-Language", "en")], None).problem(401, "unauthenticated");
    assert_eq!(english["title"], "Not signed in");
    assert_eq!(app.nobody().get("/api/v1/units").problem(401, "unauthenticated")["title"], "Chưa đăng nhập");
}

/// HT-15: whatever is answered carries the headers that keep browsers and caches from harm; a quota is told with each.
#[test]
fn every_answer_is_dressed_and_only_listed_origins_may_read() {
    let app = TestApp::start();
    for (path, headers) in [
        ("/health/live", vec![]),
        ("/api/v1/none", vec![]),
        ("/docs/", vec![]),
        ("/api/v1/units", vec![("Origin", "https://app.example.vn")]),
    ] {
        let reply = app.nobody().send("GET", path, &headers, None);
        assert!(!reply.headers.contains_key("server"), "{path}");
        for name in [
            "x-request-id",
            "x-content-type-options",
            "content-security-policy",
            "referrer-policy",
            "cache-control",
            "vary",
            "ratelimit",
            "ratelimit-policy",
        ] {
            assert!(reply.headers.contains_key(name), "{path}: {name}");
        }
    }
    let listed = app.nobody().send("GET", "/api/v1/units", &[("Origin", "https://app.example.vn")], None).expect(401);
    assert_eq!(listed.header("access-control-allow-origin"), "https://app.example.vn");
    for origin in ["https://evil.example", "null", "https://app.example.vn.evil.example"] {
        let reply = app.nobody().send("GET", "/api/v1/units", &[("Origin", origin)], None).expect(401);
        assert!(!reply.headers.contains_key("access-control-allow-origin"), "{origin}");
    }
    let sane = app.nobody().send("GET", "/health/live", &[("X-Request-Id", "yeu-cau_1.2")], None).expect(200);
    assert_eq!(sane.header("x-request-id"), "yeu-cau_1.2");
    let forged = app.nobody().send("GET", "/health/live", &[("X-Request-Id", "a b{\"x\":1}")], None).expect(200);
    assert_ne!(forged.header("x-request-id"), "a b{\"x\":1}");
}

/// No answer can be framed, and none has its links turned elsewhere: whatever kind it is of, its policy says so itself, for
/// `default-src` reaches neither.
#[test]
fn every_policy_names_its_base_and_its_frames() {
    let app = TestApp::start();
    let admin = province(&app);
    let school = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let file = evidence::upload(&school, &evidence::given(&admin, "MN-DB-001"), "Biên bản.pdf", b"%PDF-1.7").expect(201).json();
    let get = |path: &str, accept: &str| admin.send("GET", path, &[("Accept", accept)], None).expect(200);
    let answers: [Reply; 9] = [
        get("/api/v1/me", "application/json"),
        get("/api/v1/units", "application/json"),
        get("/api/v1/indicators/MN03/chart.svg", "image/svg+xml"),
        get(file["href"].as_str().expect("a path"), "application/pdf"),
        get("/docs/", "text/html"),
        get("/openapi.json", "application/json"),
        get("/problems/not-found", "text/html"),
        get("/health/live", "application/json"),
        app.nobody().get("/api/v1/none").expect(404),
    ];
    for answer in answers {
        let policy = answer.header("content-security-policy");
        let directives: Vec<&str> = policy.split("; ").collect();
        for directive in ["base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(directives.contains(&directive), "{policy}");
        }
        assert!(directives.contains(&"default-src 'none'") || directives.contains(&"object-src 'none'"), "{policy}");
    }
}

/// ASVS 4.2.1, HT-13: where a request ends is never in doubt: one with two lengths, or with a length and a coding, is refused and its
/// connection closed, so that nothing behind it is taken for a request.
#[test]
fn where_a_request_ends_is_not_in_doubt() {
    let app = TestApp::start();
    for lengths in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: 4\r\nContent-Length: 4",
        "Content-Length: 4, 5",
        "Content-Length: +4",
        "Content-Length: -4",
        "Content-Length: 0x4",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
    ] {
        let mut stream = std::net::TcpStream::connect(app.base.trim_start_matches("http://")).expect("connects");
        let head = format!("POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{lengths}\r\n\r\n");
        let hidden = "0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
        let _ = stream.write_all(format!("{head}{hidden}").as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 400") && answer.matches("HTTP/1.1").count() == 1, "{lengths}: {answer}");
    }
    app.nobody().get("/health/live").expect(200);
}

#[test]
fn a_body_that_is_too_large_or_too_slow_is_cut_off() {
    let app = TestApp::start_with(|settings| {
        settings.body_limit = 2000;
        settings.body_seconds = 1;
    });
    let large = json!({"username": "x".repeat(3000), "password": "x"});
    app.nobody().post("/api/v1/sessions", &large).problem(413, "too_large");
    let address = app.base.trim_start_matches("http://");
    let mut slow = std::net::TcpStream::connect(address).expect("connects");
    slow.write_all(b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        .expect("sends");
    let mut answer = String::new();
    slow.read_to_string(&mut answer).expect("answers and closes");
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("request_timeout"), "{answer}");
}
