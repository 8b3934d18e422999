//! Sessions: signing in, staying in, signing out.

pub mod guesses;
pub mod http;
pub mod model;
pub mod sign_in;
pub mod store;
