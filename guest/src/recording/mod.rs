//! Recordings, chats and transcripts in the thread of their meeting: what the jobs do.
//!
//! A job makes one reply. It may run more than once, and another node may run it too, so it holds a
//! claim while it works, looks for a reply that an earlier run made before it makes one, and is marked
//! as done after it. The bytes of a file are passed on as they are: other plugins read them.

mod download;
mod reply;

use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::posts::{self, Author};
use crate::bindings::types::Error;
use crate::bindings::{files, jobs};
use crate::config::Config;
use crate::jobs::{LONGEST_PAUSE, alone, pause, tried_alone, written};
use crate::store::crypto::{self, Kind};
use crate::system;
use download::Failure;
use serde::{Deserialize, Serialize};

/// The kind of the jobs.
pub const KIND: &str = "recording";

/// Whom the encrypted payload belongs to.
const OWNER: &str = "recording";
/// Between two tries to tell that a job is given up, in seconds.
const PAUSE: u32 = 60;
/// How often a file is tried for that Zoom refuses, or that holds up links.
const PATIENCE: u32 = 5;

/// A file to fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum File {
    /// What was written in the meeting.
    Chat(String),
    /// What was said in it.
    Transcript(String),
}

impl File {
    fn url(&self) -> &str {
        match self {
            File::Chat(url) | File::Transcript(url) => url,
        }
    }

    /// The name people see. Zoom's transcript is WebVTT, whatever its name says; other plugins expect it.
    fn name(&self) -> &'static str {
        match self {
            File::Chat(_) => "Chat-history.txt",
            File::Transcript(_) => "transcription.txt",
        }
    }
}

/// What one job does.
#[derive(Clone, Serialize, Deserialize)]
pub struct Work {
    /// Names the reply, in every run and in every delivery.
    pub step: String,
    /// The meeting's post.
    pub post_id: String,
    /// Where videos are played.
    #[serde(default)]
    pub links: Vec<String>,
    /// What goes along with the reply.
    #[serde(default)]
    pub file: Option<File>,
    /// Fetches the file.
    #[serde(default)]
    pub token: String,
    /// Opens the videos; empty unless the setting allows it.
    #[serde(default)]
    pub passcode: String,
    /// When Zoom had it, in milliseconds.
    pub enqueued: i64,
}

/// Stores a job. Its payload is encrypted: it holds a token, and may hold a passcode.
pub fn enqueue(config: &Config, work: &Work) -> Result<(), Error> {
    let invalid = |error: &dyn std::fmt::Display| Error::Invalid(error.to_string());
    let text = serde_json::to_string(work).map_err(|error| invalid(&error))?;
    let key = &config.encryption_key;
    let sealed = crypto::seal(key, Kind::Job, OWNER, system::random(), &text)
        .map_err(|error| invalid(&error))?;
    jobs::enqueue(KIND, sealed.as_bytes(), 0)
}

fn read(config: &Config, payload: &[u8]) -> Option<Work> {
    let sealed = std::str::from_utf8(payload).ok()?;
    let text = crypto::open(&config.encryption_key, Kind::Job, OWNER, sealed).ok()?;
    serde_json::from_str(&text).ok()
}

/// Runs a job.
pub fn run(config: &Config, payload: &[u8], attempt: u32) -> Outcome {
    let Some(work) = read(config, payload) else {
        system::warn(
            "A recording is not posted: what Zoom told of it cannot be read any more. The setting EncryptionKey may have been changed meanwhile.",
            &[],
        );
        return Outcome::Done;
    };
    match run_once(config, &work, attempt) {
        Ok(outcome) => outcome,
        Err(error) => {
            system::warn(
                "A recording could not be posted yet.",
                &[("post", &work.post_id), ("error", &error.to_string())],
            );
            Outcome::RetryAfter(pause(attempt))
        }
    }
}

/// Says in the thread that the files could not be had.
pub fn given_up(config: &Config, payload: &[u8]) -> Outcome {
    let Some(work) = read(config, payload) else {
        return Outcome::Done;
    };
    let told = alone(KIND, &work.step, || {
        let post = posts::get(&work.post_id)?;
        if written(&post.channel_id, work.enqueued, &work.step)?.is_none() {
            write(&work, &reply::of(config, &work, None), Vec::new())?;
        }
        Ok(Outcome::Done)
    });
    match told {
        Ok(outcome) => outcome,
        // In a thread that is gone, or a channel that was archived meanwhile.
        Err(Error::NotFound | Error::Denied(_) | Error::Invalid(_)) => Outcome::Done,
        Err(error) => {
            system::warn(
                "That a recording could not be had is not told yet.",
                &[("post", &work.post_id), ("error", &error.to_string())],
            );
            Outcome::RetryAfter(PAUSE)
        }
    }
}

