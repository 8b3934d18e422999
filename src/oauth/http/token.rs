//! Tokens: had for a grant, told and taken back.

use std::sync::Arc;

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::{Result, answer};
use crate::access::Access;
use crate::access::caller::Caller;
use crate::access::grant::Grants;
use crate::access::policy::Anyone;
use crate::access::token::{self as tokens, Bearer, Claims, LEEWAY, LIFETIME, NewToken};
use crate::clients;
use crate::clients::store::Account;
use crate::clock::Instant;
use crate::error::Error;
use crate::http::Kernel;
use crate::http::forms::{Form, admit, run};
use crate::http::gate::Weight;
use crate::http::marks::{known, marks, peer};
use crate::ids::ClientId;
use crate::journal::{self, Entry};
use crate::oauth::model::{Introspection, Kind, Known, Refusal, Tokens};
use crate::oauth::rules::{self, Credentials};
use crate::oauth::store::{self, Exchange, Proved, Session};
use crate::sessions;
use crate::sessions::guesses::Patience;
use crate::sessions::model::Lives;
use crate::sessions::sign_in::successor;

/// A token for a grant (RFC 6749 section 3.2).
pub(super) async fn token(kernel: web::Data<Kernel>, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    let work = async {
        let form = Form::read(&kernel, &req, payload).await?;
        let (access, _place) = admit(&kernel, &req, Weight::Session).await?;
        match form.get("grant_type") {
            Some("client_credentials") => client_credentials(&access, &req, &form).await,
            Some("authorization_code") => authorization_code(&access, &req, &form).await,
            Some("refresh_token") => refresh_token(&access, &req, &form).await,
            Some(_) => Err(Refusal::new(Kind::UnsupportedGrantType, "client_credentials, authorization_code or refresh_token")),
            None => Err(Refusal::new(Kind::InvalidRequest, "grant_type is missing")),
        }
    };
    answer(&req, run(&kernel, work).await)
}

/// For a client that calls for itself (RFC 6749 section 4.4): no refresh token, it proves itself anew.
async fn client_credentials(access: &Access<Anyone>, req: &HttpRequest, form: &Form) -> Result<Tokens> {
    let account = prove(access, req, form).await?;
    let granted = &account.client.grants;
    let more = || Refusal::new(Kind::InvalidScope, "a scope is unknown or not granted to this client");
    let grants = form.get("scope").map_or_else(|| Ok(granted.clone()), |words| granted.narrowed(words).ok_or_else(more))?;
    let now = access.now();
    let left = account.expires_at.map_or(LIFETIME, |end| end.unix() - now.unix());
    let seconds = LIFETIME.min(left).max(0);
    let client_id = account.client.id.to_string();
    let new = NewToken {
        subject: account.client.id.any(),
        session: None,
        client: &client_id,
        seconds,
        since: account.tokens_from,
        scope: grants.words(),
        role: account.client.role,
        unit: account.client.unit,
        duties: Vec::new(),
    };
    let access_token = access.keys().issue(new, now)?;
    Ok(Tokens { access_token, token_type: "Bearer", expires_in: seconds, scope: grants.words(), refresh_token: None })
}

/// For a person who allowed a front end to act (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
async fn authorization_code(access: &Access<Anyone>, req: &HttpRequest, form: &Form) -> Result<Tokens> {
    let client = front_end_of(req, form)?;
    let missing = |what| move || Refusal::new(Kind::InvalidRequest, what);
    let (refresh_token, kept) = tokens::opaque()?;
    let exchange = Exchange {
        client,
        code: tokens::digest(form.get("code").ok_or_else(missing("code is missing"))?),
        redirect_uri: form.get("redirect_uri").ok_or_else(missing("redirect_uri is missing"))?.to_owned(),
        verifier: form.get("code_verifier").ok_or_else(missing("code_verifier is missing"))?.to_owned(),
        lives: Lives::from(&**access.settings()),
        kept,
        ip: peer(req),
    };
    let session = access.write(move |tx| store::exchange(tx, &exchange)).await?;
    let session = session.ok_or_else(rules::spent)?;
    issue(access, session, None, refresh_token)
}

