//! Genuine and forged clicks and dialogs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{CommandArgs, HttpRequest, Post};
use plugin_host::Reply;
use serde_json::{Value, json};

use crate::{HostilePlugin, text};

const NOW: i64 = 1_785_000_000_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The hostile plugin with users and a clock.
struct Town {
    hostile: HostilePlugin,
    clock: Arc<AtomicI64>,
    eve: String,
    boss: String,
    channel: String,
}

impl Town {
    async fn open() -> Town {
        let clock = Arc::new(AtomicI64::new(NOW));
        let hostile = HostilePlugin::at(json!({}), Arc::clone(&clock)).await;
        let (eve, boss, channel) = {
            let mut world = hostile.api.world();
            let eve = world.add_user("eve", "system_user");
            let boss = world.add_user("boss", "system_user system_admin");
            let channel = world.add_channel("town", "O", &[&eve, &boss]);
            (eve, boss, channel)
        };
        Town {
            hostile,
            clock,
            eve,
            boss,
            channel,
        }
    }

    async fn attack(&self, url: &str) -> String {
        let reply = self.hostile.attack_as(url, Some(&self.boss)).await;
        assert_eq!(reply.status, 200, "{url}: {}", text(&reply));
        text(&reply)
    }

    /// A user's click on the button of a post, as sent by the server.
    fn click(&self, post: &Post, user: &str) -> Click {
        let props = props(post);
        let button = props.pointer("/attachments/0/actions/0/integration");
        let integration = button.unwrap_or_else(|| &props["mm_blocks_actions"]["go"]);
        let address = integration["url"].as_str().unwrap();
        Click {
            route: address.strip_prefix("/plugins/hostile").unwrap().to_owned(),
            user: user.to_owned(),
            headers: Vec::new(),
            body: json!({
                "user_id": user, "user_name": "x", "channel_id": post.channel_id, "channel_name": "x",
                "team_id": "", "team_domain": "", "post_id": post.id, "trigger_id": "t", "type": "button",
                "data_source": "", "context": integration["context"],
            }),
        }
    }

    async fn sends(&self, click: &Click) -> Reply {
        let header = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        let mut headers = BTreeMap::from([header("Mattermost-User-Id", &click.user)]);
        let others = click.headers.iter();
        headers.extend(others.map(|(name, value)| header(name, value)));
        let request = HttpRequest {
            method: "POST".to_owned(),
            url: click.route.clone(),
            headers,
            ..HttpRequest::default()
        };
        let body = click.body.to_string().into_bytes();
        self.hostile.plugin.request(&request, body).await
    }

    /// The origin that the component sees, and the body.
    async fn seen(&self, click: &Click) -> (String, Value) {
        let reply: Value = serde_json::from_slice(&self.sends(click).await.body).unwrap();
        let origin = reply["origin"].as_str().unwrap().to_owned();
        (origin, reply["body"].clone())
    }

    async fn origin(&self, click: &Click) -> String {
        self.seen(click).await.0
    }

    /// The administrator opens a dialog with a command and submits it, as sent by the server.
    async fn answers(&self) -> Click {
        let args = CommandArgs {
            command: "/hostile dialog".to_owned(),
            user_id: self.boss.clone(),
            channel_id: self.channel.clone(),
            trigger_id: "t".to_owned(),
            ..CommandArgs::default()
        };
        let said = self.hostile.plugin.command(args).await.unwrap().unwrap();
        assert!(said.starts_with("Ok"), "{said}");
        let dialog = self
            .hostile
            .api
            .world()
            .dialogs
            .last()
            .unwrap()
            .dialog
            .clone();
        Click {
            route: "/origin".to_owned(),
            user: self.boss.clone(),
            headers: Vec::new(),
            body: json!({
                "type": "dialog_submission", "callback_id": dialog.callback_id, "state": dialog.state,
                "user_id": self.boss, "channel_id": self.channel, "team_id": "", "submission": {"a": "b"},
                "cancelled": false,
            }),
        }
    }
}

/// The request of a click or a dialog.
#[derive(Clone)]
struct Click {
    route: String,
    user: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Value,
}

impl Click {
    fn but(&self, change: impl FnOnce(&mut Click)) -> Click {
        let mut other = self.clone();
        change(&mut other);
        other
    }
}

fn props(post: &Post) -> Value {
    let props = post.props.iter();
    props
        .map(|(name, value)| (name.clone(), value.to_json()))
        .collect()
}

