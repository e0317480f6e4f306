//! Occurrences of meetings: the record of an occurrence, its cards in channels, and Zoom's events about it.
//!
//! [`state`] decides whether a meeting waits, is in progress, or has ended. [`events`] applies Zoom's events, [`record`]
//! stores an occurrence, and [`card`] and [`post`] show it in channels.

pub mod announcement_job;
pub mod card;
pub mod delete_host_records;
pub mod events;
pub mod legacy_posts;
pub mod not_started;
pub mod post;
pub mod record;
pub mod span;
pub mod state;
