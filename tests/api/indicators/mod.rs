//! The 37 indicators of the plan, one test each: what is recorded, what comes of it, and the sentences that the department signs.
//!
//! They share one small province, for a server each would take longer than all of them together: every test records its own indicator
//! only, and none adds a unit or locks a period. Expectations are worked out by hand; the arithmetic stands beside them where it is not
//! obvious. Numbers of the real province are those that the plan and the department's reports give.

mod general;
mod money_and_projects;
mod preschool;
mod teachers;
mod universalisation;

use std::sync::{Arc, Mutex, Weak};

use serde_json::{Value, json};

use crate::harness::{Caller, TestApp, column};

/// Begins of school years count as of 30 September, their ends as of 31 May, universalisation as of 30 September.
const START_2024: &str = "2024-2025-START";
const START_2025: &str = "2025-2026-START";
const START_2026: &str = "2026-2027-START";
const END_2024: &str = "2023-2024-END";
const END_2025: &str = "2024-2025-END";
const END_2026: &str = "2025-2026-END";
const END_2027: &str = "2026-2027-END";

const OFFICES: [(&str, &str, &str); 10] = [
    ("PGD-HB", "D148", "thành phố Hòa Bình"),
    ("PGD-DB", "D150", "huyện Đà Bắc"),
    ("PGD-LUS", "D152", "huyện Lương Sơn"),
    ("PGD-KB", "D153", "huyện Kim Bôi"),
    ("PGD-CP", "D154", "huyện Cao Phong"),
    ("PGD-TL", "D155", "huyện Tân Lạc"),
    ("PGD-MC", "D156", "huyện Mai Châu"),
    ("PGD-LAS", "D157", "huyện Lạc Sơn"),
    ("PGD-YT", "D158", "huyện Yên Thủy"),
    ("PGD-LT", "D159", "huyện Lạc Thủy"),
];

/// Code, kind, type, name, the unit above, and the first day.
const UNITS: [(&str, &str, &str, &str, &str, &str); 16] = [
    ("P-TCCB", "division", "division", "Phòng Tổ chức cán bộ", "SGD", "2010-09-01"),
    ("P-KHTC", "division", "division", "Phòng Kế hoạch - Tài chính", "SGD", "2010-09-01"),
    // Of the communes that take the place of the districts.
    ("PVH-CP", "commune_office", "commune_office", "Phòng Văn hóa - Xã hội xã Cao Phong", "SGD", "2025-07-01"),
    ("MN-DB-001", "school", "preschool", "Trường Mầm non Tú Lý", "PGD-DB", "2010-09-01"),
    ("MN-DB-002", "school", "preschool", "Trường Mầm non Hiền Lương", "PGD-DB", "2010-09-01"),
    ("MN-MC-001", "school", "preschool", "Trường Mầm non Chiềng Châu", "PGD-MC", "2010-09-01"),
    ("NT-LUS-001", "school", "nursery_group", "Nhóm trẻ độc lập Hoa Sen", "PGD-LUS", "2010-09-01"),
    ("TH-TL-001", "school", "primary", "Trường Tiểu học Mãn Đức", "PGD-TL", "2010-09-01"),
    ("TC-KB-001", "school", "primary_lower_secondary", "Trường Tiểu học và Trung học cơ sở Nam Thượng", "PGD-KB", "2010-09-01"),
    ("CS-LT-001", "school", "lower_secondary", "Trường Trung học cơ sở Chi Nê", "PGD-LT", "2010-09-01"),
    (
        "DT-LAS-001",
        "school",
        "boarding_lower_upper_secondary",
        "Trường Phổ thông dân tộc nội trú Trung học cơ sở và Trung học phổ thông huyện Lạc Sơn",
        "SGD",
        "2010-09-01",
    ),
    ("PT-CP-001", "school", "upper_secondary", "Trường Trung học phổ thông Cao Phong", "SGD", "2010-09-01"),
    ("PT-HVT", "school", "gifted_upper_secondary", "Trường Trung học phổ thông chuyên Hoàng Văn Thụ", "SGD", "2010-09-01"),
    ("TX-YT-001", "centre", "vocational_continuing_centre", "Trung tâm GDNN-GDTX huyện Yên Thủy", "SGD", "2010-09-01"),
    ("TX-TINH", "centre", "continuing_centre", "Trung tâm Giáo dục thường xuyên tỉnh Hòa Bình", "SGD", "2010-09-01"),
    ("CD-SP", "college", "college", "Trường Cao đẳng Sư phạm Hòa Bình", "SGD", "2010-09-01"),
];

