//! The mock Zoom server by itself: if these tests fail, the plugin is not the cause.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there"
)]

mod basics;
mod behavior;
mod fields;
mod server_to_server;
mod visitor;
