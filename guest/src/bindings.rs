//! The world of `wit/` as Rust. All other code calls the functions of these modules: `kv::get`, `posts::create`.
//!
//! The code is generated. Only this file and the exports at the end of `lib.rs` may contain `unsafe` code.
//!
//! Outside a component, such as in unit tests, the imported functions abort the process. Code with unit tests therefore
//! takes their results as arguments.

#![allow(unsafe_code, missing_docs, clippy::all, clippy::restriction)]

wit_bindgen::generate!({
    path: "../wit",
    world: "plugin-with-diagnostics",
    additional_derives: [PartialEq],
    pub_export_macro: true,
    export_macro_name: "export",
    default_bindings_module: "crate::bindings",
});

pub use exports::mattermost::plugin as handlers;
pub use mattermost::plugin::{
    audit, bots, channels, commands, config, dialogs, files, http, jobs, kv, log, observations,
    posts, settings, types, users, websocket,
};
