//! Requests to Zoom, and the handling of unexpected responses.

use std::time::{Duration, Instant};

use component_tests::scene::Scene;
use plugin_tests::zoom::{Fault, Route};
use serde_json::json;

use crate::support::{connected, end_meetings, json_of, prefers};

#[tokio::test(flavor = "multi_thread")]
async fn zm111_d21_a_new_meeting_is_requested_with_topic_and_type_only() {
    let (scene, ann, town) = connected().await;
    scene
        .asks(&ann, &town, "/zoom start Planning the \"next\" week")
        .await;
    let meeting = scene.zoom.meetings().pop().unwrap();
    assert_eq!(
        meeting.requested,
        json!({"topic": "Planning the \"next\" week", "type": 1})
    );
    assert_eq!(meeting.host_email, "ann@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm108_a_code_is_exchanged_once_after_any_response() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.asks(&ann, &town, "/zoom connect").await;
    let refused = Fault::Status(400, Vec::new(), r#"{"error":"invalid_grant"}"#.to_owned());
    scene.zoom.fail_next(Route::Token, refused);
    assert_eq!(scene.consents(&ann).await.status, 502);
    assert_eq!(scene.zoom.count(Route::Token), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm109_zm110_a_personal_meeting_needs_the_user_and_the_join_link() {
    let (scene, ann, town) = connected().await;
    prefers(&scene, &ann, &town, "Yes").await;
    let (users, meetings) = (
        scene.zoom.count(Route::User),
        scene.zoom.count(Route::Meeting),
    );
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    assert_eq!(scene.zoom.count(Route::User) - users, 1);
    assert_eq!(scene.zoom.count(Route::Meeting) - meetings, 1);
    let url = format!("{:?}", scene.posts(&town).pop().unwrap().props);
    assert!(
        url.contains("pwd=personal"),
        "the address carries the passcode: {url}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm110_without_a_join_link_from_zoom_the_standard_link_is_used() {
    let (scene, ann, town) = connected().await;
    prefers(&scene, &ann, &town, "Yes").await;
    scene.zoom.fail_next(Route::Meeting, Fault::server_error());
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let pmi = scene.zoom.user("ann@example.com").unwrap().pmi;
    let props = format!("{:?}", scene.posts(&town).pop().unwrap().props);
    assert!(
        props.contains(&format!("{}/j/{pmi}", scene.zoom.url())),
        "{props}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn d22_a_short_rate_limit_is_waited_for_once_and_a_long_one_is_reported() {
    let (scene, ann, town) = connected().await;
    scene
        .zoom
        .fail_next(Route::CreateMeeting, Fault::rate_limited(1));
    let began = Instant::now();
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    assert!(began.elapsed() >= Duration::from_secs(1));
    let asked = || scene.zoom.count(Route::CreateMeeting);
    assert_eq!((asked(), scene.zoom.meetings().len()), (2, 1));
    end_meetings(&scene).await;
    for _ in 0..2 {
        scene
            .zoom
            .fail_next(Route::CreateMeeting, Fault::rate_limited(1));
    }
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(
        told.contains("1 second"),
        "a second refusal is not waited out: {told}"
    );
    assert_eq!(asked(), 4);
    for (seconds, says) in [(45, "45 seconds"), (3_601, "61 minutes")] {
        scene
            .zoom
            .fail_next(Route::CreateMeeting, Fault::rate_limited(seconds));
        let before = asked();
        let told = scene.asks(&ann, &town, "/zoom start").await;
        assert!(told.contains(says), "{told}");
        assert_eq!(asked() - before, 1, "it is not asked again");
    }
    let midnight = ("Retry-After", "2099-01-01T00:00:00Z".to_owned());
    let fault = Fault::Status(429, vec![midnight], r#"{"code":429}"#.to_owned());
    scene.zoom.fail_next(Route::CreateMeeting, fault);
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains("2099-01-01 00:00 (UTC)"), "{told}");
    let fault = Fault::Status(429, Vec::new(), r#"{"code":429}"#.to_owned());
    scene.zoom.fail_next(Route::CreateMeeting, fault);
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains("midnight UTC"), "{told}");
    assert_eq!(scene.zoom.meetings().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn d22_d40_every_failure_has_a_sentence_without_zooms_message() {
    let (scene, ann, town) = connected().await;
    let status = |status| Fault::Status(status, Vec::new(), "raw <b>words</b> of Zoom".to_owned());
    let long = format!("{{\"id\":1,\"uuid\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    for (fault, says) in [
        (status(403), "does not allow"),
        (status(404), "did not find"),
        (status(400), "unexpected response"),
        (status(302), "unexpected response"),
        (status(200), "unexpected response"),
        (status(500), "could not be reached"),
        (Fault::Status(201, Vec::new(), long), "unexpected response"),
        (
            Fault::Status(201, Vec::new(), "{}".to_owned()),
            "unexpected response",
        ),
        (
            Fault::Status(400, Vec::new(), r#"{"code":4711,"message":"x"}"#.to_owned()),
            "scopes",
        ),
    ] {
        scene.zoom.fail_next(Route::CreateMeeting, fault.clone());
        let told = scene.asks(&ann, &town, "/zoom start").await;
        assert!(
            told.contains(says) && !told.contains("words"),
            "{fault:?}: {told}"
        );
    }
    assert!(!scene.log().contains("raw <b>"));
    assert!(scene.posts(&town).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn zm007_zm043_the_url_of_a_self_hosted_zoom_may_have_slashes_and_spaces() {
    let scene = Scene::start().await;
    let (url, api) = (scene.zoom.url(), scene.zoom.api_url());
    let sloppy = json!({"zoomurl": format!("  {url}// "), "zoomapiurl": format!("{api}/ ")});
    scene.change_settings(sloppy).await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let record = json_of(&scene, &format!("zoomtoken_{ann}"));
    assert_eq!(
        record["OAuthToken"]["api_url"],
        url.as_str(),
        "where Zoom says the region is"
    );
}
