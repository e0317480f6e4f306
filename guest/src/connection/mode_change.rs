//! Connections that are left after the connection mode was changed.
//!
//! They are not used, but an administrator may go back to the earlier mode, so they stay until a system admin confirms that
//! they can be deleted. A job deletes them and revokes access at Zoom where that is possible: Zoom revokes only with the
//! credentials of the app that received the access. The job stops if the mode is changed again.
//!
//! The token of a server-to-server app needs no confirmation: it expires within an hour, and no consent stands behind it.

use crate::bindings::audit::{self, Outcome as Audited};
use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::types::Error;
use crate::bindings::{jobs, posts};
use crate::config::{Config, ConnectionMode};
use crate::connection::disconnect;
use crate::platform::backoff::retry_delay;
use crate::platform::buttons::{self, POST_KIND, Refusal, button};
use crate::platform::channels::{Place, show_to_user};
use crate::platform::people::Person;
use crate::platform::{key_scan, log};
use crate::store::tokens::Owner;
use crate::store::{connected_users, organization};
use crate::text::{self, Locale, Message};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The kind of the job.
pub const KIND: &str = "mode_change";
/// The path of the button.
pub const ROUTE: &str = "/api/v1/admin/unused-connections";
/// The name of the button.
const DELETE: &str = "DELETE UNUSED CONNECTIONS";
/// The prefix of the keys of users' connections.
const RECORDS: &str = "zoomtoken_";
/// The number of users in one run of the job. Each needs a few calls of the store and up to three requests to Zoom.
const BATCH: usize = 10;

/// The connections that the configured mode does not use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unused {
    /// The number of people who have connected their own Zoom account.
    pub users: usize,
    /// Whether the organization's Zoom account is connected.
    pub organization: bool,
}

impl Unused {
    /// Whether nothing is left.
    pub fn is_empty(self) -> bool {
        self == Unused::default()
    }

    /// The sentences that say what is left.
    pub fn sentences(self, locale: Locale) -> String {
        let mut sentences = Vec::new();
        if self.users > 0 {
            let count = self.users.to_string();
            sentences.push(text::text(
                locale,
                Message::UnusedUsers,
                &[("count", &count)],
            ));
        }
        if self.organization {
            sentences.push(text::plain(locale, Message::UnusedOrganization));
        }
        sentences.join(" ")
    }
}

/// The connections that are left from other modes and wait for a confirmation.
pub fn pending(config: &Config) -> Result<Unused, Error> {
    Ok(Unused {
        users: match config.mode {
            ConnectionMode::UserManaged => 0,
            ConnectionMode::AdminManaged | ConnectionMode::ServerToServer => {
                connected_users::list()?.len()
            }
        },
        organization: match config.mode {
            ConnectionMode::AdminManaged => false,
            ConnectionMode::UserManaged | ConnectionMode::ServerToServer => {
                organization::load_origin()?.is_some()
            }
        },
    })
}

/// Deletes them. The caller has checked that a system admin confirmed it at this moment.
pub fn confirm(config: &Config) -> Result<(), Error> {
    let work = Work {
        mode: config.mode.value().to_owned(),
        page: 0,
        deleted: false,
    };
    work.enqueue()
}

/// Shows a system admin what is left, with a button to delete it. Returns false if nothing is left.
pub fn offer(config: &Config, person: &Person, place: Place<'_>) -> Result<bool, Error> {
    if !person.is_system_admin {
        return Ok(false);
    }
    let unused = pending(config)?;
    if unused.is_empty() {
        return Ok(false);
    }
    let locale = person.locale;
    let title = text::plain(locale, Message::UnusedTitle);
    let sentences = unused.sentences(locale);
    let keep = text::plain(locale, Message::UnusedText);
    let context = json!({
        "action": DELETE, "userID": person.id, "channelID": place.channel_id,
        "rootID": place.root_id,
    });
    let delete = text::plain(locale, Message::UnusedDelete);
    let props = json!({"attachments": [{
        "fallback": title,
        "title": title,
        "text": format!("{sentences} {keep}"),
        "actions": [button("DeleteUnused", &delete, ROUTE, context)],
    }]});
    let draft = place.draft(String::new(), POST_KIND, props.to_string());
    posts::ephemeral(&person.id, &draft).map(|_| true)
}

