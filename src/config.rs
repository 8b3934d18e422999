//! Settings: flags and environment; `--help` is the manual. A setting whose environment is a secret (`hide_env_values`) may also come
//! from a file: `DATABASE_URL_FILE` names one that holds what `DATABASE_URL` would. A bad setting stops the start with one line.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, Command, Parser};
use ipnet::IpNet;

use crate::access::kek::KeyFile;
use crate::db::Options;
use crate::db::url::{self, DatabaseUrl};
use crate::db::wall::Wall;
use crate::{network, secrets};

/// What begins the names of settings that are ours alone: one that nobody knows is a mistake.
const OURS: &str = "TIENDO_";

/// Where the data are.
#[derive(Clone, Debug, Args)]
pub struct DatabaseSettings {
    /// sqlite://PATH or postgres://…; only the default file is created by itself, another one with ?mode=rwc
    #[arg(long, env = "DATABASE_URL", default_value = url::DEFAULT, hide_env_values = true, value_parser = DatabaseUrl::parse)]
    pub database_url: DatabaseUrl,
    /// A PostgreSQL replica for reads
    #[arg(long, env = "DATABASE_READ_URL", hide_env_values = true, value_parser = DatabaseUrl::parse)]
    pub database_read_url: Option<DatabaseUrl>,
    /// Reach PostgreSQL on another machine although its URL does not say sslmode=verify-full: for a network that is private
    #[arg(long, env = "DATABASE_PLAIN", value_parser = clap::builder::BoolishValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub database_plain: bool,
    /// Let PostgreSQL keep rows of other subtrees from a query that forgot its scope (row-level security); `tiendo migrate` with the same
    /// flag prepares it. The service's role must not own the tables
    #[arg(long, env = "ROW_SECURITY", value_parser = clap::builder::BoolishValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub row_security: bool,
    /// Database connections of this instance
    #[arg(long, env = "DATABASE_CONNECTIONS", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub database_connections: u32,
    /// Statements that take longer are logged, in milliseconds
    #[arg(long, env = "SLOW_QUERY_MS", default_value_t = 500)]
    pub slow_query_ms: u64,
}

impl DatabaseSettings {
    /// Refuses a way to the database that somebody may listen on.
    ///
    /// # Errors
    /// One line that says what to do.
    pub fn check(&self) -> Result<(), String> {
        [Some(&self.database_url), self.database_read_url.as_ref()].into_iter().flatten().try_for_each(|url| self.check_way(url))
    }

    /// The same for another URL.
    ///
    /// # Errors
    /// As [`DatabaseSettings::check`].
    pub fn check_way(&self, url: &DatabaseUrl) -> Result<(), String> {
        if self.database_plain || url.is_private() {
            return Ok(());
        }
        Err("the database is on another machine: its URL must say sslmode=verify-full (with sslrootcert), or the network is private and --database-plain says so".to_owned())
    }

    /// As the database wants them.
    #[must_use]
    pub fn options(&self) -> Options {
        Options {
            url: self.database_url.clone(),
            read_url: self.database_read_url.clone(),
            connections: self.database_connections,
            slow: Duration::from_millis(self.slow_query_ms),
            wall: self.wall(),
        }
    }

    /// Whether the second wall is to stand.
    #[must_use]
    pub fn wall(&self) -> Wall {
        if self.row_security { Wall::Up } else { Wall::Down }
    }
}

/// What opens the keys in the database.
#[derive(Clone, Debug, Default, Args)]
pub struct KeySettings {
    /// A file of 32 random bytes in base64 (`openssl rand -base64 32`), readable by the service alone, that seals the private keys in the
    /// database. A second line opens what another key sealed. Without it they stand there as they are
    #[arg(long, env = "TIENDO_KEY_FILE", value_name = "PATH", value_parser = KeyFile::read)]
    pub key_file: Option<KeyFile>,
}

