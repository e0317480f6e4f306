//! Recordings, chats, and transcripts in the thread of their meeting.

pub mod download;
pub mod event;
pub mod job;
pub mod payload;
pub mod reply;
