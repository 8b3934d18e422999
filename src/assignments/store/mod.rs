//! Queries on assignments: those that the scope leads, shares or gave (design section 4, exception 3).

mod extensions;
mod give;
mod given;
mod read;
mod recurring;
mod take_over;
mod updates;
mod write;

pub use extensions::{ask, decide, extensions, lock_extension};
pub use give::{Made, give, give_many, give_one, seat};
pub use given::Given;
pub use read::{Told, count_to_decide, find, get, list, owed, progress_by_group, told};
pub use recurring::open_periods;
pub use updates::{add as add_update, list as updates};
pub use write::{Change, Locked, change, lock, shown_otherwise};
