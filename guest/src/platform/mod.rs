//! What the features need from Mattermost and from the machine, beyond single calls.

pub mod digest;
pub mod once;
pub mod retry;
pub mod scan;
