//! F26 to F28: deliveries that need no work, are refused, or have invalid values.

use std::collections::BTreeMap;

use component_tests::scene::{Scene, WEBHOOK_SECRET, body_of, props};
use mattermost_plugin_rpc::mattermost::{HttpRequest, Post};
use plugin_host::Reply;
use plugin_tests::zoom::{Meeting, Schedule, Webhook};
use serde_json::{Value, json};

use crate::support::{connected, works_to_the_end};
use crate::webhook_events::{NAMES, body};

const DAY: i64 = 24 * 3600;

/// The permanent reasons of the server to refuse reads or changes of a post.
const GONE: [&str; 4] = ["history", "deleted", "archived", "restricted"];

/// Applies the reason to a post and its channel.
fn becomes(scene: &Scene, how: &str, post: &Post) {
    let mut world = scene.api.world();
    match how {
        "history" => world.history_from = world.now,
        "deleted" => {
            let mut posts = world.posts.iter_mut();
            posts.find(|one| one.id == post.id).unwrap().delete_at = 1;
        }
        "archived" => world.channels.get_mut(&post.channel_id).unwrap().delete_at = 1,
        _ => drop(world.restricted.insert(post.channel_id.clone())),
    }
}

/// A meeting that Ann started in a direct channel an hour ago, and its post.
async fn started() -> (Scene, Meeting, Post) {
    let scene = Scene::start().await;
    let (ann, bob) = (scene.person("ann"), scene.person("bob"));
    let direct = {
        let mut world = scene.api.world();
        let id = world.add_channel("direct", "D", &[&ann, &bob]);
        world.channels.get_mut(&id).unwrap().name = format!("{ann}__{bob}");
        id
    };
    scene.connects_and_prefers(&ann, &direct, "No").await;
    assert_eq!(scene.asks(&ann, &direct, "/zoom start").await, "");
    let post = scene.posts(&direct).pop().unwrap();
    let meeting = scene.zoom.meetings().pop().unwrap();
    let webhook = scene.zoom.webhook("meeting.started", &meeting);
    assert_eq!(scene.delivers(&webhook).await.status, 200);
    works_to_the_end(&scene).await;
    // Older than the lag of any replica.
    scene.later(3600);
    (scene, meeting, post)
}

