//! Helpers for working with Mattermost and the host: people, channels, requests, jobs, the clock, and the log.

pub mod backoff;
pub mod bot;
pub mod buttons;
pub mod channels;
pub mod clock;
pub mod command;
pub mod digest;
pub mod http;
pub mod ids;
pub mod key_scan;
pub mod log;
pub mod once;
pub mod people;
pub mod random;
pub mod site;
pub mod time_zone;
