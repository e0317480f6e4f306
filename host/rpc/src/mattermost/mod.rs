//! Mattermost's hooks and API with their types: what a plugin written in Rust programs against.
//!
//! Two directions. The server calls the plugin's [`Hooks`], served by [`serve_hooks`] on the stream
//! that go-plugin dispenses; the plugin calls the server's [`Api`] on a stream that it dials while
//! `OnActivate` is pending. `ServeHTTP` opens two more streams per request, a [`BodyReader`] and a
//! [`ResponseWriter`].
//!
//! One file per family of calls, holding the models the family carries and the calls themselves. A
//! model has only the fields that plugins use: gob matches fields by name, so the decoder skips the
//! rest, and the server takes what is not sent as zero. That is how one set of types serves every
//! server from 10 on.
//!
//! [`Api`] is a trait with boxed futures, so that a plugin holds an `Arc<dyn Api>` and its tests can
//! put a model of a server behind it. [`RpcApi`] is the one that goes over the wire.

pub mod api;
pub mod audit;
pub mod bot;
mod call;
pub mod channel;
pub mod command;
pub mod config;
pub mod context;
pub mod dialog;
pub mod file;
pub mod hooks;
pub mod http;
pub mod kv;
pub mod log;
pub mod post;
pub mod preference;
pub mod registered;
pub mod response;
mod rpc_api;
mod serve;
pub mod team;
pub mod user;
pub mod websocket;

pub use api::{Api, ApiError, Call};
pub use audit::{AuditEventActor, AuditEventData, AuditEventError, AuditRecord};
pub use bot::Bot;
pub use channel::{Channel, ChannelMember};
pub use command::{AutocompleteArg, AutocompleteData, Command, CommandArgs, CommandResponse};
pub use config::{Config, EmailSettings, LocalizationSettings, ServiceSettings, TeamSettings};
pub use context::Context;
pub use dialog::{Dialog, DialogElement, OpenDialogRequest};
pub use file::FileInfo;
pub use hooks::{FileData, Hooks};
pub use http::{BodyError, BodyReader, Headers, HttpRequest};
pub use kv::KvSetOptions;
pub use log::LogLevel;
pub use post::{Post, PostList};
pub use preference::Preference;
pub use registered::*;
pub use response::{ResponseWriter, WriteError};
pub use rpc_api::RpcApi;
pub use serve::serve_hooks;
pub use team::Team;
pub use user::{Permission, User};
pub use websocket::Broadcast;
