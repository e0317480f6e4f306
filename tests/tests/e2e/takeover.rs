//! An upgrade from the Go plugin with its records, and an account-level app.

use plugin_tests::process::wait_until;
use plugin_tests::scenario;
use plugin_tests::site::{Person, Site};
use plugin_tests::websocket::Listener;
use plugin_tests::zoom::{Meeting, Route, User};
use serde_json::{Value, json};

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "zm010_zm054_zm107_d17_a_database_of_the_go_plugin_is_taken_over",
        taken_over,
    ),
    (
        "zm008_zm049_d01_an_account_level_app_is_connected_once_by_an_administrator",
        account_level,
    ),
];

const FIXTURE: &str = include_str!("../../fixtures/go-plugin-kv/user-level.json");
/// The person in the fixture.
const OLD_ID: &str = "annxxxxxxxxxxxxxxxxxxxxxxx";

fn store(site: &Site, key: &str, value: &str) -> Outcome {
    let quoted = |text: &str| text.replace('\'', "''");
    let statement = format!(
        "insert into pluginkeyvaluestore (pluginid, pkey, pvalue, expireat) values \
         ('zoom', '{}', convert_to('{}', 'UTF8'), 0) returning pkey",
        quoted(key),
        quoted(value)
    );
    site.postgres.query("mattermost", &statement)?;
    Ok(())
}

fn stopped(site: &Site) -> Outcome {
    site.administrator.disable_plugin("zoom")?;
    let gone = wait_until(SOON, || {
        site.server.plugin_processes().is_empty().then_some(())
    });
    gone.ok_or("the plugin does not end")?;
    Ok(())
}

fn taken_over(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let fixture: Value = serde_json::from_str(FIXTURE)?;
    let room = site.room(&name("room"))?;
    let ann = site.person(&name("person"), &room)?;
    let id = ann.client.user_id().to_owned();
    // A meeting that runs: a post of the user, as the Go plugin wrote it, and the record of its UUID.
    let uuid = "aBc/dEF+gHiJkLmNoPqRsA==";
    let running = ann.client.post(
        "/api/v4/posts",
        &json!({"channel_id": room.channel, "message": "I have started a meeting", "type": "custom_zoom",
            "props": {"meeting_id": 85_012_345_678_u64, "meeting_uuid": uuid, "meeting_status": "STARTED",
                "meeting_link": "https://zoom.us/j/85012345678", "meeting_topic": "Old",
                "meeting_provider": "Zoom", "meeting_personal": false, "meeting_creator_username": "ann"}}),
    )?;
    let running = running["id"].as_str().unwrap();
    stopped(site)?;
    for record in fixture["records"].as_array().unwrap() {
        let (key, value) = (
            record["key"].as_str().unwrap(),
            record["value"].as_str().unwrap(),
        );
        if value.contains(OLD_ID) || key.contains(OLD_ID) {
            store(site, &key.replace(OLD_ID, &id), &value.replace(OLD_ID, &id))?;
        }
    }
    store(site, "post_meeting_aBc%2FdEF+gHiJkLmNoPqRsA==", running)?;
    let mapping = json!({"channel_id": room.channel, "is_subscription": false, "created_by": ""});
    store(site, "meeting_channel_85012345678", &mapping.to_string())?;
    // Posts of the Go plugin are older than the first activation of this one.
    let forget = "delete from pluginkeyvaluestore where pluginid = 'zoom' and pkey = '_first_activation' returning pkey";
    assert_eq!(site.query(forget)?.trim(), "_first_activation");
    let followed = 81_999_999_999_u64;
    let mapping = json!({"channel_id": room.channel, "is_subscription": true, "created_by": id});
    store(
        site,
        &format!("meeting_channel_{followed}"),
        &mapping.to_string(),
    )?;
    let tokens = &fixture["tokens"][0];
    let (access, refresh) = (
        tokens["access"].as_str().unwrap(),
        tokens["refresh"].as_str().unwrap(),
    );
    let user = User {
        id: "aNNzoomIdOfGoPlugin_-A".to_owned(),
        ..User::new("ann@example.com")
    };
    site.zoom.adopt_tokens(user, access, refresh);
    settings(site, &json!({"encryptionkey": fixture["encryption_key"]}))?;
    site.administrator.enable_plugin("zoom")?;
    until_configured(site)?;

    let exchanges = site.zoom.count(Route::Token);
    let fresh = rooms(site, &ann, 1)?.pop().ok_or("no room")?;
    let post = scenario::start_meeting(&ann, &fresh, "Still connected", &mut |_| {})?;
    assert_eq!(post["props"]["meeting_status"], "STARTED");
    assert_eq!(
        site.zoom.count(Route::Token),
        exchanges,
        "nobody connected again"
    );
    let stored = site.stored()?;
    let own = stored
        .lines()
        .find(|line| line.starts_with(&format!("zoomtoken_{id}")));
    let own = own.ok_or("the connection is gone")?;
    assert!(
        own.contains("v1:") && !own.contains(refresh),
        "old forms are gone after the first use"
    );

    let ended = Meeting {
        id: 85_012_345_678,
        uuid: uuid.to_owned(),
        ..site.zoom.meetings().pop().ok_or("no meeting")?
    };
    site.deliver(&site.zoom.webhook("meeting.ended", &ended))?;
    assert_eq!(
        ann.client.post_by_id(running)?["props"]["meeting_status"],
        "ENDED"
    );

    let told = ann.asks(&room, &format!("/zoom subscription remove {followed}"))?;
    assert!(message_of(&told).contains("no longer"), "{told}");
    settings(site, &json!({}))?;
    until_configured(site)?;
    Ok(())
}

fn message_of(post: &Value) -> &str {
    post["message"].as_str().unwrap_or_default()
}

fn account_level(world: &mut World) -> Outcome {
    let site = world.ready()?;
    settings(site, &json!({"accountlevelapp": true}))?;
    until_configured(site)?;
    let room = site.room(&name("room"))?;
    let who = name("person");
    let ann = site.person(&who, &room)?;
    let email = ann.client.get("/api/v4/users/me")?["email"]
        .as_str()
        .unwrap()
        .to_owned();
    let told = ann.asks(&room, "/zoom start")?;
    assert!(
        !message_of(&told).contains("/oauth2/connect"),
        "members are not asked to connect: {told}"
    );
    let page = site.follow_connect_link(&ann);
    assert!(page.is_err(), "and the link leads them nowhere");

    let boss = Person {
        events: Listener::connect(&site.administrator)?,
        client: site.administrator.clone(),
    };
    site.zoom.sign_in_as(User::new("zoom-admin@example.com"));
    site.zoom.add_user(User::new(&email));
    let page = site.connect(&boss, &room)?;
    assert_eq!(page.status, 200, "{}", page.text());
    let post = scenario::start_meeting(&ann, &room, "For everybody", &mut |_| {})?;
    assert_eq!(post["user_id"], ann.client.user_id());
    assert_eq!(
        site.zoom.meetings().pop().ok_or("no meeting")?.host_email,
        email
    );
    let told = boss.asks(&room, "/zoom disconnect")?;
    // The answer, or the offer to delete the connections of users.
    let offers = told["props"]["attachments"].is_array();
    assert!(offers || !message_of(&told).is_empty(), "{told}");
    assert!(!site.stored()?.contains("zoomSuperUserToken_"));
    settings(site, &json!({}))?;
    until_configured(site)?;
    Ok(())
}
