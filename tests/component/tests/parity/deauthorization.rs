//! Deauthorization: a user removes the app at Zoom.

use component_tests::scene::{Scene, WEBHOOK_SECRET, body_of};
use plugin_tests::zoom::{ACCOUNT, Route, Webhook};
use serde_json::{Value, json};

use crate::fault_injection::{Case, FAULTS, everywhere};
use crate::order::in_order;
use crate::support::{self, go_token, json_of, prefers, written_to};

/// The deauthorization URL.
pub fn address() -> String {
    format!("/deauthorization?secret={WEBHOOK_SECRET}")
}

/// The event that a Zoom user removed the app.
pub fn event(scene: &Scene, zoom_id: &str, time: &str) -> Value {
    json!({
        "event": "app_deauthorized",
        "payload": {
            "user_data_retention": null, "account_id": ACCOUNT, "user_id": zoom_id,
            "signature": "827edc3452044f0bc86bdd5684afb7d1e6becfa1a767f24df1b287853cf73000",
            "deauthorization_time": time, "client_id": scene.zoom.app().client_id,
        },
    })
}

/// Signs an event as Zoom does.
pub fn signed(scene: &Scene, event: &Value) -> Webhook {
    scene.zoom.webhook_with(event.to_string())
}

/// A time after everything that happens in a test.
const LATER: &str = "2099-01-02T03:04:05.678Z";

struct Connected {
    scene: Scene,
    ann: String,
    town: String,
    zoom_id: String,
}

async fn connected() -> Connected {
    let (scene, ann, town) = support::connected().await;
    let zoom_id = scene.zoom.user("ann@example.com").unwrap().id;
    // Subscriptions in the Go plugin's format: Ann's, and a listed subscription of another user.
    for (meeting, creator) in [("81111111111", ann.as_str()), ("82222222222", "somebody")] {
        let mapping = json!({"channel_id": town, "is_subscription": true, "created_by": creator});
        let key = format!("meeting_channel_{meeting}");
        scene.api.world().store(&key, mapping.to_string());
    }
    let index = json!({"meeting_ids": [81_111_111_111_u64, 82_222_222_222_u64]});
    let key = format!("subscription_index_{ann}");
    scene.api.world().store(&key, index.to_string());
    let index = json!({"meeting_ids": [82_222_222_222_u64]});
    let key = "subscription_index_somebody";
    scene.api.world().store(key, index.to_string());
    Connected {
        scene,
        ann,
        town,
        zoom_id,
    }
}

