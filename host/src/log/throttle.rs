//! Which lines get into the server's log, and in which form.
//!
//! A stranger can make a plugin write lines: with a wrong secret, or by sending so much that some is turned away.
//! Each line by itself is worth reading, ten thousand of them hide what else is there and fill a disk. So what says
//! the same again within a minute is written a few times and then only counted; the next one that is written says
//! how many were left out. Only so many lines are told apart, and all others share one count. The metrics have all.
//!
//! Nobody waits for the log. A line is handed to the server at once, and only so many may be without an answer: when the
//! server is slow, the others are left out.
//!
//! Control characters are written as escapes: in a log that is plain text, a line break within a message would begin
//! a line that nobody wrote.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use mattermost_plugin_rpc::mattermost::{Api, LogLevel};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::metrics::{Counter, Metrics};

/// For how long lines that say the same belong together.
const INTERVAL: Duration = Duration::from_secs(60);
/// How many of them are written.
const OF_THE_HOST: u32 = 1;
const OF_THE_COMPONENT: u32 = 20;
/// How many lines are told apart.
const KNOWN: usize = 64;
/// What all others are counted as.
const OTHERS: u64 = 0;

/// The longest message, and the longest name or value of a field, in bytes.
pub(crate) const TEXT_LIMIT: usize = 8 * 1024;

/// The field that says how many lines were left out.
const LEFT_OUT: &str = "left_out";

/// A line for the log.
pub(crate) struct Line<'a> {
    pub(crate) level: LogLevel,
    pub(crate) says: Says<'a>,
    pub(crate) message: &'a str,
    pub(crate) fields: Vec<(String, String)>,
}

impl Line<'_> {
    /// A warning of the host's own.
    pub(crate) fn warning(says: &'static str) -> Self {
        Self {
            level: LogLevel::Warn,
            says: Says::Host(says),
            message: says,
            fields: Vec::new(),
        }
    }
}

/// What makes a line the same as another.
#[derive(Clone, Copy)]
pub(crate) enum Says<'a> {
    /// A sentence of the host's own.
    Host(&'static str),
    /// Words of the component's choice, however many these are.
    Component(&'a str),
}

/// How many lines may be on their way to the server.
const ON_THEIR_WAY: usize = 256;
/// How long the end of the process waits for them.
const DRAIN: Duration = Duration::from_secs(1);

/// What was written lately. The component's lines do not displace the host's.
#[derive(Debug)]
pub(crate) struct Lines {
    host: Table,
    component: Table,
    places: Arc<Semaphore>,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            host: Table::default(),
            component: Table::default(),
            places: Arc::new(Semaphore::new(ON_THEIR_WAY)),
        }
    }
}

#[derive(Debug, Default)]
struct Table {
    seed: RandomState,
    known: Mutex<HashMap<u64, Said>>,
}

#[derive(Debug)]
struct Said {
    since: Instant,
    times: u32,
    left_out: u64,
}

impl Lines {
    /// Writes a line unless the same was written too often in the last minute, or too many are on their way.
    pub(crate) fn write(&self, api: &Arc<dyn Api>, metrics: &Metrics, line: Line<'_>) {
        let now = Instant::now();
        let admitted = match line.says {
            Says::Host(says) => self.host.admit(says, OF_THE_HOST, now),
            Says::Component(says) => self.component.admit(says, OF_THE_COMPONENT, now),
        };
        let Some(left_out) = admitted else {
            metrics.count(Counter::LineLeftOut, "repeated");
            return;
        };
        let mut fields = line.fields;
        if left_out > 0 {
            fields.push((LEFT_OUT.to_owned(), left_out.to_string()));
        }
        let (api, level, message) = (Arc::clone(api), line.level, line.message.to_owned());
        self.send(metrics, async move {
            // There is nobody else to tell.
            let _ = api.log(level, &message, fields).await;
        });
    }

    /// Sends something to the server's log without waiting for the answer, unless too much is on its way.
    pub(crate) fn send(&self, metrics: &Metrics, what: impl Future<Output = ()> + Send + 'static) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            metrics.count(Counter::LineLeftOut, "queue");
            return;
        };
        let mut sending = Box::pin(async move {
            what.await;
            drop(place);
        });
        // The first step hands the line over, so that lines keep their order. The rest is waiting for the answer.
        if sending.as_mut().now_or_never().is_none() {
            tokio::spawn(sending);
        }
    }

    /// Waits, not for long, until no line is on its way.
    pub(crate) async fn drain(&self) {
        let all = u32::try_from(ON_THEIR_WAY).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(DRAIN, self.places.acquire_many(all)).await;
    }
}

