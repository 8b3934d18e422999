//! What becomes of the service when more is asked than it can do: requests that come whether or not it keeps up (an open loop), clients
//! that stall, and everybody who signs in at once.
//!
//! The service is a process of its own on the first core, and its database with it; whoever asks is on the others, so that neither takes
//! time from the other. All figures are ratios within one run: goodput against the capacity of a closed loop just before, p99
//! against that of the same probe while nothing else is asked.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::json;
use tiendo::clock::Clock;
use tiendo::db::url::DatabaseUrl;
use tiendo::demo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::{JoinSet, LocalSet};

use crate::reports::{Apart, p99};
use crate::wire::{Spread, Wire, request, sending};

/// How many times as much as it can do is asked.
const TIMES: [u32; 4] = [1, 2, 5, 10];
/// How often and how long each is asked.
const TURNS: usize = 3;
const TURN: Duration = Duration::from_secs(10);
/// Connections of the closed loop, and the most of the open one.
const CLOSED: usize = 32;
const MOST: usize = 3000;
/// Connections that stall, and people who sign in at once.
const STALLED: usize = 300;
const SIGNING: usize = 500;
/// How long the probe asks, and what it waits between two requests.
const PROBED: Duration = Duration::from_secs(8);
const PAUSE: Duration = Duration::from_millis(4);
/// What is given to come to rest.
const SETTLE: Duration = Duration::from_secs(2);

pub fn run(places: impl Iterator<Item = String>) {
    let all = sched_getaffinity(None).expect("Linux");
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core)).collect();
    let (first, others) = cores.split_first().expect("a core");
    if others.is_empty() {
        println!("One core only: the service and whoever asks take time from each other.");
    } else {
        let mut set = CpuSet::new();
        for core in others {
            set.set(*core);
        }
        sched_setaffinity(None, &set).expect("Linux");
    }
    println!("| what | database | ratio (median) | spread | |");
    println!("|---|---|---|---|---|");
    for place in places {
        bench(&place, *first);
    }
}

fn told(what: &str, name: &str, ratios: Vec<f64>, note: &str) {
    let ratios = Spread::of(ratios);
    println!("| {what} | {name} | {:.2} | {} | {note} |", ratios.median(), ratios.ends());
}

fn bench(place: &str, core: usize) {
    let name = if place.starts_with("sqlite") { "SQLite" } else { "PostgreSQL" };
    let url = DatabaseUrl::parse(place).expect("a URL");
    let people = demo::fill(&url, &demo::Options { schools: 520, seed: 285 }, &Clock::System).expect("fills");
    let person = people.iter().find(|person| person.username == "sgd.viewer").expect("a viewer");
    let unit = &people.iter().find(|person| person.unit.code.starts_with("MN-")).expect("a school").unit.code;
    let apart = Apart::start_on(place, core);
    let token = Wire::open(apart.address).sign_in(person);
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let day = Clock::System.today();
    let asked: Vec<Vec<u8>> = [
        format!("/api/v1/units/{unit}"),
        "/api/v1/units?limit=50".to_owned(),
        "/api/v1/results?year=2024".to_owned(),
        format!("/api/v1/assignments?status=in_progress&due_before={day}"),
        "/api/v1/dashboard?year=2024".to_owned(),
    ]
    .iter()
    .map(|path| request(path, &bearer))
    .collect();
    let ask = |load: LoadOf| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        LocalSet::new().block_on(&runtime, load.run(apart.address, &asked))
    };
    ask(LoadOf::Closed);
    overload(name, &apart, &ask);
    let probe = request(&format!("/api/v1/units/{unit}"), &bearer);
    stalls(name, &apart, &probe);
    sign_ins(name, &apart, &probe, Manner::Waits);
    sign_ins(name, &apart, &probe, Manner::Floods);
    println!("| memory at the most, of all of it | {name} | | | {:.0} MiB |", apart.memory("VmHWM") / 1024.0);
}

