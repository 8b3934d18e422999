//! What a handler may ask of a request, beside its [`Access`](crate::access::Access): typed pieces that describe themselves in the
//! OpenAPI document. By the time a part is taken the request has passed its checks (`exchange`), so taking one cannot fail on
//! what a client sent, but for what only the part knows.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::cursors::CursorSigner;
use super::document::Spec;
use super::encoding::Matching;
use super::marks::peer;
use crate::error::{Error, Fault, Language, Result};
use crate::files::Received;
use crate::ids::{Id, Key};

/// A request that passed its checks.
pub struct Exchange<'r> {
    /// The request.
    pub req: &'r HttpRequest,
    /// Its parameters, as their schema says.
    pub query: Map<String, Value>,
    /// Its body, as its schema says; null where the operation has none.
    pub body: Value,
    /// Faults that parts find: told together.
    pub faults: Vec<Fault>,
    /// The file of an upload.
    pub received: Option<Received>,
    /// What signs cursors.
    pub signer: &'r CursorSigner,
}

/// A piece of a request.
pub trait Part: Sized {
    /// Says in the document what is asked.
    fn describe(spec: &mut Spec);
    /// Takes it.
    ///
    /// # Errors
    /// 404 for a path that cannot name anything; 422 for what a schema cannot say.
    fn take(exchange: &mut Exchange<'_>) -> Result<Self>;
}

/// The variable parts of the path, in their order.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// One variable part of a path.
pub trait PathPart: Sized {
    /// Its schema.
    fn schema() -> Value;
    /// Reads it; `None` names nothing.
    fn read(text: &str) -> Option<Self>;
}

impl PathPart for Key {
    fn schema() -> Value {
        json!({"type": "string", "description": "Id or code.", "maxLength": 40})
    }
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl<T> PathPart for Id<T> {
    fn schema() -> Value {
        json!({"type": "string", "format": "uuid"})
    }
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl<A: PathPart> Part for Path<A> {
    fn describe(spec: &mut Spec) {
        spec.path_parameters(&[A::schema()]);
    }
    fn take(exchange: &mut Exchange<'_>) -> Result<Self> {
        let mut texts = exchange.req.match_info().iter().map(|(_, text)| text);
        texts.next().and_then(A::read).map(Path).ok_or_else(Error::not_found)
    }
}

macro_rules! paths {
    ($($part:ident $name:ident),+) => {
        impl<$($part: PathPart),+> Part for Path<($($part,)+)> {
            fn describe(spec: &mut Spec) {
                spec.path_parameters(&[$($part::schema()),+]);
            }
            fn take(exchange: &mut Exchange<'_>) -> Result<Self> {
                let mut texts = exchange.req.match_info().iter().map(|(_, text)| text);
                $(let $name = texts.next().and_then($part::read).ok_or_else(Error::not_found)?;)+
                Ok(Self(($($name,)+)))
            }
        }
    };
}
paths!(A a, B b);
paths!(A a, B b, C c);

impl PathPart for i32 {
    fn schema() -> Value {
        json!({"type": "integer", "minimum": 0, "maximum": 999_999})
    }
    fn read(text: &str) -> Option<Self> {
        // One number, one spelling.
        text.parse().ok().filter(|number: &Self| (0..1_000_000).contains(number) && number.to_string() == text)
    }
}

/// Parameters of the query as a struct whose members are the parameters.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: ToSchema + DeserializeOwned> Part for Query<T> {
    fn describe(spec: &mut Spec) {
        spec.query::<T>();
    }
    fn take(exchange: &mut Exchange<'_>) -> Result<Self> {
        from_query(exchange).map(Query)
    }
}

/// The members of `T` among the parameters.
///
/// # Errors
/// 500 if the type and its schema do not agree: a fault of ours.
pub(super) fn from_query<T: DeserializeOwned>(exchange: &Exchange<'_>) -> Result<T> {
    serde_json::from_value(Value::Object(exchange.query.clone())).map_err(Error::internal)
}

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: ToSchema + DeserializeOwned> Part for Body<T> {
    fn describe(spec: &mut Spec) {
        spec.body::<T>();
    }
    fn take(exchange: &mut Exchange<'_>) -> Result<Self> {
        serde_json::from_value(std::mem::take(&mut exchange.body)).map(Body).map_err(Error::internal)
    }
}

/// A file, sent as the one part `file` of a form: it is stored by the time the handler runs, and nothing points at it yet.
#[derive(Debug)]
pub struct Upload(pub Received);

impl Part for Upload {
    fn describe(spec: &mut Spec) {
        spec.upload();
    }
    fn take(exchange: &mut Exchange<'_>) -> Result<Self> {
        exchange.received.take().map(Self).ok_or_else(|| Error::internal("an upload without its file"))
    }
}

/// The version that the client means to change. Required: its absence is 428 before anything is read.
#[derive(Debug)]
pub struct IfMatch(pub Matching);

impl Part for IfMatch {
    fn describe(spec: &mut Spec) {
        spec.if_match();
    }
    fn take(exchange: &mut Exchange<'_>) -> Result<Self> {
        Matching::read(exchange.req.headers()).map(IfMatch).ok_or_else(|| Error::new(crate::error::Code::PreconditionRequired))
    }
}

/// What the client means to put: something new (`If-None-Match: *`), or another version of what is there (`If-Match`). One of them is
/// required.
#[derive(Debug)]
pub enum Putting {
    /// Nothing is there yet.
    New,
    /// This is there.
    Changed(Matching),
}

impl Putting {
    /// Reads both headers; `None` where neither says what is meant.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let new = headers.get(actix_web::http::header::IF_NONE_MATCH).map(|value| value.as_bytes().trim_ascii() == b"*");
        // Whoever says `If-None-Match` with anything but `*` cannot be understood, whatever else it says.
        match (Matching::read(headers), new) {
            (_, Some(false)) | (None, None) => None,
            (Some(matching), _) => Some(Self::Changed(matching)),
            (None, Some(true)) => Some(Self::New),
        }
    }

