//! Units (đơn vị): the department, its divisions, district and commune offices, schools, centres and colleges, in a dated tree.

pub mod http;
pub mod model;
pub mod rules;
pub mod store;
mod told;
