//! A reporting round of the demo that is under way: the schools with people have reported, one office has put its report together.

use std::sync::Arc;

use chrono::Days;
use serde_json::json;

use crate::access::caller::{Caller, Person};
use crate::access::policy::Duty;
use crate::db::{Conn, Context, Tx, write_on};
use crate::error::{Error, Result};
use crate::ids::Key;
use crate::periods::model::PeriodKind;
use crate::periods::store as periods;
use crate::reports::model::{NewReport, ReportPatch, SectionPatch, Submission};
use crate::reports::store as reports;
use crate::rounds::model::NewRound;
use crate::rounds::store as rounds;
use crate::sums::completeness;
use crate::units::model::Kind;

/// A person of the demo, and the code and kind of the unit that it works at.
pub struct Staff {
    /// As the door would know it.
    pub person: Arc<Person>,
    /// The code of its unit.
    pub unit: String,
    /// What that is.
    pub kind: Kind,
}

/// Does a piece of work as somebody of the demo.
fn done_by<R>(conn: &mut Conn, context: &Context, staff: &Staff, work: impl Fn(&mut Tx<'_>) -> Result<R>) -> Result<R> {
    let context = Context { caller: Caller::Person(staff.person.clone()), ..context.clone() };
    write_on(conn, &context, work)
}

/// Opens a round for the half-year that ended last, lets those report who have people, and accepts what the first office has below it.
pub fn play(conn: &mut Conn, context: &Context, staff: &[Staff]) -> Result<()> {
    let missing = || Error::internal("the demo lacks a person for its round");
    let with = |kind: Kind, duty: Duty| move |staff: &&Staff| staff.kind == kind && staff.person.duties.list() == [Duty::Viewer, duty];
    let admin = staff.iter().find(with(Kind::Department, Duty::Admin)).ok_or_else(missing)?;
    let code = done_by(conn, context, admin, open)?;
    for editor in staff.iter().filter(with(Kind::School, Duty::Editor)) {
        done_by(conn, context, editor, |tx| report(tx, &code, &editor.unit))?;
    }
    let approver = staff.iter().find(with(Kind::DistrictOffice, Duty::Approver)).ok_or_else(missing)?;
    done_by(conn, context, approver, accept_all)?;
    let editor = staff.iter().find(with(Kind::DistrictOffice, Duty::Editor)).ok_or_else(missing)?;
    done_by(conn, context, editor, |tx| {
        let id = reports::create(tx, &NewReport { round: code.clone(), unit: editor.unit.clone() })?;
        let locked = reports::lock(tx, id)?;
        reports::consolidate(tx, &locked).map(drop)
    })
}

fn open(tx: &mut Tx<'_>) -> Result<String> {
    let today = tx.today();
    let ended = periods::last_ended(tx, PeriodKind::Half, today)?.ok_or_else(|| Error::internal("no half-year has ended"))?;
    let day = |days: u64| today.checked_add_days(Days::new(days));
    let new = json!({
        "code": format!("BC-{}", ended.code),
        "title_vi": format!("Báo cáo {}", ended.title_vi.to_lowercase()),
        "title_en": format!("Report: {}", ended.title_en),
        "period": ended.code,
        "form": "BC-KH285",
        "owes": {"within": crate::catalogue::DEPARTMENT},
        "due_on": {"school": day(7), "district": day(10), "department": day(15)},
        "remind_on": [day(5)],
    });
    let new: NewRound = serde_json::from_value(new)?;
    let (words, period) = rounds::Words::of(tx, &new)?;
    let id = rounds::insert(tx, &new.code, period, &words)?;
    let locked = rounds::lock(tx, &Key::from(id))?;
    rounds::open(tx, &locked)?;
    Ok(new.code)
}

fn report(tx: &mut Tx<'_>, round: &str, unit: &str) -> Result<()> {
    let id = reports::create(tx, &NewReport { round: round.to_owned(), unit: unit.to_owned() })?;
    let said = |key: &str, body: &str| SectionPatch { key: key.to_owned(), body: body.to_owned() };
    let sections = vec![
        said(
            "leadership",
            "Đã tổ chức học tập, quán triệt Kết luận số 91-KL/TW và Kế hoạch số 285-KH/TU cho toàn thể cán bộ, giáo viên, nhân viên.",
        ),
        said("difficulties", "Một số điểm trường lẻ còn thiếu phòng học kiên cố; thiếu giáo viên so với định mức."),
        said("next_period", "Tiếp tục huy động trẻ trong độ tuổi đến trường; bồi dưỡng nâng chuẩn trình độ giáo viên."),
    ];
    let locked = reports::lock(tx, id)?;
    reports::say(tx, &locked, &ReportPatch { sections, values: Vec::new() })?;
    let locked = reports::lock(tx, id)?;
    let first = reports::check(tx, &locked, &Submission::default())?;
    // What is odd about made-up figures is explained as anybody would.
    let note = |pointer: &str| json!({"pointer": pointer, "text": "Đã kiểm tra, số liệu đúng thực tế."});
    let notes: Vec<_> = first.warnings.iter().filter_map(|warning| warning.pointer().map(note)).collect();
    let submission: Submission = serde_json::from_value(json!({ "notes": notes }))?;
    let checked = reports::check(tx, &locked, &submission)?;
    let totals = reports::submit(tx, &locked, checked, &submission)?;
    completeness::fold(tx, totals)
}

fn accept_all(tx: &mut Tx<'_>) -> Result<()> {
    for id in reports::waiting(tx)? {
        let locked = reports::lock(tx, id)?;
        let totals = reports::accept(tx, &locked)?;
        completeness::fold(tx, totals)?;
    }
    Ok(())
}
