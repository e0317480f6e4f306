//! Ends connections because a user removed the app at Zoom.
//!
//! Zoom requires that all of the user's data is deleted. Zoom repeats the event after a failure. Therefore the record that
//! leads from the Zoom user to Mattermost users is deleted last, and the job that notifies a user is enqueued before the
//! connection is deleted. A connection that was made after the event is kept.
//!
//! The event must name this plugin's Zoom app: the same secret may sign events for another app by mistake.

use crate::bindings::types::Error;
use crate::config::Config;
use crate::connection::data_compliance;
use crate::connection::notice::{self, Notice};
use crate::occurrence::delete_host_records;
use crate::platform::{clock, log};
use crate::store::{
    accounts, oauth_state, organization, processed_events, server_token, subscriptions,
    user_preference, zoom_user_index,
};
use crate::zoom::webhook::deauthorization::Deauthorized;

/// The event's name, for the record that it was processed.
const EVENT: &str = "app_deauthorized";

/// Ends the connections that the event is about. Unknown users and accounts are not an error.
pub fn handle(config: &Config, event: &Deauthorized) -> Result<(), Error> {
    if event.client_id != config.client_id {
        log::warn(
            "Zoom reported the removal of another app. Check that the setting Zoom OAuth client ID matches the app in Zoom.",
            &[],
        );
        return Ok(());
    }
    let mark = event.event_key();
    if processed_events::is_done(EVENT, &mark)? {
        return Ok(());
    }
    let now = clock::now_ms();
    let mut removed = Vec::new();
    for user_id in zoom_user_index::users_of(&event.user_id)? {
        let outline = accounts::load_summary(&user_id)?;
        if outline.is_some_and(|outline| event.is_after(outline.connected_at, now)) {
            notice::enqueue(&mark, &user_id, Notice::Deauthorized)?;
            delete_user_data(&user_id)?;
            removed.push(user_id);
        }
    }
    // The record that leads from the Zoom user to these Mattermost users.
    zoom_user_index::remove_users(&event.user_id, &removed)?;
    remove_organization(config, event, &mark)?;
    if config.mode.is_server_to_server() {
        end_app_access(config, event)?;
    }
    if event.wants_confirmation {
        data_compliance::enqueue(event)?;
    }
    delete_host_records::enqueue(&event.user_id, event.at())?;
    processed_events::mark_done(EVENT, &mark)
}

/// Deletes all data about a user except the record that leads from the Zoom user to them. The connection is deleted last.
fn delete_user_data(user_id: &str) -> Result<(), Error> {
    subscriptions::remove_all(user_id)?;
    user_preference::forget(user_id)?;
    oauth_state::forget(user_id)?;
    accounts::remove_record(user_id)
}

/// The server-to-server app was removed from the account. The stored token is dropped; the next request learns from Zoom
/// whether the app has access again.
fn end_app_access(config: &Config, event: &Deauthorized) -> Result<(), Error> {
    if event.account_id != config.zoom_account_id {
        return Ok(());
    }
    server_token::remove()?;
    log::warn(
        "Zoom reported that the Server-to-Server OAuth app was removed from the Zoom account. An administrator of the Zoom account can activate it again.",
        &[],
    );
    Ok(())
}

fn remove_organization(config: &Config, event: &Deauthorized, mark: &str) -> Result<(), Error> {
    let Some(origin) = organization::load_origin()? else {
        return Ok(());
    };
    let meant = origin.matches(&event.user_id, &event.account_id);
    if !meant || !event.is_after(origin.connected_at, clock::now_ms()) {
        return Ok(());
    }
    if !origin.connected_by.is_empty() {
        oauth_state::forget(&origin.connected_by)?;
        notice::enqueue(mark, &origin.connected_by, Notice::DeauthorizedForEverybody)?;
    }
    organization::remove(&config.encryption_key)?;
    log::warn(
        "Zoom ended the connection of this server. A system administrator can make it again with /zoom connect.",
        &[],
    );
    Ok(())
}
