//! The IDs of ephemeral messages, which prove that the host sent the message to this user.
//!
//! Clients replace whatever they show under an ID. So a component may replace only ephemeral messages that this plugin
//! sent to the same user. To ask the server whether a post with the ID is stored would be a call, and a database replica
//! that lags would report a new post as absent. Instead, the host chooses the IDs: random characters, and an HMAC of
//! them, of the plugin, and of the user. An ID of a stored post, which the server chose, never has such an HMAC.

use ring::hmac;

use super::Error;
use super::provenance::length_prefixed;
use crate::jobs::random_id;
use crate::sandbox::EventState;

/// The first field of what is signed. It changes when the list of fields changes.
const PURPOSE: &str = "ephemeral/1";
/// The length of an ID, in lower-case letters and digits.
const LENGTH: usize = 26;
/// How many of them are random. The others are 90 bits of the HMAC.
const RANDOM: usize = 8;
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl EventState {
    /// A new ID for a message to this user.
    pub(super) async fn ephemeral_id(&mut self, user_id: &str) -> Result<String, Error> {
        let random = letters(random_id().as_bytes(), RANDOM);
        let key = self.signing_key().await?;
        Ok(id(&key, &self.services.plugin_id, user_id, &random))
    }

    /// Makes sure that this plugin sent the message with this ID to this user.
    pub(super) async fn check_ephemeral_id(
        &mut self,
        user_id: &str,
        post_id: &str,
    ) -> Result<(), Error> {
        let random = post_id.get(..RANDOM).unwrap_or_default();
        let key = self.signing_key().await?;
        let ours = id(&key, &self.services.plugin_id, user_id, random);
        if is_same(&ours, post_id) {
            return Ok(());
        }
        let rule =
            "only an ephemeral message that this plugin sent to the same user can be replaced";
        Err(Error::Denied(rule.to_owned()))
    }

    async fn signing_key(&mut self) -> Result<hmac::Key, Error> {
        let services = &self.services;
        let keys = services.provenance.keys(services.api.as_ref()).await?;
        Ok(keys.ephemeral)
    }
}

fn id(key: &hmac::Key, plugin_id: &str, user_id: &str, random: &str) -> String {
    let message = length_prefixed(&[PURPOSE, plugin_id, user_id, random]);
    let tag = hmac::sign(key, &message);
    format!("{random}{}", letters(tag.as_ref(), LENGTH - RANDOM))
}

/// The last five bits of each byte as a letter or a digit.
fn letters(bytes: &[u8], count: usize) -> String {
    let letter = |byte: &u8| LETTERS.get(usize::from(byte & 31)).copied();
    let letters = bytes.iter().filter_map(letter).take(count);
    letters.map(char::from).collect()
}

/// Compares in a time that does not depend on where the first difference is.
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
    fn an_id_has_the_form_of_the_servers_ids() {
        let id = id(&key(1), "plugin", "user", "abcdefgh");
        assert_eq!(id.len(), LENGTH);
        let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        assert!(id.chars().all(is_letter), "{id}");
    }

    #[test]
    fn an_id_is_of_one_key_one_plugin_and_one_user() {
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
    fn ids_are_compared_whole() {
        assert!(is_same("abc", "abc"));
        for other in ["abd", "xbc", "ab", "abcd", ""] {
            assert!(!is_same("abc", other), "{other}");
        }
    }
}
