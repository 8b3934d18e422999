//! Recording values and reading what they add up to: the main job.

use serde_json::{Value, json};

use crate::harness::{Caller, TestApp, column};

pub const START: &str = "2024-2025-START";

/// A district with two preschools and a primary school, and a second district with one preschool; localities as in the plan.
pub fn province(app: &TestApp) -> Caller<'_> {
    let admin = app.admin();
    for (code, place, name) in [("PGD-DB", "D150", "Đà Bắc"), ("PGD-MC", "D156", "Mai Châu")] {
        let name = format!("Phòng Giáo dục và Đào tạo huyện {name}");
        let body = json!({"code": code, "kind": "district_office", "type": "district_office", "name": name, "parent": "SGD",
            "locality": place, "valid_from": "2010-09-01"});
        admin.post("/api/v1/units", &body).expect(201);
    }
    for (code, unit_type, parent) in [
        ("MN-DB-001", "preschool", "PGD-DB"),
        ("MN-DB-002", "preschool", "PGD-DB"),
        ("TH-DB-001", "primary", "PGD-DB"),
        ("MN-MC-001", "preschool", "PGD-MC"),
    ] {
        admin.unit(code, "school", unit_type, &format!("Trường {code}"), parent);
    }
    admin
}

pub fn ratio(indicator: &str, unit: &str, period: &str, numerator: i64, denominator: i64) -> Value {
    json!({"indicator": indicator, "unit": unit, "period": period, "numerator": numerator, "denominator": denominator})
}

#[track_caller]
pub fn record(caller: &Caller<'_>, rows: &[Value]) -> Value {
    caller.post("/api/v1/indicator-values", &json!({"rows": rows})).expect(200).json()
}

#[track_caller]
pub fn result(caller: &Caller<'_>, indicator: &str, unit: &str, period: &str) -> Value {
    let list = caller.get(&format!("/api/v1/indicators/{indicator}/results?unit={unit}&period={period}")).expect(200).json();
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "{list}");
    list["data"][0].clone()
}

#[test]
fn what_a_school_records_is_what_its_district_and_the_department_read() {
    let app = TestApp::start();
    let admin = province(&app);
    let school = admin.user("mn.db1", "MN-DB-001", &["editor"]);
    let district = admin.user("pgd.db", "PGD-DB", &["viewer"]);
    let answer = record(&school, &[ratio("MN03", "MN-DB-001", START, 11, 12)]);
    assert_eq!(answer["summary"], json!({"created": 1, "updated": 0, "unchanged": 0}));
    assert_eq!(answer["rows"][0]["outcome"], "created");
    record(&admin, &[ratio("MN03", "MN-DB-002", START, 9, 9), ratio("MN03", "MN-MC-001", START, 1, 3)]);
    for (caller, unit, numerator, denominator, rate, expected, included) in [
        (&school, "MN-DB-001", 11, 12, "91.67", 1, 1),
        (&district, "PGD-DB", 20, 21, "95.24", 2, 2),
        (&admin, "SGD", 21, 24, "87.50", 3, 3),
    ] {
        let row = result(caller, "MN03", unit, START);
        assert_eq!((&row["numerator"], &row["denominator"], &row["rate"]), (&json!(numerator), &json!(denominator), &json!(rate)), "{row}");
        assert_eq!(row["coverage"], json!({"expected": expected, "included": included, "missing": 0}));
        assert_eq!(row["target"]["value"], "100.00");
        assert_eq!(row["target"]["unit"]["code"], unit);
        assert_eq!((&row["attained"], &row["operator"]), (&json!(false), &json!(">=")));
    }
    // Each sees its own subtree and nothing else.
    for path in ["/api/v1/indicators/MN03/results?unit=SGD&year=2024", "/api/v1/results?unit=MN-MC-001&year=2024"] {
        assert_eq!(district.get(path).faults(), ["unit unknown_reference"]);
    }
    assert_eq!(column(&district.get("/api/v1/indicator-values").expect(200).json(), "id").len(), 2);
    assert_eq!(column(&school.get("/api/v1/indicator-values").expect(200).json(), "id").len(), 1);
    let children = admin.get(&format!("/api/v1/indicators/MN03/results?unit=SGD&period={START}&breakdown=child")).expect(200).json();
    let units: Vec<&str> =
        children["data"].as_array().expect("rows").iter().map(|row| row["unit"]["code"].as_str().expect("a code")).collect();
    assert_eq!(units, ["PGD-DB", "PGD-MC"]);
    let from = admin.get(&format!("/api/v1/indicators/MN03/provenance?unit=SGD&period={START}&limit=2")).expect(200).json();
    assert_eq!(from["data"][0]["unit"]["code"], "MN-DB-001");
    assert_eq!((&from["data"][0]["included"], &from["data"][0]["numerator"]), (&json!(true), &json!(11)));
    let next = from["page"]["next"].as_str().expect("a next page");
    let rest = admin.get(&format!("/api/v1/indicators/MN03/provenance?unit=SGD&period={START}&limit=2&cursor={next}")).expect(200).json();
    assert_eq!(rest["data"][0]["unit"]["code"], "MN-MC-001");
    let all = admin.get("/api/v1/results?unit=SGD&year=2024").expect(200).json();
    assert_eq!(all["data"].as_array().map(Vec::len), Some(37));
    app.db_verify();
}

