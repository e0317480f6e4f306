//! Whether a user wants meetings in the personal room.
//!
//! `zoomUserPreference_{user}` holds a JSON string. Before that it was one of the server's own
//! preferences; such a one is moved here when it is first read.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::bindings::users;
use crate::platform::log;

const CATEGORY: &str = "plugin:zoom";
const NAME: &str = "use-pmi";

/// What the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// Never said.
    Unset,
    /// To be asked each time.
    Ask,
    /// The personal room.
    Personal,
    /// A new meeting each time.
    Unique,
}

impl Preference {
    /// What a stored word means.
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

/// Reads the stored bytes. What is no JSON string counts as never said, so the user is asked.
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

/// Keeps the user's preference.
pub fn save(user_id: &str, preference: Preference) -> Result<(), Error> {
    let json = format!("\"{}\"", preference.word());
    kv::set(&key(user_id), json.as_bytes(), None, &Expected::Any)
}

/// Forgets it, in its older place too.
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
