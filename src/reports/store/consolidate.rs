//! Putting a report together of the accepted reports of the units below.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use super::locked::{self, Locked};
use super::row::{self, Row};
use crate::clock::Instant;
use crate::db::schema::{report_amounts, report_levels, report_revisions, report_sources, reports, unit_closure, unit_spells, units};
use crate::db::{Db, Tx, insert_all};
use crate::error::{Fault, FaultCode, Result};
use crate::forms::store::asked;
use crate::ids::{ReportId, Uid, UnitId};
use crate::reports::model::{Consolidation, Included, ReportSection, ReportStatus};
use crate::rounds::store::Bare;
use crate::sums::completeness::Totals;
use crate::units::model::{Kind, Level, UnitType};
use crate::units::store::unit_refs_since;

/// The revision of a draft.
const DRAFT: i32 = 0;

/// The units that report to one: the nearest below it, of the tree of the round, that owe a report.
fn reporting(db: &mut Db<'_>, unit: UnitId, round: &Bare) -> Result<Vec<UnitId>> {
    type Below = (UnitId, Kind, UnitType, String);
    let day = round.ask.day;
    let (mut found, mut above) = (Vec::new(), vec![unit]);
    while !above.is_empty() {
        let rows: Vec<Below> = unit_closure::table
            .inner_join(units::table.on(units::id.eq(unit_closure::descendant)))
            .inner_join(unit_spells::table.on(unit_spells::unit_id.eq(unit_closure::descendant)))
            .filter(unit_closure::ancestor.eq_any(std::mem::take(&mut above)))
            .filter(unit_closure::depth.eq(1))
            .filter(unit_closure::valid_from.le(day))
            .filter(unit_closure::valid_to.gt(day))
            .filter(unit_spells::valid_from.le(day))
            .filter(unit_spells::valid_to.gt(day))
            .filter(units::valid_from.le(day))
            .filter(units::valid_to.gt(day))
            .order_by(units::code)
            .select((units::id, units::kind, units::type_, unit_spells::levels))
            .load(db.conn)?;
        for (id, kind, unit_type, levels) in rows {
            if round.ask.by.takes(kind, unit_type, &Level::from_words(&levels)) { found.push(id) } else { above.push(id) }
        }
    }
    Ok(found)
}

/// Keeps which reports an accepted one holds, and no more those that the one before it held alone.
///
/// # Errors
/// Database errors.
pub(super) fn count(tx: &mut Tx<'_>, row: &Row) -> Result<()> {
    let sources: Vec<ReportId> = report_sources::table
        .filter(report_sources::report_id.eq(row.id))
        .filter(report_sources::revision.eq(row.revision))
        .select(report_sources::source_id)
        .load(tx.conn)?;
    let held = reports::table.filter(reports::round_id.eq(row.round)).filter(reports::counted_in.eq(row.unit));
    let dropped = held.filter(reports::id.ne_all(sources.clone()));
    diesel::update(dropped).set(reports::counted_in.eq(None::<UnitId>)).execute(tx.conn)?;
    diesel::update(reports::table.filter(reports::id.eq_any(sources))).set(reports::counted_in.eq(Some(row.unit))).execute(tx.conn)?;
    Ok(())
}

/// What became of the report of a unit that reports to another.
struct Child {
    unit: UnitId,
    late: bool,
    /// Whether the unit stands elsewhere, or is counted there, and nothing of it was accepted here.
    elsewhere: bool,
    /// The report in force and its revision, if it was accepted.
    accepted: Option<(ReportId, i32)>,
}

impl Child {
    fn is_missing(&self) -> bool {
        self.accepted.is_none() && !self.elsewhere
    }
}

/// From when until when each of these units has stood below another so far; one that is only planned to has not.
fn stood(db: &mut Db<'_>, above: UnitId, of: &[UnitId]) -> Result<HashMap<UnitId, Vec<(NaiveDate, NaiveDate)>>> {
    let rows: Vec<(UnitId, NaiveDate, NaiveDate)> = unit_closure::table
        .filter(unit_closure::ancestor.eq(above))
        .filter(unit_closure::descendant.eq_any(of.to_vec()))
        .filter(unit_closure::valid_from.le(db.today()))
        .select((unit_closure::descendant, unit_closure::valid_from, unit_closure::valid_to))
        .load(db.conn)?;
    let mut stood: HashMap<UnitId, Vec<(NaiveDate, NaiveDate)>> = HashMap::new();
    for (unit, from, to) in rows {
        stood.entry(unit).or_default().push((from, to));
    }
    Ok(stood)
}

/// What is asked of a report of a unit below.
#[derive(Queryable)]
struct Told {
    unit: UnitId,
    report: ReportId,
    slot: Option<i32>,
    status: ReportStatus,
    revision: i32,
    late: Option<bool>,
    accepted_at: Option<Instant>,
    /// For which unit it was accepted.
    accepted_for: Option<UnitId>,
    counted_in: Option<UnitId>,
}

