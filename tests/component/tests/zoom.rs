//! The plugin's component through its real exports, without Zoom.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use component_tests::faults::InjectedFault;
use component_tests::memory::MemoryApi;
use component_tests::{GUEST, component, plugin};
use mattermost_plugin_rpc::mattermost::{Api, CommandArgs, HttpRequest, LogLevel};
use plugin_host::{ComponentPlugin, Reply};
use serde_json::{Value, json};

const MANIFEST: &str = include_str!("../../../plugin.json");
const IMPORTS: &str = include_str!("../../../wit/imports.txt");

fn settings() -> Value {
    json!({
        "oauthclientid": "client",
        "oauthclientsecret": "secret-of-the-client",
        "encryptionkey": "0123456789abcdef0123456789abcdef",
        "webhooksecret": "secret-in-the-address",
        "zoomwebhooksecret": "secret-of-the-signature",
        "accountlevelapp": false,
        "restrictmeetingcreation": false,
        "zoomurl": null,
    })
}

async fn zoom(settings: Value) -> (ComponentPlugin, Arc<MemoryApi>) {
    let api = Arc::new(MemoryApi::lagging());
    {
        let mut world = api.world();
        world.settings = settings;
        world.config.service_settings.site_url = Some("https://chat.example.com".to_owned());
    }
    let plugin = plugin(component(GUEST).unwrap(), MANIFEST).unwrap();
    plugin
        .activate(Arc::clone(&api) as Arc<dyn Api>)
        .await
        .unwrap();
    (plugin, api)
}

async fn ask(plugin: &ComponentPlugin, method: &str, url: &str, user: Option<&str>) -> Reply {
    let mut headers = BTreeMap::new();
    headers.insert(
        "Content-Type".to_owned(),
        vec!["application/json".to_owned()],
    );
    if let Some(user) = user {
        headers.insert("Mattermost-User-Id".to_owned(), vec![user.to_owned()]);
        let webapp = vec!["XMLHttpRequest".to_owned()];
        headers.insert("X-Requested-With".to_owned(), webapp);
    }
    let request = HttpRequest {
        method: method.to_owned(),
        url: url.to_owned(),
        headers,
        ..HttpRequest::default()
    };
    plugin.request(&request, b"not json".to_vec()).await
}

async fn run(plugin: &ComponentPlugin, api: &MemoryApi, user: &str, text: &str) -> String {
    let channel = {
        let mut world = api.world();
        world.ephemerals.clear();
        world.add_channel("town", "O", &[user])
    };
    let args = CommandArgs {
        command: text.to_owned(),
        user_id: user.to_owned(),
        channel_id: channel,
        ..CommandArgs::default()
    };
    plugin.command(args).await.unwrap();
    let world = api.world();
    let (reader, post) = world.ephemerals.last().expect("the user is told something");
    assert_eq!(reader, user);
    post.message.clone()
}

#[test]
fn the_component_imports_exactly_the_committed_interfaces() {
    let committed: Vec<_> = IMPORTS
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert_eq!(component(GUEST).unwrap().imports(), committed);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm003_zm012_d28_activation_makes_bot_picture_and_command_once() {
    let (plugin, api) = zoom(settings()).await;
    assert_eq!(api.world().commands["zoom"].trigger, "zoom");
    assert_eq!(api.world().pictures.len(), 1);
    api.world().catch_up();
    plugin
        .activate(Arc::clone(&api) as Arc<dyn Api>)
        .await
        .unwrap();
    assert_eq!(api.world().pictures.len(), 1, "the picture did not change");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm004_zm041_a_missing_setting_is_named_to_administrators_and_in_one_line_of_the_log() {
    let mut wrong = settings();
    wrong["oauthclientid"] = Value::Null;
    wrong["encryptionkey"] = json!("short");
    let (plugin, api) = zoom(wrong).await;
    let warnings: Vec<_> = {
        let world = api.world();
        let lines = world.log.iter().filter(|line| line.level == LogLevel::Warn);
        lines.map(|line| line.message.clone()).collect()
    };
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for label in ["Zoom OAuth client ID", "At Rest Token Encryption Key"] {
        assert!(warnings[0].contains(label), "{warnings:?}");
    }
    let (admin, user) = {
        let mut world = api.world();
        let admin = world.add_user("admin", "system_user system_admin");
        (admin, world.add_user("ann", "system_user"))
    };
    let told = run(&plugin, &api, &admin, "/zoom start").await;
    for part in [
        "Zoom OAuth client ID",
        "/plugins/zoom/public/docs/zoom-app.html.",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let told = run(&plugin, &api, &user, "/zoom start").await;
    assert!(
        told.contains("system admin") && !told.contains("client ID"),
        "{told}"
    );
    // Webhooks need only their two secrets, which are set.
    for (url, status) in [
        ("/webhook", 401),
        ("/api/v1/meetings", 501),
        ("/nowhere", 501),
    ] {
        let reply = ask(&plugin, "POST", url, Some(&user)).await;
        assert_eq!(reply.status, status, "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zm031_d23_paths_methods_and_sessions_decide_about_the_response() {
    let (plugin, api) = zoom(settings()).await;
    let user = api.world().add_user("ann", "system_user");
    for (method, url, signed_in, status) in [
        ("POST", "/nowhere", true, 404),
        ("GET", "/api/v1/meetings", true, 405),
        ("POST", "/api/v1/meetings", false, 401),
        ("POST", "/api/v1/meetings", true, 400),
        ("POST", "/api/v1/askPMI", true, 403),
        ("POST", "/webhook", false, 401),
        ("POST", "/webhook?secret=wrong", false, 401),
        // It is not signed.
        ("POST", "/webhook?secret=secret-in-the-address", false, 401),
    ] {
        let user = signed_in.then_some(user.as_str());
        let reply = ask(&plugin, method, url, user).await;
        assert_eq!(reply.status, status, "{method} {url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zm021_zm046_users_without_a_connection_get_a_link() {
    let (plugin, api) = zoom(settings()).await;
    let user = api.world().add_user("ann", "system_user");
    for command in ["/zoom connect", "/zoom start Standup"] {
        let told = run(&plugin, &api, &user, command).await;
        let link = "https://chat.example.com/plugins/zoom/oauth2/connect";
        assert!(told.contains(link), "{command}: {told}");
    }
}

/// If any call of the server fails, the event still returns a response, and no secret is in the log.
#[tokio::test(flavor = "multi_thread")]
async fn zm117_every_call_of_a_command_may_fail() {
    let (plugin, api) = zoom(settings()).await;
    let (user, channel) = {
        let mut world = api.world();
        let user = world.add_user("ann", "system_user");
        let channel = world.add_channel("town", "O", &[&user]);
        (user, channel)
    };
    for command in [
        "/zoom connect",
        "/zoom start",
        "/zoom settings",
        "/zoom disconnect",
        "/zoom help",
    ] {
        for call in 0..40 {
            api.plan(InjectedFault::Failure, call);
            let args = CommandArgs {
                command: command.to_owned(),
                user_id: user.clone(),
                channel_id: channel.clone(),
                ..CommandArgs::default()
            };
            plugin.command(args).await.expect("no trap");
            if api.clear_fault().is_none() {
                break;
            }
        }
    }
    let log = format!("{:?}", api.world().log);
    for secret in [
        "secret-of-the-client",
        "0123456789abcdef",
        "secret-in-the-address",
    ] {
        assert!(!log.contains(secret));
    }
}
