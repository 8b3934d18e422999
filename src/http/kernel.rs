//! What every operation needs, and its limits.

use std::time::Duration;

use super::cursors::CursorSigner;
use super::shield::Shield;
use crate::access::Door;

/// What every operation needs.
pub struct Kernel {
    /// Who lets callers in.
    pub door: Door,
    /// What signs cursors.
    pub signer: CursorSigner,
    /// Limits.
    pub limits: Limits,
    /// What keeps it from being overrun.
    pub shield: Shield,
    /// The address under which clients reach the service, if it is known.
    pub public_url: Option<String>,
}

/// Limits of one request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub body_time: Duration,
    /// How long a file may take to arrive.
    pub upload_time: Duration,
    /// How long an answer may take to make.
    pub answer_time: Duration,
}
