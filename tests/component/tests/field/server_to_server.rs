//! Server-to-server mode: the plugin signs in with the app's credentials and finds people by their email addresses.

use std::time::Duration;

use component_tests::scene::{Scene, body_of, props};
use mattermost_plugin_rpc::mattermost::User as Account;
use plugin_tests::zoom::{ACCOUNT, Fault, Meeting, Refusal, Route, Schedule, User};
use serde_json::{Value, json};

use crate::support::{LINK, change_at_zoom, end_meetings, issued, starts, works_to_the_end};

/// The key of the stored token.
const TOKEN: &str = "server_to_server_token";

/// A scene in server-to-server mode with Ann, who has a preference, in the channel `town`.
async fn server_to_server() -> (Scene, String, String) {
    let scene = unprepared().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    prefers(&scene, &ann, &town, "No").await;
    (scene, ann, town)
}

async fn unprepared() -> Scene {
    let settings = json!({"connectionmode": "server-to-server", "zoomaccountid": ACCOUNT});
    let scene = Scene::with(settings).await;
    scene.zoom.become_server_to_server();
    scene
}

async fn prefers(scene: &Scene, user: &str, channel: &str, choice: &str) {
    let form = scene.types(user, channel, "/zoom settings").await;
    assert_eq!(scene.press(&form[0], choice).await.status, 200);
}

fn change(scene: &Scene, user: &str, change: impl FnOnce(&mut Account)) {
    change(scene.api.world().users.get_mut(user).unwrap());
}

/// No request was made for the owner of the app.
fn never_me(scene: &Scene) {
    let paths = scene.zoom.paths();
    assert!(
        paths.iter().any(|path| path.contains("/users/")),
        "{paths:?}"
    );
    for path in paths {
        assert!(!path.contains("/users/me"), "{path}");
    }
}

