//! Administrators' mistakes, and the plugin's messages about them.

use component_tests::scene::{ENCRYPTION_KEY, SITE, Scene, WEBHOOK_SECRET, body_of, header_of};
use mattermost_plugin_rpc::mattermost::User;
use plugin_tests::zoom::{Meeting, Webhook};
use serde_json::{Value, json};

/// Mattermost's mask for secrets.
const MASK: &str = "********************************";

/// All settings with their labels in the System Console.
const SETTINGS: [(&str, &str); 12] = [
    ("zoomurl", "Zoom URL"),
    ("zoomapiurl", "Zoom API URL"),
    ("connectionmode", "Connection mode"),
    ("accountlevelapp", "Account-level app"),
    ("zoomaccountid", "Zoom account ID"),
    ("oauthclientid", "Zoom OAuth client ID"),
    ("oauthclientsecret", "Zoom OAuth client secret"),
    ("encryptionkey", "At Rest Token Encryption Key"),
    ("webhooksecret", "Webhook URL secret"),
    ("zoomwebhooksecret", "Zoom secret token"),
    ("restrictmeetingcreation", "Restrict meeting creation"),
    ("enablepostingrecordingpassword", "Post recording passcodes"),
];

/// Each setting of a saved page that was masked is named, alone and with the others. Nothing works until it is entered
/// again, and then everything works as before.
#[tokio::test(flavor = "multi_thread")]
async fn f29_a_masked_setting_is_named_and_blocks_the_plugin_until_it_is_corrected() {
    let scene = Scene::start().await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    let token = format!("zoomtoken_{ann}");
    let stored = |scene: &Scene| scene.api.world().stored(&token).map(<[u8]>::to_vec);
    let connection = stored(&scene);
    for (key, label) in SETTINGS {
        let good = scene.api.world().settings[key].clone();
        let mark = scene.log().len();
        scene.change_settings(json!({key: MASK})).await;
        let warned = scene.log().split_off(mark);
        assert!(warned.contains(&format!("{label} ")), "{label}: {warned}");
        let told = scene.asks(&root, &town, "/zoom start").await;
        assert!(told.contains(&format!("* **{label}** ")), "{label}: {told}");
        assert_eq!(told.matches("\n* ").count(), 1, "{label}: {told}");
        assert!(told.contains("masked"), "{label}: {told}");
        let told = scene.asks(&ann, &town, "/zoom start").await;
        assert!(told.contains("system admin"), "{label}: {told}");
        for url in [
            "/oauth2/connect".to_owned(),
            format!("/webhook?secret={WEBHOOK_SECRET}"),
            format!("/webhook?secret={MASK}"),
        ] {
            let method = if url.starts_with("/webhook") {
                "POST"
            } else {
                "GET"
            };
            let reply = scene.request(method, &url, Some(&ann), "{}").await;
            // Webhooks need only their two secrets. An unsigned one is rejected.
            let secrets = ["webhooksecret", "zoomwebhooksecret"];
            let works = method == "POST" && !secrets.contains(&key);
            let status = if works { 401 } else { 501 };
            assert_eq!(reply.status, status, "{label}: {url}");
        }
        assert_eq!(stored(&scene), connection, "{label}");
        scene.change_settings(json!({key: good})).await;
    }
    let page: Value = SETTINGS
        .map(|(key, _)| (key.to_owned(), json!(MASK)))
        .into_iter()
        .collect();
    let good = scene.api.world().settings.clone();
    scene.change_settings(page).await;
    let told = scene.asks(&root, &town, "/zoom start").await;
    for (_, label) in SETTINGS {
        assert!(told.contains(label), "{label}: {told}");
    }
    assert!(!scene.log().contains(MASK), "no value is in the log");
    scene.change_settings(good).await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    assert_eq!(scene.posts(&town).len(), 1);
}

