//! The dashboard: a front end's first screen in one call, with the numbers of the lists that it leads to.

pub mod http;
pub mod model;
pub mod store;
