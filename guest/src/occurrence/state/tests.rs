//! A meeting through all its states, with events in every order.

use super::*;
use proptest::prelude::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// When the card was posted.
const CARD: i64 = 1_786_000_000_000;

fn of(kind: Kind) -> Occurrence {
    Occurrence {
        number: 1,
        kind,
        created_at: CARD,
        ..Occurrence::default()
    }
}

fn personal() -> Occurrence {
    of(Kind::Personal)
}

#[test]
fn waiting_in_progress_ended() {
    let mut meeting = of(Kind::Ordinary);
    assert_eq!(meeting.state(), State::Waiting);
    assert!(meeting.started("a", CARD + MINUTE));
    assert_eq!(meeting.state(), State::InProgress);
    assert!(meeting.ended("a", Some(CARD + MINUTE), CARD + 11 * MINUTE));
    assert_eq!(meeting.state(), State::Ended);
    assert_eq!(meeting.start(), CARD + MINUTE);
    assert_eq!(meeting.end(), CARD + 11 * MINUTE);
    assert_eq!(meeting.length(), 10 * MINUTE);
}

#[test]
fn waiting_ended_without_a_start() {
    let mut meeting = personal();
    assert!(meeting.ended("a", Some(CARD + MINUTE), CARD + 2 * MINUTE));
    assert_eq!(meeting.state(), State::Ended);
    assert_eq!(meeting.length(), MINUTE);
    assert!(meeting.names("a"), "its recordings belong to the card");
}

#[test]
fn a_delivery_that_arrives_twice_changes_nothing() {
    let mut meeting = of(Kind::Ordinary);
    meeting.started("a", CARD);
    let once = meeting.clone();
    assert!(meeting.started("a", CARD));
    assert_eq!(meeting, once);
    meeting.ended("a", Some(CARD), CARD + MINUTE);
    let ended = meeting.clone();
    assert!(meeting.ended("a", Some(CARD), CARD + MINUTE));
    assert!(meeting.started("a", CARD));
    assert_eq!(meeting, ended, "the state of a part only moves forward");
}

#[test]
fn f03_an_ordinary_meeting_continues_within_twelve_hours() {
    let mut meeting = of(Kind::Ordinary);
    meeting.started("a", CARD);
    meeting.ended("a", Some(CARD), CARD + 10 * MINUTE);
    let again = CARD + 10 * MINUTE + ORDINARY_GAP;
    assert!(!meeting.clone().started("b", again + 1));
    assert!(meeting.started("b", again));
    assert_eq!(meeting.state(), State::InProgress);
    assert!(meeting.ended("b", Some(again), again + 5 * MINUTE));
    assert_eq!(meeting.state(), State::Ended);
    assert_eq!(
        meeting.length(),
        15 * MINUTE,
        "the total, without the break"
    );
    assert!(meeting.names("a") && meeting.names("b"));
}

#[test]
fn f03_a_followed_meeting_continues_within_fifteen_minutes() {
    let mut meeting = of(Kind::Followed);
    meeting.started("a", CARD);
    meeting.ended("a", Some(CARD), CARD + MINUTE);
    assert!(
        !meeting
            .clone()
            .started("b", CARD + MINUTE + FOLLOWED_GAP + 1)
    );
    assert!(meeting.started("b", CARD + MINUTE + FOLLOWED_GAP));
}

#[test]
fn f03_parts_in_another_order_lead_to_the_same_meeting() {
    let (b, end) = (CARD + 20 * MINUTE, CARD + 30 * MINUTE);
    let mut meeting = of(Kind::Ordinary);
    meeting.started("b", b);
    meeting.ended("b", Some(b), end);
    assert!(meeting.ended("a", Some(CARD), CARD + 10 * MINUTE));
    assert_eq!(meeting.state(), State::Ended);
    assert_eq!((meeting.start(), meeting.end()), (CARD, end));
    assert_eq!(meeting.length(), 20 * MINUTE);
    assert!(meeting.started("a", CARD), "and its start, late");
    assert_eq!(meeting.state(), State::Ended);
}

#[test]
fn an_end_that_is_missing_holds_nothing_open() {
    let mut meeting = of(Kind::Ordinary);
    meeting.started("a", CARD);
    assert!(
        meeting.started("b", CARD + HOUR),
        "the end of `a` is not known"
    );
    meeting.ended("b", Some(CARD + HOUR), CARD + 2 * HOUR);
    assert_eq!(meeting.state(), State::Ended);
    assert_eq!(meeting.length(), 2 * HOUR, "`a` was over when `b` started");
    let mut lost = of(Kind::Followed);
    lost.started("a", CARD);
    assert!(!lost.started("b", CARD + UNKNOWN_END_GAP + 1));
}

#[test]
fn f01_a_personal_room_binds_a_part_that_starts_in_its_window() {
    for (start, binds) in [
        (-BEFORE - 1, false),
        (-BEFORE, true),
        (0, true),
        (AFTER, true),
        (AFTER + 1, false),
        (24 * HOUR, false),
    ] {
        let mut card = personal();
        assert_eq!(card.started("a", CARD + start), binds, "{start}");
        assert_eq!(card.names("a"), binds);
        let mut card = personal();
        let end = CARD + start + MINUTE;
        assert_eq!(card.ended("a", Some(CARD + start), end), binds, "{start}");
    }
}

