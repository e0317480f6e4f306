//! Webhooks from Zoom, and forged webhooks.

use plugin_tests::client::Client;
use plugin_tests::site::{Site, prop};
use plugin_tests::zoom::{Meeting, Webhook};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "zm032_zm088_zm090_a_webhook_that_is_not_zooms_is_401",
        forged,
    ),
    (
        "zm090_f25_a_webhook_older_than_all_repetitions_or_of_the_future_is_401",
        stale,
    ),
    ("zm089_a_webhook_that_makes_no_sense_is_400", nonsense),
    ("zm093_zoom_can_validate_the_address", validation),
    ("zm089_an_event_that_nobody_handles_is_200", unhandled),
    (
        "zm092_d24_meeting_ended_twice_updates_the_post_once",
        ended_twice,
    ),
    (
        "zm092_two_meetings_in_a_channel_end_one_by_one",
        two_meetings,
    ),
    ("d11_the_end_of_a_meeting_that_is_not_ours_is_200", not_ours),
];

fn unhandled_event(site: &Site) -> Webhook {
    site.zoom
        .webhook_with(json!({"event": "user.created", "event_ts": 1, "payload": {}}).to_string())
}

fn forged(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let post = start(&ada, &room, "")?;
    let meeting = site.zoom.meetings().pop().ok_or("no meeting")?;
    let genuine = site.zoom.webhook("meeting.ended", &meeting);

    let mut tampered = genuine.clone();
    tampered.body = tampered.body.replace("meeting.ended", "meeting.ended ");
    let other_secret = Webhook::sign("not the secret", genuine.body.clone());
    let unsigned = Webhook {
        signature: String::new(),
        ..genuine.clone()
    };
    let cut = Webhook {
        signature: genuine.signature[..20].to_owned(),
        ..genuine.clone()
    };
    let version = Webhook {
        signature: genuine.signature.replace("v0", "v1"),
        ..genuine.clone()
    };
    let moved = Webhook {
        timestamp: genuine.timestamp + 1,
        ..genuine.clone()
    };
    for webhook in [tampered, other_secret, unsigned, cut, version, moved] {
        assert_eq!(site.deliver(&webhook)?.status, 401, "{webhook:?}");
    }
    let nobody = Client::new(&site.server.url());
    let headers = genuine.headers();
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, v)| (*name, v.as_str()))
        .collect();
    for path in ["/webhook", "/webhook?secret=", "/webhook?secret=wrong"] {
        let body = Some(genuine.body.as_bytes());
        assert_eq!(
            nobody.plugin(Method::POST, path, &headers, body)?.status,
            401,
            "{path}"
        );
    }
    let id = post["id"].as_str().unwrap();
    assert_eq!(
        prop(&ada.client.post_by_id(id)?, "meeting_status"),
        "STARTED"
    );
    Ok(())
}

fn stale(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let secret = &site.zoom.app().webhook_secret;
    for seconds in [-1_000_000_000, -7_260, 360, 7_200, 1_000_000_000] {
        let webhook = unhandled_event(site).dated(secret, seconds);
        assert_eq!(
            site.deliver(&webhook)?.status,
            401,
            "{seconds} seconds from now"
        );
    }
    for seconds in [-7_140, -5_100, -310, 280] {
        let webhook = unhandled_event(site).dated(secret, seconds);
        assert_eq!(
            site.deliver(&webhook)?.status,
            200,
            "{seconds} seconds from now"
        );
    }
    Ok(())
}

fn nonsense(world: &mut World) -> Outcome {
    let site = world.ready()?;
    for body in [
        "",
        "{",
        "null",
        "[]",
        "7",
        r#"{"event":7}"#,
        r#"{"event":"meeting.ended","payload":{}}"#,
    ] {
        let answer = site.deliver(&site.zoom.webhook_with(body.to_owned()))?;
        assert_eq!(answer.status, 400, "{body:?}: {}", answer.text());
    }
    Ok(())
}

