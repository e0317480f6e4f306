//! Handles Zoom's events about recordings: files are ready, trashed, deleted, or recovered.
//!
//! Zoom expects an answer within seconds, but a download may take minutes. Therefore each event becomes a job for all posts
//! of the meeting. The job's payload (links, download token, passcode) is stored encrypted.
//!
//! A recording belongs to the meeting that has the UUID of its part. The number alone counts only if no UUID of the meeting
//! is known, and never for a personal room.

use crate::bindings::types::Error;
use crate::config::Config;
use crate::occurrence::state::Occurrence;
use crate::occurrence::{legacy_posts, record};
use crate::platform::{clock, log};
use crate::recordings::payload::{File, FileKind, Group, Link, RecordingJob, Target, enqueue};
use crate::store::occurrence_reference::{MeetingKind, short_uuid};
use crate::store::{meeting_number, recording_tombstones};
use crate::zoom::time::event_time;
use crate::zoom::webhook::meeting::MeetingEvent;
use crate::zoom::webhook::recording::{
    COMPLETED, FILE_STATE_EVENTS, MAX_FILES, RECOVERED, RecordedFile, RecordingEvent, TRANSCRIPT,
};
use std::collections::{BTreeMap, BTreeSet};

/// Handles an event. Ignores events about unknown meetings.
pub fn handle(config: &Config, recorded: &RecordingEvent) -> Result<(), Error> {
    let changes_files = FILE_STATE_EVENTS.contains(&recorded.event.as_str());
    let event = match recorded.event.as_str() {
        // Post the files that were skipped while they were trashed.
        RECOVERED => COMPLETED,
        event => event,
    };
    let groups = match event {
        TRANSCRIPT => transcripts(&recorded.files),
        COMPLETED => recordings(&recorded.files),
        _ => Vec::new(),
    };
    if groups.is_empty() && !changes_files {
        return Ok(());
    }
    let occurrences = find_occurrences(recorded)?;
    if changes_files && !occurrences.is_empty() {
        record_file_states(recorded)?;
    }
    let mut targets = Vec::new();
    for occurrence in occurrences {
        targets.extend(occurrence.posted_cards().map(|card| Target {
            channel_id: card.channel_id.clone(),
            post_id: card.post_id.clone(),
        }));
    }
    if groups.is_empty() || targets.is_empty() {
        return Ok(());
    }
    if recorded.left_out > 0 {
        log::warn(
            "An event of Zoom has more files of a recording than the plugin posts. The host finds the others in Zoom.",
            &[
                ("posted", &MAX_FILES.to_string()),
                ("left_out", &recorded.left_out.to_string()),
            ],
        );
    }
    let work = RecordingJob {
        event: event.to_owned(),
        uuid: recorded.uuid.clone(),
        host_id: recorded.host_id.clone(),
        token: recorded.token.clone(),
        passcode: match config.post_recording_password {
            true => recorded.passcode.clone(),
            false => String::new(),
        },
        at: event_time(recorded.event_ts, clock::now_ms()),
        targets,
        groups,
    };
    enqueue(config, work)
}

/// Records that files were trashed, deleted, or recovered.
fn record_file_states(recorded: &RecordingEvent) -> Result<(), Error> {
    if recorded.uuid.is_empty() {
        return Ok(());
    }
    let files: Vec<_> = recorded.files.iter().map(RecordedFile::mark).collect();
    let at = event_time(recorded.event_ts, clock::now_ms());
    recording_tombstones::record_event(&recorded.event, at, &recorded.uuid, &files)
}

