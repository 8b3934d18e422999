//! A server per test, and callers that are clients. Arrangement goes through the API; what does not is named `db_…`.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use serde_json::{Value, json};
use tiendo::access::policy::Duty;
use tiendo::app::App;
use tiendo::clock::{Clock, Instant};
use tiendo::config::ServerSettings;
use tiendo::db::url::DatabaseUrl;
use tiendo::db::wall::{self, Wall};
use tiendo::db::{Conn, Context, Database, Options, grants, migrate};
use tiendo::jobs::Jobs;

/// What everybody's password is.
pub const PASSWORD: &str = "Mật khẩu đủ dài để thử";
/// When every test begins: a Thursday morning in Hoà Bình, the plan just issued.
pub const START: &str = "2025-02-20T02:30:00Z";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// By name: the secret of an app, and recovery codes.
type Factors = Arc<Mutex<HashMap<String, (String, Vec<String>)>>>;

/// A running server.
pub struct TestApp {
    pub base: String,
    pub clock: Clock,
    pub database: Database,
    url: DatabaseUrl,
    jobs: Jobs,
    agent: ureq::Agent,
    handle: ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
    pub files: std::path::PathBuf,
    drop_url: DropUrl,
    wall: Wall,
    /// The secret and the recovery codes of those who enrolled a second factor, by name: each code signs in once, whatever the clock says.
    factors: Factors,
}

pub enum DropUrl {
    File(std::path::PathBuf),
    Postgres {
        server: String,
        name: String,
    },
    /// The database is another instance's.
    Keep,
}

/// A fresh, migrated database: a file, or a copy of a template made once per run.
pub fn fresh_database() -> (DatabaseUrl, DropUrl) {
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let name = format!("tiendo_test_{}_{number}", std::process::id());
    if let Ok(server) = std::env::var("TEST_DATABASE_URL") {
        static TEMPLATE: OnceLock<String> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| {
            let template = format!("tiendo_template_{}", std::process::id());
            execute(&server, &format!("CREATE DATABASE {template}"));
            migrate::apply(&mut open(&with_name(&server, &template))).expect("migrates");
            template
        });
        execute(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        let url = DatabaseUrl::parse(&with_name(&server, &name)).expect("valid");
        return (url, DropUrl::Postgres { server, name });
    }
    let path = std::env::temp_dir().join(format!("{name}.db"));
    let text = format!("sqlite://{}?mode=rwc", path.display());
    migrate::apply(&mut open(&text)).expect("migrates");
    (DatabaseUrl::parse(&text).expect("valid"), DropUrl::File(path))
}

/// A folder that is not there yet.
fn fresh_folder() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("tiendo_files_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst)))
}

/// The URL of the role that serves: behind the wall one that owns nothing, prepared as an operator does it.
pub fn served_by(url: &DatabaseUrl, wall: Wall) -> DatabaseUrl {
    static ROLE: OnceLock<String> = OnceLock::new();
    let DatabaseUrl::Postgres(owner) = url else { return url.clone() };
    if wall == Wall::Down {
        return url.clone();
    }
    let role = ROLE.get_or_init(|| {
        let role = format!("tiendo_service_{}", std::process::id());
        execute(owner, &format!("CREATE ROLE {role} LOGIN"));
        role
    });
    let mut conn = open(owner);
    assert!(wall::set(&mut conn, wall).expect("sets") && grants::give(&mut conn, role).expect("gives"));
    let theirs = owner.replacen("//tiendo@", &format!("//{role}@"), 1);
    assert_ne!(owner, &theirs, "the test's server lets in by name");
    DatabaseUrl::parse(&theirs).expect("valid")
}

pub fn open(url: &str) -> Conn {
    Database::maintenance(&DatabaseUrl::parse(url).expect("valid")).expect("opens")
}

/// A URL of a database of this server: only the last part differs.
pub fn with_name(server: &str, name: &str) -> String {
    let (head, query) = server.split_once('?').map_or((server, String::new()), |(head, query)| (head, format!("?{query}")));
    format!("{}/{name}{query}", head.rsplit_once('/').expect("names a database").0)
}

pub fn execute(server: &str, sql: &str) {
    use diesel::connection::SimpleConnection;
    // Databases are copied one at a time: PostgreSQL refuses a template that is in use.
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE.lock().expect("no test holding it panicked");
    open(server).batch_execute(sql).expect("runs");
}

