//! The fuzz targets: one function per target, which gets the bytes of a peer.
//!
//! `tests/fuzz_corpus.rs` includes this file and runs every function over the committed corpus, with a stable
//! compiler and without libFuzzer.
//!
//! Targets with a connection run on a paused clock, which advances when all tasks are idle. So a target that hangs
//! reaches [`HANG_TIMEOUT`] within milliseconds and fails, and timeouts of the protocol cost nothing. When the
//! peer has disconnected, no task may be left.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure must stop the fuzzer"
)]

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use mattermost_plugin_rpc::go_plugin::{self, Broker};
use mattermost_plugin_rpc::gob::{
    Bytes, Decode, DecodeError, Decoder, Empty, Encoder, Limits, Url,
};
use mattermost_plugin_rpc::mattermost::{
    Any, Api, ApiError, AppError, AuditRecord, BodyReader, Bot, Broadcast, Channel, ChannelMember,
    Command, CommandArgs, CommandResponse, Config, Context, CustomStatus, FileData, FileInfo,
    Hooks, HttpRequest, KvSetOptions, LogLevel, OpenDialogRequest, Permission, Post, PostList,
    Preference, PushNotification, ResponseWriter, RpcApi, SettingsApi, User, serve_hooks,
};
use mattermost_plugin_rpc::net_rpc::{Client, Request, Response};
use mattermost_plugin_rpc::yamux::frame::{Kind, Piece, Splitter};
use mattermost_plugin_rpc::yamux::{self, Accept, Session, Stream, WINDOW};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A target: its name, which is also the name of its corpus, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 6] = [
    ("gob_decode", gob_decode),
    ("gob_any", gob_any),
    ("yamux_frames", yamux_frames),
    ("net_rpc_server", net_rpc_server),
    ("net_rpc_client", net_rpc_client),
    ("conversation", conversation),
];

/// Longer than all timeouts of the protocols together.
const HANG_TIMEOUT: Duration = Duration::from_secs(3600);

// Values.

/// Decodes and drops the next value of a type.
type Next = fn(&mut Decoder) -> Result<Option<()>, DecodeError>;

fn next<T: Decode>(decoder: &mut Decoder) -> Result<Option<()>, DecodeError> {
    Ok(decoder.next::<T>()?.map(drop))
}

/// The types that a plugin receives.
const TYPES: [Next; 30] = [
    Decoder::skip,
    next::<Request>,
    next::<Response>,
    next::<Empty>,
    next::<String>,
    next::<bool>,
    next::<u32>,
    next::<i64>,
    next::<f64>,
    next::<Bytes>,
    next::<Url>,
    next::<Vec<String>>,
    next::<Any>,
    next::<Context>,
    next::<CommandArgs>,
    next::<CommandResponse>,
    next::<Config>,
    next::<User>,
    next::<Permission>,
    next::<Channel>,
    next::<ChannelMember>,
    next::<Post>,
    next::<PostList>,
    next::<Vec<Preference>>,
    next::<FileInfo>,
    next::<Vec<FileData>>,
    next::<AppError>,
    next::<Command>,
    next::<OpenDialogRequest>,
    next::<KvSetOptions>,
];

/// Decodes the bytes as gob values. The first byte selects the size of the pieces in which they arrive, and the
/// next two select two types that alternate, like headers and bodies.
pub fn gob_decode(data: &[u8]) {
    let Some(([step, types @ ..], bytes)) = data.split_first_chunk::<3>() else {
        return;
    };
    let types = types.map(|index| TYPES[usize::from(index) % TYPES.len()]);
    let mut decoder = Decoder::new(Limits::default());
    let mut turn = 0;
    for piece in bytes.chunks(
        usize::from(*step)
            .checked_sub(1)
            .map_or(usize::MAX, |n| n + 1),
    ) {
        decoder.feed(piece);
        loop {
            match types[turn % 2](&mut decoder) {
                Ok(None) => break,
                Ok(Some(())) => turn += 1,
                Err(error) if error.is_fatal() => {
                    assert!(
                        types[0](&mut decoder).is_err(),
                        "a failed stream is read again"
                    );
                    return;
                }
                Err(_) => turn += 1,
            }
        }
    }
}

/// Decodes the bytes as interface values. A decoded value must round-trip, and its JSON must round-trip.
pub fn gob_any(data: &[u8]) {
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(data);
    loop {
        match decoder.next::<Vec<Any>>() {
            Ok(Some(values)) => values.iter().for_each(round_trip),
            Ok(None) => return,
            Err(error) if error.is_fatal() => return,
            Err(_) => {}
        }
    }
}

