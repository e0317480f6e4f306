//! Connections that are left after the connection mode was changed.

use component_tests::scene::{Scene, Told};
use plugin_tests::zoom::{ACCOUNT, Route};
use serde_json::json;

use crate::support::starts;

const BUTTON: &str = "DeleteUnused";

/// Ann and Bob, who have connected their own Zoom accounts, and the administrator Root, in the channel `town`.
async fn user_managed() -> (Scene, [String; 3], String) {
    let scene = Scene::start().await;
    let (ann, bob) = (scene.person("ann"), scene.person("bob"));
    let root = scene.administrator("root");
    let town = scene.channel("town", &[&ann, &bob, &root]);
    for user in [&ann, &bob] {
        scene.connects_and_prefers(user, &town, "No").await;
    }
    (scene, [ann, bob, root], town)
}

async fn server_to_server(scene: &Scene) {
    scene.zoom.become_server_to_server();
    let settings = json!({"connectionmode": "server-to-server", "zoomaccountid": ACCOUNT});
    scene.change_settings(settings).await;
}

/// The message with the button, if the user gets one with `/zoom disconnect`.
async fn offered(scene: &Scene, user: &str, channel: &str) -> Option<Told> {
    let told = scene.types(user, channel, "/zoom disconnect").await;
    let mut told = told.into_iter();
    told.find(|told| told.text().contains("Unused Zoom connections"))
}

#[tokio::test(flavor = "multi_thread")]
async fn unused_connections_of_users_stay_until_a_system_admin_confirms() {
    let (scene, [ann, bob, root], town) = user_managed().await;
    server_to_server(&scene).await;
    assert!(offered(&scene, &ann, &town).await.is_none());
    let offer = offered(&scene, &root, &town).await.unwrap();
    assert!(
        offer.text().contains("2 people's own Zoom accounts"),
        "{}",
        offer.text()
    );
    scene.works().await;
    assert!(scene.is_connected(&ann) && scene.is_connected(&bob));
    // Back in the earlier mode, everything works as before.
    scene.zoom.become_general();
    scene
        .change_settings(json!({"connectionmode": "user-managed"}))
        .await;
    starts(&scene, &ann, &town).await;
    assert!(offered(&scene, &root, &town).await.is_none());
    server_to_server(&scene).await;
    let offer = offered(&scene, &root, &town).await.unwrap();
    assert_eq!(scene.press(&offer, BUTTON).await.status, 200);
    scene.works().await;
    assert!(!scene.is_connected(&ann) && !scene.is_connected(&bob));
    let keys = scene.api.world().keys();
    assert!(
        !keys.iter().any(|key| key.starts_with("zoomtoken")),
        "{keys:?}"
    );
    assert_eq!(scene.zoom.count(Route::Revoke), 2);
    assert!(offered(&scene, &root, &town).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_system_admin_confirms_and_only_for_the_mode_at_that_time() {
    let (scene, [ann, bob, root], town) = user_managed().await;
    server_to_server(&scene).await;
    let offer = offered(&scene, &root, &town).await.unwrap();
    let stolen = Told {
        reader: ann.clone(),
        ..offer.clone()
    };
    assert_eq!(scene.press(&stolen, BUTTON).await.status, 403);
    let roles = |roles: &str| {
        let mut world = scene.api.world();
        world.users.get_mut(&root).unwrap().roles = roles.to_owned();
    };
    roles("system_user");
    assert_eq!(scene.press(&offer, BUTTON).await.status, 403);
    roles("system_user system_admin");
    scene.works().await;
    assert!(scene.is_connected(&ann) && scene.is_connected(&bob));
    // The administrator goes back before the job runs.
    assert_eq!(scene.press(&offer, BUTTON).await.status, 200);
    scene.zoom.become_general();
    scene
        .change_settings(json!({"connectionmode": "user-managed"}))
        .await;
    scene.works().await;
    assert!(scene.is_connected(&ann) && scene.is_connected(&bob));
    assert!(scene.log().contains("was changed again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_organizations_unused_connection_is_deleted_after_a_confirmation() {
    let scene = Scene::with(json!({"connectionmode": "admin-managed"})).await;
    let root = scene.administrator("root");
    let town = scene.channel("town", &[&root]);
    scene.connects(&root, &town).await;
    scene
        .change_settings(json!({"connectionmode": "user-managed"}))
        .await;
    let offer = offered(&scene, &root, &town).await.unwrap();
    assert!(
        offer
            .text()
            .contains("organization's Zoom account is still"),
        "{}",
        offer.text()
    );
    let stored = |scene: &Scene| scene.api.world().stored("zoomSuperUserToken_").is_some();
    assert!(stored(&scene));
    assert_eq!(scene.press(&offer, BUTTON).await.status, 200);
    scene.works().await;
    assert!(!stored(&scene));
    assert_eq!(scene.zoom.count(Route::Revoke), 1);
}
