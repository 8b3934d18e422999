//! Accounts: passwords, wrong ones, resets and changes.

use serde_json::json;
use unicode_normalization::UnicodeNormalization;

use crate::harness::{Caller, PASSWORD, TestApp};

const OTHER: &str = "Một mật khẩu khác hẳn, đủ dài";

fn sign_in(app: &TestApp, username: &str, password: &str) -> u16 {
    app.nobody().post("/api/v1/sessions", &json!({"username": username, "password": password})).status
}

/// AU-06: five wrong ones, then even the right one waits, twice as long each time; a right one begins anew. AU-09: who has a session
/// keeps it meanwhile.
#[test]
fn wrong_passwords_make_a_name_wait_and_nobody_who_is_in() {
    let app = TestApp::start();
    let admin = app.admin();
    let user = admin.user("mn.hoa", "SGD", &["viewer"]);
    for _ in 0..5 {
        assert_eq!(sign_in(&app, "mn.hoa", "sai hoàn toàn"), 401);
    }
    let waiting =
        app.nobody().post("/api/v1/sessions", &json!({"username": "mn.hoa", "password": PASSWORD})).problem(401, "invalid_credentials");
    let wrong =
        app.nobody().post("/api/v1/sessions", &json!({"username": "khong.co", "password": PASSWORD})).problem(401, "invalid_credentials");
    let bare = |mut problem: serde_json::Value| {
        problem.as_object_mut().expect("an object").remove("request_id");
        problem
    };
    assert_eq!(bare(waiting), bare(wrong), "nothing tells them apart");
    user.get("/api/v1/me").expect(200);
    app.clock.advance(29);
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 401);
    app.clock.advance(2);
    assert_eq!(sign_in(&app, "mn.hoa", "sai hoàn toàn"), 401);
    app.clock.advance(31);
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 401, "a minute now");
    app.clock.advance(30);
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 201);
    for _ in 0..4 {
        assert_eq!(sign_in(&app, "mn.hoa", "sai hoàn toàn"), 401);
    }
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 201, "it began anew");
}

/// AU-07: a burst is counted exactly: of twenty wrong ones at once no more are looked at than are free.
#[test]
fn a_burst_of_guesses_is_counted_before_they_are_looked_at() {
    let app = TestApp::start();
    app.admin().user("mn.hoa", "SGD", &["viewer"]);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..20).map(|_| scope.spawn(|| sign_in(&app, "mn.hoa", "sai hoàn toàn"))).collect();
        tries.into_iter().map(|one| one.join().expect("answers")).collect()
    });
    assert!(statuses.iter().all(|status| [401, 503].contains(status)), "{statuses:?}");
    let context = tiendo::db::Context::system("test", app.clock.now());
    let counted = app.database.write_here(&context, |tx| {
        use diesel::prelude::*;
        use tiendo::db::schema::sign_in_failures as failures;
        Ok(failures::table.filter(failures::key.eq("name mn.hoa")).select(failures::failures).first::<i32>(tx.conn)?)
    });
    assert_eq!(counted.expect("counted"), 5);
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 401, "it waits");
}

/// AU-08: one address that is wrong for many names is slowed down; the names are not.
#[test]
fn an_address_that_is_wrong_for_many_names_is_slowed_down() {
    let app = TestApp::start();
    let user = app.admin().user("mn.hoa", "SGD", &["viewer"]);
    for number in 0..30 {
        assert_eq!(sign_in(&app, &format!("khong.co.{number}"), "sai hoàn toàn"), 401);
    }
    let reply = app.nobody().post("/api/v1/sessions", &json!({"username": "mn.hoa", "password": PASSWORD}));
    let seconds: i64 = reply.header("retry-after").parse().expect("seconds");
    assert!((1..=601).contains(&seconds), "{seconds}");
    reply.problem(429, "rate_limited");
    user.get("/api/v1/me").expect(200);
    app.clock.advance(601);
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 201);
}

