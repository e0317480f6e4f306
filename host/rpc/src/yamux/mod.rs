//! yamux: many byte streams over one connection. The protocol is described in hashicorp/yamux's `spec.md`; where
//! the specification is silent, this follows the Go implementation, because that is the peer.
//!
//! Each direction of a stream starts with a window of 256 KiB; sending more ends the session. The reader sends a
//! window update after half of the window was consumed. FIN closes one direction, and a stream ends after both
//! FINs; a second FIN from the same side ends the session. RST closes both directions at once. The side that
//! accepts a stream sends exactly one ACK.
//!
//! One task per session moves bytes. It reads frames into the receive buffers of the streams, each limited by its
//! window; it answers pings at once; and it writes from the send buffers, which are limited too, in turns and with
//! many frames per write. So a stream that is not read costs one window and does not block other streams, and
//! pings are answered whatever the application does.
//!
//! Both sides send pings, every 30 seconds as in hashicorp/yamux, and end the session if the peer sends nothing
//! for ten more seconds: a socket can be open without a process that reads it.
//!
//! The state of a session (`session_state`, `stream_state`) is behind one lock and does no I/O. `session` does the
//! I/O, and `stream` is the application's handle.
//!
//! Dropping a [`Stream`] closes it: with FIN if there are no unread bytes, otherwise with RST, because the peer's
//! writer could wait forever for a window update. If the peer does not answer the FIN within
//! [`Config::close_timeout`], the stream is reset.

mod control_queue;
pub mod frame;
mod session;
mod session_state;
mod shared;
mod stream;
mod stream_state;

use std::io;
use std::time::Duration;

pub use session::{Accept, Session};
pub use session_state::Stats;
pub use stream::{ReadHalf, Stream, WriteHalf};

/// The initial window of a stream in bytes. Fixed by the protocol.
pub const WINDOW: u32 = 256 * 1024;

/// Limits and timeouts of a session.
#[derive(Clone, Debug)]
pub struct Config {
    /// The maximum number of the peer's streams that wait to be accepted. More are reset.
    pub backlog: usize,
    /// The maximum number of this side's streams that the peer has not accepted yet. [`Session::open`] waits if
    /// there are more, because hashicorp/yamux resets the 257th.
    pub max_unaccepted: usize,
    /// The maximum number of open streams of the peer. More are reset.
    pub max_incoming: usize,
    /// The size of a stream's send buffer in bytes.
    pub send_buffer: usize,
    /// How long a dropped stream waits for the peer's FIN before it is reset.
    pub close_timeout: Duration,
    /// How often to look for dropped streams whose timeout has passed.
    pub sweep_interval: Duration,
    /// How often to send a ping; `None` for never. The session ends if the peer does not answer within
    /// [`Config::ping_timeout`].
    pub ping_interval: Option<Duration>,
    /// How long the peer may send nothing after a ping.
    pub ping_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            backlog: 256,
            max_unaccepted: 200,
            max_incoming: 16 * 1024,
            send_buffer: 64 * 1024,
            close_timeout: Duration::from_secs(5 * 60),
            sweep_interval: Duration::from_secs(30),
            ping_interval: Some(Duration::from_secs(30)),
            ping_timeout: Duration::from_secs(10),
        }
    }
}

/// Why a session has ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// The peer closed the connection.
    #[error("the peer closed the connection")]
    Eof,
    /// [`Session::close`] was called.
    #[error("closed by this side")]
    Local,
    /// Reading or writing the connection failed.
    #[error("the connection failed: {0}")]
    Io(io::ErrorKind),
    /// The peer sent nothing after a ping.
    #[error("the peer does not answer")]
    Silent,
    /// The peer violated the protocol.
    #[error("the peer violated the protocol: {0}")]
    Violation(#[from] Violation),
    /// The peer ended the session with this GoAway code.
    #[error("the peer ended the session with code {0}")]
    GoAway(u32),
}

/// A protocol violation by the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The bytes are not a frame.
    #[error(transparent)]
    Frame(#[from] frame::FrameError),
    /// The peer sent more payload than the window allows.
    #[error("stream {0} received more bytes than its window")]
    WindowExceeded(u32),
    /// A window update makes the window larger than a u32.
    #[error("the window of stream {0} overflowed")]
    WindowOverflow(u32),
    /// The peer opened a stream with an ID that belongs to this side or is in use.
    #[error("the peer cannot open a stream with the id {0}")]
    StreamId(u32),
}

/// Why a stream cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The session has ended.
    #[error("the session has ended: {0}")]
    Closed(CloseReason),
    /// One of the sides has sent GoAway.
    #[error("the session does not open new streams")]
    GoAway,
    /// All stream IDs of this side were used.
    #[error("all stream ids were used")]
    Exhausted,
}
