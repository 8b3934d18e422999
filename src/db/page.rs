//! Pages by keyset: a page begins after the last row of the one before, by the values that rows are sorted by and their id, so
//! rows that come or go meanwhile are neither repeated nor skipped.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono::NaiveDate;
use diesel::BoolExpressionMethods;
use diesel::expression::BoxableExpression;
use diesel::sql_types::Bool;
use serde_json::Value;

use super::MultiBackend;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::Id;

/// A word of `sort`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// From the list's closed list.
    pub name: &'static str,
    /// With `-`.
    pub descending: bool,
}

/// Which page of a list.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    /// 1 to 200.
    pub limit: i64,
    /// Never empty.
    pub sort: Vec<SortKey>,
    /// The sorted values and the id of the last row of the page before.
    pub after: Option<Vec<Value>>,
    /// Whether the total is asked.
    pub count: bool,
}

/// A page of rows.
#[derive(Debug)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// What the next page begins after; `None` on the last.
    pub next: Option<Vec<Value>>,
    /// As asked.
    pub limit: i64,
    /// If asked.
    pub total: Option<i64>,
}

/// Bytes of long texts in a page, unless its first row has more: a page is held in memory, by us and by whoever asks.
pub const MOST_BYTES: i64 = 4 * 1024 * 1024;

diesel::define_sql_function! {
    /// Bytes of a text.
    fn octet_length(text: diesel::sql_types::Nullable<diesel::sql_types::Text>) -> diesel::sql_types::Nullable<diesel::sql_types::Integer>;
}

impl PageRequest {
    /// The same page, with no more rows than [`MOST_BYTES`] hold, by the bytes of each in their order; one at the least.
    #[must_use]
    pub fn fitting(&self, bytes: impl IntoIterator<Item = i64>) -> Self {
        let mut held = 0_i64;
        let fits = bytes.into_iter().take_while(|bytes| {
            held = held.saturating_add(*bytes);
            held <= MOST_BYTES
        });
        let fits = i64::try_from(fits.count()).unwrap_or(i64::MAX).max(1);
        Self { limit: self.limit.min(fits), ..self.clone() }
    }
}

impl<T> Page<T> {
    /// As a page of so many rows at the most that has fewer, for they are long.
    #[must_use]
    pub fn asked(self, limit: i64) -> Self {
        Self { limit, ..self }
    }

    /// Cuts the one row more than `limit` that was read to see whether there is a next page.
    pub fn cut(mut rows: Vec<T>, request: &PageRequest, total: Option<i64>, value: impl Fn(&T, &str) -> Value) -> Self {
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| {
            let sorted = request.sort.iter().map(|key| value(last, key.name));
            sorted.chain([value(last, "id")]).collect()
        });
        Self { rows, next, limit: request.limit, total }
    }

    /// Its rows, and the page without them: for rows that need another query to become whole.
    #[must_use]
    pub fn split<U>(self) -> (Vec<T>, Page<U>) {
        (self.rows, Page { rows: Vec::new(), next: self.next, limit: self.limit, total: self.total })
    }

    /// The page with these rows.
    #[must_use]
    pub fn with(self, rows: Vec<T>) -> Self {
        Self { rows, ..self }
    }

    /// The page of rows that are all at hand, in an order that does not change.
    pub fn slice(mut rows: Vec<T>, request: &PageRequest, value: impl Fn(&T, &str) -> Value) -> Self {
        if request.sort.first().is_some_and(|key| key.descending) {
            rows.reverse();
        }
        let total = request.count.then(|| i64::try_from(rows.len()).unwrap_or(i64::MAX));
        let key = |row: &T| -> Vec<Value> { request.sort.iter().map(|key| value(row, key.name)).chain([value(row, "id")]).collect() };
        let start = match &request.after {
            // A row whose place has changed meanwhile is known by its id.
            Some(after) => rows
                .iter()
                .position(|row| key(row) == *after)
                .or_else(|| rows.iter().position(|row| key(row).last() == after.last()))
                .map_or(rows.len(), |index| index + 1),
            None => 0,
        };
        let rest = rows.into_iter().skip(start).collect();
        Self::cut(rest, request, total, value)
    }

    /// The same page of other rows.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(turn).collect(), next: self.next, limit: self.limit, total: self.total }
    }
}

/// A value that rows are sorted by, as it stands in a cursor.
pub trait CursorValue: Sized {
    /// As it stands in a cursor.
    fn write(&self) -> Value;
    /// Back again; `None` if it is none of ours.
    fn read(value: &Value) -> Option<Self>;
}

