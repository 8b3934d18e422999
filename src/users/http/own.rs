//! The caller's own account.

use unicode_normalization::UnicodeNormalization;

use super::links::refuse_weak;
use crate::access::Access;
use crate::access::policy::{ReadAccount, UseAccount};
use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::http::answers::{NoContent, Plain};
use crate::http::gate::Weight;
use crate::http::parts::Body;
use crate::http::registrar::Registrar;
use crate::journal::{self, Entry};
use crate::sessions;
use crate::users::model::{Me, NewPassword};
use crate::users::store;

pub(super) fn routes(api: &mut Registrar) {
    api.path("/me").get(get_me, "Read who I am", "The account, its unit, its duties and all that follows from them.").done();
    api.path("/me/password")
        .put(change_password, "Change one's own password", "Every other session of one's own ends.")
        .refuses(&[Code::InvalidCredentials])
        .weighs(Weight::Password)
        .done();
}

async fn get_me(access: Access<ReadAccount>) -> Result<Plain<Me>> {
    let person = access.person()?.clone();
    access.snapshot(move |db| store::me(db, &person)).await.map(Plain)
}

async fn change_password(access: Access<UseAccount>, Body(new): Body<NewPassword>) -> Result<NoContent> {
    let person = access.person()?.clone();
    access.prove(new.current_password.nfc().collect()).await?;
    let (id, remembered) = (person.id, access.settings().password_history);
    let (past, known) = access.snapshot(move |db| Ok((store::past_hashes(db, id, remembered)?, store::known_of(db, id)?))).await?;
    let password: String = new.new_password.nfc().collect();
    refuse_weak(&access, "/new_password", &password, person.totp, known).await?;
    for old in past {
        if access.passwords().verify(password.clone(), Some(old)).await? {
            return Err(Error::invalid(vec![Fault::at("/new_password", FaultCode::PasswordReused)]));
        }
    }
    let hash = access.passwords().hash(password).await?;
    let session = person.session;
    access
        .write(move |tx| {
            store::activate(tx, person.id, &hash)?;
            sessions::store::end_others(tx, person.id, person.session)?;
            let entry = Entry::new("user.change_password", None, "user", person.id.any());
            journal::append(tx, Entry { code: Some(person.username.clone()), unit: Some(person.unit), ..entry })
        })
        .await?;
    access.forget(session);
    Ok(NoContent)
}
