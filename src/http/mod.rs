//! The shared edge: how operations are declared, how requests are checked and how answers are written.

pub mod answers;
pub mod cursors;
pub mod docs;
mod document;
pub mod edge;
pub mod encoding;
mod exchange;
pub mod forms;
pub mod gate;
mod json;
mod kernel;
pub mod language;
pub mod list;
pub mod marks;
mod once;
mod operation;
pub mod parts;
pub mod problem;
pub mod quota;
pub mod registrar;
mod schema;
pub mod shield;
pub mod stalls;

pub use kernel::{Kernel, Limits};
