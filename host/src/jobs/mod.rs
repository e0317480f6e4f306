//! The durable queue: work that survives a crash of the process.
//!
//! A job is a record `_job_{id}` with its kind and payload, and an entry in one of sixteen index records `_jobs_00` …
//! `_jobs_15`, which say when it is due. All processes of a cluster share them. Indexes are changed with compare-and-set. A
//! process claims a job with a lease, renews the lease while the job runs, and removes the entry when the job is done.
//! If a process dies, its leases expire and another process continues: a job runs at least once.
//!
//! The process that enqueues a job claims it in the same write if the job is due and a slot is free, and runs it at once from
//! memory. Otherwise the job waits in the process that enqueued it. Other processes see the entry when they read the
//! record ([`shard`]).
//!
//! **The longest delay after a process died:** its jobs run on another process at most five minutes after they became due or
//! their lease of 60 seconds ended. A process that starts reads all records at once, so after the restart of a single
//! server the delay is at most the lease.
//!
//! The payload is stored before its entry and removed after it, so every entry has a payload. A payload whose entry was never
//! written expires by itself.
//!
//! | read | result | action |
//! |---|---|---|
//! | an index | older than a version that this process knows, because a replica lags | ignore it; read the index again before renewing, finishing, or postponing a job |
//! | a payload | absent | write a marker that expects it to be absent; if the write fails, run the job later |

mod api_timeout;
mod error;
mod index;
mod index_store;
mod job;
mod queue;
mod runner;
mod shard;

pub(crate) use error::QueueError;
pub(crate) use job::Job;
pub(crate) use queue::{MAX_RUNNING_JOBS, Queue};
pub(crate) use runner::{JobHost, JobResult, Runner};
