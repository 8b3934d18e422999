//! The rows of values and of their history, and how many of them are written at once.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::write::Change;
use crate::clock::Instant;
use crate::db::schema::{indicator_value_parts, indicator_value_revisions, indicator_values, withdrawn_values};
use crate::db::{Tx, each};
use crate::error::Result;
use crate::ids::{AnyId, IndicatorId, LocalityId, PeriodId, UnitId, UserId, ValueId};
use crate::sums::values::CountsAs;
use crate::values::model::{Part, State};

#[derive(Insertable)]
#[diesel(table_name = indicator_values, treat_none_as_default_value = false)]
struct ValueRow {
    id: ValueId,
    indicator_id: IndicatorId,
    period_id: PeriodId,
    subject_id: AnyId,
    unit_id: UnitId,
    locality_id: Option<LocalityId>,
    definition: i32,
    counts_as: CountsAs,
    numerator: Option<i64>,
    denominator: Option<i64>,
    tally: Option<i64>,
    level: Option<i32>,
    state: Option<State>,
    state_on: Option<NaiveDate>,
    source: Option<String>,
    note: Option<String>,
    version: i64,
    recorded_by: Option<UserId>,
    created_at: Instant,
    updated_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = indicator_value_revisions, treat_none_as_default_value = false)]
struct RevisionRow {
    value_id: ValueId,
    version: i64,
    unit_id: UnitId,
    withdrawn: bool,
    definition: i32,
    numerator: Option<i64>,
    denominator: Option<i64>,
    tally: Option<i64>,
    level: Option<i32>,
    state: Option<State>,
    state_on: Option<NaiveDate>,
    source: Option<String>,
    note: Option<String>,
    recorded_by: Option<UserId>,
    recorded_at: Instant,
    parts: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = indicator_value_parts, treat_none_as_default_value = false)]
struct PartRow {
    value_id: ValueId,
    slot: i32,
    numerator: Option<i64>,
    denominator: Option<i64>,
    tally: Option<i64>,
}

fn parts(change: &Change<'_>) -> impl Iterator<Item = PartRow> {
    let value_id = change.id;
    change.figures.parts.iter().map(move |part| PartRow {
        value_id,
        slot: part.category.slot(),
        numerator: part.numerator,
        denominator: part.denominator,
        tally: part.count,
    })
}

fn value(change: &Change<'_>, by: Option<UserId>, now: Instant) -> ValueRow {
    let (period_id, indicator_id, subject_id) = change.of.cell();
    let figures = change.figures.clone();
    ValueRow {
        id: change.id,
        indicator_id,
        period_id,
        subject_id,
        unit_id: change.unit,
        locality_id: change.of.place.map(|place| place.id),
        definition: change.of.definition.version,
        counts_as: change.counts_as(),
        numerator: figures.numerator,
        denominator: figures.denominator,
        tally: figures.count,
        level: figures.level,
        state: figures.state,
        state_on: figures.state_on,
        source: figures.source,
        note: figures.note,
        version: change.version,
        recorded_by: by,
        created_at: change.old.map_or(now, |old| old.created_at),
        updated_at: now,
    }
}

fn revision(row: &ValueRow, parts: &[Part]) -> Result<RevisionRow> {
    Ok(RevisionRow {
        value_id: row.id,
        version: row.version,
        unit_id: row.unit_id,
        withdrawn: false,
        definition: row.definition,
        numerator: row.numerator,
        denominator: row.denominator,
        tally: row.tally,
        level: row.level,
        state: row.state,
        state_on: row.state_on,
        source: row.source.clone(),
        note: row.note.clone(),
        recorded_by: row.recorded_by,
        recorded_at: row.updated_at,
        parts: if parts.is_empty() { None } else { Some(serde_json::to_string(parts)?) },
    })
}

