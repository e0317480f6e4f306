//! The state of one event.

pub(crate) mod heap_size;
pub(crate) mod memory;
