//! Requests to Zoom.
//!
//! Requests have a deadline, and answers have a size limit.

use crate::bindings::http::{self, Request, Response};
use crate::platform::clock;
use crate::zoom::error::kinds::Error;
use crate::zoom::error::limit::Limit;

/// How long an exchange may take, in milliseconds.
const TIMEOUT: u32 = 10_000;
/// The most that we read of an answer, in bytes.
const MAX_BODY: u32 = 1024 * 1024;
const USER_AGENT: &str = concat!("mattermost-plugin-zoom/", env!("CARGO_PKG_VERSION"));

/// The longest wait of a rate limit that a request waits for, in seconds. The person is told about a longer one and can
/// do something else meanwhile. Jobs wait longer (see [`error::Retry`]).
const SHORT_WAIT: u32 = 3;

/// Sends a request. After a rate limit with a short wait, it is sent once more.
pub fn send(
    method: &str,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
) -> Result<Response, Error> {
    let request = request(method, url, headers, body);
    let response = exchange(&request)?;
    match short_wait(&response, clock::now_ms()) {
        Some(seconds) => {
            clock::pause(u64::from(seconds) * 1000);
            exchange(&request)
        }
        None => Ok(response),
    }
}

/// Sends a request, and does not wait if Zoom limits the rate.
pub fn send_once(
    method: &str,
    url: String,
    headers: Vec<(String, String)>,
) -> Result<Response, Error> {
    exchange(&request(method, url, headers, Vec::new()))
}

fn request(
    method: &str,
    url: String,
    mut headers: Vec<(String, String)>,
    body: Vec<u8>,
) -> Request {
    headers.push(("User-Agent".to_owned(), USER_AGENT.to_owned()));
    headers.push(("Accept".to_owned(), "application/json".to_owned()));
    Request {
        method: method.to_owned(),
        url,
        headers,
        body,
        timeout: TIMEOUT,
        max_body: MAX_BODY,
    }
}

fn exchange(request: &Request) -> Result<Response, Error> {
    http::fetch(request).map_err(|error| Error::from_host(&error))
}

fn short_wait(response: &Response, now: i64) -> Option<u32> {
    (response.status == 429)
        .then(|| Limit::read(&response.headers, now).wait)
        .flatten()
        .filter(|seconds| *seconds <= SHORT_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d22_f16_short_waits_are_waited_for_and_long_ones_are_not() {
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
        let per_second = Response {
            status: 429,
            headers: vec![("x-ratelimit-type".to_owned(), "QPS".to_owned())],
            body: Vec::new(),
        };
        assert_eq!(short_wait(&per_second, 0), Some(1));
    }
}
