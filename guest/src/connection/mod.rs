//! Connections between Mattermost users and Zoom accounts.
//!
//! At the user level, each user connects their own Zoom account. At the account level, one system admin connects for
//! everyone, and users are matched with Zoom users by email address.
//!
//! The user opens a link of the plugin ([`link`]), authorizes the app at Zoom, and comes back ([`callback`]). After that, a
//! [`session`] has a valid access token and refreshes an expired one. A connection ends when the user disconnects
//! ([`disconnect`]) or removes the app at Zoom ([`deauthorize`]).

pub mod callback;
pub mod command;
pub mod data_compliance;
pub mod deauthorize;
pub mod disconnect;
pub mod link;
pub mod notice;
pub mod session;
