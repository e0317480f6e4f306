//! F31 and F32: the links to connect a Zoom account.

use component_tests::scene::{SITE, Scene, WEBHOOK_SECRET, body_of, header_of, props};
use plugin_tests::zoom::{ACCOUNT, Route};
use serde_json::json;

use crate::support::{json_of, visits};

#[tokio::test(flavor = "multi_thread")]
async fn f31_a_browser_without_a_session_is_asked_to_sign_in_and_to_open_the_link_again() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.asks(&ann, &town, "/zoom connect").await;
    let link = scene.connect_link(&ann);
    let before = json_of(&scene, &format!("zoomuserstate_{ann}"));
    let page = visits(&scene, &link, &[]).await;
    assert_eq!(page.status, 401);
    assert!(header_of(&page, "Content-Type").starts_with("text/html"));
    assert_eq!(header_of(&page, "Cache-Control"), "no-store");
    let body = body_of(&page);
    let sign_in =
        format!("<a href=\"{SITE}/login\" target=\"_blank\" rel=\"noopener noreferrer\">");
    assert!(body.contains(&sign_in), "{body}");
    assert!(
        body.contains("<a href=\"\">Open this link again</a>"),
        "{body}"
    );
    assert!(
        !body.contains("redirect_to") && !body.contains("<script"),
        "{body}"
    );
    assert_eq!(json_of(&scene, &format!("zoomuserstate_{ann}")), before);
    // Signed in, the same link works.
    assert_eq!(scene.consents_by(&ann, &link).await.status, 200);
    assert!(scene.is_connected(&ann));
}

#[tokio::test(flavor = "multi_thread")]
async fn f31_the_callback_without_a_session_uses_the_browsers_language() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.asks(&ann, &town, "/zoom connect").await;
    let back = way_back(&scene, &ann, &scene.connect_link(&ann)).await;
    let page = visits(
        &scene,
        &back,
        &[("Accept-Language", "de-AT,de;q=0.9,en;q=0.8")],
    )
    .await;
    let body = body_of(&page);
    assert_eq!(page.status, 401);
    assert!(
        body.contains("lang=\"de\"") && body.contains("anmelden"),
        "{body}"
    );
    assert!(body.contains("<a href=\"\">"), "{body}");
    for secret in scene.zoom.secrets() {
        assert!(
            !body.contains(&secret),
            "nothing of the address is repeated"
        );
    }
    assert_eq!(scene.zoom.count(Route::Token), 0);
    let page = scene.request("GET", &back, Some(&ann), "").await;
    assert_eq!(page.status, 200, "the code was not spent");
}

async fn way_back(scene: &Scene, user: &str, link: &str) -> String {
    let away = scene.request("GET", link, Some(user), "").await;
    assert_eq!(away.status, 302, "{}", body_of(&away));
    let place = header_of(&away, "Location");
    let back = tokio::task::block_in_place(|| scene.zoom.consent(&place)).unwrap();
    back.strip_prefix(&format!("{SITE}/plugins/zoom"))
        .unwrap()
        .to_owned()
}