/// No job is left, and further deliveries change nothing.
async fn nothing_is_left(scene: &Scene, webhook: &Webhook, case: &str) {
    assert_eq!(scene.works().await, None, "{case}");
    let mark = scene.api.world().calls.len();
    assert_eq!(scene.delivers(webhook).await.status, 200, "{case}");
    assert_eq!(scene.works().await, None, "{case}");
    let calls = scene.api.world().calls.split_off(mark);
    let writes = ["UpdatePost", "CreatePost", "UploadFile"];
    let writes = calls.iter().filter(|call| writes.contains(&call.as_str()));
    assert_eq!(writes.count(), 0, "{case}: {calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_the_end_of_a_meeting_whose_post_cannot_be_changed_is_answered_with_200() {
    for how in GONE {
        for event in [
            "meeting.ended",
            "meeting.converted_to_webinar",
            "webinar.ended",
        ] {
            let (scene, meeting, post) = started().await;
            becomes(&scene, how, &post);
            let case = format!("{how}, {event}");
            let webhook = match event {
                "webinar.ended" => {
                    let body = scene.zoom.webhook("meeting.ended", &meeting).body;
                    scene
                        .zoom
                        .webhook_with(body.replace("meeting.ended", event))
                }
                event => scene.zoom.webhook(event, &meeting),
            };
            let reply = scene.delivers(&webhook).await;
            assert_eq!(reply.status, 200, "{case}: {}", body_of(&reply));
            nothing_is_left(&scene, &webhook, &case).await;
            let told = how == "deleted" || scene.log().contains("cannot be changed");
            assert!(told, "{case}: {}", scene.log());
            assert!(!scene.log().contains("repeat it"), "{case}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_a_recording_of_such_a_meeting_is_answered_with_200_and_posts_nothing() {
    for how in GONE {
        for (event, kind) in [
            ("recording.completed", "chat_file"),
            ("recording.transcript_completed", "audio_transcript"),
        ] {
            let (scene, meeting, post) = started().await;
            becomes(&scene, how, &post);
            let case = format!("{how}, {event}");
            let url = scene.zoom.add_file("file", "WEBVTT\n");
            let play = format!("{}/rec/play/v", scene.zoom.url());
            let files = json!([
                {"id": "v", "file_type": "MP4", "recording_type": "gallery_view", "play_url": play},
                {"id": "f", "file_type": "X", "recording_type": kind, "download_url": url},
            ]);
            let webhook = scene.zoom.recorded(event, &meeting, &files);
            assert_eq!(scene.delivers(&webhook).await.status, 200, "{case}");
            nothing_is_left(&scene, &webhook, &case).await;
            let posts = scene.api.world().posts.clone();
            assert_eq!(posts.len(), 1, "{case}");
        }
    }
}

/// A post of the Go plugin that the server no longer returns.
#[tokio::test(flavor = "multi_thread")]
async fn f26_the_end_of_a_meeting_of_the_go_plugin_is_answered_with_200() {
    for how in GONE {
        let scene = Scene::start().await;
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&ann]);
        let meeting = Meeting {
            start_time: scene.zoom.time(),
            ..Meeting::occurrence(85_746_065_432, "b2NjdXJyZW5jZQ==")
        };
        let post = {
            let mut world = scene.api.world();
            let id = world.add_post(&ann, &town, "I have started a meeting");
            world.store("post_meeting_b2NjdXJyZW5jZQ==", id.clone());
            let record = json!({"channel_id": town, "is_subscription": false, "created_by": ""});
            world.store("meeting_channel_85746065432", record.to_string());
            let mut posts = world.posts.iter();
            posts.find(|post| post.id == id).unwrap().clone()
        };
        scene.later(3600);
        becomes(&scene, how, &post);
        let webhook = scene.zoom.webhook("meeting.ended", &meeting);
        assert_eq!(scene.delivers(&webhook).await.status, 200, "{how}");
        nothing_is_left(&scene, &webhook, how).await;
    }
}

/// A meeting was announced in two channels, one of which is archived. The post in the other channel is updated.
#[tokio::test(flavor = "multi_thread")]
async fn f26_a_failing_channel_does_not_block_the_others() {
    let (scene, ann, town) = connected().await;
    let club = scene.channel("club", &[&ann]);
    let host = scene.zoom.user("ann@example.com").unwrap();
    let plan = Schedule {
        start_time: scene.zoom.time(),
        ..Schedule::weekly("Standup")
    };
    let meeting = scene.zoom.schedule(&host, plan);
    for channel in [&town, &club] {
        let add = format!("/zoom subscription add {}", meeting.id);
        scene.asks(&ann, channel, &add).await;
    }
    let webhook = scene.zoom.webhook("meeting.started", &meeting);
    assert_eq!(scene.delivers(&webhook).await.status, 200);
    works_to_the_end(&scene).await;
    scene.later(3600);
    becomes(&scene, "archived", &scene.posts(&club)[0]);
    let webhook = scene.zoom.webhook("meeting.ended", &meeting);
    assert_eq!(scene.delivers(&webhook).await.status, 200);
    let status = |channel: &str| props(&scene.posts(channel)[0])["meeting_status"].clone();
    assert_eq!(
        (status(&town), status(&club)),
        (json!("ENDED"), json!("STARTED"))
    );
    nothing_is_left(&scene, &webhook, "archived").await;
}

/// Posts a body with the given headers.
async fn posts(scene: &Scene, url: &str, headers: &[(&str, String)], body: &str) -> Reply {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), vec![value.clone()]));
    let request = HttpRequest {
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers: headers.collect::<BTreeMap<_, _>>(),
        ..HttpRequest::default()
    };
    let reply = scene
        .plugin
        .request(&request, body.as_bytes().to_vec())
        .await;
    assert!(reply.status < 500);
    reply
}

