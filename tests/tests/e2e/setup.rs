//! `/zoom setup` on a real server: from a plugin without settings to a posted meeting, in each connection mode.
//!
//! The forms of the host are submitted as the web client does, and the mock Zoom server validates the webhook's URL by
//! sending a request to the server.

use std::fs;

use plugin_tests::client::{Client, text_at};
use plugin_tests::process::wait_until;
use plugin_tests::scenario;
use plugin_tests::site::{ADMINISTRATOR, Person, Room, Site, message};
use plugin_tests::websocket::Listener;
use plugin_tests::zoom::{ACCOUNT, User};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "a_setup_leads_from_no_settings_to_a_meeting_in_user_managed_mode",
        |world| walk(world, "user-managed"),
    ),
    (
        "a_setup_leads_from_no_settings_to_a_meeting_in_admin_managed_mode",
        |world| walk(world, "admin-managed"),
    ),
    (
        "a_setup_leads_from_no_settings_to_a_meeting_in_server_to_server_mode",
        |world| walk(world, "server-to-server"),
    ),
];

/// The settings before a setup.
fn nothing() -> Value {
    json!({
        "connectionmode": "account-level-app", "accountlevelapp": false, "zoomaccountid": "",
        "oauthclientid": "", "oauthclientsecret": "", "encryptionkey": "", "webhooksecret": "",
        "zoomwebhooksecret": "",
    })
}

/// A system admin who runs a setup, and the message that shows the steps.
struct Office<'a> {
    site: &'a Site,
    admin: Person,
    room: Room,
    post: String,
}

impl Office<'_> {
    fn message(&self) -> Result<Value, Box<dyn std::error::Error>> {
        Ok(self.admin.client.post_by_id(&self.post)?)
    }

    /// Waits until the message shows this text.
    fn shows(&self, text: &str) -> Outcome {
        let mut last = Value::Null;
        let shown = wait_until(SOON, || {
            last = self.admin.client.post_by_id(&self.post).ok()?;
            last.to_string().contains(text).then_some(())
        });
        shown.ok_or_else(|| format!("{text} is not in {last}"))?;
        Ok(())
    }

    fn presses(&self, button: &str) -> Outcome {
        let post = self.admin.client.post_by_id(&self.post)?;
        self.admin.client.press(&post, button)?;
        Ok(())
    }

    /// Selects an option of a menu.
    fn selects(&self, menu: &str, option: &str) -> Outcome {
        let path = format!("/api/v4/posts/{}/actions/{menu}", self.post);
        let body = json!({"selected_option": option, "cookie": ""});
        self.admin.client.post(&path, &body)?;
        Ok(())
    }

    /// Opens the form of a button and submits it.
    fn enters(&self, button: &str, answers: &Value) -> Outcome {
        let mark = self.admin.events.mark();
        self.presses(button)?;
        let opened = self
            .admin
            .events
            .wait(mark, "the form", |event| event.name == "open_dialog")?;
        let opened: Value = serde_json::from_str(opened.data["dialog"].as_str().unwrap())?;
        let post = self.admin.client.post_by_id(&self.post)?;
        let body = json!({
            "type": "dialog_submission", "url": opened["url"], "callback_id": "",
            "state": opened["dialog"]["state"], "user_id": self.admin.client.user_id(),
            "channel_id": post["channel_id"], "team_id": self.room.team, "submission": answers,
            "cancelled": false,
        });
        let answer = self
            .admin
            .client
            .post("/api/v4/actions/dialogs/submit", &body)?;
        assert_eq!(answer["error"].as_str().unwrap_or_default(), "", "{answer}");
        assert!(
            answer["errors"]
                .as_object()
                .is_none_or(serde_json::Map::is_empty)
        );
        Ok(())
    }

    /// A setting as the server stores it.
    fn setting(&self, key: &str) -> Result<String, Box<dyn std::error::Error>> {
        let config = fs::read(self.site.server.folder().join("config/config.json"))?;
        let config: Value = serde_json::from_slice(&config)?;
        let value = &config["PluginSettings"]["Plugins"]["zoom"][key];
        Ok(value.as_str().unwrap_or_default().to_owned())
    }
}

fn walk(world: &mut World, mode: &str) -> Outcome {
    let site = world.ready()?;
    let result = set_up(site, mode);
    site.zoom.become_general();
    settings(site, &json!({}))?;
    until_configured(site)?;
    result
}

