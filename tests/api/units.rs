//! Units: the dated tree, who sees what of it, and that a change never touches what lay before it.

use serde_json::{Value, json};

use crate::harness::{TestApp, column};
use crate::values::province;

#[test]
fn a_scope_sees_itself_whole_and_the_rest_as_cards() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.unit("PGD-DB", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện Đà Bắc", "SGD");
    admin.unit("PGD-MC", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện Mai Châu", "SGD");
    admin.unit("MN-DB-001", "school", "preschool", "Trường Mầm non Tu Lý", "PGD-DB");
    admin.unit("MN-MC-001", "school", "preschool", "Trường Mầm non Chiềng Châu", "PGD-MC");
    let district = admin.user("pgd.db", "PGD-DB", &["viewer"]);
    let own = district.get("/api/v1/units/MN-DB-001").expect(200).json();
    assert_eq!((own["version"].as_i64(), own["depth"].as_i64(), own["role"].as_str()), (Some(1), Some(2), Some("school")));
    assert_eq!(own["parent"]["code"], "PGD-DB");
    assert_eq!(own["levels"], json!(["nursery", "kindergarten"]));
    let card = district.get("/api/v1/units/MN-MC-001").expect(200).json();
    assert_eq!(card["name"], "Trường Mầm non Chiềng Châu");
    for member in ["version", "children_count", "external_codes", "valid_from", "created_at", "ownership"] {
        assert!(card[member].is_null(), "{member} of a card");
    }
    district.get("/api/v1/units/MN-MC-001/history").problem(404, "not_found");
    let above = district.get("/api/v1/units/MN-MC-001/ancestors").expect(200).json();
    assert_eq!(column(&above, "code"), ["SGD", "PGD-MC"]);
    let tree = admin.get("/api/v1/units/tree?depth=2&kind=district_office").expect(200).json();
    assert_eq!(tree["data"][0]["children"].as_array().map(Vec::len), Some(2));
    assert_eq!(tree["data"][0]["children"][0]["children"], json!([]));
}

#[test]
fn names_are_found_and_ordered_as_vietnamese_people_do() {
    let app = TestApp::start();
    let admin = app.admin();
    for (code, name) in [
        ("A1", "Trường Út"),
        ("A2", "Trường Đà Bắc"),
        ("A3", "Trường Dũng"),
        ("A4", "Trường Ăn"),
        ("A5", "Trường An"),
        ("A6", "Trường Hoà Bình"),
        ("A7", "Trường TH&THCS Mỵ Hòa"),
    ] {
        admin.unit(code, "school", "primary", name, "SGD");
    }
    let sorted = admin.get("/api/v1/units?kind=school&sort=name&fields=name").expect(200).json();
    assert_eq!(
        column(&sorted, "name"),
        ["Trường An", "Trường Ăn", "Trường Dũng", "Trường Đà Bắc", "Trường Hoà Bình", "Trường TH&THCS Mỵ Hòa", "Trường Út"]
    );
    for (q, code) in
        [("da%20bac", "A2"), ("H%C3%B2a%20B%C3%ACnh", "A6"), ("mi%20hoa", "A7"), ("th-thcs", "A7"), ("%C3%90%C3%A0", "A2"), ("DUNG", "A3")]
    {
        let found = admin.get(&format!("/api/v1/units?kind=school&q={q}")).expect(200).json();
        assert_eq!(column(&found, "code"), [code], "{q}");
    }
    let none = admin.get("/api/v1/units?q=%25&kind=school").expect(200).json();
    assert_eq!(none["data"].as_array().map(Vec::len), Some(7), "a query of signs alone finds all");
}

#[test]
fn a_move_takes_effect_on_its_day_and_history_stays() {
    let app = TestApp::start();
    let admin = app.admin();
    for (code, name) in [("PGD-DB", "Đà Bắc"), ("PGD-MC", "Mai Châu")] {
        admin.unit(code, "district_office", "district_office", &format!("Phòng Giáo dục và Đào tạo huyện {name}"), "SGD");
    }
    admin.unit("MN-DB-001", "school", "preschool", "Trường Mầm non Tu Lý", "PGD-DB");
    let mai_chau = admin.user("pgd.mc", "PGD-MC", &["viewer"]);
    let tag = admin.get("/api/v1/units/MN-DB-001").expect(200).header("etag");
    let moved = admin
        .patch(
            "/api/v1/units/MN-DB-001",
            &tag,
            &json!({"parent": "PGD-MC", "name": "Trường Mầm non Quy Đức", "effective_on": "2025-07-01"}),
        )
        .expect(200)
        .json();
    assert_eq!((moved["version"].as_i64(), moved["parent"]["code"].as_str()), (Some(2), Some("PGD-DB")), "today nothing has moved yet");
    assert!(mai_chau.get("/api/v1/units/MN-DB-001").expect(200).json()["version"].is_null());
    let then = admin.get("/api/v1/units/MN-DB-001?as_of=2025-07-01").expect(200).json();
    assert_eq!((then["name"].as_str(), then["parent"]["code"].as_str()), (Some("Trường Mầm non Quy Đức"), Some("PGD-MC")));
    // A later rename today goes on after the move only where the move said nothing else.
    let tag = admin.get("/api/v1/units/MN-DB-001").expect(200).header("etag");
    admin.patch("/api/v1/units/MN-DB-001", &tag, &json!({"short_name": "MN Tu Lý"})).expect(200);
    assert_eq!(admin.get("/api/v1/units/MN-DB-001?as_of=2025-08-01").expect(200).json()["short_name"], "MN Tu Lý");
    let history = admin.get("/api/v1/units/MN-DB-001/history").expect(200).json();
    assert_eq!(column(&history, "valid_from"), ["2010-09-01", "2025-02-20", "2025-07-01"]);
    // At midnight of 1 July in Vietnam, without a job.
    app.clock.advance(131 * 86_400);
    let mai_chau = app.sign_in("pgd.mc");
    let now = mai_chau.get("/api/v1/units/MN-DB-001").expect(200).json();
    assert_eq!((now["parent"]["code"].as_str(), now["version"].as_i64()), (Some("PGD-MC"), Some(3)));
    let admin = app.sign_in("quan.tri");
    let before = admin.get("/api/v1/units?within=PGD-DB&as_of=2025-06-30&kind=school").expect(200).json();
    assert_eq!(column(&before, "name"), ["Trường Mầm non Tu Lý"]);
    let after = admin.get("/api/v1/units?within=PGD-DB&kind=school").expect(200).json();
    assert_eq!(column(&after, "name"), Vec::<String>::new());
}

/// AZ-02, AZ-09: whoever makes an office gives it a locality of its own territory and no other: an office reads and records what is of its locality.
#[test]
fn an_office_is_in_charge_of_what_its_maker_is_in_charge_of() {
    let app = TestApp::start();
    let admin = app.admin();
    let district = |code: &str, name: &str, locality: &str| {
        let unit = json!({"code": code, "kind": "district_office", "type": "district_office", "parent": "SGD", "locality": locality,
            "name": format!("Phòng Giáo dục và Đào tạo huyện {name}"), "valid_from": "2015-01-01"});
        admin.post("/api/v1/units", &unit).expect(201);
    };
    district("PGD-MC", "Mai Châu", "D156");
    district("PGD-DB", "Đà Bắc", "D150");
    let own = admin.user("pgd.mc", "PGD-MC", &["admin"]);
    let office = |code: &str, locality: &str, from: &str| {
        json!({"code": code, "kind": "commune_office", "type": "commune_office", "parent": "PGD-MC", "locality": locality, "valid_from": from,
            "name": "Phòng Văn hóa – Xã hội"})
    };
    let communes = |of: &str| column(&admin.get(&format!("/api/v1/localities?parent={of}&sort=code")).expect(200).json(), "code");
    let (ours, theirs) = (communes("D156"), communes("D150"));
    for elsewhere in [&*theirs[0], "D150", "P17"] {
        own.post("/api/v1/units", &office("CO-X", elsewhere, "2020-01-01")).problem(403, "forbidden");
    }
    own.post("/api/v1/units", &office("CO-1", &ours[0], "2020-01-01")).expect(201);
    for elsewhere in [&*theirs[0], "D150", "P17"] {
        let move_on = json!({"locality": elsewhere, "effective_on": "2021-01-01"});
        own.patch("/api/v1/units/CO-1", "*", &move_on).problem(403, "forbidden");
    }
    own.patch("/api/v1/units/CO-1", "*", &json!({"locality": ours[1]})).expect(200);
    own.patch("/api/v1/units/CO-1", "*", &json!({"locality": null})).expect(200);
    // A school only lies somewhere; and the department gives what it likes.
    let school = json!({"code": "MN-1", "kind": "school", "type": "preschool", "name": "Trường Mầm non Vạn Mai", "parent": "PGD-MC", "locality": theirs[0]});
    own.post("/api/v1/units", &school).expect(201);
    admin.patch("/api/v1/units/CO-1", "*", &json!({"locality": theirs[0]})).problem(403, "forbidden");
    // An office that moves takes its locality along, or leaves it.
    admin.patch("/api/v1/units/CO-1", "*", &json!({"locality": ours[0]})).expect(200);
    admin.patch("/api/v1/units/CO-1", "*", &json!({"parent": "PGD-DB"})).problem(403, "forbidden");
    admin.patch("/api/v1/units/CO-1", "*", &json!({"parent": "PGD-DB", "locality": theirs[0]})).expect(200);
    // What was once its own is not on every day since.
    admin.patch("/api/v1/units/PGD-MC", "*", &json!({"locality": "D150", "effective_on": "2025-02-20"})).expect(200);
    own.post("/api/v1/units", &office("CO-2", &ours[0], "2020-01-01")).problem(403, "forbidden");
    own.post("/api/v1/units", &office("CO-2", &theirs[1], "2020-01-01")).problem(403, "forbidden");
    own.post("/api/v1/units", &office("CO-2", &theirs[1], "2025-02-20")).expect(201);
}

/// AZ-04: a unit that came has a past that is another's, and one that will go a future: neither is changed by who has it now, in totals, history
/// or what is planned.
#[test]
fn who_has_a_unit_now_changes_nothing_of_when_it_had_not() {
    let app = TestApp::start();
    let admin = province(&app);
    admin.patch("/api/v1/units/MN-MC-001", "*", &json!({"parent": "PGD-DB", "effective_on": "2025-02-01"})).expect(200);
    let own = admin.user("pgd.db", "PGD-DB", &["admin"]);
    let at = |day: &str, change: &Value| {
        let mut change = change.clone();
        change["effective_on"] = json!(day);
        change
    };
    let history = || admin.get("/api/v1/units/MN-MC-001/history").expect(200).json()["data"].clone();
    let before = history();
    for change in [json!({"parent": "PGD-DB"}), json!({"name": "Trường Mầm non khác"}), json!({"levels": ["primary"]})] {
        let refused = own.patch("/api/v1/units/MN-MC-001", "*", &at("2025-01-31", &change)).faults();
        assert_eq!(refused, ["/effective_on out_of_range"], "{change}");
    }
    assert_eq!(history(), before);
    own.patch("/api/v1/units/MN-MC-001", "*", &at("2025-02-01", &json!({"short_name": "Vạn Mai"}))).expect(200);
    // Nor is another put where it stood then.
    let below = json!({"code": "MN-DB-9", "kind": "school", "type": "preschool", "name": "Điểm trường", "parent": "PGD-DB", "valid_from": "2023-01-01"});
    own.post("/api/v1/units", &below).expect(201);
    admin.unit("CO-9", "commune_office", "commune_office", "Phòng Văn hóa – Xã hội", "PGD-MC");
    admin.patch("/api/v1/units/CO-9", "*", &json!({"parent": "PGD-DB"})).expect(200);
    let there = own.patch("/api/v1/units/MN-DB-9", "*", &at("2025-02-19", &json!({"parent": "CO-9"}))).faults();
    assert_eq!(there, ["/effective_on out_of_range"]);
    let there = json!({"code": "MN-DB-8", "kind": "school", "type": "preschool", "name": "Điểm trường", "parent": "CO-9", "valid_from": "2024-09-01"});
    assert_eq!(own.post("/api/v1/units", &there).faults(), ["/valid_from out_of_range"]);
    own.patch("/api/v1/units/MN-DB-9", "*", &json!({"parent": "CO-9"})).expect(200);
    // One that will go is renamed until then, and taken back by nobody but who sent it.
    admin.patch("/api/v1/units/MN-DB-001", "*", &json!({"parent": "PGD-MC", "effective_on": "2025-06-01"})).expect(200);
    own.patch("/api/v1/units/MN-DB-001", "*", &json!({"short_name": "Tu Lý"})).expect(200);
    for change in [json!({"parent": "PGD-DB"}), json!({"levels": ["primary"]})] {
        let refused = own.patch("/api/v1/units/MN-DB-001", "*", &at("2025-06-01", &change)).faults();
        assert_eq!(refused, ["/effective_on out_of_range"], "{change}");
    }
    admin.patch("/api/v1/units/MN-DB-001", "*", &at("2025-06-01", &json!({"parent": "PGD-DB"}))).expect(200);
}

#[test]
fn a_unit_never_stands_under_itself_and_bad_input_changes_nothing() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.unit("PGD-DB", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện Đà Bắc", "SGD");
    admin.unit("CO-1", "commune_office", "commune_office", "Phòng Văn hóa – Xã hội xã Tu Lý", "PGD-DB");
    admin.unit("MN-DB-001", "school", "preschool", "Trường Mầm non Tu Lý", "CO-1");
    let before = admin.get("/api/v1/units?sort=code").expect(200).json();
    let tag = admin.get("/api/v1/units/CO-1").expect(200).header("etag");
    assert_eq!(admin.patch("/api/v1/units/CO-1", &tag, &json!({"parent": "CO-1"})).faults(), ["/parent not_in_list"]);
    let twice = json!({"code": "MN-DB-001", "kind": "school", "type": "preschool", "name": "Trường Mầm non khác", "parent": "PGD-DB"});
    let problem = admin.post("/api/v1/units", &twice).problem(409, "duplicate");
    assert_eq!(problem["errors"][0]["pointer"], "/code");
    let bad = json!({"code": "tree", "kind": "school", "type": "division", "name": "  ", "parent": "KHONG-CO", "colour": "đỏ", "valid_from": "2025-02-30"});
    assert_eq!(
        admin.post("/api/v1/units", &bad).faults(),
        ["/code bad_format", "/colour unknown_field", "/name too_short", "/valid_from bad_format"]
    );
    // Nothing that could be taken for another's id, however that is written.
    for code in ["01951C1E-6A00-7C4E-9D2B-3F5A8E7B1C20", "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "01951C1E6A007C4E9D2B3F5A8E7B1C20"] {
        let unit = json!({"code": code, "kind": "school", "type": "preschool", "name": "Trường Mầm non khác", "parent": "PGD-DB"});
        assert_eq!(admin.post("/api/v1/units", &unit).faults(), ["/code bad_format"]);
    }
    let bad = json!({"code": "X", "kind": "school", "type": "division", "name": "Trường", "parent": "KHONG-CO", "locality": "C99999"});
    assert_eq!(
        admin.post("/api/v1/units", &bad).faults(),
        ["/locality unknown_reference", "/parent unknown_reference", "/type not_in_list"]
    );
    // Nor a name that looks like another's.
    for name in ["Trường\u{0}", "Trường \u{200b}A", "\u{200b}", "Trường\u{ad}A", "\u{3164}", "A\u{115f}B", "A\u{e0061}"] {
        let unit = json!({"code": "X", "kind": "school", "type": "primary", "name": name, "parent": "SGD"});
        assert_eq!(admin.post("/api/v1/units", &unit).faults(), ["/name control_character"]);
    }
    let twice = br#"{"code": "X", "kind": "school", "type": "primary", "name": "A", "name": "B", "parent": "SGD"}"#;
    admin.send("POST", "/api/v1/units", &[("Content-Type", "application/json")], Some(twice)).problem(400, "malformed_request");
    admin.patch("/api/v1/units/CO-1", "\"7-x\"", &json!({"name": "Khác"})).problem(412, "stale_version");
    admin.send("PATCH", "/api/v1/units/CO-1", &[("Content-Type", "application/json")], Some(b"{}")).problem(428, "precondition_required");
    assert_eq!(admin.patch("/api/v1/units/CO-1", &tag, &json!({"name": null})).faults(), ["/name wrong_type"]);
    assert_eq!(admin.get("/api/v1/units?sort=code").expect(200).json(), before);
}

#[test]
fn pages_neither_repeat_nor_skip_while_rows_come() {
    let app = TestApp::start();
    let admin = app.admin();
    for number in 0..12 {
        admin.unit(&format!("MN-{number:03}"), "school", "preschool", &format!("Trường Mầm non {}", number / 2), "SGD");
    }
    for sort in ["name", "-name,code", "updated_at", "-code"] {
        let mut seen = Vec::new();
        let mut path = format!("/api/v1/units?kind=school&limit=5&sort={sort}&count=exact");
        loop {
            let reply = admin.get(&path).expect(200);
            let page = reply.json();
            seen.extend(column(&page, "code"));
            let Some(next) = page["page"]["next"].as_str().map(str::to_owned) else { break };
            assert!(reply.header("link").contains(&next));
            admin.unit(
                &format!("NEW-{}-{}", sort.replace(['-', ','], "x"), seen.len()),
                "school",
                "preschool",
                "Trường Mầm non mới",
                "SGD",
            );
            path = format!("/api/v1/units?kind=school&limit=5&sort={sort}&cursor={next}");
        }
        let old: Vec<&String> = seen.iter().filter(|code| code.starts_with("MN-")).collect();
        let distinct: std::collections::HashSet<&&String> = old.iter().collect();
        assert_eq!((old.len(), distinct.len()), (12, 12), "{sort}");
    }
    let next = admin.get("/api/v1/units?limit=2").expect(200).json()["page"]["next"].as_str().expect("more").to_owned();
    for path in [
        format!("/api/v1/units?limit=2&q=x&cursor={next}"),
        format!("/api/v1/units?cursor={next}A"),
        "/api/v1/units?cursor=AAAA".to_owned(),
    ] {
        assert_eq!(admin.get(&path).faults(), ["cursor invalid_cursor"]);
    }
}
