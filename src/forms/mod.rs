//! Report forms (mẫu báo cáo): what a reporting round asks, in versions.

pub mod http;
pub mod model;
pub mod store;
