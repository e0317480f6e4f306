//! F13, F14, and F16: refusals by Zoom.

use std::time::{Duration, Instant};

use component_tests::scene::Scene;
use plugin_tests::zoom::{ACCOUNT, DeadGrant, Fault, Refusal, Route, Schedule, User};
use serde_json::json;

use crate::support::{LINK, change_at_zoom, connected, end_meetings, starts};

#[tokio::test(flavor = "multi_thread")]
async fn f13_a_user_without_a_license_to_host_reads_who_can_assign_one() {
    let (scene, ann, town) = connected().await;
    change_at_zoom(&scene, "ann", |user| User {
        licensed: false,
        ..user
    });
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(
        told.contains("license to host") && told.contains("administrator of your Zoom account"),
        "{told}"
    );
    assert!(
        !told.contains("web portal"),
        "that is for a system admin: {told}"
    );
    assert!(
        scene.log().contains("no license to host"),
        "{}",
        scene.log()
    );
    scene
        .api
        .world()
        .users
        .get_mut(&ann)
        .unwrap()
        .roles
        .push_str(" system_admin");
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(told.contains("User Management"), "{told}");
    assert!(scene.posts(&town).is_empty());
}

/// Every error code on every request of the plugin, with Zoom's usual status and with the matching HTTP status.
#[tokio::test(flavor = "multi_thread")]
async fn f13_each_code_has_a_sentence_on_each_endpoint() {
    let (scene, ann, town) = connected().await;
    let host = scene.zoom.user("ann@example.com").unwrap();
    let meeting = scene.zoom.schedule(&host, Schedule::weekly("Planning"));
    let add = format!("/zoom subscription add {}", meeting.id);
    for (route, command) in [
        (Route::CreateMeeting, "/zoom start"),
        (Route::Meeting, add.as_str()),
    ] {
        for refusal in Refusal::ALL {
            let is_meeting = route == Route::Meeting;
            let says = match refusal {
                // The response does not reveal which meetings of others exist.
                Refusal::NoPermission
                | Refusal::NoUser
                | Refusal::OtherAccount
                | Refusal::NoMeeting
                | Refusal::Invalid
                    if is_meeting =>
                {
                    "do not host a meeting"
                }
                Refusal::NoPermission => "does not allow",
                Refusal::Invalid => "did not accept the details",
                Refusal::Pending => "not activated",
                Refusal::NoUser | Refusal::NoMeeting => "did not find",
                Refusal::OtherAccount => "does not belong",
                Refusal::Webinar => "webinar",
                Refusal::NoLicense => "license to host",
                Refusal::NoScopes104 | Refusal::NoScopes4700 | Refusal::NoScopes4711 => "scopes",
                // The token is refreshed, and then the request succeeds.
                Refusal::InvalidToken => "",
            };
            for status in [400, 403, 404] {
                scene
                    .zoom
                    .fail_next(route, Fault::refusal_with(status, refusal));
                let told = scene.asks(&ann, &town, command).await;
                assert!(
                    told.contains(says),
                    "{route:?} {status} {refusal:?}: {told}"
                );
                assert!(!told.contains(&refusal.message("17")), "{told}");
                end_meetings(&scene).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_a_user_of_another_zoom_account_is_not_in_the_organization() {
    let scene = Scene::with(json!({"accountlevelapp": true})).await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects(&root, &town).await;
    scene
        .api
        .world()
        .store(&format!("zoom_user_preference_{ann}"), "");
    for change in [
        (|user: User| User {
            elsewhere: true,
            ..user
        }) as fn(User) -> User,
        |user| User {
            email: "somebody@example.com".to_owned(),
            elsewhere: false,
            ..user
        },
    ] {
        change_at_zoom(&scene, "ann", change);
        let told = scene.types(&ann, &town, "/zoom start").await;
        let told = match told.last() {
            Some(form) if form.text().contains("Which meeting ID") => {
                scene.press(form, "WithoutPMI").await;
                scene.told_since(0).pop().unwrap().text()
            }
            Some(told) => told.text(),
            None => String::new(),
        };
        let says = "No one in your organization's Zoom account has your";
        assert!(
            told.contains(says) && told.contains("ann@example.com"),
            "{told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_an_unknown_code_has_a_general_sentence_and_a_log_line_without_secrets() {
    let (scene, ann, town) = connected().await;
    let message = format!(
        "The tenant is frozen, see https://zoom.us/x?token={} or ask ann@example.com\nnow with {}",
        "abc123def456",
        scene.zoom.secrets().last().unwrap()
    );
    let body = json!({"code": 4242, "message": message}).to_string();
    for (route, command) in [
        (Route::CreateMeeting, "/zoom start"),
        (Route::Meeting, "/zoom subscription add 12345678901"),
    ] {
        scene
            .zoom
            .fail_next(route, Fault::Status(400, Vec::new(), body.clone()));
        let told = scene.asks(&ann, &town, command).await;
        assert!(told.contains("refused the request"), "{told}");
        assert!(!told.contains("frozen") && !told.contains("4242"), "{told}");
    }
    let log = scene.log();
    for logged in [
        "4242",
        "400",
        "The tenant is frozen",
        "NewMeeting",
        "Meeting",
    ] {
        assert!(log.contains(logged), "{logged}: {log}");
    }
    for secret in ["abc123def456", "token=", "ann@example.com", "\\nnow"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    for secret in scene.zoom.secrets() {
        assert!(!log.contains(&secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_an_ended_grant_leads_to_the_link_and_its_reason_is_logged() {
    for reason in DeadGrant::AT_REFRESH {
        let (scene, ann, town) = connected().await;
        scene.zoom.end_grants(reason);
        for command in ["/zoom start", "/zoom connect"] {
            let told = scene.asks(&ann, &town, command).await;
            assert!(
                told.contains(LINK) && !told.contains("already connected"),
                "{reason:?}, {command}: {told}"
            );
        }
        let log = scene.log();
        assert!(log.contains(reason.reason()) && log.contains(&ann), "{log}");
        assert_eq!(scene.consents(&ann).await.status, 200, "{reason:?}");
        starts(&scene, &ann, &town).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_the_organizations_grant_ends_the_same_way() {
    let scene = Scene::with(json!({"accountlevelapp": true})).await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects(&root, &town).await;
    scene.zoom.end_grants(DeadGrant::DisabledByAdmin);
    let told = scene.asks(&root, &town, "/zoom connect").await;
    assert!(told.contains(LINK), "{told}");
    assert!(scene.log().contains("disabled by admin"), "{}", scene.log());
    assert_eq!(scene.consents(&root).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_a_response_that_is_not_an_oauth_error_does_not_end_the_grant() {
    let (scene, ann, town) = connected().await;
    for (status, body) in [
        (400, "<html>Blocked by your organization</html>"),
        (403, r#"{"error":"blocked"}"#),
        (404, ""),
        (400, r#"{"message":"no route"}"#),
        (
            403,
            r#"{"status":403,"error":"Forbidden","message":"Access Denied"}"#,
        ),
    ] {
        scene.zoom.expire_tokens();
        let fault = Fault::Status(status, Vec::new(), body.to_owned());
        scene.zoom.fail_next(Route::Token, fault);
        let told = scene.asks(&ann, &town, "/zoom start").await;
        assert!(!told.is_empty() && !told.contains(LINK), "{body}: {told}");
        starts(&scene, &ann, &town).await;
    }
    // An administrator must correct wrong credentials. The grant stays valid.
    for body in [
        r#"{"reason":"Invalid client_id or client_secret","error":"invalid_client"}"#,
        r#"{"reason":"unsupported grant type","error":"unsupported_grant_type"}"#,
    ] {
        scene.zoom.expire_tokens();
        let fault = Fault::Status(400, Vec::new(), body.to_owned());
        scene.zoom.fail_next(Route::Token, fault);
        let told = scene.asks(&ann, &town, "/zoom start").await;
        assert!(
            told.contains("Zoom OAuth client ID") && !told.contains(LINK),
            "{told}"
        );
        starts(&scene, &ann, &town).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_a_limit_per_second_without_a_time_is_waited_for() {
    let (scene, ann, town) = connected().await;
    let began = Instant::now();
    scene
        .zoom
        .fail_next(Route::CreateMeeting, Fault::too_fast());
    starts(&scene, &ann, &town).await;
    assert!(began.elapsed() >= Duration::from_secs(1));
    for _ in 0..2 {
        scene
            .zoom
            .fail_next(Route::CreateMeeting, Fault::too_fast());
    }
    let told = scene.asks(&ann, &town, "/zoom start").await;
    assert!(
        told.contains("1 second"),
        "a person is not kept waiting: {told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_a_daily_limit_is_shown_in_the_readers_time_zone() {
    let (scene, ann, town) = connected().await;
    for (zone, until) in [
        ("Europe/Berlin", "2099-08-07 02:00 (Europe/Berlin)"),
        ("America/New_York", "2099-08-06 20:00 (America/New_York)"),
        ("", "2099-08-07 00:00 (UTC)"),
    ] {
        let timezone = [
            ("useAutomaticTimezone".to_owned(), "true".to_owned()),
            ("automaticTimezone".to_owned(), zone.to_owned()),
        ];
        let timezone = timezone.into_iter().collect();
        scene.api.world().users.get_mut(&ann).unwrap().timezone = timezone;
        let limited = Fault::daily_limit("2099-08-07T00:00:00Z");
        scene.zoom.fail_next(Route::CreateMeeting, limited);
        let asked = scene.zoom.count(Route::CreateMeeting);
        let told = scene.asks(&ann, &town, "/zoom start").await;
        assert!(told.contains(until), "{told}");
        assert_eq!(scene.zoom.count(Route::CreateMeeting) - asked, 1);
    }
}

/// A job waits and retries at the time that Zoom returns.
#[tokio::test(flavor = "multi_thread")]
async fn f16_a_job_waits_for_as_long_as_zoom_says() {
    let (scene, ann, _) = connected().await;
    let user = scene.zoom.user("ann@example.com").unwrap();
    for limited in [
        Fault::rate_limited(40),
        Fault::too_fast(),
        Fault::too_fast(),
    ] {
        scene.zoom.fail_next(Route::Compliance, limited);
    }
    let event = json!({"event": "app_deauthorized", "payload": {
        "account_id": ACCOUNT, "user_id": user.id, "signature": "s",
        "client_id": scene.zoom.app().client_id, "user_data_retention": "false",
        "deauthorization_time": "2099-01-01T00:00:00Z",
    }});
    let webhook = scene.zoom.webhook_with(event.to_string());
    assert_eq!(scene.delivers(&webhook).await.status, 200);
    assert!(!scene.is_connected(&ann));
    let mut waits = Vec::new();
    while let Some(due) = scene.works().await {
        let wait = (due - scene.now() + 999) / 1000;
        waits.push(wait);
        scene.later(wait + 1);
    }
    assert_eq!(scene.zoom.count(Route::Compliance), 4);
    assert!(
        matches!(waits[..], [first, second] if (35..=60).contains(&first) && second <= 30),
        "{waits:?}"
    );
}
