//! Reading results from kept sums: a handful of statements, whatever the number of units below.

use std::collections::HashMap;

use chrono::NaiveDate;

use self::territories::{seats_of, territory};
use super::model::{Basis, Coverage, IndicatorResult, Milestone, MilestoneOrigin, ResultReason, Trajectory};
use super::rules::{self, Added, BASE_YEAR, Figures, Start, Way};
use super::sentence::sentence;
use crate::clock::Instant;
use crate::db::Db;
use crate::db::page::{Page, PageRequest};
use crate::error::{Code, Language, Result};
use crate::ids::{self, AnyId, IndicatorId, LocalityId, PeriodId, UnitId};
use crate::indicators::model::{Category, CollectedBy, Definition, Dimension, IndicatorKind, Side, Target};
use crate::indicators::rules::Fraction;
use crate::indicators::store::{Defined, Started, baselines, in_force};
use crate::periods::model::{Period, PeriodKind};
use crate::periods::store as periods;
use crate::sums::collectors::{self, Collectors};
use crate::sums::recast::{self, Asked, Known, View};
use crate::sums::values::{self, Amount, Key, WHOLE};
use crate::units::model::{Unit, UnitRef};
use crate::units::store::{Seat, seats};
use crate::values::model::State;

mod lists;
mod own;
mod provenance;
mod territories;
pub use lists::{asked, indicator_results, ranking, sources, unit_milestones, unit_results};

/// From where results are looked at, in the words of a query.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// The tree of today, where that is asked.
    pub tree: Option<NaiveDate>,
    /// What was known at the end of this day.
    pub as_of: Option<NaiveDate>,
}

impl Look {
    /// The day whose tree counts for a period.
    fn day(self, period: &Period) -> NaiveDate {
        self.tree.unwrap_or(period.as_of)
    }

    fn view(self) -> View {
        View { tree: self.tree, known: self.as_of.and_then(|day| day.succ_opt()).map(Instant::start_of) }
    }
}

/// Everything that results of some units are made of, read once.
pub struct Table {
    look: Look,
    sums: HashMap<Key, Amount>,
    collectors: HashMap<AnyId, Collectors>,
    targets: HashMap<UnitId, Vec<(IndicatorId, Target)>>,
    started: HashMap<(UnitId, IndicatorId), Start>,
    seats: HashMap<UnitId, Vec<Seat>>,
    bases: Vec<Period>,
    states: own::States,
    reached: own::Reached,
    recognised: own::Recognised,
}

/// Figures that are added up, with the territories of the units that they are of.
struct Figured {
    seats: HashMap<UnitId, Vec<Seat>>,
    sums: HashMap<Key, Amount>,
    /// What is not added up, where it is not what is recorded now.
    known: Option<Vec<Known>>,
}

/// The nodes that figures of units are kept at: the units, and the territories in their charge.
fn nodes_of(units: &[Unit], seats: &HashMap<UnitId, Vec<Seat>>) -> Vec<AnyId> {
    let own = units.iter().map(|unit| unit.id.any());
    own.chain(seats.values().flatten().map(|(_, _, place)| place.any())).collect()
}

/// The levels of the communes in the charge of units.
fn recognised(
    db: &mut Db<'_>,
    seats: &HashMap<UnitId, Vec<Seat>>,
    indicators: &[Defined],
    periods: &[PeriodId],
    known: Option<&[Known]>,
) -> Result<own::Recognised> {
    let territories: Vec<LocalityId> = seats.values().flatten().map(|(_, _, place)| *place).collect();
    let levelled = indicators.iter().filter(|indicator| indicator.kind == IndicatorKind::Level).map(|indicator| indicator.id).collect();
    own::recognised(db, &territories, levelled, periods, known)
}

fn single(indicators: &[Defined]) -> Option<IndicatorId> {
    match indicators {
        [one] => Some(one.id),
        _ => None,
    }
}

