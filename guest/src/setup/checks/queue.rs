//! The background jobs: announcements, recordings, and other work after an event.

use crate::bindings::jobs;
use crate::setup::check::{Check, Context, Fact, Outcome, Subject};
use crate::text::Message;

/// The age from which a job that is due is reported, in seconds. Jobs normally begin within seconds; one that fails is tried
/// again after a few minutes at first.
const OLD: u64 = 30 * 60;

/// How long the oldest job has waited.
pub(super) fn run(context: &Context<'_>) -> Check {
    let Ok(seconds) = jobs::overdue() else {
        let sentence = context.plain(Message::MattermostFailed);
        return Check::new(Subject::Jobs, Outcome::NotRun, "store", sentence);
    };
    let minutes = i64::try_from(seconds / 60).unwrap_or(i64::MAX);
    let fact = Fact::Number(minutes);
    if seconds < OLD {
        return Check::passed(Subject::Jobs).fact("minutes", fact);
    }
    let sentence = context.text(
        Message::CheckJobsWaiting,
        &[("minutes", &minutes.to_string())],
    );
    Check::new(Subject::Jobs, Outcome::Warning, "waiting", sentence)
        .fact("minutes", fact)
        .explained("troubleshooting.html#recordings-and-transcripts-do-not-arrive")
}
