//! The journal: what happened, appended by every write and never changed. It is the audit trail, the change feed and the source
//! of webhooks: three readers of one table.

pub mod checkpoint;
pub mod http;
pub mod model;
pub mod read;
pub mod refusals;
pub mod seal;
pub mod store;
pub mod verify;

pub use store::{Entry, append, append_all};
