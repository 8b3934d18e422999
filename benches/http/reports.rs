//! The reporting regime: each move of a report and each consolidation against the same SQL with nothing around it, all schools at once,
//! and what the department's document takes in memory.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, web};
use diesel::prelude::*;
use diesel::sql_types::Integer;
use serde::Serialize;
use serde_json::{Value, json};
use tiendo::access::caller::{Caller, RequestMarks};
use tiendo::access::policy::Duty;
use tiendo::access::token::{Keys, LIFETIME, NewToken, opaque};
use tiendo::clock::Clock;
use tiendo::db::schema::{unit_spells, units};
use tiendo::db::url::DatabaseUrl;
use tiendo::db::wall::Wall;
use tiendo::db::{Context, Database, Options, Tx};
use tiendo::error::{Fault, Language, Result};
use tiendo::ids::{Id, ReportId, Uid, UnitId};
use tiendo::reports::model::{NewReport, Submission, Validation};
use tiendo::reports::store;
use tiendo::sessions::model::ClientKind;
use tiendo::sessions::store::Opening;
use tiendo::sums::completeness;
use tiendo::units::model::Kind;
use tiendo::users::model::NewUser;
use tiendo::{access, demo, sessions, totp, users};

use crate::wire::{Spread, Wire, patching, posting, request};
use crate::{serve_ours, serve_routes};

/// Connections of each side.
const CONNECTIONS: usize = 8;
/// How often each side takes its turn.
const TURNS: usize = 5;
/// Schools whose reports make a turn.
const SCHOOLS: usize = 160;
/// How often a report is put together in one turn.
const TIMES: u32 = 10;
/// How many write at once, and how many look meanwhile.
const WRITERS: usize = 32;
const READERS: usize = 4;
/// What who looks waits before the next look, and who was sent away before the next try.
const PAUSE: Duration = Duration::from_millis(10);
/// How often all schools hand in at once, how long looks alone are measured before, and the seconds that all may take.
const STORMS: usize = 3;
const IDLE: Duration = Duration::from_secs(4);
const LIMIT: f64 = 60.0;
/// The round whose reports go all the way, and how many schools few are.
pub const ROUND: &str = "2025-H1";
const FEW: usize = 52;
/// Small downloads before the one that is weighed.
const WARM: usize = 20;
/// What a turn is given to come to rest.
const SETTLE: Duration = Duration::from_secs(1);

/// All of it on a province, and its documents against those of one with few schools; `places`: where both are.
pub fn regime(name: &'static str, database: &Database, ours: SocketAddr, places: (&str, &str)) {
    let province = Province::staff(name, database, ours);
    moves(&province);
    storm(&province);
    hand_in(&province, ROUND);
    let many = Kept { province: &province, url: places.0, path: put_together(&province, ROUND, true) };

    let url = DatabaseUrl::parse(places.1).expect("a URL");
    demo::fill(&url, &demo::Options { schools: FEW, seed: 285 }, &Clock::System).expect("fills");
    let few =
        Database::open(&Options { url, read_url: None, connections: 8, slow: Duration::from_mins(1), wall: Wall::Down }).expect("opens");
    let small = Province::staff(name, &few, serve_ours(&few));
    hand_in(&small, ROUND);
    let few = Kept { province: &small, url: places.1, path: put_together(&small, ROUND, false) };
    documents(&many, &few);
}

fn told(what: &str, name: &str, ratios: Vec<f64>, rates: Vec<f64>) {
    let (ratios, rates) = (Spread::of(ratios), Spread::of(rates));
    println!("| {what} | {name} | {:.2} | {} | {:.0} |", ratios.median(), ratios.ends(), rates.median());
}

/// Somebody who works in a unit, with a session that nobody signed in for.
struct Worker {
    code: String,
    unit: UnitId,
    parent: Option<UnitId>,
    kind: Kind,
    context: Context,
}

/// A province with an editor in every unit and an approver at its department.
struct Province {
    name: &'static str,
    database: Database,
    ours: SocketAddr,
    keys: Keys,
    editors: Vec<Worker>,
    approver: Worker,
    admin: Worker,
}

