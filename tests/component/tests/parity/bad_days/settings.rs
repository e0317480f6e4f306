//! Preferences, subscriptions, and activation, with every possible failure at each step.

use component_tests::scene::{Scene, body_of};
use mattermost_plugin_rpc::mattermost::Preference;
use serde_json::json;

use crate::fault_injection::{FAULTS, everywhere};
use crate::order::in_order;
use crate::support::{SCHEDULED, connected, json_of, scheduled, text_of};

#[tokio::test(flavor = "multi_thread")]
async fn zm026_d61_a_channels_rule_is_stored_or_refused_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let scene = Scene::start().await;
        let boss = scene.administrator("boss");
        let (town, yard) = (scene.channel("town", &[&boss]), scene.channel("yard", &[]));
        let (command, restrict) = ("/zoom channel-settings", json!({"preference": "restrict"}));
        scene.asks(&boss, &yard, command).await;
        let before = scene.submits(&boss, &yard, &restrict).await;
        assert_eq!(before.status, 200);
        scene.asks(&boss, &town, command).await;
        case.begins(&scene);
        let answer = scene.submits(&boss, &town, &restrict).await;
        let scene = case.ends(scene).await;
        let is_stored = |scene: &Scene, channel: &str| {
            json_of(scene, "zoomChannelSettings")[channel]["Preference"] == "restrict"
        };
        assert!(is_stored(&scene, &yard), "{case}");
        let refused = answer.status >= 400 && !body_of(&answer).is_empty();
        assert!(
            refused || is_stored(&scene, &town) || case.is_crash(),
            "{case}"
        );
        let again = scene.submits(&boss, &town, &restrict).await;
        assert_eq!(again.status, 200, "{case}");
        assert!(
            is_stored(&scene, &town) && is_stored(&scene, &yard),
            "{case}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zm077_d61_a_users_preference_is_stored_or_refused_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let (scene, ann, town) = connected().await;
        let form = scene.types(&ann, &town, "/zoom settings").await;
        case.begins(&scene);
        let answer = scene.press(&form[0], "Yes").await;
        let scene = case.ends(scene).await;
        let key = format!("zoomUserPreference_{ann}");
        let stored = text_of(&scene, &key) == "\"true\"";
        assert!(stored || answer.status >= 400 || case.is_crash(), "{case}");
        assert_eq!(scene.press(&form[0], "Yes").await.status, 200, "{case}");
        assert_eq!(text_of(&scene, &key), "\"true\"", "{case}");
    })
    .await;
}

/// A preference of the server becomes a record of the plugin. It is not lost, and the old one is not read again.
#[tokio::test(flavor = "multi_thread")]
async fn zm079_zm106_d61_an_old_preference_is_moved_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let scene = Scene::start().await;
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&ann]);
        scene.connects(&ann, &town).await;
        scene.api.world().preferences.push(Preference {
            user_id: ann.clone(),
            category: "plugin:zoom".to_owned(),
            name: "use-pmi".to_owned(),
            value: "true".to_owned(),
        });
        case.begins(&scene);
        let told = scene.types(&ann, &town, "/zoom settings").await;
        let scene = case.ends(scene).await;
        assert!(!told.is_empty() || case.is_crash(), "{case}");
        let told = scene.asks(&ann, &town, "/zoom settings").await;
        assert!(told.contains("Current setting: Yes"), "{case}: {told}");
        let key = format!("zoomUserPreference_{ann}");
        assert_eq!(text_of(&scene, &key), "\"true\"", "{case}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zm101_d46_d61_a_subscription_is_added_once_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let (scene, ann, town) = connected().await;
        scheduled(&scene, "ann");
        let add = format!("/zoom subscription add {SCHEDULED}");
        case.begins(&scene);
        let told = scene.types(&ann, &town, &add).await;
        let scene = case.ends(scene).await;
        assert!(!told.is_empty() || case.is_crash(), "{case}");
        let told = scene.asks(&ann, &town, &add).await;
        assert!(told.contains("Subscribed. Meeting"), "{case}: {told}");
        let list = scene.asks(&ann, &town, "/zoom subscription list").await;
        assert_eq!(
            list.matches(&SCHEDULED.to_string()).count(),
            1,
            "{case}: {list}"
        );
        in_order(&scene, case);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zm100_d46_d61_a_subscription_is_removed_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let (scene, ann, town) = connected().await;
        scheduled(&scene, "ann");
        let remove = format!("/zoom subscription remove {SCHEDULED}");
        let add = format!("/zoom subscription add {SCHEDULED}");
        scene.types(&ann, &town, &add).await;
        case.begins(&scene);
        let told = scene.types(&ann, &town, &remove).await;
        let scene = case.ends(scene).await;
        assert!(!told.is_empty() || case.is_crash(), "{case}");
        scene.types(&ann, &town, &remove).await;
        let list = scene.asks(&ann, &town, "/zoom subscription list").await;
        assert!(
            list.contains("not have any subscriptions"),
            "{case}: {list}"
        );
        let meeting = scene.zoom.meetings().pop().unwrap();
        let started = scene.zoom.webhook("meeting.started", &meeting);
        assert_eq!(scene.delivers(&started).await.status, 200);
        scene.works().await;
        assert!(scene.posts(&town).is_empty(), "{case}");
        in_order(&scene, case);
    })
    .await;
}

