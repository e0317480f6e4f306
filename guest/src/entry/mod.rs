//! The component's entry points: each takes an event of the host and passes it to the feature that handles it.

pub mod command;
pub mod http;
pub mod job;
pub mod lifecycle;
pub mod webhook;
