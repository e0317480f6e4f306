//! F01 in general: no order of events posts a private meeting in a personal room.
//!
//! Two users use their personal rooms for weeks. They start meetings in three channels, people enter the rooms at any
//! time, and Zoom's events about them arrive late, twice, out of order, and on two nodes. A part in a room is private
//! for a card if its start is outside the card's window, from 60 seconds before the card to 30 minutes after it, or if
//! it was already in progress when the card was posted.

use std::collections::BTreeMap;

use component_tests::scene::{Scene, props};
use mattermost_plugin_rpc::mattermost::Post;
use plugin_tests::zoom::{Meeting, Webhook};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;
use tokio::runtime::Builder;

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;
const ROOMS: [&str; 2] = ["ann", "bob"];
const CHANNELS: [&str; 3] = ["town", "club", "yard"];
const EVENTS: [&str; 4] = [
    "meeting.started",
    "meeting.ended",
    "recording.completed",
    "recording.transcript_completed",
];
/// When Zoom repeats a delivery that failed, in seconds after the first attempt.
const REPEATS: [i64; 3] = [5 * MINUTE, 25 * MINUTE, 85 * MINUTE];
/// Before and after a card, in milliseconds.
const WINDOW: (i64, i64) = (60_000, 30 * 60_000);
/// Zoom writes times in seconds, and the machine's clock goes on during a test.
const TOLERANCE: i64 = 5_000;

/// A user posts a card of a room in a channel.
#[derive(Clone, Debug)]
struct Card {
    at: i64,
    room: usize,
    channel: usize,
}

/// A participant is in a room.
#[derive(Clone, Debug)]
struct Visit {
    /// Seconds after a card, or before it.
    after: i64,
    /// The card.
    card: usize,
    /// In seconds.
    length: i64,
    /// The delay of each event, in seconds.
    delays: [i64; 4],
    /// The repetitions of each event that arrive, as bits.
    repeats: [u8; 4],
    /// The node that receives each event.
    nodes: [usize; 4],
}

fn cards() -> impl Strategy<Value = Vec<Card>> {
    let card = (0..20 * DAY, 0..ROOMS.len(), 0..CHANNELS.len());
    vec(
        card.prop_map(|(at, room, channel)| Card {
            // Some time before the first card, for visits before it.
            at: at + DAY,
            room,
            channel,
        }),
        1..5,
    )
}

/// Mostly near the edges of a window.
fn offset() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => -3 * MINUTE..3 * MINUTE,
        3 => 25 * MINUTE..35 * MINUTE,
        2 => 0..30 * MINUTE,
        2 => -DAY..20 * DAY,
    ]
}

fn delay() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => 0..10_i64,
        2 => 0..3 * 60 * MINUTE,
        1 => 0..40 * DAY,
    ]
}

fn visits() -> impl Strategy<Value = Vec<Visit>> {
    let delays = [delay(), delay(), delay(), delay()];
    let visit = (
        offset(),
        0..5_usize,
        prop_oneof![1..20 * MINUTE, 1..5 * 60 * MINUTE],
        delays,
        prop::array::uniform4(0..8_u8),
        prop::array::uniform4(0..2_usize),
    );
    let visit = visit.prop_map(|(after, card, length, delays, repeats, nodes)| Visit {
        after,
        card,
        length,
        delays,
        repeats,
        nodes,
    });
    vec(visit, 1..6)
}

/// A part of a room.
struct Part {
    room: usize,
    meeting: Meeting,
    /// In milliseconds.
    start: i64,
    end: i64,
}

/// The next event.
enum Happening {
    Announces(Card),
    Enters(usize),
    Leaves(usize),
    Arrives(Box<Webhook>, usize),
    /// A first delivery that comes late: Zoom signs it when it sends it.
    Occurs(String, usize, u8),
}

struct Story {
    nodes: [Scene; 2],
    users: Vec<String>,
    channels: Vec<String>,
    /// The server's time at second 0.
    began: i64,
    /// By second and number, so that nothing that happens in one second replaces another.
    ahead: BTreeMap<(i64, usize), Happening>,
    planned: usize,
    visits: Vec<(i64, usize, Visit)>,
    parts: Vec<Option<Part>>,
    /// The room of each card, and the visit that was in it when the card was posted, by the ID of the post.
    cards: BTreeMap<String, (usize, Option<usize>)>,
}

