//! Peers that disconnect in the middle of a message, reply to calls that were dropped, or never read.
//!
//! The clock is paused and advances when all tasks are idle, so a test that would hang fails at once.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod mattermost_server;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use mattermost_plugin_rpc::go_plugin::Broker;
use mattermost_plugin_rpc::gob::{Bytes, Decoder, Empty, Encoder, Limits};
use mattermost_plugin_rpc::gob_struct;
use mattermost_plugin_rpc::mattermost::{ApiError, KvApi, RpcApi, serve_hooks};
use mattermost_plugin_rpc::net_rpc::{self, CallError, Client, Reply, Response, Route, Service};
use mattermost_plugin_rpc::yamux::frame::{Flags, Header, Kind};
use mattermost_plugin_rpc::yamux::{Accept, CloseReason, Config, Session, Stream, WINDOW};
use mattermost_server::{HttpCall, Plugin, Recorder, Server, pairs, post};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};
use tokio::time::{Instant, timeout};

/// Longer than all timeouts of the protocols.
const FOREVER: Duration = Duration::from_secs(3600);

/// Fails if the future hangs.
async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    let done = timeout(FOREVER, work).await;
    done.unwrap_or_else(|_| panic!("{what} hangs"))
}

/// Waits until other tasks make the condition true.
async fn until(what: &str, condition: impl Fn() -> bool) {
    soon(what, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
}

/// The number of tasks of this runtime, without the test itself.
fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

// Connections that are cut.

/// How the other side sees the cut.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cut {
    /// The stream ends.
    End,
    /// The stream fails.
    Reset,
}

/// A stream that is cut after a number of bytes.
trait Cuttable: AsyncRead + AsyncWrite + Unpin {
    fn cut(&mut self, how: Cut);
}

impl Cuttable for Stream {
    fn cut(&mut self, how: Cut) {
        if how == Cut::Reset {
            self.reset();
        }
    }
}

impl Cuttable for DuplexStream {
    fn cut(&mut self, _: Cut) {}
}

/// Ends after this number of written bytes, in both directions.
struct Scissors<Io> {
    io: Option<Io>,
    left: usize,
    how: Cut,
    written: Arc<AtomicUsize>,
}

impl<Io: Cuttable> Scissors<Io> {
    fn new(io: Io, left: usize, how: Cut) -> (Self, Arc<AtomicUsize>) {
        let written = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&written);
        let mut scissors = Self {
            io: Some(io),
            left,
            how,
            written,
        };
        if left == 0 {
            scissors.cut();
        }
        (scissors, counter)
    }

    fn cut(&mut self) {
        if let Some(mut io) = self.io.take() {
            io.cut(self.how);
        }
    }
}

impl<Io: Cuttable> AsyncRead for Scissors<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.io {
            Some(io) => Pin::new(io).poll_read(cx, buf),
            None => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }
}

impl<Io: Cuttable> AsyncWrite for Scissors<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let left = self.left;
        let Some(io) = &mut self.io else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let part = bytes.get(..left).unwrap_or(bytes);
        let written = Pin::new(io).poll_write(cx, part);
        if let Poll::Ready(Ok(count)) = written {
            self.left -= count;
            self.written.fetch_add(count, Ordering::SeqCst);
            if self.left == 0 {
                self.cut();
            }
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Some(io) => Pin::new(io).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Some(io) => Pin::new(io).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}

/// A plugin that responds with the request body and a header.
fn echoing() -> Plugin {
    Plugin::serving(|_, mut response, mut body| async move {
        let (status, body) = match body.read_to_limit(1024).await {
            Ok(body) => (201, body),
            Err(_) => (400, Vec::new()),
        };
        // An error means that the client is gone.
        let _ = response.send(status, &pairs(&[("X-A", "b")]), &body).await;
    })
}

/// The direction that is cut.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Server,
    Plugin,
}

