//! `kv`: the plugin's key-value store, without the host's own keys.

use mattermost_plugin_rpc::gob::Bytes;
use mattermost_plugin_rpc::mattermost::KvSetOptions;

use super::{Answer, Error, refused};
use crate::bindings::plugin::mattermost::plugin::kv::{Expected, Host};
use crate::sandbox::EventState;

/// Keys that begin with this belong to the host.
pub(super) const HOST_PREFIX: char = '_';

const KEY_LIMIT: usize = 150;
const VALUE_LIMIT: usize = 1024 * 1024;
const PAGE_LIMIT: u32 = 1_000;

impl Host for EventState {
    async fn get(&mut self, key: String) -> Answer<Option<Vec<u8>>> {
        self.host_call()?;
        if let Err(error) = self.check(&key) {
            return Ok(Err(error));
        }
        Ok(self.services.api.kv_get(&key).await.map_err(refused))
    }

    async fn set(
        &mut self,
        key: String,
        value: Vec<u8>,
        expires_in: Option<u64>,
        expected: Expected,
    ) -> Answer<()> {
        self.host_call()?;
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
        Ok(self.write(&key, value, expiry, expected).await)
    }

    async fn delete(&mut self, key: String, expected: Expected) -> Answer<()> {
        self.host_call()?;
        if let Err(error) = self.check(&key) {
            return Ok(Err(error));
        }
        if matches!(expected, Expected::Absent) {
            let reason = "deleting what must be absent makes no sense";
            return Ok(Err(Error::Invalid(reason.to_owned())));
        }
        Ok(self.write(&key, Vec::new(), 0, expected).await)
    }

    async fn list(&mut self, page: u32, per_page: u32) -> Answer<Option<Vec<String>>> {
        self.host_call()?;
        if per_page == 0 || per_page > PAGE_LIMIT {
            let reason = format!("a page has 1 to {PAGE_LIMIT} keys");
            return Ok(Err(Error::Invalid(reason)));
        }
        let keys = self.services.api.kv_list(page, per_page).await;
        Ok(keys.map_err(refused).map(|keys| {
            (!keys.is_empty()).then(|| {
                let visible = keys.into_iter().filter(|key| !key.starts_with(HOST_PREFIX));
                visible.collect()
            })
        }))
    }
}

impl EventState {
    fn check(&self, key: &str) -> Result<(), Error> {
        let metrics = &self.services.metrics;
        check_key(key).inspect_err(|error| metrics.refusal("kv", error))
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
    if key.starts_with(HOST_PREFIX) {
        return Err(Error::Denied(format!(
            "keys that begin with {HOST_PREFIX} belong to the host"
        )));
    }
    if key.is_empty() || key.chars().count() > KEY_LIMIT {
        let reason = format!("a key has 1 to {KEY_LIMIT} characters");
        return Err(Error::Invalid(reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_host_and_keys_out_of_bounds_are_refused() {
        assert!(matches!(check_key("_post_1"), Err(Error::Denied(_))));
        assert!(matches!(check_key(""), Err(Error::Invalid(_))));
        assert!(matches!(
            check_key(&"é".repeat(151)),
            Err(Error::Invalid(_))
        ));
        assert!(check_key(&"é".repeat(150)).is_ok());
    }
}