/// Types `/zoom start` in a channel and returns the link.
async fn begins(scene: &Scene, user: &str, channel: &str, topic: &str) -> String {
    let told = scene
        .asks(user, channel, &format!("/zoom start {topic}"))
        .await;
    component_tests::scene::link_in(&told).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn f32_both_links_of_two_starts_work_in_either_order() {
    for swapped in [false, true] {
        let scene = Scene::start().await;
        let ann = scene.person("ann");
        let (town, club) = (
            scene.channel("town", &[&ann]),
            scene.channel("club", &[&ann]),
        );
        scene.connects_and_prefers(&ann, &town, "No").await;
        scene.asks(&ann, &town, "/zoom disconnect").await;
        let mut links = [
            (begins(&scene, &ann, &town, "First").await, &town, "First"),
            (begins(&scene, &ann, &club, "Second").await, &club, "Second"),
        ];
        assert_ne!(links[0].0, links[1].0);
        if swapped {
            links.reverse();
        }
        // Both Zoom pages are open before the user responds to either.
        let [one, two] = [&links[0], &links[1]];
        let backs = [
            way_back(&scene, &ann, &one.0).await,
            way_back(&scene, &ann, &two.0).await,
        ];
        for ((_, channel, topic), back) in links.iter().zip(&backs) {
            let page = scene.request("GET", back, Some(&ann), "").await;
            assert_eq!(page.status, 200, "{topic}: {}", body_of(&page));
            let post = scene.posts(channel).pop().unwrap();
            assert_eq!(props(&post)["meeting_topic"], *topic);
        }
        for back in &backs {
            let again = scene.request("GET", back, Some(&ann), "").await;
            assert_eq!(again.status, 400, "each works once");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f32_a_link_contains_only_random_bits() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let first = begins(&scene, &ann, &town, "Secret plans").await;
    let second = begins(&scene, &ann, &town, "Secret plans").await;
    for link in [&first, &second] {
        let name = link.strip_prefix("/oauth2/connect?link=").unwrap();
        assert_eq!(name.len(), 22, "128 bits in base64");
        assert!(!link.contains("Secret") && !link.contains(&town), "{link}");
    }
    assert_ne!(first, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn f32_a_user_has_at_most_five_links() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let mut links = Vec::new();
    for number in 0..6 {
        links.push(begins(&scene, &ann, &town, &format!("Topic {number}")).await);
    }
    let mut status = Vec::new();
    for link in &links {
        status.push(scene.request("GET", link, Some(&ann), "").await.status);
    }
    assert_eq!(status, [400, 302, 302, 302, 302, 302]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f32_a_link_is_good_for_its_user_and_for_five_minutes_each_time() {
    let scene = Scene::start().await;
    let (ann, eve) = (scene.person("ann"), scene.person("eve"));
    let town = scene.channel("town", &[&ann, &eve]);
    let link = begins(&scene, &ann, &town, "").await;
    begins(&scene, &eve, &town, "").await;
    for (user, url) in [
        (&eve, link.as_str()),
        (&ann, "/oauth2/connect"),
        (&ann, "/oauth2/connect?link="),
        (&ann, "/oauth2/connect?link=AAAAAAAAAAAAAAAAAAAAAA"),
    ] {
        let page = scene.request("GET", url, Some(user), "").await;
        assert_eq!(page.status, 400, "{url}");
        assert!(body_of(&page).contains("/zoom connect"));
    }
    // Opening the link begins five minutes for Zoom's page.
    scene.later(290);
    let back = way_back(&scene, &ann, &link).await;
    scene.later(290);
    assert_eq!(
        scene.request("GET", &back, Some(&ann), "").await.status,
        200
    );
    let link = begins(&scene, &eve, &town, "").await;
    scene.later(301);
    let page = scene.request("GET", &link, Some(&eve), "").await;
    assert_eq!(page.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn f32_disconnecting_and_deauthorization_delete_all_begun_authorizations() {
    for by_zoom in [false, true] {
        let scene = Scene::start().await;
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&ann]);
        let links = [
            begins(&scene, &ann, &town, "One").await,
            begins(&scene, &ann, &town, "Two").await,
        ];
        scene.connects(&ann, &town).await;
        if by_zoom {
            let user = scene.zoom.user("ann@example.com").unwrap();
            let event = json!({"event": "app_deauthorized", "payload": {
                "account_id": ACCOUNT, "user_id": user.id, "signature": "s",
                "client_id": scene.zoom.app().client_id, "user_data_retention": null,
                "deauthorization_time": "2099-01-01T00:00:00Z",
            }});
            let webhook = scene.zoom.webhook_with(event.to_string());
            let url = format!("/deauthorization?secret={WEBHOOK_SECRET}");
            assert_eq!(scene.delivers_to(&url, &webhook).await.status, 200);
        } else {
            scene.asks(&ann, &town, "/zoom disconnect").await;
        }
        for link in &links {
            let page = scene.request("GET", link, Some(&ann), "").await;
            assert_eq!(page.status, 400);
        }
    }
}

/// Two nodes and two tabs at once: no connection attempt is lost, and each response is accepted once.
#[tokio::test(flavor = "multi_thread")]
async fn f32_links_that_are_made_at_the_same_time_on_two_nodes_all_work() {
    let scene = Scene::start().await;
    let other = scene.another_node().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let begin = |node: &Scene| {
        let (ann, town) = (ann.clone(), town.clone());
        let plugin = std::sync::Arc::clone(&node.plugin);
        async move {
            let args = mattermost_plugin_rpc::mattermost::CommandArgs {
                command: "/zoom connect".to_owned(),
                user_id: ann,
                channel_id: town,
                ..Default::default()
            };
            plugin.command(args).await
        }
    };
    let (one, two, three, four) =
        tokio::join!(begin(&scene), begin(&other), begin(&scene), begin(&other));
    for made in [one, two, three, four] {
        assert!(made.is_ok());
    }
    let told = scene.told_since(0);
    let links: Vec<_> = told
        .iter()
        .filter_map(|told| component_tests::scene::link_in(&told.text()))
        .collect();
    assert_eq!(links.len(), 4);
    for link in &links {
        assert_eq!(scene.request("GET", link, Some(&ann), "").await.status, 302);
    }
}
