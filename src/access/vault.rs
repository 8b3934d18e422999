//! Secrets that the database keeps and that must be read again (second factors, links in mail that waits): sealed with AES-256-GCM
//! under a key that is derived from the server's secret. What must only be recognised is kept as a digest instead.

use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;

use crate::error::{Error, Result};

/// Bytes of the nonce, which stands before what is sealed.
const NONCE: usize = 12;

/// Seals and opens. What a secret is for is bound to it: one cannot be put in another's place.
pub struct Vault(RandomizedNonceKey);

impl Vault {
    /// With a key of 32 bytes.
    ///
    /// # Errors
    /// 500 for a key of another length.
    pub fn new(key: &[u8]) -> Result<Self> {
        RandomizedNonceKey::new(&AES_256_GCM, key).map(Self).map_err(Error::internal)
    }

    /// The secret, sealed; `owner` is whose it is.
    ///
    /// # Errors
    /// 500 if the machine has no randomness.
    pub fn seal(&self, owner: &[u8], secret: &[u8]) -> Result<Vec<u8>> {
        let mut text = secret.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(owner), &mut text).map_err(Error::internal)?;
        Ok([nonce.as_ref().as_slice(), &text].concat())
    }

    /// The secret that was sealed for this owner.
    ///
    /// # Errors
    /// 500 if it was not sealed here, or for another.
    pub fn open(&self, owner: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE).ok_or_else(|| Error::internal("too short to be sealed"))?;
        let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce).map_err(Error::internal)?;
        let mut text = text.to_vec();
        let plain = self.0.open_in_place(nonce, Aad::from(owner), &mut text).map_err(|Unspecified| Error::internal("not sealed here"))?;
        Ok(plain.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_owner_alone() {
        let vault = Vault::new(&[7; 32]).expect("a key");
        let sealed = vault.seal(b"a", "bí mật".as_bytes()).expect("seals");
        assert_eq!(vault.open(b"a", &sealed).expect("opens"), "bí mật".as_bytes());
        assert!(!sealed.windows(6).any(|part| part == "bí m".as_bytes()));
        assert_ne!(sealed, vault.seal(b"a", "bí mật".as_bytes()).expect("seals"));
        for (owner, sealed) in [(&b"b"[..], sealed.as_slice()), (b"a", &sealed[1..]), (b"a", &[][..])] {
            assert!(vault.open(owner, sealed).is_err());
        }
        assert!(Vault::new(&[8; 32]).expect("a key").open(b"a", &sealed).is_err());
    }
}
