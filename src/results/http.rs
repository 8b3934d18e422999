//! Results on HTTP.

use chrono::Datelike;

use super::model::{IndicatorResult, Provenance, ProvenanceFilters, ResultFilters, UnitResultFilters};
use super::store;
use crate::access::Access;
use crate::access::policy::ReadResults;
use crate::db::Db;
use crate::db::page::{CursorValue, Page, PageRequest};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::http::answers::Paged;
use crate::http::list::{Filters, List};
use crate::http::parts::Path;
use crate::http::registrar::Registrar;
use crate::ids::Key;
use crate::indicators::store::{Defined, Which, defined};
use crate::periods::model::Period;
use crate::periods::store as periods;
use crate::units::model::Unit;
use crate::units::store::own_or_referred;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("results", "Kết quả: values added up over a unit and all below it, and held against the targets.");
    api.path("/results")
        .get(list_unit_results, "Read the results of a unit", "Of all indicators, each at its own period of the year.")
        .done();
    api.path("/indicators/{indicator}/results")
        .get(
            list_indicator_results,
            "Read the results of an indicator",
            "Of one period, of a year, or a series from one period to another; `breakdown=child` for each unit directly below.",
        )
        .done();
    api.path("/indicators/{indicator}/provenance")
        .get(list_provenance, "Read what a result was made of", "Each unit and locality that was to give something, and what it gave.")
        .done();
}

impl Filters for UnitResultFilters {
    const SORTS: &'static [&'static str] = &["code"];
    fn several(&self) -> bool {
        true
    }
}

impl Filters for ResultFilters {
    const SORTS: &'static [&'static str] = &["name"];
    fn several(&self) -> bool {
        true
    }
}

impl Filters for ProvenanceFilters {
    const SORTS: &'static [&'static str] = &["code"];
    const ONE_WAY: bool = true;
    fn several(&self) -> bool {
        true
    }
}

async fn list_unit_results(access: Access<ReadResults>, list: List<UnitResultFilters>) -> Result<Paged<IndicatorResult>> {
    list.answer(&access, |db, list| unit_results(db, &list.filters, &list.page)).await
}

async fn list_indicator_results(
    access: Access<ReadResults>,
    Path(key): Path<Key>,
    list: List<ResultFilters>,
) -> Result<Paged<IndicatorResult>> {
    list.answer(&access, move |db, list| indicator_results(db, &key, &list.filters, &list.page)).await
}

async fn list_provenance(access: Access<ReadResults>, Path(key): Path<Key>, list: List<ProvenanceFilters>) -> Result<Paged<Provenance>> {
    list.answer(&access, move |db, list| provenance(db, &key, &list.filters, &list.page)).await
}

fn unknown(parameter: &'static str) -> Fault {
    Fault::of(parameter, FaultCode::UnknownReference)
}

/// The indicator of the path.
fn asked(db: &mut Db<'_>, key: &Key) -> Result<Defined> {
    defined(db, Which::Named(std::slice::from_ref(key)))?.pop().ok_or_else(Error::not_found)
}

fn unit_results(db: &mut Db<'_>, filters: &UnitResultFilters, page: &PageRequest) -> Result<Page<IndicatorResult>> {
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
    let results = store::of_unit(db, unit, &indicators, year)?;
    Ok(Page::slice(results, page, |result, name| if name == "code" { result.indicator.code.write() } else { result.indicator.id.write() }))
}

fn indicator_results(db: &mut Db<'_>, key: &Key, filters: &ResultFilters, page: &PageRequest) -> Result<Page<IndicatorResult>> {
    let indicator = asked(db, key)?;
    let mut faults = Vec::new();
    let unit = own_or_referred(db, unknown("unit"), filters.unit.as_deref(), &mut faults)?;
    let periods = which_periods(db, &indicator, filters, &mut faults)?;
    let Some(unit) = unit.filter(|_| faults.is_empty()) else { return Err(Error::invalid(faults)) };
    if filters.breakdown.is_none() {
        let results = store::of_indicator(db, &[unit], indicator, &periods)?;
        return Ok(Page::slice(
            results,
            page,
            |result, name| if name == "name" { result.period.code.write() } else { result.period.id.write() },
        ));
    }
    let Some(period) = periods.first() else { return Ok(Page::slice(Vec::new(), page, |_, _| ().into())) };
    let scope = db.scope()?;
    let hidden = indicator.sensitive && unit.id != scope.root() && unit.id != scope.home();
    let (units, empty) = store::children(db, &unit, period.as_of, page)?.split();
    let mut results = store::of_indicator(db, &units, indicator, &periods)?;
    if hidden {
        store::withhold(&mut results);
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

fn provenance(db: &mut Db<'_>, key: &Key, filters: &ProvenanceFilters, page: &PageRequest) -> Result<Page<Provenance>> {
    let indicator = asked(db, key)?;
    let mut faults = Vec::new();
    let unit: Option<Unit> = own_or_referred(db, unknown("unit"), filters.unit.as_deref(), &mut faults)?;
    let period = periods::referred(db, unknown("period"), &filters.period, &mut faults)?;
    if let (Some(period), Some(definition)) = (&period, period.as_ref().and_then(|period| indicator.on(period.as_of)))
        && period.kind != definition.period_kind
    {
        faults.push(Fault::of("period", FaultCode::PeriodKindMismatch).with(definition.period_kind.as_str()));
    }
    match (unit, period) {
        (Some(unit), Some(period)) if faults.is_empty() => store::provenance(db, &unit, &indicator, &period, page),
        _ => Err(Error::invalid(faults)),
    }
}
