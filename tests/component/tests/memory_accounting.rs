//! The memory of host-call results counts against the event's limit.
//!
//! The allocator counts all memory of the host, so this program has one test and runs one event at a time.
#![allow(
    clippy::unwrap_used,
    reason = "a test that goes wrong should stop right there"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use component_tests::memory::MemoryApi;
use component_tests::{HOSTILE, component, plugin};
use mattermost_plugin_rpc::mattermost::{Api, HttpRequest};
use plugin_host::ComponentPlugin;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Builder;

/// The system allocator. It counts the memory in use and the maximum. A component's own memory is not allocated
/// here.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static MAXIMUM: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code, reason = "an allocator is unsafe to implement")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MAXIMUM.fetch_max(used, Ordering::Relaxed);
        // SAFETY: the caller guarantees the requirements of the system allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller guarantees the requirements of the system allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const MANIFEST: &str = include_str!("../../guests/hostile/plugin.json");

/// Calls with large arguments: lists of handles, pairs, records, or strings; one string; bytes.
const CALLS: [&str; 17] = [
    "poll",
    "audit",
    "log",
    "websocket",
    "headers",
    "nodes",
    "path",
    "files",
    "ephemeral",
    "elements",
    "choices",
    "message",
    "value",
    "job",
    "file",
    "user",
    "channel",
];

/// The limit of the arguments that are copied for one call. A larger call fails before the host sees its arguments.
const CALL_SIZE: usize = 20 * 1024 * 1024;

/// The memory that the host needs for any event and keeps after it.
const ANY_EVENT: usize = 512 * 1024;

/// A growing list is copied into one of twice the size; both exist for a moment.
const WHILE_GROWING: usize = 3;

fn charged(plugin: &ComponentPlugin) -> usize {
    let metrics = plugin.prometheus();
    let mut lines = metrics.lines();
    let value = lines.find_map(|line| line.strip_prefix("plugin_host_call_bytes_total "));
    value.unwrap().parse().unwrap()
}

#[test]
fn the_charge_of_a_call_is_proportional_to_the_memory_that_the_host_allocates() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let plugin = runtime.block_on(async {
        let plugin = plugin(component(HOSTILE).unwrap(), MANIFEST).unwrap();
        let api = Arc::new(MemoryApi::default());
        plugin.activate(api as Arc<dyn Api>).await.unwrap();
        plugin
    });
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(200)
    });
    let counts = prop_oneof![0..2_000_usize, 0..200_000_usize, Just(1_000_000_usize)];
    let calls = (prop::sample::select(&CALLS[..]), counts, 0..40_usize);
    let outcome = runner.run(&calls, |(interface, count, bytes)| {
        let request = HttpRequest {
            method: "GET".to_owned(),
            url: format!("/call?{interface}|{count}|{bytes}"),
            ..HttpRequest::default()
        };
        let before = charged(&plugin);
        let used = USED.load(Ordering::Relaxed);
        MAXIMUM.store(used, Ordering::Relaxed);
        let reply = runtime.block_on(plugin.request(&request, Vec::new()));
        let most = MAXIMUM.load(Ordering::Relaxed).saturating_sub(used);
        let is_cut_off = reply.status == 500 && interface != "poll";
        let charged = match charged(&plugin) - before {
            0 if is_cut_off => CALL_SIZE,
            charged => charged,
        };
        prop_assert!(
            most <= WHILE_GROWING * charged + ANY_EVENT,
            "{most} bytes allocated, {charged} charged, status {}",
            reply.status
        );
        Ok(())
    });
    outcome.unwrap();
}