impl TestApp {
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub fn start_with(change: impl FnOnce(&mut ServerSettings)) -> Self {
        Self::start_at(Clock::manual(Instant::parse(START).expect("valid")), change)
    }

    /// With another clock.
    pub fn start_at(clock: Clock, change: impl FnOnce(&mut ServerSettings)) -> Self {
        let (url, drop_url) = fresh_database();
        // With this set the whole suite runs behind the second wall; what a test does as the owner of the tables then fails.
        let wall = if std::env::var_os("TEST_ROW_SECURITY").is_some() { Wall::Up } else { Wall::Down };
        Self::launch(url, drop_url, clock, fresh_folder(), wall, change)
    }

    /// A second instance on the same database, with the same clock and files. It ends before the first.
    pub fn beside(&self) -> Self {
        self.beside_as(self.clock.clone(), |_| {})
    }

    /// The same with other settings.
    pub fn beside_with(&self, change: impl FnOnce(&mut ServerSettings)) -> Self {
        self.beside_as(self.clock.clone(), change)
    }

    /// The same with a clock of its own.
    pub fn beside_at(&self, clock: Clock) -> Self {
        self.beside_as(clock, |_| {})
    }

    fn beside_as(&self, clock: Clock, change: impl FnOnce(&mut ServerSettings)) -> Self {
        let mut other = Self::launch(self.url.clone(), DropUrl::Keep, clock, self.files.clone(), self.wall, change);
        other.factors = self.factors.clone();
        other
    }

    fn launch(
        url: DatabaseUrl,
        drop_url: DropUrl,
        clock: Clock,
        files: std::path::PathBuf,
        wall: Wall,
        change: impl FnOnce(&mut ServerSettings),
    ) -> Self {
        let served = served_by(&url, wall);
        let options = Options { url: served, read_url: None, connections: 4, slow: Duration::from_mins(1), wall };
        let database = Database::open(&options).expect("opens");
        let files_url = format!("file:{}", files.display());
        let mut settings = ServerSettings::from_flags(&[
            "--listen=127.0.0.1:0",
            "--workers=1",
            "--cors-origins=https://app.example.vn",
            "--answer-seconds=60",
            &format!("--files-url={files_url}"),
            "--file-limit=1048576",
            "--file-quota=2097152",
            "--upload-seconds=30",
            // Tests are another program.
            concat!("--print-program=", env!("CARGO_BIN_EXE_tiendo")),
            // Tests move the clock by months, and the tick of a slow machine would disable whoever waits meanwhile.
            "--idle-days=3650",
            "--idle-days-schools=3650",
            // So high that no test meets them but those that lower them.
            "--person-quota=10000000",
            "--network-quota=10000000",
        ])
        .expect("valid");
        change(&mut settings);
        let (send, receive) = std::sync::mpsc::channel();
        let (thread_database, thread_clock) = (database.clone(), clock.clone());
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = App::start(thread_database, &settings, thread_clock).expect("starts");
                send.send((app.address(), app.handle(), app.jobs())).expect("the test waits");
                app.run().await.expect("runs");
            });
        });
        let (address, handle, jobs) = receive.recv().expect("the server starts");
        let agent = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_mins(2))).build().into();
        Self {
            base: format!("http://{address}"),
            clock,
            database,
            url,
            jobs,
            agent,
            handle,
            thread: Some(thread),
            files,
            drop_url,
            wall,
            factors: Arc::default(),
        }
    }

    /// Its database, as a program of its own is told.
    pub fn url(&self) -> String {
        match &self.url {
            DatabaseUrl::Sqlite { path, .. } => format!("sqlite://{}?mode=rw", path.display()),
            DatabaseUrl::Postgres(url) => url.clone(),
        }
    }

    /// Runs a job of this instance, without waiting for its tick.
    pub fn run<R>(&self, work: impl AsyncFnOnce(&Jobs) -> R) -> R {
        actix_web::rt::System::new().block_on(work(&self.jobs))
    }

    /// Nobody.
    pub fn nobody(&self) -> Caller<'_> {
        Caller { app: self, token: None }
    }

    /// Somebody with this token, whatever it is.
    pub fn bearer(&self, token: &str) -> Caller<'_> {
        Caller { app: self, token: Some(token.to_owned()) }
    }

    /// The first account of the department, with all duties and a second factor.
    pub fn admin(&self) -> Caller<'_> {
        let context = Context::system("test", self.clock.now());
        let link = tiendo::bootstrap::first_account(&self.database, &context, "quan.tri", "Quản trị viên", Duty::ALL).expect("bootstraps");
        let accepted = json!({"token": link, "password": PASSWORD});
        patient(|| self.nobody().post("/api/v1/invitations/accept", &accepted)).expect(204);
        let admin = self.sign_in("quan.tri");
        admin.enrol("quan.tri");
        admin
    }

    /// What somebody signs in with, a code that is good once included.
    pub fn credentials(&self, username: &str) -> Value {
        let mut body = json!({"username": username, "password": PASSWORD});
        if let Some((secret, codes)) = self.factors.lock().expect("no test holding it panicked").get_mut(username) {
            body["totp"] = json!(codes.pop().unwrap_or_else(|| self.code(secret)));
        }
        body
    }

    pub fn sign_in(&self, username: &str) -> Caller<'_> {
        let body = self.credentials(username);
        let reply = patient(|| self.nobody().post("/api/v1/sessions", &body)).expect(201);
        self.bearer(reply.json()["access_token"].as_str().expect("a token"))
    }

    /// What is answered to these bytes, until the connection is closed.
    pub fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = std::net::TcpStream::connect(self.base.trim_start_matches("http://")).expect("connects");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("sets");
        // What is refused early may be closed before all of it is sent.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A connection of one's own to the database.
    pub fn db_open(&self) -> Conn {
        Database::maintenance(&self.url).expect("opens")
    }

    /// The code of an app at this moment.
    pub fn code(&self, secret: &str) -> String {
        let secret = totp_rs::Secret::try_from_base32(secret).expect("Base32");
        let now = u64::try_from(self.clock.now().unix()).expect("after 1970");
        totp_rs::Builder::new().with_secret(secret).build().expect("a secret").generate(now).to_string()
    }

    /// Everything that is committed gets its position, without waiting for the tick.
    pub fn db_seal(&self) {
        while tiendo::app::seal_now(&self.database, &self.clock).expect("seals") > 0 {}
    }
}

