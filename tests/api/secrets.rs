//! Secrets: where they come from, what refuses the start, and that none of them is ever told.

use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diesel::prelude::*;
use serde_json::{Value, json};
use tiendo::access::kek::KeyFile;
use tiendo::config::KeySettings;
use tiendo::db::schema::{journal, server_secrets, signing_keys};
use tiendo::db::{Context, Tx};

use crate::harness::{PASSWORD, TestApp};
use crate::program::{Served, refusal, tiendo};

/// A file of this test alone, of this mode; gone with it.
struct SecretFile(PathBuf);

impl SecretFile {
    fn new(text: &str, mode: u32) -> Self {
        let path = std::env::temp_dir().join(format!("tiendo_secret_{}_{}", std::process::id(), fastrand::u64(..)));
        std::fs::write(&path, text).expect("writes");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("sets");
        Self(path)
    }

    fn key() -> Self {
        Self::new(&format!("{}\n", random_key()), 0o600)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("text")
    }
}

impl Drop for SecretFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn random_key() -> String {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("randomness");
    STANDARD.encode(bytes)
}

fn with_key(file: &SecretFile) -> impl FnOnce(&mut tiendo::config::ServerSettings) {
    let key_file = Some(KeyFile::read(file.path()).expect("a key file"));
    move |settings| settings.keys = KeySettings { key_file }
}

