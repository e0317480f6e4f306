//! From Mattermost's hooks to events of the component.

pub(crate) mod admission;
mod component_plugin;
pub(crate) mod http_mapping;
pub(crate) mod origin;
mod rpc_thread;
pub(crate) mod settings_route;

pub use component_plugin::ComponentPlugin;
pub use http_mapping::Reply;
