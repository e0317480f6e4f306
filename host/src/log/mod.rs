//! The server's log: throttled, never waited for, one line per entry.

mod server_log;
mod text;
mod throttle;

pub(crate) use server_log::{Line, ServerLog, Topic};
pub(crate) use text::{is_one_line, sanitize, sanitize_to};
