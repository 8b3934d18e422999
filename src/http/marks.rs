//! What is known of a request while it is answered: each says it once, where it finds it out, and whoever needs it asks here.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::{HttpMessage, HttpRequest};

use crate::access::caller::{Caller, RequestMarks};

/// The header of a request that may be repeated.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// What the request is called in logs, problems and the journal.
pub(super) struct RequestId(pub Arc<str>);

/// Who asked, for the log line; put there by the door.
pub(super) struct Asker(pub Caller);

/// The path of the operation that it is for: the router found it once, and would take as long to find it again.
pub(super) struct Route(pub Arc<str>);

/// Where it came from.
pub(super) struct Client(pub IpAddr);

/// The request's id: the client's if it is sane, ours otherwise.
#[must_use]
pub fn request_id(req: &HttpRequest) -> Arc<str> {
    req.extensions().get::<RequestId>().map_or_else(|| Arc::from(""), |id| id.0.clone())
}

/// Says who asked, where it was not the door that found out.
pub(crate) fn known(req: &HttpRequest, caller: Caller) {
    req.extensions_mut().insert(Asker(caller));
}

/// The path that it is for, as it is declared.
#[must_use]
pub fn route(req: &HttpRequest) -> Arc<str> {
    let known = req.extensions().get::<Route>().map(|route| route.0.clone());
    known.unwrap_or_else(|| req.match_pattern().unwrap_or_else(|| "-".to_owned()).into())
}

/// Who asked, once the door has let it in.
#[must_use]
pub(super) fn asker(req: &HttpRequest) -> Option<Caller> {
    req.extensions().get::<Asker>().map(|asker| asker.0.clone())
}

/// The address of the client: the peer's, or what a trusted proxy says.
#[must_use]
pub fn client(req: &HttpRequest) -> Option<IpAddr> {
    req.extensions().get::<Client>().map(|client| client.0)
}

/// The same as text.
#[must_use]
pub fn peer(req: &HttpRequest) -> Option<String> {
    client(req).map(|address| address.to_string())
}

/// What the journal keeps of a request.
#[must_use]
pub fn marks(req: &HttpRequest) -> RequestMarks {
    RequestMarks { request_id: Some(request_id(req)), ip: peer(req).map(Into::into), ..RequestMarks::default() }
}
