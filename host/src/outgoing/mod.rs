//! Requests to the outside.

mod client;
mod connect;
mod dns;
mod proxies;
mod trust;

pub use client::*;
pub use dns::{Family, Lookup};
