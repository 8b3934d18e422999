//! `/account/password`: a person sets a password, with the present one or with a link that it was given.

use actix_web::{HttpRequest, HttpResponse, web};

use super::visit::{self, Visit};
use crate::access::policy::UseAccount;
use crate::error::{Code, Error, Result};
use crate::http::Kernel;
use crate::http::docs::hang;
use crate::http::gate::Weight;
use crate::oauth::{pages, rules};
use crate::users::passwords;

pub(super) fn configure(config: &mut web::ServiceConfig) {
    hang(config, "/account/password", "GET, HEAD, POST", [web::get().to(page), web::head().to(page), web::post().to(set)]);
}

/// A link that is followed moves from the address into a cookie, so that it stands in no history and no log behind us.
async fn page(kernel: web::Data<Kernel>, req: HttpRequest) -> HttpResponse {
    visit::read(&kernel, &req, async |visit| {
        if let Some(link) = visit.form.get("token") {
            let plain = link.len() <= 64 && link.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
            let to = visit.onward("/account/password");
            return Ok(if plain { visit.browser.holding(to, link) } else { to });
        }
        Ok(draw(visit, 200, None))
    })
    .await
}

async fn set(kernel: web::Data<Kernel>, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    visit::posted(&kernel, &req, Weight::Password, payload, async |visit| {
        let link = visit.browser.link(&req);
        let password = visit.form.get("new_password").unwrap_or_default();
        let outcome = match (password == visit.form.get("again").unwrap_or_default(), &link) {
            (false, _) => return Ok(draw(visit, 422, Some(Told::Unlike))),
            (true, Some(link)) => passwords::accept(&visit.access, link, password).await,
            (true, None) => change(visit, password).await,
        };
        if let Err(error) = outcome {
            let unknown = error.faults().iter().any(|fault| fault.pointer() == Some("/token"));
            return match if unknown { Code::Gone } else { error.code() } {
                Code::ValidationFailed | Code::InvalidCredentials => Ok(draw(visit, error.code().status(), Some(Told::Refused(&error)))),
                // The link does not hold: nothing is left to do with it.
                Code::Gone => Ok(visit.browser.holding(visit.browser.page(410, pages::refused(visit.browser.language, &error), None), "")),
                _ => Err(error),
            };
        }
        let to = visit.leads_to();
        Ok(if link.is_some() { visit.browser.holding(visit.onward(&rules::sign_in_at(&to)), "") } else { visit.onward(&to) })
    })
    .await
}

async fn change(visit: &Visit<'_>, password: &str) -> Result<()> {
    let present = visit.form.get("current_password").unwrap_or_default();
    passwords::change(&visit.leave::<UseAccount>()?, present, password).await
}

/// What is wrong with what was filled in.
enum Told<'e> {
    /// The two are not the same.
    Unlike,
    /// What the rules say.
    Refused(&'e Error),
}

fn draw(visit: &Visit<'_>, status: u16, told: Option<Told<'_>>) -> HttpResponse {
    let (language, to) = (visit.browser.language, visit.leads_to());
    let link = visit.browser.link(visit.req);
    if link.is_none() && visit.browser.person.is_none() {
        return visit.onward(&rules::sign_in_at(&to));
    }
    let say = pages::Say(language);
    let wrong = told.map(|told| match told {
        Told::Unlike => say.it("Hai mật khẩu không giống nhau.", "The two passwords are not the same.").to_owned(),
        Told::Refused(error) if error.code() == Code::InvalidCredentials => {
            say.it("Mật khẩu hiện tại không đúng.", "The present password is wrong.").to_owned()
        }
        Told::Refused(error) => {
            error.faults().first().map_or_else(|| error.detail(language).to_owned(), |fault| fault.told(language).detail)
        }
    });
    let totp = visit.browser.person.as_ref().is_some_and(|person| person.totp);
    let page = pages::Password {
        language,
        other: &rules::in_language(&rules::password_at(&to), language.other()),
        to: &to,
        tag: &visit.browser.tag(),
        present: link.is_none(),
        shortest: visit.access.settings().shortest_password(totp),
        wrong: wrong.as_deref(),
    };
    visit.browser.page(status, page.draw(), None)
}