fn children(db: &mut Db<'_>, above: UnitId, round: &Bare) -> Result<Vec<Child>> {
    let below = reporting(db, above, round)?;
    let (stood, today) = (stood(db, above, &below)?, db.today());
    let rows: Vec<Told> = reports::table
        .filter(reports::round_id.eq(round.ask.round))
        .filter(reports::unit_id.eq_any(below.clone()))
        .select((
            reports::unit_id,
            reports::id,
            reports::slot,
            reports::status,
            reports::revision,
            reports::late,
            reports::accepted_at,
            reports::accepted_for,
            reports::counted_in,
        ))
        .load(db.conn)?;
    let mut by_unit: HashMap<UnitId, Vec<Told>> = HashMap::new();
    for row in rows {
        by_unit.entry(row.unit).or_default().push(row);
    }
    let child = |unit: UnitId| {
        let own = by_unit.remove(&unit).unwrap_or_default();
        let spans = stood.get(&unit).map(Vec::as_slice).unwrap_or_default();
        let is_here = spans.iter().any(|(_, to)| *to > today);
        // What was accepted while a unit stood elsewhere is another's to read. On the day on which it left both are possible, and it is ours
        // where our people did it.
        let within = |at: NaiveDate, by: Option<UnitId>| {
            spans.iter().any(|(from, to)| *from <= at && (at < *to || (at == *to && by == Some(above))))
        };
        let ours = |row: &Told| is_here || row.accepted_at.is_some_and(|at| within(at.business_day(), row.accepted_for));
        // What stands in an accepted report of another is counted there.
        let counted = own.iter().any(|row| row.counted_in.is_some_and(|by| by != above));
        let taken = |row: &&Told| row.slot == Some(1) && matches!(row.status, ReportStatus::Accepted | ReportStatus::Issued);
        let accepted = own.iter().find(taken).filter(|row| !counted && ours(row)).map(|row| (row.report, row.revision));
        // Whether another took it is that one's to know: what is not here is not awaited.
        let elsewhere = accepted.is_none() && (counted || !is_here);
        let late = !elsewhere && own.iter().any(|row| row.late == Some(true));
        Child { unit, late, elsewhere, accepted }
    };
    Ok(below.into_iter().map(child).collect())
}

/// What keeps a report that others report to from being submitted: that it was not put together, or not of what is accepted now; and
/// whether reports are missing.
pub(super) fn faults(db: &mut Db<'_>, locked: &Locked) -> Result<(Option<Fault>, Option<Fault>)> {
    let children = children(db, locked.row.unit, &locked.round)?;
    if children.is_empty() {
        return Ok((None, None));
    }
    let at = |code| Fault::at("/consolidation", code);
    let Some(last) = row::consolidation(&locked.row)? else { return Ok((Some(at(FaultCode::ConsolidationRequired)), None)) };
    let mut now: Vec<(ReportId, i32)> = children.iter().filter_map(|child| child.accepted).collect();
    let mut then: Vec<(ReportId, i32)> = last.included.iter().map(|one| (one.report, one.revision)).collect();
    now.sort_unstable();
    then.sort_unstable();
    let outdated = (now != then).then(|| at(FaultCode::ConsolidationOutdated));
    let count = children.iter().filter(|child| child.is_missing()).count();
    let missing = (count > 0).then(|| Fault::at("/consolidation/missing", FaultCode::ReportsMissing).with(count.to_string()));
    Ok((outdated, missing))
}

/// Puts a report together of what is accepted now: figures are added up, words are joined section by section to edit from, and it is on
/// record who is in it, who is missing and who was late. Sections that were edited stay as they are.
///
/// # Errors
/// Database errors.
pub fn consolidate(tx: &mut Tx<'_>, locked: &Locked) -> Result<Totals> {
    let row = &locked.row;
    let children = children(tx, row.unit, &locked.round)?;
    let of: Vec<UnitId> = children.iter().map(|child| child.unit).collect();
    let units = unit_refs_since(tx, &of, locked.round.ask.day)?;
    let named = |unit: &UnitId| units.get(unit).cloned();
    let included: Vec<Included> = children
        .iter()
        .filter_map(|child| {
            let (report, revision) = child.accepted?;
            Some(Included { unit: named(&child.unit)?, report, revision })
        })
        .collect();
    let those = |wanted: fn(&Child) -> bool| children.iter().filter(|child| wanted(child)).filter_map(|child| named(&child.unit)).collect();
    let (missing, left, late) = (those(Child::is_missing), those(|child| child.elsewhere), those(|child| child.late));
    keep(tx, row.id, &included)?;
    let (sections, merged) = merge(tx, row, &locked.round, &included)?;
    let consolidation = Consolidation { included, missing, left, late, at: tx.now() };
    let change = (
        reports::consolidation.eq(Some(serde_json::to_string(&consolidation)?)),
        reports::sections.eq(serde_json::to_string(&sections)?),
        reports::merged.eq(serde_json::to_string(&merged)?),
    );
    diesel::update(reports::table.filter(reports::id.eq(row.id))).set(change).execute(tx.conn)?;
    locked::touched(tx, row.id)?;
    Ok(Totals::default())
}

