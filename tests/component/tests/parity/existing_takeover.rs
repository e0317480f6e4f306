//! A database that was written by the Go plugin.
//!
//! The records in `tests/fixtures/go-plugin-kv` have the exact keys and values of the Go plugin; the encrypted tokens
//! in them were made with OpenSSL. All users stay connected, no setting or running meeting is lost, and tokens are
//! encrypted again.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use component_tests::scene::{ENCRYPTION_KEY, SITE, Scene, props};
use plugin_tests::zoom::{Meeting, Route, User};
use serde_json::json;

use crate::go_plugin::{
    ACCOUNT_LEVEL, ANN, BOB, BOBS_ROOM, SUBSCRIBED, USER_LEVEL, fixture, load, old_forms, seal,
    stored_with, taken_over, text, time_of,
};

#[test]
fn zm107_the_fixtures_hold_tokens_as_the_go_plugin_encrypts_them() {
    // The vector is also in the component's unit tests. It was made with OpenSSL.
    let iv: Vec<u8> = (0..16).collect();
    assert_eq!(
        seal(ENCRYPTION_KEY.as_bytes(), &iv, "zoom-access-token"),
        "AAECAwQFBgcICQoLDA0ODykys5i7rlUHZE_0YPHm0ET-G5do0UhBZ-vB-SzbIswe"
    );
    let left = fixture(USER_LEVEL);
    assert_eq!(left["encryption_key"], ENCRYPTION_KEY);
    for user in [ANN, BOB] {
        let forms = old_forms(&left, user);
        let bytes = URL_SAFE.decode(&forms[2]).unwrap();
        assert_eq!(bytes.len() % 16, 0);
        assert_eq!(
            forms[2],
            seal(ENCRYPTION_KEY.as_bytes(), &bytes[..16], &forms[0])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zm010_zm054_zm106_zm107_d17_people_stay_connected_and_old_forms_are_gone() {
    let site = taken_over(json!({})).await;
    let scene = &site.scene;
    let left = fixture(USER_LEVEL);
    assert_eq!(stored_with(scene, &old_forms(&left, ANN)).len(), 2);

    // A valid token, and a preference in the key-value store.
    assert_eq!(scene.asks(ANN, &site.yard, "/zoom start Standup").await, "");
    let meeting = scene.zoom.meetings().pop().unwrap();
    assert_eq!(meeting.topic, "Standup");
    let post = scene.posts(&site.yard).pop().unwrap();
    assert_eq!(props(&post)["meeting_id"], meeting.id);
    assert_eq!(
        scene.zoom.count(Route::Token),
        0,
        "there is no need to renew it"
    );
    assert_eq!(stored_with(scene, &old_forms(&left, ANN)), [""; 0]);

    // An expired token, and a preference among the server's preferences.
    let room = scene.channel("room", &[BOB]);
    assert_eq!(scene.asks(BOB, &room, "/zoom start").await, "");
    let post = scene.posts(&room).pop().unwrap();
    assert_eq!(props(&post)["meeting_id"], BOBS_ROOM);
    assert_eq!(scene.zoom.count(Route::Token), 1, "one renewal");
    assert_eq!(stored_with(scene, &old_forms(&left, BOB)), [""; 0]);
    {
        let world = scene.api.world();
        assert!(world.preferences.is_empty(), "the row is moved");
        let moved = world.stored(&format!("zoomUserPreference_{BOB}"));
        assert_eq!(moved, Some(&b"\"true\""[..]));
        for key in [
            format!("zoomtoken_{ANN}"),
            "zoomtokenbyzoomid_aNNzoomIdOfGoPlugin_-A".to_owned(),
            format!("zoomtoken_{BOB}"),
            "zoomtokenbyzoomid_bOBzoomIdOfGoPlugin_-B".to_owned(),
        ] {
            let value = world.stored(&key).expect("the record stays");
            let value = String::from_utf8_lossy(value);
            assert_eq!(value.matches("\"v1:").count(), 2, "{key}: {value}");
        }
    }
    assert_eq!(
        scene.zoom.count(Route::Authorize),
        0,
        "nobody connected again"
    );
    let told = scene.asks(ANN, &site.yard, "/zoom connect").await;
    assert!(!told.contains(SITE), "no link: {told}");
}

/// A preference of the server is read once and then found in the key-value store.
#[tokio::test(flavor = "multi_thread")]
async fn zm079_zm106_an_old_preference_is_moved_once() {
    let site = taken_over(json!({})).await;
    let scene = &site.scene;
    let reads = || {
        let world = scene.api.world();
        let calls = world.calls.iter();
        calls
            .filter(|call| *call == "GetPreferencesForUser")
            .count()
    };
    let form = scene.asks(BOB, &site.yard, "/zoom settings").await;
    assert!(form.contains("Current setting: Yes"), "{form}");
    assert_eq!(reads(), 1);
    let form = scene.asks(BOB, &site.yard, "/zoom settings").await;
    assert!(form.contains("Current setting: Yes"), "{form}");
    assert_eq!(reads(), 1);
}

/// A meeting that is active during the upgrade ends like any other.
#[tokio::test(flavor = "multi_thread")]
async fn zm010_zm092_zm094_zm105_running_meetings_end_in_the_posts_of_the_go_plugin() {
    let site = taken_over(json!({})).await;
    let scene = &site.scene;
    let meeting = |id: u64, uuid: &str| Meeting {
        id,
        uuid: uuid.to_owned(),
        topic: "Go on".to_owned(),
        host_id: "host".to_owned(),
        host_email: "ann@example.com".to_owned(),
        start_time: "2026-01-12T08:09:10Z".to_owned(),
        ..Meeting::default()
    };
    for (what, id, uuid, post) in [
        (
            "an occurrence",
            85_012_345_678,
            "aBc/dEF+gHiJkLmNoPqRsA==",
            "gopostofannaaaaaaaaaaaaaaa",
        ),
        (
            "a personal room",
            BOBS_ROOM,
            "unknown/UUID+of+a+room==",
            "gopostofbobaaaaaaaaaaaaaaa",
        ),
    ] {
        let before = scene.posts(&site.town);
        let before = before.iter().find(|one| one.id == post).unwrap().clone();
        let mut ended = meeting(id, uuid);
        // The meeting started shortly after the post was written.
        ended.start_time = time_of(before.create_at + 5000);
        let reply = scene
            .delivers(&scene.zoom.webhook("meeting.ended", &ended))
            .await;
        assert_eq!(reply.status, 200, "{what}");
        let posts = scene.posts(&site.town);
        let after = posts.iter().find(|one| one.id == post).unwrap();
        assert_eq!(props(after)["meeting_status"], "ENDED", "{what}");
        assert_eq!(
            (
                &after.user_id,
                &after.channel_id,
                &after.root_id,
                &after.kind
            ),
            (
                &before.user_id,
                &before.channel_id,
                &before.root_id,
                &before.kind
            ),
            "{what}"
        );
        let topic = &props(&before)["meeting_topic"];
        assert_eq!(&props(after)["meeting_topic"], topic);
        assert_eq!(posts.len(), 2, "no new post");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zm010_zm099_zm103_d09_subscriptions_stay() {
    let site = taken_over(json!({})).await;
    let scene = &site.scene;
    let link = format!("{}/j/{SUBSCRIBED}?pwd=of-the-series", scene.zoom.url());
    let meeting = Meeting {
        id: SUBSCRIBED,
        uuid: "c2VyaWVz/b2NjdXJyZW5jZQ==".to_owned(),
        topic: "Weekly".to_owned(),
        host_id: "aNNzoomIdOfGoPlugin_-A".to_owned(),
        host_email: "ann@example.com".to_owned(),
        join_url: link.clone(),
        passcode: "of-the-series-7".to_owned(),
        start_time: time_of(scene.now()),
        ..Meeting::default()
    };
    scene.zoom.add_meeting(meeting.clone());
    let told = scene.asks(ANN, &site.club, "/zoom subscription list").await;
    assert!(told.contains(&SUBSCRIBED.to_string()), "{told}");
    let reply = scene
        .delivers(&scene.zoom.webhook("meeting.started", &meeting))
        .await;
    assert_eq!(reply.status, 200);
    scene.works().await;
    let posts = scene.posts(&site.club);
    assert_eq!(posts.len(), 1);
    assert_eq!(props(&posts[0])["meeting_link"], link.as_str());
    assert_eq!(props(&posts[0])["meeting_topic"], "Weekly");
    let text = format!("/zoom subscription remove {SUBSCRIBED}");
    scene.asks(ANN, &site.club, &text).await;
    let told = scene.asks(ANN, &site.club, "/zoom subscription list").await;
    assert!(!told.contains(&SUBSCRIBED.to_string()), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm010_zm104_d20_preferences_of_channels_stay() {
    for (restrict, allowed) in [
        (false, ["town", "club", "yard"].as_slice()),
        (true, ["town"].as_slice()),
    ] {
        let site = taken_over(json!({"restrictmeetingcreation": restrict})).await;
        let scene = &site.scene;
        for (name, channel) in [
            ("town", &site.town),
            ("club", &site.club),
            ("quiet", &site.quiet),
            ("yard", &site.yard),
        ] {
            let before = scene.zoom.count(Route::CreateMeeting);
            let told = scene.asks(ANN, channel, "/zoom start").await;
            let made = scene.zoom.count(Route::CreateMeeting) > before;
            assert_eq!(made, allowed.contains(&name), "{name}, {restrict}: {told}");
        }
    }
}

/// The state of a sign-in in progress has another format and counts as expired.
#[tokio::test(flavor = "multi_thread")]
async fn zm044_zm045_d51_an_authorization_begun_by_the_go_plugin_must_be_repeated() {
    let site = taken_over(json!({})).await;
    let scene = &site.scene;
    let state = format!("abcdefghijklmno_{ANN}_{}_true", site.town);
    let url = format!("/oauth2/complete?code=x&state={state}");
    let page = scene.request("GET", &url, Some(ANN), "").await;
    assert_eq!(page.status, 400);
    assert_eq!(scene.zoom.count(Route::Token), 0);
    scene.asks(ANN, &site.town, "/zoom disconnect").await;
    scene.connects(ANN, &site.town).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zm010_zm056_d02_the_accounts_token_is_used_and_no_longer_in_clear() {
    let scene = Scene::with(json!({"accountlevelapp": true})).await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    let left = fixture(ACCOUNT_LEVEL);
    let tokens = &left["tokens"][0];
    let admin = User::new("zoom-admin@example.com");
    scene
        .zoom
        .adopt_tokens(admin, text(tokens, "access"), text(tokens, "refresh"));
    load(&scene, &left);
    let key = format!("zoomUserPreference_{ann}");
    scene.api.world().store(&key, "\"false\"");
    assert_eq!(scene.asks(&ann, &town, "/zoom start Standup").await, "");
    let meeting = scene.zoom.meetings().pop().unwrap();
    assert_eq!(meeting.host_email, "ann@example.com");
    assert_eq!(scene.posts(&town).len(), 1);
    assert_eq!(scene.zoom.count(Route::Authorize), 0);
    assert_eq!(stored_with(&scene, &old_forms(&left, "account")), [""; 0]);
    let world = scene.api.world();
    let record = world
        .stored("zoomSuperUserToken_")
        .expect("the record stays");
    let record = String::from_utf8_lossy(record);
    assert_eq!(record.matches("\"v1:").count(), 2, "{record}");
}
