//! What a job of a recording knows, and how it is stored until the job has run.

use crate::bindings::jobs;
use crate::bindings::types::Error;
use crate::config::Config;
use crate::platform::{log, random};
use crate::store::crypto::{self, Kind};
use serde::{Deserialize, Serialize};

/// The kind of the jobs.
pub const KIND: &str = "recording";
/// The owner of the encrypted payload.
const OWNER: &str = "recording";
/// The largest payload before encryption, in bytes. The queue takes 64 KiB, and encryption adds a third.
const MAX_PAYLOAD: usize = 45 * 1024;

/// How many replies one job writes. Each takes about ten calls, and a job may make 1,000.
const MAX_STEPS: usize = 60;

/// A file to fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// What is in it.
    pub kind: FileKind,
    /// Where it is.
    pub url: String,
    /// Its size in bytes, as Zoom says; 0 for unknown.
    pub size: u64,
    /// A name that is the same in every delivery.
    pub mark: String,
}

/// What is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// What was written in the meeting.
    Chat,
    /// What was said in the meeting.
    Transcript,
}

impl FileKind {
    /// The file name that people see. Zoom's transcript is WebVTT whatever its name says; other plugins expect this one.
    pub fn name(self) -> &'static str {
        match self {
            FileKind::Chat => "Chat-history.txt",
            FileKind::Transcript => "transcription.txt",
        }
    }
}

/// Where a recording is played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The address.
    pub url: String,
    /// Zoom's name of the view, such as `shared_screen_with_speaker_view`, or empty.
    pub view: String,
    /// A name that is the same in every delivery.
    pub mark: String,
}

/// Files that are posted together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The same in every delivery.
    pub name: String,
    /// Where they are played.
    pub links: Vec<Link>,
    /// A file that goes along.
    pub file: Option<File>,
}

impl Group {
    /// The names of all its files.
    pub fn items(&self) -> Vec<String> {
        let links = self.links.iter().map(|link| &link.mark);
        let file = self.file.iter().map(|file| &file.mark);
        links.chain(file).cloned().collect()
    }
}

/// A post in whose thread the recording is posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its channel.
    pub channel_id: String,
    /// The meeting's post.
    pub post_id: String,
}

/// What one job does. There is no `Debug`: it would show secrets.
#[derive(Clone, Serialize, Deserialize)]
pub struct Work {
    /// Zoom's name of the event.
    pub event: String,
    /// The UUID of the part that was recorded.
    pub uuid: String,
    /// Zoom's ID of the host, or empty.
    pub host_id: String,
    /// Fetches the files; or empty.
    pub token: String,
    /// Opens the videos; empty unless the setting allows to post it.
    pub passcode: String,
    /// When the event happened, in milliseconds.
    pub at: i64,
    /// Where to post.
    pub targets: Vec<Target>,
    /// What to post.
    pub groups: Vec<Group>,
}

impl Work {
    /// Whether it has too many steps for one job.
    fn is_long(&self) -> bool {
        self.groups.len() > 1 && self.groups.len().saturating_mul(self.targets.len()) > MAX_STEPS
    }
}

/// Stores the work as one job, or as several if it is large.
pub fn enqueue(config: &Config, work: Work) -> Result<(), Error> {
    let text = encode(&work)?;
    if text.len() <= MAX_PAYLOAD && !work.is_long() {
        let key = &config.encryption_key;
        let sealed = crypto::seal(key, Kind::Job, OWNER, random::random(), &text)
            .map_err(|error| Error::Invalid(error.to_string()))?;
        return jobs::enqueue(KIND, sealed.as_bytes(), 0);
    }
    let Some((one, other)) = halves(work.groups.clone()) else {
        log::warn(
            "A file of a recording is not posted: Zoom's addresses are too long.",
            &[("bytes", &text.len().to_string())],
        );
        return Ok(());
    };
    for groups in [one, other] {
        enqueue(
            config,
            Work {
                groups,
                ..work.clone()
            },
        )?;
    }
    Ok(())
}

fn encode(work: &Work) -> Result<String, Error> {
    serde_json::to_string(work).map_err(|error| Error::Invalid(error.to_string()))
}

/// Two parts of the work, each with some of the files. Parts of a group have its name, so that it stays one step.
fn halves(mut groups: Vec<Group>) -> Option<(Vec<Group>, Vec<Group>)> {
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

/// Reads a payload; none if it cannot be decrypted.
pub fn read(config: &Config, payload: &[u8]) -> Option<Work> {
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
    fn f24_work_is_halved_by_groups_and_then_by_links() {
        let (one, other) = halves(vec![group("a", 1), group("b", 1), group("c", 1)]).unwrap();
        assert_eq!((one.len(), other.len()), (1, 2));
        let (one, other) = halves(vec![group("a", 5)]).unwrap();
        assert_eq!((one[0].links.len(), other[0].links.len()), (2, 3));
        assert_eq!(other[0].name, "a");
        assert!(halves(vec![group("a", 1)]).is_none());
        assert!(halves(Vec::new()).is_none());
    }
}
