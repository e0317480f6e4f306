//! The conversation between server and plugin. The server is the client side of this implementation, or bytes that
//! were captured from a Mattermost server.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mattermost_plugin_rpc::go_plugin::{
    self, Broker, BrokerError, ExitReason, Handshake, PendingStream,
};
use mattermost_plugin_rpc::gob::{Decoder, Empty, Limits};
use mattermost_plugin_rpc::mattermost::HANDSHAKE;
use mattermost_plugin_rpc::net_rpc::{Client, Reply, Response, Route, Service, serve};
use mattermost_plugin_rpc::yamux::{Accept, Config, Session, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

/// The server's side of a connection.
struct Server {
    session: Session,
    accept: Accept,
    control: Stream,
    _silent: [Stream; 2],
}

impl Server {
    async fn connect<Io>(io: Io) -> Server
    where
        Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + 'static,
    {
        let (session, accept) = Session::client(io, Config::default());
        let control = session.open().await.unwrap();
        let _silent = [session.open().await.unwrap(), session.open().await.unwrap()];
        Server {
            session,
            accept,
            control,
            _silent,
        }
    }

    /// Dials a stream whose ID the plugin allocated.
    async fn dial(&self, id: u32) -> Stream {
        let mut stream = self.session.open().await.unwrap();
        stream.write_all(&id.to_le_bytes()).await.unwrap();
        assert_eq!(stream.read_u32_le().await.unwrap(), id);
        stream
    }
}

/// A service with one method.
struct Hooks;

impl Service for Hooks {
    type Call = String;

    fn route(&self, method: &str) -> Option<Route<String>> {
        (method == "Plugin.Shout").then(|| Route::new(|text: String| text))
    }

    async fn run(&self, text: String) -> Result<Reply, String> {
        Ok(Reply::new(text.to_uppercase()))
    }
}

async fn hooks(stream: Stream, _broker: Broker) {
    serve(stream, Arc::new(Hooks)).await.unwrap();
}

fn plugin(io: DuplexStream) -> JoinHandle<ExitReason> {
    tokio::spawn(go_plugin::serve(io, "hooks", hooks))
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[tokio::test]
async fn hooks_are_dispensed_and_pings_and_quit_are_answered() {
    let (near, far) = duplex(4096);
    let plugin = plugin(near);
    let server = Server::connect(far).await;
    let session = server.session.clone();
    let control = Client::new(server.dial_control().await);
    let name = "hooks".to_owned();
    let id: u32 = control.call("Dispenser.Dispense", &name).await.unwrap();
    assert_eq!(id, 1);
    let stream = dial(&session, id).await;
    let hooks = Client::new(stream);
    let shouted: String = hooks.call("Plugin.Shout", &"hey".to_owned()).await.unwrap();
    assert_eq!(shouted, "HEY");
    let _: Empty = control.call("Control.Ping", &true).await.unwrap();
    let unknown = control
        .call::<_, u32>("Dispenser.Dispense", &"cheese".to_owned())
        .await;
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "unknown plugin type: cheese"
    );
    let _: Empty = control.call("Control.Quit", &true).await.unwrap();
    assert_eq!(plugin.await.unwrap(), ExitReason::Quit);
    session.closed().await;
}

impl Server {
    /// The control stream. A task keeps everything else open.
    async fn dial_control(self) -> Stream {
        let Server {
            control,
            session,
            accept,
            _silent,
        } = self;
        tokio::spawn(async move {
            session.closed().await;
            drop((accept, _silent));
        });
        control
    }
}

async fn dial(session: &Session, id: u32) -> Stream {
    let mut stream = session.open().await.unwrap();
    stream.write_all(&id.to_le_bytes()).await.unwrap();
    assert_eq!(stream.read_u32_le().await.unwrap(), id);
    stream
}

#[tokio::test]
async fn a_captured_control_stream_is_served() {
    let (near, far) = duplex(4096);
    let plugin = plugin(near);
    let mut server = Server::connect(far).await;
    let captured = from_hex(
        "2e 7f03010107 52657175657374 01ff800001 02 010d 536572766963654d6574686f64 010c00 0103 536571 010600 0000
         17 ff80 0112 44697370656e7365722e44697370656e7365 00
         08 0c 00 05 686f6f6b73
         13 ff80 010c 436f6e74726f6c2e50696e67 0101 00 03 02 00 01",
    );
    server.control.write_all(&captured).await.unwrap();
    let mut decoder = Decoder::new(Limits::default());
    let mut answered = Vec::new();
    let mut head: Option<Response> = None;
    while answered.len() < 2 {
        let mut bytes = [0; 512];
        let count = server.control.read(&mut bytes).await.unwrap();
        assert!(count > 0);
        decoder.feed(&bytes[..count]);
        loop {
            let Some(response) = head.take() else {
                head = decoder.next().unwrap();
                if head.is_none() {
                    break;
                }
                continue;
            };
            assert_eq!(response.error, "");
            let complete = match response.seq {
                0 => decoder.next::<u32>().unwrap().map(|id| assert_eq!(id, 1)),
                _ => decoder.next::<Empty>().unwrap().map(drop),
            };
            if complete.is_none() {
                head = Some(response);
                break;
            }
            answered.push((response.seq, response.service_method));
        }
    }
    answered.sort();
    assert_eq!(answered[0], (0, "Dispenser.Dispense".to_owned()));
    assert_eq!(answered[1], (1, "Control.Ping".to_owned()));
    drop(server.dial(1).await);
    server.session.close();
    assert_eq!(plugin.await.unwrap(), ExitReason::Closed);
}

#[tokio::test]
async fn dialing_writes_the_captured_bytes() {
    let (near, mut far) = duplex(4096);
    let (session, accept) = Session::server(near, Config::default());
    let broker = Broker::start(session, accept);
    let dialling = tokio::spawn(async move { broker.dial(1).await.unwrap().id() });
    let expected = from_hex("000100010000000200000000 000000000000000200000004 01000000");
    let mut bytes = vec![0; expected.len()];
    far.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes, expected);
    let answer = from_hex("000100020000000200000000 000000000000000200000004 01000000");
    far.write_all(&answer).await.unwrap();
    assert_eq!(dialling.await.unwrap(), 2);
}

