//! The reasons why a meeting did not start.

use crate::bindings::types::Error as HostError;
use crate::platform::people::Reader;
use crate::text::{self, Message};
use crate::zoom;

/// The reason why a meeting did not start. It determines the sentence for the user, the HTTP status, and the log line.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The user is not a member of the channel, or the channel does not exist. The sentence does not reveal which.
    #[error("the user is not a member of the channel")]
    NotMember,
    /// Meetings are disabled in this channel.
    #[error("meetings are disabled for the channel")]
    Restricted,
    /// The channel is archived.
    #[error("the channel is archived")]
    Archived,
    /// The server does not allow messages of users in this channel.
    #[error("the server does not allow messages in this channel")]
    NoMessages,
    /// The user may read but not post in this channel.
    #[error("the user may not post in the channel")]
    MayNotPost,
    /// Another user is starting a meeting in this channel.
    #[error("somebody else is starting a meeting in the channel")]
    Busy,
    /// A request to Zoom failed.
    #[error(transparent)]
    Zoom(#[from] zoom::Error),
    /// The meeting was created, but could not be posted.
    #[error("the meeting could not be posted: {error}")]
    NotPosted {
        /// The join link.
        join_url: String,
        /// The error of the post.
        error: HostError,
    },
    /// A call to Mattermost failed.
    #[error("Mattermost failed: {0}")]
    Mattermost(#[from] HostError),
}

impl Failure {
    /// The sentence for the user.
    pub fn sentence(&self, reader: &Reader<'_>) -> String {
        let message = match self {
            Failure::NotMember => Message::NotMember,
            Failure::Restricted => Message::Restricted,
            Failure::Archived => Message::Archived,
            Failure::NoMessages => Message::NoMessages,
            Failure::MayNotPost => Message::MayNotPost,
            Failure::Busy => Message::Busy,
            Failure::Zoom(error) => return error.sentence(reader),
            Failure::NotPosted { join_url, .. } => {
                return text::text(reader.locale, Message::NotPosted, &[("url", join_url)]);
            }
            Failure::Mattermost(_) => Message::MattermostFailed,
        };
        text::plain(reader.locale, message)
    }

    /// The HTTP status. A restricted channel is reported with 200, as in the Go plugin.
    pub fn status(&self) -> u16 {
        match self {
            Failure::NotMember | Failure::MayNotPost | Failure::Archived | Failure::NoMessages => {
                403
            }
            Failure::Restricted => 200,
            Failure::Busy => 409,
            Failure::Zoom(error) => error.status(),
            Failure::NotPosted { .. } | Failure::Mattermost(_) => 500,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d40_the_sentence_contains_no_internal_error() {
        let failure = Failure::Mattermost(HostError::Unavailable("SECRET".into()));
        assert!(!failure.sentence(&Reader::default()).contains("SECRET"));
        assert_eq!(failure.status(), 500);
    }

    #[test]
    fn a_meeting_that_could_not_be_posted_can_still_be_joined() {
        let failure = Failure::NotPosted {
            join_url: "https://zoom.us/j/1".into(),
            error: HostError::Timeout,
        };
        assert!(
            failure
                .sentence(&Reader::default())
                .contains("https://zoom.us/j/1")
        );
    }
}
