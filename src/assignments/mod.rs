//! Assignments (phân công): tasks given to units, what these say of them, and who decides on it.

pub mod http;
pub mod model;
pub mod rules;
pub mod store;
