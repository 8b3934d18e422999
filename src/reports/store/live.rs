//! What a report says while it is written: what its unit recorded and what it was put together of, as they stand now.

use std::collections::HashMap;

use chrono::Datelike;
use diesel::prelude::*;

use super::row::{self, Row, amount};
use crate::db::Db;
use crate::db::schema::{report_amounts, report_levels};
use crate::error::{Error, Result};
use crate::forms::model::AskedIndicator;
use crate::forms::store::{Asked, asked};
use crate::ids::{IndicatorId, Key, LocalityId, PeriodId, ReportId, UnitId};
use crate::indicators::model::{CollectedBy, Definition, IndicatorKind, Side};
use crate::indicators::store::{Defined, Which, defined};
use crate::periods::model::Period;
use crate::periods::store as periods;
use crate::reports::model::{Content, ReportValue};
use crate::results::model::ResultReason;
use crate::results::store::{Reported, of_report};
use crate::rounds::store::Bare;
use crate::sums::recast::Known;
use crate::sums::values::{Amount, CountsAs};
use crate::units::model::{Unit, UnitRef};
use crate::units::store::unit_refs;
use crate::values;
use crate::values::rules::counts_as;

/// A level of a locality, by indicator and period.
pub(super) type Levelled = (IndicatorId, PeriodId, LocalityId, i32);

/// Amounts by indicator, period, and whether they are of localities.
pub(super) type Amounts = HashMap<(IndicatorId, PeriodId, bool), Amount>;

/// A draft, with all that its submission keeps.
pub(super) struct Live {
    pub(super) content: Content,
    /// What it adds up to with all below it.
    pub(super) amounts: Amounts,
    pub(super) levels: Vec<Levelled>,
    /// What is asked of the unit.
    pub(super) form: Asked,
    /// Those of the values that must be there and are not, or not whole, by place.
    pub(super) wanting: Vec<usize>,
}

/// What is asked of a unit: each indicator with its definition's period.
pub(super) struct Question {
    pub(super) form: Asked,
    pub(super) unit: Unit,
    pub(super) parent: Option<UnitRef>,
    pub(super) asked: Vec<(AskedIndicator, Defined, Period)>,
}

/// Reads what a round asks of a unit.
pub(super) fn question(db: &mut Db<'_>, unit: UnitId, round: &Bare) -> Result<Question> {
    let form = asked(db, round.form.0, round.form.1)?;
    let found = crate::units::store::find(db, &Key::from(unit), Some(round.ask.day))?.ok_or_else(Error::not_found)?;
    // Named as of today, for that is how it reports; the rest as of the round.
    let parent = found.unit.parent.as_ref().map(|parent| parent.id);
    let names = unit_refs(db, std::iter::once(unit).chain(parent).collect())?;
    let mut unit = found.unit;
    if let Some(named) = names.get(&unit.id) {
        unit.name.clone_from(&named.name);
    }
    let parent = parent.and_then(|id| names.get(&id).cloned()).or(unit.parent.clone());
    let keys: Vec<Key> = form.indicators.iter().map(|one| Key::from(one.indicator)).collect();
    let known: HashMap<IndicatorId, Defined> =
        defined(db, Which::Named(&keys))?.into_iter().map(|indicator| (indicator.id, indicator)).collect();
    let year = round.ask.day.year();
    let all = periods::of_years(db, &[year - 1, year])?;
    let ended: Vec<&Period> = all.iter().filter(|period| period.as_of <= round.ask.day).collect();
    let question = |one: &AskedIndicator| {
        // What is asked of units below is told of those above as well.
        if !unit.kind.is_in_charge() && !one.is_asked_of(unit.kind, &unit.levels) {
            return None;
        }
        let indicator = known.get(&one.indicator)?;
        let kind = indicator.on(round.ask.day)?.period_kind;
        let period = ended.iter().rev().find(|period| period.kind == kind)?;
        Some((one.clone(), indicator.clone(), (*period).clone()))
    };
    let asked = form.indicators.iter().filter_map(question).collect();
    Ok(Question { form, unit, parent, asked })
}

