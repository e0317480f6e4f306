//! Failures of Zoom: the user gets a message, no partial state is left, and the next attempt works.

use std::thread;

use plugin_tests::site::{CONNECT_LINK, Room, Site, message};
use plugin_tests::zoom::{Fault, Route};
use serde_json::json;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    ("zm029_d31_d40_zoom_broken_is_told", broken),
    ("zm029_d22_d31_d40_zoom_overloaded_is_told", overloaded),
    ("zm029_d31_zoom_hanging_up_is_told", hanging_up),
    ("zm029_d22_d31_zoom_silent_is_told", silent),
    ("zm029_d31_d40_zoom_talking_nonsense_is_told", nonsense),
    ("zm053_an_expired_token_is_renewed_without_a_word", expired),
    (
        "zm053_d05_many_at_once_spend_one_refresh_token_once",
        refreshed_once,
    ),
    ("d29_a_withdrawn_grant_asks_to_connect_again", withdrawn),
    (
        "zm048_d40_zoom_failing_while_connecting_is_told",
        while_connecting,
    ),
];

/// More than the plugin's attempts.
const TRIES: usize = 8;

/// Lets every attempt to create a meeting fail, types `/zoom start`, and checks the message to the user.
fn told_of(world: &mut World, fault: &Fault) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let before = process(site);
    for _ in 0..TRIES {
        site.zoom.fail_next(Route::CreateMeeting, fault.clone());
    }
    let told = ada.asks(&room, "/zoom start")?;
    let text = message(&told);
    assert!(
        text.contains("Zoom") && text.split(' ').count() > 5,
        "{text:?} helps nobody"
    );
    for raw in [
        "trace-",
        "QPS",
        "per-second",
        "localhost",
        "error:",
        "<html",
    ] {
        assert!(!text.contains(raw), "{text:?} shows what Zoom said");
    }
    assert!(
        !text.contains(CONNECT_LINK),
        "connecting again does not help: {text}"
    );
    assert!(meeting_posts(&ada, &room)?.is_empty());
    let rest = ada
        .client
        .plugin_json("/api/v1/meetings", &json!({"channel_id": room.channel}));
    let rest = rest?;
    assert!(
        rest.status >= 500 || rest.json()["error"].is_string(),
        "{}",
        rest.text()
    );

    site.zoom.release();
    start(&ada, &room, "Next try")?;
    assert_eq!(process(site), before);
    Ok(())
}

fn broken(world: &mut World) -> Outcome {
    told_of(world, &Fault::server_error())
}

fn overloaded(world: &mut World) -> Outcome {
    told_of(world, &Fault::rate_limited(3600))
}

fn hanging_up(world: &mut World) -> Outcome {
    told_of(world, &Fault::HangUp)
}

fn silent(world: &mut World) -> Outcome {
    told_of(world, &Fault::Silence)
}

fn nonsense(world: &mut World) -> Outcome {
    told_of(
        world,
        &Fault::Status(201, Vec::new(), "<html>trace-5c1d</html>".to_owned()),
    )
}

fn expired(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    site.zoom.expire_tokens();
    let refreshed = site.zoom.count(Route::Token);
    start(&ada, &room, "")?;
    assert_eq!(site.zoom.count(Route::Token), refreshed + 1);
    Ok(())
}

/// Zoom's refresh tokens work once; two uses of one token end the connection.
fn refreshed_once(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, _) = connected(site)?;
    let rooms = rooms(site, &ada, 6)?;
    site.zoom.expire_tokens();
    let refreshed = site.zoom.count(Route::Token);
    let start = |room: &Room| {
        let body = json!({"channel_id": room.channel});
        ada.client.plugin_json("/api/v1/meetings", &body)
    };
    thread::scope(|scope| {
        let starts: Vec<_> = rooms
            .iter()
            .map(|room| scope.spawn(|| start(room)))
            .collect();
        for start in starts {
            let answer = start.join().unwrap().unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_ne!(answer.json()["meeting_url"], "", "asked to connect again");
        }
    });
    assert_eq!(site.zoom.count(Route::Token), refreshed + 1);
    for room in &rooms {
        assert_eq!(meeting_posts(&ada, room)?.len(), 1);
    }
    Ok(())
}

fn withdrawn(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    site.zoom.withdraw_grants();
    let told = ada.asks(&room, "/zoom start Again")?;
    assert!(
        message(&told).contains(CONNECT_LINK),
        "D29: {}",
        message(&told)
    );
    let mark = ada.events.mark();
    assert_eq!(site.follow_connect_link(&ada)?.status, 200);
    let is_ours = |post: &serde_json::Value| plugin_tests::scenario::is_meeting(post, &room);
    let post = ada.events.wait_for_post(mark, "posted", is_ours)?;
    assert_eq!(post["props"]["meeting_topic"], "Again");
    Ok(())
}

fn while_connecting(world: &mut World) -> Outcome {
    let site = world.ready()?;
    for route in [Route::Token, Route::User] {
        let (ada, room) = person(site)?;
        for _ in 0..TRIES {
            site.zoom.fail_next(route, Fault::server_error());
        }
        let page = site.connect(&ada, &room)?;
        site.zoom.release();
        assert!(page.status >= 500, "{}", page.status);
        assert!(
            page.text().contains("Zoom") && !page.text().contains("trace-"),
            "{}",
            page.text()
        );
        assert!(
            !site
                .stored()?
                .contains(&format!("zoomtoken_{}", ada.client.user_id()))
        );
        assert_eq!(site.connect(&ada, &room)?.status, 200, "the next try works");
    }
    Ok(())
}