/// What was answered.
#[derive(Default)]
struct Answered {
    /// 200, a second.
    good: f64,
    /// Seconds that those took who were sent away, from when they were due.
    shed: Vec<f64>,
    /// Neither: lost on the way, or never sent because no connection was left.
    lost: u32,
}

/// Who asks.
enum LoadOf {
    /// Each connection asks again when it was answered.
    Closed,
    /// So many a second, whatever is answered.
    Open(f64),
}

/// Status of one exchange, and the seconds that are to be waited; `None` where the connection broke.
async fn exchange(stream: &mut tokio::net::TcpStream, request: &[u8]) -> Option<(u16, u64)> {
    stream.write_all(request).await.ok()?;
    let (mut all, mut chunk) = (Vec::new(), vec![0_u8; 16 * 1024]);
    loop {
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        all.extend_from_slice(chunk.get(..read)?);
        let Some(end) = all.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4) else { continue };
        let head = std::str::from_utf8(all.get(..end)?).ok()?;
        let header = |asked: &str| {
            let found = head.lines().find_map(|line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case(asked)));
            found.map_or(Ok(0_u64), |(_, text)| text.parse()).ok()
        };
        if all.len() >= end + usize::try_from(header("content-length")?).ok()? {
            return Some((head.split(' ').nth(1)?.parse().ok()?, header("retry-after")?));
        }
    }
}

impl LoadOf {
    async fn run(self, address: SocketAddr, asked: &[Vec<u8>]) -> Answered {
        let (good, lost, shed) = (Rc::new(Cell::new(0_u32)), Rc::new(Cell::new(0_u32)), Rc::new(RefCell::new(Vec::new())));
        let idle: Rc<RefCell<Vec<tokio::net::TcpStream>>> = Rc::default();
        let started = Instant::now();
        let mut asking = JoinSet::new();
        match self {
            Self::Closed => {
                for number in 0..CLOSED {
                    let (good, asked) = (good.clone(), asked.to_vec());
                    asking.spawn_local(async move {
                        let mut stream = tokio::net::TcpStream::connect(address).await.expect("connects");
                        stream.set_nodelay(true).expect("sets");
                        for request in asked.iter().cycle().skip(number) {
                            if started.elapsed() > TURN {
                                break;
                            }
                            let status = exchange(&mut stream, request).await;
                            assert!(matches!(status, Some((200, _))), "answered {status:?}");
                            // As of the open loop: what is answered in time.
                            if started.elapsed() <= TURN {
                                good.set(good.get() + 1);
                            }
                        }
                    });
                }
            }
            Self::Open(rate) => {
                let open = Rc::new(Cell::new(0_usize));
                let mut sent = 0_u32;
                while started.elapsed() < TURN {
                    let due = Duration::from_secs_f64(f64::from(sent) / rate);
                    if let Some(early) = due.checked_sub(started.elapsed()).filter(|early| *early > Duration::from_millis(1)) {
                        tokio::time::sleep(early).await;
                    } else if sent.is_multiple_of(8) {
                        tokio::task::yield_now().await;
                    }
                    let request = asked.get(usize::try_from(sent).expect("few") % asked.len()).expect("one").clone();
                    sent += 1;
                    let kept = idle.borrow_mut().pop();
                    if kept.is_none() && open.get() >= MOST {
                        lost.set(lost.get() + 1);
                        continue;
                    }
                    let (good, lost, shed, idle, open) = (good.clone(), lost.clone(), shed.clone(), idle.clone(), open.clone());
                    if kept.is_none() {
                        open.set(open.get() + 1);
                    }
                    asking.spawn_local(async move {
                        let stream = match kept {
                            Some(stream) => Ok(stream),
                            None => tokio::net::TcpStream::connect(address).await,
                        };
                        let mut status = None;
                        if let Ok(mut stream) = stream {
                            status = exchange(&mut stream, &request).await;
                            if status.is_some() {
                                idle.borrow_mut().push(stream);
                            }
                        }
                        if status.is_none() {
                            open.set(open.get() - 1);
                        }
                        match status {
                            Some((200, _)) if started.elapsed() <= TURN => good.set(good.get() + 1),
                            Some((200, _)) => {}
                            Some((503, _)) => shed.borrow_mut().push((started.elapsed().saturating_sub(due)).as_secs_f64()),
                            _ => lost.set(lost.get() + 1),
                        }
                    });
                    while asking.try_join_next().is_some() {}
                }
            }
        }
        while let Some(asked) = asking.join_next().await {
            asked.expect("asks");
        }
        let shed = shed.take();
        Answered { good: f64::from(good.get()) / TURN.as_secs_f64(), shed, lost: lost.get() }
    }
}