/// Keeps which reports a draft is put together of, and what they add up to.
fn keep(tx: &mut Tx<'_>, id: ReportId, included: &[Included]) -> Result<()> {
    diesel::delete(report_sources::table.filter(report_sources::report_id.eq(id)).filter(report_sources::revision.eq(DRAFT)))
        .execute(tx.conn)?;
    diesel::delete(report_amounts::table.filter(report_amounts::report_id.eq(id)).filter(report_amounts::revision.eq(DRAFT)))
        .execute(tx.conn)?;
    diesel::delete(report_levels::table.filter(report_levels::report_id.eq(id)).filter(report_levels::revision.eq(DRAFT)))
        .execute(tx.conn)?;
    let rows: Vec<_> = included
        .iter()
        .map(|one| {
            (
                report_sources::report_id.eq(id),
                report_sources::revision.eq(DRAFT),
                report_sources::source_id.eq(one.report),
                report_sources::source_revision.eq(one.revision),
            )
        })
        .collect();
    insert_all!(&mut *tx.conn, rows => |row| diesel::insert_into(report_sources::table).values(row))?;
    diesel::sql_query(
        "INSERT INTO report_amounts (report_id, revision, indicator_id, period_id, of_places, numerator, denominator, numerator_rows, \
            denominator_rows, complete_rows) \
        SELECT s.report_id, s.revision, a.indicator_id, a.period_id, a.of_places, CAST(SUM(a.numerator) AS BIGINT), \
            CAST(SUM(a.denominator) AS BIGINT), CAST(SUM(a.numerator_rows) AS BIGINT), CAST(SUM(a.denominator_rows) AS BIGINT), \
            CAST(SUM(a.complete_rows) AS BIGINT) \
        FROM report_sources s JOIN report_amounts a ON a.report_id = s.source_id AND a.revision = s.source_revision \
        WHERE s.report_id = $1 AND s.revision = $2 \
        GROUP BY s.report_id, s.revision, a.indicator_id, a.period_id, a.of_places",
    )
    .bind::<Uid, _>(id)
    .bind::<Integer, _>(DRAFT)
    .execute(tx.conn)?;
    diesel::sql_query(
        "INSERT INTO report_levels (report_id, revision, indicator_id, period_id, locality_id, level) \
        SELECT s.report_id, s.revision, l.indicator_id, l.period_id, l.locality_id, MAX(l.level) \
        FROM report_sources s JOIN report_levels l ON l.report_id = s.source_id AND l.revision = s.source_revision \
        WHERE s.report_id = $1 AND s.revision = $2 \
        GROUP BY s.report_id, s.revision, l.indicator_id, l.period_id, l.locality_id",
    )
    .bind::<Uid, _>(id)
    .bind::<Integer, _>(DRAFT)
    .execute(tx.conn)?;
    Ok(())
}

type Bodies = BTreeMap<String, String>;

/// The words of the reports, joined section by section under the names of their units. A section that says what was joined last, or
/// nothing, says what is joined now.
fn merge(tx: &mut Tx<'_>, row: &Row, round: &Bare, included: &[Included]) -> Result<(Bodies, Bodies)> {
    let form = asked(tx, round.form.0, round.form.1)?;
    let mut told: HashMap<ReportId, Vec<ReportSection>> = HashMap::new();
    for chunk in included.chunks(100) {
        let rows: Vec<(ReportId, String)> = report_sources::table
            .inner_join(report_revisions::table.on(
                report_revisions::report_id.eq(report_sources::source_id).and(report_revisions::number.eq(report_sources::source_revision)),
            ))
            .filter(report_sources::report_id.eq(row.id))
            .filter(report_sources::revision.eq(DRAFT))
            .filter(report_sources::source_id.eq_any(chunk.iter().map(|one| one.report).collect::<Vec<_>>()))
            .select((report_sources::source_id, report_revisions::sections))
            .load(tx.conn)?;
        for (report, text) in rows {
            told.insert(report, serde_json::from_str(&text)?);
        }
    }
    let mut sections: Bodies = serde_json::from_str(&row.sections)?;
    let last: Bodies = serde_json::from_str(&row.merged)?;
    let mut merged = Bodies::new();
    for section in &form.sections {
        let said = included.iter().filter_map(|one| {
            let own = told.get(&one.report)?.iter().find(|own| own.key == section.key)?;
            let body = own.body.trim();
            (!body.is_empty()).then(|| format!("{}:\n{body}", one.unit.name))
        });
        let joined = said.collect::<Vec<_>>().join("\n\n");
        let now = sections.entry(section.key.clone()).or_default();
        if now.trim().is_empty() || last.get(&section.key) == Some(now) {
            now.clone_from(&joined);
        }
        merged.insert(section.key.clone(), joined);
    }
    Ok((sections, merged))
}