/// A request on a connection that is cut after a number of bytes of one side. Returns how many bytes that side
/// wrote, and whether there was a response.
fn request_cut_after(side: Side, bytes: usize) -> (usize, bool) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (far, near) = duplex(64 * 1024);
        let cut = |io, here| Scissors::new(io, if here { bytes } else { usize::MAX }, Cut::End);
        let (far, far_written) = cut(far, side == Side::Server);
        let (near, near_written) = cut(near, side == Side::Plugin);
        let (session, incoming) = Session::client(far, Config::default());
        let (inner, mut accept) = Session::server(near, Config::default());
        let watched = inner.clone();
        let plugin = tokio::spawn(async move {
            if let Some(stream) = accept.next().await {
                let broker = Broker::start(inner, accept);
                let _ = serve_hooks(stream, broker, Arc::new(echoing())).await;
            }
        });
        let asking = tokio::spawn(ask(session.clone(), incoming));
        let answered = soon("the server", asking).await.unwrap();
        session.close();
        soon("the plugin", plugin).await.unwrap();
        let reason = soon("the session", watched.closed()).await;
        assert!(
            matches!(reason, CloseReason::Eof | CloseReason::Io(_)),
            "{reason:?} after {bytes} bytes"
        );
        until("a task", || tasks() == 0).await;
        assert_eq!(watched.stats().streams, 0, "after {bytes} bytes");
        let written = match side {
            Side::Server => far_written,
            Side::Plugin => near_written,
        };
        (written.load(Ordering::SeqCst), answered)
    })
}

/// The server's side of a request, until the connection is cut.
async fn ask(session: Session, mut incoming: Accept) -> bool {
    let Ok(stream) = session.open().await else {
        return false;
    };
    let hooks = Client::new(stream);
    let recorder = Arc::new(Recorder::default());
    tokio::spawn(async move {
        while let Some(mut stream) = incoming.next().await {
            let recorder = Arc::clone(&recorder);
            tokio::spawn(async move {
                let id = stream.read_u32_le().await?;
                stream.write_all(&id.to_le_bytes()).await?;
                if id == 3 {
                    let _ = net_rpc::serve(stream, recorder).await;
                } else {
                    stream.write_all(&[7; 50]).await?;
                    stream.shutdown().await?;
                    stream.read_to_end(&mut Vec::new()).await?;
                }
                Ok::<(), io::Error>(())
            });
        }
    });
    let call = HttpCall {
        response: 3,
        body: 4,
        request: Some(Box::new(post(&[("Content-Length", "50")]))),
        ..HttpCall::default()
    };
    let reply = hooks.call::<_, Empty>("Plugin.ServeHTTP", &call).await;
    hooks.close().await;
    reply.is_ok()
}

#[test]
fn a_connection_cut_at_any_byte_of_a_request_ends_all_tasks() {
    for side in [Side::Server, Side::Plugin] {
        let (whole, answered) = request_cut_after(side, usize::MAX);
        assert!(answered && whole > 400, "{whole} bytes");
        for bytes in 0..whole {
            let (written, _) = request_cut_after(side, bytes);
            assert!(written <= bytes);
        }
    }
}

