//! Frames: the header, and a splitter that finds frames in received bytes. Nothing here does I/O.
//!
//! A header has twelve bytes, big-endian: version (always 0), type, flags, stream ID, and length. Only data frames
//! have a payload. The length of a window update is the number of additional bytes, of a ping an opaque number,
//! and of a GoAway a code. The splitter returns payload in the pieces in which it arrived, so a frame is never
//! buffered as a whole.

/// The length of a header in bytes.
pub const HEADER_LEN: usize = 12;

/// The type of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Payload of a stream. The length is the number of bytes that follow.
    Data,
    /// Enlarges the window of the frame's receiver. Also used to send flags.
    WindowUpdate,
    /// Checks that the peer is alive. The length is an opaque number that the reply repeats.
    Ping,
    /// Ends the session. The length is a code.
    GoAway,
}

/// The flags of a frame, as a bit set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u16);

impl Flags {
    /// No flag.
    pub const NONE: Flags = Flags(0);
    /// The first frame of a stream, or a ping that requests a reply.
    pub const SYN: Flags = Flags(1);
    /// The stream was accepted, or the reply to a ping.
    pub const ACK: Flags = Flags(2);
    /// The sender closes its direction of the stream.
    pub const FIN: Flags = Flags(4);
    /// Closes both directions of the stream at once.
    pub const RST: Flags = Flags(8);

    /// Whether all flags of `other` are set.
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The code of a GoAway frame for a regular end: the sender accepts no more streams.
pub const GO_AWAY_NORMAL: u32 = 0;
/// The code of a GoAway frame for a protocol violation by the receiver.
pub const GO_AWAY_PROTOCOL: u32 = 1;

/// A decoded header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The type.
    pub kind: Kind,
    /// The flags.
    pub flags: Flags,
    /// The ID of the stream; 0 for the session itself.
    pub stream: u32,
    /// Payload bytes, window increment, opaque number, or code, depending on the type.
    pub length: u32,
}

/// Why bytes are not a frame. The session cannot continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The first byte is not 0.
    #[error("yamux version {0} is not 0")]
    Version(u8),
    /// The second byte is not the type of a frame.
    #[error("yamux frame type {0} is unknown")]
    Kind(u8),
}

impl Header {
    /// Encodes the header.
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

    /// Decodes a header. Unknown flags are kept and ignored.
    ///
    /// # Errors
    ///
    /// [`FrameError`] if the version or the type is unknown.
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

/// The next piece that the splitter found.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A complete header. The payload of a data frame follows in [`Piece::Payload`].
    Header(Header),
    /// Payload of the last data frame.
    Payload {
        /// The stream of the frame.
        stream: u32,
        /// At least one byte.
        bytes: &'a [u8],
    },
}

/// Splits a byte stream into headers and payload. The bytes can arrive in pieces of any length.
#[derive(Debug, Default)]
pub struct Splitter {
    head: [u8; HEADER_LEN],
    filled: usize,
    stream: u32,
    payload_left: u32,
}

impl Splitter {
    /// Whether a frame is incomplete.
    pub fn is_mid_frame(&self) -> bool {
        self.filled > 0 || self.payload_left > 0
    }

    /// Removes the next piece from the front of `input`. `None` if all of it was consumed.
    ///
    /// # Errors
    ///
    /// [`FrameError`] if a header is invalid. Do not use the splitter afterwards.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Piece<'a>>, FrameError> {
        if self.payload_left > 0 {
            let count = usize::try_from(self.payload_left).unwrap_or(usize::MAX);
            let bytes = take(input, count);
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

/// Removes up to `count` bytes from the front.
fn take<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (bytes, rest) = input
        .split_at_checked(count)
        .unwrap_or((*input, Default::default()));
    *input = rest;
    bytes
}
