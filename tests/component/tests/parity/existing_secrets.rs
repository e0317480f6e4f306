//! Secrets do not leak. Every scene of this binary is searched at its end, see `component_tests::leaks`. This module
//! searches a scene with all flows.

use component_tests::scene::{Scene, WEBHOOK_SECRET};
use mattermost_plugin_rpc::mattermost::{KvApi as _, LogApi as _, LogLevel};

use crate::flows::{self, RECORDING_SECRETS};

#[tokio::test(flavor = "multi_thread")]
async fn zm117_d17_d40_no_secret_is_in_the_log_in_an_answer_or_in_a_record() {
    for retention in [false, true] {
        let scene = Scene::start().await;
        if retention {
            let settings = serde_json::json!({"enablepostingrecordingpassword": true});
            scene.change_settings(settings).await;
        }
        flows::play(&scene).await;
        assert!(scene.secrets().len() > 20, "something to look for");
        assert_eq!(scene.leaks(), Vec::<String>::new());
        let log = scene.log();
        let world = scene.api.world();
        for secret in RECORDING_SECRETS {
            assert!(!log.contains(secret), "{secret}");
            let mut records = world.written();
            let record = records.find(|(_, value)| String::from_utf8_lossy(value).contains(secret));
            assert!(record.is_none(), "{secret} is in {record:?}");
        }
    }
}

/// The search finds secrets that are there.
#[tokio::test(flavor = "multi_thread")]
async fn zm117_a_secret_in_any_of_the_places_is_found() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    scene.asks(&ann, &town, "/zoom start").await;
    assert_eq!(scene.leaks(), Vec::<String>::new());
    let secrets = scene.secrets();
    let issued = ["code_", "access_", "refresh_", "pwd", WEBHOOK_SECRET];
    for kind in issued {
        let secret = secrets.iter().find(|secret| secret.starts_with(kind));
        let secret = secret.expect("it was handed out").clone();
        let line = vec![("error".to_owned(), format!("told: {secret}"))];
        scene
            .api
            .log(LogLevel::Debug, "A line.", line)
            .await
            .unwrap();
        assert_eq!(scene.leaks().len(), 1, "{secret}");
        scene.api.world().log.clear();
        let value = format!("x{secret}x").into_bytes();
        let options = mattermost_plugin_rpc::mattermost::KvSetOptions::default();
        let written = scene.api.kv_set_with_options("key", value, options).await;
        assert!(written.unwrap());
        assert_eq!(scene.leaks().len(), 1, "{secret}");
        scene.api.kv_delete("key").await.unwrap();
    }
    assert_eq!(scene.leaks(), Vec::<String>::new());
}
