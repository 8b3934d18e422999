//! Clients on HTTP: what admins do with them.

use super::model::{Client, ClientFilters, ClientPatch, ClientType, NewClient, Rotation};
use super::rules::{self, Said};
use super::store::{self, Locked};
use crate::access::grant::Grants;
use crate::access::policy::{ReadClients, WriteClients};
use crate::access::{Access, token};
use crate::db::Tx;
use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::http::answers::{CreatedSecret, Paged, Resource, Secret, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, IfMatch, MayMatch, Path};
use crate::http::registrar::Registrar;
use crate::ids::{ClientId, Id};
use crate::journal::{self, Entry};
use crate::sessions;
use crate::units::store::referred_unit;
use crate::users::model::Reason;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("clients", "Ứng dụng kết nối: programs of others. They get their tokens at `/oauth/token`.");
    api.path("/clients")
        .get(list_clients, "List clients", "Of the caller's scope.")
        .post(create_client, "Make a client", "Of one's own unit or one below, with scopes for what the caller may do itself. Its secret is answered here, once. A token of it is had at `/oauth/token` with `grant_type=client_credentials`.")
        .done();
    api.path("/clients/{client}")
        .get(get_client, "Read a client", "Of the caller's scope.")
        .patch(update_client, "Change a client", "What it may do and from where takes effect within a second, for its present tokens too. A front end with another name, or another address to take people back to, asks each of them anew when they sign in next; who is signed in by it stays so.")
        .done();
    api.path("/clients/{client}/rotate")
        .post(
            rotate_client,
            "Give a client a new secret",
            "It is answered here, once. The one before goes on beside it until the next rotation, and no client has more than two; tokens that were had with one before these end when they expire. Without `keep_previous` all tokens end with the one before.",
        )
        .refuses(&[Code::IllegalTransition, Code::Conflict])
        .done();
    api.path("/clients/{client}/disable")
        .post(
            disable_client,
            "Disable a client",
            "Its tokens, and what people are signed in with by it, end within a second on every instance, and for good.",
        )
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/clients/{client}/enable")
        .post(enable_client, "Enable a client", "With the secrets that it had.")
        .refuses(&[Code::IllegalTransition])
        .done();
}

impl Resource for Client {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/clients/{}", self.id)
    }
}

impl Filters for ClientFilters {
    const SORTS: &'static [&'static str] = &["name", "updated_at"];
    const SEARCH: bool = true;
    const UPDATED: bool = true;
    fn several(&self) -> bool {
        // Their secrets are read beside them.
        true
    }
}

async fn list_clients(access: Access<ReadClients>, list: List<ClientFilters>) -> Result<Paged<Client>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.q.as_deref(), list.updated_since, &list.page)).await
}

async fn get_client(access: Access<ReadClients>, Path(id): Path<ClientId>) -> Result<Single<Client>> {
    access.snapshot(move |db| store::get(db, id)).await.map(Single)
}

async fn create_client(access: Access<WriteClients>, Body(new): Body<NewClient>) -> Result<CreatedSecret<Client>> {
    let (secret, digest) = token::opaque()?;
    let id: ClientId = Id::new();
    let kind = new.kind.unwrap_or(ClientType::Service);
    let mut client = access
        .write(move |tx| {
            tx.hold_tree()?;
            let grants = Grants::of(&new.scopes);
            if !rules::may_grant(&tx.context.caller, kind, &grants) {
                return Err(beyond());
            }
            sessions::store::must_stand(tx)?;
            let mut faults = Vec::new();
            let networks = said_of_new(kind, &new).read(kind, tx.now(), &mut faults).unwrap_or_default();
            let unit = referred_unit(tx, Fault::at("/unit", FaultCode::UnknownReference), &new.unit, &mut faults)?;
            let (Some(unit), true) = (unit, faults.is_empty()) else { return Err(Error::invalid(faults)) };
            let redirect_uris = new.redirect_uris.as_deref().unwrap_or_default();
            let given =
                store::New { kind, redirect_uris, name: &new.name, grants: &grants, networks: &networks, expires_at: new.expires_at };
            store::insert(tx, id, unit.id, &given)?;
            if kind == ClientType::Service {
                store::add_secret(tx, id, &digest, 0)?;
            }
            told(tx, "client.create", id, None, None)
        })
        .await?;
    let location = client.location();
    client.client_secret = (kind == ClientType::Service).then_some(secret);
    Ok(CreatedSecret(client, location))
}

