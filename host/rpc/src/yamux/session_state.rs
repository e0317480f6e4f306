//! The state of a session: its streams, their buffers, and the frames that are sent next.
//!
//! All methods run under the session's lock and do no I/O. Control frames wait in a [`ControlQueue`]. All other
//! frames are not queued: they follow from the [`StreamState`], and [`SessionState::fill_batch`] makes them when
//! it is the stream's turn. So there is no queue of frames per stream to limit, a stream is in `ready` at most
//! once, and FIN and ACK cannot be sent twice.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::control_queue::ControlQueue;
use super::frame::{Flags, GO_AWAY_NORMAL, GO_AWAY_PROTOCOL, Header, Kind};
use super::stream_state::{SendDirection, StreamState, wake};
use super::{CloseReason, Config, OpenError, Violation};

/// A batch of frames is written to the connection when it has this many bytes.
const BATCH: usize = 64 * 1024;

/// A snapshot of a session's streams and buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// All streams, including those that the application has dropped and the peer has not closed yet.
    pub streams: usize,
    /// Streams that the application has dropped and that wait for the peer's FIN.
    pub lingering: usize,
    /// Streams that wait to be accepted.
    pub backlog: usize,
    /// Control frames that wait to be sent.
    pub control: usize,
    /// Received bytes that were not read yet.
    pub received: usize,
    /// Written bytes that were not sent yet.
    pub unsent: usize,
    /// The capacity of all buffers of streams, in bytes.
    pub capacity: usize,
}

/// The state of a session.
#[derive(Debug)]
pub(super) struct SessionState {
    pub(super) config: Config,
    /// The ID of the next stream that this side opens. `None` if all IDs are used up.
    next_id: Option<u32>,
    /// Whether the peer's streams have odd IDs.
    peer_is_odd: bool,
    streams: HashMap<u32, StreamState>,
    /// The number of streams that the peer has opened.
    incoming: usize,
    control: ControlQueue,
    /// Streams that have frames to send, in the order of their turns.
    ready: VecDeque<u32>,
    /// Streams with bytes in the batch that is being written.
    in_batch: Vec<u32>,
    /// Streams that wait to be accepted.
    backlog: VecDeque<u32>,
    pub(super) accept_waker: Option<Waker>,
    accepting: bool,
    /// One permit for each stream that may be opened before the peer accepts others.
    open_permits: Arc<Semaphore>,
    /// The peer has sent GoAway.
    remote_go_away: bool,
    /// The session ends when everything that can be sent was sent.
    pub(super) closing: bool,
    pub(super) close_reason: Option<CloseReason>,
}

impl SessionState {
    pub(super) fn new(config: Config, server: bool, open_permits: Arc<Semaphore>) -> SessionState {
        SessionState {
            config,
            next_id: Some(if server { 2 } else { 1 }),
            peer_is_odd: server,
            streams: HashMap::new(),
            incoming: 0,
            control: ControlQueue::default(),
            ready: VecDeque::new(),
            in_batch: Vec::new(),
            backlog: VecDeque::new(),
            accept_waker: None,
            accepting: true,
            open_permits,
            remote_go_away: false,
            closing: false,
            close_reason: None,
        }
    }

    pub(super) fn stream(&mut self, id: u32) -> Option<&mut StreamState> {
        self.streams.get_mut(&id)
    }

    /// Opens a stream. The caller has taken a permit and forgotten it; it is given back when the peer accepts the
    /// stream.
    pub(super) fn open(&mut self) -> Result<u32, OpenError> {
        let error = if let Some(reason) = &self.close_reason {
            OpenError::Closed(reason.clone())
        } else if self.remote_go_away || self.closing {
            OpenError::GoAway
        } else if let Some(id) = self.next_id {
            self.next_id = id.checked_add(2);
            self.streams.insert(id, StreamState::new(false));
            self.schedule(id);
            return Ok(id);
        } else {
            OpenError::Exhausted
        };
        self.open_permits.add_permits(1);
        Err(error)
    }

    /// Accepts the stream that has waited longest.
    pub(super) fn accept(&mut self) -> Option<u32> {
        while let Some(id) = self.backlog.pop_front() {
            if let Some(stream) = self.streams.get_mut(&id) {
                stream.send_ack = true;
                self.schedule(id);
                return Some(id);
            }
        }
        None
    }

    /// Resets all streams that wait to be accepted, and all later ones.
    pub(super) fn stop_accepting(&mut self) {
        self.accepting = false;
        while let Some(id) = self.backlog.pop_front() {
            self.reset(id);
            self.remove(id);
        }
    }

