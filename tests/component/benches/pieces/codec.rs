//! The codec: the first call of a stream, and later ones.

use std::hint::black_box;

use mattermost_plugin_rpc::gob::{Bytes, Decode, Decoder, Encode, Encoder, Limits, Url};
use mattermost_plugin_rpc::gob_struct;
use mattermost_plugin_rpc::mattermost::{Context, Headers, KvSetOptions};
use mattermost_plugin_rpc::net_rpc::Request;

use crate::Bench;

// The calls, as the server declares them.

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

/// Encodes a call that is not the first of its stream.
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

impl Bench {
    pub async fn codec(&self) {
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
        encoded(&mut encoder, method, call, &mut next);
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
}
