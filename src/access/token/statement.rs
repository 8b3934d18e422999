//! Statements of the program itself, signed with the key that signs access tokens: a JWT of a type of its own, so that neither is ever
//! taken for the other (RFC 8725 section 3.11).

use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Keys, names_no_key, signature_only};
use crate::error::{Error, Result};

/// A signed statement, and the key that signed it.
pub struct Statement {
    /// The key's name.
    pub kid: String,
    /// The statement as a compact JWS (RFC 7515).
    pub jws: String,
}

impl Keys {
    /// Signs a statement of this type.
    ///
    /// # Errors
    /// 500 if it cannot be signed.
    pub fn state(&self, kind: &str, said: &impl Serialize) -> Result<Statement> {
        let (name, key) = &self.signing;
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(kind.to_owned());
        header.kid = Some(name.clone());
        let jws = jsonwebtoken::encode(&header, said, key).map_err(Error::internal)?;
        Ok(Statement { kid: name.clone(), jws })
    }

    /// What a statement of this type says, if one of these keys signed it.
    #[must_use]
    pub fn stated<T: DeserializeOwned + Clone>(&self, kind: &str, jws: &str) -> Option<T> {
        let header = jsonwebtoken::decode_header(jws).ok()?;
        let plain = header.alg == Algorithm::ES256 && header.typ.as_deref() == Some(kind) && names_no_key(&header);
        let key = header.kid.as_deref().filter(|_| plain).and_then(|kid| self.verifying.get(kid))?;
        jsonwebtoken::decode::<T>(jws, key, &signature_only()).ok().map(|statement| statement.claims)
    }
}
