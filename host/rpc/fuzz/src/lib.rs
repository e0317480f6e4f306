//! What the fuzzers run: one function per target, each fed with the bytes of a peer.
//!
//! A test of the main crate includes this file too and runs every function over the committed corpus, so
//! that what a fuzzer found once stays found, on a stable compiler and without libFuzzer.
//!
//! The targets that speak run on a clock that is paused: it jumps ahead whenever nothing else can
//! happen. Something that hangs therefore reaches [`PATIENCE`] within milliseconds and fails, and a
//! timeout of the protocol costs nothing. When the peer is gone no task may be left.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a target that goes wrong should stop right there"
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

/// A target: its name, which is that of its corpus too, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 6] = [
    ("gob_decode", gob_decode),
    ("gob_any", gob_any),
    ("yamux_frames", yamux_frames),
    ("net_rpc_server", net_rpc_server),
    ("net_rpc_client", net_rpc_client),
    ("conversation", conversation),
];

/// Longer than all timeouts of the protocols together.
const PATIENCE: Duration = Duration::from_secs(3600);

// Values.

/// A type, without it.
type Next = fn(&mut Decoder) -> Result<Option<()>, DecodeError>;

fn next<T: Decode>(decoder: &mut Decoder) -> Result<Option<()>, DecodeError> {
    Ok(decoder.next::<T>()?.map(drop))
}

/// What is read from a server, by itself.
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

/// Any bytes as a stream of gob values. The first byte says in what pieces they come, the next two as
/// which types they are read, in turns, as heads and bodies are.
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
                    assert!(types[0](&mut decoder).is_err(), "a lost stream is read on");
                    return;
                }
                Err(_) => turn += 1,
            }
        }
    }
}

/// Any bytes as values that bring their own type. What is understood survives being sent on, and can be
/// shown as JSON.
pub fn gob_any(data: &[u8]) {
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(data);
    loop {
        match decoder.next::<Vec<Any>>() {
            Ok(Some(values)) => values.iter().for_each(again),
            Ok(None) => return,
            Err(error) if error.is_fatal() => return,
            Err(_) => {}
        }
    }
}

/// Sends a value on, and on again.
fn again(value: &Any) {
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
        panic!("what was sent cannot be read: {read:?}");
    };
    // By their texts: no float is equal to itself that is no number. And a value that stood as deep as
    // it may stands one deeper now and is dropped.
    if !format!("{read:?}").contains("Dropped") {
        assert_eq!(format!("{read:?}"), format!("{sent:?}"));
    }
    assert!(decoder.is_idle());
}

// Peers.

/// Runs a peer to its end, after which nothing is left that runs.
fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        timeout(PATIENCE, work).await.expect("something hangs");
        let tasks = || {
            tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks()
        };
        let over = timeout(PATIENCE, async {
            while tasks() > 0 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        assert!(over.await.is_ok(), "{} tasks are left", tasks());
    });
}

