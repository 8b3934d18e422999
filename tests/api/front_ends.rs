//! Front ends of others: people sign in on our own pages, allow an application what they like, and it acts for them with no more than that.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::clients::{form, make};
use crate::harness::{Caller, PASSWORD, Reply, TestApp, column};
use crate::values::province;

const BACK: &str = "https://app.example.vn/back";
const VERIFIER: &str = "mot-chuoi-ngau-nhien-du-dai-de-kiem-chung-0123456789";
const SCOPES: [&str; 4] = ["account:read", "units:read", "units:write", "changes:read"];

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

fn register(admin: &Caller<'_>, unit: &str, kind: &str, back: &str, scopes: &[&str]) -> String {
    let body = json!({"type": kind, "name": "Ứng dụng <b>điều hành</b>", "unit": unit, "scopes": scopes, "redirect_uris": [back]});
    let shown = admin.post("/api/v1/clients", &body).expect(201).json();
    assert_eq!((&shown["client_secret"], &shown["secrets"]), (&Value::Null, &json!([])), "it could keep none");
    shown["client_id"].as_str().expect("an id").to_owned()
}

/// A browser: it keeps cookies, follows nothing by itself, and runs no scripts.
struct Browser<'a> {
    app: &'a TestApp,
    agent: ureq::Agent,
    cookies: RefCell<BTreeMap<String, String>>,
}

struct Page {
    status: u16,
    headers: ureq::http::HeaderMap,
    text: String,
}

impl Page {
    #[track_caller]
    fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Where it sends the browser.
    #[track_caller]
    fn onward(self) -> String {
        self.expect(303).header("location").to_owned()
    }

    /// The hidden members of its first form.
    fn hidden(&self) -> Vec<(String, String)> {
        let form = self.text.split("</form>").next().unwrap_or_default();
        let value = |tag: &str, name: &str| Some(tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?.replace("&amp;", "&"));
        let inputs = form.split("<input").skip(1).filter(|tag| tag.contains("type=\"hidden\""));
        inputs.filter_map(|tag| Some((value(tag, "name")?, value(tag, "value")?))).collect()
    }
}

impl<'a> Browser<'a> {
    fn of(app: &'a TestApp) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).timeout_global(Some(Duration::from_mins(2)));
        Self { app, agent: agent.build().into(), cookies: RefCell::default() }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Page {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.app.base));
        let cookies: Vec<String> = self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        request = request.header("Cookie", cookies.join("; "));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = self.agent.run(request.body(body).expect("a request")).expect("an answer");
        for line in response.headers().get_all("set-cookie") {
            let line = line.to_str().expect("text");
            assert!(line.contains("HttpOnly") && line.contains("SameSite=") && line.contains("Path=/"), "{line}");
            let (name, value) = line.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Page { status, headers, text: response.body_mut().read_to_string().expect("text") }
    }

    fn get(&self, path: &str) -> Page {
        self.send("GET", path, &[], "")
    }

    fn post<K: AsRef<str>, V: AsRef<str>>(&self, path: &str, members: &[(K, V)]) -> Page {
        let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
        self.send("POST", path, &[("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin")], &body)
    }

    /// Sends a page's first form with more members.
    fn fill(&self, page: &Page, path: &str, more: &[(&str, &str)]) -> Page {
        let mut members = page.hidden();
        members.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.post(path, &members)
    }

    /// Signs in on the way to a path; answers where that leads.
    fn sign_in(&self, path: &str, username: &str) -> String {
        let page = self.get(&self.get(path).onward()).expect(200);
        let told = self.app.credentials(username);
        let code = told["totp"].as_str().unwrap_or_default();
        self.fill(&page, "/account/sign-in", &[("username", username), ("password", PASSWORD), ("totp", code)]).onward()
    }
}

