//! Sums of recorded values.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{BigInt, Integer};
use diesel::upsert::excluded;

use super::lineage::{Lineage, Node, Subject};
use crate::db::schema::{indicator_value_parts, indicator_values, periods, value_sums};
use crate::db::{Db, Tx, insert_all};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::{AnyId, IndicatorId, PeriodId, Uid, UnitId};
use crate::vocabulary::text_enum;

text_enum! {
    /// How a value goes into the totals.
    pub enum CountsAs {
        /// A number of things: stands as a numerator.
        Count = "count",
        /// A ratio whose sides have one collector: with one side missing it counts on neither.
        One = "one",
        /// A ratio whose sides come from two collectors.
        Two = "two",
        /// Not at all: levels and states are not added up.
        None = "none",
    }
}

/// What is added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Queryable)]
pub struct Amount {
    /// Of numerators, or of counts.
    pub numerator: i64,
    /// Of denominators.
    pub denominator: i64,
    /// How many values have a numerator, or a count.
    pub numerator_rows: i64,
    /// How many values have a denominator.
    pub denominator_rows: i64,
    /// How many values have all that they need.
    pub complete_rows: i64,
}

impl Amount {
    /// What one value adds.
    #[must_use]
    pub fn of(counts_as: CountsAs, numerator: Option<i64>, denominator: Option<i64>, count: Option<i64>) -> Self {
        let one = |side: Option<i64>| i64::from(side.is_some());
        let rows = Self { numerator_rows: one(numerator), denominator_rows: one(denominator), ..Self::default() };
        match (counts_as, numerator, denominator) {
            (CountsAs::None, ..) => Self::default(),
            (CountsAs::Count, ..) => {
                Self { numerator: count.unwrap_or_default(), numerator_rows: one(count), complete_rows: one(count), ..Self::default() }
            }
            (CountsAs::One, Some(numerator), Some(denominator)) => Self { numerator, denominator, complete_rows: 1, ..rows },
            (CountsAs::One, ..) => rows,
            (CountsAs::Two, ..) => Self { numerator: numerator.unwrap_or_default(), denominator: denominator.unwrap_or_default(), ..rows },
        }
    }

    fn is_nothing(self) -> bool {
        self == Self::default()
    }

    /// Adds another, or takes it away with -1.
    pub fn add(&mut self, other: Self, sign: i64) {
        self.numerator += sign * other.numerator;
        self.denominator += sign * other.denominator;
        self.numerator_rows += sign * other.numerator_rows;
        self.denominator_rows += sign * other.denominator_rows;
        self.complete_rows += sign * other.complete_rows;
    }
}

/// A node, a period, an indicator, and which part: 0 is the whole, else the slot of a category.
pub type Key = (AnyId, PeriodId, IndicatorId, i32);

/// The whole; other slots are parts of it.
pub const WHOLE: i32 = 0;

/// Amounts by node, period, indicator and slot.
#[derive(Clone, Debug, Default)]
pub struct Totals(HashMap<Key, (i32, Amount)>);

impl Totals {
    /// Adds what a value says, by slot, at each of these nodes.
    pub fn add(&mut self, nodes: &[Node], period: PeriodId, indicator: IndicatorId, amounts: &[(i32, Amount)]) {
        self.put(nodes, period, indicator, amounts, 1);
    }

    /// Takes it away.
    pub fn subtract(&mut self, nodes: &[Node], period: PeriodId, indicator: IndicatorId, amounts: &[(i32, Amount)]) {
        self.put(nodes, period, indicator, amounts, -1);
    }

    fn put(&mut self, nodes: &[Node], period: PeriodId, indicator: IndicatorId, amounts: &[(i32, Amount)], sign: i64) {
        for node in nodes {
            for (slot, amount) in amounts {
                self.0.entry((node.id, period, indicator, *slot)).or_insert((node.depth, Amount::default())).1.add(*amount, sign);
            }
        }
    }

