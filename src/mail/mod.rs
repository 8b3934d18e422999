//! Mail: links for those who were invited or forgot their password. A letter is queued in the transaction that makes its link, and sent
//! by whichever instance takes it first; nobody's request waits for a mail server.

pub mod model;
pub mod postman;
mod relay;
pub mod rules;
pub mod store;
