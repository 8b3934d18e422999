//! The outermost ring: every answer, also those that the framework makes, gets its request id, its security headers and its one
//! line in the log.

use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error as ActixError, HttpMessage, HttpRequest};

use crate::access::caller::Person;
use crate::ids::{AnyId, Id};
use crate::text::cut;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the request is called in logs, problems and the journal.
struct RequestId(Arc<str>);

/// Who asked, for the log line; put there by the door.
pub(super) struct Asker(pub Arc<Person>);

/// The request's id: the client's if it is sane, ours otherwise.
#[must_use]
pub fn request_id(req: &HttpRequest) -> Arc<str> {
    req.extensions().get::<RequestId>().map_or_else(|| Arc::from(""), |id| id.0.clone())
}

/// Who asked, once the door has let it in.
#[must_use]
pub(super) fn asker(req: &HttpRequest) -> Option<Arc<Person>> {
    req.extensions().get::<Asker>().map(|asker| asker.0.clone())
}

/// 1 to 64 letters, digits, `-`, `_`, `.`: nothing that could forge a line of a log.
fn sane(value: &HeaderValue) -> Option<Arc<str>> {
    let text = value.to_str().ok()?;
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    fits.then(|| Arc::from(text))
}

/// The ring itself, for `actix_web::middleware::from_fn`.
///
/// # Errors
/// None of its own.
#[expect(clippy::disallowed_methods, reason = "measures how long the answer took; no rule hangs on it")]
pub async fn ring<B: MessageBody>(req: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, ActixError> {
    let started = Instant::now();
    let id = req.headers().get(&REQUEST_ID).and_then(sane).unwrap_or_else(|| {
        let id: AnyId = Id::new();
        Arc::from(id.to_string())
    });
    req.extensions_mut().insert(RequestId(id.clone()));
    let mut res = next.call(req).await?;
    dress(&mut res, &id);
    log(&res, &id, started);
    Ok(res)
}

/// Headers that every answer carries (OWASP REST security; ASVS 3.4, 4.1). A room that needs another policy has set its own.
fn dress<B>(res: &mut ServiceResponse<B>, id: &str) {
    const FIXED: [(HeaderName, &str); 5] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let headers = res.headers_mut();
    for (name, value) in FIXED {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    for varies in ["Authorization", "Accept-Encoding", "Accept-Language"] {
        headers.append(header::VARY, HeaderValue::from_static(varies));
    }
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
}

fn log<B: MessageBody>(res: &ServiceResponse<B>, id: &str, started: Instant) {
    let req = res.request();
    let bytes = match res.response().body().size() {
        BodySize::Sized(bytes) => bytes,
        BodySize::None | BodySize::Stream => 0,
    };
    #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "microseconds of a request fit a float's 52 bits")]
    let ms = started.elapsed().as_micros() as f64 / 1000.0;
    let extensions = req.extensions();
    let asker = extensions.get::<Asker>().map(|asker| &asker.0);
    tracing::info!(
        target: "tiendo::request",
        request_id = id,
        method = cut(req.method().as_str()),
        route = req.match_pattern().as_deref().unwrap_or("-"),
        status = res.status().as_u16(),
        ms,
        user = asker.map(|person| tracing::field::display(person.id)),
        unit = asker.map(|person| tracing::field::display(person.unit)),
        bytes,
    );
}
