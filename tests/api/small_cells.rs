//! What is withheld of sensitive indicators, from whom, and whichever way somebody asks; and what a scope does not tell of others.

use std::collections::BTreeSet;
use std::io::Read as _;

use serde_json::{Value, json};
use tiendo::access::grant::Grant;

use crate::clients::{calling, make};
use crate::harness::{Caller, Reply, TestApp};
use crate::values::{START, province, ratio, record, result};

const END: &str = "2024-2025-END";
const SEES: &str = "small_cells:read";

/// A client with these scopes, and one that sees small cells too.
fn two<'a>(app: &'a TestApp, admin: &Caller<'_>, unit: &str, scopes: &[&str]) -> [Caller<'a>; 2] {
    [make(admin, unit, scopes), make(admin, unit, &[scopes, &[SEES]].concat())].map(|made| calling(app, &made))
}

/// How people write these, in Vietnamese, in English and for programs.
fn written(number: &str) -> Vec<String> {
    let (whole, places) = number.split_once('.').unwrap_or((number, ""));
    if !places.is_empty() {
        return vec![number.to_owned(), format!("{whole},{places}")];
    }
    let (thousands, rest) = whole.split_at(whole.len() - 3);
    let grouped = [".", ",", " ", "\u{a0}", "\u{202f}"].map(|group| format!("{thousands}{group}{rest}"));
    std::iter::once(whole.to_owned()).chain(grouped).collect()
}

/// Those of the numbers that a text tells by themselves, not as a part of another number or of an id.
fn told<'n>(text: &str, numbers: &[&'n str]) -> Vec<&'n str> {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '-');
    let stands = |needle: &String| {
        text.match_indices(needle.as_str()).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + needle.len()..]);
            !part(before.chars().next_back()) && !part(after.chars().next())
        })
    };
    numbers.iter().filter(|number| written(number).iter().any(stands)).copied().collect()
}

/// Whether a count stands in a member that holds counts, wherever it is.
fn counts(json: &Value, numbers: &[i64]) -> bool {
    match json {
        Value::Array(all) => all.iter().any(|one| counts(one, numbers)),
        Value::Object(members) => members.iter().any(|(name, value)| {
            let is_count =
                matches!(name.as_str(), "numerator" | "count" | "tally") && value.as_i64().is_some_and(|it| numbers.contains(&it));
            is_count || counts(value, numbers)
        }),
        _ => false,
    }
}

/// The text of a document of any kind: of an office file that of its parts.
fn text(body: &[u8]) -> String {
    let Ok(mut archive) = zip::ZipArchive::new(std::io::Cursor::new(body)) else { return String::from_utf8_lossy(body).into_owned() };
    let mut text = String::new();
    for index in 0..archive.len() {
        archive.by_index(index).expect("a part").read_to_string(&mut text).unwrap_or_default();
    }
    text
}

/// What two schools recorded, their rates, and where the first started: each a figure of a single unit.
const HIDDEN: [&str; 7] = ["10103", "10243", "2718", "10391", "0.03", "26.54", "0.04"];
/// Figures that are small counts themselves.
const SMALL: [i64; 2] = [3, 4];

/// What an answer tells of what is hidden.
fn tells(reply: &Reply) -> Vec<String> {
    let mut found: Vec<String> = told(&text(&reply.body), &HIDDEN).into_iter().map(str::to_owned).collect();
    if serde_json::from_slice(&reply.body).is_ok_and(|json| counts(&json, &SMALL)) {
        found.push("a small count".to_owned());
    }
    found
}

/// Where the hidden figures are.
struct Scene {
    value: String,
    /// A school's report, that of its district, and the department's, which is issued.
    reports: [String; 3],
}

