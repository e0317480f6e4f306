//! Help for system admins: the facts about the Zoom app, checks of the setup, and the commands that show them.

pub mod addresses;
pub mod check;
pub mod checks;
pub mod connected_users;
pub mod console;
pub mod doctor;
pub mod scopes;
pub mod webhook_status;
pub mod wizard;
