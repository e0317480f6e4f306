//! Zoom's REST API and token endpoint, as far as we use them.
//!
//! Requests have a deadline and a bound on the answer. What goes wrong becomes an [`Error`] that
//! somebody can act on; Zoom's own words stay out of it, because they are neither for people nor
//! without secrets.

pub mod client;
pub mod error;
pub mod hosts;
pub mod token;
pub mod types;

pub use client::{Client, Who};
pub use error::Error;

use crate::bindings::http::{self, Request, Response};
use crate::system;

/// How long an exchange may take, in milliseconds.
const TIMEOUT: u32 = 10_000;
/// The most that we read of an answer, in bytes.
const MAX_BODY: u32 = 1024 * 1024;
const USER_AGENT: &str = concat!("mattermost-plugin-zoom/", env!("CARGO_PKG_VERSION"));

/// The longest wait that Zoom may ask for and that we keep, in seconds. Longer ones are told to the
/// person, who can do something else meanwhile.
const SHORT_WAIT: u32 = 3;

/// Sends a request. When Zoom asks for a short wait, it is sent once more.
fn send(
    method: &str,
    url: String,
    mut headers: Vec<(String, String)>,
    body: Vec<u8>,
) -> Result<Response, Error> {
    headers.push(("User-Agent".to_owned(), USER_AGENT.to_owned()));
    headers.push(("Accept".to_owned(), "application/json".to_owned()));
    let request = Request {
        method: method.to_owned(),
        url,
        headers,
        body,
        timeout: TIMEOUT,
        max_body: MAX_BODY,
    };
    let exchange = || http::fetch(&request).map_err(|error| Error::from_host(&error));
    let response = exchange()?;
    match short_wait(&response, system::now_ms()) {
        Some(seconds) => {
            system::pause(u64::from(seconds) * 1000);
            exchange()
        }
        None => Ok(response),
    }
}

fn short_wait(response: &Response, now: i64) -> Option<u32> {
    (response.status == 429)
        .then(|| error::retry_after(&response.headers, now))
        .flatten()
        .filter(|seconds| *seconds <= SHORT_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d22_short_waits_are_kept_and_long_ones_are_not() {
        let wait = |status, after: &str| {
            let response = Response {
                status,
                headers: vec![("retry-after".to_owned(), after.to_owned())],
                body: Vec::new(),
            };
            short_wait(&response, 0)
        };
        assert_eq!(wait(429, "0"), Some(0));
        assert_eq!(wait(429, "3"), Some(3));
        assert_eq!(wait(429, "4"), None);
        assert_eq!(wait(429, "soon"), None);
        assert_eq!(wait(503, "1"), None);
    }
}
