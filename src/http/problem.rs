//! How a refusal is told: `application/problem+json` (RFC 9457), in the client's language, logged once.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::language::language;
use super::marks::{request_id, route};
use crate::error::{Code, Error, FaultBody};
use crate::text::cut;

/// Marks the answer to one who was turned away at the gate.
#[derive(Clone, Copy, Debug)]
pub struct TurnedAway;

/// More faults than this are not told: a call for many rows may have one in each.
const MOST_FAULTS: usize = 2000;

/// A refusal as a client reads it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"type": "/problems/validation-failed", "title": "Dữ liệu không hợp lệ", "status": 422, "detail": "Dữ liệu không hợp lệ",
    "instance": "/api/v1/units", "code": "validation_failed", "request_id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20",
    "errors": [{"pointer": "/name", "code": "required", "detail": "Bắt buộc phải có."}]}))]
pub struct Problem {
    /// What kind of problem: a page that explains it.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in a few words, in the language asked for.
    pub title: &'static str,
    /// The status, again.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// This refusal in a sentence, in the language asked for.
    pub detail: &'static str,
    /// The path that was asked.
    pub instance: String,
    /// What to switch on; never changes with the language.
    pub code: String,
    /// What to tell us when you ask why.
    pub request_id: String,
    /// Every fault of parameters and body, all at once, up to 2,000.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FaultBody>,
    /// What may be done with the resource now, where a move was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false)]
    pub actions: Option<Vec<&'static str>>,
}

/// Draws the refusal and logs it: here and nowhere else.
#[must_use]
pub fn render(error: &Error, req: &HttpRequest) -> HttpResponse {
    let language = language(req);
    let code = error.code();
    let request_id = request_id(req);
    match error.cause() {
        Some(cause) if code == Code::Internal => {
            tracing::error!(request_id = &*request_id, code = code.slug(), route = &*route(req), cause = cut(&cause.text), at = %cause.at, "refused");
        }
        Some(cause) => {
            tracing::warn!(request_id = &*request_id, code = code.slug(), route = &*route(req), cause = cut(&cause.text), at = %cause.at, "refused");
        }
        None => tracing::debug!(request_id = &*request_id, code = code.slug(), route = &*route(req), "refused"),
    }
    let problem = Problem {
        kind: format!("/problems/{}", code.slug()),
        title: code.title(language),
        status: code.status(),
        detail: error.detail(language),
        instance: req.path().to_owned(),
        code: code.code(),
        request_id: request_id.to_string(),
        errors: error.faults().iter().take(MOST_FAULTS).map(|fault| fault.told(language)).collect(),
        actions: (code == Code::IllegalTransition).then(|| error.actions().to_vec()),
    };
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    if error.is_turned_away() {
        response.extensions_mut().insert(TurnedAway);
    }
    response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    response.insert_header((header::CONTENT_LANGUAGE, language.tag()));
    if code.status() == 401 && code != Code::InvalidCredentials && code != Code::TotpRequired && code != Code::InvalidRefreshToken {
        let challenge = if code == Code::Unauthenticated { "Bearer" } else { "Bearer error=\"invalid_token\"" };
        response.insert_header((header::WWW_AUTHENTICATE, challenge));
    }
    if let Some(scope) = error.scope() {
        response.insert_header((header::WWW_AUTHENTICATE, format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"")));
    }
    if let Some(allow) = error.allow().and_then(|allow| HeaderValue::from_str(allow).ok()) {
        response.insert_header((header::ALLOW, allow));
    }
    if let Some(seconds) = error.retry_after() {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    if code == Code::UnsupportedMediaType {
        response.insert_header((header::ACCEPT, "application/json"));
    }
    // What is left of a body that nobody will read must not be taken for the next request.
    if matches!(code, Code::TooLarge | Code::RequestTimeout) {
        response.insert_header((header::CONNECTION, "close"));
        response.force_close();
    }
    match serde_json::to_vec(&problem) {
        Ok(body) => response.body(body),
        Err(_) => response.finish(),
    }
}
