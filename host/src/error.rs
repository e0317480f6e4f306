//! The error of a host function, as the WIT package defines it, and its translation from Mattermost's API errors.

use mattermost_plugin_rpc::mattermost::ApiError;

pub(crate) use crate::bindings::plugin::mattermost::plugin::types::Error;

/// The result of a host function. The outer error traps the component; the component handles the inner one.
pub(crate) type HostResult<T> = wasmtime::Result<Result<T, Error>>;

/// Translates an API error. Its text is Mattermost's own, for the log.
pub(crate) fn api_error(error: ApiError) -> Error {
    if error == ApiError::TooLarge {
        return Error::TooLarge;
    }
    match error.status() {
        Some(404) => Error::NotFound,
        Some(401 | 403) => Error::Denied(error.to_string()),
        Some(400) => Error::Invalid(error.to_string()),
        Some(413) => Error::TooLarge,
        _ => Error::Unavailable(error.to_string()),
    }
}