/// Handles a click on the button.
pub fn handle_click(config: &Config, request: &Request, user_id: &str) -> Response {
    let click = match buttons::parse_click(request, user_id) {
        Ok(click) if click.context.action == DELETE => click,
        Ok(_) => return Refusal::Malformed.response(),
        Err(refusal) => return refusal.response(),
    };
    let sentence = match Person::load(user_id) {
        Ok(person) if person.is_system_admin => {
            let confirmed = confirm(config);
            let outcome = match &confirmed {
                Ok(()) => Audited::Success,
                Err(_) => Audited::Fail,
            };
            audit::write("delete_unused_connections", outcome, &[]);
            match confirmed {
                Ok(()) => text::plain(person.locale, Message::UnusedDeleting),
                Err(error) => failed(person.locale, &error),
            }
        }
        Ok(_) => return Refusal::NotYours.response(),
        Err(error) => failed(Locale::En, &error),
    };
    match show_to_user(user_id, click.context.place(), &sentence) {
        Ok(()) => buttons::accepted(),
        Err(_) => buttons::accepted_with_message(&sentence),
    }
}

fn failed(locale: Locale, error: &Error) -> String {
    log::warn(
        "The unused connections could not be deleted.",
        &[("error", &error.to_string())],
    );
    text::plain(locale, Message::MattermostFailed)
}

/// The payload of the job.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    /// The mode in which the deletion was confirmed.
    mode: String,
    /// The page of keys where the run begins.
    #[serde(default)]
    page: u32,
    /// Whether this pass has deleted a connection.
    #[serde(default)]
    deleted: bool,
}

impl Work {
    fn enqueue(&self) -> Result<(), Error> {
        let payload =
            serde_json::to_vec(self).map_err(|error| Error::Invalid(error.to_string()))?;
        jobs::enqueue(KIND, &payload, 0)
    }
}

/// Runs a job.
pub fn run(config: &Config, payload: &[u8], attempt: u32) -> Outcome {
    let Ok(work) = serde_json::from_slice::<Work>(payload) else {
        return Outcome::Done;
    };
    if work.mode != config.mode.value() {
        log::warn(
            "Unused connections were not deleted, because the connection mode was changed again.",
            &[],
        );
        return Outcome::Done;
    }
    match delete_some(config, &work) {
        Ok(()) => Outcome::Done,
        Err(error) => {
            log::warn(
                "The unused connections could not be deleted yet.",
                &[("error", &error.to_string())],
            );
            Outcome::RetryAfter(retry_delay(attempt))
        }
    }
}

/// Deletes the organization's connection and some users' connections. Another job continues.
fn delete_some(config: &Config, work: &Work) -> Result<(), Error> {
    if config.mode != ConnectionMode::AdminManaged {
        disconnect::end_connection(config, Owner::Organization)?;
    }
    if config.mode == ConnectionMode::UserManaged {
        return Ok(());
    }
    let mut users = Vec::new();
    let next = key_scan::visit_keys(RECORDS, work.page, |user_id| {
        users.push(user_id.to_owned());
        Ok(())
    })?;
    for user_id in users.iter().take(BATCH) {
        disconnect::end_connection(config, Owner::User(user_id))?;
    }
    let again = |page, deleted| Work {
        mode: work.mode.clone(),
        page,
        deleted,
    };
    let deleted = work.deleted || !users.is_empty();
    match next {
        _ if users.len() > BATCH => again(work.page, deleted).enqueue(),
        Some(page) => again(page, deleted).enqueue(),
        // A deletion moves later keys to pages that were already read.
        None if deleted => again(0, false).enqueue(),
        None => Ok(()),
    }
}
