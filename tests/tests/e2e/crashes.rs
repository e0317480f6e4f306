//! Kills the plugin at every write and every request to Zoom of these flows: a start, a connection, a refresh, an end,
//! a recording, a transcript, and an announcement. Then the server starts the plugin again. The tests in
//! `tests/component/tests/parity` do the same for the other flows, with an in-memory server.
//!
//! A killed process leaves its claims on the channel, the token, and the job. They expire within minutes; the checks
//! end them at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use libtest_mimic::Failed;
use plugin_tests::process::{kill, wait_until};
use plugin_tests::site::{CONNECT_LINK, PLUGIN, Person, Room, Site, message, prop};
use plugin_tests::write_pause::{PausedWrite, WritePause};
use plugin_tests::zoom::{Meeting, Route, Webhook};
use serde_json::{Value, json};

use crate::recordings;
use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "zm097_d25_a_job_survives_the_death_of_the_plugin_which_the_server_starts_again",
        recordings::survives_a_death,
    ),
    ("d61_a_start_survives_a_kill_at_each_of_its_steps", starts),
    (
        "d61_connecting_survives_a_kill_at_each_of_its_steps",
        connects,
    ),
    (
        "d04_d05_d61_a_renewal_survives_a_kill_at_each_of_its_steps",
        renews,
    ),
    (
        "zm092_d06_d61_the_end_of_a_meeting_survives_a_kill_at_each_of_its_steps",
        ends,
    ),
    (
        "zm096_d25_d61_a_recording_survives_a_kill_at_each_of_its_steps",
        records,
    ),
    (
        "zm097_d25_d61_a_transcript_survives_a_kill_while_it_is_fetched",
        transcribes,
    ),
    (
        "zm104_d06_d61_an_announcement_survives_a_kill_at_each_of_its_steps",
        announces,
    ),
];

/// Every flow has fewer writes.
const WRITES: u32 = 40;

/// The step at which the process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// During this write of the server, counting from 1.
    Write(u32, PausedWrite),
    /// When Zoom receives this request, which has no effect.
    Request(Route),
}

/// Kills the plugin like the kernel when memory runs out, and waits until it has ended.
fn kill_plugin(site: &Site) -> Outcome {
    kill(process(site));
    let gone = || site.server.plugin_processes().is_empty().then_some(());
    wait_until(SOON, gone).ok_or("the plugin does not die")?;
    Ok(())
}

/// Disables the server's health check until it is dropped. Otherwise the server could restart the plugin at the same
/// time as the check.
struct Unattended<'a>(&'a Site);

impl<'a> Unattended<'a> {
    fn site(site: &'a Site) -> Result<Unattended<'a>, Failed> {
        site.administrator.set_plugin_health_check(false)?;
        Ok(Unattended(site))
    }
}

impl Drop for Unattended<'_> {
    fn drop(&mut self) {
        let _ = self.0.administrator.set_plugin_health_check(true);
    }
}

/// Starts the plugin again.
fn start_again(site: &Site) -> Outcome {
    site.end_claims()?;
    site.administrator.disable_plugin(PLUGIN)?;
    site.administrator.enable_plugin(PLUGIN)?;
    until_configured(site)
}

/// Runs `act` and kills the plugin at this step. Returns false if `is_over` before the step.
fn killed(
    site: &Site,
    room: &Room,
    at: At,
    act: impl FnOnce() + Send,
    is_over: impl Fn() -> bool,
) -> Result<bool, Failed> {
    match at {
        At::Write(number, write) => killed_at_write(site, room, number, write, act, is_over),
        At::Request(route) => killed_at_request(site, route, act),
    }
}

