//! Tokens: refreshed in time, once, and never lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use component_tests::faults::InjectedFault;
use component_tests::scene::{ENCRYPTION_KEY, Scene};
use plugin_tests::zoom::{Fault, Route};
use serde_json::json;
use tokio::task::JoinSet;

use crate::fault_injection::{Case, FAULTS, everywhere};
use crate::order::in_order;
use crate::support::{
    connected, end_meetings, go_record, go_token, issued, json_of, prefers, status_for, text_of,
};

const LINK: &str = "/plugins/zoom/oauth2/connect";

#[tokio::test(flavor = "multi_thread")]
async fn zm053_zm115_a_start_makes_one_zoom_call_and_two_with_a_refresh() {
    let scene = Scene::start().await;
    scene.zoom.token_lifetime(Duration::from_secs(50));
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    scene.zoom.token_lifetime(Duration::from_secs(3599));
    let before = scene.zoom.total();
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    assert_eq!(
        scene.zoom.total() - before,
        2,
        "a token that is about to end is renewed first"
    );
    end_meetings(&scene).await;
    let before = scene.zoom.total();
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    assert_eq!(scene.zoom.total() - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_d29_a_new_token_that_zoom_refuses_is_not_refreshed_again() {
    let scene = Scene::start().await;
    scene.zoom.token_lifetime(Duration::from_secs(50));
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    let before = scene.zoom.count(Route::Token);
    let body = r#"{"code":124,"message":"Invalid access token."}"#.to_owned();
    let refused = Fault::Status(401, Vec::new(), body);
    scene.zoom.fail_next(Route::CreateMeeting, refused);
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains(LINK), "{told}");
    assert_eq!(scene.zoom.count(Route::Token) - before, 1);
}

/// Ann after a refresh of her tokens, with the values of her record and of its copy before and after.
async fn renewed() -> (Scene, String, String, [(String, Vec<u8>, Vec<u8>); 2]) {
    let (scene, ann, town) = connected().await;
    let zoom_id = scene.zoom.user("ann@example.com").unwrap().id;
    let keys = [
        format!("zoomtoken_{ann}"),
        format!("zoomtokenbyzoomid_{zoom_id}"),
    ];
    let stored = |key: &String| scene.api.world().stored(key).unwrap().to_vec();
    let before = keys.each_ref().map(stored);
    scene.zoom.expire_tokens();
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    end_meetings(&scene).await;
    let after = keys.each_ref().map(stored);
    assert_ne!(before, after);
    let [own, copy] = keys;
    let ([own_before, copy_before], [own_after, copy_after]) = (before, after);
    let records = [
        (own, own_before, own_after),
        (copy, copy_before, copy_after),
    ];
    (scene, ann, town, records)
}

/// A lagging replica returns tokens that were used.
#[tokio::test(flavor = "multi_thread")]
async fn d05_used_refresh_tokens_are_not_used_again() {
    let (scene, ann, town, [(own, before, _), _]) = renewed().await;
    let spent = scene.zoom.count(Route::Token);
    // Once for the command, which Zoom then refuses, and once before the refresh.
    let behind = vec![before.clone(), before];
    scene.api.world().behind.insert(own, behind);
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    assert!(scene.api.world().behind.values().all(Vec::is_empty));
    assert_eq!(scene.zoom.count(Route::Token), spent);
}

/// If a user disconnects while another node refreshes the tokens, the plugin waits for the new tokens and revokes them.
#[tokio::test(flavor = "multi_thread")]
async fn zm022_d05_disconnecting_waits_for_a_refresh_and_revokes_the_new_tokens() {
    let (scene, ann, town, records) = renewed().await;
    let lease = format!("refresh_lease_{ann}");
    let access = issued(&scene, "access_");
    let tried = || {
        let world = scene.api.world();
        let writes = world
            .calls
            .iter()
            .filter(|call| call.starts_with("KVSet") || *call == "KVDelete");
        writes.count()
    };
    {
        // Zoom has responded to the other node, which has not stored the tokens yet.
        let mut world = scene.api.world();
        for (key, before, _) in &records {
            world.store(key, before.clone());
        }
        world.store(&lease, b"another.0".to_vec());
    }
    let before = tried();
    let disconnecting = async { scene.types(&ann, &town, "/zoom disconnect").await };
    let renewing = async {
        // Connection attempts are removed first, and then the lease is acquired.
        while tried() < before + 2 {
            tokio::task::yield_now().await;
        }
        let mut world = scene.api.world();
        for (key, _, after) in &records {
            world.store(key, after.clone());
        }
        world.forget(&lease);
    };
    let (told, ()) = tokio::join!(disconnecting, renewing);
    assert!(
        told[0].text().contains("is disconnected"),
        "{}",
        told[0].text()
    );
    let status = status_for(&scene, &access);
    assert_eq!(status, 401, "Zoom knows the token no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm053_d04_refreshed_tokens_are_stored_for_every_kind_of_call() {
    let (scene, ann, town) = connected().await;
    for command in ["/zoom start", "/zoom connect", "/zoom start"] {
        scene.zoom.expire_tokens();
        let told = scene.asks(&ann, &town, command).await;
        assert!(!told.contains(LINK), "{command}: {told}");
        end_meetings(&scene).await;
    }
    assert_eq!(
        scene.zoom.count(Route::Token),
        4,
        "one code and three renewals"
    );
    let record = text_of(&scene, &format!("zoomtoken_{ann}"));
    let zoom_id = scene.zoom.user("ann@example.com").unwrap().id;
    assert_eq!(
        record,
        text_of(&scene, &format!("zoomtokenbyzoomid_{zoom_id}"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm053_d05_fifty_simultaneous_requests_on_two_nodes_make_one_refresh() {
    let (scene, ann, town) = connected().await;
    let nodes = [Arc::new(scene.another_node().await), Arc::new(scene)];
    let scene = Arc::clone(&nodes[1]);
    scene.zoom.expire_tokens();
    let before = scene.zoom.count(Route::Token);
    let mut asked = JoinSet::new();
    for number in 0..50 {
        let (node, ann, town) = (Arc::clone(&nodes[number % 2]), ann.clone(), town.clone());
        asked.spawn(async move { node.types(&ann, &town, "/zoom connect").await.len() });
    }
    asked.join_all().await;
    assert_eq!(scene.zoom.count(Route::Token) - before, 1);
    let world = scene.api.world();
    let told: BTreeSet<_> = world
        .ephemerals
        .iter()
        .map(|(_, post)| post.message.clone())
        .collect();
    assert!(
        !told
            .iter()
            .any(|text| text.contains("is no longer connected")),
        "{told:?}"
    );
    let already = world
        .ephemerals
        .iter()
        .filter(|(_, post)| post.message.contains("already connected"));
    assert_eq!(already.count(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm021_zm051_d29_a_grant_that_ended_at_zoom_leads_to_the_link() {
    let (scene, ann, town) = connected().await;
    scene.zoom.withdraw_grants();
    for command in ["/zoom start", "/zoom connect"] {
        let told = scene.asks(&ann, &town, command).await;
        assert!(told.contains(LINK), "{command}: {told}");
    }
    assert!(scene.posts(&town).is_empty());
    assert_eq!(
        scene.consents(&ann).await.status,
        200,
        "and connecting again works"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_d29_users_need_not_connect_again_after_an_outage_of_zoom() {
    let (scene, ann, town) = connected().await;
    scene.zoom.expire_tokens();
    scene.zoom.fail_next(Route::Token, Fault::server_error());
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(
        told.contains("could not be reached") && !told.contains(LINK),
        "{told}"
    );
    assert_eq!(
        scene.asks(&ann, &town, "/zoom start").await,
        "",
        "the tokens are still good"
    );
}

/// Both states of a Go plugin's record: with a valid token, and with a token that must be refreshed.
#[tokio::test(flavor = "multi_thread")]
async fn zm054_zm055_zm107_d17_user_records_of_the_go_plugin_are_encrypted() {
    let (scene, ann, town) = connected().await;
    let zoom_id = scene.zoom.user("ann@example.com").unwrap().id;
    let (own, copy) = (
        format!("zoomtoken_{ann}"),
        format!("zoomtokenbyzoomid_{zoom_id}"),
    );
    for (expiry, renewals) in [
        ("2099-01-02T03:04:05.678901234+01:00", 0),
        ("2026-01-02T03:04:05Z", 1),
    ] {
        let (access, refresh) = (issued(&scene, "access_"), issued(&scene, "refresh_"));
        let record = go_record(
            &ann,
            &zoom_id,
            "ann@example.com",
            go_token(&access, &refresh, expiry),
        );
        for key in [&own, &copy] {
            scene.api.world().store(key, record.clone());
        }
        let before = scene.zoom.count(Route::Token);
        assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
        assert_eq!(scene.zoom.count(Route::Token) - before, renewals);
        for key in [&own, &copy] {
            let stored = text_of(&scene, key);
            for old in [&access, &refresh] {
                assert!(!stored.contains(old.as_str()), "{key}");
            }
            let stored = json_of(&scene, key);
            let token = &stored["OAuthToken"];
            for field in ["access_token", "refresh_token"] {
                assert!(
                    token[field].as_str().unwrap().starts_with("v1:"),
                    "{key}: {field}"
                );
            }
        }
        end_meetings(&scene).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zm057_d50_with_another_key_all_users_must_connect_again() {
    let (scene, ann, town) = connected().await;
    let other = ENCRYPTION_KEY.chars().rev().collect::<String>();
    scene.change_settings(json!({"encryptionkey": other})).await;
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains(LINK), "{told}");
    assert!(scene.log().contains("cannot be read"), "{}", scene.log());
    assert_eq!(scene.consents(&ann).await.status, 200);
    end_meetings(&scene).await;
    let told = scene.asks(&ann, &town, "/zoom connect").await;
    assert!(!told.contains(LINK), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d17_a_record_copied_to_another_user_cannot_be_decrypted() {
    let (scene, ann, town) = connected().await;
    let eve = scene.person("eve");
    scene.joins(&eve, &town);
    let record = text_of(&scene, &format!("zoomtoken_{ann}"));
    for forged in [record.clone(), record.replace(&ann, &eve)] {
        scene.api.world().store(&format!("zoomtoken_{eve}"), forged);
        let told = scene.asks(&eve, &town, "/zoom start").await;
        assert!(told.contains(LINK), "{told}");
    }
    assert!(scene.zoom.meetings().is_empty());
}

/// Starts a meeting with a fault while the token is refreshed. Checks the message to the user. Returns whether the
/// connection is lost.
async fn refreshed_with_fault(case: &mut Case, scene: Scene, who: [&str; 2]) -> bool {
    let [ann, root] = who;
    let town = scene.channel("town", &[ann, root]);
    prefers(&scene, ann, &town, "No").await;
    scene.zoom.expire_tokens();
    case.begins(&scene);
    let told = scene.types(ann, &town, "/zoom start Standup").await;
    let scene = case.ends(scene).await;
    let posted = scene.posts(&town).len();
    assert!(posted == 1 || !told.is_empty() || case.is_crash(), "{case}");
    scene.later(60);
    let mut lost = false;
    if posted == 0 {
        let told = scene.asks(ann, &town, "/zoom start Again").await;
        lost = told.contains("/zoom connect") || told.contains(LINK);
        if lost {
            scene.connects(root, &town).await;
            scene.types(ann, &town, "/zoom start Again").await;
        }
    }
    assert_eq!(scene.posts(&town).len(), 1, "{case}");
    in_order(&scene, case);
    lost
}

/// After a refresh, Zoom's old tokens are invalid, so the new ones must be stored. Only an outage or a crash just
/// before the write loses the connection.
fn costs_a_connection(case: &Case, key: &str) -> bool {
    let store = format!("KVSetWithOptions {key}");
    let gone = matches!(
        case.fault,
        InjectedFault::Crash | InjectedFault::Outage(usize::MAX)
    );
    gone && case.came_at(&store)
}

#[tokio::test(flavor = "multi_thread")]
async fn d04_d05_d61_refreshed_tokens_are_stored_after_any_failure() {
    let mut lost = Vec::new();
    everywhere(&FAULTS, async |case| {
        let scene = Scene::start().await;
        let ann = scene.person("ann");
        let room = scene.channel("room", &[&ann]);
        scene.connects(&ann, &room).await;
        if refreshed_with_fault(case, scene, [&ann, &ann]).await {
            assert!(costs_a_connection(case, "zoomtoken_"), "{case}");
            lost.push(case.to_string());
        }
    })
    .await;
    assert!(lost.len() <= 2, "{lost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm056_d04_d05_d61_refreshed_tokens_for_everyone_are_stored_after_any_failure() {
    let mut lost = Vec::new();
    everywhere(&FAULTS, async |case| {
        let scene = Scene::with(json!({"accountlevelapp": true})).await;
        let (root, ann) = (scene.administrator("root"), scene.person("ann"));
        let room = scene.channel("room", &[&root]);
        scene.connects(&root, &room).await;
        if refreshed_with_fault(case, scene, [&ann, &root]).await {
            assert!(costs_a_connection(case, "zoomSuperUserToken_"), "{case}");
            lost.push(case.to_string());
        }
    })
    .await;
    assert!(lost.len() <= 2, "{lost:?}");
}
