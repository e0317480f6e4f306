//! Slash commands: who typed one, autocompletion, and the help text.

pub mod autocomplete;
pub mod help;
pub mod invocation;
pub mod subcommand;
