//! F30 for connections: the server reads from a database replica that lags behind.

use component_tests::scene::{Scene, body_of, props};
use plugin_tests::zoom::{ACCOUNT, Route};
use serde_json::json;

use crate::support::{LINK, connected, end_meetings, starts};

/// More reads than any event makes.
const LONG: usize = 8;

/// The next reads of a record do not find it yet.
fn lags(scene: &Scene, key: &str, reads: usize) {
    let behind = vec![Vec::new(); reads];
    scene.api.world().behind.insert(key.to_owned(), behind);
}

/// The next reads of a record return its current value, even after later writes.
fn stays(scene: &Scene, key: &str, reads: usize) {
    let mut world = scene.api.world();
    let old = world.stored(key).unwrap_or_default().to_vec();
    world.behind.insert(key.to_owned(), vec![old; reads]);
}

fn is_current(scene: &Scene) -> bool {
    scene.api.world().behind.values().all(Vec::is_empty)
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_the_waiting_start_continues_although_the_new_record_reads_as_absent() {
    let (scene, ann, town) = connected().await;
    scene.asks(&ann, &town, "/zoom disconnect").await;
    let told = scene.asks(&ann, &town, "/zoom start Standup").await;
    assert!(told.contains(LINK), "{told}");
    let key = format!("zoomtoken_{ann}");
    lags(&scene, &key, 1000);
    let mark = scene.api.world().ephemerals.len();
    let page = scene.consents(&ann).await;
    assert_eq!(page.status, 200, "{}", body_of(&page));
    let told: String = scene
        .told_since(mark)
        .iter()
        .map(|told| told.text())
        .collect();
    assert!(!told.contains(LINK), "{told}");
    let post = scene.posts(&town).pop().unwrap();
    assert_eq!(props(&post)["meeting_topic"], "Standup");
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_the_organizations_new_record_is_passed_on_too() {
    let scene = Scene::with(json!({"accountlevelapp": true})).await;
    let root = scene.administrator("root");
    let town = scene.channel("town", &[&root]);
    scene.connects(&root, &town).await;
    let form = scene.types(&root, &town, "/zoom settings").await;
    assert_eq!(scene.press(&form[0], "No").await.status, 200);
    scene.asks(&root, &town, "/zoom disconnect").await;
    let told = scene.asks(&root, &town, "/zoom start Standup").await;
    assert!(told.contains(LINK), "{told}");
    lags(&scene, "zoomSuperUserToken_", 1000);
    assert_eq!(scene.consents(&root).await.status, 200);
    assert_eq!(scene.posts(&town).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_users_are_asked_to_connect_only_if_absence_is_confirmed() {
    let (scene, ann, town) = connected().await;
    let key = format!("zoomtoken_{ann}");
    for command in ["/zoom start", "/zoom connect", "/zoom settings"] {
        lags(&scene, &key, LONG);
        let told = scene.types(&ann, &town, command).await;
        let told: String = told.iter().map(|told| told.text()).collect();
        assert!(!told.contains(LINK), "{command}: {told}");
        assert!(is_current(&scene), "{command} has seen all that is old");
        end_meetings(&scene).await;
    }
    assert_eq!(scene.zoom.meetings().len(), 1);
    // Without a connection the user gets the link, and the proof is removed.
    scene.asks(&ann, &town, "/zoom disconnect").await;
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains(LINK), "{told}");
    assert!(scene.api.world().stored(&key).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_disconnecting_finds_a_record_that_reads_as_absent() {
    let (scene, ann, town) = connected().await;
    lags(&scene, &format!("zoomtoken_{ann}"), LONG);
    let told = scene.asks(&ann, &town, "/zoom disconnect").await;
    assert!(told.contains("is disconnected"), "{told}");
    assert_eq!(scene.zoom.count(Route::Revoke), 1);
    assert!(!scene.is_connected(&ann));
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_a_lagging_replica_does_not_ask_users_to_connect_again() {
    let (scene, ann, town) = connected().await;
    lags(&scene, &format!("zoomtoken_{ann}"), 1000);
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(
        told.contains("could not complete this action") && !told.contains(LINK),
        "{told}"
    );
    scene.api.world().behind.clear();
    starts(&scene, &ann, &town).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_a_new_link_is_valid_although_the_replica_lags_behind() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let key = format!("zoomuserstate_{ann}");
    // The list is absent, or lacks the newest entry.
    for first in [true, false] {
        if first {
            scene.asks(&ann, &town, "/zoom connect").await;
            lags(&scene, &key, LONG);
        } else {
            let old = scene.api.world().stored(&key).unwrap().to_vec();
            scene.asks(&ann, &town, "/zoom connect").await;
            let behind = vec![old; LONG];
            scene.api.world().behind.insert(key.clone(), behind);
        }
        let link = scene.connect_link(&ann);
        let away = scene.request("GET", &link, Some(&ann), "").await;
        assert_eq!(away.status, 302, "{}", body_of(&away));
        assert!(is_current(&scene));
    }
}

/// The state is stored before Zoom's page is shown, but the response may read a list without it.
#[tokio::test(flavor = "multi_thread")]
async fn f30_a_callback_is_accepted_although_the_replica_lags_behind() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene
        .zoom
        .sign_in_as(scene.zoom.user("ann@example.com").unwrap());
    scene.asks(&ann, &town, "/zoom connect").await;
    let link = scene.connect_link(&ann);
    stays(&scene, &format!("zoomuserstate_{ann}"), LONG);
    assert_eq!(scene.consents_by(&ann, &link).await.status, 200);
    assert!(scene.is_connected(&ann));
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_deauthorization_finds_users_who_have_just_connected() {
    let (scene, ann, _) = connected().await;
    let zoom_id = scene.zoom.user("ann@example.com").unwrap().id;
    for key in [
        format!("zoomtoken_{ann}"),
        format!("zoomtokenbyzoomid_{zoom_id}"),
    ] {
        lags(&scene, &key, 3);
    }
    let event = json!({"event": "app_deauthorized", "payload": {
        "account_id": ACCOUNT, "user_id": zoom_id, "signature": "s",
        "client_id": scene.zoom.app().client_id, "user_data_retention": null,
        "deauthorization_time": "2099-01-01T00:00:00Z",
    }});
    let webhook = scene.zoom.webhook_with(event.to_string());
    assert_eq!(scene.delivers(&webhook).await.status, 200);
    assert!(!scene.is_connected(&ann));
}

/// Bob has just connected Ann's Zoom account. When Ann disconnects, his record is not in the replica yet.
#[tokio::test(flavor = "multi_thread")]
async fn f30_a_grant_that_another_user_has_just_taken_over_is_not_revoked() {
    let (scene, ann, town) = connected().await;
    let bob = scene.person("bob");
    scene.joins(&bob, &town);
    let shared = scene.zoom.user("ann@example.com").unwrap();
    scene.asks(&bob, &town, "/zoom connect").await;
    scene.zoom.sign_in_as(shared.clone());
    assert_eq!(scene.consents(&bob).await.status, 200);
    lags(&scene, &format!("zoomtoken_{bob}"), LONG);
    scene.asks(&ann, &town, "/zoom disconnect").await;
    assert_eq!(scene.zoom.count(Route::Revoke), 0);
    let copy = format!("zoomtokenbyzoomid_{}", shared.id);
    let copy = crate::support::json_of(&scene, &copy);
    assert_eq!(copy["UserID"], bob.as_str());
    scene.asks(&bob, &town, "/zoom disconnect").await;
    assert_eq!(scene.zoom.count(Route::Revoke), 1);
}

/// Every read comes from a replica that is a second behind, from the first link to the last disconnect.
#[tokio::test(flavor = "multi_thread")]
async fn f30_connecting_starting_and_disconnecting_work_with_a_replica_that_is_a_second_behind() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    scene.asks(&ann, &town, "/zoom disconnect").await;
    scene.api.world().lag = 1000;
    let told = scene.asks(&ann, &town, "/zoom start Standup").await;
    assert!(told.contains(LINK), "{told}");
    let page = scene.consents(&ann).await;
    assert_eq!(page.status, 200, "{}", body_of(&page));
    let post = scene.posts(&town).pop().unwrap();
    assert_eq!(props(&post)["meeting_topic"], "Standup");
    let told = scene.asks(&ann, &town, "/zoom connect").await;
    assert!(told.contains("already connected"), "{told}");
    let told = scene.asks(&ann, &town, "/zoom disconnect").await;
    assert!(told.contains("is disconnected"), "{told}");
    assert!(!scene.is_connected(&ann));
}
