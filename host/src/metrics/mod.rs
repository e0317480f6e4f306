//! Counters and latencies of the process, for Prometheus and for support packets.

mod exposition;
mod labels;
mod registry;

pub(crate) use labels::{Counter, EventOutcome, JobRunOutcome, status_label};
pub(crate) use registry::Metrics;
