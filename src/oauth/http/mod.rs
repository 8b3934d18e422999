//! OAuth on HTTP: `/oauth/authorize` and the pages under `/account` for people, `/oauth/token`, `/oauth/introspect` and `/oauth/revoke` for
//! programs, and what describes them.

mod account;
mod authorize;
mod browser;
mod password;
mod token;
mod visit;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::json;

use super::model::{Kind, Refusal};
use crate::access::grant::Grant;
use crate::error::{Code, Error};
use crate::http::Kernel;
use crate::http::docs::{fixed, hang};
use crate::http::marks::{request_id, route};
use crate::text::cut;

type Result<T> = std::result::Result<T, Refusal>;

/// Hangs these paths into an application.
pub fn configure(config: &mut web::ServiceConfig) {
    hang(
        config,
        "/oauth/authorize",
        "GET, HEAD, POST",
        [web::get().to(authorize::ask), web::head().to(authorize::ask), web::post().to(authorize::decide)],
    );
    hang(config, "/oauth/token", "POST", [web::post().to(token::token)]);
    hang(config, "/oauth/introspect", "POST", [web::post().to(token::introspect)]);
    hang(config, "/oauth/revoke", "POST", [web::post().to(token::revoke)]);
    account::configure(config);
    password::configure(config);
    fixed(config, "/.well-known/oauth-authorization-server", metadata);
}

/// Never kept by anybody (RFC 6749 section 5.1).
pub(super) fn answer<T: Serialize>(req: &HttpRequest, answer: Result<T>) -> HttpResponse {
    let (status, body, refusal) = match answer {
        Ok(told) => (200, serde_json::to_vec(&told), None),
        Err(refusal) => {
            let told = json!({"error": refusal.kind.as_str(), "error_description": refusal.description});
            (refusal.status, serde_json::to_vec(&told), Some(refusal))
        }
    };
    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    response.insert_header((header::CONTENT_TYPE, "application/json"));
    response.insert_header((header::CACHE_CONTROL, "no-store")).insert_header((header::PRAGMA, "no-cache"));
    if let Some(refusal) = refusal {
        if refusal.kind == Kind::InvalidClient {
            response.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"tiendo\", charset=\"UTF-8\""));
        }
        if let Some(seconds) = refusal.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        log(req, &refusal);
        // What is left of a form that nobody will read must not be taken for the next request.
        if refusal.cause.is_some_and(|error| matches!(error.code(), Code::TooLarge | Code::RequestTimeout)) {
            response.insert_header((header::CONNECTION, "close"));
            response.force_close();
        }
    }
    body.map_or_else(|_| HttpResponse::InternalServerError().finish(), |body| response.body(body))
}

fn log(req: &HttpRequest, refusal: &Refusal) {
    let (request_id, route) = (request_id(req), route(req));
    match refusal.cause.as_ref().and_then(Error::cause) {
        Some(cause) if refusal.kind == Kind::ServerError => {
            tracing::error!(request_id = &*request_id, error = refusal.kind.as_str(), route = &*route, cause = cut(&cause.text), at = %cause.at, "refused");
        }
        Some(cause) => {
            tracing::warn!(request_id = &*request_id, error = refusal.kind.as_str(), route = &*route, cause = cut(&cause.text), at = %cause.at, "refused");
        }
        None => tracing::debug!(request_id = &*request_id, error = refusal.kind.as_str(), route = &*route, "refused"),
    }
}

/// What a client needs to know to begin (RFC 8414).
async fn metadata(kernel: web::Data<Kernel>, req: HttpRequest) -> HttpResponse {
    let base = base(&kernel, &req);
    let proofs = ["client_secret_basic", "client_secret_post"];
    let proofs_or_none = ["client_secret_basic", "client_secret_post", "none"];
    let scopes: Vec<&str> = Grant::ALL.iter().map(|grant| grant.as_str()).collect();
    HttpResponse::Ok().json(json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/oauth/authorize"),
        "token_endpoint": format!("{base}/oauth/token"),
        "token_endpoint_auth_methods_supported": proofs_or_none,
        "introspection_endpoint": format!("{base}/oauth/introspect"),
        "introspection_endpoint_auth_methods_supported": proofs,
        "revocation_endpoint": format!("{base}/oauth/revoke"),
        "revocation_endpoint_auth_methods_supported": proofs_or_none,
        "jwks_uri": format!("{base}/.well-known/jwks.json"),
        "grant_types_supported": ["client_credentials", "authorization_code", "refresh_token"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "scopes_supported": scopes,
        "service_documentation": format!("{base}/docs/"),
        "ui_locales_supported": ["vi", "en"],
    }))
}

/// The public address; without one, that of the request.
fn base(kernel: &Kernel, req: &HttpRequest) -> String {
    if let Some(public) = &kernel.public_url {
        return public.clone();
    }
    // Nothing that a proxy would have said: anybody can say it.
    let host = req.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(*c)).collect();
    format!("http://{host}")
}
