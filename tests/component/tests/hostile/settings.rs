//! Settings forms: users who can open them, and changes that are saved.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use component_tests::memory::MemoryApi;
use component_tests::{HOSTILE, component, plugin};
use mattermost_plugin_rpc::mattermost::{Api, ClusterSettings, CommandArgs, Dialog, HttpRequest};
use plugin_host::{Reply, SettingsEnvironment};
use serde_json::{Value, json};

use crate::{HostilePlugin, MANIFEST, text};

const NOW: i64 = 1_785_000_000_000;
const TEN_MINUTES: i64 = 600_000;
const ROUTE: &str = "/_host/settings";
const MASK: &str = "********************************";

/// The hostile plugin with two administrators, a member, and the settings of an earlier plugin.
struct Office {
    hostile: HostilePlugin,
    clock: Arc<AtomicI64>,
    boss: String,
    other_boss: String,
    eve: String,
    channel: String,
}

impl Office {
    async fn open() -> Office {
        let clock = Arc::new(AtomicI64::new(NOW));
        let stored =
            json!({"TOKEN": "old token", "seal": "old seal", "unlisted": "kept", "of-others": 7});
        let hostile = HostilePlugin::at(stored, Arc::clone(&clock)).await;
        let mut world = hostile.api.world();
        world
            .secret_settings
            .extend(["token", "seal"].map(str::to_owned));
        let boss = world.add_user("boss", "system_user system_admin");
        let other_boss = world.add_user("chief", "system_user system_admin");
        let eve = world.add_user("eve", "system_user");
        let channel = world.add_channel("town", "O", &[&boss, &eve]);
        drop(world);
        Office {
            hostile,
            clock,
            boss,
            other_boss,
            eve,
            channel,
        }
    }

    async fn types(&self, user: &str, text: &str) -> String {
        let args = CommandArgs {
            command: format!("/hostile {text}"),
            user_id: user.to_owned(),
            channel_id: self.channel.clone(),
            trigger_id: "t".to_owned(),
            ..CommandArgs::default()
        };
        self.hostile.plugin.command(args).await.unwrap().unwrap()
    }

    /// Opens the settings form for the administrator.
    async fn form(&self, keys: &str) -> Dialog {
        let said = self.types(&self.boss, &format!("ask {keys}")).await;
        assert!(said.starts_with("Ok"), "{said}");
        let opened = self.hostile.api.world().dialogs.last().unwrap().clone();
        assert_eq!(opened.url, format!("/plugins/hostile{ROUTE}"));
        opened.dialog
    }

    async fn sends(&self, user: &str, state: &str, answers: &Value) -> Reply {
        let body = json!({
            "type": "dialog_submission", "callback_id": "", "state": state, "user_id": user,
            "channel_id": self.channel, "team_id": "", "submission": answers, "cancelled": false,
        });
        self.posts(user, &body).await
    }

    async fn posts(&self, user: &str, body: &Value) -> Reply {
        let user = ("Mattermost-User-Id".to_owned(), vec![user.to_owned()]);
        let request = HttpRequest {
            method: "POST".to_owned(),
            url: ROUTE.to_owned(),
            headers: BTreeMap::from([user]),
            ..HttpRequest::default()
        };
        let body = body.to_string().into_bytes();
        self.hostile.plugin.request(&request, body).await
    }

    async fn is_refused(&self, user: &str, state: &str, why: &str) {
        let before = self.stored();
        let reply = self.sends(user, state, &json!({"Token": "stolen"})).await;
        let said = text(&reply);
        assert!(
            (400..500).contains(&reply.status) && said.contains(why),
            "{said}"
        );
        assert_eq!(self.stored(), before);
    }

