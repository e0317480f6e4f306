//! Activation, settings, and the contents of the bundle.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use component_tests::faults::InjectedFault;
use component_tests::memory::MemoryApi;
use component_tests::scene::{MANIFEST, SITE, Scene, WEBHOOK_SECRET, header_of, props};
use component_tests::{GUEST, component, plugin};
use mattermost_plugin_rpc::mattermost::{Api, LogLevel};
use plugin_tests::zoom::Webhook;
use serde_json::{Value, json};

const PICTURE: &[u8] = include_bytes!("../../../../assets/profile.png");
const ICON: &[u8] = include_bytes!("../../../../assets/profile.svg");
const APP_BAR_ICON: &[u8] = include_bytes!("../../../../public/app-bar-icon.png");

/// Width and height of a PNG.
fn size(png: &[u8]) -> (u32, u32) {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

fn calls(scene: &Scene, name: &str) -> usize {
    let world = scene.api.world();
    world.calls.iter().filter(|call| *call == name).count()
}

fn unknown_event(scene: &Scene) -> Webhook {
    let body = json!({"event": "user.created", "event_ts": 1, "payload": {}});
    scene.zoom.webhook_with(body.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn zm001_settings_that_come_before_activation_do_not_stop_it() {
    let plugin = plugin(component(GUEST).unwrap(), MANIFEST).unwrap();
    assert!(plugin.reload().await.is_err(), "there is no server yet");
    let api = Arc::new(MemoryApi::default());
    api.world().settings = json!({});
    api.world().config.service_settings.site_url = Some(SITE.to_owned());
    plugin.activate(api as Arc<dyn Api>).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn zm002_changed_settings_apply_at_once_and_register_the_command_again() {
    let scene = Scene::start().await;
    assert_eq!(calls(&scene, "RegisterCommand"), 1);
    scene
        .change_settings(json!({"webhooksecret": "another-secret"}))
        .await;
    assert_eq!(calls(&scene, "RegisterCommand"), 2);
    let hook = unknown_event(&scene);
    let old = format!("/webhook?secret={WEBHOOK_SECRET}");
    assert_eq!(scene.delivers_to(&old, &hook).await.status, 401);
    let new = "/webhook?secret=another-secret";
    assert_eq!(scene.delivers_to(new, &hook).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm002_unreadable_settings_keep_the_previous_ones() {
    let scene = Scene::start().await;
    scene.api.world().settings["webhooksecret"] = json!("another-secret");
    scene.api.plan(InjectedFault::Failure, 0);
    assert!(scene.plugin.reload().await.is_err());
    scene.api.clear_fault();
    let hook = unknown_event(&scene);
    assert_eq!(scene.delivers(&hook).await.status, 200);
}

/// The secret in the address and the key of the signature change together. A webhook with one old and one new value is
/// always rejected.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn d38_each_event_uses_one_snapshot_of_the_settings() {
    let scene = Arc::new(Scene::start().await);
    let pairs = [
        json!({"webhooksecret": "address-a", "zoomwebhooksecret": "signature-a"}),
        json!({"webhooksecret": "address-b", "zoomwebhooksecret": "signature-b"}),
    ];
    scene.change_settings(pairs[0].clone()).await;
    let changing = {
        let scene = Arc::clone(&scene);
        tokio::spawn(async move {
            for round in 0..200 {
                scene.change_settings(pairs[round % 2].clone()).await;
            }
        })
    };
    let body = json!({"event": "user.created", "event_ts": 1, "payload": {}}).to_string();
    let mut accepted = 0;
    while !changing.is_finished() {
        for (address, key) in [("a", "b"), ("b", "a"), ("a", "a"), ("b", "b")] {
            let hook = Webhook::sign(&format!("signature-{key}"), body.clone());
            let url = format!("/webhook?secret=address-{address}");
            let status = scene.delivers_to(&url, &hook).await.status;
            assert!(
                status == 401 || status == 200 && address == key,
                "{address} {key}: {status}"
            );
            accepted += usize::from(status == 200);
        }
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
    changing.await.unwrap();
    assert!(accepted > 0, "no webhook was ever right");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm003_zm011_zm012_zm013_d28_the_bot_is_one_account_with_one_picture() {
    let scene = Scene::start().await;
    scene
        .plugin
        .activate(Arc::clone(&scene.api) as Arc<dyn Api>)
        .await
        .unwrap();
    let second = scene.another_node().await;
    let world = second.api.world();
    assert_eq!(world.bots_asked_for.len(), 3);
    for bot in &world.bots_asked_for {
        assert_eq!(
            (bot.username.as_str(), bot.display_name.as_str()),
            ("zoom", "Zoom")
        );
        assert!(bot.description.contains("Zoom plugin"), "{bot:?}");
    }
    let bots: Vec<_> = world.users.values().filter(|user| user.is_bot).collect();
    assert_eq!(bots.len(), 1);
    assert_eq!(world.pictures, [(bots[0].id.clone(), PICTURE.to_vec())]);
    assert_eq!(size(PICTURE), (128, 128));
    let keys = world.keys();
    let mutex = keys.iter().find(|key| key.starts_with("mutex_"));
    assert_eq!(
        mutex, None,
        "the server makes one bot of any number of calls"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm003_without_bot_or_command_the_plugin_does_not_start() {
    let starts_when_failing = async |name: &str| {
        let api = Arc::new(MemoryApi::default());
        api.world().settings = json!({});
        // The call numbers are those of a successful activation.
        let probe = plugin(component(GUEST).unwrap(), MANIFEST).unwrap();
        let well = Arc::new(MemoryApi::default());
        well.world().settings = json!({});
        probe
            .activate(Arc::clone(&well) as Arc<dyn Api>)
            .await
            .unwrap();
        let number = well.world().calls.iter().position(|call| call == name);
        api.plan(InjectedFault::Failure, number.unwrap());
        let plugin = plugin(component(GUEST).unwrap(), MANIFEST).unwrap();
        plugin.activate(api as Arc<dyn Api>).await
    };
    for name in ["EnsureBotUser", "RegisterCommand"] {
        let why = starts_when_failing(name).await.unwrap_err();
        assert!(why.split(' ').count() > 5, "{name}: {why}");
    }
    assert_eq!(
        starts_when_failing("SetProfileImage").await,
        Ok(()),
        "a picture is not worth a failure"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zm014_the_command_has_the_icon_of_the_bundle() {
    let scene = Scene::start().await;
    let icon = scene.api.world().commands["zoom"]
        .autocomplete_icon_data
        .clone();
    let data = icon.strip_prefix("data:image/svg+xml;base64,").unwrap();
    assert_eq!(STANDARD.decode(data).unwrap(), ICON);
    assert!(String::from_utf8_lossy(ICON).contains("<svg"));
}

#[test]
fn zm015_the_app_bars_icon_is_a_square_picture() {
    assert_eq!(size(APP_BAR_ICON), (512, 512));
}

/// The setting as the System Console shows it.
fn setting<'a>(manifest: &'a Value, key: &str) -> &'a Value {
    let sections = manifest["settings_schema"]["sections"].as_array().unwrap();
    let mut settings = sections
        .iter()
        .flat_map(|one| one["settings"].as_array().unwrap());
    settings.find(|one| one["key"] == key).unwrap()
}

#[test]
fn zm006_the_system_console_shows_the_same_settings() {
    let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
    let settings = manifest["settings_schema"]["settings"].as_array().unwrap();
    let shown: Vec<_> = settings
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            let secret = one["secret"].as_bool().unwrap_or_default();
            (text("key"), text("type"), one["default"].clone(), secret)
        })
        .collect();
    let expected = [
        ("ZoomURL", "text", json!(null), false),
        ("ZoomAPIURL", "text", json!(null), false),
        (
            "ConnectionMode",
            "dropdown",
            json!("account-level-app"),
            false,
        ),
        ("AccountLevelApp", "bool", json!(false), false),
        ("ZoomAccountID", "text", json!(null), false),
        ("OAuthClientID", "text", json!(null), false),
        ("OAuthClientSecret", "text", json!(null), true),
        ("EncryptionKey", "generated", json!(null), true),
        ("WebhookSecret", "generated", json!(null), true),
        ("ZoomWebhookSecret", "text", json!(null), true),
        ("RestrictMeetingCreation", "bool", json!(false), false),
        (
            "EnablePostingRecordingPassword",
            "bool",
            json!(false),
            false,
        ),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(key, kind, default, secret)| (key.to_owned(), kind.to_owned(), default, secret))
        .collect();
    assert_eq!(shown, expected);
    let key = setting(&manifest, "EncryptionKey");
    assert_eq!(key["display_name"], "At Rest Token Encryption Key:");
    for key in ["EncryptionKey", "WebhookSecret"] {
        let warning = setting(&manifest, key)["regenerate_help_text"].as_str();
        assert!(warning.is_some_and(|text| !text.is_empty()), "{key}");
        let help = setting(&manifest, key)["help_text"].as_str().unwrap();
        assert!(help.contains("Copy this now: it is hidden after you save."));
    }
    let placeholder = |key: &str| setting(&manifest, key)["placeholder"].clone();
    assert_eq!(placeholder("ZoomURL"), "https://zoom.us");
    assert_eq!(placeholder("ZoomAPIURL"), "https://api.zoom.us/v2");
}

/// Servers such as 11.4 mask secrets and apply defaults only for `settings`, and show only the sections. Later clients show
/// both, except settings that are only for the cloud.
#[test]
fn zm006_sections_hold_the_settings_that_the_server_knows() {
    let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
    let schema = &manifest["settings_schema"];
    let facts = |one: &Value| {
        let secret = one["secret"].as_bool().unwrap_or_default();
        let key = one["key"].as_str().unwrap().to_owned();
        (key, json!([one["type"], one["default"], secret]))
    };
    let known: Vec<_> = schema["settings"]
        .as_array()
        .unwrap()
        .iter()
        .inspect(|one| assert_eq!(one["hosting"], "cloud", "{one}"))
        .map(facts)
        .collect();
    let sections = schema["sections"].as_array().unwrap();
    let shown: Vec<_> = sections
        .iter()
        // An old client fails if a section has no list.
        .flat_map(|one| one["settings"].as_array().unwrap())
        .inspect(|one| assert!(one["hosting"].is_null(), "{one}"))
        .map(facts)
        .collect();
    assert_eq!(shown.len(), known.len(), "a setting is shown once");
    let map = |list: Vec<(String, Value)>| list.into_iter().collect::<BTreeMap<_, _>>();
    assert_eq!(map(shown), map(known));
    let custom: Vec<_> = sections
        .iter()
        .filter(|one| one["custom"] == true)
        .map(|one| &one["key"])
        .collect();
    assert_eq!(custom, ["status"]);
    // Some clients make all settings of a plugin with sections and without a footer read-only.
    assert!(
        schema["footer"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
}

/// The server stores keys in lower case; administrators' tools write them like the System Console.
#[tokio::test(flavor = "multi_thread")]
async fn zm006_keys_of_settings_are_matched_in_any_case() {
    let scene = Scene::start().await;
    {
        let mut world = scene.api.world();
        let settings = world.settings.as_object_mut().unwrap();
        let secret = settings.remove("zoomwebhooksecret").unwrap();
        settings.insert("ZoomWebhookSecret".to_owned(), secret);
    }
    scene.plugin.reload().await.unwrap();
    assert_eq!(scene.delivers(&unknown_event(&scene)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm007_spaces_and_slashes_around_zoom_urls_are_ignored() {
    let scene = Scene::start().await;
    let (url, api) = (scene.zoom.url(), scene.zoom.api_url());
    scene
        .change_settings(json!({
            "zoomurl": format!("  {url}/ "), "zoomapiurl": format!("\t{api}// "),
        }))
        .await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let post = scene.posts(&town).pop().unwrap();
    let link = props(&post)["meeting_link"].as_str().unwrap().to_owned();
    assert!(link.starts_with(&format!("{url}/j/")), "{link}");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm007_blank_addresses_mean_zooms_own() {
    let scene = Scene::with(json!({"zoomurl": "  ", "zoomapiurl": null})).await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.asks(&ann, &town, "/zoom connect").await;
    let away = scene
        .request("GET", &scene.connect_link(&ann), Some(&ann), "")
        .await;
    assert_eq!(away.status, 302);
    let place = header_of(&away, "Location");
    assert!(
        place.starts_with("https://zoom.us/oauth/authorize?"),
        "{place}"
    );
}

/// The addresses that an administrator registers at Zoom, and only the scopes of the app.
#[tokio::test(flavor = "multi_thread")]
async fn zm009_zoom_is_asked_for_the_documented_address_and_for_no_scopes() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects(&ann, &town).await;
    let asked = scene.zoom.last_authorization().unwrap();
    assert_eq!(
        asked.redirect_uri,
        format!("{SITE}/plugins/zoom/oauth2/complete")
    );
    scene.asks(&ann, &town, "/zoom disconnect").await;
    scene.asks(&ann, &town, "/zoom connect").await;
    let away = scene
        .request("GET", &scene.connect_link(&ann), Some(&ann), "")
        .await;
    let place = header_of(&away, "Location");
    let query: BTreeMap<_, _> = place
        .split_once('?')
        .unwrap()
        .1
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    assert!(!query.contains_key("scope"), "{place}");
    assert_eq!(query["response_type"], "code");
    assert!(query.contains_key("code_challenge"));
}

#[tokio::test(flavor = "multi_thread")]
async fn zm041_without_settings_every_route_says_501_until_they_are_there() {
    let missing = json!({"oauthclientsecret": "", "zoomwebhooksecret": ""});
    let scene = Scene::with(missing).await;
    let ann = scene.person("ann");
    for (method, url) in [
        ("POST", "/webhook"),
        ("POST", "/api/v1/meetings"),
        ("POST", "/api/v1/askPMI"),
        ("POST", "/api/v1/updatePMI"),
        ("POST", "/api/v1/channel-preference"),
        ("POST", "/deauthorization"),
        ("GET", "/oauth2/connect"),
        ("GET", "/oauth2/complete"),
        ("GET", "/nowhere"),
    ] {
        for user in [None, Some(ann.as_str())] {
            let reply = scene.request(method, url, user, "{}").await;
            assert_eq!(reply.status, 501, "{method} {url}");
            let guide = "/plugins/zoom/public/docs/zoom-app.html";
            let body = String::from_utf8_lossy(&reply.body);
            assert!(body.contains(guide), "{method} {url}: {body}");
        }
    }
    {
        let world = scene.api.world();
        let warnings = world.log.iter().filter(|line| line.level == LogLevel::Warn);
        let named = warnings.filter(|line| line.message.contains("Zoom OAuth client secret"));
        let guides = named.map(|line| line.fields.iter().any(|(name, _)| name == "guide"));
        assert_eq!(guides.collect::<Vec<_>>(), [true]);
    }
    let app = scene.zoom.app().clone();
    let entered = json!({
        "oauthclientsecret": app.client_secret, "zoomwebhooksecret": app.webhook_secret,
    });
    scene.change_settings(entered).await;
    let reply = scene.request("GET", "/nowhere", None, "").await;
    assert_eq!(reply.status, 404);
}
