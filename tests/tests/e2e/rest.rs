//! Invalid requests get the right error.

use plugin_tests::client::Client;
use plugin_tests::zoom::Route;
use serde_json::json;
use ureq::http::Method;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "zm033_zm034_zm035_zm037_zm038_not_logged_in_is_401",
        not_logged_in,
    ),
    ("zm042_bad_json_is_400", bad_json),
    (
        "zm065_zm066_not_a_member_of_the_channel_is_403",
        not_a_member,
    ),
    ("zm031_an_unknown_path_is_404", unknown_path),
    ("d23_a_wrong_method_is_405", wrong_method),
    ("zm040_a_body_over_one_mebibyte_is_413", too_large),
    (
        "zm038_zm074_an_action_for_somebody_else_is_refused",
        somebody_else,
    ),
    ("a_forged_user_header_is_ignored", forged_header),
];

const MEBIBYTE: usize = 1024 * 1024;

fn not_logged_in(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let nobody = Client::new(&site.server.url());
    for path in ["/api/v1/meetings", "/api/v1/askPMI", "/api/v1/updatePMI"] {
        assert_eq!(nobody.plugin_json(path, &json!({}))?.status, 401, "{path}");
    }
    for path in ["/oauth2/connect", "/oauth2/complete?code=a&state=b"] {
        assert_eq!(
            nobody.plugin(Method::GET, path, &[], None)?.status,
            401,
            "{path}"
        );
    }
    Ok(())
}

fn bad_json(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, _) = connected(site)?;
    let headers = [("X-Requested-With", "XMLHttpRequest")];
    for (path, status) in [
        ("/api/v1/meetings", 400),
        ("/api/v1/askPMI", 403),
        ("/api/v1/updatePMI", 403),
    ] {
        for body in [
            "{",
            "",
            "[]",
            "null",
            "\u{0}",
            "{\"channel_id\":7}",
            "\"text\"",
        ] {
            let answer = ada
                .client
                .plugin(Method::POST, path, &headers, Some(body.as_bytes()))?;
            assert_eq!(answer.status, status, "{path} {body:?}: {}", answer.text());
        }
    }
    Ok(())
}

fn not_a_member(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, _) = connected(site)?;
    let elsewhere = site.room(&name("room"))?;
    let created = site.zoom.count(Route::CreateMeeting);
    for channel in [elsewhere.channel.as_str(), "aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let body = json!({"channel_id": channel});
        let answer = ada.client.plugin_json("/api/v1/meetings", &body)?;
        assert_eq!(answer.status, 403, "{}", answer.text());
    }
    assert_eq!(site.zoom.count(Route::CreateMeeting), created);
    Ok(())
}

fn unknown_path(world: &mut World) -> Outcome {
    let site = world.ready()?;
    for path in [
        "/none",
        "/webhook/",
        "/api/v1/meetings/",
        "/",
        "/api/v1/askpmi",
    ] {
        assert_eq!(
            site.administrator.plugin_json(path, &json!({}))?.status,
            404,
            "{path}"
        );
    }
    Ok(())
}

fn wrong_method(world: &mut World) -> Outcome {
    let site = world.ready()?;
    for (path, right) in [
        ("/api/v1/meetings", "POST"),
        ("/api/v1/askPMI", "POST"),
        ("/api/v1/updatePMI", "POST"),
        ("/webhook", "POST"),
        ("/oauth2/connect", "GET"),
        ("/oauth2/complete", "GET"),
    ] {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
        ] {
            if method == right {
                continue;
            }
            let body = (method != Method::GET).then_some(b"{}".as_slice());
            let answer = site.administrator.plugin(method.clone(), path, &[], body)?;
            assert_eq!(
                (answer.status, answer.header("Allow")),
                (405, right),
                "{method} {path}"
            );
        }
    }
    Ok(())
}

fn too_large(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let body = vec![b' '; MEBIBYTE + 1];
    let answer = site
        .administrator
        .plugin(Method::POST, "/api/v1/meetings", &[], Some(&body))?;
    assert_eq!(answer.status, 413, "{}", answer.text());
    let webhook = site.zoom.webhook_with(" ".repeat(MEBIBYTE + 1));
    assert_eq!(site.deliver(&webhook)?.status, 413);
    // The largest allowed body is read completely.
    let mut body = json!({"event": "a.b", "payload": {}}).to_string();
    body.push_str(&" ".repeat(MEBIBYTE - body.len()));
    assert_eq!(site.deliver(&site.zoom.webhook_with(body))?.status, 200);
    Ok(())
}

fn somebody_else(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let (eve, _) = person(site)?;
    let created = site.zoom.count(Route::CreateMeeting);
    let body = json!({
        "user_id": ada.client.user_id(), "post_id": "aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "channel_id": room.channel,
        "context": {
            "action": "USE A UNIQUE MEETING ID", "userID": ada.client.user_id(),
            "channelID": room.channel, "rootID": "",
        },
    });
    let answer = eve.client.plugin_json("/api/v1/askPMI", &body)?;
    assert!(
        (400..500).contains(&answer.status),
        "{}: {}",
        answer.status,
        answer.text()
    );
    assert_eq!(site.zoom.count(Route::CreateMeeting), created);
    Ok(())
}

fn forged_header(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let nobody = Client::new(&site.server.url());
    let headers = [
        ("Mattermost-User-Id", ada.client.user_id()),
        ("Content-Type", "application/json"),
    ];
    let body = json!({"channel_id": room.channel}).to_string();
    let answer = nobody.plugin(
        Method::POST,
        "/api/v1/meetings",
        &headers,
        Some(body.as_bytes()),
    )?;
    assert_eq!(answer.status, 401, "{}", answer.text());
    Ok(())
}
