//! What the plugin asks of Mattermost and of the world, over all that it does.

use std::collections::BTreeSet;

use component_tests::scene::{MANIFEST, Scene};
use mattermost_plugin_rpc::mattermost::LogLevel;
use plugin_tests::zoom::{Route, Webhook};
use serde_json::{Value, json};

use crate::flows;

/// The calls that the existing plugin needs, and those that stand for its detours: dialogs open through
/// the server, and settings of the server are read whole.
const ALLOWED: [&str; 28] = [
    "LoadPluginConfiguration",
    "GetConfig",
    "RegisterCommand",
    "EnsureBotUser",
    "SetProfileImage",
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
    // Listing all keys is slow. The job that indexes old subscriptions does it once, and each deauthorization.
    let listed = world.calls.iter().filter(|call| *call == "KVList").count();
    assert!(listed <= 3 * 2, "{listed}");
}

/// Whatever happens, only Zoom is talked to, at addresses of its API; and the sandbox allows no more.
#[tokio::test(flavor = "multi_thread")]
async fn zm119_nothing_is_told_to_anybody_but_zoom() {
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
    assert!(!refused, "the plugin tried to reach somebody else");
}

/// A line is a sentence, and what belongs to it is in fields whose names are always the same.
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
        assert_ne!(line.level, LogLevel::Error, "no defect of ours: {line:?}");
    }
}

/// What an administrator has to look at is a warning; what a user did wrong is none.
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

/// The server opens the dialog for the trigger of the command: no detour over its address, no token.
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

/// A start by somebody connected with a stored preference: one request to Zoom, thirteen calls of the
/// server, whichever way.
#[tokio::test(flavor = "multi_thread")]
async fn zm064_zm065_zm115_d28_a_start_makes_one_request_and_at_most_thirteen_calls() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    for way in ["command", "button"] {
        let town = scene.channel(way, &[&ann]);
        if way == "command" {
            scene.connects_and_prefers(&ann, &town, "No").await;
        }
        let (calls, requests) = (scene.api.world().calls.len(), scene.zoom.total());
        if way == "command" {
            scene.asks(&ann, &town, "/zoom start Standup").await;
        } else {
            let body = serde_json::json!({"channel_id": town, "topic": "Standup"}).to_string();
            let reply = scene
                .request("POST", "/api/v1/meetings", Some(&ann), &body)
                .await;
            assert_eq!(reply.status, 200);
        }
        assert_eq!(scene.posts(&town).len(), 1);
        assert_eq!(scene.zoom.total() - requests, 1, "{way}");
        let world = scene.api.world();
        let made = &world.calls[calls..];
        assert!(made.len() <= 13, "{way}: {} calls: {made:?}", made.len());
    }
}

/// Each call is a round trip to the server and its database, so that one more costs everybody.
#[tokio::test(flavor = "multi_thread")]
async fn d28_each_action_makes_these_calls_and_no_more() {
    let scene = Scene::start().await;
    let mark = || scene.api.world().calls.len();
    let check_first = |what: &str, expected: &str| {
        let world = scene.api.world();
        let calls: Vec<_> = world.calls.iter().filter(|call| *call != "Log").collect();
        let count = expected.split(' ').count();
        let first: Vec<_> = calls.iter().take(count).map(|call| call.as_str()).collect();
        assert_eq!(first.join(" "), expected, "{what}");
    };
    let check = |what: &str, from: usize, expected: &str| {
        let world = scene.api.world();
        let calls = world.calls[from..].iter().filter(|call| *call != "Log");
        let calls: Vec<_> = calls.map(String::as_str).collect();
        assert_eq!(calls.join(" "), expected, "{what}");
    };
    // The host's key, the bot, the command, its image, the Site URL, and a job that indexes old subscriptions.
    let activation = "LoadPluginConfiguration GetConfig KVSetWithOptions KVGet KVSetWithOptions EnsureBotUser GetUser \
                      RegisterCommand KVGet SetProfileImage KVSetWithOptions KVGet KVSetWithOptions KVGet \
                      KVSetWithOptions KVGet KVSetWithOptions";
    check_first("the first start of the plugin", activation);
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    let from = mark();
    scene.asks(&ann, &town, "/zoom help").await;
    check("help", from, "GetUser SendEphemeralPost");
    let from = mark();
    scene.asks(&ann, &town, "/zoom start").await;
    let start = "GetUser GetChannelMember GetChannel KVGet HasPermissionToChannel KVGet GetPostsSince KVGet \
                 KVSetWithOptions KVSetWithOptions CreatePost KVSetWithOptions PublishWebSocketEvent";
    check("a start", from, start);
    let mut meeting = scene.zoom.meetings().pop().unwrap();
    let ended = scene.zoom.webhook("meeting.ended", &meeting);
    for (what, webhook, expected) in [
        (
            "a start that Zoom tells of",
            scene.zoom.webhook("meeting.started", &meeting),
            "KVGet KVGet KVSetWithOptions",
        ),
        (
            "an end",
            ended.clone(),
            "KVGet KVGet KVSetWithOptions GetPost GetPost UpdatePost KVSetWithOptions KVSetWithOptions",
        ),
        ("the same once more", ended, "KVGet KVGet KVSetWithOptions"),
        (
            "the end of a meeting that is nobody's",
            {
                meeting.id += 1;
                "of nobody==".clone_into(&mut meeting.uuid);
                scene.zoom.webhook("meeting.ended", &meeting)
            },
            "KVGet",
        ),
        (
            "the end of a meeting that a channel follows and that was not announced",
            {
                let record = serde_json::json!({"channel_id": town, "is_subscription": true, "created_by": ann});
                meeting.id += 1;
                "of the series==".clone_into(&mut meeting.uuid);
                let key = format!("meeting_channel_{}", meeting.id);
                scene.api.world().store(&key, record.to_string());
                scene.zoom.webhook("meeting.ended", &meeting)
            },
            "KVGet KVGet KVSetWithOptions KVGet KVSetWithOptions",
        ),
        (
            "what does not concern the plugin",
            scene.zoom.webhook("user.created", &meeting),
            "",
        ),
    ] {
        let from = mark();
        assert_eq!(scene.delivers(&webhook).await.status, 200, "{what}");
        check(what, from, expected);
    }
}