impl CursorValue for String {
    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl CursorValue for Vec<u8> {
    fn write(&self) -> Value {
        Value::from(STANDARD_NO_PAD.encode(self))
    }
    fn read(value: &Value) -> Option<Self> {
        STANDARD_NO_PAD.decode(value.as_str()?).ok()
    }
}

impl CursorValue for i64 {
    fn write(&self) -> Value {
        Value::from(*self)
    }
    fn read(value: &Value) -> Option<Self> {
        value.as_i64()
    }
}

impl CursorValue for Instant {
    fn write(&self) -> Value {
        Value::from(self.micros())
    }
    fn read(value: &Value) -> Option<Self> {
        value.as_i64().map(Self::from_micros)
    }
}

impl CursorValue for NaiveDate {
    fn write(&self) -> Value {
        Value::from(self.to_string())
    }
    fn read(value: &Value) -> Option<Self> {
        value.as_str()?.parse().ok()
    }
}

impl<T> CursorValue for Id<T> {
    fn write(&self) -> Value {
        Value::from(self.to_string())
    }
    fn read(value: &Value) -> Option<Self> {
        value.as_str()?.parse().ok()
    }
}

/// A condition on the rows of `QS`.
pub type Condition<QS> = Box<dyn BoxableExpression<QS, MultiBackend, SqlType = Bool>>;

/// How a column stands to the value in the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The same.
    Equal,
    /// Above it.
    Above,
    /// Below it.
    Below,
}

/// The rows after the cursor: for each sorted column, those equal in all columns before it and past it in this one.
///
/// # Errors
/// 422 for a cursor that does not fit the order; it is signed, so only a change of ours makes one.
pub fn after<QS: 'static>(
    request: &PageRequest,
    condition: impl Fn(&str, &Value, Side) -> Option<Condition<QS>>,
) -> Result<Option<Condition<QS>>> {
    let Some(values) = &request.after else { return Ok(None) };
    let unfit = || Error::invalid(vec![crate::error::Fault::of("cursor", crate::error::FaultCode::InvalidCursor)]);
    let id = SortKey { name: "id", descending: false };
    let keys: Vec<SortKey> = request.sort.iter().copied().chain([id]).collect();
    if keys.len() != values.len() {
        return Err(unfit());
    }
    let mut any: Option<Condition<QS>> = None;
    for (index, (key, value)) in keys.iter().zip(values).enumerate() {
        let past = if key.descending { Side::Below } else { Side::Above };
        let mut all = condition(key.name, value, past).ok_or_else(unfit)?;
        for (key, value) in keys.iter().zip(values).take(index) {
            let equal = condition(key.name, value, Side::Equal).ok_or_else(unfit)?;
            all = Box::new(equal.and(all));
        }
        any = Some(match any {
            Some(any) => Box::new(any.or(all)),
            None => all,
        });
    }
    Ok(any)
}

/// Orders a boxed query as the request says and begins it after the cursor; reads one row more than `limit`.
///
/// `keyset!(query, request, Source, { "name" => unit_spells::sort_key: Vec<u8>, … }, units::id)`
macro_rules! keyset {
    ($query:expr, $request:expr, $source:ty, { $($name:literal => $column:path : $type:ty),+ $(,)? }, $id:path) => {{
        let request: &$crate::db::page::PageRequest = $request;
        let past = $crate::db::page::after::<$source>(request, |name, value, side| {
            use $crate::db::page::{Condition, CursorValue, Side};
            macro_rules! compare {
                ($col:path, $typ:ty) => {{
                    let value = <$typ as CursorValue>::read(value)?;
                    let condition: Condition<$source> = match side {
                        Side::Equal => Box::new($col.eq(value)),
                        Side::Above => Box::new($col.gt(value)),
                        Side::Below => Box::new($col.lt(value)),
                    };
                    Some(condition)
                }};
            }
            match name {
                $($name => compare!($column, $type),)+
                "id" => compare!($id, $crate::ids::AnyId),
                _ => None,
            }
        })?;
        let mut query = $query;
        for key in &request.sort {
            query = match (key.name, key.descending) {
                $(($name, false) => query.then_order_by($column.asc()), ($name, true) => query.then_order_by($column.desc()),)+
                _ => query,
            };
        }
        query = query.then_order_by($id.asc()).limit(request.limit.saturating_add(1));
        match past {
            Some(past) => query.filter(past),
            None => query,
        }
    }};
}
pub(crate) use keyset;
