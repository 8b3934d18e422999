//! The journal: one entry per change, none per refusal, sealed in a chain that has no gap.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use serde_json::json;
use tiendo::db::{Conn, Context};
use tiendo::error::Result;

use crate::harness::TestApp;
use crate::reports::at;

#[derive(QueryableByName)]
struct Sealed {
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = Binary)]
    previous: Vec<u8>,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
    #[diesel(sql_type = Text)]
    action: String,
}

fn db_sealed(app: &TestApp) -> Vec<Sealed> {
    let sql = "SELECT s.position, s.previous, s.hash, j.action FROM seals s JOIN journal j ON j.seq = s.seq ORDER BY s.position";
    let read = |conn: &mut Conn| -> Result<Vec<Sealed>> { Ok(diesel::sql_query(sql).load(conn)?) };
    app.database.write_here(&Context::system("test", app.clock.now()), |tx| read(tx.conn)).expect("reads")
}

#[test]
fn every_change_is_one_entry_and_refusals_are_none() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.unit("PGD-DB", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện Đà Bắc", "SGD");
    let tag = admin.get("/api/v1/units/PGD-DB").expect(200).header("etag");
    admin.patch("/api/v1/units/PGD-DB", &tag, &json!({"short_name": "PGD Đà Bắc"})).expect(200);
    admin.patch("/api/v1/units/PGD-DB", &tag, &json!({"short_name": "Khác"})).problem(412, "stale_version");
    let _ = admin.post("/api/v1/units", &json!({"code": "x"})).problem(422, "validation_failed");
    admin.delete("/api/v1/sessions/current").expect(204);
    app.db_seal();
    let actions: Vec<String> = db_sealed(&app).into_iter().map(|sealed| sealed.action).collect();
    let arranged = ["catalogue.load", "user.create", "user.accept", "session.create", "totp.create", "totp.confirm"];
    assert_eq!(actions, [&arranged[..], &["unit.create", "unit.update", "session.delete"]].concat());
}

/// A move that was recorded for a later day is told on that day, once, whatever instance comes first: to whoever follows the unit that it
/// leaves that it is gone, to whoever follows the other that it is there, and whoever asks what changed since finds it.
#[test]
fn what_was_planned_is_told_on_its_day() {
    let app = TestApp::start();
    let beside = app.beside();
    let admin = app.admin();
    for (code, name) in [("PGD-DB", "Phòng Giáo dục và Đào tạo huyện Đà Bắc"), ("PGD-MC", "Phòng Giáo dục và Đào tạo huyện Mai Châu")]
    {
        admin.unit(code, "district_office", "district_office", name, "SGD");
    }
    admin.unit("MN-A", "school", "preschool", "Trường Mầm non Hoa Ban", "PGD-DB");
    let (leaves, takes) = ("xem.cu", "xem.moi");
    admin.user(leaves, "PGD-DB", &["viewer"]);
    admin.user(takes, "PGD-MC", &["viewer"]);
    let planned = json!({"parent": "PGD-MC", "effective_on": "2025-03-01"});
    admin.patch("/api/v1/units/MN-A", "*", &planned).expect(200);
    admin.patch("/api/v1/units/MN-A", "*", &json!({"name": "Trường Mầm non Ban Trắng", "effective_on": "2025-03-02"})).expect(200);
    let read = |follower: &str, after: i64| {
        app.db_seal();
        let feed = app.sign_in(follower).get(&format!("/api/v1/changes?after={after}&limit=200")).expect(200).json();
        let rows: Vec<(String, bool)> = feed["data"]
            .as_array()
            .expect("rows")
            .iter()
            .filter(|row| row["resource"]["code"] == "MN-A")
            .map(|row| (row["type"].as_str().expect("a type").to_owned(), row["deleted"] == true))
            .collect();
        (rows, feed["last"].as_i64().expect("a position"))
    };
    let told = |event: &str, deleted: bool| vec![(event.to_owned(), deleted)];
    let (_, old_last) = read(leaves, 0);
    let (_, new_last) = read(takes, 0);
    app.run(async |jobs| jobs.tell_planned().await);
    assert_eq!((read(leaves, old_last).0, read(takes, new_last).0), (Vec::new(), Vec::new()), "its day has not come");
    at(&app, "2025-02-28T18:00:00.000000Z");
    let since = "2025-02-28T17:00:00.000000Z";
    for instance in [&beside, &app, &beside] {
        instance.run(async |jobs| jobs.tell_planned().await);
    }
    let (gone, old_last) = read(leaves, old_last);
    let (there, new_last) = read(takes, new_last);
    assert_eq!((gone, there), (told("unit.deleted", true), told("unit.updated", false)));
    let changed = app.sign_in(takes).get(&format!("/api/v1/units?updated_since={since}")).expect(200).json();
    assert_eq!((&changed["data"][0]["code"], &changed["data"][0]["parent"]["code"]), (&json!("MN-A"), &json!("PGD-MC")));
    // A change of the day itself does not keep what was planned for it from being told.
    at(&app, "2025-03-01T18:00:00.000000Z");
    app.sign_in("quan.tri").patch("/api/v1/units/MN-A", "*", &json!({"short_name": "Ban Trắng"})).expect(200);
    for instance in [&app, &beside] {
        instance.run(async |jobs| jobs.tell_planned().await);
    }
    assert_eq!(read(leaves, old_last).0, Vec::new());
    assert_eq!(read(takes, new_last).0, [told("unit.updated", false), told("unit.updated", false)].concat());
    app.db_verify();
}

