//! The reporting regime: from a school's draft to the department's signed document.

use serde_json::{Value, json};

use crate::harness::{Caller, TestApp, column};
use crate::values::START;

const NOTHING: &[Value] = &[];

/// A form that asks a ratio and a count, and two sections.
fn form(admin: &Caller<'_>) -> Value {
    let body = json!({"code": "BC-THU", "title_vi": "Kết quả thực hiện Kế hoạch số 285-KH/TU", "title_en": "Implementation of Plan 285-KH/TU",
        "sections": [
            {"key": "results", "title_vi": "Kết quả đạt được", "title_en": "Results", "required": true},
            {"key": "difficulties", "title_vi": "Khó khăn, vướng mắc", "title_en": "Difficulties"}],
        "indicators": [{"indicator": "MN03", "required": true}, {"indicator": "CSVC02"}]});
    admin.post("/api/v1/report-forms", &body).expect(201).json()
}

fn round(admin: &Caller<'_>, code: &str, more: &Value) -> Value {
    let mut body = json!({"code": code, "title_vi": "Báo cáo 6 tháng đầu năm 2025", "title_en": "First half of 2025", "period": "2025-H1", "form": "BC-THU",
        "owes": {"within": "SGD"}, "due_on": {"school": "2025-06-17", "district": "2025-06-20", "department": "2025-06-25"},
        "locks_on": {"school": "2025-06-20"}});
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    admin.post("/api/v1/reporting-rounds", &body).expect(201).json()
}

fn path(report: &Value) -> String {
    format!("/api/v1/reports/{}", report["id"].as_str().expect("an id"))
}

fn say(text: &str) -> Value {
    json!({"sections": [{"key": "results", "body": text}]})
}

#[track_caller]
fn begin(caller: &Caller<'_>, round: &str, unit: &str) -> Value {
    caller.post("/api/v1/reports", &json!({"round": round, "unit": unit})).expect(201).json()
}

#[track_caller]
fn submit(caller: &Caller<'_>, report: &Value, notes: &[Value]) -> Value {
    caller.post(&format!("{}/submit", path(report)), &json!({"notes": notes})).expect(200).json()
}

/// `expected, received, on_time, late, submitted, returned, accepted, missing` of each level.
fn levels(caller: &Caller<'_>, round: &str, unit: &str) -> Vec<(String, [i64; 8])> {
    let told = caller.get(&format!("/api/v1/reporting-rounds/{round}/completeness?unit={unit}")).expect(200).json();
    let level = |level: &Value| {
        let count = |name: &str| level[name].as_i64().expect("a count");
        let names = ["expected", "received", "on_time", "late", "submitted", "returned", "accepted", "missing"];
        (level["level"].as_str().expect("a level").to_owned(), names.map(count))
    };
    told["levels"].as_array().expect("levels").iter().map(level).collect()
}

/// The clock of the test at this moment; tokens of before do not hold any more.
fn at(app: &TestApp, moment: &str) {
    let to = tiendo::clock::Instant::parse(moment).expect("an instant");
    let (from, to) = (app.clock.now().micros(), to.micros());
    assert_eq!((to - from) % 1_000_000, 0, "seconds only");
    app.clock.advance((to - from) / 1_000_000);
}

/// A department with three divisions, ten district offices, and thirty schools: three below each of the first eight offices, six upper
/// secondary schools and centres directly below the department. Each has an editor named as its code.
fn hoa_binh(app: &TestApp) {
    let admin = app.admin();
    for code in ["SGD-VP", "SGD-MN", "SGD-KH"] {
        admin.unit(code, "division", "division", &format!("Phòng {code}"), "SGD");
    }
    for number in 1..=10 {
        let name = format!("Phòng Giáo dục và Đào tạo huyện {number}");
        admin.unit(&format!("PGD-{number:02}"), "district_office", "district_office", &name, "SGD");
    }
    for school in 0..30 {
        let (kind, unit_type, parent) = match school {
            0..24 => ("school", "preschool", format!("PGD-{:02}", school / 3 + 1)),
            24..28 => ("school", "upper_secondary", "SGD".to_owned()),
            _ => ("centre", "continuing_centre", "SGD".to_owned()),
        };
        admin.unit(&school_code(school), kind, unit_type, &format!("Trường số {school:02}"), &parent);
        admin.user(&school_code(school).to_lowercase(), &school_code(school), &["editor"]);
    }
    for number in 1..=10 {
        let code = format!("PGD-{number:02}");
        admin.user(&code.to_lowercase(), &code, &["editor"]);
        admin.user(&format!("{}.duyet", code.to_lowercase()), &code, &["approver"]);
    }
    for code in ["SGD-VP", "SGD-MN", "SGD-KH"] {
        admin.user(&code.to_lowercase(), code, &["editor"]);
    }
    admin.user("giam.doc", "SGD", &["approver"]);
}