#[test]
fn children_come_from_schools_and_population_from_communes() {
    let app = TestApp::start();
    let admin = province(&app);
    let office = admin.user("pgd.db", "PGD-DB", &["editor"]);
    record(&admin, &[json!({"indicator": "MN01", "unit": "MN-DB-001", "period": START, "numerator": 41})]);
    let population = |place: &str, number: i64| json!({"indicator": "MN01", "unit": "PGD-DB", "period": START, "locality": place, "denominator": number});
    record(&office, &[population("C04831", 60), population("C04834", 40)]);
    let row = result(&office, "MN01", "PGD-DB", START);
    assert_eq!((&row["numerator"], &row["denominator"], &row["rate"]), (&json!(41), &json!(100), &json!("41.00")));
    // Only one of two preschools, and not all communes.
    assert_eq!((&row["coverage"], &row["provisional"]), (&json!({"expected": 2, "included": 1, "missing": 1}), &json!(true)));
    assert_eq!((&row["attained"], &row["gap"]), (&json!(false), &json!("-9.00")));
    let province = result(&admin, "MN01", "SGD", START);
    assert_eq!((&province["numerator"], &province["denominator"]), (&json!(41), &json!(100)));
    let school = result(&admin, "MN01", "MN-DB-001", START);
    assert_eq!(
        (&school["numerator"], &school["rate"], &school["reason"]),
        (&json!(41), &Value::Null, &json!("not_collected_at_this_level"))
    );
    let elsewhere = result(&admin, "MN01", "PGD-MC", START);
    assert_eq!(elsewhere["reason"], "no_value");
    for (row, fault) in [
        (population("C05200", 1), "/rows/0/locality"),
        (json!({"indicator": "MN01", "unit": "PGD-DB", "period": START, "numerator": 1}), "/rows/0/unit"),
        (json!({"indicator": "MN01", "unit": "MN-DB-001", "period": START, "denominator": 1}), "/rows/0/denominator"),
        (json!({"indicator": "MN01", "unit": "MN-DB-001", "period": START, "locality": "C04831", "denominator": 1}), "/rows/0/locality"),
        (population("D150", 1), "/rows/0/locality"),
    ] {
        let body = json!({"rows": [row]});
        assert_eq!(admin.post("/api/v1/indicator-values", &body).faults(), [format!("{fault} not_collected_here")], "{body}");
    }
    app.db_verify();
}

#[test]
fn all_rows_are_stored_or_none_and_each_fault_has_its_pointer() {
    let app = TestApp::start();
    let admin = province(&app);
    let good = ratio("MN03", "MN-DB-001", START, 1, 2);
    let rows = json!({"rows": [
        good,
        ratio("MN03", "MN-DB-001", START, 2, 2),
        ratio("MN03", "MN-DB-002", START, 3, 2),
        ratio("MN03", "TH-DB-001", START, 1, 1),
        ratio("MN03", "MN-DB-002", "2024-2025-END", 1, 1),
        ratio("XX99", "MN-XX-001", "1999", 1, 1),
        {"indicator": "MN03", "unit": "MN-MC-001", "period": START},
        {"indicator": "MN03", "unit": "MN-MC-001", "period": START, "count": 3},
    ]});
    assert_eq!(
        admin.post("/api/v1/indicator-values", &rows).faults(),
        [
            "/rows/1 duplicate_row",
            "/rows/2/numerator numerator_above_denominator",
            "/rows/3/unit not_collected_here",
            "/rows/4/period period_kind_mismatch",
            "/rows/5/indicator unknown_reference",
            "/rows/5/period unknown_reference",
            "/rows/5/unit unknown_reference",
            "/rows/6/numerator required",
            "/rows/7 duplicate_row",
            "/rows/7/count not_collected_here",
        ]
    );
    assert_eq!(admin.get("/api/v1/indicator-values?count=exact").expect(200).json()["page"]["total"], 0);
    let dry =
        admin.post("/api/v1/indicator-values/validate", &json!({"rows": [ratio("GV02", "MN-DB-001", START, 3, 2)]})).expect(200).json();
    assert_eq!((&dry["dry_run"], &dry["rows"][0]["id"]), (&json!(true), &Value::Null));
    assert_eq!(dry["rows"][0]["warnings"][0]["code"], "numerator_above_denominator");
    assert_eq!(admin.get("/api/v1/indicator-values?count=exact").expect(200).json()["page"]["total"], 0);
    // So many are told at the most, the first of them.
    let strange: Vec<Value> = (0..1000).map(|_| ratio("XX99", "MN-XX-001", "1999", 1, 1)).collect();
    let told = admin.post("/api/v1/indicator-values", &json!({"rows": strange})).expect(422).json();
    let last = &told["errors"][1999]["pointer"];
    assert_eq!((told["errors"].as_array().map(Vec::len), last), (Some(2000), &json!("/rows/666/period")));
    for (body, fault) in [
        (json!({"rows": []}), "/rows too_short"),
        (json!({"rows": [ratio("MN03", "MN-DB-001", START, -1, 2)]}), "/rows/0/numerator out_of_range"),
        (json!({"rows": [{"indicator": "MN03", "unit": "MN-DB-001", "period": START, "numerator": 1.5}]}), "/rows/0/numerator wrong_type"),
        (
            json!({"rows": [{"indicator": "MN03", "unit": "MN-DB-001", "period": START, "numerator": 9_007_199_254_740_992_i64}]}),
            "/rows/0/numerator out_of_range",
        ),
        (json!({"rows": [{"indicator": "MN03", "unit": "MN-DB-001", "period": START, "tử số": 1}]}), "/rows/0/tử số unknown_field"),
    ] {
        assert_eq!(admin.post("/api/v1/indicator-values", &body).faults(), [fault]);
    }
    // JSON Schema takes 3.0 for an integer, and so do we.
    let whole = r#"{"rows":[{"indicator":"MN03","unit":"MN-DB-001","period":"2024-2025-START","numerator":3.0,"denominator":3e0}]}"#;
    admin.send("POST", "/api/v1/indicator-values", &[("Content-Type", "application/json")], Some(whole.as_bytes())).expect(200);
    app.db_verify();
}

