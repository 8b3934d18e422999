//! The rows of values and of their history, and how many of them are written at once.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::upsert::excluded;

use super::cells::Change;
use crate::clock::Instant;
use crate::db::schema::{indicator_value_parts, indicator_value_revisions as revisions, indicator_values, withdrawn_values};
use crate::db::{Tx, each, insert_all};
use crate::error::Result;
use crate::ids::{AnyId, IndicatorId, LocalityId, PeriodId, UnitId, UserId, ValueId};
use crate::sums::values::CountsAs;
use crate::values::model::{IndicatorValue, Part, State};
use crate::values::rules::Figures;

/// A value that is a number and no more, as most are: what it does not have is not sent.
#[derive(Insertable)]
#[diesel(table_name = indicator_values, treat_none_as_default_value = false)]
struct NumberRow {
    id: ValueId,
    indicator_id: IndicatorId,
    period_id: PeriodId,
    subject_id: AnyId,
    unit_id: UnitId,
    definition: i32,
    counts_as: CountsAs,
    numerator: Option<i64>,
    denominator: Option<i64>,
    tally: Option<i64>,
    version: i64,
    recorded_by: Option<UserId>,
    created_at: Instant,
    updated_at: Instant,
}

/// What else a value may have.
#[derive(Default, PartialEq, Insertable)]
#[diesel(table_name = indicator_values, treat_none_as_default_value = false)]
struct Rest {
    locality_id: Option<LocalityId>,
    level: Option<i32>,
    state: Option<State>,
    state_on: Option<NaiveDate>,
    source: Option<String>,
    note: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = indicator_values, treat_none_as_default_value = false)]
struct ValueRow {
    #[diesel(embed)]
    number: NumberRow,
    #[diesel(embed)]
    rest: Rest,
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
    let Figures { numerator, denominator, count: tally, level, state, state_on, source, note, .. } = change.figures.clone();
    ValueRow {
        number: NumberRow {
            id: change.id,
            indicator_id,
            period_id,
            subject_id,
            unit_id: change.unit,
            definition: change.of.definition.version,
            counts_as: change.counts_as(),
            numerator,
            denominator,
            tally,
            version: change.version,
            recorded_by: by,
            created_at: change.old.map_or(now, |old| old.created_at),
            updated_at: now,
        },
        rest: Rest { locality_id: change.of.place.map(|place| place.id), level, state, state_on, source, note },
    }
}

/// Writes changed values, and what they were into their history: what they are stands in them alone.
pub(super) fn write(tx: &mut Tx<'_>, changes: &[Change<'_>]) -> Result<()> {
    let (now, by) = (tx.now(), tx.context.caller.person().map(|person| person.id));
    for chunk in changes.chunks(1000) {
        let (fresh, known): (Vec<&Change<'_>>, Vec<_>) = chunk.iter().partition(|change| change.old.is_none());
        keep(tx, known.iter().map(|change| change.id).collect())?;
        keep_parts(tx, known.iter().filter_map(|change| Parted::of(change)))?;
        insert(tx, fresh.into_iter().map(|change| value(change, by, now)).collect())?;
        replace(tx, &known.into_iter().map(|change| value(change, by, now)).collect::<Vec<_>>())?;
        divide(tx, chunk)?;
    }
    Ok(())
}

fn insert(tx: &mut Tx<'_>, rows: Vec<ValueRow>) -> Result<()> {
    let (bare, full): (Vec<ValueRow>, Vec<_>) = rows.into_iter().partition(|row| row.rest == Rest::default());
    let numbers: Vec<NumberRow> = bare.into_iter().map(|row| row.number).collect();
    insert_all!(&mut *tx.conn, numbers => |row| diesel::insert_into(indicator_values::table).values(row))?;
    Ok(insert_all!(&mut *tx.conn, full => |row| diesel::insert_into(indicator_values::table).values(row))?)
}

/// The rows are locked through their units, so each is there; an insert that always conflicts is an update of many rows at once.
fn replace(tx: &mut Tx<'_>, rows: &[ValueRow]) -> Result<()> {
    Ok(insert_all!(&mut *tx.conn, rows => |row| diesel::insert_into(indicator_values::table)
    .values(row)
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
    )))?)
}

