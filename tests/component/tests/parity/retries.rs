//! Retries after a failure, and names that could break a list.

use component_tests::scene::{Scene, props};
use plugin_tests::zoom::{Fault, Route};
use serde_json::json;

use crate::support::json_of;

#[tokio::test(flavor = "multi_thread")]
async fn zm072_d31_a_forced_start_that_failed_can_be_tried_again_at_once() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    let body = json!({"channel_id": town}).to_string();
    let click = || scene.request("POST", "/api/v1/meetings?force=true", Some(&ann), &body);
    for _ in 0..4 {
        scene
            .zoom
            .fail_next(Route::CreateMeeting, Fault::server_error());
    }
    assert_ne!(click().await.status, 200, "Zoom is down, and that is said");
    let before = scene.zoom.meetings().len();
    for _ in 0..4 {
        if scene.zoom.meetings().len() > before {
            break;
        }
        let answer = click().await;
        let silent = answer.status == 200 && scene.zoom.meetings().len() == before;
        assert!(!silent, "nothing happened and nothing was said");
    }
}

/// A claim lasts longer than a meeting counts as recent. A second user in between gets the question, and not the
/// message that another start is in progress.
#[tokio::test(flavor = "multi_thread")]
async fn d61_a_start_in_the_last_seconds_of_another_claim_is_warned() {
    let scene = Scene::start().await;
    let [ann, bob] = ["ann", "bob"].map(|name| scene.person(name));
    let town = scene.channel("town", &[&ann, &bob]);
    for person in [&ann, &bob] {
        scene.connects_and_prefers(person, &town, "No").await;
    }
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    scene.later(40);
    let told = scene.types(&bob, &town, "/zoom start").await;
    assert_eq!(scene.zoom.meetings().len(), 1);
    let told = props(&told.last().unwrap().post);
    assert_eq!(told["meeting_status"], "RECENTLY_CREATED", "{told}");
}

/// The process that updates the posts may have crashed: the delivery is not complete, and Zoom must repeat it.
#[tokio::test(flavor = "multi_thread")]
async fn d06_a_delivery_during_an_update_by_another_node_is_repeated_by_zoom() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let meeting = scene.zoom.meetings().pop().unwrap();
    let keys = scene.api.world().keys();
    let key = keys
        .iter()
        .find(|key| key.starts_with("occurrence_"))
        .unwrap();
    let mut record = json_of(&scene, key);
    record["updating"] = json!(scene.now() + 10_000);
    scene.api.world().store(key, record.to_string());
    let webhook = scene.zoom.webhook("meeting.ended", &meeting);
    assert_eq!(scene.delivers(&webhook).await.status, 500);
    let status = || props(&scene.posts(&town)[0])["meeting_status"].clone();
    assert_eq!(status(), "STARTED");
    scene.later(330);
    assert_eq!(scene.delivers(&webhook).await.status, 200);
    assert_eq!(status(), "ENDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm027_a_bar_in_a_channels_name_does_not_break_the_table() {
    let scene = Scene::start().await;
    let boss = scene.administrator("boss");
    let town = scene.channel("town", &[&boss]);
    scene
        .api
        .world()
        .channels
        .get_mut(&town)
        .unwrap()
        .display_name = "a | b".to_owned();
    let stored = json!({&town: {"Preference": "restrict"}}).to_string();
    scene.api.world().store("zoomChannelSettings", stored);
    let list = scene
        .asks(&boss, &town, "/zoom channel-settings list")
        .await;
    let row = list.lines().find(|line| line.contains(&town)).unwrap();
    assert_eq!(row.matches('|').count(), 4, "{row}");
}
