//! Walks over the whole document: what holds for every operation, so that a new one is held to it from its first day.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::{Value, json};
use tiendo::db::schema::{unit_closure, units};
use tiendo::db::{Conn, Context, Tx};
use tiendo::error::Result;

use crate::harness::{Caller, Reply, TestApp, column};
use crate::values::{province, ratio, record};

const ABSENT: &str = "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20";

/// Every operation of the document: method, path, what it is.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let of = |(path, item): (&String, &Value)| {
        let item = item.as_object().expect("an item").clone();
        let path = path.clone();
        item.into_iter().map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    };
    paths.iter().flat_map(of).collect()
}

/// A path with something in its variable parts.
fn filled(path: &str, parts: &[(&str, &str)]) -> String {
    let mut path = path.to_owned();
    for (name, value) in parts {
        path = path.replace(&format!("{{{name}}}"), value);
    }
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        path.replace_range(from..=to, ABSENT);
    }
    path
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// How many rows each table holds, but for those that jobs write by themselves.
fn db_rows(app: &TestApp) -> BTreeMap<String, i64> {
    let read = |tx: &mut Tx<'_>| -> Result<BTreeMap<String, i64>> {
        let names = match &*tx.conn {
            Conn::Pg(_) => "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'",
            Conn::Lite(_) => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        };
        let mut rows = BTreeMap::new();
        for Named { name } in diesel::sql_query(names).load(tx.conn)? {
            if !["seals", "leases"].contains(&name.as_str()) {
                let counted: Counted = diesel::sql_query(format!("SELECT count(*) AS number FROM {name}")).get_result(tx.conn)?;
                rows.insert(name, counted.number);
            }
        }
        Ok(rows)
    };
    app.database.write_here(&Context::system("test", app.clock.now()), read).expect("counts")
}

/// AZ-01: without a token, with one that has expired and with garbage every operation is refused but for the listed ones, before anything
/// of the request is read, and nothing changes.
#[test]
fn nobody_gets_anywhere() {
    let app = TestApp::start();
    let admin = province(&app);
    record(&admin, &[ratio("MN03", "MN-DB-001", "2024-2025-START", 3, 4)]);
    let document = tiendo::app::document().expect("a document");
    // What may be asked by whoever comes: signing in, staying in, and the links that let people in.
    let public: BTreeSet<&str> = include_str!("public.txt").lines().collect();
    let open: BTreeSet<String> = operations(&document)
        .iter()
        .filter(|(_, _, operation)| operation["security"] == json!([]))
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    assert_eq!(open.iter().map(String::as_str).collect::<BTreeSet<_>>(), public, "tests/api/public.txt is the list");
    app.clock.advance(631);
    let before = db_rows(&app);
    let mut walked = 0;
    for (method, path, operation) in operations(&document) {
        if operation["security"] == json!([]) {
            continue;
        }
        let path = filled(&path, &[("unit", "MN-DB-001"), ("indicator", "MN03"), ("period", "2025"), ("session", "current")]);
        for (caller, code) in
            [(app.nobody(), "unauthenticated"), (admin.clone(), "token_expired"), (app.bearer("rac.rac.rac"), "invalid_token")]
        {
            for (kind, body) in [("application/json", &b"{}"[..]), ("text/plain", b"\xff"), ("application/json", b"{")] {
                let headers = [("Content-Type", kind), ("If-Match", "*")];
                caller.send(&method, &path, &headers, Some(body)).problem(401, code);
            }
        }
        walked += 1;
    }
    assert!(walked > 100, "{walked}");
    assert_eq!(db_rows(&app), before);
}

