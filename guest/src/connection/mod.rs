//! Connecting Mattermost users with Zoom accounts, and keeping the connections alive.
//!
//! At the user level everybody connects their own account. At the account level one administrator
//! connects for everybody, and people are matched with Zoom's users by their addresses.
//!
//! The user follows a link of ours ([`connect`]), agrees at Zoom, and comes back ([`complete`]). From
//! then on a [`Session`] has an access token that works, or says that the user must connect again.

pub mod callback;
pub mod command;
pub mod data_compliance;
pub mod deauthorize;
pub mod disconnect;
pub mod link;
pub mod notice;
pub mod session;