/// The last post, and the last ephemeral post.
fn last(hostile: &HostilePlugin) -> (Option<Post>, Option<Post>) {
    let world = hostile.api.world();
    let seen = world.ephemerals.last().map(|(_, post)| post.clone());
    (world.posts.last().cloned(), seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_click_on_a_button_of_the_plugin_is_genuine() {
    let town = Town::open().await;
    let (channel, eve) = (&town.channel, &town.eve);
    town.attack(&format!(
        "/post-with-button?{channel}|/plugins/hostile/origin"
    ))
    .await;
    let post = last(&town.hostile).0.unwrap();
    let click = town.click(&post, eve);
    let (origin, body) = town.seen(&click).await;
    // The component's context, without the host's fields.
    assert_eq!(
        (origin.as_str(), &body["context"]),
        ("Origin::GenuineClick", &json!({"mine": 1.5}))
    );
    assert_eq!(body["post_id"], post.id);
    let yard = town.hostile.api.world().add_channel("yard", "O", &[eve]);
    type Change<'a> = &'a dyn Fn(&mut Click);
    let changes: [(&str, Change<'_>); 10] = [
        ("no proof", &|click| {
            click.body["context"] = json!({"mine": 1.5})
        }),
        ("a proof for another context", &|click| {
            click.body["context"]["_payload"] = json!("{}")
        }),
        ("a proof for another user", &|click| {
            click.body["context"]["_audience"] = json!(click.user)
        }),
        ("a longer life", &|click| {
            click.body["context"]["_expires"] = json!("1999999999999")
        }),
        ("no expiry", &|click| {
            click.body["context"]["_expires"] = json!("")
        }),
        ("another channel", &|click| {
            click.body["channel_id"] = json!(yard)
        }),
        ("a body that names another user", &|click| {
            click.body["user_id"] = json!(town.boss)
        }),
        ("another route", &|click| {
            click.route = "/origin/other".to_owned()
        }),
        ("the same route in other letters", &|click| {
            click.route = "/%6Frigin".to_owned()
        }),
        ("another plugin", &|click| {
            click.headers.push(("Mattermost-Plugin-Id", "other"))
        }),
    ];
    for (what, change) in changes {
        assert_eq!(
            town.origin(&click.but(change)).await,
            "Origin::Other",
            "{what}"
        );
    }
    let by_server = click.but(|click| {
        click
            .headers
            .push(("Mattermost-Plugin-Id", "com.mattermost.server"))
    });
    assert_eq!(town.origin(&by_server).await, "Origin::GenuineClick");
    // The proof of a button is not valid for a dialog.
    let dialog = click.but(|click| {
        let state = click.body["context"].to_string();
        click.body = json!({"type": "dialog_submission", "callback_id": "", "state": state,
            "user_id": click.user, "channel_id": channel, "submission": {}});
    });
    assert_eq!(town.origin(&dialog).await, "Origin::Other");
    town.clock.store(NOW + 400 * DAY, Ordering::SeqCst);
    assert_eq!(town.origin(&click).await, "Origin::GenuineClick");
    town.clock.store(NOW + 400 * DAY + 1, Ordering::SeqCst);
    assert_eq!(town.origin(&click).await, "Origin::Other");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_of_a_block_is_signed_like_a_button() {
    let town = Town::open().await;
    let url = format!("/post-with-block?{}|/plugins/hostile/origin", town.channel);
    town.attack(&url).await;
    let post = last(&town.hostile).0.unwrap();
    let action = props(&post)["mm_blocks_actions"]["go"].clone();
    assert_eq!(action["type"], "external", "{action}");
    let click = town.click(&post, &town.eve);
    let (origin, body) = town.seen(&click).await;
    assert_eq!(
        (origin.as_str(), &body["context"]),
        ("Origin::GenuineClick", &json!({"mine": 1.5}))
    );
    let forged = click.but(|click| click.body["context"] = json!({"mine": 1.5}));
    assert_eq!(town.origin(&forged).await, "Origin::Other");
    let shown = town.attack(&format!("/post-read?{}", post.id)).await;
    assert!(
        shown.contains(r#"{"mine":1.5}"#) || shown.contains(r#"{\"mine\":1.5}"#),
        "{shown}"
    );
    assert!(!shown.contains("_proof"), "{shown}");
    for elsewhere in ["https://example.com/", "/plugins/other/x"] {
        let url = format!("/post-with-block?{}|{elsewhere}", town.channel);
        let refused = town.hostile.attack_as(&url, Some(&town.boss)).await;
        assert!(text(&refused).contains("Denied"), "{}", text(&refused));
    }
    assert_eq!(town.hostile.api.world().posts.len(), 1);
}

/// The server adds the selected option to the context of a menu. Users can forge it.
#[tokio::test(flavor = "multi_thread")]
async fn the_option_that_was_chosen_from_a_menu_reaches_the_component() {
    let town = Town::open().await;
    let url = format!("/post-with-button?{}|/plugins/hostile/origin", town.channel);
    town.attack(&url).await;
    let click = town.click(&last(&town.hostile).0.unwrap(), &town.eve);
    let chosen = click.but(|click| click.body["context"]["selected_option"] = json!("b"));
    let (origin, body) = town.seen(&chosen).await;
    assert_eq!(origin, "Origin::GenuineClick");
    assert_eq!(
        body["context"],
        json!({"mine": 1.5, "selected_option": "b"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_in_an_ephemeral_post_is_valid_for_its_user_for_an_hour() {
    let town = Town::open().await;
    let (channel, eve, boss) = (&town.channel, &town.eve, &town.boss);
    let url = format!("/ephemeral-with-button?{boss}|{channel}|/plugins/hostile/origin");
    town.attack(&url).await;
    let post = last(&town.hostile).1.unwrap();
    assert_eq!(
        town.origin(&town.click(&post, boss)).await,
        "Origin::GenuineClick"
    );
    assert_eq!(town.origin(&town.click(&post, eve)).await, "Origin::Other");
    town.clock.store(NOW + HOUR + 1, Ordering::SeqCst);
    assert_eq!(town.origin(&town.click(&post, boss)).await, "Origin::Other");
}

/// Any member can write a post whose button leads to a route of the plugin, with any context.
#[tokio::test(flavor = "multi_thread")]
async fn a_members_button_does_not_make_an_admins_click_genuine() {
    let town = Town::open().await;
    let (channel, eve, boss) = (&town.channel, &town.eve, &town.boss);
    town.attack(&format!(
        "/post-with-button?{channel}|/plugins/hostile/origin"
    ))
    .await;
    let genuine = last(&town.hostile).0.unwrap();
    let id = town.hostile.api.world().add_post(eve, channel, "click me");
    let integration =
        json!({"url": "/plugins/hostile/origin", "context": {"mine": 1.5, "admin": true}});
    let forged = {
        let mut world = town.hostile.api.world();
        let post = world.posts.iter_mut().find(|post| post.id == id).unwrap();
        let attachments =
            json!([{"actions": [{"id": "go", "name": "Go", "integration": integration}]}]);
        post.props
            .insert("attachments".to_owned(), Any::from_json(attachments));
        post.clone()
    };
    assert_eq!(
        town.origin(&town.click(&forged, boss)).await,
        "Origin::Other"
    );
    // If the component writes back a post, the member's button is not signed.
    let shown: Value =
        serde_json::from_str(&town.attack(&format!("/post-read?{id}")).await).unwrap();
    assert_eq!(
        shown["attachments"][0]["actions"][0]["integration"],
        Value::Null
    );
    town.attack(&format!("/post-copy?{id}")).await;
    let copy = props(&last(&town.hostile).0.unwrap());
    assert_eq!(
        copy["attachments"][0]["actions"][0]["integration"],
        Value::Null
    );
    // The component sees its own buttons unchanged. If it writes back a post, they are signed again.
    let shown = town.attack(&format!("/post-read?{}", genuine.id)).await;
    assert!(
        shown.contains(r#""context":{"mine":1.5}"#) && !shown.contains("_proof"),
        "{shown}"
    );
    town.attack(&format!("/post-copy?{}", genuine.id)).await;
    let copy = last(&town.hostile).0.unwrap();
    assert_eq!(
        town.origin(&town.click(&copy, boss)).await,
        "Origin::GenuineClick"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_user_for_whom_a_dialog_was_opened_can_submit_it() {
    let town = Town::open().await;
    let answers = town.answers().await;
    let (origin, body) = town.seen(&answers).await;
    assert_eq!(
        (origin.as_str(), &body["state"]),
        ("Origin::GenuineDialog", &json!("xxxx"))
    );
    assert_eq!(body["submission"], json!({"a": "b"}));
    let yard = town
        .hostile
        .api
        .world()
        .add_channel("yard", "O", &[&town.boss]);
    type Change<'a> = &'a dyn Fn(&mut Click);
    let changes: [(&str, Change<'_>); 7] = [
        ("no proof", &|click| click.body["state"] = json!("xxxx")),
        ("another state", &|click| {
            let state = click.body["state"]
                .as_str()
                .unwrap()
                .replace("xxxx", "yyyy");
            click.body["state"] = json!(state);
        }),
        ("another user", &|click| {
            click.user = town.eve.clone();
            click.body["user_id"] = json!(town.eve);
        }),
        ("a body that names another user", &|click| {
            click.body["user_id"] = json!(town.eve)
        }),
        ("another channel", &|click| {
            click.body["channel_id"] = json!(yard)
        }),
        ("another route", &|click| {
            click.route = "/origin/other".to_owned()
        }),
        ("a lookup", &|click| {
            click.body["type"] = json!("dialog_lookup")
        }),
    ];
    for (what, change) in changes {
        assert_eq!(
            town.origin(&answers.but(change)).await,
            "Origin::Other",
            "{what}"
        );
    }
    town.clock.store(NOW + HOUR + 1, Ordering::SeqCst);
    assert_eq!(town.origin(&answers).await, "Origin::Other");
}

/// A command or a click creates a trigger ID, also a click on another plugin's button.
#[tokio::test(flavor = "multi_thread")]
async fn only_a_command_or_a_genuine_click_opens_a_dialog() {
    let town = Town::open().await;
    for user in [None, Some(town.boss.as_str())] {
        let reply = town.hostile.attack_as("/dialog?/answer", user).await;
        let said = text(&reply);
        assert!(reply.status == 418 && said.contains("Denied"), "{said}");
    }
    let url = format!(
        "/post-with-button?{}|/plugins/hostile/dialog?/answer",
        town.channel
    );
    town.attack(&url).await;
    let click = town.click(&last(&town.hostile).0.unwrap(), &town.boss);
    let forged = click.but(|click| click.body["context"]["_proof"] = json!("00"));
    town.sends(&forged).await;
    assert_eq!(town.hostile.denials("dialogs"), 3);
    assert!(town.hostile.api.world().dialogs.is_empty());
    town.sends(&click).await;
    assert_eq!(town.hostile.api.world().dialogs.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_the_webapp_has_a_header_that_no_button_can_add() {
    let town = Town::open().await;
    let webapp = ("X-Requested-With", "XMLHttpRequest");
    let request = Click {
        route: "/origin".to_owned(),
        user: town.boss.clone(),
        headers: vec![webapp],
        body: json!({"topic": "\"trigger_id\":"}),
    };
    assert_eq!(town.origin(&request).await, "Origin::Webapp");
    type Change<'a> = &'a dyn Fn(&mut Click);
    let changes: [(&str, Change<'_>); 4] = [
        ("no header", &|click| click.headers.clear()),
        ("another value", &|click| {
            click.headers = vec![("X-Requested-With", "fetch")]
        }),
        ("nobody", &|click| click.user.clear()),
        ("another plugin", &|click| {
            click.headers.push(("Mattermost-Plugin-Id", "other"))
        }),
    ];
    for (what, change) in changes {
        assert_eq!(
            town.origin(&request.but(change)).await,
            "Origin::Other",
            "{what}"
        );
    }
    // The request is still a click.
    let click = request.but(|click| click.body = json!({"trigger_id": "t", "user_id": click.user}));
    assert_eq!(town.origin(&click).await, "Origin::Other");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_own_routes_do_not_reach_the_component() {
    let town = Town::open().await;
    for route in [
        "/_host",
        "/_host/",
        "/_host/origin",
        "/%5Fhost/origin",
        "/_host/../_host/x",
    ] {
        let request = Click {
            route: route.to_owned(),
            user: town.boss.clone(),
            headers: Vec::new(),
            body: json!({}),
        };
        let reply = town.sends(&request).await;
        assert_eq!(reply.status, 404, "{route}: {}", text(&reply));
        assert!(
            text(&reply).contains("the host"),
            "{route}: {}",
            text(&reply)
        );
    }
    for attack in ["/dialog?/_host/settings", "/dialog?/_host"] {
        let reply = town.hostile.attack_as(attack, Some(&town.boss)).await;
        assert!(
            text(&reply).contains("a route of this plugin"),
            "{}",
            text(&reply)
        );
    }
}