/// AZ-07: no operation takes a member that it does not name, at any depth of its body: nobody gives itself a role, a unit or a status.
#[test]
fn no_body_takes_what_it_does_not_name() {
    const WISHED: [&str; 12] = [
        "role",
        "unit_id",
        "approved_by",
        "created_at",
        "updated_at",
        "version",
        "password_hash",
        "is_admin",
        "submitted_by",
        "locked_at",
        "scope",
        "__proto__",
    ];
    let app = TestApp::start();
    let admin = app.admin();
    let document = tiendo::app::document().expect("a document");
    let before = db_rows(&app);
    let mut walked = 0;
    for (method, path, operation) in operations(&document) {
        let Some(reference) = operation.pointer("/requestBody/content/application~1json/schema/$ref").and_then(Value::as_str) else {
            continue;
        };
        let schema = document.pointer(reference.trim_start_matches('#')).expect("a schema");
        let example = schema.get("example").or(schema.pointer("/examples/0")).cloned().unwrap_or_else(|| json!({}));
        let path = filled(&path, &[("unit", "SGD"), ("indicator", "MN03"), ("period", "2025"), ("year", "2025")]);
        let send = |body: &Value| {
            let headers = [("Content-Type", "application/json"), ("If-Match", "*")];
            let body = body.to_string();
            if operation["security"] == json!([]) { app.nobody() } else { admin.clone() }.send(
                &method,
                &path,
                &headers,
                Some(body.as_bytes()),
            )
        };
        let mut body = example.clone();
        let wished: Vec<&str> = WISHED.into_iter().filter(|name| schema["properties"].get(name).is_none()).collect();
        for name in &wished {
            body[*name] = json!("department");
        }
        let faults = send(&body).faults();
        for name in wished {
            assert!(faults.contains(&format!("/{name} unknown_field")), "{method} {path} takes {name}: {faults:?}");
        }
        for place in objects(&example, "") {
            let mut body = example.clone();
            let object = body.pointer_mut(&place).expect("an object");
            // The parameters of a definition have names of their own.
            if place.ends_with("/parameters") {
                continue;
            }
            object["khong_co"] = json!(1);
            let faults = send(&body).faults();
            assert!(
                faults.iter().any(|fault| fault.starts_with(&format!("{place}/khong_co "))),
                "{method} {path} takes {place}/khong_co: {faults:?}"
            );
        }
        walked += 1;
    }
    assert!(walked > 40, "{walked}");
    assert_eq!(db_rows(&app), before);
}

/// The pointers of all objects of a value, but for the whole.
fn objects(value: &Value, place: &str) -> Vec<String> {
    let mut found = Vec::new();
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (format!("{place}/{name}"), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (format!("{place}/{index}"), value)).collect(),
        _ => Vec::new(),
    };
    for (place, value) in below {
        if value.is_object() {
            found.push(place.clone());
        }
        found.extend(objects(value, &place));
    }
    found
}

/// AZ-04: whatever stands in the matrix, a unit elsewhere is answered as one that does not exist, but where cards and what is everybody's
/// are read: those operations are listed here.
#[test]
fn elsewhere_is_answered_as_absent() {
    let mut operation = "";
    let mut elsewhere: Vec<&str> = Vec::new();
    let mut unlike = BTreeSet::new();
    let mut compared = 0;
    for line in include_str!("matrix.txt").lines() {
        if !line.starts_with(' ') {
            operation = line.split(' ').next().unwrap_or_default();
        } else if let Some(cells) = line.trim_start().strip_prefix("elsewhere") {
            elsewhere = cells.split('|').skip(2).map(str::trim).collect();
        } else if let Some(cells) = line.trim_start().strip_prefix("absent") {
            let absent: Vec<&str> = cells.split('|').skip(2).map(str::trim).collect();
            compared += 1;
            if absent != elsewhere {
                unlike.insert(operation);
            }
        }
    }
    assert!(compared > 100, "{compared}");
    let cards = ["get_unit", "list_unit_ancestors", "list_unit_children", "list_unit_history", "list_units", "read_unit_tree"];
    // Approved plans and work that one shares may be asked for of any unit that is known by its card: an empty list (design section 4).
    // Such a unit may not be changed (403), which one that is absent cannot be (404).
    let known: BTreeSet<&str> = cards.into_iter().chain(["list_plans", "list_assignments", "update_unit"]).collect();
    let strange: Vec<&&str> = unlike.iter().filter(|operation| !known.contains(**operation)).collect();
    assert!(strange.is_empty(), "{strange:?}");
}

fn bare(reply: Reply, id: &str) -> (u16, String) {
    let mut problem = reply.json();
    if let Some(members) = problem.as_object_mut() {
        members.remove("request_id");
        members.remove("instance");
    }
    (reply.status, problem.to_string().replace(id, "ID"))
}