/// Of which sides something holds: above the line, below it, and what is counted, levelled or stated.
fn sides(definition: &Definition, holds: impl Fn(&Side) -> bool) -> [bool; 3] {
    [&definition.numerator, &definition.denominator, &definition.count].map(|side| side.as_ref().is_some_and(&holds))
}

/// Which sides of an indicator a unit records of itself.
fn collects(definition: &Definition, unit: &Unit) -> [bool; 3] {
    sides(definition, |side| side.by == CollectedBy::Unit && side.is_collected_by(unit.kind, &unit.levels))
}

/// The members of a value that hold its sides.
fn words(kind: IndicatorKind, [above, below, count]: [bool; 3]) -> Vec<String> {
    let counted = match kind {
        IndicatorKind::Level => "level",
        IndicatorKind::Status => "state",
        IndicatorKind::Ratio | IndicatorKind::Count => "count",
    };
    let sides = [(above, "numerator"), (below, "denominator"), (count, counted)];
    sides.into_iter().filter(|(is, _)| *is).map(|(_, word)| word.to_owned()).collect()
}

/// Whether a value tells every side that its unit records.
fn is_whole(value: &ReportValue, [above, below, count]: [bool; 3]) -> bool {
    let counted = value.count.is_some() || value.level.is_some() || value.state.is_some();
    (!above || value.numerator.is_some()) && (!below || value.denominator.is_some()) && (!count || counted)
}

/// The values of a unit itself: one for each indicator that it records, recorded or not, then those of its localities.
fn own_values(db: &mut Db<'_>, question: &Question) -> Result<(Vec<ReportValue>, Vec<usize>)> {
    let unit = &question.unit;
    let indicators: Vec<IndicatorId> = question.asked.iter().map(|(_, indicator, _)| indicator.id).collect();
    let mut of: Vec<PeriodId> = question.asked.iter().map(|(.., period)| period.id).collect();
    of.sort_unstable();
    of.dedup();
    let recorded = values::store::own_of(db, unit.id, &indicators, &of)?;
    let mut recorded: Vec<Option<ReportValue>> = recorded.into_iter().map(|value| Some(ReportValue::from(value))).collect();
    let (mut rows, mut wanting) = (Vec::new(), Vec::new());
    let mut take = |indicator: &Defined, period: &Period, of_place: bool| -> Vec<ReportValue> {
        let is = |value: &ReportValue| {
            value.indicator.id == indicator.id.any() && value.period.id == period.id.any() && value.locality.is_some() == of_place
        };
        recorded.iter_mut().filter(|value| value.as_ref().is_some_and(is)).filter_map(Option::take).collect()
    };
    for (one, indicator, period) in &question.asked {
        let Some(definition) = indicator.on(period.as_of) else { continue };
        let sides = collects(definition, unit);
        if sides == [false; 3] || !one.is_asked_of(unit.kind, &unit.levels) {
            continue;
        }
        let missing = || ReportValue::missing(indicator.to_ref(), period.to_ref(), definition.version);
        let mut value = take(indicator, period, false).pop().unwrap_or_else(missing);
        (value.records, value.required) = (words(indicator.kind, sides), one.required);
        if one.required && !is_whole(&value, sides) {
            wanting.push(rows.len());
        }
        rows.push(value);
    }
    for (_, indicator, period) in &question.asked {
        let of_places = |definition: &Definition| sides(definition, |side| side.by == CollectedBy::Locality);
        let records = words(indicator.kind, indicator.on(period.as_of).map(of_places).unwrap_or_default());
        rows.extend(take(indicator, period, true).into_iter().map(|value| ReportValue { records: records.clone(), ..value }));
    }
    Ok((rows, wanting))
}