#[test]
fn absent_keeps_null_clears_and_every_state_is_kept() {
    let app = TestApp::start();
    let admin = province(&app);
    let id = record(&admin, &[ratio("MN03", "MN-DB-001", START, 1, 2)])["rows"][0]["id"].as_str().expect("an id").to_owned();
    let again = record(&admin, &[ratio("MN03", "MN-DB-001", START, 1, 2)]);
    assert_eq!((&again["rows"][0]["outcome"], &again["rows"][0]["version"]), (&json!("unchanged"), &json!(1)));
    let path = format!("/api/v1/indicator-values/{id}");
    let half = json!({"indicator": "MN03", "unit": "MN-DB-001", "period": START, "numerator": null, "note": "Chưa rõ"});
    let answer = record(&admin, &[half]);
    assert_eq!((&answer["rows"][0]["outcome"], &answer["rows"][0]["version"]), (&json!("updated"), &json!(2)));
    let value = admin.get(&path).expect(200).json();
    assert_eq!((&value["numerator"], &value["denominator"], &value["note"]), (&Value::Null, &json!(2), &json!("Chưa rõ")));
    assert_eq!(value["recorded_by"]["username"], "quan.tri");
    // A row with one of two sides of one collector counts on neither.
    let row = result(&admin, "MN03", "SGD", START);
    assert_eq!((&row["numerator"], &row["denominator"], &row["reason"]), (&Value::Null, &Value::Null, &json!("missing_numerator")));
    let stale = json!({"indicator": "MN03", "unit": "MN-DB-001", "period": START, "numerator": 2, "version": 1});
    let problem = admin.post("/api/v1/indicator-values", &json!({"rows": [stale]})).problem(412, "stale_version");
    assert_eq!(problem["errors"][0]["pointer"], "/rows/0/version");
    admin.send("DELETE", &path, &[], None).problem(428, "precondition_required");
    admin.send("DELETE", &path, &[("If-Match", "\"1-x\"")], None).problem(412, "stale_version");
    let history = admin.get(&format!("{path}/history")).expect(200).json();
    assert_eq!(
        history["data"].as_array().expect("rows").iter().map(|row| row["numerator"].clone()).collect::<Vec<_>>(),
        [json!(1), Value::Null]
    );
    let tag = admin.get(&path).expect(200).header("etag");
    admin.send("DELETE", &path, &[("If-Match", &tag)], None).expect(204);
    admin.get(&path).problem(404, "not_found");
    assert_eq!(result(&admin, "MN03", "SGD", START)["reason"], "no_value");
    app.db_verify();
}

#[test]
fn a_locked_period_takes_no_values_until_it_is_unlocked() {
    let app = TestApp::start();
    let admin = province(&app);
    let district = admin.user("pgd.db", "PGD-DB", &["admin", "editor"]);
    let why = json!({"reason": "Đã báo cáo Bộ Giáo dục và Đào tạo"});
    district.post(&format!("/api/v1/periods/{START}/lock"), &why).problem(403, "forbidden");
    let id = record(&district, &[ratio("MN03", "MN-DB-001", START, 1, 2)])["rows"][0]["id"].clone();
    let locked = admin.post(&format!("/api/v1/periods/{START}/lock"), &why).expect(200).json();
    assert_eq!((&locked["status"], &locked["actions"], &locked["version"]), (&json!("locked"), &json!(["unlock"]), &json!(2)));
    let problem = admin.post(&format!("/api/v1/periods/{START}/lock"), &why).problem(409, "illegal_transition");
    assert_eq!(problem["actions"], json!(["unlock"]));
    let problem =
        district.post("/api/v1/indicator-values", &json!({"rows": [ratio("MN03", "MN-DB-001", START, 2, 2)]})).problem(423, "locked");
    assert_eq!(problem["errors"][0]["pointer"], "/rows/0/period");
    let path = format!("/api/v1/indicator-values/{}", id.as_str().expect("an id"));
    district.send("DELETE", &path, &[("If-Match", "*")], None).problem(423, "locked");
    let row = result(&district, "MN03", "PGD-DB", START);
    assert_eq!((&row["numerator"], &row["provisional"]), (&json!(1), &json!(true)));
    admin.post(&format!("/api/v1/periods/{START}/unlock"), &why).expect(200);
    record(&district, &[ratio("MN03", "MN-DB-001", "2024-2025-START", 2, 2)]);
}