    /// Schedules the stream for the next batch if it has frames to send. Returns whether it was not scheduled before.
    pub(super) fn schedule(&mut self, id: u32) -> bool {
        if let Some(stream) = self.streams.get_mut(&id)
            && !stream.scheduled
            && !stream.reset
            && stream.has_frames()
        {
            stream.scheduled = true;
            self.ready.push_back(id);
            return true;
        }
        false
    }

    /// Resets a stream. Sends RST unless the stream is closed or the peer does not know it yet.
    pub(super) fn reset(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        if stream.reset || self.close_reason.is_some() {
            return;
        }
        let (known, closed) = (!stream.send_syn, stream.both_closed());
        self.stop(id);
        if known && !closed {
            self.control.reset(id);
        }
    }

    /// Closes a stream that the application has dropped.
    pub(super) fn close_stream(&mut self, id: u32, now: Instant) {
        let deadline = now + self.config.close_timeout;
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        let never_opened = stream.send_syn && stream.send_buf.is_empty();
        if stream.reset || stream.both_closed() || never_opened || self.close_reason.is_some() {
            return self.remove(id);
        }
        // The rest of a frame that is being received counts as unread, too.
        let unread = !stream.recv_buf.is_empty() || stream.payload_left > 0;
        if unread && !stream.remote_closed {
            self.reset(id);
            return self.remove(id);
        }
        stream.recv_buf = VecDeque::new();
        stream.close_deadline = Some(deadline);
        if stream.send_direction == SendDirection::Open {
            stream.send_direction = SendDirection::FinQueued;
        }
        self.schedule(id);
    }

    /// Resets dropped streams whose deadline has passed, and releases unused memory.
    pub(super) fn sweep(&mut self, now: Instant) {
        let expired = |stream: &StreamState| {
            stream
                .close_deadline
                .is_some_and(|deadline| deadline <= now)
        };
        let mut expired_ids: Vec<u32> = Vec::new();
        expired_ids.extend(self.streams.iter().filter(|s| expired(s.1)).map(|s| *s.0));
        for id in expired_ids {
            self.reset(id);
            self.remove(id);
        }
        self.streams.shrink_to(64);
        self.ready.shrink_to(64);
        self.control.shrink_to(64);
        self.backlog.shrink_to(64);
    }

    /// Handles the header of a frame. [`SessionState::handle_payload`] handles the payload of a data frame.
    pub(super) fn handle_frame(&mut self, header: Header) -> Result<(), CloseReason> {
        match header.kind {
            Kind::Ping if header.flags.has(Flags::SYN) => {
                self.control.ping_reply(header);
                Ok(())
            }
            Kind::Ping => Ok(()),
            Kind::GoAway if header.length == GO_AWAY_NORMAL => {
                self.remote_go_away = true;
                Ok(())
            }
            Kind::GoAway => Err(CloseReason::GoAway(header.length)),
            Kind::Data | Kind::WindowUpdate => Ok(self.handle_stream_frame(header)?),
        }
    }

    fn handle_stream_frame(&mut self, header: Header) -> Result<(), Violation> {
        let Header {
            kind,
            flags,
            stream: id,
            length,
        } = header;
        if flags.has(Flags::SYN) {
            self.incoming_stream(id)?;
        }
        let Some(stream) = self.streams.get_mut(&id) else {
            return Ok(());
        };
        if flags.has(Flags::ACK) && std::mem::take(&mut stream.awaits_ack) {
            self.open_permits.add_permits(1);
        }
        if flags.has(Flags::RST) {
            let dropped = stream.close_deadline.is_some();
            self.stop(id);
            if dropped {
                self.remove(id);
            }
            return Ok(());
        }
        if stream.reset {
            return Ok(());
        }
        if kind == Kind::Data {
            if length > stream.recv_window {
                return Err(Violation::WindowExceeded(id));
            }
            stream.recv_window -= length;
            if length > 0 && stream.close_deadline.is_some() {
                self.reset(id);
                self.remove(id);
                return Ok(());
            }
            if length > 0 && !stream.remote_closed {
                stream.payload_left = length;
                stream.fin_after_payload = flags.has(Flags::FIN);
                return Ok(());
            }
        } else if length > 0 {
            let window = stream.send_window.checked_add(length);
            stream.send_window = window.ok_or(Violation::WindowOverflow(id))?;
            self.schedule(id);
        }
        if flags.has(Flags::FIN) {
            self.remote_fin(id);
        }
        Ok(())
    }

