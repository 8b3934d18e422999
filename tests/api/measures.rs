//! What is measured and held against what: definitions, targets and their history, milestones, baselines; and from where it is looked at:
//! by category, in the tree of today, as known on another day.

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
    // Whoever reads indicators hears of it.
    let school = admin.user("th.db1", "TH-DB-001", &["viewer"]);
    app.db_seal();
    let feed = school.get("/api/v1/changes?limit=200").expect(200).json();
    let defined = feed["data"].as_array().expect("rows").iter().find(|row| row["type"] == "indicator.defined").expect("it is told");
    assert_eq!((&defined["data"]["code"], &defined["data"]["version"]), (&json!("TH04"), &json!(2)));
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
    // What would count figures of another kind of period is another indicator; what lies far ahead was mistyped.
    let mut other = two_sessions("2062-01-01", 9);
    other["period_kind"] = json!("year");
    assert_eq!(define(&admin, "TH04", &other).faults(), ["/period_kind not_in_list", "/valid_from out_of_range"]);
    let mut typo = two_sessions("2026-01-01", 9);
    typo["numerator"]["level"] = json!(["primary"]);
    assert_eq!(define(&admin, "TH04", &typo).faults(), ["/numerator/level unknown_field"]);
    let mut level = two_sessions("2026-01-01", 9);
    level["numerator"] = json!(null);
    level["denominator"] = json!(null);
    level["count"] = json!({"title_vi": "Mức độ", "title_en": "Level", "by": "locality", "kinds": ["commune"], "levels": ["primary"]});
    let mut faults = define(&admin, "PC01", &level).faults();
    faults.sort();
    assert_eq!(
        faults,
        ["/count/levels out_of_range", "/disaggregations out_of_range", "/parameters/cascade required", "/period_kind not_in_list"]
    );
    for percent in [json!(0), json!(101)] {
        let mut cascade = level.clone();
        cascade["count"]["levels"] = json!([]);
        cascade["disaggregations"] = json!([]);
        cascade["period_kind"] = json!("universalisation_year");
        cascade["parameters"] = json!({"cascade": {"communes_percent": percent, "districts_percent": 100}});
        assert_eq!(define(&admin, "PC01", &cascade).faults(), ["/parameters/cascade out_of_range"]);
    }
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
    assert_eq!(put(None, &new).expect(201).json()["version"], 4);
    approver.send("DELETE", path, &[("If-Match", "*")], None).expect(204);
    let history = admin.get(&format!("{path}/history")).expect(200).json();
    let states = history["data"].as_array().expect("rows").iter();
    let states: Vec<String> =
        states.map(|row| format!("{} {} {} {}", row["version"], row["value"], row["ended"], row["set_by"]["username"])).collect();
    assert_eq!(
        states,
        [
            "1 \"91.00\" false \"sgd.duyet\"",
            "2 \"70.00\" false \"sgd.duyet\"",
            "3 \"70.00\" true \"sgd.duyet\"",
            "4 \"91.00\" false \"sgd.duyet\"",
            "5 \"91.00\" true \"sgd.duyet\""
        ]
    );
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
        (json!({"year": 2023, "numerator": 517, "denominator": 516, "source": "Báo cáo"}), vec!["/numerator numerator_above_denominator"]),
        (json!({"year": 2026, "value": "-1.00", "source": "Báo cáo"}), vec!["/value out_of_range", "/year out_of_range"]),
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
    // Who read the one that ended does not change the one that came after it.
    admin.get(path).problem(404, "not_found");
    assert_eq!(put(&body, ("If-None-Match", "*")).expect(201).json()["version"], 3);
    put(&body, ("If-Match", &made.header("etag"))).problem(412, "stale_version");
    admin.send("DELETE", path, &[("If-Match", "*")], None).expect(204);
    // Who may set the targets of a unit may say what it started from, and nobody else.
    let approver = admin.user("pgd.duyet", "PGD-DB", &["approver"]);
    let school = json!({"year": 2024, "value": "0.00", "source": "Quyết định công nhận"});
    let send = |unit: &str| approver.put(&format!("/api/v1/indicators/CQG01/baselines/{unit}"), ("If-None-Match", "*"), &school);
    send("MN-DB-001").expect(201);
    send("PGD-DB").problem(403, "forbidden");
    send("MN-MC-001").problem(404, "not_found");
}

