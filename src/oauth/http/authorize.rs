//! What a front end sends people to (RFC 6749 section 3.1): they sign in, allow it or not, and are taken back with a code.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::base;
use super::browser::onward;
use super::visit::{self, Visit};
use crate::access::caller::Person;
use crate::access::grant::Grants;
use crate::access::token;
use crate::clients;
use crate::clients::model::FrontEnd;
use crate::error::Result;
use crate::http::Kernel;
use crate::http::forms::Form;
use crate::http::gate::Weight;
use crate::oauth::pages;
use crate::oauth::rules::{self, Asked};
use crate::oauth::store::{self, NewCode};
use crate::sessions;
use crate::sessions::model::{ClientKind, Lives};

/// The parameters that are given on, from the page and through signing in.
const PARAMETERS: [&str; 9] =
    ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method", "prompt", "ui_locales"];

/// What the page says that it shows.
const SHOWN: &str = "shown";

/// A request whose front end is known, and the place that it takes people back to its own.
struct Request {
    front_end: FrontEnd,
    redirect_uri: String,
    state: Option<String>,
    issuer: String,
}

impl Request {
    /// Who asks, and where it takes people back: one of its own addresses.
    async fn of(visit: &Visit<'_>, form: &Form) -> Result<Option<Self>> {
        let Some(id) = form.get("client_id").and_then(|text| text.parse().ok()) else { return Ok(None) };
        let front_end = visit.access.read(move |db| clients::store::front_end(db, id)).await?;
        let (Some(front_end), Some(redirect_uri)) = (front_end, form.get("redirect_uri")) else { return Ok(None) };
        if !front_end.redirect_uris.iter().any(|own| rules::is_place(front_end.kind, own, redirect_uri)) {
            return Ok(None);
        }
        let (redirect_uri, state) = (redirect_uri.to_owned(), form.get("state").map(str::to_owned));
        Ok(Some(Self { front_end, redirect_uri, state, issuer: base(visit.kernel, visit.req) }))
    }

    /// Whether it is for this person, and what the person allowed it before.
    async fn known_to(&self, visit: &Visit<'_>, person: &Arc<Person>) -> Result<Option<Grants>> {
        let (front_end, person) = (self.front_end.clone(), person.clone());
        visit
            .access
            .snapshot(move |db| {
                let ours = store::is_for(db, &front_end, &person)?;
                Ok(if ours { Some(store::allowed(db, person.id, front_end.id)?) } else { None })
            })
            .await
    }

    /// What the page tells of who asks and for what: what is decided on it holds for that and nothing else.
    fn shown(&self, asked: &Asked) -> String {
        let FrontEnd { id, name, unit_name, redirect_uris, .. } = &self.front_end;
        let told = [&id.to_string(), name, unit_name, &self.redirect_uri, &redirect_uris.join(" "), &asked.grants.words()];
        URL_SAFE_NO_PAD.encode(token::digest(&told.map(String::as_str).join("\n")))
    }

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

    /// Back with a code that its front end exchanges within a minute; not, where the front end has changed since it was read, the person
    /// allows it no more what it once did, or has signed out.
    async fn take_back(&self, visit: &Visit<'_>, asked: &Asked, person: &Arc<Person>, decided: bool) -> Result<Option<HttpResponse>> {
        let (code, digest) = token::opaque()?;
        let (front_end, redirect_uri) = (self.front_end.clone(), self.redirect_uri.clone());
        let (asked, person) = (asked.clone(), person.clone());
        let idle = Lives::from(&**visit.access.settings()).idle(ClientKind::Web, person.duties);
        let given = visit.access.write(move |tx| {
            if !sessions::store::prolong(tx, &person, idle)? || !clients::store::still_stands(tx, &front_end)? {
                return Ok(false);
            }
            if decided {
                store::allow(tx, &person, &front_end, &asked.grants)?;
            } else if !store::still_allows(tx, person.id, front_end.id, &asked.grants)? {
                return Ok(false);
            }
            let (client, user, redirect_uri) = (front_end.id, person.id, &*redirect_uri);
            let new = NewCode { digest: &digest, client, user, redirect_uri, challenge: &asked.challenge, grants: &asked.grants };
            store::add_code(tx, &new).map(|()| true)
        });
        Ok(given.await?.then(|| self.back(("code", &code))))
    }
}

/// Where a page that leads to this may send its form in the end.
pub(super) async fn source(visit: &Visit<'_>, to: &str) -> Result<Option<String>> {
    let Some(Ok(form)) = to.split_once('?').map(|(_, query)| Form::parse(query.as_bytes())) else { return Ok(None) };
    Ok(Request::of(visit, &form).await?.and_then(|request| rules::source(&request.redirect_uri)))
}

