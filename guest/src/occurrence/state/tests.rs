//! Tests of the states of a meeting, with events in every order.

use super::*;
use proptest::prelude::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// When the card was posted.
const CARD: i64 = 1_786_000_000_000;

fn of(kind: MeetingKind) -> Occurrence {
    Occurrence {
        number: 1,
        kind,
        created_at: CARD,
        ..Occurrence::default()
    }
}

fn personal() -> Occurrence {
    of(MeetingKind::Personal)
}

#[test]
fn waiting_in_progress_ended() {
    let mut meeting = of(MeetingKind::Ordinary);
    assert_eq!(meeting.state(), State::Waiting);
    assert!(meeting.apply_start("a", CARD + MINUTE));
    assert_eq!(meeting.state(), State::InProgress);
    assert!(meeting.apply_end("a", Some(CARD + MINUTE), CARD + 11 * MINUTE));
    assert_eq!(meeting.state(), State::Ended);
    assert_eq!(meeting.start(), CARD + MINUTE);
    assert_eq!(meeting.end(), CARD + 11 * MINUTE);
    assert_eq!(meeting.duration(), 10 * MINUTE);
}

#[test]
fn waiting_ended_without_a_start() {
    let mut meeting = personal();
    assert!(meeting.apply_end("a", Some(CARD + MINUTE), CARD + 2 * MINUTE));
    assert_eq!(meeting.state(), State::Ended);
    assert_eq!(meeting.duration(), MINUTE);
    assert!(meeting.owns_part("a"), "its recordings belong to the card");
}

#[test]
fn a_delivery_that_arrives_twice_changes_nothing() {
    let mut meeting = of(MeetingKind::Ordinary);
    meeting.apply_start("a", CARD);
    let once = meeting.clone();
    assert!(meeting.apply_start("a", CARD));
    assert_eq!(meeting, once);
    meeting.apply_end("a", Some(CARD), CARD + MINUTE);
    let ended = meeting.clone();
    assert!(meeting.apply_end("a", Some(CARD), CARD + MINUTE));
    assert!(meeting.apply_start("a", CARD));
    assert_eq!(meeting, ended, "the state of a part only moves forward");
}

#[test]
fn f03_an_ordinary_meeting_continues_within_twelve_hours() {
    let mut meeting = of(MeetingKind::Ordinary);
    meeting.apply_start("a", CARD);
    meeting.apply_end("a", Some(CARD), CARD + 10 * MINUTE);
    let again = CARD + 10 * MINUTE + ORDINARY_GAP;
    assert!(!meeting.clone().apply_start("b", again + 1));
    assert!(meeting.apply_start("b", again));
    assert_eq!(meeting.state(), State::InProgress);
    assert!(meeting.apply_end("b", Some(again), again + 5 * MINUTE));
    assert_eq!(meeting.state(), State::Ended);
    assert_eq!(
        meeting.duration(),
        15 * MINUTE,
        "the total, without the break"
    );
    assert!(meeting.owns_part("a") && meeting.owns_part("b"));
}

#[test]
fn f03_a_followed_meeting_continues_within_fifteen_minutes() {
    let mut meeting = of(MeetingKind::Followed);
    meeting.apply_start("a", CARD);
    meeting.apply_end("a", Some(CARD), CARD + MINUTE);
    assert!(
        !meeting
            .clone()
            .apply_start("b", CARD + MINUTE + FOLLOWED_GAP + 1)
    );
    assert!(meeting.apply_start("b", CARD + MINUTE + FOLLOWED_GAP));
}

#[test]
fn f03_parts_in_another_order_lead_to_the_same_meeting() {
    let (b, end) = (CARD + 20 * MINUTE, CARD + 30 * MINUTE);
    let mut meeting = of(MeetingKind::Ordinary);
    meeting.apply_start("b", b);
    meeting.apply_end("b", Some(b), end);
    assert!(meeting.apply_end("a", Some(CARD), CARD + 10 * MINUTE));
    assert_eq!(meeting.state(), State::Ended);
    assert_eq!((meeting.start(), meeting.end()), (CARD, end));
    assert_eq!(meeting.duration(), 20 * MINUTE);
    assert!(meeting.apply_start("a", CARD), "and its start, late");
    assert_eq!(meeting.state(), State::Ended);
}

