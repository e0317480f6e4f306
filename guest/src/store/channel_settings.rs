//! The rules of single channels about starting meetings.
//!
//! The key `zoomChannelSettings` has a JSON object from channel ID to `{"Preference": …}`.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const KEY: &str = "zoomChannelSettings";
/// The number of attempts if others change the map too.
const ATTEMPTS: usize = 10;
/// The pause between attempts, in milliseconds. The other change may not have reached a database replica yet.
const PAUSE: u64 = 100;

/// The rule of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// Meetings may be started.
    Allow,
    /// Meetings may not be started.
    Restrict,
    /// The system-wide setting applies, as without a rule.
    Default,
}

impl Preference {
    /// The stored name.
    pub fn name(self) -> &'static str {
        match self {
            Preference::Allow => "allow",
            Preference::Restrict => "restrict",
            Preference::Default => "default",
        }
    }

    /// The rule with this stored name.
    pub fn from_name(name: &str) -> Option<Preference> {
        [Preference::Allow, Preference::Restrict, Preference::Default]
            .into_iter()
            .find(|preference| preference.name() == name)
    }
}

fn decode(bytes: &[u8]) -> Result<Map<String, Value>, Error> {
    serde_json::from_slice(bytes)
        .map_err(|_| Error::Unavailable("the stored channel settings cannot be read".to_owned()))
}

fn preference(entry: &Value) -> Preference {
    let name = entry.get("Preference").and_then(Value::as_str);
    name.and_then(Preference::from_name)
        .unwrap_or(Preference::Default)
}

/// The rule of a channel.
pub fn of(channel_id: &str) -> Result<Preference, Error> {
    let Some(bytes) = kv::get(KEY)? else {
        return Ok(Preference::Default);
    };
    Ok(decode(&bytes)?
        .get(channel_id)
        .map_or(Preference::Default, preference))
}

/// The rules of all channels.
pub fn all() -> Result<BTreeMap<String, Preference>, Error> {
    let Some(bytes) = kv::get(KEY)? else {
        return Ok(BTreeMap::new());
    };
    let map = decode(&bytes)?.into_iter();
    Ok(map.map(|(id, entry)| (id, preference(&entry))).collect())
}

/// Sets the rule of one channel by compare-and-set, so that changes of other channels at the same time are kept.
pub fn set(channel_id: &str, preference: Preference) -> Result<(), Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::sleep_ms(PAUSE);
        }
        let old = kv::get(KEY)?;
        let mut map = old.as_deref().map(decode).transpose()?.unwrap_or_default();
        let entry = json!({"Preference": preference.name()});
        map.insert(channel_id.to_owned(), entry);
        let bytes = Value::Object(map).to_string().into_bytes();
        let expected = old.map_or(Expected::Absent, Expected::Value);
        match kv::set(KEY, &bytes, None, &expected) {
            Err(Error::Conflict) => {}
            result => return result,
        }
    }
    Err(Error::Conflict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zm104_preferences_are_written_as_the_go_plugin_does() {
        let map = br#"{"a":{"Preference":"allow"},"r":{"Preference":"restrict"},"d":{"Preference":"default"},"x":7}"#;
        let map = decode(map).unwrap();
        let of = |id: &str| preference(&map[id]);
        assert_eq!(of("a"), Preference::Allow);
        assert_eq!(of("r"), Preference::Restrict);
        assert_eq!(of("d"), Preference::Default);
        assert_eq!(of("x"), Preference::Default);
        assert!(decode(b"[]").is_err());
        assert_eq!(Preference::from_name("Allow"), None);
    }
}
