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

    /// Whether nobody can listen on the way to it or stand in for it: a file, this machine, or TLS that checks the server's name.
    #[must_use]
    pub fn is_private(&self) -> bool {
        let Self::Postgres(url) = self else { return true };
        let (_, hosts, query) = parts(url);
        let named = |name: &str| -> Vec<&str> { query.iter().filter(|(key, _)| *key == name).map(|(_, value)| *value).collect() };
        let modes = named("sslmode");
        let given: Vec<&str> = [named("host"), named("hostaddr")].concat().into_iter().flat_map(|hosts| hosts.split(',')).collect();
        let here = |hosts: &[&str]| hosts.iter().all(|host| is_here(host));
        let elsewhere = std::env::var("PGHOST").is_ok_and(|host| !is_here(&host));
        (!modes.is_empty() && modes.iter().all(|mode| *mode == "verify-full"))
            || (here(&hosts) && here(&given) && !(elsewhere && given.is_empty() && hosts.iter().all(|host| host.is_empty())))
    }

    /// The same text without this URL and its password: what a database says of a URL may repeat it.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let Self::Postgres(url) = self else { return text.to_owned() };
        let (password, _, query) = parts(url);
        let secrets = query.iter().filter(|(key, _)| *key == "password").map(|(_, value)| *value).chain([password]);
        secrets.filter(|secret| !secret.is_empty()).fold(text.replace(url.as_str(), "…"), |text, secret| text.replace(secret, "…"))
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

/// Whether every host of a URL is this machine.
#[must_use]
pub fn stays_here(url: &str) -> bool {
    parts(url).1.iter().all(|host| is_here(host))
}

/// The first host of a URL.
#[must_use]
pub fn host(url: &str) -> &str {
    parts(url).1.first().copied().unwrap_or_default()
}

/// The password, the hosts and the parameters of a PostgreSQL URL, as they are written (libpq, section 32.1.1.2); others have no more.
fn parts(url: &str) -> (&str, Vec<&str>, Vec<(&str, &str)>) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = rest.rsplit_once('@').map_or((("", ""), rest), |(user, rest)| (user.split_once(':').unwrap_or((user, "")), rest));
    let ((_, password), rest) = authority;
    let hosts = rest.split_once('/').map_or(rest, |(hosts, _)| hosts).split(',');
    // The colons of an IPv6 address stand before its bracket.
    let hosts = hosts.map(|host| host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(host, |(host, _)| host)).collect();
    (password, hosts, query.split('&').filter_map(|pair| pair.split_once('=')).collect())
}

/// Whether a host is this machine: by name, by address, or by the folder of a socket.
fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let socket = bare.starts_with('/') || bare.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%2f"));
    bare.is_empty() || socket || bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
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

    /// CF-06: another machine is reached by TLS that checks its name, or not at all.
    #[test]
    fn only_this_machine_is_reached_in_the_clear() {
        let private = |text: &str| DatabaseUrl::parse(text).expect("valid").is_private();
        for url in [
            "sqlite://x.db",
            "postgres://app:x@127.0.0.1:5432/tiendo",
            "postgres://app@localhost/tiendo",
            "postgres://app@[::1]:5433/tiendo?sslmode=disable",
            "postgres:///tiendo?host=/var/run/postgresql",
            "postgres://app@%2Fvar%2Frun%2Fpostgresql/tiendo",
            "postgres://app:p@ss@db.example.vn/tiendo?sslmode=verify-full&sslrootcert=system",
        ] {
            assert!(private(url), "{url}");
        }
        for url in [
            "postgres://app@db.example.vn/tiendo",
            "postgres://app@10.0.0.5:5432/tiendo?sslmode=require",
            "postgres://app@127.0.0.1,db.example.vn/tiendo",
            "postgres://localhost@db/tiendo?sslmode=verify-ca",
            "postgres://app@localhost/tiendo?host=db.example.vn",
            "postgres://app@db/tiendo?sslmode=verify-full&sslmode=disable",
            "postgres://app@[fe80::1]/tiendo",
        ] {
            assert!(!private(url), "{url}");
        }
    }

    #[test]
    fn what_a_database_says_of_its_url_is_told_without_it() {
        let url = DatabaseUrl::parse("postgres://app:bi%mat@[::1/tiendo?password=khac").expect("valid");
        let said = "in URI: \"postgres://app:bi%mat@[::1/tiendo?password=khac\", token \"bi%mat\" or khac";
        assert_eq!(url.hide(said), "in URI: \"…\", token \"…\" or …");
    }

    #[test]
    fn a_password_is_never_shown() {
        let url = DatabaseUrl::parse("postgres://user:secret@host/db").expect("valid");
        assert!(!format!("{url} {url:?}").contains("secret"));
    }
}
