//! The world of `wit/` as Rust: generated, and the one place of the component where `unsafe` is
//! allowed. Everything else calls the functions of these modules: `kv::get`, `posts::create`.
//!
//! Outside of a component (in unit tests) the imported functions stop the process. So whatever is
//! to be unit-tested takes their answers as arguments.

#![allow(unsafe_code, missing_docs, clippy::all, clippy::restriction)]

wit_bindgen::generate!({
    path: "../wit",
    world: "plugin-with-jobs",
    additional_derives: [PartialEq],
});

pub use exports::mattermost::plugin as handlers;
pub use mattermost::plugin::{
    bots, channels, commands, config, dialogs, files, http, jobs, kv, log, posts, types, users,
    websocket,
};

// The names of a component's exports are no names for a native library.
#[cfg(target_arch = "wasm32")]
use crate::Plugin;
#[cfg(target_arch = "wasm32")]
export!(Plugin with_types_in self);
