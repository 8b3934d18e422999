//! The pages under `/account`: signing in, and what applications a person has let act for it.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use super::authorize::{self, guarded};
use super::browser::{Browser, onward};
use crate::access::caller::Person;
use crate::access::policy::Anyone;
use crate::access::{Access, token};
use crate::config::AccountSettings;
use crate::db::Tx;
use crate::error::{Code, Error, Language, Result};
use crate::http::Kernel;
use crate::http::docs::{fixed, hang};
use crate::http::forms::{Form, admit};
use crate::http::gate::Weight;
use crate::http::parts::peer;
use crate::http::problem;
use crate::ids::ClientId;
use crate::oauth::{pages, store};
use crate::sessions;
use crate::sessions::model::{ClientKind, Lives};
use crate::sessions::sign_in::{Attempt, sign_in};
use crate::sessions::store::Kept;
use crate::text::has_control;

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let reads = |handler: actix_web::Route, head: actix_web::Route| [handler, head];
    hang(config, "/account", "GET, HEAD", reads(web::get().to(applications), web::head().to(applications)));
    hang(
        config,
        "/account/sign-in",
        "GET, HEAD, POST",
        [web::get().to(sign_in_page), web::head().to(sign_in_page), web::post().to(sign_in_form)],
    );
    hang(config, "/account/sign-out", "POST", [web::post().to(sign_out)]);
    hang(config, "/account/withdraw", "POST", [web::post().to(withdraw)]);
    fixed(config, "/account/style.css", || async {
        HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "text/css; charset=utf-8"))
            .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
            .body(pages::STYLE)
    });
}

/// A page that is read. What is wrong on our side is a page too.
pub(super) async fn shown(
    kernel: &Kernel,
    req: &HttpRequest,
    weight: Weight,
    form: Form,
    work: impl AsyncFnOnce(&Access<Anyone>, &Browser, Form) -> Result<HttpResponse>,
) -> HttpResponse {
    let opened = async {
        let (access, place) = admit(kernel, req, weight).await?;
        let browser = Browser::read(kernel, &access, req, &form).await?;
        Ok((access, browser, place))
    };
    match opened.await {
        Ok((access, browser, _place)) => guarded(kernel, &browser, work(&access, &browser, form)).await,
        Err(error) => problem::render(&error, req),
    }
}

/// A form that comes back, if it is one that we gave.
pub(super) async fn posted(
    kernel: &Kernel,
    req: &HttpRequest,
    weight: Weight,
    payload: web::Payload,
    work: impl AsyncFnOnce(&Access<Anyone>, &Browser, Form) -> Result<HttpResponse>,
) -> HttpResponse {
    let form = match Form::read(kernel, req, payload).await {
        Ok(form) => form,
        Err(error) => return problem::render(&error, req),
    };
    shown(kernel, req, weight, form, async |access, browser, form| {
        if !browser.gave(req, &form) {
            return Ok(browser.wrong(
                403,
                "Biểu mẫu đã cũ hoặc không do trang này gửi. Hãy quay lại và thử lần nữa.",
                "This form is old, or was not sent by this page. Go back and try again.",
            ));
        }
        work(access, browser, form).await
    })
    .await
}

/// The page of signing in, on the way to somewhere.
pub(super) fn sign_in_at(to: &str) -> String {
    let to = form_urlencoded::Serializer::new(String::new()).append_pair("continue", to).finish();
    format!("/account/sign-in?{to}")
}

/// A session of a browser goes on as long as it is used.
pub(super) fn prolong(tx: &mut Tx<'_>, settings: &AccountSettings, person: &Person) -> Result<()> {
    sessions::store::prolong(tx, person.session, Lives::from(settings).idle(ClientKind::Web, person.duties))
}

/// Where signing in leads: to what a front end asked, or to the page of applications, and nowhere else.
fn leads_to(form: &Form) -> String {
    let asked = form.get("continue").filter(|to| to.starts_with("/oauth/authorize?") && !has_control(to));
    asked.unwrap_or("/account").to_owned()
}

struct SignIn<'p> {
    username: &'p str,
    wrong: Option<(&'static str, &'static str)>,
    /// Whether it is the code that is missing.
    code: bool,
}

