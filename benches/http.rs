//! What the conventions cost: each hot operation against a bare actix + diesel handler that runs the same SQL on the same pool and
//! answers the same bytes, but checks no token, no scope, no schema and no condition, writes no tag, no header and no log line.
//!
//! Closed loop on loopback; the two sides take turns within one run and only their ratio is told, with its spread.

#![expect(clippy::expect_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a benchmark that cannot go on says why")]
#![expect(clippy::disallowed_methods, reason = "the bare side is what the registrar is held against, and time is what is measured")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_web::{App as ActixApp, HttpResponse, HttpServer, web};
use serde::Serialize;
use serde_json::{Value, json};
use tiendo::access::caller::{Caller, Person, RequestMarks};
use tiendo::access::policy::{Duties, Duty, Role};
use tiendo::access::scope::Scope;
use tiendo::app::App;
use tiendo::assignments::model::{AssignmentFilters, AssignmentStatus};
use tiendo::clock::Clock;
use tiendo::config::ServerSettings;
use tiendo::dashboard::model::DashboardQuery;
use tiendo::db::page::{PageRequest, SortKey};
use tiendo::db::url::DatabaseUrl;
use tiendo::db::{Context, Database, Options};
use tiendo::demo;
use tiendo::ids::{AnyId, Id, Key};
use tiendo::indicators::store::{Which, defined};
use tiendo::tasks::model::GroupFilters;
use tiendo::units::model::UnitFilters;
use tiendo::{assignments, dashboard, results, tasks, units};

/// Connections that ask at once.
const CONNECTIONS: usize = 8;
/// Turns of each side, and how long each takes.
const ROUNDS: usize = 9;
const TURN: Duration = Duration::from_millis(1200);
/// What a round of writes is given to come to rest.
const SETTLE: Duration = Duration::from_secs(1);

fn main() {
    tiendo::logs::start();
    let servers = std::env::var("BENCH_DATABASE_URLS").unwrap_or_default();
    let folder = std::env::temp_dir().join(format!("tiendo-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let sqlite = format!("sqlite://{}?mode=rwc", folder.join("bench.db").display());
    println!("| operation | database | ratio to bare (median) | spread | requests/s of bare |");
    println!("|---|---|---|---|---|");
    for url in std::iter::once(sqlite.as_str()).chain(servers.split_whitespace()) {
        bench(url);
    }
    let _ = std::fs::remove_dir_all(folder);
}

fn bench(url: &str) {
    let name = if url.starts_with("sqlite") { "SQLite" } else { "PostgreSQL" };
    let url = DatabaseUrl::parse(url).expect("a URL");
    let people = demo::fill(&url, &demo::Options { schools: 520, seed: 285 }, &Clock::System).expect("fills");
    let options = Options { url, read_url: None, connections: 8, slow: Duration::from_mins(1) };
    let database = Database::open(&options).expect("opens");
    let person = people.iter().find(|person| person.username == "sgd.viewer").expect("a viewer");
    let unit = people.iter().find(|person| person.unit.code.starts_with("MN-")).expect("a school").unit.code.clone();

    let (ours, bare) = (serve_ours(&database), serve_bare(&database, person.unit.id));
    let body = json!({"username": person.username, "password": person.password}).to_string();
    let signed = Wire::open(ours).post("/api/v1/sessions", &body);
    let token = signed["access_token"].as_str().expect("a token").to_owned();
    let tag = Wire::open(ours).tag(&format!("/api/v1/units/{unit}"), &token);

    let day = Clock::System.today();
    let operations = [
        ("one unit", format!("/api/v1/units/{unit}"), format!("/units/{unit}"), ""),
        ("list of 50 units", "/api/v1/units?limit=50".to_owned(), "/units".to_owned(), ""),
        ("conditional read of one unit (304)", format!("/api/v1/units/{unit}"), format!("/units/{unit}"), tag.as_str()),
        ("results of one unit", "/api/v1/results?year=2024".to_owned(), "/results".to_owned(), ""),
        (
            "assignments by status and due date",
            format!("/api/v1/assignments?status=in_progress&due_before={day}"),
            "/assignments".to_owned(),
            "",
        ),
        ("progress of the seven groups", "/api/v1/task-groups".to_owned(), "/task-groups".to_owned(), ""),
        ("dashboard of the province", "/api/v1/dashboard?year=2024".to_owned(), "/dashboard".to_owned(), ""),
    ];
    for (what, path, plain, tag) in operations {
        let condition = if tag.is_empty() { String::new() } else { format!("If-None-Match: {tag}\r\n") };
        let with_all = request(&path, &format!("Authorization: Bearer {token}\r\n{condition}"));
        let without = request(&plain, "");
        load(ours, &with_all, TURN / 2);
        load(bare, &without, TURN / 2);
        let mut ratios = Vec::new();
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            let plain = load(bare, &without, TURN);
            let full = load(ours, &with_all, TURN);
            ratios.push(full / plain);
            rates.push(plain);
        }
        ratios.sort_by(f64::total_cmp);
        rates.sort_by(f64::total_cmp);
        let middle = |sorted: &[f64]| sorted.get(sorted.len() / 2).copied().expect("rounds");
        let ends = (ratios.first().expect("rounds"), ratios.last().expect("rounds"));
        println!("| {what} | {name} | {:.2} | {:.2} to {:.2} | {:.0} |", middle(&ratios), ends.0, ends.1, middle(&rates));
    }
    let editor = people.iter().find(|person| person.username == "sgd.editor").expect("an editor");
    let body = json!({"username": editor.username, "password": editor.password}).to_string();
    let signed = Wire::open(ours).post("/api/v1/sessions", &body);
    bulk(name, &database, ours, signed["access_token"].as_str().expect("a token"));
}

/// The service as it is.
fn serve_ours(database: &Database) -> SocketAddr {
    let settings = ServerSettings {
        listen: "127.0.0.1:0".parse().expect("valid"),
        workers: Some(2),
        cors_origins: Vec::new(),
        body_limit: 1024 * 1024,
        body_seconds: 10,
        answer_seconds: 60,
        files_url: Some(format!("file:{}", std::env::temp_dir().join(format!("tiendo-bench-files-{}", std::process::id())).display())),
        file_limit: 1024,
        file_quota: 1024,
        upload_seconds: 1,
    };
    let (send, receive) = std::sync::mpsc::channel();
    let database = database.clone();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let app = App::start(database, &settings, Clock::System).expect("starts");
            send.send(app.address()).expect("somebody waits");
            app.run().await.expect("runs");
        });
    });
    receive.recv().expect("the server starts")
}