#[test]
fn a_missing_end_does_not_keep_the_meeting_open() {
    let mut meeting = of(MeetingKind::Ordinary);
    meeting.apply_start("a", CARD);
    assert!(
        meeting.apply_start("b", CARD + HOUR),
        "the end of `a` is not known"
    );
    meeting.apply_end("b", Some(CARD + HOUR), CARD + 2 * HOUR);
    assert_eq!(meeting.state(), State::Ended);
    assert_eq!(
        meeting.duration(),
        2 * HOUR,
        "`a` was over when `b` started"
    );
    let mut lost = of(MeetingKind::Followed);
    lost.apply_start("a", CARD);
    assert!(!lost.apply_start("b", CARD + UNKNOWN_END_GAP + 1));
}

#[test]
fn f01_a_personal_room_accepts_a_part_that_starts_in_its_window() {
    for (start, binds) in [
        (-BEFORE - 1, false),
        (-BEFORE, true),
        (0, true),
        (AFTER, true),
        (AFTER + 1, false),
        (24 * HOUR, false),
    ] {
        let mut card = personal();
        assert_eq!(card.apply_start("a", CARD + start), binds, "{start}");
        assert_eq!(card.owns_part("a"), binds);
        let mut card = personal();
        let end = CARD + start + MINUTE;
        assert_eq!(
            card.apply_end("a", Some(CARD + start), end),
            binds,
            "{start}"
        );
    }
}

const BEFORE: i64 = 60_000;
const AFTER: i64 = 30 * MINUTE;

#[test]
fn f01_a_personal_room_accepts_one_part() {
    let mut card = personal();
    assert!(card.apply_start("a", CARD));
    assert!(!card.apply_start("b", CARD + MINUTE));
    card.apply_end("a", Some(CARD), CARD + 2 * MINUTE);
    assert!(!card.apply_start("b", CARD + 3 * MINUTE));
    assert!(!card.apply_end("b", Some(CARD + 3 * MINUTE), CARD + 4 * MINUTE));
    assert_eq!(card.end(), CARD + 2 * MINUTE);
    assert!(!card.owns_part("b"));
}

#[test]
fn f01_a_personal_room_does_not_accept_an_end_without_a_start() {
    let mut card = personal();
    assert!(!card.apply_end("a", None, CARD + MINUTE));
    assert_eq!(card.state(), State::Waiting);
}

#[test]
fn f01_a_part_in_progress_when_the_card_is_posted_only_ends_the_card() {
    let mut card = personal();
    card.parts.push(Part {
        uuid: "a".into(),
        start: Some(CARD),
        end: None,
        only_end: true,
    });
    assert_eq!(card.state(), State::InProgress);
    assert!(!card.owns_part("a"));
    assert!(
        card.apply_start("a", CARD - 2 * HOUR),
        "a late delivery of its start"
    );
    assert!(!card.owns_part("a"));
    assert!(card.apply_end("a", Some(CARD - 2 * HOUR), CARD + MINUTE));
    assert_eq!(card.state(), State::Ended);
    assert_eq!(card.start(), CARD, "not when the private call began");
    assert_eq!(card.duration(), MINUTE);
    assert!(!card.owns_part("a"));
}

#[test]
fn f01_a_part_that_started_just_before_the_card_only_ends_the_card() {
    let mut card = personal();
    card.parts.push(Part {
        uuid: "a".into(),
        start: Some(CARD),
        end: None,
        only_end: true,
    });
    assert!(card.apply_start("a", CARD - 30_000));
    assert!(!card.owns_part("a"));
    assert!(card.apply_end("a", Some(CARD - 30_000), CARD + MINUTE));
    assert_eq!(card.state(), State::Ended);
    assert!(!card.owns_part("a"), "its recordings stay private");
}

#[test]
fn f01_a_late_event_opens_a_card_that_was_not_started() {
    let mut card = personal();
    card.waited = true;
    assert_eq!(card.state(), State::NotStarted);
    let mut started = card.clone();
    assert!(started.apply_start("a", CARD + MINUTE));
    assert_eq!(started.state(), State::InProgress);
    assert!(card.apply_end("a", Some(CARD + MINUTE), CARD + 2 * MINUTE));
    assert_eq!(card.state(), State::Ended);
}

