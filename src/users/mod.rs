//! Users (tài khoản): people of units, let in by invitation.

pub mod http;
pub mod model;
pub mod passwords;
pub mod rules;
pub mod store;
