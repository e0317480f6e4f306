//! Announces a meeting in the channels that follow it.
//!
//! Zoom expects the answer to a webhook within seconds, so a job posts the announcements in all channels. It posts at once
//! with the standard join link, and adds the passcode as soon as Zoom returns it: Zoom may refuse many requests at the same
//! time.

use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::posts::{self, Author, Post};
use crate::bindings::types::Error;
use crate::bindings::{channels, users};
use crate::config::Config;
use crate::connection::disconnect;
use crate::connection::session::Session;
use crate::occurrence::announcement_job::{AnnouncementJob, KIND};
use crate::occurrence::card::{self, content_digest};
use crate::occurrence::state::{Card, Occurrence, State};
use crate::occurrence::{post, record};
use crate::platform::backoff::{LONGEST_DELAY, retry_delay};
use crate::platform::channels::{Place, channel_locale};
use crate::platform::once::{self, STEP, Step, StepOutcome, StepResult};
use crate::platform::{clock, log};
use crate::preferences::restriction;
use crate::store::meeting_number;
use crate::zoom::error::kinds::Retry;
use std::collections::BTreeMap;

/// The age up to which a meeting is announced, in milliseconds.
const TOO_LATE: i64 = 6 * 3600 * 1000;

/// Runs a job.
pub fn run(config: &Config, payload: &[u8], attempt: u32) -> Outcome {
    let Ok(work) = serde_json::from_slice::<AnnouncementJob>(payload) else {
        return Outcome::Done;
    };
    announce(config, &work, attempt).unwrap_or_else(|error| {
        log::warn(
            "A meeting could not be announced in all channels yet.",
            &[
                ("meeting", &work.number.to_string()),
                ("error", &error.to_string()),
            ],
        );
        Outcome::RetryAfter(retry_delay(attempt))
    })
}

/// The result for a channel.
enum Announced {
    /// The meeting is announced. Contains the post's ID and the digest of its content.
    In(String, String),
    /// The meeting is not announced in this channel.
    Not,
}

fn announce(config: &Config, work: &AnnouncementJob, attempt: u32) -> Result<Outcome, Error> {
    let Some(mut occurrence) = record::load(&work.reference.id)? else {
        return Ok(match card::may_lag_on_replica(work.at) {
            true => Outcome::RetryAfter(retry_delay(attempt)),
            false => Outcome::Done,
        });
    };
    let followers = meeting_number::load(work.number)?
        .unwrap_or_default()
        .followers();
    let followers: BTreeMap<_, _> = followers
        .into_iter()
        .map(|one| (one.channel_id, one.created_by))
        .collect();
    let is_late = clock::now_ms().saturating_sub(work.at) > TOO_LATE;
    let is_in_progress = occurrence.state() == State::InProgress;
    let is_wanted = !is_late && is_in_progress;
    let mut no_link = None;
    if is_in_progress && !occurrence.has_link() {
        match find_join_link(config, work.number, followers.values()) {
            Link::Known(url) => occurrence.set_link(&url),
            Link::Later(seconds) => no_link = Some(seconds.unwrap_or_else(|| retry_delay(attempt))),
        }
    }
    let mut announced = BTreeMap::new();
    let mut failure = None;
    let mut wait = None;
    for card in occurrence.pending_cards() {
        let creator = followers.get(&card.channel_id).filter(|_| is_wanted);
        match announce_in(config, work, &occurrence, card, creator) {
            Ok(Ok(outcome)) => drop(announced.insert(card.channel_id.clone(), outcome)),
            Ok(Err(seconds)) => wait = Some(wait.unwrap_or(0).max(seconds)),
            // Continue with the other channels and report the failure at the end.
            Err(error) => failure = Some(error),
        }
    }
    let join_url = occurrence.link("").to_owned();
    let current = record::change(work.number, &work.reference, |occurrence| {
        if !occurrence.has_link() {
            occurrence.set_link(&join_url);
        }
        apply(occurrence, &announced);
    })?;
    // Keep trying to add the passcode as long as people can join the meeting.
    let is_shown =
        current.is_some_and(|one| !one.has_link() && one.posted_cards().next().is_some());
    if let Some(seconds) = no_link.filter(|_| is_shown) {
        wait = Some(wait.map_or(seconds, |other: u32| other.min(seconds)));
    }
    match (failure, wait) {
        (Some(error), _) => Err(error),
        (None, Some(seconds)) => Ok(Outcome::RetryAfter(seconds.clamp(1, LONGEST_DELAY))),
        (None, None) => Ok(Outcome::Done),
    }
}

fn apply(occurrence: &mut Occurrence, announced: &BTreeMap<String, Announced>) {
    occurrence.cards.retain_mut(|card| {
        let outcome = announced.get(&card.channel_id);
        match outcome.filter(|_| card.is_pending()) {
            Some(Announced::In(post_id, shown)) => {
                card.post_id.clone_from(post_id);
                card.shown.clone_from(shown);
                card.posted_at = clock::now_ms();
                true
            }
            Some(Announced::Not) => false,
            None => true,
        }
    });
}

