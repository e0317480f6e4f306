//! A Server-to-Server OAuth app: the plugin signs in, and nobody connects.

use plugin_tests::process::wait_until;
use plugin_tests::scenario;
use plugin_tests::site::{PLUGIN, Person, Room, Site, message};
use plugin_tests::websocket::Listener;
use plugin_tests::zoom::{ACCOUNT, Route, User};
use serde_json::json;

use crate::world::*;

pub const CHECKS: &[Check] = &[(
    "zm049_a_server_to_server_app_serves_members_with_verified_addresses",
    serves_members,
)];

/// Repeats a command until the answer contains a text, because the server reports changed settings in the background.
fn until_told(person: &Person, room: &Room, command: &str, wanted: &str) -> Outcome {
    let mut last = String::new();
    let told = wait_until(SOON, || {
        let told = person.asks(room, command).ok()?;
        message(&told).clone_into(&mut last);
        last.contains(wanted).then_some(())
    });
    told.ok_or_else(|| format!("{command} was answered: {last}"))?;
    Ok(())
}

fn serves_members(world: &mut World) -> Outcome {
    let site = world.ready()?;
    site.zoom.become_server_to_server();
    let result = in_server_to_server_mode(site);
    site.zoom.become_general();
    settings(site, &json!({"connectionmode": "account-level-app"}))?;
    until_configured(site)?;
    result
}

fn in_server_to_server_mode(site: &Site) -> Outcome {
    let mode =
        |account: &str| json!({"connectionmode": "server-to-server", "zoomaccountid": account});
    let asked = site.zoom.paths().len();
    settings(site, &mode("another-account"))?;
    let room = site.room(&name("room"))?;
    let ann = site.person(&name("person"), &room)?;
    let user = ann.client.user_id().to_owned();
    let boss = Person {
        events: Listener::connect(&site.administrator)?,
        client: site.administrator.clone(),
    };
    until_told(&boss, &room, "/zoom connect", "Zoom account ID")?;
    settings(site, &mode(ACCOUNT))?;
    until_told(&boss, &room, "/zoom connect", "nothing to connect")?;
    // The server has not verified the address.
    let told = ann.asks(&room, "/zoom start")?;
    assert!(message(&told).contains("is not verified"), "{told}");
    let verify = format!("/api/v4/users/{user}/email/verify/member");
    site.administrator.post(&verify, &json!({}))?;
    let email = ann.client.get("/api/v4/users/me")?["email"].clone();
    let email = email.as_str().unwrap_or_default();
    site.zoom.add_user(User::new(email));
    let tokens = site.zoom.count(Route::Token);
    ann.prefers(&room, "No")?;
    let post = scenario::start_meeting(&ann, &room, "Without connecting", &mut |_| {})?;
    assert_eq!(post["user_id"], ann.client.user_id());
    let meeting = site.zoom.meetings().pop().ok_or("no meeting")?;
    assert_eq!(meeting.host_email, email);
    // The next process uses the stored token.
    site.administrator.disable_plugin(PLUGIN)?;
    let gone = wait_until(SOON, || {
        site.server.plugin_processes().is_empty().then_some(())
    });
    gone.ok_or("the plugin does not end")?;
    site.administrator.enable_plugin(PLUGIN)?;
    until_configured(site)?;
    let fresh = rooms(site, &ann, 1)?.pop().ok_or("no room")?;
    start(&ann, &fresh, "After a restart")?;
    assert_eq!(site.zoom.count(Route::Token), tokens);
    let stored = site.stored()?;
    assert!(stored.contains("server_to_server_token"), "{stored}");
    for secret in site.zoom.secrets() {
        assert!(!stored.contains(&secret), "{secret} is stored");
        assert!(!site.server.log_text().contains(&secret), "{secret}");
    }
    let paths = site.zoom.paths();
    let mut since = paths.iter().skip(asked);
    assert!(!since.any(|path| path.contains("/users/me")));
    Ok(())
}
