//! Builds the HTTP application, serves it, and stops it without breaking a request.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::rt::signal::unix::{SignalKind, signal};
use actix_web::rt::task::JoinHandle;
use actix_web::{App as ActixApp, HttpServer, rt, web};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;

use crate::access::Door;
use crate::access::ring::Ring;
use crate::access::token::ISSUER;
use crate::clock::Clock;
use crate::config::{AccountSettings, ServerSettings};
use crate::db::{Context, Database};
use crate::error::{Error, Result};
use crate::files::Files;
use crate::http::cursors::CursorSigner;
use crate::http::registrar::{Api, Registrar, no_such_path};
use crate::http::shield::Shield;
use crate::http::{Kernel, Limits, docs, edge};
use crate::jobs::{self, Jobs};
use crate::journal::checkpoint::Sink;
use crate::journal::seal::Patience;
use crate::mail::postman::Postman;
use crate::{
    assignments, catalogue, charts, clients, dashboard, documents, evidence, forms, indicators, journal, localities, oauth, periods, plans,
    reports, results, rounds, sessions, tasks, totp, units, users, values,
};

/// Every operation, declared.
///
/// # Errors
/// What is wrong with a declaration: a fault of ours.
pub fn api() -> Result<Api> {
    let mut api = Registrar::new("/api/v1");
    sessions::http::routes(&mut api);
    users::http::routes(&mut api);
    clients::http::routes(&mut api);
    totp::http::routes(&mut api);
    units::http::routes(&mut api);
    localities::http::routes(&mut api);
    periods::http::routes(&mut api);
    documents::http::routes(&mut api);
    tasks::http::routes(&mut api);
    plans::http::routes(&mut api);
    assignments::http::routes(&mut api);
    evidence::http::routes(&mut api);
    dashboard::http::routes(&mut api);
    indicators::http::routes(&mut api);
    values::http::routes(&mut api);
    results::http::routes(&mut api);
    charts::http::routes(&mut api);
    forms::http::routes(&mut api);
    rounds::http::routes(&mut api);
    reports::http::routes(&mut api);
    journal::http::routes(&mut api);
    api.finish()
}

/// The OpenAPI document.
///
/// # Errors
/// As [`api`].
pub fn document() -> Result<Value> {
    Ok(api()?.document().clone())
}

/// The application, bound to its port and ready to run.
pub struct App {
    server: Server,
    address: SocketAddr,
    jobs: Jobs,
    kernel: web::Data<Kernel>,
    /// How long readiness is false before it stops.
    drain: Duration,
}

impl App {
    /// Loads what the first start needs, binds the port and begins to serve.
    ///
    /// # Errors
    /// One line that says why not.
    pub fn start(database: Database, settings: &ServerSettings, clock: Clock) -> Result<Self> {
        let context = Context::system("start", clock.now());
        database.write_here(&context, catalogue::load)?;
        let ring = Ring::open(&database, settings.keys.key_file.clone(), settings.public_url.as_deref().unwrap_or(ISSUER), clock.now())?;
        jobs::keep_time(&database, &clock)?;
        let signer = CursorSigner::new(&ring.keys().secret(b"cursor"));
        let limits = Limits {
            body_bytes: settings.body_limit,
            body_time: Duration::from_secs(settings.body_seconds),
            upload_time: Duration::from_secs(settings.upload_seconds),
            answer_time: Duration::from_secs(settings.answer_seconds),
        };
        let files = Files::open(settings.files_url.as_deref().unwrap_or("file:data/files"), settings.file_limit, settings.file_quota)
            .map_err(Error::internal)?;
        let shield = Shield::new(&settings.load, limits.answer_time, &clock)?;
        let connections = shield.connections.clone();
        let postman =
            Postman::new(&settings.mail, settings.public_url.as_deref(), database.clone(), clock.clone(), Arc::new(ring.keys().vault()?))?;
        let door = Door::new(database.clone(), ring, files, clock.clone(), settings)?;
        let checkpoints = settings.checkpoints.clone().map_or(Sink::Log, Sink::File);
        let jobs = Jobs::new(database, door.clone(), checkpoints, clock, settings.accounts.clone(), postman);
        let kernel = web::Data::new(Kernel { door, signer, limits, shield, public_url: settings.public_url.clone() });
        let shared = kernel.clone();
        let api = Arc::new(api()?);
        let listener = TcpListener::bind(settings.listen)
            .map_err(|error| Error::internal(format!("cannot listen on {}: {error}", settings.listen)))?;
        let address = listener.local_addr().map_err(Error::internal)?;
        let origins = settings.cors_origins.clone();
        let workers = settings.workers.map_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get), usize::from);
        let most = usize::try_from(settings.load.max_connections).unwrap_or(usize::MAX);
        make_room(most);
        let server = HttpServer::new(move || {
            let api = api.clone();
            ActixApp::new()
                .app_data(shared.clone())
                .wrap(cors(&origins))
                .wrap(from_fn(edge::ring))
                .configure(|config| {
                    api.configure(config);
                    docs::configure(config, &api);
                    oauth::http::configure(config);
                })
                .default_service(web::to(no_such_path))
        })
        .client_request_timeout(Duration::from_secs(5))
        // Who closes his side while he waits has gone: nobody is left to work for.
        .h1_allow_half_closed(false)
        .on_connect(move |stream, data| connections.watch(stream, data))
        .workers(workers)
        .max_connections(most.div_ceil(workers))
        .disable_signals()
        .shutdown_timeout(30);
        let server = server.listen(listener).map_err(Error::internal)?.run();
        Ok(Self { server, address, jobs, kernel, drain: Duration::from_secs(settings.load.drain_seconds) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What runs beside the requests: for tests that cannot wait for a tick.
    #[must_use]
    pub fn jobs(&self) -> Jobs {
        self.jobs.clone()
    }

    /// What stops it: requests under way are answered, then the port closes.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until it is stopped: by SIGTERM, after which it is not ready, still answers for a while, then listens no more and ends with
    /// the last answer; or by SIGINT or SIGQUIT, at once.
    ///
    /// # Errors
    /// 500 if the server fails.
    pub async fn run(self) -> Result<()> {
        let jobs = [
            self.jobs.clone().run(),
            rt::spawn(keep(self.kernel.clone())),
            rt::spawn(stop_when_told(self.server.handle(), self.kernel, self.drain)),
        ];
        let answer = self.server.await.map_err(Error::internal);
        jobs.iter().for_each(JoinHandle::abort);
        self.jobs.finish().await;
        answer
    }
}

/// Shuts down connections that make no progress, tells how many requests were turned away, and forgets what callers asked long ago.
async fn keep(kernel: web::Data<Kernel>) {
    /// Ticks between two looks at the buckets.
    const FORGET: u32 = 5;
    let mut every = tokio::time::interval(Duration::from_secs(1));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for tick in (0..FORGET).cycle() {
        every.tick().await;
        let reaped = kernel.shield.connections.reap();
        if reaped > 0 {
            tracing::info!(reaped, "connections made no progress and were closed");
        }
        let turned_away = kernel.shield.gate.turned_away();
        if turned_away > 0 {
            tracing::warn!(turned_away, "more was asked than can be done");
        }
        if tick == 0 {
            kernel.shield.quotas.forget_full();
        }
    }
}

async fn stop_when_told(server: ServerHandle, kernel: web::Data<Kernel>, drain: Duration) {
    let (Ok(mut term), Ok(mut int), Ok(mut quit)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::quit()))
    else {
        tracing::error!("signals cannot be heard: the service must be killed to be stopped");
        return;
    };
    let graceful = tokio::select! {
        _ = term.recv() => true,
        _ = int.recv() => false,
        _ = quit.recv() => false,
    };
    if graceful {
        kernel.shield.stop();
        tracing::info!(seconds = drain.as_secs(), "told to stop: not ready any more");
        tokio::time::sleep(drain).await;
    }
    server.stop(graceful).await;
}

