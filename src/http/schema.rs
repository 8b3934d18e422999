//! One description of a body and of parameters: the JSON Schema that the OpenAPI document publishes. It is compiled at start and
//! every request is checked against it, all faults at once; then the value is deserialised.

use jsonschema::error::{ValidationError, ValidationErrorKind};
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use crate::error::{Fault, FaultCode, Place};
use crate::ids::is_no_id;
use crate::text;

/// How deep a body may be nested.
const DEPTH: usize = 32;

/// The schema of a body, compiled.
pub struct BodySchema {
    validator: Validator,
    /// Members that are secrets: stored as they came, neither trimmed nor normalised.
    raw: Vec<String>,
}

/// The schema of an operation's query parameters, compiled.
pub struct QuerySchema {
    validator: Validator,
    /// Name and JSON type.
    names: Vec<(String, Kind)>,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Boolean,
}

/// Days of this century and the last, and instants of JSON's four digits: `date` alone lets years below zero through.
pub fn bound_dates(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("format") == Some(&json!("date")) {
                members.insert("pattern".into(), json!("^(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}$"));
            }
            members.values_mut().for_each(bound_dates);
        }
        Value::Array(items) => items.iter_mut().for_each(bound_dates),
        _ => {}
    }
}

/// An object without members says so: of one that is silent the checker tells only that it is wrong, and not which member it has.
fn name_no_members(schema: &mut Value) {
    if let Value::Object(members) = schema
        && members.get("additionalProperties") == Some(&json!(false))
        && !members.contains_key("properties")
    {
        members.insert("properties".into(), json!({}));
    }
}

fn compile(schema: &Value, components: &Value) -> Result<Validator, String> {
    let mut root = schema.clone();
    let mut components = named(schema, components);
    components.values_mut().for_each(name_no_members);
    if let Some(root) = root.as_object_mut() {
        root.insert("components".into(), json!({ "schemas": components }));
    }
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .with_format("code", is_no_id)
        .should_ignore_unknown_formats(true)
        .build(&root)
        .map_err(|error| error.to_string())
}

/// The components that a schema names, and those that these name: each compiled schema keeps what it is given, and all of them many times
/// over would be hundreds of megabytes.
fn named(schema: &Value, components: &Value) -> Map<String, Value> {
    let mut found = Map::new();
    let mut todo = vec![schema];
    while let Some(value) = todo.pop() {
        match value {
            Value::Object(members) => {
                let reference = members.get("$ref").and_then(Value::as_str);
                if let Some(name) = reference.and_then(|text| text.strip_prefix("#/components/schemas/"))
                    && !found.contains_key(name)
                    && let Some(component) = components.get(name)
                {
                    found.insert(name.to_owned(), component.clone());
                    todo.push(component);
                }
                todo.extend(members.values());
            }
            Value::Array(items) => todo.extend(items),
            _ => {}
        }
    }
    found
}

impl BodySchema {
    /// Compiles the schema of this name among `components`.
    ///
    /// # Errors
    /// What is wrong with the schema: a fault of ours, told at start.
    pub fn compile(name: &str, components: &Value) -> Result<Self, String> {
        let validator = compile(&json!({ "$ref": format!("#/components/schemas/{name}") }), components)?;
        let raw = components
            .pointer(&format!("/{name}/properties"))
            .and_then(Value::as_object)
            .map(|properties| {
                properties
                    .iter()
                    .filter(|(_, schema)| schema.get("format") == Some(&json!("password")))
                    .map(|(name, _)| name.clone())
                    .collect()
            })
            .unwrap_or_default();
        Ok(Self { validator, raw })
    }

    /// Cleans the strings of the body and finds every fault of it.
    ///
    /// # Errors
    /// `Err(())` when the body is nested too deep to be looked at.
    pub fn check(&self, body: &mut Value, faults: &mut Vec<Fault>) -> Result<(), ()> {
        if let Value::Object(members) = body {
            for (name, value) in members {
                if !self.raw.contains(name) {
                    clean(value, (name, &format!("/{}", escape(name))), 1, faults)?;
                }
            }
        }
        for error in self.validator.iter_errors(body) {
            explain(&error, faults);
        }
        Ok(())
    }
}

/// What may have several lines. All else is a name of something, in one.
const TEXTS: [&str; 9] = ["reason", "note", "text", "body", "deliverable", "expected_result", "difficulties", "proposals", "source"];

/// What no text may hold; its place is still to be told.
fn unfit(name: &str, string: &str) -> Option<Fault> {
    if text::has_control(string) || (!TEXTS.contains(&name) && string.trim().contains(text::is_no_part_of_a_name)) {
        return Some(Fault::at("", FaultCode::ControlCharacter));
    }
    let most = || format!("UAX #15 Stream-Safe, ≤ {}", text::MOST_MARKS);
    text::has_heap(string).then(|| Fault::at("", FaultCode::BadFormat).with(most()))
}

