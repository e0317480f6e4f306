//! F20 to F24: files of recordings that are late, incomplete, or invalid.

use std::collections::BTreeMap;

use component_tests::scene::{Scene, WEBHOOK_SECRET, body_of, props};
use mattermost_plugin_rpc::mattermost::{BodyReader, HttpRequest, Post};
use plugin_host::Reply;
use plugin_tests::zoom::{Fault, Meeting, Route, Webhook};
use serde_json::{Value, json};

use crate::support::{connected, end_meetings, works_to_the_end};

const RECORDING: &str = "recording.completed";
const TRANSCRIPT: &str = "recording.transcript_completed";
const CHAT: &str = "10:00:01\tAnn : good morning\r\n";
const VTT: &str = "WEBVTT\r\n\r\n1\r\n00:00:01.000 --> 00:00:02.000\r\nAnn: good morning\r\n";

/// The replies about a file that Zoom refused, and a file that Mattermost did not store.
const NOT_FETCHED: &str = "could not be downloaded";
const NOT_STORED: &str = "could not be stored";

/// An ended meeting of Ann, and its post.
struct Recorded {
    scene: Scene,
    ann: String,
    town: String,
    meeting: Meeting,
    post: Post,
}

async fn recorded() -> Recorded {
    let (scene, ann, town) = connected().await;
    recorded_in(scene, ann, town).await
}

async fn recorded_in(scene: Scene, ann: String, town: String) -> Recorded {
    assert_eq!(scene.asks(&ann, &town, "/zoom start Standup").await, "");
    end_meetings(&scene).await;
    let post = scene.posts(&town).pop().unwrap();
    let meeting = scene.zoom.meetings().pop().unwrap();
    Recorded {
        scene,
        ann,
        town,
        meeting,
        post,
    }
}

impl Recorded {
    fn replies(&self) -> Vec<Post> {
        let posts = self.scene.posts(&self.town).into_iter();
        posts.filter(|one| one.root_id == self.post.id).collect()
    }

    /// The messages of all replies.
    fn text(&self) -> String {
        let replies = self.replies().into_iter();
        replies.map(|reply| reply.message + "\n").collect()
    }

    async fn told(&self, event: &str, files: &Value) {
        let webhook = self.scene.zoom.recorded(event, &self.meeting, files);
        self.sends(&webhook).await;
    }

    /// The same with a changed body.
    async fn told_with(&self, event: &str, files: &Value, change: impl FnOnce(&mut Value)) {
        let webhook = self.scene.zoom.recorded(event, &self.meeting, files);
        let mut body: Value = serde_json::from_str(&webhook.body).unwrap();
        change(&mut body);
        let webhook = self.scene.zoom.webhook_with(body.to_string());
        self.sends(&webhook).await;
    }

    async fn sends(&self, webhook: &Webhook) {
        assert_eq!(self.scene.delivers(webhook).await.status, 200);
    }

    fn fails(&self, times: usize, fault: &Fault) {
        for _ in 0..times {
            self.scene.zoom.fail_next(Route::Download, fault.clone());
        }
    }

    /// The names and contents of the files in replies, in order.
    fn files(&self) -> Vec<(String, String)> {
        let world = self.scene.api.world();
        let replies = world.posts.iter().filter(|one| one.root_id == self.post.id);
        let ids: Vec<_> = replies.flat_map(|reply| reply.file_ids.clone()).collect();
        let stored = |id: &String| {
            let (_, name, content) = world.files.iter().find(|file| file.0 == *id).unwrap();
            (name.clone(), String::from_utf8(content.clone()).unwrap())
        };
        ids.iter().map(stored).collect()
    }

    fn video(&self, id: &str, start: &str, view: &str) -> Value {
        json!({"id": id, "recording_start": start, "file_type": "MP4", "recording_type": view,
            "play_url": format!("{}/rec/play/{id}", self.scene.zoom.url()),
            "download_url": format!("{}/rec/download/video", self.scene.zoom.url())})
    }

    fn chat(&self, id: &str, start: &str) -> Value {
        let url = self.scene.zoom.add_file_as(id, "text/plain", CHAT);
        json!({"id": id, "recording_start": start, "file_type": "CHAT", "recording_type": "chat_file",
            "file_size": CHAT.len(), "download_url": url})
    }

