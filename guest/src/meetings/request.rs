//! A request to start a meeting, and how it ended.

use crate::config::Config;
use crate::platform::channels::Place;
use crate::platform::people::Person;

/// Which kind of meeting ID to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// That of the user's personal room.
    Personal,
    /// A new one.
    Unique,
}

/// A wish to start a meeting.
pub struct Start<'a> {
    /// The settings.
    pub config: &'a Config,
    /// Who starts it.
    pub person: &'a Person,
    /// Where.
    pub place: Place<'a>,
    /// What it is about, or empty.
    pub topic: &'a str,
    /// The client that waits for it, or empty.
    pub connection_id: &'a str,
    /// Whether a recent meeting is no obstacle.
    pub force: bool,
    /// Whether it comes from a command, which the server has checked.
    pub by_command: bool,
    /// What the user just chose, or none to go by their preference.
    pub choice: Option<Choice>,
}

/// How it went.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The meeting is announced; here it is joined.
    Started(String),
    /// The user was shown something and decides what happens next.
    Shown,
    /// The user must connect first; the sentence holds the link.
    Invited(String),
}
