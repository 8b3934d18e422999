//! Queries on values: reading those of the scope, and recording many at once.

mod cells;
mod known;
mod odd;
mod read;
mod rows;
mod write;

pub use read::{find, find_many, get, history, list, own_of};
pub use write::{Done, record, review, withdraw};
