//! Exhaustion of memory, the log, the queue, and the memory for responses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use mattermost_plugin_rpc::mattermost::{BodyReader, CommandArgs, HttpRequest, ResponseWriter};
use mattermost_plugin_rpc::yamux::{Session, Stream};
use plugin_host::sandbox::EventError;
use tokio::io::AsyncReadExt as _;

use crate::{HostilePlugin, dialed, text};

const REFUSED: &str = "plugin_host_memory_refusals_total";
const LEFT_OUT: &str = "plugin_host_log_lines_dropped_total";

#[tokio::test(flavor = "multi_thread")]
async fn memory_ends_at_the_limit_of_the_policy() {
    let hostile = HostilePlugin::open().await;
    let said = text(&hostile.attack("/memory-bit-by-bit").await);
    let more: usize = said.split(' ').next().unwrap().parse().unwrap();
    assert!((250..256).contains(&more), "{said}");
    let refused = hostile.counted(&format!("{REFUSED}{{limit=\"event\"}}"));
    assert_eq!(refused, 1, "it survived, and is counted all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_events_together_have_a_memory_limit_that_is_logged_once() {
    let hostile = HostilePlugin::open().await;
    let hoards = (0..10).map(|_| hostile.attack("/memory-hold?100"));
    // An event that cannot return its result has run out of memory.
    let got = join_all(hoards).await;
    let got = got.iter().map(|reply| text(reply).parse().unwrap_or(0));
    let got: Vec<usize> = got.collect();
    let together: usize = got.iter().sum();
    assert!((300..=512).contains(&together), "{got:?}");
    let refused = hostile.counted(&format!("{REFUSED}{{limit=\"together\"}}"));
    assert!(refused > 1, "{refused}");
    let told = hostile
        .log()
        .matches("the policy allows them together")
        .count();
    assert_eq!(told, 1, "{}", hostile.log());
    // The memory is available again.
    assert_eq!(text(&hostile.attack("/memory-hold?200").await), "200");
    hostile.serves_requests().await;
}

/// The host's memory for an event counts, too.
#[tokio::test(flavor = "multi_thread")]
async fn responses_and_large_calls_fail_if_events_use_all_memory() {
    let hostile = HostilePlugin::open().await;
    for (name, mebibytes) in [("three", 3), ("six", 6)] {
        let value = vec![1; mebibytes * 1024 * 1024];
        hostile.api.world().store(name, value);
    }
    let urls: Vec<_> = (97..102)
        .map(|mebibytes| format!("/memory-hold-on?{mebibytes}"))
        .collect();
    let hoards = async { join_all(urls.iter().map(|url| hostile.attack(url))).await };
    let others = async {
        while hostile.log().matches("holding").count() < 5 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let url = "/fetch-and-keep-much?https://listed.example/";
        let fetch = hostile.attack(url).await;
        let call = hostile.attack("/host-call-room").await;
        // For a moment, both the component and the host have a copy of a response.
        let six = hostile.attack("/kv-length?six").await;
        let three = hostile.attack("/kv-length?three").await;
        hostile.api.world().store("go", b"now");
        (fetch, call, six, three)
    };
    let (_, (fetch, call, six, three)) = tokio::join!(hoards, others);
    assert_eq!((six.status, three.status), (500, 200), "{}", text(&six));
    let said = text(&fetch);
    assert!(said.contains("no memory for the response"), "{said}");
    assert_eq!(call.status, 500, "{}", text(&call));
    let told = "all events together have reached their memory limit";
    assert!(hostile.log().contains(told), "{}", hostile.log());
    // The memory is available again.
    assert_eq!(text(&hostile.attack("/host-call-room").await), "asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_are_returned_up_to_the_size_limit() {
    let hostile = HostilePlugin::open().await;
    {
        let mut world = hostile.api.world();
        world.now = 1;
        for size in [300_000; 20].into_iter().chain([10]) {
            world.add_post("somebody", "full", &"x".repeat(size));
        }
    }
    // The last post, and thirteen posts of less than 4 MiB together.
    assert_eq!(text(&hostile.attack("/posts?full").await), "14");
}

#[tokio::test(flavor = "multi_thread")]
async fn log_lines_of_a_component_are_truncated() {
    let hostile = HostilePlugin::open().await;
    hostile.api.world().log.clear();
    assert_eq!(hostile.attack("/log-long").await.status, 200);
    assert_eq!(hostile.attack("/log-many-fields").await.status, 200);
    assert_eq!(hostile.attack("/print").await.status, 200);
    // The output is logged if the event fails.
    assert_eq!(hostile.attack("/print-and-panic").await.status, 500);
    let log = hostile.api.world().log.clone();
    let long = log
        .iter()
        .find(|line| line.message.starts_with("xxx"))
        .unwrap();
    assert!(long.message.len() <= 8 * 1024);
    let many = log.iter().find(|line| line.message == "many").unwrap();
    assert!(many.fields.len() <= 16);
    assert!(format!("{log:?}").len() < 64 * 1024);
}

/// The output is kept until the event ends.
#[tokio::test(flavor = "multi_thread")]
async fn component_output_is_kept_up_to_a_limit() {
    let hostile = HostilePlugin::open().await;
    let args = CommandArgs {
        command: "/hostile print".to_owned(),
        ..CommandArgs::default()
    };
    let ended = hostile.plugin.command(args).await;
    let Err(EventError::Trap(_, ending)) = ended else {
        panic!("it should have panicked: {ended:?}");
    };
    assert_eq!(ending.output.len(), 8 * 1024);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_writes_a_limited_amount_to_the_log() {
    let hostile = HostilePlugin::open().await;
    hostile.api.world().log.clear();
    assert_eq!(hostile.attack("/log-flood").await.status, 200);
    let log = hostile.log();
    assert!(log.len() < 200 * 1024, "{}", log.len());
    assert_eq!(log.matches("than one event may").count(), 1, "{log}");
    let left_out = [r#"{reason="event"}"#, r#"{reason="repeated"}"#];
    let left_out = left_out.map(|label| hostile.counted(&format!("{LEFT_OUT}{label}")));
    assert!(left_out[0] > 700, "{left_out:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_line_is_written_a_few_times_and_then_counted() {
    let hostile = HostilePlugin::open().await;
    hostile.api.world().log.clear();
    assert_eq!(hostile.attack("/log-same").await.status, 200);
    let written = hostile.log().matches("the same again").count();
    assert_eq!(written, 20);
    let left_out = hostile.counted(&format!("{LEFT_OUT}{{reason=\"repeated\"}}"));
    assert_eq!(left_out, 480);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_line_of_the_log_begins_within_another() {
    let hostile = HostilePlugin::open().await;
    hostile.api.world().log.clear();
    assert_eq!(hostile.attack("/log-forged").await.status, 200);
    assert_eq!(hostile.attack("/panic-forged").await.status, 500);
    let log = hostile.api.world().log.clone();
    assert_eq!(log.len(), 2);
    for line in log {
        let fields = line.fields.iter().flat_map(|(name, value)| [name, value]);
        for text in fields.chain([&line.message]) {
            assert!(
                !text.contains(|c: char| c.is_control() || c == '\u{2028}'),
                "{text:?}"
            );
        }
    }
}

/// The maximum queue length, minus one entry in each index.
fn fill_the_queue(hostile: &HostilePlugin) {
    let entry = |number: usize| serde_json::json!({"id": format!("{number:032}"), "due": i64::MAX, "first_due": i64::MAX});
    for shard in 0..16 {
        let jobs: Vec<_> = (0..3_999).map(entry).collect();
        let index = serde_json::json!({"jobs": jobs}).to_string();
        hostile
            .api
            .world()
            .store(&format!("_jobs_{shard:02}"), index);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_jobs_ends_when_the_queue_is_full_and_the_queue_stays_intact() {
    let hostile = HostilePlugin::open().await;
    fill_the_queue(&hostile);
    let reply = hostile.attack("/jobs-flood").await;
    let said = text(&reply);
    assert!(said.contains("too many jobs are waiting"), "{said}");
    {
        let world = hostile.api.world();
        let keys = world.keys();
        for key in keys.iter().filter(|key| key.starts_with("_jobs_")) {
            let index = world.stored(key).unwrap();
            let index: serde_json::Value = serde_json::from_slice(index).unwrap();
            assert!(index["jobs"].as_array().unwrap().len() <= 4_000, "{key}");
        }
        // Each stored job has its payload. The rejected job left no payload.
        let stored: usize = said.split(' ').next().unwrap().parse().unwrap();
        let payloads = keys.iter().filter(|key| key.starts_with("_job_"));
        assert_eq!(payloads.count(), stored);
    }
    hostile.serves_requests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_jobs_ends_at_the_limit_of_host_calls() {
    let hostile = HostilePlugin::open().await;
    assert_eq!(hostile.attack("/jobs-flood").await.status, 500);
    assert_eq!(
        hostile.counted("plugin_host_traps_total{reason=\"calls\"}"),
        1
    );
    hostile.serves_requests().await;
}

/// A writer to a server that reads nothing, and the server's end of the stream.
async fn to_nobody() -> (ResponseWriter, (Session, Stream)) {
    let (ours, theirs, server) = dialed().await;
    (ResponseWriter::from_stream(ours), (server, theirs))
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_responses_have_a_memory_limit() {
    let hostile = Arc::new(HostilePlugin::open().await);
    let request = |url: &str| HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: BTreeMap::new(),
        ..HttpRequest::default()
    };
    let mut ends = Vec::new();
    let mut sending = Vec::new();
    for _ in 0..10 {
        let (writer, end) = to_nobody().await;
        ends.push(end);
        let (plugin, request) = (Arc::clone(&hostile.plugin), request("/answer-mebibytes?15"));
        let body = BodyReader::from_bytes(Vec::new());
        sending.push(tokio::spawn(async move {
            plugin.serve_to(request, body, writer).await;
        }));
    }
    let dropped =
        |reason: &str| format!("plugin_host_responses_dropped_total{{reason=\"{reason}\"}}");
    // Eight responses of fifteen MiB fit. The other requests get 503. The host has started to send all of them.
    for (_, end) in &mut ends {
        end.read_u8().await.unwrap();
    }
    drop(ends);
    for sent in sending {
        sent.await.unwrap();
    }
    let counts = ["no_memory", "gone"].map(|reason| hostile.counted(&dropped(reason)));
    assert_eq!(counts, [2, 8]);
    hostile.serves_requests().await;
}
