//! The one place where operations are declared: route, OpenAPI operation and permission together, from the types in the handler's
//! signature. It also answers HEAD, OPTIONS and 405 with `Allow`.
//!
//! ```text
//! api.path("/units/{unit}")
//!     .get(get_unit, "Read a unit", "…")
//!     .patch(update_unit, "Change a unit", "…").refuses(&[Code::Conflict]);
//! ```

use std::future::Future;
use std::sync::Arc;

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value, json};

use super::answers::Answer;
use super::document::{Described, Spec, frame, members, operation, refusal_response};
use super::exchange;
use super::gate::{Place, Weight};
use super::kernel::Kernel;
use super::once;
use super::operation::{Checks, Operation, Run};
use super::parts::Part;
use super::problem::{self, Problem};
use super::schema::{BodySchema, QuerySchema};
use crate::access::Access;
use crate::access::policy::{Permission, Permit};
use crate::error::{Code, Error, Result};

/// A handler: an async function of an `Access<P>` and up to three parts.
pub trait Handler<Args>: Clone + Send + Sync + 'static {
    /// The permission in its signature.
    type Permit: Permit;
    /// Says in the document what it takes and answers.
    fn describe(spec: &mut Spec);
    /// Takes the parts and runs it.
    fn call<'r>(
        self,
        kernel: &'r Kernel,
        operation: &'r Operation,
        req: &'r HttpRequest,
        payload: web::Payload,
        place: Place<'r>,
    ) -> LocalBoxFuture<'r, Result<HttpResponse>>;
}

macro_rules! handlers {
    ($($part:ident $name:ident),*) => {
        impl<F, Fut, P, R, $($part),*> Handler<(P, R, $($part,)*)> for F
        where
            F: Fn(Access<P>, $($part),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Result<R>>,
            P: Permit,
            R: Answer,
            $($part: Part,)*
        {
            type Permit = P;

            fn describe(spec: &mut Spec) {
                $($part::describe(spec);)*
                R::describe(spec);
            }

            fn call<'r>(self, kernel: &'r Kernel, operation: &'r Operation, req: &'r HttpRequest, payload: web::Payload, place: Place<'r>) -> LocalBoxFuture<'r, Result<HttpResponse>> {
                Box::pin(async move {
                    let (access, place) = exchange::admit::<P>(kernel, operation, req, place).await?;
                    let mut checked = exchange::check(kernel, operation, req, payload).await?;
                    let (access, _place) = exchange::begin(kernel, operation, req, access, place).await?;
                    let exchange = &mut checked.0;
                    let once = once::begin(kernel, operation, exchange).await?;
                    let access = access.under(once.clone());
                    $(let $name = $part::take(exchange)?;)*
                    if !exchange.faults.is_empty() {
                        return Err(Error::invalid(std::mem::take(&mut exchange.faults)));
                    }
                    let answer = self(access, $($name),*).await;
                    once::settle(once, answer.and_then(|answer| answer.respond(&exchange::answering(kernel, req, checked.1)))).await
                })
            }
        }
    };
}
handlers!();
handlers!(A a);
handlers!(A a, B b);
handlers!(A a, B b, C c);

/// One operation, as it is declared.
struct Declared {
    method: Method,
    path: String,
    id: String,
    tag: String,
    summary: &'static str,
    description: &'static str,
    permission: Option<Permission>,
    refusals: Vec<Code>,
    weight: Weight,
    /// A POST that only says what another would do.
    changes_nothing: bool,
    spec: Spec,
    run: Box<Run>,
}

impl Declared {
    /// Whether it takes an `Idempotency-Key`: a POST that changes something, but what carries a secret, and what nobody or a person in
    /// the matter of its own account asks. There a refusal changes something too, a wrong guess is counted, and must not be undone.
    fn once(&self) -> bool {
        let of_somebody = self.permission.is_some_and(|permission| permission != Permission::UseAccount);
        self.method == Method::POST && of_somebody && !self.changes_nothing && !self.spec.secret
    }
}

/// One line of the inventory: what routes, document and role matrix must agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The operation id.
    pub id: String,
    /// The method.
    pub method: String,
    /// The path with its variable parts in braces.
    pub path: String,
    /// The permission; `None` is public.
    pub permission: Option<Permission>,
}

/// Where operations are declared.
pub struct Registrar {
    base: &'static str,
    declared: Vec<Declared>,
    tags: Vec<(&'static str, &'static str)>,
}

impl Registrar {
    /// A registrar of paths under `base`.
    #[must_use]
    pub fn new(base: &'static str) -> Self {
        Self { base, declared: Vec::new(), tags: Vec::new() }
    }

    /// Names what the next paths are about, for the document.
    pub fn tag(&mut self, name: &'static str, description: &'static str) {
        self.tags.push((name, description));
    }

