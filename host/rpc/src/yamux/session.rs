//! The I/O around the state: one task that reads, writes and sweeps.
//!
//! Reader and writer share the task and take turns; neither waits for the other, except that the
//! reader pauses while thousands of control frames (answers to pings, resets) are unsent, so that a
//! peer that floods and never reads costs nothing. The writer keeps its half-written batch outside of
//! its future: after a protocol violation the rest of it still goes out before the GoAway.

use std::future::{pending, poll_fn};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::entry::park;
use super::frame::{Piece, Splitter};
use super::state::{State, Stats};
use super::stream::Stream;
use super::{CloseReason, Config, OpenError, Violation};

/// Bytes read from the connection at a time.
const READ: usize = 32 * 1024;
/// Reads after which the writer gets a turn, even if there is more to read.
const READS_PER_TURN: usize = 8;
/// Empty batch buffers above this capacity are given back when the writer goes to sleep.
const KEEP: usize = 16 * 1024;
/// Times a reader looks again for the rest of a frame before it goes to sleep.
const LOOKS: usize = 2;
/// How long the last words to a peer that broke the protocol may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What the handles and the task share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// There may be something to write.
    pub(super) work: Notify,
    /// Control frames were written.
    relief: Notify,
    /// Bytes came.
    heard: Notify,
    opening: Arc<Semaphore>,
    closed: watch::Sender<Option<CloseReason>>,
}

impl Shared {
    /// The state. A panic elsewhere cannot leave it half changed, so poison means nothing.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, reason: CloseReason) {
        self.lock().end(reason.clone());
        self.closed.send_replace(Some(reason));
    }
}

/// A yamux session: the end that opens streams. Clones are the same session.
///
/// The session lives until the connection or [`Session::close`] ends it; dropping handles does not.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Arc<Shared>,
}

/// The end of a session that takes the streams the peer opens. Once dropped they are refused.
#[derive(Debug)]
pub struct Accept {
    shared: Arc<Shared>,
}

impl Session {
    /// Starts the server side (even stream ids), which is what a plugin is, on the current runtime.
    pub fn server<Io>(io: Io, config: Config) -> (Session, Accept)
    where
        Io: AsyncRead + AsyncWrite + Send + 'static,
    {
        Session::start(io, config, true)
    }

    /// Starts the client side (odd stream ids), which is what the Mattermost server is.
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
        let opening = Arc::new(Semaphore::new(config.max_unaccepted));
        let clocks = Clocks {
            sweep: config.sweep_interval,
            ping: config.ping_interval,
            patience: config.ping_timeout,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(config, server, Arc::clone(&opening))),
            work: Notify::new(),
            relief: Notify::new(),
            heard: Notify::new(),
            opening,
            closed: watch::Sender::new(None),
        });
        tokio::spawn(drive(io, Arc::clone(&shared), clocks));
        let session = Session {
            shared: Arc::clone(&shared),
        };
        (session, Accept { shared })
    }

    /// Opens a stream. It can be written to at once. Waits only while the peer has
    /// [`Config::max_unaccepted`] streams from here that it has not accepted.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the session is over or takes no more streams.
    pub async fn open(&self) -> Result<Stream, OpenError> {
        let permit = self.shared.opening.acquire().await;
        match permit {
            Ok(permit) => permit.forget(),
            Err(_) => return Err(self.why_closed()),
        }
        let id = self.shared.lock().open()?;
        self.shared.work.notify_one();
        Ok(Stream::new(Arc::clone(&self.shared), id))
    }

    fn why_closed(&self) -> OpenError {
        let reason = self.shared.lock().ended.clone();
        OpenError::Closed(reason.unwrap_or(CloseReason::Local))
    }

    /// Resolves when the session is over.
    pub async fn closed(&self) -> CloseReason {
        let mut closed = self.shared.closed.subscribe();
        match closed.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or(CloseReason::Local),
            Err(_) => CloseReason::Local,
        }
    }

    /// Ends the session: what may be sent now is sent, then a GoAway, then the connection is closed.
    pub fn close(&self) {
        self.shared.lock().close();
        self.shared.work.notify_one();
    }

    /// What the session holds at the moment.
    pub fn stats(&self) -> Stats {
        self.shared.lock().stats()
    }
}

impl Accept {
    /// The next stream the peer opened; `None` when the session is over.
    pub async fn next(&mut self) -> Option<Stream> {
        let id = poll_fn(|cx| {
            let mut state = self.shared.lock();
            if let Some(id) = state.accept() {
                return Poll::Ready(Some(id));
            }
            if state.ended.is_some() {
                return Poll::Ready(None);
            }
            park(&mut state.acceptor, cx.waker());
            Poll::Pending
        })
        .await?;
        self.shared.work.notify_one();
        Some(Stream::new(Arc::clone(&self.shared), id))
    }
}

impl Drop for Accept {
    fn drop(&mut self) {
        self.shared.lock().stop_accepting();
        self.shared.work.notify_one();
    }
}

