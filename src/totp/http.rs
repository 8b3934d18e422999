//! The second factor on HTTP: the caller's own.

use unicode_normalization::UnicodeNormalization;

use super::model::{PasswordAgain, RecoveryCodes, TotpCode, TotpEnrolment};
use super::{rules, store};
use crate::access::Access;
use crate::access::caller::Person;
use crate::access::policy::UseAccount;
use crate::access::token;
use crate::db::Tx;
use crate::error::{Code, Error, Result};
use crate::http::answers::{CreatedSecret, NoContent, Secret};
use crate::http::gate::Weight;
use crate::http::parts::Body;
use crate::http::registrar::Registrar;
use crate::journal::{self, Entry};
use crate::sessions::guesses::{self, Patience};
use crate::{sessions, users};

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.path("/me/totp")
        .post(
            enrol_totp,
            "Enrol a second factor",
            "Within five minutes of signing in. It counts once its first code is given; until then another takes its place.",
        )
        .refuses(&[Code::Conflict])
        .delete(
            remove_totp,
            "Give one's second factor up",
            "Every other session of one's own ends; an admin may do nothing as such without one.",
        )
        .refuses(&[Code::InvalidCredentials])
        .weighs(Weight::Password)
        .done();
    api.path("/me/totp/confirm")
        .post(confirm_totp, "Confirm a second factor", "With the first code of the app. Every other session of one's own ends.")
        .refuses(&[Code::InvalidCredentials, Code::Conflict])
        .done();
}

async fn enrol_totp(access: Access<UseAccount>) -> Result<CreatedSecret<TotpEnrolment>> {
    let person = access.person()?.clone();
    let secret = rules::secret()?;
    let totp = rules::totp(&secret, &person.username)?;
    let sealed = access.vault().seal(person.id.bytes(), &secret)?;
    access
        .write(move |tx| {
            let opened = sessions::store::owner(tx, person.session)?.map(|(_, at)| at);
            if opened.is_none_or(|at| at.plus(rules::RECENT) <= tx.now()) {
                return Err(Error::new(Code::Unauthenticated).because(
                    "Hãy đăng nhập lại: thao tác này cần một lần đăng nhập trong năm phút gần đây.",
                    "Sign in again: this asks for a sign-in of the last five minutes.",
                ));
            }
            if !store::enrol(tx, person.id, &sealed)? {
                return Err(Error::conflict("Đã bật xác thực hai lớp.", "There is a second factor already."));
            }
            journal::append(tx, entry("totp.create", &person))
        })
        .await?;
    let enrolment = TotpEnrolment { secret: totp.secret().to_base32(), otpauth_uri: totp.to_url().map_err(Error::internal)? };
    Ok(CreatedSecret(enrolment, "/api/v1/me/totp".to_owned()))
}

async fn confirm_totp(access: Access<UseAccount>, Body(code): Body<TotpCode>) -> Result<Secret<RecoveryCodes>> {
    let person = access.person()?.clone();
    let nothing_waits = || Error::conflict("Không có yếu tố xác thực nào chờ xác nhận.", "No second factor waits for its first code.");
    let (id, name, patience) = (person.id, person.username.clone(), Patience::from(&**access.settings()));
    let sealed = access
        .write(move |tx| {
            let waiting = store::of(tx, id)?.filter(|kept| !kept.confirmed).ok_or_else(nothing_waits)?;
            if guesses::claim(tx, patience, &name)? { Ok(waiting.sealed) } else { Err(Error::new(Code::InvalidCredentials)) }
        })
        .await?;
    let secret = access.vault().open(person.id.bytes(), &sealed)?;
    let step = rules::step_of(&secret, &code.code, access.now())?.ok_or_else(|| Error::new(Code::InvalidCredentials))?;
    let recovery_codes = rules::recovery_codes()?;
    let digests: Vec<Vec<u8>> = recovery_codes.iter().map(|code| token::digest(code)).collect();
    let session = person.session;
    access
        .write(move |tx| {
            if !store::confirm(tx, person.id, &sealed, step, &digests)? {
                return Err(nothing_waits());
            }
            changed(tx, "totp.confirm", &person)
        })
        .await?;
    access.forget(session);
    Ok(Secret(RecoveryCodes { recovery_codes }))
}

async fn remove_totp(access: Access<UseAccount>, Body(again): Body<PasswordAgain>) -> Result<NoContent> {
    let person = access.person()?.clone();
    let password: String = again.password.nfc().collect();
    let short = password.chars().count() < access.settings().shortest_password(false);
    let proven = access.prove(password).await?;
    let session = person.session;
    access
        .write(move |tx| {
            proven.holds(tx)?;
            if !store::remove(tx, person.id)? {
                return Err(Error::not_found());
            }
            if short {
                users::store::require_change(tx, person.id)?;
            }
            changed(tx, "totp.delete", &person)
        })
        .await?;
    access.forget(session);
    Ok(NoContent)
}

/// What follows from any change: other sessions end, wrong guesses are forgotten, and it is in the journal.
fn changed(tx: &mut Tx<'_>, action: &'static str, person: &Person) -> Result<()> {
    sessions::store::end_others(tx, person.id, person.session)?;
    guesses::forget(tx, &person.username)?;
    journal::append(tx, entry(action, person))
}

fn entry(action: &'static str, person: &Person) -> Entry {
    Entry { code: Some(person.username.clone()), unit: Some(person.unit), ..Entry::new(action, None, "user", person.id.any()) }
}
