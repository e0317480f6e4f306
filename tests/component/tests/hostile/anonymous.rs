//! Requests without a session whose bodies are too large, too slow, or missing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mattermost_plugin_rpc::mattermost::{BodyReader, HttpRequest};
use mattermost_plugin_rpc::yamux::{Session, Stream};
use plugin_host::Reply;
use tokio::io::AsyncWriteExt as _;

use crate::{HostilePlugin, dialed, text};

/// The slots for large bodies of requests without a session, if 64 requests may run.
const SLOTS: usize = 128;
/// The length of a body that is not small, in bytes.
const LARGE: usize = 100_000;

fn request(method: &str, length: Option<usize>, user: Option<&str>) -> HttpRequest {
    let length = length.map(|length| ("Content-Length", length.to_string()));
    let user = user.map(|user| ("Mattermost-User-Id", user.to_owned()));
    let headers = length.into_iter().chain(user);
    HttpRequest {
        method: method.to_owned(),
        url: "/harmless".to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_owned(), vec![value]))
            .collect::<BTreeMap<_, _>>(),
        ..HttpRequest::default()
    }
}

/// A body of which only `sent` arrives. Its sender stays connected until the second value is dropped.
async fn unfinished(sent: &[u8]) -> (BodyReader, (Session, Stream)) {
    let (stream, mut sender, server) = dialed().await;
    sender.write_all(sent).await.unwrap();
    (BodyReader::from_stream(stream, Some(10)), (server, sender))
}

fn rejected(hostile: &HostilePlugin, reason: &str) -> u64 {
    hostile.counted(&format!(
        "plugin_host_requests_rejected_total{{reason=\"{reason}\"}}"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_or_cut_short_is_refused_and_counted() {
    let hostile = HostilePlugin::open().await;
    let body = BodyReader::from_bytes(vec![0; 2 * 1024 * 1024]);
    let reply = hostile
        .plugin
        .serve(request("POST", None, None), body)
        .await;
    assert_eq!((reply.status, rejected(&hostile, "too_large")), (413, 1));
    let (body, (_server, mut stream)) = unfinished(b"half").await;
    stream.shutdown().await.unwrap();
    let reply = hostile
        .plugin
        .serve(request("POST", Some(10), None), body)
        .await;
    assert_eq!((reply.status, rejected(&hostile, "truncated")), (400, 1));
    hostile.serves_requests().await;
}

/// If the server's payload limit applies to plugins, the server ends a larger body at the limit.
#[tokio::test(flavor = "multi_thread")]
async fn f24_the_log_names_the_size_of_a_body_that_ended_early_and_the_setting_to_raise() {
    let hostile = HostilePlugin::open().await;
    let (stream, mut sender, _server) = dialed().await;
    let body = BodyReader::from_stream(stream, Some(310_000));
    let sending = tokio::spawn(async move {
        sender.write_all(&vec![b'x'; 300_000]).await.unwrap();
        sender.shutdown().await.unwrap();
        sender
    });
    let reply = hostile
        .plugin
        .serve(request("POST", Some(310_000), None), body)
        .await;
    assert_eq!(reply.status, 400);
    drop(sending.await.unwrap());
    let log = hostile.log();
    for part in ["MaximumPayloadSizeBytes", "310000", "300000", "/harmless"] {
        assert!(log.contains(part), "{part}: {log}");
    }
    let body = BodyReader::from_bytes(vec![0; 2 * 1024 * 1024]);
    hostile
        .plugin
        .serve(request("POST", None, None), body)
        .await;
    let log = hostile.log();
    for part in ["larger than the plugin accepts", "unknown", "1048576"] {
        assert!(log.contains(part), "{part}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_sender_releases_its_slot_after_seconds_and_blocks_no_user() {
    let hostile = Arc::new(HostilePlugin::open().await);
    let mut senders = Vec::new();
    let mut bodies = Vec::new();
    for _ in 0..SLOTS {
        let (body, sender) = unfinished(b"").await;
        senders.push(sender);
        bodies.push(body);
    }
    let began = Instant::now();
    let mut slow = Vec::new();
    for body in bodies {
        let plugin = Arc::clone(&hostile.plugin);
        slow.push(tokio::spawn(async move {
            plugin.serve(request("POST", Some(LARGE), None), body).await
        }));
    }
    let serve = |request: HttpRequest| async {
        let body = BodyReader::from_bytes(b"0123456789".to_vec());
        hostile.plugin.serve(request, body).await
    };
    // Until all slots are taken.
    while serve(request("POST", Some(LARGE), None)).await.status != 503 {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "a slot is always free"
        );
        tokio::task::yield_now().await;
    }
    assert_eq!(rejected(&hostile, "no_slot"), 1);
    let is_served = |reply: &Reply| (reply.status, text(reply)) == (200, "harmless".to_owned());
    for one in [
        request("GET", None, None),
        request("POST", Some(LARGE), Some("ann")),
        // Like a request of Zoom.
        request("POST", Some(10), None),
    ] {
        let request = format!("{one:?}");
        assert!(is_served(&serve(one).await), "{request}");
    }
    for reply in slow {
        assert_eq!(reply.await.unwrap().status, 408);
    }
    assert_eq!(rejected(&hostile, "too_slow"), SLOTS as u64);
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    let again = serve(request("POST", Some(LARGE), None)).await;
    assert!(is_served(&again), "{}", again.status);
}
