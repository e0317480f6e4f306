//! The timeout of API calls that the queue makes.

use std::time::Duration;

use mattermost_plugin_rpc::mattermost::ApiError;

use super::error::QueueError;

/// The timeout of one API call. A running job must not wait longer to renew its lease.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Waits for an API call, up to the timeout.
pub(super) async fn with_timeout<T>(
    call: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, QueueError> {
    match tokio::time::timeout(CALL_TIMEOUT, call).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(QueueError::Slow),
    }
}