/// The lines of the log about refused webhooks since `mark`.
fn refusals(scene: &Scene, mark: usize) -> Vec<String> {
    let world = scene.api.world();
    let lines = world.log.iter().skip(mark);
    let lines = lines.filter(|line| line.message.contains("A webhook was refused"));
    lines.map(|line| format!("{line:?}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn f27_each_cause_of_a_refusal_is_named_in_the_log_with_the_age_of_the_timestamp() {
    let (scene, _, _) = connected().await;
    let url = format!("/webhook?secret={WEBHOOK_SECRET}");
    let secret = scene.zoom.app().webhook_secret.clone();
    let body = json!({"event": "meeting.started", "payload": {"object": {"id": 1}}}).to_string();
    let good = || scene.zoom.webhook_with(body.clone());
    let without = |names: &[&str]| {
        let mut headers = good().headers();
        headers.retain(|(name, _)| !names.contains(name));
        headers
    };
    let dated = |seconds| good().dated(&secret, seconds).headers();
    let with = |name: &'static str, value: &str| {
        let mut headers = without(&[name]);
        headers.push((name, value.to_owned()));
        headers
    };
    let (signature, timestamp) = ("x-zm-signature", "x-zm-request-timestamp");
    let old_secret = Webhook::sign("the secret before", body.clone()).headers();
    let of_another_body = Webhook::sign(&secret, body.clone() + " ").headers();
    let (proxy, clock, token) = ("proxy", "clock of this server", "Zoom secret token");
    // The failure, the text of the log line, and the approximate age in it.
    let cases: Vec<(&str, Vec<_>, &str, Option<i64>)> = vec![
        (
            "both stripped",
            without(&[signature, timestamp, "x-zm-request-id"]),
            proxy,
            None,
        ),
        ("signature stripped", without(&[signature]), signature, None),
        ("timestamp stripped", without(&[timestamp]), timestamp, None),
        (
            "timestamp changed",
            with(timestamp, "Thu, 06 Aug 2026"),
            timestamp,
            None,
        ),
        ("behind", dated(-3 * 3600), clock, Some(3 * 3600)),
        ("ahead", dated(600), clock, Some(-600)),
        (
            "in milliseconds",
            dated(1_790_000_000_000),
            clock,
            Some(-1_790_000_000_000),
        ),
        ("old secret", old_secret, token, Some(0)),
        ("another body", of_another_body, token, Some(0)),
        ("cut signature", with(signature, "v0=12"), token, Some(0)),
    ];
    for (case, headers, says, age) in cases {
        let mark = scene.api.world().log.len();
        let reply = posts(&scene, &url, &headers, &body).await;
        assert_eq!(reply.status, 401, "{case}");
        let told = String::from_utf8_lossy(&reply.body);
        assert!(told.contains("server log"), "{case}: {told}");
        let lines = refusals(&scene, mark);
        assert_eq!(lines.len(), 1, "{case}: {lines:?}");
        assert!(lines[0].contains(says), "{case}: {lines:?}");
        assert!(
            lines[0].contains("/public/docs/troubleshooting.html#webhooks-get-status-401"),
            "{case}: {lines:?}"
        );
        let told = lines[0].split("timestamp_age_seconds\", \"").nth(1);
        let told = told.and_then(|rest| rest.split('"').next()?.parse::<i64>().ok());
        match (age, told) {
            // A second or more may pass between signing and delivery on a slow machine.
            (Some(age), Some(told)) => assert!((age..age + 30).contains(&told), "{case}: {told}"),
            (age, told) => assert_eq!(age, told, "{case}: {lines:?}"),
        }
        assert!(!lines[0].contains(&secret) && !lines[0].contains(WEBHOOK_SECRET));
    }
    assert_eq!(
        posts(&scene, &url, &good().headers(), &body).await.status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f27_a_wrong_clock_and_wrong_settings_have_their_own_log_lines() {
    let (scene, _, _) = connected().await;
    let webhook = scene
        .zoom
        .webhook_with(json!({"event": "user.updated", "payload": {}}).to_string());
    // The server's clock is wrong; Zoom's clock is right.
    for (seconds, status, age) in [
        (7000, 200, None),
        (1000, 401, Some(8000)),
        (-8400, 401, Some(-400)),
    ] {
        scene.move_server_clock(seconds);
        let mark = scene.api.world().log.len();
        assert_eq!(scene.delivers(&webhook).await.status, status);
        let lines = refusals(&scene, mark).concat();
        let Some(age) = age else {
            assert_eq!(lines, "");
            continue;
        };
        assert!(lines.contains("clock of this server"), "{lines}");
        let ages = (age..age + 30).map(|age| format!("\"{age}\""));
        assert!(ages.into_iter().any(|age| lines.contains(&age)), "{lines}");
    }
    scene.move_server_clock(400);
    for (settings, says) in [
        (
            json!({"zoomwebhooksecret": "another-token-of-the-app"}),
            "Zoom secret token",
        ),
        (
            json!({"webhooksecret": "another-secret-in-the-url"}),
            "Webhook URL secret",
        ),
    ] {
        let before = scene.api.world().settings.clone();
        scene.change_settings(settings).await;
        let mark = scene.api.world().log.len();
        assert_eq!(scene.delivers(&webhook).await.status, 401);
        let lines = refusals(&scene, mark).concat();
        assert!(lines.contains(says), "{lines}");
        scene.change_settings(before).await;
    }
    assert_eq!(scene.delivers(&webhook).await.status, 200);
}

/// A scene with a known and an unknown meeting.
async fn meetings() -> (Scene, [Meeting; 2]) {
    let (scene, ann, town) = connected().await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let known = scene.zoom.meetings().pop().unwrap();
    let unknown = Meeting {
        start_time: scene.zoom.time(),
        ..Meeting::occurrence(81_234_567_890, "dW5rbm93biB1dWlkIA==")
    };
    (scene, [known, unknown])
}

async fn status_of(scene: &Scene, body: &Value) -> u16 {
    let webhook = scene.zoom.webhook_with(body.to_string());
    scene.delivers(&webhook).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn f28_every_event_of_zoom_is_answered_with_200() {
    let mut names = NAMES.to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 141);
    let (scene, meetings) = meetings().await;
    for meeting in &meetings {
        for name in NAMES {
            let body = body(name, meeting, scene.now());
            assert_eq!(status_of(&scene, &body).await, 200, "{name}");
        }
        let new = body("of.a_later_year", meeting, scene.now());
        assert_eq!(status_of(&scene, &new).await, 200);
    }
    works_to_the_end(&scene).await;
    let log = scene.log();
    assert!(!log.contains("trap") && !log.contains("repeat it"), "{log}");
}

/// Each value of an event is missing, null, or of another type.
#[tokio::test(flavor = "multi_thread")]
async fn f28_invalid_events_never_cause_a_server_error() {
    let (scene, meetings) = meetings().await;
    let odd = [
        None,
        Some(Value::Null),
        Some(json!(-7)),
        Some(json!(1.5e300)),
        Some(json!(true)),
        Some(json!("")),
        Some(json!("\u{0}\n' OR 1=1")),
        Some(json!([])),
        Some(json!([null, 7, {}])),
        Some(json!({})),
        Some(json!({"object": null})),
        Some(json!("x".repeat(100_000))),
    ];
    let handled = [
        "meeting.started",
        "meeting.ended",
        "meeting.converted_to_webinar",
        "webinar.ended",
        "recording.completed",
        "recording.transcript_completed",
        "recording.trashed",
        "recording.deleted",
        "recording.recovered",
        "app_deauthorized",
        "meeting.participant_joined",
        "user.updated",
    ];
    for meeting in &meetings {
        for name in handled {
            let whole = body(name, meeting, scene.now());
            for place in places(&whole) {
                for value in &odd {
                    let body = changed(&whole, &place, value.as_ref());
                    let status = status_of(&scene, &body).await;
                    let shown = value.as_ref().map(|value| {
                        let text = value.to_string();
                        text.chars().take(40).collect::<String>()
                    });
                    assert!(
                        [200, 400].contains(&status),
                        "{status}: {name} {place} {shown:?}: {}",
                        scene.log().lines().last().unwrap_or_default()
                    );
                }
            }
        }
    }
    works_to_the_end(&scene).await;
    let log = scene.log();
    assert!(!log.contains("trap"), "{log}");
}

/// Pointers to all values in a JSON value.
fn places(value: &Value) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, one)| (name.clone(), one))
            .collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(at, one)| (at.to_string(), one))
            .collect(),
        _ => Vec::new(),
    };
    let mut all = Vec::new();
    for (name, one) in inner {
        let place = format!("/{name}");
        all.extend(places(one).into_iter().map(|rest| format!("{place}{rest}")));
        all.push(place);
    }
    all
}

