//! Plans (kế hoạch): the department's own, and each unit's for 2025-2030 and for a year.

pub mod http;
pub mod model;
pub mod rules;
pub mod store;
