//! Plans and the work that follows from them: who does what, by when, and is it done.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::harness::{Caller, TestApp, column};
use crate::values::province;

#[track_caller]
fn give(caller: &Caller<'_>, task: &str, unit: &str, due_on: &str) -> String {
    let reply = caller.post("/api/v1/assignments", &json!({"task": task, "unit": unit, "due_on": due_on})).expect(201).json();
    reply["id"].as_str().expect("an id").to_owned()
}

#[track_caller]
fn turn(caller: &Caller<'_>, id: &str, action: &str, body: &Value) -> Value {
    caller.post(&format!("/api/v1/assignments/{id}/{action}"), body).expect(200).json()
}

fn update(percent: i64) -> Value {
    json!({"percent": percent, "text": "Đã tổ chức học tập", "figures": [{"label": "Số người", "value": 31}]})
}

/// `(assignments, confirmed, in_time, late, done_in_time, done_late, percent)` of a group on somebody's dashboard.
fn progress(caller: &Caller<'_>, unit: &str, group: &str) -> (i64, i64, i64, i64, i64, i64, Option<String>) {
    let board = caller.get(&format!("/api/v1/dashboard?unit={unit}")).expect(200).json();
    let told = board["groups"].as_array().expect("groups").iter().find(|one| one["group"]["code"] == group).expect("the group")["progress"]
        .clone();
    let count = |name: &str| told[name].as_i64().expect("a count");
    (
        count("assignments"),
        count("confirmed"),
        count("in_time"),
        count("late"),
        count("done_in_time"),
        count("done_late"),
        told["percent"].as_str().map(str::to_owned),
    )
}

#[test]
fn a_plan_is_written_handed_in_returned_approved_and_amended() {
    let app = TestApp::start();
    let admin = province(&app);
    let editor = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let own = admin.user("mn.duyet", "MN-DB-001", &["approver"]);
    let above = admin.user("pgd.duyet", "PGD-DB", &["approver"]);
    let elsewhere = admin.user("pgd.mc", "PGD-MC", &["approver"]);
    let new = json!({"unit": "MN-DB-001", "kind": "annual", "from_year": 2026, "to_year": 2026, "title": "Kế hoạch năm 2026 của Trường Mầm non Tu Lý",
        "sections": [{"key": "I", "title_vi": "Mục đích", "body": "Nâng cao chất lượng"}],
        "items": [{"task": "4.03", "title": "Mở thêm nhóm trẻ", "due_on": "2026-08-31", "money": 120_000_000}],
        "targets": [{"indicator": "MN03", "year": 2026, "operator": ">=", "value": "98.00"}]});
    let plan = editor.post("/api/v1/plans", &new).expect(201).json();
    let id = plan["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/plans/{id}");
    assert_eq!((&plan["status"], &plan["revision"], &plan["actions"]), (&json!("draft"), &json!(0), &json!(["update", "submit"])));
    assert_eq!((&plan["items"][0]["task"]["code"], &plan["items"][0]["lead"]["code"]), (&json!("4.03"), &json!("MN-DB-001")));
    editor.post("/api/v1/plans", &new).problem(409, "duplicate");
    // A draft is nobody's business elsewhere, and is decided on by nobody of its own school.
    elsewhere.get(&path).problem(404, "not_found");
    own.post(&format!("{path}/approve"), &json!({})).problem(403, "forbidden");
    assert_eq!(above.post(&format!("{path}/approve"), &json!({})).problem(409, "illegal_transition")["actions"], json!([]));
    editor.post(&format!("{path}/submit"), &json!({})).expect(200);
    let problem = editor.patch(&path, "*", &json!({"title": "Khác"})).problem(409, "illegal_transition");
    assert_eq!(problem["actions"], json!([]));
    let why = json!({"reason": "Chưa có kinh phí", "remarks": [{"pointer": "/items/0/money", "text": "Nêu nguồn"}]});
    let returned = above.post(&format!("{path}/return"), &why).expect(200).json();
    assert_eq!((&returned["status"], &returned["returned"]["remarks"][0]["pointer"]), (&json!("returned"), &json!("/items/0/money")));
    let tag = editor.get(&path).expect(200).header("etag");
    let items = json!({"items": [{"task": "4.03", "title": "Mở thêm nhóm trẻ", "due_on": "2026-08-31", "money": 90_000_000}, {"title": "Sửa bếp ăn"}]});
    editor.patch(&path, &tag, &items).expect(200);
    editor.patch(&path, &tag, &items).problem(412, "stale_version");
    editor.post(&format!("{path}/submit"), &json!({})).expect(200);
    let changes = above.get(&format!("{path}/revisions/2?compare=1")).expect(200).json()["changes"].clone();
    assert_eq!(changes[0], json!({"pointer": "/items/0/money", "before": 120_000_000, "after": 90_000_000}));
    assert_eq!(changes[1]["pointer"], "/items/1");
    assert_eq!(admin.get("/api/v1/indicators/MN03/targets?unit=MN-DB-001&year=2026").expect(200).json()["data"], json!([]));
    let approved = above.post(&format!("{path}/approve"), &json!({})).expect(200).json();
    assert_eq!(approved["status"], "approved");
    let target = admin.get("/api/v1/indicators/MN03/targets?unit=MN-DB-001&year=2026").expect(200).json()["data"][0].clone();
    assert_eq!((&target["value"], &target["origin"]), (&json!("98.00"), &json!("own")));
    // Approved plans are everybody's to read, and nobody's else to change.
    let seen = elsewhere.get(&path).expect(200).json();
    assert_eq!((&seen["progress"], &seen["returned"]), (&Value::Null, &Value::Null));
    assert_eq!(editor.get(&path).expect(200).json()["returned"]["reason"], "Chưa có kinh phí");
    // What was sent back and why stays between the school and those above it.
    let seen = elsewhere.get(&format!("{path}/revisions")).expect(200).json();
    let told = |row: &Value| (row["number"].as_i64(), row["submitted_by"].is_null());
    assert_eq!(seen["data"].as_array().expect("rows").iter().map(told).collect::<Vec<_>>(), [(Some(2), true)]);
    elsewhere.get(&format!("{path}/revisions/1")).problem(404, "not_found");
    assert_eq!(elsewhere.get(&format!("{path}/revisions/2?compare=1")).faults(), ["compare unknown_reference"]);
    assert_eq!(elsewhere.get(&format!("{path}/revisions/2")).expect(200).json()["content"]["items"][1]["title"], "Sửa bếp ăn");
    let given = json!({"task": "4.03", "unit": "MN-DB-001", "plan": id, "due_on": "2026-08-31"});
    let given = editor.post("/api/v1/assignments", &given).expect(201).json();
    assert_eq!(editor.get(&path).expect(200).json()["progress"]["assignments"], 1);
    let amended = editor.post(&format!("{path}/amend"), &json!({})).expect(201).json();
    assert_eq!((&amended["status"], &amended["previous"], &amended["revision"]), (&json!("draft"), &json!(id), &json!(2)));
    editor.post(&format!("{path}/amend"), &json!({})).problem(409, "duplicate");
    assert_eq!(editor.get(&path).expect(200).json()["actions"], json!([]));
    let next = format!("/api/v1/plans/{}", amended["id"].as_str().expect("an id"));
    editor.patch(&next, "*", &json!({"title": "Kế hoạch năm 2026 (điều chỉnh)", "targets": []})).expect(200);
    editor.post(&format!("{next}/submit"), &json!({})).expect(200);
    above.post(&format!("{next}/approve"), &json!({})).expect(200);
    assert_eq!(editor.get(&path).expect(200).json()["status"], "amended");
    // The work goes on under the version in force.
    assert_eq!(editor.get(&next).expect(200).json()["progress"]["assignments"], 1);
    assert_eq!(editor.get(&path).expect(200).json()["progress"]["assignments"], 0);
    let work = editor.get(&format!("/api/v1/assignments/{}", given["id"].as_str().expect("an id"))).expect(200).json();
    assert_eq!((&work["plan"], &work["version"]), (&amended["id"], &json!(2)));
    app.db_verify();
    // Whoever follows hears of all that changed with it.
    app.db_seal();
    let feed = admin.get("/api/v1/changes?limit=200").expect(200).json();
    let last = |kind: &str, deleted: bool| {
        let mut of_kind = feed["data"].as_array().expect("rows").iter().filter(|row| row["type"] == kind && row["deleted"] == deleted);
        of_kind.next_back().unwrap_or_else(|| panic!("{kind} is not told: {feed}"))["data"].clone()
    };
    assert_eq!((&last("plan.amended", false)["id"], &last("plan.amended", false)["status"]), (&json!(id), &json!("amended")));
    assert_eq!(last("assignment.updated", false)["plan"], amended["id"]);
    assert_eq!(last("target.deleted", true), Value::Null);
    let targets = "/api/v1/indicators/MN03/targets?unit=MN-DB-001&year=2026";
    assert_eq!(admin.get(targets).expect(200).json()["data"], json!([]), "what it does not set any more ends");
    let revisions = editor.get(&format!("{next}/revisions")).expect(200).json();
    assert_eq!(revisions["data"].as_array().map(Vec::len), Some(3));
    // Next year's begins with this year's, a year later.
    let copy = json!({"unit": "MN-DB-001", "kind": "annual", "from_year": 2027, "to_year": 2027, "title": "Kế hoạch năm 2027", "copy_of": amended["id"]});
    let copied = editor.post("/api/v1/plans", &copy).expect(201).json();
    assert_eq!(copied["items"][0]["due_on"], "2027-08-31");
    // Another school's copy is its own work.
    let other = admin.user("mc.soan", "MN-MC-001", &["editor"]);
    let copy = json!({"unit": "MN-MC-001", "kind": "annual", "from_year": 2026, "to_year": 2026, "title": "Kế hoạch năm 2026", "copy_of": amended["id"]});
    assert_eq!(
        column(
            &json!({"data": other.post("/api/v1/plans", &copy).expect(201).json()["items"].as_array().expect("items")
        .iter().map(|item| item["lead"].clone()).collect::<Vec<_>>()}),
            "code"
        ),
        ["MN-MC-001", "MN-MC-001"]
    );
    let missing = admin.get("/api/v1/plans/missing?kind=annual&year=2026&sort=code&count=exact").expect(200).json();
    assert!(!column(&missing, "code").contains(&"MN-DB-001".to_owned()));
    assert_eq!(missing["page"]["total"], 6);
}

