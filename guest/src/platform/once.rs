//! Doing a step of a job once, although jobs run at least once and on any node.
//!
//! One record, `step_{name}`, says where the step stands:
//!
//! - *idle*: nothing was written that is not recorded as done.
//! - *posting*: a holder writes a post, until a certain time. The record is written together with the claim, before the
//!   post. A run that finds the time over looks for the post in the channel before it writes one.
//! - *done*: all items of the step are done, and this is its last post.
//!
//! A step has one or more items, so that a later event can add to a step: a recording with one more file.
//!
//! Only an error which proves that nothing was written returns the step to idle. After any other error the step stays in
//! *posting*, and the next run looks for the post.
//!
//! | read | answer that decides something | what happens |
//! |---|---|---|
//! | the record, after a conflict | absent (a replica lags) | somebody else holds it: the job runs again later |
//! | the record | an older value (a replica lags) | the claim conflicts: the job runs again later |
//! | the channel's posts | none of the step | the holder's time is over by more than a replica lags: a post is written |

use crate::bindings::kv::{self, Expected};
use crate::bindings::posts::{self, Post};
use crate::bindings::types::Error;
use crate::platform::clock::{self, SKEW};
use crate::platform::digest::{digest, hex};
use crate::platform::{log, random};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The property of a post that names the step that wrote it.
pub const STEP: &str = "step_id";

/// How long a step is remembered, in seconds: longer than Zoom repeats a delivery, and as long as recordings come.
const LIFETIME: u64 = 30 * 24 * 3600;
/// How long a holder has, in milliseconds: longer than the host lets a job run.
const HOLDING: i64 = 330_000;
/// How long another run waits after a call of which nobody knows whether it wrote something, in milliseconds.
const UNKNOWN: i64 = 30_000;
/// How far before an event a post about it can be dated, in milliseconds: clocks differ.
const EARLIER: i64 = SKEW;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    /// How often the step was tried since something of it was done.
    tries: u32,
    /// The items that are done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    done: Vec<String>,
    /// The last post, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    post_id: String,
    /// Who writes a post now.
    #[serde(skip_serializing_if = "Option::is_none")]
    posting: Option<Posting>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Posting {
    /// Random, so that two holders never store the same record.
    holder: String,
    /// Until when, in milliseconds.
    until: i64,
    /// The name that the post carries.
    name: String,
    /// The items that it is about.
    items: Vec<String>,
}

/// How a run of a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ran {
    /// All items are done; the ID of the last post, or empty.
    Done(String),
    /// Something is left to do, not before so many seconds from now.
    Later(u32),
}

/// How long the next run waits while somebody else works on the step, in seconds.
pub const BUSY: u32 = 30;

/// What the work on a step came to.
pub enum Work {
    /// A post was written about these items.
    Posted(Post, Vec<String>),
    /// These items are done without a post.
    Skipped(Vec<String>),
    /// Nothing was written. Try again after so many seconds.
    Later(u32),
}

/// One run of a step.
pub struct Run<'a> {
    /// The name for the property [`STEP`] of the post.
    pub name: &'a str,
    /// The items that are not done.
    pub items: &'a [String],
    /// Which try this is since something of the step was done, from 1.
    pub attempt: u32,
}

/// A step.
pub struct Step<'a> {
    /// Its name, see [`name`].
    pub name: &'a str,
    /// All its items.
    pub items: &'a [String],
    /// The channel in which it writes, to look for a post of an earlier run. Empty where it writes none.
    pub channel_id: &'a str,
    /// When the event happened that the step is about, in milliseconds.
    pub since: i64,
}

/// The name of a step: the same for the same parts, in every run and for every delivery.
pub fn name<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    digest(parts, 16)
}

