//! The policy: what a component may reach, use, and show. It is declared in the manifest as `props.sandbox`.

mod allowed_hosts;
mod bot;
mod commands;
mod definition;
pub mod egress_addresses;
mod error;
mod legacy_posts;
mod limits;
pub(crate) mod plugin_routes;
mod posts;
mod public_addresses;
mod raw_policy;
mod report;
mod routes;

pub use allowed_hosts::AddressTrust;
pub use definition::Policy;
pub(crate) use definition::SUPPORT_DATA;
pub use error::PolicyError;
pub use limits::{EventKind, Limits};
pub(crate) use posts::PostPolicy;
pub(crate) use raw_policy::RawPolicy;