impl Province {
    fn staff(name: &'static str, database: &Database, ours: SocketAddr) -> Self {
        type Row = (UnitId, String, Kind, Option<UnitId>);
        let now = Clock::System.now();
        let work = |tx: &mut Tx<'_>| {
            let rows: Vec<Row> = units::table
                .inner_join(unit_spells::table)
                .order_by(units::code)
                .select((units::id, units::code, units::kind, unit_spells::parent_id))
                .load(tx.conn)?;
            let editors = rows.iter().map(|row| hire(tx, row.clone(), Duty::Editor)).collect::<Result<Vec<_>>>()?;
            let department = rows.into_iter().find(|row| row.2 == Kind::Department).expect("a department");
            let approver = hire(tx, department.clone(), Duty::Approver)?;
            Ok((editors, approver, hire(tx, department, Duty::Admin)?))
        };
        let (editors, approver, admin) = database.write_here(&Context::system("bench", now), work).expect("hires");
        let keys = database.write_here(&Context::system("bench", now), |tx| access::keys::prepare(tx, None)).expect("keys");
        let keys = Keys::load(&keys, "tiendo").expect("keys");
        Self { name, database: database.clone(), ours, keys, editors, approver, admin }
    }

    /// A token that begins now: none outlives a long run.
    fn token(&self, worker: &Worker) -> String {
        let person = worker.context.caller.person().expect("a person");
        let new = NewToken {
            subject: person.id.any(),
            session: Some(person.session),
            client: "mobile",
            seconds: LIFETIME,
            since: None,
            scope: String::new(),
            role: person.role,
            unit: person.unit,
            duties: person.duties.list(),
        };
        self.keys.issue(new, Clock::System.now()).expect("signs")
    }

    fn of(&self, is: impl Fn(Kind) -> bool) -> Vec<&Worker> {
        self.editors.iter().filter(|worker| is(worker.kind)).collect()
    }

    fn schools(&self) -> Vec<&Worker> {
        self.of(|kind| matches!(kind, Kind::School | Kind::Centre | Kind::College))
    }

    fn post(&self, by: &Worker, path: &str, body: &Value) -> Value {
        Wire::open(self.ours).post_as(path, &body.to_string(), &self.token(by))
    }

    fn open_round(&self, code: &str) {
        open_round(self.ours, &self.token(&self.admin), code);
    }

    /// Schools that a round received and accepted, and how many it expects.
    fn completeness(&self, round: &str) -> (u64, u64, u64) {
        let mut wire = Wire::open(self.ours);
        let (status, start) = wire.exchange(&completeness(round, &self.token(&self.admin)));
        let told: Value = serde_json::from_slice(wire.body(start)).expect("json");
        let count = |name: &str| told["levels"][0][name].as_u64().expect("a count");
        assert!(status == 200 && told["levels"][0]["level"] == "school", "{told}");
        (count("received"), count("accepted"), count("expected"))
    }
}

fn hire(tx: &mut Tx<'_>, (unit, code, kind, parent): (UnitId, String, Kind, Option<UnitId>), duty: Duty) -> Result<Worker> {
    let (user, session) = (Id::new(), Id::new());
    let username = format!("bench.{}.{}", code.to_lowercase(), duty.as_str());
    let (full_name, duties) = (format!("Người đo {code}"), vec![duty]);
    users::store::insert(tx, user, unit, &NewUser { username, full_name, email: None, position: None, unit: code.clone(), duties })?;
    // No password has this hash.
    users::store::activate(tx, user, "")?;
    if duty == Duty::Admin {
        // An admin is none until it has a second factor; no code fits this one.
        totp::store::enrol(tx, user, &[0])?;
        totp::store::confirm(tx, user, &[0], 0, &[])?;
    }
    let digest = opaque()?.1;
    sessions::store::open(
        tx,
        &Opening {
            id: session,
            user,
            client: ClientKind::Mobile,
            life: (86_400, 86_400),
            device: None,
            ip: None,
            kept: sessions::store::Kept::Token(digest),
            app: None,
        },
    )?;
    let person = sessions::store::person(tx, session)?.expect("somebody");
    let context = Context { caller: Caller::Person(person.into()), now: tx.now(), marks: RequestMarks::default() };
    Ok(Worker { code, unit, parent, kind, context })
}