/// What stands in the database, and with which key it is sealed.
fn db_keys(app: &TestApp) -> Vec<(Vec<u8>, Option<String>)> {
    let read = |tx: &mut Tx<'_>| {
        let mut rows: Vec<(Vec<u8>, Option<String>)> =
            signing_keys::table.select((signing_keys::private_key, signing_keys::sealed_with)).load(tx.conn)?;
        rows.extend(server_secrets::table.select((server_secrets::secret, server_secrets::sealed_with)).load(tx.conn)?);
        Ok(rows)
    };
    app.database.write_here(&Context::system("test", app.clock.now()), read).expect("reads")
}

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// CF-01: what is missing, weak, open to everybody, misnamed or of the wrong type stops the start with one line that tells no secret.
#[test]
fn bad_settings_stop_the_start() {
    let canary = "chim-hoang-yen-4471";
    let secret_url = format!("postgres://app:{canary}@127.0.0.1:1/tiendo");
    let says = |settings: &[(&str, &str)], args: &[&str], what: &str| {
        // Whatever is forgotten to be refused finds no database to serve.
        let nowhere = [("DATABASE_URL", "sqlite:///khong/co/tiendo.db")];
        let given = settings.iter().any(|(name, _)| name.starts_with("DATABASE_URL"));
        let said = refusal(&[&["serve"][..], args].concat(), &[if given { &[][..] } else { &nowhere }, settings].concat());
        assert!(said.contains(what) && !said.contains(canary), "{said}");
    };
    says(&[("DATABASE_URL", "mysql://app:chim-hoang-yen-4471@db/x")], &[], "must begin with sqlite:// or postgres://");
    says(&[], &["--database-url", "mysql://app:chim-hoang-yen-4471@db/x"], "--database-url");
    says(&[("DATABASE_READ_URL", canary)], &[], "--database-read-url");
    says(&[("DATABASE_URL", &secret_url)], &[], "cannot open PostgreSQL");
    says(&[("DATABASE_URL", "postgres://app:chim-hoang-yen-4471@[::1/tiendo")], &["--database-plain"], "cannot open PostgreSQL");
    says(&[("DATABASE_URL", "sqlite:///khong/co/tiendo.db")], &[], "there is no database");
    for url in ["http://app:chim-hoang-yen-4471@mail", "smtp://app:chim-hoang-yen-4471@", "chim-hoang-yen-4471"] {
        says(&[("SMTP_URL", url), ("MAIL_FROM", "a@example.vn"), ("MAIL_PAGE", "https://example.vn/x")], &[], "");
    }
    // Where there is a database, the way to the mail server is looked at, and where its links point.
    let app = TestApp::start();
    let place = app.url();
    let broken = SecretFile::new("khong phai chung thu", 0o644);
    let mail = |url: &str, page: &str, more: &[(&str, &str)], what: &str| {
        let settings = [("DATABASE_URL", place.as_str()), ("SMTP_URL", url), ("MAIL_FROM", "a@example.vn"), ("MAIL_PAGE", page)];
        let said = refusal(&SERVE, &[&settings[..], more].concat());
        assert!(said.contains(what) && !said.contains(canary), "{said}");
    };
    let (sure, page) = ("smtps://app:chim-hoang-yen-4471@mail.example.vn", "https://example.vn/x");
    mail("smtp://app:chim-hoang-yen-4471@mail.example.vn", page, &[], "tls=required");
    mail("smtp://app:chim-hoang-yen-4471@mail.example.vn?tls=opportunistic", page, &[], "tls=required");
    mail(sure, "http://example.vn/x", &[], "MAIL_PAGE");
    mail(sure, page, &[("SMTP_CA_FILE", "/khong/co")], "SMTP_CA_FILE");
    mail(sure, page, &[("SMTP_CA_FILE", broken.path())], "SMTP_CA_FILE");
    says(&[("WORKERS", "nhieu")], &[], "--workers");
    says(&[("WORKERS", "0")], &[], "--workers");
    says(&[("LISTEN", "8080")], &[], "--listen");
    says(&[], &["--colour", "red"], "--colour");
    says(&[("TIENDO_KEYFILE", "x")], &[], "there is no setting TIENDO_KEYFILE");
    // Secrets from files.
    let open = SecretFile::new(&secret_url, 0o644);
    says(&[("DATABASE_URL_FILE", open.path())], &[], "everybody may read");
    let good = SecretFile::new(&format!("{secret_url}\n"), 0o600);
    says(&[("DATABASE_URL_FILE", good.path())], &[], "cannot open PostgreSQL");
    says(&[("DATABASE_URL_FILE", good.path()), ("DATABASE_URL", &secret_url)], &[], "both set");
    says(&[("DATABASE_URL_FILE", "/khong/co")], &[], "DATABASE_URL_FILE: /khong/co");
    let empty = SecretFile::new("\n", 0o600);
    says(&[("DATABASE_URL_FILE", empty.path())], &[], "empty");
    // The key file.
    says(&[("TIENDO_KEY_FILE", "/khong/co")], &[], "/khong/co");
    let open = SecretFile::new(&random_key(), 0o604);
    says(&[("TIENDO_KEY_FILE", open.path())], &[], "everybody may read");
    for (weak, what) in [
        (STANDARD.encode(canary), "256 bits"),
        (STANDARD.encode([0_u8; 32]), "not random"),
        (STANDARD.encode(format!("{canary}-chim-canary")), "256 bits"),
        (STANDARD.encode("chim-hoang-yen-4471-chim-hoang-y"), "not random"),
        (canary.to_owned(), "base64"),
    ] {
        let weak = SecretFile::new(&weak, 0o600);
        says(&[], &["--key-file", weak.path()], what);
    }
}

