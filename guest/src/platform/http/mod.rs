//! Requests to the plugin's routes, and the answers to them.

pub mod page;
pub mod query;
pub mod response;
