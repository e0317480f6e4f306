//! Webhooks of an attacker, sent to the component's real exports.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use component_tests::memory::MemoryApi;
use component_tests::{GUEST, component, plugin};
use hmac::{Hmac, KeyInit, Mac};
use mattermost_plugin_rpc::mattermost::{Api, HttpRequest};
use plugin_host::{ComponentPlugin, Reply};
use serde_json::json;
use sha2::Sha256;

const MANIFEST: &str = include_str!("../../../plugin.json");
const ADDRESS: &str = "/webhook?secret=secret-in-the-address";
const KEY: &str = "secret-of-the-signature";
const ENDED: &str = r#"{"event":"meeting.ended","event_ts":1,"payload":{"object":{"id":"84312345678","uuid":"abc/def=="}}}"#;

async fn zoom() -> ComponentPlugin {
    let api = Arc::new(MemoryApi::lagging());
    {
        let mut world = api.world();
        world.settings = json!({
            "oauthclientid": "client",
            "oauthclientsecret": "secret-of-the-client",
            "encryptionkey": "0123456789abcdef0123456789abcdef",
            "webhooksecret": "secret-in-the-address",
            "zoomwebhooksecret": KEY,
        });
        world.config.service_settings.site_url = Some("https://chat.example.com".to_owned());
    }
    let plugin = plugin(component(GUEST).unwrap(), MANIFEST).unwrap();
    plugin.activate(api as Arc<dyn Api>).await.unwrap();
    plugin
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn hmac(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signature(key: &str, time: i64, body: &str) -> String {
    format!("v0={}", hmac(key, &format!("v0:{time}:{body}")))
}

async fn deliver(
    plugin: &ComponentPlugin,
    url: &str,
    time: i64,
    signature: &str,
    body: &str,
) -> Reply {
    let header = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
    let request = HttpRequest {
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers: BTreeMap::from([
            header("Content-Type", "application/json"),
            header("X-Zm-Request-Timestamp", &time.to_string()),
            header("X-Zm-Signature", signature),
        ]),
        ..HttpRequest::default()
    };
    plugin.request(&request, body.as_bytes().to_vec()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn zm090_d11_a_signed_webhook_about_an_unknown_meeting_is_accepted() {
    let plugin = zoom().await;
    for skew in [0, -290, 290] {
        let time = now() + skew;
        let signature = signature(KEY, time, ENDED);
        let reply = deliver(&plugin, ADDRESS, time, &signature, ENDED).await;
        assert_eq!((reply.status, reply.body.len()), (200, 0), "{skew}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zm088_zm090_a_webhook_with_an_invalid_secret_or_signature_is_refused() {
    let plugin = zoom().await;
    let time = now();
    let good = signature(KEY, time, ENDED);
    let stale = signature(KEY, time - 7210, ENDED);
    let early = signature(KEY, time + 320, ENDED);
    let foreign = signature("another key", time, ENDED);
    let other = ENDED.replace("abc", "abd");
    for (what, url, time, signature, body) in [
        ("no secret", "/webhook", time, &good, ENDED),
        ("a wrong secret", "/webhook?secret=x", time, &good, ENDED),
        ("no signature", ADDRESS, time, &String::new(), ENDED),
        ("another key", ADDRESS, time, &foreign, ENDED),
        ("a changed body", ADDRESS, time, &good, other.as_str()),
        ("a changed time", ADDRESS, time + 1, &good, ENDED),
        ("an old one", ADDRESS, time - 7210, &stale, ENDED),
        ("one of the future", ADDRESS, time + 320, &early, ENDED),
    ] {
        let reply = deliver(&plugin, url, time, signature, body).await;
        assert_eq!(reply.status, 401, "{what}");
    }
}

/// An attacker who knows only the address cannot use the validation to sign webhooks.
#[tokio::test(flavor = "multi_thread")]
async fn zm093_a_validation_signs_tokens_and_nothing_that_could_be_a_webhook() {
    let plugin = zoom().await;
    let ask = |token: &str| {
        json!({"event": "endpoint.url_validation", "payload": {"plainToken": token}}).to_string()
    };
    let reply = deliver(&plugin, ADDRESS, 0, "", &ask("qgg8vlvZRS6UYooatFL8Aw")).await;
    let answer: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(
        answer["encryptedToken"],
        hmac(KEY, "qgg8vlvZRS6UYooatFL8Aw").as_str()
    );
    let forged = format!("v0:{}:{ENDED}", now());
    let reply = deliver(&plugin, ADDRESS, 0, "", &ask(&forged)).await;
    assert_eq!(reply.status, 400);
    let said = String::from_utf8_lossy(&reply.body).into_owned();
    assert!(!said.contains(&hmac(KEY, &forged)));
}
