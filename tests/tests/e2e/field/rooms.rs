//! Personal Meeting IDs and subscriptions.

use libtest_mimic::Failed;
use plugin_tests::process::wait_until;
use plugin_tests::site::{PLUGIN, Person, Room, Site, message, prop};
use plugin_tests::zoom::{Meeting, Schedule, User, Webhook};
use serde_json::{Value, json};

use crate::world::*;

pub const CHECKS: &[Check] = &[
    (
        "f01_a_private_call_two_days_after_a_start_that_nobody_joined_stays_private",
        private_call,
    ),
    (
        "f01_a_card_that_was_closed_stays_closed_and_only_its_own_start_reopens_it",
        closed,
    ),
    (
        "f02_every_channel_that_follows_a_meeting_gets_its_end_and_its_recording",
        many_channels,
    ),
    (
        "f05_a_meeting_that_uses_the_personal_meeting_id_cannot_be_followed",
        follow_personal,
    ),
    (
        "f25_a_delivery_that_zoom_repeats_with_its_first_timestamp_has_its_effect_once",
        repeated,
    ),
];

const DAYS: i64 = 2 * 24 * 3600 * 1000;
/// The maximum number of subscriptions of a meeting.
const MAX_CHANNELS: usize = 20;

/// A user who starts meetings with the Personal Meeting ID, a room, and the Zoom user.
fn with_personal_room(site: &Site) -> Result<(Person, Room, User), Failed> {
    let (ada, room) = person(site)?;
    site.connect(&ada, &room)?;
    ada.prefers(&room, "Yes")?;
    Ok((ada, room, site.zoom.signed_in()))
}

/// Makes the meetings of a number older by this many milliseconds, in the records that decide which events belong to
/// them.
fn age(site: &Site, number: u64, by: i64) -> Outcome {
    let key = format!("meeting_channel_{number}");
    let mut record = json_record(site, &key)?;
    let references = record["occurrences"].as_array_mut().ok_or("no card")?;
    for reference in references {
        earlier(reference, "created_at", by);
        let key = format!("occurrence_{}", reference["id"].as_str().unwrap());
        let mut occurrence = json_record(site, &key)?;
        earlier(&mut occurrence, "created_at", by);
        for card in occurrence["cards"].as_array_mut().ok_or("no card")? {
            earlier(card, "posted_at", by);
        }
        for part in occurrence["parts"].as_array_mut().ok_or("no parts")? {
            earlier(part, "start", by);
            earlier(part, "end", by);
        }
        site.store("zoom", &key, &occurrence.to_string())?;
    }
    site.store("zoom", &key, &record.to_string())?;
    Ok(())
}

fn earlier(record: &mut Value, name: &str, by: i64) {
    if let Some(time) = record.get(name).and_then(Value::as_i64) {
        record[name] = json!(time - by);
    }
}

fn json_record(site: &Site, key: &str) -> Result<Value, Failed> {
    let stored = site.query(&format!(
        "select convert_from(pvalue, 'UTF8') from pluginkeyvaluestore where pluginid = 'zoom' and pkey = '{key}'"
    ))?;
    Ok(serde_json::from_str(stored.trim())?)
}

/// The events about the recording of a meeting, with its chat, and about its transcript.
fn recordings(site: &Site, meeting: &Meeting) -> [Webhook; 2] {
    let chat = site.zoom.add_file("chat.txt", "private words");
    let transcript = site.zoom.add_file("transcript.vtt", "WEBVTT\r\n");
    let play = format!("{}/rec/play/{}", site.zoom.url(), meeting.id);
    let files = json!([
        {"id": "video", "recording_start": meeting.start_time, "file_type": "MP4", "play_url": play},
        {"id": "chat", "recording_start": meeting.start_time, "file_type": "CHAT",
            "recording_type": "chat_file", "download_url": chat},
    ]);
    let transcripts =
        json!([{"id": "t", "recording_type": "audio_transcript", "download_url": transcript}]);
    [
        site.zoom.recorded("recording.completed", meeting, &files),
        site.zoom
            .recorded("recording.transcript_completed", meeting, &transcripts),
    ]
}