/// AZ-04: an id of another subtree, in a path, a query, a body, an item of a batch or a nested list, is answered with the same bytes as
/// one that does not exist, and so is a cursor of somebody else.
#[test]
fn ids_of_others_are_unknown_wherever_they_stand() {
    let app = TestApp::start();
    let admin = province(&app);
    let other = admin.user("pgd.mc", "PGD-MC", &["editor", "approver", "admin"]);
    let caller = admin.user("pgd.db", "PGD-DB", &["editor", "approver", "admin"]);
    let id = |value: Value| value["id"].as_str().expect("an id").to_owned();
    let user = id(other.get("/api/v1/me").expect(200).json());
    let session = id(other.get("/api/v1/sessions").expect(200).json()["data"][0].clone());
    let value = record(&admin, &[ratio("MN03", "MN-MC-001", "2024-2025-START", 3, 4)])["rows"][0]["id"].as_str().expect("an id").to_owned();
    let work =
        id(other.post("/api/v1/assignments", &json!({"task": "1.03", "unit": "MN-MC-001", "due_on": "2025-06-30"})).expect(201).json());
    let school = admin.user("mn.mc", "MN-MC-001", &["editor"]);
    school.post(&format!("/api/v1/assignments/{work}/start"), &json!({})).expect(200);
    let boundary = [("Content-Type", "multipart/form-data; boundary=cut")];
    let file = "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.pdf\"\r\n\r\n%PDF-1.7 biên bản\r\n--cut--\r\n";
    let evidence =
        id(school.send("POST", &format!("/api/v1/assignments/{work}/evidence"), &boundary, Some(file.as_bytes())).expect(201).json());
    let extension = id(school
        .post(&format!("/api/v1/assignments/{work}/extensions"), &json!({"due_on": "2025-07-31", "reason": "Mưa lũ"}))
        .expect(201)
        .json());
    let plan = json!({"unit": "PGD-MC", "kind": "annual", "from_year": 2026, "to_year": 2026, "title": "Kế hoạch năm 2026"});
    let plan = id(other.post("/api/v1/plans", &plan).expect(201).json());
    let form = json!({"code": "F-1", "title_vi": "Mẫu", "title_en": "Form", "sections": [], "indicators": []});
    admin.post("/api/v1/report-forms", &form).expect(201);
    let round = json!({"code": "R-1", "title_vi": "Đợt", "title_en": "Round", "period": "2025-Q1", "form": "F-1", "owes": {"within": "SGD"}, "due_on": {}});
    admin.post("/api/v1/reporting-rounds", &round).expect(201);
    admin.post("/api/v1/reporting-rounds/R-1/open", &json!({})).expect(200);
    let report = id(school.post("/api/v1/reports", &json!({"round": "R-1", "unit": "MN-MC-001"})).expect(201).json());
    // `{}` stands for the id. Paths first, then queries, then bodies.
    let cases: [(&str, &str, &str, Option<Value>); 31] = [
        (&user, "GET", "/api/v1/users/{}", None),
        (&user, "PATCH", "/api/v1/users/{}", Some(json!({"position": "Khác"}))),
        (&user, "POST", "/api/v1/users/{}/reset", Some(json!({}))),
        (&session, "DELETE", "/api/v1/sessions/{}", None),
        (&value, "GET", "/api/v1/indicator-values/{}", None),
        (&value, "DELETE", "/api/v1/indicator-values/{}", None),
        (&value, "GET", "/api/v1/indicator-values/{}/history", None),
        (&work, "GET", "/api/v1/assignments/{}", None),
        (&work, "POST", "/api/v1/assignments/{}/cancel", Some(json!({"reason": "thử"}))),
        (&work, "GET", "/api/v1/assignments/{}/updates", None),
        (&work, "GET", "/api/v1/assignments/{}/evidence", None),
        (&evidence, "GET", "/api/v1/evidence/{}", None),
        (&evidence, "DELETE", "/api/v1/evidence/{}", None),
        (&plan, "GET", "/api/v1/plans/{}", None),
        (&plan, "POST", "/api/v1/plans/{}/submit", Some(json!({}))),
        (&report, "GET", "/api/v1/reports/{}", None),
        (&report, "GET", "/api/v1/reports/{}/document?format=csv", None),
        (&report, "POST", "/api/v1/reports/{}/accept", Some(json!({}))),
        ("PGD-MC", "GET", "/api/v1/users?within={}", None),
        ("MN-MC-001", "GET", "/api/v1/indicator-values?unit={}", None),
        ("MN-MC-001", "GET", "/api/v1/results?unit={}&year=2025", None),
        ("MN-MC-001", "GET", "/api/v1/reports?unit={}", None),
        ("MN-MC-001", "GET", "/api/v1/audit-events?within={}", None),
        ("MN-MC-001", "GET", "/api/v1/dashboard?unit={}", None),
        (&user, "GET", "/api/v1/assignments?assigned_by={}", None),
        ("MN-MC-001", "POST", "/api/v1/users", Some(json!({"username": "moi.1", "full_name": "Mới", "unit": "{}", "duties": ["viewer"]}))),
        (
            "MN-MC-001",
            "POST",
            "/api/v1/indicator-values",
            Some(json!({"rows": [ratio("MN03", "MN-DB-001", "2024-2025-START", 1, 2), ratio("MN03", "{}", "2024-2025-START", 1, 2)]})),
        ),
        ("MN-MC-001", "POST", "/api/v1/assignments", Some(json!({"task": "1.03", "unit": "{}", "due_on": "2025-06-30"}))),
        (
            "MN-MC-001",
            "POST",
            "/api/v1/assignments/bulk",
            Some(json!({"task": "1.03", "selector": {"within": "{}"}, "due_on": "2025-06-30"})),
        ),
        (
            "MN-MC-001",
            "POST",
            "/api/v1/reporting-rounds/R-1/exceptions",
            Some(json!({"unit": "{}", "until": "2025-06-01", "reason": "Mưa lũ"})),
        ),
        (&report, "POST", "/api/v1/reports/bulk", Some(json!({"action": "accept", "items": [{"id": "{}"}]}))),
    ];
    let before = db_rows(&app);
    for (theirs, method, path, body) in &cases {
        let absent = if theirs.len() == 36 { ABSENT } else { "KHONG-CO" };
        let answer = |id: &str| {
            let headers = [("Content-Type", "application/json"), ("If-Match", "*")];
            let body = body.as_ref().map(|body| body.to_string().replace("{}", id)).filter(|body| body != id);
            let reply = caller.send(method, &path.replace("{}", id), &headers[..], body.as_deref().map(str::as_bytes));
            bare(reply, id)
        };
        let (of_theirs, of_nothing) = (answer(theirs), answer(absent));
        assert_eq!(of_theirs, of_nothing, "{method} {path}");
        let told = if path.ends_with("/bulk") {
            of_theirs.1.contains("unknown_reference") || of_theirs.1.contains("not_found")
        } else {
            of_theirs.0 >= 400
        };
        let empty = path.contains("assigned_by") && of_theirs.1.contains("\"data\":[]");
        assert!(told || empty, "{method} {path}: {of_theirs:?}");
    }
    let extension = format!("/api/v1/assignments/{work}/extensions/{extension}/grant");
    caller.post(&extension, &json!({})).problem(404, "not_found");
    assert_eq!(db_rows(&app), before, "nothing changed");
    let cursor = other.get("/api/v1/units?limit=1").expect(200).json()["page"]["next"].as_str().expect("a next page").to_owned();
    assert_eq!(caller.get(&format!("/api/v1/units?limit=1&cursor={cursor}")).faults(), ["cursor invalid_cursor"]);
}

