//! The caller's password, asked again where an open session is not enough.

use super::Access;
use super::policy::UseAccount;
use crate::error::{Code, Error, Result};
use crate::journal::{self, Entry};
use crate::sessions::guesses::{self, Patience};
use crate::users;

impl Access<UseAccount> {
    /// Checks the caller's present password, a guess like any other: an open session is no way around the limit.
    ///
    /// # Errors
    /// 401 `invalid_credentials` for a wrong one, and for any while the name waits; 503 when too many passwords are being checked.
    pub async fn prove(&self, password: String) -> Result<()> {
        let person = self.person()?;
        let (id, name, patience) = (person.id, person.username.clone(), Patience::from(&**self.settings()));
        let hash = self
            .write(move |tx| {
                if guesses::claim(tx, patience, &name)? { users::store::hash_of(tx, id) } else { Err(Error::new(Code::InvalidCredentials)) }
            })
            .await?;
        if !self.passwords().verify(password, hash).await? {
            // Whoever found an open session is on record with its first guess.
            let entry = Entry {
                code: Some(person.username.clone()),
                unit: Some(person.unit),
                refused: true,
                ..Entry::new("user.prove", None, "user", id.any())
            };
            self.write(move |tx| journal::append(tx, entry.clone())).await?;
            return Err(Error::new(Code::InvalidCredentials));
        }
        // It was no wrong guess, whatever becomes of the request.
        let name = person.username.clone();
        self.write(move |tx| guesses::forget(tx, &name)).await
    }
}
