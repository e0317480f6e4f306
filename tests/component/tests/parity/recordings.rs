//! Recordings, chats, and transcripts: jobs that reply in the thread of their meeting.

use component_tests::scene::{Scene, props};
use mattermost_plugin_rpc::mattermost::Post;
use plugin_tests::zoom::{Fault, Meeting, Route};
use serde_json::{Value, json};

use crate::fault_injection::{FAULTS, everywhere};
use crate::order::in_order;
use crate::support::end_meetings;

const RECORDING: &str = "recording.completed";
const TRANSCRIPT: &str = "recording.transcript_completed";
const CHAT: &str = "10:00:01\tAda : hello\r\n";
const VTT: &str = "WEBVTT\r\n\r\n1\r\n00:00:01.000 --> 00:00:02.000\r\nAda: h\u{e9}llo\r\n";

/// A transcript of this length.
fn captions(length: usize) -> String {
    format!("{VTT}{}", "x".repeat(length - VTT.len()))
}

/// A meeting that has ended, and its post.
async fn meeting(scene: &Scene) -> (Meeting, Post) {
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start Standup").await, "");
    end_meetings(scene).await;
    let post = scene.posts(&town).pop().unwrap();
    (scene.zoom.meetings().pop().unwrap(), post)
}

fn replies(scene: &Scene, post: &Post) -> Vec<Post> {
    let posts = scene.posts(&post.channel_id).into_iter();
    posts.filter(|one| one.root_id == post.id).collect()
}

async fn told(scene: &Scene, event: &str, meeting: &Meeting, files: &Value) {
    let answer = scene
        .delivers(&scene.zoom.recorded(event, meeting, files))
        .await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
}

fn video(scene: &Scene, start: &str) -> Value {
    json!({"id": format!("video-{start}"), "recording_start": start, "recording_end": "", "file_type": "MP4",
        "recording_type": "shared_screen_with_speaker_view", "status": "completed",
        "download_url": scene.zoom.add_file("never-fetched", "video"),
        "play_url": format!("{}/rec/play/{start}(1)", scene.zoom.url())})
}

fn chat(scene: &Scene, start: &str) -> Value {
    json!({"id": format!("chat-{start}"), "recording_start": start, "file_type": "CHAT",
        "recording_type": "chat_file", "download_url": scene.zoom.add_file("chat", CHAT)})
}

fn transcript(url: &str) -> Value {
    json!([{"id": "transcript", "recording_start": "a", "file_type": "TRANSCRIPT",
        "recording_type": "audio_transcript", "download_url": url}])
}

