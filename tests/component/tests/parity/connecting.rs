//! Connecting and disconnecting a user's own Zoom account.

use component_tests::scene::{SITE, Scene, body_of, header_of};
use plugin_tests::zoom::{Fault, Route, User};

use crate::fault_injection::{FAULTS, everywhere};
use crate::order::in_order;
use crate::support::{connected, issued, json_of, prefers, status_for, text_of};

const LINK: &str = "/plugins/zoom/oauth2/connect";

#[tokio::test(flavor = "multi_thread")]
async fn zm021_zm048_zm054_d17_connecting_stores_both_records_without_a_token_in_clear() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects(&ann, &town).await;
    let told = scene.api.world().ephemerals.last().unwrap().1.clone();
    let connected = "Your Zoom account ann@example.com is connected";
    assert!(told.message.contains(connected) && told.channel_id == town);
    let zoom_id = scene.zoom.user("ann@example.com").unwrap().id;
    let own = text_of(&scene, &format!("zoomtoken_{ann}"));
    let copy = text_of(&scene, &format!("zoomtokenbyzoomid_{zoom_id}"));
    assert_eq!(own, copy);
    for secret in scene.zoom.secrets() {
        assert!(!own.contains(&secret));
    }
    let record = json_of(&scene, &format!("zoomtoken_{ann}"));
    assert_eq!(record["ZoomEmail"], "ann@example.com");
    assert_eq!(record["ZoomID"], zoom_id.as_str());
    let told = scene.asks(&ann, &town, "/zoom connect").await;
    assert!(
        told.contains("already connected") && told.contains("ann@example.com"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm043_zm044_zm045_zm047_a_state_is_random_and_lasts_five_minutes() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.asks(&ann, &town, "/zoom connect").await;
    let first = scene.connect_link(&ann);
    scene.asks(&ann, &town, "/zoom connect").await;
    let second = scene.connect_link(&ann);
    assert_ne!(first, second, "each request has a link of its own");
    let away = scene.request("GET", &second, Some(&ann), "").await;
    assert_eq!(away.status, 302);
    let place = header_of(&away, "Location");
    assert!(
        place.starts_with(&format!("{}/oauth/authorize?", scene.zoom.url())),
        "{place}"
    );
    assert!(
        place.contains("code_challenge_method=S256") && !place.contains("scope="),
        "{place}"
    );
    let begun = json_of(&scene, &format!("zoomuserstate_{ann}"))["begun"][1].clone();
    let [nonce, verifier] = ["nonce", "verifier"].map(|name| begun[name].as_str().unwrap());
    assert!(nonce.len() >= 22, "128 bits are 22 characters");
    assert!(place.contains(nonce) && !place.contains(verifier));
    scene.later(301);
    for link in [&first, &second] {
        let late = scene.request("GET", link, Some(&ann), "").await;
        assert_eq!(late.status, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zm046_zm051_zm052_actions_that_need_a_connection_offer_the_link() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    for command in ["/zoom start Standup", "/zoom settings"] {
        let told = scene.asks(&ann, &town, command).await;
        assert!(told.contains(LINK), "{command}: {told}");
    }
    let body = format!(r#"{{"channel_id":"{town}","topic":"Review"}}"#);
    let answer = scene
        .request("POST", "/api/v1/meetings", Some(&ann), &body)
        .await;
    assert_eq!(body_of(&answer), r#"{"meeting_url":""}"#);
    let begun = json_of(&scene, &format!("zoomuserstate_{ann}"))["begun"].clone();
    let state = begun.as_array().unwrap().last().unwrap();
    assert_eq!(
        (&state["channel_id"], &state["topic"]),
        (&town.into(), &"Review".into())
    );
}

/// The browser's flow for a user. Returns the address of the redirect back.
async fn back_from_zoom(scene: &Scene, user: &str) -> String {
    let away = scene
        .request("GET", &scene.connect_link(user), Some(user), "")
        .await;
    let place = header_of(&away, "Location");
    let back = tokio::task::block_in_place(|| scene.zoom.consent(&place)).unwrap();
    back.strip_prefix(&format!("{SITE}/plugins/zoom"))
        .unwrap()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn zm048_d10_a_state_works_only_for_the_user_who_began_it() {
    let scene = Scene::start().await;
    let (ann, eve) = (scene.person("ann"), scene.person("eve"));
    let town = scene.channel("town", &[&ann, &eve]);
    for user in [&ann, &eve] {
        scene.asks(user, &town, "/zoom connect").await;
    }
    let back = back_from_zoom(&scene, &eve).await;
    assert_eq!(
        scene.request("GET", &back, Some(&ann), "").await.status,
        401
    );
    assert_eq!(scene.request("GET", &back, None, "").await.status, 401);
    let code = back.split('&').find(|part| part.contains("code=")).unwrap();
    let code = code.rsplit('?').next().unwrap();
    for query in [
        code.to_owned(),
        format!("{code}&state="),
        format!("{code}&state=x"),
    ] {
        let answer = scene
            .request("GET", &format!("/oauth2/complete?{query}"), Some(&eve), "")
            .await;
        assert_eq!(answer.status, 401, "{query}");
    }
    assert_eq!(scene.zoom.count(Route::Token), 0, "no code was spent");
    // The state is kept and works exactly once.
    assert_eq!(
        scene.request("GET", &back, Some(&eve), "").await.status,
        200
    );
    assert_eq!(
        scene.request("GET", &back, Some(&eve), "").await.status,
        400
    );
    assert_eq!(scene.zoom.count(Route::Token), 1);
    assert!(!scene.is_connected(&ann));
}

#[tokio::test(flavor = "multi_thread")]
async fn zm048_one_state_is_used_by_one_of_two_nodes() {
    let scene = Scene::start().await;
    let other = scene.another_node().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.asks(&ann, &town, "/zoom connect").await;
    let back = back_from_zoom(&scene, &ann).await;
    let (one, two) = tokio::join!(
        scene.request("GET", &back, Some(&ann), ""),
        other.request("GET", &back, Some(&ann), ""),
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert_eq!(scene.zoom.count(Route::Token), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm048_d51_declining_and_expired_states_are_explained() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let late = scene
        .request("GET", "/oauth2/connect", Some(&ann), "")
        .await;
    assert_eq!(
        (late.status, header_of(&late, "Location")),
        (400, String::new())
    );
    assert!(body_of(&late).contains("/zoom connect"));
    scene.asks(&ann, &town, "/zoom connect").await;
    scene.zoom.decline_next();
    let page = scene.consents(&ann).await;
    assert_eq!(page.status, 200);
    let page = body_of(&page);
    assert!(
        page.contains("did not allow access") && page.contains("/zoom connect"),
        "{page}"
    );
    // Opens the page again, after its state was removed.
    let url = "/oauth2/complete?error=access_denied&state=x";
    let again = scene.request("GET", url, Some(&ann), "").await;
    assert_eq!((again.status, body_of(&again)), (200, page));
    assert!(!scene.is_connected(&ann));
}

#[tokio::test(flavor = "multi_thread")]
async fn zm108_d40_d50_a_refused_code_has_a_sentence_without_zooms_message() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let raw = "raw-upstream-words-7d";
    for (route, status, body, says) in [
        (
            Route::Token,
            400,
            r#"{"error":"invalid_grant","reason":"raw-upstream-words-7d"}"#,
            "/zoom connect",
        ),
        (
            Route::Token,
            401,
            r#"{"error":"invalid_client","reason":"raw-upstream-words-7d"}"#,
            "Zoom OAuth client ID",
        ),
        (
            Route::Token,
            500,
            "raw-upstream-words-7d",
            "could not be reached",
        ),
        (
            Route::User,
            400,
            r#"{"code":4711,"message":"raw-upstream-words-7d"}"#,
            "required scopes",
        ),
        (
            Route::User,
            418,
            r#"{"code":1,"message":"raw-upstream-words-7d"}"#,
            "refused the request",
        ),
    ] {
        scene.asks(&ann, &town, "/zoom connect").await;
        scene
            .zoom
            .fail_next(route, Fault::Status(status, Vec::new(), body.to_owned()));
        let page = scene.consents(&ann).await;
        assert_eq!(page.status, 502, "{body}");
        assert!(header_of(&page, "Content-Type").starts_with("text/html"));
        let page = body_of(&page);
        assert!(page.contains(says) && !page.contains(raw), "{page}");
        assert!(!scene.is_connected(&ann));
    }
    assert!(
        !scene.log().contains(raw),
        "nor does the log repeat a word that may be a secret"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm048_the_page_closes_itself_and_says_what_to_do_otherwise() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.asks(&ann, &town, "/zoom connect").await;
    let page = scene.consents(&ann).await;
    let page = body_of(&page);
    assert!(
        page.contains("window.close()") && page.contains("close this window"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm022_d47_disconnecting_deletes_everything_and_revokes_the_grant() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let told = scene.asks(&ann, &town, "/zoom disconnect").await;
    assert!(told.contains("not connected"), "{told}");
    scene.connects(&ann, &town).await;
    let access = issued(&scene, "access_");
    let told = scene.asks(&ann, &town, "/zoom disconnect").await;
    assert!(
        told.contains("is disconnected") && !told.contains("marketplace"),
        "{told}"
    );
    let keys = scene.api.world().keys();
    let of_connection = |key: &&String| {
        key.starts_with("zoomtoken")
            || key.starts_with("zoomuserstate")
            || key.starts_with("refresh_lease")
    };
    assert_eq!(keys.iter().find(of_connection), None);
    let status = status_for(&scene, &access);
    assert_eq!(status, 401, "Zoom knows the token no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm022_d47_an_expired_token_is_refreshed_to_revoke_the_grant() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects(&ann, &town).await;
    scene.zoom.expire_tokens();
    let told = scene.asks(&ann, &town, "/zoom disconnect").await;
    assert!(!told.contains("marketplace"), "{told}");
    assert_eq!(
        scene.zoom.count(Route::Revoke),
        2,
        "refused with the old token, taken with the new one"
    );
    assert_eq!(scene.zoom.count(Route::Token), 2);
    // If Zoom ended the grant itself, there is nothing to revoke.
    scene.connects(&ann, &town).await;
    scene.zoom.withdraw_grants();
    let told = scene.asks(&ann, &town, "/zoom disconnect").await;
    assert!(!told.contains("marketplace"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm022_d47_d61_the_records_are_deleted_whatever_zoom_answers() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects(&ann, &town).await;
    scene.zoom.fail_next(Route::Revoke, Fault::server_error());
    let told = scene.asks(&ann, &town, "/zoom disconnect").await;
    assert!(
        told.contains("marketplace.zoom.us"),
        "the user can do it there: {told}"
    );
    let keys = scene.api.world().keys();
    assert!(
        !keys.iter().any(|key| key.starts_with("zoomtoken")),
        "{keys:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm050_d48_two_people_share_a_zoom_account_and_one_leaves() {
    let scene = Scene::start().await;
    let (ann, bob) = (scene.person("ann"), scene.person("bob"));
    let town = scene.channel("town", &[&ann, &bob]);
    let shared = scene.zoom.user("ann@example.com").unwrap();
    for user in [&ann, &bob] {
        scene.asks(user, &town, "/zoom connect").await;
        scene.zoom.sign_in_as(shared.clone());
        assert_eq!(scene.consents(user).await.status, 200);
    }
    let copy = format!("zoomtokenbyzoomid_{}", shared.id);
    assert_eq!(json_of(&scene, &copy)["UserID"], bob.as_str());
    scene.asks(&bob, &town, "/zoom disconnect").await;
    assert_eq!(
        json_of(&scene, &copy)["UserID"],
        ann.as_str(),
        "the record leads to who is left"
    );
    assert_eq!(scene.zoom.count(Route::Revoke), 0, "the grant is Ann's too");
    // Bob's authorization ended Ann's at Zoom, so she connects again.
    scene.connects(&ann, &town).await;
    prefers(&scene, &ann, &town, "No").await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    scene.asks(&ann, &town, "/zoom disconnect").await;
    assert!(scene.api.world().stored(&copy).is_none());
    assert_eq!(scene.zoom.count(Route::Revoke), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm048_zm054_connecting_another_zoom_account_removes_the_first() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let first = scene.zoom.user("ann@example.com").unwrap();
    scene.asks(&ann, &town, "/zoom connect").await;
    let again = scene.another_node().await;
    scene.zoom.sign_in_as(first.clone());
    scene.consents(&ann).await;
    scene.zoom.withdraw_grants();
    again.asks(&ann, &town, "/zoom connect").await;
    let second = User::new("ann@elsewhere.example");
    scene.zoom.sign_in_as(second.clone());
    assert_eq!(scene.consents(&ann).await.status, 200);
    let world = scene.api.world();
    assert!(
        world
            .stored(&format!("zoomtokenbyzoomid_{}", first.id))
            .is_none()
    );
    assert!(
        world
            .stored(&format!("zoomtokenbyzoomid_{}", second.id))
            .is_some()
    );
}

/// The records of connections.
fn connections(scene: &Scene) -> Vec<String> {
    let keys = scene.api.world().keys().into_iter();
    keys.filter(|key| key.starts_with("zoomtoken")).collect()
}

/// After any failure while a user connects, Zoom's events find the user of every connection, the next attempt works,
/// and disconnecting ends the connection.
#[tokio::test(flavor = "multi_thread")]
async fn zm048_zm054_d61_connecting_succeeds_or_can_be_repeated_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let scene = Scene::start().await;
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&ann]);
        let ann_at_zoom = scene.zoom.user("ann@example.com").unwrap();
        scene.zoom.sign_in_as(ann_at_zoom);
        scene.asks(&ann, &town, "/zoom connect").await;
        case.begins(&scene);
        let page = scene.consents(&ann).await;
        let scene = case.ends(scene).await;
        assert!(
            page.status == 200 || page.status >= 400 || case.is_crash(),
            "{case}: {}",
            page.status
        );
        let is_connected = connections(&scene).contains(&format!("zoomtoken_{ann}"));
        assert!(
            is_connected || page.status != 200,
            "{case}: it says that it is"
        );
        if is_connected {
            in_order(&scene, case);
        } else {
            scene.connects(&ann, &town).await;
        }
        in_order(&scene, case);
        scene.types(&ann, &town, "/zoom disconnect").await;
        assert_eq!(connections(&scene), [""; 0], "{case}");
    })
    .await;
}

/// After any failure while a user disconnects, the user gets a message, and the next attempt ends the connection, also
/// at Zoom.
#[tokio::test(flavor = "multi_thread")]
async fn zm022_d47_d61_disconnecting_succeeds_or_can_be_repeated_after_any_failure() {
    everywhere(&FAULTS, async |case| {
        let (scene, ann, town) = connected().await;
        case.begins(&scene);
        let told = scene.types(&ann, &town, "/zoom disconnect").await;
        let scene = case.ends(scene).await;
        assert!(!told.is_empty() || case.is_crash(), "{case}");
        scene.later(60);
        let again = scene.types(&ann, &town, "/zoom disconnect").await;
        // Zoom has revoked the grant, or the message says that the grant may still exist.
        let is_revoked = scene.zoom.count(Route::Revoke) > 0;
        let mut all = told.iter().chain(&again);
        let is_told = all.any(|told| told.text().contains("marketplace.zoom.us"));
        assert!(is_revoked || is_told || case.is_crash(), "{case}");
        assert_eq!(connections(&scene), [""; 0], "{case}");
        in_order(&scene, case);
        scene.connects(&ann, &town).await;
    })
    .await;
}

/// A connection that was started in another tab before the user disconnected does not connect the user again.
#[tokio::test(flavor = "multi_thread")]
async fn zm022_begun_authorizations_end_with_the_connection() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.asks(&ann, &town, "/zoom connect").await;
    let key = format!("zoomuserstate_{ann}");
    let begun = scene.api.world().stored(&key).unwrap().to_vec();
    scene.connects(&ann, &town).await;
    scene.api.world().store(&key, begun);
    scene.asks(&ann, &town, "/zoom disconnect").await;
    assert_eq!(scene.api.world().stored(&key), None);
}
