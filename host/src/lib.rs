//! Runs a WebAssembly component as a Mattermost plugin.
//!
//! Mattermost starts the executable and uses its plugin RPC (`mattermost-plugin-rpc`). `process` starts everything; `plugin`
//! turns each hook into an event; [`sandbox`] runs each event in a fresh instance of the component; and `capability`
//! implements each import of the component as a policy check and one call of Mattermost's API or one request to an
//! allowed host. The executable in `main.rs` only adds the embedded image and its manifest.
//!
//! Nothing here depends on what the component does.
#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod audit;
mod bindings;
mod bundle;
mod capability;
mod clock;
mod error;
mod event;
mod go_json;
mod jobs;
mod log;
pub mod manifest;
mod metrics;
mod observations;
pub mod outgoing;
mod plugin;
pub mod policy;
mod process;
mod random;
pub mod sandbox;
mod settings;
mod signing;

pub use plugin::{ComponentPlugin, Reply};
pub use process::{confinement, describe, run};
pub use sandbox::{Component, LoadError};
pub use settings::SettingsEnvironment;
