//! Lists of results: what their parameters name, which periods they mean, and who may see small cells.

use chrono::{Datelike, NaiveDate};

use super::Look;
use super::provenance::provenance;
use crate::db::Db;
use crate::db::page::{CursorValue, Page, PageRequest, SortKey};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::Key;
use crate::indicators;
use crate::indicators::model::{Category, Dimension};
use crate::indicators::rules::Fraction;
use crate::indicators::store::{Defined, Which, defined};
use crate::periods::model::Period;
use crate::periods::store as periods;
use crate::results::model::{
    Basis, Breakdown, IndicatorResult, Milestone, MilestoneFilters, Provenance, ProvenanceFilters, Ranked, RankingFilters, ResultFilters,
    UnitResultFilters,
};
use crate::results::rules;
use crate::units;
use crate::units::model::Unit;
use crate::units::store::own_or_referred;

/// No unit has more directly below it.
const MOST_SIBLINGS: i64 = 10_000;

fn everyone() -> PageRequest {
    PageRequest { limit: MOST_SIBLINGS, sort: vec![SortKey { name: "name", descending: false }], after: None, count: false }
}

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
    let look = look(db, filters.basis, filters.as_of, &mut faults);
    let Some(unit) = unit.filter(|_| faults.is_empty()) else { return Err(Error::invalid(faults)) };
    let year = filters.year.unwrap_or(db.today().year());
    let own = is_own(db, &unit)?;
    let mut results = super::of_unit(db, unit, &indicators, year, look)?;
    if !db.context.caller.sees_small_cells() {
        let sensitive = |result: &&mut IndicatorResult| indicators.iter().any(|one| one.sensitive && one.id.any() == result.indicator.id);
        for result in results.iter_mut().filter(sensitive) {
            // Another view withholds other cells, and the two together would tell them.
            if own && look.tree.is_none() && look.as_of.is_none() {
                super::withhold(std::slice::from_mut(result), false);
            } else {
                super::conceal(result);
            }
        }
    }
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
    let look = look(db, filters.basis, filters.as_of, &mut faults);
    let dimension = filters.breakdown.and_then(Breakdown::dimension);
    faults.extend(dimension.and_then(|dimension| fault_of_breakdown(&indicator, &periods, dimension, look)));
    let Some(unit) = unit.filter(|_| faults.is_empty()) else { return Err(Error::invalid(faults)) };
    let scope = db.scope()?;
    let above = |unit: &Unit| unit.id == scope.root() || unit.id == scope.home();
    let discreet = indicator.sensitive && !db.context.caller.sees_small_cells();
    if filters.breakdown == Some(Breakdown::Child) {
        let Some(period) = periods.first() else { return Ok(Page::slice(Vec::new(), page, |_, _| ().into())) };
        let (units, empty) = super::children(db, &unit, look.day(period), page)?.split();
        if !indicator.sensitive || (above(&unit) && !discreet) {
            return Ok(empty.with(super::of_indicator(db, &units, &indicator, &periods, look, None)?));
        }
        refuse_other_views(look)?;
        // What is withheld is decided among all siblings, or pages of different lengths would tell it between them.
        let (all, unseen) = siblings(db, &unit, look.day(period))?;
        let mut results = super::of_indicator(db, &all, &indicator, &periods, look, None)?;
        if discreet && !above(&unit) {
            results.iter_mut().for_each(super::conceal);
        } else {
            super::withhold(&mut results, unseen);
        }
        results.retain(|result| units.iter().any(|unit| unit.id == result.unit.id));
        return Ok(empty.with(results));
    }
    let mut results = super::of_indicator(db, std::slice::from_ref(&unit), &indicator, &periods, look, dimension)?;
    let below = unit.parent.as_ref().is_some_and(|parent| parent.id != scope.root() && parent.id != scope.home());
    if discreet {
        refuse_other_views(look)?;
        if above(&unit) {
            results.chunk_by_mut(|one, other| one.period.id == other.period.id).for_each(|siblings| super::withhold(siblings, false));
            if dimension.is_some() {
                withhold_lacking(db, &unit, &indicator, &periods, &mut results)?;
            }
        } else if below || dimension.is_some() {
            results.iter_mut().for_each(super::conceal);
        } else {
            withhold_among_siblings(db, &unit, &indicator, &periods, &mut results)?;
        }
    } else if indicator.sensitive && dimension.is_some() && !above(&unit) && below {
        results.chunk_by_mut(|one, other| one.period.id == other.period.id).for_each(|siblings| super::withhold(siblings, false));
    }
    let place = |result: &IndicatorResult| format!("{}/{}", result.period.code, result.category.map_or(0, Category::slot));
    Ok(Page::slice(results, page, |result, name| if name == "name" { place(result).write() } else { result.period.id.write() }))
}