fn killed_at_write(
    site: &Site,
    room: &Room,
    number: u32,
    write: PausedWrite,
    act: impl FnOnce() + Send,
    is_over: impl Fn() -> bool,
) -> Result<bool, Failed> {
    let pause = WritePause::install(site)?;
    pause.pause(number, &room.channel)?;
    thread::scope(|scope| {
        let acting = scope.spawn(act);
        let held = wait_until(SOON, || {
            if pause.is_paused().ok()? {
                return Some(true);
            }
            (acting.is_finished() && is_over()).then_some(false)
        });
        let held = held.ok_or("neither a write nor an end")?;
        if held {
            kill_plugin(site)?;
        }
        pause.release(write)?;
        acting.join().map_err(|_| "what was done went wrong")?;
        Ok(held)
    })
}

fn killed_at_request(site: &Site, route: Route, act: impl FnOnce() + Send) -> Result<bool, Failed> {
    let (victim, done) = (process(site), AtomicBool::new(false));
    site.zoom.guard(move |asked| {
        if asked == route && !done.swap(true, Ordering::SeqCst) {
            kill(victim);
            return false;
        }
        true
    });
    act();
    let gone = || site.server.plugin_processes().is_empty().then_some(());
    let died = wait_until(SOON, gone);
    site.zoom.guard(|_| true);
    died.ok_or("Zoom was not asked")?;
    Ok(true)
}

/// Runs a flow once for each of its writes and each of these requests.
fn everywhere(
    site: &Site,
    requests: &[Route],
    writes: &[PausedWrite],
    mut flow: impl FnMut(At) -> Result<bool, Failed>,
) -> Outcome {
    let _alone = Unattended::site(site)?;
    for route in requests {
        flow(At::Request(*route))?;
    }
    for write in writes {
        for number in 1.. {
            assert!(number < WRITES, "the flow writes less often than that");
            if !flow(At::Write(number, *write))? {
                assert!(number > 1, "the flow writes nothing");
                break;
            }
        }
    }
    Ok(())
}

/// The maximum time that duplicate jobs of a repeated webhook wait for each other.
const SHORTLY: Duration = Duration::from_secs(3);

/// Whether no job waits or runs.
fn is_idle(site: &Site) -> bool {
    site.jobs().is_ok_and(|jobs| jobs.is_empty())
}

/// Waits until all jobs are done. If a job waits for another one of the same kind, makes it due and restarts the
/// process, which would sleep until then.
fn until_idle(site: &Site, at: At) -> Outcome {
    let idle = |time| wait_until(time, || is_idle(site).then_some(()));
    if idle(SHORTLY).is_none() {
        start_again(site)?;
        idle(SOON).ok_or_else(|| format!("{at:?}: a job is never done"))?;
    }
    Ok(())
}

/// Reports the end of each meeting, and checks that all meeting posts of the room have ended. If a post was about to be
/// written, Zoom repeats the event, because for five minutes the plugin cannot know that there is none.
fn ended(site: &Site, ada: &Person, room: &Room, meetings: &[Meeting], at: At) -> Outcome {
    let posts = meeting_posts(ada, room)?;
    for meeting in meetings {
        let webhook = site.zoom.webhook("meeting.ended", meeting);
        let status = site.deliver(&webhook)?.status;
        let mut posts = posts.iter();
        let is_posted = posts.any(|post| post["props"]["meeting_id"] == meeting.id);
        let is_repeated = !is_posted && status >= 500;
        assert!(status == 200 || is_repeated, "{at:?}: {status}");
    }
    for post in meeting_posts(ada, room)? {
        assert_eq!(prop(&post, "meeting_status"), "ENDED", "{at:?}");
    }
    Ok(())
}

/// Another room for a user.
fn another(site: &Site, ada: &Person) -> Result<Room, Failed> {
    Ok(rooms(site, ada, 1)?.remove(0))
}

fn starts(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, _) = connected(site)?;
    everywhere(site, &[Route::CreateMeeting], &[PausedWrite::Done], |at| {
        let room = another(site, &ada)?;
        let before = site.zoom.meetings().len();
        let act = || drop(ada.types(&room, "/zoom start Killed"));
        let came = killed(site, &room, at, act, || true)?;
        if came {
            start_again(site)?;
        }
        let posts = meeting_posts(&ada, &room)?.len();
        assert!(posts <= 1, "{at:?}");
        if posts == 0 {
            start(&ada, &room, "Again")?;
        }
        // At most one meeting has no post: the one that Zoom created just before.
        let meetings = site.zoom.meetings().split_off(before);
        assert!(meetings.len() <= 2, "{at:?}");
        ended(site, &ada, &room, &meetings, at)?;
        assert_eq!(meeting_posts(&ada, &room)?.len(), 1, "{at:?}");
        Ok(came)
    })
}

