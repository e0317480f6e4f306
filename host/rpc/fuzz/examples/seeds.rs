//! Writes the first inputs of the corpora: `cargo run --example seeds`, then `cargo fuzz cmin` for each target.
//!
//! The inputs are the recordings in `fixtures`, values of every kind, and the server's bytes of a whole
//! conversation between a plugin and a server that is made of this crate.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use mattermost_plugin_rpc::go_plugin;
use mattermost_plugin_rpc::gob::{Empty, Encode, Encoder};
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::gob_struct;
use mattermost_plugin_rpc::mattermost::{
    AppError, Attachment, AttachmentField, CommandArgs, DynamicListArg, ErrorString, PqError,
    StaticListArg, TextArg, serve_hooks,
};
use mattermost_plugin_rpc::net_rpc::{Client, Response};
use mattermost_plugin_rpc::yamux::frame::{Flags, Header, Kind};
use mattermost_plugin_rpc::yamux::{Config, Session, Stream};
use mattermost_plugin_rpc_fuzz::TestHooks;
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Activate = "A" { api: u32 = "APIMuxId", driver: u32 = "DriverMuxId" }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct CommandCall = "C" { args: CommandArgs = "B" }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Forwarded = "R" { method: String = "Method", url: Option<mattermost_plugin_rpc::gob::Url> = "URL" }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct HttpCall = "H" { response: u32 = "ResponseWriterStream", request: Forwarded = "Request", body: u32 = "RequestBodyStream" }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Settings = "S" { bytes: mattermost_plugin_rpc::gob::Bytes = "A" }
}

