//! Why an API call fails, and the type of a pending call.

use futures_util::future::BoxFuture;

/// A pending API call. The future is boxed so that the API can be used as `Arc<dyn Api>`; compared with a round
/// trip to the server, the allocation costs nothing.
///
/// No call has a timeout: a slow database makes a slow call, and only the caller knows how long it can wait. If
/// the future is dropped, the reply is ignored; the call still has its effect.
pub type Call<'a, T> = BoxFuture<'a, Result<T, ApiError>>;

/// Why an API call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The server returned an error with an HTTP status (`model.AppError`).
    #[error("{where_}: {message} ({id}, status {status_code})")]
    App {
        /// The key of the message, such as `app.channel.get.existing.app_error`.
        id: String,
        /// The message in the server's language.
        message: String,
        /// HTTP status, such as 404 for "not found".
        status_code: i64,
        /// The function that failed.
        where_: String,
        /// Details for logs. They may contain user data; do not show them to users.
        detailed: String,
    },
    /// The server returned a Go `error`.
    #[error("{0}")]
    Go(String),
    /// The call itself failed: the server does not have the method, or an argument or the reply could not be decoded.
    #[error("the call failed: {0}")]
    Rpc(String),
    /// The reply exceeds the size limit. Other calls are not affected.
    #[error("the reply is too large")]
    TooLarge,
    /// The connection to the server is closed.
    #[error("the connection to the server is closed")]
    Closed,
}

impl ApiError {
    /// The HTTP status, if the error has one.
    pub fn status(&self) -> Option<i64> {
        match self {
            Self::App { status_code, .. } => Some(*status_code),
            Self::Go(_) | Self::Rpc(_) | Self::TooLarge | Self::Closed => None,
        }
    }

    /// Whether the requested object does not exist (status 404).
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }
}
