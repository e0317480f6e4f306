//! OAuth authorizations that a user has begun but not finished.
//!
//! `zoomuserstate_{user}` lists up to five. Each has a link, named by 128 random bits, and stores the channel, thread, and
//! topic, so that the meeting starts there afterwards; the link contains none of them. Opening the link creates the OAuth
//! state and the PKCE code verifier. The link is valid for five minutes, and then the state for another five. A second
//! authorization keeps the first one valid, because people have several tabs.
//!
//! A state is used once: it is removed from the list by compare-and-set.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock;
use crate::platform::random::{self, url_safe_token};
use crate::store::confirmed_read::{self, Decision};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The lifetime of a link, and then of its state, in seconds.
pub const LIFETIME: u64 = 300;
/// The number of begun authorizations per user. The oldest are dropped.
pub const MAX: usize = 5;
/// Attempts and pause, in milliseconds, if other requests change the same list.
const ATTEMPTS: u32 = 8;
const PAUSE: u64 = 50;

/// A begun authorization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The name in the link: 128 random bits.
    pub link: String,
    /// The expiry, in milliseconds.
    pub until: i64,
    /// The value of the `state` parameter, 256 random bits; empty until the link is opened.
    #[serde(default)]
    pub nonce: String,
    /// The PKCE code verifier, 256 random bits; empty until the link is opened.
    #[serde(default)]
    pub verifier: String,
    /// The channel in which the user was.
    pub channel_id: String,
    /// The thread the user was in, or empty.
    #[serde(default)]
    pub root_id: String,
    /// The topic of the meeting that waits, or empty.
    #[serde(default)]
    pub topic: String,
    /// The connection ID of the client that waits, or empty.
    #[serde(default)]
    pub connection_id: String,
    /// Whether to start although there is a recent meeting.
    #[serde(default)]
    pub force: bool,
    /// Whether nothing waits: neither a meeting nor a setup.
    pub just_connect: bool,
    /// Whether a guided setup waits, not a meeting.
    #[serde(default)]
    pub setup: bool,
    /// Whether a system admin connects for everyone.
    #[serde(default)]
    pub for_everybody: bool,
}

/// The result of using a state.
#[derive(Debug, PartialEq, Eq)]
pub enum TakeResult {
    /// The state was valid and is removed.
    State(Box<State>),
    /// The user has begun authorizations, but none with this state.
    Mismatch,
    /// The user has no valid authorization.
    Nothing,
}

#[derive(Default, Serialize, Deserialize)]
struct Record {
    begun: Vec<State>,
}

