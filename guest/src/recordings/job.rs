//! Recordings, chats, and transcripts in the thread of their meeting: what the jobs do.
//!
//! A job posts the groups of an event in the threads of all the meeting's posts. Each reply is a step that is done once
//! (see [`crate::platform::once`]), whichever node runs the job. The links to videos are posted at once; a file that cannot
//! be fetched or uploaded is tried again by itself, and in the end a sentence says where its host finds it. The bytes of a
//! file are passed on unchanged: other plugins read them.

use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::posts::{self, Author, Post};
use crate::bindings::types::Error;
use crate::bindings::{channels, files};
use crate::config::Config;
use crate::platform::backoff::{LONGEST_PAUSE, pause};
use crate::platform::log;
use crate::platform::once::{self, Ran, Run, Step, Work as Done};
use crate::recordings::download::{self, Failure};
use crate::recordings::payload::{self, File, Group, Target, Work};
use crate::recordings::reply;
use crate::store::recording_tombstones;

/// How often a file is tried that Zoom or Mattermost refuses.
const PATIENCE: u32 = 5;
/// How many links one reply has.
const MAX_LINKS: usize = 20;
/// How many bytes of files one run of a job moves.
const MAX_MOVED: usize = 20 * 1024 * 1024;
/// Between two tries to tell that files are given up, in seconds.
const PAUSE: u32 = 60;

/// Runs a job.
pub fn run(config: &Config, payload: &[u8]) -> Outcome {
    let Some(work) = payload::read(config, payload) else {
        log::warn(
            "A recording is not posted: its job cannot be decrypted. The encryption key was changed after Zoom sent the event.",
            &[],
        );
        return Outcome::Done;
    };
    post_all(config, &work, false)
}

/// Says in the threads that files could not be fetched for a day.
pub fn given_up(config: &Config, payload: &[u8]) -> Outcome {
    match payload::read(config, payload) {
        Some(work) => post_all(config, &work, true),
        None => Outcome::Done,
    }
}

/// A file that was fetched last, so that it is fetched once for several channels.
#[derive(Default)]
struct Fetched {
    mark: String,
    bytes: Vec<u8>,
    /// How many bytes were moved by this run.
    moved: usize,
    /// After how many seconds the file of the last step is to be tried again; 0 for at once.
    wait: u32,
}