fn completeness(round: &str, token: &str) -> Vec<u8> {
    request(&format!("/api/v1/reporting-rounds/{round}/completeness"), &format!("Authorization: Bearer {token}\r\n"))
}

/// A round that every unit owes and that is in time for ever.
pub fn open_round(ours: SocketAddr, admin: &str, code: &str) {
    let round = json!({"code": code, "title_vi": "Báo cáo 6 tháng đầu năm 2025", "title_en": "First half of 2025", "period": "2025-H1",
        "form": "BC-KH285", "owes": {"within": "SGD"}, "due_on": {}});
    Wire::open(ours).post_as("/api/v1/reporting-rounds", &round.to_string(), admin);
    Wire::open(ours).post_as(&format!("/api/v1/reporting-rounds/{code}/open"), "{}", admin);
}

/// What the form requires to be said.
fn words(unit: &str) -> String {
    let section = |key: &str, text: &str| json!({"key": key, "body": format!("{unit}: {text}")});
    let sections = [
        section("leadership", "Đã tổ chức học tập, quán triệt Kế hoạch số 285-KH/TU đến toàn thể cán bộ, giáo viên, nhân viên."),
        section("difficulties", "Thiếu giáo viên ở điểm trường lẻ; cơ sở vật chất còn hạn chế."),
        section("next_period", "Tiếp tục thực hiện các nhiệm vụ, giải pháp đã đề ra trong Kế hoạch."),
    ];
    json!({"sections": sections}).to_string()
}

/// Notes on whatever is odd, and on who is missing.
fn notes(values: usize) -> String {
    let explained = |pointer: String| json!({"pointer": pointer, "text": "Đã kiểm tra, số liệu đúng thực tế."});
    let places = (0..values).map(|place| format!("/values/{place}")).chain(["/consolidation/missing".to_owned()]);
    json!({"notes": places.map(explained).collect::<Vec<_>>()}).to_string()
}

fn begun(round: &str, unit: &str) -> String {
    json!({"round": round, "unit": unit}).to_string()
}

fn id_of(answer: &[u8]) -> String {
    let report: Value = serde_json::from_slice(answer).expect("json");
    report["id"].as_str().expect("an id").to_owned()
}

/// Sends each request once, over a few connections, and answers how many a second were answered, and with what.
fn send(address: SocketAddr, requests: &[Vec<u8>]) -> (f64, Vec<Vec<u8>>) {
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(vec![Vec::new(); requests.len()]);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS.min(requests.len()) {
            scope.spawn(|| {
                let mut wire = Wire::open(address);
                while let Some((place, request)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, requests.get(at)?))) {
                    let (status, start) = wire.exchange(request);
                    let body = wire.body(start);
                    assert!(status == 200 || status == 201, "answered {status}: {}", String::from_utf8_lossy(body));
                    answers.lock().expect("nobody panicked")[place] = body.to_vec();
                }
            });
        }
    });
    let count = u32::try_from(requests.len()).expect("few");
    (f64::from(count) / started.elapsed().as_secs_f64(), answers.into_inner().expect("nobody panicked"))
}

const MOVES: [&str; 4] = ["open a report", "validate a report", "submit a report", "accept a report"];

/// The four moves of each school's report in a round of its own, on one side: requests a second of each.
fn walk(province: &Province, bare: Option<SocketAddr>, round: &str) -> [f64; 4] {
    province.open_round(round);
    let schools: Vec<&Worker> = province.schools().into_iter().take(SCHOOLS).collect();
    let tokens: Vec<String> = schools.iter().map(|school| province.token(school)).collect();
    let approver = province.token(&province.approver);
    let address = bare.unwrap_or(province.ours);
    std::thread::sleep(SETTLE);
    let open = schools.iter().zip(&tokens).map(|(school, token)| {
        let path = if bare.is_some() { "/reports" } else { "/api/v1/reports" };
        posting(path, &begun(round, &school.code), token)
    });
    let (opened, answers) = send(address, &open.collect::<Vec<_>>());
    let ids: Vec<String> = answers.iter().map(|answer| id_of(answer)).collect();
    let say = ids.iter().zip(&schools).zip(&tokens);
    let say = say.map(|((id, school), token)| patching(&format!("/api/v1/reports/{id}"), &words(&school.code), token));
    send(province.ours, &say.collect::<Vec<_>>());
    let step = |what: &str, body: &str, by: Option<&str>| {
        std::thread::sleep(SETTLE);
        let requests = ids.iter().zip(&schools).zip(&tokens).map(|((id, school), token)| match bare {
            Some(_) => posting(&format!("/{}/{id}/{what}", school.code), body, ""),
            None => posting(&format!("/api/v1/reports/{id}/{what}"), body, by.unwrap_or(token)),
        });
        send(address, &requests.collect::<Vec<_>>()).0
    };
    let validated = step("validate", &notes(40), None);
    let submitted = step("submit", &notes(40), None);
    [opened, validated, submitted, step("accept", "{}", Some(&approver))]
}

