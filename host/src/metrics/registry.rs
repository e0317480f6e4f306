//! What the process counts, and how it tells: Prometheus's text format, and a file for support packets.
//!
//! Labels come from closed sets, except hosts, of which a few dozen are told apart.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::capability::Error;
use crate::policy::EventKind;
use crate::process::rss::resident_memory;
use crate::sandbox::EventError;

/// Upper bounds of the buckets of latencies, in seconds.
const BUCKETS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0,
];
/// How many hosts have a line of their own.
const HOSTS: usize = 32;
/// What stands for the others.
const OTHER_HOST: &str = "other";

/// Statuses that are told apart; of others only the first digit is.
const STATUSES: [(u16, &str); 22] = [
    (200, "200"),
    (201, "201"),
    (202, "202"),
    (204, "204"),
    (206, "206"),
    (301, "301"),
    (302, "302"),
    (303, "303"),
    (304, "304"),
    (307, "307"),
    (308, "308"),
    (400, "400"),
    (401, "401"),
    (403, "403"),
    (404, "404"),
    (409, "409"),
    (410, "410"),
    (429, "429"),
    (500, "500"),
    (502, "502"),
    (503, "503"),
    (504, "504"),
];

/// A status as the label of a counter, of which whoever answers cannot make many.
pub(crate) fn status_label(status: u16) -> &'static str {
    let known = STATUSES.iter().find(|(known, _)| *known == status);
    match (known, status) {
        (Some((_, label)), _) => label,
        (None, 200..300) => "2xx",
        (None, 300..400) => "3xx",
        (None, 400..500) => "4xx",
        (None, 500..600) => "5xx",
        (None, _) => "other",
    }
}

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

/// What is counted with one label, from a closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Counter {
    /// An event ended in a trap.
    Trap,
    /// A growth of memory was refused.
    MemoryRefusal,
    /// A call of the component was denied.
    Denial,
    /// The host answered a request in place of the component.
    TurnedAway,
    /// An answer did not reach the server as a whole.
    AnswerDropped,
    /// A line was left out of the log.
    LineLeftOut,
}

impl Counter {
    const ALL: [Self; 6] = [
        Self::Trap,
        Self::MemoryRefusal,
        Self::Denial,
        Self::TurnedAway,
        Self::AnswerDropped,
        Self::LineLeftOut,
    ];

