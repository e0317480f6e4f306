//! The report in Mattermost's support packet.

use component_tests::scene::Scene;
use serde_json::{Value, json};

use super::{expect, expect_no_names, found, in_order, modes};

async fn report(scene: &Scene) -> Value {
    let files = scene.plugin.support_files(String::new()).await;
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["zoom/diagnostics.txt", "zoom/component.json"]);
    let text = &files[1].1;
    expect_no_names(scene, text);
    for secret in scene.secrets() {
        assert!(!text.contains(&secret), "{text}");
    }
    serde_json::from_str(text).unwrap()
}

/// No request to Zoom delays the packet.
#[tokio::test(flavor = "multi_thread")]
async fn a_support_packet_contains_the_checks_that_need_no_request() {
    for (mode, settings) in modes() {
        let (scene, _) = in_order(settings).await;
        let before = scene.zoom.total();
        let packed = report(&scene).await;
        expect(&packed, &[]);
        for check in ["settings", "database", "webhooks", "clock", "jobs"] {
            assert_eq!(found(&packed, check).0, "passed", "{mode}: {packed:#}");
        }
        assert_eq!(scene.zoom.total(), before, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_support_packet_names_the_faults_of_a_plugin_without_settings() {
    let scene = Scene::with(json!({"encryptionkey": "short", "oauthclientid": ""})).await;
    let packed = report(&scene).await;
    expect(
        &packed,
        &[
            ("settings", "failed", "empty"),
            ("encryption_key", "failed", "key_length"),
            ("webhooks", "warning", "none"),
        ],
    );
}
