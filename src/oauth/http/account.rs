//! The pages under `/account`: signing in, and what applications a person has let act for it.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use super::authorize;
use super::visit::{self, Visit};
use crate::access::token;
use crate::error::{Code, Error, Result};
use crate::http::Kernel;
use crate::http::docs::{fixed, hang};
use crate::http::gate::Weight;
use crate::http::marks::peer;
use crate::ids::ClientId;
use crate::oauth::{pages, rules, store};
use crate::sessions::model::ClientKind;
use crate::sessions::sign_in::{Attempt, sign_in};
use crate::sessions::store::Kept;
use crate::text::has_control;

pub(super) fn configure(config: &mut web::ServiceConfig) {
    fixed(config, "/account", applications);
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

/// Why somebody is not in.
#[derive(Clone, Copy)]
struct Wrong {
    status: u16,
    /// Whether it is the code that is missing.
    code: bool,
    retry_after: Option<u32>,
    told: (&'static str, &'static str),
}

impl Wrong {
    /// # Errors
    /// What a page of its own tells.
    fn of(error: Error) -> Result<Self> {
        let (code, retry_after) = (error.code() == Code::TotpRequired, error.retry_after());
        let told = match error.code() {
            Code::InvalidCredentials => {
                ("Tên đăng nhập, mật khẩu hoặc mã xác thực không đúng.", "The username, the password or the code is wrong.")
            }
            Code::TotpRequired => (
                "Tài khoản này dùng xác thực hai lớp: hãy nhập lại mật khẩu cùng với mã.",
                "This account has a second factor: enter the password again, with the code.",
            ),
            Code::RateLimited => ("Quá nhiều lần thử. Hãy đợi vài phút.", "Too many tries. Wait a few minutes."),
            _ => return Err(error),
        };
        Ok(Self { status: error.code().status(), code, retry_after, told })
    }
}

async fn sign_in_page(kernel: web::Data<Kernel>, req: HttpRequest) -> HttpResponse {
    visit::read(&kernel, &req, async |visit| draw_sign_in(visit, "", None).await).await
}

async fn sign_in_form(kernel: web::Data<Kernel>, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    visit::posted(&kernel, &req, Weight::Password, payload, async |visit| {
        let (secret, digest) = token::opaque()?;
        let signed_in = match attempt(visit, Kept::Cookie(digest)) {
            Some(attempt) => sign_in(&visit.access, attempt).await,
            None => Err(Error::new(Code::InvalidCredentials)),
        };
        if let Err(error) = signed_in {
            let username = visit.form.get("username").unwrap_or_default();
            return draw_sign_in(visit, username, Some(Wrong::of(error)?)).await;
        }
        // Whoever was signed in with this browser before is so no more.
        if let Some(before) = visit.browser.person.as_ref().map(|person| person.session) {
            visit.access.write(move |tx| store::end_session(tx, before)).await?;
        }
        Ok(visit.browser.signed_in(visit.onward(&visit.leads_to()), &secret))
    })
    .await
}

/// Who says who it is; nothing where it cannot be anybody.
fn attempt(visit: &Visit<'_>, kept: Kept) -> Option<Attempt> {
    let (username, password) = (visit.form.get("username")?, visit.form.get("password")?);
    let totp: String = visit.form.get("totp").unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
    let sane = username.len() <= 64 && !has_control(username) && password.chars().count() <= 128;
    (sane && (totp.is_empty() || is_code(&totp))).then(|| Attempt {
        username: username.to_owned(),
        password: password.to_owned(),
        totp: (!totp.is_empty()).then_some(totp),
        client: ClientKind::Web,
        device: Some("/account".to_owned()),
        ip: peer(visit.req),
        kept,
    })
}

/// Six digits, or a recovery code.
fn is_code(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let word = |group: &&str| group.len() == 4 && group.bytes().all(|byte| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte));
    digits || (groups.len() == 6 && groups.iter().all(word))
}

async fn draw_sign_in(visit: &Visit<'_>, username: &str, wrong: Option<Wrong>) -> Result<HttpResponse> {
    let to = visit.leads_to();
    let source = authorize::source(visit, &to).await?;
    let language = visit.browser.language;
    let page = pages::SignIn {
        language,
        other: &rules::in_language(&rules::sign_in_at(&to), language.other()),
        to: &to,
        tag: &visit.browser.tag(),
        username,
        wrong: wrong.map(|wrong| wrong.told),
        code: wrong.is_some_and(|wrong| wrong.code),
    };
    let mut response = visit.browser.page(wrong.map_or(200, |wrong| wrong.status), page.draw(), source.as_deref());
    if let Some(seconds) = wrong.and_then(|wrong| wrong.retry_after) {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    }
    Ok(response)
}

async fn applications(kernel: web::Data<Kernel>, req: HttpRequest) -> HttpResponse {
    visit::read(&kernel, &req, async |visit| {
        let Some(person) = visit.browser.person.clone() else { return Ok(visit.onward(&rules::sign_in_at("/account"))) };
        if person.must_change_password {
            return Ok(visit.onward(&rules::password_at("/account")));
        }
        let user = person.id;
        let allowed = visit.access.read(move |db| store::all_allowed(db, user)).await?;
        let language = visit.browser.language;
        let page = pages::Applications {
            language,
            other: &rules::in_language("/account", language.other()),
            person: &person,
            allowed: &allowed,
            tag: &visit.browser.tag(),
        };
        Ok(visit.browser.page(200, page.draw(), None))
    })
    .await
}

async fn sign_out(kernel: web::Data<Kernel>, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    visit::posted(&kernel, &req, Weight::Session, payload, async |visit| {
        if let Some(session) = visit.browser.person.as_ref().map(|person| person.session) {
            visit.access.write(move |tx| store::end_session(tx, session)).await?;
        }
        Ok(visit.browser.signed_out(visit.onward(&rules::sign_in_at(&visit.leads_to()))))
    })
    .await
}

async fn withdraw(kernel: web::Data<Kernel>, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    visit::posted(&kernel, &req, Weight::Session, payload, async |visit| {
        let client: Option<ClientId> = visit.form.get("client").and_then(|text| text.parse().ok());
        if let Some((person, client)) = visit.browser.person.clone().zip(client) {
            visit.access.write(move |tx| store::disallow(tx, &person, client)).await?;
        }
        Ok(visit.onward("/account"))
    })
    .await
}
