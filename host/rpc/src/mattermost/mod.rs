//! Mattermost's hooks and API: the interface of a plugin that is written in Rust.
//!
//! There are two directions. The server calls the plugin's [`Hooks`], which [`serve_hooks`] serves on the stream
//! that go-plugin dispenses. The plugin calls the server's [`Api`] on a stream that it dials while `OnActivate` is
//! running; [`RpcApi`] implements the API over RPC. For each HTTP request the server opens two more streams, a
//! [`BodyReader`] and a [`ResponseWriter`].
//!
//! `cargo xtask api` generates the methods of the API (`methods/`) and their types (`model/`) from Go's plugin
//! library, for the methods and fields in `api/methods.txt`. A type has only the fields that are listed: gob
//! matches fields by name, so the decoder skips all others, and the server treats absent fields as zero. Therefore
//! the same types work with every server from version 10 on.

mod any;
pub mod api;
mod api_error;
mod command;
mod config;
mod handshake;
pub mod hooks;
pub mod http;
mod json;
pub mod log;
mod methods;
mod model;
mod post;
pub mod response;
mod rpc_api;
mod serve;
mod user;

pub use api::Api;
pub use api_error::{ApiError, Call};
pub use handshake::HANDSHAKE;
pub use hooks::Hooks;
pub use http::{BodyError, BodyReader, Headers, HttpRequest};
pub use log::{LogApi, LogLevel};
pub use methods::*;
pub use model::*;
pub use response::{ResponseWriter, WriteError};
pub use rpc_api::RpcApi;
pub use serve::serve_hooks;
