//! Settings, activation, and the checks before all routes.

use component_tests::scene::{MANIFEST, Scene, WEBHOOK_SECRET, header_of};
use mattermost_plugin_rpc::mattermost::LogLevel;
use serde_json::{Value, json};

fn manifest() -> Value {
    serde_json::from_str(MANIFEST).unwrap()
}

#[test]
fn zm006_the_settings_are_those_that_installations_have() {
    let manifest = manifest();
    let settings = manifest["settings_schema"]["settings"].as_array().unwrap();
    let seen: Vec<_> = settings
        .iter()
        .map(|one| {
            let secret = one["secret"].as_bool().unwrap_or(false);
            (
                one["key"].as_str().unwrap(),
                one["type"].as_str().unwrap(),
                secret,
                &one["default"],
            )
        })
        .collect();
    let (null, no, derived) = (&Value::Null, &json!(false), &json!("account-level-app"));
    assert_eq!(
        seen,
        [
            ("ZoomURL", "text", false, null),
            ("ZoomAPIURL", "text", false, null),
            ("ConnectionMode", "dropdown", false, derived),
            ("AccountLevelApp", "bool", false, no),
            ("ZoomAccountID", "text", false, null),
            ("OAuthClientID", "text", false, null),
            ("OAuthClientSecret", "text", true, null),
            ("EncryptionKey", "generated", true, null),
            ("WebhookSecret", "generated", true, null),
            ("ZoomWebhookSecret", "text", true, null),
            ("RestrictMeetingCreation", "bool", false, no),
            ("EnablePostingRecordingPassword", "bool", false, no),
        ]
    );
}