impl Story {
    async fn new(cards: &[Card], visits: &[Visit]) -> Story {
        let one = Scene::start().await;
        let users: Vec<_> = ROOMS.iter().map(|name| one.person(name)).collect();
        let members: Vec<&str> = users.iter().map(String::as_str).collect();
        let channels: Vec<_> = CHANNELS
            .iter()
            .map(|name| one.channel(name, &members))
            .collect();
        for user in &users {
            one.connects_and_prefers(user, &channels[0], "Yes").await;
        }
        let other = one.another_node().await;
        let mut story = Story {
            began: one.now(),
            nodes: [one, other],
            users,
            channels,
            ahead: BTreeMap::new(),
            planned: 0,
            visits: Vec::new(),
            parts: Vec::new(),
            cards: BTreeMap::new(),
        };
        for card in cards {
            story.plan(card.at, Happening::Announces(card.clone()));
        }
        for visit in visits {
            let card = &cards[visit.card % cards.len()];
            let at = (card.at + visit.after).max(0);
            // Only one meeting at a time is in a room.
            let is_free = story.visits.iter().all(|(other, room, known)| {
                *room != card.room || at > other + known.length || at + visit.length < *other
            });
            if is_free {
                story.plan(at, Happening::Enters(story.visits.len()));
                story.visits.push((at, card.room, visit.clone()));
                story.parts.push(None);
            }
        }
        story
    }

    fn plan(&mut self, at: i64, happening: Happening) {
        self.planned += 1;
        self.ahead.insert((at, self.planned), happening);
    }

    fn scene(&self) -> &Scene {
        &self.nodes[0]
    }

    async fn play(&mut self) {
        while let Some(((at, _), happening)) = self.ahead.pop_first() {
            let passed = (self.scene().now() - self.began) / 1000;
            if at > passed {
                self.scene().later(at - passed);
            }
            self.works(at).await;
            match happening {
                Happening::Announces(card) => self.announces(&card).await,
                Happening::Enters(visit) => self.enters(at, visit),
                Happening::Leaves(visit) => self.leaves(at, visit),
                Happening::Occurs(body, node, repeats) => {
                    let webhook = self.scene().zoom.webhook_with(body);
                    for (number, wait) in REPEATS.into_iter().enumerate() {
                        if repeats & (1 << number) != 0 {
                            let again = Happening::Arrives(Box::new(webhook.clone()), 1 - node);
                            self.plan(at + wait, again);
                        }
                    }
                    self.delivers(&webhook, node).await;
                }
                Happening::Arrives(webhook, node) => self.delivers(&webhook, node).await,
            }
            self.check();
        }
        self.scene().later(2 * 60 * MINUTE);
        self.works(0).await;
        self.check();
    }

    /// Jobs run on either node.
    async fn works(&self, at: i64) {
        let node = usize::from(at % 2 == 1);
        self.nodes[node].works().await;
    }

    async fn delivers(&self, webhook: &Webhook, node: usize) {
        let reply = self.nodes[node].delivers(webhook).await;
        assert_eq!(reply.status, 200, "{}", webhook.body);
    }

    async fn announces(&mut self, card: &Card) {
        let (user, channel) = (&self.users[card.room], &self.channels[card.channel]);
        let known: Vec<_> = self
            .posts(card.channel)
            .into_iter()
            .map(|post| post.id)
            .collect();
        let body = json!({"channel_id": channel, "topic": "In my room"}).to_string();
        let url = "/api/v1/meetings?force=1";
        let reply = self.scene().request("POST", url, Some(user), &body).await;
        assert_eq!(reply.status, 200);
        // A second start within seconds is taken for a double click.
        let new = self
            .posts(card.channel)
            .into_iter()
            .filter(|post| !known.contains(&post.id));
        let in_room = |part: &Option<Part>| {
            let part = part.as_ref();
            part.is_some_and(|part| part.room == card.room && part.end == i64::MAX)
        };
        let visit = self.parts.iter().position(in_room);
        for post in new {
            self.cards.insert(post.id, (card.room, visit));
        }
    }

    fn enters(&mut self, at: i64, visit: usize) {
        let (_, room, plan) = self.visits[visit].clone();
        let host = self
            .scene()
            .zoom
            .user(&format!("{}@example.com", ROOMS[room]));
        let meeting = self.scene().zoom.enter_room(&host.unwrap());
        self.scene().zoom.begin(&meeting);
        let start = self.scene().now();
        let webhook = self.scene().zoom.webhook(EVENTS[0], &meeting);
        self.occurs(at, &plan, 0, webhook);
        self.plan(at + plan.length, Happening::Leaves(visit));
        self.parts[visit] = Some(Part {
            room,
            meeting,
            start,
            end: i64::MAX,
        });
    }

    fn leaves(&mut self, at: i64, visit: usize) {
        let (_, _, plan) = self.visits[visit].clone();
        let end = self.scene().now();
        let part = self.parts[visit].as_mut().unwrap();
        part.end = end;
        let meeting = part.meeting.clone();
        let zoom = &self.scene().zoom;
        zoom.finish(&meeting);
        let word = word(visit);
        let chat = json!([
            {"id": format!("v{visit}"), "recording_start": "a", "file_type": "MP4",
                "play_url": format!("{}/rec/play/{word}", zoom.url())},
            {"id": format!("c{visit}"), "recording_start": "a", "file_type": "CHAT", "recording_type": "chat_file",
                "download_url": zoom.add_file(&format!("chat-{visit}"), &word)},
        ]);
        let transcript = json!([{"id": format!("t{visit}"), "file_type": "TRANSCRIPT",
            "recording_type": "audio_transcript", "download_url": zoom.add_file(&format!("transcript-{visit}"), &word)}]);
        let webhooks = [
            zoom.webhook(EVENTS[1], &meeting),
            zoom.recorded(EVENTS[2], &meeting, &chat),
            zoom.recorded(EVENTS[3], &meeting, &transcript),
        ];
        for (event, webhook) in (1..).zip(webhooks) {
            self.occurs(at, &plan, event, webhook);
        }
    }

