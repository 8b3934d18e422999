//! What handlers answer: typed, so that the document knows it, with tags, conditions and compression in one place.

use std::fmt::Write;
use std::marker::PhantomData;

use actix_web::body::SizedStream;
use actix_web::http::header;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use futures_util::stream::BoxStream;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::cursors::CursorSigner;
use super::document::Spec;
use super::encoding::{Coding, etag, none_match_names};
use crate::db::page::Page;
use crate::error::Result;

/// What an answer may look at while it is written.
pub struct Answering<'a> {
    /// The request.
    pub req: &'a HttpRequest,
    /// The members that `fields` picked.
    pub fields: Option<Vec<String>>,
    /// What signs cursors.
    pub signer: &'a CursorSigner,
}

/// An answer that can say what it is and write itself.
pub trait Answer {
    /// Says in the document what is answered.
    fn describe(spec: &mut Spec);
    /// Writes it.
    ///
    /// # Errors
    /// 500 if it cannot be written.
    fn respond(self, answering: &Answering<'_>) -> Result<HttpResponse>;
}

/// A stored resource: it has a version, and a place where it is read.
pub trait Resource: Serialize + ToSchema {
    /// From 1, up by one with each change; `None` where the caller sees only a card of it.
    fn version(&self) -> Option<i64>;
    /// Its path, for `Location`.
    fn location(&self) -> String;
}

/// 200 with one versioned resource.
#[derive(Debug)]
pub struct Single<T>(pub T);

/// 201 with the new resource and its `Location`.
#[derive(Debug)]
pub struct Created<T>(pub T);

/// 200 with something that has no version of its own.
#[derive(Debug)]
pub struct Plain<T>(pub T);

/// 201 with secrets in it: never compressed (BREACH), never stored.
#[derive(Debug)]
pub struct CreatedSecret<T>(pub T, pub String);

/// 200 with secrets in it: never compressed, never stored.
#[derive(Debug)]
pub struct Secret<T>(pub T);

/// 200 with a page and the binding of its cursor.
#[derive(Debug)]
pub struct Paged<T>(pub Page<T>, pub String);

/// A page as a client reads it.
#[derive(Debug, Serialize)]
pub struct Listed<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Where the next ones are.
    pub page: PageInfo,
}

/// Where the next page is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"next": null, "limit": 50}))]
pub struct PageInfo {
    /// The cursor of the next page; null on the last.
    #[schema(required = true)]
    pub next: Option<String>,
    /// How many at the most.
    #[schema(minimum = 1, maximum = 200)]
    pub limit: i64,
    /// How many there are in all, with `count=exact`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, nullable = false)]
    pub total: Option<i64>,
}

impl<T> Listed<T> {
    /// The page with its cursor sealed.
    ///
    /// # Errors
    /// 500 if the cursor cannot be written.
    fn seal(page: Page<T>, signer: &CursorSigner, binding: &str) -> Result<Self> {
        let next = page.next.map(|after| signer.seal(&after, binding)).transpose()?;
        Ok(Self { data: page.rows, page: PageInfo { next, limit: page.limit, total: page.total } })
    }
}

/// 200 with rows that are not paged: `{"data": […]}`.
#[derive(Debug)]
pub struct Rows<T>(pub Vec<T>);

/// 204.
#[derive(Debug)]
pub struct NoContent;

/// 202 with nothing: what was asked is done, if it can be, after the answer.
#[derive(Debug)]
pub struct Accepted;

