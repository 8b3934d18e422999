//! Mail: links go out where a mail server is set, nobody waits for it, and nobody learns from it who has an account.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::json;

use crate::harness::{PASSWORD, TestApp};

/// A mail server that takes everything (RFC 5321), and the letters that it took.
fn mail_server() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let port = listener.local_addr().expect("an address").port();
    let (send, letters) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let send = send.clone();
            std::thread::spawn(move || converse(stream, &send));
        }
    });
    (port, letters)
}

fn converse(mut stream: TcpStream, send: &Sender<String>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    writeln!(stream, "220 thu\r").ok()?;
    while let Some(Ok(line)) = lines.next() {
        match line.split(' ').next().unwrap_or_default() {
            "DATA" => {
                writeln!(stream, "354 go on\r").ok()?;
                let letter: Vec<String> = lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect();
                send.send(letter.join("\n")).ok()?;
                writeln!(stream, "250 taken\r").ok()?;
            }
            "QUIT" => return writeln!(stream, "221 bye\r").ok(),
            _ => writeln!(stream, "250 thu\r").ok()?,
        }
    }
    Some(())
}

fn with_mail(port: u16) -> TestApp {
    TestApp::start_with(|settings| {
        settings.mail.smtp_url = Some(format!("smtp://127.0.0.1:{port}"));
        settings.mail.mail_from = Some("Tiến độ <khong.tra.loi@sogddt.example.vn>".to_owned());
        settings.mail.mail_page = Some("https://tiendo.example.vn/mat-khau".to_owned());
    })
}

