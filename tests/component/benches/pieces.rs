//! What the pieces cost, each alone, in this process's memory: the codec, a call of the API, an event.
//!
//! Each piece is done again and again for rounds of equal length. What is printed is the fastest round and the
//! median one: the first says what the piece costs, the second how much else the machine did. Nothing is
//! asserted but that the pieces work. `--smoke` does each a few times.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program that measures prints, and stops where a piece does not work"
)]

use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use component_tests::memory::MemoryApi;
use component_tests::scene::Scene;
use component_tests::{GUEST, HELLO, component, plugin};
use mattermost_plugin_rpc::gob::{Bytes, Decode, Decoder, Encode, Encoder, Limits, Url};
use mattermost_plugin_rpc::gob_struct;
use mattermost_plugin_rpc::mattermost::{
    Api, AppError, Context, Headers, HttpRequest, KvSetOptions, RpcApi,
};
use mattermost_plugin_rpc::net_rpc::{self, Client, Reply, Request, Route, Service};
use mattermost_plugin_rpc::yamux::{Config, Session};
use plugin_host::Component;
use plugin_tests::zoom::Meeting;
use serde_json::json;

const HELLO_MANIFEST: &str = include_str!("../../guests/hello/plugin.json");
const ROUNDS: usize = 15;

// The calls as the server declares them.

gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Forwarded = "HTTPRequestSubset" {
        method: String = "Method",
        url: Option<Url> = "URL",
        proto: String = "Proto",
        header: Headers = "Header",
        host: String = "Host",
        remote_addr: String = "RemoteAddr",
        request_uri: String = "RequestURI",
    }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct HttpCall = "Z_ServeHTTPArgs" {
        response: u32 = "ResponseWriterStream",
        request: Option<Box<Forwarded>> = "Request",
        context: Option<Box<Context>> = "Context",
        body: u32 = "RequestBodyStream",
    }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct SetCall = "Z_KVSetWithOptionsArgs" {
        key: String = "A",
        value: Bytes = "B",
        options: KvSetOptions = "C",
    }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct GetCall = "Z_KVGetArgs" { key: String = "A" }
}
gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct GetAnswer = "Z_KVGetReturns" { value: Bytes = "A", error: Option<Box<AppError>> = "B" }
}

/// A server that knows one value.
struct Store(Vec<u8>);

impl Service for Store {
    type Call = GetCall;

    fn route(&self, method: &str) -> Option<Route<GetCall>> {
        (method == "Plugin.KVGet").then(|| Route::new(|call| call))
    }

    async fn run(&self, _: GetCall) -> Result<Reply, String> {
        Ok(Reply::new(GetAnswer {
            value: Bytes(self.0.clone()),
            error: None,
        }))
    }
}

fn http_call() -> HttpCall {
    let header = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
    let headers = [
        header("Accept-Encoding", "gzip"),
        header("Content-Length", "412"),
        header("Content-Type", "application/json; charset=utf-8"),
        header("User-Agent", "Zoom Marketplace/1.0a"),
        header("X-Zm-Request-Timestamp", "1786024200"),
        header("X-Zm-Signature", &format!("v0={}", "ab".repeat(32))),
    ];
    HttpCall {
        response: 3,
        request: Some(Box::new(Forwarded {
            method: "POST".to_owned(),
            url: Some(Url("/webhook?secret=loopback".to_owned())),
            proto: "HTTP/1.1".to_owned(),
            header: headers.into(),
            host: "mattermost.example.com".to_owned(),
            remote_addr: "192.0.2.7:5555".to_owned(),
            request_uri: "/plugins/zoom/webhook?secret=loopback".to_owned(),
        })),
        context: Some(Box::new(Context {
            request_id: "r".repeat(26),
            ..Context::default()
        })),
        body: 4,
    }
}

fn head(method: &str) -> Request {
    Request {
        service_method: method.to_owned(),
        seq: 7,
    }
}

/// Encodes a call as it is on a stream that has had one before.
fn encoded<T: Encode>(encoder: &mut Encoder, method: &str, call: &T, out: &mut Vec<u8>) {
    out.clear();
    encoder.encode(&head(method), out).expect("a head");
    encoder.encode(call, out).expect("a call");
}

fn decoded<T: Decode>(decoder: &mut Decoder, bytes: &[u8]) -> T {
    decoder.feed(bytes);
    let head: Option<Request> = decoder.next().expect("a head");
    black_box(head.expect("a whole head"));
    let call: Option<T> = decoder.next().expect("a call");
    call.expect("a whole call")
}

struct Bench {
    smoke: bool,
}

impl Bench {
    fn times(&self, times: u32) -> u32 {
        if self.smoke { 2 } else { times }
    }