/// What a session does by the clock.
#[derive(Clone, Copy)]
struct Clocks {
    sweep: Duration,
    ping: Option<Duration>,
    patience: Duration,
}

/// Runs a session to its end.
async fn drive<Io: AsyncRead + AsyncWrite>(io: Io, shared: Arc<Shared>, clocks: Clocks) {
    let (mut reader, writer) = tokio::io::split(io);
    let mut writer = Writer {
        io: writer,
        batch: Vec::new(),
        sent: 0,
    };
    let reason = tokio::select! {
        reason = read(&mut reader, &shared) => reason,
        reason = writer.run(&shared) => reason,
        () = sweep(&shared, clocks.sweep) => CloseReason::Local,
        () = keep_alive(&shared, clocks) => CloseReason::Silent,
    };
    if let CloseReason::Violation(_) = reason {
        shared.lock().accuse();
        // A peer that does not listen either loses the message, not us the task.
        let _ = timeout(LAST_WORDS, writer.drain(&shared)).await;
    }
    shared.end(reason);
    let _ = timeout(LAST_WORDS, writer.io.shutdown()).await;
}

async fn read(io: &mut (impl AsyncRead + Unpin), shared: &Shared) -> CloseReason {
    let mut splitter = Splitter::default();
    let mut buffer = vec![0; READ];
    let mut reads = 0;
    let mut looks = 0;
    loop {
        let count = match io.read(&mut buffer).await {
            Ok(0) => return CloseReason::Eof,
            Ok(count) => count,
            Err(error) => return CloseReason::Io(error.kind()),
        };
        shared.heard.notify_one();
        let mut input = buffer.get(..count).unwrap_or_default();
        let (work, congested) = {
            let mut state = shared.lock();
            loop {
                match splitter.next(&mut input) {
                    Ok(Some(Piece::Header(header))) => {
                        if let Err(reason) = state.header(header) {
                            return reason;
                        }
                    }
                    Ok(Some(Piece::Payload { stream, bytes })) => state.payload(stream, bytes),
                    Ok(None) => break,
                    Err(error) => return Violation::from(error).into(),
                }
            }
            (state.has_work(), state.congested())
        };
        if work {
            shared.work.notify_one();
        }
        if congested {
            while shared.lock().congested() {
                shared.relief.notified().await;
            }
        }
        reads += 1;
        if reads % READS_PER_TURN == 0 {
            tokio::task::yield_now().await;
        }
        // hashicorp's yamux writes a header and its payload one after the other, and this side is often quick
        // enough to see only the first. Looking once more costs less than going to sleep for a moment.
        looks = if splitter.is_mid_frame() {
            looks + 1
        } else {
            0
        };
        if (1..=LOOKS).contains(&looks) {
            tokio::task::yield_now().await;
        }
    }
}

/// The writing half: a batch of frames and how much of it is out.
struct Writer<W> {
    io: W,
    batch: Vec<u8>,
    sent: usize,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// Writes whatever there is until the session closes.
    async fn run(&mut self, shared: &Shared) -> CloseReason {
        loop {
            if let Err(error) = self.drain(shared).await {
                return CloseReason::Io(error.kind());
            }
            if shared.lock().closing {
                return CloseReason::Local;
            }
            if self.batch.capacity() > KEEP {
                self.batch = Vec::new();
            }
            shared.work.notified().await;
            behind_all_others().await;
        }
    }

    /// Writes until nothing may be sent.
    async fn drain(&mut self, shared: &Shared) -> io::Result<()> {
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
            state.written();
            state.fill(&mut self.batch);
            drop(state);
            shared.relief.notify_one();
            if self.batch.is_empty() {
                return Ok(());
            }
        }
    }
}

/// Lets all tasks go first that are ready now: what they have to say goes into the same batch, and a write
/// costs more than all else that a small message does. No look at the sockets comes in between, unlike where a task
/// yields to the runtime.
async fn behind_all_others() {
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

async fn sweep(shared: &Shared, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let now: Instant = ticks.tick().await;
        shared.lock().sweep(now);
        shared.work.notify_one();
    }
}

/// Resolves when the peer is silent. Whatever it says proves that it is there, not only the answer: that
/// one may be behind a long row of frames.
async fn keep_alive(shared: &Shared, clocks: Clocks) {
    let Some(every) = clocks.ping else {
        return pending().await;
    };
    loop {
        sleep(every).await;
        // What was heard until now is no answer.
        let _ = shared.heard.notified().now_or_never();
        shared.lock().ping();
        shared.work.notify_one();
        if timeout(clocks.patience, shared.heard.notified())
            .await
            .is_ok()
        {
            continue;
        }
        // It may be this process that was stopped for a while: then the answer is there to be read.
        for _ in 0..READS_PER_TURN {
            tokio::task::yield_now().await;
        }
        if shared.heard.notified().now_or_never().is_none() {
            return;
        }
    }
}
