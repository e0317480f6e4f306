//! The audit log: records that a component can and cannot write.

use std::sync::Arc;

use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{Api, HttpRequest};
use serde_json::json;

use crate::HostilePlugin;

async fn written(hostile: &HostilePlugin, url: &str) {
    let header = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
    let headers = [
        header("Mattermost-User-Id", "evexxxxxxxxxxxxxxxxxxxxxxx"),
        header("X-Forwarded-For", "198.51.100.9"),
    ];
    let request = HttpRequest {
        method: "POST".to_owned(),
        url: url.to_owned(),
        remote_addr: "192.0.2.7:51234".to_owned(),
        headers: headers.into_iter().collect(),
        ..HttpRequest::default()
    };
    let reply = hostile.plugin.request(&request, Vec::new()).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_record_names_the_acting_user_whatever_the_component_says() {
    let hostile = HostilePlugin::open().await;
    written(&hostile, "/audit?change_settings|1|20|4000").await;
    written(&hostile, "/audit?Forged action|1|0|0").await;
    let world = hostile.api.world();
    let [record, forged] = world.audit.as_slice() else {
        panic!("two records: {:?}", world.audit);
    };
    assert_eq!(record.event_name, "change_settings");
    assert_eq!(record.status, "success");
    assert_eq!(record.actor.user_id, "evexxxxxxxxxxxxxxxxxxxxxxx");
    assert_eq!(record.actor.ip_address, "192.0.2.7");
    assert_eq!(record.actor.x_forwarded_for, "198.51.100.9");
    let parameters = &record.event_data.parameters;
    // Sixteen details, one of which the host replaced, and the details of the server.
    assert_eq!(parameters.len(), 17, "{parameters:?}");
    let long = |value: &Any| matches!(value, Any::String(text) if text.len() > 1024);
    assert!(!parameters.values().any(long));
    assert_eq!(forged.event_name, "invalid");
    let event = Any::String("request".to_owned());
    assert_eq!(forged.event_data.parameters.get("event"), Some(&event));
}

/// Servers before version 10.10 reject audit records of plugins.
#[tokio::test(flavor = "multi_thread")]
async fn on_an_old_server_a_record_is_a_line_of_the_log() {
    let hostile = HostilePlugin::closed(json!({}));
    hostile.api.world().is_old = true;
    let api = Arc::clone(&hostile.api) as Arc<dyn Api>;
    hostile.plugin.activate(api).await.unwrap();
    written(&hostile, "/audit?change_settings|1|1|3").await;
    let world = hostile.api.world();
    assert!(world.audit.is_empty());
    let mut lines = world.log.iter();
    let line = lines.find(|line| line.message == "Audit").unwrap();
    let field = |name: &str| {
        let found = line.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(field("action"), Some("change_settings"));
    assert_eq!(field("user_id"), Some("evexxxxxxxxxxxxxxxxxxxxxxx"));
    assert_eq!(field("parameter_event"), Some("request"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_writes_a_limited_number_of_records() {
    let hostile = HostilePlugin::open().await;
    written(&hostile, "/audit?flood|100|1|1").await;
    assert_eq!(hostile.api.world().audit.len(), 16);
    let left_out = r#"plugin_host_log_lines_dropped_total{reason="audit"}"#;
    assert_eq!(hostile.counted(left_out), 84);
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_refusals_are_one_record_with_their_number() {
    let hostile = HostilePlugin::open().await;
    for _ in 0..5 {
        hostile.attack("/kv-host-read?_host_key").await;
    }
    hostile.attack("/fetch?https://unlisted.example/").await;
    assert!(hostile.api.world().audit.is_empty());
    hostile.plugin.deactivate().await.unwrap();
    let world = hostile.api.world();
    let [record] = world.audit.as_slice() else {
        panic!("one record: {:?}", world.audit);
    };
    assert_eq!(record.event_name, "refusals");
    let number = |name: &str| record.event_data.parameters.get(name).cloned();
    assert_eq!(number("kv"), Some(Any::String("5".to_owned())));
    assert_eq!(number("http"), Some(Any::String("1".to_owned())));
}