#[derive(Clone)]
struct Bare {
    database: Database,
    context: Context,
}

async fn bare_unit(bare: web::Data<Bare>, key: web::Path<String>) -> HttpResponse {
    let key = Key::parse(&key).expect("a key");
    let unit = bare.database.read(bare.context.clone(), move |db| units::store::get(db, &key, None)).await.expect("reads");
    HttpResponse::Ok().content_type("application/json").body(serde_json::to_vec(&unit.shown()).expect("writes"))
}

async fn bare_units(bare: web::Data<Bare>) -> HttpResponse {
    let page = PageRequest { limit: 50, sort: vec![SortKey { name: "name", descending: false }], after: None, count: false };
    let work = move |db: &mut tiendo::db::Db<'_>| units::store::list(db, &UnitFilters::default(), None, None, &page);
    let page = bare.database.read(bare.context.clone(), work).await.expect("reads");
    let next = page.next.map(|next| json!(next).to_string());
    HttpResponse::Ok().content_type("application/json").body(listed(page.rows, next))
}

/// A list as ours writes it: straight to text.
fn listed<T: Serialize>(data: Vec<T>, next: Option<String>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Page {
        next: Option<String>,
        limit: i64,
    }
    #[derive(Serialize)]
    struct Listed<T> {
        data: Vec<T>,
        page: Page,
    }
    serde_json::to_vec(&Listed { data, page: Page { next, limit: 50 } }).expect("writes")
}

async fn bare_results(bare: web::Data<Bare>) -> HttpResponse {
    let work = |db: &mut tiendo::db::Db<'_>| {
        let root = db.scope()?.root();
        let unit = units::store::get(db, &Key::Id(root.uuid()), None)?.unit;
        let indicators = defined(db, Which::All)?;
        results::store::of_unit(db, unit, &indicators, 2024, results::store::Look::default())
    };
    let results = bare.database.snapshot(bare.context.clone(), work).await.expect("reads");
    HttpResponse::Ok().content_type("application/json").body(listed(results, None))
}

