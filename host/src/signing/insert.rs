//! Records that are written once.

use mattermost_plugin_rpc::gob::Bytes;
use mattermost_plugin_rpc::mattermost::{Api, ApiError, KvSetOptions};

/// Stores a value without an expiry if the key is absent. Returns whether it did.
pub(super) async fn insert_if_absent(
    api: &dyn Api,
    key: &str,
    value: Vec<u8>,
) -> Result<bool, ApiError> {
    let options = KvSetOptions {
        atomic: true,
        old_value: Bytes::default(),
        expire_in_seconds: 0,
    };
    api.kv_set_with_options(key, value, options).await
}
