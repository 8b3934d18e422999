//! Values (số liệu): what a unit recorded for an indicator and a period, of itself or of a locality in its charge.

pub mod http;
pub mod model;
pub mod rules;
pub mod store;