/// A district with three preschools, their figures of a sensitive indicator, and reports that tell them.
fn scene(app: &TestApp) -> (Caller<'_>, Scene) {
    let admin = province(app);
    admin.unit("MN-DB-003", "school", "preschool", "Trường A", "PGD-DB");
    admin.unit("SGD-VP", "division", "division", "Văn phòng Sở", "SGD");
    let recorded = record(&admin, &[ratio("MN04a", "MN-DB-001", END, 3, 10_103)]);
    let rows = [("MN-DB-002", 2_718, 10_243), ("MN-DB-003", 4_141, 10_987), ("MN-MC-001", 26, 1_126)];
    record(&admin, &rows.map(|(unit, above, below)| ratio("MN04a", unit, END, above, below)));
    record(&admin, &[ratio("MN03", "MN-DB-001", START, 2, 3)]);
    let director = admin.user("so.duyet", "SGD", &["approver"]);
    let start = json!({"year": 2024, "numerator": 4, "denominator": 10_391, "source": "Sổ theo dõi sức khỏe"});
    director.put("/api/v1/indicators/MN04a/baselines/MN-DB-001", ("If-None-Match", "*"), &start).expect(201);

    let form = json!({"code": "BC-SK", "title_vi": "Sức khỏe trẻ em", "title_en": "Health of children", "indicators": [{"indicator": "MN04a"}],
        "sections": [{"key": "results", "title_vi": "Kết quả đạt được", "title_en": "Results"}]});
    admin.post("/api/v1/report-forms", &form).expect(201);
    let round = json!({"code": "2025-H1", "title_vi": "Báo cáo 6 tháng đầu năm 2025", "title_en": "First half of 2025", "period": "2025-H1",
        "form": "BC-SK", "owes": {"within": "SGD"}, "due_on": {"school": "2025-06-17", "district": "2025-06-20", "department": "2025-06-25"}});
    admin.post("/api/v1/reporting-rounds", &round).expect(201);
    admin.post("/api/v1/reporting-rounds/2025-H1/open", &json!({})).expect(200);
    let people = [
        (admin.user("mn.soan", "MN-DB-001", &["editor"]), "MN-DB-001", admin.user("pgd.duyet", "PGD-DB", &["approver"])),
        (admin.user("pgd.soan", "PGD-DB", &["editor"]), "PGD-DB", director.clone()),
        (admin.user("so.soan", "SGD-VP", &["editor"]), "SGD", director.clone()),
    ];
    let reports = people.map(|(editor, unit, decider)| {
        let report = editor.post("/api/v1/reports", &json!({"round": "2025-H1", "unit": unit})).expect(201).json();
        let path = format!("/api/v1/reports/{}", report["id"].as_str().expect("an id"));
        let notes = if unit == "MN-DB-001" {
            json!([{"pointer": "/values/0", "text": "Đã kiểm tra: 3/10103"}])
        } else {
            editor.post(&format!("{path}/consolidate"), &json!({})).expect(200);
            json!([{"pointer": "/consolidation/missing", "text": "Chưa nộp"}])
        };
        editor.post(&format!("{path}/submit"), &json!({"notes": notes})).expect(200);
        decider.post(&format!("{path}/accept"), &json!({})).expect(200);
        path
    });
    let how = json!({"symbol": "BC-SGDĐT", "issued_on": "2025-02-20", "place": "Hoà Bình",
        "signatory": {"position": "GIÁM ĐỐC", "name": "Bùi Thị Hoà"}});
    director.post(&format!("{}/issue", reports[2]), &how).expect(200);
    let value = recorded["rows"][0]["id"].as_str().expect("an id").to_owned();
    app.db_seal();
    (admin, Scene { value, reports })
}

const BOTH: &[&str] = &["PGD-DB", "SGD"];
const DISTRICT: &[&str] = &["PGD-DB"];
const NOWHERE: &[&str] = &[];

/// Every way in which a machine can ask for something that a figure of a unit may stand in, by operation; the units whose clients find
/// one there if they see small cells. What stands below the children of a unit is withheld from whoever asks.
fn asks(scene: &Scene) -> Vec<(&'static str, String, &'static [&'static str])> {
    let (value, [school, district, department]) = (&scene.value, &scene.reports);
    let of = |operation: &str, unit: &str, more: &str| format!("/api/v1/indicators/MN04a/{operation}?unit={unit}{more}");
    let at = format!("&period={END}");
    let mut asks = vec![
        ("list_values", "/api/v1/indicator-values?indicator=MN04a".to_owned(), BOTH),
        ("get_value", format!("/api/v1/indicator-values/{value}"), BOTH),
        ("list_value_history", format!("/api/v1/indicator-values/{value}/history"), BOTH),
        ("list_unit_results", "/api/v1/results?unit=MN-DB-001&year=2025".into(), BOTH),
        ("list_unit_results", "/api/v1/results?unit=PGD-DB&year=2025".into(), NOWHERE),
        ("list_indicator_results", of("results", "MN-DB-001", &at), BOTH),
        ("list_indicator_results", of("results", "PGD-DB", &format!("{at}&breakdown=child")), DISTRICT),
        ("list_indicator_results", of("results", "PGD-DB", &format!("{at}&breakdown=sex")), NOWHERE),
        ("list_indicator_results", of("results", "MN-DB-001", &format!("&from=2023-2024-END&to={END}")), BOTH),
        ("list_ranking", of("ranking", "PGD-DB", &at), DISTRICT),
        ("list_milestones", of("milestones", "MN-DB-001", ""), NOWHERE),
        ("list_provenance", of("provenance", "PGD-DB", &at), BOTH),
        ("draw_indicator_chart", of("chart.svg", "PGD-DB", &format!("{at}&breakdown=child")), DISTRICT),
        ("draw_indicator_chart", of("chart.svg", "MN-DB-001", ""), BOTH),
        ("get_baseline", "/api/v1/indicators/MN04a/baselines/MN-DB-001".into(), BOTH),
        ("get_indicator", "/api/v1/indicators/MN04a".into(), NOWHERE),
        ("list_targets", of("targets", "MN-DB-001", ""), NOWHERE),
        ("list_target_history", "/api/v1/indicators/MN04a/targets/MN-DB-001/2030/history".into(), NOWHERE),
        ("read_dashboard", "/api/v1/dashboard?unit=MN-DB-001&year=2025".into(), NOWHERE),
        ("list_plans", "/api/v1/plans?unit=MN-DB-001".into(), NOWHERE),
        ("list_assignments", "/api/v1/assignments?within=PGD-DB".into(), NOWHERE),
        ("read_changes", "/api/v1/changes?after=0&limit=200".into(), BOTH),
        ("list_audit_events", "/api/v1/audit-events?limit=200&action=indicator_value.create".into(), BOTH),
        ("list_audit_events", "/api/v1/audit-events?limit=200&action=indicator_value.record".into(), NOWHERE),
        ("list_audit_events", "/api/v1/audit-events?limit=200&action=baseline.set".into(), BOTH),
        ("list_audit_events", "/api/v1/audit-events?limit=200&action=report.submit".into(), NOWHERE),
        ("list_reports", "/api/v1/reports".into(), NOWHERE),
        ("list_completeness", "/api/v1/reporting-rounds/completeness?year=2025".into(), NOWHERE),
        ("read_completeness", "/api/v1/reporting-rounds/2025-H1/completeness".into(), NOWHERE),
        ("list_debtors", "/api/v1/reporting-rounds/2025-H1/completeness/units".into(), NOWHERE),
        ("get_reporting_round", "/api/v1/reporting-rounds/2025-H1".into(), NOWHERE),
    ];
    for report in [school, district, department] {
        asks.extend([
            ("get_report", report.clone(), BOTH),
            ("list_report_revisions", format!("{report}/revisions"), NOWHERE),
            ("get_report_revision", format!("{report}/revisions/1"), BOTH),
            ("list_report_sources", format!("{report}/sources?indicator=MN04a"), BOTH),
            ("download_report", format!("{report}/document?format=csv"), BOTH),
            ("download_report", format!("{report}/document?format=xlsx"), BOTH),
            ("download_report", format!("{report}/document?format=docx"), BOTH),
        ]);
    }
    asks
}

/// What is asked of machines beside: catalogue, units and people, in which no figure of a unit stands.
const BESIDE: [&str; 35] = [
    "list_users",
    "get_user",
    "list_units",
    "read_unit_tree",
    "get_unit",
    "list_unit_children",
    "list_unit_ancestors",
    "list_unit_history",
    "list_localities",
    "get_locality",
    "list_periods",
    "get_period",
    "list_documents",
    "get_document",
    "list_task_groups",
    "get_task_group",
    "list_tasks",
    "get_task",
    "get_plan",
    "list_missing_plans",
    "list_plan_revisions",
    "get_plan_revision",
    "get_assignment",
    "list_updates",
    "list_extensions",
    "list_evidence",
    "download_evidence",
    "list_indicators",
    "list_definitions",
    "get_definition",
    "list_reporting_rounds",
    "list_report_forms",
    "get_report_form",
    "list_report_form_versions",
    "list_round_exceptions",
];

/// Scopes that read: all that a machine may have but the one that shows small cells.
fn reading() -> Vec<&'static str> {
    let machine = Grant::ALL.iter().filter(|grant| grant.holder().fits(true) && **grant != Grant::SmallCells);
    machine.map(|grant| grant.as_str()).filter(|word| word.ends_with(":read")).collect()
}

