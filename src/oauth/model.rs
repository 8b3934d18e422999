//! What OAuth answers.

use serde::Serialize;

use crate::error::{Code, Error};

/// A token (RFC 6749 section 5.1).
#[derive(Clone, Debug, Serialize)]
pub struct Tokens {
    /// For `Authorization: Bearer …`.
    pub access_token: String,
    /// How it is sent.
    pub token_type: &'static str,
    /// Seconds that it lives.
    pub expires_in: i64,
    /// What it is for, words between spaces.
    pub scope: String,
    /// For another one, once, where a person is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

/// What is known of a token (RFC 7662 section 2.2).
#[derive(Clone, Debug, Default, Serialize)]
pub struct Introspection {
    /// Whether it is the asking client's and holds now.
    pub active: bool,
    /// The rest, if it does.
    #[serde(flatten)]
    pub known: Option<Known>,
}

/// What a token that holds says.
#[derive(Clone, Debug, Serialize)]
pub struct Known {
    /// What it is for.
    pub scope: String,
    /// Whose it is.
    pub client_id: String,
    /// How it is sent.
    pub token_type: &'static str,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// When it was made.
    pub iat: i64,
    /// When it begins to hold.
    pub nbf: i64,
    /// The account.
    pub sub: String,
    /// For whom.
    pub aud: String,
    /// Who issued it.
    pub iss: String,
    /// Its own id.
    pub jti: String,
}

/// The errors of OAuth (RFC 6749 section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A parameter is missing, given twice or wrong.
    InvalidRequest,
    /// The client is unknown, its secret wrong, or it may not call now or from there.
    InvalidClient,
    /// The grant does not hold.
    InvalidGrant,
    /// The client may not have this grant.
    UnauthorizedClient,
    /// There is no such grant.
    UnsupportedGrantType,
    /// The scope is unknown or more than the client's.
    InvalidScope,
    /// Ours.
    ServerError,
    /// Too much at once.
    TemporarilyUnavailable,
}

impl Kind {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }
}

/// A refusal as OAuth tells it.
#[derive(Debug)]
pub struct Refusal {
    /// Its kind.
    pub kind: Kind,
    /// Its status.
    pub status: u16,
    /// A sentence for programmers, in ASCII.
    pub description: &'static str,
    /// Seconds after which to come back.
    pub retry_after: Option<u32>,
    /// What the log is told.
    pub cause: Option<Error>,
}

impl Refusal {
    /// A refusal of this kind.
    #[must_use]
    pub const fn new(kind: Kind, description: &'static str) -> Self {
        let status = if matches!(kind, Kind::InvalidClient) { 401 } else { 400 };
        Self { kind, status, description, retry_after: None, cause: None }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (kind, description) = match error.code() {
            Code::Internal => (Kind::ServerError, "something went wrong on our side"),
            Code::Unavailable => (Kind::TemporarilyUnavailable, "come back later"),
            Code::RateLimited => (Kind::TemporarilyUnavailable, "too many wrong credentials from this network"),
            Code::UnsupportedMediaType => (Kind::InvalidRequest, "send application/x-www-form-urlencoded"),
            Code::TooLarge => (Kind::InvalidRequest, "the form is too long"),
            Code::RequestTimeout => (Kind::InvalidRequest, "the form took too long to arrive"),
            _ => (Kind::InvalidRequest, "the form cannot be read or a parameter is given twice"),
        };
        // Of RFC 6749 only 400 and 401; what is ours keeps its own status.
        let status = if error.code().status() < 429 { 400 } else { error.code().status() };
        Self { kind, status, description, retry_after: error.retry_after(), cause: Some(error) }
    }
}
