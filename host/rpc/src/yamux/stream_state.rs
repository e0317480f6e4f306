//! The state of one stream: its buffers, its windows, and the frames that it has to send.

use std::collections::VecDeque;
use std::task::Waker;

use tokio::time::Instant;

use super::WINDOW;
use super::frame::{Flags, Header, Kind};

/// The maximum payload of a data frame. A stream sends one data frame before the next stream gets its turn.
const MAX_DATA: usize = 16 * 1024;
/// The capacity that an empty buffer keeps.
const KEPT_CAPACITY: usize = 16 * 1024;

/// The sending direction of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SendDirection {
    Open,
    FinQueued,
    FinSent,
}

/// The state of one stream.
#[derive(Debug)]
pub(super) struct StreamState {
    pub(super) recv_buf: VecDeque<u8>,
    /// Bytes that the peer may still send.
    pub(super) recv_window: u32,
    /// Bytes that were read since the last window update.
    pub(super) consumed: u32,
    /// Remaining payload of the data frame that is being received.
    pub(super) payload_left: u32,
    /// The data frame that is being received has the flag FIN.
    pub(super) fin_after_payload: bool,
    /// The peer has sent FIN.
    pub(super) remote_closed: bool,
    pub(super) read_waker: Option<Waker>,

    pub(super) send_buf: VecDeque<u8>,
    /// Bytes that may still be sent to the peer.
    pub(super) send_window: u32,
    pub(super) send_direction: SendDirection,
    /// The batch that is being written contains bytes of this stream.
    pub(super) in_batch: bool,
    pub(super) write_waker: Option<Waker>,

    pub(super) send_syn: bool,
    pub(super) send_ack: bool,
    /// This side opened the stream, and the peer has not accepted it yet.
    pub(super) awaits_ack: bool,
    /// The stream is in the session's list of streams that have frames to send.
    pub(super) scheduled: bool,
    /// The stream was reset by either side.
    pub(super) reset: bool,
    /// The peer opened the stream.
    pub(super) incoming: bool,
    /// Set when the application has dropped the stream: the time at which it is reset.
    pub(super) close_deadline: Option<Instant>,
}

impl StreamState {
    pub(super) fn new(incoming: bool) -> StreamState {
        StreamState {
            recv_buf: VecDeque::new(),
            recv_window: WINDOW,
            consumed: 0,
            payload_left: 0,
            fin_after_payload: false,
            remote_closed: false,
            read_waker: None,
            send_buf: VecDeque::new(),
            send_window: WINDOW,
            send_direction: SendDirection::Open,
            in_batch: false,
            write_waker: None,
            send_syn: !incoming,
            send_ack: false,
            awaits_ack: !incoming,
            scheduled: false,
            reset: false,
            incoming,
            close_deadline: None,
        }
    }

    pub(super) fn both_closed(&self) -> bool {
        self.remote_closed && self.send_direction == SendDirection::FinSent
    }

    /// Wakes the reader and the writer.
    pub(super) fn wake(&mut self) {
        wake(&mut self.read_waker);
        wake(&mut self.write_waker);
    }

    /// Whether a window update is due: half of the window was consumed, as in hashicorp/yamux.
    fn needs_window_update(&self) -> bool {
        self.consumed >= WINDOW / 2 && !self.remote_closed
    }

    /// Whether the stream can send a frame now.
    pub(super) fn has_frames(&self) -> bool {
        self.send_syn
            || self.send_ack
            || self.needs_window_update()
            || (!self.send_buf.is_empty() && self.send_window > 0)
            || (self.send_direction == SendDirection::FinQueued && self.send_buf.is_empty())
    }

    /// Appends the frames that this stream can send now. Returns whether there is a data frame.
    pub(super) fn append_frames(&mut self, id: u32, out: &mut Vec<u8>) -> bool {
        let mut frame = |kind, flags, length| {
            let header = Header {
                kind,
                flags,
                stream: id,
                length,
            };
            out.extend_from_slice(&header.encode());
        };
        if std::mem::take(&mut self.send_syn) {
            frame(Kind::WindowUpdate, Flags::SYN, 0);
        }
        if std::mem::take(&mut self.send_ack) {
            frame(Kind::WindowUpdate, Flags::ACK, 0);
        }
        if self.needs_window_update() {
            let delta = std::mem::take(&mut self.consumed);
            self.recv_window = self.recv_window.saturating_add(delta);
            frame(Kind::WindowUpdate, Flags::NONE, delta);
        }
        let window = usize::try_from(self.send_window).unwrap_or(usize::MAX);
        let count = self.send_buf.len().min(MAX_DATA).min(window);
        if count > 0 {
            let length = u32::try_from(count).unwrap_or(self.send_window);
            self.send_window -= length;
            frame(Kind::Data, Flags::NONE, length);
            drain(&mut self.send_buf, count, |bytes| {
                out.extend_from_slice(bytes);
            });
            wake(&mut self.write_waker);
        }
        if self.send_direction == SendDirection::FinQueued && self.send_buf.is_empty() {
            self.send_direction = SendDirection::FinSent;
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

/// Wakes the task that waits, if there is one.
pub(super) fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// Registers the task that waits.
pub(super) fn register(slot: &mut Option<Waker>, waker: &Waker) {
    match slot {
        Some(old) if old.will_wake(waker) => {}
        _ => *slot = Some(waker.clone()),
    }
}

/// Removes `count` bytes from the front. Releases the memory of a large buffer when it is empty.
pub(super) fn drain(buffer: &mut VecDeque<u8>, count: usize, mut use_bytes: impl FnMut(&[u8])) {
    let (front, back) = buffer.as_slices();
    let (first, _) = front.split_at_checked(count).unwrap_or((front, &[]));
    use_bytes(first);
    let rest = count - first.len();
    if rest > 0 {
        use_bytes(back.split_at_checked(rest).unwrap_or((back, &[])).0);
    }
    buffer.drain(..count.min(buffer.len()));
    if buffer.is_empty() && buffer.capacity() > KEPT_CAPACITY {
        *buffer = VecDeque::new();
    }
}
