//! The way of a request through one operation, in the order that the contract gives to refusals:
//! 401, 403, 415, 406, 413, 428, 400, 422, and only then the handler.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use futures_util::{FutureExt, StreamExt};
use serde_json::{Map, Value};

use super::answers::Answering;
use super::edge::{Asker, asker as asker_of, request_id};
use super::encoding::Matching;
use super::list::CursorSigner;
use super::once;
use super::parts::{Exchange, accepts, peer};
use super::problem;
use super::registrar::Operation;
use crate::access::caller::{Caller, RequestMarks};
use crate::access::policy::Permit;
use crate::access::{Access, Door};
use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::ids::Key;

/// What every operation needs.
pub struct Kernel {
    /// Who lets callers in.
    pub door: Door,
    /// What signs cursors.
    pub signer: CursorSigner,
    /// Limits.
    pub limits: Limits,
}

/// Limits of one request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub body_time: Duration,
    /// How long a file may take to arrive.
    pub upload_time: Duration,
    /// How long an answer may take to make.
    pub answer_time: Duration,
}

/// Runs an operation: whatever happens, there is an answer.
pub(super) async fn run(kernel: &Kernel, operation: &Operation, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    let limits = kernel.limits;
    let time = if operation.checks().upload { limits.upload_time + limits.answer_time } else { limits.answer_time };
    let work = AssertUnwindSafe(tokio::time::timeout(time, operation.call(kernel, &req, payload))).catch_unwind();
    let answer = match work.await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Error::unavailable("the answer took too long to make")),
        Err(_) => Err(Error::internal("a handler panicked")),
    };
    match answer {
        Ok(answer) => answer,
        Err(error) => {
            if error.code() == Code::Forbidden {
                record(kernel, operation, &req).await;
            }
            problem::render(&error, &req)
        }
    }
}

/// Puts a refusal on record; that it could not be is told in the log, and the refusal stands.
async fn record(kernel: &Kernel, operation: &Operation, req: &HttpRequest) {
    let Some(person) = asker_of(req) else { return };
    let about = req.match_info().iter().next().and_then(|(_, text)| Key::parse(text));
    if let Err(error) = kernel.door.record_refusal(person, marks(req), operation.id(), about).await {
        tracing::error!(request_id = &*request_id(req), error = %error, "a refusal could not be put on record");
    }
}

fn marks(req: &HttpRequest) -> RequestMarks {
    RequestMarks { request_id: Some(request_id(req)), ip: peer(req).map(Into::into) }
}

/// Lets the caller in, by the bearer token, if the operation asks for one.
pub(super) async fn admit<P: Permit>(kernel: &Kernel, req: &HttpRequest) -> Result<Access<P>> {
    kernel.door.freshen().await;
    let caller = match P::PERMISSION {
        None => Caller::Nobody,
        Some(_) => Caller::Person(kernel.door.identify(bearer(req.headers())?).await?),
    };
    if let Caller::Person(person) = &caller {
        req.extensions_mut().insert(Asker(person.clone()));
    }
    kernel.door.open(caller, marks(req))
}

/// Who asks, as cursors are bound to it.
pub(super) fn asker(req: &HttpRequest) -> String {
    asker_of(req).map(|person| person.id.to_string()).unwrap_or_default()
}

/// The one token of the one `Authorization` header (RFC 6750 section 2.1); tokens in URLs are not read.
fn bearer(headers: &HeaderMap) -> Result<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    let Some(value) = values.next() else { return Err(Error::new(Code::Unauthenticated)) };
    let invalid = || Error::new(Code::InvalidToken);
    if values.next().is_some() {
        return Err(invalid());
    }
    let (scheme, token) = value.to_str().map_err(|_| invalid())?.split_once(' ').ok_or_else(invalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token) } else { Err(invalid()) }
}

/// Everything of a request that can be checked without the database.
pub(super) async fn check<'r>(
    kernel: &'r Kernel,
    operation: &Operation,
    req: &'r HttpRequest,
    mut payload: web::Payload,
) -> Result<(Exchange<'r>, Option<Vec<String>>)> {
    let headers = req.headers();
    let checks = operation.checks();
    if checks.body.is_some() && !reads_media(headers) {
        return Err(Error::new(Code::UnsupportedMediaType));
    }
    if checks.upload && !is_form(headers) {
        return Err(Error::new(Code::UnsupportedMediaType));
    }
    if !checks.download && !accepts(headers, checks.media) {
        return Err(Error::new(Code::NotAcceptable));
    }
    if checks.body.is_some() && content_length(headers).is_some_and(|length| length > kernel.limits.body_bytes) {
        return Err(Error::new(Code::TooLarge));
    }
    if checks.if_match && Matching::read(headers).is_none() {
        return Err(Error::new(Code::PreconditionRequired));
    }
    let mut faults = Vec::new();
    let mut body = Value::Null;
    if let Some(schema) = &checks.body {
        body = parse(&read(&mut payload, kernel.limits).await?)?;
        schema.check(&mut body, &mut faults).map_err(|()| Error::new(Code::MalformedRequest))?;
    }
    once::check(headers, checks.once, &mut faults);
    let mut received = None;
    if checks.upload {
        let receiving = kernel.door.files().receive(headers, payload);
        let arrived = tokio::time::timeout(kernel.limits.upload_time, receiving).await;
        received = Some(arrived.unwrap_or_else(|_| Err(Error::new(Code::RequestTimeout)))?);
    }
    let mut query = checks.query.read(req.query_string(), &mut faults);
    let fields = fields(&mut query, checks.fields.as_deref(), &mut faults);
    if faults.is_empty() {
        Ok((Exchange { req, query, body, faults, received, signer: &kernel.signer }, fields))
    } else {
        Err(Error::invalid(faults))
    }
}