#[test]
fn parts_add_up_to_the_whole_or_are_refused_and_are_results_of_their_own() {
    let app = TestApp::start();
    let admin = province(&app);
    let row = |unit: &str, parts: Value| json!({"indicator": "TH03", "unit": unit, "period": "2024-2025-END", "numerator": 90, "denominator": 100, "parts": parts});
    let sexes = |girls: (i64, i64), boys: (i64, i64)| json!([{"category": "male", "numerator": boys.0, "denominator": boys.1}, {"category": "female", "numerator": girls.0, "denominator": girls.1}]);
    let post = |row: Value| admin.post("/api/v1/indicator-values", &json!({"rows": [row]}));
    for (parts, faults) in [
        (sexes((45, 50), (44, 50)), vec!["/rows/0/parts parts_do_not_add_up"]),
        (sexes((51, 50), (39, 50)), vec!["/rows/0/parts/1/numerator numerator_above_denominator"]),
        (json!([{"category": "female", "numerator": 90, "denominator": 100}]), vec!["/rows/0/parts parts_do_not_add_up"]),
        (
            json!([{"category": "female", "numerator": 45, "denominator": 50}, {"category": "female", "numerator": 45, "denominator": 50}]),
            vec!["/rows/0/parts/1/category duplicate_row"],
        ),
        (
            json!([{"category": "public", "numerator": 45, "denominator": 50}, {"category": "non_public", "numerator": 45, "denominator": 50}]),
            vec!["/rows/0/parts/0/category not_collected_here", "/rows/0/parts/1/category not_collected_here"],
        ),
    ] {
        let mut told = post(row("TH-DB-001", parts)).faults();
        told.sort();
        assert_eq!(told, faults);
    }
    post(row("TH-DB-001", sexes((45, 48), (45, 52)))).expect(200);
    // A total that changes without its parts does not add up any more.
    post(ratio("TH03", "TH-DB-001", "2024-2025-END", 91, 100)).expect(422);
    post(ratio("TH03", "TH-DB-001", "2024-2025-END", 90, 100)).expect(200);
    let list = |query: &str| admin.get(&format!("/api/v1/indicators/TH03/results?unit=PGD-DB&period=2024-2025-END&{query}"));
    let by_sex = list("breakdown=sex").expect(200).json();
    let told = |row: &Value| {
        (row["category"].clone(), row["numerator"].clone(), row["denominator"].clone(), row["rate"].clone(), row["attained"].clone())
    };
    let rows: Vec<_> = by_sex["data"].as_array().expect("rows").iter().map(told).collect();
    assert_eq!(
        rows,
        [
            (json!("female"), json!(45), json!(48), json!("93.75"), json!(false)),
            (json!("male"), json!(45), json!(52), json!("86.54"), json!(false))
        ]
    );
    let sentence = by_sex["data"][0]["sentence_vi"].as_str().expect("a sentence");
    assert!(sentence.contains("(nữ): 93,75 % (45/48)"), "{sentence}");
    assert_eq!(list("breakdown=ethnicity").expect(200).json()["data"][0]["reason"], "no_value");
    assert_eq!(list("breakdown=area").faults(), ["breakdown not_in_list"]);
    let value = admin.get("/api/v1/indicator-values?indicator=TH03").expect(200).json()["data"][0].clone();
    assert_eq!(value["parts"][0], json!({"category": "female", "numerator": 45, "denominator": 48, "count": null}));
    // A school with figures and no parts is in the whole only; null takes the parts away; a withdrawn value takes all with it.
    admin.unit("TH-DB-002", "school", "primary", "Trường Tiểu học Tu Lý", "PGD-DB");
    post(row("TH-DB-002", json!(null))).expect(200);
    assert_eq!(list("breakdown=sex").expect(200).json()["data"][0]["coverage"], json!({"expected": 2, "included": 1, "missing": 1}));
    app.db_verify();
    let changed = row("TH-DB-001", sexes((40, 48), (50, 52)));
    post(changed).expect(200);
    app.db_verify();
    post(row("TH-DB-001", json!(null))).expect(200);
    assert_eq!(list("breakdown=sex").expect(200).json()["data"][0]["reason"], "no_value");
    post(row("TH-DB-001", sexes((45, 48), (45, 52)))).expect(200);
    let id = value["id"].as_str().expect("an id");
    let history = admin.get(&format!("/api/v1/indicator-values/{id}/history")).expect(200).json();
    let parts: Vec<usize> =
        history["data"].as_array().expect("rows").iter().map(|row| row["parts"].as_array().map_or(0, Vec::len)).collect();
    assert_eq!(parts, [2, 2, 0, 2]);
    admin.send("DELETE", &format!("/api/v1/indicator-values/{id}"), &[("If-Match", "*")], None).expect(204);
    assert_eq!(list("breakdown=sex").expect(200).json()["data"][0]["reason"], "no_value");
    app.db_verify();
    // Parts move with their unit.
    post(row("TH-DB-002", sexes((45, 48), (45, 52)))).expect(200);
    admin.patch("/api/v1/units/TH-DB-002", "*", &json!({"parent": "PGD-MC", "effective_on": "2025-01-01"})).expect(200);
    let there = admin.get("/api/v1/indicators/TH03/results?unit=PGD-MC&period=2024-2025-END&breakdown=sex").expect(200).json();
    assert_eq!(there["data"][1]["numerator"], 45);
    app.db_verify();
}

