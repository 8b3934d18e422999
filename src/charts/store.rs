//! Reading what is drawn: the same functions as the results themselves, and so the same numbers.

use super::model::{ChartQuery, Theme};
use super::rules::{Asked, Told};
use crate::db::Db;
use crate::db::page::{PageRequest, SortKey};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::Key;
use crate::indicators::decimal::Decimal;
use crate::indicators::store::Defined;
use crate::periods::store as periods;
use crate::results::model::{IndicatorResult, ResultFilters, ResultReason};
use crate::results::rules::BASE_YEAR;
use crate::results::store::{asked, indicator_results};
use crate::units::store::own_or_referred;

/// The last year of the plan.
const LAST_YEAR: i32 = 2030;
/// More bars than this are no picture any more.
const MOST_BARS: usize = 50;
/// As many as the largest page of results.
const MOST_ROWS: i64 = 200;

/// What a chart is drawn from.
///
/// # Errors
/// 404 if there is no such indicator; 422 with every parameter that is wrong.
pub fn read(db: &mut Db<'_>, key: &Key, query: &ChartQuery) -> Result<Asked> {
    let indicator = asked(db, key)?;
    let filters = filters(db, &indicator, query)?;
    let single = ResultFilters { breakdown: None, ..filters.clone() };
    let own = indicator_results(db, key, &single, &first())?.rows;
    let told = if filters.breakdown.is_some() {
        let below = indicator_results(db, key, &filters, &first())?;
        let unread = below.next.and(below.total).map_or(0, |total| (total - MOST_ROWS).max(0));
        // A department has divisions and schools of every level below it: who has no part in an indicator is no bar without a number.
        let (others, mut children): (Vec<_>, Vec<_>) =
            below.rows.into_iter().partition(|result| result.reason == Some(ResultReason::NotCollectedAtThisLevel));
        let rest = children.split_off(children.len().min(MOST_BARS));
        let count = |rows: &[IndicatorResult]| i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let own = own.into_iter().next().map(Box::new);
        Told::Bars { own, children, more: count(&rest) + unread, aside: count(&others) }
    } else {
        let milestones = milestones(&own);
        Told::Series(own.into_iter().zip(milestones).collect())
    };
    // That it is there and in scope the results have said.
    let unit = own_or_referred(db, Fault::of("unit", FaultCode::UnknownReference), query.unit.as_deref(), &mut Vec::new())?;
    let unit = unit.ok_or_else(Error::not_found)?;
    Ok(Asked { indicator: indicator.to_ref(), kind: indicator.kind, unit: unit.name, theme: query.theme.unwrap_or(Theme::Auto), told })
}

/// The first page, by name or by period.
fn first() -> PageRequest {
    PageRequest { limit: MOST_ROWS, sort: vec![SortKey { name: "name", descending: false }], after: None, count: true }
}

/// What the results are asked: a series has its ends unless they are given, and bars have one period.
fn filters(db: &mut Db<'_>, indicator: &Defined, query: &ChartQuery) -> Result<ResultFilters> {
    let (period, year) = (query.period.clone(), query.year);
    let (mut from, mut to) = (query.from.clone(), query.to.clone());
    if query.breakdown.is_some() {
        let ends = [("from", from.is_some()), ("to", to.is_some())].into_iter().filter(|(_, given)| *given);
        let faults: Vec<Fault> = ends.map(|(name, _)| Fault::of(name, FaultCode::OutOfRange).with("period | year")).collect();
        if !faults.is_empty() {
            return Err(Error::invalid(faults));
        }
    }
    if query.breakdown.is_none() {
        let one = [("period", period.is_some()), ("year", year.is_some())].into_iter().filter(|(_, given)| *given);
        let faults: Vec<Fault> = one.map(|(name, _)| Fault::of(name, FaultCode::OutOfRange).with("breakdown=child")).collect();
        if !faults.is_empty() {
            return Err(Error::invalid(faults));
        }
        let kind = indicator.on(db.today()).map(|definition| definition.period_kind);
        let ends = periods::of_years(db, &[BASE_YEAR, LAST_YEAR])?;
        let mut ends = ends.into_iter().filter(|period| Some(period.kind) == kind);
        from = from.or_else(|| ends.clone().find(|period| period.year == BASE_YEAR).map(|period| period.code));
        to = to.or_else(|| ends.rfind(|period| period.year == LAST_YEAR).map(|period| period.code));
    }
    Ok(ResultFilters { unit: query.unit.clone(), period, year, from, to, breakdown: query.breakdown, ..ResultFilters::default() })
}

/// Where each of a unit's results should stand: its milestones, but for those that only repeat the one before or the target that the
/// way leads to, for then the target is all that is left to hold.
fn milestones(results: &[IndicatorResult]) -> Vec<Option<Decimal>> {
    let mut before = None;
    let milestone = |result: &IndicatorResult| {
        let milestone = result.milestone.filter(|milestone| before != Some(*milestone));
        before = result.milestone.or(before);
        let target = result.target.as_ref()?;
        milestone.filter(|milestone| target.year == result.year || target.value != Some(*milestone))
    };
    results.iter().map(milestone).collect()
}
