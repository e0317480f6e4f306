//! Tests of the record of a meeting's number.

use super::*;
use proptest::prelude::*;

const CARD: i64 = 1_786_000_000_000;

fn reference(id: &str, kind: MeetingKind, created_at: i64) -> OccurrenceReference {
    OccurrenceReference {
        id: id.into(),
        created_at,
        kind,
        channel_id: "c".into(),
        parts: Vec::new(),
    }
}

fn ids(references: &[OccurrenceReference]) -> Vec<&str> {
    references.iter().map(|one| one.id.as_str()).collect()
}

#[test]
fn zm099_a_record_of_the_go_plugin_is_read_and_its_fields_stay() {
    let go = br#"{"channel_id":"c","is_subscription":true,"created_by":"u","later":[1]}"#;
    let mut number = parse(go).unwrap();
    assert!(number.is_subscription && number.since == 0);
    assert_eq!(number.lifetime(), None);
    number.link_occurrence(reference("r", MeetingKind::Followed, CARD));
    let written = serde_json::to_value(&number).unwrap();
    assert_eq!(written["channel_id"], "c");
    assert_eq!(written["created_by"], "u");
    assert_eq!(written["later"], serde_json::json!([1]));
}

#[test]
fn an_event_belongs_to_the_occurrence_that_has_its_part() {
    let mut number = Number::default();
    number.link_occurrence(reference("old", MeetingKind::Ordinary, CARD));
    let mut known = reference("known", MeetingKind::Ordinary, CARD + 1);
    known.parts.push("u".to_owned());
    number.link_occurrence(known);
    number.link_occurrence(reference("new", MeetingKind::Ordinary, CARD + 2));
    assert_eq!(
        ids(&number.candidate_occurrences("u", None, false)),
        ["known"]
    );
    assert_eq!(
        ids(&number.candidate_occurrences("v", None, false)),
        ["new"]
    );
    assert_eq!(
        ids(&number.candidate_occurrences("v", Some(CARD - 60_000), false)),
        ["old"]
    );
    assert_eq!(
        ids(&number.candidate_occurrences("v", Some(0), false)),
        ["old"],
        "a late event"
    );
    assert_eq!(
        ids(&number.candidate_occurrences("v", Some(CARD + 9), false)),
        ["new"]
    );
    assert!(
        number
            .candidate_occurrences("v", Some(CARD + 9), true)
            .is_empty()
    );
    assert_eq!(
        ids(&number.candidate_occurrences("u", None, true)),
        ["known"]
    );
}

#[test]
fn f01_all_cards_of_a_room_whose_windows_contain_the_start_are_candidates() {
    let mut number = Number::default();
    for (id, minutes) in [("a", 0), ("b", 20), ("c", 40)] {
        number.link_occurrence(reference(
            id,
            MeetingKind::Personal,
            CARD + minutes * 60_000,
        ));
    }
    let at = |minutes: i64| number.candidate_occurrences("u", Some(CARD + minutes * 60_000), false);
    assert_eq!(ids(&at(25)), ["a", "b"]);
    assert_eq!(ids(&at(39)), ["b", "c"]);
    assert!(at(71).is_empty());
    assert!(number.candidate_occurrences("u", None, false).is_empty());
}

#[test]
fn f01_a_part_that_has_started_or_ended_never_belongs_to_a_later_card() {
    let mut number = Number::default();
    number.link_occurrence(reference("a", MeetingKind::Personal, CARD));
    assert!(number.mark_part_seen("u", &["a".to_owned()]));
    assert!(
        !number.mark_part_seen("u", &["a".to_owned()]),
        "nothing new"
    );
    assert!(number.mark_part_seen("v", &[]));
    number.link_occurrence(reference("b", MeetingKind::Personal, CARD + 1));
    assert_eq!(
        ids(&number.candidate_occurrences("u", Some(CARD), false)),
        ["a"]
    );
    assert!(
        number
            .candidate_occurrences("v", Some(CARD), false)
            .is_empty()
    );
}

#[test]
fn a_record_stays_small() {
    let mut number = Number::default();
    for at in 0..300 {
        number.link_occurrence(reference(&"f".repeat(32), MeetingKind::Personal, at));
        number.link_occurrence(reference(&at.to_string(), MeetingKind::Personal, at));
        number.mark_part_seen(&at.to_string(), &[at.to_string()]);
    }
    assert_eq!(number.occurrences.len(), MAX_OCCURRENCES);
    assert_eq!(number.seen.len(), MAX_SEEN);
    assert!(serde_json::to_vec(&number).unwrap().len() < 32 * 1024);
}

#[test]
fn occurrences_that_have_expired_are_forgotten() {
    let mut number = Number::default();
    number.link_occurrence(reference("old", MeetingKind::Personal, CARD));
    number.link_occurrence(reference("new", MeetingKind::Personal, CARD + 1));
    number.remove_expired(CARD + 1 + 30 * 24 * 3600 * 1000);
    assert_eq!(ids(&number.occurrences), ["new"]);
    assert!(number.since > 0);
}

#[test]
fn an_occurrence_that_was_never_posted_is_unlinked() {
    let mut number = Number::default();
    number.link_occurrence(reference("a", MeetingKind::Ordinary, CARD));
    assert!(number.unlink_occurrence("a") && !number.unlink_occurrence("a"));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, uuid in ".*", start: i64) {
        if let Some(number) = parse(&bytes) {
            let _ = number.candidate_occurrences(&uuid, Some(start), false);
        }
    }
}
