//! Connecting a Zoom account, and rejected requests.

use plugin_tests::site::{CONNECT_LINK, message};
use plugin_tests::zoom::Route;
use ureq::http::Method;
use url::Url;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "zm047_zm054_d17_connecting_uses_pkce_and_a_long_state",
        pkce,
    ),
    ("zm048_a_state_works_once_and_for_one_user", state_is_bound),
    (
        "zm048_d51_declining_at_zoom_is_told_and_stores_nothing",
        declining,
    ),
    (
        "zm047_d51_connecting_without_having_asked_leads_nowhere",
        uninvited,
    ),
    (
        "zm046_zm048_d19_somebody_not_connected_gets_the_link_and_the_meeting_afterwards",
        link_then_meeting,
    ),
    ("zm022_d47_disconnecting_revokes_and_forgets", disconnecting),
    ("zm021_connecting_twice_says_so", twice),
];

/// The address to which a page of the plugin redirects the browser.
fn away(person: &plugin_tests::site::Person) -> Result<String, plugin_tests::client::Error> {
    let answer = person
        .client
        .plugin(Method::GET, &person.connect_link(), &[], None)?;
    assert_eq!(answer.status, 302, "{}", answer.text());
    Ok(answer.header("Location").to_owned())
}

fn pkce(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = person(site)?;
    let page = site.connect(&ada, &room)?;
    assert_eq!(page.status, 200);
    assert!(page.header("Content-Type").starts_with("text/html"));
    let asked = site
        .zoom
        .last_authorization()
        .ok_or("nobody came to Zoom")?;
    assert_eq!(asked.code_challenge.len(), 43);
    // 128 bits are 22 characters of base64.
    assert!(asked.state.len() >= 22, "{} characters", asked.state.len());
    let record = site.stored()?;
    let record = record
        .lines()
        .find(|line| line.starts_with(&format!("zoomtoken_{} ", ada.client.user_id())));
    let record = record.ok_or("the connection is not stored")?;
    assert!(record.contains(&site.zoom.signed_in().email), "{record}");
    assert_eq!(
        record.matches("v1:").count(),
        2,
        "access and refresh token are envelopes"
    );
    Ok(())
}

fn state_is_bound(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = person(site)?;
    let (eve, _) = person(site)?;
    ada.asks(&room, "/zoom connect")?;
    let back = Url::parse(&site.zoom.consent(&away(&ada)?)?)?;
    let path = format!("{}?{}", back.path(), back.query().unwrap());

    let by_eve = eve.client.call(Method::GET, &path, &[], None)?;
    assert!((400..500).contains(&by_eve.status), "{}", by_eve.status);
    let wrong = path.replace("state=", "state=x");
    assert_eq!(ada.client.call(Method::GET, &wrong, &[], None)?.status, 401);
    assert_eq!(ada.client.call(Method::GET, &path, &[], None)?.status, 200);
    let exchanges = site.zoom.count(Route::Token);
    let again = ada.client.call(Method::GET, &path, &[], None)?;
    assert!((400..500).contains(&again.status), "{}", again.status);
    assert_eq!(
        site.zoom.count(Route::Token),
        exchanges,
        "the code was sent to Zoom again"
    );
    assert!(
        !site
            .stored()?
            .contains(&format!("zoomtoken_{}", eve.client.user_id()))
    );
    Ok(())
}

fn declining(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = person(site)?;
    site.zoom.decline_next();
    let exchanges = site.zoom.count(Route::Token);
    ada.asks(&room, "/zoom connect")?;
    let page = site.follow_connect_link(&ada)?;
    assert!(page.status < 500, "{}", page.status);
    assert!(page.text().contains("<p>"), "{}", page.text());
    assert!(!page.text().contains("access_denied"), "{}", page.text());
    assert_eq!(site.zoom.count(Route::Token), exchanges);
    assert!(
        !site
            .stored()?
            .contains(&format!("zoomtoken_{}", ada.client.user_id()))
    );
    Ok(())
}

fn uninvited(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, _) = person(site)?;
    let answer = ada
        .client
        .plugin(Method::GET, "/oauth2/connect", &[], None)?;
    assert_eq!(answer.status, 400, "{}", answer.text());
    let answer = ada
        .client
        .plugin(Method::GET, "/oauth2/complete?code=a&state=", &[], None)?;
    assert_eq!(answer.status, 400, "{}", answer.text());
    Ok(())
}

fn link_then_meeting(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = person(site)?;
    let told = ada.asks(&room, "/zoom start Planning")?;
    assert!(message(&told).contains(CONNECT_LINK), "{}", message(&told));
    let mark = ada.events.mark();
    assert_eq!(site.follow_connect_link(&ada)?.status, 200);
    let question = ada
        .events
        .wait_for_ephemeral(mark, |post| !plugin_tests::client::buttons(post).is_empty())?;
    ada.client.press(&question, "WithoutPMI")?;
    let post = ada.events.wait_for_post(mark, "posted", |post| {
        plugin_tests::scenario::is_meeting(post, &room)
    })?;
    assert_eq!(
        post["props"]["meeting_topic"], "Planning",
        "D19: the topic survives the way"
    );
    Ok(())
}

fn disconnecting(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let revoked = site.zoom.count(Route::Revoke);
    ada.asks(&room, "/zoom disconnect")?;
    assert_eq!(site.zoom.count(Route::Revoke), revoked + 1);
    assert!(
        !site
            .stored()?
            .contains(&format!("zoomtoken_{}", ada.client.user_id()))
    );
    let told = ada.asks(&room, "/zoom start")?;
    assert!(message(&told).contains(CONNECT_LINK), "{}", message(&told));
    Ok(())
}

fn twice(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let told = ada.asks(&room, "/zoom connect")?;
    assert!(!message(&told).contains(CONNECT_LINK), "{}", message(&told));
    Ok(())
}