/// Does a step that has one item and writes one post.
pub fn once(
    name: &str,
    channel_id: &str,
    since: i64,
    write: impl FnOnce(&Run<'_>) -> Result<Post, Error>,
) -> Result<Ran, Error> {
    let items = [String::new()];
    let step = Step {
        name,
        items: &items,
        channel_id,
        since,
    };
    run(&step, |run| {
        Ok(Work::Posted(write(run)?, run.items.to_vec()))
    })
}

/// Does what is left to do of a step, while nobody else does.
pub fn run(
    step: &Step<'_>,
    act: impl FnOnce(&Run<'_>) -> Result<Work, Error>,
) -> Result<Ran, Error> {
    let mut held = match claim(step)? {
        Claim::Done(post_id) => return Ok(Ran::Done(post_id)),
        Claim::Busy => return Ok(Ran::Later(BUSY)),
        Claim::Mine(held) => held,
    };
    if let Some(earlier) = held.earlier.take() {
        let found = find_post_of_step(step.channel_id, step.since, &earlier.name);
        match found {
            Ok(Some(post)) => held.done(&earlier.items, &post.id)?,
            Ok(None) => {}
            Err(error) => {
                held.unknown();
                return Err(error);
            }
        }
        let missing = missing(step.items, &held.record.done);
        if missing.is_empty() {
            return Ok(Ran::Done(held.record.post_id));
        }
        if held.posting().items != missing {
            held.posts(missing)?;
        }
    }
    let posting = held.posting();
    let run = Run {
        name: &posting.name,
        items: &posting.items,
        attempt: held.record.tries,
    };
    match act(&run) {
        Ok(Work::Posted(post, items)) => held.finish(step, &items, &post.id),
        Ok(Work::Skipped(items)) => held.finish(step, &items, ""),
        Ok(Work::Later(seconds)) => {
            held.idle();
            Ok(Ran::Later(seconds))
        }
        Err(error) => {
            if is_refusal(&error) {
                held.idle();
            } else {
                held.unknown();
            }
            Err(error)
        }
    }
}

/// Whether an error proves that nothing was written.
pub fn is_refusal(error: &Error) -> bool {
    !matches!(error, Error::Timeout | Error::Unavailable(_))
}

enum Claim {
    Done(String),
    Busy,
    Mine(Box<Held>),
}

/// A step that this run holds.
struct Held {
    key: String,
    step: String,
    record: Record,
    stored: Vec<u8>,
    /// A post that another holder may have written.
    earlier: Option<Posting>,
}

fn key(name: &str) -> String {
    format!("step_{name}")
}

fn missing(items: &[String], done: &[String]) -> Vec<String> {
    let missing = items.iter().filter(|item| !done.contains(item));
    missing.cloned().collect()
}

fn encode(record: &Record) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(record).map_err(|error| Error::Invalid(error.to_string()))
}

fn claim(step: &Step<'_>) -> Result<Claim, Error> {
    let mut held = Held {
        key: key(step.name),
        step: step.name.to_owned(),
        record: Record::default(),
        stored: Vec::new(),
        earlier: None,
    };
    held.record.tries = 1;
    if held.take(step.items.to_vec(), &Expected::Absent)? {
        return Ok(Claim::Mine(Box::new(held)));
    }
    let Some(stored) = kv::get(&held.key)? else {
        return Ok(Claim::Busy);
    };
    let record: Record = serde_json::from_slice(&stored).unwrap_or_default();
    let missing = missing(step.items, &record.done);
    if missing.is_empty() {
        return Ok(Claim::Done(record.post_id));
    }
    let now = clock::now_ms();
    let is_held = record.posting.as_ref().is_some_and(|posting| {
        // A clock that was ahead has set a time that is too late.
        (now..=now.saturating_add(HOLDING + SKEW)).contains(&posting.until)
    });
    if is_held {
        return Ok(Claim::Busy);
    }
    held.record = record;
    held.earlier = held.record.posting.take();
    held.record.tries = held.record.tries.saturating_add(1);
    let items = match &held.earlier {
        // Until it is known what became of the earlier post, this run stands for it.
        Some(earlier) => earlier.items.clone(),
        None => missing,
    };
    let name = held.earlier.as_ref().map(|earlier| earlier.name.clone());
    if held.take_as(items, name, &Expected::Value(stored))? {
        return Ok(Claim::Mine(Box::new(held)));
    }
    Ok(Claim::Busy)
}

impl Held {
    fn take(&mut self, items: Vec<String>, expected: &Expected) -> Result<bool, Error> {
        self.take_as(items, None, expected)
    }

    fn take_as(
        &mut self,
        items: Vec<String>,
        name: Option<String>,
        expected: &Expected,
    ) -> Result<bool, Error> {
        let holder: [u8; 16] = random::random();
        let parts = std::iter::once(self.step.as_str()).chain(items.iter().map(String::as_str));
        self.record.posting = Some(Posting {
            holder: hex(&holder),
            until: clock::now_ms().saturating_add(HOLDING),
            name: name.unwrap_or_else(|| digest(parts, 16)),
            items,
        });
        match self.store(expected) {
            Ok(()) => Ok(true),
            Err(Error::Conflict) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn store(&mut self, expected: &Expected) -> Result<(), Error> {
        let bytes = encode(&self.record)?;
        kv::set(&self.key, &bytes, Some(LIFETIME), expected)?;
        self.stored = bytes;
        Ok(())
    }

    fn replace(&mut self) -> Result<(), Error> {
        let expected = Expected::Value(self.stored.clone());
        self.store(&expected)
    }

    fn posting(&self) -> Posting {
        self.record.posting.clone().unwrap_or_else(|| Posting {
            holder: String::new(),
            until: 0,
            name: self.step.clone(),
            items: Vec::new(),
        })
    }

    /// Records what is done and that nothing is being written.
    fn done(&mut self, items: &[String], post_id: &str) -> Result<(), Error> {
        for item in items {
            if !self.record.done.contains(item) {
                self.record.done.push(item.clone());
                self.record.tries = 0;
            }
        }
        if !post_id.is_empty() {
            post_id.clone_into(&mut self.record.post_id);
        }
        self.record.posting = None;
        self.replace()
    }

    /// Records that these items are written next.
    fn posts(&mut self, items: Vec<String>) -> Result<(), Error> {
        let expected = Expected::Value(self.stored.clone());
        if self.take(items, &expected)? {
            return Ok(());
        }
        Err(Error::Conflict)
    }

    fn finish(mut self, step: &Step<'_>, items: &[String], post_id: &str) -> Result<Ran, Error> {
        match self.done(items, post_id) {
            // Whoever has taken the step over finds the post.
            Ok(()) | Err(Error::Conflict) => {}
            Err(error) => return Err(error),
        }
        Ok(if missing(step.items, &self.record.done).is_empty() {
            Ran::Done(self.record.post_id)
        } else {
            Ran::Later(0)
        })
    }

    /// Nothing was written.
    fn idle(mut self) {
        self.record.posting = None;
        self.settle();
    }

    /// Nobody knows whether something was written: the next run looks for it.
    fn unknown(mut self) {
        if let Some(posting) = &mut self.record.posting {
            posting.until = clock::now_ms().saturating_add(UNKNOWN);
        }
        self.settle();
    }

    /// If this cannot be stored, the holder's time ends by itself.
    fn settle(&mut self) {
        if let Err(error) = self.replace() {
            log::debug(
                "The state of a step could not be stored.",
                &[("key", &self.key), ("error", &error.to_string())],
            );
        }
    }
}

/// The post that a step wrote into a channel, if it did. Only posts of this plugin count: anybody can name a step in a
/// post. `since` is when the event happened, in milliseconds.
pub fn find_post_of_step(channel_id: &str, since: i64, name: &str) -> Result<Option<Post>, Error> {
    if channel_id.is_empty() {
        return Ok(None);
    }
    let posts = posts_since(channel_id, since.saturating_sub(EARLIER))?;
    Ok(posts.into_iter().find(|post| is_of_step(post, name)))
}

fn is_of_step(post: &Post, name: &str) -> bool {
    let props: Value = serde_json::from_str(&post.props).unwrap_or_default();
    post.ours && !post.deleted && props.get(STEP).and_then(Value::as_str) == Some(name)
}

/// The posts of a channel since then, in milliseconds, newest first. If somebody fills a channel with more than the
/// server's answer can hold, there are none: a meeting is started there without a look at the last one, and a job writes
/// without a look at its earlier post.
pub fn posts_since(channel_id: &str, since: i64) -> Result<Vec<Post>, Error> {
    match posts::since(channel_id, since) {
        Err(Error::TooLarge) => {
            log::warn(
                "The recent posts of a channel are too large, so they were not searched.",
                &[("channel", channel_id)],
            );
            Ok(Vec::new())
        }
        posts => posts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d06_a_step_is_named_by_what_it_is_about() {
        assert_eq!(name(["e", "u", "a", "b"]), name(["e", "u", "a", "b"]));
        assert_ne!(name(["e", "u", "a", "b"]), name(["e", "u", "ab"]));
        assert_ne!(name(["e", "u"]), name(["e", "v"]));
    }

    #[test]
    fn items_that_are_done_are_not_missing() {
        let items = ["a".to_owned(), "b".to_owned()];
        assert_eq!(missing(&items, &[]), items);
        assert_eq!(missing(&items, &items[..1]), items[1..]);
        assert!(missing(&items, &items).is_empty());
    }

    #[test]
    fn only_errors_that_say_so_prove_that_nothing_was_written() {
        for error in [
            Error::NotFound,
            Error::Denied(String::new()),
            Error::Invalid(String::new()),
            Error::Conflict,
            Error::TooLarge,
        ] {
            assert!(is_refusal(&error), "{error:?}");
        }
        assert!(!is_refusal(&Error::Timeout));
        assert!(!is_refusal(&Error::Unavailable(String::new())));
    }
}
