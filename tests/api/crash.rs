//! `kill -9` during writes: no acknowledged one is lost, none is there by half or twice, the totals stay exact and the journal whole. Part of `tests/run --long`.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use diesel::prelude::*;
use serde_json::json;
use tiendo::clock::Clock;
use tiendo::db::schema::{journal as journal_rows, tasks as tasks_table};
use tiendo::db::url::DatabaseUrl;
use tiendo::db::wall::Wall;
use tiendo::db::{Conn, Context, Database, Options, snapshot_on};
use tiendo::files::Files;
use tiendo::{demo, journal};

use crate::harness::with_name;
use crate::process::{Served, agent};

/// One writer: counts its school's value up and remembers the last number that was acknowledged.
fn write_until_it_dies(base: &str, token: &str, unit: &str, acknowledged: &AtomicI64) {
    let agent = agent();
    let mut number = acknowledged.load(Ordering::SeqCst);
    loop {
        number += 1;
        let rows = json!({"rows": [
            {"indicator": "MN03", "unit": unit, "period": "2025-2026-START", "numerator": number, "denominator": 1_000_000},
            {"indicator": "CSVC02", "unit": unit, "period": "2025-2026-START", "count": number},
        ]});
        let sent = agent
            .post(format!("{base}/api/v1/indicator-values"))
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "application/json")
            .send(rows.to_string().as_bytes());
        match sent {
            Ok(answer) if answer.status() == 200 => acknowledged.store(number, Ordering::SeqCst),
            Ok(answer) if answer.status() == 503 => number -= 1,
            Ok(answer) => panic!("answered {}", answer.status()),
            Err(_) => return,
        }
    }
}

/// Puts one file after another on an assignment.
fn upload_until_it_dies(base: &str, token: &str, assignment: &str) {
    let agent = agent();
    let body = "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.pdf\"\r\n\r\n%PDF-1.7 biên bản\r\n--cut--\r\n";
    loop {
        let sent = agent
            .post(format!("{base}/api/v1/assignments/{assignment}/evidence"))
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "multipart/form-data; boundary=cut")
            .send(body.as_bytes());
        if sent.is_err() {
            return;
        }
    }
}

/// Adds one task after another, each under a key of its own; remembers what was answered, and with `None` what was sent and not answered.
fn create_until_it_dies(base: &str, token: &str, made: &Mutex<BTreeMap<usize, Option<Vec<u8>>>>) {
    let mut number = made.lock().expect("alone").len();
    while add_task(base, token, number, made) {
        number += 1;
    }
}

/// One task under its key; whether it was answered.
fn add_task(base: &str, token: &str, number: usize, made: &Mutex<BTreeMap<usize, Option<Vec<u8>>>>) -> bool {
    made.lock().expect("alone").entry(number).or_default();
    let body = json!({"group": "4", "title_vi": format!("Việc số {number:06}"), "nature": "one_off"}).to_string();
    let sent = agent()
        .post(format!("{base}/api/v1/tasks"))
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", format!("viec-{number}"))
        .send(body.as_bytes());
    let Ok(mut answer) = sent else { return false };
    if answer.status() == 503 {
        return add_task(base, token, number, made);
    }
    let Ok(bytes) = answer.body_mut().read_to_vec() else { return false };
    assert_eq!(answer.status(), 201, "{}", String::from_utf8_lossy(&bytes));
    let before = made.lock().expect("alone").insert(number, Some(bytes.clone())).flatten();
    assert!(before.is_none_or(|before| before == bytes), "answered otherwise the second time");
    true
}

/// Every row has its file, and once it is swept every file its row.
fn files_and_rows_agree(base: &str, token: &str, assignment: &str, folder: &std::path::Path, database: &Database) -> usize {
    let rows = get(base, token, &format!("/api/v1/assignments/{assignment}/evidence"));
    let rows = rows["data"].as_array().expect("rows");
    for row in rows.iter().rev().take(5) {
        let path = format!("{base}{}", row["href"].as_str().expect("a path"));
        let answer = agent().get(path).header("Authorization", format!("Bearer {token}")).call().expect("answers");
        assert_eq!(answer.status(), 200, "a row without its file");
    }
    let store = Files::open(&format!("file:{}", folder.display()), 1, 1).expect("opens");
    actix_web::rt::System::new().block_on(tiendo::jobs::sweep(database, &store, &Clock::System, -3600)).expect("sweeps");
    let stored = std::fs::read_dir(folder.join("evidence"))
        .map_or(0, |all| all.filter(|entry| entry.as_ref().is_ok_and(|entry| !entry.file_name().to_string_lossy().contains('#'))).count());
    assert_eq!(stored, rows.len(), "a file without its row");
    rows.len()
}

