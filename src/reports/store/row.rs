//! The rows of reports.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::clock::Instant;
use crate::db::Db;
use crate::db::schema::reports;
use crate::error::Result;
use crate::forms;
use crate::ids::{ReportId, RoundId, UnitId, UserId};
use crate::reports::model::{Consolidation, ReportSection, ReportStatus};

/// Reports of the scope. A macro, because the type has no name.
macro_rules! visible {
    ($scope:expr) => {{
        let scope: crate::access::scope::Scope = $scope;
        reports::table.filter(reports::unit_id.eq_any(crate::units::store::within(scope.root(), scope.today())))
    }};
}

pub(super) use visible;

/// The columns of an `Amount` of a report. A macro, because the type has no name.
macro_rules! amount {
    () => {
        (
            report_amounts::numerator,
            report_amounts::denominator,
            report_amounts::numerator_rows,
            report_amounts::denominator_rows,
            report_amounts::complete_rows,
        )
    };
}

pub(super) use amount;

#[derive(Clone, Debug, Queryable)]
pub(super) struct Row {
    pub(super) id: ReportId,
    pub(super) round: RoundId,
    pub(super) unit: UnitId,
    pub(super) slot: Option<i32>,
    pub(super) previous: Option<ReportId>,
    pub(super) status: ReportStatus,
    pub(super) revision: i32,
    pub(super) late: Option<bool>,
    pub(super) sections: String,
    pub(super) merged: String,
    pub(super) consolidation: Option<String>,
    pub(super) returned: Option<String>,
    pub(super) submitted_by: Option<UserId>,
    pub(super) submitted_at: Option<Instant>,
    pub(super) accepted_by: Option<UserId>,
    pub(super) accepted_at: Option<Instant>,
    pub(super) document: Option<String>,
    pub(super) records: String,
    #[expect(dead_code, reason = "a row is read whole; consolidation asks this column of others' rows")]
    pub(super) counted_in: Option<UnitId>,
    #[expect(dead_code, reason = "a row is read whole; consolidation asks this column of others' rows")]
    pub(super) accepted_for: Option<UnitId>,
    pub(super) version: i64,
    pub(super) created_at: Instant,
    pub(super) updated_at: Instant,
}

/// The row with this id, if it is in scope.
pub(super) fn row(db: &mut Db<'_>, id: ReportId) -> Result<Row> {
    Ok(visible!(db.scope()?).filter(reports::id.eq(id)).first(db.conn)?)
}

/// The sections that a row keeps, by the form's titles.
pub(super) fn sections(row: &Row, form: &forms::store::Asked) -> Result<Vec<ReportSection>> {
    let bodies: HashMap<String, String> = serde_json::from_str(&row.sections)?;
    let section = |section: &crate::forms::model::FormSection| ReportSection {
        key: section.key.clone(),
        title_vi: section.title_vi.clone(),
        title_en: section.title_en.clone(),
        required: section.required,
        body: bodies.get(&section.key).cloned().unwrap_or_default(),
    };
    Ok(form.sections.iter().map(section).collect())
}

/// What a row says that it is put together of.
pub(super) fn consolidation(row: &Row) -> Result<Option<Consolidation>> {
    Ok(row.consolidation.as_deref().map(serde_json::from_str).transpose()?)
}
