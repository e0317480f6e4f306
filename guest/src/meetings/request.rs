//! A request to start a meeting, and how it ended.

use crate::config::Config;
use crate::platform::channels::Place;
use crate::platform::people::Person;

/// The kind of meeting ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeetingIdChoice {
    /// The user's Personal Meeting ID.
    Personal,
    /// A new meeting ID.
    Unique,
}

/// A request to start a meeting.
pub struct StartRequest<'a> {
    /// The settings.
    pub config: &'a Config,
    /// The user who starts the meeting.
    pub person: &'a Person,
    /// The channel and thread.
    pub place: Place<'a>,
    /// The topic, or empty.
    pub topic: &'a str,
    /// The connection ID of the client that waits, or empty.
    pub connection_id: &'a str,
    /// Whether to start although there is a recent meeting.
    pub force: bool,
    /// Whether it comes from a command. The server has checked the permissions for a command.
    pub by_command: bool,
    /// The user's choice for this meeting, or none to use their preference.
    pub choice: Option<MeetingIdChoice>,
}

/// The result of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The meeting is posted. Contains the join link.
    Started(String),
    /// The user got a question or a warning and decides what happens next.
    Shown,
    /// The user must connect first. Contains the sentence with the link.
    Invited(String),
}