/// How the service serves.
#[derive(Clone, Debug, Args)]
pub struct ServerSettings {
    /// The keys.
    #[command(flatten)]
    pub keys: KeySettings,
    /// The address under which clients reach the service, as in https://tiendo.sogddt.example.vn: who issues tokens, and where OAuth begins.
    /// All instances say the same. Without it tokens are issued by `tiendo`, and addresses follow each request
    #[arg(long, env = "PUBLIC_URL", value_parser = public_url)]
    pub public_url: Option<String>,
    /// Address and port; port 0 takes a free one
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Worker threads; one for each core unless given
    #[arg(long, env = "WORKERS", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
    /// Exact origins of browsers that may call, separated by commas; none unless given
    #[arg(long, env = "CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<String>,
    /// Bytes of a body
    #[arg(long, env = "BODY_LIMIT", default_value_t = 1024 * 1024)]
    pub body_limit: usize,
    /// Seconds that a body may take to arrive
    #[arg(long, env = "BODY_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub body_seconds: u64,
    /// Where files are kept: file:PATH, or s3://BUCKET with the AWS_… environment where the feature s3 is built in; file:data/files unless
    /// given, for the demo a temporary folder. One place for one database: what no row names is swept
    #[arg(long, env = "FILES_URL")]
    pub files_url: Option<String>,
    /// Bytes of a file
    #[arg(long, env = "FILE_LIMIT", default_value_t = 20 * 1024 * 1024)]
    pub file_limit: usize,
    /// Bytes that the files of one unit may take
    #[arg(long, env = "FILE_QUOTA", default_value_t = 500 * 1024 * 1024, value_parser = clap::value_parser!(i64).range(1..))]
    pub file_quota: i64,
    /// Seconds that a file may take to arrive
    #[arg(long, env = "UPLOAD_SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub upload_seconds: u64,
    /// A file outside the database that signed checkpoints of the journal are added to, one line an hour; the log unless given
    #[arg(long, env = "CHECKPOINTS")]
    pub checkpoints: Option<PathBuf>,
    /// Seconds that an answer may take to make
    #[arg(long, env = "ANSWER_SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub answer_seconds: u64,
    /// How much is let in, and from whom.
    #[command(flatten)]
    pub load: LoadSettings,
    /// Accounts and sessions.
    #[command(flatten)]
    pub accounts: AccountSettings,
    /// Mail.
    #[command(flatten)]
    pub mail: MailSettings,
    /// Documents.
    #[command(flatten)]
    pub print: PrintSettings,
}

impl ServerSettings {
    /// These flags, and for the rest the environment and the defaults: for tests and benchmarks.
    ///
    /// # Errors
    /// What is wrong with a flag.
    pub fn from_flags(flags: &[&str]) -> Result<Self, String> {
        #[derive(Parser)]
        struct Alone {
            #[command(flatten)]
            settings: ServerSettings,
        }
        let words = std::iter::once("tiendo").chain(flags.iter().copied());
        Alone::try_parse_from(words).map(|alone| alone.settings).map_err(|error| error.to_string())
    }
}

/// An origin without a path: RFC 8414 looks for what describes an issuer at its root. Without TLS only on this very machine.
fn public_url(text: &str) -> Result<String, String> {
    let here = |host: &&str| {
        host.strip_prefix("127.0.0.1")
            .or_else(|| host.strip_prefix("localhost"))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://").filter(here));
    let fits = |host: &str| !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    if host.is_some_and(fits) { Ok(text.to_owned()) } else { Err("an origin such as https://tiendo.example.vn, without a path".to_owned()) }
}

/// How much the service lets in, and whose word it takes for where a request came from.
#[derive(Clone, Debug, Args)]
pub struct LoadSettings {
    /// Requests a minute of one person or client, as many of them at once as come; above that 429
    #[arg(long, env = "PERSON_QUOTA", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub person_quota: u32,
    /// Requests a minute of one network where nobody is signed in: an IPv4 address or the /64 of an IPv6 one
    #[arg(long, env = "NETWORK_QUOTA", default_value_t = 1200, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub network_quota: u32,
    /// Instances behind one balancer: each lets its part of the quotas pass
    #[arg(long, env = "INSTANCES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub instances: u32,
    /// Addresses or networks of the proxies before the service, separated by commas. Only behind these the last address of X-Forwarded-For
    /// that is none of them is taken for the client's; every other peer is the client itself. `Forwarded` is not read: let the proxy write
    /// X-Forwarded-For
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',', value_parser = network::parse)]
    pub trusted_proxies: Vec<IpNet>,
    /// Requests at work at once; above that 503 at once. Each needs a database connection for some milliseconds: about 16 for each
    #[arg(long, env = "MAX_REQUESTS", default_value_t = 128, value_parser = clap::value_parser!(u16).range(8..))]
    pub max_requests: u16,
    /// Documents, consolidations and calls for many units at work at once; half of them of one person
    #[arg(long, env = "MAX_HEAVY", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_heavy: u16,
    /// Connections at once, of which each takes two file handles; those above wait to be accepted
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(16..))]
    pub max_connections: u32,
    /// Seconds after which a connection is closed that makes no progress: with half a head, with half a file, or with an answer that is not
    /// read
    #[arg(long, env = "STALL_SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub stall_seconds: u64,
    /// Seconds between SIGTERM and the end of listening, in which readiness is false and requests are still answered: longer than a
    /// balancer takes to see it
    #[arg(long, env = "DRAIN_SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub drain_seconds: u64,
}

