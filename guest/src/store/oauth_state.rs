//! A connection that a user has begun and not finished.
//!
//! `zoomuserstate_{user}` keeps it for five minutes: what Zoom must bring back, the verifier of the
//! code challenge, and where the user was, so that the meeting they wanted starts there afterwards.
//! A new beginning replaces an older one. It is used once: the delete expects the very bytes read.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How long a user may take, in seconds.
pub const LIFETIME: u64 = 300;

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The value of the `state` parameter: 256 random bits.
    pub nonce: String,
    /// The verifier whose hash Zoom gets first: 256 random bits.
    pub verifier: String,
    /// Where the user was.
    pub channel_id: String,
    /// The thread the user was in, or empty.
    #[serde(default)]
    pub root_id: String,
    /// The topic of the meeting that waits, or empty.
    #[serde(default)]
    pub topic: String,
    /// The client that waits, or empty.
    #[serde(default)]
    pub connection_id: String,
    /// Whether a meeting is started although there is a recent one.
    #[serde(default)]
    pub force: bool,
    /// Whether no meeting waits.
    pub just_connect: bool,
    /// Whether a system administrator connects for everybody.
    #[serde(default)]
    pub for_everybody: bool,
}

/// 256 random bits as text that is good in a URL and as a verifier of RFC 7636.
pub fn token(random: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

/// The code challenge of a verifier: method S256 of RFC 7636.
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// Reads a record; none where it is not one.
pub fn decode(bytes: &[u8]) -> Option<State> {
    serde_json::from_slice(bytes).ok()
}

fn key(user_id: &str) -> String {
    format!("zoomuserstate_{user_id}")
}

/// Keeps it in place of an earlier one.
pub fn save(user_id: &str, state: &State) -> Result<(), Error> {
    let bytes = serde_json::to_vec(state).map_err(|error| Error::Invalid(error.to_string()))?;
    kv::set(&key(user_id), &bytes, Some(LIFETIME), &Expected::Any)
}

/// The user's state and its bytes; none when there is none, it expired, or is of the older form.
pub fn load(user_id: &str) -> Result<Option<(State, Vec<u8>)>, Error> {
    Ok(kv::get(&key(user_id))?.and_then(|bytes| decode(&bytes).map(|state| (state, bytes))))
}

/// Uses it up. `Conflict` when somebody did before.
pub fn consume(user_id: &str, bytes: Vec<u8>) -> Result<(), Error> {
    kv::delete(&key(user_id), &Expected::Value(bytes))
}

/// Forgets what the user has begun.
pub fn forget(user_id: &str) -> Result<(), Error> {
    kv::delete(&key(user_id), &Expected::Any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn zm044_the_key_is_that_of_existing_records() {
        assert_eq!(key("alice"), "zoomuserstate_alice");
    }

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn a_token_has_43_characters_of_the_unreserved_set() {
        let token = token([0xfb; 32]);
        assert_eq!(token.len(), 43);
        assert!(
            token
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
    }

    #[test]
    fn zm045_the_older_form_is_no_state() {
        assert_eq!(decode(b"abcdefghijklmno_user_channel_true"), None);
    }

    proptest! {
        #[test]
        fn zm044_a_state_comes_back(topic in ".*", root_id in "[a-z0-9]{0,26}", just_connect: bool, force: bool) {
            let state = State {
                nonce: token([1; 32]), verifier: token([2; 32]), channel_id: "c".into(), root_id, topic,
                connection_id: String::new(), force, just_connect, for_everybody: force,
            };
            prop_assert_eq!(decode(&serde_json::to_vec(&state).unwrap()), Some(state));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = decode(&bytes);
        }
    }
}
