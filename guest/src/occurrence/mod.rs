//! A meeting that people hold: its record, its cards in channels, and Zoom's events about it.

pub mod announcement_job;
pub mod card;
pub mod delete_host_records;
pub mod events;
pub mod legacy_posts;
pub mod not_started;
pub mod post;
pub mod record;
pub mod state;