#[test]
fn seals_chain_without_gaps_while_many_write() {
    let app = TestApp::start();
    let admin = app.admin();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let admin = admin.clone();
            scope.spawn(move || {
                for number in 0..10 {
                    admin.unit(&format!("MN-{writer}-{number}"), "school", "preschool", "Trường Mầm non", "SGD");
                }
            });
        }
        for _ in 0..20 {
            app.db_seal();
        }
    });
    app.db_seal();
    let sealed = db_sealed(&app);
    assert_eq!(sealed.len(), 46);
    let mut previous = vec![0; 32];
    for (index, seal) in sealed.iter().enumerate() {
        assert_eq!((seal.position, &seal.previous), (i64::try_from(index).expect("small") + 1, &previous));
        previous.clone_from(&seal.hash);
    }
}

#[test]
fn the_feed_and_the_audit_trail_tell_the_same_story_each_in_its_scope() {
    let app = TestApp::start();
    let admin = app.admin();
    let start = admin.get("/api/v1/changes?limit=0").expect(200).json();
    assert_eq!(start["data"], json!([]));
    for (code, name) in [("PGD-DB", "Đà Bắc"), ("PGD-MC", "Mai Châu")] {
        admin.unit(code, "district_office", "district_office", &format!("Phòng Giáo dục và Đào tạo huyện {name}"), "SGD");
    }
    let district = admin.user("pgd.db", "PGD-DB", &["admin"]);
    let viewer = admin.user("xem.db", "PGD-DB", &["viewer"]);
    let tag = district.get("/api/v1/units/PGD-DB").expect(200).header("etag");
    district.patch("/api/v1/units/PGD-DB", &tag, &json!({"short_name": "PGD Đà Bắc"})).expect(200);
    app.db_seal();
    let all = admin.get("/api/v1/changes").expect(200).json();
    let positions: Vec<i64> = all["data"].as_array().expect("rows").iter().filter_map(|row| row["position"].as_i64()).collect();
    assert!(positions.is_sorted() && positions.len() > 6, "{positions:?}");
    let own = district.get("/api/v1/changes").expect(200).json();
    let types: Vec<&str> = own["data"].as_array().expect("rows").iter().filter_map(|row| row["type"].as_str()).collect();
    assert_eq!(types, ["unit.created", "user.created", "user.updated", "user.created", "user.updated", "unit.updated"]);
    assert_eq!(own["data"][0]["data"]["short_name"], "PGD Đà Bắc", "the resource as it is now");
    assert_eq!(own["data"][0]["unit"]["code"], "PGD-DB");
    // Taken up in steps, nothing is missed and nothing comes twice.
    let (mut after, mut steps) = (0, Vec::new());
    loop {
        let step = district.get(&format!("/api/v1/changes?after={after}&limit=2")).expect(200).json();
        let rows = step["data"].as_array().expect("rows").clone();
        after = step["last"].as_i64().expect("a position");
        if rows.is_empty() {
            break;
        }
        steps.extend(rows);
    }
    assert_eq!(json!(steps), own["data"]);
    assert_eq!(own["last"], all["last"]);

    let trail = district.get("/api/v1/audit-events?action=unit.update").expect(200).json();
    let entry = &trail["data"][0];
    assert_eq!(trail["data"].as_array().map(Vec::len), Some(1));
    assert_eq!((entry["before"]["short_name"].is_null(), entry["after"]["short_name"].as_str()), (true, Some("PGD Đà Bắc")));
    assert_eq!((entry["actor"]["role"].as_str(), entry["actor"]["unit"]["code"].as_str()), (Some("district"), Some("PGD-DB")));
    assert_eq!(entry["hash"].as_str().map(str::len), Some(64));
    assert!(!trail.to_string().contains("argon2") && !trail.to_string().contains("token"));
    viewer.get("/api/v1/audit-events").problem(403, "forbidden");
    assert_eq!(district.get("/api/v1/audit-events?within=PGD-MC").faults(), ["within unknown_reference"]);
    let newest = admin.get("/api/v1/audit-events?limit=3&count=exact").expect(200).json();
    assert_eq!(newest["data"].as_array().map(Vec::len), Some(3));
    assert!(newest["page"]["total"].as_i64().expect("a total") > 9);
}

