//! The payload of a recording's job, which is stored encrypted until the job has run.

use crate::bindings::jobs;
use crate::bindings::types::Error;
use crate::config::Config;
use crate::platform::{log, random};
use crate::store::crypto::{self, Kind};
use serde::{Deserialize, Serialize};

/// The kind of the jobs.
pub const KIND: &str = "recording";
/// The owner in the encrypted payload.
const OWNER: &str = "recording";
/// The largest payload before encryption, in bytes. The queue takes 64 KiB, and encryption adds a third.
const MAX_PAYLOAD: usize = 45 * 1024;

/// The number of replies that one job writes. Each takes about ten host calls, and a job may make 1,000.
const MAX_STEPS: usize = 60;

/// A file to download.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The kind of content.
    pub kind: FileKind,
    /// The download URL.
    pub url: String,
    /// The size in bytes, according to Zoom; 0 for unknown.
    pub size: u64,
    /// An ID that is the same in every delivery.
    pub mark: String,
}

/// The kind of content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// The meeting's chat.
    Chat,
    /// The meeting's transcript.
    Transcript,
}

impl FileKind {
    /// The file name in Mattermost. Zoom's transcript is WebVTT, but other plugins expect this name.
    pub fn name(self) -> &'static str {
        match self {
            FileKind::Chat => "Chat-history.txt",
            FileKind::Transcript => "transcription.txt",
        }
    }
}

/// A link to play a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The URL.
    pub url: String,
    /// Zoom's name of the view, such as `shared_screen_with_speaker_view`, or empty.
    pub view: String,
    /// An ID that is the same in every delivery.
    pub mark: String,
}

/// Files that are posted together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The name, which is the same in every delivery.
    pub name: String,
    /// The links to play.
    pub links: Vec<Link>,
    /// A file to attach.
    pub file: Option<File>,
}

impl Group {
    /// The IDs of all links and files.
    pub fn items(&self) -> Vec<String> {
        let links = self.links.iter().map(|link| &link.mark);
        let file = self.file.iter().map(|file| &file.mark);
        links.chain(file).cloned().collect()
    }
}

/// A post in whose thread the recording is posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The channel.
    pub channel_id: String,
    /// The meeting's post.
    pub post_id: String,
}

/// The payload. There is no `Debug`: it would show secrets.
#[derive(Clone, Serialize, Deserialize)]
pub struct RecordingJob {
    /// Zoom's name of the event.
    pub event: String,
    /// The UUID of the part that was recorded.
    pub uuid: String,
    /// Zoom's ID of the host, or empty.
    pub host_id: String,
    /// The download token, or empty.
    pub token: String,
    /// The passcode of the recording; empty unless the setting allows posting it.
    pub passcode: String,
    /// The time of the event, in milliseconds.
    pub at: i64,
    /// The posts to reply to.
    pub targets: Vec<Target>,
    /// The groups to post.
    pub groups: Vec<Group>,
}

impl RecordingJob {
    /// Whether there are too many steps for one job.
    fn is_long(&self) -> bool {
        self.groups.len() > 1 && self.groups.len().saturating_mul(self.targets.len()) > MAX_STEPS
    }
}

/// Enqueues one job, or several if the payload is large.
pub fn enqueue(config: &Config, work: RecordingJob) -> Result<(), Error> {
    let text = encode(&work)?;
    if text.len() <= MAX_PAYLOAD && !work.is_long() {
        let key = &config.encryption_key;
        let sealed = crypto::seal(key, Kind::Job, OWNER, random::random_bytes(), &text)
            .map_err(|error| Error::Invalid(error.to_string()))?;
        return jobs::enqueue(KIND, sealed.as_bytes(), 0);
    }
    let Some((one, other)) = split_in_half(work.groups.clone()) else {
        log::warn(
            "A file of a recording is not posted because Zoom's URLs are too long.",
            &[("bytes", &text.len().to_string())],
        );
        return Ok(());
    };
    for groups in [one, other] {
        enqueue(
            config,
            RecordingJob {
                groups,
                ..work.clone()
            },
        )?;
    }
    Ok(())
}

fn encode(work: &RecordingJob) -> Result<String, Error> {
    serde_json::to_string(work).map_err(|error| Error::Invalid(error.to_string()))
}

/// Splits the groups in two halves. Both halves of a split group keep its name, so that it stays one step.
fn split_in_half(mut groups: Vec<Group>) -> Option<(Vec<Group>, Vec<Group>)> {
    if groups.len() > 1 {
        let other = groups.split_off(groups.len() / 2);
        return Some((groups, other));
    }
    let mut one = groups.pop()?;
    if one.links.len() < 2 {
        return None;
    }
    let other = Group {
        name: one.name.clone(),
        links: one.links.split_off(one.links.len() / 2),
        file: None,
    };
    Some((vec![one], vec![other]))
}

/// Decrypts a payload. Returns none if that fails.
pub fn decrypt(config: &Config, payload: &[u8]) -> Option<RecordingJob> {
    let sealed = std::str::from_utf8(payload).ok()?;
    let text = crypto::open(&config.encryption_key, Kind::Job, OWNER, sealed).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, links: usize) -> Group {
        let link = |at: usize| Link {
            url: String::new(),
            view: String::new(),
            mark: at.to_string(),
        };
        Group {
            name: name.into(),
            links: (0..links).map(link).collect(),
            file: None,
        }
    }

    #[test]
    fn f24_a_payload_is_split_by_groups_and_then_by_links() {
        let (one, other) =
            split_in_half(vec![group("a", 1), group("b", 1), group("c", 1)]).unwrap();
        assert_eq!((one.len(), other.len()), (1, 2));
        let (one, other) = split_in_half(vec![group("a", 5)]).unwrap();
        assert_eq!((one[0].links.len(), other[0].links.len()), (2, 3));
        assert_eq!(other[0].name, "a");
        assert!(split_in_half(vec![group("a", 1)]).is_none());
        assert!(split_in_half(Vec::new()).is_none());
    }
}
