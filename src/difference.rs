//! What differs between two JSON values, member by member.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"pointer": "/items/0/due_on", "before": "2025-12-31", "after": "2026-03-31"}))]
pub struct Difference {
    /// Where: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// As it was; null where there was nothing.
    #[schema(required = true, value_type = Value)]
    pub before: Option<Value>,
    /// As it is; null where there is nothing.
    #[schema(required = true, value_type = Value)]
    pub after: Option<Value>,
}

/// Everything that differs, in the order of the members.
#[must_use]
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(before), Some(after), &mut found);
    found
}

fn compare(pointer: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
            for name in names {
                let step = name.replace('~', "~0").replace('/', "~1");
                compare(&format!("{pointer}/{step}"), old.get(name), new.get(name), found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for index in 0..old.len().max(new.len()) {
                compare(&format!("{pointer}/{index}"), old.get(index), new.get(index), found);
            }
        }
        (before, after) if before != after => {
            found.push(Difference { pointer: pointer.to_owned(), before: before.cloned(), after: after.cloned() });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_told_with_where_it_stands() {
        let (old, new) = (json!({"a": 1, "b": [1, {"c/d": 2}], "e": 5}), json!({"a": 1, "b": [1, {"c/d": 3}, 4]}));
        let told: Vec<(String, Option<Value>, Option<Value>)> =
            differences(&old, &new).into_iter().map(|one| (one.pointer, one.before, one.after)).collect();
        let expected = [
            ("/b/1/c~1d".to_owned(), Some(json!(2)), Some(json!(3))),
            ("/b/2".to_owned(), None, Some(json!(4))),
            ("/e".to_owned(), Some(json!(5)), None),
        ];
        assert_eq!(told, expected);
        assert_eq!(differences(&old, &old), []);
    }
}
