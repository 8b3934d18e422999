//! Reports (báo cáo): a unit's answer to a round, from its draft to the department's issued document.
//!
//! - `model`, `rules`: the shapes, and the life as a table;
//! - `store`: `read` and `write`; `live` puts a draft's figures together, `check` says what keeps it from being submitted,
//!   `consolidate` gathers what units below were accepted for, `issue` gives numbers and keeps documents, `sheets` lists every figure;
//! - `paper` turns what was submitted into a formal document.

pub mod http;
pub mod model;
pub mod paper;
pub mod rules;
pub mod store;