fn school_code(school: usize) -> String {
    format!("T-{school:02}")
}

const MISSING: usize = 23;
const EXCEPTED: usize = 22;
const LATE: [usize; 2] = [5, 25];
const RETURNED: [usize; 2] = [3, 24];

/// A school writes its report: its figures through the report itself, and its words.
fn write(app: &TestApp, school: usize) -> Value {
    let editor = app.sign_in(&school_code(school).to_lowercase());
    let report = begin(&editor, "2025-H1", &school_code(school));
    let number = i64::try_from(school).expect("small");
    let mut values = Vec::new();
    if school < 28 {
        values.push(json!({"indicator": "CSVC02", "count": number % 3}));
    }
    if school < 24 {
        values.push(json!({"indicator": "MN03", "numerator": 5 + number, "denominator": 10 + number, "note": "Theo báo cáo đầu năm học"}));
    }
    let told = format!("Trường số {school:02} đã tổ chức học tập, quán triệt.");
    let body = json!({"sections": [{"key": "results", "body": told}], "values": values});
    editor.patch(&path(&report), "*", &body).expect(200);
    submit(&editor, &report, NOTHING)
}

#[test]
#[expect(clippy::too_many_lines, reason = "one round, from its opening to its document")]
fn a_whole_round_is_what_was_computed_by_hand_and_its_document_stays_as_it_is() {
    let app = TestApp::start();
    hoa_binh(&app);
    let admin = app.sign_in("quan.tri");
    form(&admin);
    let made = round(&admin, "2025-H1", &json!({"opens_on": "2025-06-01", "remind_on": ["2025-06-15"]}));
    assert_eq!((&made["status"], &made["actions"]), (&json!("draft"), &json!(["update", "open"])));
    // In preparation it is the department's alone.
    app.sign_in("t-00").get("/api/v1/reporting-rounds/2025-H1").problem(404, "not_found");
    let keep = || tiendo::app::keep_calendar_now(&app.database, &app.clock).expect("keeps");
    assert_eq!(keep(), 0);
    at(&app, "2025-05-31T17:00:00Z");
    assert_eq!((keep(), keep()), (1, 0), "opened on its day, once");
    assert_eq!(
        levels(&app.sign_in("quan.tri"), "2025-H1", "SGD"),
        [
            ("school".to_owned(), [30, 0, 0, 0, 0, 0, 0, 30]),
            ("district".to_owned(), [10, 0, 0, 0, 0, 0, 0, 10]),
            ("department".to_owned(), [4, 0, 0, 0, 0, 0, 0, 4]),
        ]
    );

    // 16 June: most are in time, and two are returned twice.
    at(&app, "2025-06-16T02:00:00Z");
    assert_eq!((keep(), keep()), (1, 0), "reminded once");
    let mut reports: Vec<Option<Value>> = vec![None; 30];
    for school in (0..30).filter(|school| ![MISSING, EXCEPTED].contains(school) && !LATE.contains(school)) {
        reports[school] = Some(write(&app, school));
    }
    let own = app.sign_in("t-00").get("/api/v1/me").expect(200).json();
    assert_eq!(own["owes"]["reports_open"]["count"], 0);
    assert_eq!(app.sign_in("t-23").get("/api/v1/me").expect(200).json()["owes"]["reports_open"]["count"], 1);
    for school in RETURNED {
        let report = reports[school].clone().expect("a report");
        let decider = if school == 3 { "pgd-02.duyet" } else { "giam.doc" };
        for turn in 1..=2 {
            let why =
                json!({"reason": format!("Lần {turn}: thiếu số liệu"), "remarks": [{"pointer": "/sections/0/body", "text": "Nêu rõ"}]});
            let back = app.sign_in(decider).post(&format!("{}/return", path(&report)), &why).expect(200).json();
            assert_eq!((&back["status"], &back["remarks"][0]["pointer"]), (&json!("returned"), &json!("/sections/0/body")));
            let editor = app.sign_in(&school_code(school).to_lowercase());
            editor.patch(&path(&report), "*", &say(&format!("Đã bổ sung lần {turn}."))).expect(200);
            submit(&editor, &report, NOTHING);
        }
        let editor = app.sign_in(&school_code(school).to_lowercase());
        let told = editor.get(&format!("{}/revisions", path(&report))).expect(200).json();
        assert_eq!(told["data"].as_array().map(Vec::len), Some(3));
        let changes = editor.get(&format!("{}/revisions/3?compare=2", path(&report))).expect(200).json()["changes"].clone();
        assert_eq!(changes, json!([{"pointer": "/sections/0/body", "before": "Đã bổ sung lần 1.", "after": "Đã bổ sung lần 2."}]));
    }
    let names = app.sign_in("pgd-08").get("/api/v1/reporting-rounds/2025-H1/completeness/units?state=missing&sort=code").expect(200).json();
    assert_eq!(column(&names, "code"), ["PGD-08", "T-22", "T-23"]);

    // 18 June: late, but taken. 21 June: past the lock, but for the one with an exception.
    at(&app, "2025-06-18T02:00:00Z");
    for school in LATE {
        let report = write(&app, school);
        assert_eq!(report["late"], true);
        reports[school] = Some(report);
    }
    at(&app, "2025-06-21T02:00:00Z");
    let editor = app.sign_in("t-22");
    editor.post("/api/v1/reports", &json!({"round": "2025-H1", "unit": "T-22"})).problem(423, "locked");
    let until = json!({"unit": "T-22", "until": "2025-06-22", "reason": "Mưa lũ, mất điện"});
    app.sign_in("pgd-07.duyet").post("/api/v1/reporting-rounds/2025-H1/exceptions", &until).problem(422, "validation_failed");
    app.sign_in("pgd-08.duyet").post("/api/v1/reporting-rounds/2025-H1/exceptions", &until).expect(201);
    reports[EXCEPTED] = Some(write(&app, EXCEPTED));

    // The districts accept what they have, all at once; the department its own.
    for number in 1..=8 {
        let decider = app.sign_in(&format!("pgd-{number:02}.duyet"));
        let waiting = decider.get("/api/v1/reports?to_decide=true&limit=50").expect(200).json();
        let items: Vec<Value> = column(&waiting, "id").iter().map(|id| json!({"id": id})).collect();
        assert_eq!(items.len(), if number == 8 { 2 } else { 3 });
        let done = decider.post("/api/v1/reports/bulk", &json!({"action": "accept", "items": items})).expect(200).json();
        assert_eq!(done["summary"], json!({"accepted": items.len(), "returned": 0, "refused": 0}), "{done}");
        let again = decider.post(
            "/api/v1/reports/bulk",
            &json!({"action": "return", "items": [{"id": items[0]["id"]}, {"id": items[0]["id"], "reason": "Muộn"}]}),
        );
        let again = again.expect(200).json();
        assert_eq!(
            (&again["rows"][0]["errors"][0]["code"], &again["rows"][1]["errors"][0]["code"]),
            (&json!("reason_required"), &json!("illegal_transition"))
        );
    }
    let director = app.sign_in("giam.doc");
    let waiting = director.get("/api/v1/reports?to_decide=true&limit=50").expect(200).json();
    assert_eq!(director.get("/api/v1/me").expect(200).json()["owes"]["reports_to_decide"]["count"], 6);
    let items: Vec<Value> = column(&waiting, "id").iter().map(|id| json!({"id": id})).collect();
    assert_eq!(items.len(), 6);
    director.post("/api/v1/reports/bulk", &json!({"action": "accept", "items": items})).expect(200);

    // Each district puts its report together; one explains who is missing, one is late.
    for number in 1..=10 {
        let code = format!("PGD-{number:02}");
        let editor = app.sign_in(&code.to_lowercase());
        let report = begin(&editor, "2025-H1", &code);
        editor.patch(&path(&report), "*", &json!({"values": []})).expect(200);
        let validate = format!("{}/validate", path(&report));
        if number <= 8 {
            let told = editor.post(&validate, &json!({})).expect(200).json();
            let codes: Vec<&str> =
                told["errors"].as_array().expect("errors").iter().map(|error| error["code"].as_str().expect("a code")).collect();
            assert_eq!(codes, ["required", "consolidation_required"]);
            let whole = editor.post(&format!("{}/consolidate", path(&report)), &json!({})).expect(200).json();
            let body = whole["sections"][0]["body"].as_str().expect("words");
            assert!(body.starts_with(&format!("Trường số {:02}:\n", (number - 1) * 3)), "{body}");
            assert_eq!(whole["consolidation"]["missing"].as_array().map(Vec::len), Some(usize::from(number == 8)));
        }
        if number > 8 {
            editor.patch(&path(&report), "*", &say("Không có trường trực thuộc.")).expect(200);
        }
        if number == 8 {
            assert_eq!(editor.post(&format!("{}/submit", path(&report)), &json!({})).faults(), ["/consolidation/missing note_required"]);
            submit(&editor, &report, &[json!({"pointer": "/consolidation", "text": "Trường số 23 bị lũ cuốn, sẽ bổ sung."})]);
        } else {
            submit(&editor, &report, NOTHING);
        }
        app.sign_in(&format!("{}.duyet", code.to_lowercase()))
            .post(&format!("{}/accept", path(&report)), &json!({}))
            .problem(403, "forbidden");
        let taken = director.post(&format!("{}/accept", path(&report)), &json!({})).expect(200).json();
        assert_eq!((&taken["status"], &taken["late"]), (&json!("accepted"), &json!(true)), "{number}");
    }
    for code in ["SGD-MN", "SGD-KH", "SGD-VP"] {
        let editor = app.sign_in(&code.to_lowercase());
        let report = begin(&editor, "2025-H1", code);
        editor.patch(&path(&report), "*", &say("Đã tham mưu ban hành kế hoạch.")).expect(200);
        submit(&editor, &report, NOTHING);
        director.post(&format!("{}/accept", path(&report)), &json!({})).expect(200);
    }

    // Văn phòng Sở drafts and puts together, the leadership accepts and issues.
    let office = app.sign_in("sgd-vp");
    let report = begin(&office, "2025-H1", "SGD");
    let whole = office.post(&format!("{}/consolidate", path(&report)), &json!({})).expect(200).json();
    let included = whole["consolidation"]["included"].as_array().expect("included");
    assert_eq!(included.len(), 19, "ten districts, three divisions, six schools and centres");
    assert_eq!(whole["consolidation"]["missing"], json!([]));
    office.patch(&path(&report), "*", &say("Toàn tỉnh đã triển khai thực hiện nghiêm túc Kế hoạch số 285-KH/TU.")).expect(200);
    let sent = submit(&office, &report, NOTHING);
    // By hand: numerators 5..28 without the 28 of the missing one, denominators 10..33 without its 33; counts i mod 3 of the 28 schools
    // (27) without its 2.
    let result = |code: &str| {
        sent["results"].as_array().expect("results").iter().find(|row| row["indicator"]["code"] == code).expect("a result").clone()
    };
    let ratio = result("MN03");
    assert_eq!((&ratio["numerator"], &ratio["denominator"], &ratio["rate"]), (&json!(368), &json!(483), &json!("76.19")));
    assert_eq!(ratio["coverage"], json!({"expected": 24, "included": 23, "missing": 1}));
    assert_eq!((&ratio["attained"], &ratio["gap"]), (&json!(false), &json!("-23.81")));
    assert_eq!(result("CSVC02")["count"], 25);
    // Every figure leads down to a school's revision.
    let from = office.get(&format!("{}/sources?indicator=MN03", path(&report))).expect(200).json();
    let sum: i64 = from["data"].as_array().expect("rows").iter().map(|row| row["numerator"].as_i64().unwrap_or_default()).sum();
    assert_eq!((from["data"].as_array().map(Vec::len), sum), (Some(8), 368));
    let second = from["data"].as_array().expect("rows").iter().find(|row| row["unit"]["code"] == "PGD-02").expect("a district");
    let below =
        office.get(&format!("/api/v1/reports/{}/sources?indicator=MN03", second["report"].as_str().expect("an id"))).expect(200).json();
    let third = below["data"].as_array().expect("rows").iter().find(|row| row["unit"]["code"] == "T-03").expect("a school");
    assert_eq!((&third["numerator"], &third["revision"]), (&json!(8), &json!(3)));
    let accept = format!("{}/accept", path(&report));
    office.post(&accept, &json!({})).problem(403, "forbidden");
    director.post(&accept, &json!({})).expect(200);
    let how = json!({"symbol": "BC-SGDĐT", "issued_on": "2025-06-21", "place": "Hoà Bình",
        "signatory": {"mark": "KT. GIÁM ĐỐC", "position": "PHÓ GIÁM ĐỐC", "name": "Đinh Thị Hường"}});
    let issued = director.post(&format!("{}/issue", path(&report)), &how).expect(200).json();
    assert_eq!(
        (&issued["status"], &issued["document"]["number"], &issued["actions"]),
        (&json!("issued"), &json!(1), &json!(["correct", "recall"]))
    );

    assert_eq!(
        levels(&director, "2025-H1", "SGD"),
        [
            ("school".to_owned(), [30, 29, 26, 3, 0, 0, 29, 1]),
            ("district".to_owned(), [10, 10, 0, 10, 0, 0, 10, 0]),
            ("department".to_owned(), [4, 4, 4, 0, 0, 0, 4, 0]),
        ]
    );
    assert_eq!(levels(&director, "2025-H1", "PGD-08")[0], ("school".to_owned(), [3, 2, 1, 1, 0, 0, 2, 1]));
    assert_eq!(levels(&director, "2025-H1", "PGD-02")[0], ("school".to_owned(), [3, 3, 2, 1, 0, 0, 3, 0]));
    let board = director.get("/api/v1/dashboard").expect(200).json();
    assert_eq!(board["reports"], json!({"open": 1, "late": 13, "returned": 0, "to_decide": 0}));
    assert_eq!(board["rounds"][0]["levels"][0]["missing"], 1);
    let series = director.get("/api/v1/reporting-rounds/completeness?year=2025").expect(200).json();
    assert_eq!(series["data"][0]["levels"][0]["received"], 29);
    app.db_verify();

    // What is issued stays as it is, whatever becomes of units, values and definitions.
    let document = |format: &str| director.get(&format!("{}/document?format={format}", path(&report))).expect(200).body;
    let before: Vec<Vec<u8>> = ["pdf", "docx", "xlsx", "csv"].map(document).to_vec();
    let revision = director.get(&format!("{}/revisions/1", path(&report))).expect(200).body;
    assert_eq!(issued["document"]["sha256"], hex(&before[0]));
    let admin = app.sign_in("quan.tri");
    for (unit, name) in [("SGD", "Sở Giáo dục và Đào tạo tỉnh Phú Thọ"), ("PGD-02", "Phòng khác"), ("T-03", "Trường khác")]
    {
        admin.patch(&format!("/api/v1/units/{unit}"), "*", &json!({"name": name})).expect(200);
    }
    let row = json!({"indicator": "MN03", "unit": "T-03", "period": START, "numerator": 1, "denominator": 13});
    admin.post("/api/v1/indicator-values", &json!({"rows": [row]})).expect(200);
    let definition = json!({"valid_from": "2024-10-01", "period_kind": "school_year_start",
        "numerator": {"title_vi": "Nhóm, lớp học 2 buổi", "title_en": "Full-day groups", "by": "unit", "kinds": ["school"], "levels": ["kindergarten"]},
        "denominator": {"title_vi": "Nhóm, lớp", "title_en": "Groups", "by": "unit", "kinds": ["school"], "levels": ["kindergarten"]}, "count": null,
        "may_exceed": false, "parameters": {}, "disaggregations": [], "external_refs": [], "checks": {"least": null, "most": null, "jump": null}});
    admin.post("/api/v1/indicators/MN03/definitions", &definition).expect(201);
    let later = director.get(&path(&report)).expect(200).json();
    assert_eq!((&later["results"], &later["unit"], &later["sections"]), (&issued["results"], &issued["unit"], &issued["sections"]));
    assert_eq!(director.get(&format!("{}/revisions/1", path(&report))).expect(200).body, revision);
    for (format, bytes) in ["pdf", "docx", "xlsx", "csv"].iter().zip(&before) {
        assert!(document(format) == *bytes, "{format} is not what it was");
    }
    // The feed tells it.
    app.db_seal();
    let mut kinds: Vec<String> = Vec::new();
    let mut after = 0;
    loop {
        let told = director.get(&format!("/api/v1/changes?after={after}&limit=200")).expect(200).json();
        kinds.extend(told["data"].as_array().expect("rows").iter().map(|row| row["type"].as_str().expect("a type").to_owned()));
        let last = told["last"].as_i64().expect("a position");
        if last == after || told["data"].as_array().expect("rows").is_empty() {
            break;
        }
        after = last;
    }
    let count = |kind: &str| kinds.iter().filter(|told| *told == kind).count();
    assert_eq!((count("reporting_round.opened"), count("reporting_round.reminded")), (1, 1));
    assert_eq!((count("report.submitted"), count("report.returned"), count("report.accepted"), count("report.issued")), (47, 4, 43, 1));
}

fn hex(bytes: &[u8]) -> String {
    tiendo::text::hexadecimal(&tiendo::text::sha256(bytes))
}
