//! What the process counts, and how it tells: Prometheus's text format, and a file for support packets.
//!
//! Labels come from closed sets, except hosts, of which a few dozen are told apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::capability::Error;
use crate::policy::EventKind;
use crate::resident::resident_memory;
use crate::sandbox::EventError;

/// Upper bounds of the buckets of latencies, in seconds.
const BUCKETS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0,
];
/// How many hosts have a line of their own.
const HOSTS: usize = 32;
/// What stands for the others.
const OTHER_HOST: &str = "other";

/// How an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Done,
    Busy,
    Timeout,
    Trap,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Busy => "busy",
            Self::Timeout => "timeout",
            Self::Trap => "trap",
        }
    }
}

/// How a run of a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum JobEnd {
    /// For good.
    Done,
    /// The component wants to run it again.
    Retry,
    /// It trapped or took too long, and runs again.
    Failed,
    /// It failed for a day.
    GivenUp,
}

impl JobEnd {
    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retry => "retry",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
        }
    }
}

#[derive(Debug, Default)]
struct Latency {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    seconds: f64,
}

#[derive(Debug, Default)]
struct Counts {
    events: BTreeMap<(EventKind, Outcome), u64>,
    latencies: BTreeMap<EventKind, Latency>,
    denials: BTreeMap<&'static str, u64>,
    fetches: BTreeMap<(String, String), u64>,
    hosts: BTreeSet<String>,
    jobs: BTreeMap<JobEnd, u64>,
    enqueued: u64,
}

/// All counters of the process.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<Counts>);

impl Metrics {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An event ended, so long after it had its turn; one that was turned away had none.
    pub(crate) fn event<T>(&self, kind: EventKind, took: Duration, result: &Result<T, EventError>) {
        let outcome = match result {
            Ok(_) => Outcome::Done,
            Err(EventError::Busy) => Outcome::Busy,
            Err(EventError::Timeout) => Outcome::Timeout,
            Err(EventError::Trap { .. }) => Outcome::Trap,
        };
        let mut counts = self.lock();
        *counts.events.entry((kind, outcome)).or_default() += 1;
        if outcome != Outcome::Busy {
            let latency = counts.latencies.entry(kind).or_default();
            let seconds = took.as_secs_f64();
            for (bucket, bound) in latency.buckets.iter_mut().zip(BUCKETS) {
                *bucket += u64::from(seconds <= bound);
            }
            latency.count += 1;
            latency.seconds += seconds;
        }
    }

    /// A call of an interface was answered with an error; only denials count.
    pub(crate) fn refusal(&self, interface: &'static str, error: &Error) {
        if matches!(error, Error::Denied(_)) {
            self.denied(interface);
        }
    }

    /// Something that a component did was not let through.
    pub(crate) fn denied(&self, interface: &'static str) {
        *self.lock().denials.entry(interface).or_default() += 1;
    }

    /// A request went out and came to this: a status, or what kept it from having one.
    pub(crate) fn fetch(&self, host: &str, status: &str) {
        let mut counts = self.lock();
        let known = counts.hosts.contains(host);
        let host = if known || counts.hosts.len() < HOSTS {
            counts.hosts.insert(host.to_owned());
            host
        } else {
            OTHER_HOST
        };
        let key = (host.to_owned(), status.to_owned());
        *counts.fetches.entry(key).or_default() += 1;
    }

    /// A job was stored.
    pub(crate) fn enqueued(&self) {
        self.lock().enqueued += 1;
    }

    /// A job ran.
    pub(crate) fn job(&self, end: JobEnd) {
        *self.lock().jobs.entry(end).or_default() += 1;
    }