/// The same session goes on (RFC 6749 section 6). The token before is used up; what belongs to another client is nothing here.
async fn refresh_token(access: &Access<Anyone>, req: &HttpRequest, form: &Form) -> Result<Tokens> {
    let client = front_end_of(req, form)?;
    let token = form.get("refresh_token").ok_or_else(|| Refusal::new(Kind::InvalidRequest, "refresh_token is missing"))?;
    let (digest, (next, next_digest)) = (tokens::digest(token), successor(&access.keys(), token));
    let lives = Lives::from(&**access.settings());
    let scope = form.get("scope").map(str::to_owned);
    let asked = scope.clone();
    let session = access.write(move |tx| store::refresh(tx, lives, client, asked.as_deref(), &digest, &next_digest)).await?;
    match session {
        store::Refreshed::Goes(session) => issue(access, *session, scope.as_deref(), next),
        store::Refreshed::Wider => Err(Refusal::new(Kind::InvalidScope, "a scope is unknown or was not allowed")),
        store::Refreshed::No => Err(rules::spent()),
    }
}

/// Which front end says it asks. It has no secret to prove it with: the code's verifier and the refresh token do.
fn front_end_of(req: &HttpRequest, form: &Form) -> Result<ClientId> {
    if form.get("client_secret").is_some() || req.headers().contains_key(header::AUTHORIZATION) {
        return Err(Refusal::new(Kind::UnauthorizedClient, "a machine account has client_credentials alone"));
    }
    form.get("client_id").ok_or_else(rules::unknown)?.parse().map_err(|_| rules::unknown())
}

/// Tokens of a session, for all that was allowed or for what of it was asked.
fn issue(access: &Access<Anyone>, session: Session, scope: Option<&str>, refresh_token: String) -> Result<Tokens> {
    let Session { person, app } = session;
    let wider = || Refusal::new(Kind::InvalidScope, "a scope is unknown or was not allowed");
    let grants = scope.map_or_else(|| Ok(app.grants.clone()), |words| app.grants.narrowed(words).ok_or_else(wider))?;
    let client_id = app.id.to_string();
    let new = NewToken {
        subject: person.id.any(),
        session: Some(person.session),
        client: &client_id,
        seconds: LIFETIME,
        since: None,
        scope: grants.words(),
        role: person.role,
        unit: person.unit,
        duties: person.duties.list(),
    };
    let access_token = access.keys().issue(new, access.now())?;
    Ok(Tokens { access_token, token_type: "Bearer", expires_in: LIFETIME, scope: grants.words(), refresh_token: Some(refresh_token) })
}

/// What is known of a token (RFC 7662): of the asking client's own, and of no other that there is any.
pub(super) async fn introspect(kernel: web::Data<Kernel>, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    let work = async {
        let form = Form::read(&kernel, &req, payload).await?;
        let (access, _place) = admit(&kernel, &req, Weight::Session).await?;
        let account = prove(&access, &req, &form).await?;
        let Some(claims) = own(&access, &account, &form)? else { return Ok(Introspection::default()) };
        let jti = claims.jti;
        if access.read(move |db| clients::store::is_revoked(db, jti)).await? {
            return Ok(Introspection::default());
        }
        let scope = account.client.grants.within(&Grants::from_words(&claims.scope)).words();
        let known = Known {
            scope,
            client_id: claims.client_id,
            token_type: "Bearer",
            exp: claims.exp,
            iat: claims.iat,
            nbf: claims.nbf,
            sub: claims.sub.to_string(),
            aud: claims.aud,
            iss: claims.iss,
            jti: jti.to_string(),
        };
        Ok(Introspection { active: true, known: Some(known) })
    };
    answer(&req, run(&kernel, work).await)
}

