//! Bodies on their way in and answers on their way out: what they may take of memory and time.
//!
//! Neither needs a turn to run, so that who sends or receives slowly keeps nobody from running. Instead they have
//! bounds of their own. A body needs a place, of which there are so many for each event that may run; requests of
//! people who are signed in have places that strangers cannot take, and small bodies of strangers, as webhooks have
//! them, places that large ones cannot take. It must arrive at a certain rate. A request that
//! has no body needs no place, and the body of one whose method gives it no meaning is not read. Answers have room
//! together; those that are small always find some.

use std::time::Duration;

use mattermost_plugin_rpc::mattermost::{BodyError, BodyReader, HttpRequest, ResponseWriter};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::exchange::{Reply, is_signed_in};

/// The largest request body that is taken, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// How long a body may take whatever its length, and how many bytes of it must arrive in each second after that.
const BODY_TIME: Duration = Duration::from_secs(5);
const BODY_RATE: u64 = 64 * 1024;
/// What a body without a length is taken for.
const UNKNOWN_LENGTH: u64 = 5 * BODY_RATE;

/// How long a request waits for a place for its body.
const PLACE_WAIT: Duration = Duration::from_secs(2);

/// Up to which length a stranger's body is small, in bytes.
const SMALL_BODY: usize = 32 * 1024;

/// Bodies of strangers that may be in memory, for each event that may run; those of users likewise. The small ones
/// take as much memory together as one large one.
const SMALL_PER_EVENT: usize = BODY_LIMIT / SMALL_BODY;
const LARGE_PER_EVENT: usize = 2;
const USERS_PER_EVENT: usize = 1;

/// Places for bodies.
pub(crate) struct Bodies {
    small: Semaphore,
    large: Semaphore,
    users: Semaphore,
}

/// Why a body is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There was no place for it.
    NoPlace,
    /// It is larger than is taken.
    TooLarge,
    /// It did not arrive at the least rate.
    TooSlow,
    /// It ended before its end.
    CutShort,
}

impl Refusal {
    /// In a word, for a counter.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NoPlace => "no_place",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::CutShort => "cut_short",
        }
    }

    /// What its sender is told.
    pub(crate) fn reply(self) -> Reply {
        match self {
            Self::NoPlace => Reply::busy(),
            Self::TooLarge => Reply::text(
                413,
                "the request body is too large; at most 1 MiB is accepted",
            ),
            Self::TooSlow => Reply::text(408, "the request body did not arrive in time"),
            Self::CutShort => Reply::text(400, "the request body was cut short"),
        }
    }
}

impl Bodies {
    /// Places for the bodies of so many requests that run at once, and more that wait.
    pub(crate) fn new(requests: usize) -> Self {
        Self {
            small: Semaphore::new(requests.saturating_mul(SMALL_PER_EVENT)),
            large: Semaphore::new(requests.saturating_mul(LARGE_PER_EVENT)),
            users: Semaphore::new(requests.saturating_mul(USERS_PER_EVENT)),
        }
    }

    /// Reads the body of a request, which has its place until the answer to this is dropped.
    pub(crate) async fn read(
        &self,
        request: &HttpRequest,
        mut body: BodyReader,
    ) -> Result<(Vec<u8>, Option<SemaphorePermit<'_>>), Refusal> {
        if !has_body(request) {
            return Ok((Vec::new(), None));
        }
        let length = request.content_length();
        let is_small = length.is_some_and(|length| length <= SMALL_BODY as u64);
        let (places, limit) = match is_signed_in(request) {
            true => (&self.users, BODY_LIMIT),
            false if is_small => (&self.small, SMALL_BODY),
            false => (&self.large, BODY_LIMIT),
        };
        let place = tokio::time::timeout(PLACE_WAIT, places.acquire());
        let Ok(Ok(place)) = place.await else {
            return Err(Refusal::NoPlace);
        };
        match tokio::time::timeout(time_for(length), body.read_to_limit(limit)).await {
            Ok(Ok(body)) => Ok((body, Some(place))),
            Ok(Err(BodyError::TooLarge { .. })) => Err(Refusal::TooLarge),
            Ok(Err(_)) => Err(Refusal::CutShort),
            Err(_) => Err(Refusal::TooSlow),
        }
    }
}

/// Whether a request has a body that means something.
fn has_body(request: &HttpRequest) -> bool {
    let bodiless = ["GET", "HEAD", "OPTIONS"];
    let means_nothing = bodiless
        .iter()
        .any(|one| request.method.eq_ignore_ascii_case(one));
    !means_nothing && request.content_length() != Some(0)
}

/// How long a body of this length may take.
fn time_for(length: Option<u64>) -> Duration {
    let length = length.unwrap_or(UNKNOWN_LENGTH);
    BODY_TIME + Duration::from_secs(length.min(BODY_LIMIT as u64) / BODY_RATE)
}

