//! Queries on units: reading them as of a day, writing spells, keeping the closure.

mod closure;
mod read;
mod write;

pub use read::{Found, ancestors, children, find, find_by_code, get, history, list, referred_unit, tree, within};
pub use write::{Change, Locked, NewRow, SpellRow, insert, lock, update};
