//! Events about recordings: files are ready, or files are gone.

use crate::zoom::time::parse_time;
use crate::zoom::types::{PERSONAL_ROOM, meeting_number, text};
use serde::Deserialize;
use serde_json::Value;

/// The event for videos and the chat.
pub const COMPLETED: &str = "recording.completed";
/// The event for transcripts.
pub const TRANSCRIPT: &str = "recording.transcript_completed";
/// The event for files that were moved back from the trash.
pub const RECOVERED: &str = "recording.recovered";
/// The events that change the state of files.
pub const FILE_STATE_EVENTS: [&str; 3] = ["recording.trashed", "recording.deleted", RECOVERED];

/// The number of files of one event that are read. A long meeting has a few dozen.
pub const MAX_FILES: usize = 500;

/// An event about a recording.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RecordingEvent {
    /// The event's name.
    pub event: String,
    /// The time of the event according to Zoom, in milliseconds; 0 if it is missing.
    pub event_ts: i64,
    /// The download token, which is valid for a day, or empty.
    pub token: String,
    /// The meeting's number, or 0.
    pub id: u64,
    /// The UUID of the part, or empty.
    pub uuid: String,
    /// Zoom's ID of the host, or empty.
    pub host_id: String,
    /// The start of the part, in milliseconds.
    pub start: Option<i64>,
    /// Whether the part was in a personal room.
    pub personal: bool,
    pub passcode: String,
    pub files: Vec<RecordedFile>,
    /// The number of files beyond [`MAX_FILES`].
    pub left_out: usize,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
struct Object {
    #[serde(default, deserialize_with = "meeting_number")]
    pub id: u64,
    #[serde(default, deserialize_with = "text")]
    pub uuid: String,
    #[serde(default, deserialize_with = "text")]
    pub host_id: String,
    #[serde(default, deserialize_with = "text")]
    start_time: String,
    #[serde(default, rename = "type", deserialize_with = "meeting_number")]
    kind: u64,
    #[serde(default, deserialize_with = "text")]
    password: String,
    #[serde(default)]
    recording_files: Value,
}

/// A file of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct RecordedFile {
    #[serde(default, deserialize_with = "text")]
    pub id: String,
    #[serde(default, deserialize_with = "text")]
    pub recording_start: String,
    #[serde(default, deserialize_with = "text")]
    pub file_type: String,
    #[serde(default, deserialize_with = "meeting_number")]
    pub file_size: u64,
    #[serde(default, deserialize_with = "text")]
    pub recording_type: String,
    #[serde(default, deserialize_with = "text")]
    pub download_url: String,
    #[serde(default, deserialize_with = "text")]
    pub play_url: String,
}

impl RecordedFile {
    pub fn is(&self, file_type: &str) -> bool {
        self.file_type.eq_ignore_ascii_case(file_type)
    }

    /// An ID of the file that is the same in every delivery. A file without an ID is identified by its URL without the query,
    /// because Zoom puts a new token into the query each time.
    pub fn mark(&self) -> String {
        if !self.id.is_empty() {
            return self.id.clone();
        }
        let address = [&self.download_url, &self.play_url];
        let address = address.into_iter().find(|address| !address.is_empty());
        let bare = address.and_then(|address| address.split(['?', '#']).next());
        format!("{} {}", self.recording_type, bare.unwrap_or_default())
    }
}

/// Parses an event's object. Invalid files are skipped. Returns none if the object names no meeting.
pub fn parse(event: &str, event_ts: i64, token: String, object: Value) -> Option<RecordingEvent> {
    let object: Object = serde_json::from_value(object).ok()?;
    if object.id == 0 && object.uuid.is_empty() {
        return None;
    }
    let files = match object.recording_files {
        Value::Array(files) => files,
        _ => Vec::new(),
    };
    let left_out = files.len().saturating_sub(MAX_FILES);
    let files = files.into_iter().take(MAX_FILES);
    Some(RecordingEvent {
        event: event.to_owned(),
        event_ts,
        token,
        id: object.id,
        uuid: object.uuid,
        host_id: object.host_id,
        start: parse_time(&object.start_time),
        personal: object.kind == PERSONAL_ROOM,
        passcode: object.password,
        left_out,
        files: files
            .filter_map(|file| serde_json::from_value(file).ok())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn listed(object: Value) -> Vec<RecordedFile> {
        let object = json!({"id": 1, "uuid": "u", "recording_files": object});
        parse(COMPLETED, 0, "t".into(), object).unwrap().files
    }

    #[test]
    fn d33_an_invalid_value_skips_a_file_or_a_field_but_not_the_event() {
        let odd = json!({"id": "85746065432", "uuid": "u", "password": null, "total_size": "large",
            "recording_files": [7, {"recording_end": "", "file_size": "x", "id": 9, "play_url": []}, null]});
        let recorded = parse(COMPLETED, 0, String::new(), odd).unwrap();
        assert_eq!((recorded.id, recorded.files.len()), (85_746_065_432, 1));
        let none = json!({"uuid": "u", "recording_files": "none"});
        let none = parse(COMPLETED, 0, String::new(), none).unwrap();
        assert!(none.files.is_empty());
        assert_eq!(parse(COMPLETED, 0, String::new(), json!({})), None);
    }

    #[test]
    fn d06_f23_a_file_without_an_id_is_identified_by_its_url_without_the_query() {
        let mark = |url: &str| listed(json!([{"file_type": "MP4", "play_url": url}]))[0].mark();
        assert_eq!(mark("https://z/p?a=1"), mark("https://z/p?a=2"));
        assert_ne!(mark("https://z/p"), mark("https://z/q"));
    }

    #[test]
    fn f24_files_beyond_the_limit_are_counted() {
        let many: Vec<_> = (0..MAX_FILES + 2)
            .map(|number| json!({"id": number.to_string()}))
            .collect();
        let object = json!({"id": 1, "uuid": "u", "recording_files": many});
        let recorded = parse(COMPLETED, 0, "t".into(), object).unwrap();
        assert_eq!((recorded.files.len(), recorded.left_out), (MAX_FILES, 2));
    }
}
