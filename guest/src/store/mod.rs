//! The records in Mattermost's key-value store, one file per kind.
//!
//! Keys and encodings are those of existing installations, so that replacing the Go plugin disconnects nobody. Records
//! may have additional JSON fields; older readers ignore them. Changes that depend on the old value use the store's
//! compare-and-set, because a cluster runs this code on several nodes and a read may come from a database replica
//! (see [`current`]).

pub mod accounts;
pub mod channel_settings;
pub mod connection;
pub mod crypto;
pub mod current;
pub mod locks;
pub mod number;
pub mod oauth_state;
pub mod organization;
pub mod owners;
pub mod preference;
pub mod site;
pub mod subscription_index;
pub mod subscriptions;
pub mod tokens;
