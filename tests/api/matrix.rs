//! The role matrix: every operation, as every role with every duty and as a client with every scope, on its own unit, one below, beside, above, elsewhere and one that is
//! not there, answers what `matrix.txt` says. A change of who may do what is a change of that file, to be read as a diff.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use diesel::prelude::*;
use serde_json::{Value, json};
use tiendo::access::grant::Grant;
use tiendo::clock::Instant;
use tiendo::db::Context;
use tiendo::db::schema::journal;
use tiendo::http::registrar::Listing;
use tiendo::ids::{AnyId, UnitId};

use crate::clients;
use crate::harness::{Caller, TestApp};

const DUTIES: [&str; 4] = ["viewer", "editor", "approver", "admin"];
const RELATIONS: [&str; 6] = ["own", "below", "beside", "above", "elsewhere", "absent"];
const ABSENT: &str = "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20";
/// Role, and its unit by relation; `-` where there is none.
const ROLES: [(&str, [&str; 6]); 3] = [
    ("department", ["SGD", "PGD-A", "-", "-", "-", ABSENT]),
    ("district", ["PGD-A", "MN-A1", "PGD-B", "SGD", "MN-B1", ABSENT]),
    ("school", ["MN-A1", "-", "MN-A2", "PGD-A", "MN-B1", ABSENT]),
];

/// What is sent: method, path, body, headers beside its content type.
type Request = (&'static str, String, Option<Value>, Option<&'static str>);

