//! The conformance suite on the in-memory server: `plugin_tests::conformance` has the cases, and `tests/conformance.rs`
//! runs them on a real Mattermost server.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use component_tests::memory::MemoryApi;
use mattermost_plugin_rpc::mattermost::{PluginStatus, Preference, Status};
use plugin_tests::conformance::{Fixture, PLUGIN, PREFERENCE, SECRET, run};
use serde_json::json;

const LIST: &str = include_str!("../../../host/rpc/api/methods.txt");

/// Methods without a case: opening a dialog needs the trigger of a user's click.
const WITHOUT: &[&str] = &["OpenInteractiveDialog"];

fn fixture(api: &MemoryApi) -> Fixture {
    let mut world = api.world();
    world.now = 1_766_000_000_000;
    world.settings = json!({});
    world.secret_settings.insert(SECRET.to_lowercase());
    let site = "https://chat.example.com".to_owned();
    world.config.service_settings.site_url = Some(site.clone());
    let administrator = world.add_user("root", "system_user system_admin");
    let person = world.add_user("ada", "system_user");
    let stranger = world.add_user("stranger", "system_user");
    let channel = world.add_channel("room", "O", &[&administrator, &person]);
    world.teams.insert(("team".to_owned(), person.clone()));
    let status = Status {
        user_id: person.clone(),
        status: "online".to_owned(),
        ..Status::default()
    };
    world.statuses.insert(person.clone(), status);
    world.plugins.push(PluginStatus {
        plugin_id: PLUGIN.to_owned(),
        state: 2,
        ..PluginStatus::default()
    });
    world.preferences.push(Preference {
        user_id: person.clone(),
        category: PREFERENCE.0.to_owned(),
        name: PREFERENCE.1.to_owned(),
        value: "blue".to_owned(),
    });
    Fixture {
        name: "ada".to_owned(),
        email: "ada@example.com".to_owned(),
        members: BTreeSet::from([administrator.clone(), person.clone()]),
        team: "team".to_owned(),
        plugin: PLUGIN.to_owned(),
        person,
        administrator,
        stranger,
        channel,
        site,
    }
}

#[tokio::test]
async fn the_server_in_memory_answers_as_the_real_server_does() {
    let api = MemoryApi::default();
    let fixture = fixture(&api);
    let outcomes = run(&api, &fixture).await;
    let wrong = outcomes.iter().filter(|(_, wrong)| wrong.is_some());
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn every_method_on_the_list_has_a_case() {
    let api = MemoryApi::default();
    let fixture = fixture(&api);
    run(&api, &fixture).await;
    let called: BTreeSet<String> = api.world().calls.iter().cloned().collect();
    let lines = LIST
        .lines()
        .filter(|line| line.starts_with(char::is_alphabetic));
    let heads = lines.filter_map(|line| line.split([' ', ':']).next());
    let methods: Vec<_> = heads.filter(|head| !head.contains('.')).collect();
    assert!(methods.len() > 40, "{methods:?}");
    for method in methods {
        let has = called.contains(method) || WITHOUT.contains(&method);
        assert!(has, "{method} has no case");
    }
}
