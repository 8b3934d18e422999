//! The reporting regime: from a school's draft to the department's signed document.

use diesel::prelude::*;
use serde_json::{Value, json};
use tiendo::db::Conn;
use tiendo::db::schema::reports;
use unicode_normalization::UnicodeNormalization;

use crate::harness::{Caller, PASSWORD, TestApp, column};
use crate::process::{Served, agent};
use crate::values::START;

const NOTHING: &[Value] = &[];

/// A form that asks a ratio and a count, and two sections.
fn form(admin: &Caller<'_>) -> Value {
    let body = json!({"code": "BC-THU", "title_vi": "Kết quả thực hiện Kế hoạch số 285-KH/TU", "title_en": "Implementation of Plan 285-KH/TU",
        "sections": [
            {"key": "results", "title_vi": "Kết quả đạt được", "title_en": "Results", "required": true},
            {"key": "difficulties", "title_vi": "Khó khăn, vướng mắc", "title_en": "Difficulties"}],
        "indicators": [{"indicator": "MN03", "kinds": ["school"], "levels": ["kindergarten"], "required": true}, {"indicator": "CSVC02"}]});
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
pub fn at(app: &TestApp, moment: &str) {
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
    let missing = app.sign_in("t-23");
    let owing = missing.get("/api/v1/me").expect(200).json()["owes"]["reports_open"].clone();
    assert_eq!(owing["count"], 1);
    assert_eq!(column(&missing.get(owing["href"].as_str().expect("a path")).expect(200).json(), "code"), ["2025-H1"]);
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
    // The workbook holds the figures of the answer, the text those of every school.
    let book = workbook(&before[2]);
    let told: Vec<[Value; 4]> =
        book[0].1.iter().skip(1).map(|row| [row[0].clone(), row[3].clone(), row[4].clone(), row[8].clone()]).collect();
    let shown = |row: &Value| {
        let number = |name: &str| row[name].as_i64().map_or(Value::Null, |number| json!(number));
        let rate = row["rate"].as_str().map_or(Value::Null, |rate| json!(rate.parse::<f64>().expect("a number")));
        [row["indicator"]["code"].clone(), number("numerator"), number("denominator"), rate]
    };
    assert_eq!(told, issued["results"].as_array().expect("results").iter().map(shown).collect::<Vec<_>>());
    // 23 ratios and 27 counts: what nobody recorded is no row.
    assert_eq!((book[0].0.as_str(), book[1].0.as_str(), book[1].1.len()), ("Kết quả", "Số liệu", 51));
    let lines = String::from_utf8(before[3].clone()).expect("text");
    assert_eq!(lines.lines().count(), 51);
    assert!(lines.contains("T-03,Trường số 03,MN03"), "{lines}");
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

/// The sheets of a workbook: their names and rows; numbers that are whole as such.
fn workbook(bytes: &[u8]) -> Vec<(String, Vec<Vec<Value>>)> {
    use calamine::{Data, Reader, Xlsx};
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes.to_vec())).expect("a workbook");
    let cell = |data: &Data| match data {
        Data::Empty => Value::Null,
        #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "it is whole and small")]
        Data::Float(number) if number.fract() == 0.0 => json!(*number as i64),
        Data::Float(number) => json!(number),
        other => json!(other.to_string()),
    };
    let sheet = |(name, cells): (String, calamine::Range<Data>)| (name, cells.rows().map(|row| row.iter().map(cell).collect()).collect());
    book.worksheets().into_iter().map(sheet).collect()
}