/// AU-08: however many come at once, and on whichever instance, no more are looked at than may be wrong; right ones count for nothing.
#[test]
fn a_burst_from_an_address_is_no_way_around_its_limit() {
    let app = TestApp::start();
    let beside = app.beside();
    app.admin().user("mn.hoa", "SGD", &["viewer"]);
    let at_once = |name: &(dyn Fn(usize) -> String + Sync), password: &str| {
        std::thread::scope(|scope| {
            let asked: Vec<_> = (0..60)
                .map(|number| {
                    let instance = if number % 2 == 0 { &app } else { &beside };
                    scope.spawn(move || sign_in(instance, &name(number), password))
                })
                .collect();
            asked.into_iter().map(|asked| asked.join().expect("asks")).collect::<Vec<u16>>()
        })
    };
    let right = at_once(&|_| "mn.hoa".to_owned(), PASSWORD);
    assert!(right.iter().all(|status| [201, 401, 429, 503].contains(status)) && right.contains(&201), "{right:?}");
    let wrong = at_once(&|number| format!("khong.co.{number}"), "sai hoàn toàn");
    let looked_at = wrong.iter().filter(|status| **status == 401).count();
    assert!(wrong.iter().all(|status| [401, 429, 503].contains(status)) && (1..=30).contains(&looked_at), "{wrong:?}");
    for number in looked_at..30 {
        assert_eq!(sign_in(&app, &format!("cung.khong.{number}"), "sai hoàn toàn"), 401, "of the thirty none is lost");
    }
    assert_eq!(sign_in(&beside, "mn.hoa", PASSWORD), 429);
}

/// SE-07: what a body does is decided when it is there: whoever lost its account or its duty while it was on its way changes nothing by it.
#[test]
fn rights_that_end_while_a_body_is_on_its_way_let_nobody_in() {
    let app = TestApp::start();
    let admin = app.admin();
    let address = app.base.trim_start_matches("http://").to_owned();
    let new = |name: &str| json!({"username": name, "full_name": "Bùi Thị Hoà", "unit": "SGD", "duties": ["viewer"]}).to_string();
    // The head of a request, of which nothing else comes before something happened.
    let slowly = |who: &Caller<'_>, body: &str, meanwhile: &dyn Fn()| {
        let mut stream = std::net::TcpStream::connect(&address).expect("connects");
        let token = who.token.as_deref().expect("a token");
        let head = format!(
            "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        std::io::Write::write_all(&mut stream, head.as_bytes()).expect("sends");
        std::thread::sleep(std::time::Duration::from_millis(300));
        meanwhile();
        app.clock.advance(1);
        std::io::Write::write_all(&mut stream, body.as_bytes()).expect("sends");
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).expect("answers");
        answer.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).expect("a status")
    };
    let other = admin.user("so.qt", "SGD", &["admin"]);
    let id = other.get("/api/v1/me").expect(200).id();
    assert_eq!(slowly(&other, &new("ai.do"), &|| {}), 201);
    let demote = || drop(admin.patch(&format!("/api/v1/users/{id}"), "*", &json!({"duties": ["viewer"]})).expect(200));
    assert_eq!(slowly(&other, &new("ai.nua"), &demote), 403);
    let promote = json!({"duties": ["admin"]});
    admin.patch(&format!("/api/v1/users/{id}"), "*", &promote).expect(200);
    app.clock.advance(1);
    let disable = || drop(admin.post(&format!("/api/v1/users/{id}/disable"), &json!({})).expect(200));
    assert_eq!(slowly(&other, &new("ai.khac"), &disable), 401);
    let made = admin.get("/api/v1/users?q=ai.&sort=username").expect(200).json();
    assert_eq!(made["data"].as_array().expect("rows").iter().map(|row| row["username"].clone()).collect::<Vec<_>>(), ["ai.do"]);
}