/// Encodes and decodes a value, and its JSON.
fn round_trip(value: &Any) {
    let text = value.to_json().to_string();
    let back = Any::from_json(value.to_json());
    // A float that is whole becomes an integer, and loses its sign if it is zero.
    assert_eq!(Any::from_json(back.to_json()), back, "{text}");
    let mut bytes = Vec::new();
    let sent = vec![value.clone()];
    if Encoder::new().encode(&sent, &mut bytes).is_err() {
        return;
    }
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(&bytes);
    let read = decoder.next::<Vec<Any>>();
    let Ok(Some(read)) = read else {
        panic!("an encoded value cannot be decoded: {read:?}");
    };
    // Compare the debug output, because NaN is not equal to itself. A value at the maximum depth is one level
    // deeper now and is dropped.
    if !format!("{read:?}").contains("Dropped") {
        assert_eq!(format!("{read:?}"), format!("{sent:?}"));
    }
    assert!(decoder.is_idle());
}

// Peers.

/// Runs a peer until it ends. Then no task may be left.
fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        timeout(HANG_TIMEOUT, work).await.expect("a task hangs");
        let tasks = || {
            tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks()
        };
        let over = timeout(HANG_TIMEOUT, async {
            while tasks() > 0 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        assert!(over.await.is_ok(), "{} tasks are left", tasks());
    });
}

/// Sends bytes in pieces and lets all other tasks run after each piece, then closes the stream. Stops if the peer
/// has disconnected.
async fn send_pieces(mut io: impl AsyncWrite + Unpin, bytes: &[u8], step: usize) {
    for piece in bytes.chunks(step) {
        if io.write_all(piece).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let _ = io.shutdown().await;
}

/// The size of the pieces.
fn piece_size(byte: u8) -> usize {
    match byte {
        0..=127 => usize::MAX,
        128..=191 => usize::from(byte) - 127,
        192..=255 => (usize::from(byte) - 191) * 32,
    }
}

/// Receives the bytes as frames of a peer. The first byte selects the size of the pieces, and the second what the
/// application does with the streams that the peer opens, in groups of two bits.
pub fn yamux_frames(data: &[u8]) {
    let Some(([pieces, actions], bytes)) = data.split_first_chunk::<2>() else {
        return;
    };
    run(async {
        let (near, far) = duplex(64 * 1024);
        let (session, accept) = Session::server(near, yamux::Config::default());
        let using = tokio::spawn(use_streams(session.clone(), accept, *actions));
        let (reader, writer) = tokio::io::split(far);
        let listening = tokio::spawn(check_frames(reader));
        send_pieces(writer, bytes, piece_size(*pieces)).await;
        session.closed().await;
        using.await.unwrap();
        listening.await.unwrap();
        let stats = session.stats();
        assert_eq!((stats.streams, stats.capacity), (0, 0), "{stats:?}");
    });
}

/// An application that handles each stream in another way.
async fn use_streams(session: Session, mut accept: Accept, actions: u8) {
    let mut streams = JoinSet::new();
    let mut turn = 0;
    if let Ok(mut own) = session.open().await {
        streams.spawn(async move {
            let _ = own.write_all(&[1; 1000]).await;
            let _ = own.shutdown().await;
            let _ = own.read_to_end(&mut Vec::new()).await;
        });
    }
    while let Some(mut stream) = accept.next().await {
        let action = actions >> (turn % 4 * 2) & 3;
        turn += 1;
        streams.spawn(async move {
            match action {
                0 => {
                    let (mut reader, mut writer) = stream.into_split();
                    let _ = tokio::io::copy(&mut reader, &mut writer).await;
                    let _ = writer.shutdown().await;
                }
                1 => {
                    let _ = stream.read_u8().await;
                }
                2 => {
                    let _ = stream.write_all(&vec![2; 2 * WINDOW as usize]).await;
                }
                _ => {
                    let _ = stream.read(&mut [0; 3]).await;
                    stream.reset();
                }
            }
        });
    }
    while let Some(done) = streams.join_next().await {
        done.unwrap();
    }
}

/// Checks the frames that this side sends.
async fn check_frames(mut reader: impl AsyncRead + Unpin) {
    let mut splitter = Splitter::default();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = reader.read(&mut buffer).await {
        let mut input = &buffer[..count];
        while let Some(piece) = splitter.next(&mut input).expect("not a frame") {
            if let Piece::Header(header) = piece {
                assert!(header.kind != Kind::Data || header.length <= WINDOW);
            }
        }
    }
}

// Calls.

/// Hooks that use all their arguments.
pub struct TestHooks;

impl Hooks for TestHooks {
    fn implemented(&self) -> Vec<String> {
        vec!["ServeHTTP".to_owned()]
    }

    fn on_activate(&self, api: Arc<RpcApi>) -> BoxFuture<'_, Result<(), String>> {
        async move {
            let loaded = api.load_plugin_configuration().await;
            loaded.map(drop).map_err(|error| error.to_string())
        }
        .boxed()
    }

    fn on_deactivate(&self) -> BoxFuture<'_, Result<(), String>> {
        async { Ok(()) }.boxed()
    }

    fn on_configuration_change(&self) -> BoxFuture<'_, Result<(), String>> {
        async { Err("failed".to_owned()) }.boxed()
    }

    fn execute_command(
        &self,
        context: Context,
        args: CommandArgs,
    ) -> BoxFuture<'_, Result<CommandResponse, AppError>> {
        async move {
            match format!("{context:?} {args:?}").len() % 2 {
                0 => Ok(CommandResponse::default()),
                _ => Err(AppError::default()),
            }
        }
        .boxed()
    }

    fn serve_http(
        &self,
        _: Context,
        request: HttpRequest,
        mut response: ResponseWriter,
        mut body: BodyReader,
    ) -> BoxFuture<'_, ()> {
        async move {
            let seen = format!("{} {} {request:?}", request.path(), request.query());
            let headers = [("X-Seen".to_owned(), seen.len().to_string())];
            let status = match body.read_to_limit(1 << 20).await {
                Ok(body) => 200 + i64::try_from(body.len() % 300).unwrap(),
                Err(_) => 400,
            };
            let status = u16::try_from(status).unwrap();
            let _ = response.send(status, &headers, seen.as_bytes()).await;
        }
        .boxed()
    }
}

