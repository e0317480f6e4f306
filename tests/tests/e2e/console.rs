//! The System Console's requests: to install a plugin, and those of the plugin's own section.
//!
//! The first check sends the same requests as Mattermost's web client (`uploadPlugin` and `getOptions` of
//! `@mattermost/client`): the session in cookies, the CSRF header, and a form with the file. `force` is added after the
//! administrator has confirmed that the plugin is overwritten.

use std::path::Path;

use libtest_mimic::Failed;
use plugin_tests::bundle;
use plugin_tests::client::{Answer, Client, buttons};
use plugin_tests::process::wait_until;
use plugin_tests::site::{ADMINISTRATOR, PASSWORD, PLUGIN, Site, message};
use serde_json::json;
use ureq::http::Method;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "the_system_console_uploads_a_bundle_and_overwrites_it_when_told_to",
        uploads,
    ),
    (
        "a_members_button_or_dialog_does_nothing_when_an_administrator_uses_it",
        members_buttons,
    ),
];

fn uploads(world: &mut World) -> Outcome {
    let site = &world.site;
    let nobody = Client::new(&site.server.url());
    let console = nobody.log_in_to_browser(ADMINISTRATOR, PASSWORD)?;
    let bundle = bundle()?;
    // A small body, because the server responds without reading it, and may close the connection before a bundle is
    // sent.
    let small = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../plugin.json"));
    let forged = console.from_another_site().ask_to_upload(small, false)?;
    assert_eq!(forged.status, 401, "from another site: {}", forged.text());
    assert_eq!(console.plugin_state(PLUGIN)?, None);

    let fresh = console.ask_to_upload(&bundle, false)?;
    assert_eq!(fresh.status, 201, "{}", fresh.text());
    assert_eq!(fresh.json()["id"], PLUGIN);
    console.enable_plugin(PLUGIN)?;
    let running = || (console.plugin_state(PLUGIN).ok()? == Some(2)).then_some(());
    assert!(wait_until(SOON, running).is_some(), "it does not run");
    world.installed = true;
    let site = &world.site;
    let before = process(site);

    let there = console.ask_to_upload(&bundle, false)?;
    let told = there.json();
    assert_eq!(there.status, 400, "{told}");
    assert_eq!(told["id"], "app.plugin.install_id.app_error", "{told}");
    assert_eq!(process(site), before, "what was refused changed something");

    let over = console.ask_to_upload(&bundle, true)?;
    assert_eq!(over.status, 201, "{}", over.text());
    let replaced = wait_until(SOON, || {
        let processes = site.server.plugin_processes();
        (processes.len() == 1 && processes[0] != before).then_some(())
    });
    assert!(replaced.is_some(), "{:?}", site.server.plugin_processes());
    assert!(wait_until(SOON, running).is_some(), "it runs no more");
    guides_open(&console)
}

/// The guides of the bundle open on the server, each from the overview.
fn guides_open(console: &Client) -> Outcome {
    let open = |name: &str| console.plugin(Method::GET, &format!("/public/docs/{name}"), &[], None);
    let overview = open("help.html")?;
    assert_eq!(overview.status, 200, "{}", overview.text());
    let overview = overview.text();
    let links = overview.split("href=\"").skip(1);
    let names: Vec<_> = links
        .filter_map(|link| link.split(['"', '#']).next())
        .collect();
    let names: Vec<_> = names
        .into_iter()
        .filter(|name| !name.contains("//"))
        .collect();
    assert!(names.contains(&"troubleshooting.html"), "{names:?}");
    for name in names {
        assert_eq!(open(name)?.status, 200, "{name}");
    }
    Ok(())
}

/// The routes of the section *Setup and status*.
const ROUTES: [&str; 5] = ["status", "reveal", "test", "users", "disconnect"];

fn route(name: &str) -> String {
    format!("/api/v1/admin/{name}")
}

/// The webapp of a system admin asks whether a user is connected.
fn is_listed(site: &Site, user: &str) -> Result<bool, Failed> {
    let query = json!({"user_ids": [user]});
    let answer = site.administrator.plugin_json(&route("users"), &query)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let users = answer.json()["users"].clone();
    Ok(users.as_array().is_some_and(|users| users.len() == 1))
}

/// Expects nothing of what the route answers to the webapp.
fn expect_no_answer(name: &str, answer: &Answer) {
    let text = answer.text();
    for part in ["checks", "secret=", "users", "outcome"] {
        assert!(!text.contains(part), "{name}: {text}");
    }
}

/// The server sends the clicks and submissions of an administrator with the administrator's session, wherever a member's
/// button or dialog leads.
fn members_buttons(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let user = ada.client.user_id();
    let (eve, elsewhere) = person(site)?;
    let context = json!({"user_id": user});
    for name in ROUTES {
        let url = format!("/plugins/zoom{}", route(name));
        let action = json!({"name": name, "integration": {"url": url, "context": context}});
        let post = json!({
            "channel_id": elsewhere.channel, "message": "Click here",
            "props": {"attachments": [{"text": "Win a prize", "actions": [action]}]},
        });
        let post = eve.client.post("/api/v4/posts", &post)?;
        let button = buttons(&post).pop().ok_or("the post has no button")?;
        let button = button["id"].as_str().unwrap_or_default();
        // The server tells nobody the status of a plugin's answer to a click.
        let clicked = site.administrator.press(&post, button)?;
        expect_no_answer(name, &clicked);
        let dialog = json!({
            "url": url, "callback_id": "", "state": "", "channel_id": elsewhere.channel, "team_id": elsewhere.team,
            "submission": context,
        });
        let path = "/api/v4/actions/dialogs/submit";
        let headers = [("Content-Type", "application/json")];
        let body = dialog.to_string();
        let submitted =
            site.administrator
                .call(Method::POST, path, &headers, Some(body.as_bytes()))?;
        expect_no_answer(name, &submitted);
        let link = site
            .administrator
            .plugin(Method::GET, &route(name), &[], None)?;
        assert_eq!(link.status, 405, "{name}");
        let member = eve.client.plugin_json(&route(name), &context)?;
        assert_eq!(member.status, 403, "{name}: {}", member.text());
    }
    assert!(is_listed(site, user)?, "the connection ended");

    let shown = site
        .administrator
        .plugin_json(&route("reveal"), &json!({}))?;
    assert_eq!(shown.status, 200, "{}", shown.text());
    assert_eq!(shown.header("Cache-Control"), "no-store");
    let url = shown.json()["webhook"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(url.contains("/plugins/zoom/webhook?secret="));
    let mark = ada.events.mark();
    let ended = site
        .administrator
        .plugin_json(&route("disconnect"), &context)?;
    assert_eq!(ended.json()["outcome"], "disconnected", "{}", ended.text());
    assert!(!is_listed(site, user)?);
    ada.events.wait(mark, "the bot's message", |event| {
        let post = event.post().unwrap_or_default();
        event.name == "posted" && message(&post).starts_with("A system admin disconnected")
    })?;
    // The user can connect again.
    site.connect(&ada, &room)?;
    assert!(is_listed(site, user)?);
    Ok(())
}
