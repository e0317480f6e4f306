//! Runs a component other than the plugin's on the same host, within the limits of its policy.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop right there"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use component_tests::faults::InjectedFault;
use component_tests::memory::MemoryApi;
use component_tests::{HELLO, TARGET, component, plugin};
use mattermost_plugin_rpc::mattermost::{Api, CommandArgs, HttpRequest};
use plugin_host::{Component, ComponentPlugin, Reply};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
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
async fn without_pool_memory_each_event_allocates_its_own() {
    // With 4 GiB each, the slots exceed the address space of a process.
    let component = Component::load(HELLO, env!("TARGET_TRIPLE"), 100_000).unwrap();
    let plugin = plugin(Arc::new(component), MANIFEST).unwrap();
    let api = Arc::new(MemoryApi::default());
    api.world().settings = json!({});
    plugin.activate(api).await.unwrap();
    assert_eq!(ask(&plugin, "/header").await.status, 200);
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
    // As many as the component's attempts: each visit loses at most one race to each other visit.
    let visits = (0..30).map(|_| {
        let plugin = Arc::clone(&plugin);
        tokio::spawn(async move { ask(&plugin, "/").await.status })
    });
    for visit in visits.collect::<Vec<_>>() {
        assert_eq!(visit.await.unwrap(), 200);
    }
    assert_eq!(number(&api, "visits"), "30");
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
async fn a_component_that_allocates_without_end_reaches_its_memory_limit() {
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
async fn a_post_is_attributed_only_to_the_requesting_user() {
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
    for (name, length) in [("_mark", 32), ("_proof", 64)] {
        let value = world.posts[0].props[name].to_json();
        assert_eq!(value.as_str().unwrap().len(), length, "{name}");
    }
    assert_eq!(world.stored("_host_key").map(<[u8]>::len), Some(32));
    assert_eq!(world.expiry("_host_key"), None);
    assert!(world.keys().iter().all(|key| !key.starts_with("_post_")));
}

/// A process of a cluster: its own plugin, the shared server, and a clock that the test controls.
async fn node(api: &Arc<MemoryApi>, clock: &Arc<AtomicI64>) -> ComponentPlugin {
    let clock = Arc::clone(clock);
    let plugin = plugin(component(HELLO).unwrap(), MANIFEST).unwrap();
    let plugin = plugin.with_clock(move || clock.load(Ordering::SeqCst));
    let activated = plugin.activate(Arc::clone(api) as Arc<dyn Api>);
    activated.await.unwrap();
    plugin
}

async fn enqueue(
    plugin: &ComponentPlugin,
    kind: &str,
    delay: u32,
    user: Option<&str>,
    payload: &str,
) {
    let mut request = get(&format!("/later?kind={kind}&delay={delay}"), user);
    request.method = "POST".to_owned();
    let reply = plugin.request(&request, payload.as_bytes().to_vec()).await;
    assert_eq!(reply.status, 202, "{}", text(&reply));
}

async fn cluster() -> (
    ComponentPlugin,
    ComponentPlugin,
    Arc<MemoryApi>,
    Arc<AtomicI64>,
) {
    let api = Arc::new(MemoryApi::default());
    api.world().settings = json!({});
    let clock = Arc::new(AtomicI64::new(1_700_000_000_000));
    let first = node(&api, &clock).await;
    let second = node(&api, &clock).await;
    (first, second, api, clock)
}

fn number(api: &MemoryApi, key: &str) -> String {
    let world = api.world();
    let stored = world.stored(key).unwrap_or(b"0");
    String::from_utf8_lossy(stored).into_owned()
}

/// The records of the queue: payloads, and entries in the indexes.
fn left(api: &MemoryApi) -> (usize, usize) {
    let world = api.world();
    let keys = world.keys();
    let payloads = keys.iter().filter(|key| key.starts_with("_job_")).count();
    let indexes = keys.iter().filter(|key| key.starts_with("_jobs_"));
    let entries = indexes.map(|key| {
        let record: serde_json::Value = serde_json::from_slice(world.stored(key).unwrap()).unwrap();
        record["jobs"].as_array().unwrap().len()
    });
    (payloads, entries.sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_once_on_some_node_and_leaves_nothing() {
    let (first, second, api, _) = cluster().await;
    for number in 0..40 {
        let node = if number % 2 == 0 { &first } else { &second };
        enqueue(node, "count", 0, None, "counted").await;
    }
    assert_eq!(left(&api), (40, 40));
    tokio::join!(first.work(), second.work());
    assert_eq!(number(&api, "counted"), "40");
    assert_eq!(left(&api), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_waits_until_it_is_due() {
    let (first, second, api, clock) = cluster().await;
    enqueue(&first, "count", 30, None, "counted").await;
    let due = clock.load(Ordering::SeqCst) + 30_000;
    assert_eq!(second.work().await, Some(due));
    assert_eq!(number(&api, "counted"), "0");
    clock.store(due, Ordering::SeqCst);
    assert_eq!(second.work().await, None);
    assert_eq!(number(&api, "counted"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_traps_or_asks_for_time_runs_again_later() {
    let (first, _, api, clock) = cluster().await;
    for kind in ["stumble", "patient"] {
        enqueue(&first, kind, 0, None, kind).await;
        let next = first.work().await.expect("it comes again");
        let wait = next - clock.load(Ordering::SeqCst);
        let (least, most) = if kind == "stumble" {
            (5_000, 5_500)
        } else {
            (60_000, 66_000)
        };
        assert!((least..=most).contains(&wait), "{kind}: {wait}");
        assert_eq!(number(&api, kind), "0");
        clock.store(next, Ordering::SeqCst);
        assert_eq!(first.work().await, None);
        assert_eq!(number(&api, kind), "1");
    }
    assert_eq!(left(&api), (0, 0));
}

/// After any failure while a job is claimed, run, and finished, the job runs. It runs again only if no record could
/// show that it had run.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_survives_a_failure_at_any_call() {
    for fault in [
        InjectedFault::Failure,
        InjectedFault::Lost,
        InjectedFault::Outage(3),
        InjectedFault::Outage(usize::MAX),
    ] {
        for call in 0.. {
            let (first, second, api, clock) = cluster().await;
            enqueue(&first, "count", 0, None, "counted").await;
            api.plan(fault, call);
            first.work().await;
            let came_at = api.clear_fault();
            // The lease of the failed node expires.
            clock.fetch_add(120_000, Ordering::SeqCst);
            second.work().await;
            let counted = number(&api, "counted");
            let case = format!("{fault:?} at {came_at:?}");
            assert!(counted == "1" || counted == "2", "{case}: {counted}");
            assert_eq!(left(&api).1, 0, "{case}");
            if came_at.is_none() {
                assert_eq!((counted.as_str(), left(&api).0), ("1", 0), "{case}");
                break;
            }
        }
    }
}

/// A process claims a job in the write that enqueues it, and runs it. If the process ends first, the lease expires.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_belongs_to_the_process_that_enqueued_it_until_its_lease_ends() {
    let (first, second, api, clock) = cluster().await;
    first.claim_jobs();
    enqueue(&first, "count", 0, None, "counted").await;
    let lease = clock.load(Ordering::SeqCst) + 60_000;
    assert_eq!(second.work().await, Some(lease));
    assert_eq!(number(&api, "counted"), "0");
    assert_eq!(first.work().await, None);
    assert_eq!(number(&api, "counted"), "1");
    // The process enqueued the job and ended.
    enqueue(&first, "count", 0, None, "counted").await;
    drop(first);
    second.work().await;
    assert_eq!(number(&api, "counted"), "1");
    clock.fetch_add(60_000, Ordering::SeqCst);
    assert_eq!(second.work().await, None);
    assert_eq!(number(&api, "counted"), "2");
    assert_eq!(left(&api), (0, 0));
}

/// After a process was suspended for longer than its lease, it runs its job only if no other process has.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waited_for_longer_than_its_lease_runs_once() {
    for other_is_faster in [true, false] {
        let (first, second, api, clock) = cluster().await;
        first.claim_jobs();
        enqueue(&first, "count", 0, None, "counted").await;
        clock.fetch_add(60_000, Ordering::SeqCst);
        if other_is_faster {
            second.work().await;
        }
        first.work().await;
        assert_eq!(number(&api, "counted"), "1");
        assert_eq!(left(&api), (0, 0));
    }
}

/// A process claims only as many jobs as it has slots.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_a_free_slot_leaves_a_job_to_others() {
    let (first, second, api, _) = cluster().await;
    first.claim_jobs();
    for _ in 0..6 {
        enqueue(&first, "count", 0, None, "counted").await;
    }
    second.work().await;
    assert_eq!(number(&api, "counted"), "2");
    first.work().await;
    assert_eq!(number(&api, "counted"), "6");
    assert_eq!(left(&api), (0, 0));
}

/// A job that was enqueued with a fast clock runs at once, and its end is stored.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_due_time_came_from_a_fast_clock_still_runs() {
    const DAY: i64 = 24 * 3600 * 1000;
    for delay in [0, 3600] {
        let (first, second, api, clock) = cluster().await;
        clock.fetch_add(DAY, Ordering::SeqCst);
        enqueue(&first, "count", delay, None, "counted").await;
        clock.fetch_sub(DAY, Ordering::SeqCst);
        assert_eq!(second.work().await, None);
        assert_eq!(number(&api, "counted"), "1", "{delay}");
        assert_eq!(left(&api), (0, 0));
    }
}

/// A read can miss a recent write, so it proves neither that a claim was lost nor that a job has no payload.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_once_although_the_database_replica_is_behind() {
    const BEHIND: i64 = 30_000;
    let (first, second, api, clock) = cluster().await;
    let time = Arc::clone(&clock);
    api.follow_clock(move || time.load(Ordering::SeqCst));
    first.claim_jobs();
    second.work().await;
    api.world().lag = BEHIND;
    // The job is claimed, run, and finished, although no read shows it.
    enqueue(&first, "count", 0, None, "mine").await;
    assert_eq!(first.work().await, None);
    assert_eq!(number(&api, "mine"), "1");
    assert_eq!(left(&api), (0, 0));
    // The job is postponed and runs again: the process knows the due time, although no read shows the job.
    enqueue(&first, "patient", 0, None, "patient").await;
    let due = first.work().await.expect("it comes again");
    clock.store(due, Ordering::SeqCst);
    assert_eq!(first.work().await, None);
    assert_eq!(number(&api, "patient"), "1");
    // Another process sees the job before it sees the payload.
    enqueue(&first, "count", 1, None, "other").await;
    clock.fetch_add(BEHIND + 1_000, Ordering::SeqCst);
    let payload = {
        let world = api.world();
        let mut keys = world.keys().into_iter();
        keys.find(|key| key.starts_with("_job_")).unwrap()
    };
    api.world().behind.insert(payload, vec![Vec::new(); 2]);
    while let Some(next) = second.work().await {
        clock.store(next, Ordering::SeqCst);
    }
    assert_eq!(number(&api, "other"), "1");
    assert_eq!(left(&api), (0, 0));
}

/// A job without a payload cannot run, so it is removed.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_payload_is_gone_is_removed() {
    let (first, second, api, _) = cluster().await;
    enqueue(&first, "count", 0, None, "counted").await;
    {
        let mut world = api.world();
        let mut keys = world.keys().into_iter();
        let payload = keys.find(|key| key.starts_with("_job_")).unwrap();
        world.forget(&payload);
    }
    assert_eq!(second.work().await, None);
    assert_eq!(left(&api), (0, 0));
}

/// The clock of a paused runtime, for the plugin and the server.
fn paused_clock(api: &MemoryApi) -> impl Fn() -> i64 + Send + Sync + Clone + 'static {
    let began = tokio::time::Instant::now();
    let clock = move || 1_700_000_000_000 + i64::try_from(began.elapsed().as_millis()).unwrap();
    api.follow_clock(clock);
    clock
}

/// A process that runs the queue by itself, with the clock of a paused runtime.
async fn at_work(api: &Arc<MemoryApi>) -> Arc<ComponentPlugin> {
    let mut manifest: serde_json::Value = serde_json::from_str(MANIFEST).unwrap();
    manifest["props"]["sandbox"]["limits"]["job"] =
        json!({"memory_mib": 16, "seconds": 300, "host_calls": 100});
    let plugin = plugin(component(HELLO).unwrap(), &manifest.to_string()).unwrap();
    let plugin = Arc::new(plugin.with_clock(paused_clock(api)));
    let activated = plugin.activate(Arc::clone(api) as Arc<dyn Api>);
    activated.await.unwrap();
    plugin.start_jobs();
    plugin
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_queue_makes_at_most_six_thousand_calls_in_a_day() {
    let api = Arc::new(MemoryApi::default());
    api.world().settings = json!({});
    let plugin = at_work(&api).await;
    seconds(60).await;
    let mark = api.world().calls.len();
    seconds(24 * 3600).await;
    let calls = api.world().calls.split_off(mark);
    assert!(calls.iter().all(|call| call == "KVGet"), "{calls:?}");
    let count = calls.len();
    assert!((4_600..=6_000).contains(&count), "{count}");
    plugin.deactivate().await.unwrap();
}

/// A job that no other process has seen runs at most five minutes after the process that enqueued it ended.
#[tokio::test(start_paused = true)]
async fn a_job_of_a_process_that_died_runs_within_five_minutes() {
    for _ in 0..5 {
        let api = Arc::new(MemoryApi::default());
        api.world().settings = json!({});
        let other = at_work(&api).await;
        seconds(60).await;
        let dies = plugin(component(HELLO).unwrap(), MANIFEST).unwrap();
        let dies = dies.with_clock(paused_clock(&api));
        let activated = dies.activate(Arc::clone(&api) as Arc<dyn Api>);
        activated.await.unwrap();
        dies.claim_jobs();
        enqueue(&dies, "count", 0, None, "counted").await;
        drop(dies);
        seconds(301).await;
        assert_eq!(number(&api, "counted"), "1");
        other.deactivate().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_runner_is_started_again_if_it_panics() {
    let api = Arc::new(MemoryApi::default());
    api.world().settings = json!({});
    let plugin = at_work(&api).await;
    seconds(1).await;
    api.world().panics = "KVGet _jobs_07".to_owned();
    seconds(400).await;
    assert!(api.world().panics.is_empty());
    enqueue(&plugin, "count", 0, None, "counted").await;
    seconds(1).await;
    assert_eq!(number(&api, "counted"), "1");
    let log = format!("{:?}", api.world().log);
    assert!(log.contains("job runner failed"), "{log}");
    plugin.deactivate().await.unwrap();
}

/// A job runs for longer than its lease while the server does not answer the sweep. The lease is renewed, and each call
/// of the sweep ends at its time limit.
#[tokio::test(start_paused = true)]
async fn leases_are_renewed_while_the_server_does_not_answer_the_sweep() {
    let api = Arc::new(MemoryApi::default());
    api.world().settings = json!({});
    let plugin = at_work(&api).await;
    seconds(1).await;
    api.world().hangs = "KVGet ".to_owned();
    // The read of the job blocks.
    enqueue(&plugin, "count", 0, None, "counted").await;
    let lease = || {
        let world = api.world();
        let keys = world.keys().into_iter();
        let indexes = keys.filter(|key| key.starts_with("_jobs_"));
        let entries = indexes.filter_map(|key| {
            let index: serde_json::Value = serde_json::from_slice(world.stored(&key)?).ok()?;
            index["jobs"][0]["leased_until"].as_i64()
        });
        entries.max().unwrap_or_default()
    };
    seconds(1).await;
    let first = lease();
    let mut last = first;
    // Meanwhile the sweep reads all indexes, and no read returns.
    for _ in 0..11 {
        seconds(25).await;
        let renewed = lease();
        assert!(renewed > last, "{renewed} after {last}");
        last = renewed;
    }
    let log = format!("{:?}", api.world().log);
    assert!(
        log.contains("queue of jobs cannot be read") && log.contains("within 10 seconds"),
        "{log}"
    );
    api.world().hangs.clear();
}

/// If it is uncertain whether a job was enqueued, the call returns an error, so that the caller tries again. The first
/// attempt leaves no job, or a job that also runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_enqueued_or_refused_if_any_call_fails() {
    for fault in [
        InjectedFault::Failure,
        InjectedFault::Lost,
        InjectedFault::Outage(2),
    ] {
        for call in 0.. {
            let (first, second, api, clock) = cluster().await;
            let mut request = get("/later?kind=count&delay=0", None);
            request.method = "POST".to_owned();
            api.plan(fault, call);
            let status = first.request(&request, b"counted".to_vec()).await.status;
            let came_at = api.clear_fault();
            let case = format!("{fault:?} at {came_at:?}");
            assert!(status == 202 || status == 502, "{case}: {status}");
            for _ in 0..3 {
                second.work().await;
                clock.fetch_add(120_000, Ordering::SeqCst);
            }
            let counted = number(&api, "counted");
            assert!(counted == "1" || status == 502, "{case}: {counted}");
            assert_eq!(left(&api).1, 0, "{case}");
            if came_at.is_none() {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_enqueues_lose_no_job() {
    let (first, second, api, _) = cluster().await;
    let nodes = [&first, &second];
    let enqueuing = (0..60).map(|number| enqueue(nodes[number % 2], "count", 3600, None, ""));
    futures_util::future::join_all(enqueuing).await;
    assert_eq!(left(&api), (60, 60));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_for_a_day_is_given_up_and_the_component_is_told() {
    let (first, _, api, clock) = cluster().await;
    enqueue(&first, "doomed", 0, None, "").await;
    let start = clock.load(Ordering::SeqCst);
    let mut attempts = 0;
    while let Some(next) = first.work().await {
        attempts += 1;
        assert!(attempts < 200 && next - start < 26 * 3600 * 1000);
        clock.store(next, Ordering::SeqCst);
    }
    assert!(attempts > 20, "{attempts}");
    assert_eq!(number(&api, "given-up"), "doomed");
    assert_eq!(left(&api), (0, 0));
    let log = format!("{:?}", api.world().log.last().unwrap());
    assert!(log.contains("given up") && log.contains("doomed"), "{log}");
}

/// Log lines about abandoned jobs have the same limit as other lines of the component.
#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_that_are_given_up_do_not_fill_the_log() {
    let (first, _, api, clock) = cluster().await;
    for _ in 0..25 {
        enqueue(&first, "doomed", 0, None, "").await;
    }
    for _ in 0..6 {
        first.work().await;
        clock.fetch_add(20 * 60_000, Ordering::SeqCst);
    }
    clock.fetch_add(24 * 3600 * 1000, Ordering::SeqCst);
    assert_eq!(first.work().await, None);
    let world = api.world();
    let lines = world.log.iter();
    let lines = lines.filter(|line| line.message.contains("is given up"));
    assert_eq!(lines.count(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_acts_for_the_user_who_enqueued_it_or_for_nobody() {
    let (first, second, api, _) = cluster().await;
    let (user, channel) = {
        let mut world = api.world();
        let user = world.add_user("ann", "system_user");
        let channel = world.add_channel("town", "O", &[&user]);
        (user, channel)
    };
    enqueue(&first, "post", 0, Some(&user), &channel).await;
    second.work().await;
    assert_eq!(api.world().posts[0].user_id, user);
    enqueue(&first, "post", 0, None, &channel).await;
    second.work().await;
    assert_eq!(api.world().posts.len(), 1);
}

/// Runs this test again in a process that cannot make memory executable, like with systemd's
/// `MemoryDenyWriteExecute=yes`.
#[test]
fn if_executable_memory_is_forbidden_the_error_says_what_to_change() {
    const STRICT: &str = "NO_MEMORY_BECOMES_CODE";
    if std::env::var_os(STRICT).is_none() {
        let again = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["if_executable_memory_is_forbidden", "--test-threads=1"])
            .env(STRICT, "yes")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&again.stdout);
        assert!(
            again.status.success() && told.contains("1 passed"),
            "{told}"
        );
        return;
    }
    let executable = u64::try_from(libc::PROT_EXEC).unwrap();
    let condition = SeccompCondition::new(
        2,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::MaskedEq(executable),
        executable,
    );
    let rule = SeccompRule::new(vec![condition.unwrap()]).unwrap();
    let filter = SeccompFilter::new(
        [(libc::SYS_mprotect, vec![rule])].into(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM.unsigned_abs()),
        TargetArch::try_from(std::env::consts::ARCH).unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
    let error = Component::load(HELLO, TARGET, 1).err().unwrap().to_string();
    assert!(error.contains("MemoryDenyWriteExecute"), "{error}");
}
