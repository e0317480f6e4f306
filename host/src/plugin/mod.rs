//! Turns Mattermost's hooks (`process::hooks`) into events of the component: HTTP requests, commands, lifecycle, jobs.

mod admission;
mod commands;
mod component_plugin;
mod host_routes;
mod http_mapping;
mod jobs;
mod lifecycle;
mod origin;
mod requests;
mod rpc_thread;
mod sandbox_route;
mod settings_route;
mod support_data;

pub use component_plugin::ComponentPlugin;
pub use http_mapping::Reply;
pub(crate) use sandbox_route::ProcessFacts;
