//! What was written in a channel lately.

use crate::bindings::posts::{self, Post};
use crate::bindings::types::Error;
use crate::system;

/// The posts of a channel since then, in milliseconds, newest first, or as many of them as can be had. Where somebody
/// fills a channel with more than the server's answer can hold, that is none: a meeting is started there without a look
/// at the last one, and a job writes without a look whether it has written.
pub fn posts_since(channel_id: &str, since: i64) -> Result<Vec<Post>, Error> {
    match posts::since(channel_id, since) {
        Err(Error::TooLarge) => {
            system::warn(
                "The last posts of a channel are too large to be looked through.",
                &[("channel", channel_id)],
            );
            Ok(Vec::new())
        }
        posts => posts,
    }
}