fn validation(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let plain = "qgg8vlvZRS6UYooatFL8Aw";
    let body = json!({
        "event": "endpoint.url_validation", "event_ts": 1_654_503_849_680_u64,
        "payload": {"plainToken": plain},
    });
    let answer = site.deliver(&site.zoom.webhook_with(body.to_string()))?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        answer
            .header("Content-Type")
            .starts_with("application/json")
    );
    let secret = &site.zoom.app().webhook_secret;
    let expected =
        json!({"plainToken": plain, "encryptedToken": Webhook::encrypted_token(secret, plain)});
    assert_eq!(answer.json(), expected);
    Ok(())
}

fn unhandled(world: &mut World) -> Outcome {
    let site = world.ready()?;
    assert_eq!(site.deliver(&unhandled_event(site))?.status, 200);
    Ok(())
}

fn status(posts: &[Value], meeting: &Meeting) -> String {
    let found = posts
        .iter()
        .find(|post| post["props"]["meeting_id"] == meeting.id);
    found
        .map(|post| prop(post, "meeting_status"))
        .unwrap_or_default()
}

fn ended_twice(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let id = start(&ada, &room, "Once")?["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let meeting = site.zoom.meetings().pop().ok_or("no meeting")?;
    let mark = ada.events.mark();
    let ended = site.zoom.webhook("meeting.ended", &meeting);
    assert_eq!(site.deliver(&ended)?.status, 200);
    ada.events.wait_for_post(mark, "post_edited", |post| {
        prop(post, "meeting_status") == "ENDED"
    })?;
    let first = ada.client.post_by_id(&id)?;
    assert!(first["props"]["meeting_end_time"].is_number(), "{first}");
    assert_eq!(first["props"]["meeting_topic"], "Once");
    assert_eq!(
        (&first["user_id"], &first["type"]),
        (&ada.client.user_id().into(), &"custom_zoom".into())
    );
    let attachments = first["props"]["attachments"].as_array().unwrap();
    assert_eq!(attachments.len(), 1);
    assert!(
        !attachments[0].to_string().contains("%!"),
        "D24: {}",
        attachments[0]
    );

    assert_eq!(site.deliver(&ended)?.status, 200);
    let signed_again = site.zoom.webhook_with(ended.body.clone());
    assert_eq!(site.deliver(&signed_again)?.status, 200);
    assert_eq!(ada.client.post_by_id(&id)?["update_at"], first["update_at"]);
    assert_eq!(meeting_posts(&ada, &room)?.len(), 1);
    Ok(())
}

fn two_meetings(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    start(&ada, &room, "First")?;
    let first = site.zoom.meetings().pop().ok_or("no meeting")?;
    let body = json!({"channel_id": room.channel, "topic": "Second"});
    assert_eq!(
        ada.client
            .plugin_json("/api/v1/meetings?force=true", &body)?
            .status,
        200
    );
    let second = site.zoom.meetings().pop().ok_or("no meeting")?;
    assert_eq!(
        site.deliver(&site.zoom.webhook("meeting.ended", &first))?
            .status,
        200
    );
    let posts = meeting_posts(&ada, &room)?;
    assert_eq!(
        (
            status(&posts, &first).as_str(),
            status(&posts, &second).as_str()
        ),
        ("ENDED", "STARTED")
    );
    assert_eq!(
        site.deliver(&site.zoom.webhook("meeting.ended", &second))?
            .status,
        200
    );
    assert_eq!(status(&meeting_posts(&ada, &room)?, &second), "ENDED");
    Ok(())
}

fn not_ours(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    start(&ada, &room, "")?;
    let meeting = site.zoom.meetings().pop().ok_or("no meeting")?;
    let stranger = Meeting {
        id: meeting.id + 1,
        uuid: "c3RyYW5nZXI/Zm9yZWlnbg==".to_owned(),
        ..meeting
    };
    for event in ["meeting.started", "meeting.ended"] {
        let answer = site.deliver(&site.zoom.webhook(event, &stranger))?;
        assert_eq!(
            answer.status,
            200,
            "D11: Zoom would deliver it again; {}",
            answer.text()
        );
    }
    assert_eq!(
        prop(&meeting_posts(&ada, &room)?[0], "meeting_status"),
        "STARTED"
    );
    Ok(())
}
