//! A visit of a browser to our own pages: one that is read, or a form that comes back. What goes wrong is a page too.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use super::browser::{Browser, onward, plain};
use crate::access::Access;
use crate::access::caller::Caller;
use crate::access::policy::{Anyone, Permit};
use crate::error::{Code, Error, Language, Result};
use crate::http::Kernel;
use crate::http::forms::{Form, admit, run};
use crate::http::gate::Weight;
use crate::http::language::language;
use crate::http::marks::{marks, request_id, route};
use crate::oauth::{pages, rules};
use crate::text::cut;

/// A visit.
pub(super) struct Visit<'k> {
    pub(super) kernel: &'k Kernel,
    pub(super) req: &'k HttpRequest,
    pub(super) access: Access<Anyone>,
    pub(super) browser: Browser,
    /// What came in the address or the body.
    pub(super) form: Form,
}

impl Visit<'_> {
    /// Leave to do what `P` names, as the person who is signed in.
    pub(super) fn leave<P: Permit>(&self) -> Result<Access<P>> {
        let caller = self.browser.person.clone().map_or(Caller::Nobody, Caller::Person);
        self.kernel.door.open(caller, marks(self.req))
    }

    /// Where it leads in the end: to what a front end asked, or to the page of applications, and nowhere else.
    pub(super) fn leads_to(&self) -> String {
        rules::leads_to(self.form.get("continue"))
    }

    /// On to a page of ours, in the language that was chosen.
    pub(super) fn onward(&self, to: &str) -> HttpResponse {
        let chosen = self.form.get("ui_locales").map(|_| rules::in_language(to, self.browser.language));
        onward(chosen.as_deref().unwrap_or(to))
    }
}

/// A page that is read.
pub(super) async fn read(kernel: &Kernel, req: &HttpRequest, work: impl AsyncFnOnce(&Visit<'_>) -> Result<HttpResponse>) -> HttpResponse {
    let answer = run(kernel, async {
        let form = Form::parse(req.query_string().as_bytes())?;
        visit(kernel, req, Weight::Session, form, work).await
    });
    answer.await.unwrap_or_else(|error| refused(language(req), req, &error))
}

/// A form that comes back, if it is one that we gave.
pub(super) async fn posted(
    kernel: &Kernel,
    req: &HttpRequest,
    weight: Weight,
    payload: web::Payload,
    work: impl AsyncFnOnce(&Visit<'_>) -> Result<HttpResponse>,
) -> HttpResponse {
    let answer = run(kernel, async {
        let form = Form::read(kernel, req, payload).await?;
        visit(
            kernel,
            req,
            weight,
            form,
            async |visit| if visit.browser.gave(req, &visit.form) { work(visit).await } else { Ok(old(visit)) },
        )
        .await
    });
    answer.await.unwrap_or_else(|error| refused(language(req), req, &error))
}

async fn visit(
    kernel: &Kernel,
    req: &HttpRequest,
    weight: Weight,
    form: Form,
    work: impl AsyncFnOnce(&Visit<'_>) -> Result<HttpResponse>,
) -> Result<HttpResponse> {
    let (access, _place) = admit(kernel, req, weight).await?;
    let browser = Browser::read(kernel, &access, req, &form).await?;
    let visit = Visit { kernel, req, access, browser, form };
    Ok(work(&visit).await.unwrap_or_else(|error| refused(visit.browser.language, req, &error)))
}

fn old(visit: &Visit<'_>) -> HttpResponse {
    visit.browser.wrong(
        403,
        "Biểu mẫu đã cũ hoặc không do trang này gửi. Hãy quay lại và thử lần nữa.",
        "This form is old, or was not sent by this page. Go back and try again.",
    )
}

/// A page for a refusal of the service itself. What caused it is for the log.
fn refused(language: Language, req: &HttpRequest, error: &Error) -> HttpResponse {
    if let Some(cause) = error.cause() {
        let (request_id, route) = (request_id(req), route(req));
        tracing::warn!(request_id = &*request_id, code = error.code().slug(), route = &*route, cause = cut(&cause.text), at = %cause.at, "refused");
    }
    let status = if error.code() == Code::ValidationFailed { 400 } else { error.code().status() };
    let mut response = plain(language, status, pages::refused(language, error), None);
    if let Some(seconds) = error.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    }
    // What is left of a form that nobody will read must not be taken for the next request.
    if matches!(error.code(), Code::TooLarge | Code::RequestTimeout) {
        response.head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
    }
    response
}
