//! The state of a session: which streams exist, what they hold, what is to be sent next.
//!
//! Every method runs to its end under the session's lock and does no I/O. Frames that belong to no
//! living stream (resets, ping answers, GoAway) wait in `control`; everything else a stream has to
//! say is a fact in its [`Entry`], turned into frames by [`State::fill`] when the stream's turn
//! comes. So there is no queue of frames to bound per stream, a stream is at most once in `ready`,
//! and FIN or ACK cannot be sent twice because they are states and not messages.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::entry::{Entry, Local, wake};
use super::frame::{Flags, GO_AWAY_NORMAL, GO_AWAY_PROTOCOL, Header, Kind};
use super::{CloseReason, Config, OpenError, Violation};

/// Bytes after which a batch of frames is handed to the socket.
const BATCH: usize = 64 * 1024;
/// Control frames waiting to be sent before the reader pauses.
const MAX_CONTROL: usize = 4096;

/// What a session holds at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Streams with any state, dropped ones included until the peer has closed them.
    pub streams: usize,
    /// Dropped streams that wait for the peer's FIN.
    pub lingering: usize,
    /// Streams waiting to be accepted.
    pub backlog: usize,
    /// Frames waiting to be sent that belong to no stream.
    pub control: usize,
    /// Bytes received and not read yet.
    pub received: usize,
    /// Bytes written and not sent yet.
    pub unsent: usize,
    /// Memory held by the streams' buffers.
    pub capacity: usize,
}

/// Everything a session knows. See the module.
#[derive(Debug)]
pub(super) struct State {
    pub(super) config: Config,
    next_id: Option<u32>,
    /// Parity of the ids the peer uses.
    peer_odd: bool,
    streams: HashMap<u32, Entry>,
    incoming: usize,
    control: VecDeque<Header>,
    /// Pings sent so far, which is what the next one says.
    pings: u32,
    ready: VecDeque<u32>,
    batched: Vec<u32>,
    backlog: VecDeque<u32>,
    pub(super) acceptor: Option<Waker>,
    accepting: bool,
    /// One permit per stream that may be opened before the peer accepts others.
    opening: Arc<Semaphore>,
    peer_left: bool,
    /// Finish what can be sent, then end.
    pub(super) closing: bool,
    pub(super) ended: Option<CloseReason>,
}

impl State {
    pub(super) fn new(config: Config, server: bool, opening: Arc<Semaphore>) -> State {
        State {
            config,
            next_id: Some(if server { 2 } else { 1 }),
            peer_odd: server,
            streams: HashMap::new(),
            incoming: 0,
            control: VecDeque::new(),
            pings: 0,
            ready: VecDeque::new(),
            batched: Vec::new(),
            backlog: VecDeque::new(),
            acceptor: None,
            accepting: true,
            opening,
            peer_left: false,
            closing: false,
            ended: None,
        }
    }

    pub(super) fn entry(&mut self, id: u32) -> Option<&mut Entry> {
        self.streams.get_mut(&id)
    }

    /// Opens a stream; the caller has taken (and forgotten) a permit.
    pub(super) fn open(&mut self) -> Result<u32, OpenError> {
        let refused = if let Some(reason) = &self.ended {
            OpenError::Closed(reason.clone())
        } else if self.peer_left || self.closing {
            OpenError::GoAway
        } else if let Some(id) = self.next_id {
            self.next_id = id.checked_add(2);
            self.streams.insert(id, Entry::new(false));
            self.queue(id);
            return Ok(id);
        } else {
            OpenError::Exhausted
        };
        self.opening.add_permits(1);
        Err(refused)
    }

    /// Takes the stream that waited longest and owes it an ACK.
    pub(super) fn accept(&mut self) -> Option<u32> {
        while let Some(id) = self.backlog.pop_front() {
            if let Some(entry) = self.streams.get_mut(&id) {
                entry.ack_due = true;
                self.queue(id);
                return Some(id);
            }
        }
        None
    }

    /// Nobody accepts streams any more.
    pub(super) fn stop_accepting(&mut self) {
        self.accepting = false;
        while let Some(id) = self.backlog.pop_front() {
            self.abort(id);
            self.remove(id);
        }
    }

    /// Gives the stream a turn at the next batch, if it has anything to say. True if that is new.
    pub(super) fn queue(&mut self, id: u32) -> bool {
        if let Some(entry) = self.streams.get_mut(&id)
            && !entry.queued
            && !entry.reset
            && entry.has_turn()
        {
            entry.queued = true;
            self.ready.push_back(id);
            return true;
        }
        false
    }

