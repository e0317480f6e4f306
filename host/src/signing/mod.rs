//! Signatures of the host: on the posts that the plugin created, on its buttons and dialogs, and in the IDs of its
//! ephemeral messages.
//!
//! These signatures need no record in the key-value store: a record would cost a call for each post, and a database replica
//! that lags would make a new post look foreign.

pub(crate) mod encoding;
pub(crate) mod ephemeral_id;
mod first_activation;
mod host_key;
mod insert;
pub(crate) mod interactions;
pub(crate) mod post_proof;

pub(crate) use first_activation::FirstActivation;
pub(crate) use host_key::HostKey;
