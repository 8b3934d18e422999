//! Settings: flags and environment; `--help` is the manual.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use crate::db::Options;
use crate::db::url::{self, DatabaseUrl};

/// Where the data are.
#[derive(Clone, Debug, Args)]
pub struct DatabaseSettings {
    /// sqlite://PATH or postgres://…; only the default file is created by itself, another one with ?mode=rwc
    #[arg(long, env = "DATABASE_URL", default_value = url::DEFAULT, hide_env_values = true, value_parser = DatabaseUrl::parse)]
    pub database_url: DatabaseUrl,
    /// A PostgreSQL replica for reads
    #[arg(long, env = "DATABASE_READ_URL", hide_env_values = true, value_parser = DatabaseUrl::parse)]
    pub database_read_url: Option<DatabaseUrl>,
    /// Database connections of this instance
    #[arg(long, env = "DATABASE_CONNECTIONS", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub database_connections: u32,
    /// Statements that take longer are logged, in milliseconds
    #[arg(long, env = "SLOW_QUERY_MS", default_value_t = 500)]
    pub slow_query_ms: u64,
}

impl DatabaseSettings {
    /// As the database wants them.
    #[must_use]
    pub fn options(&self) -> Options {
        Options {
            url: self.database_url.clone(),
            read_url: self.database_read_url.clone(),
            connections: self.database_connections,
            slow: Duration::from_millis(self.slow_query_ms),
        }
    }
}

/// How the service serves.
#[derive(Clone, Debug, Args)]
pub struct ServerSettings {
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
    /// Seconds that an answer may take to make
    #[arg(long, env = "ANSWER_SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub answer_seconds: u64,
}