/// Every row of a list, and the total that it tells, if it does.
fn all(caller: &Caller<'_>, path: &str, counts: bool) -> Option<Vec<Value>> {
    let mut rows = Vec::new();
    let mut query = if counts { "?limit=3&count=exact".to_owned() } else { "?limit=200".to_owned() };
    loop {
        let reply = caller.get(&format!("{path}{query}"));
        if reply.status != 200 {
            return None;
        }
        let list = reply.json();
        rows.extend(list["data"].as_array()?.iter().cloned());
        match list["page"]["next"].as_str() {
            Some(next) => query = format!("?limit=3&cursor={next}"),
            None => break,
        }
        if let Some(total) = list["page"]["total"].as_u64() {
            query += "&count=exact";
            assert!(usize::try_from(total).expect("small") >= rows.len(), "{path} tells {total}");
        }
    }
    Some(rows)
}

fn db_subtree(app: &TestApp, root: &str) -> BTreeSet<String> {
    let read = |tx: &mut Tx<'_>| -> Result<Vec<String>> {
        let top: tiendo::ids::UnitId = units::table.filter(units::code.eq(root)).select(units::id).first(tx.conn)?;
        let below = unit_closure::table
            .filter(unit_closure::ancestor.eq(top))
            .filter(unit_closure::valid_from.le(tx.today()))
            .filter(unit_closure::valid_to.gt(tx.today()))
            .select(unit_closure::descendant);
        Ok(units::table.filter(units::id.eq_any(below)).select(units::code).load(tx.conn)?)
    };
    app.database.write_here(&Context::system("test", app.clock.now()), read).expect("reads").into_iter().collect()
}

