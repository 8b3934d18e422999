//! Results (kết quả): what the system computes from values, held against targets, with what it was made of.

pub mod http;
pub mod model;
pub mod rules;
pub mod sentence;
pub mod store;
