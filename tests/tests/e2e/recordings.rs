//! Recordings on the real server: jobs survive restarts, and files are unchanged.

use plugin_tests::process::{kill, wait_until};
use plugin_tests::scenario;
use plugin_tests::site::{PLUGIN, Site};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::world::*;

pub const CHECKS: &[Check] = &[
    ("zm096_zm133_a_recording_with_its_chat_is_one_reply", once),
    (
        "zm097_d25_a_job_survives_a_plugin_that_is_disabled_and_enabled",
        |world| survives(world, is_disabled),
    ),
];

fn replies(site: &Site, root: &str, channel: &str) -> Result<Vec<Value>, libtest_mimic::Failed> {
    let posts = site.administrator.posts(channel)?.into_iter();
    Ok(posts.filter(|post| post["root_id"] == root).collect())
}

fn once(world: &mut World) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let post = start(&ada, &room, "Recorded")?;
    let meeting = site.zoom.meetings().pop().ok_or("no meeting")?;
    site.deliver(&site.zoom.webhook("meeting.ended", &meeting))?;
    let id = post["id"].as_str().unwrap();
    let reply = scenario::recording(site, &ada, &meeting, id, &mut |_| {})?;
    assert_eq!(reply["type"], "custom_zoom_chat");
    let file = reply["props"]["captions"][0]["file_id"].as_str().unwrap();
    assert_eq!(reply["file_ids"], json!([file]));
    let path = format!("/api/v4/files/{file}");
    let content = ada.client.call(Method::GET, &path, &[], None)?;
    assert_eq!(content.text(), scenario::CHAT, "byte for byte");

    // The same again, and then something else: when that is there, the repetition would be too.
    let files = json!([
        {"id": "video", "recording_start": meeting.start_time, "file_type": "MP4",
            "play_url": format!("{}/rec/play/{}?other=1", site.zoom.url(), meeting.id)},
        {"id": "chat", "recording_start": meeting.start_time, "file_type": "CHAT",
            "recording_type": "chat_file", "download_url": site.zoom.add_file("again", "other")},
    ]);
    site.deliver(&site.zoom.recorded("recording.completed", &meeting, &files))?;
    let url = site.zoom.add_file("vtt", "WEBVTT\r\n");
    let files = json!([{"id": "t", "recording_type": "audio_transcript", "download_url": url}]);
    let mark = ada.events.mark();
    site.deliver(
        &site
            .zoom
            .recorded("recording.transcript_completed", &meeting, &files),
    )?;
    let transcript = ada.events.wait_for_post(mark, "posted", |post| {
        post["type"] == "custom_zoom_transcript"
    })?;
    assert_eq!(transcript["root_id"], id);
    assert_eq!(replies(site, id, &room.channel)?.len(), 2);
    Ok(())
}

/// An administrator disables and enables the plugin.
fn is_disabled(site: &Site) -> Outcome {
    site.administrator.disable_plugin(PLUGIN)?;
    let gone = wait_until(SOON, || {
        site.server.plugin_processes().is_empty().then_some(())
    });
    gone.ok_or("the plugin does not end")?;
    site.administrator.enable_plugin(PLUGIN)?;
    Ok(())
}

/// The process is killed, and the server's next health check restarts it.
pub fn survives_a_death(world: &mut World) -> Outcome {
    survives(world, dies)
}

fn dies(site: &Site) -> Outcome {
    let before = process(site);
    kill(before);
    let next = wait_until(SOON * 2, || {
        let processes = site.server.plugin_processes();
        (processes.len() == 1 && processes[0] != before).then_some(())
    });
    next.ok_or("the server does not start it again")?;
    Ok(())
}

/// The process ends while a job waits. The next process continues the job.
fn survives(world: &mut World, ends: fn(&Site) -> Outcome) -> Outcome {
    let site = world.ready()?;
    let (ada, room) = connected(site)?;
    let post = start(&ada, &room, "Interrupted")?;
    let meeting = site.zoom.meetings().pop().ok_or("no meeting")?;
    let id = post["id"].as_str().unwrap();
    let url = site.zoom.add_file("later", "WEBVTT\r\n");
    let before = site.zoom.count(plugin_tests::zoom::Route::Download);
    // Zoom postpones every attempt until the process has ended, so that the job stays in the store.
    for _ in 0..100 {
        let fault = plugin_tests::zoom::Fault::rate_limited(5);
        site.zoom
            .fail_next(plugin_tests::zoom::Route::Download, fault);
    }
    // A job of an earlier test may still have the lease of a process that could not store its end.
    let earlier = site.jobs()?;
    let files = json!([{"id": "t", "recording_type": "audio_transcript", "download_url": url}]);
    site.deliver(
        &site
            .zoom
            .recorded("recording.transcript_completed", &meeting, &files),
    )?;
    let tried = wait_until(SOON, || {
        let mut jobs = site.jobs().ok()?;
        jobs.retain(|job| earlier.iter().all(|known| known["id"] != job["id"]));
        let waits = !jobs.is_empty() && jobs.iter().all(|job| job.get("holder").is_none());
        let asked = site.zoom.count(plugin_tests::zoom::Route::Download) > before;
        (asked && waits).then_some(())
    });
    tried.ok_or("the job was never tried")?;
    assert!(replies(site, id, &room.channel)?.is_empty());
    ends(site)?;
    site.zoom.release();
    until_configured(site)?;
    let posted = wait_until(SOON * 3, || {
        let all = replies(site, id, &room.channel).ok()?;
        (all.len() == 1).then_some(())
    });
    posted.ok_or("the next process does not go on with the job")?;
    Ok(())
}
