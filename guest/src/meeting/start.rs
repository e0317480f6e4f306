//! Starting a meeting.
//!
//! The order matters. Permission comes first, so that nobody learns of a channel in which they cannot write. Before the
//! server hands over a command, it checks the permission, and that the channel takes messages, so a command is not
//! checked again.
//! Nothing is created at Zoom before everything that may forbid or delay the meeting is settled. Two
//! people who start at the same time in one channel are told apart by a claim on the channel: the one
//! without it waits for the other's post, and is then warned of it like anybody who comes later.

use super::failure::Failure;
use super::{Meeting, clean_topic, create, is_id, question, recent, restriction};
use crate::bindings::channels;
use crate::bindings::posts::{self, Author, Post};
use crate::bindings::types::Error as HostError;
use crate::bindings::websocket::{self, Audience};
use crate::config::Config;
use crate::oauth::session::{OpenError, Session};
use crate::oauth::{Then, invite};
use crate::occurrence::post::{self, Content, DEFAULT_TOPIC};
use crate::occurrence::{Card, Occurrence, Part, card, not_started, record};
use crate::people::{Person, Place, channel_locale, tell};
use crate::platform::once::{STEP, is_refusal};
use crate::store::connection::Connection;
use crate::store::locks::{self, Claim};
use crate::store::number::{self, Kind, Reference};
use crate::store::preference::{self, Preference};
use crate::system;
use crate::text::{self, Message};

/// How often and how long to wait for the post of somebody who starts at the same time: 9 seconds.
const ATTEMPTS: u32 = 30;
const PAUSE: u64 = 300;

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
            system::warn("A meeting was not started.", &fields);
        }
        _ => system::debug("A meeting was not started.", &fields),
    }
}

/// Starts a meeting, or asks or tells the user what stands in the way.
pub fn run(start: &Start<'_>) -> Result<Outcome, Failure> {
    run_in(start, || Session::open(start.config, start.person))
}

/// The same with a connection that was just stored, which a read may not find yet.
pub fn run_with(start: &Start<'_>, connection: Connection) -> Result<Outcome, Failure> {
    run_in(start, || {
        Session::with(start.config, start.person, connection)
    })
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
        && let Some(recent) = recent::find(channel_id, system::now_ms())?
    {
        return warn(start, &topic, &recent);
    }
    let choice = match start.choice {
        Some(choice) => choice,
        None => match preference::load(user_id)? {
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
            if matches!(failure, Failure::Zoom(crate::zoom::Error::NotConnected)) {
                return invited(start);
            }
            Err(failure)
        }
    }
}

