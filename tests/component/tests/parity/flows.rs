//! All flows of users and Zoom, once, in one scene.

use std::time::Duration;

use component_tests::scene::{Scene, Told, WEBHOOK_SECRET};
use plugin_tests::zoom::{ACCOUNT, Fault, Route, User};
use serde_json::{Value, json};

/// The passcode of a recording, and the token that downloads it.
pub const RECORDING_SECRETS: [&str; 2] = [
    "recording-passcode-7Gh",
    "download-token-of-the-recording-5Kq",
];

/// Runs all flows.
pub async fn play(scene: &Scene) {
    let ann = scene.person("ann");
    let bob = scene.person("bob");
    let boss = scene.administrator("boss");
    let town = scene.channel("town", &[&ann, &bob, &boss]);
    commands(scene, &[&ann, &boss], &town).await;
    connecting(scene, &ann, &town).await;
    meetings(scene, &ann, &bob, &town).await;
    commands(scene, &[&ann, &boss], &town).await;
    subscriptions(scene, &ann).await;
    recordings(scene).await;
    scene.works().await;
    strangers(scene).await;
    faults(scene, &ann).await;
    endings(scene, &ann, &bob).await;
}

/// Each subcommand, with valid and invalid arguments.
async fn commands(scene: &Scene, people: &[&str], channel: &str) {
    for person in people {
        for text in [
            "/zoom",
            "/zoom help",
            "/zoom dance",
            "/zoom settings",
            "/zoom settings now",
            "/zoom channel-settings",
            "/zoom channel-settings list",
            "/zoom subscription",
            "/zoom subscription list",
            "/zoom subscription add x",
            "/zoom subscription remove 123 4567 8901",
        ] {
            scene.types(person, channel, text).await;
        }
    }
    let [_, boss] = people else { return };
    for choice in ["restrict", "allow", "default", "nonsense"] {
        let answers = json!({"preference": choice});
        scene.submits(boss, channel, &answers).await;
    }
}

async fn connecting(scene: &Scene, ann: &str, town: &str) {
    scene.types(ann, town, "/zoom start Later").await;
    scene.zoom.sign_in_as(User::new("somebody@example.com"));
    scene.zoom.decline_next();
    scene.consents(ann).await;
    scene.types(ann, town, "/zoom connect").await;
    scene.zoom.fail_next(Route::Token, Fault::server_error());
    scene.consents(ann).await;
    scene.zoom.release();
    for (code, state) in [("", ""), ("guess", "guess"), ("guess", "")] {
        let url = format!("/oauth2/complete?code={code}&state={state}");
        scene.request("GET", &url, Some(ann), "").await;
    }
    scene.connects(ann, town).await;
    scene.types(ann, town, "/zoom connect").await;
}

async fn press(scene: &Scene, told: &[Told], button: &str) {
    let message = told.last().expect("something to press");
    assert_eq!(scene.press(message, button).await.status, 200, "{button}");
}

async fn meetings(scene: &Scene, ann: &str, bob: &str, town: &str) {
    let question = scene.types(ann, town, "/zoom start Standup").await;
    press(scene, &question, "WithoutPMI").await;
    assert_eq!(scene.posts(town).len(), 1);
    scene.types(ann, town, "/zoom start Once more").await;
    scene.connects_and_prefers(bob, town, "Yes").await;
    let root = scene.posts(town).pop().expect("a post").id;
    for (user, force, root) in [
        (ann, "?force=1", ""),
        (bob, "", ""),
        (bob, "?force=1", &root),
    ] {
        let body =
            json!({"channel_id": town, "root_id": root, "topic": "By button", "connection_id": ""});
        let url = format!("/api/v1/meetings{force}");
        scene
            .request("POST", &url, Some(user), &body.to_string())
            .await;
    }
    for choice in ["Ask", "Yes", "No"] {
        let form = scene.types(ann, town, "/zoom settings").await;
        press(scene, &form, choice).await;
    }
    for meeting in scene.zoom.meetings() {
        for event in ["meeting.started", "meeting.ended", "meeting.ended"] {
            let reply = scene.delivers(&scene.zoom.webhook(event, &meeting)).await;
            assert_eq!(reply.status, 200, "{event}");
        }
    }
}

async fn subscriptions(scene: &Scene, ann: &str) {
    let club = scene.channel("club", &[ann]);
    let Some(meeting) = scene.zoom.meetings().pop() else {
        return;
    };
    let id = meeting.id;
    for text in ["add", "add", "list", "remove", "remove"] {
        let text = format!("/zoom subscription {text} {id}");
        scene.types(ann, &club, &text).await;
        scene
            .delivers(&scene.zoom.webhook("meeting.started", &meeting))
            .await;
    }
}

