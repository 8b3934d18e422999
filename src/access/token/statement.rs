//! Statements of the program itself, signed with the key that signs access tokens: a JWT of a type of its own, so that neither is ever
//! taken for the other (RFC 8725 section 3.11).

use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Keys, named_key, signature_only};
use crate::clock::Instant;
use crate::error::{Error, Result};

/// A signed statement, and the key that signed it.
pub struct Statement {
    /// The key's name.
    pub kid: String,
    /// The statement as a compact JWS (RFC 7515).
    pub jws: String,
}

impl Keys {
    /// Signs a statement of this type, with the key that signs at this moment.
    ///
    /// # Errors
    /// 500 if it cannot be signed.
    pub fn state(&self, kind: &str, said: &impl Serialize, now: Instant) -> Result<Statement> {
        let key = self.signer(now)?;
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(kind.to_owned());
        header.kid = Some(key.kid.clone());
        let jws = jsonwebtoken::encode(&header, said, &key.signing).map_err(Error::internal)?;
        Ok(Statement { kid: key.kid.clone(), jws })
    }

    /// What a statement of this type says, if one of these keys signed it, retired or not.
    #[must_use]
    pub fn stated<T: DeserializeOwned + Clone>(&self, kind: &str, jws: &str) -> Option<T> {
        let name = named_key(jws, kind)?;
        let key = self.all.iter().find(|key| key.kid == name)?;
        jsonwebtoken::decode::<T>(jws, &key.verifying, &signature_only()).ok().map(|statement| statement.claims)
    }
}
