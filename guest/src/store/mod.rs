//! The records in Mattermost's key-value store, one file per kind.
//!
//! Keys and encodings are those of existing installations, so that replacing the Go plugin disconnects nobody. Records
//! may have additional JSON fields; older readers ignore them. Changes that depend on the old value use the store's
//! compare-and-set, because a cluster runs this code on several nodes and a read may come from a database replica
//! (see [`current`]).

pub mod account_record;
pub mod accounts;
pub mod channel_settings;
pub mod confirmed_read;
pub mod connection;
pub mod connection_site;
pub mod crypto;
pub mod locks;
pub mod meeting_number;
pub mod oauth_state;
pub mod occurrence_reference;
pub mod organization;
pub mod processed_events;
pub mod recording_tombstones;
pub mod subscription_index;
pub mod subscriptions;
pub mod tokens;
pub mod user_preference;
pub mod zoom_user_index;
