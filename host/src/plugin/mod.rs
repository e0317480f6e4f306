//! Turns Mattermost's hooks (`process::hooks`) into events of the component: HTTP requests, commands, lifecycle, jobs.

mod admission;
mod commands;
mod component_plugin;
mod http_mapping;
mod jobs;
mod lifecycle;
mod origin;
mod requests;
mod rpc_thread;
mod settings_route;

pub use component_plugin::ComponentPlugin;
pub use http_mapping::Reply;