impl TestApp {
    /// Sweeps files without a row that are older than so many seconds by the machine's clock.
    pub fn sweep(&self, age: i64) -> usize {
        let url = format!("file:{}", self.files.display());
        let files = tiendo::files::Files::open(&url, 1, 1).expect("opens");
        let database = self.database.clone();
        actix_web::rt::System::new().block_on(async { tiendo::jobs::sweep(&database, &files, &Clock::System, age).await.expect("sweeps") })
    }

    /// Every kept total is what the values say.
    #[track_caller]
    pub fn db_verify(&self) {
        let context = Context::system("test", self.clock.now());
        let verdict = self.database.write_here(&context, |tx| tiendo::sums::verify(tx)).expect("verifies");
        assert_eq!(verdict.wrong(), 0, "{verdict:#?}");
        assert!(verdict.totals[1] > 0);
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let stop = self.handle.stop(false);
        actix_web::rt::System::new().block_on(stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if !matches!(self.drop_url, DropUrl::Keep) {
            let _ = std::fs::remove_dir_all(&self.files);
        }
        match &self.drop_url {
            DropUrl::Keep => {}
            DropUrl::File(path) => {
                for end in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{end}", path.display()));
                }
            }
            DropUrl::Postgres { server, name } => execute(server, &format!("DROP DATABASE {name} WITH (FORCE)")),
        }
    }
}

/// Somebody who calls.
#[derive(Clone)]
pub struct Caller<'a> {
    pub app: &'a TestApp,
    pub token: Option<String>,
}

