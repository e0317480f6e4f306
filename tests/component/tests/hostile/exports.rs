//! A panic in each export is counted and logged, and only its event fails.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::SeqCst;

use mattermost_plugin_rpc::mattermost::{Api, CommandArgs};
use serde_json::json;

use crate::HostilePlugin;

const NOW: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;

fn command() -> CommandArgs {
    CommandArgs {
        command: "/hostile".to_owned(),
        ..CommandArgs::default()
    }
}

/// Checks the number of events of this kind that panicked, and that the last panic was in this export.
#[track_caller]
fn has_panicked(hostile: &HostilePlugin, kind: &str, times: u64, export: &str) {
    let traps = format!("plugin_host_events_total{{kind=\"{kind}\",outcome=\"trap\"}}");
    assert_eq!(hostile.counted(&traps), times, "{export}");
    let panics = hostile.counted("plugin_host_traps_total{reason=\"panic\"}");
    assert_eq!(panics, times, "{export}");
    let world = hostile.api.world();
    let line = world
        .log
        .iter()
        .rev()
        .find(|line| line.message.contains("in a trap"));
    let told = format!("{line:?}");
    let output = format!("panicking in {export}, as asked");
    assert!(told.contains(&output) && told.contains(kind), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_activate_says_so_and_the_plugin_can_be_activated_afterwards() {
    let hostile = HostilePlugin::closed(json!({"attack": "activate"}));
    let api = || Arc::clone(&hostile.api) as Arc<dyn Api>;
    let error = hostile.plugin.activate(api()).await.unwrap_err();
    assert!(!error.is_empty());
    has_panicked(&hostile, "lifecycle", 1, "activate");
    hostile.api.world().settings = json!({});
    hostile.plugin.activate(api()).await.unwrap();
    hostile.serves_requests().await;
}

/// The server writes the reason into its log and shows it to administrators.
#[tokio::test(flavor = "multi_thread")]
async fn the_error_of_a_failed_start_is_one_line_of_limited_length() {
    let hostile = HostilePlugin::closed(json!({"attack": "long-reason"}));
    let api = Arc::clone(&hostile.api) as Arc<dyn Api>;
    let reason = hostile.plugin.activate(api).await.unwrap_err();
    assert!(reason.starts_with("no reason\\nno reason"), "{reason:.80}");
    assert!(reason.len() <= 8 * 1024 && !reason.contains('\n'));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_command_is_truncated_to_the_length_of_a_post() {
    let hostile = HostilePlugin::open().await;
    let mut at_length = command();
    at_length.command.push_str(" at length");
    let answer = hostile.plugin.command(at_length).await.unwrap().unwrap();
    assert!(answer.starts_with("at length at length"));
    assert_eq!(answer.len(), 64 * 1024);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_when_the_configuration_changes_costs_that_event() {
    let hostile = HostilePlugin::open().await;
    hostile.api.world().settings = json!({"attack": "configuration-changed"});
    assert!(hostile.plugin.reload().await.is_err());
    has_panicked(&hostile, "lifecycle", 1, "configuration-changed");
    hostile.serves_requests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_deactivate_is_logged_and_has_no_other_effect() {
    let hostile = HostilePlugin::with(json!({"attack": "deactivate"})).await;
    assert!(hostile.plugin.deactivate().await.is_err());
    has_panicked(&hostile, "lifecycle", 1, "deactivate");
    hostile.serves_requests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_command_costs_that_command() {
    let hostile = HostilePlugin::with(json!({"attack": "command"})).await;
    assert!(hostile.plugin.command(command()).await.is_err());
    has_panicked(&hostile, "command", 1, "command");
    hostile.api.world().settings = json!({});
    hostile.plugin.reload().await.unwrap();
    let answer = hostile.plugin.command(command()).await.unwrap();
    assert_eq!(answer.as_deref(), Some("/hostile"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_request_costs_that_request() {
    let hostile = HostilePlugin::with(json!({"attack": "request"})).await;
    let reply = hostile.attack("/harmless").await;
    assert_eq!(reply.status, 500);
    has_panicked(&hostile, "request", 1, "request");
    hostile.api.world().settings = json!({});
    hostile.plugin.reload().await.unwrap();
    hostile.serves_requests().await;
}

/// Runs the job until it has failed for a day.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_job_fails_that_run_and_a_panic_when_it_is_given_up_still_ends_the_job() {
    let clock = Arc::new(AtomicI64::new(NOW));
    let hostile = HostilePlugin::at(json!({"attack": "job"}), Arc::clone(&clock)).await;
    assert_eq!(hostile.attack("/job").await.status, 200);
    let mut runs = 0;
    while clock.load(SeqCst) < NOW + 24 * HOUR {
        let next = hostile.works().await.unwrap();
        runs += 1;
        has_panicked(&hostile, "job", runs, "job");
        clock.store(next, SeqCst);
    }
    let jobs = |outcome: &str| {
        hostile.counted(&format!("plugin_host_jobs_total{{outcome=\"{outcome}\"}}"))
    };
    assert_eq!((jobs("failed"), jobs("given_up")), (runs, 0));
    hostile.serves_requests().await;
    // The component is notified that the job is given up, and panics again.
    hostile.api.world().settings = json!({"attack": "given-up"});
    hostile.plugin.reload().await.unwrap();
    assert_eq!(hostile.works().await, None);
    has_panicked(&hostile, "job", runs + 1, "given-up");
    assert_eq!((jobs("failed"), jobs("given_up")), (runs, 1));
    let left = hostile.api.world().keys();
    assert!(!left.iter().any(|key| key.starts_with("_job_")), "{left:?}");
    hostile.serves_requests().await;
}
