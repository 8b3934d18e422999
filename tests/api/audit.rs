//! The journal as evidence: nothing is missing in it, nothing can be changed in it unseen, and nobody can write into its log.

use std::io::Write;
use std::sync::Mutex;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value, json};
use tiendo::access;
use tiendo::db::schema::{journal, leases, seals};
use tiendo::db::{Conn, Context, Tx};
use tiendo::error::{Code, Error};
use tiendo::journal::checkpoint::{self, Checkpoint};
use tiendo::journal::verify::{Verdict, verify};
use tiendo::text::hexadecimal;

use crate::harness::{Caller, TestApp, execute, open};
use crate::process::{Served, agent, command};
use crate::values::province;

fn system(app: &TestApp) -> Context {
    Context::system("test", app.clock.now())
}

fn db_verify(app: &TestApp, checkpoints: &[Checkpoint]) -> Verdict {
    app.database.write_here(&system(app), |tx| verify(tx, checkpoints, &mut |_| {})).expect("verifies")
}

fn run(tx: &mut Tx<'_>, sql: &str) {
    match &mut *tx.conn {
        Conn::Pg(pg) => pg.batch_execute(sql),
        Conn::Lite(lite) => lite.batch_execute(sql),
    }
    .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// What whoever owns the database does first.
fn disarm(tx: &mut Tx<'_>) {
    let sql = match tx.conn {
        Conn::Pg(_) => {
            "ALTER TABLE journal DISABLE TRIGGER ALL; ALTER TABLE seals DISABLE TRIGGER ALL; ALTER TABLE seals DROP CONSTRAINT seals_seq_fkey"
        }
        Conn::Lite(_) => {
            "PRAGMA defer_foreign_keys = ON; DROP TRIGGER journal_keeps; DROP TRIGGER journal_loses_nothing; DROP TRIGGER seals_keep; DROP TRIGGER seals_lose_nothing"
        }
    };
    run(tx, sql);
}

/// The verdict after somebody who owns the database did this; it is undone then.
fn db_tampered(app: &TestApp, sql: &[&str], checkpoints: &[Checkpoint]) -> Verdict {
    let verdict = Mutex::new(None);
    let undone = app.database.write_here(&system(app), |tx| -> tiendo::error::Result<()> {
        disarm(tx);
        for sql in sql {
            run(tx, sql);
        }
        *verdict.lock().expect("alone") = Some(verify(tx, checkpoints, &mut |_| {})?);
        Err(Error::new(Code::Conflict))
    });
    assert_eq!(undone.err().map(|error| error.code()), Some(Code::Conflict), "undone");
    verdict.into_inner().expect("alone").expect("a verdict")
}

fn checkpoints_file(app: &TestApp) -> std::path::PathBuf {
    app.files.with_extension("checkpoints")
}

fn read(app: &TestApp) -> Vec<Checkpoint> {
    let keys = app.database.write_here(&system(app), |tx| access::keys::every(tx, None)).expect("keys");
    let text = std::fs::read_to_string(checkpoints_file(app)).expect("a file");
    text.lines().map(|line| checkpoint::read(line, &keys).expect("ours")).collect()
}

/// Some units, sealed and signed.
fn signed() -> TestApp {
    let app = TestApp::start_with(|settings| {
        let files = settings.files_url.clone().expect("a folder");
        settings.checkpoints = Some(std::path::Path::new(files.trim_start_matches("file:")).with_extension("checkpoints"));
    });
    let admin = app.admin();
    for number in 0..12 {
        admin.unit(&format!("MN-{number}"), "school", "preschool", "Trường Mầm non", "SGD");
    }
    app.db_seal();
    app.run(async |jobs| jobs.checkpoint().await);
    app
}

/// AD-03: an edit, a deletion, a reordering, an insertion and a cut are found, by whoever owns the database, and the first row is named.
#[test]
fn every_kind_of_tampering_is_found_at_its_first_row() {
    let app = signed();
    let checkpoints = read(&app);
    let sealed = db_verify(&app, &checkpoints).sealed;
    assert_eq!((checkpoints.len(), checkpoints[0].position), (1, sealed));
    let found = |sql: &[&str], checkpoints: &[Checkpoint]| {
        let verdict = db_tampered(&app, sql, checkpoints);
        let bad = verdict.bad.unwrap_or_else(|| panic!("{sql:?} was not found"));
        (verdict.sealed, bad.position, bad.what)
    };
    let of = |position: i64| format!("(SELECT seq FROM seals WHERE position = {position})");
    let not_sealed = "it is not what was sealed here";
    // An edit, of each column.
    for set in [
        "action = 'unit.delete'",
        "after = '{}'",
        "unit_id = NULL",
        "at = '2025-02-20 02:30:00.000001'",
        "ip = NULL",
        "outcome = 'refused'",
    ] {
        assert_eq!(found(&[&format!("UPDATE journal SET {set} WHERE seq = {}", of(7))], &[]), (6, Some(7), not_sealed), "{set}");
    }
    // Deletions: of the entry, of its seal, of both.
    let no_entry = format!("DELETE FROM journal WHERE seq = {}", of(7));
    let no_seal = "DELETE FROM seals WHERE position = 7";
    assert_eq!(found(&[&no_entry], &[]), (6, Some(7), "the entry that was sealed here is gone"));
    assert_eq!(found(&[no_seal], &[]), (6, Some(7), "the seal is gone"));
    assert_eq!(found(&[&no_entry, no_seal], &[]), (6, Some(7), "the seal is gone"));
    // Closing the gap does not help.
    let close = "UPDATE seals SET position = position - 1 WHERE position = 8";
    assert_eq!(found(&[&no_entry, no_seal, close], &[]), (6, Some(7), "its seal does not follow the one before"));
    // Two entries change places.
    let swap = [
        "UPDATE seals SET position = -7 WHERE position = 7",
        "UPDATE seals SET position = 7 WHERE position = 9",
        "UPDATE seals SET position = 9 WHERE position = -7",
    ];
    assert_eq!(found(&swap, &[]), (6, Some(7), "its seal does not follow the one before"));
    let columns = "id, at, action, outcome, resource_type, deleted, actor_type, actor_name";
    let values = |id: &str| format!("{id}, at, 'unit.delete', outcome, resource_type, deleted, actor_type, 'Quản trị viên'");
    // An entry that the sealer has passed.
    let (id, own) = match open(&app.url()) {
        Conn::Pg(_) => ("gen_random_uuid()", "(txid, "),
        Conn::Lite(_) => ("randomblob(16)", "(seq, "),
    };
    let put_in = format!("INSERT INTO journal {own}{columns}) SELECT 0, {} FROM journal WHERE seq = {}", values(id), of(7));
    assert_eq!(found(&[&put_in], &[]), (sealed, None, "it was put in behind the sealer's back"));
    // One that is sealed again as if it had always been so: the chain fits, and only what was signed tells.
    let forged = rewritten(&app, sealed);
    let forged: Vec<&str> = forged.iter().map(String::as_str).collect();
    assert_eq!(db_tampered(&app, &forged, &[]).bad, None, "a chain written anew fits itself");
    let anew = "a checkpoint names another seal: the chain was written anew up to here";
    assert_eq!(found(&forged, &checkpoints), (sealed - 1, Some(sealed), anew));
    // The end is cut off.
    let cut = ["DELETE FROM seals WHERE position > 10".to_owned(), format!("DELETE FROM journal WHERE seq > {}", of(10))];
    let cut = [cut[1].as_str(), cut[0].as_str()];
    assert_eq!(db_tampered(&app, &cut, &[]).bad, None, "a shorter chain fits itself");
    assert_eq!(found(&cut, &checkpoints), (10, Some(11), "the end is cut off: a checkpoint names an entry that came after"));
    assert_eq!(db_verify(&app, &checkpoints).bad, None, "all of it was undone");
}

/// Statements that change the entry at position 7 and seal it and all after it again.
fn rewritten(app: &TestApp, last: i64) -> Vec<String> {
    use tiendo::journal::seal::{Row, hash};
    let rows: Vec<(i64, Vec<u8>, Row)> = app
        .database
        .write_here(&system(app), |tx| {
            let rows = seals::table.inner_join(journal::table).filter(seals::position.ge(6)).order_by(seals::position);
            Ok(rows.select((seals::position, seals::hash, Row::as_select())).load(tx.conn)?)
        })
        .expect("reads");
    let literal = |bytes: &[u8]| match open(&app.url()) {
        Conn::Pg(_) => format!("'\\x{}'", hexadecimal(bytes)),
        Conn::Lite(_) => format!("x'{}'", hexadecimal(bytes)),
    };
    let mut statements = vec!["UPDATE journal SET actor_name = 'Ai đó' WHERE seq = (SELECT seq FROM seals WHERE position = 7)".to_owned()];
    let mut previous = rows[0].1.clone();
    for (position, _, mut row) in rows.into_iter().skip(1) {
        if position == 7 {
            "Ai đó".clone_into(&mut row.actor_name);
        }
        let sealed = hash(&previous, position, &row);
        statements.push(format!(
            "UPDATE seals SET previous = {}, hash = {} WHERE position = {position}",
            literal(&previous),
            literal(&sealed)
        ));
        previous = sealed;
    }
    assert_eq!(statements.len(), usize::try_from(last - 7 + 2).expect("small"));
    statements
}

/// AD-03: the command says so, with its exit code; a forged checkpoint is told, and one that a retired key signed still counts.
#[test]
fn the_command_verifies_and_names_what_is_wrong() {
    let app = signed();
    let file = checkpoints_file(&app);
    let verify = || {
        let output = command(&["audit", "verify", "--checkpoints", &file.display().to_string()], &[("DATABASE_URL", &app.url())]);
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    };
    app.sign_in("quan.tri").unit("MN-moi", "school", "preschool", "Trường Mầm non", "SGD");
    let (passes, said) = verify();
    assert!(passes && said.contains("by 1 checkpoints"), "{said}");
    app.db_seal();
    app.database
        .write_here(&system(&app), |tx| {
            run(tx, "UPDATE signing_keys SET retired_at = created_at");
            Ok(())
        })
        .expect("retires");
    assert!(verify().0, "{}", verify().1);

    let genuine = std::fs::read_to_string(&file).expect("a file");
    let mut line: Value = serde_json::from_str(genuine.trim()).expect("json");
    line["position"] = json!(1);
    std::fs::write(&file, format!("{genuine}{line}\nkhông phải\n")).expect("writes");
    let (passes, said) = verify();
    assert!(
        !passes && said.contains(":2: the checkpoint says another thing than what was signed") && said.contains(":3: the checkpoint is no"),
        "{said}"
    );
    // Signed by somebody else's key, under the name of ours.
    let other = {
        use tiendo::access::token::{Keys, StoredKeys, generate};
        let keys = vec![generate(app.clock.now()).expect("a key")];
        Keys::load(&StoredKeys { keys, secret: vec![1] }, "tiendo").expect("loads")
    };
    std::fs::remove_file(&file).expect("is there");
    checkpoint::Sink::File(file.clone())
        .add(&other, Checkpoint { position: 1, hash: "00".repeat(32), at: app.clock.now() })
        .expect("signs");
    let (passes, said) = verify();
    assert!(!passes && said.contains(":1: the checkpoint is signed by no key of this database"), "{said}");

    std::fs::write(&file, genuine).expect("writes");
    app.database
        .write_here(&system(&app), |tx| {
            disarm(tx);
            run(tx, "UPDATE journal SET action = 'unit.delete' WHERE seq = (SELECT seq FROM seals WHERE position = 9)");
            Ok(())
        })
        .expect("tampers");
    let (passes, said) = verify();
    assert!(!passes && said.contains("position 9, entry ") && said.contains("it is not what was sealed here"), "{said}");
    std::fs::remove_file(file).expect("is there");
}

/// AD-03: the chain is signed once an hour over all instances, and once more when one stops.
#[test]
fn checkpoints_are_signed_once_an_hour_and_at_the_end() {
    let app = signed();
    let beside = app.beside();
    let lines = || std::fs::read_to_string(checkpoints_file(&app)).expect("a file").lines().count();
    for _ in 0..3 {
        app.run(async |jobs| jobs.checkpoint().await);
        beside.run(async |jobs| jobs.checkpoint().await);
    }
    assert_eq!(lines(), 1);
    app.clock.advance(3601);
    beside.run(async |jobs| jobs.checkpoint().await);
    app.run(async |jobs| jobs.checkpoint().await);
    // The other instance writes to its log.
    assert_eq!(lines(), 1);
    app.clock.advance(3601);
    app.run(async |jobs| jobs.checkpoint().await);
    beside.run(async |jobs| jobs.checkpoint().await);
    assert_eq!(lines(), 2);
    // Where it could not be written it is due again.
    let file = checkpoints_file(&app);
    std::fs::rename(&file, file.with_extension("moved")).expect("moves");
    std::fs::create_dir(&file).expect("is in the way");
    app.clock.advance(3601);
    app.run(async |jobs| jobs.checkpoint().await);
    std::fs::remove_dir(&file).expect("is empty");
    std::fs::rename(file.with_extension("moved"), &file).expect("moves back");
    app.run(async |jobs| jobs.checkpoint().await);
    assert_eq!(lines(), 3);
    let holders: i64 = app
        .database
        .write_here(&system(&app), |tx| Ok(leases::table.filter(leases::name.eq("checkpoint")).count().get_result(tx.conn)?))
        .expect("counts");
    assert_eq!(holders, 1);
    app.sign_in("quan.tri").unit("MN-cuoi", "school", "preschool", "Trường Mầm non", "SGD");
    app.run(async |jobs| jobs.finish().await);
    let newest = read(&app).pop().expect("signed");
    assert_eq!((lines(), newest.position), (4, db_verify(&app, &[]).sealed));
    assert_eq!(db_verify(&app, &[]).unsealed, 0, "sealed before it stopped");
    std::fs::remove_file(file).expect("is there");
}

/// AD-04: not even the owner changes or deletes an entry or a seal as long as the triggers stand, and on PostgreSQL the service's own role
/// has no leave to, and serves with what it has.
#[test]
fn the_journal_is_only_added_to() {
    let app = TestApp::start();
    app.admin();
    app.db_seal();
    let mut changes = vec!["UPDATE journal SET action = 'x'", "DELETE FROM journal", "UPDATE seals SET position = 1", "DELETE FROM seals"];
    let refused = |conn: &mut Conn, sql: &str, words: &str| {
        let error = match conn {
            Conn::Pg(pg) => pg.batch_execute(sql),
            Conn::Lite(lite) => lite.batch_execute(sql),
        };
        let error = error.expect_err(sql).to_string();
        assert!(error.contains(words), "{sql}: {error}");
    };
    let mut owner = open(&app.url());
    if let Conn::Pg(_) = owner {
        changes.extend(["TRUNCATE journal CASCADE", "TRUNCATE seals"]);
    }
    for sql in &changes {
        refused(&mut owner, sql, "only added to");
    }
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else {
        // One file has one owner: there the triggers are all.
        assert_eq!(db_verify(&app, &[]).bad, None);
        return;
    };
    let role = format!("dich_vu_{}", std::process::id());
    execute(&server, &format!("DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN"));
    let url = app.url();
    let theirs = url.replacen("//tiendo@", &format!("//{role}@"), 1);
    assert_ne!(url, theirs, "the test's server lets in by name");
    let migrated = command(&["migrate"], &[("MIGRATE_DATABASE_URL", &url), ("DATABASE_URL", &theirs)]);
    let said = String::from_utf8_lossy(&migrated.stdout).into_owned();
    assert!(migrated.status.success() && said.contains(&format!("{role} may")), "{said}{}", String::from_utf8_lossy(&migrated.stderr));
    let mut service = open(&theirs);
    for sql in &changes {
        refused(&mut service, sql, "permission denied");
    }
    for sql in ["DROP TRIGGER journal_keeps ON journal", "ALTER TABLE journal DISABLE TRIGGER ALL"] {
        refused(&mut service, sql, "must be owner");
    }
    refused(&mut service, "CREATE TABLE x (y int)", "permission denied");
    drop(service);
    let running = Served::start(&theirs, &format!("file:{}", app.files.display()));
    let sign_in = app.credentials("quan.tri").to_string();
    let signed =
        agent().post(format!("{}/api/v1/sessions", running.base)).header("Content-Type", "application/json").send(sign_in.as_bytes());
    assert_eq!(signed.expect("answers").status(), 201);
    running.stop();
    let verdict = db_verify(&app, &[]);
    assert_eq!((verdict.bad, verdict.unsealed), (None, 0), "the service's role added and sealed");
    execute(&url, &format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

/// AD-05: 8 writers on two instances; the chain is unbroken and holds one entry for each change that was acknowledged. With `kill -9` in
/// between: `crash.rs`.
#[test]
fn parallel_writers_leave_one_entry_for_each_acknowledged_change() {
    const EACH: usize = 20;
    let app = TestApp::start();
    let beside = app.beside();
    let token = app.admin().token.expect("a token");
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let (on, token) = (if writer % 2 == 0 { &app } else { &beside }, &token);
            scope.spawn(move || {
                for number in 0..EACH {
                    on.bearer(token).unit(&format!("MN-{writer}-{number}"), "school", "preschool", "Trường Mầm non", "SGD");
                }
            });
        }
    });
    app.db_seal();
    let verdict = db_verify(&app, &[]);
    let made: i64 = app
        .database
        .write_here(&system(&app), |tx| Ok(journal::table.filter(journal::action.eq("unit.create")).count().get_result(tx.conn)?))
        .expect("counts");
    assert_eq!((made, verdict.unsealed, verdict.bad), (i64::try_from(8 * EACH).expect("small"), 0, None));
}

