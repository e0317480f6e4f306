//! Upload, settings, and restarts of the process.

use plugin_tests::client::Client;
use plugin_tests::process::wait_until;
use plugin_tests::scenario;
use plugin_tests::site::{PLUGIN, message};
use serde_json::{Value, json};

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "zm003_a_bundle_uploads_and_activates_without_any_setting",
        activates,
    ),
    ("the_host_confines_itself_and_says_how_far", confines_itself),
    ("zm041_without_settings_http_answers_501", answers_501),
    (
        "zm004_without_settings_slash_zoom_says_what_to_do",
        explains,
    ),
    (
        "zm004_without_settings_the_log_names_each_of_them",
        log_names_settings,
    ),
    ("zm004_d50_wrong_settings_are_named_as_well", wrong_settings),
    ("zm002_corrected_settings_work_without_a_restart", corrected),
    ("the_story_of_the_demo", the_story),
    ("zm002_d38_a_changed_setting_holds_at_once", changed),
    (
        "zm005_disabling_leaves_no_process_and_enabling_starts_one",
        disable_enable,
    ),
    ("uploading_the_bundle_again_keeps_people_connected", upgrade),
    (
        "f29_masked_settings_are_named_and_nobody_is_disconnected",
        masked,
    ),
];

/// The settings that cannot be left empty: their keys as the server stores them, and their labels.
const REQUIRED: [(&str, &str); 5] = [
    ("oauthclientid", "Zoom OAuth client ID"),
    ("oauthclientsecret", "Zoom OAuth client secret"),
    ("encryptionkey", "At Rest Token Encryption Key"),
    ("webhooksecret", "Webhook URL secret"),
    ("zoomwebhooksecret", "Zoom secret token"),
];

fn activates(world: &mut World) -> Outcome {
    let site = world.installed()?;
    assert_eq!(site.administrator.plugin_state(PLUGIN)?, Some(2));
    process(site);
    Ok(())
}

fn confines_itself(world: &mut World) -> Outcome {
    let site = world.installed()?;
    let folder = format!("/proc/{}", process(site));
    let status = std::fs::read_to_string(format!("{folder}/task/{}/status", process(site)))?;
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    assert!(status.contains("Seccomp:\t2"), "{status}");
    for thread in std::fs::read_dir(format!("{folder}/task"))? {
        let status = std::fs::read_to_string(thread?.path().join("status"))?;
        assert!(status.contains("Seccomp:\t2"), "a thread is free: {status}");
    }
    let log = site.server.log_text();
    let told = log
        .lines()
        .find(|line| line.contains("confine itself") || line.contains("confined itself"));
    let told = told.unwrap_or_else(|| panic!("{} does not say it", site.server.log().display()));
    assert!(told.contains("active: no new privileges"), "{told}");
    Ok(())
}

fn answers_501(world: &mut World) -> Outcome {
    let site = world.installed()?;
    settings(site, &empty())?;
    let unconfigured = wait_until(SOON, || {
        let answer = site
            .administrator
            .plugin_json("/api/v1/meetings", &json!({}))
            .ok()?;
        (answer.status == 501).then_some(())
    });
    assert!(unconfigured.is_some());
    for path in ["/webhook?secret=x", "/oauth2/connect", "/none"] {
        let answer = Client::new(&site.server.url()).plugin_json(path, &json!({}))?;
        assert_eq!(answer.status, 501, "{path}: {}", answer.text());
    }
    Ok(())
}

/// All text settings blank.
fn empty() -> Value {
    REQUIRED
        .iter()
        .map(|(key, _)| ((*key).to_owned(), json!("")))
        .collect()
}

fn explains(world: &mut World) -> Outcome {
    let site = world.installed()?;
    settings(site, &empty())?;
    let (user, room) = person(site)?;
    let told = user.asks(&room, "/zoom start")?;
    assert!(
        message(&told).contains("system admin"),
        "{}",
        message(&told)
    );
    for (_, label) in REQUIRED {
        assert!(!message(&told).contains(label), "{}", message(&told));
    }

    let boss = plugin_tests::site::Person {
        client: site.administrator.clone(),
        events: plugin_tests::websocket::Listener::connect(&site.administrator)?,
    };
    let told = boss.asks(&room, "/zoom start")?;
    for (_, label) in REQUIRED {
        assert!(
            message(&told).contains(label),
            "{label} is not named: {}",
            message(&told)
        );
    }
    Ok(())
}

fn log_names_settings(world: &mut World) -> Outcome {
    let site = world.installed()?;
    settings(site, &empty())?;
    let named = wait_until(SOON, || {
        let log = site.server.log_text();
        let mut lines = log.lines();
        lines
            .any(|line| REQUIRED.iter().all(|(_, label)| line.contains(label)))
            .then_some(())
    });
    assert!(
        named.is_some(),
        "no line of {} names all settings",
        site.server.log().display()
    );
    Ok(())
}

