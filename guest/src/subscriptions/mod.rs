//! Subscriptions: channels follow a meeting, and each occurrence is announced there.

pub mod announce;
pub mod command;
pub mod index_job;