/// Takes a token back (RFC 7009): the asking client's own. Of any other it answers as if there was none.
pub(super) async fn revoke(kernel: web::Data<Kernel>, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    let work = async {
        let form = Form::read(&kernel, &req, payload).await?;
        let (access, _place) = admit(&kernel, &req, Weight::Session).await?;
        if form.get("client_secret").is_none() && !req.headers().contains_key(header::AUTHORIZATION) {
            return revoke_session(&access, &req, &form).await;
        }
        let account = prove(&access, &req, &form).await?;
        let Some(claims) = own(&access, &account, &form)? else { return Ok(json!({})) };
        let client = account.client;
        let access: Access<Anyone> = kernel.door.open(Caller::Client(Arc::new(client.clone())), marks(&req))?;
        access
            .write(move |tx| {
                let end = Instant::from_micros(claims.exp.saturating_add(LEEWAY).saturating_mul(1_000_000));
                if clients::store::revoke(tx, claims.jti, end)? {
                    let entry = Entry::new("token.revoke", None, "client", client.id.any());
                    journal::append(tx, Entry { unit: Some(client.unit), ..entry })?;
                }
                Ok(())
            })
            .await?;
        Ok(json!({}))
    };
    answer(&req, run(&kernel, work).await)
}

/// The same for a front end: its access or refresh token ends the session that it belongs to.
async fn revoke_session(access: &Access<Anyone>, req: &HttpRequest, form: &Form) -> Result<serde_json::Value> {
    let client = front_end_of(req, form)?;
    let token = form.get("token").ok_or_else(|| Refusal::new(Kind::InvalidRequest, "token is missing"))?;
    let verified = access.keys().verify(token, access.now()).ok();
    let claims = verified.map(|verified| verified.claims).filter(|claims| claims.client_id == client.to_string());
    let named = claims.and_then(|claims| claims.sid);
    let digest = tokens::digest(token);
    access
        .write(move |tx| {
            if clients::store::front_end(tx, client)?.is_none() {
                return Ok(false);
            }
            let session = match named {
                Some(session) => Some(session),
                None => sessions::store::of_refresh_token(tx, client, &digest)?,
            };
            if let Some(session) = session {
                store::end_session(tx, session)?;
            }
            Ok(true)
        })
        .await?
        .then(|| json!({}))
        .ok_or_else(rules::unknown)
}

/// The client that asks, once it has proved who it is.
async fn prove(access: &Access<Anyone>, req: &HttpRequest, form: &Form) -> Result<Account> {
    let credentials: Credentials = rules::credentials(authorization(req.headers())?, form.get("client_id"), form.get("client_secret"))?;
    let patience = Patience::from(&**access.settings());
    match access.write(move |tx| store::prove(tx, patience, &credentials)).await? {
        Proved::Client(account) => {
            known(req, Caller::Client(Arc::new(account.client.clone())));
            Ok(*account)
        }
        Proved::No => Err(rules::unknown()),
        Proved::Waits(seconds) => Err(Error::rate_limited(seconds).into()),
    }
}

/// The one `Authorization` header.
fn authorization(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| rules::unknown()),
        (Some(_), Some(_)) => Err(Refusal::new(Kind::InvalidRequest, "two Authorization headers")),
    }
}

/// What the token in the form says, if it is this client's and holds now.
fn own(access: &Access<Anyone>, account: &Account, form: &Form) -> Result<Option<Claims>> {
    let token = form.get("token").ok_or_else(|| Refusal::new(Kind::InvalidRequest, "token is missing"))?;
    let claims = access.keys().verify(token, access.now()).ok().map(|verified| verified.claims);
    let since = account.tokens_from.map(Instant::micros);
    Ok(claims.filter(|claims| claims.since == since && claims.bearer().is_ok_and(|bearer| bearer == Bearer::Client(account.client.id))))
}
