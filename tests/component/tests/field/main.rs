//! Situations from real installations, with the real component, an in-memory Mattermost server, and the mock Zoom
//! server. Each test is named after its row in the catalog: `f14_…`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there"
)]

mod connecting;
mod hosts;
mod links;
mod meetings;
mod mode_change;
mod private;
mod recordings;
mod replicas;
mod server_to_server;
mod servers;
mod subscriptions;
mod support;
mod webhook_events;
mod webhooks;
mod zoom_answers;
