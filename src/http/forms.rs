//! What comes as a form (`application/x-www-form-urlencoded`) and not as JSON: OAuth, and the pages for people.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use futures_util::FutureExt;

use super::exchange;
use super::gate::{Place, Weight};
use super::kernel::{Kernel, Limits};
use super::marks::marks;
use crate::access::Access;
use crate::access::caller::Caller;
use crate::access::policy::Anyone;
use crate::error::{Code, Error, Fault, FaultCode, Result};

/// Bytes of a form: names, secrets and addresses.
const LONGEST: usize = 16 * 1024;

/// The members of a form, none of them twice.
#[derive(Debug, Default)]
pub struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads what a body or a query holds.
    ///
    /// # Errors
    /// 422 for a member that is given twice (RFC 6749 section 3.1).
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut members = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            if members.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(Error::invalid(vec![Fault::of(name.into_owned(), FaultCode::DuplicateRow)]));
            }
        }
        Ok(Self(members))
    }

    /// The form in a body, read up to its limits of size and time.
    ///
    /// # Errors
    /// 415, 413, 408, 400, 422.
    pub async fn read(kernel: &Kernel, req: &HttpRequest, mut payload: web::Payload) -> Result<Self> {
        let media = req.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim();
        if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") || req.headers().contains_key(header::CONTENT_ENCODING) {
            return Err(Error::new(Code::UnsupportedMediaType));
        }
        let limits = Limits { body_bytes: kernel.limits.body_bytes.min(LONGEST), ..kernel.limits };
        Self::parse(&exchange::read(&mut payload, limits).await?)
    }

    /// A member; one without a value is not there (RFC 6749 section 3.1).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// Lets in whoever comes, with its place: the path itself says who may do what. After the form has arrived: what arrives slowly takes
/// nobody's place.
///
/// # Errors
/// 429 for a network that asked too much, 503 if there is no place or the database is away.
pub async fn admit<'k>(kernel: &'k Kernel, req: &HttpRequest, weight: Weight) -> Result<(Access<Anyone>, Place<'k>)> {
    let place = kernel.shield.gate.enter(weight)?;
    exchange::count(kernel, &Caller::Nobody, req)?;
    kernel.door.freshen().await;
    Ok((kernel.door.open(Caller::Nobody, marks(req))?, place))
}

/// Does the work of a request: within its time, and whatever happens there is an answer.
///
/// # Errors
/// What the work answers; 503 when it takes too long, 500 when it panics.
pub async fn run<R, E: From<Error>>(kernel: &Kernel, work: impl Future<Output = std::result::Result<R, E>>) -> std::result::Result<R, E> {
    match AssertUnwindSafe(tokio::time::timeout(kernel.limits.answer_time, work)).catch_unwind().await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Error::unavailable("the answer took too long to make").into()),
        Err(_) => Err(Error::internal("a handler panicked").into()),
    }
}