/// AU-08: what was begun is ended: whoever goes away while a right password is looked at has guessed nothing, and holds up nobody.
#[test]
fn who_does_not_wait_for_an_answer_has_guessed_nothing() {
    let app = TestApp::start();
    app.admin().user("mn.hoa", "SGD", &["viewer"]);
    let body = json!({"username": "mn.hoa", "password": PASSWORD}).to_string();
    let head =
        format!("POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
    let address = app.base.trim_start_matches("http://").to_owned();
    for _ in 0..40 {
        let mut gone = std::net::TcpStream::connect(&address).expect("connects");
        std::io::Write::write_all(&mut gone, format!("{head}{body}").as_bytes()).expect("sends");
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
    let counted = || {
        let context = tiendo::db::Context::system("test", app.clock.now());
        let told = app.database.write_here(&context, |tx| {
            use diesel::prelude::*;
            use tiendo::db::schema::sign_in_failures as failures;
            let rows = failures::table.select((failures::failures, failures::under_way)).load::<(i32, i32)>(tx.conn)?;
            Ok(rows.into_iter().map(|(wrong, under_way)| wrong + under_way).sum::<i32>())
        });
        told.expect("counted")
    };
    for _ in 0..100 {
        if counted() == 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(counted(), 0);
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 201);
}

/// AU-13: the present password is asked, wrong ones count, and every other session ends. The last ten are not taken again.
#[test]
fn a_changed_password_ends_other_sessions_and_old_ones_are_not_taken_again() {
    let app = TestApp::start();
    let admin = app.admin();
    let user = admin.user("mn.hoa", "SGD", &["viewer"]);
    let other = app.sign_in("mn.hoa");
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new}).to_string();
        user.send("PUT", "/api/v1/me/password", &[("Content-Type", "application/json")], Some(body.as_bytes()))
    };
    change("sai hoàn toàn", OTHER).problem(401, "invalid_credentials");
    assert_eq!(change(PASSWORD, "mn.hoa mn.hoa mn.hoa").faults(), ["/new_password password_too_common"]);
    assert_eq!(change(PASSWORD, PASSWORD).faults(), ["/new_password password_reused"]);
    change(PASSWORD, OTHER).expect(204);
    user.get("/api/v1/me").expect(200);
    app.clock.advance(1);
    other.get("/api/v1/me").problem(401, "invalid_token");
    assert_eq!((sign_in(&app, "mn.hoa", PASSWORD), sign_in(&app, "mn.hoa", OTHER)), (401, 201));
    assert_eq!(change(OTHER, PASSWORD).faults(), ["/new_password password_reused"]);
}

/// AU-13: whoever was let in by the old password while it was changed is out too, also who was being looked at at that moment.
#[test]
fn a_sign_in_beside_a_change_of_the_password_does_not_outlive_it() {
    let app = TestApp::start();
    let admin = app.admin();
    let mut let_in = 0;
    for round in 0..6 {
        let name = format!("mn.hoa.{round}");
        let user = admin.user(&name, "SGD", &["viewer"]);
        let signing = || {
            let body = json!({"username": name, "password": PASSWORD});
            let tries = || Some(app.nobody().post("/api/v1/sessions", &body)).filter(|reply| reply.status == 201);
            std::iter::from_fn(tries).map(|reply| reply.json()["access_token"].as_str().expect("a token").to_owned()).collect()
        };
        let tokens: Vec<String> = std::thread::scope(|scope| {
            let signing: Vec<_> = (0..4).map(|_| scope.spawn(signing)).collect();
            let body = json!({"current_password": PASSWORD, "new_password": OTHER});
            user.put("/api/v1/me/password", ("Accept", "*/*"), &body).expect(204);
            signing.into_iter().flat_map(|one| -> Vec<String> { one.join().expect("signs in") }).collect()
        });
        let_in += tokens.len();
        app.clock.advance(2);
        for token in &tokens {
            app.bearer(token).get("/api/v1/me").problem(401, "invalid_token");
        }
        user.get("/api/v1/me").expect(200);
    }
    assert!(let_in > 0, "nobody was let in meanwhile");
}

/// A hash that was made with less than what is asked today is made anew when its password is right, and no other is touched.
#[test]
fn a_weak_hash_is_made_anew_with_the_next_sign_in() {
    use diesel::prelude::*;
    use tiendo::db::schema::{password_history, users};
    let app = TestApp::start();
    let user = app.admin().user("mn.hoa", "SGD", &["viewer"]);
    let context = tiendo::db::Context::system("test", app.clock.now());
    let hash = || {
        let query = |tx: &mut tiendo::db::Tx<'_>| {
            Ok(users::table.filter(users::username.eq("mn.hoa")).select(users::password_hash.assume_not_null()).first::<String>(tx.conn)?)
        };
        app.database.write_here(&context, query).expect("reads")
    };
    let strong = hash();
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 201);
    assert_eq!(hash(), strong, "it is as good as any");
    let params = argon2::Params::new(8192, 1, 1, None).expect("holds");
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let weak = argon2::PasswordHasher::hash_password(&argon2, PASSWORD.nfc().collect::<String>().as_bytes()).expect("hashes").to_string();
    let put = |tx: &mut tiendo::db::Tx<'_>| {
        diesel::update(password_history::table.filter(password_history::hash.eq(&strong)))
            .set(password_history::hash.eq(&weak))
            .execute(tx.conn)?;
        Ok(diesel::update(users::table.filter(users::username.eq("mn.hoa"))).set(users::password_hash.eq(&weak)).execute(tx.conn)?)
    };
    assert_eq!(app.database.write_here(&context, put).expect("puts"), 1);
    assert_eq!(sign_in(&app, "mn.hoa", "sai hoàn toàn"), 401);
    assert_eq!(hash(), weak);
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 201);
    assert!(hash().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash());
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 201);
    let again = json!({"current_password": PASSWORD, "new_password": PASSWORD});
    assert_eq!(user.put("/api/v1/me/password", ("Accept", "*/*"), &again).faults(), ["/new_password password_reused"]);
}

