//! Facts that the component notes often, such as the time of the last webhook.
//!
//! Notes are kept in memory, so a note costs no API call, and stored together: a few seconds after the first note of a name, so
//! that an administrator who waits for the first webhook sees it on every node, and otherwise at most once a minute.
//!
//! All processes of a cluster share one record, `_observations`, which is changed with compare-and-set. A record per process
//! would need an index to find the others, and the record of a dead process would be merged or left behind. Here a process
//! adds what it has noted since its last write: the newest note of a name wins, and counts add up. The record is small (at
//! most 64 names), expires 30 days after its last change, and a conflict costs one more read. The process remembers the
//! version that it stored last, so a process that is alone writes without reading, and a read from a lagging replica that
//! is older than this version is ignored.

mod flush;
mod record;

pub(crate) use flush::Flusher;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use record::{NAMES_LIMIT, Note, Notes, Version};

/// How long notes stay in memory before they are stored.
const INTERVAL: Duration = Duration::from_secs(60);

/// The same for the first note of a name.
const FIRST_INTERVAL: Duration = Duration::from_secs(3);

/// This process has noted as many names as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyNames;

/// The notes of this process, and the stored version as it knows it.
#[derive(Debug, Default)]
pub(crate) struct Observations {
    state: Mutex<State>,
    /// Held while notes are stored or read, so that none is counted twice or missing.
    stored: tokio::sync::Mutex<Version>,
    /// Notified when the next flush becomes due earlier.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The notes that are not stored yet.
    pending: Notes,
    /// All names that this process has noted.
    names: BTreeSet<String>,
    /// When to store the pending notes.
    due: Option<Instant>,
}

impl Observations {
    /// Notes a fact at a time in milliseconds since 1970. The name and the value are valid.
    ///
    /// # Errors
    ///
    /// When the name is new, and there are too many.
    pub(crate) fn note(&self, name: String, value: String, at: i64) -> Result<(), TooManyNames> {
        let mut state = self.state();
        let is_first = !state.names.contains(&name);
        if is_first {
            if state.names.len() >= NAMES_LIMIT {
                return Err(TooManyNames);
            }
            state.names.insert(name.clone());
        }
        let note = Note {
            value,
            at,
            count: 1,
        };
        state.pending.add(name, note);
        let pause = if is_first { FIRST_INTERVAL } else { INTERVAL };
        self.schedule(&mut state, pause);
        Ok(())
    }

    /// Makes the pending notes due after this pause, unless they are due earlier.
    fn schedule(&self, state: &mut State, pause: Duration) {
        let due = Instant::now() + pause;
        if state.due.is_none_or(|known| due < known) {
            state.due = Some(due);
            self.changed.notify_one();
        }
    }

    /// Waits until notes are due.
    async fn wait_until_due(&self) {
        loop {
            let changed = self.changed.notified();
            let due = self.state().due;
            match due {
                None => changed.await,
                Some(due) => {
                    if tokio::time::timeout_at(due, changed).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;

    fn note(observations: &Observations, name: &str) {
        let noted = observations.note(name.to_owned(), String::new(), 0);
        noted.unwrap();
    }

    /// How long it takes until the notes are due. Then they are taken, as if they were stored.
    async fn wait(observations: &Observations) -> Duration {
        let begin = Instant::now();
        observations.wait_until_due().await;
        let mut state = observations.state();
        state.due = None;
        state.pending = Notes::default();
        begin.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_note_of_a_name_is_due_soon_and_others_once_a_minute() {
        let observations = Arc::new(Observations::default());
        let waiting = Arc::clone(&observations);
        let waiting = tokio::spawn(async move { wait(&waiting).await });
        tokio::task::yield_now().await;
        note(&observations, "a");
        let seconds = Duration::from_secs;
        let close = |wait: Duration, to: Duration| wait >= to && wait < to + seconds(1);
        assert!(close(waiting.await.unwrap(), FIRST_INTERVAL));
        note(&observations, "a");
        tokio::time::advance(seconds(20)).await;
        note(&observations, "a");
        assert!(close(wait(&observations).await, seconds(40)));
        // A new name makes the pending notes due earlier, also for a task that waits already.
        note(&observations, "a");
        let waiting = Arc::clone(&observations);
        let waiting = tokio::spawn(async move { wait(&waiting).await });
        tokio::task::yield_now().await;
        tokio::time::advance(seconds(10)).await;
        note(&observations, "b");
        assert!(close(waiting.await.unwrap(), seconds(10) + FIRST_INTERVAL));
    }

    #[test]
    fn a_known_name_can_be_noted_when_there_are_too_many() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let _entered = runtime.unwrap().enter();
        let observations = Observations::default();
        for number in 0..NAMES_LIMIT {
            note(&observations, &format!("name{number}"));
        }
        let refused = observations.note("one_more".to_owned(), String::new(), 0);
        assert_eq!(refused, Err(TooManyNames));
        note(&observations, "name0");
    }
}