/// The address that an application sends people to.
fn asking(client: &str, back: &str, more: &[(&str, &str)]) -> String {
    let challenge = challenge(VERIFIER);
    let mut members: BTreeMap<&str, &str> = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", back),
        ("state", "trang thai"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]
    .into();
    for (name, value) in more {
        if value.is_empty() {
            members.remove(name)
        } else {
            members.insert(name, value)
        };
    }
    format!("/oauth/authorize?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish())
}

/// What an application is told where people are taken back to.
#[track_caller]
fn told(back: &str, location: &str) -> BTreeMap<String, String> {
    let query = location.strip_prefix(back).and_then(|rest| rest.strip_prefix('?')).unwrap_or_else(|| panic!("not back: {location}"));
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Allows everything that is asked; answers the code.
fn allow(browser: &Browser<'_>, path: &str, back: &str) -> String {
    let page = browser.get(path);
    let location =
        if page.status == 303 { page.onward() } else { browser.fill(&page, "/oauth/authorize", &[("decision", "allow")]).onward() };
    told(back, &location).remove("code").unwrap_or_else(|| panic!("no code: {location}"))
}

/// Signs somebody in on our own pages and with a front end.
pub fn let_in(app: &TestApp, admin: &Caller<'_>, username: &str) {
    let client = register(admin, "SGD", "web", BACK, &SCOPES);
    let browser = Browser::of(app);
    let path = asking(&client, BACK, &[]);
    let _ = browser.sign_in(&path, username);
    exchange(app, &client, &allow(&browser, &path, BACK), BACK, VERIFIER).expect(200);
}

fn exchange(app: &TestApp, client: &str, code: &str, back: &str, verifier: &str) -> Reply {
    let members =
        [("grant_type", "authorization_code"), ("client_id", client), ("code", code), ("redirect_uri", back), ("code_verifier", verifier)];
    form(app, "/oauth/token", None, &members)
}

fn refresh(app: &TestApp, client: &str, token: &str, more: &[(&str, &str)]) -> Reply {
    let members: Vec<(&str, &str)> =
        [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)].iter().chain(more).copied().collect();
    form(app, "/oauth/token", None, &members)
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_else(|| panic!("no {member}: {value}"))
}

#[track_caller]
fn error(reply: Reply, status: u16) -> String {
    text(&reply.expect(status).json(), "error").to_owned()
}

/// The whole way: signing in, consent that is remembered, a code, tokens that reach as far as person and consent do, refresh, and taking back.
#[test]
fn a_person_lets_an_application_act_and_takes_it_back() {
    let app = TestApp::start();
    let admin = province(&app);
    let clerk = admin.user("pgd.db", "PGD-DB", &["editor", "admin"]);
    let client = register(&admin, "SGD", "web", BACK, &SCOPES);
    let browser = Browser::of(&app);
    let path = asking(&client, BACK, &[("scope", "account:read units:read units:write")]);
    let page = browser.get(&browser.get(&path).onward()).expect(200);
    let policy = page.header("content-security-policy");
    assert_eq!(
        policy,
        "default-src 'none'; style-src 'self'; form-action 'self' https://app.example.vn; base-uri 'none'; frame-ancestors 'none'"
    );
    assert_eq!((page.header("x-frame-options"), page.header("cache-control"), page.header("content-language")), ("DENY", "no-store", "vi"));
    let next = browser.sign_in(&path, "pgd.db");
    let page = browser.get(&next).expect(200);
    assert!(page.text.contains("Ứng dụng &lt;b&gt;điều hành&lt;/b&gt;") && page.text.contains("Thêm và sửa đơn vị."), "{}", page.text);
    assert!(!page.text.contains("Theo dõi các thay đổi.") && page.text.contains("app.example.vn"), "what was asked, and whereto");
    let english = browser.get(&next.replace("ui_locales=vi", "ui_locales=en")).expect(200);
    assert!(english.text.contains("Create and change units.") && english.text.contains("<html lang=\"en\">"));
    let location = browser.fill(&page, "/oauth/authorize", &[("decision", "allow")]).onward();
    let back = told(BACK, &location);
    assert_eq!((back["state"].as_str(), back["iss"].as_str()), ("trang thai", app.base.as_str()));

    let reply = exchange(&app, &client, &back["code"], BACK, VERIFIER).expect(200);
    assert_eq!(reply.header("cache-control"), "no-store");
    let tokens = reply.json();
    assert_eq!((text(&tokens, "token_type"), text(&tokens, "scope")), ("Bearer", "units:read account:read units:write"));
    let acting = app.bearer(text(&tokens, "access_token"));
    let me = acting.get("/api/v1/me").expect(200).json();
    assert_eq!((&me["username"], &me["permissions"]), (&json!("pgd.db"), &json!(["account:read", "units:read", "units:write"])));
    acting.patch("/api/v1/units/MN-DB-001", "*", &json!({"short_name": "MN Tu Lý"})).expect(200);
    acting.get("/api/v1/units/MN-DB-001").expect(200);
    let _ = acting.patch("/api/v1/units/MN-MC-001", "*", &json!({"short_name": "x"})).problem(404, "not_found");
    for path in ["/api/v1/changes?limit=0", "/api/v1/reports", "/api/v1/users", "/api/v1/clients", "/api/v1/sessions"] {
        let _ = acting.get(path).problem(403, "forbidden");
    }
    let _ = acting
        .put("/api/v1/me/password", ("If-Match", "*"), &json!({"current_password": PASSWORD, "new_password": "một mật khẩu khác hẳn"}))
        .problem(403, "forbidden");
    // On record: who, with what.
    let events = admin.get("/api/v1/audit-events?action=unit.update").expect(200).json();
    let actor = &events["data"][0]["actor"];
    assert_eq!(
        (&actor["type"], &actor["client"]["id"], &actor["client"]["name"]),
        (&json!("user"), &json!(client), &json!("Ứng dụng <b>điều hành</b>"))
    );
    let begun = admin.get("/api/v1/audit-events?action=session.create").expect(200).json();
    let begun =
        begun["data"].as_array().expect("rows").iter().find(|row| row["after"]["client"]["id"] == json!(client)).expect("on record");
    assert_eq!(begun["actor"]["name"], "Người dùng pgd.db");
    app.db_seal();
    let verdict = app
        .database
        .write_here(&tiendo::db::Context::system("test", app.clock.now()), |tx| tiendo::journal::verify::verify(tx, &[], &mut |_| ()));
    assert!(verdict.expect("verifies").bad.is_none());

    // The next time nobody is asked, but for more.
    let again = told(BACK, &browser.get(&path).onward());
    exchange(&app, &client, &again["code"], BACK, VERIFIER).expect(200);
    browser.get(&asking(&client, BACK, &[("scope", "changes:read")])).expect(200);
    browser.get(&asking(&client, BACK, &[("scope", "units:read"), ("prompt", "consent")])).expect(200);

    // Refresh: one successor each; less may be asked, not more.
    let next = refresh(&app, &client, text(&tokens, "refresh_token"), &[("scope", "units:read")]).expect(200).json();
    assert_eq!(text(&next, "scope"), "units:read");
    let _ = app.bearer(text(&next, "access_token")).get("/api/v1/me").problem(403, "forbidden");
    assert_eq!(error(refresh(&app, &client, text(&next, "refresh_token"), &[("scope", "units:read changes:read")]), 400), "invalid_scope");
    let whole = refresh(&app, &client, text(&next, "refresh_token"), &[]).expect(200).json();
    assert_eq!(text(&whole, "scope"), text(&tokens, "scope"));

    // A person sees what acts for it, in both places, and ends it.
    assert!(column(&clerk.get("/api/v1/sessions").expect(200).json(), "device").contains(&"Ứng dụng <b>điều hành</b>".to_owned()));
    let page = browser.get("/account").expect(200);
    assert!(page.text.contains("Ứng dụng &lt;b&gt;điều hành&lt;/b&gt;") && page.text.contains("Xem đơn vị."), "{}", page.text);
    assert_eq!(browser.fill(&page, "/account/withdraw", &[]).onward(), "/account?ui_locales=vi");
    app.clock.advance(1);
    acting.get("/api/v1/me").problem(401, "invalid_token");
    assert_eq!(error(refresh(&app, &client, text(&whole, "refresh_token"), &[]), 400), "invalid_grant");
    browser.get(&path).expect(200);
    let page = browser.get("/account").expect(200);
    assert!(browser.fill(&page, "/account/sign-out", &[]).onward().starts_with("/account/sign-in"));
    assert!(browser.get("/account").onward().starts_with("/account/sign-in"));
}

/// Nobody is taken to an address that is not registered sign by sign, whatever else is right.
#[test]
fn people_are_taken_back_only_to_registered_addresses() {
    let app = TestApp::start();
    let admin = app.admin();
    let client = register(&admin, "SGD", "web", BACK, &SCOPES);
    let browser = Browser::of(&app);
    let _ = browser.sign_in("/account", "quan.tri");
    for back in [
        "https://app.example.vn/back/",
        "https://app.example.vn/back?x=1",
        "https://app.example.vn/BACK",
        "https://app.example.vn",
        "https://app.example.vn.evil.example/back",
        "https://app.example.vn@evil.example/back",
        "http://app.example.vn/back",
        "https://evil.example/",
        "//evil.example/back",
        "javascript:alert(1)",
        "",
    ] {
        for path in
            [asking(&client, back, &[("redirect_uri", back)]), asking(&client, back, &[("redirect_uri", back), ("response_type", "token")])]
        {
            let page = browser.get(&path).expect(400);
            assert!(page.header("location").is_empty() && page.text.contains("role=\"alert\""), "{back}");
            assert!(!page.text.contains("evil"), "nothing of it is shown");
        }
    }
    let strange = asking("01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", BACK, &[]);
    assert!(browser.get(&strange).expect(400).header("location").is_empty());
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.example", asking(&client, BACK, &[]));
    browser.get(&twice).expect(400);
    // A machine account sends nobody anywhere.
    let machine = make(&admin, "SGD", &["units:read"]);
    browser.get(&asking(&machine.id, BACK, &[])).expect(400);
    admin.post(&format!("/api/v1/clients/{client}/disable"), &json!({})).expect(200);
    browser.get(&asking(&client, BACK, &[])).expect(400);
    // Signing in leads to what we were asked, and nowhere else.
    for to in ["https://evil.example/", "//evil.example", "/\\evil.example", "/docs", "javascript:alert(1)", "/oauth/authorizes"] {
        let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("continue", to).finish();
        let page = Browser::of(&app).get(&format!("/account/sign-in?{query}")).expect(200);
        assert!(page.hidden().contains(&("continue".to_owned(), "/account".to_owned())), "{to}");
    }
}

/// What is wrong with the rest of a request is told to the application, with who tells it (RFC 9207); a challenge is by S256 or not at all.
#[test]
fn errors_go_back_and_no_challenge_is_downgraded() {
    let app = TestApp::start();
    let admin = app.admin();
    let client = register(&admin, "SGD", "web", BACK, &SCOPES);
    let browser = Browser::of(&app);
    let _ = browser.sign_in("/account", "quan.tri");
    for (more, expected) in [
        (vec![("code_challenge_method", "plain"), ("code_challenge", VERIFIER)], "invalid_request"),
        (vec![("code_challenge_method", "")], "invalid_request"),
        (vec![("code_challenge", "")], "invalid_request"),
        (vec![("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
        (vec![("code_challenge", "ngan")], "invalid_request"),
        (vec![("code_challenge_method", "s256")], "invalid_request"),
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("response_type", "code token")], "unsupported_response_type"),
        (vec![("response_type", "")], "invalid_request"),
        (vec![("scope", "plans:decide")], "invalid_scope"),
        (vec![("scope", "users:write")], "invalid_scope"),
        (vec![("request_uri", "https://evil.example/r")], "request_not_supported"),
        (vec![("prompt", "none")], "consent_required"),
    ] {
        let back = told(BACK, &browser.get(&asking(&client, BACK, &more)).onward());
        assert_eq!(
            (back["error"].as_str(), back["iss"].as_str(), back["state"].as_str()),
            (expected, app.base.as_str(), "trang thai"),
            "{more:?}"
        );
        assert!(!back.contains_key("code"));
    }
    let nobody = Browser::of(&app);
    let back = told(BACK, &nobody.get(&asking(&client, BACK, &[("prompt", "none")])).onward());
    assert_eq!(back["error"], "login_required");
    let page = browser.get(&asking(&client, BACK, &[])).expect(200);
    let back = told(BACK, &browser.fill(&page, "/oauth/authorize", &[("decision", "deny")]).onward());
    assert_eq!((back["error"].as_str(), back.contains_key("code")), ("access_denied", false));
    browser.get(&asking(&client, BACK, &[])).expect(200);
    assert!(browser.get(&asking(&client, BACK, &[("prompt", "login")])).onward().starts_with("/account/sign-in"));
}

/// A code is good once, within a minute, for its own client, address and verifier; what does not fit burns it, and one that comes back ends
/// what came of it, on every instance.
#[test]
fn a_code_is_good_for_one_use_by_whom_it_was_given_to() {
    let app = TestApp::start();
    let beside = app.beside();
    let admin = app.admin();
    let client = register(&admin, "SGD", "web", BACK, &SCOPES);
    let other = register(&admin, "SGD", "web", BACK, &SCOPES);
    let browser = Browser::of(&app);
    let _ = browser.sign_in("/account", "quan.tri");
    let path = asking(&client, BACK, &[]);
    let code = || allow(&browser, &path, BACK);
    let wrong = VERIFIER.replace('0', "1");
    for (who, back, verifier) in [
        (&other, BACK, VERIFIER),
        (&client, "https://app.example.vn/", VERIFIER),
        (&client, BACK, wrong.as_str()),
        (&client, BACK, challenge(VERIFIER).as_str()),
        (&client, BACK, "ngan"),
    ] {
        let code = code();
        assert_eq!(error(exchange(&app, who, &code, back, verifier), 400), "invalid_grant");
        assert_eq!(error(exchange(&app, &client, &code, BACK, VERIFIER), 400), "invalid_grant", "it is burnt");
    }
    let late = code();
    app.clock.advance(61);
    assert_eq!(error(exchange(&app, &client, &late, BACK, VERIFIER), 400), "invalid_grant");
    assert_eq!(error(exchange(&app, &client, "khong-co", BACK, VERIFIER), 400), "invalid_grant");
    let code_of_now = code();
    let without = [("grant_type", "authorization_code"), ("client_id", client.as_str()), ("code", &code_of_now), ("redirect_uri", BACK)];
    assert_eq!(error(form(&app, "/oauth/token", None, &without), 400), "invalid_request");
    // Replayed: by whomever, the tokens that came of it are gone.
    let first = exchange(&app, &client, &code_of_now, BACK, VERIFIER).expect(200).json();
    let token = text(&first, "access_token");
    for app in [&app, &beside] {
        app.bearer(token).get("/api/v1/me").expect(200);
    }
    assert_eq!(error(exchange(&beside, &client, &code_of_now, BACK, VERIFIER), 400), "invalid_grant");
    app.clock.advance(1);
    for app in [&app, &beside] {
        app.bearer(token).get("/api/v1/me").problem(401, "invalid_token");
    }
    assert_eq!(error(refresh(&app, &client, text(&first, "refresh_token"), &[]), 400), "invalid_grant");
    let events = admin.get("/api/v1/audit-events?action=code.reuse").expect(200).json();
    assert_eq!(events["data"].as_array().map(Vec::len), Some(1));
    // Twenty at once are one.
    let code = code();
    let winners: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> =
            (0..10).flat_map(|_| [&app, &beside]).map(|app| scope.spawn(|| exchange(app, &client, &code, BACK, VERIFIER).status)).collect();
        tries.into_iter().map(|one| one.join().expect("answers")).filter(|status| *status == 200).collect()
    });
    assert_eq!(winners.len(), 1);
}

