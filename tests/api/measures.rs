//! What is measured and held against what: definitions, targets and their history, milestones, baselines.

use serde_json::{Value, json};

use crate::harness::{Caller, TestApp};
use crate::values::{province, ratio, record, result};

const START: &str = "2024-2025-START";
const NEXT: &str = "2025-2026-START";

fn two_sessions(valid_from: &str, sessions: u8) -> Value {
    let side = |title_vi: &str, title_en: &str| json!({"title_vi": title_vi, "title_en": title_en, "by": "unit", "kinds": ["school"], "levels": ["primary"]});
    json!({"valid_from": valid_from, "period_kind": "school_year_start",
        "numerator": side("Số học sinh tiểu học được học 2 buổi/ngày", "Pupils taught two sessions a day"),
        "denominator": side("Số học sinh tiểu học", "Primary pupils"), "count": null, "may_exceed": false,
        "parameters": {"sessions_per_week_min": sessions}, "disaggregations": ["sex"], "external_refs": [],
        "checks": {"least": null, "most": "100.00", "jump": "10.00"}})
}

#[track_caller]
fn define(caller: &Caller<'_>, indicator: &str, body: &Value) -> crate::harness::Reply {
    caller.post(&format!("/api/v1/indicators/{indicator}/definitions"), body)
}

#[test]
fn the_definition_decides_the_result_and_what_was_recorded_keeps_its_own() {
    let app = TestApp::start();
    let admin = province(&app);
    // Domain: 36,059 of 86,417 with nine or ten sessions a week, 69,541 of 85,152 with eight.
    record(&admin, &[ratio("TH04", "TH-DB-001", START, 36_059, 86_417)]);
    let nine = result(&admin, "TH04", "SGD", START);
    assert_eq!((&nine["rate"], &nine["definition_version"], &nine["baseline"]), (&json!("41.73"), &json!(1), &json!("41.73")));
    // Figures of 30 September 2024 were recorded under the first definition.
    for day in ["2022-01-01", "2023-01-01", "2024-09-30"] {
        assert_eq!(define(&admin, "TH04", &two_sessions(day, 8)).faults(), ["/valid_from out_of_range"], "{day}");
    }
    let made = define(&admin, "TH04", &two_sessions("2025-08-01", 8)).expect(201);
    assert_eq!(made.header("location"), format!("/api/v1/indicators/{}/definitions/2", made.json()["indicator"].as_str().expect("an id")));
    let list = admin.get("/api/v1/indicators/TH04/definitions").expect(200).json();
    let spans: Vec<(&Value, &Value)> =
        list["data"].as_array().expect("rows").iter().map(|row| (&row["valid_from"], &row["valid_to"])).collect();
    assert_eq!(spans, [(&json!("2023-01-01"), &json!("2025-08-01")), (&json!("2025-08-01"), &json!(null))]);
    assert_eq!(admin.get("/api/v1/indicators/TH04/definitions/2").expect(200).json()["parameters"]["sessions_per_week_min"], 8);
    record(&admin, &[ratio("TH04", "TH-DB-001", NEXT, 69_541, 85_152)]);
    let eight = result(&admin, "TH04", "SGD", NEXT);
    assert_eq!((&eight["rate"], &eight["definition_version"]), (&json!("81.67"), &json!(2)));
    // What was counted otherwise is no baseline.
    assert_eq!((&eight["baseline"], &eight["trajectory"], &eight["projected_year"]), (&json!(null), &json!("no_data"), &json!(null)));
    assert_eq!(result(&admin, "TH04", "SGD", START)["rate"], "41.73");
    app.db_verify();
}

#[test]
fn a_definition_that_contradicts_itself_is_refused_with_all_its_faults() {
    let app = TestApp::start();
    let admin = province(&app);
    let mut body = two_sessions("2026-01-01", 9);
    body["numerator"] = json!(null);
    body["count"] = body["denominator"].clone();
    body["denominator"]["kinds"] = json!(["school", "commune"]);
    body["disaggregations"] = json!(["sex", "sex"]);
    body["checks"] = json!({"least": "90.00", "most": "10.00", "jump": null});
    let mut faults = define(&admin, "TH04", &body).faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/checks/most out_of_range",
            "/count out_of_range",
            "/denominator/kinds/1 not_in_list",
            "/disaggregations/1 duplicate_row",
            "/numerator required"
        ]
    );
    let mut level = two_sessions("2026-01-01", 9);
    level["numerator"] = json!(null);
    level["denominator"] = json!(null);
    level["count"] = json!({"title_vi": "Mức độ", "title_en": "Level", "by": "locality", "kinds": ["commune"], "levels": ["primary"]});
    let mut faults = define(&admin, "PC01", &level).faults();
    faults.sort();
    assert_eq!(faults, ["/count/levels out_of_range", "/disaggregations out_of_range", "/parameters/cascade required"]);
    assert_eq!(admin.get("/api/v1/indicators/TH04/definitions").expect(200).json()["data"].as_array().map(Vec::len), Some(1));
    let approver = admin.user("pgd.db", "PGD-DB", &["viewer", "editor", "approver", "admin"]);
    define(&approver, "TH04", &two_sessions("2026-01-01", 9)).problem(403, "forbidden");
}