fn tokens(scene: &Scene) -> u64 {
    scene.zoom.count(Route::Token)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meeting_starts_by_command_and_by_button_without_connecting() {
    let (scene, ann, town) = server_to_server().await;
    let told = scene.asks(&ann, &town, "/zoom start Standup").await;
    assert_eq!(told, "");
    let meeting = scene.zoom.meetings().pop().unwrap();
    assert_eq!(meeting.host_email, "ann@example.com");
    assert_eq!(props(&scene.posts(&town)[0])["meeting_topic"], "Standup");
    end_meetings(&scene).await;
    let body = json!({"channel_id": town, "topic": "By button"}).to_string();
    let reply = scene
        .request("POST", "/api/v1/meetings", Some(&ann), &body)
        .await;
    assert_eq!(reply.status, 200, "{}", body_of(&reply));
    assert_eq!(scene.zoom.meetings().len(), 2);
    assert_eq!(tokens(&scene), 1, "the token is kept");
    assert_eq!(scene.zoom.count(Route::User), 1, "and so is the identity");
    never_me(&scene);
    // The token is encrypted, and everything else in the store is free of secrets.
    let token = issued(&scene, "app_access_");
    let world = scene.api.world();
    let stored = String::from_utf8(world.stored(TOKEN).unwrap().to_vec()).unwrap();
    assert!(stored.contains("\"access_token\":\"v1:"), "{stored}");
    for key in world.keys() {
        let value = String::from_utf8_lossy(world.stored(&key).unwrap_or_default()).into_owned();
        assert!(!value.contains(&token), "{key}");
        assert!(!value.contains(&scene.zoom.app().client_secret), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_personal_meeting_id_works_too() {
    let (scene, ann, town) = server_to_server().await;
    prefers(&scene, &ann, &town, "Yes").await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let pmi = scene.zoom.user("ann@example.com").unwrap().pmi;
    assert_eq!(props(&scene.posts(&town)[0])["meeting_id"], json!(pmi));
    never_me(&scene);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_requested_again_and_a_restarted_plugin_keeps_the_token() {
    let (scene, ann, town) = server_to_server().await;
    starts(&scene, &ann, &town).await;
    let next = scene.another_node().await;
    starts(&next, &ann, &town).await;
    assert_eq!(tokens(&scene), 1);
    scene.later(3600);
    starts(&next, &ann, &town).await;
    assert_eq!(tokens(&scene), 2);
    assert_eq!(
        scene.zoom.count(Route::User),
        2,
        "the identity has expired too"
    );
}

/// Waits for a condition.
async fn until(condition: impl Fn() -> bool) {
    for _ in 0..3000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the condition is never true");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_at_once_request_one_token() {
    let (scene, ann, town) = server_to_server().await;
    let bob = scene.person("bob");
    let field = scene.channel("field", &[&bob]);
    prefers(&scene, &bob, &field, "No").await;
    let other = scene.another_node().await;
    let writes = || {
        let world = scene.api.world();
        let writes = world.calls.iter().filter(|call| call.starts_with("KVSet"));
        writes.count()
    };
    scene.zoom.fail_next(Route::Token, Fault::Silence);
    let first = async { scene.asks(&ann, &town, "/zoom start").await };
    let second = async {
        until(|| tokens(&scene) == 1).await;
        let before = writes();
        let start = async { other.asks(&bob, &field, "/zoom start").await };
        // The claim of the channel, and two attempts to get the lease.
        let release = async {
            until(|| writes() >= before + 4 || tokens(&scene) > 1).await;
            scene.zoom.release();
        };
        tokio::join!(start, release).0
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.as_str(), second.as_str()), ("", ""));
    assert_eq!(tokens(&scene), 1);
    assert_eq!(scene.zoom.meetings().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_are_named_and_corrected_ones_take_effect_at_once() {
    let (scene, ann, town) = server_to_server().await;
    let root = scene.administrator("root");
    scene.joins(&root, &town);
    let secret = scene.zoom.app().client_secret.clone();
    for (wrong, setting, right) in [
        ("zoomaccountid", "Zoom account ID", json!(ACCOUNT)),
        (
            "oauthclientsecret",
            "Zoom OAuth client secret",
            json!(secret),
        ),
    ] {
        scene.change_settings(json!({wrong: "wrong"})).await;
        for (user, command) in [
            (&ann, "/zoom start"),
            (&root, "/zoom start"),
            (&root, "/zoom connect"),
        ] {
            prefers(&scene, user, &town, "No").await;
            let told = scene.asks(user, &town, command).await;
            assert!(told.contains(setting), "{command}: {told}");
            assert!(!told.contains(LINK), "{told}");
        }
        assert!(scene.api.world().stored(TOKEN).is_none());
        scene.change_settings(json!({wrong: right})).await;
        starts(&scene, &ann, &town).await;
        // A token of other credentials is not used.
        let before = tokens(&scene);
        scene.change_settings(json!({wrong: "wrong again"})).await;
        let told = scene.asks(&ann, &town, "/zoom start").await;
        assert!(told.contains(setting), "{told}");
        assert_eq!(tokens(&scene), before + 1);
        scene.change_settings(json!({wrong: right})).await;
    }
    scene.zoom.become_general();
    scene.api.world().forget(TOKEN);
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(
        told.contains("is not a Server-to-Server OAuth app"),
        "{told}"
    );
    let told = scene.asks(&root, &town, "/zoom connect").await;
    assert!(told.contains("Connection mode"), "{told}");
    scene.zoom.become_server_to_server();
    scene.zoom.disable_app(true);
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(
        told.contains("disabled") && !told.contains("/zoom connect"),
        "{told}"
    );
    let log = scene.log();
    assert!(
        log.contains("Bad request") && !log.contains(&secret),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_token_is_dropped_and_the_request_is_repeated_once() {
    let (scene, ann, town) = server_to_server().await;
    starts(&scene, &ann, &town).await;
    let first = scene.api.world().stored(TOKEN).map(<[u8]>::to_vec);
    scene.zoom.expire_tokens();
    starts(&scene, &ann, &town).await;
    assert_eq!(tokens(&scene), 2);
    let second = scene.api.world().stored(TOKEN).map(<[u8]>::to_vec);
    assert_ne!(first, second);
    // Zoom sometimes says it with another status.
    let rejected = || Fault::Status(400, Vec::new(), Refusal::InvalidToken.body(""));
    scene.zoom.fail_next(Route::CreateMeeting, rejected());
    starts(&scene, &ann, &town).await;
    assert_eq!(tokens(&scene), 3);
    // A new token that is rejected is not requested a third time, and nobody is asked to connect.
    let before = scene.zoom.count(Route::CreateMeeting);
    scene.zoom.fail_next(Route::CreateMeeting, rejected());
    scene.zoom.fail_next(Route::CreateMeeting, rejected());
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains("unexpected response"), "{told}");
    assert_eq!(tokens(&scene), 4);
    assert_eq!(scene.zoom.count(Route::CreateMeeting), before + 2);
    // Zoom rejects the stored token and gives no other: other events must not use it.
    scene.zoom.expire_tokens();
    scene.zoom.disable_app(true);
    scene.asks(&ann, &town, "/zoom start").await;
    assert!(scene.api.world().stored(TOKEN).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_an_administrator_adds_takes_effect_within_a_minute() {
    let (scene, ann, town) = server_to_server().await;
    scene
        .zoom
        .set_scopes(&["user:read:user:admin", "meeting:read:meeting:admin"]);
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains("meeting:write:meeting"), "{told}");
    assert_eq!(tokens(&scene), 1, "a new token has the same scopes");
    let stored: Value = serde_json::from_slice(scene.api.world().stored(TOKEN).unwrap()).unwrap();
    assert_eq!(
        stored["scope"],
        "user:read:user:admin meeting:read:meeting:admin"
    );
    scene.zoom.become_server_to_server();
    scene.later(61);
    starts(&scene, &ann, &town).await;
    assert_eq!(tokens(&scene), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm049_only_a_verified_member_of_both_servers_is_found() {
    let (scene, ann, town) = server_to_server().await;
    let refuses = async |what: &str| {
        let told = scene.asks(&ann, &town, "/zoom start").await;
        assert!(told.contains(what), "{what}: {told}");
        assert_eq!(scene.zoom.count(Route::CreateMeeting), 0);
        let told = scene
            .asks(&ann, &town, "/zoom subscription add 123 4567 8901")
            .await;
        assert!(told.contains(what), "{what}: {told}");
    };
    change(&scene, &ann, |user| user.email_verified = false);
    refuses("is not verified").await;
    change(&scene, &ann, |user| {
        user.email_verified = true;
        user.roles = "system_guest".to_owned();
    });
    refuses("Guests cannot use Zoom").await;
    assert_eq!(scene.zoom.total(), 0, "Zoom is not asked about them");
    change(&scene, &ann, |user| user.roles = "system_user".to_owned());
    let at_zoom = |change: fn(User) -> User| change_at_zoom(&scene, "ann", change);
    at_zoom(|user| User {
        inactive: true,
        ..user
    });
    refuses("is deactivated").await;
    at_zoom(|user| User {
        inactive: false,
        pending: true,
        ..user
    });
    refuses("is not activated yet").await;
    at_zoom(|user| User {
        pending: false,
        account_id: "another-account".to_owned(),
        ..user
    });
    refuses("No one in your organization's Zoom account").await;
    at_zoom(|user| User {
        account_id: String::new(),
        elsewhere: true,
        ..user
    });
    refuses("No one in your organization's Zoom account").await;
    at_zoom(|user| User {
        elsewhere: false,
        ..user
    });
    starts(&scene, &ann, &town).await;
    never_me(&scene);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm049_a_changed_address_ends_the_match() {
    let (scene, ann, town) = server_to_server().await;
    starts(&scene, &ann, &town).await;
    let key = format!("zoom_identity_{ann}");
    let pair = |scene: &Scene| -> Value {
        let world = scene.api.world();
        serde_json::from_slice(world.stored(&key).unwrap_or(b"null")).unwrap()
    };
    let zoom_id = scene.zoom.user("ann@example.com").unwrap().id;
    assert_eq!(pair(&scene)["zoom_id"], json!(zoom_id));
    // In Zoom: the stored ID must not be used for the address that somebody had.
    change_at_zoom(&scene, "ann", |user| User {
        email: "married@example.com".to_owned(),
        ..user
    });
    let meetings = scene.zoom.meetings().len();
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains("No one in your organization"), "{told}");
    assert_eq!(scene.zoom.meetings().len(), meetings);
    assert_eq!(pair(&scene), Value::Null);
    // In Mattermost: Zoom is asked again, and the pair is replaced.
    change(&scene, &ann, |user| {
        user.email = "Married@example.com".to_owned();
    });
    starts(&scene, &ann, &town).await;
    assert_eq!(pair(&scene)["address"], "Married@example.com");
    // Zoom gives the address to another user: the new host is noticed.
    let other = User::new("married@example.com");
    let new_id = other.id.clone();
    scene.zoom.add_user(User {
        email: "gone@example.com".to_owned(),
        ..scene.zoom.user("married@example.com").unwrap()
    });
    scene.zoom.add_user(other);
    starts(&scene, &ann, &town).await;
    assert_eq!(pair(&scene), Value::Null);
    starts(&scene, &ann, &town).await;
    assert_eq!(pair(&scene)["zoom_id"], json!(new_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_to_connect_or_to_disconnect() {
    let (scene, ann, town) = server_to_server().await;
    let root = scene.administrator("root");
    scene.joins(&root, &town);
    for user in [&ann, &root] {
        let told = scene.asks(user, &town, "/zoom connect").await;
        assert!(told.contains("nothing to connect"), "{told}");
        let told = scene.asks(user, &town, "/zoom disconnect").await;
        assert!(told.contains("nothing to disconnect"), "{told}");
        for path in ["/oauth2/connect?link=x", "/oauth2/complete?code=c&state=s"] {
            let page = scene.request("GET", path, Some(user), "").await;
            assert_eq!(page.status, 400);
            assert!(
                body_of(&page).contains("you do not have to connect"),
                "{path}"
            );
        }
    }
    assert_eq!(scene.zoom.count(Route::Revoke), 0);
    assert_eq!(
        tokens(&scene),
        1,
        "for the system admin, who learns that it works"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn members_subscribe_to_their_own_meetings_and_the_start_is_announced_with_its_link() {
    let (scene, ann, town) = server_to_server().await;
    let root = scene.administrator("root");
    scene.joins(&root, &town);
    let bob = scene.person("bob");
    scene.joins(&bob, &town);
    let host = scene.zoom.user("ann@example.com").unwrap();
    let meeting = scene.zoom.schedule(&host, Schedule::weekly("Weekly"));
    let add = format!("/zoom subscription add {}", meeting.id);
    let told = scene.asks(&bob, &town, &add).await;
    assert!(told.contains("You do not host"), "{told}");
    let told = scene.asks(&ann, &town, &add).await;
    assert!(told.contains("Subscribed"), "{told}");
    let begun = Meeting {
        start_time: scene.zoom.time(),
        ..meeting.clone()
    };
    let webhook = scene.zoom.webhook("meeting.started", &begun);
    assert_eq!(scene.delivers(&webhook).await.status, 200);
    works_to_the_end(&scene).await;
    let post = scene.posts(&town).pop().unwrap();
    assert_eq!(props(&post)["meeting_link"], json!(meeting.join_url));
    // A system admin need not be known at Zoom.
    scene.zoom.add_user(User {
        email: "unknown@example.com".to_owned(),
        ..scene.zoom.user("root@example.com").unwrap()
    });
    let other = scene.zoom.schedule(&host, Schedule::weekly("Another"));
    let add = format!("/zoom subscription add {}", other.id);
    let told = scene.asks(&root, &town, &add).await;
    assert!(told.contains("Subscribed"), "{told}");
    never_me(&scene);
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_a_recording_without_a_download_token_is_downloaded_with_the_apps_token() {
    let (scene, ann, town) = server_to_server().await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    end_meetings(&scene).await;
    let meeting = scene.zoom.meetings().pop().unwrap();
    let text = "WEBVTT\r\n\r\n1\r\n00:00:01.000 --> 00:00:02.000\r\nAnn: good morning\r\n";
    let url = scene.zoom.add_file("transcript", text);
    let files = json!([{"id": "t", "recording_start": "a", "file_type": "TRANSCRIPT",
        "recording_type": "audio_transcript", "file_size": text.len(), "download_url": url}]);
    let webhook = scene
        .zoom
        .recorded("recording.transcript_completed", &meeting, &files);
    let mut body: Value = serde_json::from_str(&webhook.body).unwrap();
    body["download_token"] = Value::Null;
    let webhook = scene.zoom.webhook_with(body.to_string());
    assert_eq!(scene.delivers(&webhook).await.status, 200);
    assert_eq!(scene.works().await, None);
    let token = issued(&scene, "app_access_");
    let asked = ("transcript".to_owned(), format!("Bearer {token}"));
    assert_eq!(scene.zoom.downloads().last(), Some(&asked));
    assert_eq!(scene.api.world().files.len(), 1);
    assert_eq!(tokens(&scene), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm059_a_removed_app_loses_its_token() {
    let (scene, ann, town) = server_to_server().await;
    starts(&scene, &ann, &town).await;
    let event = |account: &str| {
        let body = json!({"event": "app_deauthorized", "event_ts": scene.now(), "payload": {
            "account_id": account, "user_id": "an-admin", "client_id": scene.zoom.app().client_id,
            "user_data_retention": "true", "deauthorization_time": scene.zoom.time(), "signature": "s",
        }});
        scene.zoom.webhook_with(body.to_string())
    };
    assert_eq!(scene.delivers(&event("another")).await.status, 200);
    assert!(scene.api.world().stored(TOKEN).is_some());
    assert_eq!(scene.delivers(&event(ACCOUNT)).await.status, 200);
    assert!(scene.api.world().stored(TOKEN).is_none());
    assert!(scene.log().contains("was removed from the Zoom account"));
    starts(&scene, &ann, &town).await;
    assert_eq!(tokens(&scene), 2);
}