async fn bare_assignments(bare: web::Data<Bare>) -> HttpResponse {
    let page = PageRequest { limit: 50, sort: vec![SortKey { name: "due_on", descending: false }], after: None, count: false };
    let filters = AssignmentFilters {
        status: Some(AssignmentStatus::InProgress),
        due_before: Some(Clock::System.today()),
        ..AssignmentFilters::default()
    };
    let work = move |db: &mut tiendo::db::Db<'_>| assignments::store::list(db, &filters, None, None, &page);
    let page = bare.database.snapshot(bare.context.clone(), work).await.expect("reads");
    let next = page.next.map(|next| json!(next).to_string());
    HttpResponse::Ok().content_type("application/json").body(listed(page.rows, next))
}

async fn bare_groups(bare: web::Data<Bare>) -> HttpResponse {
    let page = PageRequest { limit: 50, sort: vec![SortKey { name: "code", descending: false }], after: None, count: false };
    let work = move |db: &mut tiendo::db::Db<'_>| tasks::store::groups(db, &GroupFilters {}, &page);
    let page = bare.database.snapshot(bare.context.clone(), work).await.expect("reads");
    HttpResponse::Ok().content_type("application/json").body(listed(page.rows, None))
}

async fn bare_dashboard(bare: web::Data<Bare>) -> HttpResponse {
    let query = DashboardQuery { year: Some(2024), ..DashboardQuery::default() };
    let work = move |db: &mut tiendo::db::Db<'_>| dashboard::store::dashboard(db, &query);
    let board = bare.database.snapshot(bare.context.clone(), work).await.expect("reads");
    HttpResponse::Ok().content_type("application/json").body(serde_json::to_vec(&board).expect("writes"))
}

/// A task for every school in one call, against a batch insert of the bare rows in one transaction.
fn bulk(name: &str, database: &Database, ours: SocketAddr, token: &str) {
    use diesel::prelude::*;
    use tiendo::db::Conn;
    use tiendo::db::schema::{assignments, tasks as task_table, units as unit_table};
    let context = Context::system("bench", Clock::System.now());
    let read = |tx: &mut tiendo::db::Tx<'_>| {
        let tasks: Vec<(AnyId, AnyId, String, String)> = task_table::table
            .order_by(task_table::code.desc())
            .limit(18)
            .select((task_table::id, task_table::group_id, task_table::code, task_table::title_vi))
            .load(tx.conn)?;
        let schools: Vec<AnyId> = unit_table::table.filter(unit_table::kind.eq("school")).select(unit_table::id).load(tx.conn)?;
        Ok((tasks, schools))
    };
    let (tasks, schools) = database.write_here(&context, read).expect("reads");
    let mut ratios = Vec::new();
    for pair in tasks.chunks_exact(2) {
        let [(task, group, _, title), (_, _, code, _)] = pair else { continue };
        let title_key = tiendo::text::fold(title);
        let rows = || {
            let row = |unit: &AnyId| {
                (
                    (
                        assignments::id.eq(Id::<tiendo::ids::of::Any>::new()),
                        assignments::task_id.eq(*task),
                        assignments::group_id.eq(*group),
                        assignments::unit_id.eq(*unit),
                        assignments::assigned_by.eq(*unit),
                        assignments::title.eq(title),
                        assignments::title_key.eq(&title_key),
                    ),
                    (
                        assignments::due_on.eq(Clock::System.today()),
                        assignments::status.eq("assigned"),
                        assignments::percent.eq(0),
                        assignments::version.eq(1_i64),
                        assignments::created_at.eq(context.now),
                        assignments::updated_at.eq(context.now),
                    ),
                )
            };
            schools.iter().map(row).collect::<Vec<_>>()
        };
        // The last round's entries are being sealed, which needs the one writer of SQLite.
        std::thread::sleep(SETTLE);
        let started = Instant::now();
        let write = |tx: &mut tiendo::db::Tx<'_>| {
            let rows = rows();
            match &mut *tx.conn {
                Conn::Pg(pg) => diesel::insert_into(assignments::table).values(&rows).execute(pg)?,
                Conn::Lite(lite) => diesel::insert_into(assignments::table).values(&rows).execute(lite)?,
            };
            Ok(())
        };
        database.write_here(&context, write).expect("writes");
        let bare = started.elapsed();
        let body = json!({"task": code, "selector": {"within": "SGD", "kinds": ["school"]}, "due_on": Clock::System.today()}).to_string();
        let started = Instant::now();
        Wire::open(ours).post_as("/api/v1/assignments/bulk", &body, token);
        ratios.push(bare.as_secs_f64() / started.elapsed().as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    let at = |place: usize| ratios.get(place).copied().expect("rounds");
    println!(
        "| bulk assignment of {} units | {name} | {:.2} | {:.2} to {:.2} | |",
        schools.len(),
        at(ratios.len() / 2),
        at(0),
        at(ratios.len() - 1)
    );
}