/// Whoever follows the changes of a unit that another leaves is told that it is gone, and whoever follows both that it is elsewhere.
#[test]
fn a_unit_that_leaves_is_gone_for_whoever_followed_it_there() {
    let app = TestApp::start();
    let admin = crate::values::province(&app);
    let district = admin.user("pgd.xem", "PGD-DB", &["viewer"]);
    app.db_seal();
    let last = admin.get("/api/v1/changes?limit=0").expect(200).json()["last"].as_i64().expect("a position");
    admin.patch("/api/v1/units/MN-DB-001", "*", &json!({"parent": "PGD-MC"})).expect(200);
    let task = json!({"group": "4", "title_vi": "Ngày hội đọc sách", "nature": "one_off"});
    admin.post("/api/v1/tasks", &task).expect(201);
    app.db_seal();
    let told = |caller: &crate::harness::Caller<'_>| {
        let changes = caller.get(&format!("/api/v1/changes?after={last}")).expect(200).json();
        let rows = changes["data"].as_array().expect("rows").clone();
        rows.iter()
            .map(|row| (row["type"].clone(), row["deleted"].clone(), row["data"]["parent"]["code"].clone(), row["data"].is_null()))
            .collect::<Vec<_>>()
    };
    let gone = (json!("unit.deleted"), json!(true), json!(null), true);
    assert_eq!(told(&district), std::slice::from_ref(&gone));
    let elsewhere = (json!("unit.updated"), json!(false), json!("PGD-MC"), false);
    assert_eq!(told(&admin), [gone, elsewhere, (json!("task.created"), json!(false), json!(null), false)]);
}

/// The same of a person: whoever keeps a copy of those of the unit keeps it no more, and its admins find in the trail where it went.
#[test]
fn a_person_who_leaves_is_gone_for_whoever_followed_it_there() {
    let app = TestApp::start();
    let admin = crate::values::province(&app);
    let district = admin.user("pgd.xem", "PGD-DB", &["viewer"]);
    let head = admin.user("pgd.qt", "PGD-DB", &["admin"]);
    let person = admin.user("mn.soan", "MN-DB-001", &["editor"]).get("/api/v1/me").expect(200).json();
    let id = person["id"].as_str().expect("an id").to_owned();
    app.db_seal();
    let last = admin.get("/api/v1/changes?limit=0").expect(200).json()["last"].as_i64().expect("a position");
    admin
        .patch(&format!("/api/v1/users/{id}"), "*", &json!({"unit": "PGD-MC", "duties": ["approver"], "position": "Chuyên viên"}))
        .expect(200);
    app.db_seal();
    let told = |caller: &crate::harness::Caller<'_>| {
        let changes = caller.get(&format!("/api/v1/changes?after={last}")).expect(200).json();
        let rows = changes["data"].as_array().expect("rows").clone();
        rows.iter().map(|row| (row["type"].clone(), row["deleted"].clone(), row["resource"]["id"] == id)).collect::<Vec<_>>()
    };
    let gone = (json!("user.deleted"), json!(true), true);
    assert_eq!(told(&district), std::slice::from_ref(&gone));
    assert_eq!(told(&admin), [gone, (json!("user.updated"), json!(false), true)]);
    let trail = head.get(&format!("/api/v1/audit-events?resource={id}&action=user.leave")).expect(200).json();
    assert_eq!(trail["data"][0]["after"]["unit"]["code"], "PGD-MC");
    // What else was changed with it is not the former unit's to know.
    let members = trail["data"][0]["after"].as_object().expect("an object").keys().collect::<Vec<_>>();
    assert_eq!(members, ["unit"], "{trail}");
}

