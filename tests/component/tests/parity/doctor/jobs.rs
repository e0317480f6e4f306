//! Jobs that wait for too long.

use plugin_tests::zoom::Schedule;
use serde_json::json;

use super::{expect, in_order, report};

/// A job that nobody has run for half an hour is reported until it has run.
#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_job_that_waits_for_too_long() {
    let (scene, staff) = in_order(json!({})).await;
    scene.works().await;
    expect(&report(&scene, &staff.root, &staff.town).await, &[]);
    // A job announces the meeting in the subscribed channel.
    let host = scene.zoom.user("root@example.com").unwrap();
    let plan = Schedule {
        start_time: scene.zoom.time(),
        ..Schedule::weekly("Standup")
    };
    let meeting = scene.zoom.schedule(&host, plan);
    let add = format!("/zoom subscription add {}", meeting.id);
    scene.asks(&staff.root, &staff.town, &add).await;
    let started = scene.zoom.webhook("meeting.started", &meeting);
    assert_eq!(scene.delivers(&started).await.status, 200);
    // Nobody runs the job for 40 minutes.
    scene.later(40 * 60);
    let late = report(&scene, &staff.root, &staff.town).await;
    expect(&late, &[("jobs", "warning", "waiting")]);
    let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
    assert!(told.contains("has been waiting for 40 minutes"), "{told}");
    scene.works().await;
    expect(&report(&scene, &staff.root, &staff.town).await, &[]);
}