/// Writes the parts of changed values in place of those that they had.
fn divide(tx: &mut Tx<'_>, changes: &[Change<'_>]) -> Result<()> {
    let conn = &mut *tx.conn;
    let parted = changes.iter().filter(|change| change.old.is_some_and(|old| !old.figures.parts.is_empty()));
    let parted: Vec<ValueId> = parted.map(|change| change.id).collect();
    if !parted.is_empty() {
        let gone = indicator_value_parts::table.filter(indicator_value_parts::value_id.eq_any(parted));
        each!(conn => diesel::delete(gone).execute(conn))?;
    }
    let parts: Vec<PartRow> = changes.iter().flat_map(parts).collect();
    Ok(insert_all!(conn, parts => |row| diesel::insert_into(indicator_value_parts::table).values(row))?)
}

/// Copies values as they stand into their history, before they change. One that stands there already is left.
fn keep(tx: &mut Tx<'_>, values: Vec<ValueId>) -> Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    let conn = &mut *tx.conn;
    let standing = indicator_values::table.filter(indicator_values::id.eq_any(values)).select((
        (indicator_values::id, indicator_values::version, indicator_values::unit_id, false.into_sql::<Bool>()),
        (indicator_values::definition, indicator_values::numerator, indicator_values::denominator, indicator_values::tally),
        (indicator_values::level, indicator_values::state, indicator_values::state_on, indicator_values::source),
        (indicator_values::note, indicator_values::recorded_by, indicator_values::updated_at),
    ));
    let columns = (
        (revisions::value_id, revisions::version, revisions::unit_id, revisions::withdrawn),
        (revisions::definition, revisions::numerator, revisions::denominator, revisions::tally),
        (revisions::level, revisions::state, revisions::state_on, revisions::source),
        (revisions::note, revisions::recorded_by, revisions::recorded_at),
    );
    each!(conn => standing.insert_into(revisions::table).into_columns(columns).on_conflict_do_nothing().execute(conn))?;
    Ok(())
}

/// A state that was in parts.
struct Parted<'a> {
    id: ValueId,
    version: i64,
    unit: UnitId,
    definition: i32,
    parts: &'a [Part],
}

impl<'a> Parted<'a> {
    fn of(change: &'a Change<'_>) -> Option<Self> {
        let (old, definition) = (change.old?, change.of.definition.version);
        let (version, unit, parts) = old.state();
        (!parts.is_empty()).then_some(Self { id: change.id, version, unit, definition, parts })
    }
}

/// Writes parts beside what was copied of their values.
fn keep_parts<'a>(tx: &mut Tx<'_>, states: impl Iterator<Item = Parted<'a>>) -> Result<()> {
    let at = tx.now();
    let told = |state: Parted<'_>| {
        Ok((
            revisions::value_id.eq(state.id),
            revisions::version.eq(state.version),
            revisions::unit_id.eq(state.unit),
            revisions::withdrawn.eq(false),
            revisions::definition.eq(state.definition),
            revisions::recorded_at.eq(at),
            revisions::parts.eq(serde_json::to_string(state.parts)?),
        ))
    };
    let rows = states.map(told).collect::<Result<Vec<_>>>()?;
    if rows.is_empty() {
        return Ok(());
    }
    let conn = &mut *tx.conn;
    // As in `replace`: each conflicts with its copy.
    each!(conn => diesel::insert_into(revisions::table)
        .values(&rows)
        .on_conflict((revisions::value_id, revisions::version))
        .do_update()
        .set(revisions::parts.eq(excluded(revisions::parts)))
        .execute(conn))?;
    Ok(())
}

/// Withdraws a value: its last state goes into its history, and behind it one that says nothing any more; what it was of is kept, and the
/// value and its parts go.
pub(super) fn end(tx: &mut Tx<'_>, value: &IndicatorValue) -> Result<()> {
    let (id, unit, definition) = (value.id, value.unit.id, value.definition_version);
    keep(tx, vec![id])?;
    let parted = Parted { id, version: value.version, unit, definition, parts: &value.parts };
    keep_parts(tx, std::iter::once(parted).filter(|state| !state.parts.is_empty()))?;
    let last = (
        revisions::value_id.eq(id),
        revisions::version.eq(value.version + 1),
        revisions::unit_id.eq(unit),
        revisions::withdrawn.eq(true),
        revisions::definition.eq(definition),
        revisions::recorded_by.eq(tx.context.caller.person().map(|person| person.id)),
        revisions::recorded_at.eq(tx.now()),
    );
    diesel::insert_into(revisions::table).values(last).execute(tx.conn)?;
    remember(tx, id)?;
    diesel::delete(indicator_values::table.filter(indicator_values::id.eq(id))).execute(tx.conn)?;
    Ok(())
}

/// Keeps what a value was of, which is withdrawn now, and takes its parts away.
fn remember(tx: &mut Tx<'_>, id: ValueId) -> Result<()> {
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