/// A server with the ten districts of Hòa Bình and a school, centre or college of each kind.
struct Province {
    app: TestApp,
    token: String,
}

impl Province {
    /// With the department and nothing below it.
    fn bare() -> Self {
        let app = TestApp::start();
        let token = app.admin().token.expect("signed in");
        Self { app, token }
    }

    fn caller(&self) -> Caller<'_> {
        self.app.bearer(&self.token)
    }

    fn found() -> Self {
        let province = Self::bare();
        let admin = province.caller();
        for (code, place, name) in OFFICES {
            let name = format!("Phòng Giáo dục và Đào tạo {name}");
            let body = json!({"code": code, "kind": "district_office", "type": "district_office", "name": name, "parent": "SGD",
                "locality": place, "valid_from": "2010-09-01"});
            admin.post("/api/v1/units", &body).expect(201);
        }
        for (code, kind, unit_type, name, parent, from) in UNITS {
            let body = json!({"code": code, "kind": kind, "type": unit_type, "name": name, "parent": parent, "valid_from": from});
            admin.post("/api/v1/units", &body).expect(201);
        }
        province
    }

    /// The one that is there, or a new one. It goes with the last test that holds it.
    fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Province>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().expect("founding a province does not panic");
        shared.upgrade().unwrap_or_else(|| {
            let province = Arc::new(Self::found());
            *shared = Arc::downgrade(&province);
            province
        })
    }
}

/// An indicator in the shared province, by its code.
struct Indicator {
    province: Arc<Province>,
    code: &'static str,
}

fn indicator(code: &'static str) -> Indicator {
    Indicator { province: Province::shared(), code }
}

/// An indicator in a province of its own, which has no unit but the department.
fn indicator_apart(code: &'static str) -> Indicator {
    Indicator { province: Arc::new(Province::bare()), code }
}

impl Indicator {
    fn caller(&self) -> Caller<'_> {
        self.province.caller()
    }

    fn body(&self, period: &str, rows: impl IntoIterator<Item = Value>) -> Value {
        let full = rows.into_iter().map(|mut row| {
            row["indicator"] = json!(self.code);
            row["period"] = json!(period);
            row
        });
        json!({"rows": full.collect::<Vec<Value>>()})
    }

    /// These rows are recorded for a period; answers the codes of what is odd about them.
    #[track_caller]
    fn records(&self, period: &str, rows: impl IntoIterator<Item = Value>) -> Vec<String> {
        let answer = self.caller().post("/api/v1/indicator-values", &self.body(period, rows)).expect(200).json();
        let rows = answer["rows"].as_array().expect("rows");
        let warnings = rows.iter().flat_map(|row| row["warnings"].as_array().expect("warnings"));
        warnings.map(|warning| warning["code"].as_str().expect("a code").to_owned()).collect()
    }

    /// This row is refused for this fault of one of its members.
    #[track_caller]
    fn refuses(&self, period: &str, row: Value, fault: &str) {
        let faults = self.caller().post("/api/v1/indicator-values", &self.body(period, [row])).faults();
        assert_eq!(faults, [format!("/rows/0/{fault}")], "{}", self.code);
    }

    /// The result of a unit, which the list of all results of the unit for that year says just so.
    #[track_caller]
    fn result(&self, unit: &str, period: &str) -> Value {
        let code = self.code;
        let one = |path: String| {
            let list = self.caller().get(&path).expect(200).json();
            assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "{path}: {list}");
            list["data"][0].clone()
        };
        let row = one(format!("/api/v1/indicators/{code}/results?unit={unit}&period={period}"));
        assert_eq!(row, one(format!("/api/v1/results?unit={unit}&year={}&indicator={code}", row["year"])));
        // The period is not locked.
        assert_eq!((&row["definition_version"], &row["provisional"], &row["withheld"]), (&json!(1), &json!(true), &json!(false)));
        row
    }

    /// The figures of a result are these, as [`figures`] tells them.
    #[track_caller]
    fn stands(&self, unit: &str, period: &str, expected: &str) {
        assert_eq!(figures(&self.result(unit, period)), expected);
    }

    /// The figures of a result are these, and so are its sentences in Vietnamese and in English.
    #[track_caller]
    fn tells(&self, unit: &str, period: &str, expected: &str, vi: &str, en: &str) {
        let row = self.result(unit, period);
        assert_eq!(figures(&row), expected);
        assert_eq!((&row["sentence_vi"], &row["sentence_en"]), (&json!(vi), &json!(en)));
    }

    /// The communes that a list of localities holds, by code.
    #[track_caller]
    fn communes(&self, filter: &str) -> Vec<String> {
        let list = self.caller().get(&format!("/api/v1/localities?rank=commune&sort=code&limit=200{filter}")).expect(200).json();
        column(&list, "code")
    }

    /// Every commune of the province says this, but for those that are named with something else.
    #[track_caller]
    fn everywhere(&self, period: &str, row: fn(&str, &str, i64) -> Value, all: i64, but: &[(&str, i64)]) {
        let places = self.communes("");
        assert_eq!(places.len(), 151);
        let own = |place: &str| but.iter().find(|(named, _)| *named == place).map_or(all, |(_, number)| *number);
        self.records(period, places.iter().map(|place| row("SGD", place, own(place))));
    }
}

