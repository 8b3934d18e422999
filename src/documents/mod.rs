//! Legal documents (văn bản): the instruments that the plan cites.

pub mod http;
pub mod model;
pub mod store;
