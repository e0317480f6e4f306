//! Lists of subscriptions by user and by channel.
//!
//! `subscription_index_{user}` has the format of the Go plugin. `subscription_channel_{channel}` is new in this plugin; a
//! job creates these lists once (see [`crate::subscriptions::index_job`]). A list may name a meeting that nobody follows
//! any more. The record of the meeting's number is authoritative.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock;
use crate::zoom::types::number as parse_number;
use serde_json::{Value, json};

const ATTEMPTS: u32 = 10;
const PAUSE: u64 = 100;

/// A list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List<'a> {
    /// The meetings to which a user has subscribed channels.
    User(&'a str),
    /// The meetings that a channel follows.
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
pub fn load(list: List<'_>) -> Result<Vec<u64>, Error> {
    Ok(kv::get(&list.key())?
        .as_deref()
        .map(parse)
        .unwrap_or_default())
}

/// Adds a meeting to a list. Returns whether it was missing.
pub fn add(list: List<'_>, meeting_id: u64) -> Result<bool, Error> {
    change(list, |ids| {
        let missing = !ids.contains(&meeting_id);
        if missing {
            ids.push(meeting_id);
        }
        missing
    })
}

/// Removes a meeting from a list. Returns whether it was in the list.
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
            clock::sleep_ms(PAUSE);
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

/// The meetings of a list. Entries that are not numbers are ignored.
fn parse(bytes: &[u8]) -> Vec<u64> {
    let index: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let ids = index.get("meeting_ids").and_then(Value::as_array);
    let numbers = ids.into_iter().flatten().map(parse_number);
    numbers.filter(|id| *id != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zm103_a_list_has_the_format_of_the_go_plugin() {
        assert_eq!(parse(br#"{"meeting_ids":[1,2]}"#), [1, 2]);
        assert_eq!(parse(br#"{"meeting_ids":["3","x",null]}"#), [3]);
        for odd in [&b""[..], b"null", b"[]", b"{"] {
            assert!(parse(odd).is_empty());
        }
        assert_eq!(List::User("u").key(), "subscription_index_u");
    }
}