/// Receives the bytes as the server's side of the hooks stream. The first byte selects the size of the pieces, and
/// the second what the server does with the streams that the plugin dials.
pub fn net_rpc_server(data: &[u8]) {
    let Some(([pieces, behavior], bytes)) = data.split_first_chunk::<2>() else {
        return;
    };
    run(async {
        let (near, far) = duplex(64 * 1024);
        let (session, mut accept) = Session::server(near, yamux::Config::default());
        let (server, dialed) = Session::client(far, yamux::Config::default());
        let answering = tokio::spawn(accept_dialed(dialed, *behavior));
        let stream = server.open().await.unwrap();
        let (reader, writer) = stream.into_split();
        let reading = tokio::spawn(drain(reader));
        let serving = async {
            let hooks = accept.next().await.unwrap();
            let broker = Broker::start(session.clone(), accept);
            serve_hooks(hooks, broker, Arc::new(TestHooks)).await
        };
        let speaking = async {
            send_pieces(writer, bytes, piece_size(*pieces)).await;
            // A hook may wait for a reply while the server is connected.
            tokio::time::sleep(Duration::from_secs(60)).await;
            server.close();
        };
        let ((), _) = tokio::join!(speaking, serving);
        session.closed().await;
        reading.await.unwrap();
        answering.await.unwrap();
        assert_eq!(session.stats().streams, 0, "{:?}", session.stats());
    });
}

/// Accepts the streams that the plugin dials, with the right ID or a wrong one, and then sends nothing, an end, a
/// reset, or data.
async fn accept_dialed(mut dialed: Accept, behavior: u8) {
    let mut streams = JoinSet::new();
    while let Some(mut stream) = dialed.next().await {
        streams.spawn(async move {
            let mut id = [0; 4];
            if stream.read_exact(&mut id).await.is_err() {
                return;
            }
            if behavior & 4 != 0 {
                id[0] ^= 1;
            }
            let _ = stream.write_all(&id).await;
            match behavior & 3 {
                0 => drain(stream).await,
                1 => {}
                2 => stream.reset(),
                _ => {
                    let _ = stream.write_all(b"neither a body nor a reply").await;
                    let _ = stream.shutdown().await;
                    drain(stream).await;
                }
            }
        });
    }
    while let Some(done) = streams.join_next().await {
        done.unwrap();
    }
}

async fn drain(mut stream: impl AsyncRead + Unpin) {
    let mut buffer = [0; 4096];
    while let Ok(1..) = stream.read(&mut buffer).await {}
}

/// A call whose result is ignored.
type Ignored<'a> = BoxFuture<'a, Result<(), ApiError>>;