#[tokio::test]
async fn hooks_that_never_return_do_not_delay_pings_or_quit() {
    let (near, far) = duplex(4096);
    let started = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&started);
    let plugin = tokio::spawn(go_plugin::serve(
        near,
        "hooks",
        |_stream, _broker| async move {
            seen.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        },
    ));
    let server = Server::connect(far).await;
    let session = server.session.clone();
    let control = Client::new(server.dial_control().await);
    let id: u32 = control
        .call("Dispenser.Dispense", &"hooks".to_owned())
        .await
        .unwrap();
    let _hooks = dial(&session, id).await;
    while !started.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    let _: Empty = control.call("Control.Ping", &true).await.unwrap();
    let _: Empty = control.call("Control.Quit", &true).await.unwrap();
    session.close();
    assert_eq!(plugin.await.unwrap(), ExitReason::Quit);
}

#[tokio::test(start_paused = true)]
async fn a_plugin_exits_when_its_hooks_stream_ends() {
    let (near, far) = duplex(4096);
    let plugin = tokio::spawn(go_plugin::serve(near, "hooks", |_stream, _broker| async {}));
    let server = Server::connect(far).await;
    let session = server.session.clone();
    let control = Client::new(server.dial_control().await);
    let id: u32 = control
        .call("Dispenser.Dispense", &"hooks".to_owned())
        .await
        .unwrap();
    let _hooks = dial(&session, id).await;
    assert_eq!(plugin.await.unwrap(), ExitReason::Broken);
}

#[tokio::test]
async fn a_plugin_exits_when_the_server_disappears_at_any_time() {
    for streams in 0..4 {
        let (near, far) = duplex(4096);
        let plugin = plugin(near);
        let (session, _accept) = Session::client(far, Config::default());
        let mut open = Vec::new();
        for _ in 0..streams {
            open.push(session.open().await.unwrap());
        }
        session.close();
        assert_eq!(plugin.await.unwrap(), ExitReason::Closed);
    }
}

