//! Users on HTTP: what admins do with them. The caller's own account is in [`own`], what needs no account in [`links`].

mod links;
mod own;

use serde_json::json;

use super::model::{NewUser, Reason, Status, User, UserFilters, UserPatch};
use super::{rules, store};
use crate::access::Access;
use crate::access::policy::{Duties, ReadUsers, WriteUsers};
use crate::db::Tx;
use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::http::answers::{CreatedSecret, Paged, Resource, Secret, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, IfMatch, MayMatch, Path};
use crate::http::registrar::Registrar;
use crate::ids::{Id, UserId};
use crate::journal::{self, Entry};
use crate::mail::model::Why;
use crate::units::store::referred_unit;
use crate::{sessions, totp};
use links::Link;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("users", "Tài khoản: people of units, let in by invitation.");
    own::routes(api);
    api.path("/users")
        .get(list_users, "List users", "Of the caller's scope.")
        .post(create_user, "Invite a user", "Of one's own unit or one below, with duties that the inviter holds. The link goes out by mail where mail is set up and the user has an address; else it is answered here, once.")
        .refuses(&[Code::Duplicate])
        .done();
    api.path("/users/{user}")
        .get(get_user, "Read a user", "Of the caller's scope.")
        .patch(update_user, "Change a user", "Of one's own unit or one below; what it may do and where takes effect within a second, and a link of it that nobody took up ends.")
        .done();
    api.path("/users/{user}/reset")
        .post(reset_user, "Reset a user", "Takes the password and the second factor away and ends its sessions; the link for a new one goes out by mail, or is answered here, once.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/users/{user}/disable")
        .post(disable_user, "Disable a user", "Ends its sessions within a second, on every instance.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/users/{user}/enable")
        .post(enable_user, "Enable a user", "With the password that it had.")
        .refuses(&[Code::IllegalTransition])
        .done();
    links::routes(api);
}

impl Resource for User {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/users/{}", self.id)
    }
}

impl Filters for UserFilters {
    const SORTS: &'static [&'static str] = &["full_name", "username", "updated_at"];
    const SEARCH: bool = true;
    const UPDATED: bool = true;
    fn several(&self) -> bool {
        self.unit.is_some() || self.within.is_some()
    }
}

async fn list_users(access: Access<ReadUsers>, list: List<UserFilters>) -> Result<Paged<User>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.q.as_deref(), list.updated_since, &list.page)).await
}

async fn get_user(access: Access<ReadUsers>, Path(id): Path<UserId>) -> Result<Single<User>> {
    access.read(move |db| store::get(db, id)).await.map(Single)
}

async fn create_user(access: Access<WriteUsers>, Body(new): Body<NewUser>) -> Result<CreatedSecret<User>> {
    let own = access.person()?.duties;
    let link = Link::new(&access, Why::Invited)?;
    let id: UserId = Id::new();
    let user = access
        .write(move |tx| {
            tx.hold_tree()?;
            let mut faults = Vec::new();
            let unit = referred_unit(tx, Fault::at("/unit", FaultCode::UnknownReference), &new.unit, &mut faults)?;
            let unit = unit.ok_or_else(|| Error::invalid(faults))?;
            if !rules::may_grant(own, Duties::of(&new.duties)) {
                return Err(beyond());
            }
            store::insert(tx, id, unit.id, &new)?;
            let user = store::get(tx, id)?;
            journal::append(tx, entry("user.create", "user.created", None, &user, None)?)?;
            link.give(tx, user)
        })
        .await?;
    let location = user.location();
    Ok(CreatedSecret(user, location))
}

async fn update_user(
    access: Access<WriteUsers>,
    Path(id): Path<UserId>,
    IfMatch(matching): IfMatch,
    Body(patch): Body<UserPatch>,
) -> Result<Single<User>> {
    let (me, own) = access.person().map(|person| (person.id, person.duties))?;
    let user = access
        .write(move |tx| {
            tx.hold_tree()?;
            let locked = store::lock(tx, id)?;
            sessions::store::must_stand(tx)?;
            let before = &locked.user;
            let granted = patch.duties.as_ref().map_or_else(|| Duties::of(&before.duties), |duties| Duties::of(duties));
            let itself = before.id == me && (patch.duties.is_some() || patch.unit.is_some());
            if itself || !rules::may_grant(own, Duties::of(&before.duties)) || !rules::may_grant(own, granted) {
                return Err(beyond());
            }
            matching.check(before.version)?;
            let mut faults = Vec::new();
            let unit = match patch.unit.as_deref() {
                Some(text) => referred_unit(tx, Fault::at("/unit", FaultCode::UnknownReference), text, &mut faults)?,
                None => None,
            };
            if !faults.is_empty() {
                return Err(Error::invalid(faults));
            }
            store::update(tx, &locked, &patch, unit.map(|unit| unit.id))?;
            let after = store::get(tx, id)?;
            told_changed(tx, before, &after)?;
            Ok(after)
        })
        .await?;
    Ok(Single(user))
}

