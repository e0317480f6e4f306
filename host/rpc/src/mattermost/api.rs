//! The seam between a plugin's logic and the server: every API method as a trait, and how it fails.
//!
//! Futures are boxed, which keeps the trait usable as `Arc<dyn Api>`; a box costs nothing beside a
//! round trip. No method has a timeout: a slow database makes a slow call, and the caller knows best
//! how long it can wait. Dropping a future forgets the answer, it does not undo the call.

use super::generated::GeneratedApi;
use super::log::LogApi;
use futures_util::future::BoxFuture;

/// The pending answer of an API call.
pub type Call<'a, T> = BoxFuture<'a, Result<T, ApiError>>;

/// Why an API call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The server refused, in the way of its REST API (`model.AppError`).
    #[error("{where_}: {message} ({id}, status {status_code})")]
    App {
        /// Name of the message, such as `app.channel.get.existing.app_error`.
        id: String,
        /// The message, in the server's language.
        message: String,
        /// HTTP status, 404 for "not found".
        status_code: i64,
        /// The function that failed.
        where_: String,
        /// More for whoever reads logs. May quote data: not for people.
        detailed: String,
    },
    /// The server refused with a plain Go error.
    #[error("{0}")]
    Go(String),
    /// The call itself failed: an unknown method, or an argument or answer that does not decode.
    #[error("the call failed: {0}")]
    Rpc(String),
    /// The answer is larger than is taken; only it is lost.
    #[error("the answer is too large")]
    TooLarge,
    /// The server ended the connection, or had ended it before.
    #[error("the connection to the server is closed")]
    Closed,
}

impl ApiError {
    /// The HTTP status the server gave, where it gave one.
    pub fn status(&self) -> Option<i64> {
        match self {
            Self::App { status_code, .. } => Some(*status_code),
            Self::Go(_) | Self::Rpc(_) | Self::TooLarge | Self::Closed => None,
        }
    }

    /// Whether the thing asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }
}

/// The methods of Mattermost's plugin API that this crate calls. Ids are 26-character strings, times are milliseconds since
/// 1970. One trait per family: `api/methods.txt` has the list.
pub trait Api: GeneratedApi + LogApi {}

impl<T: GeneratedApi + LogApi> Api for T {}