/// A district with two schools, an open round, and people who stand to the first school's report in every way.
fn small(app: &TestApp) {
    let admin = app.admin();
    admin.unit("PGD-A", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện A", "SGD");
    admin.unit("PGD-B", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện B", "SGD");
    admin.unit("MN-A1", "school", "preschool", "Trường Mầm non A1", "PGD-A");
    admin.unit("MN-A2", "school", "preschool", "Trường Mầm non A2", "PGD-A");
    admin.unit("SGD-VP", "division", "division", "Văn phòng Sở", "SGD");
    form(&admin);
    round(&admin, "2025-H1", &json!({}));
    admin.post("/api/v1/reporting-rounds/2025-H1/open", &json!({})).expect(200);
    for (username, unit, duties, email) in [
        ("soan", "MN-A1", &["editor"][..], "hoa@hoabinh.edu.vn"),
        ("ca.hai", "MN-A1", &["editor", "approver"], "hieu.truong@hoabinh.edu.vn"),
        ("cap.tren", "PGD-A", &["approver"], "truong.phong@hoabinh.edu.vn"),
        // The same person as the first, by another name.
        ("trung.ten", "PGD-A", &["approver"], "Hoa@hoabinh.edu.vn"),
        ("so.duyet", "SGD", &["approver"], "giam.doc@hoabinh.edu.vn"),
        ("so.soan", "SGD-VP", &["editor", "approver"], "van.phong@hoabinh.edu.vn"),
        ("noi.khac", "PGD-B", &["approver", "editor"], "b@hoabinh.edu.vn"),
    ] {
        let body =
            json!({"username": username, "full_name": format!("Người dùng {username}"), "unit": unit, "duties": duties, "email": email});
        let made = admin.post("/api/v1/users", &body).expect(201).json();
        let token = &made["invitation"]["token"];
        app.nobody().post("/api/v1/invitations/accept", &json!({"token": token, "password": PASSWORD})).expect(204);
    }
    let row = json!({"indicator": "MN03", "unit": "MN-A1", "period": START, "numerator": 11, "denominator": 12});
    app.sign_in("soan").post("/api/v1/indicator-values", &json!({"rows": [row]})).expect(200);
}

const PEOPLE: [&str; 7] = ["soan", "ca.hai", "cap.tren", "trung.ten", "so.duyet", "so.soan", "noi.khac"];
const MOVES: [&str; 10] = ["update", "consolidate", "submit", "return", "accept", "issue", "replace", "correct", "recall", "delete"];

fn attempt(caller: &Caller<'_>, report: &Value, action: &str) -> u16 {
    let body = match action {
        "update" => return caller.patch(&path(report), "*", &say("Đã tổ chức học tập.")).status,
        "delete" => return caller.send("DELETE", &path(report), &[("If-Match", "*")], None).status,
        "return" | "replace" | "recall" => json!({"reason": "Chưa đạt"}),
        "correct" => json!({"reason": "Sai thể thức", "text": "Sửa ngày ban hành"}),
        "issue" => {
            json!({"symbol": "BC-SGDĐT", "issued_on": caller.app.clock.today(), "place": "Hoà Bình", "signatory": {"position": "GIÁM ĐỐC", "name": "Bùi Thị Hoà"}})
        }
        _ => json!({}),
    };
    caller.post(&format!("{}/{action}", path(report)), &body).status
}

/// One line for each person: what it is offered, and what is answered to what it is not.
fn offers(app: &TestApp, report: &Value, table: &mut Vec<String>, title: &str) {
    table.push(format!("# {title}"));
    for person in PEOPLE {
        let caller = app.sign_in(person);
        let seen = caller.get(&path(report));
        let offered: Vec<String> = if seen.status == 200 {
            seen.json()["actions"].as_array().expect("actions").iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
        } else {
            Vec::new()
        };
        // Nothing that is not offered is accepted.
        let refused: Vec<String> = MOVES
            .iter()
            .filter(|action| !offered.iter().any(|word| word == *action))
            .map(|action| attempt(&caller, report, action).to_string())
            .collect();
        assert!(refused.iter().all(|status| ["403", "404", "409", "423"].contains(&status.as_str())), "{person} {title}: {refused:?}");
        let mut refused = refused;
        refused.sort();
        refused.dedup();
        table.push(format!("{person}: {} | {}", offered.join("+"), refused.join(" ")));
    }
}

/// AZ-10: in every status, for everybody, late or not, what is not offered is refused and changes nothing.
#[test]
fn the_life_of_a_report_is_this_table_of_status_person_and_lateness() {
    let app = TestApp::start();
    small(&app);
    let mut table = Vec::new();
    let report = begin(&app.sign_in("soan"), "2025-H1", "MN-A1");
    offers(&app, &report, &mut table, "draft, in time");
    at(&app, "2025-06-18T02:00:00Z");
    assert_eq!(app.sign_in("soan").get(&path(&report)).expect(200).json()["late"], true);
    offers(&app, &report, &mut table, "draft, late");
    at(&app, "2025-06-21T02:00:00Z");
    offers(&app, &report, &mut table, "draft, locked");
    let more = json!({"unit": "MN-A1", "until": "2025-06-30", "reason": "Mưa lũ"});
    app.sign_in("ca.hai").post("/api/v1/reporting-rounds/2025-H1/exceptions", &more).problem(403, "forbidden");
    app.sign_in("cap.tren").post("/api/v1/reporting-rounds/2025-H1/exceptions", &more).expect(201);
    offers(&app, &report, &mut table, "draft, excepted");
    let editor = app.sign_in("soan");
    assert_eq!(attempt(&editor, &report, "update"), 200);
    // A section that is told and a value that is there are enough; the odd one is explained by its own note.
    assert_eq!(attempt(&editor, &report, "submit"), 200);
    offers(&app, &report, &mut table, "submitted, excepted");
    at(&app, "2025-07-01T02:00:00Z");
    offers(&app, &report, &mut table, "submitted, locked");
    assert_eq!(attempt(&app.sign_in("cap.tren"), &report, "return"), 200);
    offers(&app, &report, &mut table, "returned, locked");
    let more = json!({"unit": "MN-A1", "until": "2025-07-02", "reason": "Bổ sung số liệu"});
    app.sign_in("so.duyet").post("/api/v1/reporting-rounds/2025-H1/exceptions", &more).expect(201);
    assert_eq!(attempt(&app.sign_in("soan"), &report, "submit"), 200);
    assert_eq!(attempt(&app.sign_in("cap.tren"), &report, "accept"), 200);
    offers(&app, &report, &mut table, "accepted, excepted");
    at(&app, "2025-07-03T02:00:00Z");
    offers(&app, &report, &mut table, "accepted, locked");
    // The department's own: drafted by one, accepted and issued by another.
    let own = begin(&app.sign_in("so.soan"), "2025-H1", "SGD");
    let office = app.sign_in("so.soan");
    for action in ["consolidate", "update"] {
        assert_eq!(attempt(&office, &own, action), 200, "{action}");
    }
    submit(&office, &own, &[json!({"pointer": "/consolidation/missing", "text": "Hai huyện chưa nộp"})]);
    offers(&app, &own, &mut table, "the department's, submitted");
    assert_eq!(attempt(&app.sign_in("so.duyet"), &own, "accept"), 200);
    offers(&app, &own, &mut table, "the department's, accepted");
    assert_eq!(attempt(&app.sign_in("so.duyet"), &own, "issue"), 200);
    offers(&app, &own, &mut table, "the department's, issued");
    assert_eq!(attempt(&app.sign_in("so.duyet"), &own, "recall"), 200);
    offers(&app, &own, &mut table, "the department's, recalled");
    let expected: Vec<&str> = LIFE.trim().lines().map(str::trim).collect();
    assert_eq!(table, expected, "{}", table.join("\n"));
    app.db_verify();
}

/// Status and lateness; then person: what is offered | what else is answered.
const LIFE: &str = "
    # draft, in time
    soan: update+submit+delete | 403 409
    ca.hai: update+submit+delete | 403 409
    cap.tren:  | 403 409
    trung.ten:  | 403 409
    so.duyet:  | 403 409
    so.soan:  | 403 409
    noi.khac:  | 403 404
    # draft, late
    soan: update+submit+delete | 403 409
    ca.hai: update+submit+delete | 403 409
    cap.tren:  | 403 409
    trung.ten:  | 403 409
    so.duyet:  | 403 409
    so.soan:  | 403 409
    noi.khac:  | 403 404
    # draft, locked
    soan: delete | 403 423
    ca.hai: delete | 403 423
    cap.tren:  | 403 409
    trung.ten:  | 403 409
    so.duyet:  | 403 409
    so.soan:  | 403 409
    noi.khac:  | 403 404
    # draft, excepted
    soan: update+submit+delete | 403 409
    ca.hai: update+submit+delete | 403 409
    cap.tren:  | 403 409
    trung.ten:  | 403 409
    so.duyet:  | 403 409
    so.soan:  | 403 409
    noi.khac:  | 403 404
    # submitted, excepted
    soan:  | 403 409
    ca.hai:  | 403 409
    cap.tren: return+accept | 403
    trung.ten:  | 403
    so.duyet: return+accept | 403
    so.soan: return+accept | 403
    noi.khac:  | 403 404
    # submitted, locked
    soan:  | 403 409 423
    ca.hai:  | 403 409 423
    cap.tren: return+accept | 403
    trung.ten:  | 403
    so.duyet: return+accept | 403
    so.soan: return+accept | 403
    noi.khac:  | 403 404
    # returned, locked
    soan:  | 403 409 423
    ca.hai:  | 403 409 423
    cap.tren:  | 403 409
    trung.ten:  | 403
    so.duyet:  | 403 409
    so.soan:  | 403 409
    noi.khac:  | 403 404
    # accepted, excepted
    soan: replace | 403 409
    ca.hai: replace | 403 409
    cap.tren:  | 403 409
    trung.ten:  | 403
    so.duyet:  | 403 409
    so.soan:  | 403 409
    noi.khac:  | 403 404
    # accepted, locked
    soan:  | 403 409 423
    ca.hai:  | 403 409 423
    cap.tren:  | 403 409
    trung.ten:  | 403
    so.duyet:  | 403 409
    so.soan:  | 403 409
    noi.khac:  | 403 404
    # the department's, submitted
    soan:  | 403 404
    ca.hai:  | 403 404
    cap.tren:  | 403 404
    trung.ten:  | 403 404
    so.duyet: return+accept | 403 409
    so.soan:  | 403 409
    noi.khac:  | 403 404
    # the department's, accepted
    soan:  | 403 404
    ca.hai:  | 403 404
    cap.tren:  | 403 404
    trung.ten:  | 403 404
    so.duyet: issue | 403 409
    so.soan: replace | 403 409
    noi.khac:  | 403 404
    # the department's, issued
    soan:  | 403 404
    ca.hai:  | 403 404
    cap.tren:  | 403 404
    trung.ten:  | 403 404
    so.duyet: correct+recall | 403 409
    so.soan: replace | 403 409
    noi.khac:  | 403 404
    # the department's, recalled
    soan:  | 403 404
    ca.hai:  | 403 404
    cap.tren:  | 403 404
    trung.ten:  | 403 404
    so.duyet:  | 403 409
    so.soan:  | 403 409
    noi.khac:  | 403 404
";

/// TM-03: the day ends with its last millisecond in Hoà Bình.
#[test]
fn a_report_is_late_and_locked_with_the_last_millisecond_of_the_day_in_hoa_binh() {
    let app = TestApp::start();
    small(&app);
    let last = |moment: &str| {
        let to = tiendo::clock::Instant::parse(moment).expect("an instant").micros();
        if let tiendo::clock::Clock::Manual(micros) = &app.clock {
            micros.store(to, std::sync::atomic::Ordering::SeqCst);
        }
    };
    let late = |report: &Value| app.sign_in("soan").get(&path(report)).expect(200).json()["late"].clone();
    last("2025-06-17T16:59:59.999Z");
    let report = begin(&app.sign_in("soan"), "2025-H1", "MN-A1");
    assert_eq!(late(&report), false);
    last("2025-06-17T17:00:00.000Z");
    assert_eq!(late(&report), true);
    last("2025-06-20T16:59:59.999Z");
    app.sign_in("soan").patch(&path(&report), "*", &say("Đã tổ chức học tập.")).expect(200);
    last("2025-06-20T17:00:00.000Z");
    app.sign_in("soan").patch(&path(&report), "*", &say("Muộn.")).problem(423, "locked");
    app.sign_in("soan").post(&format!("{}/submit", path(&report)), &json!({})).problem(423, "locked");
    let more = json!({"unit": "MN-A1", "until": "2025-06-21", "reason": "Mưa lũ"});
    app.sign_in("cap.tren").post("/api/v1/reporting-rounds/2025-H1/exceptions", &more).expect(201);
    last("2025-06-21T16:59:59.999Z");
    let sent = submit(&app.sign_in("soan"), &report, NOTHING);
    assert_eq!((&sent["late"], &sent["status"]), (&json!(true), &json!("submitted")));
    app.sign_in("cap.tren").post(&format!("{}/return", path(&report)), &json!({"reason": "Thiếu"})).expect(200);
    last("2025-06-21T17:00:00.000Z");
    app.sign_in("soan").post(&format!("{}/submit", path(&report)), &json!({})).problem(423, "locked");
    // A closed round takes nothing more, whatever its dates.
    let admin = app.sign_in("quan.tri");
    admin.post("/api/v1/reporting-rounds/2025-H1/close", &json!({})).expect(200);
    app.sign_in("so.soan").post("/api/v1/reports", &json!({"round": "2025-H1", "unit": "SGD"})).problem(423, "locked");
}

#[test]
fn issued_documents_are_numbered_without_holes_and_replaced_corrected_and_recalled_on_record() {
    let app = TestApp::start();
    small(&app);
    let (office, director) = (app.sign_in("so.soan"), app.sign_in("so.duyet"));
    let bring = |report: &Value| {
        for action in ["consolidate", "update"] {
            assert_eq!(attempt(&office, report, action), 200, "{action}");
        }
        submit(&office, report, &[json!({"pointer": "/consolidation/missing", "text": "Chưa nộp"})]);
        assert_eq!(attempt(&director, report, "accept"), 200);
    };
    let first = begin(&office, "2025-H1", "SGD");
    office.post("/api/v1/reports", &json!({"round": "2025-H1", "unit": "SGD"})).problem(409, "duplicate");
    bring(&first);
    let how = |day: &str| json!({"symbol": "BC-SGDĐT", "issued_on": day, "place": "Hoà Bình", "signatory": {"position": "GIÁM ĐỐC", "name": "Bùi Thị Hoà"}});
    let bad = json!({"symbol": "a/b", "issued_on": "2025-02-20", "place": "a\nb", "signatory": {"position": "GIÁM ĐỐC", "name": "c\td"}, "recipients": [""]});
    assert_eq!(
        director.post(&format!("{}/issue", path(&first)), &bad).faults(),
        [
            "/place bad_format",
            "/place control_character",
            "/signatory/name bad_format",
            "/signatory/name control_character",
            "/symbol bad_format"
        ]
    );
    for day in ["2025-02-19", "2025-02-21"] {
        assert_eq!(director.post(&format!("{}/issue", path(&first)), &how(day)).faults(), ["/issued_on out_of_range"]);
    }
    let issued = director.post(&format!("{}/issue", path(&first)), &how("2025-02-20")).expect(200).json();
    assert_eq!((&issued["document"]["number"], &issued["document"]["recipients"]), (&json!(1), &json!(["UBND tỉnh", "Lưu: VT, VP"])));
    let corrected =
        director.post(&format!("{}/correct", path(&first)), &json!({"reason": "Sai thể thức", "text": "Sửa nơi nhận"})).expect(200).json();
    assert_eq!(
        (&corrected["status"], &corrected["records"][0]["kind"], &corrected["records"][0]["text"]),
        (&json!("issued"), &json!("corrected"), &json!("Sửa nơi nhận"))
    );
    // The one that is to replace it takes its place only when it is issued itself.
    let second = office.post(&format!("{}/replace", path(&first)), &json!({"reason": "Sai số liệu"})).expect(201).json();
    assert_eq!((&second["previous"], &second["status"], &second["revision"]), (&first["id"], &json!("draft"), &json!(0)));
    office.post(&format!("{}/replace", path(&first)), &json!({"reason": "Sai số liệu"})).problem(409, "duplicate");
    assert_eq!(office.get(&path(&first)).expect(200).json()["actions"], json!([]), "it is being replaced");
    // One that was begun by mistake is thrown away, and another begun.
    assert_eq!(attempt(&office, &second, "delete"), 204);
    office.get(&path(&second)).problem(404, "not_found");
    let second = office.post(&format!("{}/replace", path(&first)), &json!({"reason": "Sai số liệu"})).expect(201).json();
    bring(&second);
    assert_eq!(director.get(&path(&first)).expect(200).json()["status"], "issued");
    let issued = director.post(&format!("{}/issue", path(&second)), &how("2025-02-20")).expect(200).json();
    assert_eq!(issued["document"]["number"], 2);
    let old = director.get(&path(&first)).expect(200).json();
    assert_eq!((&old["status"], &old["actions"]), (&json!("superseded"), &json!([])));
    assert_eq!(old["records"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        hex(&director.get(&format!("{}/document?format=pdf", path(&first))).expect(200).body),
        old["document"]["sha256"].as_str().expect("a hash")
    );
    assert_eq!(levels(&director, "2025-H1", "SGD")[2], ("department".to_owned(), [2, 1, 1, 0, 0, 0, 1, 1]));
    director.post(&format!("{}/recall", path(&second)), &json!({"reason": "Ban hành nhầm"})).expect(200);
    assert_eq!(levels(&director, "2025-H1", "SGD")[2], ("department".to_owned(), [2, 1, 1, 0, 0, 0, 0, 1]));
    at(&app, "2025-08-01T02:00:00Z");
    let (office, director) = (app.sign_in("so.soan"), app.sign_in("so.duyet"));
    let third = begin(&office, "2025-H1", "SGD");
    assert_eq!(third["late"], false, "it came in time when it first came");
    for action in ["consolidate", "update"] {
        assert_eq!(attempt(&office, &third, action), 200, "{action}");
    }
    submit(&office, &third, &[json!({"pointer": "/consolidation/missing", "text": "Chưa nộp"})]);
    assert_eq!(attempt(&director, &third, "accept"), 200);
    let how = |day: &str| json!({"symbol": "BC-SGDĐT", "issued_on": day, "place": "Hoà Bình", "signatory": {"position": "GIÁM ĐỐC", "name": "Bùi Thị Hoà"}});
    let issued = director.post(&format!("{}/issue", path(&third)), &how("2025-08-01")).expect(200).json();
    assert_eq!(issued["document"]["number"], 3);
    app.db_seal();
    let told = director.get("/api/v1/changes?after=0&limit=200").expect(200).json();
    let of_first: Vec<String> = told["data"]
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row["resource"]["id"] == first["id"])
        .map(|row| row["type"].as_str().expect("a type").replace("report.", ""))
        .collect();
    assert_eq!(
        of_first,
        ["created", "consolidated", "updated", "submitted", "accepted", "issued", "corrected", "replaced", "replaced", "superseded"]
    );
    app.db_verify();
}

#[test]
fn forms_have_versions_and_rounds_keep_theirs() {
    let app = TestApp::start();
    let admin = app.admin();
    let made = form(&admin);
    admin
        .post(
            "/api/v1/report-forms",
            &json!({"code": "BC-THU", "title_vi": "Trùng", "title_en": "Twice", "sections": [], "indicators": []}),
        )
        .problem(409, "duplicate");
    let bad = json!({"code": "BC-SAI", "title_vi": "Sai", "title_en": "Wrong",
        "sections": [{"key": "a", "title_vi": "A", "title_en": "A"}, {"key": "a", "title_vi": "B", "title_en": "B"}],
        "indicators": [{"indicator": "MN99"}, {"indicator": "MN01"}, {"indicator": "MN01"}]});
    assert_eq!(
        admin.post("/api/v1/report-forms", &bad).faults(),
        ["/indicators/0/indicator unknown_reference", "/indicators/2 duplicate_row", "/sections/1 duplicate_row"]
    );
    let held = round(&admin, "2025-H1", &json!({}));
    assert_eq!(held["form"], json!({"id": made["id"], "code": "BC-THU", "version": 1}));
    let tag = admin.get("/api/v1/report-forms/BC-THU").expect(200).header("etag");
    let changed = admin.patch("/api/v1/report-forms/BC-THU", &tag, &json!({"sections": []})).expect(200).json();
    assert_eq!((&changed["version"], &changed["sections"]), (&json!(2), &json!([])));
    admin.patch("/api/v1/report-forms/BC-THU", &tag, &json!({"sections": []})).problem(412, "stale_version");
    let versions = admin.get("/api/v1/report-forms/BC-THU/versions").expect(200).json();
    assert_eq!(versions["data"][0]["sections"].as_array().map(Vec::len), Some(2));
    admin.post("/api/v1/reporting-rounds/2025-H1/open", &json!({})).expect(200);
    assert_eq!(begin(&admin, "2025-H1", "SGD")["sections"].as_array().map(Vec::len), Some(2));
    let tag = admin.get("/api/v1/reporting-rounds/2025-H1").expect(200).header("etag");
    admin
        .patch("/api/v1/reporting-rounds/2025-H1", &tag, &json!({"owes": {"within": "SGD", "kinds": ["school"]}}))
        .problem(409, "conflict");
    let early = json!({"due_on": {"school": "2025-06-30"}, "locks_on": {"school": "2025-06-29"}});
    assert_eq!(admin.patch("/api/v1/reporting-rounds/2025-H1", &tag, &early).faults(), ["/locks_on/school out_of_range"]);
    let moved = admin.patch("/api/v1/reporting-rounds/2025-H1", &tag, &json!({"due_on": {"school": "2025-06-18"}})).expect(200).json();
    assert_eq!(moved["due_on"], json!({"school": "2025-06-18", "district": "2025-06-20", "department": "2025-06-25"}));
    // The catalogue's own form asks all that the plan does.
    let shipped = admin.get("/api/v1/report-forms/BC-KH285").expect(200).json();
    assert_eq!(shipped["indicators"].as_array().map(Vec::len), Some(37));
    assert_eq!(shipped["sections"].as_array().expect("sections").iter().filter(|section| section["group"].is_string()).count(), 7);
}

#[test]
fn what_moves_between_trees_is_counted_where_it_was_on_the_day_of_the_round() {
    let app = TestApp::start();
    small(&app);
    let admin = app.sign_in("quan.tri");
    let before = (levels(&admin, "2025-H1", "PGD-A"), levels(&admin, "2025-H1", "PGD-B"));
    assert_eq!((before.0[0].1[0], before.1.len()), (2, 1));
    // After the day of the round: nothing moves. On an earlier day: it does, with what became of its report.
    admin.patch("/api/v1/units/MN-A2", "*", &json!({"parent": "PGD-B", "effective_on": "2025-07-01"})).expect(200);
    assert_eq!((levels(&admin, "2025-H1", "PGD-A"), levels(&admin, "2025-H1", "PGD-B")), before);
    let editor = admin.user("soan.a2", "MN-A2", &["editor"]);
    let report = begin(&editor, "2025-H1", "MN-A2");
    let body = json!({"sections": [{"key": "results", "body": "Đã tổ chức."}], "values": [{"indicator": "MN03", "numerator": 3, "denominator": 4}]});
    editor.patch(&path(&report), "*", &body).expect(200);
    submit(&editor, &report, NOTHING);
    assert_eq!(levels(&admin, "2025-H1", "PGD-A")[0].1, [2, 1, 1, 0, 1, 0, 0, 1]);
    admin.unit("MN-B1", "school", "preschool", "Trường Mầm non B1", "PGD-B");
    assert_eq!(levels(&admin, "2025-H1", "PGD-B")[0], ("school".to_owned(), [1, 0, 0, 0, 0, 0, 0, 1]));
    app.db_verify();
}

/// The codes of the units that a list of a consolidation names.
fn units_of(report: &Value, list: &str) -> Vec<String> {
    let rows = report["consolidation"][list].as_array().expect("rows").iter();
    rows.filter_map(|row| row["unit"]["code"].as_str().or(row["code"].as_str()).map(str::to_owned)).collect()
}

/// A unit that left is in what its former parent puts together with what was accepted while it was below it, and with nothing that it
/// writes for another since.
#[test]
fn what_a_unit_writes_after_it_left_is_not_its_former_parents() {
    let app = TestApp::start();
    small(&app);
    let due = json!({"school": "2025-07-20", "district": "2025-07-25", "department": "2025-07-30"});
    let admin = app.sign_in("quan.tri");
    round(&admin, "BC-SAU", &json!({"due_on": due, "locks_on": {"school": "2025-07-22"}}));
    admin.post("/api/v1/reporting-rounds/BC-SAU/open", &json!({})).expect(200);
    admin.user("soan.a", "PGD-A", &["editor"]);
    let report_of_a1 = |words: &str, report: &Value, approver: &str| {
        let school = app.sign_in("soan");
        school.patch(&path(report), "*", &say(words)).expect(200);
        submit(&school, report, NOTHING);
        app.sign_in(approver).post(&format!("{}/accept", path(report)), &json!({})).expect(200);
    };
    at(&app, "2025-07-02T03:00:00.000000Z");
    let first = begin(&app.sign_in("soan"), "BC-SAU", "MN-A1");
    report_of_a1("Viết khi còn thuộc huyện A.", &first, "cap.tren");
    let above = begin(&app.sign_in("soan.a"), "BC-SAU", "PGD-A");
    let put_together = || {
        let told = app.sign_in("soan.a").post(&format!("{}/consolidate", path(&above)), &json!({})).expect(200).json();
        (["included", "missing", "left"].map(|list| units_of(&told, list)), told["sections"].to_string())
    };
    // On the day itself: it was accepted before it left.
    app.sign_in("quan.tri").patch("/api/v1/units/MN-A1", "*", &json!({"parent": "PGD-B"})).expect(200);
    for day in ["2025-07-02T04:00:00.000000Z", "2025-07-05T03:00:00.000000Z"] {
        at(&app, day);
        let (told, words) = put_together();
        assert_eq!(told, [vec!["MN-A1".to_owned()], vec!["MN-A2".to_owned()], Vec::new()], "{day}");
        assert!(words.contains("khi còn thuộc huyện A"), "{words}");
    }
    at(&app, "2025-07-06T03:00:00.000000Z");
    let next = app.sign_in("soan").post(&format!("{}/replace", path(&first)), &json!({"reason": "Nhầm số liệu"})).expect(201).json();
    report_of_a1("Viết cho huyện B.", &next, "noi.khac");
    let (told, words) = put_together();
    assert_eq!(told, [Vec::new(), vec!["MN-A2".to_owned()], vec!["MN-A1".to_owned()]]);
    assert!(!words.contains("huyện B"), "{words}");
    // It came back, with what it wrote elsewhere, and what it writes now is awaited here.
    at(&app, "2025-07-08T03:00:00.000000Z");
    app.sign_in("quan.tri").patch("/api/v1/units/MN-A1", "*", &json!({"parent": "PGD-A"})).expect(200);
    let (told, words) = put_together();
    assert_eq!(told, [vec!["MN-A1".to_owned()], vec!["MN-A2".to_owned()], Vec::new()]);
    assert!(words.contains("huyện B"), "{words}");
    let last = app.sign_in("soan").post(&format!("{}/replace", path(&next)), &json!({"reason": "Bổ sung"})).expect(201).json();
    report_of_a1("Viết khi đã trở về.", &last, "cap.tren");
    let (told, words) = put_together();
    assert_eq!(told, [vec!["MN-A1".to_owned()], vec!["MN-A2".to_owned()], Vec::new()]);
    assert!(words.contains("đã trở về"), "{words}");
    // Another leaves and reports to the other office that very day, late: neither that nor what it wrote is its former parent's to know,
    // also when who took it there works here since.
    at(&app, "2025-07-21T03:00:00.000000Z");
    let admin = app.sign_in("quan.tri");
    admin.patch("/api/v1/units/MN-A2", "*", &json!({"parent": "PGD-B"})).expect(200);
    let school = admin.user("soan.a2", "MN-A2", &["editor"]);
    let report = begin(&school, "BC-SAU", "MN-A2");
    let mut said = say("Viết cho huyện B.");
    said["values"] = json!([{"indicator": "MN03", "numerator": 3, "denominator": 4}]);
    school.patch(&path(&report), "*", &said).expect(200);
    submit(&school, &report, NOTHING);
    app.sign_in("noi.khac").post(&format!("{}/accept", path(&report)), &json!({})).expect(200);
    let id = app.sign_in("noi.khac").get("/api/v1/me").expect(200).id();
    admin.patch(&format!("/api/v1/users/{id}"), "*", &json!({"unit": "PGD-A"})).expect(200);
    let (told, words) = put_together();
    assert_eq!(told, [vec!["MN-A1".to_owned()], Vec::new(), vec!["MN-A2".to_owned()]]);
    assert!(!words.contains("huyện B"), "{words}");
    let draft = app.sign_in("soan.a").get(&path(&above)).expect(200).json();
    assert_eq!(units_of(&draft, "late"), [""; 0]);
}

/// A unit that moves between two offices that report in one round is in the report of one of them; of one that is only to come nothing is read.
#[test]
fn a_unit_that_moves_in_a_round_is_counted_once_and_read_when_it_is_there() {
    let app = TestApp::start();
    small(&app);
    let due = json!({"school": "2025-08-20", "district": "2025-08-25", "department": "2025-08-30"});
    let admin = app.sign_in("quan.tri");
    round(&admin, "BC-CN", &json!({"period": "2025-08", "due_on": due, "locks_on": {"school": "2025-08-22"}}));
    admin.post("/api/v1/reporting-rounds/BC-CN/open", &json!({})).expect(200);
    admin.user("soan.a", "PGD-A", &["editor"]);
    admin.user("soan.b", "PGD-B", &["editor"]);
    at(&app, "2025-07-16T03:00:00.000000Z");
    let school = begin(&app.sign_in("soan"), "BC-CN", "MN-A1");
    app.sign_in("soan").patch(&path(&school), "*", &say("Chữ của trường.")).expect(200);
    submit(&app.sign_in("soan"), &school, NOTHING);
    app.sign_in("cap.tren").post(&format!("{}/accept", path(&school)), &json!({})).expect(200);
    let (of_a, of_b) = (begin(&app.sign_in("soan.a"), "BC-CN", "PGD-A"), begin(&app.sign_in("soan.b"), "BC-CN", "PGD-B"));
    let put_together = |who: &str, report: &Value| {
        let told = app.sign_in(who).post(&format!("{}/consolidate", path(report)), &json!({})).expect(200).json();
        let of_it = |list| units_of(&told, list).iter().filter(|code| *code == "MN-A1").count();
        (["included", "missing", "left"].map(of_it), told["sections"].to_string().contains("Chữ của trường"))
    };
    // It is to come to B in August, on a day of the round's own tree: until then it is A's alone.
    app.sign_in("quan.tri").patch("/api/v1/units/MN-A1", "*", &json!({"parent": "PGD-B", "effective_on": "2025-08-01"})).expect(200);
    assert_eq!(put_together("soan.b", &of_b), ([0, 0, 1], false));
    app.sign_in("quan.tri").patch("/api/v1/units/MN-A1", "*", &json!({"parent": "PGD-A", "effective_on": "2025-08-01"})).expect(200);
    assert_eq!(put_together("soan.a", &of_a), ([1, 0, 0], true));
    let notes = json!([{"pointer": "/consolidation/missing", "text": "Chưa nộp"}]);
    app.sign_in("soan.a").post(&format!("{}/submit", path(&of_a)), &json!({ "notes": notes })).expect(200);
    let director = app.sign_in("so.duyet");
    director.post(&format!("{}/accept", path(&of_a)), &json!({})).expect(200);
    // It moves when A's report is accepted: it is counted there.
    app.sign_in("quan.tri").patch("/api/v1/units/MN-A1", "*", &json!({"parent": "PGD-B"})).expect(200);
    assert_eq!(put_together("soan.b", &of_b), ([0, 0, 1], false));
    // When A puts its report together anew it is in there no more, and B's to count.
    let next = app.sign_in("soan.a").post(&format!("{}/replace", path(&of_a)), &json!({"reason": "Trường đã chuyển"})).expect(201).json();
    assert_eq!(put_together("soan.a", &next), ([0, 0, 0], false));
    app.sign_in("soan.a").patch(&path(&next), "*", &say("Trường A1 đã chuyển về huyện B.")).expect(200);
    app.sign_in("soan.a").post(&format!("{}/submit", path(&next)), &json!({ "notes": notes })).expect(200);
    director.post(&format!("{}/accept", path(&next)), &json!({})).expect(200);
    assert_eq!(put_together("soan.b", &of_b), ([1, 0, 0], true));
    // What was handed in before something in it was replaced is not accepted after it.
    app.sign_in("soan.b").post(&format!("{}/submit", path(&of_b)), &json!({})).expect(200);
    let again = app.sign_in("soan").post(&format!("{}/replace", path(&school)), &json!({"reason": "Nhầm"})).expect(201).json();
    submit(&app.sign_in("soan"), &again, NOTHING);
    app.sign_in("noi.khac").post(&format!("{}/accept", path(&again)), &json!({})).expect(200);
    assert_eq!(director.post(&format!("{}/accept", path(&of_b)), &json!({})).faults(), ["/consolidation consolidation_outdated"]);
    app.db_verify();
}

/// What an older program took, or another put into the database.
fn db_say(app: &TestApp, text: &str) {
    let said = json!({"results": text}).to_string();
    let change = diesel::update(reports::table).set(reports::sections.eq(said));
    match &mut app.db_open() {
        Conn::Pg(pg) => change.execute(pg),
        Conn::Lite(lite) => change.execute(lite),
    }
    .expect("changes");
}

#[test]
fn a_letter_under_a_heap_of_marks_is_refused_and_vietnamese_in_parts_is_taken() {
    let app = TestApp::start();
    small(&app);
    let editor = app.sign_in("soan");
    let report = begin(&editor, "2025-H1", "MN-A1");
    let heap = format!("Trường e{}", "\u{301}".repeat(31));
    assert_eq!(editor.patch(&path(&report), "*", &say(&heap)).faults(), ["/sections/0/body bad_format"]);
    assert_eq!(editor.patch(&path(&report), "*", &say("bản \u{202e}oác")).faults(), ["/sections/0/body control_character"]);
    for (query, fault) in [(format!("e{}", "%CC%81".repeat(31)), "q bad_format"), ("%E2%81%A6a".to_owned(), "q control_character")] {
        assert_eq!(editor.get(&format!("/api/v1/units?q={query}")).faults(), [fault]);
    }
    let letter = format!("Trường e{}", "\u{301}".repeat(30));
    editor.patch(&path(&report), "*", &say(&letter)).expect(200);
    let parts: String = "Ở trường Mầm non, trẻ được uống sữa; đã tổ chức học tập, quán triệt.".nfd().collect();
    let said = editor.patch(&path(&report), "*", &say(&parts)).expect(200).json();
    assert_eq!(said["sections"][0]["body"], parts.nfc().collect::<String>());
}

#[test]
fn a_text_that_cannot_be_set_is_a_problem_and_the_service_goes_on() {
    const SECRET: &str = "Điều không ai được đọc";
    let app = TestApp::start_with(|settings| settings.print.print_seconds = 1);
    small(&app);
    let editor = app.sign_in("soan");
    let report = begin(&editor, "2025-H1", "MN-A1");
    let document = |format: &str| format!("{}/document?format={format}", path(&report));
    let served = Served::start_with(
        &app.url(),
        &format!("file:{}", app.files.display()),
        &[("IDLE_DAYS", "3650"), ("IDLE_DAYS_SCHOOLS", "3650"), ("PRINT_SECONDS", "1")],
    );
    let signed = agent().post(format!("{}/api/v1/sessions", served.base)).send_json(app.credentials("soan"));
    let signed: Value = signed.expect("signs in").body_mut().read_json().expect("json");
    let there = format!("Bearer {}", signed["access_token"].as_str().expect("a token"));
    for (text, format) in
        [(format!("{SECRET} e{}", "\u{301}".repeat(400_000)), "pdf"), (format!("{SECRET}\n{}", "a\n".repeat(30_000)), "docx")]
    {
        db_say(&app, &text);
        let problem = editor.get(&document(format)).problem(422, "validation_failed");
        assert_eq!(problem["detail"], "Nội dung quá dài hoặc quá phức tạp nên không lập được văn bản: hãy rút ngắn nội dung.");
        editor.get(&path(&report)).expect(200);
        // By a program of its own, which sets documents itself.
        let asked = agent().get(format!("{}{}", served.base, document(format))).header("Authorization", &there).call();
        assert_eq!(asked.expect("answers").status(), 422);
    }
    // The word has 140,000 bytes more than a line of a PDF may have.
    db_say(&app, &format!("x{}", "ế".repeat(70_000)));
    let file = editor.get(&document("pdf")).expect(200).body;
    assert!(file.starts_with(b"%PDF-"));
    let asked = agent().get(format!("{}{}", served.base, document("pdf"))).header("Authorization", &there).call();
    assert!(file == asked.expect("answers").body_mut().read_to_vec().expect("bytes"), "the same paper is the same bytes");
    let log = served.stop();
    assert!(log.contains("a document could not be set") && !log.contains("Điều không"), "{log}");
    editor.patch(&path(&report), "*", &say("Đã tổ chức học tập.")).expect(200);
    editor.get(&document("docx")).expect(200);
}