/// Mattermost or an administrator starts the process again. The administrator reads the reason of the failure.
#[tokio::test(flavor = "multi_thread")]
async fn zm001_zm003_d61_activation_succeeds_or_reports_why_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let first = Scene::start().await;
        let ann = first.person("ann");
        let town = first.channel("town", &[&ann]);
        first.connects(&ann, &town).await;
        // As at the first start, without command and picture.
        first.api.world().commands.clear();
        first.api.world().store("_bot_picture", "of another");
        let scene = first.next_process();
        case.begins(&scene);
        match scene.activates().await {
            Some(Ok(())) => {
                let registered = scene.api.world().commands.contains_key("zoom");
                assert!(registered, "{case}: it says that it is active");
            }
            Some(Err(why)) => assert!(why.split(' ').count() > 5, "{case}: {why}"),
            None => assert!(case.is_crash(), "{case}"),
        }
        let scene = case.ends(scene).await;
        let scene = scene.another_node().await;
        assert!(scene.api.world().commands.contains_key("zoom"), "{case}");
        let told = scene.asks(&ann, &town, "/zoom connect").await;
        assert!(told.contains("already connected"), "{case}: {told}");
    })
    .await;
}

/// The old settings stay in force until the new ones are read.
#[tokio::test(flavor = "multi_thread")]
async fn zm002_d61_changed_settings_apply_completely_or_not_at_all() {
    everywhere(&FAULTS, async |case| {
        let scene = Scene::start().await;
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&ann]);
        scene.connects(&ann, &town).await;
        scene.api.world().settings["webhooksecret"] = json!("another-secret");
        case.begins(&scene);
        let taken = scene.reloads().await;
        let scene = case.ends(scene).await;
        let webhook = || {
            scene
                .zoom
                .webhook_with(json!({"event": "a.b", "payload": {}}).to_string())
        };
        let new = "/webhook?secret=another-secret";
        if taken == Some(Ok(())) || case.is_crash() {
            assert_eq!(
                scene.delivers_to(new, &webhook()).await.status,
                200,
                "{case}"
            );
        }
        assert_eq!(scene.reloads().await, Some(Ok(())), "{case}");
        assert_eq!(
            scene.delivers_to(new, &webhook()).await.status,
            200,
            "{case}"
        );
        let told = scene.asks(&ann, &town, "/zoom connect").await;
        assert!(told.contains("already connected"), "{case}: {told}");
    })
    .await;
}

/// A click of a user who is not connected returns a link, or fails.
#[tokio::test(flavor = "multi_thread")]
async fn zm051_d31_the_link_is_shown_or_the_click_fails() {
    everywhere(&FAULTS, async |case| {
        let scene = Scene::start().await;
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&ann]);
        let body = json!({"channel_id": town, "topic": "Standup"}).to_string();
        let route = "/api/v1/meetings";
        case.begins(&scene);
        let answer = scene.request("POST", route, Some(&ann), &body).await;
        let scene = case.ends(scene).await;
        let told = scene.told_since(0);
        assert!(
            !told.is_empty() || answer.status >= 400 || case.is_crash(),
            "{case}"
        );
        let mark = scene.api.world().ephemerals.len();
        let answer = scene.request("POST", route, Some(&ann), &body).await;
        assert_eq!(answer.status, 200, "{case}");
        let told = scene.told_since(mark);
        assert!(told[0].text().contains("/oauth2/connect"), "{case}");
    })
    .await;
}