/// SE-05: a refresh token is nothing to another client, to our own sessions, or the other way round, and stays what it is where it belongs.
/// SE-01: one that was used ends the session.
#[test]
fn a_refresh_token_belongs_to_one_client() {
    let app = TestApp::start();
    let admin = app.admin();
    let client = register(&admin, "SGD", "web", BACK, &SCOPES);
    let other = register(&admin, "SGD", "web", BACK, &SCOPES);
    let machine = make(&admin, "SGD", &["units:read"]);
    let browser = Browser::of(&app);
    let _ = browser.sign_in("/account", "quan.tri");
    let tokens = exchange(&app, &client, &allow(&browser, &asking(&client, BACK, &[]), BACK), BACK, VERIFIER).expect(200).json();
    let token = text(&tokens, "refresh_token");
    assert_eq!(error(refresh(&app, &other, token, &[]), 400), "invalid_grant");
    assert_eq!(error(refresh(&app, &machine.id, token, &[]), 400), "invalid_grant");
    let _ = app.nobody().post("/api/v1/sessions/refresh", &json!({"refresh_token": token})).problem(401, "invalid_refresh_token");
    let own = app.nobody().post("/api/v1/sessions", &app.credentials("quan.tri")).expect(201).json();
    assert_eq!(error(refresh(&app, &client, text(&own, "refresh_token"), &[]), 400), "invalid_grant");
    app.nobody().post("/api/v1/sessions/refresh", &json!({"refresh_token": own["refresh_token"]})).expect(200);
    // Another client takes nothing back, its own does.
    let revoke = |client: &str, token: &str| form(&app, "/oauth/revoke", None, &[("client_id", client), ("token", token)]).status;
    assert_eq!((revoke(&other, token), revoke(&other, text(&tokens, "access_token"))), (200, 200));
    let second = refresh(&app, &client, token, &[]).expect(200).json();
    assert_eq!(
        text(&refresh(&app, &client, token, &[]).expect(200).json(), "refresh_token"),
        text(&second, "refresh_token"),
        "a lost answer"
    );
    app.clock.advance(11);
    assert_eq!(error(refresh(&app, &client, token, &[]), 400), "invalid_grant");
    assert_eq!(error(refresh(&app, &client, text(&second, "refresh_token"), &[]), 400), "invalid_grant", "the family is gone");
    app.bearer(text(&second, "access_token")).get("/api/v1/me").problem(401, "invalid_token");
    for part in ["access_token", "refresh_token"] {
        let tokens = exchange(&app, &client, &allow(&browser, &asking(&client, BACK, &[]), BACK), BACK, VERIFIER).expect(200).json();
        assert_eq!(revoke(&client, text(&tokens, part)), 200);
        app.clock.advance(1);
        app.bearer(text(&tokens, "access_token")).get("/api/v1/me").problem(401, "invalid_token");
        assert_eq!(error(refresh(&app, &client, text(&tokens, "refresh_token"), &[]), 400), "invalid_grant");
    }
    assert_eq!(form(&app, "/oauth/introspect", None, &[("client_id", &client), ("token", token)]).status, 401, "it proves nothing");
    // What its scopes lose, or its client, its people's sessions lose too.
    let tokens = exchange(&app, &client, &allow(&browser, &asking(&client, BACK, &[]), BACK), BACK, VERIFIER).expect(200).json();
    let acting = app.bearer(text(&tokens, "access_token"));
    acting.get("/api/v1/units?limit=1").expect(200);
    admin.patch(&format!("/api/v1/clients/{client}"), "*", &json!({"scopes": ["account:read"]})).expect(200);
    app.clock.advance(1);
    let _ = acting.get("/api/v1/units?limit=1").problem(403, "forbidden");
    admin.post(&format!("/api/v1/clients/{client}/disable"), &json!({})).expect(200);
    app.clock.advance(1);
    acting.get("/api/v1/me").problem(401, "invalid_token");
    assert_eq!(error(refresh(&app, &client, text(&tokens, "refresh_token"), &[]), 400), "invalid_grant");
}