/// The records of a user's connection: the user's own, and the entry in the index of Zoom users.
fn connection(site: &Site, ada: &Person) -> Result<[bool; 2], Failed> {
    let stored = site.stored()?;
    let (user, zoom_user) = (ada.client.user_id(), site.zoom.signed_in().id);
    let keys = [
        format!("zoomtoken_{user} "),
        format!("zoomtokenbyzoomid_{zoom_user} "),
    ];
    Ok(keys.map(|key| stored.lines().any(|line| line.starts_with(&key))))
}

fn connects(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let requests = [Route::Token, Route::User];
    everywhere(
        site,
        &requests,
        &[PausedWrite::Done, PausedWrite::Fails],
        |at| {
            let (ada, room) = person(site)?;
            ada.asks(&room, "/zoom connect")?;
            let act = || drop(site.follow_connect_link(&ada));
            let came = killed(site, &room, at, act, || true)?;
            if came {
                start_again(site)?;
            }
            let [is_connected, is_found] = connection(site, &ada)?;
            assert!(is_found || !is_connected, "{at:?}: Zoom would not find it");
            if !is_connected {
                assert_eq!(site.connect(&ada, &room)?.status, 200, "{at:?}");
            }
            assert_eq!(connection(site, &ada)?, [true, true], "{at:?}");
            let told = ada.asks(&room, "/zoom disconnect")?;
            assert!(message(&told).contains("is disconnected."), "{at:?}");
            assert_eq!(connection(site, &ada)?, [false, false], "{at:?}");
            Ok(came)
        },
    )
}

/// If the process is killed before Zoom's new tokens are stored, they are lost, and the old ones are invalid. Only this
/// step loses a connection.
fn renews(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, room) = connected(site)?;
    let mut lost = Vec::new();
    everywhere(
        site,
        &[Route::Token],
        &[PausedWrite::Done, PausedWrite::Fails],
        |at| {
            site.zoom.expire_tokens();
            let act = || drop(ada.types(&room, "/zoom connect"));
            let came = killed(site, &room, at, act, || true)?;
            if came {
                start_again(site)?;
            }
            let told = ada.asks(&room, "/zoom connect")?;
            if message(&told).contains(CONNECT_LINK) {
                lost.push(at);
                let mark = ada.events.mark();
                assert_eq!(site.follow_connect_link(&ada)?.status, 200, "{at:?}");
                ada.events.wait_for_ephemeral(mark, |_| true)?;
            } else {
                assert!(message(&told).contains("already connected"), "{at:?}");
            }
            assert_eq!(connection(site, &ada)?, [true, true], "{at:?}");
            Ok(came)
        },
    )?;
    let cut_off = |at: &At| matches!(at, At::Write(_, PausedWrite::Fails));
    assert!(lost.len() == 1 && lost.iter().all(cut_off), "{lost:?}");
    Ok(())
}

fn ends(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, _) = connected(site)?;
    everywhere(site, &[], &[PausedWrite::Done], |at| {
        let room = another(site, &ada)?;
        start(&ada, &room, "Killed")?;
        let meeting = site.zoom.meetings().pop().ok_or("no meeting")?;
        let webhook = site.zoom.webhook("meeting.ended", &meeting);
        let act = || drop(site.deliver(&webhook));
        let came = killed(site, &room, at, act, || true)?;
        if came {
            start_again(site)?;
        }
        ended(site, &ada, &room, &[meeting], at)?;
        let mark = ada.events.mark();
        start(&ada, &room, "The next")?;
        let edits = ada.events.since(mark).into_iter();
        let edited = edits.filter(|event| event.name == "post_edited");
        assert_eq!(edited.count(), 0, "{at:?}: the end is told again");
        Ok(came)
    })
}

