//! `DATABASE_URL`: which database, by scheme.

use std::fmt;
use std::path::{Path, PathBuf};

/// The database that needs nothing installed.
pub const DEFAULT: &str = "sqlite://data/tiendo.db";

/// A database's address. `Display` never shows a password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite://PATH`, relative to the working directory; `sqlite:///PATH` is absolute.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Whether it may be created: only the default file, or with `?mode=rwc`. A mistyped path must not become a new
        /// empty database.
        create: bool,
    },
    /// `postgres://…`, as libpq reads it, several hosts included.
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// One line that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        let Some(rest) = text.strip_prefix("sqlite://") else {
            return Err("the database URL must begin with sqlite:// or postgres://".to_owned());
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let create = match query {
            "mode=rwc" => true,
            "" | "mode=rw" => text == DEFAULT,
            _ => return Err("a sqlite:// URL takes ?mode=rw or ?mode=rwc and nothing else".to_owned()),
        };
        if path.is_empty() || path.starts_with(':') {
            return Err("a sqlite:// URL names a file, as in sqlite://data/tiendo.db".to_owned());
        }
        Ok(Self::Sqlite { path: PathBuf::from(path), create })
    }

    /// Makes the folder of a SQLite file that may be created, and refuses one that may not and is not there.
    ///
    /// # Errors
    /// One line that says what is missing.
    pub fn prepare(&self) -> Result<(), String> {
        let Self::Sqlite { path, create } = self else { return Ok(()) };
        if path.exists() {
            return Ok(());
        }
        if !create {
            return Err(format!("there is no database {}; add ?mode=rwc to its URL to create it", path.display()));
        }
        let cannot = |error| format!("cannot create {}: {error}", path.display());
        if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
            std::fs::create_dir_all(folder).map_err(cannot)?;
        }
        create_private(path).map_err(cannot)
    }
}

/// An empty file that only its owner may read: the keys that sign tokens will stand in it. SQLite gives its log the same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path, .. } => write!(f, "SQLite {}", path.display()),
            Self::Postgres(_) => f.write_str("PostgreSQL"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_default_file_or_mode_rwc_is_created() {
        let create = |text: &str| matches!(DatabaseUrl::parse(text), Ok(DatabaseUrl::Sqlite { create: true, .. }));
        assert!(create(DEFAULT));
        assert!(create("sqlite:///tmp/x.db?mode=rwc"));
        assert!(!create("sqlite:///tmp/x.db"));
        assert!(DatabaseUrl::parse("sqlite:///tmp/no-such-folder/x.db").expect("valid").prepare().is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("tiendo_private_{}.db", std::process::id()));
        DatabaseUrl::parse(&format!("sqlite://{}?mode=rwc", path.display())).expect("valid").prepare().expect("creates");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        std::fs::remove_file(path).expect("removes");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["mysql://x", "typo.db", "sqlite:", "sqlite://", "sqlite://:memory:", "sqlite://a.db?cache=shared"] {
            assert!(DatabaseUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let url = DatabaseUrl::parse("postgres://user:secret@host/db").expect("valid");
        assert!(!format!("{url} {url:?}").contains("secret"));
    }
}
