//! Routes: access, responses, and the absence of side effects.

use component_tests::scene::{At, Scene, WEBHOOK_SECRET, body_of, header_of, props};
use plugin_host::Reply;
use plugin_tests::zoom::{Route, Webhook};
use serde_json::{Value, json};

const UNIQUE: &str = "USE A UNIQUE MEETING ID";

fn json_of(reply: &Reply) -> Value {
    assert_eq!(header_of(reply, "Content-Type"), "application/json");
    serde_json::from_slice(&reply.body).unwrap()
}

/// The state that outsiders could change: records, posts, and messages.
fn state(scene: &Scene) -> (Vec<(String, Vec<u8>)>, usize, usize, u64) {
    let world = scene.api.world();
    let records = world.keys().into_iter().map(|key| {
        let value = world.stored(&key).unwrap_or_default().to_vec();
        (key, value)
    });
    let records = records.collect();
    let told = world.ephemerals.len() + world.ephemeral_changes.len() + world.events.len();
    (records, world.posts.len(), told, scene.zoom.total())
}

#[tokio::test(flavor = "multi_thread")]
async fn zm031_zm033_zm034_zm035_zm037_zm038_routes_for_people_need_a_session() {
    let scene = Scene::start().await;
    let before = state(&scene);
    for (method, url) in [
        ("POST", "/api/v1/meetings"),
        ("POST", "/api/v1/meetings?force=true"),
        ("GET", "/api/v1/client"),
        ("POST", "/api/v1/askPMI"),
        ("POST", "/api/v1/updatePMI"),
        ("GET", "/oauth2/connect"),
        ("GET", "/oauth2/complete?code=a&state=b"),
    ] {
        for user in [None, Some("")] {
            let reply = scene.request(method, url, user, "{}").await;
            assert_eq!(reply.status, 401, "{method} {url}");
        }
    }
    assert_eq!(state(&scene), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm031_d23_paths_are_exact_and_each_has_one_method() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    for (path, right) in [
        ("/api/v1/meetings", "POST"),
        ("/api/v1/client", "GET"),
        ("/api/v1/askPMI", "POST"),
        ("/api/v1/updatePMI", "POST"),
        ("/webhook", "POST"),
        ("/oauth2/connect", "GET"),
        ("/oauth2/complete", "GET"),
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
            if method == right {
                continue;
            }
            let reply = scene.request(method, path, Some(&ann), "{}").await;
            assert_eq!(
                (reply.status, header_of(&reply, "Allow").as_str()),
                (405, right),
                "{method} {path}"
            );
        }
        for path in [format!("{path}/"), format!("/{path}"), path.to_uppercase()] {
            let reply = scene.request(right, &path, Some(&ann), "{}").await;
            assert_eq!(reply.status, 404, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d27_clients_receive_the_zoom_url_and_no_other_setting() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let reply = scene.request("GET", "/api/v1/client", Some(&ann), "").await;
    assert_eq!(reply.status, 200);
    assert_eq!(json_of(&reply), json!({"zoom_url": scene.zoom.url()}));
}

#[tokio::test(flavor = "multi_thread")]
async fn zm032_zm089_the_webhook_accepts_only_json_with_secret_and_signature() {
    let scene = Scene::start().await;
    let good = scene
        .zoom
        .webhook_with(json!({"event": "user.created", "event_ts": 1, "payload": {}}).to_string());
    let reply = scene.delivers(&good).await;
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    assert_eq!(scene.delivers_to("/webhook", &good).await.status, 401);
    // The right secret, but neither signature nor timestamp.
    let url = format!("/webhook?secret={WEBHOOK_SECRET}");
    let reply = scene.request("POST", &url, None, &good.body).await;
    assert_eq!(reply.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm042_null_and_other_invalid_bodies_are_bad_requests() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    let before = state(&scene);
    for (path, status) in [
        ("/api/v1/meetings", 400),
        ("/api/v1/askPMI", 403),
        ("/api/v1/updatePMI", 403),
    ] {
        for body in ["null", "", "{", "[]", "7", "{}", "\"text\""] {
            let reply = scene.request("POST", path, Some(&ann), body).await;
            assert_eq!(reply.status, status, "{path} {body:?}");
        }
    }
    assert_eq!(state(&scene), before);
}

async fn starts(scene: &Scene, user: &str, query: &str, body: Value) -> Reply {
    let url = format!("/api/v1/meetings{query}");
    scene
        .request("POST", &url, Some(user), &body.to_string())
        .await
}

/// The client opens an address only if the response has one; other responses reach the user as a message.
#[tokio::test(flavor = "multi_thread")]
async fn zm033_zm062_zm065_d45_the_rest_start_answers_what_clients_expect() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let body = json!({"channel_id": town, "topic": "A \"quoted\" topic", "use_pmi": true});

    let invited = starts(&scene, &ann, "", body.clone()).await;
    assert_eq!(
        (invited.status, json_of(&invited)),
        (200, json!({"meeting_url": ""}))
    );
    let told = scene.told_since(0).pop().unwrap();
    assert!(
        told.text().contains("/plugins/zoom/oauth2/connect"),
        "{told:?}"
    );

    scene.connects(&ann, &town).await;
    let mark = scene.api.world().ephemerals.len();
    let asked = starts(&scene, &ann, "", body.clone()).await;
    assert_eq!(json_of(&asked), json!({"meeting_url": ""}));
    let question = scene.told_since(mark).pop().unwrap();
    assert_eq!(scene.press(&question, "WithoutPMI").await.status, 200);
    let first = scene.zoom.meetings().pop().unwrap();
    assert_eq!(first.topic, "A \"quoted\" topic");

    let mark = scene.api.world().ephemerals.len();
    let warned = starts(&scene, &ann, "", body.clone()).await;
    assert_eq!(json_of(&warned), json!({"meeting_url": ""}));
    let warning = scene.told_since(mark).pop().unwrap();
    assert_eq!(props(&warning.post)["meeting_status"], "RECENTLY_CREATED");

    let forced = starts(&scene, &ann, "?force=true", body).await;
    let second = scene.zoom.meetings().pop().unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(
        (forced.status, json_of(&forced)),
        (200, json!({"meeting_url": second.join_url}))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm065_a_restricted_channel_answers_with_an_error_that_is_shown() {
    let scene = Scene::with(json!({"restrictmeetingcreation": true})).await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    let reply = starts(&scene, &ann, "", json!({"channel_id": town})).await;
    let said = json_of(&reply);
    assert!(
        said["error"]
            .as_str()
            .is_some_and(|text| text.contains("disabled")),
        "{said}"
    );
    assert_eq!(scene.zoom.count(Route::CreateMeeting), 0);
    assert!(scene.posts(&town).is_empty());
}

/// Users outside a channel cannot learn whether it exists or forbids meetings.
#[tokio::test(flavor = "multi_thread")]
async fn zm065_zm066_non_members_cannot_find_out_which_channels_exist() {
    let scene = Scene::with(json!({"restrictmeetingcreation": true})).await;
    let ann = scene.person("ann");
    let bob = scene.person("bob");
    let town = scene.channel("town", &[&ann]);
    let open = scene.channel("open", &[&bob]);
    let private = scene.api.world().add_channel("board", "P", &[&bob]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    let mut answers = Vec::new();
    // The server rejects commands there.
    for channel in [open.as_str(), &private, "aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let reply = starts(&scene, &ann, "?force=1", json!({"channel_id": channel})).await;
        answers.push((reply.status, body_of(&reply)));
    }
    assert_eq!(answers[0].0, 403);
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    assert_eq!(scene.zoom.count(Route::CreateMeeting), 0);
}

/// Meetings can also be started in a thread, a direct channel, and a group.
#[tokio::test(flavor = "multi_thread")]
async fn zm062_meetings_start_in_channels_of_every_kind() {
    let scene = Scene::with(json!({"restrictmeetingcreation": true})).await;
    let ann = scene.person("ann");
    for kind in ["P", "D", "G"] {
        let name = format!("kind{}", kind.to_lowercase());
        let channel = scene.api.world().add_channel(&name, kind, &[&ann]);
        if kind == "P" {
            scene.connects_and_prefers(&ann, &channel, "No").await;
        }
        assert_eq!(scene.asks(&ann, &channel, "/zoom start").await, "");
        let root = scene.posts(&channel).pop().unwrap();
        assert_eq!(props(&root)["meeting_status"], "STARTED", "{kind}");
        let body = json!({"channel_id": channel, "root_id": root.id});
        assert_eq!(starts(&scene, &ann, "?force=1", body).await.status, 200);
        assert_eq!(scene.posts(&channel).pop().unwrap().root_id, root.id);
        let at = At {
            channel: &channel,
            root: &root.id,
        };
        let warned = scene.types(&ann, at, "/zoom start").await;
        assert_eq!(warned[0].post.root_id, root.id, "{kind}");
    }
}

/// Every request without a proof, once each. None may reach a record, a user, or Zoom.
#[tokio::test(flavor = "multi_thread")]
async fn zm116_unverified_requests_change_nothing() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let eve = scene.person("eve");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    scene.asks(&ann, &town, "/zoom start").await;
    let meeting = scene.zoom.meetings().pop().unwrap();
    scene.asks(&ann, &town, "/zoom disconnect").await;
    scene.asks(&ann, &town, "/zoom connect").await;
    let secret = &scene.zoom.app().webhook_secret;
    let ended = scene.zoom.webhook("meeting.ended", &meeting);
    let before = state(&scene);

    let url = format!("/webhook?secret={WEBHOOK_SECRET}");
    for (what, url, hook) in [
        ("no secret", "/webhook", ended.clone()),
        ("a wrong secret", "/webhook?secret=wrong", ended.clone()),
        (
            "another key",
            url.as_str(),
            Webhook::sign("guess", ended.body.clone()),
        ),
        ("an old one", &url, ended.clone().dated(secret, -7210)),
        ("a future one", &url, ended.clone().dated(secret, 320)),
    ] {
        assert_eq!(scene.delivers_to(url, &hook).await.status, 401, "{what}");
    }
    let action = json!({
        "user_id": ann, "post_id": "aaaaaaaaaaaaaaaaaaaaaaaaaa", "channel_id": town,
        "context": {"action": UNIQUE, "userID": ann, "channelID": town, "rootID": ""},
    })
    .to_string();
    let by_eve = scene.request("POST", "/api/v1/askPMI", Some(&eve), &action);
    assert!((400..500).contains(&by_eve.await.status));
    let body = json!({"channel_id": town});
    assert_eq!(starts(&scene, &eve, "", body).await.status, 403);
    for state in ["", "guess", "x%00"] {
        let url = format!("/oauth2/complete?code=guess&state={state}");
        for user in [&ann, &eve] {
            let reply = scene.request("GET", &url, Some(user), "").await;
            assert!(
                (400..500).contains(&reply.status),
                "{state}: {}",
                reply.status
            );
        }
    }
    assert_eq!(state(&scene), before);
}
