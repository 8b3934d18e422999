//! The caller's own account.

use crate::access::Access;
use crate::access::policy::{ReadAccount, UseAccount};
use crate::error::{Code, Result};
use crate::http::answers::{NoContent, Plain};
use crate::http::gate::Weight;
use crate::http::parts::Body;
use crate::http::registrar::Registrar;
use crate::users::model::{Me, NewPassword};
use crate::users::{passwords, store};

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
    passwords::change(&access, &new.current_password, &new.new_password).await.map(|()| NoContent)
}
