//! Counters and latencies of the process, in Prometheus's text format.

mod registry;

pub(crate) use registry::*;