#[test]
fn boundaries_of_the_plan_hold_through_the_api() {
    let app = TestApp::start();
    let admin = province(&app);
    for (indicator, unit, period, numerator, denominator, rate, attained) in [
        ("TH03", "TH-DB-001", "2024-2025-END", 99, 100, "99.00", false),
        ("TH03", "TH-DB-001", "2025-2026-END", 98_996, 100_000, "99.00", false),
        ("TH03", "TH-DB-001", "2026-2027-END", 9901, 10_000, "99.01", true),
        ("MN04a", "MN-DB-001", "2024-2025-END", 5, 100, "5.00", false),
        ("MN04a", "MN-DB-001", "2025-2026-END", 4999, 100_000, "5.00", true),
        ("CQG01", "MN-DB-001", "2025", 1, 1, "100.00", true),
        ("TH04", "TH-DB-001", START, 90, 100, "90.00", true),
    ] {
        record(&admin, &[ratio(indicator, unit, period, numerator, denominator)]);
        let row = result(&admin, indicator, "SGD", period);
        assert_eq!((&row["rate"], &row["attained"]), (&json!(rate), &json!(attained)), "{indicator} {period}");
    }
    let counted = |number: i64| json!({"indicator": "CSVC02", "unit": "TH-DB-001", "period": START, "count": number});
    for (number, attained, gap) in [(3, false, "3.00"), (0, true, "0.00")] {
        record(&admin, &[counted(number)]);
        let row = result(&admin, "CSVC02", "SGD", START);
        assert_eq!(
            (&row["count"], &row["rate"], &row["attained"], &row["gap"]),
            (&json!(number), &Value::Null, &json!(attained), &json!(gap))
        );
    }
    // Nothing to divide by is a reason and no rate.
    record(&admin, &[ratio("MN03", "MN-DB-001", START, 0, 0)]);
    assert_eq!(result(&admin, "MN03", "SGD", START)["reason"], "zero_denominator");
    // The derived denominator of the department's own 46.83 %.
    record(&admin, &[json!({"indicator": "MN01", "unit": "MN-DB-001", "period": START, "numerator": 13_573})]);
    record(&admin, &[json!({"indicator": "MN01", "unit": "SGD", "period": START, "locality": "C04831", "denominator": 28_983})]);
    let row = result(&admin, "MN01", "SGD", START);
    assert_eq!(
        (&row["rate"], &row["gap"], &row["attained"], &row["baseline"]),
        (&json!("46.83"), &json!("-3.17"), &json!(false), &json!("46.83"))
    );
    app.db_verify();
}

#[test]
fn a_move_takes_effect_on_its_day_and_history_stays_true() {
    let app = TestApp::start();
    let admin = province(&app);
    record(&admin, &[ratio("MN03", "MN-DB-001", START, 1, 2), ratio("MN03", "MN-DB-001", "2025-2026-START", 3, 4)]);
    let tag = admin.get("/api/v1/units/MN-DB-001").expect(200).header("etag");
    admin.patch("/api/v1/units/MN-DB-001", &tag, &json!({"parent": "PGD-MC", "effective_on": "2025-07-01"})).expect(200);
    for (unit, period, numerator, expected) in [
        ("PGD-DB", START, json!(1), 2),
        ("PGD-MC", START, Value::Null, 1),
        ("PGD-DB", "2025-2026-START", Value::Null, 1),
        ("PGD-MC", "2025-2026-START", json!(3), 2),
    ] {
        let row = result(&admin, "MN03", unit, period);
        assert_eq!((&row["numerator"], &row["coverage"]["expected"]), (&numerator, &json!(expected)), "{unit} {period}");
    }
    app.db_verify();
}

#[test]
fn many_writers_to_one_district_leave_exact_totals() {
    let app = TestApp::start();
    let admin = province(&app);
    std::thread::scope(|scope| {
        for (writer, unit) in ["MN-DB-001", "MN-DB-002", "MN-MC-001", "MN-DB-001"].into_iter().enumerate() {
            let admin = admin.clone();
            scope.spawn(move || {
                for round in 0..8 {
                    let number = i64::try_from(writer * 100 + round).expect("small");
                    record(&admin, &[ratio("MN03", unit, START, number, 1000), ratio("CSVC01", unit, START, number, 1000)]);
                }
            });
        }
    });
    assert_eq!(result(&admin, "MN03", "SGD", START)["denominator"], 3000);
    app.db_verify();
}

#[test]
fn thirty_two_writers_lose_no_update_and_meet_no_fault() {
    const WRITERS: usize = 32;
    let app = TestApp::start();
    let admin = province(&app);
    for number in 3..9 {
        admin.unit(&format!("MN-DB-00{number}"), "school", "preschool", "Trường Mầm non", "PGD-DB");
    }
    record(&admin, &[ratio("MN03", "MN-DB-001", START, 0, 1000)]);
    // All of them count up one school's figure, each from the version that it read; beside it each writes to a school of the district.
    let counted = |writer: usize| {
        for round in 0..3 {
            let school = format!("MN-DB-00{}", 2 + writer % 7);
            record(&admin, &[ratio("CSVC01", &school, START, i64::try_from(writer * 10 + round).expect("small"), 1000)]);
            loop {
                let value = admin.get("/api/v1/indicator-values?indicator=MN03&unit=MN-DB-001").expect(200).json()["data"][0].clone();
                let mut row = ratio("MN03", "MN-DB-001", START, value["numerator"].as_i64().expect("a number") + 1, 1000);
                row["version"] = value["version"].clone();
                let reply = admin.post("/api/v1/indicator-values", &json!({"rows": [row]}));
                if reply.status == 200 {
                    break;
                }
                reply.problem(412, "stale_version");
            }
        }
    };
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let counted = &counted;
            scope.spawn(move || counted(writer));
        }
    });
    assert_eq!(result(&admin, "MN03", "SGD", START)["numerator"], WRITERS * 3);
    let value = admin.get("/api/v1/indicator-values?indicator=MN03&unit=MN-DB-001").expect(200).json()["data"][0].clone();
    assert_eq!(value["version"], WRITERS * 3 + 1);
    assert_eq!(result(&admin, "CSVC01", "PGD-DB", START)["denominator"], 7000);
    app.db_verify();
}