#[test]
fn the_past_can_be_read_as_it_was_known_and_in_the_tree_of_today() {
    let app = TestApp::start();
    let admin = province(&app);
    record(&admin, &[ratio("MN03", "MN-DB-001", START, 11, 12), ratio("MN03", "MN-DB-002", START, 9, 9)]);
    let first = admin.get("/api/v1/indicator-values?indicator=MN03&unit=MN-DB-002").expect(200).json()["data"][0]["id"].clone();
    app.clock.advance(86_400);
    let admin = app.sign_in("quan.tri");
    record(&admin, &[ratio("MN03", "MN-DB-001", START, 10, 12), ratio("MN03", "MN-MC-001", START, 1, 3)]);
    app.clock.advance(86_400);
    let admin = app.sign_in("quan.tri");
    admin.send("DELETE", &format!("/api/v1/indicator-values/{}", first.as_str().expect("an id")), &[("If-Match", "*")], None).expect(204);
    let read = |query: &str| {
        let list = admin.get(&format!("/api/v1/indicators/MN03/results?period={START}&{query}")).expect(200).json();
        let row = &list["data"][0];
        (row["numerator"].clone(), row["denominator"].clone(), row["coverage"]["included"].clone())
    };
    for (unit, day, numerator, denominator, included) in [
        ("SGD", "2025-02-20", json!(20), json!(21), 2),
        ("SGD", "2025-02-21", json!(20), json!(24), 3),
        ("SGD", "2025-02-22", json!(11), json!(15), 2),
        ("PGD-DB", "2025-02-21", json!(19), json!(21), 2),
        ("MN-DB-002", "2025-02-21", json!(9), json!(9), 1),
        ("MN-DB-002", "2025-02-22", json!(null), json!(null), 0),
        ("SGD", "2025-02-19", json!(null), json!(null), 0),
    ] {
        assert_eq!(read(&format!("unit={unit}&as_of={day}")), (numerator, denominator, json!(included)), "{unit} on {day}");
    }
    // What is known today is what is kept.
    assert_eq!(read("unit=SGD&as_of=2025-02-22"), read("unit=SGD"));
    let all = admin.get("/api/v1/results?unit=SGD&year=2024&indicator=MN03&as_of=2025-02-20").expect(200).json();
    assert_eq!((&all["data"][0]["as_of"], &all["data"][0]["numerator"]), (&json!("2025-02-20"), &json!(20)));
    let wrong = admin.get(&format!("/api/v1/indicators/MN03/results?period={START}&as_of=2030-01-01"));
    assert_eq!(wrong.faults(), ["as_of out_of_range"]);

    // A school that moved later counts where it stood then, or where it stands now.
    admin.patch("/api/v1/units/MN-MC-001", "*", &json!({"parent": "PGD-DB", "effective_on": "2025-02-22"})).expect(200);
    for (unit, basis, numerator, included) in [
        ("PGD-DB", "as_reported", json!(10), 1),
        ("PGD-DB", "current_tree", json!(11), 2),
        ("PGD-MC", "as_reported", json!(1), 1),
        ("PGD-MC", "current_tree", json!(null), 0),
        ("SGD", "current_tree", json!(11), 2),
    ] {
        let (found, _, there) = read(&format!("unit={unit}&basis={basis}"));
        assert_eq!((found, there), (numerator, json!(included)), "{unit} {basis}");
    }
    let row = admin.get(&format!("/api/v1/indicators/MN03/results?period={START}&unit=PGD-DB&basis=current_tree")).expect(200).json();
    let from = admin.get(row["data"][0]["provenance"].as_str().expect("a path")).expect(200).json();
    let units: Vec<&str> = from["data"].as_array().expect("rows").iter().filter_map(|row| row["unit"]["code"].as_str()).collect();
    assert_eq!(units, ["MN-DB-001", "MN-DB-002", "MN-MC-001"]);
    assert_eq!(row["data"][0]["coverage"]["expected"], 3);
}

