//! Queries on units: reading them as of a day, writing spells, keeping the closure.

mod closure;
mod read;
mod tick;
mod write;

pub use read::{
    Found, Seat, Source, ancestors, children, find, find_by_code, get, history, hold, is_anothers, lies_within, list, own_or_referred,
    own_or_referred_ref, reach, referred_card, referred_unit, seats, stands_here, stretches_below, teaches, territories, tree, unit_refs,
    unit_refs_since, within,
};
pub use tick::keep_calendar;
pub use write::{Change, Locked, NewRow, SpellRow, insert, lock, update};
