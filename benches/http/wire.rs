//! The client's side: connections that speak as much HTTP as is needed here, and closed loops over them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tiendo::demo::Credential;
use totp_rs::{Builder, Secret};

/// Connections that ask at once.
const CONNECTIONS: usize = 8;

/// Numbers that were measured.
pub struct Spread(Vec<f64>);

impl Spread {
    pub fn of(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        Self(numbers)
    }

    pub fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().expect("numbers")
    }

    /// From the smallest to the largest.
    pub fn ends(&self) -> String {
        format!("{:.2} to {:.2}", self.0.first().expect("numbers"), self.0.last().expect("numbers"))
    }
}

pub fn request(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n{headers}\r\n").into_bytes()
}

pub fn posting(path: &str, body: &str, token: &str) -> Vec<u8> {
    sending("POST", path, "", body, token)
}

/// A change of whatever version there is.
pub fn patching(path: &str, body: &str, token: &str) -> Vec<u8> {
    sending("PATCH", path, "If-Match: *\r\n", body, token)
}

pub fn sending(method: &str, path: &str, headers: &str, body: &str, token: &str) -> Vec<u8> {
    let bearer = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let kind = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{bearer}{headers}{kind}\r\n{body}").into_bytes()
}

/// Requests a second of a closed loop over a few connections.
pub fn load(address: SocketAddr, request: &[u8], time: Duration) -> f64 {
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
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connects");
        stream.set_nodelay(true).expect("sets");
        Self { stream, buffer: Vec::with_capacity(64 * 1024) }
    }

    /// Status, and where the body begins in the buffer.
    pub fn exchange(&mut self, request: &[u8]) -> (u16, usize) {
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

    /// What was answered last, from where its body begins.
    pub fn body(&self, start: usize) -> &[u8] {
        self.buffer.get(start..).expect("a body")
    }

    /// The token of somebody who signs in.
    pub fn sign_in(&mut self, person: &Credential) -> String {
        let mut body = json!({"username": person.username, "password": person.password});
        if let Some(secret) = &person.totp_secret {
            let secret = Secret::try_from_base32(secret).expect("Base32");
            body["totp"] = json!(Builder::new().with_secret(secret).build().expect("a secret").generate_current().to_string());
        }
        let body = body.to_string();
        self.post("/api/v1/sessions", &body)["access_token"].as_str().expect("a token").to_owned()
    }

    pub fn post(&mut self, path: &str, body: &str) -> Value {
        self.post_as(path, body, "")
    }

    pub fn post_as(&mut self, path: &str, body: &str, token: &str) -> Value {
        let (status, start) = self.exchange(&posting(path, body, token));
        assert!(status == 200 || status == 201, "answered {status}");
        serde_json::from_slice(self.body(start)).expect("json")
    }

    pub fn tag(&mut self, path: &str, token: &str) -> String {
        let (_, start) = self.exchange(&request(path, &format!("Authorization: Bearer {token}\r\n")));
        let head = String::from_utf8_lossy(self.buffer.get(..start).expect("a head")).into_owned();
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("etag: ")).expect("a tag");
        line.split_once(": ").expect("a tag").1.to_owned()
    }
}