    /// A path, to hang methods on.
    pub fn path(&mut self, path: &str) -> PathOf<'_> {
        let path = format!("{}{path}", self.base);
        PathOf { registrar: self, path }
    }

    /// All of it, compiled.
    ///
    /// # Errors
    /// What is wrong with a declaration: a fault of ours, told at start.
    pub fn finish(self) -> Result<Api> {
        let mut document = frame();
        let mut declared = self.declared;
        let components = components(&mut declared)?;
        let mut paths = Map::new();
        let mut responses = Map::new();
        let mut api = Api { paths: Vec::new(), document: Value::Null, inventory: Vec::new() };
        for declaration in declared {
            let described = Described {
                method: &declaration.method,
                id: &declaration.id,
                tag: &declaration.tag,
                summary: declaration.summary,
                description: declaration.description,
                permission: declaration.permission,
                refusals: &declaration.refusals,
                once: declaration.once(),
                spec: &declaration.spec,
            };
            let item = paths.entry(declaration.path.clone()).or_insert_with(|| json!({}));
            if let Some(item) = item.as_object_mut() {
                item.insert(declaration.method.as_str().to_ascii_lowercase(), operation(&described));
            }
            responses.extend(refusal_response(&described));
            api.inventory.push(Listing {
                id: declaration.id.clone(),
                method: declaration.method.to_string(),
                path: declaration.path.clone(),
                permission: declaration.permission,
            });
            api.add(declaration, &components)?;
        }
        if let Some(root) = document.as_object_mut() {
            root.insert("paths".into(), Value::Object(paths));
            let tags = self.tags.iter().map(|(name, description)| json!({"name": name, "description": description})).collect();
            root.insert("tags".into(), Value::Array(tags));
        }
        for (pointer, value) in [("/components/schemas", components), ("/components/responses", sorted(responses))] {
            if let Some(place) = document.pointer_mut(pointer) {
                *place = value;
            }
        }
        api.document = document;
        Ok(api)
    }
}

/// The components that all operations name, in the order of their names; two that differ may not share one.
fn components(declared: &mut [Declared]) -> Result<Value> {
    let mut spec = Spec::default();
    spec.component::<Problem>();
    let mut all = Map::new();
    for (name, schema) in declared.iter_mut().flat_map(|declaration| declaration.spec.take_components()).chain(spec.take_components()) {
        let mut schema = serde_json::to_value(schema)?;
        super::schema::bound_dates(&mut schema);
        if all.get(&name).is_some_and(|known| *known != schema) {
            return Err(Error::internal(format!("two schemas are called {name}")));
        }
        all.insert(name, schema);
    }
    Ok(sorted(all))
}

fn sorted(map: Map<String, Value>) -> Value {
    let mut entries: Vec<_> = map.into_iter().collect();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    Value::Object(entries.into_iter().collect())
}

/// A path, and the methods that hang on it.
pub struct PathOf<'r> {
    registrar: &'r mut Registrar,
    path: String,
}

impl PathOf<'_> {
    /// Declares GET, and with it HEAD.
    #[must_use]
    pub fn get<Args: 'static, H: Handler<Args>>(self, handler: H, summary: &'static str, description: &'static str) -> Self {
        self.declare(Method::GET, handler, summary, description)
    }

    /// Declares POST.
    #[must_use]
    pub fn post<Args: 'static, H: Handler<Args>>(self, handler: H, summary: &'static str, description: &'static str) -> Self {
        self.declare(Method::POST, handler, summary, description)
    }

    /// Declares PUT.
    #[must_use]
    pub fn put<Args: 'static, H: Handler<Args>>(self, handler: H, summary: &'static str, description: &'static str) -> Self {
        self.declare(Method::PUT, handler, summary, description)
    }

    /// Declares PATCH.
    #[must_use]
    pub fn patch<Args: 'static, H: Handler<Args>>(self, handler: H, summary: &'static str, description: &'static str) -> Self {
        self.declare(Method::PATCH, handler, summary, description)
    }

    /// Declares DELETE.
    #[must_use]
    pub fn delete<Args: 'static, H: Handler<Args>>(self, handler: H, summary: &'static str, description: &'static str) -> Self {
        self.declare(Method::DELETE, handler, summary, description)
    }

    /// Refusals of the method just declared that do not follow from what it takes.
    #[must_use]
    pub fn refuses(self, codes: &[Code]) -> Self {
        if let Some(declared) = self.registrar.declared.last_mut() {
            declared.refusals.extend_from_slice(codes);
        }
        self
    }

    /// What the method just declared weighs, where that is not milliseconds.
    #[must_use]
    pub fn weighs(self, weight: Weight) -> Self {
        if let Some(declared) = self.registrar.declared.last_mut() {
            declared.weight = weight;
        }
        self
    }

    /// The method just declared is a POST that only says what another would do.
    #[must_use]
    pub fn changes_nothing(self) -> Self {
        if let Some(declared) = self.registrar.declared.last_mut() {
            declared.changes_nothing = true;
        }
        self
    }

    /// Ends the declaration.
    pub fn done(self) {}

    fn declare<Args: 'static, H: Handler<Args>>(
        self,
        method: Method,
        handler: H,
        summary: &'static str,
        description: &'static str,
    ) -> Self {
        let mut spec = Spec::at(&self.path);
        H::describe(&mut spec);
        let (tag, id) = names(std::any::type_name::<H>());
        self.registrar.declared.push(Declared {
            method,
            path: self.path.clone(),
            id,
            tag,
            summary,
            description,
            permission: H::Permit::PERMISSION,
            refusals: Vec::new(),
            weight: Weight::default(),
            changes_nothing: false,
            spec,
            run: run(handler),
        });
        self
    }
}

