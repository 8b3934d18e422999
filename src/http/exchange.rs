//! The way of a request through one operation, in the order that the contract gives to refusals:
//! 401, 403, 415, 406, 413, 428, 400, 422, and only then the handler.

use std::panic::AssertUnwindSafe;

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use futures_util::{FutureExt, StreamExt};
use serde_json::{Map, Value};

use super::answers::Answering;
use super::encoding::Matching;
use super::gate::{Place, Weight};
use super::kernel::{Kernel, Limits};
use super::marks::{Asker, Route, asker, marks, request_id};
use super::operation::Operation;
use super::parts::{Exchange, Putting, accepts};
use super::problem;
use super::stalls;
use super::{json, once};
use crate::access::Access;
use crate::access::caller::Caller;
use crate::access::policy::Permit;
use crate::clock::Instant;
use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::ids::Key;

/// Bytes of a body where nobody is signed in: names, passwords and tokens. Many may be on their way at once.
const SMALL: usize = 16 * 1024;

/// Runs an operation: whatever happens, there is an answer.
pub(super) async fn run(kernel: &Kernel, operation: &Operation, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    let (limits, checks) = (kernel.limits, &operation.checks);
    req.extensions_mut().insert(Route(operation.path.clone()));
    // First of all and before anything is made for it: whoever finds no place costs next to nothing.
    let gate = &kernel.shield.gate;
    let place = match if checks.arrives() { gate.knock(checks.weight) } else { gate.enter(checks.weight) } {
        Ok(place) => place,
        Err(error) => return problem::render(&error, &req),
    };
    let time = if checks.upload { limits.upload_time + limits.answer_time } else { limits.answer_time };
    let work = AssertUnwindSafe(tokio::time::timeout(time, operation.call(kernel, &req, payload, place))).catch_unwind();
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
    let Some(caller) = asker(req) else { return };
    let about = req.match_info().iter().next().and_then(|(_, text)| Key::parse(text));
    if let Err(error) = kernel.door.record_refusal(caller, marks(req), &operation.id, about).await {
        tracing::error!(request_id = &*request_id(req), error = %error, "a refusal could not be put on record");
    }
}

/// Lets the caller in, by the bearer token, if the operation asks for one; he keeps his place where nothing is still to arrive: what
/// arrives slowly takes nobody's place.
pub(super) async fn admit<'k, P: Permit>(
    kernel: &Kernel,
    operation: &Operation,
    req: &HttpRequest,
    place: Place<'k>,
) -> Result<(Access<P>, Option<Place<'k>>)> {
    kernel.door.freshen().await;
    let caller = match P::PERMISSION {
        None => Ok(Caller::Nobody),
        Some(_) => identify(kernel, req, kernel.door.now()).await,
    };
    let counted = match &caller {
        Ok(caller) => Some(caller),
        // Whoever is not let in asked as nobody; what went wrong on our side is not counted.
        Err(error) => (error.code().status() == 401).then_some(&Caller::Nobody),
    };
    if let Some(counted) = counted {
        count(kernel, counted, req)?;
    }
    let access = kernel.door.open(caller?, marks(req))?;
    Ok((access, (!operation.checks.arrives()).then_some(place)))
}

/// The place of a request that is there whole. Where that or its turn took its time, the caller is who may do this by now: whoever lost
/// its duties meanwhile is let in no more.
pub(super) async fn begin<'k, P: Permit>(
    kernel: &'k Kernel,
    operation: &Operation,
    req: &HttpRequest,
    access: Access<P>,
    place: Option<Place<'k>>,
) -> Result<(Access<P>, Place<'k>)> {
    let (gate, weight) = (&kernel.shield.gate, operation.checks.weight);
    let place = place.map_or_else(|| gate.enter(weight), Ok)?;
    let heavy = if weight == Weight::Heavy { Some(gate.begin(access.caller_id()?).await?) } else { None };
    let waited = operation.checks.arrives() || heavy.is_some();
    let access = match P::PERMISSION {
        Some(_) if waited => kernel.door.open(identify(kernel, req, access.now()).await?, marks(req))?,
        _ => access,
    };
    Ok((if let Some(heavy) = heavy { access.holding(heavy) } else { access }, place))
}

/// Counts a request of this caller, and tells where he stands now.
pub(super) fn count(kernel: &Kernel, caller: &Caller, req: &HttpRequest) -> Result<()> {
    let (standing, passes) = kernel.shield.quotas.count(caller, req);
    req.extensions_mut().insert(standing);
    passes
}

