//! Zoom meetings in Mattermost, as a component.
//!
//! Everything that is about Zoom lives here; nothing that is about processes, wires or sandboxes
//! does. The component has no files, sockets or environment: it sees what `wit/` offers, reached
//! through [`bindings`], and each event meets it in a fresh instance, so that all state is in
//! Mattermost's key-value store.
//!
//! Pure parts (signatures, encryption, parsing, the content of posts, decisions) are plain functions
//! with unit tests beside them. Flows are thin: they ask the outside, decide with the pure parts, and
//! act.

pub mod bindings;
pub mod command;
pub mod config;
pub mod http;
pub mod jobs;
pub mod lifecycle;
pub mod meeting;
pub mod oauth;
pub mod occurrence;
pub mod people;
pub mod platform;
pub mod recording;
pub mod store;
pub mod subscriptions;
pub mod system;
pub mod text;
pub mod webhook;
pub mod zone;
pub mod zoom;

use bindings::handlers::{command_handler, http_handler, job_handler, lifecycle as life};

/// The component's exports.
pub struct Plugin;

impl life::Guest for Plugin {
    fn activate() -> Result<(), String> {
        lifecycle::activate()
    }

    fn configuration_changed() {
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
        jobs::run(&kind, &payload, attempt)
    }

    fn given_up(kind: String, payload: Vec<u8>) -> job_handler::Outcome {
        jobs::given_up(&kind, &payload)
    }
}
