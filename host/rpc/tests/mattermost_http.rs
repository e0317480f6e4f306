//! `ServeHTTP` and `ServeMetrics`: bodies, responses, and requests that one side ends early.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod mattermost_server;

use std::sync::{Arc, Mutex};

use mattermost_plugin_rpc::gob::Empty;
use mattermost_plugin_rpc::mattermost::{BodyError, HttpRequest, WriteError};
use mattermost_plugin_rpc::net_rpc::{self, CallError, Client};
use mattermost_plugin_rpc::yamux::Config;
use mattermost_server::{
    HttpCall, Plugin, Recorder, Server, Upload, Uploaded, connect, fixture, pairs, post, unhex,
};
use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot;

// Requests.

#[tokio::test]
async fn a_request_with_700_kilobytes_in_and_300_out() {
    let plugin = Plugin::serving(|request, mut response, mut body| async move {
        assert_eq!(
            (request.path(), request.query()),
            ("/api/v1/meetings", "x=1")
        );
        let body = body.read_to_limit(1024 * 1024).await.unwrap();
        assert_eq!(body, Upload::of(700_000).body);
        let headers = pairs(&[("content-type", "application/json"), ("X-Latin", "a")]);
        response
            .send(201, &headers, &vec![b'x'; 300_000])
            .await
            .unwrap();
    });
    let server = Server::start(plugin).await;
    let writer = Recorder::with_header("Content-Security-Policy", "frame-ancestors 'self'");
    let request = post(&[("Content-Length", "700000")]);
    let exchange = server
        .request(3, request, Arc::clone(&writer), Upload::of(700_000))
        .await;
    exchange.reply.unwrap();
    assert_eq!(exchange.uploaded, Uploaded::Whole);
    assert!(exchange.writer_closed);
    let seen = writer.seen();
    assert_eq!(seen.status, Some(201));
    assert_eq!(seen.body, vec![b'x'; 300_000]);
    assert_eq!(
        seen.headers["Content-Security-Policy"],
        ["frame-ancestors 'self'"]
    );
    assert_eq!(seen.headers["Content-Type"], ["application/json"]);
    assert_eq!(
        &seen.steps[..4],
        ["Header", "SyncHeader", "WriteHeader", "Write"]
    );
}

#[tokio::test]
async fn a_plain_200_response_makes_no_call_but_write() {
    let plugin = Plugin::serving(|_, mut response, _| async move {
        response.send(200, &[], b"hello").await.unwrap();
    });
    let server = Server::start(plugin).await;
    let writer = Arc::new(Recorder::default());
    let exchange = server
        .request(3, post(&[]), Arc::clone(&writer), Upload::of(10))
        .await;
    exchange.reply.unwrap();
    assert_eq!(writer.seen().steps, ["Write"]);
    assert_eq!(writer.seen().body, b"hello");
    assert_eq!(exchange.uploaded, Uploaded::Unasked);
}

#[tokio::test]
async fn a_response_in_parts_is_flushed_if_the_server_supports_it() {
    for without_flush in [false, true] {
        let plugin = Plugin::serving(|_, mut response, _| async move {
            response.write_head(202, &[]).await.unwrap();
            response.write(b"one ").await.unwrap();
            response.flush().await.unwrap();
            response.write(b"two").await.unwrap();
            response.finish();
        });
        let server = Server::start(plugin).await;
        let writer = Arc::new(Recorder {
            without_flush,
            ..Recorder::default()
        });
        server
            .request(3, post(&[]), Arc::clone(&writer), Upload::default())
            .await
            .reply
            .unwrap();
        let seen = writer.seen();
        assert_eq!(
            (seen.status, seen.body.as_slice()),
            (Some(202), b"one two".as_slice())
        );
        assert_eq!(seen.steps.contains(&"Flush"), !without_flush);
    }
}

#[tokio::test]
async fn a_status_that_forbids_a_body_gets_none() {
    let plugin = Plugin::serving(|_, mut response, _| async move {
        response.send(204, &[], b"ignored").await.unwrap();
        assert_eq!(
            response.write_head(1000, &[]).await,
            Err(WriteError::Status(1000))
        );
    });
    let server = Server::start(plugin).await;
    let writer = Arc::new(Recorder::default());
    server
        .request(3, post(&[]), Arc::clone(&writer), Upload::default())
        .await
        .reply
        .unwrap();
    assert_eq!(writer.seen().steps, ["WriteHeader"]);
}

