//! Starting meetings: topics, the question about the meeting ID, the form, the post, and its records.

use component_tests::scene::{At, Scene, Told, body_of, props};
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::Post;
use plugin_tests::zoom::{Route, User};
use serde_json::{Value, json};

use crate::support::connected_choosing;

const CLIENT: &str = "clientaaaaaaaaaaaaaaaaaaaa";

/// A post of a user.
fn write(scene: &Scene, user: &str, channel: &str) -> Post {
    let post = Post {
        id: "rootaaaaaaaaaaaaaaaaaaaaaa".to_owned(),
        user_id: user.to_owned(),
        channel_id: channel.to_owned(),
        message: "shall we talk?".to_owned(),
        ..Post::default()
    };
    scene.api.world().posts.push(post.clone());
    post
}

/// A meeting ID of the mock Zoom server as Zoom writes it.
fn grouped(id: u64) -> String {
    let digits = id.to_string();
    assert_eq!(digits.len(), 11);
    format!("{} {} {}", &digits[..3], &digits[3..7], &digits[7..])
}

fn buttons(told: &Told) -> Vec<String> {
    let props = props(&told.post);
    let actions = props["attachments"][0]["actions"].as_array().cloned();
    let ids = actions.unwrap_or_default();
    ids.iter()
        .map(|action| action["id"].as_str().unwrap().to_owned())
        .collect()
}