/// The meetings to which the recording belongs.
fn find_occurrences(recorded: &RecordingEvent) -> Result<Vec<Occurrence>, Error> {
    let Some(number) = meeting_number::load(recorded.id)?.filter(|_| recorded.id > 0) else {
        return Ok(Vec::new());
    };
    let event = MeetingEvent {
        number: recorded.id,
        uuid: &recorded.uuid,
        host_id: &recorded.host_id,
        start: recorded.start,
        at: recorded.event_ts,
        personal: recorded.personal,
        ..MeetingEvent::default()
    };
    let number = legacy_posts::merge_legacy_post(number, &event)?;
    let mut found = Vec::new();
    let tag = short_uuid(&recorded.uuid);
    for reference in number.candidate_occurrences(&tag, recorded.start, recorded.personal) {
        let occurrence = record::change(recorded.id, &reference, |_| {})?;
        found.extend(occurrence.filter(|one| belongs_to(one, recorded)));
    }
    Ok(found)
}

fn belongs_to(occurrence: &Occurrence, recorded: &RecordingEvent) -> bool {
    if occurrence.kind == MeetingKind::Personal {
        return occurrence.owns_part(&recorded.uuid);
    }
    !recorded.personal && (occurrence.owns_part(&recorded.uuid) || occurrence.has_no_known_part())
}

/// One group for each start of a recording, with its videos and its chat. Without a video, the group has the audio.
fn recordings(files: &[RecordedFile]) -> Vec<Group> {
    let mut by_start: BTreeMap<&str, Vec<&RecordedFile>> = BTreeMap::new();
    for file in distinct(files) {
        by_start
            .entry(&file.recording_start)
            .or_default()
            .push(file);
    }
    let mut groups = Vec::new();
    for (start, files) in by_start {
        let playable = |kind: &str| {
            let found = files
                .iter()
                .filter(|file| file.is(kind) && !file.play_url.is_empty());
            found.map(|file| play_link(file)).collect::<Vec<_>>()
        };
        let mut links = playable("MP4");
        if links.is_empty() {
            links = playable("M4A");
        }
        let mut chats = files
            .iter()
            .filter(|file| file.recording_type == "chat_file" && !file.download_url.is_empty())
            .map(|file| file_to_fetch(file, FileKind::Chat));
        let mut file = chats.next();
        // Further chats have the same name: in a later delivery another chat may be the first.
        while !links.is_empty() || file.is_some() {
            groups.push(Group {
                name: start.to_owned(),
                links: std::mem::take(&mut links),
                file,
            });
            file = chats.next();
        }
    }
    groups
}

fn play_link(file: &RecordedFile) -> Link {
    Link {
        url: file.play_url.clone(),
        view: file.recording_type.clone(),
        mark: file.mark(),
    }
}

fn file_to_fetch(file: &RecordedFile, kind: FileKind) -> File {
    File {
        kind,
        url: file.download_url.clone(),
        size: file.file_size,
        mark: file.mark(),
    }
}

/// One group for each transcript.
fn transcripts(files: &[RecordedFile]) -> Vec<Group> {
    let files = distinct(files)
        .filter(|file| file.recording_type == "audio_transcript" && !file.download_url.is_empty());
    files
        .map(|file| single_file_group(file_to_fetch(file, FileKind::Transcript)))
        .collect()
}

fn single_file_group(file: File) -> Group {
    Group {
        name: file.mark.clone(),
        links: Vec::new(),
        file: Some(file),
    }
}

