//! The outermost ring: every answer, also those that the framework makes, gets its request id, its security headers and its one
//! line in the log.

use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error as ActixError, HttpMessage, web};

use super::kernel::Kernel;
use super::marks::{Asker, Client, RequestId, route};
use super::problem::TurnedAway;
use super::quota::Standing;
use super::stalls::{Connection, Watched};
use crate::access::caller::Caller;
use crate::ids::{AnyId, Id};
use crate::text::cut;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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
pub async fn ring<B: MessageBody + 'static>(req: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<Watched>, ActixError> {
    let started = Instant::now();
    let connection = req.conn_data::<Arc<Connection>>().cloned();
    if let Some(connection) = &connection {
        connection.works();
    }
    let kernel = req.app_data::<web::Data<Kernel>>().cloned();
    if let Some(client) = kernel.as_ref().and_then(|kernel| kernel.shield.client(&req)) {
        req.extensions_mut().insert(Client(client));
    }
    let id = req.headers().get(&REQUEST_ID).and_then(sane).unwrap_or_else(|| {
        let id: AnyId = Id::new();
        Arc::from(id.to_string())
    });
    req.extensions_mut().insert(RequestId(id.clone()));
    let answer = next.call(req).await;
    let mut res = match answer {
        Ok(res) => res,
        Err(error) => {
            if let Some(connection) = &connection {
                connection.waits();
            }
            return Err(error);
        }
    };
    dress(&mut res, &id);
    if let Some(kernel) = &kernel {
        tell_load(&mut res, kernel);
        if kernel.public_url.as_deref().is_some_and(|public| public.starts_with("https://")) {
            // A year (RFC 6797 section 6.1.1). Of the hosts below nothing is known.
            res.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
    }
    log(&res, &id, started);
    Ok(res.map_body(|_, body| Watched::new(body.boxed(), connection)))
}

/// Where the caller stands, and whether this connection is the last that is answered on.
fn tell_load<B>(res: &mut ServiceResponse<B>, kernel: &Kernel) {
    let standing = res.request().extensions().get::<Standing>().cloned();
    standing.as_ref().unwrap_or(kernel.shield.quotas.uncounted()).tell(res.headers_mut());
    if kernel.shield.is_stopping() {
        res.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
}

/// Headers that every answer carries (OWASP REST security; ASVS 3.4, 4.1). A room that needs another policy has set its own.
fn dress<B>(res: &mut ServiceResponse<B>, id: &str) {
    const FIXED: [(HeaderName, &str); 5] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
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
    if res.response().extensions().get::<TurnedAway>().is_some() {
        return;
    }
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
        route = &*route(req),
        status = res.status().as_u16(),
        ms,
        user = asker.and_then(Caller::person).map(|person| tracing::field::display(person.id)),
        client = asker.and_then(Caller::program).map(tracing::field::display),
        ip = extensions.get::<Client>().map(|client| tracing::field::display(client.0)),
        unit = asker.and_then(Caller::unit).map(tracing::field::display),
        bytes,
    );
}