/// How long a client may take to receive its answer.
const ANSWER_TIME: Duration = Duration::from_secs(60);

/// Which part of the memory of all events is room for answers, beside it.
const ANSWERS_PART: usize = 4;

/// Answers up to this size are sent however many there are, in bytes: the wire knows a most of those.
const SMALL: usize = 16 * 1024;

/// Room for answers.
pub(crate) struct Answers(Semaphore);

/// What became of an answer that was not sent as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// There was no room for it; its client was told to try again.
    NoRoom,
    /// The client took it too slowly.
    TooSlow,
    /// The client was gone.
    Gone,
}

impl Dropped {
    /// In a word, for a counter.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NoRoom => "no_room",
            Self::TooSlow => "too_slow",
            Self::Gone => "gone",
        }
    }
}

impl Answers {
    /// Room for answers where all events have so much memory together, in bytes.
    pub(crate) fn new(memory: usize) -> Self {
        // In KiB, because the numbers of a semaphore end earlier than bytes do.
        Self(Semaphore::new(memory / ANSWERS_PART / 1024))
    }

    /// Sends an answer, within its time.
    pub(crate) async fn send(
        &self,
        mut reply: Reply,
        mut writer: ResponseWriter,
    ) -> Result<(), Dropped> {
        let room = self.room(&reply);
        if room.is_none() {
            reply = Reply::busy();
        }
        let sending = writer.send(reply.status, &reply.headers, &reply.body);
        let sent = tokio::time::timeout(ANSWER_TIME, sending).await;
        match (room, sent) {
            (None, _) => Err(Dropped::NoRoom),
            (Some(_), Ok(Ok(()))) => Ok(()),
            (Some(_), Ok(Err(_))) => Err(Dropped::Gone),
            (Some(_), Err(_)) => Err(Dropped::TooSlow),
        }
    }

    /// Room for an answer. Nobody waits for it: what waits would need room, too.
    fn room(&self, reply: &Reply) -> Option<SemaphorePermit<'_>> {
        let headers = reply.headers.iter();
        let headers: usize = headers.map(|(name, value)| name.len() + value.len()).sum();
        let size = reply.body.len() + headers;
        let kib = if size <= SMALL {
            0
        } else {
            size.div_ceil(1024)
        };
        let kib = u32::try_from(kib).unwrap_or(u32::MAX);
        self.0.try_acquire_many(kib).ok()
    }
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
    fn a_request_has_a_body_unless_it_says_otherwise_or_cannot_mean_it() {
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

    #[tokio::test]
    async fn who_has_no_body_needs_no_place_and_strangers_take_none_from_users() {
        let bodies = Bodies::new(1);
        let of = |request: HttpRequest| {
            let bodies = &bodies;
            async move {
                let body = BodyReader::from_bytes(b"x".to_vec());
                bodies.read(&request, body).await
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
        assert_eq!(one_more.err(), Some(Refusal::NoPlace));
        assert_eq!(one_more_small.err(), Some(Refusal::NoPlace));
        assert!(matches!(bodiless, Ok((body, None)) if body.is_empty()));
        assert!(matches!(users, Ok((body, Some(_))) if body == b"x"));
        drop(held);
        assert!(of(request("POST", &[])).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_is_as_small_as_its_length_says() {
        let bodies = Bodies::new(1);
        for (length, held) in [(SMALL_BODY, SMALL_BODY), (SMALL_BODY + 1, BODY_LIMIT)] {
            let length = length.to_string();
            let request = request("POST", &[("Content-Length", length.as_str())]);
            let fits = BodyReader::from_bytes(vec![0; held]);
            assert!(bodies.read(&request, fits).await.is_ok(), "{length}");
            let larger = BodyReader::from_bytes(vec![0; held + 1]);
            let refused = bodies.read(&request, larger).await.err();
            assert_eq!(refused, Some(Refusal::TooLarge), "{length}");
        }
    }

    #[test]
    fn a_small_body_has_little_time_and_no_body_has_more_than_a_large_one() {
        let largest = Duration::from_secs(21);
        assert_eq!(time_for(Some(500)), BODY_TIME);
        assert_eq!(time_for(Some(1024 * 1024)), largest);
        assert_eq!(time_for(Some(u64::MAX)), largest);
        assert_eq!(time_for(None), 2 * BODY_TIME);
    }

    #[test]
    fn large_answers_have_room_together_and_small_ones_always() {
        let answers = Answers::new(256 * 1024 * 1024);
        let reply = |size: usize| Reply {
            status: 200,
            headers: Vec::new(),
            body: vec![0; size],
        };
        let large = reply(15 * 1024 * 1024);
        let mut held: Vec<_> = (0..4).map(|_| answers.room(&large).unwrap()).collect();
        assert!(answers.room(&large).is_none());
        assert!(answers.room(&reply(SMALL)).is_some());
        held.pop();
        held.push(answers.room(&large).unwrap());
    }
}