const BEFORE: i64 = 60_000;
const AFTER: i64 = 30 * MINUTE;

#[test]
fn f01_a_personal_room_binds_one_part() {
    let mut card = personal();
    assert!(card.started("a", CARD));
    assert!(!card.started("b", CARD + MINUTE));
    card.ended("a", Some(CARD), CARD + 2 * MINUTE);
    assert!(!card.started("b", CARD + 3 * MINUTE));
    assert!(!card.ended("b", Some(CARD + 3 * MINUTE), CARD + 4 * MINUTE));
    assert_eq!(card.end(), CARD + 2 * MINUTE);
    assert!(!card.names("b"));
}

#[test]
fn f01_an_end_without_a_start_binds_nothing_to_a_personal_room() {
    let mut card = personal();
    assert!(!card.ended("a", None, CARD + MINUTE));
    assert_eq!(card.state(), State::Waiting);
}

#[test]
fn f01_a_room_that_is_in_use_already_is_ended_by_its_part_and_gets_nothing_else() {
    let mut card = personal();
    card.parts.push(Part {
        uuid: "a".into(),
        start: Some(CARD),
        end: None,
        only_end: true,
    });
    assert_eq!(card.state(), State::InProgress);
    assert!(!card.names("a"));
    assert!(
        card.started("a", CARD - 2 * HOUR),
        "a late delivery of its start"
    );
    assert!(!card.names("a"));
    assert!(card.ended("a", Some(CARD - 2 * HOUR), CARD + MINUTE));
    assert_eq!(card.state(), State::Ended);
    assert_eq!(card.start(), CARD, "not when the private call began");
    assert_eq!(card.length(), MINUTE);
    assert!(!card.names("a"));
}

#[test]
fn f01_a_room_that_was_entered_a_moment_before_the_card_only_ends_it() {
    let mut card = personal();
    card.parts.push(Part {
        uuid: "a".into(),
        start: Some(CARD),
        end: None,
        only_end: true,
    });
    assert!(card.started("a", CARD - 30_000));
    assert!(!card.names("a"));
    assert!(card.ended("a", Some(CARD - 30_000), CARD + MINUTE));
    assert_eq!(card.state(), State::Ended);
    assert!(!card.names("a"), "its recordings stay private");
}

#[test]
fn f01_not_started_and_opened_again_by_a_late_event() {
    let mut card = personal();
    card.waited = true;
    assert_eq!(card.state(), State::NotStarted);
    let mut started = card.clone();
    assert!(started.started("a", CARD + MINUTE));
    assert_eq!(started.state(), State::InProgress);
    assert!(card.ended("a", Some(CARD + MINUTE), CARD + 2 * MINUTE));
    assert_eq!(card.state(), State::Ended);
}

#[test]
fn f10_a_link_counts_if_it_is_the_one_of_the_record() {
    let mut meeting = of(Kind::Ordinary);
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
fn f07_the_end_of_a_webinar_comes_after_that_of_the_meeting() {
    let mut meeting = of(Kind::Ordinary);
    meeting.started("a", CARD);
    meeting.ended("a", Some(CARD), CARD + MINUTE);
    meeting.ended("a", Some(CARD), CARD + HOUR);
    meeting.ended("a", Some(CARD), CARD + MINUTE);
    assert_eq!(meeting.end(), CARD + HOUR);
}

#[test]
fn a_record_has_a_bound_for_parts_and_cards() {
    let mut meeting = of(Kind::Ordinary);
    for part in 0..MAX_PARTS {
        assert!(meeting.started(&part.to_string(), CARD));
    }
    assert!(!meeting.started("one more", CARD));
    let channels: Vec<_> = (0..30).map(|channel| channel.to_string()).collect();
    meeting.announce_in(channels.iter().map(String::as_str));
    meeting.announce_in(channels.iter().map(String::as_str));
    assert_eq!(meeting.pending().count(), MAX_CHANNELS);
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

/// Something that happens to a part.
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
            let mut meeting = of(Kind::Ordinary);
            for event in events {
                let (Happens::Started(part) | Happens::Ended(part)) = event;
                let ((start, end), uuid) = (spans[*part], part.to_string());
                let known = match event {
                    Happens::Started(_) => meeting.started(&uuid, start),
                    Happens::Ended(_) => meeting.ended(&uuid, Some(start), end),
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
        for kind in [Kind::Ordinary, Kind::Personal, Kind::Followed] {
            let mut meeting = Occurrence { kind, created_at, ..Occurrence::default() };
            meeting.started("a", start);
            meeting.ended("b", Some(start), end);
            meeting.ended("a", None, later);
            let _ = (meeting.state(), meeting.start(), meeting.end(), meeting.length());
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
        let _ = serde_json::from_slice::<Occurrence>(&bytes);
    }
}