impl Table {
    /// Whether a line is to be written that says this, no more than `most` times in a minute. If so, how many
    /// like it were left out before.
    fn admit(&self, says: &str, most: u32, now: Instant) -> Option<u64> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let own = self.seed.hash_one(says);
        if known.len() > KNOWN {
            known.retain(|_, said| !said.is_over(now));
        }
        let full = known.len() > KNOWN && !known.contains_key(&own);
        let said = known
            .entry(if full { OTHERS } else { own })
            .or_insert(Said {
                since: now,
                times: 0,
                left_out: 0,
            });
        if said.is_over(now) {
            said.since = now;
            said.times = 0;
        }
        if said.times >= most {
            said.left_out = said.left_out.saturating_add(1);
            return None;
        }
        said.times += 1;
        Some(std::mem::take(&mut said.left_out))
    }
}

impl Said {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= INTERVAL
    }
}

/// The text as it may stand in the log: on one line, and no longer than is allowed.
pub(crate) fn cut(text: String) -> String {
    cut_to(text, TEXT_LIMIT)
}

/// The same with another limit, in bytes.
pub(crate) fn cut_to(mut text: String, limit: usize) -> String {
    text.truncate(text.floor_char_boundary(limit));
    text = plain(text);
    text.truncate(text.floor_char_boundary(limit));
    text
}

/// The text with its control characters written out, those that only some programs take for a line break among
/// them.
fn plain(text: String) -> String {
    let breaks = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    if !text.contains(breaks) {
        return text;
    }
    let mut plain = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if breaks(letter) {
            // Writing into a string does not fail.
            let _ = write!(plain, "{}", letter.escape_default());
        } else {
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_again_is_counted_and_told_with_the_next_line() {
        let (lines, now) = (Table::default(), Instant::now());
        assert_eq!(lines.admit("a", 2, now), Some(0));
        assert_eq!(lines.admit("a", 2, now), Some(0));
        for _ in 0..5 {
            assert_eq!(lines.admit("a", 2, now), None);
        }
        assert_eq!(lines.admit("b", 2, now), Some(0), "another line");
        assert_eq!(lines.admit("a", 2, now + INTERVAL), Some(5));
        assert_eq!(lines.admit("a", 2, now + INTERVAL), Some(0));
        assert_eq!(lines.admit("a", 2, now + INTERVAL), None);
    }

    #[test]
    fn who_says_something_else_each_time_is_not_heard_for_ever() {
        let (lines, now) = (Table::default(), Instant::now());
        let admitted = |now| {
            let all = (0..10_000).filter(|n| lines.admit(&format!("line {n}"), 3, now).is_some());
            all.count()
        };
        assert!(admitted(now) <= KNOWN + 4);
        assert!(lines.known.lock().unwrap().len() <= KNOWN + 2);
        let later = admitted(now + INTERVAL);
        assert!((KNOWN..=KNOWN + 4).contains(&later), "{later}");
    }

    #[test]
    fn lines_of_the_component_do_not_displace_the_hosts() {
        let (lines, now) = (Lines::default(), Instant::now());
        for number in 0..10_000 {
            lines.component.admit(&format!("line {number}"), 1, now);
        }
        assert_eq!(lines.host.admit("a", 1, now), Some(0));
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let text = cut("é".repeat(TEXT_LIMIT));
        assert_eq!(text.len(), TEXT_LIMIT);
        assert_eq!(cut("short".to_owned()), "short");
    }

    #[test]
    fn text_that_grows_by_being_written_out_is_cut_all_the_same() {
        assert_eq!(cut("\n".repeat(TEXT_LIMIT)).len(), TEXT_LIMIT);
        assert_eq!(cut("a\nb".to_owned()), "a\\nb");
    }

    #[test]
    fn a_line_cannot_begin_another() {
        let told = plain("a\nb\r\u{1b}[2J\u{85}\u{2028}c\td".to_owned());
        assert_eq!(told, "a\\nb\\r\\u{1b}[2J\\u{85}\\u{2028}c\\td");
        assert_eq!(plain("é “x” \\n".to_owned()), "é “x” \\n");
    }
}
