//! Outgoing HTTP requests.
//!
//! Three places decide where a request may go: the policy says which hosts, [`crate::policy::egress_addresses`] which of their
//! addresses, and [`proxies`] which requests use a proxy. [`dns`] resolves names, [`trust`] decides which certificates are
//! accepted, and only [`connect`] opens connections.

mod client;
mod connect;
mod dns;
mod message;
mod proxies;
mod stage;
#[cfg(test)]
mod stage_tests;
#[cfg(test)]
mod tests;
mod trust;

pub use client::Outgoing;
pub use dns::{Family, Lookup};
pub use message::{OutgoingError, Request, Response};
pub use stage::Stage;
