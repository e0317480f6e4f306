//! Requests, bodies on their way in and answers on their way out: what they may take of memory and time.
//!
//! Of requests there may be so many under way for each event that may run, of strangers and of users, that all places
//! for bodies can be taken and some more wait; those beyond are told so at once. One user has a part of what all have,
//! so that nobody keeps the others, or Zoom, from theirs.
//!
//! Neither needs a turn to run, so that who sends or receives slowly keeps nobody from running. Instead they have
//! bounds of their own. A body needs a place, of which there are so many for each event that may run; requests of
//! people who are signed in have places that strangers cannot take, and small bodies of strangers, as webhooks have
//! them, places that large ones cannot take. It must arrive at a certain rate. A request that
//! has no body needs no place, and the body of one whose method gives it no meaning is not read. Answers have room
//! together; those that are small always find some.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mattermost_plugin_rpc::mattermost::{BodyError, BodyReader, HttpRequest, ResponseWriter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::plugin::http_mapping::{Reply, is_signed_in};

/// How many requests may be under way for each event that may run: of strangers those with a place for their bodies,
/// and some without.
const STRANGERS: usize = SMALL_PER_EVENT + LARGE_PER_EVENT + 6;
const SIGNED_IN: usize = 16;

/// Requests that are under way.
pub(crate) struct Crowd {
    strangers: Semaphore,
    users: Semaphore,
    size: usize,
}

impl Crowd {
    /// Where so many requests may run at once.
    pub(crate) fn new(requests: usize) -> Self {
        let of = |each: usize| requests.saturating_mul(each).min(Semaphore::MAX_PERMITS);
        Self {
            strangers: Semaphore::new(of(STRANGERS)),
            users: Semaphore::new(of(SIGNED_IN)),
            size: of(STRANGERS + SIGNED_IN),
        }
    }

    /// How many there may be.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Counts a request until the answer is dropped. None where there are too many.
    pub(crate) fn enter(&self, request: &HttpRequest) -> Option<SemaphorePermit<'_>> {
        let kind = match is_signed_in(request) {
            true => &self.users,
            false => &self.strangers,
        };
        kind.try_acquire().ok()
    }
}

/// Which part of what all users have one of them may have.
const PART: usize = 4;

/// How long somebody waits for a share of their own.
const SHARE_WAIT: Duration = Duration::from_secs(2);

/// What each user has at the same time.
pub(crate) struct Shares {
    each: usize,
    taken: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Shares {
    /// Shares of what there is for so many.
    pub(crate) fn of(all: usize) -> Self {
        Self {
            each: all.div_ceil(PART),
            taken: Mutex::default(),
        }
    }

    /// One of the user's, until the answer is dropped. None where they have all of them, and go on having them.
    pub(crate) async fn one(&self, user: &str) -> Option<Share<'_>> {
        let own = {
            let mut taken = self.taken();
            let new = || Arc::new(Semaphore::new(self.each));
            Arc::clone(taken.entry(user.to_owned()).or_insert_with(new))
        };
        let mut share = Share {
            shares: self,
            user: user.to_owned(),
            permit: None,
        };
        let permit = tokio::time::timeout(SHARE_WAIT, own.acquire_owned()).await;
        share.permit = Some(permit.ok()?.ok()?);
        Some(share)
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<String, Arc<Semaphore>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part of what a user has.
pub(crate) struct Share<'a> {
    shares: &'a Shares,
    user: String,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.permit = None;
        let mut taken = self.shares.taken();
        // Nobody has one, and nobody waits.
        if taken
            .get(&self.user)
            .is_some_and(|own| Arc::strong_count(own) == 1)
        {
            taken.remove(&self.user);
        }
    }
}

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

/// A message of the log, and its fields.
type Warning = (&'static str, Vec<(String, String)>);

const TOO_LARGE: &str = "A request was refused because its body is larger than the plugin accepts.";
/// The server ends a body at its own limit without a word.
const CUT_SHORT: &str = "A request was refused because its body ended early. If the body is larger than the server setting Maximum Payload Size (ServiceSettings.MaximumPayloadSizeBytes), raise that setting.";

/// Why a body is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There was no place for it.
    NoPlace,
    /// It is larger than is taken.
    TooLarge,
    /// It did not arrive at the least rate.
    TooSlow,
    /// It ended before its end, after so many bytes, where that is known.
    CutShort(Option<u64>),
}

