//! Who may grant what, and what becomes of an account: pure functions.

use super::model::Status;
use crate::access::policy::Duties;
use crate::error::{Error, Result};

/// Nobody grants a duty beyond its own.
#[must_use]
pub fn may_grant(own: Duties, granted: Duties) -> bool {
    own.cover(granted)
}

/// The status after `user.disable` or `user.enable`; an account that never had a password waits for its invitation again.
///
/// # Errors
/// 409 with what is possible now.
pub fn next_status(status: Status, action: &str, has_password: bool) -> Result<Status> {
    match (action, status) {
        ("user.disable", Status::Invited | Status::Active | Status::Locked) => Ok(Status::Disabled),
        ("user.enable", Status::Disabled | Status::Locked) if has_password => Ok(Status::Active),
        ("user.enable", Status::Disabled | Status::Locked) => Ok(Status::Invited),
        ("user.disable", _) => Err(Error::illegal_transition(vec!["enable"])),
        _ => Err(Error::illegal_transition(vec!["disable"])),
    }
}
