//! Somebody removed the app at Zoom.
//!
//! The event arrives at the webhook's address or at one of its own, signed like any other. It must also
//! name our app: the same secret may sign for another one by mistake.

use super::body::Deauthorized;
use crate::bindings::types::Error;
use crate::config::Config;
use crate::oauth::deauthorize;
use crate::system;

/// Removes what the event is about.
pub fn handle(config: &Config, event: &Deauthorized) -> Result<(), Error> {
    if event.client_id != config.client_id {
        system::warn(
            "Zoom reported the removal of another app. Check that the setting Zoom OAuth client ID matches the app in Zoom.",
            &[],
        );
        return Ok(());
    }
    deauthorize::run(config, event)
}
