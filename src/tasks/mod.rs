//! Tasks (nhiệm vụ): the seven groups of section III, and the 93 tasks of the catalogue with those that units add.

pub mod http;
pub mod model;
pub mod store;
