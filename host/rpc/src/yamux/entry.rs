//! One stream: its buffers, its windows, and what it owes the peer.

use std::collections::VecDeque;
use std::task::Waker;

use tokio::time::Instant;

use super::WINDOW;
use super::frame::{Flags, Header, Kind};

/// Payload a stream may send in one turn.
const TURN: usize = 16 * 1024;
/// Buffers above this capacity are given back once they are empty.
const KEEP: usize = 16 * 1024;

/// The sending direction of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Local {
    Open,
    FinQueued,
    FinSent,
}

/// One stream.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) received: VecDeque<u8>,
    /// What the peer may still send.
    pub(super) window: u32,
    /// What was consumed since credit was given last.
    pub(super) consumed: u32,
    /// Payload still to come of the Data frame being read.
    pub(super) expected: u32,
    /// That frame carried FIN.
    pub(super) fin_follows: bool,
    pub(super) peer_fin: bool,
    pub(super) reader: Option<Waker>,

    pub(super) unsent: VecDeque<u8>,
    /// What may still be sent to the peer.
    pub(super) credit: u32,
    pub(super) local: Local,
    /// Bytes of this stream are in the batch being written.
    pub(super) in_batch: bool,
    pub(super) writer: Option<Waker>,

    pub(super) syn_due: bool,
    pub(super) ack_due: bool,
    /// Opened here and not yet accepted there.
    pub(super) unacked: bool,
    /// In `ready`.
    pub(super) queued: bool,
    pub(super) reset: bool,
    pub(super) incoming: bool,
    /// Set once the application dropped the stream: when to give up on the peer.
    pub(super) dropped: Option<Instant>,
}

impl Entry {
    pub(super) fn new(incoming: bool) -> Entry {
        Entry {
            received: VecDeque::new(),
            window: WINDOW,
            consumed: 0,
            expected: 0,
            fin_follows: false,
            peer_fin: false,
            reader: None,
            unsent: VecDeque::new(),
            credit: WINDOW,
            local: Local::Open,
            in_batch: false,
            writer: None,
            syn_due: !incoming,
            ack_due: false,
            unacked: !incoming,
            queued: false,
            reset: false,
            incoming,
            dropped: None,
        }
    }

    pub(super) fn both_closed(&self) -> bool {
        self.peer_fin && self.local == Local::FinSent
    }

    pub(super) fn wake(&mut self) {
        wake(&mut self.reader);
        wake(&mut self.writer);
    }

    fn credit_due(&self) -> bool {
        self.consumed >= WINDOW / 2 && !self.peer_fin
    }

    pub(super) fn has_turn(&self) -> bool {
        self.syn_due
            || self.ack_due
            || self.credit_due()
            || (!self.unsent.is_empty() && self.credit > 0)
            || (self.local == Local::FinQueued && self.unsent.is_empty())
    }

    /// Appends the frames this stream may send now. True if payload was among them.
    pub(super) fn emit(&mut self, id: u32, out: &mut Vec<u8>) -> bool {
        let mut frame = |kind, flags, length| {
            let header = Header {
                kind,
                flags,
                stream: id,
                length,
            };
            out.extend_from_slice(&header.encode());
        };
        if std::mem::take(&mut self.syn_due) {
            frame(Kind::WindowUpdate, Flags::SYN, 0);
        }
        if std::mem::take(&mut self.ack_due) {
            frame(Kind::WindowUpdate, Flags::ACK, 0);
        }
        if self.credit_due() {
            let credit = std::mem::take(&mut self.consumed);
            self.window = self.window.saturating_add(credit);
            frame(Kind::WindowUpdate, Flags::NONE, credit);
        }
        let count = self.unsent.len().min(TURN).min(as_len(self.credit));
        if count > 0 {
            let length = u32::try_from(count).unwrap_or(self.credit);
            self.credit -= length;
            frame(Kind::Data, Flags::NONE, length);
            drain(&mut self.unsent, count, |bytes| {
                out.extend_from_slice(bytes);
            });
            wake(&mut self.writer);
        }
        if self.local == Local::FinQueued && self.unsent.is_empty() {
            self.local = Local::FinSent;
            let header = Header {
                kind: Kind::WindowUpdate,
                flags: Flags::FIN,
                stream: id,
                length: 0,
            };
            out.extend_from_slice(&header.encode());
        }
        count > 0
    }
}

/// Wakes whoever waits, once.
pub(super) fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// Remembers who waits.
pub(super) fn park(slot: &mut Option<Waker>, waker: &Waker) {
    match slot {
        Some(old) if old.will_wake(waker) => {}
        _ => *slot = Some(waker.clone()),
    }
}

/// Takes `count` bytes off the front, and the memory back when nothing is left.
pub(super) fn drain(buffer: &mut VecDeque<u8>, count: usize, mut use_bytes: impl FnMut(&[u8])) {
    let (front, back) = buffer.as_slices();
    let (first, _) = front.split_at_checked(count).unwrap_or((front, &[]));
    use_bytes(first);
    let rest = count - first.len();
    if rest > 0 {
        use_bytes(back.split_at_checked(rest).unwrap_or((back, &[])).0);
    }
    buffer.drain(..count.min(buffer.len()));
    if buffer.is_empty() && buffer.capacity() > KEEP {
        *buffer = VecDeque::new();
    }
}

/// A window as a length.
fn as_len(window: u32) -> usize {
    usize::try_from(window).unwrap_or(usize::MAX)
}