/// Each move of a report against the same store functions in a bare handler.
fn moves(province: &Province) {
    let bare = serve_bare(province);
    walk(province, Some(bare), "MOVE-BARE");
    walk(province, None, "MOVE-OURS");
    let (mut ratios, mut rates) = (vec![Vec::new(); MOVES.len()], vec![Vec::new(); MOVES.len()]);
    for turn in 0..TURNS {
        let plain = walk(province, Some(bare), &format!("MOVE-BARE-{turn}"));
        let full = walk(province, None, &format!("MOVE-OURS-{turn}"));
        for (place, (plain, full)) in plain.into_iter().zip(full).enumerate() {
            ratios[place].push(full / plain);
            rates[place].push(plain);
        }
    }
    for (what, (ratios, rates)) in MOVES.iter().zip(ratios.into_iter().zip(rates)) {
        told(what, province.name, ratios, rates);
    }
}

/// What the bare side knows: the schools' people and the approver.
#[derive(Clone)]
struct Bare {
    database: Database,
    schools: HashMap<String, Context>,
    approver: Context,
}

impl Bare {
    fn by(&self, school: &str) -> Context {
        self.schools.get(school).expect("somebody").clone()
    }

    async fn write<T: Serialize + Send + 'static>(
        &self,
        context: Context,
        work: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> HttpResponse {
        let answer = self.database.write(context, work).await.expect("writes");
        HttpResponse::Ok().content_type("application/json").body(serde_json::to_vec(&answer).expect("writes"))
    }
}

async fn bare_open(bare: web::Data<Bare>, body: web::Bytes) -> HttpResponse {
    let new: NewReport = serde_json::from_slice(&body).expect("a report");
    let context = bare.by(&new.unit);
    let work = move |tx: &mut Tx<'_>| {
        let id = store::create(tx, &new)?;
        store::get(tx, id)
    };
    bare.write(context, work).await
}

async fn bare_validate(bare: web::Data<Bare>, path: web::Path<(String, ReportId)>, body: web::Bytes) -> HttpResponse {
    let (school, id) = path.into_inner();
    let submission: Submission = serde_json::from_slice(&body).expect("a submission");
    let told = |faults: Vec<Fault>| faults.iter().map(|fault| fault.told(Language::Vi)).collect();
    let work = move |tx: &mut Tx<'_>| {
        let locked = store::lock(tx, id)?;
        let checked = store::check(tx, &locked, &submission)?;
        Ok(Validation { errors: told(checked.errors), warnings: told(checked.warnings) })
    };
    bare.write(bare.by(&school), work).await
}

async fn bare_submit(bare: web::Data<Bare>, path: web::Path<(String, ReportId)>, body: web::Bytes) -> HttpResponse {
    let (school, id) = path.into_inner();
    let submission: Submission = serde_json::from_slice(&body).expect("a submission");
    let work = move |tx: &mut Tx<'_>| {
        let locked = store::lock(tx, id)?;
        let checked = store::check(tx, &locked, &submission)?;
        let totals = store::submit(tx, &locked, checked, &submission)?;
        let report = store::get(tx, id)?;
        completeness::fold(tx, totals)?;
        Ok(report)
    };
    bare.write(bare.by(&school), work).await
}

async fn bare_accept(bare: web::Data<Bare>, path: web::Path<(String, ReportId)>) -> HttpResponse {
    let (_, id) = path.into_inner();
    let work = move |tx: &mut Tx<'_>| {
        let locked = store::lock(tx, id)?;
        let totals = store::accept(tx, &locked)?;
        let report = store::get(tx, id)?;
        completeness::fold(tx, totals)?;
        Ok(report)
    };
    bare.write(bare.approver.clone(), work).await
}