fn preference(scene: &Scene, user: &str) -> Option<String> {
    let world = scene.api.world();
    let value = world.stored(&format!("zoomUserPreference_{user}"))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn zm019_zm063_zm069_zm111_the_words_after_start_are_the_topic() {
    let (scene, ann, _) = connected_choosing("No").await;
    for (number, (typed, topic)) in [
        ("/zoom start", "Zoom Meeting"),
        ("/zoom start Daily", "Daily"),
        ("/zoom   start  Daily \t call  ", "Daily call"),
    ]
    .into_iter()
    .enumerate()
    {
        let room = scene.channel(&format!("room{number}"), &[&ann]);
        assert_eq!(scene.asks(&ann, &room, typed).await, "");
        let meeting = scene.zoom.meetings().pop().unwrap();
        assert_eq!(meeting.topic, topic);
        assert_eq!(meeting.requested["type"], 1, "an instant meeting");
        assert_eq!(meeting.host_email, "ann@example.com");
        let post = scene.posts(&room).pop().unwrap();
        assert_eq!(props(&post)["meeting_topic"], topic);
        assert_eq!(props(&post)["meeting_id"], meeting.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zm023_zm076_zm077_zm078_d41_the_form_keeps_a_preference_where_it_is() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let told = scene.asks(&ann, &town, "/zoom settings").await;
    assert!(told.contains("/plugins/zoom/oauth2/connect"), "{told}");
    scene.connects(&ann, &town).await;
    let told = scene.asks(&ann, &town, "/zoom settings now").await;
    assert!(told.contains("`now`"), "{told}");

    let root = write(&scene, &ann, &town);
    let at = At {
        channel: &town,
        root: &root.id,
    };
    let mut value = "Ask";
    for (button, stored) in [("Yes", "\"true\""), ("No", "\"false\""), ("Ask", "\"ask\"")] {
        let form = scene.types(&ann, at, "/zoom settings").await.pop().unwrap();
        assert_eq!(buttons(&form), ["Yes", "No", "Ask"]);
        assert_eq!(form.post.root_id, root.id);
        assert!(
            form.text().contains(&format!("Current setting: {value}")),
            "{}",
            form.text()
        );
        let zoom = scene.zoom.total();
        assert_eq!(scene.press(&form, button).await.status, 200);
        assert_eq!(scene.zoom.total(), zoom, "Zoom has nothing to say about it");
        assert_eq!(preference(&scene, &ann).as_deref(), Some(stored));
        let (reader, changed) = scene.api.world().ephemeral_changes.pop().unwrap();
        let changed = Told {
            reader,
            post: changed,
        };
        assert_eq!(changed.reader, ann);
        assert_eq!(
            (
                &changed.post.id,
                &changed.post.channel_id,
                &changed.post.root_id
            ),
            (&form.post.id, &town, &root.id)
        );
        assert_eq!(buttons(&changed), Vec::<String>::new());
        assert!(
            changed
                .text()
                .contains(&format!("Current setting: {button}"))
        );
        value = button;
    }
    let body = json!({
        "user_id": ann, "post_id": "postaaaaaaaaaaaaaaaaaaaaaa", "channel_id": town,
        "context": {"action": "Perhaps", "userID": ann, "channelID": town, "rootID": ""},
    });
    let reply = scene
        .request("POST", "/api/v1/updatePMI", Some(&ann), &body.to_string())
        .await;
    assert_eq!(reply.status, 403, "the host did not sign this button");
    let told: Value = serde_json::from_slice(&reply.body).unwrap();
    // The server shows the text to the user who selected the button.
    let told = told["ephemeral_text"].as_str().unwrap();
    assert!(told.contains("no longer valid"), "{told}");
    assert_eq!(preference(&scene, &ann).as_deref(), Some("\"ask\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn zm067_zm068_the_preference_decides_which_id_is_used() {
    let (scene, ann, town) = connected_choosing("Yes").await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let user = scene.zoom.user("ann@example.com").unwrap();
    let post = scene.posts(&town).pop().unwrap();
    assert_eq!(props(&post)["meeting_id"], user.pmi);
    assert_eq!(scene.zoom.count(Route::CreateMeeting), 0);

    scene.zoom.add_user(User { pmi: 0, ..user });
    let room = scene.channel("room", &[&ann]);
    let root = write(&scene, &ann, &room);
    let at = At {
        channel: &room,
        root: &root.id,
    };
    let told = scene.types(&ann, at, "/zoom start").await.pop().unwrap();
    let place = format!("{}/profile/setting", scene.zoom.url());
    assert!(told.text().contains(&place), "{}", told.text());
    assert_eq!(told.post.root_id, root.id);
    let meeting = scene.zoom.meetings().pop().unwrap();
    let post = scene.posts(&room).pop().unwrap();
    assert_eq!(props(&post)["meeting_id"], meeting.id);
}

/// A user started the thread; the bot has no post in it.
#[tokio::test(flavor = "multi_thread")]
async fn zm073_zm074_zm075_d07_d19_d42_the_question_in_a_thread_keeps_everything() {
    let scene = Scene::start().await;
    let (ann, bob) = (scene.person("ann"), scene.person("bob"));
    let town = scene.channel("town", &[&ann, &bob]);
    scene.connects(&ann, &town).await;
    let root = write(&scene, &bob, &town);
    let at = At {
        channel: &town,
        root: &root.id,
    };
    let told = scene.types_in(&ann, at, "/zoom start Retro", CLIENT).await;
    let question = told.last().unwrap();
    assert_eq!(buttons(question), ["WithPMI", "WithoutPMI"]);
    assert_eq!(question.post.root_id, root.id);
    assert_eq!(scene.posts(&town).len(), 1, "no meeting before the answer");

    assert_eq!(scene.press(question, "WithoutPMI").await.status, 200);
    assert_eq!(preference(&scene, &ann).as_deref(), Some("\"false\""));
    let post = scene.posts(&town).pop().unwrap();
    assert_eq!(post.root_id, root.id);
    assert_eq!(props(&post)["meeting_topic"], "Retro");
    let world = scene.api.world();
    let event = world.events.last().unwrap();
    assert_eq!(event.audience.user_id, ann);
    // The client compares the user ID with its own: the response may be for another user.
    assert_eq!(event.audience.connection_id, "");
    assert_eq!(event.data["connection_id"], Any::String(CLIENT.to_owned()));
    let (_, changed) = world.ephemeral_changes.last().unwrap();
    assert_eq!(
        (&changed.id, &changed.channel_id, &changed.root_id),
        (&question.post.id, &town, &root.id)
    );
}

/// A user with the preference `Ask` is asked each time, and the answer is for this meeting only.
#[tokio::test(flavor = "multi_thread")]
async fn zm073_zm074_a_later_answer_changes_no_preference() {
    let (scene, ann, town) = connected_choosing("Ask").await;
    let question = scene.types(&ann, &town, "/zoom start").await.pop().unwrap();
    assert!(
        question.text().contains("/zoom settings"),
        "{}",
        question.text()
    );
    assert_eq!(scene.press(&question, "WithPMI").await.status, 200);
    assert_eq!(preference(&scene, &ann).as_deref(), Some("\"ask\""));
    let pmi = scene.zoom.user("ann@example.com").unwrap().pmi;
    let post = scene.posts(&town).pop().unwrap();
    assert_eq!(props(&post)["meeting_id"], pmi);
}

/// The channel may be archived between question and answer, or between link and consent.
#[tokio::test(flavor = "multi_thread")]
async fn zm082_d32_no_way_to_start_bypasses_the_restriction() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let bob = scene.person("bob");
    let town = scene.channel("town", &[&ann, &bob]);
    scene.connects(&ann, &town).await;
    let question = scene.types(&ann, &town, "/zoom start").await.pop().unwrap();
    scene.asks(&bob, &town, "/zoom start").await;
    scene
        .change_settings(json!({"restrictmeetingcreation": true}))
        .await;
    let mark = scene.api.world().ephemerals.len();
    scene.press(&question, "WithoutPMI").await;
    let told = scene.told_since(mark).pop().expect("the reason is told");
    assert!(told.text().contains("disabled"), "{}", told.text());
    let key = format!("zoomUserPreference_{bob}");
    scene.api.world().store(&key, "\"false\"");
    let user = scene.zoom.user("bob@example.com").unwrap();
    scene.zoom.sign_in_as(user);
    scene.consents(&bob).await;
    assert_eq!(scene.zoom.count(Route::CreateMeeting), 0);
    assert!(scene.posts(&town).is_empty());

    // A forged click for another channel has no effect either.
    scene
        .change_settings(json!({"restrictmeetingcreation": false}))
        .await;
    let board = scene.api.world().add_channel("board", "P", &[&bob]);
    let body = json!({
        "user_id": ann, "post_id": "postaaaaaaaaaaaaaaaaaaaaaa", "channel_id": board,
        "context": {
            "action": "USE A UNIQUE MEETING ID", "userID": ann, "channelID": board, "rootID": "",
        },
    });
    let reply = scene
        .request("POST", "/api/v1/askPMI", Some(&ann), &body.to_string())
        .await;
    assert_eq!(reply.status, 403);
    assert_eq!(scene.zoom.count(Route::CreateMeeting), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm083_zm084_zm085_zm086_zm099_a_meeting_is_posted_recorded_and_opened() {
    let (scene, ann, town) = connected_choosing("No").await;
    let told = scene
        .types_in(&ann, &town, "/zoom start Plan", CLIENT)
        .await;
    assert!(told.is_empty());
    let meeting = scene.zoom.meetings().pop().unwrap();
    let post = scene.posts(&town).pop().unwrap();
    assert_eq!(
        (post.user_id.as_str(), post.kind.as_str()),
        (ann.as_str(), "custom_zoom")
    );
    assert_eq!(post.message, "I have started a meeting");
    let props = props(&post);
    for (name, value) in [
        ("meeting_id", json!(meeting.id)),
        ("meeting_uuid", json!(meeting.uuid)),
        ("meeting_link", json!(meeting.join_url)),
        ("meeting_status", json!("STARTED")),
        ("meeting_personal", json!(false)),
        ("meeting_topic", json!("Plan")),
        ("meeting_creator_username", json!("ann")),
        ("meeting_provider", json!("Zoom")),
    ] {
        assert_eq!(props[name], value, "{name}");
    }
    let attachments = props["attachments"].as_array().unwrap();
    assert_eq!(attachments.len(), 1);
    for part in ["fallback", "text"] {
        let text = attachments[0][part].as_str().unwrap();
        assert!(
            text.contains(&format!("[Join meeting]({})", meeting.join_url)),
            "{text}"
        );
        assert!(text.contains(&grouped(meeting.id)), "{text}");
    }
    let text = attachments[0]["text"].as_str().unwrap();
    assert!(text.starts_with("Host: ann · Started: 20"), "{text}");
    let world = scene.api.world();
    let record =
        |key: String| -> Value { serde_json::from_slice(world.stored(&key).unwrap()).unwrap() };
    let number = record(format!("meeting_channel_{}", meeting.id));
    let reference = &number["occurrences"][0];
    assert_eq!(reference["channel_id"], town.as_str());
    let occurrence = record(format!("occurrence_{}", reference["id"].as_str().unwrap()));
    assert_eq!(occurrence["cards"][0]["post_id"], post.id.as_str());
    assert_eq!(world.events.len(), 1);
    let event = &world.events[0];
    assert_eq!(event.name, "meeting_started");
    assert_eq!(event.data["meeting_url"], Any::String(meeting.join_url));
    assert_eq!(
        (
            &event.audience.user_id,
            event.audience.connection_id.as_str(),
            &event.data["connection_id"]
        ),
        (&ann, "", &Any::String(CLIENT.to_owned()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm083_users_who_may_not_post_cannot_start_meetings() {
    let (scene, ann, town) = connected_choosing("No").await;
    scene.api.world().muted.insert((ann.clone(), town.clone()));
    let body = json!({"channel_id": town}).to_string();
    let reply = scene
        .request("POST", "/api/v1/meetings", Some(&ann), &body)
        .await;
    let told = body_of(&reply);
    assert!(told.contains("permission to post"), "{told}");
    // The server rejects the command.
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains("appropriate permissions"), "{told}");
    assert_eq!(scene.zoom.count(Route::CreateMeeting), 0);
}

/// From start to end, a meeting has exactly two states.
#[tokio::test(flavor = "multi_thread")]
async fn zm087_zm091_zm092_d12_a_meeting_is_started_and_then_ended() {
    let (scene, ann, town) = connected_choosing("No").await;
    scene.asks(&ann, &town, "/zoom start").await;
    let meeting = scene.zoom.meetings().pop().unwrap();
    let status = || props(&scene.posts(&town)[0])["meeting_status"].clone();
    for (event, expected) in [
        ("meeting.started", "STARTED"),
        ("meeting.started", "STARTED"),
        ("meeting.participant_joined", "STARTED"),
        ("meeting.ended", "ENDED"),
        ("meeting.started", "ENDED"),
        ("meeting.ended", "ENDED"),
    ] {
        let reply = scene.delivers(&scene.zoom.webhook(event, &meeting)).await;
        assert_eq!((reply.status, reply.body.len()), (200, 0), "{event}");
        assert_eq!(status(), expected, "{event}");
        assert_eq!(scene.posts(&town).len(), 1, "{event}");
    }
    let post = scene.posts(&town).pop().unwrap();
    assert!(props(&post)["meeting_end_time"].is_number());
    let attachment = props(&post)["attachments"][0].clone();
    let text = attachment["text"].as_str().unwrap();
    assert!(text.starts_with("Ended · 20"), "{text}");
    assert!(text.contains("Host: ann · Meeting ID: "), "{text}");
    assert!(text.contains(&grouped(meeting.id)), "{text}");
}