/// The request of an operation on a unit (`unit`), on the person that works there (`user`) on a value of it (`value`) or on its
/// plan (`plan`), on an assignment of it (`work`), on a report of it (`report`) or on a client of it (`client`).
#[expect(clippy::too_many_lines, reason = "a table")]
fn request(operation: &str, unit: &str, user: &str, value: &str, [plan, work, report, client]: [&str; 4], number: usize) -> Request {
    let get = |path: String| ("GET", path, None, None);
    let post = |path: &str, body: Value| ("POST", path.to_owned(), Some(body), None);
    match operation {
        "list_sessions" => get("/api/v1/sessions".into()),
        "create_session" => post("/api/v1/sessions", json!({"username": "khong.co", "password": "sai"})),
        "refresh_session" => post("/api/v1/sessions/refresh", json!({"refresh_token": "khong-co"})),
        "delete_session" => ("DELETE", format!("/api/v1/sessions/{ABSENT}"), None, None),
        "get_me" => get("/api/v1/me".into()),
        "list_users" => get(format!("/api/v1/users?unit={unit}")),
        "create_user" => post(
            "/api/v1/users",
            json!({"username": format!("moi.{number}"), "full_name": "Người mới", "unit": unit, "duties": ["viewer"]}),
        ),
        "get_user" => get(format!("/api/v1/users/{user}")),
        "update_user" => ("PATCH", format!("/api/v1/users/{user}"), Some(json!({"position": "Giáo viên"})), Some("*")),
        "reset_user" => post(&format!("/api/v1/users/{user}/reset"), json!({})),
        "change_password" => (
            "PUT",
            "/api/v1/me/password".into(),
            Some(json!({"current_password": "Mật khẩu đủ dài để thử", "new_password": "Mật khẩu đủ dài để thử"})),
            None,
        ),
        "enrol_totp" => ("POST", "/api/v1/me/totp".into(), None, None),
        "confirm_totp" => post("/api/v1/me/totp/confirm", json!({"code": "000000"})),
        "remove_totp" => ("DELETE", "/api/v1/me/totp".into(), Some(json!({})), None),
        "request_password_reset" => post("/api/v1/password-resets", json!({"email": "khong.co@hoabinh.example.vn"})),
        "disable_user" | "enable_user" => post(&format!("/api/v1/users/{user}/{}", operation.trim_end_matches("_user")), json!({})),
        "list_clients" => get(format!("/api/v1/clients?unit={unit}")),
        "create_client" => post("/api/v1/clients", json!({"name": "Ứng dụng mới", "unit": unit, "scopes": ["changes:read"]})),
        "get_client" => get(format!("/api/v1/clients/{client}")),
        "update_client" => ("PATCH", format!("/api/v1/clients/{client}"), Some(json!({"name": "Ứng dụng"})), Some("*")),
        "rotate_client" => post(&format!("/api/v1/clients/{client}/rotate"), json!({})),
        "disable_client" | "enable_client" => {
            post(&format!("/api/v1/clients/{client}/{}", operation.trim_end_matches("_client")), json!({}))
        }
        "accept_invitation" => post("/api/v1/invitations/accept", json!({"token": "khong-co", "password": "một mật khẩu đủ dài"})),
        "list_units" => get(format!("/api/v1/units?within={unit}")),
        "create_unit" => post(
            "/api/v1/units",
            json!({"code": format!("M-{number}"), "kind": "school", "type": "primary", "name": "Trường Tiểu học mới", "parent": unit}),
        ),
        "read_unit_tree" => get(format!("/api/v1/units/tree?root={unit}")),
        "get_unit" => get(format!("/api/v1/units/{unit}")),
        "update_unit" => ("PATCH", format!("/api/v1/units/{unit}"), Some(json!({"short_name": "Tên ngắn"})), Some("*")),
        "list_unit_children" => get(format!("/api/v1/units/{unit}/children")),
        "list_unit_ancestors" => get(format!("/api/v1/units/{unit}/ancestors")),
        "list_unit_history" => get(format!("/api/v1/units/{unit}/history")),
        "list_audit_events" => get(format!("/api/v1/audit-events?within={unit}&limit=1")),
        "list_localities" => get("/api/v1/localities?limit=1".into()),
        "get_locality" => get("/api/v1/localities/P17".into()),
        "read_changes" => get("/api/v1/changes?limit=1".into()),
        "list_periods" => get("/api/v1/periods?limit=1".into()),
        "get_period" => get("/api/v1/periods/2025-PC".into()),
        "lock_period" => post("/api/v1/periods/2031/lock", json!({"reason": "Đã tổng hợp"})),
        "unlock_period" => post("/api/v1/periods/2031/unlock", json!({"reason": "Bổ sung số liệu"})),
        "list_documents" => get("/api/v1/documents?limit=1".into()),
        "get_document" => get("/api/v1/documents/KH-285".into()),
        "list_task_groups" => get("/api/v1/task-groups".into()),
        "get_task_group" => get("/api/v1/task-groups/7".into()),
        "list_tasks" => get("/api/v1/tasks?limit=1".into()),
        "get_task" => get("/api/v1/tasks/1.01".into()),
        "list_plans" => get(format!("/api/v1/plans?unit={unit}")),
        "get_plan" => get(format!("/api/v1/plans/{plan}")),
        "create_plan" => post(
            "/api/v1/plans",
            json!({"unit": unit, "kind": "annual", "from_year": 2000 + i32::try_from(number % 100).expect("small"),
                "to_year": 2000 + i32::try_from(number % 100).expect("small"), "title": "Kế hoạch năm"}),
        ),
        "list_missing_plans" => get(format!("/api/v1/plans/missing?kind=annual&year=2026&within={unit}")),
        "update_plan" => ("PATCH", format!("/api/v1/plans/{plan}"), Some(json!({"title": "Kế hoạch năm"})), Some("*")),
        "submit_plan" => post(&format!("/api/v1/plans/{plan}/submit"), json!({})),
        "return_plan" => post(&format!("/api/v1/plans/{plan}/return"), json!({"reason": "Chưa đủ"})),
        "approve_plan" => post(&format!("/api/v1/plans/{plan}/approve"), json!({})),
        "amend_plan" => post(&format!("/api/v1/plans/{plan}/amend"), json!({})),
        "list_plan_revisions" => get(format!("/api/v1/plans/{plan}/revisions")),
        "get_plan_revision" => get(format!("/api/v1/plans/{plan}/revisions/1")),
        "list_indicators" => get("/api/v1/indicators?limit=1".into()),
        "get_indicator" => get("/api/v1/indicators/MN01".into()),
        "list_definitions" => get("/api/v1/indicators/MN01/definitions".into()),
        "get_definition" => get("/api/v1/indicators/MN01/definitions/1".into()),
        "add_definition" => post("/api/v1/indicators/DA02/definitions", definition(number)),
        "list_ranking" => get(format!("/api/v1/indicators/TT01/ranking?unit={unit}&year=2025")),
        "list_milestones" => get(format!("/api/v1/indicators/MN01/milestones?unit={unit}")),
        "list_target_history" => get(format!("/api/v1/indicators/MN01/targets/{unit}/2030/history")),
        "get_baseline" => get(format!("/api/v1/indicators/MN01/baselines/{unit}")),
        "set_baseline" => {
            let body = json!({"year": 2023, "value": "40.00", "source": "Báo cáo năm học 2022-2023"});
            ("PUT", format!("/api/v1/indicators/MN01/baselines/{unit}"), Some(body), Some("*"))
        }
        "end_baseline" => ("DELETE", format!("/api/v1/indicators/MN01/baselines/{unit}"), None, Some("*")),
        "list_targets" => get(format!("/api/v1/indicators/MN01/targets?unit={unit}")),
        "set_target" => {
            ("PUT", format!("/api/v1/indicators/MN01/targets/{unit}/2030"), Some(json!({"operator": ">=", "value": "60.00"})), Some("*"))
        }
        "end_target" => ("DELETE", format!("/api/v1/indicators/MN01/targets/{unit}/2029"), None, Some("*")),
        "list_values" => get(format!("/api/v1/indicator-values?within={unit}")),
        "record_values" => post("/api/v1/indicator-values", json!({"rows": [row("HT01", unit, number)]})),
        "validate_values" => post("/api/v1/indicator-values/validate", json!({"rows": [row("HT01", unit, number)]})),
        "get_value" => get(format!("/api/v1/indicator-values/{value}")),
        "withdraw_value" => ("DELETE", format!("/api/v1/indicator-values/{value}"), None, Some("*")),
        "list_value_history" => get(format!("/api/v1/indicator-values/{value}/history")),
        "list_unit_results" => get(format!("/api/v1/results?unit={unit}&year=2025&limit=1")),
        "list_indicator_results" => get(format!("/api/v1/indicators/TT01/results?unit={unit}&year=2025")),
        "list_provenance" => get(format!("/api/v1/indicators/TT01/provenance?unit={unit}&period=2025&limit=1")),
        "draw_indicator_chart" => get(format!("/api/v1/indicators/TT01/chart.svg?unit={unit}")),
        "create_task" => post("/api/v1/tasks", json!({"group": "4", "title_vi": "Ngày hội đọc sách", "nature": "one_off"})),
        "update_task" => ("PATCH", "/api/v1/tasks/1.01".into(), Some(json!({"title_vi": "Khác"})), Some("*")),
        "read_dashboard" => get(format!("/api/v1/dashboard?unit={unit}")),
        "list_assignments" => get(format!("/api/v1/assignments?unit={unit}&limit=1")),
        "create_assignment" => post("/api/v1/assignments", json!({"task": "1.01", "unit": unit})),
        "create_assignments" => post("/api/v1/assignments/bulk", json!({"task": "1.02", "selector": {"within": unit}, "dry_run": true})),
        "get_assignment" => get(format!("/api/v1/assignments/{work}")),
        "start_assignment" | "report_assignment_done" | "confirm_assignment" | "resume_assignment" => {
            let verb = operation.replace("_assignment", "").replace('_', "-");
            post(&format!("/api/v1/assignments/{work}/{verb}"), json!({}))
        }
        "return_assignment" | "pause_assignment" | "cancel_assignment" => {
            post(&format!("/api/v1/assignments/{work}/{}", operation.trim_end_matches("_assignment")), json!({"reason": "Chưa đạt"}))
        }
        "list_updates" => get(format!("/api/v1/assignments/{work}/updates")),
        "create_update" => post(&format!("/api/v1/assignments/{work}/updates"), json!({"percent": 10, "text": "Đã bắt đầu"})),
        "list_evidence" => get(format!("/api/v1/assignments/{work}/evidence")),
        // JSON is no form: what is seen here is that the duty is asked first. Files are tried in `evidence.rs`.
        "create_evidence" => post(&format!("/api/v1/assignments/{work}/evidence"), json!({})),
        "download_evidence" => get(format!("/api/v1/evidence/{ABSENT}")),
        "delete_evidence" => ("DELETE", format!("/api/v1/evidence/{ABSENT}"), None, None),
        "list_extensions" => get(format!("/api/v1/assignments/{work}/extensions")),
        "create_extension" => {
            post(&format!("/api/v1/assignments/{work}/extensions"), json!({"due_on": "2026-01-01", "reason": "Chưa kịp"}))
        }
        "grant_extension" => post(&format!("/api/v1/assignments/{work}/extensions/{ABSENT}/grant"), json!({})),
        "refuse_extension" => post(&format!("/api/v1/assignments/{work}/extensions/{ABSENT}/refuse"), json!({})),
        "list_report_forms" => get("/api/v1/report-forms?limit=1".into()),
        "create_report_form" => post(
            "/api/v1/report-forms",
            json!({"code": format!("F-{number}"), "title_vi": "Mẫu", "title_en": "Form", "sections": [], "indicators": []}),
        ),
        "get_report_form" => get("/api/v1/report-forms/F-MA".into()),
        "update_report_form" => ("PATCH", "/api/v1/report-forms/F-MA".into(), Some(json!({"title_en": "Form"})), Some("*")),
        "list_report_form_versions" => get("/api/v1/report-forms/BC-KH285/versions".into()),
        "list_reporting_rounds" => get("/api/v1/reporting-rounds?limit=1".into()),
        "create_reporting_round" => post(
            "/api/v1/reporting-rounds",
            json!({"code": format!("R-{number}"), "title_vi": "Đợt", "title_en": "Round", "period": "2025-Q1", "form": "F-MA", "owes": {"within": unit}, "due_on": {}}),
        ),
        "list_completeness" => get(format!("/api/v1/reporting-rounds/completeness?unit={unit}")),
        "get_reporting_round" => get("/api/v1/reporting-rounds/R-MA".into()),
        "update_reporting_round" => ("PATCH", "/api/v1/reporting-rounds/R-MA".into(), Some(json!({"title_en": "Round"})), Some("*")),
        "open_reporting_round" | "close_reporting_round" => {
            post(&format!("/api/v1/reporting-rounds/R-ZU/{}", operation.trim_end_matches("_reporting_round")), json!({}))
        }
        "list_round_exceptions" => get("/api/v1/reporting-rounds/R-MA/exceptions".into()),
        "create_round_exception" => {
            post("/api/v1/reporting-rounds/R-MA/exceptions", json!({"unit": unit, "until": "2025-03-01", "reason": "Mưa lũ"}))
        }
        "read_completeness" => get(format!("/api/v1/reporting-rounds/R-MA/completeness?unit={unit}")),
        "list_debtors" => get(format!("/api/v1/reporting-rounds/R-MA/completeness/units?unit={unit}&limit=1")),
        "list_reports" => get(format!("/api/v1/reports?unit={unit}&limit=1")),
        "create_report" => post("/api/v1/reports", json!({"round": "R-MA", "unit": unit})),
        "decide_reports" => post("/api/v1/reports/bulk", json!({"action": "accept", "items": [{"id": report}]})),
        "get_report" => get(format!("/api/v1/reports/{report}")),
        "update_report" => ("PATCH", format!("/api/v1/reports/{report}"), Some(json!({"sections": []})), Some("*")),
        "delete_report" => ("DELETE", format!("/api/v1/reports/{report}"), None, Some("\"1000\"")),
        "return_report" | "recall_report" | "replace_report" => {
            post(&format!("/api/v1/reports/{report}/{}", operation.trim_end_matches("_report")), json!({"reason": "Chưa đạt"}))
        }
        "correct_report" => post(&format!("/api/v1/reports/{report}/correct"), json!({"reason": "Sai thể thức", "text": "Sửa ngày"})),
        "issue_report" => post(
            &format!("/api/v1/reports/{report}/issue"),
            json!({"symbol": "BC-SGDĐT", "issued_on": "2025-02-20", "place": "Hoà Bình", "signatory": {"position": "GIÁM ĐỐC", "name": "Bùi Thị Hoà"}}),
        ),
        "validate_report" | "submit_report" | "accept_report" | "consolidate_report" => {
            post(&format!("/api/v1/reports/{report}/{}", operation.trim_end_matches("_report")), json!({}))
        }
        "list_report_revisions" => get(format!("/api/v1/reports/{report}/revisions")),
        "get_report_revision" => get(format!("/api/v1/reports/{report}/revisions/1")),
        "list_report_sources" => get(format!("/api/v1/reports/{report}/sources?indicator=TT01")),
        "download_report" => get(format!("/api/v1/reports/{report}/document?format=csv")),
        other => panic!("{other} has no row in the matrix"),
    }
}