fn wrong_settings(world: &mut World) -> Outcome {
    let site = world.installed()?;
    settings(
        site,
        &json!({"zoomurl": "not an address", "encryptionkey": "short"}),
    )?;
    let boss = plugin_tests::site::Person {
        client: site.administrator.clone(),
        events: plugin_tests::websocket::Listener::connect(&site.administrator)?,
    };
    let room = site.room(&name("room"))?;
    let told = wait_until(SOON, || {
        let told = boss.asks(&room, "/zoom help").ok()?;
        let text = message(&told).to_owned();
        let labels = ["Zoom URL", "At Rest Token Encryption Key"];
        labels
            .iter()
            .all(|label| text.contains(label))
            .then_some(text)
    });
    let told = told.ok_or("the wrong settings are not named")?;
    assert!(
        !told.contains("Zoom OAuth client ID") && !told.contains("short"),
        "{told}"
    );
    Ok(())
}

fn corrected(world: &mut World) -> Outcome {
    let site = world.installed()?;
    settings(site, &empty())?;
    let before = process(site);
    settings(site, &json!({}))?;
    until_configured(site)?;
    assert_eq!(process(site), before, "the plugin was restarted");
    assert_eq!(site.administrator.plugin_state(PLUGIN)?, Some(2));
    world.configured = true;
    Ok(())
}

fn the_story(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let outcome = scenario::play(site, &mut |_| {})?;
    assert_eq!(
        (outcome.started.as_str(), outcome.ended.as_str()),
        ("STARTED", "ENDED")
    );
    let meeting = site.zoom.meetings().pop().ok_or("no meeting")?;
    assert_eq!(
        (outcome.link, meeting.topic),
        (meeting.join_url, "Standup".to_owned())
    );
    Ok(())
}

/// The page that the System Console saves if all values are masked. The server itself restores a secret that consists
/// of exactly 32 asterisks, if it knows the setting.
fn masked(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let token = || {
        let record = format!("zoomtoken_{} ", ada.client.user_id());
        let stored = site.stored()?;
        let mut lines = stored.lines();
        let line = lines.find(|line| line.starts_with(&record));
        Ok::<_, libtest_mimic::Failed>(line.ok_or("there is no connection")?.to_owned())
    };
    let before = token()?;
    let values = site.settings();
    let page = values.as_object().unwrap().keys();
    let page: Value = page
        .map(|key| (key.clone(), json!("*".repeat(40))))
        .collect();
    settings(site, &page)?;
    let boss = plugin_tests::site::Person {
        client: site.administrator.clone(),
        events: plugin_tests::websocket::Listener::connect(&site.administrator)?,
    };
    let told = wait_until(SOON, || {
        let told = boss.asks(&room, "/zoom start").ok()?;
        let text = message(&told).to_owned();
        text.contains("masked").then_some(text)
    });
    let told = told.ok_or("the masked settings are not named")?;
    for (_, label) in REQUIRED {
        assert!(told.contains(label), "{label} is not named: {told}");
    }
    for label in ["Zoom URL", "Account-level app", "Restrict meeting creation"] {
        assert!(told.contains(label), "{label} is not named: {told}");
    }
    settings(site, &json!({}))?;
    until_configured(site)?;
    assert_eq!(token()?, before, "the connection");
    start(&ada, &room, "After the masked page")?;
    Ok(())
}

/// Every delivery needs the secret in the webhook's address, so a delivery shows which secret is in force.
fn changed(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let before = process(site);
    let unknown = site
        .zoom
        .webhook_with(json!({"event": "a.b", "payload": {}}).to_string());
    assert_eq!(site.deliver(&unknown)?.status, 200);
    settings(
        site,
        &json!({"webhooksecret": "another-secret-for-the-address-1"}),
    )?;
    let refused = wait_until(SOON, || {
        (site.deliver(&unknown).ok()?.status == 401).then_some(())
    });
    assert!(refused.is_some(), "the old secret is still good");
    settings(site, &json!({}))?;
    let accepted = wait_until(SOON, || {
        (site.deliver(&unknown).ok()?.status == 200).then_some(())
    });
    assert!(accepted.is_some(), "the right secret is refused");
    assert_eq!(process(site), before, "the plugin was restarted");
    Ok(())
}

fn disable_enable(world: &mut World) -> Outcome {
    let site = world.ready()?;
    site.administrator.disable_plugin(PLUGIN)?;
    let gone = wait_until(SOON, || {
        site.server.plugin_processes().is_empty().then_some(())
    });
    assert!(
        gone.is_some(),
        "still there: {:?}",
        site.server.plugin_processes()
    );
    assert_eq!(site.administrator.plugin_state(PLUGIN)?, Some(0));
    site.administrator.enable_plugin(PLUGIN)?;
    until_configured(site)?;
    process(site);
    Ok(())
}

fn upgrade(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let before = process(site);
    scenario::install(site, &plugin_tests::bundle()?, &mut |_| {})?;
    until_configured(site)?;
    let one = wait_until(SOON, || {
        let processes = site.server.plugin_processes();
        (processes.len() == 1 && processes[0] != before).then_some(())
    });
    assert!(one.is_some(), "{:?}", site.server.plugin_processes());
    start(&ada, &room, "After the upgrade")?;
    Ok(())
}