/// The same store functions with no token, no schema, no condition and no journal.
fn serve_bare(province: &Province) -> SocketAddr {
    let schools = province.schools().into_iter().map(|school| (school.code.clone(), school.context.clone())).collect();
    let bare = Bare { database: province.database.clone(), schools, approver: province.approver.context.clone() };
    serve_routes(web::Data::new(bare), |routes| {
        routes
            .route("/reports", web::post().to(bare_open))
            .route("/{school}/{report}/validate", web::post().to(bare_validate))
            .route("/{school}/{report}/submit", web::post().to(bare_submit))
            .route("/{school}/{report}/accept", web::post().to(bare_accept));
    })
}

/// Opens a report, says what the form requires, and answers its path.
fn begin(province: &Province, by: &Worker, round: &str) -> String {
    let mut wire = Wire::open(province.ours);
    let report: Value = wire.post_as("/api/v1/reports", &begun(round, &by.code), &province.token(by));
    let path = format!("/api/v1/reports/{}", report["id"].as_str().expect("an id"));
    let (status, _) = wire.exchange(&patching(&path, &words(&by.code), &province.token(by)));
    assert!(status == 200, "answered {status}");
    path
}

/// Everything that waits is accepted.
fn accept_all(province: &Province, ids: &[String]) {
    for some in ids.chunks(500) {
        let items: Vec<Value> = some.iter().map(|id| json!({ "id": id })).collect();
        let told = province.post(&province.approver, "/api/v1/reports/bulk", &json!({"action": "accept", "items": items}));
        assert_eq!(told["summary"]["accepted"], some.len(), "{told}");
    }
}

/// All schools hand their reports in, and all are accepted.
fn hand_in(province: &Province, round: &str) {
    province.open_round(round);
    let schools = province.schools();
    let tokens: Vec<String> = schools.iter().map(|school| province.token(school)).collect();
    let open = schools.iter().zip(&tokens).map(|(school, token)| posting("/api/v1/reports", &begun(round, &school.code), token));
    let ids: Vec<String> = send(province.ours, &open.collect::<Vec<_>>()).1.iter().map(|answer| id_of(answer)).collect();
    let path = |id: &str| format!("/api/v1/reports/{id}");
    let say = ids.iter().zip(&schools).zip(&tokens).map(|((id, school), token)| patching(&path(id), &words(&school.code), token));
    send(province.ours, &say.collect::<Vec<_>>());
    let submit = ids.iter().zip(&tokens).map(|(id, token)| posting(&format!("{}/submit", path(id)), &notes(40), token));
    send(province.ours, &submit.collect::<Vec<_>>());
    accept_all(province, &ids);
    let (received, accepted, expected) = province.completeness(round);
    assert!(received == expected && accepted == expected, "{received} and {accepted} of {expected}");
}

/// The sums of what a draft was put together of, and nothing else, in one transaction.
fn sums(database: &Database, report: ReportId) {
    let context = Context::system("bench", Clock::System.now());
    let statements = [
        "DELETE FROM report_amounts WHERE report_id = $1 AND revision = $2",
        "DELETE FROM report_levels WHERE report_id = $1 AND revision = $2",
        "INSERT INTO report_amounts (report_id, revision, indicator_id, period_id, of_places, numerator, denominator, numerator_rows, \
            denominator_rows, complete_rows) \
        SELECT s.report_id, s.revision, a.indicator_id, a.period_id, a.of_places, CAST(SUM(a.numerator) AS BIGINT), \
            CAST(SUM(a.denominator) AS BIGINT), CAST(SUM(a.numerator_rows) AS BIGINT), CAST(SUM(a.denominator_rows) AS BIGINT), \
            CAST(SUM(a.complete_rows) AS BIGINT) \
        FROM report_sources s JOIN report_amounts a ON a.report_id = s.source_id AND a.revision = s.source_revision \
        WHERE s.report_id = $1 AND s.revision = $2 GROUP BY s.report_id, s.revision, a.indicator_id, a.period_id, a.of_places",
        "INSERT INTO report_levels (report_id, revision, indicator_id, period_id, locality_id, level) \
        SELECT s.report_id, s.revision, l.indicator_id, l.period_id, l.locality_id, MAX(l.level) \
        FROM report_sources s JOIN report_levels l ON l.report_id = s.source_id AND l.revision = s.source_revision \
        WHERE s.report_id = $1 AND s.revision = $2 GROUP BY s.report_id, s.revision, l.indicator_id, l.period_id, l.locality_id",
    ];
    let work = |tx: &mut Tx<'_>| {
        let mut rows = 0;
        for statement in statements {
            rows = diesel::sql_query(statement).bind::<Uid, _>(report).bind::<Integer, _>(0).execute(tx.conn)?.max(rows);
        }
        Ok(rows)
    };
    assert!(database.write_here(&context, work).expect("adds up") > 0);
}

