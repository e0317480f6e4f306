//! Connections between Mattermost users and Zoom accounts.
//!
//! In user-managed mode, each user connects their own Zoom account. In admin-managed mode, one system admin connects for
//! everyone. In server-to-server mode, the app's credentials are enough. In the last two, users are matched with Zoom users
//! by email address ([`identity`]).
//!
//! The user opens a link of the plugin ([`link`]), authorizes the app at Zoom, and comes back ([`callback`]). After that, a
//! [`session`] has a valid access token and refreshes an expired one. A connection ends when the user disconnects
//! ([`disconnect`]) or removes the app at Zoom ([`deauthorize`]).

pub mod callback;
pub mod command;
pub mod data_compliance;
pub mod deauthorize;
pub mod disconnect;
pub mod identity;
pub mod index_job;
pub mod link;
pub mod mode_change;
pub mod notice;
pub mod session;