/// Trims and normalises every string, refuses what no text may hold, and writes whole numbers as integers: JSON Schema takes 3.0 for
/// one, and so must what reads it.
fn clean(value: &mut Value, (name, pointer): (&str, &str), depth: usize, faults: &mut Vec<Fault>) -> Result<(), ()> {
    if depth > DEPTH {
        return Err(());
    }
    match value {
        Value::String(string) => {
            faults.extend(unfit(name, string).map(|fault| Fault { place: Place::Body(pointer.to_owned()), ..fault }));
            *string = text::clean(string);
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                clean(item, (name, &format!("{pointer}/{index}")), depth + 1, faults)?;
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                clean(member, (name, &format!("{pointer}/{}", escape(name))), depth + 1, faults)?;
            }
        }
        Value::Number(number) => {
            const EXACT: f64 = 9_007_199_254_740_992.0;
            if let Some(whole) = number.as_f64().filter(|float| !number.is_i64() && float.fract() == 0.0 && float.abs() < EXACT)
                && let Ok(integer) = format!("{whole:.0}").parse::<i64>()
            {
                *value = integer.into();
            }
        }
        _ => {}
    }
    Ok(())
}

/// A member's name as a part of a JSON pointer (RFC 6901 section 3).
#[must_use]
pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

impl QuerySchema {
    /// Compiles the schemas of named parameters; none of them is an operation without parameters.
    ///
    /// # Errors
    /// What is wrong with the schema: a fault of ours, told at start.
    pub fn compile(parameters: &[(String, Value, bool)], components: &Value) -> Result<Self, String> {
        let properties: Map<String, Value> = parameters.iter().map(|(name, schema, _)| (name.clone(), schema.clone())).collect();
        let required: Vec<&str> = parameters.iter().filter(|(_, _, required)| *required).map(|(name, _, _)| name.as_str()).collect();
        let schema = json!({ "type": "object", "properties": properties, "required": required });
        let names = parameters.iter().map(|(name, schema, _)| (name.clone(), kind(schema))).collect();
        Ok(Self { validator: compile(&schema, components)?, names })
    }

    /// Reads a query string; every parameter must be known, given once and fit its schema.
    pub fn read(&self, query: &str, faults: &mut Vec<Fault>) -> Map<String, Value> {
        let mut values = Map::new();
        for (name, value) in form_urlencoded(query) {
            let Some((_, kind)) = self.names.iter().find(|(known, _)| *known == name) else {
                faults.push(Fault::of(printable(&name), FaultCode::UnknownParameter));
                continue;
            };
            if let Some(fault) = unfit(&name, &value) {
                faults.push(Fault { place: Place::Parameter(name), ..fault });
                continue;
            }
            let value = match kind {
                Kind::Text => Some(Value::String(text::clean(&value))),
                Kind::Integer => integer(&value).map(Value::from),
                Kind::Boolean => value.parse::<bool>().ok().map(Value::from),
            };
            match value {
                Some(value) if !values.contains_key(&name) => {
                    values.insert(name, value);
                }
                Some(_) => faults.push(Fault::of(name, FaultCode::DuplicateRow)),
                None => faults.push(Fault::of(name, FaultCode::WrongType)),
            }
        }
        let values = Value::Object(values);
        let mut found = Vec::new();
        for error in self.validator.iter_errors(&values) {
            explain(&error, &mut found);
        }
        // A parameter is named, not pointed at; one that was refused above is not refused again as missing.
        for fault in found {
            let Place::Body(pointer) = &fault.place else { continue };
            let name = pointer.trim_start_matches('/').to_owned();
            if !faults.iter().any(|known| known.place == Place::Parameter(name.clone())) {
                faults.push(Fault { place: Place::Parameter(name), ..fault });
            }
        }
        match values {
            Value::Object(values) => values,
            _ => Map::new(),
        }
    }
}

fn kind(schema: &Value) -> Kind {
    let is = |word: &str| match schema.get("type") {
        Some(Value::String(kind)) => kind == word,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == word),
        _ => false,
    };
    match () {
        () if is("integer") => Kind::Integer,
        () if is("boolean") => Kind::Boolean,
        () => Kind::Text,
    }
}

/// A whole number as clients write one: `1`, not `01`, `+1` or `1.0`.
fn integer(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// A name that a client made up, safe to show: at most 64 printable characters.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control() && !text::turns(*c)).take(64).collect()
}

/// The pairs of an `application/x-www-form-urlencoded` text (URL Standard, section 5.1).
fn form_urlencoded(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode(name), percent_decode(value))
    })
}

