//! Performs a step of a job exactly once, although jobs run at least once and on any node.
//!
//! The record `step_{name}` stores the state of a step:
//!
//! - *idle*: everything that was written is recorded as done.
//! - *posting*: a holder writes a post until a deadline. The claim and this state are stored together, before the post. A
//!   run that finds an expired deadline searches the channel for the post before it writes one.
//! - *done*: all items of the step are done. The record has the ID of the last post.
//!
//! A step has one or more items, so that a later event can add an item: for example, one more file of a recording.
//!
//! Only an error that proves that nothing was written returns the step to idle. After any other error, the step stays in
//! *posting*, and the next run searches for the post.
//!
//! A database replica may lag behind. The table lists each read, the result that could be out of date, and the effect:
//!
//! | read | result | effect |
//! |---|---|---|
//! | the record, after a conflict | absent | another run holds the step: the job runs again later |
//! | the record | an older value | the claim conflicts: the job runs again later |
//! | the channel's posts | no post of the step | the deadline passed long ago, so no replica lags that much: write a post |

use crate::bindings::kv::{self, Expected};
use crate::bindings::posts::Post;
use crate::bindings::types::Error;
use crate::platform::channels::posts_since;
use crate::platform::clock::{self, MAX_CLOCK_SKEW};
use crate::platform::digest::{digest, hex};
use crate::platform::{log, random};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The property of a post that names the step that wrote it.
pub const STEP: &str = "step_id";

/// The lifetime of a step's record, in seconds. It is longer than Zoom repeats a delivery and than recordings may take.
const LIFETIME: u64 = 30 * 24 * 3600;
/// The time that a holder has, in milliseconds. It is longer than the host lets a job run.
const HOLD: i64 = 330_000;
/// The wait after a call with an unknown outcome, in milliseconds.
const UNKNOWN_WAIT: i64 = 30_000;
/// The largest difference by which a post can be dated before its event, in milliseconds, because clocks differ.
const DATED_BEFORE: i64 = MAX_CLOCK_SKEW;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    /// The number of attempts since the last item was done.
    tries: u32,
    /// The items that are done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    done: Vec<String>,
    /// The last post, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    post_id: String,
    /// The run that writes a post now.
    #[serde(skip_serializing_if = "Option::is_none")]
    posting: Option<Posting>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Posting {
    /// Random, so that two holders never store the same record.
    holder: String,
    /// The deadline, in milliseconds.
    until: i64,
    /// The value of the post's property [`STEP`].
    name: String,
    /// The items of the post.
    items: Vec<String>,
}

/// The result of running a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepResult {
    /// All items are done. Contains the ID of the last post, or an empty string.
    Done(String),
    /// Some items are left. Run the step again after this many seconds.
    Later(u32),
}

/// The delay of the next run while another run holds the step, in seconds.
pub const BUSY: u32 = 30;

/// The outcome of the work on a step.
pub enum StepOutcome {
    /// A post with these items was written.
    Posted(Post, Vec<String>),
    /// These items are done without a post.
    Skipped(Vec<String>),
    /// Nothing was written. Try again after this many seconds.
    Later(u32),
}

/// One run of a step.
pub struct StepRun<'a> {
    /// The name for the property [`STEP`] of the post.
    pub name: &'a str,
    /// The items that are not done.
    pub items: &'a [String],
    /// The number of this attempt since the last item was done, from 1.
    pub attempt: u32,
}

/// A step.
pub struct Step<'a> {
    /// Its name, see [`step_name`].
    pub name: &'a str,
    /// All its items.
    pub items: &'a [String],
    /// The channel of its posts, for the search for a post of an earlier run. Empty if it writes none.
    pub channel_id: &'a str,
    /// The time of the event that caused the step, in milliseconds.
    pub since: i64,
}

/// The name of a step. The same parts give the same name in every run and for every delivery.
pub fn step_name<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    digest(parts, 16)
}

