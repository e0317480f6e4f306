//! Jobs, with every possible failure at each step of the queue and of the component: each job runs once, no job is
//! lost, and users are notified about abandoned jobs.

use component_tests::scene::Scene;
use mattermost_plugin_rpc::mattermost::Post;
use plugin_tests::zoom::{Fault, Meeting, Route};
use serde_json::{Value, json};

use crate::fault_injection::{Case, FAULTS, everywhere};
use crate::order::in_order;
use crate::support::connected;

const CHAT: &str = "10:00:01\tAda : hello\r\n";

/// A meeting of Ann, and its post.
async fn meeting() -> (Scene, Meeting, Post) {
    let (scene, ann, town) = connected().await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start Standup").await, "");
    let post = scene.posts(&town).pop().unwrap();
    let meeting = scene.zoom.meetings().pop().unwrap();
    (scene, meeting, post)
}

fn replies(scene: &Scene, post: &Post) -> Vec<Post> {
    let posts = scene.posts(&post.channel_id).into_iter();
    posts.filter(|one| one.root_id == post.id).collect()
}

fn file(scene: &Scene, recording: &str) -> Value {
    json!([{"id": recording, "recording_start": "a", "file_type": "OTHER", "recording_type": recording,
        "download_url": scene.zoom.add_file(recording, &format!("WEBVTT\r\n\r\n{CHAT}"))}])
}

/// Longer than any lease or claim, so that the work of a crashed process continues.
async fn worked_off(scene: &Scene) {
    for _ in 0..4 {
        scene.later(400);
        scene.works().await;
    }
}

/// Runs due jobs with an injected fault, then without one.
async fn worked(case: &mut Case, scene: Scene) -> Scene {
    case.begins(&scene);
    scene.works().await;
    let scene = case.ends(scene).await;
    worked_off(&scene).await;
    in_order(&scene, case);
    scene
}

async fn posted_once(event: &str, recording: &str) {
    everywhere(&FAULTS, async |case| {
        let (scene, meeting, post) = meeting().await;
        let files = file(&scene, recording);
        let webhook = scene.zoom.recorded(event, &meeting, &files);
        assert_eq!(scene.delivers(&webhook).await.status, 200);
        let scene = worked(case, scene).await;
        let replies = replies(&scene, &post);
        assert_eq!(replies.len(), 1, "{case}");
        assert_eq!(replies[0].file_ids.len(), 1, "{case}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zm096_d25_d06_a_chat_is_posted_once_after_any_failure() {
    posted_once("recording.completed", "chat_file").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zm097_d25_d06_a_transcript_is_posted_once_after_any_failure() {
    posted_once("recording.transcript_completed", "audio_transcript").await;
}

/// After a day without the file, the plugin replies in the thread.
#[tokio::test(flavor = "multi_thread")]
async fn d25_d31_an_abandoned_job_is_reported_once_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let (scene, meeting, post) = meeting().await;
        for _ in 0..100 {
            scene.zoom.fail_next(Route::Download, Fault::server_error());
        }
        let files = file(&scene, "audio_transcript");
        let webhook = scene
            .zoom
            .recorded("recording.transcript_completed", &meeting, &files);
        assert_eq!(scene.delivers(&webhook).await.status, 200);
        for _ in 0..5 {
            let due = scene.works().await.unwrap();
            scene.later((due - scene.now()) / 1000 + 1);
        }
        scene.later(25 * 3600);
        let scene = worked(case, scene).await;
        let replies = replies(&scene, &post);
        assert_eq!(replies.len(), 1, "{case}");
        let said = &replies[0].message;
        assert!(said.contains("could not be downloaded"), "{case}: {said}");
    })
    .await;
}

/// A second report to Zoom is harmless, and only happens if the first response was lost.
#[tokio::test(flavor = "multi_thread")]
async fn zm060_d25_the_deletion_of_data_is_confirmed_to_zoom_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let (scene, _, _) = connected().await;
        let user = scene.zoom.signed_in();
        let body = json!({"event": "app_deauthorized", "event_ts": 1, "payload": {
            "account_id": "a", "user_id": user.id, "client_id": scene.zoom.app().client_id,
            "signature": "s", "deauthorization_time": "2099-01-01T00:00:00Z",
            "user_data_retention": "false",
        }});
        let webhook = scene.zoom.webhook_with(body.to_string());
        assert_eq!(scene.delivers(&webhook).await.status, 200);
        let scene = worked(case, scene).await;
        let told = scene.zoom.count(Route::Compliance);
        assert!((1..=2).contains(&told), "{case}: {told}");
    })
    .await;
}
