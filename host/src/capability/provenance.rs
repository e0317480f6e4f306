//! Which posts the plugin created, and so may change.
//!
//! A post proves it by itself, without a record. The host adds two properties to each post that it creates:
//! `_mark`, 32 random hexadecimal digits, and `_proof`, an HMAC-SHA-256 of the mark, the plugin, the author, the
//! channel, the kind, and the time of creation. The server keeps the time that the host sets, and members cannot
//! choose it, so a mark and a proof that are copied to another post do not fit it. A record in the key-value store
//! would cost a call for each post, and a database replica that lags would make a fresh post look foreign.
//!
//! The key of the HMAC comes from `_host_key`: 32 random bytes, stored once without an expiry and shared by all nodes.
//! Each purpose has a key derived from it: posts here, buttons and dialogs in [`super::interactions`], the IDs of
//! ephemeral messages in [`super::ephemeral`].
//!
//! Posts of an earlier plugin with the same ID have no proof. The policy can allow the plugin to continue with them
//! (see [`crate::policy::legacy_posts`]): only with posts that are older than the first activation of this host, and only for
//! 30 days after it. The first change of such a post adds a mark and a proof.
//!
//! | read | answer that decides something | what happens |
//! |---|---|---|
//! | the host's key | absent | it is inserted where it is absent; if another process was faster, it is read until it appears |
//! | the host's key, remembered | another than the one that signed the post | it is read once more; no key is ever replaced by this host |
//! | the time of the first activation | absent | the change fails and is tried again: it was stored when the process started |
//! | an earlier plugin's record | absent, less than two minutes after the first activation | the change fails and is tried again |
//! | the post | an older version (a replica lags) | author, channel, kind, and time of creation never change |

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use mattermost_plugin_rpc::gob::Bytes;
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{Api, ApiError, KvSetOptions, Post};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::hmac::{self, HMAC_SHA256};

use super::kv::HOST_PREFIX;
use super::{Error, refused};
use crate::jobs::random_id;
use crate::sandbox::EventState;

/// Properties that only the host writes. The component does not see them.
pub(super) const MARK: &str = "_mark";
pub(super) const PROOF: &str = "_proof";

/// For how long the plugin may change a post that it created, in milliseconds: 400 days.
const LIFETIME_MS: i64 = 400 * 24 * 3600 * 1000;
/// For how long posts of an earlier plugin can be adopted, in milliseconds: 30 days.
const ADOPTION_MS: i64 = 30 * 24 * 3600 * 1000;
/// For longer than a database replica lags, in milliseconds.
const LAG_MS: i64 = 2 * 60 * 1000;
/// How far ahead of this node's clock the clock of another node may be, in milliseconds.
const SKEW_MS: i64 = 5 * 60 * 1000;

/// The first field of what is signed. It changes when the list of fields changes.
const PURPOSE: &str = "post/2";
/// How often and how long to wait for the key of a node that stored it first, while the database replica lags.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

const KEY_LENGTH: usize = 32;

fn host_key() -> String {
    format!("{HOST_PREFIX}host_key")
}

fn first_activation_key() -> String {
    format!("{HOST_PREFIX}first_activation")
}

/// The keys that are derived from the host's key, one for each purpose.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(super) posts: hmac::Key,
    pub(super) interactions: hmac::Key,
    pub(super) ephemeral: hmac::Key,
}

impl Keys {
    /// The keys that are derived from this host key.
    pub(super) fn of(host_key: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            posts: derive(host_key, b"mattermost-plugin posts")?,
            interactions: derive(host_key, b"mattermost-plugin interactions")?,
            ephemeral: derive(host_key, b"mattermost-plugin ephemeral messages")?,
        })
    }
}

/// What a process remembers about the host's key and first activation.
#[derive(Default)]
pub(crate) struct Provenance {
    keys: RwLock<Option<Keys>>,
    first_activation: RwLock<Option<i64>>,
}

