//! Reading JSON: an object that says a name twice means one thing to this reader and another to the next, and is refused
//! (RFC 7493 section 2.3).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{Code, Error, Result};

/// A body.
///
/// # Errors
/// 400 for what is no JSON, and for a name that is said twice.
pub(super) fn parse(bytes: &[u8]) -> Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Once.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|_| Error::new(Code::MalformedRequest))
}

/// A value in which each object says each name once.
struct Once;

impl<'de> DeserializeSeed<'de> for Once {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, told: bool) -> Result<Value, E> {
        Ok(told.into())
    }
    fn visit_i64<E>(self, told: i64) -> Result<Value, E> {
        Ok(told.into())
    }
    fn visit_u64<E>(self, told: u64) -> Result<Value, E> {
        Ok(told.into())
    }
    fn visit_f64<E>(self, told: f64) -> Result<Value, E> {
        Ok(Number::from_f64(told).map_or(Value::Null, Value::Number))
    }
    fn visit_str<E>(self, told: &str) -> Result<Value, E> {
        Ok(told.into())
    }
    fn visit_string<E>(self, told: String) -> Result<Value, E> {
        Ok(told.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if all.contains_key(&name) {
                return Err(A::Error::custom("a name is said twice"));
            }
            all.insert(name, members.next_value_seed(Self)?);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_it_says_and_says_each_name_once() {
        let text = r#"{"tên": "Trường Mầm non Đồng Chum", "rows": [1, -2, 3.5, null, true, {"a": {}}], "max": 18446744073709551615}"#;
        assert_eq!(parse(text.as_bytes()).expect("JSON"), serde_json::from_str::<Value>(text).expect("JSON"));
        for odd in [r#"{"a": 1, "a": 1}"#, r#"[{"x": {"a": 1, "b": 2, "\u0061": 3}}]"#, "{} {}", "", "{\"a\": 1e999}", "\u{feff}{}"] {
            assert_eq!(parse(odd.as_bytes()).expect_err(odd).code(), Code::MalformedRequest);
        }
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(parse(deep.as_bytes()).is_err(), "no deeper than the reader goes");
    }
}
