//! The connection with Zoom: the user's own, or the one for everyone; and the scopes that Zoom granted it.

use crate::config::{Config, ConnectionMode};
use crate::connection::session::{OpenError, Session};
use crate::platform::people::Person;
use crate::setup::check::{Check, Context, Fact, Outcome, Subject};
use crate::setup::scopes::{ADMIN_SUFFIX, Feature, Scope, needed};
use crate::store::accounts::LoadError;
use crate::store::connection::Connection;
use crate::store::tokens::Owner;
use crate::text::Message;
use crate::zoom::Error;
use crate::zoom::error::grant_end::GrantEnd;

const OTHER_ERRORS: &str = "troubleshooting.html#other-errors";
const CONNECT_AGAIN: &str = "troubleshooting.html#everyone-must-connect-again";

/// The user's own connection. In account-wide modes, the user's place in the organization's Zoom account.
pub(super) fn own(context: &Context<'_>) -> Check {
    let (config, person) = match inputs(context, Subject::Account) {
        Ok(inputs) => inputs,
        Err(check) => return check,
    };
    let mut session = match Session::open(config, person) {
        Ok(session) => session,
        Err(error) => return not_open(context, config, error),
    };
    match session.me() {
        Ok(_) => Check::passed(Subject::Account).saying(context.plain(Message::CheckConnected)),
        Err(error) => refused(context, config, &session, &error),
    }
}

/// The connection that a system admin is responsible for, and its scopes: the organization's, or else the own one. Requests
/// new tokens, because a dead grant shows only there: an access token works for up to an hour longer.
pub(super) fn for_admin(context: &Context<'_>) -> [Check; 2] {
    let (config, person) = match inputs(context, Subject::Account) {
        Ok(inputs) => inputs,
        Err(check) => return [check, no_scopes(context)],
    };
    if let Some(check) = unreadable(context, config, person) {
        return [check, no_scopes(context)];
    }
    let session = match config.mode {
        ConnectionMode::UserManaged => Session::open(config, person),
        ConnectionMode::AdminManaged | ConnectionMode::ServerToServer => {
            Session::organization(config)
        }
    };
    let mut session = match session {
        Ok(session) => session,
        Err(error) => return [not_open(context, config, error), no_scopes(context)],
    };
    let renewed = session.renew();
    let scopes = scopes(context, config, &session);
    let asked = match config.mode {
        ConnectionMode::UserManaged => renewed.and_then(|()| session.me().map(drop)),
        ConnectionMode::AdminManaged | ConnectionMode::ServerToServer => renewed,
    };
    match asked {
        Ok(()) => [Check::passed(Subject::Account), scopes],
        // The other check names the scopes.
        Err(Error::MissingScope) if scopes.outcome == Outcome::Failed => {
            [Check::passed(Subject::Account), scopes]
        }
        Err(error) => [refused(context, config, &session, &error), scopes],
    }
}

fn inputs<'a>(context: &Context<'a>, subject: Subject) -> Result<(&'a Config, &'a Person), Check> {
    let config = context
        .config
        .map_err(|_| context.needs_settings(subject))?;
    let person = context
        .person
        .ok_or_else(|| not_run(context, subject, "no_user", Message::CheckNeedsAccount))?;
    Ok((config, person))
}

fn not_run(
    context: &Context<'_>,
    subject: Subject,
    finding: &'static str,
    message: Message,
) -> Check {
    Check::new(subject, Outcome::NotRun, finding, context.plain(message))
}

fn no_scopes(context: &Context<'_>) -> Check {
    let message = Message::CheckNeedsAccount;
    not_run(context, Subject::Scopes, "no_account", message)
}

