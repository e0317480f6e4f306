//! The metrics of a meeting, from its start to its recording.

use component_tests::scene::Scene;
use plugin_tests::zoom::{Fault, Route};
use serde_json::json;

use crate::support::end_meetings;

/// The value of a metric, or 0.
fn counted(scene: &Scene, line: &str) -> u64 {
    let metrics = scene.plugin.prometheus();
    let mut lines = metrics.lines();
    let found = lines.find_map(|it| it.strip_prefix(line)?.strip_prefix(' '));
    found.map_or(0, |number| number.parse().unwrap())
}

fn requests(scene: &Scene, status: &str) -> u64 {
    let url = scene.zoom.url();
    let host = url
        .trim_start_matches("https://")
        .split(':')
        .next()
        .unwrap();
    counted(
        scene,
        &format!("plugin_host_http_requests_total{{host=\"{host}\",status=\"{status}\"}}"),
    )
}

fn jobs(scene: &Scene, outcome: &str) -> u64 {
    counted(
        scene,
        &format!("plugin_host_jobs_total{{outcome=\"{outcome}\"}}"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_to_zoom_are_counted_by_host_and_status_and_jobs_by_how_they_ended() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    let before = requests(&scene, "201");
    scene.asks(&ann, &town, "/zoom start Standup").await;
    assert_eq!(requests(&scene, "201"), before + 1);
    end_meetings(&scene).await;
    let meeting = scene.zoom.meetings().pop().unwrap();
    let chat = json!([{"id": "chat", "recording_start": "a", "file_type": "CHAT",
        "recording_type": "chat_file", "download_url": scene.zoom.add_file("chat", "hello")}]);
    scene.zoom.fail_next(Route::Download, Fault::server_error());
    let webhook = scene.zoom.recorded("recording.completed", &meeting, &chat);
    // An earlier job has indexed the subscriptions.
    let (enqueued, done) = (
        counted(&scene, "plugin_host_jobs_enqueued_total"),
        jobs(&scene, "done"),
    );
    scene.delivers(&webhook).await;
    assert_eq!(
        counted(&scene, "plugin_host_jobs_enqueued_total"),
        enqueued + 1
    );
    scene.works().await;
    assert_eq!((jobs(&scene, "retry"), jobs(&scene, "done")), (1, done));
    assert_eq!(requests(&scene, "500"), 1);
    scene.later(3600);
    scene.works().await;
    assert_eq!((jobs(&scene, "retry"), jobs(&scene, "done")), (1, done + 1));
}