/// AU-06: who knows half of what lets in is on record with the account: a right password without its code, a wrong present password.
#[test]
fn whoever_gets_halfway_is_on_record() {
    let app = TestApp::start();
    let admin = app.admin();
    let user = admin.user("mn.hoa", "SGD", &["viewer"]);
    user.enrol("mn.hoa");
    let own = user.get("/api/v1/me").expect(200).json();
    app.nobody().post("/api/v1/sessions", &json!({"username": "mn.hoa", "password": PASSWORD})).problem(401, "totp_required");
    assert_eq!(sign_in(&app, "mn.hoa", "sai hoàn toàn"), 401);
    let wrong = json!({"current_password": "sai hoàn toàn", "new_password": OTHER});
    user.put("/api/v1/me/password", ("Accept", "*/*"), &wrong).problem(401, "invalid_credentials");
    let events = |action: &str| {
        let path = format!("/api/v1/audit-events?resource={}&action={action}&outcome=refused", own["id"].as_str().expect("an id"));
        admin.get(&path).expect(200).json()["data"].clone()
    };
    let halfway = events("session.create");
    let reasons: Vec<&serde_json::Value> = halfway.as_array().expect("entries").iter().map(|entry| &entry["after"]["reason"]).collect();
    assert!(reasons.len() == 2 && reasons.contains(&&json!("totp_required")) && reasons.contains(&&json!(null)), "{halfway}");
    for entry in halfway.as_array().expect("entries") {
        assert_eq!(
            (&entry["resource"]["code"], &entry["ip"], &entry["actor"]["id"]),
            (&json!("mn.hoa"), &json!("127.0.0.1"), &json!(null))
        );
    }
    let proof = events("user.prove");
    assert_eq!(proof.as_array().map(Vec::len), Some(1), "{proof}");
    assert_eq!((&proof[0]["actor"]["id"], &proof[0]["ip"]), (&own["id"], &json!("127.0.0.1")));
    assert!(!halfway.to_string().contains(PASSWORD) && !proof.to_string().contains("sai hoàn toàn"));
}

/// AU-12: a reset takes the password away, ends every session, and only a link lets in again, once.
#[test]
fn a_reset_is_a_link_and_never_a_password() {
    let app = TestApp::start();
    let admin = app.admin();
    let user = admin.user("mn.hoa", "SGD", &["viewer"]);
    let id = user.get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").to_owned();
    let reset = admin.post(&format!("/api/v1/users/{id}/reset"), &json!({"reason": "Quên mật khẩu"})).expect(200).json();
    assert_eq!(reset["status"], "invited");
    app.clock.advance(1);
    user.get("/api/v1/me").problem(401, "invalid_token");
    assert_eq!(sign_in(&app, "mn.hoa", PASSWORD), 401);
    let body = json!({"token": reset["invitation"]["token"], "password": OTHER});
    app.nobody().post("/api/v1/invitations/accept", &body).expect(204);
    app.nobody().post("/api/v1/invitations/accept", &body).problem(410, "gone");
    assert_eq!(sign_in(&app, "mn.hoa", OTHER), 201);
    let own = admin.get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").to_owned();
    admin.post(&format!("/api/v1/users/{own}/reset"), &json!({})).problem(403, "forbidden");
}