/// The same SQL and bytes with nothing around them.
fn serve_bare(database: &Database, unit: tiendo::ids::UnitId) -> SocketAddr {
    let now = Clock::System.now();
    let person = Person {
        id: Id::new(),
        session: Id::new(),
        username: String::new(),
        full_name: String::new(),
        role: Role::Department,
        duties: Duties::of(&[Duty::Viewer]),
        unit,
        scope: Scope::new(unit, unit, now.business_day()),
        must_change_password: false,
    };
    let context = Context { caller: Caller::Person(Arc::new(person)), now, marks: RequestMarks::default() };
    let bare = web::Data::new(Bare { database: database.clone(), context });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let server = HttpServer::new(move || {
            ActixApp::new()
                .app_data(bare.clone())
                .route("/units", web::get().to(bare_units))
                .route("/units/{unit}", web::get().to(bare_unit))
                .route("/results", web::get().to(bare_results))
                .route("/assignments", web::get().to(bare_assignments))
                .route("/task-groups", web::get().to(bare_groups))
                .route("/dashboard", web::get().to(bare_dashboard))
        });
        let server = server.workers(2).listen(listener).expect("listens").run();
        actix_web::rt::System::new().block_on(server).expect("runs");
    });
    address
}

fn request(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n{headers}\r\n").into_bytes()
}

/// Requests a second of a closed loop over a few connections.
fn load(address: SocketAddr, request: &[u8], time: Duration) -> f64 {
    let stop = AtomicBool::new(false);
    let started = Instant::now();
    let answered: u32 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let mut wire = Wire::open(address);
                    let mut answered = 0_u32;
                    while !stop.load(Ordering::Relaxed) {
                        let (status, _) = wire.exchange(request);
                        assert!(status == 200 || status == 304, "answered {status}");
                        answered += 1;
                    }
                    answered
                })
            })
            .collect();
        std::thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
        workers.into_iter().map(|worker| worker.join().expect("answers")).sum()
    });
    f64::from(answered) / started.elapsed().as_secs_f64()
}

/// A connection that speaks as much HTTP/1.1 as is needed here: a client library would cost more than what is measured.
struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connects");
        stream.set_nodelay(true).expect("sets");
        Self { stream, buffer: Vec::with_capacity(64 * 1024) }
    }

    /// Status, and where the body begins in the buffer.
    fn exchange(&mut self, request: &[u8]) -> (u16, usize) {
        self.stream.write_all(request).expect("writes");
        self.buffer.clear();
        let mut chunk = [0_u8; 16 * 1024];
        loop {
            let read = self.stream.read(&mut chunk).expect("reads");
            assert!(read > 0, "closed");
            self.buffer.extend_from_slice(chunk.get(..read).expect("read"));
            let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4) else { continue };
            let head = String::from_utf8_lossy(self.buffer.get(..end).expect("a head")).to_ascii_lowercase();
            let length: usize =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |text| text.parse().expect("a length"));
            if self.buffer.len() >= end + length {
                let status = head.split(' ').nth(1).expect("a status").parse().expect("a status");
                return (status, end);
            }
        }
    }

    fn post(&mut self, path: &str, body: &str) -> Value {
        self.post_as(path, body, "")
    }

    fn post_as(&mut self, path: &str, body: &str, token: &str) -> Value {
        let bearer = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        let kind = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        let (status, start) = self.exchange(format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{bearer}{kind}\r\n{body}").as_bytes());
        assert!(status == 200 || status == 201, "answered {status}");
        serde_json::from_slice(self.buffer.get(start..).expect("a body")).expect("json")
    }

    fn tag(&mut self, path: &str, token: &str) -> String {
        let (_, start) = self.exchange(&request(path, &format!("Authorization: Bearer {token}\r\n")));
        let head = String::from_utf8_lossy(self.buffer.get(..start).expect("a head")).into_owned();
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("etag: ")).expect("a tag");
        line.split_once(": ").expect("a tag").1.to_owned()
    }
}