#[tokio::test]
async fn a_body_with_a_content_length_above_the_limit_is_not_requested() {
    let plugin = Plugin::serving(|_, mut response, mut body| async move {
        assert!(matches!(
            body.read_to_limit(100).await,
            Err(BodyError::TooLarge { limit: 100 })
        ));
        response.send(413, &[], b"").await.unwrap();
    });
    let server = Server::start(plugin).await;
    let writer = Arc::new(Recorder::default());
    let request = post(&[("Content-Length", "101")]);
    let exchange = server
        .request(3, request, Arc::clone(&writer), Upload::of(101))
        .await;
    assert_eq!(exchange.uploaded, Uploaded::Unasked);
    assert_eq!(writer.seen().status, Some(413));
}

#[tokio::test]
async fn a_body_of_unknown_length_is_reset_when_it_passes_the_limit() {
    let plugin = Plugin::serving(|_, mut response, mut body| async move {
        assert!(matches!(
            body.read_to_limit(100_000).await,
            Err(BodyError::TooLarge { .. })
        ));
        response.send(413, &[], b"").await.unwrap();
    });
    let server = Server::start(plugin).await;
    let exchange = server
        .request(3, post(&[]), Arc::default(), Upload::of(2_000_000))
        .await;
    exchange.reply.unwrap();
    assert_eq!(exchange.uploaded, Uploaded::Reset);
}

#[tokio::test]
async fn a_body_as_long_as_the_limit_is_read() {
    let plugin = Plugin::serving(|_, mut response, mut body| async move {
        let body = body.read_to_limit(100_000).await.unwrap();
        response
            .send(200, &[], body.len().to_string().as_bytes())
            .await
            .unwrap();
    });
    let server = Server::start(plugin).await;
    let writer = Arc::new(Recorder::default());
    server
        .request(3, post(&[]), Arc::clone(&writer), Upload::of(100_000))
        .await
        .reply
        .unwrap();
    assert_eq!(writer.seen().body, b"100000");
}

#[tokio::test]
async fn a_body_that_ends_early_is_truncated() {
    let plugin = Plugin::serving(|_, mut response, mut body| async move {
        let short = body.read_to_limit(1000).await;
        assert!(
            matches!(
                short,
                Err(BodyError::Truncated {
                    expected: 20,
                    received: 10
                })
            ),
            "{short:?}"
        );
        response.send(400, &[], b"").await.unwrap();
    });
    let server = Server::start(plugin).await;
    let writer = Arc::new(Recorder::default());
    let request = post(&[("Content-Length", "20")]);
    server
        .request(3, request, Arc::clone(&writer), Upload::of(10))
        .await
        .reply
        .unwrap();
    assert_eq!(writer.seen().status, Some(400));
}

#[tokio::test]
async fn a_client_that_disconnected_fails_only_the_write() {
    let (tell, told) = oneshot::channel();
    let tell = Mutex::new(Some(tell));
    let plugin = Plugin::serving(move |_, mut response, _| {
        let tell = tell.lock().unwrap().take().unwrap();
        async move {
            tell.send(response.send(200, &[], &vec![0; 200_000]).await)
                .unwrap();
        }
    });
    let server = Server::start(plugin).await;
    let writer = Arc::new(Recorder {
        gone: true,
        ..Recorder::default()
    });
    server
        .request(3, post(&[]), writer, Upload::default())
        .await
        .reply
        .unwrap();
    let Err(WriteError::Refused(text)) = told.await.unwrap() else {
        panic!("the write did not fail")
    };
    assert!(text.contains("broken pipe"));
}

#[tokio::test]
async fn a_request_that_panics_is_an_rpc_error_and_its_streams_close() {
    let plugin = Plugin::serving(|_, _, _| async { panic!("oh") });
    let server = Server::start(plugin).await;
    let exchange = server
        .request(3, post(&[]), Arc::default(), Upload::of(10))
        .await;
    assert!(matches!(exchange.reply, Err(CallError::Remote(text)) if text.contains("oh")));
    assert!(exchange.writer_closed);
    assert_eq!(exchange.uploaded, Uploaded::Unasked);
}

#[tokio::test]
async fn a_request_without_a_body_stream_has_an_empty_body() {
    let plugin = Plugin::serving(|_, mut response, mut body| async move {
        assert_eq!(body.read_to_limit(0).await.unwrap(), b"");
        response.send(200, &[], b"ok").await.unwrap();
    });
    let server = Server::start(plugin).await;
    let writer = Arc::new(Recorder::default());
    let (response, recorder) = (server.expect(9), Arc::clone(&writer));
    tokio::spawn(async move { net_rpc::serve(response.await.unwrap(), recorder).await });
    let call = HttpCall {
        response: 9,
        request: Some(Box::new(post(&[]))),
        ..HttpCall::default()
    };
    let Empty = server.hooks.call("Plugin.ServeHTTP", &call).await.unwrap();
    assert_eq!(writer.seen().body, b"ok");
}

