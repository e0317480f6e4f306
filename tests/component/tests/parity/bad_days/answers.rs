//! Answers of Zoom.

use component_tests::scene::{Scene, body_of};
use plugin_tests::zoom::{Fault, Route};

use crate::support::connected;

fn connection(scene: &Scene, user: &str) -> Vec<String> {
    let keys = scene.api.world().keys().into_iter();
    let of_user = |key: &String| key.starts_with("zoomtoken") || key.ends_with(user);
    keys.filter(|key| of_user(key) && key.contains("token"))
        .collect()
}

/// What is wrong with an answer of Zoom, and what the person may expect then.
fn bad_answers() -> [(Fault, &'static str); 6] {
    let text = |status, body: &str| Fault::Status(status, Vec::new(), body.to_owned());
    [
        (Fault::HangUp, "could not be reached"),
        (Fault::Half, "could not be reached"),
        (Fault::Flood(1 << 30), "makes no sense"),
        (text(200, "{\"access_token\":"), "makes no sense"),
        (text(503, "<html>down</html>"), "could not be reached"),
        (Fault::rate_limited(3600), "60 minutes"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn d22_d31_d40_each_bad_answer_to_a_start_is_told_and_the_next_start_works() {
    let (scene, ann, town) = connected().await;
    for (fault, says) in bad_answers() {
        scene.zoom.fail_next(Route::CreateMeeting, fault.clone());
        let told = scene.asks(&ann, &town, "/zoom start Standup").await;
        assert!(told.contains(says), "{fault:?}: {told}");
        assert!(scene.posts(&town).is_empty(), "{fault:?}");
    }
    let asked = scene.asks(&ann, &town, "/zoom start Standup").await;
    assert_eq!((asked.as_str(), scene.posts(&town).len()), ("", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_d22_d29_each_bad_answer_to_a_renewal_keeps_the_connection_or_leads_to_a_new_one() {
    for (fault, _) in bad_answers() {
        let (scene, ann, town) = connected().await;
        scene.zoom.expire_tokens();
        // A renewal of which half arrives is done at Zoom: what was stored is spent.
        let spent = matches!(fault, Fault::Half);
        scene.zoom.fail_next(Route::Token, fault.clone());
        let told = scene.asks(&ann, &town, "/zoom start Standup").await;
        assert!(
            !told.is_empty() && scene.posts(&town).is_empty(),
            "{fault:?}: {told}"
        );
        scene.later(60);
        let told = scene.asks(&ann, &town, "/zoom start Standup").await;
        assert_eq!(told.contains("/oauth2/connect"), spent, "{fault:?}: {told}");
        assert_eq!(scene.posts(&town).len(), usize::from(!spent), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zm048_d40_each_bad_answer_while_connecting_is_a_page_that_says_so() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let ann_at_zoom = scene.zoom.user("ann@example.com").unwrap();
    scene.zoom.sign_in_as(ann_at_zoom);
    for route in [Route::Token, Route::User] {
        for (fault, _) in bad_answers() {
            scene.types(&ann, &town, "/zoom connect").await;
            scene.zoom.fail_next(route, fault.clone());
            let page = scene.consents(&ann).await;
            assert!(page.status >= 400, "{route:?} {fault:?}: {}", page.status);
            assert!(body_of(&page).contains("Zoom"), "{route:?} {fault:?}");
            assert_eq!(connection(&scene, &ann), [""; 0], "{route:?} {fault:?}");
        }
    }
    scene.connects(&ann, &town).await;
}
