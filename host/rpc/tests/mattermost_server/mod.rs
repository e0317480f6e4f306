//! A server made of the crate's own parts (yamux client, RPC client and server) and a hand-made broker,
//! and a plugin whose hooks are closures.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mattermost_plugin_rpc::go_plugin::Broker;
use mattermost_plugin_rpc::gob::{Bytes, Empty, Url};
use mattermost_plugin_rpc::gob_struct;
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{
    AppError, BodyReader, CommandArgs, CommandResponse, Context, FileData, Headers, Hooks,
    HttpRequest, ResponseWriter, RpcApi, serve_hooks,
};
use mattermost_plugin_rpc::net_rpc::{self, CallError, Client, Reply, Route, Service};
use mattermost_plugin_rpc::yamux::{Accept, Config, Session, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

// Arguments and results as the server declares them, independent of the crate's structs.

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Activate = "A" { pub api: u32 = "APIMuxId", pub driver: u32 = "DriverMuxId" }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct GoError = "R" { pub error: Any = "A" }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct CommandCall = "C" { pub context: Context = "A", pub args: CommandArgs = "B" }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct CommandAnswer = "R" { pub response: Option<Box<CommandResponse>> = "A", pub error: Option<Box<AppError>> = "B" }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Forwarded = "HTTPRequestSubset" {
        pub method: String = "Method",
        pub url: Option<Url> = "URL",
        pub proto: String = "Proto",
        pub major: i64 = "ProtoMajor",
        pub header: Headers = "Header",
        pub host: String = "Host",
        pub body: Any = "Body",
    }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct HttpCall = "Z_ServeHTTPArgs" {
        pub response: u32 = "ResponseWriterStream",
        pub request: Option<Box<Forwarded>> = "Request",
        pub context: Option<Box<Context>> = "Context",
        pub body: u32 = "RequestBodyStream",
    }
}
// The plugin under test: hooks that are closures.

pub type Activation =
    Box<dyn Fn(Arc<RpcApi>) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;
pub type CommandHook =
    Box<dyn Fn(CommandArgs) -> Result<CommandResponse, Box<AppError>> + Send + Sync>;
pub type HttpHook =
    Box<dyn Fn(HttpRequest, ResponseWriter, BodyReader) -> BoxFuture<'static, ()> + Send + Sync>;

pub struct Plugin {
    pub activate: Activation,
    pub command: CommandHook,
    pub http: HttpHook,
}

impl Default for Plugin {
    fn default() -> Self {
        Self {
            activate: Box::new(|_| async { Ok(()) }.boxed()),
            command: Box::new(|_| Ok(CommandResponse::default())),
            http: Box::new(|_, _, _| async {}.boxed()),
        }
    }
}

impl Plugin {
    pub fn serving<F, Fut>(hook: F) -> Self
    where
        F: Fn(HttpRequest, ResponseWriter, BodyReader) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let http: HttpHook =
            Box::new(move |request, response, body| hook(request, response, body).boxed());
        Self {
            http,
            ..Self::default()
        }
    }
}

impl Hooks for Plugin {
    fn implemented(&self) -> Vec<String> {
        vec![
            "ServeHTTP".to_owned(),
            "ExecuteCommand".to_owned(),
            "OnActivate".to_owned(),
        ]
    }

    fn on_activate(&self, api: Arc<RpcApi>) -> BoxFuture<'_, Result<(), String>> {
        (self.activate)(api)
    }

    fn on_deactivate(&self) -> BoxFuture<'_, Result<(), String>> {
        async { Ok(()) }.boxed()
    }

    fn on_configuration_change(&self) -> BoxFuture<'_, Result<(), String>> {
        async { Err("the setting is no number".to_owned()) }.boxed()
    }

    fn execute_command(
        &self,
        _: Context,
        args: CommandArgs,
    ) -> BoxFuture<'_, Result<CommandResponse, AppError>> {
        async move { (self.command)(args).map_err(|error| *error) }.boxed()
    }

    fn serve_http(
        &self,
        _: Context,
        request: HttpRequest,
        response: ResponseWriter,
        body: BodyReader,
    ) -> BoxFuture<'_, ()> {
        (self.http)(request, response, body)
    }

    fn generate_support_data(
        &self,
        context: Context,
    ) -> BoxFuture<'_, Result<Vec<FileData>, String>> {
        async move {
            Ok(vec![FileData {
                filename: context.request_id,
                body: Bytes(vec![1, 2, 3]),
            }])
        }
        .boxed()
    }
}