/// Delivers webhooks and waits after each until its work is done. Zoom sends a recording and its transcript minutes
/// apart; if two first replies to a post are concurrent, the server refuses one, and its job waits for a minute.
fn deliver(site: &Site, webhooks: &[Webhook]) -> Outcome {
    for webhook in webhooks {
        let answer = site.deliver(webhook)?;
        assert_eq!(answer.status, 200, "{}: {}", webhook.body, answer.text());
        let idle = || site.jobs().ok()?.is_empty().then_some(());
        wait_until(SOON, idle).ok_or("a job is never done")?;
    }
    Ok(())
}

/// A whole meeting: its start, its end, its recording, and its transcript.
fn held(site: &Site, meeting: &Meeting) -> Outcome {
    let events = ["meeting.started", "meeting.ended"];
    deliver(site, &events.map(|event| site.zoom.webhook(event, meeting)))?;
    deliver(site, &recordings(site, meeting))
}

fn private_call(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, first, host) = with_personal_room(site)?;
    let post = start(&ada, &first, "Nobody came")?;
    let seen = |room: &Room| ada.client.posts(&room.channel);
    age(site, host.pmi, DAYS)?;
    let before = seen(&first)?;
    let private = site.zoom.enter_room(&host);
    held(site, &private)?;
    assert_eq!(seen(&first)?, before, "the private call is in the channel");
    assert!(!site.stored()?.contains(&private.uuid), "its UUID is kept");

    // The window of a card in another channel contains the start of the call, which ended before the card was posted.
    let second = rooms(site, &ada, 1)?.remove(0);
    let later = start(&ada, &second, "Somebody came")?;
    let fresh = seen(&second)?;
    held(site, &private)?;
    assert_eq!(seen(&second)?, fresh, "an earlier call is in the channel");

    // A call within the window belongs to the later card, and to no other.
    let call = site.zoom.enter_room(&host);
    held(site, &call)?;
    assert_eq!(seen(&first)?, before, "the other card takes the call");
    let posts = seen(&second)?;
    let card = posts.iter().find(|post| post["id"] == later["id"]);
    assert_eq!(prop(card.ok_or("no card")?, "meeting_status"), "ENDED");
    let replies = posts.iter().filter(|post| post["root_id"] == later["id"]);
    assert_eq!(replies.count(), 2, "the recording and the transcript");
    let card = before.iter().find(|one| one["id"] == post["id"]);
    assert_eq!(prop(card.ok_or("no card")?, "meeting_status"), "STARTED");
    Ok(())
}

fn closed(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, room, host) = with_personal_room(site)?;
    let post = start(&ada, &room, "Nobody came")?;
    let id = post["id"].as_str().unwrap();
    let status =
        || -> Result<String, Failed> { Ok(prop(&ada.client.post_by_id(id)?, "meeting_status")) };
    let in_time = site.zoom.enter_room(&host);
    // The job that closes the card is due. The process that waits for its time is started again.
    site.end_claims()?;
    site.administrator.disable_plugin(PLUGIN)?;
    site.administrator.enable_plugin(PLUGIN)?;
    until_configured(site)?;
    let done = || (status().ok()? == "NOT_STARTED").then_some(());
    wait_until(SOON * 2, done).ok_or("the card stays open")?;
    let card = ada.client.post_by_id(id)?;
    let shown = card["props"]["attachments"].to_string();
    assert!(!shown.contains("https://"), "it can be joined: {shown}");

    age(site, host.pmi, DAYS)?;
    let before = ada.client.posts(&room.channel)?;
    held(site, &site.zoom.enter_room(&host))?;
    assert_eq!(ada.client.posts(&room.channel)?, before);

    // The event about a start within half an hour of the card arrives late.
    age(site, host.pmi, -DAYS)?;
    deliver(site, &[site.zoom.webhook("meeting.started", &in_time)])?;
    assert_eq!(status()?, "STARTED", "the late event has no effect");
    Ok(())
}

/// Types the command that subscribes a channel to a meeting, and returns the response.
fn follows(ada: &Person, room: &Room, number: u64) -> Result<String, Failed> {
    let told = ada.asks(room, &format!("/zoom subscription add {number}"))?;
    Ok(message(&told).to_owned())
}