/// Posts what is left to post. `is_last` says that files are not fetched any more.
fn post_all(config: &Config, work: &Work, is_last: bool) -> Outcome {
    let gone = match recording_tombstones::load(&work.uuid) {
        Ok(gone) => gone,
        Err(_) => return Outcome::RetryAfter(PAUSE),
    };
    let mut fetched = Fetched::default();
    let mut wait: Option<u32> = None;
    for group in &work.groups {
        let mut group = group.clone();
        group.links.retain(|link| !gone.has(&link.mark));
        group.file = group.file.filter(|file| !gone.has(&file.mark));
        for target in &work.targets {
            if fetched.moved > MAX_MOVED {
                return Outcome::RetryAfter(1);
            }
            let left = match post(config, work, &group, target, &mut fetched, is_last) {
                Ok(left) => left,
                Err(error) => {
                    log::warn(
                        "A recording could not be posted yet.",
                        &[("post", &target.post_id), ("error", &error.to_string())],
                    );
                    Some(PAUSE)
                }
            };
            // The next run comes when the first of them is due.
            wait = match (wait, left) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
    }
    wait.map_or(Outcome::Done, Outcome::RetryAfter)
}

/// Posts one group in one thread. Answers with the seconds after which something is left to do, if it is.
fn post(
    config: &Config,
    work: &Work,
    group: &Group,
    target: &Target,
    fetched: &mut Fetched,
    is_last: bool,
) -> Result<Option<u32>, Error> {
    let items = group.items();
    if items.is_empty() {
        return Ok(None);
    }
    let name = once::name([
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
    let ran = once::run(&step, |run| {
        reply_in(config, work, group, target, fetched, is_last, run)
    })?;
    Ok(match ran {
        Ran::Done(_) => None,
        Ran::Later(seconds) => Some(seconds.max(fetched.wait).clamp(1, LONGEST_PAUSE)),
    })
}

/// What became of a file.
enum Fate {
    /// It is uploaded.
    Attached(String),
    /// It is given up.
    Missing(reply::Missing),
    /// It is to be tried again after so many seconds.
    Later(u32),
}

fn reply_in(
    config: &Config,
    work: &Work,
    group: &Group,
    target: &Target,
    fetched: &mut Fetched,
    is_last: bool,
    run: &Run<'_>,
) -> Result<Done, Error> {
    let post = match posts::get(&target.post_id) {
        Ok(post) => post,
        // Whoever deleted the meeting's post wants no replies to it.
        Err(Error::NotFound | Error::Denied(_)) => return Ok(Done::Skipped(run.items.to_vec())),
        Err(error) => return Err(error),
    };
    match channels::get(&post.channel_id) {
        Ok(channel) if !channel.archived => {}
        // The server lets a plugin write in an archived channel, and nobody expects that.
        Ok(_) | Err(Error::NotFound | Error::Denied(_)) => {
            return Ok(Done::Skipped(run.items.to_vec()));
        }
        Err(error) => return Err(error),
    }
    let is_left = |mark: &String| run.items.contains(mark);
    let links = group.links.iter().filter(|link| is_left(&link.mark));
    let mut links: Vec<_> = links.collect();
    // Post the file with the last links. Otherwise the replies before it would count as its tries.
    let is_last_reply = links.len() <= MAX_LINKS;
    links.truncate(MAX_LINKS);
    let file = group.file.as_ref().filter(|file| is_left(&file.mark));
    let file = file.filter(|_| is_last_reply);
    let fate = match file {
        Some(_) if is_last => Some(Fate::Missing(reply::Missing::NotFetched)),
        Some(file) => Some(attach(config, work, file, &post, fetched, run.attempt)?),
        None => None,
    };
    let (file_id, missing) = match fate {
        Some(Fate::Attached(id)) => (Some(id), None),
        Some(Fate::Missing(missing)) => (None, Some(missing)),
        Some(Fate::Later(seconds)) if links.is_empty() => return Ok(Done::Later(seconds)),
        // Links are worth more at once than with the file later.
        Some(Fate::Later(seconds)) => {
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
    let Some(reply) = reply::of(config, &parts, run.name) else {
        return Ok(Done::Skipped(done));
    };
    let draft = posts::Draft {
        channel_id: post.channel_id,
        // The host takes a reply's ID for its thread's.
        root_id: post.id,
        message: reply.message,
        kind: reply.kind.to_owned(),
        props: reply.props.to_string(),
        file_ids: file_id.into_iter().collect(),
    };
    match posts::create(Author::Bot, &draft) {
        Ok(post) => Ok(Done::Posted(post, done)),
        // In a channel that was archived meanwhile, or in which the bot may not post.
        Err(Error::Denied(rule) | Error::Invalid(rule)) => {
            log::warn(
                "A recording cannot be posted in the channel of its meeting.",
                &[("post", &target.post_id), ("rule", &rule)],
            );
            Ok(Done::Skipped(run.items.to_vec()))
        }
        Err(error) => Err(error),
    }
}

/// Fetches a file and uploads it for a reply.
fn attach(
    config: &Config,
    work: &Work,
    file: &File,
    post: &Post,
    fetched: &mut Fetched,
    attempt: u32,
) -> Result<Fate, Error> {
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
        Ok(id) => Ok(Fate::Attached(id)),
        Err(error) if attempt < PATIENCE => {
            log::warn(
                "A file of a recording could not be uploaded yet.",
                &[("file", file.kind.name()), ("error", &error.to_string())],
            );
            Ok(Fate::Later(pause(attempt)))
        }
        Err(error) => {
            log::warn(
                "Giving up on a file of a recording: Mattermost did not store it.",
                &[("file", file.kind.name()), ("error", &error.to_string())],
            );
            Ok(Fate::Missing(reply::Missing::NotStored))
        }
    }
}

fn not_fetched(file: &File, failure: &Failure, attempt: u32) -> Fate {
    match wait_for(failure, attempt) {
        Some(seconds) => Fate::Later(seconds),
        None => {
            log::warn(
                "Giving up on a file of a recording.",
                &[("file", file.kind.name()), ("error", &failure.to_string())],
            );
            Fate::Missing(reply::Missing::NotFetched)
        }
    }
}

/// How long to wait before a file is tried again, in seconds; none if it is not worth it.
fn wait_for(failure: &Failure, attempt: u32) -> Option<u32> {
    match failure {
        Failure::Untrusted | Failure::TooLarge => None,
        Failure::Refused(_) | Failure::NotTheFile(_) if attempt >= PATIENCE => None,
        Failure::Later(Some(seconds)) => Some((*seconds).clamp(1, LONGEST_PAUSE)),
        Failure::Refused(_) | Failure::NotTheFile(_) | Failure::Later(None) => Some(pause(attempt)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d25_waits_grow_and_end() {
        let later = Failure::Later(None);
        assert_eq!(wait_for(&later, 100), Some(LONGEST_PAUSE));
        assert_eq!(wait_for(&Failure::Refused(404), PATIENCE), None);
        assert_eq!(wait_for(&Failure::Refused(404), 1), Some(30));
        assert_eq!(wait_for(&Failure::NotTheFile("HTML"), PATIENCE), None);
        assert_eq!(wait_for(&Failure::NotTheFile("HTML"), 1), Some(30));
        assert_eq!(wait_for(&Failure::TooLarge, 1), None);
        assert_eq!(wait_for(&Failure::Later(Some(7)), 1), Some(7));
    }
}