/// A definition of a day of its own.
fn definition(number: usize) -> Value {
    let day = chrono::NaiveDate::from_ymd_opt(2027, 1, 1).expect("a day") + chrono::Days::new(u64::try_from(number).expect("small"));
    json!({"valid_from": day, "period_kind": "year", "numerator": null, "denominator": null,
        "count": {"title_vi": "Phân hiệu", "title_en": "Branch", "by": "unit", "kinds": ["department"], "levels": []},
        "may_exceed": false, "parameters": {}, "disaggregations": [], "external_refs": [],
        "checks": {"least": null, "most": null, "jump": null}})
}

/// A row that every unit may record.
fn row(indicator: &str, unit: &str, number: usize) -> Value {
    json!({"indicator": indicator, "unit": unit, "period": "2025", "numerator": number, "denominator": 100_000})
}

/// What a unit has.
fn of<'i>(ids: &'i [(&str, String)], unit: &str) -> &'i str {
    ids.iter().find(|(of, _)| *of == unit).map(|(_, id)| id.as_str()).expect("one for each")
}

/// Records a value of a unit and answers its id.
fn value_of(admin: &Caller<'_>, unit: &str, number: usize) -> String {
    let reply = admin.post("/api/v1/indicator-values", &json!({"rows": [row("TT01", unit, number)]})).expect(200).json();
    reply["rows"][0]["id"].as_str().expect("an id").to_owned()
}

