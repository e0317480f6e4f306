//! Errors of the queue.

use mattermost_plugin_rpc::mattermost::ApiError;
use thiserror::Error;

/// An error of the queue.
#[derive(Debug, Error)]
pub(crate) enum QueueError {
    #[error("a payload is at most 64 KiB")]
    PayloadTooLarge,
    #[error("a kind is 1 to 64 visible ASCII characters")]
    Kind,
    #[error("a delay is at most seven days")]
    Delay,
    #[error("too many jobs are waiting")]
    Full,
    #[error("the record {0} is damaged")]
    Damaged(String),
    #[error("the record {0} is changed too often, or a database replica lags")]
    Contended(String),
    #[error("the server did not answer within 10 seconds")]
    Slow,
    #[error(transparent)]
    Api(#[from] ApiError),
}