    /// Everything in Prometheus's text format, version 0.0.4.
    pub(crate) fn prometheus(&self) -> String {
        let counts = self.lock();
        let mut text = Text(String::new());
        text.family(
            "plugin_host_events_total",
            "counter",
            "Events by kind and outcome.",
        );
        for ((kind, outcome), count) in &counts.events {
            let labels = [
                ("kind", kind.to_string()),
                ("outcome", outcome.name().to_owned()),
            ];
            text.line("plugin_host_events_total", &labels, *count);
        }
        text.family(
            "plugin_host_event_seconds",
            "histogram",
            "Time from an event's turn to its end.",
        );
        for (kind, latency) in &counts.latencies {
            text.latency("plugin_host_event_seconds", &kind.to_string(), latency);
        }
        text.family(
            "plugin_host_denials_total",
            "counter",
            "Calls of the component that policy or the server's permissions forbade, by interface.",
        );
        for (interface, count) in &counts.denials {
            let labels = [("interface", (*interface).to_owned())];
            text.line("plugin_host_denials_total", &labels, *count);
        }
        text.family(
            "plugin_host_http_requests_total",
            "counter",
            "Requests to the outside by host and status.",
        );
        for ((host, status), count) in &counts.fetches {
            let labels = [("host", host.clone()), ("status", status.clone())];
            text.line("plugin_host_http_requests_total", &labels, *count);
        }
        text.family("plugin_host_jobs_enqueued_total", "counter", "Jobs stored.");
        text.line("plugin_host_jobs_enqueued_total", &[], counts.enqueued);
        text.family(
            "plugin_host_jobs_total",
            "counter",
            "Runs of jobs by outcome.",
        );
        for (end, count) in &counts.jobs {
            let labels = [("outcome", end.name().to_owned())];
            text.line("plugin_host_jobs_total", &labels, *count);
        }
        if let Some(bytes) = resident_memory() {
            text.family("process_resident_memory_bytes", "gauge", "Resident memory.");
            text.line("process_resident_memory_bytes", &[], bytes);
        }
        text.0
    }
}

struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing into a string does not fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &[(&str, String)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        if !labels.is_empty() {
            let labels: Vec<String> = labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
                .collect();
            let _ = write!(self.0, "{{{}}}", labels.join(","));
        }
        let _ = writeln!(self.0, " {value}");
    }

    fn latency(&mut self, name: &str, kind: &str, latency: &Latency) {
        let bounds = BUCKETS.iter().map(f64::to_string);
        let bounds = bounds.chain(["+Inf".to_owned()]);
        let counts = latency.buckets.iter().chain([&latency.count]);
        for (bound, count) in bounds.zip(counts) {
            let labels = [("kind", kind.to_owned()), ("le", bound)];
            self.line(&format!("{name}_bucket"), &labels, count);
        }
        let labels = [("kind", kind.to_owned())];
        self.line(&format!("{name}_sum"), &labels, latency.seconds);
        self.line(&format!("{name}_count"), &labels, latency.count);
    }
}

fn escaped(value: &str) -> String {
    let mut text = String::new();
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_by_kind_and_outcome_and_timed() {
        let metrics = Metrics::default();
        let took = Duration::from_millis(3);
        metrics.event(EventKind::Request, took, &Ok(()));
        metrics.event::<()>(EventKind::Request, took, &Err(EventError::Timeout));
        metrics.event::<()>(EventKind::Request, took, &Err(EventError::Busy));
        let text = metrics.prometheus();
        for line in [
            "plugin_host_events_total{kind=\"request\",outcome=\"done\"} 1",
            "plugin_host_events_total{kind=\"request\",outcome=\"busy\"} 1",
            "plugin_host_events_total{kind=\"request\",outcome=\"timeout\"} 1",
            "plugin_host_event_seconds_bucket{kind=\"request\",le=\"0.0025\"} 0",
            "plugin_host_event_seconds_bucket{kind=\"request\",le=\"0.005\"} 2",
            "plugin_host_event_seconds_bucket{kind=\"request\",le=\"+Inf\"} 2",
            "plugin_host_event_seconds_count{kind=\"request\"} 2",
            "# TYPE plugin_host_event_seconds histogram",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
    }

    #[test]
    fn only_denials_count_as_such() {
        let metrics = Metrics::default();
        metrics.refusal("kv", &Error::Denied("a rule".to_owned()));
        metrics.refusal("kv", &Error::NotFound);
        let text = metrics.prometheus();
        assert!(text.contains("plugin_host_denials_total{interface=\"kv\"} 1\n"));
    }

    #[test]
    fn a_component_cannot_make_endless_lines_or_break_out_of_one() {
        let metrics = Metrics::default();
        for number in 0..1_000 {
            metrics.fetch(&format!("host{number}.example.com"), "200");
        }
        metrics.fetch("host0.example.com", "a\"b\\c\nd");
        let text = metrics.prometheus();
        let lines = text
            .lines()
            .filter(|line| line.starts_with("plugin_host_http"));
        assert_eq!(lines.count(), HOSTS + 2);
        assert!(text.contains(r#"host="other",status="200"} 968"#));
        assert!(text.contains(r#"status="a\"b\\c\nd""#));
    }
}