/// Writes changed values and the states that they are in now.
pub(super) fn write(tx: &mut Tx<'_>, changes: &[Change<'_>]) -> Result<()> {
    let (now, by) = (tx.now(), tx.context.caller.person().map(|person| person.id));
    let conn = &mut *tx.conn;
    for chunk in changes.chunks(1000) {
        let rows: Vec<ValueRow> = chunk.iter().map(|change| value(change, by, now)).collect();
        let said = rows.iter().zip(chunk).map(|(row, change)| revision(row, &change.figures.parts));
        let revisions = said.collect::<Result<Vec<RevisionRow>>>()?;
        // The rows are locked through their units, so the only conflict is with what they replace.
        each!(conn => diesel::insert_into(indicator_values::table)
            .values(&rows)
            .on_conflict(indicator_values::id)
            .do_update()
            .set((
                indicator_values::unit_id.eq(excluded(indicator_values::unit_id)),
                indicator_values::definition.eq(excluded(indicator_values::definition)),
                indicator_values::counts_as.eq(excluded(indicator_values::counts_as)),
                indicator_values::numerator.eq(excluded(indicator_values::numerator)),
                indicator_values::denominator.eq(excluded(indicator_values::denominator)),
                indicator_values::tally.eq(excluded(indicator_values::tally)),
                indicator_values::level.eq(excluded(indicator_values::level)),
                indicator_values::state.eq(excluded(indicator_values::state)),
                indicator_values::state_on.eq(excluded(indicator_values::state_on)),
                indicator_values::source.eq(excluded(indicator_values::source)),
                indicator_values::note.eq(excluded(indicator_values::note)),
                indicator_values::version.eq(excluded(indicator_values::version)),
                indicator_values::recorded_by.eq(excluded(indicator_values::recorded_by)),
                indicator_values::updated_at.eq(excluded(indicator_values::updated_at)),
            ))
            .execute(conn))?;
        each!(conn => diesel::insert_into(indicator_value_revisions::table).values(&revisions).execute(conn))?;
        let parted = chunk.iter().filter(|change| change.old.is_some_and(|old| !old.figures.parts.is_empty()));
        let parted: Vec<ValueId> = parted.map(|change| change.id).collect();
        if !parted.is_empty() {
            let gone = indicator_value_parts::table.filter(indicator_value_parts::value_id.eq_any(parted));
            each!(conn => diesel::delete(gone).execute(conn))?;
        }
        let parts: Vec<PartRow> = chunk.iter().flat_map(parts).collect();
        // Five columns each, in a statement of at most 32,766.
        for some in parts.chunks(5000) {
            each!(conn => diesel::insert_into(indicator_value_parts::table).values(some).execute(conn))?;
        }
    }
    Ok(())
}

/// Writes the last state of a value that is withdrawn.
pub(super) fn end(tx: &mut Tx<'_>, value_id: ValueId, version: i64, unit_id: UnitId, definition: i32) -> Result<()> {
    let (recorded_by, recorded_at) = (tx.context.caller.person().map(|person| person.id), tx.now());
    let row = RevisionRow {
        value_id,
        version,
        unit_id,
        withdrawn: true,
        definition,
        numerator: None,
        denominator: None,
        tally: None,
        level: None,
        state: None,
        state_on: None,
        source: None,
        note: None,
        recorded_by,
        recorded_at,
        parts: None,
    };
    diesel::insert_into(indicator_value_revisions::table).values(row).execute(tx.conn)?;
    Ok(())
}

/// Keeps what a value was of, which is withdrawn now, and takes its parts away.
pub(super) fn remember(tx: &mut Tx<'_>, id: ValueId) -> Result<()> {
    type Row = (IndicatorId, PeriodId, AnyId, Option<LocalityId>, CountsAs);
    let (indicator, period, subject, locality, counts_as): Row = indicator_values::table
        .filter(indicator_values::id.eq(id))
        .select((
            indicator_values::indicator_id,
            indicator_values::period_id,
            indicator_values::subject_id,
            indicator_values::locality_id,
            indicator_values::counts_as,
        ))
        .first(tx.conn)?;
    let row = (
        withdrawn_values::value_id.eq(id),
        withdrawn_values::indicator_id.eq(indicator),
        withdrawn_values::period_id.eq(period),
        withdrawn_values::subject_id.eq(subject),
        withdrawn_values::locality_id.eq(locality),
        withdrawn_values::counts_as.eq(counts_as),
    );
    diesel::insert_into(withdrawn_values::table).values(row).execute(tx.conn)?;
    diesel::delete(indicator_value_parts::table.filter(indicator_value_parts::value_id.eq(id))).execute(tx.conn)?;
    Ok(())
}