async fn identify(kernel: &Kernel, req: &HttpRequest, shown: Instant) -> Result<Caller> {
    let caller = kernel.door.identify(bearer(req.headers())?, marks(req), shown).await?;
    req.extensions_mut().insert(Asker(caller.clone()));
    Ok(caller)
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
    let checks = &operation.checks;
    let limits = Limits { body_bytes: kernel.limits.body_bytes.min(if checks.public { SMALL } else { usize::MAX }), ..kernel.limits };
    if checks.body.is_some() && !reads_media(headers) {
        return Err(Error::new(Code::UnsupportedMediaType));
    }
    if checks.upload && !is_form(headers) {
        return Err(Error::new(Code::UnsupportedMediaType));
    }
    if !checks.download && !accepts(headers, checks.media) {
        return Err(Error::new(Code::NotAcceptable));
    }
    if checks.body.is_some() && content_length(headers).is_some_and(|length| length > limits.body_bytes) {
        return Err(Error::new(Code::TooLarge));
    }
    if (checks.if_match && Matching::read(headers).is_none()) || (checks.putting && Putting::read(headers).is_none()) {
        return Err(Error::new(Code::PreconditionRequired));
    }
    let mut faults = Vec::new();
    let mut body = Value::Null;
    if let Some(schema) = &checks.body {
        body = json::parse(&read(&mut payload, limits).await?)?;
        schema.check(&mut body, &mut faults).map_err(|()| Error::new(Code::MalformedRequest))?;
    }
    once::check(headers, checks.once, &mut faults);
    let mut received = None;
    if checks.upload {
        let receiving = kernel.door.files().receive(headers, stalls::steady(payload, kernel.shield.connections.patience()));
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
pub(super) async fn read(payload: &mut web::Payload, limits: Limits) -> Result<Vec<u8>> {
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
    use std::io::Write;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::access::Door;
    use crate::access::policy::Anyone;
    use crate::access::ring::Ring;
    use crate::clock::Clock;
    use crate::config::ServerSettings;
    use crate::db::url::DatabaseUrl;
    use crate::db::wall::Wall;
    use crate::db::{Context, Database, Db, Options};
    use crate::files::Files;
    use crate::http::answers::NoContent;
    use crate::http::cursors::CursorSigner;
    use crate::http::registrar::Registrar;
    use crate::http::shield::Shield;

    async fn burst(_: Access<Anyone>) -> Result<NoContent> {
        panic!("nobody foresaw this")
    }

    #[test]
    fn a_panic_is_a_500_like_any_other_and_the_server_goes_on() {
        actix_web::rt::System::new().block_on(burst_twice());
    }

    /// What operations need, on a database with one connection, and what takes its files away again.
    fn kernel(name: &str) -> (web::Data<Kernel>, Database, impl Fn()) {
        let at = |end: &str| std::env::temp_dir().join(format!("tiendo_{name}_{}{end}", std::process::id()));
        let (path, folder) = (at(".db"), at(""));
        let url = DatabaseUrl::parse(&format!("sqlite://{}?mode=rwc", path.display())).expect("a URL");
        crate::db::migrate::apply(&mut Database::maintenance(&url).expect("opens")).expect("migrates");
        let database = Database::open(&Options { url, read_url: None, connections: 1, slow: Duration::from_mins(1), wall: Wall::Down })
            .expect("opens");
        let ring = Ring::open(&database, None, "tiendo", Clock::System.now()).expect("opens");
        let files = Files::open(&format!("file:{}", folder.display()), 1, 1).expect("opens");
        let limits = Limits {
            body_bytes: 100,
            body_time: Duration::from_secs(1),
            upload_time: Duration::from_secs(1),
            answer_time: Duration::from_mins(1),
        };
        let signer = CursorSigner::new(b"key");
        let settings = ServerSettings::from_flags(&[]).expect("defaults");
        let shield = Shield::new(&settings.load, limits.answer_time, &Clock::System).expect("a shield");
        let door = Door::new(database.clone(), ring, files, Clock::System, &settings).expect("a door");
        let clean = move || drop((std::fs::remove_file(&path), std::fs::remove_dir_all(&folder)));
        (web::Data::new(Kernel { door, signer, limits, shield, public_url: None }), database, clean)
    }

    async fn burst_twice() {
        let (kernel, _, clean) = kernel("panic");
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
        clean();
    }

    static BEGAN: AtomicBool = AtomicBool::new(false);
    static BROKE_OFF: AtomicBool = AtomicBool::new(false);

    /// Works as long as somebody waits.
    async fn endless(access: Access<Anyone>) -> Result<NoContent> {
        let work = |db: &mut Db<'_>| {
            BEGAN.store(true, Ordering::SeqCst);
            while db.is_awaited().is_ok() {
                std::thread::sleep(Duration::from_millis(5));
            }
            BROKE_OFF.store(true, Ordering::SeqCst);
            db.is_awaited().map(|()| NoContent)
        };
        access.read(work).await
    }

    fn until(flag: &AtomicBool) {
        for _ in 0..6000 {
            if flag.load(Ordering::SeqCst) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("half a minute and nothing happened");
    }

    /// RL-08: a client that goes away stops what is done for it, and the connection to the database serves the next.
    #[test]
    fn nothing_is_done_for_a_client_that_went_away() {
        let (kernel, database, clean) = kernel("gone");
        let mut api = Registrar::new("/t");
        api.path("/endless").get(endless, "Work", "It never ends.").done();
        let api = Arc::new(api.finish().expect("an api"));
        actix_web::rt::System::new().block_on(async move {
            let app = move || {
                let app = actix_web::App::new().app_data(kernel.clone()).wrap(actix_web::middleware::from_fn(super::super::edge::ring));
                app.configure(|config| api.configure(config))
            };
            let server = actix_web::HttpServer::new(app).workers(1).h1_allow_half_closed(false).disable_signals();
            let server = server.bind(("127.0.0.1", 0)).expect("binds");
            let address = server.addrs().pop().expect("an address");
            let server = server.run();
            let handle = server.handle();
            actix_web::rt::spawn(server);
            let client = tokio::task::spawn_blocking(move || {
                let mut client = std::net::TcpStream::connect(address).expect("connects");
                client.write_all(b"GET /t/endless HTTP/1.1\r\nHost: x\r\n\r\n").expect("asks");
                until(&BEGAN);
                drop(client);
                until(&BROKE_OFF);
            });
            client.await.expect("breaks off");
            database.read(Context::system("test", Clock::System.now()), |_| Ok(())).await.expect("the connection is free");
            handle.stop(false).await;
        });
        clean();
    }
}