    fn transcript(&self, id: &str) -> Value {
        let url = self.scene.zoom.add_file(id, VTT);
        json!({"id": id, "recording_start": "a", "file_type": "TRANSCRIPT",
            "recording_type": "audio_transcript", "file_size": VTT.len(), "download_url": url})
    }
}

fn answer(content_type: &str, body: &str) -> Fault {
    let headers = vec![("Content-Type", content_type.to_owned())];
    Fault::Status(200, headers, body.to_owned())
}

/// Responses with status 200 that are not the file.
fn not_the_file(content: &str) -> Vec<Fault> {
    vec![
        Fault::web_page(),
        answer("TEXT/HTML", content),
        answer("application/xhtml+xml", content),
        answer("application/json; charset=utf-8", content),
        answer("text/plain", ""),
        answer("text/plain", &content[..content.len() - 1]),
        answer("text/plain", &format!("{content}\n")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn f20_a_page_or_another_size_is_not_a_transcript_and_is_fetched_again() {
    let mut faults = not_the_file(VTT);
    faults.push(answer("text/vtt", &"x".repeat(VTT.len())));
    for fault in faults {
        let case = format!("{fault:?}");
        let told = recorded().await;
        told.fails(1, &fault);
        let files = json!([told.transcript("t")]);
        told.told(TRANSCRIPT, &files).await;
        assert!(told.scene.works().await.is_some(), "tried again: {case}");
        assert_eq!(told.replies(), [], "{case}");
        works_to_the_end(&told.scene).await;
        let file = ("transcription.txt".to_owned(), VTT.to_owned());
        assert_eq!(told.files(), [file], "{case}");
        assert_eq!(told.replies().len(), 1, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f20_a_page_or_another_size_is_not_a_chat_and_the_videos_do_not_wait_for_it() {
    for fault in not_the_file(CHAT) {
        let case = format!("{fault:?}");
        let told = recorded().await;
        told.fails(1, &fault);
        let files = json!([told.video("v", "a", "gallery_view"), told.chat("c", "a")]);
        told.told(RECORDING, &files).await;
        assert!(told.scene.works().await.is_some(), "tried again: {case}");
        let replies = told.replies();
        assert_eq!(replies.len(), 1, "{case}");
        assert!(replies[0].message.contains("/rec/play/v"), "{case}");
        works_to_the_end(&told.scene).await;
        let file = ("Chat-history.txt".to_owned(), CHAT.to_owned());
        assert_eq!(told.files(), [file], "{case}");
        let links = told.text().matches("/rec/play/v").count();
        assert_eq!((links, told.replies().len()), (1, 2), "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f20_after_five_attempts_a_sentence_says_that_the_file_could_not_be_downloaded() {
    let of_each = [(TRANSCRIPT, VTT), (RECORDING, CHAT)];
    let cases = of_each.into_iter().flat_map(|(event, content)| {
        let faults = not_the_file(content).into_iter();
        faults.map(move |fault| (event, fault))
    });
    for (event, fault) in cases {
        let case = format!("{event}, {fault:?}");
        let told = recorded().await;
        told.fails(100, &fault);
        let file = match event {
            TRANSCRIPT => told.transcript("t"),
            _ => told.chat("c", "a"),
        };
        told.told(event, &json!([file])).await;
        let seconds = works_to_the_end(&told.scene).await;
        assert!((400..3600).contains(&seconds), "{case}: {seconds}");
        let replies = told.replies();
        assert_eq!(replies.len(), 1, "{case}");
        for reply in &replies {
            assert!(reply.message.contains(NOT_FETCHED), "{case}: {reply:?}");
            assert_eq!((reply.kind.as_str(), reply.file_ids.len()), ("", 0));
        }
        assert!(told.scene.api.world().files.is_empty(), "{case}");
        let log = told.scene.log();
        assert!(log.contains("Giving up"), "{case}: {log}");
        for secret in told.scene.zoom.secrets() {
            assert!(!log.contains(&secret), "{case}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f20_a_file_of_unknown_size_is_accepted() {
    for size in [json!(0), json!(null), json!("unknown")] {
        let told = recorded().await;
        let mut files = json!([told.transcript("t")]);
        files[0]["file_size"] = size;
        told.told(TRANSCRIPT, &files).await;
        assert_eq!(told.scene.works().await, None);
        assert_eq!(told.files().len(), 1);
    }
}

/// The file scanner rejects the file, attachments are disabled, the file is too large, or the storage is down.
const REFUSALS: [i64; 5] = [400, 403, 413, 501, 500];

#[tokio::test(flavor = "multi_thread")]
async fn f21_the_videos_are_posted_at_once_and_a_chat_that_is_not_stored_later() {
    for status in REFUSALS {
        let told = recorded().await;
        told.scene.api.world().refuses_files = Some(status);
        let files = json!([told.video("v", "a", "gallery_view"), told.chat("c", "a")]);
        told.told(RECORDING, &files).await;
        let due = told.scene.works().await;
        let wait = due.map(|due| (due - told.scene.now()) / 1000);
        assert!(
            wait.is_some_and(|wait| (20..=60).contains(&wait)),
            "{status}: {wait:?}"
        );
        assert_eq!(told.replies().len(), 1, "{status}");
        assert!(told.text().contains("/rec/play/v"), "{status}");
        told.scene.api.world().refuses_files = None;
        works_to_the_end(&told.scene).await;
        assert_eq!(told.files().len(), 1, "{status}");
        assert_eq!(told.replies().len(), 2, "{status}");
        assert_eq!(told.text().matches("/rec/play/v").count(), 1, "{status}");
    }
}

/// Each file has its own number of attempts, however many links are posted before it.
#[tokio::test(flavor = "multi_thread")]
async fn f21_a_file_that_cannot_be_stored_has_its_own_attempts_and_sentence() {
    for (status, videos) in REFUSALS.into_iter().zip([0, 1, 20, 21, 130]) {
        let told = recorded().await;
        told.scene.api.world().refuses_files = Some(status);
        let videos: Vec<_> = (0..videos)
            .map(|at| told.video(&format!("v{at}-"), "a", "gallery_view"))
            .collect();
        let mut files = videos.clone();
        files.push(told.chat("c", "a"));
        told.told(RECORDING, &json!(files)).await;
        told.told(TRANSCRIPT, &json!([told.transcript("t")])).await;
        let seconds = works_to_the_end(&told.scene).await;
        let case = format!("{status}, {} videos: {seconds} s", videos.len());
        assert!((400..3600).contains(&seconds), "{case}");
        let calls = told.scene.api.world().calls.clone();
        let uploads = calls.iter().filter(|call| *call == "UploadFile");
        let (tries, text) = (uploads.count(), told.text());
        // With the videos, the chat has one more attempt.
        assert!((10..=11).contains(&tries), "{case}: {tries}");
        assert_eq!(text.matches(NOT_STORED).count(), 2, "{case}: {text}");
        assert!(!text.contains(NOT_FETCHED), "{case}");
        for video in &videos {
            let link = video["play_url"].as_str().unwrap();
            assert_eq!(text.matches(&format!("{link})")).count(), 1, "{case}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_without_the_token_of_the_event_the_connection_of_the_host_is_used() {
    type Way = (&'static str, fn(&mut Value));
    let ways: [Way; 5] = [
        ("missing", |body| {
            body.as_object_mut().unwrap().remove("download_token");
        }),
        ("null", |body| body["download_token"] = Value::Null),
        ("empty", |body| body["download_token"] = json!("")),
        ("a number", |body| body["download_token"] = json!(7)),
        ("unknown", |body| body["download_token"] = json!("gone")),
    ];
    for (way, change) in ways {
        let told = recorded().await;
        told.scene.zoom.let_users_download();
        told.told_with(TRANSCRIPT, &json!([told.transcript("t")]), change)
            .await;
        assert_eq!(told.scene.works().await, None, "{way}");
        assert_eq!(told.files().len(), 1, "{way}");
        let downloads = told.scene.zoom.downloads();
        let (_, used) = downloads.last().unwrap();
        assert!(used.starts_with("Bearer access_"), "{way}: {used}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_a_token_inside_the_payload_is_used() {
    let told = recorded().await;
    let files = json!([told.transcript("t")]);
    told.told_with(TRANSCRIPT, &files, |body| {
        let token = body["download_token"].take();
        body.as_object_mut().unwrap().remove("download_token");
        body["payload"]["download_token"] = token;
    })
    .await;
    assert_eq!(told.scene.works().await, None);
    assert_eq!(told.files().len(), 1);
    let token = format!("Bearer {}", told.scene.zoom.download_token());
    assert_eq!(told.scene.zoom.downloads(), [("t".to_owned(), token)]);
}

/// A token expires after a day. Zoom responds with 401 or the sign-in page.
#[tokio::test(flavor = "multi_thread")]
async fn f22_a_token_that_has_expired_is_replaced_by_the_connection_of_the_host() {
    for refused in [true, false] {
        let told = recorded().await;
        told.scene.zoom.let_users_download();
        let files = json!([told.transcript("t")]);
        let webhook = told.scene.zoom.recorded(TRANSCRIPT, &told.meeting, &files);
        told.scene.zoom.expire_download_token();
        if refused {
            told.fails(1, &Fault::Status(401, Vec::new(), String::new()));
        }
        // The token of the host has expired, too, and is refreshed.
        let renewed = told.scene.zoom.count(Route::Token);
        told.scene.later(3700);
        told.sends(&webhook).await;
        works_to_the_end(&told.scene).await;
        assert_eq!(told.files().len(), 1, "{refused}");
        assert_eq!(told.scene.zoom.count(Route::Token) - renewed, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_refused_with_every_token_it_ends_in_the_sentence_and_the_host_stays_connected() {
    for status in [401, 403] {
        let told = recorded().await;
        told.fails(100, &Fault::Status(status, Vec::new(), String::new()));
        let files = json!([told.video("v", "a", "gallery_view"), told.chat("c", "a")]);
        told.told(RECORDING, &files).await;
        works_to_the_end(&told.scene).await;
        let text = told.text();
        assert!(text.contains("/rec/play/v"), "{text}");
        assert_eq!(text.matches(NOT_FETCHED).count(), 1, "{text}");
        let scene = &told.scene;
        assert!(scene.is_connected(&told.ann));
        assert_eq!(scene.asks(&told.ann, &told.town, "/zoom start").await, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_without_a_connection_of_the_host_the_sentence_is_posted() {
    let told = recorded().await;
    told.scene.zoom.let_users_download();
    let (ann, town) = (&told.ann, &told.town);
    told.scene.asks(ann, town, "/zoom disconnect").await;
    told.told_with(TRANSCRIPT, &json!([told.transcript("t")]), |body| {
        body["download_token"] = Value::Null;
    })
    .await;
    works_to_the_end(&told.scene).await;
    assert!(told.text().contains(NOT_FETCHED), "{}", told.text());
    assert_eq!(told.scene.zoom.downloads(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_at_the_account_level_the_connection_of_the_organization_is_used() {
    let scene = Scene::with(json!({"accountlevelapp": true})).await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects(&root, &town).await;
    let form = scene.types(&ann, &town, "/zoom settings").await;
    assert_eq!(scene.press(&form[0], "No").await.status, 200);
    let told = recorded_in(scene, ann, town).await;
    told.scene.zoom.let_users_download();
    told.told_with(TRANSCRIPT, &json!([told.transcript("t")]), |body| {
        body["download_token"] = Value::Null;
    })
    .await;
    assert_eq!(told.scene.works().await, None);
    assert_eq!(told.files().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f23_a_later_event_with_one_more_file_adds_that_file_only() {
    let told = recorded().await;
    let first = told.chat("chat-2", "a");
    let files = json!([told.video("v1", "a", "gallery_view"), first]);
    told.told(RECORDING, &files).await;
    told.told(
        TRANSCRIPT,
        &json!([told.transcript("t1"), told.transcript("t2")]),
    )
    .await;
    works_to_the_end(&told.scene).await;
    assert_eq!((told.replies().len(), told.files().len()), (3, 3));
    // The new files come first, so that each group starts with another file.
    let more = json!([
        told.chat("chat-1", "a"),
        told.video("v2", "a", "active_speaker"),
        files[0],
        files[1],
    ]);
    for _ in 0..2 {
        told.told(RECORDING, &more).await;
        let transcripts = json!([
            told.transcript("t0"),
            told.transcript("t1"),
            told.transcript("t2"),
        ]);
        told.told(TRANSCRIPT, &transcripts).await;
        works_to_the_end(&told.scene).await;
    }
    let text = told.text();
    for video in ["v1", "v2"] {
        let link = format!("/rec/play/{video})");
        assert_eq!(text.matches(&link).count(), 1, "{text}");
    }
    let names: Vec<_> = told.files().into_iter().map(|file| file.0).collect();
    let count = |name: &str| names.iter().filter(|one| *one == name).count();
    let chats = count("Chat-history.txt");
    assert_eq!((chats, count("transcription.txt")), (2, 3));
    let mut fetched: Vec<_> = told.scene.zoom.downloads();
    fetched.sort();
    let fetched: Vec<_> = fetched.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(fetched, ["chat-1", "chat-2", "t0", "t1", "t2"], "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn f23_files_without_an_id_are_posted_once_whatever_token_is_in_their_addresses() {
    let told = recorded().await;
    for round in 0..3 {
        let bare = |mut file: Value| {
            file.as_object_mut().unwrap().remove("id");
            for address in ["play_url", "download_url"] {
                if let Some(url) = file[address].as_str() {
                    file[address] = json!(format!("{url}?token={round}"));
                }
            }
            file
        };
        let files = json!([
            bare(told.video("v1", "a", "gallery_view")),
            bare(told.video("v2", "a", "gallery_view")),
            bare(told.chat("c", "a")),
        ]);
        // The videos have the same download address, but other playback addresses.
        let mut files = files;
        for (at, id) in ["v1", "v2"].iter().enumerate() {
            files[at]["download_url"] = json!(format!(
                "{}/rec/download/{id}?{round}",
                told.scene.zoom.url()
            ));
        }
        told.told(RECORDING, &files).await;
        works_to_the_end(&told.scene).await;
    }
    assert_eq!(told.replies().len(), 1, "{}", told.text());
    let text = told.text();
    assert!(text.contains("Gallery view 1") && text.contains("Gallery view 2"));
    assert_eq!(told.files().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f23_a_passcode_is_shown_exactly_and_links_are_named_by_their_views() {
    let scene = Scene::with(json!({"enablepostingrecordingpassword": true})).await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    let told = recorded_in(scene, ann, town).await;
    let views = [
        (
            "shared_screen_with_speaker_view",
            "Shared screen with speaker view",
        ),
        ("gallery_view", "Gallery view 1"),
        ("gallery_view", "Gallery view 2"),
        ("active_speaker", "Speaker view"),
        ("something_new", "Meeting recording"),
    ];
    let files: Vec<_> = views
        .iter()
        .enumerate()
        .map(|(at, (view, _))| told.video(&format!("v{at}"), "a", view))
        .collect();
    told.told_with(RECORDING, &json!(files), |body| {
        body["payload"]["object"]["password"] = json!("a`b``*c*");
    })
    .await;
    works_to_the_end(&told.scene).await;
    let text = told.text();
    assert!(text.contains("```a`b``*c*```"), "{text}");
    for (at, (_, name)) in views.iter().enumerate() {
        assert!(
            text.contains(&format!(
                "[{name}]({}/rec/play/v{at})",
                told.scene.zoom.url()
            )),
            "{name}: {text}"
        );
    }
}

/// Five hundred files: a video and a chat for each of 250 starts.
fn five_hundred(told: &Recorded) -> Value {
    let files = (0..250).flat_map(|at| {
        let start = format!("2026-08-06T13:{:02}:{:02}Z", at / 60, at % 60);
        let mut video = told.video(&format!("video-{at:03}-"), &start, "gallery_view");
        let mut chat = told.chat(&format!("chat-{at:03}"), &start);
        for file in [&mut video, &mut chat] {
            // Zoom's addresses and IDs are long.
            let filler = "x".repeat(450);
            let url = file["download_url"].as_str().unwrap();
            file["download_url"] = json!(format!("{url}?filler={filler}"));
        }
        [video, chat]
    });
    files.collect()
}

/// A delivery as passed on by the server: headers first, then the body.
async fn serves(scene: &Scene, webhook: &Webhook, body: BodyReader) -> Reply {
    let mut headers = webhook.headers();
    headers.push(("Content-Length", webhook.body.len().to_string()));
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name.to_owned(), vec![value]));
    let request = HttpRequest {
        method: "POST".to_owned(),
        url: format!("/webhook?secret={WEBHOOK_SECRET}"),
        headers: headers.collect::<BTreeMap<_, _>>(),
        ..HttpRequest::default()
    };
    scene.plugin.serve(request, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_each_of_five_hundred_files_is_posted_once() {
    let told = recorded().await;
    let files = five_hundred(&told);
    let webhook = told.scene.zoom.recorded(RECORDING, &told.meeting, &files);
    assert!(webhook.body.len() > 300_000, "{}", webhook.body.len());
    for _ in 0..2 {
        let body = BodyReader::from_bytes(webhook.body.clone().into_bytes());
        let reply = serves(&told.scene, &webhook, body).await;
        assert_eq!(reply.status, 200, "{}", body_of(&reply));
    }
    works_to_the_end(&told.scene).await;
    let replies = told.replies();
    assert_eq!((replies.len(), told.files().len()), (250, 250));
    let text = told.text();
    for file in files.as_array().unwrap() {
        if let Some(link) = file["play_url"].as_str() {
            assert_eq!(text.matches(&format!("{link})")).count(), 1, "{link}");
        }
    }
    assert_eq!(told.scene.zoom.count(Route::Download), 250);
    let log = told.scene.log();
    assert!(!log.contains("trap") && !log.contains("Giving up"), "{log}");
    for reply in replies {
        assert_eq!(props(&reply)["captions"].as_array().unwrap().len(), 1);
    }
}

/// The same with the maximum number of subscribed channels: a job stays within its limit of calls.
#[tokio::test(flavor = "multi_thread")]
async fn f24_five_hundred_files_arrive_in_every_channel_that_follows_the_meeting() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let channels: Vec<_> = (0..10)
        .map(|at| scene.channel(&format!("c{at}q"), &[&ann]))
        .collect();
    scene.connects(&ann, &channels[0]).await;
    let host = scene.zoom.user("ann@example.com").unwrap();
    let plan = plugin_tests::zoom::Schedule {
        start_time: scene.zoom.time(),
        ..plugin_tests::zoom::Schedule::weekly("Standup")
    };
    let meeting = scene.zoom.schedule(&host, plan);
    for channel in &channels {
        let add = format!("/zoom subscription add {}", meeting.id);
        let told = scene.asks(&ann, channel, &add).await;
        assert!(told.contains("Subscribed."), "{told}");
    }
    let started = scene.zoom.webhook("meeting.started", &meeting);
    assert_eq!(scene.delivers(&started).await.status, 200);
    works_to_the_end(&scene).await;
    let told = Recorded {
        post: scene.posts(&channels[0]).pop().unwrap(),
        town: channels[0].clone(),
        scene,
        ann,
        meeting,
    };
    told.told(RECORDING, &five_hundred(&told)).await;
    works_to_the_end(&told.scene).await;
    for channel in &channels {
        let posts = told.scene.posts(channel);
        assert_eq!(posts.len(), 251, "{channel}");
    }
    let log = told.scene.log();
    assert!(!log.contains("trap") && !log.contains("Giving up"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_a_body_over_a_limit_is_refused_with_a_line_that_names_its_size_and_the_limit() {
    let told = recorded().await;
    let filler = "x".repeat(1024 * 1024);
    let webhook = told
        .scene
        .zoom
        .webhook_with(json!({"event": filler}).to_string());
    let size = webhook.body.len().to_string();
    let body = BodyReader::from_bytes(webhook.body.clone().into_bytes());
    let reply = serves(&told.scene, &webhook, body).await;
    assert_eq!(reply.status, 413);
    let log = told.scene.log();
    let line = log
        .lines()
        .find(|line| line.contains("larger than the plugin accepts"));
    let line = line.unwrap_or_else(|| panic!("{log}"));
    for part in ["Warn", "/webhook", &size, "1048576"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(!line.contains(WEBHOOK_SECRET), "{line}");
}