fn tag_headers() -> Value {
    json!({"ETag": {"schema": {"type": "string"}, "description": "For `If-None-Match`, and for `If-Match` where the resource can be changed."}})
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

impl<T: Resource> Answer for Single<T> {
    fn describe(spec: &mut Spec) {
        let name = spec.component::<T>();
        spec.answer(200, "The resource.", Some(reference(&name)), tag_headers());
        spec.pick(&name);
    }
    fn respond(self, answering: &Answering<'_>) -> Result<HttpResponse> {
        let body = body(&self.0, answering.fields.as_deref(), Shape::Object)?;
        tagged(answering.req, StatusCode::OK, self.0.version(), body, None)
    }
}

impl<T: Resource> Answer for Created<T> {
    fn describe(spec: &mut Spec) {
        let name = spec.component::<T>();
        let mut headers = tag_headers();
        if let Some(headers) = headers.as_object_mut() {
            headers.insert("Location".into(), json!({"schema": {"type": "string"}, "description": "Where it is read."}));
        }
        spec.answer(201, "The new resource.", Some(reference(&name)), headers);
    }
    fn respond(self, answering: &Answering<'_>) -> Result<HttpResponse> {
        let body = serde_json::to_vec(&self.0)?;
        tagged(answering.req, StatusCode::CREATED, self.0.version(), body, Some(self.0.location()))
    }
}

/// 201 with what was put where nothing was, 200 with what took its place.
#[derive(Debug)]
pub enum Put<T> {
    /// It is new.
    New(T),
    /// It changed.
    Changed(T),
}

impl<T: Resource> Answer for Put<T> {
    fn describe(spec: &mut Spec) {
        Created::<T>::describe(spec);
        let name = spec.component::<T>();
        spec.answer(200, "The changed resource.", Some(reference(&name)), tag_headers());
    }
    fn respond(self, answering: &Answering<'_>) -> Result<HttpResponse> {
        match self {
            Self::New(value) => Created(value).respond(answering),
            Self::Changed(value) => tagged(answering.req, StatusCode::OK, value.version(), serde_json::to_vec(&value)?, None),
        }
    }
}

impl<T: Serialize + ToSchema> Answer for Plain<T> {
    fn describe(spec: &mut Spec) {
        let name = spec.component::<T>();
        spec.answer(200, "The answer.", Some(reference(&name)), tag_headers());
    }
    fn respond(self, answering: &Answering<'_>) -> Result<HttpResponse> {
        tagged(answering.req, StatusCode::OK, None, serde_json::to_vec(&self.0)?, None)
    }
}

impl<T: Serialize + ToSchema> Answer for CreatedSecret<T> {
    fn describe(spec: &mut Spec) {
        let name = spec.component::<T>();
        let headers = json!({"Location": {"schema": {"type": "string"}, "description": "Where it is read."}});
        spec.secret = true;
        spec.answer(201, "The new resource, with its secrets: they are shown only here.", Some(reference(&name)), headers);
    }
    fn respond(self, _: &Answering<'_>) -> Result<HttpResponse> {
        Ok(secret(StatusCode::CREATED).insert_header((header::LOCATION, self.1)).body(serde_json::to_vec(&self.0)?))
    }
}

impl<T: Serialize + ToSchema> Answer for Secret<T> {
    fn describe(spec: &mut Spec) {
        let name = spec.component::<T>();
        spec.secret = true;
        spec.answer(200, "The answer, with secrets: they are shown only here.", Some(reference(&name)), json!({}));
    }
    fn respond(self, _: &Answering<'_>) -> Result<HttpResponse> {
        Ok(secret(StatusCode::OK).body(serde_json::to_vec(&self.0)?))
    }
}

fn secret(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CONTENT_TYPE, "application/json")).insert_header((header::CACHE_CONTROL, "no-store"));
    response
}

impl<T: Serialize + ToSchema> Answer for Paged<T> {
    fn describe(spec: &mut Spec) {
        let name = spec.component::<T>();
        spec.component::<PageInfo>();
        let list = format!("{name}List");
        spec.put(
            &list,
            json!({"type": "object", "required": ["data", "page"], "properties": {
            "data": {"type": "array", "items": reference(&name)}, "page": reference("PageInfo")}}),
        );
        let mut headers = tag_headers();
        if let Some(headers) = headers.as_object_mut() {
            headers.insert(
                "Link".into(),
                json!({"schema": {"type": "string"}, "description": "`<…>; rel=\"next\"` while there is a next page."}),
            );
        }
        spec.answer(200, "A page.", Some(reference(&list)), headers);
        spec.pick(&name);
    }
    fn respond(self, answering: &Answering<'_>) -> Result<HttpResponse> {
        let listed = Listed::seal(self.0, answering.signer, &self.1)?;
        let body = body(&listed, answering.fields.as_deref(), Shape::Data)?;
        let mut response = tagged(answering.req, StatusCode::OK, None, body, None)?;
        if let Some(link) = listed.page.next.as_deref().map(|next| next_link(answering.req, next))
            && let Ok(link) = header::HeaderValue::from_str(&link)
        {
            response.headers_mut().insert(header::LINK, link);
        }
        Ok(response)
    }
}

/// The same query with the next cursor (RFC 8288).
fn next_link(req: &HttpRequest, next: &str) -> String {
    let kept: Vec<&str> = req.query_string().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor=")).collect();
    let query = kept.into_iter().map(str::to_owned).chain([format!("cursor={next}")]).collect::<Vec<_>>().join("&");
    format!("<{}?{query}>; rel=\"next\"", req.path())
}

#[derive(Serialize)]
struct Data<T> {
    data: Vec<T>,
}

impl<T: Serialize + ToSchema> Answer for Rows<T> {
    fn describe(spec: &mut Spec) {
        let name = spec.component::<T>();
        let rows = format!("{name}Rows");
        spec.put(
            &rows,
            json!({"type": "object", "required": ["data"], "properties": {"data": {"type": "array", "items": reference(&name)}}}),
        );
        spec.answer(200, "All rows.", Some(reference(&rows)), tag_headers());
    }
    fn respond(self, answering: &Answering<'_>) -> Result<HttpResponse> {
        tagged(answering.req, StatusCode::OK, None, serde_json::to_vec(&Data { data: self.0 })?, None)
    }
}

/// What a file may be.
pub trait FileTypes {
    /// Media types.
    const TYPES: &'static [&'static str];
}