fn send(caller: &Caller<'_>, (method, path, body, tag): &Request, number: usize) -> u16 {
    let request_id = format!("o-{number}");
    let mut headers = vec![("X-Request-Id", request_id.as_str())];
    if body.is_some() {
        headers.push(("Content-Type", "application/json"));
    }
    if let Some(tag) = tag {
        headers.push(("If-Match", *tag));
    }
    let body = body.as_ref().map(Value::to_string);
    caller.send(method, path, &headers, body.as_deref().map(str::as_bytes)).status
}

/// An entry, as the walk looks at it.
#[derive(Debug, Queryable)]
struct Seen {
    at: Instant,
    action: String,
    outcome: String,
    resource: (String, Option<AnyId>),
    unit: Option<UnitId>,
    actor: Option<AnyId>,
    request_id: Option<String>,
    ip: Option<String>,
}

/// The entries after a number, and the last number.
fn db_entries(app: &TestApp, after: i64) -> (i64, Vec<Seen>) {
    let context = Context::system("test", app.clock.now());
    let read = app.database.write_here(&context, |tx| {
        let last: Option<i64> = journal::table.select(diesel::dsl::max(journal::seq)).first(tx.conn)?;
        let columns = (
            journal::at,
            journal::action,
            journal::outcome,
            (journal::resource_type, journal::resource_id),
            journal::unit_id,
            journal::actor_id,
            journal::request_id,
            journal::ip,
        );
        // A tick of the service itself is no request.
        let asked = journal::table.filter(journal::seq.gt(after)).filter(journal::request_id.is_not_null());
        let rows = asked.order_by(journal::seq).select(columns).load(tx.conn)?;
        Ok((last.unwrap_or_default(), rows))
    });
    read.expect("reads")
}