/// Webhooks need their two secrets and nothing else, so Zoom can validate the URL before the setup is complete. An event
/// that needs more gets 501, and Zoom repeats it.
#[tokio::test(flavor = "multi_thread")]
async fn zm041_webhooks_work_with_their_two_secrets_alone() {
    let missing = json!({
        "oauthclientid": "", "oauthclientsecret": "", "encryptionkey": "", "accountlevelapp": "maybe",
    });
    let validation =
        json!({"event": "endpoint.url_validation", "payload": {"plainToken": "plain"}}).to_string();
    let scene = Scene::with(missing).await;
    let delivery = scene.zoom.webhook_with(validation.clone());
    let answer = body_of(&scene.delivers(&delivery).await);
    let expected = Webhook::encrypted_token(&scene.zoom.app().webhook_secret, "plain");
    assert!(answer.contains(&expected), "{answer}");
    let meeting = Meeting {
        id: 85_012_345_678,
        uuid: "abc/def==".to_owned(),
        ..Meeting::default()
    };
    let started = scene.zoom.webhook("meeting.started", &meeting);
    assert_eq!(scene.delivers(&started).await.status, 200);
    let removed = json!({"event": "app_deauthorized", "event_ts": 1, "payload": {
        "account_id": "a", "user_id": "z", "signature": "s", "client_id": "c",
        "deauthorization_time": "2026-11-30T10:00:00Z",
    }});
    let removed = scene.zoom.webhook_with(removed.to_string());
    assert_eq!(scene.delivers(&removed).await.status, 501);
    for key in ["webhooksecret", "zoomwebhooksecret"] {
        let scene = Scene::with(json!({key: ""})).await;
        let validation = scene.zoom.webhook_with(validation.clone());
        assert_eq!(scene.delivers(&validation).await.status, 501, "{key}");
    }
}

/// A key of 32 asterisks would be a valid key.
#[tokio::test(flavor = "multi_thread")]
async fn f29_nothing_is_encrypted_with_asterisks() {
    for mask in [MASK, &MASK[..16], &MASK[..24]] {
        let scene = Scene::with(json!({"encryptionkey": mask})).await;
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&ann]);
        let told = scene.asks(&ann, &town, "/zoom connect").await;
        assert!(!told.contains("/oauth2/connect"), "{told}");
        assert_eq!(scene.consents(&ann).await.status, 501);
        assert!(!scene.is_connected(&ann));
        scene
            .change_settings(json!({"encryptionkey": ENCRYPTION_KEY}))
            .await;
        scene.connects(&ann, &town).await;
    }
}

/// A boolean that is saved as text keeps its meaning. One that cannot be read stops the plugin instead of changing the
/// account mode.
#[tokio::test(flavor = "multi_thread")]
async fn f29_the_account_level_accepts_every_form_of_a_boolean() {
    let scene = Scene::with(json!({"accountlevelapp": true})).await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    let asks = async |told_to_ask_an_admin: bool| {
        let told = scene.asks(&ann, &town, "/zoom start").await;
        let asked = told.contains("Ask a system admin to run `/zoom connect`");
        assert_eq!(asked, told_to_ask_an_admin, "{told}");
        assert_eq!(
            told.contains("/oauth2/connect"),
            !told_to_ask_an_admin,
            "{told}"
        );
    };
    asks(true).await;
    for (text, account_level) in [("true", true), ("false", false), ("True", true)] {
        scene
            .change_settings(json!({"accountlevelapp": text}))
            .await;
        asks(account_level).await;
    }
    for unreadable in [json!(MASK), json!("on"), json!(["true"])] {
        scene
            .change_settings(json!({"accountlevelapp": unreadable}))
            .await;
        let told = scene.asks(&ann, &town, "/zoom start").await;
        assert!(
            told.contains("not set up") && !told.contains("/oauth2/connect"),
            "{told}"
        );
        let told = scene.asks(&root, &town, "/zoom connect").await;
        assert!(
            told.contains("* **Account-level app** is neither"),
            "{told}"
        );
    }
}