async fn draw_sign_in(
    kernel: &Kernel,
    access: &Access<Anyone>,
    browser: &Browser,
    req: &HttpRequest,
    form: &Form,
    (status, told): (u16, SignIn<'_>),
) -> Result<HttpResponse> {
    let to = leads_to(form);
    let source = match to.split_once('?') {
        Some((_, query)) => authorize::source(kernel, access, req, query).await?,
        None => None,
    };
    let other = if browser.language == Language::Vi { "en" } else { "vi" };
    let page = pages::SignIn {
        language: browser.language,
        other: &format!("{}&ui_locales={other}", sign_in_at(&to)),
        to: &to,
        tag: &browser.tag(),
        username: told.username,
        wrong: told.wrong,
        code: told.code,
    };
    Ok(browser.page(status, page.draw(), source.as_deref()))
}

async fn sign_in_page(kernel: web::Data<Kernel>, req: HttpRequest) -> HttpResponse {
    let form = Form::parse(req.query_string().as_bytes()).unwrap_or_default();
    shown(&kernel, &req, Weight::Session, form, async |access, browser, form| {
        draw_sign_in(&kernel, access, browser, &req, &form, (200, SignIn { username: "", wrong: None, code: false })).await
    })
    .await
}

async fn sign_in_form(kernel: web::Data<Kernel>, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    posted(&kernel, &req, Weight::Password, payload, async |access, browser, form| {
        let username = form.get("username").unwrap_or_default();
        let password = form.get("password").unwrap_or_default();
        let totp: String = form.get("totp").unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
        let (secret, digest) = token::opaque()?;
        let sane = (1..=64).contains(&username.len()) && !has_control(username) && (1..=128).contains(&password.chars().count());
        let code = totp.is_empty() || is_code(&totp);
        let answer = if sane && code {
            let attempt = Attempt {
                username: username.to_owned(),
                password: password.to_owned(),
                totp: (!totp.is_empty()).then_some(totp),
                client: ClientKind::Web,
                device: Some("/account".to_owned()),
                ip: peer(&req),
                kept: Kept::Cookie(digest),
            };
            sign_in(access, attempt).await
        } else {
            Err(Error::new(Code::InvalidCredentials))
        };
        let wrong = match answer {
            Ok(_) => {
                let mut response = onward(&with_language(&leads_to(&form), form.get("ui_locales")));
                if let Ok(cookie) = header::HeaderValue::from_str(&browser.signed_in(&secret)) {
                    response.headers_mut().append(header::SET_COOKIE, cookie);
                }
                return Ok(response);
            }
            Err(error) => match error.code() {
                Code::InvalidCredentials => {
                    ("Tên đăng nhập, mật khẩu hoặc mã xác thực không đúng.", "The username, the password or the code is wrong.")
                }
                Code::TotpRequired => (
                    "Tài khoản này dùng xác thực hai lớp: hãy nhập lại mật khẩu cùng với mã.",
                    "This account has a second factor: enter the password again, with the code.",
                ),
                Code::RateLimited => ("Quá nhiều lần thử. Hãy đợi vài phút.", "Too many tries. Wait a few minutes."),
                _ => return Err(error),
            },
        };
        let (status, code) = if wrong.1.starts_with("Too") { (429, false) } else { (401, wrong.1.starts_with("This")) };
        draw_sign_in(&kernel, access, browser, &req, &form, (status, SignIn { username, wrong: Some(wrong), code })).await
    })
    .await
}

/// Six digits, or a recovery code.
fn is_code(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let word = |group: &&str| group.len() == 4 && group.bytes().all(|byte| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte));
    digits || (groups.len() == 6 && groups.iter().all(word))
}

/// The same place, read in the language that the person chose on the way.
fn with_language(to: &str, language: Option<&str>) -> String {
    let Some(language) = language.filter(|language| matches!(*language, "vi" | "en")) else { return to.to_owned() };
    let (path, query) = to.split_once('?').unwrap_or((to, ""));
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "ui_locales");
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair("ui_locales", language).finish();
    format!("{path}?{query}")
}

async fn applications(kernel: web::Data<Kernel>, req: HttpRequest) -> HttpResponse {
    let form = Form::parse(req.query_string().as_bytes()).unwrap_or_default();
    shown(&kernel, &req, Weight::Session, form, async |access, browser, _| {
        let Some(person) = browser.person.clone() else { return Ok(onward(&sign_in_at("/account"))) };
        let user = person.id;
        let allowed = access.read(move |db| store::all_allowed(db, user)).await?;
        let other = if browser.language == Language::Vi { "en" } else { "vi" };
        let page = pages::Applications {
            language: browser.language,
            other: &format!("/account?ui_locales={other}"),
            person: &person,
            allowed: &allowed,
            tag: &browser.tag(),
        };
        Ok(browser.page(200, page.draw(), None))
    })
    .await
}

async fn sign_out(kernel: web::Data<Kernel>, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    posted(&kernel, &req, Weight::Session, payload, async |access, browser, form| {
        if let Some(person) = browser.person.clone() {
            access.write(move |tx| store::end_session(tx, person.session)).await?;
        }
        let mut response = onward(&sign_in_at(&leads_to(&form)));
        if let Ok(cookie) = header::HeaderValue::from_str(&browser.signed_out()) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        Ok(response)
    })
    .await
}

async fn withdraw(kernel: web::Data<Kernel>, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    posted(&kernel, &req, Weight::Session, payload, async |access, browser, form| {
        let Some(person) = browser.person.clone() else { return Ok(onward(&sign_in_at("/account"))) };
        let client: Option<ClientId> = form.get("client").and_then(|text| text.parse().ok());
        if let Some(client) = client {
            access.write(move |tx| store::disallow(tx, &person, client)).await?;
        }
        Ok(onward("/account"))
    })
    .await
}
