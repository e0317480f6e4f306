//! D28: the calls to the server that each flow makes, by method.
//!
//! Each call is a round trip to the server, and most are also one to its database. If a flow needs another number of
//! calls, change its row here. Log lines are not counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use component_tests::memory::MemoryApi;
use component_tests::scene::Scene;
use component_tests::{HELLO, component, plugin};
use mattermost_plugin_rpc::mattermost::{Api, HttpRequest};
use plugin_host::ComponentPlugin;
use plugin_tests::zoom::{Meeting, Route, Schedule};
use serde_json::{Value, json};

/// A flow, how many calls it may make, and which calls it makes.
const FLOWS: [(&str, usize, &str); 17] = [
    (
        "the first start of the plugin",
        17,
        "EnsureBotUser 1, GetBot 1, GetBundlePath 1, GetConfig 1, GetUser 1, KVGet 4, KVSetWithOptions 5, LoadPluginConfiguration 1, \
         RegisterCommand 1, SetProfileImage 1",
    ),
    ("/zoom help", 2, "GetUser 1, SendEphemeralPost 1"),
    (
        "a start by the command",
        10,
        "CreatePost 1, GetPostsSince 1, GetUser 1, KVGet 3, KVSetWithOptions 3, PublishWebSocketEvent 1",
    ),
    (
        "a start by the button",
        12,
        "CreatePost 1, GetChannel 1, GetPostsSince 1, GetUser 1, HasPermissionToChannel 1, KVGet 3, KVSetWithOptions 3, PublishWebSocketEvent 1",
    ),
    ("meeting.started", 3, "KVGet 2, KVSetWithOptions 1"),
    (
        "meeting.ended",
        6,
        "GetPost 1, KVGet 2, KVSetWithOptions 2, UpdatePost 1",
    ),
    (
        "meeting.ended within 45 seconds of the start",
        7,
        "GetPost 1, KVGet 2, KVSetWithOptions 3, UpdatePost 1",
    ),
    ("the same meeting.ended again", 2, "KVGet 2"),
    ("an event of an unknown meeting", 1, "KVGet 1"),
    ("an event that does not concern the plugin", 0, ""),
    (
        "meeting.ended of a followed meeting that was not announced",
        3,
        "KVGet 2, KVSetWithOptions 1",
    ),
    (
        "meeting.started in three channels that follow it",
        7,
        "KVGet 3, KVSetWithOptions 4",
    ),
    (
        "its job",
        60,
        "CreatePost 3, GetChannel 3, GetUser 4, HasPermissionToChannel 3, KVDelete 1, KVGet 7, KVSetWithOptions 8",
    ),
    (
        "meeting.ended with three posts",
        12,
        "GetPost 3, KVGet 2, KVSetWithOptions 2, UpdatePost 3",
    ),
    (
        "recording.completed with three groups of files, before the answer",
        6,
        "KVGet 2, KVSetWithOptions 2",
    ),
    (
        "its job",
        100,
        "CreatePost 9, GetChannel 9, GetPost 9, KVDelete 1, KVGet 1, KVSetWithOptions 19",
    ),
    (
        "the same recording.completed again, and its job",
        26,
        "KVDelete 1, KVGet 12, KVSetWithOptions 12",
    ),
];

/// The calls of the flows, one after the other.
struct Counted<'a> {
    scene: &'a Scene,
    mark: usize,
    flows: Vec<(&'static str, String, usize)>,
}

impl<'a> Counted<'a> {
    fn new(scene: &'a Scene) -> Self {
        Self {
            scene,
            mark: scene.api.world().calls.len(),
            flows: Vec::new(),
        }
    }

    /// Leaves out the calls until now.
    fn leave_out(&mut self) {
        self.mark = self.scene.api.world().calls.len();
    }

    /// Counts the calls since the last flow.
    fn count(&mut self, flow: &'static str) {
        let made = self.scene.api.world().calls.split_off(self.mark);
        self.flows.push(counted(flow, &made));
    }
}

fn counted(flow: &'static str, calls: &[String]) -> (&'static str, String, usize) {
    let mut by_method: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls.iter().filter(|call| *call != "Log") {
        *by_method.entry(call).or_default() += 1;
    }
    let text: Vec<_> = by_method
        .iter()
        .map(|(method, calls)| format!("{method} {calls}"))
        .collect();
    (flow, text.join(", "), by_method.values().sum())
}

