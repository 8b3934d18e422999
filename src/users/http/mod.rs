//! Users on HTTP, and the caller's own account.

use unicode_normalization::UnicodeNormalization;

use super::model::{Acceptance, Invitation, Me, NewPassword, NewUser, Reason, Status, User, UserFilters, UserPatch};
use super::{rules, store};
use crate::access::Access;
use crate::access::caller::Person;
use crate::access::policy::{Anyone, Duties, Permit, ReadUsers, UseAccount, WriteUsers};
use crate::access::token;
use crate::clock::Instant;
use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::http::answers::{CreatedSecret, NoContent, Paged, Plain, Resource, Secret, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, IfMatch, MayMatch, Path};
use crate::http::registrar::Registrar;
use crate::ids::{Id, UserId};
use crate::journal::{self, Entry};
use crate::sessions;
use crate::units::store::referred_unit;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("users", "Tài khoản: people of units, let in by invitation.");
    api.path("/me").get(get_me, "Read who I am", "The account, its unit, its duties and all that follows from them.").done();
    api.path("/users")
        .get(list_users, "List users", "Of the caller's scope.")
        .post(create_user, "Invite a user", "Of one's own unit or one below, with duties that the inviter holds. The link holds 24 hours.")
        .refuses(&[Code::Duplicate])
        .done();
    api.path("/me/password")
        .put(change_password, "Change one's own password", "Every other session of one's own ends.")
        .refuses(&[Code::InvalidCredentials])
        .done();
    api.path("/users/{user}")
        .get(get_user, "Read a user", "Of the caller's scope.")
        .patch(update_user, "Change a user", "Of one's own unit or one below; what it may do and where takes effect within a second.")
        .done();
    api.path("/users/{user}/reset")
        .post(reset_user, "Reset a user", "Takes the password away and ends its sessions; the answer holds the link for a new one.")
        .done();
    api.path("/users/{user}/disable")
        .post(disable_user, "Disable a user", "Ends its sessions within a second, on every instance.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/users/{user}/enable")
        .post(enable_user, "Enable a user", "With the password that it had.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/invitations/accept")
        .post(accept_invitation, "Take up an invitation", "Sets the password; the link is good for one use.")
        .refuses(&[Code::Gone])
        .done();
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

async fn get_me(access: Access<UseAccount>) -> Result<Plain<Me>> {
    let person = access.person()?.clone();
    access.snapshot(move |db| store::me(db, &person)).await.map(Plain)
}

async fn list_users(access: Access<ReadUsers>, list: List<UserFilters>) -> Result<Paged<User>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.q.as_deref(), list.updated_since, &list.page)).await
}

async fn get_user(access: Access<ReadUsers>, Path(id): Path<UserId>) -> Result<Single<User>> {
    access.read(move |db| store::get(db, id)).await.map(Single)
}

async fn create_user(access: Access<WriteUsers>, Body(new): Body<NewUser>) -> Result<CreatedSecret<User>> {
    let own = access.person()?.duties;
    let (secret, digest) = token::opaque()?;
    let expires_at = access.now().plus(rules::INVITATION);
    let id: UserId = Id::new();
    let mut user = access
        .write(move |tx| {
            let mut faults = Vec::new();
            let unit = referred_unit(tx, Fault::at("/unit", FaultCode::UnknownReference), &new.unit, &mut faults)?;
            let unit = unit.ok_or_else(|| Error::invalid(faults))?;
            if !rules::may_grant(own, Duties::of(&new.duties)) {
                return Err(beyond());
            }
            store::insert(tx, id, unit.id, &new)?;
            store::invite(tx, id, &digest, expires_at)?;
            let user = store::get(tx, id)?;
            journal::append(tx, entry("user.create", "user.created", None, &user, None)?)?;
            Ok(user)
        })
        .await?;
    user.invitation = Some(invitation(secret, expires_at));
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
            let locked = store::lock(tx, id)?;
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
            journal::append(tx, entry("user.update", "user.updated", Some(before), &after, None)?)?;
            Ok(after)
        })
        .await?;
    Ok(Single(user))
}

async fn reset_user(access: Access<WriteUsers>, Path(id): Path<UserId>, Body(reason): Body<Reason>, may: MayMatch) -> Result<Secret<User>> {
    let (me, own) = access.person().map(|person| (person.id, person.duties))?;
    let (secret, digest) = token::opaque()?;
    let expires_at = access.now().plus(rules::INVITATION);
    let mut user = access
        .write(move |tx| {
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
            store::invite(tx, id, &digest, expires_at)?;
            sessions::store::end_all(tx, id)?;
            let after = store::get(tx, id)?;
            journal::append(tx, entry("user.reset", "user.updated", Some(before), &after, reason.reason.as_deref())?)?;
            Ok(after)
        })
        .await?;
    user.invitation = Some(invitation(secret, expires_at));
    Ok(Secret(user))
}