/// SE-07, AZ-09: what a person may do, and where, holds within a second; nobody grants beyond its own, and nobody to itself.
#[test]
fn duties_and_units_change_within_a_second_and_never_upwards() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.unit("PGD-A", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện A", "SGD");
    admin.unit("PGD-B", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện B", "SGD");
    let district = admin.user("pgd.a", "PGD-A", &["admin"]);
    let user = district.user("pgd.a.xem", "PGD-A", &["admin"]);
    let id = user.get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/users/{id}");
    user.patch(&path, "*", &json!({"duties": ["admin", "editor"]})).problem(403, "forbidden");
    district.patch(&path, "*", &json!({"duties": ["editor"]})).problem(403, "forbidden");
    assert_eq!(district.patch(&path, "*", &json!({"unit": "PGD-B"})).faults(), ["/unit unknown_reference"]);
    user.patch(&path, "*", &json!({"position": "Chuyên viên", "email": null})).expect(200);
    let tag = admin.get(&path).expect(200).header("etag");
    let moved = admin.patch(&path, &tag, &json!({"unit": "PGD-B", "duties": ["viewer"]})).expect(200).json();
    assert_eq!((&moved["unit"]["code"], &moved["duties"]), (&json!("PGD-B"), &json!(["viewer"])));
    admin.patch(&path, &tag, &json!({"position": "Khác"})).problem(412, "stale_version");
    app.clock.advance(1);
    user.post("/api/v1/users", &json!({"username": "moi.1", "full_name": "Mới", "unit": "PGD-A", "duties": ["viewer"]}))
        .problem(403, "forbidden");
    assert_eq!(user.get("/api/v1/me").expect(200).json()["unit"]["code"], "PGD-B");
    user.get("/api/v1/units/PGD-A/children").expect(200);
    district.get(&path).problem(404, "not_found");
}

/// AU-01: wrong password, unknown, disabled, waiting, not yet let in: one answer, to the byte and the header.
#[test]
fn nothing_tells_why_somebody_may_not_sign_in() {
    let app = TestApp::start();
    let admin = app.admin();
    let disabled = admin.user("mn.nghi", "SGD", &["viewer"]);
    let id = disabled.get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").to_owned();
    admin.post(&format!("/api/v1/users/{id}/disable"), &json!({"reason": "Nghỉ hưu"})).expect(200);
    let invited = json!({"username": "mn.moi", "full_name": "Mới", "unit": "SGD", "duties": ["viewer"]});
    admin.post("/api/v1/users", &invited).expect(201);
    admin.user("mn.hoa", "SGD", &["viewer"]);
    admin.user("mn.cho", "SGD", &["viewer"]);
    for _ in 0..5 {
        assert_eq!(sign_in(&app, "mn.cho", "sai hoàn toàn"), 401);
    }
    let answer = |username: &str, password: &str| {
        let reply = app.nobody().post("/api/v1/sessions", &json!({"username": username, "password": password}));
        let names: Vec<String> = reply.headers.keys().map(ToString::to_string).collect();
        let mut problem = reply.problem(401, "invalid_credentials");
        problem.as_object_mut().expect("an object").remove("request_id");
        (problem, names)
    };
    let wrong = answer("mn.hoa", "sai hoàn toàn");
    for (username, password) in [("khong.co", PASSWORD), ("mn.nghi", PASSWORD), ("mn.moi", PASSWORD), ("mn.cho", PASSWORD)] {
        assert_eq!(answer(username, password), wrong, "{username}");
    }
}

/// AU-04: 15 to 128 characters, any of them, exactly as they were typed but for NFC; more are refused before anything is hashed.
#[test]
fn a_password_is_taken_as_it_was_typed() {
    let app = TestApp::start();
    let admin = app.admin();
    let accept = |username: &str, password: &str| {
        let body = json!({"username": username, "full_name": "Người mới", "unit": "SGD", "duties": ["viewer"]});
        let token = admin.post("/api/v1/users", &body).expect(201).json()["invitation"]["token"].clone();
        app.nobody().post("/api/v1/invitations/accept", &json!({"token": token, "password": password}))
    };
    let letters = |count: usize| "kR8vq2ZtY0pWm4sx7LbNc3".chars().cycle().take(count).collect::<String>();
    assert_eq!(accept("a.14", &letters(14)).faults(), ["/password too_short"]);
    assert_eq!(accept("a.129", &letters(129)).faults(), ["/password too_long"]);
    assert_eq!(accept("a.dau", "               ").faults(), ["/password password_too_common"]);
    accept("a.to", &"x".repeat(1024 * 1024)).problem(413, "too_large");
    let taken = [
        ("b.15", letters(15)),
        ("b.64", letters(64)),
        ("b.128", letters(128)),
        ("b.cach", "  chè lam gà đồi bánh ốc rừng ".to_owned()),
        ("b.hinh", "🐴🔋📎 ngựa pin ghim giấy 🦆🌾".to_owned()),
        ("b.nfd", "Đường rừng Mường Bi mưa".nfd().collect()),
    ];
    for (username, password) in &taken {
        accept(username, password).expect(204);
        assert_eq!(sign_in(&app, username, password), 201, "{username}");
    }
    assert_eq!(sign_in(&app, "b.nfd", "Đường rừng Mường Bi mưa"), 201, "the same in NFC");
    assert_eq!(sign_in(&app, "b.cach", "chè lam gà đồi bánh ốc rừng"), 401, "spaces are a part of it");
}

/// AU-05: what is long and yet among the first that anybody tries, the account's own words included, is refused without a network.
#[test]
fn a_common_password_is_refused() {
    let app = TestApp::start();
    let admin = app.admin();
    let body = json!({"username": "mn.tuly", "full_name": "Đinh Thị Thuỷ", "email": "thuy.tuly@hoabinh.example.vn", "unit": "SGD", "duties": ["viewer"]});
    let token = admin.post("/api/v1/users", &body).expect(201).json()["invitation"]["token"].clone();
    for password in
        ["passwordpassword", "Mật khẩu mật khẩu", "sogiaoducdaotao1", "Đinh Thị Thuỷ 2025", "thuy.tuly.thuy.tuly", "1234567890123456"]
    {
        let faults = app.nobody().post("/api/v1/invitations/accept", &json!({"token": token, "password": password})).faults();
        assert_eq!(faults, ["/password password_too_common"], "{password}");
    }
    app.nobody().post("/api/v1/invitations/accept", &json!({"token": token, "password": PASSWORD})).expect(204);
}

/// AU-10: there is no account before somebody on the machine makes one; no name and password of a manual lets in.
#[test]
fn there_is_no_default_account() {
    let app = TestApp::start();
    for (username, password) in
        [("admin", "admin"), ("admin", "district"), ("root", "root"), ("quan.tri", "quan.tri"), ("admin", "password"), ("tiendo", "tiendo")]
    {
        assert_eq!(sign_in(&app, username, password), 401);
    }
    let context = tiendo::db::Context::system("test", app.clock.now());
    let users = app.database.write_here(&context, |tx| {
        use diesel::prelude::*;
        Ok(tiendo::db::schema::users::table.count().get_result::<i64>(tx.conn)?)
    });
    assert_eq!(users.expect("counts"), 0);
}

/// AU-11: a link is good for one use, of its own user, for a day; of twenty uses at once one succeeds; the database keeps its digest alone.
#[test]
fn a_link_is_good_for_one_use() {
    let app = TestApp::start();
    let admin = app.admin();
    let invite = |username: &str| {
        let body = json!({"username": username, "full_name": "Người mới", "unit": "SGD", "duties": ["viewer"]});
        admin.post("/api/v1/users", &body).expect(201).json()["invitation"]["token"].as_str().expect("a link").to_owned()
    };
    let accept = |token: &str| app.nobody().post("/api/v1/invitations/accept", &json!({"token": token, "password": PASSWORD}));
    let token = invite("mn.hoa");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..20).map(|_| scope.spawn(|| accept(&token).status)).collect();
        tries.into_iter().map(|one| one.join().expect("answers")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [204, 410, 503].contains(status)), "{statuses:?}");
    accept(&token).problem(410, "gone");
    assert_eq!(accept("khong-phai-lien-ket").faults(), ["/token unknown_reference"]);
    let late = invite("mn.muon");
    app.clock.advance(86_400);
    accept(&late).problem(410, "gone");
    let context = tiendo::db::Context::system("test", app.clock.now());
    let kept: Vec<Vec<u8>> = app
        .database
        .write_here(&context, |tx| {
            use diesel::prelude::*;
            use tiendo::db::schema::invitations;
            Ok(invitations::table.select(invitations::digest).load(tx.conn)?)
        })
        .expect("reads");
    assert!(kept.iter().all(|digest| digest.len() == 32 && digest != token.as_bytes() && digest != late.as_bytes()));
}

