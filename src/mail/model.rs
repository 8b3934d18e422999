//! Letters.

use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::vocabulary::text_enum;

text_enum! {
    /// Why somebody is written to.
    pub enum Why {
        /// An account was made.
        Invited = "invited",
        /// An admin took the password away.
        Reset = "reset",
        /// The person forgot it.
        Forgotten = "forgotten",
    }
}

/// A letter with a link for one use. It has no `Debug`: the token is a secret.
#[derive(Clone, Serialize, Deserialize)]
pub struct Letter {
    /// The address.
    pub to: String,
    /// Why.
    pub why: Why,
    /// The account's name for signing in.
    pub username: String,
    /// The person's name.
    pub full_name: String,
    /// The secret of the link.
    pub token: String,
    /// When the link ends.
    pub expires_at: Instant,
}
