//! Rules of channels: permissions, the dialog, the records, and the list.

use component_tests::scene::{Scene, body_of};
use serde_json::{Value, json};

use crate::support::json_of;

const KEY: &str = "zoomChannelSettings";
const ROUTE: &str = "/api/v1/channel-preference";

/// Opens the dialog and answers it.
async fn submits(scene: &Scene, user: &str, channel: &str, preference: &str) -> u16 {
    scene.asks(user, channel, "/zoom channel-settings").await;
    let answers = json!({"preference": preference});
    scene.submits(user, channel, &answers).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn zm025_zm026_d15_the_dialog_offers_three_choices_and_is_for_administrators() {
    let scene = Scene::with(json!({"restrictmeetingcreation": true})).await;
    let (boss, ann) = (scene.administrator("boss"), scene.person("ann"));
    let town = scene.channel("town", &[&boss, &ann]);
    let told = scene.asks(&ann, &town, "/zoom channel-settings").await;
    assert!(told.contains("Only system admins"), "{told}");
    assert_eq!(scene.asks(&boss, &town, "/zoom channel-settings").await, "");
    {
        let world = scene.api.world();
        assert_eq!(world.dialogs.len(), 1);
        let request = &world.dialogs[0];
        assert_eq!(request.trigger_id, "trigger-of-the-command");
        assert!(
            request
                .url
                .ends_with("/plugins/zoom/api/v1/channel-preference"),
            "{}",
            request.url
        );
        let dialog = &request.dialog;
        assert_eq!(dialog.callback_id, "town");
        assert!(dialog.title.chars().count() <= 24);
        let element = &dialog.elements[0];
        assert_eq!(
            (element.name.as_str(), element.kind.as_str()),
            ("preference", "radio")
        );
        assert!(element.display_name.chars().count() <= 24);
        let values: Vec<_> = element
            .options
            .iter()
            .map(|one| one.value.as_str())
            .collect();
        assert_eq!(values, ["allow", "restrict", "default"]);
        assert!(element.options[2].text.contains("true"));
    }
    let direct = scene.api.world().add_channel("direct", "D", &[&boss, &ann]);
    let told = scene.asks(&boss, &direct, "/zoom channel-settings").await;
    assert!(told.contains("direct and group messages"), "{told}");
    let told = scene
        .asks(&boss, &town, "/zoom channel-settings dance")
        .await;
    assert!(told.contains("Unknown command"), "{told}");
    assert_eq!(scene.api.world().dialogs.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm039_zm080_d32_only_system_admins_can_answer_the_dialog() {
    let scene = Scene::start().await;
    let (boss, ann) = (scene.administrator("boss"), scene.person("ann"));
    let town = scene.channel("town", &[&boss, &ann]);
    let yard = scene.channel("yard", &[&boss]);
    scene.asks(&boss, &town, "/zoom channel-settings").await;
    let allow = json!({"preference": "allow"});
    for (what, user, channel) in [
        ("another user", &ann, &town),
        ("another channel", &boss, &yard),
    ] {
        let reply = scene.submits(user, channel, &allow).await;
        assert_eq!(reply.status, 403, "{what}");
        // The server shows it in the dialog.
        assert!(body_of(&reply).contains("no longer valid"), "{what}");
    }
    let state = &scene.api.world().dialogs[0].dialog.state.clone();
    let by_hand = |state: &str| {
        json!({"type": "dialog_submission", "callback_id": "town", "state": state, "user_id": boss,
            "channel_id": town, "submission": allow})
        .to_string()
    };
    for body in ["null", "{", "{}", &by_hand(""), &by_hand("{}")] {
        let reply = scene.request("POST", ROUTE, Some(&boss), body).await;
        assert_eq!(reply.status, 403, "{body}");
    }
    assert_eq!(
        scene
            .request("POST", ROUTE, None, &by_hand(state))
            .await
            .status,
        401
    );
    for odd in [
        json!({"preference": 7}),
        json!({"preference": "perhaps"}),
        json!({}),
    ] {
        let reply = scene.submits(&boss, &town, &odd).await;
        assert_eq!(reply.status, 400, "{odd}");
    }
    scene.later(3_700);
    let expired = scene.submits(&boss, &town, &allow).await;
    assert_eq!(expired.status, 403, "an hour later");
    // A former administrator.
    scene.asks(&boss, &town, "/zoom channel-settings").await;
    let roles = |roles: &str| {
        let mut world = scene.api.world();
        world.users.get_mut(&boss).unwrap().roles = roles.to_owned();
    };
    roles("system_user");
    assert_eq!(scene.submits(&boss, &town, &allow).await.status, 403);
    roles("system_user system_admin");
    assert!(scene.api.world().stored(KEY).is_none());
    let mark = scene.api.world().ephemerals.len();
    assert_eq!(submits(&scene, &boss, &town, "restrict").await, 200);
    assert_eq!(
        json_of(&scene, KEY),
        json!({town.as_str(): {"Preference": "restrict"}})
    );
    assert!(scene.told_since(mark)[0].text().contains("disabled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn zm081_zm082_d20_d32_a_channels_rule_applies_to_every_way_to_start() {
    let scene = Scene::start().await;
    let (boss, ann) = (scene.administrator("boss"), scene.person("ann"));
    let town = scene.channel("town", &[&boss, &ann]);
    scene.connects(&ann, &town).await;
    let question = scene.types(&ann, &town, "/zoom start").await;
    assert_eq!(submits(&scene, &boss, &town, "restrict").await, 200);
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains("disabled"), "{told}");
    let body = json!({"channel_id": town, "topic": ""}).to_string();
    let reply = scene
        .request("POST", "/api/v1/meetings", Some(&ann), &body)
        .await;
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    assert!(answer["error"].as_str().unwrap().contains("disabled"));
    let mark = scene.api.world().ephemerals.len();
    scene.press(&question[0], "WithoutPMI").await;
    assert!(
        scene
            .told_since(mark)
            .iter()
            .any(|told| told.text().contains("disabled"))
    );
    assert!(scene.posts(&town).is_empty() && scene.zoom.meetings().is_empty());

    assert_eq!(submits(&scene, &boss, &town, "default").await, 200);
    scene
        .change_settings(json!({"restrictmeetingcreation": true}))
        .await;
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains("disabled"), "a public channel: {told}");
    let private = scene
        .api
        .world()
        .add_channel("private", "P", &[&boss, &ann]);
    assert_eq!(submits(&scene, &boss, &private, "default").await, 200);
    scene.asks(&ann, &private, "/zoom start").await;
    assert_eq!(
        scene.posts(&private).len(),
        1,
        "an explicit default is like no entry"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm104_d16_changes_at_the_same_time_are_all_kept() {
    let scene = Scene::start().await;
    let other = scene.another_node().await;
    let boss = scene.administrator("boss");
    let channels: Vec<String> = (0..8)
        .map(|number| scene.channel(&format!("town{number}"), &[&boss]))
        .collect();
    for channel in &channels {
        scene.asks(&boss, channel, "/zoom channel-settings").await;
    }
    let (dialogs, allow) = (
        scene.api.world().dialogs.clone(),
        json!({"preference": "allow"}),
    );
    let changes = channels.iter().zip(&dialogs).enumerate();
    let changes = changes.map(|(number, (channel, dialog))| {
        let node = if number % 2 == 0 { &scene } else { &other };
        node.submits_to(Some(dialog), &boss, channel, &allow)
    });
    let replies = futures_util::future::join_all(changes).await;
    let statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(json_of(&scene, KEY).as_object().unwrap().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm027_the_list_names_channels_and_tolerates_deleted_ones() {
    let scene = Scene::start().await;
    let (boss, ann) = (scene.administrator("boss"), scene.person("ann"));
    let town = scene.channel("town", &[&boss, &ann]);
    let told = scene
        .asks(&boss, &town, "/zoom channel-settings list")
        .await;
    assert!(told.contains("No channel has its own setting"), "{told}");
    let told = scene.asks(&ann, &town, "/zoom channel-settings list").await;
    assert!(told.contains("Only system admins"), "{told}");
    let club = scene.channel("club", &[&boss]);
    let yard = scene.channel("yard", &[&boss]);
    submits(&scene, &boss, &town, "allow").await;
    submits(&scene, &boss, &club, "restrict").await;
    submits(&scene, &boss, &yard, "default").await;
    scene.api.world().channels.remove(&club);
    let told = scene
        .asks(&boss, &town, "/zoom channel-settings list")
        .await;
    for row in [
        format!("| {town} | `town` | allow |"),
        format!("| {club} | Unknown channel | restrict |"),
    ] {
        assert!(told.contains(&row), "{row}: {told}");
    }
    assert!(!told.contains(&yard), "{told}");
}