#[test]
fn an_easier_target_needs_its_reason_and_bad_references_are_told_with_their_places() {
    let app = TestApp::start();
    let admin = province(&app);
    let editor = admin.user("pgd.soan", "PGD-DB", &["editor"]);
    let plan = |items: Value, targets: Value| json!({"unit": "PGD-DB", "kind": "horizon", "from_year": 2025, "to_year": 2030, "title": "Kế hoạch 2025-2030", "items": items, "targets": targets});
    let bad = plan(
        json!([{"task": "9.99", "title": "Việc"}, {"title": "Việc", "lead": "MN-MC-001"}, {"title": "Việc", "cooperating": ["SGD", "XX"]}]),
        json!([
            {"indicator": "MN01", "year": 2030, "operator": ">=", "value": "45.00"},
            {"indicator": "MN02", "year": 2031, "operator": ">=", "value": "99.00"},
            {"indicator": "MN03", "year": 2030, "operator": ">="},
            {"indicator": "MN99", "year": 2030, "operator": "increase"},
            {"indicator": "MN01", "year": 2027, "operator": "<=", "value": "45.00"},
        ]),
    );
    assert_eq!(
        editor.post("/api/v1/plans", &bad).faults(),
        [
            "/items/0/task unknown_reference",
            "/items/1/lead unknown_reference",
            "/items/2/cooperating/1 unknown_reference",
            "/targets/0/reason reason_required",
            "/targets/1/year out_of_range",
            "/targets/2/reason reason_required",
            "/targets/2/value required",
            "/targets/3/indicator unknown_reference",
            "/targets/4/reason reason_required",
        ]
    );
    let good = plan(
        json!([]),
        json!([{"indicator": "MN01", "year": 2030, "operator": ">=", "value": "45.00", "reason": "Nhiều xã đặc biệt khó khăn"}]),
    );
    editor.post("/api/v1/plans", &good).expect(201);
    let odd = json!({"unit": "PGD-DB", "kind": "annual", "from_year": 2025, "to_year": 2026, "title": "Kế hoạch"});
    assert_eq!(editor.post("/api/v1/plans", &odd).faults(), ["/to_year out_of_range"]);
    let foreign = json!({"unit": "MN-DB-001", "kind": "annual", "from_year": 2025, "to_year": 2025, "title": "Kế hoạch"});
    editor.post("/api/v1/plans", &foreign).problem(403, "forbidden");
}