/// How long links, passwords and sessions hold, and how often one may guess.
#[derive(Clone, Debug, Args)]
pub struct AccountSettings {
    /// Hours that an invitation, or a reset by an admin, holds
    #[arg(long, env = "INVITATION_HOURS", default_value_t = 24, value_parser = clap::value_parser!(i64).range(1..=720))]
    pub invitation_hours: i64,
    /// Minutes that a link for a forgotten password holds
    #[arg(long, env = "RESET_MINUTES", default_value_t = 60, value_parser = clap::value_parser!(i64).range(1..=1440))]
    pub reset_minutes: i64,
    /// Characters of a password where there is no second factor (NIST SP 800-63B-4 asks for 15)
    #[arg(long, env = "PASSWORD_LENGTH", default_value_t = 15, value_parser = clap::value_parser!(u16).range(8..=64))]
    pub password_length: u16,
    /// Characters of a password beside a second factor
    #[arg(long, env = "PASSWORD_LENGTH_WITH_TOTP", default_value_t = 8, value_parser = clap::value_parser!(u16).range(8..=64))]
    pub password_length_with_totp: u16,
    /// How many of its last passwords an account may not take again
    #[arg(long, env = "PASSWORD_HISTORY", default_value_t = 10, value_parser = clap::value_parser!(i64).range(1..=100))]
    pub password_history: i64,
    /// Wrong passwords of a name before it waits
    #[arg(long, env = "GUESSES", default_value_t = 5, value_parser = clap::value_parser!(i32).range(1..=100))]
    pub guesses: i32,
    /// The first wait of a name, in seconds; it doubles with each wrong password more
    #[arg(long, env = "GUESS_WAIT_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=3600))]
    pub guess_wait_seconds: i64,
    /// The longest wait of a name, in seconds
    #[arg(long, env = "GUESS_LONGEST_SECONDS", default_value_t = 900, value_parser = clap::value_parser!(i64).range(1..=86_400))]
    pub guess_longest_seconds: i64,
    /// Hours without a guess after which a name begins anew
    #[arg(long, env = "GUESS_FORGOTTEN_HOURS", default_value_t = 12, value_parser = clap::value_parser!(i64).range(1..=168))]
    pub guess_forgotten_hours: i64,
    /// Wrong passwords from one network within ten minutes before it is refused for as long
    #[arg(long, env = "NETWORK_GUESSES", default_value_t = 30, value_parser = clap::value_parser!(i32).range(1..=10_000))]
    pub network_guesses: i32,
    /// Minutes without a refresh after which a session of a browser ends
    #[arg(long, env = "WEB_IDLE_MINUTES", default_value_t = 480, value_parser = clap::value_parser!(i64).range(11..=10_080))]
    pub web_idle_minutes: i64,
    /// Hours after which it ends whatever happens
    #[arg(long, env = "WEB_HOURS", default_value_t = 24, value_parser = clap::value_parser!(i64).range(1..=720))]
    pub web_hours: i64,
    /// Days without a refresh after which a session of an app ends
    #[arg(long, env = "MOBILE_IDLE_DAYS", default_value_t = 14, value_parser = clap::value_parser!(i64).range(1..=90))]
    pub mobile_idle_days: i64,
    /// Days after which it ends whatever happens
    #[arg(long, env = "MOBILE_DAYS", default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=365))]
    pub mobile_days: i64,
    /// Minutes without a refresh after which a session of an admin ends
    #[arg(long, env = "ADMIN_IDLE_MINUTES", default_value_t = 30, value_parser = clap::value_parser!(i64).range(11..=1440))]
    pub admin_idle_minutes: i64,
    /// Days without signing in after which an account is disabled
    #[arg(long, env = "IDLE_DAYS", default_value_t = 45, value_parser = clap::value_parser!(i64).range(1..=3650))]
    pub idle_days: i64,
    /// The same for people of schools, which close for the summer
    #[arg(long, env = "IDLE_DAYS_SCHOOLS", default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=3650))]
    pub idle_days_schools: i64,
}

impl AccountSettings {
    /// Characters that a password must have, with or without a second factor beside it.
    #[must_use]
    pub fn shortest_password(&self, totp: bool) -> usize {
        usize::from(if totp { self.password_length_with_totp } else { self.password_length })
    }
}