/// A change. A link that lets in is for what the account was when it was given: whoever kept it gets nothing more by it, and whoever has it at another address nothing. Whoever follows the
/// changes of the unit that it leaves is told that it is gone.
fn told_changed(tx: &mut Tx<'_>, before: &User, after: &User) -> Result<()> {
    if (before.unit.id, &before.duties, &before.email) != (after.unit.id, &after.duties, &after.email) {
        store::end_links(tx, after.id)?;
    }
    if before.unit.id != after.unit.id {
        // What else changed with it is not that one's to know.
        let unit = |user: &User| json!({ "unit": user.unit });
        let gone = entry("user.leave", "user.deleted", None, after, None)?.told(Some(&unit(before)), Some(&unit(after)), None)?;
        journal::append(tx, Entry { unit: Some(before.unit.id), deleted: true, ..gone })?;
    }
    journal::append(tx, entry("user.update", "user.updated", Some(before), after, None)?)
}

async fn reset_user(access: Access<WriteUsers>, Path(id): Path<UserId>, Body(reason): Body<Reason>, may: MayMatch) -> Result<Secret<User>> {
    let (me, own) = access.person().map(|person| (person.id, person.duties))?;
    let link = Link::new(&access, Why::Reset)?;
    let user = access
        .write(move |tx| {
            tx.hold_tree()?;
            let locked = store::lock(tx, id)?;
            let before = &locked.user;
            if !rules::may_grant(own, Duties::of(&before.duties)) || before.id == me {
                return Err(Error::forbidden());
            }
            may.check(before.version)?;
            if before.status == Status::Disabled {
                return Err(Error::illegal_transition(vec!["enable"]));
            }
            store::reset(tx, &locked)?;
            totp::store::remove(tx, id)?;
            sessions::store::end_all(tx, id)?;
            let after = store::get(tx, id)?;
            journal::append(tx, entry("user.reset", "user.updated", Some(before), &after, reason.reason.as_deref())?)?;
            link.give(tx, after)
        })
        .await?;
    Ok(Secret(user))
}

async fn disable_user(
    access: Access<WriteUsers>,
    Path(id): Path<UserId>,
    Body(reason): Body<Reason>,
    may: MayMatch,
) -> Result<Single<User>> {
    change_status(access, id, reason, may, "user.disable").await
}

async fn enable_user(
    access: Access<WriteUsers>,
    Path(id): Path<UserId>,
    Body(reason): Body<Reason>,
    may: MayMatch,
) -> Result<Single<User>> {
    change_status(access, id, reason, may, "user.enable").await
}

async fn change_status(
    access: Access<WriteUsers>,
    id: UserId,
    reason: Reason,
    may: MayMatch,
    action: &'static str,
) -> Result<Single<User>> {
    let (me, own) = access.person().map(|person| (person.id, person.duties))?;
    let user = access
        .write(move |tx| {
            tx.hold_tree()?;
            let locked = store::lock(tx, id)?;
            sessions::store::must_stand(tx)?;
            let before = locked.user.clone();
            if !rules::may_grant(own, Duties::of(&before.duties)) || before.id == me {
                return Err(Error::forbidden());
            }
            may.check(before.version)?;
            let status = rules::next_status(before.status, action, store::has_password(tx, id)?)?;
            store::set_status(tx, &locked, status)?;
            if status == Status::Disabled {
                store::end_links(tx, id)?;
                sessions::store::end_all(tx, id)?;
            }
            let after = store::get(tx, id)?;
            journal::append(tx, entry(action, "user.updated", Some(&before), &after, reason.reason.as_deref())?)?;
            Ok(after)
        })
        .await?;
    Ok(Single(user))
}

fn beyond() -> Error {
    Error::forbidden().because("Không thể giao nhiệm vụ mà mình không có.", "Nobody grants a duty beyond its own.")
}

fn entry(action: &'static str, event: &'static str, before: Option<&User>, after: &User, reason: Option<&str>) -> Result<Entry> {
    let entry = Entry::new(action, Some(event), "user", after.id.any()).told(before, Some(after), reason)?;
    Ok(Entry { code: Some(after.username.clone()), unit: Some(after.unit.id), ..entry })
}
