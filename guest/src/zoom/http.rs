//! Sends requests to Zoom, with a time limit and a size limit for responses.

use crate::bindings::http::{self, Request, Response};
use crate::platform::clock;
use crate::zoom::error::kinds::Error;
use crate::zoom::error::limit::RateLimit;

/// The time limit of a request, in milliseconds.
const TIMEOUT: u32 = 10_000;
/// The size limit of a response, in bytes.
const MAX_BODY: u32 = 1024 * 1024;
const USER_AGENT: &str = concat!("mattermost-plugin-zoom/", env!("CARGO_PKG_VERSION"));

/// The longest rate limit for which a request waits, in seconds. If it is longer, the user gets a sentence with the time.
/// Jobs wait longer (see [`crate::zoom::error::kinds::Retry`]).
const SHORT_WAIT: u32 = 3;

/// Sends a request. After a short rate limit, sends it once more.
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
            clock::sleep_ms(u64::from(seconds) * 1000);
            exchange(&request)
        }
        None => Ok(response),
    }
}

/// Sends a request without waiting for the end of a rate limit.
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
        .then(|| RateLimit::read(&response.headers, now).wait)
        .flatten()
        .filter(|seconds| *seconds <= SHORT_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d22_f16_requests_wait_for_short_rate_limits_only() {
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