/// `%41` → `A`, `+` → space; what is no UTF-8 becomes U+FFFD.
fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes().iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut ahead = rest.clone();
                let digits = ahead.next().zip(ahead.next()).and_then(|(high, low)| {
                    let (high, low) = (char::from(*high).to_digit(16)?, char::from(*low).to_digit(16)?);
                    u8::try_from(high * 16 + low).ok()
                });
                match digits {
                    Some(decoded) => {
                        bytes.push(decoded);
                        rest = ahead;
                    }
                    None => bytes.push(b'%'),
                }
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A violation in our own words: the validator's carry the client's values.
fn explain(error: &ValidationError<'_>, faults: &mut Vec<Fault>) {
    use ValidationErrorKind as Kind;
    let pointer = error.instance_path().to_string();
    let fault = |code| Fault::at(pointer.clone(), code);
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            faults.push(Fault::at(format!("{pointer}/{}", escape(name)), FaultCode::Required));
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            faults.extend(
                unexpected.iter().map(|name| Fault::at(format!("{pointer}/{}", escape(&printable(name))), FaultCode::UnknownField)),
            );
        }
        Kind::MinLength { limit } | Kind::MinItems { limit } | Kind::MinProperties { limit } => {
            faults.push(fault(FaultCode::TooShort).with(limit.to_string()));
        }
        Kind::MaxLength { limit } | Kind::MaxItems { limit } => faults.push(fault(FaultCode::TooLong).with(limit.to_string())),
        Kind::Minimum { limit } | Kind::ExclusiveMinimum { limit } => faults.push(fault(FaultCode::OutOfRange).with(format!("≥ {limit}"))),
        Kind::Maximum { limit } | Kind::ExclusiveMaximum { limit } => faults.push(fault(FaultCode::OutOfRange).with(format!("≤ {limit}"))),
        Kind::Enum { options } => faults.push(fault(FaultCode::NotInList).with(list(options))),
        Kind::Constant { expected_value } => faults.push(fault(FaultCode::NotInList).with(expected_value.to_string())),
        Kind::Pattern { pattern } => faults.push(fault(FaultCode::BadFormat).with(pattern.clone())),
        Kind::Format { format } => faults.push(fault(FaultCode::BadFormat).with(format.clone())),
        Kind::UniqueItems => faults.push(fault(FaultCode::DuplicateRow)),
        // `T | null`: the fault is the one of the branch that is not null.
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => {
            let branches: Vec<_> = context.iter().filter(|branch| !branch.iter().any(is_null_branch)).collect();
            match branches.as_slice() {
                [branch] => branch.iter().for_each(|error| explain(error, faults)),
                _ => faults.push(fault(FaultCode::WrongType)),
            }
        }
        _ => faults.push(fault(FaultCode::WrongType)),
    }
}

fn is_null_branch(error: &ValidationError<'static>) -> bool {
    use jsonschema::error::TypeKind;
    matches!(error.kind(), ValidationErrorKind::Type { kind: TypeKind::Single(kind) } if kind.to_string() == "null")
}

fn list(options: &Value) -> String {
    let words: Vec<String> = options
        .as_array()
        .map(|options| options.iter().map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned)).collect())
        .unwrap_or_default();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_and_pluses_are_decoded() {
        let pairs: Vec<_> = form_urlencoded("q=Ho%C3%A0+B%c3%acnh&x&y=%zz").collect();
        assert_eq!(pairs, [("q".into(), "Hoà Bình".into()), ("x".into(), String::new()), ("y".into(), "%zz".into())]);
    }

    #[test]
    fn every_fault_is_found_at_once() {
        let components = json!({"New": {"type": "object", "additionalProperties": false, "required": ["code", "name"],
            "properties": {"code": {"type": "string", "pattern": "^[A-Z]+$"}, "name": {"type": "string", "maxLength": 3},
                           "year": {"oneOf": [{"type": "null"}, {"type": "integer", "minimum": 2025}]}, "password": {"type": "string", "format": "password"}}}});
        let schema = BodySchema::compile("New", &components).expect("compiles");
        let mut body = json!({"code": "a", "year": 2020, "rank": 1, "name": "  Hoà\u{0}  ", "password": "  x "});
        let mut faults = Vec::new();
        schema.check(&mut body, &mut faults).expect("not deep");
        let mut told: Vec<String> = faults.iter().map(|fault| format!("{:?} {}", fault.place, fault.code.code())).collect();
        told.sort();
        assert_eq!(
            told,
            [
                r#"Body("/code") bad_format"#,
                r#"Body("/name") control_character"#,
                r#"Body("/name") too_long"#,
                r#"Body("/rank") unknown_field"#,
                r#"Body("/year") out_of_range"#
            ]
        );
        assert_eq!(body["password"], "  x ");
    }

    #[test]
    fn parameters_are_strict() {
        let parameters = [
            ("limit".to_owned(), json!({"type": "integer", "minimum": 1, "maximum": 200}), false),
            ("unit".to_owned(), json!({"type": "string"}), true),
        ];
        let schema = QuerySchema::compile(&parameters, &json!({})).expect("compiles");
        let mut faults = Vec::new();
        schema.read("limit=0&colour=red&limit=7", &mut faults);
        let mut told: Vec<String> = faults.iter().map(|fault| format!("{:?} {}", fault.place, fault.code.code())).collect();
        told.sort();
        assert_eq!(
            told,
            [r#"Parameter("colour") unknown_parameter"#, r#"Parameter("limit") duplicate_row"#, r#"Parameter("unit") required"#]
        );
        assert_eq!(integer("01"), None);
    }
}
