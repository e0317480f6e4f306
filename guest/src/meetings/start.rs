//! Starts a meeting.
//!
//! The order matters. Permissions come first, so that nobody learns about a channel in which they cannot post. The server
//! checks the permissions for a command, so a command is not checked again. A meeting is created at Zoom only after
//! everything that could forbid or delay it.
//!
//! If two users start a meeting in one channel at the same time, only one gets the claim on the channel. The other waits
//! for the post, and is then warned about the recent meeting.

use crate::bindings::posts;
use crate::config::Config;
use crate::connection::link::{AfterConnecting, offer_link};
use crate::connection::session::{OpenError, Session};
use crate::meetings::access::check_access;
use crate::meetings::card::post_card;
use crate::meetings::create;
use crate::meetings::failure::Failure;
use crate::meetings::request::{MeetingIdChoice, Outcome, StartRequest};
use crate::meetings::topic::clean_topic;
use crate::meetings::{question, recent};
use crate::occurrence::post::{self, DEFAULT_TOPIC};
use crate::platform::channels::{Place, show_to_user};
use crate::platform::people::Person;
use crate::platform::{clock, log};
use crate::store::connection::Connection;
use crate::store::locks::{self, Claim};
use crate::store::oauth_state::State;
use crate::store::user_preference::{self, Preference};
use crate::text::{self, Message};

/// Attempts and pause, in milliseconds, while another user starts a meeting: 9 seconds in total.
const ATTEMPTS: u32 = 30;
const PAUSE: u64 = 300;

/// The message for the user, if there is one. Logs a failure.
pub fn message_for_user(
    start: &StartRequest<'_>,
    result: Result<Outcome, Failure>,
) -> Option<String> {
    match result {
        Ok(Outcome::Started(_) | Outcome::Shown) => None,
        Ok(Outcome::Invited(sentence)) => Some(sentence),
        Err(failure) => {
            log_failure(start, &failure);
            Some(failure.sentence(&start.person.reader()))
        }
    }
}

/// Logs why a meeting did not start: as a warning if an administrator may have to act, otherwise for debugging.
pub fn log_failure(start: &StartRequest<'_>, failure: &Failure) {
    let fields = [
        ("user", start.person.id.as_str()),
        ("channel", start.place.channel_id),
        ("error", &failure.to_string()),
    ];
    match failure {
        Failure::Zoom(_) | Failure::NotPosted { .. } | Failure::Mattermost(_) => {
            log::warn("A meeting was not started.", &fields);
        }
        _ => log::debug("A meeting was not started.", &fields),
    }
}

/// Starts a meeting, or asks or warns the user first.
pub fn start_meeting(start: &StartRequest<'_>) -> Result<Outcome, Failure> {
    start_with_session(start, || {
        Session::open_for_start(start.config, start.person)
    })
}

/// Starts the meeting for which the user had to connect. Returns the message for the user, if there is one. The new
/// connection is passed on, because a read of the database may not find it yet.
pub fn after_connecting(
    config: &Config,
    person: &Person,
    state: &State,
    connection: Connection,
) -> Option<String> {
    let start = StartRequest {
        config,
        person,
        place: Place {
            channel_id: &state.channel_id,
            root_id: &state.root_id,
        },
        topic: &state.topic,
        connection_id: &state.connection_id,
        force: state.force,
        by_command: false,
        choice: None,
    };
    let result = start_with_session(&start, || {
        Session::with_connection(config, person, connection)
    });
    message_for_user(&start, result)
}

