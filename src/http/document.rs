//! The OpenAPI document, gathered while operations are registered: nothing in it is written a second time.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::access::grant::Grant;
use crate::access::policy::Permission;
use crate::error::{Code, Error, Result};

/// What an operation says of itself through the types in its handler's signature.
#[derive(Default)]
pub struct Spec {
    /// Names of path parameters, from the path's template.
    names: Vec<String>,
    path: Vec<(String, Value)>,
    /// Name, schema, whether it is required, description.
    pub(super) query: Vec<(String, Value, bool, String)>,
    pub(super) body: Option<String>,
    pub(super) if_match: bool,
    pub(super) may_match: bool,
    pub(super) putting: bool,
    pub(super) upload: bool,
    pub(super) download: bool,
    /// Whether an answer carries a secret.
    pub(super) secret: bool,
    /// What is answered where it is not JSON.
    pub(super) media: Option<&'static str>,
    /// The component whose members `fields` may pick.
    pub(super) fields: Option<String>,
    responses: BTreeMap<u16, Value>,
    components: Vec<(String, RefOr<Schema>)>,
}

impl Spec {
    /// A specification of an operation at this path.
    #[must_use]
    pub fn at(path: &str) -> Self {
        let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}').map(str::to_owned)).collect();
        Self { names, ..Self::default() }
    }

    /// The schemas of the path's variable parts, in order.
    pub fn path_parameters(&mut self, schemas: &[Value]) {
        let mut schemas = schemas.to_vec();
        for (name, schema) in self.names.iter().zip(&mut schemas) {
            if let (Some(example), Some(members)) = (example_of(name), schema.as_object_mut()) {
                members.insert("example".into(), example.into());
            }
        }
        self.path = self.names.iter().cloned().zip(schemas).collect();
    }

    /// Every member of `T` is a query parameter.
    pub fn query<T: ToSchema>(&mut self) {
        self.collect::<T>();
        let schema = serde_json::to_value(T::schema()).unwrap_or_default();
        let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let (mut schema, required) = (not_null(schema.clone()), required.contains(&json!(name)));
            let description = schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
            if !required {
                forget_examples(&mut schema);
            }
            super::schema::bound_dates(&mut schema);
            self.query.push((name.clone(), schema, required, description));
        }
    }

    /// One query parameter.
    pub fn parameter(&mut self, name: &str, schema: Value, description: &str) {
        self.query.push((name.to_owned(), schema, false, description.to_owned()));
    }

    /// The body is a `T`.
    pub fn body<T: ToSchema>(&mut self) {
        self.body = Some(self.component::<T>());
    }

    /// `If-Match` is required.
    pub fn if_match(&mut self) {
        self.if_match = true;
    }

    /// `If-Match` or `If-None-Match: *` is required.
    pub fn putting(&mut self) {
        self.putting = true;
    }

    /// The body is a form with one file.
    pub fn upload(&mut self) {
        self.upload = true;
    }

    /// The answer is a file of one of these types, whatever the client accepts.
    pub fn download(&mut self, types: &[&str]) {
        self.download = true;
        let headers = json!({"Content-Disposition": {"schema": {"type": "string"}, "description": "`attachment`, with its name."},
            "ETag": {"schema": {"type": "string"}, "description": "Its SHA-256."}});
        let file = |media: &&str| ((*media).to_owned(), json!({"schema": {"type": "string", "format": "binary"}}));
        let content: Map<String, Value> = types.iter().map(file).collect();
        self.responses.insert(200, json!({"description": "The file, under its own media type.", "headers": headers, "content": content}));
    }

    /// The answer is a drawing.
    pub fn drawing(&mut self, example: &str) {
        const SVG: &str = "image/svg+xml";
        self.media = Some(SVG);
        let headers = json!({"ETag": {"schema": {"type": "string"}, "description": "For `If-None-Match`."},
            "Content-Security-Policy": {"schema": {"type": "string"}, "description": "Lets the drawing's own style in, and nothing else."}});
        let content = json!({ SVG: {"schema": {"type": "string"}, "example": example} });
        self.responses.insert(200, json!({"description": "The drawing, in UTF-8.", "headers": headers, "content": content}));
    }

    /// `If-Match` may be given.
    pub fn may_match(&mut self) {
        self.may_match = true;
    }

    /// An answer with this status and schema.
    pub fn answer(&mut self, status: u16, description: &str, schema: Option<Value>, headers: Value) {
        let mut response = json!({ "description": description, "headers": headers });
        if let (Some(response), Some(schema)) = (response.as_object_mut(), schema) {
            response.insert("content".into(), json!({ "application/json": { "schema": schema } }));
        }
        self.responses.insert(status, response);
    }

    /// Puts `T` and all that it names among the components, and answers its name.
    pub fn component<T: ToSchema>(&mut self) -> String {
        self.collect::<T>();
        let name = T::name().into_owned();
        self.components.push((name.clone(), T::schema()));
        name
    }

    fn collect<T: ToSchema>(&mut self) {
        T::schemas(&mut self.components);
    }

    /// A schema of ours among the components: for shapes that are built around a type.
    pub fn put(&mut self, name: &str, schema: Value) {
        if let Ok(schema) = serde_json::from_value(schema) {
            self.components.push((name.to_owned(), schema));
        }
    }

    /// `fields` may pick the members of this component.
    pub fn pick(&mut self, component: &str) {
        self.fields = Some(component.to_owned());
        self.parameter(
            "fields",
            json!({"type": "string", "maxLength": 1000}),
            "Comma-separated names of the members to answer; `id` always comes with them.",
        );
    }

    pub(super) fn take_components(&mut self) -> Vec<(String, RefOr<Schema>)> {
        std::mem::take(&mut self.components)
    }
}

