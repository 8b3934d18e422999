//! Queries on units: reading them as of a day, writing spells, keeping the closure.

mod closure;
mod read;
mod territory;
mod tick;
mod write;

pub use read::{
    Found, Source, ancestors, children, find, find_by_code, get, history, hold, list, own_or_referred, own_or_referred_ref, referred_card,
    referred_unit, teaches, tree, unit_refs, unit_refs_since, within,
};
pub use territory::{Seat, is_anothers, lies_within, reach, seat_on, seats, stands_here, stretches_below, territories};
pub use tick::keep_calendar;
pub use write::{Change, Locked, NewRow, SpellRow, insert, lock, update};
