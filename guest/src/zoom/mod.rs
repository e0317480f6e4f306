//! Zoom's REST API, token endpoint, and webhooks, as far as the plugin uses them.
//!
//! A failed request becomes an [`Error`] with a sentence that says what to do. Zoom's own messages appear only in the
//! server log, without secrets.

pub mod app_check;
pub mod client;
pub mod error;
pub mod event_subscription;
pub mod hosts;
pub mod http;
pub mod time;
pub mod token;
pub mod types;
pub mod webhook;

pub use error::kinds::Error;
