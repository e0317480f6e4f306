//! Mattermost's plugin RPC in Rust: from bytes on a socket to typed calls.
//!
//! There are five layers. Each layer only knows the layers below it, and only the last one knows Mattermost:
//!
//! | module | what it is |
//! |---|---|
//! | [`gob`] | Go's `encoding/gob`: encoder and decoder without I/O |
//! | [`yamux`] | hashicorp/yamux: streams over one socket |
//! | [`net_rpc`] | Go's `net/rpc`: calls over one stream |
//! | [`go_plugin`] | hashicorp/go-plugin: handshake, broker, control stream |
//! | [`mattermost`] | Mattermost's hooks and API with their types |
//!
//! To add a method of Mattermost's API, follow the two steps at the top of `api/methods.txt`.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod go_plugin;
pub mod gob;
pub mod mattermost;
pub mod net_rpc;
pub mod yamux;