/// 128 random bits as text that is valid in a URL.
pub fn link(random: [u8; 16]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

/// The code challenge for a code verifier: method S256 of RFC 7636.
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// The valid states of a record. A record in another format, such as the Go plugin's, has none.
fn decode(bytes: Option<&[u8]>, now: i64) -> Vec<State> {
    let record = bytes.and_then(|bytes| serde_json::from_slice::<Record>(bytes).ok());
    let mut begun = record.unwrap_or_default().begun;
    begun.retain(|state| state.until > now);
    begun
}

fn key(user_id: &str) -> String {
    format!("zoomuserstate_{user_id}")
}

/// The expiry of a link or state that is created now.
fn expiry(now: i64) -> i64 {
    now.saturating_add(i64::try_from(LIFETIME).unwrap_or(0) * 1000)
}

fn is_same(given: &str, kept: &str) -> bool {
    !kept.is_empty() && bool::from(given.as_bytes().ct_eq(kept.as_bytes()))
}

/// Adds a state to the list, and drops the oldest if there are too many.
fn push_state(mut begun: Vec<State>, state: State) -> Vec<State> {
    begun.push(state);
    let surplus = begun.len().saturating_sub(MAX);
    begun.drain(..surplus);
    begun
}

/// Opens a link. Returns the changed list and the state. Opening a link again only extends its lifetime.
fn open_state(
    mut begun: Vec<State>,
    link: &str,
    secrets: [[u8; 32]; 2],
    now: i64,
) -> Option<(Vec<State>, State)> {
    let state = begun.iter_mut().find(|state| is_same(link, &state.link))?;
    if state.nonce.is_empty() {
        [state.nonce, state.verifier] = secrets.map(url_safe_token);
    }
    state.until = expiry(now);
    let state = state.clone();
    Some((begun, state))
}

/// Removes the state with this nonce. Returns the rest of the list and the state.
fn take_state(mut begun: Vec<State>, nonce: &str) -> Result<(Vec<State>, State), TakeResult> {
    let found = begun.iter().position(|state| is_same(nonce, &state.nonce));
    match found {
        Some(at) => {
            let state = begun.remove(at);
            Ok((begun, state))
        }
        None if begun.is_empty() => Err(TakeResult::Nothing),
        None => Err(TakeResult::Mismatch),
    }
}

/// Changes the list by compare-and-set. `decide` returns the new list or a reason to keep the old one. It is called again
/// after a conflict.
fn change<T, N>(
    user_id: &str,
    decide: impl Fn(Vec<State>) -> Result<(Vec<State>, T), N>,
) -> Result<Result<T, N>, Error> {
    let key = key(user_id);
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::sleep_ms(PAUSE);
        }
        let now = clock::now_ms();
        let read =
            confirmed_read::read_confirmed_with_expiry(
                &key,
                Some(LIFETIME),
                |stored| match decide(decode(stored, now)) {
                    Ok(next) => Decision::Sure(Ok((stored.map(<[u8]>::to_vec), next))),
                    Err(reason) => Decision::Confirm(Err(reason)),
                },
            )?;
        let (stored, (next, answer)) = match read {
            Ok(decided) => decided,
            Err(reason) => return Ok(Err(reason)),
        };
        match write(&key, &next, stored) {
            Ok(()) => return Ok(Ok(answer)),
            Err(Error::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Conflict)
}

fn write(key: &str, begun: &[State], stored: Option<Vec<u8>>) -> Result<(), Error> {
    let record = Record {
        begun: begun.to_vec(),
    };
    match stored {
        Some(stored) if begun.is_empty() => kv::delete(key, &Expected::Value(stored)),
        stored => {
            let bytes = serde_json::to_vec(&record);
            let bytes = bytes.map_err(|error| Error::Invalid(error.to_string()))?;
            confirmed_read::replace(key, &bytes, Some(LIFETIME), stored)
        }
    }
}

/// Adds an authorization. Sets its link and expiry, and returns the link.
pub fn begin(user_id: &str, state: &State) -> Result<String, Error> {
    let name = link(random::random_bytes());
    let begun = change::<(), TakeResult>(user_id, |begun| {
        let state = State {
            link: name.clone(),
            until: expiry(clock::now_ms()),
            ..state.clone()
        };
        Ok((push_state(begun, state), ()))
    })?;
    begun.map_or(Err(Error::Conflict), |()| Ok(name))
}

/// Opens a link of this user. Returns none if the link is not valid.
pub fn open_link(user_id: &str, link: &str) -> Result<Option<State>, Error> {
    let secrets = [random::random_bytes(), random::random_bytes()];
    let state = change(user_id, |begun| {
        open_state(begun, link, secrets, clock::now_ms()).ok_or(())
    })?;
    Ok(state.ok())
}

/// Removes and returns the state with this value of the `state` parameter.
pub fn take(user_id: &str, nonce: &str) -> Result<TakeResult, Error> {
    let state = change(user_id, |begun| take_state(begun, nonce))?;
    Ok(state.map_or_else(|reason| reason, |state| TakeResult::State(Box::new(state))))
}

/// Deletes all authorizations that the user has begun.
pub fn forget(user_id: &str) -> Result<(), Error> {
    kv::delete(&key(user_id), &Expected::Any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_785_000_000_000;

    fn begun(link: &str) -> State {
        State {
            link: link.into(),
            until: expiry(NOW),
            channel_id: "c".into(),
            ..State::default()
        }
    }

    fn stored(states: &[State]) -> Vec<u8> {
        let begun = states.to_vec();
        serde_json::to_vec(&Record { begun }).unwrap()
    }

    #[test]
    fn zm044_the_key_is_that_of_the_go_plugin() {
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
    fn f32_tokens_and_links_are_long_enough_and_valid_in_urls() {
        for (text, length) in [(url_safe_token([0xfb; 32]), 43), (link([0xfb; 16]), 22)] {
            assert_eq!(text.len(), length);
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            assert!(text.bytes().all(plain));
        }
    }

    #[test]
    fn zm045_f32_records_of_the_go_plugin_and_expired_states_are_ignored() {
        for old in [
            &b"abcdefghijklmno_user_channel_true"[..],
            br#"{"nonce":"n","verifier":"v","channel_id":"c","just_connect":true}"#,
            b"",
        ] {
            assert_eq!(decode(Some(old), NOW), []);
        }
        let bytes = stored(&[begun("a")]);
        assert_eq!(decode(Some(&bytes), NOW).len(), 1);
        assert_eq!(decode(Some(&bytes), expiry(NOW)), []);
    }

    #[test]
    fn f32_a_user_has_at_most_five_states_and_the_oldest_are_dropped() {
        let links = ["a", "b", "c", "d", "e", "f", "g"];
        let kept = links
            .iter()
            .fold(Vec::new(), |kept, link| push_state(kept, begun(link)));
        let kept: Vec<_> = kept.iter().map(|state| state.link.as_str()).collect();
        assert_eq!(kept, ["c", "d", "e", "f", "g"]);
    }

    #[test]
    fn f32_a_link_opens_its_own_state_and_keeps_its_secrets_when_opened_again() {
        let list = vec![begun("a"), begun("b")];
        let later = NOW + 1000;
        let (list, first) = open_state(list, "a", [[1; 32], [2; 32]], later).unwrap();
        assert_eq!((first.link.as_str(), first.until), ("a", expiry(later)));
        let (list, again) = open_state(list, "a", [[3; 32], [4; 32]], later).unwrap();
        assert_eq!(
            (&again.nonce, &again.verifier),
            (&first.nonce, &first.verifier)
        );
        let (_, other) = open_state(list.clone(), "b", [[5; 32], [6; 32]], later).unwrap();
        assert_ne!(other.nonce, first.nonce);
        for wrong in ["", "c", "aa", "A"] {
            assert!(open_state(list.clone(), wrong, [[7; 32], [8; 32]], later).is_none());
        }
    }

    #[test]
    fn zm048_d10_f32_a_callback_uses_exactly_its_own_state_once() {
        let list = vec![begun("a"), begun("b")];
        for none_is_open in ["", "a"] {
            assert_eq!(
                take_state(list.clone(), none_is_open),
                Err(TakeResult::Mismatch)
            );
        }
        let (list, a) = open_state(list, "a", [[1; 32], [2; 32]], NOW).unwrap();
        let (list, b) = open_state(list, "b", [[3; 32], [4; 32]], NOW).unwrap();
        for wrong in ["", "x", &a.verifier, &a.link] {
            assert_eq!(take_state(list.clone(), wrong), Err(TakeResult::Mismatch));
        }
        let (list, taken) = take_state(list, &a.nonce).unwrap();
        assert_eq!(taken, a);
        assert_eq!(
            take_state(list.clone(), &a.nonce),
            Err(TakeResult::Mismatch),
            "it works once"
        );
        let (list, taken) = take_state(list, &b.nonce).unwrap();
        assert_eq!(taken, b);
        assert_eq!(take_state(list, &a.nonce), Err(TakeResult::Nothing));
    }

    proptest! {
        #[test]
        fn zm044_a_state_comes_back(topic in ".*", root_id in "[a-z0-9]{0,26}", just_connect: bool, force: bool) {
            let state = State {
                nonce: url_safe_token([1; 32]), verifier: url_safe_token([2; 32]), root_id, topic, force, just_connect,
                for_everybody: force, ..begun("a")
            };
            prop_assert_eq!(decode(Some(&stored(std::slice::from_ref(&state))), NOW), [state]);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = decode(Some(&bytes), NOW);
        }
    }
}
