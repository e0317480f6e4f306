//! The memory budget for responses that are being sent.
//!
//! Sending a response needs no permit to run an event, so a slow client does not block events. Large responses share a budget
//! instead; small ones can always be sent.

use std::time::Duration;

use mattermost_plugin_rpc::mattermost::ResponseWriter;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::plugin::http_mapping::Reply;

/// How long a client may take to receive its response.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);

/// The budget is this fraction of the memory of all events, in addition to it.
const MEMORY_FRACTION: usize = 4;

/// Responses up to this size, in bytes, need no memory from the budget: the number of RPC calls bounds them.
const SMALL: usize = 16 * 1024;

/// The memory budget for responses.
pub(crate) struct ResponseBudget(Semaphore);

/// A response was not sent completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendError {
    /// The budget was exhausted; the client was told to retry.
    NoMemory,
    /// The client received it too slowly.
    TooSlow,
    /// The client disconnected.
    Gone,
}

impl SendError {
    /// The label of a counter.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::NoMemory => "no_memory",
            Self::TooSlow => "too_slow",
            Self::Gone => "gone",
        }
    }
}

impl ResponseBudget {
    /// A budget for this much memory of all events, in bytes.
    pub(crate) fn new(memory: usize) -> Self {
        // In KiB, because the number of permits of a semaphore is limited.
        Self(Semaphore::new(memory / MEMORY_FRACTION / 1024))
    }

    /// Sends a response within the timeout.
    pub(crate) async fn send(
        &self,
        mut reply: Reply,
        mut writer: ResponseWriter,
    ) -> Result<(), SendError> {
        let reserved = self.reserve(&reply);
        if reserved.is_none() {
            reply = Reply::busy();
        }
        let sending = writer.send(reply.status, &reply.headers, &reply.body);
        let sent = tokio::time::timeout(SEND_TIMEOUT, sending).await;
        match (reserved, sent) {
            (None, _) => Err(SendError::NoMemory),
            (Some(_), Ok(Ok(()))) => Ok(()),
            (Some(_), Ok(Err(_))) => Err(SendError::Gone),
            (Some(_), Err(_)) => Err(SendError::TooSlow),
        }
    }

    /// Reserves memory for a response. It does not wait, because a waiting response needs memory too.
    fn reserve(&self, reply: &Reply) -> Option<SemaphorePermit<'_>> {
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

    #[tokio::test(start_paused = true)]
    async fn a_response_received_too_slowly_is_dropped_and_returns_its_memory() {
        let (ours, theirs) = tokio::io::duplex(1024);
        let (session, accept) = Session::client(ours, Config::default());
        let (_server, mut arriving) = Session::server(theirs, Config::default());
        let broker = Broker::start(session, accept);
        let stream = broker.dial(broker.next_id()).await.unwrap();
        let mut client = arriving.next().await.unwrap();
        let mut number = [0; 4];
        client.read_exact(&mut number).await.unwrap();
        client.write_all(&number).await.unwrap();

        let budget = ResponseBudget::new(8 * 1024 * 1024);
        let began = tokio::time::Instant::now();
        let reply = Reply {
            status: 200,
            headers: Vec::new(),
            body: vec![0; 1024 * 1024],
        };
        let writer = ResponseWriter::from_stream(stream);
        // The clock jumps when nothing else can happen: nobody reads.
        let sent = budget.send(reply, writer).await;
        assert_eq!(sent, Err(SendError::TooSlow));
        assert_eq!(began.elapsed().as_secs(), SEND_TIMEOUT.as_secs());
        assert_eq!(budget.0.available_permits(), 2 * 1024);
    }

    #[test]
    fn large_responses_share_a_budget_and_small_ones_are_always_sent() {
        let budget = ResponseBudget::new(256 * 1024 * 1024);
        let reply = |size: usize| Reply {
            status: 200,
            headers: Vec::new(),
            body: vec![0; size],
        };
        let large = reply(15 * 1024 * 1024);
        let mut held: Vec<_> = (0..4).map(|_| budget.reserve(&large).unwrap()).collect();
        assert!(budget.reserve(&large).is_none());
        assert!(budget.reserve(&reply(SMALL)).is_some());
        held.pop();
        held.push(budget.reserve(&large).unwrap());
    }
}