/// A province in which every unit has people, values, work, a plan, a report and a target.
fn lived_in(app: &TestApp) -> Caller<'_> {
    let admin = province(app);
    let form = json!({"code": "F-1", "title_vi": "Mẫu", "title_en": "Form", "sections": [], "indicators": []});
    admin.post("/api/v1/report-forms", &form).expect(201);
    let round = json!({"code": "R-1", "title_vi": "Đợt", "title_en": "Round", "period": "2025-Q1", "form": "F-1", "owes": {"within": "SGD"}, "due_on": {}});
    admin.post("/api/v1/reporting-rounds", &round).expect(201);
    admin.post("/api/v1/reporting-rounds/R-1/open", &json!({})).expect(200);
    for code in ["PGD-DB", "PGD-MC", "MN-DB-001", "MN-DB-002", "MN-MC-001"] {
        let person = admin.user(&format!("nguoi.{}", code.to_lowercase()), code, &["editor", "approver", "admin"]);
        admin.post("/api/v1/assignments", &json!({"task": "1.03", "unit": code, "due_on": "2025-06-30"})).expect(201);
        let plan = json!({"unit": code, "kind": "annual", "from_year": 2026, "to_year": 2026, "title": "Kế hoạch năm 2026"});
        person.post("/api/v1/plans", &plan).expect(201);
        person.post("/api/v1/reports", &json!({"round": "R-1", "unit": code})).expect(201);
        record(&person, &[ratio("TT01", code, "2025", 3, 4)]);
        let target = json!({"operator": ">=", "value": "99.00"});
        let _ = admin.put(&format!("/api/v1/indicators/TT01/targets/{code}/2030"), ("If-Match", "*"), &target).status;
        let task = json!({"group": "4", "title_vi": "Nhiệm vụ riêng", "title_en": "Local task", "nature": "one_off"});
        let _ = person.post("/api/v1/tasks", &task).status;
    }
    app.db_seal();
    admin
}

/// AZ-05: every list, read by each role to its last page, holds rows of the caller's subtree only, as SQL knows it, and counts no others.
#[test]
fn lists_hold_the_subtree_and_nothing_else() {
    let app = TestApp::start();
    let admin = lived_in(&app);
    let document = tiendo::app::document().expect("a document");
    // What is everybody's: cards, the catalogue, and local tasks by name.
    let everybodys = ["/api/v1/units", "/api/v1/tasks", "/api/v1/changes"];
    let mut seen: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (role, root) in [("department", "SGD"), ("district", "PGD-DB"), ("school", "MN-DB-001")] {
        let caller = admin.user(&format!("xem.{role}"), root, &["viewer", "admin"]);
        let subtree = db_subtree(&app, root);
        assert_eq!(
            subtree.len(),
            match role {
                "department" => 7,
                "district" => 4,
                _ => 1,
            },
            "{subtree:?}"
        );
        for (method, path, operation) in operations(&document) {
            if method != "GET" || path.contains('{') || everybodys.contains(&path.as_str()) {
                continue;
            }
            let names: Vec<&str> =
                operation["parameters"].as_array().into_iter().flatten().filter_map(|parameter| parameter["name"].as_str()).collect();
            let Some(rows) = all(&caller, &path, names.contains(&"count")) else { continue };
            if names.contains(&"count") {
                let total = caller.get(&format!("{path}?limit=1&count=exact")).expect(200).json()["page"]["total"].as_u64();
                assert_eq!(
                    total.and_then(|total| usize::try_from(total).ok()),
                    Some(rows.len()),
                    "{path} as {role} counts what it does not show"
                );
            }
            for row in &rows {
                let unit = row.get("unit").and_then(|unit| unit["code"].as_str().or(unit.as_str()));
                // Approved plans are everybody's.
                if let Some(unit) = unit.filter(|_| path != "/api/v1/plans" || row["status"] != "approved") {
                    assert!(subtree.contains(unit), "{path} shows {unit} to {role}");
                    seen.entry(path.clone()).or_default().insert(role);
                }
            }
        }
        // Cards of all, the rest of its own alone.
        for unit in all(&caller, "/api/v1/units", true).expect("units") {
            let code = unit["code"].as_str().expect("a code");
            assert_eq!(unit["children_count"].is_null(), !subtree.contains(code), "{unit}");
        }
        // The feed goes on from its own last position.
        let changes = caller.get("/api/v1/changes?after=0&limit=200").expect(200).json();
        for row in changes["data"].as_array().expect("rows") {
            let unit = row["unit"]["code"].as_str();
            // The calendar, indicators, forms and rounds are everybody's to follow.
            if ["period", "indicator", "report_form", "reporting_round"].contains(&row["resource"]["type"].as_str().expect("a kind")) {
                continue;
            }
            assert!(unit.is_none_or(|unit| subtree.contains(unit)), "{row}");
        }
    }
    for path in ["users", "indicator-values", "assignments", "plans", "reports", "audit-events"] {
        let roles = seen.get(&format!("/api/v1/{path}")).map_or(0, BTreeSet::len);
        assert_eq!(roles, 3, "{path} showed rows to {roles} roles: the test must see some to prove anything");
    }
}