/// What an answer may look at.
pub(super) fn answering<'r>(kernel: &'r Kernel, req: &'r HttpRequest, fields: Option<Vec<String>>) -> Answering<'r> {
    Answering { req, fields, signer: &kernel.signer }
}

/// JSON, in UTF-8, not compressed.
fn reads_media(headers: &HeaderMap) -> bool {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return false;
    }
    let Some(media) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let mut pieces = media.split(';').map(|piece| piece.trim().to_ascii_lowercase());
    let media = pieces.next().unwrap_or_default();
    matches!(media.as_str(), "application/json" | "application/merge-patch+json")
        && pieces.all(|piece| !piece.starts_with("charset=") || matches!(piece.as_str(), "charset=utf-8" | "charset=\"utf-8\""))
}

fn is_form(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("multipart/form-data"))
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads the body, up to its limits of size and time: a body that drips is cut off like one that never comes.
async fn read(payload: &mut web::Payload, limits: Limits) -> Result<Vec<u8>> {
    let reading = async {
        let mut bytes = Vec::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Error::new(Code::MalformedRequest))?;
            if bytes.len() + chunk.len() > limits.body_bytes {
                return Err(Error::new(Code::TooLarge));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    tokio::time::timeout(limits.body_time, reading).await.unwrap_or_else(|_| Err(Error::new(Code::RequestTimeout)))
}

fn parse(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|_| Error::new(Code::MalformedRequest))
}

/// The members that `fields` picks; each must be one of the answer's.
fn fields(query: &mut Map<String, Value>, members: Option<&[String]>, faults: &mut Vec<Fault>) -> Option<Vec<String>> {
    let members = members?;
    let Value::String(picked) = query.remove("fields")? else { return None };
    let picked: Vec<String> = picked.split(',').map(|name| name.trim().to_owned()).collect();
    if picked.iter().any(|name| name != "id" && !members.contains(name)) {
        faults.push(Fault::of("fields", FaultCode::NotInList).with(members.join(", ")));
    }
    Some(picked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Access;
    use crate::access::policy::Anyone;
    use crate::access::ring::Ring;
    use crate::clock::Clock;
    use crate::config::ServerSettings;
    use crate::db::url::DatabaseUrl;
    use crate::db::wall::Wall;
    use crate::db::{Database, Options};
    use crate::files::Files;
    use crate::http::answers::NoContent;
    use crate::http::registrar::Registrar;

    async fn burst(_: Access<Anyone>) -> Result<NoContent> {
        panic!("nobody foresaw this")
    }

    #[test]
    fn a_panic_is_a_500_like_any_other_and_the_server_goes_on() {
        actix_web::rt::System::new().block_on(burst_twice());
    }

    async fn burst_twice() {
        let path = std::env::temp_dir().join(format!("tiendo_panic_{}.db", std::process::id()));
        let url = DatabaseUrl::parse(&format!("sqlite://{}?mode=rwc", path.display())).expect("a URL");
        crate::db::migrate::apply(&mut Database::maintenance(&url).expect("opens")).expect("migrates");
        let database = Database::open(&Options { url, read_url: None, connections: 1, slow: Duration::from_mins(1), wall: Wall::Down })
            .expect("opens");
        let ring = Ring::open(&database, None, Clock::System.now()).expect("opens");
        let folder = std::env::temp_dir().join(format!("tiendo_panic_{}", std::process::id()));
        let files = Files::open(&format!("file:{}", folder.display()), 1, 1).expect("opens");
        let limits = Limits {
            body_bytes: 100,
            body_time: Duration::from_secs(1),
            upload_time: Duration::from_secs(1),
            answer_time: Duration::from_secs(1),
        };
        let signer = CursorSigner::new(b"key");
        let settings = ServerSettings::from_flags(&[]).expect("defaults");
        let kernel =
            web::Data::new(Kernel { door: Door::new(database, ring, files, Clock::System, &settings).expect("a door"), signer, limits });
        let mut api = Registrar::new("/t");
        api.path("/burst").get(burst, "Burst", "It panics.").done();
        let api = api.finish().expect("an api");
        let app = actix_web::App::new().app_data(kernel).wrap(actix_web::middleware::from_fn(super::super::edge::ring));
        let app = actix_web::test::init_service(app.configure(|config| api.configure(config))).await;
        for _ in 0..2 {
            let answer = actix_web::test::call_service(&app, actix_web::test::TestRequest::get().uri("/t/burst").to_request()).await;
            assert_eq!(answer.status(), 500);
            let told: Value = actix_web::test::read_body_json(answer).await;
            assert_eq!(told["code"], "internal");
            assert!(!told.to_string().contains("foresaw"), "{told}");
        }
        let _ = (std::fs::remove_file(path), std::fs::remove_dir_all(folder));
    }
}
