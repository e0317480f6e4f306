//! `make bench`: compares bundles on one real Mattermost server, in one run.
//!
//! In each round, each bundle is enabled alone, measured, and disabled. So other load on the machine affects all bundles
//! alike. The first bundle is the subject of the table. It is compared with a baseline on the official Go SDK
//! (`tests/bench/go-baseline`) and with the bundles named on the command line. A bundle replaces an uploaded bundle with
//! the same ID.
//!
//! The shipped component has no routes for tests, such as one that reads a value a hundred times in one event. These
//! benchmarks use another component on the same host, `tests/guests/hello`.
//!
//! No measured time makes a run fail. A smoke run does everything once, with a few events.

mod contender;
pub mod load;
mod meetings;
pub mod report;
mod results;
pub mod usage;

use std::path::PathBuf;

use crate::Progress;
use crate::site::{Error, Site};
pub use results::Amount;

use contender::{Contender, Kind};
use report::{Column, table};
use results::{CONNECTIONS, LOST, PLAIN, READ, READ_CPU, READS, RECOVERY, all};

/// The bundles to compare, and the amount of work.
#[derive(Clone, Debug)]
pub struct Options {
    /// The bundle that is the subject of the table.
    pub subject: PathBuf,
    /// The component of `tests/guests/hello` on the same host.
    pub hello: PathBuf,
    /// The baseline.
    pub baseline: PathBuf,
    /// More bundles, such as the Go plugin's.
    pub others: Vec<PathBuf>,
    /// The amount of work.
    pub amount: Amount,
    /// The folder for logs.
    pub logs: PathBuf,
}

/// Runs the comparison and returns the report, in Markdown.
///
/// # Errors
///
/// If a server does not start, or a plugin responds incorrectly.
pub fn run(options: &Options, progress: Progress) -> Result<String, Error> {
    let site = Site::start(&options.logs, progress)?;
    let mut contenders = vec![
        Contender::new(&options.subject, Kind::Zoom, &site)?,
        Contender::new(&options.hello, Kind::Hello, &site)?,
        Contender::new(&options.baseline, Kind::Baseline, &site)?,
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
    // The results of the other component are in the subject's column.
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
    let mut text = table(&all(), &columns);
    text.push_str(&format!(
        "\nMedians of {} rounds of one run, in which the bundles took turns, each alone on the same server; in \
         brackets the smallest and the largest of the rounds, where these differ. A ratio is the median of the \
         ratios of the rounds; of what was not measured in the same rounds it is the ratio of the medians. Per \
         round and bundle: {} webhooks to warm up, and as many plain GETs before plain GETs; {} events over 1 \
         connection and {} over {CONNECTIONS}, of each kind; {} events that read {READS} values, and as many that \
         read none; {} meetings. Growth of memory: over {} events at {CONNECTIONS} connections, once.\n\
         For all bundles but the baseline, “unknown meeting” and “the baseline with one call only” are the same \
         requests, sent twice in alternating order; the two results differ only by chance.\n\
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
