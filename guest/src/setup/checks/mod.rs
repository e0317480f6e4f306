//! Checks of the setup: settings, the connection to Zoom, the Zoom app, webhooks, and the server.
//!
//! Each check passes or names the next step.

mod account;
mod app;
mod clocks;
mod network;
mod queue;
mod server;
mod settings;
mod webhooks;

use crate::setup::check::{Check, Context, Outcome, Subject};
use crate::setup::webhook_status;

/// Runs all checks that need no request to Zoom, in the order in which an administrator corrects them.
pub fn run_local(context: &Context<'_>) -> Vec<Check> {
    let mut checks = of_server(context);
    checks.extend(of_deliveries(context, None));
    checks
}

/// Runs all checks, for a system admin.
pub fn run(context: &Context<'_>) -> Vec<Check> {
    let mut checks = of_server(context);
    let network = network::run(context);
    let is_up = network.iter().all(|check| check.outcome != Outcome::Failed);
    checks.extend(network);
    let mut ahead = None;
    if is_up {
        let app = app::run(context);
        checks.extend(app.checks);
        checks.extend(account::for_admin(context));
        ahead = app.ahead.map(|ahead| ahead.div_euclid(1000));
    } else {
        let subjects = [
            Subject::Credentials,
            Subject::RedirectUrl,
            Subject::Account,
            Subject::Scopes,
        ];
        checks.extend(subjects.map(|subject| context.needs_network(subject)));
    }
    checks.extend(of_deliveries(context, ahead));
    checks
}

/// Checks the user's own connection.
pub fn run_own(context: &Context<'_>) -> Vec<Check> {
    vec![account::own(context)]
}

fn of_server(context: &Context<'_>) -> Vec<Check> {
    let mut checks = settings::run(context);
    checks.push(server::email_verification(context));
    checks.push(server::versions(context));
    checks.push(server::database(context));
    checks
}

/// The webhooks, the clock, and the jobs. `ahead` is how far this server's clock is ahead of Zoom's, in seconds.
fn of_deliveries(context: &Context<'_>, ahead: Option<i64>) -> [Check; 3] {
    let status = webhook_status::read().ok();
    let noted = status.as_ref().and_then(|status| status.timestamp_age);
    [
        webhooks::run(context, status.as_ref()),
        clocks::run(context, ahead, noted),
        queue::run(context),
    ]
}
