//! Failures at every step of every flow, every possible response of Zoom to every request, and clocks that jump. The
//! user or Zoom repeats a failed flow on a new process.
//!
//! The flows of connections are in `connecting`, `organization`, `tokens`, and `deauthorization`.

mod answers;
mod clocks;
mod jobs;
mod settings;
mod starts;
mod webhooks;