#[tokio::test]
async fn metrics_are_404_unless_the_plugin_has_metrics() {
    let server = Server::start(Plugin::default()).await;
    let writer = Arc::new(Recorder::default());
    let (response, recorder) = (server.expect(9), Arc::clone(&writer));
    tokio::spawn(async move { net_rpc::serve(response.await.unwrap(), recorder).await });
    let call = HttpCall {
        response: 9,
        request: Some(Box::new(post(&[]))),
        ..HttpCall::default()
    };
    let Empty = server
        .hooks
        .call("Plugin.ServeMetrics", &call)
        .await
        .unwrap();
    assert_eq!(writer.seen().status, Some(404));
}

#[tokio::test]
async fn many_concurrent_requests_never_exceed_the_backlog_of_the_server() {
    let plugin = Plugin::serving(|_, mut response, mut body| async move {
        let body = body.read_to_limit(1024).await.unwrap();
        response.send(200, &[], &body).await.unwrap();
    });
    // This server resets streams beyond 200, a Go server beyond 256.
    let config = Config {
        backlog: 200,
        ..Config::default()
    };
    let mut server = Server::paused(plugin, config).await;
    let mut requests = Vec::new();
    for at in 0..400u32 {
        let (response, upload) = (server.expect(at * 2 + 1), server.expect(at * 2 + 2));
        let writer = Arc::new(Recorder::default());
        let (recorder, hooks) = (Arc::clone(&writer), server.hooks.clone());
        requests.push(tokio::spawn(async move {
            tokio::spawn(async move { net_rpc::serve(response.await.unwrap(), recorder).await });
            tokio::spawn(async move { Upload::of(500).run(upload.await.unwrap()).await });
            let request = Some(Box::new(post(&[])));
            let call = HttpCall {
                response: at * 2 + 1,
                request,
                body: at * 2 + 2,
                ..HttpCall::default()
            };
            let reply: Result<Empty, CallError> = hooks.call("Plugin.ServeHTTP", &call).await;
            (reply.is_ok(), writer.seen().body.len())
        }));
    }
    while server.session.stats().backlog < 200 {
        tokio::task::yield_now().await;
    }
    server.accept();
    for request in requests {
        assert_eq!(request.await.unwrap(), (true, 500));
    }
}

// Recorded bytes.

/// A request of a version 10 server, written by `main.go` in the same folder.
const VERSION_10: &str = include_str!("mattermost_server/recorded/serve_http_version_10.hex");

/// Sends a recorded `ServeHTTP` with response stream 3 and body stream 4. Returns the request that the hook received.
async fn recorded_request(recorded: Vec<u8>) -> HttpRequest {
    let (tell, told) = oneshot::channel();
    let tell = Mutex::new(Some(tell));
    let plugin = Plugin::serving(move |request, _, _| {
        tell.lock().unwrap().take().unwrap().send(request).unwrap();
        async {}
    });
    let (session, incoming, mut stream, plugin) = connect(plugin, Config::default()).await;
    let (hooks, plugin) = (Client::new(session.open().await.unwrap()), plugin);
    let mut server = Server {
        session,
        hooks,
        parked: Arc::default(),
        incoming: Some(incoming),
        plugin,
    };
    let (writer, body) = (server.expect(3), server.expect(4));
    server.accept();
    stream.write_all(&recorded).await.unwrap();
    let request = told.await.unwrap();
    assert!(writer.await.is_ok());
    assert!(body.await.is_ok());
    request
}

#[tokio::test]
async fn a_recorded_request_arrives_completely() {
    let request = recorded_request(fixture("serve_http_request")).await;
    assert_eq!(request.method, "POST");
    assert_eq!(request.url, "/api/v1/meetings?x=1&y=two");
    assert_eq!(
        request.header("mattermost-user-id"),
        Some("a".repeat(26).as_str())
    );
    assert_eq!(request.host, "mm.example.test");
    assert_eq!(request.remote_addr, "192.0.2.7:5555");
    assert_eq!(
        request.request_uri,
        "/plugins/zoom/api/v1/meetings?x=1&y=two"
    );
}

#[tokio::test]
async fn a_recorded_request_of_version_10_arrives_completely() {
    let request = recorded_request(unhex(VERSION_10)).await;
    assert_eq!(
        (request.method.as_str(), request.path()),
        ("POST", "/webhook")
    );
    assert_eq!(request.query(), "secret=abc&x=1");
    assert_eq!(request.header("Content-Type"), Some("application/json"));
    assert_eq!(
        request.header("X-Latin"),
        Some("caf\u{fffd}"),
        "a Latin-1 value reads as far as it can"
    );
}