/// A form that another site, or another browser, sends changes nothing: neither signing in nor allowing nor taking back.
#[test]
fn a_form_must_come_from_our_own_page_in_the_same_browser() {
    let app = TestApp::start();
    let admin = app.admin();
    let client = register(&admin, "SGD", "web", BACK, &SCOPES);
    let (browser, attacker) = (Browser::of(&app), Browser::of(&app));
    let _ = browser.sign_in("/account", "quan.tri");
    let path = asking(&client, BACK, &[]);
    let page = browser.get(&path).expect(200);
    let mut members = page.hidden();
    members.push(("decision".to_owned(), "allow".to_owned()));
    let tag = members.iter().position(|(name, _)| name == "form_token").expect("a tag");
    let without: Vec<_> = members.iter().filter(|(name, _)| name != "form_token").cloned().collect();
    let theirs = attacker.get("/account/sign-in").expect(200).hidden();
    let mut with_theirs = members.clone();
    with_theirs[tag] = theirs.into_iter().find(|(name, _)| name == "form_token").expect("a tag");
    for members in [&without, &with_theirs] {
        assert!(browser.post("/oauth/authorize", members).expect(403).header("location").is_empty());
    }
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(&members).finish();
    let form_type = ("Content-Type", "application/x-www-form-urlencoded");
    for site in ["cross-site", "same-site"] {
        browser.send("POST", "/oauth/authorize", &[form_type, ("Sec-Fetch-Site", site)], &body).expect(403);
    }
    // The tag of before signing in is none of after.
    let fresh = Browser::of(&app);
    let before = fresh.get("/account/sign-in").expect(200).hidden();
    let _ = fresh.sign_in("/account", "quan.tri");
    for path in ["/account/sign-out", "/account/withdraw", "/oauth/authorize"] {
        fresh.post(path, &before).expect(403);
    }
    attacker.post("/account/sign-in", &[("username", "quan.tri"), ("password", PASSWORD)]).expect(403);
    let page = browser.get(&path).expect(200);
    assert!(page.text.contains("name=\"decision\""), "still to be asked: nothing was allowed");
    browser.send("POST", "/oauth/authorize", &[("Content-Type", "application/json")], "{}").expect(415);
    browser.send("PUT", "/oauth/authorize", &[], "").expect(405);
}