#[test]
fn a_total_that_somebody_spoiled_is_found_and_mended() {
    use diesel::prelude::*;
    use tiendo::db::schema::value_sums;
    let app = TestApp::start();
    let admin = province(&app);
    record(&admin, &[ratio("MN03", "MN-DB-001", START, 11, 12), ratio("MN03", "MN-MC-001", START, 1, 3)]);
    let district = admin.get("/api/v1/units/PGD-DB").expect(200).json()["id"].as_str().expect("an id").to_owned();
    let node: tiendo::ids::AnyId = district.parse().expect("an id");
    let context = tiendo::db::Context::system("test", app.clock.now());
    let spoil = |tx: &mut tiendo::db::Tx<'_>| {
        let row = value_sums::table.filter(value_sums::node_id.eq(node));
        Ok(diesel::update(row).set(value_sums::numerator.eq(value_sums::numerator + 1)).execute(tx.conn)?)
    };
    assert_eq!(app.database.write_here(&context, spoil).expect("spoils"), 1);
    let verdict = app.database.write_here(&context, |tx| tiendo::sums::verify(tx)).expect("verifies");
    assert_eq!((verdict.wrong(), verdict.values.len()), (1, 1));
    let found = &verdict.values[0];
    assert_eq!((found.node, found.slot, found.computed.numerator, found.kept.numerator), (node, 0, 11, 12));
    app.database.write_here(&context, tiendo::sums::rebuild).expect("rebuilds");
    app.db_verify();
    assert_eq!(result(&admin, "MN03", "PGD-DB", START)["numerator"], 11);
}

#[test]
fn results_say_which_parameter_is_wrong() {
    let app = TestApp::start();
    let admin = province(&app);
    for (query, faults) in [
        ("period=1999", vec!["period unknown_reference"]),
        ("period=2025", vec!["period period_kind_mismatch"]),
        ("period=2024-2025-START&year=2025", vec!["period out_of_range"]),
        ("from=2024-2025-START", vec!["to required"]),
        ("from=2025-2026-START&to=2024-2025-START", vec!["to out_of_range"]),
        ("unit=XX&year=2025", vec!["unit unknown_reference"]),
        ("breakdown=sex", vec!["breakdown not_in_list"]),
        ("from=2023-2024-START&to=2024-2025-START&breakdown=child", vec!["breakdown out_of_range"]),
    ] {
        assert_eq!(admin.get(&format!("/api/v1/indicators/MN03/results?{query}")).faults(), faults, "{query}");
    }
    let series = admin.get("/api/v1/indicators/MN03/results?from=2023-2024-START&to=2030-2031-START&limit=5").expect(200).json();
    assert_eq!(series["data"].as_array().map(Vec::len), Some(5));
    assert_eq!(series["data"][0]["year"], 2023);
    let next = series["page"]["next"].as_str().expect("a next page");
    let rest = admin
        .get(&format!("/api/v1/indicators/MN03/results?from=2023-2024-START&to=2030-2031-START&limit=5&cursor={next}"))
        .expect(200)
        .json();
    assert_eq!(rest["data"].as_array().map(Vec::len), Some(3));
    admin.get("/api/v1/indicators/XX/results").problem(404, "not_found");
    let period = admin.get("/api/v1/periods/202503").expect(200).json();
    assert_eq!((&period["code"], &period["starts_on"], &period["status"]), (&json!("2025-03"), &json!("2025-02-15"), &json!("open")));
}

#[test]
fn an_office_does_not_widen_its_own_reach_and_a_value_keeps_its_keeper() {
    let app = TestApp::start();
    let admin = province(&app);
    let district = admin.user("pgd.mc", "PGD-MC", &["admin", "editor"]);
    for patch in [json!({"locality": "D150"}), json!({"locality": "P17"}), json!({"parent": "SGD"})] {
        district.patch("/api/v1/units/PGD-MC", "*", &patch).problem(403, "forbidden");
    }
    let population =
        |unit: &str, number: i64| json!({"indicator": "MN01", "unit": unit, "period": START, "locality": "C04831", "denominator": number});
    let id = record(&admin, &[population("PGD-DB", 60)])["rows"][0]["id"].as_str().expect("an id").to_owned();
    // The department corrects it, and it stays the district's.
    record(&admin, &[population("SGD", 61)]);
    let office = admin.user("pgd.db", "PGD-DB", &["editor"]);
    let value = office.get(&format!("/api/v1/indicator-values/{id}")).expect(200).json();
    assert_eq!((&value["unit"]["code"], &value["denominator"], &value["version"]), (&json!("PGD-DB"), &json!(61), &json!(2)));
    // A district that is not in charge learns nothing of it.
    let foreign =
        json!({"rows": [{"indicator": "MN01", "unit": "PGD-MC", "period": START, "locality": "C04831", "denominator": 1, "version": 7}]});
    assert_eq!(district.post("/api/v1/indicator-values", &foreign).faults(), ["/rows/0/locality not_collected_here"]);
    // What was withdrawn can still be read as it was.
    office.send("DELETE", &format!("/api/v1/indicator-values/{id}"), &[("If-Match", "*")], None).expect(204);
    let history = office.get(&format!("/api/v1/indicator-values/{id}/history")).expect(200).json();
    let told: Vec<_> =
        history["data"].as_array().expect("rows").iter().map(|row| (row["denominator"].clone(), row["withdrawn"].clone())).collect();
    assert_eq!(told, [(json!(60), json!(false)), (json!(61), json!(false)), (Value::Null, json!(true))]);
    district.get(&format!("/api/v1/indicator-values/{id}/history")).problem(404, "not_found");
    // No version is given twice: who read what was withdrawn does not change what came after it.
    let anew = record(&admin, &[population("PGD-DB", 62)])["rows"][0].clone();
    assert_eq!((&anew["outcome"], &anew["version"]), (&json!("created"), &json!(4)));
    let mut stale = population("PGD-DB", 63);
    stale["version"] = json!(1);
    office.post("/api/v1/indicator-values", &json!({"rows": [stale]})).problem(412, "stale_version");
    let value = office.get(&format!("/api/v1/indicator-values/{}", anew["id"].as_str().expect("an id"))).expect(200).json();
    assert_eq!((&value["denominator"], &value["version"]), (&json!(62), &json!(4)));
    app.db_verify();
}

