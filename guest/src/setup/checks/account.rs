//! The connection with Zoom: the user's own, or the one for everyone.

use super::{Check, Context, Outcome, Subject};
use crate::config::Config;
use crate::connection::session::{OpenError, Session};
use crate::platform::people::Person;
use crate::text::Message;
use crate::zoom::Error;

/// The user's own connection. With an account-level app, the user's place in the organization's Zoom account.
pub(super) fn own(context: &Context<'_>) -> Check {
    match inputs(context) {
        Ok((config, person)) => of_person(context, config, person),
        Err(check) => check,
    }
}

/// The connection that a system admin is responsible for: the organization's, or else the own one.
pub(super) fn for_admin(context: &Context<'_>) -> Check {
    match inputs(context) {
        Ok((config, _)) if config.mode.is_account_wide() => of_organization(context, config),
        Ok((config, person)) => of_person(context, config, person),
        Err(check) => check,
    }
}

fn inputs<'a>(context: &Context<'a>) -> Result<(&'a Config, &'a Person), Check> {
    let not_run = |finding, message| {
        let sentence = context.plain(message);
        Check::new(Subject::Account, Outcome::NotRun, finding, sentence)
    };
    let config = context
        .config
        .map_err(|_| not_run("settings", Message::CheckNeedsSettings))?;
    let person = context
        .person
        .ok_or_else(|| not_run("no_user", Message::CheckNeedsAccount))?;
    Ok((config, person))
}

fn of_person(context: &Context<'_>, config: &Config, person: &Person) -> Check {
    of_session(context, config, Session::open(config, person))
}

fn of_organization(context: &Context<'_>, config: &Config) -> Check {
    of_session(context, config, Session::organization(config))
}

/// Asks Zoom for the user. This refreshes the access token if necessary.
fn of_session(
    context: &Context<'_>,
    config: &Config,
    session: Result<Session<'_>, OpenError>,
) -> Check {
    let asked: Result<(), Error> = match session {
        Ok(mut session) => session.check(),
        Err(OpenError::NotConnected) => return not_connected(context, config),
        Err(OpenError::Refused(error)) => Err(error),
        Err(OpenError::Host(_)) => {
            let sentence = context.plain(Message::MattermostFailed);
            return Check::new(Subject::Account, Outcome::NotRun, "store", sentence);
        }
    };
    match asked {
        Ok(()) if context.reader.is_system_admin => Check::passed(Subject::Account),
        Ok(()) => Check::passed(Subject::Account).saying(context.plain(Message::CheckConnected)),
        Err(error) => refused(context, &error),
    }
}

fn not_connected(context: &Context<'_>, config: &Config) -> Check {
    let message = match (
        config.mode.is_account_wide(),
        context.reader.is_system_admin,
    ) {
        (false, _) => Message::CheckNotConnected,
        (true, true) => Message::CheckNotConnectedEveryone,
        (true, false) => Message::AskToConnect,
    };
    // Nobody has to connect an own account.
    let outcome = if config.mode.is_account_wide() {
        Outcome::Failed
    } else {
        Outcome::Warning
    };
    let sentence = context.plain(message);
    Check::new(Subject::Account, outcome, "not_connected", sentence)
}

fn refused(context: &Context<'_>, error: &Error) -> Check {
    let sentence = error.sentence(&context.reader);
    Check::new(Subject::Account, Outcome::Failed, finding(error), sentence)
        .explained(section(error))
}

/// The word for reports.
fn finding(error: &Error) -> &'static str {
    match error {
        Error::NotConnected | Error::GrantEnded(_) | Error::Unauthorized => "grant_ended",
        Error::OtherSite(_) => "other_site",
        Error::MissingScope => "missing_scope",
        Error::Forbidden => "forbidden",
        Error::NoLicense => "no_license",
        Error::Pending => "pending",
        Error::OtherAccount => "other_account",
        Error::UnknownAddress(_) => "unknown_address",
        Error::UnverifiedAddress(_) => "unverified_address",
        Error::RateLimited(_) => "rate_limited",
        Error::Client => "client",
        Error::AppDisabled => "app_disabled",
        Error::AccountId | Error::AppKind => "account_credentials",
        Error::Inactive => "inactive",
        Error::Guest => "guest",
        Error::Redirect(_) => "redirect_url",
        Error::Timeout => "timeout",
        Error::Unavailable(_) => "unavailable",
        Error::Denied(_) => "denied",
        Error::Webinar
        | Error::NotFound
        | Error::Invalid(_)
        | Error::Refused(_)
        | Error::Code
        | Error::Unexpected(_) => "unexpected",
    }
}

fn section(error: &Error) -> &'static str {
    match error {
        Error::NotConnected | Error::GrantEnded(_) | Error::Unauthorized => {
            "troubleshooting.html#everyone-must-connect-again"
        }
        _ => error.guide().unwrap_or("troubleshooting.html#other-errors"),
    }
}
