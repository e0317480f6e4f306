//! `recording.completed` and `recording.transcript_completed`: there is something to fetch.
//!
//! Zoom wants its answer within seconds, and what there is to fetch may take minutes. So each group of
//! files becomes a job, and what the job needs (addresses, the token to fetch with, the passcode) is
//! stored encrypted until it has run.

use super::body::{Malformed, happened};
use crate::bindings::types::Error;
use crate::config::Config;
use crate::jobs::step;
use crate::meeting::find;
use crate::recording::{self, File, Work};
use crate::store::{locks, meetings};
use crate::system;
use crate::zoom::types::{meeting_number, text};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The event that tells of videos and the chat.
pub const RECORDING: &str = "recording.completed";
/// The event that tells of the transcript.
pub const TRANSCRIPT: &str = "recording.transcript_completed";

/// How many files of one event are looked at. A meeting has a handful.
const MAX_FILES: usize = 100;

/// What an event tells of.
#[derive(Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Which of the two events.
    pub event: String,
    /// When Zoom says that it happened, in milliseconds; 0 where it does not.
    event_ts: i64,
    /// Fetches the files, for a day.
    token: String,
    /// The meeting's number.
    id: u64,
    /// The occurrence.
    uuid: String,
    passcode: String,
    files: Vec<Listed>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
struct Object {
    #[serde(default, deserialize_with = "meeting_number")]
    id: u64,
    #[serde(default, deserialize_with = "text")]
    uuid: String,
    #[serde(default, deserialize_with = "text")]
    password: String,
    #[serde(default)]
    recording_files: Value,
}

/// A file as Zoom lists it.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
struct Listed {
    #[serde(default, deserialize_with = "text")]
    id: String,
    #[serde(default, deserialize_with = "text")]
    recording_start: String,
    #[serde(default, deserialize_with = "text")]
    file_type: String,
    #[serde(default, deserialize_with = "text")]
    recording_type: String,
    #[serde(default, deserialize_with = "text")]
    download_url: String,
    #[serde(default, deserialize_with = "text")]
    play_url: String,
}

impl Listed {
    fn is(&self, file_type: &str) -> bool {
        self.file_type.eq_ignore_ascii_case(file_type)
    }

    /// A name for the file that is the same in every delivery; one without id is known by its address
    /// without what follows it, because Zoom puts other tokens there each time.
    fn mark(&self) -> String {
        if !self.id.is_empty() {
            return self.id.clone();
        }
        let address = [&self.download_url, &self.play_url];
        let address = address.into_iter().find(|address| !address.is_empty());
        let bare = address.and_then(|address| address.split(['?', '#']).next());
        format!("{} {}", self.recording_type, bare.unwrap_or_default())
    }
}

/// Reads the event's object. Files that are not as they should be are left out, not the event.
pub fn read(
    event: &str,
    event_ts: i64,
    token: String,
    object: Value,
) -> Result<Recorded, Malformed> {
    let object: Object = serde_json::from_value(object).map_err(|_| Malformed)?;
    if object.id == 0 && object.uuid.is_empty() {
        return Err(Malformed);
    }
    let files = match object.recording_files {
        Value::Array(files) => files,
        _ => Vec::new(),
    };
    let files = files.into_iter().take(MAX_FILES);
    Ok(Recorded {
        event: event.to_owned(),
        event_ts,
        token,
        id: object.id,
        uuid: object.uuid,
        passcode: object.password,
        files: files
            .filter_map(|file| serde_json::from_value(file).ok())
            .collect(),
    })
}

/// Enqueues what there is to do. An event about a meeting that is not ours is none of our business.
pub fn handle(config: &Config, recorded: &Recorded) -> Result<(), Error> {
    let posts = posts(recorded)?;
    if posts.is_empty() {
        return Ok(());
    }
    let groups = if recorded.event == TRANSCRIPT {
        transcript(&recorded.files).into_iter().collect()
    } else {
        recordings(&recorded.files)
    };
    for group in groups {
        for post_id in &posts {
            let work = work(config, recorded, &group, post_id);
            if !locks::seen(recording::KIND, &work.step)? {
                recording::enqueue(config, &work)?;
            }
        }
    }
    Ok(())
}

/// The meeting's posts: those that its UUID leads to, else the newest one that announces its number.
fn posts(recorded: &Recorded) -> Result<Vec<String>, Error> {
    let bound = meetings::posts_of(&recorded.uuid)?;
    if !bound.is_empty() || recorded.id == 0 {
        return Ok(bound);
    }
    let mapping = meetings::mapping_of(recorded.id)?.unwrap_or_default();
    let announced = find::announced(&mapping, recorded.id, system::now_ms(), true)?;
    let newest = announced.into_iter().max_by_key(|post| post.create_at);
    Ok(newest.into_iter().map(|post| post.post_id).collect())
}

/// Files that are posted together.
#[derive(Debug, Default, PartialEq, Eq)]
struct Group {
    links: Vec<String>,
    file: Option<File>,
    marks: Vec<String>,
}

