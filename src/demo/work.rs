//! The work of the demo: tasks given down the line with due dates laid around today, so that something is open, due soon, late,
//! returned and done; and plans, approved and on the way.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use diesel::prelude::*;

use super::province::Made;
use crate::assignments::model::AssignmentStatus;
use crate::assignments::store::{Given, give, seat};
use crate::catalogue::DEPARTMENT;
use crate::db::Tx;
use crate::db::schema::{tasks, units};
use crate::error::{Error, Result};
use crate::ids::{GroupId, Id, TaskId, UnitId};
use crate::units::model::Kind;

/// The tasks that go down to every school, and the ones that stay with divisions and offices.
const DOWN: [&str; 4] = ["1.01", "4.03", "5.02", "6.05"];
const UP: [&str; 12] = ["1.02", "1.03", "2.01", "2.03", "3.01", "3.02", "4.01", "4.02", "5.01", "6.01", "6.02", "7.01"];

/// What there is to give, found once.
pub struct Desk {
    tasks: HashMap<String, (TaskId, GroupId, String)>,
    units: HashMap<String, UnitId>,
}

impl Desk {
    /// Reads tasks and units.
    ///
    /// # Errors
    /// Database errors.
    pub fn read(tx: &mut Tx<'_>) -> Result<Self> {
        let rows: Vec<(String, TaskId, GroupId, String)> =
            tasks::table.select((tasks::code, tasks::id, tasks::group_id, tasks::title_vi)).load(tx.conn)?;
        let named: Vec<(String, UnitId)> = units::table.select((units::code, units::id)).load(tx.conn)?;
        let tasks = rows.into_iter().map(|(code, id, group, title)| (code, (id, group, title))).collect();
        Ok(Self { tasks, units: named.into_iter().collect() })
    }

    fn unit(&self, code: &str) -> Result<UnitId> {
        self.units.get(code).copied().ok_or_else(|| Error::internal(format!("no unit {code}")))
    }
}

/// One assignment and how far it is.
pub struct Piece {
    task: &'static str,
    unit: String,
    by: String,
    due_on: NaiveDate,
    status: AssignmentStatus,
    percent: i32,
    done_on: Option<NaiveDate>,
}

/// A state that fits its due date.
fn piece(rng: &mut fastrand::Rng, task: &'static str, unit: &Made, by: &str, today: NaiveDate) -> Piece {
    use AssignmentStatus::{Assigned, Confirmed, InProgress, ReportedDone, Returned};
    let away = rng.i64(-45..=75);
    let day = |days: i64| {
        let size = Days::new(days.unsigned_abs());
        if days < 0 { today.checked_sub_days(size) } else { today.checked_add_days(size) }.unwrap_or(today)
    };
    let due_on = day(away);
    let luck = rng.u8(0..100);
    let (status, percent) = match (away < 0, luck) {
        (true, 0..78) | (false, 0..20) => (Confirmed, 100),
        (true, 78..88) | (false, 20..30) => (ReportedDone, 100),
        (true, 88..94) | (false, 30..35) => (Returned, 80),
        (true, _) => (InProgress, rng.i32(20..90)),
        (false, 35..75) => (InProgress, rng.i32(5..80)),
        (false, _) => (Assigned, 0),
    };
    // Most are done in time, some a few days late.
    let done = if away < 0 { away - rng.i64(-6..=20) } else { -rng.i64(1..=20) };
    let done_on = (status == Confirmed).then(|| day(done.min(-1)));
    Piece { task, unit: unit.code.clone(), by: by.to_owned(), due_on, status, percent, done_on }
}

/// All work, made up.
pub fn plan(rng: &mut fastrand::Rng, offices: &[Made], schools: &[Made], today: NaiveDate) -> Vec<Piece> {
    let mut work = Vec::new();
    let divisions: Vec<&Made> = offices.iter().filter(|office| office.kind == Kind::Division).collect();
    for (index, task) in UP.into_iter().enumerate() {
        if let Some(division) = divisions.get(index % divisions.len().max(1)) {
            work.push(piece(rng, task, division, DEPARTMENT, today));
        }
    }
    for office in offices.iter().filter(|office| office.kind == Kind::DistrictOffice) {
        for task in DOWN.into_iter().chain(UP.into_iter().take(4)) {
            work.push(piece(rng, task, office, DEPARTMENT, today));
        }
    }
    for school in schools {
        for task in DOWN.into_iter().take(rng.usize(2..=4)) {
            work.push(piece(rng, task, school, &school.parent, today));
        }
    }
    work
}

/// Records pieces of work in the states that they are in.
///
/// # Errors
/// Database errors.
pub fn insert(tx: &mut Tx<'_>, desk: &Desk, pieces: &[Piece]) -> Result<()> {
    let tree = tx.hold_tree()?;
    let mut given = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let (task, group, title) = desk.tasks.get(piece.task).cloned().ok_or_else(|| Error::internal(format!("no task {}", piece.task)))?;
        given.push(Given {
            id: Id::new(),
            task,
            group,
            plan: None,
            unit: desk.unit(&piece.unit)?,
            assigned_by: desk.unit(&piece.by)?,
            period: None,
            title,
            deliverable: Some("Báo cáo kết quả thực hiện".to_owned()),
            due_on: Some(piece.due_on),
            cooperating: Vec::new(),
        });
    }
    give(tx, &tree, &given)?;
    for (one, piece) in given.iter().zip(pieces) {
        if piece.status != AssignmentStatus::Assigned {
            seat(tx, one, piece.status, piece.percent, piece.done_on)?;
        }
    }
    Ok(())
}
