//! The main story: connect, start, end.

use component_tests::scene::{Scene, props};

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
