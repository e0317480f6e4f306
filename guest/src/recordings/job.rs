//! The job that posts the files of a recording.
//!
//! A job posts the groups of an event in the threads of all posts of the meeting. Each reply is a step that is performed
//! once (see [`crate::platform::once`]), whichever node runs the job. Links to videos are posted at once. A file that cannot
//! be downloaded or uploaded is tried again without the links. In the end, a sentence says where the host finds the file.
//! The bytes of a file are not changed, because other plugins read them.

use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::posts::{self, Author, Post};
use crate::bindings::types::Error;
use crate::bindings::{channels, files};
use crate::config::Config;
use crate::platform::backoff::{LONGEST_DELAY, retry_delay};
use crate::platform::log;
use crate::platform::once::{self, Step, StepOutcome, StepResult, StepRun};
use crate::recordings::download::{self, Failure};
use crate::recordings::payload::{self, File, Group, RecordingJob, Target};
use crate::recordings::reply;
use crate::store::recording_tombstones;

/// The number of attempts for a file that Zoom or Mattermost refuses.
const MAX_FILE_ATTEMPTS: u32 = 5;
/// The number of links in one reply.
const MAX_LINKS: usize = 20;
/// The number of bytes of files that one run downloads and uploads.
const MAX_BYTES_PER_RUN: usize = 20 * 1024 * 1024;
/// The delay after a failure of the store, in seconds.
const PAUSE: u32 = 60;

/// Runs a job.
pub fn run(config: &Config, payload: &[u8]) -> Outcome {
    let Some(work) = payload::decrypt(config, payload) else {
        log::warn(
            "A recording is not posted: its job cannot be decrypted. The encryption key was changed after Zoom sent the event.",
            &[],
        );
        return Outcome::Done;
    };
    post_all(config, &work, false)
}

/// Posts that files could not be downloaded for a day.
pub fn given_up(config: &Config, payload: &[u8]) -> Outcome {
    match payload::decrypt(config, payload) {
        Some(work) => post_all(config, &work, true),
        None => Outcome::Done,
    }
}

/// The file that was downloaded last, so that it is downloaded once for several channels.
#[derive(Default)]
struct Fetched {
    mark: String,
    bytes: Vec<u8>,
    /// The number of bytes that this run has downloaded and uploaded.
    moved: usize,
    /// The delay before the next attempt for the file of the last step, in seconds.
    wait: u32,
}

