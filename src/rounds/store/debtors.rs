//! How far rounds are: from kept totals, and the units behind them by name.

use std::collections::HashMap;

use diesel::dsl::{InnerJoinQuerySource, count_star};
use diesel::prelude::*;

use super::read::{self, Bare};
use crate::access::policy::Role;
use crate::clock::Instant;
use crate::db::Db;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{periods, reporting_rounds, reports, unit_spells, units};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::forms;
use crate::ids::{Key, ReportId, RoundId, UnitId};
use crate::rounds::model::{Completeness, CompletenessQuery, DebtState, Debtor, DebtorFilters, RoundStatus, SeriesFilters};
use crate::rounds::rules;
use crate::sums::completeness::{self as sums, Counts};
use crate::units::model::{Kind, UnitRef, UnitType};
use crate::units::store::{own_or_referred_ref, teaches, within};

/// The round of the path as far as sums need it, if the caller may see it.
fn asked(db: &mut Db<'_>, key: &Key) -> Result<Bare> {
    let id = read::get(db, key)?.id;
    read::bare(db, vec![id])?.remove(&id).ok_or_else(Error::not_found)
}

fn told(bare: &Bare, unit: &UnitRef, counts: Option<&std::collections::BTreeMap<Role, Counts>>) -> Completeness {
    let order = [Role::School, Role::District, Role::Department];
    let level = |role: &Role| Some(rules::completeness(*role, *counts?.get(role).filter(|counts| counts.expected > 0)?));
    Completeness { round: bare.named.clone(), unit: unit.clone(), levels: order.iter().filter_map(level).collect() }
}

/// How far some rounds are at a unit.
///
/// # Errors
/// Database errors.
pub fn of_rounds(db: &mut Db<'_>, rounds: &[Bare], unit: &UnitRef) -> Result<Vec<Completeness>> {
    let ids: Vec<RoundId> = rounds.iter().map(|round| round.ask.round).collect();
    let counts = sums::read(db, &ids, &[unit.id.any()])?;
    Ok(rounds.iter().map(|round| told(round, unit, counts.get(&(round.ask.round, unit.id.any())))).collect())
}

/// How far a round is at a unit of the scope.
///
/// # Errors
/// 404 if there is no such round; 422 for a unit that is not in scope.
pub fn completeness(db: &mut Db<'_>, key: &Key, query: &CompletenessQuery) -> Result<Completeness> {
    let round = asked(db, key)?;
    let mut faults = Vec::new();
    let unit = own_or_referred_ref(db, Fault::of("unit", FaultCode::UnknownReference), query.unit.as_deref(), &mut faults)?;
    let unit = unit.ok_or_else(|| Error::invalid(faults))?;
    of_rounds(db, std::slice::from_ref(&round), &unit)?.pop().ok_or_else(Error::not_found)
}

/// A page of rounds that were opened, the earliest period first, with how far each is at a unit of the scope.
///
/// # Errors
/// 422 for a filter that names nothing in scope.
pub fn series(db: &mut Db<'_>, filters: &SeriesFilters, page: &PageRequest) -> Result<Page<Completeness>> {
    let mut faults = Vec::new();
    let unknown = |parameter| Fault::of(parameter, FaultCode::UnknownReference);
    let unit = own_or_referred_ref(db, unknown("unit"), filters.unit.as_deref(), &mut faults)?;
    let form = filters.form.as_deref().map(|text| forms::store::referred(db, unknown("form"), text, &mut faults)).transpose()?.flatten();
    let Some(unit) = unit.filter(|_| faults.is_empty()) else { return Err(Error::invalid(faults)) };
    let mut query = reporting_rounds::table
        .inner_join(periods::table)
        .filter(reporting_rounds::status.ne(RoundStatus::Draft))
        .select(reporting_rounds::id)
        .into_boxed();
    if let Some(form) = form {
        query = query.filter(reporting_rounds::form_id.eq(form.id));
    }
    if let Some(year) = filters.year {
        query = query.filter(periods::year.eq(year));
    }
    let ids: Vec<RoundId> = query.load(db.conn)?;
    let mut rounds: Vec<Bare> = read::bare(db, ids)?.into_values().collect();
    rounds.sort_by(|one, other| (one.ask.day, &one.named.code).cmp(&(other.ask.day, &other.named.code)));
    let all = of_rounds(db, &rounds, &unit)?;
    let days: HashMap<String, chrono::NaiveDate> = rounds.iter().map(|round| (round.named.code.clone(), round.ask.day)).collect();
    Ok(Page::slice(all, page, |row, name| match name {
        "as_of" => days.get(&row.round.code).map(CursorValue::write).unwrap_or_default(),
        _ => row.round.id.write(),
    }))
}

type Source = InnerJoinQuerySource<units::table, unit_spells::table>;

#[derive(Debug, Queryable)]
struct Row {
    id: UnitId,
    code: String,
    name: String,
    kind: Kind,
    sort_key: Vec<u8>,
}

