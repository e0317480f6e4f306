//! Two Mattermost servers on one database, each with its own plugin process: concurrent actions take effect once.

use std::sync::Barrier;
use std::thread;

use plugin_tests::client::{Answer, Client};
use plugin_tests::process::wait_until;
use plugin_tests::server::Server;
use plugin_tests::site::{PASSWORD, PLUGIN, Person, Room, Site};
use plugin_tests::zoom::{Route, User};
use plugin_tests::{bundle, scenario};
use serde_json::json;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "zm053_d05_fifty_refreshes_on_two_servers_make_one_token_request",
        refreshes,
    ),
    (
        "zm070_d39_a_hundred_starts_on_two_servers_make_one_meeting",
        starts,
    ),
    (
        "zm089_d06_a_webhook_delivered_to_both_servers_is_handled_once",
        webhooks,
    ),
];

/// The state of a running plugin.
const RUNNING: i64 = 2;

/// The site with a second server, whose plugin runs and is configured.
fn second(site: &Site) -> Result<Server, libtest_mimic::Failed> {
    let (server, administrator) = site.another_server(&mut |_| {})?;
    administrator.upload_plugin(&bundle()?)?;
    administrator.enable_plugin(PLUGIN)?;
    administrator.configure_plugin(PLUGIN, &site.settings())?;
    let up = wait_until(SOON, || {
        let runs = administrator.plugin_state(PLUGIN).ok()? == Some(RUNNING);
        let answer = administrator.plugin_json("/none", &json!({})).ok()?;
        (runs && answer.status == 404).then_some(())
    });
    up.ok_or("the plugin does not run on the second server")?;
    Ok(server)
}

/// The same person at the other server.
fn there(server: &Server, name: &str) -> Result<Client, libtest_mimic::Failed> {
    Ok(Client::new(&server.url()).log_in(name, PASSWORD)?)
}

/// Runs an action in many threads at once, and returns all results.
fn at_once<T: Send>(count: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let together = Barrier::new(count);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                let (together, act) = (&together, &act);
                scope.spawn(move || {
                    together.wait();
                    act(number)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

/// A connected user with this name who prefers unique meeting IDs.
fn member(site: &Site, room: &Room) -> Result<(String, Person), libtest_mimic::Failed> {
    let name = name("person");
    site.zoom
        .sign_in_as(User::new(&format!("{name}@zoom.example.com")));
    let person = site.person(&name, room)?;
    let page = site.connect(&person, room)?;
    assert_eq!(page.status, 200, "{}", page.text());
    person.prefers(room, "No")?;
    Ok((name, person))
}

fn refreshes(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let other = second(site)?;
    let room = site.room(&name("room"))?;
    let (name, ada) = member(site, &room)?;
    let clients = [ada.client.clone(), there(&other, &name)?];
    site.zoom.expire_tokens();
    let before = site.zoom.count(Route::Token);
    let mark = ada.events.mark();
    let done = at_once(50, |number| {
        let client = &clients[number % 2];
        client
            .command(&room.team, &room.channel, "", "/zoom connect")
            .is_ok()
    });
    assert!(done.iter().all(|done| *done));
    assert_eq!(site.zoom.count(Route::Token) - before, 1);
    // Wait for all events of this server first.
    let told = || {
        let events = ada.events.since(mark).into_iter();
        let told = events.filter(|event| event.name == "ephemeral_message");
        (told.count() >= 25).then_some(())
    };
    assert!(wait_until(SOON, told).is_some(), "an answer is missing");
    // The node that waited for the other's refresh has a valid connection.
    let post = start(&ada, &room, "After all")?;
    assert_eq!(post["props"]["meeting_status"], "STARTED");
    assert_eq!(site.zoom.count(Route::Token) - before, 1);
    let told = ada
        .events
        .since(mark)
        .into_iter()
        .filter_map(|event| event.post());
    let links = told.filter(|post| post.to_string().contains("/oauth2/connect"));
    assert_eq!(links.count(), 0, "nobody is asked to connect again");
    Ok(())
}

fn starts(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let other = second(site)?;
    let room = site.room(&name("room"))?;
    let mut people = Vec::new();
    for _ in 0..5 {
        let (name, person) = member(site, &room)?;
        let elsewhere = there(&other, &name)?;
        people.push((person, elsewhere));
    }
    let before = site.zoom.count(Route::CreateMeeting);
    let body = json!({"channel_id": room.channel, "topic": "Together"});
    let answers: Vec<Answer> = at_once(100, |number| {
        let (here, there) = &people[number % people.len()];
        let client = if number % 2 == 0 { &here.client } else { there };
        client.plugin_json("/api/v1/meetings", &body).unwrap()
    });
    let started = answers.iter().filter(|answer| {
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["meeting_url"] != ""
    });
    assert_eq!(started.count(), 1, "one of them started it");
    assert_eq!(site.zoom.count(Route::CreateMeeting) - before, 1);
    let (person, _) = people.first().ok_or("nobody")?;
    assert_eq!(meeting_posts(person, &room)?.len(), 1);
    Ok(())
}

fn webhooks(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let other = second(site)?;
    let room = site.room(&name("room"))?;
    let (_, ada) = member(site, &room)?;
    let post = start(&ada, &room, "Once")?;
    let meeting = site.zoom.meetings().pop().ok_or("no meeting")?;
    let mark = ada.events.mark();
    let webhook = site.zoom.webhook("meeting.ended", &meeting);
    let answers = at_once(2, |number| {
        let server = if number == 0 { &site.server } else { &other };
        site.deliver_to(server, &webhook)
            .map(|answer| answer.status)
    });
    for answer in answers {
        assert_eq!(answer?, 200);
    }
    let seen = ada.client.post_by_id(post["id"].as_str().unwrap())?;
    assert_eq!(seen["props"]["meeting_status"], "ENDED");
    // A repeated delivery changes nothing either.
    let edited = seen["update_at"].clone();
    assert_eq!(site.deliver_to(&other, &webhook)?.status, 200);
    let seen = ada.client.post_by_id(post["id"].as_str().unwrap())?;
    assert_eq!(seen["update_at"], edited);
    let said = ada
        .events
        .since(mark)
        .into_iter()
        .filter(|event| event.name == "posted");
    assert_eq!(said.count(), 0);
    scenario::is_meeting(&seen, &room)
        .then_some(())
        .ok_or("it is the meeting's post still")?;
    Ok(())
}
