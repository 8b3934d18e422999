//! The caller's password, asked again where an open session is not enough.

use super::Access;
use super::policy::UseAccount;
use crate::db::Tx;
use crate::error::{Code, Error, Result};
use crate::journal::{self, Entry};
use crate::sessions::guesses::{self, Patience};
use crate::sessions::store::{Account, account};

/// An account whose password was asked again and was right.
#[derive(Clone, Debug)]
#[must_use = "what follows from a right password asks in its transaction whether it is right still"]
pub struct Proven(Account);

impl Proven {
    /// Goes on where the password is right still.
    ///
    /// # Errors
    /// 401 `invalid_credentials` where it was changed meanwhile; database errors.
    pub fn holds(&self, tx: &mut Tx<'_>) -> Result<()> {
        if self.0.holds(tx)? { Ok(()) } else { Err(Error::new(Code::InvalidCredentials)) }
    }
}

impl Access<UseAccount> {
    /// Checks the caller's present password, a guess like any other: an open session is no way around the limit.
    ///
    /// # Errors
    /// 401 `invalid_credentials` for a wrong one, and for any while the name waits; 503 when too many passwords are being checked.
    pub async fn prove(&self, password: String) -> Result<Proven> {
        let person = self.person()?;
        let (name, patience) = (person.username.clone(), Patience::from(&**self.settings()));
        let found = self
            .write(move |tx| {
                let counted = guesses::claim(tx, patience, &name)?;
                account(tx, &name)?.filter(|_| counted).ok_or_else(|| Error::new(Code::InvalidCredentials))
            })
            .await?;
        if !self.passwords().verify(password, found.password_hash.clone()).await? {
            // Whoever found an open session is on record with its first guess.
            let entry = Entry {
                code: Some(person.username.clone()),
                unit: Some(person.unit),
                refused: true,
                ..Entry::new("user.prove", None, "user", person.id.any())
            };
            self.write(move |tx| journal::append(tx, entry.clone())).await?;
            return Err(Error::new(Code::InvalidCredentials));
        }
        // It was no wrong guess, whatever becomes of the request.
        let name = person.username.clone();
        self.write(move |tx| guesses::forget(tx, &name)).await?;
        Ok(Proven(found))
    }
}