/// AZ-08: a machine account without `small_cells:read` learns no figure that a single unit recorded of a sensitive indicator, whichever way it asks:
/// no numerator, no denominator, no rate. One with it does.
#[test]
fn figures_of_single_units_are_withheld_from_machines_wherever_they_stand() {
    let app = TestApp::start();
    let (admin, scene) = scene(&app);
    let asks = asks(&scene);
    let asked: BTreeSet<&str> = asks.iter().map(|(operation, ..)| *operation).chain(BESIDE).collect();
    let api = tiendo::app::api().expect("an api");
    let machine = |permission| Grant::of(permission).any(|grant| grant.holder().fits(true));
    for listing in api.inventory().iter().filter(|listing| listing.method == "GET" && listing.permission.is_some_and(machine)) {
        assert!(asked.contains(listing.id.as_str()), "nobody looked at {}", listing.id);
    }
    let mut faults = Vec::new();
    for unit in ["PGD-DB", "SGD"] {
        let [plain, full] = two(&app, &admin, unit, &reading());
        for (_, path, there) in &asks {
            let (hidden, shown) = (plain.get(path), full.get(path));
            if unit == "PGD-DB" && path.starts_with(&scene.reports[2]) {
                let _ = (hidden.problem(404, "not_found"), shown.problem(404, "not_found"));
                continue;
            }
            let withheld = tells(&hidden);
            if !withheld.is_empty() || ![200, 403, 404].contains(&hidden.status) {
                faults.push(format!("{unit} without is told {withheld:?} ({}) by {path}", hidden.status));
            }
            let found = tells(&shown);
            if found.is_empty() == there.contains(&unit) || shown.status != 200 {
                faults.push(format!("{unit} with is told {found:?} ({}) by {path}", shown.status));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// What is withheld of results is decided among siblings, so that a sum does not tell it.
#[test]
fn of_results_a_machine_is_told_sums_and_no_small_one() {
    let app = TestApp::start();
    let admin = province(&app);
    admin.unit("MN-DB-003", "school", "preschool", "Trường A", "PGD-DB");
    let rows = [("MN-DB-001", 3), ("MN-DB-002", 17), ("MN-DB-003", 40), ("MN-MC-001", 26)];
    record(&admin, &rows.map(|(unit, number)| ratio("MN04a", unit, END, number, 1100 + number)));
    record(&admin, &[ratio("MN03", "MN-DB-002", START, 2, 3)]);
    let [plain, full] = two(&app, &admin, "PGD-DB", &["indicators:read"]);
    let result = |client: &Caller<'_>, path: &str| {
        let list = client.get(path).expect(200).json();
        let rows = list["data"].as_array().expect("rows").iter().filter(|row| row["indicator"]["code"] == "MN04a");
        rows.map(|row| row["numerator"].clone()).collect::<Vec<_>>()
    };
    let (hidden, all) = (Value::Null, |numbers: &[i64]| numbers.iter().map(|number| json!(number)).collect::<Vec<_>>());
    // Its own sum is no small one; of its schools one and the next smallest are withheld, in a list and each alone.
    let of = |unit: &str, more: &str| format!("/api/v1/indicators/MN04a/results?unit={unit}&period={END}{more}");
    assert_eq!(result(&plain, &of("PGD-DB", "")), all(&[60]));
    assert_eq!(result(&full, &of("PGD-DB", "&breakdown=child")).iter().filter(|number| !number.is_null()).count(), 3);
    let mut children = result(&plain, &of("PGD-DB", "&breakdown=child"));
    children.retain(|number| !number.is_null());
    assert_eq!(children, all(&[40]));
    for (unit, shown) in [("MN-DB-001", &hidden), ("MN-DB-002", &hidden), ("MN-DB-003", &json!(40))] {
        assert_eq!(result(&plain, &of(unit, "")), std::slice::from_ref(shown), "{unit}");
        assert_eq!(result(&plain, &format!("/api/v1/results?unit={unit}&year=2025")), std::slice::from_ref(&hidden), "{unit}");
    }
    assert_eq!(result(&full, &of("MN-DB-001", "")), all(&[3]));
    assert_eq!(plain.get(&of("PGD-DB", "&as_of=2025-02-20")).faults(), ["as_of out_of_range"]);
    let unhidden = plain.get("/api/v1/indicator-values?indicator=MN03&unit=MN-DB-002").expect(200).json();
    assert_eq!(unhidden["data"][0]["numerator"], 2, "of what is not sensitive nothing is withheld");
    // One that left is in the sum of then; what is left of it when the others are taken away tells it no more than a small one's.
    app.clock.advance(140 * 86_400);
    let admin = app.sign_in("quan.tri");
    admin.patch("/api/v1/units/MN-DB-001", "*", &json!({"parent": "PGD-MC"})).expect(200);
    let [plain, _] = two(&app, &admin, "PGD-DB", &["indicators:read"]);
    let mut children = result(&plain, &of("PGD-DB", "&breakdown=child"));
    children.retain(|number| !number.is_null());
    assert_eq!((result(&plain, &of("PGD-DB", "")), children), (all(&[60]), all(&[40])));
    assert_eq!(result(&plain, &of("MN-DB-002", "")), std::slice::from_ref(&hidden));
}

/// The baseline of a sensitive indicator is a figure of one unit like any other.
#[test]
fn a_baseline_of_a_sensitive_indicator_is_withheld_from_machines() {
    let app = TestApp::start();
    let admin = province(&app);
    let approver = admin.user("so.duyet", "SGD", &["approver"]);
    let set = |indicator: &str, numerator: i64, denominator: i64| {
        let body = json!({"year": 2024, "numerator": numerator, "denominator": denominator, "source": "Sổ theo dõi sức khỏe của trường"});
        let place = format!("/api/v1/indicators/{indicator}/baselines/MN-DB-001");
        approver.put(&place, ("If-None-Match", "*"), &body).expect(201).json()["id"].as_str().expect("an id").to_owned()
    };
    let (hidden, open) = (set("MN05", 3, 10_103), set("MN03", 9, 12));
    app.db_seal();
    let [plain, full] = two(&app, &admin, "PGD-DB", &["results:read", "changes:read", "audit-events:read"]);
    let place = |indicator: &str| format!("/api/v1/indicators/{indicator}/baselines/MN-DB-001");
    let _ = plain.get(&place("MN05")).problem(404, "not_found");
    assert_eq!(plain.get(&place("MN03")).expect(200).json()["numerator"], 9);
    assert_eq!(full.get(&place("MN05")).expect(200).json()["numerator"], 3);
    let told = |client: &Caller<'_>, list: &str, id: &str, member: &str| {
        let list = client.get(&format!("/api/v1/{list}limit=200")).expect(200).json();
        let row = list["data"].as_array().expect("rows").iter().find(|row| row["resource"]["id"] == id).cloned();
        row.expect("a row")[member].clone()
    };
    for (list, member) in [("changes?after=0&", "data"), ("audit-events?action=baseline.set&", "after")] {
        assert_eq!(told(&plain, list, &hidden, member), Value::Null, "{list}");
        assert_eq!(told(&full, list, &hidden, member)["numerator"], 3, "{list}");
    }
    assert_eq!(told(&plain, "changes?after=0&", &open, "data")["numerator"], 9);
}

/// A hash over what is withheld would tell it to whoever tries the few numbers that it can be.
#[test]
fn who_is_not_told_every_entry_whole_is_told_no_hash() {
    let app = TestApp::start();
    let admin = province(&app);
    record(&admin, &[ratio("MN04a", "MN-DB-001", END, 3, 103)]);
    app.db_seal();
    let hashed = |scopes: &[&str]| {
        let client = calling(&app, &make(&admin, "PGD-DB", scopes));
        let list = client.get("/api/v1/audit-events?action=indicator_value.create").expect(200).json();
        list["data"][0]["hash"].is_string()
    };
    let all = ["audit-events:read", "users:read", "indicator-values:read", SEES];
    for left in 1..all.len() {
        let but_one: Vec<&str> = all.iter().enumerate().filter(|(place, _)| *place != left).map(|(_, scope)| *scope).collect();
        assert!(!hashed(&but_one), "{but_one:?}");
    }
    assert!(hashed(&all));
}

/// AZ-08: the trail tells a program what was done, and what was in it where its scopes let it read that.
#[test]
fn a_trail_tells_a_program_what_its_scopes_let_it_read() {
    let app = TestApp::start();
    let admin = province(&app);
    let editor = admin.user("so.soan", "SGD", &["editor"]);
    let given = json!({"task": "1.01", "unit": "MN-DB-001", "due_on": "2025-06-30", "deliverable": "Báo cáo kết quả"});
    editor.post("/api/v1/assignments", &given).expect(201);
    app.db_seal();
    let told = |scopes: &[&str]| {
        let client = calling(&app, &make(&admin, "PGD-DB", scopes));
        let list = client.get("/api/v1/audit-events?action=assignment.create").expect(200).json();
        assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
        list["data"][0]["after"].clone()
    };
    assert_eq!(told(&["audit-events:read", "plans:read", "reports:read", "indicator-values:read"]), Value::Null);
    assert_eq!(told(&["audit-events:read", "assignments:read"])["deliverable"], "Báo cáo kết quả");
}

/// What a whole has more than its parts is of those who told no parts: where that may be one unit, parts are withheld.
#[test]
fn parts_that_are_not_of_all_are_withheld() {
    let app = TestApp::start();
    let admin = province(&app);
    admin.unit("MN-DB-003", "school", "preschool", "Trường A", "PGD-DB");
    let parts = |above: (i64, i64), below: (i64, i64)| json!([{"category": "female", "numerator": above.0, "denominator": below.0}, {"category": "male", "numerator": above.1, "denominator": below.1}]);
    let row = |unit: &str, above: (i64, i64), below: (i64, i64)| {
        let whole = ratio("MN04a", unit, END, above.0 + above.1, below.0 + below.1);
        let mut row = whole;
        row["parts"] = parts(above, below);
        row
    };
    record(&admin, &[row("MN-DB-001", (12, 10), (60, 50)), row("MN-DB-002", (9, 11), (70, 80)), ratio("MN04a", "MN-DB-003", END, 3, 150)]);
    let [plain, full] = two(&app, &admin, "PGD-DB", &["results:read"]);
    let by_sex = format!("/api/v1/indicators/MN04a/results?unit=PGD-DB&period={END}&breakdown=sex");
    let told = |client: &Caller<'_>| {
        let list = client.get(&by_sex).expect(200).json();
        let rows = list["data"].as_array().expect("rows").iter();
        rows.map(|row| (row["numerator"].as_i64(), row["withheld"] == true)).collect::<Vec<_>>()
    };
    assert_eq!(told(&full), [(Some(21), false), (Some(21), false)]);
    assert_eq!(told(&plain), [(None, true), (None, true)], "45 - 42 is what one school recorded");
    let third = admin.get("/api/v1/indicator-values?indicator=MN04a&unit=MN-DB-003").expect(200).json()["data"][0].clone();
    let mut whole = row("MN-DB-003", (6, 7), (70, 80));
    whole["version"] = third["version"].clone();
    record(&admin, &[whole]);
    assert_eq!(told(&plain), [(Some(27), false), (Some(28), false)], "all told parts");
}

/// What was issued is one sequence of bytes with one hash: it is handed out whole or not at all.
#[test]
fn an_issued_document_with_withheld_figures_is_refused_and_says_which_scope_it_takes() {
    let app = TestApp::start();
    let (admin, scene) = scene(&app);
    let [plain, full] = two(&app, &admin, "SGD", &["reports:read"]);
    let issued = &scene.reports[2];
    for format in ["docx", "pdf"] {
        let path = format!("{issued}/document?format={format}");
        let refused = plain.get(&path).problem(403, "forbidden");
        assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains(SEES)), "{refused}");
        let whole = full.get(&path).expect(200).body;
        assert!(whole == admin.get(&path).expect(200).body, "people and machines that may are handed the same bytes");
        // What is not issued is made anew, without what is withheld.
        plain.get(&format!("{}/document?format={format}", scene.reports[1])).expect(200);
    }
    // One without anything that is sensitive is anybody's who may read reports.
    let form = json!({"code": "BC-CSVC", "title_vi": "Cơ sở vật chất", "title_en": "Facilities", "indicators": [{"indicator": "CSVC02"}],
        "sections": [{"key": "results", "title_vi": "Kết quả đạt được", "title_en": "Results"}]});
    admin.post("/api/v1/report-forms", &form).expect(201);
    let round = json!({"code": "2025-Q1", "title_vi": "Báo cáo quý I", "title_en": "First quarter", "period": "2025-Q1", "form": "BC-CSVC",
        "owes": {"within": "SGD"}, "due_on": {"school": "2025-04-17", "district": "2025-04-20", "department": "2025-04-25"}});
    admin.post("/api/v1/reporting-rounds", &round).expect(201);
    admin.post("/api/v1/reporting-rounds/2025-Q1/open", &json!({})).expect(200);
    let (office, director) = (app.sign_in("so.soan"), app.sign_in("so.duyet"));
    let report = office.post("/api/v1/reports", &json!({"round": "2025-Q1", "unit": "SGD"})).expect(201).json();
    let path = format!("/api/v1/reports/{}", report["id"].as_str().expect("an id"));
    office.post(&format!("{path}/consolidate"), &json!({})).expect(200);
    let notes = json!([{"pointer": "/consolidation/missing", "text": "Chưa nộp"}]);
    office.post(&format!("{path}/submit"), &json!({"notes": notes})).expect(200);
    director.post(&format!("{path}/accept"), &json!({})).expect(200);
    let how = json!({"symbol": "BC-SGDĐT", "issued_on": "2025-02-20", "place": "Hoà Bình",
        "signatory": {"position": "GIÁM ĐỐC", "name": "Bùi Thị Hoà"}});
    director.post(&format!("{path}/issue"), &how).expect(200);
    plain.get(&format!("{path}/document?format=pdf")).expect(200);
}