/// Takes the transfer encoding away (RFC 2045 section 6.7), as far as links need it.
fn token_in(letter: &str) -> String {
    let text = letter.replace("=\n", "").replace("=3D", "=").replace("=23", "#");
    let text = match text.split_once("base64\n") {
        Some((_, body)) => {
            use base64::Engine;
            let body: String = body.split("\n\n").nth(1).unwrap_or(body).chars().filter(|c| !c.is_whitespace()).collect();
            String::from_utf8(base64::engine::general_purpose::STANDARD.decode(body).expect("Base64")).expect("text")
        }
        None => text,
    };
    let (_, rest) = text.split_once("https://tiendo.example.vn/mat-khau#token=").unwrap_or_else(|| panic!("no link in {text}"));
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

#[test]
fn an_invitation_goes_out_by_mail_and_not_in_the_answer() {
    let (port, letters) = mail_server();
    let app = with_mail(port);
    let admin = app.admin();
    let body = json!({"username": "mn.tuly", "full_name": "Đinh Thị Thuỷ", "email": "thuy@hoabinh.example.vn", "unit": "SGD", "duties": ["viewer"]});
    let user = admin.post("/api/v1/users", &body).expect(201).json();
    assert!(user["invitation"].is_null(), "{user}");
    let letter = letters.recv_timeout(Duration::from_mins(1)).expect("a letter");
    assert!(letter.contains("To: thuy@hoabinh.example.vn"), "{letter}");
    let accept = json!({"token": token_in(&letter), "password": PASSWORD});
    app.nobody().post("/api/v1/invitations/accept", &accept).expect(204);
    app.sign_in("mn.tuly");
    let plain = json!({"username": "mn.hoa", "full_name": "Bùi Thị Hoà", "unit": "SGD", "duties": ["viewer"]});
    let unreachable = admin.post("/api/v1/users", &plain).expect(201).json();
    assert!(unreachable["invitation"]["token"].is_string(), "no address: the link is answered once");
}

/// AU-03: who asks for a new password learns nothing of who has an account; only the owner is written to, and the present password holds
/// until the link is taken up, which ends every session. AU-11: the link holds an hour and one use.
#[test]
fn a_forgotten_password_is_a_letter_to_its_owner_alone() {
    let (port, letters) = mail_server();
    let app = with_mail(port);
    let admin = app.admin();
    let user = admin.user("mn.tuly", "SGD", &["viewer"]);
    let id = user.get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").to_owned();
    admin.patch(&format!("/api/v1/users/{id}"), "*", &json!({"email": "thuy@hoabinh.example.vn"})).expect(200);
    let ask = |email: &str| app.nobody().post("/api/v1/password-resets", &json!({"email": email})).expect(202);
    let (known, unknown) = (ask("Thuy@HoaBinh.example.vn"), ask("khong.co@hoabinh.example.vn"));
    assert_eq!((&known.body, known.headers.len()), (&unknown.body, unknown.headers.len()));
    let letter = letters.recv_timeout(Duration::from_mins(1)).expect("a letter");
    assert!(letter.contains("To: thuy@hoabinh.example.vn"), "{letter}");
    app.sign_in("mn.tuly");
    let accept =
        |token: &str, password: &str| app.nobody().post("/api/v1/invitations/accept", &json!({"token": token, "password": password}));
    let token = token_in(&letter);
    assert_eq!(accept(&token, PASSWORD).faults(), ["/password password_reused"]);
    accept(&token, "Một mật khẩu khác hẳn, đủ dài").expect(204);
    accept(&token, "Một mật khẩu khác hẳn, đủ dài").problem(410, "gone");
    app.clock.advance(1);
    user.get("/api/v1/me").problem(401, "invalid_token");

    ask("thuy@hoabinh.example.vn");
    let late = token_in(&letters.recv_timeout(Duration::from_mins(1)).expect("a letter"));
    app.clock.advance(3600);
    accept(&late, "Mật khẩu thứ ba, cũng đủ dài").problem(410, "gone");
    assert!(letters.try_recv().is_err(), "nobody else was written to");
}

/// AU-03: a link that was asked for is of no use once its owner has set a password, whoever finds it later; and one that is taken up leaves
/// the second factor as it was: a mailbox alone opens no account that has one.
#[test]
fn a_mailbox_is_no_way_around_what_its_owner_has() {
    let (port, letters) = mail_server();
    let app = with_mail(port);
    let admin = app.admin();
    let user = admin.user("mn.tuly", "SGD", &["viewer"]);
    let id = user.get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").to_owned();
    admin.patch(&format!("/api/v1/users/{id}"), "*", &json!({"email": "thuy@hoabinh.example.vn"})).expect(200);
    let link = || {
        app.nobody().post("/api/v1/password-resets", &json!({"email": "thuy@hoabinh.example.vn"})).expect(202);
        token_in(&letters.recv_timeout(Duration::from_mins(1)).expect("a letter"))
    };
    let accept =
        |token: &str, password: &str| app.nobody().post("/api/v1/invitations/accept", &json!({"token": token, "password": password}));
    let sign_in = |password: &str, code: Option<String>| {
        app.nobody().post("/api/v1/sessions", &json!({"username": "mn.tuly", "password": password, "totp": code}))
    };
    let early = link();
    let change = json!({"current_password": PASSWORD, "new_password": "Một mật khẩu khác hẳn, đủ dài"});
    user.put("/api/v1/me/password", ("Accept", "*/*"), &change).expect(204);
    accept(&early, "Mật khẩu thứ ba, cũng đủ dài").problem(410, "gone");
    let secret = user.enrol("mn.tuly");
    accept(&link(), "Mật khẩu thứ ba, cũng đủ dài").expect(204);
    sign_in("Mật khẩu thứ ba, cũng đủ dài", None).problem(401, "totp_required");
    app.clock.advance(30);
    sign_in("Mật khẩu thứ ba, cũng đủ dài", Some(app.code(&secret))).expect(201);
}

/// A class that forgot its passwords waits for letters, and shuts out nobody who signs in beside it.
#[test]
fn who_asks_for_many_letters_waits_for_letters_alone() {
    let app = TestApp::start_with(|settings| settings.accounts.network_guesses = 3);
    app.admin().user("mn.tuly", "SGD", &["viewer"]);
    let ask = |number: usize| app.nobody().post("/api/v1/password-resets", &json!({"email": format!("hs{number}@hoabinh.example.vn")}));
    for number in 0..3 {
        ask(number).expect(202);
    }
    ask(3).problem(429, "rate_limited");
    app.nobody().post("/api/v1/sessions", &app.credentials("mn.tuly")).expect(201);
    app.clock.advance(600);
    ask(4).expect(202);
}

/// ASVS 1.3.11: nothing that somebody gives us becomes a head of a letter: an address is one line and one address, and a name stands in the
/// text alone.
#[test]
fn nobody_writes_into_the_head_of_a_letter() {
    let (port, letters) = mail_server();
    let app = with_mail(port);
    let admin = app.admin();
    for address in [
        "thuy@hoabinh.example.vn\r\nBcc: la@evil.example",
        "thuy@hoabinh.example.vn\nBcc: la@evil.example",
        "\"thuy\r\nBcc: la@evil.example\"@hoabinh.example.vn",
        "thuy@hoabinh.example.vn, la@evil.example",
        "Thuỷ <thuy@hoabinh.example.vn>",
        "thuy@hoabinh.example.vn\u{0}",
    ] {
        let body = json!({"username": "mn.tuly", "full_name": "Đinh Thị Thuỷ", "email": address, "unit": "SGD", "duties": ["viewer"]});
        admin.post("/api/v1/users", &body).problem(422, "validation_failed");
        app.nobody().post("/api/v1/password-resets", &json!({"email": address})).problem(422, "validation_failed");
    }
    for name in ["Thuỷ\r\nBcc: la@evil.example", "Thuỷ\tBcc", "Thuỷ\u{2028}Bcc", "\u{200f}Thuỷ", "Thuỷ\u{ffff}"] {
        let body = json!({"username": "mn.tuly", "full_name": name, "unit": "SGD", "duties": ["viewer"]});
        assert_eq!(admin.post("/api/v1/users", &body).faults(), ["/full_name control_character"], "{name:?}");
    }
    let named = json!({"username": "mn.tuly", "full_name": "Thuỷ, Bcc: la@evil.example", "email": "thuy@hoabinh.example.vn", "unit": "SGD", "duties": ["viewer"]});
    admin.post("/api/v1/users", &named).expect(201);
    let letter = letters.recv_timeout(Duration::from_mins(1)).expect("a letter");
    let (head, _) = letter.split_once("\n\n").expect("a head and a text");
    assert!(head.contains("To: thuy@hoabinh.example.vn") && !head.contains("evil") && !head.contains("Bcc"), "{head}");
}

/// RL-10: a mail server that answers nothing holds nobody up, and the letter waits for its next turn.
#[test]
fn nobody_waits_for_a_mail_server() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let app = with_mail(listener.local_addr().expect("an address").port());
    let admin = app.admin();
    let invite = |number: usize| {
        let body = json!({"username": format!("mn.{number:03}"), "full_name": "Người mới", "email": "x@hoabinh.example.vn", "unit": "SGD", "duties": ["viewer"]});
        admin.post("/api/v1/users", &body).expect(201)
    };
    let _ = invite(0);
    // It is being talked to now, and says nothing.
    let _silent = listener.accept().expect("somebody calls");
    for number in 1..20 {
        let _ = invite(number);
        admin.get("/api/v1/units").expect(200);
    }
    app.db_seal();
    admin.get("/api/v1/audit-events?limit=1").expect(200);
}
