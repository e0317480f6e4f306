//! Slots and timeouts for request bodies.
//!
//! Reading a body needs no permit to run an event, so a slow sender does not block events. Instead, bodies have slots, a fixed
//! number per event that may run: users have slots that anonymous callers cannot take, and small anonymous bodies, such as
//! webhooks, have slots that large ones cannot take. A body must arrive at a minimum rate. A request without a body
//! needs no slot, and the body of a method that gives it no meaning is not read.

use std::time::Duration;

use mattermost_plugin_rpc::mattermost::{BodyError as RpcBodyError, BodyReader, HttpRequest};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::plugin::http_mapping::{Reply, is_signed_in};

/// The largest accepted request body, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;
/// The time that any body may take, and the bytes that must arrive in each further second.
const MIN_BODY_TIMEOUT: Duration = Duration::from_secs(5);
const BODY_RATE: u64 = 64 * 1024;
/// The assumed length of a body without one.
const UNKNOWN_LENGTH: u64 = 5 * BODY_RATE;
/// How long a request waits for a slot.
const SLOT_TIMEOUT: Duration = Duration::from_secs(2);
/// The largest small body, in bytes.
const SMALL_BODY: usize = 32 * 1024;
/// Slots per event that may run: for small and large anonymous bodies, and for bodies of users. The small slots together
/// take as much memory as one large one.
pub(super) const SMALL_PER_EVENT: usize = BODY_LIMIT / SMALL_BODY;
pub(super) const LARGE_PER_EVENT: usize = 2;
const USERS_PER_EVENT: usize = 1;

/// A log message and its fields.
type LogMessage = (&'static str, Vec<(String, String)>);

const TOO_LARGE: &str = "A request was refused because its body is larger than the plugin accepts.";

/// The server truncates a body at its own limit without an error.
const TRUNCATED: &str = "A request was refused because its body ended early. If the body is larger than the server setting Maximum Payload Size (ServiceSettings.MaximumPayloadSizeBytes), raise that setting.";

/// A body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// No slot was free.
    NoSlot,
    /// It is larger than accepted.
    TooLarge,
    /// It arrived too slowly.
    TooSlow,
    /// It ended early, after this many bytes if known.
    Truncated(Option<u64>),
}

impl BodyError {
    /// The label of a counter.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::NoSlot => "no_slot",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::Truncated(_) => "truncated",
        }
    }

    /// The response.
    pub(crate) fn reply(self) -> Reply {
        match self {
            Self::NoSlot => Reply::busy(),
            Self::TooLarge => Reply::text(
                413,
                "the request body is too large; at most 1 MiB is accepted",
            ),
            Self::TooSlow => Reply::text(408, "the request body did not arrive in time"),
            Self::Truncated(_) => Reply::text(400, "the request body was truncated"),
        }
    }

    /// The log message and fields for a body that exceeded a size limit.
    pub(crate) fn log_line(self, request: &HttpRequest) -> Option<LogMessage> {
        let (message, name, bytes) = match self {
            Self::TooLarge => (TOO_LARGE, "limit_bytes", Some(BODY_LIMIT as u64)),
            Self::Truncated(received) => (TRUNCATED, "received_bytes", received),
            Self::NoSlot | Self::TooSlow => return None,
        };
        let known = |bytes: Option<u64>| bytes.map_or("unknown".to_owned(), |one| one.to_string());
        let fields = [
            ("path", request.path().to_owned()),
            ("size_bytes", known(request.content_length())),
            (name, known(bytes)),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value));
        Some((message, fields.to_vec()))
    }
}

/// Slots for request bodies.
pub(crate) struct BodySlots {
    small: Semaphore,
    large: Semaphore,
    users: Semaphore,
}

impl BodySlots {
    /// Slots for this many concurrent requests.
    pub(crate) fn new(requests: usize) -> Self {
        Self {
            small: Semaphore::new(requests.saturating_mul(SMALL_PER_EVENT)),
            large: Semaphore::new(requests.saturating_mul(LARGE_PER_EVENT)),
            users: Semaphore::new(requests.saturating_mul(USERS_PER_EVENT)),
        }
    }

    /// Reads the body of a request. The body keeps its slot until the permit is dropped.
    pub(crate) async fn read(
        &self,
        request: &HttpRequest,
        mut body: BodyReader,
    ) -> Result<(Vec<u8>, Option<SemaphorePermit<'_>>), BodyError> {
        if !has_body(request) {
            return Ok((Vec::new(), None));
        }
        let length = request.content_length();
        let is_small = length.is_some_and(|length| length <= SMALL_BODY as u64);
        let (slots, limit) = match is_signed_in(request) {
            true => (&self.users, BODY_LIMIT),
            false if is_small => (&self.small, SMALL_BODY),
            false => (&self.large, BODY_LIMIT),
        };
        let slot = tokio::time::timeout(SLOT_TIMEOUT, slots.acquire());
        let Ok(Ok(slot)) = slot.await else {
            return Err(BodyError::NoSlot);
        };
        match tokio::time::timeout(body_timeout(length), body.read_to_limit(limit)).await {
            Ok(Ok(body)) => Ok((body, Some(slot))),
            Ok(Err(RpcBodyError::TooLarge { .. })) => Err(BodyError::TooLarge),
            Ok(Err(RpcBodyError::Truncated { received, .. })) => {
                Err(BodyError::Truncated(Some(received)))
            }
            Ok(Err(_)) => Err(BodyError::Truncated(None)),
            Err(_) => Err(BodyError::TooSlow),
        }
    }
}

