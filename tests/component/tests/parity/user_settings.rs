//! The plugin's part of the user settings in Mattermost.

use component_tests::scene::{SITE, Scene, body_of, header_of};
use mattermost_plugin_rpc::mattermost::HttpRequest;
use plugin_host::Reply;
use plugin_tests::zoom::User;
use serde_json::{Value, json};

use crate::support::prefers;

const SETTINGS: &str = "/api/v1/settings";
const CONNECT: &str = "/api/v1/settings/connect";
const DISCONNECT: &str = "/api/v1/settings/disconnect";
const MEETING_ID: &str = "/api/v1/settings/meeting_id";

fn json_in(reply: &Reply) -> Value {
    serde_json::from_str(&body_of(reply)).unwrap()
}

async fn settings_of(scene: &Scene, user: &str) -> Value {
    let reply = scene.request("GET", SETTINGS, Some(user), "").await;
    assert_eq!(reply.status, 200, "{}", body_of(&reply));
    assert_eq!(header_of(&reply, "Cache-Control"), "no-store");
    json_in(&reply)
}

/// Connects from the settings. Returns the page at the end.
async fn connects(scene: &Scene, user: &str) -> Reply {
    let reply = scene.request("POST", CONNECT, Some(user), "{}").await;
    assert_eq!(reply.status, 200, "{}", body_of(&reply));
    let url = json_in(&reply)["url"].as_str().unwrap().to_owned();
    let link = url.strip_prefix(&format!("{SITE}/plugins/zoom")).unwrap();
    scene.consents_by(user, link).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_connects_and_disconnects_in_the_settings() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let before = settings_of(&scene, &ann).await;
    assert_eq!(
        before,
        json!({
            "for_everybody": false, "may_connect": true, "connected": false, "zoom_email": "",
            "problem": "", "meeting_id": "ask", "message": "",
        })
    );
    scene.zoom.sign_in_as(User::new("ann@zoom.example"));
    let page = connects(&scene, &ann).await;
    assert_eq!(page.status, 200);
    // No channel was open, so the page has the confirmation.
    assert!(
        body_of(&page).contains("ann@zoom.example"),
        "{}",
        body_of(&page)
    );
    assert!(scene.told_since(0).is_empty());
    let after = settings_of(&scene, &ann).await;
    assert_eq!(after["connected"], true);
    assert_eq!(after["zoom_email"], "ann@zoom.example");

    let reply = scene.request("POST", DISCONNECT, Some(&ann), "{}").await;
    assert_eq!(reply.status, 200);
    let told = json_in(&reply);
    assert_eq!(told["message"], "Your Zoom account is disconnected.");
    assert_eq!(
        (&told["connected"], &told["zoom_email"]),
        (&json!(false), &json!(""))
    );
    assert!(!scene.is_connected(&ann));
    assert_eq!(settings_of(&scene, &ann).await["connected"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kind_of_meeting_id_is_the_one_of_the_command() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects(&ann, &town).await;
    for (button, chosen) in [("Yes", "personal"), ("No", "unique"), ("Ask", "ask")] {
        prefers(&scene, &ann, &town, button).await;
        assert_eq!(settings_of(&scene, &ann).await["meeting_id"], chosen);
    }
    let body = json!({"meeting_id": "unique"}).to_string();
    let reply = scene.request("POST", MEETING_ID, Some(&ann), &body).await;
    assert_eq!(reply.status, 200);
    assert_eq!(json_in(&reply)["meeting_id"], "unique");
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    assert_eq!(scene.zoom.meetings().len(), 1, "there was no question");
    for bad in [
        "",
        "null",
        "{}",
        r#"{"meeting_id":"true"}"#,
        r#"{"meeting_id":["ask"]}"#,
    ] {
        let reply = scene.request("POST", MEETING_ID, Some(&ann), bad).await;
        assert_eq!(reply.status, 400, "{bad}");
    }
    assert_eq!(settings_of(&scene, &ann).await["meeting_id"], "unique");
}

#[tokio::test(flavor = "multi_thread")]
async fn d01_at_the_account_level_only_a_system_admin_connects_and_disconnects() {
    let scene = Scene::with(json!({"accountlevelapp": true})).await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let member = settings_of(&scene, &ann).await;
    assert_eq!(
        (
            &member["for_everybody"],
            &member["may_connect"],
            &member["connected"]
        ),
        (&json!(true), &json!(false), &json!(false))
    );
    scene.zoom.sign_in_as(User::new("root@example.com"));
    assert_eq!(connects(&scene, &root).await.status, 200);
    let admin = settings_of(&scene, &root).await;
    assert_eq!(
        (&admin["may_connect"], &admin["zoom_email"]),
        (&json!(true), &json!("root@example.com"))
    );
    let member = settings_of(&scene, &ann).await;
    assert_eq!(
        (&member["connected"], &member["zoom_email"]),
        (&json!(true), &json!(""))
    );
    for path in [CONNECT, DISCONNECT] {
        let reply = scene.request("POST", path, Some(&ann), "{}").await;
        assert_eq!(reply.status, 403, "{path}");
        let told = json_in(&reply)["error"].as_str().unwrap().to_owned();
        assert!(
            told.starts_with("Only a system admin can connect"),
            "{told}"
        );
    }
    assert_eq!(settings_of(&scene, &root).await["connected"], true);
    let reply = scene.request("POST", DISCONNECT, Some(&root), "{}").await;
    let told = json_in(&reply)["message"].as_str().unwrap().to_owned();
    assert!(told.contains("disconnected for everyone"), "{told}");
    assert_eq!(settings_of(&scene, &ann).await["connected"], false);
}

/// A member's button leads to these routes, and another person presses it; or another site sends a request.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_webapp_changes_the_settings() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects(&ann, &town).await;
    for path in [CONNECT, DISCONNECT, MEETING_ID] {
        let click = json!({
            "user_id": ann, "channel_id": town, "trigger_id": "x", "meeting_id": "personal", "context": {},
        });
        let reply = scene
            .request("POST", path, Some(&ann), &click.to_string())
            .await;
        assert_eq!(reply.status, 403, "{path}");
        // A form on another site cannot add the header `X-Requested-With`.
        let form = HttpRequest {
            method: "POST".to_owned(),
            url: path.to_owned(),
            headers: [("Mattermost-User-Id".to_owned(), vec![ann.clone()])].into(),
            ..HttpRequest::default()
        };
        let body = br#"{"meeting_id":"personal"}"#.to_vec();
        let reply = scene.plugin.request(&form, body).await;
        assert_eq!(reply.status, 403, "{path}");
        assert_eq!(
            scene.request("GET", path, Some(&ann), "").await.status,
            405,
            "{path}"
        );
        assert_eq!(
            scene.request("POST", path, None, "{}").await.status,
            401,
            "{path}"
        );
    }
    assert_eq!(scene.request("GET", SETTINGS, None, "").await.status, 401);
    let settings = settings_of(&scene, &ann).await;
    assert_eq!(
        (&settings["connected"], &settings["meeting_id"]),
        (&json!(true), &json!("ask"))
    );
}
