//! What a front end sends people to (RFC 6749 section 3.1): they sign in, allow it or not, and are taken back with a code.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};

use super::browser::{Browser, onward};
use super::{account, base};
use crate::access::caller::Person;
use crate::access::policy::Anyone;
use crate::access::{Access, token};
use crate::clients;
use crate::clients::store::FrontEnd;
use crate::error::{Error, Language, Result};
use crate::http::Kernel;
use crate::http::forms::{Form, run};
use crate::http::gate::Weight;
use crate::oauth::pages;
use crate::oauth::rules::{self, Asked};
use crate::oauth::store::{self, NewCode};

/// The parameters that are given on, from the page and through signing in.
const PARAMETERS: [&str; 9] =
    ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method", "prompt", "ui_locales"];

/// A request whose front end is known, and the place that it takes people back to its own.
struct Request {
    front_end: FrontEnd,
    redirect_uri: String,
    state: Option<String>,
    issuer: String,
}

impl Request {
    /// Back with an error (RFC 6749 section 4.1.2.1).
    fn refuse(&self, error: &str) -> HttpResponse {
        self.back(("error", error))
    }

    /// Back, saying who answers, so that no other server's answer is taken for ours (RFC 9207).
    fn back(&self, told: (&str, &str)) -> HttpResponse {
        let mut all = vec![told];
        all.extend(self.state.as_deref().map(|state| ("state", state)));
        all.push(("iss", &self.issuer));
        onward(&rules::back(&self.redirect_uri, &all))
    }
}

/// Who asks, and where it takes people back: the one of its own addresses that is this one, sign by sign.
async fn request(kernel: &Kernel, access: &Access<Anyone>, req: &HttpRequest, form: &Form) -> Result<Option<Request>> {
    let Some(id) = form.get("client_id").and_then(|text| text.parse().ok()) else { return Ok(None) };
    let front_end = access.read(move |db| clients::store::front_end(db, id)).await?;
    let (Some(front_end), Some(redirect_uri)) = (front_end, form.get("redirect_uri")) else { return Ok(None) };
    if !front_end.redirect_uris.iter().any(|own| own == redirect_uri) {
        return Ok(None);
    }
    let (redirect_uri, state) = (redirect_uri.to_owned(), form.get("state").map(str::to_owned));
    Ok(Some(Request { front_end, redirect_uri, state, issuer: base(kernel, req) }))
}

/// Where a page that goes on with this may send its form, if it may at all.
pub(super) async fn source(kernel: &Kernel, access: &Access<Anyone>, req: &HttpRequest, query: &str) -> Result<Option<String>> {
    let Ok(form) = Form::parse(query.as_bytes()) else { return Ok(None) };
    Ok(request(kernel, access, req, &form).await?.and_then(|request| rules::source(&request.redirect_uri)))
}

/// Shows the page, or takes the person back at once where there is nothing to ask.
pub(super) async fn ask(kernel: web::Data<Kernel>, req: HttpRequest) -> HttpResponse {
    let form = Form::parse(req.query_string().as_bytes());
    let twice = form.is_err();
    account::shown(&kernel, &req, Weight::Session, form.unwrap_or_default(), async |access, browser, form| {
        let found = if twice { None } else { request(&kernel, access, &req, &form).await? };
        let Some(request) = found else { return Ok(stranger(browser)) };
        let asked = match rules::asked(&request.front_end, |name| form.get(name)) {
            Ok(asked) => asked,
            Err(error) => return Ok(request.refuse(error)),
        };
        let Some(person) = browser.person.clone().filter(|_| form.get("prompt") != Some("login")) else {
            return Ok(if asked.silent { request.refuse("login_required") } else { onward(&account::sign_in_at(&going_on(&form))) });
        };
        let (front_end, who) = (request.front_end.clone(), person.clone());
        let (ours, allowed) =
            access.snapshot(move |db| Ok((store::is_for(db, &front_end, &who)?, store::allowed(db, who.id, front_end.id)?))).await?;
        if !ours {
            return Ok(if asked.silent { request.refuse("access_denied") } else { not_for(browser, &request) });
        }
        if !asked.anew && rules::is_known_place(&request.redirect_uri) && asked.grants.within(&allowed) == asked.grants {
            return take_back(access, &request, &asked, &person, false).await;
        }
        if asked.silent {
            return Ok(request.refuse("consent_required"));
        }
        let given: Vec<(&str, &str)> = PARAMETERS.iter().filter_map(|name| Some((*name, form.get(name)?))).collect();
        let other = if browser.language == Language::Vi { "en" } else { "vi" };
        let page = pages::Consent {
            language: browser.language,
            other: &format!("/oauth/authorize?{}", with_language(&form, other)),
            front_end: &request.front_end,
            person: &person,
            grants: &asked.grants,
            given: &given,
            tag: &browser.tag(),
            redirect_uri: &request.redirect_uri,
            again: &going_on(&form),
        };
        Ok(browser.page(200, page.draw(), rules::source(&request.redirect_uri).as_deref()))
    })
    .await
}