/// CF-01: a secret file is as good as the setting itself, and no help shows what is in it.
#[test]
fn a_secret_may_come_from_a_file() {
    let app = TestApp::start();
    let file = SecretFile::new(&format!("{}\n", app.url()), 0o400);
    let settings = [("DATABASE_URL_FILE", file.path())];
    let done = tiendo(&["migrate"], &settings).output().expect("runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(String::from_utf8_lossy(&done.stdout), "nothing to do\n");
    let help = tiendo(&["serve", "--help"], &settings).output().expect("runs");
    assert!(!String::from_utf8_lossy(&help.stdout).contains(&app.url()));
}

/// ASVS 13.2.2: where the compose file starts it, the role that serves owns nothing: the owner's password reaches the database and
/// `tiendo migrate` alone.
#[test]
fn the_compose_file_serves_with_a_role_that_owns_nothing() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docker-compose.yml")).expect("reads");
    let part = |name: &str| {
        let lines = text.lines().skip_while(|line| *line != format!("  {name}:")).skip(1);
        lines.take_while(|line| line.starts_with("    ") || line.is_empty()).collect::<Vec<_>>().join("\n")
    };
    let (migrate, serve) = (part("migrate"), part("tiendo"));
    assert!(serve.contains("DATABASE_URL: postgres://tiendo_service:${SERVICE_PASSWORD}@database/tiendo"), "{serve}");
    assert!(!serve.contains("POSTGRES_PASSWORD") && !serve.contains("MIGRATE_DATABASE_URL"), "{serve}");
    assert!(migrate.contains("MIGRATE_DATABASE_URL: postgres://tiendo:${POSTGRES_PASSWORD}@database/tiendo"), "{migrate}");
    assert!(migrate.contains(" DATABASE_URL: postgres://tiendo_service:${SERVICE_PASSWORD}@"), "{migrate}");
    assert!(part("roles").contains("CREATE ROLE tiendo_service LOGIN PASSWORD :'password';"), "{text}");
}

/// CF-06: a database on another machine is reached by TLS that checks its name, unless somebody says that the network is private.
#[test]
fn a_database_elsewhere_is_reached_by_tls_or_not_at_all() {
    for url in ["postgres://app:x@192.0.2.1/tiendo", "postgres://app:x@db.example.vn/tiendo?sslmode=require"] {
        for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"], &["admin", "bootstrap"], &["keys", "rotate"]] {
            let said = refusal(args, &[("DATABASE_URL", url)]);
            assert!(said.contains("sslmode=verify-full") && !said.contains("192.0.2.1"), "{said}");
        }
    }
    // Said to be private, it is tried: here nobody answers to that name.
    let said =
        refusal(&["migrate"], &[("DATABASE_URL", "postgres://app:x@db.invalid/tiendo?connect_timeout=2"), ("DATABASE_PLAIN", "true")]);
    assert!(said.contains("cannot open PostgreSQL"), "{said}");
}

/// JW-14: a key that is damaged, of another curve, or sealed with a key that is not at hand stops the start with one line.
#[test]
fn keys_that_cannot_be_used_stop_the_start() {
    let spoil = |bytes: Vec<u8>| {
        let app = TestApp::start();
        let change =
            |tx: &mut Tx<'_>| Ok(diesel::update(signing_keys::table).set(signing_keys::private_key.eq(&bytes)).execute(tx.conn)?);
        app.database.write_here(&Context::system("test", app.clock.now()), change).expect("spoils");
        let said = refusal(&SERVE, &[("DATABASE_URL", &app.url())]);
        assert!(said.contains("no private key on P-256"), "{said}");
    };
    spoil(b"khong phai khoa".to_vec());
    let other = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).expect("a key");
    spoil(other.to_pkcs8v1().expect("bytes").as_ref().to_vec());
}