/// Operations by another method than GET that change nothing.
const SILENT: [&str; 2] = ["validate_values", "validate_report"];
/// Those that answer row by row, or only say what they would do, and so may change nothing.
const MAY_BE_SILENT: [&str; 3] = ["create_assignments", "decide_reports", "request_password_reset"];

/// One entry for each resource that a done operation touched, none of a refused one but that it was refused: who, when, where, what, result
/// and request. Answers what is not so.
fn walk(app: &TestApp, operation: &Listing, number: usize, status: u16, entries: &[Seen]) -> Vec<String> {
    let id = operation.id.as_str();
    let (done, refused): (Vec<&Seen>, Vec<&Seen>) = entries.iter().partition(|entry| entry.outcome == "done");
    let tells = (operation.method != "GET" || id.starts_with("download_")) && !SILENT.contains(&id);
    let mut touched: Vec<_> = done.iter().map(|entry| (&entry.resource.0, entry.resource.1, entry.unit)).collect();
    touched.sort();
    touched.dedup();
    let dressed = |entry: &Seen| {
        let marked = entry.at == app.clock.now() && entry.request_id == Some(format!("o-{number}"));
        let from = entry.ip.as_deref() == Some("127.0.0.1") && entry.actor.is_some();
        marked && from && entry.action.contains('.') && !entry.resource.0.is_empty()
    };
    let faults = [
        (status < 400 || done.is_empty(), "was refused and changed something"),
        (status == 403 || refused.is_empty(), "was not refused and is on record as if it was"),
        (status >= 400 || !tells || !done.is_empty() || MAY_BE_SILENT.contains(&id), "was done and is not on record"),
        (tells || done.is_empty(), "changes nothing and is on record"),
        (touched.len() == done.len(), "is on record twice"),
        (entries.iter().all(dressed), "does not say who, when, where, what and which request"),
    ];
    faults.iter().filter(|(holds, _)| !holds).map(|(_, what)| format!("{id} ({status}) {what}: {entries:?}")).collect()
}