    fn occurs(&mut self, at: i64, plan: &Visit, event: usize, webhook: Webhook) {
        let occurs = Happening::Occurs(webhook.body, plan.nodes[event], plan.repeats[event]);
        self.plan(at + plan.delays[event], occurs);
    }

    fn posts(&self, channel: usize) -> Vec<Post> {
        self.scene().posts(&self.channels[channel])
    }

    /// Nothing of a private part is in any channel.
    fn check(&self) {
        for channel in 0..CHANNELS.len() {
            let posts = self.posts(channel);
            for card in posts.iter().filter(|post| post.root_id.is_empty()) {
                let Some((room, in_use)) = self.cards.get(&card.id) else {
                    panic!("a post that nobody started: {card:?}");
                };
                self.check_card(*room, card);
                let thread = posts.iter().filter(|post| post.root_id == card.id);
                self.check_thread(*room, *in_use, card, thread);
            }
        }
    }

    fn check_card(&self, room: usize, card: &Post) {
        let shown = props(card);
        if shown["meeting_status"] != "ENDED" {
            return;
        }
        let starts = shown["meeting_start_time"].as_i64();
        let parts = self.parts.iter().flatten();
        let mut parts = parts.filter(|part| part.room == room && part.end < i64::MAX);
        let allowed = parts.any(|part| {
            // Somebody was in the room when the card was posted, which ends with it.
            let was_in_use = part.start <= card.create_at && part.end >= card.create_at - TOLERANCE;
            is_of(card, part) || was_in_use
        });
        assert!(
            allowed,
            "a private part ended the card: {starts:?} {card:?}"
        );
        for part in self.parts.iter().flatten() {
            let is_private = part.room != room || !is_of(card, part);
            let text = format!("{shown}{}", card.message);
            assert!(
                !is_private || !text.contains(&part.meeting.uuid),
                "{card:?}"
            );
        }
    }

    fn check_thread<'a>(
        &self,
        room: usize,
        in_use: Option<usize>,
        card: &Post,
        thread: impl Iterator<Item = &'a Post>,
    ) {
        let world = self.scene().api.world();
        let mut shown = String::new();
        for reply in thread {
            shown.push_str(&reply.message);
            let files = world
                .files
                .iter()
                .filter(|(id, ..)| reply.file_ids.contains(id));
            for (_, _, content) in files {
                shown.push_str(&String::from_utf8_lossy(content));
            }
        }
        let mut recorded = 0;
        for (visit, part) in self.parts.iter().enumerate() {
            let Some(part) = part else { continue };
            if shown.contains(&word(visit)) {
                recorded += 1;
                let is_ours = part.room == room && is_of(card, part) && in_use != Some(visit);
                assert!(is_ours, "visit {visit} is private for {card:?}");
            }
        }
        assert!(recorded <= 1, "a card has one part of a room: {card:?}");
    }

    /// How many cards have a recording.
    fn recorded(&self) -> usize {
        let posts = (0..CHANNELS.len()).flat_map(|channel| self.posts(channel));
        posts.filter(|post| !post.root_id.is_empty()).count()
    }
}

/// A word that is in all recordings of a visit and in nothing else.
fn word(visit: usize) -> String {
    format!("Visit{visit}Secret")
}

/// Whether a part began in a card's window.
fn is_of(card: &Post, part: &Part) -> bool {
    let (before, after) = WINDOW;
    let from = card.create_at - before - TOLERANCE;
    let to = card.create_at + after + TOLERANCE;
    (from..=to).contains(&part.start)
}

async fn plays(cards: Vec<Card>, visits: Vec<Visit>) -> usize {
    let mut story = Story::new(&cards, &visits).await;
    story.play().await;
    story.recorded()
}

#[test]
fn f01_in_no_order_of_events_a_private_meeting_reaches_a_channel() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let posted = std::sync::atomic::AtomicUsize::new(0);
    let config = ProptestConfig {
        cases: 40,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(cards in cards(), visits in visits())| {
        let posts = runtime.block_on(async { tokio::spawn(plays(cards, visits)).await });
        match posts {
            Ok(posts) => posted.fetch_add(posts, std::sync::atomic::Ordering::SeqCst),
            Err(failure) => return Err(TestCaseError::fail(failure.to_string())),
        };
    });
    // Otherwise nothing was tested.
    assert!(posted.into_inner() > 10, "hardly a recording was posted");
}