/// AU-01, AU-06, AU-14: our own page refuses as the API does, and counts the same guesses.
#[test]
fn the_page_of_signing_in_is_no_way_around() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.user("mn.hoa", "SGD", &["viewer"]);
    let browser = Browser::of(&app);
    let attempt = |username: &str, password: &str, code: &str| {
        let page = browser.get("/account/sign-in").expect(200);
        browser.fill(&page, "/account/sign-in", &[("username", username), ("password", password), ("totp", code)])
    };
    let bare = |page: Page| {
        let tag = page.hidden().into_iter().find(|(name, _)| name == "form_token").expect("a tag").1;
        page.text.replace(&tag, "").replace("khong.co", "").replace("mn.hoa", "")
    };
    let wrong = bare(attempt("mn.hoa", "sai hoàn toàn", "").expect(401));
    assert!(wrong.contains("role=\"alert\""));
    for (username, password, code) in
        [("khong.co", PASSWORD, ""), ("mn.hoa", "sai", "12"), ("mn.hoa\u{0}", PASSWORD, ""), ("", "", ""), ("x", &"x".repeat(200), "")]
    {
        assert_eq!(attempt(username, password, code).status, 401, "{username:?}");
    }
    assert_eq!(bare(attempt("khong.co", PASSWORD, "").expect(401)), wrong);
    // Right, but for the code.
    let page = attempt("quan.tri", PASSWORD, "").expect(401);
    assert!(page.text.contains("xác thực hai lớp") && page.headers.get("set-cookie").is_none());
    assert_eq!(attempt("quan.tri", PASSWORD, "000000").status, 401);
    let code = app.credentials("quan.tri")["totp"].as_str().expect("a code").to_owned();
    assert_eq!(attempt("quan.tri", PASSWORD, &code).onward(), "/account?ui_locales=vi");
    for _ in 0..5 {
        attempt("mn.hoa", "sai hoàn toàn", "").expect(401);
    }
    assert_eq!(bare(attempt("mn.hoa", PASSWORD, "").expect(401)), wrong, "it waits, as anywhere");
    let _ = app.nobody().post("/api/v1/sessions", &json!({"username": "mn.hoa", "password": PASSWORD})).problem(401, "invalid_credentials");
    // The cookie is a cookie: no token, and no token a cookie.
    let cookie = browser.cookies.borrow().get("tiendo-account").cloned().expect("a cookie");
    app.bearer(&cookie).get("/api/v1/me").problem(401, "invalid_token");
    let _ = app.nobody().post("/api/v1/sessions/refresh", &json!({"refresh_token": cookie})).problem(401, "invalid_refresh_token");
    browser.get("/account").expect(200);
    // Ending its session where all are listed ends it here.
    let sessions = admin.get("/api/v1/sessions").expect(200).json();
    let one = sessions["data"].as_array().expect("rows").iter().find(|row| row["device"] == "/account").expect("it is listed");
    admin.delete(&format!("/api/v1/sessions/{}", text(one, "id"))).expect(204);
    assert!(browser.get("/account").onward().starts_with("/account/sign-in"));
}

/// An app on a device: an address of its own scheme may be anybody's, so its person is asked each time, and it stays in for weeks.
#[test]
fn an_app_on_a_device_is_asked_for_each_time_and_stays_in_for_long() {
    let app = TestApp::start();
    let admin = province(&app);
    let back = "vn.example.app:/back";
    let client = register(&admin, "PGD-DB", "mobile", back, &SCOPES);
    admin.user("mn.tuly", "MN-DB-001", &["viewer"]);
    admin.user("mn.mc", "MN-MC-001", &["viewer"]);
    let browser = Browser::of(&app);
    let path = asking(&client, back, &[]);
    let _ = browser.sign_in(&path, "mn.tuly");
    let page = browser.get(&path).expect(200);
    assert!(page.header("content-security-policy").contains("form-action 'self' vn.example.app:;"));
    let code = allow(&browser, &path, back);
    browser.get(&path).expect(200);
    let mut tokens = exchange(&app, &client, &code, back, VERIFIER).expect(200).json();
    for _ in 0..3 {
        app.clock.advance(9 * 86_400);
        tokens = refresh(&app, &client, text(&tokens, "refresh_token"), &[]).expect(200).json();
        app.bearer(text(&tokens, "access_token")).get("/api/v1/me").expect(200);
    }
    app.clock.advance(4 * 86_400);
    assert_eq!(error(refresh(&app, &client, text(&tokens, "refresh_token"), &[]), 400), "invalid_grant", "thirty days at the most");
    // It is for people of its unit and below.
    let stranger = Browser::of(&app);
    let _ = stranger.sign_in(&path, "mn.mc");
    let page = stranger.get(&path).expect(403);
    assert!(page.text.contains("chỉ dành cho người của") && page.header("location").is_empty());
}