/// Replaces or removes the value at a pointer.
fn changed(whole: &Value, place: &str, value: Option<&Value>) -> Value {
    let mut changed = whole.clone();
    let (parent, name) = place.rsplit_once('/').unwrap();
    match (value, changed.pointer_mut(parent)) {
        (Some(value), _) => *changed.pointer_mut(place).unwrap() = value.clone(),
        (None, Some(Value::Object(fields))) => drop(fields.remove(name)),
        (None, Some(Value::Array(list))) => drop(list.remove(name.parse().unwrap())),
        _ => {}
    }
    changed
}

/// Bodies that are not events.
#[tokio::test(flavor = "multi_thread")]
async fn f28_a_signed_body_that_is_no_event_is_refused_with_400() {
    let (scene, _) = meetings().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let in_event = format!(r#"{{"event":"meeting.started","payload":{deep}}}"#);
    for body in [
        "",
        "null",
        "7",
        "[]",
        "{}",
        "{",
        "\u{feff}{}",
        r#"{"event":null}"#,
        r#"{"event":"#,
        &deep,
        &in_event,
    ] {
        let webhook = scene.zoom.webhook_with(body.to_owned());
        let reply = scene.delivers(&webhook).await;
        assert_eq!(reply.status, 400, "{}", &body[..body.len().min(40)]);
    }
    scene.later(DAY);
    assert_eq!(scene.works().await, None);
}
