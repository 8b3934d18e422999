//! What the conventions cost: each hot operation against a bare actix + diesel handler that runs the same SQL on the same pool and
//! answers the same bytes, but checks no token, no scope, no schema and no condition, writes no tag, no header and no log line.
//!
//! Closed loop on loopback; the two sides take turns within one run and only their ratio is told, with its spread.

#![expect(clippy::expect_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a benchmark that cannot go on says why")]
#![expect(clippy::disallowed_methods, reason = "the bare side is what the registrar is held against, and time is what is measured")]

mod bulk;
mod load;
mod reports;
mod scale;
mod wall;
mod wire;
mod writers;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App as ActixApp, HttpResponse, HttpServer, web};
use serde::Serialize;
use serde_json::json;
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
use tiendo::db::wall::Wall;
use tiendo::db::{Context, Database, Options};
use tiendo::demo;
use tiendo::ids::{Id, Key};
use tiendo::indicators::store::{Which, defined};
use tiendo::tasks::model::GroupFilters;
use tiendo::units::model::UnitFilters;
use tiendo::{assignments, dashboard, results, tasks, units};
use wire::{Spread, Wire, load, request};

/// Turns of each side, and how long each takes.
const ROUNDS: usize = 9;
const TURN: Duration = Duration::from_millis(1200);

