//! Links to connect.

use libtest_mimic::Failed;
use plugin_tests::client::{Answer, Client};
use plugin_tests::scenario::is_meeting;
use plugin_tests::site::{CONNECT_LINK, Person, Room, Site, message};
use plugin_tests::zoom::Route;
use serde_json::Value;
use ureq::http::Method;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "f31_a_browser_without_a_session_is_asked_to_sign_in_and_to_open_the_link_again",
        no_session,
    ),
    ("f32_the_sign_in_pages_of_two_starts_both_work", two_starts),
    (
        "f32_a_sixth_link_ends_the_first_and_no_link_is_good_for_others",
        six_links,
    ),
];

/// The path of an address of this site.
fn path<'a>(site: &Site, address: &'a str) -> Result<&'a str, Failed> {
    let path = address.strip_prefix(&site.server.url());
    path.ok_or_else(|| format!("{address} leads elsewhere").into())
}

/// Opens a link of the plugin, and returns the address to which Zoom redirects the browser.
fn authorizes(site: &Site, who: &Person, link: &str) -> Result<String, Failed> {
    let away = who.client.plugin(Method::GET, link, &[], None)?;
    assert_eq!(away.status, 302, "{link}: {}", away.text());
    Ok(site.zoom.consent(away.header("Location"))?)
}

/// Follows the redirect from Zoom.
fn returns(site: &Site, who: &Person, back: &str) -> Result<Answer, Failed> {
    Ok(who.client.call(Method::GET, path(site, back)?, &[], None)?)
}

fn no_session(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, room) = person(site)?;
    ada.asks(&room, "/zoom start Waiting")?;
    let link = ada.connect_link();
    let nobody = Client::new(&site.server.url());
    let languages = [
        ("", "en", "Open this link again"),
        ("de-AT,de;q=0.9", "de", "anmelden"),
        ("ja", "ja", "Mattermost"),
    ];
    for (language, tag, part) in languages {
        let headers = [("Accept-Language", language)];
        let page = nobody.plugin(Method::GET, &link, &headers, None)?;
        let body = page.text();
        assert_eq!(page.status, 401, "{body}");
        assert!(page.header("Content-Type").starts_with("text/html"));
        let sign_in = format!("<a href=\"{}/login\" target=\"_blank\"", site.server.url());
        for wanted in [
            sign_in.as_str(),
            "<a href=\"\">",
            part,
            &format!("lang=\"{tag}\""),
        ] {
            assert!(body.contains(wanted), "{wanted} is not in: {body}");
        }
        assert!(!body.contains("redirect_to"), "{body}");
    }
    // The same link works when the browser has a session.
    let back = authorizes(site, &ada, &link)?;
    // If the session is lost during the redirect, the code is not used.
    let exchanges = site.zoom.count(Route::Token);
    let page = nobody.call(Method::GET, path(site, &back)?, &[], None)?;
    assert_eq!(page.status, 401, "{}", page.text());
    assert!(page.text().contains("/login\""), "{}", page.text());
    assert_eq!(site.zoom.count(Route::Token), exchanges);
    let page = returns(site, &ada, &back)?;
    assert_eq!(page.status, 200, "{}", page.text());
    Ok(())
}

/// Types `/zoom start` in a room, and returns the link in the response.
fn begins(who: &Person, room: &Room, topic: &str) -> Result<String, Failed> {
    let told = who.asks(room, &format!("/zoom start {topic}"))?;
    assert!(message(&told).contains(CONNECT_LINK), "{}", message(&told));
    assert!(!message(&told).contains(topic), "{}", message(&told));
    let link = who.connect_link();
    assert!(!link.contains(&room.channel), "{link}");
    Ok(link)
}

fn two_starts(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    for swapped in [false, true] {
        let (ada, first) = person(site)?;
        site.connect(&ada, &first)?;
        ada.prefers(&first, "No")?;
        ada.asks(&first, "/zoom disconnect")?;
        let second = rooms(site, &ada, 1)?.remove(0);
        let mut starts = [("First", &first), ("Second", &second)];
        let mut pages = Vec::new();
        for (topic, room) in starts {
            let link = begins(&ada, room, topic)?;
            pages.push(authorizes(site, &ada, &link)?);
        }
        assert_ne!(pages[0], pages[1]);
        if swapped {
            starts.reverse();
            pages.reverse();
        }
        for ((topic, room), back) in starts.iter().zip(&pages) {
            let mark = ada.events.mark();
            let page = returns(site, &ada, back)?;
            assert_eq!(page.status, 200, "{topic}: {}", page.text());
            let is_theirs = |post: &Value| is_meeting(post, room);
            let post = ada.events.wait_for_post(mark, "posted", is_theirs)?;
            assert_eq!(post["props"]["meeting_topic"], *topic);
        }
        for back in &pages {
            let again = returns(site, &ada, back)?;
            assert!((400..500).contains(&again.status), "{}", again.text());
        }
    }
    Ok(())
}

fn six_links(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, room) = person(site)?;
    let (eve, _) = person(site)?;
    let links = (0..6).map(|_| begins(&ada, &room, "Again"));
    let links = links.collect::<Result<Vec<_>, Failed>>()?;
    let opens = |who: &Person, link: &str| who.client.plugin(Method::GET, link, &[], None);
    assert_eq!(opens(&ada, &links[0])?.status, 400, "the oldest of six");
    for link in &links[1..] {
        assert_eq!(opens(&eve, link)?.status, 400, "another person's link");
        assert_eq!(opens(&ada, link)?.status, 302);
    }
    Ok(())
}