/// A small change of a long plan is a short entry, and a stretch of the feed is no longer than a program can hold, whatever was asked.
#[test]
fn long_resources_make_neither_long_entries_nor_endless_stretches() {
    let app = TestApp::start();
    let admin = crate::values::province(&app);
    let editor = admin.user("pgd.soan", "PGD-DB", &["editor", "admin"]);
    let body = "Huy động trẻ nhà trẻ. ".repeat(5500);
    let sections = ["I", "II", "III", "IV", "V"].map(|key| json!({"key": key, "title_vi": "Mục tiêu", "body": body}));
    let new = json!({"unit": "PGD-DB", "kind": "annual", "from_year": 2026, "to_year": 2026, "title": "Kế hoạch", "sections": sections, "items": [], "targets": []});
    let plan = editor.post("/api/v1/plans", &new).expect(201).json();
    let path = format!("/api/v1/plans/{}", plan["id"].as_str().expect("an id"));
    for number in 0..20 {
        editor.patch(&path, "*", &json!({"title": format!("Kế hoạch {number}")})).expect(200);
    }
    app.db_seal();
    let entries = admin.get("/api/v1/audit-events?action=plan.update&limit=50").expect(200);
    assert!(entries.body.len() < 50_000, "{}", entries.body.len());
    let entries = entries.json();
    let told = |title: &str| {
        entries["data"].as_array().expect("rows").iter().find(|row| row["after"]["title"] == title).expect("an entry")["before"].clone()
    };
    assert_eq!(told("Kế hoạch 19")["title"], "Kế hoạch 18");
    assert!(told("Kế hoạch 19")["sections"].is_null(), "which stayed as they were");
    let (mut after, mut seen) = (0, 0);
    loop {
        let step = editor.get(&format!("/api/v1/changes?after={after}&limit=200")).expect(200);
        assert!(step.body.len() < 5 * 1024 * 1024, "{}", step.body.len());
        let step = step.json();
        let rows = step["data"].as_array().expect("rows");
        seen += rows.iter().filter(|row| row["resource"]["type"] == "plan").count();
        if rows.is_empty() {
            break;
        }
        after = step["last"].as_i64().expect("a position");
    }
    assert_eq!(seen, 21, "nothing is left out");
    // Nor is a page of the trail, or of plans: shorter than asked where its rows are long, and nothing is left out of it.
    for number in 0..12 {
        let changed =
            ["I", "II", "III", "IV", "V"].map(|key| json!({"key": key, "title_vi": "Mục tiêu", "body": format!("{number} {body}")}));
        editor.patch(&path, "*", &json!({"sections": changed})).expect(200);
        editor.post("/api/v1/plans", &json!({"unit": "PGD-DB", "kind": "annual", "from_year": 2027 + number, "to_year": 2027 + number, "title": "Sau", "copy_of": plan["id"]})).expect(201);
    }
    for (start, rows) in [("/api/v1/audit-events?action=plan.update&limit=200", 32), ("/api/v1/plans?unit=PGD-DB&limit=200", 13)] {
        let (mut next, mut seen, mut pages) = (String::new(), BTreeSet::new(), 0);
        loop {
            let page = editor.get(&format!("{start}{next}")).expect(200);
            assert!(page.body.len() < 6 * 1024 * 1024, "{start}: {}", page.body.len());
            let page = page.json();
            assert_eq!(page["page"]["limit"], 200);
            seen.extend(crate::harness::column(&page, "id"));
            pages += 1;
            let Some(cursor) = page["page"]["next"].as_str() else { break };
            next = format!("&cursor={cursor}");
        }
        assert_eq!((seen.len(), pages > 1), (rows, true), "{start}");
    }
}