    /// RST, unless the stream is over anyway or the peer never heard of it.
    pub(super) fn abort(&mut self, id: u32) {
        let Some(entry) = self.streams.get_mut(&id) else {
            return;
        };
        if entry.reset || self.ended.is_some() {
            return;
        }
        let (known, closed) = (!entry.syn_due, entry.both_closed());
        self.kill(id);
        if known && !closed {
            self.send_reset(id);
        }
    }

    /// The application dropped its end.
    pub(super) fn release(&mut self, id: u32, now: Instant) {
        let deadline = now + self.config.close_timeout;
        let Some(entry) = self.streams.get_mut(&id) else {
            return;
        };
        let unborn = entry.syn_due && entry.unsent.is_empty();
        if entry.reset || entry.both_closed() || unborn || self.ended.is_some() {
            return self.remove(id);
        }
        // Half a frame is unread too: its other half is to come, and may be the peer's last.
        let unread = !entry.received.is_empty() || entry.expected > 0;
        if unread && !entry.peer_fin {
            self.abort(id);
            return self.remove(id);
        }
        entry.received = VecDeque::new();
        entry.dropped = Some(deadline);
        if entry.local == Local::Open {
            entry.local = Local::FinQueued;
        }
        self.queue(id);
    }

    /// Resets dropped streams whose time is up and gives memory back.
    pub(super) fn sweep(&mut self, now: Instant) {
        let late = |entry: &Entry| entry.dropped.is_some_and(|deadline| deadline <= now);
        let mut over: Vec<u32> = Vec::new();
        over.extend(self.streams.iter().filter(|s| late(s.1)).map(|s| *s.0));
        for id in over {
            self.abort(id);
            self.remove(id);
        }
        self.streams.shrink_to(64);
        self.ready.shrink_to(64);
        self.control.shrink_to(64);
        self.backlog.shrink_to(64);
    }

    /// A header arrived. Payload, if it has any, follows through [`State::payload`].
    pub(super) fn header(&mut self, header: Header) -> Result<(), CloseReason> {
        match header.kind {
            Kind::Ping if header.flags.has(Flags::SYN) => {
                let flags = Flags::ACK;
                self.control.push_back(Header { flags, ..header });
                Ok(())
            }
            Kind::Ping => Ok(()),
            Kind::GoAway if header.length == GO_AWAY_NORMAL => {
                self.peer_left = true;
                Ok(())
            }
            Kind::GoAway => Err(CloseReason::GoAway(header.length)),
            Kind::Data | Kind::WindowUpdate => Ok(self.stream_frame(header)?),
        }
    }

    fn stream_frame(&mut self, header: Header) -> Result<(), Violation> {
        let Header {
            kind,
            flags,
            stream: id,
            length,
        } = header;
        if flags.has(Flags::SYN) {
            self.incoming(id)?;
        }
        let Some(entry) = self.streams.get_mut(&id) else {
            return Ok(());
        };
        if flags.has(Flags::ACK) && std::mem::take(&mut entry.unacked) {
            self.opening.add_permits(1);
        }
        if flags.has(Flags::RST) {
            let dropped = entry.dropped.is_some();
            self.kill(id);
            if dropped {
                self.remove(id);
            }
            return Ok(());
        }
        if entry.reset {
            return Ok(());
        }
        if kind == Kind::Data {
            if length > entry.window {
                return Err(Violation::WindowExceeded(id));
            }
            entry.window -= length;
            if length > 0 && entry.dropped.is_some() {
                self.abort(id);
                self.remove(id);
                return Ok(());
            }
            if length > 0 && !entry.peer_fin {
                entry.expected = length;
                entry.fin_follows = flags.has(Flags::FIN);
                return Ok(());
            }
        } else if length > 0 {
            let credit = entry.credit.checked_add(length);
            entry.credit = credit.ok_or(Violation::CreditOverflow(id))?;
            self.queue(id);
        }
        if flags.has(Flags::FIN) {
            self.peer_finished(id);
        }
        Ok(())
    }

    /// Payload of the Data frame whose header came last. For unknown streams it goes nowhere.
    pub(super) fn payload(&mut self, id: u32, bytes: &[u8]) {
        let Some(entry) = self.streams.get_mut(&id) else {
            return;
        };
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if entry.reset || entry.dropped.is_some() || entry.expected < length {
            return;
        }
        entry.expected -= length;
        entry.received.extend(bytes);
        wake(&mut entry.reader);
        if entry.expected == 0 && std::mem::take(&mut entry.fin_follows) {
            self.peer_finished(id);
        }
    }

    fn incoming(&mut self, id: u32) -> Result<(), Violation> {
        let peers = id != 0 && (id % 2 == 1) == self.peer_odd;
        if !peers || self.streams.contains_key(&id) {
            return Err(Violation::StreamId(id));
        }
        let full =
            self.backlog.len() >= self.config.backlog || self.incoming >= self.config.max_incoming;
        if full || self.closing || !self.accepting {
            self.send_reset(id);
            return Ok(());
        }
        self.streams.insert(id, Entry::new(true));
        self.incoming += 1;
        self.backlog.push_back(id);
        wake(&mut self.acceptor);
        Ok(())
    }