fn start_with_session<'a>(
    start: &StartRequest<'a>,
    open: impl FnOnce() -> Result<Session<'a>, OpenError>,
) -> Result<Outcome, Failure> {
    let (user_id, channel_id) = (start.person.id.as_str(), start.place.channel_id);
    let topic = match clean_topic(start.topic) {
        topic if topic.is_empty() => DEFAULT_TOPIC.to_owned(),
        topic => topic,
    };
    check_access(start)?;
    let mut session = match open() {
        Ok(session) => session,
        Err(OpenError::NotConnected) => return offer_connect_link(start),
        Err(OpenError::Refused(error)) => return Err(error.into()),
        Err(OpenError::Host(error)) => return Err(error.into()),
    };
    if !start.force
        && let Some(recent) = recent::find(channel_id, clock::now_ms())?
    {
        return warn_about_recent(start, &topic, &recent);
    }
    let choice = match start.choice {
        Some(choice) => choice,
        None => match user_preference::load(user_id)? {
            Preference::Personal => MeetingIdChoice::Personal,
            Preference::Unique => MeetingIdChoice::Unique,
            asked @ (Preference::Ask | Preference::Unset) => {
                question::ask(start, &topic, asked)?;
                return Ok(Outcome::Shown);
            }
        },
    };
    let claim = match claim_channel(start)? {
        StartClaim::Mine(claim) => claim,
        StartClaim::After(recent) => return warn_about_recent(start, &topic, &recent),
        StartClaim::Doubled => return Ok(Outcome::Shown),
    };
    let result = create_and_post(start, &mut session, choice, &topic, &claim);
    match result {
        // Keep the claim until it expires: the post may reach the database replicas of other nodes later.
        Ok(join_url) => Ok(Outcome::Started(join_url)),
        Err(failure) => {
            claim.release();
            if matches!(
                failure,
                Failure::Zoom(crate::zoom::error::kinds::Error::NotConnected)
            ) {
                return offer_connect_link(start);
            }
            Err(failure)
        }
    }
}

fn offer_connect_link(start: &StartRequest<'_>) -> Result<Outcome, Failure> {
    let then = AfterConnecting::Start {
        topic: start.topic,
        connection_id: start.connection_id,
        force: start.force,
    };
    Ok(Outcome::Invited(offer_link(
        start.config,
        start.person,
        start.place,
        then,
    )?))
}

fn warn_about_recent(
    start: &StartRequest<'_>,
    topic: &str,
    recent: &recent::Recent,
) -> Result<Outcome, Failure> {
    let (message, props) = recent::warning(recent, topic, start.person.locale);
    posts::ephemeral(
        &start.person.id,
        &start.place.draft(message, post::KIND, props.to_string()),
    )?;
    Ok(Outcome::Shown)
}

enum StartClaim {
    /// This request may start the meeting. Other starts do not wait for the claim of a forced start.
    Mine(Claim),
    /// Another user has started this meeting.
    After(recent::Recent),
    /// The request is a double click.
    Doubled,
}

fn claim_channel(start: &StartRequest<'_>) -> Result<StartClaim, Failure> {
    if start.force {
        let first = locks::claim_forced_start(start.place.channel_id, &start.person.id)?;
        return Ok(first.map_or(StartClaim::Doubled, StartClaim::Mine));
    }
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::sleep_ms(PAUSE);
        }
        if let Some(claim) = locks::claim_start(start.place.channel_id)? {
            return Ok(StartClaim::Mine(claim));
        }
        let (channel_id, now) = (start.place.channel_id, clock::now_ms());
        if let Some(recent) = recent::find_within(channel_id, now, locks::start_lifetime_ms())? {
            return Ok(StartClaim::After(recent));
        }
    }
    Err(Failure::Busy)
}

fn create_and_post(
    start: &StartRequest<'_>,
    session: &mut Session<'_>,
    choice: MeetingIdChoice,
    topic: &str,
    claim: &Claim,
) -> Result<String, Failure> {
    let personal = match choice {
        MeetingIdChoice::Personal => create::personal(start.config, session, topic)?,
        MeetingIdChoice::Unique => None,
    };
    let lacks_room = choice == MeetingIdChoice::Personal && personal.is_none();
    let meeting = match personal {
        Some(meeting) => meeting,
        None => create::unique(start.config, session, topic)?,
    };
    post_card(start, &meeting, claim)?;
    if lacks_room {
        let url = format!("{}/profile/setting", start.config.zoom_url);
        let sentence = text::text(
            start.person.locale,
            Message::NoPersonalRoom,
            &[("url", &url)],
        );
        let _ = show_to_user(&start.person.id, start.place, &sentence);
    }
    Ok(meeting.join_url)
}
