//! A component that has nothing to do with the plugin's own runs on the same host, and what it must not
//! do it cannot do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use component_tests::memory::MemoryApi;
use component_tests::{HELLO, component, plugin};
use mattermost_plugin_rpc::mattermost::{Api, CommandArgs, HttpRequest};
use plugin_host::{ComponentPlugin, Reply};
use serde_json::json;

const MANIFEST: &str = include_str!("../../guests/hello/plugin.json");

async fn hello() -> (Arc<ComponentPlugin>, Arc<MemoryApi>) {
    let api = Arc::new(MemoryApi::default());
    api.world().settings = json!({});
    let plugin = plugin(component(HELLO).unwrap(), MANIFEST).unwrap();
    plugin
        .activate(Arc::clone(&api) as Arc<dyn Api>)
        .await
        .unwrap();
    (Arc::new(plugin), api)
}

fn get(url: &str, user: Option<&str>) -> HttpRequest {
    let mut headers = BTreeMap::new();
    if let Some(user) = user {
        headers.insert("Mattermost-User-Id".to_owned(), vec![user.to_owned()]);
    }
    HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers,
        ..HttpRequest::default()
    }
}

async fn ask(plugin: &ComponentPlugin, url: &str) -> Reply {
    plugin.request(&get(url, None), Vec::new()).await
}

fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn activation_registers_command_and_bot() {
    let (plugin, api) = hello().await;
    assert!(api.world().commands.contains_key("hello"));
    let args = CommandArgs {
        command: "/hello".to_owned(),
        ..CommandArgs::default()
    };
    assert!(plugin.command(args).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_visits_are_all_counted() {
    let (plugin, api) = hello().await;
    let visits = (0..50).map(|_| {
        let plugin = Arc::clone(&plugin);
        tokio::spawn(async move { ask(&plugin, "/").await.status })
    });
    let mut counted = 0;
    for visit in visits.collect::<Vec<_>>() {
        if visit.await.unwrap() == 200 {
            counted += 1;
        }
    }
    assert!(counted > 0);
    let stored = api.world().stored("visits").map(<[u8]>::to_vec);
    assert_eq!(stored, Some(counted.to_string().into_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_costs_one_event_and_is_logged_with_the_components_own_backtrace() {
    let (plugin, api) = hello().await;
    assert_eq!(ask(&plugin, "/trap").await.status, 500);
    let line = api.world().log.last().unwrap().clone();
    let fields: BTreeMap<_, _> = line.fields.into_iter().collect();
    assert!(
        fields["reason"].contains("misbehave::trap"),
        "{}",
        fields["reason"]
    );
    assert!(
        fields["output"].contains("trapping, as asked"),
        "{}",
        fields["output"]
    );
    assert_eq!(ask(&plugin, "/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_is_stopped_at_its_time_limit_and_others_are_served_meanwhile() {
    let (plugin, api) = hello().await;
    let looping = {
        let plugin = Arc::clone(&plugin);
        tokio::spawn(async move { ask(&plugin, "/loop").await.status })
    };
    assert_eq!(ask(&plugin, "/").await.status, 200);
    assert!(!looping.is_finished());
    assert_eq!(looping.await.unwrap(), 500);
    let line = api.world().log.last().unwrap().clone();
    let told = format!("{line:?}");
    assert!(told.contains("time limit"), "{told}");
    assert!(told.contains("hello_guest.wasm!"), "where it was: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hoarder_reaches_its_memory_limit() {
    let (plugin, api) = hello().await;
    assert_eq!(ask(&plugin, "/memory").await.status, 500);
    let line = format!("{:?}", api.world().log.last().unwrap());
    assert!(line.contains("memory limit"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_keys_and_unlisted_hosts_are_denied() {
    let (plugin, api) = hello().await;
    assert_eq!(ask(&plugin, "/kv-host-key").await.status, 403);
    assert!(api.world().keys().iter().all(|key| key != "_mine"));
    let fetched = ask(&plugin, "/fetch?url=https%3A%2F%2Fexample.com%2F").await;
    assert_eq!(fetched.status, 403, "{}", text(&fetched));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_is_from_the_user_who_asked_and_from_nobody_else() {
    let (plugin, api) = hello().await;
    let (user, channel) = {
        let mut world = api.world();
        let user = world.add_user("ann", "system_user");
        let channel = world.add_channel("town", "O", &[&user]);
        (user, channel)
    };
    let url = format!("/as-user?channel={channel}");
    assert_eq!(ask(&plugin, &url).await.status, 403, "nobody is signed in");
    let reply = plugin.request(&get(&url, Some(&user)), Vec::new()).await;
    assert_eq!(reply.status, 201, "{}", text(&reply));
    let world = api.world();
    assert_eq!(world.posts[0].user_id, user);
    let key = format!("_post_{}", world.posts[0].id);
    assert_eq!(world.stored(&key), Some(user.as_bytes()));
}
