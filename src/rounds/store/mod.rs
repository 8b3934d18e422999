//! Queries on rounds: those that were opened are readable by whoever is signed in, those in preparation by the department.

mod debtors;
mod read;
mod tick;
mod write;

pub use debtors::{completeness, debtors, of_rounds, series};
pub use read::{Bare, bare, excepted, exceptions, find, find_exception, get, list, open_rounds, owed, referred};
pub use tick::keep_calendar;
pub use write::{Locked, Words, close, except, hold, insert, lock, open, update};
