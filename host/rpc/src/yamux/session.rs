//! The I/O of a session: one task that receives, sends, and resets expired streams.
//!
//! Receiving and sending take turns in the same task and do not wait for each other, with one exception: receiving
//! pauses while thousands of control frames (ping replies and resets) are unsent, so that a peer that floods the
//! session and never reads uses no more memory. The batch that is being written is not part of a future: after a
//! protocol violation, the rest of the batch is still sent before the GoAway.

use std::future::{pending, poll_fn};
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::frame::{Piece, Splitter};
use super::session_state::Stats;
use super::shared::Shared;
use super::stream::Stream;
use super::stream_state::register;
use super::{CloseReason, Config, OpenError, Violation};

/// The size of the buffer for reading from the connection.
const READ_BUFFER: usize = 32 * 1024;
/// The number of reads after which sending gets a turn, even if there is more to read.
const READS_PER_TURN: usize = 8;
/// The capacity that an empty batch keeps while nothing is sent.
const KEPT_CAPACITY: usize = 16 * 1024;
/// How often to yield and read again for the rest of a frame before the task sleeps.
const FRAME_RETRIES: usize = 2;
/// The time limit for the last write and the shutdown of the connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A handle of a session that opens streams. Clones share the same session.
///
/// The session lives until the connection ends or [`Session::close`] is called. Dropping the handles does not end it.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Arc<Shared>,
}

/// A handle of a session that accepts the streams that the peer opens. After it is dropped, they are reset.
#[derive(Debug)]
pub struct Accept {
    shared: Arc<Shared>,
}

impl Session {
    /// Starts the server side of a session, which has even stream IDs, on the current runtime. A plugin is the
    /// server side.
    pub fn server<Io>(io: Io, config: Config) -> (Session, Accept)
    where
        Io: AsyncRead + AsyncWrite + Send + 'static,
    {
        Session::start(io, config, true)
    }

    /// Starts the client side of a session, which has odd stream IDs. The process that starts a plugin is the
    /// client side.
    pub fn client<Io>(io: Io, config: Config) -> (Session, Accept)
    where
        Io: AsyncRead + AsyncWrite + Send + 'static,
    {
        Session::start(io, config, false)
    }

    fn start<Io>(io: Io, config: Config, server: bool) -> (Session, Accept)
    where
        Io: AsyncRead + AsyncWrite + Send + 'static,
    {
        let timers = Timers {
            sweep_interval: config.sweep_interval,
            ping_interval: config.ping_interval,
            ping_timeout: config.ping_timeout,
        };
        let shared = Arc::new(Shared::new(config, server));
        tokio::spawn(run(io, Arc::clone(&shared), timers));
        let session = Session {
            shared: Arc::clone(&shared),
        };
        (session, Accept { shared })
    }

    /// Opens a stream. It can be written to at once. Waits only while the peer has not accepted
    /// [`Config::max_unaccepted`] streams.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the session has ended or opens no more streams.
    pub async fn open(&self) -> Result<Stream, OpenError> {
        let permit = self.shared.open_permits.acquire().await;
        match permit {
            Ok(permit) => permit.forget(),
            Err(_) => return Err(self.closed_error()),
        }
        let id = self.shared.lock().open()?;
        self.shared.send_notify.notify_one();
        Ok(Stream::new(Arc::clone(&self.shared), id))
    }

    fn closed_error(&self) -> OpenError {
        let reason = self.shared.lock().close_reason.clone();
        OpenError::Closed(reason.unwrap_or(CloseReason::Local))
    }

    /// Completes when the session has ended.
    pub async fn closed(&self) -> CloseReason {
        let mut closed = self.shared.closed.subscribe();
        match closed.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or(CloseReason::Local),
            Err(_) => CloseReason::Local,
        }
    }

    /// Closes the session: sends what can be sent and a GoAway, then closes the connection.
    pub fn close(&self) {
        self.shared.lock().close();
        self.shared.send_notify.notify_one();
    }

    /// A snapshot of the session's streams and buffers.
    pub fn stats(&self) -> Stats {
        self.shared.lock().stats()
    }
}

impl Accept {
    /// The next stream that the peer opened. `None` if the session has ended.
    pub async fn next(&mut self) -> Option<Stream> {
        let id = poll_fn(|cx| {
            let mut state = self.shared.lock();
            if let Some(id) = state.accept() {
                return Poll::Ready(Some(id));
            }
            if state.close_reason.is_some() {
                return Poll::Ready(None);
            }
            register(&mut state.accept_waker, cx.waker());
            Poll::Pending
        })
        .await?;
        self.shared.send_notify.notify_one();
        Some(Stream::new(Arc::clone(&self.shared), id))
    }
}

impl Drop for Accept {
    fn drop(&mut self) {
        self.shared.lock().stop_accepting();
        self.shared.send_notify.notify_one();
    }
}

/// Intervals and timeouts of a session; see [`Config`].
#[derive(Clone, Copy)]
struct Timers {
    sweep_interval: Duration,
    ping_interval: Option<Duration>,
    ping_timeout: Duration,
}

