//! The results of the benchmark, the amount of work per run, and helpers for measuring.

use std::path::Path;

use super::report::{Figure, Unit};
use crate::site::{Error, explain};

const fn seconds(title: &'static str) -> Figure {
    let unit = Unit::Seconds;
    Figure { title, unit }
}

const fn bytes(title: &'static str) -> Figure {
    let unit = Unit::Bytes;
    Figure { title, unit }
}

pub(crate) const BUNDLE: Figure = bytes("bundle");
pub(crate) const EXECUTABLE: Figure = bytes("executable");
pub(crate) const ACTIVATED: Figure = seconds("start of the process to “activated”");
pub(crate) const IDLE: Figure = bytes("memory (RSS), idle");
pub(crate) const IDLE_OWN: Figure = bytes("– of which anonymous");
pub(crate) const LOADED: Figure = bytes("memory (RSS), after the round's webhooks");
pub(crate) const LOADED_OWN: Figure = bytes("– of which anonymous, after the webhooks");
pub(crate) const GROWTH: Figure = bytes("growth of RSS over many events");
pub(crate) const READ: Figure = seconds("one read of 300 bytes through the API: time");
pub(crate) const READ_CPU: Figure = seconds("one read of 300 bytes through the API: plugin CPU");
pub(crate) const START: Figure = seconds("start of a meeting, p50");
pub(crate) const RECOVERY: Figure = seconds("from a crash of the logic to the next good response");
pub(crate) const LOST: Figure = Figure {
    title: "requests lost in a crash",
    unit: Unit::Count,
};

/// The measurements of one kind of request.
pub(crate) struct Load {
    /// Plugin CPU over one connection.
    pub one: Figure,
    /// Latency over one connection.
    pub one_p50: Figure,
    /// Plugin CPU over [`CONNECTIONS`].
    pub many: Figure,
    /// Latency over [`CONNECTIONS`].
    pub many_p50: Figure,
    /// The 99th percentile of that latency.
    pub many_p99: Figure,
}

macro_rules! load {
    ($name:literal) => {
        Load {
            one: seconds(concat!($name, ": plugin CPU, 1 connection")),
            one_p50: seconds(concat!($name, ": p50, 1 connection")),
            many: seconds(concat!($name, ": plugin CPU, 32 connections")),
            many_p50: seconds(concat!($name, ": p50, 32 connections")),
            many_p99: seconds(concat!($name, ": p99, 32 connections")),
        }
    };
}

/// The end of a meeting that a channel follows. The Go baseline makes two reads and one compare-and-set.
pub(crate) const FOLLOWED: Load = load!("webhook, followed meeting");
/// The end of an unknown meeting. The Go baseline makes two reads.
pub(crate) const UNKNOWN: Load = load!("webhook, unknown meeting");
/// A request that is answered without an API call.
pub(crate) const PLAIN: Load = load!("plain GET");
/// The end of an unknown meeting again. The Go baseline makes only one compare-and-set.
pub(crate) const LEAST: Load = load!("webhook, the baseline with one call only");

/// The number of connections under load.
pub(crate) const CONNECTIONS: usize = 32;
/// The number of values that one event of the read benchmark reads.
pub(crate) const READS: usize = 90;

/// All results, in the order of the table.
pub(crate) fn all() -> Vec<Figure> {
    let mut all = vec![
        BUNDLE, EXECUTABLE, ACTIVATED, IDLE, IDLE_OWN, LOADED, LOADED_OWN, GROWTH,
    ];
    for load in [FOLLOWED, UNKNOWN, LEAST, PLAIN] {
        all.extend([
            load.one,
            load.one_p50,
            load.many,
            load.many_p50,
            load.many_p99,
        ]);
    }
    all.extend([READ, READ_CPU, START, RECOVERY, LOST]);
    all
}

/// Events of a kind before its measurement.
const WARM_UP: usize = 300;

/// The amount of work.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    /// Rounds, in each of which every bundle is measured once.
    pub rounds: usize,
    /// Events of each kind per round over one connection.
    pub one: usize,
    /// Events of each kind per round over [`CONNECTIONS`].
    pub many: usize,
    /// Events per round of [`READS`] reads each.
    pub reading: usize,
    /// Meetings started per round.
    pub starts: usize,
    /// Events over which the growth of memory is measured, after all rounds.
    pub drift: usize,
    /// Whether to measure crashes that the server notices only after half a minute.
    pub slow_recovery: bool,
}

impl Amount {
    /// Enough for results that are stable within a few percent.
    pub const FULL: Amount = Amount {
        rounds: 5,
        one: 800,
        many: 4_000,
        reading: 40,
        starts: 8,
        drift: 100_000,
        slow_recovery: true,
    };
    /// Enough to see that everything works.
    pub const SMOKE: Amount = Amount {
        rounds: 1,
        one: 10,
        many: 64,
        reading: 1,
        starts: 1,
        drift: 100,
        slow_recovery: false,
    };

    /// Events that warm a bundle up, over one connection.
    pub(crate) fn warm_up(&self) -> usize {
        self.one.min(WARM_UP)
    }
}

/// The reason why one result is missing. The run continues.
pub(crate) fn note(what: &str, error: &Error) -> String {
    format!("{what}: {}", explain(error))
}

/// An error of a file or a socket.
pub(crate) fn failed(what: &str, error: &std::io::Error) -> Error {
    Error::Unexpected(format!("{what}: {error}"))
}

/// The size of a file.
pub(crate) fn size(path: &Path) -> Result<f64, Error> {
    let data = std::fs::metadata(path);
    let data = data.map_err(|error| failed(&path.display().to_string(), &error))?;
    Ok(data.len() as f64)
}