    /// Whether what is there is as the client means: the version, or nothing.
    ///
    /// # Errors
    /// 412 if it is not.
    pub fn check(&self, current: Option<i64>) -> Result<()> {
        match (self, current) {
            (Self::New, None) => Ok(()),
            (Self::Changed(matching), Some(version)) => matching.check(version),
            _ => Err(Error::new(crate::error::Code::StaleVersion)),
        }
    }
}

impl Part for Putting {
    fn describe(spec: &mut Spec) {
        spec.putting();
    }
    fn take(exchange: &mut Exchange<'_>) -> Result<Self> {
        Self::read(exchange.req.headers()).ok_or_else(|| Error::new(crate::error::Code::PreconditionRequired))
    }
}

/// The version that the client means to move, if it says so.
#[derive(Debug)]
pub struct MayMatch(pub Option<Matching>);

impl MayMatch {
    /// Whether the resource as it stands is meant.
    ///
    /// # Errors
    /// 412 if another version is.
    pub fn check(&self, current: i64) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |matching| matching.check(current))
    }
}

impl Part for MayMatch {
    fn describe(spec: &mut Spec) {
        spec.may_match();
    }
    fn take(exchange: &mut Exchange<'_>) -> Result<Self> {
        Ok(Self(Matching::read(exchange.req.headers())))
    }
}

/// Marks of the request that a handler itself needs: signing in keeps the address.
#[derive(Debug)]
pub struct Peer {
    /// The address that it came from.
    pub ip: Option<String>,
}

impl Part for Peer {
    fn describe(_: &mut Spec) {}
    fn take(exchange: &mut Exchange<'_>) -> Result<Self> {
        Ok(Self { ip: peer(exchange.req) })
    }
}

/// The language of the client: for the few answers that hold sentences.
#[derive(Clone, Copy, Debug)]
pub struct Spoken(pub Language);

impl Part for Spoken {
    fn describe(_: &mut Spec) {}
    fn take(exchange: &mut Exchange<'_>) -> Result<Self> {
        Ok(Self(super::language::language(exchange.req)))
    }
}

/// Whether the client takes answers of this media type (RFC 9110 section 12.5.1); no `Accept` takes anything, and who takes problems
/// is told at least those.
#[must_use]
pub fn accepts(headers: &HeaderMap, media: &str) -> bool {
    let family = media.split('/').next().unwrap_or_default();
    let mut seen = false;
    for value in headers.get_all(actix_web::http::header::ACCEPT) {
        seen = true;
        let taken = value.to_str().unwrap_or_default().split(',').any(|range| {
            let mut pieces = range.split(';').map(str::trim);
            let range = pieces.next().unwrap_or_default().to_ascii_lowercase();
            let refused = pieces.any(|piece| piece.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0)));
            let taken = matches!(range.as_str(), "" | "*/*" | "application/problem+json") || range == media;
            !refused && (taken || range.strip_suffix("/*") == Some(family))
        });
        if taken {
            return true;
        }
    }
    !seen
}
