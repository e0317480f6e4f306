//! Zoom meetings in Mattermost, as a component.
//!
//! This crate contains everything about Zoom, and nothing about processes, RPC, or sandboxes. The component has no files,
//! sockets, or environment. It calls the interfaces of `wit/` through [`bindings`]. Each event runs in a fresh instance,
//! so all state is in Mattermost's key-value store.
//!
//! [`entry`] receives the events and passes them to a feature folder: [`connection`], [`meetings`], [`occurrence`],
//! [`subscriptions`], [`recordings`], [`preferences`], or [`setup`], which may use the others. The features use [`store`]
//! (records), [`zoom`] (Zoom's API and webhooks), [`platform`] (Mattermost), [`config`] (settings), and [`text`]
//! (sentences). Imports point in this order, never back.
//!
//! Signatures, encryption, parsing, post content, and decisions are pure functions with unit tests in the same file. The
//! code that calls the host is thin; the component tests in `tests/component` cover it.

pub mod bindings;
pub mod config;
pub mod connection;
pub mod entry;
pub mod meetings;
pub mod occurrence;
pub mod platform;
pub mod preferences;
pub mod recordings;
pub mod setup;
pub mod store;
pub mod subscriptions;
pub mod text;
pub mod zoom;

use bindings::handlers::{
    command_handler, diagnostics, http_handler, job_handler, lifecycle as lifecycle_handler,
};
use entry::{command, http, job, lifecycle};

/// The component's exports.
pub struct Plugin;

impl lifecycle_handler::Guest for Plugin {
    fn activate() -> Result<(), String> {
        lifecycle::activate()
    }

    fn configuration_changed(_previous: Vec<(String, String)>) {
        lifecycle::configuration_changed();
    }

    fn deactivate() {}
}

impl command_handler::Guest for Plugin {
    fn run(invocation: command_handler::Invocation) -> Option<String> {
        command::run(&invocation)
    }
}

impl http_handler::Guest for Plugin {
    fn handle(request: http_handler::Request) -> http_handler::Response {
        http::handle(&request)
    }
}

impl job_handler::Guest for Plugin {
    fn run(kind: String, payload: Vec<u8>, attempt: u32) -> job_handler::Outcome {
        job::run(&kind, &payload, attempt)
    }

    fn given_up(kind: String, payload: Vec<u8>) -> job_handler::Outcome {
        job::given_up(&kind, &payload)
    }
}

impl diagnostics::Guest for Plugin {
    fn support_data() -> String {
        setup::doctor::support_data()
    }
}

/// The generated exports. Their names are not valid in a native library, so only the component has them.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, clippy::all, clippy::restriction)]
mod exports {
    use crate::Plugin;
    crate::bindings::export!(Plugin with_types_in crate::bindings);
}