/// What consolidating does and answers, without the conventions.
fn gather(database: &Database, by: &Worker, report: ReportId) -> usize {
    let work = |tx: &mut Tx<'_>| {
        let locked = store::lock(tx, report)?;
        store::consolidate(tx, &locked)?;
        store::get(tx, report)
    };
    serde_json::to_vec(&database.write_here(&by.context, work).expect("puts together")).expect("writes").len()
}

/// A report put together of those below it, against the same SQL, and against the bare sums over the same reports.
fn consolidation(province: &Province, what: &str, by: &Worker, path: &str) {
    let consolidate = posting(&format!("{path}/consolidate"), "{}", &province.token(by));
    let report: ReportId = path.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id");
    let ours = || {
        let mut wire = Wire::open(province.ours);
        let (status, _) = wire.exchange(&consolidate);
        assert!(status == 200, "answered {status}");
        let started = Instant::now();
        for _ in 0..TIMES {
            let (status, _) = wire.exchange(&consolidate);
            assert!(status == 200, "answered {status}");
        }
        f64::from(TIMES) / started.elapsed().as_secs_f64()
    };
    let timed = |work: &dyn Fn()| {
        let started = Instant::now();
        for _ in 0..TIMES {
            work();
        }
        f64::from(TIMES) / started.elapsed().as_secs_f64()
    };
    ours();
    let (mut same, mut rates, mut alone, mut sums_rates) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        std::thread::sleep(SETTLE);
        let plain = timed(&|| assert!(gather(&province.database, by, report) > 0));
        let added = timed(&|| sums(&province.database, report));
        let rate = ours();
        same.push(rate / plain);
        alone.push(rate / added);
        rates.push(plain);
        sums_rates.push(added);
    }
    told(what, province.name, same, rates);
    told(&format!("{what}, against its sums alone"), province.name, alone, sums_rates);
}

/// Every district's report of what its schools were accepted for, and the department's of theirs; tells what putting the largest district
/// and the department together costs if asked to. Answers the path of the department's report, which is accepted.
fn put_together(province: &Province, round: &str, measured: bool) -> String {
    let mut below: BTreeMap<UnitId, usize> = BTreeMap::new();
    for parent in province.schools().into_iter().filter_map(|school| school.parent) {
        *below.entry(parent).or_default() += 1;
    }
    let mut offices = province.of(|kind| kind == Kind::DistrictOffice);
    offices.sort_by_key(|office| std::cmp::Reverse(below.get(&office.unit).copied().unwrap_or_default()));
    let hand_in = |by: &Worker, path: &str| {
        province.post(by, &format!("{path}/consolidate"), &json!({}));
        Wire::open(province.ours).post_as(&format!("{path}/submit"), &notes(400), &province.token(by));
        province.post(&province.approver, &format!("{path}/accept"), &json!({}));
    };
    for (place, office) in offices.iter().enumerate() {
        let path = begin(province, office, round);
        if measured && place == 0 {
            let what = format!("consolidation of a district of {} schools", below.get(&office.unit).copied().unwrap_or_default());
            consolidation(province, &what, office, &path);
        }
        hand_in(office, &path);
    }
    let department = province.of(|kind| kind == Kind::Department).pop().expect("a department");
    let path = begin(province, department, round);
    if measured {
        let included = offices.len() + below.get(&department.unit).copied().unwrap_or_default();
        consolidation(province, &format!("consolidation of the province, of {included} reports"), department, &path);
    }
    hand_in(department, &path);
    path
}

