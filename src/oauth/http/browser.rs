//! A browser before our own pages: who it is signed in as, in which language it reads, and that a form which comes back is one that we gave.
//!
//! Two cookies: one knows the session, one only ties forms to the browser. A form carries a tag over both, so no other site can make one
//! (ASVS 3.5.1). There are no scripts.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::Markup;

use super::base;
use crate::access::caller::{Caller, Person};
use crate::access::policy::Anyone;
use crate::access::{Access, token};
use crate::error::{Error, Language, Result};
use crate::http::Kernel;
use crate::http::forms::Form;
use crate::http::language::language;
use crate::http::marks::known;
use crate::oauth::pages;
use crate::sessions;

/// The member of a form that carries its tag.
pub(super) const TAG: &str = "form_token";
/// The longest that a cookie of ours is.
const LONGEST: usize = 100;

/// A browser.
pub(super) struct Browser {
    pub(super) language: Language,
    /// Who is signed in with it.
    pub(super) person: Option<Arc<Person>>,
    /// What ties forms to it, and whether it has that already.
    form: (String, bool),
    key: hmac::Key,
    /// Whether it comes over TLS.
    secure: bool,
}

impl Browser {
    pub(super) async fn read(kernel: &Kernel, access: &Access<Anyone>, req: &HttpRequest, asked: &Form) -> Result<Self> {
        let secure = is_secure(kernel, req)?;
        let person = match cookie(req.headers(), &name("account", secure)) {
            None => None,
            Some(secret) => {
                let digest = token::digest(&secret);
                access.snapshot(move |db| sessions::store::of_cookie(db, &digest)).await?.map(Arc::new)
            }
        };
        if let Some(person) = &person {
            known(req, Caller::Person(person.clone()));
        }
        let form = match cookie(req.headers(), &name("form", secure)) {
            Some(text) => (text, true),
            None => (token::opaque()?.0, false),
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, &access.keys().secret(b"forms"));
        let chosen = asked.get("ui_locales").and_then(|words| words.split(' ').find_map(named));
        Ok(Self { language: chosen.unwrap_or_else(|| language(req)), person, form, key, secure })
    }

    /// The tag of its forms.
    pub(super) fn tag(&self) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, self.tagged().as_bytes()).as_ref())
    }

    fn tagged(&self) -> String {
        let session = self.person.as_ref().map(|person| person.session.to_string()).unwrap_or_default();
        format!("{} {session}", self.form.0)
    }

    /// Whether a form is one that this browser was given, for who is signed in now.
    pub(super) fn gave(&self, req: &HttpRequest, form: &Form) -> bool {
        let site = req.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
        let tag = form.get(TAG).and_then(|tag| URL_SAFE_NO_PAD.decode(tag).ok());
        let ours = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
        ours && self.form.1 && tag.is_some_and(|tag| hmac::verify(&self.key, self.tagged().as_bytes(), &tag).is_ok())
    }

    /// A page. Its forms go to us, and from there only where `onward` says.
    pub(super) fn page(&self, status: u16, page: Markup, onward: Option<&str>) -> HttpResponse {
        let mut response = plain(self.language, status, page, onward);
        if !self.form.1 {
            // Lax, because a person comes here from a front end of others, and what other pages hold must go on being good.
            give(&mut response, &self.set("form", &self.form.0));
        }
        response
    }

    /// A page that says what is wrong.
    pub(super) fn wrong(&self, status: u16, vi: &'static str, en: &'static str) -> HttpResponse {
        self.page(status, pages::wrong(self.language, vi, en), None)
    }

    /// The cookie of a session that was opened here, on the way onward.
    pub(super) fn signed_in(&self, mut response: HttpResponse, secret: &str) -> HttpResponse {
        give(&mut response, &self.set("account", secret));
        response
    }

    /// The same, taken away.
    pub(super) fn signed_out(&self, mut response: HttpResponse) -> HttpResponse {
        give(&mut response, &format!("{}; Max-Age=0", self.set("account", "")));
        response
    }

    /// A link that was followed here is kept out of the address, for a quarter of an hour; an empty one takes it away.
    pub(super) fn holding(&self, mut response: HttpResponse, link: &str) -> HttpResponse {
        let age = if link.is_empty() { 0 } else { 900 };
        give(&mut response, &format!("{}; Max-Age={age}", self.set("link", link)));
        response
    }

    /// The link that was followed here.
    pub(super) fn link(&self, req: &HttpRequest) -> Option<String> {
        cookie(req.headers(), &name("link", self.secure))
    }

    fn set(&self, what: &str, value: &str) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}", name(what, self.secure))
    }
}

/// Whether browsers reach us by TLS. Without a public address they may only on this very machine: nobody types a password where the network
/// can read it.
fn is_secure(kernel: &Kernel, req: &HttpRequest) -> Result<bool> {
    let base = base(kernel, req);
    let here = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
        .iter()
        .any(|place| base.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
    if base.starts_with("https://") || here {
        return Ok(!here);
    }
    Err(Error::unavailable("people sign in here once PUBLIC_URL says how they reach this service by TLS"))
}

fn give(response: &mut HttpResponse, cookie: &str) {
    if let Ok(cookie) = header::HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// A page for whoever it is.
pub(super) fn plain(language: Language, status: u16, page: Markup, onward: Option<&str>) -> HttpResponse {
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self'{}; base-uri 'none'; frame-ancestors 'none'",
        onward.map(|source| format!(" {source}")).unwrap_or_default()
    );
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::CONTENT_LANGUAGE, language.tag()))
        .body(page.into_string())
}

/// With its prefix no other host of the domain can set it (RFC 6265bis section 4.1.3.2).
fn name(what: &str, secure: bool) -> String {
    if secure { format!("__Host-tiendo-{what}") } else { format!("tiendo-{what}") }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let pairs = headers.get_all(header::COOKIE).filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
    let mut values = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(key, _)| *key == name).map(|(_, value)| value);
    let value = values.next().filter(|value| (1..=LONGEST).contains(&value.len()))?;
    // Two of one name are somebody's attempt to put its own before ours.
    values.next().is_none().then(|| value.to_owned())
}

fn named(word: &str) -> Option<Language> {
    match word.split('-').next() {
        Some("vi") => Some(Language::Vi),
        Some("en") => Some(Language::En),
        _ => None,
    }
}

/// Sends a browser on, with GET (RFC 9700 section 4.12).
pub(super) fn onward(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish()
}
