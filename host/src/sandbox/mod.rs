//! One fresh instance of the component per event.
//!
//! The image is loaded and linked once. An event then costs an instantiation (tens of microseconds), and nothing survives
//! it: no user's data reaches another user's event, events run in parallel without locks, and a trap ends only the event in
//! which it happens. [`Limits`] bound each event: memory, wall-clock time (the epoch clock interrupts compiled code, a timer
//! interrupts host calls), and the number and size of host calls. Permits bound how many events run at once, and a
//! budget bounds their memory together.
//!
//! [`Limits`]: crate::policy::Limits

mod component;
mod events;
mod image;
mod permits;
mod pool;
mod ticker;
mod trap;
mod wasi;

pub use component::Component;
pub use events::Sandbox;
pub use image::LoadError;
pub(crate) use permits::{PermitKind, concurrent_commands, max_concurrent_events};
pub use trap::{EventError, TrapInfo, TrapKind};