impl Table {
    /// Reads what results of these units for these indicators and periods, and for those of the base year, are made of.
    ///
    /// # Errors
    /// Database errors.
    pub fn read(
        db: &mut Db<'_>,
        units: &[Unit],
        indicators: &[Defined],
        (asked, bases): (&[Period], Vec<Period>),
        look: Look,
        slots: &[i32],
    ) -> Result<Self> {
        let seats = seats_of(db, units)?;
        let nodes = nodes_of(units, &seats);
        let periods: Vec<PeriodId> = asked.iter().chain(&bases).map(|period| period.id).collect();
        let single = single(indicators);
        let view = look.view();
        let wanted = Asked { nodes: &nodes, periods: &periods, indicator: single, places: !seats.is_empty() };
        let known = if view.is_kept() { None } else { Some(recast::known(db, wanted, view.known)?) };
        let sums = match &known {
            None => values::read(db, &nodes, &periods, single, slots)?,
            Some(known) => {
                let day = |id: PeriodId| asked.iter().chain(&bases).find(|period| period.id == id).map(|period| look.day(period));
                recast::added_up(db, wanted, known, day)?
            }
        };
        Self::around(db, units, indicators, (&periods, bases), look, Figured { seats, sums, known })
    }

    /// Reads what stands around figures: targets, baselines, who was to collect, and what is not added up.
    fn around(
        db: &mut Db<'_>,
        units: &[Unit],
        indicators: &[Defined],
        (periods, bases): (&[PeriodId], Vec<Period>),
        look: Look,
        figured: Figured,
    ) -> Result<Self> {
        let Figured { seats, sums, known } = figured;
        let single = single(indicators);
        let named: Vec<UnitRef> = units.iter().map(Unit::to_ref).collect();
        let set = baselines(db, &units.iter().map(|unit| unit.id).collect::<Vec<_>>(), single)?;
        let start = |(baseline, number): Started| ((baseline.unit.id, baseline.indicator), Start { year: baseline.year, number });
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        let states_matter = indicators.iter().any(|indicator| indicator.kind == IndicatorKind::Status);
        let states = if states_matter { own::states(db, &ids, periods, known.as_deref())? } else { own::States::default() };
        // As it was known on an earlier day only what was told by then is.
        let reached = if states_matter && look.as_of.is_none() { own::reached(db, &ids)? } else { own::Reached::default() };
        let recognised = recognised(db, &seats, indicators, periods, known.as_deref())?;
        Ok(Self {
            states,
            reached,
            recognised,
            look,
            sums,
            collectors: collectors::read(db, &nodes_of(units, &seats))?,
            targets: in_force(db, &named, single, Some(BASE_YEAR))?,
            started: set.into_iter().map(start).collect(),
            seats,
            bases,
        })
    }

    fn added(&self, unit: &Unit, indicator: IndicatorId, definition: &Definition, period: &Period, slot: i32) -> Added {
        let day = self.look.day(period);
        let place = territory(unit, &self.seats, day);
        let sum = |node: AnyId| self.sums.get(&(node, period.id, indicator, slot)).copied().unwrap_or_default();
        let expected = |side: Option<&Side>| {
            let Some(side) = side else { return 0 };
            let node = match side.by {
                CollectedBy::Unit => Some(unit.id.any()),
                CollectedBy::Locality => place.map(LocalityId::any),
            };
            let counted = node.and_then(|node| self.collectors.get(&node));
            counted.map_or(0, |counted| counted.on(day, |kind, levels| side.takes(kind, levels)))
        };
        Added {
            units: sum(unit.id.any()),
            places: place.map(|place| sum(place.any())).unwrap_or_default(),
            expected_above: expected(definition.counted()),
            expected_below: expected(definition.denominator.as_ref()),
        }
    }

    fn figures(&self, unit: &Unit, indicator: &Defined, definition: &Definition, period: &Period, slot: i32) -> Figures {
        if indicator.kind == IndicatorKind::Level {
            let day = self.look.day(period);
            let place = territory(unit, &self.seats, day);
            let communes = place.map(|place| self.recognised.communes(place, period.id, indicator.id, day));
            return rules::levelled(definition, communes.as_ref());
        }
        rules::figures(indicator.kind, definition, &self.added(unit, indicator.id, definition, period, slot))
    }

