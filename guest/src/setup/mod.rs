//! Help for system admins: checks of the setup, and the commands that show them.

pub mod checks;
pub mod doctor;
pub mod webhook_status;
