//! The main scenario of the plugin.
//!
//! An administrator uploads the bundle, enters the settings, and enables the plugin. A user connects a Zoom account,
//! types `/zoom start`, selects the meeting ID, and the post of the meeting appears. Zoom reports that the meeting
//! started and ended, and the post is updated. Each step is read back from the real server.

use std::time::Duration;

use serde_json::{Value, json};

use crate::Progress;
use crate::client::text_at;
use crate::process::wait_until;
use crate::site::{Error, PLUGIN, Person, Room, Site, message, prop};
use crate::zoom::Meeting;

/// How long the activation of a plugin may take.
const ACTIVATION: Duration = Duration::from_secs(60);
/// The state of a running plugin.
const RUNNING: i64 = 2;
/// The chat of the meeting, as Zoom stores it.
pub const CHAT: &str = "10:00:01\tAda : hello\r\n";
/// The username of the user.
pub const NAME: &str = "ada";

/// The results of the scenario.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The channel of the scenario.
    pub room: Room,
    /// The id of the meeting's post.
    pub post_id: String,
    /// The link to the meeting.
    pub link: String,
    /// The post's status after the start, read back from the server.
    pub started: String,
    /// The post's status after the end, read back from the server.
    pub ended: String,
    /// The reply with the recording and the chat, read back from the server.
    pub reply: Value,
}

/// Uploads the bundle and enables the plugin, which must run even without settings.
pub fn install(site: &Site, bundle: &std::path::Path, progress: Progress) -> Result<(), Error> {
    let manifest = site.administrator.upload_plugin(bundle)?;
    let version = text_at(&manifest, "/version")?;
    progress(&format!(
        "uploaded {} (version {version})",
        bundle.display()
    ));
    site.administrator.enable_plugin(PLUGIN)?;
    let running = wait_until(ACTIVATION, || {
        (site.administrator.plugin_state(PLUGIN).ok()? == Some(RUNNING)).then_some(())
    });
    if running.is_none() {
        let state = site.administrator.plugin_state(PLUGIN)?;
        let log = site.server.log().display();
        let text = format!("the plugin's state is {state:?} and not 2 (running); see {log}");
        return Err(Error::Unexpected(text));
    }
    progress("enabled; the server reports that the plugin runs");
    Ok(())
}

/// Enters all settings.
pub fn configure(site: &Site, progress: Progress) -> Result<(), Error> {
    site.administrator
        .configure_plugin(PLUGIN, &site.settings())?;
    progress("entered the settings of the Zoom app");
    Ok(())
}

/// Runs the scenario from a new user to an ended meeting, on a site with a configured plugin.
pub fn play(site: &Site, progress: Progress) -> Result<Outcome, Error> {
    let room = site.room("story")?;
    let person = site.person(NAME, &room)?;
    let page = site.connect(&person, &room)?;
    if page.status != 200 {
        let text = format!("connecting ended with {}: {}", page.status, page.text());
        return Err(Error::Unexpected(text));
    }
    progress(&format!(
        "{NAME} connected the Zoom account {}",
        site.zoom.signed_in().email
    ));

    let post = start_meeting(&person, &room, "Standup", progress)?;
    let post_id = text_at(&post, "/id")?;
    let seen = person.client.post_by_id(&post_id)?;
    let (started, link) = (prop(&seen, "meeting_status"), prop(&seen, "meeting_link"));
    progress(&format!("post {post_id}: “{}”", message(&seen)));
    progress(&format!("  link {link}"));
    progress(&format!("  status {started}"));

    let Some(meeting) = site.zoom.meetings().pop() else {
        return Err(Error::Unexpected(
            "Zoom was never asked for a meeting".to_owned(),
        ));
    };
    let mark = person.events.mark();
    for event in ["meeting.started", "meeting.ended"] {
        let answer = site.deliver(&site.zoom.webhook(event, &meeting))?;
        progress(&format!(
            "Zoom's signed webhook {event} was answered {}",
            answer.status
        ));
    }
    person.events.wait_for_post(mark, "post_edited", |post| {
        text_at(post, "/id").is_ok_and(|id| id == post_id)
            && prop(post, "meeting_status") == "ENDED"
    })?;
    let seen = person.client.post_by_id(&post_id)?;
    let ended = prop(&seen, "meeting_status");
    progress(&format!("post {post_id}: “{}”", message(&seen)));
    progress(&format!("  status {ended}"));
    let reply = recording(site, &person, &meeting, &post_id, progress)?;
    Ok(Outcome {
        room,
        post_id,
        link,
        started,
        ended,
        reply,
    })
}

/// Zoom reports a recording with a chat; the reply with both appears in the meeting's thread. Returns the reply, read
/// back from the server.
pub fn recording(
    site: &Site,
    person: &Person,
    meeting: &Meeting,
    post_id: &str,
    progress: Progress,
) -> Result<Value, Error> {
    let chat = site.zoom.add_file("chat.txt", CHAT);
    let play = format!("{}/rec/play/{}", site.zoom.url(), meeting.id);
    let files = json!([
        {"id": "video", "recording_start": meeting.start_time, "file_type": "MP4", "play_url": play},
        {"id": "chat", "recording_start": meeting.start_time, "file_type": "CHAT",
            "recording_type": "chat_file", "download_url": chat},
    ]);
    let mark = person.events.mark();
    let answer = site.deliver(&site.zoom.recorded("recording.completed", meeting, &files))?;
    progress(&format!(
        "Zoom's signed webhook recording.completed was answered {}",
        answer.status
    ));
    let reply = person.events.wait_for_post(mark, "posted", |post| {
        text_at(post, "/root_id").is_ok_and(|root| root == post_id)
    })?;
    let reply = person.client.post_by_id(&text_at(&reply, "/id")?)?;
    let names = reply.pointer("/metadata/files").and_then(Value::as_array);
    let names = names.into_iter().flatten();
    let names: Vec<&str> = names
        .filter_map(|file| file.get("name").and_then(Value::as_str))
        .collect();
    progress(&format!(
        "the bot replied “{}”, with {}",
        message(&reply).replace('\n', " "),
        names.join(", ")
    ));
    Ok(reply)
}

/// Types `/zoom start` and, if the plugin asks which meeting ID to use, chooses a new one. Returns the post of the
/// meeting.
pub fn start_meeting(
    person: &Person,
    room: &Room,
    topic: &str,
    progress: Progress,
) -> Result<Value, Error> {
    let mark = person.events.mark();
    person.types(room, &format!("/zoom start {topic}"))?;
    progress(&format!("typed /zoom start {topic}"));
    let is_meeting = |post: &Value| is_meeting(post, room);
    let answer = person
        .events
        .wait(mark, "an answer to /zoom start", |event| {
            event.name == "ephemeral_message"
                || event.name == "posted" && event.post().is_some_and(|post| is_meeting(&post))
        })?;
    let post = answer.post().unwrap_or_default();
    if answer.name == "posted" {
        return Ok(post);
    }
    if crate::client::buttons(&post).is_empty() {
        let text = format!("/zoom start was answered: {}", message(&post));
        return Err(Error::Unexpected(text));
    }
    person.client.press(&post, "WithoutPMI")?;
    progress("the plugin asked which meeting ID to use; selected a new one");
    Ok(person.events.wait_for_post(mark, "posted", is_meeting)?)
}

/// Whether a post is a meeting's post in this room.
pub fn is_meeting(post: &Value, room: &Room) -> bool {
    post.get("type").and_then(Value::as_str) == Some("custom_zoom")
        && post.get("channel_id").and_then(Value::as_str) == Some(&room.channel)
}