/// A stored connection that the encryption key does not decrypt. A server-to-server app stores none that matters.
fn unreadable(context: &Context<'_>, config: &Config, person: &Person) -> Option<Check> {
    let owner = match config.mode {
        ConnectionMode::UserManaged => Owner::User(&person.id),
        ConnectionMode::AdminManaged => Owner::Organization,
        ConnectionMode::ServerToServer => return None,
    };
    let Err(LoadError::Unreadable(_)) = Connection::load(owner, &config.encryption_key) else {
        return None;
    };
    let sentence = context.plain(Message::CheckUnreadable);
    let check = Check::new(Subject::Account, Outcome::Failed, "unreadable", sentence);
    Some(check.explained(CONNECT_AGAIN))
}

fn not_open(context: &Context<'_>, config: &Config, error: OpenError) -> Check {
    match error {
        OpenError::NotConnected => not_connected(context, config),
        OpenError::Refused(error) => by_error(context, &error),
        OpenError::Host(_) => not_run(
            context,
            Subject::Account,
            "store",
            Message::MattermostFailed,
        ),
    }
}

fn not_connected(context: &Context<'_>, config: &Config) -> Check {
    let account_wide = config.mode.is_account_wide();
    let message = match (account_wide, context.reader.is_system_admin) {
        (false, _) => Message::CheckNotConnected,
        (true, true) => Message::CheckNotConnectedEveryone,
        (true, false) => Message::AskToConnect,
    };
    // Nobody has to connect an own account.
    let outcome = match account_wide {
        true => Outcome::Failed,
        false => Outcome::Warning,
    };
    let sentence = context.plain(message);
    Check::new(Subject::Account, outcome, "not_connected", sentence)
}

fn refused(context: &Context<'_>, config: &Config, session: &Session<'_>, error: &Error) -> Check {
    match session.ended_because() {
        Some(reason) if context.reader.is_system_admin => {
            ended(context, config, GrantEnd::from_reason(reason))
        }
        _ => by_error(context, error),
    }
}

/// What a system admin does about a grant that Zoom ended: the step for the reason, and then connecting again.
fn ended(context: &Context<'_>, config: &Config, end: GrantEnd) -> Check {
    let plain = |message| context.plain(message);
    let (finding, first, section) = match end {
        GrantEnd::RedirectUrl => {
            let url = format!("`{}`", config.redirect_uri());
            let first = context.text(Message::CheckRedirectRefused, &[("url", &url)]);
            let section = "troubleshooting.html#invalid-redirect-url";
            ("redirect_url", first, section)
        }
        GrantEnd::Scopes => {
            let first = plain(Message::CheckGrantScopes);
            (
                "scopes_changed",
                first,
                "troubleshooting.html#scopes-are-missing",
            )
        }
        GrantEnd::AppDisabled => (
            "app_disabled",
            plain(Message::CheckAppDisabled),
            OTHER_ERRORS,
        ),
        GrantEnd::Owner => ("owner_gone", plain(Message::CheckGrantOwner), CONNECT_AGAIN),
        GrantEnd::Revoked => ("revoked", plain(Message::CheckGrantRevoked), CONNECT_AGAIN),
        GrantEnd::Other => ("ended", plain(Message::CheckGrantEnded), CONNECT_AGAIN),
    };
    let sentence = format!("{first} {}", plain(Message::CheckThenConnect));
    Check::new(Subject::Account, Outcome::Failed, finding, sentence).explained(section)
}

