//! Subscriptions of somebody whose data must go.
//!
//! `subscription_index_{user}` lists the meetings; each meeting's own record says whose subscription it
//! is, and is the one to believe. The list goes last, so that a removal that was cut off can go on.

use super::meetings::Mapping;
use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::zoom::types::number;
use serde_json::Value;

const ATTEMPTS: usize = 5;
/// How long a meeting that still has posts is remembered, in seconds, as without a subscription.
const LIFETIME: u64 = 30 * 24 * 3600;

/// Removes all subscriptions that this user made.
pub fn remove_subscriptions(user_id: &str) -> Result<(), Error> {
    let index = format!("subscription_index_{user_id}");
    let Some(bytes) = kv::get(&index)? else {
        return Ok(());
    };
    for meeting_id in listed(&bytes) {
        remove(meeting_id, user_id)?;
    }
    kv::delete(&index, &Expected::Value(bytes))
}

/// The meetings of a list. What is none is left out.
fn listed(bytes: &[u8]) -> Vec<u64> {
    let index: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let ids = index.get("meeting_ids").and_then(Value::as_array);
    let numbers = ids.into_iter().flatten().map(number);
    numbers.filter(|id| *id != 0).collect()
}

fn remove(meeting_id: u64, user_id: &str) -> Result<(), Error> {
    let key = format!("meeting_channel_{meeting_id}");
    for _ in 0..ATTEMPTS {
        let Some(bytes) = kv::get(&key)? else {
            return Ok(());
        };
        let mapping = serde_json::from_slice::<Mapping>(&bytes).unwrap_or_default();
        if !mapping.is_subscription || mapping.created_by != user_id {
            return Ok(());
        }
        let expected = Expected::Value(bytes);
        let result = match without_subscription(mapping) {
            None => kv::delete(&key, &expected),
            Some(mapping) => {
                let rest = serde_json::to_vec(&mapping);
                let rest = rest.map_err(|error| Error::Invalid(error.to_string()))?;
                kv::set(&key, &rest, Some(LIFETIME), &expected)
            }
        };
        match result {
            Err(Error::Conflict) => {}
            done => return done,
        }
    }
    Err(Error::Conflict)
}

/// What is left of a record: the posts that have not ended. None where there are none.
fn without_subscription(mut mapping: Mapping) -> Option<Mapping> {
    mapping.channel_id = mapping.posts.first()?.channel_id.clone();
    mapping.is_subscription = false;
    mapping.created_by.clear();
    Some(mapping)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::meetings::Announcement;

    #[test]
    fn zm103_a_list_is_read_as_far_as_it_makes_sense() {
        let list = br#"{"meeting_ids":[85746065432,"1234567890",null,-1]}"#;
        assert_eq!(listed(list), [85_746_065_432, 1_234_567_890]);
        for odd in ["", "null", "[]", r#"{"meeting_ids":7}"#] {
            assert!(listed(odd.as_bytes()).is_empty(), "{odd}");
        }
    }

    #[test]
    fn d47_only_posts_that_have_not_ended_are_left() {
        let mut mapping = Mapping {
            channel_id: "followed".into(),
            is_subscription: true,
            created_by: "ann".into(),
            ..Mapping::default()
        };
        assert_eq!(without_subscription(mapping.clone()), None);
        mapping.posts.push(Announcement {
            post_id: "p".into(),
            channel_id: "c".into(),
            create_at: 1,
        });
        let left = without_subscription(mapping).unwrap();
        assert_eq!(
            (left.channel_id.as_str(), left.created_by.as_str()),
            ("c", "")
        );
        assert!(!left.is_subscription && left.posts.len() == 1);
    }
}