/// Posts everything that is not posted yet. If `is_last` is set, files are not downloaded any more.
fn post_all(config: &Config, work: &RecordingJob, is_last: bool) -> Outcome {
    let gone = match recording_tombstones::load(&work.uuid) {
        Ok(gone) => gone,
        Err(_) => return Outcome::RetryAfter(PAUSE),
    };
    let mut fetched = Fetched::default();
    let mut wait: Option<u32> = None;
    for group in &work.groups {
        let mut group = group.clone();
        group.links.retain(|link| !gone.contains(&link.mark));
        group.file = group.file.filter(|file| !gone.contains(&file.mark));
        for target in &work.targets {
            if fetched.moved > MAX_BYTES_PER_RUN {
                return Outcome::RetryAfter(1);
            }
            let left = match post_group(config, work, &group, target, &mut fetched, is_last) {
                Ok(left) => left,
                Err(error) => {
                    log::warn(
                        "A recording could not be posted yet.",
                        &[("post", &target.post_id), ("error", &error.to_string())],
                    );
                    Some(PAUSE)
                }
            };
            // The next run starts when the first step is due.
            wait = match (wait, left) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
    }
    wait.map_or(Outcome::Done, Outcome::RetryAfter)
}

/// Posts one group in one thread. Returns the delay in seconds if something is left to do.
fn post_group(
    config: &Config,
    work: &RecordingJob,
    group: &Group,
    target: &Target,
    fetched: &mut Fetched,
    is_last: bool,
) -> Result<Option<u32>, Error> {
    let items = group.items();
    if items.is_empty() {
        return Ok(None);
    }
    let name = once::step_name([
        work.event.as_str(),
        &work.uuid,
        &target.post_id,
        &group.name,
    ]);
    let step = Step {
        name: &name,
        items: &items,
        channel_id: &target.channel_id,
        since: work.at,
    };
    fetched.wait = 0;
    let ran = once::run_step(&step, |run| {
        write_reply(config, work, group, target, fetched, is_last, run)
    })?;
    Ok(match ran {
        StepResult::Done(_) => None,
        StepResult::Later(seconds) => Some(seconds.max(fetched.wait).clamp(1, LONGEST_DELAY)),
    })
}

/// The result for a file.
enum FileOutcome {
    /// The file is uploaded. Contains its ID.
    Attached(String),
    /// No further attempts.
    Missing(reply::Missing),
    /// Try again after this many seconds.
    Later(u32),
}

fn write_reply(
    config: &Config,
    work: &RecordingJob,
    group: &Group,
    target: &Target,
    fetched: &mut Fetched,
    is_last: bool,
    run: &StepRun<'_>,
) -> Result<StepOutcome, Error> {
    let post = match posts::get(&target.post_id) {
        Ok(post) => post,
        // The meeting's post was deleted, so post no replies.
        Err(Error::NotFound | Error::Denied(_)) => {
            return Ok(StepOutcome::Skipped(run.items.to_vec()));
        }
        Err(error) => return Err(error),
    };
    match channels::get(&post.channel_id) {
        Ok(channel) if !channel.archived => {}
        // The server allows a plugin to post in an archived channel, but nobody expects that.
        Ok(_) | Err(Error::NotFound | Error::Denied(_)) => {
            return Ok(StepOutcome::Skipped(run.items.to_vec()));
        }
        Err(error) => return Err(error),
    }
    let is_left = |mark: &String| run.items.contains(mark);
    let links = group.links.iter().filter(|link| is_left(&link.mark));
    let mut links: Vec<_> = links.collect();
    // Post the file with the last links. Otherwise the earlier replies would count as attempts for the file.
    let is_last_reply = links.len() <= MAX_LINKS;
    links.truncate(MAX_LINKS);
    let file = group.file.as_ref().filter(|file| is_left(&file.mark));
    let file = file.filter(|_| is_last_reply);
    let fate = match file {
        Some(_) if is_last => Some(FileOutcome::Missing(reply::Missing::NotFetched)),
        Some(file) => Some(fetch_and_upload(
            config,
            work,
            file,
            &post,
            fetched,
            run.attempt,
        )?),
        None => None,
    };
    let (file_id, missing) = match fate {
        Some(FileOutcome::Attached(id)) => (Some(id), None),
        Some(FileOutcome::Missing(missing)) => (None, Some(missing)),
        Some(FileOutcome::Later(seconds)) if links.is_empty() => {
            return Ok(StepOutcome::Later(seconds));
        }
        // Post the links now, and the file later.
        Some(FileOutcome::Later(seconds)) => {
            fetched.wait = seconds;
            (None, None)
        }
        None => (None, None),
    };
    let mut done: Vec<String> = links.iter().map(|link| link.mark.clone()).collect();
    if file_id.is_some() || missing.is_some() {
        done.extend(file.map(|file| file.mark.clone()));
    }
    let parts = reply::Parts {
        links: &links,
        kind: file.map(|file| file.kind),
        file_id: file_id.as_deref(),
        missing,
        passcode: &work.passcode,
    };
    let Some(reply) = reply::build(config, &parts, run.name) else {
        return Ok(StepOutcome::Skipped(done));
    };
    let draft = posts::Draft {
        channel_id: post.channel_id,
        // If this is the ID of a reply, the host uses the ID of its thread.
        root_id: post.id,
        message: reply.message,
        kind: reply.kind.to_owned(),
        props: reply.props.to_string(),
        file_ids: file_id.into_iter().collect(),
    };
    match posts::create(Author::Bot, &draft) {
        Ok(post) => Ok(StepOutcome::Posted(post, done)),
        // The channel was archived meanwhile, or the bot may not post there.
        Err(Error::Denied(rule) | Error::Invalid(rule)) => {
            log::warn(
                "A recording cannot be posted in the channel of its meeting.",
                &[("post", &target.post_id), ("rule", &rule)],
            );
            Ok(StepOutcome::Skipped(run.items.to_vec()))
        }
        Err(error) => Err(error),
    }
}

/// Downloads a file and uploads it for a reply.
fn fetch_and_upload(
    config: &Config,
    work: &RecordingJob,
    file: &File,
    post: &Post,
    fetched: &mut Fetched,
    attempt: u32,
) -> Result<FileOutcome, Error> {
    if fetched.mark != file.mark {
        match download::fetch(config, work, file) {
            Ok(bytes) => {
                fetched.moved += bytes.len();
                fetched.mark.clone_from(&file.mark);
                fetched.bytes = bytes;
            }
            Err(failure) => return Ok(not_fetched(file, &failure, attempt)),
        }
    }
    fetched.moved += fetched.bytes.len();
    match files::upload(&post.channel_id, file.kind.name(), &fetched.bytes) {
        Ok(id) => Ok(FileOutcome::Attached(id)),
        Err(error) if attempt < MAX_FILE_ATTEMPTS => {
            log::warn(
                "A file of a recording could not be uploaded yet.",
                &[("file", file.kind.name()), ("error", &error.to_string())],
            );
            Ok(FileOutcome::Later(retry_delay(attempt)))
        }
        Err(error) => {
            log::warn(
                "Giving up on a file of a recording: Mattermost did not store it.",
                &[("file", file.kind.name()), ("error", &error.to_string())],
            );
            Ok(FileOutcome::Missing(reply::Missing::NotStored))
        }
    }
}

fn not_fetched(file: &File, failure: &Failure, attempt: u32) -> FileOutcome {
    match retry_delay_after(failure, attempt) {
        Some(seconds) => FileOutcome::Later(seconds),
        None => {
            log::warn(
                "Giving up on a file of a recording.",
                &[("file", file.kind.name()), ("error", &failure.to_string())],
            );
            FileOutcome::Missing(reply::Missing::NotFetched)
        }
    }
}

/// The delay before the next attempt for a file, in seconds, or none if no attempt is left.
fn retry_delay_after(failure: &Failure, attempt: u32) -> Option<u32> {
    match failure {
        Failure::Untrusted | Failure::TooLarge => None,
        Failure::Refused(_) | Failure::NotTheFile(_) if attempt >= MAX_FILE_ATTEMPTS => None,
        Failure::Later(Some(seconds)) => Some((*seconds).clamp(1, LONGEST_DELAY)),
        Failure::Refused(_) | Failure::NotTheFile(_) | Failure::Later(None) => {
            Some(retry_delay(attempt))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d25_delays_grow_and_attempts_end() {
        let later = Failure::Later(None);
        assert_eq!(retry_delay_after(&later, 100), Some(LONGEST_DELAY));
        assert_eq!(
            retry_delay_after(&Failure::Refused(404), MAX_FILE_ATTEMPTS),
            None
        );
        assert_eq!(retry_delay_after(&Failure::Refused(404), 1), Some(30));
        assert_eq!(
            retry_delay_after(&Failure::NotTheFile("HTML"), MAX_FILE_ATTEMPTS),
            None
        );
        assert_eq!(retry_delay_after(&Failure::NotTheFile("HTML"), 1), Some(30));
        assert_eq!(retry_delay_after(&Failure::TooLarge, 1), None);
        assert_eq!(retry_delay_after(&Failure::Later(Some(7)), 1), Some(7));
    }
}