/// Whoever writes and may not read learns nothing by writing: not by what is left out, not by what fits, not by what is odd.
#[test]
fn recording_tells_a_machine_nothing_of_what_is_stored() {
    let app = TestApp::start();
    let admin = province(&app);
    let (cell, last) = (("MN-DB-001", END), "2023-2024-END");
    let mut stored = ratio("MN04a", cell.0, cell.1, 3, 103);
    stored["note"] = json!("Đã cân lại");
    record(&admin, &[stored, ratio("MN04a", cell.0, last, 4, 97), ratio("MN03", "MN-DB-001", START, 2, 3)]);
    let [plain, full] = two(&app, &admin, "MN-DB-001", &["indicator-values:write", "indicator-values:read"]);
    let row = |figures: &Value| {
        let mut row = json!({"indicator": "MN04a", "unit": cell.0, "period": cell.1});
        row.as_object_mut().expect("an object").extend(figures.as_object().expect("an object").clone());
        json!({"rows": [row]})
    };
    let try_it = |client: &Caller<'_>, figures: &Value| client.post("/api/v1/indicator-values/validate", &row(figures));
    // Half a value is not put together with the other half.
    for (numerator, denominator) in [(3, 103), (4, 2)] {
        assert_eq!(try_it(&plain, &json!({"numerator": numerator})).faults(), ["/rows/0/denominator required"]);
        assert_eq!(try_it(&plain, &json!({"denominator": denominator})).faults(), ["/rows/0/numerator required"]);
    }
    assert_eq!(try_it(&plain, &json!({"note": "x"})).faults(), ["/rows/0/denominator required", "/rows/0/numerator required"]);
    // What is stored, what is not, and what would be odd beside it are answered alike.
    let answers = [(3, 103), (2, 103), (90, 103)]
        .map(|(numerator, denominator)| try_it(&plain, &json!({"numerator": numerator, "denominator": denominator})).expect(200).json());
    assert_eq!(answers[0]["rows"][0]["outcome"], "updated");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    // Whoever may see it is told.
    assert_eq!(try_it(&full, &json!({"numerator": 3})).expect(200).json()["rows"][0]["outcome"], "unchanged");
    assert_eq!(try_it(&full, &json!({"denominator": 2})).faults(), ["/rows/0/numerator numerator_above_denominator"]);
    let odd = try_it(&full, &json!({"numerator": 90})).expect(200).json()["rows"][0]["warnings"].to_string();
    assert!(odd.contains("unusual_jump") && odd.contains("4.12"), "{odd}");
    // Recording the same is a version like any other, and what is left out beside the figures stays.
    let same = plain.post("/api/v1/indicator-values", &row(&json!({"numerator": 3, "denominator": 103}))).expect(200).json();
    assert_eq!((&same["rows"][0]["outcome"], &same["rows"][0]["version"]), (&json!("updated"), &json!(2)));
    let value =
        admin.get("/api/v1/indicator-values?unit=MN-DB-001&indicator=MN04a&period=2024-2025-END").expect(200).json()["data"][0].clone();
    assert_eq!(
        (&value["numerator"], &value["denominator"], &value["note"], &value["version"]),
        (&json!(3), &json!(103), &json!("Đã cân lại"), &json!(2))
    );
    assert_eq!(result(&admin, "MN04a", "PGD-DB", END)["numerator"], 3);
    // Whoever sees a sum would tell a figure of another by writing one over it, or by taking it away.
    let [above, seeing] = two(&app, &admin, "PGD-DB", &["indicator-values:write"]);
    let over = row(&json!({"numerator": 50, "denominator": 103}));
    let gone = format!("/api/v1/indicator-values/{}", value["id"].as_str().expect("an id"));
    above.post("/api/v1/indicator-values", &over).problem(403, "forbidden");
    above.send("DELETE", &gone, &[("If-Match", "*")], None).problem(403, "forbidden");
    assert_eq!(result(&admin, "MN04a", "PGD-DB", END)["numerator"], 3);
    seeing.post("/api/v1/indicator-values", &over).expect(200);
    seeing.send("DELETE", &gone, &[("If-Match", "*")], None).expect(204);
    // What its own school's machine takes away is what was recorded, of the sums and on record.
    let again = json!({"numerator": 4, "denominator": 123});
    let mine = plain.post("/api/v1/indicator-values", &row(&again)).expect(200).json()["rows"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(result(&admin, "MN04a", "PGD-DB", END)["numerator"], 4);
    plain.send("DELETE", &format!("/api/v1/indicator-values/{mine}"), &[("If-Match", "*")], None).expect(204);
    assert_eq!(result(&admin, "MN04a", "PGD-DB", END)["numerator"], Value::Null);
    let entries = admin.get("/api/v1/audit-events?action=indicator_value.delete").expect(200).json();
    let entry = entries["data"].as_array().expect("rows").iter().find(|entry| entry["resource"]["id"] == *mine).expect("is on record");
    assert_eq!((&entry["before"]["numerator"], &entry["before"]["denominator"]), (&json!(4), &json!(123)));
    let history = admin.get(&format!("/api/v1/indicator-values/{mine}/history")).expect(200).json();
    assert_eq!((&history["data"][0]["numerator"], &history["data"][1]["withdrawn"]), (&json!(4), &json!(true)));
    app.db_verify();
    // A first figure needs no other, and of what is not sensitive nothing changes.
    let first = plain.post("/api/v1/indicator-values", &row(&json!({"numerator": 5}))).expect(200).json();
    assert_eq!(first["rows"][0]["outcome"], "created");
    let open = json!({"rows": [{"indicator": "MN03", "unit": "MN-DB-001", "period": START, "numerator": 2}]});
    assert_eq!(plain.post("/api/v1/indicator-values/validate", &open).expect(200).json()["rows"][0]["outcome"], "unchanged");
    app.db_verify();
}

/// AZ-08: a scope reads what it is for: the dashboard, groups and plans hold nothing of what another one is for.
#[test]
fn a_scope_tells_nothing_of_what_another_is_for() {
    let app = TestApp::start();
    let (admin, _) = scene(&app);
    crate::evidence::given(&admin, "MN-DB-001");
    let new = json!({"unit": "PGD-DB", "kind": "annual", "from_year": 2026, "to_year": 2026, "title": "Kế hoạch năm 2026"});
    let written = admin.user("pgd.ke.hoach", "PGD-DB", &["editor"]).post("/api/v1/plans", &new).expect(201).json();
    let path = format!("/api/v1/plans/{}", written["id"].as_str().expect("an id"));
    let with = |scopes: &[&str]| calling(&app, &make(&admin, "PGD-DB", scopes));
    let board = |scopes: &[&str]| with(scopes).get("/api/v1/dashboard?unit=MN-DB-001&year=2025").expect(200).json();
    let of_people = admin.get("/api/v1/dashboard?unit=MN-DB-001&year=2025").expect(200).json();
    let attained = |board: &Value| board["indicators"]["attained"].as_i64().expect("a count");
    let group = |board: &Value| board["groups"][0]["progress"]["assignments"].clone();
    assert!(attained(&of_people) > 0 && of_people["rounds"][0].is_object() && group(&of_people) == 1, "{of_people}");

    let work = board(&["assignments:read"]);
    assert_eq!(work["indicators"], json!({"attained": 0, "not_attained": 0, "undecided": 0}));
    assert_eq!((&work["rounds"], &work["reports"]), (&json!([]), &json!({"open": 0, "late": 0, "returned": 0, "to_decide": 0})));
    assert_eq!((group(&work), &work["assignments"]), (json!(1), &of_people["assignments"]));
    let reports = board(&["assignments:read", "reports:read"]);
    assert_eq!((&reports["rounds"], &reports["reports"]), (&of_people["rounds"], &of_people["reports"]));
    assert_eq!(board(&["assignments:read", "results:read", SEES])["indicators"], of_people["indicators"]);
    // What is withheld is undecided: the school's own sensitive indicator attains its target, and that is not told.
    let plain = board(&["assignments:read", "indicators:read"]);
    assert_eq!(attained(&plain), attained(&of_people) - 1, "{plain}");
    let sum = |board: &Value| {
        ["attained", "not_attained", "undecided"].map(|name| board["indicators"][name].as_i64().expect("a count")).iter().sum::<i64>()
    };
    assert_eq!(sum(&plain), sum(&of_people));

    for scope in ["catalogue:read", "indicators:read"] {
        let groups = with(&[scope]).get("/api/v1/task-groups").expect(200).json();
        assert_eq!((&groups["data"][0]["progress"]["assignments"], &groups["data"][0]["progress"]["percent"]), (&json!(0), &Value::Null));
        assert!(groups["data"][0]["tasks_count"].as_i64() > Some(0));
        assert_eq!(with(&[scope, "assignments:read"]).get("/api/v1/task-groups/1").expect(200).json()["progress"]["assignments"], 1);
    }
    // What is set for a unit and what it began with is read with results, what it has handed in with reports.
    for (scopes, status) in [(["catalogue:read", "units:read"], 403), (["catalogue:read", "results:read"], 200)] {
        let client = with(&scopes);
        for what in ["targets?unit=MN-DB-001", "targets/MN-DB-001/2025/history", "baselines/MN-DB-001"] {
            let answer = client.get(&format!("/api/v1/indicators/MN03/{what}"));
            assert!(answer.status == status || (status == 200 && answer.status == 404), "{what} with {scopes:?}: {}", answer.status);
        }
        client.get("/api/v1/reporting-rounds").expect(200);
        let _ = client.get("/api/v1/reporting-rounds?owed=true").problem(403, "forbidden");
    }
    let refused = with(&["catalogue:read"]).get("/api/v1/reports");
    assert!(refused.header("www-authenticate").contains("scope=\"reports:read\""), "{}", refused.header("www-authenticate"));
    with(&["catalogue:read", "reports:read"]).get("/api/v1/reporting-rounds?owed=true").expect(200);
    assert_eq!(with(&["plans:read"]).get(&path).expect(200).json()["progress"], Value::Null);
    assert!(with(&["plans:read", "assignments:read"]).get(&path).expect(200).json()["progress"].is_object());
}

/// AZ-09: small cells are shown to a machine by an admin of the department alone.
#[test]
fn only_an_admin_of_the_department_shows_a_machine_small_cells() {
    let app = TestApp::start();
    let admin = province(&app);
    let body = |unit: &str, scopes: &[&str]| json!({"name": "Phần mềm", "unit": unit, "scopes": scopes});
    for (username, unit) in [("quan.tri.pgd", "PGD-DB"), ("quan.tri.truong", "MN-DB-001")] {
        let clerk = admin.user(username, unit, &["admin", "editor"]);
        let _ = clerk.post("/api/v1/clients", &body(unit, &["indicators:read", SEES])).problem(403, "forbidden");
        let mine = clerk.post("/api/v1/clients", &body(unit, &["indicators:read"])).expect(201).json();
        let place = format!("/api/v1/clients/{}", mine["id"].as_str().expect("an id"));
        let _ = clerk.patch(&place, "*", &json!({"scopes": ["indicators:read", SEES]})).problem(403, "forbidden");
        // Nor does it take over one that was granted it, but for stopping it.
        let granted = make(&admin, unit, &["indicators:read", SEES]);
        let place = format!("/api/v1/clients/{}", granted.id);
        let _ = clerk.post(&format!("{place}/rotate"), &json!({})).problem(403, "forbidden");
        let _ = clerk.patch(&place, "*", &json!({"networks": []})).problem(403, "forbidden");
        clerk.post(&format!("{place}/disable"), &json!({})).expect(200);
        let _ = clerk.post(&format!("{place}/enable"), &json!({})).problem(403, "forbidden");
    }
    let flows = &app.nobody().get("/openapi.json").expect(200).json()["components"]["securitySchemes"]["oauth2"]["flows"];
    assert!(flows["clientCredentials"]["scopes"][SEES].as_str().is_some_and(|about| about.contains("admin of the department")), "{flows}");
}

/// With a front end people see what they may see anyway: no page asks them to allow what means nothing.
#[test]
fn a_front_end_has_no_scope_for_small_cells() {
    let app = TestApp::start();
    let admin = app.admin();
    for kind in ["web", "mobile"] {
        let front = |scopes: &[&str]| json!({"type": kind, "name": "Ứng dụng", "unit": "SGD", "scopes": scopes, "redirect_uris": ["https://app.example.vn/back"]});
        assert_eq!(admin.post("/api/v1/clients", &front(&["indicators:read", SEES])).faults(), ["/scopes/1 not_in_list"]);
        let made = admin.post("/api/v1/clients", &front(&["indicators:read"])).expect(201).json();
        let place = format!("/api/v1/clients/{}", made["id"].as_str().expect("an id"));
        assert_eq!(admin.patch(&place, "*", &json!({"scopes": [SEES]})).faults(), ["/scopes/0 not_in_list"]);
    }
    let flows = app.nobody().get("/openapi.json").expect(200).json()["components"]["securitySchemes"]["oauth2"]["flows"].clone();
    assert!(flows["clientCredentials"]["scopes"].get(SEES).is_some());
    assert_eq!(flows["authorizationCode"]["scopes"].get(SEES), None);
}

/// AZ-08: the name of an account is told by no feed and no trail to a client that may not read users.
#[test]
fn a_feed_and_a_trail_name_no_account_without_leave_to_read_users() {
    let app = TestApp::start();
    let admin = province(&app);
    admin.user("le.thi.hanh", "MN-DB-001", &["editor"]);
    app.db_seal();
    let scopes = ["changes:read", "audit-events:read", "units:read"];
    let plain = calling(&app, &make(&admin, "PGD-DB", &scopes));
    let full = calling(&app, &make(&admin, "PGD-DB", &[&scopes[..], &["users:read"]].concat()));
    let rows = |client: &Caller<'_>, path: &str, kind: &str| {
        let list = client.get(path).expect(200).json();
        let rows = list["data"].as_array().expect("rows").iter().filter(|row| row["resource"]["type"] == kind).cloned();
        rows.collect::<Vec<Value>>()
    };
    let (feed, trail) = ("/api/v1/changes?after=0&limit=200", "/api/v1/audit-events?within=MN-DB-001&limit=200");
    for (path, kind) in [(feed, "user"), (trail, "user"), (trail, "session")] {
        let (hidden, shown) = (rows(&plain, path, kind), rows(&full, path, kind));
        assert!(!hidden.is_empty() && hidden.len() == shown.len(), "{path} {kind}");
        let resources: Vec<Value> = hidden.iter().map(|row| row["resource"].clone()).collect();
        assert!(!json!(resources).to_string().contains("le.thi.hanh"), "{resources:?}");
        assert!(hidden.iter().all(|row| row["data"].is_null() && row["before"].is_null() && row["after"].is_null()), "{hidden:?}");
        assert!(shown.iter().all(|row| row["resource"]["code"] == "le.thi.hanh"), "{shown:?}");
    }
    assert!(!String::from_utf8_lossy(&plain.get(feed).expect(200).body).contains("le.thi.hanh"));
    // Codes of what is no person stay.
    assert!(rows(&plain, feed, "unit").iter().all(|row| row["resource"]["code"].is_string()));
}