    /// Handles payload of the last data frame. Payload for an unknown stream is ignored.
    pub(super) fn handle_payload(&mut self, id: u32, bytes: &[u8]) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if stream.reset || stream.close_deadline.is_some() || stream.payload_left < length {
            return;
        }
        stream.payload_left -= length;
        stream.recv_buf.extend(bytes);
        wake(&mut stream.read_waker);
        if stream.payload_left == 0 && std::mem::take(&mut stream.fin_after_payload) {
            self.remote_fin(id);
        }
    }

    fn incoming_stream(&mut self, id: u32) -> Result<(), Violation> {
        let is_peers = id != 0 && (id % 2 == 1) == self.peer_is_odd;
        if !is_peers || self.streams.contains_key(&id) {
            return Err(Violation::StreamId(id));
        }
        let full =
            self.backlog.len() >= self.config.backlog || self.incoming >= self.config.max_incoming;
        if full || self.closing || !self.accepting {
            self.control.reset(id);
            return Ok(());
        }
        self.streams.insert(id, StreamState::new(true));
        self.incoming += 1;
        self.backlog.push_back(id);
        wake(&mut self.accept_waker);
        Ok(())
    }

    fn remote_fin(&mut self, id: u32) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.remote_closed = true;
            wake(&mut stream.read_waker);
            if stream.close_deadline.is_some() && stream.both_closed() {
                self.remove(id);
            }
        }
    }

    /// Appends the frames that can be sent now: first control frames, then the frames of the streams in turn.
    pub(super) fn fill_batch(&mut self, out: &mut Vec<u8>) {
        while out.len() < BATCH
            && let Some(header) = self.control.pop()
        {
            out.extend_from_slice(&header.encode());
        }
        while out.len() < BATCH
            && let Some(id) = self.ready.pop_front()
        {
            let Some(stream) = self.streams.get_mut(&id) else {
                continue;
            };
            stream.scheduled = false;
            if stream.reset {
                continue;
            }
            if stream.append_frames(id, out) && !std::mem::replace(&mut stream.in_batch, true) {
                self.in_batch.push(id);
            }
            if stream.close_deadline.is_some() && stream.both_closed() {
                self.remove(id);
            } else {
                self.schedule(id);
            }
        }
    }

    /// The last batch was written to the connection.
    pub(super) fn batch_written(&mut self) {
        for id in self.in_batch.drain(..) {
            if let Some(stream) = self.streams.get_mut(&id) {
                stream.in_batch = false;
                wake(&mut stream.write_waker);
            }
        }
    }

    /// Whether there are frames to send.
    pub(super) fn has_frames(&self) -> bool {
        !self.ready.is_empty() || !self.control.is_empty()
    }

    /// Whether reading must wait until control frames were sent.
    pub(super) fn control_is_full(&self) -> bool {
        self.control.is_full()
    }

    /// Closes the session: sends what can be sent and a GoAway. No stream can be opened any more.
    pub(super) fn close(&mut self) {
        if !self.closing {
            self.closing = true;
            self.control.go_away(GO_AWAY_NORMAL);
        }
    }

    /// Sends a ping.
    pub(super) fn ping(&mut self) {
        self.control.ping();
    }

    /// Sends a GoAway because the peer violated the protocol. Nothing else is sent any more.
    pub(super) fn send_protocol_error(&mut self) {
        self.control.clear();
        self.ready.clear();
        self.control.go_away(GO_AWAY_PROTOCOL);
    }

    /// Ends the session and wakes all tasks that wait.
    pub(super) fn end(&mut self, reason: CloseReason) {
        if self.close_reason.is_none() {
            self.close_reason = Some(reason);
        }
        self.open_permits.close();
        self.ready = VecDeque::new();
        self.control.clear();
        while let Some(id) = self.backlog.pop_front() {
            self.remove(id);
        }
        self.streams.retain(|_, stream| {
            stream.send_buf = VecDeque::new();
            stream.wake();
            stream.close_deadline.is_none()
        });
        wake(&mut self.accept_waker);
    }

    pub(super) fn stats(&self) -> Stats {
        let mut stats = Stats {
            streams: self.streams.len(),
            backlog: self.backlog.len(),
            control: self.control.len(),
            ..Stats::default()
        };
        for stream in self.streams.values() {
            stats.lingering += usize::from(stream.close_deadline.is_some());
            stats.received += stream.recv_buf.len();
            stats.unsent += stream.send_buf.len();
            stats.capacity += stream.recv_buf.capacity() + stream.send_buf.capacity();
        }
        stats
    }

    /// Stops both directions of a stream. Its state stays until the application drops the stream.
    fn stop(&mut self, id: u32) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.reset = true;
            stream.recv_buf = VecDeque::new();
            stream.send_buf = VecDeque::new();
            if std::mem::take(&mut stream.awaits_ack) {
                self.open_permits.add_permits(1);
            }
            stream.wake();
        }
    }

    fn remove(&mut self, id: u32) {
        if let Some(stream) = self.streams.remove(&id) {
            self.incoming -= usize::from(stream.incoming);
            if stream.awaits_ack {
                self.open_permits.add_permits(1);
            }
        }
    }
}