/// AU-11, AU-12: a link is for what the account was when it was given; whoever kept one gets no more by it.
#[test]
fn a_link_ends_with_what_the_account_was() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.unit("PGD-A", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện A", "SGD");
    let invited =
        admin.post("/api/v1/users", &json!({"username": "pgd.a", "full_name": "Bùi Thị Hoà", "unit": "PGD-A", "duties": ["viewer"]}));
    let invited = invited.expect(201).json();
    let path = format!("/api/v1/users/{}", invited["id"].as_str().expect("an id"));
    let accept = |link: &serde_json::Value| {
        app.nobody().post("/api/v1/invitations/accept", &json!({"token": link["invitation"]["token"], "password": PASSWORD}))
    };
    let mut link = invited;
    for change in [json!({"duties": ["viewer", "editor"]}), json!({"unit": "SGD"}), json!({"email": "hoa@hoabinh.example.vn"})] {
        admin.patch(&path, "*", &change).expect(200);
        accept(&link).problem(410, "gone");
        link = admin.post(&format!("{path}/reset"), &json!({})).expect(200).json();
    }
    admin.patch(&path, "*", &json!({"position": "Chuyên viên", "duties": ["editor", "viewer"]})).expect(200);
    accept(&link).expect(204);
    let link = admin.post(&format!("{path}/reset"), &json!({})).expect(200).json();
    admin.post(&format!("{path}/disable"), &json!({})).expect(200);
    admin.post(&format!("{path}/enable"), &json!({})).expect(200);
    accept(&link).problem(410, "gone");
    // Nor does one that another unit gave hold once the whole school has left it.
    admin.unit("PGD-B", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện B", "SGD");
    admin.unit("MN-A", "school", "preschool", "Trường Mầm non A", "PGD-A");
    let office = admin.user("pgd.a.qt", "PGD-A", &["admin"]);
    let invite = |by: &Caller<'_>, name: &str| {
        let new = json!({"username": name, "full_name": "Bùi Thị Hoà", "unit": "MN-A", "duties": ["viewer"]});
        by.post("/api/v1/users", &new).expect(201).json()
    };
    let (below, from_above) = (invite(&office, "mn.a"), invite(&admin, "mn.b"));
    admin.patch("/api/v1/units/MN-A", "*", &json!({"parent": "PGD-B"})).expect(200);
    accept(&below).problem(410, "gone");
    accept(&from_above).expect(204);
    // And none does of whom could not give it any more.
    admin.unit("MN-B", "school", "preschool", "Trường Mầm non B", "PGD-A");
    let me = office.get("/api/v1/me").expect(200).id();
    let place = format!("/api/v1/users/{me}");
    let own = |name: &str| {
        let new = json!({"username": name, "full_name": "Bùi Thị Hoà", "unit": "MN-B", "duties": ["viewer"]});
        app.sign_in("pgd.a.qt").post("/api/v1/users", &new).expect(201).json()
    };
    for (name, less, back) in [
        ("mn.c", json!({"duties": ["viewer"]}), json!({"duties": ["admin"]})),
        ("mn.d", json!({"unit": "PGD-B"}), json!({"unit": "PGD-A"})),
    ] {
        let link = own(name);
        admin.patch(&place, "*", &less).expect(200);
        accept(&link).problem(410, "gone");
        admin.patch(&place, "*", &back).expect(200);
        accept(&link).expect(204);
    }
    let link = own("mn.e");
    admin.post(&format!("{place}/disable"), &json!({})).expect(200);
    accept(&link).problem(410, "gone");
}