/// A file of a meeting at Zoom, and the event about it.
fn has(site: &Site, meeting: &Meeting, file: &str) -> Webhook {
    let event = match file {
        "chat_file" => "recording.completed",
        _ => "recording.transcript_completed",
    };
    let files = json!([{"id": file, "recording_start": "a", "file_type": "OTHER",
        "recording_type": file, "download_url": site.zoom.add_file(file, "WEBVTT")}]);
    site.zoom.recorded(event, meeting, &files)
}

fn replies(ada: &Person, post: &Value) -> Result<Vec<Value>, Failed> {
    let channel = post["channel_id"].as_str().unwrap_or_default();
    let posts = ada.client.posts(channel)?.into_iter();
    Ok(posts.filter(|one| one["root_id"] == post["id"]).collect())
}

/// Delivers a webhook, repeats it if it got no response, and waits until its work is done. Returns whether the plugin
/// was killed.
fn delivered(site: &Site, room: &Room, webhook: &Webhook, at: At) -> Result<bool, Failed> {
    let answered = AtomicBool::new(false);
    let act = || {
        let answer = site.deliver(webhook);
        let good = answer.is_ok_and(|answer| answer.status == 200);
        answered.store(good, Ordering::SeqCst);
    };
    let came = killed(site, room, at, act, || is_idle(site))?;
    if came {
        start_again(site)?;
    }
    if !answered.load(Ordering::SeqCst) {
        let again = site.zoom.webhook_with(webhook.body.clone());
        assert_eq!(site.deliver(&again)?.status, 200, "{at:?}");
    }
    until_idle(site, at)?;
    Ok(came)
}

/// A file is posted once in the thread of its meeting, wherever the process is killed.
fn arrives(site: &Site, ada: &Person, file: &str, at: At) -> Result<bool, Failed> {
    let room = another(site, ada)?;
    let post = start(ada, &room, "Killed")?;
    let meeting = site.zoom.meetings().pop().ok_or("no meeting")?;
    let webhook = has(site, &meeting, file);
    let came = delivered(site, &room, &webhook, at)?;
    let replies = replies(ada, &post)?;
    assert_eq!(replies.len(), 1, "{at:?}");
    let files = replies[0]["file_ids"].as_array().map_or(0, Vec::len);
    assert_eq!(files, 1, "{at:?}");
    Ok(came)
}

fn records(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, _) = connected(site)?;
    let flow = |at| arrives(site, &ada, "chat_file", at);
    everywhere(site, &[Route::Download], &[PausedWrite::Done], flow)
}

fn transcribes(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, _) = connected(site)?;
    let flow = |at| arrives(site, &ada, "audio_transcript", at);
    everywhere(site, &[Route::Download], &[], flow)
}

fn announces(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, _) = connected(site)?;
    let host = site.zoom.signed_in();
    let mut number = 71_000_000_000;
    everywhere(site, &[Route::Meeting], &[PausedWrite::Done], |at| {
        let room = another(site, &ada)?;
        number += 1;
        let meeting = Meeting {
            host_id: host.id.clone(),
            start_time: site.zoom.time(),
            join_url: format!("{}/j/{number}?pwd=killed", site.zoom.url()),
            ..Meeting::occurrence(number, &format!("a2lsbGVk{number}=="))
        };
        site.zoom.add_meeting(meeting.clone());
        let told = ada.asks(&room, &format!("/zoom subscription add {number}"))?;
        assert!(message(&told).contains("Subscribed. Meeting"), "{told}");
        let webhook = site.zoom.webhook("meeting.started", &meeting);
        let came = delivered(site, &room, &webhook, at)?;
        assert_eq!(meeting_posts(&ada, &room)?.len(), 1, "{at:?}");
        ended(site, &ada, &room, &[meeting], at)?;
        Ok(came)
    })
}
