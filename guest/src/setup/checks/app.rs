//! The Zoom app: its client ID and secret, and its redirect URL.

use crate::config::Config;
use crate::connection::link::authorize_url;
use crate::platform::random::{random_bytes, url_safe_token};
use crate::setup::check::{Check, Context, Outcome, Subject};
use crate::store::oauth_state::State;
use crate::text::Message;
use crate::zoom::Error;
use crate::zoom::app_check::{self, Answer};

/// The checks of the app, and how far this server's clock is ahead of Zoom's, in milliseconds.
pub(super) struct AppChecks {
    pub(super) checks: Vec<Check>,
    pub(super) ahead: Option<i64>,
}

/// Asks Zoom about the app. Needs valid settings.
pub(super) fn run(context: &Context<'_>) -> AppChecks {
    let Ok(config) = context.config else {
        let not_run = |subject| {
            let sentence = context.plain(Message::CheckNeedsSettings);
            Check::new(subject, Outcome::NotRun, "settings", sentence)
        };
        return AppChecks {
            checks: vec![not_run(Subject::Credentials), not_run(Subject::RedirectUrl)],
            ahead: None,
        };
    };
    if config.mode.is_server_to_server() {
        // Nobody consents, so there is no redirect URL.
        let answer = app_check::account_credentials(&config.app(), &config.zoom_account_id);
        return AppChecks {
            checks: vec![of_answer(context, Subject::Credentials, answer.result)],
            ahead: answer.ahead,
        };
    }
    let credentials = app_check::credentials(&config.app());
    let redirect = redirect(config);
    AppChecks {
        ahead: credentials.ahead.or(redirect.ahead),
        checks: vec![
            of_answer(context, Subject::Credentials, credentials.result),
            of_answer(context, Subject::RedirectUrl, redirect.result),
        ],
    }
}

/// Nobody authorizes anything with this URL: its state is not stored.
fn redirect(config: &Config) -> Answer {
    let state = State {
        nonce: url_safe_token(random_bytes()),
        verifier: url_safe_token(random_bytes()),
        ..State::default()
    };
    app_check::redirect_url(authorize_url(config, &state), &config.redirect_uri())
}

fn of_answer(context: &Context<'_>, subject: Subject, result: Result<(), Error>) -> Check {
    let failed = |finding, sentence, section| {
        Check::new(subject, Outcome::Failed, finding, sentence).explained(section)
    };
    match result {
        Ok(()) => Check::passed(subject),
        Err(Error::Client) => failed(
            "client",
            context.plain(Message::CheckClient),
            "troubleshooting.html#other-errors",
        ),
        Err(error @ (Error::AccountId | Error::AppKind)) => failed(
            "account_credentials",
            error.sentence(&context.reader),
            "troubleshooting.html#other-errors",
        ),
        Err(Error::AppDisabled) => failed(
            "app_disabled",
            context.plain(Message::CheckAppDisabled),
            "troubleshooting.html#other-errors",
        ),
        Err(Error::Redirect(url)) => {
            let url = format!("`{url}`");
            let sentence = context.text(Message::CheckRedirectRefused, &[("url", &url)]);
            failed(
                "redirect_url",
                sentence,
                "troubleshooting.html#invalid-redirect-url",
            )
        }
        Err(Error::Timeout | Error::Unavailable(_) | Error::Denied(_)) => {
            let sentence = context.plain(Message::CheckNeedsNetwork);
            Check::new(subject, Outcome::NotRun, "network", sentence)
        }
        Err(error) => {
            let sentence = error.sentence(&context.reader);
            Check::new(subject, Outcome::NotRun, "unexpected", sentence)
        }
    }
}
