//! The data that the task of a session shares with the handles of the session and its streams.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore, watch};

use super::session_state::SessionState;
use super::{CloseReason, Config};

/// Shared by the task, [`Session`](super::Session), [`Accept`](super::Accept), and all streams.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<SessionState>,
    /// There may be frames to send.
    pub(super) send_notify: Notify,
    /// Control frames were sent.
    pub(super) control_sent: Notify,
    /// Bytes were received.
    pub(super) received: Notify,
    /// One permit for each stream that may be opened before the peer accepts others.
    pub(super) open_permits: Arc<Semaphore>,
    pub(super) closed: watch::Sender<Option<CloseReason>>,
}

impl Shared {
    pub(super) fn new(config: Config, server: bool) -> Shared {
        let open_permits = Arc::new(Semaphore::new(config.max_unaccepted));
        Shared {
            state: Mutex::new(SessionState::new(config, server, Arc::clone(&open_permits))),
            send_notify: Notify::new(),
            control_sent: Notify::new(),
            received: Notify::new(),
            open_permits,
            closed: watch::Sender::new(None),
        }
    }

    /// Locks the state. Poisoning is ignored: no method of the state can panic in the middle of a change.
    pub(super) fn lock(&self) -> MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the session.
    pub(super) fn end(&self, reason: CloseReason) {
        self.lock().end(reason.clone());
        self.closed.send_replace(Some(reason));
    }
}
