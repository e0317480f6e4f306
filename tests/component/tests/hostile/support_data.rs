//! The component's file for support packets: whatever the component does, the host's own file is there.

use std::sync::Arc;

use component_tests::memory::MemoryApi;
use component_tests::{HELLO, HOSTILE, component, plugin};
use mattermost_plugin_rpc::mattermost::Api;
use serde_json::{Value, json};

use crate::{HostilePlugin, MANIFEST};

const HELLO_MANIFEST: &str = include_str!("../../../guests/hello/plugin.json");

async fn files(hostile: &HostilePlugin) -> Vec<(String, String)> {
    let own = "the host's own".to_owned();
    hostile.plugin.support_files(own).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_components_file_follows_the_hosts() {
    let own = (
        "hostile/diagnostics.txt".to_owned(),
        "the host's own".to_owned(),
    );
    for (attack, name, text) in [
        ("", "hostile/component.json", r#"{"state":"fine"}"#),
        ("text-support-data", "hostile/component.txt", "no JSON"),
    ] {
        let hostile = HostilePlugin::with(json!({"attack": attack})).await;
        let other = (name.to_owned(), text.to_owned());
        assert_eq!(files(&hostile).await, [own.clone(), other]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_fails_costs_only_its_own_file() {
    for (attack, reason) in [
        ("support-data", "wasm trap"),
        ("endless-support-data", "time limit"),
        ("large-support-data", "larger than 1048576 bytes"),
    ] {
        let hostile = HostilePlugin::with(json!({"attack": attack})).await;
        let files = files(&hostile).await;
        let [(name, text)] = files.as_slice() else {
            panic!("one file: {files:?}");
        };
        assert_eq!(name, "hostile/diagnostics.txt");
        assert!(text.starts_with("the host's own"), "{text}");
        assert!(
            text.contains("file is missing") && text.contains(reason),
            "{attack}: {text}"
        );
        hostile.serves_requests().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_activation_and_without_the_hook_there_is_the_hosts_file() {
    let hostile = HostilePlugin::closed(json!({}));
    let before = files(&hostile).await;
    assert_eq!(before.len(), 1);
    assert!(before[0].1.contains("file is missing"), "{before:?}");
    let hello = plugin(component(HELLO).unwrap(), HELLO_MANIFEST).unwrap();
    let api = Arc::new(MemoryApi::default());
    api.world().settings = json!({});
    hello.activate(api).await.unwrap();
    let own = hello.support_files("own".to_owned()).await;
    assert_eq!(
        own,
        [("hello/diagnostics.txt".to_owned(), "own".to_owned())]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_with_a_hook_that_its_policy_does_not_list_does_not_start() {
    let mut manifest: Value = serde_json::from_str(MANIFEST).unwrap();
    let sandbox = manifest["props"]["sandbox"].as_object_mut().unwrap();
    sandbox.remove("hooks").unwrap();
    let plugin = plugin(component(HOSTILE).unwrap(), &manifest.to_string()).unwrap();
    let api = Arc::new(MemoryApi::default());
    let refused = plugin.activate(Arc::clone(&api) as Arc<dyn Api>).await;
    let refused = refused.unwrap_err();
    assert!(
        refused.contains("the hook support_data, which its policy does not list"),
        "{refused}"
    );
    assert!(api.world().calls.is_empty());
}
