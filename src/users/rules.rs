//! What a password may be, and who may grant what: pure functions.

use super::model::Status;
use crate::access::policy::Duties;
use crate::error::{Error, Fault, FaultCode, Result};
use crate::text;

/// How long an invitation holds, in seconds.
pub const INVITATION: i64 = 86_400;

/// A fault of a password for this account. Its length is the schema's; here what only the account tells.
#[must_use]
pub fn fault_of_password(at: &'static str, password: &str, username: &str, full_name: &str) -> Option<Fault> {
    let key = text::fold(password);
    let guessable =
        [username, full_name].iter().map(|name| text::fold(name)).any(|name| name.len() > 3 && key.replace(&name, "").trim().len() < 8);
    let blank = key.chars().collect::<std::collections::HashSet<_>>().len() < 4;
    (guessable || blank).then(|| Fault::at(at, FaultCode::PasswordTooCommon))
}

/// How many passwords an account may not take again.
pub const REMEMBERED: i64 = 10;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_is_the_name_is_refused() {
        assert!(fault_of_password("/password", "dinh.thi.thuy.2025", "dinh.thi.thuy", "Đinh Thị Thuỷ").is_some());
        assert!(fault_of_password("/password", "aaaaaaaaaaaaaaaa", "mn.tuly", "Đinh Thị Thuỷ").is_some());
        assert!(fault_of_password("/password", "con ngựa đúng pin ghim", "mn.tuly", "Đinh Thị Thuỷ").is_none());
    }
}