/// Which members of `value` its schema does not name.
fn unnamed(value: &Value, schema: &Value, document: &Value, place: &str, found: &mut Vec<String>) {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).expect("a schema"),
        None => schema,
    };
    if let Some(choices) = ["oneOf", "anyOf"].iter().find_map(|name| schema[*name].as_array()) {
        // One of them names all of it.
        let fits = choices.iter().any(|choice| {
            let mut wrong = Vec::new();
            unnamed(value, choice, document, place, &mut wrong);
            wrong.is_empty()
        });
        if !fits {
            found.push(format!("{place} is none of its choices"));
        }
        return;
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().for_each(|part| unnamed(value, part, document, place, found));
    }
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match (schema["properties"].get(name), schema.get("additionalProperties")) {
                    (Some(schema), _) => unnamed(value, schema, document, &format!("{place}/{name}"), found),
                    (None, Some(free)) if *free != json!(false) => {
                        if free.is_object() {
                            unnamed(value, free, document, &format!("{place}/{name}"), found);
                        }
                    }
                    // A schema that names nothing says that the object is free.
                    (None, None) if schema["properties"].is_null() => {}
                    (None, _) => found.push(format!("{place}/{name}")),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| unnamed(item, &schema["items"], document, place, found)),
        _ => {}
    }
}

fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                found.insert(name.clone());
                names(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

/// AZ-08: each kind of answer, read as each role, holds the members that the document names and no others; none of them is a secret, and
/// of a unit elsewhere there is the card alone.
#[test]
fn answers_hold_what_the_document_names() {
    let app = TestApp::start();
    let admin = lived_in(&app);
    let document = tiendo::app::document().expect("a document");
    let mut read = BTreeSet::new();
    for (role, root) in [("department", "SGD"), ("district", "PGD-DB"), ("school", "MN-DB-001")] {
        for duty in ["viewer", "admin"] {
            let caller = admin.user(&format!("{duty}.{role}"), root, &[duty]);
            let first = |list: &str| caller.get(list).expect(200).json()["data"][0]["id"].as_str().unwrap_or(ABSENT).to_owned();
            let of_unit = |list: &str| first(&format!("/api/v1/{list}?unit=MN-DB-001&limit=1"));
            let (user, value, work, plan, report) =
                (of_unit("users"), of_unit("indicator-values"), of_unit("assignments"), of_unit("plans"), of_unit("reports"));
            let parts = [
                ("unit", "MN-DB-001"),
                ("user", &user),
                ("value", &value),
                ("assignment", &work),
                ("plan", &plan),
                ("report", &report),
                ("indicator", "TT01"),
                ("period", "2025"),
                ("year", "2030"),
                ("number", "1"),
                ("group", "1"),
                ("task", "1.03"),
                ("form", "F-1"),
                ("round", "R-1"),
                ("document", "KH-285"),
                ("locality", "P17"),
            ];
            for (method, path, operation) in operations(&document) {
                let Some(schema) = operation.pointer("/responses/200/content/application~1json/schema") else { continue };
                if method != "GET" {
                    continue;
                }
                let mut reply = caller.get(&filled(&path, &parts));
                if reply.status == 422 {
                    reply = caller.get(&format!("{}?unit=MN-DB-001&year=2025", filled(&path, &parts)));
                }
                if reply.status != 200 {
                    continue;
                }
                let answer = reply.json();
                let mut wrong = Vec::new();
                unnamed(&answer, schema, &document, "", &mut wrong);
                assert!(wrong.is_empty(), "{path} as {duty} of a {role}: {wrong:?}");
                let mut found = BTreeSet::new();
                names(&answer, &mut found);
                let secret = |name: &&String| {
                    ["password_hash", "hash_of", "digest", "secret", "private", "token", "sort_key", "name_key", "recovery"]
                        .iter()
                        .any(|word| name.contains(word))
                };
                assert!(found.iter().find(secret).is_none(), "{path}: {found:?}");
                read.insert(path);
            }
            let card = caller.get("/api/v1/units/MN-MC-001").expect(200).json();
            let told: BTreeSet<&str> =
                card.as_object().expect("a unit").iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str()).collect();
            let cards: BTreeSet<&str> = ["id", "code", "kind", "type", "levels", "name", "parent", "locality", "role", "depth"].into();
            assert_eq!(told.is_subset(&cards), role != "department", "{told:?}");
        }
    }
    assert!(read.len() > 40, "only {}: {read:?}", read.len());
}