impl Provenance {
    /// Stores the time of the first activation, unless an earlier process did.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub(crate) async fn activated(&self, api: &dyn Api, now: i64) -> Result<(), ApiError> {
        let value = now.to_string().into_bytes();
        if insert(api, &first_activation_key(), value).await? {
            set(&self.first_activation, now);
        }
        Ok(())
    }

    /// When a process of this host was first activated, in milliseconds since 1970.
    async fn first_activation(&self, api: &dyn Api) -> Result<i64, Error> {
        if let Some(time) = get(&self.first_activation) {
            return Ok(time);
        }
        let stored = api.kv_get(&first_activation_key()).await.map_err(refused)?;
        let text = stored.and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(time) = text.and_then(|text| text.parse().ok()) else {
            let reason = "the time of the first activation cannot be read yet";
            return Err(Error::Unavailable(reason.to_owned()));
        };
        set(&self.first_activation, time);
        Ok(time)
    }

    /// The keys of the proofs. The first node that needs them creates the host's key.
    ///
    /// # Errors
    ///
    /// When the store does not answer, or a database replica lags for long.
    pub(crate) async fn keys(&self, api: &dyn Api) -> Result<Keys, Error> {
        if let Some(keys) = get(&self.keys) {
            return Ok(keys);
        }
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            if let Some(keys) = self.read(api).await? {
                return Ok(keys);
            }
            if attempt == 0 {
                let mut bytes = [0; KEY_LENGTH];
                getrandom::fill(&mut bytes)
                    .map_err(|error| Error::Unavailable(format!("no random numbers: {error}")))?;
                let inserted = insert(api, &host_key(), bytes.to_vec()).await;
                if inserted.map_err(refused)? {
                    return self.remember(&bytes);
                }
            }
        }
        let reason = "the key that signs posts cannot be read; a database replica may lag";
        Err(Error::Unavailable(reason.to_owned()))
    }

    /// Reads the stored key, whatever this process remembers.
    pub(super) async fn read(&self, api: &dyn Api) -> Result<Option<Keys>, Error> {
        let stored = api.kv_get(&host_key()).await.map_err(refused)?;
        stored.map(|bytes| self.remember(&bytes)).transpose()
    }

    fn remember(&self, bytes: &[u8]) -> Result<Keys, Error> {
        let keys = Keys::of(bytes)?;
        set(&self.keys, keys.clone());
        Ok(keys)
    }
}

fn get<T: Clone>(cell: &RwLock<Option<T>>) -> Option<T> {
    cell.read().unwrap_or_else(PoisonError::into_inner).clone()
}

fn set<T>(cell: &RwLock<Option<T>>, value: T) {
    *cell.write().unwrap_or_else(PoisonError::into_inner) = Some(value);
}

/// Stores a value that never expires, if nothing is stored under the key. Answers whether it did.
async fn insert(api: &dyn Api, key: &str, value: Vec<u8>) -> Result<bool, ApiError> {
    let options = KvSetOptions {
        atomic: true,
        old_value: Bytes::default(),
        expire_in_seconds: 0,
    };
    api.kv_set_with_options(key, value, options).await
}

/// The key of a purpose, from the host's key.
fn derive(host_key: &[u8], purpose: &[u8]) -> Result<hmac::Key, Error> {
    let salt = Salt::new(HKDF_SHA256, &[]);
    let derived = salt.extract(host_key);
    let purpose = [purpose];
    let derived = derived.expand(&purpose, HMAC_SHA256);
    derived
        .map(hmac::Key::from)
        .map_err(|_| Error::Unavailable("the key that signs posts cannot be derived".to_owned()))
}

impl EventState {
    /// Dates, marks, and signs a post that is about to be created.
    pub(super) async fn sign_new(&mut self, post: &mut Post) -> Result<(), Error> {
        post.create_at = (self.services.clock)();
        self.sign(post).await
    }

    /// Signs a post whose author, channel, kind, and time of creation are final.
    async fn sign(&mut self, post: &mut Post) -> Result<(), Error> {
        let services = &self.services;
        let keys = services.provenance.keys(services.api.as_ref()).await?;
        let mark = random_id();
        let tag = hmac::sign(&keys.posts, &signed(&services.plugin_id, &mark, post));
        let proof = hex(tag.as_ref());
        post.props.insert(MARK.to_owned(), Any::String(mark));
        post.props.insert(PROOF.to_owned(), Any::String(proof));
        Ok(())
    }

    /// Whether this plugin created the post.
    pub(super) async fn is_own(&mut self, post: &Post) -> Result<bool, Error> {
        let Some((mark, proof)) = claims(post) else {
            return Ok(false);
        };
        let age = (self.services.clock)().saturating_sub(post.create_at);
        if !(-SKEW_MS..=LIFETIME_MS).contains(&age) {
            return Ok(false);
        }
        let message = signed(&self.services.plugin_id, mark, post);
        let services = &self.services;
        let (provenance, api) = (&services.provenance, services.api.as_ref());
        let keys = provenance.keys(api).await?;
        if hmac::verify(&keys.posts, &message, &proof).is_ok() {
            return Ok(true);
        }
        // The key may have been replaced while this process ran. Members can write posts that fail, so an event
        // reads it once.
        if std::mem::replace(&mut self.host_key_read, true) {
            return Ok(false);
        }
        let keys = provenance.read(api).await?;
        Ok(keys.is_some_and(|keys| hmac::verify(&keys.posts, &message, &proof).is_ok()))
    }

    /// Makes sure that the plugin may change this post. A post of an earlier plugin that the policy lets this one
    /// continue with gets a mark and a proof, which the change then stores.
    pub(super) async fn check_own(&mut self, post: &mut Post) -> Result<(), Error> {
        if self.is_own(post).await? {
            return Ok(());
        }
        if !self.is_adoptable(post).await? {
            let rule = "this plugin did not create the post";
            return Err(Error::Denied(rule.to_owned()));
        }
        self.sign(post).await
    }

