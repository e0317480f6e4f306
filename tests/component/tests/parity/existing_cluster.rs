//! Two plugin processes on one database, as in a cluster of Mattermost servers.

use std::sync::Arc;

use component_tests::scene::{Scene, props};
use plugin_host::Reply;
use plugin_tests::zoom::Route;
use serde_json::json;

async fn cluster() -> [Arc<Scene>; 2] {
    let one = Scene::start().await;
    let other = one.another_node().await;
    [Arc::new(one), Arc::new(other)]
}

/// Sends a start to one of the nodes, without waiting for its answer.
fn start(node: &Arc<Scene>, user: &str, channel: &str) -> tokio::task::JoinHandle<Reply> {
    let (node, user) = (Arc::clone(node), user.to_owned());
    let body = json!({"channel_id": channel, "topic": "Together"}).to_string();
    tokio::spawn(async move {
        node.request("POST", "/api/v1/meetings", Some(&user), &body)
            .await
    })
}

/// Zoom's refresh tokens work once. A second use ends the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn zm053_d04_d05_fifty_starts_on_two_nodes_refresh_a_token_once() {
    let nodes = cluster().await;
    let scene = &nodes[0];
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    for round in 1..=2 {
        let renewals = scene.zoom.count(Route::Token);
        scene.zoom.expire_tokens();
        let starts: Vec<_> = (0..50)
            .map(|number| {
                let channel = scene.channel(&format!("room{round}of{number}"), &[&ann]);
                start(&nodes[number % 2], &ann, &channel)
            })
            .collect();
        for start in starts {
            let answer = start.await.unwrap();
            let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(answer.status, 200, "{body}");
            assert_ne!(body["meeting_url"], "", "asked to connect again");
        }
        assert_eq!(scene.zoom.count(Route::Token), renewals + 1, "{round}");
    }
    assert_eq!(scene.zoom.meetings().len(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn zm070_d39_a_hundred_starts_on_two_nodes_make_one_meeting() {
    let nodes = cluster().await;
    let scene = &nodes[0];
    let people: Vec<String> = (0..10)
        .map(|n| scene.person(&format!("person{n}")))
        .collect();
    let members: Vec<&str> = people.iter().map(String::as_str).collect();
    let town = scene.channel("town", &members);
    for person in &people {
        scene.connects_and_prefers(person, &town, "No").await;
    }
    let mark = scene.api.world().ephemerals.len();
    let starts: Vec<_> = (0..100)
        .map(|number| start(&nodes[number % 2], &people[number / 10], &town))
        .collect();
    let mut opened = 0;
    for start in starts {
        let answer = start.await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status, 200, "{body}");
        opened += usize::from(body["meeting_url"] != "");
    }
    assert_eq!(opened, 1);
    assert_eq!(scene.zoom.count(Route::CreateMeeting), 1);
    let posts = scene.posts(&town);
    assert_eq!(posts.len(), 1);
    let link = props(&posts[0])["meeting_link"].clone();
    let warnings = scene.told_since(mark);
    assert_eq!(warnings.len(), 99, "everybody else is told");
    for warning in warnings {
        assert_eq!(props(&warning.post)["meeting_link"], link);
    }
}

/// Zoom repeats a delivery without a response, and a proxy may send the repetition to another node.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn zm092_d06_the_same_webhook_to_two_nodes_is_handled_once() {
    let nodes = cluster().await;
    let scene = &nodes[0];
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    scene.asks(&ann, &town, "/zoom start").await;
    let meeting = scene.zoom.meetings().pop().unwrap();
    let hooks =
        ["meeting.started", "meeting.ended"].map(|event| scene.zoom.webhook(event, &meeting));
    for hook in &hooks {
        let deliveries: Vec<_> = (0..20)
            .map(|number| {
                let (node, hook) = (Arc::clone(&nodes[number % 2]), hook.clone());
                tokio::spawn(async move { node.delivers(&hook).await.status })
            })
            .collect();
        for delivery in deliveries {
            assert_eq!(delivery.await.unwrap(), 200, "{hook:?}");
        }
    }
    let posts = scene.posts(&town);
    assert_eq!(posts.len(), 1);
    assert_eq!(props(&posts[0])["meeting_status"], "ENDED");
    let changes = || {
        let world = scene.api.world();
        world
            .calls
            .iter()
            .filter(|call| *call == "UpdatePost")
            .count()
    };
    assert_eq!(changes(), 1, "of twenty at once one changes the post");
    let before = posts[0].clone();
    scene.later(2);
    for node in &nodes {
        let again = scene.zoom.webhook_with(hooks[1].body.clone());
        assert_eq!(node.delivers(&again).await.status, 200);
    }
    assert_eq!(scene.posts(&town), [before], "nothing is changed again");
}
