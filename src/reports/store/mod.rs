//! Queries on reports of the scope.

mod check;
mod consolidate;
mod issue;
mod live;
mod locked;
mod read;
mod row;
mod sheets;
mod write;

pub use check::{Checked, check};
pub use consolidate::consolidate;
pub use issue::{Bytes, Printed, correct, document, issue, recall, to_issue};
pub use locked::{Locked, lock};
pub use read::{count_returned, count_to_decide, find, get, list, revision, revisions, sources, told, unit_of, waiting};
pub use sheets::sheets;
pub use write::{accept, create, delete, replace, say, send_back, submit};
