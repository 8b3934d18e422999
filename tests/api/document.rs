//! The OpenAPI document: committed, true, and complete.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::TestApp;

fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().expect("an item").iter().map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
        })
        .collect()
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let app = TestApp::start();
    let served = app.nobody().get("/openapi.json").expect(200).json();
    let committed: Value = serde_json::from_str(include_str!("../../openapi/openapi.json")).expect("json");
    assert!(served == committed, "run `cargo run -- openapi > openapi/openapi.json` and look at the difference");
}

#[test]
fn every_operation_says_what_it_is_and_every_refusal_it_can_give() {
    let document = tiendo::app::document().expect("a document");
    let public = ["create_session", "refresh_session", "accept_invitation", "request_password_reset"];
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().expect("an id").to_owned();
        for member in ["summary", "description"] {
            assert!(operation[member].as_str().is_some_and(|text| !text.is_empty()), "{id}: {member}");
        }
        assert_eq!(operation["security"] == serde_json::json!([]), public.contains(&id.as_str()), "{id}: {method} {path}");
        // A download comes as what it is, whatever is accepted.
        for status in ["422", "429", "500", "503", "406"].iter().filter(|status| **status != "406" || !id.starts_with("download_")) {
            assert!(operation["responses"][status].is_object(), "{id}: {status}");
        }
        assert!(ids.insert(id.clone()), "{id} twice");
    }
    let responses = document["components"]["responses"].as_object().expect("responses");
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        let object = schema["type"] == "object" && !name.ends_with("List") && !name.ends_with("Rows");
        let parameters = name.ends_with("Filters") || name.ends_with("Query") || name == "AsOf";
        assert!(
            !object || parameters || schema["example"].is_object() || schema["examples"].is_array() || name == "HomeUnit",
            "{name} has no example"
        );
    }
    assert!(!responses.is_empty());
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value, document: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
                }
                members.values().for_each(|member| walk(member, document));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, document)),
            _ => {}
        }
    }
    let document = tiendo::app::document().expect("a document");
    walk(&document, &document);
}

/// What fits the document can be read: a number that is too large for us is refused by its schema, with its place, and not by accident.
#[test]
fn every_integer_that_is_sent_has_its_bounds() {
    fn walk(value: &Value, document: &Value, place: &str, seen: &mut BTreeSet<String>) {
        if let Some(reference) = value["$ref"].as_str() {
            if seen.insert(reference.to_owned()) {
                walk(document.pointer(reference.trim_start_matches('#')).expect("is there"), document, reference, seen);
            }
            return;
        }
        let kinds = &value["type"];
        if kinds == "integer" || kinds.as_array().is_some_and(|kinds| kinds.contains(&json!("integer"))) {
            let bounded = value["enum"].is_array() || (value["minimum"].is_number() && value["maximum"].is_number());
            assert!(bounded, "{place}: {value}");
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter().filter(|(name, _)| *name != "example") {
                    walk(member, document, &format!("{place}/{name}"), seen);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, document, place, seen)),
            _ => {}
        }
    }
    let document = tiendo::app::document().expect("a document");
    let mut seen = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        walk(&operation["requestBody"], &document, &format!("{method} {path}"), &mut seen);
    }
    assert!(seen.len() > 20, "{seen:?}");
}

/// AZ-03: what is routed is what is documented.
#[test]
fn routes_and_document_are_the_same_set_and_none_is_open_by_mistake() {
    let app = TestApp::start();
    let api = tiendo::app::api().expect("an api");
    let declared: BTreeSet<(String, String)> =
        api.inventory().iter().map(|listing| (listing.method.clone(), listing.path.clone())).collect();
    let documented: BTreeSet<(String, String)> = operations(api.document()).into_iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(declared, documented);
    for listing in api.inventory() {
        let path = listing.path.replace("{session}", "current").replace(['{', '}'], "");
        let reply = app.nobody().send(&listing.method, &path, &[("Content-Type", "application/json")], Some(b"{}"));
        let garbage = app.bearer("garbage").send(&listing.method, &path, &[("Content-Type", "application/json")], Some(b"{}"));
        if listing.permission.is_some() {
            let _ = reply.problem(401, "unauthenticated");
            let _ = garbage.problem(401, "invalid_token");
        } else {
            let _ = reply.problem(422, "validation_failed");
        }
    }
}

/// ASVS 14.3.1: the viewer knows a token only as long as its page is open: nothing of it stays in the browser's storage.
#[test]
fn the_viewer_keeps_no_token() {
    let app = TestApp::start();
    let script = String::from_utf8(app.nobody().get("/docs/swagger-initializer.js").expect(200).body).expect("text");
    assert!(script.contains("/openapi.json"), "{script}");
    assert!(!script.contains("persistAuthorization") || script.contains("\"persistAuthorization\": false"), "{script}");
}

#[test]
fn what_stands_outside_the_api_works_offline() {
    let app = TestApp::start();
    let page = app.nobody().get("/docs/").expect(200);
    assert!(page.header("content-security-policy").contains("default-src 'self'"));
    let page = String::from_utf8(page.body).expect("text");
    assert!(!page.contains("https://") && page.contains("swagger-ui"), "{page}");
    app.nobody().get("/docs/swagger-ui-bundle.js").expect(200);
    let keys = app.nobody().get("/.well-known/jwks.json").expect(200).json();
    let members: BTreeSet<&String> = keys["keys"][0].as_object().expect("a key").keys().collect();
    assert_eq!(members.into_iter().map(String::as_str).collect::<Vec<_>>(), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    for code in tiendo::error::Code::ALL {
        app.nobody().get(&format!("/problems/{}", code.slug())).expect(200);
    }
    app.nobody().get("/problems/none").problem(404, "not_found");
    app.nobody().get("/health/ready").expect(200);
    app.nobody().send("POST", "/health/live", &[], None).problem(405, "method_not_allowed");
}
