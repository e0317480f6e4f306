//! When a process of this host was first activated on this server.
//!
//! Posts of an earlier plugin can be continued only if they are older, and only for some time after it. The record
//! `_first_activation` is written once, by the first process that starts.

use std::sync::{PoisonError, RwLock};

use mattermost_plugin_rpc::mattermost::{Api, ApiError};

use super::insert::insert_if_absent;
use crate::error::{Error, api_error};

const RECORD: &str = "_first_activation";

/// The time of the first activation, as this process knows it.
#[derive(Default)]
pub(crate) struct FirstActivation {
    cached: RwLock<Option<i64>>,
}

impl FirstActivation {
    /// Stores the current time, unless an earlier process stored its own.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub(crate) async fn record(&self, api: &dyn Api, now: i64) -> Result<(), ApiError> {
        let value = now.to_string().into_bytes();
        if insert_if_absent(api, RECORD, value).await? {
            self.remember(now);
        }
        Ok(())
    }

    /// The time of the first activation, in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// When the record cannot be read: it was stored when the process started.
    pub(crate) async fn time(&self, api: &dyn Api) -> Result<i64, Error> {
        let cached = *self.cached.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(time) = cached {
            return Ok(time);
        }
        let stored = api.kv_get(RECORD).await.map_err(api_error)?;
        let text = stored.and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(time) = text.and_then(|text| text.parse().ok()) else {
            let reason = "the time of the first activation cannot be read yet";
            return Err(Error::Unavailable(reason.to_owned()));
        };
        self.remember(time);
        Ok(time)
    }

    fn remember(&self, time: i64) {
        *self.cached.write().unwrap_or_else(PoisonError::into_inner) = Some(time);
    }
}
