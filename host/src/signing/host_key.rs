//! The host key, from which every signing key is derived.
//!
//! It is the record `_host_key`: 32 random bytes, stored once without an expiry and shared by all nodes. Each purpose
//! has a key derived from it: posts, buttons and dialogs, IDs of ephemeral messages.
//!
//! | read | result | action |
//! |---|---|---|
//! | the stored key | absent | insert it if absent; if another process was faster, read until its key appears |
//! | the cached key | did not sign this post | read the stored key once more; this host never replaces a key |

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use mattermost_plugin_rpc::mattermost::Api;
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::hmac::{self, HMAC_SHA256};

use super::insert::insert_if_absent;
use crate::error::{Error, api_error};

const RECORD: &str = "_host_key";
/// How often and how long to wait for the key of the node that stored it first, while a database replica lags.
const ATTEMPTS: u32 = 20;

const PAUSE: Duration = Duration::from_millis(100);

const KEY_LENGTH: usize = 32;

/// The keys derived from the host key, one per purpose.
#[derive(Clone)]
pub(crate) struct SigningKeys {
    pub(crate) posts: hmac::Key,
    pub(crate) interactions: hmac::Key,
    pub(crate) ephemeral: hmac::Key,
}

impl SigningKeys {
    /// Derives the keys from a host key.
    pub(crate) fn derive(host_key: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            posts: derive_key(host_key, b"mattermost-plugin posts")?,
            interactions: derive_key(host_key, b"mattermost-plugin interactions")?,
            ephemeral: derive_key(host_key, b"mattermost-plugin ephemeral messages")?,
        })
    }
}

/// The keys as this process knows them.
#[derive(Default)]
pub(crate) struct HostKey {
    cached: RwLock<Option<SigningKeys>>,
}

impl HostKey {
    /// The signing keys. The first node that needs them creates the host key.
    ///
    /// # Errors
    ///
    /// When the store does not answer, or a database replica lags for long.
    pub(crate) async fn keys(&self, api: &dyn Api) -> Result<SigningKeys, Error> {
        let cached = self
            .cached
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(keys) = cached {
            return Ok(keys);
        }
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            if let Some(keys) = self.reread(api).await? {
                return Ok(keys);
            }
            if attempt == 0 {
                let mut bytes = [0; KEY_LENGTH];
                getrandom::fill(&mut bytes)
                    .map_err(|error| Error::Unavailable(format!("no random numbers: {error}")))?;
                let inserted = insert_if_absent(api, RECORD, bytes.to_vec()).await;
                if inserted.map_err(api_error)? {
                    return self.remember(&bytes);
                }
            }
        }
        let reason = "the key that signs posts cannot be read; a database replica may lag";
        Err(Error::Unavailable(reason.to_owned()))
    }

    /// Reads the stored key, whatever this process has cached.
    pub(crate) async fn reread(&self, api: &dyn Api) -> Result<Option<SigningKeys>, Error> {
        let stored = api.kv_get(RECORD).await.map_err(api_error)?;
        stored.map(|bytes| self.remember(&bytes)).transpose()
    }

    fn remember(&self, bytes: &[u8]) -> Result<SigningKeys, Error> {
        let keys = SigningKeys::derive(bytes)?;
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        *cached = Some(keys.clone());
        Ok(keys)
    }
}

/// Derives the key of one purpose.
fn derive_key(host_key: &[u8], purpose: &[u8]) -> Result<hmac::Key, Error> {
    let salt = Salt::new(HKDF_SHA256, &[]);
    let derived = salt.extract(host_key);
    let purpose = [purpose];
    let derived = derived.expand(&purpose, HMAC_SHA256);
    derived
        .map(hmac::Key::from)
        .map_err(|_| Error::Unavailable("the key that signs posts cannot be derived".to_owned()))
}
