//! The server: email verification, versions, and the database.

use crate::bindings::config::{email_verification_required, server_version};
use crate::config;
use crate::setup::check::{Check, Context, Fact, Outcome, Subject};
use crate::store::connection_site;
use crate::text::Message;

/// In account-wide modes, the plugin finds people by their email address, so the server must verify it. A server-to-server
/// app never uses an unverified address, so there the rule only decides who can use Zoom.
pub(super) fn email_verification(context: &Context<'_>) -> Check {
    let subject = Subject::EmailVerification;
    let section = "zoom-app.html#choose-the-kind-of-app";
    if config::trusts_unverified_addresses() {
        let sentence = context.plain(Message::ConfigUnproved);
        return Check::new(subject, Outcome::Failed, "not_required", sentence).explained(section);
    }
    if config::mode().is_server_to_server() && !email_verification_required() {
        let sentence = context.plain(Message::CheckUnverifiedPeople);
        return Check::new(subject, Outcome::Warning, "not_required", sentence).explained(section);
    }
    Check::passed(subject)
}

/// The versions of the plugin and the server. The server starts a plugin only if the server's version is high enough, so
/// there is nothing to compare.
pub(super) fn versions(context: &Context<'_>) -> Check {
    let plugin = env!("CARGO_PKG_VERSION");
    let Ok(server) = server_version() else {
        let sentence = context.plain(Message::MattermostFailed);
        return Check::new(Subject::Versions, Outcome::NotRun, "server", sentence);
    };
    let versions = [("plugin", plugin), ("server", server.as_str())];
    let sentence = context.text(Message::CheckVersionsAre, &versions);
    Check::passed(Subject::Versions)
        .saying(sentence)
        .fact("plugin", Fact::Word(plugin))
        .fact("server", Fact::Version(server))
}

/// Whether the stored connections belong to this server, and not to the server that the database was copied from.
pub(super) fn database(context: &Context<'_>) -> Check {
    let Ok(config) = context.config else {
        return context.needs_settings(Subject::Database);
    };
    // A server-to-server app has no refresh tokens that a copy could use up.
    if config.mode.is_server_to_server() {
        return Check::passed(Subject::Database);
    }
    match connection_site::record_site(&config.site_url) {
        Ok(site) if site.site == config.site_url => Check::passed(Subject::Database),
        Ok(site) => {
            let sentence = context.text(Message::AdminPaused, &[("site", &site.site)]);
            Check::new(Subject::Database, Outcome::Failed, "other_site", sentence)
                .explained("settings.html#move-or-copy-a-server")
        }
        Err(_) => {
            let sentence = context.plain(Message::MattermostFailed);
            Check::new(Subject::Database, Outcome::NotRun, "store", sentence)
        }
    }
}