fn of_ann(scene: &Scene, ann: &str, zoom_id: &str) -> Vec<String> {
    let keys = scene.api.world().keys().into_iter();
    keys.filter(|key| key.contains(ann) || key.contains(zoom_id))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn zm036_zm059_zm061_d08_d47_all_data_is_deleted_and_the_user_is_notified() {
    for url in [address(), format!("/webhook?secret={WEBHOOK_SECRET}")] {
        let Connected {
            scene,
            ann,
            town,
            zoom_id,
        } = connected().await;
        scene.api.world().users.get_mut(&ann).unwrap().locale = "de".to_owned();
        let webhook = signed(&scene, &event(&scene, &zoom_id, LATER));
        let answer = scene.delivers_to(&url, &webhook).await;
        assert_eq!(
            (answer.status, body_of(&answer)),
            (200, String::new()),
            "{url}"
        );
        assert_eq!(of_ann(&scene, &ann, &zoom_id), Vec::<String>::new());
        let (hers, other) = ("meeting_channel_81111111111", "meeting_channel_82222222222");
        assert!(scene.api.world().stored(hers).is_none());
        assert!(scene.api.world().stored(other).is_some());
        scene.works().await;
        let told = written_to(&scene, &ann);
        assert_eq!(told.len(), 1);
        assert!(
            told[0].contains("gelöscht") && told[0].contains("/zoom connect"),
            "{told:?}"
        );
        // Zoom may repeat a delivery, and both addresses may be registered.
        for url in [address(), format!("/webhook?secret={WEBHOOK_SECRET}")] {
            assert_eq!(scene.delivers_to(&url, &webhook).await.status, 200);
        }
        scene.works().await;
        assert_eq!(written_to(&scene, &ann).len(), 1, "told once");
        let told = scene.asks(&ann, &town, "/zoom start").await;
        assert!(told.contains("/oauth2/connect"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zm036_d37_only_a_fresh_signature_over_our_apps_removal_counts() {
    let Connected {
        scene,
        ann,
        zoom_id,
        ..
    } = connected().await;
    let good = event(&scene, &zoom_id, LATER);
    let secret = scene.zoom.app().webhook_secret.clone();
    let forged = Webhook::sign("another secret", good.to_string());
    let unsigned = Webhook {
        signature: String::new(),
        ..signed(&scene, &good)
    };
    let old = signed(&scene, &good).dated(&secret, -7210);
    let early = signed(&scene, &good).dated(&secret, 310);
    let changed = Webhook {
        body: good.to_string().replace(&zoom_id, "somebody-else"),
        ..signed(&scene, &good)
    };
    for webhook in [forged, unsigned, old, early, changed] {
        assert_eq!(scene.delivers_to(&address(), &webhook).await.status, 401);
    }
    for url in [
        "/deauthorization",
        "/deauthorization?secret=",
        "/deauthorization?secret=wrong",
    ] {
        assert_eq!(
            scene.delivers_to(url, &signed(&scene, &good)).await.status,
            401,
            "{url}"
        );
    }
    let mut other_app = good.clone();
    other_app["payload"]["client_id"] = json!("another-app");
    assert_eq!(
        scene
            .delivers_to(&address(), &signed(&scene, &other_app))
            .await
            .status,
        200
    );
    let mut other_event = good.clone();
    other_event["event"] = json!("meeting.started");
    assert_eq!(
        scene
            .delivers_to(&address(), &signed(&scene, &other_event))
            .await
            .status,
        400
    );
    let mut nobody = good;
    nobody["payload"]["user_id"] = json!(7);
    assert_eq!(
        scene
            .delivers_to(&address(), &signed(&scene, &nobody))
            .await
            .status,
        400
    );
    assert!(scene.is_connected(&ann), "still connected");
    assert!(written_to(&scene, &ann).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn zm059_d08_the_deauthorization_of_an_unknown_user_is_no_error() {
    let Connected { scene, ann, .. } = connected().await;
    let webhook = signed(&scene, &event(&scene, "unknown-to-us", LATER));
    assert_eq!(scene.delivers_to(&address(), &webhook).await.status, 200);
    assert!(scene.is_connected(&ann));
}

#[tokio::test(flavor = "multi_thread")]
async fn zm059_a_late_repetition_does_not_end_a_newer_connection() {
    let Connected {
        scene,
        ann,
        zoom_id,
        ..
    } = connected().await;
    let webhook = signed(&scene, &event(&scene, &zoom_id, "2026-01-02T03:04:05Z"));
    assert_eq!(scene.delivers_to(&address(), &webhook).await.status, 200);
    assert!(scene.is_connected(&ann));
}

#[tokio::test(flavor = "multi_thread")]
async fn zm050_zm059_d48_all_users_of_the_zoom_account_are_disconnected() {
    let scene = Scene::start().await;
    let (ann, bob) = (scene.person("ann"), scene.person("bob"));
    let town = scene.channel("town", &[&ann, &bob]);
    let shared = scene.zoom.user("ann@example.com").unwrap();
    for user in [&ann, &bob] {
        scene.asks(user, &town, "/zoom connect").await;
        scene.zoom.sign_in_as(shared.clone());
        scene.consents(user).await;
    }
    let webhook = signed(&scene, &event(&scene, &shared.id, LATER));
    assert_eq!(scene.delivers_to(&address(), &webhook).await.status, 200);
    let keys = scene.api.world().keys();
    assert!(
        !keys.iter().any(|key| key.starts_with("zoomtoken")),
        "{keys:?}"
    );
    scene.works().await;
    for user in [&ann, &bob] {
        assert_eq!(written_to(&scene, user).len(), 1);
    }
}

/// After any failure, Zoom repeats the delivery. Then all records are removed, and the user is notified.
#[tokio::test(flavor = "multi_thread")]
async fn zm059_d08_d61_a_deauthorization_is_completed_and_reported_once_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let Connected {
            scene,
            ann,
            zoom_id,
            ..
        } = connected().await;
        let removal = event(&scene, &zoom_id, LATER);
        let scene = removed(case, scene, &removal).await;
        let left = of_ann(&scene, &ann, &zoom_id);
        assert_eq!(left, Vec::<String>::new(), "{case}");
        assert_eq!(written_to(&scene, &ann).len(), 1, "{case}");
        in_order(&scene, case);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zm059_d60_d61_a_deauthorization_for_everyone_is_completed_and_reported_once_after_any_failure()
 {
    everywhere(&FAULTS, async |case| {
        let scene = Scene::with(json!({"accountlevelapp": true})).await;
        let root = scene.administrator("root");
        let town = scene.channel("town", &[&root]);
        scene.connects(&root, &town).await;
        let removal = event(&scene, "an-admin", LATER);
        let scene = removed(case, scene, &removal).await;
        assert!(
            scene.api.world().stored("zoomSuperUserToken_").is_none(),
            "{case}"
        );
        assert_eq!(written_to(&scene, &root).len(), 1, "{case}");
        in_order(&scene, case);
    })
    .await;
}

/// Delivers a removal with an injected fault. Zoom repeats it twice if the response is not 200. Returns the process
/// that continues.
async fn removed(case: &mut Case, scene: Scene, removal: &Value) -> Scene {
    case.begins(&scene);
    let first = scene
        .delivers_to(&address(), &signed(&scene, removal))
        .await;
    scene.works().await;
    let scene = case.ends(scene).await;
    if first.status != 200 {
        for _ in 0..2 {
            scene.later(330);
            let again = scene
                .delivers_to(&address(), &signed(&scene, removal))
                .await;
            assert_eq!(again.status, 200, "{case}");
        }
    }
    for _ in 0..3 {
        scene.works().await;
        scene.later(400);
    }
    scene
}

#[tokio::test(flavor = "multi_thread")]
async fn zm059_d60_the_connection_for_everyone_ends_and_its_system_admin_is_notified() {
    let scene = Scene::with(json!({"accountlevelapp": true})).await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects(&root, &town).await;
    prefers(&scene, &ann, &town, "No").await;
    let mut other = event(&scene, "an-admin", LATER);
    other["payload"]["account_id"] = json!("another-account");
    assert_eq!(
        scene
            .delivers_to(&address(), &signed(&scene, &other))
            .await
            .status,
        200
    );
    assert!(
        json_of(&scene, "zoomSuperUserToken_").is_object(),
        "it was about another account"
    );
    let earlier = event(&scene, "another-admin", "2026-01-02T03:04:05Z");
    let webhook = signed(&scene, &earlier);
    assert_eq!(scene.delivers_to(&address(), &webhook).await.status, 200);
    assert!(
        json_of(&scene, "zoomSuperUserToken_").is_object(),
        "it was about an earlier connection"
    );
    let webhook = signed(&scene, &event(&scene, "another-admin", LATER));
    assert_eq!(scene.delivers_to(&address(), &webhook).await.status, 200);
    assert!(scene.api.world().stored("zoomSuperUserToken_").is_none());
    scene.works().await;
    let told = written_to(&scene, &root);
    assert!(
        told.len() == 1 && told[0].contains("for everyone"),
        "{told:?}"
    );
    assert!(written_to(&scene, &ann).is_empty());
    assert_eq!(scene.zoom.count(Route::Revoke), 0);
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains("system admin"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm056_d60_a_go_record_that_names_no_account_is_removed_too() {
    let scene = Scene::with(json!({"accountlevelapp": true})).await;
    let go = go_token("access", "refresh", "2099-01-02T03:04:05Z").to_string();
    scene.api.world().store("zoomSuperUserToken_", go);
    let webhook = signed(&scene, &event(&scene, "an-admin", LATER));
    assert_eq!(scene.delivers_to(&address(), &webhook).await.status, 200);
    assert!(scene.api.world().stored("zoomSuperUserToken_").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn zm059_zm060_every_form_of_data_retention_is_accepted() {
    for retention in [
        json!("true"),
        json!("false"),
        json!(null),
        json!(true),
        json!(3),
    ] {
        let Connected {
            scene,
            ann,
            zoom_id,
            ..
        } = connected().await;
        let mut event = event(&scene, &zoom_id, LATER);
        event["payload"]["user_data_retention"] = retention.clone();
        let before = scene.zoom.total();
        let answer = scene.delivers_to(&address(), &signed(&scene, &event)).await;
        assert_eq!(answer.status, 200, "{retention}");
        assert!(!scene.is_connected(&ann));
        assert_eq!(
            scene.zoom.total(),
            before,
            "Zoom is answered before it is told anything"
        );
    }
}
