//! Links that let people in: by mail where that is set up, else answered once to the admin who makes them.

use std::sync::Arc;

use crate::access::policy::{Anyone, Permit};
use crate::access::vault::Vault;
use crate::access::{Access, token};
use crate::clock::Instant;
use crate::db::Tx;
use crate::error::{Code, Error, Result};
use crate::http::answers::{Accepted, NoContent};
use crate::http::gate::Weight;
use crate::http::parts::{Body, Peer};
use crate::http::registrar::Registrar;
use crate::ids::UserId;
use crate::journal::{self, Entry};
use crate::mail;
use crate::mail::model::{Letter, Why};
use crate::sessions;
use crate::sessions::guesses::{self, Guesser, Patience};
use crate::users::model::{Acceptance, Forgotten, Invitation, User};
use crate::users::{passwords, store};

pub(super) fn routes(api: &mut Registrar) {
    api.path("/invitations/accept")
        .post(
            accept_invitation,
            "Take up an invitation",
            "Sets the password, also of one who was reset or forgot it; the link is good for one use.",
        )
        .refuses(&[Code::Gone])
        .weighs(Weight::Password)
        .done();
    api.path("/password-resets")
        .post(
            request_password_reset,
            "Ask for a new password",
            "Writes to the owners of this address, if there are any and mail is set up; the answer is the same if not. The present password holds until the link is taken up.",
        )
        .refuses(&[Code::RateLimited])
        .done();
}

/// A link to be given in the transaction that makes it.
pub(super) struct Link {
    why: Why,
    secret: String,
    digest: Vec<u8>,
    expires_at: Instant,
    /// What seals the letter, where mail is set up.
    vault: Option<Arc<Vault>>,
}

impl Link {
    pub(super) fn new<P: Permit>(access: &Access<P>, why: Why) -> Result<Self> {
        let (secret, digest) = token::opaque()?;
        let settings = access.settings();
        let seconds = if why == Why::Forgotten { settings.reset_minutes * 60 } else { settings.invitation_hours * 3600 };
        let vault = access.mails().then(|| access.vault().clone());
        Ok(Self { why, secret, digest, expires_at: access.now().plus(seconds), vault })
    }

    /// Records the link and writes to the user; answers it with the user where it cannot be written to.
    ///
    /// # Errors
    /// 401 for one whose own session or duties have ended by now.
    pub(super) fn give(&self, tx: &mut Tx<'_>, mut user: User) -> Result<User> {
        sessions::store::must_stand(tx)?;
        store::invite(tx, user.id, &self.digest, self.expires_at)?;
        let told = self.write(tx, user.email.as_deref(), &user.username, &user.full_name)?;
        if !told {
            let url = "/api/v1/invitations/accept".to_owned();
            user.invitation = Some(Invitation { token: self.secret.clone(), url, expires_at: self.expires_at });
        }
        Ok(user)
    }

    fn write(&self, tx: &mut Tx<'_>, to: Option<&str>, username: &str, full_name: &str) -> Result<bool> {
        let Some((vault, to)) = self.vault.as_deref().zip(to) else { return Ok(false) };
        let letter = Letter {
            to: to.to_owned(),
            why: self.why,
            username: username.to_owned(),
            full_name: full_name.to_owned(),
            token: self.secret.clone(),
            expires_at: self.expires_at,
        };
        mail::store::queue(tx, vault, &letter)
    }
}

async fn accept_invitation(access: Access<Anyone>, Body(acceptance): Body<Acceptance>) -> Result<NoContent> {
    passwords::accept(&access, &acceptance.token, &acceptance.password).await.map(|()| NoContent)
}

async fn request_password_reset(access: Access<Anyone>, Body(forgotten): Body<Forgotten>, peer: Peer) -> Result<Accepted> {
    let patience = Patience::from(&**access.settings());
    let email = forgotten.email.to_lowercase();
    let links = (0..store::SHARED).map(|_| Link::new(&access, Why::Forgotten)).collect::<Result<Vec<_>>>()?;
    access
        .write(move |tx| {
            if let Some(ip) = &peer.ip
                && let Some(seconds) = guesses::strike(tx, patience, Guesser::Mail, ip)?
            {
                return Err(Error::rate_limited(seconds));
            }
            if !guesses::claim(tx, patience, &format!("mail to {email}"))? {
                return Ok(());
            }
            for (account, link) in store::with_email(tx, &email)?.iter().zip(&links) {
                sessions::store::hold(tx, account.id)?;
                // Who waited reads again: it may have another address by now, or be disabled.
                if !store::with_email(tx, &email)?.iter().any(|now| now.id == account.id) {
                    continue;
                }
                if link.write(tx, Some(&account.email), &account.username, &account.full_name)? {
                    store::invite(tx, account.id, &link.digest, link.expires_at)?;
                    journal::append(tx, forgot(account.id, &account.username, &account.full_name, account.unit))?;
                }
            }
            Ok(())
        })
        .await?;
    Ok(Accepted)
}

fn forgot(id: UserId, username: &str, full_name: &str, unit: crate::ids::UnitId) -> Entry {
    let signs = Some((id, full_name.to_owned(), unit));
    Entry { code: Some(username.to_owned()), unit: Some(unit), signs, ..Entry::new("user.forget_password", None, "user", id.any()) }
}
