//! F01–F08, F10: Personal Meeting IDs, subscriptions, meetings that continue, and channels that allow meetings.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use component_tests::scene::{Scene, Told, header_of, props};
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::Post;
use plugin_host::Reply;
use plugin_tests::zoom::{Meeting, RECURRING, Route, Schedule, Webhook};
use serde_json::{Value, json};

use crate::support::{connected, json_of, works_to_the_end};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Ann, who is connected and always uses her personal room, in the channel `town`.
async fn in_her_room() -> (Scene, String, String) {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "Yes").await;
    (scene, ann, town)
}

/// A participant joins Ann's personal meeting.
fn enters(scene: &Scene) -> Meeting {
    let ann = scene.zoom.user("ann@example.com").unwrap();
    scene.zoom.enter_room(&ann)
}

async fn delivers(scene: &Scene, event: &str, meeting: &Meeting) {
    let reply = scene.delivers(&scene.zoom.webhook(event, meeting)).await;
    assert_eq!(reply.status, 200, "{event}");
}

/// Zoom repeats a webhook until it is accepted or given up. Returns the status of each attempt.
async fn repeats(scene: &Scene, webhook: &Webhook) -> Vec<u16> {
    let mut retries = webhook.retries();
    let mut statuses = Vec::new();
    while !retries.is_over() {
        let reply = scene.delivers(retries.webhook()).await;
        statuses.push(reply.status);
        if let Some(wait) = retries.answered(Some(reply.status)) {
            scene.later(wait);
        }
    }
    statuses
}

/// A link to a video, a chat, and a transcript of a part of a meeting, each with its name in it.
async fn recorded(scene: &Scene, meeting: &Meeting, name: &str) {
    let files = json!([
        {"id": format!("v{name}"), "recording_start": "a", "file_type": "MP4", "recording_type": "active_speaker",
            "play_url": format!("{}/rec/play/{name}", scene.zoom.url())},
        {"id": format!("c{name}"), "recording_start": "a", "file_type": "CHAT", "recording_type": "chat_file",
            "download_url": scene.zoom.add_file(&format!("chat-{name}"), &format!("the words of {name}"))},
    ]);
    let transcript = json!([
        {"id": format!("t{name}"), "recording_start": "a", "file_type": "TRANSCRIPT", "recording_type": "audio_transcript",
            "download_url": scene.zoom.add_file(&format!("transcript-{name}"), "WEBVTT")},
    ]);
    for (event, files) in [
        ("recording.completed", &files),
        ("recording.transcript_completed", &transcript),
    ] {
        let webhook = scene.zoom.recorded(event, meeting, files);
        assert_eq!(scene.delivers(&webhook).await.status, 200, "{event}");
    }
    scene.works().await;
}

/// The posts of meetings in a channel, oldest first.
fn cards(scene: &Scene, channel: &str) -> Vec<Post> {
    let posts = scene.posts(channel).into_iter();
    posts.filter(|post| post.kind == "custom_zoom").collect()
}

fn status(post: &Post) -> String {
    let status = &props(post)["meeting_status"];
    status.as_str().unwrap_or_default().to_owned()
}

/// The names of the recordings in the thread of a post.
fn recordings(scene: &Scene, post: &Post) -> Vec<String> {
    let posts = scene.posts(&post.channel_id);
    let replies = posts.iter().filter(|reply| reply.root_id == post.id);
    let names = replies.filter_map(|reply| {
        let (_, rest) = reply.message.split_once("/rec/play/")?;
        let end = rest.find(|letter: char| !letter.is_alphanumeric())?;
        rest.get(..end).map(str::to_owned)
    });
    names.collect()
}

fn replies(scene: &Scene, post: &Post) -> usize {
    let posts = scene.posts(&post.channel_id);
    posts.iter().filter(|one| one.root_id == post.id).count()
}

