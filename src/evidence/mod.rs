//! Evidence (minh chứng): files on an assignment, stored by key, downloaded safely and on record.

pub mod http;
pub mod model;
pub mod store;