/// One group per start of a recording: its videos and its chat. Where there is no video, the sound.
fn recordings(files: &[Listed]) -> Vec<Group> {
    let mut by_start: BTreeMap<&str, Vec<&Listed>> = BTreeMap::new();
    for file in files {
        by_start
            .entry(&file.recording_start)
            .or_default()
            .push(file);
    }
    let groups = by_start.into_values().map(|files| {
        let playable = |kind: &str| {
            let found = files
                .iter()
                .filter(|file| file.is(kind) && !file.play_url.is_empty());
            found.copied().collect::<Vec<_>>()
        };
        let mut shown = playable("MP4");
        if shown.is_empty() {
            shown = playable("M4A");
        }
        let chat = files
            .iter()
            .rfind(|file| file.recording_type == "chat_file" && !file.download_url.is_empty());
        let marks = shown.iter().chain(chat).map(|file| file.mark());
        Group {
            marks: marks.collect(),
            links: shown.iter().map(|file| file.play_url.clone()).collect(),
            file: chat.map(|chat| File::Chat(chat.download_url.clone())),
        }
    });
    groups.filter(|group| !group.marks.is_empty()).collect()
}

/// The last transcript that is listed.
fn transcript(files: &[Listed]) -> Option<Group> {
    let file = files
        .iter()
        .rfind(|file| file.recording_type == "audio_transcript" && !file.download_url.is_empty())?;
    Some(Group {
        links: Vec::new(),
        marks: vec![file.mark()],
        file: Some(File::Transcript(file.download_url.clone())),
    })
}

fn work(config: &Config, recorded: &Recorded, group: &Group, post_id: &str) -> Work {
    let mut marks = group.marks.clone();
    marks.sort();
    Work {
        step: step(
            [recorded.event.as_str(), &recorded.uuid, post_id]
                .into_iter()
                .chain(marks.iter().map(String::as_str)),
        ),
        post_id: post_id.to_owned(),
        links: group.links.clone(),
        file: group.file.clone(),
        token: recorded.token.clone(),
        passcode: if config.post_recording_password {
            recorded.passcode.clone()
        } else {
            String::new()
        },
        enqueued: happened(recorded.event_ts, system::now_ms()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn listed(object: Value) -> Vec<Listed> {
        let object = json!({"id": 1, "uuid": "u", "recording_files": object});
        read(RECORDING, 0, "t".into(), object).unwrap().files
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
        assert_eq!(groups[0].links, ["https://z/p"]);
        assert_eq!(groups[0].file, Some(File::Chat("https://z/c".into())));
        assert_eq!(groups[0].marks, ["v", "c"]);
        assert_eq!((groups[1].links.len(), &groups[1].file), (1, &None));
    }

    #[test]
    fn d35_sound_alone_is_shown_where_there_is_no_video() {
        let files = listed(json!([{"id": "s", "file_type": "M4A", "play_url": "https://z/s"}]));
        assert_eq!(recordings(&files)[0].links, ["https://z/s"]);
    }

    #[test]
    fn zm097_the_last_transcript_counts() {
        let files = listed(json!([
            {"id": "1", "recording_type": "audio_transcript", "download_url": "https://z/1"},
            {"id": "2", "recording_type": "audio_transcript", "download_url": "https://z/2"},
            {"id": "3", "recording_type": "chat_file", "download_url": "https://z/3"},
        ]));
        let group = transcript(&files).unwrap();
        assert_eq!(group.file, Some(File::Transcript("https://z/2".into())));
        assert!(transcript(&listed(json!([]))).is_none());
    }

    #[test]
    fn d33_odd_values_leave_out_a_file_or_a_field_and_not_the_event() {
        let odd = json!({"id": "85746065432", "uuid": "u", "password": null, "total_size": "large",
            "recording_files": [7, {"recording_end": "", "file_size": "x", "id": 9, "play_url": []}, null]});
        let recorded = read(RECORDING, 0, String::new(), odd).unwrap();
        assert_eq!((recorded.id, recorded.files.len()), (85_746_065_432, 1));
        let none = json!({"uuid": "u", "recording_files": "none"});
        assert!(
            read(RECORDING, 0, String::new(), none)
                .unwrap()
                .files
                .is_empty()
        );
        assert_eq!(read(RECORDING, 0, String::new(), json!({})), Err(Malformed));
    }

    #[test]
    fn d06_a_file_without_id_is_known_by_its_address_without_token() {
        let mark = |url: &str| listed(json!([{"file_type": "MP4", "play_url": url}]))[0].mark();
        assert_eq!(mark("https://z/p?a=1"), mark("https://z/p?a=2"));
        assert_ne!(mark("https://z/p"), mark("https://z/q"));
    }

    proptest! {
        #[test]
        fn no_list_of_files_makes_the_reader_panic(text in ".*", many in proptest::collection::vec(".*", 0..4)) {
            let files: Vec<Value> = many.iter().map(|one| json!({"id": one, "file_type": text, "play_url": one,
                "recording_type": "chat_file", "download_url": text})).collect();
            let recorded = read(TRANSCRIPT, 0, text, json!({"id": 1, "recording_files": files})).unwrap();
            let _ = (recordings(&recorded.files), transcript(&recorded.files));
        }
    }
}
