//! Queries on plans: reading those of the scope and every approved one, writing drafts, moving them through their life.

mod read;
mod words;
mod write;

pub use read::{KeptTarget, find, get, is_own_in_force, list, missing, revision, revisions};
pub use words::{Words, Written};
pub use write::{Locked, amend, approve, insert, insert_department_plan, lock, send_back, submit, update};