#[test]
fn a_target_that_became_easier_while_its_plan_was_decided_on_needs_its_reason() {
    let app = TestApp::start();
    let admin = province(&app);
    let editor = admin.user("pgd.soan", "PGD-DB", &["editor"]);
    let decider = admin.user("so.duyet", "SGD", &["approver"]);
    let target = json!({"indicator": "MN01", "year": 2030, "operator": ">=", "value": "55.00"});
    let new = json!({"unit": "PGD-DB", "kind": "horizon", "from_year": 2025, "to_year": 2030, "title": "Kế hoạch 2025-2030", "targets": [target]});
    let path = format!("/api/v1/plans/{}", editor.post("/api/v1/plans", &new).expect(201).id());
    let (submit, approve) = (format!("{path}/submit"), format!("{path}/approve"));
    editor.post(&submit, &json!({})).expect(200);
    let place = "/api/v1/indicators/MN01/targets/SGD/2030";
    let tag = format!("\"{}\"", admin.get("/api/v1/indicators/MN01/targets?year=2030").expect(200).json()["data"][0]["version"]);
    admin.put(place, ("If-Match", &tag), &json!({"operator": ">=", "value": "60.00"})).expect(200);
    assert_eq!(decider.post(&approve, &json!({})).faults(), ["/targets/0/reason reason_required"]);
    decider.post(&format!("{path}/return"), &json!({"reason": "Chỉ tiêu của Sở đã nâng lên 60%"})).expect(200);
    assert_eq!(editor.post(&submit, &json!({})).faults(), ["/targets/0/reason reason_required"]);
    let tag = editor.get(&path).expect(200).header("etag");
    let higher = json!({"targets": [{"indicator": "MN01", "year": 2030, "operator": ">=", "value": "60.00"}]});
    editor.patch(&path, &tag, &higher).expect(200);
    editor.post(&submit, &json!({})).expect(200);
    decider.post(&approve, &json!({})).expect(200);
}

#[test]
fn what_those_above_set_since_is_what_an_amendment_begins_with() {
    let app = TestApp::start();
    let admin = province(&app);
    let editor = admin.user("pgd.soan", "PGD-DB", &["editor"]);
    let decider = admin.user("so.duyet", "SGD", &["approver"]);
    let targets = json!([{"indicator": "MN01", "year": 2028, "operator": ">=", "value": "52.00"}]);
    let new =
        json!({"unit": "PGD-DB", "kind": "horizon", "from_year": 2025, "to_year": 2030, "title": "Kế hoạch 2025-2030", "targets": targets});
    let path = format!("/api/v1/plans/{}", editor.post("/api/v1/plans", &new).expect(201).id());
    editor.post(&format!("{path}/submit"), &json!({})).expect(200);
    decider.post(&format!("{path}/approve"), &json!({})).expect(200);
    let place = "/api/v1/indicators/MN01/targets/PGD-DB/2028";
    decider.put(place, ("If-Match", "*"), &json!({"operator": ">=", "value": "60.00"})).expect(200);
    let amended = editor.post(&format!("{path}/amend"), &json!({})).expect(201).json();
    assert_eq!(amended["targets"][0]["value"], "60.00");
    let next = format!("/api/v1/plans/{}", amended["id"].as_str().expect("an id"));
    editor.patch(&next, "*", &json!({"title": "Kế hoạch 2025-2030 (điều chỉnh)"})).expect(200);
    editor.post(&format!("{next}/submit"), &json!({})).expect(200);
    decider.post(&format!("{next}/approve"), &json!({})).expect(200);
    let held = admin.get("/api/v1/indicators/MN01/targets?unit=PGD-DB&year=2028").expect(200).json();
    assert_eq!((&held["data"][0]["value"], &held["data"][0]["version"]), (&json!("60.00"), &json!(2)));
    // What they set while it is decided on is not undone by it, nor ended where it is left out.
    let amended = editor.post(&format!("{next}/amend"), &json!({})).expect(201).id();
    let last = format!("/api/v1/plans/{amended}");
    editor.post(&format!("{last}/submit"), &json!({})).expect(200);
    app.clock.advance(1);
    decider.put(place, ("If-Match", "*"), &json!({"operator": ">=", "value": "65.00"})).expect(200);
    assert_eq!(decider.post(&format!("{last}/approve"), &json!({})).faults(), ["/targets/0 stale_version"]);
    decider.post(&format!("{last}/return"), &json!({"reason": "Sở đã giao 65%"})).expect(200);
    editor.patch(&last, "*", &json!({"targets": []})).expect(200);
    editor.post(&format!("{last}/submit"), &json!({})).expect(200);
    decider.post(&format!("{last}/approve"), &json!({})).expect(200);
    let held = admin.get("/api/v1/indicators/MN01/targets?unit=PGD-DB&year=2028").expect(200).json();
    assert_eq!((&held["data"][0]["value"], &held["data"][0]["version"]), (&json!("65.00"), &json!(3)));
    app.db_seal();
    let feed = admin.get("/api/v1/changes?limit=200").expect(200).json();
    let told = feed["data"].as_array().expect("rows").iter().find(|row| row["type"] == "target.updated").expect("it is told");
    assert_eq!((&told["data"]["year"], &told["data"]["value"]), (&json!(2028), &json!("65.00")));
}

#[test]
fn work_that_comes_back_is_not_given_to_whom_has_left() {
    let app = TestApp::start();
    let admin = province(&app);
    let editor = admin.user("pgd.soan", "PGD-DB", &["editor"]);
    let decider = admin.user("so.duyet", "SGD", &["approver"]);
    let task = json!({"group": "4", "title_vi": "Họp chuyên môn", "nature": "recurring", "cadence": "quarter", "indicators": ["MN03"]});
    let code = editor.post("/api/v1/tasks", &task).expect(201).json()["code"].as_str().expect("a code").to_owned();
    let items = json!([{"task": code, "title": "Họp chuyên môn", "lead": "MN-DB-001"}, {"task": code, "title": "Họp chuyên môn", "lead": "MN-DB-002"}]);
    let new = json!({"unit": "PGD-DB", "kind": "annual", "from_year": 2025, "to_year": 2025, "title": "Kế hoạch năm 2025", "items": items});
    let path = format!("/api/v1/plans/{}", editor.post("/api/v1/plans", &new).expect(201).id());
    editor.post(&format!("{path}/submit"), &json!({})).expect(200);
    decider.post(&format!("{path}/approve"), &json!({})).expect(200);
    admin.patch("/api/v1/units/MN-DB-001", "*", &json!({"parent": "PGD-MC", "effective_on": "2025-02-20"})).expect(200);
    tiendo::app::recur_now(&app.database, &app.clock).expect("recurs");
    let given = admin.get(&format!("/api/v1/assignments?task={code}")).expect(200).json();
    let given: Vec<_> = given["data"].as_array().expect("rows").iter().map(|row| row["unit"]["code"].clone()).collect();
    assert_eq!(given, ["MN-DB-002"]);
    // What it led is the office's own to lead in what comes after.
    let leads = |plan: &Value| plan["items"].as_array().expect("items").iter().map(|item| item["lead"]["code"].clone()).collect::<Vec<_>>();
    let amended = editor.post(&format!("{path}/amend"), &json!({})).expect(201).json();
    assert_eq!(leads(&amended), ["PGD-DB", "MN-DB-002"]);
    let copy = json!({"unit": "PGD-DB", "kind": "annual", "from_year": 2026, "to_year": 2026, "title": "Kế hoạch năm 2026", "copy_of": amended["previous"]});
    assert_eq!(leads(&editor.post("/api/v1/plans", &copy).expect(201).json()), ["PGD-DB", "MN-DB-002"]);
}

