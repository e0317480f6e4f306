//! What is kept in Mattermost's key-value store, one file per kind of record.
//!
//! Keys and encodings are those that an installation already holds, so that replacing the plugin
//! disconnects nobody. Records may have gained JSON fields; older readers ignore them. Changes that
//! depend on what was there use the store's compare-and-set, because a cluster runs this code on
//! several nodes at once and a plain read may come from a database replica.

pub mod accounts;
pub mod channel_settings;
pub mod connection;
pub mod crypto;
pub mod locks;
pub mod number;
pub mod oauth_state;
pub mod organization;
pub mod owners;
pub mod preference;
pub mod subscription_index;
pub mod subscriptions;
pub mod tokens;