/// Reports of a round whose unit is the one of the outer query. A macro, because the type has no name.
macro_rules! of_unit {
    ($round:expr) => {
        reports::table.filter(reports::round_id.eq($round)).filter(reports::unit_id.eq(units::id))
    };
}

/// A page of the units that owe a report in a round, and what became of each.
///
/// # Errors
/// 404 if there is no such round; 422 for a filter that names nothing in scope.
pub fn debtors(db: &mut Db<'_>, key: &Key, filters: &DebtorFilters, page: &PageRequest) -> Result<Page<Debtor>> {
    use diesel::dsl::{exists, not};
    let (round, scope) = (asked(db, key)?, db.scope()?);
    let mut faults = Vec::new();
    let unit = own_or_referred_ref(db, Fault::of("unit", FaultCode::UnknownReference), filters.unit.as_deref(), &mut faults)?;
    let unit = unit.ok_or_else(|| Error::invalid(faults))?;
    let (id, day, by) = (round.ask.round, round.ask.day, &round.ask.by);
    let narrowed = || {
        let mut query = units::table
            .inner_join(unit_spells::table)
            .filter(unit_spells::valid_from.le(day))
            .filter(unit_spells::valid_to.gt(day))
            .filter(units::valid_from.le(day))
            .filter(units::valid_to.gt(day))
            .filter(units::id.eq_any(within(unit.id, day)))
            .filter(units::id.eq_any(within(round.ask.within, day)))
            // What counted here and stands elsewhere today is in the totals, and its report is its own.
            .filter(units::id.eq_any(within(scope.root(), scope.today())))
            .into_boxed()
            .filter(teaches(&by.levels));
        let of_role: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| filters.level.is_none_or(|level| kind.role() == level)).collect();
        let kinds: Vec<Kind> = of_role.into_iter().filter(|kind| by.kinds.is_empty() || by.kinds.contains(kind)).collect();
        query = query.filter(units::kind.eq_any(kinds));
        if !by.types.is_empty() {
            let types: Vec<UnitType> = by.types.clone();
            query = query.filter(units::type_.eq_any(types));
        }
        match filters.state {
            None => query,
            Some(DebtState::Missing) => query.filter(not(exists(of_unit!(id).filter(reports::late.is_not_null())))),
            Some(DebtState::Received) => query.filter(exists(of_unit!(id).filter(reports::late.is_not_null()))),
            Some(DebtState::Late) => query.filter(exists(of_unit!(id).filter(reports::late.eq(true)))),
            Some(DebtState::Returned) => query.filter(exists(of_unit!(id).filter(reports::status.eq("returned")))),
            Some(DebtState::Accepted) => query.filter(exists(of_unit!(id).filter(reports::status.eq_any(["accepted", "issued"])))),
        }
    };
    let total = if page.count { Some(narrowed().select(count_star()).first(db.conn)?) } else { None };
    let query = keyset!(narrowed(), page, Source, { "name" => unit_spells::sort_key: Vec<u8>, "code" => units::code: String }, units::id);
    let rows: Vec<Row> = query.select((units::id, units::code, unit_spells::name, units::kind, unit_spells::sort_key)).load(db.conn)?;
    let (rows, empty) = Page::cut(rows, page, total, |row: &Row, name| match name {
        "name" => row.sort_key.write(),
        "code" => row.code.write(),
        _ => row.id.write(),
    })
    .split();
    let debtors = became(db, &round, rows)?;
    Ok(empty.with(debtors))
}

fn became(db: &mut Db<'_>, round: &Bare, rows: Vec<Row>) -> Result<Vec<Debtor>> {
    type Report = (UnitId, ReportId, Option<i32>, String, Option<bool>, Option<Instant>);
    let told: Vec<Report> = reports::table
        .filter(reports::round_id.eq(round.ask.round))
        .filter(reports::unit_id.eq_any(rows.iter().map(|row| row.id).collect::<Vec<_>>()))
        .order_by(reports::id)
        .select((reports::unit_id, reports::id, reports::slot, reports::status, reports::late, reports::submitted_at))
        .load(db.conn)?;
    let now = db.now();
    let mut by_unit: HashMap<UnitId, Vec<Report>> = HashMap::new();
    for report in told {
        by_unit.entry(report.0).or_default().push(report);
    }
    let debtor = |row: Row| {
        let own = by_unit.remove(&row.id).unwrap_or_default();
        let marks: Vec<sums::Mark> = own.iter().map(|report| (report.3.clone(), report.4)).collect();
        let counts = sums::counts(&marks);
        // The one in force, else the last one.
        let report = own.iter().find(|report| report.2 == Some(1)).or(own.last());
        Debtor {
            id: row.id,
            code: row.code,
            name: row.name,
            kind: row.kind,
            level: row.kind.role(),
            state: rules::state(counts),
            report: report.map(|report| report.1),
            late: counts.late > 0 || (counts.received == 0 && rules::is_over(rules::day_of(&round.due_on, row.kind.role()), now)),
            submitted_at: report.and_then(|report| report.5),
        }
    };
    Ok(rows.into_iter().map(debtor).collect())
}