#[test]
fn who_stands_above_gives_what_another_gave_before_and_who_left_has_no_say_any_more() {
    let app = TestApp::start();
    let admin = province(&app);
    let school = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let office = admin.user("pgd.db", "PGD-DB", &["editor", "approver"]);
    let next = admin.user("pgd.mc", "PGD-MC", &["editor", "approver"]);
    let give = |caller: &Caller<'_>, period: &str| {
        caller.post("/api/v1/assignments", &json!({"task": "1.01", "unit": "MN-DB-001", "period": period, "due_on": "2025-12-31"}))
    };
    let bulk = |caller: &Caller<'_>, within: &str, period: &str| {
        let body = json!({"task": "1.01", "selector": {"within": within, "kinds": ["school"]}, "period": period, "due_on": "2025-12-31"});
        let rows = caller.post("/api/v1/assignments/bulk", &body).expect(200).json()["rows"].clone();
        rows.as_array().expect("rows").iter().find(|row| row["unit"]["code"] == "MN-DB-001").cloned().expect("the school")
    };
    // A school that gives itself what is to come and cancels it keeps nobody above from asking for it who may decide on that.
    let own = give(&school, "2025-Q2").expect(201).id();
    turn(&school, &own, "cancel", &json!({"reason": "Không làm"}));
    give(&school, "2025-Q2").problem(409, "duplicate");
    let clerk = admin.user("pgd.soan", "PGD-DB", &["editor"]);
    give(&clerk, "2025-Q2").problem(409, "duplicate");
    assert_eq!(bulk(&clerk, "PGD-DB", "2025-Q2")["outcome"], "exists");
    let given = give(&office, "2025-Q2").expect(201).json();
    assert_eq!((&given["id"], &given["status"], &given["assigned_by"]["code"]), (&json!(own), &json!("assigned"), &json!("PGD-DB")));
    school.post(&format!("/api/v1/assignments/{own}/cancel"), &json!({"reason": "Không làm"})).problem(403, "forbidden");
    give(&office, "2025-Q2").problem(409, "duplicate");
    // What those above gave is theirs, whoever stands above them, and what was decided on the school's own holds.
    let above = give(&admin.user("so.soan", "SGD", &["editor", "approver"]), "2025-Q3").expect(201).id();
    for caller in [&office, &school, &app.sign_in("so.soan")] {
        give(caller, "2025-Q3").problem(409, "duplicate");
    }
    give(&app.sign_in("so.soan"), "2025-Q2").problem(409, "duplicate");
    let held = give(&school, "2025-Q1").expect(201).id();
    let asked = json!({"due_on": "2026-06-30", "reason": "Chờ tập huấn"});
    let extension = school.post(&format!("/api/v1/assignments/{held}/extensions"), &asked).expect(201).id();
    office.post(&format!("/api/v1/assignments/{held}/extensions/{extension}/grant"), &json!({})).expect(200);
    turn(&office, &held, "pause", &json!({"reason": "Chờ hướng dẫn"}));
    let taken = give(&clerk, "2025-Q1").expect(201).json();
    let now = (&taken["id"], &taken["status"], &taken["due_on"], &taken["assigned_by"]["code"]);
    assert_eq!(now, (&json!(held), &json!("paused"), &json!("2026-06-30"), &json!("PGD-DB")));
    // A later date that the school asked for before is none, where who took the work over gave it more time than that.
    let free = give(&school, "2026-Q2").expect(201).id();
    let asked = json!({"due_on": "2026-01-31", "reason": "Chờ tập huấn"});
    let extension = school.post(&format!("/api/v1/assignments/{free}/extensions"), &asked).expect(201).id();
    let longer = json!({"task": "1.01", "unit": "MN-DB-001", "period": "2026-Q2", "due_on": "2026-06-30"});
    assert_eq!(office.post("/api/v1/assignments", &longer).expect(201).json()["id"], json!(free));
    let waiting = format!("/api/v1/assignments/{free}/extensions/{extension}");
    let over = office.post(&format!("{waiting}/grant"), &json!({})).problem(409, "illegal_transition");
    assert_eq!(over["actions"], json!(["refuse"]));
    office.post(&format!("{waiting}/refuse"), &json!({})).expect(200);
    assert_eq!(office.get(&format!("/api/v1/assignments/{free}")).expect(200).json()["due_on"], "2026-06-30");
    // A date that the department refused is not given by who may not decide, and what it cancelled stays so whoever gives it.
    let so = app.sign_in("so.soan");
    let refused = give(&school, "2026-Q3").expect(201).id();
    let extension = school.post(&format!("/api/v1/assignments/{refused}/extensions"), &asked).expect(201).id();
    so.post(&format!("/api/v1/assignments/{refused}/extensions/{extension}/refuse"), &json!({})).expect(200);
    let longer = json!({"task": "1.01", "unit": "MN-DB-001", "period": "2026-Q3", "due_on": "2026-01-31"});
    let taken = clerk.post("/api/v1/assignments", &longer).expect(201).json();
    assert_eq!((&taken["id"], &taken["due_on"], &taken["assigned_by"]["code"]), (&json!(refused), &json!("2025-12-31"), &json!("PGD-DB")));
    let stopped = give(&school, "2026-Q4").expect(201).id();
    turn(&so, &stopped, "cancel", &json!({"reason": "Sở dừng"}));
    give(&office, "2026-Q4").problem(409, "duplicate");
    assert_eq!(bulk(&office, "PGD-DB", "2026-Q4")["outcome"], "exists");
    // What an office cancelled that the school has left begins again, and why it was cancelled is told no more.
    let before = give(&office, "2027-Q1").expect(201).id();
    turn(&office, &before, "cancel", &json!({"reason": "Phòng dừng"}));
    // Once the school is another's, what its former office gave is given by that one; what that confirmed is done.
    let open = give(&office, "2026-Q1").expect(201).id();
    let confirmed = give(&office, "2025-Q4").expect(201).id();
    for id in [&open, &confirmed] {
        school.post(&format!("/api/v1/assignments/{id}/updates"), &update(80)).expect(201);
        turn(&school, id, "report-done", &json!({}));
    }
    turn(&office, &confirmed, "confirm", &json!({}));
    admin.patch("/api/v1/units/MN-DB-001", "*", &json!({"parent": "PGD-MC"})).expect(200);
    assert_eq!(bulk(&next, "PGD-MC", "2025-Q4")["outcome"], "exists");
    let row = bulk(&next, "PGD-MC", "2026-Q1");
    assert_eq!((&row["outcome"], &row["id"]), (&json!("created"), &json!(open)));
    let taken = next.get(&format!("/api/v1/assignments/{open}")).expect(200).json();
    assert_eq!((&taken["status"], &taken["assigned_by"]["code"]), (&json!("reported_done"), &json!("PGD-MC")));
    office.get(&format!("/api/v1/assignments/{open}")).problem(404, "not_found");
    let again = give(&next, "2027-Q1").expect(201).json();
    assert_eq!((&again["id"], &again["status"], &again["reason"]), (&json!(before), &json!("assigned"), &Value::Null));
    give(&next, "2026-Q4").problem(409, "duplicate");
    assert_eq!(bulk(&next, "PGD-MC", "2025-Q3")["id"], json!(above));
    // The school itself takes nothing over.
    give(&school, "2025-Q2").problem(409, "duplicate");
    turn(&next, &open, "confirm", &json!({}));
    app.db_seal();
    let trail = admin.get("/api/v1/audit-events?action=assignment.take_over").expect(200).json();
    // And one for the office that has it no more.
    assert_eq!(trail["data"].as_array().map(Vec::len), Some(8));
    app.db_verify();
}