/// Every page says its language, has a title and one heading, names each field, needs no script and brings none.
#[test]
fn pages_can_be_read_by_whoever_comes() {
    let app = TestApp::start_with(|settings| settings.public_url = Some("https://tiendo.example.vn".to_owned()));
    let admin = app.admin();
    let client = register(&admin, "SGD", "web", BACK, &SCOPES);
    let browser = Browser::of(&app);
    let path = asking(&client, BACK, &[]);
    let sign_in = browser.get(&browser.get(&path).onward()).expect(200);
    let _ = browser.sign_in(&path, "quan.tri");
    let cookies: BTreeSet<String> = browser.cookies.borrow().keys().cloned().collect();
    assert_eq!(cookies, BTreeSet::from(["__Host-tiendo-account".to_owned(), "__Host-tiendo-form".to_owned()]));
    let consent = browser.get(&path).expect(200);
    let code = browser.fill(&consent, "/oauth/authorize", &[("decision", "allow")]).onward();
    assert_eq!(told(BACK, &code)["iss"], "https://tiendo.example.vn");
    let accounts = browser.get("/account?ui_locales=en").expect(200);
    assert!(accounts.text.contains("Allowed applications"));
    // What was chosen stays chosen.
    let left = browser.fill(&accounts, "/account/sign-out", &[]).onward();
    assert!(left.starts_with("/account/sign-in?") && left.ends_with("&ui_locales=en"), "{left}");
    assert!(accounts.text.contains("/account/password?ui_locales=en"));
    for page in [sign_in, consent, accounts, browser.get("/oauth/authorize").expect(400)] {
        let document = roxmltree_of(&page.text);
        for tag in ["<script", "onclick", "onload", "style=", "javascript:"] {
            assert!(!page.text.contains(tag), "{tag}: {}", page.text);
        }
        let all = |name: &'static str| document.descendants().filter(move |node| node.has_tag_name(name)).collect::<Vec<_>>();
        assert_eq!((all("h1").len(), all("main").len(), all("title").len()), (1, 1, 1));
        assert!(all("html")[0].attribute("lang").is_some_and(|lang| ["vi", "en"].contains(&lang)));
        let labelled: Vec<&str> = all("label").iter().filter_map(|label| label.attribute("for")).collect();
        for input in all("input").iter().filter(|input| input.attribute("type") != Some("hidden")) {
            assert!(input.attribute("id").is_some_and(|id| labelled.contains(&id)) && input.attribute("autocomplete").is_some());
        }
        for button in all("button") {
            assert!(button.text().is_some_and(|text| !text.is_empty()));
        }
        let ids: Vec<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len());
    }
    let style = browser.get("/account/style.css").expect(200);
    assert!(style.header("content-type").starts_with("text/css") && style.text.contains("prefers-color-scheme:dark"));
    let told = app.nobody().get("/.well-known/oauth-authorization-server").expect(200).json();
    assert_eq!(told["authorization_endpoint"], "https://tiendo.example.vn/oauth/authorize");
    assert_eq!(
        (&told["code_challenge_methods_supported"], &told["authorization_response_iss_parameter_supported"]),
        (&json!(["S256"]), &json!(true))
    );
}

/// What a front end has of a person holds as long as it is the one that the person knew, stands, and is for this person; what is out of date
/// is asked anew or ends, within a second on every instance.
#[test]
fn what_a_person_allowed_was_allowed_to_this_front_end_as_it_was() {
    let app = TestApp::start();
    let beside = app.beside();
    let admin = province(&app);
    admin.user("pgd.db", "PGD-DB", &["editor"]);
    let client = register(&admin, "PGD-DB", "web", BACK, &SCOPES);
    let place = format!("/api/v1/clients/{client}");
    let browser = Browser::of(&app);
    let path = asking(&client, BACK, &[]);
    let _ = browser.sign_in(&path, "pgd.db");
    let code = allow(&browser, &path, BACK);
    let mut tokens = exchange(&app, &client, &code, BACK, VERIFIER).expect(200).json();
    assert_eq!(browser.send("HEAD", &path, &[], "").status, 200, "who only looks is given no code");
    let _ = told(BACK, &browser.get(&path).onward());
    // More networks, scopes or time make no other of it; a name or a place that people did not know does.
    admin.patch(&place, "*", &json!({"scopes": SCOPES})).expect(200);
    let _ = told(BACK, &browser.get(&path).onward());
    for change in [json!({"name": "Tên khác"}), json!({"redirect_uris": [BACK, "https://khac.example.vn/back"]})] {
        admin.patch(&place, "*", &change).expect(200);
        let page = browser.get(&path).expect(200);
        assert!(page.text.contains("name=\"decision\""), "asked anew after {change}");
        let _ = browser.fill(&page, "/oauth/authorize", &[("decision", "allow")]).onward();
    }
    admin.patch(&place, "*", &json!({"redirect_uris": [BACK]})).expect(200);
    let _ = told(BACK, &browser.get(&path).onward());
    // What is decided on a page holds for what the page showed: of what was changed since it is asked once more.
    let (anew, more) = (asking(&client, BACK, &[("prompt", "consent")]), [&SCOPES[..], &["plans:read"]].concat());
    for change in [json!({"name": "Tên khác nữa"}), json!({"scopes": more})] {
        let page = browser.get(&anew).expect(200);
        admin.patch(&place, "*", &change).expect(200);
        let page = browser.fill(&page, "/oauth/authorize", &[("decision", "allow")]);
        assert!(page.expect(200).text.contains("name=\"decision\""), "asked once more after {change}");
    }
    admin.patch(&place, "*", &json!({"name": "Tên khác", "scopes": SCOPES})).expect(200);
    let page = browser.get(&path).expect(200);
    let _ = told(BACK, &browser.fill(&page, "/oauth/authorize", &[("decision", "allow")]).onward());

    // What it had when it was disabled may be why: its people sign in anew, and it is still what they allowed.
    admin.post(&format!("{place}/disable"), &json!({})).expect(200);
    app.clock.advance(1);
    assert_eq!(error(refresh(&app, &client, text(&tokens, "refresh_token"), &[]), 400), "invalid_grant");
    app.clock.advance(60);
    admin.post(&format!("{place}/enable"), &json!({})).expect(200);
    app.bearer(text(&tokens, "access_token")).get("/api/v1/me").problem(401, "invalid_token");
    assert_eq!(error(refresh(&beside, &client, text(&tokens, "refresh_token"), &[]), 400), "invalid_grant");
    let code = told(BACK, &browser.get(&path).onward())["code"].clone();
    tokens = exchange(&beside, &client, &code, BACK, VERIFIER).expect(200).json();
    beside.bearer(text(&tokens, "access_token")).get("/api/v1/me").expect(200);

    // Who goes to a unit that it is not for takes it along nowhere.
    let user = app.bearer(text(&tokens, "access_token")).get("/api/v1/me").expect(200).json()["id"].as_str().expect("an id").to_owned();
    admin.patch(&format!("/api/v1/users/{user}"), "*", &json!({"unit": "SGD"})).expect(200);
    app.clock.advance(1);
    for app in [&app, &beside] {
        app.bearer(text(&tokens, "access_token")).get("/api/v1/me").problem(401, "invalid_token");
        assert_eq!(error(refresh(app, &client, text(&tokens, "refresh_token"), &[]), 400), "invalid_grant");
    }
    browser.get(&path).expect(403);
}