// The server.

#[derive(Default)]
pub struct Parked {
    pub waiting: HashMap<u32, oneshot::Sender<Stream>>,
}

pub struct Server {
    pub session: Session,
    pub hooks: Client,
    pub parked: Arc<Mutex<Parked>>,
    pub incoming: Option<Accept>,
    pub plugin: JoinHandle<()>,
}

impl Server {
    /// A server whose plugin is running. It accepts the streams that the plugin dials.
    pub async fn start(plugin: Plugin) -> Self {
        let mut server = Self::paused(plugin, Config::default()).await;
        server.accept();
        server
    }

    /// The same server, which does not accept streams yet.
    pub async fn paused(plugin: Plugin, config: Config) -> Self {
        let (session, incoming, stream, plugin) = connect(plugin, config).await;
        let hooks = Client::new(stream);
        Self {
            session,
            hooks,
            parked: Arc::default(),
            incoming: Some(incoming),
            plugin,
        }
    }

    pub fn accept(&mut self) {
        let mut incoming = self.incoming.take().unwrap();
        let parked = Arc::clone(&self.parked);
        tokio::spawn(async move {
            while let Some(mut stream) = incoming.next().await {
                let mut id = [0; 4];
                stream.read_exact(&mut id).await.unwrap();
                let waiter = parked
                    .lock()
                    .unwrap()
                    .waiting
                    .remove(&u32::from_le_bytes(id));
                stream.write_all(&id).await.unwrap();
                waiter
                    .expect("nobody waits for this id")
                    .send(stream)
                    .unwrap();
            }
        });
    }

    /// The stream that the plugin dials with this ID.
    pub fn expect(&self, id: u32) -> oneshot::Receiver<Stream> {
        let (sender, receiver) = oneshot::channel();
        self.parked.lock().unwrap().waiting.insert(id, sender);
        receiver
    }

    pub async fn activate(&self) -> Any {
        let args = Activate { api: 1, driver: 2 };
        let answer: GoError = self.hooks.call("Plugin.OnActivate", &args).await.unwrap();
        answer.error
    }

    pub async fn command(&self, text: &str) -> CommandAnswer {
        let args = CommandArgs {
            command: text.to_owned(),
            ..CommandArgs::default()
        };
        let call = CommandCall {
            context: Context::default(),
            args,
        };
        self.hooks
            .call("Plugin.ExecuteCommand", &call)
            .await
            .unwrap()
    }

    /// Forwards a request with the stream IDs `id` for the response and `id + 1` for the body.
    pub async fn request(
        &self,
        id: u32,
        request: Forwarded,
        writer: Arc<Recorder>,
        body: Upload,
    ) -> Exchange {
        let (response, upload) = (self.expect(id), self.expect(id + 1));
        let served = tokio::spawn(async move {
            net_rpc::serve(response.await.unwrap(), writer)
                .await
                .is_ok()
        });
        let uploaded = tokio::spawn(async move { body.run(upload.await.unwrap()).await });
        let context = Some(Box::new(Context::default()));
        let call = HttpCall {
            response: id,
            request: Some(Box::new(request)),
            context,
            body: id + 1,
        };
        let reply = self
            .hooks
            .call::<_, Empty>("Plugin.ServeHTTP", &call)
            .await
            .map(|Empty| ());
        Exchange {
            reply,
            writer_closed: served.await.unwrap(),
            uploaded: uploaded.await.unwrap(),
        }
    }
}

pub async fn connect(plugin: Plugin, config: Config) -> (Session, Accept, Stream, JoinHandle<()>) {
    let (server, client) = tokio::io::duplex(64 * 1024);
    let (session, incoming) = Session::client(server, config);
    let (inner, mut accept) = Session::server(client, Config::default());
    let plugin = tokio::spawn(async move {
        let stream = accept.next().await.unwrap();
        serve_hooks(stream, Broker::start(inner, accept), Arc::new(plugin))
            .await
            .unwrap();
    });
    let stream = session.open().await.unwrap();
    (session, incoming, stream, plugin)
}

pub struct Exchange {
    pub reply: Result<(), CallError>,
    pub writer_closed: bool,
    pub uploaded: Uploaded,
}

/// The server's side of a request body, which is sent as the plugin requests it.
#[derive(Default)]
pub struct Upload {
    pub body: Vec<u8>,
}

#[derive(Debug, PartialEq)]
pub enum Uploaded {
    /// The whole body was sent and both sides closed the stream.
    Whole,
    /// The plugin closed the stream without a request.
    Unasked,
    /// The plugin reset the stream.
    Reset,
}

