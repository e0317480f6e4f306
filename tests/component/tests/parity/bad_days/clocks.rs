//! The server's clock jumps forward or back while Zoom's clock does not.

use component_tests::faults::InjectedFault;
use component_tests::scene::{Scene, WEBHOOK_SECRET, body_of, header_of, props};
use plugin_tests::zoom::Route;
use serde_json::json;

use crate::order::in_order;
use crate::support::{SCHEDULED, connected, end_meetings, scheduled, written_to};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Zoom decides when a token expires. The clock only decides when the plugin refreshes it in advance.
#[tokio::test(flavor = "multi_thread")]
async fn zm053_d05_a_token_that_zoom_refuses_early_is_refreshed() {
    for jump in [-DAY, -2 * HOUR, 2 * HOUR, DAY] {
        let (scene, ann, town) = connected().await;
        let starts = async |when: &str| {
            let told = scene.asks(&ann, &town, "/zoom start").await;
            assert_eq!(told, "", "{jump}, {when}");
            scene.later(60);
        };
        let renewed = || scene.zoom.count(Route::Token);
        let first = renewed();
        scene.move_server_clock(jump);
        starts("at once").await;
        assert_eq!(renewed() - first, u64::from(jump > 0), "{jump}");
        // Zoom's token has expired now, for any clock.
        scene.later(HOUR + 60);
        starts("after an hour").await;
        assert!(renewed() - first <= 2, "{jump}");
        scene.move_server_clock(-jump);
        starts("with the clock set right").await;
        scene.later(HOUR + 60);
        starts("after another hour").await;
        in_order(&scene, &jump);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zm090_f25_a_webhook_is_accepted_up_to_two_hours_old_and_five_minutes_ahead() {
    let (scene, ann, town) = connected().await;
    scene.asks(&ann, &town, "/zoom start").await;
    let meeting = scene.zoom.meetings().pop().unwrap();
    let status = |scene: &Scene| {
        let post = scene.posts(&town).pop().unwrap();
        props(&post)["meeting_status"].clone()
    };
    for jump in [-DAY, -310, 2 * HOUR + 10, DAY] {
        scene.move_server_clock(jump);
        let ended = scene.zoom.webhook("meeting.ended", &meeting);
        assert_eq!(scene.delivers(&ended).await.status, 401, "{jump}");
        assert_eq!(status(&scene), "STARTED", "{jump}");
        assert!(scene.log().contains("clock"), "{jump}");
        scene.move_server_clock(-jump);
    }
    for jump in [-290, 2 * HOUR - 10] {
        scene.move_server_clock(jump);
        let unknown = scene
            .zoom
            .webhook_with(json!({"event": "a.b", "payload": {}}).to_string());
        assert_eq!(scene.delivers(&unknown).await.status, 200, "{jump}");
        scene.move_server_clock(-jump);
    }
    let ended = scene.zoom.webhook("meeting.ended", &meeting);
    assert_eq!(scene.delivers(&ended).await.status, 200);
    assert_eq!(status(&scene), "ENDED");
}

/// A recorded webhook cannot be replayed if the clock is set back twice.
#[tokio::test(flavor = "multi_thread")]
async fn zm092_d06_a_webhook_that_is_valid_again_after_a_clock_jump_is_handled_once() {
    let (scene, ann, town) = connected().await;
    scene.asks(&ann, &town, "/zoom start").await;
    let meeting = scene.zoom.meetings().pop().unwrap();
    let ended = scene.zoom.webhook("meeting.ended", &meeting);
    assert_eq!(scene.delivers(&ended).await.status, 200);
    let before = scene.posts(&town);
    scene.later(3 * HOUR);
    assert_eq!(scene.delivers(&ended).await.status, 401);
    scene.move_server_clock(-3 * HOUR);
    assert_eq!(scene.delivers(&ended).await.status, 200);
    assert_eq!(scene.posts(&town), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm044_zm048_a_state_works_once_and_for_five_minutes_if_the_clock_jumps() {
    for (jump, is_good) in [
        (310, false),
        (DAY, false),
        (280, true),
        (-HOUR, true),
        (-DAY, true),
    ] {
        let scene = Scene::start().await;
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&ann]);
        scene.asks(&ann, &town, "/zoom connect").await;
        scene.move_server_clock(jump);
        let away = scene
            .request("GET", &scene.connect_link(&ann), Some(&ann), "")
            .await;
        let place = header_of(&away, "Location");
        assert_eq!(away.status, if is_good { 302 } else { 400 }, "{jump}");
        if !is_good {
            assert!(body_of(&away).contains("/zoom connect"), "{jump}");
            scene.connects(&ann, &town).await;
            continue;
        }
        let back = tokio::task::block_in_place(|| scene.zoom.consent(&place)).unwrap();
        let back = back.split_once("/plugins/zoom").unwrap().1.to_owned();
        for status in [200, 400] {
            let page = scene.request("GET", &back, Some(&ann), "").await;
            assert_eq!(page.status, status, "{jump}");
        }
    }
}

/// Claims from a clock that was a day ahead would last for a day.
#[tokio::test(flavor = "multi_thread")]
async fn d39_d61_a_start_claim_dated_in_the_future_does_not_block_the_channel() {
    let (scene, ann, town) = connected().await;
    scene.move_server_clock(DAY);
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    scene.move_server_clock(-DAY);
    assert_eq!(
        scene.asks(&ann, &town, "/zoom start").await,
        "",
        "and nothing is recent"
    );
    assert_eq!(scene.zoom.meetings().len(), 2);
    end_meetings(&scene).await;
    in_order(&scene, &"all ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_d61_a_lease_dated_in_the_future_does_not_block_the_next_refresh() {
    let (scene, ann, town) = connected().await;
    scene.zoom.expire_tokens();
    scene.move_server_clock(DAY);
    scene.api.plan_at(InjectedFault::Crash, "Token");
    scene.types(&ann, &town, "/zoom start").await;
    assert!(scene.api.clear_fault().is_some(), "it died");
    let scene = scene.another_node().await;
    scene.move_server_clock(-DAY);
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    assert_eq!(scene.posts(&town).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn d25_d61_a_job_with_a_lease_in_the_future_runs_within_minutes_after_the_clock_is_corrected()
{
    for jump in [DAY, -DAY] {
        let (scene, ann, town) = connected().await;
        scene.asks(&ann, &town, "/zoom start").await;
        let meeting = scene.zoom.meetings().pop().unwrap();
        let files = json!([{"id": "vtt", "recording_type": "audio_transcript",
            "download_url": scene.zoom.add_file("vtt", "WEBVTT")}]);
        let event = "recording.transcript_completed";
        let recorded = scene.zoom.recorded(event, &meeting, &files);
        assert_eq!(scene.delivers(&recorded).await.status, 200);
        scene.move_server_clock(jump);
        scene.later(60);
        scene.api.plan_at(InjectedFault::Crash, "Download");
        scene.works().await;
        assert!(scene.api.clear_fault().is_some(), "it died");
        let scene = scene.another_node().await;
        scene.move_server_clock(-jump);
        for _ in 0..8 {
            scene.later(60);
            scene.works().await;
        }
        let posts = scene.posts(&town);
        let replies = posts.iter().filter(|post| !post.root_id.is_empty());
        assert_eq!(replies.count(), 1, "{jump}");
        in_order(&scene, &jump);
    }
}

/// Six hours after its start, a meeting is no longer announced: it is over or known.
#[tokio::test(flavor = "multi_thread")]
async fn zm104_d61_a_meeting_is_announced_once_if_the_clock_jumps_and_not_too_late() {
    for (jumps, announced) in [
        (&[7 * HOUR][..], 0),
        (&[5 * HOUR], 1),
        (&[-7 * HOUR], 1),
        (&[7 * HOUR, -7 * HOUR], 0),
        (&[-DAY, DAY], 1),
    ] {
        let (scene, ann, town) = connected().await;
        let meeting = scheduled(&scene, "ann");
        let add = format!("/zoom subscription add {SCHEDULED}");
        scene.asks(&ann, &town, &add).await;
        let started = scene.zoom.webhook("meeting.started", &meeting);
        assert_eq!(scene.delivers(&started).await.status, 200);
        for jump in jumps {
            scene.move_server_clock(*jump);
            scene.works().await;
        }
        for _ in 0..2 {
            scene.later(60);
            scene.works().await;
        }
        assert_eq!(scene.posts(&town).len(), announced, "{jumps:?}");
        in_order(&scene, &format!("{jumps:?}"));
    }
}

/// If Zoom ends a connection, its time is compared with Zoom's time.
#[tokio::test(flavor = "multi_thread")]
async fn zm059_d61_a_deauthorization_ends_a_connection_dated_in_the_future() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.move_server_clock(DAY);
    scene.connects(&ann, &town).await;
    scene.move_server_clock(-DAY);
    let time = time::OffsetDateTime::now_utc() + time::Duration::seconds(5);
    let format = time::format_description::well_known::Rfc3339;
    let event = json!({"event": "app_deauthorized", "event_ts": 1, "payload": {
        "account_id": "a", "user_id": scene.zoom.signed_in().id, "signature": "s",
        "client_id": scene.zoom.app().client_id, "user_data_retention": null,
        "deauthorization_time": time.format(&format).unwrap(),
    }});
    let webhook = scene.zoom.webhook_with(event.to_string());
    let url = format!("/deauthorization?secret={WEBHOOK_SECRET}");
    assert_eq!(scene.delivers_to(&url, &webhook).await.status, 200);
    scene.works().await;
    assert!(!scene.is_connected(&ann));
    assert_eq!(written_to(&scene, &ann).len(), 1);
}