    /// Takes all of the other totals away.
    pub fn take(&mut self, other: Self) {
        for (key, (depth, amount)) in other.0 {
            self.0.entry(key).or_insert((depth, Amount::default())).1.add(amount, -1);
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = value_sums, treat_none_as_default_value = false)]
struct SumRow {
    node_id: AnyId,
    period_id: PeriodId,
    indicator_id: IndicatorId,
    slot: i32,
    numerator: i64,
    denominator: i64,
    numerator_rows: i64,
    denominator_rows: i64,
    complete_rows: i64,
}

/// Adds totals to those that are kept: leaf first and the busiest row last, in one order for all, so that writers wait for the top
/// as briefly as can be and never for each other in a circle.
///
/// # Errors
/// 422 where a total would pass 2⁵³-1; database errors.
pub fn fold(tx: &mut Tx<'_>, totals: Totals) -> Result<()> {
    let mut changed: Vec<(Key, (i32, Amount))> = totals.0.into_iter().filter(|(_, (_, amount))| !amount.is_nothing()).collect();
    changed.sort_unstable_by_key(|(key, (depth, _))| (-depth, *key));
    let rows: Vec<SumRow> = changed
        .into_iter()
        .map(|((node_id, period_id, indicator_id, slot), (_, amount))| SumRow {
            node_id,
            period_id,
            indicator_id,
            slot,
            numerator: amount.numerator,
            denominator: amount.denominator,
            numerator_rows: amount.numerator_rows,
            denominator_rows: amount.denominator_rows,
            complete_rows: amount.complete_rows,
        })
        .collect();
    let added = insert_all!(&mut *tx.conn, rows => |row| diesel::insert_into(value_sums::table)
    .values(row)
    .on_conflict((value_sums::node_id, value_sums::period_id, value_sums::indicator_id, value_sums::slot))
    .do_update()
    .set((
        value_sums::numerator.eq(value_sums::numerator + excluded(value_sums::numerator)),
        value_sums::denominator.eq(value_sums::denominator + excluded(value_sums::denominator)),
        value_sums::numerator_rows.eq(value_sums::numerator_rows + excluded(value_sums::numerator_rows)),
        value_sums::denominator_rows.eq(value_sums::denominator_rows + excluded(value_sums::denominator_rows)),
        value_sums::complete_rows.eq(value_sums::complete_rows + excluded(value_sums::complete_rows)),
    )));
    added.map_err(too_large)
}

/// The constraint on totals is the one place that knows them after the addition.
fn too_large(error: DieselError) -> Error {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::CheckViolation, _) => {
            Error::invalid(vec![Fault::at("/rows", FaultCode::OutOfRange).with("2⁵³-1")])
        }
        other => other.into(),
    }
}

/// What the values of these units, and their parts, add up to at all nodes, as the tree stands now.
///
/// # Errors
/// Database errors.
pub fn footprint(db: &mut Db<'_>, units: &[UnitId]) -> Result<Totals> {
    type Row = (UnitId, PeriodId, IndicatorId, NaiveDate, CountsAs, Figures, i32);
    type Figures = (Option<i64>, Option<i64>, Option<i64>);
    let mut totals = Totals::default();
    for chunk in units.chunks(1000) {
        let own = || {
            indicator_values::table
                .inner_join(periods::table)
                .filter(indicator_values::unit_id.eq_any(chunk.to_vec()))
                .filter(indicator_values::locality_id.is_null())
        };
        let head = (
            indicator_values::unit_id,
            indicator_values::period_id,
            indicator_values::indicator_id,
            periods::as_of,
            indicator_values::counts_as,
        );
        let whole = (indicator_values::numerator, indicator_values::denominator, indicator_values::tally);
        let part = (indicator_value_parts::numerator, indicator_value_parts::denominator, indicator_value_parts::tally);
        let (unit, period, indicator, as_of, counts_as) = head;
        let mut rows: Vec<Row> =
            own().select((unit, period, indicator, as_of, counts_as, whole, WHOLE.into_sql::<Integer>())).load(db.conn)?;
        if rows.is_empty() {
            continue;
        }
        let parts = own().inner_join(indicator_value_parts::table);
        let parts = parts.select((unit, period, indicator, as_of, counts_as, part, indicator_value_parts::slot));
        rows.extend(parts.load::<Row>(db.conn)?);
        let lineage = Lineage::read(db, chunk.iter().copied().map(Subject::Unit))?;
        for (unit, period, indicator, as_of, counts_as, (numerator, denominator, count), slot) in rows {
            let nodes = lineage.nodes(Subject::Unit(unit), as_of);
            totals.add(&nodes, period, indicator, &[(slot, Amount::of(counts_as, numerator, denominator, count))]);
        }
    }
    Ok(totals)
}

