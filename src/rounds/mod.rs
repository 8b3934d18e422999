//! Reporting rounds (đợt báo cáo): a period, a form and the units that owe a report; and how far each round is.

pub mod http;
pub mod model;
pub mod rules;
pub mod store;
