//! Why a meeting did not start.

use crate::bindings::types::Error as HostError;
use crate::platform::people::Reader;
use crate::text::{self, Message};
use crate::zoom;

/// The reason, from which come the sentence for the user, the status for a client, and the log line.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The user is not in the channel, or there is no such channel: nobody learns which.
    #[error("the user is not a member of the channel")]
    NotMember,
    /// Meetings are not wanted in this channel.
    #[error("meetings are disabled for the channel")]
    Restricted,
    /// The channel is archived.
    #[error("the channel is archived")]
    Archived,
    /// The server takes no messages of people in this channel.
    #[error("the server does not allow messages in this channel")]
    NoMessages,
    /// The user may read here and not write.
    #[error("the user may not post in the channel")]
    MayNotPost,
    /// Somebody else is starting one here at this very moment.
    #[error("somebody else is starting a meeting in the channel")]
    Busy,
    /// Zoom did not do it.
    #[error(transparent)]
    Zoom(#[from] zoom::Error),
    /// The meeting exists and its post does not.
    #[error("the meeting could not be posted: {error}")]
    NotPosted {
        /// Where to join all the same.
        join_url: String,
        /// Why.
        error: HostError,
    },
    /// Mattermost did not do it.
    #[error("Mattermost failed: {0}")]
    Mattermost(#[from] HostError),
}

impl Failure {
    /// The sentence for the user: what happened, and what to do.
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

    /// The status of the answer to a client. A restricted channel is an answer, not an error.
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
    fn d40_what_failed_inside_stays_inside() {
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
