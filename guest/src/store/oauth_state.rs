//! Connections that a user has begun and not finished.
//!
//! `zoomuserstate_{user}` lists at most five. Each has a link, which names it by 128 random bits, and remembers where
//! the user was, so that the meeting that they wanted starts there afterwards. Topic and channel are in no link. Opening
//! the link makes a state: what Zoom must bring back, and the verifier of the code challenge. Link and state are good
//! for five minutes each. A second begun connection leaves the first one valid, because people have several tabs.
//!
//! A state is used once: the list without it is written with the list as read for the expected value.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock;
use crate::platform::random::{self, token};
use crate::store::confirmed_read::{self, Meaning};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How long a link is good, and then its state, in seconds.
pub const LIFETIME: u64 = 300;
/// How many a user may have begun; the oldest are dropped.
pub const MAX: usize = 5;
/// How often to try when others change the same list, and how long to wait in between.
const ATTEMPTS: u32 = 8;
const PAUSE: u64 = 50;

/// One begun connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Names it in the link: 128 random bits.
    pub link: String,
    /// Until when it is good, in milliseconds.
    pub until: i64,
    /// The value of the `state` parameter, 256 random bits; empty until the link is opened.
    #[serde(default)]
    pub nonce: String,
    /// The verifier whose hash Zoom gets first, 256 random bits; empty until the link is opened.
    #[serde(default)]
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

/// What became of an answer from Zoom.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// It belongs to this one, which is used up.
    State(Box<State>),
    /// It belongs to none of those that the user has begun.
    Mismatch,
    /// The user has begun none that is still good.
    Nothing,
}

#[derive(Default, Serialize, Deserialize)]
struct Record {
    begun: Vec<State>,
}