/// Another view withholds other cells, and the two together would tell them.
fn refuse_other_views(look: Look) -> Result<()> {
    let parameter = match (look.tree, look.as_of) {
        (Some(_), _) => "basis",
        (None, Some(_)) => "as_of",
        (None, None) => return Ok(()),
    };
    Err(Error::invalid(vec![Fault::of(parameter, FaultCode::OutOfRange).with("as_reported")]))
}

/// Every unit that stood directly below one on a day, and whether there were others, whose results are their own today.
fn siblings(db: &mut Db<'_>, unit: &Unit, day: NaiveDate) -> Result<(Vec<Unit>, bool)> {
    let (mut units, _) = super::all_children(db, unit, day, &everyone())?.split::<Unit>();
    let unseen = !units.iter().all(super::is_among_us);
    units.retain(super::is_among_us);
    Ok((units, unseen))
}

/// Withholds parts that are not of all who recorded the whole: what they lack of it is what the others recorded, who may be one.
fn withhold_lacking(db: &mut Db<'_>, unit: &Unit, indicator: &Defined, periods: &[Period], results: &mut [IndicatorResult]) -> Result<()> {
    let wholes = super::of_indicator(db, std::slice::from_ref(unit), indicator, periods, Look::default(), None)?;
    let of = |result: &IndicatorResult| (result.coverage.included, result.denominator_coverage.as_ref().map(|below| below.included));
    for parts in results.chunk_by_mut(|one, other| one.period.id == other.period.id) {
        let whole = wholes.iter().find(|whole| parts.iter().all(|part| part.period.id == whole.period.id)).map(of);
        if parts.iter().any(|part| Some(of(part)) != whole) {
            parts.iter_mut().for_each(super::conceal);
        }
    }
    Ok(())
}

/// Withholds of one unit what a list of it and its siblings would.
fn withhold_among_siblings(
    db: &mut Db<'_>,
    unit: &Unit,
    indicator: &Defined,
    periods: &[Period],
    results: &mut [IndicatorResult],
) -> Result<()> {
    let Some(parent) = &unit.parent else { return Ok(()) };
    let parent = units::store::get(db, &Key::from(parent.id), None)?.whole()?.clone();
    for period in periods {
        let (all, unseen) = siblings(db, &parent, Look::default().day(period))?;
        let mut siblings = super::of_indicator(db, &all, indicator, std::slice::from_ref(period), Look::default(), None)?;
        super::withhold(&mut siblings, unseen);
        // One that is not among them today was among others then, and what these tell is not known.
        let shown = siblings.iter().any(|one| one.unit.id == unit.id && !one.withheld);
        for result in results.iter_mut().filter(|result| result.period.id == period.id.any()) {
            if shown { (result.baseline, result.milestone, result.projected_year) = (None, None, None) } else { super::conceal(result) }
        }
    }
    Ok(())
}

/// Whether a unit is the caller's own.
fn is_own(db: &Db<'_>, unit: &Unit) -> Result<bool> {
    db.scope().map(|scope| scope.is_own(unit.id))
}

