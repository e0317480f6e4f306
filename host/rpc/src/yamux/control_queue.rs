//! The control frames of a session that wait to be sent: pings, ping replies, resets, and GoAway. They belong to
//! no living stream.

use std::collections::VecDeque;

use super::frame::{Flags, Header, Kind};

/// The session stops reading while this many control frames are unsent.
const MAX_FRAMES: usize = 4096;

/// The control frames that wait to be sent.
#[derive(Debug, Default)]
pub(super) struct ControlQueue {
    frames: VecDeque<Header>,
    /// The opaque number of the next ping.
    next_ping: u32,
}

impl ControlQueue {
    /// Sends a ping.
    pub(super) fn ping(&mut self) {
        let ping = self.next_ping;
        self.next_ping = ping.wrapping_add(1);
        self.push(Kind::Ping, Flags::SYN, 0, ping);
    }

    /// Replies to a ping.
    pub(super) fn ping_reply(&mut self, ping: Header) {
        self.push(Kind::Ping, Flags::ACK, ping.stream, ping.length);
    }

    /// Resets a stream.
    pub(super) fn reset(&mut self, id: u32) {
        self.push(Kind::WindowUpdate, Flags::RST, id, 0);
    }

    /// Sends a GoAway with this code.
    pub(super) fn go_away(&mut self, code: u32) {
        self.push(Kind::GoAway, Flags::NONE, 0, code);
    }

    fn push(&mut self, kind: Kind, flags: Flags, stream: u32, length: u32) {
        self.frames.push_back(Header {
            kind,
            flags,
            stream,
            length,
        });
    }

    /// Takes the next frame.
    pub(super) fn pop(&mut self) -> Option<Header> {
        self.frames.pop_front()
    }

    /// The number of frames.
    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there is no frame.
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Whether the session must not read anything that produces more frames.
    pub(super) fn is_full(&self) -> bool {
        self.frames.len() >= MAX_FRAMES
    }

    /// Discards all frames and releases their memory.
    pub(super) fn clear(&mut self) {
        self.frames = VecDeque::new();
    }

    /// Releases unused memory.
    pub(super) fn shrink_to(&mut self, capacity: usize) {
        self.frames.shrink_to(capacity);
    }
}