#[test]
fn milestones_are_typed_or_drawn_and_every_state_of_a_target_is_kept() {
    let app = TestApp::start();
    let admin = province(&app);
    let approver = admin.user("sgd.duyet", "SGD", &["approver"]);
    record(&admin, &[ratio("MN03", "MN-DB-001", START, 40, 100), ratio("MN03", "MN-MC-001", START, 50, 100)]);
    let told = |unit: &str| {
        let list = admin.get(&format!("/api/v1/indicators/MN03/milestones?unit={unit}")).expect(200).json();
        let told =
            |row: &Value| format!("{} {} {}", row["year"], row["value"].as_str().expect("a value"), row["origin"].as_str().expect("one"));
        list["data"].as_array().expect("rows").iter().map(told).collect::<Vec<_>>()
    };
    // From 40 % to the plan's 100 %: ten points a year.
    assert_eq!(
        told("MN-DB-001"),
        ["2025 50.00 drawn", "2026 60.00 drawn", "2027 70.00 drawn", "2028 80.00 drawn", "2029 90.00 drawn", "2030 100.00 typed"]
    );
    let path = "/api/v1/indicators/MN03/targets/PGD-DB/2027";
    let new = json!({"operator": ">=", "value": "91.00"});
    let put = |tag: Option<&str>, body: &Value| {
        let condition = tag.map_or(("If-None-Match", "*"), |tag| ("If-Match", tag));
        approver.put(path, condition, body)
    };
    let tag = put(None, &new).expect(201).header("etag");
    put(Some(&tag), &json!({"operator": ">=", "value": "70.00"})).expect(200);
    // The district's school inherits it; the other district does not.
    assert_eq!(
        told("MN-DB-001"),
        ["2025 50.00 drawn", "2026 60.00 drawn", "2027 70.00 typed", "2028 80.00 drawn", "2029 90.00 drawn", "2030 100.00 typed"]
    );
    assert_eq!(told("MN-MC-001")[2], "2027 75.00 drawn");
    record(&admin, &[ratio("MN03", "MN-DB-001", NEXT, 50, 100)]);
    let row = result(&admin, "MN03", "MN-DB-001", NEXT);
    assert_eq!((&row["trajectory"], &row["target"]["year"], &row["projected_year"]), (&json!("on_track"), &json!(2027), &json!(2027)));
    approver.send("DELETE", path, &[("If-Match", "*")], None).expect(204);
    let history = admin.get(&format!("{path}/history")).expect(200).json();
    let states = history["data"].as_array().expect("rows").iter();
    let states: Vec<String> =
        states.map(|row| format!("{} {} {} {}", row["version"], row["value"], row["ended"], row["set_by"]["username"])).collect();
    assert_eq!(states, ["1 \"91.00\" false \"sgd.duyet\"", "2 \"70.00\" false \"sgd.duyet\"", "3 \"70.00\" true \"sgd.duyet\""]);
    let plan = admin.get("/api/v1/indicators/MN03/targets/SGD/2030/history").expect(200).json();
    assert_eq!((&plan["data"][0]["value"], &plan["data"][0]["set_by"]), (&json!("100.00"), &json!(null)));
    // The history of a unit is its scope's to read.
    admin.user("mn.mc", "MN-MC-001", &["viewer"]).get(&format!("{path}/history")).problem(404, "not_found");
}

#[test]
fn a_baseline_that_was_set_has_its_source_and_goes_before_the_own_result() {
    let app = TestApp::start();
    let admin = province(&app);
    record(
        &admin,
        &[ratio("CQG01", "MN-DB-001", "2024", 1, 1), ratio("CQG01", "MN-DB-001", "2025", 1, 1), ratio("CQG01", "TH-DB-001", "2025", 0, 1)],
    );
    let path = "/api/v1/indicators/CQG01/baselines/SGD";
    admin.get(path).problem(404, "not_found");
    assert_eq!(result(&admin, "CQG01", "SGD", "2025")["baseline"], "100.00");
    let put = |body: &Value, condition: (&str, &str)| admin.put(path, condition, body);
    for (body, faults) in [
        (json!({"year": 2023, "source": "Báo cáo"}), vec!["/value required"]),
        (json!({"year": 2023, "numerator": 305, "source": "Báo cáo"}), vec!["/numerator out_of_range"]),
        (json!({"year": 2023, "numerator": 1, "denominator": 2, "value": "50.00", "source": "Báo cáo"}), vec!["/numerator out_of_range"]),
        (json!({"year": 2023, "value": "59.10"}), vec!["/source required"]),
    ] {
        assert_eq!(put(&body, ("If-None-Match", "*")).faults(), faults);
    }
    let body = json!({"year": 2023, "numerator": 305, "denominator": 516, "source": "Báo cáo tổng kết năm học 2022-2023"});
    let made = put(&body, ("If-None-Match", "*")).expect(201);
    assert_eq!((&made.json()["value"], &made.json()["version"]), (&json!("59.11"), &json!(1)));
    put(&body, ("If-None-Match", "*")).problem(412, "stale_version");
    let row = result(&admin, "CQG01", "SGD", "2025");
    // 59.11 in 2023, 50.00 in 2025, 63 asked: it falls, so no year will do.
    assert_eq!((&row["rate"], &row["baseline"], &row["projected_year"]), (&json!("50.00"), &json!("59.11"), &json!(null)));
    assert_eq!(row["trajectory"], "at_risk");
    admin.send("DELETE", path, &[("If-Match", &made.header("etag"))], None).expect(204);
    assert_eq!(result(&admin, "CQG01", "SGD", "2025")["baseline"], "100.00");
    // Who may set the targets of a unit may say what it started from, and nobody else.
    let approver = admin.user("pgd.duyet", "PGD-DB", &["approver"]);
    let school = json!({"year": 2024, "value": "0.00", "source": "Quyết định công nhận"});
    let send = |unit: &str| approver.put(&format!("/api/v1/indicators/CQG01/baselines/{unit}"), ("If-None-Match", "*"), &school);
    send("MN-DB-001").expect(201);
    send("PGD-DB").problem(403, "forbidden");
    send("MN-MC-001").problem(404, "not_found");
}
