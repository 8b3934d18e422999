//! Queries on reports of the scope.

mod check;
mod consolidate;
mod issue;
mod live;
mod read;
mod sheets;
mod write;

pub use check::{Checked, check};
pub use consolidate::consolidate;
pub use issue::{Bytes, correct, document, issue, recall};
pub use read::{count_returned, count_to_decide, find, get, list, revision, revisions, sources, told, waiting};
pub use sheets::sheets;
pub use write::{Locked, accept, create, delete, lock, replace, say, send_back, submit};