/// AD-02: where the entry cannot be written the change is not made, and where the change is refused there is no entry of it.
#[test]
fn no_change_without_its_entry_and_no_entry_without_its_change() {
    let app = TestApp::start();
    let admin = app.admin();
    let mut owner = open(&app.url());
    let full = match &mut owner {
        Conn::Pg(pg) => pg.batch_execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$; \
             CREATE TRIGGER full_disk BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION full_disk()",
        ),
        Conn::Lite(lite) => {
            lite.batch_execute("CREATE TRIGGER full_disk BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        }
    };
    full.expect("arranges");
    let unit = json!({"code": "MN-1", "kind": "school", "type": "preschool", "name": "Trường Mầm non", "parent": "SGD"});
    admin.post("/api/v1/units", &unit).problem(500, "internal");
    admin.get("/api/v1/units/MN-1").problem(404, "not_found");
    let undo = match &mut owner {
        Conn::Pg(pg) => pg.batch_execute("DROP TRIGGER full_disk ON journal"),
        Conn::Lite(lite) => lite.batch_execute("DROP TRIGGER full_disk"),
    };
    undo.expect("undoes");
    admin.post("/api/v1/units", &unit).expect(201);
    admin.post("/api/v1/units", &unit).problem(409, "duplicate");
    let entries = admin.get("/api/v1/audit-events?action=unit.create&count=exact").expect(200).json();
    assert_eq!(entries["page"]["total"], 1);
}

/// The entries of refusals, newest first.
fn refusals(caller: &Caller<'_>) -> Vec<Value> {
    caller.get("/api/v1/audit-events?outcome=refused&limit=200").expect(200).json()["data"].as_array().expect("rows").clone()
}

/// AD-01, AD-08: a refusal of somebody who is signed in is on record with who, when, where, what and which request, for the admins above; a
/// flood of them is one entry a minute, counted; a reader sees none of another's subtree.
#[test]
fn refusals_are_on_record_and_cannot_fill_the_disk() {
    let app = TestApp::start();
    let admin = province(&app);
    let viewer = admin.user("xem.db", "PGD-DB", &["viewer"]);
    let own = admin.user("quan.tri.db", "PGD-DB", &["admin"]);
    let other = admin.user("quan.tri.mc", "PGD-MC", &["admin"]);
    assert_eq!(refusals(&admin), Vec::<Value>::new());
    let body = json!({"short_name": "Bí mật của tôi"}).to_string();
    let headers = [("Content-Type", "application/json"), ("If-Match", "*"), ("X-Request-Id", "lan-nay")];
    for _ in 0..50 {
        viewer.send("PATCH", "/api/v1/units/MN-DB-001", &headers, Some(body.as_bytes())).problem(403, "forbidden");
    }
    let told = refusals(&own);
    assert_eq!(told.len(), 1);
    let entry = &told[0];
    let me = viewer.get("/api/v1/me").expect(200).json();
    assert_eq!(
        (&entry["action"], &entry["outcome"], &entry["at"]),
        (&json!("unit.update"), &json!("refused"), &json!("2025-02-20T02:30:00.000000Z"))
    );
    assert_eq!(
        (&entry["actor"]["id"], &entry["actor"]["unit"]["code"], &entry["unit"]["code"]),
        (&me["id"], &json!("PGD-DB"), &json!("PGD-DB"))
    );
    assert_eq!(
        (&entry["ip"], &entry["request_id"], &entry["resource"]["code"]),
        (&json!("127.0.0.1"), &json!("lan-nay"), &json!("MN-DB-001"))
    );
    assert_eq!((&entry["after"], &entry["before"]), (&json!({"times": 1}), &Value::Null));
    assert_eq!(refusals(&other), Vec::<Value>::new());
    assert!(!json!(told).to_string().contains("Bí mật"));

    // Another operation is another entry; the next minute tells what was counted.
    viewer.get("/api/v1/audit-events").problem(403, "forbidden");
    assert_eq!(refusals(&own).len(), 2);
    app.clock.advance(60);
    viewer.send("PATCH", "/api/v1/units/MN-DB-001", &headers, Some(body.as_bytes())).problem(403, "forbidden");
    assert_eq!(refusals(&own)[0]["after"]["times"], 50);
    viewer.send("PATCH", "/api/v1/units/MN-DB-001", &headers, Some(body.as_bytes())).problem(403, "forbidden");
    app.run(async |jobs| jobs.tell_refusals(false).await);
    assert_eq!(refusals(&own).len(), 3, "its minute is not over");
    app.clock.advance(60);
    app.run(async |jobs| jobs.tell_refusals(false).await);
    app.run(async |jobs| jobs.tell_refusals(true).await);
    assert_eq!((refusals(&own).len(), &refusals(&own)[0]["after"]["times"]), (4, &json!(1)));
    assert_eq!(own.get("/api/v1/audit-events?outcome=khac").faults(), ["outcome not_in_list"]);
    let done = own.get("/api/v1/audit-events?outcome=done&limit=200").expect(200).json();
    assert!(done["data"].as_array().expect("rows").iter().all(|row| row["outcome"] == "done"));
    // What is refused is no news for those who follow changes.
    app.db_seal();
    assert!(!own.get("/api/v1/changes?limit=200").expect(200).json().to_string().contains("refused"));
}

/// AD-06: whatever is sent, the log is one JSON line for each event, escaped, and no field is longer than 1 KiB.
#[test]
fn nobody_writes_into_the_log() {
    fn longest(value: &Value) -> usize {
        match value {
            Value::String(text) => text.len(),
            Value::Object(members) => members.values().map(longest).max().unwrap_or_default(),
            Value::Array(items) => items.iter().map(longest).max().unwrap_or_default(),
            _ => 0,
        }
    }
    let app = TestApp::start();
    app.admin();
    let served = Served::start_with(&app.url(), &format!("file:{}", app.files.display()), &[("RUST_LOG", "info,tiendo=debug")]);
    let forged = r#"{"level":"INFO","message":"signed in","user":"quan.tri"}"#;
    let evil = format!("x%0d%0a{}%1b[31m", forged.replace('"', "%22").replace(' ', "%20"));
    let long = "x".repeat(5000);
    let requests = [
        format!(
            "GET /api/v1/units/{evil} HTTP/1.1\r\nHost: x\r\nUser-Agent: {forged}\r\nX-Request-Id: {forged}\r\nConnection: close\r\n\r\n"
        ),
        format!("GET /api/v1/units?q={evil}&{evil}=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {long}\r\nConnection: close\r\n\r\n"),
        format!("{long} /api/v1/units HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\nHost: x\r\nX-Request-Id: {long}\r\nConnection: close\r\n\r\n"),
        format!("GET /api/v1/units HTTP/1.1\r\nHost: x\r\nUser-Agent: {}\r\nConnection: close\r\n\r\n", "x".repeat(1024 * 1024)),
        {
            let body = json!({"username": format!("a\r\n{forged}\x1b[31m"), "password": "\u{202e}\n"}).to_string();
            format!(
                "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        },
    ];
    let mut statuses = Vec::new();
    for request in &requests {
        let mut socket = std::net::TcpStream::connect(served.address()).expect("connects");
        // What is too large is cut off while it is still being sent.
        let _ = socket.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = std::io::Read::read_to_end(&mut socket, &mut answer);
        statuses.push(String::from_utf8_lossy(&answer).chars().skip(9).take(3).collect::<String>());
    }
    assert_eq!(statuses[..2], ["401", "401"]);
    let written = served.stop();
    let lines: Vec<&str> = written.lines().collect();
    let told = lines.iter().filter(|line| line.contains("tiendo::request")).count();
    assert!(told >= 4, "{told} requests are in the log: {written}");
    for line in lines {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event["level"].is_string() && event["message"] != "signed in", "{line}");
        assert!(!line.contains('\x1b') && longest(&event) <= 1024, "{line}");
        assert!(event["target"] != "tiendo::request" || event["ip"] == "127.0.0.1", "{line}");
    }
    drop(app);
}