#[test]
fn what_is_told_last_counts_whoever_tells_at_once() {
    let app = TestApp::start_at(tiendo::clock::Clock::System, |_| ());
    let admin = province(&app);
    let school = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let id = give(&admin.user("pgd.soan", "PGD-DB", &["editor"]), "1.01", "MN-DB-001", "2030-06-30");
    let path = format!("/api/v1/assignments/{id}");
    std::thread::scope(|scope| {
        for percent in 1..=12 {
            let (school, path) = (school.clone(), format!("{path}/updates"));
            scope.spawn(move || school.post(&path, &update(percent)).expect(201));
        }
    });
    let said = school.get(&format!("{path}/updates")).expect(200).json();
    assert_eq!(said["data"].as_array().map(Vec::len), Some(12));
    assert_eq!(said["data"][0]["percent"], school.get(&path).expect(200).json()["percent"]);
    app.db_verify();
}

/// Whoever has an account in a school and one above it decides on nothing that it handed in itself.
#[test]
fn accounts_of_one_address_are_one_person() {
    let app = TestApp::start();
    let admin = province(&app);
    let (school, office) = (admin.user("mn.soan", "MN-DB-001", &["editor"]), admin.user("pgd.soan", "PGD-DB", &["editor"]));
    let (same, other) = (admin.user("pgd.duyet", "PGD-DB", &["approver"]), admin.user("pgd.khac", "PGD-DB", &["approver"]));
    for (caller, address) in [(&school, "Hoa@hoabinh.example.vn"), (&same, "hoa@hoabinh.example.vn"), (&other, "mai@hoabinh.example.vn")] {
        let id = caller.get("/api/v1/me").expect(200).id();
        admin.patch(&format!("/api/v1/users/{id}"), "*", &json!({"email": address})).expect(200);
    }
    app.clock.advance(2);
    let id = give(&office, "1.01", "MN-DB-001", "2025-06-30");
    let path = format!("/api/v1/assignments/{id}");
    let asked = json!({"due_on": "2025-12-31", "reason": "Giáo viên đi tập huấn"});
    let extension = format!("{path}/extensions/{}", school.post(&format!("{path}/extensions"), &asked).expect(201).id());
    school.post(&format!("{path}/updates"), &update(80)).expect(201);
    turn(&school, &id, "report-done", &json!({}));
    let plan = json!({"unit": "MN-DB-001", "kind": "annual", "from_year": 2025, "to_year": 2025, "title": "Kế hoạch năm 2025"});
    let plan = format!("/api/v1/plans/{}", school.post("/api/v1/plans", &plan).expect(201).id());
    school.post(&format!("{plan}/submit"), &json!({})).expect(200);
    let desk =
        |caller: &Caller<'_>| caller.get("/api/v1/assignments?to_decide=true&count=exact").expect(200).json()["page"]["total"].clone();
    assert_eq!((desk(&same), desk(&other)), (json!(0), json!(1)));
    assert_eq!(same.get(&path).expect(200).json()["actions"], json!(["cancel"]));
    assert_eq!(same.get(&plan).expect(200).json()["actions"], json!([]));
    let decisions = [format!("{path}/confirm"), format!("{plan}/approve"), format!("{extension}/refuse")];
    for decision in &decisions {
        same.post(decision, &json!({})).problem(403, "forbidden");
    }
    for decision in &decisions {
        other.post(decision, &json!({})).expect(200);
    }
    app.db_verify();
}

#[test]
fn a_copied_plan_takes_no_task_that_is_anothers_alone() {
    let app = TestApp::start();
    let admin = province(&app);
    let (one, other) = (admin.user("mn.mot", "MN-DB-001", &["editor"]), admin.user("mn.hai", "MN-MC-001", &["editor"]));
    let task = json!({"group": "4", "title_vi": "Họp phụ huynh", "nature": "recurring", "cadence": "quarter"});
    let code = one.post("/api/v1/tasks", &task).expect(201).json()["code"].clone();
    let new = |unit: &str| json!({"unit": unit, "kind": "annual", "from_year": 2025, "to_year": 2025, "title": "Kế hoạch năm 2025"});
    let mut written = new("MN-DB-001");
    written["items"] = json!([{"task": code, "title": "Họp phụ huynh"}, {"task": "4.03", "title": "Mở thêm nhóm trẻ"}]);
    let plan = one.post("/api/v1/plans", &written).expect(201).id();
    one.post(&format!("/api/v1/plans/{plan}/submit"), &json!({})).expect(200);
    admin.user("pgd.duyet", "PGD-DB", &["approver"]).post(&format!("/api/v1/plans/{plan}/approve"), &json!({})).expect(200);
    let mut copy = new("MN-MC-001");
    copy["copy_of"] = json!(plan);
    let copied = other.post("/api/v1/plans", &copy).expect(201).json();
    let tasks: Vec<_> = copied["items"].as_array().expect("items").iter().map(|item| item["task"]["code"].clone()).collect();
    assert_eq!(tasks, [Value::Null, json!("4.03")]);
}