/// What the person decided.
pub(super) async fn decide(kernel: web::Data<Kernel>, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    account::posted(&kernel, &req, Weight::Session, payload, async |access, browser, form| {
        let Some(request) = request(&kernel, access, &req, &form).await? else { return Ok(stranger(browser)) };
        let Some(person) = browser.person.clone() else { return Ok(onward(&account::sign_in_at(&going_on(&form)))) };
        let asked = match rules::asked(&request.front_end, |name| form.get(name)) {
            Ok(asked) => asked,
            Err(error) => return Ok(request.refuse(error)),
        };
        if form.get("decision") != Some("allow") {
            return Ok(request.refuse("access_denied"));
        }
        let (front_end, who) = (request.front_end.clone(), person.clone());
        if !access.snapshot(move |db| store::is_for(db, &front_end, &who)).await? {
            return Ok(not_for(browser, &request));
        }
        take_back(access, &request, &asked, &person, true).await
    })
    .await
}

/// Back with a code that its front end exchanges within a minute.
async fn take_back(access: &Access<Anyone>, request: &Request, asked: &Asked, person: &Arc<Person>, decided: bool) -> Result<HttpResponse> {
    let (code, digest) = token::opaque()?;
    let (front_end, redirect_uri) = (request.front_end.clone(), request.redirect_uri.clone());
    let (asked, person, settings) = (asked.clone(), person.clone(), access.settings().clone());
    access
        .write(move |tx| {
            if decided {
                store::allow(tx, &person, &front_end, &asked.grants)?;
            }
            account::prolong(tx, &settings, &person)?;
            store::add_code(
                tx,
                &NewCode {
                    digest: &digest,
                    client: front_end.id,
                    user: person.id,
                    redirect_uri: &redirect_uri,
                    challenge: &asked.challenge,
                    grants: &asked.grants,
                },
            )
        })
        .await?;
    Ok(request.back(("code", &code)))
}

/// Nobody is taken to an address that is not known.
fn stranger(browser: &Browser) -> HttpResponse {
    browser.wrong(
        400,
        "Ứng dụng đưa bạn đến đây chưa được đăng ký, đã bị khóa, hoặc địa chỉ quay lại không đúng địa chỉ đã đăng ký. Hãy báo cho nơi cung cấp ứng dụng.",
        "The application that sent you here is not registered or not in use, or the address to go back to is not one of its own. Tell whoever provides it.",
    )
}

fn not_for(browser: &Browser, request: &Request) -> HttpResponse {
    let page = pages::not_for(browser.language, &request.front_end);
    browser.page(403, page, None)
}

/// The same request once more, after signing in: who was to sign in has done so.
fn going_on(form: &Form) -> String {
    let kept = PARAMETERS.iter().filter(|name| **name != "prompt" || form.get("prompt") != Some("login"));
    let pairs = kept.filter_map(|name| Some((*name, form.get(name)?)));
    format!("/oauth/authorize?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

fn with_language(form: &Form, language: &str) -> String {
    let pairs = PARAMETERS.iter().filter(|name| **name != "ui_locales").filter_map(|name| Some((*name, form.get(name)?)));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).append_pair("ui_locales", language).finish()
}

/// Work whose refusals are pages.
pub(super) async fn guarded(kernel: &Kernel, browser: &Browser, work: impl Future<Output = Result<HttpResponse>>) -> HttpResponse {
    match run::<HttpResponse, Error>(kernel, work).await {
        Ok(answer) => answer,
        Err(error) => browser.refused(&error),
    }
}