/// How long each read of the districts took, until it is over.
fn watch(province: &Province, round: &str, over: &AtomicBool) -> Vec<f64> {
    let offices = province.of(|kind| kind == Kind::DistrictOffice);
    let asked: Vec<Vec<u8>> = offices.into_iter().take(READERS).map(|office| completeness(round, &province.token(office))).collect();
    std::thread::scope(|scope| {
        let read = |asked: Vec<u8>| {
            scope.spawn(move || {
                let mut wire = Wire::open(province.ours);
                let mut took = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let started = Instant::now();
                    let (status, _) = wire.exchange(&asked);
                    took.push(started.elapsed().as_secs_f64());
                    assert!(status == 200, "answered {status}");
                    std::thread::sleep(PAUSE);
                }
                took
            })
        };
        let readers: Vec<_> = asked.into_iter().map(read).collect();
        readers.into_iter().flat_map(|reader| reader.join().expect("reads")).collect()
    })
}

/// What all but one in a hundred are below.
pub fn p99(mut took: Vec<f64>) -> f64 {
    took.sort_by(f64::total_cmp);
    took.get(took.len() * 99 / 100).copied().expect("reads")
}

/// Every school begins, writes and submits its report over a few connections; answers how many answers were 5xx, each asked again.
fn all_at_once(province: &Province, round: &str) -> u32 {
    let schools = province.schools();
    let (next, failed) = (AtomicUsize::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                let mut wire = Wire::open(province.ours);
                let mut ask = |request: &[u8]| loop {
                    let (status, start) = wire.exchange(request);
                    if status < 500 {
                        let body = wire.body(start);
                        assert!(status == 200 || status == 201, "answered {status}: {}", String::from_utf8_lossy(body));
                        return body.to_vec();
                    }
                    failed.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(PAUSE);
                };
                while let Some(school) = schools.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let token = province.token(school);
                    let path = format!("/api/v1/reports/{}", id_of(&ask(&posting("/api/v1/reports", &begun(round, &school.code), &token))));
                    ask(&patching(&path, &words(&school.code), &token));
                    ask(&posting(&format!("{path}/submit"), &notes(40), &token));
                }
            });
        }
    });
    failed.into_inner()
}

/// All schools hand in at once while districts look how far the round is.
fn storm(province: &Province) {
    let (mut parts, mut rates, mut slower, mut reads) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut answers, mut failures, mut received) = (0, 0, 0);
    let count = u32::try_from(province.schools().len()).expect("few");
    for turn in 0..STORMS {
        let round = format!("STORM-{turn}");
        province.open_round(&round);
        std::thread::sleep(SETTLE);
        let (calm, over) = (AtomicBool::new(false), AtomicBool::new(false));
        let idle = std::thread::scope(|scope| {
            let watching = scope.spawn(|| watch(province, &round, &calm));
            std::thread::sleep(IDLE);
            calm.store(true, Ordering::Relaxed);
            watching.join().expect("reads")
        });
        let (took, failed, busy) = std::thread::scope(|scope| {
            let watching = scope.spawn(|| watch(province, &round, &over));
            let started = Instant::now();
            let failed = all_at_once(province, &round);
            let took = started.elapsed().as_secs_f64();
            over.store(true, Ordering::Relaxed);
            (took, failed, watching.join().expect("reads"))
        });
        let (came, _, expected) = province.completeness(&round);
        assert!(came == expected, "{came} of {expected} came");
        received += came;
        answers += 3 * count + failed;
        failures += failed;
        parts.push(took / LIMIT);
        rates.push(f64::from(3 * count) / took);
        reads.push(f64::from(u32::try_from(busy.len()).expect("few")) / took);
        slower.push(p99(busy) / p99(idle));
    }
    let lost = u64::from(count) * u64::try_from(STORMS).expect("few") - received;
    let what = format!("{count} schools report at once: part of {LIMIT} s ({failures} of {answers} answers 5xx, {lost} reports lost)");
    told(&what, province.name, parts, rates);
    told("completeness of districts meanwhile: p99 against idle", province.name, slower, reads);
}

/// A service of its own, in a process whose memory is its own.
pub struct Apart {
    child: Child,
    pub address: SocketAddr,
}