/// The kept totals of some nodes for some periods, of the whole or of other slots.
///
/// # Errors
/// Database errors.
pub fn read(
    db: &mut Db<'_>,
    nodes: &[AnyId],
    periods: &[PeriodId],
    indicator: Option<IndicatorId>,
    slots: &[i32],
) -> Result<HashMap<Key, Amount>> {
    type Row = (Key, i64, i64, i64, i64, i64);
    let mut query = value_sums::table
        .filter(value_sums::node_id.eq_any(nodes.to_vec()))
        .filter(value_sums::period_id.eq_any(periods.to_vec()))
        .filter(value_sums::slot.eq_any(slots.to_vec()))
        .select((
            (value_sums::node_id, value_sums::period_id, value_sums::indicator_id, value_sums::slot),
            value_sums::numerator,
            value_sums::denominator,
            value_sums::numerator_rows,
            value_sums::denominator_rows,
            value_sums::complete_rows,
        ))
        .into_boxed();
    if let Some(indicator) = indicator {
        query = query.filter(value_sums::indicator_id.eq(indicator));
    }
    let rows: Vec<Row> = query.load(db.conn)?;
    let keyed = rows.into_iter().map(|(key, numerator, denominator, numerator_rows, denominator_rows, complete_rows)| {
        (key, Amount { numerator, denominator, numerator_rows, denominator_rows, complete_rows })
    });
    Ok(keyed.collect())
}

/// What the totals must be, from the values alone: written apart from [`Amount::of`], so that each checks the other.
macro_rules! computed {
    () => {
        "SELECT t.node_id, t.period_id, t.indicator_id, t.slot, \
            CAST(SUM(CASE WHEN t.half = 1 THEN 0 ELSE t.upper END) AS BIGINT) AS numerator, \
            CAST(SUM(CASE WHEN t.half = 1 THEN 0 ELSE t.lower END) AS BIGINT) AS denominator, \
            CAST(SUM(t.has_upper) AS BIGINT) AS numerator_rows, \
            CAST(SUM(t.has_lower) AS BIGINT) AS denominator_rows, \
            CAST(SUM(CASE WHEN t.counts_as = 'two' OR t.half = 1 THEN 0 ELSE 1 END) AS BIGINT) AS complete_rows \
        FROM ( \
            SELECT n.node_id, v.period_id, v.indicator_id, v.counts_as, v.slot, \
                COALESCE(CASE WHEN v.counts_as = 'count' THEN v.tally ELSE v.numerator END, 0) AS upper, \
                CASE WHEN v.counts_as = 'count' THEN 0 ELSE COALESCE(v.denominator, 0) END AS lower, \
                CASE WHEN (v.counts_as = 'count' AND v.tally IS NULL) OR (v.counts_as <> 'count' AND v.numerator IS NULL) THEN 0 ELSE 1 END \
                    AS has_upper, \
                CASE WHEN v.counts_as = 'count' OR v.denominator IS NULL THEN 0 ELSE 1 END AS has_lower, \
                CASE WHEN (v.counts_as = 'one' AND (v.numerator IS NULL OR v.denominator IS NULL)) \
                    OR (v.counts_as = 'count' AND v.tally IS NULL) THEN 1 ELSE 0 END AS half \
            FROM ( \
                SELECT period_id, indicator_id, subject_id, counts_as, 0 AS slot, numerator, denominator, tally FROM indicator_values \
                UNION ALL SELECT w.period_id, w.indicator_id, w.subject_id, w.counts_as, q.slot, q.numerator, q.denominator, q.tally \
                    FROM indicator_value_parts q JOIN indicator_values w ON w.id = q.value_id \
            ) v \
            JOIN periods p ON p.id = v.period_id \
            JOIN ( \
                SELECT c.descendant AS subject_id, c.ancestor AS node_id, c.valid_from, c.valid_to FROM unit_closure c \
                UNION ALL SELECT l.id, l.id, '0001-01-01', '9999-12-31' FROM localities l \
                UNION ALL SELECT l.id, l.parent_id, '0001-01-01', '9999-12-31' FROM localities l WHERE l.parent_id IS NOT NULL \
                UNION ALL SELECT l.id, m.parent_id, '0001-01-01', '9999-12-31' FROM localities l \
                    JOIN localities m ON m.id = l.parent_id WHERE m.parent_id IS NOT NULL \
            ) n ON n.subject_id = v.subject_id AND n.valid_from <= p.as_of AND p.as_of < n.valid_to \
            WHERE v.counts_as <> 'none' \
        ) t GROUP BY t.node_id, t.period_id, t.indicator_id, t.slot"
    };
}

