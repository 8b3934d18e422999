//! The shared edge: how operations are declared, how requests are checked and how answers are written.

pub mod answers;
pub mod docs;
mod document;
pub mod edge;
pub mod encoding;
mod exchange;
mod language;
pub mod list;
mod once;
pub mod parts;
pub mod problem;
pub mod registrar;
mod schema;

pub use exchange::{Kernel, Limits};
