//! Periods (kỳ): stretches of time with a code, a data window, an `as_of` day and due dates.

pub mod http;
pub mod model;
pub mod rules;
pub mod store;
