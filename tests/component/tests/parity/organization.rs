//! Account-level apps: one system admin connects for everyone.

use std::sync::Arc;

use component_tests::scene::{SITE, Scene, body_of, header_of};
use plugin_tests::zoom::{ACCOUNT, Route, User};
use serde_json::json;
use tokio::task::JoinSet;

use crate::fault_injection::{FAULTS, everywhere};
use crate::order::in_order;
use crate::support::{end_meetings, go_token, issued, json_of, prefers, text_of};

const KEY: &str = "zoomSuperUserToken_";
const LINK: &str = "/plugins/zoom/oauth2/connect";

async fn account_level() -> Scene {
    let scene = Scene::with(json!({"accountlevelapp": true})).await;
    require_proof(&scene, true).await;
    scene
}

async fn require_proof(scene: &Scene, required: bool) {
    {
        let mut world = scene.api.world();
        let email = &mut world.config.email_settings;
        email.require_email_verification = Some(required);
    }
    scene.change_settings(json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zm008_zm021_zm048_zm056_d02_one_system_admin_connects_for_everyone() {
    let scene = account_level().await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects(&root, &town).await;
    let told = scene.told_since(0).pop().unwrap().text();
    assert!(
        told.contains("is connected as root@example.com") && !told.contains("Verification"),
        "{told}"
    );
    let stored = json_of(&scene, KEY);
    for field in ["access_token", "refresh_token"] {
        assert!(
            stored[field].as_str().unwrap().starts_with("v1:"),
            "{field}"
        );
    }
    assert_eq!(stored["connected_by"], root.as_str());
    assert_eq!(stored["zoom_account_id"], ACCOUNT);
    let keys = scene.api.world().keys();
    assert!(
        !keys.iter().any(|key| key.starts_with("zoomtoken")),
        "{keys:?}"
    );
    prefers(&scene, &ann, &town, "No").await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start Standup").await, "");
    let meeting = scene.zoom.meetings().pop().unwrap();
    assert_eq!(
        meeting.host_email, "ann@example.com",
        "it is the user's own"
    );
    let told = scene.asks(&root, &town, "/zoom connect").await;
    assert!(
        told.contains("already connected") && !told.contains(LINK),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm115_a_start_at_the_account_level_makes_one_zoom_call() {
    let scene = account_level().await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects(&root, &town).await;
    prefers(&scene, &ann, &town, "No").await;
    let before = scene.zoom.total();
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    assert_eq!(scene.zoom.total() - before, 1);
    end_meetings(&scene).await;
    scene.zoom.expire_tokens();
    let before = scene.zoom.total();
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    assert_eq!(scene.zoom.total() - before, 3, "refused, renewed, made");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm024_zm030_zm046_d01_only_a_system_admin_connects_and_disconnects() {
    let scene = account_level().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    for command in ["/zoom connect", "/zoom disconnect"] {
        let told = scene.asks(&ann, &town, command).await;
        assert!(told.contains("Unknown command"), "{told}");
    }
    for command in ["/zoom start", "/zoom settings"] {
        let told = scene.asks(&ann, &town, command).await;
        assert!(
            told.contains("system admin") && !told.contains(LINK),
            "{told}"
        );
    }
    let keys = scene.api.world().keys();
    assert!(
        !keys.iter().any(|key| key.starts_with("zoomuserstate")),
        "{keys:?}"
    );
    let page = scene
        .request("GET", &scene.connect_link(&ann), Some(&ann), "")
        .await;
    assert_eq!(
        (page.status, header_of(&page, "Location")),
        (403, String::new())
    );
}

/// All of D1: a member has a state, consents with the member's own Zoom account, and returns a valid code.
#[tokio::test(flavor = "multi_thread")]
async fn zm047_zm048_d01_a_member_cannot_replace_the_organizations_connection() {
    let scene = account_level().await;
    let (root, eve) = (scene.administrator("root"), scene.person("eve"));
    let town = scene.channel("town", &[&root, &eve]);
    scene.connects(&root, &town).await;
    let before = scene.api.world().stored(KEY).map(<[u8]>::to_vec);
    // While the plugin was at user level, every user could start a connection.
    scene
        .change_settings(json!({"accountlevelapp": false}))
        .await;
    let told = scene.asks(&eve, &town, "/zoom connect").await;
    assert!(told.contains(LINK));
    let away = scene
        .request("GET", &scene.connect_link(&eve), Some(&eve), "")
        .await;
    scene.zoom.sign_in_as(User::new("eve@evil.example"));
    let back = {
        let place = header_of(&away, "Location");
        tokio::task::block_in_place(|| scene.zoom.consent(&place)).unwrap()
    };
    let back = back
        .strip_prefix(&format!("{SITE}/plugins/zoom"))
        .unwrap()
        .to_owned();
    scene
        .change_settings(json!({"accountlevelapp": true}))
        .await;
    let spent = scene.zoom.count(Route::Token);
    assert_eq!(
        scene.request("GET", &back, Some(&eve), "").await.status,
        403
    );
    // A former administrator with a state of the account level is refused, too.
    let former = scene.administrator("former");
    let told = {
        scene.api.world().store(KEY, b"{}".to_vec());
        scene.asks(&former, &town, "/zoom connect").await
    };
    assert!(told.contains(LINK), "{told}");
    scene.api.world().users.get_mut(&former).unwrap().roles = "system_user".to_owned();
    assert_eq!(scene.consents(&former).await.status, 403);
    assert_eq!(scene.zoom.count(Route::Token), spent, "no code was spent");
    assert_ne!(before, None);
    assert_eq!(
        scene.api.world().stored(KEY),
        Some(&b"{}"[..]),
        "nothing was written"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm047_d01_a_state_of_the_other_level_is_refused() {
    let scene = Scene::start().await;
    let root = scene.administrator("root");
    let town = scene.channel("town", &[&root]);
    scene.asks(&root, &town, "/zoom connect").await;
    scene
        .change_settings(json!({"accountlevelapp": true}))
        .await;
    assert_eq!(scene.consents(&root).await.status, 400);
    scene.asks(&root, &town, "/zoom connect").await;
    scene
        .change_settings(json!({"accountlevelapp": false}))
        .await;
    assert_eq!(scene.consents(&root).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm016_zm017_the_command_is_registered_for_the_level_in_force() {
    let scene = Scene::start().await;
    let nodes = |scene: &Scene| {
        let world = scene.api.world();
        let command = &world.commands["zoom"];
        (
            command.auto_complete_desc.clone(),
            format!("{:?}", command.autocomplete_data),
        )
    };
    let (description, tree) = nodes(&scene);
    assert!(description.contains("connect, disconnect"), "{description}");
    assert!(tree.contains("disconnect"));
    scene
        .change_settings(json!({"accountlevelapp": true}))
        .await;
    let (description, tree) = nodes(&scene);
    assert!(!description.contains("connect"), "{description}");
    assert!(
        tree.contains("system_admin"),
        "offered to administrators: {tree}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm020_zm024_help_names_what_the_reader_can_run() {
    let scene = account_level().await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    assert!(
        scene
            .asks(&root, &town, "/zoom help")
            .await
            .contains("/zoom connect")
    );
    assert!(
        !scene
            .asks(&ann, &town, "/zoom help")
            .await
            .contains("/zoom connect")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm030_zm049_an_address_that_zoom_does_not_know_is_named() {
    let scene = account_level().await;
    let root = scene.administrator("root");
    let ann = scene.api.world().add_user("ann", "system_user");
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects(&root, &town).await;
    prefers(&scene, &ann, &town, "No").await;
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(
        told.contains("ann@example.com") && told.contains("same"),
        "{told}"
    );
    assert!(!scene.log().contains("ann@example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn zm049_d52_an_unverified_address_is_refused_if_the_server_requires_verification() {
    let scene = account_level().await;
    let (root, eve) = (scene.administrator("root"), scene.person("eve"));
    let town = scene.channel("town", &[&root, &eve]);
    scene.connects(&root, &town).await;
    prefers(&scene, &eve, &town, "No").await;
    {
        let mut world = scene.api.world();
        let user = world.users.get_mut(&eve).unwrap();
        user.email = "root@example.com".to_owned();
        user.email_verified = false;
    }
    let before = scene.zoom.total();
    for command in ["/zoom start", "/zoom settings"] {
        let told = scene.asks(&eve, &town, command).await;
        assert!(
            told.contains("root@example.com") && told.contains("not verified"),
            "{told}"
        );
    }
    let body = json!({"channel_id": town}).to_string();
    let answer = scene
        .request("POST", "/api/v1/meetings", Some(&eve), &body)
        .await;
    assert_eq!(answer.status, 403, "{}", body_of(&answer));
    assert_eq!(scene.zoom.total(), before);
    assert!(scene.zoom.meetings().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn d52_system_admins_are_warned_if_the_server_does_not_verify_addresses() {
    let scene = Scene::with(json!({"accountlevelapp": true})).await;
    let warnings = |scene: &Scene| scene.log().matches("Require Email Verification").count();
    assert_eq!(warnings(&scene), 1, "when it starts");
    require_proof(&scene, true).await;
    assert_eq!(warnings(&scene), 1);
    require_proof(&scene, false).await;
    assert_eq!(warnings(&scene), 2, "and when it changes");
    scene
        .change_settings(json!({"accountlevelapp": false}))
        .await;
    assert_eq!(warnings(&scene), 2, "it is no matter of the user level");
    scene
        .change_settings(json!({"accountlevelapp": true}))
        .await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects(&root, &town).await;
    let told = scene
        .api
        .world()
        .ephemerals
        .last()
        .unwrap()
        .1
        .message
        .clone();
    assert!(
        told.contains("is connected") && told.contains("Require Email Verification"),
        "{told}"
    );
    prefers(&scene, &ann, &town, "No").await;
    scene
        .api
        .world()
        .users
        .get_mut(&ann)
        .unwrap()
        .email_verified = false;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm022_d47_disconnecting_ends_the_connection_for_everyone_and_the_grant() {
    let scene = account_level().await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    let told = scene.asks(&root, &town, "/zoom disconnect").await;
    assert!(told.contains("nothing to disconnect"), "{told}");
    scene.connects(&root, &town).await;
    let told = scene.asks(&root, &town, "/zoom disconnect").await;
    assert!(told.contains("for everyone"), "{told}");
    assert_eq!(scene.api.world().stored(KEY), None);
    assert_eq!(scene.zoom.count(Route::Revoke), 1);
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains("system admin"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm053_zm056_d02_the_account_record_of_the_go_plugin_is_encrypted() {
    let scene = account_level().await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects(&root, &town).await;
    let (access, refresh) = (issued(&scene, "access_"), issued(&scene, "refresh_"));
    let go = go_token(&access, &refresh, "2099-01-02T03:04:05.678901234+01:00");
    scene.api.world().store(KEY, go.to_string());
    let before = scene.zoom.count(Route::Token);
    prefers(&scene, &ann, &town, "No").await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    assert_eq!(scene.zoom.count(Route::Token), before, "the token was good");
    let stored = text_of(&scene, KEY);
    assert!(
        !stored.contains(&access) && !stored.contains(&refresh),
        "{stored}"
    );
    assert!(stored.contains("v1:"));
    // The migrated tokens are refreshed and revoked like others.
    end_meetings(&scene).await;
    scene.zoom.expire_tokens();
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    scene.asks(&root, &town, "/zoom disconnect").await;
    assert_eq!(scene.zoom.count(Route::Revoke), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm058_both_kinds_of_connection_stay_when_the_level_changes() {
    let scene = Scene::start().await;
    require_proof(&scene, true).await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    scene
        .change_settings(json!({"accountlevelapp": true}))
        .await;
    scene.connects(&root, &town).await;
    scene
        .change_settings(json!({"accountlevelapp": false}))
        .await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    assert!(scene.api.world().stored(KEY).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn zm048_d42_a_system_admins_start_continues_after_connecting() {
    let scene = account_level().await;
    let root = scene.administrator("root");
    let town = scene.channel("town", &[&root]);
    scene
        .zoom
        .sign_in_as(scene.zoom.user("root@example.com").unwrap());
    let told = scene.asks(&root, &town, "/zoom start Review").await;
    assert!(told.contains(LINK), "{told}");
    let mark = scene.api.world().ephemerals.len();
    assert_eq!(scene.consents(&root).await.status, 200);
    let told = scene.told_since(mark);
    assert_eq!(scene.press(&told[0], "WithoutPMI").await.status, 200);
    assert_eq!(scene.zoom.meetings().pop().unwrap().topic, "Review");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm109_zm111_an_unusual_email_address_is_one_path_segment() {
    let scene = account_level().await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects(&root, &town).await;
    let address = "ann+o'neil/../me?x=1#y@example.com";
    scene.zoom.add_user(User::new(address));
    address.clone_into(&mut scene.api.world().users.get_mut(&ann).unwrap().email);
    prefers(&scene, &ann, &town, "Yes").await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    assert_eq!(scene.zoom.count(Route::Unknown), 0);
    prefers(&scene, &ann, &town, "No").await;
    scene.later(60);
    end_meetings(&scene).await;
    scene.asks(&ann, &town, "/zoom start").await;
    assert_eq!(scene.zoom.count(Route::Unknown), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm053_d05_simultaneous_starts_of_all_users_make_one_refresh() {
    let scene = account_level().await;
    let root = scene.administrator("root");
    let people: Vec<_> = (0..20).map(|n| scene.person(&format!("p{n}"))).collect();
    let members: Vec<_> = people.iter().chain([&root]).map(String::as_str).collect();
    let town = scene.channel("town", &members);
    scene.connects(&root, &town).await;
    for person in &people {
        prefers(&scene, person, &town, "No").await;
    }
    // Each user has a channel, so that no start waits for another meeting.
    let rooms: Vec<_> = people
        .iter()
        .map(|person| scene.channel(&format!("of{}", &person[..3]), &[person]))
        .collect();
    let nodes = [Arc::new(scene.another_node().await), Arc::new(scene)];
    let scene = Arc::clone(&nodes[1]);
    scene.zoom.expire_tokens();
    let before = scene.zoom.count(Route::Token);
    let mut starts = JoinSet::new();
    for (number, (person, room)) in people.into_iter().zip(rooms).enumerate() {
        let node = Arc::clone(&nodes[number % 2]);
        starts.spawn(async move { node.asks(&person, &room, "/zoom start").await });
    }
    starts.join_all().await;
    assert_eq!(scene.zoom.count(Route::Token) - before, 1);
    assert_eq!(scene.zoom.meetings().len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm030_zm051_d29_users_and_system_admins_get_different_sentences_about_an_ended_grant() {
    let scene = account_level().await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects(&root, &town).await;
    for person in [&root, &ann] {
        prefers(&scene, person, &town, "No").await;
    }
    scene.zoom.withdraw_grants();
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(
        told.contains("system admin") && !told.contains(LINK),
        "{told}"
    );
    for command in ["/zoom start", "/zoom connect"] {
        let told = scene.asks(&root, &town, command).await;
        assert!(told.contains(LINK), "{command}: {told}");
    }
    assert_eq!(scene.consents(&root).await.status, 200);
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
}

/// After any failure while an administrator connects for everyone, the connection works or can be repeated, and the
/// administrator gets a message.
#[tokio::test(flavor = "multi_thread")]
async fn zm048_zm056_d61_connecting_for_everyone_succeeds_or_can_be_repeated_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let scene = account_level().await;
        let root = scene.administrator("root");
        let town = scene.channel("town", &[&root]);
        let user = scene.zoom.user("root@example.com").unwrap();
        scene.zoom.sign_in_as(user);
        scene.asks(&root, &town, "/zoom connect").await;
        case.begins(&scene);
        let page = scene.consents(&root).await;
        let scene = case.ends(scene).await;
        let is_connected = scene.api.world().stored(KEY).is_some();
        let told = page.status == 200 && is_connected || page.status >= 400;
        assert!(told || case.is_crash(), "{case}: {}", page.status);
        if !is_connected {
            scene.connects(&root, &town).await;
        }
        in_order(&scene, case);
        prefers(&scene, &root, &town, "No").await;
        assert_eq!(scene.asks(&root, &town, "/zoom start").await, "", "{case}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zm022_d47_d61_disconnecting_everyone_succeeds_or_can_be_repeated_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let scene = account_level().await;
        let root = scene.administrator("root");
        let town = scene.channel("town", &[&root]);
        scene.connects(&root, &town).await;
        case.begins(&scene);
        let told = scene.types(&root, &town, "/zoom disconnect").await;
        let scene = case.ends(scene).await;
        assert!(!told.is_empty() || case.is_crash(), "{case}");
        scene.later(60);
        let again = scene.types(&root, &town, "/zoom disconnect").await;
        // Zoom has revoked the grant, or the message says that the grant may still exist.
        let is_revoked = scene.zoom.count(Route::Revoke) > 0;
        let mut all = told.iter().chain(&again);
        let is_told = all.any(|told| told.text().contains("marketplace.zoom.us"));
        assert!(is_revoked || is_told || case.is_crash(), "{case}");
        assert_eq!(scene.api.world().stored(KEY), None, "{case}");
        in_order(&scene, case);
        scene.connects(&root, &town).await;
    })
    .await;
}