/// SE-07: an instance that has not heard yet that an account is disabled lets it read for a second more, and lets nobody in for it.
#[test]
fn who_is_disabled_lets_nobody_in_any_more_on_whichever_instance() {
    let app = TestApp::start();
    let admin = app.admin();
    let beside = app.beside();
    let other = admin.user("so.qt", "SGD", &["admin"]);
    let there = Caller { app: &beside, token: other.token.clone() };
    let id = there.get("/api/v1/me").expect(200).id();
    let new = |name: &str| json!({"username": name, "full_name": "Bùi Thị Hoà", "unit": "SGD", "duties": ["viewer"]});
    let invited = there.post("/api/v1/users", &new("ai.do")).expect(201).id();
    let client = json!({"name": "Phần mềm", "unit": "SGD", "scopes": ["units:read"]});
    let made = there.post("/api/v1/clients", &client).expect(201).id();
    admin.post(&format!("/api/v1/users/{id}/disable"), &json!({})).expect(200);
    there.get("/api/v1/users").expect(200);
    there.post("/api/v1/users", &new("ai.nua")).problem(401, "invalid_token");
    there.post(&format!("/api/v1/users/{invited}/reset"), &json!({})).problem(401, "invalid_token");
    there.post("/api/v1/clients", &client).problem(401, "invalid_token");
    there.post(&format!("/api/v1/clients/{made}/rotate"), &json!({})).problem(401, "invalid_token");
    app.clock.advance(1);
    there.get("/api/v1/users").problem(401, "invalid_token");
}

