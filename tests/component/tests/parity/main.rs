//! What the existing plugin does and people rely on, without its defects: flows of the real component
//! on a Mattermost kept in memory, with the stand-in for Zoom. The numbers in the names are those of
//! `tests/PARITY.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there"
)]

mod connecting;
mod deauthorization;
mod lifecycle;
mod organization;
mod story;
mod support;
mod tokens;
mod zoom_api;
