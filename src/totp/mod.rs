//! The second factor: codes of an app (RFC 6238), and recovery codes for the day that the phone is lost. Admins must have one.

pub mod http;
pub mod model;
pub mod rules;
pub mod store;