/// A difference between what is kept and what the values say.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The unit or locality.
    pub node: AnyId,
    /// The period.
    pub period: PeriodId,
    /// The indicator.
    pub indicator: IndicatorId,
    /// Which part.
    pub slot: i32,
    /// What the values add up to.
    pub computed: Amount,
    /// What is kept.
    pub kept: Amount,
}

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = Uid)]
    node_id: AnyId,
    #[diesel(sql_type = Uid)]
    period_id: PeriodId,
    #[diesel(sql_type = Uid)]
    indicator_id: IndicatorId,
    #[diesel(sql_type = Integer)]
    slot: i32,
    #[diesel(sql_type = BigInt)]
    numerator: i64,
    #[diesel(sql_type = BigInt)]
    denominator: i64,
    #[diesel(sql_type = BigInt)]
    numerator_rows: i64,
    #[diesel(sql_type = BigInt)]
    denominator_rows: i64,
    #[diesel(sql_type = BigInt)]
    complete_rows: i64,
}

impl Told {
    fn key(&self) -> Key {
        (self.node_id, self.period_id, self.indicator_id, self.slot)
    }

    fn amount(&self) -> Amount {
        Amount {
            numerator: self.numerator,
            denominator: self.denominator,
            numerator_rows: self.numerator_rows,
            denominator_rows: self.denominator_rows,
            complete_rows: self.complete_rows,
        }
    }
}

/// Computes every total from the values and answers how many there are and those that are kept wrongly.
///
/// # Errors
/// Database errors.
pub fn verify(db: &mut Db<'_>) -> Result<(usize, Vec<Difference>)> {
    let mut differences: HashMap<Key, (Amount, Amount)> = HashMap::new();
    let computed: Vec<Told> = diesel::sql_query(computed!()).load(db.conn)?;
    let total = computed.len();
    for row in computed {
        differences.insert(row.key(), (row.amount(), Amount::default()));
    }
    let rows: Vec<Told> = diesel::sql_query("SELECT * FROM value_sums").load(db.conn)?;
    for row in rows {
        differences.entry(row.key()).or_default().1 = row.amount();
    }
    let mut wrong: Vec<Difference> = differences
        .into_iter()
        .filter(|(_, (computed, kept))| computed != kept)
        .map(|((node, period, indicator, slot), (computed, kept))| Difference { node, period, indicator, slot, computed, kept })
        .collect();
    wrong.sort_unstable_by_key(|difference| (difference.period, difference.indicator, difference.node, difference.slot));
    Ok((total, wrong))
}

/// Throws the kept totals away and writes those that the values say. Answers how many.
///
/// # Errors
/// Database errors.
pub fn rebuild(tx: &mut Tx<'_>) -> Result<usize> {
    diesel::delete(value_sums::table).execute(tx.conn)?;
    let columns = "node_id, period_id, indicator_id, slot, numerator, denominator, numerator_rows, denominator_rows, complete_rows";
    Ok(diesel::sql_query(format!("INSERT INTO value_sums ({columns}) {}", computed!())).execute(tx.conn)?)
}