    /// Where a unit started: what was set, else its own result of the base year, if that was counted by the same definition.
    fn start(&self, unit: &Unit, indicator: &Defined, definition: &Definition, slot: i32) -> Option<Start> {
        if slot == WHOLE
            && let Some(start) = self.started.get(&(unit.id, indicator.id))
        {
            return Some(*start);
        }
        let base = self.bases.iter().rev().find(|period| period.kind == definition.period_kind)?;
        let counted_by = indicator.on(base.as_of).filter(|then| then.version == definition.version)?;
        let number = self.figures(unit, indicator, counted_by, base, slot).number?;
        Some(Start { year: BASE_YEAR, number })
    }

    /// The result of a unit for an indicator and a period; `None` if the indicator has no definition.
    #[must_use]
    pub fn result(&self, unit: &Unit, indicator: &Defined, period: &Period, category: Option<Category>) -> Option<IndicatorResult> {
        let slot = category.map_or(WHOLE, Category::slot);
        let definition = indicator.on(period.as_of)?;
        let mut figures = self.figures(unit, indicator, definition, period, slot);
        let start = self.start(unit, indicator, definition, slot);
        let own = self.targets.get(&unit.id).into_iter().flatten().filter(|(of, _)| *of == indicator.id);
        let targets: Vec<&Target> = own.map(|(_, target)| target).collect();
        let way = Way { targets: &targets, start };
        let target = way.target(period.year);
        let reached = self.reached.get(&(unit.id, indicator.id)).filter(|(by, _)| *by < period.as_of);
        let state = self.states.get(&(unit.id, period.id, indicator.id)).copied();
        let state = state.or(reached.map(|(_, on)| (State::Done, *on)));
        let standing = if indicator.kind == IndicatorKind::Status {
            let collects = definition.count.as_ref().is_some_and(|side| side.is_collected_by(unit.kind, &unit.levels));
            let (one, told) = (i64::from(collects), i64::from(state.is_some()));
            figures.coverage = Coverage { expected: one, included: told, missing: (one - told).max(0) };
            figures.complete = figures.coverage.missing == 0;
            rules::stated(state.map(|state| state.0), state.and_then(|state| state.1), collects, target)
        } else {
            way.standing(figures.number, figures.reason, period.year)
        };
        let is_ratio = definition.numerator.is_some();
        let shown = figures.number.map(Fraction::shown);
        let (basis, recast) = match self.look.tree {
            None => (Basis::AsReported, ""),
            Some(_) => (Basis::CurrentTree, "&basis=current_tree"),
        };
        let mut result = IndicatorResult {
            indicator: indicator.to_ref(),
            unit: unit.to_ref(),
            period: period.to_ref(),
            year: period.year,
            kind: indicator.kind,
            category,
            numerator: figures.numerator,
            denominator: figures.denominator,
            count: figures.count,
            level: figures.level,
            state: state.map(|state| state.0),
            rate: shown.filter(|_| is_ratio),
            baseline: start.map(|start| start.number.shown()),
            target: target.cloned(),
            operator: target.map(|target| target.operator),
            attained: standing.attained,
            reason: standing.reason,
            gap: standing.gap,
            trajectory: standing.trajectory,
            milestone: way.milestone(period.year).filter(|_| period.year > BASE_YEAR).map(|point| point.number.shown()),
            projected_year: standing.projected_year,
            provisional: !figures.complete || period.locked_at.is_none(),
            withheld: false,
            definition_version: definition.version,
            basis,
            as_of: self.look.as_of,
            coverage: figures.coverage,
            denominator_coverage: figures.below,
            sentence_vi: None,
            sentence_en: None,
            provenance: self
                .look
                .as_of
                .is_none()
                .then(|| format!("/api/v1/indicators/{}/provenance?unit={}&period={}{recast}", indicator.code, unit.code, period.code)),
        };
        result.sentence_vi = Some(sentence(&result, Language::Vi));
        result.sentence_en = Some(sentence(&result, Language::En));
        Some(result)
    }
}