/// The handler behind one type: what it borrows lives as long as the request, and a clone of a function is free.
fn run<Args: 'static, H: Handler<Args>>(handler: H) -> Box<Run> {
    Box::new(move |kernel, operation, req, payload, place| handler.clone().call(kernel, operation, req, payload, place))
}

/// The module is the tag and the function the operation id: `tiendo::units::http::get_unit` → `units`, `get_unit`.
fn names(path: &str) -> (String, String) {
    let parts: Vec<&str> = path.split("::").collect();
    let tag = parts.get(1).copied().unwrap_or_default();
    (tag.to_owned(), parts.last().copied().unwrap_or_default().to_owned())
}

type Methods = Vec<(Method, Arc<Operation>)>;

/// All operations, compiled: shared by the workers.
pub struct Api {
    paths: Vec<(String, Methods)>,
    document: Value,
    inventory: Vec<Listing>,
}

impl Api {
    fn add(&mut self, declared: Declared, components: &Value) -> Result<()> {
        let spec = &declared.spec;
        let body = spec.body.as_deref().map(|name| BodySchema::compile(name, components)).transpose().map_err(Error::internal)?;
        let parameters: Vec<_> = spec.query.iter().map(|(name, schema, required, _)| (name.clone(), schema.clone(), *required)).collect();
        let query = QuerySchema::compile(&parameters, components).map_err(Error::internal)?;
        let fields = spec.fields.as_deref().map(|name| members(components, name)).transpose()?;
        let (if_match, putting, upload, download) = (spec.if_match, spec.putting, spec.upload, spec.download);
        let (once, weight, public) = (declared.once(), declared.weight, declared.permission.is_none());
        let checks = Checks {
            body,
            query,
            if_match,
            putting,
            upload,
            download,
            once,
            media: spec.media.unwrap_or("application/json"),
            fields,
            weight,
            public,
        };
        let operation = Arc::new(Operation { id: declared.id, path: declared.path.as_str().into(), run: declared.run, checks });
        match self.paths.iter_mut().find(|(path, _)| *path == declared.path) {
            Some((_, methods)) => methods.push((declared.method, operation)),
            None => self.paths.push((declared.path, vec![(declared.method, operation)])),
        }
        Ok(())
    }

    /// The OpenAPI document.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// What is declared.
    #[must_use]
    pub fn inventory(&self) -> &[Listing] {
        &self.inventory
    }

    /// Hangs every path into an actix application. Fixed words come before variable parts, so `/units/tree` is not a unit.
    pub fn configure(&self, config: &mut web::ServiceConfig) {
        let mut paths: Vec<_> = self.paths.iter().collect();
        paths.sort_by_key(|(path, _)| path.matches('{').count());
        for (path, methods) in paths {
            let mut resource = web::resource(path.as_str());
            let mut allow: Vec<String> = methods.iter().map(|(method, _)| method.to_string()).collect();
            for (method, operation) in methods {
                resource = resource.route(route(method.clone(), operation.clone()));
                if *method == Method::GET {
                    resource = resource.route(route(Method::HEAD, operation.clone()));
                    allow.push("HEAD".to_owned());
                }
            }
            allow.push("OPTIONS".to_owned());
            let allow = allow.join(", ");
            config
                .service(resource.default_service(web::to(move |req: HttpRequest| std::future::ready(other_method(allow.clone(), &req)))));
        }
    }
}

fn route(method: Method, operation: Arc<Operation>) -> actix_web::Route {
    web::method(method).to(move |req: HttpRequest, payload: web::Payload, kernel: web::Data<Kernel>| {
        let operation = operation.clone();
        async move { exchange::run(&kernel, &operation, req, payload).await }
    })
}

/// What answers where a path has no such method: OPTIONS with those that it has, and 405.
pub(super) fn other_method(allow: String, req: &HttpRequest) -> HttpResponse {
    if req.method() == Method::OPTIONS {
        return HttpResponse::NoContent().insert_header((header::ALLOW, allow)).finish();
    }
    problem::render(&Error::method_not_allowed(allow), req)
}

/// What answers where there is no path.
pub async fn no_such_path(req: HttpRequest) -> HttpResponse {
    problem::render(&Error::not_found(), &req)
}
