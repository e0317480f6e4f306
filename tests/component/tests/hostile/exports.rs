//! A panic in each of the exports, one after the other.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::SeqCst;

use mattermost_plugin_rpc::mattermost::{Api, CommandArgs};
use serde_json::json;

use crate::Den;

fn command() -> CommandArgs {
    CommandArgs {
        command: "/hostile".to_owned(),
        ..CommandArgs::default()
    }
}

fn traps(den: &Den, kind: &str) -> u64 {
    den.counted(&format!(
        "plugin_host_events_total{{kind=\"{kind}\",outcome=\"trap\"}}"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_activate_says_so_and_the_plugin_can_be_activated_afterwards() {
    let den = Den::closed(json!({"attack": "activate"}));
    let api = || Arc::clone(&den.api) as Arc<dyn Api>;
    let error = den.plugin.activate(api()).await.unwrap_err();
    assert!(!error.is_empty());
    assert_eq!(traps(&den, "lifecycle"), 1);
    den.api.world().settings = json!({});
    den.plugin.activate(api()).await.unwrap();
    den.is_unhurt().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_when_the_configuration_changes_costs_that_event() {
    let den = Den::open().await;
    den.api.world().settings = json!({"attack": "configuration-changed"});
    let _ = den.plugin.reload().await;
    assert_eq!(traps(&den, "lifecycle"), 1);
    den.is_unhurt().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_command_costs_that_command() {
    let den = Den::with(json!({"attack": "command"})).await;
    let answer = den.plugin.command(command()).await;
    assert!(answer.is_err());
    assert_eq!(traps(&den, "command"), 1);
    den.api.world().settings = json!({});
    den.plugin.reload().await.unwrap();
    let answer = den.plugin.command(command()).await.unwrap();
    assert_eq!(answer.as_deref(), Some("/hostile"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_job_costs_that_run_and_one_when_it_is_given_up_ends_it_all_the_same() {
    let clock = Arc::new(AtomicI64::new(1_800_000_000_000));
    let den = Den::at(json!({}), Arc::clone(&clock)).await;
    assert_eq!(den.attack("/job").await.status, 200);
    den.api.world().settings = json!({"attack": "job"});
    den.plugin.reload().await.unwrap();
    let mut next = den.plugin.work().await.unwrap();
    assert_eq!(traps(&den, "job"), 1);
    den.is_unhurt().await;
    // A day later it is given up, which the component is told, and panics again.
    den.api.world().settings = json!({"attack": "job"});
    let mut runs = 1;
    while next < clock.load(SeqCst) + 23 * 3600 * 1000 && runs < 200 {
        clock.store(next, SeqCst);
        match den.plugin.work().await {
            Some(later) => next = later,
            None => break,
        }
        runs += 1;
        if clock.load(SeqCst) > 1_800_000_000_000 + 23 * 3600 * 1000 {
            den.api.world().settings = json!({"attack": "given-up"});
            den.plugin.reload().await.unwrap();
            clock.fetch_add(2 * 3600 * 1000, SeqCst);
            den.plugin.work().await;
            break;
        }
    }
    let left = den.api.world().keys();
    assert!(!left.iter().any(|key| key.starts_with("_job_")), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_request_costs_that_request() {
    let den = Den::with(json!({"attack": "request"})).await;
    let reply = den.attack("/harmless").await;
    assert_eq!(reply.status, 500);
    assert_eq!(traps(&den, "request"), 1);
    assert!(
        den.log().contains("panicking in request, as asked"),
        "{}",
        den.log()
    );
    den.api.world().settings = json!({});
    den.plugin.reload().await.unwrap();
    den.is_unhurt().await;
}
