//! Bad days: whatever can go wrong at every step of every flow, whatever Zoom may answer to every request, and
//! clocks that jump. Whoever caused a flow tries again, as people and Zoom do, on the process that comes next.
//!
//! Flows of connections are with the rest about them, in `connecting`, `organization`, `tokens` and
//! `deauthorization`.

mod answers;
mod clocks;
mod jobs;
mod settings;
mod starts;
mod webhooks;