/// One call of each method.
fn calls(api: &dyn Api) -> Vec<Ignored<'_>> {
    fn ignored<'a, T: 'a>(
        call: impl Future<Output = Result<T, ApiError>> + Send + 'a,
    ) -> Ignored<'a> {
        async move { call.await.map(drop) }.boxed()
    }
    vec![
        ignored(api.load_plugin_configuration()),
        ignored(api.get_config()),
        ignored(api.get_server_version()),
        ignored(api.get_bundle_path()),
        ignored(api.register_command(Command::default())),
        ignored(api.ensure_bot_user(Bot::default())),
        ignored(api.set_profile_image("u", vec![1])),
        ignored(api.get_user("u")),
        ignored(api.get_channel("c")),
        ignored(api.get_channel_member("c", "u")),
        ignored(api.get_direct_channel("u", "v")),
        ignored(api.has_permission_to("u", "p")),
        ignored(api.has_permission_to_channel("u", "c", "p")),
        ignored(api.create_post(Post::default())),
        ignored(api.update_post(Post::default())),
        ignored(api.get_post("p")),
        ignored(api.get_posts_since("c", 1)),
        ignored(api.send_ephemeral_post("u", Post::default())),
        ignored(api.update_ephemeral_post("u", Post::default())),
        ignored(api.upload_file(vec![1], "c", "n")),
        ignored(api.get_preferences_for_user("u")),
        ignored(api.delete_preferences_for_user("u", Vec::new())),
        ignored(api.kv_get("k")),
        ignored(api.kv_set_with_options("k", vec![1], KvSetOptions::default())),
        ignored(api.kv_delete("k")),
        ignored(api.kv_list(0, 10)),
        ignored(api.publish_websocket_event("e", Default::default(), Broadcast::default())),
        ignored(api.open_interactive_dialog(OpenDialogRequest::default())),
        ignored(api.get_plugin_config()),
        ignored(api.save_plugin_config(Default::default())),
        ignored(api.get_license()),
        ignored(api.get_plugin_status("i")),
        ignored(api.get_user_by_username("u")),
        ignored(api.get_user_by_email("e")),
        ignored(api.get_users_by_usernames(vec!["u".to_owned()])),
        ignored(api.get_users_in_channel("c", 0, 10)),
        ignored(api.get_teams_for_user("u")),
        ignored(api.get_user_status("u")),
        ignored(api.update_user_custom_status("u", CustomStatus::default())),
        ignored(api.remove_user_custom_status("u")),
        ignored(api.get_channel_members("c", 0, 10)),
        ignored(api.get_channel_stats("c")),
        ignored(api.delete_post("p")),
        ignored(api.send_push_notification(PushNotification::default(), "u")),
        ignored(api.log_audit_rec(AuditRecord::default())),
        ignored(api.log(LogLevel::Info, "m", Vec::new())),
    ]
}

/// Receives the bytes as the server's replies on the API stream. The first byte selects the size of the pieces,
/// and the second the first method that is called; all other methods follow, so that a reply can be for any
/// method.
pub fn net_rpc_client(data: &[u8]) {
    let Some(([pieces, first], bytes)) = data.split_first_chunk::<2>() else {
        return;
    };
    run(async {
        let (near, far) = duplex(64 * 1024);
        let client = Client::new(near);
        let api = RpcApi::new(client.clone());
        let mut calls = calls(&api);
        let first = usize::from(*first) % calls.len();
        calls.rotate_left(first);
        let (reader, writer) = tokio::io::split(far);
        let reading = tokio::spawn(drain(reader));
        tokio::join!(
            join_all(calls),
            send_pieces(writer, bytes, piece_size(*pieces))
        );
        assert_eq!(client.pending(), 0);
        drop((api, client));
        reading.await.unwrap();
    });
}

/// Receives the bytes as the server's side of the whole connection. The first byte selects the size of the pieces.
pub fn conversation(data: &[u8]) {
    let Some((pieces, bytes)) = data.split_first() else {
        return;
    };
    run(async {
        let (near, far) = duplex(64 * 1024);
        let plugin = tokio::spawn(go_plugin::serve(
            near,
            "hooks",
            |stream: Stream, broker| async move {
                let _ = serve_hooks(stream, broker, Arc::new(TestHooks)).await;
            },
        ));
        let (reader, writer) = tokio::io::split(far);
        let listening = tokio::spawn(check_frames(reader));
        send_pieces(writer, bytes, piece_size(*pieces)).await;
        plugin.await.unwrap();
        listening.await.unwrap();
    });
}