/// Announces a meeting in one channel. The inner error is the delay in seconds, if another run is announcing it.
fn announce_in(
    config: &Config,
    work: &AnnouncementJob,
    occurrence: &Occurrence,
    card: &Card,
    creator: Option<&String>,
) -> Result<Result<Announced, u32>, Error> {
    let is_over = occurrence.state() != State::InProgress;
    let name = once::step_name([KIND, &work.reference.id, &card.channel_id]);
    let items = [String::new()];
    let step = Step {
        name: &name,
        items: &items,
        channel_id: &card.channel_id,
        since: work.at,
    };
    let ran = once::run_step(&step, |run| {
        let skipped = Ok(StepOutcome::Skipped(run.items.to_vec()));
        let Some(creator) = creator else {
            return Ok(match is_over {
                // The meeting may continue. Then it is announced.
                true => StepOutcome::Later(0),
                false => StepOutcome::Skipped(run.items.to_vec()),
            });
        };
        let username = match check_access(config, creator, &card.channel_id)? {
            Access::Granted(username) => username,
            Access::Refused(reason) => {
                log::warn(
                    "A meeting was not announced in a subscribed channel.",
                    &[("channel", &card.channel_id), ("reason", reason)],
                );
                return skipped;
            }
        };
        match create_post(config, work, occurrence, card, &username, run.name) {
            Ok(post) => Ok(StepOutcome::Posted(post, run.items.to_vec())),
            Err(Error::Denied(rule) | Error::Invalid(rule)) => {
                log::warn(
                    "A meeting cannot be announced in a subscribed channel.",
                    &[("channel", &card.channel_id), ("rule", &rule)],
                );
                skipped
            }
            Err(error) => Err(error),
        }
    })?;
    Ok(match ran {
        StepResult::Later(0) if is_over => Ok(Announced::Not),
        StepResult::Later(seconds) => Err(seconds),
        StepResult::Done(post_id) if post_id.is_empty() => Ok(Announced::Not),
        StepResult::Done(post_id) => Ok(Announced::In(post_id, shown(occurrence))),
    })
}

/// The digest of an announcement's content.
fn shown(occurrence: &Occurrence) -> String {
    if occurrence.state() == State::InProgress {
        content_digest(occurrence)
    } else {
        // A post of an earlier run, which must be updated.
        String::new()
    }
}

enum Access {
    /// The meeting may be announced. Contains the username of the user who subscribed the channel.
    Granted(String),
    /// The meeting must not be announced, for this reason.
    Refused(&'static str),
}

fn check_access(config: &Config, creator: &str, channel_id: &str) -> Result<Access, Error> {
    let channel = match channels::get(channel_id) {
        Ok(channel) if channel.archived => {
            return Ok(Access::Refused("the channel is archived"));
        }
        Ok(channel) => channel,
        Err(Error::NotFound) => return Ok(Access::Refused("the channel is gone")),
        Err(error) => return Err(error),
    };
    let username = match users::get(creator) {
        Ok(user) if user.deactivated => {
            disconnect::disconnect_deactivated_user(config, creator);
            return Ok(Access::Refused("its subscriber is deactivated"));
        }
        Ok(user) => user.username,
        Err(Error::NotFound) => return Ok(Access::Refused("its subscriber is gone")),
        Err(error) => return Err(error),
    };
    if !channels::has_permission(creator, channel_id, "create_post")? {
        return Ok(Access::Refused("its subscriber may not post there"));
    }
    if restriction::is_restricted(config, &channel)? {
        return Ok(Access::Refused("meetings are disabled there"));
    }
    Ok(Access::Granted(username))
}

/// The join link with the passcode.
enum Link {
    Known(String),
    /// The link is not known yet. Contains the delay in seconds, if Zoom named one.
    Later(Option<u32>),
}

/// Asks Zoom for the join link, with the connection of the first subscriber who has one. After a refusal, the job tries
/// again: Zoom may not know a meeting that has just started, and a subscriber may connect again. A rate limit does not
/// delay the posts.
fn find_join_link<'a>(
    config: &Config,
    number: u64,
    creators: impl Iterator<Item = &'a String>,
) -> Link {
    for creator in creators {
        let Ok(mut session) = Session::for_user(config, creator) else {
            continue;
        };
        match session.call(|client| client.meeting_at_once(number)) {
            Ok(meeting) if !meeting.join_url.is_empty() => return Link::Known(meeting.join_url),
            Ok(_) => {}
            Err(error) => match error.retry() {
                // Try the connection of another subscriber.
                Retry::Never => {}
                Retry::After(seconds) => return Link::Later(Some(seconds)),
                Retry::Later => return Link::Later(None),
            },
        }
    }
    Link::Later(None)
}

fn create_post(
    config: &Config,
    work: &AnnouncementJob,
    occurrence: &Occurrence,
    card: &Card,
    username: &str,
    step: &str,
) -> Result<Post, Error> {
    let plain = format!("{}/j/{}", config.zoom_url, occurrence.number);
    let content = post::Content {
        number: occurrence.number,
        topic: &occurrence.topic,
        join_url: match occurrence.link("") {
            "" => &plain,
            url => url,
        },
        personal: false,
        followed: true,
        posted_at: clock::now_ms(),
        locale: channel_locale(),
    };
    let part = occurrence.parts.first().map(|part| part.uuid.as_str());
    let record = &work.reference.id;
    let mut props = post::new_card_props(&content, part.unwrap_or_default(), username, record);
    if let Some(props) = props.as_object_mut() {
        props.insert(STEP.to_owned(), step.into());
    }
    let place = Place {
        channel_id: &card.channel_id,
        root_id: "",
    };
    let draft = place.draft(content.message(), post::KIND, props.to_string());
    posts::create(Author::Bot, &draft)
}