#[test]
fn an_account_that_nobody_uses_is_disabled_and_enabled_again_by_an_admin() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.unit("MN-1", "school", "preschool", "Trường Mầm non Tu Lý", "SGD");
    let (office, school) = (admin.user("vp.hoa", "SGD", &["viewer"]), admin.user("mn.tuly", "MN-1", &["viewer"]));
    let id = |caller: &crate::harness::Caller<'_>| caller.get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").to_owned();
    let (office, school) = (id(&office), id(&school));
    let settings = tiendo::config::ServerSettings::from_flags(&[]).expect("defaults").accounts;
    let tick = || tiendo::app::disable_idle_now(&app.database, &app.clock, &settings).expect("looks");
    app.clock.advance(45 * 86_400 - 10);
    app.sign_in("quan.tri");
    assert_eq!(tick(), 0);
    app.clock.advance(20);
    assert_eq!(tick(), 1);
    let admin = app.sign_in("quan.tri");
    let status = |id: &str| admin.get(&format!("/api/v1/users/{id}")).expect(200).json()["status"].clone();
    assert_eq!((status(&office), status(&school)), (json!("disabled"), json!("active")));
    assert_eq!(sign_in(&app, "vp.hoa", PASSWORD), 401);
    let events = admin.get(&format!("/api/v1/audit-events?resource={office}&action=user.disable")).expect(200).json();
    assert_eq!((&events["data"][0]["actor"]["type"], &events["data"][0]["after"]["reason"]), (&json!("system"), &json!("idle")));
    admin.post(&format!("/api/v1/users/{office}/enable"), &json!({})).expect(200);
    assert_eq!(tick(), 0, "it was just enabled");
    app.clock.advance(45 * 86_400 + 1);
    app.sign_in("quan.tri");
    assert_eq!(tick(), 2, "the school's after ninety days, the office's again");
}

/// SE-09: one sees and ends one's own sessions, an admin those of its scope and of nobody with more duties; no token is ever shown.
#[test]
fn sessions_are_seen_and_ended_by_their_owner_and_its_admins() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.unit("PGD-A", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện A", "SGD");
    let district = admin.user("pgd.a", "PGD-A", &["admin"]);
    let user = admin.user("pgd.xem", "PGD-A", &["viewer"]);
    let powerful = admin.user("pgd.duyet", "PGD-A", &["approver"]);
    let second = app.sign_in("pgd.xem");
    let own = user.get("/api/v1/sessions").expect(200);
    assert!(!String::from_utf8_lossy(&own.body).contains("token"));
    assert_eq!(own.json()["data"].as_array().map(Vec::len), Some(2));
    let id = |caller: &crate::harness::Caller<'_>| caller.get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/sessions?user={}", id(&user));
    let seen = district.get(&path).expect(200).json();
    assert_eq!(seen["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(second.get(&format!("/api/v1/sessions?user={}", id(&district))).faults(), ["user unknown_reference"]);
    assert_eq!(district.get(&format!("/api/v1/sessions?user={}", id(&admin))).faults(), ["user unknown_reference"]);
    let session = seen["data"].as_array().expect("rows").iter().find(|row| row["current"] == json!(false)).expect("one")["id"].clone();
    let session = session.as_str().expect("an id");
    powerful.delete(&format!("/api/v1/sessions/{session}")).problem(404, "not_found");
    district.delete(&format!("/api/v1/sessions/{session}")).expect(204);
    district.delete(&format!("/api/v1/sessions/{session}")).problem(404, "not_found");
    app.clock.advance(1);
    let left = [&user, &second].iter().filter(|caller| caller.get("/api/v1/me").status == 200).count();
    assert_eq!(left, 1);
    let theirs = admin.get(&format!("/api/v1/sessions?user={}", id(&powerful))).expect(200).json();
    let theirs = theirs["data"][0]["id"].as_str().expect("an id");
    district.delete(&format!("/api/v1/sessions/{theirs}")).problem(403, "forbidden");
    powerful.delete("/api/v1/sessions/current").expect(204);
}