/// Runs a session until it ends.
async fn run<Io: AsyncRead + AsyncWrite>(io: Io, shared: Arc<Shared>, timers: Timers) {
    let (mut reader, writer) = tokio::io::split(io);
    let mut writer = Writer {
        io: writer,
        batch: Vec::new(),
        sent: 0,
    };
    let reason = tokio::select! {
        reason = recv_loop(&mut reader, &shared) => reason,
        reason = writer.send_loop(&shared) => reason,
        () = sweep_loop(&shared, timers.sweep_interval) => CloseReason::Local,
        () = keepalive(&shared, timers) => CloseReason::Silent,
    };
    if let CloseReason::Violation(_) = reason {
        shared.lock().send_protocol_error();
        // Do not wait forever for a peer that does not read.
        let _ = timeout(CLOSE_TIMEOUT, writer.send_all(&shared)).await;
    }
    shared.end(reason);
    let _ = timeout(CLOSE_TIMEOUT, writer.io.shutdown()).await;
}

async fn recv_loop(io: &mut (impl AsyncRead + Unpin), shared: &Shared) -> CloseReason {
    let mut splitter = Splitter::default();
    let mut buffer = vec![0; READ_BUFFER];
    let mut reads = 0;
    let mut retries = 0;
    loop {
        let count = match io.read(&mut buffer).await {
            Ok(0) => return CloseReason::Eof,
            Ok(count) => count,
            Err(error) => return CloseReason::Io(error.kind()),
        };
        shared.received.notify_one();
        let mut input = buffer.get(..count).unwrap_or_default();
        let (has_frames, control_is_full) = {
            let mut state = shared.lock();
            loop {
                match splitter.next(&mut input) {
                    Ok(Some(Piece::Header(header))) => {
                        if let Err(reason) = state.handle_frame(header) {
                            return reason;
                        }
                    }
                    Ok(Some(Piece::Payload { stream, bytes })) => {
                        state.handle_payload(stream, bytes)
                    }
                    Ok(None) => break,
                    Err(error) => return Violation::from(error).into(),
                }
            }
            (state.has_frames(), state.control_is_full())
        };
        if has_frames {
            shared.send_notify.notify_one();
        }
        if control_is_full {
            while shared.lock().control_is_full() {
                shared.control_sent.notified().await;
            }
        }
        reads += 1;
        if reads % READS_PER_TURN == 0 {
            tokio::task::yield_now().await;
        }
        // hashicorp/yamux writes a header and its payload separately, and this side often receives only the
        // header. Reading again costs less than putting the task to sleep.
        retries = if splitter.is_mid_frame() {
            retries + 1
        } else {
            0
        };
        if (1..=FRAME_RETRIES).contains(&retries) {
            tokio::task::yield_now().await;
        }
    }
}

/// The write half of the connection, the batch of frames that is being written, and how many of its bytes were written.
struct Writer<W> {
    io: W,
    batch: Vec<u8>,
    sent: usize,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// Sends frames until the session closes.
    async fn send_loop(&mut self, shared: &Shared) -> CloseReason {
        loop {
            if let Err(error) = self.send_all(shared).await {
                return CloseReason::Io(error.kind());
            }
            if shared.lock().closing {
                return CloseReason::Local;
            }
            if self.batch.capacity() > KEPT_CAPACITY {
                self.batch = Vec::new();
            }
            shared.send_notify.notified().await;
            run_ready_tasks_first().await;
        }
    }

    /// Sends everything that can be sent now.
    async fn send_all(&mut self, shared: &Shared) -> io::Result<()> {
        loop {
            while let Some(rest) = self.batch.get(self.sent..).filter(|rest| !rest.is_empty()) {
                match self.io.write(rest).await? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    count => self.sent += count,
                }
            }
            self.sent = 0;
            if !self.batch.is_empty() {
                self.io.flush().await?;
                self.batch.clear();
            }
            let mut state = shared.lock();
            state.batch_written();
            state.fill_batch(&mut self.batch);
            drop(state);
            shared.control_sent.notify_one();
            if self.batch.is_empty() {
                return Ok(());
            }
        }
    }
}

/// Runs all other tasks that are ready now, so that their frames are in the same batch: the write is the most
/// expensive part of a small message. Unlike `yield_now`, this does not poll the sockets in between.
async fn run_ready_tasks_first() {
    let mut waited = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn sweep_loop(shared: &Shared, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let now: Instant = ticks.tick().await;
        shared.lock().sweep(now);
        shared.send_notify.notify_one();
    }
}

/// Sends pings. Completes when the peer sends nothing within the timeout. Any bytes from the peer count, and not
/// only the reply to the ping: the reply may be behind many other frames.
async fn keepalive(shared: &Shared, timers: Timers) {
    let Some(every) = timers.ping_interval else {
        return pending().await;
    };
    loop {
        sleep(every).await;
        // Ignore what was received before the ping.
        let _ = shared.received.notified().now_or_never();
        shared.lock().ping();
        shared.send_notify.notify_one();
        if timeout(timers.ping_timeout, shared.received.notified())
            .await
            .is_ok()
        {
            continue;
        }
        // If this process was suspended, the reply may be in the socket. Let the receiving side read it.
        for _ in 0..READS_PER_TURN {
            tokio::task::yield_now().await;
        }
        if shared.received.notified().now_or_never().is_none() {
            return;
        }
    }
}
