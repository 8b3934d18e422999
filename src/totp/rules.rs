//! Secrets and codes: pure functions but for the randomness.

use totp_rs::{Builder, Totp};

use crate::clock::Instant;
use crate::error::{Error, Result};

/// Who the app says the code is for.
const ISSUER: &str = "Tien do";
/// RFC 4226 section 4: 160 bits.
const SECRET: usize = 20;
/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;
/// How long after signing in a second factor may be enrolled, in seconds: a session that somebody found is not enough (ASVS 7.5.1).
pub const RECENT: i64 = 300;

/// How many letters of five bits each a recovery code has: 120 bits, more than the 112 under which it would have to be hashed as
/// passwords are (ASVS 6.5.2).
const RECOVERY_LETTERS: usize = 24;

/// RFC 4648 without padding, in small letters: what people can type.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A new secret.
///
/// # Errors
/// 500 if the machine has no randomness.
pub fn secret() -> Result<Vec<u8>> {
    let mut bytes = vec![0_u8; SECRET];
    aws_lc_rs::rand::fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

/// What makes and checks the codes of a secret: SHA-1, six digits, 30 seconds, one step either way.
///
/// # Errors
/// 500 for a secret that is too short.
pub fn totp(secret: &[u8], username: &str) -> Result<Totp> {
    Builder::new().with_secret(secret).with_issuer(Some(ISSUER)).with_account_name(username).build().map_err(Error::internal)
}

/// The time step whose code this is, if it is one of now or its neighbours.
///
/// # Errors
/// As [`totp`].
pub fn step_of(secret: &[u8], code: &str, now: Instant) -> Result<Option<i64>> {
    let now = u64::try_from(now.unix()).map_err(Error::internal)?;
    Ok(totp(secret, "")?.check(code, now).and_then(|step| i64::try_from(step).ok()))
}

/// Ten new recovery codes, in groups of four letters.
///
/// # Errors
/// 500 if the machine has no randomness.
pub fn recovery_codes() -> Result<Vec<String>> {
    (0..RECOVERY_CODES).map(|_| recovery_code()).collect()
}

fn recovery_code() -> Result<String> {
    let mut bytes = [0_u8; RECOVERY_LETTERS];
    aws_lc_rs::rand::fill(&mut bytes).map_err(Error::internal)?;
    let letters: Vec<char> = bytes.iter().filter_map(|byte| LETTERS.get(usize::from(byte % 32))).map(|byte| char::from(*byte)).collect();
    Ok(letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of RFC 6238 appendix B for SHA-1, cut to six digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = b"12345678901234567890";
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")] {
            let now = Instant::from_micros(seconds * 1_000_000);
            assert_eq!(step_of(secret, code, now).expect("checks"), Some(seconds / 30));
            assert_eq!(step_of(secret, code, now.plus(30)).expect("checks"), Some(seconds / 30));
            assert_eq!(step_of(secret, code, now.plus(60)).expect("checks"), None, "two steps ago");
        }
    }

    #[test]
    fn recovery_codes_can_be_typed_and_differ() {
        let codes = recovery_codes().expect("codes");
        let different: std::collections::HashSet<_> = codes.iter().collect();
        assert_eq!((codes.len(), different.len()), (10, 10));
        let typed = |part: &str| part.len() == 4 && part.bytes().all(|letter| LETTERS.contains(&letter));
        assert!(codes.iter().all(|code| code.split('-').count() == 6 && code.split('-').all(typed)), "{codes:?}");
        assert_eq!(LETTERS.len().ilog2() * 24, 120, "bits of a code");
    }
}