/// 128 random bits as text that is good in a URL.
pub fn link(random: [u8; 16]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

/// The code challenge of a verifier: method S256 of RFC 7636.
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// The states of a record that are still good. Another record has none, such as one of the Go plugin.
fn decode(bytes: Option<&[u8]>, now: i64) -> Vec<State> {
    let record = bytes.and_then(|bytes| serde_json::from_slice::<Record>(bytes).ok());
    let mut begun = record.unwrap_or_default().begun;
    begun.retain(|state| state.until > now);
    begun
}

fn key(user_id: &str) -> String {
    format!("zoomuserstate_{user_id}")
}

/// When something that begins now ends.
fn end(now: i64) -> i64 {
    now.saturating_add(i64::try_from(LIFETIME).unwrap_or(0) * 1000)
}

fn is_same(given: &str, kept: &str) -> bool {
    !kept.is_empty() && bool::from(given.as_bytes().ct_eq(kept.as_bytes()))
}

/// The list with one more, without the oldest if there are too many.
fn with(mut begun: Vec<State>, state: State) -> Vec<State> {
    begun.push(state);
    let surplus = begun.len().saturating_sub(MAX);
    begun.drain(..surplus);
    begun
}

/// The list after the link was opened, and what it opens. Opening it again changes nothing but its time.
fn opened(
    mut begun: Vec<State>,
    link: &str,
    secrets: [[u8; 32]; 2],
    now: i64,
) -> Option<(Vec<State>, State)> {
    let state = begun.iter_mut().find(|state| is_same(link, &state.link))?;
    if state.nonce.is_empty() {
        [state.nonce, state.verifier] = secrets.map(token);
    }
    state.until = end(now);
    let state = state.clone();
    Some((begun, state))
}

/// The list without the state that an answer belongs to, and that state.
fn without(mut begun: Vec<State>, nonce: &str) -> Result<(Vec<State>, State), Taken> {
    let found = begun.iter().position(|state| is_same(nonce, &state.nonce));
    match found {
        Some(at) => {
            let state = begun.remove(at);
            Ok((begun, state))
        }
        None if begun.is_empty() => Err(Taken::Nothing),
        None => Err(Taken::Mismatch),
    }
}

/// Changes the list: `decide` answers with the next list, or with why there is none. Repeated when somebody else was
/// faster.
fn change<T, N>(
    user_id: &str,
    decide: impl Fn(Vec<State>) -> Result<(Vec<State>, T), N>,
) -> Result<Result<T, N>, Error> {
    let key = key(user_id);
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::pause(PAUSE);
        }
        let now = clock::now_ms();
        let read = confirmed_read::settle_with(&key, Some(LIFETIME), |stored| {
            match decide(decode(stored, now)) {
                Ok(next) => Meaning::Sure(Ok((stored.map(<[u8]>::to_vec), next))),
                Err(reason) => Meaning::Confirm(Err(reason)),
            }
        })?;
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

/// Adds one that the user begins now. Its link and its time are set here.
pub fn begin(user_id: &str, state: &State) -> Result<String, Error> {
    let name = link(random::random());
    let begun = change::<(), Taken>(user_id, |begun| {
        let state = State {
            link: name.clone(),
            until: end(clock::now_ms()),
            ..state.clone()
        };
        Ok((with(begun, state), ()))
    })?;
    begun.map_or(Err(Error::Conflict), |()| Ok(name))
}

/// Opens a link of this user; none if it is not valid.
pub fn open(user_id: &str, link: &str) -> Result<Option<State>, Error> {
    let secrets = [random::random(), random::random()];
    let state = change(user_id, |begun| {
        opened(begun, link, secrets, clock::now_ms()).ok_or(())
    })?;
    Ok(state.ok())
}

/// Uses up the state that an answer with this `state` parameter belongs to.
pub fn take(user_id: &str, nonce: &str) -> Result<Taken, Error> {
    let state = change(user_id, |begun| without(begun, nonce))?;
    Ok(state.map_or_else(|reason| reason, |state| Taken::State(Box::new(state))))
}

/// Forgets everything that the user has begun.
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
            until: end(NOW),
            channel_id: "c".into(),
            ..State::default()
        }
    }

    fn stored(states: &[State]) -> Vec<u8> {
        let begun = states.to_vec();
        serde_json::to_vec(&Record { begun }).unwrap()
    }

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
    fn f32_a_token_and_a_link_are_long_enough_and_good_in_urls() {
        for (text, length) in [(token([0xfb; 32]), 43), (link([0xfb; 16]), 22)] {
            assert_eq!(text.len(), length);
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            assert!(text.bytes().all(plain));
        }
    }

    #[test]
    fn zm045_f32_the_older_form_and_what_has_expired_are_no_states() {
        for old in [
            &b"abcdefghijklmno_user_channel_true"[..],
            br#"{"nonce":"n","verifier":"v","channel_id":"c","just_connect":true}"#,
            b"",
        ] {
            assert_eq!(decode(Some(old), NOW), []);
        }
        let bytes = stored(&[begun("a")]);
        assert_eq!(decode(Some(&bytes), NOW).len(), 1);
        assert_eq!(decode(Some(&bytes), end(NOW)), []);
    }

    #[test]
    fn f32_a_user_has_at_most_five_and_the_oldest_go() {
        let links = ["a", "b", "c", "d", "e", "f", "g"];
        let kept = links
            .iter()
            .fold(Vec::new(), |kept, link| with(kept, begun(link)));
        let kept: Vec<_> = kept.iter().map(|state| state.link.as_str()).collect();
        assert_eq!(kept, ["c", "d", "e", "f", "g"]);
    }

    #[test]
    fn f32_a_link_opens_its_own_state_and_opening_it_again_keeps_the_secrets() {
        let list = vec![begun("a"), begun("b")];
        let later = NOW + 1000;
        let (list, first) = opened(list, "a", [[1; 32], [2; 32]], later).unwrap();
        assert_eq!((first.link.as_str(), first.until), ("a", end(later)));
        let (list, again) = opened(list, "a", [[3; 32], [4; 32]], later).unwrap();
        assert_eq!(
            (&again.nonce, &again.verifier),
            (&first.nonce, &first.verifier)
        );
        let (_, other) = opened(list.clone(), "b", [[5; 32], [6; 32]], later).unwrap();
        assert_ne!(other.nonce, first.nonce);
        for wrong in ["", "c", "aa", "A"] {
            assert!(opened(list.clone(), wrong, [[7; 32], [8; 32]], later).is_none());
        }
    }

    #[test]
    fn zm048_d10_f32_an_answer_uses_up_exactly_its_own_state() {
        let list = vec![begun("a"), begun("b")];
        for none_is_open in ["", "a"] {
            assert_eq!(without(list.clone(), none_is_open), Err(Taken::Mismatch));
        }
        let (list, a) = opened(list, "a", [[1; 32], [2; 32]], NOW).unwrap();
        let (list, b) = opened(list, "b", [[3; 32], [4; 32]], NOW).unwrap();
        for wrong in ["", "x", &a.verifier, &a.link] {
            assert_eq!(without(list.clone(), wrong), Err(Taken::Mismatch));
        }
        let (list, taken) = without(list, &a.nonce).unwrap();
        assert_eq!(taken, a);
        assert_eq!(
            without(list.clone(), &a.nonce),
            Err(Taken::Mismatch),
            "it works once"
        );
        let (list, taken) = without(list, &b.nonce).unwrap();
        assert_eq!(taken, b);
        assert_eq!(without(list, &a.nonce), Err(Taken::Nothing));
    }

    proptest! {
        #[test]
        fn zm044_a_state_comes_back(topic in ".*", root_id in "[a-z0-9]{0,26}", just_connect: bool, force: bool) {
            let state = State {
                nonce: token([1; 32]), verifier: token([2; 32]), root_id, topic, force, just_connect,
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
