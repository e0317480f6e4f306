//! Places in Mattermost, and how a sentence reaches the people there.

use crate::bindings::config;
use crate::bindings::posts::{self, Draft};
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

/// The language of texts that everybody in a channel reads: the server's.
pub fn channel_locale() -> Locale {
    Locale::from_tag(&config::default_locale())
}

/// Shows a sentence by the bot to one user, in the thread they are in.
pub fn tell(user_id: &str, place: Place<'_>, message: &str) -> Result<(), Error> {
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