    fn peer_finished(&mut self, id: u32) {
        if let Some(entry) = self.streams.get_mut(&id) {
            entry.peer_fin = true;
            wake(&mut entry.reader);
            if entry.dropped.is_some() && entry.both_closed() {
                self.remove(id);
            }
        }
    }

    /// Appends the frames that may be sent now, control first, then the streams in turns.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>) {
        while out.len() < BATCH
            && let Some(header) = self.control.pop_front()
        {
            out.extend_from_slice(&header.encode());
        }
        while out.len() < BATCH
            && let Some(id) = self.ready.pop_front()
        {
            let Some(entry) = self.streams.get_mut(&id) else {
                continue;
            };
            entry.queued = false;
            if entry.reset {
                continue;
            }
            if entry.emit(id, out) && !std::mem::replace(&mut entry.in_batch, true) {
                self.batched.push(id);
            }
            if entry.dropped.is_some() && entry.both_closed() {
                self.remove(id);
            } else {
                self.queue(id);
            }
        }
    }

    /// The batch made by the last [`State::fill`]s is with the kernel.
    pub(super) fn written(&mut self) {
        for id in self.batched.drain(..) {
            if let Some(entry) = self.streams.get_mut(&id) {
                entry.in_batch = false;
                wake(&mut entry.writer);
            }
        }
    }

    /// Whether there is something to send.
    pub(super) fn has_work(&self) -> bool {
        !self.ready.is_empty() || !self.control.is_empty()
    }

    /// Whether the reader should wait before it makes more control frames.
    pub(super) fn congested(&self) -> bool {
        self.control.len() >= MAX_CONTROL
    }

    /// Finish: what can be sent is sent, then a GoAway, and nothing starts any more.
    pub(super) fn close(&mut self) {
        if !self.closing {
            self.closing = true;
            self.send_go_away(GO_AWAY_NORMAL);
        }
    }

    /// Asks the peer whether it is there.
    pub(super) fn ping(&mut self) {
        self.control.push_back(Header {
            kind: Kind::Ping,
            flags: Flags::SYN,
            stream: 0,
            length: self.pings,
        });
        self.pings = self.pings.wrapping_add(1);
    }

    /// Tells the peer that it broke the protocol. Only this is sent from now on.
    pub(super) fn accuse(&mut self) {
        self.control.clear();
        self.ready.clear();
        self.send_go_away(GO_AWAY_PROTOCOL);
    }

    /// The session is over: whoever waits for anything is told.
    pub(super) fn end(&mut self, reason: CloseReason) {
        if self.ended.is_none() {
            self.ended = Some(reason);
        }
        self.opening.close();
        self.ready = VecDeque::new();
        self.control = VecDeque::new();
        while let Some(id) = self.backlog.pop_front() {
            self.remove(id);
        }
        self.streams.retain(|_, entry| {
            entry.unsent = VecDeque::new();
            entry.wake();
            entry.dropped.is_none()
        });
        wake(&mut self.acceptor);
    }

    pub(super) fn stats(&self) -> Stats {
        let mut stats = Stats {
            streams: self.streams.len(),
            backlog: self.backlog.len(),
            control: self.control.len(),
            ..Stats::default()
        };
        for entry in self.streams.values() {
            stats.lingering += usize::from(entry.dropped.is_some());
            stats.received += entry.received.len();
            stats.unsent += entry.unsent.len();
            stats.capacity += entry.received.capacity() + entry.unsent.capacity();
        }
        stats
    }

    /// Both directions end now, whoever caused it. The entry stays until the application drops it.
    fn kill(&mut self, id: u32) {
        if let Some(entry) = self.streams.get_mut(&id) {
            entry.reset = true;
            entry.received = VecDeque::new();
            entry.unsent = VecDeque::new();
            if std::mem::take(&mut entry.unacked) {
                self.opening.add_permits(1);
            }
            entry.wake();
        }
    }

    fn remove(&mut self, id: u32) {
        if let Some(entry) = self.streams.remove(&id) {
            self.incoming -= usize::from(entry.incoming);
            if entry.unacked {
                self.opening.add_permits(1);
            }
        }
    }

    fn send_reset(&mut self, id: u32) {
        self.control.push_back(Header {
            kind: Kind::WindowUpdate,
            flags: Flags::RST,
            stream: id,
            length: 0,
        });
    }

    fn send_go_away(&mut self, code: u32) {
        self.control.push_back(Header {
            kind: Kind::GoAway,
            flags: Flags::NONE,
            stream: 0,
            length: code,
        });
    }
}
