//! yamux: many byte streams over one connection.
//!
//! The peer is hashicorp/yamux, so its rules are the rules. Each direction of each stream starts
//! with a window of 256 KiB; sending beyond it kills the connection. The reader of a stream gives
//! credit back once half a window has been consumed. A stream is half-closed by FIN and gone after
//! both FINs; a second FIN from the same side kills the connection; RST ends both directions at
//! once. The side that accepts answers exactly one ACK.
//!
//! One task per session moves bytes: it reads frames into the streams' receive buffers (each
//! bounded by its window), answers pings on the spot, and writes what the streams' send buffers
//! (each bounded too) and windows allow, in turns and many frames per write. A stream whose reader
//! is asleep therefore costs its own window and stalls nothing else, and a ping is answered whatever
//! the application does.
//!
//! Both sides ping, every 30 seconds as hashicorp's do, and give up on a peer that says nothing at all for
//! ten seconds more: its socket is open still, but nobody is behind it.
//!
//! All state sits behind one short lock in `state`, which knows nothing of sockets; `session` is the
//! I/O around it and `stream` the application's end.
//!
//! Dropping a [`Stream`] closes it: with FIN when nothing unread is left, with RST otherwise, because
//! the peer's writer could sit on an exhausted window for ever. A dropped stream whose peer does not
//! answer the FIN is reset by the sweep after [`Config::close_timeout`].

mod entry;
pub mod frame;
mod session;
mod state;
mod stream;

use std::io;
use std::time::Duration;

pub use session::{Accept, Session};
pub use state::Stats;
pub use stream::{ReadHalf, Stream, WriteHalf};

/// Bytes a side may send on a stream before it gets credit. Fixed by the protocol.
pub const WINDOW: u32 = 256 * 1024;

/// Limits and times of a session.
#[derive(Clone, Debug)]
pub struct Config {
    /// Streams the peer opened that nobody accepted yet. Beyond it they are reset.
    pub backlog: usize,
    /// Streams opened here that the peer has not accepted yet. Beyond it opening waits. hashicorp's yamux
    /// resets the 257th.
    pub max_unaccepted: usize,
    /// Streams the peer may have open at a time; beyond it they are reset.
    pub max_incoming: usize,
    /// Bytes a stream holds for sending before its writer waits.
    pub send_buffer: usize,
    /// How long a dropped stream waits for the peer's FIN before it is reset.
    pub close_timeout: Duration,
    /// How often dropped streams are looked at.
    pub sweep_interval: Duration,
    /// How often the peer is pinged; `None` for never. A ping is answered within
    /// [`Config::ping_timeout`], or the session is over.
    pub ping_interval: Option<Duration>,
    /// How long a peer may say nothing at all after a ping.
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

/// Why a session is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// The peer closed the connection.
    #[error("the peer closed the connection")]
    Eof,
    /// [`Session::close`] was called.
    #[error("closed here")]
    Local,
    /// Reading or writing the connection failed.
    #[error("the connection failed: {0}")]
    Io(io::ErrorKind),
    /// The peer said nothing after a ping.
    #[error("the peer does not answer")]
    Silent,
    /// The peer broke the protocol.
    #[error("the peer broke the protocol: {0}")]
    Violation(#[from] Violation),
    /// The peer ended the session with this GoAway code.
    #[error("the peer ended the session with code {0}")]
    GoAway(u32),
}

/// How a peer broke the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Bytes that are no frame.
    #[error(transparent)]
    Frame(#[from] frame::FrameError),
    /// More payload on a stream than its window allows.
    #[error("stream {0} was sent more than its window")]
    WindowExceeded(u32),
    /// More credit than a window can hold.
    #[error("stream {0} was given more credit than can be counted")]
    CreditOverflow(u32),
    /// A new stream under an id that is not the peer's to use or is in use.
    #[error("stream id {0} cannot be opened by the peer")]
    StreamId(u32),
}

/// Why a stream cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The session is over.
    #[error("the session is over: {0}")]
    Closed(CloseReason),
    /// The peer announced that it takes no more streams, or this side did.
    #[error("the session takes no more streams")]
    GoAway,
    /// All stream ids of this side are used up.
    #[error("all stream ids are used up")]
    Exhausted,
}
