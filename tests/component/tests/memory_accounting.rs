//! What calls bring is charged, whatever it is made of.
//!
//! All memory of the host's own is counted here, so this program has one test and runs one event at a time.
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

/// The system's allocator, which also counts what is in use, and the most that was. A component's own memory does not
/// come from here.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code, reason = "an allocator is unsafe to implement")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(used, Ordering::Relaxed);
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const MANIFEST: &str = include_str!("../../guests/hostile/plugin.json");

/// Each way to bring much: lists of handles, of pairs, of records, of texts, a text, bytes.
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

/// What may be copied of one call: beyond it the call ends before the host sees any of it.
const CALL_SIZE: usize = 20 * 1024 * 1024;

/// What the host needs for any event, and what it keeps of one.
const ANY_EVENT: usize = 512 * 1024;

/// A list that grows is copied into one that is twice as large, and both are there for a moment.
const WHILE_GROWING: usize = 3;

fn charged(plugin: &ComponentPlugin) -> usize {
    let metrics = plugin.prometheus();
    let mut lines = metrics.lines();
    let value = lines.find_map(|line| line.strip_prefix("plugin_host_call_bytes_total "));
    value.unwrap().parse().unwrap()
}

#[test]
fn all_that_a_call_brings_is_charged_in_proportion_to_what_the_host_allocates() {
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
        MOST.store(used, Ordering::Relaxed);
        let reply = runtime.block_on(plugin.request(&request, Vec::new()));
        let most = MOST.load(Ordering::Relaxed).saturating_sub(used);
        let is_cut_off = reply.status == 500 && interface != "poll";
        let charged = match charged(&plugin) - before {
            0 if is_cut_off => CALL_SIZE,
            charged => charged,
        };
        prop_assert!(
            most <= WHILE_GROWING * charged + ANY_EVENT,
            "{most} bytes for {charged}, with {}",
            reply.status
        );
        Ok(())
    });
    outcome.unwrap();
}
