//! `/zoom setup`: from a plugin without settings to a posted meeting, and the ways that lead nowhere.

use component_tests::scene::{Scene, Told, body_of};
use plugin_host::Reply;
use plugin_tests::zoom::{ACCOUNT, Route, Webhook};
use serde_json::{Value, json};

/// A plugin without settings, two system admins, and a member.
struct Office {
    scene: Scene,
    root: String,
    chief: String,
    ann: String,
    town: String,
}

/// Values for all settings that the setup asks for. Two of them are empty: the server generates them.
fn nothing() -> Value {
    json!({
        "accountlevelapp": false, "oauthclientid": "", "oauthclientsecret": "", "encryptionkey": "",
        "webhooksecret": "", "zoomwebhooksecret": "",
    })
}

impl Office {
    async fn open() -> Office {
        let scene = Scene::with(nothing()).await;
        let (root, chief) = (scene.administrator("root"), scene.administrator("chief"));
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&root, &chief, &ann]);
        let secret = [
            "oauthclientsecret",
            "encryptionkey",
            "webhooksecret",
            "zoomwebhooksecret",
        ];
        let mut world = scene.api.world();
        world.secret_settings.extend(secret.map(str::to_owned));
        for user in [&root, &chief, &ann] {
            world.users.get_mut(user).unwrap().email_verified = true;
        }
        drop(world);
        Office {
            scene,
            root,
            chief,
            ann,
            town,
        }
    }

    /// Types `/zoom setup` as `root`.
    async fn begins(&self) {
        let told = self.scene.asks(&self.root, &self.town, "/zoom setup").await;
        assert!(told.contains("direct messages"), "{told}");
    }

    /// The messages of a setup for this user, in order, as the user sees them.
    fn messages(&self, user: &str) -> Vec<Told> {
        let world = self.scene.api.world();
        let posts = world.posts.iter().filter(|post| {
            let channel = &world.channels[&post.channel_id];
            channel.name.contains(user) && post.message.contains("Set up the Zoom plugin")
        });
        let posts = posts.map(|post| Told {
            reader: user.to_owned(),
            post: post.clone(),
        });
        posts.collect()
    }

    fn message(&self, user: &str) -> Told {
        self.messages(user).pop().expect("a message of the setup")
    }

    /// Asserts that the message shows this step.
    fn shows(&self, user: &str, step: &str) {
        let text = self.message(user).text();
        assert!(text.contains(step), "{step}: {text}");
    }

    async fn presses(&self, user: &str, button: &str) -> Reply {
        let reply = self.scene.press(&self.message(user), button).await;
        assert_eq!(reply.status, 200, "{button}: {}", body_of(&reply));
        reply
    }

    async fn selects(&self, user: &str, menu: &str, option: &str) -> Reply {
        self.scene.select(&self.message(user), menu, option).await
    }

    /// The direct channel of the setup.
    fn direct(&self, user: &str) -> String {
        self.message(user).post.channel_id
    }

    /// Submits the form that the host has opened, as the client does, and lets the server report the new settings.
    async fn enters(&self, user: &str, answers: &Value) {
        let channel = self.direct(user);
        let reply = self.scene.submits(user, &channel, answers).await;
        assert_eq!((reply.status, body_of(&reply).as_str()), (200, "{}"));
        self.reloads().await;
    }

    async fn reloads(&self) {
        self.scene.reloads().await.unwrap().unwrap();
    }

    fn setting(&self, key: &str) -> String {
        let world = self.scene.api.world();
        let value = world.settings[key].as_str().unwrap_or_default();
        value.to_owned()
    }

    /// Zoom validates the webhook's URL.
    async fn validates(&self) {
        let body = json!({"event": "endpoint.url_validation", "payload": {"plainToken": "plain"}});
        let webhook = self.scene.zoom.webhook_with(body.to_string());
        let url = format!("/webhook?secret={}", self.setting("webhooksecret"));
        let reply = self.scene.delivers_to(&url, &webhook).await;
        let key = &self.scene.zoom.app().webhook_secret;
        let expected = Webhook::encrypted_token(key, "plain");
        assert!(body_of(&reply).contains(&expected), "{}", body_of(&reply));
    }

    fn credentials(&self) -> Value {
        let app = self.scene.zoom.app();
        json!({
            "OAuthClientID": app.client_id, "OAuthClientSecret": app.client_secret,
            "ZoomWebhookSecret": app.webhook_secret, "ZoomAccountID": ACCOUNT,
        })
    }

    /// The actions of all audit records of the setup, in order.
    fn trail(&self) -> Vec<String> {
        let world = self.scene.api.world();
        let records = world.audit.iter().map(|record| format!("{record:?}"));
        records.filter(|text| text.contains("zoom_setup")).collect()
    }

    /// Walks through the steps until the events, in a mode.
    async fn reaches_events(&self, mode: &str) {
        let root = &self.root;
        self.begins().await;
        self.shows(root, "Step 1 of 7");
        self.presses(root, "mode").await;
        self.enters(root, &json!({"ConnectionMode": mode})).await;
        self.shows(root, "Step 2 of 7");
        self.presses(root, "created").await;
        self.shows(root, "Step 3 of 7");
        self.presses(root, "credentials").await;
        self.enters(root, &self.credentials()).await;
        self.shows(root, "Step 4 of 7");
        self.presses(root, "generate").await;
        self.reloads().await;
        for key in ["encryptionkey", "webhooksecret"] {
            assert_eq!(self.setting(key).len(), 32, "{key}");
        }
        self.shows(root, "Step 5 of 7");
        self.presses(root, "connect").await;
        if mode != "server-to-server" {
            let page = self.scene.consents(root).await;
            assert_eq!(page.status, 200, "{}", body_of(&page));
        }
        self.shows(root, "Step 6 of 7");
    }

    /// Announces the plugin in `town`, the last step.
    async fn finishes(&self) {
        self.shows(&self.root, "Step 7 of 7");
        let before = self.scene.posts(&self.town).len();
        let reply = self.selects(&self.root, "announce", &self.town).await;
        assert_eq!(reply.status, 200, "{}", body_of(&reply));
        let posts = self.scene.posts(&self.town);
        assert_eq!(posts.len(), before + 1);
        assert!(posts[before].message.contains("Zoom is available"));
        self.shows(&self.root, "/zoom doctor");
        assert!(self.scene.api.world().stored("setup").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_leads_from_no_settings_to_a_meeting_in_each_mode() {
    for mode in ["user-managed", "admin-managed", "server-to-server"] {
        let office = Office::open().await;
        let scene = &office.scene;
        if mode == "server-to-server" {
            scene.zoom.become_server_to_server();
        }
        office.reaches_events(mode).await;
        office.validates().await;
        office.finishes().await;
        let told = scene.asks(&office.root, &office.town, "/zoom start").await;
        if told.contains("meeting ID") {
            let told = scene.types(&office.root, &office.town, "/zoom start").await;
            scene.press(&told[0], "WithoutPMI").await;
        }
        let posts = scene.posts(&office.town);
        let meeting = posts.iter().find(|post| post.kind == "custom_zoom");
        assert!(meeting.is_some(), "{mode}: {told}");
        let trail = office.trail();
        for step in [
            "begin",
            "mode",
            "created",
            "credentials",
            "generate",
            "connect",
            "announce",
        ] {
            let named = |record: &&String| record.contains(&format!("\"{step}\""));
            assert!(
                trail.iter().any(|record| named(&record)),
                "{step}: {trail:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_event_subscription_is_created_through_zooms_api() {
    for mode in ["admin-managed", "server-to-server"] {
        let office = Office::open().await;
        let zoom = &office.scene.zoom;
        if mode == "server-to-server" {
            zoom.become_server_to_server();
            zoom.add_scope("marketplace:write:event_subscription");
        }
        office.reaches_events(mode).await;
        office.presses(&office.root, "subscribe").await;
        office.shows(&office.root, "has accepted the event subscription");
        let subscriptions = zoom.subscriptions();
        assert_eq!(subscriptions.len(), 1);
        let subscription = &subscriptions[0];
        assert_eq!(subscription["account_id"], ACCOUNT);
        assert_eq!(subscription["subscription_scope"], "account");
        let url = subscription["event_webhook_url"].as_str().unwrap();
        assert!(url.ends_with(&format!("secret={}", office.setting("webhooksecret"))));
        office.validates().await;
        office.finishes().await;
    }
    // Without the scope, Zoom refuses, and the manual way is left.
    let office = Office::open().await;
    office.scene.zoom.become_server_to_server();
    office.reaches_events("server-to-server").await;
    let reply = office.presses(&office.root, "subscribe").await;
    assert!(
        body_of(&reply).contains("did not create"),
        "{}",
        body_of(&reply)
    );
    office.shows(&office.root, "Step 6 of 7");
    office.presses(&office.root, "skipevents").await;
    office.finishes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_manifest_is_a_file_without_secrets() {
    let office = Office::open().await;
    office.begins().await;
    office.presses(&office.root, "keepmode").await;
    office.presses(&office.root, "manifest").await;
    let world = office.scene.api.world();
    let (id, name, content) = &world.files[0];
    assert_eq!(name, "zoom-app-manifest.json");
    let manifest: Value = serde_json::from_slice(content).unwrap();
    let redirect = &manifest["manifest"]["oauth_information"]["production_redirect_uri"];
    assert_eq!(
        redirect,
        "https://chat.example.com/plugins/zoom/oauth2/complete"
    );
    let post = world.posts.last().unwrap();
    assert_eq!(&post.file_ids, std::slice::from_ref(id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_continues_where_it_stood() {
    let office = Office::open().await;
    let root = &office.root;
    office.begins().await;
    office.presses(root, "keepmode").await;
    office.presses(root, "created").await;
    // The System Console saves the credentials meanwhile.
    let mut entered = json!({});
    for (key, value) in office.credentials().as_object().unwrap() {
        entered[key.to_lowercase()] = value.clone();
    }
    office.scene.change_settings(entered).await;
    office.shows(root, "Step 4 of 7");
    let old = office.message(root);
    office.begins().await;
    let messages = office.messages(root);
    assert_eq!(messages.len(), 2);
    assert!(messages[0].text().contains("no longer in use"));
    office.shows(root, "Step 4 of 7");
    // A button of the old message, which a client still shows.
    let reply = office.scene.press(&old, "generate").await;
    assert!(
        body_of(&reply).contains("no longer in use"),
        "{}",
        body_of(&reply)
    );
    assert_eq!(office.setting("encryptionkey"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_told_to_ask_a_system_admin_and_change_nothing() {
    let office = Office::open().await;
    let (scene, ann) = (&office.scene, &office.ann);
    for text in ["/zoom setup", "/zoom setup cancel"] {
        let told = scene.asks(ann, &office.town, text).await;
        assert!(told.contains("Ask a system admin"), "{told}");
    }
    assert!(scene.api.world().stored("setup").is_none());
    assert!(office.messages(ann).is_empty());
    // A system admin who loses the role keeps a message with buttons.
    office.begins().await;
    let message = office.message(&office.root);
    let stored = scene.api.world().stored("setup").map(<[u8]>::to_vec);
    let demoted = |world: &mut component_tests::memory::World| {
        world.users.get_mut(&office.root).unwrap().roles = "system_user".to_owned();
    };
    demoted(&mut scene.api.world());
    for button in ["keepmode", "mode", "cancel"] {
        let reply = scene.press(&message, button).await;
        assert!(
            body_of(&reply).contains("Only system admins"),
            "{}",
            body_of(&reply)
        );
    }
    let reply = scene.select(&message, "handover", &office.chief).await;
    assert!(
        body_of(&reply).contains("Only system admins"),
        "{}",
        body_of(&reply)
    );
    assert_eq!(
        scene.api.world().stored("setup").map(<[u8]>::to_vec),
        stored
    );
    assert!(scene.api.world().dialogs.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_genuine_click_in_the_current_step_counts() {
    let office = Office::open().await;
    let (scene, root) = (&office.scene, &office.root);
    office.begins().await;
    let direct = office.direct(root);
    let stored = || scene.api.world().stored("setup").map(<[u8]>::to_vec);
    let before = stored();
    // A request that the webapp could send, and a button that a member posted.
    let context = json!({"action": "keepmode", "userID": root, "channelID": direct});
    for body in [
        json!({"context": context, "user_id": root, "channel_id": direct}),
        json!({"context": context}),
    ] {
        let reply = scene
            .request("POST", "/api/v1/setup", Some(root), &body.to_string())
            .await;
        assert_eq!(reply.status, 403, "{}", body_of(&reply));
    }
    let reply = scene.request("POST", "/api/v1/setup", None, "{}").await;
    assert_eq!(reply.status, 401);
    assert_eq!(stored(), before);
    // A button of an earlier step.
    let first = office.message(root);
    office.presses(root, "keepmode").await;
    let second = stored();
    let reply = scene.press(&first, "mode").await;
    assert!(
        body_of(&reply).contains("not the current one"),
        "{}",
        body_of(&reply)
    );
    assert!(scene.api.world().dialogs.is_empty());
    assert_eq!(stored(), second);
    // After 400 days, the host no longer accepts the buttons.
    scene.later(401 * 24 * 3600);
    let reply = scene.press(&office.message(root), "created").await;
    assert_eq!(reply.status, 403, "{}", body_of(&reply));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_system_admin_continues_a_setup() {
    let office = Office::open().await;
    let (scene, root, chief) = (&office.scene, &office.root, &office.chief);
    office.begins().await;
    office.presses(root, "keepmode").await;
    for (user, why) in [(office.ann.as_str(), "a member"), ("nobody", "not an ID")] {
        let reply = office.selects(root, "handover", user).await;
        assert!(body_of(&reply).contains("another system admin"), "{why}");
        assert!(office.messages(user).is_empty(), "{why}");
    }
    let reply = office.selects(root, "handover", chief).await;
    assert_eq!(body_of(&reply), "{}");
    office.shows(root, "@chief continues this setup");
    office.shows(chief, "Step 2 of 7");
    let asked = scene.posts(&office.direct(chief)).pop().unwrap();
    assert!(
        asked.message.contains("@root asks you"),
        "{}",
        asked.message
    );
    office.presses(chief, "created").await;
    office.shows(chief, "Step 3 of 7");
    // Taking it back needs no permission of the other.
    office.begins().await;
    office.shows(chief, "@root continues this setup");
    office.shows(root, "Step 3 of 7");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canceled_setup_keeps_the_settings() {
    let office = Office::open().await;
    let (scene, root) = (&office.scene, &office.root);
    let told = scene.asks(root, &office.town, "/zoom setup cancel").await;
    assert!(told.contains("No setup is in progress"), "{told}");
    office.begins().await;
    office.presses(root, "mode").await;
    office
        .enters(root, &json!({"ConnectionMode": "admin-managed"}))
        .await;
    let told = scene.asks(root, &office.town, "/zoom setup cancel").await;
    assert!(told.contains("was canceled"), "{told}");
    office.shows(root, "was canceled");
    assert!(scene.api.world().stored("setup").is_none());
    assert_eq!(office.setting("connectionmode"), "admin-managed");
    // The settings finish their steps in the next setup.
    office.begins().await;
    office.shows(root, "Step 2 of 7");
    office.presses(root, "cancel").await;
    assert!(scene.api.world().stored("setup").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_configuration_is_named_with_the_settings_to_change() {
    let office = Office::open().await;
    let root = &office.root;
    office.begins().await;
    office.presses(root, "keepmode").await;
    office.presses(root, "created").await;
    office.presses(root, "credentials").await;
    office.enters(root, &office.credentials()).await;
    office.scene.api.world().read_only_config = true;
    let reply = office.presses(root, "generate").await;
    let told = body_of(&reply);
    for part in ["read-only", "`encryptionkey`", "`webhooksecret`"] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(office.setting("encryptionkey"), "");
    office.shows(root, "Step 4 of 7");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_not_valid_is_replaced_only_by_the_form() {
    let office = Office::open().await;
    let (scene, root) = (&office.scene, &office.root);
    office.begins().await;
    office.presses(root, "keepmode").await;
    office.presses(root, "created").await;
    office.presses(root, "credentials").await;
    office.enters(root, &office.credentials()).await;
    scene
        .change_settings(json!({"encryptionkey": "twenty bytes, wrong"}))
        .await;
    office.presses(root, "generate").await;
    office.reloads().await;
    assert_eq!(office.setting("webhooksecret").len(), 32);
    assert_eq!(office.setting("encryptionkey"), "twenty bytes, wrong");
    let form = scene.api.world().dialogs.last().unwrap().dialog.clone();
    let fields: Vec<_> = form.elements.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(fields, ["EncryptionKey"]);
    office.enters(root, &json!({"EncryptionKey": true})).await;
    assert_eq!(office.setting("encryptionkey").len(), 32);
    office.shows(root, "Step 5 of 7");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_goes_only_where_the_admin_may_post_and_only_once() {
    let office = Office::open().await;
    let (scene, root) = (&office.scene, &office.root);
    office.reaches_events("user-managed").await;
    office.presses(root, "skipevents").await;
    let elsewhere = scene.channel("elsewhere", &[&office.ann]);
    for channel in [elsewhere.as_str(), "nothing"] {
        let reply = office.selects(root, "announce", channel).await;
        assert!(
            body_of(&reply).contains("cannot post"),
            "{}",
            body_of(&reply)
        );
    }
    assert!(scene.posts(&elsewhere).is_empty());
    let message = office.message(root);
    office.finishes().await;
    let before = scene.posts(&office.town).len();
    let reply = scene.select(&message, "announce", &office.town).await;
    assert!(
        body_of(&reply).contains("no longer in use"),
        "{}",
        body_of(&reply)
    );
    assert_eq!(scene.posts(&office.town).len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_of_a_server_to_server_app_are_explained() {
    let office = Office::open().await;
    let root = &office.root;
    // The app at Zoom is a general app.
    office.begins().await;
    office.presses(root, "mode").await;
    office
        .enters(root, &json!({"ConnectionMode": "server-to-server"}))
        .await;
    office.presses(root, "created").await;
    office.presses(root, "credentials").await;
    office.enters(root, &office.credentials()).await;
    office.presses(root, "generate").await;
    office.reloads().await;
    let reply = office.presses(root, "connect").await;
    assert!(body_of(&reply).len() > 20, "{}", body_of(&reply));
    office.shows(root, "Step 5 of 7");
    office.scene.zoom.become_server_to_server();
    office.presses(root, "connect").await;
    office.shows(root, "Step 6 of 7");
    assert_eq!(office.scene.zoom.count(Route::Authorize), 0);
}