/// Shows the page, or takes the person back at once where there is nothing to ask.
pub(super) async fn ask(kernel: web::Data<Kernel>, req: HttpRequest) -> HttpResponse {
    visit::read(&kernel, &req, async |visit| {
        let Some(request) = Request::of(visit, &visit.form).await? else { return Ok(stranger(visit)) };
        let asked = match rules::asked(&request.front_end, |name| visit.form.get(name)) {
            Ok(asked) => asked,
            Err(error) => return Ok(request.refuse(error)),
        };
        let Some(person) = visit.browser.person.clone().filter(|_| !asked.signs_in) else {
            return Ok(if asked.silent {
                request.refuse("login_required")
            } else {
                visit.onward(&rules::sign_in_at(&going_on(&visit.form)))
            });
        };
        if person.must_change_password {
            return Ok(if asked.silent {
                request.refuse("interaction_required")
            } else {
                visit.onward(&rules::password_at(&going_on(&visit.form)))
            });
        }
        let Some(allowed) = request.known_to(visit, &person).await? else {
            return Ok(if asked.silent { request.refuse("access_denied") } else { not_for(visit, &request) });
        };
        let known = !asked.anew && rules::is_known_place(&request.redirect_uri) && asked.grants.within(&allowed) == asked.grants;
        // What is only looked at gives nothing away.
        if known
            && req.method() != Method::HEAD
            && let Some(back) = request.take_back(visit, &asked, &person, false).await?
        {
            return Ok(back);
        }
        Ok(if asked.silent { request.refuse("consent_required") } else { consent(visit, &request, &asked, &person) })
    })
    .await
}

/// What the person decided.
pub(super) async fn decide(kernel: web::Data<Kernel>, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    visit::posted(&kernel, &req, Weight::Session, payload, async |visit| {
        let Some(request) = Request::of(visit, &visit.form).await? else { return Ok(stranger(visit)) };
        let Some(person) = visit.browser.person.clone() else { return Ok(visit.onward(&rules::sign_in_at(&going_on(&visit.form)))) };
        let asked = match rules::asked(&request.front_end, |name| visit.form.get(name)) {
            Ok(asked) => asked,
            Err(error) => return Ok(request.refuse(error)),
        };
        if visit.form.get("decision") != Some("allow") {
            return Ok(request.refuse("access_denied"));
        }
        if person.must_change_password || request.known_to(visit, &person).await?.is_none() {
            return Ok(not_for(visit, &request));
        }
        // It is another than the one that the page was of: it was changed meanwhile.
        if visit.form.get(SHOWN) != Some(&request.shown(&asked)) {
            return Ok(consent(visit, &request, &asked, &person));
        }
        let back = request.take_back(visit, &asked, &person, true).await?;
        // What was decided on is not there any more: all is looked at anew.
        Ok(back.unwrap_or_else(|| visit.onward(&going_on(&visit.form))))
    })
    .await
}

fn consent(visit: &Visit<'_>, request: &Request, asked: &Asked, person: &Person) -> HttpResponse {
    let again = going_on(&visit.form);
    let shown = request.shown(asked);
    let mut given: Vec<(&str, &str)> = PARAMETERS.iter().filter_map(|name| Some((*name, visit.form.get(name)?))).collect();
    given.push((SHOWN, &shown));
    let language = visit.browser.language;
    let page = pages::Consent {
        language,
        other: &rules::in_language(&again, language.other()),
        front_end: &request.front_end,
        person,
        grants: &asked.grants,
        given: &given,
        tag: &visit.browser.tag(),
        redirect_uri: &request.redirect_uri,
        again: &again,
    };
    visit.browser.page(200, page.draw(), rules::source(&request.redirect_uri).as_deref())
}

/// Nobody is taken to an address that is not known.
fn stranger(visit: &Visit<'_>) -> HttpResponse {
    visit.browser.wrong(
        400,
        "Ứng dụng đưa bạn đến đây chưa được đăng ký, đã bị khóa, hoặc địa chỉ quay lại không đúng địa chỉ đã đăng ký. Hãy báo cho nơi cung cấp ứng dụng.",
        "The application that sent you here is not registered or not in use, or the address to go back to is not one of its own. Tell whoever provides it.",
    )
}

fn not_for(visit: &Visit<'_>, request: &Request) -> HttpResponse {
    visit.browser.page(403, pages::not_for(visit.browser.language, &request.front_end), None)
}

/// The same request once more, after signing in: who was to sign in has done so.
fn going_on(form: &Form) -> String {
    let kept = PARAMETERS.iter().filter(|name| **name != "prompt" || form.get("prompt") != Some("login"));
    let pairs = kept.filter_map(|name| Some((*name, form.get(name)?)));
    format!("/oauth/authorize?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}
