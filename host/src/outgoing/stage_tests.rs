//! The stage of each failure, with real servers and proxies on this machine.

use super::client::Outgoing;
use super::message::OutgoingError;
use super::stage::{FailedAt, Stage, stage_of};
use super::tests::{SelfSigned, client, head, in_tls, request, serving};
use crate::policy::AddressTrust;
use rcgen::IsCa;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// The stage at which a probe of this URL fails.
async fn failure(client: &Outgoing, url: &str) -> Stage {
    match client.probe(request(url)).await {
        Err(OutgoingError::Failed(stage, _)) => stage,
        other => panic!("{url}: {other:?}"),
    }
}

/// A client without a proxy.
fn direct(own: &SelfSigned) -> Outgoing {
    client(&own.certificate, "NO_PROXY", "*".to_owned())
}

/// A port that refuses connections.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn a_failure_names_its_stage() {
    let own = SelfSigned::new(IsCa::NoCa);
    let direct = direct(&own);
    let unknown = failure(&direct, "https://unknown.example/").await;
    assert_eq!(unknown, Stage::Name);
    let closed = format!("https://localhost:{}/", closed_port());
    assert_eq!(failure(&direct, &closed).await, Stage::Connection);
    let other = SelfSigned::new(IsCa::NoCa);
    let untrusted = serving(move |conn| drop(head(&mut in_tls(&other.config, conn))));
    let untrusted = format!("https://localhost:{untrusted}/");
    assert_eq!(failure(&direct, &untrusted).await, Stage::Tls);
    let plain = serving(|mut conn| {
        let _ = conn.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    });
    let no_tls = format!("https://localhost:{plain}/");
    assert_eq!(failure(&direct, &no_tls).await, Stage::Tls);
    let config = Arc::clone(&own.config);
    let silent = serving(move |conn| drop(head(&mut in_tls(&config, conn))));
    let closes = format!("https://localhost:{silent}/");
    assert_eq!(failure(&direct, &closes).await, Stage::Response);
}

#[tokio::test]
async fn everything_on_the_way_to_a_proxy_is_the_proxys_failure() {
    let own = SelfSigned::new(IsCa::NoCa);
    let refusing = serving(|mut conn| {
        let head = head(&mut conn);
        assert!(head.starts_with("CONNECT "), "{head}");
        let _ = conn.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    });
    let other = SelfSigned::new(IsCa::NoCa);
    let untrusted = serving(move |conn| drop(head(&mut in_tls(&other.config, conn))));
    for proxy in [
        "socks4://localhost".to_owned(),
        "http://unknown.example:3128".to_owned(),
        format!("http://localhost:{}", closed_port()),
        format!("socks5://localhost:{}", closed_port()),
        format!("http://localhost:{refusing}"),
        format!("https://localhost:{untrusted}"),
    ] {
        let through = client(&own.certificate, "HTTPS_PROXY", proxy.clone());
        let stage = failure(&through, "https://a.example/").await;
        assert_eq!(stage, Stage::Proxy, "{proxy}");
    }
}

#[tokio::test]
async fn tls_with_the_host_behind_a_proxy_is_not_the_proxys_failure() {
    let own = SelfSigned::new(IsCa::NoCa);
    let other = SelfSigned::new(IsCa::NoCa);
    let port = serving(move |mut conn| {
        head(&mut conn);
        let _ = conn.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        drop(head(&mut in_tls(&other.config, conn)));
    });
    let proxy = format!("http://localhost:{port}");
    let through = client(&own.certificate, "HTTPS_PROXY", proxy);
    let stage = failure(&through, "https://a.example/").await;
    assert_eq!(stage, Stage::Tls);
}

#[tokio::test]
async fn a_probe_does_not_wait_for_the_body() {
    let own = SelfSigned::new(IsCa::NoCa);
    let port = serving(|mut conn| {
        head(&mut conn);
        let _ = conn.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 10000\r\n\r\n");
        // Until the client disconnects.
        head(&mut conn);
    });
    let url = format!("http://localhost:{port}/");
    let status = direct(&own).probe(request(&url)).await;
    assert_eq!(status.unwrap(), 404);
}

#[tokio::test]
async fn a_silent_server_and_an_internal_address_have_their_own_errors() {
    let own = SelfSigned::new(IsCa::NoCa);
    let direct = direct(&own);
    let silent = serving(|mut conn| while !head(&mut conn).is_empty() {});
    let url = format!("http://localhost:{silent}/");
    let mut waits = request(&url);
    waits.timeout = Duration::from_millis(200);
    let late = direct.probe(waits).await;
    assert!(matches!(late, Err(OutgoingError::Timeout)), "{late:?}");
    let mut inside = request(&url);
    inside.trust = AddressTrust::PublicOnly;
    let refused = direct.probe(inside).await;
    assert!(
        matches!(refused, Err(OutgoingError::Denied(_))),
        "{refused:?}"
    );
}

/// An error with a cause, like those of the HTTP client.
#[derive(Debug, thiserror::Error)]
#[error("connecting")]
struct Connecting(#[source] Box<dyn Error + Send + Sync>);

#[test]
fn a_connection_without_an_answer_is_a_timeout_unless_it_is_the_proxys() {
    let late = || Connecting(io::Error::from(io::ErrorKind::TimedOut).into());
    let at = |stage| Connecting(FailedAt::stage(stage)(late().into()).into());
    for (stage, expected) in [
        (Stage::Connection, Stage::ConnectionTimeout),
        (Stage::Proxy, Stage::Proxy),
    ] {
        assert_eq!(stage_of(&at(stage), true), expected);
    }
    let refused = Connecting(io::Error::from(io::ErrorKind::ConnectionRefused).into());
    let refused = FailedAt::stage(Stage::Connection)(refused.into());
    assert_eq!(stage_of(&refused, true), Stage::Connection);
    assert_eq!(stage_of(&refused, false), Stage::Response);
}
