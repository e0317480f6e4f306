//! Mattermost's hooks and API with their types: what a plugin written in Rust programs against.
//!
//! Two directions. The server calls the plugin's [`Hooks`], served by [`serve_hooks`] on the stream
//! that go-plugin dispenses; the plugin calls the server's [`Api`] on a stream that it dials while
//! `OnActivate` is pending. `ServeHTTP` opens two more streams per request, a [`BodyReader`] and a
//! [`ResponseWriter`].
//!
//! The methods of the API and the types that travel with them are generated from Go's plugin library
//! (`cargo xtask api`), for the methods and fields on a list. A model has only the fields that plugins use: gob matches
//! fields by name, so the decoder skips the rest, and the server takes what is not sent as zero. That is how one set of
//! types serves every server from 10 on.
//!
//! [`Api`] is a trait with boxed futures, so that a plugin holds an `Arc<dyn Api>` and its tests can
//! put a model of a server behind it. [`RpcApi`] is the one that goes over the wire.

pub mod api;
mod attachments;
mod call;
mod command;
mod config;
mod generated;
pub mod hooks;
pub mod http;
pub mod log;
mod post;
pub mod response;
mod serve;
mod user;

pub use api::{Api, ApiError, Call};
pub use call::RpcApi;
pub use generated::*;
pub use hooks::Hooks;
pub use http::{BodyError, BodyReader, Headers, HttpRequest};
pub use log::{LogApi, LogLevel};
pub use response::{ResponseWriter, WriteError};
pub use serve::serve_hooks;