/// The milestones of a unit for an indicator: of each year from the one after the base to that of the last target.
///
/// # Errors
/// Database errors.
pub fn milestones(db: &mut Db<'_>, unit: &Unit, indicator: &Defined) -> Result<Vec<Milestone>> {
    let bases = both(db, BASE_YEAR)?.0;
    let table = Table::read(db, std::slice::from_ref(unit), std::slice::from_ref(indicator), (&[], bases), Look::default(), &[WHOLE])?;
    let Some(definition) = indicator.on(db.today()) else { return Ok(Vec::new()) };
    let targets: Vec<&Target> = table.targets.get(&unit.id).into_iter().flatten().map(|(_, target)| target).collect();
    let way = Way { targets: &targets, start: table.start(unit, indicator, definition, WHOLE) };
    let last = targets.last().map_or(BASE_YEAR, |target| target.year);
    let milestone = |year: i32| {
        let point = way.milestone(year)?;
        let origin = if point.drawn { MilestoneOrigin::Drawn } else { MilestoneOrigin::Typed };
        Some(Milestone { year, operator: point.target.operator, value: point.number.shown(), origin, target_year: point.target.year })
    };
    Ok((BASE_YEAR + 1..=last).filter_map(milestone).collect())
}

/// The results of a unit for all of these indicators, each at its own period of the year: the latest of its kind.
///
/// # Errors
/// Database errors.
pub fn of_unit(db: &mut Db<'_>, unit: Unit, indicators: &[Defined], year: i32, look: Look) -> Result<Vec<IndicatorResult>> {
    let (asked, bases): (Vec<Period>, Vec<Period>) = both(db, year)?;
    let table = Table::read(db, std::slice::from_ref(&unit), indicators, (&asked, bases), look, &[WHOLE])?;
    let result = |indicator: &Defined| {
        let kind = indicator.on(asked.last()?.as_of)?.period_kind;
        table.result(&unit, indicator, asked.iter().rev().find(|period| period.kind == kind)?, None)
    };
    Ok(indicators.iter().filter_map(result).collect())
}

/// What a report adds up to: amounts of units and of localities by indicator and period, and what is not added up.
#[derive(Debug, Default)]
pub struct Reported {
    /// What units recorded.
    pub units: HashMap<(IndicatorId, PeriodId), Amount>,
    /// What was recorded of localities.
    pub places: HashMap<(IndicatorId, PeriodId), Amount>,
    /// Levels and states.
    pub known: Vec<Known>,
}

/// The results of a unit by figures that a report adds up to, each indicator at the period given beside it.
///
/// # Errors
/// Database errors.
pub fn of_report(db: &mut Db<'_>, unit: &Unit, asked: &[(Defined, Period)], reported: Reported) -> Result<Vec<IndicatorResult>> {
    let units = std::slice::from_ref(unit);
    let bases = both(db, BASE_YEAR)?.0;
    // The figures are the report's own, also of what its unit is not in charge of any more; those of the base year are read as by anybody.
    let (seats, read) = (seats(db, vec![unit.id])?, seats_of(db, units)?);
    let nodes = nodes_of(units, &read);
    let first: Vec<PeriodId> = bases.iter().map(|period| period.id).collect();
    let mut sums = values::read(db, &nodes, &first, None, &[WHOLE])?;
    // What was reported stands in the place of what is recorded, for the base year as well where it is that year's report.
    sums.retain(|(_, period, indicator, _), _| !asked.iter().any(|(one, of)| one.id == *indicator && of.id == *period));
    sums.extend(reported.units.into_iter().map(|((indicator, period), amount)| ((unit.id.any(), period, indicator, WHOLE), amount)));
    for ((indicator, period), amount) in reported.places {
        let day = asked.iter().find(|(_, one)| one.id == period).map(|(_, one)| one.as_of);
        if let Some(place) = day.and_then(|day| territory(unit, &seats, day)) {
            sums.insert((place.any(), period, indicator, WHOLE), amount);
        }
    }
    let indicators: Vec<Defined> = asked.iter().map(|(indicator, _)| indicator.clone()).collect();
    let mut periods: Vec<PeriodId> = asked.iter().map(|(_, period)| period.id).chain(first.iter().copied()).collect();
    periods.sort_unstable();
    periods.dedup();
    let figured = Figured { seats, sums, known: Some(reported.known) };
    let mut table = Table::around(db, units, &indicators, (&periods, bases), Look::default(), figured)?;
    let recorded = recognised(db, &table.seats, &indicators, &first, None)?;
    table.recognised = table.recognised.or(recorded);
    Ok(asked.iter().filter_map(|(indicator, period)| table.result(unit, indicator, period, None)).collect())
}

