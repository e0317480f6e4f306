//! Channels and threads, and messages that only one user sees.

use crate::bindings::config;
use crate::bindings::posts::{self, Draft, Post};
use crate::bindings::types::Error;
use crate::platform::log;
use crate::text::Locale;

/// A place in Mattermost: a channel, and the thread in it or an empty string.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The channel's id.
    pub channel_id: &'a str,
    /// The thread's first post, or empty.
    pub root_id: &'a str,
}

impl Place<'_> {
    /// A draft for this place.
    pub fn draft(&self, message: String, kind: &str, props: String) -> Draft {
        Draft {
            channel_id: self.channel_id.to_owned(),
            root_id: self.root_id.to_owned(),
            message,
            kind: kind.to_owned(),
            props,
            file_ids: Vec::new(),
        }
    }
}

/// The language of posts that everybody in a channel reads: the server's default language.
pub fn channel_locale() -> Locale {
    Locale::from_tag(&config::default_locale())
}

/// Shows a message of the bot to one user, in their channel and thread.
pub fn show_to_user(user_id: &str, place: Place<'_>, message: &str) -> Result<(), Error> {
    let draft = place.draft(message.to_owned(), "", String::new());
    posts::ephemeral(user_id, &draft)
        .map(drop)
        .inspect_err(|error| {
            log::warn(
                "A message for a user could not be shown.",
                &[("error", &error.to_string())],
            );
        })
}

/// The posts of a channel since a time in milliseconds, newest first. If the recent posts are too large for one answer of
/// the server, this returns none. The caller then works without them: a meeting starts without the check for a recent one,
/// and a job posts without searching for its earlier post.
pub fn posts_since(channel_id: &str, since: i64) -> Result<Vec<Post>, Error> {
    match posts::since(channel_id, since) {
        Err(Error::TooLarge) => {
            log::warn(
                "The recent posts of a channel are too large, so they were not searched.",
                &[("channel", channel_id)],
            );
            Ok(Vec::new())
        }
        posts => posts,
    }
}