fn set_up(site: &Site, mode: &str) -> Outcome {
    let room = site.room(&name("room"))?;
    let client = Client::new(&site.server.url());
    let client = client.log_in(ADMINISTRATOR, plugin_tests::site::PASSWORD)?;
    let verify = format!("/api/v4/users/{}/email/verify/member", client.user_id());
    site.administrator.post(&verify, &json!({}))?;
    let email = text_at(&client.get("/api/v4/users/me")?, "/email")?;
    site.zoom.sign_in_as(User::new(&email));
    if mode == "server-to-server" {
        site.zoom.become_server_to_server();
        site.zoom.add_scope("marketplace:write:event_subscription");
    }
    reach_urls(site);
    settings(site, &nothing())?;
    let unconfigured = wait_until(SOON, || {
        let answer = site.administrator.plugin_json("/none", &json!({})).ok()?;
        (answer.status == 501).then_some(())
    });
    unconfigured.ok_or("the plugin is still configured")?;
    let admin = Person {
        events: Listener::connect(&client)?,
        client,
    };
    // A connection of an earlier check would finish a step.
    site.query("delete from pluginkeyvaluestore where pluginid = 'zoom' and pkey ~ '^zoom(SuperUserT|t)oken_'")?;
    let mark = admin.events.mark();
    admin.types(&room, "/zoom setup")?;
    let posted = admin.events.wait_for_post(mark, "posted", |post| {
        message(post).contains("Set up the Zoom plugin")
    })?;
    let office = Office {
        site,
        admin,
        room,
        post: text_at(&posted, "/id")?,
    };
    let outcome = steps(&office, mode);
    if outcome.is_ok() {
        keeps_secrets(&office)?;
    }
    outcome
}

/// Lets the mock Zoom server reach the webhook's URL over HTTP.
fn reach_urls(site: &Site) {
    let base = site.server.url();
    site.zoom.reaches_urls(move |url, webhook| {
        let path = url.strip_prefix(&base)?;
        let headers = webhook.headers();
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let headers: Vec<_> = headers.collect();
        let body = Some(webhook.body.as_bytes());
        let answer = Client::new(&base).call(Method::POST, path, &headers, body);
        let answer = answer.ok().filter(|answer| answer.status == 200);
        answer.map(|answer| answer.text())
    });
}

fn steps(office: &Office<'_>, mode: &str) -> Outcome {
    let (site, admin, room) = (office.site, &office.admin, &office.room);
    office.shows("Step 1 of 7")?;
    office.enters("mode", &json!({"ConnectionMode": mode}))?;
    office.shows("Step 2 of 7")?;
    office.presses("created")?;
    office.shows("Step 3 of 7")?;
    let app = site.zoom.app();
    let mut credentials = json!({
        "OAuthClientID": app.client_id, "OAuthClientSecret": app.client_secret,
        "ZoomWebhookSecret": app.webhook_secret,
    });
    if mode == "server-to-server" {
        credentials["ZoomAccountID"] = json!(ACCOUNT);
    }
    office.enters("credentials", &credentials)?;
    office.shows("Step 4 of 7")?;
    office.presses("generate")?;
    office.shows("Step 5 of 7")?;
    let mark = admin.events.mark();
    office.presses("connect")?;
    if mode != "server-to-server" {
        admin.events.wait_for_ephemeral(mark, |_| true)?;
        let page = site.follow_connect_link(admin)?;
        assert_eq!(page.status, 200, "{}", page.text());
    }
    office.shows("Step 6 of 7")?;
    if mode == "user-managed" {
        let secret = office
            .setting("webhooksecret")
            .map_err(|error| error.to_string())?;
        let base = format!("{}/plugins/zoom/webhook?secret=", site.server.url());
        assert!(!site.zoom.validates(&format!("{base}wrong")));
        office.shows("Step 6 of 7")?;
        assert!(site.zoom.validates(&format!("{base}{secret}")));
    } else {
        office.presses("subscribe")?;
        assert!(!site.zoom.subscriptions().is_empty());
    }
    office.shows("Step 7 of 7")?;
    let mark = admin.events.mark();
    office.selects("announce", &room.channel)?;
    admin.events.wait_for_post(mark, "posted", |post| {
        post["channel_id"] == room.channel.as_str() && message(post).contains("Zoom is available")
    })?;
    office.shows("/zoom doctor")?;
    admin.prefers(room, "No")?;
    let post = scenario::start_meeting(admin, room, "After the setup", &mut |_| {})?;
    assert_eq!(post["channel_id"], room.channel.as_str());
    Ok(())
}

/// No message, no record, and no line of the log has a secret.
fn keeps_secrets(office: &Office<'_>) -> Outcome {
    let site = office.site;
    let app = site.zoom.app();
    let mut secrets = vec![app.client_secret.clone(), app.webhook_secret.clone()];
    for key in ["encryptionkey", "webhooksecret"] {
        let secret = office.setting(key).map_err(|error| error.to_string())?;
        assert_eq!(secret.len(), 32, "{key}");
        secrets.push(secret);
    }
    let direct = text_at(
        &office.message().map_err(|error| error.to_string())?,
        "/channel_id",
    )?;
    let posts = json!(office.admin.client.posts(&direct)?).to_string();
    let events = format!("{:?}", office.admin.events.since(0));
    let (log, stored) = (site.server.log_text(), site.stored()?);
    for secret in &secrets {
        for (place, text) in [
            ("a message", &posts),
            ("an event", &events),
            ("the log", &log),
            ("a record", &stored),
        ] {
            assert!(!text.contains(secret.as_str()), "{place} has a secret");
        }
    }
    Ok(())
}
