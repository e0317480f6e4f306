//! Whether a user's meetings use the Personal Meeting ID.
//!
//! `zoomUserPreference_{user}` has a JSON string. Early versions of the Go plugin used a preference of the Mattermost
//! server; such a preference is moved here when it is first read.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::bindings::users;
use crate::platform::log;

const CATEGORY: &str = "plugin:zoom";
const NAME: &str = "use-pmi";

/// The user's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// The user has not chosen yet.
    Unset,
    /// Ask each time.
    Ask,
    /// Use the Personal Meeting ID.
    Personal,
    /// Create a new meeting ID each time.
    Unique,
}

impl Preference {
    /// The preference for a stored word.
    pub fn from_word(word: &str) -> Preference {
        match word {
            "" => Preference::Unset,
            "ask" => Preference::Ask,
            "true" => Preference::Personal,
            _ => Preference::Unique,
        }
    }

    /// The word that is stored.
    pub fn word(self) -> &'static str {
        match self {
            Preference::Unset => "",
            Preference::Ask => "ask",
            Preference::Personal => "true",
            Preference::Unique => "false",
        }
    }
}

/// Decodes the stored bytes. If they are not a JSON string, the preference is unset and the user is asked.
pub fn decode(bytes: &[u8]) -> Preference {
    serde_json::from_slice::<String>(bytes)
        .map_or(Preference::Unset, |word| Preference::from_word(&word))
}

fn key(user_id: &str) -> String {
    format!("zoomUserPreference_{user_id}")
}

/// The user's preference.
pub fn load(user_id: &str) -> Result<Preference, Error> {
    let stored = kv::get(&key(user_id))?.map_or(Preference::Unset, |bytes| decode(&bytes));
    if stored != Preference::Unset {
        return Ok(stored);
    }
    let Some(word) = users::preference(user_id, CATEGORY, NAME)? else {
        return Ok(Preference::Unset);
    };
    let preference = Preference::from_word(&word);
    if preference == Preference::Unset {
        return Ok(preference);
    }
    let moved =
        save(user_id, preference).and_then(|()| users::delete_preference(user_id, CATEGORY, NAME));
    if let Err(error) = moved {
        log::warn(
            "A preference for personal meetings was not moved.",
            &[("error", &error.to_string())],
        );
    }
    Ok(preference)
}

/// Stores the user's preference.
pub fn save(user_id: &str, preference: Preference) -> Result<(), Error> {
    let json = format!("\"{}\"", preference.word());
    kv::set(&key(user_id), json.as_bytes(), None, &Expected::Any)
}

/// Deletes the preference, and an older one of the Mattermost server.
pub fn forget(user_id: &str) -> Result<(), Error> {
    kv::delete(&key(user_id), &Expected::Any)?;
    users::delete_preference(user_id, CATEGORY, NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_words_are_json_strings() {
        assert_eq!(decode(br#""true""#), Preference::Personal);
        assert_eq!(decode(br#""false""#), Preference::Unique);
        assert_eq!(decode(br#""ask""#), Preference::Ask);
        assert_eq!(decode(br#""""#), Preference::Unset);
        assert_eq!(decode(b"true"), Preference::Unset);
    }

    #[test]
    fn words_come_back() {
        for preference in [
            Preference::Ask,
            Preference::Personal,
            Preference::Unique,
            Preference::Unset,
        ] {
            assert_eq!(Preference::from_word(preference.word()), preference);
        }
    }
}