#[test]
fn levels_and_states_are_known_as_they_were() {
    let app = TestApp::start();
    let admin = province(&app);
    let communes = admin.get("/api/v1/localities?parent=D150&limit=200").expect(200).json();
    let communes: Vec<String> =
        communes["data"].as_array().expect("rows").iter().filter_map(|row| row["code"].as_str().map(str::to_owned)).collect();
    let levels = |level: u8| -> Vec<Value> {
        let row = |code: &String| json!({"indicator": "PC01", "unit": "PGD-DB", "locality": code, "period": "2024-PC", "level": level});
        communes.iter().map(row).collect()
    };
    record(&admin, &levels(2));
    record(&admin, &[json!({"indicator": "DA01", "unit": "SGD", "period": "2024", "state": "planned"})]);
    app.clock.advance(86_400);
    let admin = app.sign_in("quan.tri");
    record(&admin, &levels(3));
    record(&admin, &[json!({"indicator": "DA01", "unit": "SGD", "period": "2024", "state": "under_way"})]);
    let read = |indicator: &str, unit: &str, day: &str, member: &str| {
        let path = format!("/api/v1/results?unit={unit}&year=2024&indicator={indicator}&as_of={day}");
        admin.get(&path).expect(200).json()["data"][0][member].clone()
    };
    assert_eq!(read("PC01", "PGD-DB", "2025-02-20", "level"), 2);
    assert_eq!(read("PC01", "PGD-DB", "2025-02-21", "level"), 3);
    assert_eq!(read("DA01", "SGD", "2025-02-20", "state"), "planned");
    assert_eq!(read("DA01", "SGD", "2025-02-21", "state"), "under_way");
}

#[test]
fn units_below_one_are_ranked_and_equal_ones_share_a_place() {
    let app = TestApp::start();
    let admin = province(&app);
    for (code, name) in [("MN-DB-003", "Trường Mầm non Tân Minh"), ("MN-DB-004", "Trường Mầm non Cao Sơn")] {
        admin.unit(code, "school", "preschool", name, "PGD-DB");
    }
    let figures = [("MN-DB-001", 10, 20), ("MN-DB-002", 19, 20), ("MN-DB-003", 50, 100)];
    record(&admin, &figures.map(|(unit, above, below)| ratio("MN03", unit, START, above, below)));
    let read = |indicator: &str, more: &str| {
        let list = admin.get(&format!("/api/v1/indicators/{indicator}/ranking?unit=PGD-DB&{more}")).expect(200).json();
        let told = |row: &Value| format!("{} {} {}", row["rank"], row["tied"], row["result"]["unit"]["code"].as_str().expect("a code"));
        (list["data"].as_array().expect("rows").iter().map(told).collect::<Vec<_>>(), list["page"]["next"].clone())
    };
    let (rows, _) = read("MN03", &format!("period={START}"));
    assert_eq!(rows, ["1 false MN-DB-002", "2 true MN-DB-003", "2 true MN-DB-001", "null false MN-DB-004", "null false TH-DB-001"]);
    let (first, next) = read("MN03", &format!("period={START}&limit=2"));
    assert_eq!(first.len(), 2);
    let next = next.as_str().expect("a next page");
    let rest = admin.get(&format!("/api/v1/indicators/MN03/ranking?unit=PGD-DB&period={START}&limit=2&cursor={next}")).expect(200).json();
    assert_eq!(rest["data"][0]["result"]["unit"]["code"], "MN-DB-001");
    // Of underweight children fewer are better.
    record(&admin, &[ratio("MN04a", "MN-DB-001", "2024-2025-END", 20, 100), ratio("MN04a", "MN-DB-002", "2024-2025-END", 10, 100)]);
    assert_eq!(read("MN04a", "period=2024-2025-END").0[..2], ["1 false MN-DB-002", "2 false MN-DB-001"]);
}

