//! The records in Mattermost's key-value store, one file per kind.
//!
//! Keys and encodings are those of the Go plugin, so all users stay connected when this plugin replaces it. Records may
//! have additional JSON fields, which older readers ignore. A change that depends on the old value uses compare-and-set,
//! because a cluster runs this code on several nodes, and a read may come from a database replica that lags behind (see
//! [`confirmed_read`]).

pub mod account_record;
pub mod accounts;
pub mod channel_settings;
pub mod confirmed_read;
pub mod connected_users;
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
pub mod server_token;
pub mod setup_record;
pub mod subscription_index;
pub mod subscriptions;
pub mod tokens;
pub mod user_preference;
pub mod zoom_identity;
pub mod zoom_user_index;
