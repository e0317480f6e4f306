//! The counters of the process.
//!
//! Label values come from closed sets, except hosts, of which a few dozen have their own series.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::exposition::{BUCKETS, Exposition, Latency};
use super::labels::{Counter, EventOutcome, JobRunOutcome};
use crate::error::Error;
use crate::policy::EventKind;

/// How many hosts have their own series.
const HOSTS: usize = 32;

/// The label of all other hosts.
const OTHER_HOST: &str = "other";

#[derive(Debug, Default)]
struct Counts {
    events: BTreeMap<(EventKind, &'static str), u64>,
    latencies: BTreeMap<EventKind, Latency>,
    labeled: BTreeMap<(Counter, &'static str), u64>,
    fetches: BTreeMap<String, BTreeMap<&'static str, u64>>,
    jobs: BTreeMap<JobRunOutcome, u64>,
    enqueued: u64,
}

impl Counts {
    fn count(&mut self, counter: Counter, label: &'static str) {
        *self.labeled.entry((counter, label)).or_default() += 1;
    }
}

/// All counters of the process.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    counts: Mutex<Counts>,
    /// Bytes of call arguments.
    call_bytes: AtomicU64,
}

impl Metrics {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an event, and its latency unless it never ran.
    pub(crate) fn event(&self, kind: EventKind, took: Duration, outcome: EventOutcome) {
        let mut counts = self.lock();
        if let EventOutcome::Trap(reason) = outcome {
            counts.count(Counter::Trap, reason);
        }
        let event = (kind, outcome.label());
        *counts.events.entry(event).or_default() += 1;
        if outcome != EventOutcome::Busy {
            let latency = counts.latencies.entry(kind).or_default();
            let seconds = took.as_secs_f64();
            for (bucket, bound) in latency.buckets.iter_mut().zip(BUCKETS) {
                *bucket += u64::from(seconds <= bound);
            }
            latency.count += 1;
            latency.seconds += seconds;
        }
    }

    /// Counts the error of a call if it is a denial.
    pub(crate) fn count_denial(&self, interface: &'static str, error: &Error) {
        if matches!(error, Error::Denied(_)) {
            self.count(Counter::Denial, interface);
        }
    }

    /// Increments a counter.
    pub(crate) fn count(&self, counter: Counter, label: &'static str) {
        self.lock().count(counter, label);
    }

    /// Counts an outgoing request by its status, or by the reason that it has none.
    pub(crate) fn fetch(&self, host: &str, status: &'static str) {
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
        *own.entry(status).or_default() += 1;
    }

    /// Counts bytes of call arguments.
    pub(crate) fn call_bytes(&self, bytes: usize) {
        self.call_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts a stored job.
    pub(crate) fn enqueued(&self) {
        self.lock().enqueued += 1;
    }

    /// Counts a run of a job.
    pub(crate) fn job(&self, end: JobRunOutcome) {
        *self.lock().jobs.entry(end).or_default() += 1;
    }

    /// Everything in Prometheus's text format. `resident_memory` is in bytes.
    pub(crate) fn prometheus(&self, resident_memory: Option<u64>) -> String {
        let counts = self.lock();
        let mut text = Exposition(String::new());
        text.family(
            "plugin_host_events_total",
            "counter",
            "Events by kind and outcome.",
        );
        for ((kind, outcome), count) in &counts.events {
            let labels = [
                ("kind", kind.to_string()),
                ("outcome", (*outcome).to_owned()),
            ];
            text.line("plugin_host_events_total", &labels, *count);
        }
        text.family(
            "plugin_host_event_seconds",
            "histogram",
            "Time from the start of an event to its end.",
        );
        for (kind, latency) in &counts.latencies {
            text.latency("plugin_host_event_seconds", &kind.to_string(), latency);
        }
        for counter in Counter::ALL {
            let [name, label, help] = counter.describe();
            text.family(name, "counter", help);
            let own = counts.labeled.range((counter, "")..);
            let own = own.take_while(|((other, _), _)| *other == counter);
            for ((_, value), count) in own {
                text.line(name, &[(label, (*value).to_owned())], *count);
            }
        }
        text.family(
            "plugin_host_http_requests_total",
            "counter",
            "Outgoing requests by host and status.",
        );
        for (host, statuses) in &counts.fetches {
            for (status, count) in statuses {
                let labels = [("host", host.clone()), ("status", (*status).to_owned())];
                text.line("plugin_host_http_requests_total", &labels, *count);
            }
        }
        let call_bytes = self.call_bytes.load(Ordering::Relaxed);
        text.family(
            "plugin_host_call_bytes_total",
            "counter",
            "Arguments of the component's calls, in bytes on the host's heap.",
        );
        text.line("plugin_host_call_bytes_total", &[], call_bytes);
        text.family("plugin_host_jobs_enqueued_total", "counter", "Jobs stored.");
        text.line("plugin_host_jobs_enqueued_total", &[], counts.enqueued);
        text.family("plugin_host_jobs_total", "counter", "Job runs by outcome.");
        for (end, count) in &counts.jobs {
            let labels = [("outcome", end.label().to_owned())];
            text.line("plugin_host_jobs_total", &labels, *count);
        }
        if let Some(bytes) = resident_memory {
            text.family("process_resident_memory_bytes", "gauge", "Resident memory.");
            text.line("process_resident_memory_bytes", &[], bytes);
        }
        text.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_by_kind_and_outcome_and_timed() {
        let metrics = Metrics::default();
        let took = Duration::from_millis(3);
        metrics.event(EventKind::Request, took, EventOutcome::Done);
        metrics.event(EventKind::Request, took, EventOutcome::Timeout);
        metrics.event(EventKind::Request, took, EventOutcome::Busy);
        metrics.event(EventKind::Request, took, EventOutcome::Trap("calls"));
        let text = metrics.prometheus(None);
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
    fn only_denials_are_counted_as_denials() {
        let metrics = Metrics::default();
        metrics.count_denial("kv", &Error::Denied("a rule".to_owned()));
        metrics.count_denial("kv", &Error::NotFound);
        let text = metrics.prometheus(None);
        assert!(text.contains("plugin_host_denials_total{interface=\"kv\"} 1\n"));
    }

    #[test]
    fn each_counter_has_its_own_labels() {
        let metrics = Metrics::default();
        for counter in Counter::ALL {
            metrics.count(counter, "a");
            metrics.count(counter, "b");
        }
        let text = metrics.prometheus(None);
        for counter in Counter::ALL {
            let [name, label, _] = counter.describe();
            for value in ["a", "b"] {
                let line = format!("{name}{{{label}=\"{value}\"}} 1\n");
                assert_eq!(text.matches(&line).count(), 1, "{line}\n{text}");
            }
        }
    }

    #[test]
    fn a_component_cannot_create_endless_series_or_break_the_format() {
        let metrics = Metrics::default();
        for number in 0..1_000 {
            metrics.fetch(&format!("host{number}.example.com"), "200");
        }
        metrics.fetch("host0.example.com", "a\"b\\c\nd");
        let text = metrics.prometheus(None);
        let lines = text
            .lines()
            .filter(|line| line.starts_with("plugin_host_http"));
        assert_eq!(lines.count(), HOSTS + 2);
        assert!(text.contains(r#"host="other",status="200"} 968"#));
        assert!(text.contains(r#"status="a\"b\\c\nd""#));
    }
}