/// Whether a request looks like a webhook: a small body that is posted without a session.
pub(crate) fn is_webhook_like(request: &HttpRequest, body: &[u8]) -> bool {
    request.method.eq_ignore_ascii_case("POST")
        && !is_signed_in(request)
        && body.len() <= SMALL_BODY
}

/// Whether a request has a meaningful body.
fn has_body(request: &HttpRequest) -> bool {
    let bodiless = ["GET", "HEAD", "OPTIONS"];
    let means_nothing = bodiless
        .iter()
        .any(|one| request.method.eq_ignore_ascii_case(one));
    !means_nothing && request.content_length() != Some(0)
}

/// The time that a body of this length may take.
fn body_timeout(length: Option<u64>) -> Duration {
    let length = length.unwrap_or(UNKNOWN_LENGTH);
    MIN_BODY_TIMEOUT + Duration::from_secs(length.min(BODY_LIMIT as u64) / BODY_RATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, headers: &[(&str, &str)]) -> HttpRequest {
        let headers = headers.iter();
        HttpRequest {
            method: method.to_owned(),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]))
                .collect(),
            ..HttpRequest::default()
        }
    }

    #[test]
    fn a_request_has_a_body_unless_it_is_empty_or_meaningless() {
        for (method, length, has) in [
            ("POST", Some("12"), true),
            ("POST", Some("0"), false),
            ("POST", None, true),
            ("DELETE", None, true),
            ("GET", None, false),
            ("get", Some("12"), false),
            ("HEAD", Some("12"), false),
        ] {
            let length = length.map(|length| ("Content-Length", length));
            let request = request(method, length.as_slice());
            assert_eq!(has_body(&request), has, "{request:?}");
        }
    }

    #[test]
    fn a_webhook_is_a_small_anonymous_post() {
        let user = [("Mattermost-User-Id", "ann")];
        let small = [0; SMALL_BODY];
        assert!(is_webhook_like(&request("POST", &[]), &small));
        assert!(!is_webhook_like(&request("GET", &[]), &small));
        assert!(!is_webhook_like(&request("POST", &user), &small));
        assert!(!is_webhook_like(
            &request("POST", &[]),
            &[0; SMALL_BODY + 1]
        ));
    }

    #[tokio::test]
    async fn bodiless_requests_need_no_slot_and_anonymous_callers_take_none_from_users() {
        let slots = BodySlots::new(1);
        let of = |request: HttpRequest| {
            let slots = &slots;
            async move {
                let body = BodyReader::from_bytes(b"x".to_vec());
                slots.read(&request, body).await
            }
        };
        let user = [("Mattermost-User-Id", "ann")];
        let mut held = Vec::new();
        for _ in 0..LARGE_PER_EVENT {
            held.push(of(request("POST", &[])).await.unwrap());
        }
        let small = [("Content-Length", "1")];
        for _ in 0..SMALL_PER_EVENT {
            held.push(of(request("POST", &small)).await.unwrap());
        }
        let (one_more, one_more_small, bodiless, users) = tokio::join!(
            of(request("POST", &[])),
            of(request("POST", &small)),
            of(request("GET", &[])),
            of(request("POST", &user))
        );
        assert_eq!(one_more.err(), Some(BodyError::NoSlot));
        assert_eq!(one_more_small.err(), Some(BodyError::NoSlot));
        assert!(matches!(bodiless, Ok((body, None)) if body.is_empty()));
        assert!(matches!(users, Ok((body, Some(_))) if body == b"x"));
        drop(held);
        assert!(of(request("POST", &[])).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_must_fit_the_slot_for_its_length() {
        let slots = BodySlots::new(1);
        for (length, held) in [(SMALL_BODY, SMALL_BODY), (SMALL_BODY + 1, BODY_LIMIT)] {
            let length = length.to_string();
            let request = request("POST", &[("Content-Length", length.as_str())]);
            let fits = BodyReader::from_bytes(vec![0; held]);
            assert!(slots.read(&request, fits).await.is_ok(), "{length}");
            let larger = BodyReader::from_bytes(vec![0; held + 1]);
            let refused = slots.read(&request, larger).await.err();
            assert_eq!(refused, Some(BodyError::TooLarge), "{length}");
        }
    }

    #[test]
    fn the_timeout_grows_with_the_length_up_to_a_limit() {
        let largest = Duration::from_secs(21);
        assert_eq!(body_timeout(Some(500)), MIN_BODY_TIMEOUT);
        assert_eq!(body_timeout(Some(1024 * 1024)), largest);
        assert_eq!(body_timeout(Some(u64::MAX)), largest);
        assert_eq!(body_timeout(None), 2 * MIN_BODY_TIMEOUT);
    }
}