    /// Times a piece, done `times` times per round.
    async fn piece<F: Future<Output = ()>>(
        &self,
        name: &str,
        times: u32,
        mut piece: impl FnMut() -> F,
    ) {
        let times = self.times(times);
        let mut rounds = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let began = Instant::now();
            for _ in 0..times {
                piece().await;
            }
            rounds.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(times));
        }
        rounds.sort_unstable_by(f64::total_cmp);
        let median = rounds.get(ROUNDS / 2).copied().unwrap_or_default();
        let fastest = rounds.first().copied().unwrap_or_default();
        println!("{name:<58} {fastest:>10.2} {median:>10.2}");
    }

    async fn codec(&self) {
        let (http, set) = (
            http_call(),
            SetCall {
                key: "webhook_seen_meeting.ended_95c3253c7151e0d2fe4e475513e88422".to_owned(),
                value: Bytes(vec![b'v'; 300]),
                options: KvSetOptions {
                    atomic: true,
                    expire_in_seconds: 604_800,
                    ..KvSetOptions::default()
                },
            },
        );
        self.codec_of("ServeHTTP of a webhook", "Plugin.ServeHTTP", &http)
            .await;
        self.codec_of(
            "KVSetWithOptions of 300 bytes",
            "Plugin.KVSetWithOptions",
            &set,
        )
        .await;
    }

    async fn codec_of<T: Encode + Decode>(&self, name: &str, method: &str, call: &T) {
        let mut encoder = Encoder::new();
        let (mut first, mut next) = (Vec::new(), Vec::new());
        encoded(&mut encoder, method, call, &mut first);
        let encode = format!("gob: encode {name}");
        self.piece(&encode, 5_000, || {
            encoded(&mut encoder, method, black_box(call), &mut next);
            std::future::ready(())
        })
        .await;
        let mut decoder = Decoder::new(Limits::default());
        black_box(decoded::<T>(&mut decoder, &first));
        let decode = format!("gob: decode {name}");
        self.piece(&decode, 5_000, || {
            black_box(decoded::<T>(&mut decoder, black_box(&next)));
            std::future::ready(())
        })
        .await;
        let decode = format!("gob: decode {name}, first of a stream");
        self.piece(&decode, 2_000, || {
            let mut decoder = Decoder::new(Limits::default());
            black_box(decoded::<T>(&mut decoder, black_box(&first)));
            std::future::ready(())
        })
        .await;
    }

    async fn api(&self) {
        let store = Arc::new(Store(vec![b'v'; 300]));
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        tokio::spawn(net_rpc::serve(theirs, Arc::clone(&store)));
        let bare = RpcApi::new(Client::new(ours));
        self.reads("API: read of 300 bytes, net/rpc over a pipe", &bare)
            .await;

        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (session, _accept) = Session::client(ours, Config::default());
        let (_other, mut accept) = Session::server(theirs, Config::default());
        let stream = session.open().await.expect("a stream");
        tokio::spawn(async move {
            let stream = accept.next().await.expect("a stream");
            net_rpc::serve(stream, store).await
        });
        let muxed = RpcApi::new(Client::new(stream));
        self.reads("API: the same, over yamux over a pipe", &muxed)
            .await;
    }

    async fn reads(&self, name: &str, api: &RpcApi) {
        self.piece(name, 1_000, || async {
            let value = api.kv_get("value").await.expect("an answer");
            assert_eq!(value.map(|value| value.len()), Some(300));
        })
        .await;
    }

    async fn events(&self) {
        let api: Arc<dyn Api> = {
            let api = Arc::new(MemoryApi::default());
            api.world().settings = json!({});
            api.world().store("value", vec![b'v'; 300]);
            api
        };
        let get = |url: &str| HttpRequest {
            method: "GET".to_owned(),
            url: url.to_owned(),
            ..HttpRequest::default()
        };
        for (name, image) in [("hello", HELLO), ("zoom", GUEST)] {
            let name = format!("sandbox: load the image of {name}");
            self.piece(&name, 2, || {
                let loaded = Component::load(black_box(image), "x86_64-unknown-linux-gnu", 84);
                black_box(loaded.expect("an image"));
                std::future::ready(())
            })
            .await;
        }
        let hello = component(HELLO).expect("an image");
        let hello = plugin(hello, HELLO_MANIFEST).expect("a manifest");
        hello.activate(api).await.expect("an activation");
        for (name, url) in [
            ("event: hello, a plain GET", "/header"),
            ("event: hello, 90 reads of 300 bytes", "/kv-reads?n=90"),
        ] {
            let request = get(url);
            self.piece(name, 200, || async {
                let reply = hello.request(&request, Vec::new()).await;
                assert_eq!(reply.status, 200);
            })
            .await;
        }
        let scene = Scene::start().await;
        self.piece("event: zoom, an unknown path", 200, || async {
            let reply = scene.request("GET", "/none", None, "").await;
            assert_eq!(reply.status, 404);
        })
        .await;
        let mut number = 0;
        self.piece("event: zoom, a webhook of an unknown meeting", 200, || {
            number += 1;
            let meeting = Meeting::occurrence(85_746_065_432, &format!("u/{number}=="));
            let webhook = scene.zoom.webhook("meeting.ended", &meeting);
            let scene = &scene;
            async move {
                let reply = scene.delivers(&webhook).await;
                assert_eq!(reply.status, 200);
            }
        })
        .await;
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let bench = Bench {
        smoke: std::env::args().any(|argument| argument == "--smoke"),
    };
    println!("{:<58} {:>10} {:>10}", "µs each", "fastest", "median");
    bench.codec().await;
    bench.api().await;
    bench.events().await;
}
