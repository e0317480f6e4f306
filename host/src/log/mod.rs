//! The server's log.

mod throttle;

pub(crate) use throttle::*;