async fn update_client(
    access: Access<WriteClients>,
    Path(id): Path<ClientId>,
    IfMatch(matching): IfMatch,
    Body(patch): Body<ClientPatch>,
) -> Result<Single<Client>> {
    let client = access
        .write(move |tx| {
            tx.hold_tree()?;
            let locked = lock_within(tx, id)?;
            let before = &locked.client;
            let grants = patch.scopes.as_deref().map(Grants::of);
            if grants.as_ref().is_some_and(|grants| !rules::may_grant(&tx.context.caller, before.kind, grants)) {
                return Err(beyond());
            }
            matching.check(before.version)?;
            let mut faults = Vec::new();
            let networks = said_of_change(&patch).read(before.kind, tx.now(), &mut faults);
            if !faults.is_empty() {
                return Err(Error::invalid(faults));
            }
            if rules::is_another(before, patch.name.as_deref(), patch.redirect_uris.as_deref()) {
                store::forget_consents(tx, id)?;
            }
            let (name, redirect_uris, expires_at) = (patch.name.clone(), patch.redirect_uris.clone(), patch.expires_at.clone().given());
            store::update(tx, &locked, &store::Change { redirect_uris, name, grants: grants.as_ref(), networks, expires_at })?;
            told(tx, "client.update", id, Some(before), None)
        })
        .await?;
    Ok(Single(client))
}

async fn rotate_client(
    access: Access<WriteClients>,
    Path(id): Path<ClientId>,
    Body(rotation): Body<Rotation>,
    may: MayMatch,
) -> Result<Secret<Client>> {
    let (secret, digest) = token::opaque()?;
    let mut client = access
        .write(move |tx| {
            tx.hold_tree()?;
            let locked = lock_within(tx, id)?;
            let before = &locked.client;
            may.check(before.version)?;
            if before.kind != ClientType::Service {
                return Err(Error::conflict("Ứng dụng này không có khóa bí mật.", "This client has no secret."));
            }
            if locked.disabled {
                return Err(Error::illegal_transition(vec!["enable"]));
            }
            let kept = rotation.keep_previous.unwrap_or(true);
            store::add_secret(tx, id, &digest, i64::from(kept))?;
            if !kept {
                store::end_tokens(tx, id)?;
            }
            store::touch(tx, &locked)?;
            told(tx, "client.rotate", id, Some(before), rotation.reason.as_deref())
        })
        .await?;
    client.client_secret = Some(secret);
    Ok(Secret(client))
}

async fn disable_client(
    access: Access<WriteClients>,
    Path(id): Path<ClientId>,
    Body(reason): Body<Reason>,
    may: MayMatch,
) -> Result<Single<Client>> {
    change_status(access, id, reason, may, "client.disable").await
}

async fn enable_client(
    access: Access<WriteClients>,
    Path(id): Path<ClientId>,
    Body(reason): Body<Reason>,
    may: MayMatch,
) -> Result<Single<Client>> {
    change_status(access, id, reason, may, "client.enable").await
}

async fn change_status(
    access: Access<WriteClients>,
    id: ClientId,
    reason: Reason,
    may: MayMatch,
    action: &'static str,
) -> Result<Single<Client>> {
    let client = access
        .write(move |tx| {
            tx.hold_tree()?;
            // Whoever sees that something is wrong may stop it; what begins it again is a grant.
            let locked = if action == "client.enable" { lock_within(tx, id)? } else { store::lock(tx, id)? };
            let before = &locked.client;
            may.check(before.version)?;
            store::set_disabled(tx, &locked, rules::next_disabled(locked.disabled, action)?)?;
            told(tx, action, id, Some(before), reason.reason.as_deref())
        })
        .await?;
    Ok(Single(client))
}

/// A front end without an address to take people back to is told of it.
fn said_of_new(kind: ClientType, new: &NewClient) -> Said<'_> {
    let redirect_uris = new.redirect_uris.as_deref().or((kind != ClientType::Service).then_some(&[]));
    Said { scopes: Some(&new.scopes), networks: new.networks.as_deref(), redirect_uris, expires_at: new.expires_at }
}

fn said_of_change(patch: &ClientPatch) -> Said<'_> {
    let (scopes, networks) = (patch.scopes.as_deref(), patch.networks.as_deref());
    Said { scopes, networks, redirect_uris: patch.redirect_uris.as_deref(), expires_at: patch.expires_at.clone().given().flatten() }
}

fn beyond() -> Error {
    Error::forbidden().because("Không thể cấp quyền mà mình không có.", "Nobody grants a scope for what it may not do itself.")
}

/// A client that may do nothing which whoever changes it may not do itself.
fn lock_within(tx: &mut Tx<'_>, id: ClientId) -> Result<Locked> {
    let locked = store::lock(tx, id)?;
    sessions::store::must_stand(tx)?;
    let grants = Grants::of(&locked.client.scopes);
    if rules::may_grant(&tx.context.caller, locked.client.kind, &grants) { Ok(locked) } else { Err(beyond()) }
}

/// What became of it, told in the journal too; its secret is put into the answer after that.
fn told(tx: &mut Tx<'_>, action: &'static str, id: ClientId, before: Option<&Client>, reason: Option<&str>) -> Result<Client> {
    let after = store::get(tx, id)?;
    let entry = Entry::new(action, None, "client", after.id.any()).told(before, Some(&after), reason)?;
    journal::append(tx, Entry { unit: Some(after.unit.id), ..entry })?;
    Ok(after)
}