async fn delivers(scene: &Scene, event: &str, meeting: &Meeting) {
    let webhook = scene.zoom.webhook(event, meeting);
    assert_eq!(scene.delivers(&webhook).await.status, 200, "{event}");
}

/// A meeting without records.
fn unknown(meeting: &Meeting) -> Meeting {
    let mut unknown = meeting.clone();
    unknown.id += 1;
    "of nobody==".clone_into(&mut unknown.uuid);
    unknown
}

/// A meeting with subscribed channels.
async fn followed(scene: &Scene, user: &str, channels: &[String]) -> Meeting {
    let host = scene.zoom.user("ann@example.com").unwrap();
    let plan = Schedule {
        start_time: scene.zoom.time(),
        ..Schedule::weekly("Standup")
    };
    let meeting = scene.zoom.schedule(&host, plan);
    for channel in channels {
        let add = format!("/zoom subscription add {}", meeting.id);
        let told = scene.asks(user, channel, &add).await;
        assert!(told.contains("Subscribed."), "{told}");
    }
    meeting
}

/// Three groups: each a video and a chat.
fn files(scene: &Scene) -> Value {
    let groups = ["a", "b", "c"].into_iter();
    let files = groups.flat_map(|start| {
        let chat = format!("chat {start}");
        let url = scene.zoom.add_file_as(&chat, "text/plain", "hello");
        [
            json!({"id": format!("video {start}"), "recording_start": start, "file_type": "MP4",
                "recording_type": "active_speaker", "play_url": format!("{}/rec/play/{start}", scene.zoom.url())}),
            json!({"id": chat, "recording_start": start, "file_type": "CHAT", "recording_type": "chat_file",
                "file_size": 5, "download_url": url}),
        ]
    });
    files.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn zm064_zm065_zm115_d28_each_flow_makes_only_the_expected_calls() {
    let scene = Scene::start().await;
    let first = {
        let world = scene.api.world();
        let calls = world.calls.iter().take(17).cloned().collect::<Vec<_>>();
        counted(FLOWS[0].0, &calls)
    };
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let hall = scene.channel("hall", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    let mut counts = Counted::new(&scene);
    counts.flows.push(first);

    scene.asks(&ann, &town, "/zoom help").await;
    counts.count("/zoom help");
    let requests = scene.zoom.total();
    assert_eq!(scene.asks(&ann, &town, "/zoom start Standup").await, "");
    counts.count("a start by the command");
    let body = json!({"channel_id": hall, "topic": "Standup"}).to_string();
    let click = scene.request("POST", "/api/v1/meetings", Some(&ann), &body);
    assert_eq!(click.await.status, 200);
    counts.count("a start by the button");
    assert_eq!(scene.zoom.total() - requests, 2, "one request for each");
    assert_eq!(scene.zoom.count(Route::CreateMeeting), 2);

    let short = scene.zoom.meetings().pop().unwrap();
    let long = scene.zoom.meetings().remove(0);
    delivers(&scene, "meeting.started", &long).await;
    counts.count("meeting.started");
    delivers(&scene, "meeting.started", &short).await;
    counts.leave_out();
    let mut at_once = counts.flows.clone();
    delivers(&scene, "meeting.ended", &short).await;
    counts.count("meeting.ended within 45 seconds of the start");
    at_once.push(counts.flows.pop().unwrap());
    scene.later(60);
    delivers(&scene, "meeting.ended", &long).await;
    counts.count("meeting.ended");
    counts.flows.push(at_once.pop().unwrap());
    delivers(&scene, "meeting.ended", &long).await;
    counts.count("the same meeting.ended again");
    delivers(&scene, "meeting.ended", &unknown(&long)).await;
    counts.count("an event of an unknown meeting");
    delivers(&scene, "user.created", &long).await;
    counts.count("an event that does not concern the plugin");

    let pier = scene.channel("pier", &[&ann]);
    let channels = [town.clone(), hall.clone(), pier.clone()];
    let meeting = followed(&scene, &ann, &channels[..1]).await;
    counts.leave_out();
    delivers(&scene, "meeting.ended", &meeting).await;
    counts.count("meeting.ended of a followed meeting that was not announced");
    let meeting = followed(&scene, &ann, &channels).await;
    counts.leave_out();
    delivers(&scene, "meeting.started", &meeting).await;
    counts.count("meeting.started in three channels that follow it");
    scene.works_on_its_own().await;
    counts.count("its job");
    scene.later(60);
    delivers(&scene, "meeting.ended", &meeting).await;
    counts.count("meeting.ended with three posts");
    let recorded = scene
        .zoom
        .recorded("recording.completed", &meeting, &files(&scene));
    counts.leave_out();
    assert_eq!(scene.delivers(&recorded).await.status, 200);
    counts.count("recording.completed with three groups of files, before the answer");
    scene.works_on_its_own().await;
    counts.count("its job");
    for channel in &channels {
        let posts = scene.posts(channel);
        let replies = posts.iter().filter(|post| !post.root_id.is_empty());
        assert_eq!(replies.count(), 3, "{channel}: {}", scene.log());
    }
    assert_eq!(scene.delivers(&recorded).await.status, 200);
    scene.works_on_its_own().await;
    counts.count("the same recording.completed again, and its job");

    let expected: Vec<_> = FLOWS
        .iter()
        .map(|(flow, _, calls)| format!("{flow}: {calls}"))
        .collect();
    let made: Vec<_> = counts
        .flows
        .iter()
        .map(|(flow, calls, _)| format!("{flow}: {calls}"))
        .collect();
    assert_eq!(made, expected, "\n{}", made.join("\n"));
    for ((flow, most, _), (_, calls, number)) in FLOWS.iter().zip(&counts.flows) {
        assert!(number <= most, "{flow}: {number} calls: {calls}");
    }
}

/// A plugin process whose jobs of the kind `nothing` make no calls, with a clock that the test controls.
async fn process(api: &Arc<MemoryApi>, clock: &Arc<AtomicI64>) -> ComponentPlugin {
    let manifest = include_str!("../../../guests/hello/plugin.json");
    let clock = Arc::clone(clock);
    let plugin = plugin(component(HELLO).unwrap(), manifest).unwrap();
    let plugin = plugin.with_clock(move || clock.load(Ordering::SeqCst));
    let activated = plugin.activate(Arc::clone(api) as Arc<dyn Api>);
    activated.await.unwrap();
    plugin.claim_jobs();
    plugin
}

/// Enqueues a job that does nothing.
async fn enqueue(plugin: &ComponentPlugin) {
    let request = HttpRequest {
        method: "POST".to_owned(),
        url: "/later?kind=nothing&delay=0".to_owned(),
        ..HttpRequest::default()
    };
    assert_eq!(plugin.request(&request, b"x".to_vec()).await.status, 202);
}

/// From start to end, a job takes at most 12 calls on the process that enqueued it, and at most 15 on another process.
#[tokio::test(flavor = "multi_thread")]
async fn d28_a_job_makes_only_the_expected_calls() {
    let api = Arc::new(MemoryApi::default());
    api.world().settings = json!({});
    let clock = Arc::new(AtomicI64::new(1_700_000_000_000));
    let first = process(&api, &clock).await;
    let second = process(&api, &clock).await;
    // Both read all sixteen indexes when they start.
    first.work().await;
    second.work().await;
    let mut mark = api.world().calls.len();
    let mut count = |flow| {
        let made = api.world().calls.split_off(mark);
        mark = api.world().calls.len();
        let (_, calls, number) = counted(flow, &made);
        (calls, number)
    };

    enqueue(&first).await;
    first.work_on_known().await;
    let calls = "KVDelete 1, KVSetWithOptions 3".to_owned();
    assert_eq!(count("on the same process"), (calls, 4));

    enqueue(&first).await;
    // The second process reads the sixteen indexes every four to five minutes, and sees the job and its lease.
    second.work().await;
    let calls = "KVGet 16, KVSetWithOptions 2".to_owned();
    assert_eq!(count("enqueued, and seen by another process"), (calls, 18));
    // The first process has died.
    clock.fetch_add(61_000, Ordering::SeqCst);
    second.work_on_known().await;
    let calls = "KVDelete 1, KVGet 1, KVSetWithOptions 2".to_owned();
    assert_eq!(count("on another process"), (calls, 4));

    // The same where both processes have changed the index.
    for process in [&first, &second].into_iter().cycle().take(40) {
        enqueue(process).await;
        process.work_on_known().await;
        let (calls, number) = count("with an index that another process has changed");
        assert!(number <= 12, "{number}: {calls}");
    }
}