/// What setting one document may take; each is set by a process of its own.
#[derive(Clone, Debug, Args)]
pub struct PrintSettings {
    /// Bytes of memory that setting one document may take
    #[arg(long, env = "PRINT_MEMORY", default_value_t = 512 * 1024 * 1024, value_parser = clap::value_parser!(u64).range(64 * 1024 * 1024..))]
    pub print_memory: u64,
    /// Seconds of a processor that it may take
    #[arg(long, env = "PRINT_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub print_seconds: u64,
    /// The program that sets documents, where it is not this one
    #[arg(long, env = "PRINT_PROGRAM", hide = true)]
    pub print_program: Option<PathBuf>,
}

/// How links reach people.
#[derive(Clone, Args)]
pub struct MailSettings {
    /// smtps://USER:PASSWORD@HOST, or smtp://HOST:587?tls=required; smtp:// alone for a mail server on this machine. Without it links are
    /// answered once to the admin who makes them
    #[arg(long, env = "SMTP_URL", hide_env_values = true, requires = "mail_from")]
    pub smtp_url: Option<String>,
    /// The certificate in PEM of an authority that signs the mail server's, beside those that everybody trusts
    #[arg(long, env = "SMTP_CA_FILE", value_name = "PATH", requires = "smtp_url")]
    pub smtp_ca_file: Option<PathBuf>,
    /// The sender of mail, as in `Tiến độ <khong.tra.loi@sogddt.example.vn>`
    #[arg(long, env = "MAIL_FROM")]
    pub mail_from: Option<String>,
    /// The page of a front end where a person sets a password; `#token=…` is put behind it. Our own, `/account/password`, unless given
    #[arg(long, env = "MAIL_PAGE")]
    pub mail_page: Option<String>,
}

impl std::fmt::Debug for MailSettings {
    /// The URL holds a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailSettings").field("from", &self.mail_from).field("page", &self.mail_page).finish_non_exhaustive()
    }
}

/// The command line, with what secret files hold as the defaults of their settings, so that a flag still wins.
///
/// # Errors
/// One line: for a file that cannot be used, a secret that is given twice, and a name of ours that is no setting.
pub fn prepare(command: Command) -> Result<Command, String> {
    let mut known = BTreeSet::new();
    let command = with_files(command, &mut known)?;
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let unknown: Vec<String> = names.filter(|name| name.starts_with(OURS) && !known.contains(name)).collect();
    if unknown.is_empty() { Ok(command) } else { Err(format!("there is no setting {}", unknown.join(", "))) }
}

fn with_files(mut command: Command, known: &mut BTreeSet<String>) -> Result<Command, String> {
    let settings: Vec<(clap::Id, String, bool)> = command
        .get_arguments()
        .filter_map(|arg| Some((arg.get_id().clone(), arg.get_env()?.to_str()?.to_owned(), arg.is_hide_env_values_set())))
        .collect();
    for (id, name, secret) in settings {
        if let Some(text) = if secret { from_file(&name)? } else { None } {
            command = command.mut_arg(id, |arg: Arg| arg.default_value(OsString::from(text)).hide_default_value(true));
        }
        if secret {
            known.insert(format!("{name}_FILE"));
        }
        known.insert(name);
    }
    for below in command.get_subcommands_mut() {
        *below = with_files(std::mem::take(below), known)?;
    }
    Ok(command)
}

/// What is wrong with a command line, in one line that shows no secret; `None` where help or the version was asked for.
#[must_use]
pub fn refusal(error: &mut clap::Error, command: &Command) -> Option<String> {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return None;
    }
    let setting = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(setting)) => setting.split(' ').next().unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    if is_secret(command, &setting) {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".to_owned()));
    }
    let text = error.render().to_string();
    let lines: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    Some(lines.join(" ").trim_start_matches("error: ").to_owned())
}

fn is_secret(command: &Command, flag: &str) -> bool {
    let named = |arg: &Arg| arg.is_hide_env_values_set() && arg.get_long().is_some_and(|long| flag == format!("--{long}"));
    command.get_arguments().any(named) || command.get_subcommands().any(|below| is_secret(below, flag))
}

/// What the file of a secret setting holds, if one is named.
fn from_file(name: &str) -> Result<Option<String>, String> {
    let twin = format!("{name}_FILE");
    let Some(path) = std::env::var_os(&twin) else { return Ok(None) };
    if std::env::var_os(name).is_some() {
        return Err(format!("{name} and {twin} are both set: one of them"));
    }
    secrets::read_file(Path::new(&path)).map(Some).map_err(|error| format!("{twin}: {error}"))
}