/// RL-12: what is done of what can be done while more is asked.
fn overload(name: &str, apart: &Apart, ask: &dyn Fn(LoadOf) -> Answered) {
    let mut ratios: Vec<Vec<f64>> = TIMES.iter().map(|_| Vec::new()).collect();
    let mut notes: Vec<String> = TIMES.iter().map(|_| String::new()).collect();
    let (mut again, mut capacities) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let capacity = ask(LoadOf::Closed).good;
        capacities.push(capacity);
        for ((times, ratios), note) in TIMES.iter().zip(&mut ratios).zip(&mut notes) {
            std::thread::sleep(SETTLE);
            let answered = ask(LoadOf::Open(capacity * f64::from(*times)));
            ratios.push(answered.good / capacity);
            let count = answered.shed.len();
            let median = if count == 0 { 0.0 } else { Spread::of(answered.shed).median() * 1000.0 };
            *note = format!(
                "{count} sent away, p50 {median:.1} ms; {} lost; {:.0} MiB at the most",
                answered.lost,
                apart.memory("VmHWM") / 1024.0
            );
        }
        // Five seconds later at the latest all is as before.
        std::thread::sleep(SETTLE);
        again.push(ask(LoadOf::Closed).good / capacity);
    }
    for ((times, ratios), note) in TIMES.iter().zip(ratios).zip(notes) {
        told(&format!("goodput at {times} times the capacity, of the capacity"), name, ratios, &note);
    }
    let capacity = Spread::of(capacities).median();
    told("capacity two seconds after the last of it, of that before", name, again, &format!("{capacity:.0} requests/s"));
}

/// p99 of one who asks now and then, in seconds.
fn probed(address: SocketAddr, probe: &[u8]) -> f64 {
    let mut wire = Wire::open(address);
    let (mut took, started) = (Vec::new(), Instant::now());
    while started.elapsed() < PROBED {
        let asked = Instant::now();
        let (status, _) = wire.exchange(probe);
        took.push(asked.elapsed().as_secs_f64());
        assert!(status == 200, "answered {status}");
        std::thread::sleep(PAUSE);
    }
    p99(took)
}

/// RL-01: what others feel of three hundred connections that stall, fifty in each manner.
fn stalls(name: &str, apart: &Apart, probe: &[u8]) {
    let mut ratios = Vec::new();
    let live = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    let json = "Content-Type: application/json\r\n";
    let manners: [(String, &[u8]); 6] = [
        (String::new(), b""),
        ("GET /health/live HTTP/1.1\r\nHo".to_owned(), b""),
        (format!("{live}GET /health/live HTTP/1.1\r\nX: "), b"x"),
        (format!("POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\n{json}Content-Length: 5000\r\n\r\n"), b" "),
        (format!("POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\n{json}Transfer-Encoding: chunked\r\n\r\n"), b"1\r\n \r\n"),
        ("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), b""),
    ];
    for _ in 0..TURNS {
        std::thread::sleep(SETTLE);
        let idle = probed(apart.address, probe);
        let over = AtomicBool::new(false);
        let busy = std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut stalled: Vec<(TcpStream, &[u8])> = Vec::new();
                for (sent, drip) in manners.iter().cycle().take(STALLED) {
                    let mut stream = TcpStream::connect(apart.address).expect("connects");
                    rustix::net::sockopt::set_socket_recv_buffer_size(&stream, 4096).expect("sets");
                    stream.write_all(sent.as_bytes()).expect("sends");
                    stalled.push((stream, drip));
                }
                while !over.load(Ordering::Relaxed) {
                    for (stream, drip) in &mut stalled {
                        drop(stream.write_all(drip));
                    }
                    std::thread::sleep(Duration::from_secs(1));
                }
            });
            std::thread::sleep(SETTLE);
            let busy = probed(apart.address, probe);
            over.store(true, Ordering::Relaxed);
            busy
        });
        ratios.push(busy / idle);
    }
    told(&format!("p99 of others while {STALLED} connections stall, against idle"), name, ratios, "");
}

