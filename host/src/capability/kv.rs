//! `kv`: the plugin's key-value store, without keys that are somebody else's.
//!
//! Three others keep records among the plugin's: the host (`_…`), the server, which notes there which account
//! is the plugin's bot, and Go's library for plugins (`mmi_…`, `mutex_mmi_…`). A component that could write them
//! could change any post, or post as any bot. They have a second name, too: where a key is absent, the server
//! answers with what an old version of it stored under the key's hash. So what looks like such a hash is nobody's
//! key. An old record stays readable, by its plain name.
//!
//! Databases differ in which keys they take for the same: MySQL ignores case, spaces at the end, and characters
//! without a width. Keys are therefore visible ASCII, and compared without regard to case.

use mattermost_plugin_rpc::gob::Bytes;
use mattermost_plugin_rpc::mattermost::KvSetOptions;

use super::{Answer, Error, refused};
use crate::bindings::plugin::mattermost::plugin::kv::{Expected, Host};
use crate::sandbox::EventState;

/// Keys that begin with this belong to the host.
pub(super) const HOST_PREFIX: &str = "_";
/// What the keys of others begin with, and whose they are.
const OTHERS: [(&str, &str); 3] = [
    (HOST_PREFIX, "keys that begin with _ belong to the host"),
    ("mmi_", "keys that begin with mmi_ belong to the server"),
    (
        "mutex_mmi_",
        "keys that begin with mutex_mmi_ belong to the server",
    ),
];
/// A SHA-256 in base64: so many characters, and a padding.
const HASH_CHARACTERS: usize = 43;

const KEY_LIMIT: usize = 150;
const VALUE_LIMIT: usize = 1024 * 1024;
const PAGE_LIMIT: u32 = 1_000;

impl Host for EventState {
    async fn get(&mut self, key: String) -> Answer<Option<Vec<u8>>> {
        let _held = self.host_call(&key)?;
        if let Err(error) = self.check(&key) {
            return Ok(Err(error));
        }
        let value = self.services.api.kv_get(&key).await.map_err(refused);
        self.answers_with(&value)?;
        Ok(self.counted("kv", value))
    }

    async fn set(
        &mut self,
        key: String,
        value: Vec<u8>,
        expires_in: Option<u64>,
        expected: Expected,
    ) -> Answer<()> {
        let _held = self.host_call(&(&key, &value, &expected))?;
        if let Err(error) = self.check(&key) {
            return Ok(Err(error));
        }
        if value.is_empty() {
            let reason = "an empty value would delete the key: use kv.delete";
            return Ok(Err(Error::Invalid(reason.to_owned())));
        }
        if value.len() > VALUE_LIMIT {
            return Ok(Err(Error::TooLarge));
        }
        let expiry = match expires_in.map(i64::try_from) {
            None => 0,
            Some(Ok(seconds)) if seconds > 0 => seconds,
            Some(_) => {
                let reason = "an expiry is a positive number of seconds";
                return Ok(Err(Error::Invalid(reason.to_owned())));
            }
        };
        let written = self.write(&key, value, expiry, expected).await;
        Ok(self.counted("kv", written))
    }

    async fn delete(&mut self, key: String, expected: Expected) -> Answer<()> {
        let _held = self.host_call(&(&key, &expected))?;
        if let Err(error) = self.check(&key) {
            return Ok(Err(error));
        }
        if matches!(expected, Expected::Absent) {
            let reason = "deleting what must be absent makes no sense";
            return Ok(Err(Error::Invalid(reason.to_owned())));
        }
        let deleted = self.write(&key, Vec::new(), 0, expected).await;
        Ok(self.counted("kv", deleted))
    }

