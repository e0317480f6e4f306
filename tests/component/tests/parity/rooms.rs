//! A Personal Meeting ID that was used in a channel and is used for another meeting later.

use component_tests::scene::{Scene, props};
use mattermost_plugin_rpc::mattermost::Post;
use plugin_tests::zoom::Meeting;
use serde_json::json;

/// A participant joins Ann's personal meeting.
fn enters(scene: &Scene) -> Meeting {
    let ann = scene.zoom.user("ann@example.com").unwrap();
    scene.zoom.enter_room(&ann)
}

async fn delivers(scene: &Scene, event: &str, meeting: &Meeting) {
    let webhook = scene.zoom.webhook(event, meeting);
    assert_eq!(scene.delivers(&webhook).await.status, 200, "{event}");
}

/// A meeting of the room in a channel, from start to end, and its post while it was active.
async fn used_once(scene: &Scene) -> (String, Meeting, Post) {
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "Yes").await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let running = scene.posts(&town).pop().unwrap();
    let first = enters(scene);
    delivers(scene, "meeting.started", &first).await;
    delivers(scene, "meeting.ended", &first).await;
    let ended = scene.posts(&town).pop().unwrap();
    assert_eq!(props(&ended)["meeting_status"], "ENDED");
    (town, first, running)
}

async fn recorded(scene: &Scene, meeting: &Meeting) {
    let files = json!([{"id": "chat", "recording_start": "a", "file_type": "CHAT",
        "recording_type": "chat_file", "download_url": scene.zoom.add_file("chat", "private words")}]);
    let webhook = scene.zoom.recorded("recording.completed", meeting, &files);
    assert_eq!(scene.delivers(&webhook).await.status, 200);
    scene.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d18_the_recording_of_a_later_use_of_a_room_is_not_posted_where_it_was_used_before() {
    let scene = Scene::start().await;
    let (town, _, _) = used_once(&scene).await;
    scene.later(2 * 3600);
    let private = enters(&scene);
    delivers(&scene, "meeting.started", &private).await;
    delivers(&scene, "meeting.ended", &private).await;
    recorded(&scene, &private).await;
    assert_eq!(scene.posts(&town).len(), 1, "{:?}", scene.posts(&town));
}

#[tokio::test(flavor = "multi_thread")]
async fn d13_a_forged_post_of_a_room_gets_neither_its_end_nor_its_recording() {
    let scene = Scene::start().await;
    let (town, _, running) = used_once(&scene).await;
    let mallory = scene.person("mallory");
    let forged = Post {
        id: "forgedaaaaaaaaaaaaaaaaaaaa".to_owned(),
        user_id: mallory,
        create_at: scene.now(),
        update_at: scene.now(),
        ..running
    };
    scene.api.world().posts.push(forged.clone());
    let private = enters(&scene);
    delivers(&scene, "meeting.started", &private).await;
    recorded(&scene, &private).await;
    delivers(&scene, "meeting.ended", &private).await;
    let posts = scene.posts(&town);
    let after = posts.iter().find(|post| post.id == forged.id).unwrap();
    let replies = posts
        .iter()
        .filter(|post| post.root_id == forged.id)
        .count();
    assert_eq!(
        (&props(after)["meeting_status"], replies),
        (&json!("STARTED"), 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn d18_d34_a_late_recording_of_a_room_is_posted_at_its_own_post() {
    let scene = Scene::start().await;
    let (town, first, running) = used_once(&scene).await;
    scene.later(20 * 24 * 3600);
    recorded(&scene, &first).await;
    let posts = scene.posts(&town);
    let replies = posts.iter().filter(|post| post.root_id == running.id);
    assert_eq!(replies.count(), 1);
}