    fn stored(&self) -> Value {
        self.hostile.api.world().settings.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_enters_what_the_policy_lists_and_nothing_else_changes() {
    let office = Office::open().await;
    let form = office.form("token,Seal").await;
    let fields: Vec<_> = form
        .elements
        .iter()
        .map(|field| (field.name.as_str(), field.sub_type.as_str()))
        .collect();
    assert_eq!(fields, [("Token", "password"), ("Seal", "")]);
    assert!(
        form.elements
            .iter()
            .all(|field| field.default.is_empty() && field.optional)
    );
    let shown = format!("{form:?}");
    assert!(
        !shown.contains("old token") && !shown.contains("old seal"),
        "{shown}"
    );
    // Fields that are not in the form are ignored.
    let answers = json!({"Token": " new token ", "Seal": false, "Unlisted": "x", "Home": "https://evil.example"});
    let reply = office.sends(&office.boss, &form.state, &answers).await;
    assert_eq!((reply.status, text(&reply).as_str()), (200, "{}"));
    let expected =
        json!({"token": "new token", "seal": "old seal", "unlisted": "kept", "of-others": 7});
    assert_eq!(office.stored(), expected);
    let log = office.hostile.log();
    assert!(
        log.contains("A system admin changed settings") && !log.contains("new token"),
        "{log}"
    );
    // A new value for a generated setting.
    let form = office.form("Seal").await;
    let reply = office
        .sends(&office.boss, &form.state, &json!({"Seal": true}))
        .await;
    assert_eq!(reply.status, 200, "{}", text(&reply));
    let stored = office.stored();
    let seal = stored["seal"].as_str().unwrap();
    assert!(seal.len() == 32 && seal != "old seal", "{seal}");
    assert_eq!(stored["token"], "new token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_can_be_sent_once_by_its_user_within_ten_minutes() {
    let office = Office::open().await;
    let (boss, state) = (&office.boss, office.form("Token").await.state);
    office
        .is_refused(&office.other_boss, &state, "no longer valid")
        .await;
    office
        .is_refused(&office.eve, &state, "Only system admins")
        .await;
    for (what, other) in [
        ("none", String::new()),
        ("other keys", state.replace("Token", "Attack")),
        (
            "a longer life",
            state.replace(&(NOW + TEN_MINUTES).to_string(), "1999999999999"),
        ),
    ] {
        assert_ne!(other, state, "{what}");
        office.is_refused(boss, &other, "no longer valid").await;
    }
    // The state of the component's own dialog is also signed.
    office.types(boss, "dialog").await;
    let foreign = office
        .hostile
        .api
        .world()
        .dialogs
        .last()
        .unwrap()
        .dialog
        .state
        .clone();
    office.is_refused(boss, &foreign, "no longer valid").await;
    // The user was an administrator only when the form was opened.
    let roles = |roles: &str| {
        office
            .hostile
            .api
            .world()
            .users
            .get_mut(boss)
            .unwrap()
            .roles = roles.to_owned();
    };
    roles("system_user");
    office.is_refused(boss, &state, "Only system admins").await;
    roles("system_user system_admin");
    let by_another = json!({"type": "dialog_submission", "state": state, "user_id": office.eve,
        "submission": {"Token": "stolen"}});
    assert_eq!(office.posts(boss, &by_another).await.status, 400);
    office.clock.store(NOW + TEN_MINUTES + 1, Ordering::SeqCst);
    office.is_refused(boss, &state, "no longer valid").await;
    office.clock.store(NOW + TEN_MINUTES, Ordering::SeqCst);
    let first = office.sends(boss, &state, &json!({"Token": "new"})).await;
    assert_eq!(first.status, 200, "{}", text(&first));
    office.is_refused(boss, &state, "already been sent").await;
    assert_eq!(office.stored()["token"], "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_twice_at_once_counts_once() {
    let office = Office::open().await;
    let state = office.form("Token").await.state;
    let answers = ["one", "two", "three", "four"].map(|value| json!({"Token": value}));
    let sent = answers
        .iter()
        .map(|answers| office.sends(&office.boss, &state, answers));
    let replies = futures_util::future::join_all(sent).await;
    let taken = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(taken, 1, "{replies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_settings_are_asked_for_and_only_of_administrators() {
    let office = Office::open().await;
    for keys in [
        "Home",
        "Unlisted",
        "Attack",
        "Nothing",
        "",
        "Token,Unlisted",
    ] {
        let said = office.types(&office.boss, &format!("ask {keys}")).await;
        assert!(said.contains("Denied"), "{keys}: {said}");
    }
    for twice in ["Token,token", "Seal,Token,SEAL"] {
        let said = office.types(&office.boss, &format!("ask {twice}")).await;
        assert!(said.contains("Invalid"), "{twice}: {said}");
    }
    let many = vec!["Token"; 21].join(",");
    let said = office.types(&office.boss, &format!("ask {many}")).await;
    assert!(said.contains("TooLarge"), "{said}");
    let before = office.stored();
    for text in ["ask Token", "generate Seal"] {
        let said = office.types(&office.eve, text).await;
        assert!(
            said.contains("users who manage the system"),
            "{text}: {said}"
        );
    }
    for key in ["Token", "Unlisted", "Nothing"] {
        let said = office.types(&office.boss, &format!("generate {key}")).await;
        assert!(said.contains("Denied"), "{key}: {said}");
    }
    assert_eq!(office.stored(), before);
    assert!(office.hostile.api.world().dialogs.is_empty());
    assert!(office.hostile.denials("settings") >= 11);
}

/// An administrator follows a member's button or link to a route that opens the form.
#[tokio::test(flavor = "multi_thread")]
async fn no_settings_form_opens_without_user_intent() {
    let office = Office::open().await;
    office.hostile.api.world().settings = json!({});
    for user in [None, Some(office.boss.as_str())] {
        for attack in ["/settings-ask?Token", "/settings-generate?Seal"] {
            let reply = office.hostile.attack_as(attack, user).await;
            let said = text(&reply);
            assert!(
                reply.status == 418 && said.contains("Denied"),
                "{attack}: {said}"
            );
        }
    }
    for kind in ["ask", "generate"] {
        let url = format!("/job-of-kind?{kind}|x");
        let enqueued = office.hostile.attack_as(&url, Some(&office.boss)).await;
        assert_eq!(enqueued.status, 200);
        office.hostile.plugin.work().await;
        let world = office.hostile.api.world();
        let came_to = String::from_utf8_lossy(world.stored("came-to").unwrap()).into_owned();
        assert!(came_to.contains("Denied"), "{kind}: {came_to}");
    }
    assert!(office.hostile.api.world().dialogs.is_empty());
    assert_eq!(office.stored(), json!({}));
    let hostile = HostilePlugin::closed(json!({"attack": "ask-in-activate"}));
    let api: Arc<MemoryApi> = Arc::clone(&hostile.api);
    let said = hostile
        .plugin
        .activate(api as Arc<dyn Api>)
        .await
        .unwrap_err();
    assert_eq!(said.matches("Denied").count(), 2, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_setting_is_filled_only_where_it_is_empty() {
    let office = Office::open().await;
    let said = office.types(&office.boss, "generate Seal").await;
    assert!(said.contains("Conflict"), "{said}");
    assert_eq!(office.stored()["seal"], "old seal");
    for empty in [
        json!({"token": "t"}),
        json!({"token": "t", "seal": ""}),
        json!({"token": "t", "seal": null}),
    ] {
        office.hostile.api.world().settings = empty;
        let said = office.types(&office.boss, "generate seal").await;
        assert!(said.contains("Ok"), "{said}");
        let stored = office.stored();
        assert_eq!(stored["seal"].as_str().unwrap().len(), 32, "{stored}");
        assert_eq!(stored["token"], "t");
    }
    office.hostile.api.world().settings = json!({});
    office.hostile.api.world().read_only_config = true;
    let said = office.types(&office.boss, "generate Seal").await;
    assert!(said.contains("read-only"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn masked_values_and_read_only_configurations_are_reported() {
    let office = Office::open().await;
    let state = office.form("Token").await.state;
    let before = office.stored();
    // The form stays open and can be submitted again.
    let reply = office
        .sends(&office.boss, &state, &json!({"Token": MASK}))
        .await;
    let said: Value = serde_json::from_slice(&reply.body).unwrap();
    assert!(
        said["errors"]["Token"]
            .as_str()
            .unwrap()
            .contains("asterisks"),
        "{said}"
    );
    let reply = office
        .sends(&office.boss, &state, &json!({"Token": ""}))
        .await;
    assert_eq!((reply.status, office.stored()), (200, before.clone()));
    office.hostile.api.world().read_only_config = true;
    let reply = office
        .sends(&office.boss, &state, &json!({"Token": "new"}))
        .await;
    assert!(text(&reply).contains("read-only"), "{}", text(&reply));
    assert_eq!(office.stored(), before);
    // Asterisks that were saved earlier as a secret are not saved again.
    office.hostile.api.world().read_only_config = false;
    office.hostile.api.world().settings = json!({"token": MASK, "seal": "s"});
    let state = office.form("Seal").await.state;
    let reply = office
        .sends(&office.boss, &state, &json!({"Seal": true}))
        .await;
    assert!(
        text(&reply).contains("Token is stored as asterisks"),
        "{}",
        text(&reply)
    );
    assert_eq!(office.stored()["seal"], "s");
}

/// The component can then say where an administrator changes a setting.
#[tokio::test(flavor = "multi_thread")]
async fn the_component_knows_where_settings_are_changed() {
    let database = SettingsEnvironment {
        configuration_in_database: true,
        replaces_settings: false,
    };
    let replaced = SettingsEnvironment {
        configuration_in_database: true,
        replaces_settings: true,
    };
    let file = SettingsEnvironment::default();
    let read_only = ClusterSettings {
        enable: Some(true),
        read_only_config: Some(true),
    };
    let alone = ClusterSettings {
        enable: None,
        ..read_only.clone()
    };
    for (environment, cluster, expected) in [
        (file, ClusterSettings::default(), "Source::Server"),
        (file, alone, "Source::Server"),
        (file, read_only.clone(), "Source::ReadOnlyFile"),
        (database, read_only.clone(), "Source::Server"),
        (replaced, read_only, "Source::Environment"),
    ] {
        let api = Arc::new(MemoryApi::default());
        api.world().settings = json!({});
        api.world().config.cluster_settings = cluster.clone();
        let plugin = plugin(component(HOSTILE).unwrap(), MANIFEST).unwrap();
        let plugin = Arc::new(plugin.with_settings_environment(environment));
        let activated = plugin.activate(Arc::clone(&api) as Arc<dyn Api>);
        activated.await.unwrap();
        let hostile = HostilePlugin { plugin, api };
        let said = text(&hostile.attack("/settings-source").await);
        assert_eq!(said, expected, "{environment:?} {cluster:?}");
    }
}

/// The earlier values that the component got, one list for each change of the configuration.
fn previous_values(hostile: &HostilePlugin) -> Vec<Vec<(String, String)>> {
    let world = hostile.api.world();
    let lines = world.log.iter();
    let lines = lines.filter(|line| line.message == "previous values");
    lines.map(|line| line.fields.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn earlier_values_of_listed_settings_are_passed_once() {
    let hostile = HostilePlugin::with(json!({"SEAL": "first", "token": "t"})).await;
    let change = async |settings: Value| {
        hostile.api.world().settings = settings;
        hostile.plugin.reload().await.is_ok()
    };
    let pair = |value: &str| ("seal".to_owned(), value.to_owned());
    assert!(change(json!({"seal": "first", "token": "other"})).await);
    assert!(change(json!({"seal": "second"})).await);
    assert!(change(json!({"seal": "second", "home": "https://x"})).await);
    // The component fails, so the value is passed again with the next.
    assert!(!change(json!({"attack": "configuration-changed"})).await);
    assert!(change(json!({"seal": "third"})).await);
    assert!(change(json!({"seal": "fourth"})).await);
    assert_eq!(
        previous_values(&hostile),
        [
            vec![],
            vec![pair("first")],
            vec![],
            vec![pair("second")],
            vec![pair("third")],
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn few_earlier_values_are_kept() {
    let hostile = HostilePlugin::with(json!({"seal": "0"})).await;
    for number in 1..=20 {
        let settings = json!({"seal": number.to_string(), "attack": "configuration-changed"});
        hostile.api.world().settings = settings;
        assert!(hostile.plugin.reload().await.is_err());
    }
    hostile.api.world().settings = json!({"seal": "20"});
    hostile.plugin.reload().await.unwrap();
    let values = previous_values(&hostile).pop().unwrap();
    let values: Vec<_> = values.into_iter().map(|(_, value)| value).collect();
    let expected: Vec<_> = (4..20).map(|number| number.to_string()).collect();
    assert_eq!(values, expected);
}