#[test]
fn work_goes_down_is_told_decided_on_and_counted_by_hand() {
    let app = TestApp::start();
    let admin = province(&app);
    let editor = admin.user("so.soan", "SGD", &["editor"]);
    let district = admin.user("pgd.db", "PGD-DB", &["editor"]);
    let decider = admin.user("pgd.duyet", "PGD-DB", &["approver"]);
    let schools: Vec<Caller<'_>> = ["MN-DB-001", "MN-DB-002", "TH-DB-001"]
        .iter()
        .map(|unit| admin.user(&format!("t.{}", unit.to_lowercase()), unit, &["editor"]))
        .collect();
    // The department gives its districts a task, and one of them gives it on to its three schools.
    let bulk =
        json!({"task": "1.01", "selector": {"within": "SGD", "kinds": ["district_office"]}, "due_on": "2025-06-30", "dry_run": true});
    assert_eq!(editor.post("/api/v1/assignments/bulk", &bulk).expect(200).json()["summary"], json!({"created": 2, "exists": 0}));
    assert_eq!(editor.get("/api/v1/assignments?count=exact").expect(200).json()["page"]["total"], 0);
    let bulk = json!({"task": "1.01", "selector": {"within": "SGD", "kinds": ["district_office"]}, "due_on": "2025-06-30"});
    editor.post("/api/v1/assignments/bulk", &bulk).expect(200);
    assert_eq!(editor.post("/api/v1/assignments/bulk", &bulk).expect(200).json()["summary"], json!({"created": 0, "exists": 2}));
    let down = json!({"task": "1.01", "selector": {"within": "PGD-DB"}, "due_on": "2025-03-31"});
    let given = district.post("/api/v1/assignments/bulk", &down).expect(200).json();
    let ids: Vec<String> =
        given["rows"].as_array().expect("rows").iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(given["rows"][0]["unit"]["code"], "MN-DB-001");
    assert_eq!(progress(&admin, "SGD", "1"), (5, 0, 5, 0, 0, 0, Some("0.00".into())));
    // The first reports in time and is confirmed; the second is returned; the third is extended; then time passes.
    schools[0].post(&format!("/api/v1/assignments/{}/updates", ids[0]), &update(60)).expect(201);
    assert_eq!(schools[0].get(&format!("/api/v1/assignments/{}", ids[0])).expect(200).json()["status"], "in_progress");
    let done = turn(&schools[0], &ids[0], "report-done", &json!({}));
    assert_eq!((&done["status"], &done["percent"], &done["actions"]), (&json!("reported_done"), &json!(100), &json!([])));
    schools[1].post(&format!("/api/v1/assignments/{}/updates", ids[1]), &update(40)).expect(201);
    turn(&schools[1], &ids[1], "report-done", &json!({}));
    let desk = decider.get("/api/v1/assignments?to_decide=true").expect(200).json();
    assert_eq!(desk["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(decider.get("/api/v1/me").expect(200).json()["owes"]["to_decide"]["count"], 2);
    assert_eq!(
        desk["data"][0]["actions"],
        json!(["confirm", "return", "pause", "cancel"].iter().filter(|word| **word != "pause").collect::<Vec<_>>())
    );
    turn(&decider, &ids[0], "confirm", &json!({}));
    let back = turn(&decider, &ids[1], "return", &json!({"reason": "Thiếu danh sách"}));
    assert_eq!((&back["status"], &back["reason"]), (&json!("returned"), &json!("Thiếu danh sách")));
    let asked = json!({"due_on": "2025-05-31", "reason": "Giáo viên đi tập huấn"});
    let extension = schools[2].post(&format!("/api/v1/assignments/{}/extensions", ids[2]), &asked).expect(201).json();
    schools[2].post(&format!("/api/v1/assignments/{}/extensions", ids[2]), &asked).problem(409, "duplicate");
    assert_eq!(decider.get("/api/v1/assignments?to_decide=true").expect(200).json()["data"].as_array().map(Vec::len), Some(1));
    let grant = format!("/api/v1/assignments/{}/extensions/{}/grant", ids[2], extension["id"].as_str().expect("an id"));
    schools[2].post(&grant, &json!({})).problem(403, "forbidden");
    decider.post(&grant, &json!({})).expect(200);
    decider.post(&grant, &json!({})).problem(409, "illegal_transition");
    assert_eq!(schools[2].get(&format!("/api/v1/assignments/{}", ids[2])).expect(200).json()["due_on"], "2025-05-31");
    // (100 + 99 + 0 + 0 + 0) / 5: what was reported done and returned stands at 99 until it is told anew.
    assert_eq!(progress(&admin, "SGD", "1"), (5, 1, 4, 0, 1, 0, Some("39.80".into())));
    app.clock.advance(45 * 86_400);
    let fresh = |name: &str| app.sign_in(name);
    let (school, decider, admin) = (fresh("t.mn-db-002"), fresh("pgd.duyet"), fresh("quan.tri"));
    // 6 April: the second is late now; the third has until 31 May.
    assert_eq!(progress(&admin, "PGD-DB", "1"), (4, 1, 2, 1, 1, 0, Some("49.75".into())));
    let owes = school.get("/api/v1/me").expect(200).json()["owes"].clone();
    assert_eq!((&owes["assignments_late"]["count"], &owes["assignments_returned"]["count"]), (&json!(1), &json!(1)));
    for owed in ["assignments_late", "assignments_returned", "assignments_due_soon"] {
        let list = school.get(&format!("{}&count=exact", owes[owed]["href"].as_str().expect("a path"))).expect(200).json();
        assert_eq!(list["page"]["total"], owes[owed]["count"], "{owed}");
    }
    turn(&school, &ids[1], "resume", &json!({}));
    turn(&school, &ids[1], "report-done", &json!({}));
    // What waited when it was confirmed can be refused, and moves its due date no more.
    let asked = json!({"due_on": "2025-12-31", "reason": "Giáo viên đi tập huấn"});
    let extension = school.post(&format!("/api/v1/assignments/{}/extensions", ids[1]), &asked);
    assert_eq!(extension.status, 409, "it is reported done");
    turn(&decider, &ids[1], "return", &json!({"reason": "Thiếu ảnh"}));
    let extension = school.post(&format!("/api/v1/assignments/{}/extensions", ids[1]), &asked).expect(201).json();
    turn(&school, &ids[1], "resume", &json!({}));
    turn(&school, &ids[1], "report-done", &json!({}));
    let late = turn(&decider, &ids[1], "confirm", &json!({}));
    let waiting = format!("/api/v1/assignments/{}/extensions/{}", ids[1], extension["id"].as_str().expect("an id"));
    let over = decider.post(&format!("{waiting}/grant"), &json!({})).problem(409, "illegal_transition");
    assert_eq!(over["actions"], json!(["refuse"]));
    assert_eq!(school.get(&format!("/api/v1/assignments/{}", ids[1])).expect(200).json()["due_on"], "2025-03-31");
    decider.post(&format!("{waiting}/refuse"), &json!({})).expect(200);
    assert_eq!((&late["timeliness"], &late["overdue"]), (&json!("done_late"), &json!(false)));
    assert_eq!(progress(&admin, "PGD-DB", "1"), (4, 2, 2, 0, 1, 1, Some("50.00".into())));
    for (filter, expected) in [("done_late", 1), ("done_in_time", 1), ("in_time", 2), ("late", 0)] {
        let list = admin.get(&format!("/api/v1/assignments?within=PGD-DB&timeliness={filter}&count=exact")).expect(200).json();
        assert_eq!(list["page"]["total"], expected, "{filter}");
    }
    let board = admin.get("/api/v1/dashboard?unit=PGD-DB").expect(200).json();
    assert_eq!(board["assignments"], json!({"late": 0, "due_soon": 0, "returned": 0, "to_decide": 0}));
    assert_eq!(admin.get("/api/v1/task-groups/1").expect(200).json()["progress"]["assignments"], 5);
    app.db_verify();
}

/// AZ-10: of an assignment only the offered moves are taken, and a refused one leaves it as it was.
#[test]
fn only_the_listed_moves_exist_and_a_refused_one_changes_nothing() {
    let app = TestApp::start();
    let admin = province(&app);
    let school = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let giver = admin.user("pgd.all", "PGD-DB", &["editor", "approver"]);
    let elsewhere = admin.user("pgd.mc", "PGD-MC", &["editor", "approver"]);
    let id = give(&giver, "1.01", "MN-DB-001", "2025-06-30");
    let path = format!("/api/v1/assignments/{id}");
    elsewhere.get(&path).problem(404, "not_found");
    elsewhere.post(&format!("{path}/cancel"), &json!({"reason": "thử"})).problem(404, "not_found");
    let body = |action: &str| if ["return", "pause", "cancel"].contains(&action) { json!({"reason": "thử"}) } else { json!({}) };
    let all = ["start", "report-done", "confirm", "return", "resume", "pause", "cancel"];
    // Along this way every move that a resource does not offer is refused by the server, and those it offers are taken.
    for (step, (who, next)) in [
        (&school, "start"),
        (&giver, "pause"),
        (&giver, "resume"),
        (&school, "report-done"),
        (&giver, "return"),
        (&school, "resume"),
        (&school, "report-done"),
        (&giver, "confirm"),
    ]
    .into_iter()
    .enumerate()
    {
        for caller in [&school, &giver] {
            let before = caller.get(&path).expect(200).json();
            let offered: Vec<&str> =
                before["actions"].as_array().expect("actions").iter().map(|action| action.as_str().expect("a word")).collect();
            for action in all.iter().filter(|action| !offered.contains(action)) {
                let reply = caller.post(&format!("{path}/{action}"), &body(action));
                assert!([403, 409].contains(&reply.status), "{action} at step {step}: {}", reply.status);
                if reply.status == 409 {
                    assert_eq!(reply.problem(409, "illegal_transition")["actions"], before["actions"]);
                }
            }
            assert_eq!(caller.get(&path).expect(200).json(), before);
        }
        assert!(who.get(&path).expect(200).json()["actions"].as_array().expect("actions").contains(&json!(next)), "{next} is not offered");
        turn(who, &id, next, &body(next));
    }
    assert_eq!(giver.get(&path).expect(200).json()["actions"], json!([]));
    app.db_verify();
}

#[test]
fn two_who_change_the_same_assignment_at_once_are_told_apart() {
    let app = TestApp::start();
    let admin = province(&app);
    let school = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let id = give(&admin, "1.01", "MN-DB-001", "2025-06-30");
    let path = format!("/api/v1/assignments/{id}");
    turn(&school, &id, "start", &json!({}));
    let tag = school.get(&path).expect(200).header("etag");
    let body = update(30).to_string();
    let statuses = std::thread::scope(|scope| {
        let both: Vec<_> = (0..2)
            .map(|_| {
                let (school, path, tag, body) = (school.clone(), path.clone(), tag.clone(), body.clone());
                scope.spawn(move || {
                    let headers = [("Content-Type", "application/json"), ("If-Match", tag.as_str())];
                    school.send("POST", &format!("{path}/updates"), &headers, Some(body.as_bytes())).status
                })
            })
            .collect();
        let mut statuses: Vec<u16> = both.into_iter().map(|one| one.join().expect("answers")).collect();
        statuses.sort_unstable();
        statuses
    });
    assert_eq!(statuses, [201, 412]);
    assert_eq!(school.get(&format!("{path}/updates")).expect(200).json()["data"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_recurring_task_makes_its_assignment_once_for_each_period() {
    let app = TestApp::start();
    let admin = province(&app);
    let editor = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let decider = admin.user("pgd.duyet", "PGD-DB", &["approver"]);
    let task = editor
        .post(
            "/api/v1/tasks",
            &json!({"group": "4", "title_vi": "Họp phụ huynh", "nature": "recurring", "cadence": "quarter", "indicators": ["MN03"]}),
        )
        .expect(201)
        .json();
    let code = task["code"].as_str().expect("a code").to_owned();
    assert!(code.starts_with("L-") && code.len() == 10, "{code}");
    let faulty = json!({"group": "4", "title_vi": "Việc", "nature": "recurring"});
    assert_eq!(editor.post("/api/v1/tasks", &faulty).faults(), ["/cadence required"]);
    let plan = json!({"unit": "MN-DB-001", "kind": "annual", "from_year": 2025, "to_year": 2025, "title": "Kế hoạch năm 2025",
        "items": [{"task": code, "title": "Họp phụ huynh"}]});
    let id = editor.post("/api/v1/plans", &plan).expect(201).json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/plans/{id}");
    editor.post(&format!("{path}/submit"), &json!({})).expect(200);
    decider.post(&format!("{path}/approve"), &json!({})).expect(200);
    // Many instances at once, and again: one assignment for the quarter.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| tiendo::app::recur_now(&app.database, &app.clock).expect("recurs"));
        }
    });
    let ours = || {
        let list = admin.get(&format!("/api/v1/assignments?task={code}&sort=due_on")).expect(200).json();
        list["data"]
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| row["period"]["code"].as_str().expect("a period").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ours(), ["2025-Q1"]);
    assert_eq!(tiendo::app::recur_now(&app.database, &app.clock).expect("recurs"), 0);
    // An outage of half a year is made good.
    app.clock.advance(190 * 86_400);
    tiendo::app::recur_now(&app.database, &app.clock).expect("recurs");
    let admin = app.sign_in("quan.tri");
    let list = admin.get(&format!("/api/v1/assignments?task={code}&sort=due_on")).expect(200).json();
    let periods: Vec<&str> =
        list["data"].as_array().expect("rows").iter().map(|row| row["period"]["code"].as_str().expect("a period")).collect();
    assert_eq!(periods, ["2025-Q1", "2025-Q2", "2025-Q3"]);
    assert_eq!(list["data"][0]["due_on"], "2025-03-14");
    let told = admin.get(&path).expect(200).json()["progress"].clone();
    assert_eq!((&told["assignments"], &told["late"]), (&json!(3), &json!(2)));
    app.db_verify();
}

#[derive(Debug, Clone)]
enum Step {
    Give(usize, usize),
    Tell(usize, i64),
    Report(usize),
    Confirm(usize),
    Return(usize),
    Cancel(usize),
    Move(usize, bool),
    Days(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_usize..4, 0_usize..3).prop_map(|(unit, due)| Step::Give(unit, due)),
        3 => (0_usize..8, 0_i64..=100).prop_map(|(which, percent)| Step::Tell(which, percent)),
        3 => (0_usize..8).prop_map(Step::Report),
        2 => (0_usize..8).prop_map(Step::Confirm),
        1 => (0_usize..8).prop_map(Step::Return),
        1 => (0_usize..8).prop_map(Step::Cancel),
        1 => (0_usize..4, any::<bool>()).prop_map(|(unit, to)| Step::Move(unit, to)),
        1 => (1_i64..40).prop_map(Step::Days),
    ];
    prop::collection::vec(step, 4..24)
}

/// The rule of the contract, the simplest way, over the assignments as their list shows them.
fn by_hand(rows: &[Value], today: &str) -> Value {
    let kept: Vec<&Value> = rows.iter().filter(|row| row["status"] != "cancelled").collect();
    let confirmed = kept.iter().filter(|row| row["status"] == "confirmed").count();
    let late = kept.iter().filter(|row| row["status"] != "confirmed" && row["due_on"].as_str().is_some_and(|due| due < today)).count();
    let done_late = kept.iter().filter(|row| row["timeliness"] == "done_late").count();
    let points: i64 =
        kept.iter().map(|row| if row["status"] == "confirmed" { 100 } else { row["percent"].as_i64().expect("a number").min(99) }).sum();
    let count = i64::try_from(kept.len()).expect("small");
    // Half away from zero, on hundredths.
    let mean =
        (count > 0).then(|| (points * 200 + count) / (2 * count)).map(|hundredths| format!("{}.{:02}", hundredths / 100, hundredths % 100));
    json!({"assignments": kept.len(), "confirmed": confirmed, "in_time": kept.len() - confirmed - late, "late": late,
        "done_in_time": confirmed - done_late, "done_late": done_late, "percent": mean})
}

fn live(steps: &[Step]) {
    const UNITS: [&str; 4] = ["MN-DB-001", "MN-DB-002", "TH-DB-001", "MN-MC-001"];
    const DUES: [&str; 3] = ["2025-02-28", "2025-04-15", "2026-01-31"];
    let app = TestApp::start();
    province(&app);
    let mut admin = app.sign_in("quan.tri");
    admin.user("so.duyet", "SGD", &["approver"]);
    for unit in UNITS {
        admin.user(&format!("t.{}", unit.to_lowercase()), unit, &["editor"]);
    }
    let mut given: Vec<(String, usize)> = Vec::new();
    let mut days = 0;
    for step in steps {
        let fresh = |name: &str| app.sign_in(name);
        let pick = |which: usize| given.get(which % given.len().max(1)).cloned();
        let of = |unit: usize| fresh(&format!("t.{}", UNITS[unit].to_lowercase()));
        // A move that is not possible now is refused and changes nothing: which ones are, the server says.
        match *step {
            Step::Give(unit, due) => given.push((give(&admin, "1.01", UNITS[unit], DUES[due]), unit)),
            Step::Tell(which, percent) => {
                if let Some((id, unit)) = pick(which) {
                    let _ = of(unit).post(&format!("/api/v1/assignments/{id}/updates"), &update(percent));
                }
            }
            Step::Report(which) => {
                if let Some((id, unit)) = pick(which) {
                    let _ = of(unit).post(&format!("/api/v1/assignments/{id}/report-done"), &json!({}));
                }
            }
            Step::Confirm(which) | Step::Return(which) | Step::Cancel(which) => {
                if let Some((id, _)) = pick(which) {
                    let (action, body) = match step {
                        Step::Confirm(_) => ("confirm", json!({})),
                        Step::Return(_) => ("return", json!({"reason": "Chưa đạt"})),
                        _ => ("cancel", json!({"reason": "Không cần nữa"})),
                    };
                    let _ = fresh("so.duyet").post(&format!("/api/v1/assignments/{id}/{action}"), &body);
                }
            }
            Step::Move(unit, to) => {
                let body = json!({"parent": if to { "PGD-MC" } else { "PGD-DB" }});
                admin.patch(&format!("/api/v1/units/{}", UNITS[unit]), "*", &body).expect(200);
            }
            Step::Days(more) => {
                days += more;
                app.clock.advance(more * 86_400);
                admin = fresh("quan.tri");
            }
        }
    }
    let today = app.clock.today().to_string();
    for unit in ["SGD", "PGD-DB", "PGD-MC", "MN-DB-001", "MN-MC-001"] {
        let rows =
            admin.get(&format!("/api/v1/assignments?within={unit}&limit=200")).expect(200).json()["data"].as_array().expect("rows").clone();
        let board = admin.get(&format!("/api/v1/dashboard?unit={unit}")).expect(200).json();
        assert_eq!(board["groups"][0]["progress"], by_hand(&rows, &today), "{unit} after {steps:?} and {days} days");
    }
    app.db_verify();
}

#[test]
fn derived_progress_is_what_brute_force_counts() {
    let config = Config { cases: 10, failure_persistence: None, max_shrink_iters: 20, ..Config::default() };
    let tried = TestRunner::new(config).run(&steps(), |steps| {
        live(&steps);
        Ok(())
    });
    assert!(tried.is_ok(), "{}", tried.expect_err("failed"));
}
