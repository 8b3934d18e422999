//! Secrets that come from files, and how little is ever shown of them.

use std::fmt;
use std::path::Path;

/// More than any secret has.
const LONGEST: u64 = 64 * 1024;

/// A secret of one line, for a setting: nothing shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text of a setting.
    ///
    /// # Errors
    /// One line, if there is no text.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("the secret is empty".to_owned()) } else { Ok(Self(text.to_owned())) }
    }

    /// The text, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The text of a secret file, without the line's end. Whoever may sign in to the machine must not be able to read it.
///
/// # Errors
/// One line that names the file and never what is in it.
pub fn read_file(path: &Path) -> Result<String, String> {
    let cannot = |what: &dyn fmt::Display| format!("{}: {what}", path.display());
    let about = std::fs::metadata(path).map_err(|error| cannot(&error))?;
    if !about.is_file() {
        return Err(cannot(&"not a file"));
    }
    if about.len() > LONGEST {
        return Err(cannot(&"too long for a secret"));
    }
    if is_open_to_all(&about) {
        return Err(cannot(&"everybody may read or change this file; take that away (chmod o=)"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| cannot(&error))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err(cannot(&"the file is empty")) } else { Ok(text.to_owned()) }
}

#[cfg(unix)]
fn is_open_to_all(about: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o007 != 0
}

#[cfg(not(unix))]
fn is_open_to_all(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// CF-01: a secret file that everybody may read is refused, and so is an empty one; none of it is shown.
    #[test]
    fn a_secret_file_is_its_owners_alone() {
        let path = std::env::temp_dir().join(format!("tiendo_secret_{}", std::process::id()));
        std::fs::write(&path, "bí mật\n").expect("writes");
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("sets");
        for open in [0o644, 0o604, 0o602, 0o601] {
            mode(open);
            let refusal = read_file(&path).expect_err("refused");
            assert!(!refusal.contains("bí mật") && !refusal.contains('\n'), "{refusal}");
        }
        mode(0o640);
        assert_eq!(read_file(&path).as_deref(), Ok("bí mật"));
        std::fs::write(&path, "\n").expect("writes");
        assert!(read_file(&path).is_err());
        std::fs::remove_file(&path).expect("removes");
        assert!(read_file(&path).is_err());
        assert!(!format!("{:?}", Secret::parse("bí mật").expect("a secret")).contains("mật"));
    }
}