/// Two connected brokers.
fn brokers() -> (Broker, Broker, Session) {
    let (near, far) = duplex(4096);
    let (plugin, plugin_accept) = Session::server(near, Config::default());
    let (server, server_accept) = Session::client(far, Config::default());
    let plugin = Broker::start(plugin, plugin_accept);
    (plugin, Broker::start(server.clone(), server_accept), server)
}

#[tokio::test]
async fn dialing_and_accepting_can_happen_in_either_order() {
    let (plugin, server, _session) = brokers();
    for accept_first in [true, false] {
        let id = plugin.next_id();
        let (accepting, dialling) = (plugin.clone(), server.clone());
        let accept = tokio::spawn(async move {
            while !accept_first && accepting.waiting() == 0 {
                tokio::task::yield_now().await;
            }
            accepting.accept(id).await.unwrap()
        });
        while accept_first && plugin.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        let mut near = dialling.dial(id).await.unwrap();
        let mut far = accept.await.unwrap();
        near.write_all(b"through").await.unwrap();
        let mut bytes = [0; 7];
        far.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"through");
        assert_eq!(plugin.waiting(), 0);
    }
}

#[tokio::test]
async fn many_streams_are_connected_at_once_in_both_directions() {
    let (plugin, server, _session) = brokers();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..400_u32 {
        let (near, far) = match number % 2 {
            0 => (plugin.clone(), server.clone()),
            _ => (server.clone(), plugin.clone()),
        };
        let id = near.next_id();
        tasks.spawn(async move {
            let mut stream = near.accept(id).await.unwrap();
            assert_eq!(stream.read_u32().await.unwrap(), number);
        });
        tasks.spawn(async move {
            let mut stream = far.dial(id).await.unwrap();
            stream.write_u32(number).await.unwrap();
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!((plugin.waiting(), server.waiting()), (0, 0));
}

#[tokio::test]
async fn a_silent_stream_does_not_delay_other_streams() {
    let (plugin, _server, session) = brokers();
    let _silent = session.open().await.unwrap();
    let id = plugin.next_id();
    let accepting = plugin.clone();
    let accept = tokio::spawn(async move { accepting.accept(id).await });
    drop(dial(&session, id).await);
    accept.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn unclaimed_streams_are_limited() {
    const MAX: u32 = 1024;
    let (plugin, _server, session) = brokers();
    let mut streams = Vec::new();
    for number in 1..=MAX + 100 {
        let mut stream = session.open().await.unwrap();
        stream.write_all(&number.to_le_bytes()).await.unwrap();
        streams.push(stream);
    }
    // The paused clock advances when all tasks are idle, so the streams time out after five seconds.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(plugin.waiting(), MAX as usize);
    // Now there is space for a stream that somebody waits for.
    tokio::time::sleep(Duration::from_secs(15)).await;
    let id = plugin.next_id();
    let accepting = plugin.clone();
    let accept = tokio::spawn(async move { accepting.accept(id).await });
    drop(dial(&session, id).await);
    accept.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn dial_and_accept_time_out_after_five_seconds() {
    let (plugin, server, session) = brokers();
    let begin = tokio::time::Instant::now();
    let alone = plugin.accept(7).await;
    assert!(matches!(alone, Err(BrokerError::TimedOut(7))));
    let alone = server.dial(8).await.unwrap().accepted().await;
    assert!(matches!(
        alone,
        Err(BrokerError::TimedOut(8)) | Err(BrokerError::Io(_))
    ));
    let mut silent = session.open().await.unwrap();
    assert!(silent.read_u8().await.is_err());
    assert!(begin.elapsed() <= Duration::from_secs(16));
    while plugin.waiting() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_second_caller_for_the_same_stream_gets_an_error() {
    let (plugin, server, _session) = brokers();
    let first = plugin.clone();
    let first = tokio::spawn(async move { first.accept(3).await });
    while plugin.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(matches!(plugin.accept(3).await, Err(BrokerError::InUse(3))));
    server.dial(3).await.unwrap();
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_caller_that_timed_out_leaves_no_entry() {
    let (plugin, server, _session) = brokers();
    let id = plugin.next_id();
    let giving_up = plugin.clone();
    let waiting = tokio::spawn(async move { giving_up.accept(id).await });
    while plugin.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!(plugin.waiting(), 0);
    let accepting = plugin.clone();
    let accept = tokio::spawn(async move { accepting.accept(id).await });
    server.dial(id).await.unwrap();
    accept.await.unwrap().unwrap();
}

/// A stream that was dialed with the ID 5, and its other end, which has read the ID.
async fn dialed() -> (PendingStream, Stream, (Session, Accept)) {
    let (near, far) = duplex(4096);
    let (plugin, accept) = Session::server(near, Config::default());
    let broker = Broker::start(plugin, accept);
    let (server, mut accept) = Session::client(far, Config::default());
    let dialed = broker.dial(5).await.unwrap();
    let mut stream = accept.next().await.unwrap();
    assert_eq!(stream.read_u32_le().await.unwrap(), 5);
    (dialed, stream, (server, accept))
}

#[tokio::test]
async fn an_acknowledgment_with_another_id_is_an_error() {
    let (dialed, mut stream, _server) = dialed().await;
    stream.write_u32_le(6).await.unwrap();
    assert!(matches!(
        dialed.accepted().await,
        Err(BrokerError::WrongId {
            dialed: 5,
            acknowledged: 6
        })
    ));
    let reset = stream.read_u8().await.unwrap_err();
    assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn bytes_after_a_wrong_acknowledgment_are_not_read() {
    let (mut dialed, mut stream, _server) = dialed().await;
    stream.write_u32_le(6).await.unwrap();
    stream.write_all(b"for somebody else").await.unwrap();
    let refused = dialed.read_u8().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidData);
    let reset = stream.read_u8().await.unwrap_err();
    assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn writes_before_the_acknowledgment_arrive_and_it_is_not_read_as_data() {
    let (mut dialed, mut stream, _server) = dialed().await;
    dialed.write_all(b"at once").await.unwrap();
    let mut bytes = [0; 7];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"at once");
    // In pieces; the last one contains the first byte of the data.
    for piece in [[5, 0].as_slice(), &[0], &[0, b'd'], b"ata"] {
        stream.write_all(piece).await.unwrap();
        stream.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    stream.shutdown().await.unwrap();
    let mut data = Vec::new();
    dialed.read_to_end(&mut data).await.unwrap();
    assert_eq!(data, b"data");
}

#[tokio::test]
async fn a_stream_that_ends_in_the_middle_of_its_acknowledgment_is_an_error() {
    let (mut dialed, mut stream, _server) = dialed().await;
    stream.write_all(&[5, 0]).await.unwrap();
    stream.shutdown().await.unwrap();
    let cut = dialed.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(cut.kind(), ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn a_closed_stream_ends_with_fin_however_late_its_acknowledgment_is() {
    let (dialed, mut stream, (server, _accept)) = dialed().await;
    let finishing = tokio::spawn(dialed.close());
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    assert!(!finishing.is_finished());
    stream.write_u32_le(5).await.unwrap();
    finishing.await.unwrap().unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    drop(stream);
    while server.stats().streams > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_socket_accepts_one_connection_and_is_removed() {
    let handshake = Handshake::from_vars(&HANDSHAKE, |name| match name {
        "MATTERMOST_PLUGIN" => Some("Securely message teams, anywhere.".into()),
        "PLUGIN_PROTOCOL_VERSIONS" => Some("1".into()),
        _ => None,
    });
    let listening = handshake.unwrap().bind().unwrap();
    let path = listening.path().to_owned();
    let line = listening.line();
    let fields: Vec<_> = line.trim_end().split('|').collect();
    assert_eq!(
        fields,
        ["1", "1", "unix", path.to_str().unwrap(), "netrpc", ""]
    );
    // The server may connect before the plugin has a runtime.
    let connection = std::os::unix::net::UnixStream::connect(&path).unwrap();
    connection.set_nonblocking(true).unwrap();
    let connection = tokio::net::UnixStream::from_std(connection).unwrap();
    let running = tokio::spawn(listening.run(hooks));
    let server = Server::connect(connection).await;
    let session = server.session.clone();
    let control = Client::new(server.dial_control().await);
    let _: Empty = control.call("Control.Ping", &true).await.unwrap();
    assert!(!path.exists() && !path.parent().unwrap().exists());
    session.close();
    assert_eq!(running.await.unwrap().unwrap(), ExitReason::Closed);
}