impl Caller<'_> {
    #[must_use = "say which status is expected"]
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], None)
    }

    #[must_use = "say which status is expected"]
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &[("Content-Type", "application/json")], Some(body.to_string().as_bytes()))
    }

    #[must_use = "say which status is expected"]
    pub fn patch(&self, path: &str, tag: &str, body: &Value) -> Reply {
        let headers = [("Content-Type", "application/merge-patch+json"), ("If-Match", tag)];
        self.send("PATCH", path, &headers, Some(body.to_string().as_bytes()))
    }

    /// `condition` is `If-None-Match` or `If-Match` with its tag.
    #[must_use = "say which status is expected"]
    pub fn put(&self, path: &str, condition: (&str, &str), body: &Value) -> Reply {
        self.send("PUT", path, &[("Content-Type", "application/json"), condition], Some(body.to_string().as_bytes()))
    }

    #[must_use = "say which status is expected"]
    pub fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[], None)
    }

    #[must_use = "say which status is expected"]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Reply {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.app.base));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.unwrap_or_default()).expect("a request");
        let mut response = self.app.agent.run(request).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let headers = response.headers().clone();
        let status = response.status().as_u16();
        let body = response.body_mut().read_to_vec().expect("a body");
        Reply { asked: format!("{method} {path}"), status, headers, body }
    }

    /// Creates a unit below another and answers it.
    pub fn unit(&self, code: &str, kind: &str, unit_type: &str, name: &str, parent: &str) -> Value {
        self.post(
            "/api/v1/units",
            &json!({"code": code, "kind": kind, "type": unit_type, "name": name, "parent": parent, "valid_from": "2010-09-01"}),
        )
        .expect(201)
        .json()
    }

    /// Invites a user, takes the invitation up and signs in.
    pub fn user(&self, username: &str, unit: &str, duties: &[&str]) -> Self {
        let body = json!({"username": username, "full_name": format!("Người dùng {username}"), "unit": unit, "duties": duties});
        let user = self.post("/api/v1/users", &body).expect(201).json();
        let token = user["invitation"]["token"].as_str().expect("an invitation").to_owned();
        let accepted = json!({"token": token, "password": PASSWORD});
        patient(|| self.app.nobody().post("/api/v1/invitations/accept", &accepted)).expect(204);
        let signed = self.app.sign_in(username);
        if duties.contains(&"admin") {
            signed.enrol(username);
        }
        Self { app: self.app, token: signed.token }
    }

    /// Enrols a second factor for this caller. Answers its secret.
    pub fn enrol(&self, username: &str) -> String {
        let secret = self.send("POST", "/api/v1/me/totp", &[], None).expect(201).json()["secret"].as_str().expect("a secret").to_owned();
        let codes = self.post("/api/v1/me/totp/confirm", &json!({"code": self.app.code(&secret)})).expect(200).json();
        let codes = serde_json::from_value(codes["recovery_codes"].clone()).expect("codes");
        self.app.factors.lock().expect("no test holding it panicked").insert(username.to_owned(), (secret.clone(), codes));
        secret
    }
}

/// Comes back when it is told to, as clients do: where the machine is busy with other tests passwords wait.
fn patient(ask: impl Fn() -> Reply) -> Reply {
    for _ in 0..30 {
        let reply = ask();
        if reply.status != 503 {
            return reply;
        }
        let seconds = reply.header("retry-after").parse().expect("seconds");
        std::thread::sleep(Duration::from_secs(seconds));
    }
    ask()
}

/// What came back.
pub struct Reply {
    asked: String,
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    /// The same reply, if its status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered {}: {}", self.asked, self.status, String::from_utf8_lossy(&self.body));
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.asked, String::from_utf8_lossy(&self.body)))
    }

    #[track_caller]
    /// The id of what it answers.
    pub fn id(&self) -> String {
        self.json()["id"].as_str().expect("an id").to_owned()
    }

    pub fn header(&self, name: &str) -> String {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("{}: no {name}", self.asked));
        value.to_str().expect("text").to_owned()
    }

    /// A problem of this status and code, in its own media type.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        let reply = self.expect(status);
        assert_eq!(reply.header("content-type"), "application/problem+json", "{}", reply.asked);
        let problem = reply.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["request_id"], reply.header("x-request-id"));
        problem
    }

    /// The faults of a 422 as `place code`, sorted.
    #[track_caller]
    pub fn faults(self) -> Vec<String> {
        let problem = self.problem(422, "validation_failed");
        let mut faults: Vec<String> = problem["errors"]
            .as_array()
            .expect("faults")
            .iter()
            .map(|fault| {
                format!(
                    "{} {}",
                    fault["parameter"].as_str().or(fault["pointer"].as_str()).unwrap_or_default(),
                    fault["code"].as_str().unwrap_or_default()
                )
            })
            .collect();
        faults.sort();
        faults
    }
}

/// The names of the rows of a list.
#[track_caller]
pub fn column(list: &Value, member: &str) -> Vec<String> {
    list["data"].as_array().expect("rows").iter().map(|row| row[member].as_str().unwrap_or_default().to_owned()).collect()
}