#[tokio::test(flavor = "multi_thread")]
async fn zm096_zm088_videos_and_chat_of_one_start_are_one_reply_in_the_meetings_thread() {
    let scene = Scene::start().await;
    let (meeting, post) = meeting(&scene).await;
    let files = json!([video(&scene, "a"), chat(&scene, "a"), video(&scene, "b")]);
    told(&scene, RECORDING, &meeting, &files).await;
    assert_eq!(
        replies(&scene, &post),
        [],
        "the webhook is answered before the work is done"
    );
    scene.works().await;
    let mut replies = replies(&scene, &post);
    replies.sort_by_key(|reply| reply.kind.clone());
    assert_eq!(replies.len(), 2);
    let (plain, with_chat) = (&replies[0], &replies[1]);
    assert_eq!(with_chat.kind, "custom_zoom_chat");
    let play = format!(
        "**Link:** [Shared screen with speaker view]({}/rec/play/a%281%29)",
        scene.zoom.url()
    );
    assert!(with_chat.message.contains(&play), "{}", with_chat.message);
    let (id, name, content) = scene.api.world().files[0].clone();
    assert_eq!(
        (name.as_str(), content),
        ("Chat-history.txt", CHAT.as_bytes().to_vec())
    );
    assert_eq!(props(with_chat)["captions"], json!([{"file_id": id}]));
    assert_eq!(with_chat.file_ids, [id]);
    assert_eq!((plain.kind.as_str(), plain.file_ids.len()), ("", 0));
    assert!(plain.message.contains("/rec/play/b%281%29"));
    let bot = scene.api.world().users[&plain.user_id].clone();
    assert!(bot.is_bot && plain.user_id == with_chat.user_id);
    assert!(
        !format!("{replies:?}").contains(&meeting.passcode),
        "the setting is off"
    );
    let fetched = scene.zoom.downloads();
    assert_eq!(fetched.len(), 1, "videos are never downloaded");
    assert_eq!(
        fetched[0].1,
        format!("Bearer {}", scene.zoom.download_token())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm097_zm114_zm133_a_transcript_is_posted_unchanged() {
    let scene = Scene::start().await;
    let (meeting, post) = meeting(&scene).await;
    let url = scene.zoom.add_file("vtt", VTT);
    told(&scene, TRANSCRIPT, &meeting, &transcript(&url)).await;
    scene.works().await;
    let reply = replies(&scene, &post).pop().unwrap();
    assert_eq!(reply.kind, "custom_zoom_transcript");
    let (id, name, content) = scene.api.world().files[0].clone();
    assert_eq!(
        (name.as_str(), content),
        ("transcription.txt", VTT.as_bytes().to_vec())
    );
    assert_eq!(props(&reply)["captions"], json!([{"file_id": id}]));
    let author = scene.api.world().users[&reply.user_id].username.clone();
    assert_eq!(author, "zoom");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm096_a_passcode_is_posted_only_where_the_setting_says_so() {
    let scene = Scene::with(json!({"enablepostingrecordingpassword": true})).await;
    let (meeting, post) = meeting(&scene).await;
    let files = json!([video(&scene, "a")]);
    told(&scene, RECORDING, &meeting, &files).await;
    {
        let world = scene.api.world();
        let mut written = world.written();
        let clear =
            written.find(|(_, value)| String::from_utf8_lossy(value).contains(&meeting.passcode));
        let key = clear.map(|(key, _)| key.to_owned());
        assert_eq!(key, None, "not in clear in the store");
    }
    scene.works().await;
    let reply = replies(&scene, &post).pop().unwrap();
    let shown = format!("**Passcode:** `{}`", meeting.passcode);
    assert!(reply.message.contains(&shown), "{}", reply.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn d06_repeated_deliveries_post_once_whatever_changes_in_them() {
    let scene = Scene::start().await;
    let other = scene.another_node().await;
    let (meeting, post) = meeting(&scene).await;
    let files = json!([video(&scene, "a"), chat(&scene, "a")]);
    for _ in 0..2 {
        told(&scene, RECORDING, &meeting, &files).await;
        told(&other, RECORDING, &meeting, &files).await;
    }
    tokio::join!(scene.works(), other.works());
    scene.later(120);
    tokio::join!(scene.works(), other.works());
    let mut again = files.clone();
    again[0]["play_url"] = json!(format!("{}/rec/play/a(1)?token=new", scene.zoom.url()));
    told(&scene, RECORDING, &meeting, &again).await;
    assert_eq!(scene.works().await, None);
    assert_eq!(replies(&scene, &post).len(), 1);
    assert_eq!(scene.api.world().files.len(), 1);
}

/// The link and the chat are in one reply, unless the chat could not be fetched or uploaded at once.
#[tokio::test(flavor = "multi_thread")]
async fn d25_d06_f21_a_link_and_a_chat_are_posted_once_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let scene = Scene::start().await;
        let (meeting, post) = meeting(&scene).await;
        let files = json!([video(&scene, "a"), chat(&scene, "a")]);
        told(&scene, RECORDING, &meeting, &files).await;
        case.begins(&scene);
        scene.works().await;
        let scene = case.ends(scene).await;
        for _ in 0..4 {
            scene.later(400);
            scene.works().await;
        }
        let replies = replies(&scene, &post);
        let links = replies
            .iter()
            .filter(|one| one.message.contains("/rec/play/"));
        let files = replies.iter().flat_map(|one| &one.file_ids);
        assert_eq!((links.count(), files.count()), (1, 1), "{case}");
        assert!(replies.len() <= 2, "{case}");
        in_order(&scene, case);
    })
    .await;
}

/// After days of downtime or with a wrong clock, a job still runs and is not given up.
#[tokio::test(flavor = "multi_thread")]
async fn d25_a_job_survives_days_without_a_server_and_clocks_that_jump() {
    const DAY: i64 = 24 * 3600;
    for jumps in [
        &[5 * DAY][..],
        &[-DAY, DAY],
        &[DAY, -DAY],
        &[5 * DAY, -5 * DAY],
        &[-365 * DAY],
    ] {
        let scene = Scene::start().await;
        let (meeting, post) = meeting(&scene).await;
        let url = scene.zoom.add_file("vtt", VTT);
        scene.zoom.fail_next(Route::Download, Fault::server_error());
        for jump in jumps {
            // The job is enqueued or postponed by the current clock. The delivery is the same.
            told(&scene, TRANSCRIPT, &meeting, &transcript(&url)).await;
            scene.works().await;
            scene.later(*jump);
        }
        for _ in 0..3 {
            scene.works().await;
            scene.later(60);
        }
        let replies = replies(&scene, &post);
        assert_eq!(replies.len(), 1, "{jumps:?}");
        assert_eq!(replies[0].kind, "custom_zoom_transcript", "{jumps:?}");
    }
}

/// A truncated response is retried. An endless response stops at the limit.
#[tokio::test(flavor = "multi_thread")]
async fn d25_a_truncated_file_is_downloaded_again_and_an_endless_one_is_skipped() {
    let scene = Scene::start().await;
    let (meeting, post) = meeting(&scene).await;
    let url = scene.zoom.add_file("vtt", VTT);
    scene.zoom.fail_next(Route::Download, Fault::Half);
    told(&scene, TRANSCRIPT, &meeting, &transcript(&url)).await;
    assert!(scene.works().await.is_some(), "it is tried again");
    assert!(replies(&scene, &post).is_empty());
    scene.later(60);
    scene.works().await;
    assert_eq!(scene.api.world().files.len(), 1);
    assert_eq!(scene.api.world().files[0].2, VTT.as_bytes());

    scene.zoom.fail_next(Route::Download, Fault::Flood(1 << 30));
    let mut files = transcript(&url);
    files[0]["id"] = json!("endless");
    told(&scene, TRANSCRIPT, &meeting, &files).await;
    scene.works().await;
    let last = replies(&scene, &post).pop().unwrap();
    assert!(
        last.message.contains("could not be downloaded"),
        "{}",
        last.message
    );
    assert_eq!(scene.api.world().files.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm098_d44_each_redirect_is_checked_and_the_token_is_not_sent_to_other_hosts() {
    let scene = Scene::start().await;
    let (meeting, post) = meeting(&scene).await;
    let end = scene.zoom.add_file("end", VTT);
    let path = end.strip_prefix(&scene.zoom.url()).unwrap().to_owned();
    let start = scene.zoom.redirect_file("start", &path);
    told(&scene, TRANSCRIPT, &meeting, &transcript(&start)).await;
    scene.works().await;
    assert_eq!(replies(&scene, &post).len(), 1);
    assert_eq!(scene.zoom.downloads().len(), 2);

    for (number, bad) in [
        "https://evil.example/x",
        "http://localhost/x",
        "https://127.0.0.1:1/x",
    ]
    .iter()
    .enumerate()
    {
        let away = scene.zoom.redirect_file("away", bad);
        let mut files = transcript(&away);
        files[0]["id"] = json!(format!("bad-{number}"));
        told(&scene, TRANSCRIPT, &meeting, &files).await;
        scene.works().await;
        let reply = replies(&scene, &post).pop().unwrap();
        assert_eq!(
            (reply.kind.as_str(), reply.file_ids.len()),
            ("", 0),
            "{bad}"
        );
        assert!(
            reply.message.contains("could not be downloaded"),
            "{}",
            reply.message
        );
    }
    // Another host of Zoom.
    let other = scene.zoom.api_url().replace("localhost", "127.0.0.1");
    scene.change_settings(json!({"zoomapiurl": other})).await;
    let elsewhere = scene.zoom.url().replace("localhost", "127.0.0.1");
    let away = scene
        .zoom
        .redirect_file("away", &format!("{elsewhere}{path}"));
    let mut files = transcript(&away);
    files[0]["id"] = json!("elsewhere");
    told(&scene, TRANSCRIPT, &meeting, &files).await;
    scene.works().await;
    let downloads = scene.zoom.downloads();
    let [.., (first, token), (second, none)] = downloads.as_slice() else {
        panic!("{downloads:?}");
    };
    assert_eq!((first.as_str(), second.as_str()), ("away", "end"));
    assert!(
        token.starts_with("Bearer ") && none.is_empty(),
        "{downloads:?}"
    );
    let around = format!("{}/rec/download/loop", scene.zoom.url());
    scene.zoom.redirect_file("loop", &around);
    let before = scene.zoom.downloads().len();
    let mut files = transcript(&around);
    files[0]["id"] = json!("loop");
    told(&scene, TRANSCRIPT, &meeting, &files).await;
    scene.works().await;
    assert_eq!(scene.zoom.downloads().len() - before, 6, "no endless loop");
}

#[tokio::test(flavor = "multi_thread")]
async fn d25_outages_of_zoom_are_retried_and_refusals_end_in_a_sentence() {
    let scene = Scene::start().await;
    let (meeting, post) = meeting(&scene).await;
    let url = scene.zoom.add_file("vtt", VTT);
    for fault in [
        Fault::server_error(),
        Fault::rate_limited(90),
        Fault::HangUp,
    ] {
        scene.zoom.fail_next(Route::Download, fault);
    }
    told(&scene, TRANSCRIPT, &meeting, &transcript(&url)).await;
    let mut waits = Vec::new();
    while let Some(due) = scene.works().await {
        waits.push((due - scene.now()) / 1000);
        assert!(waits.len() < 10, "{waits:?}");
        scene.later((due - scene.now()) / 1000 + 1);
    }
    assert_eq!(waits.len(), 3, "{waits:?}");
    assert!(
        (60..=100).contains(&waits[1]),
        "Zoom said 90 seconds: {waits:?}"
    );
    assert_eq!(
        replies(&scene, &post).pop().unwrap().kind,
        "custom_zoom_transcript"
    );

    let gone = format!("{}/rec/download/gone", scene.zoom.url());
    let mut files = transcript(&gone);
    files[0]["id"] = json!("gone");
    let before = scene.zoom.downloads().len();
    told(&scene, TRANSCRIPT, &meeting, &files).await;
    while let Some(due) = scene.works().await {
        scene.later((due - scene.now()) / 1000 + 1);
    }
    assert_eq!(scene.zoom.downloads().len() - before, 5);
    let last = replies(&scene, &post).pop().unwrap();
    assert!(
        last.message.contains("could not be downloaded"),
        "{}",
        last.message
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn d25_a_file_that_zoom_withholds_for_a_day_ends_in_a_sentence() {
    let scene = Scene::start().await;
    let (meeting, post) = meeting(&scene).await;
    let url = scene.zoom.add_file("vtt", VTT);
    for _ in 0..100 {
        scene.zoom.fail_next(Route::Download, Fault::server_error());
    }
    told(&scene, TRANSCRIPT, &meeting, &transcript(&url)).await;
    let start = scene.now();
    while let Some(due) = scene.works().await {
        assert!(due - start < 27 * 3600 * 1000);
        scene.later((due - scene.now()) / 1000 + 1);
    }
    let all = replies(&scene, &post);
    assert_eq!(all.len(), 1);
    assert!(
        all[0].message.contains("could not be downloaded"),
        "{}",
        all[0].message
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm098_a_file_over_ten_mebibytes_is_skipped_with_a_sentence() {
    let scene = Scene::start().await;
    let (meeting, post) = meeting(&scene).await;
    let url = scene
        .zoom
        .add_file("large", &captions(10 * 1024 * 1024 + 1));
    told(&scene, TRANSCRIPT, &meeting, &transcript(&url)).await;
    scene.works().await;
    assert!(scene.api.world().files.is_empty());
    assert_eq!(replies(&scene, &post).len(), 1);
    let url = scene.zoom.add_file("largest", &captions(10 * 1024 * 1024));
    let mut files = transcript(&url);
    files[0]["id"] = json!("largest");
    told(&scene, TRANSCRIPT, &meeting, &files).await;
    scene.works().await;
    assert_eq!(scene.api.world().files[0].2.len(), 10 * 1024 * 1024);
}

#[tokio::test(flavor = "multi_thread")]
async fn d14_a_recording_of_a_meeting_in_a_thread_replies_in_that_thread() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    let root = {
        let mut world = scene.api.world();
        let root = Post {
            id: format!("{:r<26}", "root"),
            channel_id: town.clone(),
            user_id: ann.clone(),
            create_at: 1,
            update_at: 1,
            ..Post::default()
        };
        world.posts.push(root.clone());
        root
    };
    let at = component_tests::scene::At {
        channel: &town,
        root: &root.id,
    };
    scene.types(&ann, at, "/zoom start In a thread").await;
    let meeting = scene.zoom.meetings().pop().unwrap();
    told(&scene, RECORDING, &meeting, &json!([video(&scene, "a")])).await;
    scene.works().await;
    let replies = replies(&scene, &root);
    assert_eq!(replies.len(), 2, "the meeting and its recording");
}

#[tokio::test(flavor = "multi_thread")]
async fn d34_zm095_a_recording_finds_its_meeting_days_later() {
    let scene = Scene::start().await;
    let (meeting, post) = meeting(&scene).await;
    scene.later(6 * 24 * 3600);
    told(&scene, RECORDING, &meeting, &json!([video(&scene, "a")])).await;
    scene.works().await;
    assert_eq!(replies(&scene, &post).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn d11_d33_recordings_of_unknown_meetings_and_invalid_events_are_ignored() {
    let scene = Scene::start().await;
    let (meeting, post) = meeting(&scene).await;
    let unknown = Meeting {
        id: 1,
        uuid: "unknown".to_owned(),
        ..meeting.clone()
    };
    told(&scene, RECORDING, &unknown, &json!([video(&scene, "a")])).await;
    told(&scene, RECORDING, &meeting, &json!("none")).await;
    told(&scene, TRANSCRIPT, &meeting, &json!([])).await;
    let evil = json!([{"id": "x", "file_type": "MP4", "play_url": "https://evil.example/(x)"}]);
    told(&scene, RECORDING, &meeting, &evil).await;
    scene.works().await;
    let said = replies(&scene, &post);
    assert!(
        said.iter().all(|reply| !reply.message.contains("evil")),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm060_zm112_the_deletion_of_data_is_confirmed_if_zoom_asks() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects(&ann, &town).await;
    let user = scene.zoom.signed_in();
    let body = json!({"event": "app_deauthorized", "event_ts": 1, "payload": {
        "account_id": "a", "user_id": user.id, "client_id": scene.zoom.app().client_id,
        "signature": "s", "deauthorization_time": "2099-01-01T00:00:00Z", "user_data_retention": "false",
    }});
    scene
        .zoom
        .fail_next(Route::Compliance, Fault::server_error());
    let answer = scene
        .delivers(&scene.zoom.webhook_with(body.to_string()))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(scene.zoom.count(Route::Compliance), 0, "answered first");
    while let Some(due) = scene.works().await {
        scene.later((due - scene.now()) / 1000 + 1);
    }
    assert_eq!(scene.zoom.count(Route::Compliance), 2);
}

/// A member can write more data than a read of a channel's last posts may return.
#[tokio::test(flavor = "multi_thread")]
async fn a_channel_full_of_large_posts_does_not_block_recordings_and_starts() {
    const LARGE: usize = 300_000;
    // With 200 posts, a read omits many of them; with 240 posts, all.
    for posts in [200, 240] {
        let scene = Scene::start().await;
        let (meeting, post) = meeting(&scene).await;
        let bob = scene.person("bob");
        for _ in 0..posts {
            let mut world = scene.api.world();
            world.add_post(&bob, &post.channel_id, &"x".repeat(LARGE));
        }
        let url = scene.zoom.add_file("vtt", VTT);
        told(&scene, TRANSCRIPT, &meeting, &transcript(&url)).await;
        scene.works().await;
        assert_eq!(replies(&scene, &post).len(), 1, "{posts}");
        let ann = post.user_id.as_str();
        let asked = scene.asks(ann, &post.channel_id, "/zoom start Retro").await;
        assert_eq!(asked, "", "{posts}");
        let message = "so they were not searched";
        assert_eq!(scene.log().contains(message), posts == 240);
    }
}

/// A job that waits for settings is not given up.
#[tokio::test(flavor = "multi_thread")]
async fn d25_waiting_for_settings_does_not_count_as_an_attempt() {
    let scene = Scene::start().await;
    let (meeting, post) = meeting(&scene).await;
    let files = json!([video(&scene, "a"), chat(&scene, "a")]);
    told(&scene, RECORDING, &meeting, &files).await;
    scene.change_settings(json!({"oauthclientid": ""})).await;
    // Five minutes, plus at most a tenth of random jitter.
    for _ in 0..8 {
        scene.works().await;
        scene.later(331);
    }
    scene
        .change_settings(json!({"oauthclientid": "mock-client-id"}))
        .await;
    scene.zoom.fail_next(Route::Download, Fault::server_error());
    scene.works().await;
    let files = || -> Vec<_> {
        replies(&scene, &post)
            .into_iter()
            .map(|one| one.file_ids.len())
            .collect()
    };
    assert_eq!(files(), [0], "the link does not wait for the chat");
    scene.later(60);
    scene.works().await;
    assert_eq!(files(), [0, 1], "the chat is fetched again");
    assert_eq!(replies(&scene, &post)[1].kind, "custom_zoom_chat");
}