#[test]
fn odd_figures_are_stored_and_asked_about_and_validate_says_what_a_save_would() {
    let app = TestApp::start();
    let admin = province(&app);
    for number in 3..9 {
        admin.unit(&format!("MN-DB-00{number}"), "school", "preschool", "Trường Mầm non", "PGD-DB");
    }
    let rows = |period: &str, odd: i64| -> Vec<Value> {
        let row = |number: i64| ratio("MN03", &format!("MN-DB-00{number}"), period, if number == 8 { odd } else { 90 + number % 3 }, 100);
        (1..9).map(row).collect()
    };
    let told = |answer: &Value| -> Vec<String> {
        let rows = answer["rows"].as_array().expect("rows").iter();
        let warnings = rows.flat_map(|row| row["warnings"].as_array().expect("warnings").iter().map(move |warning| (row, warning)));
        warnings.map(|(row, warning)| format!("{} {}", row["index"], warning["code"].as_str().expect("a code"))).collect()
    };
    assert!(told(&record(&admin, &rows(START, 91))).is_empty());
    let body = json!({"rows": rows(NEXT, 15)});
    let asked = admin.post("/api/v1/indicator-values/validate", &body).expect(200).json();
    assert_eq!(told(&asked), ["7 unusually_low", "7 unusual_jump", "7 unlike_siblings"]);
    assert_eq!(asked["rows"][7]["warnings"][1]["detail"], "Chênh lệch lớn so với năm trước (91.00).");
    let saved = admin.post("/api/v1/indicator-values", &body).expect(200).json();
    assert_eq!(saved["rows"][7]["warnings"], asked["rows"][7]["warnings"]);
    assert_eq!(result(&admin, "MN03", "MN-DB-008", NEXT)["rate"], "15.00");
    // One alone is held against what is stored beside it.
    let one =
        admin.post("/api/v1/indicator-values/validate", &json!({"rows": [ratio("MN03", "MN-DB-007", NEXT, 30, 100)]})).expect(200).json();
    assert_eq!(told(&one), ["0 unusual_jump", "0 unlike_siblings"]);
    // A school is not told of those beside it; its district, which looks down on all, is.
    let ask = |caller: &Caller<'_>| {
        let body = json!({"rows": [ratio("MN03", "MN-DB-007", NEXT, 30, 100)]});
        told(&caller.post("/api/v1/indicator-values/validate", &body).expect(200).json())
    };
    assert_eq!(ask(&admin.user("mn.db7", "MN-DB-007", &["editor"])), ["0 unusual_jump"]);
    assert_eq!(ask(&admin.user("pgd.db", "PGD-DB", &["editor"])), ["0 unusual_jump", "0 unlike_siblings"]);
    // Communes stand beside the communes of their district.
    let communes = admin.get("/api/v1/localities?parent=D150&limit=10").expect(200).json();
    let codes: Vec<&str> = communes["data"].as_array().expect("rows").iter().filter_map(|row| row["code"].as_str()).collect();
    let of = |(place, code): (usize, &&str)| {
        let numerator = if place == 0 { 10 } else { 80 };
        json!({"indicator": "PT01", "unit": "PGD-DB", "locality": code, "period": "2024-PC", "numerator": numerator, "denominator": 100})
    };
    let youth: Vec<Value> = codes.iter().enumerate().map(of).collect();
    assert_eq!(told(&record(&admin, &youth)), ["0 unlike_siblings"]);
}
