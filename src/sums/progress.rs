//! Progress: how much work a node has, by group and due date, so that *late* is a sum over dates before today.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::db::schema::{assignments, progress_sums, unit_closure};
use crate::db::{Db, Tx, UNTIL_FURTHER_NOTICE, insert_all};
use crate::error::Result;
use crate::ids::{AnyId, GroupId, PlanId, UnitId};

/// What assignments add to a total. Cancelled ones add nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Neither confirmed nor cancelled.
    pub open: i64,
    /// Of these, those that were sent back.
    pub returned: i64,
    /// The percents of the open ones, each at most 99.
    pub percent: i64,
    /// Confirmed, and reported by the due date.
    pub done_in_time: i64,
    /// Confirmed, and reported after it.
    pub done_late: i64,
}

impl Amount {
    fn add(&mut self, other: Self, sign: i64) {
        self.open += sign * other.open;
        self.returned += sign * other.returned;
        self.percent += sign * other.percent;
        self.done_in_time += sign * other.done_in_time;
        self.done_late += sign * other.done_late;
    }
}

/// What one assignment stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Who leads it.
    pub unit: UnitId,
    /// The plan that it carries out.
    pub plan: Option<PlanId>,
    /// The group of its task.
    pub group: GroupId,
    /// Its last day; 9999-12-31 for none.
    pub due_on: NaiveDate,
    /// What it adds.
    pub amount: Amount,
}

/// A node, a group, a due date, and the day from which the work counts there.
type Key = (AnyId, GroupId, NaiveDate, NaiveDate);

/// Amounts by key.
#[derive(Clone, Debug, Default)]
pub struct Totals(BTreeMap<Key, Amount>);

impl Totals {
    fn put(&mut self, key: Key, amount: Amount, sign: i64) {
        self.0.entry(key).or_default().add(amount, sign);
    }

    /// Takes all of the other totals away.
    pub fn take(&mut self, other: Self) {
        for (key, amount) in other.0 {
            self.put(key, amount, -1);
        }
    }
}