    async fn list(&mut self, page: u32, per_page: u32) -> Answer<Option<Vec<String>>> {
        let _held = self.host_call(&())?;
        if per_page == 0 || per_page > PAGE_LIMIT {
            let reason = format!("a page has 1 to {PAGE_LIMIT} keys");
            return Ok(Err(Error::Invalid(reason)));
        }
        let keys = self.services.api.kv_list(page, per_page).await;
        let keys = keys.map_err(refused).map(|keys| {
            (!keys.is_empty()).then(|| {
                let own = keys.into_iter().filter(|key| others(key).is_none());
                own.collect::<Vec<_>>()
            })
        });
        self.answers_with(&keys)?;
        Ok(self.counted("kv", keys))
    }
}

impl EventState {
    fn check(&self, key: &str) -> Result<(), Error> {
        self.counted("kv", check_key(key))
    }

    /// Writes to a key that has been checked.
    async fn write(
        &mut self,
        key: &str,
        value: Vec<u8>,
        expiry: i64,
        expected: Expected,
    ) -> Result<(), Error> {
        if matches!(&expected, Expected::Value(value) if value.len() > VALUE_LIMIT) {
            return Err(Error::TooLarge);
        }
        let options = KvSetOptions {
            atomic: !matches!(expected, Expected::Any),
            old_value: match expected {
                Expected::Value(value) => Bytes(value),
                Expected::Any | Expected::Absent => Bytes::default(),
            },
            expire_in_seconds: expiry,
        };
        let api = &self.services.api;
        let written = api.kv_set_with_options(key, value, options).await;
        if written.map_err(refused)? {
            Ok(())
        } else {
            Err(Error::Conflict)
        }
    }
}

fn check_key(key: &str) -> Result<(), Error> {
    if let Some(rule) = others(key) {
        return Err(Error::Denied(rule.to_owned()));
    }
    let fits = (1..=KEY_LIMIT).contains(&key.len());
    if !fits || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let reason = format!("a key has 1 to {KEY_LIMIT} visible ASCII characters");
        return Err(Error::Invalid(reason));
    }
    Ok(())
}

/// Why a key is not the component's, where it is somebody else's.
fn others(key: &str) -> Option<&'static str> {
    let begins_with = |prefix: &str| {
        let begin = key.as_bytes().get(..prefix.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    let known = OTHERS.iter().find(|(prefix, _)| begins_with(prefix));
    known.map(|(_, rule)| *rule).or_else(|| {
        is_hash(key).then_some("keys that are the hash of another belong to the server")
    })
}

/// Whether it could be the name under which an old server stored something.
fn is_hash(key: &str) -> bool {
    let digits = key.strip_suffix('=').unwrap_or_default().as_bytes();
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    digits.len() == HASH_CHARACTERS && digits.iter().all(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_others_in_any_spelling_are_refused() {
        for key in [
            "_post_1",
            "mmi_botid",
            "MMI_botid",
            "mutex_mmi_bot_ensure",
            "Mutex_Mmi_x",
            "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M=",
        ] {
            assert!(matches!(check_key(key), Err(Error::Denied(_))), "{key}");
            assert!(others(key).is_some(), "{key} is listed");
        }
    }

    #[test]
    fn keys_that_only_resemble_those_of_others_are_the_components() {
        for key in [
            "a_post_1",
            "mmi",
            "mmibot",
            "mutex_other",
            "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M",
            "7XACtDnprIRfIjV9giusFERzD722AW0-yUMil7nsn3M=",
            "xXACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M7=",
        ] {
            assert!(check_key(key).is_ok(), "{key}");
        }
    }

    #[test]
    fn keys_that_a_database_may_take_for_others_are_refused() {
        let hash = "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M= ";
        for key in ["", " ", "\u{200b}_post_1", "\u{ff3f}post_1", "a b", hash] {
            assert!(matches!(check_key(key), Err(Error::Invalid(_))), "{key:?}");
        }
        assert!(matches!(
            check_key(&"k".repeat(151)),
            Err(Error::Invalid(_))
        ));
        assert!(check_key(&"k".repeat(150)).is_ok());
    }
}
