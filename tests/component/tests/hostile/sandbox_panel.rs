//! `GET /_host/sandbox`: what the component may do, for system admins only, and answered by the host.

use std::collections::BTreeMap;
use std::sync::Arc;

use mattermost_plugin_rpc::mattermost::{Api, HttpRequest, ServerApi as _};
use plugin_host::Reply;
use serde_json::{Value, json};

use crate::HostilePlugin;

const ROUTE: &str = "/_host/sandbox";

async fn ask(hostile: &HostilePlugin, method: &str, user: Option<&str>, plugin: &str) -> Reply {
    let header = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
    let user = user.map(|user| header("Mattermost-User-Id", user));
    let plugin = (!plugin.is_empty()).then(|| header("Mattermost-Plugin-ID", plugin));
    let request = HttpRequest {
        method: method.to_owned(),
        url: ROUTE.to_owned(),
        headers: user.into_iter().chain(plugin).collect::<BTreeMap<_, _>>(),
        ..HttpRequest::default()
    };
    let reply = hostile.plugin.request(&request, Vec::new()).await;
    let stores = ("Cache-Control".to_owned(), "no-store".to_owned());
    assert!(reply.headers.contains(&stores), "{:?}", reply.headers);
    reply
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_admin_sees_what_the_component_may_do_now() {
    let home = json!({"home": " https://user:secret@meet.example:8443/path "});
    let hostile = HostilePlugin::with(home).await;
    let boss = hostile
        .api
        .world()
        .add_user("boss", "system_user system_admin");
    let reply = ask(&hostile, "GET", Some(&boss), "").await;
    assert_eq!(reply.status, 200);
    let seen: Value = serde_json::from_slice(&reply.body).unwrap();
    let hosts = seen["allowed_hosts"].as_array().unwrap();
    let listed = json!({"rule": "https://listed.example", "url": "https://listed.example"});
    assert_eq!(hosts[0], listed);
    let entered = json!({"rule": "setting:Home", "url": "https://meet.example:8443"});
    assert_eq!(hosts[8], entered);
    assert_eq!(hosts.len(), 9);
    let request = json!({"memory_mib": 256, "seconds": 5, "host_calls": 1000, "host_call_mib": 32});
    assert_eq!(seen["limits"]["request"], request);
    let kinds: Vec<_> = seen["limits"].as_object().unwrap().keys().collect();
    assert_eq!(kinds, ["command", "job", "lifecycle", "request"]);
    assert_eq!(seen["concurrent_events"], 64);
    assert_eq!(seen["concurrent_memory_mib"], 512);
    assert_eq!(
        seen["hooks"],
        json!(["command", "job", "lifecycle", "request", "support_data"])
    );
    let imports = seen["component"]["imports"].as_array().unwrap();
    assert!(imports.contains(&json!("mattermost:plugin/kv@0.1.0")));
    assert_eq!(seen["plugin"], json!({"id": "hostile", "version": ""}));
    let server = hostile.api.get_server_version().await.unwrap();
    assert_eq!(seen["server_version"], server);
    assert!(
        seen["wasmtime_version"]
            .as_str()
            .unwrap()
            .starts_with("48.")
    );
    // The tests do not run in the executable.
    assert_eq!(seen["confinement"], json!([]));
    assert_eq!(seen["component"]["sha256"], Value::Null);
    // A setting that was removed allows nothing.
    hostile.api.world().settings = json!({});
    hostile.plugin.reload().await.unwrap();
    let reply = ask(&hostile, "GET", Some(&boss), "").await;
    let seen: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(seen["allowed_hosts"][8]["url"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_sees_it_and_nothing_else_is_accepted() {
    let hostile = HostilePlugin::open().await;
    let (boss, eve) = {
        let mut world = hostile.api.world();
        let boss = world.add_user("boss", "system_user system_admin");
        (boss, world.add_user("eve", "system_user"))
    };
    for (method, user, plugin, status) in [
        ("GET", None, "", 401),
        ("GET", Some(""), "", 401),
        ("GET", Some(eve.as_str()), "", 403),
        ("GET", Some(boss.as_str()), "other", 401),
        ("POST", Some(boss.as_str()), "", 405),
    ] {
        let reply = ask(&hostile, method, user, plugin).await;
        assert_eq!(reply.status, status, "{method} {user:?} {plugin}");
        let said: Value = serde_json::from_slice(&reply.body).unwrap();
        let fields: Vec<_> = said.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["error"]);
    }
    // The permission is checked at that moment.
    let demoted = |roles: &str| {
        let mut world = hostile.api.world();
        world.users.get_mut(&boss).unwrap().roles = roles.to_owned();
    };
    demoted("system_user");
    assert_eq!(ask(&hostile, "GET", Some(&boss), "").await.status, 403);
    demoted("system_user system_admin");
    hostile.api.world().forbidden = true;
    assert_eq!(ask(&hostile, "GET", Some(&boss), "").await.status, 503);
}

/// The route is not answered before the plugin has an API.
#[tokio::test(flavor = "multi_thread")]
async fn before_activation_there_is_no_answer() {
    let hostile = HostilePlugin::closed(json!({}));
    let request = HttpRequest {
        method: "GET".to_owned(),
        url: ROUTE.to_owned(),
        ..HttpRequest::default()
    };
    let reply = hostile.plugin.request(&request, Vec::new()).await;
    assert_eq!(reply.status, 500);
    let api = Arc::clone(&hostile.api) as Arc<dyn Api>;
    hostile.plugin.activate(api).await.unwrap();
    assert_eq!(ask(&hostile, "GET", None, "").await.status, 401);
}
