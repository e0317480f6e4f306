//! Ten thousand webhooks, and a restart of the database.

use std::fs;

use plugin_tests::bench::load::{Request, drive};
use plugin_tests::bench::usage::Memory;
use plugin_tests::process::wait_until;
use plugin_tests::site::{PLUGIN, Person, Room, Site, prop};
use plugin_tests::zoom::{Fault, Meeting, Route, Webhook};
use serde_json::json;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "d06_ten_thousand_webhooks_from_thirty_two_connections_are_handled_once_each",
        burst,
    ),
    (
        "d25_d61_the_plugin_and_a_job_that_runs_outlive_a_restart_of_the_database",
        database,
    ),
];

const WEBHOOKS: usize = 10_000;
const CONNECTIONS: usize = 32;
/// The number of meetings with a post.
const MEETINGS: usize = 20;
/// The maximum growth of the process's memory after the first tenth of the webhooks, in bytes. The benchmark measures
/// the drift over a hundred thousand webhooks; this limit only detects growth with their number.
const DRIFT: u64 = 4 * 1024 * 1024;

/// The resources of a process.
#[derive(Debug)]
struct Held {
    memory: Memory,
    threads: usize,
    descriptors: usize,
}

fn held(process: u32) -> Held {
    let count = |what| {
        fs::read_dir(format!("/proc/{process}/{what}"))
            .unwrap()
            .count()
    };
    Held {
        memory: Memory::of(process),
        threads: count("task"),
        descriptors: count("fd"),
    }
}

/// A running meeting with its post.
struct Running {
    meeting: Meeting,
    room: Room,
    /// The event about its end, which Zoom repeats unchanged.
    end: String,
}

fn begin(site: &Site, ada: &Person, count: usize) -> Result<Vec<Running>, libtest_mimic::Failed> {
    let begun = rooms(site, ada, count)?.into_iter().map(|room| {
        start(ada, &room, "Storm")?;
        let meeting = site.zoom.meetings().pop().ok_or("no meeting was made")?;
        let end = site.zoom.webhook("meeting.ended", &meeting).body;
        Ok(Running { meeting, room, end })
    });
    begun.collect()
}

/// The webhook about a recorded chat.
fn chat(site: &Site, meeting: &Meeting) -> Webhook {
    let files = json!([{"id": "chat", "recording_start": "a", "file_type": "CHAT",
        "recording_type": "chat_file", "download_url": site.zoom.add_file("storm", "words")}]);
    site.zoom.recorded("recording.completed", meeting, &files)
}

/// The number of replies in the threads of all meetings.
fn replies(site: &Site, running: &[Running]) -> Result<usize, libtest_mimic::Failed> {
    let rooms = running.iter().map(|one| format!("'{}'", one.room.channel));
    let rooms = rooms.collect::<Vec<_>>().join(",");
    let count = site.query(&format!(
        "select count(*) from posts where rootid <> '' and originalid = '' and channelid in ({rooms})"
    ))?;
    Ok(count.trim().parse()?)
}

/// A fifth of the webhooks end meetings with posts, repeatedly. A tenth are about their chats and enqueue jobs. The
/// others are about unknown meetings and unrelated events.
fn webhook(site: &Site, running: &[Running], number: usize) -> Webhook {
    let Running {
        meeting: known,
        end,
        ..
    } = &running[number / 10 % running.len()];
    let unknown = Meeting {
        id: 70_000_000_000 + number as u64,
        uuid: format!("unknown-{number}=="),
        ..known.clone()
    };
    match number % 5 {
        0 => site.zoom.webhook_with(end.clone()),
        1 => site.zoom.webhook("meeting.ended", &unknown),
        2 => site.zoom.webhook("meeting.started", &unknown),
        3 if number % 10 == 3 => chat(site, known),
        3 => chat(site, &unknown),
        _ => {
            let body = json!({"event": "user.signed_in", "event_ts": number, "payload": {}});
            site.zoom.webhook_with(body.to_string())
        }
    }
}

/// Delivers the webhooks with these numbers. Each response must be 200.
fn deliver(site: &Site, running: &[Running], numbers: std::ops::Range<usize>) -> Outcome {
    let secret = &site.webhook_secret;
    let request =
        |number| Request::webhook(PLUGIN, "/webhook", secret, &webhook(site, running, number));
    let requests: Vec<_> = numbers.map(request).collect();
    drive(site.server.port(), CONNECTIONS, &requests)?;
    Ok(())
}

fn burst(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, _) = connected(site)?;
    let running = begin(site, &ada, MEETINGS)?;
    let process = process(site);
    let mark = ada.events.mark();

    let first = WEBHOOKS / 10;
    deliver(site, &running, 0..first)?;
    let done = || (replies(site, &running).ok()? >= MEETINGS).then_some(());
    wait_until(SOON, done).ok_or("a job was lost")?;
    let before = held(process);
    deliver(site, &running, first..WEBHOOKS)?;
    assert_eq!(replies(site, &running)?, MEETINGS, "a job was done twice");

    // Each post was changed once.
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
    assert!(
        after.memory.resident < before.memory.resident + DRIFT,
        "{before:?} {after:?}"
    );
    assert_eq!(crate::world::process(site), process);
    Ok(())
}

fn database(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let running = begin(site, &ada, 1)?;
    let before = process(site);
    let ended = site.zoom.webhook_with(running[0].end.clone());
    // A job starts before the database stops, and ends while the database is down.
    site.zoom.fail_next(Route::Download, Fault::Silence);
    let (told, fetched) = (
        chat(site, &running[0].meeting),
        site.zoom.count(Route::Download),
    );
    assert_eq!(site.deliver(&told)?.status, 200);
    let fetching = || (site.zoom.count(Route::Download) > fetched).then_some(());
    wait_until(SOON, fetching).ok_or("the job never begins")?;

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

    site.zoom.release();
    site.postgres.start_again()?;
    let site: &Site = site;
    let delivered = || (site.deliver(&ended).ok()?.status == 200).then_some(());
    wait_until(SOON, delivered).ok_or("the webhook is never taken")?;
    let posts = meeting_posts(&ada, &running[0].room)?;
    assert_eq!(posts.len(), 1);
    assert_eq!(prop(&posts[0], "meeting_status"), "ENDED");
    start(&ada, &room, "After")?;
    // If the end of a job could not be stored, its lease expires after a minute.
    site.end_claims()?;
    let next = begin(site, &ada, 1)?;
    assert_eq!(site.deliver(&chat(site, &next[0].meeting))?.status, 200);
    for one in [&running, &next] {
        let done = || (replies(site, one).ok()? == 1).then_some(());
        wait_until(SOON * 3, done).ok_or("a job was lost")?;
    }
    assert_eq!(process(site), before, "the same process goes on");
    Ok(())
}
