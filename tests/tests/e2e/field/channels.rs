//! Channels in which no meeting can be started.

use plugin_tests::client::{Client, buttons};
use plugin_tests::site::{Room, Site, message};
use plugin_tests::zoom::Route;
use serde_json::json;
use ureq::http::Method;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "f06_a_start_in_an_archived_channel_is_refused_before_zoom_is_asked",
        archived,
    ),
    (
        "f06_a_direct_message_that_the_server_does_not_allow_gets_no_meeting",
        direct_message,
    ),
];

fn archive(site: &Site, room: &Room) -> Outcome {
    let path = format!("/api/v4/channels/{}", room.channel);
    let answer = site.administrator.call(Method::DELETE, &path, &[], None)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    Ok(())
}

fn archived(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let created = site.zoom.count(Route::CreateMeeting);

    // With the webapp's button, with and without force.
    let (ada, room) = connected(site)?;
    archive(site, &room)?;
    for path in ["/api/v1/meetings", "/api/v1/meetings?force=true"] {
        let body = json!({"channel_id": room.channel});
        let answer = ada.client.plugin_json(path, &body)?;
        let told = answer.json()["error"].to_string();
        assert!(answer.status == 403 && told.contains("archived"), "{told}");
    }

    // With the answer to the question about the meeting ID.
    let (bob, room) = person(site)?;
    site.connect(&bob, &room)?;
    let question = bob.asks(&room, "/zoom start")?;
    assert_eq!(buttons(&question).len(), 2, "{question}");
    let mark = bob.events.mark();
    archive(site, &room)?;
    for choice in ["WithPMI", "WithoutPMI"] {
        bob.client.press(&question, choice)?;
    }
    let is_told = |post: &serde_json::Value| message(post).contains("archived");
    bob.events.wait_for_ephemeral(mark, is_told)?;

    // After the authorization at Zoom.
    let (eve, room) = person(site)?;
    eve.asks(&room, "/zoom start Too late")?;
    let mark = eve.events.mark();
    archive(site, &room)?;
    assert_eq!(site.follow_connect_link(&eve)?.status, 200);
    eve.events.wait_for_ephemeral(mark, is_told)?;

    assert_eq!(site.zoom.count(Route::CreateMeeting), created);
    assert_eq!(site.zoom.count(Route::Unknown), 0);
    Ok(())
}

/// Allows direct messages to all users, or only to members of the same team.
fn restrict(administrator: &Client, to: &str) -> Outcome {
    let patch = json!({"TeamSettings": {"RestrictDirectMessage": to}});
    administrator.put("/api/v4/config/patch", &patch)?;
    Ok(())
}

fn direct_message(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, room) = connected(site)?;
    let (bob, _) = person(site)?;
    let both = json!([ada.client.user_id(), bob.client.user_id()]);
    let channel = ada.client.post("/api/v4/channels/direct", &both)?;
    let body = json!({"channel_id": channel["id"]});
    let created = site.zoom.count(Route::CreateMeeting);
    restrict(&site.administrator, "team")?;
    let refused = ada.client.plugin_json("/api/v1/meetings", &body);
    restrict(&site.administrator, "any")?;
    let refused = refused?;
    let told = refused.json()["error"].to_string();
    assert!(
        refused.status == 403 && told.contains("members of the same team"),
        "{}: {told}",
        refused.status
    );
    assert_eq!(site.zoom.count(Route::CreateMeeting), created);

    // Without the setting, and in the team of both with it, the meeting starts.
    let allowed = ada.client.plugin_json("/api/v1/meetings", &body)?;
    assert_eq!(allowed.status, 200, "{}", allowed.text());
    site.administrator
        .add_to_team(&room.team, bob.client.user_id())?;
    restrict(&site.administrator, "team")?;
    let again = ada.client.plugin_json("/api/v1/meetings?force=true", &body);
    restrict(&site.administrator, "any")?;
    let again = again?;
    assert_eq!(again.status, 200, "{}", again.text());
    assert_eq!(site.zoom.count(Route::CreateMeeting), created + 2);
    Ok(())
}