/// 200 with a file: an attachment that no browser opens in our name.
pub struct Download<T> {
    /// What it may be.
    pub types: PhantomData<T>,
    /// Its bytes.
    pub body: BoxStream<'static, Result<web::Bytes>>,
    /// Its name, as data.
    pub name: String,
    /// Its media type, as its content told.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

impl<T: FileTypes> Answer for Download<T> {
    fn describe(spec: &mut Spec) {
        spec.download(T::TYPES);
    }
    fn respond(self, _: &Answering<'_>) -> Result<HttpResponse> {
        let body = SizedStream::new(u64::try_from(self.size).unwrap_or_default(), self.body);
        let mut response = HttpResponse::Ok();
        response
            .insert_header((header::CONTENT_TYPE, with_charset(self.media_type)))
            .insert_header((header::CONTENT_DISPOSITION, disposition(&self.name)))
            .insert_header((header::ETAG, format!("\"{}\"", self.sha256)))
            .insert_header((header::CACHE_CONTROL, "private, no-store"))
            .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'"));
        Ok(response.body(body))
    }
}

/// Text says that it is UTF-8: ours is, and no other is taken.
fn with_charset(media_type: String) -> String {
    if media_type.starts_with("text/") && !media_type.contains(';') { media_type + "; charset=utf-8" } else { media_type }
}

/// `attachment` with the name in both forms of RFC 6266: ASCII for the old, UTF-8 percent-encoded (RFC 8187) for the rest.
fn disposition(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    let mut coded = String::with_capacity(name.len() * 3);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            coded.push(char::from(byte));
        } else {
            let _ = write!(coded, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{coded}")
}

/// 200 with a drawing in SVG: opened by itself it may use its own style, and neither scripts nor anything from elsewhere.
pub struct Drawing(pub String);

impl Answer for Drawing {
    fn describe(spec: &mut Spec) {
        spec.drawing("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 500\" role=\"img\" aria-labelledby=\"t d\">…</svg>");
    }
    fn respond(self, answering: &Answering<'_>) -> Result<HttpResponse> {
        const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
        let mut response = tagged(answering.req, StatusCode::OK, None, self.0.into_bytes(), None)?;
        let drawn = response.status() == StatusCode::OK;
        let headers = response.headers_mut();
        if drawn {
            headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("image/svg+xml; charset=utf-8"));
        }
        // With 304 too: its headers take the place of those that a client has stored (RFC 9111 section 3.2).
        headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(POLICY));
        Ok(response)
    }
}

impl Answer for NoContent {
    fn describe(spec: &mut Spec) {
        spec.answer(204, "Done.", None, json!({}));
    }
    fn respond(self, _: &Answering<'_>) -> Result<HttpResponse> {
        Ok(HttpResponse::NoContent().finish())
    }
}

impl Answer for Accepted {
    fn describe(spec: &mut Spec) {
        spec.answer(202, "Accepted.", None, json!({}));
    }
    fn respond(self, _: &Answering<'_>) -> Result<HttpResponse> {
        Ok(HttpResponse::Accepted().finish())
    }
}

#[derive(Clone, Copy)]
enum Shape {
    Object,
    Data,
}

/// The body, with only the picked members where some were picked.
fn body<T: Serialize>(value: &T, fields: Option<&[String]>, shape: Shape) -> Result<Vec<u8>> {
    let Some(fields) = fields else { return Ok(serde_json::to_vec(value)?) };
    let mut value = serde_json::to_value(value)?;
    let keep = |object: &mut Value| {
        if let Value::Object(members) = object {
            members.retain(|name, _| name == "id" || fields.iter().any(|field| field == name));
        }
    };
    match shape {
        Shape::Object => keep(&mut value),
        Shape::Data => value.get_mut("data").and_then(Value::as_array_mut).into_iter().flatten().for_each(keep),
    }
    Ok(serde_json::to_vec(&value)?)
}

/// A body under its tag: 304 without it if a reading client has it already.
fn tagged(req: &HttpRequest, status: StatusCode, version: Option<i64>, body: Vec<u8>, location: Option<String>) -> Result<HttpResponse> {
    let coding = Coding::choose(req, body.len());
    let tag = etag(version, &body, coding);
    let reads = matches!(*req.method(), Method::GET | Method::HEAD);
    let unchanged = reads && none_match_names(req.headers(), &tag);
    let mut response = HttpResponse::build(if unchanged { StatusCode::NOT_MODIFIED } else { status });
    response.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, "private, no-cache"));
    if let Some(location) = location {
        response.insert_header((header::LOCATION, location));
    }
    if unchanged {
        return Ok(response.finish());
    }
    response.insert_header((header::CONTENT_TYPE, "application/json"));
    if let Some(name) = coding.name() {
        response.insert_header((header::CONTENT_ENCODING, name));
    }
    Ok(response.body(coding.encode(body)?))
}
