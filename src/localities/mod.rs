//! Localities (địa bàn): province, districts, communes; territory, apart from the line of management.

pub mod http;
pub mod model;
pub mod store;