/// Zoom compares the redirect URI literally, and browsers send the host in lower case.
#[tokio::test(flavor = "multi_thread")]
async fn f35_links_have_the_host_in_lower_case_and_the_path_as_it_is() {
    for (site, links) in [
        ("HTTPS://Chat.Example.COM/", "https://chat.example.com"),
        (
            "https://CHAT.example.com/Team//",
            "https://chat.example.com/Team",
        ),
        (
            " https://chat.example.com:8065/a/B ",
            "https://chat.example.com:8065/a/B",
        ),
    ] {
        let scene = Scene::start().await;
        scene.api.world().config.service_settings.site_url = Some(site.to_owned());
        scene.change_settings(json!({})).await;
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&ann]);
        let told = scene.asks(&ann, &town, "/zoom connect").await;
        let link = format!("({links}/plugins/zoom/oauth2/connect");
        assert!(told.contains(&link), "{site}: {told}");
        let link = scene.connect_link(&ann);
        let away = scene.request("GET", &link, Some(&ann), "").await;
        assert_eq!(away.status, 302, "{}", body_of(&away));
        let location = header_of(&away, "Location");
        let redirect = format!("{links}/plugins/zoom/oauth2/complete");
        let redirect = redirect.replace(':', "%3A").replace('/', "%2F");
        let parameter = format!("redirect_uri={redirect}");
        let mut parameters = location.split(['?', '&']);
        assert!(parameters.any(|one| one == parameter), "{location}");
    }
    assert_eq!(SITE, SITE.to_lowercase(), "the site of the other tests");
}

/// An account with the bot's username, on a server where the plugin has not run before.
fn instead_of_the_bot(scene: &Scene, change: impl Fn(&mut User)) -> String {
    let mut world = scene.api.world();
    world.users.retain(|_, user| !user.is_bot);
    let id = world.add_user("zoom", "system_user");
    change(world.users.get_mut(&id).unwrap());
    id
}

/// The server answers with any account that has the name of the bot, also with one that is deactivated.
#[tokio::test(flavor = "multi_thread")]
async fn f33_the_activation_error_names_a_persons_account_and_both_remedies_work() {
    let people: [fn(&mut User); 4] = [
        |_| {},
        |user| user.roles = "system_user system_admin".to_owned(),
        |user| user.roles = "system_guest".to_owned(),
        |user| user.delete_at = 1,
    ];
    let remedies: [fn(&mut User); 2] = [
        // mmctl user username zoom NEW_USERNAME
        |user| user.username = "zoe".to_owned(),
        // mmctl user convert zoom --bot
        |user| user.is_bot = true,
    ];
    for (person, remedy) in people.iter().flat_map(|one| remedies.map(|two| (one, two))) {
        let scene = Scene::start().await;
        let id = instead_of_the_bot(&scene, person);
        for _ in 0..2 {
            let why = scene.next_process().activates().await.unwrap().unwrap_err();
            assert!(why.contains("@zoom is the account of a person"), "{why}");
            assert!(why.contains("mmctl user username zoom "), "{why}");
            assert!(why.contains("mmctl user convert zoom --bot"), "{why}");
            assert!(!why.contains(&id), "no ID: {why}");
        }
        remedy(scene.api.world().users.get_mut(&id).unwrap());
        assert_eq!(scene.next_process().activates().await, Some(Ok(())));
        let world = scene.api.world();
        let bots: Vec<_> = world.users.values().filter(|user| user.is_bot).collect();
        assert_eq!(bots.len(), 1);
        assert_eq!(bots[0].username, "zoom");
        assert_eq!(bots[0].id == id, world.users[&id].is_bot);
    }
}

/// The owner of another bot could use it, too, so it is rejected like a person's account.
#[tokio::test(flavor = "multi_thread")]
async fn f33_a_bot_that_belongs_to_someone_else_is_refused_until_it_is_renamed() {
    let scene = Scene::start().await;
    let bot = instead_of_the_bot(&scene, |user| user.is_bot = true);
    let owner = scene.person("ann");
    let owned = (bot.clone(), owner);
    scene.api.world().bot_owners.extend([owned]);
    let why = scene.next_process().activates().await.unwrap().unwrap_err();
    assert!(why.contains("a bot that belongs to someone else"), "{why}");
    assert!(why.contains("mmctl user username zoom "), "{why}");
    let rename = |user: &mut User| user.username = "zoe".to_owned();
    rename(scene.api.world().users.get_mut(&bot).unwrap());
    assert_eq!(scene.next_process().activates().await, Some(Ok(())));
}
