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

mod adoption;
mod appearance;
mod audit;
mod bindings;
mod bundle;
mod capability;
mod clock;
pub mod confinement;
mod describe;
mod environment;
mod exchange;
mod jobs;
mod lines;
pub mod manifest;
mod metrics;
mod origin;
pub mod outgoing;
mod plugin;
pub mod policy;
mod process;
mod resident;
mod rpc_thread;
pub mod sandbox;
mod settings;
mod site;
mod traffic;

pub use describe::describe;
pub use exchange::Reply;
pub use plugin::ComponentPlugin;
pub use process::run;
pub use sandbox::{Component, LoadError};