    async fn is_adoptable(&mut self, post: &Post) -> Result<bool, Error> {
        let services = &self.services;
        let rules = services.policy.adoptions().iter();
        let keys: Vec<_> = rules
            .filter_map(|rule| Some((rule, rule.key(post)?)))
            .collect();
        if keys.is_empty() {
            return Ok(false);
        }
        let api = services.api.as_ref();
        let first = services.provenance.first_activation(api).await?;
        let now = (services.clock)();
        if post.create_at >= first || now > first.saturating_add(ADOPTION_MS) {
            return Ok(false);
        }
        for (rule, key) in keys {
            let record = api.kv_get(&key).await.map_err(refused)?;
            if record.is_some_and(|record| rule.leads_to(&record, post)) {
                return Ok(true);
            }
        }
        // The records are older than the first activation, too. Soon after it, a database replica may not have them yet.
        if now < first.saturating_add(LAG_MS) {
            let reason = "the records of an earlier plugin cannot be read for certain yet";
            return Err(Error::Unavailable(reason.to_owned()));
        }
        Ok(false)
    }
}

/// Moves mark and proof from one set of a post's properties to another.
pub(super) fn keep_proof(from: &mut super::posts::Props, to: &mut super::posts::Props) {
    for name in [MARK, PROOF] {
        to.extend(from.remove_entry(name));
    }
}

/// The mark and the decoded proof of a post that has both in the right form.
fn claims(post: &Post) -> Option<(&str, Vec<u8>)> {
    let text = |name: &str| match post.props.get(name) {
        Some(Any::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let mark = text(MARK)?;
    let is_mark = mark.len() == 32 && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some((is_mark.then_some(mark)?, unhex(text(PROOF)?)?))
}

/// What the proof of a post signs.
fn signed(plugin_id: &str, mark: &str, post: &Post) -> Vec<u8> {
    let created = post.create_at.to_string();
    let fields = [
        PURPOSE,
        plugin_id,
        mark,
        &post.user_id,
        &post.channel_id,
        &post.kind,
        &created,
    ];
    length_prefixed(&fields)
}

/// Each field after its length, so that no two lists of fields have the same text.
pub(super) fn length_prefixed(fields: &[&str]) -> Vec<u8> {
    let mut message = Vec::new();
    for field in fields {
        message.extend_from_slice(&(field.len() as u64).to_be_bytes());
        message.extend_from_slice(field.as_bytes());
    }
    message
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]);
    digits.collect()
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let value = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|v| u8::try_from(v).ok())
    };
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(value(*high)? << 4 | value(*low)?),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post() -> Post {
        Post {
            create_at: 1_785_000_000_000,
            user_id: "author".to_owned(),
            channel_id: "channel".to_owned(),
            kind: "custom_x".to_owned(),
            ..Post::default()
        }
    }

    #[test]
    fn each_field_of_a_post_is_signed() {
        let whole = signed("plugin", "mark", &post());
        let author = Post {
            user_id: "other".to_owned(),
            ..post()
        };
        let channel = Post {
            channel_id: "other".to_owned(),
            ..post()
        };
        let kind = Post {
            kind: "custom_y".to_owned(),
            ..post()
        };
        let time = Post {
            create_at: 1_785_000_000_001,
            ..post()
        };
        for changed in [author, channel, kind, time] {
            assert_ne!(whole, signed("plugin", "mark", &changed), "{changed:?}");
        }
        assert_ne!(whole, signed("plugim", "mark", &post()));
        assert_ne!(whole, signed("plugin", "marl", &post()));
    }

    #[test]
    fn text_cannot_move_from_one_field_to_the_next() {
        let one = Post {
            user_id: "ab".to_owned(),
            channel_id: "c".to_owned(),
            ..post()
        };
        let other = Post {
            user_id: "a".to_owned(),
            channel_id: "bc".to_owned(),
            ..post()
        };
        assert_ne!(signed("p", "m", &one), signed("p", "m", &other));
    }

    #[test]
    fn only_complete_claims_are_read() {
        let with = |mark: &str, proof: &str| {
            let mut post = post();
            let text = |text: &str| Any::String(text.to_owned());
            post.props.insert(MARK.to_owned(), text(mark));
            post.props.insert(PROOF.to_owned(), text(proof));
            claims(&post).is_some()
        };
        let mark = "0123456789abcdef0123456789abcdef";
        assert!(with(mark, "00ff"));
        assert!(!with(&mark[1..], "00ff"));
        assert!(!with("0123456789abcdef0123456789abcdeg", "00ff"));
        assert!(!with(mark, "00f"));
        assert!(!with(mark, "00fg"));
        assert!(!with(mark, "0+f1"));
        assert_eq!(claims(&post()), None);
    }

    #[test]
    fn hexadecimal_text_comes_back() {
        assert_eq!(hex(&[0, 0x5a, 0xff]), "005aff");
        assert_eq!(unhex("005aff"), Some(vec![0, 0x5a, 0xff]));
    }
}
