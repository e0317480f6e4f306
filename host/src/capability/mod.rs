//! The WIT interfaces that a component imports: one module per interface, with its policy checks.
//!
//! Each host function charges the call to the event's meter, checks the policy, and makes one call of Mattermost's API or one
//! request to an allowed host. The `Host` traits are generated from the WIT files, which document the functions. Each is
//! implemented for a short-lived view that borrows only the parts of the event's state that the interface needs.
//!
//! To add a Mattermost API method: add it to `xtask/src/api/list.rs`, declare the function in `wit/`, and implement it in
//! the module of its interface here.

mod audit;
mod bots;
mod channels;
mod commands;
mod config;
mod dialogs;
mod files;
mod http;
mod jobs;
mod kv;
mod limits;
mod log;
mod posts;
mod settings;
mod types;
mod users;
mod websocket;

use wasmtime::component::Linker;

use crate::event::EventState;

pub(crate) use posts::MESSAGE_LIMIT;

/// Adds all interfaces to the linker.
pub(crate) fn add_to_linker(linker: &mut Linker<EventState>) -> wasmtime::Result<()> {
    audit::add_to_linker(linker)?;
    bots::add_to_linker(linker)?;
    channels::add_to_linker(linker)?;
    commands::add_to_linker(linker)?;
    config::add_to_linker(linker)?;
    dialogs::add_to_linker(linker)?;
    files::add_to_linker(linker)?;
    http::add_to_linker(linker)?;
    jobs::add_to_linker(linker)?;
    kv::add_to_linker(linker)?;
    log::add_to_linker(linker)?;
    posts::add_to_linker(linker)?;
    settings::add_to_linker(linker)?;
    types::add_to_linker(linker)?;
    users::add_to_linker(linker)?;
    websocket::add_to_linker(linker)
}
