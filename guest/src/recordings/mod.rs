//! Posts recordings, chats, and transcripts in the threads of their meetings.
//!
//! [`event`] turns Zoom's event into jobs, [`job`] posts the replies, [`download`] gets the files, and [`reply`] builds the
//! content.

pub mod download;
pub mod event;
pub mod job;
pub mod payload;
pub mod reply;