impl Upload {
    pub fn of(length: usize) -> Self {
        Self {
            body: (0..length)
                .map(|at| u8::try_from(at % 251).unwrap())
                .collect(),
        }
    }

    pub async fn run(self, mut stream: Stream) -> Uploaded {
        let mut rest = self.body.as_slice();
        while let Some(requested) = requested(&mut stream).await {
            let (part, more) = rest.split_at(rest.len().min(usize::try_from(requested).unwrap()));
            if stream.write_all(part).await.is_err() {
                return Uploaded::Reset;
            }
            rest = more;
            if rest.is_empty() && u64::try_from(part.len()).unwrap() < requested {
                stream.shutdown().await.unwrap();
                return match stream.read(&mut [0]).await {
                    Ok(0) => Uploaded::Whole,
                    Ok(_) => panic!("one request too many"),
                    Err(_) => Uploaded::Reset,
                };
            }
        }
        Uploaded::Unasked
    }
}

/// The next requested number of bytes, a Go varint. `None` at the end of the stream.
pub async fn requested(stream: &mut Stream) -> Option<u64> {
    let mut zigzag = 0u64;
    for shift in (0..).step_by(7) {
        let byte = stream.read_u8().await.ok()?;
        zigzag |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    assert_eq!(zigzag & 1, 0, "a negative number");
    Some(zigzag >> 1)
}

/// The server's response writer.
#[derive(Default)]
pub struct Recorder {
    pub gone: bool,
    pub without_flush: bool,
    pub seen: Mutex<Recorded>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    pub headers: Headers,
    pub status: Option<i64>,
    pub body: Vec<u8>,
    pub steps: Vec<&'static str>,
}

impl Recorder {
    pub fn with_header(name: &str, value: &str) -> Arc<Self> {
        let recorder = Self::default();
        recorder
            .seen
            .lock()
            .unwrap()
            .headers
            .insert(name.to_owned(), vec![value.to_owned()]);
        Arc::new(recorder)
    }

    pub fn seen(&self) -> Recorded {
        self.seen.lock().unwrap().clone()
    }
}

pub enum WriterCall {
    Header,
    SyncHeader(Headers),
    WriteHeader(i64),
    Write(Bytes),
    Flush,
}

impl Service for Recorder {
    type Call = WriterCall;

    fn route(&self, method: &str) -> Option<Route<WriterCall>> {
        Some(match method {
            "Plugin.Header" => Route::new(|Empty| WriterCall::Header),
            "Plugin.SyncHeader" => Route::new(WriterCall::SyncHeader),
            "Plugin.WriteHeader" => Route::new(WriterCall::WriteHeader),
            "Plugin.Write" => Route::new(WriterCall::Write),
            "Plugin.Flush" if !self.without_flush => Route::new(|Empty| WriterCall::Flush),
            _ => return None,
        })
    }

    async fn run(&self, call: WriterCall) -> Result<Reply, String> {
        let mut seen = self.seen.lock().unwrap();
        match call {
            WriterCall::Header => {
                seen.steps.push("Header");
                return Ok(Reply::new(seen.headers.clone()));
            }
            WriterCall::SyncHeader(headers) => {
                seen.steps.push("SyncHeader");
                seen.headers = headers;
            }
            WriterCall::WriteHeader(status) => {
                seen.steps.push("WriteHeader");
                seen.status = Some(status);
            }
            WriterCall::Write(_) if self.gone => return Err("write tcp: broken pipe".to_owned()),
            WriterCall::Write(Bytes(part)) => {
                seen.steps.push("Write");
                assert!(part.len() <= 64 * 1024, "a chunk of {} bytes", part.len());
                seen.body.extend(part);
            }
            WriterCall::Flush => seen.steps.push("Flush"),
        }
        Ok(Reply::empty())
    }
}

pub fn post(headers: &[(&str, &str)]) -> Forwarded {
    let header = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]))
        .collect();
    Forwarded {
        method: "POST".to_owned(),
        url: Some(Url("/api/v1/meetings?x=1".to_owned())),
        proto: "HTTP/1.1".to_owned(),
        header,
        ..Forwarded::default()
    }
}

pub fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The bytes of a recording of a Go server.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/{name}.hex", env!("CARGO_MANIFEST_DIR"));
    unhex(&std::fs::read_to_string(path).unwrap())
}

/// Decodes lines of hexadecimal digits.
pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}
