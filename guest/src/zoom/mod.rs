//! Zoom's REST API and token endpoint, as far as the plugin uses them.
//!
//! Requests have a deadline, and answers have a size limit. A failed request becomes an [`Error`] that somebody can act
//! on. Zoom's own words reach the server log only, without secrets.

pub mod client;
pub mod error;
pub mod hosts;
pub mod http;
pub mod time;
pub mod token;
pub mod types;
pub mod webhook;

pub use error::kinds::Error;
