//! F46: users who were deactivated, and databases that were copied to another server.

use component_tests::scene::{Scene, body_of, header_of, link_in};
use plugin_tests::zoom::{Route, Schedule, User};
use serde_json::json;

use crate::support::{LINK, connected, end_meetings, issued, json_of, starts, status_for};

const OTHER: &str = "https://test.example.com";

/// Ann, who has subscribed the channel to her scheduled meeting, and the meeting.
async fn subscribed() -> (Scene, String, String, plugin_tests::zoom::Meeting) {
    let (scene, ann, town) = connected().await;
    let host = scene.zoom.user("ann@example.com").unwrap();
    let meeting = scene.zoom.schedule(&host, Schedule::weekly("Planning"));
    let add = format!("/zoom subscription add {}", meeting.id);
    let told = scene.asks(&ann, &town, &add).await;
    assert!(told.contains(&meeting.id.to_string()), "{told}");
    (scene, ann, town, meeting)
}

async fn begins(scene: &Scene, meeting: &plugin_tests::zoom::Meeting) {
    let started = scene.zoom.webhook("meeting.started", meeting);
    assert_eq!(scene.delivers(&started).await.status, 200);
    while let Some(due) = scene.works().await {
        scene.later((due - scene.now()) / 1000 + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f46_the_tokens_of_a_deactivated_subscriber_are_revoked_and_deleted_at_the_next_use() {
    let (scene, ann, town, meeting) = subscribed().await;
    let access = issued(&scene, "access_");
    scene.api.world().users.get_mut(&ann).unwrap().delete_at = 1;
    begins(&scene, &meeting).await;
    assert!(scene.posts(&town).is_empty());
    assert!(!scene.is_connected(&ann));
    assert_eq!(scene.zoom.count(Route::Revoke), 1);
    assert_eq!(status_for(&scene, &access), 401);
    let left = scene.api.world().keys().into_iter();
    let left: Vec<_> = left.filter(|key| key.starts_with("zoomtoken")).collect();
    assert_eq!(left, [""; 0]);
    assert!(scene.log().contains("deactivated"), "{}", scene.log());
}

/// Tokens from before account-level mode, when each user connected an account.
#[tokio::test(flavor = "multi_thread")]
async fn f46_old_user_tokens_of_a_deactivated_user_are_deleted_at_the_account_level() {
    let (scene, ann, _, meeting) = subscribed().await;
    scene
        .change_settings(json!({"accountlevelapp": true}))
        .await;
    scene.api.world().users.get_mut(&ann).unwrap().delete_at = 1;
    begins(&scene, &meeting).await;
    assert!(!scene.is_connected(&ann));
    assert_eq!(scene.zoom.count(Route::Revoke), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f46_deactivating_one_of_two_users_of_a_zoom_account_keeps_the_other_connected() {
    let (scene, ann, town, meeting) = subscribed().await;
    let bob = scene.person("bob");
    scene.joins(&bob, &town);
    scene.asks(&bob, &town, "/zoom connect").await;
    let shared = scene.zoom.user("ann@example.com").unwrap();
    scene.zoom.sign_in_as(shared);
    assert_eq!(scene.consents(&bob).await.status, 200);
    scene.api.world().users.get_mut(&ann).unwrap().delete_at = 1;
    begins(&scene, &meeting).await;
    assert!(!scene.is_connected(&ann) && scene.is_connected(&bob));
    assert_eq!(scene.zoom.count(Route::Revoke), 0);
}

/// The server gets another address, as after a copy of its database or a move.
async fn moves_to(scene: &Scene, site: &str) {
    scene.api.world().config.service_settings.site_url = Some(site.to_owned());
    scene
        .zoom
        .allow_redirect(&format!("{site}/plugins/zoom/oauth2/complete"));
    scene.change_settings(json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f46_at_another_site_url_tokens_are_not_refreshed_and_system_admins_are_told() {
    let (scene, ann, town) = connected().await;
    let boss = scene.administrator("boss");
    scene.joins(&boss, &town);
    moves_to(&scene, OTHER).await;
    let warned = scene.log();
    assert!(
        warned.contains("chat.example.com") && warned.contains("this-server"),
        "{warned}"
    );
    scene.zoom.expire_tokens();
    let renewed = scene.zoom.count(Route::Token);
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(
        told.contains("paused") && told.contains("system admin"),
        "{told}"
    );
    assert!(
        !told.contains("chat.example.com"),
        "that is for a system admin: {told}"
    );
    let told = scene.asks(&boss, &town, "/zoom connect").await;
    for part in [
        "paused",
        "https://chat.example.com",
        "/zoom connect this-server",
        LINK,
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(
        scene.zoom.count(Route::Token),
        renewed,
        "no refresh token was spent"
    );
    // The production server still works.
    moves_to(&scene, "https://chat.example.com").await;
    starts(&scene, &ann, &town).await;
    assert_eq!(scene.zoom.count(Route::Token), renewed + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f46_a_copy_revokes_nothing() {
    let (scene, ann, town) = connected().await;
    let access = issued(&scene, "access_");
    moves_to(&scene, OTHER).await;
    let told = scene.asks(&ann, &town, "/zoom disconnect").await;
    assert!(told.contains("is disconnected"), "{told}");
    assert!(!scene.is_connected(&ann));
    assert_eq!(scene.zoom.count(Route::Revoke), 0);
    assert_eq!(status_for(&scene, &access), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f46_a_connection_that_is_made_at_the_new_address_works_there() {
    let (scene, ann, town) = connected().await;
    moves_to(&scene, OTHER).await;
    scene.zoom.expire_tokens();
    let told = scene.asks(&ann, &town, "/zoom connect").await;
    let link = link_in(&told).unwrap();
    scene.zoom.sign_in_as(User::new("of-the-copy@example.com"));
    let away = scene.request("GET", &link, Some(&ann), "").await;
    let place = header_of(&away, "Location");
    let back = tokio::task::block_in_place(|| scene.zoom.consent(&place)).unwrap();
    let back = back.strip_prefix(&format!("{OTHER}/plugins/zoom")).unwrap();
    let page = scene.request("GET", back, Some(&ann), "").await;
    assert_eq!(page.status, 200, "{}", body_of(&page));
    scene.zoom.expire_tokens();
    starts(&scene, &ann, &town).await;
    assert_eq!(
        json_of(&scene, "oauth_site")["site"],
        "https://chat.example.com"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f46_a_moved_server_continues_after_a_system_admin_confirms() {
    let (scene, ann, town) = connected().await;
    let boss = scene.administrator("boss");
    scene.joins(&boss, &town);
    moves_to(&scene, OTHER).await;
    scene.zoom.expire_tokens();
    let told = scene.asks(&ann, &town, "/zoom connect this-server").await;
    assert!(
        told.contains(LINK),
        "a user decides nothing for others: {told}"
    );
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains("paused"), "{told}");
    let told = scene.asks(&boss, &town, "/zoom connect this-server").await;
    assert!(
        told.contains("now uses") && told.contains("https://chat.example.com"),
        "{told}"
    );
    starts(&scene, &ann, &town).await;
    assert!(
        !scene
            .asks(&boss, &town, "/zoom connect")
            .await
            .contains("paused")
    );
    // A copy of the moved server counts as another server again.
    moves_to(&scene, "https://third.example.com").await;
    scene.zoom.expire_tokens();
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains("paused"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f46_a_copy_does_not_use_the_tokens_of_the_connection_for_everyone() {
    let scene = Scene::with(json!({"accountlevelapp": true})).await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects(&root, &town).await;
    moves_to(&scene, OTHER).await;
    scene.zoom.expire_tokens();
    let renewed = scene.zoom.count(Route::Token);
    let told = scene.types(&ann, &town, "/zoom start").await;
    scene.press(&told[0], "WithoutPMI").await;
    let told = scene.told_since(0).pop().unwrap().text();
    assert!(told.contains("paused"), "{told}");
    let told = scene.asks(&root, &town, "/zoom connect this-server").await;
    assert!(told.contains("now uses"), "{told}");
    end_meetings(&scene).await;
    assert_eq!(scene.zoom.count(Route::Token), renewed);
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    assert_eq!(scene.zoom.count(Route::Token), renewed + 1);
}

/// A record of an earlier version does not contain its server: it belongs to the first server that reads it.
#[tokio::test(flavor = "multi_thread")]
async fn f46_records_of_an_earlier_version_belong_to_the_first_server() {
    let (scene, ann, town) = connected().await;
    let key = format!("zoomtoken_{ann}");
    let mut record = json_of(&scene, &key);
    record.as_object_mut().unwrap().remove("SiteURL").unwrap();
    scene.api.world().store(&key, record.to_string());
    scene.zoom.expire_tokens();
    starts(&scene, &ann, &town).await;
    let mut record = json_of(&scene, &key);
    assert_eq!(record.as_object_mut().unwrap().remove("SiteURL"), None);
    moves_to(&scene, "https://CHAT.example.com/").await;
    scene.zoom.expire_tokens();
    starts(&scene, &ann, &town).await;
    moves_to(&scene, OTHER).await;
    scene.zoom.expire_tokens();
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains("paused"), "{told}");
}