/// AZ-08: a front end that writes reports records values in them only where it was allowed to record values.
#[test]
fn a_front_end_that_writes_reports_records_no_values_by_it() {
    let app = TestApp::start();
    let admin = province(&app);
    admin.user("mn.tuly", "MN-DB-001", &["editor"]);
    let form = json!({"code": "BC", "title_vi": "Báo cáo", "title_en": "Report", "indicators": [{"indicator": "MN03"}],
        "sections": [{"key": "results", "title_vi": "Kết quả", "title_en": "Results"}, {"key": "work", "title_vi": "Việc", "title_en": "Work", "group": "1"}]});
    admin.post("/api/v1/report-forms", &form).expect(201);
    crate::evidence::given(&admin, "MN-DB-001");
    let due = json!({"school": "2025-06-17", "district": "2025-06-20", "department": "2025-06-25"});
    let round = json!({"code": "2025-H1", "title_vi": "Báo cáo", "title_en": "Report", "period": "2025-H1", "form": "BC",
        "owes": {"within": "SGD"}, "due_on": due});
    admin.post("/api/v1/reporting-rounds", &round).expect(201);
    admin.post("/api/v1/reporting-rounds/2025-H1/open", &json!({})).expect(200);
    let value = json!({"sections": [], "values": [{"indicator": "MN03", "numerator": 3, "denominator": 4}]});
    for (scopes, status) in [(&["reports:write"][..], 403), (&["reports:write", "indicator-values:write"], 200)] {
        let client = register(&admin, "SGD", "web", BACK, scopes);
        let (browser, path) = (Browser::of(&app), asking(&client, BACK, &[("scope", &scopes.join(" "))]));
        let _ = browser.sign_in(&path, "mn.tuly");
        let code = allow(&browser, &path, BACK);
        let tokens = exchange(&app, &client, &code, BACK, VERIFIER).expect(200).json();
        let program = app.bearer(text(&tokens, "access_token"));
        let begun = program.post("/api/v1/reports", &json!({"round": "2025-H1", "unit": "MN-DB-001"}));
        let report = if begun.status == 201 {
            // Nor is it told the work of the unit, with which a person's report begins.
            assert_eq!(begun.json()["sections"][1]["body"], "", "{}", begun.json());
            begun.json()
        } else {
            app.sign_in("mn.tuly").get("/api/v1/reports").expect(200).json()["data"][0].clone()
        };
        let place = format!("/api/v1/reports/{}", report["id"].as_str().expect("an id"));
        program.patch(&place, "*", &json!({"sections": [{"key": "results", "body": "Đã tổ chức."}]})).expect(200);
        let said = program.patch(&place, "*", &value);
        assert_eq!(said.status, status, "{scopes:?}");
        let recorded = admin.get("/api/v1/indicator-values?indicator=MN03&unit=MN-DB-001").expect(200).json();
        assert_eq!(recorded["data"].as_array().map(Vec::len), Some(usize::from(status == 200)));
    }
}

/// AZ-08: what a program may write it does not read by it: no plan by copying it, no work of units by asking what giving it would do.
#[test]
fn what_a_program_may_only_write_it_does_not_read_by_it() {
    let app = TestApp::start();
    let admin = province(&app);
    let clerk = admin.user("pgd.tuly", "PGD-DB", &["editor"]);
    let school = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let plan = |unit: &str| json!({"unit": unit, "kind": "annual", "from_year": 2026, "to_year": 2026, "title": "Kế hoạch năm 2026"});
    let draft = school.post("/api/v1/plans", &plan("MN-DB-001")).expect(201).id();
    let give = json!({"task": "1.01", "selector": {"within": "PGD-DB"}, "due_on": "2025-12-31"});
    clerk.post("/api/v1/assignments/bulk", &give).expect(200);
    let scopes = ["plans:write", "assignments:write"];
    let client = register(&admin, "SGD", "web", BACK, &scopes);
    let (browser, path) = (Browser::of(&app), asking(&client, BACK, &[("scope", &scopes.join(" "))]));
    let _ = browser.sign_in(&path, "pgd.tuly");
    let code = allow(&browser, &path, BACK);
    let tokens = exchange(&app, &client, &code, BACK, VERIFIER).expect(200).json();
    let program = app.bearer(text(&tokens, "access_token"));
    let mut copy = plan("PGD-DB");
    copy["copy_of"] = json!(draft);
    program.post("/api/v1/plans", &copy).problem(403, "forbidden");
    program.post("/api/v1/plans", &plan("PGD-DB")).expect(201);
    let mut tried = give.clone();
    tried["dry_run"] = json!(true);
    program.post("/api/v1/assignments/bulk", &tried).problem(403, "forbidden");
    let told = program.post("/api/v1/assignments/bulk", &give).expect(200).json();
    assert_eq!((&told["rows"][0]["outcome"], &told["rows"][0]["id"]), (&json!("exists"), &Value::Null));
}

/// A code that was given before a person took consent back, or set another password, lets nobody in after it.
#[test]
fn a_code_under_way_ends_with_what_it_came_from() {
    let app = TestApp::start();
    let admin = province(&app);
    let clerk = admin.user("mn.tuly", "MN-DB-001", &["editor"]);
    let client = register(&admin, "SGD", "web", BACK, &SCOPES);
    let browser = Browser::of(&app);
    let path = asking(&client, BACK, &[]);
    let _ = browser.sign_in(&path, "mn.tuly");
    let code = allow(&browser, &path, BACK);
    let page = browser.get("/account").expect(200);
    let _ = browser.fill(&page, "/account/withdraw", &[]).onward();
    assert_eq!(error(exchange(&app, &client, &code, BACK, VERIFIER), 400), "invalid_grant");
    let code = allow(&browser, &path, BACK);
    let change = json!({"current_password": PASSWORD, "new_password": "ba con trâu gặm cỏ ven đê"});
    clerk.put("/api/v1/me/password", ("If-Match", "*"), &change).expect(204);
    assert_eq!(error(exchange(&app, &client, &code, BACK, VERIFIER), 400), "invalid_grant");
    assert!(browser.get("/account").onward().starts_with("/account/sign-in"), "the browser is signed out too");
    // What did not fit is on record of the client; what was used already, once.
    let refused = admin.get("/api/v1/audit-events?action=token.create&outcome=refused").expect(200).json();
    assert_eq!(refused["data"].as_array().map(Vec::len), Some(0), "a used code is no wrong one");
    let _ = browser.sign_in(&path, "quan.tri");
    let code = allow(&browser, &path, BACK);
    assert_eq!(error(exchange(&app, &client, &code, BACK, &VERIFIER.replace('0', "1")), 400), "invalid_grant");
    let refused = admin.get("/api/v1/audit-events?action=token.create&outcome=refused").expect(200).json();
    assert_eq!((&refused["data"][0]["resource"]["id"], &refused["data"][0]["after"]["reason"]), (&json!(client), &json!("code")));
    // What it was given before it was disabled, or was taken back elsewhere, it has no more.
    let place = format!("/api/v1/clients/{client}");
    let code = told(BACK, &browser.get(&path).onward())["code"].clone();
    admin.post(&format!("{place}/disable"), &json!({})).expect(200);
    admin.post(&format!("{place}/enable"), &json!({})).expect(200);
    assert_eq!(error(exchange(&app, &client, &code, BACK, VERIFIER), 400), "invalid_grant");
    let code = told(BACK, &browser.get(&path).onward())["code"].clone();
    admin.patch(&place, "*", &json!({"redirect_uris": ["https://khac.example.vn/ve"]})).expect(200);
    assert_eq!(error(exchange(&app, &client, &code, BACK, VERIFIER), 400), "invalid_grant");
}