/// AZ-11: there is one root and no circle, a unit is never taken away, and who reads while units move back and forth sees its own subtree
/// whole and never a foreign one.
#[test]
fn the_tree_stays_a_tree_while_it_moves_and_is_read() {
    let app = TestApp::start();
    let admin = province(&app);
    admin.unit("CO-1", "commune_office", "commune_office", "Phòng Văn hóa – Xã hội xã Tu Lý", "PGD-DB");
    admin.unit("MN-CO-1", "school", "preschool", "Trường Mầm non Tu Lý", "CO-1");
    let before = admin.get("/api/v1/units?sort=code&limit=200").expect(200).json();
    for (unit, parent) in [
        ("PGD-DB", "CO-1"),
        ("PGD-DB", "PGD-DB"),
        ("PGD-DB", "MN-CO-1"),
        ("CO-1", "MN-CO-1"),
        ("CO-1", "CO-1"),
        ("SGD", "PGD-DB"),
        ("SGD", "SGD"),
    ] {
        let status = admin.patch(&format!("/api/v1/units/{unit}"), "*", &json!({"parent": parent})).status;
        assert!([403, 409, 422].contains(&status), "{unit} under {parent}: {status}");
    }
    for parent in [json!("SGD"), json!(null), json!("PGD-DB")] {
        let second = json!({"code": "SGD-2", "kind": "department", "type": "department", "name": "Sở thứ hai", "parent": parent});
        admin.post("/api/v1/units", &second).problem(422, "validation_failed");
    }
    assert_eq!(admin.patch("/api/v1/units/CO-1", "*", &json!({"parent": null})).status, 422, "nothing stands alone");
    admin.send("DELETE", "/api/v1/units/PGD-DB", &[("If-Match", "*")], None).problem(405, "method_not_allowed");
    assert_eq!(admin.get("/api/v1/units?sort=code&limit=200").expect(200).json(), before);
    for code in ["MN-DB-001", "MN-MC-001"] {
        record(&admin, &[ratio("TT01", code, "2025", 3, 4)]);
    }
    let reader = admin.user("pgd.mc", "PGD-MC", &["viewer"]);
    // A school goes back and forth between the districts; one that stays is always there, and one that never was there never is.
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..20)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..6 {
                        let list = reader.get("/api/v1/indicator-values?limit=200").expect(200).json();
                        let mut units: Vec<&str> = list["data"]
                            .as_array()
                            .expect("rows")
                            .iter()
                            .map(|row| row["unit"]["code"].as_str().expect("a code"))
                            .collect();
                        units.sort_unstable();
                        assert!([&["MN-MC-001"][..], &["MN-DB-001", "MN-MC-001"]].contains(&&units[..]), "{units:?}");
                    }
                })
            })
            .collect();
        for turn in 0..8 {
            let parent = if turn % 2 == 0 { "PGD-MC" } else { "PGD-DB" };
            admin.patch("/api/v1/units/MN-DB-001", "*", &json!({"parent": parent})).expect(200);
        }
        for reader in readers {
            reader.join().expect("read");
        }
    });
    assert_eq!(column(&reader.get("/api/v1/indicator-values").expect(200).json(), "id").len(), 1);
    app.db_verify();
}