/// What values add up to, and the levels of localities among them.
fn add_own(question: &Question, values: &[ReportValue], amounts: &mut Amounts, levels: &mut Vec<Levelled>) {
    for value in values {
        let of = question.asked.iter().find(|(_, indicator, _)| indicator.id.any() == value.indicator.id);
        let Some((_, indicator, period)) = of else { continue };
        let Some(definition) = indicator.on(period.as_of) else { continue };
        let amount = Amount::of(counts_as(indicator.kind, definition), value.numerator, value.denominator, value.count);
        if amount != Amount::default() {
            amounts.entry((indicator.id, period.id, value.locality.is_some())).or_default().add(amount, 1);
        }
        levels.extend(value.locality.as_ref().zip(value.level).map(|(place, level)| (indicator.id, period.id, place.id, level)));
    }
}

/// What the accepted reports add up to that a draft was put together of.
fn children(db: &mut Db<'_>, id: ReportId) -> Result<(Amounts, Vec<Levelled>)> {
    type Row = (IndicatorId, PeriodId, bool, Amount);
    let rows: Vec<Row> = report_amounts::table
        .filter(report_amounts::report_id.eq(id))
        .filter(report_amounts::revision.eq(0))
        .select((report_amounts::indicator_id, report_amounts::period_id, report_amounts::of_places, amount!()))
        .load(db.conn)?;
    let amount = |(indicator, period, of_places, amount): Row| ((indicator, period, of_places), amount);
    let levels: Vec<Levelled> = report_levels::table
        .filter(report_levels::report_id.eq(id))
        .filter(report_levels::revision.eq(0))
        .select((report_levels::indicator_id, report_levels::period_id, report_levels::locality_id, report_levels::level))
        .load(db.conn)?;
    Ok((rows.into_iter().map(amount).collect(), levels))
}

/// Levels and states as results take them.
fn known(unit: UnitId, values: &[ReportValue], levels: &[Levelled]) -> Vec<Known> {
    let nothing = (CountsAs::None, None, None, None);
    let level = |(indicator, period, place, level): &Levelled| Known {
        period: *period,
        indicator: *indicator,
        unit,
        locality: Some(*place),
        figures: nothing,
        level: Some(*level),
        state: (None, None),
    };
    let state = |value: &ReportValue| {
        let state = value.state.filter(|_| value.locality.is_none())?;
        Some(Known {
            period: value.period.id.of(),
            indicator: value.indicator.id.of(),
            unit,
            locality: None,
            figures: nothing,
            level: None,
            state: (Some(state.as_str().to_owned()), value.state_on),
        })
    };
    levels.iter().map(level).chain(values.iter().filter_map(state)).collect()
}

/// A draft as it stands now.
pub(super) fn live(db: &mut Db<'_>, row: &Row, round: &Bare) -> Result<Live> {
    let question = question(db, row.unit, round)?;
    let (values, wanting) = own_values(db, &question)?;
    let gathers = question.unit.kind.is_in_charge();
    let (mut amounts, mut levels) = if gathers { children(db, row.id)? } else { Default::default() };
    add_own(&question, &values, &mut amounts, &mut levels);
    let of = |places: bool| {
        let side = amounts.iter().filter(|((.., of_places), _)| *of_places == places);
        side.map(|((indicator, period, _), amount)| ((*indicator, *period), *amount)).collect()
    };
    let reported = Reported { units: of(false), places: of(true), known: known(row.unit, &values, &levels) };
    let asked: Vec<(Defined, Period)> = question.asked.iter().map(|(_, indicator, period)| (indicator.clone(), period.clone())).collect();
    let mut results = of_report(db, &question.unit, &asked, reported)?;
    // What is neither recorded here nor below is not this unit's to tell.
    results.retain(|result| {
        let told = result.numerator.is_some() || result.denominator.is_some();
        told || result.reason != Some(ResultReason::NotCollectedAtThisLevel)
    });
    for result in &mut results {
        result.provenance = Some(format!("/api/v1/reports/{}/sources?indicator={}", row.id, result.indicator.code));
    }
    let content = Content {
        round: round.named.clone(),
        unit: question.unit.to_ref(),
        parent: question.parent.clone(),
        sections: row::sections(row, &question.form)?,
        values,
        results,
        consolidation: row::consolidation(row)?,
        notes: Vec::new(),
    };
    Ok(Live { content, amounts, levels, form: question.form, wanting })
}