#[test]
fn f10_a_link_counts_only_if_it_has_the_recorded_digest() {
    let mut meeting = of(MeetingKind::Ordinary);
    assert_eq!(meeting.link("https://zoom.us/j/1"), "", "none is known");
    meeting.set_link("https://zoom.us/j/1?pwd=x");
    let stored = serde_json::to_string(&meeting).unwrap();
    assert!(!stored.contains("pwd"), "{stored}");
    let read: Occurrence = serde_json::from_str(&stored).unwrap();
    assert_eq!(
        read.link("https://zoom.us/j/1?pwd=x"),
        "https://zoom.us/j/1?pwd=x"
    );
    assert_eq!(read.link("https://zoom.us/j/2"), "");
    assert_eq!(read.link(""), "");
}

#[test]
fn f07_the_end_of_a_webinar_extends_the_meeting() {
    let mut meeting = of(MeetingKind::Ordinary);
    meeting.apply_start("a", CARD);
    meeting.apply_end("a", Some(CARD), CARD + MINUTE);
    meeting.apply_end("a", Some(CARD), CARD + HOUR);
    meeting.apply_end("a", Some(CARD), CARD + MINUTE);
    assert_eq!(meeting.end(), CARD + HOUR);
}

#[test]
fn the_number_of_parts_and_cards_is_limited() {
    let mut meeting = of(MeetingKind::Ordinary);
    for part in 0..MAX_PARTS {
        assert!(meeting.apply_start(&part.to_string(), CARD));
    }
    assert!(!meeting.apply_start("one more", CARD));
    let channels: Vec<_> = (0..30).map(|channel| channel.to_string()).collect();
    meeting.add_pending_cards(channels.iter().map(String::as_str));
    meeting.add_pending_cards(channels.iter().map(String::as_str));
    assert_eq!(meeting.pending_cards().count(), MAX_CHANNELS);
    for part in &mut meeting.parts {
        part.uuid = "x".repeat(100);
    }
    for card in &mut meeting.cards {
        card.post_id = "x".repeat(26);
    }
    meeting.topic = "x".repeat(800);
    meeting.set_link(&"x".repeat(2000));
    assert!(serde_json::to_vec(&meeting).unwrap().len() < 32 * 1024);
}

/// An event about a part.
#[derive(Clone, Debug)]
enum Happens {
    Started(usize),
    Ended(usize),
}

proptest! {
    /// Parts follow each other within the gap. Whatever the order of their events, the meeting is the same.
    #[test]
    fn any_order_of_events_leads_to_the_same_meeting(
        parts in proptest::collection::vec((0_i64..5 * MINUTE, MINUTE..HOUR), 1..5),
        order in Just((0..10).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let mut at = CARD;
        let spans: Vec<_> = parts.iter().map(|(pause, length)| {
            let start = at + pause;
            at = start + length;
            (start, at)
        }).collect();
        let all: Vec<_> = (0..spans.len())
            .flat_map(|part| [Happens::Started(part), Happens::Ended(part)])
            .collect();
        let apply = |events: &[Happens]| {
            let mut meeting = of(MeetingKind::Ordinary);
            for event in events {
                let (Happens::Started(part) | Happens::Ended(part)) = event;
                let ((start, end), uuid) = (spans[*part], part.to_string());
                let known = match event {
                    Happens::Started(_) => meeting.apply_start(&uuid, start),
                    Happens::Ended(_) => meeting.apply_end(&uuid, Some(start), end),
                };
                assert!(known);
            }
            meeting.parts.sort_by_key(|part| part.uuid.clone());
            meeting
        };
        let shuffled: Vec<_> = order.iter().filter_map(|at| all.get(*at).cloned()).collect();
        let doubled: Vec<_> = shuffled.iter().chain(&shuffled).cloned().collect();
        let expected = apply(&all);
        prop_assert_eq!(&apply(&shuffled), &expected);
        prop_assert_eq!(&apply(&doubled), &expected);
        prop_assert_eq!(expected.state(), State::Ended);
    }

    #[test]
    fn no_times_make_it_panic(created_at: i64, start: i64, end: i64, later: i64) {
        for kind in [MeetingKind::Ordinary, MeetingKind::Personal, MeetingKind::Followed] {
            let mut meeting = Occurrence { kind, created_at, ..Occurrence::default() };
            meeting.apply_start("a", start);
            meeting.apply_end("b", Some(start), end);
            meeting.apply_end("a", None, later);
            let _ = (meeting.state(), meeting.start(), meeting.end(), meeting.duration());
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
        let _ = serde_json::from_slice::<Occurrence>(&bytes);
    }
}
