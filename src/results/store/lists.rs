//! Lists of results: what their parameters name, which periods they mean, and who may see small cells.

use chrono::Datelike;

use super::provenance::provenance;
use crate::db::Db;
use crate::db::page::{CursorValue, Page, PageRequest};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::Key;
use crate::indicators::store::{Defined, Which, defined};
use crate::periods::model::Period;
use crate::periods::store as periods;
use crate::results::model::{IndicatorResult, Provenance, ProvenanceFilters, ResultFilters, UnitResultFilters};
use crate::units::store::own_or_referred;

fn unknown(parameter: &'static str) -> Fault {
    Fault::of(parameter, FaultCode::UnknownReference)
}

/// The indicator of the path.
///
/// # Errors
/// 404 if there is none.
pub fn asked(db: &mut Db<'_>, key: &Key) -> Result<Defined> {
    defined(db, Which::Named(std::slice::from_ref(key)))?.pop().ok_or_else(Error::not_found)
}

/// The results of a unit, of all indicators or of one.
///
/// # Errors
/// 422 with every parameter that names nothing in scope.
pub fn unit_results(db: &mut Db<'_>, filters: &UnitResultFilters, page: &PageRequest) -> Result<Page<IndicatorResult>> {
    let mut faults = Vec::new();
    let unit = own_or_referred(db, unknown("unit"), filters.unit.as_deref(), &mut faults)?;
    let indicators = match filters.indicator.as_deref() {
        None => defined(db, Which::All)?,
        Some(text) => defined(db, Which::Named(&Key::parse(text).into_iter().collect::<Vec<_>>()))?,
    };
    if indicators.is_empty() {
        faults.push(unknown("indicator"));
    }
    let Some(unit) = unit.filter(|_| faults.is_empty()) else { return Err(Error::invalid(faults)) };
    let year = filters.year.unwrap_or(db.today().year());
    let results = super::of_unit(db, unit, &indicators, year)?;
    Ok(Page::slice(results, page, |result, name| if name == "code" { result.indicator.code.write() } else { result.indicator.id.write() }))
}

/// The results of an indicator: of one period, of a year, or a series; or of the units directly below.
///
/// # Errors
/// 404 if there is no such indicator; 422 with every parameter that is wrong.
pub fn indicator_results(db: &mut Db<'_>, key: &Key, filters: &ResultFilters, page: &PageRequest) -> Result<Page<IndicatorResult>> {
    let indicator = asked(db, key)?;
    let mut faults = Vec::new();
    let unit = own_or_referred(db, unknown("unit"), filters.unit.as_deref(), &mut faults)?;
    let periods = which_periods(db, &indicator, filters, &mut faults)?;
    let Some(unit) = unit.filter(|_| faults.is_empty()) else { return Err(Error::invalid(faults)) };
    if filters.breakdown.is_none() {
        let results = super::of_indicator(db, &[unit], indicator, &periods)?;
        return Ok(Page::slice(
            results,
            page,
            |result, name| if name == "name" { result.period.code.write() } else { result.period.id.write() },
        ));
    }
    let Some(period) = periods.first() else { return Ok(Page::slice(Vec::new(), page, |_, _| ().into())) };
    let scope = db.scope()?;
    let hidden = indicator.sensitive && unit.id != scope.root() && unit.id != scope.home();
    let (units, empty) = super::children(db, &unit, period.as_of, page)?.split();
    let mut results = super::of_indicator(db, &units, indicator, &periods)?;
    if hidden {
        super::withhold(&mut results);
    }
    Ok(empty.with(results))
}

/// The periods that a query means; every fault of it is told.
fn which_periods(db: &mut Db<'_>, indicator: &Defined, filters: &ResultFilters, faults: &mut Vec<Fault>) -> Result<Vec<Period>> {
    let kind = indicator.on(db.today()).map(|definition| definition.period_kind);
    let series = filters.from.is_some() || filters.to.is_some();
    if usize::from(filters.period.is_some()) + usize::from(filters.year.is_some()) + usize::from(series) > 1 {
        faults.push(Fault::of("period", FaultCode::OutOfRange).with("period | year | from & to"));
    }
    if series && filters.breakdown.is_some() {
        faults.push(Fault::of("breakdown", FaultCode::OutOfRange).with("period | year"));
    }
    let mut named = |db: &mut Db<'_>, parameter: &'static str, text: &str| -> Result<Option<Period>> {
        let found = periods::referred(db, unknown(parameter), text, faults)?;
        if let (Some(period), Some(kind)) = (&found, kind)
            && period.kind != kind
        {
            faults.push(Fault::of(parameter, FaultCode::PeriodKindMismatch).with(kind.as_str()));
        }
        Ok(found)
    };
    if series {
        let from = filters.from.as_deref().map(|text| named(db, "from", text)).transpose()?.flatten();
        let to = filters.to.as_deref().map(|text| named(db, "to", text)).transpose()?.flatten();
        for (parameter, given) in [("from", &filters.from), ("to", &filters.to)] {
            if given.is_none() {
                faults.push(Fault::of(parameter, FaultCode::Required));
            }
        }
        let (Some(from), Some(to)) = (from, to) else { return Ok(Vec::new()) };
        if from.as_of > to.as_of {
            faults.push(Fault::of("to", FaultCode::OutOfRange).with("≥ from"));
        }
        return periods::between(db, from.kind, from.as_of, to.as_of);
    }
    if let Some(text) = &filters.period {
        return Ok(named(db, "period", text)?.into_iter().collect());
    }
    let year = filters.year.unwrap_or(db.today().year());
    let latest = periods::of_years(db, &[year])?.into_iter().rfind(|period| Some(period.kind) == kind);
    Ok(latest.into_iter().collect())
}

/// What a result was made of.
///
/// # Errors
/// 404 if there is no such indicator; 422 with every parameter that is wrong.
pub fn sources(db: &mut Db<'_>, key: &Key, filters: &ProvenanceFilters, page: &PageRequest) -> Result<Page<Provenance>> {
    let indicator = asked(db, key)?;
    let mut faults = Vec::new();
    let unit = own_or_referred(db, unknown("unit"), filters.unit.as_deref(), &mut faults)?;
    let period = periods::referred(db, unknown("period"), &filters.period, &mut faults)?;
    if let (Some(period), Some(definition)) = (&period, period.as_ref().and_then(|period| indicator.on(period.as_of)))
        && period.kind != definition.period_kind
    {
        faults.push(Fault::of("period", FaultCode::PeriodKindMismatch).with(definition.period_kind.as_str()));
    }
    match (unit, period) {
        (Some(unit), Some(period)) if faults.is_empty() => provenance(db, &unit, &indicator, &period, page),
        _ => Err(Error::invalid(faults)),
    }
}