async fn change_password(access: Access<UseAccount>, Body(new): Body<NewPassword>) -> Result<NoContent> {
    let person = access.person()?.clone();
    let (past, known) = prove(&access, &person, new.current_password.nfc().collect()).await?;
    let password: String = new.new_password.nfc().collect();
    refuse_guessable(&access, "/new_password", &password, known).await?;
    for old in past {
        if access.passwords().verify(password.clone(), Some(old)).await? {
            return Err(Error::invalid(vec![Fault::at("/new_password", FaultCode::PasswordReused)]));
        }
    }
    let hash = access.passwords().hash(password).await?;
    access
        .write(move |tx| {
            store::activate(tx, person.id, &hash)?;
            sessions::store::end_others(tx, person.id, person.session)?;
            let entry = Entry::new("user.change_password", None, "user", person.id.any());
            journal::append(tx, Entry { code: Some(person.username.clone()), unit: Some(person.unit), ..entry })
        })
        .await?;
    Ok(NoContent)
}

/// Checks the present password, a guess like any other: an open session is no way around the limit. Answers what the next one may not be:
/// the hashes of past ones, and what anybody knows of the person.
async fn prove(access: &Access<UseAccount>, person: &Person, current: String) -> Result<(Vec<String>, Vec<String>)> {
    let (id, name) = (person.id, person.username.clone());
    let (hash, past, known) = access
        .write(move |tx| {
            if !sessions::guesses::claim(tx, &name)? {
                return Err(Error::new(Code::InvalidCredentials));
            }
            Ok((store::hash_of(tx, id)?, store::past_hashes(tx, id)?, store::known_of(tx, id)?))
        })
        .await?;
    if !access.passwords().verify(current, hash).await? {
        return Err(Error::new(Code::InvalidCredentials));
    }
    // It was no wrong guess, whatever becomes of the new one.
    let name = person.username.clone();
    access.write(move |tx| sessions::guesses::forget(tx, &name)).await?;
    Ok((past, known))
}

async fn accept_invitation(access: Access<Anyone>, Body(acceptance): Body<Acceptance>) -> Result<NoContent> {
    let digest = token::digest(&acceptance.token);
    let password: String = acceptance.password.nfc().collect();
    let looked = digest.clone();
    let known = access.read(move |db| store::invited(db, &looked).and_then(|invited| store::known_of(db, invited.id))).await?;
    refuse_guessable(&access, "/password", &password, known).await?;
    let hash = access.passwords().hash(password).await?;
    access
        .write(move |tx| {
            let invited = store::accept(tx, &digest, &hash)?;
            let entry = Entry::new("user.accept", Some("user.updated"), "user", invited.id.any());
            let signs = Some((invited.id, invited.full_name, invited.unit));
            journal::append(tx, Entry { code: Some(invited.username), unit: Some(invited.unit), signs, ..entry })
        })
        .await?;
    Ok(NoContent)
}

async fn refuse_guessable<P: Permit>(access: &Access<P>, at: &'static str, password: &str, known: Vec<String>) -> Result<()> {
    if access.passwords().is_guessable(password.to_owned(), known).await? {
        return Err(Error::invalid(vec![Fault::at(at, FaultCode::PasswordTooCommon)]));
    }
    Ok(())
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
            let locked = store::lock(tx, id)?;
            let before = locked.user.clone();
            if !rules::may_grant(own, Duties::of(&before.duties)) || before.id == me {
                return Err(Error::forbidden());
            }
            may.check(before.version)?;
            let status = rules::next_status(before.status, action, store::has_password(tx, id)?)?;
            store::set_status(tx, &locked, status)?;
            if status == Status::Disabled {
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

fn invitation(token: String, expires_at: Instant) -> Invitation {
    Invitation { token, url: "/api/v1/invitations/accept".to_owned(), expires_at }
}

fn entry(action: &'static str, event: &'static str, before: Option<&User>, after: &User, reason: Option<&str>) -> Result<Entry> {
    let entry = Entry::new(action, Some(event), "user", after.id.any()).told(before, Some(after), reason)?;
    Ok(Entry { code: Some(after.username.clone()), unit: Some(after.unit.id), ..entry })
}
