//! Numbers as they are recorded and shown: with two places, and never as binary fractions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number with two places, kept as hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(pub i128);

impl Decimal {
    /// From hundredths, as the database keeps them.
    #[must_use]
    pub fn hundredths(number: i64) -> Self {
        Self(number.into())
    }

    /// Hundredths for the database; `None` if it is no number that could be recorded.
    #[must_use]
    pub fn stored(self) -> Option<i64> {
        self.0.try_into().ok()
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", size / 100, size % 100)
    }
}

impl FromStr for Decimal {
    type Err = ();
    /// Digits, a point, two digits; a minus sign before them.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, places) = digits.split_once('.').ok_or(())?;
        let all = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !all(whole) || !all(places) || places.len() != 2 {
            return Err(());
        }
        let whole: i128 = whole.parse().map_err(drop)?;
        let places: i128 = places.parse().map_err(drop)?;
        whole.checked_mul(100).and_then(|whole| whole.checked_add(places)).and_then(|size| size.checked_mul(sign)).map(Self).ok_or(())
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|()| serde::de::Error::custom("not a decimal with two places"))
    }
}
