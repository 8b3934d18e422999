//! Time as a value: nobody asks the machine what time it is but through a [`Clock`], so tests move time by hand.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration as StdDuration, Instant as StdInstant};

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Asia/Ho_Chi_Minh is this much ahead of UTC, without daylight saving.
const BUSINESS_OFFSET: Duration = Duration::hours(7);

/// A moment in UTC, kept to the microsecond (what PostgreSQL keeps); RFC 3339 with `Z` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Timestamp)]
pub struct Instant(NaiveDateTime);

impl Instant {
    /// The moment so many microseconds after 1970-01-01T00:00:00Z; the epoch itself where chrono cannot say it.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        Self(DateTime::from_timestamp_micros(micros).unwrap_or_default().naive_utc())
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0.and_utc().timestamp_micros()
    }

    /// Seconds since 1970-01-01T00:00:00Z, as JWT claims count them (RFC 7519 section 2, NumericDate).
    #[must_use]
    pub fn unix(self) -> i64 {
        self.0.and_utc().timestamp()
    }

    /// The same for libraries that count in UTC.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        self.0.and_utc()
    }

    /// This moment and so many seconds.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0 + Duration::seconds(seconds))
    }

    /// The moment after this one: in the order of what was written down one after the other.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + Duration::microseconds(1))
    }

    /// The business day of this moment, in Asia/Ho_Chi_Minh.
    #[must_use]
    pub fn business_day(self) -> NaiveDate {
        (self.0 + BUSINESS_OFFSET).date()
    }

    /// Hour and day in Asia/Ho_Chi_Minh as people there write them: `09:30 21/02/2025`.
    #[must_use]
    pub fn business_time(self) -> String {
        (self.0 + BUSINESS_OFFSET).format("%H:%M %d/%m/%Y").to_string()
    }

    /// RFC 3339 with six digits and `Z`: one length, so that text order is time order.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.0.and_utc().to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    /// When a business day begins.
    #[must_use]
    pub fn start_of(day: NaiveDate) -> Self {
        Self(day.and_time(NaiveTime::MIN) - BUSINESS_OFFSET)
    }

    /// Reads RFC 3339; a moment in another zone is turned to UTC.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let moment = DateTime::parse_from_rfc3339(text).ok()?;
        Some(Self::from_micros(moment.timestamp_micros()))
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 instant"))
    }
}

impl<DB: Backend> FromSql<Timestamp, DB> for Instant
where
    NaiveDateTime: FromSql<Timestamp, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        NaiveDateTime::from_sql(bytes).map(Self)
    }
}

impl<DB: Backend> ToSql<Timestamp, DB> for Instant
where
    NaiveDateTime: ToSql<Timestamp, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl utoipa::PartialSchema for Instant {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples([serde_json::json!("2025-02-20T02:30:00.000000Z")])
            .into()
    }
}

impl utoipa::ToSchema for Instant {}

/// Where time comes from: the machine, or a hand that tests turn.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// Microseconds since the epoch, moved by [`Clock::advance`].
    Manual(Arc<AtomicI64>),
    /// Another clock, moved by what it differs from the one that all instances share.
    Steered(Arc<Steered>),
}

/// A clock and by how many microseconds it is moved.
#[derive(Debug)]
pub struct Steered {
    source: Clock,
    offset: AtomicI64,
}

/// Smaller differences are left alone, in microseconds: time that jumps each minute is worse.
const TOLERATED: i64 = 1_000_000;

impl Clock {
    /// A clock that stands still until it is moved.
    #[must_use]
    pub fn manual(start: Instant) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.micros())))
    }

    /// A clock that follows another one as [`Clock::follow`] tells it to.
    #[must_use]
    pub fn steered(source: Self) -> Self {
        Self::Steered(Arc::new(Steered { source, offset: AtomicI64::new(0) }))
    }

    /// Now, to the microsecond.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that may read the machine's clock")]
    pub fn now(&self) -> Instant {
        match self {
            Self::System => Instant::from_micros(Utc::now().timestamp_micros()),
            Self::Manual(micros) => Instant::from_micros(micros.load(Ordering::SeqCst)),
            Self::Steered(steered) => {
                Instant::from_micros(steered.source.now().micros().saturating_add(steered.offset.load(Ordering::SeqCst)))
            }
        }
    }

    /// Now as this machine has it, whatever it is moved by.
    #[must_use]
    pub fn machine(&self) -> Instant {
        match self {
            Self::Steered(steered) => steered.source.now(),
            Self::System | Self::Manual(_) => self.now(),
        }
    }

    /// From here on it shows what differs by so many microseconds from the machine. A clock that is not steered does not listen, and one
    /// that is about right is left alone. Answers whether it was moved.
    #[must_use]
    pub fn follow(&self, ahead: i64) -> bool {
        let Self::Steered(steered) = self else { return false };
        let right = (steered.offset.load(Ordering::SeqCst) - ahead).abs() <= TOLERATED;
        if !right {
            steered.offset.store(ahead, Ordering::SeqCst);
        }
        !right
    }

    /// Today in Asia/Ho_Chi_Minh.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.now().business_day()
    }

    /// Time that only goes on, since some moment of this process: for what is counted in seconds whatever the clock is set to.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that may read the machine's clock")]
    pub fn elapsed(&self) -> StdDuration {
        static START: LazyLock<StdInstant> = LazyLock::new(StdInstant::now);
        match self {
            Self::System => START.elapsed(),
            Self::Steered(steered) => steered.source.elapsed(),
            Self::Manual(micros) => StdDuration::from_micros(u64::try_from(micros.load(Ordering::SeqCst)).unwrap_or_default()),
        }
    }

    /// Moves a manual clock forward; the machine's clock does not listen.
    pub fn advance(&self, seconds: i64) {
        if let Self::Manual(micros) = self {
            micros.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_business_day_turns_at_seventeen_hours_utc() {
        let before = Instant::parse("2024-12-31T16:59:59Z").expect("valid");
        let after = Instant::parse("2024-12-31T18:30:00Z").expect("valid");
        assert_eq!(before.business_day().to_string(), "2024-12-31");
        assert_eq!(after.business_day().to_string(), "2025-01-01");
    }

    #[test]
    fn instants_are_written_with_one_length_and_z() {
        let instant = Instant::parse("2025-07-01T07:00:00.5+07:00").expect("valid");
        assert_eq!(instant.rfc3339(), "2025-07-01T00:00:00.500000Z");
    }
}