/// What an office was in charge of where it stood before is not taken along: neither read nor written by those whom it stands below now.
#[test]
fn an_office_that_moves_leaves_its_territory_behind() {
    let app = TestApp::start();
    let admin = province(&app);
    let old = admin.user("pgd.mc", "PGD-MC", &["admin", "editor"]);
    let new = admin.user("pgd.db", "PGD-DB", &["admin", "editor"]);
    let commune = admin.get("/api/v1/localities?parent=D156&rank=commune&limit=1").expect(200).json()["data"][0]["code"].clone();
    let office = json!({"code": "XA-1", "kind": "commune_office", "type": "commune_office", "name": "Phòng Văn hóa - Xã hội xã", "parent": "PGD-MC",
        "locality": commune, "valid_from": "2023-01-01"});
    old.post("/api/v1/units", &office).expect(201);
    let clerk = old.user("xa.soan", "XA-1", &["editor"]);
    let row = |unit: &str, number: i64| json!({"rows": [{"indicator": "MN01", "unit": unit, "period": START, "locality": commune, "denominator": number}]});
    let id = clerk.post("/api/v1/indicator-values", &row("XA-1", 60)).expect(200).json()["rows"][0]["id"].clone();
    let value = format!("/api/v1/indicator-values/{}", id.as_str().expect("an id"));
    // It moves without its territory; with it, it may not.
    admin.patch("/api/v1/units/XA-1", "*", &json!({"parent": "PGD-DB"})).problem(403, "forbidden");
    admin.patch("/api/v1/units/XA-1", "*", &json!({"parent": "PGD-DB", "locality": null})).expect(200);
    let told = |caller: &Caller<'_>, unit: &str| result(caller, "MN01", unit, START)["denominator"].clone();
    assert_eq!((told(&old, "PGD-MC"), told(&admin, "XA-1"), told(&new, "XA-1")), (json!(60), json!(60), Value::Null));
    let from = |caller: &Caller<'_>| {
        let rows = caller.get(&format!("/api/v1/indicators/MN01/provenance?unit=XA-1&period={START}")).expect(200).json();
        rows["data"].as_array().expect("rows").len()
    };
    assert_eq!((from(&admin), from(&new)), (1, 0));
    // Nor by its own people, whoever they are since; and nothing of a place that is only to come.
    let own = new.user("xa.moi", "XA-1", &["viewer"]);
    assert_eq!((told(&own, "XA-1"), from(&own)), (Value::Null, 0));
    // Nor is it written there: what it recorded itself is read as it was.
    for caller in [&clerk, &new] {
        assert_eq!(caller.post("/api/v1/indicator-values", &row("XA-1", 7)).faults(), ["/rows/0/locality not_collected_here"]);
        caller.send("DELETE", &value, &[("If-Match", "*")], None).problem(403, "forbidden");
    }
    assert_eq!(new.get(&value).expect(200).json()["denominator"], 60);
    // Whoever has the place has its figures.
    old.post("/api/v1/indicator-values", &row("PGD-MC", 61)).expect(200);
    assert_eq!(old.get(&value).expect(200).json()["unit"]["code"], "PGD-MC");
    new.get(&value).problem(404, "not_found");
    assert_eq!((told(&old, "PGD-MC"), told(&admin, "XA-1"), told(&new, "XA-1")), (json!(61), json!(61), Value::Null));
    app.db_verify();
}