fn run_once(config: &Config, work: &Work, attempt: u32) -> Result<Outcome, Error> {
    tried_alone(KIND, &work.step, attempt, |tries| {
        let post = match posts::get(&work.post_id) {
            Ok(post) => post,
            // Whoever deleted the meeting's post wants no replies to it.
            Err(Error::NotFound) => return Ok(Outcome::Done),
            Err(error) => return Err(error),
        };
        if written(&post.channel_id, work.enqueued, &work.step)?.is_some() {
            return Ok(Outcome::Done);
        }
        let fetched = match &work.file {
            None => None,
            Some(file) => match download::fetch(config, file.url(), &work.token) {
                Ok(bytes) => Some(bytes),
                Err(failure) => match wait_for(work, &failure, tries) {
                    Some(seconds) => return Ok(Outcome::RetryAfter(seconds)),
                    None => {
                        system::warn(
                            "A file of a recording is given up.",
                            &[("file", file.name()), ("error", &failure.to_string())],
                        );
                        None
                    }
                },
            },
        };
        let file_id = match (&work.file, fetched) {
            (Some(file), Some(bytes)) => {
                Some(files::upload(&post.channel_id, file.name(), &bytes)?)
            }
            _ => None,
        };
        let reply = reply::of(config, work, file_id.as_deref());
        match write(work, &reply, file_id.into_iter().collect()) {
            // In a channel that was archived meanwhile, or one that the bot may not write in.
            Err(Error::Denied(rule) | Error::Invalid(rule)) => {
                system::warn(
                    "A recording cannot be posted in the channel of its meeting.",
                    &[("post", &work.post_id), ("rule", &rule)],
                );
                Ok(Outcome::Done)
            }
            result => result.map(|()| Outcome::Done),
        }
    })
}

fn write(work: &Work, reply: &reply::Reply, file_ids: Vec<String>) -> Result<(), Error> {
    let post = posts::get(&work.post_id)?;
    posts::create(
        Author::Bot,
        &posts::Draft {
            channel_id: post.channel_id,
            // The host takes a reply's id for its thread's.
            root_id: post.id,
            message: reply.message.clone(),
            kind: reply.kind.to_owned(),
            props: reply.props.to_string(),
            file_ids,
        },
    )
    .map(drop)
}

/// How long to wait before the file is tried again; none when it is not worth it.
fn wait_for(work: &Work, failure: &Failure, tries: u32) -> Option<u32> {
    match failure {
        Failure::Untrusted | Failure::TooLarge => None,
        Failure::Refused(_) if tries >= PATIENCE => None,
        // Links are worth more at once than a chat later.
        Failure::Later(_) if !work.links.is_empty() && tries >= PATIENCE => None,
        Failure::Later(Some(seconds)) => Some((*seconds).clamp(1, LONGEST_PAUSE)),
        Failure::Refused(_) | Failure::Later(None) => Some(pause(tries)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(links: &[&str]) -> Work {
        Work {
            step: "s".into(),
            post_id: "p".into(),
            links: links.iter().map(|link| (*link).to_owned()).collect(),
            file: None,
            token: "secret token".into(),
            passcode: "secret passcode".into(),
            enqueued: 0,
        }
    }

    #[test]
    fn d25_waits_grow_and_end() {
        let later = Failure::Later(None);
        assert_eq!(wait_for(&work(&[]), &later, 100), Some(LONGEST_PAUSE));
        assert_eq!(wait_for(&work(&["l"]), &later, PATIENCE), None);
        assert_eq!(wait_for(&work(&[]), &Failure::Refused(404), PATIENCE), None);
        assert_eq!(wait_for(&work(&[]), &Failure::Refused(404), 1), Some(30));
        assert_eq!(wait_for(&work(&[]), &Failure::TooLarge, 1), None);
        assert_eq!(wait_for(&work(&[]), &Failure::Later(Some(7)), 1), Some(7));
    }
}
