//! `make bench`: bundles side by side on one real Mattermost server, in one run.
//!
//! The bundles take turns: in each round each of them is enabled alone, measured, and disabled, so that what
//! else the machine does meets all of them alike. The first bundle is the one that the table is about; the
//! others are what it is compared with: a floor made on the official Go SDK (`tests/bench/go-floor`), and
//! bundles named on the command line. Bundles with the same id are uploaded over each other in turn.
//!
//! What only a test may ask for, such as reading a value a hundred times in one event, the shipped component
//! does not answer. It is asked of another component on the same host: `tests/guests/hello`.
//!
//! Nothing here passes or fails by a time. A smoke run does everything once, with a handful of events.

mod contender;
pub mod load;
mod meetings;
pub mod report;
pub mod usage;

use std::path::{Path, PathBuf};

use crate::Progress;
use crate::site::{Error, Site, explain};
use contender::{Contender, Kind};
use report::{Column, Figure, Unit, table};

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
pub(crate) const IDLE_OWN: Figure = bytes("– of it the process's own (anonymous)");
pub(crate) const LOADED: Figure = bytes("memory (RSS), after the round's webhooks");
pub(crate) const LOADED_OWN: Figure = bytes("– of it the process's own, after the webhooks");
pub(crate) const GROWTH: Figure = bytes("growth of RSS over many events");
pub(crate) const READ: Figure = seconds("one read of 300 bytes through the API: time");
pub(crate) const READ_CPU: Figure = seconds("one read of 300 bytes through the API: plugin CPU");
pub(crate) const START: Figure = seconds("start of a meeting, p50");
pub(crate) const RECOVERY: Figure = seconds("from a crash of the logic to the next good answer");
pub(crate) const LOST: Figure = Figure {
    title: "requests lost by it",
    unit: Unit::Count,
};