/// JW-14, CF-04: with a key file nothing that signs stands in the database as it is. Without it, or with another, nothing starts; a
/// second line opens what the key before sealed, so that it changes while instances run.
#[test]
fn private_keys_are_sealed_with_the_key_file() {
    let app = TestApp::start();
    let admin = app.admin();
    let plain = db_keys(&app);
    assert!(plain.iter().all(|(_, with)| with.is_none()) && plain.len() == 2);
    let first = SecretFile::key();
    let served = |file: &SecretFile| Served::start(&SERVE, &[("DATABASE_URL", &app.url()), ("TIENDO_KEY_FILE", file.path())]);
    drop(served(&first));
    let sealed = db_keys(&app);
    for ((bytes, with), (before, _)) in sealed.iter().zip(&plain) {
        assert!(with.is_some() && !bytes.windows(16).any(|piece| piece == &before[before.len() - 16..]));
    }
    let place = app.url();
    let url = ("DATABASE_URL", place.as_str());
    assert!(refusal(&SERVE, &[url]).contains("--key-file"));
    assert!(refusal(&["keys", "rotate"], &[url]).contains("--key-file"));
    let second = SecretFile::key();
    assert!(refusal(&SERVE, &[url, ("TIENDO_KEY_FILE", second.path())]).contains("does not hold the key"));
    assert_eq!(db_keys(&app), sealed, "a refusal changes nothing");
    // The new key in front, the old one behind it.
    let text = |file: &SecretFile| std::fs::read_to_string(&file.0).expect("reads");
    let both = SecretFile::new(&format!("{}{}", text(&second), text(&first)), 0o600);
    let rotated = tiendo(&["keys", "rotate", "--lead-seconds", "0"], &[url, ("TIENDO_KEY_FILE", both.path())]).output().expect("runs");
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    let names: std::collections::BTreeSet<Option<String>> = db_keys(&app).into_iter().map(|(_, with)| with).collect();
    assert_eq!(names.len(), 1, "all with the new one: {names:?}");
    drop(served(&second));
    // The instance that was there before the key file has the keys in memory and goes on.
    app.clock.advance(61);
    admin.get("/api/v1/me").expect(200);
    // Sealed, they sign as before.
    let sealed = TestApp::start_with(with_key(&second));
    sealed.admin().get("/api/v1/me").expect(200);
}

/// CF-02: nothing but the listed paths answers; no version, no name of the software.
#[test]
fn nothing_is_served_that_is_not_meant_to_be() {
    let app = TestApp::start();
    for path in [
        "/",
        "/debug",
        "/debug/pprof",
        "/metrics",
        "/status",
        "/server-status",
        "/actuator",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/admin",
        "/.env",
        "/.git/config",
        "/health",
        "/version",
        "/swagger-ui",
        "/docs/../openapi.json/x",
        "/static/",
        "/problems/",
        "/.well-known/",
    ] {
        let reply = app.nobody().get(path).expect(404);
        for header in ["server", "x-powered-by", "via"] {
            assert!(!reply.headers.contains_key(header), "{path} tells {header}");
        }
        assert_eq!(reply.problem(404, "not_found")["code"], "not_found");
    }
    for path in ["/health/live", "/health/ready", "/.well-known/jwks.json"] {
        let reply = app.nobody().get(path).expect(200);
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(!text.contains(env!("CARGO_PKG_VERSION")) && !reply.headers.contains_key("server"), "{path}: {text}");
    }
}

/// CF-03: a process whose database is away lives and is not ready, and tells nothing of the database.
#[test]
fn a_lost_database_is_not_ready_and_not_told() {
    let app = TestApp::start();
    let admin = app.admin();
    app.nobody().get("/health/ready").expect(200);
    let context = Context::system("test", app.clock.now());
    // On PostgreSQL the table is gone for this role; on SQLite it has another name: both are a database that cannot be used.
    let lose = |sql: &'static str| {
        use diesel::connection::SimpleConnection;
        app.database.write_here(&context, |tx| Ok(tx.conn.batch_execute(sql)?)).expect("runs");
    };
    lose("ALTER TABLE signing_keys RENAME TO signing_keys_away");
    let live = app.nobody().get("/health/live").expect(200);
    assert_eq!(live.json(), json!({"status": "ok"}));
    let reply = app.nobody().get("/health/ready").expect(503);
    let _ = reply.header("retry-after");
    let text = reply.problem(503, "unavailable").to_string().to_lowercase();
    for told in ["postgres", "sqlite", "signing_keys", "127.0.0.1", "relation", "tiendo_test", "diesel", "tiendo@"] {
        assert!(!text.contains(told), "{text}");
    }
    lose("ALTER TABLE signing_keys_away RENAME TO signing_keys");
    app.nobody().get("/health/ready").expect(200);
    if let Ok(server) = std::env::var("TEST_DATABASE_URL") {
        let name = app.url().rsplit_once('/').expect("a name").1.split('?').next().expect("a name").to_owned();
        crate::harness::execute(&server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
        crate::harness::execute(&server, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
        app.nobody().get("/health/live").expect(200);
        let text = app.nobody().get("/health/ready").problem(503, "unavailable").to_string();
        assert!(!text.contains(&name), "{text}");
        let text = admin.get("/api/v1/units").problem(503, "unavailable").to_string();
        assert!(!text.contains(&name), "{text}");
        crate::harness::execute(&server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
        let back = (0..100).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            app.nobody().get("/health/ready").status == 200
        });
        assert!(back, "it comes back by itself");
    }
}

