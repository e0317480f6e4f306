//! The calls that the plugin makes to Mattermost and to other hosts, over all flows.

use std::collections::BTreeSet;

use component_tests::scene::{MANIFEST, Scene};
use mattermost_plugin_rpc::mattermost::LogLevel;
use plugin_tests::zoom::{Route, Webhook};
use serde_json::{Value, json};

use crate::flows;

/// The calls of the existing plugin, and the calls that replace its indirect ways: dialogs open through the server's
/// API, and the server's settings are read at once.
const ALLOWED: [&str; 30] = [
    "LoadPluginConfiguration",
    "GetConfig",
    "RegisterCommand",
    "EnsureBotUser",
    "SetProfileImage",
    "GetBot",
    "GetBundlePath",
    "GetUser",
    "GetChannel",
    "GetChannelMember",
    "GetDirectChannel",
    "HasPermissionTo",
    "HasPermissionToChannel",
    "GetPost",
    "GetPostsSince",
    "CreatePost",
    "UpdatePost",
    "SendEphemeralPost",
    "UpdateEphemeralPost",
    "UploadFile",
    "GetPreferencesForUser",
    "DeletePreferencesForUser",
    "KVGet",
    "KVSetWithOptions",
    "KVDelete",
    "PublishWebSocketEvent",
    "Log",
    "OpenInteractiveDialog",
    "GetServerVersion",
    "KVList",
];

#[tokio::test(flavor = "multi_thread")]
async fn zm120_d28_only_the_calls_that_are_needed_are_used() {
    let scene = Scene::start().await;
    flows::play(&scene).await;
    let world = scene.api.world();
    let used: BTreeSet<&str> = world.calls.iter().map(String::as_str).collect();
    let surplus: Vec<_> = used.iter().filter(|name| !ALLOWED.contains(name)).collect();
    assert!(surplus.is_empty(), "{surplus:?}");
    for name in [
        "CreatePost",
        "UpdatePost",
        "UpdateEphemeralPost",
        "PublishWebSocketEvent",
    ] {
        assert!(used.contains(name), "{name}: the flows have not run");
    }
    // Listing all keys is slow. The jobs that index old subscriptions and connections do it once, and each deauthorization.
    let listed = world.calls.iter().filter(|call| *call == "KVList").count();
    assert!(listed <= 4 * 2, "{listed}");
}

/// The plugin sends requests only to addresses of Zoom's API, and the sandbox allows no other hosts.
#[tokio::test(flavor = "multi_thread")]
async fn zm119_requests_go_to_zoom_only() {
    let scene = Scene::start().await;
    flows::play(&scene).await;
    assert!(scene.zoom.total() > 10);
    assert_eq!(scene.zoom.count(Route::Unknown), 0);
    let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
    let hosts = manifest["props"]["sandbox"]["http"]["hosts"]
        .as_array()
        .unwrap();
    for host in hosts {
        let host = host.as_str().unwrap();
        let domains = ["zoom.us", "zoom.com", "zoomgov.com"];
        let zooms = domains.iter().any(|domain| {
            host == format!("https://{domain}") || host == format!("https://*.{domain}")
        });
        assert!(zooms || host.starts_with("setting:Zoom"), "{host}");
    }
    let refused = scene.log().contains("denied");
    assert!(!refused, "the plugin sent a request to another host");
}

/// A log message is a sentence, and its values are in fields with fixed names.
#[tokio::test(flavor = "multi_thread")]
async fn zm118_log_lines_are_sentences_with_named_fields() {
    let scene = Scene::start().await;
    flows::play(&scene).await;
    let world = scene.api.world();
    assert!(world.log.len() > 5);
    for line in &world.log {
        assert!(line.message.ends_with(['.', '?', '!']), "{line:?}");
        assert!(line.message.starts_with(char::is_uppercase), "{line:?}");
        for (name, _) in &line.fields {
            let plain = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            assert!(plain && name != "err", "{line:?}");
        }
        assert_ne!(
            line.level,
            LogLevel::Error,
            "an error in the plugin: {line:?}"
        );
    }
}

/// Problems for the administrator are warnings; mistakes of users are not.
#[tokio::test(flavor = "multi_thread")]
async fn zm118_refused_webhooks_and_failures_of_zoom_are_warnings() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    let lines = || -> Vec<(LogLevel, String)> {
        let mut world = scene.api.world();
        let lines = std::mem::take(&mut world.log);
        lines
            .into_iter()
            .map(|line| (line.level, line.message))
            .collect()
    };
    lines();
    let event = json!({"event": "user.created", "event_ts": 1, "payload": {}}).to_string();
    scene.delivers(&Webhook::sign("wrong", event.clone())).await;
    let told = lines();
    assert_eq!(told.len(), 1);
    assert!(
        told[0].0 == LogLevel::Warn && told[0].1.contains("Zoom secret token"),
        "{told:?}"
    );
    scene
        .delivers_to("/webhook?secret=wrong", &scene.zoom.webhook_with(event))
        .await;
    let told = lines();
    assert!(
        told[0].0 == LogLevel::Warn && told[0].1.contains("Webhook URL secret"),
        "{told:?}"
    );
    for _ in 0..8 {
        let fault = plugin_tests::zoom::Fault::server_error();
        scene.zoom.fail_next(Route::CreateMeeting, fault);
    }
    scene.asks(&ann, &town, "/zoom start").await;
    scene.zoom.release();
    assert!(lines().iter().any(|(level, _)| *level == LogLevel::Warn));
    scene.asks(&ann, &town, "/zoom dance").await;
    scene
        .asks(&ann, "aaaaaaaaaaaaaaaaaaaaaaaaaa", "/zoom start")
        .await;
    let told = lines();
    assert!(
        told.iter().all(|(level, _)| *level == LogLevel::Debug),
        "{told:?}"
    );
}

/// The server opens the dialog for the trigger ID of the command, without an HTTP request or a token.
#[tokio::test(flavor = "multi_thread")]
async fn zm113_d15_a_dialog_is_opened_by_the_server_itself() {
    let scene = Scene::start().await;
    let boss = scene.administrator("boss");
    let town = scene.channel("town", &[&boss]);
    let told = scene.asks(&boss, &town, "/zoom channel-settings").await;
    let world = scene.api.world();
    let opened = world
        .calls
        .iter()
        .filter(|call| *call == "OpenInteractiveDialog");
    assert_eq!(opened.count(), 1, "{told}");
    assert_eq!(
        scene.zoom.total(),
        0,
        "who is not connected to Zoom can open it"
    );
}

/// Two fast clicks on "start anyway" are one.
#[tokio::test(flavor = "multi_thread")]
async fn zm072_d62_a_double_click_on_a_forced_start_makes_one_meeting() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    scene.asks(&ann, &town, "/zoom start").await;
    let before = scene.zoom.count(Route::CreateMeeting);
    let body = serde_json::json!({"channel_id": town, "topic": "Again"}).to_string();
    let click = || scene.request("POST", "/api/v1/meetings?force=true", Some(&ann), &body);
    let (one, other) = tokio::join!(click(), click());
    assert_eq!((one.status, other.status), (200, 200));
    assert_eq!(scene.zoom.count(Route::CreateMeeting) - before, 1);
    scene.later(5);
    assert_eq!(click().await.status, 200);
    assert_eq!(scene.zoom.count(Route::CreateMeeting) - before, 2);
}