impl Apart {
    fn start(url: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tiendo"));
        command.args(["serve", "--workers", "2"]);
        Self::run(command, url)
    }

    /// On this core alone, with as many workers as it takes by itself there: one.
    pub fn start_on(url: &str, core: usize) -> Self {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &core.to_string(), env!("CARGO_BIN_EXE_tiendo"), "serve"]);
        Self::run(command, url)
    }

    fn run(mut command: Command, url: &str) -> Self {
        let files = std::env::temp_dir().join(format!("tiendo-bench-files-{}", std::process::id()));
        let mut child = command
            .args(["--listen", "127.0.0.1:0"])
            .env("DATABASE_URL", url)
            .env("PERSON_QUOTA", "10000000")
            .env("NETWORK_QUOTA", "10000000")
            // Who signs in says where he comes from.
            .env("TRUSTED_PROXIES", "127.0.0.1")
            .env("FILES_URL", format!("file:{}", files.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("an output"));
        out.read_line(&mut line).expect("says where");
        // Whoever listens to its log must not keep it waiting, nor end it.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok()).expect("an address");
        Self { child, address }
    }

    /// A line of its status, in KiB.
    pub fn memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
        line.trim_start_matches(':').trim_end_matches("kB").trim().parse().expect("a number")
    }

    /// A school's report.
    fn some_report(&self, token: &str) -> String {
        let mut wire = Wire::open(self.address);
        let asked = request(&format!("/api/v1/reports?round={ROUND}&unit=CDSP"), &format!("Authorization: Bearer {token}\r\n"));
        let (status, start) = wire.exchange(&asked);
        let told: Value = serde_json::from_slice(wire.body(start)).expect("json");
        assert!(status == 200, "{told}");
        format!("/api/v1/reports/{}", told["data"][0]["id"].as_str().expect("an id"))
    }

    fn download(&self, path: &str, format: &str, token: &str) -> usize {
        let mut wire = Wire::open(self.address);
        let asked = request(&format!("{path}/document?format={format}"), &format!("Authorization: Bearer {token}\r\n"));
        let (status, start) = wire.exchange(&asked);
        assert!(status == 200, "answered {status}");
        wire.body(start).len()
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The department's accepted report, where it is kept.
struct Kept<'p> {
    province: &'p Province,
    url: &'p str,
    path: String,
}

/// What a download takes in memory at the most, by how much that is more than before, and the size of the file, in KiB.
fn weigh(kept: &Kept<'_>, format: &str) -> (f64, f64, f64) {
    let apart = Apart::start(kept.url);
    let token = kept.province.token(&kept.province.approver);
    let school = apart.some_report(&token);
    for _ in 0..WARM {
        apart.download(&school, format, &token);
    }
    let before = apart.memory("VmRSS");
    // 5: forget the peak until now.
    std::fs::write(format!("/proc/{}/clear_refs", apart.child.id()), "5").expect("Linux");
    let size = apart.download(&kept.path, format, &token);
    let peak = apart.memory("VmHWM");
    (peak, (peak - before).max(0.0), f64::from(u32::try_from(size).expect("small")) / 1024.0)
}

/// The peak of memory while the department's sheets are downloaded, of many schools against a few.
fn documents(many: &Kept<'_>, few: &Kept<'_>) {
    for format in ["xlsx", "csv"] {
        let (mut ratios, mut grown, mut sizes) = (Vec::new(), (Vec::new(), Vec::new()), (0.0, 0.0));
        for _ in 0..TURNS {
            let (large, small) = (weigh(many, format), weigh(few, format));
            ratios.push(large.0 / small.0);
            grown.0.push(large.1);
            grown.1.push(small.1);
            sizes = (large.2, small.2);
        }
        let (ratios, large, small) = (Spread::of(ratios), Spread::of(grown.0), Spread::of(grown.1));
        let counts = (many.province.schools().len(), few.province.schools().len());
        let what = format!(
            "{format} of {} schools: peak memory against that of {} (file {:.0} against {:.0} KiB, growth {:.0} against {:.0} KiB)",
            counts.0,
            counts.1,
            sizes.0,
            sizes.1,
            large.median(),
            small.median()
        );
        println!("| {what} | {} | {:.2} | {} | |", many.province.name, ratios.median(), ratios.ends());
    }
}
