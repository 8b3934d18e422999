//! Indicators (chỉ tiêu): what is measured, what its definition counts and who collects it, and what must be reached.

pub mod decimal;
pub mod http;
pub mod model;
pub mod rules;
pub mod store;