fn many_channels(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, first) = connected(site)?;
    let host = site.zoom.signed_in();
    let meeting = site.zoom.schedule(&host, Schedule::weekly("All hands"));
    let mut followers = rooms(site, &ada, MAX_CHANNELS)?;
    for room in &followers {
        let told = follows(&ada, room, meeting.id)?;
        assert!(told.contains("Subscribed. Meeting"), "{told}");
    }
    let told = follows(&ada, &first, meeting.id)?;
    assert!(told.contains("Too many channels"), "{told}");

    let meeting = site.zoom.restart(&meeting);
    deliver(site, &[site.zoom.webhook("meeting.started", &meeting)])?;
    for room in &followers {
        let posts = meeting_posts(&ada, room)?;
        assert_eq!(posts.len(), 1);
        assert_eq!(prop(&posts[0], "meeting_status"), "STARTED");
        assert_eq!(prop(&posts[0], "meeting_link"), meeting.join_url);
    }
    deliver(site, &[site.zoom.webhook("meeting.ended", &meeting)])?;
    for room in &followers {
        let posts = meeting_posts(&ada, room)?;
        assert_eq!(prop(&posts[0], "meeting_status"), "ENDED");
    }
    deliver(site, &recordings(site, &meeting))?;
    for room in &followers {
        let posts = ada.client.posts(&room.channel)?;
        let mut cards = posts.iter();
        let card = cards.find(|post| post["type"] == "custom_zoom");
        let card = card.ok_or("no card")?;
        assert_eq!(prop(card, "meeting_status"), "ENDED");
        let replies = posts.iter().filter(|post| post["root_id"] == card["id"]);
        assert_eq!(replies.count(), 2, "the recording and the transcript");
    }
    assert!(meeting_posts(&ada, &first)?.is_empty());

    // The next occurrence is announced in the channels that are still subscribed.
    let left = followers.pop().ok_or("no room")?;
    let remove = format!("/zoom subscription remove {}", meeting.id);
    let told = ada.asks(&left, &remove)?;
    assert!(message(&told).contains("Unsubscribed"), "{told}");
    age(site, meeting.id, DAYS)?;
    let next = site.zoom.restart(&meeting);
    deliver(site, &[site.zoom.webhook("meeting.started", &next)])?;
    for room in &followers {
        assert_eq!(meeting_posts(&ada, room)?.len(), 2);
    }
    assert_eq!(meeting_posts(&ada, &left)?.len(), 1);
    Ok(())
}

fn follow_personal(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, room) = connected(site)?;
    let host = site.zoom.signed_in();
    let personal = [
        Schedule::once("Once").in_personal_room(),
        Schedule::weekly("Weekly").in_personal_room(),
    ];
    let personal = personal.map(|plan| site.zoom.schedule(&host, plan).id);
    for number in personal.into_iter().chain([host.pmi]) {
        let told = follows(&ada, &room, number)?;
        assert!(
            told.contains("uses a Personal Meeting ID") && told.contains("its own meeting ID"),
            "{number}: {told}"
        );
        let key = format!("meeting_channel_{number} ");
        assert!(!site.stored()?.contains(&key), "{number} is followed");
    }
    let own = site.zoom.schedule(&host, Schedule::weekly("Its own ID"));
    let told = follows(&ada, &room, own.id)?;
    assert!(told.contains("Subscribed. Meeting"), "{told}");
    Ok(())
}

/// When Zoom repeats a delivery, in seconds after the first attempt.
const REPETITIONS: [i64; 3] = [5 * 60, 25 * 60, 85 * 60];

fn repeated(world: &mut World) -> Outcome {
    let site: &Site = world.ready()?;
    let (ada, _) = connected(site)?;
    let secret = &site.zoom.app().webhook_secret;
    for age in REPETITIONS {
        let room = rooms(site, &ada, 1)?.remove(0);
        let id = start(&ada, &room, "Repeated")?["id"].clone();
        let meeting = site.zoom.meetings().pop().ok_or("no meeting")?;
        let [recording, _] = recordings(site, &meeting);
        let ended = site.zoom.webhook("meeting.ended", &meeting);
        let events = [ended, recording].map(|webhook| webhook.dated(secret, -age));
        deliver(site, &events)?;
        let posts = ada.client.posts(&room.channel)?;
        let mut cards = posts.iter();
        let card = cards.find(|post| post["id"] == id).ok_or("no card")?;
        assert_eq!(prop(card, "meeting_status"), "ENDED", "{age} seconds old");
        let replies = posts.iter().filter(|post| post["root_id"] == id);
        assert_eq!(replies.count(), 1, "{age} seconds old");
        // Zoom did not receive the response, and an attacker replays the delivery.
        for _ in 0..2 {
            deliver(site, &events)?;
            assert_eq!(ada.client.posts(&room.channel)?, posts);
        }
    }
    Ok(())
}
