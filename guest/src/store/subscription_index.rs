//! Lists of the meetings that are followed: by the channels that a user subscribed, and by a channel.
//!
//! `subscription_index_{user}` is the Go plugin's and keeps its form. `subscription_channel_{channel}` is ours. A list may
//! name a meeting that is not followed any more; the record of the meeting's number is right.
//!
//! The Go plugin has no lists of channels. A job makes them from its subscriptions, once after the first activation.

use super::number;
use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::jobs;
use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::retry::pause;
use crate::platform::scan;
use crate::system;
use crate::zoom::types::number as parse_number;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The kind of the jobs.
pub const KIND: &str = "index_subscriptions";
/// Where it is noted that the lists of channels are complete.
const DONE_KEY: &str = "subscriptions_indexed";
/// What the keys of numbers' records begin with.
const RECORDS: &str = "meeting_channel_";
const ATTEMPTS: u32 = 10;
const PAUSE: u64 = 100;

/// A list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List<'a> {
    /// Of the meetings that a user subscribed channels to.
    User(&'a str),
    /// Of the meetings that a channel follows.
    Channel(&'a str),
}

impl List<'_> {
    fn key(&self) -> String {
        match self {
            List::User(id) => format!("subscription_index_{id}"),
            List::Channel(id) => format!("subscription_channel_{id}"),
        }
    }
}

/// The meetings of a list.
pub fn of(list: List<'_>) -> Result<Vec<u64>, Error> {
    Ok(kv::get(&list.key())?
        .as_deref()
        .map(parse)
        .unwrap_or_default())
}

/// Adds a meeting to a list. Answers whether it was missing.
pub fn add(list: List<'_>, meeting_id: u64) -> Result<bool, Error> {
    change(list, |ids| {
        let missing = !ids.contains(&meeting_id);
        if missing {
            ids.push(meeting_id);
        }
        missing
    })
}

/// Removes a meeting from a list. Answers whether it was there.
pub fn remove(list: List<'_>, meeting_id: u64) -> Result<bool, Error> {
    change(list, |ids| {
        let before = ids.len();
        ids.retain(|id| *id != meeting_id);
        ids.len() != before
    })
}

/// Deletes a list.
pub fn delete(list: List<'_>) -> Result<(), Error> {
    kv::delete(&list.key(), &Expected::Any)
}

fn change(list: List<'_>, change: impl Fn(&mut Vec<u64>) -> bool) -> Result<bool, Error> {
    let key = list.key();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            system::pause(PAUSE);
        }
        let old = kv::get(&key)?;
        let mut ids = old.as_deref().map(parse).unwrap_or_default();
        if !change(&mut ids) {
            return Ok(false);
        }
        let expected = old.map_or(Expected::Absent, Expected::Value);
        let list = json!({"meeting_ids": ids}).to_string();
        match kv::set(&key, list.as_bytes(), None, &expected) {
            Err(Error::Conflict) => {}
            result => return result.map(|()| true),
        }
    }
    Err(Error::Conflict)
}

/// The meetings of a list. What is not a number is left out.
fn parse(bytes: &[u8]) -> Vec<u64> {
    let index: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let ids = index.get("meeting_ids").and_then(Value::as_array);
    let numbers = ids.into_iter().flatten().map(parse_number);
    numbers.filter(|id| *id != 0).collect()
}

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    page: u32,
    /// Whether something was missing in this pass.
    #[serde(default)]
    added: bool,
}

impl Work {
    fn enqueue(&self) -> Result<(), Error> {
        let payload =
            serde_json::to_vec(self).map_err(|error| Error::Invalid(error.to_string()))?;
        jobs::enqueue(KIND, &payload, 0)
    }
}

/// Enqueues the job, unless the lists are complete.
pub fn enqueue() -> Result<(), Error> {
    if kv::get(DONE_KEY)?.is_some() {
        return Ok(());
    }
    Work::default().enqueue()
}

/// Runs a job.
pub fn run(payload: &[u8], attempt: u32) -> Outcome {
    let Ok(work) = serde_json::from_slice::<Work>(payload) else {
        return Outcome::Done;
    };
    match index_from(&work) {
        Ok(()) => Outcome::Done,
        Err(error) => {
            system::warn(
                "The subscriptions of channels could not be listed yet.",
                &[("error", &error.to_string())],
            );
            Outcome::RetryAfter(pause(attempt))
        }
    }
}

fn index_from(work: &Work) -> Result<(), Error> {
    let mut added = work.added;
    let next = scan::keys(RECORDS, work.page, |rest| {
        let Ok(meeting_id) = rest.parse() else {
            return Ok(());
        };
        let number = number::load(meeting_id)?.unwrap_or_default();
        for follower in number.followers() {
            added |= add(List::Channel(&follower.channel_id), meeting_id)?;
        }
        Ok(())
    })?;
    match next {
        Some(page) => Work { page, added }.enqueue(),
        // A key that was deleted meanwhile may have moved another one to a page that was read before.
        None if added => Work::default().enqueue(),
        None => kv::set(DONE_KEY, b"1", None, &Expected::Any),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zm103_a_list_has_the_form_of_the_go_plugin() {
        assert_eq!(parse(br#"{"meeting_ids":[1,2]}"#), [1, 2]);
        assert_eq!(parse(br#"{"meeting_ids":["3","x",null]}"#), [3]);
        for odd in [&b""[..], b"null", b"[]", b"{"] {
            assert!(parse(odd).is_empty());
        }
        assert_eq!(List::User("u").key(), "subscription_index_u");
    }
}
