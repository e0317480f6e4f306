//! Lines in the server log.

use crate::bindings::log::{self, Level};

/// Logs a warning for administrators. Never pass a token, secret, or passcode.
pub fn warn(message: &str, fields: &[(&str, &str)]) {
    write(Level::Warn, message, fields);
}

/// Logs a line for debugging. Never pass a token, secret, or passcode.
pub fn debug(message: &str, fields: &[(&str, &str)]) {
    write(Level::Debug, message, fields);
}

fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    let fields: Vec<(String, String)> = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    log::write(level, message, &fields);
}