/// The units directly below one, ranked by their results.
///
/// # Errors
/// 404 if there is no such indicator; 422 with every parameter that is wrong.
pub fn ranking(db: &mut Db<'_>, key: &Key, filters: &RankingFilters, page: &PageRequest) -> Result<Page<Ranked>> {
    let children = ResultFilters {
        unit: filters.unit.clone(),
        period: filters.period.clone(),
        year: filters.year,
        breakdown: Some(Breakdown::Child),
        basis: filters.basis,
        as_of: filters.as_of,
        ..ResultFilters::default()
    };
    let (results, _) = indicator_results(db, key, &children, &everyone())?.split::<Ranked>();
    let direction = indicators::store::get(db, key)?.direction;
    let numbers: Vec<Option<Fraction>> = results.iter().map(number).collect();
    let mut results: Vec<Option<IndicatorResult>> = results.into_iter().map(Some).collect();
    let place = |(index, rank, tied): (usize, Option<usize>, bool)| {
        let result = results.get_mut(index).and_then(Option::take)?;
        Some(Ranked { rank, tied, result })
    };
    let ranked: Vec<Ranked> = rules::ranking(&numbers, direction).into_iter().filter_map(place).collect();
    Ok(Page::slice(ranked, page, |row, name| if name == "rank" { row.rank.into() } else { row.result.unit.id.write() }))
}

/// The number that a result says, exactly.
fn number(result: &IndicatorResult) -> Option<Fraction> {
    let whole = result.count.or(result.level.map(i64::from)).map(Fraction::whole);
    result.numerator.zip(result.denominator).and_then(|(above, below)| Fraction::percent(above, below)).or(whole)
}

/// From where a query looks.
fn look(db: &Db<'_>, basis: Option<Basis>, as_of: Option<NaiveDate>, faults: &mut Vec<Fault>) -> Look {
    if as_of.is_some_and(|day| day > db.today()) {
        faults.push(Fault::of("as_of", FaultCode::OutOfRange).with(format!("≤ {}", db.today())));
    }
    Look { tree: (basis == Some(Basis::CurrentTree)).then(|| db.today()), as_of }
}

/// Parts are kept for the dimensions of the definition, in the tree of the period and as they are known now.
fn fault_of_breakdown(indicator: &Defined, periods: &[Period], dimension: Dimension, look: Look) -> Option<Fault> {
    let definition = indicator.on(periods.last()?.as_of)?;
    let words: Vec<&str> = std::iter::once("child").chain(definition.disaggregations.iter().map(|one| one.as_str())).collect();
    if !definition.disaggregations.contains(&dimension) {
        return Some(Fault::of("breakdown", FaultCode::NotInList).with(words.join(", ")));
    }
    let recast = look.tree.is_some() || look.as_of.is_some();
    recast.then(|| Fault::of("breakdown", FaultCode::NotInList).with("child"))
}

/// The periods that a query means; every fault of it is told.
fn which_periods(db: &mut Db<'_>, indicator: &Defined, filters: &ResultFilters, faults: &mut Vec<Fault>) -> Result<Vec<Period>> {
    let kind = indicator.on(db.today()).map(|definition| definition.period_kind);
    let series = filters.from.is_some() || filters.to.is_some();
    if usize::from(filters.period.is_some()) + usize::from(filters.year.is_some()) + usize::from(series) > 1 {
        faults.push(Fault::of("period", FaultCode::OutOfRange).with("period | year | from & to"));
    }
    if series && filters.breakdown == Some(Breakdown::Child) {
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
        (Some(unit), Some(period)) if faults.is_empty() => {
            let look = look(db, filters.basis, None, &mut faults);
            let mut found = provenance(db, &unit, &indicator, &period, look.day(&period), page)?;
            if indicator.sensitive && !db.context.caller.sees_small_cells() {
                for row in &mut found.rows {
                    (row.numerator, row.denominator) = (None, None);
                }
            }
            Ok(found)
        }
        _ => Err(Error::invalid(faults)),
    }
}

/// The milestones of a unit for an indicator.
///
/// # Errors
/// 404 if there is no such indicator; 422 if the parameter names no unit in scope.
pub fn unit_milestones(db: &mut Db<'_>, key: &Key, filters: &MilestoneFilters) -> Result<Vec<Milestone>> {
    let indicator = asked(db, key)?;
    let mut faults = Vec::new();
    let unit = own_or_referred(db, unknown("unit"), filters.unit.as_deref(), &mut faults)?;
    let unit = unit.ok_or_else(|| Error::invalid(faults))?;
    if indicator.sensitive && !db.context.caller.sees_small_cells() {
        // They begin at what was recorded in the base year.
        return Ok(Vec::new());
    }
    super::milestones(db, &unit, &indicator)
}
