//! `Idempotency-Key` on HTTP: what may be one, what a request is told apart by, and answers that are given again.

use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use aws_lc_rs::digest::{Context, SHA256};

use super::kernel::Kernel;
use super::marks::{IDEMPOTENCY_KEY, asker};
use super::operation::Operation;
use super::parts::Exchange;
use crate::access::once::{Claim, Kept, Once};
use crate::error::{Error, Fault, FaultCode, Result};

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const LONGEST: usize = 255;

/// Faults of the header: once, 1 to 255 signs of visible ASCII, and only where the operation takes it.
pub(super) fn check(headers: &HeaderMap, taken: bool, faults: &mut Vec<Fault>) {
    let mut values = headers.get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return };
    let fault = |code| Fault::of("Idempotency-Key", code);
    if !taken {
        faults.push(fault(FaultCode::IdempotencyNotSupported));
    } else if value.len() > LONGEST {
        faults.push(fault(FaultCode::TooLong).with(LONGEST.to_string()));
    } else if value.is_empty() || !value.as_bytes().iter().all(u8::is_ascii_graphic) || values.next().is_some() {
        faults.push(fault(FaultCode::BadFormat).with("ASCII 33-126"));
    }
}

/// The turn of a request under a key; none without one.
///
/// # Errors
/// 409 `request_in_progress` where the first is still at work.
pub(super) async fn begin(kernel: &Kernel, operation: &Operation, exchange: &Exchange<'_>) -> Result<Option<Once>> {
    let Some(key) = exchange.req.headers().get(IDEMPOTENCY_KEY).and_then(|value| value.to_str().ok()) else { return Ok(None) };
    let caller = asker(exchange.req).and_then(|caller| caller.id()).ok_or_else(|| Error::internal("a key of nobody"))?;
    let claim = Claim { caller, operation: operation.id.clone(), key: key.to_owned() };
    kernel.door.once(claim, fingerprint(exchange)).await.map(Some)
}

/// What tells one request from another: its path, parameters, and body by value, for clients write members in any order; of a file its
/// name and hash.
fn fingerprint(exchange: &Exchange<'_>) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    let mut piece = |bytes: &[u8]| {
        context.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(bytes);
    };
    piece(exchange.req.path().as_bytes());
    piece(exchange.req.query_string().as_bytes());
    let mut body = exchange.body.clone();
    body.sort_all_objects();
    piece(body.to_string().as_bytes());
    if let Some(file) = &exchange.received {
        piece(file.name.as_bytes());
        piece(&file.sha256);
    }
    context.finish().as_ref().to_vec()
}

/// Ends a request: under a key its answer is kept in the transaction of the change, or the one of the first time is given again.
///
/// # Errors
/// What the handler refused; why the key was.
pub(super) async fn settle(once: Option<Once>, answer: Result<HttpResponse>) -> Result<HttpResponse> {
    let Some(once) = once else { return answer };
    let (answer, kept) = match answer.and_then(kept) {
        Ok((answer, kept)) => (Ok(answer), Some(kept)),
        Err(error) => (Err(error), None),
    };
    match once.settle(kept).await? {
        Some(first) => again(first),
        None => answer,
    }
}

/// An answer, and the same to be kept.
fn kept(answer: HttpResponse) -> Result<(HttpResponse, Kept)> {
    let (answer, body) = answer.into_parts();
    let body = body.try_into_bytes().map_err(|_| Error::internal("an answer under a key is a stream"))?;
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).map_err(Error::internal);
    let headers = answer.headers().iter().map(|(name, value)| Ok((name.as_str().to_owned(), text(value)?))).collect::<Result<Vec<_>>>()?;
    let kept = Kept { status: answer.status().as_u16(), headers, body: body.to_vec() };
    Ok((answer.set_body(body).map_into_boxed_body(), kept))
}

/// What was answered the first time.
fn again(kept: Kept) -> Result<HttpResponse> {
    let mut answer = HttpResponse::build(StatusCode::from_u16(kept.status).map_err(Error::internal)?);
    for header in kept.headers {
        answer.append_header(header);
    }
    answer.insert_header((REPLAYED, "true"));
    Ok(answer.body(kept.body))
}