async fn recordings(scene: &Scene) {
    let Some(meeting) = scene.zoom.meetings().into_iter().next() else {
        return;
    };
    let [passcode, token] = RECORDING_SECRETS;
    let file = |kind: &str, recording: &str| {
        json!({
            "id": format!("file-{recording}"), "recording_start": "2026-01-12T08:09:10Z",
            "recording_end": "", "file_type": kind, "recording_type": recording,
            "download_url": format!("{}/rec/download/{recording}", scene.zoom.url()),
            "play_url": format!("{}/rec/play/{recording}", scene.zoom.url()),
        })
    };
    for (event, files) in [
        (
            "recording.completed",
            json!([file("MP4", "shared_screen"), file("CHAT", "chat_file")]),
        ),
        (
            "recording.transcript_completed",
            json!([file("TRANSCRIPT", "audio_transcript")]),
        ),
    ] {
        let body = json!({
            "event": event, "event_ts": 1, "download_token": token,
            "payload": {"object": {
                "uuid": meeting.uuid, "id": meeting.id, "password": passcode,
                "recording_files": files,
            }},
        });
        scene
            .delivers(&scene.zoom.webhook_with(body.to_string()))
            .await;
    }
}

/// Deliveries that are not from Zoom, and requests without a session.
async fn strangers(scene: &Scene) {
    let Some(meeting) = scene.zoom.meetings().pop() else {
        return;
    };
    let good = scene.zoom.webhook("meeting.ended", &meeting);
    let mut forged = good.clone();
    forged.signature = "v0=00".to_owned();
    scene.delivers(&forged).await;
    for url in [
        "/webhook",
        "/webhook?secret=wrong",
        "/deauthorization?secret=wrong",
    ] {
        scene.delivers_to(url, &good).await;
    }
    for body in ["", "{", "null", r#"{"event":"meeting.ended","payload":{}}"#] {
        scene
            .delivers(&scene.zoom.webhook_with(body.to_owned()))
            .await;
    }
    let validation =
        json!({"event": "endpoint.url_validation", "payload": {"plainToken": "plain"}});
    let reply = scene
        .delivers(&scene.zoom.webhook_with(validation.to_string()))
        .await;
    assert_eq!(reply.status, 200);
    for url in [
        "/",
        "/api/v1/meetings",
        "/api/v1/askPMI",
        "/api/v1/updatePMI",
    ] {
        scene.request("POST", url, None, "{}").await;
    }
}

/// Failures of Zoom.
async fn faults(scene: &Scene, ann: &str) {
    let room = scene.channel("room", &[ann]);
    for fault in [
        Fault::server_error(),
        Fault::rate_limited(3600),
        Fault::HangUp,
        Fault::Status(201, Vec::new(), "<html>trace-5c1d</html>".to_owned()),
    ] {
        for _ in 0..8 {
            scene.zoom.fail_next(Route::CreateMeeting, fault.clone());
        }
        let told = scene.asks(ann, &room, "/zoom start").await;
        assert!(!told.is_empty(), "{fault:?}");
        scene.zoom.release();
    }
    scene.zoom.expire_tokens();
    assert_eq!(scene.asks(ann, &room, "/zoom start").await, "");
    for _ in 0..8 {
        scene.zoom.fail_next(Route::Token, Fault::server_error());
    }
    scene.zoom.expire_tokens();
    scene.later(60);
    let url = "/api/v1/meetings?force=1";
    let body = json!({"channel_id": room}).to_string();
    scene.request("POST", url, Some(ann), &body).await;
    scene.zoom.release();
}

async fn endings(scene: &Scene, ann: &str, bob: &str) {
    let yard = scene.channel("yard", &[ann, bob]);
    let event = |user: &User| -> Value {
        json!({"event": "app_deauthorized", "event_ts": 1, "payload": {
            "user_data_retention": "false", "account_id": ACCOUNT, "user_id": user.id,
            "signature": "of-old", "deauthorization_time": "2026-01-12T08:09:10.123Z",
            "client_id": scene.zoom.app().client_id,
        }})
    };
    if let Some(user) = scene.zoom.user("bob@example.com") {
        let hook = scene.zoom.webhook_with(event(&user).to_string());
        scene.delivers(&hook).await;
        let url = format!("/deauthorization?secret={WEBHOOK_SECRET}");
        scene.delivers_to(&url, &hook).await;
    }
    scene.types(ann, &yard, "/zoom disconnect").await;
    scene.types(ann, &yard, "/zoom disconnect").await;
    scene.connects(ann, &yard).await;
    scene.zoom.withdraw_grants();
    tokio::time::sleep(Duration::from_millis(1)).await;
    let told = scene.asks(ann, &yard, "/zoom start").await;
    assert!(told.contains("/plugins/zoom/oauth2/connect"), "{told}");
    scene.later(3600);
    scene.works().await;
}