/// The files without duplicates.
fn distinct(files: &[RecordedFile]) -> impl Iterator<Item = &RecordedFile> {
    let mut seen = BTreeSet::new();
    files.iter().filter(move |file| seen.insert(file.mark()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zoom::webhook::recording::parse;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn listed(object: Value) -> Vec<RecordedFile> {
        let object = json!({"id": 1, "uuid": "u", "recording_files": object});
        parse(COMPLETED, 0, "t".into(), object).unwrap().files
    }

    fn urls(group: &Group) -> Vec<&str> {
        group.links.iter().map(|link| link.url.as_str()).collect()
    }

    #[test]
    fn zm096_files_of_one_start_belong_together() {
        let files = listed(json!([
            {"id": "v", "recording_start": "a", "file_type": "mp4", "play_url": "https://z/p", "download_url": "https://z/d"},
            {"id": "c", "recording_start": "a", "file_type": "CHAT", "recording_type": "chat_file", "download_url": "https://z/c"},
            {"id": "s", "recording_start": "a", "file_type": "M4A", "play_url": "https://z/s"},
            {"id": "w", "recording_start": "b", "file_type": "MP4", "play_url": "https://z/q"},
            {"id": "n", "recording_start": "c", "file_type": "MP4", "play_url": ""},
        ]));
        let groups = recordings(&files);
        assert_eq!(groups.len(), 2);
        assert_eq!(urls(&groups[0]), ["https://z/p"]);
        assert_eq!(groups[0].file.as_ref().unwrap().url, "https://z/c");
        assert_eq!(groups[0].items(), ["v", "c"]);
        assert_eq!((groups[1].links.len(), &groups[1].file), (1, &None));
    }

    #[test]
    fn d35_the_audio_is_posted_if_there_is_no_video() {
        let files = listed(json!([{"id": "s", "file_type": "M4A", "play_url": "https://z/s"}]));
        assert_eq!(urls(&recordings(&files)[0]), ["https://z/s"]);
    }

    #[test]
    fn f23_zm097_each_transcript_is_posted_once() {
        let files = listed(json!([
            {"id": "1", "recording_type": "audio_transcript", "download_url": "https://z/1"},
            {"id": "2", "recording_type": "audio_transcript", "download_url": "https://z/2"},
            {"id": "2", "recording_type": "audio_transcript", "download_url": "https://z/2?again"},
            {"id": "3", "recording_type": "chat_file", "download_url": "https://z/3"},
        ]));
        let groups = transcripts(&files);
        let found: Vec<_> = groups.iter().flat_map(Group::items).collect();
        assert_eq!(found, ["1", "2"]);
        assert!(transcripts(&listed(json!([]))).is_empty());
    }

    #[test]
    fn f04_a_recording_belongs_to_the_meeting_with_its_uuid() {
        let part = |uuid: &str, only_end| crate::occurrence::state::Part {
            uuid: uuid.into(),
            only_end,
            ..Default::default()
        };
        let with = |kind, parts| Occurrence {
            kind,
            parts,
            ..Occurrence::default()
        };
        let is_of_u = |occurrence: &Occurrence, personal| {
            let recorded = RecordingEvent {
                uuid: "u".into(),
                personal,
                ..RecordingEvent::default()
            };
            belongs_to(occurrence, &recorded)
        };
        assert!(is_of_u(
            &with(MeetingKind::Ordinary, vec![part("u", false)]),
            false
        ));
        assert!(!is_of_u(
            &with(MeetingKind::Ordinary, vec![part("v", false)]),
            false
        ));
        assert!(is_of_u(&with(MeetingKind::Ordinary, vec![]), false));
        assert!(!is_of_u(&with(MeetingKind::Personal, vec![]), false));
        assert!(is_of_u(
            &with(MeetingKind::Personal, vec![part("u", false)]),
            false
        ));
        assert!(!is_of_u(
            &with(MeetingKind::Personal, vec![part("u", true)]),
            false
        ));
        let unbound = with(MeetingKind::Ordinary, vec![]);
        assert!(!is_of_u(&unbound, true), "a private meeting in a room");
        assert!(!is_of_u(
            &with(MeetingKind::Followed, vec![part("u", false)]),
            true
        ));
        assert!(is_of_u(
            &with(MeetingKind::Personal, vec![part("u", false)]),
            true
        ));
    }

    proptest! {
        #[test]
        fn no_list_of_files_makes_the_reader_panic(text in ".*", many in proptest::collection::vec(".*", 0..4)) {
            let files: Vec<Value> = many.iter().map(|one| json!({"id": one, "file_type": text, "play_url": one,
                "recording_type": "chat_file", "download_url": text})).collect();
            let recorded = parse(TRANSCRIPT, 0, text, json!({"id": 1, "recording_files": files})).unwrap();
            let _ = (recordings(&recorded.files), transcripts(&recorded.files));
        }
    }
}
