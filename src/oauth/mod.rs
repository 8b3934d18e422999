//! OAuth 2: how programs of others get tokens. Its paths take forms and answer as RFC 6749, 7009, 7662 and 8414 say; clients themselves are
//! kept by [`crate::clients`].

pub mod http;
pub mod model;
mod pages;
pub mod rules;
pub mod store;
