//! Zoom's REST API and token endpoint, as far as we use them.
//!
//! Requests have a deadline and a bound on the answer. What goes wrong becomes an [`Error`] that
//! somebody can act on; Zoom's own words stay out of it, because they are neither for people nor
//! without secrets.

pub mod client;
pub mod error;
pub mod token;
pub mod types;

pub use client::Client;
pub use error::Error;

use crate::bindings::http::{self, Request, Response};

/// How long an exchange may take, in milliseconds.
const TIMEOUT: u32 = 10_000;
/// The most that we read of an answer, in bytes.
const MAX_BODY: u32 = 1024 * 1024;
const USER_AGENT: &str = concat!("mattermost-plugin-zoom/", env!("CARGO_PKG_VERSION"));

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
    http::fetch(&request).map_err(|error| Error::from_host(&error))
}