    /// Its name, the name of its label, and what it means.
    fn about(self) -> [&'static str; 3] {
        match self {
            Self::Trap => [
                "plugin_host_traps_total",
                "reason",
                "Events that ended in a trap, by what made them.",
            ],
            Self::MemoryRefusal => [
                "plugin_host_memory_refusals_total",
                "limit",
                "Events that were refused memory, by whose limit: their own, or that of all together.",
            ],
            Self::Denial => [
                "plugin_host_denials_total",
                "interface",
                "Calls of the component that policy or the server's permissions forbade, by interface; `answer` for answers to requests.",
            ],
            Self::TurnedAway => [
                "plugin_host_requests_turned_away_total",
                "reason",
                "Requests and commands that the host answered in place of the component, by reason; `late`: the time of the route was over, and the event continued.",
            ],
            Self::AnswerDropped => [
                "plugin_host_answers_dropped_total",
                "reason",
                "Answers that the server did not take as a whole, by reason.",
            ],
            Self::LineLeftOut => [
                "plugin_host_log_lines_left_out_total",
                "reason",
                "Lines that are not in the log, as the event wrote too much or they said the same again.",
            ],
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
    labelled: BTreeMap<(Counter, &'static str), u64>,
    fetches: BTreeMap<String, BTreeMap<&'static str, u64>>,
    jobs: BTreeMap<JobEnd, u64>,
    enqueued: u64,
}

impl Counts {
    fn count(&mut self, counter: Counter, label: &'static str) {
        *self.labelled.entry((counter, label)).or_default() += 1;
    }
}

/// All counters of the process.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    counts: Mutex<Counts>,
    /// What calls brought, in bytes.
    brought: AtomicU64,
}

impl Metrics {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An event ended, so long after it had its turn; one that was turned away had none.
    pub(crate) fn event<T>(&self, kind: EventKind, took: Duration, result: &Result<T, EventError>) {
        let outcome = match result {
            Ok(_) => Outcome::Done,
            Err(EventError::Busy) => Outcome::Busy,
            Err(EventError::Timeout(_)) => Outcome::Timeout,
            Err(EventError::Trap(..)) => Outcome::Trap,
        };
        let mut counts = self.lock();
        if let Err(EventError::Trap(cause, _)) = result {
            counts.count(Counter::Trap, cause.name());
        }
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
            self.count(Counter::Denial, interface);
        }
    }

    /// Something happened that is counted by its label.
    pub(crate) fn count(&self, counter: Counter, label: &'static str) {
        self.lock().count(counter, label);
    }

    /// A request went out and came to this: a status, or what kept it from having one.
    pub(crate) fn fetch(&self, host: &str, came_to: &'static str) {
        let mut counts = self.lock();
        let known = counts.fetches.contains_key(host);
        let host = if known || counts.fetches.len() < HOSTS {
            host
        } else {
            OTHER_HOST
        };
        let own = match counts.fetches.get_mut(host) {
            Some(own) => own,
            None => counts.fetches.entry(host.to_owned()).or_default(),
        };
        *own.entry(came_to).or_default() += 1;
    }

    /// A call brought so many bytes.
    pub(crate) fn brought(&self, bytes: usize) {
        self.brought.fetch_add(bytes as u64, Ordering::Relaxed);
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
        for counter in Counter::ALL {
            let [name, label, help] = counter.about();
            text.family(name, "counter", help);
            let own = counts.labelled.range((counter, "")..);
            let own = own.take_while(|((other, _), _)| *other == counter);
            for ((_, value), count) in own {
                text.line(name, &[(label, (*value).to_owned())], *count);
            }
        }
        text.family(
            "plugin_host_http_requests_total",
            "counter",
            "Requests to the outside by host and status.",
        );
        for (host, statuses) in &counts.fetches {
            for (status, count) in statuses {
                let labels = [("host", host.clone()), ("status", (*status).to_owned())];
                text.line("plugin_host_http_requests_total", &labels, *count);
            }
        }
        let brought = self.brought.load(Ordering::Relaxed);
        text.family(
            "plugin_host_call_bytes_total",
            "counter",
            "What calls of the component brought, in bytes as the host keeps them.",
        );
        text.line("plugin_host_call_bytes_total", &[], brought);
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
    use crate::sandbox::{Cause, Ending};

    #[test]
    fn events_are_counted_by_kind_and_outcome_and_timed() {
        let metrics = Metrics::default();
        let took = Duration::from_millis(3);
        metrics.event(EventKind::Request, took, &Ok(()));
        metrics.event::<()>(
            EventKind::Request,
            took,
            &Err(EventError::Timeout(Ending::default())),
        );
        metrics.event::<()>(EventKind::Request, took, &Err(EventError::Busy));
        let trap = EventError::Trap(Cause::Calls, Ending::default());
        metrics.event::<()>(EventKind::Request, took, &Err(trap));
        let text = metrics.prometheus();
        for line in [
            "plugin_host_events_total{kind=\"request\",outcome=\"done\"} 1",
            "plugin_host_events_total{kind=\"request\",outcome=\"busy\"} 1",
            "plugin_host_events_total{kind=\"request\",outcome=\"timeout\"} 1",
            "plugin_host_events_total{kind=\"request\",outcome=\"trap\"} 1",
            "plugin_host_traps_total{reason=\"calls\"} 1",
            "plugin_host_event_seconds_bucket{kind=\"request\",le=\"0.0025\"} 0",
            "plugin_host_event_seconds_bucket{kind=\"request\",le=\"0.005\"} 3",
            "plugin_host_event_seconds_bucket{kind=\"request\",le=\"+Inf\"} 3",
            "plugin_host_event_seconds_count{kind=\"request\"} 3",
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
    fn statuses_are_told_apart_as_far_as_they_matter() {
        let labels = [200, 207, 302, 399, 418, 429, 503, 599, 99, 999].map(status_label);
        let told = [
            "200", "2xx", "302", "3xx", "4xx", "429", "503", "5xx", "other", "other",
        ];
        assert_eq!(labels, told);
        for (status, label) in STATUSES {
            assert_eq!(label, status.to_string());
        }
    }

    #[test]
    fn each_counter_has_its_own_labels() {
        let metrics = Metrics::default();
        for counter in Counter::ALL {
            metrics.count(counter, "a");
            metrics.count(counter, "b");
        }
        let text = metrics.prometheus();
        for counter in Counter::ALL {
            let [name, label, _] = counter.about();
            for value in ["a", "b"] {
                let line = format!("{name}{{{label}=\"{value}\"}} 1\n");
                assert_eq!(text.matches(&line).count(), 1, "{line}\n{text}");
            }
        }
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
