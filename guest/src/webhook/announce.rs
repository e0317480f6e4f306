//! Announcing a meeting in a channel that follows it.
//!
//! Zoom wants its answer within seconds and repeats what it does not get; the link to join is Zoom's to
//! give. So each channel's announcement is a job: done once, also where several nodes hear of the
//! meeting or one dies in the middle.

use super::body::{Meeting as Event, happened};
use super::ended;
use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::posts::{self, Author, Post};
use crate::bindings::types::Error;
use crate::bindings::{channels, jobs, users};
use crate::config::Config;
use crate::jobs::{STEP, pause, step, tried_alone, written};
use crate::meeting::{DEFAULT_TOPIC, Meeting, clean_topic, post, restriction};
use crate::oauth::{Session, disconnect};
use crate::people::Place;
use crate::store::locks;
use crate::store::meetings::{self, Announcement, Follower};
use crate::system;
use crate::text::{self, Locale, Message};
use crate::zoom;
use serde::{Deserialize, Serialize};

/// The kind of the jobs.
pub const KIND: &str = "announce";

/// An announcement that is later than this is not made, in milliseconds: the meeting is over, or known.
const TOO_LATE: i64 = 6 * 3600 * 1000;
/// How often Zoom is asked for the link before the plain one is taken.
const PATIENCE: u32 = 2;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    meeting_id: u64,
    uuid: String,
    topic: String,
    channel_id: String,
    created_by: String,
    enqueued: i64,
}

impl Work {
    fn step(&self) -> String {
        step([KIND, &self.uuid, &self.channel_id])
    }
}

/// Stores a job for a channel that follows the meeting.
pub fn enqueue(event: &Event, follower: &Follower) -> Result<(), Error> {
    let work = Work {
        meeting_id: event.id,
        uuid: event.uuid.clone(),
        topic: event.topic.clone(),
        channel_id: follower.channel_id.clone(),
        created_by: follower.created_by.clone(),
        enqueued: happened(event.event_ts, system::now_ms()),
    };
    let payload = serde_json::to_vec(&work).map_err(|error| Error::Invalid(error.to_string()))?;
    jobs::enqueue(KIND, &payload, 0)
}

/// Runs a job.
pub fn run(config: &Config, payload: &[u8], attempt: u32) -> Outcome {
    let Ok(work) = serde_json::from_slice::<Work>(payload) else {
        return Outcome::Done;
    };
    let done = tried_alone(KIND, &work.step(), attempt, |tries| {
        announce(config, &work, tries)
    });
    done.unwrap_or_else(|error| {
        system::warn(
            "A meeting could not be announced yet.",
            &[("channel", &work.channel_id), ("error", &error.to_string())],
        );
        Outcome::RetryAfter(pause(attempt))
    })
}

fn announce(config: &Config, work: &Work, tries: u32) -> Result<Outcome, Error> {
    if system::now_ms().saturating_sub(work.enqueued) > TOO_LATE {
        return Ok(Outcome::Done);
    }
    let before = || written(&work.channel_id, work.enqueued, &work.step());
    if locks::seen(ended::EVENT, &work.uuid)? {
        // The end did not find a post that an earlier run wrote and did not come to remember.
        if let Some(post) = before()? {
            ended::end_now(&post.id)?;
        }
        return Ok(Outcome::Done);
    }
    if let Some(reason) = obstacle(config, work)? {
        system::warn(
            "A meeting is not announced in a channel that follows it.",
            &[("channel", &work.channel_id), ("reason", reason)],
        );
        return Ok(Outcome::Done);
    }
    let post = match before()? {
        Some(post) => post,
        None => match join_url(config, work, tries) {
            Some(join_url) => match write(work, join_url) {
                Err(Error::Denied(rule) | Error::Invalid(rule)) => {
                    system::warn(
                        "A meeting cannot be announced in a channel that follows it.",
                        &[("channel", &work.channel_id), ("rule", &rule)],
                    );
                    return Ok(Outcome::Done);
                }
                result => result?,
            },
            None => return Ok(Outcome::RetryAfter(1)),
        },
    };
    meetings::bind_also(&work.uuid, &post.id)?;
    meetings::announce(
        work.meeting_id,
        &Announcement {
            post_id: post.id,
            channel_id: post.channel_id,
            create_at: post.create_at,
            uuid: work.uuid.clone(),
        },
    )?;
    Ok(Outcome::Done)
}

/// Why the channel must not hear of the meeting, or none.
fn obstacle(config: &Config, work: &Work) -> Result<Option<&'static str>, Error> {
    match channels::get(&work.channel_id) {
        Ok(channel) if channel.archived => return Ok(Some("the channel is archived")),
        Ok(_) => {}
        Err(Error::NotFound) => return Ok(Some("the channel is gone")),
        Err(error) => return Err(error),
    }
    match users::get(&work.created_by) {
        Ok(user) if user.deactivated => {
            disconnect::retire(config, &work.created_by);
            return Ok(Some("its subscriber is deactivated"));
        }
        Ok(_) => {}
        Err(Error::NotFound) => return Ok(Some("its subscriber is gone")),
        Err(error) => return Err(error),
    }
    if !channels::has_permission(&work.created_by, &work.channel_id, "create_post")? {
        return Ok(Some("its subscriber may not write there any more"));
    }
    if restriction::is_restricted(config, &work.channel_id)? {
        return Ok(Some("meetings are disabled there"));
    }
    Ok(None)
}

/// Where to join, as the subscriber's own account at Zoom knows it: with the passcode. None while it is
/// worth asking once more.
fn join_url(config: &Config, work: &Work, tries: u32) -> Option<String> {
    let plain = || format!("{}/j/{}", config.zoom_url, work.meeting_id);
    let Ok(mut session) = Session::for_user(config, &work.created_by) else {
        return Some(plain());
    };
    match session.call(|client| client.meeting(work.meeting_id)) {
        Ok(meeting) if !meeting.join_url.is_empty() => Some(meeting.join_url),
        Err(zoom::Error::Timeout | zoom::Error::Unavailable(_)) if tries < PATIENCE => None,
        _ => Some(plain()),
    }
}

fn write(work: &Work, join_url: String) -> Result<Post, Error> {
    let topic = match clean_topic(&work.topic) {
        topic if topic.is_empty() => DEFAULT_TOPIC.to_owned(),
        topic => topic,
    };
    let meeting = Meeting {
        id: work.meeting_id,
        uuid: work.uuid.clone(),
        join_url,
        personal: false,
        topic,
    };
    let creator = users::get(&work.created_by).map(|user| user.username);
    let mut props = post::started(&meeting, &creator.unwrap_or_default());
    if let Some(props) = props.as_object_mut() {
        props.insert(STEP.to_owned(), work.step().into());
    }
    let place = Place {
        channel_id: &work.channel_id,
        root_id: "",
    };
    let message = text::plain(Locale::En, Message::PostFollowed);
    posts::create(
        Author::Bot,
        &place.draft(message, post::KIND, props.to_string()),
    )
}