fn check_access(start: &Start<'_>) -> Result<(), Failure> {
    let (user_id, channel_id) = (start.person.id.as_str(), start.place.channel_id);
    if start.by_command {
        if restriction::is_restricted_in(start.config, channel_id)? {
            return Err(Failure::Restricted);
        }
    } else {
        check_channel(start.config, user_id, channel_id)?;
    }
    // A thread that is gone would refuse the post when the meeting is there already.
    if !start.place.root_id.is_empty() {
        match posts::get(start.place.root_id) {
            Ok(root) if root.channel_id == channel_id => {}
            Ok(_) | Err(HostError::NotFound) => return Err(Failure::MayNotPost),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Whether the user can write in the channel, and meetings are allowed there.
fn check_channel(config: &Config, user_id: &str, channel_id: &str) -> Result<(), Failure> {
    let may_post = channels::has_permission(user_id, channel_id, "create_post")?;
    if !may_post {
        match channels::is_member(channel_id, user_id) {
            Ok(true) => {}
            Ok(false) | Err(HostError::NotFound) => return Err(Failure::NotMember),
            Err(error) => return Err(error.into()),
        }
    }
    let channel = channels::get(channel_id)?;
    if channel.archived {
        return Err(Failure::Archived);
    }
    if channel.restricted {
        return Err(Failure::NoMessages);
    }
    if restriction::is_restricted(config, &channel)? {
        return Err(Failure::Restricted);
    }
    if !may_post {
        return Err(Failure::MayNotPost);
    }
    Ok(())
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
            system::pause(PAUSE);
        }
        if let Some(claim) = locks::start(start.place.channel_id)? {
            return Ok(Turn::Mine(claim));
        }
        let (channel_id, now) = (start.place.channel_id, system::now_ms());
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

/// Writes the post as the user, so that Zoom's webhooks find it whatever happens meanwhile, and lets the user's client open
/// the meeting. Once the post is there, nothing else is worth a failure.
fn announce(start: &Start<'_>, meeting: &Meeting, claim: &Claim) -> Result<(), Failure> {
    let now = system::now_ms();
    let reference = reference(start, meeting, now);
    let referred = number::refer(meeting.id, &reference);
    let post = write(start, meeting, &reference.id).map_err(|error| {
        if is_refusal(&error) {
            // There will be no post. If this fails, the reference leads nowhere, and expires.
            let _ = number::change(meeting.id, |number| number.forget(&reference.id));
        }
        Failure::NotPosted {
            join_url: meeting.join_url.clone(),
            error,
        }
    })?;
    // A forced start holds no claim on the channel.
    let claim = match start.force {
        true => String::new(),
        false => claim.value(),
    };
    let recorded = remember(meeting, &reference, &post, claim);
    let referred = match referred {
        // Once more, because without it no webhook finds the post.
        Err(_) => number::refer(meeting.id, &reference),
        done => done,
    };
    let waits = match meeting.personal {
        // A second job does no harm.
        true => not_started::enqueue(meeting.id, &reference)
            .or_else(|_| not_started::enqueue(meeting.id, &reference)),
        false => Ok(()),
    };
    let later = [
        ("number of the meeting", referred),
        ("record of the meeting", recorded),
        ("end of the wait", waits),
        ("event for the client", open(start, &meeting.join_url)),
    ];
    for (what, result) in later {
        if let Err(error) = result {
            system::warn(
                "A meeting was posted, but a later step failed.",
                &[("what", what), ("error", &error.to_string())],
            );
        }
    }
    Ok(())
}

/// What leads from the meeting's number to the post, from before the post is there.
fn reference(start: &Start<'_>, meeting: &Meeting, now: i64) -> Reference {
    let uuids = [meeting.uuid.as_str(), meeting.in_progress.as_str()];
    let uuids = uuids.into_iter().filter(|uuid| !uuid.is_empty());
    Reference {
        id: record::new_id(),
        created_at: now,
        kind: if meeting.personal {
            Kind::Personal
        } else {
            Kind::Ordinary
        },
        channel_id: start.place.channel_id.to_owned(),
        parts: uuids.map(number::tag).collect(),
    }
}

/// Stores the record of the meeting.
fn remember(
    meeting: &Meeting,
    reference: &Reference,
    post: &Post,
    claim: String,
) -> Result<(), HostError> {
    let mut occurrence = Occurrence {
        number: meeting.id,
        kind: reference.kind,
        topic: meeting.topic.clone(),
        host_id: meeting.host_id.clone(),
        created_at: post.create_at,
        parts: Vec::new(),
        claim,
        ..Occurrence::default()
    };
    occurrence.set_link(&meeting.join_url);
    if !meeting.uuid.is_empty() {
        occurrence.parts.push(Part {
            uuid: meeting.uuid.clone(),
            ..Part::default()
        });
    }
    if !meeting.in_progress.is_empty() {
        occurrence.parts.push(Part {
            uuid: meeting.in_progress.clone(),
            start: Some(post.create_at),
            end: None,
            only_end: true,
        });
    }
    occurrence.cards.push(Card {
        channel_id: post.channel_id.clone(),
        post_id: post.id.clone(),
        posted_at: post.create_at,
        followed: false,
        shown: card::digest_of(&occurrence),
    });
    match record::insert(&reference.id, &occurrence) {
        // An event was faster and has found the post. It knows the rest of the meeting from the post.
        Err(HostError::Conflict) => record::change(meeting.id, reference, |known| {
            known.host_id.clone_from(&occurrence.host_id);
            known.claim.clone_from(&occurrence.claim);
        })
        .map(drop),
        done => done,
    }
}

fn write(start: &Start<'_>, meeting: &Meeting, record: &str) -> Result<Post, HostError> {
    let content = Content {
        number: meeting.id,
        topic: &meeting.topic,
        join_url: &meeting.join_url,
        personal: meeting.personal,
        followed: false,
        locale: channel_locale(),
    };
    let creator = &start.person.username;
    let mut props = post::started(&content, &meeting.uuid, creator, record);
    if let Some(props) = props.as_object_mut() {
        props.insert(STEP.to_owned(), record.into());
    }
    let message = content.message();
    let draft = start.place.draft(message, post::KIND, props.to_string());
    posts::create(Author::ActingUser, &draft)
}

/// Lets the user's clients know. The connection ID says which of them asked; it comes from the request and could be that
/// of somebody else's client, so the event goes to the user's clients, and each compares the ID with its own.
fn open(start: &Start<'_>, join_url: &str) -> Result<(), HostError> {
    let mut data = vec![("meeting_url".to_owned(), join_url.to_owned())];
    if is_id(start.connection_id) {
        data.push(("connection_id".to_owned(), start.connection_id.to_owned()));
    }
    let audience = Audience::User(start.person.id.clone());
    websocket::publish("meeting_started", &data, &audience)
}