#[test]
fn zm010_zm119_an_upgrade_is_possible_and_nobody_is_measured() {
    let manifest = manifest();
    assert_eq!(
        (&manifest["id"], &manifest["min_server_version"]),
        (&json!("zoom"), &json!("10.7.0"))
    );
    let hosts = manifest["props"]["sandbox"]["http"]["hosts"]
        .as_array()
        .unwrap();
    for host in hosts {
        let host = host.as_str().unwrap();
        let domains = ["zoom.us", "zoom.com", "zoomgov.com"];
        let zooms = domains.iter().any(|domain| {
            host == format!("https://{domain}") || host == format!("https://*.{domain}")
        });
        assert!(
            zooms || host.starts_with("setting:Zoom"),
            "the plugin may reach {host}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zm001_zm002_zm003_zm004_zm041_incomplete_settings_do_not_prevent_activation() {
    let scene = Scene::with(json!({"oauthclientsecret": "", "encryptionkey": null})).await;
    assert!(
        scene.api.world().commands.contains_key("zoom"),
        "activated all the same"
    );
    let warned = scene.log();
    assert!(
        warned.contains("Zoom OAuth client secret")
            && warned.contains("At Rest Token Encryption Key"),
        "{warned}"
    );
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    for (method, url, status) in [
        // Both secrets of webhooks are there. These URLs lack one.
        ("POST", "/webhook", 401),
        ("POST", "/deauthorization", 401),
        ("POST", "/api/v1/meetings", 501),
        ("GET", "/oauth2/connect", 501),
        ("GET", "/oauth2/complete", 501),
        ("GET", "/nowhere", 501),
    ] {
        let answer = scene.request(method, url, Some(&ann), "{}").await;
        assert_eq!(answer.status, status, "{url}");
    }
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(
        told.contains("system admin") && !told.contains("client secret"),
        "{told}"
    );
    let good = json!({"oauthclientsecret": scene.zoom.app().client_secret, "encryptionkey": "k".repeat(32)});
    scene.change_settings(good).await;
    scene.connects(&ann, &town).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zm002_a_change_of_settings_registers_the_command_again() {
    let scene = Scene::start().await;
    let registered = |scene: &Scene| {
        let world = scene.api.world();
        world
            .calls
            .iter()
            .filter(|name| *name == "RegisterCommand")
            .count()
    };
    let before = registered(&scene);
    scene
        .change_settings(json!({"accountlevelapp": true}))
        .await;
    assert_eq!(registered(&scene) - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm005_a_new_process_continues_the_work_of_the_last_one() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects(&ann, &town).await;
    let keys = scene.api.world().keys();
    let next = scene.another_node().await;
    drop(scene);
    assert_eq!(next.api.world().keys(), keys);
    assert!(
        next.asks(&ann, &town, "/zoom connect")
            .await
            .contains("already connected")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm004_d03_d50_unsafe_settings_are_refused_at_once() {
    for (key, value, named) in [
        ("zoomwebhooksecret", json!(""), "Zoom secret token"),
        ("zoomwebhooksecret", json!(null), "Zoom secret token"),
        ("webhooksecret", json!("  "), "Webhook URL secret"),
        (
            "encryptionkey",
            json!("seventeen bytes!!"),
            "At Rest Token Encryption Key",
        ),
        ("zoomurl", json!("zoom.us"), "Zoom URL"),
        ("zoomapiurl", json!("ftp://zoom.us"), "Zoom API URL"),
    ] {
        let scene = Scene::with(json!({key: value})).await;
        let root = scene.administrator("root");
        let town = scene.channel("town", &[&root]);
        let told = scene.asks(&root, &town, "/zoom connect").await;
        assert!(told.contains(named), "{named}: {told}");
        // An unsigned webhook is rejected, also without the secret that signs.
        let url = format!("/webhook?secret={WEBHOOK_SECRET}");
        let secrets = ["webhooksecret", "zoomwebhooksecret"];
        let status = if secrets.contains(&key) { 501 } else { 401 };
        assert_eq!(
            scene.request("POST", &url, None, "{}").await.status,
            status,
            "{named}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zm031_d23_routes_check_path_method_and_user() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    for (method, url, user, status) in [
        ("GET", "/oauth2/connect", None, 401),
        ("GET", "/oauth2/complete", None, 401),
        ("POST", "/oauth2/connect", Some(&ann), 405),
        ("POST", "/oauth2/complete", Some(&ann), 405),
        ("GET", "/deauthorization", None, 405),
        ("PUT", "/webhook", None, 405),
        ("POST", "/deauthorization", None, 401),
        ("GET", "/oauth2/connect/", Some(&ann), 404),
        ("GET", "/deauthorization/x", None, 404),
    ] {
        let answer = scene
            .request(method, url, user.map(String::as_str), "{}")
            .await;
        assert_eq!(answer.status, status, "{method} {url}");
        assert_eq!(header_of(&answer, "X-Content-Type-Options"), "nosniff");
        assert_eq!(status == 405, !header_of(&answer, "Allow").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zm042_bodies_that_are_null_are_refused() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    for (url, status) in [
        ("/api/v1/meetings", 400),
        ("/api/v1/askPMI", 403),
        ("/api/v1/updatePMI", 403),
    ] {
        let answer = scene.request("POST", url, Some(&ann), "null").await;
        assert_eq!(answer.status, status, "{url}");
    }
    for url in ["/webhook", "/deauthorization"] {
        let url = format!("{url}?secret={WEBHOOK_SECRET}");
        let signed = scene.zoom.webhook_with("null".to_owned());
        assert_eq!(scene.delivers_to(&url, &signed).await.status, 400, "{url}");
        assert_eq!(
            scene.request("POST", &url, None, "null").await.status,
            401,
            "{url}"
        );
    }
}

/// A full scenario: connecting, starting, refreshing, failing, ending. No secret is in a log line, a response, or a
/// record, and external failures are warnings.
#[tokio::test(flavor = "multi_thread")]
async fn zm117_zm118_nothing_that_is_written_holds_a_secret() {
    use plugin_tests::zoom::{Fault, Route};
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    scene.zoom.expire_tokens();
    scene.types(&ann, &town, "/zoom start").await;
    for route in [Route::CreateMeeting, Route::Token] {
        scene.later(60);
        scene.zoom.expire_tokens();
        let words = format!("words of Zoom with {}", scene.zoom.app().client_secret);
        scene
            .zoom
            .fail_next(route, Fault::Status(400, Vec::new(), words));
        for meeting in scene.zoom.meetings() {
            scene
                .delivers(&scene.zoom.webhook("meeting.ended", &meeting))
                .await;
        }
        scene.types(&ann, &town, "/zoom start").await;
    }
    scene.zoom.fail_next(Route::Revoke, Fault::HangUp);
    scene.types(&ann, &town, "/zoom disconnect").await;
    let log = scene.log();
    let world = scene.api.world();
    let stored: String = world
        .keys()
        .iter()
        .map(|key| String::from_utf8_lossy(world.stored(key).unwrap()).into_owned())
        .collect();
    let told = format!("{:?}", world.ephemerals);
    let tokens = scene
        .zoom
        .secrets()
        .into_iter()
        .filter(|one| !one.starts_with("pwd") && !one.starts_with('p'));
    for secret in tokens {
        for (place, text) in [("log", &log), ("store", &stored), ("messages", &told)] {
            assert!(!text.contains(&secret), "{secret} is in the {place}");
        }
    }
    assert!(!log.contains("words of Zoom") && !told.contains("words of Zoom"));
    let warnings = world.log.iter().filter(|line| line.level == LogLevel::Warn);
    assert!(warnings.count() >= 3, "{log}");
}
