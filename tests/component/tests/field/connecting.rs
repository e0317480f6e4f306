//! F15 and F18: codes that are refused, users who cannot be read, and accounts that two people share.

use component_tests::scene::{SITE, Scene, body_of};
use plugin_tests::zoom::{DeadGrant, Fault, Refusal, Route, User};

use crate::support::{LINK, connected, issued, starts, status_for};

/// Ann, who has requested the link, and the page after a sign-in whose request to `route` fails.
async fn refused(route: Route, fault: Fault) -> (Scene, String, String) {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.asks(&ann, &town, "/zoom connect").await;
    scene.zoom.fail_next(route, fault);
    let page = scene.consents(&ann).await;
    assert_eq!(page.status, 502);
    assert!(!scene.is_connected(&ann));
    (scene, ann, body_of(&page))
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_a_redirect_address_that_zoom_does_not_know_is_named_on_the_page() {
    let redirect = format!("{SITE}/plugins/zoom/oauth2/complete");
    for fault in [
        Fault::dead_grant(DeadGrant::RedirectMismatch),
        Fault::Status(400, Vec::new(), r#"{"code":4709}"#.to_owned()),
    ] {
        let (scene, _, page) = refused(Route::Token, fault).await;
        assert!(
            page.contains(&redirect) && page.contains("OAuth Redirect URL"),
            "{page}"
        );
        assert!(scene.log().contains(&redirect), "{}", scene.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_a_disabled_app_names_the_zoom_administrator() {
    for reason in [DeadGrant::AppDisabled, DeadGrant::DisabledByAdmin] {
        let (scene, _, page) = refused(Route::Token, Fault::dead_grant(reason)).await;
        assert!(
            page.contains("disabled") && page.contains("administrator of your Zoom account"),
            "{page}"
        );
        assert!(scene.log().contains(reason.reason()), "{}", scene.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_an_expired_code_asks_the_user_to_connect_again() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.asks(&ann, &town, "/zoom connect").await;
    let back = on_the_way_back(&scene, &ann).await;
    scene.zoom.later(301);
    let page = scene.request("GET", &back, Some(&ann), "").await;
    let page = body_of(&page);
    assert!(
        page.contains("did not accept the sign-in") && page.contains("/zoom connect"),
        "{page}"
    );
    assert!(scene.log().contains("Code is expired"), "{}", scene.log());
    scene.connects(&ann, &town).await;
}

/// The address to which Zoom redirects the browser, relative to the plugin's root.
async fn on_the_way_back(scene: &Scene, user: &str) -> String {
    let link = scene.connect_link(user);
    on_the_way_back_by(scene, user, &link).await
}

async fn on_the_way_back_by(scene: &Scene, user: &str, link: &str) -> String {
    let away = scene.request("GET", link, Some(user), "").await;
    assert_eq!(away.status, 302, "{}", body_of(&away));
    let place = component_tests::scene::header_of(&away, "Location");
    let back = tokio::task::block_in_place(|| scene.zoom.consent(&place)).unwrap();
    let back = back.strip_prefix(&format!("{SITE}/plugins/zoom")).unwrap();
    back.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_a_grant_whose_user_cannot_be_read_is_revoked() {
    for (fault, says) in [
        (Fault::refusal(Refusal::NoScopes4711), "scopes"),
        (Fault::refusal(Refusal::Pending), "not activated"),
        (Fault::server_error(), "could not be reached"),
        (
            Fault::Status(200, Vec::new(), "{}".to_owned()),
            "unexpected response",
        ),
    ] {
        let (scene, _, page) = refused(Route::User, fault).await;
        assert!(page.contains(says), "{page}");
        assert_eq!(scene.zoom.count(Route::Revoke), 1);
        assert_eq!(status_for(&scene, &issued(&scene, "access_")), 401);
    }
}

/// Ann has two links. She connects with the first. With the second she signs in as another Zoom user who cannot be
/// read. Her connection stays.
#[tokio::test(flavor = "multi_thread")]
async fn f15_an_older_working_connection_is_kept() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.asks(&ann, &town, "/zoom connect").await;
    let second = scene.connect_link(&ann);
    scene.connects_and_prefers(&ann, &town, "No").await;
    let access = issued(&scene, "access_");
    scene.zoom.sign_in_as(User::new("other@example.com"));
    scene.zoom.fail_next(Route::User, Fault::server_error());
    let page = scene.consents_by(&ann, &second).await;
    assert_eq!(page.status, 502);
    assert_eq!(
        scene.zoom.count(Route::Revoke),
        1,
        "the new grant is revoked"
    );
    assert_eq!(status_for(&scene, &access), 200, "the old one is not");
    starts(&scene, &ann, &town).await;
    let told = scene.asks(&ann, &town, "/zoom connect").await;
    assert!(
        told.contains("already connected") && told.contains("ann@example.com"),
        "{told}"
    );
}

/// Ann and Bob, who have connected the same Zoom account. Bob connected last.
async fn sharing() -> (Scene, [String; 2], String, User) {
    let scene = Scene::start().await;
    let people = ["ann", "bob"].map(|name| scene.person(name));
    let town = scene.channel("town", &[&people[0], &people[1]]);
    let shared = scene.zoom.user("ann@example.com").unwrap();
    for person in &people {
        connects_as(&scene, person, &town, &shared).await;
        let form = scene.types(person, &town, "/zoom settings").await;
        assert_eq!(scene.press(&form[0], "No").await.status, 200);
    }
    (scene, people, town, shared)
}

async fn connects_as(scene: &Scene, person: &str, town: &str, user: &User) {
    let told = scene.asks(person, town, "/zoom connect").await;
    assert!(told.contains(LINK), "{told}");
    scene.zoom.sign_in_as(user.clone());
    assert_eq!(scene.consents(person).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_users_who_share_a_zoom_account_are_asked_to_connect_again() {
    let (scene, [ann, bob], town, _) = sharing().await;
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(
        told.contains(LINK),
        "the later authorization ended Ann's: {told}"
    );
    assert!(scene.log().contains("The token has been revoked."));
    starts(&scene, &bob, &town).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_each_of_two_users_of_one_zoom_account_can_disconnect_and_reconnect() {
    let (scene, [ann, bob], town, shared) = sharing().await;
    let told = scene.asks(&ann, &town, "/zoom disconnect").await;
    assert!(
        told.contains("is disconnected") && !told.contains("marketplace"),
        "{told}"
    );
    assert_eq!(scene.zoom.count(Route::Revoke), 0, "that would end Bob's");
    starts(&scene, &bob, &town).await;
    connects_as(&scene, &ann, &town, &shared).await;
    starts(&scene, &ann, &town).await;
    let told = scene.asks(&bob, &town, "/zoom start").await;
    assert!(
        told.contains(LINK),
        "now it is Bob who connects again: {told}"
    );
    let told = scene.asks(&bob, &town, "/zoom disconnect").await;
    assert!(told.contains("is disconnected"), "{told}");
    starts(&scene, &ann, &town).await;
    let told = scene.asks(&ann, &town, "/zoom disconnect").await;
    assert!(
        told.contains("is disconnected") && !told.contains("marketplace"),
        "{told}"
    );
    assert_eq!(
        scene.zoom.count(Route::Revoke),
        1,
        "the last one revokes the grant"
    );
    let left = scene.api.world().keys().into_iter();
    let left: Vec<_> = left.filter(|key| key.starts_with("zoomtoken")).collect();
    assert_eq!(left, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_the_same_person_may_authorize_again() {
    let (scene, ann, town) = connected().await;
    scene.asks(&ann, &town, "/zoom disconnect").await;
    scene.asks(&ann, &town, "/zoom connect").await;
    let first = scene.connect_link(&ann);
    scene.asks(&ann, &town, "/zoom connect").await;
    let second = scene.connect_link(&ann);
    for link in [first, second] {
        assert_eq!(scene.consents_by(&ann, &link).await.status, 200);
        starts(&scene, &ann, &town).await;
    }
}
