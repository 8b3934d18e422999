//! Clients: programs of others. A machine account calls for itself, with scopes and a unit whose subtree it never leaves.

pub mod http;
pub mod model;
pub mod rules;
pub mod store;