/// A start with the webapp's button.
async fn clicks(scene: &Scene, user: &str, channel: &str, force: bool) -> Reply {
    let body = json!({"channel_id": channel, "topic": "By the button"}).to_string();
    let url = format!("/api/v1/meetings{}", if force { "?force=1" } else { "" });
    scene.request("POST", &url, Some(user), &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_a_private_call_in_a_room_that_was_announced_and_not_used_stays_private() {
    for later in [31 * MINUTE, 3 * HOUR, 5 * DAY, 29 * DAY, 31 * DAY, 40 * DAY] {
        let (scene, ann, town) = in_her_room().await;
        assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
        let first = later.min(HOUR);
        scene.later(first);
        if later > HOUR {
            scene.works().await;
            scene.later(later - first);
        }
        let private = enters(&scene);
        delivers(&scene, "meeting.started", &private).await;
        recorded(&scene, &private, "private").await;
        scene.later(HOUR);
        delivers(&scene, "meeting.ended", &private).await;
        recorded(&scene, &private, "more").await;
        let posts = scene.posts(&town);
        assert_eq!(posts.len(), 1, "after {later} s: {posts:?}");
        assert_eq!(status(&posts[0]), "NOT_STARTED", "after {later} s");
        assert!(!format!("{posts:?}").contains(&private.uuid));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_a_part_in_progress_when_the_card_is_posted_only_ends_the_card() {
    let (scene, ann, town) = in_her_room().await;
    let private = enters(&scene);
    scene.zoom.begin(&private);
    delivers(&scene, "meeting.started", &private).await;
    scene.later(10 * MINUTE);
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    recorded(&scene, &private, "private").await;
    assert_eq!(status(&cards(&scene, &town)[0]), "STARTED");
    scene.later(HOUR);
    scene.works().await;
    assert_eq!(status(&cards(&scene, &town)[0]), "STARTED", "it is in use");
    scene.zoom.finish(&private);
    delivers(&scene, "meeting.ended", &private).await;
    recorded(&scene, &private, "later").await;
    let posts = scene.posts(&town);
    assert_eq!((posts.len(), status(&posts[0])), (1, "ENDED".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_an_installation_that_receives_nothing_but_the_end_gets_all_of_the_meeting() {
    let (scene, ann, town) = in_her_room().await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    scene.later(5 * MINUTE);
    let meeting = enters(&scene);
    scene.later(HOUR);
    scene.works().await;
    assert_eq!(status(&cards(&scene, &town)[0]), "NOT_STARTED");
    delivers(&scene, "meeting.ended", &meeting).await;
    recorded(&scene, &meeting, "ours").await;
    let card = &cards(&scene, &town)[0];
    assert_eq!(status(card), "ENDED");
    assert_eq!(recordings(&scene, card), ["ours"]);
    assert_eq!(
        replies(&scene, card),
        2,
        "videos with the chat, and a transcript"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_a_late_event_opens_a_card_that_was_closed() {
    let (scene, ann, town) = in_her_room().await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    scene.later(29 * MINUTE);
    let meeting = enters(&scene);
    let started = scene.zoom.webhook("meeting.started", &meeting);
    scene.later(85 * MINUTE);
    scene.works().await;
    assert_eq!(status(&cards(&scene, &town)[0]), "NOT_STARTED");
    // The last repetition of a delivery, with the timestamp of the first.
    assert_eq!(scene.delivers(&started).await.status, 200);
    assert_eq!(status(&cards(&scene, &town)[0]), "STARTED");
    let after = enters(&scene);
    delivers(&scene, "meeting.started", &after).await;
    delivers(&scene, "meeting.ended", &after).await;
    assert_eq!(status(&cards(&scene, &town)[0]), "STARTED", "another call");
    delivers(&scene, "meeting.ended", &meeting).await;
    assert_eq!(status(&cards(&scene, &town)[0]), "ENDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_a_card_accepts_one_part_of_its_room_and_two_cards_may_accept_the_same() {
    let (scene, ann, town) = in_her_room().await;
    let club = scene.channel("club", &[&ann]);
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    scene.later(2 * MINUTE);
    assert_eq!(scene.asks(&ann, &club, "/zoom start").await, "");
    let first = enters(&scene);
    delivers(&scene, "meeting.started", &first).await;
    scene.later(5 * MINUTE);
    delivers(&scene, "meeting.ended", &first).await;
    let second = enters(&scene);
    delivers(&scene, "meeting.started", &second).await;
    recorded(&scene, &first, "first").await;
    recorded(&scene, &second, "second").await;
    for channel in [&town, &club] {
        let card = &cards(&scene, channel)[0];
        assert_eq!(status(card), "ENDED");
        assert_eq!(recordings(&scene, card), ["first"]);
    }
}

/// The Go plugin allowed subscriptions to a Personal Meeting ID.
#[tokio::test(flavor = "multi_thread")]
async fn f01_a_subscription_of_the_go_plugin_to_a_personal_room_announces_nothing() {
    let (scene, ann, town) = in_her_room().await;
    let room = scene.zoom.user("ann@example.com").unwrap().pmi;
    let record = json!({"channel_id": town, "is_subscription": true, "created_by": ann});
    let key = format!("meeting_channel_{room}");
    scene.api.world().store(&key, record.to_string());
    let private = enters(&scene);
    delivers(&scene, "meeting.started", &private).await;
    recorded(&scene, &private, "private").await;
    delivers(&scene, "meeting.ended", &private).await;
    assert_eq!(scene.posts(&town), []);
    let log = scene.log();
    assert!(log.contains("/zoom subscription remove"), "{log}");
    let command = format!("/zoom subscription remove {room}");
    let told = scene.asks(&ann, &town, &command).await;
    assert!(told.contains("no longer be announced"), "{told}");
}

/// Ann schedules a weekly meeting, and subscribes these channels to it.
async fn followed(scene: &Scene, ann: &str, channels: &[String]) -> Meeting {
    let host = scene.zoom.user("ann@example.com").unwrap();
    let meeting = scene.zoom.schedule(&host, Schedule::weekly("Planning"));
    assert_eq!(meeting.kind, RECURRING);
    for channel in channels {
        let add = format!("/zoom subscription add {}", meeting.id);
        let told = scene.asks(ann, channel, &add).await;
        assert!(told.contains("Subscribed."), "{channel}: {told}");
    }
    meeting
}

/// The documented limit.
const MAX_CHANNELS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn f02_every_channel_that_follows_a_meeting_gets_its_end_and_its_recordings() {
    for count in [12, MAX_CHANNELS] {
        let (scene, ann, town) = connected().await;
        let channels: Vec<_> = (0..count)
            .map(|number| scene.channel(&format!("room{number}"), &[&ann]))
            .collect();
        let meeting = followed(&scene, &ann, &channels).await;
        let add = format!("/zoom subscription add {}", meeting.id);
        let told = scene.asks(&ann, &town, &add).await;
        assert_eq!(
            told.contains("Too many channels"),
            count == MAX_CHANNELS,
            "{told}"
        );
        let meeting = scene.zoom.restart(&meeting);
        delivers(&scene, "meeting.started", &meeting).await;
        scene.works().await;
        scene.later(HOUR);
        delivers(&scene, "meeting.ended", &meeting).await;
        recorded(&scene, &meeting, "planning").await;
        works_to_the_end(&scene).await;
        for channel in &channels {
            let cards = cards(&scene, channel);
            assert_eq!(cards.len(), 1, "{channel}");
            assert_eq!(status(&cards[0]), "ENDED", "{channel}");
            assert_eq!(recordings(&scene, &cards[0]), ["planning"], "{channel}");
            assert_eq!(replies(&scene, &cards[0]), 2, "{channel}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_a_meeting_that_everyone_left_continues_within_twelve_hours() {
    for (pause, continues) in [(11 * HOUR, true), (13 * HOUR, false)] {
        let (scene, ann, town) = connected().await;
        assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
        let first = scene.zoom.meetings().pop().unwrap();
        let first = scene.zoom.restart(&first);
        delivers(&scene, "meeting.started", &first).await;
        scene.later(10 * MINUTE);
        delivers(&scene, "meeting.ended", &first).await;
        assert_eq!(status(&cards(&scene, &town)[0]), "ENDED");
        scene.later(pause);
        let second = scene.zoom.restart(&first);
        assert_ne!(first.uuid, second.uuid);
        delivers(&scene, "meeting.started", &second).await;
        let card = &cards(&scene, &town)[0];
        assert_eq!(status(card), if continues { "STARTED" } else { "ENDED" });
        assert_eq!(props(card)["meeting_link"], first.join_url.as_str());
        scene.later(20 * MINUTE);
        delivers(&scene, "meeting.ended", &second).await;
        recorded(&scene, &first, "first").await;
        recorded(&scene, &second, "second").await;
        let card = &cards(&scene, &town)[0];
        assert_eq!(status(card), "ENDED");
        let minutes = &props(card)["meeting_length_minutes"];
        let expected: (&[&str], i64) = match continues {
            true => (&["first", "second"], 30),
            false => (&["first"], 10),
        };
        assert_eq!(recordings(&scene, card), expected.0);
        // The machine's clock advances during the test.
        let minutes = minutes.as_i64().unwrap_or_default();
        assert!(
            (expected.1..=expected.1 + 1).contains(&minutes),
            "{minutes}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_a_followed_meeting_continues_within_fifteen_minutes_and_later_is_a_new_one() {
    for (pause, count) in [(10 * MINUTE, 1), (20 * MINUTE, 2)] {
        let (scene, ann, town) = connected().await;
        let channels = [town.clone()];
        let meeting = followed(&scene, &ann, &channels).await;
        let mut names = Vec::new();
        for name in ["first", "second"] {
            let part = scene.zoom.restart(&meeting);
            delivers(&scene, "meeting.started", &part).await;
            scene.works().await;
            scene.later(5 * MINUTE);
            delivers(&scene, "meeting.ended", &part).await;
            recorded(&scene, &part, name).await;
            names.push(name);
            scene.later(pause);
        }
        let cards = cards(&scene, &town);
        assert_eq!(cards.len(), count);
        let found: Vec<_> = cards
            .iter()
            .flat_map(|card| recordings(&scene, card))
            .collect();
        assert_eq!(found, names);
        assert!(cards.iter().all(|card| status(card) == "ENDED"));
        let parts = 2 / count;
        assert!(cards.iter().all(|card| replies(&scene, card) == 2 * parts));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_a_recording_is_posted_in_the_thread_of_its_own_occurrence() {
    let (scene, ann, town) = connected().await;
    let channels = [town.clone()];
    let meeting = followed(&scene, &ann, &channels).await;
    let mut parts = Vec::new();
    for _ in 0..2 {
        let part = scene.zoom.restart(&meeting);
        delivers(&scene, "meeting.started", &part).await;
        scene.works().await;
        scene.later(HOUR);
        delivers(&scene, "meeting.ended", &part).await;
        scene.later(7 * DAY);
        parts.push(part);
    }
    recorded(&scene, &parts[0], "first").await;
    recorded(&scene, &parts[1], "second").await;
    // The meeting ID matches, but this occurrence was not announced.
    recorded(&scene, &scene.zoom.restart(&meeting), "unknown").await;
    let cards = cards(&scene, &town);
    assert_eq!(cards.len(), 2);
    assert_eq!(recordings(&scene, &cards[0]), ["first"]);
    assert_eq!(recordings(&scene, &cards[1]), ["second"]);
    assert_eq!(scene.posts(&town).len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_the_number_leads_to_a_meeting_of_which_no_part_is_known() {
    let (scene, ann, town) = connected().await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let card = &cards(&scene, &town)[0];
    let record = props(card)["meeting_record"].as_str().unwrap().to_owned();
    let key = format!("occurrence_{record}");
    let mut occurrence = json_of(&scene, &key);
    occurrence["parts"] = json!([]);
    scene.api.world().store(&key, occurrence.to_string());
    let meeting = scene.zoom.meetings().pop().unwrap();
    let part = scene.zoom.restart(&meeting);
    recorded(&scene, &part, "ours").await;
    assert_eq!(recordings(&scene, card), ["ours"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_meeting_in_a_personal_room_cannot_be_followed_and_the_answer_says_what_to_do() {
    let (scene, ann, town) = connected().await;
    let host = scene.zoom.user("ann@example.com").unwrap();
    let once = scene
        .zoom
        .schedule(&host, Schedule::once("Talk").in_personal_room());
    let weekly = scene
        .zoom
        .schedule(&host, Schedule::weekly("Talks").in_personal_room());
    for number in [once.id, weekly.id, host.pmi] {
        let add = format!("/zoom subscription add {number}");
        let told = scene.asks(&ann, &town, &add).await;
        assert!(
            told.contains("uses a Personal Meeting ID") && told.contains("its own meeting ID"),
            "{number}: {told}"
        );
        let key = format!("meeting_channel_{number}");
        assert!(scene.api.world().stored(&key).is_none());
    }
    let own = scene.zoom.schedule(&host, Schedule::once("Talk"));
    let add = format!("/zoom subscription add {}", own.id);
    let told = scene.asks(&ann, &town, &add).await;
    assert!(told.contains("Subscribed."), "{told}");
}

/// A restriction of a channel, and a part of its message.
type Forbids = fn(&Scene, &str, &str);

fn archives(scene: &Scene, _: &str, channel: &str) {
    let mut world = scene.api.world();
    world.channels.get_mut(channel).unwrap().delete_at = 1;
}

fn mutes(scene: &Scene, user: &str, channel: &str) {
    let mut world = scene.api.world();
    world.muted.insert((user.to_owned(), channel.to_owned()));
}

const FORBIDS: [(Forbids, &str); 2] = [
    (archives, "channel is archived"),
    (mutes, "do not have permission to post"),
];

fn sentence_of(reply: &Reply) -> String {
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    body["error"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_the_button_in_an_archived_channel_or_without_permission_does_not_ask_zoom() {
    for (forbid, says) in FORBIDS {
        let (scene, ann, town) = connected().await;
        forbid(&scene, &ann, &town);
        let requests = scene.zoom.total();
        let reply = clicks(&scene, &ann, &town, false).await;
        assert!(sentence_of(&reply).contains(says), "{reply:?}");
        // The server rejects the command.
        assert_ne!(scene.asks(&ann, &town, "/zoom start").await, "");
        assert_eq!(scene.zoom.total(), requests);
        assert!(scene.posts(&town).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_an_answer_to_the_question_about_the_room_is_too_late_once_the_channel_is_archived() {
    for (forbid, says) in FORBIDS {
        let scene = Scene::start().await;
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&ann]);
        scene.connects_and_prefers(&ann, &town, "Ask").await;
        for button in ["WithPMI", "WithoutPMI"] {
            scene.api.world().channels.get_mut(&town).unwrap().delete_at = 0;
            scene.api.world().muted.clear();
            let question = scene.types(&ann, &town, "/zoom start").await;
            forbid(&scene, &ann, &town);
            let (requests, mark) = (scene.zoom.total(), scene.api.world().ephemerals.len());
            scene.press(question.last().unwrap(), button).await;
            let told: Vec<_> = scene.told_since(mark).iter().map(Told::text).collect();
            assert!(told.iter().any(|one| one.contains(says)), "{told:?}");
            assert_eq!(scene.zoom.total(), requests, "{button}");
        }
        assert!(scene.posts(&town).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_the_start_that_waited_for_the_connection_is_refused_in_a_channel_that_is_archived_meanwhile()
 {
    for (forbid, says) in FORBIDS {
        let scene = Scene::start().await;
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&ann]);
        let told = scene.asks(&ann, &town, "/zoom start").await;
        assert!(told.contains("/oauth2/connect"), "{told}");
        let host = scene.zoom.user("ann@example.com").unwrap();
        scene.zoom.sign_in_as(host);
        forbid(&scene, &ann, &town);
        let mark = scene.api.world().ephemerals.len();
        assert_eq!(scene.consents(&ann).await.status, 200);
        let told: Vec<_> = scene.told_since(mark).iter().map(Told::text).collect();
        assert!(told.iter().any(|one| one.contains(says)), "{told:?}");
        assert!(scene.is_connected(&ann));
        assert_eq!(scene.zoom.count(Route::CreateMeeting), 0);
        assert!(scene.posts(&town).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_a_direct_message_that_the_server_forbids_gets_no_meeting() {
    let (scene, ann, _) = connected().await;
    let bob = scene.person("bob");
    let direct = {
        let mut world = scene.api.world();
        world.config.team_settings.restrict_direct_message = Some("team".to_owned());
        world.teams.clear();
        world.add_channel("direct", "D", &[&ann, &bob])
    };
    scene.change_settings(json!({})).await;
    let requests = scene.zoom.total();
    // The server rejects the command.
    assert_ne!(scene.asks(&ann, &direct, "/zoom start").await, "");
    let reply = clicks(&scene, &ann, &direct, true).await;
    assert!(
        sentence_of(&reply).contains("members of the same team"),
        "{reply:?}"
    );
    assert_eq!(scene.zoom.total(), requests);
    {
        let mut world = scene.api.world();
        world.teams.insert(("crew".to_owned(), ann.clone()));
        world.teams.insert(("crew".to_owned(), bob.clone()));
    }
    assert_eq!(scene.asks(&ann, &direct, "/zoom start").await, "");
    assert_eq!(cards(&scene, &direct).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_meeting_that_became_a_webinar_has_ended() {
    let (scene, ann, town) = connected().await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let meeting = scene.zoom.meetings().pop().unwrap();
    delivers(&scene, "meeting.started", &meeting).await;
    scene.later(10 * MINUTE);
    delivers(&scene, "meeting.converted_to_webinar", &meeting).await;
    assert_eq!(status(&cards(&scene, &town)[0]), "ENDED");
    scene.later(HOUR);
    delivers(&scene, "webinar.ended", &meeting).await;
    let card = &cards(&scene, &town)[0];
    assert_eq!(status(card), "ENDED");
    // The app gets no event about the conversion. The end of the webinar ends the card.
    let (scene, ann, town) = connected().await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let meeting = scene.zoom.meetings().pop().unwrap();
    delivers(&scene, "meeting.started", &meeting).await;
    delivers(&scene, "webinar.ended", &meeting).await;
    assert_eq!(status(&cards(&scene, &town)[0]), "ENDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_webinar_cannot_be_followed() {
    let (scene, ann, town) = connected().await;
    let host = scene.zoom.user("ann@example.com").unwrap();
    let webinar = Meeting {
        kind: plugin_tests::zoom::WEBINAR,
        ..scene.zoom.schedule(&host, Schedule::once("All hands"))
    };
    let id = webinar.id + 1;
    scene.zoom.add_meeting(Meeting { id, ..webinar });
    let add = format!("/zoom subscription add {id}");
    let told = scene.asks(&ann, &town, &add).await;
    assert!(told.contains("Webinars are not supported"), "{told}");
}

/// Two deliveries of an end on two nodes, concurrent with an announcement.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f08_an_announcement_and_the_end_cross_and_no_card_stays_in_progress() {
    for round in 0..4 {
        let (one, ann, town) = connected().await;
        let club = one.channel("club", &[&ann]);
        let channels = [town.clone(), club.clone()];
        let meeting = followed(&one, &ann, &channels).await;
        let part = one.zoom.restart(&meeting);
        let other = one.another_node().await;
        let nodes = [Arc::new(one), Arc::new(other)];
        delivers(&nodes[0], "meeting.started", &part).await;
        // Each call is slow, so that announcements and ends overlap at another point in each round.
        let delay = Duration::from_millis(round);
        nodes[0].api.slow_down(delay);
        let ended = nodes[0].zoom.webhook("meeting.ended", &part);
        let works = nodes
            .clone()
            .map(|node| tokio::spawn(async move { node.works().await }));
        let ends = nodes.clone().map(|node| {
            let ended = ended.clone();
            tokio::spawn(async move { node.delivers(&ended).await.status })
        });
        for end in ends {
            let status = end.await.unwrap();
            assert!([200, 500, 503].contains(&status), "{status}");
        }
        for work in works {
            work.await.unwrap();
        }
        nodes[0].api.slow_down(Duration::ZERO);
        // Zoom repeats the deliveries, and postponed jobs run.
        nodes[0].later(5 * MINUTE);
        assert_eq!(nodes[1].delivers(&ended).await.status, 200);
        works_to_the_end(&nodes[0]).await;
        for channel in &channels {
            let cards = cards(&nodes[0], channel);
            assert!(cards.len() <= 1, "one announcement");
            assert!(
                cards.iter().all(|card| status(card) == "ENDED"),
                "{cards:?}"
            );
        }
    }
}

/// The participants leave while the announcement is prepared.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f08_an_announcement_begun_before_the_end_is_updated() {
    let (one, ann, town) = connected().await;
    let channels = [town.clone()];
    let meeting = followed(&one, &ann, &channels).await;
    let part = one.zoom.restart(&meeting);
    let other = one.another_node().await;
    let one = Arc::new(one);
    delivers(&one, "meeting.started", &part).await;
    // Zoom responds slowly with the link.
    let (asked, answers) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let (is_asked, may_answer) = (Arc::clone(&asked), Arc::clone(&answers));
    one.zoom.guard(move |route| {
        while route == Route::Meeting && !may_answer.load(Ordering::SeqCst) {
            is_asked.store(true, Ordering::SeqCst);
            std::thread::yield_now();
        }
        true
    });
    let node = Arc::clone(&one);
    let works = tokio::spawn(async move { node.works().await });
    while !asked.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    delivers(&other, "meeting.ended", &part).await;
    answers.store(true, Ordering::SeqCst);
    works.await.unwrap();
    assert_eq!(status(&cards(&one, &town)[0]), "ENDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_the_end_of_a_forced_start_does_not_free_the_claim_of_another_user() {
    let (scene, ann, town) = connected().await;
    let bob = scene.person("bob");
    scene.joins(&bob, &town);
    scene.connects_and_prefers(&bob, &town, "No").await;
    assert_eq!(clicks(&scene, &ann, &town, false).await.status, 200);
    let anns = scene.zoom.meetings().pop().unwrap();
    assert_eq!(clicks(&scene, &bob, &town, true).await.status, 200);
    let bobs = scene.zoom.meetings().pop().unwrap();
    assert_ne!(anns.id, bobs.id);
    let claim = |scene: &Scene| {
        let world = scene.api.world();
        let keys = world.keys().into_iter();
        let mut claims = keys.filter(|key| key.starts_with("start_lock_"));
        claims
            .next()
            .map(|key| world.stored(&key).unwrap().to_vec())
    };
    let held = claim(&scene);
    assert!(held.is_some());
    delivers(&scene, "meeting.ended", &bobs).await;
    assert_eq!(claim(&scene), held, "Ann's start holds the channel");
    delivers(&scene, "meeting.ended", &anns).await;
    assert_eq!(claim(&scene), None, "her own end frees it");
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_links_that_an_author_edits_are_not_offered_to_others() {
    let (scene, ann, town) = connected().await;
    let bob = scene.person("bob");
    scene.joins(&bob, &town);
    scene.connects_and_prefers(&bob, &town, "No").await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start Standup").await, "");
    let meeting = scene.zoom.meetings().pop().unwrap();
    {
        let mut world = scene.api.world();
        let post = world
            .posts
            .iter_mut()
            .find(|post| post.user_id == ann)
            .unwrap();
        for (name, value) in [
            ("meeting_link", "https://evil.example.net/j/1"),
            ("meeting_creator_username", "ceo"),
            ("meeting_topic", "Free gift cards"),
        ] {
            let value = Any::String(value.to_owned());
            post.props.insert(name.to_owned(), value);
        }
    }
    let warned = scene.types(&bob, &town, "/zoom start").await;
    let text = format!("{} {}", warned[0].text(), props(&warned[0].post));
    for forged in ["evil.example.net", "ceo", "gift cards"] {
        assert!(!text.contains(forged), "{text}");
    }
    assert!(text.contains("ann") && text.contains("Standup"), "{text}");
    delivers(&scene, "meeting.started", &meeting).await;
    scene.later(MINUTE);
    delivers(&scene, "meeting.ended", &meeting).await;
    let card = format!("{:?}", cards(&scene, &town));
    assert!(
        card.contains("Standup") && !card.contains("evil.example.net"),
        "{card}"
    );
}

/// Zoom waits for three seconds, also if the database is slow.
#[tokio::test(flavor = "multi_thread")]
async fn f25_zoom_is_answered_in_time_if_the_database_is_slow() {
    let manifest: Value = serde_json::from_str(component_tests::scene::MANIFEST).unwrap();
    let routes = &manifest["props"]["sandbox"]["routes"];
    for path in ["/webhook", "/deauthorization"] {
        let mut routes = routes.as_array().unwrap().iter();
        let route = routes.find(|route| route["path"] == path).unwrap();
        assert!(
            route["answer_within_ms"].as_u64().unwrap() < 3000,
            "{route}"
        );
    }
    let (scene, ann, town) = connected().await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let meeting = scene.zoom.meetings().pop().unwrap();
    delivers(&scene, "meeting.started", &meeting).await;
    let ended = scene.zoom.webhook("meeting.ended", &meeting);
    // Longer than the test.
    scene.api.slow_down(Duration::from_secs(24 * 3600));
    let reply = scene.delivers_through(&ended).await;
    assert_eq!(reply.status, 503);
    assert!(!header_of(&reply, "Retry-After").is_empty());
    assert_eq!(status(&cards(&scene, &town)[0]), "STARTED");
    scene.api.slow_down(Duration::ZERO);
    // The repetition completes the work, if it is not done yet.
    scene.later(5 * MINUTE);
    let reply = scene.delivers_through(&ended).await;
    assert_eq!(reply.status, 200);
    assert_eq!(status(&cards(&scene, &town)[0]), "ENDED");
    assert_eq!(scene.posts(&town).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_a_meeting_starts_and_ends_with_a_replica_that_is_a_second_behind() {
    let (scene, ann, town) = connected().await;
    scene.later(MINUTE);
    scene.api.world().lag = 1000;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let meeting = scene.zoom.meetings().pop().unwrap();
    scene.later(2);
    // Each step reads the record that the previous step has just written.
    delivers(&scene, "meeting.started", &meeting).await;
    delivers(&scene, "meeting.ended", &meeting).await;
    let card = &cards(&scene, &town)[0];
    assert_eq!(status(card), "ENDED");
    recorded(&scene, &meeting, "ours").await;
    let again = scene.zoom.restart(&meeting);
    delivers(&scene, "meeting.started", &again).await;
    delivers(&scene, "meeting.ended", &again).await;
    recorded(&scene, &again, "more").await;
    let card = &cards(&scene, &town)[0];
    assert_eq!(status(card), "ENDED");
    // A job that was just enqueued may not be on the replica yet.
    scene.later(2);
    scene.works().await;
    let mut names = recordings(&scene, card);
    names.sort();
    assert_eq!(names, ["more", "ours"]);
    assert_eq!(scene.posts(&town).len(), 5, "{:?}", scene.posts(&town));
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_a_card_that_is_not_on_the_replica_yet_ends_when_zoom_repeats() {
    let (scene, ann, town) = connected().await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let meeting = scene.zoom.meetings().pop().unwrap();
    scene.api.world().post_lag = 60_000;
    let webhook = scene.zoom.webhook("meeting.ended", &meeting);
    let statuses = repeats(&scene, &webhook).await;
    assert_eq!(statuses, [500, 200]);
    assert_eq!(status(&cards(&scene, &town)[0]), "ENDED");
}

/// A post of the Go plugin about one occurrence.
fn go_post(
    scene: &Scene,
    user: &str,
    channel: &str,
    number: u64,
    uuid: &str,
    state: &str,
) -> String {
    let mut world = scene.api.world();
    let id = world.add_post(user, channel, "I have started a meeting");
    let post = world.posts.iter_mut().find(|post| post.id == id).unwrap();
    post.kind = "custom_zoom".to_owned();
    for (name, value) in [
        ("meeting_uuid", uuid),
        ("meeting_status", state),
        ("meeting_topic", "Zoom Meeting"),
        ("meeting_provider", "Zoom"),
        ("meeting_creator_username", "ann"),
        ("meeting_link", "https://zoom.us/j/1"),
    ] {
        post.props
            .insert(name.to_owned(), Any::String(value.to_owned()));
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "the database holds it like this"
    )]
    post.props
        .insert("meeting_id".to_owned(), Any::Float(number as f64));
    let record = json!({"channel_id": channel, "is_subscription": false, "created_by": user});
    world.store(&format!("meeting_channel_{number}"), record.to_string());
    id
}

/// The Go plugin assigned every personal meeting to the last post.
#[tokio::test(flavor = "multi_thread")]
async fn f01_a_private_call_that_the_go_plugin_linked_to_a_post_stays_private() {
    for (later, ours) in [(5 * MINUTE, true), (3 * HOUR, false)] {
        let (scene, ann, town) = in_her_room().await;
        let room = scene.zoom.user("ann@example.com").unwrap().pmi;
        let id = go_post(&scene, &ann, &town, room, "of-the-room", "STARTED");
        scene.later(later);
        let call = enters(&scene);
        let key = format!("post_meeting_{}", call.uuid.replace('/', "%2F"));
        scene.api.world().store(&key, id.clone());
        recorded(&scene, &call, "call").await;
        delivers(&scene, "meeting.ended", &call).await;
        let card = cards(&scene, &town).remove(0);
        assert_eq!(replies(&scene, &card) > 0, ours, "after {later} s");
        let record = scene.api.world();
        let mut records = record
            .written()
            .filter(|(key, _)| key.starts_with("occurrence_"));
        let is_bound =
            records.any(|(_, value)| String::from_utf8_lossy(value).contains(&call.uuid));
        assert_eq!(is_bound, ours, "after {later} s");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_the_recording_of_a_meeting_that_ended_under_the_go_plugin_arrives() {
    let (scene, ann, town) = connected().await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let meeting = scene.zoom.meetings().pop().unwrap();
    let club = scene.channel("club", &[&ann]);
    let part = scene.zoom.restart(&Meeting {
        id: meeting.id + 1,
        ..meeting
    });
    let id = go_post(&scene, &ann, &club, part.id, &part.uuid, "ENDED");
    let key = format!("post_meeting_{}", part.uuid.replace('/', "%2F"));
    scene.api.world().store(&key, id);
    let before = cards(&scene, &club).remove(0);
    scene.later(10 * MINUTE);
    recorded(&scene, &part, "ours").await;
    let card = cards(&scene, &club).remove(0);
    assert_eq!(recordings(&scene, &card), ["ours"]);
    assert_eq!(card.props, before.props, "the post stays as it is");
}

/// The host joins right after the card was posted, and the event reaches a node whose replica does not have the card
/// yet.
#[tokio::test(flavor = "multi_thread")]
async fn f30_a_second_card_of_a_room_is_found_although_the_replica_lags_behind() {
    let (scene, ann, town) = in_her_room().await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    scene.later(DAY);
    scene.works().await;
    scene.api.world().lag = 1000;
    let club = scene.channel("club", &[&ann]);
    assert_eq!(scene.asks(&ann, &club, "/zoom start").await, "");
    let part = enters(&scene);
    let webhook = scene.zoom.webhook("meeting.started", &part);
    repeats(&scene, &webhook).await;
    scene.api.world().lag = 0;
    scene.later(10 * MINUTE);
    delivers(&scene, "meeting.ended", &part).await;
    recorded(&scene, &part, "ours").await;
    let card = &cards(&scene, &club)[0];
    assert_eq!(status(card), "ENDED");
    assert_eq!(recordings(&scene, card), ["ours"]);
    assert_eq!(status(&cards(&scene, &town)[0]), "NOT_STARTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_a_followed_meeting_that_ended_before_its_announcement_is_announced_when_it_continues()
{
    let (scene, ann, town) = connected().await;
    let channels = [town.clone()];
    let meeting = followed(&scene, &ann, &channels).await;
    let first = scene.zoom.restart(&meeting);
    delivers(&scene, "meeting.started", &first).await;
    delivers(&scene, "meeting.ended", &first).await;
    scene.works().await;
    assert!(cards(&scene, &town).is_empty(), "it is over");
    scene.later(5 * MINUTE);
    let second = scene.zoom.restart(&meeting);
    delivers(&scene, "meeting.started", &second).await;
    scene.works().await;
    let card = &cards(&scene, &town)[0];
    assert_eq!(status(card), "STARTED");
    delivers(&scene, "meeting.ended", &second).await;
    assert_eq!(status(&cards(&scene, &town)[0]), "ENDED");
}

/// Zoom repeats the removal of the app after the user has connected again.
#[tokio::test(flavor = "multi_thread")]
async fn f25_a_repeated_deauthorization_keeps_the_meetings_of_a_new_connection() {
    let (scene, ann, town) = connected().await;
    let host = scene.zoom.user("ann@example.com").unwrap();
    scene.later(MINUTE);
    let removal = json!({
        "event": "app_deauthorized", "event_ts": scene.now(),
        "payload": {"account_id": plugin_tests::zoom::ACCOUNT, "user_id": host.id, "signature": "s",
            "deauthorization_time": scene.zoom.time(), "client_id": scene.zoom.app().client_id},
    });
    let removal = scene.zoom.webhook_with(removal.to_string());
    assert_eq!(scene.delivers(&removal).await.status, 200);
    scene.works().await;
    assert!(!scene.is_connected(&ann));
    scene.later(2 * MINUTE);
    scene.connects_and_prefers(&ann, &town, "No").await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let meeting = scene.zoom.meetings().pop().unwrap();
    scene.later(3 * MINUTE);
    assert_eq!(scene.delivers(&removal).await.status, 200);
    scene.works().await;
    assert!(scene.is_connected(&ann));
    delivers(&scene, "meeting.started", &meeting).await;
    delivers(&scene, "meeting.ended", &meeting).await;
    assert_eq!(status(&cards(&scene, &town)[0]), "ENDED");
}

/// A deletion at Zoom is reverted, and then the first event is repeated.
#[tokio::test(flavor = "multi_thread")]
async fn f23_a_file_that_was_trashed_is_posted_when_it_is_recovered() {
    let (scene, ann, town) = connected().await;
    assert_eq!(scene.asks(&ann, &town, "/zoom start").await, "");
    let meeting = scene.zoom.meetings().pop().unwrap();
    delivers(&scene, "meeting.started", &meeting).await;
    delivers(&scene, "meeting.ended", &meeting).await;
    let files = json!([{"id": "v", "recording_start": "a", "file_type": "MP4",
        "play_url": format!("{}/rec/play/ours", scene.zoom.url())}]);
    let event = |name: &str| scene.zoom.recorded(name, &meeting, &files);
    let trashed = event("recording.trashed");
    assert_eq!(scene.delivers(&trashed).await.status, 200);
    let completed = event("recording.completed");
    assert_eq!(scene.delivers(&completed).await.status, 200);
    scene.works().await;
    let card = &cards(&scene, &town)[0];
    assert!(recordings(&scene, card).is_empty(), "it is in the trash");
    scene.later(MINUTE);
    assert_eq!(
        scene.delivers(&event("recording.recovered")).await.status,
        200
    );
    // Zoom repeats a delivery without a response.
    assert_eq!(scene.delivers(&trashed).await.status, 200);
    scene.works().await;
    assert_eq!(recordings(&scene, card), ["ours"]);
    assert_eq!(scene.delivers(&completed).await.status, 200);
    scene.works().await;
    assert_eq!(recordings(&scene, card), ["ours"], "once");
}