fn tracked() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(root).output();
    match listed {
        Ok(done) if done.status.success() => {
            String::from_utf8_lossy(&done.stdout).split('\0').filter(|name| !name.is_empty()).map(|name| root.join(name)).collect()
        }
        // Not a clone: whatever is there but for what is built.
        _ => {
            let mut found = Vec::new();
            let mut folders = vec![root.to_owned()];
            while let Some(folder) = folders.pop() {
                for entry in std::fs::read_dir(folder).expect("a folder") {
                    let path = entry.expect("an entry").path();
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    if path.is_dir() && !["target", "data", ".git"].contains(&name.as_str()) {
                        folders.push(path);
                    } else if path.is_file() && name != "demo-credentials.json" {
                        found.push(path);
                    }
                }
            }
            found
        }
    }
}

/// CF-05: no file of the project holds a private key, a token that somebody signed, or a password to a machine.
#[test]
fn no_secret_is_in_the_project() {
    // Cut in two, so that this file does not find itself.
    let marks = [
        concat!("PRIVATE", " KEY-----"),
        concat!("AK", "IA"),
        concat!("gh", "p_"),
        concat!("xox", "b-"),
        concat!("whs", "ec_"),
        concat!("AGE-SECRET", "-KEY-"),
    ];
    let mut wrong = Vec::new();
    let files = tracked();
    assert!(files.len() > 100, "only {} files", files.len());
    for path in files {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        wrong.extend(marks.iter().filter(|mark| text.contains(**mark)).map(|mark| format!("{}: {mark}", path.display())));
        // A JSON Web Token: three parts, the first two of them begin as `{"` does.
        let tokens = text.split(|sign: char| !(sign.is_ascii_alphanumeric() || "-_.".contains(sign)));
        let signed = |word: &&str| {
            let parts: Vec<&str> = word.split('.').collect();
            parts.len() == 3 && parts[0].starts_with("eyJ") && parts[1].starts_with("eyJ") && parts[2].len() > 40
        };
        wrong.extend(tokens.filter(signed).map(|token| format!("{}: {token}", path.display())));
        // A URL with a password that is neither a placeholder nor one of the tests' words.
        for rest in text.split("://").skip(1) {
            let authority = rest.split(|sign: char| sign.is_whitespace() || "/\"'`<>)".contains(sign)).next().unwrap_or_default();
            let Some(((_, password), _)) = authority.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?, host))) else {
                continue;
            };
            let known = ["x", "secret", "p@ss", "bi%mat", "…", "{database_password}", "PASSWORD", "{canary}", "chim-hoang-yen-4471"];
            if !known.contains(&password) && !password.starts_with("${") {
                wrong.push(format!("{}: {authority}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// AD-07, TM-04: at the lowest level of the log, with everything going wrong that can, no secret stands in the log, in an error or in
/// the journal; every line of the log is JSON with its moment in UTC.
#[test]
fn no_secret_is_ever_told() {
    let app = TestApp::start();
    let mark = |what: &str| format!("chim-{what}-{}", fastrand::u64(..));
    let password = mark("mat-khau");
    let wrong = mark("sai-mat-khau");
    let (strange, query, body_secret, text_secret) = (mark("ma-la"), mark("truy-van"), mark("than-json"), mark("than-chu"));
    let link = tiendo::bootstrap::first_account(
        &app.database,
        &Context::system("test", app.clock.now()),
        "chim.yen",
        "Chim hoàng yến",
        tiendo::access::policy::Duty::ALL,
    )
    .expect("bootstraps");
    let key = SecretFile::key();
    let kek = std::fs::read_to_string(&key.0).expect("reads").trim().to_owned();
    // Where the database has a password, it is one of the secrets; the throw-away server takes any.
    let database_password = mark("co-so-du-lieu");
    let url = app.url().replace("postgres://tiendo@", &format!("postgres://tiendo:{database_password}@"));
    // The invitation holds by the machine's clock as well.
    let move_invitation = |tx: &mut Tx<'_>| {
        use tiendo::db::schema::invitations;
        let until = tiendo::clock::Clock::System.now().plus(3600);
        Ok(diesel::update(invitations::table).set(invitations::expires_at.eq(until)).execute(tx.conn)?)
    };
    app.database.write_here(&Context::system("test", app.clock.now()), move_invitation).expect("moves");
    let served =
        Served::start(&SERVE, &[("DATABASE_URL", &url), ("TIENDO_KEY_FILE", key.path()), ("RUST_LOG", "trace"), ("SLOW_QUERY_MS", "0")]);
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut errors = String::new();
    let mut send = |method: &str, path: &str, token: Option<&str>, kind: &str, body: &str| -> Value {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", served.base)).header("Content-Type", kind);
        if let Some(token) = token {
            request = request.header("Authorization", token).header("Cookie", format!("access={token}"));
        }
        let mut answer = agent.run(request.body(body.as_bytes()).expect("a request")).expect("answers");
        let text = answer.body_mut().read_to_string().expect("text");
        if answer.status().as_u16() >= 400 {
            errors.push_str(&text);
            for (name, value) in answer.headers() {
                errors.extend([name.as_str(), ": ", value.to_str().unwrap_or_default(), "\n"]);
            }
        }
        serde_json::from_str(&text).unwrap_or(Value::Null)
    };
    let json_type = "application/json";
    let bearer = |token: &Value| format!("Bearer {}", token.as_str().expect("a token"));
    send("POST", "/api/v1/invitations/accept", None, json_type, &json!({"token": link, "password": password}).to_string());
    send("POST", "/api/v1/invitations/accept", None, json_type, &json!({"token": strange, "password": password}).to_string());
    send("POST", "/api/v1/sessions", None, json_type, &json!({"username": "chim.yen", "password": wrong}).to_string());
    send("POST", "/api/v1/sessions", None, json_type, &json!({"username": wrong, "password": password}).to_string());
    let signed = send("POST", "/api/v1/sessions", None, json_type, &json!({"username": "chim.yen", "password": password}).to_string());
    let next = send("POST", "/api/v1/sessions/refresh", None, json_type, &json!({"refresh_token": signed["refresh_token"]}).to_string());
    send("POST", "/api/v1/sessions/refresh", None, json_type, &json!({"refresh_token": strange}).to_string());
    let token = bearer(&next["access_token"]);
    send("GET", "/api/v1/me", Some(&token), json_type, "");
    for odd in [format!("Bearer {strange}"), format!("Basic {strange}"), format!("{token}{strange}"), strange.clone()] {
        send("GET", "/api/v1/me", Some(&odd), json_type, "");
    }
    send("GET", &format!("/api/v1/me?access_token={query}"), Some(&token), json_type, "");
    send("GET", &format!("/api/v1/units?q={query}&limit={query}&cursor={query}"), Some(&token), json_type, "");
    for (kind, body) in [
        (json_type, format!("{{\"username\": \"a\", \"password\": \"{body_secret}\"")),
        (json_type, format!("{{\"username\": 1, \"password\": [\"{body_secret}\"]}}")),
        (json_type, format!("{{\"username\": \"a\", \"password\": \"{}\"}}", body_secret.repeat(20))),
        (json_type, format!("\"{body_secret}\"")),
        (json_type, format!("{{\"username\": \"a\\u0000{body_secret}\", \"password\": \"{body_secret}\"}}")),
        ("text/plain", text_secret.clone()),
        ("application/x-www-form-urlencoded", format!("password={text_secret}")),
    ] {
        for path in
            ["/api/v1/sessions", "/api/v1/invitations/accept", "/api/v1/sessions/refresh", "/api/v1/users", "/api/v1/indicator-values"]
        {
            send("POST", path, Some(&token), kind, &body);
        }
    }
    // A second factor, without which nobody is an admin.
    let factor = send("POST", "/api/v1/me/totp", Some(&token), json_type, "");
    let factor = factor["secret"].as_str().expect("a secret").to_owned();
    let code = |factor: &str| {
        let secret = totp_rs::Secret::try_from_base32(factor).expect("Base32");
        let now = u64::try_from(tiendo::clock::Clock::System.now().unix()).expect("after 1970");
        totp_rs::Builder::new().with_secret(secret).build().expect("a secret").generate(now).to_string()
    };
    let recovery = send("POST", "/api/v1/me/totp/confirm", Some(&token), json_type, &json!({"code": code(&factor)}).to_string());
    std::thread::sleep(std::time::Duration::from_secs(1));
    let change = json!({"current_password": wrong, "new_password": text_secret}).to_string();
    send("PUT", "/api/v1/me/password", Some(&token), json_type, &change);
    let user = json!({"username": "chim.non", "full_name": "Chim non", "unit": "SGD", "duties": ["viewer"]});
    let invited = send("POST", "/api/v1/users", Some(&token), json_type, &user.to_string());
    let reset = send("POST", &format!("/api/v1/users/{}/reset", invited["id"].as_str().expect("an id")), Some(&token), json_type, "{}");
    send("DELETE", "/api/v1/sessions/current", Some(&token), json_type, "");
    // Let the jobs say what they have to say.
    std::thread::sleep(std::time::Duration::from_millis(600));
    let log = served.said();
    drop(served);
    let told = app
        .database
        .write_here(&Context::system("test", app.clock.now()), |tx| {
            type Row = (Option<String>, Option<String>, Option<String>, String);
            let rows: Vec<Row> =
                journal::table.select((journal::before, journal::after, journal::resource_code, journal::actor_name)).load(tx.conn)?;
            Ok(format!("{rows:?}"))
        })
        .expect("reads");
    let text = |value: &Value| value.as_str().expect("a secret").to_owned();
    let secrets = [
        ("password", password),
        ("wrong password", wrong),
        ("strange token", strange),
        ("query", query),
        ("JSON body", body_secret),
        ("text body", text_secret),
        ("bootstrap link", link),
        ("key file", kek),
        ("database password", database_password),
        ("access token", text(&signed["access_token"])),
        ("signature", text(&next["access_token"]).rsplit_once('.').expect("a signature").1.to_owned()),
        ("refresh token", text(&signed["refresh_token"])),
        ("second refresh token", text(&next["refresh_token"])),
        ("invitation", text(&invited["invitation"]["token"])),
        ("second factor", factor),
        ("recovery code", text(&recovery["recovery_codes"][0])),
        ("reset", text(&reset["invitation"]["token"])),
    ];
    for (name, secret) in &secrets {
        for (place, text) in [("the log", &log), ("an error", &errors), ("the journal", &told)] {
            let told = text.lines().find(|line| line.contains(secret.as_str()));
            assert!(told.is_none(), "{name} is told in {place}: {told:?}");
        }
    }
    let mut lines = 0;
    for line in log.lines().filter(|line| !line.starts_with("listening on")) {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let moment = event["timestamp"].as_str().expect("a moment");
        assert!(moment.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(moment).is_ok(), "{moment}");
        lines += 1;
    }
    assert!(lines > 50, "{lines} lines at the lowest level");
    assert!(!PASSWORD.is_empty() && errors.contains("request_id"));
}
