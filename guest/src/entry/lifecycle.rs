//! Activation of the plugin, and changes of the settings.
//!
//! The plugin also starts with incomplete settings. It names them in the server log; corrected settings take effect at
//! once.

use crate::bindings::commands;
use crate::bindings::types::Error;
use crate::config;
use crate::connection;
use crate::platform::bot::bot_id;
use crate::platform::command::autocomplete::registration;
use crate::platform::{log, site};
use crate::setup::wizard;
use crate::store::connection_site;
use crate::subscriptions::index_job;
use crate::text::{self, Locale, Message};

/// Activates the plugin. Without the bot account or the command, activation fails: the server logs the error and shows the
/// administrator that the plugin did not start. All other problems are only logged.
pub fn activate() -> Result<(), String> {
    bot_id().map_err(|error| {
        log::warn(
            "The bot account could not be created.",
            &[("error", &error.to_string())],
        );
        text::plain(Locale::En, no_bot(&error))
    })?;
    commands::register(&registration(config::mode().is_account_wide())).map_err(|error| {
        log::warn(
            "The command could not be registered.",
            &[("error", &error.to_string())],
        );
        text::plain(Locale::En, Message::ActivateCommand)
    })?;
    if let Err(error) = index_job::enqueue() {
        log::warn(
            "The subscriptions of channels could not be listed yet.",
            &[("error", &error.to_string())],
        );
    }
    if let Err(error) = connection::index_job::enqueue() {
        log::warn(
            "The connected users could not be listed yet.",
            &[("error", &error.to_string())],
        );
    }
    report();
    Ok(())
}

/// The reason why the plugin does not start. The server returns any account with the bot's username. The host denies an
/// account that is not a bot or has another owner, because the plugin must not post as a person.
fn no_bot(error: &Error) -> Message {
    match error {
        Error::Denied(_) => Message::ActivateBotNameTaken,
        _ => Message::ActivateBot,
    }
}

/// Registers the command again, because its autocompletion depends on the settings. Continues the guided setup, and
/// reports problems of the settings.
pub fn configuration_changed() {
    if let Err(error) = commands::register(&registration(config::mode().is_account_wide())) {
        log::warn(
            "The command could not be registered.",
            &[("error", &error.to_string())],
        );
    }
    wizard::message::refresh();
    report();
}

fn report() {
    match config::load() {
        Ok(config) => report_site(&config.site_url),
        Err(problems) => {
            let guide = site::guide_url("zoom-app.html");
            log::warn(&config::log_line(&problems), &[("guide", &guide)]);
        }
    }
    if config::trusts_unverified_addresses() {
        log::warn(&text::plain(Locale::En, Message::ConfigUnproved), &[]);
    }
}

/// Records the Site URL, or logs that the Zoom connections were made at another one.
fn report_site(site_url: &str) {
    match connection_site::record_site(site_url) {
        Ok(site) if site.site == site_url => {}
        Ok(other) => connection_site::log_paused(&other.site),
        Err(error) => log::warn(
            "The Site URL could not be compared with the one that Zoom connections were made at.",
            &[("error", &error.to_string())],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f33_only_a_denied_account_is_called_taken() {
        let denied = Error::Denied("the account is a person's".to_owned());
        assert_eq!(no_bot(&denied), Message::ActivateBotNameTaken);
        for other in [Error::Timeout, Error::Unavailable("down".to_owned())] {
            assert_eq!(no_bot(&other), Message::ActivateBot);
        }
    }
}