/// A result in one line: what was found, the unit's own result of 2024, the target and how the result stands to it, and how many of
/// those who are to report did.
fn figures(row: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let found = match row["kind"].as_str() {
        Some("ratio") => format!("{} / {} = {}", row["numerator"], row["denominator"], text(&row["rate"])),
        Some("count") => format!("count {}", row["count"]),
        Some("level") => format!("level {}", row["level"]),
        _ => format!("state {}", text(&row["state"])),
    };
    let target = &row["target"];
    let implied = if target["implied"] == json!(true) { " implied" } else { "" };
    let goal = match target["value"].as_str() {
        _ if target.is_null() => "no target".to_owned(),
        None => format!("{} in {}{implied}", text(&row["operator"]), target["year"]),
        Some(value) => format!("{} {value} in {}{implied}", text(&row["operator"]), target["year"]),
    };
    let attained = match row["attained"].as_bool() {
        Some(true) => "attained".to_owned(),
        Some(false) => "not attained".to_owned(),
        None => format!("undecided, {}", text(&row["reason"])),
    };
    assert_eq!(row["reason"].is_null(), !row["attained"].is_null(), "{row}");
    let (trajectory, coverage) = (text(&row["trajectory"]), &row["coverage"]);
    format!(
        "{found}; base {}; {goal}: {attained}, gap {}, {trajectory}; {} of {}",
        text(&row["baseline"]),
        text(&row["gap"]),
        coverage["included"],
        coverage["expected"]
    )
}

/// Both sides, by one unit.
fn ratio(unit: &str, numerator: i64, denominator: i64) -> Value {
    json!({"unit": unit, "numerator": numerator, "denominator": denominator})
}

/// The side above the line, by one unit.
fn above(unit: &str, numerator: i64) -> Value {
    json!({"unit": unit, "numerator": numerator})
}

/// How many live in a commune: the side below the line, by the office in charge.
fn living(office: &str, commune: &str, denominator: i64) -> Value {
    json!({"unit": office, "locality": commune, "denominator": denominator})
}

/// Both sides of a commune, by the office in charge.
fn survey(office: &str, commune: &str, numerator: i64, denominator: i64) -> Value {
    json!({"unit": office, "locality": commune, "numerator": numerator, "denominator": denominator})
}

/// The level that a commune is recognised to have reached.
fn level(office: &str, commune: &str, level: i64) -> Value {
    json!({"unit": office, "locality": commune, "level": level})
}

fn count(unit: &str, count: i64) -> Value {
    json!({"unit": unit, "count": count})
}

fn state(unit: &str, state: &str) -> Value {
    json!({"unit": unit, "state": state})
}

fn state_on(unit: &str, state: &str, on: &str) -> Value {
    json!({"unit": unit, "state": state, "state_on": on})
}
