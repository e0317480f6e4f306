//! Webhooks, with every possible failure at each step: Zoom repeats the delivery until it is accepted, and the result
//! is the same as without failures.

use component_tests::scene::{Scene, props};
use plugin_tests::zoom::{Meeting, Webhook};
use serde_json::json;

use crate::fault_injection::{Case, FAULTS, everywhere};
use crate::order::in_order;
use crate::support::{SCHEDULED, connected, connected_choosing, scheduled};

/// A participant joins Ann's personal meeting.
fn enters_room(scene: &Scene) -> Meeting {
    let ann = scene.zoom.user("ann@example.com").unwrap();
    scene.zoom.enter_room(&ann)
}

/// The state of each meeting's post in a channel.
fn statuses(scene: &Scene, channel: &str) -> Vec<String> {
    let posts = scene.posts(channel).into_iter();
    let status = posts.map(|post| props(&post)["meeting_status"].as_str().map(str::to_owned));
    status.flatten().collect()
}

/// If the response is not 200, Zoom repeats the delivery after five minutes and later, with a new signature each time.
/// Meanwhile jobs run.
async fn repeated(scene: &Scene, case: &Case, webhook: Webhook) {
    let mut answered = 0;
    for _ in 0..3 {
        scene.later(330);
        let again = scene.zoom.webhook_with(webhook.body.clone());
        answered = scene.delivers(&again).await.status;
        scene.works().await;
    }
    assert_eq!(answered, 200, "{case}");
    scene.later(330);
    scene.works().await;
}

/// Delivers a webhook with an injected fault, repeats it like Zoom, and returns the process that continues.
async fn delivered(case: &mut Case, scene: Scene, event: &str, meeting: &Meeting) -> Scene {
    case.begins(&scene);
    let webhook = scene.zoom.webhook(event, meeting);
    let answer = scene.delivers(&webhook).await.status;
    scene.works().await;
    let scene = case.ends(scene).await;
    assert!([200, 500].contains(&answer) || case.is_crash(), "{case}");
    repeated(&scene, case, webhook).await;
    scene
}

#[tokio::test(flavor = "multi_thread")]
async fn zm092_d06_d61_the_end_of_a_meeting_is_shown_once_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let (scene, ann, town) = connected().await;
        scene.types(&ann, &town, "/zoom start Standup").await;
        let meeting = scene.zoom.meetings().pop().unwrap();
        let scene = delivered(case, scene, "meeting.ended", &meeting).await;
        assert_eq!(statuses(&scene, &town), ["ENDED"], "{case}");
        in_order(&scene, case);
        assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "", "{case}");
    })
    .await;
}

/// A personal meeting with posts in two channels, without a start event.
#[tokio::test(flavor = "multi_thread")]
async fn zm092_d18_d61_the_end_of_a_room_is_shown_once_in_each_channel_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let (scene, ann, town) = connected_choosing("Yes").await;
        let yard = scene.channel("yard", &[&ann]);
        for channel in [&town, &yard] {
            assert_eq!(scene.asks(&ann, channel, "/zoom start").await, "");
        }
        let room = enters_room(&scene);
        let scene = delivered(case, scene, "meeting.ended", &room).await;
        for channel in [&town, &yard] {
            assert_eq!(statuses(&scene, channel), ["ENDED"], "{case}");
        }
        in_order(&scene, case);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zm091_d61_the_start_of_a_room_is_linked_to_its_post_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let (scene, ann, town) = connected_choosing("Yes").await;
        scene.types(&ann, &town, "/zoom start").await;
        let room = enters_room(&scene);
        let scene = delivered(case, scene, "meeting.started", &room).await;
        // The UUID assigns the meeting to the post now, so it may end long after the window.
        scene.later(3 * 3600);
        let ended = scene.zoom.webhook("meeting.ended", &room);
        assert_eq!(scene.delivers(&ended).await.status, 200, "{case}");
        assert_eq!(statuses(&scene, &town), ["ENDED"], "{case}");
        in_order(&scene, case);
    })
    .await;
}

/// Two channels are subscribed to the meeting: two jobs.
#[tokio::test(flavor = "multi_thread")]
async fn zm104_d06_d61_a_followed_meeting_is_announced_once_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let (scene, ann, town) = connected().await;
        let yard = scene.channel("yard", &[&ann]);
        let meeting = scheduled(&scene, "ann");
        let add = format!("/zoom subscription add {SCHEDULED}");
        for channel in [&town, &yard] {
            scene.types(&ann, channel, &add).await;
        }
        let scene = delivered(case, scene, "meeting.started", &meeting).await;
        for channel in [&town, &yard] {
            assert_eq!(statuses(&scene, channel), ["STARTED"], "{case}");
        }
        in_order(&scene, case);
        let ended = scene.zoom.webhook("meeting.ended", &meeting);
        assert_eq!(scene.delivers(&ended).await.status, 200, "{case}");
        for channel in [&town, &yard] {
            assert_eq!(statuses(&scene, channel), ["ENDED"], "{case}");
        }
    })
    .await;
}

/// Several jobs for each of two posts.
#[tokio::test(flavor = "multi_thread")]
async fn zm096_d06_d61_each_recording_is_posted_once_after_any_failure_of_its_webhook() {
    everywhere(&FAULTS, async |case| {
        let (scene, ann, town) = connected().await;
        scene.types(&ann, &town, "/zoom start Standup").await;
        let meeting = scene.zoom.meetings().pop().unwrap();
        let file = |start: &str| {
            json!({
                "id": format!("video-{start}"), "recording_start": start, "file_type": "MP4",
                "recording_type": "shared_screen",
                "play_url": format!("{}/rec/play/{start}", scene.zoom.url()),
            })
        };
        let files = json!([file("a"), file("b"), file("c")]);
        let event = "recording.completed";
        case.begins(&scene);
        let webhook = scene.zoom.recorded(event, &meeting, &files);
        let answer = scene.delivers(&webhook).await.status;
        let scene = case.ends(scene).await;
        assert!([200, 500].contains(&answer) || case.is_crash(), "{case}");
        scene.works().await;
        repeated(&scene, case, webhook).await;
        let posts = scene.posts(&town).into_iter();
        let replies = posts.filter(|post| !post.root_id.is_empty());
        assert_eq!(replies.count(), 3, "{case}");
        in_order(&scene, case);
    })
    .await;
}

/// The process crashes after the job wrote the post. The meeting ends before the job runs again.
#[tokio::test(flavor = "multi_thread")]
async fn zm104_d61_an_interrupted_announcement_ends_with_its_meeting() {
    everywhere(&FAULTS, async |case| {
        let (scene, ann, town) = connected().await;
        let meeting = scheduled(&scene, "ann");
        let add = format!("/zoom subscription add {SCHEDULED}");
        scene.types(&ann, &town, &add).await;
        let started = scene.zoom.webhook("meeting.started", &meeting);
        assert_eq!(scene.delivers(&started).await.status, 200);
        case.begins(&scene);
        scene.works().await;
        let scene = case.ends(scene).await;
        let ended = scene.zoom.webhook("meeting.ended", &meeting);
        assert_eq!(scene.delivers(&ended).await.status, 200, "{case}");
        for _ in 0..4 {
            scene.later(400);
            scene.works().await;
        }
        let statuses = statuses(&scene, &town);
        assert!(statuses.len() <= 1, "{case}");
        assert!(statuses.iter().all(|status| status == "ENDED"), "{case}");
        in_order(&scene, case);
    })
    .await;
}
