//! Which channels have a rule of their own about starting meetings.
//!
//! One key, `zoomChannelSettings`, holds a JSON object from channel id to `{"Preference": …}`.

use crate::bindings::kv;
use crate::bindings::types::Error;
use serde::Deserialize;
use std::collections::BTreeMap;

const KEY: &str = "zoomChannelSettings";

/// A channel's own rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Meetings may be started.
    Allow,
    /// Meetings may not be started.
    Restrict,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "Preference", default)]
    preference: String,
}

/// The channel's rule in the stored map. An entry `default` is no rule, like having no entry.
pub fn decode(bytes: &[u8], channel_id: &str) -> Result<Option<Rule>, serde_json::Error> {
    let map: BTreeMap<String, Entry> = serde_json::from_slice(bytes)?;
    Ok(map
        .get(channel_id)
        .and_then(|entry| match entry.preference.as_str() {
            "allow" => Some(Rule::Allow),
            "restrict" => Some(Rule::Restrict),
            _ => None,
        }))
}

/// The channel's rule, if it has one.
pub fn rule(channel_id: &str) -> Result<Option<Rule>, Error> {
    let Some(bytes) = kv::get(KEY)? else {
        return Ok(None);
    };
    decode(&bytes, channel_id)
        .map_err(|_| Error::Unavailable("the stored channel settings cannot be read".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d20_default_is_like_no_entry() {
        let map = br#"{"a":{"Preference":"allow"},"r":{"Preference":"restrict"},"d":{"Preference":"default"}}"#;
        assert_eq!(decode(map, "a").unwrap(), Some(Rule::Allow));
        assert_eq!(decode(map, "r").unwrap(), Some(Rule::Restrict));
        assert_eq!(decode(map, "d").unwrap(), None);
        assert_eq!(decode(map, "x").unwrap(), None);
        assert!(decode(b"[]", "a").is_err());
    }
}
