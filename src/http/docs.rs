//! What stands outside `/api/v1` and belongs to no resource: the document, its viewer, the pages of problems, health, keys.

use std::future::ready;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Responder, Route, web};
use serde_json::json;
use utoipa_swagger_ui::Config;

use super::encoding::{Coding, etag, none_match_names};
use super::kernel::Kernel;
use super::problem;
use super::registrar::{Api, other_method};
use crate::access::token::JWKS_SECONDS;
use crate::error::{Code, Error, Language};

/// Hangs these paths into an application.
pub fn configure(config: &mut web::ServiceConfig, api: &Api) {
    let document: Arc<[u8]> = serde_json::to_vec(api.document()).unwrap_or_default().into();
    let viewer = Arc::new(Config::from("/openapi.json").display_request_duration(true).filter(true).validator_url("none"));
    fixed(config, "/openapi.json", move |req: HttpRequest| ready(openapi(&document, &req)));
    fixed(config, "/docs", || async { HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish() });
    fixed(config, "/docs/{file:.*}", move |req: HttpRequest, file: web::Path<String>| ready(swagger(viewer.clone(), &req, &file)));
    fixed(config, "/problems/{slug}", explain);
    fixed(config, "/.well-known/jwks.json", jwks);
    fixed(config, "/health/live", || async { HttpResponse::Ok().json(json!({"status": "ok"})) });
    fixed(config, "/health/ready", readiness);
}

/// Hangs a path that belongs to no resource into an application, and 405 for what it does not take.
pub(crate) fn hang(config: &mut web::ServiceConfig, path: &str, allow: &'static str, routes: impl IntoIterator<Item = Route>) {
    let resource = routes.into_iter().fold(web::resource(path), actix_web::Resource::route);
    let allow = format!("{allow}, OPTIONS");
    config.service(resource.default_service(web::to(move |req: HttpRequest| ready(other_method(allow.clone(), &req)))));
}

/// A path with GET and HEAD, and 405 for the rest.
pub(crate) fn fixed<H, Args>(config: &mut web::ServiceConfig, path: &str, handler: H)
where
    H: Handler<Args> + Clone,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    hang(config, path, "GET, HEAD", [web::get().to(handler.clone()), web::head().to(handler)]);
}

fn openapi(document: &[u8], req: &HttpRequest) -> HttpResponse {
    let coding = Coding::choose(req, document.len());
    let tag = etag(None, document, coding);
    if none_match_names(req.headers(), &tag) {
        return HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish();
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, "application/json")).insert_header((header::ETAG, tag));
    response.insert_header((header::CACHE_CONTROL, "public, no-cache"));
    if let Some(name) = coding.name() {
        response.insert_header((header::CONTENT_ENCODING, name));
    }
    coding.encode(document.to_vec()).map_or_else(|error| problem::render(&error, req), |body| response.body(body))
}

/// Swagger UI from the binary: works without a network. Its own policy lets it run its own scripts and styles.
fn swagger(viewer: Arc<Config<'static>>, req: &HttpRequest, file: &str) -> HttpResponse {
    match utoipa_swagger_ui::serve(file, viewer) {
        Ok(Some(found)) => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, found.content_type))
            .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
            .insert_header((
                header::CONTENT_SECURITY_POLICY,
                "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
            ))
            .body(found.bytes.into_owned()),
        Ok(None) => problem::render(&Error::not_found(), req),
        Err(error) => problem::render(&Error::internal(error), req),
    }
}

/// A page for people about one kind of problem: what `type` points at.
async fn explain(req: HttpRequest, slug: web::Path<String>) -> HttpResponse {
    let Some(code) = Code::ALL.iter().find(|code| code.slug() == slug.as_str()) else {
        return problem::render(&Error::not_found(), &req);
    };
    let page = format!(
        "<!doctype html><html lang=\"vi\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <h1>{title}</h1><p lang=\"en\">{english}.</p><p>HTTP <code>{status}</code>, <code>code</code>: <code>{code}</code>.</p></html>",
        title = code.title(Language::Vi),
        english = code.title(Language::En),
        status = code.status(),
        code = code.code(),
    );
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8")).body(page)
}

/// The public keys (RFC 7517). Kept for less than a new key is published before it signs.
async fn jwks(kernel: web::Data<Kernel>, req: HttpRequest) -> HttpResponse {
    kernel.door.freshen().await;
    let set = kernel.door.keys().jwks(kernel.door.now()).to_string();
    let tag = etag(None, set.as_bytes(), Coding::Identity);
    let lasting = (header::CACHE_CONTROL, format!("public, max-age={JWKS_SECONDS}"));
    if none_match_names(req.headers(), &tag) {
        return HttpResponse::NotModified().insert_header((header::ETAG, tag)).insert_header(lasting).finish();
    }
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::ETAG, tag))
        .insert_header(lasting)
        .body(set)
}

async fn readiness(kernel: web::Data<Kernel>, req: HttpRequest) -> HttpResponse {
    if kernel.shield.is_stopping() {
        return problem::render(&Error::unavailable("the service is stopping"), &req);
    }
    match kernel.door.ready().await {
        Ok(warnings) => HttpResponse::Ok().json(json!({"status": "ready", "warnings": warnings})),
        Err(error) => problem::render(&error, &req),
    }
}
