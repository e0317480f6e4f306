//! Faults of webhooks.

use component_tests::scene::{Scene, WEBHOOK_SECRET};
use plugin_tests::zoom::{Meeting, Webhook};
use serde_json::json;

use super::{delivers, expect, found, in_order, modes, report, without_webhooks};

fn event(scene: &Scene) -> Webhook {
    let meeting = Meeting::occurrence(81_234_567_890, "bm9ib2R5IGtub3dzIGl0==");
    scene.zoom.webhook("meeting.ended", &meeting)
}

async fn told(scene: &Scene, user: &str, channel: &str) -> String {
    scene.asks(user, channel, "/zoom doctor").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_that_no_webhook_has_arrived() {
    for (mode, settings) in modes() {
        let (scene, staff) = without_webhooks(settings).await;
        let none = report(&scene, &staff.root, &staff.town).await;
        expect(&none, &[("webhooks", "warning", "none")]);
        let text = told(&scene, &staff.root, &staff.town).await;
        assert!(
            text.contains("No webhook has arrived yet"),
            "{mode}: {text}"
        );
        assert!(
            text.contains("#4-add-the-event-subscription"),
            "{mode}: {text}"
        );
        assert_eq!(delivers(&scene).await, 200);
        let arrived = report(&scene, &staff.root, &staff.town).await;
        expect(&arrived, &[]);
        let text = told(&scene, &staff.root, &staff.town).await;
        assert!(text.contains("last event: "), "{mode}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_wrong_secret_token() {
    for (mode, settings) in modes() {
        let (scene, staff) = in_order(settings).await;
        scene
            .change_settings(json!({"zoomwebhooksecret": "another-secret-token"}))
            .await;
        assert_eq!(delivers(&scene).await, 401);
        let refused = report(&scene, &staff.root, &staff.town).await;
        expect(&refused, &[("webhooks", "failed", "signature")]);
        let text = told(&scene, &staff.root, &staff.town).await;
        assert!(
            text.contains("Copy the secret token of your Zoom app into Zoom secret token"),
            "{mode}: {text}"
        );
        assert!(text.contains("#webhooks-get-status-401"), "{mode}: {text}");
        let right = scene.zoom.app().webhook_secret.clone();
        scene
            .change_settings(json!({"zoomwebhooksecret": right}))
            .await;
        scene.later(1);
        assert_eq!(delivers(&scene).await, 200);
        expect(&report(&scene, &staff.root, &staff.town).await, &[]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_wrong_secret_in_the_url() {
    let (scene, staff) = without_webhooks(json!({})).await;
    let refused = scene
        .delivers_to("/webhook?secret=old", &event(&scene))
        .await;
    assert_eq!(refused.status, 401);
    let wrong = report(&scene, &staff.root, &staff.town).await;
    expect(&wrong, &[("webhooks", "failed", "url_secret")]);
    let text = told(&scene, &staff.root, &staff.town).await;
    assert!(
        text.contains("#enter-the-webhook-url-secret-again"),
        "{text}"
    );
    assert!(!text.contains(WEBHOOK_SECRET), "{text}");
}

/// Anybody on the internet can send such requests. They cannot make a working setup look broken.
#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_request_does_not_make_the_check_fail() {
    let (scene, staff) = in_order(json!({})).await;
    scene.later(1);
    for url in ["/webhook?secret=guess", "/webhook"] {
        assert_eq!(scene.delivers_to(url, &event(&scene)).await.status, 401);
    }
    let asked = report(&scene, &staff.root, &staff.town).await;
    expect(&asked, &[("webhooks", "warning", "url_secret")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_a_proxy_that_removes_the_signature() {
    let (scene, staff) = without_webhooks(json!({})).await;
    let unsigned = Webhook {
        signature: String::new(),
        ..event(&scene)
    };
    assert_eq!(scene.delivers(&unsigned).await.status, 401);
    let found_out = report(&scene, &staff.root, &staff.town).await;
    expect(&found_out, &[("webhooks", "failed", "unsigned")]);
    let text = told(&scene, &staff.root, &staff.town).await;
    assert!(text.contains("x-zm-signature"), "{text}");
}

/// The server's clock is ten minutes behind, so webhooks are refused. The next step is to synchronize the clock.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_behind_explains_refused_webhooks() {
    let (scene, staff) = without_webhooks(json!({})).await;
    scene.move_server_clock(-600);
    assert_eq!(scene.delivers(&event(&scene)).await.status, 401);
    let off = report(&scene, &staff.root, &staff.town).await;
    expect(
        &off,
        &[
            ("webhooks", "failed", "timestamp"),
            ("clock", "failed", "behind"),
        ],
    );
    let text = told(&scene, &staff.root, &staff.town).await;
    assert!(text.contains("Synchronize the clock"), "{text}");
}

/// A validation proves something only if it was signed.
#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_when_zoom_validated_the_url() {
    let (scene, staff) = without_webhooks(json!({})).await;
    let body = json!({"event": "endpoint.url_validation", "payload": {"plainToken": "plain"}});
    let signed = scene.zoom.webhook_with(body.to_string());
    let unsigned = Webhook {
        signature: String::new(),
        ..signed.clone()
    };
    for (webhook, outcome, finding) in [
        (&unsigned, "warning", "asked_to_validate"),
        (&signed, "passed", "validated"),
    ] {
        assert_eq!(scene.delivers(webhook).await.status, 200);
        let asked = report(&scene, &staff.root, &staff.town).await;
        let expected = (outcome.to_owned(), finding.to_owned());
        assert_eq!(found(&asked, "webhooks"), expected);
        let text = told(&scene, &staff.root, &staff.town).await;
        assert!(text.contains("A validation request arrived at"), "{text}");
    }
}