/// As many file handles as the system gives, for each connection takes two.
fn make_room(connections: usize) {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        tracing::warn!(error = %error, "the limit of file handles could not be raised");
    }
    let needed = u64::try_from(connections.saturating_mul(2).saturating_add(256)).unwrap_or(u64::MAX);
    if let Some(given) = getrlimit(Resource::Nofile).current.filter(|given| *given < needed) {
        tracing::warn!(
            given,
            needed,
            "too few file handles for that many connections: raise the limit (ulimit -n) or lower MAX_CONNECTIONS"
        );
    }
}

/// Only these origins, no credentials: tokens travel in a header.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "Authorization",
            "Content-Type",
            "Accept",
            "Accept-Language",
            "If-Match",
            "If-None-Match",
            "Idempotency-Key",
            "X-Request-Id",
        ])
        .expose_headers([
            "ETag",
            "Location",
            "Link",
            "X-Request-Id",
            "Retry-After",
            "RateLimit",
            "RateLimit-Policy",
            "Allow",
            "Idempotent-Replayed",
        ])
        .block_on_origin_mismatch(false)
        .max_age(600);
    let origins: Vec<String> = origins.to_vec();
    // No page reads those that are for people alone (RFC 9700 section 2.6).
    cors.allowed_origin_fn(move |origin, head| {
        let path = head.uri.path();
        let listed = origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes());
        listed && path != "/oauth/authorize" && path != "/account" && !path.starts_with("/account/")
    })
}

/// Gives the recurring tasks whose periods have opened: for commands and tests that cannot wait for the tick.
///
/// # Errors
/// Database errors.
pub fn recur_now(database: &Database, clock: &Clock) -> Result<usize> {
    database.write_here(&Context::system("recurring tasks", clock.now()), assignments::store::open_periods)
}

/// Opens reporting rounds and reminds of them: for tests that cannot wait for the tick.
///
/// # Errors
/// Database errors.
pub fn keep_calendar_now(database: &Database, clock: &Clock) -> Result<usize> {
    database.write_here(&Context::system("reporting calendar", clock.now()), rounds::store::keep_calendar)
}

/// Disables accounts that nobody used for long: for tests that cannot wait for the tick.
///
/// # Errors
/// Database errors.
pub fn disable_idle_now(database: &Database, clock: &Clock, settings: &AccountSettings) -> Result<usize> {
    database.write_here(&Context::system("idle accounts", clock.now()), |tx| users::store::disable_idle(tx, settings))
}

/// Seals what is committed: for commands and tests that cannot wait for the tick.
///
/// # Errors
/// Database errors.
pub fn seal_now(database: &Database, clock: &Clock) -> Result<usize> {
    database.write_here(&Context::system("sealer", clock.now()), |tx| journal::seal::seal(tx, Patience::Wait))
}