/// Pages such as Swagger UI fill examples in: of a parameter that may be left out they would narrow what nobody meant to narrow.
fn forget_examples(schema: &mut Value) {
    if let Some(members) = schema.as_object_mut() {
        members.retain(|name, _| name != "example" && name != "examples");
    }
}

/// What a variable part of a path may be, by its name.
fn example_of(variable: &str) -> Option<&'static str> {
    Some(match variable {
        "unit" => "SGD",
        "locality" => "D150",
        "period" => "2024-2025-START",
        "document" => "KH-285",
        "group" => "1",
        "task" => "1.01",
        "indicator" => "MN01",
        _ => return None,
    })
}

/// A parameter is absent or has a value: null is neither.
fn not_null(mut schema: Value) -> Value {
    if let Some(branches) = schema.get("oneOf").and_then(Value::as_array)
        && let Some(branch) = branches.iter().find(|branch| branch.get("type") != Some(&json!("null")))
    {
        return branch.clone();
    }
    if let Some(kinds) = schema.get("type").and_then(Value::as_array)
        && let Some(kind) = kinds.iter().find(|kind| *kind != "null").cloned()
        && let Some(schema) = schema.as_object_mut()
    {
        schema.insert("type".into(), kind);
    }
    schema
}

/// What the registrar knows of an operation, for the document.
pub(super) struct Described<'o> {
    pub method: &'o Method,
    pub id: &'o str,
    pub tag: &'o str,
    pub summary: &'o str,
    pub description: &'o str,
    pub permission: Option<Permission>,
    pub refusals: &'o [Code],
    /// Whether it takes an `Idempotency-Key`.
    pub once: bool,
    pub spec: &'o Spec,
}

