//! Mattermost's plugin RPC, from the byte to the typed call.
//!
//! Five layers, each knowing only the one below it: `gob` (the codec, no I/O), `yamux` (streams over
//! one socket), `net_rpc` (Go's `net/rpc` over one stream), `go_plugin` (handshake, broker, control
//! service), `mattermost` (hooks and API methods with their types).
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod go_plugin;
pub mod gob;
pub mod mattermost;
pub mod net_rpc;
pub mod yamux;
