//! The main scenario: connect, start, end.

use component_tests::scene::{Scene, props};
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::Post;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_meeting_is_started_and_ends() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start Standup").await, "");
    let post = scene.posts(&town).pop().unwrap();
    assert_eq!(props(&post)["meeting_status"], "STARTED");
    let meeting = scene.zoom.meetings().pop().unwrap();
    for event in ["meeting.started", "meeting.ended"] {
        let answer = scene.delivers(&scene.zoom.webhook(event, &meeting)).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    }
    let post = scene.posts(&town).pop().unwrap();
    assert_eq!(props(&post)["meeting_status"], "ENDED");
}

/// A post of the Go plugin, and the records that refer to it.
fn old_post(scene: &Scene, author: &str, channel: &str, uuid: &str) -> Post {
    let props = json!({
        "meeting_id": 84_312_345_678_u64, "meeting_uuid": uuid, "meeting_status": "STARTED",
        "meeting_link": "https://zoom.us/j/84312345678", "meeting_provider": "Zoom",
        "meeting_topic": "Old", "meeting_personal": false, "meeting_creator_username": "ann",
    });
    let props = props.as_object().unwrap().clone().into_iter();
    let mut world = scene.api.world();
    let post = Post {
        id: format!("{:p<26}", world.posts.len()),
        create_at: scene.now() - 600_000,
        update_at: scene.now() - 600_000,
        user_id: author.to_owned(),
        channel_id: channel.to_owned(),
        kind: "custom_zoom".to_owned(),
        message: "I have started a meeting".to_owned(),
        props: props
            .map(|(name, value)| (name, Any::from_json(value)))
            .collect(),
        ..Post::default()
    };
    world.posts.push(post.clone());
    post
}

#[tokio::test(flavor = "multi_thread")]
async fn zm010_a_running_meeting_of_the_go_plugin_ends() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let post = old_post(&scene, &ann, &town, "ab/c+d==");
    let stranger = old_post(&scene, &ann, &town, "another");
    {
        let mut world = scene.api.world();
        world.store("post_meeting_ab%2Fc+d==", post.id.clone());
        world.store("post_meeting_another", post.id.clone());
        let number = json!({"channel_id": town, "is_subscription": false, "created_by": ann});
        world.store("meeting_channel_84312345678", number.to_string());
    }
    let body = json!({"event": "meeting.ended", "event_ts": 1, "payload": {"object": {
        "id": "84312345678", "uuid": "ab/c+d==", "start_time": "2026-01-01T10:00:00Z", "end_time": "2026-01-01T10:30:00Z",
    }}});
    let answer = scene
        .delivers(&scene.zoom.webhook_with(body.to_string()))
        .await;
    assert_eq!(answer.status, 200);
    let world = scene.api.world();
    let status = |id: &str| {
        props(world.posts.iter().find(|one| one.id == id).unwrap())["meeting_status"].clone()
    };
    assert_eq!(status(&post.id), "ENDED");
    assert_eq!(status(&stranger.id), "STARTED", "no record leads to it");
}
