//! Faults of the network between the server and Zoom.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread;

use component_tests::scene::{Network, Scene};
use plugin_host::outgoing::Family;
use serde_json::json;

use super::{Staff, found, report, staff};

const HOST: &str = "zoom.example.com";

/// A scene in which Zoom is at another host, in this network.
async fn at_host(network: Network) -> (Scene, Staff) {
    let url = format!("https://{HOST}");
    let settings = json!({"zoomurl": url, "zoomapiurl": format!("{url}/v2")});
    let scene = Scene::in_network(settings, network).await;
    let staff = staff(&scene);
    (scene, staff)
}

/// A network in which every name belongs to this machine.
fn here() -> Network {
    Box::new(|outgoing| {
        outgoing.with_names(Arc::new(|_, family| match family {
            Family::V4 => Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]),
            Family::V6 => Ok(Vec::new()),
        }))
    })
}

/// Expects this finding and a part of its sentence. Nothing else is asked of Zoom, and nothing else fails.
async fn expect_unreachable(scene: &Scene, staff: &Staff, finding: &str, words: &str) {
    let found_out = report(scene, &staff.root, &staff.town).await;
    let failed = ("failed".to_owned(), finding.to_owned());
    assert_eq!(found(&found_out, "network"), failed, "{found_out:#}");
    for other in ["credentials", "redirect_url", "account", "scopes"] {
        let not_run = ("not_run".to_owned(), "network".to_owned());
        assert_eq!(found(&found_out, other), not_run, "{found_out:#}");
    }
    let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
    assert!(told.contains(words), "{told}");
    assert_eq!(scene.zoom.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_that_zooms_host_is_not_resolved() {
    let (scene, staff) = at_host(Box::new(|outgoing| {
        outgoing.with_names(Arc::new(|_, _| Err(io::Error::other("no such host"))))
    }))
    .await;
    let words = "The name `zoom.example.com` could not be resolved. Check the name servers";
    expect_unreachable(&scene, &staff, "unknown_host", words).await;
    let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
    assert!(told.contains("#names-do-not-resolve"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_that_the_proxy_refuses() {
    let proxy = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in proxy.incoming().flatten() {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let (scene, staff) = at_host(Box::new(move |outgoing| {
        outgoing.with_variables(move |name| (name == "HTTPS_PROXY").then(|| address.clone()))
    }))
    .await;
    let words = "The proxy did not connect to `zoom.example.com`. Allow this host in the proxy";
    expect_unreachable(&scene, &staff, "proxy", words).await;
    let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
    assert!(told.contains("#proxies"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_certificate_that_is_not_trusted() {
    let scene = Scene::in_network(json!({}), here()).await;
    let staff = staff(&scene);
    let (_, port) = scene
        .zoom
        .url()
        .rsplit_once(':')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let url = format!("https://{HOST}:{port}");
    scene
        .change_settings(json!({"zoomurl": url, "zoomapiurl": format!("{url}/v2")}))
        .await;
    expect_unreachable(&scene, &staff, "certificate", "is not trusted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_closed_port() {
    let closed = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let scene = Scene::in_network(json!({}), here()).await;
    let staff = staff(&scene);
    let url = format!("https://{HOST}:{port}");
    scene
        .change_settings(json!({"zoomurl": url, "zoomapiurl": format!("{url}/v2")}))
        .await;
    let words = "Allow outgoing connections to this host in the firewall";
    expect_unreachable(&scene, &staff, "connection", words).await;
}