/// Performs a step that has one item and writes one post.
pub fn once(
    name: &str,
    channel_id: &str,
    since: i64,
    write: impl FnOnce(&StepRun<'_>) -> Result<Post, Error>,
) -> Result<StepResult, Error> {
    let items = [String::new()];
    let step = Step {
        name,
        items: &items,
        channel_id,
        since,
    };
    run_step(&step, |run| {
        Ok(StepOutcome::Posted(write(run)?, run.items.to_vec()))
    })
}

/// Performs the items of a step that are not done, if no other run holds the step. `act` receives the number of the
/// attempt.
pub fn run_step(
    step: &Step<'_>,
    act: impl FnOnce(&StepRun<'_>) -> Result<StepOutcome, Error>,
) -> Result<StepResult, Error> {
    let mut held = match claim(step)? {
        Claim::Done(post_id) => return Ok(StepResult::Done(post_id)),
        Claim::Busy => return Ok(StepResult::Later(BUSY)),
        Claim::Mine(held) => held,
    };
    if let Some(earlier) = held.earlier.take() {
        let found = find_post_of_step(step.channel_id, step.since, &earlier.name);
        match found {
            Ok(Some(post)) => held.record_done(&earlier.items, &post.id)?,
            Ok(None) => {}
            Err(error) => {
                held.mark_unknown();
                return Err(error);
            }
        }
        let missing = missing_items(step.items, &held.record.done);
        if missing.is_empty() {
            return Ok(StepResult::Done(held.record.post_id));
        }
        if held.posting().items != missing {
            held.record_posting(missing)?;
        }
    }
    let posting = held.posting();
    let run = StepRun {
        name: &posting.name,
        items: &posting.items,
        attempt: held.record.tries,
    };
    match act(&run) {
        Ok(StepOutcome::Posted(post, items)) => held.finish(step, &items, &post.id),
        Ok(StepOutcome::Skipped(items)) => held.finish(step, &items, ""),
        Ok(StepOutcome::Later(seconds)) => {
            held.return_to_idle();
            Ok(StepResult::Later(seconds))
        }
        Err(error) => {
            if is_refusal(&error) {
                held.return_to_idle();
            } else {
                held.mark_unknown();
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
    Mine(Box<HeldStep>),
}

/// A step that this run holds.
struct HeldStep {
    key: String,
    step: String,
    record: Record,
    stored: Vec<u8>,
    /// The post that an earlier holder may have written.
    earlier: Option<Posting>,
}

fn key(name: &str) -> String {
    format!("step_{name}")
}

fn missing_items(items: &[String], done: &[String]) -> Vec<String> {
    let missing = items.iter().filter(|item| !done.contains(item));
    missing.cloned().collect()
}

fn encode(record: &Record) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(record).map_err(|error| Error::Invalid(error.to_string()))
}

fn claim(step: &Step<'_>) -> Result<Claim, Error> {
    let mut held = HeldStep {
        key: key(step.name),
        step: step.name.to_owned(),
        record: Record::default(),
        stored: Vec::new(),
        earlier: None,
    };
    held.record.tries = 1;
    if held.acquire(step.items.to_vec(), &Expected::Absent)? {
        return Ok(Claim::Mine(Box::new(held)));
    }
    let Some(stored) = kv::get(&held.key)? else {
        return Ok(Claim::Busy);
    };
    let record: Record = serde_json::from_slice(&stored).unwrap_or_default();
    let missing = missing_items(step.items, &record.done);
    if missing.is_empty() {
        return Ok(Claim::Done(record.post_id));
    }
    let now = clock::now_ms();
    let is_held = record.posting.as_ref().is_some_and(|posting| {
        // Ignore deadlines that are too far in the future: the clock that set them was wrong.
        (now..=now.saturating_add(HOLD + MAX_CLOCK_SKEW)).contains(&posting.until)
    });
    if is_held {
        return Ok(Claim::Busy);
    }
    held.record = record;
    held.earlier = held.record.posting.take();
    held.record.tries = held.record.tries.saturating_add(1);
    let items = match &held.earlier {
        // This run takes over the earlier post until its outcome is known.
        Some(earlier) => earlier.items.clone(),
        None => missing,
    };
    let name = held.earlier.as_ref().map(|earlier| earlier.name.clone());
    if held.acquire_as(items, name, &Expected::Value(stored))? {
        return Ok(Claim::Mine(Box::new(held)));
    }
    Ok(Claim::Busy)
}

impl HeldStep {
    fn acquire(&mut self, items: Vec<String>, expected: &Expected) -> Result<bool, Error> {
        self.acquire_as(items, None, expected)
    }

    fn acquire_as(
        &mut self,
        items: Vec<String>,
        name: Option<String>,
        expected: &Expected,
    ) -> Result<bool, Error> {
        let holder: [u8; 16] = random::random_bytes();
        let parts = std::iter::once(self.step.as_str()).chain(items.iter().map(String::as_str));
        self.record.posting = Some(Posting {
            holder: hex(&holder),
            until: clock::now_ms().saturating_add(HOLD),
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

    /// Records these items as done, and that no post is being written.
    fn record_done(&mut self, items: &[String], post_id: &str) -> Result<(), Error> {
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

    /// Records that this run writes a post with these items next.
    fn record_posting(&mut self, items: Vec<String>) -> Result<(), Error> {
        let expected = Expected::Value(self.stored.clone());
        if self.acquire(items, &expected)? {
            return Ok(());
        }
        Err(Error::Conflict)
    }

    fn finish(
        mut self,
        step: &Step<'_>,
        items: &[String],
        post_id: &str,
    ) -> Result<StepResult, Error> {
        match self.record_done(items, post_id) {
            // The run that has taken over the step finds the post.
            Ok(()) | Err(Error::Conflict) => {}
            Err(error) => return Err(error),
        }
        Ok(if missing_items(step.items, &self.record.done).is_empty() {
            StepResult::Done(self.record.post_id)
        } else {
            StepResult::Later(0)
        })
    }

    /// Records that nothing was written.
    fn return_to_idle(mut self) {
        self.record.posting = None;
        self.store_or_log();
    }

    /// Records that the outcome is unknown. The next run searches for the post.
    fn mark_unknown(mut self) {
        if let Some(posting) = &mut self.record.posting {
            posting.until = clock::now_ms().saturating_add(UNKNOWN_WAIT);
        }
        self.store_or_log();
    }

    /// Stores the record. After a failure, the deadline expires by itself.
    fn store_or_log(&mut self) {
        if let Err(error) = self.replace() {
            log::debug(
                "The state of a step could not be stored.",
                &[("key", &self.key), ("error", &error.to_string())],
            );
        }
    }
}

/// The post that a step wrote in a channel, if there is one. Only posts of this plugin count, because any user can set the
/// property. `since` is the time of the event, in milliseconds.
pub fn find_post_of_step(channel_id: &str, since: i64, name: &str) -> Result<Option<Post>, Error> {
    if channel_id.is_empty() {
        return Ok(None);
    }
    let posts = posts_since(channel_id, since.saturating_sub(DATED_BEFORE))?;
    Ok(posts.into_iter().find(|post| is_of_step(post, name)))
}

fn is_of_step(post: &Post, name: &str) -> bool {
    let props: Value = serde_json::from_str(&post.props).unwrap_or_default();
    post.ours && !post.deleted && props.get(STEP).and_then(Value::as_str) == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d06_the_same_parts_give_the_same_step_name() {
        assert_eq!(
            step_name(["e", "u", "a", "b"]),
            step_name(["e", "u", "a", "b"])
        );
        assert_ne!(step_name(["e", "u", "a", "b"]), step_name(["e", "u", "ab"]));
        assert_ne!(step_name(["e", "u"]), step_name(["e", "v"]));
    }

    #[test]
    fn items_that_are_done_are_not_missing() {
        let items = ["a".to_owned(), "b".to_owned()];
        assert_eq!(missing_items(&items, &[]), items);
        assert_eq!(missing_items(&items, &items[..1]), items[1..]);
        assert!(missing_items(&items, &items).is_empty());
    }

    #[test]
    fn a_timeout_does_not_prove_that_nothing_was_written() {
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
