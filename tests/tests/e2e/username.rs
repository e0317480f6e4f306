//! A server on which a person has the username of the bot.

use plugin_tests::client::Client;
use plugin_tests::process::wait_until;
use plugin_tests::server::Server;
use plugin_tests::site::{ADMINISTRATOR, PASSWORD, PLUGIN};
use plugin_tests::{bundle, cache_folder};
use serde_json::{Value, json};

use crate::world::*;

pub const CHECKS: &[Check] = &[(
    "f33_a_person_called_zoom_is_named_in_the_activation_error_and_either_remedy_helps",
    taken,
)];

const DATABASE: &str = "username";
/// States of a plugin.
const RUNNING: i64 = 2;
const FAILED_TO_START: i64 = 3;

fn taken(world: &mut World) -> Outcome {
    let database = world.site.postgres.create_database(DATABASE)?;
    let log = cache_folder().join("logs/e2e/mattermost-username.log");
    let server = Server::start(&database, &[], &log, &mut |_| {})?;
    let nobody = Client::new(&server.url());
    nobody.create_user(ADMINISTRATOR, PASSWORD)?;
    let person = nobody.create_user("zoom", PASSWORD)?;
    let administrator = nobody.log_in(ADMINISTRATOR, PASSWORD)?;
    administrator.upload_plugin(&bundle()?)?;

    let rename = |id: &str, username: &str| {
        let path = format!("/api/v4/users/{id}/patch");
        administrator.put(&path, &json!({"username": username}))
    };
    refuses(&server, &administrator, 1)?;
    rename(&person, "zoe")?;
    runs(&server, &administrator)?;

    // Again, as if the plugin had never run.
    administrator.disable_plugin(PLUGIN)?;
    let forget = "delete from pluginkeyvaluestore where pluginid = 'zoom' and pkey = 'mmi_botid' returning pkey";
    let forgotten = world.site.postgres.query(DATABASE, forget)?;
    assert_eq!(forgotten.trim(), "mmi_botid");
    let bots = administrator.get("/api/v4/bots")?;
    let mut bots = bots.as_array().into_iter().flatten();
    let bot = bots.find(|bot| bot["username"] == "zoom").ok_or("no bot")?;
    let bot = bot["user_id"].as_str().unwrap_or_default();
    let path = format!("/api/v4/bots/{bot}");
    administrator.put(&path, &json!({"username": "former-zoom"}))?;
    rename(&person, "zoom")?;
    refuses(&server, &administrator, 2)?;
    let path = format!("/api/v4/users/{person}/convert_to_bot");
    administrator.post(&path, &Value::Null)?;
    runs(&server, &administrator)
}

/// Enables the plugin, which does not start. Checks the number of its log lines with the reason.
fn refuses(server: &Server, administrator: &Client, number: usize) -> Outcome {
    enable(administrator)?;
    until(administrator, FAILED_TO_START)?;
    let told = |line: &&str| {
        line.contains("@zoom is the account of a person")
            && line.contains("mmctl user username zoom ")
            && line.contains("mmctl user convert zoom --bot")
    };
    let log = server.log_text();
    let named = log.lines().filter(told).count();
    assert!(
        named >= number,
        "{} does not say it",
        server.log().display()
    );
    assert!(server.plugin_processes().is_empty());
    Ok(())
}

fn runs(server: &Server, administrator: &Client) -> Outcome {
    enable(administrator)?;
    until(administrator, RUNNING)?;
    assert_eq!(server.plugin_processes().len(), 1);
    Ok(())
}

/// A plugin that failed to start counts as enabled, and must be disabled first.
fn enable(administrator: &Client) -> Outcome {
    administrator.disable_plugin(PLUGIN)?;
    // The server returns an error if the plugin does not start; the state is checked afterwards.
    let _ = administrator.enable_plugin(PLUGIN);
    Ok(())
}

fn until(administrator: &Client, state: i64) -> Outcome {
    let reached = wait_until(SOON, || {
        (administrator.plugin_state(PLUGIN).ok()? == Some(state)).then_some(())
    });
    let there = administrator.plugin_state(PLUGIN)?;
    reached.ok_or_else(|| format!("the state is {there:?} instead of {state}").into())
}
