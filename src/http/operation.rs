//! An operation as it stands when requests come: what is checked first, and what runs then.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::future::LocalBoxFuture;

use super::gate::{Place, Weight};
use super::kernel::Kernel;
use super::schema::{BodySchema, QuerySchema};
use crate::error::Result;

/// What is checked before a handler runs.
pub struct Checks {
    pub(super) body: Option<BodySchema>,
    pub(super) query: QuerySchema,
    pub(super) if_match: bool,
    pub(super) putting: bool,
    pub(super) upload: bool,
    pub(super) download: bool,
    /// Whether it takes an `Idempotency-Key`.
    pub(super) once: bool,
    pub(super) media: &'static str,
    pub(super) fields: Option<Vec<String>>,
    pub(super) weight: Weight,
    /// Whether nobody need be signed in.
    pub(super) public: bool,
}

impl Checks {
    /// Whether there is something to wait for once the caller is let in.
    pub(super) fn arrives(&self) -> bool {
        self.body.is_some() || self.upload
    }
}

/// From a request that has a place to its answer.
pub(super) type Run = dyn for<'r> Fn(&'r Kernel, &'r Operation, &'r HttpRequest, web::Payload, Place<'r>) -> LocalBoxFuture<'r, Result<HttpResponse>>
    + Send
    + Sync;

/// One operation, ready to run.
pub struct Operation {
    pub(super) id: String,
    /// As it is declared.
    pub(super) path: Arc<str>,
    pub(super) run: Box<Run>,
    pub(super) checks: Checks,
}

impl Operation {
    /// Runs what it is for.
    pub(super) fn call<'r>(
        &'r self,
        kernel: &'r Kernel,
        req: &'r HttpRequest,
        payload: web::Payload,
        place: Place<'r>,
    ) -> LocalBoxFuture<'r, Result<HttpResponse>> {
        (self.run)(kernel, self, req, payload, place)
    }
}