fn sign_in(base: &str, people: &[demo::Credential], username: &str) -> String {
    let person = people.iter().find(|person| person.username == username).expect("somebody");
    let body = json!({"username": person.username, "password": person.password}).to_string();
    let mut signed =
        agent().post(format!("{base}/api/v1/sessions")).header("Content-Type", "application/json").send(body.as_bytes()).expect("signs in");
    signed.body_mut().read_json::<serde_json::Value>().expect("json")["access_token"].as_str().expect("a token").to_owned()
}

fn get(base: &str, token: &str, path: &str) -> serde_json::Value {
    let mut answer = agent().get(format!("{base}{path}")).header("Authorization", format!("Bearer {token}")).call().expect("answers");
    assert_eq!(answer.status(), 200, "{path}");
    answer.body_mut().read_json().expect("json")
}

/// HT-07, AD-05, DU-01: 40 kills (`CRASH_CYCLES`) under four writers, one that uploads and one that writes under keys. Every acknowledged
/// change is there, none twice, none by half; a repeat under its key is answered as the first time whether or not that was heard; the
/// journal's chain is unbroken and holds one entry for each change.
#[test]
#[expect(clippy::too_many_lines, reason = "one history, looked at from all sides after each kill")]
fn a_kill_loses_no_acknowledged_write_and_leaves_no_half() {
    let cycles: u64 = std::env::var("CRASH_CYCLES").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    let name = format!("tiendo_crash_{}", std::process::id());
    let file = std::env::temp_dir().join(format!("{name}.db"));
    let postgres = std::env::var("TEST_DATABASE_URL").ok();
    let text = match &postgres {
        Some(postgres) => {
            crate::harness::execute(postgres, &format!("CREATE DATABASE {name}"));
            with_name(postgres, &name)
        }
        None => format!("sqlite://{}?mode=rwc", file.display()),
    };
    let url = DatabaseUrl::parse(&text).expect("valid");
    let people = demo::fill(&url, &demo::Options { schools: 60, seed: 1 }, &Clock::System).expect("fills");
    let folder = std::env::temp_dir().join(format!("{name}_files"));
    let files_url = format!("file:{}", folder.display());
    let mut rng = fastrand::Rng::with_seed(9);
    let served = Served::start(&text, &files_url);
    let mut token = sign_in(&served.base, &people, "sgd.editor");
    let mut school = sign_in(&served.base, &people, "mn-db-001.editor");
    let work = json!({"task": "7.09", "unit": "MN-DB-001"}).to_string();
    let mut given = agent()
        .post(format!("{}/api/v1/assignments", served.base))
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json")
        .send(work.as_bytes())
        .expect("gives");
    let assignment = given.body_mut().read_json::<serde_json::Value>().expect("json")["id"].as_str().expect("an id").to_owned();
    let database =
        Database::open(&Options { url: url.clone(), read_url: None, connections: 1, slow: Duration::from_mins(1), wall: Wall::Down })
            .expect("opens");
    let schools = get(&served.base, &token, "/api/v1/units?type=preschool&limit=4&fields=code");
    let units: Vec<String> =
        schools["data"].as_array().expect("rows").iter().map(|row| row["code"].as_str().expect("a code").to_owned()).collect();
    let counters: Vec<AtomicI64> = units.iter().map(|_| AtomicI64::new(0)).collect();
    let mut running = Some(served);
    let mut uploaded = 0;
    let made = Mutex::new(BTreeMap::new());
    for cycle in 0..cycles {
        let mut served = running.take().unwrap_or_else(|| Served::start(&text, &files_url));
        if cycle % 10 == 9 {
            token = sign_in(&served.base, &people, "sgd.editor");
            school = sign_in(&served.base, &people, "mn-db-001.editor");
        }
        std::thread::scope(|scope| {
            for (unit, counter) in units.iter().zip(&counters) {
                let (base, token) = (served.base.clone(), token.clone());
                scope.spawn(move || write_until_it_dies(&base, &token, unit, counter));
            }
            let (base, school, assignment) = (served.base.clone(), school.clone(), assignment.clone());
            scope.spawn(move || upload_until_it_dies(&base, &school, &assignment));
            let (base, token, made) = (served.base.clone(), token.clone(), &made);
            scope.spawn(move || create_until_it_dies(&base, &token, made));
            std::thread::sleep(Duration::from_millis(rng.u64(60..400)));
            served.kill();
        });
        let served = Served::start(&text, &files_url);
        for (unit, counter) in units.iter().zip(&counters) {
            let acknowledged = counter.load(Ordering::SeqCst);
            let list = get(&served.base, &token, &format!("/api/v1/indicator-values?unit={unit}&period=2025-2026-START"));
            let of = |code: &str, member: &str| {
                let row = list["data"].as_array().expect("rows").iter().find(|row| row["indicator"]["code"] == code);
                row.map_or(0, |row| row[member].as_i64().expect("a number"))
            };
            let (ratio, count) = (of("MN03", "numerator"), of("CSVC02", "count"));
            assert_eq!(ratio, count, "{unit}: half of a write in cycle {cycle}");
            assert!(
                ratio >= acknowledged && ratio <= acknowledged + 1,
                "{unit}: {acknowledged} acknowledged, {ratio} stored in cycle {cycle}"
            );
            counter.store(ratio, Ordering::SeqCst);
        }
        let mut conn = Database::maintenance(&url).expect("opens");
        let context = Context::system("test", Clock::System.now());
        let verdict = snapshot_on(&mut conn, context, tiendo::sums::verify).expect("verifies");
        assert_eq!(verdict.wrong(), 0, "{verdict:#?} in cycle {cycle}");
        let unbroken =
            snapshot_on(&mut conn, Context::system("test", Clock::System.now()), |db| journal::verify::verify(db, &[], &mut |_| {}));
        assert_eq!(unbroken.expect("verifies").bad, None, "in cycle {cycle}");
        // What was asked last is asked again, heard or not.
        let last = made.lock().expect("alone").len().checked_sub(1);
        assert!(last.is_none_or(|last| add_task(&served.base, &token, last, &made)), "not answered after cycle {cycle}");
        uploaded = files_and_rows_agree(&served.base, &school, &assignment, &folder, &database);
        running = Some(served);
    }
    let entries = |conn: &mut Conn, action: &str| -> i64 {
        journal_rows::table.filter(journal_rows::action.eq(action)).count().get_result(conn).expect("counts")
    };
    let mut conn = Database::maintenance(&url).expect("opens");
    let written: i64 = counters.iter().map(|counter| counter.load(Ordering::SeqCst)).sum();
    let tasks = made.into_inner().expect("alone");
    let titles: Vec<String> = tasks_table::table
        .filter(tasks_table::title_vi.like("Việc số %"))
        .order_by(tasks_table::title_vi)
        .select(tasks_table::title_vi)
        .load(&mut conn)
        .expect("reads");
    assert_eq!(titles, (0..tasks.len()).map(|number| format!("Việc số {number:06}")).collect::<Vec<_>>(), "each once");
    assert!(tasks.values().all(Option::is_some));
    assert_eq!(entries(&mut conn, "task.create"), i64::try_from(tasks.len()).expect("small"));
    drop(conn);
    drop(database);
    std::fs::remove_dir_all(&folder).expect("is there");
    if let Some(mut served) = running {
        served.kill();
    }
    assert!(written > i64::try_from(cycles).expect("small"), "only {written} writes in {cycles} cycles");
    assert!(uploaded > usize::try_from(cycles).expect("small"), "only {uploaded} files in {cycles} cycles");
    assert!(tasks.len() > usize::try_from(cycles).expect("small"), "only {} tasks in {cycles} cycles", tasks.len());
    println!("{cycles} kills, {written} acknowledged writes, {uploaded} files, {} tasks under keys", tasks.len());
    match postgres {
        Some(postgres) => crate::harness::execute(&postgres, &format!("DROP DATABASE {name} WITH (FORCE)")),
        None => ["", "-wal", "-shm"].iter().for_each(|end| drop(std::fs::remove_file(format!("{}{end}", file.display())))),
    }
}