/// An operation object (OpenAPI 3.1.1 section 4.8.10).
pub(super) fn operation(described: &Described<'_>) -> Value {
    let spec = described.spec;
    let mut parameters: Vec<Value> =
        spec.path.iter().map(|(name, schema)| json!({"name": name, "in": "path", "required": true, "schema": schema})).collect();
    parameters.extend(spec.query.iter().map(|(name, schema, required, description)| {
        json!({"name": name, "in": "query", "required": required, "description": description, "schema": schema})
    }));
    parameters.push(json!({"$ref": "#/components/parameters/AcceptLanguage"}));
    if spec.if_match {
        parameters.push(json!({"$ref": "#/components/parameters/IfMatch"}));
    }
    if spec.may_match || spec.putting {
        parameters.push(json!({"$ref": "#/components/parameters/MayMatch"}));
    }
    if spec.putting {
        parameters.push(json!({"$ref": "#/components/parameters/IfNoneMatch"}));
    }
    if described.once {
        parameters.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
    }
    let mut responses: Map<String, Value> =
        spec.responses.iter().map(|(status, response)| (status.to_string(), response.clone())).collect();
    if described.once {
        for headers in responses.values_mut().filter_map(|response| response.get_mut("headers")?.as_object_mut()) {
            let description = "`true` where the same key was answered before: this is that answer, byte for byte.";
            headers
                .insert("Idempotent-Replayed".into(), json!({"schema": {"type": "string", "enum": ["true"]}, "description": description}));
        }
    }
    for (status, codes) in refusals(described) {
        responses.insert(status.to_string(), json!({"$ref": format!("#/components/responses/{}", refusal_name(&codes))}));
    }
    let mut operation = json!({
        "operationId": described.id, "tags": [described.tag], "summary": described.summary, "description": described.description,
        "parameters": parameters, "responses": responses,
    });
    if let Some(operation) = operation.as_object_mut() {
        if let Some(body) = &spec.body {
            let media = if described.method == Method::PATCH {
                vec!["application/merge-patch+json", "application/json"]
            } else {
                vec!["application/json"]
            };
            let content: Map<String, Value> = media
                .into_iter()
                .map(|media| (media.to_owned(), json!({"schema": {"$ref": format!("#/components/schemas/{body}")}})))
                .collect();
            operation.insert("requestBody".into(), json!({"required": true, "content": content}));
        }
        if spec.upload {
            let properties = json!({"file": {"type": "string", "format": "binary"}});
            let schema = json!({"type": "object", "required": ["file"], "properties": properties, "additionalProperties": false});
            operation.insert("requestBody".into(), json!({"required": true, "content": {"multipart/form-data": {"schema": schema}}}));
        }
        match described.permission {
            Some(permission) => {
                // A session of our own, or a client with any one of these scopes.
                let granted = Grant::of(permission).map(|grant| json!({"oauth2": [grant.as_str()]}));
                operation.insert("security".into(), std::iter::once(json!({"bearer": []})).chain(granted).collect());
                operation.insert("x-permission".into(), json!(permission.as_str()));
            }
            None => {
                operation.insert("security".into(), json!([]));
            }
        }
    }
    operation
}

/// Every refusal that an operation can give, by status: those that follow from what it takes, and its own.
fn refusals(described: &Described<'_>) -> BTreeMap<u16, Vec<Code>> {
    let spec = described.spec;
    let mut codes = vec![Code::RateLimited, Code::Internal, Code::Unavailable];
    if !spec.download {
        codes.push(Code::NotAcceptable);
    }
    if described.permission.is_some() {
        codes.extend([Code::Unauthenticated, Code::InvalidToken, Code::TokenExpired, Code::Forbidden]);
    }
    if !spec.path.is_empty() {
        codes.push(Code::NotFound);
    }
    // Even an operation without parameters refuses unknown ones.
    codes.push(Code::ValidationFailed);
    if spec.body.is_some() || spec.upload {
        codes.extend([Code::MalformedRequest, Code::UnsupportedMediaType, Code::TooLarge, Code::RequestTimeout]);
    }
    if spec.if_match || spec.putting {
        codes.extend([Code::PreconditionRequired, Code::StaleVersion]);
    }
    if spec.may_match {
        codes.push(Code::StaleVersion);
    }
    if described.once {
        codes.push(Code::RequestInProgress);
    }
    codes.extend(described.refusals);
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL.iter().filter(|code| codes.contains(code)) {
        by_status.entry(code.status()).or_default().push(*code);
    }
    by_status
}

fn refusal_name(codes: &[Code]) -> String {
    codes.iter().map(|code| format!("{code:?}")).collect::<Vec<_>>().join("Or")
}