/// In whichever order moves and territories are planned: on no day does an office lie outside the territory of the one above it.
#[test]
fn what_is_planned_one_after_another_gives_no_office_a_territory_elsewhere() {
    let app = TestApp::start();
    let admin = province(&app);
    let old = admin.user("pgd.mc", "PGD-MC", &["admin", "editor"]);
    let communes = column(&admin.get("/api/v1/localities?parent=D156&rank=commune&limit=2").expect(200).json(), "code");
    let make = |code: &str| {
        let office = json!({"code": code, "kind": "commune_office", "type": "commune_office", "name": "Phòng Văn hóa - Xã hội xã", "parent": "PGD-MC"});
        old.post("/api/v1/units", &office).expect(201);
    };
    let change = |caller: &Caller<'_>, code: &str, patch: Value| caller.patch(&format!("/api/v1/units/{code}"), "*", &patch);
    make("XA-1");
    change(&old, "XA-1", json!({"locality": communes[0], "effective_on": "2027-01-15"})).expect(200);
    change(&admin, "XA-1", json!({"parent": "PGD-DB"})).problem(403, "forbidden");
    make("XA-2");
    change(&admin, "XA-2", json!({"parent": "PGD-DB", "effective_on": "2025-12-15"})).expect(200);
    change(&old, "XA-2", json!({"locality": communes[0]})).problem(403, "forbidden");
    // Nor does the territory above move away from those below, or end; nor has an office one below a district that has none.
    make("XA-3");
    change(&old, "XA-3", json!({"locality": communes[1]})).expect(200);
    for locality in [json!("D150"), Value::Null] {
        change(&admin, "PGD-MC", json!({"locality": locality, "effective_on": "2025-12-15"})).problem(403, "forbidden");
    }
    admin.unit("PGD-X", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện X", "SGD");
    change(&admin, "XA-3", json!({"parent": "PGD-X"})).problem(403, "forbidden");
    // What is to come is read when it is there, and what was, as long as nobody else has it.
    change(&admin, "XA-3", json!({"locality": null})).expect(200);
    let clerk = old.user("xa.ba", "XA-3", &["viewer"]);
    let row =
        json!({"rows": [{"indicator": "MN01", "unit": "PGD-MC", "period": "2025-2026-START", "locality": communes[1], "denominator": 9}]});
    old.post("/api/v1/indicator-values", &row).expect(200);
    let told = |caller: &Caller<'_>, unit: &str| result(caller, "MN01", unit, "2025-2026-START")["denominator"].clone();
    change(&old, "XA-3", json!({"locality": communes[1], "effective_on": "2025-03-01"})).expect(200);
    assert_eq!((told(&clerk, "XA-3"), told(&old, "XA-3"), told(&admin, "XA-3")), (Value::Null, json!(9), json!(9)));
    app.clock.advance(10 * 86_400);
    assert_eq!(told(&app.sign_in("xa.ba"), "XA-3"), 9);
    // An office that goes on with another place in the same district keeps what it had.
    app.sign_in("pgd.mc").patch("/api/v1/units/XA-3", "*", &json!({"locality": communes[0], "effective_on": "2025-10-10"})).expect(200);
    app.clock.advance(240 * 86_400);
    let clerk = app.sign_in("xa.ba");
    assert_eq!(told(&clerk, "XA-3"), 9);
    assert_eq!(clerk.get("/api/v1/units/XA-3").expect(200).json()["locality"]["code"], json!(communes[0]));
}

#[test]
fn a_unit_stands_only_under_one_that_was_there() {
    let app = TestApp::start();
    let admin = app.admin();
    let office = json!({"code": "PGD-X", "kind": "district_office", "type": "district_office", "name": "Phòng Giáo dục và Đào tạo", "parent": "SGD"});
    admin.post("/api/v1/units", &office).expect(201);
    let school = json!({"code": "MN-X", "kind": "school", "type": "preschool", "name": "Trường Mầm non", "parent": "PGD-X", "valid_from": "2010-09-01"});
    assert_eq!(admin.post("/api/v1/units", &school).faults(), ["/valid_from out_of_range"]);
    let big =
        json!({"rows": [{"indicator": "MN03", "unit": "SGD", "period": START, "numerator": 1, "version": 9_223_372_036_854_775_808_u64}]});
    assert_eq!(admin.post("/api/v1/indicator-values", &big).faults(), ["/rows/0/version out_of_range"]);
}

#[test]
fn levels_go_up_by_recognition_and_states_are_told_as_they_are() {
    let app = TestApp::start();
    let admin = province(&app);
    let places = admin.get("/api/v1/localities?parent=D150&rank=commune&limit=200").expect(200).json();
    let communes = column(&places, "code");
    let level =
        |place: &str, level: i64| json!({"indicator": "PC01", "unit": "PGD-DB", "period": "2025-PC", "locality": place, "level": level});
    // All but one of seventeen communes at level 3: 94 %, so the district is; with two it is not.
    let rows: Vec<Value> = communes.iter().enumerate().map(|(index, place)| level(place, if index == 0 { 2 } else { 3 })).collect();
    record(&admin, &rows);
    let row = result(&admin, "PC01", "PGD-DB", "2025-PC");
    assert_eq!((&row["level"], &row["attained"], &row["rate"]), (&json!(3), &json!(true), &Value::Null), "{row}");
    assert_eq!(row["coverage"], json!({"expected": 17, "included": 17, "missing": 0}));
    record(&admin, &[level(&communes[1], 2)]);
    let row = result(&admin, "PC01", "PGD-DB", "2025-PC");
    assert_eq!((&row["level"], &row["attained"], &row["gap"]), (&json!(2), &json!(false), &json!("-1.00")));
    // The other nine districts have recorded nothing: the province reaches no level, and says who is missing.
    let row = result(&admin, "PC01", "SGD", "2025-PC");
    assert_eq!((&row["level"], &row["coverage"]), (&json!(0), &json!({"expected": 151, "included": 17, "missing": 134})));
    let sentence = row["sentence_vi"].as_str().expect("a sentence");
    assert!(sentence.contains("mức độ 0; mục tiêu năm 2025: duy trì mức độ 3: chưa đạt (còn thiếu 134/151 nơi báo cáo)."), "{sentence}");
    assert_eq!(result(&admin, "PC01", "MN-DB-001", "2025-PC")["reason"], "not_collected_at_this_level");
    let from = admin.get("/api/v1/indicators/PC01/provenance?unit=PGD-DB&period=2025-PC").expect(200).json();
    assert_eq!((&from["data"][0]["included"], &from["data"][0]["reason"]), (&json!(true), &Value::Null));
    for (indicator, state, attained) in
        [("GD01", "maintained", true), ("HP01", "not_maintained", false), ("DA01", "under_way", false), ("TA01", "under_way", true)]
    {
        record(&admin, &[json!({"indicator": indicator, "unit": "SGD", "period": "2025", "state": state})]);
        let row = result(&admin, indicator, "SGD", "2025");
        assert_eq!((&row["state"], &row["attained"]), (&json!(state), &json!(attained)), "{indicator}");
    }
    assert_eq!(result(&admin, "DA02", "SGD", "2025")["reason"], "no_value");
    // A state is made of what the unit itself told, also of an earlier year where a milestone is reached.
    record(&admin, &[json!({"indicator": "TA01", "unit": "TH-DB-001", "period": "2025", "state": "maintained"})]);
    let made_of = |indicator: &str, period: &str| {
        let rows = admin.get(&format!("/api/v1/indicators/{indicator}/provenance?unit=SGD&period={period}")).expect(200).json();
        rows["data"].as_array().expect("rows").iter().map(|row| (row["unit"]["code"].clone(), row["included"] == true)).collect::<Vec<_>>()
    };
    assert_eq!(made_of("TA01", "2025"), [(json!("SGD"), true)]);
    assert_eq!(made_of("DA02", "2025"), [(json!("SGD"), false)]);
    record(&admin, &[json!({"indicator": "DA02", "unit": "SGD", "period": "2024", "state": "done"})]);
    assert_eq!(result(&admin, "DA02", "SGD", "2025")["state"], "done");
    assert_eq!(made_of("DA02", "2025"), [(json!("SGD"), true)]);
    let english = result(&admin, "GD01", "SGD", "2025")["sentence_en"].as_str().expect("a sentence").to_owned();
    assert!(english.ends_with("maintained; target for 2025: maintain: attained."), "{english}");
}

#[test]
fn small_cells_below_the_callers_children_are_withheld_with_one_more() {
    let app = TestApp::start();
    let admin = province(&app);
    let end = "2024-2025-END";
    record(&admin, &[ratio("MN04a", "MN-DB-001", end, 3, 60), ratio("MN04a", "MN-DB-002", end, 9, 80)]);
    let path = format!("/api/v1/indicators/MN04a/results?unit=PGD-DB&period={end}&breakdown=child");
    // The department sees its districts, and their schools only as far as no child can be known; the district sees its own.
    let told = |caller: &Caller<'_>| {
        let list = caller.get(&path).expect(200).json();
        let rows = list["data"].as_array().expect("rows").iter().filter(|row| row["coverage"]["expected"] == 1);
        rows.map(|row| (row["numerator"].clone(), row["withheld"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(told(&admin), [(Value::Null, json!(true)), (Value::Null, json!(true))]);
    let district = admin.user("pgd.db", "PGD-DB", &["viewer"]);
    assert_eq!(told(&district), [(json!(3), json!(false)), (json!(9), json!(false))]);
    assert_eq!(result(&admin, "MN04a", "PGD-DB", end)["numerator"], 12);
    // However long a page is, the same ones are withheld: otherwise two pages would tell what one keeps.
    admin.unit("MN-DB-003", "school", "preschool", "Trường A", "PGD-DB");
    record(&admin, &[ratio("MN04a", "MN-DB-003", end, 20, 90)]);
    for limit in [1, 2, 200] {
        let list = admin.get(&format!("{path}&limit={limit}")).expect(200).json();
        let first = &list["data"][0];
        assert_eq!(
            (&first["unit"]["code"], &first["numerator"], &first["withheld"]),
            (&json!("MN-DB-003"), &json!(20), &json!(false)),
            "{limit}"
        );
    }
}

#[test]
fn targets_are_set_from_above_and_an_easier_one_says_why() {
    let app = TestApp::start();
    let admin = province(&app);
    let decider = admin.user("so.duyet", "SGD", &["approver"]);
    let own = admin.user("pgd.duyet", "PGD-DB", &["approver"]);
    let path = "/api/v1/indicators/MN01/targets/PGD-DB/2030";
    let put = |caller: &Caller<'_>, headers: &[(&str, &str)], body: &Value| {
        let all = [&[("Content-Type", "application/json")], headers].concat();
        caller.send("PUT", path, &all, Some(body.to_string().as_bytes()))
    };
    let hard = json!({"operator": ">=", "value": "55.00"});
    put(&decider, &[], &hard).problem(428, "precondition_required");
    put(&own, &[("If-None-Match", "*")], &hard).problem(403, "forbidden");
    put(&decider, &[("If-Match", "\"1\"")], &hard).problem(412, "stale_version");
    let set = put(&decider, &[("If-None-Match", "*")], &hard).expect(201);
    let tag = set.header("etag");
    assert_eq!((&set.json()["value"], &set.json()["origin"]), (&json!("55.00"), &json!("own")));
    put(&decider, &[("If-None-Match", "*")], &hard).problem(412, "stale_version");
    let easy = json!({"operator": ">=", "value": "45.00"});
    assert_eq!(put(&decider, &[("If-Match", &tag)], &easy).faults(), ["/reason reason_required"]);
    let easy = json!({"operator": ">=", "value": "45.00", "reason": "Nhiều xã đặc biệt khó khăn"});
    assert_eq!(put(&decider, &[("If-Match", &tag)], &easy).expect(200).json()["version"], 2);
    assert_eq!(put(&decider, &[("If-Match", "*")], &json!({"operator": ">=", "reason": "Khó"})).faults(), ["/value required"]);
    assert_eq!(put(&decider, &[("If-Match", "*")], &json!({"operator": "milestone", "reason": "Khó"})).faults(), ["/operator not_in_list"]);
    // The school below inherits the district's, and without it the plan's.
    let school = admin.get("/api/v1/indicators/MN01/targets?unit=MN-DB-001&year=2030").expect(200).json()["data"][0].clone();
    assert_eq!(
        (&school["value"], &school["origin"], &school["inherited_from"]["code"]),
        (&json!("45.00"), &json!("inherited"), &json!("PGD-DB"))
    );
    decider.send("DELETE", path, &[], None).problem(428, "precondition_required");
    decider.send("DELETE", path, &[("If-Match", "*")], None).expect(204);
    let school = admin.get("/api/v1/indicators/MN01/targets?unit=MN-DB-001&year=2030").expect(200).json()["data"][0].clone();
    assert_eq!((&school["value"], &school["origin"]), (&json!("50.00"), &json!("plan")));
}