/// What somebody does who is sent away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Comes back after the seconds that `Retry-After` says.
    Waits,
    /// Comes back at once on a new connection, as soon as all of the five hundred were answered.
    Floods,
}

/// AU-15: what others feel of five hundred who sign in at once, again and again.
/// Each by a name and from an address of its own, or they would be slowed down as one who guesses; nobody has these names, which takes as
/// long to find out as anybody's password.
fn sign_ins(name: &str, apart: &Apart, probe: &[u8], manner: Manner) {
    let signing = |number: usize| {
        let body = json!({"username": format!("khong.co.{number}"), "password": "Mật khẩu đủ dài để thử"}).to_string();
        let head = format!("X-Forwarded-For: 10.{}.{}.{}\r\n", number / 62_500, number / 250 % 250, number % 250);
        sending("POST", "/api/v1/sessions", &head, &body, "")
    };
    let mut number = 0;
    let (mut ratios, mut looked_at, mut told_off, mut shed) = (Vec::new(), 0_u32, 0_u32, Vec::new());
    for _ in 0..TURNS {
        std::thread::sleep(SETTLE);
        let idle = probed(apart.address, probe);
        let over = AtomicBool::new(false);
        let (busy, statuses) = std::thread::scope(|scope| {
            let storm = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                let mut statuses = Vec::new();
                let (ended, again) = (|| over.load(Ordering::Relaxed), manner == Manner::Waits);
                while !ended() {
                    let all = (0..SIGNING).map(|_| {
                        number += 1;
                        let (address, signing) = (apart.address, signing(number));
                        async move {
                            let mut told = Vec::new();
                            loop {
                                let asked = Instant::now();
                                let answer = match tokio::net::TcpStream::connect(address).await {
                                    Ok(mut stream) => exchange(&mut stream, &signing).await,
                                    Err(_) => None,
                                };
                                told.push(answer.map(|(status, _)| (status, asked.elapsed().as_secs_f64())));
                                match answer {
                                    Some((503, seconds)) if again && !ended() => tokio::time::sleep(Duration::from_secs(seconds)).await,
                                    _ => return told,
                                }
                            }
                        }
                    });
                    statuses.extend(runtime.block_on(futures_util::future::join_all(all)).into_iter().flatten());
                }
                statuses
            });
            let busy = probed(apart.address, probe);
            over.store(true, Ordering::Relaxed);
            (busy, storm.join().expect("sign in"))
        });
        for answer in statuses {
            match answer {
                Some((401, _)) => looked_at += 1,
                Some((503, took)) => {
                    told_off += 1;
                    shed.push(took);
                }
                other => println!("a sign-in was answered {other:?}"),
            }
        }
        ratios.push(busy / idle);
    }
    let median = if shed.is_empty() { 0.0 } else { Spread::of(shed).median() * 1000.0 };
    let note = format!(
        "{looked_at} looked at, {told_off} sent away, p50 {median:.1} ms, of all {SIGNING} connections that are opened at once; {:.0} MiB at the most",
        apart.memory("VmHWM") / 1024.0
    );
    let how = if manner == Manner::Waits { "and come back when they are told to" } else { "and never wait" };
    told(&format!("p99 of others while {SIGNING} sign in at once {how}, against idle"), name, ratios, &note);
}
