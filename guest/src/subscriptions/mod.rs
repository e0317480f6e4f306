//! Channels that follow a meeting: each occurrence of it is announced there.

pub mod announce;
pub mod command;
pub mod index_job;