/// What is measured of one kind of request.
pub(crate) struct Load {
    /// Plugin CPU over one connection.
    pub one: Figure,
    /// Latency over one connection.
    pub one_p50: Figure,
    /// Plugin CPU over [`CONNECTIONS`].
    pub many: Figure,
    /// Latency over [`CONNECTIONS`].
    pub many_p50: Figure,
    /// The slow end of it.
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

/// The end of a meeting that a channel follows. The Go floor makes two reads and one compare-and-set.
pub(crate) const FOLLOWED: Load = load!("webhook, followed meeting");
/// The end of a meeting that nobody knows. The Go floor makes two reads.
pub(crate) const UNKNOWN: Load = load!("webhook, unknown meeting");
/// A request that is answered without a call of the API.
pub(crate) const PLAIN: Load = load!("plain GET");
/// The unknown meeting again, where the floor does no more than mark it by one compare-and-set.
pub(crate) const LEAST: Load = load!("webhook, the floor with one call only");

/// How many connections are many.
pub(crate) const CONNECTIONS: usize = 32;
/// How many values are read in one event, where reading is measured.
pub(crate) const READS: usize = 90;

fn figures() -> Vec<Figure> {
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

/// Events of a kind before it is measured.
const WARM_UP: usize = 300;

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    /// How often the bundles take turns.
    pub rounds: usize,
    /// Events of each kind per round over one connection.
    pub one: usize,
    /// Events of each kind per round over many.
    pub many: usize,
    /// Events per round of [`READS`] reads each.
    pub reading: usize,
    /// Meetings started per round.
    pub starts: usize,
    /// Events over which the growth of memory is watched, after all rounds.
    pub drift: usize,
    /// Whether a crash is waited for that the server takes half a minute to notice.
    pub slow_recovery: bool,
}

impl Amount {
    /// Enough for figures to be stable within a few per cent.
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

/// What to compare.
#[derive(Clone, Debug)]
pub struct Options {
    /// The bundle that the table is about.
    pub subject: PathBuf,
    /// Another component on the same host, that of `tests/guests/hello`.
    pub hello: PathBuf,
    /// The floor.
    pub floor: PathBuf,
    /// Further bundles, such as one of the existing Go plugin.
    pub others: Vec<PathBuf>,
    /// How much is done.
    pub amount: Amount,
    /// Where the logs go.
    pub logs: PathBuf,
}

/// Runs the comparison and answers with its report, in Markdown.
///
/// # Errors
///
/// When a peer does not start, or a plugin does not answer right.
pub fn run(options: &Options, progress: Progress) -> Result<String, Error> {
    let site = Site::start(&options.logs, progress)?;
    let mut contenders = vec![
        Contender::new(&options.subject, Kind::Zoom, &site)?,
        Contender::new(&options.hello, Kind::Hello, &site)?,
        Contender::new(&options.floor, Kind::Floor, &site)?,
    ];
    for bundle in &options.others {
        contenders.push(Contender::new(bundle, Kind::Other, &site)?);
    }
    let amount = &options.amount;
    for round in 1..=amount.rounds {
        for contender in &mut contenders {
            progress(&format!(
                "round {round} of {}: {}",
                amount.rounds,
                contender.name()
            ));
            contender.round(&site, amount, round)?;
        }
    }
    for contender in &mut contenders {
        progress(&format!(
            "{} events in a row: {}",
            amount.drift,
            contender.name()
        ));
        contender.drift(&site, amount)?;
    }
    if amount.slow_recovery {
        for contender in &mut contenders {
            progress(&format!("a crash of {}", contender.name()));
            contender.crash(&site)?;
        }
    }
    Ok(report(amount, &contenders))
}

fn report(amount: &Amount, contenders: &[Contender]) -> String {
    let mut columns: Vec<Column> = contenders.iter().map(Contender::column).collect();
    // What is asked of the other component stands in the subject's column.
    let hello = contenders
        .iter()
        .position(|contender| contender.kind() == Kind::Hello);
    let hello = hello.map(|place| columns.remove(place));
    if let (Some(subject), Some(hello)) = (columns.first_mut(), hello) {
        let measured = hello.values;
        for figure in [
            PLAIN.one,
            PLAIN.one_p50,
            PLAIN.many,
            PLAIN.many_p50,
            PLAIN.many_p99,
            READ,
            READ_CPU,
            RECOVERY,
            LOST,
        ] {
            subject.values.take_over(figure, &measured);
        }
    }
    let mut text = table(&figures(), &columns);
    text.push_str(&format!(
        "\nMedians of {} rounds of one run, in which the bundles took turns, each alone on the same server; in \
         brackets the smallest and the largest of the rounds, where these differ. A ratio is the median of the \
         ratios of the rounds; of what was not measured in the same rounds it is the ratio of the medians. Per \
         round and bundle: {} webhooks to warm up, and as many plain GETs before plain GETs; {} events over 1 \
         connection and {} over {CONNECTIONS}, of each kind; {} events that read {READS} values, and as many that \
         read none; {} meetings. Growth of memory: over {} events at {CONNECTIONS} connections, once.\n\
         For all but the floor “unknown meeting” and “the floor with one call only” are the same requests, which \
         are made twice, in turns the one or the other first; what the two figures differ by is chance.\n\
         CPU is user and system time of the plugin's own process, by the kernel's account of its threads. RSS is \
         VmRSS, which counts the pages of the executable that are in memory. Plain GET, reads and the crash are \
         asked of the component `hello` on the same host, because the shipped component has no such routes; \
         ours crashes by a trap of the component, a Go plugin by a panic or, without such a route, by SIGKILL.\n",
        amount.rounds,
        amount.warm_up(),
        amount.one,
        amount.many,
        amount.reading,
        amount.starts,
        amount.drift
    ));
    for contender in contenders {
        for note in contender.notes() {
            text.push_str(&format!("Not measured of {}: {note}\n", contender.name()));
        }
    }
    text
}

/// What stands in the way of one figure, which is said and does not end the run.
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