/// Our own page sets a password: with the present one, where one must be set before anything else, and with a link, which does not stay in the
/// address.
#[test]
fn a_password_is_set_on_our_own_page() {
    const NEW: &str = "ba con trâu gặm cỏ ven đê";
    let app = TestApp::start();
    let admin = province(&app);
    let body = json!({"username": "mn.tuly", "full_name": "Đinh Thị Thuỷ", "unit": "MN-DB-001", "duties": ["editor"]});
    let invited = admin.post("/api/v1/users", &body).expect(201).json();
    let link = invited["invitation"]["token"].as_str().expect("a link").to_owned();
    let browser = Browser::of(&app);
    assert!(browser.get("/account/password").onward().starts_with("/account/sign-in"), "nobody is here yet");
    assert_eq!(browser.get(&format!("/account/password?token={link}&ui_locales=en")).onward(), "/account/password?ui_locales=en");
    let page = browser.get("/account/password").expect(200);
    assert!(!page.text.contains(&link) && !page.text.contains("current_password"), "{}", page.text);
    let set = |page: &Page, password: &str, again: &str| {
        let members = [("current_password", PASSWORD), ("new_password", password), ("again", again)];
        browser.fill(page, "/account/password", &members)
    };
    for (password, again, words) in [(NEW, "khác", "không giống nhau"), ("ngắn", "ngắn", "15"), ("123456789012345", "123456789012345", "")]
    {
        let refused = set(&page, password, again).expect(422);
        assert!(refused.text.contains("role=\"alert\"") && refused.text.contains(words), "{}", refused.text);
    }
    assert!(set(&page, PASSWORD, PASSWORD).onward().starts_with("/account/sign-in"));
    assert!(browser.get("/account/password").onward().starts_with("/account/sign-in"), "the link is spent and forgotten");
    let spent = Browser::of(&app);
    let _ = spent.get(&format!("/account/password?token={link}")).onward();
    let page = spent.get("/account/password").expect(200);
    spent.fill(&page, "/account/password", &[("new_password", NEW), ("again", NEW)]).expect(410);

    // Whoever must set another one first is led there on the way to an application, and on from there.
    app.database
        .write_here(&tiendo::db::Context::system("test", app.clock.now()), |tx| {
            let user = serde_json::from_value(invited["id"].clone()).expect("an id");
            tiendo::users::store::require_change(tx, user)
        })
        .expect("writes");
    let client = register(&admin, "SGD", "web", BACK, &SCOPES);
    let path = asking(&client, BACK, &[]);
    let next = browser.sign_in(&path, "mn.tuly");
    let silent = told(BACK, &browser.get(&asking(&client, BACK, &[("prompt", "none")])).onward());
    assert_eq!(silent["error"], "interaction_required");
    let there = browser.get(&next).onward();
    assert!(there.starts_with("/account/password?continue="), "{there}");
    let page = browser.get(&there).expect(200);
    let wrong = [("current_password", "sai hoàn toàn"), ("new_password", NEW), ("again", NEW)];
    let refused = browser.fill(&page, "/account/password", &wrong).expect(401);
    assert!(refused.text.contains("Mật khẩu hiện tại không đúng."), "{}", refused.text);
    assert_eq!(set(&page, PASSWORD, PASSWORD).status, 422, "one of before");
    let on = set(&page, NEW, NEW).onward();
    assert!(on.starts_with("/oauth/authorize?"), "{on}");
    let code = allow(&browser, &on, BACK);
    exchange(&app, &client, &code, BACK, VERIFIER).expect(200);
    let credentials = json!({"username": "mn.tuly", "password": NEW});
    app.nobody().post("/api/v1/sessions", &credentials).expect(201);
}

/// Nobody types a password where the network can read it: without a public address with TLS people sign in on this machine only.
#[test]
fn people_sign_in_by_tls_or_on_this_machine() {
    let app = TestApp::start();
    let browser = Browser::of(&app);
    for (host, status) in [("tiendo.example.vn", 503), ("127.0.0.1.example.vn", 503), ("localhost:8080", 200), ("[::1]:8080", 200)] {
        let page = browser.send("GET", "/account/sign-in", &[("Host", host)], "");
        assert_eq!((page.status, page.header("content-type")), (status, "text/html; charset=utf-8"), "{host}");
    }
    let public = TestApp::start_with(|settings| settings.public_url = Some("https://tiendo.example.vn".to_owned()));
    let page = Browser::of(&public).send("GET", "/account/sign-in", &[("Host", "10.0.0.7")], "").expect(200);
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000");
    assert!(page.header("set-cookie").ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{}", page.header("set-cookie"));
}

/// HTML with every element closed is XML, once what has no end is given one.
fn roxmltree_of(html: &str) -> roxmltree::Document<'_> {
    let mut text = html.replacen("<!DOCTYPE html>", "", 1);
    for tag in ["<input", "<meta", "<link"] {
        let mut pieces = text.split(tag);
        let mut closed = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (own, rest) = piece.split_once('>').expect("an end");
            let own = own.replace(" required", " required=\"\"").replace(" autofocus", " autofocus=\"\"");
            closed.extend([tag, &own, "/>", rest]);
        }
        text = closed;
    }
    let text: &'static str = Box::leak(text.into_boxed_str());
    roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
