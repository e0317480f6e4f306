//! Runs a WebAssembly component as a Mattermost plugin.
//!
//! Mattermost starts an executable and speaks its plugin RPC with it (`mattermost-plugin-rpc`). This
//! library answers: each hook becomes an event, each event runs in a fresh instance of the component
//! ([`sandbox`]), and each import of the component becomes a policy check and one call of Mattermost's
//! API or one request to an allowed host (`capability`). The executable in `main.rs` only brings the
//! embedded image and its manifest.
//!
//! Nothing here knows what the component is about.
#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod audit;
mod bindings;
mod bundle;
mod capability;
mod clock;
mod event;
mod jobs;
mod log;
pub mod manifest;
mod metrics;
pub mod outgoing;
mod plugin;
pub mod policy;
mod process;
pub mod sandbox;
mod settings;

pub use plugin::{ComponentPlugin, Reply};
pub use process::{confinement, describe, run};
pub use sandbox::{Component, LoadError};