/// A plan's work is the plan's on every day.
const ALWAYS: NaiveDate = match NaiveDate::from_ymd_opt(1, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

/// The totals of pieces, at every unit above each and at its plan.
///
/// # Errors
/// Database errors.
pub fn totals(db: &mut Db<'_>, pieces: &[Piece]) -> Result<Totals> {
    let mut totals = Totals::default();
    let mut units: Vec<UnitId> = pieces.iter().map(|piece| piece.unit).collect();
    units.sort_unstable();
    units.dedup();
    let mut links: BTreeMap<UnitId, Vec<(UnitId, NaiveDate, NaiveDate)>> = BTreeMap::new();
    for chunk in units.chunks(1000) {
        let rows: Vec<(UnitId, UnitId, NaiveDate, NaiveDate)> = unit_closure::table
            .filter(unit_closure::descendant.eq_any(chunk.to_vec()))
            .select((unit_closure::descendant, unit_closure::ancestor, unit_closure::valid_from, unit_closure::valid_to))
            .load(db.conn)?;
        for (unit, ancestor, from, to) in rows {
            links.entry(unit).or_default().push((ancestor, from, to));
        }
    }
    for piece in pieces {
        for (ancestor, from, to) in links.get(&piece.unit).into_iter().flatten() {
            totals.put((ancestor.any(), piece.group, piece.due_on, *from), piece.amount, 1);
            if *to != UNTIL_FURTHER_NOTICE {
                totals.put((ancestor.any(), piece.group, piece.due_on, *to), piece.amount, -1);
            }
        }
        if let Some(plan) = piece.plan {
            totals.put((plan.any(), piece.group, piece.due_on, ALWAYS), piece.amount, 1);
        }
    }
    Ok(totals)
}

/// What changes when pieces become others: the old ones are taken away and the new ones added.
///
/// # Errors
/// Database errors.
pub fn replace(tx: &mut Tx<'_>, before: &[Piece], after: &[Piece]) -> Result<()> {
    let mut change = totals(tx, after)?;
    change.take(totals(tx, before)?);
    fold(tx, change)
}

#[derive(Insertable)]
#[diesel(table_name = progress_sums, treat_none_as_default_value = false)]
struct SumRow {
    node_id: AnyId,
    group_id: GroupId,
    due_on: NaiveDate,
    on_date: NaiveDate,
    open: i64,
    returned: i64,
    percent: i64,
    done_in_time: i64,
    done_late: i64,
}

/// Adds totals to those that are kept, in one order for all.
///
/// # Errors
/// Database errors.
pub fn fold(tx: &mut Tx<'_>, totals: Totals) -> Result<()> {
    let rows: Vec<SumRow> = totals
        .0
        .into_iter()
        .filter(|(_, amount)| *amount != Amount::default())
        // The newest node first: the top is the oldest, and the one that everybody waits for.
        .rev()
        .map(|((node_id, group_id, due_on, on_date), amount)| SumRow {
            node_id,
            group_id,
            due_on,
            on_date,
            open: amount.open,
            returned: amount.returned,
            percent: amount.percent,
            done_in_time: amount.done_in_time,
            done_late: amount.done_late,
        })
        .collect();
    Ok(insert_all!(&mut *tx.conn, rows => |row| diesel::insert_into(progress_sums::table)
    .values(row)
    .on_conflict((progress_sums::node_id, progress_sums::group_id, progress_sums::due_on, progress_sums::on_date))
    .do_update()
    .set((
        progress_sums::open.eq(progress_sums::open + excluded(progress_sums::open)),
        progress_sums::returned.eq(progress_sums::returned + excluded(progress_sums::returned)),
        progress_sums::percent.eq(progress_sums::percent + excluded(progress_sums::percent)),
        progress_sums::done_in_time.eq(progress_sums::done_in_time + excluded(progress_sums::done_in_time)),
        progress_sums::done_late.eq(progress_sums::done_late + excluded(progress_sums::done_late)),
    )))?)
}

/// A group, a due date, and the work of it.
pub type Work = (GroupId, NaiveDate, Amount);

/// The work of nodes today.
///
/// # Errors
/// Database errors.
pub fn read(db: &mut Db<'_>, nodes: &[AnyId]) -> Result<HashMap<AnyId, Vec<Work>>> {
    type Row = (AnyId, GroupId, NaiveDate, i64, i64, i64, i64, i64);
    let rows: Vec<Row> = progress_sums::table
        .filter(progress_sums::node_id.eq_any(nodes.to_vec()))
        .filter(progress_sums::on_date.le(db.today()))
        .select((
            progress_sums::node_id,
            progress_sums::group_id,
            progress_sums::due_on,
            progress_sums::open,
            progress_sums::returned,
            progress_sums::percent,
            progress_sums::done_in_time,
            progress_sums::done_late,
        ))
        .load(db.conn)?;
    let mut by_node: HashMap<AnyId, Vec<Work>> = HashMap::new();
    for (node, group, due_on, open, returned, percent, done_in_time, done_late) in rows {
        by_node.entry(node).or_default().push((group, due_on, Amount { open, returned, percent, done_in_time, done_late }));
    }
    Ok(by_node)
}

/// The pieces of the assignments that units lead, or of all.
fn pieces(db: &mut Db<'_>, units: Option<&[UnitId]>) -> Result<Vec<Piece>> {
    type Row = (UnitId, Option<PlanId>, GroupId, NaiveDate, String, i32, Option<NaiveDate>);
    let mut query = assignments::table
        .filter(assignments::status.ne("cancelled"))
        .select((
            assignments::unit_id,
            assignments::plan_id,
            assignments::group_id,
            assignments::due_on,
            assignments::status,
            assignments::percent,
            assignments::done_on,
        ))
        .into_boxed();
    if let Some(units) = units {
        query = query.filter(assignments::unit_id.eq_any(units.to_vec()));
    }
    let rows: Vec<Row> = query.load(db.conn)?;
    let piece = |(unit, plan, group, due_on, status, percent, done_on): Row| Piece {
        unit,
        plan,
        group,
        due_on,
        amount: amount(&status, percent, due_on, done_on),
    };
    Ok(rows.into_iter().map(piece).collect())
}

/// What an assignment with this status adds (`shapes.md` 10, Progress).
#[must_use]
pub fn amount(status: &str, percent: i32, due_on: NaiveDate, done_on: Option<NaiveDate>) -> Amount {
    match status {
        "cancelled" => Amount::default(),
        "confirmed" => {
            let late = done_on.is_some_and(|day| day > due_on);
            Amount { done_in_time: i64::from(!late), done_late: i64::from(late), ..Amount::default() }
        }
        status => Amount { open: 1, returned: i64::from(status == "returned"), percent: i64::from(percent.min(99)), ..Amount::default() },
    }
}

/// The totals of the assignments that these units lead, at every unit above them and at their plans, as the tree stands now.
///
/// # Errors
/// Database errors.
pub fn footprint(db: &mut Db<'_>, units: &[UnitId]) -> Result<Totals> {
    let mut all = Totals::default();
    for chunk in units.chunks(1000) {
        let pieces = pieces(db, Some(chunk))?;
        for (key, amount) in totals(db, &pieces)?.0 {
            all.put(key, amount, 1);
        }
    }
    Ok(all)
}

/// Computes every total from the assignments and answers how many there are and how many are kept wrongly.
///
/// # Errors
/// Database errors.
pub fn verify(db: &mut Db<'_>) -> Result<(usize, usize)> {
    type Row = (AnyId, GroupId, NaiveDate, NaiveDate, i64, i64, i64, i64, i64);
    let pieces = pieces(db, None)?;
    let mut computed = totals(db, &pieces)?.0;
    let total = computed.len();
    let rows: Vec<Row> = progress_sums::table.load(db.conn)?;
    for (node, group, due_on, on_date, open, returned, percent, done_in_time, done_late) in rows {
        let kept = Amount { open, returned, percent, done_in_time, done_late };
        computed.entry((node, group, due_on, on_date)).or_default().add(kept, -1);
    }
    Ok((total, computed.values().filter(|left| **left != Amount::default()).count()))
}

/// Throws the kept totals away and writes those that the assignments say. Answers how many.
///
/// # Errors
/// Database errors.
pub fn rebuild(tx: &mut Tx<'_>) -> Result<usize> {
    let pieces = pieces(tx, None)?;
    let totals = totals(tx, &pieces)?;
    diesel::delete(progress_sums::table).execute(tx.conn)?;
    let count = totals.0.len();
    fold(tx, totals)?;
    Ok(count)
}
