//! The key-encryption key: what the private keys in the database are sealed with, so that a copy of the database signs nothing
//! (AES-256-GCM, NIST SP 800-38D). It comes from a file: 32 random bytes in base64 or hexadecimal, one key a line. The first line
//! seals, every line opens.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result};
use crate::{secrets, text};

/// Bytes of a key.
const LENGTH: usize = 32;
/// Random bytes of this number hold some thirty different ones.
const DIFFERENT: usize = 16;

struct Kek {
    /// The beginning of its digest: names it without telling it.
    id: String,
    key: RandomizedNonceKey,
}

/// The keys of a key file. Cheap to clone.
#[derive(Clone)]
pub struct KeyFile(Arc<Vec<Kek>>);

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyFile(…)")
    }
}

/// Bytes at rest: in the clear, or sealed with the key of this name.
#[derive(Clone)]
pub struct Sealed {
    /// The bytes; sealed ones begin with their nonce.
    pub bytes: Vec<u8>,
    /// The name of the key.
    pub with: Option<String>,
}

impl KeyFile {
    /// Reads a key file.
    ///
    /// # Errors
    /// One line for a file that everybody may read, and for a key that is too short, was thought up by a person, or is a sample.
    pub fn read(path: &str) -> Result<Self, String> {
        let text = secrets::read_file(Path::new(path))?;
        let keys: Result<Vec<Kek>, String> = text.lines().filter(|line| !line.trim().is_empty()).map(|line| parse(line.trim())).collect();
        keys.map(|keys| Self(Arc::new(keys))).map_err(|error| format!("{path}: {error}"))
    }

    fn first(&self) -> Option<&Kek> {
        self.0.first()
    }
}

fn parse(line: &str) -> Result<Kek, String> {
    let bytes = unhex(line).or_else(|| STANDARD.decode(line).ok()).ok_or("a key is 32 bytes in base64 or hexadecimal")?;
    if bytes.len() != LENGTH {
        return Err(format!("a key has 256 bits and not {}; `openssl rand -base64 32` makes one", bytes.len() * 8));
    }
    if is_guessable(&bytes) {
        return Err("this key is not random; `openssl rand -base64 32` makes one".to_owned());
    }
    let id = text::sha256(&bytes).iter().take(8).fold(String::new(), |id, byte| id + &format!("{byte:02x}"));
    let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| "the key cannot be used".to_owned())?;
    Ok(Kek { id, key })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * LENGTH || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..LENGTH).map(|at| text.get(2 * at..2 * at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect()
}

/// Keys of examples and of people's heads: few different bytes, all of them letters and signs, or a row that counts.
fn is_guessable(bytes: &[u8]) -> bool {
    let different: std::collections::BTreeSet<u8> = bytes.iter().copied().collect();
    let mut steps: Vec<u8> = bytes.iter().zip(bytes.iter().skip(1)).map(|(one, next)| next.wrapping_sub(*one)).collect();
    steps.dedup();
    different.len() < DIFFERENT || bytes.iter().all(|byte| (0x20..0x7f).contains(byte)) || steps.len() == 1
}

/// Seals `bytes` under `name`; in the clear where there is no key file.
///
/// # Errors
/// 500 if the machine has no randomness.
pub fn seal(file: Option<&KeyFile>, name: &str, bytes: &[u8]) -> Result<Sealed> {
    let Some(kek) = file.and_then(KeyFile::first) else { return Ok(Sealed { bytes: bytes.to_vec(), with: None }) };
    let mut body = bytes.to_vec();
    let nonce = kek.key.seal_in_place_append_tag(Aad::from(name.as_bytes()), &mut body).map_err(Error::internal)?;
    let mut sealed = nonce.as_ref().to_vec();
    sealed.append(&mut body);
    Ok(Sealed { bytes: sealed, with: Some(kek.id.clone()) })
}

/// Opens what [`seal`] made.
///
/// # Errors
/// 500 that says which key is missing.
pub fn open(file: Option<&KeyFile>, name: &str, sealed: &Sealed) -> Result<Vec<u8>> {
    let Some(with) = &sealed.with else { return Ok(sealed.bytes.clone()) };
    let Some(file) = file else {
        return Err(Error::internal(
            "the keys in the database are sealed: name the key file that opens them (--key-file, TIENDO_KEY_FILE)",
        ));
    };
    let kek = file.0.iter().find(|kek| kek.id == *with);
    let kek =
        kek.ok_or_else(|| Error::internal(format!("the key file does not hold the key {with} that opens the keys in the database")))?;
    let broken = || Error::internal(format!("what key {with} sealed under {name} is damaged"));
    let (nonce, body) = sealed.bytes.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
    let mut body = body.to_vec();
    let opened = kek.key.open_in_place(nonce, Aad::from(name.as_bytes()), &mut body).map_err(|_| broken())?;
    Ok(opened.to_vec())
}

/// Whether what is stored must be sealed anew: with the first key of the file.
#[must_use]
pub fn is_outdated(file: Option<&KeyFile>, sealed: &Sealed) -> bool {
    file.and_then(KeyFile::first).is_some_and(|kek| sealed.with.as_ref() != Some(&kek.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(lines: &[&str]) -> KeyFile {
        KeyFile(Arc::new(lines.iter().map(|line| parse(line).expect("a key")).collect()))
    }

    const ONE: &str = "kKq0rdQb3b1Qv0zj8m0d5b0o2m3QxSx6u1H0T4s3y6E=";
    const TWO: &str = "9f1c3a7be4d05526c88a0b9e7716f2d34c5be1a8903d6f7a2e4b8c1d0f93a657";

    #[test]
    fn what_one_key_seals_only_it_opens_and_only_under_its_name() {
        let sealed = seal(Some(&file(&[ONE])), "a", b"secret").expect("seals");
        assert!(!sealed.bytes.windows(6).any(|piece| piece == b"secret"));
        assert_eq!(open(Some(&file(&[TWO, ONE])), "a", &sealed).expect("opens"), b"secret");
        assert!(open(Some(&file(&[ONE])), "b", &sealed).is_err());
        assert!(open(Some(&file(&[TWO])), "a", &sealed).is_err());
        assert!(open(None, "a", &sealed).is_err());
        let mut spoiled = sealed.clone();
        if let Some(byte) = spoiled.bytes.last_mut() {
            *byte ^= 1;
        }
        assert!(open(Some(&file(&[ONE])), "a", &spoiled).is_err());
        assert!(is_outdated(Some(&file(&[TWO, ONE])), &sealed) && !is_outdated(Some(&file(&[ONE, TWO])), &sealed));
    }

    /// CF-01: keys under 256 bits, of examples and of people's heads are refused.
    #[test]
    fn weak_keys_are_refused() {
        let counting: Vec<u8> = (0..32).collect();
        for weak in [
            "c2hvcnQ=".to_owned(),
            STANDARD.encode([0_u8; 32]),
            STANDARD.encode(counting),
            STANDARD.encode("0123456789abcdefghijklmnopqrstuv"),
            "a".repeat(64),
            "mật khẩu".to_owned(),
            "x".repeat(43),
            String::new(),
        ] {
            assert!(parse(&weak).is_err(), "{weak}");
        }
        assert!(parse(ONE).is_ok() && parse(TWO).is_ok());
    }
}
