//! The state of one event: what caused it, the services it may use, and the meters that limit it.
//!
//! This is below `plugin`, `sandbox`, and `capability`, which all work with it.

mod client;
pub(crate) mod heap_size;
pub(crate) mod memory;
pub(crate) mod meter;
mod read_post;
mod services;
mod state;

pub(crate) use client::Client;
pub(crate) use read_post::ReadPost;
pub(crate) use services::Services;
pub(crate) use state::{EventCause, EventState, PostState, Quotas, WasiState};