fn main() {
    tiendo::logs::start();
    // Each takes minutes; who works on one asks for it alone.
    let alone = |part: &str| std::env::args().any(|argument| argument == part);
    let servers = if alone("sqlite") { String::new() } else { std::env::var("BENCH_DATABASE_URLS").unwrap_or_default() };
    let folder = std::env::temp_dir().join(format!("tiendo-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let sqlite = format!("sqlite://{}?mode=rwc", folder.join("bench.db").display());
    let here = (!alone("postgresql")).then_some(sqlite.as_str()).into_iter();
    if std::env::args().any(|argument| argument == "scale") {
        let places = std::env::var("BENCH_SCALE_URLS").unwrap_or_default();
        scale::run(&folder, places.split_whitespace());
        let _ = std::fs::remove_dir_all(folder);
        return;
    }
    if std::env::args().any(|argument| argument == "load") {
        load::run(here.map(str::to_owned).chain(servers.split_whitespace().map(str::to_owned)));
        let _ = std::fs::remove_dir_all(folder);
        return;
    }
    if std::env::args().any(|argument| argument == "wall") {
        wall::run(servers.split_whitespace());
        let _ = std::fs::remove_dir_all(folder);
        return;
    }
    println!("| operation | database | ratio to bare (median) | spread | requests/s of bare |");
    println!("|---|---|---|---|---|");
    let few_on_servers = std::env::var("BENCH_FEW_URLS").unwrap_or_default();
    let few = format!("sqlite://{}?mode=rwc", folder.join("few.db").display());
    for place in here {
        bench(place, &few);
    }
    for (place, few) in servers.split_whitespace().zip(few_on_servers.split_whitespace()) {
        bench(place, few);
    }
    let _ = std::fs::remove_dir_all(folder);
}

/// `few`: where a province with few schools can be made.
fn bench(place: &str, few: &str) {
    let name = if place.starts_with("sqlite") { "SQLite" } else { "PostgreSQL" };
    let url = DatabaseUrl::parse(place).expect("a URL");
    let people = demo::fill(&url, &demo::Options { schools: 520, seed: 285 }, &Clock::System).expect("fills");
    let options = Options { url, read_url: None, connections: 8, slow: Duration::from_mins(1), wall: Wall::Down };
    let database = Database::open(&options).expect("opens");
    let person = people.iter().find(|person| person.username == "sgd.viewer").expect("a viewer");
    let unit = people.iter().find(|person| person.unit.code.starts_with("MN-")).expect("a school").unit.code.clone();

    let (ours, bare) = (serve_ours(&database), serve_bare(&database, person.unit.id));
    let token = Wire::open(ours).sign_in(person);
    let tag = Wire::open(ours).tag(&format!("/api/v1/units/{unit}"), &token);

    let tags = ["", "", tag.as_str(), "", "", "", ""];
    let plain = ["/units/{unit}", "/units", "/units/{unit}", "/results", "/assignments", "/task-groups", "/dashboard"];
    let operations = hot_reads(&unit).into_iter().zip(plain).zip(tags);
    let operations = operations.map(|(((what, path), plain), tag)| (what, path, plain.replace("{unit}", &unit), tag));
    // Each takes minutes; who works on one asks for it alone.
    let alone = |part: &str| std::env::args().any(|argument| argument == part);
    let (writes, reporting) = (alone("writes"), alone("reports"));
    let reads = !writes && !reporting;
    for (what, path, plain, tag) in operations.filter(|_| reads) {
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
        let (ratios, rates) = (Spread::of(ratios), Spread::of(rates));
        println!("| {what} | {name} | {:.2} | {} | {:.0} |", ratios.median(), ratios.ends(), rates.median());
    }
    if !reporting {
        let editor = people.iter().find(|person| person.username == "sgd.editor").expect("an editor");
        let token = Wire::open(ours).sign_in(editor);
        bulk::assignments(name, &database, ours, &token);
        bulk::values(name, &database, ours, &token);
        writers::rivals(name, &database, ours, &token);
    }
    if !writes {
        reports::regime(name, &database, ours, (place, few));
    }
}

/// The hot reads, by name and path.
fn hot_reads(unit: &str) -> [(&'static str, String); 7] {
    let day = Clock::System.today();
    [
        ("one unit", format!("/api/v1/units/{unit}")),
        ("list of 50 units", "/api/v1/units?limit=50".to_owned()),
        ("conditional read of one unit (304)", format!("/api/v1/units/{unit}")),
        ("results of one unit", "/api/v1/results?year=2024".to_owned()),
        ("assignments by status and due date", format!("/api/v1/assignments?status=in_progress&due_before={day}")),
        ("progress of the seven groups", "/api/v1/task-groups".to_owned()),
        ("dashboard of the province", "/api/v1/dashboard?year=2024".to_owned()),
    ]
}

/// The service as it is.
fn serve_ours(database: &Database) -> SocketAddr {
    let files = format!("--files-url=file:{}", std::env::temp_dir().join(format!("tiendo-bench-files-{}", std::process::id())).display());
    let program = concat!("--print-program=", env!("CARGO_BIN_EXE_tiendo"));
    let quotas = ["--person-quota=10000000", "--network-quota=10000000"];
    let flags = [&["--listen=127.0.0.1:0", "--workers=2", "--answer-seconds=60", program, &files], &quotas[..]].concat();
    let settings = ServerSettings::from_flags(&flags).expect("settings");
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

/// The same SQL and bytes with nothing around them.
fn serve_bare(database: &Database, unit: tiendo::ids::UnitId) -> SocketAddr {
    let now = Clock::System.now();
    let person = Person {
        id: Id::new(),
        others: Vec::new(),
        session: Id::new(),
        username: String::new(),
        full_name: String::new(),
        role: Role::Department,
        duties: Duties::of(&[Duty::Viewer]),
        unit,
        scope: Scope::new(unit, unit, now.business_day()),
        totp: false,
        lacks_totp: false,
        must_change_password: false,
        app: None,
    };
    let context = Context { caller: Caller::Person(Arc::new(person)), now, marks: RequestMarks::default() };
    let bare = web::Data::new(Bare { database: database.clone(), context });
    serve_routes(bare, |routes| {
        routes
            .route("/units", web::get().to(bare_units))
            .route("/units/{unit}", web::get().to(bare_unit))
            .route("/results", web::get().to(bare_results))
            .route("/assignments", web::get().to(bare_assignments))
            .route("/task-groups", web::get().to(bare_groups))
            .route("/dashboard", web::get().to(bare_dashboard));
    })
}

/// Serves handlers with nothing around them, by as many workers as ours has.
fn serve_routes<B: Send + Sync + 'static>(bare: web::Data<B>, routes: fn(&mut web::ServiceConfig)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let server = HttpServer::new(move || ActixApp::new().app_data(bare.clone()).configure(routes));
        let server = server.workers(2).listen(listener).expect("listens").run();
        actix_web::rt::System::new().block_on(server).expect("runs");
    });
    address
}