fn seed(target: &str, name: &str, head: &[u8], bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), [head, bytes].concat()).unwrap();
}

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "hex") {
            recording(
                path.file_stem().unwrap().to_str().unwrap(),
                &unhex(&fs::read_to_string(&path).unwrap()),
            );
        }
    }
    values();
    frames();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let said = runtime.block_on(talk());
    for step in [0, 139, 192] {
        seed("conversation", &format!("whole-{step}"), &[step], &said);
        seed("yamux_frames", &format!("whole-{step}"), &[step, 0], &said);
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// The index of a type or method in the list of the target.
fn number(name: &str) -> (u8, u8) {
    match name {
        "get_user_response" => (17, 7),
        "app_error_response" => (26, 7),
        "get_config_response" => (16, 1),
        "create_post_request" => (21, 13),
        "execute_command_response" => (15, 13),
        "kv_set_with_options_request" => (29, 23),
        "implemented_response" => (11, 25),
        _ => (0, 0),
    }
}

fn recording(name: &str, bytes: &[u8]) {
    let (kind, method) = number(name);
    let head = if name.ends_with("response") { 2 } else { 1 };
    // The large recording only with its own type.
    if bytes.len() < 4096 {
        for kind in [0, 12, kind] {
            seed(
                "gob_decode",
                &format!("{name}-{kind}"),
                &[0, head, kind],
                bytes,
            );
        }
        seed(
            "gob_decode",
            &format!("{name}-pieces"),
            &[2, head, kind],
            bytes,
        );
        seed(
            "net_rpc_server",
            &format!("{name}-pieces"),
            &[139, 1],
            bytes,
        );
        for manners in 0..8 {
            seed(
                "net_rpc_server",
                &format!("{name}-{manners}"),
                &[0, manners],
                bytes,
            );
        }
        seed(
            "net_rpc_client",
            &format!("{name}-pieces"),
            &[139, method],
            bytes,
        );
    }
    seed("net_rpc_client", name, &[0, method], bytes);
}

fn values() {
    let text = |text: &str| Any::String(text.to_owned());
    let nested = (0..20).fold(text("deep"), |inner, _| {
        Any::List(vec![Any::Map(BTreeMap::from([("k".to_owned(), inner)]))])
    });
    let attachment = Attachment {
        title: "Meeting".to_owned(),
        fields: vec![AttachmentField {
            value: Any::Float(1.5),
            ..AttachmentField::default()
        }],
        timestamp: Any::Int(5),
        ..Attachment::default()
    };
    let all = [
        Any::Bool(true),
        Any::Int(-7),
        Any::Uint(u64::MAX),
        Any::Float(f64::NAN),
        text("text"),
        Any::Bytes(vec![1, 2, 255]),
        Any::List(vec![Any::Nil, text("in a list")]),
        Any::Map(BTreeMap::from([("key".to_owned(), Any::Float(2.0))])),
        Any::Attachments(vec![attachment]),
        Any::AppError(Box::new(AppError {
            id: "id".to_owned(),
            ..AppError::default()
        })),
        Any::ErrorString(Box::new(ErrorString {
            err: "failed".to_owned(),
            ..ErrorString::default()
        })),
        Any::PqError(Box::new(PqError {
            code: "23505".to_owned(),
            ..PqError::default()
        })),
        Any::TextArg(Box::new(TextArg::default())),
        Any::StaticListArg(Box::new(StaticListArg::default())),
        Any::DynamicListArg(Box::new(DynamicListArg::default())),
        nested,
    ];
    for (number, value) in all.iter().enumerate() {
        let mut bytes = Vec::new();
        Encoder::new()
            .encode(&vec![value.clone()], &mut bytes)
            .unwrap();
        seed("gob_any", &format!("value-{number}"), &[], &bytes);
    }
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new();
    encoder.encode(&all.to_vec(), &mut bytes).unwrap();
    encoder.encode(&all.to_vec(), &mut bytes).unwrap();
    seed("gob_any", "all", &[], &bytes);
    answers();
}

/// Replies to many calls, twice, and to unknown calls.
fn answers() {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new();
    for seq in [3, 3, 0, 1, 900, 28, 2] {
        let head = Response {
            seq,
            error: if seq == 2 {
                "no".to_owned()
            } else {
                String::new()
            },
            ..Response::default()
        };
        encoder.encode(&head, &mut bytes).unwrap();
        encoder.encode(&Empty, &mut bytes).unwrap();
    }
    seed("net_rpc_client", "numbers", &[0, 0], &bytes);
}

fn frames() {
    let frame = |kind, flags, stream, length| {
        Header {
            kind,
            flags: Flags(flags),
            stream,
            length,
        }
        .encode()
        .to_vec()
    };
    let row = [
        frame(Kind::WindowUpdate, 1, 1, 0),
        frame(Kind::Data, 0, 1, 3),
        b"abc".to_vec(),
        frame(Kind::Data, 5, 3, 2),
        b"de".to_vec(),
        frame(Kind::WindowUpdate, 2, 2, 100),
        frame(Kind::Ping, 1, 0, 7),
        frame(Kind::WindowUpdate, 4, 1, 0),
        frame(Kind::WindowUpdate, 8, 3, 0),
        frame(Kind::WindowUpdate, 1, 5, 1 << 20),
        frame(Kind::GoAway, 0, 0, 0),
    ];
    for habits in [0, 0b0101_0101, 0b1010_1010, 0xff, 0b0001_1011] {
        seed(
            "yamux_frames",
            &format!("row-{habits}"),
            &[0, habits],
            &row.concat(),
        );
        seed(
            "yamux_frames",
            &format!("row-pieces-{habits}"),
            &[139, habits],
            &row.concat(),
        );
    }
}

/// Records the bytes that are written.
struct Tap(DuplexStream, Arc<Mutex<Vec<u8>>>);

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.0).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.1.lock().unwrap().extend_from_slice(&bytes[..count]);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// All bytes that a server sends between the start and the exit of a plugin.
async fn talk() -> Vec<u8> {
    let said = Arc::new(Mutex::new(Vec::new()));
    let (near, far) = duplex(64 * 1024);
    let plugin = tokio::spawn(go_plugin::serve(near, "hooks", |stream: Stream, broker| async move {
        let _ = serve_hooks(stream, broker, Arc::new(TestHooks)).await;
    }));
    let (session, mut accept) = Session::client(Tap(far, Arc::clone(&said)), Config::default());
    let control = Client::new(session.open().await.unwrap());
    let _silent = [session.open().await.unwrap(), session.open().await.unwrap()];
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Some(mut stream) = accept.next().await {
            let id = stream.read_u32_le().await.unwrap();
            stream.write_all(&id.to_le_bytes()).await.unwrap();
            match id {
                1 | 3 => {
                    tokio::spawn(serve_as_asked(stream, id));
                }
                4 => {
                    stream.write_all(b"a body").await.unwrap();
                    stream.shutdown().await.unwrap();
                    held.push(stream);
                }
                _ => held.push(stream),
            }
        }
    });
    let id: u32 = control
        .call("Dispenser.Dispense", &"hooks".to_owned())
        .await
        .unwrap();
    let mut stream = session.open().await.unwrap();
    stream.write_all(&id.to_le_bytes()).await.unwrap();
    stream.read_u32_le().await.unwrap();
    let hooks = Client::new(stream);
    let _: Vec<String> = hooks.call("Plugin.Implemented", &Empty).await.unwrap();
    let _: Empty = hooks
        .call("Plugin.OnActivate", &Activate { api: 1, driver: 2 })
        .await
        .unwrap();
    let command = CommandArgs {
        command: "/zoom start".to_owned(),
        ..CommandArgs::default()
    };
    let _: Empty = hooks
        .call("Plugin.ExecuteCommand", &CommandCall { args: command })
        .await
        .unwrap();
    let request = HttpCall {
        response: 3,
        body: 4,
        request: Forwarded {
            method: "POST".to_owned(),
            url: Some(mattermost_plugin_rpc::gob::Url("/api?x=1".to_owned())),
        },
    };
    let _: Empty = hooks.call("Plugin.ServeHTTP", &request).await.unwrap();
    let _: Empty = control.call("Control.Ping", &true).await.unwrap();
    let _: Empty = control.call("Control.Quit", &true).await.unwrap();
    session.close();
    plugin.await.unwrap();
    let said = said.lock().unwrap().clone();
    said
}

/// Replies to calls in order: to the first API call with settings, and to the calls of the response writer with
/// headers and then with empty values.
async fn serve_as_asked(mut stream: Stream, id: u32) {
    let mut encoder = Encoder::new();
    let mut buffer = vec![0; 64 * 1024];
    for seq in 0.. {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let head = Response {
            seq,
            ..Response::default()
        };
        let mut bytes = Vec::new();
        encoder.encode(&head, &mut bytes).unwrap();
        let headers = BTreeMap::from([("X".to_owned(), vec!["y".to_owned()])]);
        let mut body = |body: &dyn Fn(&mut Encoder, &mut Vec<u8>)| body(&mut encoder, &mut bytes);
        match (id, seq) {
            (1, _) => body(&|encoder, out| put(encoder, out, &Settings::default())),
            (_, 0) => body(&|encoder, out| put(encoder, out, &headers)),
            _ => body(&|encoder, out| put(encoder, out, &Empty)),
        }
        stream.write_all(&bytes).await.unwrap();
    }
}

fn put<T: Encode>(encoder: &mut Encoder, out: &mut Vec<u8>, value: &T) {
    encoder.encode(value, out).unwrap();
}
