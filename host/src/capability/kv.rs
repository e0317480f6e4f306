//! `kv`: the plugin's key-value store, without reserved keys.
//!
//! Others keep records among the plugin's: the host (`_…`), the server, which stores the ID of the plugin's bot there, and
//! Go's plugin library (`mmi_…`, `mutex_mmi_…`). A component that could write them could change any post, or post as
//! any bot. These records also have a second name: if a key is absent, the server returns what an old version of
//! it stored under the key's hash. Keys that look like such a hash are therefore reserved. An old record stays
//! readable under its plain name.
//!
//! Databases differ in which keys they treat as equal: MySQL ignores case, trailing spaces, and zero-width characters. Keys
//! are therefore visible ASCII, and compared without regard to case.

use mattermost_plugin_rpc::gob::Bytes;
use mattermost_plugin_rpc::mattermost::KvSetOptions;

use crate::bindings::plugin::mattermost::plugin::kv::{self, Expected, Host};
use crate::error::{Error, HostResult, api_error};
use crate::event::Services;
use crate::event::meter::Meter;

/// Keys that begin with this belong to the host.
pub(super) const HOST_PREFIX: &str = "_";

/// Prefixes of keys that are not the component's, with the rule.
const RESERVED: [(&str, &str); 3] = [
    (HOST_PREFIX, "keys that begin with _ belong to the host"),
    ("mmi_", "keys that begin with mmi_ belong to the server"),
    (
        "mutex_mmi_",
        "keys that begin with mutex_mmi_ belong to the server",
    ),
];

/// The length of a SHA-256 in base64 without its padding.
const HASH_CHARACTERS: usize = 43;

const KEY_LIMIT: usize = 150;

const VALUE_LIMIT: usize = 1024 * 1024;

const PAGE_LIMIT: u32 = 1_000;

view!(kv { services: Services; mut meter: Meter });

impl Host for View<'_> {
    async fn get(&mut self, key: String) -> HostResult<Option<Vec<u8>>> {
        let _reservation = self.meter.begin_call(&key)?;
        if let Err(error) = self.check(&key) {
            return Ok(Err(error));
        }
        let value = self.services.api.kv_get(&key).await.map_err(api_error);
        self.meter.charge_reply(&value)?;
        Ok(self.services.count_denial("kv", value))
    }

    async fn set(
        &mut self,
        key: String,
        value: Vec<u8>,
        expires_in: Option<u64>,
        expected: Expected,
    ) -> HostResult<()> {
        let _reservation = self.meter.begin_call(&(&key, &value, &expected))?;
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
        Ok(self.services.count_denial("kv", written))
    }

    async fn delete(&mut self, key: String, expected: Expected) -> HostResult<()> {
        let _reservation = self.meter.begin_call(&(&key, &expected))?;
        if let Err(error) = self.check(&key) {
            return Ok(Err(error));
        }
        if matches!(expected, Expected::Absent) {
            let reason = "a key that must be absent cannot be deleted";
            return Ok(Err(Error::Invalid(reason.to_owned())));
        }
        let deleted = self.write(&key, Vec::new(), 0, expected).await;
        Ok(self.services.count_denial("kv", deleted))
    }

    async fn list(&mut self, page: u32, per_page: u32) -> HostResult<Option<Vec<String>>> {
        let _reservation = self.meter.begin_call(&())?;
        if per_page == 0 || per_page > PAGE_LIMIT {
            let reason = format!("a page has 1 to {PAGE_LIMIT} keys");
            return Ok(Err(Error::Invalid(reason)));
        }
        let keys = self.services.api.kv_list(page, per_page).await;
        let keys = keys.map_err(api_error).map(|keys| {
            (!keys.is_empty()).then(|| {
                let own = keys.into_iter().filter(|key| reserved_by(key).is_none());
                own.collect::<Vec<_>>()
            })
        });
        self.meter.charge_reply(&keys)?;
        Ok(self.services.count_denial("kv", keys))
    }
}

impl View<'_> {
    fn check(&self, key: &str) -> Result<(), Error> {
        self.services.count_denial("kv", check_key(key))
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
        if written.map_err(api_error)? {
            Ok(())
        } else {
            Err(Error::Conflict)
        }
    }
}

fn check_key(key: &str) -> Result<(), Error> {
    if let Some(rule) = reserved_by(key) {
        return Err(Error::Denied(rule.to_owned()));
    }
    let fits = (1..=KEY_LIMIT).contains(&key.len());
    if !fits || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let reason = format!("a key has 1 to {KEY_LIMIT} visible ASCII characters");
        return Err(Error::Invalid(reason));
    }
    Ok(())
}

/// The rule that reserves a key, if one does.
fn reserved_by(key: &str) -> Option<&'static str> {
    let begins_with = |prefix: &str| {
        let begin = key.as_bytes().get(..prefix.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    let known = RESERVED.iter().find(|(prefix, _)| begins_with(prefix));
    known
        .map(|(_, rule)| *rule)
        .or_else(|| is_hash(key).then_some("keys that look like a hash belong to the server"))
}

/// Whether an old server could have stored a value under this name.
fn is_hash(key: &str) -> bool {
    let digits = key.strip_suffix('=').unwrap_or_default().as_bytes();
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    digits.len() == HASH_CHARACTERS && digits.iter().all(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_keys_in_any_spelling_are_refused() {
        for key in [
            "_post_1",
            "mmi_botid",
            "MMI_botid",
            "mutex_mmi_bot_ensure",
            "Mutex_Mmi_x",
            "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M=",
        ] {
            assert!(matches!(check_key(key), Err(Error::Denied(_))), "{key}");
            assert!(reserved_by(key).is_some(), "{key} is listed");
        }
    }

    #[test]
    fn keys_that_only_resemble_reserved_keys_are_allowed() {
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
    fn keys_that_a_database_may_confuse_are_refused() {
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
