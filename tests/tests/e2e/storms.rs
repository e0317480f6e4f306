//! Ten thousand webhooks, and a database that goes away and comes back.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use plugin_tests::process::wait_until;
use plugin_tests::site::{Person, Room, Site, prop};
use plugin_tests::zoom::{Meeting, Route, Webhook};
use serde_json::json;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "d06_ten_thousand_webhooks_from_thirty_two_connections_are_handled_once_each",
        burst,
    ),
    (
        "d61_the_plugin_outlives_a_restart_of_the_database",
        database,
    ),
];

const WEBHOOKS: usize = 10_000;
const CONNECTIONS: usize = 32;
/// How many of the meetings that the webhooks are about have a post.
const MEETINGS: usize = 20;
/// How much more memory the process may hold afterwards than after the first tenth, in KiB. The bench
/// measures the drift over a hundred thousand; here it must only not grow with their number.
const DRIFT: i64 = 4 * 1024;

/// What a process holds.
#[derive(Debug)]
struct Held {
    /// Resident memory, in KiB.
    memory: i64,
    threads: usize,
    descriptors: usize,
}

fn held(process: u32) -> Held {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let memory = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    let count = |what| {
        fs::read_dir(format!("/proc/{process}/{what}"))
            .unwrap()
            .count()
    };
    Held {
        memory: memory.unwrap(),
        threads: count("task"),
        descriptors: count("fd"),
    }
}

/// A running meeting with its post.
struct Running {
    meeting: Meeting,
    room: Room,
}

fn begin(site: &Site, ada: &Person, count: usize) -> Result<Vec<Running>, libtest_mimic::Failed> {
    let begun = rooms(site, ada, count)?.into_iter().map(|room| {
        start(ada, &room, "Storm")?;
        let meeting = site.zoom.meetings().pop().ok_or("no meeting was made")?;
        Ok(Running { meeting, room })
    });
    begun.collect()
}

/// A fifth ends the meetings with posts, each again and again; the rest is about meetings that nobody here
/// knows, and about things that nobody asked for.
fn webhook(site: &Site, running: &[Running], number: usize) -> Webhook {
    let known = &running[number / 5 % running.len()].meeting;
    let unknown = Meeting {
        id: 70_000_000_000 + number as u64,
        uuid: format!("unknown-{number}=="),
        ..known.clone()
    };
    match number % 5 {
        0 => site.zoom.webhook("meeting.ended", known),
        1 => site.zoom.webhook("meeting.ended", &unknown),
        2 => site.zoom.webhook("meeting.started", &unknown),
        3 => site
            .zoom
            .recorded("recording.completed", &unknown, &json!([])),
        _ => {
            let body = json!({"event": "user.signed_in", "event_ts": number, "payload": {}});
            site.zoom.webhook_with(body.to_string())
        }
    }
}

/// Delivers the webhooks of these numbers, and answers how often there was which status.
fn deliver(
    site: &Site,
    running: &[Running],
    numbers: std::ops::Range<usize>,
) -> BTreeMap<u16, usize> {
    let next = AtomicUsize::new(numbers.start);
    let work = || {
        let mut statuses = BTreeMap::<u16, usize>::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= numbers.end {
                return statuses;
            }
            let answer = site.deliver(&webhook(site, running, number)).unwrap();
            *statuses.entry(answer.status).or_default() += 1;
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(work)).collect();
        let mut all = BTreeMap::<u16, usize>::new();
        for thread in threads {
            for (status, count) in thread.join().unwrap() {
                *all.entry(status).or_default() += count;
            }
        }
        all
    })
}

fn burst(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, _) = connected(site)?;
    let running = begin(site, &ada, MEETINGS)?;
    let process = process(site);
    let mark = ada.events.mark();

    let first = WEBHOOKS / 10;
    let mut statuses = deliver(site, &running, 0..first);
    let before = held(process);
    for (status, count) in deliver(site, &running, first..WEBHOOKS) {
        *statuses.entry(status).or_default() += count;
    }
    assert_eq!(statuses, BTreeMap::from([(200, WEBHOOKS)]));

    // Each post was changed once, and is right.
    for one in &running {
        let posts = meeting_posts(&ada, &one.room)?;
        assert_eq!(posts.len(), 1);
        assert_eq!(prop(&posts[0], "meeting_status"), "ENDED");
        let id = &posts[0]["id"];
        let changes = || {
            let events = ada.events.since(mark).into_iter();
            let edits = events.filter(|event| event.name == "post_edited");
            edits
                .filter(|event| event.post().is_some_and(|post| &post["id"] == id))
                .count()
        };
        wait_until(SOON, || (changes() > 0).then_some(())).ok_or("nobody was told")?;
        assert_eq!(changes(), 1, "changed more than once");
    }

    let after = held(process);
    assert!(after.threads <= before.threads, "{before:?} {after:?}");
    let settled = || (held(process).descriptors <= before.descriptors).then_some(());
    wait_until(SOON, settled).ok_or_else(|| format!("{before:?} {:?}", held(process)))?;
    assert!(after.memory - before.memory < DRIFT, "{before:?} {after:?}");
    assert_eq!(crate::world::process(site), process);
    Ok(())
}

fn database(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let running = begin(site, &ada, 1)?;
    let before = process(site);
    let ended = site.zoom.webhook("meeting.ended", &running[0].meeting);

    site.postgres.stop();
    let asked = site.zoom.count(Route::CreateMeeting);
    let answer = site.deliver(&ended)?;
    assert!(
        answer.status >= 500,
        "Zoom must bring it again, and was told {}",
        answer.status
    );
    let rest = ada
        .client
        .plugin_json("/api/v1/meetings", &json!({"channel_id": room.channel}))?;
    assert!(rest.status >= 400, "{}: {}", rest.status, rest.text());
    assert_eq!(
        site.zoom.count(Route::CreateMeeting),
        asked,
        "a meeting that nobody can be told of"
    );

    site.postgres.start_again()?;
    let site: &Site = site;
    let delivered = || (site.deliver(&ended).ok()?.status == 200).then_some(());
    wait_until(SOON, delivered).ok_or("the webhook is never taken")?;
    let posts = meeting_posts(&ada, &running[0].room)?;
    assert_eq!(posts.len(), 1);
    assert_eq!(prop(&posts[0], "meeting_status"), "ENDED");
    start(&ada, &room, "After")?;
    assert_eq!(process(site), before, "the same process goes on");
    Ok(())
}
