//! IDs of ephemeral messages that prove that the host sent the message to this user.
//!
//! Clients replace whatever they show under an ID, so a component may replace only ephemeral messages that this plugin sent
//! to the same user. Asking the server whether a post with the ID exists would cost a call, and a database replica that
//! lags would not know a new post. Instead, the host chooses the IDs: random characters, and an HMAC of them, the plugin,
//! and the user. An ID that the server chose for a stored post never contains such an HMAC.

use ring::hmac;

use super::encoding::length_prefixed;
use crate::random::random_id;

/// The first signed field. It changes when the list of fields changes.
const PURPOSE: &str = "ephemeral/1";

/// The length of an ID in lower-case letters and digits.
const LENGTH: usize = 26;

/// How many characters are random. The rest are 90 bits of the HMAC.
const RANDOM: usize = 8;

const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A new ID for a message to this user.
pub(crate) fn new_id(key: &hmac::Key, plugin_id: &str, user_id: &str) -> String {
    let random = letters(random_id().as_bytes(), RANDOM);
    id(key, plugin_id, user_id, &random)
}

/// Whether this plugin sent the message with this ID to this user.
pub(crate) fn is_ours(key: &hmac::Key, plugin_id: &str, user_id: &str, post_id: &str) -> bool {
    let random = post_id.get(..RANDOM).unwrap_or_default();
    is_same(&id(key, plugin_id, user_id, random), post_id)
}

fn id(key: &hmac::Key, plugin_id: &str, user_id: &str, random: &str) -> String {
    let message = length_prefixed(&[PURPOSE, plugin_id, user_id, random]);
    let tag = hmac::sign(key, &message);
    format!("{random}{}", letters(tag.as_ref(), LENGTH - RANDOM))
}

/// The last five bits of each byte, as a letter or digit.
fn letters(bytes: &[u8], count: usize) -> String {
    let letter = |byte: &u8| LETTERS.get(usize::from(byte & 31)).copied();
    let letters = bytes.iter().filter_map(letter).take(count);
    letters.map(char::from).collect()
}

/// Compares in constant time.
fn is_same(one: &str, other: &str) -> bool {
    let differences = one
        .bytes()
        .zip(other.bytes())
        .map(|(one, other)| one ^ other);
    one.len() == other.len() && differences.fold(0, |all, one| all | one) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32])
    }

    #[test]
    fn an_id_looks_like_the_servers_ids() {
        let id = id(&key(1), "plugin", "user", "abcdefgh");
        assert_eq!(id.len(), LENGTH);
        let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        assert!(id.chars().all(is_letter), "{id}");
    }

    #[test]
    fn an_id_depends_on_key_plugin_and_user() {
        let all = [
            id(&key(1), "plugin", "user", "abcdefgh"),
            id(&key(2), "plugin", "user", "abcdefgh"),
            id(&key(1), "plugi", "nuser", "abcdefgh"),
            id(&key(1), "plugin", "other", "abcdefgh"),
            id(&key(1), "plugin", "user", "abcdefgi"),
        ];
        let ends: std::collections::BTreeSet<_> = all.iter().map(|id| &id[RANDOM..]).collect();
        assert_eq!(ends.len(), all.len(), "{all:?}");
    }

    #[test]
    fn ids_are_compared_completely() {
        assert!(is_same("abc", "abc"));
        for other in ["abd", "xbc", "ab", "abcd", ""] {
            assert!(!is_same("abc", other), "{other}");
        }
    }
}
