//! A report that is locked: what may be done with it, and what that changes above it.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::read::Around;
use super::row::{self, Row};
use crate::db::schema::reports;
use crate::db::{Conn, Tx};
use crate::error::{Code, Error, Result};
use crate::ids::{ReportId, UnitId};
use crate::reports::model::{ReportAction, ReportStatus, Told};
use crate::reports::rules::{self, Relation};
use crate::rounds::store::{self as rounds, Bare};
use crate::sums::completeness::{self, Mark, Place, Totals};
use crate::units::model::Kind;

/// A report whose row is locked until the end of the transaction.
pub struct Locked {
    pub(super) row: Row,
    pub(super) round: Bare,
    pub(super) relation: Relation,
    pub(super) kind: Kind,
    pub(super) place: Place,
    /// The unit's other reports in the round, as far as they count.
    others: Vec<Mark>,
    is_shut: bool,
}

/// Locks a report.
///
/// # Errors
/// 404 if it is absent or out of scope.
pub fn lock(tx: &mut Tx<'_>, id: ReportId) -> Result<Locked> {
    // Whoever writes totals of units above holds the tree.
    tx.hold_tree()?;
    let (round, unit) = {
        let row = row::row(tx, id)?;
        (row.round, row.unit)
    };
    rounds::hold(tx, round)?;
    if let Conn::Pg(pg) = &mut *tx.conn {
        // All of the unit in the round: what becomes of one says what the others count for.
        let own = reports::table.filter(reports::round_id.eq(round)).filter(reports::unit_id.eq(unit)).order_by(reports::id);
        let _: Vec<ReportId> = own.select(reports::id).for_no_key_update().load(pg)?;
    }
    let row = row::row(tx, id)?;
    let around = Around::read(tx, std::slice::from_ref(&row))?;
    let round = around.round(&row)?.clone();
    let place = completeness::place(tx, &round.ask, row.unit)?;
    let others: Vec<Mark> = reports::table
        .filter(reports::round_id.eq(row.round))
        .filter(reports::unit_id.eq(row.unit))
        .filter(reports::id.ne(id))
        .select((reports::status, reports::late))
        .load(tx.conn)?;
    let (relation, is_shut, kind) = (around.relation(tx, &row), around.is_locked(&row, tx.now()), around.kind(&row)?);
    Ok(Locked { row, round, relation, kind, place, others, is_shut })
}

impl Locked {
    /// Whose report it is.
    #[must_use]
    pub fn unit(&self) -> UnitId {
        self.row.unit
    }

    /// Whether the caller may do this now.
    ///
    /// # Errors
    /// 403 where it stands otherwise to the report; 412 if `is_meant` refuses the version; 423 past the lock; 409 with what it may do
    /// instead.
    pub fn allows(&self, action: ReportAction, is_meant: impl FnOnce(i64) -> Result<()>) -> Result<()> {
        let may = || {
            is_meant(self.row.version)?;
            if self.is_shut && rules::is_locked_away(action) { Err(refused()) } else { Ok(()) }
        };
        rules::LIFE.after(self.row.status, action, self.relation, may).map(drop)
    }

    /// What the journal tells of the report as it stands.
    #[must_use]
    pub fn told(&self) -> Told {
        let row = &self.row;
        Told { status: row.status, revision: row.revision, late: row.late, version: row.version }
    }

    /// What is said now, section by section.
    ///
    /// # Errors
    /// 500 if it cannot be read.
    pub fn sections(&self) -> Result<BTreeMap<String, String>> {
        Ok(serde_json::from_str(&self.row.sections)?)
    }

    fn mark(&self) -> Mark {
        (self.row.status.as_str().to_owned(), self.row.late)
    }

    /// What changes in every total above when the report's mark becomes another.
    pub(super) fn turned(&self, status: ReportStatus, late: Option<bool>) -> Totals {
        let with = |mark: Mark| self.others.iter().cloned().chain([mark]).collect::<Vec<_>>();
        let (before, after) = (with(self.mark()), with((status.as_str().to_owned(), late)));
        completeness::turned(&self.round.ask, &self.place, &before, &after)
    }
}

/// 423, with what helps.
pub(super) fn refused() -> Error {
    Error::new(Code::Locked).because(
        "Đã quá ngày khóa hoặc đợt báo cáo đã đóng; cấp trên có thể gia hạn.",
        "Past the day of the lock, or the round is closed: an approver above may give more time.",
    )
}

/// Counts a change of a report.
pub(super) fn touched(tx: &mut Tx<'_>, id: ReportId) -> Result<()> {
    let change = (reports::version.eq(reports::version + 1), reports::updated_at.eq(tx.now()));
    diesel::update(reports::table.filter(reports::id.eq(id))).set(change).execute(tx.conn)?;
    Ok(())
}