/// AZ-02: every operation as every role with every duty on every relation, cell by cell; AZ-03: each operation is in it. AD-01: see `walk`.
#[test]
fn every_cell_is_as_committed_and_a_refused_write_changes_nothing() {
    let app = TestApp::start_with(|settings| settings.accounts.network_guesses = 10_000);
    let admin = app.admin();
    for (code, parent) in [("PGD-A", "SGD"), ("PGD-B", "SGD")] {
        admin.unit(code, "district_office", "district_office", &format!("Phòng Giáo dục và Đào tạo {code}"), parent);
    }
    for (code, parent) in [("MN-A1", "PGD-A"), ("MN-A2", "PGD-A"), ("MN-B1", "PGD-B")] {
        admin.unit(code, "school", "preschool", &format!("Trường Mầm non {code}"), parent);
    }
    // The person of each unit on whom operations on users are tried.
    let target = |unit: &str| match unit {
        "-" | ABSENT => ABSENT.to_owned(),
        unit => {
            let name = format!("dich.{}", unit.to_lowercase());
            admin.user(&name, unit, &["viewer"]).get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").to_owned()
        }
    };
    let units = ["SGD", "PGD-A", "PGD-B", "MN-A1", "MN-A2", "MN-B1", ABSENT, "-"];
    let targets: Vec<(&str, String)> = units.iter().map(|unit| (*unit, target(unit))).collect();
    let mut values: Vec<(&str, String)> = units.iter().map(|unit| (*unit, ABSENT.to_owned())).collect();
    for (unit, value) in &mut values {
        if *unit != "-" && *unit != ABSENT {
            *value = value_of(&admin, unit, 1);
        }
    }
    // A task of each unit, given by the one above it.
    let mut works: Vec<(&str, String)> = units.iter().map(|unit| (*unit, ABSENT.to_owned())).collect();
    for (unit, work) in &mut works {
        if *unit != "-" && *unit != ABSENT {
            let body = json!({"task": "1.03", "unit": unit, "due_on": "2025-06-30"});
            *work = admin.post("/api/v1/assignments", &body).expect(201).json()["id"].as_str().expect("an id").to_owned();
        }
    }
    // A round that every unit owes a report in, and another in preparation.
    let form = json!({"code": "F-MA", "title_vi": "Mẫu", "title_en": "Form", "sections": [], "indicators": []});
    admin.post("/api/v1/report-forms", &form).expect(201);
    for code in ["R-MA", "R-ZU"] {
        let round = json!({"code": code, "title_vi": "Đợt", "title_en": "Round", "period": "2025-Q1", "form": "F-MA", "owes": {"within": "SGD"}, "due_on": {}});
        admin.post("/api/v1/reporting-rounds", &round).expect(201);
    }
    admin.post("/api/v1/reporting-rounds/R-MA/open", &json!({})).expect(200);
    let mut reports: Vec<(&str, String)> = units.iter().map(|unit| (*unit, ABSENT.to_owned())).collect();
    // A draft of each unit, by an editor of it.
    let mut plans: Vec<(&str, String)> = units.iter().map(|unit| (*unit, ABSENT.to_owned())).collect();
    for (unit, plan) in &mut plans {
        if *unit != "-" && *unit != ABSENT {
            let editor = admin.user(&format!("soan.{}", unit.to_lowercase()), unit, &["editor"]);
            let body = json!({"unit": unit, "kind": "annual", "from_year": 2026, "to_year": 2026, "title": "Kế hoạch năm 2026"});
            *plan = editor.post("/api/v1/plans", &body).expect(201).json()["id"].as_str().expect("an id").to_owned();
            let report = editor.post("/api/v1/reports", &json!({"round": "R-MA", "unit": unit})).expect(201).json();
            let held = reports.iter_mut().find(|(of, _)| of == unit).map(|(_, id)| id).expect("one for each");
            *held = report["id"].as_str().expect("an id").to_owned();
        }
    }
    let mut clients: Vec<(&str, String)> = units.iter().map(|unit| (*unit, ABSENT.to_owned())).collect();
    for (unit, client) in &mut clients {
        if *unit != "-" && *unit != ABSENT {
            *client = clients::make(&admin, unit, &["changes:read"]).id;
        }
    }
    let callers: Vec<Vec<Caller<'_>>> = ROLES
        .iter()
        .map(|(role, units)| DUTIES.iter().map(|duty| admin.user(&format!("{role}.{duty}"), units[0], &[duty])).collect())
        .collect();
    // Nobody has signed in just now, so nobody enrols a second factor and all stay who they are.
    app.clock.advance(301);
    // A client of the first district for each scope that one may have.
    let machine = Grant::ALL.iter().filter(|grant| grant.holder().fits(true)).map(|grant| grant.as_str());
    let machines: Vec<(&str, Caller<'_>)> =
        machine.map(|scope| (scope, clients::calling(&app, &clients::make(&admin, ROLES[1].1[0], &[scope])))).collect();

    let api = tiendo::app::api().expect("an api");
    let mut table = String::new();
    let mut number = 0;
    let (mut rows, mut faults) = (BTreeSet::new(), Vec::new());
    for operation in api.inventory() {
        rows.insert(operation.id.clone());
        writeln!(table, "{} ({})", operation.id, operation.permission.map_or("public", |permission| permission.as_str())).expect("writes");
        for (index, relation) in RELATIONS.iter().enumerate() {
            let mut line = format!("  {relation:9}");
            for ((role, units), callers) in ROLES.iter().zip(&callers) {
                write!(line, " | {role}").expect("writes");
                for caller in callers {
                    if units[index] == "-" {
                        line += "   -";
                        continue;
                    }
                    number += 1;
                    let value = values.iter_mut().find(|(of, _)| *of == units[index]).map(|(_, id)| id).expect("one for each");
                    let user = of(&targets, units[index]);
                    let others =
                        [of(&plans, units[index]), of(&works, units[index]), of(&reports, units[index]), of(&clients, units[index])];
                    let request = request(&operation.id, units[index], user, value, others, number);
                    let (before, _) = db_entries(&app, i64::MAX);
                    let status = send(caller, &request, number);
                    faults.extend(walk(&app, operation, number, status, &db_entries(&app, before).1));
                    write!(line, " {status}").expect("writes");
                    match (operation.id.as_str(), status) {
                        ("withdraw_value", 204) => *value = value_of(&admin, units[index], number),
                        ("lock_period", 200) => drop(admin.post("/api/v1/periods/2031/unlock", &json!({"reason": "thử"})).expect(200)),
                        _ => {}
                    }
                    // A disabled person is enabled again, so that every cell starts alike.
                    if operation.id == "disable_user" && status == 200 {
                        admin.post(&format!("/api/v1/users/{user}/enable"), &json!({})).expect(200);
                    }
                    if operation.id == "disable_client" && status == 200 {
                        admin.post(&format!("/api/v1/clients/{}/enable", others[3]), &json!({})).expect(200);
                    }
                }
            }
            table += &line;
            table += "\n";
        }
        // The same as a client of the district with one scope, by what it is answered.
        for relation in ["own", "elsewhere"] {
            let unit = ROLES[1].1[RELATIONS.iter().position(|name| *name == relation).expect("a relation")];
            let mut told: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
            for (scope, client) in &machines {
                number += 1;
                let value = values.iter_mut().find(|(of, _)| *of == unit).map(|(_, id)| id).expect("one for each");
                let others = [of(&plans, unit), of(&works, unit), of(&reports, unit), of(&clients, unit)];
                let request = request(&operation.id, unit, of(&targets, unit), value, others, number);
                let (before, _) = db_entries(&app, i64::MAX);
                let status = send(client, &request, number);
                faults.extend(walk(&app, operation, number, status, &db_entries(&app, before).1));
                if (operation.id.as_str(), status) == ("withdraw_value", 204) {
                    *value = value_of(&admin, unit, number);
                }
                told.entry(status).or_default().push(scope);
            }
            write!(table, "  client {relation:9}").expect("writes");
            for (status, scopes) in &told {
                let scopes = if scopes.len() == machines.len() {
                    "all".to_owned()
                } else if *status == 403 {
                    "the rest".to_owned()
                } else {
                    scopes.join(" ")
                };
                write!(table, " | {status} {scopes}").expect("writes");
            }
            table += "\n";
        }
    }
    assert_eq!(rows.len(), api.inventory().len(), "an operation stands twice");
    faults.sort();
    faults.dedup_by_key(|fault| fault.split(':').next().unwrap_or_default().to_owned());
    assert_eq!(faults, Vec::<String>::new());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/matrix.txt");
    if std::env::var_os("UPDATE_MATRIX").is_some() {
        std::fs::write(path, &table).expect("writes");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let wrong: Vec<(&str, &str)> = table.lines().zip(committed.lines()).filter(|(is, was)| is != was).collect();
    assert!(table == committed, "`UPDATE_MATRIX=1 cargo test --test api matrix` and read the diff: {wrong:#?}");
}
