//! Putting the dashboard together from kept sums.

use chrono::Datelike;

use super::model::{Dashboard, DashboardQuery, GroupProgress, IndicatorCounts, Owes, Owing, ReportCounts, WorkCounts};
use crate::access::policy::Permission;
use crate::assignments::rules::soon;
use crate::assignments::store::{count_to_decide, owed, progress_by_group};
use crate::db::Db;
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::UnitId;
use crate::indicators::store::{Which, defined, withheld};
use crate::reports;
use crate::results;
use crate::rounds;
use crate::units::model::Unit;
use crate::units::store::own_or_referred;

/// How the indicators of a unit stand. What is withheld from the caller is undecided: the difference to its list of results would tell it.
fn attained(db: &mut Db<'_>, unit: Unit, year: i32) -> Result<IndicatorCounts> {
    let (all, hidden) = (defined(db, Which::All)?, withheld(db)?);
    let mut counts = IndicatorCounts::default();
    for result in results::store::of_unit(db, unit, &all, year, results::store::Look::default())? {
        match result.attained.filter(|_| !hidden.iter().any(|id| id.any() == result.indicator.id)) {
            Some(true) => counts.attained += 1,
            Some(false) => counts.not_attained += 1,
            None => counts.undecided += 1,
        }
    }
    Ok(counts)
}

/// The dashboard of a unit of the scope, as far as the caller may read what each part is of: nothing is counted of the rest.
///
/// # Errors
/// 422 for a unit that is not in scope.
pub fn dashboard(db: &mut Db<'_>, query: &DashboardQuery) -> Result<Dashboard> {
    let mut faults = Vec::new();
    let unit = own_or_referred(db, Fault::of("unit", FaultCode::UnknownReference), query.unit.as_deref(), &mut faults)?;
    let unit = unit.ok_or_else(|| Error::invalid(faults))?;
    let year = query.year.unwrap_or(db.today().year());
    let (groups, owed) = progress_by_group(db, unit.id)?;
    let to_decide = count_to_decide(db, unit.id)?;
    let told = unit.to_ref();
    let indicators = if db.context.caller.may(Permission::ReadResults) { attained(db, unit, year)? } else { IndicatorCounts::default() };
    let groups = groups.into_iter().map(|(group, progress)| GroupProgress { group, progress }).collect();
    let assignments = WorkCounts { late: owed.late, due_soon: owed.due_soon, returned: owed.returned, to_decide };
    let open = if db.context.caller.may(Permission::ReadReports) { rounds::store::open_rounds(db)? } else { Vec::new() };
    let rounds = rounds::store::of_rounds(db, &open, &told)?;
    let mut reports = ReportCounts::default();
    for level in rounds.iter().flat_map(|round| &round.levels) {
        reports.open += level.missing;
        reports.late += level.late;
        reports.returned += level.returned;
        reports.to_decide += level.submitted;
    }
    Ok(Dashboard { unit: told, year, indicators, groups, assignments, reports, rounds })
}

/// What the caller owes.
///
/// # Errors
/// Database errors.
pub fn owes(db: &mut Db<'_>, unit: UnitId, code: &str) -> Result<Owes> {
    let owed = owed(db, unit)?;
    let root = db.scope()?.root();
    let to_decide = count_to_decide(db, root)?;
    let after = soon(db.today()).succ_opt().unwrap_or(db.today());
    let list = |count: i64, what: &str| Owing { count, href: format!("/api/v1/assignments?{what}") };
    let reports = |count: i64, what: &str| Owing { count, href: format!("/api/v1/{what}") };
    let open = i64::try_from(rounds::store::owed(db, unit)?.len()).unwrap_or(i64::MAX);
    Ok(Owes {
        reports_open: reports(open, "reporting-rounds?owed=true"),
        reports_returned: reports(reports::store::count_returned(db, unit)?, &format!("reports?unit={code}&status=returned")),
        reports_to_decide: reports(reports::store::count_to_decide(db)?, "reports?to_decide=true"),
        assignments_late: list(owed.late, &format!("unit={code}&timeliness=late")),
        assignments_due_soon: list(owed.due_soon, &format!("unit={code}&timeliness=in_time&due_before={after}")),
        assignments_returned: list(owed.returned, &format!("unit={code}&status=returned")),
        to_decide: list(to_decide, "to_decide=true"),
    })
}