/// Sends bytes in pieces, with a pause after each in which everybody else does what they can, and then
/// no more. A peer that does not take them has hung up.
async fn speak(mut io: impl AsyncWrite + Unpin, bytes: &[u8], step: usize) {
    for piece in bytes.chunks(step) {
        if io.write_all(piece).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let _ = io.shutdown().await;
}

/// How large the pieces are.
fn step(byte: u8) -> usize {
    match byte {
        0..=127 => usize::MAX,
        128..=191 => usize::from(byte) - 127,
        192..=255 => (usize::from(byte) - 191) * 32,
    }
}

/// Any bytes as the frames of a peer. The first byte says in what pieces they come, the second what
/// is done with the streams that the peer opens, in turns of two bits.
pub fn yamux_frames(data: &[u8]) {
    let Some(([pieces, habits], bytes)) = data.split_first_chunk::<2>() else {
        return;
    };
    run(async {
        let (near, far) = duplex(64 * 1024);
        let (session, accept) = Session::server(near, yamux::Config::default());
        let using = tokio::spawn(use_streams(session.clone(), accept, *habits));
        let (reader, writer) = tokio::io::split(far);
        let listening = tokio::spawn(listen(reader));
        speak(writer, bytes, step(*pieces)).await;
        session.closed().await;
        using.await.unwrap();
        listening.await.unwrap();
        let stats = session.stats();
        assert_eq!((stats.streams, stats.capacity), (0, 0), "{stats:?}");
    });
}

/// An application that treats each stream in its own way.
async fn use_streams(session: Session, mut accept: Accept, habits: u8) {
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
        let habit = habits >> (turn % 4 * 2) & 3;
        turn += 1;
        streams.spawn(async move {
            match habit {
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

/// A peer that checks what it is told: every byte is in a frame, and no stream exceeds what it was
/// given at the beginning and later.
async fn listen(mut reader: impl AsyncRead + Unpin) {
    let mut splitter = Splitter::default();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = reader.read(&mut buffer).await {
        let mut input = &buffer[..count];
        while let Some(piece) = splitter.next(&mut input).expect("no frame") {
            if let Piece::Header(header) = piece {
                assert!(header.kind != Kind::Data || header.length <= WINDOW);
            }
        }
    }
}

// Calls.

/// Hooks that touch all they are given.
pub struct Touching;

impl Hooks for Touching {
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
        async { Err("as it was".to_owned()) }.boxed()
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

/// Any bytes as what a server sends on the stream of hooks. The first byte says in what pieces, the
/// second how it treats the streams that the plugin dials.
pub fn net_rpc_server(data: &[u8]) {
    let Some(([pieces, manners], bytes)) = data.split_first_chunk::<2>() else {
        return;
    };
    run(async {
        let (near, far) = duplex(64 * 1024);
        let (session, mut accept) = Session::server(near, yamux::Config::default());
        let (server, dialled) = Session::client(far, yamux::Config::default());
        let answering = tokio::spawn(answer(dialled, *manners));
        let stream = server.open().await.unwrap();
        let (reader, writer) = stream.into_split();
        let reading = tokio::spawn(drain(reader));
        let serving = async {
            let hooks = accept.next().await.unwrap();
            let broker = Broker::start(session.clone(), accept);
            serve_hooks(hooks, broker, Arc::new(Touching)).await
        };
        let speaking = async {
            speak(writer, bytes, step(*pieces)).await;
            // A hook may wait for an answer as long as the server is there.
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

/// Takes the streams that a plugin dials: with the right number or another, and then with silence, an
/// end, a reset, or words.
async fn answer(mut dialled: Accept, manners: u8) {
    let mut streams = JoinSet::new();
    while let Some(mut stream) = dialled.next().await {
        streams.spawn(async move {
            let mut number = [0; 4];
            if stream.read_exact(&mut number).await.is_err() {
                return;
            }
            if manners & 4 != 0 {
                number[0] ^= 1;
            }
            let _ = stream.write_all(&number).await;
            match manners & 3 {
                0 => drain(stream).await,
                1 => {}
                2 => stream.reset(),
                _ => {
                    let _ = stream.write_all(b"neither a body nor an answer").await;
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

/// A call whose result is of no interest.
type Made<'a> = BoxFuture<'a, Result<(), ApiError>>;

/// One call of each method.
fn calls(api: &dyn Api) -> Vec<Made<'_>> {
    fn made<'a, T: 'a>(call: impl Future<Output = Result<T, ApiError>> + Send + 'a) -> Made<'a> {
        async move { call.await.map(drop) }.boxed()
    }
    vec![
        made(api.load_plugin_configuration()),
        made(api.get_config()),
        made(api.get_server_version()),
        made(api.get_bundle_path()),
        made(api.register_command(Command::default())),
        made(api.ensure_bot_user(Bot::default())),
        made(api.set_profile_image("u", vec![1])),
        made(api.get_user("u")),
        made(api.get_channel("c")),
        made(api.get_channel_member("c", "u")),
        made(api.get_direct_channel("u", "v")),
        made(api.has_permission_to("u", "p")),
        made(api.has_permission_to_channel("u", "c", "p")),
        made(api.create_post(Post::default())),
        made(api.update_post(Post::default())),
        made(api.get_post("p")),
        made(api.get_posts_since("c", 1)),
        made(api.send_ephemeral_post("u", Post::default())),
        made(api.update_ephemeral_post("u", Post::default())),
        made(api.upload_file(vec![1], "c", "n")),
        made(api.get_preferences_for_user("u")),
        made(api.delete_preferences_for_user("u", Vec::new())),
        made(api.kv_get("k")),
        made(api.kv_set_with_options("k", vec![1], KvSetOptions::default())),
        made(api.kv_delete("k")),
        made(api.kv_list(0, 10)),
        made(api.publish_websocket_event("e", Default::default(), Broadcast::default())),
        made(api.open_interactive_dialog(OpenDialogRequest::default())),
        made(api.get_plugin_config()),
        made(api.save_plugin_config(Default::default())),
        made(api.get_license()),
        made(api.get_plugin_status("i")),
        made(api.get_user_by_username("u")),
        made(api.get_user_by_email("e")),
        made(api.get_users_by_usernames(vec!["u".to_owned()])),
        made(api.get_users_in_channel("c", 0, 10)),
        made(api.get_teams_for_user("u")),
        made(api.get_user_status("u")),
        made(api.update_user_custom_status("u", CustomStatus::default())),
        made(api.remove_user_custom_status("u")),
        made(api.get_channel_members("c", 0, 10)),
        made(api.get_channel_stats("c")),
        made(api.delete_post("p")),
        made(api.send_push_notification(PushNotification::default(), "u")),
        made(api.log_audit_rec(AuditRecord::default())),
        made(api.log(LogLevel::Info, "m", Vec::new())),
    ]
}

/// Any bytes as what a server answers on the stream of the API. The first byte says in what pieces, the
/// second which method is called first; all others follow, so that an answer may be for any.
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
        tokio::join!(join_all(calls), speak(writer, bytes, step(*pieces)));
        assert_eq!(client.pending(), 0);
        drop((api, client));
        reading.await.unwrap();
    });
}

/// Any bytes as what a server sends on the whole connection. The first byte says in what pieces.
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
                let _ = serve_hooks(stream, broker, Arc::new(Touching)).await;
            },
        ));
        let (reader, writer) = tokio::io::split(far);
        let listening = tokio::spawn(listen(reader));
        speak(writer, bytes, step(*pieces)).await;
        plugin.await.unwrap();
        listening.await.unwrap();
    });
}
