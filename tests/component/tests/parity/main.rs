//! The behavior of the Go plugin that users rely on, without its defects: flows of the real component on an in-memory
//! Mattermost server, with the mock Zoom server. The numbers in the names are those of `tests/PARITY.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there"
)]

mod bad_days;
mod call_counts;
mod channel_settings;
mod connecting;
mod deauthorization;
mod doctor;
mod existing_calls;
mod existing_cluster;
mod existing_http;
mod existing_lifecycle;
mod existing_meetings;
mod existing_secrets;
mod existing_takeover;
mod existing_text;
mod fault_injection;
mod flows;
mod go_plugin;
mod lifecycle;
mod metrics;
mod misconfiguration;
mod order;
mod organization;
mod recordings;
mod retries;
mod rooms;
mod scenario;
mod setup_wizard;
mod subscriptions;
mod support;
mod system_console;
mod tokens;
mod user_settings;
mod zoom_api;
