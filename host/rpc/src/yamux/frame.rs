//! Frames: the twelve bytes in front of everything, and a splitter for an arbitrary run of bytes.
//!
//! Nothing here does I/O or remembers a stream. A header is version (always 0), kind, flags, stream
//! id and length, all big-endian. Only Data frames are followed by bytes; the length of a
//! WindowUpdate is a credit, of a Ping an opaque number, of a GoAway a code. The splitter hands out
//! payload in the pieces in which it arrived, so no frame is ever collected whole.

/// Bytes in a header.
pub const HEADER_LEN: usize = 12;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Payload of a stream; the length counts the bytes that follow.
    Data,
    /// Credit for the receiver of the frame; also the usual carrier of flags.
    WindowUpdate,
    /// Sign of life; the length is an opaque number to be echoed.
    Ping,
    /// End of the session; the length is a code.
    GoAway,
}

/// Flags of a frame, a bit set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u16);

impl Flags {
    /// No flag.
    pub const NONE: Flags = Flags(0);
    /// The first frame of a stream, or a ping that wants an answer.
    pub const SYN: Flags = Flags(1);
    /// The stream was accepted, or the answer to a ping.
    pub const ACK: Flags = Flags(2);
    /// The sender of the frame writes no more.
    pub const FIN: Flags = Flags(4);
    /// The stream is over at once, in both directions.
    pub const RST: Flags = Flags(8);

    /// Whether all flags of `other` are set.
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The code of a GoAway frame that means "no more streams, finish what there is".
pub const GO_AWAY_NORMAL: u32 = 0;
/// The code of a GoAway frame that accuses the peer of breaking the protocol.
pub const GO_AWAY_PROTOCOL: u32 = 1;

/// A decoded header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the frame is.
    pub kind: Kind,
    /// Its flags.
    pub flags: Flags,
    /// The stream it belongs to; 0 for the session itself.
    pub stream: u32,
    /// Payload bytes, credit, opaque number or code, depending on the kind.
    pub length: u32,
}

/// Why bytes are not a yamux frame. Either way the connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The first byte is not 0.
    #[error("yamux version {0} is not 0")]
    Version(u8),
    /// The second byte names no kind of frame.
    #[error("yamux frame type {0} is unknown")]
    Kind(u8),
}

impl Header {
    /// The twelve bytes of this header.
    pub const fn encode(&self) -> [u8; HEADER_LEN] {
        let kind = match self.kind {
            Kind::Data => 0,
            Kind::WindowUpdate => 1,
            Kind::Ping => 2,
            Kind::GoAway => 3,
        };
        let [f0, f1] = self.flags.0.to_be_bytes();
        let [s0, s1, s2, s3] = self.stream.to_be_bytes();
        let [l0, l1, l2, l3] = self.length.to_be_bytes();
        [0, kind, f0, f1, s0, s1, s2, s3, l0, l1, l2, l3]
    }

    /// Reads twelve bytes.
    ///
    /// # Errors
    ///
    /// [`FrameError`] if version or kind are unknown. Unknown flags are kept and mean nothing.
    pub const fn decode(bytes: &[u8; HEADER_LEN]) -> Result<Header, FrameError> {
        let [version, kind, f0, f1, s0, s1, s2, s3, l0, l1, l2, l3] = *bytes;
        if version != 0 {
            return Err(FrameError::Version(version));
        }
        let kind = match kind {
            0 => Kind::Data,
            1 => Kind::WindowUpdate,
            2 => Kind::Ping,
            3 => Kind::GoAway,
            other => return Err(FrameError::Kind(other)),
        };
        Ok(Header {
            kind,
            flags: Flags(u16::from_be_bytes([f0, f1])),
            stream: u32::from_be_bytes([s0, s1, s2, s3]),
            length: u32::from_be_bytes([l0, l1, l2, l3]),
        })
    }
}

/// What the splitter found next.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A complete header. Its payload, if any, follows in [`Piece::Payload`]s.
    Header(Header),
    /// Some payload bytes of the Data frame whose header came last.
    Payload {
        /// The stream of that header.
        stream: u32,
        /// At least one byte.
        bytes: &'a [u8],
    },
}

/// Cuts a byte stream, given in runs of any length, into headers and payload.
#[derive(Debug, Default)]
pub struct Splitter {
    head: [u8; HEADER_LEN],
    filled: usize,
    stream: u32,
    payload_left: u32,
}

impl Splitter {
    /// Whether the rest of a frame is to come.
    pub fn is_mid_frame(&self) -> bool {
        self.filled > 0 || self.payload_left > 0
    }

    /// Takes the next piece off the front of `input`; `None` once all of it is used.
    ///
    /// # Errors
    ///
    /// [`FrameError`] from a header. The splitter is useless afterwards.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Piece<'a>>, FrameError> {
        if self.payload_left > 0 {
            let want = usize::try_from(self.payload_left).unwrap_or(usize::MAX);
            let bytes = take(input, want);
            if bytes.is_empty() {
                return Ok(None);
            }
            self.payload_left -= u32::try_from(bytes.len()).unwrap_or(self.payload_left);
            let stream = self.stream;
            return Ok(Some(Piece::Payload { stream, bytes }));
        }
        let bytes = take(input, HEADER_LEN - self.filled);
        for (slot, byte) in self.head.iter_mut().skip(self.filled).zip(bytes) {
            *slot = *byte;
        }
        self.filled += bytes.len();
        if self.filled < HEADER_LEN {
            return Ok(None);
        }
        self.filled = 0;
        let header = Header::decode(&self.head)?;
        if header.kind == Kind::Data {
            self.stream = header.stream;
            self.payload_left = header.length;
        }
        Ok(Some(Piece::Header(header)))
    }
}

/// Splits up to `count` bytes off the front.
fn take<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (bytes, rest) = input
        .split_at_checked(count)
        .unwrap_or((*input, Default::default()));
    *input = rest;
    bytes
}