/// The document without its paths: what is the same for all operations.
pub(super) fn frame() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tiến độ",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Hệ thống quản lý và theo dõi kế hoạch phát triển giáo dục và đào tạo của tỉnh đến năm 2030.\n\n\
                Every refusal is `application/problem+json` (RFC 9457): switch on `code`, show `detail`. `Accept-Language` chooses `vi` (default) or `en`. \
                Everybody acts in the subtree of the own unit as it stands today; people of a division (phòng thuộc Sở) in that of their department. \
                Where an operation takes an id it takes the code as well. Lists answer `page.next`; give it back as `cursor`. \
                `Idempotency-Key` makes a POST safe to repeat where it is among the parameters; elsewhere it is 422 `idempotency_not_supported`. \
                Every answer tells in `RateLimit` how much may still be asked (draft-ietf-httpapi-ratelimit-headers); after 429 and 503 wait as \
                long as `Retry-After` says.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [],
        "paths": {},
        "components": {
            "schemas": {},
            "parameters": {
                "AcceptLanguage": {"name": "Accept-Language", "in": "header", "required": false, "schema": {"type": "string", "default": "vi"},
                    "description": "`vi` or `en`: the language of titles and details of refusals."},
                "IfMatch": {"name": "If-Match", "in": "header", "required": true, "schema": {"type": "string", "example": "\"1\""},
                    "description": "The `ETag` of the resource as you read it; only the version before the dash counts. `*` takes whatever exists."},
                "IdempotencyKey": {"name": "Idempotency-Key", "in": "header", "required": false,
                    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
                    "description": "A name for this request, of visible ASCII. Repeated with the same body within 24 hours it changes nothing \
                        more and is answered as the first time; with another body it is 422 `idempotency_key_reused`. Of one caller and operation."},
                "IfNoneMatch": {"name": "If-None-Match", "in": "header", "required": false, "schema": {"type": "string", "enum": ["*"]},
                    "description": "`*` where nothing is there yet; `If-Match` where something is. One of them is required."},
                "MayMatch": {"name": "If-Match", "in": "header", "required": false, "schema": {"type": "string"},
                    "description": "The `ETag` of the resource as you read it, if only that version is meant."},
            },
            "responses": {},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "The `access_token` of `POST /api/v1/sessions`; it lives 10 minutes."},
                "oauth2": {"type": "oauth2",
                    "description": "For programs of others (`/api/v1/clients`). A client with any one of the scopes that an operation lists may call it, in the \
                        subtree of its unit. What it writes is answered whole, as GET shows it. `/.well-known/oauth-authorization-server` describes the endpoints.",
                    "flows": {
                        "clientCredentials": {"tokenUrl": "/oauth/token", "scopes": scopes(true)},
                        "authorizationCode": {"authorizationUrl": "/oauth/authorize", "tokenUrl": "/oauth/token", "refreshUrl": "/oauth/token",
                            "scopes": scopes(false)},
                    }},
            },
        },
    })
}

/// The scopes that a machine account, or a front end, may be granted, and what each is.
fn scopes(machine: bool) -> Map<String, Value> {
    let granted = Grant::ALL.iter().filter(|grant| grant.holder().fits(machine));
    granted.map(|grant| (grant.as_str().to_owned(), json!(grant.about(crate::error::Language::En)))).collect()
}

/// The responses that `operation` refers to.
pub(super) fn refusal_response(described: &Described<'_>) -> Vec<(String, Value)> {
    refusals(described)
        .into_values()
        .map(|codes| {
            let title = codes.iter().map(|code| code.title(crate::error::Language::En)).collect::<Vec<_>>().join("; ");
            let listed = codes.iter().map(|code| format!("`{}`", code.code())).collect::<Vec<_>>().join(", ");
            let mut headers = json!({"X-Request-Id": {"schema": {"type": "string"}}});
            if codes.contains(&Code::RateLimited)
                && let Some(headers) = headers.as_object_mut()
            {
                headers.insert(
                    "RateLimit".into(),
                    json!({"schema": {"type": "string", "example": "\"person\";r=0;t=60"},
                    "description": "Requests that would pass now, and seconds until the whole quota would."}),
                );
                headers.insert(
                    "RateLimit-Policy".into(),
                    json!({"schema": {"type": "string", "example": "\"person\";q=600;w=60"},
                    "description": "The quota, and the seconds in which it fills up."}),
                );
            }
            if codes.iter().any(|code| matches!(code, Code::Unavailable | Code::RateLimited))
                && let Some(headers) = headers.as_object_mut()
            {
                headers.insert("Retry-After".into(), json!({"schema": {"type": "integer"}, "description": "Seconds."}));
            }
            let response = json!({"description": format!("{title}. Code: {listed}."), "headers": headers,
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}});
            (refusal_name(&codes), response)
        })
        .collect()
}

/// The names of a component's members.
///
/// # Errors
/// 500 if there is no such component: a fault of ours, told at start.
pub(super) fn members(components: &Value, name: &str) -> Result<Vec<String>> {
    let schema = components.get(name).ok_or_else(|| Error::internal(format!("no schema {name}")))?;
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.map(|properties| properties.keys().cloned().collect()).ok_or_else(|| Error::internal(format!("{name} has no members")))
}