fn by_error(context: &Context<'_>, error: &Error) -> Check {
    let (outcome, finding, section) = match error {
        Error::Timeout | Error::Unavailable(_) | Error::Denied(_) => {
            return not_run(
                context,
                Subject::Account,
                "network",
                Message::CheckNeedsNetwork,
            );
        }
        Error::RateLimited(_) => (Outcome::NotRun, "rate_limited", OTHER_ERRORS),
        Error::NotConnected | Error::GrantEnded(_) | Error::Unauthorized => {
            (Outcome::Failed, "ended", CONNECT_AGAIN)
        }
        Error::OtherSite(_) => (
            Outcome::Failed,
            "other_site",
            "settings.html#move-or-copy-a-server",
        ),
        Error::MissingScope => (
            Outcome::Failed,
            "missing_scope",
            "troubleshooting.html#scopes-are-missing",
        ),
        Error::Client => (Outcome::Failed, "client", OTHER_ERRORS),
        Error::AccountId => (Outcome::Failed, "account_id", OTHER_ERRORS),
        Error::AppKind => (Outcome::Failed, "app_kind", OTHER_ERRORS),
        Error::AppDisabled => (Outcome::Failed, "app_disabled", OTHER_ERRORS),
        Error::Pending => (Outcome::Failed, "pending", OTHER_ERRORS),
        Error::OtherAccount => (Outcome::Failed, "other_account", OTHER_ERRORS),
        Error::UnknownAddress(_) => (Outcome::Failed, "unknown_address", OTHER_ERRORS),
        Error::UnverifiedAddress(_) => (Outcome::Failed, "unverified_address", OTHER_ERRORS),
        Error::Inactive => (Outcome::Failed, "inactive", OTHER_ERRORS),
        Error::Guest => (Outcome::Failed, "guest", OTHER_ERRORS),
        _ => (Outcome::Failed, "unexpected", OTHER_ERRORS),
    };
    let sentence = error.sentence(&context.reader);
    Check::new(Subject::Account, outcome, finding, sentence).explained(section)
}

/// Compares the scopes that Zoom granted with those that the plugin needs.
fn scopes(context: &Context<'_>, config: &Config, session: &Session<'_>) -> Check {
    let granted = &session.connection().tokens().scope;
    if granted.trim().is_empty() {
        let message = Message::CheckScopesUnknown;
        return not_run(context, Subject::Scopes, "unknown", message);
    }
    let missing = missing(needed(config.mode, &[Feature::Recordings]), granted);
    if missing.is_empty() {
        return Check::passed(Subject::Scopes);
    }
    let outcome = match missing.iter().all(|scope| scope.optional) {
        true => Outcome::Warning,
        false => Outcome::Failed,
    };
    let names: Vec<_> = missing
        .iter()
        .map(|scope| format!("`{}`", scope.name))
        .collect();
    let names = names.join(", ");
    let mut sentence = context.text(Message::CheckScopesMissing, &[("scopes", &names)]);
    // A server-to-server app gets the new scopes with its next token.
    if !config.mode.is_server_to_server() {
        sentence = format!("{sentence} {}", context.plain(Message::CheckThenConnect));
    }
    Check::new(Subject::Scopes, outcome, "missing", sentence)
        .fact("missing", Fact::Scopes(missing))
        .explained("troubleshooting.html#scopes-are-missing")
}

/// The needed scopes that were not granted. A scope for the whole account includes the one for the own user.
fn missing(needed: Vec<Scope>, granted: &str) -> Vec<Scope> {
    let is_granted = |scope: &Scope| {
        let mut granted = granted.split_whitespace();
        granted.any(|known| {
            known == scope.name || known.strip_suffix(ADMIN_SUFFIX) == Some(&*scope.name)
        })
    };
    let missing = needed.into_iter().filter(|scope| !is_granted(scope));
    missing.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_scopes_are_found_by_their_whole_names() {
        let lacks = |mode, granted: &str| -> Vec<_> {
            let missing = missing(needed(mode, &[Feature::Recordings]), granted);
            missing.into_iter().map(|scope| scope.name).collect()
        };
        let user = ConnectionMode::UserManaged;
        let all = "user:read:user meeting:write:meeting meeting:read:meeting cloud_recording:read:recording";
        assert_eq!(lacks(user, all), [""; 0]);
        let without = "user:read:user:admin meeting:write:meeting meeting:read:meeting_summary";
        assert_eq!(
            lacks(user, without),
            ["meeting:read:meeting", "cloud_recording:read:recording"]
        );
        let server = ConnectionMode::ServerToServer;
        assert_eq!(lacks(server, all).len(), 4, "not for the whole account");
    }
}