/// The periods of a year and those of the base year, of the kinds that indicators use.
fn both(db: &mut Db<'_>, year: i32) -> Result<(Vec<Period>, Vec<Period>)> {
    let of_year = |of: i32| move |period: &&Period| period.year == of && is_used(period.kind);
    let all = periods::of_years(db, &[year, BASE_YEAR])?;
    Ok((all.iter().filter(of_year(year)).cloned().collect(), all.iter().filter(of_year(BASE_YEAR)).cloned().collect()))
}

/// Months and quarters are periods of reports; indicators are of the year and of the school calendar.
fn is_used(kind: PeriodKind) -> bool {
    !matches!(kind, PeriodKind::Month | PeriodKind::Quarter | PeriodKind::Half | PeriodKind::NineMonths)
}

/// The results of units for one indicator and some periods, unit by unit: of the whole, or of each category of a dimension.
///
/// # Errors
/// Database errors.
pub fn of_indicator(
    db: &mut Db<'_>,
    units: &[Unit],
    indicator: &Defined,
    asked: &[Period],
    look: Look,
    dimension: Option<Dimension>,
) -> Result<Vec<IndicatorResult>> {
    let bases = both(db, BASE_YEAR)?.0;
    let parts: Vec<Option<Category>> = match dimension {
        None => vec![None],
        Some(dimension) => dimension.categories().map(Some).collect(),
    };
    let slots: Vec<i32> = parts.iter().map(|part| part.map_or(WHOLE, Category::slot)).collect();
    let table = Table::read(db, units, std::slice::from_ref(indicator), (asked, bases), look, &slots)?;
    let each = units.iter().flat_map(|unit| asked.iter().map(move |period| (unit, period)));
    let of_each = each.flat_map(|(unit, period)| parts.iter().map(move |part| (unit, period, *part)));
    Ok(of_each.filter_map(|(unit, period, part)| table.result(unit, indicator, period, part)).collect())
}

/// A page of the units that stood directly below one on a day.
///
/// # Errors
/// Database errors.
fn children(db: &mut Db<'_>, unit: &Unit, day: NaiveDate, page: &PageRequest) -> Result<Page<Unit>> {
    let (mut units, empty) = all_children(db, unit, day, page)?.split();
    units.retain(is_among_us);
    Ok(empty.with(units))
}

/// The same with those that stand elsewhere today, as cards.
fn all_children(db: &mut Db<'_>, unit: &Unit, day: NaiveDate, page: &PageRequest) -> Result<Page<Unit>> {
    match crate::units::store::children(db, &ids::Key::from(unit.id), Some(day), page) {
        // It was not there yet, so nothing stood below it.
        Err(error) if error.code() == Code::NotFound => Ok(Page::slice(Vec::new(), page, |_, _| ().into())),
        found => found,
    }
}

/// Whether a unit stands in the scope today: one that stood below another then and stands elsewhere now is a card, and its results are its own.
fn is_among_us(unit: &Unit) -> bool {
    unit.version.is_some()
}

/// Withholds small cells of siblings below the caller's children. Where they started, and so where they should be, is told of none:
/// the cells of that year may be small.
fn withhold(results: &mut [IndicatorResult], unseen: bool) {
    let numerators: Vec<Option<i64>> = results.iter().map(|result| result.numerator).collect();
    for (result, small) in results.iter_mut().zip(rules::small_cells(&numerators, unseen)) {
        (result.baseline, result.milestone, result.projected_year) = (None, None, None);
        if small {
            conceal(result);
        }
    }
}

/// Withholds what a result says.
pub fn conceal(result: &mut IndicatorResult) {
    result.withheld = true;
    (result.baseline, result.milestone, result.projected_year) = (None, None, None);
    (result.numerator, result.denominator, result.rate, result.gap) = (None, None, None, None);
    (result.attained, result.reason) = (None, Some(ResultReason::SmallCell));
    result.trajectory = Trajectory::NoData;
    result.sentence_vi = Some(sentence(result, Language::Vi));
    result.sentence_en = Some(sentence(result, Language::En));
}