impl Refusal {
    /// In a word, for a counter.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NoPlace => "no_place",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::CutShort(_) => "cut_short",
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
            Self::CutShort(_) => Reply::text(400, "the request body was cut short"),
        }
    }

    /// The line of the log about a body that hit a limit of size: its message, and its fields.
    pub(crate) fn log_line(self, request: &HttpRequest) -> Option<Warning> {
        let (message, name, bytes) = match self {
            Self::TooLarge => (TOO_LARGE, "limit_bytes", Some(BODY_LIMIT as u64)),
            Self::CutShort(received) => (CUT_SHORT, "received_bytes", received),
            Self::NoPlace | Self::TooSlow => return None,
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
            Ok(Err(BodyError::Truncated { received, .. })) => {
                Err(Refusal::CutShort(Some(received)))
            }
            Ok(Err(_)) => Err(Refusal::CutShort(None)),
            Err(_) => Err(Refusal::TooSlow),
        }
    }
}

/// Whether a request is like a webhook: a small body that somebody posts who is not signed in.
pub(crate) fn is_like_a_webhook(request: &HttpRequest, body: &[u8]) -> bool {
    request.method.eq_ignore_ascii_case("POST")
        && !is_signed_in(request)
        && body.len() <= SMALL_BODY
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
    use mattermost_plugin_rpc::go_plugin::Broker;
    use mattermost_plugin_rpc::yamux::{Config, Session};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

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

    #[test]
    fn a_webhook_is_a_small_post_of_a_stranger() {
        let user = [("Mattermost-User-Id", "ann")];
        let small = [0; SMALL_BODY];
        assert!(is_like_a_webhook(&request("POST", &[]), &small));
        assert!(!is_like_a_webhook(&request("GET", &[]), &small));
        assert!(!is_like_a_webhook(&request("POST", &user), &small));
        assert!(!is_like_a_webhook(
            &request("POST", &[]),
            &[0; SMALL_BODY + 1]
        ));
    }

    #[test]
    fn of_strangers_and_of_users_so_many_are_under_way_and_neither_keeps_out_the_other() {
        let crowd = Crowd::new(1);
        let user = request("GET", &[("Mattermost-User-Id", "ann")]);
        let stranger = request("GET", &[]);
        let mut held: Vec<_> = (0..STRANGERS)
            .map(|_| crowd.enter(&stranger).unwrap())
            .collect();
        assert!(crowd.enter(&stranger).is_none());
        held.extend((0..SIGNED_IN).map(|_| crowd.enter(&user).unwrap()));
        assert!(crowd.enter(&user).is_none());
        assert_eq!(crowd.size(), held.len());
        drop(held);
        assert!(crowd.enter(&stranger).is_some() && crowd.enter(&user).is_some());
        assert!(Crowd::new(usize::MAX).enter(&user).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn each_user_has_a_share_waits_for_it_and_is_forgotten_afterwards() {
        let shares = Shares::of(8);
        let mut held = vec![shares.one("ann").await.unwrap()];
        held.push(shares.one("ann").await.unwrap());
        assert!(shares.one("ann").await.is_none(), "and waits in vain");
        assert!(shares.one("bob").await.is_some());
        assert_eq!(shares.taken().len(), 1);
        let (waited, ()) = tokio::join!(shares.one("ann"), async {
            tokio::time::sleep(SHARE_WAIT / 2).await;
            held.pop();
        });
        assert!(waited.is_some());
        held.clear();
        drop(waited);
        assert!(shares.taken().is_empty());
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

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_taken_too_slowly_is_dropped_and_gives_its_room_back() {
        let (ours, theirs) = tokio::io::duplex(1024);
        let (session, accept) = Session::client(ours, Config::default());
        let (_server, mut arriving) = Session::server(theirs, Config::default());
        let broker = Broker::start(session, accept);
        let stream = broker.dial(broker.next_id()).await.unwrap();
        let mut client = arriving.next().await.unwrap();
        let mut number = [0; 4];
        client.read_exact(&mut number).await.unwrap();
        client.write_all(&number).await.unwrap();

        let answers = Answers::new(8 * 1024 * 1024);
        let began = tokio::time::Instant::now();
        let reply = Reply {
            status: 200,
            headers: Vec::new(),
            body: vec![0; 1024 * 1024],
        };
        let writer = ResponseWriter::from_stream(stream);
        // The clock jumps when nothing else can happen: nobody reads.
        let sent = answers.send(reply, writer).await;
        assert_eq!(sent, Err(Dropped::TooSlow));
        assert_eq!(began.elapsed().as_secs(), ANSWER_TIME.as_secs());
        assert_eq!(answers.0.available_permits(), 2 * 1024);
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
