//! Requests of people who are not signed in, with bodies that are too large, too slow, or never there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mattermost_plugin_rpc::mattermost::{BodyReader, HttpRequest};
use mattermost_plugin_rpc::yamux::{Session, Stream};
use plugin_host::Reply;
use tokio::io::AsyncWriteExt as _;

use crate::{Den, dialed, text};

/// How many large bodies of strangers may be in memory, where 64 requests may run.
const PLACES: usize = 128;
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

/// A body of which so much arrives and no more; its sender stays as long as the second part is kept.
async fn unfinished(sent: &[u8]) -> (BodyReader, (Session, Stream)) {
    let (stream, mut sender, server) = dialed().await;
    sender.write_all(sent).await.unwrap();
    (BodyReader::from_stream(stream, Some(10)), (server, sender))
}

fn turned_away(den: &Den, reason: &str) -> u64 {
    den.counted(&format!(
        "plugin_host_requests_turned_away_total{{reason=\"{reason}\"}}"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_or_cut_short_is_refused_and_counted() {
    let den = Den::open().await;
    let body = BodyReader::from_bytes(vec![0; 2 * 1024 * 1024]);
    let reply = den.plugin.serve(request("POST", None, None), body).await;
    assert_eq!((reply.status, turned_away(&den, "too_large")), (413, 1));
    let (body, (_server, mut stream)) = unfinished(b"half").await;
    stream.shutdown().await.unwrap();
    let reply = den
        .plugin
        .serve(request("POST", Some(10), None), body)
        .await;
    assert_eq!((reply.status, turned_away(&den, "cut_short")), (400, 1));
    den.is_unhurt().await;
}

/// A server whose limit for payloads applies to plugins ends a larger body at that limit.
#[tokio::test(flavor = "multi_thread")]
async fn f24_the_log_names_the_size_of_a_body_that_ended_early_and_the_setting_to_raise() {
    let den = Den::open().await;
    let (stream, mut sender, _server) = dialed().await;
    let body = BodyReader::from_stream(stream, Some(310_000));
    let sending = tokio::spawn(async move {
        sender.write_all(&vec![b'x'; 300_000]).await.unwrap();
        sender.shutdown().await.unwrap();
        sender
    });
    let reply = den
        .plugin
        .serve(request("POST", Some(310_000), None), body)
        .await;
    assert_eq!(reply.status, 400);
    drop(sending.await.unwrap());
    let log = den.log();
    for part in ["MaximumPayloadSizeBytes", "310000", "300000", "/harmless"] {
        assert!(log.contains(part), "{part}: {log}");
    }
    let body = BodyReader::from_bytes(vec![0; 2 * 1024 * 1024]);
    den.plugin.serve(request("POST", None, None), body).await;
    let log = den.log();
    for part in ["larger than the plugin accepts", "unknown", "1048576"] {
        assert!(log.contains(part), "{part}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_nothing_holds_a_place_only_for_seconds_and_keeps_out_no_user() {
    let den = Arc::new(Den::open().await);
    let mut senders = Vec::new();
    let mut bodies = Vec::new();
    for _ in 0..PLACES {
        let (body, sender) = unfinished(b"").await;
        senders.push(sender);
        bodies.push(body);
    }
    let began = Instant::now();
    let mut slow = Vec::new();
    for body in bodies {
        let plugin = Arc::clone(&den.plugin);
        slow.push(tokio::spawn(async move {
            plugin.serve(request("POST", Some(LARGE), None), body).await
        }));
    }
    let serve = |request: HttpRequest| async {
        let body = BodyReader::from_bytes(b"0123456789".to_vec());
        den.plugin.serve(request, body).await
    };
    // Until all of them have a place.
    while serve(request("POST", Some(LARGE), None)).await.status != 503 {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "there is always a place"
        );
        tokio::task::yield_now().await;
    }
    assert_eq!(turned_away(&den, "no_place"), 1);
    let is_served = |reply: &Reply| (reply.status, text(reply)) == (200, "harmless".to_owned());
    for one in [
        request("GET", None, None),
        request("POST", Some(LARGE), Some("ann")),
        // As Zoom's are.
        request("POST", Some(10), None),
    ] {
        let told = format!("{one:?}");
        assert!(is_served(&serve(one).await), "{told}");
    }
    for reply in slow {
        assert_eq!(reply.await.unwrap().status, 408);
    }
    assert_eq!(turned_away(&den, "too_slow"), PLACES as u64);
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    let again = serve(request("POST", Some(LARGE), None)).await;
    assert!(is_served(&again), "{}", again.status);
}
