//! Cursors: signed, so that nobody makes one up, and bound to the query that they go on with.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::error::Result;

/// Signs cursors, so that a forged one or one of another query is told from ours.
pub struct CursorSigner(hmac::Key);

impl CursorSigner {
    /// With a secret that all instances share.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    pub(super) fn seal(&self, after: &[Value], binding: &str) -> Result<String> {
        let payload = serde_json::to_vec(after)?;
        let tag = self.tag(&payload, binding);
        let mut bytes = tag.as_ref().get(..16).unwrap_or_default().to_vec();
        bytes.extend_from_slice(&payload);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn open(&self, cursor: &str, binding: &str) -> Option<Vec<Value>> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (given, payload) = bytes.split_at_checked(16)?;
        let tag = self.tag(payload, binding);
        let expected = tag.as_ref().get(..16)?;
        aws_lc_rs::constant_time::verify_slices_are_equal(given, expected).ok()?;
        serde_json::from_slice(payload).ok()
    }

    fn tag(&self, payload: &[u8], binding: &str) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(binding.as_bytes());
        context.update(&[0]);
        context.update(payload);
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cursor_opens_only_with_its_key_and_its_query() {
        let signer = CursorSigner::new(b"one");
        let cursor = signer.seal(&[json!("Đà Bắc"), json!(3)], "query").expect("seals");
        assert_eq!(signer.open(&cursor, "query"), Some(vec![json!("Đà Bắc"), json!(3)]));
        assert_eq!(signer.open(&cursor, "another"), None);
        assert_eq!(CursorSigner::new(b"two").open(&cursor, "query"), None);
        for forged in ["", "AAAA", &cursor[..cursor.len() - 2], &format!("{cursor}AA"), "không"] {
            assert_eq!(signer.open(forged, "query"), None, "{forged}");
        }
    }
}
