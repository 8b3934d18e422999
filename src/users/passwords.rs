//! Setting a password: what the API and our own pages share.

use unicode_normalization::UnicodeNormalization;

use super::store;
use crate::access::policy::{Permit, UseAccount};
use crate::access::{Access, token};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::journal::{self, Entry};
use crate::sessions;
use crate::sessions::guesses;

/// Puts a new password in the place of the present one. Every other session of the account ends.
///
/// # Errors
/// 401 `invalid_credentials` where the present one is wrong or waits, 422 at `/new_password` for one that is too short, easily guessed or of
/// before, 503.
pub async fn change(access: &Access<UseAccount>, present: &str, new: &str) -> Result<()> {
    let person = access.person()?.clone();
    let proven = access.prove(present.nfc().collect()).await?;
    let (id, remembered) = (person.id, access.settings().password_history);
    let (past, known) = access.snapshot(move |db| Ok((store::past_hashes(db, id, remembered)?, store::known_of(db, id)?))).await?;
    let hash = hashed(access, "/new_password", new, person.totp, known, past).await?;
    let session = person.session;
    access
        .write(move |tx| {
            proven.holds(tx)?;
            store::activate(tx, person.id, &hash)?;
            sessions::store::end_others(tx, person.id, person.session)?;
            let entry = Entry::new("user.change_password", None, "user", person.id.any());
            journal::append(tx, Entry { code: Some(person.username.clone()), unit: Some(person.unit), ..entry })
        })
        .await?;
    access.forget(session);
    Ok(())
}

/// Takes up an invitation or another link, once: sets the password, and ends every session of the account.
///
/// # Errors
/// 410 for a link that does not hold, 422 at `/password` as above, 503.
pub async fn accept<P: Permit>(access: &Access<P>, link: &str, password: &str) -> Result<()> {
    let digest = token::digest(link);
    let (looked, remembered) = (digest.clone(), access.settings().password_history);
    let (totp, past, known) = access
        .snapshot(move |db| {
            let invited = store::invited(db, &looked)?;
            Ok((invited.totp, store::past_hashes(db, invited.id, remembered)?, store::known_of(db, invited.id)?))
        })
        .await?;
    let hash = hashed(access, "/password", password, totp, known, past).await?;
    access
        .write(move |tx| {
            let invited = store::accept(tx, &digest, &hash)?;
            sessions::store::end_all(tx, invited.id)?;
            guesses::forget(tx, &invited.username)?;
            let entry = Entry::new("user.accept", Some("user.updated"), "user", invited.id.any());
            let signs = Some((invited.id, invited.full_name, invited.unit));
            journal::append(tx, Entry { code: Some(invited.username), unit: Some(invited.unit), signs, ..entry })
        })
        .await
}

/// What is kept of a new password, if it is long enough, not easily guessed by one who knows `known` of its owner, and none of `past`.
async fn hashed<P: Permit>(
    access: &Access<P>,
    at: &'static str,
    password: &str,
    totp: bool,
    known: Vec<String>,
    past: Vec<String>,
) -> Result<String> {
    let password: String = password.nfc().collect();
    let refused = |fault: Fault| Err(Error::invalid(vec![fault]));
    let shortest = access.settings().shortest_password(totp);
    if password.chars().count() < shortest {
        return refused(Fault::at(at, FaultCode::TooShort).with(shortest.to_string()));
    }
    if access.passwords().is_guessable(password.clone(), totp, known).await? {
        return refused(Fault::at(at, FaultCode::PasswordTooCommon));
    }
    for old in past {
        if access.passwords().verify(password.clone(), Some(old)).await? {
            return refused(Fault::at(at, FaultCode::PasswordReused));
        }
    }
    access.passwords().hash(password).await
}
