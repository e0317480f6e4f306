//! The conformance suite on a real Mattermost server: `plugin_tests::conformance` has the cases, and the component
//! tests run them on the in-memory server.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::panic
)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use plugin_tests::cache_folder;
use plugin_tests::client::Client;
use plugin_tests::conformance::{EVENT, Fixture, LINE, PLUGIN, PREFERENCE, SECRET, STATUS};
use plugin_tests::process::wait_until;
use plugin_tests::site::{PASSWORD, Site};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);

/// A bundle of the plugin that makes the calls.
fn bundle(folder: &Path) -> std::path::PathBuf {
    let manifest = json!({
        "id": PLUGIN,
        "name": "Conformance",
        "version": "1.0.0",
        "min_server_version": "10.7.0",
        "server": {"executable": "conformance"},
        "settings_schema": {"settings": [
            {"key": "Color", "display_name": "Color", "type": "text"},
            {"key": SECRET, "display_name": SECRET, "type": "text", "secret": true},
        ]},
    });
    let inside = folder.join(PLUGIN);
    fs::create_dir_all(&inside).unwrap();
    fs::write(inside.join("plugin.json"), manifest.to_string()).unwrap();
    fs::copy(
        env!("CARGO_BIN_EXE_conformance"),
        inside.join("conformance"),
    )
    .unwrap();
    let bundle = folder.join("conformance.tar.gz");
    let mut tar = Command::new("tar");
    tar.arg("-czf")
        .arg(&bundle)
        .arg("-C")
        .arg(folder)
        .arg(PLUGIN);
    assert!(tar.status().unwrap().success());
    bundle
}

#[test]
fn the_real_server_answers_as_the_server_in_memory_does() {
    let logs = cache_folder().join("logs/conformance");
    let site = Site::start_with(
        &logs,
        &[("MM_LOGSETTINGS_ENABLEFILE", "true")],
        &mut |line| {
            println!("{line}");
        },
    );
    let site = site.unwrap();
    let room = site.room("room").unwrap();
    let ada = site.person("ada", &room).unwrap();
    let nobody = Client::new(&site.server.url());
    let stranger = nobody.create_user("stranger", PASSWORD).unwrap();
    site.administrator
        .add_to_team(&room.team, &stranger)
        .unwrap();
    let person = ada.client.user_id().to_owned();
    let (category, name) = PREFERENCE;
    let preference =
        json!([{"user_id": person, "category": category, "name": name, "value": "blue"}]);
    let preferences = format!("/api/v4/users/{person}/preferences");
    ada.client.put(&preferences, &preference).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(folder.path());
    site.administrator.upload_plugin(&bundle).unwrap();
    site.administrator.enable_plugin(PLUGIN).unwrap();
    let running = wait_until(SOON, || {
        (site.administrator.plugin_state(PLUGIN).ok()? == Some(2)).then_some(())
    });
    running.unwrap();

    let members = format!("/api/v4/channels/{}/members?per_page=100", room.channel);
    let members = site.administrator.get(&members).unwrap();
    let members = members.as_array().unwrap().iter();
    let user = site
        .administrator
        .get(&format!("/api/v4/users/{person}"))
        .unwrap();
    let fixture = Fixture {
        person: person.clone(),
        name: "ada".to_owned(),
        email: user["email"].as_str().unwrap().to_owned(),
        administrator: site.administrator.user_id().to_owned(),
        stranger,
        team: room.team.clone(),
        channel: room.channel.clone(),
        members: members
            .map(|one| one["user_id"].as_str().unwrap().to_owned())
            .collect(),
        site: site.server.url(),
        plugin: PLUGIN.to_owned(),
    };
    let mark = ada.events.mark();
    let path = format!("/plugins/{PLUGIN}/run");
    let report = ada.client.post(&path, &fixture.to_json()).unwrap();
    let outcomes = report.as_array().unwrap();
    let wrong: Vec<_> = outcomes.iter().filter(|one| !one[1].is_null()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("{} cases", outcomes.len());
    assert!(outcomes.len() >= 19);

    // Effects that only the log, the websocket, and REST show.
    let name = format!("custom_{PLUGIN}_{EVENT}");
    let event = ada
        .events
        .wait(mark, "the event", |event| event.name == name);
    assert_eq!(event.unwrap().data["text"], "hello");
    let user = ada.client.get("/api/v4/users/me").unwrap();
    let status: Value =
        serde_json::from_str(user["props"]["customStatus"].as_str().unwrap()).unwrap();
    assert_eq!(status["text"], STATUS);
    assert_eq!(status["expires_at"], "2100-01-01T00:00:00Z");
    let logged = wait_until(SOON, || site.server.log_text().contains(LINE).then_some(()));
    logged.unwrap();
}
