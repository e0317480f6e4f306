//! The durable queue of jobs.

mod index;
mod queue;
mod runner;
mod shard;

pub(crate) use queue::*;
pub(crate) use runner::Runner;
