//! Observations: what a component can note, and how notes reach the store and the other nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::json;

use crate::{HostilePlugin, text};

const NOW: i64 = 1_800_000_000_000;

const RECORD: &str = "_observations";

/// How many calls of the key-value store the server has got.
fn kv_calls(hostile: &HostilePlugin) -> usize {
    let world = hostile.api.world();
    world.calls.iter().filter(|c| c.starts_with("KV")).count()
}

async fn notes(hostile: &HostilePlugin) -> String {
    let reply = hostile.attack("/notes").await;
    assert_eq!(reply.status, 200);
    text(&reply)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_costs_no_call_until_the_plugin_is_deactivated() {
    let hostile = HostilePlugin::at(json!({}), Arc::new(AtomicI64::new(NOW))).await;
    let before = kv_calls(&hostile);
    for _ in 0..100 {
        assert_eq!(hostile.attack("/note?last_webhook=ok").await.status, 200);
    }
    assert_eq!(kv_calls(&hostile), before);
    assert!(hostile.api.world().stored(RECORD).is_none());
    hostile.plugin.deactivate().await.unwrap();
    assert_eq!(kv_calls(&hostile), before + 1);
    let world = hostile.api.world();
    let record = String::from_utf8_lossy(world.stored(RECORD).unwrap());
    assert!(record.contains(r#""last_webhook":{"value":"ok","at":1800000000000,"count":100}"#));
    // Thirty days.
    assert_eq!(world.expiry(RECORD), Some(world.now + 30 * 24 * 3_600_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_notes_of_all_nodes_are_merged() {
    let clock = Arc::new(AtomicI64::new(NOW));
    let first = HostilePlugin::at(json!({}), Arc::clone(&clock)).await;
    let second = first.next_process_at(Arc::clone(&clock)).await;
    for (node, value) in [(&first, "a"), (&second, "b"), (&first, "c")] {
        clock.fetch_add(1_000, Ordering::SeqCst);
        let noted = node.attack(&format!("/note?shared={value}")).await;
        assert_eq!(noted.status, 200);
    }
    assert_eq!(first.attack("/note?own=x").await.status, 200);
    first.plugin.deactivate().await.unwrap();
    // The second node has not stored its notes yet, and its note is older than the stored one.
    let seen = notes(&second).await;
    let shared = r#"Observation { name: "shared", value: "c", at: 1800000003000, count: 3 }"#;
    let own = r#"Observation { name: "own", value: "x", at: 1800000003000, count: 1 }"#;
    assert_eq!(seen, format!("[{own}, {shared}]"));
    // Its change conflicts with the stored record, which it has never read.
    second.plugin.deactivate().await.unwrap();
    let after_restart = first.next_process_at(clock).await;
    assert_eq!(notes(&after_restart).await, seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_write_loses_no_notes() {
    let hostile = HostilePlugin::at(json!({}), Arc::new(AtomicI64::new(NOW))).await;
    assert_eq!(hostile.attack("/note?kept=x").await.status, 200);
    hostile.api.world().forbidden = true;
    hostile.plugin.deactivate().await.unwrap();
    hostile.api.world().forbidden = false;
    assert!(hostile.api.world().stored(RECORD).is_none());
    assert!(notes(&hostile).await.contains("count: 1"));
    hostile.plugin.deactivate().await.unwrap();
    assert!(hostile.api.world().stored(RECORD).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_values_are_checked() {
    let hostile = HostilePlugin::open().await;
    let long = "n".repeat(65);
    for name in ["", "Name", "a-b", "a b", "ä", long.as_str()] {
        let reply = hostile.attack(&format!("/note?{name}=x")).await;
        assert_eq!(reply.status, 418, "{name}");
        assert!(text(&reply).starts_with("Error::Invalid"), "{name}");
    }
    let broken = hostile.attack("/note?name=one%0Atwo").await;
    assert!(text(&broken).starts_with("Error::Invalid"));
    assert_eq!(text(&hostile.attack("/note-long?256").await), "noted");
    let reply = hostile.attack("/note-long?257").await;
    assert_eq!(text(&reply), "Error::TooLarge");
    let longest = "n".repeat(64);
    let reply = hostile.attack(&format!("/note?{longest}=")).await;
    assert_eq!(text(&reply), "noted");
    hostile.serves_requests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_names_is_bounded_in_memory_and_in_the_store() {
    let clock = Arc::new(AtomicI64::new(NOW));
    let hostile = HostilePlugin::at(json!({}), Arc::clone(&clock)).await;
    assert_eq!(text(&hostile.attack("/note-many?500").await), "64");
    assert_eq!(text(&hostile.attack("/note-many?64").await), "64");
    hostile.plugin.deactivate().await.unwrap();
    // Another process notes other names: the newest are kept.
    clock.fetch_add(1_000, Ordering::SeqCst);
    let next = hostile.next_process_at(clock).await;
    assert_eq!(next.attack("/note?newest=x").await.status, 200);
    next.plugin.deactivate().await.unwrap();
    let seen = notes(&next).await;
    assert_eq!(seen.matches("Observation {").count(), 64);
    assert!(seen.contains("newest"));
    let world = next.api.world();
    assert!(world.stored(RECORD).unwrap().len() < 64 * 1024);
}
