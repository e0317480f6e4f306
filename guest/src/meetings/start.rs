//! Starting a meeting.
//!
//! The order matters. Permission comes first, so that nobody learns of a channel in which they cannot write. Before the
//! server hands over a command, it checks the permission, and that the channel takes messages, so a command is not
//! checked again.
//! Nothing is created at Zoom before everything that may forbid or delay the meeting is settled. Two
//! people who start at the same time in one channel are told apart by a claim on the channel: the one
//! without it waits for the other's post, and is then warned of it like anybody who comes later.

use crate::bindings::posts;
use crate::config::Config;
use crate::connection::link::{Then, invite};
use crate::connection::session::{OpenError, Session};
use crate::meetings::access::check_access;
use crate::meetings::card::announce;
use crate::meetings::create;
use crate::meetings::failure::Failure;
use crate::meetings::request::{Choice, Outcome, Start};
use crate::meetings::topic::clean_topic;
use crate::meetings::{question, recent};
use crate::occurrence::post::{self, DEFAULT_TOPIC};
use crate::platform::channels::{Place, tell};
use crate::platform::people::Person;
use crate::platform::{clock, log};
use crate::store::connection::Connection;
use crate::store::locks::{self, Claim};
use crate::store::oauth_state::State;
use crate::store::user_preference::{self, Preference};
use crate::text::{self, Message};

/// How often and how long to wait for the post of somebody who starts at the same time: 9 seconds.
const ATTEMPTS: u32 = 30;
const PAUSE: u64 = 300;

/// What to tell the user, if anything is left to say. Failures are logged on the way.
pub fn message(start: &Start<'_>, result: Result<Outcome, Failure>) -> Option<String> {
    match result {
        Ok(Outcome::Started(_) | Outcome::Shown) => None,
        Ok(Outcome::Invited(sentence)) => Some(sentence),
        Err(failure) => {
            log(start, &failure);
            Some(failure.sentence(&start.person.reader()))
        }
    }
}

/// Writes down why a meeting did not start, where that is anybody's business but the user's.
pub fn log(start: &Start<'_>, failure: &Failure) {
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

/// Starts a meeting, or asks or tells the user what stands in the way.
pub fn run(start: &Start<'_>) -> Result<Outcome, Failure> {
    run_in(start, || Session::open(start.config, start.person))
}

/// Starts the meeting that waited until the user has connected. Answers with the sentence that is left to say. The new
/// connection is passed on, because a read of the database may not find it yet.
pub fn after_connecting(
    config: &Config,
    person: &Person,
    state: &State,
    connection: Connection,
) -> Option<String> {
    let start = Start {
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
    let result = run_in(&start, || Session::with(config, person, connection));
    message(&start, result)
}

fn run_in<'a>(
    start: &Start<'a>,
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
        Err(OpenError::NotConnected) => return invited(start),
        Err(OpenError::Refused(error)) => return Err(error.into()),
        Err(OpenError::Host(error)) => return Err(error.into()),
    };
    if !start.force
        && let Some(recent) = recent::find(channel_id, clock::now_ms())?
    {
        return warn(start, &topic, &recent);
    }
    let choice = match start.choice {
        Some(choice) => choice,
        None => match user_preference::load(user_id)? {
            Preference::Personal => Choice::Personal,
            Preference::Unique => Choice::Unique,
            asked @ (Preference::Ask | Preference::Unset) => {
                question::ask(start, &topic, asked)?;
                return Ok(Outcome::Shown);
            }
        },
    };
    let claim = match claim(start)? {
        Turn::Mine(claim) => claim,
        Turn::After(recent) => return warn(start, &topic, &recent),
        Turn::Doubled => return Ok(Outcome::Shown),
    };
    let result = create_and_post(start, &mut session, choice, &topic, &claim);
    match result {
        // The claim stays a while: the post may reach other nodes' database a little later.
        Ok(join_url) => Ok(Outcome::Started(join_url)),
        Err(failure) => {
            claim.release();
            if matches!(
                failure,
                Failure::Zoom(crate::zoom::error::kinds::Error::NotConnected)
            ) {
                return invited(start);
            }
            Err(failure)
        }
    }
}

fn invited(start: &Start<'_>) -> Result<Outcome, Failure> {
    let then = Then::Start {
        topic: start.topic,
        connection_id: start.connection_id,
        force: start.force,
    };
    Ok(Outcome::Invited(invite(
        start.config,
        start.person,
        start.place,
        then,
    )?))
}

fn warn(start: &Start<'_>, topic: &str, recent: &recent::Recent) -> Result<Outcome, Failure> {
    let (message, props) = recent::warning(recent, topic, start.person.locale);
    posts::ephemeral(
        &start.person.id,
        &start.place.draft(message, post::KIND, props.to_string()),
    )?;
    Ok(Outcome::Shown)
}

enum Turn {
    /// Go on. Nobody waits for what a forced start holds.
    Mine(Claim),
    /// Somebody was faster.
    After(recent::Recent),
    /// It is the same click once more.
    Doubled,
}

fn claim(start: &Start<'_>) -> Result<Turn, Failure> {
    if start.force {
        let first = locks::forced(start.place.channel_id, &start.person.id)?;
        return Ok(first.map_or(Turn::Doubled, Turn::Mine));
    }
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::pause(PAUSE);
        }
        if let Some(claim) = locks::start(start.place.channel_id)? {
            return Ok(Turn::Mine(claim));
        }
        let (channel_id, now) = (start.place.channel_id, clock::now_ms());
        if let Some(recent) = recent::within(channel_id, now, locks::start_lifetime_ms())? {
            return Ok(Turn::After(recent));
        }
    }
    Err(Failure::Busy)
}

fn create_and_post(
    start: &Start<'_>,
    session: &mut Session<'_>,
    choice: Choice,
    topic: &str,
    claim: &Claim,
) -> Result<String, Failure> {
    let personal = match choice {
        Choice::Personal => create::personal(start.config, session, topic)?,
        Choice::Unique => None,
    };
    let lacks_room = choice == Choice::Personal && personal.is_none();
    let meeting = match personal {
        Some(meeting) => meeting,
        None => create::unique(start.config, session, topic)?,
    };
    announce(start, &meeting, claim)?;
    if lacks_room {
        let url = format!("{}/profile/setting", start.config.zoom_url);
        let sentence = text::text(
            start.person.locale,
            Message::NoPersonalRoom,
            &[("url", &url)],
        );
        let _ = tell(&start.person.id, start.place, &sentence);
    }
    Ok(meeting.join_url)
}