/// A request whose response stream is cut after a number of bytes from the server, and whose body ends after a
/// number of bytes. Returns whether the response stream was cut.
async fn partial_request(server: &Server, id: u32, writer: usize, body: usize, how: Cut) -> bool {
    let (response, upload) = (server.expect(id), server.expect(id + 1));
    let recorder = Arc::new(Recorder::default());
    let seen = Arc::clone(&recorder);
    let serving = tokio::spawn(async move {
        let (stream, _) = Scissors::new(response.await.unwrap(), writer, how);
        net_rpc::serve(stream, recorder).await
    });
    let uploading = tokio::spawn(async move {
        let mut stream = upload.await.unwrap();
        let _ = stream.write_all(&[7; 50][..body]).await;
        if body < 50 && how == Cut::Reset {
            stream.reset();
        } else {
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    let call = HttpCall {
        response: id,
        body: id + 1,
        request: Some(Box::new(post(&[("Content-Length", "50")]))),
        ..HttpCall::default()
    };
    let reply = server.hooks.call::<_, Empty>("Plugin.ServeHTTP", &call);
    soon("the call", reply).await.unwrap();
    let served = soon("the writer", serving).await.unwrap();
    soon("the body", uploading).await.unwrap();
    if served.is_ok() {
        let status = if body == 50 { 201 } else { 400 };
        assert_eq!(seen.seen().status, Some(status), "{body} bytes of the body");
    }
    served.is_err()
}

#[tokio::test(start_paused = true)]
async fn a_response_stream_cut_at_any_byte_fails_only_its_request() {
    let server = Server::start(echoing()).await;
    let mut id = 1;
    for how in [Cut::End, Cut::Reset] {
        let mut cuts = 0;
        loop {
            let cut = partial_request(&server, id, cuts, 50, how).await;
            assert!(!partial_request(&server, id + 2, usize::MAX, 50, how).await);
            id += 4;
            if !cut {
                break;
            }
            cuts += 1;
        }
        assert!(cuts > 100, "{cuts} bytes");
    }
    until("a stream", || server.session.stats().streams == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_cut_at_any_byte_is_never_complete() {
    let server = Server::start(echoing()).await;
    let mut id = 1;
    for how in [Cut::End, Cut::Reset] {
        for body in 0..=50 {
            assert!(!partial_request(&server, id, usize::MAX, body, how).await);
            id += 2;
        }
    }
    until("a stream", || server.session.stats().streams == 1).await;
}

// Calls of the API.

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Value = "R" { value: Bytes = "A" }
}

/// A server with one key.
struct Store;

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Key = "A" { key: String = "A" }
}

impl Service for Store {
    type Call = Key;

    fn route(&self, method: &str) -> Option<Route<Key>> {
        (method == "Plugin.KVGet").then(|| Route::new(|key| key))
    }

    async fn run(&self, key: Key) -> Result<Reply, String> {
        let value = Bytes(key.key.into_bytes());
        Ok(Reply::new(Value { value }))
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_stream_cut_at_any_byte_fails_its_call_and_the_session_serves_the_next() {
    let (far, near) = duplex(64 * 1024);
    let (session, mut incoming) = Session::client(far, Config::default());
    let (inner, _accept) = Session::server(near, Config::default());
    for how in [Cut::End, Cut::Reset] {
        for (left, both) in (0..).map(|left| (left, 1 + tasks())) {
            let stream = inner.open().await.unwrap();
            let dialed = incoming.next().await.unwrap();
            let serving = tokio::spawn(async move {
                let (stream, _) = Scissors::new(dialed, left, how);
                net_rpc::serve(stream, Arc::new(Store)).await
            });
            let client = Client::new(stream);
            let api = RpcApi::new(client.clone());
            let outcome = soon("the call", api.kv_get("some key")).await;
            assert_eq!(client.pending(), 0);
            drop((api, client));
            soon("the server", serving).await.unwrap().ok();
            until("a stream", || {
                inner.stats().streams + session.stats().streams == 0
            })
            .await;
            until("a task", || tasks() < both).await;
            match outcome {
                Ok(value) => {
                    assert_eq!(value.as_deref(), Some(b"some key".as_slice()));
                    assert!(left > 50, "{left} bytes are an answer");
                    break;
                }
                Err(error) => assert_eq!(error, ApiError::Closed, "after {left} bytes"),
            }
        }
    }
}

/// The server's side of an API stream, controlled by the test.
struct Answers {
    io: DuplexStream,
    encoder: Encoder,
    decoder: Decoder,
}

impl Answers {
    fn new() -> (Client, Answers) {
        let (near, io) = duplex(64 * 1024);
        let answers = Answers {
            io,
            encoder: Encoder::new(),
            decoder: Decoder::new(Limits::default()),
        };
        (Client::new(near), answers)
    }

    /// Waits for this number of requests.
    async fn requests(&mut self, count: usize) {
        for _ in 0..count * 2 {
            while self.decoder.skip().unwrap().is_none() {
                let mut bytes = [0; 256];
                let count = self.io.read(&mut bytes).await.unwrap();
                self.decoder.feed(&bytes[..count]);
            }
        }
    }

    async fn answer(&mut self, seq: u64, text: &str) {
        let head = Response {
            seq,
            ..Response::default()
        };
        let mut bytes = Vec::new();
        self.encoder.encode(&head, &mut bytes).unwrap();
        self.encoder.encode(&text.to_owned(), &mut bytes).unwrap();
        self.io.write_all(&bytes).await.unwrap();
    }
}

/// Makes a call in a task.
fn call(client: &Client) -> tokio::task::JoinHandle<Result<String, CallError>> {
    let client = client.clone();
    tokio::spawn(async move { client.call("Plugin.X", &Empty).await })
}

#[tokio::test(start_paused = true)]
async fn a_reply_to_a_dropped_call_is_ignored() {
    let (client, mut server) = Answers::new();
    let impatient = timeout(
        Duration::from_secs(1),
        client.call::<_, String>("Plugin.X", &Empty),
    );
    assert!(impatient.await.is_err());
    assert_eq!(client.pending(), 0);
    let next = call(&client);
    server.requests(2).await;
    server.answer(0, "too late").await;
    server.answer(1, "in time").await;
    assert_eq!(soon("the call", next).await.unwrap().unwrap(), "in time");
    assert_eq!(client.pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_second_reply_to_a_call_is_ignored() {
    let (client, mut server) = Answers::new();
    let (first, second) = (call(&client), call(&client));
    server.requests(2).await;
    for (seq, text) in [(0, "one"), (0, "one again"), (0, "and again"), (1, "two")] {
        server.answer(seq, text).await;
    }
    assert_eq!(soon("the first", first).await.unwrap().unwrap(), "one");
    assert_eq!(soon("the second", second).await.unwrap().unwrap(), "two");
    assert_eq!(client.pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn replies_to_unknown_calls_are_ignored() {
    let (client, mut server) = Answers::new();
    let waiting = call(&client);
    server.requests(1).await;
    for seq in [1, 2, u64::MAX, 1 << 32] {
        server.answer(seq, "whose?").await;
    }
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    server.answer(0, "mine").await;
    assert_eq!(soon("the call", waiting).await.unwrap().unwrap(), "mine");
    // A reply that arrives before its call is not kept.
    let next = call(&client);
    server.requests(1).await;
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert!(!next.is_finished());
    server.answer(1, "asked").await;
    assert_eq!(soon("the next", next).await.unwrap().unwrap(), "asked");
    assert!(client.pending_capacity() < 32);
}

// Slow readers.

fn sessions() -> (Session, Accept, Session, Accept) {
    let (near, far) = duplex(16 * 1024);
    let (server, server_accept) = Session::server(near, Config::default());
    let (client, client_accept) = Session::client(far, Config::default());
    (server, server_accept, client, client_accept)
}

fn pattern(from: usize, length: usize) -> Vec<u8> {
    (from..from + length)
        .map(|at| (at.wrapping_mul(31) ^ (at >> 9)).to_le_bytes()[0])
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_writer_without_window_waits_in_bounded_memory_and_other_streams_continue() {
    let (server, _accept, _client, mut dialed) = sessions();
    let mut stuck = Vec::new();
    let mut unread = Vec::new();
    for _ in 0..8 {
        let mut stream = server.open().await.unwrap();
        // A window update is only sent after reading, and nobody reads these streams.
        unread.push(dialed.next().await.unwrap());
        stuck.push(tokio::spawn(async move {
            loop {
                stream.write_all(&[1; 32 * 1024]).await.unwrap();
            }
        }));
    }
    let config = Config::default();
    let most = 8 * config.send_buffer;
    until("the buffers", || server.stats().unsent == most).await;
    let mut busy = server.open().await.unwrap();
    let mut other = dialed.next().await.unwrap();
    let writing = tokio::spawn(async move {
        busy.write_all(&pattern(0, 1 << 20)).await.unwrap();
        busy.shutdown().await.unwrap();
    });
    let mut received = Vec::new();
    soon("the other stream", other.read_to_end(&mut received))
        .await
        .unwrap();
    assert!(received == pattern(0, 1 << 20));
    writing.await.unwrap();
    let stats = server.stats();
    assert_eq!(stats.unsent, most);
    assert!(stats.capacity <= 2 * most + (1 << 16), "{stats:?}");
    assert!(stuck.iter().all(|task| !task.is_finished()));
    for task in stuck {
        task.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn sixty_four_megabytes_pass_through_a_stream_with_bounded_buffers() {
    const TOTAL: usize = 64 << 20;
    let (server, mut accept, client, _dialed) = sessions();
    let mut writer = client.open().await.unwrap();
    let mut reader = accept.next().await.unwrap();
    let writing = tokio::spawn(async move {
        for from in (0..TOTAL).step_by(1 << 20) {
            writer.write_all(&pattern(from, 1 << 20)).await.unwrap();
        }
        writer.shutdown().await.unwrap();
    });
    let mut buffer = vec![0; 100_000];
    let (mut from, mut most) = (0, 0);
    loop {
        let count = soon("a read", reader.read(&mut buffer)).await.unwrap();
        if count == 0 {
            break;
        }
        assert!(buffer[..count] == pattern(from, count), "at {from}");
        from += count;
        most = most.max(server.stats().capacity + client.stats().capacity);
    }
    assert_eq!(from, TOTAL);
    writing.await.unwrap();
    // A window and a send buffer, both of which may have doubled.
    let bound = 2 * (WINDOW as usize + Config::default().send_buffer);
    assert!(most <= bound, "{most} bytes are held");
}

// Silence.

/// Waits for the first ping of this side and returns its time.
async fn ping(far: &mut DuplexStream, since: Instant) -> (Header, Duration) {
    let mut bytes = [0; 12];
    soon("a ping", far.read_exact(&mut bytes)).await.unwrap();
    let header = Header::decode(&bytes).unwrap();
    assert_eq!((header.kind, header.flags), (Kind::Ping, Flags::SYN));
    (header, since.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_stays_silent_after_a_ping_ends_the_session() {
    let (near, mut far) = duplex(1024);
    let begin = Instant::now();
    let (session, mut accept) = Session::server(near, Config::default());
    let (_, after) = ping(&mut far, begin).await;
    assert_eq!(after.as_secs(), 30);
    assert_eq!(
        soon("the session", session.closed()).await,
        CloseReason::Silent
    );
    assert_eq!(begin.elapsed().as_secs(), 40);
    assert!(accept.next().await.is_none());
    until("a task", || tasks() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn any_bytes_from_the_peer_after_a_ping_keep_the_session() {
    let (near, mut far) = duplex(1024);
    let begin = Instant::now();
    let (session, _accept) = Session::server(near, Config::default());
    for round in 0..20 {
        let (header, after) = ping(&mut far, begin).await;
        assert_eq!(header.length, round);
        tokio::time::sleep(Duration::from_secs(9)).await;
        let (kind, flags) = match round % 2 {
            0 => (Kind::Ping, Flags::ACK),
            _ => (Kind::WindowUpdate, Flags::NONE),
        };
        let answer = Header {
            kind,
            flags,
            ..header
        };
        far.write_all(&answer.encode()).await.unwrap();
        assert_eq!(after.as_secs(), 30 + 39 * u64::from(round));
    }
    assert!(
        timeout(Duration::from_secs(29), session.closed())
            .await
            .is_err()
    );
    // Bytes that arrived before the ping do not count.
    far.write_all(
        &Header {
            kind: Kind::GoAway,
            flags: Flags::NONE,
            stream: 0,
            length: 0,
        }
        .encode(),
    )
    .await
    .unwrap();
    assert_eq!(
        soon("the session", session.closed()).await,
        CloseReason::Silent
    );
    assert_eq!(begin.elapsed().as_secs(), 820);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_in_the_socket_at_the_timeout_counts() {
    // Like after a suspended process: reply and timeout are seen at the same time.
    let (near, mut far) = duplex(1024);
    let (session, _accept) = Session::server(near, Config::default());
    for _ in 0..100 {
        let (header, _) = ping(&mut far, Instant::now()).await;
        let flags = Flags::ACK;
        let answer = Header { flags, ..header };
        tokio::time::sleep(Config::default().ping_timeout).await;
        far.write_all(&answer.encode()).await.unwrap();
    }
    let ended = timeout(Duration::from_secs(5), session.closed()).await;
    assert!(ended.is_err(), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_sends_pings_and_never_reads_is_not_read() {
    let (near, mut far) = duplex(512);
    let (session, _accept) = Session::server(near, Config::default());
    let ping = Header {
        kind: Kind::Ping,
        flags: Flags::SYN,
        stream: 0,
        length: 0,
    };
    let flood = async {
        for _ in 0..100_000 {
            far.write_all(&ping.encode()).await.unwrap();
        }
    };
    assert!(timeout(Duration::from_secs(1), flood).await.is_err());
    let owed = session.stats().control;
    assert!((4096..8192).contains(&owed), "{owed} answers are owed");
    assert_eq!(
        soon("the session", session.closed()).await,
        CloseReason::Silent
    );
}

#[tokio::test(start_paused = true)]
async fn two_idle_sessions_keep_each_other_alive() {
    let (server, _accept, client, _dialed) = sessions();
    let ends = async {
        tokio::select! {
            reason = server.closed() => reason,
            reason = client.closed() => reason,
        }
    };
    assert!(timeout(Duration::from_secs(24 * 3600), ends).await.is_err());
}
